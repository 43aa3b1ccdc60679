/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CIB manager's remote endpoints: sockets, the login that must come first, the stamps that every request gets.  Called by main.c.
 * Never executes anything.  (spec 20 §13)
 */
#include "daemons/cib/based_remote.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemons/cib/based_login.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_proto.h"
#include "lib/ipc/remote_channel.h"

enum {
    LOGIN_SECONDS = 10,
    LISTEN_BACKLOG = 10,
    STRANGERS_MAX = 50,               /* connections that have not logged in */
    LOGIN_MESSAGE_MAX = 4096,
    UNSENT_MAX = 2 * REMOTE_MESSAGE_MAX, /* of a client that does not read */
};

enum stage { STAGE_HANDSHAKE, STAGE_LOGIN, STAGE_CHECKING, STAGE_IN };

struct remote_client {
    char *id, *user, *name;
    char address[INET_ADDRSTRLEN];
    enum stage stage;
    guint timer;
    struct remote_channel *channel;
};

static struct {
    const struct remote_server_callbacks *callbacks;
    GHashTable *clients; /* id -> struct remote_client */
    GArray *listeners;   /* struct listener */
} server;

struct listener {
    int fd;
    guint source;
};

/* --- clients --- */

static void
free_client(gpointer data)
{
    struct remote_client *c = data;

    if (c->timer != 0) {
        g_source_remove(c->timer);
    }
    remote_channel_free(c->channel);
    g_free(c->id);
    g_free(c->user);
    g_free(c->name);
    g_free(c);
}

static void
drop(struct remote_client *c, const char *why)
{
    bool was_in = c->stage == STAGE_IN;
    g_autofree char *id = g_strdup(c->id);

    if (was_in) {
        log_info("Remote client %s (%s) is gone: %s", c->name, c->address, why);
    } else {
        log_warn("Remote connection from %s ends before a login: %s", c->address, why);
    }
    g_hash_table_remove(server.clients, id);
    if (was_in) {
        server.callbacks->closed(id);
    }
}

static gboolean
on_timeout(gpointer data)
{
    struct remote_client *c = data;

    c->timer = 0;
    drop(c, "it took too long");
    return G_SOURCE_REMOVE;
}

static void
start_timer(struct remote_client *c)
{
    if (c->timer != 0) {
        g_source_remove(c->timer);
    }
    c->timer = g_timeout_add_seconds(LOGIN_SECONDS, on_timeout, c);
}

static void
on_ready(struct remote_channel *channel, void *data)
{
    struct remote_client *c = data;

    c->stage = STAGE_LOGIN;
    start_timer(c);
}

/* --- login --- */

static void
on_login(const char *client_id, bool accepted)
{
    struct remote_client *c = g_hash_table_lookup(server.clients, client_id);
    g_autoptr(xmlNode) welcome = NULL;

    if (c == NULL) {
        return; /* it did not wait */
    }
    if (!accepted) {
        drop(c, "login refused");
        return;
    }
    c->stage = STAGE_IN;
    remote_channel_limit(c->channel, REMOTE_MESSAGE_MAX);
    log_notice("User %s logged in from %s as client %s", c->user, c->address, c->name);
    server.callbacks->connected(c->id);
    welcome = xml_new(NULL, "cib_result");
    xml_set(welcome, CIB_F_OP, "register");
    xml_set(welcome, CIB_F_CLIENT_ID, c->id);
    remote_channel_send(c->channel, welcome);
}

static void
log_in(struct remote_client *c, const xmlNode *message)
{
    const char *user = xml_get(message, "user"), *password = xml_get(message, "password"), *name = xml_get(message, "name");

    if (!xml_is(message, CIB_EL_COMMAND) || !text_equal(xml_get(message, "op"), "authenticate") || user == NULL || password == NULL) {
        drop(c, "its first message is no login");
        return;
    }
    if (c->timer != 0) {
        g_source_remove(c->timer); /* from here on it is us who take the time */
        c->timer = 0;
    }
    c->stage = STAGE_CHECKING;
    c->user = g_strdup(user);
    c->name = g_strdup(name != NULL ? name : c->id);
    login_start(c->id, user, password, on_login);
}

/* --- requests --- */

static void
stamp(const struct remote_client *c, xmlNode *message)
{
    static const char *const ours[] = { CIB_F_SRC, CIB_F_HOST, CIB_F_GLOBAL_UPDATE, CIB_F_DELEGATED, CIB_F_REPLY_TO,
                                        CIB_F_SCHEMA_MAX, CIB_F_UPGRADE_RC };
    g_autofree char *call_id = xml_get(message, CIB_F_CALL_ID) == NULL ? text_new_uuid() : NULL;
    const char *cn = xml_get(message, "cn");

    for (guint i = 0; i < G_N_ELEMENTS(ours); i++) {
        xml_remove(message, ours[i]);
    }
    xml_set(message, CIB_F_TYPE, CIB_T_CIB);
    xml_set(message, CIB_F_CLIENT_ID, c->id);
    xml_set(message, CIB_F_CLIENT_NAME, strcmp(c->name, c->id) == 0 && cn != NULL ? cn : c->name);
    xml_set(message, CIB_F_USER, c->user);
    xml_set(message, CIB_F_ACL_TARGET, c->user);
    if (call_id != NULL) {
        xml_set(message, CIB_F_CALL_ID, call_id);
    }
    if (xml_get(message, CIB_F_CALL_OPT) == NULL) {
        xml_set(message, CIB_F_CALL_OPT, "0");
    }
}

