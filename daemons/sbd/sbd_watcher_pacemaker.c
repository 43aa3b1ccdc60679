/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Pacemaker watcher: a process that asks the launcher how it is, follows the CIB and Corosync's
 * quorum, and tells the inquisitor whether this node is a healthy member of a quorate cluster.
 * Started by the inquisitor.  Decides by the core's rules; changes nothing in the cluster.  (spec 65
 * §9)
 */
#include <glib-unix.h>
#include <glib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <corosync/corotypes.h>
#include <corosync/quorum.h>

#include "daemons/sbd/sbd_check.h"
#include "daemons/sbd/sbd_daemon.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"
#include "lib/sched/model/model.h"

#define CLIENT_NAME    "sbd:pcmk" /* the launcher looks for "sbd" in it */
#define RETRY_MS       1000
#define SETTLE_MS      1000 /* changes of the CIB within this time are judged together */
#define MAX_WAITING    10   /* ... but no more than so many */
#define CALL_TIMEOUT_S 30

static struct {
    const struct sbd_daemon *d;
    GMainLoop *loop;
    int exit_code;

    struct ipc_connection *launcher;
    bool asked;    /* a ping is on its way */
    int64_t stamp; /* newest good answer of the launcher */

    struct cib_client *cib;
    xmlNode *doc; /* our copy; NULL: to be fetched */
    bool fetching;
    unsigned waiting; /* changes since the last judgement */
    gint64 judged;    /* when that was, monotonic us */
    guint settle;     /* timer of the next one */
    unsigned round;

    quorum_handle_t quorum;
    guint quorum_source; /* 0: not connected */
    bool denied;         /* Corosync says that there is no quorum, or is gone */

    enum sbd_health health;
    bool known; /* there was a judgement */
    bool had_quorum;
    bool leaving; /* the last judgement saw us shut down with nothing left to lose */
    bool checked; /* the cluster's options were compared with ours */
} self;

static void
finish(int code)
{
    self.exit_code = code;
    g_main_loop_quit(self.loop);
}

/* --- reporting --- */

static void
report(void)
{
    if (self.known &&
        sbd_launcher_is_fresh(self.stamp, (int64_t)time(NULL), self.d->o->watchdog_s)) {
        sbd_link_report(sbd_health_report(self.health));
    }
}

static void
set_health(enum sbd_health health)
{
    if (!self.known || health != self.health) {
        sbd_log(health == SBD_HEALTH_ONLINE ? LOG_NOTICE : LOG_WARNING, "Node state: %s",
                sbd_health_text(health));
    }
    self.health = health;
    self.known = true;
}

/* --- judging the CIB --- */

static enum sbd_quorum_policy
policy_of(enum sched_quorum_policy policy)
{
    switch (policy) {
    case QUORUM_STOP:
        return SBD_POLICY_STOP;
    case QUORUM_FREEZE:
        return SBD_POLICY_FREEZE;
    case QUORUM_IGNORE:
        return SBD_POLICY_IGNORE;
    case QUORUM_DEMOTE:
        return SBD_POLICY_DEMOTE;
    case QUORUM_SUICIDE:
        break;
    }
    return SBD_POLICY_SUICIDE;
}

/* Shutting down, and either in maintenance or without a managed resource: nothing is lost when
 * Pacemaker goes now. */
static bool
has_left(const struct sched_node *n)
{
    if (!n->shutdown) {
        return false;
    }
    if (n->maintenance) {
        return true;
    }
    VEC_FOR_EACH(struct sched_rsc, r, n->running)
    {
        if (rsc_is(r, RSC_MANAGED)) {
            return false;
        }
    }
    return true;
}

/* The others erase our wish to leave once our controller has gone.  Until we are a member again, that is no change of mind. */
static bool
is_still_leaving(const struct sched_node *n)
{
    return self.leaving && !n->shutdown && !n->unclean && (!n->online || n->pending);
}

