/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fencing: asking the fencer for the graph's fencing actions, what its results and reports mean for the cluster's
 * state, giving up after too many failures.  Called by the firing pass and by fencer events.
 * Never chooses a device: the fencer does.  (spec 30 §14)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"
#include "lib/fence/fence_protocol.h"

#include <string.h>

#define SYNC_AFTER_CONNECT_MS 30000
#define SYNC_AFTER_PEER_MS    5000

/* ---- counting failures (spec 30 §14.4) ---- */

static unsigned
failures_of(const struct controld *c, const char *target)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(c->fence_failures, target));
}

static void
count_fence_failure(struct controld *c, const char *target)
{
    unsigned n = failures_of(c, target) + 1;

    g_hash_table_replace(c->fence_failures, g_strdup(target), GUINT_TO_POINTER(n));
}

void
fence_forget(struct controld *c, const char *name)
{
    g_hash_table_remove(c->fence_failures, name);
}

/* Try again at once, or wait until something changes? */
static enum graph_policy
policy_after_failure(struct controld *c, const char *target, int status)
{
    if (status == EXEC_NO_FENCE_DEVICE) {
        log_warn("No device can fence %s: waiting for a change of the cluster", target);
        return POLICY_STOP;
    }
    if (target != NULL && failures_of(c, target) >= c->opt.max_attempts) {
        log_warn("Too many failures (%u) to fence %s, giving up", failures_of(c, target), target);
        return POLICY_STOP;
    }
    return POLICY_RESTART;
}

/* ---- the state of a node that was fenced (spec 30 §14.5) ---- */

static void
state_written(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    if (rc != RC_OK && rc != ENXIO) {
        log_crit("Could not record that %s was fenced: %s", (const char *)arg, result_text(rc));
        graph_abort(c, SCORE_INFINITY, POLICY_SHUTDOWN, "CIB update failed");
    }
}

void
fence_state_update(struct controld *c, const char *target, const char *uuid)
{
    const unsigned options = CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE;
    struct peer *p = peers_find_any(c->peers, 0, target);
    xmlNode *status = xml_new(NULL, "status"), *state = xml_new(status, "node_state");
    g_autofree char *path = xml_xpath("//node_state[@uname='%s']/*", target);
    bool unseen = p == NULL || p->state == PEER_UNKNOWN;

    if (uuid == NULL && p != NULL) {
        uuid = p->uuid;
    }
    if (uuid == NULL || path == NULL) {
        log_err("Cannot record that %s was fenced: %s", target, uuid == NULL ? "its id is not known" : "no node has such a name");
        xml_free(status);
        return;
    }
    log_info("Recording that %s was fenced", target);
    xml_set(state, "id", uuid);
    xml_set(state, "uname", target);
    if (p != NULL && p->remote) {
        xml_set(state, "remote_node", "true");
        xml_set(state, "in_ccm", "false");
        xml_set_int(state, "node_fenced", now_epoch(c));
    } else {
        if (unseen) {
            xml_set(state, "in_ccm", "false");
        }
        xml_set(state, "join", "down");
        xml_set(state, "expected", "down");
    }
    xml_set(state, "crm-debug-origin", "update_node_state_after_fencing");
    cib_request(c, CIB_OP_MODIFY, "status", status, options | CIB_OPT_CAN_CREATE, state_written, g_strdup(target), g_free);
    cib_request(c, CIB_OP_DELETE, path, NULL, options | CIB_OPT_XPATH | CIB_OPT_MULTIPLE, state_written, g_strdup(target), g_free);
    if (p != NULL) {
        p->join_phase = JOIN_NONE;
        p->is_over = true;
        node_expect(p, "down");
        if (p->state == PEER_UNKNOWN) {
            peers_set_state(c->peers, p, PEER_LOST, 0, now_epoch(c));
        }
    }
}

/* ---- the clean-up list: targets shot while there was no DC to record it (spec 30 §14.6) ---- */

void
fence_run_cleanup(struct controld *c)
{
    GHashTableIter iter;
    gpointer target, uuid;

    g_hash_table_iter_init(&iter, c->fence_cleanup);
    while (g_hash_table_iter_next(&iter, &target, &uuid)) {
        log_notice("Recording the fencing of %s, which the last DC could not do", (const char *)target);
        fence_state_update(c, target, uuid);
        g_hash_table_iter_remove(&iter);
    }
}

