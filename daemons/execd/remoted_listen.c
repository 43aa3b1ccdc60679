/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TLS endpoint of pacemaker-remoted: listening, handshakes, requests and their answers, notifications.  Called by remoted.c and
 * remoted_proxy.c.  Never blocks: an idle or slow peer costs nobody else anything.  (spec 50 §12)
 */
#include "daemons/execd/remoted_listen.h"

#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/panic.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/lrmd_protocol.h"
#include "lib/ipc/remote_channel.h"

enum {
    HANDSHAKE_SECONDS = 10,
    LISTEN_BACKLOG = 10,
    STRANGERS_MAX = 50,                  /* connections without a finished handshake */
    UNSENT_MAX = 2 * REMOTE_MESSAGE_MAX, /* of a node that does not read */
};

struct client {
    char *id, *name;
    char address[NI_MAXHOST];
    bool ready;
    guint timer;
    struct remote_channel *channel;
};

static struct {
    const struct remoted_listen_callbacks *callbacks;
    GHashTable *clients; /* id -> struct client */
    int fd;
    guint source;
} listener = { .fd = -1 };

/* --- clients --- */

static void
free_client(gpointer data)
{
    struct client *c = data;

    if (c->timer != 0) {
        g_source_remove(c->timer);
    }
    remote_channel_free(c->channel);
    g_free(c->id);
    g_free(c->name);
    g_free(c);
}

/* Frees `c`. */
static void
drop(struct client *c, const char *why)
{
    bool was_ready = c->ready;
    g_autofree char *id = g_strdup(c->id);

    if (was_ready) {
        log_notice("Cleaning up after remote client %s disconnected" LOG_XT "from=%s why=%s", c->name != NULL ? c->name : c->id, c->address, why);
    } else {
        log_err("TLS handshake with remote client failed: %s" LOG_XT "from=%s", why, c->address);
    }
    g_hash_table_remove(listener.clients, id);
    if (was_ready) {
        listener.callbacks->gone(id);
    }
}

static gboolean
on_handshake_timeout(gpointer data)
{
    struct client *c = data;

    c->timer = 0;
    log_err("Remote client authentication timed out");
    drop(c, "it took too long");
    return G_SOURCE_REMOVE;
}

static void
on_ready(struct remote_channel *channel, void *data)
{
    struct client *c = data;
    g_autofree char *id = g_strdup(c->id);

    g_source_remove(c->timer);
    c->timer = 0;
    c->ready = true;
    log_notice("Remote client connection accepted" LOG_XT "from=%s", c->address);
    listener.callbacks->connected(id);
}

static void
on_closed(struct remote_channel *channel, const char *why, void *data)
{
    drop(data, why);
}

/* --- messages --- */

static void
send_text(struct client *c, const char *text)
{
    if (remote_channel_unsent(c->channel) > UNSENT_MAX) {
        drop(c, "it does not read what it is sent");
    } else {
        remote_channel_send_text(c->channel, text, strlen(text));
    }
}

static char *
text_of(const xmlNode *xml, const char *type, long long id)
{
    g_autoptr(xmlNode) message = xml_copy(NULL, xml);

    xml_set_int(message, LRMD_FIELD_REMOTE_MSG_ID, id);
    xml_set(message, LRMD_FIELD_REMOTE_MSG_TYPE, type);
    return xml_to_text(message, XML_TEXT_PLAIN);
}

static void
on_message(struct remote_channel *channel, xmlNode **xml, void *data)
{
    struct client *c = data;
    g_autofree char *id = g_strdup(c->id);
    g_autoptr(xmlNode) reply = NULL;
    g_autofree char *text = NULL;

    if (!text_equal(xml_get(*xml, LRMD_FIELD_REMOTE_MSG_TYPE), LRMD_REMOTE_REQUEST)) {
        log_info("Ignoring a message from %s that is no request", c->address);
        return;
    }
    reply = listener.callbacks->request(id, *xml);
    c = g_hash_table_lookup(listener.clients, id); /* what it asked for may have ended it */
    if (reply != NULL && c != NULL) {
        text = text_of(reply, LRMD_REMOTE_REPLY, xml_get_int(*xml, LRMD_FIELD_REMOTE_MSG_ID, 0));
        send_text(c, text);
    }
}

void
remoted_client_set_name(const char *client, const char *name)
{
    struct client *c = g_hash_table_lookup(listener.clients, client);

    if (c != NULL) {
        g_free(c->name);
        c->name = g_strdup(name);
    }
}

void
remoted_client_notify(const char *client, const xmlNode *xml)
{
    struct client *c = g_hash_table_lookup(listener.clients, client);
    g_autofree char *text = NULL;

    if (c != NULL && c->ready) {
        text = text_of(xml, LRMD_REMOTE_NOTIFY, 0);
        send_text(c, text);
    }
}

