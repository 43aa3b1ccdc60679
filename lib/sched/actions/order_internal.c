/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Orderings that hold inside every resource: a primitive's own steps, members of groups, instances of clones, parts
 * of bundles.  Called once per top-level resource before placement.  Creates no actions of resources.  (spec 42 §6.9)
 */
#include "lib/sched/actions/internal.h"

/* --- primitive --- */

/* Unfencing of each node where the resource may run comes after its stop and before its start. */
static void
order_unfencing(struct sched *s, struct sched_rsc *rsc)
{
    if (!s->unfencing_in_use || rsc->requires != REQUIRES_UNFENCING || rsc_is(rsc, RSC_FENCE_DEVICE)) {
        return;
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *node = s->node_order[i];

        if (!row_has(&rsc->row, node)) {
            continue;
        }

        struct sched_action *on = fence_action(s, node, "on", true, NULL, false);

        order_task_action(s, rsc, "stop", on, ORDER_ORD | ORDER_SAME);
        struct sched_ordering o = {.first = on, .then_rsc = rsc, .then_task = "start",
                                   .kinds = ORDER_FRTN | ORDER_SAME};
        ordering_store(s, &o);
    }
}

static struct sched_action *
load_stopped(struct sched *s, struct sched_node *node)
{
    char *name = arena_printf(s->arena, "load_stopped_%s", node->uname);
    struct sched_action *a = action_get_named(s, name, name, node, WANT_REQUIRED);

    a->flags |= ACT_PSEUDO | ACT_RUNNABLE;
    return a;
}

/* With capacity limits, what leaves a node goes before what comes to it (spec 42 §6.12). */
static void
order_utilization(struct sched *s, struct sched_rsc *rsc)
{
    if (s->opt.placement == PLACEMENT_DEFAULT || rsc->utilization.len == 0) {
        return;
    }
    VEC_FOR_EACH(struct sched_node, node, rsc->active_on) {
        order_task_action(s, rsc, "stop", load_stopped(s, node), ORDER_LOAD);
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *node = s->node_order[i];

        if (!row_has(&rsc->row, node)) {
            continue;
        }

        struct sched_ordering start = {.first = load_stopped(s, node), .then_rsc = rsc, .then_task = "start",
                                       .kinds = ORDER_LOAD};
        struct sched_ordering migrate = {.first = start.first, .then_rsc = rsc, .then_task = "migrate_to",
                                         .kinds = ORDER_LOAD};

        ordering_store(s, &start);
        ordering_store(s, &migrate);
    }
}

static void
order_container(struct sched *s, struct sched_rsc *rsc)
{
    struct sched_rsc *container = rsc->container;

    if (container == NULL) {
        return;
    }
    if (rsc->is_remote_node) {
        order_tasks(s, container, "monitor", rsc, "stop", ORDER_ORD);
    } else if (container->is_remote_node || rsc_contains_remote(container)) {
        return; /* runs on that remote node and nowhere else: nothing to order */
    }
    order_tasks(s, container, "start", rsc, "start", ORDER_FRT | ORDER_FUT);
    order_tasks(s, rsc, "stop", container, "stop", ORDER_TRF);
}

static void
order_primitive(struct sched *s, struct sched_rsc *rsc)
{
    if (!rsc_is(rsc, RSC_MANAGED)) {
        return;
    }
    order_tasks(s, rsc, "stop", rsc, "start", ORDER_ORD | ORDER_FRT | ORDER_RST);
    if (rsc_is(rsc_top(rsc), RSC_PROMOTABLE) || rsc->role > ROLE_UNPROMOTED) {
        order_tasks(s, rsc, "demote", rsc, "stop", ORDER_PRF);
        order_tasks(s, rsc, "start", rsc, "promote", ORDER_FUT);
    }
    order_tasks(s, rsc, "lrm_delete", rsc, "monitor", ORDER_SAME | ORDER_CXL);
    order_unfencing(s, rsc);
    order_utilization(s, rsc);
    order_container(s, rsc);
}

/* --- group --- */

struct member_place {
    struct sched_rsc *previous, *last_active;
};