static void
on_message(struct remote_channel *channel, xmlNode **xml, void *data)
{
    struct remote_client *c = data;

    if (c->stage == STAGE_LOGIN) {
        log_in(c, *xml);
    } else if (c->stage == STAGE_CHECKING) {
        drop(c, "it did not wait for the answer to its login");
    } else if (xml_is(*xml, CIB_EL_COMMAND)) {
        stamp(c, *xml);
        server.callbacks->request(c->id, *xml);
    }
}

static void
on_closed(struct remote_channel *channel, const char *why, void *data)
{
    drop(data, why);
}

static const struct remote_callbacks channel_callbacks = { .ready = on_ready, .message = on_message, .closed = on_closed };

/* --- listening --- */

static unsigned
count_strangers(void)
{
    GHashTableIter iter;
    gpointer value;
    unsigned n = 0;

    g_hash_table_iter_init(&iter, server.clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        n += ((const struct remote_client *)value)->stage != STAGE_IN;
    }
    return n;
}

static gboolean
on_connection(int fd, bool encrypted)
{
    struct sockaddr_in from;
    socklen_t length = sizeof(from);
    int peer = accept(fd, (struct sockaddr *)&from, &length), on = 1;
    struct remote_client *c;

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
    setsockopt(peer, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    c = g_new0(struct remote_client, 1);
    c->id = text_new_uuid();
    inet_ntop(AF_INET, &from.sin_addr, c->address, sizeof(c->address));
    c->channel = remote_channel_new_take(peer, REMOTE_SERVER, encrypted ? REMOTE_TLS_ANONYMOUS : REMOTE_CLEAR, &channel_callbacks, c);
    if (c->channel == NULL) {
        free_client(c);
        return G_SOURCE_CONTINUE;
    }
    remote_channel_limit(c->channel, LOGIN_MESSAGE_MAX);
    g_hash_table_insert(server.clients, c->id, c);
    start_timer(c);
    remote_channel_watch(c->channel);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_clear_connection(gint fd, GIOCondition condition, gpointer data)
{
    return on_connection(fd, false);
}

static gboolean
on_encrypted_connection(gint fd, GIOCondition condition, gpointer data)
{
    return on_connection(fd, true);
}

void
remote_server_init(const struct remote_server_callbacks *callbacks)
{
    server.callbacks = callbacks;
}

void
remote_server_listen(int port, bool encrypted)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = INADDR_ANY };
    struct listener l = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) };
    int on = 1;

    if (port > 65535 || l.fd < 0 || setsockopt(l.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0
        || bind(l.fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(l.fd, LISTEN_BACKLOG) != 0) {
        log_err("Could not listen for remote clients on port %d: %s", port, port > 65535 ? "there is no such port" : strerror(errno));
        if (l.fd >= 0) {
            close(l.fd);
        }
        return;
    }
    if (server.clients == NULL) {
        server.clients = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_client);
        server.listeners = g_array_new(FALSE, FALSE, sizeof(struct listener));
    }
    l.source = g_unix_fd_add(l.fd, G_IO_IN, encrypted ? on_encrypted_connection : on_clear_connection, NULL);
    g_array_append_val(server.listeners, l);
    log_notice("Listening for remote clients on port %d (%s)", port, encrypted ? "TLS" : "clear text");
    if (!encrypted) {
        log_warn("Passwords and the configuration travel in clear text over port %d: prefer remote-tls-port", port);
    }
}

void
remote_server_finish(void)
{
    if (server.clients == NULL) {
        return;
    }
    for (guint i = 0; i < server.listeners->len; i++) {
        struct listener *l = &g_array_index(server.listeners, struct listener, i);

        g_source_remove(l->source);
        close(l->fd);
    }
    g_array_set_size(server.listeners, 0);
    while (g_hash_table_size(server.clients) > 0) {
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, server.clients);
        g_hash_table_iter_next(&iter, NULL, &value);
        drop(value, "we shut down");
    }
}

/* --- answers --- */

bool
remote_client_exists(const char *client_id)
{
    const struct remote_client *c = server.clients != NULL && client_id != NULL ? g_hash_table_lookup(server.clients, client_id) : NULL;

    return c != NULL && c->stage == STAGE_IN;
}

void
remote_client_send(const char *client_id, const GString *text)
{
    struct remote_client *c = g_hash_table_lookup(server.clients, client_id);

    if (c == NULL) {
        return;
    }
    if (remote_channel_unsent(c->channel) > UNSENT_MAX) {
        drop(c, "it does not read what it is sent");
        return;
    }
    remote_channel_send_text(c->channel, text->str, text->len);
}
