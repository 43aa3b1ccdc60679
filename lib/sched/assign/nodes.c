/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which nodes can take something, and which of two is the better home.  Also rows that live only for a while.
 * Pure comparison; nothing here changes the model.  (spec 41 §9, §19)
 */
#include "lib/sched/assign/assign.h"
#include "lib/base/text.h"

bool
available_with_score(const struct sched_row *row, const struct sched_node *n)
{
    return row_has(row, n) && row->score[n->id] >= 0 && node_is_available(n);
}

/* A guest node counts only once its container has a place. */
bool
available_with_guest(const struct sched_node *n)
{
    return node_is_available(n) && (!node_is_guest(n) || node_container(n)->assigned != NULL);
}

bool
row_any_available(const struct sched *s, const struct sched_row *row)
{
    VEC_FOR_EACH (const struct sched_node, n, s->nodes) {
        if (available_with_score(row, n)) {
            return true;
        }
    }
    return false;
}

/*
 * Which of two nodes is the better home?  (spec 41 §9.2)
 *
 *   1. the higher score, where a node that cannot take resources has none
 *   2. (strategy minimal: go to 6)
 *   3. strategy balanced: the one with more capacity left
 *   4. the one with fewer primitives placed on it so far
 *   5. the one where the resource is now
 *   6. the lower name
 */
int
compare_homes(const struct sched *s, const struct sched_row *row, const struct sched_node *a,
              const struct sched_node *b, const struct sched_node *current)
{
    int score_a = node_is_available(a) ? row != NULL ? row->score[a->id] : a->base_score : -SCORE_INFINITY;
    int score_b = node_is_available(b) ? row != NULL ? row->score[b->id] : b->base_score : -SCORE_INFINITY;

    if (score_a != score_b) {
        return score_a > score_b ? -1 : 1;
    }
    if (s->opt.placement != PLACEMENT_MINIMAL) {
        if (s->opt.placement == PLACEMENT_BALANCED) {
            int more = capacity_compare(a, b);

            if (more != 0) {
                return more > 0 ? -1 : 1;
            }
        }
        if (a->assigned_count != b->assigned_count) {
            return a->assigned_count < b->assigned_count ? -1 : 1;
        }
        if (a == current || b == current) {
            return a == b ? 0 : a == current ? -1 : 1;
        }
    }
    return strcmp(a->uname, b->uname);
}

enum sched_home_rule
deciding_rule(const struct sched *s, const struct sched_row *row, const struct sched_node *a, const struct sched_node *b,
              const struct sched_node *current)
{
    int score_a = node_is_available(a) ? row->score[a->id] : -SCORE_INFINITY;
    int score_b = node_is_available(b) ? row->score[b->id] : -SCORE_INFINITY;

    if (score_a != score_b) {
        return score_b < 0 ? RULE_ONLY : RULE_SCORE;
    }
    if (s->opt.placement != PLACEMENT_MINIMAL) {
        if (s->opt.placement == PLACEMENT_BALANCED && capacity_compare(a, b) != 0) {
            return RULE_CAPACITY;
        }
        if (a->assigned_count != b->assigned_count) {
            return RULE_FEWER;
        }
        if (a == current || b == current) {
            return RULE_CURRENT;
        }
    }
    return RULE_NAME;
}

struct sort_query {
    struct sched *s;
    const struct sched_row *row;
    const struct sched_node *current;
};

static int
compare_for_sort(const void *a, const void *b, void *data)
{
    const struct sort_query *q = data;

    return compare_homes(q->s, q->row, a, b, q->current);
}

/* --- order of a hash table (spec 41 §19) --- */

struct sched_node **
row_hash_order(struct sched *s, const struct sched_row *row, unsigned *count)
{
    GHashTable *table = g_hash_table_new(text_hash, g_str_equal);
    struct sched_node **out = g_new(struct sched_node *, s->nodes.len + 1);
    GHashTableIter iter;
    gpointer value;

    *count = 0;
    for (int bundle_nodes = 0; bundle_nodes < 2; bundle_nodes++) { /* which are not there from the beginning */
        for (unsigned i = 0; i < s->nodes.len; i++) {
            struct sched_node *n = s->node_order[i];

            if (row_has(row, n) && n->resource_discovery_never == bundle_nodes) {
                g_hash_table_insert(table, (gpointer)n->uuid, n);
            }
        }
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        out[(*count)++] = value;
    }
    g_hash_table_destroy(table);
    return out;
}

struct sched_node **
row_sorted(struct sched *s, const struct sched_row *row, const struct sched_node *current, unsigned *count)
{
    struct sort_query q = { s, row, current };
    struct sched_node **list;

    if (s->opt.placement == PLACEMENT_BALANCED) {
        /* The comparison may go round in circles: then where it starts from decides. */
        list = row_hash_order(s, row, count);
        for (unsigned i = 0; i < *count / 2; i++) {
            struct sched_node *swap = list[i];

            list[i] = list[*count - 1 - i];
            list[*count - 1 - i] = swap;
        }
    } else {
        list = g_new(struct sched_node *, s->nodes.len + 1);
        *count = 0;
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            if (row_has(row, n)) {
                list[(*count)++] = n;
            }
        }
    }
    sched_sort(list, *count, compare_for_sort, &q);
    return list;
}

struct sched_node *
row_best(struct sched *s, const struct sched_row *row, const struct sched_node *current)
{
    struct sched_node *best = NULL;

    if (s->opt.placement == PLACEMENT_BALANCED) {
        unsigned count;
        struct sched_node **list = row_sorted(s, row, current, &count);

        best = count > 0 ? list[0] : NULL;
        g_free(list);
        return best;
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (row_has(row, n) && (best == NULL || compare_homes(s, row, n, best, current) < 0)) {
            best = n;
        }
    }
    return best;
}

struct sched_node **
cluster_nodes_sorted(struct sched *s)
{
    struct sort_query q = { s, NULL, NULL };
    struct sched_node **list = g_new(struct sched_node *, s->nodes.len + 1);

    memcpy(list, s->node_order, sizeof *list * s->nodes.len);
    sched_sort(list, s->nodes.len, compare_for_sort, &q);
    return list;
}

/* --- temporary rows --- */

struct sched_row
row_copy(const struct sched_row *from)
{
    struct sched_row row = { .cap = from->cap };

    row.score = g_malloc(sizeof *row.score * from->cap + from->cap + 1);
    row.mode = (uint8_t *)(row.score + from->cap);
    memcpy(row.score, from->score, sizeof *row.score * from->cap);
    memcpy(row.mode, from->mode, from->cap);
    return row;
}

void
row_release(struct sched_row *row)
{
    g_free(row->score);
    row->score = NULL;
}

void
row_restore(struct sched_row *to, const struct sched_row *from)
{
    memcpy(to->score, from->score, sizeof *to->score * from->cap);
    memcpy(to->mode, from->mode, from->cap);
    row_changed(to);
}

void
row_add(struct sched_row *row, const struct sched_node *n, int score)
{
    row->score[n->id] = score_add(row->score[n->id], score);
    row_changed(row);
}

void
row_put(struct sched_row *row, const struct sched_node *n, int score)
{
    row->score[n->id] = score;
    row_changed(row);
}

uint32_t *
row_counts(struct sched *s, struct sched_row *row)
{
    if (row->count == NULL) {
        row->count = arena_new_array(s->arena, uint32_t, row->cap);
    }
    return row->count;
}
