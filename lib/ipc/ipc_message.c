/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Encoding and decoding of local IPC messages: header, compression, limits.  Called by both ends of
 * a connection. Never touches a socket; trusts no length that it reads.  (spec 10 §1.4, §1.5)
 */
#include "lib/ipc/ipc_message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bzip2.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

/* Offsets in the header; the gaps are padding that is sent as zero. */
enum {
    AT_ID = 0,
    AT_SIZE = 8,
    AT_ERROR = 16,
    AT_SIZE_UNCOMPRESSED = 24,
    AT_SIZE_COMPRESSED = 28,
    AT_FLAGS = 32,
    AT_VERSION = 36,
};

#define BZIP2_BLOCK_SIZE  4
#define BZIP2_WORK_FACTOR 20

struct ipc_payload {
    gint refs;
    uint32_t size_uncompressed; /* with the NUL */
    uint32_t size_compressed;   /* 0: sent as it is */
    char *data;
};

static void
put32(unsigned char *to, uint32_t value)
{
    memcpy(to, &value, sizeof(value));
}

static uint32_t
get32(const unsigned char *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

void
ipc_header_encode(const struct ipc_header *h, unsigned char out[IPC_HEADER_SIZE])
{
    memset(out, 0, IPC_HEADER_SIZE);
    put32(out + AT_ID, (uint32_t)h->id);
    put32(out + AT_SIZE, h->size);
    put32(out + AT_ERROR, (uint32_t)h->error);
    put32(out + AT_SIZE_UNCOMPRESSED, h->size_uncompressed);
    put32(out + AT_SIZE_COMPRESSED, h->size_compressed);
    put32(out + AT_FLAGS, h->flags);
    out[AT_VERSION] = h->version;
}

int
ipc_header_decode(const void *data, size_t len, struct ipc_header *h)
{
    const unsigned char *from = data;

    memset(h, 0, sizeof(*h));
    if (len < IPC_HEADER_SIZE || from[AT_VERSION] > IPC_HEADER_VERSION) {
        return EBADMSG;
    }
    h->id = (int32_t)get32(from + AT_ID);
    h->size = get32(from + AT_SIZE);
    h->error = (int32_t)get32(from + AT_ERROR);
    h->size_uncompressed = get32(from + AT_SIZE_UNCOMPRESSED);
    h->size_compressed = get32(from + AT_SIZE_COMPRESSED);
    h->flags = get32(from + AT_FLAGS);
    h->version = from[AT_VERSION];
    if (h->size < IPC_HEADER_SIZE || h->size > len) {
        return EBADMSG;
    }
    return RC_OK;
}

/*
 * Replace the payload's text by its compressed form, of at most `limit` bytes together with the
 * header.
 */
static int
compress_payload(struct ipc_payload *p, uint32_t limit)
{
    unsigned room = limit > IPC_HEADER_SIZE ? limit - IPC_HEADER_SIZE : 0;
    g_autofree char *to = NULL;
    int rc;

    to = g_malloc(room + 1);
    rc = bzip2_compress(to, &room, p->data, p->size_uncompressed, BZIP2_BLOCK_SIZE, BZIP2_WORK_FACTOR);
    if (rc != BZ_OK) {
        static uint32_t biggest = 0;

        biggest = MAX(biggest, p->size_uncompressed);
        log_err("A message of %" PRIu32 " bytes does not fit into %" PRIu32
                " even when compressed (%d): "
                "set PCMK_ipc_buffer to %" PRIu64 " or more and restart the cluster on this node",
                p->size_uncompressed, limit, rc, (uint64_t)biggest * 4);
        return EMSGSIZE;
    }
    g_free(p->data);
    p->data = g_realloc(g_steal_pointer(&to), room);
    p->size_compressed = room;
    return RC_OK;
}

int
ipc_payload_take_text(GString *text, uint32_t limit, struct ipc_payload **out)
{
    g_autoptr(ipc_payload) p = g_new0(struct ipc_payload, 1);
    size_t len = text->len + 1;

    *out = NULL;
    p->refs = 1;
    p->data = g_string_free(text, FALSE);
    if (len > IPC_TEXT_MAX) {
        log_err("A message of %zu bytes is too big to be sent", len);
        return EMSGSIZE;
    }
    p->size_uncompressed = (uint32_t)len;
    if (IPC_HEADER_SIZE + len >= limit) {
        int rc = compress_payload(p, limit);

        if (rc != RC_OK) {
            return rc;
        }
    }
    *out = g_steal_pointer(&p);
    return RC_OK;
}

int
ipc_payload_new(const xmlNode *xml, uint32_t limit, struct ipc_payload **out)
{
    GString *text = g_string_sized_new(1024);

    xml_append_text(text, xml, XML_TEXT_PLAIN);
    return ipc_payload_take_text(text, limit, out);
}

struct ipc_payload *
ipc_payload_ref(struct ipc_payload *p)
{
    p->refs++;
    return p;
}

void
ipc_payload_unref(struct ipc_payload *p)
{
    if (p != NULL && --p->refs == 0) {
        g_free(p->data);
        g_free(p);
    }
}

const void *
ipc_payload_data(const struct ipc_payload *p, size_t *len)
{
    *len = p->size_compressed != 0 ? p->size_compressed : p->size_uncompressed;
    return p->data;
}

void
ipc_payload_header(const struct ipc_payload *p, int32_t id, uint32_t flags,
                   unsigned char out[IPC_HEADER_SIZE])
{
    size_t len;
    struct ipc_header h = {
        .id = id,
        .size_uncompressed = p->size_uncompressed,
        .size_compressed = p->size_compressed,
        .flags = flags | (p->size_compressed != 0 ? IPC_COMPRESSED : 0),
        .version = IPC_HEADER_VERSION,
    };

    ipc_payload_data(p, &len);
    h.size = (uint32_t)(IPC_HEADER_SIZE + len);
    ipc_header_encode(&h, out);
}

static int
decompress_text(const char *from, size_t len, struct ipc_text *out)
{
    unsigned got = out->header.size_uncompressed;

    if (out->header.size_compressed > len) {
        return EBADMSG;
    }
    if (got > IPC_TEXT_MAX) {
        return EMSGSIZE;
    }
    out->owned = g_try_malloc(got);
    if (out->owned == NULL) {
        return ENOMEM;
    }
    if (bzip2_expand(out->owned, &got, (const char *)from, out->header.size_compressed, false) != BZ_OK ||
        got != out->header.size_uncompressed) {
        return EBADMSG;
    }
    out->text = out->owned;
    return RC_OK;
}

int
ipc_text_decode(const void *data, size_t len, struct ipc_text *out)
{
    const char *payload = (const char *)data + IPC_HEADER_SIZE;
    int rc;

    memset(out, 0, sizeof(*out));
    rc = ipc_header_decode(data, len, &out->header);
    if (rc != RC_OK) {
        return rc;
    }
    len = out->header.size - IPC_HEADER_SIZE;
    if (out->header.size_uncompressed == 0) {
        return EBADMSG;
    }
    if (out->header.size_compressed != 0) {
        rc = decompress_text(payload, len, out);
    } else if (out->header.size_uncompressed > len) {
        rc = EBADMSG;
    } else {
        out->text = payload;
    }
    if (rc == RC_OK && out->text[out->header.size_uncompressed - 1] != '\0') {
        rc = EBADMSG;
    }
    if (rc != RC_OK) {
        ipc_text_clear(out);
        return rc;
    }
    out->len = out->header.size_uncompressed - 1;
    return RC_OK;
}

void
ipc_text_clear(struct ipc_text *t)
{
    g_clear_pointer(&t->owned, g_free);
    t->text = NULL;
    t->len = 0;
}

uint32_t
ipc_buffer_size_from(const char *value)
{
    long long wanted;

    if (value == NULL || !text_parse_int(value, &wanted) || wanted <= 0 || wanted > G_MAXINT32) {
        return IPC_BUFFER_DEFAULT;
    }
    return MAX((uint32_t)wanted, IPC_BUFFER_MINIMUM);
}

uint32_t
ipc_buffer_size(void)
{
    static uint32_t size = 0;

    if (size == 0) {
        size = ipc_buffer_size_from(env_option("ipc_buffer"));
    }
    return size;
}
