/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Roles of promotable clones: promotion scores from node attributes, which instances get promoted, and what that means
 * for those colocated with a role.  (spec 41 §14)
 */
#include "lib/sched/assign/assign.h"

#include <stdlib.h>

/* --- promotion scores: spec 41 §14.1 --- */

/* Is the resource, or its counterpart in any other instance, active on (or known on) the node? */
static bool
any_counterpart(const struct sched_rsc *clone, const struct sched_rsc *r, const struct sched_node *n, bool active)
{
    VEC_FOR_EACH (const struct sched_rsc, child, clone->children) {
        const struct sched_rsc *other = child;

        if (child != r && child->kind == KIND_GROUP && r->parent != clone) {
            other = NULL;
            VEC_FOR_EACH (const struct sched_rsc, member, child->children) {
                if (strcmp(member->base_id, r->base_id) == 0) {
                    other = member;
                }
            }
        }
        if (other != NULL && (active ? rsc_active_on(other, n) : rsc_known_on(other, n))) {
            return true;
        }
    }
    return false;
}

/* May the score that the node holds be taken for this instance's? */
static bool
score_applies(const struct sched_rsc *r, const struct sched_node *n)
{
    const struct sched_rsc *clone = rsc_clone(r);

    if (!row_has(&r->row, n) || r->row.score[n->id] < 0) {
        return false;
    }
    if (clone != NULL && !rsc_is(clone, RSC_UNIQUE)) {
        if (rsc_active_on(r, n)) {
            return true;
        }
        if (!any_counterpart(clone, r, n, true) && any_counterpart(clone, r, n, false)) {
            return true;
        }
    }
    if (r->active_on.len == 0 && r->known_count == 0) {
        return true;
    }
    return rsc_known_on(r, n) || rsc_active_on(r, n);
}

static const char *
score_attribute(struct sched *s, const struct sched_rsc *r, const struct sched_node *n)
{
    const char *name = r->history_name != NULL ? r->history_name : r->id, *value;
    char *attr = g_strdup_printf("master-%s", name);

    value = node_attr_for_rsc(s, n, r, attr);
    g_free(attr);
    if (value == NULL && !rsc_is(r, RSC_UNIQUE)) {
        const char *colon = strrchr(name, ':');

        attr = colon == NULL ? g_strdup_printf("master-%s", name)
                             : g_strdup_printf("master-%.*s", (int)(colon - name), name);
        value = node_attr_for_rsc(s, n, r, attr);
        g_free(attr);
    }
    return value;
}

/* Promotion score on a node; *is_default is set if there is none. */
static int
promotion_score(struct sched *s, const struct sched_rsc *r, const struct sched_node *n, bool *is_default)
{
    const char *value;
    int sum = 0;

    *is_default = true;
    if (r->children.len > 0) {
        VEC_FOR_EACH (const struct sched_rsc, child, r->children) {
            bool none;

            sum += promotion_score(s, child, n, &none);
            *is_default = *is_default && none;
        }
        return sum;
    }
    if (!score_applies(r, n) || (value = score_attribute(s, r, n)) == NULL) {
        return 0;
    }
    *is_default = false;
    return score_parse_health(s, value);
}

void
promotion_add_scores(struct sched *s, struct sched_rsc *clone)
{
    if (clone->promotion_scores_added) {
        return;
    }
    clone->promotion_scores_added = true;
    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        int highest = r->priority;

        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            bool none;
            int score;

            if (!row_has(&r->row, n) || !node_is_available(n)) {
                continue;
            }
            score = promotion_score(s, r, n, &none);
            if (score > 0) {
                row_add(&r->row, n, score);
                sched_explain_add(s, r, n, score, r->row.score[n->id], "promotion score", NULL);
            }
            if (score > 0 && score > highest) {
                highest = score;
            }
        }
        r->priority = highest;
    }
}

/* --- priority of a placed instance: spec 41 §14.2 --- */

static void
started_is_unpromoted(struct sched_rsc *r)
{
    if (r->role == ROLE_STARTED) {
        r->role = ROLE_UNPROMOTED;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        started_is_unpromoted(child);
    }
}