void
fence_purge_cleanup(struct controld *c)
{
    g_hash_table_remove_all(c->fence_cleanup);
}

void
fence_node_returned(struct controld *c, const char *name)
{
    if (name != NULL) {
        g_hash_table_remove(c->fence_cleanup, name);
    }
}

/* ---- requests ---- */

static unsigned
comings_of(struct controld *c, const char *node)
{
    const struct peer *p = peers_find(c->peers, 0, node);

    return p != NULL ? p->comings : 0;
}

/*
 * Fencing by a message that has to be waited for (SBD) can take longer than the node's reboot: it is here again and may have been let in
 * when its death is confirmed, and what is recorded then throws it out.  So it is asked to join anew.
 */
static void
welcome_back(struct controld *c, const struct graph_action *a)
{
    const struct peer *p = peers_find(c->peers, 0, a->node);

    if (p != NULL && peer_is_active(p) && p->comings != a->target_comings && p->join_phase <= JOIN_NONE) {
        log_notice("%s is back already: asking it to join again", a->node);
        fsa_raise(c, I_NODE_JOIN, NULL, "a fenced node is back already");
    }
}

static void
ask_fencer(struct controld *c, struct graph_action *a)
{
    struct ctl_effect *e = effect_new(c, CTL_FENCE);
    const char *delay = graph_action_meta(a, "priority_fencing_delay");

    a->target_comings = comings_of(c, a->node);
    e->cookie = ++c->cookie;
    e->node = g_strdup(a->node);
    e->action = g_strdup(graph_action_meta(a, "stonith_action"));
    e->timeout_ms = c->graph->stonith_timeout_ms;
    e->delay_ms = delay != NULL ? MAX(text_interval_ms(delay), 0) : 0;
    /* A lone survivor may have to fence itself. */
    e->options = join_count(c, JOIN_CONFIRMED) == 1 ? FENCE_OPT_ALLOW_SELF : 0;
    g_hash_table_insert(c->fence_waits, g_memdup2(&e->cookie, sizeof e->cookie), graph_key(c, a));
    log_notice("Requesting fencing (%s) of node %s" LOG_XT "action=%d timeout=%lld", e->action, a->node, a->id, e->timeout_ms);
}

bool
fence_fire(struct controld *c, struct graph_action *a)
{
    const char *action = graph_action_meta(a, "stonith_action");

    if (a->node == NULL || a->node_uuid == NULL || !text_is_one_of(action, "reboot", "off", "on", NULL)) {
        log_err("Fencing action %d is incomplete", a->id);
        return false;
    }
    if (c->fencer_connected) {
        ask_fencer(c, a);
    } else {
        log_notice("Fencing of %s waits for the connection to the fencer", a->node);
        a->waits_for_fencer = true;
    }
    return true;
}

static void
send_waiting(struct controld *c)
{
    for (unsigned i = 0; !c->graph->complete && i < c->graph->n_actions; i++) {
        struct graph_action *a = &c->graph->actions[i];

        if (a->waits_for_fencer && !a->confirmed) {
            a->waits_for_fencer = false;
            ask_fencer(c, a);
        }
    }
}

/* ---- results of our requests (spec 30 §14.2) ---- */

static void
unfenced(struct controld *c, const struct graph_action *a)
{
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, now_epoch(c));
    bool remote = nodes_is_remote(c, a->node);

    attr_update(c, a->node, "#node-unfenced", now, remote);
    attr_update(c, a->node, "#digests-all", graph_action_meta(a, "digests_all"), remote);
    attr_update(c, a->node, "#digests-secure", graph_action_meta(a, "digests_secure"), remote);
}

static struct graph_action *
action_of_key(const struct controld *c, const char *key)
{
    int transition, action, target;
    g_autofree char *uuid = NULL;

    if (!transition_key_parse(key, &transition, &action, &target, &uuid) || !text_equal(uuid, c->cfg.te_uuid)
        || transition != c->graph->id || c->graph->complete) {
        return NULL;
    }
    return graph_action_by_id(c->graph, action);
}

