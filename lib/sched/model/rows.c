/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rows: the table node -> score of a resource (spec 41 §1, §5).  Used by model and assign.  Arithmetic only.
 */
#include "lib/sched/model/internal.h"

void
row_init(struct sched *s, struct sched_row *row)
{
    row->cap = s->row_cap;
    row->score = arena_new_array(s->arena, int32_t, row->cap);
    row->mode = arena_new_array(s->arena, uint8_t, row->cap);
    row->count = NULL;
}

static void
row_grow(struct sched *s, struct sched_row *row)
{
    struct sched_row old = *row;

    row_init(s, row);
    memcpy(row->score, old.score, sizeof *old.score * old.cap);
    memcpy(row->mode, old.mode, old.cap);
    if (old.count != NULL) {
        row->count = arena_new_array(s->arena, uint32_t, row->cap);
        memcpy(row->count, old.count, sizeof *old.count * old.cap);
    }
}

/* A node more than was counted beforehand: make all rows longer.  Rare. */
void
rows_make_room(struct sched *s)
{
    if (s->nodes.len <= s->row_cap) {
        return;
    }
    unsigned old_cap = s->row_cap;

    s->row_cap = s->nodes.len + s->nodes.len / 4 + 8;
    VEC_FOR_EACH (struct sched_rsc, r, s->rscs) {
        row_grow(s, &r->row);
        if (r->known_on != NULL) {
            uint8_t *known = arena_new_array(s->arena, uint8_t, s->row_cap);

            memcpy(known, r->known_on, old_cap);
            r->known_on = known;
        }
        if (r->params != NULL) {
            r->params = NULL;
        }
    }
}

/* Every known node becomes a candidate with its own base score (spec 41 §5.1). */
void
row_default_entries(struct sched *s, struct sched_rsc *r)
{
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (!n->resource_discovery_never) {
            row_set(&r->row, n, n->base_score, DISCOVER_ALWAYS);
        }
    }
}

void
row_set(struct sched_row *row, const struct sched_node *n, int score, enum sched_discovery mode)
{
    row->score[n->id] = score;
    row->mode[n->id] = mode;
    row_changed(row);
}

void
row_enter(struct sched_row *row, const struct sched_node *n, int score)
{
    row_set(row, n, score, n->resource_discovery_never ? DISCOVER_NEVER : DISCOVER_ALWAYS);
}

void
sched_explain_add(struct sched *s, struct sched_rsc *r, struct sched_node *n, int delta, int result, const char *reason,
                  const char *source)
{
    struct sched_explain e = { r, n, delta, result, reason, source, NULL };

    if (sched_explains(s)) {
        arena_vec_push(s->arena, &s->explain, e);
    }
}

void
sched_explain_with(struct sched *s, struct sched_rsc *r, struct sched_node *n, int delta, const char *reason,
                   const struct sched_coloc *c, const struct sched_rsc *other)
{
    if (other == NULL) {
        other = c->dependent == r || rsc_is_ancestor(c->dependent, r) ? c->primary : c->dependent;
    }
    if (sched_explains(s)) {
        struct sched_explain e = { r, n, delta, r->row.score[n->id], reason, c->id, other };

        arena_vec_push(s->arena, &s->explain, e);
    }
}

static void
score_add_one(struct sched *s, struct sched_rsc *r, struct sched_node *n, int score, const char *reason,
              const char *source)
{
    if (!row_has(&r->row, n)) {
        row_enter(&r->row, n, n->base_score);
    }
    r->row.score[n->id] = score_add(r->row.score[n->id], score);
    row_changed(&r->row);
    sched_explain_add(s, r, n, score, r->row.score[n->id], reason, source);
}

void
rsc_score_add(struct sched *s, struct sched_rsc *r, struct sched_node *n, int score, const char *reason,
              const char *source)
{
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        rsc_score_add(s, child, n, score, reason, source);
    }
    if (n != NULL) {
        score_add_one(s, r, n, score, reason, source);
        return;
    }
    VEC_FOR_EACH (struct sched_node, each, s->nodes) {
        score_add_one(s, r, each, score, reason, source);
    }
}