/* What made the score to be promoted, for an explanation: a record without a node. */
static void
note_promotion(struct sched *s, struct sched_rsc *r, int before, int after, const char *reason, const char *source)
{
    bool infinite = after >= SCORE_INFINITY || after <= -SCORE_INFINITY;

    sched_explain_add(s, r, NULL, infinite ? after : after - before, after, reason, source);
}

static void
add_promoted_locations(struct sched *s, struct sched_rsc *r, const struct sched_rsc *from, const struct sched_node *n)
{
    for (unsigned i = 0; i < from->locations.len; i++) {
        const struct sched_location *l = from->locations.items[i];

        if (l->role_filter != ROLE_PROMOTED) {
            continue;
        }
        for (unsigned k = 0; k < l->node_count; k++) {
            if (l->nodes[k].node == n) {
                int before = r->priority;

                r->priority = score_add(r->priority, l->nodes[k].score);
                note_promotion(s, r, before, r->priority, "location", l->id);
                break;
            }
        }
    }
}

static void
set_priority(struct sched *s, struct sched_rsc *clone, struct sched_rsc *r)
{
    struct sched_node *n;
    enum sched_role next;
    bool none;
    /* Members of a group count by the highest role among them. */
    if (rsc_role(r, false) == ROLE_STARTED) {
        started_is_unpromoted(r);
    }
    n = instance_node(r);
    if (n == NULL) {
        return;
    }
    next = rsc_role(r, true);
    if (next == ROLE_UNKNOWN || next == ROLE_STARTED) {
        r->priority = promotion_score(s, r, n, &none);
        if (none) {
            r->priority = -1;
        }
        note_promotion(s, r, 0, r->priority, none ? "no promotion attribute" : "promotion attribute", NULL);
    } else if (next == ROLE_UNPROMOTED || next == ROLE_STOPPED) {
        r->priority = -SCORE_INFINITY;
        note_promotion(s, r, 0, r->priority, "not to be promoted", NULL);
    }
    add_promoted_locations(s, r, r, n);
    add_promoted_locations(s, r, clone, n);
    for (unsigned i = 0; i < r->this_with.len; i++) {
        const struct sched_coloc *c = r->this_with.items[i];

        int before = r->priority;

        coloc_apply(s, r, c->primary, c);
        if (r->priority != before) {
            note_promotion(s, r, before, r->priority, "promotion colocation", c->id);
        }
    }
    r->promotion_sort_value = next == ROLE_PROMOTED ? SCORE_INFINITY : r->priority;
    if (next == ROLE_PROMOTED) {
        note_promotion(s, r, 0, SCORE_INFINITY, "to be promoted", NULL);
    }
}

/* --- order of promotion: spec 41 §14.3 --- */

struct sort_query {
    struct sched *s;
    struct sched_rsc *clone;
};

static int
compare_for_promotion(const void *left, const void *right, void *data)
{
    const struct sort_query *q = data;
    struct sched_rsc *a = (struct sched_rsc *)left, *b = (struct sched_rsc *)right;
    enum sched_role role_a, role_b;

    if (a->promotion_sort_value != b->promotion_sort_value) {
        return a->promotion_sort_value > b->promotion_sort_value ? -1 : 1;
    }
    role_a = rsc_role(a, false);
    role_b = rsc_role(b, false);
    if (role_a != role_b) {
        return role_a > role_b ? -1 : 1;
    }
    return instances_compare(q->s, q->clone, a, b);
}

static void
merge_colocated(struct sched *s, struct sched_rsc *clone)
{
    for (unsigned i = 0; i < clone->this_with.len; i++) {
        const struct sched_coloc *c = clone->this_with.items[i];

        if (c->dependent_role == ROLE_PROMOTED) {
            merge_preferences(s, c->primary, &clone->row, c->node_attribute, coloc_factor(c),
                              c->score < SCORE_INFINITY ? MERGE_REVERTIBLE : 0);
        }
    }
    for (unsigned i = 0; i < clone->with_this.len; i++) {
        const struct sched_coloc *c = clone->with_this.items[i];

        if (c->primary_role == ROLE_PROMOTED && coloc_has_influence(c, clone)) {
            merge_preferences(s, c->dependent, &clone->row, c->node_attribute, coloc_factor(c),
                              MERGE_REVERTIBLE | MERGE_POSITIVE_ONLY);
        }
    }
}

