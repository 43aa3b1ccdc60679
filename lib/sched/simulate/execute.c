/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Executes a transition graph on a CIB as the controller would, with results made up.  See simulate.h.
 * (spec 42 §12, §13.4)
 */
#include "lib/sched/simulate/simulate.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include <string.h>

struct step {
    const xmlNode *action;
    int priority;
    unsigned waits; /* inputs not confirmed yet */
    bool fired;
    GArray *feeds;  /* indices of steps that wait for this one */
};

struct execution {
    struct sim *sim;
    struct step *steps;
    unsigned n;
    int abort_priority;
    bool failed;
    char **fail_ops;
    GHashTable *names; /* by which resources are known */
};

static const xmlNode *
attributes_of(const xmlNode *action)
{
    return xml_first(action, "attributes");
}

/* --- results --- */

/* Digest of the parameters as the controller would record it. */
static char *
parameters_digest(const xmlNode *attrs, bool recurring)
{
    xmlNode *params = xml_new(NULL, "parameters");
    g_autoptr(GString) text = g_string_new(" ");
    char *digest;

    for (const xmlAttr *a = attrs ? attrs->properties : NULL; a != NULL; a = a->next) {
        const char *name = (const char *) a->name;

        if (text_is_one_of(name, "id", "crm_feature_set", "op-digest", "on_node", "on_node_uuid", "pcmk_external_ip",
                           NULL)
            || (g_str_has_prefix(name, "CRM_meta_") && !(recurring && strcmp(name, "CRM_meta_timeout") == 0))) {
            continue;
        }
        xml_set(params, name, xml_attr_value(a));
    }
    xml_append_text(text, params, XML_TEXT_DIGEST_QUIRK);
    g_string_append_c(text, '\n');
    digest = md5_hex(text->str, text->len);
    xml_free(params);
    return digest;
}

/*
 * Has the user asked that this operation fails?  Specifications name the resource with or without its instance
 * number; any case.  Returns the name that was meant.
 */
static const char *
wanted_failure(struct execution *x, const char *rsc, const char *instance, const char *task, guint interval_ms,
               const char *node, int *rc)
{
    g_autofree char *short_prefix = g_strdup_printf("%s_%s_%u@%s=", rsc, task, interval_ms, node);
    g_autofree char *long_prefix = g_strdup_printf("%s_%s_%u@%s=", instance, task, interval_ms, node);

    for (unsigned i = 0; x->fail_ops != NULL && x->fail_ops[i] != NULL; i++) {
        const char *spec = x->fail_ops[i];
        const char *prefix = g_ascii_strncasecmp(spec, short_prefix, strlen(short_prefix)) == 0  ? short_prefix
                             : g_ascii_strncasecmp(spec, long_prefix, strlen(long_prefix)) == 0 ? long_prefix
                                                                                                : NULL;
        long long value;

        if (prefix == NULL) {
            continue;
        }
        if (!text_parse_int(spec + strlen(prefix), &value)) {
            g_autofree char *text = g_strdup_printf("Invalid failed operation '%s' (result code must be integer)", spec);
            struct sim_event e = {.kind = SIM_ERROR, .value = text};

            x->sim->tell(x->sim->data, &e);
            continue;
        }
        *rc = (int) value;
        return prefix == short_prefix ? rsc : instance;
    }
    return NULL;
}

static void
fail_step(struct execution *x, const xmlNode *action, int rc)
{
    struct sim_event e = {.kind = SIM_PRETEND, .id = (int) xml_get_int(action, "id", 0), .rc = rc};

    x->sim->tell(x->sim->data, &e);
    x->abort_priority = SCORE_INFINITY;
    x->failed = true;
}

/* --- one action of each kind --- */

static bool
run_resource_action(struct execution *x, const xmlNode *action)
{
    const xmlNode *rsc = xml_first(action, NULL), *attrs = attributes_of(action);
    const char *task = xml_get(action, "operation"), *node = xml_get(action, "on_node");
    const char *long_id = xml_get(rsc, "long-id"), *id = xml_id(rsc);
    const char *interval = xml_get(attrs, "CRM_meta_interval");
    const char *shown = long_id == NULL || g_hash_table_contains(x->names, id) ? id : long_id;
    struct sim_event e = {.kind = SIM_RSC_ACTION, .rsc = shown, .task = task, .node = node,
                          .interval = interval};
    struct sim_op op = {.rsc = id, .task = task, .node = node, .exit_reason = "",
                        .interval_ms = (guint) xml_get_int(attrs, "CRM_meta_interval", 0),
                        .target_rc = (int) xml_get_int(attrs, "CRM_meta_op_target_rc", 0),
                        .migrate_source = xml_get(attrs, "CRM_meta_migrate_source"),
                        .migrate_target = xml_get(attrs, "CRM_meta_migrate_target"),
                        .notify_type = xml_get(attrs, "CRM_meta_notify_type"),
                        .notify_operation = xml_get(attrs, "CRM_meta_notify_operation")};
    g_autofree char *digest = NULL;
    xmlNode *state;
    const char *failed;

    x->sim->tell(x->sim->data, &e);
    if (text_is_one_of(task, "delete", "meta-data", NULL)) {
        return true;
    }
    state = sim_node_state_of(x->sim, node, xml_get(action, "on_node_uuid"));
    op.rc = op.target_rc;
    failed = wanted_failure(x, id, long_id ? long_id : id, task, op.interval_ms, node, &op.rc);
    if (failed != NULL) {
        op.exit_reason = "User-injected result";
        fail_step(x, action, op.rc);
        sim_add_failure(x->sim, state, failed, task, op.interval_ms, op.rc);
    }
    if (strcmp(task, "reload-agent") == 0 || strcmp(task, "reload") == 0) {
        op.task = failed != NULL ? "monitor" : "start";
    }
    digest = parameters_digest(attrs, op.interval_ms > 0);
    op.digest = digest;
    sim_record_op(x->sim, sim_lrm_resource(state, shown, id, rsc), &op);
    return failed == NULL;
}

