/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the topic files of the attribute manager's core share: the table, the nodes, the queues.
 * Included by daemons/attrd/attrd_*.c of the core only; the shell sees attrd_core.h.
 */
#ifndef ATTRD_INTERNAL_H
#define ATTRD_INTERNAL_H

#include "daemons/attrd/attrd_core.h"
#include "lib/cluster/election.h"
#include "lib/cluster/peers.h"

#define ATTRD_NEVER UINT64_MAX

/* Value of one attribute on one node. */
struct attrd_value {
    char *node;    /* as first spelled */
    char *current; /* NULL: unset */
    uint32_t node_id; /* 0: unknown */
    bool remote;
    bool seen; /* named by the writer's full sync that is being processed */
    uint64_t told; /* core->order of the last message to all about it; 0: none */
};

struct attrd_attribute {
    char *name;
    char *set;  /* NULL: status-UUID */
    char *key;  /* NULL: SET-NAME */
    char *user; /* who created it: the CIB is changed on this user's behalf */
    bool is_private;
    long long dampening_ms;
    GPtrArray *values; /* struct attrd_value, in order of appearance: a cluster has tens of nodes */

    bool changed;       /* since the last write */
    bool unknown_nodes; /* has values that nobody could write for lack of a UUID */
    bool force_write;   /* a peer asks for the write not to wait for the dampening */
    bool write_alone;   /* a batch with it failed: do not spoil the others again */
    bool due;           /* is in core->due */
    unsigned write_id;     /* request in flight; 0: none */
    uint64_t deadline;  /* dampening or retry; ATTRD_NEVER: not armed */
};

/* When a member came and went, in core->order; 0: never.  Survives its values. */
struct attrd_member {
    char *name;
    uint32_t id;
    uint64_t appeared, lost;
};

struct attrd_core {
    struct attrd_config config; /* texts copied */
    struct peers *peers;
    const char *node_name; /* of `peers` */

    GPtrArray *attributes; /* struct attrd_attribute, in order of creation; never shrinks */
    GHashTable *by_name;   /* name -> the same */
    GPtrArray *armed;      /* those with a deadline */
    GPtrArray *due;        /* those to write at the end of this event */
    GQueue effects;        /* struct attrd_effect */
    uint64_t order;        /* grows with each message and each change of membership */
    GHashTable *members;   /* name in lower case -> struct attrd_member */
    GHashTable *erased;    /* UUIDs of nodes whose attributes somebody erased from the CIB */
    uint64_t verify_due;   /* when the CIB is read for what it says of this node; ATTRD_NEVER: not soon */
    bool reading;          /* ... and that is under way */
    GHashTable *strange;   /* id -> value of what it says and the table does not have */
    uint64_t erased_due;   /* when that is looked at; ATTRD_NEVER: there are none */

    struct election *election;
    uint64_t election_deadline; /* ATTRD_NEVER: no timer */
    char *writer;               /* whom this node believes to be the writer, or NULL */
    long long peer_version;     /* lowest version ever heard of; 0: none yet */
    bool stopping;
    bool shutdown_requested;
    unsigned last_write_id;  /* given out */
    unsigned last_completed; /* newest answered */
};

/* --- attrd_table.c: attributes, values, nodes --- */

struct attrd_attribute *attrd_find(const struct attrd_core *core, const char *name);
/* New entry from a message's fields (name, set, key, user, private, dampening). */
struct attrd_attribute *attrd_add(struct attrd_core *core, const xmlNode *xml);
struct attrd_value *attrd_value_find(const struct attrd_attribute *a, const char *node);
struct attrd_value *attrd_value_need(struct attrd_attribute *a, const char *node, bool remote);
void attrd_drop_node_values(struct attrd_core *core, const char *node, const char *why);

/* Remember that a name is a Pacemaker Remote node. */
void attrd_learn_remote(struct attrd_core *core, const char *name);
/* Text that identifies the value's node in the CIB (g_free), or NULL if unknown. */
char *attrd_value_uuid(const struct attrd_core *core, const struct attrd_value *v);

/* (Re)start or stop the attribute's one timer. */
void attrd_arm(struct attrd_core *core, struct attrd_attribute *a, uint64_t deadline);
void attrd_disarm(struct attrd_core *core, struct attrd_attribute *a);