static void
sort_for_promotion(struct sched *s, struct sched_rsc *clone)
{
    struct sort_query q = { s, clone };

    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        struct sched_node *n = instance_node(r);

        if (n != NULL && r->promotion_sort_value >= 0 && row_has(&clone->row, n)) {
            row_add(&clone->row, n, r->promotion_sort_value);
        }
    }
    clone->flags |= RSC_MERGING; /* until the order is settled: its own wishes must not come back to it */
    merge_colocated(s, clone);
    for (unsigned i = 0; i < clone->tickets.len; i++) {
        const struct sched_ticket_constraint *c = clone->tickets.items[i];

        if (c->role == ROLE_PROMOTED && (!c->ticket->granted || c->ticket->standby)) {
            rsc_score_add(s, clone, NULL, -SCORE_INFINITY, "__stateful_without_ticket__", c->id);
        }
    }
    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        struct sched_node *n = instance_node(r);

        int before = r->promotion_sort_value;

        if (!rsc_is(r, RSC_MANAGED) && r->next_role == ROLE_PROMOTED) {
            r->promotion_sort_value = SCORE_INFINITY;
        } else if (n != NULL && r->promotion_sort_value >= 0 && row_has(&clone->row, n)) {
            r->promotion_sort_value = clone->row.score[n->id];
        }
        if (r->promotion_sort_value != before) {
            note_promotion(s, r, before, r->promotion_sort_value, "promotion wishes", NULL);
        }
    }
    sched_sort(clone->children.items, clone->children.len, compare_for_promotion, &q);
    clone->flags &= ~RSC_MERGING;
}

/* --- choosing: spec 41 §14.4 --- */

/* The node that an instance can be promoted on, or NULL. */
static struct sched_node *
promotable_on(struct sched *s, struct sched_rsc *clone, struct sched_rsc *r)
{
    struct sched_node *n = instance_node(r);

    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (promotable_on(s, clone, child) == NULL) {
            return NULL;
        }
    }
    if (n == NULL) {
        return NULL;
    }
    if (rsc_is(r, RSC_MANAGED)) {
        if (r->priority < 0 || !available_with_guest(n)) {
            return NULL;
        }
    } else if (rsc_role(r, false) != ROLE_PROMOTED) {
        return NULL;
    }
    if (!row_has(&clone->row, n)) {
        return NULL;
    }
    if ((int)row_counts(s, &clone->row)[n->id] >= clone->promoted_node_max && rsc_is(r, RSC_MANAGED)) {
        return NULL;
    }
    return n;
}

static void
promote(struct sched_rsc *r)
{
    if (r->next_role == ROLE_UNKNOWN) {
        rsc_set_next_role(r, ROLE_PROMOTED, "selected instance");
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        promote(child);
    }
}

static void
leave_unpromoted(struct sched_rsc *r)
{
    if (r->kind != KIND_PRIMITIVE) {
        r->next_role = instance_node(r) != NULL ? ROLE_UNPROMOTED : ROLE_STOPPED;
    } else if (r->assigned == NULL) {
        rsc_set_next_role(r, ROLE_STOPPED, "not assigned");
    } else {
        rsc_set_next_role(r, ROLE_UNPROMOTED, "not promoted");
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        leave_unpromoted(child);
    }
}

/* Whether an instance that is a group is promoted already is judged by its first member. */
static enum sched_role
first_role(const struct sched_rsc *r)
{
    return r->children.len > 0 ? first_role(r->children.items[0]) : r->role;
}

