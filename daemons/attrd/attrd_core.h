/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager as a state machine: the table of transient node attributes, dampening, the writer's election,
 * synchronisation between members, and what is to be written to the CIB.  Driven by the daemon's shell and by cts/sim.
 * It opens nothing, reads no clock and sends nothing: every function takes the time (milliseconds of the caller's monotonic
 * clock) and queues effects, which the caller collects with attrd_core_next_effect() after each event.  (spec 70)
 */
#ifndef ATTRD_CORE_H
#define ATTRD_CORE_H

#include "lib/ipc/attrd_proto.h"

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct attrd_core;

struct attrd_config {
    const char *node_name; /* copied */
    guint node_id;
    const char *program;   /* `src` of own messages, normally "pacemaker-attrd"; copied */
};

/* --- what the caller has to do --- */

enum attrd_effect_kind {
    ATTRD_SEND,       /* peer message `xml`: to `target`/`target_id`, or to all members if target is NULL and target_id 0 */
    ATTRD_REPLY,      /* answer `xml` to the request that is being processed */
    ATTRD_CIB_MODIFY, /* cib_modify of section `status` with `xml`; report with attrd_core_cib_result(write_id) */
    ATTRD_ALERT,      /* attribute alert: `target` (node), `name`, `value` */
};

struct attrd_effect {
    enum attrd_effect_kind kind;
    xmlNode *xml;
    char *target;
    guint target_id;
    char *name;      /* attribute (ATTRD_ALERT) */
    char *value;     /* "" if unset */
    char *user;      /* ATTRD_CIB_MODIFY: on whose behalf (cib_user), or NULL */
    guint options;   /* ATTRD_CIB_MODIFY: call options */
    guint write_id;  /* ATTRD_CIB_MODIFY: grows with each request */
};

/* Next effect in order, or NULL.  Free it with attrd_effect_free(). */
struct attrd_effect *attrd_core_next_effect(struct attrd_core *core);
void attrd_effect_free(struct attrd_effect *effect);

/* --- life --- */

struct attrd_core *attrd_core_new(const struct attrd_config *config);
void attrd_core_free(struct attrd_core *core);
/* Connected to CIB and cluster: announce the protocol version. */
void attrd_core_start(struct attrd_core *core, uint64_t now);
/* Leaving: ignore everything but election messages, never win. */
void attrd_core_stop(struct attrd_core *core);

/* --- events --- */

/* A client's message.  `wants_response`: flag 0x200 was set.  `user`: its user name (stamped on the message). */
struct attrd_request {
    xmlNode *xml; /* NULL: unparsable.  Borrowed, but user fields are stamped on it */
    const char *client; /* for log lines */
    const char *user;
    bool wants_response;
};
void attrd_core_request(struct attrd_core *core, uint64_t now, const struct attrd_request *request);

/* A message from the group, own ones included, in delivery order. */
void attrd_core_peer_message(struct attrd_core *core, uint64_t now, guint from_id, const char *from,
                             xmlNode *xml);

/* Corosync's node list says that this node exists (member or not): its values can be written. */
void attrd_core_node_known(struct attrd_core *core, guint id, const char *name);
/* The attribute manager of a node joined / left the group (own node included).  Joined may repeat. */
void attrd_core_peer_joined(struct attrd_core *core, uint64_t now, guint id, const char *name);
void attrd_core_peer_left(struct attrd_core *core, uint64_t now, guint id, const char *name);

/* The CIB manager says that nodes or status were replaced as a whole: write everything again. */
void attrd_core_cib_replaced(struct attrd_core *core, uint64_t now);
/* Result of ATTRD_CIB_MODIFY: 0 or a legacy code (`cib_rc`). */
void attrd_core_cib_result(struct attrd_core *core, uint64_t now, guint write_id, int legacy_rc);

/* When attrd_core_tick() is due next; UINT64_MAX: never. */
uint64_t attrd_core_deadline(const struct attrd_core *core);
void attrd_core_tick(struct attrd_core *core, uint64_t now);
/* User CPU time of the process, the age in elections; set it before events that may start one. */
void attrd_core_set_age(struct attrd_core *core, guint64 microseconds);

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
/* True if nothing waits to be written, in flight or dampened (for tests that wait for quiet). */
bool attrd_core_is_quiet(const struct attrd_core *core);

#endif
