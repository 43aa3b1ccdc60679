/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Renders the transition graph: one synapse for each action that takes place, with what it waits for.  (spec 42 §11)
 */
#include "lib/sched/graph/internal.h"
#include "lib/sched/simulate/summary.h"

static void
render_inputs(struct graph_writer *w, struct sched_action *a)
{
    sink_open(&w->sink, "inputs");
    for (unsigned i = 0; i < a->n_inputs; i++) {
        struct sched_input *in = &a->inputs[i];

        if (input_counts(w->s, a, in->first, &in->kinds)) {
            in->linked = true;
            sink_open(&w->sink, "trigger");
            graph_action_element(w, in->first, true);
            sink_close(&w->sink);
        }
    }
    sink_close(&w->sink);
}

static void
render_action(struct graph_writer *w, struct sched_action *a)
{
    int priority;

    inputs_sort(w->s, a);
    if (act_is(a, ACT_RENDERED) || !action_is_rendered(a)) {
        return;
    }
    a->flags |= ACT_RENDERED;
    sink_open(&w->sink, "synapse");
    sink_attr_int(&w->sink, "id", w->synapses++);
    priority = a->rsc && a->rsc->configured_priority > a->priority ? a->rsc->configured_priority : a->priority;
    if (priority > 0) {
        sink_attr_int(&w->sink, "priority", priority);
    }
    sink_open(&w->sink, "action_set");
    graph_action_element(w, a, false);
    sink_close(&w->sink);
    render_inputs(w, a);
    sink_close(&w->sink);
}

static void
render_own(struct graph_writer *w, struct sched_rsc *rsc)
{
    for_each_rsc_action(a, w->s, rsc) {
        render_action(w, a);
    }
}

/* Notifications can be made only now that everything is settled. */
static void
complete_clone(struct graph_writer *w, struct sched_rsc *clone)
{
    for_each_rsc_action(a, w->s, clone) {
        unsigned flags = collective_flags(w->s, a, NULL);

        if ((flags & ACT_OPTIONAL) == 0) {
            a->flags &= ~ACT_OPTIONAL;
        }
    }
    if (rsc_is(clone, RSC_NOTIFY)) {
        notify_create(w->s, clone);
    }
}

static void
render_rsc(struct graph_writer *w, struct sched_rsc *rsc)
{
    switch (rsc->kind) {
    case KIND_PRIMITIVE:
        render_own(w, rsc);
        break;
    case KIND_GROUP:
        render_own(w, rsc);
        VEC_FOR_EACH(struct sched_rsc, m, rsc->children) {
            render_rsc(w, m);
        }
        break;
    case KIND_CLONE:
        complete_clone(w, rsc);
        VEC_FOR_EACH(struct sched_rsc, i, rsc->children) {
            render_rsc(w, i);
        }
        render_own(w, rsc);
        break;
    case KIND_BUNDLE:
        if (rsc->bundle_child != NULL) {
            render_rsc(w, rsc->bundle_child);
        }
        VEC_FOR_EACH(struct sched_replica, replica, rsc->replicas) {
            if (replica->ip != NULL) {
                render_rsc(w, replica->ip);
            }
            render_rsc(w, replica->container);
            if (replica->remote != NULL) {
                render_rsc(w, replica->remote);
            }
        }
        break;
    }
}

bool
node_maintenance_changes(const struct sched_node *node)
{
    return node_is_remote_kind(node) && node->maintenance != node->remote_maintenance;
}

/* Remote nodes are told about their maintenance state by the controller (spec 42 §10.3). */
static void
render_maintenance(struct graph_writer *w)
{
    struct sched *s = w->s;

    for (unsigned i = 0; i < s->nodes.len; i++) {
        if (node_maintenance_changes(s->nodes.items[i])) {
            struct sched_action *a = action_get_named(s, "maintenance_nodes", "maintenance_nodes", NULL, WANT_OPTIONAL);

            a->flags |= ACT_PSEUDO | ACT_PRINT_ALWAYS;
            render_action(w, a);
            return;
        }
    }
}

static void
write_root(struct graph_writer *w, int transition_id)
{
    struct sched *s = w->s;
    struct graph_sink *sink = &w->sink;
    const char *limit = sched_option(s, "migration-limit");
    long long value;

    sink_open(sink, "transition_graph");
    sink_attr(sink, "cluster-delay", sched_option(s, "cluster-delay"));
    sink_attr(sink, "stonith-timeout", sched_option(s, "stonith-timeout"));
    sink_attr(sink, "failed-stop-offset", "INFINITY");
    sink_attr(sink, "failed-start-offset", s->opt.start_failure_is_fatal ? "INFINITY" : "1");
    sink_attr(sink, "batch-limit", sched_option(s, "batch-limit"));
    sink_attr_int(sink, "transition_id", transition_id);
    if (limit != NULL && text_parse_int(limit, &value) && value > 0) {
        sink_attr(sink, "migration-limit", limit);
    }
    if (s->recheck_by > 0) {
        sink_attr_int(sink, "recheck-by", s->recheck_by);
    }
}

static void
render(struct graph_writer *w, struct sched *s, int transition_id)
{
    struct actions_state *as = actions_of(s);

    w->s = s;
    w->attrs = g_array_new(FALSE, FALSE, sizeof(struct graph_attr));
    w->params = g_array_new(FALSE, FALSE, sizeof(struct graph_attr));
    w->meta = g_hash_table_new(g_str_hash, g_str_equal);
    w->key = g_string_new(NULL);
    /* Whoever asks what happens to a resource on its node gives actions without a node that one. */
    summary_new(s);
    write_root(w, transition_id);
    VEC_FOR_EACH(struct sched_rsc, rsc, s->resources) {
        render_rsc(w, rsc);
    }
    render_maintenance(w);
    for (unsigned i = as->all.len; i-- > 0;) {
        render_action(w, as->all.items[i]);
    }
    sink_close(&w->sink);
    g_array_free(w->attrs, TRUE);
    g_array_free(w->params, TRUE);
    g_hash_table_destroy(w->meta);
    g_string_free(w->key, TRUE);
}

xmlNode *
sched_graph_new(struct sched *s, int transition_id)
{
    struct graph_writer w = {0};

    render(&w, s, transition_id);
    return w.sink.at;
}

int
sched_graph_write(struct sched *s, int transition_id, graph_write_fn write, void *data)
{
    struct graph_writer w = {.sink = {.write = write, .data = data}};

    w.sink.text = g_string_sized_new(512 * 1024);
    w.sink.names = g_ptr_array_new();
    render(&w, s, transition_id);
    g_string_free(w.sink.text, TRUE);
    g_ptr_array_free(w.sink.names, TRUE);
    return w.sink.rc;
}
