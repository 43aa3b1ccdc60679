/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-fenced, the shell of the fencer: endpoint, cluster group, clock.  Carries the core's effects out.
 * Started by the launcher.  Decides nothing about fencing: that is fenced_*.c.  (spec 60 §1)
 */
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/panic.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cluster/cluster.h"
#include "lib/fence/fence_client.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_protocol.h"
#include "lib/ipc/ipc_server.h"

#include "daemons/fenced/fenced_cib.h"
#include "daemons/fenced/fenced_core.h"
#include "daemons/fenced/fenced_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    struct fenced_core *core;
    struct ipc_server *server;
    struct peers *peers;
    struct cluster *cluster; /* NULL if we stand alone */
    struct daemon_deadline deadline;
    gboolean standalone, without_cib;
} self;

static struct fenced_now
now(void)
{
    gint64 real = g_get_real_time();

    return (struct fenced_now) {
        .ms = (uint64_t) (g_get_monotonic_time() / 1000),
        .epoch = real / G_USEC_PER_SEC,
        .nsec = (long) (real % G_USEC_PER_SEC) * 1000,
    };
}

static void carry_out(void);

/* --- time --- */

static void
on_deadline(void)
{
    fenced_core_tick(self.core, now());
    carry_out();
}

/* --- effects --- */

static void
reply(const struct fenced_effect *e)
{
    struct ipc_client *client = ipc_client_find(e->to);

    if (client != NULL) {
        ipc_client_reply(client, e->request_id, e->request_flags, e->xml);
    }
}

static void
push_event(const struct fenced_effect *e)
{
    struct ipc_payload *payload = NULL;

    if (ipc_server_payload(e->xml, &payload) != RC_OK) {
        return;
    }
    for (unsigned i = 0; i < e->clients->len; i++) {
        struct ipc_client *client = ipc_client_find(e->clients->pdata[i]);

        if (client != NULL) {
            ipc_client_event_payload(client, payload);
        }
    }
    ipc_payload_unref(payload);
}

static void
send_message(const struct fenced_effect *e)
{
    const struct peer *peer = NULL;

    if (self.cluster == NULL) {
        return;
    }
    if (e->to != NULL) {
        peer = peers_find(self.peers, 0, e->to);
        if (peer == NULL) {
            log_warn("Not sending %s to %s, which is no node of this cluster", xml_name(e->xml), e->to);
            return;
        }
    }
    cluster_send(self.cluster, peer, CLUSTER_TYPE_FENCER, e->xml);
}

static void
forget_node(const struct fenced_effect *e)
{
    peers_purge(self.peers, (uint32_t) xml_get_int(e->xml, "id", 0), xml_get(e->xml, "uname"));
}

static void
on_agent_done(unsigned run_id, const struct fence_result *result)
{
    fenced_core_done(self.core, now(), run_id, result);
    carry_out();
}

static void
carry_out(void)
{
    struct fenced_effect *e;

    while ((e = fenced_core_take_effect(self.core)) != NULL) {
        switch (e->kind) {
        case FENCED_REPLY:
            reply(e);
            break;
        case FENCED_EVENT:
            push_event(e);
            break;
        case FENCED_SEND:
            send_message(e);
            break;
        case FENCED_FORGET:
            forget_node(e);
            break;
        case FENCED_PANIC:
            panic_node("it is fenced by its own watchdog");
            break;
        case FENCED_RUN:
            fenced_agent_run(e, on_agent_done);
            break;
        }
        fenced_effect_free(e);
    }
    daemon_deadline_set(&self.deadline, fenced_core_deadline(self.core), on_deadline);
}

/* --- clients --- */

static int
on_accept(struct ipc_server *server, uid_t uid, gid_t gid, void *data)
{
    return daemon_is_quitting() ? EPERM : 0;
}

static void
on_connected(struct ipc_client *client, void *data)
{
    fenced_core_client_connected(self.core, client->id, (long) client->pid, client->privileged);
}

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    if (request->xml == NULL) {
        ipc_client_ack(client, request, "nack", CRM_EX_PROTOCOL, NULL);
        return;
    }
    fenced_core_request(self.core, now(), client->id, request->id, request->flags, request->xml);
    carry_out();
}

