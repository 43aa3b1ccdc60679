/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemakerd: the launcher's command line, start-up sequence, IPC endpoint, and the execution of
 * what its core decides. Run by systemd or a person.  Never decides about a daemon itself: that is
 * launcher_core.c.  (spec 10 §6, spec 80 §13)
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemons/launcher/children.h"
#include "daemons/launcher/corosync.h"
#include "daemons/launcher/launcher_core.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/panic.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cluster/cmap.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"
#include "lib/ipc/ipc_server.h"
#include "lib/output/tool.h"

#define PREPARE_ATTEMPTS 5
#define PROBE_TIMEOUT_MS 5000 /* a child is probed every six seconds; a busy machine is no reason to kill it */
#define TICK_MS 1000

static struct launcher core;
static struct ipc_server *server;
static bool handshake_possible;

/* --- feeding the core --- */

static void carry_out(const struct launcher_effect *e);

static uint64_t
now_ms(void)
{
    return (uint64_t)(g_get_monotonic_time() / 1000);
}

/* Effects may lead to further events; they are carried out in order, one after the other. */
static void
feed(const struct launcher_event *ev)
{
    static bool busy = false;
    struct launcher_effect e;

    launcher_step(&core, now_ms(), (uint64_t)time(NULL), ev);
    if (busy) {
        return;
    }
    busy = true;
    while (launcher_next_effect(&core, &e)) {
        carry_out(&e);
    }
    busy = false;
}

static void
feed_kind(enum launcher_event_kind kind)
{
    struct launcher_event ev = { .kind = kind };

    feed(&ev);
}

/* --- effects --- */

static void
on_child_end(GPid pid, gint status, gpointer data)
{
    struct launcher_event ev = { .child = launcher_child_of(&core, pid), .pid = pid };

    g_spawn_close_pid(pid);
    if (ev.child == CHILD_COUNT) {
        return;
    }
    if (WIFSIGNALED(status)) {
        ev.kind = LAUNCHER_EV_KILLED;
        ev.code = WTERMSIG(status);
    } else {
        ev.kind = LAUNCHER_EV_EXITED;
        ev.code = WEXITSTATUS(status);
    }
    feed(&ev);
}

static void
spawn(enum launcher_child_id child)
{
    struct launcher_event ev = { .kind = LAUNCHER_EV_SPAWNED, .child = child };

    ev.pid = children_spawn(child);
    if (ev.pid != 0) {
        g_child_watch_add(ev.pid, on_child_end, NULL);
    }
    feed(&ev);
}

static void
on_probed(int rc, pid_t pid, void *data)
{
    struct launcher_event ev = { .kind = LAUNCHER_EV_PROBED,
                                 .child = GPOINTER_TO_UINT(data),
                                 .pid = pid };

    switch (rc) {
    case RC_OK:
        ev.probe = PROBE_OK;
        break;
    case RC_IPC_UNRESPONSIVE:
        ev.probe =
            children_is_alive(&core.children[ev.child], ev.child) ? PROBE_PID_ONLY : PROBE_GONE;
        break;
    case RC_IPC_UNAUTHORIZED:
        ev.probe = PROBE_UNAUTHORIZED;
        break;
    default:
        ev.probe = PROBE_ERROR;
        break;
    }
    feed(&ev);
}

static void
on_checked(int rc, pid_t pid, void *data)
{
    struct launcher_event ev = { .kind = LAUNCHER_EV_CHECKED,
                                 .child = GPOINTER_TO_UINT(data),
                                 .pid = pid };

    ev.active = rc == RC_OK;
    ev.reachable = corosync_is_connected() && cluster_is_reachable();
    feed(&ev);
}

static void
probe(enum launcher_child_id child, void (*done)(int rc, pid_t pid, void *data))
{
    uid_t uid;
    gid_t gid;

    children_ids(child, &uid, &gid);
    ipc_probe_start(launcher_daemons[child].endpoint, uid, gid, PROBE_TIMEOUT_MS, done,
                    GUINT_TO_POINTER(child));
}

