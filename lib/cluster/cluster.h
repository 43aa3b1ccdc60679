/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Connection to Corosync: CPG group messages with a send queue, quorum, names and ids of nodes from
 * cmap.  Used by the shells of based, fenced, attrd, controld, and by the launcher (cmap).  Keeps
 * the peer cache up to date; knows nothing of what messages mean.  (spec 10 §3, §4)
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cluster/cmap.h" /* names and ids of nodes */
#include "lib/cluster/cpg_frame.h"
#include "lib/cluster/peers.h"

struct cluster;

/* One CPG configuration change after it has been applied to the peer cache. */
struct cluster_change {
    const struct cpg_member *members;
    unsigned n_members;
    const struct cpg_member *left;
    unsigned n_left;
    const struct cpg_member *joined;
    unsigned n_joined;
};

struct cluster_callbacks {
    /*
     * A message for us (our own come back too).  `from` is the sender's node name (NULL if it
     * cannot be known); `src` in xml is set to it unless CLUSTER_KEEP_SRC.  xml is freed
     * afterwards.
     */
    void (*message)(struct cluster *c, xmlNode *xml, uint32_t from_id, const char *from,
                    void *data);
    /* Before a change is applied to the peer cache, and after.  May be NULL. */
    void (*changing)(struct cluster *c, const struct cluster_change *change, void *data);
    void (*changed)(struct cluster *c, const struct cluster_change *change, void *data);
    /* Quorum notification, after the peer cache has been updated (only after cluster_quorum_start).
     * May be NULL. */
    void (*quorum)(struct cluster *c, bool quorate, uint64_t ring_id, void *data);
    /* Corosync is gone or has evicted us (logged).  The callback ends the daemon; the connection is
     * dead. */
    void (*lost)(struct cluster *c, void *data);
};

enum cluster_flags {
    CLUSTER_DEFAULT = 0,
    CLUSTER_KEEP_SRC = 1 << 0, /* attrd */
};

/*
 * Join the CPG group `system` (SYS_CIB, SYS_CRMD, SYS_ATTRD, SYS_FENCER).  Blocks while Corosync is
 * busy (up to 30 attempts).  Sets the local id and name in `peers` (borrowed).  Returns a result
 * (logged).
 */
int cluster_connect(const char *system, unsigned flags, struct peers *peers,
                    const struct cluster_callbacks *callbacks, void *data, struct cluster **out);
/* Controller: follow quorum too.  *quorate is the present state.  Returns a result (logged). */
int cluster_quorum_start(struct cluster *c, bool *quorate);
/* Leave and free.  Fine inside callbacks.  NULL is fine. */
void cluster_disconnect(struct cluster *c);
/* Free without leaving, for a process that is about to end: the members see it go, not leave. */
void cluster_abandon(struct cluster *c);

/*
 * Queue a message to a node, or to everyone if `to` is NULL.  `type` is the destination's.  Returns
 * false if the connection is gone.
 */
bool cluster_send(struct cluster *c, const struct peer *to, enum cluster_type type,
                  const xmlNode *xml);
/* The same for a finished text (freed or kept). */
bool cluster_send_take(struct cluster *c, const struct peer *to, enum cluster_type type,
                       GString *text);
/* Inside the `message` callback: the message was sent to this node alone, not to everyone. */
bool cluster_message_is_directed(const struct cluster *c);
unsigned cluster_queue_length(const struct cluster *c);
/* Wait until the send queue is empty, at most timeout_ms: for a last message before the end. */
void cluster_flush(struct cluster *c, unsigned timeout_ms);

uint32_t cluster_local_id(const struct cluster *c);
const char *cluster_local_name(const struct cluster *c);
const char *cluster_local_uuid(const struct cluster *c);

#endif
