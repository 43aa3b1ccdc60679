/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Server end of local IPC over libqb, driven by the GLib main loop.  Called by daemons' shells.
 * Never interprets a message beyond its frame; never blocks on a client.  (spec 10 §1)
 */
#include "lib/ipc/ipc_server.h"

#include <errno.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <qb/qbipcs.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_protocol.h"

#define QUEUE_LIMIT_DEFAULT 500u
#define FLUSH_MAX           100u
#define RETRY_FIRST_MS      2u
#define RETRY_LAST_MS       250u

struct ipc_server {
    gint refs; /* the owner's, and one a client */
    char *name;
    qb_ipcs_service_t *service;
    const struct ipc_server_callbacks *callbacks;
    void *data;
    int refuse;
    unsigned clients;
};

/* A client with what only this file needs. */
struct client {
    struct ipc_client pub; /* first: a struct ipc_client is one of these */
    qb_ipcs_connection_t *connection;
    GDestroyNotify destroy_data;
    char *label;
    bool connected;
    /* Events not sent yet (spec 10 §1.9). */
    GQueue events;
    unsigned limit;
    unsigned backlog; /* events that were left when it was judged last; 0: none */
    gint64 judge_at;  /* ms of the monotonic clock: not before; 0: when something is left */
    guint retry_ms;
    guint flush_timer;
};

struct event {
    struct ipc_payload *payload;
    uint32_t flags;
};

static GHashTable *all_clients; /* id -> struct client, connected ones of all endpoints */
static int32_t next_event_id = 1;

/* --- libqb in the GLib main loop --- */

struct watch {
    int fd;
    guint source;
    qb_ipcs_dispatch_fn_t dispatch;
    void *data;
};

static GHashTable *watches; /* fd -> struct watch */

static int
glib_priority(enum qb_loop_priority p)
{
    switch (p) {
    case QB_LOOP_HIGH:
        return G_PRIORITY_HIGH;
    case QB_LOOP_LOW:
        return G_PRIORITY_LOW;
    default:
        return G_PRIORITY_DEFAULT;
    }
}

static gboolean
watch_dispatch(gint fd, GIOCondition condition, gpointer user_data)
{
    const struct watch *w = user_data;
    guint source = w->source;

    if (w->dispatch(fd, (int32_t)condition, w->data) >= 0) {
        return G_SOURCE_CONTINUE;
    }
    /* libqb may have removed or replaced the watch meanwhile: only ours may go. */
    w = g_hash_table_lookup(watches, GINT_TO_POINTER(fd));
    if (w != NULL && w->source == source) {
        g_hash_table_steal(watches, GINT_TO_POINTER(fd));
    }
    return G_SOURCE_REMOVE;
}

static void
watch_remove(gpointer data)
{
    /* The watch itself is freed by the source. */
    g_source_remove(((struct watch *)data)->source);
}

static int32_t
loop_add(enum qb_loop_priority p, int32_t fd, int32_t events, void *data, qb_ipcs_dispatch_fn_t fn)
{
    struct watch *w = g_new0(struct watch, 1);

    if (watches == NULL) {
        watches = g_hash_table_new_full(NULL, NULL, NULL, watch_remove);
    }
    w->fd = fd;
    w->dispatch = fn;
    w->data = data;
    w->source = loop_watch_fd(glib_priority(p), fd,
                                   (GIOCondition)events | G_IO_HUP | G_IO_ERR | G_IO_NVAL,
                                   watch_dispatch, w, g_free);
    g_hash_table_replace(watches, GINT_TO_POINTER(fd), w);
    return 0;
}

static int32_t
loop_del(int32_t fd)
{
    if (watches != NULL) {
        g_hash_table_remove(watches, GINT_TO_POINTER(fd));
    }
    return 0;
}

struct job {
    qb_loop_job_dispatch_fn run;
    void *data;
};

static gboolean
job_dispatch(gpointer data)
{
    const struct job *job = data;

    job->run(job->data);
    return G_SOURCE_REMOVE;
}

static int32_t
loop_job(enum qb_loop_priority p, void *data, qb_loop_job_dispatch_fn fn)
{
    struct job *job = g_new(struct job, 1);

    job->run = fn;
    job->data = data;
    g_idle_add_full(glib_priority(p), job_dispatch, job, g_free);
    return 0;
}

static struct qb_ipcs_poll_handlers loop_handlers = {
    .job_add = loop_job,
    .dispatch_add = loop_add,
    .dispatch_mod = loop_add, /* adding replaces */
    .dispatch_del = loop_del,
};

