/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Matching what happens to the graph: changes of the CIB and results of operations, each either expected by the
 * graph or a reason to calculate anew.  Called with every CIB notification and direct acknowledgement.
 * Only the DC acts on it.  (spec 30 §10, §18)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#include <string.h>

/* ---- fail counts (spec 30 §18) ---- */

/* Does a failed operation of this kind count?  Probes do not. */
static bool
counts_as_failure(const char *task, guint interval_ms, bool outside)
{
    return interval_ms > 0 || outside || text_is_one_of(task, "promote", "demote", "start", "stop", NULL);
}

static const char *
node_name_of(struct controld *c, const char *uuid)
{
    const struct peer *p = peers_find_uuid(c->peers, uuid);

    return p != NULL ? p->name : NULL;
}

static void
count_failure(struct controld *c, const xmlNode *event, const char *uuid, int rc, int target, bool outside, bool ignored)
{
    const char *origin = xml_get(event, "crm-debug-origin"), *key = xml_get(event, "operation_key"), *value = "value++",
               *name = node_name_of(c, uuid);
    g_autofree char *rsc = NULL, *task = NULL;
    guint interval_ms = 0;

    if (rc == target || text_equal_nocase(origin, ORIGIN_HISTORY) || name == NULL) {
        return;
    }
    if (!op_key_parse(key, &rsc, &task, &interval_ms)) {
        log_err("Cannot count a failure: '%s' is no operation key", key);
        return;
    }
    if (!counts_as_failure(task, interval_ms, outside)) {
        return;
    }
    if (text_equal(task, "start")
        && (c->graph->failed_start_offset == NULL || text_equal(c->graph->failed_start_offset, "INFINITY"))) {
        value = "INFINITY";
    } else if (text_equal(task, "stop")
               && (c->graph->failed_stop_offset == NULL || text_equal(c->graph->failed_stop_offset, "INFINITY"))) {
        value = "INFINITY";
    }
    log_info("Updating %s for %s on %s after failed %s: rc=%d", ignored ? "last failure" : "failcount", rsc, name, task, rc);
    attr_fail_count(c, name, rsc, task, interval_ms, ignored ? NULL : value, nodes_is_remote(c, name));
    pe_await_fail_count(c);
}

/* ---- results (spec 30 §10.3) ---- */

/* Degraded counts as healthy. */
static int
normal_rc(int rc)
{
    return rc == OCF_RC_DEGRADED ? OCF_RC_OK : rc == OCF_RC_DEGRADED_PROMOTED ? OCF_RC_PROMOTED : rc;
}

/* A cancel action waits for the end of this recurring operation. */
static bool
confirm_cancel(struct controld *c, const char *key, const char *uuid)
{
    struct graph *g = c->graph;

    for (unsigned i = 0; !g->complete && i < g->n_actions; i++) {
        struct graph_action *a = &g->actions[i];

        if (a->executed && !a->confirmed && text_equal(a->task, "cancel") && text_equal(a->node_uuid, uuid) && text_equal(a->key, key)) {
            log_debug("Cancellation of %s on %s is done (action %d)", key, a->node, a->id);
            graph_confirm(c, a);
            return true;
        }
    }
    return false;
}

static void
result_of_action(struct controld *c, struct graph_action *a, int rc, int target, bool *ignored, bool *done_before)
{
    if (a->confirmed || a->failed) {
        *done_before = true;
        return;
    }
    *ignored = text_equal(graph_action_meta(a, "on_fail"), "ignore");
    a->failed = rc != target && !*ignored;
    graph_confirm(c, a);
    if (a->failed) {
        graph_abort(c, c->graph->synapses[a->synapse].priority + 1, POLICY_RESTART, "Event failed");
    }
}

