/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-controld, the shell of the controller: cluster layer, IPC endpoint, timers, load, process.  Started by
 * the launcher.  Turns what happens into events of the core and carries its effects out.
 * Decides nothing about the cluster: that is core_*.c.  (spec 30 §1)
 */
#include "daemons/controld/shell.h"

#include "lib/base/bzip2.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/panic.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/cluster/cluster.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define LOAD_INTERVAL_S 30
#define SCHEDULER_DIR   STATE_DIR "/pengine"
#define CIB_DIR         STATE_DIR "/cib"

struct shell shell;

static struct {
    struct cluster *cluster;
    struct ipc_server *server;
    guint load_timer;
    GArray *answers; /* struct exec_answer: known at once, delivered after the effects */
    bool carrying_out;
    uint64_t cib_cpu; /* ticks of the CIB manager at the last sample */
    gint64 cib_sampled;
    pid_t cib_pid;
} self;

struct exec_answer {
    uint64_t cookie;
    int rc;
};

struct ctl_time
shell_now(void)
{
    struct rusage usage;
    struct ctl_time t = { .ms = (uint64_t)(g_get_monotonic_time() / 1000), .epoch_us = g_get_real_time() };

    getrusage(RUSAGE_SELF, &usage);
    t.cpu_us = (uint64_t)usage.ru_utime.tv_sec * G_USEC_PER_SEC + (uint64_t)usage.ru_utime.tv_usec;
    return t;
}

/* ---- timers ---- */

struct timer {
    uint64_t id;
};

static gboolean
on_timer(gpointer data)
{
    const uint64_t id = *(const uint64_t *)data;

    g_hash_table_steal(shell.timers, &id);
    ctl_on_timer(shell.core, shell_now(), id);
    shell_carry_out();
    return G_SOURCE_REMOVE;
}

static void
remove_source(gpointer source)
{
    g_source_remove(GPOINTER_TO_UINT(source));
}

static void
arm_timer(uint64_t id, long long ms)
{
    uint64_t *key = g_memdup2(&id, sizeof id);
    guint source = g_timeout_add_full(G_PRIORITY_DEFAULT, (guint)CLAMP(ms, 0, G_MAXINT), on_timer, key, g_free);

    g_hash_table_remove(shell.timers, &id);
    /* The key belongs to the source, which outlives its entry in the table. */
    g_hash_table_insert(shell.timers, key, GUINT_TO_POINTER(source));
}

/* ---- cluster layer ---- */

static void
on_message(struct cluster *c, xmlNode *xml, uint32_t from_id, const char *from, void *data)
{
    ctl_on_peer_message(shell.core, shell_now(), from_id, from, xml);
    shell_carry_out();
}

static void
on_group_changed(struct cluster *c, const struct cluster_change *change, void *data)
{
    ctl_on_group_changed(shell.core, shell_now());
    shell_carry_out();
}

static void
on_quorum(struct cluster *c, bool quorate, uint64_t ring_id, void *data)
{
    ctl_on_membership(shell.core, shell_now(), ring_id, quorate);
    shell_carry_out();
}

static void
on_cluster_lost(struct cluster *c, void *data)
{
    ctl_on_cluster_lost(shell.core, shell_now());
    shell_carry_out();
}

static void
connect_cluster(void)
{
    static const struct cluster_callbacks callbacks = {
        .message = on_message, .changed = on_group_changed, .quorum = on_quorum, .lost = on_cluster_lost
    };
    bool quorate;
    int rc = cluster_connect(SYS_CRMD, CLUSTER_DEFAULT, ctl_peers(shell.core), &callbacks, NULL, &self.cluster);

    if (rc == RC_OK) {
        rc = cluster_quorum_start(self.cluster, &quorate);
    }
    ctl_on_cluster_connected(shell.core, shell_now(), rc == RC_OK);
}

static void
send_peer(const struct ctl_effect *e)
{
    const struct peer *to = NULL;
    const char *destination = xml_get(e->xml, F_CRM_SYS_TO);
    enum cluster_type type = destination != NULL ? cluster_type_of(destination) : CLUSTER_TYPE_CRMD;

    if (self.cluster == NULL) {
        return;
    }
    if (e->node != NULL) {
        to = peers_find(ctl_peers(shell.core), 0, e->node);
        if (to == NULL) {
            log_warn("Cannot send to unknown node %s", e->node);
            return;
        }
    }
    cluster_send(self.cluster, to, type != CLUSTER_TYPE_NONE ? type : CLUSTER_TYPE_CRMD, e->xml);
}

