/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What merging wishes below a resource made of a table, so that the same need not be found out again: a chain of n
 * colocations would be walked n times, and where constraints meet again (a ladder, a set of which no two may be
 * together) there are more ways than anybody can walk.  Called by merge.c alone; changes no answer.  (spec 41 §10.5)
 *
 * A result depends on the table it begins with, on the tables and constraints of everything below, on which nodes are
 * available, and on which resources are being looked at already, farther up.  The first is the key; the second is
 * watched: a change of a table makes everything forget that was found with it; so does a node that comes or goes; for
 * the last, nothing is remembered of what is in a circle of constraints.
 */
#include "lib/sched/assign/memo.h"

#define MOST_BYTES ((size_t) 128 * 1024 * 1024) /* then everything is forgotten */
#define NONE       UINT32_MAX
enum { WAYS = 2 }; /* P-lists are followed, or D-lists */

struct entry {
    const struct sched_rsc *rsc;
    const char *attr;
    float factor;
    unsigned flags, stamp;
    unsigned hash;
    struct sched_row before, after;
};

struct merge_memo {
    struct row_watch watch; /* first: it is found by it */
    struct sched *s;
    GHashTable *entries;
    size_t bytes;
    unsigned rscs, colocs;      /* it was made for so many */
    uint32_t *first[WAYS];      /* by resource: its constraints are items[way][first..first of the next) */
    struct sched_coloc **items[WAYS];
    uint32_t *child, *sibling;  /* by resource: first one below, next one beside it */
    uint8_t *circle[WAYS];      /* by resource: is in a circle of constraints */
    uint8_t *watched;           /* by resource: bits of ways that results were found with it in */
    unsigned *stamp;            /* by resource: grows when its results are void */
    sched_rsc_vec stack;        /* scratch */
};

/* --- what is below what: more than there is, never less --- */

static struct sched_rsc *
near_end(const struct sched_coloc *c, unsigned way)
{
    return way == 0 ? c->primary : c->dependent;
}

static struct sched_rsc *
far_end(const struct sched_coloc *c, unsigned way)
{
    return way == 0 ? c->dependent : c->primary;
}

static void
file_constraints(struct merge_memo *m, unsigned way)
{
    struct sched *s = m->s;
    uint32_t *first = g_new0(uint32_t, m->rscs + 2), *at;

    VEC_FOR_EACH (struct sched_coloc, c, s->colocs) {
        first[near_end(c, way)->id_num + 1]++;
    }
    for (unsigned i = 0; i < m->rscs; i++) {
        first[i + 1] += first[i];
    }
    at = g_memdup2(first, sizeof *first * (m->rscs + 1));
    m->items[way] = g_new(struct sched_coloc *, m->colocs + 1);
    VEC_FOR_EACH (struct sched_coloc, c, s->colocs) {
        m->items[way][at[near_end(c, way)->id_num]++] = c;
    }
    g_free(at);
    m->first[way] = first;
}

static void
link_children(struct merge_memo *m)
{
    m->child = g_new(uint32_t, m->rscs + 1);
    m->sibling = g_new(uint32_t, m->rscs + 1);
    memset(m->child, 0xff, sizeof *m->child * (m->rscs + 1));
    memset(m->sibling, 0xff, sizeof *m->sibling * (m->rscs + 1));
    VEC_FOR_EACH (struct sched_rsc, r, m->s->rscs) {
        if (r->parent != NULL) {
            m->sibling[r->id_num] = m->child[r->parent->id_num];
            m->child[r->parent->id_num] = r->id_num;
        }
    }
}

/* Walks over everything directly below a resource: the far ends of its and its parents' constraints, its parts. */
struct below {
    const struct sched_rsc *rsc, *up;
    uint32_t at, child;
};

static struct below
below_begin(const struct merge_memo *m, const struct sched_rsc *r, unsigned way)
{
    struct below b = { r, r, m->first[way][r->id_num], m->child[r->id_num] };

    return b;
}

static struct sched_rsc *
below_next(const struct merge_memo *m, struct below *b, unsigned way)
{
    while (b->up != NULL) {
        if (b->at < m->first[way][b->up->id_num + 1]) {
            return far_end(m->items[way][b->at++], way);
        }
        b->up = b->up->parent;
        b->at = b->up != NULL ? m->first[way][b->up->id_num] : 0;
    }
    if (b->child != NONE) {
        struct sched_rsc *child = m->s->rscs.items[b->child];

        b->child = m->sibling[b->child];
        return child;
    }
    return NULL;
}

