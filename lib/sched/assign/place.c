/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placing one primitive: what its colocations make of its scores, which node is chosen, and what making it final
 * means.  Groups, clones and bundles end up here member by member.  (spec 41 §11)
 */
#include "lib/sched/assign/assign.h"

struct assignment {
    struct sched *s;
    struct sched_rsc *r;
    struct sched_node *prefer, *chosen;
};

static void
assign_by(void *data)
{
    struct assignment *a = data;

    a->chosen = assign_resource(a->s, a->r, a->prefer);
}

struct sched_node *
assign_resource(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    if (stack_is_short(s)) {
        struct assignment a = { s, r, prefer, NULL };

        sched_on_new_stack(s, assign_by, &a);
        return a.chosen;
    }
    switch (r->kind) {
    case KIND_GROUP:
        return assign_group(s, r, prefer);
    case KIND_CLONE:
        return assign_clone(s, r, prefer);
    case KIND_BUNDLE:
        return assign_bundle(s, r, prefer);
    case KIND_PRIMITIVE:
        break;
    }
    return assign_primitive(s, r, prefer);
}

/* --- making it final --- */

void
unsettle(struct sched *s, struct sched_rsc *r)
{
    struct sched_node *n = r->assigned;

    if (r->kind != KIND_PRIMITIVE) {
        return; /* the members stay where they are, so the group does (spec 41 §13.4) */
    }
    r->flags &= ~RSC_SETTLED;
    r->assigned = NULL;
    if (n == NULL) {
        return;
    }
    n->assigned_count--;
    for (unsigned i = n->assigned.len; i-- > 0;) {
        if (n->assigned.items[i] == r) {
            memmove(n->assigned.items + i, n->assigned.items + i + 1, (n->assigned.len - 1 - i) * sizeof r);
            n->assigned.len--;
            break;
        }
    }
    capacity_release(s, n, r);
}

/*
 * (spec 41 §11.1, 6 and 7)  A node with a negative score, or one that cannot take resources, is no place to be; guest
 * nodes may still come up.
 */
bool
settle(struct sched *s, struct sched_rsc *r, struct sched_node *chosen, bool force)
{
    bool refused = false;

    if (!force && chosen != NULL
        && ((row_has(&r->row, chosen) && r->row.score[chosen->id] < 0)
            || (!node_is_available(chosen) && !node_is_guest(chosen)))) {
        rsc_set_next_role(r, ROLE_STOPPED, "node availability");
        chosen = NULL;
        refused = true;
    }
    if (r->assigned != NULL) {
        unsettle(s, r);
    }
    r->flags |= RSC_SETTLED;
    if (chosen == NULL) {
        r->was_homeless = true;
        rsc_set_next_role(r, ROLE_STOPPED, "unable to assign");
        return !refused;
    }
    r->assigned = chosen;
    r->assigned_score = row_has(&r->row, chosen) ? r->row.score[chosen->id] : 0;
    chosen->assigned_count++;
    arena_vec_push(s->arena, &chosen->assigned, r);
    capacity_consume(s, chosen, r);
    line_utilization(s, r, chosen);
    return true;
}

/* --- choosing: spec 41 §11.1 --- */

static bool
is_unique_instance(const struct sched_rsc *r)
{
    return r->parent != NULL && r->parent->kind == KIND_CLONE && rsc_is(r->parent, RSC_UNIQUE);
}

/* Where it is now is as good as the best: stay. */
static struct sched_node *
stay_if_equal(struct sched_rsc *r, struct sched_node *best)
{
    struct sched_node *current = rsc_current_node(r, NULL, NULL);

    if (is_unique_instance(r) || r->row.score[best->id] <= 0 || !node_is_available(best) || current == NULL
        || current == best || !node_is_available(current) || current->base_score < 0) {
        return best;
    }
    if (row_has(&r->row, current) && r->row.score[current->id] == r->row.score[best->id]) {
        return current;
    }
    return best;
}

static void
explain_decision(struct sched *s, struct sched_rsc *r, struct sched_node *chosen, struct sched_node *over,
                 enum sched_home_rule rule)
{
    struct sched_decision d = { r, chosen, over, rule };

    if (sched_explains(s)) {
        arena_vec_push(s->arena, &s->decisions, d);
    }
}

/* The best of the order of nodes was taken: which rule put it before the next one? */
static void
explain_best(struct sched *s, struct sched_rsc *r, struct sched_node *best)
{
    struct sched_node *current = rsc_current_node(r, NULL, NULL), **order, *second = NULL;
    unsigned count;

    if (!sched_explains(s)) {
        return;
    }
    if (best == NULL || !available_with_score(&r->row, best)) {
        explain_decision(s, r, NULL, NULL, RULE_NOWHERE);
        return;
    }
    order = row_sorted(s, &r->row, current, &count);
    for (unsigned i = 0; i < count && second == NULL; i++) {
        second = order[i] != best ? order[i] : NULL;
    }
    g_free(order);
    if (second == NULL || !available_with_score(&r->row, second)) {
        explain_decision(s, r, best, NULL, RULE_ONLY);
    } else {
        explain_decision(s, r, best, second, deciding_rule(s, &r->row, best, second, current));
    }
}

