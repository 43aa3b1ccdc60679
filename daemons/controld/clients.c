/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's connections to the other daemons of this node.  Called by the shell to carry out effects; what
 * comes back is given to the core as events.
 * Never interprets what it carries.  (spec 30 §1, §21)
 */
#include "daemons/controld/shell.h"

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/cib/cib_client.h"
#include "lib/exec/lrmd_client.h"
#include "lib/fence/fence_client.h"
#include "lib/ipc/attrd_client.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"

#include <errno.h>
#include <stdlib.h>

/* The others start at the same time as we do: ask often, for as long as the peers do. */
#define RETRY_MS       50
#define RETRY_LIMIT_MS 60000
#define RETRY_SLOW_MS  1000 /* fencer and scheduler: for ever */

static struct {
    struct cib_client *cib;
    struct lrmd_client *exec;
    struct fence_client *fencer;
    struct ipc_connection *scheduler;
    uint32_t scheduler_room; /* size of its buffers; 0: the least */
    struct attrd_client *attrd;
    guint cib_retry, exec_retry, fencer_retry, scheduler_retry, attr_retry;
    gint64 cib_since, exec_since;
} self;

static bool
waited_too_long(gint64 since)
{
    return g_get_monotonic_time() - since > RETRY_LIMIT_MS * 1000LL;
}

/* ---- CIB manager ---- */

static void
on_cib_notify(struct cib_client *c, const char *type, const xmlNode *message, void *data)
{
    if (text_equal(type, CIB_NOTIFY_DIFF)) {
        ctl_on_cib_diff(shell.core, shell_now(), cib_notification_rc(message), cib_notification_patch(message),
                        cib_notification_root(message));
    } else if (xml_get_int(message, F_CIB_RC, 0) == 0) {
        ctl_on_cib_replaced(shell.core, shell_now(), (unsigned)xml_get_int(message, "cib_change_section", 5));
    }
    shell_carry_out();
}

static void
on_cib_lost(struct cib_client *c, void *data)
{
    ctl_on_cib_lost(shell.core, shell_now());
    shell_carry_out();
}

static gboolean
try_cib(gpointer data)
{
    int rc = cib_client_connect(self.cib, SYS_CRMD, CIB_ENDPOINT_CONTROLLER, CIB_CONNECT_EVENTS);

    if (rc == RC_OK) {
        rc = cib_client_subscribe(self.cib, CIB_NOTIFY_DIFF, on_cib_notify, NULL);
    }
    if (rc == RC_OK) {
        rc = cib_client_subscribe(self.cib, CIB_NOTIFY_REFRESH, on_cib_notify, NULL);
    }
    if (rc != RC_OK && !waited_too_long(self.cib_since)) {
        cib_client_disconnect(self.cib);
        return G_SOURCE_CONTINUE;
    }
    self.cib_retry = 0;
    if (rc == RC_OK) {
        log_info("Connected to the CIB manager");
        cib_client_on_lost(self.cib, on_cib_lost, NULL);
        ctl_on_cib_connected(shell.core, shell_now());
    } else {
        log_err("Could not connect to the CIB manager: %s", result_text(rc));
        ctl_on_cib_failed(shell.core, shell_now());
    }
    shell_carry_out();
    return G_SOURCE_REMOVE;
}

void
clients_connect_cib(void)
{
    if (self.cib == NULL) {
        self.cib = cib_client_new_native();
    }
    self.cib_since = g_get_monotonic_time();
    if (self.cib_retry == 0) {
        self.cib_retry = g_timeout_add(RETRY_MS, try_cib, NULL);
    }
}

void
clients_disconnect_cib(void)
{
    if (self.cib_retry != 0) {
        g_source_remove(self.cib_retry);
        self.cib_retry = 0;
    }
    g_clear_pointer(&self.cib, cib_client_free);
}

static void
on_cib_done(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    ctl_on_cib_reply(shell.core, shell_now(), *(uint64_t *)data, rc, output);
    shell_carry_out();
}

/* A request that could not even be sent is answered from the main loop like any other. */
struct failed_call {
    uint64_t cookie;
    int rc;
};

