/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames of the remote protocol: cut out of what arrives, queued to be sent.  Used by the CIB manager's remote endpoint and the CIB
 * client, by remote executors and the controller.  (spec 20 §13, spec 50 §12.3)
 */
#include "lib/ipc/remote_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/bzip2.h"
#include "lib/base/log.h"
#include "lib/base/xml.h"
#include "lib/ipc/remote_tls.h"

/* In the sender's byte order, packed. */
struct frame_header {
    uint32_t marker;
    uint32_t version;
    uint64_t id;
    uint64_t flags;
    uint32_t size_total; /* header and payload */
    uint32_t payload_offset;
    uint32_t payload_compressed; /* 0: the payload is as it is */
    uint32_t payload_uncompressed; /* with its NUL */
} __attribute__((packed));

enum { MARKER = 0xBADADBBD, FRAME_VERSION = 1, READ_CHUNK = 32768 };
G_STATIC_ASSERT(sizeof(struct frame_header) == 40);

struct remote_channel {
    int fd;
    struct remote_tls *tls; /* NULL: clear text */
    bool ready, closed, freed;
    int error;              /* why it is closed */
    unsigned busy;          /* callbacks are running */
    const struct remote_callbacks *callbacks;
    void *data;
    size_t limit;
    GByteArray *in;
    GQueue out;             /* of GBytes; each is sent in records of its own */
    size_t out_offset;      /* of the first */
    size_t unsent;
    uint64_t last_id;
    guint source;
    GIOCondition watched;
};

/* --- life --- */

