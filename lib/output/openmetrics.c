/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status as OpenMetrics text for Prometheus.  Called by crm_mon; doc/openmetrics.md lists the metrics.  Metrics that
 * ha_cluster_exporter has, too, bear its names and labels, so that its dashboards and alert rules go on working.
 */
#include "lib/output/openmetrics.h"
#include "lib/base/result.h"
#include "lib/fence/fence_protocol.h"
#include "lib/output/status_internal.h"

#include <string.h>
#include <time.h>

#define PREFIX "ha_cluster_pacemaker_"

/* --- writing --- */

static void
family(GString *to, const char *name, const char *help)
{
    g_string_append_printf(to, "# TYPE " PREFIX "%s gauge\n# HELP " PREFIX "%s %s\n", name, name, help);
}

static void
append_label_value(GString *to, const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        switch (*p) {
            case '\\': g_string_append(to, "\\\\"); break;
            case '"': g_string_append(to, "\\\""); break;
            case '\n': g_string_append(to, "\\n"); break;
            default: g_string_append_c(to, *p); break;
        }
    }
}

struct label {
    const char *name, *value;
};

static void
sample(GString *to, const char *name, const struct label *labels, unsigned count, long long value)
{
    g_string_append_printf(to, PREFIX "%s", name);
    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(to, "%s%s=\"", i == 0 ? "{" : ",", labels[i].name);
        append_label_value(to, labels[i].value != NULL ? labels[i].value : "");
        g_string_append_c(to, '"');
    }
    g_string_append_printf(to, "%s %lld\n", count > 0 ? "}" : "", value);
}

static void
single(GString *to, const char *name, const char *help, long long value)
{
    family(to, name, help);
    sample(to, name, NULL, 0, value);
}

/* --- the cluster --- */

/* Seconds since 1970 of a time as the CIB notes it ("Sun Nov 22 03:46:01 2026", local time); 0 if there is none. */
static long long
last_written(const xmlNode *cib)
{
    const char *text = xml_get(cib, "cib-last-written");
    struct tm tm = { .tm_isdst = -1 };

    if (text == NULL || strptime(text, "%a %b %d %H:%M:%S %Y", &tm) == NULL) {
        return 0;
    }
    return (long long)mktime(&tm);
}

static void
cluster_metrics(GString *to, const struct status_view *v)
{
    const struct sched *s = v->s;
    struct status_counts counts = status_count(s);
    unsigned nodes = s->nodes.len;
    const struct label dc = { "node", s->dc != NULL ? s->dc->uname : "" };

    single(to, "up", "Whether the cluster manager of this node answers", 1);
    single(to, "quorum", "Whether the partition of this node has quorum", s->have_quorum);
    if (s->dc != NULL) {
        family(to, "dc", "The designated controller");
        sample(to, "dc", &dc, 1, 1);
    }
    single(to, "stonith_enabled", "Whether fencing is enabled", s->opt.stonith_enabled);
    single(to, "maintenance_mode", "Whether the whole cluster is in maintenance mode", s->opt.maintenance_mode);
    single(to, "config_last_change", "When the configuration was changed last, in seconds since 1970", last_written(v->cib));
    single(to, "nodes_configured", "Number of nodes", nodes);
    single(to, "resources_configured", "Number of resource instances", counts.instances);
    single(to, "resources_disabled", "Number of resource instances that are asked to be stopped", counts.disabled);
    single(to, "resources_blocked", "Number of resource instances that the cluster leaves alone after a failure",
           counts.blocked);
}

/* --- nodes --- */