static void
order_member_roles(struct sched *s, struct sched_rsc *group, struct sched_rsc *m, const struct sched_rsc *previous)
{
    bool first_of_ordered = rsc_is(group, RSC_ORDERED) && previous == NULL;
    unsigned down = ORDER_PF | (first_of_ordered ? ORDER_ORD : 0);
    unsigned downed = first_of_ordered ? ORDER_FRT : ORDER_PT;

    if (rsc_is(rsc_top(group), RSC_PROMOTABLE)) {
        order_tasks(s, group, "demote", m, "demote", down);
        order_tasks(s, m, "demote", group, "demoted", downed);
        order_tasks(s, m, "promote", group, "promoted", ORDER_FUT | ORDER_FRT | ORDER_PT);
        order_tasks(s, group, "promote", m, "promote", ORDER_PF);
    }
    order_tasks(s, group, "stop", m, "stop", down);
    order_tasks(s, m, "stop", group, "stopped", downed);
    order_tasks(s, group, "start", m, "start", ORDER_PF);
    order_tasks(s, m, "start", group, "running", ORDER_FUT | ORDER_FRT | ORDER_PT);
}

static void
order_member(struct sched *s, struct sched_rsc *group, struct sched_rsc *m, struct member_place *place)
{
    struct sched_rsc *previous = place->previous;

    internal_orderings(s, m);
    order_member_roles(s, group, m, previous);
    if (!rsc_is(group, RSC_ORDERED)) {
        order_tasks(s, group, "start", m, "start", ORDER_FRT | ORDER_FUT | ORDER_PF);
        if (rsc_is(rsc_top(group), RSC_PROMOTABLE)) {
            order_tasks(s, group, "promote", m, "promote", ORDER_FRT | ORDER_FUT | ORDER_PF);
        }
    } else if (previous != NULL) {
        order_tasks(s, previous, "start", m, "start", ORDER_FRT | ORDER_FUT);
        order_tasks(s, m, "stop", previous, "stop", ORDER_ORD | ORDER_RST);
        if (m->active_on.len > 0 && previous->active_on.len == 0 && place->last_active != NULL) {
            order_tasks(s, m, "stop", place->last_active, "stop", ORDER_ORD);
        }
        if (rsc_is(rsc_top(group), RSC_PROMOTABLE)) {
            order_tasks(s, previous, "promote", m, "promote", ORDER_FRT | ORDER_FUT);
            order_tasks(s, m, "demote", previous, "demote", ORDER_ORD);
        }
    }
    if (m->active_on.len > 0) {
        place->last_active = m;
    }
    place->previous = m;
}

static void
order_group(struct sched *s, struct sched_rsc *group)
{
    struct member_place place = {NULL, NULL};

    order_tasks(s, group, "stop", group, "stopped", ORDER_FUT);
    order_tasks(s, group, "stopped", group, "start", ORDER_ORD);
    order_tasks(s, group, "start", group, "running", ORDER_FUT);
    VEC_FOR_EACH(struct sched_rsc, m, group->children) {
        order_member(s, group, m, &place);
    }
}

/* --- clone --- */

/* Steps of a promotable collective in the order in which a restart goes through them. */
static void
order_promotable_restart(struct sched *s, struct sched_rsc *rsc)
{
    order_tasks(s, rsc, "stopped", rsc, "start", ORDER_ORD);
    order_tasks(s, rsc, "stopped", rsc, "promote", ORDER_ORD);
    order_tasks(s, rsc, "demoted", rsc, "stop", ORDER_ORD);
    order_tasks(s, rsc, "demoted", rsc, "start", ORDER_ORD);
    order_tasks(s, rsc, "demoted", rsc, "promote", ORDER_ORD);
    order_tasks(s, rsc, "running", rsc, "promote", ORDER_ORD);
    order_tasks(s, rsc, "demote", rsc, "demoted", ORDER_ORD);
}

static void
order_instance(struct sched *s, struct sched_rsc *clone, struct sched_rsc *i, struct sched_rsc *previous)
{
    internal_orderings(s, i);
    order_tasks(s, clone, "start", i, "start", ORDER_FUT | ORDER_PF);
    order_tasks(s, i, "start", clone, "running", ORDER_PT);
    order_tasks(s, clone, "stop", i, "stop", ORDER_PF);
    order_tasks(s, i, "stop", clone, "stopped", ORDER_PT);
    if (rsc_is(clone, RSC_ORDERED) && previous != NULL) {
        order_tasks(s, previous, "start", i, "start", ORDER_ORD);
        order_tasks(s, i, "stop", previous, "stop", ORDER_ORD);
    }
}

