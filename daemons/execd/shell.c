/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shell of the executor that both programs share: the local endpoint, clock, children.  Carries the core's effects out.
 * Called by main.c and remoted.c.  Decides nothing about resources: that is execd_core.c.  (spec 50 §1)
 */
#include "daemons/execd/shell.h"

#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"
#include "lib/exec/lrmd_protocol.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_server.h"

#include "daemons/execd/execd_alert.h"
#include "daemons/execd/execd_fencer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct {
    struct execd_core *core;
    struct ipc_server *server;
    const struct execd_shell_remote *remote; /* NULL: pacemaker-execd */
    /* the request that the core handles just now: of a client of this host, or of a cluster node */
    struct ipc_client *client;
    struct ipc_request *request;
    xmlNode *reply; /* to the cluster node */
    GHashTable *running; /* run id -> struct running */
    struct daemon_deadline deadline;
} self;

/* An agent that runs for the core. */
struct running {
    unsigned run_id;
    struct exec_action *action;
};

static struct execd_now
now(void)
{
    return (struct execd_now) {
        .ms = (uint64_t) (g_get_monotonic_time() / 1000),
        .epoch = g_get_real_time() / G_USEC_PER_SEC,
    };
}

static void carry_out(void);

/* --- time --- */

static void
on_deadline(void)
{
    execd_core_tick(self.core, now());
    carry_out();
}

/* --- agents --- */

static void
on_agent_done(const struct exec_result *result, void *data)
{
    struct running *running = data;
    unsigned run_id = running->run_id;

    g_hash_table_remove(self.running, GUINT_TO_POINTER(run_id));
    execd_core_done(self.core, now(), run_id, result);
    carry_out();
}

static void
run_agent(const struct execd_effect *e)
{
    const struct exec_request request = {
        .rsc_id = e->rsc_id,
        .standard = e->standard,
        .provider = e->provider,
        .type = e->type,
        .action = e->action,
        .interval_ms = e->interval_ms,
        .timeout_ms = e->timeout_ms,
        .params = e->params,
    };
    struct running *running = g_new0(struct running, 1);

    running->run_id = e->run_id;
    g_hash_table_insert(self.running, GUINT_TO_POINTER(e->run_id), running);
    running->action = exec_start(&request, on_agent_done, running);
}

static void
kill_agent(unsigned run_id)
{
    struct running *running = g_hash_table_lookup(self.running, GUINT_TO_POINTER(run_id));

    if (running != NULL) {
        exec_cancel(running->action);
    }
}

static void
on_fencer_done(unsigned run_id, const struct exec_result *result)
{
    execd_core_done(self.core, now(), run_id, result);
    carry_out();
}

static void
on_fencer_lost(void)
{
    execd_core_fencer_lost(self.core, now());
    carry_out();
}

/* --- clients --- */

struct broadcast {
    const struct execd_effect *effect;
    struct ipc_payload *payload;
};

static void
send_one(struct ipc_client *client, void *data)
{
    struct broadcast *b = data;

    if (client->name != NULL && !text_equal(client->id, b->effect->except)) {
        ipc_client_event_payload(client, b->payload);
    }
}

static void
notify(const struct execd_effect *e)
{
    struct broadcast b = { .effect = e };

    if (self.remote != NULL) {
        self.remote->notify(e->client, e->except, e->xml);
    }
    if (e->client != NULL) {
        struct ipc_client *client = ipc_client_find(e->client);

        if (client != NULL) {
            ipc_client_event(client, e->xml);
        }
        return;
    }
    if (ipc_server_client_count(self.server) > 0 && ipc_server_payload(e->xml, &b.payload) == RC_OK) {
        ipc_server_for_each(self.server, send_one, &b);
        ipc_payload_unref(b.payload);
    }
}

/* On a remote node there is no fencer, and the cluster starts no devices there. */
static void
run_fence(const struct execd_effect *e)
{
    struct exec_result none = { 0 };

    if (self.remote == NULL) {
        execd_fencer_run(e);
        return;
    }
    exec_result_set(&none, OCF_RC_ERROR, EXEC_ERROR, "No connection to fencer");
    execd_core_done(self.core, now(), e->run_id, &none);
    exec_result_clear(&none);
}

static void
name_client(const struct execd_effect *e)
{
    struct ipc_client *client = ipc_client_find(e->client);

    if (client != NULL) {
        ipc_client_set_name(client, e->name);
    } else if (self.remote != NULL) {
        self.remote->named(e->client, e->name);
    }
}