static void
node_metrics(GString *to, const struct status_view *v)
{
    family(to, "nodes", "States that are true of a node");
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        const struct sched_node *n = v->s->node_order[i];
        const struct {
            const char *status;
            bool is;
        } states[] = {
            { "online", n->online },
            { "offline", !n->online },
            { "standby", n->standby },
            { "standby_onfail", n->standby_on_fail },
            { "maintenance", n->maintenance },
            { "pending", n->pending },
            { "unclean", n->unclean },
            { "shutdown", n->shutdown },
            { "expected_up", n->expected_up },
            { "dc", n->is_dc },
        };

        for (unsigned k = 0; k < G_N_ELEMENTS(states); k++) {
            const struct label labels[] = {
                { "node", n->uname },
                { "type", node_is_guest(n) ? "guest" : node_is_remote_kind(n) ? "remote" : "member" },
                { "status", states[k].status },
            };

            if (states[k].is) {
                sample(to, "nodes", labels, G_N_ELEMENTS(labels), 1);
            }
        }
    }
    family(to, "node_health", "Health of a node: 1 green, 0 yellow, -1 red");
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        const struct label label = { "node", v->s->node_order[i]->uname };

        sample(to, "node_health", &label, 1, node_health_color(v->s, v->s->node_order[i]));
    }
    family(to, "node_resources", "Number of resources that run on a node");
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        const struct label label = { "node", v->s->node_order[i]->uname };

        sample(to, "node_resources", &label, 1, v->s->node_order[i]->running.len);
    }
    family(to, "node_attributes", "Attributes of a node");
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        const struct sched_node *n = v->s->node_order[i];

        nvtable_for_each (pair, &n->attrs) {
            const struct label labels[] = { { "node", n->uname }, { "name", pair->name }, { "value", pair->value } };

            if (pair->name[0] != '#') {
                sample(to, "node_attributes", labels, G_N_ELEMENTS(labels), 1);
            }
        }
    }
}

/* --- resources --- */

static const struct sched_rsc *
ancestor_of_kind(const struct sched_rsc *r, enum sched_kind kind)
{
    while (r != NULL && r->kind != kind) {
        r = r->parent;
    }
    return r;
}

static void
one_resource(GString *to, const struct sched_rsc *r, const char *node)
{
    const struct sched_rsc *group = ancestor_of_kind(r, KIND_GROUP);
    const struct sched_rsc *clone = ancestor_of_kind(r, KIND_CLONE);
    char agent[256];
    g_autofree char *role = NULL;
    const struct {
        const char *status;
        bool is;
    } states[] = {
        { "active", rsc_active(r, true) },
        { "orphaned", rsc_is(r, RSC_ORPHAN) },
        { "blocked", rsc_is(r, RSC_BLOCKED) },
        { "failed", rsc_is(r, RSC_FAILED) },
        { "failure_ignored", rsc_is(r, RSC_FAILURE_IGNORED) },
    };
    enum sched_role shown = r->role == ROLE_STARTED && rsc_is(r, RSC_PROMOTABLE) ? ROLE_UNPROMOTED : r->role;

    role = g_ascii_strdown(role_text(shown), -1);
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        const struct label labels[] = {
            { "node", node },
            { "resource", status_rsc_name(r) },
            { "role", role },
            { "managed", bool_text(rsc_is(r, RSC_MANAGED)) },
            { "status", states[i].status },
            { "agent", status_agent(r, agent, sizeof(agent)) },
            { "group", group != NULL ? group->base_id : "" },
            { "clone", clone != NULL ? clone->base_id : "" },
        };

        if (states[i].is) {
            sample(to, "resources", labels, G_N_ELEMENTS(labels), 1);
        }
    }
}

static void
resource_metrics(GString *to, const struct status_view *v)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    family(to, "resources", "States that are true of a resource, by node where it is active");
    for (unsigned i = 0; i < v->s->rscs.len; i++) {
        const struct sched_rsc *r = v->s->rscs.items[i];

        if (r->kind != KIND_PRIMITIVE || (rsc_is(r, RSC_INTERNAL) && !(v->show & SHOW_IMPLICIT))) {
            continue;
        }
        VEC_FOR_EACH(struct sched_node, n, r->active_on) {
            /* Instances of anonymous clones have one name: a series must not come twice. */
            if (g_hash_table_add(seen, g_strdup_printf("%s %s", status_rsc_name(r), n->uname))) {
                one_resource(to, r, n->uname);
            }
        }
        if (r->active_on.len == 0 && (rsc_is(r, RSC_BLOCKED) || rsc_is(r, RSC_FAILED)) &&
            g_hash_table_add(seen, g_strdup_printf("%s ", status_rsc_name(r)))) {
            one_resource(to, r, "");
        }
    }
    family(to, "resources_stopped", "Resources that run nowhere although nobody asked for that");
    for (unsigned i = 0; i < v->s->resources.len; i++) {
        const struct sched_rsc *r = v->s->resources.items[i];
        const struct label label = { "resource", r->id };

        if (!rsc_is(r, RSC_ORPHAN)) {
            sample(to, "resources_stopped", &label, 1,
                   !rsc_active(r, false) && !status_rsc_is_disabled(r));
        }
    }
}

