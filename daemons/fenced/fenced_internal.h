/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the fencer's core.  Included by fenced_*.c of this folder only.
 *   fenced_core.c     clients, requests, replies, events
 *   fenced_devices.c  tables of devices and levels; who can fence whom
 *   fenced_op.c       a cluster-wide operation as its originator and as others see it
 *   fenced_history.c  asking for, cleaning and exchanging what has happened
 */
#ifndef FENCED_INTERNAL_H
#define FENCED_INTERNAL_H

#include "daemons/fenced/fenced_core.h"

#include "lib/fence/fence_protocol.h"
#include "lib/fence/fence_result.h"

/* What a client subscribed to. */
enum notify_bit {
    NOTIFY_FENCE = 1 << 0,
    NOTIFY_DEVICE_ADD = 1 << 1,
    NOTIFY_DEVICE_DEL = 1 << 2,
    NOTIFY_HISTORY = 1 << 3,
    NOTIFY_HISTORY_SYNCED = 1 << 4,
    NOTIFY_EVERYBODY = 1 << 5, /* levels: sent to all clients (spec 60 §4) */
};

struct client {
    char *id;
    char *name; /* NAME.PID once it has sent something */
    long pid;
    bool is_privileged;
    unsigned subscriptions;
};

/* Where an answer goes that is not given at once. */
struct ticket {
    char *client_id; /* NULL: nobody waits */
    uint32_t request_id, request_flags;
};

struct device {
    char *id, *agent, *ns;
    GHashTable *params; /* name -> value */
    unsigned flags;     /* enum fence_support */
    bool is_verified;
    bool by_api, by_cib;
    bool unfences; /* automatic unfencing */
};

/* The levels of one target text. */
struct topology {
    char *key;
    GPtrArray *levels[FENCE_LEVEL_MAX + 1]; /* device ids; NULL: no such level */
};

/* What a peer can do for an operation. */
struct op_peer {
    char *name;
    unsigned n_devices, n_verified;
    unsigned timeout_s; /* sum over its devices; 0: the operation's own */
    bool is_tried;
};

struct op {
    char *id;
    char *target, *action;
    char *client_id, *client_name;
    char *origin, *delegate;
    int call_id;
    unsigned options;
    enum fence_op_state state;
    struct fence_result result;
    int64_t completed; /* epoch; 0 while pending */
    long completed_nsec;

    /* on the originator: */
    bool is_own;
    struct ticket ticket;
    char *relay_id; /* the place-holder of the node that asked us to fence it */
    unsigned base_timeout_s, total_timeout_s;
    int delay_s;
    unsigned replies_expected, replies;
    GPtrArray *peers;      /* struct op_peer, most devices first */
    uint64_t started_ms;
    uint64_t query_due, request_due, total_due; /* 0: not armed */
    bool was_executed;     /* some peer was asked to fence */
    bool is_decided;       /* the result was broadcast; what comes later is too late */
    GPtrArray *duplicates; /* struct op, borrowed: they end when this one does */
};

struct fenced_core {
    char *node;
    long pid;
    bool standalone;
    char *(*new_uuid)(void *data);
    const char *(*node_name)(uint32_t id, void *data);
    void *data;
    GHashTable *clients; /* id -> struct client */
    GHashTable *devices; /* id -> struct device */
    GHashTable *topologies; /* key -> struct topology */
    GHashTable *ops;     /* id -> struct op */
    GPtrArray *active;   /* names of active fencers */
    unsigned broadcast_count;
    GQueue effects;
};

/* --- fenced_core.c --- */

struct fenced_effect *core_add_effect(struct fenced_core *core, enum fenced_effect_kind kind);
/* Send to a node or to all (NULL); takes xml. */
void core_send_take(struct fenced_core *core, const char *to, xmlNode *xml);
/* New reply to a request, with the attributes that identify it (spec 60 §3.1). */
xmlNode *reply_new(const xmlNode *request, const struct fence_result *result);
/* Give the answer that a ticket stands for (takes xml); nothing if nobody waits. */
void core_answer_take(struct fenced_core *core, const struct ticket *ticket, xmlNode *xml);
/* Push an event; data is copied (NULL: none). */
void core_notify(struct fenced_core *core, unsigned bit, const char *type, const struct fence_result *result,
                 const xmlNode *data);
bool core_peer_is_active(const struct fenced_core *core, const char *name);

/* --- fenced_devices.c --- */

void device_free(gpointer data);
void topology_free(gpointer data);
void devices_add(struct fenced_core *core, const xmlNode *request, struct fence_result *result);
void devices_remove(struct fenced_core *core, const xmlNode *request, struct fence_result *result);
void levels_add(struct fenced_core *core, const xmlNode *request, struct fence_result *result);
void levels_remove(struct fenced_core *core, const xmlNode *request, struct fence_result *result);
/* Content of a query's reply: the devices for a target and an action, all devices if target is NULL (xml_free). */
xmlNode *devices_query(const struct fenced_core *core, const char *target, const char *action, bool allow_self);
/* Run an agent action on a registered device: the answer if there can be one at once. */
void devices_execute(struct fenced_core *core, const xmlNode *request, struct fence_result *result);

/* --- fenced_op.c --- */

void op_free(gpointer data);
/* A client of ours, or a peer on behalf of its target (relay_id), asks for fencing. */
void op_start(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const struct ticket *ticket,
              const char *relay_id);
void op_handle_query(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
void op_handle_query_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
void op_handle_execution_request(struct fenced_core *core, const char *from, const xmlNode *message);
void op_handle_execution_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
void op_handle_result(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
/* The operation ended so: tell everybody.  Clients hear of it when the broadcast arrives. */
void op_decide(struct fenced_core *core, struct op *op, const struct fence_result *result);
bool op_is_pending(const struct op *op);
bool op_is_final(const struct op *op);
/* New entry; all strings are copied. */
struct op *op_new(struct fenced_core *core, const char *id, const char *target, const char *action);
uint64_t op_deadline(const struct op *op);
void op_tick(struct fenced_core *core, struct fenced_now now, struct op *op);

/* --- fenced_history.c --- */

/* A client's request; the reply's content (xml_free), or NULL if there is none. */
xmlNode *history_request(struct fenced_core *core, const xmlNode *request);
void history_handle_message(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
/* Drop the oldest completed entries when there are too many. */
void history_trim(struct fenced_core *core);

#endif