static void
judge(void)
{
    struct sched *s;
    const struct sched_node *n;
    struct sbd_node_facts facts = { 0 };

    if (self.settle != 0) {
        g_source_remove(self.settle);
        self.settle = 0;
    }
    self.waiting = 0;
    self.judged = g_get_monotonic_time();
    if (self.doc == NULL) {
        return;
    }
    s = sched_new(self.doc, (int64_t)time(NULL), SCHED_STATUS_ONLY | SCHED_QUIET | SCHED_CAN_FENCE);
    n = sched_node_by_name(s, self.d->o->node);
    facts.has_dc = s->dc != NULL;
    facts.known = n != NULL;
    facts.quorate = s->have_quorum;
    facts.policy = policy_of(s->opt.no_quorum_policy);
    facts.denied = self.denied;
    if (n != NULL) {
        facts.online = n->online;
        facts.unclean = n->unclean;
        facts.pending = n->pending;
        self.leaving = has_left(n) || is_still_leaving(n);
    }
    set_health(sbd_pacemaker_health(&facts, self.d->o->n_devices == 0, &self.had_quorum));
    if (!self.checked && self.health == SBD_HEALTH_ONLINE) {
        self.checked = true;
        sbd_check_log_cluster(self.d->o, self.doc);
    }
    sched_free(s);
}

static gboolean
on_settled(gpointer data)
{
    (void)data;
    self.settle = 0;
    judge();
    report();
    return G_SOURCE_REMOVE;
}

/* --- the CIB --- */

static void
forget_document(void)
{
    xml_free(self.doc);
    self.doc = NULL;
}

static void
on_document(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply,
            void *data)
{
    (void)c, (void)call_id, (void)reply, (void)data;
    self.fetching = false;
    if (rc != RC_OK || output == NULL) {
        sbd_log(LOG_WARNING, "Cannot read the CIB: %s", result_text(rc));
        return;
    }
    forget_document();
    self.doc = xml_copy(NULL, output);
    judge();
    report();
}

static void
fetch(void)
{
    struct cib_request r = { .op = CIB_OP_QUERY, .options = CIB_OPT_LOCAL };

    if (!self.fetching &&
        cib_call_async(self.cib, &r, CALL_TIMEOUT_S, on_document, NULL, NULL) > 0) {
        self.fetching = true;
    }
}

/* Has this change just asked for our own shutdown?  Then it is judged at once. */
static bool
asks_us_to_leave(void)
{
    xml_for_each(status, self.doc, "status")
    {
        xml_for_each(state, status, "node_state")
        {
            const xmlNode *set;

            if (!text_equal_nocase(xml_get(state, "uname"), self.d->o->node)) {
                continue;
            }
            set = xml_first(state, "transient_attributes");
            set = set != NULL ? xml_first(set, "instance_attributes") : NULL;
            return set != NULL && xml_find(set, "nvpair", "name", "shutdown") != NULL &&
                   !self.leaving;
        }
    }
    return false;
}

static void
on_change(struct cib_client *c, const char *type, const xmlNode *message, void *data)
{
    gint64 passed_ms = (g_get_monotonic_time() - self.judged) / 1000;
    int rc;

    (void)c, (void)type, (void)data;
    if (self.doc == NULL) {
        return; /* the answer to our query is under way and holds this change or comes before it */
    }
    rc = cib_notification_apply(&self.doc, message);
    if (rc == RC_OLD_DATA) {
        return;
    }
    if (rc != RC_OK) {
        forget_document();
        fetch();
        return;
    }
    self.waiting++;
    if (passed_ms > SETTLE_MS || self.waiting > MAX_WAITING || asks_us_to_leave()) {
        judge();
        report();
    } else if (self.settle == 0) {
        self.settle = g_timeout_add((guint)(SETTLE_MS - passed_ms), on_settled, NULL);
    }
}

