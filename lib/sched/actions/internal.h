/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of lib/sched/actions, lib/sched/graph and lib/sched/simulate share: the action and relation
 * objects and the steps of a run.  Not for anybody else.  (spec 42)
 */
#ifndef SCHED_ACTIONS_INTERNAL_H
#define SCHED_ACTIONS_INTERNAL_H

#include "lib/base/arena.h"
#include "lib/base/text.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/model/model.h"
#include <string.h>

struct sched_action;
struct sched_relation;

enum action_flag {
    ACT_OPTIONAL = 1 << 0,
    ACT_RUNNABLE = 1 << 1,
    ACT_PSEUDO = 1 << 2,
    ACT_PRINT_ALWAYS = 1 << 3,
    ACT_MIGRATE_RUNNABLE = 1 << 4,
    ACT_ON_DC = 1 << 5,
    ACT_RESCHEDULE = 1 << 6,
    ACT_DANGLING = 1 << 7,
    ACT_REQUIRES_ANY = 1 << 8,
    ACT_RENDERED = 1 << 9,
    ACT_SORTED = 1 << 10,  /* inputs are sorted and merged for rendering */
    ACT_TRACKED = 1 << 11, /* scratch mark of walks */
    ACT_CANCEL = 1 << 12,
    ACT_NODE_ATTRS = 1 << 13, /* printed with its node: on_node and on_node_uuid go into its meta */
};
/* What propagation looks at. */
#define ACT_STATE (ACT_OPTIONAL | ACT_RUNNABLE | ACT_MIGRATE_RUNNABLE | ACT_PSEUDO | ACT_PRINT_ALWAYS)

enum action_wanted {
    WANT_OPTIONAL, /* done only if something else makes it required */
    WANT_REQUIRED,
};

struct sched_action {
    unsigned id; /* from 1 in creation order; place in actions_state.all + 1 */
    struct sched_rsc *rsc;
    struct sched_node *node;
    const char *task; /* interned */
    const char *key;  /* interned */
    const char *cancel_task; /* of a cancellation: the task cancelled */
    bool cancel_of_known;    /* of a cancellation: history told before that it runs, so it keeps that task's settings */
    guint interval_ms;       /* of the operation, of a cancellation: of what is cancelled */
    unsigned flags;
    enum sched_requires needs;
    const char *reason;
    int priority;
    struct key_bucket *bucket; /* action.c: all of the same resource and key */
    unsigned needed, runnable_firsts; /* ACT_REQUIRES_ANY: spec 42 §6.4, 6 */
    struct nvtable *meta;    /* set explicitly; what the configuration says is added when printed */
    const struct nvtable *notify_meta; /* notification data, shared by all actions of a clone */
    struct sched_action *rsc_next;  /* next older action of the same resource */
    struct sched_action *newer, *older; /* of the same resource, task and interval */
    struct sched_relation *before;  /* relations where this is "then", newest first */
    struct sched_relation *after;   /* relations where this is "first", newest first */
    struct sched_action **parts; /* of a collective: the actions of its instances, as of parts_known actions in all */
    unsigned parts_known;
    struct sched_input *inputs; /* sorted and merged (ACT_SORTED) */
    unsigned n_before, n_inputs;
};

struct sched_relation {
    struct sched_action *first, *then;
    unsigned kinds;        /* as seen from first */
    unsigned before_kinds; /* as seen from then; 0: void */
    struct sched_relation *before_next, *after_next;
    struct sched_relation *pair_next; /* older relation of the same two actions */
};

/* What one action waits for: relations with the same first, merged (spec 42 §11.2). */
struct sched_input {
    struct sched_action *first;
    unsigned kinds; /* 0: void */
    bool linked;    /* is part of the graph */
};

/* An ordering on resources and tasks, turned into relations at the end (spec 42 §6.2). */
struct sched_ordering {
    struct sched_rsc *first_rsc, *then_rsc;
    struct sched_action *first, *then; /* given; else found by task and interval */
    const char *first_task, *then_task;
    guint first_interval, then_interval;
    unsigned kinds;
};

struct action_lookup; /* action.c */
struct key_bucket;    /* action.c */
struct notify_data;   /* notify.c */

