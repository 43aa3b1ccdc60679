/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Recurring operations of a primitive: start, keep, cancel; in the active roles where it runs, in role Stopped
 * elsewhere.  Called by primitive.c once the other actions exist.  (spec 42 §4)
 */
#include "lib/sched/actions/internal.h"

struct recurring_run {
    struct sched *s;
    struct sched_rsc *rsc;
    struct sched_node *node;    /* assigned */
    struct sched_action *start; /* NULL: no active-role operations */
    const struct sched_recurring *op;
};

static bool
usable(const struct sched_node *node)
{
    return node->online && !node->unclean;
}

/* Is the operation running there already, with the right parameters, and will the resource just stay? */
static bool
would_be_optional(const struct recurring_run *r)
{
    bool found = false;

    if (act_required(r->start)) {
        return false;
    }
    for_each_with_key(a, r->s, r->rsc, r->op->name, r->op->interval_ms) {
        if (a->node != r->node) {
            continue;
        }
        found = true;
        if (act_is(a, ACT_RESCHEDULE)) {
            return false;
        }
    }
    return found;
}

/* Running in a role that the resource is about to leave: cancel it before that. */
static void
cancel_for_role(const struct recurring_run *r)
{
    struct sched *s = r->s;
    struct sched_rsc *rsc = r->rsc;
    struct sched_action *cancel = cancel_recurring(s, rsc, r->op->name, r->op->interval_ms, r->node, NULL, NULL);

    switch (rsc->role) {
    case ROLE_UNPROMOTED:
    case ROLE_STARTED:
        if (rsc->next_role == ROLE_PROMOTED) {
            order_action_task(s, cancel, rsc, "promote", ORDER_FUT);
        } else if (rsc->next_role == ROLE_STOPPED) {
            order_action_task(s, cancel, rsc, "stop", ORDER_FUT);
        }
        break;
    case ROLE_PROMOTED:
        order_action_task(s, cancel, rsc, "demote", ORDER_FUT);
        break;
    default:
        break;
    }
}

static void
order_active(const struct recurring_run *r, struct sched_action *mon)
{
    struct sched *s = r->s;
    struct sched_rsc *rsc = r->rsc;

    if (!rsc_is(rsc, RSC_MANAGED)) {
        return;
    }
    order_task_action(s, rsc, "start", mon, ORDER_FRT | ORDER_FUT);
    order_task_action(s, rsc, "reload-agent", mon, ORDER_FRT | ORDER_FUT);
    if (rsc->next_role == ROLE_PROMOTED) {
        order_task_action(s, rsc, "promote", mon, ORDER_ORD | ORDER_FUT);
    } else if (rsc->role == ROLE_PROMOTED) {
        order_task_action(s, rsc, "demote", mon, ORDER_ORD | ORDER_FUT);
    }
}

static void
recur_active(const struct recurring_run *r)
{
    struct sched *s = r->s;
    struct sched_rsc *rsc = r->rsc;
    bool optional = would_be_optional(r);
    bool mismatch = r->op->role != ROLE_UNKNOWN ? r->op->role != rsc->next_role : rsc->next_role == ROLE_PROMOTED;

    if (mismatch) {
        if (optional) {
            cancel_for_role(r);
        }
        return;
    }

    struct sched_action *mon = action_get(s, rsc, r->op->name, r->op->interval_ms, r->node,
                                          optional ? WANT_OPTIONAL : WANT_REQUIRED);

    if (!act_is(r->start, ACT_RUNNABLE) || !usable(r->node)) {
        mon->flags &= ~ACT_RUNNABLE;
    }
    if (rsc->next_role == ROLE_PROMOTED) {
        action_set_target_rc(s, mon, OCF_RC_PROMOTED);
    }
    order_active(r, mon);
}

/* --- role Stopped --- */

static void
order_after_stops(const struct recurring_run *r, struct sched_node *node, struct sched_action *mon)
{
    struct sched *s = r->s;
    struct sched_rsc *rsc = r->rsc;

    for_each_with_key(stop, s, rsc, "stop", 0) {
        if (stop->node != node) {
            continue;
        }
        if (act_required(stop) && act_required(mon) && !rsc_is(rsc, RSC_MANAGED)) {
            mon->flags |= ACT_OPTIONAL;
        }
        if (!act_is(stop, ACT_RUNNABLE)) {
            mon->flags &= ~ACT_RUNNABLE;
        }
        if (rsc_is(rsc, RSC_MANAGED)) {
            struct sched_ordering o = {.first = stop, .first_rsc = rsc, .then = mon, .then_rsc = rsc,
                                       .kinds = ORDER_FRT | ORDER_FUT};

            ordering_store(s, &o);
        }
    }
}

static void
recur_stopped_on(const struct recurring_run *r, struct sched_node *node)
{
    struct sched *s = r->s;
    struct sched_rsc *rsc = r->rsc;
    bool running = false;

    for_each_with_key(a, s, rsc, r->op->name, r->op->interval_ms) {
        running = running || a->node == node;
    }
    if (node == r->node) {
        if (running) {
            struct sched_action *cancel = cancel_recurring(s, rsc, r->op->name, r->op->interval_ms, node, NULL, NULL);

            if (rsc->next_role == ROLE_STARTED || rsc->next_role == ROLE_UNPROMOTED) {
                order_action_task(s, cancel, rsc, "start", ORDER_FUT);
            }
        }
        return;
    }

    struct sched_action *mon = action_get(s, rsc, r->op->name, r->op->interval_ms, node,
                                          running ? WANT_OPTIONAL : WANT_REQUIRED);

    action_set_target_rc(s, mon, OCF_RC_NOT_RUNNING);
    if (rsc_is(rsc, RSC_MANAGED)) {
        for_each_with_key(probe, s, rsc, "monitor", 0) {
            if (probe->node == node) {
                relation_add(s, probe, mon, ORDER_FUT);
            }
        }
    }
    order_after_stops(r, node, mon);
    if (!usable(node)) {
        mon->flags &= ~ACT_RUNNABLE;
    }
}

static void
recur_stopped(const struct recurring_run *r)
{
    struct sched_rsc *clone = rsc_clone(r->rsc);

    if (clone != NULL && rsc_is_anonymous_clone(clone)) {
        return; /* which instance is inactive on a node is nobody's business */
    }
    for (unsigned i = 0; i < r->s->nodes.len; i++) {
        recur_stopped_on(r, r->s->node_order[i]);
    }
}

void
create_recurring(struct sched *s, struct sched_rsc *rsc)
{
    struct recurring_run r = {.s = s, .rsc = rsc, .node = rsc->assigned};

    if (rsc_is(rsc, RSC_BLOCKED) || rsc_is(rsc, RSC_MAINTENANCE)) {
        return;
    }
    if (r.node != NULL && !r.node->maintenance
        && (rsc->next_role != ROLE_STOPPED || !rsc_is(rsc, RSC_MANAGED))) {
        r.start = action_get(s, rsc, "start", 0, r.node, WANT_OPTIONAL);
    }

    const struct sched_recurring_list *ops = op_recurring(s, rsc);

    for (unsigned i = 0; i < ops->len; i++) {
        r.op = &ops->items[i];
        if (r.op->role == ROLE_STOPPED) {
            recur_stopped(&r);
        } else if (r.start != NULL) {
            recur_active(&r);
        }
    }
}
