/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who the other nodes are: the peer cache, the cache of remote nodes, the cache of configured
 * nodes.  Used by the shells and cores of based, fenced, attrd and controld, and by cts/sim.  Pure:
 * no Corosync, no clock; what it has to tell is told through callbacks.  (spec 10 §4)
 */
#ifndef CLUSTER_PEERS_H
#define CLUSTER_PEERS_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

enum peer_state { PEER_UNKNOWN, PEER_MEMBER, PEER_LOST };
/* Process mask. */
#define PEER_PROC_NONE 0x00000001u
#define PEER_PROC_CPG  0x04000000u

struct peer {
    uint32_t id; /* 0: not known (yet), or a remote node */
    char *name;  /* NULL: not known yet */
    char *uuid;  /* id as text, name of a remote node; NULL: not known */
    enum peer_state state;
    uint32_t processes;
    uint32_t pid;         /* of its process in our group, as seen last; 0: not seen yet */
    unsigned comings;     /* how often its process has been seen to appear */
    uint64_t last_seen;   /* number of the membership it was in */
    int64_t when_lost;    /* seconds; 0: it is not lost */
    int64_t when_suspect; /* seconds; a process of a node that should be gone was seen first */
    bool remote;
    bool is_over;         /* its process left the group of its own accord, or the node was fenced: nothing of it runs any more */
    /* The controller's own: */
    char *expected; /* expected state ("member", "down"); NULL: none */
    int join_phase;
    void *data; /* freely usable; not freed */
};

struct peers; /* the caches of one process */

struct peers_callbacks {
    /* All may be NULL.  The peer may be removed after a state callback, so keep no pointer. */
    void (*name_known)(struct peer *p, void *data);
    void (*state_changed)(struct peer *p, enum peer_state old, void *data);
    void (*process_changed)(struct peer *p, uint32_t old_mask, void *data);
    /* Name of a node id by Corosync's node list (g_free), or NULL. */
    char *(*resolve)(uint32_t id, void *data);
};

enum peers_flags {
    PEERS_DEFAULT = 0,
    PEERS_AUTO_REAP = 1 << 0, /* membership follows from CPG (all but the controller) */
};

struct peers *peers_new(unsigned flags, const struct peers_callbacks *callbacks, void *data);
void peers_free(struct peers *ps);
typedef struct peers peers; /* only for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(peers, peers_free)
/* Who we are, and whether Corosync has a node list (then duplicates by name are cleaned up). */
void peers_set_local(struct peers *ps, uint32_t id, const char *name);
void peers_set_has_nodelist(struct peers *ps, bool has);
uint32_t peers_local_id(const struct peers *ps);
const char *peers_local_name(const struct peers *ps); /* NULL before it is set */
const char *peers_local_uuid(const struct peers *ps);
/* Our own entry, NULL if there is none yet. */
struct peer *peers_local(struct peers *ps);

/* --- cluster nodes --- */

/* Look up by id (0: not asked for) and/or name (NULL): the table of spec 10 §4.3.  May merge or
 * drop entries. */
struct peer *peers_find(struct peers *ps, uint32_t id, const char *name);
/* By UUID: the id as text, or a remote node's name. */
struct peer *peers_find_uuid(struct peers *ps, const char *uuid);
/* Get or create; at least one of id and name is given, else NULL. */
struct peer *peers_get(struct peers *ps, uint32_t id, const char *name);
/* A cluster or remote node by name or id. */
struct peer *peers_find_any(struct peers *ps, uint32_t id, const char *name);
/* State member and process up; remote nodes never are. */
bool peer_is_active(const struct peer *p);
const char *peer_state_text(enum peer_state state); /* "member", "lost", NULL */
unsigned peers_active_count(const struct peers *ps);
unsigned peers_count(const struct peers *ps);
/* Entries in no particular order (g_ptr_array_unref; entries are borrowed). */
GPtrArray *peers_list(struct peers *ps);
/*
 * Set the state.  `seen` is the membership number for PEER_MEMBER (0: keep), `now` in seconds.  May
 * free the peer (auto-reaping): returns it, or NULL if it is gone.
 */
struct peer *peers_set_state(struct peers *ps, struct peer *p, enum peer_state state, uint64_t seen,
                             int64_t now);
/* Set or clear bits of the process mask; may free the peer, returns it or NULL if it is gone. */
struct peer *peers_set_process(struct peers *ps, struct peer *p, uint32_t bits, bool up,
                               int64_t now);
void peer_set_expected(struct peer *p, const char *expected);
/* Remove entries that match and are not active, by id if given, else by name.  Returns how many. */
unsigned peers_purge(struct peers *ps, uint32_t id, const char *name);

/* --- what Corosync says --- */

struct cpg_member {
    uint32_t id;
    uint32_t pid;
    bool orderly; /* of those that left: it said so itself, it was not lost */
};
/* A CPG configuration change.  Returns false if we are not among the members: evicted. */
bool peers_cpg_changed(struct peers *ps, uint32_t own_pid, const struct cpg_member *members,
                       unsigned n_members, const struct cpg_member *left, unsigned n_left,
                       int64_t now);
/* A quorum notification (controller): listed nodes are members, others with a known state are lost.
 */
void peers_membership_changed(struct peers *ps, uint64_t ring_id, const uint32_t *ids, unsigned n,
                              int64_t now);

/* --- remote nodes and configured nodes --- */

struct peer *peers_remote_find(struct peers *ps, const char *name);
struct peer *peers_remote_get(struct peers *ps, const char *name);
void peers_remote_remove(struct peers *ps, const char *name);
unsigned peers_remote_count(const struct peers *ps);
GPtrArray *peers_remote_list(struct peers *ps);
/* Refresh both caches from a CIB document (its root element). */
void peers_refresh_from_cib(struct peers *ps, const xmlNode *cib, int64_t now);
/* Learn which nodes are configured (`nodes` of a CIB's configuration, may be NULL), in place of those of before. */
void peers_set_configured(struct peers *ps, const xmlNode *nodes);
/*
 * A node, whether it is there or not: the caches first, then the configuration as of the last
 * refresh or peers_set_configured() (an entry without state, valid until the next one).  NULL if unknown.
 */
struct peer *peers_find_known(struct peers *ps, uint32_t id, const char *name);

#endif
