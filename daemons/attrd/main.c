/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-attrd, the shell of the attribute manager: endpoint, group, CIB, clock.  Carries the core's effects out.
 * Started by the launcher.  Decides nothing about attributes: that is attrd_core.c and its neighbours.  (spec 70 §1)
 */
#include "daemons/attrd/attrd_core.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cluster/cluster.h"
#include "lib/cluster/election.h"
#include "lib/exec/alerts.h"
#include "lib/exec/lrmd_client.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_server.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CIB_ATTEMPTS     60     /* about as many seconds */
#define CIB_PAUSE_MIN_US 10000  /* it starts at the same time: be there when it is */
#define CIB_PAUSE_MAX_US 1000000
/* Bits of cib_change_section that matter here (spec 20 §8.6). */
#define CHANGED_NODES  0x1
#define CHANGED_STATUS 0x4

static struct {
    struct attrd_core *core;
    struct peers *peers;
    struct cluster *cluster;
    struct cib_client *cib;
    struct ipc_server *server;
    GPtrArray *alerts;        /* struct alert_entry */
    struct lrmd_client *exec; /* runs alert agents; NULL until one is wanted */
    /* the request that the core handles just now */
    struct ipc_client *client;
    const struct ipc_request *request;
    struct daemon_deadline deadline;
    bool stopping;
} self;

static uint64_t
now(void)
{
    return (uint64_t)(g_get_monotonic_time() / 1000);
}

/* --- carrying effects out --- */

static void carry_out(void);

struct pending_write {
    unsigned write_id;
};

static void
on_write_done(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    const struct pending_write *pending = data;

    if (!self.stopping) {
        attrd_core_cib_result(self.core, now(), pending->write_id, rc);
        carry_out();
    }
}

static void
write_cib(const struct attrd_effect *effect)
{
    struct pending_write *pending = g_new0(struct pending_write, 1);
    const struct cib_request request = {
        .op = CIB_OP_MODIFY,
        .section = "status",
        .input = effect->xml,
        .options = effect->options,
        .user = effect->user,
    };
    int rc;

    pending->write_id = effect->write_id;
    rc = cib_call_async(self.cib, &request, 0, on_write_done, pending, g_free);
    if (rc < 0) {
        log_err("Could not send changes of attributes to the CIB manager: %s", result_text(-rc));
        g_free(pending);
        attrd_core_cib_result(self.core, now(), effect->write_id, -rc);
    }
}

static void
on_erased(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    if (rc == RC_OK) {
        log_debug("Erased %s from the CIB", (const char *)data);
    } else {
        log_notice("Could not erase %s from the CIB: %s", (const char *)data, result_text(rc));
    }
}

static void
erase_from_cib(const struct attrd_effect *effect)
{
    const struct cib_request request = { .op = CIB_OP_DELETE, .section = effect->xpath, .options = effect->options };
    char *what = g_strdup(effect->xpath);
    int rc = cib_call_async(self.cib, &request, 0, on_erased, what, g_free);

    if (rc < 0) {
        log_notice("Could not ask for the erasure of %s: %s", what, result_text(-rc));
        g_free(what);
    }
}

static void
on_read(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    if (!self.stopping) {
        attrd_core_cib_read(self.core, now(), rc == RC_OK ? output : NULL);
        carry_out();
    }
}

static void
read_cib(const struct attrd_effect *effect)
{
    const struct cib_request request = { .op = CIB_OP_QUERY, .section = effect->xpath, .options = effect->options };

    if (cib_call_async(self.cib, &request, 0, on_read, NULL, NULL) < 0) {
        attrd_core_cib_read(self.core, now(), NULL);
    }
}

static void
send_peer(const struct attrd_effect *effect)
{
    struct peer *to = NULL;

    if (effect->target != NULL || effect->target_id != 0) {
        to = peers_find(self.peers, effect->target_id, effect->target);
        if (to == NULL) {
            log_info("Not sending to %s: it is gone", effect->target != NULL ? effect->target : "peer");
            return;
        }
    }
    cluster_send(self.cluster, to, CLUSTER_TYPE_ATTRD, effect->xml);
}