/* Tarjan's strongly connected components, with a stack of its own. */
static void
find_circles(struct merge_memo *m, unsigned way)
{
    unsigned n = m->rscs, time = 0, depth = 0, open = 0;
    uint32_t *seen = g_new0(uint32_t, n + 1), *low = g_new0(uint32_t, n + 1);
    uint32_t *opened = g_new(uint32_t, n + 1);
    uint8_t *is_open = g_new0(uint8_t, n + 1);
    struct below *path = g_new(struct below, n + 1);

    m->circle[way] = g_new0(uint8_t, n + 1);
    for (unsigned i = 0; i < n; i++) {
        if (seen[i] != 0) {
            continue;
        }
        path[depth++] = below_begin(m, m->s->rscs.items[i], way);
        seen[i] = low[i] = ++time;
        opened[open++] = i;
        is_open[i] = 1;
        while (depth > 0) {
            unsigned v = path[depth - 1].rsc->id_num;
            struct sched_rsc *next = below_next(m, &path[depth - 1], way);

            if (next != NULL) {
                unsigned w = next->id_num;

                if (w == v) {
                    m->circle[way][v] = 1;
                } else if (seen[w] == 0) {
                    seen[w] = low[w] = ++time;
                    opened[open++] = w;
                    is_open[w] = 1;
                    path[depth++] = below_begin(m, next, way);
                } else if (is_open[w]) {
                    low[v] = MIN(low[v], seen[w]);
                }
                continue;
            }
            depth--;
            if (low[v] == seen[v]) {
                bool alone = opened[open - 1] == v;

                for (unsigned w = NONE; w != v;) {
                    w = opened[--open];
                    is_open[w] = 0;
                    m->circle[way][w] |= !alone;
                }
            }
            if (depth > 0) {
                unsigned up = path[depth - 1].rsc->id_num;

                low[up] = MIN(low[up], low[v]);
            }
        }
    }
    g_free(seen);
    g_free(low);
    g_free(opened);
    g_free(is_open);
    g_free(path);
}

/* --- results --- */

static void
entry_free(void *data)
{
    struct entry *e = data;

    row_release(&e->before);
    row_release(&e->after);
    g_free(e);
}

static unsigned
hash_row(unsigned hash, const struct sched_row *row)
{
    for (unsigned i = 0; i < row->cap; i++) {
        hash = (hash ^ (unsigned)row->score[i]) * 16777619u;
        hash ^= hash >> 15;
    }
    return hash;
}

static unsigned
entry_hash(const void *data)
{
    return ((const struct entry *)data)->hash;
}

static int
entry_equal(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    return a->hash == b->hash && a->rsc == b->rsc && a->flags == b->flags && a->factor == b->factor && a->stamp == b->stamp
        && text_equal(a->attr, b->attr)
        && memcmp(a->before.score, b->before.score, sizeof *a->before.score * a->before.cap) == 0
        && memcmp(a->before.mode, b->before.mode, a->before.cap) == 0;
}

static struct entry
key_of(const struct merge_memo *m, const struct sched_rsc *r, const struct sched_row *row, const char *attr, float factor,
       unsigned flags)
{
    struct entry key = { .rsc = r, .attr = attr, .factor = factor, .flags = flags, .stamp = m->stamp[r->id_num] };

    key.before = *row;
    key.hash = hash_row(r->id_num * 2654435761u ^ flags ^ (unsigned)(int)(factor * SCORE_INFINITY), row);
    return key;
}

static unsigned
way_of(unsigned flags)
{
    return (flags & MERGE_THIS_WITH) != 0;
}

bool
memo_is_for(const struct merge_memo *m, const struct sched_rsc *r, unsigned flags)
{
    return m != NULL && (flags & MERGE_FRESH) == 0 && m->circle[way_of(flags)][r->id_num] == 0;
}

bool
memo_find(struct merge_memo *m, const struct sched_rsc *r, struct sched_row *row, const char *attr, float factor,
          unsigned flags)
{
    struct entry key = key_of(m, r, row, attr, factor, flags);
    const struct entry *found = g_hash_table_lookup(m->entries, &key);

    if (found == NULL) {
        return false;
    }
    row_restore(row, &found->after);
    return true;
}