void
remoted_client_notify_all(const char *except, const xmlNode *xml)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    /* their ids first: sending may end one */
    g_hash_table_iter_init(&iter, listener.clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct client *c = value;

        if (c->name != NULL && !text_equal(c->id, except)) {
            g_ptr_array_add(ids, g_strdup(c->id));
        }
    }
    for (guint i = 0; i < ids->len; i++) {
        remoted_client_notify(ids->pdata[i], xml);
    }
}

/* --- listening --- */

static unsigned
count_strangers(void)
{
    GHashTableIter iter;
    gpointer value;
    unsigned n = 0;

    g_hash_table_iter_init(&iter, listener.clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        n += !((const struct client *)value)->ready;
    }
    return n;
}

/* A host with SBD must not wait longer for a dead peer than its watchdog would. */
static void
limit_silence(int fd)
{
    unsigned ms = (unsigned)(sbd_watchdog_timeout_ms() / 2);

    if (ms > 0 && setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms)) != 0) {
        log_warn("Could not limit how long a dead connection is kept: %s", strerror(errno));
    }
}

static gboolean
on_connection(gint fd, GIOCondition condition, gpointer data)
{
    static const struct remote_callbacks callbacks = { .ready = on_ready, .message = on_message, .closed = on_closed };
    struct sockaddr_storage from;
    socklen_t length = sizeof(from);
    int peer = accept(fd, (struct sockaddr *)&from, &length);
    struct client *c;

    if (peer < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            log_err("Could not accept a remote connection: %s", strerror(errno));
        }
        return G_SOURCE_CONTINUE;
    }
    if (count_strangers() >= STRANGERS_MAX) {
        close(peer);
        return G_SOURCE_CONTINUE;
    }
    limit_silence(peer);
    c = g_new0(struct client, 1);
    c->id = text_new_uuid();
    if (getnameinfo((struct sockaddr *)&from, length, c->address, sizeof(c->address), NULL, 0, NI_NUMERICHOST) != 0) {
        g_strlcpy(c->address, "unknown", sizeof(c->address));
    }
    log_info("Accepted new remote client connection from %s", c->address);
    c->channel = remote_channel_new_take(peer, REMOTE_SERVER, REMOTE_TLS_KEY, &callbacks, c);
    if (c->channel == NULL) {
        free_client(c);
        return G_SOURCE_CONTINUE;
    }
    g_hash_table_insert(listener.clients, c->id, c);
    c->timer = g_timeout_add_seconds(HANDSHAKE_SECONDS, on_handshake_timeout, c);
    remote_channel_watch(c->channel);
    return G_SOURCE_CONTINUE;
}

/* A listening socket, or -1 with errno. */
static int
listen_on(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, off = 0, error;

    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)); /* all addresses include those of IPv4 */
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0) {
        return fd;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

bool
remoted_listen_start(const char *address, int port, const struct remoted_listen_callbacks *callbacks)
{
    static const int families[] = { AF_INET6, AF_INET };
    const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    g_autofree char *service = g_strdup_printf("%d", port);
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(address, service, &hints, &list), error = EADDRNOTAVAIL;

    listener.callbacks = callbacks;
    listener.clients = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_client);
    if (rc != 0) {
        log_err("Unable to bind to address %s: %s", address != NULL ? address : "(any)", gai_strerror(rc));
        return false;
    }
    for (guint i = 0; i < G_N_ELEMENTS(families) && listener.fd < 0; i++) {
        for (const struct addrinfo *a = list; a != NULL && listener.fd < 0; a = a->ai_next) {
            if (a->ai_family == families[i] && (listener.fd = listen_on(a)) < 0) {
                error = errno;
            }
        }
    }
    freeaddrinfo(list);
    if (listener.fd < 0) {
        log_err("Could not listen for cluster nodes on port %d: %s", port, strerror(error));
        return false;
    }
    listener.source = g_unix_fd_add(listener.fd, G_IO_IN, on_connection, NULL);
    log_info("Listening for cluster nodes on port %d", port);
    return true;
}

void
remoted_listen_stop(void)
{
    if (listener.fd >= 0) {
        g_source_remove(listener.source);
        close(listener.fd);
        listener.fd = -1;
    }
}

void
remoted_listen_finish(void)
{
    GHashTableIter iter;
    gpointer value;

    remoted_listen_stop();
    while (g_hash_table_size(listener.clients) > 0) {
        g_hash_table_iter_init(&iter, listener.clients);
        g_hash_table_iter_next(&iter, NULL, &value);
        drop(value, "we leave");
    }
}
