/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-based, the CIB manager: shell around the core.  Turns IPC, CPG, timers and signals into events and carries
 * effects out.  Decides nothing.  (spec 20 §8, spec 10 §11)
 */
#include <errno.h>
#include <glib.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemons/cib/based_core.h"
#include "daemons/cib/based_disk.h"
#include "daemons/cib/based_post.h"
#include "daemons/cib/based_remote.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_proto.h"
#include "lib/cluster/cluster.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_server.h"

enum { FLUSH_MS = 1000, N_ENDPOINTS = 3 };

static struct {
    struct based *core;
    struct disk *disk;
    struct cib_schemas *schemas;
    struct cluster *cluster;
    struct peers *peers;
    struct ipc_server *servers[N_ENDPOINTS];
    guint timers[BASED_N_TIMERS];
    unsigned queue_limit;
    bool running_effects;
} shell;

static struct {
    gboolean stand_alone, disk_writes;
    char *directory;
} options;

static gboolean
take_stand_alone(const char *option, const char *value, gpointer data, GError **error)
{
    options.stand_alone = TRUE;
    options.disk_writes = FALSE; /* -w counts if it follows */
    return TRUE;
}

static const GOptionEntry option_entries[] = {
    { "stand-alone", 's', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer)take_stand_alone,
      "Run without a cluster (advanced use only)", NULL },
    { "disk-writes", 'w', 0, G_OPTION_ARG_NONE, &options.disk_writes, "Write to disk nevertheless (advanced use only)", NULL },
    { "cib-root", 'r', 0, G_OPTION_ARG_FILENAME, &options.directory, "Directory of the configuration (advanced use only)",
      "DIR" },
    { NULL },
};

static int
print_metadata(void)
{
    puts("<?xml version=\"1.0\"?>\n"
         "<resource-agent name=\"pacemaker-based\" version=\"" CRM_VERSION "\">\n"
         "  <version>1.1</version>\n"
         "  <longdesc lang=\"en\">Cluster options that the CIB manager uses</longdesc>\n"
         "  <shortdesc lang=\"en\">Options of the CIB manager</shortdesc>\n"
         "  <parameters>\n"
         "    <parameter name=\"enable-acl\">\n"
         "      <longdesc lang=\"en\">Whether access control lists decide who may read and change the configuration</longdesc>\n"
         "      <shortdesc lang=\"en\">Whether access control lists are in force</shortdesc>\n"
         "      <content type=\"boolean\" default=\"false\"/>\n"
         "    </parameter>\n"
         "    <parameter name=\"cluster-ipc-limit\">\n"
         "      <longdesc lang=\"en\">How many messages may wait for a cluster daemon before it is disconnected. Raise it if the log"
         " tells of evicted clients with PIDs of cluster daemons; resources times nodes is a good value.</longdesc>\n"
         "      <shortdesc lang=\"en\">Largest backlog of IPC messages of a cluster daemon</shortdesc>\n"
         "      <content type=\"integer\" default=\"500\"/>\n"
         "    </parameter>\n"
         "  </parameters>\n"
         "</resource-agent>");
    return CRM_EX_OK;
}

/* --- effects --- */

static void run_effects(void);

static gboolean
timer_expired(gpointer data)
{
    enum based_timer timer = (enum based_timer)GPOINTER_TO_INT(data);

    shell.timers[timer] = 0;
    based_timer_expired(shell.core, timer, time(NULL));
    run_effects();
    return G_SOURCE_REMOVE;
}

static void
set_timer(enum based_timer timer, unsigned delay_ms)
{
    if (shell.timers[timer] != 0) {
        g_source_remove(shell.timers[timer]);
        shell.timers[timer] = 0;
    }
    if (delay_ms > 0) {
        shell.timers[timer] = g_timeout_add(delay_ms, timer_expired, GINT_TO_POINTER(timer));
    }
}

static GString *
effect_text(struct based_effect *e)
{
    GString *text = g_steal_pointer(&e->xml_text);

    if (text == NULL) {
        text = g_string_sized_new(1024);
        xml_append_text(text, e->xml, XML_TEXT_PLAIN);
    }
    return text;
}

