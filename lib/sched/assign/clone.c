/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Instances: in which order they are looked at, and how they are distributed over the nodes.  Used for clones and for
 * the containers of bundles.  Roles are decided in promote.c.  (spec 41 §13)
 */
#include "lib/sched/assign/assign.h"

#include <stdlib.h>

/* --- order of instances: spec 41 §13.5 --- */

static bool
failed_deep(const struct sched_rsc *r)
{
    if (rsc_is(r, RSC_FAILED)) {
        return true;
    }
    VEC_FOR_EACH (const struct sched_rsc, child, r->children) {
        if (failed_deep(child)) {
            return true;
        }
    }
    return false;
}

/* What the others think of the one node that the instance is on. */
static int
wishes_for(struct sched *s, struct sched_rsc *parent, struct sched_rsc *r, const struct sched_node *n)
{
    struct sched_row w = { .cap = r->row.cap };
    int score;

    if (parent->this_with.len == 0 && parent->with_this.len == 0) {
        return n->base_score;
    }
    w.score = g_malloc0(sizeof *w.score * w.cap + w.cap + 1);
    w.mode = (uint8_t *)(w.score + w.cap);
    row_enter(&w, n, n->base_score);
    for (unsigned i = 0; i < parent->this_with.len; i++) {
        const struct sched_coloc *c = parent->this_with.items[i];

        merge_preferences(s, c->primary, &w, c->node_attribute, coloc_factor(c), 0);
    }
    for (unsigned i = 0; i < parent->with_this.len; i++) {
        const struct sched_coloc *c = parent->with_this.items[i];

        if (coloc_has_influence(c, r)) {
            merge_preferences(s, c->dependent, &w, c->node_attribute, coloc_factor(c), MERGE_POSITIVE_ONLY);
        }
    }
    score = w.score[n->id];
    row_release(&w);
    return score;
}

static int
instance_number(const struct sched_rsc *r)
{
    const char *mark = strrchr(r->id, r->replica != NULL && r->replica->container == r ? '-' : ':');

    return mark == NULL ? 0 : atoi(mark + 1);
}

/*
 * Which of two instances is placed first?  (spec 41 §13.5)
 *
 *   1. of two active ones the one active on fewer nodes
 *   2. one that may stay where it is before one that may not; the latter then counts as inactive
 *   3. the higher priority
 *   4. the active one; two inactive ones are equal
 *   5. the one whose node is available
 *   6. the one whose node the parent allows
 *   7. the one whose node has fewer instances
 *   8. the one that has not failed
 *   9. the one whose node the colocated like better
 *  10. the lower number
 */
int
instances_compare(struct sched *s, struct sched_rsc *parent, struct sched_rsc *a, struct sched_rsc *b)
{
    unsigned count_a, count_b;
    struct sched_node *na = rsc_current_node(a, &count_a, NULL), *nb = rsc_current_node(b, &count_b, NULL);
    bool misplaced_a, misplaced_b;

    if (count_a > 0 && count_b > 0 && count_a != count_b) {
        return count_a < count_b ? -1 : 1;
    }
    misplaced_a = na != NULL && (!row_has(&a->row, na) || a->row.score[na->id] < 0);
    misplaced_b = nb != NULL && (!row_has(&b->row, nb) || b->row.score[nb->id] < 0);
    if (misplaced_a != misplaced_b) {
        return misplaced_b ? -1 : 1;
    }
    if (misplaced_a) {
        na = NULL;
    }
    if (misplaced_b) {
        nb = NULL;
    }
    if (a->priority != b->priority) {
        return a->priority > b->priority ? -1 : 1;
    }
    if (na == NULL || nb == NULL) {
        return na == nb ? 0 : na != NULL ? -1 : 1;
    }
    if (node_is_available(na) != node_is_available(nb)) {
        return node_is_available(na) ? -1 : 1;
    }
    if (!row_has(&parent->row, na) || !row_has(&parent->row, nb)) {
        bool has_a = row_has(&parent->row, na), has_b = row_has(&parent->row, nb);

        return has_a == has_b ? 0 : has_a ? -1 : 1;
    }
    if (parent->row.count != NULL && parent->row.count[na->id] != parent->row.count[nb->id]) {
        return parent->row.count[na->id] < parent->row.count[nb->id] ? -1 : 1;
    }
    if (failed_deep(a) != failed_deep(b)) {
        return failed_deep(b) ? -1 : 1;
    }
    int wish_a = wishes_for(s, parent, a, na), wish_b = wishes_for(s, parent, b, nb);

    if (wish_a != wish_b) {
        return wish_a > wish_b ? -1 : 1;
    }
    int number_a = instance_number(a), number_b = instance_number(b);

    return number_a < number_b ? -1 : number_a > number_b;
}

struct sort_query {
    struct sched *s;
    struct sched_rsc *parent;
};

static int
compare_for_sort(const void *a, const void *b, void *data)
{
    const struct sort_query *q = data;

    return instances_compare(q->s, q->parent, (struct sched_rsc *)a, (struct sched_rsc *)b);
}

void
instances_sort(struct sched *s, struct sched_rsc *parent, struct sched_rsc **instances, unsigned count)
{
    struct sort_query q = { s, parent };

    sched_sort(instances, count, compare_for_sort, &q);
}

/* --- distribution: spec 41 §13.4 --- */

