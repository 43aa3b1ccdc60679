/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Live migration: when a move may be one, and its actions.  Called by primitive.c after start and stop exist.
 * Whether it really happens is decided by propagation (MIG, PSL).  (spec 42 §8)
 */
#include "lib/sched/actions/internal.h"

/* A node that left in order is as good a source as any other: that it cannot do its part shows later. */
bool
migration_allowed(const struct sched *s, const struct sched_rsc *rsc, const struct sched_node *current)
{
    return rsc_is(rsc, RSC_ALLOW_MIGRATE) && rsc_is(rsc, RSC_MANAGED) && !rsc_is(rsc, RSC_FAILED)
           && !rsc_is(rsc, RSC_START_PENDING) && current != NULL && !current->unclean
           && rsc->assigned != NULL && !rsc->assigned->unclean;
}

static struct sched_action *
migrate_half(struct sched *s, struct sched_rsc *rsc, const char *task, struct sched_node *node,
             const struct sched_node *source, const struct sched_node *target)
{
    struct sched_action *a = action_get(s, rsc, task, 0, node, WANT_OPTIONAL);

    action_set_meta(s, a, "migrate_source", source->uname);
    action_set_meta(s, a, "migrate_target", target->uname);
    a->flags |= ACT_MIGRATE_RUNNABLE;
    return a;
}

void
create_migration(struct sched *s, struct sched_rsc *rsc, struct sched_node *current)
{
    struct sched_node *target = rsc->assigned;
    struct sched_action *start = action_get(s, rsc, "start", 0, target, WANT_OPTIONAL);
    struct sched_action *stop = action_get(s, rsc, "stop", 0, current, WANT_OPTIONAL);
    bool resuming = rsc->partial_target != NULL;
    struct sched_action *from;

    if (resuming) {
        from = migrate_half(s, rsc, "migrate_from", target, current, target);
        from->needs = start->needs;
        order_tasks(s, rsc, "monitor", rsc, "migrate_from", ORDER_ORD);
    } else {
        struct sched_action *to = migrate_half(s, rsc, "migrate_to", current, current, target);

        from = migrate_half(s, rsc, "migrate_from", target, current, target);
        to->needs = start->needs;
        if (!rsc->is_remote_node
            && nvtable_get(&op_config(s, rsc, to->key, to->task, 0)->meta, "record-pending") == NULL) {
            action_set_meta(s, to, "record-pending", "true");
        }
        order_tasks(s, rsc, "monitor", rsc, "migrate_to", ORDER_ORD);
        order_tasks(s, rsc, "migrate_to", rsc, "migrate_from", ORDER_ORD | ORDER_MIG);
    }
    start->flags |= ACT_PSEUDO | ACT_MIGRATE_RUNNABLE;
    stop->flags |= ACT_MIGRATE_RUNNABLE;
    order_tasks(s, rsc, "migrate_from", rsc, "stop", ORDER_ORD | ORDER_MIG);
    order_tasks(s, rsc, "migrate_from", rsc, "start", ORDER_ORD | ORDER_MIG | ORDER_PSL);
}
