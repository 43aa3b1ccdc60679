/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client end of local IPC over libqb: connect, call, send, events.  Called by tools and by daemons
 * that are clients. Never logs what its caller can say better; never frees a connection that a
 * callback of it still uses. (spec 10 §1.2, §1.3, §1.6)
 */
#include "lib/ipc/ipc_client.h"

#include <errno.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <poll.h>
#include <qb/qbipcc.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_protocol.h"

#define CALL_TIMEOUT_DEFAULT_MS 5000
#define CALL_SLICE_MS           1000
#define CONNECT_TIMEOUT_MS      30000 /* of a daemon that accepts but does not answer */
#define EVENTS_PER_WAKEUP       1 /* to ask for another takes as many system calls as to be woken again */

struct ipc_connection {
    unsigned refs; /* the owner's, and one while a callback runs */
    char *endpoint;
    qb_ipcc_connection_t *qb; /* NULL: disconnected */
    pid_t pid;
    uint32_t limit;
    char *buffer; /* of `limit` bytes, for events and responses */
    bool owes_reply;
    bool warned;
    guint source;
    const struct ipc_connection_callbacks *callbacks;
    void *data;
};

/* One counter for the whole process (spec 10 §1.6). */
static uint32_t last_request_id = 0;

static int64_t
now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

/* --- connecting --- */

/* Give up a connection in the making: libqb frees it, but leaves its socket open. */
static void
abandon(qb_ipcc_connection_t *qb, int fd)
{
    qb_ipcc_disconnect(qb);
    close(fd);
}

/*
 * libqb's handshake with a limit of time.  Results as of ipc_connect().  ETIMEDOUT: somebody
 * listens but does not answer.
 */
static int
connect_within(const char *endpoint, uint32_t size, int timeout_ms, qb_ipcc_connection_t **out)
{
    struct pollfd pfd = { .fd = -1, .events = POLLIN };
    qb_ipcc_connection_t *qb = qb_ipcc_connect_async(endpoint, size, &pfd.fd);
    int rc;

    *out = NULL;
    if (qb == NULL) {
        return errno != 0 ? errno : ENOTCONN;
    }
    do {
        rc = poll(&pfd, 1, timeout_ms);
    } while (rc < 0 && errno == EINTR);
    if (rc <= 0) {
        rc = rc == 0 ? ETIMEDOUT : errno;
        abandon(qb, pfd.fd);
        return rc;
    }
    rc = qb_ipcc_connect_continue(qb); /* frees it on error */
    if (rc != 0) {
        return -rc;
    }
    *out = qb;
    return RC_OK;
}

int
ipc_connect(const char *endpoint, uint32_t wanted, struct ipc_connection **out)
{
    qb_ipcc_connection_t *qb;
    struct ipc_connection *c;
    pid_t pid = 0;
    uid_t uid = 0;
    gid_t gid = 0;
    int32_t size;
    int rc;

    *out = NULL;
    rc = connect_within(endpoint, MAX(wanted, ipc_buffer_size()), CONNECT_TIMEOUT_MS, &qb);
    if (rc != RC_OK) {
        return rc;
    }
    rc = -qb_ipcc_auth_get(qb, &pid, &uid, &gid);
    if (rc == 0 && !access_server_is_authentic(uid, gid)) {
        log_err("The process %ld that serves IPC endpoint %s runs as uid %u and gid %u, which the "
                "cluster does not",
                (long)pid, endpoint, (unsigned)uid, (unsigned)gid);
        rc = ECONNABORTED;
    }
    size = qb_ipcc_get_buffer_size(qb);
    if (rc == 0 && size < 0) {
        rc = -size;
    }
    if (rc != 0) {
        qb_ipcc_disconnect(qb);
        return rc;
    }
    c = g_new0(struct ipc_connection, 1);
    c->refs = 1;
    c->endpoint = g_strdup(endpoint);
    c->qb = qb;
    c->pid = pid;
    c->limit = (uint32_t)size;
    c->buffer = g_malloc(c->limit);
    *out = c;
    return RC_OK;
}