static gboolean
answer_failed_call(gpointer data)
{
    const struct failed_call *f = data;

    if (!shell.ending) {
        ctl_on_cib_reply(shell.core, shell_now(), f->cookie, f->rc, NULL);
        shell_carry_out();
    }
    return G_SOURCE_REMOVE;
}

void
clients_cib(struct ctl_effect *e)
{
    struct cib_request request = {
        .op = e->op, .section = e->section, .input = e->xml, .options = e->options, .host = e->node, .user = e->user
    };
    int call = -ENOTCONN;

    if (self.cib != NULL && cib_client_is_connected(self.cib)) {
        call = cib_call_async(self.cib, &request, (int)(e->timeout_ms / 1000), on_cib_done, g_memdup2(&e->cookie, sizeof e->cookie),
                              g_free);
    }
    if (call < 0) {
        struct failed_call *f = g_new(struct failed_call, 1);

        f->cookie = e->cookie;
        f->rc = -call;
        g_idle_add_full(G_PRIORITY_DEFAULT, answer_failed_call, f, g_free);
    }
}

void
clients_cib_interest(const struct ctl_effect *e)
{
    int rc = self.cib != NULL ? cib_client_narrow(self.cib, e->text) : ENOTCONN;

    if (rc != RC_OK) {
        log_info("The CIB manager does not learn which changes concern us: %s", result_text(rc));
    }
}

/* ---- executor ---- */

void
shell_exec_result(const struct lrmd_event *event, const char *node)
{
    const struct ctl_exec_result result = {
        .node = node,
        .rsc = event->rsc_id,
        .action = event->action,
        .userdata = event->userdata,
        .exit_reason = event->exit_reason,
        .output = event->output,
        .interval_ms = event->interval_ms,
        .timeout_ms = event->timeout_ms,
        .call_id = event->call_id,
        .status = event->exec_status,
        .rc = event->exec_rc,
        .deleted = event->rsc_deleted,
        .run_time = event->run_time,
        .change_time = event->rcchange_time,
        .exec_ms = event->exec_time_ms,
        .queue_ms = event->queue_time_ms,
        .params = event->params,
    };

    ctl_on_exec_result(shell.core, shell_now(), &result);
}

static void
on_exec_event(const struct lrmd_event *event, void *data)
{
    if (event->kind == LRMD_EVENT_DISCONNECT) {
        ctl_on_exec_lost(shell.core, shell_now());
        shell_carry_out();
    } else if (event->kind == LRMD_EVENT_EXEC_COMPLETE) {
        shell_exec_result(event, NULL);
        shell_carry_out();
    }
}

static gboolean
try_exec(gpointer data)
{
    int rc = lrmd_client_connect(self.exec, SYS_CRMD);

    if (rc != 0 && !waited_too_long(self.exec_since)) {
        return G_SOURCE_CONTINUE;
    }
    self.exec_retry = 0;
    if (rc == 0) {
        log_info("Connected to the executor");
        ctl_on_exec_connected(shell.core, shell_now());
    } else {
        log_err("Could not connect to the executor: %s", legacy_text(rc));
        ctl_on_exec_failed(shell.core, shell_now());
    }
    shell_carry_out();
    return G_SOURCE_REMOVE;
}

void
clients_connect_exec(void)
{
    if (self.exec == NULL) {
        self.exec = lrmd_client_new(on_exec_event, NULL);
    }
    if (lrmd_client_is_connected(self.exec)) {
        return;
    }
    self.exec_since = g_get_monotonic_time();
    if (self.exec_retry == 0) {
        self.exec_retry = g_timeout_add(RETRY_MS, try_exec, NULL);
    }
}

void
clients_disconnect_exec(void)
{
    if (self.exec_retry != 0) {
        g_source_remove(self.exec_retry);
        self.exec_retry = 0;
    }
    g_clear_pointer(&self.exec, lrmd_client_free);
}