/* --- connections --- */

static void
server_unref(struct ipc_server *server)
{
    if (--server->refs == 0) {
        g_free(server->name);
        g_free(server);
    }
}

static int32_t
on_accept(qb_ipcs_connection_t *connection, uid_t uid, gid_t gid)
{
    struct ipc_server *server = qb_ipcs_connection_service_context_get(connection);
    struct client *client;
    int error = server->refuse;

    if (error == 0 && server->callbacks->accept != NULL) {
        error = server->callbacks->accept(server, uid, gid, server->data);
    }
    if (error != 0) {
        log_info("Refusing a connection to IPC endpoint %s from uid %u: %s", server->name,
                 (unsigned)uid, result_text(error));
        return -error;
    }
    if (uid != 0) {
        gid_t daemon_gid;

        /* Membership in the group is what lets others in: they cannot map the buffers otherwise. */
        access_daemon_ids(NULL, &daemon_gid);
        qb_ipcs_connection_auth_set(connection, (uid_t)-1, daemon_gid,
                                    S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
    }
    client = g_new0(struct client, 1);
    client->connection = connection;
    client->pub.server = server;
    client->pub.uid = uid;
    client->pub.gid = gid;
    g_queue_init(&client->events);
    server->refs++;
    qb_ipcs_context_set(connection, client);
    return 0;
}

static void
on_created(qb_ipcs_connection_t *connection)
{
    struct client *client = qb_ipcs_context_get(connection);
    struct ipc_server *server = client->pub.server;
    struct qb_ipcs_connection_stats stats;

    memset(&stats, 0, sizeof(stats));
    qb_ipcs_connection_stats_get(connection, &stats, QB_FALSE);
    client->pub.pid = stats.client_pid;
    client->pub.id = text_new_uuid();
    client->pub.user = access_user_name(client->pub.uid);
    client->pub.privileged = access_is_privileged(client->pub.uid);
    client->label = g_strdup_printf("%ld", (long)client->pub.pid);
    client->connected = true;
    if (all_clients == NULL) {
        all_clients = g_hash_table_new(g_str_hash, g_str_equal);
    }
    g_hash_table_insert(all_clients, client->pub.id, client);
    server->clients++;
    log_debug("Client %s (user %s) connected to %s" LOG_XT "id=%s", client->label, client->pub.user,
              server->name, client->pub.id);
    if (server->callbacks->connected != NULL) {
        server->callbacks->connected(&client->pub, server->data);
    }
}

static void
event_free(gpointer data)
{
    struct event *event = data;

    ipc_payload_unref(event->payload);
    g_free(event);
}

static int32_t
on_closed(qb_ipcs_connection_t *connection)
{
    struct client *client = qb_ipcs_context_get(connection);
    struct ipc_server *server;

    if (client == NULL || !client->connected) {
        return 0;
    }
    server = client->pub.server;
    client->connected = false;
    g_hash_table_remove(all_clients, client->pub.id);
    server->clients--;
    log_debug("Client %s disconnected from %s" LOG_XT "id=%s", client->label, server->name,
              client->pub.id);
    if (server->callbacks->closed != NULL) {
        server->callbacks->closed(&client->pub, server->data);
    }
    g_queue_clear_full(&client->events, event_free);
    if (client->flush_timer != 0) {
        g_source_remove(client->flush_timer);
        client->flush_timer = 0;
    }
    return 0;
}

static void
on_destroyed(qb_ipcs_connection_t *connection)
{
    struct client *client = qb_ipcs_context_get(connection);

    if (client == NULL) {
        return;
    }
    qb_ipcs_context_set(connection, NULL);
    ipc_client_set_data(&client->pub, NULL, NULL);
    server_unref(client->pub.server);
    g_free(client->pub.id);
    g_free(client->pub.user);
    g_free(client->pub.name);
    g_free(client->label);
    g_free(client);
}

static int32_t
on_message(qb_ipcs_connection_t *connection, void *data, size_t size)
{
    struct client *client = qb_ipcs_context_get(connection);
    struct ipc_server *server = client->pub.server;
    struct ipc_request request = { 0 };
    struct ipc_text text;
    int rc;

    if (!client->connected) {
        return 0;
    }
    rc = ipc_text_decode(data, size, &text);
    if (rc != RC_OK) {
        /* Without a valid header there is nothing an answer could refer to (spec 10 §1.4). */
        log_warn("Ignoring a malformed message from client %s of %s: %s", client->label,
                 server->name, result_text(rc));
        return 0;
    }
    request.id = (uint32_t)text.header.id;
    request.flags = text.header.flags;
    if (request.flags & IPC_PROXIED) {
        client->pub.proxied = true;
    }
    request.xml = xml_parse(text.text, text.len, XML_PARSE_LENIENT, NULL);
    if (request.xml == NULL) {
        log_warn("Client %s of %s sent a message that is not XML", client->label, server->name);
    }
    ipc_text_clear(&text);
    server->callbacks->request(&client->pub, &request, server->data);
    xml_free(request.xml);
    return 0;
}

static struct qb_ipcs_service_handlers service_handlers = {
    .connection_accept = on_accept,
    .connection_created = on_created,
    .msg_process = on_message,
    .connection_closed = on_closed,
    .connection_destroyed = on_destroyed,
};

/* --- endpoints --- */

static enum qb_ipc_type
qb_type(enum ipc_server_type type)
{
    const char *wanted = env_option("ipc_type");

    if (text_equal_nocase(wanted, "shared-mem")) {
        return QB_IPC_SHM;
    } else if (text_equal_nocase(wanted, "socket")) {
        return QB_IPC_SOCKET;
    } else if (text_equal_nocase(wanted, "posix")) {
        return QB_IPC_POSIX_MQ;
    } else if (text_equal_nocase(wanted, "sysv")) {
        return QB_IPC_SYSV_MQ;
    }
    /* libqb's own choice would be the same today; saying it keeps the endpoint's nature ours. */
    return type == IPC_TYPE_SHM || type == IPC_TYPE_NATIVE ? QB_IPC_SHM : QB_IPC_NATIVE;
}

struct ipc_server *
ipc_server_new(const char *name, enum ipc_server_type type, unsigned flags,
               const struct ipc_server_callbacks *callbacks, void *data)
{
    struct ipc_server *server = g_new0(struct ipc_server, 1);
    int rc;

    g_assert(callbacks->request != NULL);
    server->refs = 1;
    server->name = g_strdup(name);
    server->callbacks = callbacks;
    server->data = data;
    server->service = qb_ipcs_create(name, 0, qb_type(type), &service_handlers);
    if (server->service == NULL) {
        rc = -errno;
    } else {
        qb_ipcs_service_context_set(server->service, server);
        qb_ipcs_poll_handlers_set(server->service, &loop_handlers);
        qb_ipcs_enforce_buffer_size(server->service, ipc_buffer_size());
        if (flags & IPC_SERVER_FAST) {
            qb_ipcs_request_rate_limit(server->service, QB_IPCS_RATE_FAST);
        }
        rc = qb_ipcs_run(server->service);
    }
    if (rc < 0) {
        log_err("Could not open IPC endpoint %s: %s", name, result_text(-rc));
        server_unref(server);
        return NULL;
    }
    return server;
}

static void
disconnect_each(struct ipc_client *client, void *data)
{
    ipc_client_disconnect(client);
}

void
ipc_server_free(struct ipc_server *server)
{
    if (server == NULL) {
        return;
    }
    server->refuse = ESHUTDOWN;
    ipc_server_for_each(server, disconnect_each, NULL);
    qb_ipcs_destroy(server->service);
    server->service = NULL;
    server_unref(server);
}

const char *
ipc_server_name(const struct ipc_server *server)
{
    return server->name;
}

void
ipc_server_refuse(struct ipc_server *server, int error)
{
    server->refuse = error;
}

/* --- clients --- */

unsigned
ipc_server_client_count(const struct ipc_server *server)
{
    if (server != NULL) {
        return server->clients;
    }
    return all_clients != NULL ? g_hash_table_size(all_clients) : 0;
}

void
ipc_server_for_each(struct ipc_server *server, void (*f)(struct ipc_client *client, void *data),
                    void *data)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    if (all_clients == NULL) {
        return;
    }
    /* By id, because f may disconnect this one or any other. */
    g_hash_table_iter_init(&iter, all_clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct ipc_client *client = value;

        if (server == NULL || client->server == server) {
            g_ptr_array_add(ids, g_strdup(client->id));
        }
    }
    for (guint i = 0; i < ids->len; i++) {
        struct ipc_client *client = ipc_client_find(ids->pdata[i]);

        if (client != NULL) {
            f(client, data);
        }
    }
}

