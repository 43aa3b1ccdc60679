/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probes: find out the state of resources where it is not known, before anything else is done with them; and the
 * orderings that follow from other orderings.  Called after placement.  (spec 42 §5)
 */
#include "lib/sched/actions/internal.h"
#include "lib/sched/assign/assign.h"

static bool probe_rsc(struct sched *s, struct sched_rsc *rsc, struct sched_node *node);

/* --- primitives --- */

static enum sched_discovery
mode_on(const struct sched_rsc *rsc, const struct sched_node *node)
{
    if (row_has(&rsc->row, node)) {
        return rsc->row.mode[node->id];
    }
    return node->resource_discovery_never ? DISCOVER_NEVER : DISCOVER_ABSENT;
}

/* A resource on a guest that is not up is not probed: its start waits for the container instead. */
static bool
guest_not_probed(struct sched *s, struct sched_rsc *rsc, struct sched_node *node)
{
    struct sched_rsc *container = node_container(node);
    struct sched_rsc *top = rsc_top(rsc);

    if (!node_is_guest(node) || container == NULL) {
        return false;
    }
    if (container->role == ROLE_STOPPED) {
        if (container->assigned != NULL && !rsc_known_on(container, container->assigned)) {
            order_tasks(s, container, "monitor", top, "start", ORDER_ORD);
        }
        return true;
    }

    struct sched_node *host = rsc_current_node(container, NULL, NULL);

    if (node->remote_requires_reset || node->unclean || rsc_is(container, RSC_FAILED)
        || container->next_role == ROLE_STOPPED
        || (container->assigned != NULL && host != NULL && !rsc_active_on(container, container->assigned))) {
        order_tasks(s, container, "stop", top, "start", ORDER_ORD);
        return true;
    }
    return false;
}

/* The first reason not to probe (spec 42 §5, in this order). */
static bool
not_probed(struct sched *s, struct sched_rsc *rsc, struct sched_node *node)
{
    struct sched_rsc *top = rsc_top(rsc);

    if (node_is_remote_kind(node)
        && (rsc_is(rsc, RSC_FENCE_DEVICE) || (node_is_guest(node) && rsc_contains_remote(rsc))
            || rsc->is_remote_node)) {
        return true;
    }
    if (rsc->container != NULL && !rsc->is_remote_node) {
        return true;
    }
    if (rsc_is(rsc, RSC_ORPHAN)) {
        return true;
    }
    if (rsc_known_on(rsc, node)) {
        return true;
    }
    if ((rsc_is(rsc, RSC_EXCLUSIVE_DISCOVERY) || rsc_is(top, RSC_EXCLUSIVE_DISCOVERY))
        && mode_on(rsc, node) != DISCOVER_EXCLUSIVE) {
        return true;
    }
    if (mode_on(rsc, node) == DISCOVER_NEVER) {
        return true;
    }
    return guest_not_probed(s, rsc, node);
}

static void
probe_order_then(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, struct sched_action *probe)
{
    struct sched_rsc *top = rsc_top(rsc);
    struct sched_rsc *t = top->kind == KIND_CLONE ? top : rsc;
    unsigned start = ORDER_ORD;

    if (rsc_is(rsc, RSC_FENCE_DEVICE) && s->unfencing_in_use) {
        t = rsc;
    }
    if (!act_is(probe, ACT_RUNNABLE) && rsc->active_on.len == 0) {
        start |= ORDER_FUT;
    }
    order_action_task(s, probe, t, "start", start);

    struct sched_ordering reload = {.first = probe, .first_rsc = rsc, .then_rsc = t, .then_task = "reload-agent",
                                    .kinds = ORDER_ORD};

    ordering_store(s, &reload);
}

static bool
probe_primitive(struct sched *s, struct sched_rsc *rsc, struct sched_node *node)
{
    struct sched_action *probe;
    bool active;

    if (not_probed(s, rsc, node)) {
        return false;
    }
    probe = action_get(s, rsc, "monitor", 0, node, WANT_REQUIRED);
    probe->flags &= ~ACT_OPTIONAL;
    unfence_order(s, rsc, node, probe, ORDER_ORD);
    active = rsc_active_on(rsc, node);
    if (!active) {
        action_set_target_rc(s, probe, OCF_RC_NOT_RUNNING);
    } else if (rsc->role == ROLE_PROMOTED) {
        action_set_target_rc(s, probe, OCF_RC_PROMOTED);
    }
    probe_order_then(s, rsc, node, probe);
    return true;
}