static void
send_to_group(const struct based_effect *e)
{
    const struct peer *to = NULL;

    if (e->to != NULL && (to = peers_get(shell.peers, 0, e->to)) == NULL) {
        log_warn("Cannot send to node %s: nobody knows it", e->to);
        return;
    }
    cluster_send(shell.cluster, to, CLUSTER_TYPE_CIB, e->xml);
}

static void
acknowledge(struct ipc_client *client, const struct based_effect *e)
{
    struct ipc_request request = { .id = e->request_id, .flags = e->request_flags };

    ipc_client_ack(client, &request, e->text, e->value, NULL);
}

static void
disconnect_client(struct ipc_client *client, void *data)
{
    ipc_client_disconnect(client);
}

/* One event to many, near and far. */
static void
notify(struct based_effect *e)
{
    GString *text = effect_text(e);

    for (guint i = e->clients->len; i-- > 0;) {
        const char *id = g_ptr_array_index(e->clients, i);

        if (remote_client_exists(id)) {
            remote_client_send(id, text);
            g_ptr_array_remove_index(e->clients, i);
        }
    }
    if (e->clients->len > 0) {
        post_to_all(e->clients, text);
    } else {
        g_string_free(text, TRUE);
    }
}

static void
carry_out(struct based_effect *e)
{
    struct ipc_client *client = e->client_id != NULL ? ipc_client_find(e->client_id) : NULL;

    switch (e->kind) {
    case BASED_REPLY:
    case BASED_EVENT:
        if (remote_client_exists(e->client_id)) {
            g_autoptr(GString) text = effect_text(e);

            remote_client_send(e->client_id, text);
        } else if (e->kind == BASED_EVENT) {
            post_event(e->client_id, effect_text(e));
        } else {
            post_reply(e->client_id, e->request_id, e->request_flags, effect_text(e));
        }
        break;
    case BASED_ACK:
        if (client != NULL) {
            acknowledge(client, e);
        }
        break;
    case BASED_NOTIFY:
        notify(e);
        break;
    case BASED_SEND:
        send_to_group(e);
        break;
    case BASED_TIMER:
        set_timer((enum based_timer)e->value, e->delay_ms);
        break;
    case BASED_JOURNAL:
        disk_append(shell.disk, g_steal_pointer(&e->record), e->sequence, e->value != 0);
        break;
    case BASED_WRITE:
        disk_request_write(shell.disk);
        break;
    case BASED_QUEUE_LIMIT:
        shell.queue_limit = (unsigned)e->value;
        break;
    case BASED_DISCONNECT_CLIENTS:
        for (int i = 0; i < N_ENDPOINTS; i++) {
            ipc_server_refuse(shell.servers[i], EPERM);
        }
        ipc_server_for_each(NULL, disconnect_client, NULL);
        remote_server_finish();
        break;
    case BASED_EXIT:
        daemon_quit(e->value);
        break;
    }
}

/* Effects may lead to events and so to more effects; the order is the queue's. */
static void
run_effects(void)
{
    struct based_effect *e;

    if (shell.running_effects) {
        return;
    }
    shell.running_effects = true;
    while ((e = based_next_effect(shell.core)) != NULL) {
        carry_out(e);
        based_effect_free(e);
    }
    shell.running_effects = false;
}

/* --- disk --- */

static void
on_durable(uint64_t sequence, void *data)
{
    based_durable(shell.core, sequence);
    run_effects();
}

static const xmlNode *
current_document(void *data)
{
    return based_document(shell.core);
}

static const struct disk_callbacks disk_callbacks = { .durable = on_durable, .document = current_document };

/* --- IPC --- */

static const struct {
    const char *name;
    enum ipc_server_type type;
    enum based_endpoint endpoint;
} endpoints[N_ENDPOINTS] = {
    { ENDPOINT_CIB_RO, IPC_TYPE_NATIVE, BASED_RO },
    { ENDPOINT_CIB_RW, IPC_TYPE_NATIVE, BASED_RW },
    { ENDPOINT_CIB_SHM, IPC_TYPE_SHM, BASED_SHM },
};