struct ipc_client *
ipc_client_find(const char *id)
{
    if (all_clients == NULL || id == NULL) {
        return NULL;
    }
    return g_hash_table_lookup(all_clients, id);
}

void
ipc_client_set_name(struct ipc_client *client, const char *name)
{
    g_free(client->name);
    client->name = g_strdup(name);
}

void
ipc_client_set_data(struct ipc_client *client, void *data, GDestroyNotify destroy)
{
    struct client *c = (struct client *)client;

    if (client->data != NULL && c->destroy_data != NULL) {
        c->destroy_data(client->data);
    }
    client->data = data;
    c->destroy_data = destroy;
}

const char *
ipc_client_label(const struct ipc_client *client)
{
    return client->name != NULL ? client->name : ((const struct client *)client)->label;
}

void
ipc_client_set_queue_limit(struct ipc_client *client, unsigned limit)
{
    ((struct client *)client)->limit = limit;
}

bool
ipc_name_is_daemon(const char *name)
{
    return text_is_one_of(system_name_of_program(name), SYS_CRMD, SYS_STONITHD, SYS_FENCER,
                          SYS_ATTRD, SYS_CIB, SYS_LAUNCHER, SYS_DC, SYS_TENGINE, SYS_LRMD,
                          SYS_SCHEDULER, NULL);
}

