/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections to Pacemaker Remote nodes: the controller is the agent of their resources, ocf:pacemaker:remote.  Called by core_exec.c as
 * if it were an executor, and by events of the connections.  The node's own resources are core_exec.c's.  Never waits.  (spec 30 §13)
 */
#include "daemons/controld/core_exec.h"

#include "lib/base/log.h"
#include "lib/exec/lrmd_protocol.h"

#include <errno.h>

enum {
    ATTEMPT_MS = 10000,      /* one attempt to connect */
    RETRY_MS = 1000,         /* from one to the next */
    WORTHWHILE_MS = 3000,    /* as long as more time is left than this */
    DEFAULT_TIMEOUT_MS = 20000,
};

/* An action on a connection.  Recurring ones stay until they are cancelled. */
struct command {
    char *action, *userdata;
    guint interval_ms;
    long long timeout_ms;
    GHashTable *params;
    int call_id;
    uint64_t timer;      /* that waits for it, 0: none */
    uint64_t accepted_ms, started_ms;
    int64_t started_epoch;
    bool reported;
    int status, rc;      /* as reported, */
    int64_t changed;     /* with this time */
};

/* A connection that is, or was, kept here. */
struct remote {
    struct lrm lrm;      /* what runs on the node: first, so that it is the table's value as well */
    bool is_guest;
    bool in_maintenance;
    bool leaving;        /* another controller will connect: migrate_to */
    bool taken_over;     /* it has */
    bool connecting;
    bool up;             /* the cluster was told that the node is up, by this controller or by whom it took it over from */
    int calls;
    GQueue queue;            /* struct command, to be begun */
    struct command *current; /* that was begun */
    GPtrArray *recurring;    /* that wait for their next turn; the current one may be of these, then it is not here */
};

/* ---- life ---- */

static void
command_free(struct command *m)
{
    g_free(m->action);
    g_free(m->userdata);
    g_hash_table_unref(m->params);
    g_free(m);
}

static void
cancel_timer(struct controld *c, struct command *m)
{
    if (m->timer != 0) {
        timer_cancel(c, m->timer);
        m->timer = 0;
    }
}

static void
arm_timer(struct controld *c, struct command *m, long long ms)
{
    cancel_timer(c, m);
    m->timer = TIMER_REMOTE + ++c->remote_timers;
    timer_arm(c, m->timer, ms);
}

static struct remote *
remote_get(struct controld *c, const char *node)
{
    struct remote *r = g_hash_table_lookup(c->remotes, node);

    if (r == NULL) {
        r = g_new0(struct remote, 1);
        lrm_init(&r->lrm, node, node, true);
        g_queue_init(&r->queue);
        r->recurring = g_ptr_array_new();
        g_hash_table_insert(c->remotes, r->lrm.node, r);
    }
    return r;
}

void
remotes_free(struct controld *c)
{
    g_autoptr(GList) all = g_hash_table_get_values(c->remotes);

    g_queue_clear_full(&c->remote_inbox, (GDestroyNotify)ctl_effect_free);
    g_hash_table_unref(c->remotes);
    for (const GList *l = all; l != NULL; l = l->next) {
        struct remote *r = l->data;

        g_queue_clear_full(&r->queue, (GDestroyNotify)command_free);
        g_clear_pointer(&r->current, command_free);
        g_ptr_array_set_free_func(r->recurring, (GDestroyNotify)command_free);
        g_ptr_array_unref(r->recurring);
        lrm_clear(&r->lrm);
        g_free(r);
    }
}

struct lrm *
lrm_of(struct controld *c, const char *node)
{
    return text_equal_nocase(node, c->cfg.node_name) ? &c->local : g_hash_table_lookup(c->remotes, node);
}

bool
remote_is_connection(const struct lrm_rsc *rsc)
{
    return text_equal(rsc->agent.type, "remote") && text_equal(rsc->agent.provider, "pacemaker") && text_equal_nocase(rsc->agent.standard, "ocf");
}

/* ---- the node as the cluster sees it ---- */

static void
tell_dc(struct controld *c, const char *node, bool up)
{
    xmlNode *msg = msg_new(c, CRM_TASK_REMOTE_STATE, SYS_DC, SYS_CRMD, c->dc, NULL);

    xml_set(msg, "id", node);
    xml_set(msg, "in_ccm", up ? "true" : "false");
    route_message(c, msg, false);
}

