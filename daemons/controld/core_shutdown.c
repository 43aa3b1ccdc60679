/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leaving: asking the DC for permission, being told to go, and the orderly way out.  Called by the state machine
 * and by requests of peers.
 * Never stops resources: the DC's graph does that before.  (spec 30 §17)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

/* How long to wait for actions in flight and history writes once we are leaving. */
#define STOP_WAIT_MS 5000

/* How often to look whether the DC has our request: the attribute manager that holds it may have died with it. */
#define REQUEST_CHECK_MS 15000

void
ctl_on_terminate(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    if (c->shutdown) {
        log_warn("Second request to shut down: leaving at once");
        fsa_raise(c, I_ERROR, NULL, "shutdown escalated");
    } else {
        log_notice("Shutting down controller after receiving a request to");
        c->shutdown = true;
        timer_arm(c, TIMER_SHUTDOWN, c->opt.shutdown_escalation);
        fsa_raise(c, I_SHUTDOWN, NULL, "SIGTERM");
    }
    event_end(c);
}

/* Tell everybody that we want to leave; the DC answers by stopping what runs here. */
void
shutdown_request(struct controld *c)
{
    struct peer *self = peers_local(c->peers);

    log_info("Sending shutdown request to %s", c->dc != NULL ? c->dc : "all nodes");
    if (self != NULL) {
        node_expect(self, "down");
    }
    send_peer(c, NULL, msg_new(c, CRM_TASK_REQ_SHUTDOWN, SYS_CRMD, SYS_CRMD, NULL, NULL));
    timer_arm(c, TIMER_SHUTDOWN_CHECK, REQUEST_CHECK_MS);
}

static void
request_looked_up(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    if (c->leaving || !(c->is_dc || c->state == S_NOT_DC)) {
        return; /* on the way out, or it is asked anew on joining */
    }
    if (rc == ENXIO) {
        log_notice("The request of this node to shut down is not in the CIB any more: repeating it");
        shutdown_request(c);
    } else {
        timer_arm(c, TIMER_SHUTDOWN_CHECK, REQUEST_CHECK_MS);
    }
}

/* Is our request still where the scheduler sees it?  Without it nobody would ever stop what runs here. */
void
shutdown_check_request(struct controld *c)
{
    g_autofree char *xpath = g_strdup_printf("//node_state[@id='%s']/transient_attributes//nvpair[@name='" ATTRD_NAME_SHUTDOWN "']",
                                             c->uuid);

    if (!c->leaving) {
        cib_request(c, CIB_OP_QUERY, xpath, NULL, CIB_OPT_LOCAL | CIB_OPT_XPATH, request_looked_up, NULL, NULL);
    }
}

/* A node (perhaps this one) wants to leave. */
void
shutdown_on_request(struct controld *c, const xmlNode *msg)
{
    const char *from = xml_get(msg, F_SRC);
    struct peer *p = peers_find(c->peers, 0, from);
    g_autofree char *now = NULL;

    if (p == NULL) {
        return;
    }
    node_expect(p, "down");
    if (c->is_dc) {
        log_info("Creating shutdown request for %s", from);
        now = g_strdup_printf("%" G_GINT64_FORMAT, now_epoch(c));
        attr_update(c, from, ATTRD_NAME_SHUTDOWN, now, false);
    }
}

/* do_shutdown: the DC's all-clear. */
void
shutdown_on_order(struct controld *c, const xmlNode *msg)
{
    const char *from = xml_get(msg, F_SRC);

    if (c->dc != NULL && !text_equal_nocase(from, c->dc)) {
        log_warn("Ignoring order of %s to shut down: our DC is %s", from, c->dc);
        return;
    }
    if (!c->shutdown) {
        log_err("%s ordered a shutdown that was not asked for: staying down", from);
        c->stay_down = true;
        c->shutdown = true;
    }
    fsa_raise(c, I_STOP, NULL, "the DC's all-clear");
}

/* ---- the way out ---- */

/*
 * Orderly exit; called again after every event while something is in flight.  Fencer first, then the executor (when its
 * actions have ended), the CPG group, the CIB (when the last result is written), IPC.
 */
void
shutdown_leave(struct controld *c)
{
    if (!c->leaving) {
        c->leaving = true;
        log_info("Leaving: disconnecting from everything in order");
        if (c->fencer_connected || c->ipc_open) {
            effect_new(c, CTL_DISCONNECT_FENCER);
            c->fencer_connected = false;
        }
        lrm_cancel_all(c);
        timer_arm(c, TIMER_STOP_WAIT, STOP_WAIT_MS);
    }
    if (!c->stop_waited && c->exec_connected && lrm_busy(c)) {
        return;
    }
    if (!c->exec_left) {
        c->exec_left = true;
        lrm_log_active(c);
        c->exec_connected = false;
        effect_new(c, CTL_DISCONNECT_EXEC);
        history_flush(c);
    }
    if (!c->stop_waited && c->cib_connected && (c->history_writes > 0 || c->cib_writes > 0)) {
        return;
    }
    fsa_raise(c, I_TERMINATE, NULL, "nothing left to wait for");
}

void
shutdown_exit(struct controld *c)
{
    exit_now(c, c->in_recovery && c->exit_code == 0 ? CRM_EX_ERROR : c->exit_code);
}

/* The end of the process, with what the launcher makes of the code (spec 30 §1). */
void
exit_now(struct controld *c, int code)
{
    if (c->exited) {
        return;
    }
    c->exited = true;
    if (c->cluster_connected) {
        c->cluster_connected = false;
        /* Who leaves the group in order is taken for one that has stopped everything: that must not be said by one that fails. */
        effect_new(c, code == CRM_EX_OK ? CTL_DISCONNECT_CLUSTER : CTL_ABANDON_CLUSTER);
    }
    if (c->stay_down) {
        code = CRM_EX_FATAL;
    }
    effect_new(c, CTL_DISCONNECT_SCHEDULER);
    effect_new(c, CTL_DISCONNECT_FENCER);
    effect_new(c, CTL_DISCONNECT_EXEC);
    effect_new(c, CTL_DISCONNECT_CIB);
    effect_new(c, CTL_STOP_IPC);
    effect_new(c, CTL_EXIT)->exit_code = code;
}
