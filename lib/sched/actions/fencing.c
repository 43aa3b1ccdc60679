/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fencing, unfencing and shutdown of nodes: the actions, and what they mean for resources there.  Called after all
 * resource actions exist; the objects themselves are made earlier, when somebody declares a node.  Never decides that
 * a node is unclean: the model does.  (spec 42 §7, §10.1)
 */
#include "lib/sched/actions/internal.h"
#include "lib/sched/assign/assign.h"

/* --- the object --- */

/* Said of the status if that led to it, else among the scores; what a file lacks (its parameters) needs more words. */
static void
remark(struct sched *s, bool of_files_only, const char *text)
{
    if (of_files_only && (s->flags & SCHED_SANITIZED) == 0) {
        return;
    }
    if (actions_of(s)->reading_status) {
        arena_vec_push(s->arena, &s->status_remarks, text);
    } else {
        line_remark(s, text);
    }
}

struct device_digests {
    struct sched_node *node;
    GString *all, *secure;
    bool changed;
};

static void
append_digests_of(struct sched *s, struct device_digests *to, struct sched_rsc *device)
{
    struct sched_node *node = to->node;
    const char *known_all = actions_of(s)->digests_unknown ? NULL : node_attr(node, "#digests-all");
    const char *known_secure = node_attr(node, "#digests-secure");
    const struct sched_digests *d = sched_digest_calculate(s, device, "stonith-on", 0, node, NULL);
    char *in_all = arena_printf(s->arena, "%s:%s:%s,", device->id, device->type, d->all);
    char *in_secure = arena_printf(s->arena, "%s:%s:%s,", device->id, device->type, d->secure ? d->secure : d->all);

    g_string_append(to->all, in_all);
    g_string_append(to->secure, in_secure);
    if (known_all == NULL || strstr(known_all, in_all) != NULL) {
        return;
    }
    if (known_secure != NULL && strstr(known_secure, in_secure) != NULL) {
        remark(s, true, arena_printf(s->arena, "Only 'private' parameters to %s for unfencing %s changed", device->id,
                                     node->uname));
        return;
    }
    to->changed = true;
    if (node_is_remote_kind(node)) {
        sched_message(s, MSG_NOTICE, 0, "append_device_digests",
                      "Unfencing Pacemaker Remote node %s because the definition of %s changed", node->uname, device->id);
    }
    remark(s, true, arena_printf(s->arena, "Parameters to %s for unfencing %s changed, try '%s:%s:%s'", device->id,
                                 node->uname, device->id, device->type, d->secure ? d->secure : d->all));
    remark(s, false,
           arena_printf(s->arena, "notice: Unfencing Pacemaker Remote node %s because the definition of %s changed",
                        node->uname, device->id));
}

/* The last one first: the order is part of what the node has recorded. */
static void
append_digests_of_all(struct sched *s, struct device_digests *to, const sched_rsc_vec *rscs)
{
    for (unsigned i = rscs->len; i-- > 0;) {
        struct sched_rsc *rsc = rscs->items[i];

        if (rsc->children.len > 0) {
            append_digests_of_all(s, to, &rsc->children);
        } else if (rsc->is_unfencing_device) {
            append_digests_of(s, to, rsc);
        }
    }
}

/*
 * "<device>:<agent>:<digest>," for each unfencing device, of a task that no op configures; true if the node's own record
 * lacks one of them.
 */
static bool
append_device_digests(struct sched *s, struct sched_node *node, struct sched_action *a)
{
    g_autoptr(GString) all = g_string_new(NULL);
    g_autoptr(GString) secure = g_string_new(NULL);
    struct device_digests to = {.node = node, .all = all, .secure = secure};

    append_digests_of_all(s, &to, &s->resources);
    action_set_meta(s, a, "digests-all", all->str);
    action_set_meta(s, a, "digests-secure", secure->str);
    return to.changed;
}

static void
set_priority_delay(struct sched *s, struct sched_node *node, struct sched_action *a, bool wanted)
{
    if (s->opt.priority_fencing_delay <= 0) {
        return;
    }
    if (wanted || action_meta(a, "priority-fencing-delay") != NULL) {
        char text[16];
        int delay = node_priority_delay(s, node);

        g_snprintf(text, sizeof(text), "%d", delay > 0 ? delay : 0);
        action_set_meta(s, a, "priority-fencing-delay", text);
    }
}