static void
write_state(struct controld *c, struct peer *p, const char *fenced, const char *origin)
{
    xmlNode *status = xml_new(NULL, "status"), *state = node_state_xml(p, status, NODE_IN_CCM, origin);

    xml_set(state, "node_fenced", fenced);
    cib_request(c, CIB_OP_MODIFY, "status", status, CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE, cib_log_failure,
                g_strdup_printf("record the state of %s", p->name), g_free);
}

static void
erase(struct controld *c, const char *node, bool history)
{
    if (!history) {
        cib_drop_xpath(c, CIB_OPT_QUORUM_OVERRIDE, "//node_state[@uname='%s']/transient_attributes", node);
    } else if (c->opt.shutdown_lock) {
        cib_drop_xpath(c, CIB_OPT_QUORUM_OVERRIDE,
                       "//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[not(@shutdown-lock)]"
                       "|//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource/lrm_rsc_op"
                       "|//node_state[@uname='%s']/transient_attributes",
                       node, node, node);
    } else {
        cib_drop_xpath(c, CIB_OPT_QUORUM_OVERRIDE, "//node_state[@uname='%s']/*", node);
    }
}

static void
set_peer(struct controld *c, const char *node, bool up)
{
    peers_set_state(c->peers, peers_remote_get(c->peers, node), up ? PEER_MEMBER : PEER_LOST, 0, now_epoch(c));
}

static void
forget_history(struct lrm *lrm)
{
    g_hash_table_remove_all(lrm->resources);
    g_clear_pointer(&lrm->batch, xml_free);
}

static void
node_up(struct controld *c, struct remote *r)
{
    const char *node = r->lrm.node;

    log_notice("Pacemaker Remote node %s is up", node);
    forget_history(&r->lrm);
    attr_purge(c, node);
    erase(c, node, true);
    attr_update(c, node, "probe_complete", NULL, true); /* has the attribute managers learn that it is a remote node */
    r->up = true;
    set_peer(c, node, true);
    tell_dc(c, node, true);
    write_state(c, peers_remote_get(c->peers, node), "0", "remote_node_up");
}

static void
node_down(struct controld *c, const char *node, bool history)
{
    log_notice("Pacemaker Remote node %s is down", node);
    attr_purge(c, node);
    erase(c, node, history);
    set_peer(c, node, false);
    tell_dc(c, node, false);
    write_state(c, peers_remote_get(c->peers, node), NULL, "remote_node_down");
}

void
remote_node_gone(struct controld *c, const char *node)
{
    struct remote *r = g_hash_table_lookup(c->remotes, node);

    if (r != NULL) {
        forget_history(&r->lrm);
    }
    node_down(c, node, true);
}

/* ---- results ---- */

static void next(struct controld *c, struct remote *r);

/*
 * When a result came to be what it is.  Of two results of one operation the scheduler believes the later one, so a failure
 * never has the second of the success before it: a connection may break right after its first poke.
 */
static int64_t
change_time(struct controld *c, const struct command *m)
{
    return m->reported ? MAX(now_epoch(c), m->changed + 1) : m->started_epoch;
}

/* Tell the result; a recurring action only if it is news. */
static void
report(struct controld *c, struct remote *r, struct command *m, int status, int rc, const char *reason)
{
    struct ctl_exec_result result = {
        .rsc = r->lrm.node,
        .action = m->action,
        .userdata = m->userdata,
        .exit_reason = reason,
        .interval_ms = m->interval_ms,
        .timeout_ms = m->timeout_ms,
        .call_id = m->call_id,
        .status = status,
        .rc = rc,
        .run_time = m->started_epoch,
        .change_time = change_time(c, m),
        .exec_ms = m->started_ms != 0 ? (unsigned)(c->now.ms - m->started_ms) : 0,
        .queue_ms = m->started_ms != 0 ? (unsigned)(m->started_ms - m->accepted_ms) : 0,
        .params = m->params,
    };

    if (m->interval_ms > 0 && m->reported && m->status == status && m->rc == rc) {
        return;
    }
    m->reported = true;
    m->status = status;
    m->rc = rc;
    m->changed = result.change_time;
    exec_result(c, &c->local, &result);
}

