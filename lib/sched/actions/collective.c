/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Actions of groups, clones and bundles: their members' first, then their own pseudo-actions.  Called once per
 * top-level resource after probes.  (spec 42 §3.4-§3.6)
 */
#include "lib/sched/actions/internal.h"

/* What the primitives below an instance are about to do. */
struct activity {
    bool starting, stopping, both, active, promoting, demoting;
};

static void
look_at_primitive(struct sched *s, struct sched_rsc *rsc, struct activity *instance)
{
    for_each_rsc_action(a, s, rsc) {
        if (act_is(a, ACT_OPTIONAL)) {
            continue;
        }
        if (act_task(a, "start")) {
            instance->starting |= act_is(a, ACT_RUNNABLE);
        } else if (act_task(a, "stop")) {
            instance->stopping |= act_is(a, ACT_RUNNABLE | ACT_PSEUDO);
        } else if (act_task(a, "promote")) {
            instance->promoting = true;
        } else if (act_task(a, "demote")) {
            instance->demoting = true;
        }
    }
    instance->active |= rsc->active_on.len > 0;
}

static void
look_at_instance(struct sched *s, struct sched_rsc *rsc, struct activity *instance)
{
    if (rsc->kind == KIND_PRIMITIVE) {
        look_at_primitive(s, rsc, instance);
        return;
    }
    VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
        look_at_instance(s, child, instance);
    }
}

static void
add_instance(struct sched *s, struct sched_rsc *instance, struct activity *sum)
{
    struct activity one = {0};

    look_at_instance(s, instance, &one);
    sum->both |= one.starting && one.stopping;
    sum->starting |= one.starting;
    sum->stopping |= one.stopping;
    sum->active |= one.active;
    sum->promoting |= one.promoting;
    sum->demoting |= one.demoting;
}

static void
create_pair(struct sched *s, struct sched_rsc *rsc, const char *before_task, const char *complete_task, bool required,
            bool complete_runnable, struct sched_action **before, struct sched_action **complete)
{
    enum action_wanted wanted = required ? WANT_REQUIRED : WANT_OPTIONAL;

    *before = action_get_pseudo(s, rsc, before_task, wanted);
    *complete = action_get_pseudo(s, rsc, complete_task, wanted);
    (*complete)->priority = SCORE_INFINITY;
    if (!complete_runnable) {
        (*complete)->flags &= ~ACT_RUNNABLE;
    }
    if (rsc->kind == KIND_CLONE && rsc_is(rsc, RSC_NOTIFY)) {
        notify_create_pseudo(s, rsc, before_task, *before, complete_task, *complete);
    }
}

/* start, running, stop, stopped of a clone or of a bundle's containers (spec 42 §3.5). */
static void
create_start_stop(struct sched *s, struct sched_rsc *rsc, const struct activity *sum)
{
    struct sched_action *before, *complete;

    create_pair(s, rsc, "start", "running", sum->starting, sum->active || sum->starting, &before, &complete);
    create_pair(s, rsc, "stop", "stopped", sum->stopping, true, &before, &complete);
    if (!sum->both) {
        before->flags |= ACT_MIGRATE_RUNNABLE;
    }
}

static void
create_group_actions(struct sched *s, struct sched_rsc *group)
{
    VEC_FOR_EACH(struct sched_rsc, m, group->children) {
        create_rsc_actions(s, m);
    }
    action_get_pseudo(s, group, "start", WANT_OPTIONAL);
    action_get_pseudo(s, group, "running", WANT_OPTIONAL);
    action_get_pseudo(s, group, "stop", WANT_OPTIONAL);
    action_get_pseudo(s, group, "stopped", WANT_OPTIONAL);
    if (text_is_true(rsc_meta(group, "promotable"))) {
        action_get_pseudo(s, group, "demote", WANT_OPTIONAL);
        action_get_pseudo(s, group, "demoted", WANT_OPTIONAL);
        action_get_pseudo(s, group, "promote", WANT_OPTIONAL);
        action_get_pseudo(s, group, "promoted", WANT_OPTIONAL);
    }
}