/* The fencing object of a node for an operation (NULL: the configured one); the first reason stays. */
struct sched_action *
fence_action(struct sched *s, struct sched_node *node, const char *op, bool optional, const char *reason,
             bool priority_delay)
{
    if (op == NULL) {
        op = s->opt.stonith_action;
    }

    char *key = arena_printf(s->arena, "stonith-%s-%s", node->uname, op);
    struct sched_action *a = action_named(s, key);

    if (a == NULL) {
        a = action_get_named(s, key, "stonith", node, WANT_OPTIONAL);
        action_set_meta(s, a, "on_node", node->uname);
        action_set_meta(s, a, "on_node_uuid", node->uuid);
        action_set_meta(s, a, "stonith_action", op);
        if (s->unfencing_in_use && append_device_digests(s, node, a)) {
            optional = false;
        }
    }
    set_priority_delay(s, node, a, priority_delay);
    if (!optional && node_can_be_fenced(s, node)) {
        a->flags &= ~ACT_OPTIONAL;
        if (reason != NULL) {
            action_set_reason(s, a, reason, false);
        }
    } else if (reason != NULL) {
        action_set_reason(s, a, reason, false);
    }
    return a;
}

/* --- unfencing (spec 42 §7.6) --- */

static bool
may_unfence(const struct sched_node *node)
{
    return node->online && !node->unclean && !node->shutdown;
}

/*
 * A device's definition changed (or `rsc` NULL: the node was never unfenced): unfence the node; if that cannot be now, as
 * without a node, every node where the device may be.
 */
void
unfence_trigger(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const char *reason,
                struct sched_action *dependency)
{
    if (!s->unfencing_in_use || (rsc != NULL && !rsc_is(rsc, RSC_FENCE_DEVICE))) {
        return;
    }
    if (node != NULL && may_unfence(node)) {
        struct sched_action *on = fence_action(s, node, "on", false, reason, false);

        relation_add(s, on, dependency, ORDER_ORD);
        return;
    }
    if (rsc != NULL) {
        unsigned count;
        g_autofree struct sched_node **candidates = row_hash_order(s, &rsc->row, &count);

        for (unsigned i = 0; i < count; i++) {
            if (may_unfence(candidates[i])) {
                unfence_trigger(s, rsc, candidates[i], reason, dependency);
            }
        }
    }
}

static bool
requires_unfencing(const struct sched *s, const struct sched_rsc *rsc)
{
    return s->unfencing_in_use && (rsc->requires == REQUIRES_UNFENCING || rsc_is(rsc, RSC_FENCE_DEVICE));
}

bool
node_is_unfenced(const struct sched_node *node)
{
    const char *unfenced = node_attr(node, "#node-unfenced");

    return unfenced != NULL && strcmp(unfenced, "0") != 0;
}

/* `then` on `node` waits for the node's unfencing, which becomes required if it has not been done. */
void
unfence_order(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, struct sched_action *then, unsigned kinds)
{
    if (node == NULL || !requires_unfencing(s, rsc)) {
        return;
    }

    struct sched_action *on = fence_action(s, node, "on", true, NULL, false);

    relation_add(s, on, then, kinds);
    if (!node_is_unfenced(node)) {
        unfence_trigger(s, NULL, node, arena_printf(s->arena, "required by %s %s", rsc->id, then->task), NULL);
    }
}

/* --- what fencing means for resources (spec 42 §7.4) --- */

/* Of an anonymous clone it does not matter which instance was seen there; of a cloned group's members it does. */
static bool
known_as_itself_or_clone(const struct sched_rsc *rsc, const struct sched_node *node)
{
    const struct sched_rsc *clone = rsc->parent;

    return rsc_known_on(rsc, node) || (clone != NULL && rsc_is_anonymous_clone(clone) && rsc_known_on(clone, node));
}

static void
order_starts_after(struct sched *s, struct sched_rsc *rsc, struct sched_action *fencing)
{
    struct sched_node *target = fencing->node;

    for_each_rsc_action(a, s, rsc) {
        if (a->needs == REQUIRES_FENCING) {
            relation_add(s, fencing, a, ORDER_ORD);
        } else if (a->needs == REQUIRES_QUORUM && act_task(a, "start") && row_has(&rsc->row, target)
                   && !known_as_itself_or_clone(rsc, target)) {
            relation_add(s, fencing, a, ORDER_ORD | ORDER_FUT);
        }
    }
}