struct remote_channel *
remote_channel_new_take(int fd, enum remote_side side, enum remote_security security, const struct remote_callbacks *callbacks,
                        void *data)
{
    struct remote_channel *c = g_new0(struct remote_channel, 1);
    int flags = fcntl(fd, F_GETFL), on = 1;

    /* Two small writes a message: each would wait for the other end's acknowledgement.  Fails for what is no TCP. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    c->fd = fd;
    c->callbacks = callbacks;
    c->data = data;
    c->limit = REMOTE_MESSAGE_MAX;
    c->in = g_byte_array_new();
    g_queue_init(&c->out);
    if (security != REMOTE_CLEAR) {
        c->tls = remote_tls_new(fd, side == REMOTE_SERVER, security == REMOTE_TLS_KEY ? REMOTE_TRUST_KEY : REMOTE_TRUST_NOBODY);
        if (c->tls == NULL) {
            remote_channel_free(c);
            return NULL;
        }
    }
    return c;
}

static void
really_free(struct remote_channel *c)
{
    remote_tls_free(c->tls, c->ready && !c->closed);
    close(c->fd);
    g_byte_array_free(c->in, TRUE);
    g_queue_clear_full(&c->out, (GDestroyNotify)g_bytes_unref);
    g_free(c);
}

void
remote_channel_free(struct remote_channel *c)
{
    if (c == NULL) {
        return;
    }
    if (c->source != 0) {
        g_source_remove(c->source);
        c->source = 0;
    }
    c->freed = true;
    if (c->busy == 0) {
        really_free(c);
    }
}

void
remote_channel_limit(struct remote_channel *c, size_t largest_message)
{
    c->limit = largest_message;
}

bool
remote_channel_is_ready(const struct remote_channel *c)
{
    return c->ready && !c->closed;
}

bool
remote_channel_is_closed(const struct remote_channel *c)
{
    return c->closed;
}

int
remote_channel_error(const struct remote_channel *c)
{
    return c->error;
}

size_t
remote_channel_unsent(const struct remote_channel *c)
{
    return c->unsent;
}

/* Of the callbacks this is always the last. */
static void
end(struct remote_channel *c, int error, const char *why)
{
    if (c->closed) {
        return;
    }
    c->closed = true;
    c->error = error;
    if (c->source != 0) {
        g_source_remove(c->source);
        c->source = 0;
    }
    if (!c->freed && c->callbacks->closed != NULL) {
        c->callbacks->closed(c, why, c->data);
    }
}

static bool
is_over(const struct remote_channel *c)
{
    return c->closed || c->freed;
}

/* --- sending --- */

static void
queue_bytes(struct remote_channel *c, const void *data, size_t length)
{
    g_queue_push_tail(&c->out, g_bytes_new(data, length));
    c->unsent += length;
}

static ssize_t
write_some(struct remote_channel *c, const char *data, size_t length)
{
    ssize_t n;

    if (c->tls != NULL) {
        return remote_tls_send(c->tls, data, length);
    }
    n = send(c->fd, data, length, MSG_NOSIGNAL);
    return n >= 0 ? n : errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static void
flush_out(struct remote_channel *c)
{
    GBytes *first;

    while (!is_over(c) && (first = g_queue_peek_head(&c->out)) != NULL) {
        size_t length;
        const char *data = g_bytes_get_data(first, &length);
        ssize_t n = write_some(c, data + c->out_offset, length - c->out_offset);

        if (n == -EAGAIN) {
            return;
        }
        if (n < 0) {
            end(c, (int)-n, c->tls != NULL ? remote_tls_why(c->tls) : g_strerror((int)-n));
            return;
        }
        c->out_offset += (size_t)n;
        c->unsent -= (size_t)n;
        if (c->out_offset == length) {
            g_bytes_unref(g_queue_pop_head(&c->out));
            c->out_offset = 0;
        }
    }
}

static void adjust_watch(struct remote_channel *c);

/* The end of what `busy` guards.  False: the connection has ended, and the channel may be gone with it. */
static bool
leave(struct remote_channel *c)
{
    bool open;

    c->busy--;
    open = !is_over(c);
    if (c->freed && c->busy == 0) {
        really_free(c);
    } else {
        adjust_watch(c);
    }
    return open;
}

bool
remote_channel_send_text(struct remote_channel *c, const char *text, size_t length)
{
    struct frame_header h = {
        .marker = MARKER,
        .version = FRAME_VERSION,
        .id = ++c->last_id,
        .size_total = (uint32_t)(sizeof(h) + length + 1),
        .payload_offset = sizeof(h),
        .payload_uncompressed = (uint32_t)length + 1,
    };

    if (is_over(c) || length >= REMOTE_MESSAGE_MAX) {
        return false;
    }
    /* in two pieces: peers do not notice what is left within their TLS library behind a header (spec 20 §13) */
    queue_bytes(c, &h, sizeof(h));
    queue_bytes(c, text, length + 1);
    if (c->ready) {
        c->busy++;
        flush_out(c);
        return leave(c);
    }
    return true;
}

bool
remote_channel_send(struct remote_channel *c, const xmlNode *xml)
{
    g_autofree char *text = xml_to_text(xml, XML_TEXT_PLAIN);

    return remote_channel_send_text(c, text, strlen(text));
}

/* --- receiving --- */

static bool
read_header(const struct remote_channel *c, struct frame_header *h)
{
    memcpy(h, c->in->data, sizeof(*h));
    if (h->marker == GUINT32_SWAP_LE_BE(MARKER)) {
        h->version = GUINT32_SWAP_LE_BE(h->version);
        h->size_total = GUINT32_SWAP_LE_BE(h->size_total);
        h->payload_offset = GUINT32_SWAP_LE_BE(h->payload_offset);
        h->payload_compressed = GUINT32_SWAP_LE_BE(h->payload_compressed);
        h->payload_uncompressed = GUINT32_SWAP_LE_BE(h->payload_uncompressed);
    } else if (h->marker != MARKER) {
        return false;
    }
    return h->payload_offset >= sizeof(*h) && h->size_total >= h->payload_offset && h->size_total <= c->limit
           && h->payload_uncompressed <= c->limit;
}

static xmlNode *
read_payload(const struct remote_channel *c, const struct frame_header *h)
{
    const char *payload = (const char *)c->in->data + h->payload_offset;
    size_t length = h->size_total - h->payload_offset;
    g_autofree char *expanded = NULL;

    if (h->payload_compressed != 0) {
        unsigned got = h->payload_uncompressed;

        expanded = g_malloc(got + 1u);
        if (h->payload_compressed > length
            || bzip2_expand(expanded, &got, payload, h->payload_compressed, true) != BZ_OK) {
            return NULL;
        }
        payload = expanded;
        length = got;
    }
    return xml_parse(payload, strnlen(payload, length), XML_PARSE_LENIENT, NULL);
}

/* Every whole message that is there. */
static void
deliver(struct remote_channel *c)
{
    struct frame_header h;

    while (!is_over(c) && c->in->len >= sizeof(h)) {
        xmlNode *xml;

        if (!read_header(c, &h)) {
            end(c, EBADMSG, "what came is no message, or it is too big");
            return;
        }
        if (c->in->len < h.size_total) {
            return;
        }
        xml = read_payload(c, &h);
        g_byte_array_remove_range(c->in, 0, h.size_total);
        if (xml == NULL) {
            end(c, EBADMSG, "a message could not be read");
            return;
        }
        c->callbacks->message(c, &xml, c->data);
        xml_free(xml);
    }
}

static ssize_t
read_some(struct remote_channel *c, char *to, size_t room)
{
    ssize_t n;

    if (c->tls != NULL) {
        return remote_tls_receive(c->tls, to, room);
    }
    n = recv(c->fd, to, room, 0);
    return n >= 0 ? n : errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static void
receive(struct remote_channel *c)
{
    char buffer[READ_CHUNK];

    /* to the end: what GnuTLS has taken from the socket no poll would tell of */
    while (!is_over(c)) {
        ssize_t n = read_some(c, buffer, sizeof(buffer));

        if (n == -EAGAIN) {
            return;
        }
        if (n <= 0) {
            end(c, n == 0 ? ECONNRESET : (int)-n, n == 0 ? "connection closed" : c->tls != NULL ? remote_tls_why(c->tls) : g_strerror((int)-n));
            return;
        }
        g_byte_array_append(c->in, (const guint8 *)buffer, (guint)n);
        deliver(c);
    }
}

/* --- driving --- */

/* False: the connection has ended, and the channel may be gone with it. */
static bool
process(struct remote_channel *c)
{
    c->busy++;
    if (!c->ready && !is_over(c)) {
        int rc = c->tls != NULL ? remote_tls_handshake(c->tls) : 0;

        if (rc == 0) {
            c->ready = true;
            if (c->callbacks->ready != NULL) {
                c->callbacks->ready(c, c->data);
            }
        } else if (rc != -EAGAIN) {
            end(c, -rc, remote_tls_why(c->tls));
        }
    }
    if (c->ready && !is_over(c)) {
        flush_out(c);
        receive(c);
        flush_out(c);
    }
    return leave(c);
}

static GIOCondition
wanted(const struct remote_channel *c)
{
    GIOCondition want = G_IO_IN | G_IO_HUP | G_IO_ERR;

    if (!g_queue_is_empty((GQueue *)&c->out) && c->ready) {
        want |= G_IO_OUT;
    }
    if (!c->ready && c->tls != NULL && remote_tls_wants_write(c->tls)) {
        want |= G_IO_OUT;
    }
    return want;
}

static gboolean
on_socket(gint fd, GIOCondition condition, gpointer data)
{
    process(data);
    return G_SOURCE_CONTINUE; /* if it is still wanted: else it has been removed */
}

/* Watch for what is wanted now. */
static void
adjust_watch(struct remote_channel *c)
{
    if (c->source == 0 || is_over(c) || c->watched == wanted(c)) {
        return;
    }
    g_source_remove(c->source);
    c->watched = wanted(c);
    c->source = g_unix_fd_add(c->fd, c->watched, on_socket, c);
}

static gboolean
first_step(gpointer data)
{
    struct remote_channel *c = data;

    c->watched = wanted(c);
    c->source = g_unix_fd_add(c->fd, c->watched, on_socket, c);
    process(c);
    return G_SOURCE_REMOVE;
}

void
remote_channel_watch(struct remote_channel *c)
{
    if (c->source == 0 && !is_over(c)) {
        c->source = g_idle_add(first_step, c);
    }
}

bool
remote_channel_step(struct remote_channel *c, int timeout_ms)
{
    struct pollfd p = { .fd = c->fd };
    GIOCondition want = wanted(c);
    int rc;

    if (is_over(c)) {
        return false;
    }
    if (!c->ready && c->tls == NULL) {
        return process(c);
    }
    if (!c->ready && c->tls != NULL && g_queue_is_empty(&c->out) && c->last_id == 0 && c->in->len == 0) {
        if (!process(c)) { /* the first step of a handshake waits for nobody */
            return false;
        }
        if (c->ready) {
            return true;
        }
        want = wanted(c);
    }
    p.events = (short)(((want & G_IO_IN) ? POLLIN : 0) | ((want & G_IO_OUT) ? POLLOUT : 0));
    do {
        rc = poll(&p, 1, timeout_ms);
    } while (rc < 0 && errno == EINTR);
    if (rc <= 0) {
        return false;
    }
    return process(c);
}