/* --- attrd_core.c: membership, effects --- */

/* Never NULL; of a node nobody has seen: zeros. */
const struct attrd_member *attrd_member(const struct attrd_core *core, const char *name);
/* Is it here now? */
bool attrd_is_member(const struct attrd_core *core, const char *name);

struct attrd_effect *attrd_effect_add(struct attrd_core *core, enum attrd_effect_kind kind);
/* Stamp and queue a peer message (consumed); to everybody if `to` is NULL. */
void attrd_send_take(struct attrd_core *core, xmlNode *xml, const struct peer *to);

/* --- attrd_request.c --- */

/* Treat `xml` as an update request of a local client: complete it, expand the value, broadcast. */
void attrd_request_update(struct attrd_core *core, uint64_t now, xmlNode *xml);
/* A request to clear failures as the update by pattern that old peers understand. */
void attrd_clear_failure_as_update(xmlNode *xml);

/* --- attrd_sync.c --- */

/* Send all values to `to`, or to everybody if it is NULL. */
void attrd_sync_all(struct attrd_core *core, const struct peer *to);
xmlNode *attrd_sync_new(void);
void attrd_sync_add(xmlNode *message, const struct attrd_attribute *a, const struct attrd_value *v, bool force);
/* Does the table say everything that its sender knows? */
bool attrd_sync_is_full(const xmlNode *xml, const char *from);
/* Begin to note which values a writer's table names, and tell everybody those that it did not. */
void attrd_sync_forget_seen(struct attrd_core *core);
void attrd_sync_send_unseen(struct attrd_core *core, bool full);
/* Our own message of this kind came back: repeat what it has undone. */
void attrd_sync_returned(struct attrd_core *core, const xmlNode *xml);
/* Is this entry of a table that was sent to this node alone older than what the node knows? */
bool attrd_sync_is_outdated(const struct attrd_core *core, const struct attrd_value *v, const char *host, const char *from);

/* --- attrd_writer.c --- */

bool attrd_is_writer(const struct attrd_core *core);
/* A write is due: the writer writes `a`; anybody else makes sure that there is a writer. */
void attrd_write_or_elect(struct attrd_core *core, uint64_t now, struct attrd_attribute *a);
void attrd_election_message(struct attrd_core *core, uint64_t now, const char *from, const xmlNode *xml);
void attrd_election_peer_left(struct attrd_core *core, uint64_t now, const char *name);
/* Somebody announced itself as the writer in a sync response. */
void attrd_writer_announced(struct attrd_core *core, uint64_t now, const char *from);
void attrd_election_tick(struct attrd_core *core, uint64_t now);

/* --- attrd_write.c --- */

enum attrd_write_mode { ATTRD_RESPECT_DELAY, ATTRD_IGNORE_DELAY };

/* Put the attribute on the list of this event's writes if it may be written now. */
void attrd_write_due(struct attrd_core *core, struct attrd_attribute *a, enum attrd_write_mode mode);
void attrd_write_all(struct attrd_core *core, enum attrd_write_mode mode);
/* XPath of what the CIB has of a node (g_free); NULL if no node can have that name. */
char *attrd_attributes_path(const char *name, uint32_t id);
/*
 * Erase what the CIB has of a node that left.  The controllers do it when they lose their peer, but what this process writes
 * between that moment and the one when it loses its own peer comes after it.
 */
void attrd_erase_node(struct attrd_core *core, const char *name, uint32_t id);
/* The same for all that are away: a new writer does not know what the last one still did. */
void attrd_erase_absent(struct attrd_core *core);
/* Changed ones, ones with unknown nodes, force-marked ones: a node's id became known. */
void attrd_write_pending(struct attrd_core *core);
/* The time has come to look at core->erased. */
void attrd_write_erased(struct attrd_core *core);
/* Turn the list into as few requests as possible. */
void attrd_write_flush(struct attrd_core *core);

/* --- attrd_verify.c --- */

/* The CIB may have become another one: does it say something of this node that nobody knows? */
void attrd_verify_later(struct attrd_core *core, uint64_t now);
void attrd_verify_tick(struct attrd_core *core, uint64_t now);

#endif