static void
connection_unref(struct ipc_connection *c)
{
    if (--c->refs == 0) {
        g_free(c->endpoint);
        g_free(c->buffer);
        g_free(c);
    }
}

static void
hang_up(struct ipc_connection *c)
{
    ipc_unwatch(c);
    if (c->qb != NULL) {
        qb_ipcc_disconnect(c->qb);
        c->qb = NULL;
    }
}

void
ipc_disconnect(struct ipc_connection *c)
{
    if (c != NULL) {
        hang_up(c);
        connection_unref(c);
    }
}

bool
ipc_is_connected(const struct ipc_connection *c)
{
    return c != NULL && c->qb != NULL && qb_ipcc_is_connected(c->qb);
}

pid_t
ipc_server_pid(const struct ipc_connection *c)
{
    return c->pid;
}

uint32_t
ipc_buffer_limit(const struct ipc_connection *c)
{
    return c->limit;
}

int
ipc_fd(const struct ipc_connection *c)
{
    int fd = -1;

    if (c->qb == NULL || qb_ipcc_fd_get(c->qb, &fd) < 0) {
        return -1;
    }
    return fd;
}

/* --- requests --- */

static uint32_t
new_request_id(void)
{
    if (++last_request_id > G_MAXINT32) {
        last_request_id = 1;
    }
    return last_request_id;
}

/* End of a wait: the caller's time in whole seconds and one more; -1 for never. */
static int64_t
call_deadline(int timeout_ms)
{
    if (timeout_ms < 0) {
        return -1;
    }
    if (timeout_ms == 0) {
        timeout_ms = CALL_TIMEOUT_DEFAULT_MS;
    }
    return now_ms() + 1000 + timeout_ms / 1000 * 1000;
}

static int
remaining_slice(int64_t deadline)
{
    return deadline < 0 ? CALL_SLICE_MS : (int)CLAMP(deadline - now_ms(), 0, CALL_SLICE_MS);
}

static bool
is_over(int64_t deadline)
{
    return deadline >= 0 && now_ms() >= deadline;
}

/* Is this libqb's way of saying "nothing yet"? */
static bool
is_nothing_yet(ssize_t rc)
{
    return rc == -EAGAIN || rc == -ETIMEDOUT || rc == -EINTR;
}

/* What a failed libqb call means for the caller. */
static int
broken(struct ipc_connection *c, ssize_t rc)
{
    if (rc == -EMSGSIZE || rc == -EINVAL || rc == -EBADMSG) {
        return (int)-rc;
    }
    log_debug("Connection to %s broke: %s", c->endpoint, result_text((int)-rc));
    return ENOTCONN;
}

static void
warn_of_size(struct ipc_connection *c, const struct ipc_payload *payload)
{
    size_t len;

    ipc_payload_data(payload, &len);
    if (!c->warned && len > c->limit / 100 * 80) {
        c->warned = true;
        log_warn("A compressed message to %s takes %zu of %" PRIu32
                 " bytes: PCMK_ipc_buffer should be raised",
                 c->endpoint, len, c->limit);
    }
}

/* Serialise and send, trying again while the server's buffer is full and time remains. */
static int
send_request(struct ipc_connection *c, const xmlNode *request, uint32_t flags, int64_t deadline,
             uint32_t *id)
{
    g_autoptr(ipc_payload) payload = NULL;
    unsigned char header[IPC_HEADER_SIZE];
    struct iovec iov[2];
    size_t len;
    ssize_t sent;
    unsigned pause_us = 500;
    int rc;

    if (c->qb == NULL) {
        return ENOTCONN;
    }
    rc = ipc_payload_new(request, c->limit, &payload);
    if (rc != RC_OK) {
        return rc;
    }
    *id = new_request_id();
    ipc_payload_header(payload, (int32_t)*id, flags, header);
    iov[0].iov_base = header;
    iov[0].iov_len = sizeof(header);
    iov[1].iov_base = (void *)ipc_payload_data(payload, &len);
    iov[1].iov_len = len;
    if (len > c->limit / 100 * 80 && IPC_HEADER_SIZE + len < c->limit) {
        warn_of_size(c, payload);
    }
    while ((sent = qb_ipcc_sendv(c->qb, iov, 2)) < 0) {
        if (!is_nothing_yet(sent)) {
            return broken(c, sent);
        }
        if (is_over(deadline)) {
            return ETIMEDOUT;
        }
        if (!qb_ipcc_is_connected(c->qb)) {
            return ENOTCONN;
        }
        g_usleep(pause_us);
        pause_us = MIN(pause_us * 2, 50000);
    }
    return RC_OK;
}