/* ---- local clients ---- */

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    const struct ctl_client from = { .id = client->id, .name = client->user, .privileged = client->privileged };

    if (request->xml == NULL) {
        ipc_client_ack(client, request, "ack", CRM_EX_PROTOCOL, NULL);
        return;
    }
    ipc_client_ack(client, request, "ack", CRM_EX_INDETERMINATE, NULL);
    access_stamp_user(request->xml, F_CRM_USER, client->user);
    ctl_on_client_message(shell.core, shell_now(), &from, request->xml);
    shell_carry_out();
}

static void
serve_ipc(void)
{
    static const struct ipc_server_callbacks callbacks = { .request = on_request };

    self.server = ipc_server_new(ENDPOINT_CONTROLLER, IPC_TYPE_NATIVE, IPC_SERVER_DEFAULT, &callbacks, NULL);
    if (self.server == NULL) {
        shell_end(CRM_EX_FATAL);
        return;
    }
    log_notice("Pacemaker controller successfully started and accepting connections");
}

static void
send_client(const struct ctl_effect *e)
{
    struct ipc_client *client = ipc_client_find(e->client);

    if (client == NULL && remotes_send_client(e->client, e->xml)) {
        return;
    }
    if (client == NULL) {
        log_debug("Client %s is gone: dropping %s", e->client, xml_get(e->xml, F_REFERENCE));
        return;
    }
    ipc_client_event(client, e->xml);
}

/* ---- the CIB as it was when the scheduler died ---- */

static void
save_core(const struct ctl_effect *e)
{
    g_autofree char *path = g_strdup_printf(SCHEDULER_DIR "/pe-core-%s.bz2", e->text);
    g_autofree char *text = xml_to_text(e->xml, XML_TEXT_FORMATTED);
    const struct bzip2 *lib = bzip2_functions();
    FILE *file = lib != NULL ? fopen(path, "we") : NULL;
    BZFILE *bz;
    int error;

    if (file == NULL) {
        log_err("Could not save the CIB as %s", path);
        return;
    }
    bz = lib->BZ2_bzWriteOpen(&error, file, 5, 0, 30);
    if (error == BZ_OK) {
        lib->BZ2_bzWrite(&error, bz, text, (int)strlen(text));
    }
    lib->BZ2_bzWriteClose(&error, bz, 0, NULL, NULL);
    fclose(file);
    log_notice("Saved the CIB that the scheduler could not handle as %s", path);
}

/* ---- effects ---- */

void
shell_answer_exec(uint64_t cookie, int rc)
{
    struct exec_answer answer = { cookie, rc };

    g_array_append_val(self.answers, answer);
}

