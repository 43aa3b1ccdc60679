/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words for what the actions do.  See summary.h.
 */
#include "lib/sched/simulate/summary.h"
#include "lib/sched/actions/internal.h"

/* --- one line --- */

struct line_request {
    const char *change;
    struct sched_node *source, *dest;
    const struct sched_action *action, *reason_from; /* reason_from NULL: action */
};

static void
set_details(struct sched *s, struct summary_line *l)
{
    const char *r = role_text(l->role), *next = role_text(l->next_role);
    const char *from = l->source ? l->source->uname : NULL, *to = l->dest ? l->dest->uname : NULL;

    switch (l->shape) {
    case SUMMARY_START:
        l->details = l->with_role ? arena_printf(s->arena, "%s -> %s %s", r, next, to) : to;
        break;
    case SUMMARY_STOP:
    case SUMMARY_SAME_HOST:
        l->details = l->with_role ? arena_printf(s->arena, "%s %s", r, from) : from;
        break;
    case SUMMARY_MOVE:
        l->details = l->with_role ? arena_printf(s->arena, "%s -> %s %s", from, to, r)
                                  : arena_printf(s->arena, "%s -> %s", from, to);
        break;
    case SUMMARY_ROLE_CHANGE:
        l->details = arena_printf(s->arena, "%s -> %s %s", r, next, from);
        break;
    case SUMMARY_BOTH:
        l->details = arena_printf(s->arena, "%s %s -> %s %s", r, from, next, to);
        break;
    }
}

static void
add_line(struct sched *s, struct summary *sum, const struct sched_rsc *rsc, enum sched_role role,
         const struct line_request *q)
{
    struct summary_line l = {.change = q->change, .rsc = rsc, .source = q->source, .dest = q->dest, .role = role,
                             .next_role = rsc->next_role};
    const struct sched_action *reason_from = q->reason_from ? q->reason_from : q->action;
    bool same_role = role == rsc->next_role;
    size_t width;

    if (q->source == NULL && q->dest == NULL) {
        return;
    }
    l.with_role = role > ROLE_STARTED || rsc->next_role > ROLE_UNPROMOTED;
    l.shape = q->source == NULL                       ? SUMMARY_START
              : q->dest == NULL                       ? SUMMARY_STOP
              : same_role && q->source == q->dest     ? SUMMARY_SAME_HOST
              : same_role                             ? SUMMARY_MOVE
              : q->source == q->dest                  ? SUMMARY_ROLE_CHANGE
                                                      : SUMMARY_BOTH;
    set_details(s, &l);
    l.reason = reason_from ? reason_from->reason : NULL;
    l.blocked = q->action != NULL && !act_is(q->action, ACT_RUNNABLE);
    width = strlen(rsc->id);
    if (width > sum->name_width) {
        sum->name_width = (unsigned) width + 2;
    }
    width = strlen(l.details);
    if (width > sum->detail_width) {
        sum->detail_width = (unsigned) width;
    }
    arena_vec_push(s->arena, &sum->lines, l);
}

/* --- which line (spec 42 §13.2, the first case that matches) --- */

struct rsc_view {
    struct sched_node *current, *next;
    struct sched_action *start, *stop, *promote, *demote, *migrate_from;
    bool moving;
    enum sched_role role;
};

static void
summarize_same_role(struct sched *s, struct summary *sum, struct sched_rsc *rsc, const struct rsc_view *v)
{
    struct line_request q = {.source = v->current, .dest = v->next, .action = v->start};

    if (v->migrate_from != NULL && act_is(v->migrate_from, ACT_RUNNABLE) && v->current != NULL) {
        q.change = "Migrate";
    } else if (rsc_is(rsc, RSC_RELOADING)) {
        q.change = "Reload";
    } else if (v->start == NULL || act_is(v->start, ACT_OPTIONAL)) {
        if (v->demote == NULL || act_is(v->demote, ACT_OPTIONAL) || v->promote == NULL
            || act_is(v->promote, ACT_OPTIONAL)) {
            return;
        }
        q.change = "Re-promote";
        q.action = v->promote;
        q.reason_from = v->demote;
    } else if (!act_is(v->start, ACT_RUNNABLE)) {
        q.change = "Stop";
        q.dest = NULL;
        q.action = v->stop;
        q.reason_from = v->stop && v->stop->reason ? v->stop : v->start;
    } else if (v->moving && v->current != NULL) {
        q.change = rsc_is(rsc, RSC_FAILED) ? "Recover" : "Move";
        q.action = v->stop;
    } else if (rsc_is(rsc, RSC_FAILED)) {
        q.change = "Recover";
        q.dest = NULL;
        q.action = v->stop;
    } else {
        q.change = "Restart";
    }
    add_line(s, sum, rsc, v->role, &q);
}

static void
summarize_stops(struct sched *s, struct summary *sum, struct sched_rsc *rsc, const struct rsc_view *v)
{
    VEC_FOR_EACH(struct sched_node, node, rsc->active_on) {
        struct sched_action *stop = action_on(s, rsc, "stop", 0, node);
        struct line_request q = {.change = "Stop", .source = node, .action = stop,
                                 .reason_from = stop && stop->reason ? stop : v->start};

        add_line(s, sum, rsc, v->role, &q);
    }
}