static void
carry_out_one(struct execd_effect *e)
{
    switch (e->kind) {
    case EXECD_REPLY:
        if (self.client != NULL) {
            ipc_client_reply(self.client, self.request->id, self.request->flags, e->xml);
        } else {
            self.reply = g_steal_pointer(&e->xml);
        }
        break;
    case EXECD_NOTIFY:
        notify(e);
        break;
    case EXECD_NAME_CLIENT:
        name_client(e);
        break;
    case EXECD_RUN:
        run_agent(e);
        break;
    case EXECD_KILL:
        kill_agent(e->run_id);
        break;
    case EXECD_RUN_FENCE:
        run_fence(e);
        break;
    case EXECD_CANCEL_FENCE:
        break; /* the fencer's answer is awaited (spec 50 §4.5) */
    case EXECD_ALERT:
        execd_alert_run(e);
        break;
    case EXECD_CHECK:
        if (self.remote != NULL) {
            self.remote->check(e->value);
        } else {
            log_debug("Not checking the watchdog for a local client");
        }
        break;
    case EXECD_PROVIDER:
        self.remote->provider(e->client);
        break;
    case EXECD_PROXY:
        self.remote->proxy(e->client, e->xml);
        break;
    }
}

static void
carry_out(void)
{
    struct execd_effect *e;

    while ((e = execd_core_take_effect(self.core)) != NULL) {
        carry_out_one(e);
        execd_effect_free(e);
    }
    daemon_deadline_set(&self.deadline, execd_core_deadline(self.core), on_deadline);
}

static void
on_connected(struct ipc_client *client, void *data)
{
    execd_core_client_connected(self.core, client->id, (long) client->pid, client->privileged);
    carry_out();
}

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    if (request->xml == NULL || !(request->flags & IPC_WANTS_RESPONSE)) {
        log_debug("Ignoring a message from client %s that %s", ipc_client_label(client),
                  (request->xml == NULL) ? "is no XML" : "does not wait for the answer");
        return;
    }
    self.client = client;
    self.request = request;
    execd_core_request(self.core, now(), client->id, request->xml);
    carry_out();
    self.client = NULL;
    self.request = NULL;
}

static void
on_closed(struct ipc_client *client, void *data)
{
    execd_core_client_gone(self.core, now(), client->id);
    carry_out();
}

/* --- start and end --- */

/* What shell functions of agents read (spec 50 §1). */
static void
export_log_settings(void)
{
    const char *facility, *file = env_option("logfile");

    if (env_option("logfacility") == NULL) {
        env_set_option("logfacility", "daemon"); /* the default, said aloud */
    }
    facility = env_option("logfacility");
    g_setenv("PCMK_service", daemon_name(), TRUE);

    if (facility != NULL && !text_is_one_of(facility, "none", "/dev/null", NULL)) {
        g_setenv("HA_LOGFACILITY", facility, TRUE);
    }
    if (file != NULL && !text_equal(file, "none")) {
        g_setenv("HA_LOGFILE", file, TRUE);
        if (env_option_enabled(daemon_name(), "debug")) {
            g_setenv("HA_DEBUGLOG", file, TRUE);
        }
    }
}

static void
kill_recurring(gpointer key, gpointer value, gpointer data)
{
    struct running *running = value;
    pid_t pid = exec_action_pid(running->action);

    if (pid > 0 && execd_core_run_is_recurring(self.core, running->run_id)) {
        kill(-pid, SIGKILL); /* a one-shot goes on alone, its result is the next executor's business */
    }
}

xmlNode *
execd_shell_request(const char *client, const xmlNode *request)
{
    self.client = NULL;
    execd_core_request(self.core, now(), client, request);
    carry_out();
    return g_steal_pointer(&self.reply);
}

void
execd_shell_cluster_connected(const char *client)
{
    execd_core_cluster_connected(self.core, client);
    carry_out();
}

void
execd_shell_cluster_gone(const char *client)
{
    execd_core_client_gone(self.core, now(), client);
    carry_out();
}

void
execd_shell_finish(void)
{
    if (self.server == NULL) {
        return;
    }
    execd_fencer_disconnect();
    g_hash_table_foreach(self.running, kill_recurring, NULL);
    ipc_server_free(g_steal_pointer(&self.server));
    execd_alerts_finish();
}

void
execd_shell_prepare(void)
{
    export_log_settings();
    g_unsetenv("NOTIFY_SOCKET"); /* agents do not talk to systemd in our name */
    signal(SIGPIPE, SIG_IGN);
    log_notice("OCF resource agent search path is " OCF_ROOT "/resource.d");
    if (mkdir(RSCTMP_DIR, 0755) < 0 && errno != EEXIST) {
        log_warn("Cannot create " RSCTMP_DIR ": %s; agents that keep state there will fail", g_strerror(errno));
    }
}

bool
execd_shell_start(const struct execd_shell_remote *remote)
{
    static const struct ipc_server_callbacks callbacks = {
        .connected = on_connected,
        .request = on_request,
        .closed = on_closed,
    };

    self.remote = remote;
    self.core = execd_core_new(remote != NULL);
    self.running = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    execd_fencer_init(on_fencer_done, on_fencer_lost);
    self.server = ipc_server_new(LRMD_ENDPOINT, IPC_TYPE_SHM, IPC_SERVER_DEFAULT, &callbacks, NULL);
    return self.server != NULL;
}

void
execd_shell_free(void)
{
    execd_core_free(self.core);
}