static void
carry_out_one(struct ctl_effect *e)
{
    switch (e->kind) {
        case CTL_CONNECT_CIB:
            clients_connect_cib();
            break;
        case CTL_CONNECT_CLUSTER:
            connect_cluster();
            break;
        case CTL_CONNECT_EXEC:
            clients_connect_exec();
            break;
        case CTL_CONNECT_FENCER:
            clients_connect_fencer();
            break;
        case CTL_CONNECT_SCHEDULER:
            clients_connect_scheduler();
            break;
        case CTL_DISCONNECT_SCHEDULER:
            clients_disconnect_scheduler();
            break;
        case CTL_DISCONNECT_FENCER:
            clients_disconnect_fencer();
            break;
        case CTL_DISCONNECT_EXEC:
            clients_disconnect_exec();
            remotes_disconnect_all();
            break;
        case CTL_DISCONNECT_CLUSTER:
            if (self.cluster != NULL) {
                cluster_flush(self.cluster, 1000);
                g_clear_pointer(&self.cluster, cluster_disconnect);
            }
            break;
        case CTL_ABANDON_CLUSTER:
            if (self.cluster != NULL) {
                cluster_flush(self.cluster, 1000);
                g_clear_pointer(&self.cluster, cluster_abandon);
            }
            break;
        case CTL_DISCONNECT_CIB:
            clients_disconnect_cib();
            break;
        case CTL_SERVE_IPC:
            serve_ipc();
            break;
        case CTL_STOP_IPC:
            g_clear_pointer(&self.server, ipc_server_free);
            break;
        case CTL_SEND_PEER:
            send_peer(e);
            break;
        case CTL_SEND_CLIENT:
            send_client(e);
            break;
        case CTL_DROP_CLIENT: {
            struct ipc_client *client = ipc_client_find(e->client);

            if (client != NULL) {
                ipc_client_disconnect(client);
            } else {
                remotes_drop_client(e->client);
            }
            break;
        }
        case CTL_CIB:
            clients_cib(e);
            break;
        case CTL_CIB_INTEREST:
            clients_cib_interest(e);
            break;
        case CTL_SCHEDULE:
            clients_schedule(e);
            break;
        case CTL_SAVE_CORE:
            save_core(e);
            break;
        case CTL_EXEC_REGISTER:
        case CTL_EXEC_UNREGISTER:
        case CTL_EXEC_RUN:
        case CTL_EXEC_CANCEL:
        case CTL_EXEC_ALERT:
            clients_exec(e);
            break;
        case CTL_REMOTE_CONNECT:
            remotes_connect(e);
            break;
        case CTL_REMOTE_DISCONNECT:
            remotes_disconnect(e);
            break;
        case CTL_REMOTE_POKE:
            remotes_poke(e);
            break;
        case CTL_REMOTE_ANSWER:
            remotes_answer(e);
            break;
        case CTL_METADATA:
            agents_metadata(e);
            break;
        case CTL_ATTRD:
            clients_attrd(e);
            break;
        case CTL_FENCE:
        case CTL_FENCE_SYNC:
        case CTL_FENCE_WATCHDOG:
            clients_fence(e);
            break;
        case CTL_TIMER_ARM:
            arm_timer(e->cookie, e->timeout_ms);
            break;
        case CTL_TIMER_CANCEL:
            g_hash_table_remove(shell.timers, &e->cookie);
            break;
        case CTL_PANIC:
            panic_node("the controller demands it");
            break;
        case CTL_EXIT:
            shell_end(e->exit_code);
            break;
    }
}

void
shell_carry_out(void)
{
    struct ctl_effect *e;

    if (self.carrying_out) {
        return;
    }
    self.carrying_out = true;
    for (;;) {
        while ((e = ctl_next_effect(shell.core)) != NULL) {
            if (!shell.ending) {
                carry_out_one(e);
            }
            ctl_effect_free(e);
        }
        if (self.answers->len == 0 || shell.ending) {
            break;
        }
        struct exec_answer answer = g_array_index(self.answers, struct exec_answer, 0);

        g_array_remove_index(self.answers, 0);
        ctl_on_exec_reply(shell.core, shell_now(), answer.cookie, answer.rc);
    }
    self.carrying_out = false;
}

void
shell_end(int code)
{
    if (!shell.ending) {
        shell.ending = true;
        log_notice("Exiting with code %d (%s)", code, crm_exit_text(code));
        daemon_quit(code);
    }
}

/* ---- load ---- */

/* User and system ticks of a process, 0 if it is gone. */
static uint64_t
ticks_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/stat", (long)pid), *text = NULL;
    unsigned long user = 0, system = 0;
    const char *fields;

    if (!g_file_get_contents(path, &text, NULL, NULL) || (fields = strrchr(text, ')')) == NULL
        || sscanf(fields + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) {
        return 0;
    }
    return user + system;
}

/* Share of one processor that the CIB manager took since the last sample; negative if that is not known. */
static double
cib_share(void)
{
    gint64 now = g_get_monotonic_time(), since = self.cib_sampled;
    uint64_t ticks = self.cib_pid > 0 ? ticks_of(self.cib_pid) : 0, before = self.cib_cpu;

    if (ticks == 0) {
        self.cib_pid = process_find("pacemaker-based");
        self.cib_cpu = self.cib_pid > 0 ? ticks_of(self.cib_pid) : 0;
        self.cib_sampled = now;
        return -1;
    }
    self.cib_cpu = ticks;
    self.cib_sampled = now;
    if (before == 0 || now <= since || ticks < before) {
        return -1;
    }
    return (double)(ticks - before) / (double)sysconf(_SC_CLK_TCK) / ((double)(now - since) / G_USEC_PER_SEC);
}