void
promotion_decide(struct sched *s, struct sched_rsc *clone)
{
    int promoted = 0;

    memset(row_counts(s, &clone->row), 0, sizeof(uint32_t) * clone->row.cap);
    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        r->promotion_sort_value = 0;
        set_priority(s, clone, r);
    }
    sort_for_promotion(s, clone);

    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        struct sched_node *n = instance_node(r), *where = NULL;

        line_promotion(s, r, n != NULL ? n->uname : NULL, r->promotion_sort_value);
        if (r->promotion_sort_value >= 0 && (promoted < clone->promoted_max || !rsc_is(clone, RSC_MANAGED))) {
            where = promotable_on(s, clone, r);
        }
        if (where != NULL && first_role(r) < ROLE_PROMOTED && !s->have_quorum
            && s->opt.no_quorum_policy == QUORUM_FREEZE) {
            where = NULL;
        }
        if (where == NULL) {
            leave_unpromoted(r);
            continue;
        }
        row_counts(s, &clone->row)[where->id]++;
        promote(r);
        promoted++;
    }
    clone->promoted_count = promoted;
}

/* --- those colocated with a role --- */

static int
placed_score(const struct sched_rsc *r)
{
    if (r->kind == KIND_PRIMITIVE) {
        return r->assigned_score;
    }
    VEC_FOR_EACH (const struct sched_rsc, child, r->children) {
        if (child->assigned != NULL) {
            return child->assigned_score;
        }
    }
    return 0;
}

/* (spec 41 §14.4, last paragraph) */
void
promotion_update_dependent_row(struct sched *s, struct sched_rsc *dependent, struct sched_rsc *clone,
                               const struct sched_coloc *c)
{
    uint8_t *with = g_new0(uint8_t, s->nodes.len + 1);
    int *placed = g_new0(int, s->nodes.len + 1);

    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        struct sched_node *home = instance_node(r);

        if (home == NULL || rsc_role(r, true) != c->primary_role) {
            continue;
        }
        with[home->id] = 1;
        placed[home->id] = placed_score(r);
        if (c->score >= SCORE_INFINITY) {
            continue;
        }
        const char *value = coloc_attr_value(home, c->node_attribute, "#uname");

        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            if (row_has(&dependent->row, n)
                && attr_values_equal(coloc_attr_value(n, c->node_attribute, "#uname"), value)) {
                row_add(&dependent->row, n, c->score);
                sched_explain_with(s, dependent, n, c->score, "colocation", c, NULL);
            }
        }
    }
    if (c->score >= SCORE_INFINITY && !(c->dependent_role == ROLE_PROMOTED && c->primary_role == ROLE_PROMOTED)) {
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            if (with[n->id]) {
                if (!row_has(&dependent->row, n)) {
                    row_enter(&dependent->row, n, -SCORE_INFINITY);
                } else {
                    row_add(&dependent->row, n, placed[n->id]);
                }
                if (row_has(&dependent->row, n)) {
                    sched_explain_with(s, dependent, n, placed[n->id], "colocation", c, NULL);
                }
            } else if (row_has(&dependent->row, n)) {
                row_put(&dependent->row, n, -SCORE_INFINITY);
                sched_explain_with(s, dependent, n, -SCORE_INFINITY, "colocation", c, NULL);
            }
        }
    }
    g_free(with);
    g_free(placed);
}

/* (spec 41 §14.5, first part) */
void
promotion_update_dependent_priority(struct sched *s, struct sched_rsc *dependent, struct sched_rsc *clone,
                                    const struct sched_coloc *c)
{
    const struct sched_node *home = instance_node(dependent);
    bool found = false;

    VEC_FOR_EACH (struct sched_rsc, r, clone->children) {
        if (home != NULL && !rsc_blocked_deep(r) && instance_node(r) == home && rsc_role(r, true) == c->primary_role) {
            found = true;
            break;
        }
    }
    if (found) {
        dependent->priority = score_add(dependent->priority, c->score);
    } else if (c->score >= SCORE_INFINITY) {
        dependent->priority = -SCORE_INFINITY;
    }
}