void
ctl_on_fence_result(struct controld *c, struct ctl_time t, uint64_t cookie, int status, int rc, const char *reason)
{
    gpointer stolen, key;
    struct graph_action *a;

    if (!g_hash_table_steal_extended(c->fence_waits, &cookie, &stolen, &key)) {
        return;
    }
    event_begin(c, t);
    g_free(stolen);
    a = action_of_key(c, key);
    g_free(key);
    if (a == NULL || a->confirmed) {
        log_info("Result of a fencing request (%s) is for no action of the present transition", exec_status_text(status));
        event_end(c);
        return;
    }
    if (status == EXEC_DONE && rc == 0) {
        fence_forget(c, a->node);
        log_notice("Fencing of %s (%s) succeeded", a->node, graph_action_meta(a, "stonith_action"));
        if (text_equal(graph_action_meta(a, "stonith_action"), "on")) {
            unfenced(c, a);
        } else if (!a->recorded) {
            a->recorded = true;
            fence_state_update(c, a->node, a->node_uuid);
        }
        graph_confirm(c, a);
        welcome_back(c, a);
    } else {
        log_notice("Fencing of %s failed: %s%s%s%s", a->node, exec_status_text(status), reason != NULL ? " (" : "",
                   reason != NULL ? reason : "", reason != NULL ? ")" : "");
        count_fence_failure(c, a->node);
        a->failed = true;
        graph_confirm(c, a);
        graph_abort(c, SCORE_INFINITY, policy_after_failure(c, a->node, status), "Stonith failed");
    }
    event_end(c);
}

/* ---- reports of all fencing in the cluster (spec 30 §14.3) ---- */

static void
we_were_fenced(struct controld *c, const struct ctl_fence_event *e)
{
    log_crit("We were allegedly just fenced by %s for %s!", e->executor != NULL ? e->executor : "the cluster", e->origin);
    if (c->opt.fence_panics) {
        log_emerg_panic(c, "this node was fenced and still runs");
    } else {
        exit_now(c, CRM_EX_FATAL);
    }
}

static bool
is_our_request(const struct controld *c, const struct ctl_fence_event *e)
{
    g_autofree char *name = g_strdup_printf("pacemaker-controld.%u", c->cfg.pid);

    return text_equal(e->client, name) && text_equal_nocase(e->origin, c->cfg.node_name);
}

/* Somebody was fenced; what the DC makes of it, and others in its absence. */
static void
node_was_fenced(struct controld *c, const struct ctl_fence_event *e)
{
    struct peer *p = peers_find_any(c->peers, 0, e->target);
    bool remote = p != NULL && p->remote;

    if (c->is_dc) {
        if (!is_our_request(c, e)) {
            fence_state_update(c, e->target, p != NULL ? p->uuid : NULL);
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "External Fencing Operation");
        }
    } else if (!remote && (c->dc == NULL || text_equal_nocase(c->dc, e->target))) {
        log_notice("Fencing target %s %s our leader", e->target, c->dc != NULL ? "was" : "may have been");
        if (text_equal_nocase(e->executor, c->cfg.node_name)) {
            fence_state_update(c, e->target, p != NULL ? p->uuid : NULL);
        }
        g_hash_table_replace(c->fence_cleanup, g_strdup(e->target), g_strdup(p != NULL ? p->uuid : NULL));
    }
    if (remote) {
        remote_fenced(c, e->target);
    }
    if (p != NULL) {
        p->join_phase = JOIN_NONE;
        p->is_over = true;
        node_expect(p, "down");
        if (c->is_dc && peer_is_active(p)) {
            timer_arm(c, TIMER_WELCOME, 5000);
        }
        if (p->state == PEER_UNKNOWN) {
            peers_set_state(c->peers, p, PEER_LOST, 0, now_epoch(c));
        }
    }
}

void
ctl_on_fence_event(struct controld *c, struct ctl_time t, const struct ctl_fence_event *e)
{
    bool success = e->status == EXEC_DONE && e->rc == 0;

    event_begin(c, t);
    alert_fencing(c, e);
    if (e->target == NULL || e->action == NULL) {
        log_err("Report of fencing names no target");
    } else if (text_equal(e->action, "on")) {
        log_notice("%s was unfenced by %s at the request of %s@%s", e->target, e->executor, e->client, e->origin);
    } else {
        log_notice("Peer %s was %sterminated (%s) by %s on behalf of %s@%s: %s", e->target, success ? "" : "not ", e->action,
                   e->executor != NULL ? e->executor : "the cluster", e->client, e->origin,
                   success ? "OK" : e->reason != NULL ? e->reason : exec_status_text(e->status));
        if (success && text_equal_nocase(e->target, c->cfg.node_name)) {
            we_were_fenced(c, e);
        } else {
            if (!c->is_dc) {
                if (success) {
                    fence_forget(c, e->target);
                } else {
                    count_fence_failure(c, e->target);
                }
            }
            if (success) {
                node_was_fenced(c, e);
            }
        }
    }
    event_end(c);
}

