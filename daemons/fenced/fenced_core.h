/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fencer's core: clients and their requests, cluster-wide fencing operations, history, the device and level tables.
 * Fed by the shell (main.c), unit tests and cts/sim: events in, effects out.  Runs no agent, opens nothing, reads no
 * clock, draws no random number.  (spec 60)
 */
#ifndef FENCED_CORE_H
#define FENCED_CORE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct fenced_core;

/* The caller's clocks at the moment of an event. */
struct fenced_now {
    uint64_t ms;   /* of a clock that never jumps */
    int64_t epoch; /* wall clock: seconds and nanoseconds */
    long nsec;
};

enum fenced_effect_kind {
    FENCED_REPLY,  /* answer request `request_id` of client `to` with `xml`: a response if `request_flags` wants one */
    FENCED_EVENT,  /* send `xml` as event to the clients in `clients` */
    FENCED_SEND,   /* send `xml` to node `to`, or to all (ourselves included) if it is NULL */
    FENCED_FORGET, /* drop the node of `xml` (id, uname) from the peer cache */
    FENCED_PANIC,  /* take this host down now: it is fenced by its own watchdog (spec 60 §14.3) */
    FENCED_RUN,    /* run fence agent `agent` with `args` on its stdin; its end is told by fenced_core_done(run_id) */
};

struct fenced_effect {
    enum fenced_effect_kind kind;
    char *to;
    uint32_t request_id, request_flags;
    GPtrArray *clients; /* ids */
    xmlNode *xml;
    /* RUN: */
    unsigned run_id, timeout_s;
    char *agent, *device_id; /* the device whose secrets may be asked for; NULL: none */
    GHashTable *args;        /* name -> value */
};
void fenced_effect_free(struct fenced_effect *e);

struct fenced_config {
    const char *node;               /* our name; "localhost" without a cluster */
    long pid;                       /* for the name under which we fence others at their own request */
    bool standalone;                /* no cluster, no history sync */
    char *(*new_uuid)(void *data);  /* where ids of operations come from (g_free) */
    const char *(*node_name)(uint32_t id, void *data); /* name of a node id, NULL if unknown; may be NULL */
    uint32_t (*node_id)(const char *name, void *data); /* the reverse, 0 if unknown; may be NULL */
    unsigned (*random)(unsigned below, void *data);    /* 0 ... below - 1 (ms), for delays; NULL: 0 */
    /* "stonith-ng", "heartbeat" for a Linux-HA plug-in, NULL if no such agent is known; may be NULL */
    const char *(*agent_namespace)(const char *agent, void *data);
    /* For how long this host has been up, ms; NULL: nobody knows, so for ever */
    uint64_t (*uptime_ms)(void *data);
    long long sbd_timeout_ms; /* SBD_WATCHDOG_TIMEOUT, 0 if unset: what a negative stonith-watchdog-timeout doubles */
    void *data;
};
struct fenced_core *fenced_core_new(const struct fenced_config *config);
void fenced_core_free(struct fenced_core *core);
/* The oldest effect that is not carried out yet, or NULL.  The caller frees it. */
struct fenced_effect *fenced_core_take_effect(struct fenced_core *core);

/* --- events --- */

void fenced_core_client_connected(struct fenced_core *core, const char *id, long pid, bool privileged);
void fenced_core_client_gone(struct fenced_core *core, const char *id);
/* A request over local IPC.  It is completed in place (client, node). */
void fenced_core_request(struct fenced_core *core, struct fenced_now now, const char *client_id, uint32_t request_id,
                         uint32_t request_flags, xmlNode *request);
/* A message of a fencer, ourselves included. */
void fenced_core_message(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
/* An active fencer; `pid` tells one that comes back from one that was started anew. */
struct fenced_peer {
    const char *name;
    uint32_t pid;
};
/* All of them, ours included. */
void fenced_core_set_peers(struct fenced_core *core, const struct fenced_peer *peers, unsigned n);
/*
 * The `configuration` element at the start and whenever it changed (borrowed): its fence devices, levels and
 * stonith-watchdog-timeout.  Needs lib/sched when it has fence devices.
 */
void fenced_core_configuration(struct fenced_core *core, struct fenced_now now, const xmlNode *configuration);
/* The status of a cluster node changed: let the others learn our name. */
void fenced_core_poke(struct fenced_core *core);

struct fence_result;
/* An agent ended.  Unknown run ids are ignored. */
void fenced_core_done(struct fenced_core *core, struct fenced_now now, unsigned run_id, const struct fence_result *result);

/* When fenced_core_tick() is wanted next (ms clock); UINT64_MAX: never. */
uint64_t fenced_core_deadline(const struct fenced_core *core);
void fenced_core_tick(struct fenced_core *core, struct fenced_now now);

/* `pacemaker-fenced metadata`: the options of fence devices that the fencer itself handles (g_free). */
char *fenced_metadata(void);

#endif