/* Wait for one message on the response channel. */
static int
receive_response(struct ipc_connection *c, int64_t deadline, struct ipc_text *text)
{
    for (;;) {
        ssize_t got = qb_ipcc_recv(c->qb, c->buffer, c->limit, remaining_slice(deadline));

        if (got >= 0) {
            return ipc_text_decode(c->buffer, (size_t)got, text);
        }
        if (!is_nothing_yet(got)) {
            return broken(c, got);
        }
        if (!qb_ipcc_is_connected(c->qb)) {
            return ENOTCONN;
        }
        if (is_over(deadline)) {
            return ETIMEDOUT;
        }
    }
}

/* Receive what an earlier call did not wait for, and forget it. */
static int
settle_debt(struct ipc_connection *c, int64_t deadline)
{
    struct ipc_text stale;
    int rc;

    if (!c->owes_reply) {
        return RC_OK;
    }
    rc = receive_response(c, deadline, &stale);
    if (rc == ETIMEDOUT) {
        return EALREADY;
    }
    if (rc == ENOTCONN) {
        return rc;
    }
    if (rc == RC_OK) {
        log_debug("Discarding a late response %" PRId32 " of %s", stale.header.id, c->endpoint);
        ipc_text_clear(&stale);
    }
    c->owes_reply = false;
    return RC_OK;
}

int
ipc_call_text(struct ipc_connection *c, const xmlNode *request, int timeout_ms, struct ipc_text *text)
{
    int64_t deadline = call_deadline(timeout_ms);
    uint32_t id = 0;
    int rc;

    if (c->qb == NULL) {
        return ENOTCONN;
    }
    rc = settle_debt(c, deadline);
    if (rc == RC_OK) {
        rc = send_request(c, request, IPC_WANTS_RESPONSE, deadline, &id);
    }
    if (rc != RC_OK) {
        return rc;
    }
    for (;;) {
        rc = receive_response(c, deadline, text);
        if (rc == ETIMEDOUT) {
            c->owes_reply = true;
        }
        if (rc != RC_OK || (uint32_t)text->header.id == id) {
            return rc;
        }
        log_debug("Discarding response %" PRId32 " of %s while waiting for %" PRIu32,
                  text->header.id, c->endpoint, id);
        ipc_text_clear(text);
    }
}

int
ipc_call(struct ipc_connection *c, const xmlNode *request, int timeout_ms, xmlNode **reply)
{
    struct ipc_text text;
    int rc;

    if (reply != NULL) {
        *reply = NULL;
    }
    rc = ipc_call_text(c, request, timeout_ms, &text);
    if (rc != RC_OK) {
        return rc;
    }
    if (reply != NULL) {
        *reply = xml_parse(text.text, text.len, XML_PARSE_LENIENT, NULL);
        rc = *reply != NULL ? RC_OK : EBADMSG;
    }
    ipc_text_clear(&text);
    return rc;
}

int
ipc_send(struct ipc_connection *c, const xmlNode *request, uint32_t flags, uint32_t *request_id)
{
    uint32_t id = 0;
    int rc = send_request(c, request, flags, call_deadline(0), &id);

    if (request_id != NULL) {
        *request_id = id;
    }
    return rc;
}

/* --- events --- */

/*
 * Take one event, waiting at most timeout_ms.  RC_OK with *xml NULL: there was one, but it is no
 * message.
 */