static gboolean
on_load_timer(gpointer data)
{
    double load[3] = { 0 };

    if (getloadavg(load, 1) == 1) {
        ctl_on_load(shell.core, shell_now(), load[0], cib_share());
        shell_carry_out();
    }
    return G_SOURCE_CONTINUE;
}

/* ---- process ---- */

static void
on_sigterm(int signo, void *data)
{
    ctl_on_terminate(shell.core, shell_now());
    shell_carry_out();
}

static int
print_version(void)
{
    printf("CRM Version: " CRM_VERSION " (" CRM_BUILD ")\n");
    return CRM_EX_OK;
}

static bool
writable(const char *dir)
{
    if (access(dir, W_OK) != 0) {
        log_err("Cannot write to %s: its owner must be " DAEMON_USER ", which this process runs as", dir);
        fprintf(stderr, "ERROR: Bad permissions on %s (see logs for details)\n", dir);
        return false;
    }
    return true;
}

static struct controld *
make_core(void)
{
    g_autofree char *name = NULL, *uuid = text_new_uuid(), *cluster_name = cluster_get_name(), *duplicate = cluster_duplicate_name();
    g_autoptr(GArray) list = cluster_nodelist();
    g_autofree struct ctl_member *members = g_new0(struct ctl_member, list->len + 1);
    const char *limit = env_option("node_action_limit"), *timeout = env_option("cib_timeout");
    struct ctl_config config = { 0 };

    if (duplicate != NULL) {
        log_crit("Corosync's node list has two nodes named %s: names must be unique", duplicate);
        daemon_exit(CRM_EX_FATAL);
    }
    if (cluster_find_self(&config.node_id, &name) != RC_OK) {
        daemon_exit(CRM_EX_DISCONNECT);
    }
    for (unsigned i = 0; i < list->len; i++) {
        members[i].id = g_array_index(list, struct cluster_node, i).id;
        members[i].name = g_array_index(list, struct cluster_node, i).name;
    }
    config.node_name = name;
    config.te_uuid = uuid;
    config.cluster_name = cluster_name;
    config.start_state = env_option("node_start_state");
    config.action_limit = limit != NULL ? MAX(atoi(limit), 0) : 0;
    config.cib_timeout_s = timeout != NULL ? (unsigned)MAX(atoi(timeout), 0) : 0;
    config.cores = (int)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
    config.respawned = text_is_true(env_option("respawned"));
    config.sbd_running = sbd_is_running();
    config.sbd_watchdog_ms = sbd_watchdog_timeout_ms();
    config.pid = (unsigned)getpid();
    config.configured = members;
    config.n_configured = list->len;
    return ctl_new(&config);
}

int
main(int argc, char **argv)
{
    static const struct daemon_word words[] = {
        { "metadata", options_print_metadata }, { "version", print_version }, { NULL, NULL }
    };
    static const struct daemon_spec spec = {
        .name = "pacemaker-controld", .summary = "Coordinates this node with the rest of the cluster", .words = words
    };
    int code;

    daemon_init(&spec, &argc, &argv);
    if (ipc_already_active(ENDPOINT_CONTROLLER)) {
        log_crit("pacemaker-controld is already active, aborting startup");
        daemon_exit(CRM_EX_OK);
    }
    if (!writable(SCHEDULER_DIR) || !writable(CIB_DIR)) {
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_enter();
    signal(SIGPIPE, SIG_IGN);
    log_notice("Starting Pacemaker controller");

    self.answers = g_array_new(FALSE, FALSE, sizeof(struct exec_answer));
    shell.timers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, remove_source);
    shell.core = make_core();
    daemon_on_signal(SIGTERM, on_sigterm, NULL);
    ctl_start(shell.core, shell_now());
    shell_carry_out();
    on_load_timer(NULL);
    self.load_timer = g_timeout_add_seconds(LOAD_INTERVAL_S, on_load_timer, NULL);

    code = daemon_run();
    g_source_remove(self.load_timer);
    g_clear_pointer(&self.server, ipc_server_free);
    clients_disconnect_scheduler();
    clients_disconnect_fencer();
    clients_disconnect_exec();
    clients_disconnect_cib();
    g_hash_table_unref(shell.timers);
    if (self.cluster != NULL) {
        cluster_abandon(self.cluster); /* the core did not say that this is the end */
    }
    ctl_free(shell.core);
    g_array_unref(self.answers);
    return code;
}
