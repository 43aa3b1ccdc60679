/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The 592-byte frame around every message between nodes.  Used by the cluster connection, the fuzz
 * target, and cts/sim.  Pure: bytes in, bytes out.  (spec 10 §3.2 to §3.5)
 */
#ifndef CLUSTER_CPG_FRAME_H
#define CLUSTER_CPG_FRAME_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPG_FRAME_SIZE     592u
#define CPG_FRAME_NAME_MAX 255u
/* Texts of this size (with NUL) and above are compressed. */
#define CPG_FRAME_COMPRESS_AT 131072u
#define CPG_FRAME_TEXT_MAX    (256u * 1024 * 1024)

/* Types of subsystems; informative. */
enum cluster_type {
    CLUSTER_TYPE_NONE = 0,
    CLUSTER_TYPE_AIS = 1,
    CLUSTER_TYPE_LRMD = 2,
    CLUSTER_TYPE_CIB = 3,
    CLUSTER_TYPE_CRMD = 4,
    CLUSTER_TYPE_ATTRD = 5,
    CLUSTER_TYPE_STONITHD = 6,
    CLUSTER_TYPE_TENGINE = 7,
    CLUSTER_TYPE_PENGINE = 8,
    CLUSTER_TYPE_FENCER = 9,
};
/* Type of a system name ("dc" is crmd's); CLUSTER_TYPE_NONE if it has none. */
enum cluster_type cluster_type_of(const char *system_name);

struct cpg_frame {
    uint32_t id; /* counter of the sending process, from 1 */
    bool compressed;
    uint32_t to_id; /* 0: everyone */
    const char *to; /* NULL or empty: everyone */
    uint32_t to_type;
    uint32_t from_id; /* 0 on send; the receiver fills it in */
    uint32_t from_pid;
    uint32_t from_type;
    const char *from;  /* NULL if the sender gave none */
    const char *text;  /* NUL-terminated */
    uint32_t text_len; /* without the NUL */
    /* Decoding stores here what the pointers above refer to. */
    char to_buffer[256], from_buffer[256];
    char *owned;
};

/*
 * Encode; names longer than 255 bytes are cut.  The text is compressed if it is long and that
 * succeeds. Returns the whole message (g_byte_array_unref).
 */
GByteArray *cpg_frame_encode(const struct cpg_frame *f);
/*
 * Decode and validate all of spec 10 §3.5 step 4 and 5.  RC_OK, or EBADMSG and *reason (static
 * text) says why. The input must stay while the frame is used; then cpg_frame_clear().
 */
int cpg_frame_decode(const void *data, size_t len, struct cpg_frame *f, const char **reason);
/* Only the addresses (spec 10 §3.5 steps 1 and 2 need no more): cheap test whether a message is for
 * us. */
int cpg_frame_decode_header(const void *data, size_t len, struct cpg_frame *f, const char **reason);
void cpg_frame_clear(struct cpg_frame *f);

/* Is a frame addressed to this node (id and name, either may be 0/NULL in the frame)? */
bool cpg_frame_is_for(const struct cpg_frame *f, uint32_t local_id, const char *local_name);

#endif