/* (spec 41 §13.3) */
static void
hand_constraints(struct sched *s, struct sched_rsc *parent, struct sched_rsc *r, bool few)
{
    for (unsigned i = 0; i < parent->this_with.len; i++) {
        struct sched_coloc *c = parent->this_with.items[i];

        if (few || c->score < 0 || c->score >= SCORE_INFINITY) {
            coloc_file_dependent(s, r, c);
        }
    }
    for (unsigned i = 0; i < parent->with_this.len; i++) {
        struct sched_coloc *c = parent->with_this.items[i];

        if (coloc_has_influence(c, r) && (few || c->score < 0)) {
            coloc_file_primary(s, r, c);
        }
    }
}

static void
ban_deep(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    if (row_has(&r->row, n)) {
        row_add(&r->row, n, -SCORE_INFINITY);
        sched_explain_add(s, r, n, -SCORE_INFINITY, -SCORE_INFINITY, "instance limit", NULL);
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        ban_deep(s, child, n);
    }
}

/* Where the parent does not let an instance go, or has enough of them. */
static void
ban_impossible(struct sched *s, struct sched_rsc *parent, struct sched_rsc *r, int per_node)
{
    const uint32_t *count = row_counts(s, &parent->row);

    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (row_has(&r->row, n)
            && (!node_is_available(n) || rsc_is(r, RSC_ORPHAN) || !row_has(&parent->row, n)
                || parent->row.score[n->id] < 0 || (int)count[n->id] >= per_node)) {
            ban_deep(s, r, n);
        }
    }
}

static struct sched_node *
try_instance(struct sched *s, struct sched_rsc *parent, struct sched_rsc *r, struct sched_node *prefer, bool few,
             int per_node)
{
    struct sched_row saved;
    struct sched_node *chosen;

    if (rsc_is(r, RSC_SETTLED)) {
        return instance_node(r);
    }
    if (rsc_is(r, RSC_ASSIGNING)) {
        return NULL;
    }
    hand_constraints(s, parent, r, few);
    if (prefer != NULL && (!row_has(&r->row, prefer) || r->row.score[prefer->id] < 0)) {
        return NULL;
    }
    ban_impossible(s, parent, r, per_node);
    saved = row_copy(&r->row);
    chosen = assign_resource(s, r, prefer);
    if (prefer != NULL && chosen != NULL && chosen != prefer) {
        row_restore(&r->row, &saved);
        unsettle(s, r);
        chosen = NULL;
    } else if (chosen != NULL) {
        row_counts(s, &parent->row)[chosen->id]++;
    }
    row_release(&saved);
    return chosen;
}

/* First pass: where the instance may stay without crowding. */
static struct sched_node *
place_to_keep(struct sched *s, struct sched_rsc *parent, struct sched_rsc *r, unsigned optimal)
{
    struct sched_node *n = rsc_current_node(r, NULL, NULL);

    if (n == NULL || rsc_is(r, RSC_SETTLED) || rsc_is(r, RSC_FAILED)) {
        return NULL;
    }
    if (!node_is_available(n) || n->base_score < 0) {
        return NULL;
    }
    if (!row_has(&parent->row, n)) {
        sched_message(s, MSG_ERROR, 0, "distribute_children", "%s is running on %s which isn't allowed", r->id, n->uname);
        return n;
    }
    return row_counts(s, &parent->row)[n->id] < optimal ? n : NULL;
}

void
instances_distribute(struct sched *s, struct sched_rsc *parent, struct sched_rsc **instances, unsigned count, int max,
                     int per_node)
{
    unsigned available = 0, optimal = 1;
    int placed = 0;
    bool few;

    memset(row_counts(s, &parent->row), 0, sizeof(uint32_t) * parent->row.cap);
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        available += row_has(&parent->row, n) && node_is_available(n);
    }
    few = max < (int)available;
    if (available > 0) {
        optimal = MAX(1u, (unsigned)MAX(max, 0) / available);
    }
    for (unsigned i = 0; i < count && placed < max; i++) {
        struct sched_node *keep = place_to_keep(s, parent, instances[i], optimal);

        if (keep != NULL && try_instance(s, parent, instances[i], keep, few, per_node) != NULL) {
            placed++;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        struct sched_rsc *r = instances[i];

        if (!rsc_is(r, RSC_SETTLED)) {
            if (placed >= max) {
                rsc_score_add(s, r, NULL, -SCORE_INFINITY, "clone-max", NULL);
            } else if (try_instance(s, parent, r, NULL, few, per_node) != NULL) {
                placed++;
            }
        }
    }
}

/* --- the clone: spec 41 §13.2 --- */

struct sched_node *
assign_clone(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    if (rsc_is(r, RSC_SETTLED) || rsc_is(r, RSC_ASSIGNING)) {
        return NULL;
    }
    if (rsc_is(r, RSC_PROMOTABLE)) {
        promotion_add_scores(s, r);
    }
    r->flags |= RSC_ASSIGNING;
    for (unsigned i = 0; i < r->this_with.len; i++) {
        assign_resource(s, r->this_with.items[i]->primary, prefer);
    }
    for (unsigned i = 0; i < r->with_this.len; i++) {
        const struct sched_coloc *c = r->with_this.items[i];

        if (coloc_has_influence(c, c->primary)) {
            merge_wishes(s, r, c, MERGE_POSITIVE_ONLY | MERGE_REVERTIBLE);
        }
    }
    line_scores(s, "pcmk__clone_allocate", r, true);
    instances_sort(s, r, r->children.items, r->children.len);
    instances_distribute(s, r, r->children.items, r->children.len, r->clone_max, r->clone_node_max);
    if (rsc_is(r, RSC_PROMOTABLE)) {
        promotion_decide(s, r);
    }
    r->flags = (r->flags & ~RSC_ASSIGNING) | RSC_SETTLED;
    return NULL;
}