void
ipc_client_disconnect(struct ipc_client *client)
{
    qb_ipcs_disconnect(((struct client *)client)->connection);
}

/* --- sending --- */

static ssize_t
send_event(struct client *client, const struct event *event)
{
    unsigned char header[IPC_HEADER_SIZE];
    struct iovec iov[2];
    size_t len;

    ipc_payload_header(event->payload, next_event_id++, event->flags, header);
    if (next_event_id < 1) {
        next_event_id = 1;
    }
    iov[0].iov_base = header;
    iov[0].iov_len = sizeof(header);
    iov[1].iov_base = (void *)ipc_payload_data(event->payload, &len);
    iov[1].iov_len = len;
    return qb_ipcs_event_sendv(client->connection, iov, 2);
}

static gboolean flush_later(gpointer data);

/* Up to FLUSH_MAX events, until libqb refuses one.  Returns how many went. */
static unsigned
send_queued(struct client *client)
{
    unsigned sent;

    for (sent = 0; sent < FLUSH_MAX && !g_queue_is_empty(&client->events); sent++) {
        ssize_t rc = send_event(client, g_queue_peek_head(&client->events));

        if (rc == -EMSGSIZE) {
            log_err("Dropping an event that is too big for client %s",
                    ipc_client_label(&client->pub));
        } else if (rc < 0) {
            log_debug("Client %s takes no events now: %s", ipc_client_label(&client->pub),
                      result_text((int)-rc));
            break;
        }
        event_free(g_queue_pop_head(&client->events));
    }
    return sent;
}

/* Whether a client that leaves `left` events unread may stay, or is disconnected: points 2 to 4 of spec 10 §1.9. */
static bool
may_stay(struct client *client, unsigned left, gint64 now)
{
    unsigned limit = MAX(client->limit, QUEUE_LIMIT_DEFAULT), last = client->backlog;

    client->backlog = left;
    client->judge_at = now + (left < 5 ? 1000 + 100 * left : 1500);
    if (left <= limit) {
        return true;
    }
    if (last >= 2 && left >= last) {
        log_err("Evicting client with process ID %ld (%s): it leaves %u events unread and the "
                "limit is %u" LOG_XT "id=%s",
                (long)client->pub.pid, ipc_client_label(&client->pub), left, limit,
                client->pub.id);
        qb_ipcs_disconnect(client->connection);
        return false;
    }
    log_warn("Client with process ID %ld (%s) has %u events waiting, more than its limit of "
             "%u" LOG_XT "id=%s",
             (long)client->pub.pid, ipc_client_label(&client->pub), left, limit,
             client->pub.id);
    return true;
}

/*
 * Send what is queued, and decide about a client that does not take it.  Judged is at the times of the peers (spec 10 §1.9), but
 * tried again much sooner: who was only busy for a moment gets what waits as soon as there is room.
 */