void
memo_keep(struct merge_memo *m, const struct sched_rsc *r, const struct sched_row *before, const struct sched_row *after,
          const char *attr, float factor, unsigned flags)
{
    struct entry *e;

    if (m->bytes > MOST_BYTES) {
        memo_forget(m);
    }
    e = g_new(struct entry, 1);
    *e = key_of(m, r, before, attr, factor, flags);
    e->before = row_copy(before);
    e->after = row_copy(after);
    m->bytes += sizeof *e + (size_t)before->cap * 2 * (sizeof *before->score + 1) + 100;
    g_hash_table_add(m->entries, e);
}

/* --- what makes results void --- */

static void
watch_one(struct merge_memo *m, struct sched_rsc *r, unsigned bit)
{
    m->watched[r->id_num] |= (uint8_t)bit;
    r->row.watch = &m->watch;
}

void
memo_watch(struct merge_memo *m, struct sched_rsc *r, unsigned flags)
{
    unsigned bit = 1u << way_of(flags);

    watch_one(m, r, bit);
    if (r->kind == KIND_GROUP && r->children.len > 0) {
        watch_one(m, r->children.items[r->children.len - 1], bit); /* its list counts for the group's */
    }
}

static void
push_watched(struct merge_memo *m, struct sched_rsc *r, unsigned way)
{
    if ((m->watched[r->id_num] & 1u << way) == 0) {
        return;
    }
    m->watched[r->id_num] &= (uint8_t) ~(1u << way);
    if (m->watched[r->id_num] == 0) {
        r->row.watch = NULL;
    }
    m->stamp[r->id_num]++;
    arena_vec_push(m->s->arena, &m->stack, r);
}

static void
push_with_parts(struct merge_memo *m, struct sched_rsc *r, unsigned way)
{
    push_watched(m, r, way);
    for (uint32_t c = m->child[r->id_num]; c != NONE; c = m->sibling[c]) {
        push_with_parts(m, m->s->rscs.items[c], way);
    }
}

/* Whatever is watched and has it below. */
static void
row_has_changed(struct row_watch *watch, struct sched_row *row)
{
    struct merge_memo *m = (struct merge_memo *)watch;
    struct sched_rsc *changed = (struct sched_rsc *)((char *)row - offsetof(struct sched_rsc, row));

    for (unsigned way = 0; way < WAYS; way++) {
        m->stack.len = 0;
        push_watched(m, changed, way);
        while (m->stack.len > 0) {
            struct sched_rsc *r = m->stack.items[--m->stack.len];
            uint32_t end = m->first[1 - way][r->id_num + 1];

            for (uint32_t i = m->first[1 - way][r->id_num]; i < end; i++) {
                push_with_parts(m, near_end(m->items[1 - way][i], way), way);
            }
            if (r->parent != NULL) {
                push_watched(m, r->parent, way);
            }
        }
    }
}

void
memo_forget(struct merge_memo *m)
{
    if (m != NULL) {
        g_hash_table_remove_all(m->entries);
        m->bytes = 0;
    }
}

/* --- beginning and end --- */

void
memo_free(struct sched *s)
{
    struct merge_memo *m = s->memo;

    if (m == NULL) {
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, r, s->rscs) {
        r->row.watch = NULL;
    }
    g_hash_table_destroy(m->entries);
    for (unsigned way = 0; way < WAYS; way++) {
        g_free(m->first[way]);
        g_free(m->items[way]);
        g_free(m->circle[way]);
    }
    g_free(m->child);
    g_free(m->sibling);
    g_free(m->watched);
    g_free(m->stamp);
    g_free(m);
    s->memo = NULL;
}

bool
memo_is_old(const struct sched *s)
{
    return s->memo != NULL && (s->memo->rscs != s->rscs.len || s->memo->colocs != s->colocs.len);
}

void
memo_new(struct sched *s)
{
    struct merge_memo *m = g_new0(struct merge_memo, 1);

    m->watch.changed = row_has_changed;
    m->s = s;
    m->rscs = s->rscs.len;
    m->colocs = s->colocs.len;
    m->entries = g_hash_table_new_full(entry_hash, entry_equal, NULL, entry_free);
    m->watched = g_new0(uint8_t, m->rscs + 1);
    m->stamp = g_new0(unsigned, m->rscs + 1);
    link_children(m);
    for (unsigned way = 0; way < WAYS; way++) {
        file_constraints(m, way);
    }
    for (unsigned way = 0; way < WAYS; way++) {
        find_circles(m, way);
    }
    s->memo = m;
}