static void
summarize_role_change(struct sched *s, struct summary *sum, struct sched_rsc *rsc, const struct rsc_view *v)
{
    struct line_request q = {.source = v->current, .dest = v->next, .action = v->start};

    if (v->stop != NULL
        && (rsc->next_role == ROLE_STOPPED || (v->start != NULL && !act_is(v->start, ACT_RUNNABLE)))) {
        summarize_stops(s, sum, rsc, v);
        return;
    }
    if (v->stop != NULL && rsc_is(rsc, RSC_FAILED) && rsc_is(rsc, RSC_STOP_NEEDED)) {
        q.change = "Recover";
        q.action = v->stop;
        q.reason_from = v->start;
    } else if (v->moving) {
        q.change = "Move";
        q.action = v->stop;
    } else if (rsc_is(rsc, RSC_RELOADING)) {
        q.change = "Reload";
    } else if (v->stop != NULL && act_required(v->stop)) {
        q.change = "Restart";
    } else if (v->role == ROLE_PROMOTED) {
        q.change = "Demote";
        q.action = v->demote;
    } else if (rsc->next_role == ROLE_PROMOTED) {
        q.change = "Promote";
        q.action = v->promote;
    } else if (v->role == ROLE_STOPPED && rsc->next_role > ROLE_STOPPED) {
        q.change = "Start";
    } else {
        return;
    }
    add_line(s, sum, rsc, v->role, &q);
}

static void
summarize_primitive(struct sched *s, struct summary *sum, struct sched_rsc *rsc)
{
    struct rsc_view v = {.current = rsc_current_node(rsc, NULL, NULL), .next = rsc->assigned, .role = rsc->role};

    if (!rsc_is(rsc, RSC_MANAGED) || (v.current == NULL && v.next == NULL)
        || (rsc_is(rsc, RSC_ORPHAN) && v.current == NULL)) {
        return;
    }
    v.moving = v.current != NULL && v.next != NULL && v.current != v.next;
    v.start = action_on(s, rsc, "start", 0, v.next);
    v.stop = action_on(s, rsc, "stop", 0, v.start && act_is(v.start, ACT_RUNNABLE) ? v.current : NULL);
    if (v.stop == NULL && rsc_is(rsc, RSC_STOP_UNEXPECTED)) {
        v.stop = action_on(s, rsc, "stop", 0, NULL);
    }
    v.promote = action_on(s, rsc, "promote", 0, v.next);
    v.demote = action_on(s, rsc, "demote", 0, v.next);
    v.migrate_from = action_on(s, rsc, "migrate_from", 0, v.next);
    if (v.current != NULL && v.role == ROLE_STOPPED) {
        v.role = ROLE_STARTED;
    }
    if (v.role == rsc->next_role) {
        summarize_same_role(s, sum, rsc, &v);
    } else {
        summarize_role_change(s, sum, rsc, &v);
    }
}

static void
summarize_rsc(struct sched *s, struct summary *sum, struct sched_rsc *rsc)
{
    if (rsc->kind == KIND_PRIMITIVE) {
        summarize_primitive(s, sum, rsc);
        return;
    }
    if (rsc->kind != KIND_BUNDLE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            summarize_rsc(s, sum, child);
        }
        return;
    }
    VEC_FOR_EACH(struct sched_replica, replica, rsc->replicas) {
        struct sched_rsc *parts[] = {replica->ip, replica->container, replica->remote, replica->child};

        for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
            if (parts[i] != NULL) {
                summarize_rsc(s, sum, parts[i]);
            }
        }
    }
}

/* --- nodes --- */

static void
summarize_nodes(struct sched *s, struct summary *sum)
{
    struct actions_state *as = actions_of(s);

    for (unsigned i = as->all.len; i-- > 0;) {
        const struct sched_action *a = as->all.items[i];
        struct summary_node_line l = {.reason = a->reason};
        const struct sched_rsc *container;

        if (a->rsc != NULL || a->node == NULL || act_is(a, ACT_OPTIONAL) || a->reason == NULL) {
            continue;
        }
        container = node_is_guest(a->node) ? node_container(a->node) : NULL; /* a cluster node may be called as one */
        l.node = container ? arena_printf(s->arena, "%s (resource: %s)", a->node->uname, container->id) : a->node->uname;
        if (act_task(a, "stonith")) {
            l.task = arena_printf(s->arena, "Fence (%s)", action_meta(a, "stonith_action"));
        } else if (act_task(a, "do_shutdown")) {
            l.task = "Shutdown";
        } else {
            continue;
        }
        arena_vec_push(s->arena, &sum->nodes, l);
    }
}

struct summary *
summary_new(struct sched *s)
{
    struct summary *sum = arena_new_struct(s->arena, struct summary);

    sum->name_width = sum->detail_width = 5;
    summarize_nodes(s, sum);
    VEC_FOR_EACH(struct sched_rsc, rsc, s->resources) {
        summarize_rsc(s, sum, rsc);
    }
    return sum;
}

char *
summary_reason_text(const struct summary_line *line)
{
    if (line->reason != NULL) {
        return g_strdup_printf("due to %s%s", line->reason, line->blocked ? " (blocked)" : "");
    }
    return line->blocked ? g_strdup("blocked") : NULL;
}