static void
process_result(struct controld *c, const xmlNode *event, const char *uuid)
{
    const char *key = xml_get(event, "transition-key"), *magic = xml_get(event, "transition-magic");
    const char *op_key = xml_get(event, "operation_key");
    int transition, action, target, status, rc;
    g_autofree char *te = NULL;
    bool ignored = false, done_before = false, outside = false;
    guint interval = (guint)xml_get_int(event, "interval", 0);

    if (key == NULL || xml_get_int(event, "op-status", EXEC_DONE) == EXEC_PENDING) {
        return;
    }
    if (!(magic != NULL ? transition_magic_parse(magic, &transition, &action, &status, &rc, &target, &te)
                        : transition_key_parse(key, &transition, &action, &target, &te))) {
        log_err("Ignoring result %s of %s: its key cannot be read", magic != NULL ? magic : key, op_key);
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Bad event");
        return;
    }
    status = (int)xml_get_int(event, "op-status", EXEC_DONE);
    rc = (int)xml_get_int(event, "rc-code", OCF_RC_UNKNOWN);
    rc = normal_rc(rc);

    if (transition == -1) {
        outside = true;
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Unexpected event");
    } else if (action < 0 || !text_equal(te, c->cfg.te_uuid)) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Foreign event");
    } else if (transition != c->graph->id || c->graph->complete) {
        if (interval > 0) {
            if (status == EXEC_CANCELLED) {
                confirm_cancel(c, op_key, uuid);
                return;
            }
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Change in recurring result");
        } else if (transition != c->graph->id) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Old event");
        } else {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Inactive graph");
        }
    } else {
        struct graph_action *a = graph_action_by_id(c->graph, action);

        if (a == NULL) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Unknown event");
        } else if (interval > 0 && status == EXEC_CANCELLED && !text_equal(a->task, "cancel")) {
            confirm_cancel(c, op_key, uuid);
            /* Cancelled before its first result, as when its resource is deleted: nothing else will be heard of it. */
            result_of_action(c, a, OCF_RC_UNKNOWN, target, &ignored, &done_before);
            return;
        } else {
            result_of_action(c, a, rc, target, &ignored, &done_before);
        }
    }
    if (done_before) {
        log_debug("Result of %s on %s was known already", op_key, uuid);
        return;
    }
    log_info("Transition %d action %d (%s on %s): expected %d, got %d (%s)", transition, action, op_key, node_name_of(c, uuid), target,
             rc, status == EXEC_DONE ? ocf_rc_text(rc) : exec_status_text(status));
    if (status != EXEC_INVALID) {
        count_failure(c, event, uuid, rc, target, outside, ignored);
    }
}

/* Results below an element; an outside failure is written under two ids, and counts once. */
static void
process_results_below(struct controld *c, const xmlNode *xml, const char *uuid)
{
    const char *seen = NULL;

    if (xml_is(xml, "lrm_rsc_op")) {
        process_result(c, xml, uuid);
        return;
    }
    xml_for_each (child, xml, NULL) {
        if (xml_is(child, "lrm_rsc_op")) {
            const char *key = xml_get(child, "transition-key");

            if (seen != NULL && text_equal(seen, key) && strstr(key, ":-1:") != NULL) {
                continue;
            }
            seen = key;
            process_result(c, child, uuid);
        } else if (text_is_one_of(xml_name(child), "lrm", "lrm_resources", "lrm_resource", NULL)) {
            process_results_below(c, child, uuid);
        } else if (xml_is(child, "node_state")) {
            process_results_below(c, child, xml_id(child));
        }
    }
}

static unsigned
count_resources(const xmlNode *xml)
{
    unsigned n = xml_is(xml, "lrm_resource");

    if (n == 0) {
        xml_for_each (child, xml, NULL) {
            n += count_resources(child);
        }
    }
    return n;
}

static bool
clears_lock(const xmlNode *xml)
{
    if (xml_is(xml, "lrm_resource")) {
        return text_equal(xml_get(xml, "shutdown-lock"), "0");
    }
    xml_for_each (child, xml, NULL) {
        if (clears_lock(child)) {
            return true;
        }
    }
    return false;
}