/* The current command has ended. */
static void
finish(struct controld *c, struct remote *r, int status, int rc, const char *reason)
{
    struct command *m = g_steal_pointer(&r->current);

    cancel_timer(c, m);
    if (m->interval_ms > 0) {
        g_ptr_array_add(r->recurring, m);
        arm_timer(c, m, m->interval_ms);
    }
    report(c, r, m, status, rc, reason);
    m->started_ms = 0;
    if (m->interval_ms == 0) {
        command_free(m);
    }
    next(c, r);
}

/* ---- connecting ---- */

static void
got_history(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct remote *r = g_hash_table_lookup(c->remotes, arg);

    if (rc == RC_OK && r != NULL && r->lrm.connected) {
        lrm_adopt(&r->lrm, data);
    } else if (rc != RC_OK && rc != ENXIO) {
        log_err("Cannot learn what runs on %s: %s", (const char *)arg, result_text(rc));
    }
}

/* What another controller has started there goes on: its results come here from now on. */
static void
adopt_history(struct controld *c, struct remote *r)
{
    g_autofree char *path = xml_xpath("//node_state[@uname='%s']/lrm/lrm_resources", r->lrm.node);

    forget_history(&r->lrm);
    if (path != NULL) {
        cib_request(c, CIB_OP_QUERY, path, NULL, CIB_OPT_XPATH | CIB_OPT_LOCAL, got_history, g_strdup(r->lrm.node), g_free);
    }
}

static const char *
param(const struct command *m, const char *name)
{
    return g_hash_table_lookup(m->params, name);
}

static long long
time_left(const struct controld *c, const struct command *m)
{
    return m->timeout_ms - (long long)(c->now.ms - m->started_ms);
}

static void
attempt(struct controld *c, struct remote *r)
{
    struct command *m = r->current;
    const char *address = param(m, "addr"), *port_text = param(m, "port");
    long long port = LRMD_REMOTE_PORT;
    struct ctl_effect *e;

    if (address == NULL) {
        address = param(m, "server");
    }
    if (address == NULL) {
        address = r->lrm.node;
    }
    if (port_text != NULL && (!text_parse_int(port_text, &port) || port < 1 || port > 65535)) {
        finish(c, r, EXEC_ERROR, OCF_RC_INVALID_PARAM, "The port is no number from 1 to 65535");
        return;
    }
    r->connecting = true;
    e = effect_new(c, CTL_REMOTE_CONNECT);
    e->node = g_strdup(r->lrm.node);
    e->text = g_strdup(address);
    e->options = (unsigned)port;
    e->timeout_ms = CLAMP(time_left(c, m), 1, ATTEMPT_MS);
}

static bool
starts(const struct command *m)
{
    return m != NULL && (text_equal(m->action, "start") || text_equal(m->action, "migrate_from"));
}

static void
connected(struct controld *c, struct remote *r)
{
    r->lrm.connected = true;
    r->leaving = r->taken_over = false;
    if (text_equal(r->current->action, "start")) {
        node_up(c, r);
    } else {
        r->up = true;
        set_peer(c, r->lrm.node, true);
        adopt_history(c, r);
    }
    finish(c, r, EXEC_DONE, OCF_RC_OK, NULL);
}

void
ctl_on_remote_connected(struct controld *c, struct ctl_time t, const char *node, int rc)
{
    struct remote *r;

    event_begin(c, t);
    r = g_hash_table_lookup(c->remotes, node);
    if (r == NULL || !r->connecting || !starts(r->current)) {
        log_info("A connection to %s that is not wanted any more", node);
        effect_new(c, CTL_REMOTE_DISCONNECT)->node = g_strdup(node);
    } else {
        r->connecting = false;
        if (rc == 0) {
            connected(c, r);
        } else if (rc == -ENOKEY || rc == -EKEYREJECTED) {
            finish(c, r, EXEC_ERROR, OCF_RC_INVALID_PARAM, rc == -ENOKEY ? "There is no key for remote nodes on this host"
                                                                        : "The remote node does not have the key of this host");
        } else if (time_left(c, r->current) > WORTHWHILE_MS) {
            log_info("Could not connect to %s (%s): trying again", node, legacy_text(rc));
            arm_timer(c, r->current, RETRY_MS);
        } else {
            finish(c, r, EXEC_TIMEOUT, OCF_RC_ERROR, legacy_text(rc));
        }
    }
    event_end(c);
}