static void
on_closed(struct ipc_client *client, void *data)
{
    fenced_core_client_gone(self.core, client->id);
}

/* --- cluster --- */

/* Tell the core which fencers there are. */
static void
refresh_peers(void)
{
    g_autoptr(GPtrArray) all = peers_list(self.peers);
    g_autoptr(GArray) active = g_array_new(FALSE, FALSE, sizeof(struct fenced_peer));

    for (unsigned i = 0; i < all->len; i++) {
        const struct peer *peer = all->pdata[i];

        if (peer_is_active(peer) && peer->name != NULL) {
            const struct fenced_peer fencer = { peer->name, peer->pid };

            g_array_append_val(active, fencer);
        }
    }
    if (self.core != NULL) {
        fenced_core_set_peers(self.core, (const struct fenced_peer *) active->data, active->len);
    }
}

static void
on_peer_state(struct peer *peer, enum peer_state old, void *data)
{
    refresh_peers();
    if (self.core != NULL && self.cluster != NULL && !peer->remote) {
        fenced_core_poke(self.core);
        carry_out();
    }
}

static void
on_peer_name(struct peer *peer, void *data)
{
    refresh_peers();
}

static void
on_peer_process(struct peer *peer, uint32_t old_mask, void *data)
{
    refresh_peers();
}

static void
on_cluster_changed(struct cluster *c, const struct cluster_change *change, void *data)
{
    refresh_peers();
}

static void
on_message(struct cluster *c, xmlNode *xml, uint32_t from_id, const char *from, void *data)
{
    if (self.core == NULL) {
        return; /* before the end of our start */
    }
    refresh_peers(); /* the message may have taught us its sender's name */
    fenced_core_message(self.core, now(), from, xml);
    carry_out();
}

static void
on_lost(struct cluster *c, void *data)
{
    log_crit("Exiting because the cluster layer is gone");
    daemon_quit(CRM_EX_OK);
}

static void
on_configuration(const xmlNode *configuration)
{
    peers_set_configured(self.peers, xml_first(configuration, "nodes")); /* one that is lost is asked for by its id, too */
    fenced_core_configuration(self.core, now(), configuration);
    carry_out();
}

static void
on_cib_lost(void)
{
    if (!daemon_is_quitting()) {
        log_crit("Exiting because the connection to the CIB manager is lost");
        daemon_quit(CRM_EX_OK);
    }
}

static char *
new_uuid(void *data)
{
    return text_new_uuid();
}

static const char *
node_name(uint32_t id, void *data)
{
    const struct peer *peer = peers_find_known(self.peers, id, NULL);

    return (peer != NULL) ? peer->name : NULL;
}

static uint32_t
node_id(const char *name, void *data)
{
    const struct peer *peer = peers_find_any(self.peers, 0, name);

    return (peer != NULL) ? peer->id : 0;
}

static unsigned
random_below(unsigned below, void *data)
{
    return (below > 0) ? (unsigned) g_random_int_range(0, (gint32) below) : 0;
}

static const char *
agent_namespace(const char *agent, void *data)
{
    return fence_agent_namespace(agent);
}

static char *
resolve(uint32_t id, void *data)
{
    return cluster_node_name(id);
}

static void
join_cluster(void)
{
    static const struct peers_callbacks peer_callbacks = {
        .name_known = on_peer_name,
        .state_changed = on_peer_state,
        .process_changed = on_peer_process,
        .resolve = resolve,
    };
    static const struct cluster_callbacks callbacks = {
        .message = on_message,
        .changed = on_cluster_changed,
        .lost = on_lost,
    };

    self.peers = peers_new(PEERS_AUTO_REAP, &peer_callbacks, NULL);
    if (self.standalone) {
        log_warn("Running without a cluster, which is deprecated and for tests only");
        return;
    }
    if (cluster_connect(SYS_FENCER, CLUSTER_DEFAULT, self.peers, &callbacks, NULL, &self.cluster) != RC_OK) {
        log_crit("Cannot join the cluster: is Corosync running on this node?");
        daemon_exit(CRM_EX_FATAL);
    }
}

