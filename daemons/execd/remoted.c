/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-remoted: the executor of a host that runs resources without being a member of the cluster.  Started by systemd, or as a
 * container's only program.  Runs agents for cluster nodes, which connect over TLS, and lets programs of this host reach the cluster
 * through them.  (spec 50 §12-§14)
 */
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/panic.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/exec/lrmd_protocol.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/remote_key.h"

#include "daemons/execd/remoted_init.h"
#include "daemons/execd/remoted_listen.h"
#include "daemons/execd/remoted_proxy.h"
#include "daemons/execd/shell.h"

#include <signal.h>

/* --- the executor's effects that concern cluster nodes --- */

static void
notify(const char *client, const char *except, const xmlNode *xml)
{
    if (client != NULL) {
        remoted_client_notify(client, xml);
    } else {
        remoted_client_notify_all(except, xml);
    }
}

/* Nodes that others call safe because their watchdog has bitten need one that does (spec 50 §2.4). */
static void
check_watchdog(const char *value)
{
    long long local = sbd_watchdog_timeout_ms(), wanted = value != NULL ? text_timeout_ms(value) : 0;

    if (value != NULL && g_str_has_prefix(value, "-")) {
        wanted = 2 * local;
    }
    if (wanted == 0) {
        return;
    }
    if (wanted < 0) {
        log_warn("Ignoring stonith-watchdog-timeout '%s', which is no time", value);
    } else if (!sbd_is_running()) {
        log_crit("Shutting down: stonith-watchdog-timeout configured (%llds) but SBD not active", wanted / 1000);
        daemon_quit(CRM_EX_FATAL);
    } else if (wanted < local) {
        log_crit("Shutting down: stonith-watchdog-timeout (%llds) too short (must be >%llds)", wanted / 1000, local / 1000);
        daemon_quit(CRM_EX_FATAL);
    }
}

static const struct execd_shell_remote remote = {
    .notify = notify,
    .named = remoted_client_set_name,
    .provider = remoted_proxy_provider,
    .proxy = remoted_proxy_message,
    .check = check_watchdog,
};

/* --- cluster nodes --- */

static void
on_gone(const char *client)
{
    execd_shell_cluster_gone(client);
    remoted_proxy_client_gone(client);
}

static const struct remoted_listen_callbacks listening = {
    .connected = execd_shell_cluster_connected,
    .request = execd_shell_request,
    .gone = on_gone,
};

/* --- start and end --- */

static gboolean
really_leave(gpointer data)
{
    remoted_proxy_finish();
    remoted_listen_finish();
    execd_shell_finish();
    return G_SOURCE_REMOVE;
}

/* From the main loop: whoever calls this is in the midst of something. */
static void
leave(void)
{
    g_idle_add(really_leave, NULL);
}

static void
on_sigterm(int signo, void *data)
{
    remoted_proxy_terminate();
}

static gboolean
on_port(const gchar *option, const gchar *value, gpointer data, GError **error)
{
    env_set_option("remote_port", value);
    return TRUE;
}

static int
port(void)
{
    const char *text = env_option("remote_port");
    long long number = LRMD_REMOTE_PORT;

    if (text != NULL && (!text_parse_int(text, &number) || number < 1 || number > 65535)) {
        log_warn("PCMK_remote_port: '%s' is no port, using %d", text, LRMD_REMOTE_PORT);
        number = LRMD_REMOTE_PORT;
    }
    return (int)number;
}

static void
look_for_key(void)
{
    g_autoptr(GBytes) key = remote_key_read();

    if (key == NULL) {
        log_warn("There is no key for cluster nodes yet: put the cluster's into /etc/pacemaker/authkey");
    }
}

int
main(int argc, char **argv)
{
    static const GOptionEntry options[] = {
        { "port", 'p', 0, G_OPTION_ARG_CALLBACK, on_port, "Listen on this TCP port (default: PCMK_remote_port, else 3121)", "N" },
        { NULL },
    };
    static const struct daemon_spec spec = {
        .name = "pacemaker-remoted",
        .summary = "runs resource agents on this host for a cluster that it is no member of",
        .options = options,
    };
    int rc;

    remoted_init(argv);
    daemon_init(&spec, &argc, &argv);
    log_notice("Starting Pacemaker remote executor");
    if (ipc_already_active(LRMD_ENDPOINT)) {
        log_crit("An executor is already active on this host, aborting startup");
        daemon_exit(CRM_EX_OK);
    }
    execd_shell_prepare();
    look_for_key();
    if (!execd_shell_start(&remote) || !remoted_listen_start(env_option("remote_address"), port(), &listening)
        || !remoted_proxy_start(leave)) {
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_enter();
    daemon_on_signal(SIGTERM, on_sigterm, NULL);
    log_notice("Pacemaker remote executor successfully started and accepting connections");
    rc = daemon_run();
    execd_shell_free();
    daemon_exit(rc);
}
