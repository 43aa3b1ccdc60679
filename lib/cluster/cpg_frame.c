/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Encoding and decoding of the frame of messages between nodes.  Called by the cluster connection
 * and cts/sim. Never trusts a length or a text that it reads; opens nothing.  (spec 10 §3.2 to
 * §3.5)
 */
#include "lib/cluster/cpg_frame.h"

#include <string.h>
#include <strings.h>

#include "lib/base/bzip2.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/ipc/ipc_fields.h"

/* Offsets in the frame; what is not listed is padding or unused and sent as zero. */
enum {
    AT_HEADER_ID = 0,
    AT_HEADER_SIZE = 8,
    AT_HEADER_ERROR = 16,
    AT_ID = 24,
    AT_IS_COMPRESSED = 28,
    AT_HOST = 32,
    AT_SENDER = 308,
    AT_SIZE = 584,
    AT_COMPRESSED_SIZE = 588,
};

/* Offsets in the host and sender blocks. */
enum {
    BLOCK_ID = 0,
    BLOCK_PID = 4,
    BLOCK_LOCAL = 8,
    BLOCK_TYPE = 12,
    BLOCK_SIZE = 16,
    BLOCK_UNAME = 20,
};

#define HEADER_ERROR_OK   1u /* CS_OK */
#define BZIP2_BLOCK_SIZE  4
#define BZIP2_WORK_FACTOR 20

enum cluster_type
cluster_type_of(const char *system_name)
{
    static const struct {
        const char *name;
        enum cluster_type type;
    } table[] = {
        { SYS_LRMD, CLUSTER_TYPE_LRMD },       { SYS_CIB, CLUSTER_TYPE_CIB },
        { SYS_CRMD, CLUSTER_TYPE_CRMD },       { SYS_DC, CLUSTER_TYPE_CRMD },
        { SYS_ATTRD, CLUSTER_TYPE_ATTRD },     { SYS_STONITHD, CLUSTER_TYPE_STONITHD },
        { SYS_TENGINE, CLUSTER_TYPE_TENGINE }, { SYS_SCHEDULER, CLUSTER_TYPE_PENGINE },
        { SYS_FENCER, CLUSTER_TYPE_FENCER },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        if (text_equal(system_name, table[i].name)) {
            return table[i].type;
        }
    }
    return CLUSTER_TYPE_NONE;
}

static void
put32(guint8 *to, uint32_t value)
{
    memcpy(to, &value, sizeof(value));
}