static void
order_promotable_instance(struct sched *s, struct sched_rsc *clone, struct sched_rsc *i, struct sched_rsc *previous)
{
    order_tasks(s, i, "demote", i, "promote", ORDER_ORD);
    order_tasks(s, clone, "promote", i, "promote", ORDER_ORD);
    order_tasks(s, i, "promote", clone, "promoted", ORDER_ORD);
    order_tasks(s, clone, "demote", i, "demote", ORDER_PF);
    order_tasks(s, i, "demote", clone, "demoted", ORDER_PT);
    if (rsc_is(clone, RSC_ORDERED) && previous != NULL) {
        order_tasks(s, previous, "promote", i, "promote", ORDER_ORD);
        order_tasks(s, i, "demote", previous, "demote", ORDER_ORD);
    }
}

static void
order_clone(struct sched *s, struct sched_rsc *clone)
{
    struct sched_rsc *previous = NULL;

    order_tasks(s, clone, "stopped", clone, "start", ORDER_ORD);
    order_tasks(s, clone, "start", clone, "running", ORDER_FUT);
    order_tasks(s, clone, "stop", clone, "stopped", ORDER_FUT);
    if (rsc_is(clone, RSC_PROMOTABLE)) {
        order_tasks(s, clone, "demoted", clone, "stop", ORDER_ORD);
        order_tasks(s, clone, "running", clone, "promote", ORDER_FUT);
    }
    VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
        order_instance(s, clone, i, previous);
        previous = i;
    }
    if (!rsc_is(clone, RSC_PROMOTABLE)) {
        return;
    }
    order_promotable_restart(s, clone);
    previous = NULL;
    VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
        order_promotable_instance(s, clone, i, previous);
        previous = i;
    }
}

/* --- bundle --- */

static void
order_replica(struct sched *s, struct sched_rsc *bundle, const struct sched_replica *replica)
{
    struct sched_rsc *k = replica->container;

    internal_orderings(s, k);
    order_tasks(s, bundle, "start", k, "start", ORDER_FUT | ORDER_PF);
    if (replica->child != NULL) {
        order_tasks(s, bundle, "stop", replica->child, "stop", ORDER_PF);
    }
    order_tasks(s, bundle, "stop", k, "stop", ORDER_PF);
    order_tasks(s, k, "start", bundle, "running", ORDER_PT);
    order_tasks(s, k, "stop", bundle, "stopped", ORDER_PT);
    if (replica->ip != NULL) {
        internal_orderings(s, replica->ip);
        order_tasks(s, replica->ip, "start", k, "start", ORDER_FUT | ORDER_KEEP);
        order_tasks(s, k, "stop", replica->ip, "stop", ORDER_TRF | ORDER_KEEP);
    }
    if (replica->remote != NULL) {
        internal_orderings(s, replica->remote);
    }
}

static void
order_bundle(struct sched *s, struct sched_rsc *bundle)
{
    struct sched_rsc *c = bundle->bundle_child;

    if (c != NULL) {
        bool instances = c->children.len > 0;

        order_tasks(s, bundle, "start", c, "start", ORDER_PF);
        order_tasks(s, bundle, "stop", c, "stop", ORDER_PF);
        order_tasks(s, c, instances ? "running" : "start", bundle, "running", ORDER_PT);
        order_tasks(s, c, instances ? "stopped" : "stop", bundle, "stopped", ORDER_PT);
    }
    VEC_FOR_EACH(struct sched_replica, replica, bundle->replicas) {
        order_replica(s, bundle, replica);
    }
    if (c == NULL) {
        return;
    }
    internal_orderings(s, c);
    if (rsc_is(c, RSC_PROMOTABLE)) {
        order_promotable_restart(s, bundle);
        order_tasks(s, c, "demoted", bundle, "demoted", ORDER_PT);
        order_tasks(s, bundle, "demote", c, "demote", ORDER_PF);
        order_tasks(s, c, "promoted", bundle, "promoted", ORDER_PT);
        order_tasks(s, bundle, "promote", c, "promote", ORDER_PF);
    }
}

void
internal_orderings(struct sched *s, struct sched_rsc *rsc)
{
    switch (rsc->kind) {
    case KIND_PRIMITIVE:
        order_primitive(s, rsc);
        break;
    case KIND_GROUP:
        order_group(s, rsc);
        break;
    case KIND_CLONE:
        order_clone(s, rsc);
        break;
    case KIND_BUNDLE:
        order_bundle(s, rsc);
        break;
    }
}
