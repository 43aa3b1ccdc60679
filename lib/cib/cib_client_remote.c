/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB client towards a CIB manager on another machine: two connections, one for calls that wait and one for everything that
 * comes by itself.  Used by cib_client.c.  (spec 20 §13)
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client_impl.h"
#include "lib/cib/cib_proto.h"
#include "lib/ipc/remote_channel.h"

enum { CONNECT_SECONDS = 15, HANDSHAKE_SECONDS = 5, LOGIN_SECONDS = 60 };

/* One of the two connections. */
struct remote_end {
    struct cib_client *client;
    struct remote_channel *channel;
    xmlNode *answer;  /* the message that somebody waits for */
    bool waiting;
};

struct cib_remote {
    struct remote_end command, callback;
    bool in_call; /* somebody works with this structure: it must not go */
    bool lost;
    char *token; /* of the callback connection */
};

static int
rc_of(const xmlNode *reply)
{
    long long rc;

    if (!text_parse_int(xml_get(reply, CIB_F_RC), &rc)) {
        return EPROTO;
    }
    return rc == LEGACY_DIFF_RESYNC ? RC_OK : legacy_to_result((int)rc);
}

static const xmlNode *
data_of(const xmlNode *reply)
{
    const xmlNode *holder = xml_first(reply, CIB_EL_CALLDATA);

    return holder != NULL ? xml_first(holder, NULL) : NULL;
}

/* --- what arrives --- */

static void
on_message(struct remote_channel *channel, xmlNode **xml, void *data)
{
    struct remote_end *e = data;
    const char *type = xml_get(*xml, CIB_F_TYPE);

    if (e->waiting) {
        xml_free(e->answer);
        e->answer = g_steal_pointer(xml);
        e->waiting = false;
    } else if (text_equal(type, CIB_T_CIB)) {
        cib_client_finish(e->client, (int)xml_get_int(*xml, CIB_F_CALL_ID, 0), rc_of(*xml), data_of(*xml), *xml);
    } else if (text_equal(type, CIB_T_NOTIFY)) {
        cib_client_notify(e->client, *xml);
    }
}

static void
on_closed(struct remote_channel *channel, const char *why, void *data)
{
    struct remote_end *e = data;

    log_info("The connection to the remote CIB manager has ended: %s", why);
    if (e->client->remote->in_call) {
        e->client->remote->lost = true;
    } else if (e->client->connected) {
        cib_client_connection_lost(e->client);
    }
}

static const struct remote_callbacks callbacks = { .message = on_message, .closed = on_closed };

/* Wait for the message that the caller expects; NULL: it did not come. */
static xmlNode *
wait_for_answer(struct remote_end *e, int seconds)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;

    while (e->channel != NULL && e->waiting && !remote_channel_is_closed(e->channel)) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;

        if (left <= 0) {
            break;
        }
        remote_channel_step(e->channel, (int)left);
    }
    e->waiting = false;
    return g_steal_pointer(&e->answer);
}

/* --- connecting --- */

static int
connect_socket(const char *host, const char *port, int *fd)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *all = NULL;
    struct timeval limit = { .tv_sec = CONNECT_SECONDS };
    int rc = getaddrinfo(host, port, &hints, &all), error = ENOTCONN;

    if (rc != 0) {
        log_err("Cannot find the remote CIB manager %s: %s", host, gai_strerror(rc));
        return ENOTCONN;
    }
    for (const struct addrinfo *a = all; a != NULL; a = a->ai_next) {
        *fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (*fd < 0) {
            error = errno;
            continue;
        }
        setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (connect(*fd, a->ai_addr, a->ai_addrlen) == 0) {
            freeaddrinfo(all);
            return RC_OK;
        }
        error = errno;
        close(*fd);
    }
    freeaddrinfo(all);
    log_err("Cannot connect to the remote CIB manager %s, port %s: %s", host, port, strerror(error));
    return ENOTCONN;
}