/* --- collectives --- */

static bool
below_known_on(const struct sched_rsc *rsc, const struct sched_node *node)
{
    if (rsc->kind == KIND_PRIMITIVE) {
        return rsc_known_on(rsc, node);
    }
    VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
        if (below_known_on(child, node)) {
            return true;
        }
    }
    return false;
}

/* Which instance of an anonymous clone to probe with: known there, else all of it assigned there, else the lowest number. */
static struct sched_rsc *
instance_to_probe(const struct sched_rsc *clone, const struct sched_node *node)
{
    struct sched_rsc *lowest = NULL;

    VEC_FOR_EACH(struct sched_rsc, known, clone->children) {
        if (below_known_on(known, node)) {
            return known;
        }
    }
    VEC_FOR_EACH(struct sched_rsc, assigned, clone->children) {
        if (instance_node(assigned) == node) {
            return assigned;
        }
    }
    VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
        if (lowest == NULL || i->index < lowest->index) {
            lowest = i;
        }
    }
    return lowest;
}

static int
by_number(const void *a, const void *b)
{
    const struct sched_rsc *x = *(struct sched_rsc *const *) a, *y = *(struct sched_rsc *const *) b;

    return x->index < y->index ? -1 : x->index > y->index;
}

static bool
probe_clone(struct sched *s, struct sched_rsc *clone, struct sched_node *node)
{
    bool any = false;

    if (clone->children.len > 1) {
        qsort(clone->children.items, clone->children.len, sizeof(*clone->children.items), by_number);
    }
    if (rsc_is(clone, RSC_EXCLUSIVE_DISCOVERY) && row_has(&clone->row, node)
        && clone->row.mode[node->id] != DISCOVER_EXCLUSIVE) {
        clone->row.mode[node->id] = DISCOVER_ABSENT;
        return false;
    }
    if (!rsc_is(clone, RSC_UNIQUE)) {
        struct sched_rsc *i = instance_to_probe(clone, node);

        return i != NULL && probe_rsc(s, i, node);
    }
    VEC_FOR_EACH(struct sched_rsc, i, clone->children) {
        any |= probe_rsc(s, i, node);
    }
    return any;
}

static void
order_other_containers(struct sched *s, const struct sched_rsc *bundle, const struct sched_replica *replica,
                       struct sched_node *node)
{
    struct sched_action *probe = action_on_exactly(s, replica->container, "monitor", 0, node);

    if (probe == NULL) {
        return;
    }
    VEC_FOR_EACH(struct sched_replica, other, bundle->replicas) {
        if (other != replica) {
            order_action_task(s, probe, other->container, "start", ORDER_ORD | ORDER_SAME);
        }
    }
}

static bool
probe_bundle(struct sched *s, struct sched_rsc *bundle, struct sched_node *node)
{
    bool any = false;

    VEC_FOR_EACH(struct sched_replica, replica, bundle->replicas) {
        if (replica->ip != NULL) {
            any |= probe_rsc(s, replica->ip, node);
        }
        if (replica->child != NULL && replica->node == node) {
            any |= probe_rsc(s, replica->child, node);
        }
        if (probe_rsc(s, replica->container, node)) {
            any = true;
            if (bundle->replicas_per_host == 1) {
                order_other_containers(s, bundle, replica, node);
            }
        }
        if (replica->remote != NULL && probe_rsc(s, replica->remote, node)) {
            struct sched_action *probe = action_on_exactly(s, replica->remote, "monitor", 0, node);

            any = true;
            if (probe != NULL) {
                order_task_action(s, replica->container, "start", probe, ORDER_PRB);
            }
        }
    }
    return any;
}

static bool
probe_rsc(struct sched *s, struct sched_rsc *rsc, struct sched_node *node)
{
    bool any = false;

    switch (rsc->kind) {
    case KIND_PRIMITIVE:
        return probe_primitive(s, rsc, node);
    case KIND_GROUP:
        VEC_FOR_EACH(struct sched_rsc, m, rsc->children) {
            any |= probe_rsc(s, m, node);
        }
        return any;
    case KIND_CLONE:
        return probe_clone(s, rsc, node);
    case KIND_BUNDLE:
        return probe_bundle(s, rsc, node);
    }
    return false;
}