static void
one_history(GString *to, const char *name, const struct sched_node *n, const struct sched_history *h, long long value)
{
    const struct label labels[] = { { "node", n->uname }, { "resource", h->lrm_id } };

    sample(to, name, labels, G_N_ELEMENTS(labels), value);
}

static void
history_metrics(GString *to, const struct status_view *v)
{
    family(to, "fail_count", "Failures of a resource on a node; 1000000 is INFINITY");
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        struct sched_node *n = v->s->node_order[i];

        VEC_FOR_EACH(struct sched_history, h, n->histories) {
            if (h->rsc != NULL) {
                one_history(to, "fail_count", n, h, rsc_failcount(v->s, h->rsc, n, false, false).count);
            }
        }
    }
    family(to, "migration_threshold", "Failures after which a resource leaves a node; 1000000 is INFINITY");
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        struct sched_node *n = v->s->node_order[i];

        VEC_FOR_EACH(struct sched_history, h, n->histories) {
            if (h->rsc != NULL) {
                one_history(to, "migration_threshold", n, h, h->rsc->migration_threshold);
            }
        }
    }
    family(to, "failed_actions", "Failed actions that the status shows: the result code");
    for (unsigned i = 0; i < v->s->failed_ops.len; i++) {
        const struct sched_failed_op *op = &v->s->failed_ops.items[i];
        const struct label labels[] = {
            { "node", op->node != NULL ? op->node->uname : "" },
            { "operation", xml_get(op->xml, "operation_key") },
            { "exit_reason", xml_get(op->xml, "exit-reason") },
        };

        if (!status_is_masked_probe(op)) {
            sample(to, "failed_actions", labels, G_N_ELEMENTS(labels), xml_get_int(op->xml, "rc-code", 1));
        }
    }
}

/* --- constraints, tickets, fencing --- */

static void
constraint_metrics(GString *to, const struct status_view *v)
{
    family(to, "location_constraints", "Scores of location constraints for a node; 1000000 is INFINITY");
    for (unsigned i = 0; i < v->s->locations.len; i++) {
        const struct sched_location *l = v->s->locations.items[i];

        for (unsigned k = 0; k < l->node_count && l->xml != NULL; k++) {
            const struct label labels[] = {
                { "constraint", l->id },
                { "node", l->nodes[k].node->uname },
                { "resource", l->rsc->id },
                { "role", l->role_filter == ROLE_UNKNOWN ? "Started" : role_text(l->role_filter) },
            };

            sample(to, "location_constraints", labels, G_N_ELEMENTS(labels), l->nodes[k].score);
        }
    }
    if (v->s->tickets.len > 0) {
        family(to, "ticket_granted", "Whether this site has a ticket");
        VEC_FOR_EACH(struct sched_ticket, t, v->s->tickets) {
            const struct label labels[] = { { "ticket", t->id }, { "standby", bool_text(t->standby) } };

            sample(to, "ticket_granted", labels, G_N_ELEMENTS(labels), t->granted);
        }
    }
}

static void
fencing_metrics(GString *to, const struct status_view *v)
{
    unsigned pending = 0, failed = 0, done = 0;

    if (!v->history_wanted || v->history_rc != RC_OK) {
        return;
    }
    for (unsigned i = 0; i < v->fencing_count; i++) {
        switch (v->fencing[i].state) {
            case FENCE_STATE_DONE: done++; break;
            case FENCE_STATE_FAILED: failed++; break;
            default: pending++; break;
        }
    }
    single(to, "fencing_pending", "Fencing actions under way", pending);
    single(to, "fencing_failed", "Failed fencing actions in the history", failed);
    single(to, "fencing_succeeded", "Successful fencing actions in the history", done);
}

void
status_openmetrics(struct output *out, const struct status_view *v)
{
    g_autoptr(GString) text = g_string_sized_new(4096);

    cluster_metrics(text, v);
    node_metrics(text, v);
    resource_metrics(text, v);
    history_metrics(text, v);
    constraint_metrics(text, v);
    fencing_metrics(text, v);
    g_string_append(text, "# EOF");
    output_line(out, text->str);
}

void
openmetrics_down(struct output *out)
{
    g_autoptr(GString) text = g_string_new(NULL);

    single(text, "up", "Whether the cluster manager of this node answers", 0);
    g_string_append(text, "# EOF");
    output_line(out, text->str);
}
