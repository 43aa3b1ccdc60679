/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connections to executors of Pacemaker Remote nodes: name, TCP, TLS, registration, then requests and what comes back.  Called by the
 * controller's shell.  Never waits; names are looked up in a thread of their own.  (spec 50 §12)
 */
#include "lib/exec/lrmd_remote.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/remote_channel.h"
#include "lib/ipc/remote_key.h"

/* The look-up of a name; shared with its thread, which may outlive the connection. */
struct lookup {
    gint references;
    char *host, *service;
    struct addrinfo *list;
    int rc;
    struct lrmd_remote *remote; /* NULL: it was given up.  Of the main thread. */
};

struct lrmd_remote {
    const struct lrmd_remote_callbacks *callbacks;
    void *data;
    char *name; /* the client's name: where it is connected to */
    struct lookup *lookup;
    const struct addrinfo *next; /* address to be tried */
    int fd;                      /* that is being connected, -1: none */
    guint source, timer;
    int error;                   /* of the last address */
    struct remote_channel *channel;
    char *token;
    unsigned last_id;
    unsigned hello;              /* id of the registration */
    GHashTable *pending;         /* request id -> cookie (uint64_t *) */
};

/* ---- life ---- */

static void
lookup_unref(struct lookup *l)
{
    if (g_atomic_int_dec_and_test(&l->references)) {
        if (l->list != NULL) {
            freeaddrinfo(l->list);
        }
        g_free(l->host);
        g_free(l->service);
        g_free(l);
    }
}

void
lrmd_remote_free(struct lrmd_remote *r)
{
    if (r == NULL) {
        return;
    }
    if (r->source != 0) {
        g_source_remove(r->source);
    }
    if (r->timer != 0) {
        g_source_remove(r->timer);
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    if (r->lookup != NULL) {
        r->lookup->remote = NULL;
        lookup_unref(r->lookup);
    }
    remote_channel_free(r->channel);
    g_hash_table_unref(r->pending);
    g_free(r->name);
    g_free(r->token);
    g_free(r);
}

const char *
lrmd_remote_token(const struct lrmd_remote *r)
{
    return r->token;
}

static void
failed(struct lrmd_remote *r, int rc)
{
    if (r->timer != 0) {
        g_source_remove(r->timer);
        r->timer = 0;
    }
    r->callbacks->connected(r, rc, r->data);
}

static gboolean
on_timeout(gpointer data)
{
    struct lrmd_remote *r = data;

    r->timer = 0;
    failed(r, -ETIMEDOUT);
    return G_SOURCE_REMOVE;
}

/* ---- messages ---- */

void
lrmd_remote_send_take(struct lrmd_remote *r, xmlNode *request, uint64_t cookie)
{
    xml_set_int(request, LRMD_FIELD_REMOTE_MSG_ID, ++r->last_id);
    xml_set(request, LRMD_FIELD_REMOTE_MSG_TYPE, LRMD_REMOTE_REQUEST);
    if (cookie != 0) {
        g_hash_table_replace(r->pending, GUINT_TO_POINTER(r->last_id), g_memdup2(&cookie, sizeof(cookie)));
    }
    if (r->channel != NULL) {
        remote_channel_send(r->channel, request); /* if it fails the connection has ended, which is told */
    }
    xml_free(request);
}

static void
on_registered(struct lrmd_remote *r, const xmlNode *reply)
{
    int rc = (int)xml_get_int(reply, LRMD_FIELD_RC, -ENOMSG);
    const char *token = xml_get(reply, LRMD_FIELD_CLIENT_ID);

    r->hello = 0;
    if (rc >= 0 && (token == NULL || !text_equal(xml_get(reply, LRMD_FIELD_OP), LRMD_OP_REGISTER))) {
        log_err("The executor of %s answered the registration with something else", r->name);
        rc = -EPROTO;
    }
    if (rc < 0) {
        failed(r, rc);
        return;
    }
    r->token = g_strdup(token);
    g_source_remove(r->timer);
    r->timer = 0;
    r->callbacks->connected(r, 0, r->data);
}

static void
on_reply(struct lrmd_remote *r, const xmlNode *reply)
{
    unsigned id = (unsigned)xml_get_int(reply, LRMD_FIELD_REMOTE_MSG_ID, 0);
    uint64_t *cookie = g_hash_table_lookup(r->pending, GUINT_TO_POINTER(id));

    if (id == r->hello && r->token == NULL) {
        on_registered(r, reply);
    } else if (cookie != NULL) {
        uint64_t answered = *cookie;

        g_hash_table_remove(r->pending, GUINT_TO_POINTER(id));
        r->callbacks->answered(r, answered, (int)xml_get_int(reply, LRMD_FIELD_RC, -ENOMSG), r->data);
    }
}

static void
on_message(struct remote_channel *channel, xmlNode **xml, void *data)
{
    struct lrmd_remote *r = data;
    struct lrmd_event event;

    if (text_equal(xml_get(*xml, LRMD_FIELD_REMOTE_MSG_TYPE), LRMD_REMOTE_REPLY)) {
        on_reply(r, *xml);
    } else if (r->token == NULL) {
        log_debug("Not interested in events of %s before it has registered us", r->name);
    } else if (xml_is(*xml, LRMD_TAG_PROXY)) {
        r->callbacks->proxied(r, *xml, r->data);
    } else if (lrmd_event_from_xml(*xml, &event)) {
        GHashTable *params = event.params;

        r->callbacks->event(r, &event, r->data);
        if (params != NULL) {
            g_hash_table_unref(params);
        }
    }
}

static void
on_closed(struct remote_channel *channel, const char *why, void *data)
{
    struct lrmd_remote *r = data;

    if (r->token == NULL) {
        log_info("No connection to %s: %s", r->name, why);
        failed(r, -remote_channel_error(channel));
    } else {
        log_info("The connection to %s has ended: %s", r->name, why);
        r->callbacks->lost(r, r->data);
    }
}

static void
on_ready(struct remote_channel *channel, void *data)
{
    struct lrmd_remote *r = data;

    lrmd_remote_send_take(r, lrmd_hello_new(r->name, true), 0);
    r->hello = r->last_id;
}

/* ---- connecting ---- */

static void try_next(struct lrmd_remote *r);

static void
start_tls(struct lrmd_remote *r)
{
    static const struct remote_callbacks callbacks = { .ready = on_ready, .message = on_message, .closed = on_closed };
    int fd = r->fd;

    r->fd = -1;
    r->channel = remote_channel_new_take(fd, REMOTE_CLIENT, REMOTE_TLS_KEY, &callbacks, r);
    if (r->channel == NULL) {
        failed(r, -EPROTO);
        return;
    }
    remote_channel_watch(r->channel);
}

static gboolean
on_connected(gint fd, GIOCondition condition, gpointer data)
{
    struct lrmd_remote *r = data;
    socklen_t length = sizeof(r->error);

    r->source = 0;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &r->error, &length);
    if (r->error == 0) {
        start_tls(r);
    } else {
        close(r->fd);
        r->fd = -1;
        try_next(r);
    }
    return G_SOURCE_REMOVE;
}