void
clients_exec(struct ctl_effect *e)
{
    int rc = -ENOTCONN;

    if (e->node != NULL) {
        remotes_exec(e);
        return;
    }
    if (self.exec != NULL && lrmd_client_is_connected(self.exec)) {
        switch (e->kind) {
            case CTL_EXEC_REGISTER:
                rc = lrmd_client_register_rsc(self.exec, e->rsc, e->agent.standard, e->agent.provider, e->agent.type,
                                              LRMD_OPT_DROP_RECURRING);
                break;
            case CTL_EXEC_UNREGISTER:
                rc = lrmd_client_unregister_rsc(self.exec, e->rsc);
                break;
            case CTL_EXEC_CANCEL:
                rc = lrmd_client_cancel(self.exec, e->rsc, e->action, e->interval_ms);
                break;
            case CTL_EXEC_ALERT:
                rc = lrmd_client_alert(self.exec, e->rsc, e->text, (int)e->timeout_ms, e->params);
                if (rc < 0) {
                    log_warn("The executor does not run alert %s: %s", e->rsc, legacy_text(rc));
                }
                return;
            default: {
                const struct lrmd_exec op = {
                    .rsc_id = e->rsc,
                    .action = e->action,
                    .userdata = e->text,
                    .interval_ms = e->interval_ms,
                    .timeout_ms = (int)e->timeout_ms,
                    .start_delay_ms = (int)e->delay_ms,
                    .options = LRMD_OPT_NOTIFY_ORIGINATOR | LRMD_OPT_NOTIFY_CHANGES,
                    .params = e->params,
                };

                rc = lrmd_client_exec(self.exec, &op);
                break;
            }
        }
    }
    shell_answer_exec(e->cookie, rc);
}

/* ---- fencer ---- */

static gboolean try_fencer(gpointer data);

static void
on_fence_event(const struct fence_event *event, void *data)
{
    if (text_equal(event->type, FENCE_NOTIFY_DISCONNECT)) {
        ctl_on_fencer_lost(shell.core, shell_now());
    } else if (text_equal(event->type, FENCE_NOTIFY_HISTORY_SYNCED)) {
        ctl_on_fence_synced(shell.core, shell_now());
    } else if (text_equal(event->type, FENCE_NOTIFY_FENCE)) {
        const struct ctl_fence_event e = {
            .target = event->target,
            .action = event->action,
            .executor = event->executioner,
            .origin = event->origin,
            .client = event->client_name,
            .id = event->id,
            .reason = event->result != NULL ? event->result->reason : NULL,
            .status = event->result != NULL ? event->result->status : EXEC_UNKNOWN,
            .rc = event->result != NULL ? event->result->rc : 1,
        };

        ctl_on_fence_event(shell.core, shell_now(), &e);
    }
    shell_carry_out();
}

static gboolean
try_fencer(gpointer data)
{
    int rc = fence_client_connect(self.fencer, "pacemaker-controld", true);

    if (rc == 0) {
        rc = fence_client_subscribe(self.fencer, FENCE_NOTIFY_FENCE);
    }
    if (rc == 0) {
        rc = fence_client_subscribe(self.fencer, FENCE_NOTIFY_HISTORY_SYNCED);
    }
    if (rc != 0) {
        fence_client_disconnect(self.fencer);
        self.fencer_retry = g_timeout_add(GPOINTER_TO_INT(data) < 100 ? RETRY_MS * 2 : RETRY_SLOW_MS, try_fencer,
                                          GINT_TO_POINTER(GPOINTER_TO_INT(data) + 1));
        return G_SOURCE_REMOVE;
    }
    self.fencer_retry = 0;
    ctl_on_fencer_connected(shell.core, shell_now());
    shell_carry_out();
    return G_SOURCE_REMOVE;
}

void
clients_connect_fencer(void)
{
    static const struct fence_client_callbacks callbacks = { .event = on_fence_event };

    if (self.fencer == NULL) {
        self.fencer = fence_client_new(&callbacks, NULL);
    }
    if (self.fencer_retry == 0 && !fence_client_is_connected(self.fencer)) {
        self.fencer_retry = g_timeout_add(RETRY_MS, try_fencer, NULL);
    }
}