/* From the terminal, without showing it. */
static char *
ask_password(void)
{
    struct termios old, quiet;
    char line[512];
    bool is_terminal = tcgetattr(STDIN_FILENO, &old) == 0;
    char *end;

    fputs("Password: ", stderr);
    if (is_terminal) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    end = fgets(line, sizeof(line), stdin);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }
    if (end == NULL) {
        return g_strdup("");
    }
    line[strcspn(line, "\r\n")] = '\0';
    return g_strdup(line);
}

/* RC_OK and the connection's id at the daemon. */
static int
log_in(struct remote_end *e, const char *user, const char *password, const char *name, char **token)
{
    g_autoptr(xmlNode) login = xml_new(NULL, CIB_EL_COMMAND), answer = NULL;
    gint64 deadline = g_get_monotonic_time() + HANDSHAKE_SECONDS * G_USEC_PER_SEC;

    while (!remote_channel_is_ready(e->channel)) {
        gint64 left = (deadline - g_get_monotonic_time()) / 1000;

        if (remote_channel_is_closed(e->channel)) {
            return ENOTCONN;
        }
        if (left <= 0) {
            log_err("The remote CIB manager does not answer in TLS: set CIB_encrypted=false if its port is one for clear text");
            return ETIME;
        }
        remote_channel_step(e->channel, (int)left);
    }
    xml_set(login, "op", "authenticate");
    xml_set(login, "user", user);
    xml_set(login, "password", password);
    xml_set(login, "hidden", "password");
    xml_set(login, "name", name);
    e->waiting = true;
    if (!remote_channel_send(e->channel, login)) {
        return ENOTCONN;
    }
    answer = wait_for_answer(e, LOGIN_SECONDS);
    if (answer == NULL) {
        if (remote_channel_is_closed(e->channel)) {
            log_err("The remote CIB manager refused the login of user %s", user);
            return EACCES;
        }
        return ETIME;
    }
    if (!text_equal_nocase(xml_get(answer, CIB_F_OP), CIB_OP_REGISTER) || xml_get(answer, CIB_F_CLIENT_ID) == NULL) {
        return EPROTO;
    }
    *token = g_strdup(xml_get(answer, CIB_F_CLIENT_ID));
    return RC_OK;
}

static int
open_end(struct cib_client *c, struct remote_end *e, bool encrypted, const char *user, const char *password, const char *name,
         char **token)
{
    const char *host = getenv("CIB_server");
    int fd = -1, rc = connect_socket(host != NULL ? host : "localhost", getenv("CIB_port"), &fd);

    e->client = c;
    if (rc != RC_OK) {
        return rc;
    }
    e->channel = remote_channel_new_take(fd, REMOTE_CLIENT, encrypted ? REMOTE_TLS_ANONYMOUS : REMOTE_CLEAR, &callbacks, e);
    return e->channel != NULL ? log_in(e, user, password, name, token) : EPROTONOSUPPORT;
}

int
cib_remote_connect(struct cib_client *c, const char *name)
{
    const char *user = getenv("CIB_user"), *given = getenv("CIB_passwd"), *wish = getenv("CIB_encrypted");
    bool encrypted = wish == NULL || text_is_true(wish);
    g_autofree char *password = g_strdup(given), *command_token = NULL;
    int rc;

    c->remote = g_new0(struct cib_remote, 1);
    if (user == NULL) {
        user = DAEMON_USER;
    }
    if (password == NULL) {
        password = ask_password();
    }
    c->remote->in_call = true;
    rc = open_end(c, &c->remote->command, encrypted, user, password, name, &command_token);
    if (rc == RC_OK) {
        rc = open_end(c, &c->remote->callback, encrypted, user, password, name, &c->remote->token);
    }
    explicit_bzero(password, strlen(password));
    c->remote->in_call = false;
    if (rc != RC_OK) {
        cib_remote_disconnect(c);
        return rc;
    }
    if (c->has_loop) {
        remote_channel_watch(c->remote->callback.channel);
    }
    return RC_OK;
}