/* --- alerts (spec 70 §8.6, spec 50 §11) --- */

/* Alerts run through the local executor.  Whoever does without them never connects to it. */
static bool
executor_is_there(void)
{
    int rc;

    if (self.exec == NULL) {
        self.exec = lrmd_client_new(NULL, NULL);
    }
    if (lrmd_client_is_connected(self.exec)) {
        return true;
    }
    rc = lrmd_client_connect(self.exec, "attrd");
    if (rc < 0) {
        log_warn("Could not send an alert: no connection to the executor (%s)", result_text(legacy_to_result(rc)));
    }
    return rc == 0;
}

static void
send_alerts(const struct attrd_effect *effect)
{
    int64_t now_us = g_get_real_time();
    g_autoptr(GHashTable) facts = NULL;

    for (guint i = 0; i < self.alerts->len; i++) {
        const struct alert_entry *a = g_ptr_array_index(self.alerts, i);
        g_autoptr(GHashTable) env = NULL;
        int rc;

        if (!alert_wants_attribute(a, effect->name)) {
            continue;
        }
        if (!executor_is_there()) {
            return;
        }
        if (facts == NULL) {
            facts = alert_facts_new();
            alert_add(facts, "node", effect->target);
            alert_add_int(facts, "nodeid", effect->target_id);
            alert_add(facts, "attribute_name", effect->name);
            alert_add(facts, "attribute_value", effect->value);
        }
        env = alert_environment(a, "attribute", facts, now_us);
        rc = lrmd_client_alert(self.exec, a->id, a->path, (int)a->timeout_ms, env);
        if (rc < 0) {
            log_warn("The executor does not run alert %s: %s", a->id, result_text(legacy_to_result(rc)));
        }
    }
}

static void
on_alerts(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    alerts_read(self.alerts, rc == RC_OK ? output : NULL, g_get_real_time() / G_USEC_PER_SEC);
}

static void
fetch_alerts(void)
{
    const struct cib_request request = { .op = CIB_OP_QUERY, .section = "alerts", .options = CIB_OPT_LOCAL };

    if (cib_call_async(self.cib, &request, 0, on_alerts, NULL, NULL) < 0) {
        log_err("Could not ask for the configuration of alerts");
    }
}

/* Does a patchset change the alerts?  A path names them, or the new element of a creation does. */
static bool
changes_alerts(const xmlNode *patch)
{
    if (patch == NULL) {
        return false;
    }
    xml_for_each(change, patch, "change")
    {
        const char *path = xml_get(change, "path");
        const xmlNode *made = xml_first(change, NULL);

        if ((path != NULL && strstr(path, "/alerts") != NULL) || xml_is(made, "alerts") || xml_is(made, "configuration")) {
            return true;
        }
    }
    return false;
}

static void
carry_out_one(const struct attrd_effect *effect)
{
    switch (effect->kind) {
        case ATTRD_SEND:
            send_peer(effect);
            break;
        case ATTRD_REPLY:
            /* On the response channel also for clients that did not say that they wait (spec 70 §4). */
            ipc_client_reply(self.client, self.request->id, self.request->flags | IPC_WANTS_RESPONSE, effect->xml);
            break;
        case ATTRD_CIB_MODIFY:
            write_cib(effect);
            break;
        case ATTRD_CIB_ERASE:
            erase_from_cib(effect);
            break;
        case ATTRD_CIB_READ:
            read_cib(effect);
            break;
        case ATTRD_ALERT:
            send_alerts(effect);
            break;
    }
}

static void
on_deadline(void)
{
    attrd_core_tick(self.core, now());
    carry_out();
}