void
clients_disconnect_fencer(void)
{
    if (self.fencer_retry != 0) {
        g_source_remove(self.fencer_retry);
        self.fencer_retry = 0;
    }
    g_clear_pointer(&self.fencer, fence_client_free);
}

static void
on_fence_done(const struct fence_reply *reply, void *data)
{
    uint64_t *cookie = data;

    ctl_on_fence_result(shell.core, shell_now(), *cookie, reply->result->status, reply->result->rc, reply->result->reason);
    g_free(cookie);
    shell_carry_out();
}

static void
on_watchdog_listed(const struct fence_reply *reply, void *data)
{
    ctl_on_watchdog_targets(shell.core, shell_now(), fence_result_is_success(reply->result), reply->result->output);
    shell_carry_out();
}

static gboolean
answer_failed_fencing(gpointer data)
{
    const struct failed_call *f = data;

    if (!shell.ending) {
        ctl_on_fence_result(shell.core, shell_now(), f->cookie, EXEC_NOT_CONNECTED, 1, "No connection to the fencer");
        shell_carry_out();
    }
    return G_SOURCE_REMOVE;
}

static void
request_fencing(struct ctl_effect *e)
{
    const struct fence_request request = {
        .target = e->node,
        .action = e->action,
        .timeout_s = (unsigned)((e->timeout_ms + 999) / 1000),
        .delay_s = (int)(e->delay_ms / 1000),
        .options = e->options | FENCE_OPT_TIMEOUT_UPDATES,
    };
    uint64_t *cookie = g_memdup2(&e->cookie, sizeof e->cookie);
    int rc = self.fencer != NULL ? fence_client_fence(self.fencer, &request, on_fence_done, cookie) : -ENOTCONN;

    if (rc <= 0) {
        struct failed_call *f = g_new(struct failed_call, 1);

        g_free(cookie);
        f->cookie = e->cookie;
        f->rc = rc;
        g_idle_add_full(G_PRIORITY_DEFAULT, answer_failed_fencing, f, g_free);
    }
}

void
clients_fence(struct ctl_effect *e)
{
    if (e->kind == CTL_FENCE) {
        request_fencing(e);
    } else if (self.fencer == NULL || !fence_client_is_connected(self.fencer)) {
        return;
    } else if (e->kind == CTL_FENCE_SYNC) {
        fence_client_history(self.fencer, NULL, FENCE_OPT_BROADCAST, 5, NULL, NULL);
    } else {
        fence_client_execute(self.fencer, FENCE_DEVICE_WATCHDOG, "list", NULL, 5, on_watchdog_listed, NULL);
    }
}

/* ---- scheduler ---- */

static void
on_scheduler_event(struct ipc_connection *c, xmlNode *xml, uint32_t flags, void *data)
{
    ctl_on_scheduler_reply(shell.core, shell_now(), xml);
    shell_carry_out();
}

static void
on_scheduler_closed(struct ipc_connection *c, void *data)
{
    g_clear_pointer(&self.scheduler, ipc_disconnect);
    ctl_on_scheduler_lost(shell.core, shell_now());
    shell_carry_out();
}

/* A connection's buffers are memory three times over: it gets what the CIB needs, not what the greatest might. */
static struct ipc_connection *
open_scheduler(void)
{
    static const struct ipc_connection_callbacks callbacks = { .event = on_scheduler_event, .closed = on_scheduler_closed };
    struct ipc_connection *c = NULL;

    if (ipc_connect(ENDPOINT_SCHEDULER, MAX(self.scheduler_room, IPC_BUFFER_CIB), &c) != RC_OK) {
        return NULL;
    }
    ipc_watch(c, G_PRIORITY_DEFAULT, &callbacks, NULL);
    return c;
}

static gboolean
try_scheduler(gpointer data)
{
    self.scheduler = open_scheduler();
    if (self.scheduler == NULL) {
        ctl_on_scheduler_unreachable(shell.core, shell_now());
        shell_carry_out();
        return self.scheduler_retry != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
    }
    self.scheduler_retry = 0;
    ctl_on_scheduler_connected(shell.core, shell_now());
    shell_carry_out();
    return G_SOURCE_REMOVE;
}