void
cib_remote_disconnect(struct cib_client *c)
{
    struct remote_end *ends[2];

    if (c->remote == NULL) {
        return;
    }
    ends[0] = &c->remote->command;
    ends[1] = &c->remote->callback;
    for (int i = 0; i < 2; i++) {
        remote_channel_free(ends[i]->channel);
        xml_free(ends[i]->answer);
    }
    g_free(c->remote->token);
    g_clear_pointer(&c->remote, g_free);
}

/* --- calls --- */

static xmlNode *
make_request(const struct cib_client *c, const struct cib_request *r, int call_id)
{
    xmlNode *e = xml_new(NULL, CIB_EL_COMMAND);

    xml_set(e, CIB_F_NAME, CIB_EL_COMMAND);
    xml_set(e, CIB_F_TYPE, CIB_T_CIB);
    xml_set(e, CIB_F_ASYNC_ID, c->remote->token);
    xml_set(e, CIB_F_OP, r->op);
    xml_set(e, CIB_F_HOST, r->host);
    xml_set(e, CIB_F_SECTION, r->section);
    xml_set_int(e, CIB_F_CALL_ID, call_id);
    xml_set(e, CIB_F_USER, r->user);
    xml_set_int(e, CIB_F_CALL_OPT, r->options);
    if (r->input != NULL) {
        xml_copy(xml_new(e, CIB_EL_CALLDATA), r->input);
    }
    return e;
}

static int
call(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, xmlNode **output)
{
    g_autoptr(xmlNode) message = make_request(c, request, call_id), reply = NULL;
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;
    struct remote_end *e = &c->remote->command;
    const xmlNode *data;

    e->waiting = !(request->options & CIB_OPT_DISCARD_REPLY);
    if (!remote_channel_send(e->channel, message)) {
        return ENOTCONN;
    }
    while (e->waiting) {
        gint64 left = (deadline - g_get_monotonic_time()) / G_USEC_PER_SEC;

        xml_free(reply);
        reply = left > 0 ? wait_for_answer(e, (int)left) : NULL;
        if (reply == NULL) {
            return c->remote->lost ? ENOTCONN : ETIME;
        }
        /* the answer to an earlier call that was given up */
        e->waiting = xml_get_int(reply, CIB_F_CALL_ID, 0) < call_id;
    }
    if (reply == NULL) {
        return RC_OK;
    }
    data = data_of(reply);
    *output = data != NULL ? xml_copy(NULL, data) : NULL;
    return rc_of(reply);
}

int
cib_remote_call(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, xmlNode **output)
{
    int rc;

    c->remote->in_call = true;
    rc = call(c, request, call_id, timeout_s, output);
    c->remote->in_call = false;
    if (c->remote->lost) {
        cib_client_connection_lost(c);
    }
    return rc;
}

int
cib_remote_send(struct cib_client *c, const struct cib_request *request, int call_id)
{
    g_autoptr(xmlNode) message = make_request(c, request, call_id);

    return remote_channel_send(c->remote->callback.channel, message) ? RC_OK : ENOTCONN;
}

int
cib_remote_subscribe(struct cib_client *c, const char *type, bool on)
{
    g_autoptr(xmlNode) message = xml_new(NULL, CIB_EL_COMMAND);

    xml_set(message, CIB_F_OP, CIB_OP_NOTIFY);
    xml_set(message, CIB_F_NOTIFY_TYPE, type);
    xml_set(message, CIB_F_NOTIFY_ON, on ? "1" : "0");
    return remote_channel_send(c->remote->callback.channel, message) ? RC_OK : ENOTCONN; /* there is no answer */
}

int
cib_remote_dispatch(struct cib_client *c, int timeout_ms)
{
    bool came = remote_channel_step(c->remote->callback.channel, timeout_ms);

    if (!c->connected) {
        return ENOTCONN;
    }
    return came ? RC_OK : ETIME;
}
