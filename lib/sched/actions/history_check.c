/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares what runs, as the history tells it, with what the configuration says now: cancels, reschedules, reloads,
 * restarts, clean-ups.  Called once before placement, and once after it for bundle connections whose address is only
 * known then.  (spec 42 §3.7, §3.8; spec 40 §8)
 */
#include "lib/sched/actions/internal.h"
#include "lib/sched/assign/assign.h"

/* Delete a resource's history on a node, between stop and start (spec 42 §3.8). */
void
rsc_cleanup_on(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, bool optional)
{
    if (rsc_is(rsc, RSC_FAILED) || node == NULL || node->unclean || !node->online) {
        return;
    }
    action_get(s, rsc, "delete", 0, node, optional ? WANT_OPTIONAL : WANT_REQUIRED);
    order_tasks(s, rsc, "stop", rsc, "delete", optional ? ORDER_FRT : ORDER_ORD);
    order_tasks(s, rsc, "delete", rsc, "start", optional ? ORDER_FRT : ORDER_ORD);
}

/*
 * Turn a recurring operation into its cancellation.  With a call id (from history) it also comes after the
 * resource's stop.
 */
struct sched_action *
cancel_recurring(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms,
                 const struct sched_node *node, const char *call_id, const char *reason)
{
    bool known = action_on_exactly(s, rsc, task, interval_ms, node) != NULL;
    struct sched_action *a = action_get(s, rsc, task, interval_ms, (struct sched_node *) node, WANT_REQUIRED);
    char interval[16];

    if (a->flags & ACT_CANCEL) {
        return a; /* of several entries the oldest tells the call */
    }
    g_snprintf(interval, sizeof(interval), "%u", interval_ms);
    a->task = arena_intern(s->arena, "cancel");
    a->cancel_task = arena_intern(s->arena, task);
    a->cancel_of_known = known;
    a->flags |= ACT_CANCEL;
    a->flags &= ~ACT_OPTIONAL;
    action_set_meta(s, a, "operation", task);
    action_set_meta(s, a, "interval", interval);
    if (call_id != NULL) {
        action_set_meta(s, a, "call-id", call_id);
    }
    if (reason != NULL) {
        action_set_reason(s, a, reason, true);
        order_task_action(s, rsc, "stop", a, ORDER_ORD);
    }
    return a;
}

/* --- changes of parameters --- */

static void
schedule_reload(struct sched *s, struct sched_rsc *rsc, struct sched_node *node)
{
    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            schedule_reload(s, child, node);
        }
        return;
    }
    if (!rsc_is(rsc, RSC_MANAGED) || rsc_is(rsc, RSC_FAILED) || node == NULL) {
        return;
    }
    if (rsc_is(rsc, RSC_START_PENDING)) {
        action_get(s, rsc, "stop", 0, node, WANT_REQUIRED);
        return;
    }
    rsc->flags |= RSC_RELOADING;

    struct sched_action *reload = action_get(s, rsc, "reload-agent", 0, node, WANT_REQUIRED);

    action_set_reason(s, reload, "resource definition change", false);
    order_action_task(s, reload, rsc, "stop", ORDER_ORD | ORDER_CXL);
    order_action_task(s, reload, rsc, "demote", ORDER_ORD | ORDER_CXL);
}

static void
force_restart(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms, struct sched_node *node)
{
    struct sched_action *a = action_get(s, rsc, task, interval_ms, NULL, WANT_REQUIRED);

    action_set_reason(s, a, "resource definition change", true);
    unfence_trigger(s, rsc, node, "Device parameters changed", NULL);
}

static void
reschedule(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms, struct sched_node *node)
{
    struct sched_action *a = action_get(s, rsc, task, interval_ms, node, WANT_OPTIONAL);

    a->flags |= ACT_RESCHEDULE;
    unfence_trigger(s, rsc, node, "Device parameters changed (reschedule)", NULL);
}

/*
 * Has the definition of an operation changed since it ran?  Then do what that takes (spec 40 §8.3):
 *
 *   1. recurring and not configured any more: cancel it
 *   2. parameters that need a restart differ: restart (a recurring operation forces it just the same)
 *   3. recurring: do it again with the new parameters
 *   4. the agent can reload, and the op has no parameters of its own: reload
 *   5. else restart
 */
static bool
definition_changed(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const struct sched_hist_op *op)
{
    const char *task = op->task;

    if (op->interval_ms > 0 && op_find(s, rsc, task, op->interval_ms, false) == NULL) {
        if (s->opt.stop_orphan_actions) {
            cancel_recurring(s, rsc, task, op->interval_ms, node, xml_get(op->xml, "call-id"), "orphan");
        }
        return true;
    }
    if (op->interval_ms == 0 && text_is_one_of(task, "monitor", "migrate_from", "promote", NULL)) {
        task = "start";
    }

    const struct sched_digests *d = sched_digest_check(s, rsc, node, op);

    if (d->result == DIGEST_MATCH) {
        return false;
    }
    if (d->secure_matched) {
        const char *text = arena_printf(s->arena, "Only 'private' parameters to %s-interval %s for %s on %s changed: %s",
                                        text_readable_interval(op->interval_ms), task, rsc->id, node->uname,
                                        xml_get(op->xml, "transition-magic"));

        sched_message(s, MSG_NOTICE, 0, __func__, "%s", text);
        line_remark(s, text);
        return false;
    }
    if (d->result == DIGEST_RESTART) {
        force_restart(s, rsc, task, op->interval_ms, node);
    } else if (op->interval_ms > 0) {
        reschedule(s, rsc, task, op->interval_ms, node);
    } else if (xml_get(op->xml, "op-restart-digest") != NULL && !(d->result == DIGEST_MISMATCH && d->has_extra)) {
        unfence_trigger(s, rsc, node, "Device parameters changed (reload)", NULL);
        schedule_reload(s, rsc, node);
    } else {
        force_restart(s, rsc, task, op->interval_ms, node);
    }
    return true;
}

