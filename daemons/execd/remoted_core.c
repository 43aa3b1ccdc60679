/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proxied clients and the orderly end of pacemaker-remoted.  Called by remoted_proxy.c and tests; see remoted_core.h.
 * (spec 50 §12.5, §13)
 */
#include "daemons/execd/remoted_core.h"

#include <errno.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/lrmd_protocol.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

#define ACK_TIMEOUT_MS 20000

/* A client of this host. */
struct session {
    char *id;
    char *provider; /* the cluster node that serves it for as long as both are there */
    char *name;     /* what it is called there */
    char *user;
};

enum leaving { STAYING, ASKED, WAITING, GONE };

struct remoted_core {
    GQueue providers; /* char *, the newest first */
    GHashTable *sessions;
    GQueue effects;
    enum leaving leaving;
};

/* --- life --- */

static void
session_free(gpointer data)
{
    struct session *s = data;

    g_free(s->id);
    g_free(s->provider);
    g_free(s->name);
    g_free(s->user);
    g_free(s);
}

void
remoted_effect_free(struct remoted_effect *e)
{
    if (e != NULL) {
        g_free(e->client);
        g_free(e->session);
        xml_free(e->xml);
        g_free(e);
    }
}

struct remoted_core *
remoted_core_new(void)
{
    struct remoted_core *core = g_new0(struct remoted_core, 1);

    g_queue_init(&core->providers);
    g_queue_init(&core->effects);
    core->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, session_free);
    return core;
}

void
remoted_core_free(struct remoted_core *core)
{
    g_queue_clear_full(&core->providers, g_free);
    g_queue_clear_full(&core->effects, (GDestroyNotify)remoted_effect_free);
    g_hash_table_unref(core->sessions);
    g_free(core);
}

struct remoted_effect *
remoted_core_take_effect(struct remoted_core *core)
{
    return g_queue_pop_head(&core->effects);
}

static struct remoted_effect *
add_effect(struct remoted_core *core, enum remoted_effect_kind kind, const char *session)
{
    struct remoted_effect *e = g_new0(struct remoted_effect, 1);

    e->kind = kind;
    e->session = g_strdup(session);
    g_queue_push_tail(&core->effects, e);
    return e;
}

static xmlNode *
send_to(struct remoted_core *core, const char *client, const char *op, const char *session)
{
    struct remoted_effect *e = add_effect(core, REMOTED_SEND, NULL);

    e->client = g_strdup(client);
    e->xml = xml_new(NULL, LRMD_TAG_PROXY);
    xml_set(e->xml, LRMD_FIELD_PROXY_OP, op);
    xml_set(e->xml, LRMD_FIELD_PROXY_SESSION, session);
    return e->xml;
}

/* --- cluster nodes --- */

static GList *
find_provider(struct remoted_core *core, const char *client)
{
    return g_queue_find_custom(&core->providers, client, (GCompareFunc)g_strcmp0);
}

void
remoted_core_provider(struct remoted_core *core, const char *client)
{
    GList *known = find_provider(core, client);

    if (known != NULL) {
        g_queue_unlink(&core->providers, known);
        g_queue_push_head_link(&core->providers, known);
    } else {
        g_queue_push_head(&core->providers, g_strdup(client));
    }
}

static void
leave(struct remoted_core *core)
{
    if (core->leaving != GONE) {
        core->leaving = GONE;
        add_effect(core, REMOTED_EXIT, NULL);
    }
}

void
remoted_core_client_gone(struct remoted_core *core, const char *client)
{
    GList *known = find_provider(core, client);
    GHashTableIter iter;
    gpointer value;

    if (known == NULL) {
        return;
    }
    g_free(known->data);
    g_queue_delete_link(&core->providers, known);
    g_hash_table_iter_init(&iter, core->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct session *s = value;

        if (text_equal(s->provider, client)) {
            add_effect(core, REMOTED_DROP, s->id);
            g_hash_table_iter_remove(&iter);
        }
    }
    if (core->leaving != STAYING && g_queue_is_empty(&core->providers)) {
        log_notice("The last cluster node has disconnected: leaving");
        leave(core);
    }
}

/* The only element within a message. */
static xmlNode *
content(const xmlNode *message)
{
    const xmlNode *holder = xml_first(message, LRMD_TAG_PROXY_MSG);
    const xmlNode *inner = holder != NULL ? xml_first(holder, NULL) : NULL;

    return inner != NULL ? xml_copy(NULL, inner) : NULL;
}

static void
on_shutdown_answer(struct remoted_core *core, bool granted)
{
    if (core->leaving != ASKED) {
        log_debug("Ignoring an answer to a shutdown request that is not awaited");
    } else if (granted) {
        log_info("The cluster is stopping what runs here");
        core->leaving = WAITING;
        add_effect(core, REMOTED_CANCEL_TIMER, NULL);
    } else {
        log_notice("The cluster does not manage this node now: leaving at once");
        leave(core);
    }
}