/* ---- disconnecting ---- */

static void
disconnect(struct controld *c, struct remote *r)
{
    r->lrm.connected = r->connecting = false;
    effect_new(c, CTL_REMOTE_DISCONNECT)->node = g_strdup(r->lrm.node);
}

static void
stop(struct controld *c, struct remote *r)
{
    disconnect(c, r);
    lrm_fail_running(c, &r->lrm, "The connection to the node was stopped");
    if (r->up && !r->taken_over) {
        node_down(c, r->lrm.node, false);
    }
    if (r->taken_over) {
        forget_history(&r->lrm);
    }
    r->up = r->leaving = r->taken_over = false;
    finish(c, r, EXEC_DONE, OCF_RC_OK, NULL);
}

/* A lost connection to a node in maintenance mode is no failure: as if it had been stopped. */
static void
stopped_by_itself(struct controld *c, struct remote *r)
{
    struct lrm_rsc *rsc = g_hash_table_lookup(c->local.resources, r->lrm.node);
    struct lrm_op *op;

    node_down(c, r->lrm.node, false);
    r->up = false;
    if (rsc != NULL) {
        op = g_new0(struct lrm_op, 1);
        op->rec = op_record_new(rsc->id, "stop", 0);
        op->rec->params = g_hash_table_new(g_str_hash, g_str_equal);
        op->reported = true;
        lrm_fabricate(c, rsc, op, EXEC_DONE, OCF_RC_OK, NULL);
    }
}

static void
fail_recurring(struct controld *c, struct remote *r)
{
    const char *why = "Lost connection to remote executor";

    if (r->current != NULL && !starts(r->current) && text_equal(r->current->action, "monitor")) {
        finish(c, r, EXEC_ERROR, OCF_RC_ERROR, why);
    }
    for (unsigned i = 0; i < r->recurring->len; i++) {
        report(c, r, r->recurring->pdata[i], EXEC_ERROR, OCF_RC_ERROR, why);
    }
}

static void
lost(struct controld *c, struct remote *r)
{
    r->lrm.connected = false;
    if (r->taken_over) {
        return;
    }
    lrm_fail_running(c, &r->lrm, "Lost connection to remote executor");
    if (r->in_maintenance) {
        stopped_by_itself(c, r);
    } else {
        log_err("Lost connection to Pacemaker Remote node %s", r->lrm.node);
        fail_recurring(c, r);
    }
}

void
ctl_on_remote_lost(struct controld *c, struct ctl_time t, const char *node)
{
    struct remote *r;

    event_begin(c, t);
    r = g_hash_table_lookup(c->remotes, node);
    if (r != NULL && r->lrm.connected) {
        lost(c, r);
    }
    event_end(c);
}

void
remote_fenced(struct controld *c, const char *node)
{
    struct remote *r = g_hash_table_lookup(c->remotes, node);

    if (r != NULL && r->lrm.connected) {
        disconnect(c, r);
        lost(c, r);
    }
}

void
ctl_on_remote_new_client(struct controld *c, struct ctl_time t, const char *node)
{
    struct remote *r;

    event_begin(c, t);
    r = g_hash_table_lookup(c->remotes, node);
    if (r != NULL && r->lrm.connected && r->leaving) {
        log_info("Another controller has taken over the connection to %s", node);
        r->taken_over = true;
        if (r->current != NULL && text_equal(r->current->action, "stop")) {
            stop(c, r);
        }
    } else if (r != NULL && r->lrm.connected) {
        log_err("Somebody else has connected to %s, which nobody here knows of: disconnecting", node);
        disconnect(c, r);
        lost(c, r);
    }
    event_end(c);
}

/* ---- monitoring ---- */

static void
poke(struct controld *c, struct remote *r)
{
    effect_new(c, CTL_REMOTE_POKE)->node = g_strdup(r->lrm.node);
    arm_timer(c, r->current, r->current->timeout_ms);
}

void
ctl_on_remote_poked(struct controld *c, struct ctl_time t, const char *node)
{
    struct remote *r;

    event_begin(c, t);
    r = g_hash_table_lookup(c->remotes, node);
    if (r != NULL && r->lrm.connected && r->current != NULL && text_equal(r->current->action, "monitor")) {
        finish(c, r, EXEC_DONE, OCF_RC_OK, NULL);
    }
    event_end(c);
}

