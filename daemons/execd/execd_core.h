/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor's core: which resources are registered, what is queued for each, what repeats when, who is told.
 * Fed by the shell (main.c), unit tests and cts/sim: events in, effects out.  Runs no agent, opens nothing, reads no
 * clock.  (spec 50 §2-§4)
 */
#ifndef EXECD_CORE_H
#define EXECD_CORE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/exec/exec.h"

struct execd_core;

/* The caller's clocks at the moment of an event. */
struct execd_now {
    uint64_t ms;   /* of a clock that never jumps */
    int64_t epoch; /* seconds of the wall clock, for what users see */
};

enum execd_effect_kind {
    EXECD_REPLY,       /* send `xml` as the answer to the request that is being handled */
    EXECD_NOTIFY,      /* send `xml` as event to `client`; NULL: to all clients with a name but `except` */
    EXECD_NAME_CLIENT, /* `client` is called `name` from now on, and is told of results */
    EXECD_RUN,         /* run an action; its end is told by execd_core_done(run_id) */
    EXECD_KILL,        /* kill that run; execd_core_done() still follows */
    EXECD_RUN_FENCE,   /* the same two for class stonith: by the fencer */
    EXECD_CANCEL_FENCE,
    EXECD_ALERT,       /* run an alert agent and forget it */
    EXECD_CHECK,       /* compare `value` (stonith-watchdog-timeout) with this host's watchdog, NULL: nothing to compare */
    EXECD_PROVIDER,    /* `client`, a cluster node, will serve what local clients ask of the cluster */
    EXECD_PROXY,       /* `xml` of `client` is for those */
};

struct execd_effect {
    enum execd_effect_kind kind;
    char *client, *except, *name, *value;
    xmlNode *xml;
    unsigned run_id;
    /* RUN, RUN_FENCE, ALERT: */
    char *rsc_id; /* or the alert's id */
    char *standard, *provider, *type;
    char *action; /* or the alert agent's path */
    guint interval_ms;
    int timeout_ms;
    GHashTable *params;
};
void execd_effect_free(struct execd_effect *e);

/* `remote`: of a Pacemaker Remote node, whose clients include cluster nodes (spec 50 §12). */
struct execd_core *execd_core_new(bool remote);
void execd_core_free(struct execd_core *core);
/* The oldest effect that is not carried out yet, or NULL.  The caller frees it. */
struct execd_effect *execd_core_take_effect(struct execd_core *core);

/* --- events --- */

/* A client of this host connected.  `id` is unique.  The others are told. */
void execd_core_client_connected(struct execd_core *core, const char *id, long pid, bool privileged);
/* A cluster node connected and has proved itself. */
void execd_core_cluster_connected(struct execd_core *core, const char *id);
void execd_core_client_gone(struct execd_core *core, struct execd_now now, const char *id);
/* A request; at most one EXECD_REPLY comes of it (lrmd_check has none). */
void execd_core_request(struct execd_core *core, struct execd_now now, const char *client_id, const xmlNode *request);
/* A run ended.  Unknown run ids (of a core that was told to forget them) are ignored. */
void execd_core_done(struct execd_core *core, struct execd_now now, unsigned run_id, const struct exec_result *result);
/* The connection to the fencer broke: every fence device's operation fails. */
void execd_core_fencer_lost(struct execd_core *core, struct execd_now now);

/* When execd_core_tick() is wanted next (ms clock); UINT64_MAX: never. */
uint64_t execd_core_deadline(const struct execd_core *core);
void execd_core_tick(struct execd_core *core, struct execd_now now);

struct fence_result;
/* What the fencer's answer to an action on a device means for the resource (pure; spec 50 §7.5). */
void execd_map_fence_result(const char *action, const struct fence_result *from, struct exec_result *to);

/* --- questions of the shell --- */

/* Is this run one that ends with the executor (recurring), or does it go on alone (one-shot)? */
bool execd_core_run_is_recurring(const struct execd_core *core, unsigned run_id);
unsigned execd_core_resource_count(const struct execd_core *core);

#endif