void
remoted_core_message(struct remoted_core *core, const char *client, const xmlNode *message)
{
    const char *op = xml_get(message, LRMD_FIELD_PROXY_OP), *id = xml_get(message, LRMD_FIELD_PROXY_SESSION);
    struct remoted_effect *e;

    if (text_equal(op, LRMD_PROXY_SHUTDOWN_ACK) || text_equal(op, LRMD_PROXY_SHUTDOWN_NACK)) {
        on_shutdown_answer(core, text_equal(op, LRMD_PROXY_SHUTDOWN_ACK));
        return;
    }
    if (id == NULL || op == NULL) {
        log_warn("Ignoring a proxied message without session or operation");
        return;
    }
    if (!g_hash_table_contains(core->sessions, id)) {
        log_info("Proxied message for session %s, which has ended", id);
        if (!text_equal(op, LRMD_PROXY_DESTROY)) {
            send_to(core, client, LRMD_PROXY_DESTROY, id);
        }
        return;
    }
    if (text_equal(op, LRMD_PROXY_DESTROY)) {
        add_effect(core, REMOTED_DROP, id);
        g_hash_table_remove(core->sessions, id);
    } else if (text_equal(op, LRMD_PROXY_RESPONSE) || text_equal(op, LRMD_PROXY_EVENT)) {
        xmlNode *inner = content(message);

        if (inner == NULL) {
            log_warn("Ignoring an empty proxied message");
            return;
        }
        e = add_effect(core, text_equal(op, LRMD_PROXY_EVENT) ? REMOTED_EVENT : REMOTED_RESPOND, id);
        e->xml = inner;
        e->message_id = (uint32_t)xml_get_int(message, LRMD_FIELD_PROXY_MSG_ID, 0);
    } else {
        log_warn("Ignoring proxied message of unknown kind '%s'", op);
    }
}

/* --- clients of this host --- */

int
remoted_core_admits(const struct remoted_core *core)
{
    return g_queue_is_empty((GQueue *)&core->providers) ? EREMOTEIO : 0;
}

void
remoted_core_session(struct remoted_core *core, const char *session, const char *server, long pid, const char *user)
{
    const char *provider = g_queue_peek_head(&core->providers);
    struct session *s;
    xmlNode *xml;

    if (provider == NULL) {
        add_effect(core, REMOTED_DROP, session); /* it went between the two calls */
        return;
    }
    if (text_equal(server, "cib_shm")) {
        server = "cib_rw"; /* the same, and the cluster's end is not over shared memory with that client */
    }
    s = g_new0(struct session, 1);
    s->id = g_strdup(session);
    s->provider = g_strdup(provider);
    s->name = g_strdup_printf("proxy-%s-%ld-%.8s", server, pid, session);
    s->user = g_strdup(user);
    g_hash_table_replace(core->sessions, s->id, s);
    xml = send_to(core, provider, LRMD_PROXY_NEW, session);
    xml_set(xml, LRMD_FIELD_PROXY_SERVER, server);
}

void
remoted_core_request(struct remoted_core *core, const char *session, uint32_t message_id, uint32_t flags, const xmlNode *request)
{
    const struct session *s = g_hash_table_lookup(core->sessions, session);
    xmlNode *xml;

    if (s == NULL) {
        return;
    }
    xml = send_to(core, s->provider, LRMD_PROXY_REQUEST, session);
    xml_set(xml, LRMD_FIELD_PROXY_CLIENT, s->name);
    xml_set(xml, LRMD_FIELD_PROXY_USER, s->user);
    xml_set_int(xml, LRMD_FIELD_PROXY_MSG_ID, message_id);
    xml_set_int(xml, LRMD_FIELD_PROXY_FLAGS, flags | IPC_PROXIED);
    xml_copy(xml_new(xml, LRMD_TAG_PROXY_MSG), request);
}

void
remoted_core_session_closed(struct remoted_core *core, const char *session)
{
    const struct session *s = g_hash_table_lookup(core->sessions, session);

    if (s != NULL) {
        send_to(core, s->provider, LRMD_PROXY_DESTROY, session);
        g_hash_table_remove(core->sessions, session);
    }
}

/* --- leaving --- */

void
remoted_core_terminate(struct remoted_core *core)
{
    const char *provider = g_queue_peek_head(&core->providers);

    if (core->leaving != STAYING) {
        log_notice("Waiting for cluster to stop resources before exiting");
        return;
    }
    if (provider == NULL) {
        leave(core);
        return;
    }
    log_info("Asking the cluster to stop what runs here");
    core->leaving = ASKED;
    send_to(core, provider, LRMD_PROXY_SHUTDOWN_REQ, LRMD_PROXY_NO_SESSION);
    add_effect(core, REMOTED_STOP_LISTENING, NULL);
    add_effect(core, REMOTED_ARM_TIMER, NULL)->timeout_ms = ACK_TIMEOUT_MS;
}

void
remoted_core_timer(struct remoted_core *core)
{
    if (core->leaving == ASKED) {
        log_notice("The cluster did not answer our shutdown request: leaving");
        leave(core);
    }
}