static int
receive_event(struct ipc_connection *c, int timeout_ms, xmlNode **xml, uint32_t *flags)
{
    struct ipc_text text;
    ssize_t got;

    *xml = NULL;
    if (c->qb == NULL) {
        return ENOTCONN;
    }
    got = qb_ipcc_event_recv(c->qb, c->buffer, c->limit, timeout_ms);
    if (is_nothing_yet(got)) {
        return qb_ipcc_is_connected(c->qb) ? ETIMEDOUT : ENOTCONN;
    }
    if (got < 0) {
        return broken(c, got) == EMSGSIZE ? RC_OK : ENOTCONN;
    }
    if (ipc_text_decode(c->buffer, (size_t)got, &text) == RC_OK) {
        *xml = xml_parse(text.text, text.len, XML_PARSE_LENIENT, NULL);
        *flags = text.header.flags;
        ipc_text_clear(&text);
    }
    if (*xml == NULL) {
        log_warn("Ignoring a malformed event of %s", c->endpoint);
    }
    return RC_OK;
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    struct ipc_connection *c = user_data;
    gboolean result = G_SOURCE_CONTINUE;
    bool gone = (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)) != 0;
    int rc = RC_OK;

    c->refs++;
    /* What the server said before it hung up is still delivered, all of it. */
    for (unsigned n = 0; rc == RC_OK && (gone || n < EVENTS_PER_WAKEUP) && c->source != 0; n++) {
        xmlNode *xml;
        uint32_t flags = 0;

        rc = receive_event(c, 0, &xml, &flags);
        if (rc == RC_OK && xml != NULL) {
            c->callbacks->event(c, xml, flags, c->data);
            xml_free(xml);
        }
    }
    if (c->source != 0 && (rc == ENOTCONN || gone)) {
        c->source = 0; /* removed by our return value */
        hang_up(c);
        if (c->callbacks->closed != NULL) {
            c->callbacks->closed(c, c->data);
        }
    }
    if (c->source == 0) {
        result = G_SOURCE_REMOVE;
    }
    connection_unref(c);
    return result;
}

void
ipc_watch(struct ipc_connection *c, int priority, const struct ipc_connection_callbacks *callbacks,
          void *data)
{
    int fd = ipc_fd(c);

    g_assert(c->source == 0 && callbacks->event != NULL);
    c->callbacks = callbacks;
    c->data = data;
    if (fd >= 0) {
        c->source = loop_watch_fd(priority, fd, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL,
                                       on_readable, c, NULL);
    }
}

void
ipc_unwatch(struct ipc_connection *c)
{
    if (c->source != 0) {
        g_source_remove(c->source);
        c->source = 0;
    }
}

int
ipc_next_event(struct ipc_connection *c, int timeout_ms, xmlNode **event, uint32_t *flags)
{
    int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
    uint32_t ignored;

    for (;;) {
        int rc =
            receive_event(c, remaining_slice(deadline), event, flags != NULL ? flags : &ignored);

        if (rc == RC_OK && *event != NULL) {
            return RC_OK;
        }
        if (rc != RC_OK && rc != ETIMEDOUT) {
            return rc;
        }
        if (rc == ETIMEDOUT && is_over(deadline)) {
            return rc;
        }
    }
}

int
ipc_ask(struct ipc_connection *c, const xmlNode *request, int timeout_ms, xmlNode **reply)
{
    int64_t deadline = call_deadline(timeout_ms);
    const char *reference = xml_get(request, F_REFERENCE);
    int status;
    int rc = ipc_call(c, request, timeout_ms, reply);

    if (rc != RC_OK || !msg_is_ack(*reply, &status) ||
        (status != -1 && status != CRM_EX_INDETERMINATE)) {
        return rc;
    }
    for (;;) {
        g_clear_pointer(reply, xml_free);
        rc = ipc_next_event(c, deadline < 0 ? -1 : (int)MAX(deadline - now_ms(), 0), reply, NULL);
        if (rc != RC_OK || text_equal(xml_get(*reply, F_REFERENCE), reference)) {
            return rc;
        }
    }
}