struct rsc_actions {
    struct sched_action *newest;    /* all actions of the resource, by rsc_next */
    struct key_bucket *buckets;     /* action.c */
    struct sched_node *expected;    /* "expected node" mode (spec 42 §3.2) */
    struct notify_data *notify_data;
};

struct actions_state {
    ARENA_VEC(struct sched_action *) all;
    ARENA_VEC(struct sched_ordering) orderings;
    struct rsc_actions *rscs; /* by sched_rsc.id_num */
    struct action_lookup *lookup;
    struct sched_relation **pairs; /* open addressing: the newest relation of two actions, by both */
    unsigned pair_slots, pairs_used;
    unsigned relations;
    unsigned intents_done;
    bool digests_unknown; /* the node's attributes had not been read when its fencing was asked for */
    bool reading_status; /* what reading the CIB asked for is being taken over */
    bool actions_enabled;
};

static inline struct actions_state *
actions_of(const struct sched *s)
{
    return s->user;
}

static inline struct rsc_actions *
rsc_record(const struct sched *s, const struct sched_rsc *rsc)
{
    return &actions_of(s)->rscs[rsc->id_num];
}

/* Every action of a resource, newest first. */
#define for_each_rsc_action(a, s, rsc)                                                                                 \
    for (struct sched_action *a = rsc_record((s), (rsc))->newest; a != NULL; a = a->rsc_next)
/* Every action with one resource, task and interval, oldest first. */
#define for_each_with_key(a, s, rsc, task, interval)                                                                   \
    for (struct sched_action *a = action_first((s), (rsc), (task), (interval)); a != NULL; a = a->newer)

static inline bool
act_is(const struct sched_action *a, unsigned flag)
{
    return (a->flags & flag) != 0;
}
static inline bool
act_required(const struct sched_action *a)
{
    return (a->flags & ACT_OPTIONAL) == 0;
}
/* Tasks are interned but also compared with literals. */
static inline bool
act_task(const struct sched_action *a, const char *task)
{
    return strcmp(a->task, task) == 0;
}

/* --- action.c --- */
void actions_init(struct sched *s);
struct sched_action *action_first(const struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms);
struct sched_action *action_newest(const struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms);
struct sched_action *action_on_exactly(const struct sched *s, const struct sched_rsc *rsc, const char *task,
                                       guint interval_ms, const struct sched_node *node);
struct sched_action *action_on(struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms,
                               struct sched_node *node);
struct sched_action *action_named(const struct sched *s, const char *key);
struct sched_action *action_get(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms,
                                struct sched_node *node, enum action_wanted wanted);
struct sched_action *action_get_keyed(struct sched *s, struct sched_rsc *rsc, const char *key, const char *task,
                                      struct sched_node *node, enum action_wanted wanted);
struct sched_action *action_find_keyed(struct sched *s, struct sched_rsc *rsc, const char *key, struct sched_node *node);
struct sched_action *action_get_named(struct sched *s, const char *key, const char *task, struct sched_node *node,
                                      enum action_wanted wanted);
struct sched_action *action_get_pseudo(struct sched *s, struct sched_rsc *rsc, const char *task,
                                       enum action_wanted wanted);
void actions_lose_node(struct sched *s, struct sched_rsc *rsc);
void action_update_runnable(struct sched *s, struct sched_action *a, bool reachable, bool recoverable);
void action_give_node(struct sched *s, struct sched_action *a, struct sched_node *node);
void action_set_reason(struct sched *s, struct sched_action *a, const char *reason, bool overwrite);
const char *action_meta(const struct sched_action *a, const char *name);
void action_set_meta(struct sched *s, struct sched_action *a, const char *name, const char *value);
void action_set_target_rc(struct sched *s, struct sched_action *a, int rc);
struct sched_action *action_clear_failcount(struct sched *s, struct sched_rsc *rsc, struct sched_node *node,
                                            const char *reason, bool after_fencing);
void fence_node_now(struct sched *s, struct sched_node *node, const char *reason, bool priority_delay);