static void
on_connected(struct ipc_client *client, void *data)
{
    based_client_connected(shell.core, client->id, (enum based_endpoint)GPOINTER_TO_INT(data), client->privileged);
    run_effects();
}

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    struct based_request r = {
        .client_id = client->id,
        .request_id = request->id,
        .request_flags = request->flags,
        .wants_response = (request->flags & IPC_WANTS_RESPONSE) != 0,
        .message = request->xml,
    };

    if (request->xml != NULL) {
        const char *name = xml_get(request->xml, CIB_F_CLIENT_NAME);

        access_stamp_user(request->xml, CIB_F_USER, client->user);
        if (client->name == NULL && name != NULL) {
            ipc_client_set_name(client, name);
        }
        if (client->privileged && client->name != NULL && ipc_name_is_daemon(client->name)) {
            ipc_client_set_queue_limit(client, shell.queue_limit);
        }
    }
    based_client_request(shell.core, &r, time(NULL));
    run_effects();
}

static void
on_closed(struct ipc_client *client, void *data)
{
    post_forget(client->id);
    based_client_closed(shell.core, client->id);
    run_effects();
}

static const struct ipc_server_callbacks ipc_callbacks = {
    .connected = on_connected,
    .request = on_request,
    .closed = on_closed,
};

static void
open_endpoints(void)
{
    for (int i = 0; i < N_ENDPOINTS; i++) {
        shell.servers[i] = ipc_server_new(endpoints[i].name, endpoints[i].type, IPC_SERVER_DEFAULT, &ipc_callbacks,
                                          GINT_TO_POINTER(endpoints[i].endpoint));
        if (shell.servers[i] == NULL) {
            daemon_exit(CRM_EX_FATAL);
        }
    }
}

/* --- remote clients --- */

static void
on_remote_connected(const char *client_id)
{
    based_client_connected(shell.core, client_id, BASED_REMOTE, false);
    run_effects();
}

static void
on_remote_request(const char *client_id, xmlNode *message)
{
    struct based_request r = { .client_id = client_id, .message = message };

    based_client_request(shell.core, &r, time(NULL));
    run_effects();
}

static void
on_remote_closed(const char *client_id)
{
    based_client_closed(shell.core, client_id);
    run_effects();
}

static const struct remote_server_callbacks remote_callbacks = {
    .connected = on_remote_connected,
    .request = on_remote_request,
    .closed = on_remote_closed,
};

static void
open_remote(const xmlNode *root)
{
    int tls_port = (int)xml_get_int(root, "remote-tls-port", 0), clear_port = (int)xml_get_int(root, "remote-clear-port", 0);

    remote_server_init(&remote_callbacks);
    if (tls_port > 0) {
        remote_server_listen(tls_port, true);
    }
    if (clear_port > 0) {
        remote_server_listen(clear_port, false);
    }
}

/* --- cluster --- */

static void
on_message(struct cluster *c, xmlNode *xml, uint32_t from_id, const char *from, void *data)
{
    if (shell.core == NULL) {
        return; /* still joining: the document will come from the others */
    }
    if (from == NULL) {
        log_warn("Ignoring a message of node %u, whose name nobody knows", from_id);
        return;
    }
    based_cluster_message(shell.core, xml, from, time(NULL));
    run_effects();
}

static void
on_membership(struct cluster *c, const struct cluster_change *change, void *data)
{
    if (shell.core != NULL) {
        based_peers_changed(shell.core, peers_active_count(shell.peers));
        run_effects();
    }
}

static void
on_lost(struct cluster *c, void *data)
{
    shell.cluster = NULL;
    daemon_quit(CRM_EX_DISCONNECT);
}

static const struct cluster_callbacks cluster_callbacks = {
    .message = on_message,
    .changed = on_membership,
    .lost = on_lost,
};

static char *
resolve_name(uint32_t id, void *data)
{
    return cluster_node_name(id);
}

static const struct peers_callbacks peers_callbacks = { .resolve = resolve_name };

/* --- start --- */

static void
become_daemon_user(void)
{
    const struct passwd *user = getpwnam(DAEMON_USER);

    if (geteuid() != 0 || user == NULL) {
        return;
    }
    if (setgid(user->pw_gid) != 0 || initgroups(DAEMON_USER, user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
        log_warn("Could not become user %s: %s", DAEMON_USER, strerror(errno));
    }
}

/* Owned and writable by the daemon user or the daemon group (spec 10 §9). */
static bool
directory_is_ours(const char *dir)
{
    const struct passwd *user = getpwnam(DAEMON_USER);
    struct stat st;

    if (user == NULL || stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return false;
    }
    return (st.st_uid == user->pw_uid && (st.st_mode & 0600) == 0600)
           || (st.st_gid == user->pw_gid && (st.st_mode & 0060) == 0060);
}

static void
check_directory(const char *dir)
{
    static const char *const files[] = { "cib.xml", "cib.xml.sig" };

    if (!directory_is_ours(dir) || access(dir, R_OK | W_OK) != 0) {
        log_err("%s must be owned and writable by either user %s or group %s", dir, DAEMON_USER, DAEMON_GROUP);
        fprintf(stderr, "ERROR: Bad permissions on %s (see logs for details)\n", dir);
        daemon_exit(CRM_EX_FATAL);
    }
    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", dir, files[i]);

        if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) != 0) {
            log_err("%s must be readable and writable by user %s", path, DAEMON_USER);
            daemon_exit(CRM_EX_NOINPUT);
        }
    }
}