static void
probe_node(struct sched *s, struct sched_node *node)
{
    const char *complete = node_attr(node, "probe_complete");

    if (!node->online) {
        if (node_is_remote(node) && node->remote_rsc != NULL
            && remote_connection_state(s, node) == REMOTE_FAILED) {
            fence_node_now(s, node, "the connection is unrecoverable", false);
        }
        return;
    }
    if (node->unclean || !node->discovery_enabled) {
        return;
    }
    if (complete != NULL && !text_is_true(complete)) {
        char *key = arena_printf(s->arena, "probe_again-%s", node->uname);
        struct sched_action *again = action_get_named(s, key, "probe_again", node, WANT_REQUIRED);

        action_set_meta(s, again, "op_no_wait", "true");
        return;
    }
    VEC_FOR_EACH(struct sched_rsc, rsc, s->resources) {
        probe_rsc(s, rsc, node);
    }
}

void
probes_schedule(struct sched *s)
{
    if (!s->opt.startup_probes) {
        return;
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        probe_node(s, s->node_order[i]);
    }
}

/* --- orderings of probes that follow from other orderings --- */

static bool
stop_ordering_does_not_matter(const struct sched_ordering *o, const struct sched_action *probe,
                              const struct sched_action *then)
{
    if (o->then_rsc != NULL && probe->rsc->container == o->then_rsc && act_task(then, "stop")) {
        return true;
    }
    if (act_task(then, "stonith") && then->node == probe->node && text_equal(action_meta(then, "stonith_action"), "on")) {
        return true;
    }
    return act_task(then, "do_shutdown") && probe->node != then->node;
}

static void
order_probe_of(struct sched *s, const struct sched_ordering *o, struct sched_action *then, unsigned kinds)
{
    for_each_with_key(probe, s, o->first_rsc, "monitor", 0) {
        if (!stop_ordering_does_not_matter(o, probe, then)) {
            relation_add(s, probe, then, kinds);
        }
    }
}

/* What comes after a resource's stop also comes after its probes: nobody knows yet that it needs no stop. */
static void
order_probes_as_stops(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    for (unsigned i = 0; i < as->orderings.len; i++) {
        const struct sched_ordering *o = &as->orderings.items[i];
        unsigned kinds = ORDER_ORD | (o->kinds & (ORDER_NOMIG | ORDER_SAME));
        bool is_stop = o->first != NULL ? act_task(o->first, "stop") : strcmp(o->first_task, "stop") == 0;

        if (o->first_rsc == NULL || o->first_rsc->kind != KIND_PRIMITIVE || o->then_rsc == o->first_rsc || !is_stop) {
            continue;
        }
        if (o->kinds == ORDER_ANTI || o->kinds == ORDER_LOAD) {
            kinds = o->kinds;
        }
        if (action_first(s, o->first_rsc, "monitor", 0) == NULL) {
            continue;
        }
        if (o->then != NULL) {
            order_probe_of(s, o, o->then, kinds);
            continue;
        }
        for_each_with_key(then, s, o->then_rsc, o->then_task, o->then_interval) {
            order_probe_of(s, o, then, kinds);
        }
    }
}

struct restart_walk {
    struct sched *s;
    struct sched_action *probe;
    GPtrArray *todo;   /* actions to look at, the next one last */
    GPtrArray *marked; /* looked at for this probe */
    uint8_t *useful;   /* by place in the list of all actions: a stop or demote may be found from there */
};

/* The stop or demote that a start or promote would need first if the resource were active; NULL: another task. */
static const char *
undoing(const struct sched_action *a)
{
    if (a->rsc == NULL || a->rsc->kind != KIND_PRIMITIVE) {
        return NULL;
    }
    return act_task(a, "start") ? "stop" : act_task(a, "promote") ? "demote" : NULL;
}

/* From a collective's action to that of one of its own parts; of an interleaved clone only to the probe's partner. */
static bool
leads_inside(const struct restart_walk *w, const struct sched_rsc *rsc, const struct sched_rsc *then,
             const struct sched_rsc *partner)
{
    if (rsc == NULL || rsc->kind == KIND_PRIMITIVE || rsc == w->probe->rsc->parent || then == NULL
        || then->kind > KIND_GROUP || then->parent != rsc) {
        return false;
    }
    return rsc->kind <= KIND_GROUP || !rsc_is(rsc, RSC_INTERLEAVE) || partner == then;
}

/*
 * Where a walk may find anything: every action from which one that has something to undo can be reached.  Most runs
 * with probes stop nothing, and a walk along a chain of thousands of orderings for each of its probes would be in vain.
 */