static void
choose_node(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    struct sched_node *most_free = capacity_ban(s, r), *best, *stay;

    if (prefer == NULL) {
        prefer = most_free;
    }
    best = row_best(s, &r->row, rsc_current_node(r, NULL, NULL));
    if (best != NULL && prefer != NULL && row_has(&r->row, prefer)
        && r->row.score[prefer->id] >= r->row.score[best->id] && available_with_score(&r->row, prefer)) {
        explain_decision(s, r, prefer, best != prefer ? best : NULL, RULE_WISH);
        settle(s, r, prefer, false);
        return;
    }
    stay = best != NULL ? stay_if_equal(r, best) : NULL;
    if (stay != best) {
        explain_decision(s, r, stay, best, RULE_CURRENT);
    } else {
        explain_best(s, r, best);
    }
    settle(s, r, stay, false);
}

/* --- colocations of a primitive --- */

/*
 * The primary first, then what its place means here.  If a constraint that is not mandatory leaves nothing, it is
 * forgotten.  (spec 41 §10.4 end)
 */
static void
apply_this_with(struct sched *s, struct sched_rsc *r, const struct sched_coloc *c)
{
    bool guard = c->dependent_role == ROLE_PROMOTED || (c->score < 0 && c->score > -SCORE_INFINITY);
    struct sched_row saved = { 0 };

    if (guard) {
        saved = row_copy(&r->row);
    }
    assign_resource(s, c->primary, NULL);
    coloc_apply(s, r, c->primary, c);
    if (guard) {
        if (!row_any_available(s, &r->row)) {
            explain_unheeded(s, r, &saved, c);
            row_restore(&r->row, &saved);
        }
        row_release(&saved);
    }
}

static void
apply_colocations(struct sched *s, struct sched_rsc *r)
{
    for (unsigned i = 0; i < r->this_with.len; i++) {
        const struct sched_coloc *c = r->this_with.items[i];

        apply_this_with(s, r, c);
        while (r->this_with.items[i] != c) {
            i++; /* placing the primary has put others before it: they are not for this time */
        }
    }
    for (unsigned i = 0; i < r->with_this.len; i++) {
        const struct sched_coloc *c = r->with_this.items[i];

        if (coloc_has_influence(c, c->primary)) {
            merge_wishes(s, r, c, MERGE_REVERTIBLE);
        }
    }
}

/* A connection with a place makes its node usable, one without takes it away (spec 41 §9.1). */
static void
update_remote_node(struct sched *s, struct sched_rsc *r)
{
    struct sched_node *n = r->remote_node;

    if (!r->is_remote_node || n == NULL) {
        return;
    }
    memo_forget(s->memo);
    if (r->assigned != NULL && r->next_role != ROLE_STOPPED) {
        n->online = true;
        if (n->unseen) {
            n->unclean = false;
        }
    } else {
        n->shutdown = true;
    }
}

static void
decide(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    if (!rsc_is(r, RSC_MANAGED)) {
        explain_decision(s, r, rsc_current_node(r, NULL, NULL), NULL, RULE_UNMANAGED);
        rsc_set_next_role(r, r->role, "unmanaged");
        enum sched_role keep = r->next_role;

        settle(s, r, rsc_current_node(r, NULL, NULL), true);
        if (r->assigned != NULL) {
            r->next_role = keep;
            r->assigned_score = r->assigned->base_score; /* nobody looked at its own scores */
        }
    } else if (s->opt.stop_all_resources) {
        explain_decision(s, r, NULL, NULL, RULE_STOP_ALL);
        settle(s, r, NULL, true);
    } else if (!rsc_is(r, RSC_SETTLED)) {
        choose_node(s, r, prefer);
    }
}

struct sched_node *
assign_primitive(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    if (r->parent != NULL && !rsc_is(r->parent, RSC_ASSIGNING)) {
        assign_resource(s, r->parent, prefer);
    }
    if (rsc_is(r, RSC_SETTLED)) {
        return r->assigned;
    }
    if (rsc_is(r, RSC_ASSIGNING)) {
        return NULL;
    }
    r->flags |= RSC_ASSIGNING;
    apply_colocations(s, r);
    if (r->next_role == ROLE_STOPPED) {
        rsc_score_add(s, r, NULL, -SCORE_INFINITY, "target-role", NULL);
    } else if (r->next_role > r->role && !s->have_quorum && s->opt.no_quorum_policy == QUORUM_FREEZE) {
        rsc_set_next_role(r, r->role, "no-quorum-policy=freeze");
    }
    line_scores(s, "pcmk__primitive_assign", r, false);

    if (s->opt.stonith_enabled && !s->have_fence_device) {
        r->flags &= ~RSC_MANAGED;
    }
    decide(s, r, prefer);
    r->flags &= ~RSC_ASSIGNING;
    update_remote_node(s, r);
    return r->assigned;
}