static void
join_cluster(void)
{
    shell.peers = peers_new(PEERS_AUTO_REAP, &peers_callbacks, NULL);
    if (cluster_connect(SYS_CIB, CLUSTER_DEFAULT, shell.peers, &cluster_callbacks, NULL, &shell.cluster) != RC_OK) {
        log_crit("Could not connect to the cluster layer");
        daemon_exit(CRM_EX_FATAL);
    }
}

static void
on_term(int signo, void *data)
{
    log_info("Shutting down");
    based_shutdown(shell.core);
    run_effects();
}

static void
on_pipe(int signo, void *data)
{
    disk_enable(shell.disk);
}

static void
start(const char *dir)
{
    bool disable_writes = false, writes;
    xmlNode *document = disk_load(dir, &disable_writes);
    struct based_config config = { .stand_alone = options.stand_alone };

    shell.schemas = cib_schemas_new(NULL);
    if (document == NULL) {
        log_warn("No usable configuration found in %s: starting with an empty one", dir);
        document = cib_empty_new(cib_schema_default(shell.schemas), 0);
    }
    based_prepare_document(document, options.stand_alone);
    writes = !disable_writes && (!options.stand_alone || options.disk_writes);
    config.schemas = shell.schemas;
    config.journal = writes;
    config.node_name = options.stand_alone ? "localhost" : "";
    /* the core must exist before the first message: its name comes from the cluster, so join first */
    if (!options.stand_alone) {
        join_cluster();
        config.node_name = cluster_local_name(shell.cluster);
    }
    shell.core = based_new(&config, document);
    post_init();
    shell.disk = disk_new(dir, writes, &disk_callbacks, NULL);
    if (!options.stand_alone) {
        based_peers_changed(shell.core, peers_active_count(shell.peers));
    }
    run_effects();
    disk_request_write(shell.disk);
    open_endpoints();
    open_remote(based_document(shell.core));
}

int
main(int argc, char **argv)
{
    static const struct daemon_word words[] = { { "metadata", print_metadata }, { NULL } };
    const struct daemon_spec spec = {
        .name = "pacemaker-based",
        .summary = "Manages the configuration of a Pacemaker cluster",
        .flags = DAEMON_NO_VERSION,
        .options = option_entries,
        .words = words,
    };
    const char *dir;
    int code;

    daemon_init(&spec, &argc, &argv);
    dir = options.directory != NULL ? options.directory : STATE_DIR "/cib";
    log_notice("Starting Pacemaker CIB manager");
    if (ipc_already_active(ENDPOINT_CIB_RO)) {
        log_err("pacemaker-based is already active, aborting startup");
        return CRM_EX_OK;
    }
    if (options.stand_alone) {
        become_daemon_user();
    }
    daemon_enter();
    check_directory(dir);
    start(dir);
    daemon_on_signal(SIGTERM, on_term, NULL);
    daemon_on_signal(SIGPIPE, on_pipe, NULL);
    log_notice("Pacemaker CIB manager successfully started and accepting connections");
    code = daemon_run();

    remote_server_finish();
    for (int i = 0; i < N_ENDPOINTS; i++) {
        ipc_server_free(shell.servers[i]);
    }
    if (shell.cluster != NULL) {
        cluster_flush(shell.cluster, FLUSH_MS);
        cluster_disconnect(shell.cluster);
    }
    disk_finish(shell.disk);
    post_finish();
    based_free(shell.core);
    cib_schemas_free(shell.schemas);
    if (shell.peers != NULL) {
        peers_free(shell.peers);
    }
    log_fini();
    return code;
}
