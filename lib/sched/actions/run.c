/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps of a scheduler run in their order.  (spec 42 §1.2)
 */
#include "lib/sched/actions/internal.h"

static void
take_over_status(struct sched *s)
{
    actions_of(s)->reading_status = true;
    intents_replay(s);
    actions_of(s)->reading_status = false;
}

void
sched_status_remarks(struct sched *s)
{
    if (s->unfencing_in_use) {
        actions_init(s);
        take_over_status(s);
        sched_actions_free(s);
    }
}

void
sched_actions_prepare(struct sched *s)
{
    actions_init(s);
    sched_apply_criteria(s);
    take_over_status(s);
    orders_take_over(s);
    VEC_FOR_EACH(struct sched_rsc, rsc, s->resources) {
        internal_orderings(s, rsc);
    }
    history_check(s);
}

/* Fail counts of what is no longer configured are forgotten before it is stopped (spec 42 §3.8). */
static void
clear_orphan_failures(struct sched *s, struct sched_rsc *rsc)
{
    if (!s->opt.stop_orphan_resources || !rsc_is(rsc, RSC_ORPHAN) || rsc->kind != KIND_PRIMITIVE) {
        return;
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *node = s->node_order[i];

        if (node->online && rsc_failcount(s, rsc, node, true, false).count > 0) {
            struct sched_action *clear = action_clear_failcount(s, rsc, node, "it is orphaned", false);

            order_action_task(s, clear, rsc, "stop", ORDER_ORD);
        }
    }
}

static void
create_all(struct sched *s)
{
    intents_replay(s);
    for (unsigned i = 0; i < s->rscs.len; i++) {
        struct sched_rsc *rsc = s->rscs.items[i];

        /* Not those that nobody tried to place: instances above the limit. */
        if (rsc->kind == KIND_PRIMITIVE && rsc->was_homeless) {
            actions_lose_node(s, rsc);
        }
    }
    history_check_deferred(s);
    probes_schedule(s);
    VEC_FOR_EACH(struct sched_rsc, orphan, s->resources) {
        clear_orphan_failures(s, orphan);
    }
    VEC_FOR_EACH(struct sched_rsc, rsc, s->resources) {
        create_rsc_actions(s, rsc);
    }
    remote_orderings(s);
    fencing_schedule(s);
    orderings_apply(s);
    actions_block_colocated(s);
    probes_order(s);
    propagate(s);
    shutdowns_tell_obstacles(s);
}

void
sched_actions_create(struct sched *s)
{
    sched_run_deep(s, create_all);
}

static void
run_all(struct sched *s)
{
    sched_actions_prepare(s);
    sched_assign(s);
    sched_actions_create(s);
}

void
sched_run(struct sched *s)
{
    sched_run_deep(s, run_all);
}