static void
carry_out(void)
{
    struct attrd_effect *effect;

    while ((effect = attrd_core_next_effect(self.core)) != NULL) {
        carry_out_one(effect);
        attrd_effect_free(effect);
    }
    daemon_deadline_set(&self.deadline, attrd_core_deadline(self.core), on_deadline);
}

/* --- the group --- */

static void
on_peer_message(struct cluster *c, xmlNode *xml, uint32_t from_id, const char *from, void *data)
{
    struct attrd_origin origin = { .id = from_id, .name = from, .to_us_alone = cluster_message_is_directed(c) };

    attrd_core_peer_message(self.core, now(), &origin, xml);
    carry_out();
}

static void
on_peer_state(struct peer *peer, enum peer_state old, void *data)
{
    /* Before the core exists there is nothing that a member could be told or have said. */
    if (self.core != NULL && !self.stopping) {
        attrd_core_peer_changed(self.core, now(), peer);
        carry_out();
    }
}

static char *
resolve_name(uint32_t id, void *data)
{
    return cluster_node_name(id);
}

static void
on_cluster_lost(struct cluster *c, void *data)
{
    if (!self.stopping) {
        log_crit("Lost connection to cluster layer, shutting down");
        daemon_quit(CRM_EX_DISCONNECT);
    }
}

static const struct peers_callbacks peers_callbacks = {
    .state_changed = on_peer_state,
    .resolve = resolve_name,
};

static const struct cluster_callbacks cluster_callbacks = {
    .message = on_peer_message,
    .lost = on_cluster_lost,
};

/* --- the CIB --- */

static void
on_cib_lost(struct cib_client *c, void *data)
{
    if (!self.stopping) {
        log_crit("Lost connection to the CIB manager, shutting down");
        daemon_quit(CRM_EX_DISCONNECT);
    }
}

static void
on_cib_replaced(struct cib_client *c, const char *type, const xmlNode *message, void *data)
{
    long long sections = xml_get_int(message, "cib_change_section", CHANGED_NODES | CHANGED_STATUS);

    if (self.core != NULL && !self.stopping && (sections & (CHANGED_NODES | CHANGED_STATUS)) != 0) {
        attrd_core_cib_replaced(self.core, now());
        carry_out();
    }
    if (!self.stopping) {
        fetch_alerts();
    }
}

static void
on_cib_changed(struct cib_client *c, const char *type, const xmlNode *message, void *data)
{
    if (self.core != NULL && !self.stopping && cib_notification_rc(message) == RC_OK) {
        if (changes_alerts(cib_notification_patch(message))) {
            fetch_alerts();
        }
        attrd_core_cib_changed(self.core, now(), cib_notification_patch(message));
        carry_out();
    }
}

static int
connect_cib(void)
{
    gulong pause_us = CIB_PAUSE_MIN_US;
    int rc = RC_OK;

    self.alerts = alerts_new();
    self.cib = cib_client_new_native();
    for (unsigned attempt = 0; attempt < CIB_ATTEMPTS; attempt++) {
        if (attempt > 0) {
            g_usleep(pause_us);
            pause_us = MIN(pause_us * 2, CIB_PAUSE_MAX_US);
        }
        rc = cib_client_connect(self.cib, SYS_ATTRD, CIB_ENDPOINT_COMMAND, CIB_CONNECT_EVENTS);
        if (rc == RC_OK) {
            break;
        }
        log_debug("CIB manager does not answer yet (attempt %u): %s", attempt + 1, result_text(rc));
    }
    if (rc != RC_OK) {
        log_err("Could not connect to the CIB manager: %s", result_text(rc));
        return rc;
    }
    cib_client_on_lost(self.cib, on_cib_lost, NULL);
    rc = cib_client_subscribe(self.cib, CIB_NOTIFY_REFRESH, on_cib_replaced, NULL);
    if (rc == RC_OK) {
        rc = cib_client_subscribe(self.cib, CIB_NOTIFY_DIFF, on_cib_changed, NULL);
    }
    if (rc == RC_OK) {
        rc = cib_client_narrow(self.cib, "/cib/configuration/alerts delete:/cib/status//node_state delete:/cib/status//transient_attributes");
    }
    if (rc != RC_OK) {
        log_err("Could not subscribe to changes of the CIB: %s", result_text(rc));
    }
    return rc;
}