static void
process_history(struct controld *c, const xmlNode *xml, const char *uuid)
{
    if (clears_lock(xml)) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Shutdown lock cleared");
    }
    if (c->graph->pending == 0 && count_resources(xml) > 1) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "History refresh");
        return;
    }
    process_results_below(c, xml, uuid);
}

/* ---- changes of the CIB (spec 30 §10.1) ---- */

/* The id in the first component `name` of a path, e.g. node_state[@id='1'] (g_free). */
static char *
path_id(const char *path, const char *name)
{
    g_autofree char *start = g_strdup_printf("/%s[@id='", name);
    const char *from = strstr(path, start), *to;

    if (from == NULL) {
        return NULL;
    }
    from += strlen(start);
    to = strchr(from, '\'');
    return to != NULL ? g_strndup(from, to - from) : NULL;
}

/* Is the node of this path supposed to disappear, by an action of the graph? */
static bool
node_of_path_goes_down(const struct controld *c, const char *path)
{
    g_autofree char *uuid = path_id(path, "node_state");

    return uuid != NULL && graph_find_downed(c->graph, uuid) != NULL;
}

static bool
is_history(const xmlNode *xml)
{
    return text_is_one_of(xml_name(xml), "status", "node_state", "lrm", "lrm_resources", "lrm_resource", "lrm_rsc_op", NULL);
}

/* A primitive below these elements, which nest at most three deep. */
static bool
is_in(const xmlNode *xml, const char *rsc)
{
    xml_for_each (child, xml, NULL) {
        if (text_equal(xml_name(child), "primitive") ? text_equal(xml_id(child), rsc)
            : text_is_one_of(xml_name(child), "group", "clone", "master", "bundle", NULL) && is_in(child, rsc)) {
            return true;
        }
    }
    return false;
}

/* As far as is known: without a copy of the configuration every resource may be in it. */
static bool
is_configured(const struct controld *c, const char *rsc)
{
    const xmlNode *configuration = c->pe.cib != NULL ? xml_first(c->pe.cib, "configuration") : NULL;
    const xmlNode *resources = configuration != NULL ? xml_first(configuration, "resources") : NULL;

    return resources == NULL || is_in(resources, rsc);
}

/*
 * A delete action of the graph is removing the history of an orphan: its acknowledgement follows, and nothing else has to be
 * thought of.  An instance of a clone has the name of all the others: with an orphan of that name the history of one that
 * stays may go, and what runs there is to be found again.
 */
static bool
graph_deletes(const struct controld *c, const char *path)
{
    g_autofree char *uuid = path_id(path, "node_state"), *rsc = path_id(path, "lrm_resource");

    for (unsigned i = 0; rsc != NULL && !c->graph->complete && i < c->graph->n_actions; i++) {
        const struct graph_action *a = &c->graph->actions[i];

        if (a->executed && text_equal(a->task, "delete") && text_equal(a->node_uuid, uuid)) {
            const xmlNode *primitive = xml_first(a->xml, "primitive");

            if (primitive != NULL && (text_equal(xml_id(primitive), rsc) || text_equal(xml_get(primitive, "long-id"), rsc))) {
                return !is_configured(c, rsc);
            }
        }
    }
    return false;
}

static void
deleted(struct controld *c, const char *path)
{
    if (strstr(path, "/lrm_rsc_op[") != NULL) {
        g_autofree char *uuid = path_id(path, "node_state"), *op = path_id(path, "lrm_rsc_op");

        if (!confirm_cancel(c, op, uuid)) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Resource operation removal");
        }
    } else if (strstr(path, "/lrm[") != NULL) {
        if (!node_of_path_goes_down(c, path) && !graph_deletes(c, path)) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Resource state removal");
        }
    } else if (strstr(path, "/node_state[") != NULL) {
        if (!node_of_path_goes_down(c, path)) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Node state removal");
        }
    }
}