static void
on_cib_lost(struct cib_client *c, void *data)
{
    (void)c, (void)data;
    forget_document();
    self.fetching = false;
    /* Where the handshake is not asked for in so many words Pacemaker does not do it, whatever we would. */
    if (!(self.d->o->sync_startup && self.d->o->sync_startup_set) && self.leaving) {
        sbd_log(LOG_NOTICE, "Pacemaker was stopped in order");
        finish(SBD_RESULT_GRACEFUL);
        return;
    }
    set_health(SBD_HEALTH_TRANSIENT);
}

/* Connect if we are not.  What fails is tried again with the next round. */
static void
ensure_cib(void)
{
    if (self.cib != NULL && cib_client_is_connected(self.cib)) {
        return;
    }
    cib_client_free(self.cib);
    self.cib = cib_client_new_native();
    if (cib_client_connect(self.cib, CLIENT_NAME, CIB_ENDPOINT_QUERY, CIB_CONNECT_EVENTS) !=
        RC_OK) {
        return;
    }
    cib_client_on_lost(self.cib, on_cib_lost, NULL);
    self.fetching = false;
    if (cib_client_subscribe(self.cib, CIB_NOTIFY_DIFF, on_change, NULL) != RC_OK) {
        cib_client_disconnect(self.cib);
        return;
    }
    sbd_log(LOG_NOTICE, "Connected to the cluster's configuration");
    fetch();
}

/* --- Corosync's quorum --- */

static void
set_denied(bool denied)
{
    if (denied == self.denied) {
        return;
    }
    self.denied = denied;
    sbd_log(denied ? LOG_WARNING : LOG_NOTICE, "Corosync says that there is %s",
            denied ? "no quorum" : "quorum");
    judge();
    report();
}

static void
on_quorum(quorum_handle_t handle, uint32_t quorate, uint64_t ring_seq, uint32_t n,
          uint32_t *members)
{
    (void)handle, (void)ring_seq, (void)n, (void)members;
    set_denied(quorate == 0);
}

static gboolean
on_quorum_ready(gint fd, GIOCondition condition, gpointer data)
{
    cs_error_t rc = quorum_dispatch(self.quorum, CS_DISPATCH_ALL);

    (void)fd, (void)data;
    if (!(condition & (G_IO_HUP | G_IO_ERR)) && (rc == CS_OK || rc == CS_ERR_TRY_AGAIN)) {
        return G_SOURCE_CONTINUE;
    }
    quorum_finalize(self.quorum);
    self.quorum_source = 0;
    set_denied(true);
    return G_SOURCE_REMOVE;
}

/* Follow it if we do not.  What fails is tried again with the next round. */
static void
ensure_quorum(void)
{
    quorum_callbacks_t callbacks = { .quorum_notify_fn = on_quorum };
    uint32_t type;
    int fd, quorate;

    if (self.quorum_source != 0 || quorum_initialize(&self.quorum, &callbacks, &type) != CS_OK) {
        return;
    }
    if (type != QUORUM_SET || quorum_fd_get(self.quorum, &fd) != CS_OK ||
        quorum_trackstart(self.quorum, CS_TRACK_CHANGES) != CS_OK ||
        quorum_getquorate(self.quorum, &quorate) != CS_OK) {
        quorum_finalize(self.quorum);
        return;
    }
    self.quorum_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_quorum_ready, NULL);
    set_denied(quorate == 0);
}

/* --- the launcher --- */