static void
imply_stops(struct sched *s, struct sched_rsc *rsc, struct sched_action *fencing)
{
    struct sched_node *target = fencing->node;
    struct sched_rsc *top = rsc_top(rsc);
    struct sched_action *top_stop = action_newest(s, top, "stop", 0);
    bool implicit = rsc_requires_fencing(rsc) || node_is_guest(target);

    for_each_with_key(stop, s, rsc, "stop", 0) {
        if (stop->node == NULL) {
            action_give_node(s, stop, target);
        }
        if (stop->node != target) {
            continue;
        }
        stop->flags |= ACT_PSEUDO | ACT_RUNNABLE;
        if (implicit) {
            if (!rsc_is(rsc, RSC_IN_BUNDLE)) {
                relation_add(s, fencing, stop, ORDER_KEEP);
            }
            relation_add(s, fencing, top_stop, ORDER_KEEP);
        }
        if (rsc_is(rsc, RSC_NOTIFY)) {
            notify_implied_stop(s, rsc, stop, fencing);
        }
    }
    for_each_with_key(demote, s, rsc, "demote", 0) {
        if (demote->node == NULL) {
            action_give_node(s, demote, target);
        }
        if (demote->node != target || (target->online && !target->unclean && !rsc_is(rsc, RSC_FAILED))) {
            continue;
        }
        demote->flags |= ACT_PSEUDO | ACT_RUNNABLE;
        if (implicit && !rsc_is(rsc, RSC_IN_BUNDLE)) {
            relation_add(s, fencing, demote, ORDER_ORD | ORDER_KEEP);
        }
    }
}

/* In the order of the resources: it decides which of several reasons an action keeps. */
static void
fencing_affects(struct sched *s, const sched_rsc_vec *rscs, struct sched_action *fencing)
{
    for (unsigned i = 0; i < rscs->len; i++) {
        struct sched_rsc *rsc = rscs->items[i];

        if (rsc->kind != KIND_PRIMITIVE) {
            fencing_affects(s, &rsc->children, fencing);
        } else if (rsc_is(rsc, RSC_MANAGED)) {
            order_starts_after(s, rsc, fencing);
            imply_stops(s, rsc, fencing);
        }
    }
}

/* --- guests (spec 42 §7.5) --- */

static void
fence_guest(struct sched *s, struct sched_node *node)
{
    struct sched_rsc *container = node_container(node);
    struct sched_action *stop = container ? action_newest(s, container, "stop", 0) : NULL;
    bool restarts = container != NULL && action_first(s, container, "start", 0) != NULL;
    struct sched_action *f = fence_action(s, node, restarts ? "reboot" : "off", false, "guest is unclean", false);

    f->flags |= ACT_PSEUDO | ACT_RUNNABLE;
    f->flags &= ~ACT_OPTIONAL;
    if (stop != NULL && act_is(stop, ACT_PSEUDO)) {
        struct sched_action *host = fence_action(s, stop->node, NULL, false, NULL, false);

        relation_add(s, host, f, ORDER_FUT | ORDER_FRT);
    } else if (stop != NULL) {
        relation_add(s, stop, f, ORDER_FUT | ORDER_FRT);
    } else if (node->remote_rsc != NULL) {
        struct sched_action *connection_stop = action_newest(s, node->remote_rsc, "stop", 0);

        relation_add(s, connection_stop, f, ORDER_ORD);
    }
    fencing_affects(s, &s->resources, f);
}

/* --- shutdown (spec 42 §10.1) --- */

static struct sched_action *
shut_down(struct sched *s, struct sched_node *node)
{
    char *key = arena_printf(s->arena, "do_shutdown-%s", node->uname);
    struct sched_action *down = action_get_named(s, key, "do_shutdown", node, WANT_REQUIRED);
    struct actions_state *as = actions_of(s);

    action_set_meta(s, down, "op_no_wait", "true");
    for (unsigned i = as->all.len; i-- > 0;) {
        struct sched_action *a = as->all.items[i];

        if (a->rsc == NULL || a->node != node || !act_task(a, "stop") || rsc_is(a->rsc, RSC_MAINTENANCE)
            || node->maintenance || (!rsc_is(a->rsc, RSC_MANAGED) && !rsc_is(a->rsc, RSC_BLOCKED))) {
            continue;
        }
        a->flags &= ~ACT_OPTIONAL;

        struct sched_ordering o = {.first = a, .first_rsc = a->rsc, .first_task = a->task, .then = down,
                                   .kinds = ORDER_ORD | ORDER_FUT};

        ordering_store(s, &o); /* a rule, not a relation: the node's probes come before as well */
    }
    return down;
}