/* The one required `task` action of an instance; NULL if it has none or several. */
static struct sched_action *
only_required(struct sched *s, struct sched_rsc *instance, const char *task)
{
    struct sched_action *only = NULL;

    for_each_with_key(a, s, instance, task, 0) {
        if (act_is(a, ACT_OPTIONAL)) {
            continue;
        }
        if (only != NULL) {
            return NULL;
        }
        only = a;
    }
    return only;
}

static int
by_index(const void *a, const void *b)
{
    const struct sched_rsc *x = *(struct sched_rsc *const *) a, *y = *(struct sched_rsc *const *) b;

    return x->index < y->index ? -1 : x->index > y->index;
}

/* Instances of an ordered clone one after the other, stops backwards; by number from now on. */
static void
order_instances(struct sched *s, struct sched_rsc *clone)
{
    struct sched_action *last_start = NULL, *last_stop = NULL;

    if (clone->children.len > 1) {
        qsort(clone->children.items, clone->children.len, sizeof(*clone->children.items), by_index);
    }
    VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
        struct sched_action *stop = only_required(s, i, "stop");
        struct sched_action *start = only_required(s, i, "start");

        if (stop != NULL) {
            if (last_stop != NULL) {
                relation_add(s, stop, last_stop, ORDER_ORD);
            }
            last_stop = stop;
        }
        if (start != NULL) {
            if (last_start != NULL) {
                relation_add(s, last_start, start, ORDER_ORD);
            }
            last_start = start;
        }
    }
}

static void
create_clone_actions(struct sched *s, struct sched_rsc *clone)
{
    struct activity sum = {0};

    VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
        create_rsc_actions(s, i);
        add_instance(s, i, &sum);
    }
    if (rsc_is(clone, RSC_ORDERED)) {
        order_instances(s, clone);
    }
    create_start_stop(s, clone, &sum);
    if (rsc_is(clone, RSC_PROMOTABLE)) {
        struct sched_action *before, *complete;

        create_pair(s, clone, "promote", "promoted", sum.promoting, true, &before, &complete);
        create_pair(s, clone, "demote", "demoted", sum.demoting, true, &before, &complete);
        VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
            i->priority = clone->configured_priority;
        }
    }
    if (rsc_is(clone, RSC_NOTIFY)) {
        notify_order_pairs(s, clone);
    }
}

static void
create_bundle_actions(struct sched *s, struct sched_rsc *bundle)
{
    struct activity sum = {0};

    VEC_FOR_EACH(struct sched_replica, replica, bundle->replicas) {
        if (replica->ip != NULL) {
            create_rsc_actions(s, replica->ip);
        }
        create_rsc_actions(s, replica->container);
        if (replica->remote != NULL) {
            create_rsc_actions(s, replica->remote);
        }
    }
    VEC_FOR_EACH(struct sched_replica, replica, bundle->replicas) {
        add_instance(s, replica->container, &sum);
    }
    create_start_stop(s, bundle, &sum);
    if (bundle->bundle_child == NULL) {
        return;
    }
    create_rsc_actions(s, bundle->bundle_child);
    if (rsc_is(bundle->bundle_child, RSC_PROMOTABLE)) {
        action_get_pseudo(s, bundle, "promote", WANT_OPTIONAL);
        action_get_pseudo(s, bundle, "promoted", WANT_OPTIONAL)->priority = SCORE_INFINITY;
        action_get_pseudo(s, bundle, "demote", WANT_OPTIONAL);
        action_get_pseudo(s, bundle, "demoted", WANT_OPTIONAL)->priority = SCORE_INFINITY;
    }
}

void
create_rsc_actions(struct sched *s, struct sched_rsc *rsc)
{
    switch (rsc->kind) {
    case KIND_PRIMITIVE:
        create_primitive_actions(s, rsc);
        break;
    case KIND_GROUP:
        create_group_actions(s, rsc);
        break;
    case KIND_CLONE:
        create_clone_actions(s, rsc);
        break;
    case KIND_BUNDLE:
        create_bundle_actions(s, rsc);
        break;
    }
}
