/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preference merging: what those who must be (or would like to be) with a resource think of the nodes it could go to.
 * Called while a resource is being placed, and for sorting.  (spec 41 §10.5)
 */
#include "lib/sched/assign/assign.h"

/* Stands in a row for "was positive, is now negative by a dependent's dislike"; becomes 1 at the end. */
#define MARKER (-100 * SCORE_INFINITY)

float
coloc_factor(const struct sched_coloc *c)
{
    return (float)c->score / (float)SCORE_INFINITY;
}

/*
 * Highest score that r gives to any available node with the value; -INFINITY if there is none.
 */
static int
best_by_value(struct sched *s, const struct sched_row *row, const char *attr, const char *value)
{
    int best = -SCORE_INFINITY;

    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (row_has(row, n) && node_is_available(n) && row->score[n->id] > best
            && attr_values_equal(value, coloc_attr_value(n, attr, "#uname"))) {
            best = row->score[n->id];
        }
    }
    return best;
}

static int
best_for(struct sched *s, const struct sched_row *row, const char *attr, const struct sched_node *n)
{
    if (attr == NULL && n->attrs_complete) {
        /* Nobody else has its name. */
        return row_has(row, n) && node_is_available(n) ? row->score[n->id] : -SCORE_INFINITY;
    }
    return best_by_value(s, row, attr, coloc_attr_value(n, attr, "#uname"));
}

static int
round_half_away(float value)
{
    return (int)(value < 0 ? value - 0.5f : value + 0.5f);
}

/* `of` adds its score to that of the resource being placed. */
static void
explain_wish(struct sched *s, const struct sched_rsc *of, struct sched_node *n, int delta, int result)
{
    if (s->merging_for != NULL && delta != 0) {
        struct sched_explain e = { s->merging_for, n, delta, result, "preference", s->merging_by->id, of };

        arena_vec_push(s->arena, &s->explain, e);
    }
}

/* The addition rule of spec 41 §10.5. */
static void
add_scores(struct sched *s, struct sched_row *w, const struct sched_rsc *of, const char *attr, float factor,
           bool positive_only)
{
    const struct sched_row *row = &of->row;

    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        int best, delta, sum, *entry = &w->score[n->id];
        float product;

        if (!row_has(w, n)) {
            continue;
        }
        best = best_for(s, row, attr, n);
        if (factor < 0 && best < 0) {
            continue; /* a dislike of a dislike is no wish */
        }
        if (*entry == MARKER) {
            continue;
        }
        product = factor * (float)best;
        delta = round_half_away(product);
        if (delta == 0 && best != 0) {
            if (factor > 0.0f) {
                delta = 1;
            } else if (factor < 0.0f) {
                delta = -1;
            }
        }
        sum = score_add(*entry, delta);
        if (positive_only && sum < 0 && *entry > 0) {
            *entry = MARKER;
        } else if (positive_only && sum < 0 && *entry == 0) {
            continue;
        } else {
            *entry = sum;
            explain_wish(s, of, n, delta, sum);
        }
    }
}

static bool
starts_from(struct sched *s, struct sched_rsc *r, struct sched_row *w, const char *attr, float factor, unsigned flags)
{
    struct sched_rsc *member;

    if (r->kind == KIND_GROUP) {
        if (r->children.len == 0) {
            return false;
        }
        /* The members pass the wishes of those behind them on by their internal colocations. */
        member = (flags & MERGE_FRESH) != 0 ? r->children.items[r->children.len - 1] : r->children.items[0];
        merge_preferences(s, member, w, attr, factor, flags);
    } else if ((flags & MERGE_FRESH) != 0) {
        row_restore(w, &r->row);
    } else {
        add_scores(s, w, r, attr, factor, (flags & MERGE_POSITIVE_ONLY) != 0);
    }
    return true;
}

void
merge_preferences(struct sched *s, struct sched_rsc *r, struct sched_row *into, const char *attr, float factor,
                  unsigned flags)
{
    const struct sched_coloc *by = s->merging_by;
    unsigned explained = s->explain.len;
    struct sched_row w;
    const sched_coloc_vec *list;

    if (rsc_is(r, RSC_MERGING)) {
        return;
    }
    r->flags |= RSC_MERGING;
    w = row_copy(into);
    if (!starts_from(s, r, &w, attr, factor, flags)) {
        goto done;
    }
    if (row_any_available(s, &w)) {
        if ((flags & MERGE_THIS_WITH) != 0) {
            list = &r->this_with;
        } else if (r->kind == KIND_GROUP) {
            list = &r->children.items[r->children.len - 1]->with_this;
        } else {
            list = &r->with_this;
        }
        for (unsigned i = 0; i < list->len; i++) {
            const struct sched_coloc *c = list->items[i];
            struct sched_rsc *other = (flags & MERGE_THIS_WITH) != 0 ? c->primary : c->dependent;
            float other_factor = coloc_factor(c);

            if ((flags & MERGE_THIS_WITH) == 0 && !coloc_has_influence(c, c->primary)) {
                continue;
            }
            if (factor < 0) {
                other_factor = -other_factor;
            }
            s->merging_by = c;
            merge_preferences(s, other, &w, c->node_attribute, other_factor,
                              (flags & ~MERGE_FRESH) | MERGE_REVERTIBLE);
            s->merging_by = by;
        }
    } else if ((flags & MERGE_REVERTIBLE) != 0) {
        s->explain.len = explained;
        goto done; /* nowhere left to go: better not to listen */
    }
    if ((flags & MERGE_POSITIVE_ONLY) != 0) {
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            if (row_has(&w, n) && w.score[n->id] == MARKER) {
                w.score[n->id] = 1;
            }
        }
    }
    row_restore(into, &w);

done:
    row_release(&w);
    r->flags &= ~RSC_MERGING;
}

void
merge_wishes(struct sched *s, struct sched_rsc *r, const struct sched_coloc *c, unsigned flags)
{
    s->merging_for = sched_explains(s) ? r : NULL;
    s->merging_by = c;
    merge_preferences(s, c->dependent, &r->row, c->node_attribute, coloc_factor(c), flags);
    s->merging_for = NULL;
    s->merging_by = NULL;
}