void
shutdowns_tell_obstacles(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    if (!s->have_quorum && s->opt.no_quorum_policy != QUORUM_IGNORE) {
        return; /* nothing is stopped for a shutdown then */
    }
    for (unsigned i = as->all.len; i-- > 0;) {
        const struct sched_action *a = as->all.items[i];

        if (a->rsc == NULL || a->node == NULL || !a->node->shutdown || !act_task(a, "stop")
            || act_is(a, ACT_OPTIONAL | ACT_RUNNABLE) || rsc_is(a->rsc, RSC_MAINTENANCE)) {
            continue;
        }
        sched_message(s, MSG_CRITICAL, 0, "pcmk__create_graph", "Cannot shut down %s because of %s:%s%s (%s)", a->node->uname,
                      a->rsc->id, rsc_is(a->rsc, RSC_MANAGED) ? " blocked" : " unmanaged",
                      rsc_is(a->rsc, RSC_FAILED) ? " failed" : "", a->key);
    }
}

/* --- all nodes (spec 42 §7.3) --- */

struct fencing_order {
    ARENA_VEC(struct sched_action *) fencings, shutdowns; /* of nodes that are not the DC */
    struct sched_action *dc_down, *dc_fencing;
    bool lost; /* a node is unclean and stays so */
};

/* A managed member of a collective that is not managed itself is enough. */
static bool
any_managed(const sched_rsc_vec *rscs)
{
    for (unsigned i = 0; i < rscs->len; i++) {
        const struct sched_rsc *rsc = rscs->items[i];

        if (rsc_is(rsc, RSC_MANAGED) || any_managed(&rsc->children)) {
            return true;
        }
    }
    return false;
}

static void
chain_fencing(struct sched *s, struct fencing_order *order, struct sched_action *f)
{
    if (!s->opt.concurrent_fencing && order->fencings.len > 0) {
        relation_add(s, order->fencings.items[order->fencings.len - 1], f, ORDER_ORD);
    }
    arena_vec_push(s->arena, &order->fencings, f);
}

static void
schedule_node(struct sched *s, struct sched_node *node, bool may_fence, struct fencing_order *order)
{
    bool is_fenced = false;

    if (node_is_guest(node)) {
        if (node->remote_requires_reset && may_fence && node_can_be_fenced(s, node)) {
            fence_guest(s, node);
        }
        return;
    }
    if (may_fence && node->unclean && node_can_be_fenced(s, node)) {
        struct sched_action *f = fence_action(s, node, NULL, false, "node is unclean", false);

        is_fenced = true;
        sched_message(s, MSG_WARNING, MSG_CONFIG | MSG_PROCESSING, __func__, "Scheduling node %s for fencing",
                      node->uname);
        fencing_affects(s, &s->resources, f);
        if (node->is_dc) {
            order->dc_fencing = f;
        } else {
            chain_fencing(s, order, f);
        }
    } else if (node->online && node->shutdown && !node_is_remote_kind(node)) {
        struct sched_action *down = shut_down(s, node);

        if (node->is_dc) {
            order->dc_down = down;
        } else {
            arena_vec_push(s->arena, &order->shutdowns, down);
        }
    }
    if (node->unclean && !is_fenced) {
        sched_message(s, MSG_WARNING, MSG_CONFIG | MSG_PROCESSING, __func__,
                      "Node %s is unclean but cannot be fenced", node->uname);
        order->lost = true;
    }
}

static void
order_dc_last(struct sched *s, struct fencing_order *order)
{
    struct sched_action *dc = order->dc_down ? order->dc_down : order->dc_fencing;

    if (dc == NULL) {
        return;
    }
    for (unsigned i = 0; order->dc_down != NULL && i < order->shutdowns.len; i++) {
        relation_add(s, order->shutdowns.items[i], dc, ORDER_ORD);
    }
    if (s->opt.concurrent_fencing) {
        for (unsigned i = 0; i < order->fencings.len; i++) {
            relation_add(s, order->fencings.items[i], dc, ORDER_ORD);
        }
    } else if (order->fencings.len > 0) {
        relation_add(s, order->fencings.items[order->fencings.len - 1], dc, ORDER_ORD);
    }
}

void
fencing_schedule(struct sched *s)
{
    struct fencing_order order = {0};
    bool may_fence = any_managed(&s->resources);

    for (unsigned i = 0; i < s->nodes.len; i++) {
        schedule_node(s, s->node_order[i], may_fence, &order);
    }
    if (order.lost && !s->opt.stonith_enabled) {
        sched_message(s, MSG_WARNING, MSG_CONFIG | MSG_PROCESSING, "schedule_fencing_and_shutdowns",
                      "Resource functionality and data integrity cannot be guaranteed (configure, enable, and test fencing to "
                      "correct this)");
    }
    order_dc_last(s, &order);
}
