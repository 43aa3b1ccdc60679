/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Actions on Pacemaker Remote and guest nodes wait for the connection (or keep it open), and go through the cluster
 * node that holds it.  Called after all resource actions exist; may declare nodes for fencing.  (spec 42 §6.11)
 */
#include "lib/sched/actions/internal.h"

/* By its own attribute: `shutdown` is also set for a node whose connection is merely not going to run. */
static bool
shutdown_requested(const struct sched_node *node)
{
    const char *value = node_attr(node, "shutdown");

    return value != NULL && strcmp(value, "0") != 0;
}

enum remote_state
remote_connection_state(const struct sched *s, const struct sched_node *node)
{
    struct sched_rsc *c = node->remote_rsc;
    struct sched_node *current = c->active_on.len > 0 ? rsc_current_node(c, NULL, NULL) : NULL;

    if (c->next_role == ROLE_STOPPED || c->assigned == NULL) {
        if (current != NULL && current->unclean) {
            return REMOTE_FAILED;
        }
        if (!rsc_is(c, RSC_FAILED)) {
            return REMOTE_STOPPED;
        }
        if (c->next_role == ROLE_STOPPED && c->reconnect_interval > 0 && node->remote_was_fenced
            && !shutdown_requested(node)) {
            return REMOTE_UNKNOWN;
        }
        return REMOTE_FAILED;
    }
    if (current == NULL) {
        return REMOTE_UNKNOWN;
    }
    if (current->unclean || !current->online) {
        return REMOTE_RESTING;
    }
    if (c->active_on.len > 1 && c->partial_source != NULL && c->partial_target != NULL) {
        return REMOTE_RESTING;
    }
    return REMOTE_ALIVE;
}

static void
after_connection_start(struct sched *s, struct sched_rsc *connection, struct sched_action *a, unsigned kinds)
{
    order_task_action(s, connection, "start", a, ORDER_FUT | ORDER_KEEP | kinds);
}

static void
before_stop_of(struct sched *s, struct sched_action *a, struct sched_rsc *rsc, unsigned kinds)
{
    order_action_task(s, a, rsc, "stop", ORDER_KEEP | kinds);
}

/* A start that waits for a connection: the resource stays where it is if that cannot be opened. */
static void
keep_elsewhere(struct sched *s, struct sched_action *start, struct sched_rsc *connection)
{
    for_each_with_key(stop, s, start->rsc, "stop", 0) {
        if (stop->node != start->node) {
            order_task_action(s, connection, "start", stop, ORDER_ORD);
        }
    }
}

static void
order_on_remote(struct sched *s, struct sched_action *a, struct sched_rsc *c)
{
    struct sched_node *node = a->node;
    enum remote_state state = remote_connection_state(s, node);

    if (act_task(a, "start") || act_task(a, "promote")) {
        after_connection_start(s, c, a, state == REMOTE_FAILED ? ORDER_FRT : 0);
    } else if (act_task(a, "stop") || act_task(a, "migrate_to") || act_task(a, "migrate_from")) {
        if (state == REMOTE_ALIVE) {
            before_stop_of(s, a, c, ORDER_TRF);
        } else if (state == REMOTE_FAILED) {
            fence_node_now(s, node, "resources are active but connection is unrecoverable", false);
        } else if (c->next_role == ROLE_STOPPED) {
            before_stop_of(s, a, c, ORDER_TRF);
        } else {
            after_connection_start(s, c, a, 0);
        }
    } else if (act_task(a, "demote")) {
        if (state == REMOTE_RESTING || state == REMOTE_UNKNOWN) {
            after_connection_start(s, c, a, 0);
        }
    } else if (a->interval_ms > 0) {
        after_connection_start(s, c, a, ORDER_FRT);
    } else {
        if (act_task(a, "monitor") && state == REMOTE_FAILED) {
            fence_node_now(s, node, "resources are in unknown state and connection is unrecoverable", false);
        }
        if (c->active_on.len > 0 && state == REMOTE_STOPPED) {
            before_stop_of(s, a, c, ORDER_FUT);
        } else {
            after_connection_start(s, c, a, 0);
        }
    }
}

static void
order_on_guest(struct sched *s, struct sched_action *a, struct sched_rsc *c, struct sched_rsc *k)
{
    if (act_task(a, "start") || act_task(a, "promote")) {
        order_task_action(s, k, "start", a, ORDER_KEEP | ORDER_FRT | ORDER_FUT);
        after_connection_start(s, c, a, 0);
    } else if (text_is_one_of(a->task, "stop", "demote", "migrate_to", "migrate_from", NULL)) {
        if (!rsc_is(k, RSC_FAILED)) {
            before_stop_of(s, a, c, 0);
        }
    } else if (a->interval_ms > 0) {
        if (!act_task(a, "cancel")) {
            after_connection_start(s, c, a, ORDER_FRT);
        }
    } else {
        after_connection_start(s, c, a, 0);
    }
}

void
remote_orderings(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    if (!s->has_remote_nodes) {
        return;
    }
    for (unsigned i = as->all.len; i-- > 0;) {
        struct sched_action *a = as->all.items[i];

        if (a->rsc == NULL || a->node == NULL || !node_is_remote_kind(a->node)) {
            continue;
        }
        if (a->rsc->is_remote_node && act_task(a, "clear_failcount")) {
            continue; /* waits for nothing, and comes before the start: action_clear_failcount() */
        }
        if (act_is(a, ACT_PSEUDO)) {
            continue;
        }

        struct sched_rsc *c = a->node->remote_rsc;

        if (c == NULL) {
            continue;
        }
        if (act_task(a, "start")) {
            keep_elsewhere(s, a, c);
        }

        struct sched_rsc *container = node_container(a->node);

        if (container != NULL) {
            if (rsc_is(container, RSC_FAILED)) {
                fence_node_now(s, a->node, "container failed", false);
            }
            order_on_guest(s, a, c, container);
        } else {
            order_on_remote(s, a, c);
        }
    }
}

/*
 * The cluster node through which an action on a remote or guest node is carried out; NULL if there is none.
 * When the connection moves, what takes a resource down goes the old way and everything else the new one.
 */
struct sched_node *
remote_router(const struct sched *s, const struct sched_action *a)
{
    const struct sched_node *node = a->node;
    const char *task = a->task;

    if (node == NULL || !node_is_remote_kind(node) || node->remote_rsc == NULL || strcmp(task, "stonith") == 0) {
        return NULL;
    }

    struct sched_rsc *c = node->remote_rsc;
    struct sched_node *began = rsc_current_node(c, NULL, NULL);
    struct sched_node *ended = c->assigned;

    if (ended == NULL) {
        return began;
    }
    if (began == NULL || began == ended) {
        return ended;
    }
    if (strcmp(task, "notify") == 0) {
        const char *operation = action_meta(a, "notify_operation");

        task = operation ? operation : task;
    }
    if (text_is_one_of(task, "cancel", "stop", "demote", "migrate_from", "migrate_to", NULL)
        && (c->partial_target == NULL || node_container(node) != NULL)) {
        return began;
    }
    return ended;
}
