/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preference merging: what those who must be (or would like to be) with a resource think of the nodes it could go to.
 * Called while a resource is being placed, and for sorting.  (spec 41 §10.5)
 */
#include "lib/sched/assign/memo.h"

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

/* --- the walk --- */

/*
 * Looks at resources, times nodes, that a run may have for wishes: some 20 seconds of work.  Not counted are as many as
 * any reasonable configuration needs.
 */
#define MOST_LOOKS (1ULL << 31)
#define LONG_WALK  64 /* visits; shorter ones are not worth remembering */

static void walk(struct sched *s, struct sched_rsc *r, struct sched_row *into, const char *attr, float factor, unsigned flags);

struct walk_call {
    struct sched *s;
    struct sched_rsc *r;
    struct sched_row *into;
    const char *attr;
    float factor;
    unsigned flags;
};

static void
walk_by(void *data)
{
    struct walk_call *call = data;

    walk(call->s, call->r, call->into, call->attr, call->factor, call->flags);
}

/* Counts a visit.  False: constraints branch and meet so often that following them would not end. */
static bool
may_visit(struct sched *s)
{
    s->merge_visits++;
    if (s->merge_visits == LONG_WALK && s->memo == NULL && !sched_explains(s)) {
        memo_new(s);
    }
    s->merge_visits_all++;
    if (s->merge_visits_all * (s->nodes.len + 16) <= MOST_LOOKS
        || s->merge_visits_all <= 16ULL * (s->rscs.len + s->colocs.len)) {
        return true;
    }
    if (!s->merge_cut) {
        s->merge_cut = true;
        CONFIG_ERROR(s, "Colocation constraints can be followed in too many ways to heed every preference for nodes "
                        "(simplify them, for example with fewer that lead to the same resource)");
    }
    return false;
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
        walk(s, member, w, attr, factor, flags);
    } else if ((flags & MERGE_FRESH) != 0) {
        row_restore(w, &r->row);
    } else {
        add_scores(s, w, r, attr, factor, (flags & MERGE_POSITIVE_ONLY) != 0);
    }
    return true;
}

static const sched_coloc_vec *
list_to_follow(const struct sched_rsc *r, unsigned flags)
{
    if ((flags & MERGE_THIS_WITH) != 0) {
        return &r->this_with;
    }
    return r->kind == KIND_GROUP && r->children.len > 0 ? &r->children.items[r->children.len - 1]->with_this : &r->with_this;
}

static void
walk_list(struct sched *s, const sched_coloc_vec *list, struct sched_row *w, float factor, unsigned flags)
{
    const struct sched_coloc *by = s->merging_by;

    for (unsigned i = 0; i < list->len; i++) {
        const struct sched_coloc *c = list->items[i];
        float other_factor = coloc_factor(c);

        if ((flags & MERGE_THIS_WITH) == 0 && !coloc_has_influence(c, c->primary)) {
            continue;
        }
        s->merging_by = c;
        walk(s, (flags & MERGE_THIS_WITH) != 0 ? c->primary : c->dependent, w, c->node_attribute,
             factor < 0 ? -other_factor : other_factor, (flags & ~MERGE_FRESH) | MERGE_REVERTIBLE);
        s->merging_by = by;
    }
}

/* False: it leads to nothing, and the table stays as it was. */
static bool
merge_into(struct sched *s, struct sched_rsc *r, struct sched_row *w, const char *attr, float factor, unsigned flags)
{
    unsigned explained = s->explain.len;

    if (!starts_from(s, r, w, attr, factor, flags)) {
        return false;
    }
    if (row_any_available(s, w)) {
        walk_list(s, list_to_follow(r, flags), w, factor, flags);
    } else if ((flags & MERGE_REVERTIBLE) != 0) {
        s->explain.len = explained;
        return false; /* nowhere left to go: better not to listen */
    }
    if ((flags & MERGE_POSITIVE_ONLY) != 0) {
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            if (row_has(w, n) && w->score[n->id] == MARKER) {
                w->score[n->id] = 1;
            }
        }
    }
    return true;
}

static void
walk(struct sched *s, struct sched_rsc *r, struct sched_row *into, const char *attr, float factor, unsigned flags)
{
    bool remember;
    struct sched_row w;

    if (rsc_is(r, RSC_MERGING) || !may_visit(s)) {
        return;
    }
    if (stack_is_short(s)) {
        struct walk_call call = { s, r, into, attr, factor, flags };

        s->merge_visits--;
        s->merge_visits_all--;
        sched_on_new_stack(s, walk_by, &call);
        return;
    }
    remember = memo_is_for(s->memo, r, flags) && (r->kind == KIND_GROUP || list_to_follow(r, flags)->len > 0);
    if (remember && memo_find(s->memo, r, into, attr, factor, flags)) {
        return;
    }
    if (s->memo != NULL) {
        memo_watch(s->memo, r, flags);
    }
    r->flags |= RSC_MERGING;
    w = row_copy(into);
    if (!merge_into(s, r, &w, attr, factor, flags)) {
        row_restore(&w, into);
    }
    if (remember && !s->merge_cut) {
        memo_keep(s->memo, r, into, &w, attr, factor, flags);
    }
    row_restore(into, &w);
    row_release(&w);
    r->flags &= ~RSC_MERGING;
}

void
merge_preferences(struct sched *s, struct sched_rsc *r, struct sched_row *into, const char *attr, float factor,
                  unsigned flags)
{
    s->merge_visits = 0;
    if (memo_is_old(s) || sched_explains(s)) {
        memo_free(s);
    }
    walk(s, r, into, attr, factor, flags);
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