static void
poke_timed_out(struct controld *c, struct remote *r)
{
    log_err("%s does not answer: disconnecting", r->lrm.node);
    disconnect(c, r);
    finish(c, r, EXEC_TIMEOUT, OCF_RC_ERROR, "Remote executor did not respond");
    lost(c, r);
}

/* ---- commands ---- */

static void
begin(struct controld *c, struct remote *r)
{
    struct command *m = r->current;

    m->started_ms = c->now.ms;
    m->started_epoch = now_epoch(c);
    if (starts(m)) {
        if (r->lrm.connected) {
            finish(c, r, EXEC_DONE, OCF_RC_OK, NULL);
        } else {
            attempt(c, r);
        }
    } else if (text_equal(m->action, "monitor")) {
        if (r->lrm.connected) {
            poke(c, r);
        } else {
            finish(c, r, EXEC_DONE, OCF_RC_NOT_RUNNING, NULL);
        }
    } else if (text_equal(m->action, "stop")) {
        if (r->lrm.connected && r->leaving && !r->taken_over) {
            arm_timer(c, m, m->timeout_ms / 2);
        } else {
            stop(c, r);
        }
    } else if (text_equal(m->action, "migrate_to")) {
        r->leaving = r->lrm.connected;
        r->taken_over = false;
        finish(c, r, EXEC_DONE, OCF_RC_OK, NULL);
    } else if (text_is_one_of(m->action, "reload", "reload-agent", NULL)) {
        finish(c, r, EXEC_DONE, OCF_RC_OK, NULL);
    } else {
        finish(c, r, EXEC_NOT_SUPPORTED, OCF_RC_UNIMPLEMENTED, "Connections to remote nodes have no such action");
    }
}

static void
next(struct controld *c, struct remote *r)
{
    if (r->current == NULL && (r->current = g_queue_pop_head(&r->queue)) != NULL) {
        begin(c, r);
    }
}

static bool
is_same(const struct command *m, const struct ctl_effect *e)
{
    return m->interval_ms == e->interval_ms && text_equal(m->action, e->action);
}

/* A recurring monitor that is asked for again goes on under its new name, at once. */
static struct command *
take_same(struct controld *c, struct remote *r, const struct ctl_effect *e)
{
    for (unsigned i = 0; e->interval_ms > 0 && i < r->recurring->len; i++) {
        struct command *m = r->recurring->pdata[i];

        if (is_same(m, e)) {
            cancel_timer(c, m);
            g_ptr_array_remove_index(r->recurring, i);
            m->reported = false;
            return m;
        }
    }
    return g_new0(struct command, 1);
}

static void
accept_command(struct controld *c, struct remote *r, const struct ctl_effect *e)
{
    struct command *m = take_same(c, r, e);

    g_free(m->action);
    g_free(m->userdata);
    if (m->params != NULL) {
        g_hash_table_unref(m->params);
    }
    m->action = g_strdup(e->action);
    m->userdata = g_strdup(e->text);
    m->interval_ms = e->interval_ms;
    m->timeout_ms = e->timeout_ms > 0 ? e->timeout_ms : DEFAULT_TIMEOUT_MS;
    m->params = g_hash_table_ref(e->params);
    m->accepted_ms = c->now.ms;
    m->started_ms = 0;
    m->call_id = ++r->calls;
    g_queue_push_tail(&r->queue, m);
    exec_reply(c, e->cookie, m->call_id);
    next(c, r);
}

/* Take a recurring command out of wherever it is; NULL: there is none. */
static struct command *
take_out(struct controld *c, struct remote *r, const struct ctl_effect *e)
{
    for (unsigned i = 0; i < r->recurring->len; i++) {
        if (is_same(r->recurring->pdata[i], e)) {
            return g_ptr_array_steal_index(r->recurring, i);
        }
    }
    for (GList *l = r->queue.head; l != NULL; l = l->next) {
        struct command *m = l->data;

        if (is_same(m, e)) {
            g_queue_delete_link(&r->queue, l);
            return m;
        }
    }
    return r->current != NULL && r->current->interval_ms > 0 && is_same(r->current, e) ? g_steal_pointer(&r->current) : NULL;
}