static void
run_fencing(struct execution *x, const xmlNode *action)
{
    const char *node = xml_get(action, "on_node");
    const char *op = xml_get(attributes_of(action), "CRM_meta_stonith_action");
    struct sim_event e = {.kind = SIM_FENCE, .node = node, .task = op};

    x->sim->tell(x->sim->data, &e);
    if (!text_equal(op, "on")) {
        sim_set_node_state(x->sim, sim_node_state_of(x->sim, node, xml_get(action, "on_node_uuid")), 'd',
                           "simulate_fencing_action");
    }
}

static bool
run_action(struct execution *x, const xmlNode *action)
{
    const char *task = xml_get(action, "operation");

    if (xml_is(action, "pseudo_event")) {
        struct sim_event e = {.kind = SIM_PSEUDO, .task = xml_get(action, "operation_key"),
                              .node = xml_get(action, "on_node")};

        x->sim->tell(x->sim->data, &e);
    } else if (xml_is(action, "rsc_op") && xml_first(action, "primitive") != NULL) {
        return run_resource_action(x, action);
    } else if (text_equal(task, "stonith")) {
        run_fencing(x, action);
    } else if (!text_equal(task, "probe_again")) { /* probes are asked for silently */
        const xmlNode *rsc = xml_first(action, "primitive");
        struct sim_event e = {.kind = SIM_CLUSTER, .task = task, .node = xml_get(action, "on_node"),
                              .rsc = rsc ? xml_id(rsc) : NULL, .id = (int) xml_get_int(action, "id", 0)};

        x->sim->tell(x->sim->data, &e);
    }
    return true;
}

/* --- the graph --- */

static void
load_graph(struct execution *x, const xmlNode *graph)
{
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    unsigned i = 0;

    x->n = xml_count_children(graph, "synapse");
    x->steps = g_new0(struct step, x->n + 1);
    xml_for_each(synapse, graph, "synapse") {
        struct step *st = &x->steps[i++];

        st->action = xml_first(xml_first(synapse, "action_set"), NULL);
        st->priority = (int) xml_get_int(synapse, "priority", 0);
        st->feeds = g_array_new(FALSE, FALSE, sizeof(unsigned));
        g_hash_table_insert(by_id, (gpointer) xml_id(st->action), st);
    }
    i = 0;
    xml_for_each(synapse, graph, "synapse") {
        xml_for_each(trigger, xml_first(synapse, "inputs"), "trigger") {
            struct step *first = g_hash_table_lookup(by_id, xml_id(xml_first(trigger, NULL)));

            x->steps[i].waits++;
            if (first != NULL) {
                g_array_append_val(first->feeds, i);
            }
        }
        i++;
    }
}

static void
fire(struct execution *x, struct step *st)
{
    bool ok;

    st->fired = true;
    ok = run_action(x, st->action);
    for (guint i = 0; i < st->feeds->len; i++) {
        struct step *then = &x->steps[g_array_index(st->feeds, unsigned, i)];

        if (!then->fired && then->waits > 0 && (ok || then->priority >= SCORE_INFINITY)) {
            then->waits--;
        }
    }
}

enum sim_outcome
sim_execute(struct sim *sim, const xmlNode *graph, char **fail_ops, GHashTable *names)
{
    struct execution x = {.sim = sim, .fail_ops = fail_ops, .names = names};
    bool any, unfired = false;

    load_graph(&x, graph);
    do {
        any = false;
        for (unsigned i = 0; i < x.n; i++) {
            struct step *st = &x.steps[i];

            if (st->fired || st->waits > 0
                || (st->priority < x.abort_priority && !xml_is(st->action, "pseudo_event"))) {
                continue;
            }
            fire(&x, st);
            any = true;
        }
    } while (any);
    for (unsigned i = 0; i < x.n; i++) {
        unfired |= !x.steps[i].fired;
        g_array_free(x.steps[i].feeds, TRUE);
    }
    g_free(x.steps);
    return x.failed ? SIM_ABORTED : unfired ? SIM_TERMINATED : SIM_COMPLETE;
}
