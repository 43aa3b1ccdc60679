/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pruning: which actions are in the graph, and for which of their firsts they wait there.  Called by rendering and by
 * the search for loops.  Changes no action's state.  (spec 42 §11.3, §11.4)
 */
#include "lib/sched/actions/internal.h"

/*
 * Is the action part of the graph?
 *
 *   1. it can run, and has to (or is printed in any case)
 *   2. nothing is done with unmanaged resources, except looking at them
 *   3. pseudo-actions, fencing and shutdown need no usable node, nor what the DC does itself
 *   4. everything else needs one: an online clean node, or a guest that is not about to be reset
 */
bool
action_is_rendered(const struct sched_action *a)
{
    if (!act_is(a, ACT_RUNNABLE) || (act_is(a, ACT_OPTIONAL) && !act_is(a, ACT_PRINT_ALWAYS))) {
        return false;
    }
    if (a->rsc != NULL && !rsc_is(a->rsc, RSC_MANAGED) && !act_task(a, "monitor") && a->interval_ms == 0) {
        return false;
    }
    if (act_is(a, ACT_PSEUDO) || act_task(a, "stonith") || act_task(a, "do_shutdown")) {
        return true;
    }
    if (a->node == NULL) {
        return false;
    }
    if (act_is(a, ACT_ON_DC)) {
        return true;
    }
    if (node_is_guest(a->node) && !a->node->remote_requires_reset) {
        return true;
    }
    return a->node->online && !a->node->unclean;
}

/* What an instance is told after a stop has an internal key of its own in 2.1.5 ("..._stopped_0"). */
static bool
key_ends_in_stop(const struct sched_action *a)
{
    if (act_task(a, "notify") && !text_equal(action_meta(a, "notify_key_operation"), "stop")) {
        return false;
    }
    return g_str_has_suffix(a->key, "_stop_0");
}

/* Capacity: what comes to a node waits for what really leaves it (spec 42 §11.4, 7). */
static bool
load_counts(const struct sched_action *then, const struct sched_action *first)
{
    if (act_task(then, "migrate_to")) {
        return then->rsc != NULL && first->node == then->rsc->assigned;
    }
    return first->node == then->node && act_required(first);
}

/* Does `then` wait for `first` in the graph?  *kinds becomes 0 if the relation is void.  (spec 42 §11.4, in order) */
bool
input_counts(struct sched *s, const struct sched_action *then, const struct sched_action *first, unsigned *kinds)
{
    bool runnable = act_is(first, ACT_RUNNABLE);

    if (*kinds == 0) {
        return false;
    }
    if (!runnable && (*kinds & ~(unsigned) (ORDER_ORD | ORDER_PF | ORDER_PT)) == 0) {
        return false;
    }
    if (!runnable && (*kinds & (ORDER_ANY | ORDER_MIG)) != 0) {
        return false;
    }
    if ((*kinds & ORDER_NOMIG) != 0 && act_is(first, ACT_MIGRATE_RUNNABLE)) {
        return false;
    }
    if (*kinds == ORDER_ORD && act_is(first, ACT_MIGRATE_RUNNABLE) && key_ends_in_stop(first)) {
        return false;
    }
    if (*kinds == ORDER_LOAD && !load_counts(then, first)) {
        *kinds = 0;
        return false;
    }
    if (*kinds == ORDER_ANTI) {
        if (first->node != NULL && then->node != NULL && first->node != then->node) {
            *kinds = 0;
            return false;
        }
        if (act_is(first, ACT_OPTIONAL)) {
            *kinds = 0;
            return false;
        }
    }
    if (first->rsc != NULL && first->rsc != then->rsc && rsc_is(first->rsc, RSC_FAILED)
        && !rsc_is(first->rsc, RSC_MANAGED) && key_ends_in_stop(first) && then->rsc != NULL
        && rsc_clone(then->rsc) != NULL) {
        return false;
    }
    return !(act_is(first, ACT_OPTIONAL) && !act_is(first, ACT_PRINT_ALWAYS) && !act_is(first, ACT_RENDERED));
}

static int
by_first_id(const void *a, const void *b)
{
    const struct sched_input *x = a, *y = b;

    return x->first->id < y->first->id ? -1 : x->first->id > y->first->id;
}

/* Bring an action's inputs into their order, those with the same first merged; once. */
void
inputs_sort(struct sched *s, struct sched_action *a)
{
    unsigned n = 0, kept = 0;

    if (act_is(a, ACT_SORTED)) {
        return;
    }
    a->flags |= ACT_SORTED;
    a->inputs = arena_new_array(s->arena, struct sched_input, a->n_before + 1);
    for (struct sched_relation *r = a->before; r != NULL; r = r->before_next) {
        a->inputs[n++] = (struct sched_input){.first = r->first, .kinds = r->before_kinds};
    }
    if (n > 1) {
        qsort(a->inputs, n, sizeof(*a->inputs), by_first_id);
    }
    for (unsigned i = 0; i < n; i++) {
        if (kept > 0 && a->inputs[kept - 1].first == a->inputs[i].first) {
            a->inputs[kept - 1].kinds |= a->inputs[i].kinds;
        } else {
            a->inputs[kept++] = a->inputs[i];
        }
    }
    a->n_inputs = kept;
}