static void
cancel(struct controld *c, struct remote *r, const struct ctl_effect *e)
{
    struct command *m = take_out(c, r, e);

    exec_reply(c, e->cookie, m != NULL ? 0 : -EOPNOTSUPP);
    if (m != NULL) {
        cancel_timer(c, m);
        report(c, r, m, EXEC_CANCELLED, m->rc, NULL);
        command_free(m);
        next(c, r);
    }
}

void
remote_work(struct controld *c)
{
    struct ctl_effect *e;

    while ((e = g_queue_pop_head(&c->remote_inbox)) != NULL) {
        struct remote *r = remote_get(c, e->rsc);
        const struct lrm_rsc *rsc = g_hash_table_lookup(c->local.resources, e->rsc);

        if (rsc != NULL) {
            r->is_guest = rsc->container != NULL;
        }
        if (e->kind == CTL_EXEC_RUN) {
            accept_command(c, r, e);
        } else if (e->kind == CTL_EXEC_CANCEL) {
            cancel(c, r, e);
        } else {
            exec_reply(c, e->cookie, 0); /* there is nobody to register with */
        }
        ctl_effect_free(e);
    }
}

/* ---- timers ---- */

static void
on_current_timer(struct controld *c, struct remote *r)
{
    r->current->timer = 0;
    if (starts(r->current)) {
        attempt(c, r);
    } else if (text_equal(r->current->action, "monitor")) {
        poke_timed_out(c, r);
    } else {
        log_warn("Nobody has taken over the connection to %s in time", r->lrm.node);
        stop(c, r);
    }
}

void
remote_on_timer(struct controld *c, uint64_t id)
{
    g_autoptr(GList) all = g_hash_table_get_values(c->remotes);

    for (const GList *l = all; l != NULL; l = l->next) {
        struct remote *r = l->data;

        if (r->current != NULL && r->current->timer == id) {
            on_current_timer(c, r);
            return;
        }
        for (unsigned i = 0; i < r->recurring->len; i++) {
            struct command *m = r->recurring->pdata[i];

            if (m->timer == id) {
                m->timer = 0;
                g_ptr_array_remove_index(r->recurring, i);
                m->accepted_ms = c->now.ms;
                g_queue_push_tail(&r->queue, m);
                next(c, r);
                return;
            }
        }
    }
}

/* ---- what the node asks, and what the cluster says of it ---- */

void
ctl_on_remote_leaving(struct controld *c, struct ctl_time t, const char *node)
{
    struct remote *r;

    event_begin(c, t);
    r = g_hash_table_lookup(c->remotes, node);
    if (r != NULL && r->lrm.connected) {
        struct ctl_effect *e = effect_new(c, CTL_REMOTE_ANSWER);

        e->node = g_strdup(node);
        e->options = !r->in_maintenance;
        if (r->in_maintenance) {
            log_notice("%s asks to be shut down, but is in maintenance mode", node);
        } else {
            g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, now_epoch(c));

            log_notice("%s asks to be shut down", node);
            attr_update(c, node, "shutdown", now, true);
        }
    }
    event_end(c);
}

bool
ctl_remote_watchdog(struct controld *c, const char *node, long long *timeout_ms)
{
    const struct remote *r = g_hash_table_lookup(c->remotes, node);

    *timeout_ms = c->opt.watchdog_timeout;
    return r != NULL && !r->is_guest;
}

void
remote_on_maintenance(struct controld *c, const xmlNode *data)
{
    if (data == NULL) {
        return;
    }
    xml_for_each (node, data, "node") {
        struct remote *r = xml_id(node) != NULL ? g_hash_table_lookup(c->remotes, xml_id(node)) : NULL;
        xmlNode *status, *state;

        if (r == NULL || !r->lrm.connected) {
            continue;
        }
        r->in_maintenance = xml_get_bool(node, "node_in_maintenance", false);
        status = xml_new(NULL, "status");
        state = node_state_xml(peers_remote_get(c->peers, r->lrm.node), status, 0, "remote_ra_maintenance");
        xml_set(state, "node_in_maintenance", r->in_maintenance ? "1" : "0");
        cib_request(c, CIB_OP_MODIFY, "status", status, CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE, cib_log_failure,
                    g_strdup_printf("record the maintenance mode of %s", r->lrm.node), g_free);
    }
}