/* --- relation.c --- */
bool relation_add(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned kinds);
void ordering_store(struct sched *s, const struct sched_ordering *o);
void order_tasks(struct sched *s, struct sched_rsc *first, const char *first_task, struct sched_rsc *then,
                 const char *then_task, unsigned kinds);
void order_action_task(struct sched *s, struct sched_action *first, struct sched_rsc *then, const char *then_task,
                       unsigned kinds);
void order_task_action(struct sched *s, struct sched_rsc *first, const char *first_task, struct sched_action *then,
                       unsigned kinds);
void orderings_apply(struct sched *s);

/* --- intents.c --- */
void intents_replay(struct sched *s);
void orders_take_over(struct sched *s);

/* --- order_internal.c --- */
void internal_orderings(struct sched *s, struct sched_rsc *rsc);

/* --- history_check.c --- */
void history_check(struct sched *s);
void history_check_deferred(struct sched *s);
void rsc_cleanup_on(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, bool optional);
struct sched_action *cancel_recurring(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms,
                                      const struct sched_node *node, const char *call_id, const char *reason);

/* --- probe.c --- */
void probes_schedule(struct sched *s);
void probes_order(struct sched *s);

/* --- rsc_actions.c, collective.c --- */
void create_rsc_actions(struct sched *s, struct sched_rsc *rsc);
void create_primitive_actions(struct sched *s, struct sched_rsc *rsc);
void create_recurring(struct sched *s, struct sched_rsc *rsc);
bool migration_allowed(const struct sched *s, const struct sched_rsc *rsc, const struct sched_node *current);
void create_migration(struct sched *s, struct sched_rsc *rsc, struct sched_node *current);

/* --- fencing.c --- */
/* Say what keeps nodes from shutting down that were asked to; when everything is settled. */
void shutdowns_tell_obstacles(struct sched *s);
bool node_is_unfenced(const struct sched_node *node);
struct sched_action *fence_action(struct sched *s, struct sched_node *node, const char *op, bool optional,
                                  const char *reason, bool priority_delay);
void fencing_schedule(struct sched *s);
void unfence_order(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, struct sched_action *then,
                   unsigned kinds);
void unfence_trigger(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const char *reason,
                     struct sched_action *dependency);

/* --- remote.c --- */
enum remote_state { REMOTE_UNKNOWN, REMOTE_ALIVE, REMOTE_RESTING, REMOTE_FAILED, REMOTE_STOPPED };
enum remote_state remote_connection_state(const struct sched *s, const struct sched_node *node);
void remote_orderings(struct sched *s);
struct sched_node *remote_router(const struct sched *s, const struct sched_action *a);

/* --- flags.c, propagate.c, interleave.c --- */
void propagate(struct sched *s);
void actions_block_colocated(struct sched *s);
/* Flags of an action, those of a collective computed from its parts (and its own set accordingly). */
unsigned collective_flags(struct sched *s, struct sched_action *a, const struct sched_node *scope);
/* The completion of a collective's step ("start" and "running": "running"); NULL of other tasks. */
const char *task_completion(const char *task);
/* The task of an instance that a collective's action stands for; for notifications the one inside the key. */
const char *collective_task(const struct sched_action *a);
void propagate_from(struct sched *s, struct sched_action *a);
/* The instance of `rsc` that belongs to `instance` of another clone: on the same node (spec 42 §6.6); NULL if none. */
struct sched_rsc *find_partner(struct sched *s, struct sched_rsc *instance, const struct sched_rsc *rsc, bool current);

/* --- graph/inputs.c --- */
bool input_counts(struct sched *s, const struct sched_action *then, const struct sched_action *first, unsigned *kinds);
bool action_is_rendered(const struct sched_action *a);
void inputs_sort(struct sched *s, struct sched_action *a);

/* --- notify.c --- */
void notify_create_pseudo(struct sched *s, struct sched_rsc *clone, const char *before_task, struct sched_action *before,
                          const char *complete_task, struct sched_action *complete);
void notify_create(struct sched *s, struct sched_rsc *clone);
void notify_order_pairs(struct sched *s, struct sched_rsc *clone);
void notify_implied_stop(struct sched *s, struct sched_rsc *rsc, struct sched_action *stop, struct sched_action *fencing);

#endif