/*
 * An operation that appears or changes in place is told by two changes when it is outside the graph (see
 * process_results_below()): remember the key of the last one.
 */
static void
changed(struct controld *c, const char *path, const xmlNode *result, char **outside_key)
{
    g_autofree char *uuid = path_id(path, "node_state");

    if (xml_is(result, "cib")) {
        const xmlNode *status = xml_first(result, "status");

        if (xml_first(result, "configuration") != NULL) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Non-status-only change");
        }
        if (status != NULL) {
            process_history(c, status, NULL);
        }
    } else if (is_history(result)) {
        if (xml_is(result, "lrm_rsc_op")) {
            const char *key = xml_get(result, "transition-key");

            if (key != NULL && strstr(key, ":-1:") != NULL) {
                if (text_equal(key, *outside_key)) {
                    return;
                }
                g_free(*outside_key);
                *outside_key = g_strdup(key);
            }
        }
        process_history(c, result, xml_is(result, "node_state") ? xml_id(result) : uuid);
    }
}

/* True if nothing behind this change needs to be looked at. */
static bool
process_change(struct controld *c, const xmlNode *change, char **outside_key)
{
    const char *op = xml_get(change, "operation"), *path = xml_get(change, "path");
    const xmlNode *result = NULL;

    if (path == NULL || op == NULL) {
        return false;
    }
    if (text_equal(op, "move") && strstr(path, "/cib/configuration/resources") == NULL) {
        return false;
    }
    if (text_equal(op, "create")) {
        result = xml_first(change, NULL);
    } else if (text_equal(op, "modify")) {
        const xmlNode *holder = xml_first(change, "change-result");

        result = holder != NULL ? xml_first(holder, NULL) : NULL;
    }
    if ((result == NULL && (text_equal(op, "create") || text_equal(op, "modify"))) || g_str_has_suffix(path, "/comment")) {
        return false; /* a comment */
    }
    if (strstr(path, "/cib/configuration") != NULL) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Configuration change");
        return true;
    }
    if (strstr(path, "/tickets") != NULL || (result != NULL && xml_is(result, "tickets"))) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Ticket attribute change");
        return true;
    }
    if (strstr(path, "/transient_attributes[") != NULL || (result != NULL && xml_is(result, "transient_attributes"))) {
        if (text_equal(op, "delete") && node_of_path_goes_down(c, path)) {
            return false;
        }
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Transient attribute change");
        pe_fail_count_arrived(c);
        return true;
    }
    if (text_equal(op, "delete")) {
        deleted(c, path);
    } else if (result != NULL) {
        changed(c, path, result, outside_key);
    }
    return false;
}

/* Format 1: what was removed and what was added, as partial documents (spec 20 §5.4). */
static void
match_format1(struct controld *c, const xmlNode *diff)
{
    const xmlNode *added = xml_first(diff, "diff-added"), *removed = xml_first(diff, "diff-removed"), *parts[] = { added, removed };

    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        const xmlNode *cib = parts[i] != NULL ? xml_first(parts[i], "cib") : NULL;
        const xmlNode *status = cib != NULL ? xml_first(cib, "status") : NULL;

        if (cib != NULL && xml_first(cib, "configuration") != NULL) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Non-status-only change");
            return;
        }
        if (status == NULL) {
            continue;
        }
        if (xml_first(status, "tickets") != NULL) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Ticket attribute change");
            return;
        }
        xml_for_each (state, status, "node_state") {
            if (xml_first(state, "transient_attributes") != NULL) {
                graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Transient attribute change");
                return;
            }
        }
        if (parts[i] == added) {
            process_history(c, status, NULL);
        } else {
            xml_for_each (state, status, "node_state") {
                const xmlNode *lrm = xml_first(state, "lrm");

                if (lrm != NULL && xml_id(lrm) != NULL && added == NULL) {
                    graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Resource state removal");
                }
            }
        }
    }
}

