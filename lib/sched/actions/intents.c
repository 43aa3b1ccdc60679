/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes over what reading the CIB asked for: actions known from history, recoveries, fencing, pseudo-actions of
 * constraints, user orderings.  Runs first, and again whenever somebody declared a node for fencing later on.
 * Decides nothing of its own.  (spec 42 §1.3, 1 and 2)
 */
#include "lib/sched/actions/internal.h"

/* What is unmanaged now, but was not when its failure was read, needs the action still: until somebody else asks for it. */
static struct sched_action *
replay_task(struct sched *s, const struct sched_intent *i, const char *task, struct sched_node *node)
{
    struct sched_action *a = action_get(s, i->rsc, task, 0, node, WANT_REQUIRED);

    if (i->managed) {
        a->flags &= ~ACT_OPTIONAL;
    }
    return a;
}

static void
replay_stop(struct sched *s, const struct sched_intent *i)
{
    struct sched_action *stop = replay_task(s, i, "stop", i->node);

    if (i->reason != NULL) {
        action_set_reason(s, stop, i->reason, false);
    }
}

/* The history says that the resource does not run there after all (spec 40 §7.9, 5). */
static void
replay_stops_optional(struct sched *s, const struct sched_intent *i)
{
    for_each_with_key(a, s, i->rsc, "stop", 0) {
        if (a->node == i->node) {
            a->flags |= ACT_OPTIONAL;
        }
    }
}

static void
replay_pseudo(struct sched *s, const struct sched_intent *i)
{
    struct sched_action *a = action_get_named(s, i->name, i->name, NULL, WANT_OPTIONAL);

    a->flags |= ACT_PSEUDO | ACT_REQUIRES_ANY;
    a->needed = i->required > 0 ? (unsigned) i->required : 1;
}

/* A recurring start, say, could not run when the cluster was frozen before the resource had been found active. */
static void
replay_running_recurring(struct sched *s, const struct sched_intent *i)
{
    struct sched_action *a = action_get(s, i->rsc, i->task, i->interval_ms, i->node, WANT_OPTIONAL);

    if (a->needs != REQUIRES_NOTHING && !i->was_active && sched_effective_quorum_policy(s, i->rsc) == QUORUM_FREEZE) {
        a->flags &= ~ACT_RUNNABLE;
    }
}

static void
replay(struct sched *s, const struct sched_intent *i)
{
    switch (i->kind) {
    case INTENT_RUNNING_RECURRING:
        replay_running_recurring(s, i);
        break;
    case INTENT_STOP:
        replay_stop(s, i);
        break;
    case INTENT_DEMOTE:
        replay_task(s, i, "demote", i->node);
        break;
    case INTENT_STOPS_OPTIONAL:
        replay_stops_optional(s, i);
        break;
    case INTENT_FENCE:
        fence_action(s, i->node, i->op, true, i->reason, i->priority_delay);
        break;
    case INTENT_CLEAR_FAILCOUNT:
        /* Whether it can run was decided when it was asked for; nobody asks again for most. */
        action_update_runnable(s, action_clear_failcount(s, i->rsc, i->node, i->reason, i->after_fencing), i->reachable,
                               i->recoverable);
        break;
    case INTENT_LRM_DELETE:
        action_get(s, i->rsc, "lrm_delete", 0, i->node, WANT_REQUIRED);
        break;
    case INTENT_PSEUDO:
        replay_pseudo(s, i);
        break;
    case INTENT_RESCHEDULE:
        break;
    }
}

/* Carry out what has been asked for since the last call. */
void
intents_replay(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    if (as == NULL) {
        return;
    }
    while (as->intents_done < s->intents.len) {
        struct sched_intent i = s->intents.items[as->intents_done++];

        as->digests_unknown = !i.digests_known;
        replay(s, &i);
        as->digests_unknown = false;
    }
}

/* Store the orderings of the configuration, in its order (spec 42 §6.10). */
void
orders_take_over(struct sched *s)
{
    for (unsigned i = 0; i < s->orders.len; i++) {
        const struct sched_order *c = s->orders.items[i];
        struct sched_ordering o = {
            .first_rsc = c->first, .then_rsc = c->then,
            .first_task = c->first_task, .then_task = c->then_task,
            .first = c->first_pseudo ? action_named(s, c->first_pseudo) : NULL,
            .then = c->then_pseudo ? action_named(s, c->then_pseudo) : NULL,
            .kinds = c->kinds,
        };

        if ((c->first_pseudo != NULL && o.first == NULL) || (c->then_pseudo != NULL && o.then == NULL)) {
            continue;
        }
        ordering_store(s, &o);
    }
}