static void
carry_out(const struct launcher_effect *e)
{
    switch (e->kind) {
    case LAUNCHER_DO_SPAWN:
        spawn(e->child);
        break;
    case LAUNCHER_DO_MARK_FIRST:
        g_setenv("PCMK_respawned", "true", TRUE);
        break;
    case LAUNCHER_DO_KILL:
        if (kill(e->pid, e->code) != 0 && errno != ESRCH) {
            log_err("Could not send signal %d to %s[%ld]: %s", e->code,
                    launcher_daemons[e->child].name, (long)e->pid, strerror(errno));
        }
        break;
    case LAUNCHER_DO_PROBE:
        probe(e->child, on_probed);
        break;
    case LAUNCHER_DO_CHECK:
        probe(e->child, on_checked);
        break;
    case LAUNCHER_DO_PANIC:
        panic_node("a cluster daemon ended in a way that asks for it");
        break;
    case LAUNCHER_DO_STOP_CLUSTER:
        corosync_shut_down();
        break;
    case LAUNCHER_DO_EXIT:
        daemon_quit(e->code);
        break;
    }
}

/* --- IPC (spec 10 §6.7) --- */

static void
answer(struct ipc_client *client, const struct ipc_request *request, const xmlNode *data)
{
    g_autoptr(xmlNode) reply = ctl_reply_new(request->xml, data);

    ipc_client_event(client, reply);
}

static void
answer_ping(struct ipc_client *client, const struct ipc_request *request)
{
    const char *from = xml_get(request->xml, F_CRM_SYS_FROM);
    g_autoptr(xmlNode) data = xml_new(NULL, XML_PING_RESPONSE);
    struct launcher_event ev = { .kind = LAUNCHER_EV_PING, .pid = client->pid };

    /* The state as it is before this very ping changes it. */
    xml_set(data, F_PING_SUBSYSTEM, xml_get(request->xml, F_CRM_SYS_TO));
    xml_set(data, F_PING_LAUNCHER_STATE, launcher_state_word(core.state));
    xml_set_int(data, F_PING_TIMESTAMP, (long long)core.progress);
    xml_set(data, F_PING_RESULT, "ok");
    answer(client, request, data);
    ev.by_sbd = from != NULL && strstr(from, "sbd") != NULL;
    feed(&ev);
}

static void
answer_quit(struct ipc_client *client, const struct ipc_request *request)
{
    g_autoptr(xmlNode) data = xml_new(NULL, "shutdown");

    xml_set_int(data, "op-status", client->privileged ? CRM_EX_OK : CRM_EX_INSUFFICIENT_PRIV);
    answer(client, request, data);
    if (client->privileged) {
        log_notice("Shutting down in response to the request of %s (process %ld)", client->user,
                   (long)client->pid);
        feed_kind(LAUNCHER_EV_SHUTDOWN);
    } else {
        log_warn("Ignoring shutdown request from unprivileged client %s (process %ld)",
                 client->user, (long)client->pid);
    }
}

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    const char *task;

    if (request->xml == NULL) {
        ipc_client_ack(client, request, "ack", CRM_EX_PROTOCOL, NULL);
        return;
    }
    task = xml_get(request->xml, F_CRM_TASK);
    if (text_equal(task, CRM_TASK_PING)) {
        ipc_client_ack(client, request, "ack", CRM_EX_INDETERMINATE, NULL);
        answer_ping(client, request);
    } else if (text_equal(task, CRM_TASK_QUIT)) {
        ipc_client_ack(client, request, "ack", CRM_EX_INDETERMINATE, NULL);
        answer_quit(client, request);
    } else if (text_equal(task, CRM_TASK_RM_NODE_CACHE)) {
        ipc_client_ack(client, request, "ack", CRM_EX_OK, NULL);
    } else {
        log_debug("Client %s asks for '%s', which this daemon does not know",
                  ipc_client_label(client), task != NULL ? task : "");
        ipc_client_ack(client, request, "ack", CRM_EX_INVALID_PARAM, NULL);
    }
}

static void
on_client_closed(struct ipc_client *client, void *data)
{
    struct launcher_event ev = { .kind = LAUNCHER_EV_CLIENT_GONE, .pid = client->pid };

    feed(&ev);
}

static const struct ipc_server_callbacks ipc_callbacks = { .request = on_request,
                                                           .closed = on_client_closed };