/* ---- the connection (spec 30 §14.7) ---- */

void
ctl_on_fencer_connected(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    log_notice("Fencer successfully connected");
    c->fencer_connected = true;
    c->fence_sync_heard = false;
    timer_arm(c, TIMER_FENCE_SYNC, SYNC_AFTER_CONNECT_MS);
    send_waiting(c);
    fence_check_watchdog(c);
    event_end(c);
}

void
ctl_on_fencer_lost(struct controld *c, struct ctl_time t)
{
    enum graph_policy policy = POLICY_DONE;

    event_begin(c, t);
    c->fencer_connected = false;
    timer_cancel(c, TIMER_FENCE_SYNC);
    if (c->state < S_STOPPING && !c->exited) {
        log_warn("Lost connection to the fencer");
        for (unsigned i = 0; c->is_dc && !c->graph->complete && i < c->graph->n_actions; i++) {
            struct graph_action *a = &c->graph->actions[i];

            if (a->executed && !a->confirmed && text_equal(a->task, CRM_TASK_STONITH)) {
                a->failed = true;
                graph_confirm(c, a);
                policy = MAX(policy, policy_after_failure(c, a->node, EXEC_NOT_CONNECTED));
            }
        }
        if (policy != POLICY_DONE) {
            graph_abort(c, SCORE_INFINITY, policy, "Stonith failed");
        }
        effect_new(c, CTL_CONNECT_FENCER);
    }
    event_end(c);
}

/* A controller appeared: its fencer may lack history that ours has. */
void
fence_peer_appeared(struct controld *c)
{
    if ((c->is_dc || c->dc == NULL) && c->fencer_connected) {
        timer_arm(c, TIMER_FENCE_SYNC, SYNC_AFTER_PEER_MS);
    }
}

void
ctl_on_fence_synced(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    if (!c->fence_sync_heard) { /* somebody else did what ours was for; later ones are for others' sake */
        c->fence_sync_heard = true;
        timer_cancel(c, TIMER_FENCE_SYNC);
    }
    event_end(c);
}

/* ---- stonith-watchdog-timeout against sbd (spec 30 §14.7) ---- */

void
fence_check_watchdog(struct controld *c)
{
    if (c->fencer_connected && c->config_read && c->opt.watchdog_timeout != 0) {
        effect_new(c, CTL_FENCE_WATCHDOG);
    }
}

static bool
listed(const char *output, const char *node)
{
    g_auto(GStrv) lines = NULL;

    if (output == NULL || *output == '\0') {
        return true; /* everybody */
    }
    lines = g_strsplit_set(output, "\n ,;", -1);
    for (unsigned i = 0; lines[i] != NULL; i++) {
        if (text_equal_nocase(lines[i], node)) {
            return true;
        }
    }
    return false;
}

void
ctl_on_watchdog_targets(struct controld *c, struct ctl_time t, bool ok, const char *output)
{
    long long wanted;

    event_begin(c, t);
    wanted = c->opt.watchdog_timeout < 0 ? 2 * c->cfg.sbd_watchdog_ms : c->opt.watchdog_timeout;
    if (ok && listed(output, c->cfg.node_name) && c->opt.watchdog_timeout != 0) {
        if (!c->cfg.sbd_running) {
            log_crit("Shutting down: stonith-watchdog-timeout configured (%llds) but SBD not active", wanted / 1000);
            exit_now(c, CRM_EX_FATAL);
        } else if (wanted < c->cfg.sbd_watchdog_ms) {
            log_crit("Shutting down: stonith-watchdog-timeout (%llds) too short (must be >%llds)", wanted / 1000,
                     c->cfg.sbd_watchdog_ms / 1000);
            exit_now(c, CRM_EX_FATAL);
        }
    }
    event_end(c);
}