/* --- one history --- */

static bool
agent_changed(const struct sched_rsc *rsc, const xmlNode *lrm_resource)
{
    return !text_equal(rsc->type, xml_get(lrm_resource, "type"))
           || !text_equal(rsc->rsc_class, xml_get(lrm_resource, "class"))
           || !text_equal(rsc->provider, xml_get(lrm_resource, "provider"));
}

static void
clear_failures_of_old_definition(struct sched *s, struct sched_rsc *rsc, struct sched_node *node)
{
    if (rsc_failcount(s, rsc, node, true, false).count > 0) {
        action_clear_failcount(s, rsc, node, "action definition changed", false);
    }
}

static void
check_op(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const struct sched_hist_op *op)
{
    if (op->interval_ms > 0 && (rsc_is(rsc, RSC_MAINTENANCE) || node->maintenance)) {
        cancel_recurring(s, rsc, op->task, op->interval_ms, node, xml_get(op->xml, "call-id"), "maintenance mode");
        return;
    }
    if (op->interval_ms == 0 && !text_is_one_of(op->task, "monitor", "start", "promote", "migrate_from", NULL)) {
        return;
    }
    if (definition_changed(s, rsc, node, op)) {
        clear_failures_of_old_definition(s, rsc, node);
    }
}

static void
check_active(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const struct sched_history *h)
{
    if (h->start_index < h->stop_index) {
        return;
    }
    for (unsigned i = h->start_index > 0 ? (unsigned) h->start_index : 0; i < h->op_count; i++) {
        const struct sched_hist_op *op = &h->ops[i];
        bool maintenance = op->interval_ms > 0 && (rsc_is(rsc, RSC_MAINTENANCE) || node->maintenance);

        if (!maintenance && rsc_has_uname_addr(s, rsc)) {
            struct sched_deferred_check check = {.rsc = rsc, .node = node, .op = op};

            arena_vec_push(s->arena, &s->deferred, check);
        } else {
            check_op(s, rsc, node, op);
        }
    }
}

static void
check_history_of(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const struct sched_history *h)
{
    if (rsc_is(rsc, RSC_ORPHAN)) {
        struct sched_rsc *clone = rsc_clone(rsc);

        if (clone == NULL || !rsc_is_anonymous_clone(clone)) {
            rsc_cleanup_on(s, rsc, node, false);
        }
        return;
    }

    bool changed = agent_changed(rsc, h->xml);

    if (!rsc_active_on(rsc, node)) {
        if (changed) {
            rsc_cleanup_on(s, rsc, node, false);
        }
        return;
    }
    if (changed) {
        unfence_trigger(s, rsc, node, "Device definition changed", NULL);
        action_get(s, rsc, "stop", 0, node, WANT_REQUIRED);
        rsc->flags |= RSC_START_PENDING;
        rsc_cleanup_on(s, rsc, node, false);
    }
    check_active(s, rsc, node, h);
}

static void
check_node(struct sched *s, struct sched_node *node)
{
    for (unsigned i = 0; i < node->histories.len; i++) {
        const struct sched_history *h = node->histories.items[i];
        sched_rsc_vec named = {0};

        if (h->op_count == 0) {
            continue;
        }
        rscs_named(s, h->lrm_id, &named);
        VEC_FOR_EACH(struct sched_rsc, rsc, named) {
            if (rsc->kind == KIND_PRIMITIVE) {
                check_history_of(s, rsc, node, h);
            }
        }
    }
}

void
history_check(struct sched *s)
{
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *node = s->node_order[i];

        if (node_is_available(node) || node->maintenance) {
            check_node(s, node);
        }
    }
}

/* The failure may have been that of another address: forget it then (spec 40 §7.6). */
static void
check_last_failure(struct sched *s, const struct sched_deferred_check *check)
{
    const struct sched_digests *d = sched_digest_check(s, check->rsc, check->node, check->op);

    if (d->result == DIGEST_MISMATCH || d->result == DIGEST_RESTART) {
        action_clear_failcount(s, check->rsc, check->node, "resource parameters have changed", false);
    }
}

/* The connections left out above and in the history, now that their containers have a home; the last one first. */
void
history_check_deferred(struct sched *s)
{
    for (unsigned i = s->deferred.len; i-- > 0;) {
        const struct sched_deferred_check *check = &s->deferred.items[i];

        if (check->failure) {
            check_last_failure(s, check);
        } else {
            check_op(s, check->rsc, check->node, check->op);
        }
    }
}