void
match_diff(struct controld *c, const xmlNode *diff)
{
    g_autofree char *outside_key = NULL;

    if (!c->is_dc || diff == NULL) {
        return;
    }
    if (c->graph->complete && c->state != S_IDLE && c->state != S_POLICY_ENGINE && c->state != S_TRANSITION_ENGINE) {
        return;
    }
    if (xml_get_int(diff, "format", 1) != 2) {
        match_format1(c, diff);
        return;
    }
    xml_for_each (change, diff, "change") {
        if (process_change(c, change, &outside_key)) {
            return;
        }
    }
}

/* Does it touch what options_read() reads? */
bool
match_touches_config(const xmlNode *diff)
{
    if (diff == NULL) {
        return false;
    }
    if (xml_get_int(diff, "format", 1) != 2) {
        return true;
    }
    xml_for_each (change, diff, "change") {
        const char *path = xml_get(change, "path");

        if (path == NULL) {
            continue;
        }
        if (strstr(path, "/cib/configuration/crm_config") != NULL || strstr(path, "/cib/configuration/alerts") != NULL
            || text_is_one_of(path, "", "/cib", "/cib/configuration", NULL)) {
            const xmlNode *created = text_equal(xml_get(change, "operation"), "create") ? xml_first(change, NULL) : NULL;

            if (strlen(path) > strlen("/cib/configuration")
                || (created != NULL && text_is_one_of(xml_name(created), "configuration", "crm_config", "alerts", NULL))) {
                return true;
            }
        }
    }
    return false;
}

/*
 * What match_touches_config() looks for; the DC matches results besides, and keeps a copy of all, unless it has put off looking at
 * the rest of the configuration.
 */
void
match_tell_interest(struct controld *c)
{
#define OPTIONS "/cib/configuration/crm_config /cib/configuration/alerts"
    struct ctl_effect *e = effect_new(c, CTL_CIB_INTEREST);

    if (!c->is_dc) {
        e->text = g_strdup(OPTIONS);
    } else if (c->pe.narrowed) {
        e->text = g_strdup(OPTIONS " -/cib/configuration /cib/status");
    }
#undef OPTIONS
}

void
ctl_on_cib_diff(struct controld *c, struct ctl_time t, int rc, const xmlNode *diff, const xmlNode *root)
{
    event_begin(c, t);
    if (rc == RC_OK) {
        pe_follow(c, diff, root);
        if (c->config_read && match_touches_config(diff)) {
            options_read(c);
        }
        match_diff(c, diff);
    }
    event_end(c);
}

/* ---- direct acknowledgements (spec 30 §10.5) ---- */

void
match_ack(struct controld *c, const xmlNode *msg)
{
    const xmlNode *data = msg_payload(msg);

    if (!text_equal(xml_get(msg, F_CRM_TASK), CRM_TASK_LRM_INVOKE) || !text_equal_nocase(xml_get(msg, F_CRM_SYS_FROM), SYS_LRMD)) {
        log_err("Unexpected message %s for the transition engine from %s", xml_get(msg, F_CRM_TASK), xml_get(msg, F_CRM_SYS_FROM));
        return;
    }
    if (data != NULL) {
        process_results_below(c, data, xml_id(data));
    }
}

/* ---- the CIB was replaced (spec 30 §10.6) ---- */

void
ctl_on_cib_replaced(struct controld *c, struct ctl_time t, unsigned sections)
{
    event_begin(c, t);
    pe_forget_cib(c);
    if (sections & 2) {
        options_read(c);
    }
    if (c->is_dc && !c->join.syncing && c->state != S_FINALIZE_JOIN && (sections & 5) != 0) {
        log_notice("The CIB was replaced: joining all nodes again");
        nodes_write_list(c, false);
        nodes_write_states(c, NODE_ALL, "do_cib_replaced");
        fsa_raise(c, I_ELECTION, NULL, "CIB replaced");
    }
    event_end(c);
}