static uint32_t
get32(const guint8 *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

static void
put_block(guint8 *block, uint32_t id, uint32_t pid, uint32_t type, const char *name)
{
    size_t len = name != NULL ? strnlen(name, CPG_FRAME_NAME_MAX) : 0;

    put32(block + BLOCK_ID, id);
    put32(block + BLOCK_PID, pid);
    put32(block + BLOCK_TYPE, type);
    put32(block + BLOCK_SIZE, (uint32_t)len);
    if (len > 0) {
        memcpy(block + BLOCK_UNAME, name, len);
    }
}

/* Append the text compressed; false if that failed or gains nothing worth it. */
static bool
append_compressed(GByteArray *out, const struct cpg_frame *f)
{
    unsigned size = f->text_len + 1;
    unsigned room = size + size / 100 + 600; /* bzip2's own bound */

    g_byte_array_set_size(out, CPG_FRAME_SIZE + room);
    if (bzip2_compress((char *)out->data + CPG_FRAME_SIZE, &room, f->text, size, BZIP2_BLOCK_SIZE, BZIP2_WORK_FACTOR) != BZ_OK) {
        g_byte_array_set_size(out, CPG_FRAME_SIZE);
        return false;
    }
    g_byte_array_set_size(out, CPG_FRAME_SIZE + room);
    return true;
}

GByteArray *
cpg_frame_encode(const struct cpg_frame *f)
{
    uint32_t size = f->text_len + 1;
    GByteArray *out =
        g_byte_array_sized_new(CPG_FRAME_SIZE + (size < CPG_FRAME_COMPRESS_AT ? size : 0));
    bool compressed = false;

    g_byte_array_set_size(out, CPG_FRAME_SIZE);
    memset(out->data, 0, CPG_FRAME_SIZE);
    if (size >= CPG_FRAME_COMPRESS_AT) {
        compressed = append_compressed(out, f);
    }
    if (!compressed) {
        g_byte_array_append(out, (const guint8 *)f->text, size);
    }
    put32(out->data + AT_HEADER_SIZE, out->len);
    put32(out->data + AT_HEADER_ERROR, HEADER_ERROR_OK);
    put32(out->data + AT_ID, f->id);
    put32(out->data + AT_IS_COMPRESSED, compressed ? 1 : 0);
    put_block(out->data + AT_HOST, f->to_id, 0, f->to_type, f->to);
    put_block(out->data + AT_SENDER, f->from_id, f->from_pid, f->from_type, f->from);
    put32(out->data + AT_SIZE, size);
    put32(out->data + AT_COMPRESSED_SIZE, compressed ? out->len - CPG_FRAME_SIZE : 0);
    return out;
}

/* The name in a block: as long as it says, but never beyond the block.  NULL if it says 0. */
static const char *
get_name(const guint8 *block, char buffer[256])
{
    uint32_t len = get32(block + BLOCK_SIZE);

    if (len == 0) {
        return NULL;
    }
    memcpy(buffer, block + BLOCK_UNAME, CPG_FRAME_NAME_MAX);
    buffer[MIN(len, CPG_FRAME_NAME_MAX)] = '\0';
    return buffer;
}

int
cpg_frame_decode_header(const void *data, size_t len, struct cpg_frame *f, const char **reason)
{
    const guint8 *from = data;

    memset(f, 0, offsetof(struct cpg_frame, to_buffer));
    f->owned = NULL;
    if (len < CPG_FRAME_SIZE) {
        *reason = "shorter than its header";
        return EBADMSG;
    }
    f->id = get32(from + AT_ID);
    f->compressed = get32(from + AT_IS_COMPRESSED) != 0;
    f->to_id = get32(from + AT_HOST + BLOCK_ID);
    f->to_type = get32(from + AT_HOST + BLOCK_TYPE);
    f->to = get_name(from + AT_HOST, f->to_buffer);
    f->from_id = get32(from + AT_SENDER + BLOCK_ID);
    f->from_pid = get32(from + AT_SENDER + BLOCK_PID);
    f->from_type = get32(from + AT_SENDER + BLOCK_TYPE);
    f->from = get_name(from + AT_SENDER, f->from_buffer);
    return RC_OK;
}

static int
decompress(const guint8 *data, uint32_t len, uint32_t size, struct cpg_frame *f,
           const char **reason)
{
    unsigned got = size;

    if (size > CPG_FRAME_TEXT_MAX) {
        *reason = "text too big";
        return EBADMSG;
    }
    f->owned = g_try_malloc(size);
    if (f->owned == NULL) {
        *reason = "no memory for the text";
        return EBADMSG;
    }
    if (bzip2_expand(f->owned, &got, (const char *)data, len, false) != BZ_OK ||
        got != size) {
        *reason = "cannot be decompressed to the size it promises";
        return EBADMSG;
    }
    f->text = f->owned;
    return RC_OK;
}

/*
 * Is the message sound?  (spec 10 §3.5, steps 4 and 5)
 *
 *   1. there is a payload, and the header's size is the message's
 *   2. the header's error is CS_OK
 *   3. the (compressed) size equals the payload's
 *   4. the text ends with exactly one NUL
 */
int
cpg_frame_decode(const void *data, size_t len, struct cpg_frame *f, const char **reason)
{
    const guint8 *from = data;
    uint32_t payload, size, compressed_size;
    int rc = cpg_frame_decode_header(data, len, f, reason);

    if (rc != RC_OK) {
        return rc;
    }
    payload = get32(from + AT_HEADER_SIZE);
    size = get32(from + AT_SIZE);
    compressed_size = get32(from + AT_COMPRESSED_SIZE);
    if (payload <= CPG_FRAME_SIZE || payload > len) {
        *reason = "size of the header is wrong";
        return EBADMSG;
    }
    payload -= CPG_FRAME_SIZE;
    if (get32(from + AT_HEADER_ERROR) != HEADER_ERROR_OK) {
        *reason = "error field of the header is set";
        return EBADMSG;
    }
    if ((f->compressed ? compressed_size : size) != payload || size == 0) {
        *reason = "size of the payload is wrong";
        return EBADMSG;
    }
    if (f->compressed) {
        rc = decompress(from + CPG_FRAME_SIZE, payload, size, f, reason);
    } else {
        f->text = (const char *)from + CPG_FRAME_SIZE;
    }
    if (rc == RC_OK && (f->text[size - 1] != '\0' || (size > 1 && f->text[size - 2] == '\0'))) {
        *reason = "text does not end with one NUL";
        rc = EBADMSG;
    }
    if (rc != RC_OK) {
        cpg_frame_clear(f);
        return rc;
    }
    f->text_len = size - 1;
    return RC_OK;
}

void
cpg_frame_clear(struct cpg_frame *f)
{
    g_clear_pointer(&f->owned, g_free);
    f->text = NULL;
    f->text_len = 0;
}

bool
cpg_frame_is_for(const struct cpg_frame *f, uint32_t local_id, const char *local_name)
{
    if (f->to_id != 0 && f->to_id != local_id) {
        return false;
    }
    return f->to == NULL || *f->to == '\0' || text_equal_nocase(f->to, local_name);
}