/* --- probing --- */

/* Who is at the other end?  Disconnects. */
static int
judge_server(qb_ipcc_connection_t *qb, const char *endpoint, uid_t expected_uid, gid_t expected_gid,
             pid_t *pid)
{
    uid_t uid = 0;
    gid_t gid = 0;
    int rc = -qb_ipcc_auth_get(qb, pid, &uid, &gid);

    qb_ipcc_disconnect(qb);
    if (rc == 0 && !access_process_is_authentic(uid, gid, expected_uid, expected_gid)) {
        log_err("The process %ld that serves IPC endpoint %s runs as uid %u and gid %u, which its "
                "daemon does not",
                (long)*pid, endpoint, (unsigned)uid, (unsigned)gid);
        rc = RC_IPC_UNAUTHORIZED;
    }
    return rc;
}

int
ipc_probe(const char *endpoint, uid_t expected_uid, gid_t expected_gid, int timeout_ms, pid_t *pid)
{
    qb_ipcc_connection_t *qb;
    pid_t found = 0;
    int rc = connect_within(endpoint, ipc_buffer_size(), timeout_ms, &qb);

    if (rc != RC_OK) {
        log_debug("IPC endpoint %s does not answer: %s", endpoint, result_text(rc));
        rc = RC_IPC_UNRESPONSIVE;
    } else {
        rc = judge_server(qb, endpoint, expected_uid, expected_gid, &found);
    }
    if (pid != NULL) {
        *pid = found;
    }
    return rc;
}

struct probe {
    char *endpoint;
    uid_t uid;
    gid_t gid;
    void (*done)(int rc, pid_t pid, void *data);
    void *data;
    qb_ipcc_connection_t *qb;
    int fd;
    guint source, timer;
};

static void
probe_end(struct probe *p, int rc, pid_t pid)
{
    if (p->source != 0) {
        g_source_remove(p->source);
    }
    if (p->timer != 0) {
        g_source_remove(p->timer);
    }
    p->done(rc, pid, p->data);
    g_free(p->endpoint);
    g_free(p);
}

static gboolean
on_probe_readable(gint fd, GIOCondition condition, gpointer data)
{
    struct probe *p = data;
    pid_t pid = 0;
    int rc = RC_IPC_UNRESPONSIVE;

    p->source = 0;
    if (qb_ipcc_connect_continue(p->qb) == 0) { /* frees it on error */
        rc = judge_server(p->qb, p->endpoint, p->uid, p->gid, &pid);
    }
    probe_end(p, rc, pid);
    return G_SOURCE_REMOVE;
}

static gboolean
on_probe_timeout(gpointer data)
{
    struct probe *p = data;

    p->timer = 0;
    if (p->source != 0) {
        g_source_remove(p->source);
        p->source = 0;
    }
    if (p->qb != NULL) {
        abandon(p->qb, p->fd);
    }
    probe_end(p, RC_IPC_UNRESPONSIVE, 0);
    return G_SOURCE_REMOVE;
}

void
ipc_probe_start(const char *endpoint, uid_t expected_uid, gid_t expected_gid, unsigned timeout_ms,
                void (*done)(int rc, pid_t pid, void *data), void *data)
{
    struct probe *p = g_new0(struct probe, 1);

    p->endpoint = g_strdup(endpoint);
    p->uid = expected_uid;
    p->gid = expected_gid;
    p->done = done;
    p->data = data;
    p->fd = -1;
    p->qb = qb_ipcc_connect_async(endpoint, ipc_buffer_size(), &p->fd);
    if (p->qb != NULL) {
        p->source =
            g_unix_fd_add(p->fd, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL, on_probe_readable, p);
    }
    p->timer = g_timeout_add(p->qb != NULL ? timeout_ms : 0, on_probe_timeout, p);
}

bool
ipc_already_active(const char *endpoint)
{
    uid_t uid;
    gid_t gid;

    return access_daemon_ids(&uid, &gid) && ipc_probe(endpoint, uid, gid, 2000, NULL) == RC_OK;
}