static bool
mark_useful(struct restart_walk *w)
{
    struct actions_state *as = actions_of(w->s);

    for (unsigned i = 0; i < as->all.len; i++) {
        struct sched_action *a = as->all.items[i];
        const char *down = undoing(a);

        if (down != NULL && action_first(w->s, a->rsc, down, 0) != NULL) {
            w->useful[i] = 1;
            g_ptr_array_add(w->todo, a);
        }
    }
    if (w->todo->len == 0) {
        return false;
    }
    while (w->todo->len > 0) {
        struct sched_action *then = g_ptr_array_steal_index(w->todo, w->todo->len - 1);

        for (struct sched_relation *r = then->before; r != NULL; r = r->before_next) {
            bool inside = then->rsc != NULL && r->first->rsc != NULL && then->rsc->parent == r->first->rsc;

            if (((r->kinds & ORDER_FRT) != 0 || inside) && !w->useful[r->first->id - 1]) {
                w->useful[r->first->id - 1] = 1;
                g_ptr_array_add(w->todo, r->first);
            }
        }
    }
    return true;
}

static void
order_before_undoing(struct restart_walk *w, struct sched_action *after)
{
    const char *down = after->rsc != w->probe->rsc ? undoing(after) : NULL;

    for (struct sched_action *a = down ? action_first(w->s, after->rsc, down, 0) : NULL; a != NULL; a = a->newer) {
        if (!act_is(a, ACT_PSEUDO)) {
            relation_add(w->s, w->probe, a, ORDER_ORD);
        }
    }
}

/* Put what comes after an action on the list, so that the first of it is the next to be looked at. */
static void
push_next(struct restart_walk *w, const struct sched_action *after, const struct sched_rsc *partner, bool any)
{
    guint begin = w->todo->len;

    for (struct sched_relation *r = after->after; r != NULL; r = r->after_next) {
        if (w->useful[r->then->id - 1]
            && (any || (r->kinds & ORDER_FRT) != 0 || leads_inside(w, after->rsc, r->then->rsc, partner))) {
            g_ptr_array_add(w->todo, r->then);
        }
    }
    for (guint low = begin, high = w->todo->len; low + 1 < high; low++) {
        gpointer swap = w->todo->pdata[low];

        w->todo->pdata[low] = w->todo->pdata[--high];
        w->todo->pdata[high] = swap;
    }
}

static void
walk_restarts(struct restart_walk *w)
{
    push_next(w, w->probe, NULL, true);
    while (w->todo->len > 0) {
        struct sched_action *after = g_ptr_array_steal_index(w->todo, w->todo->len - 1);
        const struct sched_rsc *partner = NULL;

        if (act_is(after, ACT_TRACKED)) {
            continue;
        }
        after->flags |= ACT_TRACKED;
        g_ptr_array_add(w->marked, after);
        order_before_undoing(w, after);
        if (after->rsc != NULL && after->rsc->kind > KIND_GROUP && rsc_is(after->rsc, RSC_INTERLEAVE)) {
            partner = find_partner(w->s, w->probe->rsc, after->rsc, false);
        }
        push_next(w, after, partner, false);
    }
    for (guint m = 0; m < w->marked->len; m++) {
        ((struct sched_action *) w->marked->pdata[m])->flags &= ~ACT_TRACKED;
    }
    g_ptr_array_set_size(w->marked, 0);
}

/* A probe that finds the resource inactive may restart its dependents: they must not stop before it is known. */
static void
order_probes_before_restarts(struct sched *s)
{
    struct actions_state *as = actions_of(s);
    unsigned n = as->all.len;
    struct restart_walk w = {.s = s, .todo = g_ptr_array_new(), .marked = g_ptr_array_new(), .useful = g_malloc0(n + 1)};

    if (mark_useful(&w)) {
        for (unsigned i = n; i-- > 0;) {
            w.probe = as->all.items[i];
            if (w.probe->rsc != NULL && w.probe->rsc->kind == KIND_PRIMITIVE && act_task(w.probe, "monitor")
                && w.probe->interval_ms == 0) {
                walk_restarts(&w);
            }
        }
    }
    g_ptr_array_free(w.todo, TRUE);
    g_ptr_array_free(w.marked, TRUE);
    g_free(w.useful);
}

void
probes_order(struct sched *s)
{
    order_probes_before_restarts(s);
    order_probes_as_stops(s);
}