/* --- start and end --- */

static void
on_stop_signal(int signo, void *data)
{
    feed_kind(LAUNCHER_EV_SHUTDOWN);
}

static void
on_panic_signal(int signo, void *data)
{
    panic_node("told so by SIGQUIT");
}

static gboolean
on_tick(gpointer data)
{
    feed_kind(LAUNCHER_EV_TICK);
    if (core.state == LAUNCHER_SHUTDOWN_COMPLETE && handshake_possible &&
        kill(sbd_pid(), 0) != 0 && errno == ESRCH && process_find("sbd") == 0) {
        feed_kind(LAUNCHER_EV_SBD_GONE);
    }
    return G_SOURCE_CONTINUE;
}

static void
on_cluster_back(void)
{
    feed_kind(LAUNCHER_EV_CLUSTER_BACK);
}

static void
delay_shutdown(void)
{
    const char *value = env_option("shutdown_delay");
    long long ms = value != NULL ? text_timeout_ms(value) : 0;

    if (ms > 0) {
        log_info("Waiting %lld ms as PCMK_shutdown_delay says", ms);
        sync();
        g_usleep((gulong)ms * 1000);
    }
}

/* Steps 3 to 8 of spec 10 §6.1.  0, or the exit code. */
static int
prepare(void)
{
    pid_t existing[CHILD_COUNT];
    int rc;

    if (corosync_prepare(PREPARE_ATTEMPTS) != RC_OK) {
        return CRM_EX_UNAVAILABLE;
    }
    log_notice("Starting Pacemaker " CRM_VERSION LOG_XT "build=" CRM_BUILD
               " features: " CRM_FEATURES);
    if (!access_daemon_ids(NULL, NULL)) {
        log_crit("User " DAEMON_USER " does not exist: create it and start the cluster again");
        return CRM_EX_NOUSER;
    }
    children_prepare_system();
    children_export_defaults();
    server = ipc_server_new(ENDPOINT_LAUNCHER, IPC_TYPE_NATIVE, IPC_SERVER_DEFAULT, &ipc_callbacks,
                            NULL);
    if (server == NULL) {
        return CRM_EX_OSERR;
    }
    if (!corosync_connect(on_cluster_back)) {
        return CRM_EX_PROTOCOL;
    }
    handshake_possible = sbd_is_running() && sbd_wants_handshake();
    if (sbd_is_running() && !handshake_possible) {
        log_warn("Enabling SBD_SYNC_RESOURCE_STARTUP would make the start of resources safer");
    }
    rc = children_find_existing(existing);
    if (rc != 0) {
        return rc;
    }
    launcher_init(&core, handshake_possible, text_is_true(env_option("fail_fast")),
                  (uint64_t)time(NULL));
    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        if (existing[i] != 0) {
            struct launcher_event ev = { .kind = LAUNCHER_EV_ADOPT,
                                         .child = i,
                                         .pid = existing[i] };

            feed(&ev);
        }
    }
    return 0;
}

static int
run(void)
{
    int rc = prepare();

    if (rc == 0) {
        daemon_enter();
        daemon_on_signal(SIGTERM, on_stop_signal, NULL);
        daemon_on_signal(SIGINT, on_stop_signal, NULL);
        g_timeout_add(TICK_MS, on_tick, NULL);
        log_notice("Pacemaker daemon successfully started and accepting connections");
        feed_kind(LAUNCHER_EV_START);
        rc = daemon_run();
        if (rc == CRM_EX_OK) {
            delay_shutdown();
        }
        launcher_clear(&core);
    }
    ipc_server_free(server);
    corosync_disconnect();
    return rc;
}

/* --- command line --- */

static struct {
    gboolean features, foreground, shutdown, standby;
    char *pid_file;
} options;

static const GOptionEntry entries[] = {
    { "features", 'F', 0, G_OPTION_ARG_NONE, &options.features,
      "Display full version and list of features Pacemaker was built with", NULL },
    { "foreground", 'f', 0, G_OPTION_ARG_NONE, &options.foreground,
      "(Ignored) Pacemaker always runs in the foreground", NULL },
    { "pid-file", 'p', 0, G_OPTION_ARG_FILENAME, &options.pid_file,
      "(Ignored) Daemon pid file location", "FILE" },
    { "shutdown", 'S', 0, G_OPTION_ARG_NONE, &options.shutdown,
      "Instruct Pacemaker to shutdown on this machine", NULL },
    { "standby", 's', 0, G_OPTION_ARG_NONE, &options.standby, "Start node in standby state", NULL },
    { NULL },
};