/* --- clients --- */

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    const struct attrd_request r = {
        .xml = request->xml,
        .client = ipc_client_label(client),
        .wants_response = (request->flags & IPC_WANTS_RESPONSE) != 0,
    };

    if (request->xml != NULL) {
        access_stamp_user(request->xml, F_ATTR_USER, client->user);
    }
    self.client = client;
    self.request = request;
    attrd_core_request(self.core, now(), &r);
    carry_out();
    self.client = NULL;
    self.request = NULL;
}

static const struct ipc_server_callbacks server_callbacks = { .request = on_request };

/* --- start and end --- */

static void
on_terminate(int signo, void *data)
{
    self.stopping = true;
    attrd_core_stop(self.core);
    ipc_server_refuse(self.server, EPERM);
    daemon_quit(CRM_EX_OK);
}

static uint32_t
find_node_id(const char *name, void *data)
{
    return cluster_node_id(name);
}

static int
join_cluster(void)
{
    struct attrd_config config = {
        .program = "pacemaker-attrd",
        .refs = ctl_process_refs(),
        .node_id = find_node_id,
        .cpu_time = election_process_cpu_time,
    };
    int rc;

    self.peers = peers_new(PEERS_AUTO_REAP, &peers_callbacks, NULL);
    rc = cluster_connect(SYS_ATTRD, CLUSTER_KEEP_SRC, self.peers, &cluster_callbacks, NULL, &self.cluster);
    if (rc == RC_OK) {
        config.peers = self.peers;
        self.core = attrd_core_new(&config);
    }
    return rc;
}

static void
clean_up(void)
{
    self.stopping = true;
    daemon_deadline_set(&self.deadline, UINT64_MAX, on_deadline);
    ipc_server_free(self.server);
    lrmd_client_free(self.exec);
    cluster_disconnect(self.cluster);
    cib_client_free(self.cib);
    attrd_core_free(self.core);
    peers_free(self.peers);
    g_ptr_array_unref(self.alerts);
}

static char *output_as, *output_to;

static const GOptionEntry options[] = {
    { "output-as", 0, 0, G_OPTION_ARG_STRING, &output_as, "Accepted, without meaning for a daemon", "FORMAT" },
    { "output-to", 0, 0, G_OPTION_ARG_STRING, &output_to, "Accepted, without meaning for a daemon", "FILE" },
    { NULL },
};

int
main(int argc, char **argv)
{
    static const struct daemon_spec spec = {
        .name = "pacemaker-attrd",
        .summary = "manages the transient attributes of the cluster's nodes",
        .flags = DAEMON_IGNORE_ARGUMENTS,
        .options = options,
    };
    int exit_code;

    daemon_init(&spec, &argc, &argv);
    log_notice("Starting Pacemaker node attribute manager");
    if (ipc_already_active(ENDPOINT_ATTRD)) {
        log_crit("pacemaker-attrd is already active, aborting startup");
        daemon_exit(CRM_EX_OK);
    }
    daemon_enter();
    if (connect_cib() != RC_OK || join_cluster() != RC_OK) {
        clean_up();
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_on_signal(SIGTERM, on_terminate, NULL);
    fetch_alerts();
    attrd_core_start(self.core, now());
    carry_out();
    self.server = ipc_server_new(ENDPOINT_ATTRD, IPC_TYPE_NATIVE, IPC_SERVER_DEFAULT, &server_callbacks, NULL);
    if (self.server == NULL) {
        clean_up();
        daemon_exit(CRM_EX_FATAL);
    }
    log_notice("Pacemaker node attribute manager successfully started and accepting connections");
    exit_code = daemon_run();
    clean_up();
    return exit_code;
}
