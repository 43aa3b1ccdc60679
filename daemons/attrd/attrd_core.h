/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager as a state machine: the table of transient node attributes, dampening, the writer's election,
 * synchronisation between members, and what is to be written to the CIB.  Driven by the daemon's shell and by cts/sim.
 * It opens nothing, reads no clock and sends nothing: every function takes the time (milliseconds of the caller's monotonic
 * clock) and queues effects, which the caller collects with attrd_core_next_effect() after each event.  (spec 70)
 */
#ifndef ATTRD_CORE_H
#define ATTRD_CORE_H

#include "lib/cluster/peers.h"
#include "lib/ipc/attrd_proto.h"
#include "lib/ipc/ipc_protocol.h"

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct attrd_core;

/* What is borrowed must outlive the core. */
struct attrd_config {
    const char *program;   /* `src` of own messages, normally "pacemaker-attrd"; copied */
    struct peers *peers;   /* PEERS_AUTO_REAP, with the local node set; the caller reports its changes */
    struct ctl_refs *refs; /* for election messages; the caller keeps refs->now up to date */
    /* Id of a cluster node by Corosync's node list, 0 if unknown.  May be NULL. */
    uint32_t (*node_id)(const char *name, void *data);
    /* CPU time of the process: its age in elections.  NULL: always 0. */
    void (*cpu_time)(void *data, uint32_t *seconds, uint32_t *microseconds);
    void *data;
};

/* --- what the caller has to do --- */

enum attrd_effect_kind {
    ATTRD_SEND,       /* peer message `xml`: to the node `target`/`target_id`, or to all if target is NULL and target_id 0 */
    ATTRD_REPLY,      /* answer `xml` to the request that is being processed */
    ATTRD_CIB_MODIFY, /* cib_modify of section `status` with `xml`; report with attrd_core_cib_result(write_id) */
    ATTRD_CIB_ERASE,  /* cib_delete of the XPath `xpath` with `options`; the result is only logged */
    ATTRD_CIB_READ,   /* cib_query of the XPath `xpath` with `options`; report with attrd_core_cib_read() */
    ATTRD_ALERT,      /* attribute alert: `target` (node), `target_id`, `name`, `value` */
};

struct attrd_effect {
    enum attrd_effect_kind kind;
    xmlNode *xml;
    char *target;
    uint32_t target_id;
    char *name;     /* ATTRD_ALERT: attribute */
    char *value;    /* ATTRD_ALERT: "" if unset */
    char *xpath;    /* ATTRD_CIB_ERASE, ATTRD_CIB_READ */
    char *user;     /* ATTRD_CIB_MODIFY: on whose behalf (cib_user), or NULL */
    unsigned options;  /* ATTRD_CIB_...: call options (lib/cib/cib_client.h) */
    unsigned write_id; /* ATTRD_CIB_MODIFY: grows with each request */
};

/* Next effect in order, or NULL.  Free it with attrd_effect_free(). */
struct attrd_effect *attrd_core_next_effect(struct attrd_core *core);
void attrd_effect_free(struct attrd_effect *effect);

/* --- life --- */

struct attrd_core *attrd_core_new(const struct attrd_config *config);
void attrd_core_free(struct attrd_core *core);
/*
 * Connected to CIB and cluster: erase what the CIB has of this node from an earlier life (nobody in the cluster knows these values any
 * more), by name and by id, because the writer may have made the node's entry before a controller gave it a name; and
 * announce the protocol version.
 */
void attrd_core_start(struct attrd_core *core, uint64_t now);
/* Leaving: ignore everything but election messages, never win. */
void attrd_core_stop(struct attrd_core *core);

/* --- events --- */

/* A client's message, with the user stamped on it (access_stamp_user). */
struct attrd_request {
    xmlNode *xml;        /* NULL: unparsable.  Borrowed, but completed in place */
    const char *client;  /* for log lines */
    bool wants_response; /* IPC_WANTS_RESPONSE was set */
};
void attrd_core_request(struct attrd_core *core, uint64_t now, const struct attrd_request *request);

/* Where a message of the group comes from. */
struct attrd_origin {
    uint32_t id;
    const char *name; /* NULL: not known */
    bool to_us_alone; /* it is addressed to this node, the others do not see it */
};
/* A message from the group, own ones included, in delivery order.  Borrowed, but completed in place. */
void attrd_core_peer_message(struct attrd_core *core, uint64_t now, const struct attrd_origin *from, xmlNode *xml);

/* State of a peer changed (from peers_callbacks.state_changed, own node included). */
void attrd_core_peer_changed(struct attrd_core *core, uint64_t now, const struct peer *peer);
/*
 * The CIB manager says that nodes or status were replaced as a whole: write everything again, and after a while see whether it says
 * something of this node that nobody knows.
 */
void attrd_core_cib_replaced(struct attrd_core *core, uint64_t now);
/*
 * The CIB changed: `patch` is the <diff> of a successful change.  Where somebody erased all attributes of a node that is still
 * here, they are written again after a while (spec 70 §18: what newer releases do).
 */
void attrd_core_cib_changed(struct attrd_core *core, uint64_t now, const xmlNode *patch);
/* Result of ATTRD_CIB_READ: what was found, or NULL. */
void attrd_core_cib_read(struct attrd_core *core, uint64_t now, const xmlNode *attributes);
/* Result of ATTRD_CIB_MODIFY: a result of lib/base/result.h. */
void attrd_core_cib_result(struct attrd_core *core, uint64_t now, unsigned write_id, int rc);

/* When attrd_core_tick() is due next; UINT64_MAX: never. */
uint64_t attrd_core_deadline(const struct attrd_core *core);
void attrd_core_tick(struct attrd_core *core, uint64_t now);

/* --- looking in (tests, cts/sim, log) --- */

/* Value of an attribute on a node; NULL if unset or unknown. */
const char *attrd_core_value(const struct attrd_core *core, const char *name, const char *node);
/* Every value: unset ones are given as NULL. */
typedef void attrd_core_value_fn(const char *name, const char *node, const char *value, bool is_private,
                                 void *user_data);
void attrd_core_foreach(const struct attrd_core *core, attrd_core_value_fn *fn, void *user_data);
bool attrd_core_is_writer(const struct attrd_core *core);
/* Name of the writer this node believes in, or NULL. */
const char *attrd_core_writer(const struct attrd_core *core);
enum attrd_writer_state attrd_core_election_state(const struct attrd_core *core);
/* Own `shutdown` attribute asks for shutdown. */
bool attrd_core_shutdown_requested(const struct attrd_core *core);
/* True if nothing waits to be written, is in flight or dampened (for tests that wait for quiet). */
bool attrd_core_is_quiet(const struct attrd_core *core);

#endif
