/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shell of remoted_core.c: local endpoints whose messages cluster nodes answer.  Called by remoted.c.  Decides nothing.  (spec 50 §13)
 */
#include "daemons/execd/remoted_proxy.h"

#include <errno.h>
#include <glib.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_server.h"

#include "daemons/execd/remoted_core.h"
#include "daemons/execd/remoted_listen.h"

static const char *const endpoints[] = {
    ENDPOINT_CIB_RO, ENDPOINT_CIB_SHM, ENDPOINT_CIB_RW, ENDPOINT_ATTRD, ENDPOINT_FENCER, ENDPOINT_CONTROLLER, ENDPOINT_LAUNCHER,
};

static struct {
    struct remoted_core *core;
    struct ipc_server *servers[G_N_ELEMENTS(endpoints)];
    guint timer;
    void (*leave)(void);
    bool busy;
} proxy;

static void carry_out(void);

static gboolean
on_timer(gpointer data)
{
    proxy.timer = 0;
    remoted_core_timer(proxy.core);
    carry_out();
    return G_SOURCE_REMOVE;
}

static void
cancel_timer(void)
{
    if (proxy.timer != 0) {
        g_source_remove(proxy.timer);
        proxy.timer = 0;
    }
}

static void
carry_out_one(const struct remoted_effect *e)
{
    struct ipc_client *session = e->session != NULL ? ipc_client_find(e->session) : NULL;

    switch (e->kind) {
        case REMOTED_SEND:
            remoted_client_notify(e->client, e->xml);
            break;
        case REMOTED_RESPOND:
            if (session != NULL) {
                ipc_client_reply(session, e->message_id, IPC_WANTS_RESPONSE, e->xml);
            }
            break;
        case REMOTED_EVENT:
            if (session != NULL) {
                ipc_client_event(session, e->xml);
            }
            break;
        case REMOTED_DROP:
            if (session != NULL) {
                ipc_client_disconnect(session);
            }
            break;
        case REMOTED_STOP_LISTENING:
            remoted_listen_stop();
            break;
        case REMOTED_ARM_TIMER:
            cancel_timer();
            proxy.timer = g_timeout_add(e->timeout_ms, on_timer, NULL);
            break;
        case REMOTED_CANCEL_TIMER:
            cancel_timer();
            break;
        case REMOTED_EXIT:
            cancel_timer();
            proxy.leave();
            break;
    }
}

/* Carrying out one thing may make another happen: that has its turn afterwards. */
static void
carry_out(void)
{
    struct remoted_effect *e;

    if (proxy.busy) {
        return;
    }
    proxy.busy = true;
    while (proxy.core != NULL && (e = remoted_core_take_effect(proxy.core)) != NULL) {
        carry_out_one(e);
        remoted_effect_free(e);
    }
    proxy.busy = false;
}

/* --- clients of this host --- */

static int
on_accept(struct ipc_server *server, uid_t uid, gid_t gid, void *data)
{
    int error = text_equal(ipc_server_name(server), ENDPOINT_LAUNCHER) ? EREMOTEIO : remoted_core_admits(proxy.core);

    if (error != 0 && !text_equal(ipc_server_name(server), ENDPOINT_LAUNCHER)) {
        log_warn("Cannot proxy IPC connection from uid %d gid %d to %s because not connected to cluster", (int)uid, (int)gid,
                 ipc_server_name(server));
    }
    return error;
}

static void
on_connected(struct ipc_client *client, void *data)
{
    remoted_core_session(proxy.core, client->id, ipc_server_name(client->server), (long)client->pid, client->user);
    carry_out();
}

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    if (request->xml != NULL) {
        remoted_core_request(proxy.core, client->id, request->id, request->flags, request->xml);
        carry_out();
    }
}

static void
on_closed(struct ipc_client *client, void *data)
{
    if (proxy.core != NULL) {
        remoted_core_session_closed(proxy.core, client->id);
        carry_out();
    }
}

bool
remoted_proxy_start(void (*leave)(void))
{
    static const struct ipc_server_callbacks callbacks = {
        .accept = on_accept, .connected = on_connected, .request = on_request, .closed = on_closed,
    };

    proxy.core = remoted_core_new();
    proxy.leave = leave;
    for (guint i = 0; i < G_N_ELEMENTS(endpoints); i++) {
        proxy.servers[i] = ipc_server_new(endpoints[i], text_equal(endpoints[i], ENDPOINT_CIB_SHM) ? IPC_TYPE_SHM : IPC_TYPE_NATIVE,
                                          IPC_SERVER_DEFAULT, &callbacks, NULL);
        if (proxy.servers[i] == NULL) {
            return false;
        }
    }
    return true;
}

void
remoted_proxy_finish(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(endpoints); i++) {
        g_clear_pointer(&proxy.servers[i], ipc_server_free);
    }
    cancel_timer();
    g_clear_pointer(&proxy.core, remoted_core_free);
}

/* --- cluster nodes --- */

void
remoted_proxy_provider(const char *client)
{
    remoted_core_provider(proxy.core, client);
    carry_out();
}

void
remoted_proxy_message(const char *client, const xmlNode *message)
{
    remoted_core_message(proxy.core, client, message);
    carry_out();
}

void
remoted_proxy_client_gone(const char *client)
{
    if (proxy.core != NULL) {
        remoted_core_client_gone(proxy.core, client);
        carry_out();
    }
}

void
remoted_proxy_terminate(void)
{
    remoted_core_terminate(proxy.core);
    carry_out();
}