static void
on_launcher_event(struct ipc_connection *c, xmlNode *xml, uint32_t flags, void *data)
{
    struct sbd_launcher_answer a = { 0 };
    const xmlNode *answer = msg_data(xml, F_CRM_XML);
    const char *state;

    (void)c, (void)flags, (void)data;
    if (answer == NULL || !xml_is(answer, XML_PING_RESPONSE)) {
        return;
    }
    self.asked = false;
    state = xml_get(answer, F_PING_LAUNCHER_STATE);
    a.ok = text_equal(xml_get(answer, F_PING_RESULT), "ok");
    a.timestamp = xml_get_int(answer, F_PING_TIMESTAMP, 0);
    a.running = text_is_one_of(state, "running", "shutting_down", NULL);
    a.shut_down = text_equal(state, "shutdown_complete");
    self.stamp = sbd_launcher_stamp(self.stamp, &a);
    if (a.shut_down) {
        /* Our end closes this connection, and that lets the launcher go. */
        sbd_log(LOG_NOTICE, "Pacemaker was stopped in order");
        finish(SBD_RESULT_GRACEFUL);
    }
}

static void
on_launcher_closed(struct ipc_connection *c, void *data)
{
    (void)data;
    ipc_disconnect(c);
    self.launcher = NULL;
}

static const struct ipc_connection_callbacks launcher_callbacks = { .event = on_launcher_event,
                                                                    .closed = on_launcher_closed };

static void
ensure_launcher(void)
{
    if (self.launcher != NULL && ipc_is_connected(self.launcher)) {
        return;
    }
    if (self.launcher != NULL) {
        ipc_disconnect(self.launcher);
        self.launcher = NULL;
    }
    if (ipc_connect(ENDPOINT_LAUNCHER, 0, &self.launcher) != RC_OK) {
        self.launcher = NULL;
        return;
    }
    self.asked = false;
    ipc_watch(self.launcher, G_PRIORITY_DEFAULT, &launcher_callbacks, NULL);
}

static void
ping(void)
{
    g_autofree char *pid = g_strdup_printf("%ld", (long)getpid());
    struct ctl_request r = {
        .task = CRM_TASK_PING,
        .sys_to = ENDPOINT_LAUNCHER,
        .sys_from = CLIENT_NAME,
        .client_uuid = pid,
    };
    g_autoptr(xmlNode) request = NULL;

    if (self.launcher == NULL || self.asked) {
        return; /* one at a time: a launcher that hangs must not find a heap of them */
    }
    request = ctl_request_new(ctl_process_refs(), &r);
    self.asked = ipc_send(self.launcher, request, 0, NULL) == RC_OK;
}

/* --- rounds --- */

static void
on_noop(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply,
        void *data)
{
    (void)c, (void)call_id, (void)output, (void)reply, (void)data;
    if (rc == RC_OK) {
        report(); /* the CIB manager is alive: what was judged last still holds */
    }
}

/* Every loop timeout: see that everybody is still there, and say so; now and then read the whole
 * CIB anew. */
static gboolean
on_round(gpointer data)
{
    const struct sbd_options *o = self.d->o;

    (void)data;
    ensure_quorum();
    ensure_launcher();
    if (self.launcher != NULL) {
        ensure_cib();
    }
    if (self.cib != NULL && cib_client_is_connected(self.cib) &&
        sbd_launcher_is_fresh(self.stamp, (int64_t)time(NULL), o->watchdog_s)) {
        if (self.doc == NULL || self.round++ % (o->watchdog_s / o->loop_s / 2 + 1) == 0) {
            fetch();
        } else {
            struct cib_request r = { .op = CIB_OP_NOOP, .options = CIB_OPT_LOCAL };

            cib_call_async(self.cib, &r, CALL_TIMEOUT_S, on_noop, NULL, NULL);
        }
    }
    ping();
    return G_SOURCE_CONTINUE;
}

int
sbd_watcher_pacemaker(const struct sbd_daemon *d)
{
    self.d = d;
    sbd_process_title("sbd: watcher: Pacemaker");
    if (d->o->verbose >= 3) {
        log_init("sbd", LOG_KIND_DAEMON, 1);
    }
    self.loop = g_main_loop_new(NULL, FALSE);
    on_round(NULL);
    g_timeout_add(d->o->loop_s * 1000, on_round, NULL);
    g_main_loop_run(self.loop);
    ipc_disconnect(self.launcher);
    return self.exit_code;
}
