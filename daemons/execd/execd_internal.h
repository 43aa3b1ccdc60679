/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the executor's core: resources, operations, the queue.  Included by execd_*.c of this folder only.
 */
#ifndef EXECD_INTERNAL_H
#define EXECD_INTERNAL_H

#include "daemons/execd/execd_core.h"

/* Where an operation is in its life. */
enum op_state {
    OP_QUEUED,   /* in rsc->queue, waits for its turn (or its start delay) */
    OP_READY,    /* in rsc->ready: handed over, waits for the run in flight */
    OP_RUNNING,  /* rsc->inflight */
    OP_SLEEPING, /* recurring, its timer is armed */
    OP_DEAD,     /* recurring, but there is no such agent: listed, never repeated (spec 50 §4.2) */
};

struct op {
    struct rsc *rsc;
    enum op_state state;
    int call_id;
    char *client_id;
    char *action;
    char *userdata;
    guint interval_ms;
    int timeout_ms;
    int start_delay_ms;
    unsigned options;
    GHashTable *params;

    uint64_t accepted_ms, handed_ms;
    uint64_t due_ms; /* of the armed timer */
    GSequenceIter *timer;
    unsigned run_id;
    bool was_handed;   /* queue time is known */
    bool is_repeat;    /* the first run is over */
    bool is_cancelled; /* killed; the end of the run is the end of the operation */

    /* the last result */
    int rc, status, raw;
    char *reason, *output;
    int64_t run_epoch, rcchange_epoch;
    unsigned exec_ms, queue_ms;
    bool was_notified;
    int notified_rc, notified_status;
};

enum fence_state { FENCE_NEVER, FENCE_STARTED, FENCE_STOPPED, FENCE_LOST };

struct rsc {
    char *id, *standard, *provider, *type;
    enum exec_standard kind;
    unsigned options;
    bool is_deleted;
    GQueue queue;        /* struct op: not handed over */
    GQueue ready;        /* struct op: handed over or due, waiting for `inflight` to end */
    GList *recurring;    /* struct op: handed over at least once, repeats */
    struct op *active;   /* the first-time execution that is under way */
    struct op *inflight; /* whose agent runs */
    enum fence_state fence;
};

struct client {
    char *id;
    long pid;
    bool is_privileged;
    bool is_cluster; /* a cluster node, not somebody on this host */
    bool has_name;
};

struct execd_core {
    bool is_remote;        /* of a Pacemaker Remote node */
    GHashTable *resources; /* id -> struct rsc */
    GHashTable *runs;      /* run id -> struct op */
    GHashTable *clients;   /* id -> struct client */
    GSequence *timers;     /* struct op, by due_ms */
    GQueue effects;
    int call_id;
    unsigned run_id;
    unsigned alert_sequence;
};

/* --- execd_core.c --- */

struct execd_effect *core_add_effect(struct execd_core *core, enum execd_effect_kind kind);
/* Tell whoever has to know that an operation has a result. */
void core_notify_result(struct execd_core *core, struct op *op);

/* --- execd_queue.c --- */

void op_free(struct execd_core *core, struct op *op);
struct rsc *rsc_new(const char *id, const char *standard, const char *provider, const char *type, unsigned options);
/* Take a resource out of service: waiting operations are cancelled, a running one goes on and reports later.
 * Frees it unless one runs. */
void rsc_remove(struct execd_core *core, struct rsc *rsc);
/* Queue an operation (taken) and do what can be done now.  Returns its call id. */
int rsc_submit_take(struct execd_core *core, struct execd_now now, struct rsc *rsc, struct op *op);
/* 0 or -EOPNOTSUPP (spec 50 §4.5). */
int rsc_cancel(struct execd_core *core, struct execd_now now, struct rsc *rsc, const char *action, guint interval_ms);
/* Cancel recurring operations: of one client, or of all if client_id is NULL. */
void rsc_cancel_recurring(struct execd_core *core, struct execd_now now, struct rsc *rsc, const char *client_id);
void queue_finish(struct execd_core *core, struct execd_now now, struct op *op, const struct exec_result *result);
/* Everything of a resource fails with this result now; what repeats stays scheduled. */
void queue_fail_all(struct execd_core *core, struct execd_now now, struct rsc *rsc, const struct exec_result *result);
void queue_tick(struct execd_core *core, struct execd_now now);

/* --- execd_fence.c --- */

/* A fence device's operation that needs no fencer: true and *result. */
bool fence_answer_at_once(const struct rsc *rsc, const struct op *op, struct exec_result *result);
/* The device's state follows its results. */
void fence_note_result(struct rsc *rsc, const struct op *op, const struct exec_result *result);

#endif