static void
show_features(struct output *out)
{
    g_auto(GStrv) words = g_strsplit(CRM_FEATURES, " ", -1);

    if (!output_is_structured(out)) {
        output_info(out, "Pacemaker %s (Build: %s)\n Supporting v%s: %s", CRM_VERSION, CRM_BUILD,
                    FEATURE_SET, CRM_FEATURES);
        return;
    }
    output_open_element(out, "pacemakerd", "version", CRM_VERSION, "build", CRM_BUILD,
                        "feature_set", FEATURE_SET, NULL);
    output_open_plain(out, "features");
    for (unsigned i = 0; words[i] != NULL; i++) {
        output_text_element(out, "feature", words[i], NULL);
    }
    output_close_element(out);
    output_close_element(out);
}

/* Ask the running launcher to stop.  Returns the exit code. */
static int
ask_to_shut_down(struct ipc_connection *c, struct output *out)
{
    g_autofree char *pid = g_strdup_printf("%ld", (long)getpid());
    struct ctl_request r = {
        .task = CRM_TASK_QUIT,
        .sys_to = ENDPOINT_LAUNCHER,
        .sys_from = "pacemakerd",
        .client_uuid = pid,
    };
    g_autoptr(xmlNode) request = ctl_request_new(ctl_process_refs(), &r);
    g_autoptr(xmlNode) reply = NULL;
    int rc = ipc_ask(c, request, 0, &reply);

    if (rc != RC_OK) {
        output_error(out, "Could not request shutdown of existing Pacemaker instance: %s",
                     result_text(rc));
    }
    return (int)result_to_exit(rc);
}

/*
 * Is another launcher there already?  Returns an exit code, or -1 if this one shall run.
 */
static int
deal_with_running_instance(struct tool *tool, struct output *out)
{
    g_autoptr(ipc_connection) c = NULL;
    int rc = ipc_connect(ENDPOINT_LAUNCHER, 0, &c);

    if (options.shutdown) {
        if (rc != RC_OK) {
            output_error(out, "Could not request shutdown of existing Pacemaker instance: %s",
                         result_text(rc));
            return CRM_EX_DISCONNECT;
        }
        return ask_to_shut_down(c, out);
    }
    if (rc == RC_OK) {
        log_err("Aborting start-up because active Pacemaker instance found" LOG_XT "pid=%ld",
                (long)ipc_server_pid(c));
        return CRM_EX_FATAL;
    }
    return -1;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    struct output *out;
    int rc;

    setenv("LC_ALL", "C", 1);
    umask(026);
    signal(SIGHUP, SIG_IGN);
    tool_init(&tool, argv, TOOL_OUTPUT, "p", NULL,
              "pacemakerd - primary Pacemaker daemon that launches and monitors all subsidiary "
              "Pacemaker daemons",
              NULL);
    tool_add_options(&tool, entries);
    if (!tool_parse(&tool)) {
        return tool_exit(&tool, NULL, CRM_EX_USAGE);
    }
    tool.version = tool.version && !options.features; /* which say more */
    out = tool_begin(&tool, 0, &rc);
    if (out == NULL) {
        return rc;
    }
    if (options.features) {
        show_features(out);
        return tool_exit(&tool, out, CRM_EX_OK);
    }
    if (options.standby) {
        env_set_option("node_start_state", "standby");
    }
    env_set_option("mcp", "true");
    log_init("pacemakerd", options.shutdown ? LOG_KIND_TOOL : LOG_KIND_DAEMON, tool.verbosity);
    if (!options.shutdown) {
        daemon_on_signal(SIGQUIT, on_panic_signal, NULL);
    }
    rc = deal_with_running_instance(&tool, out);
    if (rc < 0) {
        rc = run();
    }
    log_fini();
    return tool_exit(&tool, out, rc);
}