static void
try_next(struct lrmd_remote *r)
{
    while (r->next != NULL) {
        const struct addrinfo *a = r->next;

        r->next = a->ai_next;
        r->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (r->fd >= 0 && (connect(r->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)) {
            r->source = g_unix_fd_add(r->fd, G_IO_OUT, on_connected, r);
            return;
        }
        r->error = errno;
        if (r->fd >= 0) {
            close(r->fd);
            r->fd = -1;
        }
    }
    failed(r, -r->error);
}

static gboolean
on_looked_up(gpointer data)
{
    struct lookup *l = data;
    struct lrmd_remote *r = l->remote;
    g_autoptr(GBytes) key = NULL;

    if (r != NULL && l->rc != 0) {
        log_warn("Cannot find the address of %s: %s", l->host, gai_strerror(l->rc));
        failed(r, -EHOSTUNREACH);
    } else if (r != NULL && (key = remote_key_read()) == NULL) {
        log_err("There is no key for Pacemaker Remote nodes here: put the cluster's into /etc/pacemaker/authkey");
        failed(r, -ENOKEY);
    } else if (r != NULL) {
        r->next = l->list;
        try_next(r);
    }
    lookup_unref(l);
    return G_SOURCE_REMOVE;
}

static gpointer
look_up(gpointer data)
{
    struct lookup *l = data;
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

    l->rc = getaddrinfo(l->host, l->service, &hints, &l->list);
    g_idle_add_full(G_PRIORITY_DEFAULT, on_looked_up, l, NULL);
    return NULL;
}

struct lrmd_remote *
lrmd_remote_connect(const char *address, unsigned port, long long timeout_ms, const struct lrmd_remote_callbacks *callbacks, void *data)
{
    struct lrmd_remote *r = g_new0(struct lrmd_remote, 1);

    r->callbacks = callbacks;
    r->data = data;
    r->fd = -1;
    r->error = EHOSTUNREACH;
    r->name = g_strdup_printf("pacemaker-remote-%s:%u", address, port);
    r->pending = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    r->lookup = g_new0(struct lookup, 1);
    r->lookup->references = 2;
    r->lookup->host = g_strdup(address);
    r->lookup->service = g_strdup_printf("%u", port);
    r->lookup->remote = r;
    r->timer = g_timeout_add((guint)CLAMP(timeout_ms, 1, G_MAXINT), on_timeout, r);
    g_thread_unref(g_thread_new("lookup", look_up, r->lookup));
    return r;
}