static void
flush_events(struct client *client)
{
    gint64 now = g_get_monotonic_time() / 1000;
    unsigned sent, left;

    if (client->flush_timer != 0 || !client->connected) {
        return;
    }
    sent = send_queued(client);
    left = g_queue_get_length(&client->events);
    if (left == 0) {
        client->backlog = 0;
        client->judge_at = 0;
        return;
    }
    if (now >= client->judge_at && !may_stay(client, left, now)) {
        return;
    }
    client->retry_ms = sent > 0 ? RETRY_FIRST_MS : CLAMP(client->retry_ms * 2, RETRY_FIRST_MS, RETRY_LAST_MS);
    client->flush_timer = g_timeout_add(MIN(client->retry_ms, (guint)(client->judge_at - now)), flush_later, client);
}

static gboolean
flush_later(gpointer data)
{
    struct client *client = data;

    client->flush_timer = 0;
    flush_events(client);
    return G_SOURCE_REMOVE;
}

static int
queue_event(struct client *client, struct ipc_payload *payload, uint32_t flags)
{
    struct event *event;

    if (!client->connected) {
        return ENOTCONN;
    }
    event = g_new(struct event, 1);
    event->payload = ipc_payload_ref(payload);
    event->flags = flags | IPC_IS_EVENT | IPC_INTERNAL;
    g_queue_push_tail(&client->events, event);
    flush_events(client);
    return RC_OK;
}

static int
send_response(struct client *client, uint32_t id, uint32_t request_flags,
              const struct ipc_payload *payload)
{
    unsigned char header[IPC_HEADER_SIZE];
    struct iovec iov[2];
    size_t len;
    ssize_t rc;

    if (!client->connected) {
        return ENOTCONN;
    }
    ipc_payload_header(payload, (int32_t)id, (request_flags & IPC_WANTS_RESPONSE) | IPC_INTERNAL,
                       header);
    iov[0].iov_base = header;
    iov[0].iov_len = sizeof(header);
    iov[1].iov_base = (void *)ipc_payload_data(payload, &len);
    iov[1].iov_len = len;
    rc = qb_ipcs_response_sendv(client->connection, iov, 2);
    if (rc < 0) {
        log_warn("Could not answer client %s: %s", ipc_client_label(&client->pub),
                 result_text((int)-rc));
    }
    flush_events(client);
    return rc < 0 ? (int)-rc : RC_OK;
}

int
ipc_server_payload(const xmlNode *event, struct ipc_payload **out)
{
    return ipc_payload_new(event, ipc_buffer_size(), out);
}

int
ipc_client_reply(struct ipc_client *client, uint32_t request_id, uint32_t request_flags,
                 const xmlNode *reply)
{
    g_autoptr(ipc_payload) payload = NULL;
    int rc = ipc_server_payload(reply, &payload);

    if (rc != RC_OK) {
        log_err("Client %s gets no answer: %s", ipc_client_label(client), result_text(rc));
        return rc;
    }
    return ipc_client_reply_payload(client, request_id, request_flags, payload);
}

uint32_t
ipc_client_message_limit(const struct ipc_client *client)
{
    int32_t negotiated = qb_ipcs_connection_get_buffer_size(((const struct client *)client)->connection);

    return MAX(ipc_buffer_size(), negotiated > 0 ? (uint32_t)negotiated : 0);
}

int
ipc_client_reply_payload(struct ipc_client *client, uint32_t request_id, uint32_t request_flags,
                         struct ipc_payload *payload)
{
    struct client *c = (struct client *)client;

    if (!(request_flags & IPC_WANTS_RESPONSE)) {
        return queue_event(c, payload, 0);
    }
    if (client->proxied) {
        return queue_event(c, payload, request_flags | IPC_PROXIED_RESPONSE);
    }
    return send_response(c, request_id, request_flags, payload);
}

int
ipc_client_event_payload(struct ipc_client *client, struct ipc_payload *payload)
{
    return queue_event((struct client *)client, payload, 0);
}

int
ipc_client_event(struct ipc_client *client, const xmlNode *event)
{
    g_autoptr(ipc_payload) payload = NULL;
    int rc = ipc_server_payload(event, &payload);

    if (rc != RC_OK) {
        log_err("Client %s misses an event: %s", ipc_client_label(client), result_text(rc));
        return rc;
    }
    return ipc_client_event_payload(client, payload);
}

int
ipc_client_ack(struct ipc_client *client, const struct ipc_request *request, const char *element,
               int status, const char *protocol)
{
    g_autoptr(xmlNode) ack = NULL;

    if (!(request->flags & IPC_WANTS_RESPONSE)) {
        return RC_OK;
    }
    ack = msg_ack_new(element, status, protocol);
    return ipc_client_reply(client, request->id, request->flags, ack);
}