/* --- start and end --- */

static int
print_metadata(void)
{
    g_autofree char *text = fenced_metadata();

    fputs(text, stdout);
    return CRM_EX_OK;
}

static void
on_sigterm(int signo, void *data)
{
    if (self.server != NULL) {
        ipc_server_refuse(self.server, EPERM);
    }
    daemon_quit(CRM_EX_OK);
}

static const GOptionEntry options[] = {
    { "stand-alone", 's', 0, G_OPTION_ARG_NONE, &self.standalone, "Run without a cluster (deprecated, for tests)", NULL },
    { "stand-alone-w-cpg", 'c', 0, G_OPTION_ARG_NONE, &self.without_cib,
      "Run in a cluster but without its configuration (for tests)", NULL },
    { NULL },
};
static const struct daemon_word words[] = { { "metadata", print_metadata }, { NULL } };

/* Since this host's first process was started, which in a container is not when the machine was; if nobody knows, for ever. */
static uint64_t
uptime_ms(void *data)
{
    g_autofree char *text = NULL;
    const char *field;
    struct timespec up;
    unsigned long long started;

    if (!g_file_get_contents("/proc/1/stat", &text, NULL, NULL) || clock_gettime(CLOCK_BOOTTIME, &up) != 0) {
        return UINT64_MAX;
    }
    field = strrchr(text, ')'); /* the name may hold anything */
    if (field == NULL || sscanf(field + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &started) != 1) {
        return UINT64_MAX;
    }
    return (uint64_t) up.tv_sec * 1000 + (uint64_t) up.tv_nsec / 1000000 - started * 1000 / (unsigned long long) sysconf(_SC_CLK_TCK);
}

static const struct daemon_spec spec = {
    .name = "pacemaker-fenced",
    .summary = "fences nodes of the cluster",
    .options = options,
    .words = words,
};

static void
start_core(void)
{
    struct fenced_config config = {
        .node = "localhost",
        .pid = (long) getpid(),
        .standalone = self.standalone,
        .new_uuid = new_uuid,
        .node_name = node_name,
        .node_id = node_id,
        .random = random_below,
        .agent_namespace = agent_namespace,
        .uptime_ms = uptime_ms,
        .sbd_timeout_ms = sbd_watchdog_timeout_ms(),
    };

    if (self.cluster != NULL) {
        config.node = cluster_local_name(self.cluster);
    }
    self.core = fenced_core_new(&config);
    refresh_peers();
}

int
main(int argc, char **argv)
{
    static const struct ipc_server_callbacks callbacks = {
        .accept = on_accept,
        .connected = on_connected,
        .request = on_request,
        .closed = on_closed,
    };
    int rc;

    daemon_init(&spec, &argc, &argv);
    log_notice("Starting Pacemaker fencer");
    if (ipc_already_active(ENDPOINT_FENCER)) {
        log_crit("Not starting: a fencer is active already");
        daemon_exit(CRM_EX_OK);
    }
    signal(SIGPIPE, SIG_IGN);
    join_cluster();
    start_core();
    self.server = ipc_server_new(ENDPOINT_FENCER, IPC_TYPE_NATIVE, IPC_SERVER_FAST, &callbacks, NULL);
    if (self.server == NULL) {
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_enter();
    daemon_on_signal(SIGTERM, on_sigterm, NULL);
    if (!self.standalone && !self.without_cib) {
        fenced_cib_start(on_configuration, on_cib_lost);
    }
    log_notice("Pacemaker fencer successfully started and accepting connections");
    rc = daemon_run();
    fenced_cib_stop();
    ipc_server_free(self.server);
    cluster_disconnect(self.cluster);
    peers_free(self.peers);
    fenced_core_free(self.core);
    daemon_exit(rc);
}
