/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The flags of a collective's action, which follow from those of its parts.  Called while relations are carried on, and by
 * the rendering.  Creates no actions.  (spec 42 §6.5)
 */
#include "lib/sched/actions/propagate.h"

const char *
collective_task(const struct sched_action *a)
{
    const char *task = a->task;

    if (strcmp(task, "notify") == 0 || strcmp(task, "notified") == 0) {
        const char *operation = action_meta(a, "notify_key_operation");

        task = operation ? operation : task;
    }
    return task;
}

static const struct {
    const char *step, *completion;
} steps[] = {{"start", "running"}, {"stop", "stopped"}, {"promote", "promoted"}, {"demote", "demoted"}};

const char *
task_of_primitive(const char *task)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (strcmp(task, steps[i].completion) == 0) {
            return steps[i].step;
        }
    }
    return task;
}

const char *
task_completion(const char *task)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (strcmp(task, steps[i].step) == 0 || strcmp(task, steps[i].completion) == 0) {
            return steps[i].completion;
        }
    }
    return NULL;
}

struct sched_action *
action_newest_on(const struct sched *s, const struct sched_rsc *rsc, const char *task, const struct sched_node *scope)
{
    return scope ? action_on_exactly(s, rsc, task, 0, scope) : action_newest(s, rsc, task, 0);
}

static unsigned
group_flags(struct sched *s, struct sched_action *a, const struct sched_node *scope)
{
    unsigned flags = ACT_OPTIONAL | ACT_RUNNABLE | ACT_PSEUDO;
    const char *task = collective_task(a);
    const char *mapped = task_of_primitive(task);

    VEC_FOR_EACH(struct sched_rsc, m, a->rsc->children) {
        struct sched_action *ma = action_newest_on(s, m, mapped, scope);

        if (ma == NULL) {
            if (strcmp(mapped, "stop") != 0 && strcmp(mapped, "demote") != 0) {
                flags &= ~ACT_RUNNABLE;
            }
            continue;
        }
        if (act_required(ma)) {
            flags &= ~ACT_OPTIONAL;
            a->flags &= ~ACT_OPTIONAL;
        }
        if (!act_is(ma, ACT_RUNNABLE) && strcmp(mapped, a->task) != 0) {
            flags &= ~ACT_RUNNABLE;
            a->flags &= ~ACT_RUNNABLE;
        }
    }
    return flags;
}

/* Is the task of a bundle about its containers, rather than about the clone inside? */
static bool
about_containers(const struct sched_rsc *rsc, const char *task)
{
    return rsc->kind == KIND_BUNDLE && text_is_one_of(task, "start", "running", "stop", "stopped", NULL);
}

/* The resources whose actions a clone's or bundle's task is about: instances, containers, inner instances. */
static unsigned
instance_count(const struct sched_rsc *rsc, const char *task)
{
    if (about_containers(rsc, task)) {
        return rsc->replicas.len;
    }
    if (rsc->kind == KIND_BUNDLE) {
        return rsc->bundle_child ? rsc->bundle_child->children.len : 0;
    }
    return rsc->children.len;
}

static struct sched_rsc *
instance_at(const struct sched_rsc *rsc, const char *task, unsigned i)
{
    if (about_containers(rsc, task)) {
        return rsc->replicas.items[i]->container;
    }
    return (rsc->kind == KIND_BUNDLE ? rsc->bundle_child : rsc)->children.items[i];
}

/* The newest action of each instance that a collective's action stands for, NULL where there is none. */
static struct sched_action **
actions_of_instances(struct sched *s, struct sched_action *a, const char *task, unsigned n)
{
    if (a->parts == NULL || a->parts_known != actions_of(s)->all.len) {
        if (a->parts == NULL) {
            a->parts = arena_new_array(s->arena, struct sched_action *, n + 1);
        }
        a->parts_known = actions_of(s)->all.len;
        for (unsigned i = 0; i < n; i++) {
            struct sched_rsc *instance = instance_at(a->rsc, task, i);

            a->parts[i] = action_newest_on(s, instance, instance->kind == KIND_PRIMITIVE ? task_of_primitive(task) : task, NULL);
        }
    }
    return a->parts;
}

static unsigned
clone_flags(struct sched *s, struct sched_action *a, const struct sched_node *scope)
{
    unsigned flags = ACT_OPTIONAL | ACT_RUNNABLE | ACT_PSEUDO;
    const char *task = collective_task(a);
    unsigned n = instance_count(a->rsc, task);
    bool primitive = n > 0 && instance_at(a->rsc, task, 0)->kind == KIND_PRIMITIVE, any_runnable = false;
    struct sched_action **parts = actions_of_instances(s, a, task, n);

    for (unsigned i = 0; i < n; i++) {
        struct sched_action *ia = primitive && scope != NULL
                                      ? action_newest_on(s, instance_at(a->rsc, task, i), task_of_primitive(task), scope)
                                      : parts[i];

        if (ia == NULL) {
            continue;
        }

        unsigned its = collective_flags(s, ia, scope);

        if ((its & ACT_OPTIONAL) == 0) {
            flags &= ~ACT_OPTIONAL;
            a->flags &= ~ACT_OPTIONAL;
        }
        any_runnable |= (its & ACT_RUNNABLE) != 0;
        if (primitive && any_runnable && (flags & ACT_OPTIONAL) == 0) {
            break; /* the others cannot add anything */
        }
    }
    if (!any_runnable) {
        flags &= ~ACT_RUNNABLE;
        if (scope == NULL) {
            a->flags &= ~ACT_RUNNABLE;
        }
    }
    return flags;
}

unsigned
collective_flags(struct sched *s, struct sched_action *a, const struct sched_node *scope)
{
    if (a->rsc == NULL || a->rsc->kind == KIND_PRIMITIVE) {
        return a->flags;
    }
    return a->rsc->kind == KIND_GROUP ? group_flags(s, a, scope) : clone_flags(s, a, scope);
}

unsigned
flags_for_ordering(struct sched *s, struct sched_action *a, const struct sched_node *other)
{
    unsigned everywhere = collective_flags(s, a, NULL); /* sets the action's own as well */

    if (a->rsc == NULL || a->rsc->kind != KIND_CLONE || other == NULL) {
        return everywhere;
    }
    return collective_flags(s, a, other) | (everywhere & ACT_RUNNABLE);
}
