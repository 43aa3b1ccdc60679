/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One local IPC message: the 40-byte header, bzip2 compression, size limits.  Used by both ends and
 * by the fuzz target.  Pure: bytes in, bytes out; no sockets.  (spec 10 §1.4, §1.5)
 */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stddef.h>
#include <stdint.h>

#define IPC_HEADER_SIZE    40u
#define IPC_HEADER_VERSION 1u
#define IPC_BUFFER_DEFAULT 131072u
#define IPC_BUFFER_MINIMUM 12336u
/* What the clients of the CIB and the scheduler ask for (spec 10 §1.2). */
#define IPC_BUFFER_CIB       524288u
#define IPC_BUFFER_SCHEDULER 5242880u
/* No message of ours expands to more than this; a header that promises more is refused. */
#define IPC_TEXT_MAX (256u * 1024 * 1024)

enum ipc_flag {
    IPC_COMPRESSED = 0x00000001,       /* informational */
    IPC_PROXIED = 0x00000100,          /* connection is the cluster end of a proxied client */
    IPC_WANTS_RESPONSE = 0x00000200,   /* sender waits on the response channel */
    IPC_IS_EVENT = 0x00010000,         /* sent over the event channel */
    IPC_INTERNAL = 0x00020000,         /* seen on the wire, without meaning */
    IPC_PROXIED_RESPONSE = 0x00040000, /* an event that would have been a response */
};

struct ipc_header {
    int32_t id;
    uint32_t size;              /* header and payload */
    int32_t error;              /* always 0 */
    uint32_t size_uncompressed; /* text and its NUL */
    uint32_t size_compressed;   /* 0: not compressed */
    uint32_t flags;             /* enum ipc_flag */
    uint8_t version;
};

void ipc_header_encode(const struct ipc_header *h, unsigned char out[IPC_HEADER_SIZE]);
/* RC_OK; EBADMSG if `len` is too short, the size field lies, or the version is newer than ours. */
int ipc_header_decode(const void *data, size_t len, struct ipc_header *h);

/*
 * What follows the header: text with its NUL, compressed if it had to be.  Immutable and counted,
 * so that one serialisation serves all subscribers of an event.
 */
struct ipc_payload;

/*
 * Serialise `xml` for a connection whose limit is `limit` bytes.  EMSGSIZE if it does not fit even
 * when compressed (an error that names PCMK_ipc_buffer has been logged then).
 */
int ipc_payload_new(const xmlNode *xml, uint32_t limit, struct ipc_payload **out);
/* The same for a text that exists already; the string is freed or kept. */
int ipc_payload_take_text(GString *text, uint32_t limit, struct ipc_payload **out);
struct ipc_payload *ipc_payload_ref(struct ipc_payload *p);
void ipc_payload_unref(struct ipc_payload *p);
typedef struct ipc_payload ipc_payload; /* only for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ipc_payload, ipc_payload_unref)

const void *ipc_payload_data(const struct ipc_payload *p, size_t *len);
/* Header to send this payload with. */
void ipc_payload_header(const struct ipc_payload *p, int32_t id, uint32_t flags,
                        unsigned char out[IPC_HEADER_SIZE]);

/* A decoded message; `text` is NUL-terminated and points into the input or into `owned`. */
struct ipc_text {
    struct ipc_header header;
    const char *text;
    size_t len; /* without the NUL */
    char *owned;
};

/*
 * Decode a whole message.  The input must stay as long as the result is used.  EBADMSG if it is
 * malformed (header.id and header.flags are valid only for RC_OK), EMSGSIZE if it would expand
 * beyond IPC_TEXT_MAX.
 */
int ipc_text_decode(const void *data, size_t len, struct ipc_text *out);
void ipc_text_clear(struct ipc_text *t);

/* Largest size of a message by PCMK_ipc_buffer (spec 10 §1.2), or as in `value` (for tests). */
uint32_t ipc_buffer_size(void);
uint32_t ipc_buffer_size_from(const char *value);

#endif