void
clients_connect_scheduler(void)
{
    if (self.scheduler == NULL && self.scheduler_retry == 0) {
        self.scheduler_retry = g_timeout_add(RETRY_MS, try_scheduler, NULL);
    }
}

void
clients_disconnect_scheduler(void)
{
    if (self.scheduler_retry != 0) {
        g_source_remove(self.scheduler_retry);
        self.scheduler_retry = 0;
    }
    g_clear_pointer(&self.scheduler, ipc_disconnect);
}

/* Messages that do not fit are compressed, which takes longer than all else about them: rather connect anew. */
static void
make_room(const xmlNode *message)
{
    g_autoptr(GString) text = g_string_new(NULL);
    struct ipc_connection *c;

    xml_append_text(text, message, XML_TEXT_PLAIN);
    if (self.scheduler == NULL || text->len + IPC_HEADER_SIZE < MAX(self.scheduler_room, IPC_BUFFER_CIB)
        || self.scheduler_room == IPC_BUFFER_SCHEDULER) {
        return;
    }
    self.scheduler_room = (uint32_t)MIN(2 * text->len, IPC_BUFFER_SCHEDULER);
    c = open_scheduler();
    if (c != NULL) {
        ipc_disconnect(self.scheduler);
        self.scheduler = c;
    }
}

void
clients_schedule(struct ctl_effect *e)
{
    int rc;

    make_room(e->xml);
    rc = self.scheduler != NULL ? ipc_send(self.scheduler, e->xml, 0, NULL) : ENOTCONN;

    if (rc != RC_OK) {
        log_err("Could not send the CIB to the scheduler: %s", result_text(rc));
    }
}

/* ---- attribute manager ---- */

/* A request that waits for the attribute manager to be there. */
struct attr_request {
    xmlNode *xml;
    char *what;
    gint64 since;
};

static GQueue attr_requests = G_QUEUE_INIT;

static void
attr_request_free(struct attr_request *r)
{
    xml_free(r->xml);
    g_free(r->what);
    g_free(r);
}

static bool
may_come_yet(int rc)
{
    return rc == ECONNREFUSED || rc == ENOENT || rc == EAGAIN || rc == ENOTCONN || rc == EALREADY;
}

/* Send what waits, in order; false while the attribute manager is not there. */
static bool
send_attr_requests(void)
{
    struct attr_request *r;

    while ((r = g_queue_peek_head(&attr_requests)) != NULL) {
        int rc = attrd_client_send_take(self.attrd, xml_copy(NULL, r->xml), NULL);

        if (may_come_yet(rc) && !waited_too_long(r->since)) {
            return false;
        }
        g_queue_pop_head(&attr_requests);
        if (rc != RC_OK) {
            log_err("Could not update %s: %s", r->what, result_text(rc));
            ctl_on_attrd_failed(shell.core, shell_now(), r->what);
        }
        attr_request_free(r);
    }
    return true;
}

static gboolean
on_attr_retry(gpointer data)
{
    if (!shell.ending && !send_attr_requests()) {
        return G_SOURCE_CONTINUE;
    }
    self.attr_retry = 0;
    shell_carry_out();
    return G_SOURCE_REMOVE;
}

static gboolean
on_attr_first(gpointer data)
{
    if (on_attr_retry(NULL) == G_SOURCE_CONTINUE) {
        self.attr_retry = g_timeout_add(RETRY_MS, on_attr_retry, NULL);
    }
    return G_SOURCE_REMOVE;
}

void
clients_attrd(struct ctl_effect *e)
{
    struct attr_request *r = g_new0(struct attr_request, 1);

    if (self.attrd == NULL) {
        self.attrd = attrd_client_new("pacemaker-controld");
    }
    r->xml = g_steal_pointer(&e->xml);
    r->what = g_strdup(e->text);
    r->since = g_get_monotonic_time();
    g_queue_push_tail(&attr_requests, r);
    /* From the main loop, so that a failure is an event like any other. */
    if (self.attr_retry == 0) {
        self.attr_retry = g_idle_add_full(G_PRIORITY_DEFAULT, on_attr_first, NULL, NULL);
    }
}
