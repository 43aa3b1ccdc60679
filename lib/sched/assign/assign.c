/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Placement from beginning to end: criteria, implicit constraints, and the order in which resources get their turn.
 * Called once after the model was made.  (spec 41 §4, §8)
 */
#include "lib/sched/assign/assign.h"

/* --- order of resources where capacity counts: spec 41 §8.2 --- */

struct sort_query {
    struct sched *s;
    struct sched_node **nodes; /* best first */
    GHashTable *merged;        /* resource -> struct sched_row */
};

static struct sched_row *
merged_row(struct sort_query *q, struct sched_rsc *r)
{
    struct sched_row *row = g_hash_table_lookup(q->merged, r);

    if (row == NULL) {
        row = g_new(struct sched_row, 1);
        *row = row_copy(&r->row);
        merge_preferences(q->s, r, row, NULL, 1.0f, MERGE_THIS_WITH | MERGE_FRESH);
        g_hash_table_insert(q->merged, r, row);
    }
    return row;
}

static void
row_free(void *data)
{
    row_release(data);
    g_free(data);
}

static int
score_or_none(const struct sched_row *row, const struct sched_node *n)
{
    return n == NULL || !row_has(row, n) ? -SCORE_INFINITY : row->score[n->id];
}

/*
 * Which of two resources is placed first?
 *
 *   1. the higher priority
 *   2. the higher score, with what it depends on, where it is now
 *   3. the higher score on the best node on which they differ
 */
static int
compare_resources(const void *left, const void *right, void *data)
{
    struct sort_query *q = data;
    struct sched_rsc *a = (struct sched_rsc *)left, *b = (struct sched_rsc *)right;
    struct sched_row *row_a, *row_b;
    int score_a, score_b;

    if (a->priority != b->priority) {
        return a->priority > b->priority ? -1 : 1;
    }
    if (q->s->nodes.len == 0) {
        return 0;
    }
    row_a = merged_row(q, a);
    row_b = merged_row(q, b);
    score_a = score_or_none(row_a, rsc_current_node(a, NULL, NULL));
    score_b = score_or_none(row_b, rsc_current_node(b, NULL, NULL));
    if (score_a != score_b) {
        return score_a > score_b ? -1 : 1;
    }
    for (unsigned i = 0; i < q->s->nodes.len; i++) {
        score_a = score_or_none(row_a, q->nodes[i]);
        score_b = score_or_none(row_b, q->nodes[i]);
        if (score_a != score_b) {
            return score_a > score_b ? -1 : 1;
        }
    }
    return 0;
}

static void
sort_resources(struct sched *s)
{
    struct sort_query q = { s, cluster_nodes_sorted(s), g_hash_table_new_full(NULL, NULL, NULL, row_free) };

    sched_sort(s->resources.items, s->resources.len, compare_resources, &q);
    g_hash_table_destroy(q.merged);
    g_free(q.nodes);
}

/* --- everything --- */

void
sched_apply_criteria(struct sched *s)
{
    if (!s->criteria_applied) {
        s->criteria_applied = true;
        criteria_apply(s);
    }
}

static void
assign_all(struct sched *s)
{
    sched_apply_criteria(s);
    implicit_constraints(s);
    capacity_init(s);
    for (unsigned i = 0; i < s->nodes.len; i++) {
        line_capacity(s, "Original", s->node_order[i]);
    }
    if (s->opt.placement != PLACEMENT_DEFAULT) {
        sort_resources(s);
    }
    if (s->has_remote_nodes) {
        /* Connections first: what follows must know which remote nodes there will be. */
        VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
            if (r->is_remote_node) {
                assign_resource(s, r, r->partial_target);
            }
        }
    }
    VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
        if (!r->is_remote_node) {
            assign_resource(s, r, NULL);
        }
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        line_capacity(s, "Remaining", s->node_order[i]);
    }
    memo_free(s);
    ops_check(s);
}

void
sched_assign(struct sched *s)
{
    sched_run_deep(s, assign_all);
}
