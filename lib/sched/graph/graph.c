/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Renders the transition graph: one synapse for each action that takes place, with what it waits for.  (spec 42 §11)
 */
#include "lib/sched/graph/internal.h"
#include "lib/sched/simulate/summary.h"
#include <inttypes.h>

struct rendering {
    struct sched *s;
    xmlNode *graph;
    unsigned synapses;
};

static void
render_inputs(struct rendering *r, xmlNode *synapse, struct sched_action *a)
{
    xmlNode *inputs = xml_new(synapse, "inputs");

    for (unsigned i = 0; i < a->n_inputs; i++) {
        struct sched_input *in = &a->inputs[i];

        if (input_counts(r->s, a, in->first, &in->kinds)) {
            in->linked = true;
            graph_action_element(r->s, xml_new(inputs, "trigger"), in->first, true);
        }
    }
}

static void
render_action(struct rendering *r, struct sched_action *a)
{
    xmlNode *synapse;
    int priority;

    inputs_sort(r->s, a);
    if (act_is(a, ACT_RENDERED) || !action_is_rendered(a)) {
        return;
    }
    a->flags |= ACT_RENDERED;
    synapse = xml_new(r->graph, "synapse");
    xml_set_int(synapse, "id", r->synapses++);
    priority = a->rsc && a->rsc->configured_priority > a->priority ? a->rsc->configured_priority : a->priority;
    if (priority > 0) {
        xml_set_int(synapse, "priority", priority);
    }
    graph_action_element(r->s, xml_new(synapse, "action_set"), a, false);
    render_inputs(r, synapse, a);
}

static void
render_own(struct rendering *r, struct sched_rsc *rsc)
{
    for_each_rsc_action(a, r->s, rsc) {
        render_action(r, a);
    }
}

/* Notifications can be made only now that everything is settled. */
static void
complete_clone(struct rendering *r, struct sched_rsc *clone)
{
    for_each_rsc_action(a, r->s, clone) {
        unsigned flags = collective_flags(r->s, a, NULL);

        if ((flags & ACT_OPTIONAL) == 0) {
            a->flags &= ~ACT_OPTIONAL;
        }
    }
    if (rsc_is(clone, RSC_NOTIFY)) {
        notify_create(r->s, clone);
    }
}

static void
render_rsc(struct rendering *r, struct sched_rsc *rsc)
{
    switch (rsc->kind) {
    case KIND_PRIMITIVE:
        render_own(r, rsc);
        break;
    case KIND_GROUP:
        render_own(r, rsc);
        VEC_FOR_EACH(struct sched_rsc, m, rsc->children) {
            render_rsc(r, m);
        }
        break;
    case KIND_CLONE:
        complete_clone(r, rsc);
        VEC_FOR_EACH(struct sched_rsc, i, rsc->children) {
            render_rsc(r, i);
        }
        render_own(r, rsc);
        break;
    case KIND_BUNDLE:
        if (rsc->bundle_child != NULL) {
            render_rsc(r, rsc->bundle_child);
        }
        VEC_FOR_EACH(struct sched_replica, replica, rsc->replicas) {
            if (replica->ip != NULL) {
                render_rsc(r, replica->ip);
            }
            render_rsc(r, replica->container);
            if (replica->remote != NULL) {
                render_rsc(r, replica->remote);
            }
        }
        break;
    }
}

/* Remote nodes are told about their maintenance state by the controller (spec 42 §10.3). */
static void
render_maintenance(struct rendering *r)
{
    struct sched *s = r->s;
    xmlNode *maintenance = NULL;

    for (unsigned i = 0; i < s->nodes.len; i++) {
        const struct sched_node *node = s->node_order[i];
        struct sched_action *a;
        xmlNode *n;

        if (!node_is_remote_kind(node) || node->maintenance == node->remote_maintenance) {
            continue;
        }
        if (maintenance == NULL) {
            xmlNode *element;

            a = action_get_named(s, "maintenance_nodes", "maintenance_nodes", NULL, WANT_OPTIONAL);
            a->flags |= ACT_PSEUDO | ACT_PRINT_ALWAYS;
            render_action(r, a);
            element = xml_first(xml_first(r->graph->last, "action_set"), NULL);
            maintenance = xml_new(element, "maintenance");
        }
        n = xml_new(maintenance, "node");
        xml_set(n, "id", node->uuid);
        xml_set(n, "node_in_maintenance", node->maintenance ? "1" : "0");
    }
}

static void
set_root(struct sched *s, xmlNode *graph, int transition_id)
{
    const char *limit = sched_option(s, "migration-limit");
    long long value;

    xml_set(graph, "cluster-delay", sched_option(s, "cluster-delay"));
    xml_set(graph, "stonith-timeout", sched_option(s, "stonith-timeout"));
    xml_set(graph, "failed-stop-offset", "INFINITY");
    xml_set(graph, "failed-start-offset", s->opt.start_failure_is_fatal ? "INFINITY" : "1");
    xml_set(graph, "batch-limit", sched_option(s, "batch-limit"));
    xml_set_int(graph, "transition_id", transition_id);
    if (limit != NULL && text_parse_int(limit, &value) && value > 0) {
        xml_set(graph, "migration-limit", limit);
    }
    if (s->recheck_by > 0) {
        xml_setf(graph, "recheck-by", "%" PRId64, s->recheck_by);
    }
}

xmlNode *
sched_graph_new(struct sched *s, int transition_id)
{
    struct rendering r = {.s = s, .graph = xml_new(NULL, "transition_graph")};
    struct actions_state *as = actions_of(s);

    /* Whoever asks what happens to a resource on its node gives actions without a node that one. */
    summary_new(s);
    set_root(s, r.graph, transition_id);
    VEC_FOR_EACH(struct sched_rsc, rsc, s->resources) {
        render_rsc(&r, rsc);
    }
    render_maintenance(&r);
    for (unsigned i = as->all.len; i-- > 0;) {
        render_action(&r, as->all.items[i]);
    }
    return r.graph;
}
