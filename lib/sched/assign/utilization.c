/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Utilization: what nodes can carry, what resources weigh, and which nodes have room for a resource together with
 * everything that must be with it.  (spec 41 §16)
 */
#include "lib/sched/assign/assign.h"
#include "lib/base/text.h"

#include <stdlib.h>

static int
value_of(struct sched *s, const char *text)
{
    long long n;

    if (!text_parse_int(text, &n)) {
        n = text_leading_int(text);
        if (n == 0) {
            CONFIG_WARN_P(s, "Using 0 for utilization instead of invalid value '%s'", text);
        }
    }
    return (int)CLAMP(n, G_MININT, G_MAXINT);
}

void
capacity_init(struct sched *s)
{
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        n->remaining.len = 0;
        nvtable_for_each (pair, &n->utilization) {
            struct sched_capacity c = { arena_intern(s->arena, pair->name), value_of(s, pair->value) };

            arena_vec_push(s->arena, &n->remaining, c);
        }
    }
}

static struct sched_capacity *
capacity_find(const struct sched_node *n, const char *name)
{
    for (unsigned i = 0; i < n->remaining.len; i++) {
        if (strcmp(n->remaining.items[i].name, name) == 0) {
            return &n->remaining.items[i];
        }
    }
    return NULL;
}

static int
capacity_of(const struct sched_node *n, const char *name)
{
    const struct sched_capacity *c = capacity_find(n, name);

    return c == NULL ? 0 : c->value;
}

/* What the node does not have is not counted, but shown; new names come in the order of a hash table (spec 41 §19). */
static void
add_missing(struct sched *s, struct sched_node *n, const struct nvtable *utilization)
{
    GHashTable *table = g_hash_table_new(text_hash, g_str_equal);
    GHashTableIter iter;
    gpointer name;

    nvtable_for_each (pair, utilization) {
        g_hash_table_add(table, (gpointer)pair->name);
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (capacity_find(n, name) == NULL) {
            struct sched_capacity none = { arena_intern(s->arena, name), 0 };

            arena_vec_push(s->arena, &n->remaining, none);
        }
    }
    g_hash_table_destroy(table);
}

static void
change(struct sched *s, struct sched_node *n, const struct sched_rsc *r, int sign)
{
    bool missing = false;

    nvtable_for_each (pair, &r->utilization) {
        struct sched_capacity *c = capacity_find(n, pair->name);

        if (c != NULL) {
            c->value += sign * value_of(s, pair->value);
        } else {
            missing = true;
        }
    }
    if (missing) {
        add_missing(s, n, &r->utilization);
    }
}

void
capacity_consume(struct sched *s, struct sched_node *n, const struct sched_rsc *r)
{
    change(s, n, r, -1);
}

void
capacity_release(struct sched *s, struct sched_node *n, const struct sched_rsc *r)
{
    change(s, n, r, 1);
}

/* More than 0: a has more of more attributes.  (spec 41 §16.2) */
int
capacity_compare(const struct sched_node *a, const struct sched_node *b)
{
    int result = 0;

    for (unsigned i = 0; i < a->remaining.len; i++) {
        int other = capacity_of(b, a->remaining.items[i].name), own = a->remaining.items[i].value;

        result += (own > other) - (own < other);
    }
    for (unsigned i = 0; i < b->remaining.len; i++) {
        if (capacity_find(a, b->remaining.items[i].name) == NULL) {
            int other = b->remaining.items[i].value;

            result += (0 > other) - (0 < other);
        }
    }
    return result;
}

/* --- everything that must be with a resource: spec 41 §16.3, 1 --- */

struct chain {
    struct sched *s;
    struct sched_rsc *start;
    GPtrArray *items;
};

/* An amount of each attribute; there are few. */
struct amount {
    const char *name;
    long long value;
};

static void chain_add(struct chain *ch, struct sched_rsc *r);

static bool
chain_has(const struct chain *ch, const struct sched_rsc *r)
{
    return r->chain_mark == ch->s->chain_number;
}

static void
chain_put(struct chain *ch, struct sched_rsc *r)
{
    r->chain_mark = ch->s->chain_number;
    g_ptr_array_add(ch->items, r);
}

static void
chain_follow(struct chain *ch, struct sched_rsc *r)
{
    for (unsigned i = 0; i < r->this_with.len; i++) {
        const struct sched_coloc *c = r->this_with.items[i];

        if (c->primary != ch->start && c->score == SCORE_INFINITY
            && coloc_affects(r, c->primary, c, true) == COLOC_LOCATION) {
            chain_add(ch, c->primary);
        }
    }
    for (unsigned i = 0; i < r->with_this.len; i++) {
        const struct sched_coloc *c = r->with_this.items[i];

        /* Not every instance of a clone has its dependent beside it, unless that is a clone, too; a bundle counts as one thing. */
        if (c->dependent == ch->start || (r->kind == KIND_CLONE && c->dependent->kind != KIND_CLONE)) {
            continue;
        }
        if (c->score == SCORE_INFINITY && coloc_affects(c->dependent, r, c, true) == COLOC_LOCATION) {
            chain_add(ch, c->dependent);
        }
    }
}

static bool
members_together(const struct sched_rsc *group)
{
    return rsc_is(group, RSC_COLLOCATED) || (group->parent != NULL && group->parent->kind == KIND_CLONE);
}

struct chain_call {
    struct chain *chain;
    struct sched_rsc *r;
};

static void
chain_add_by(void *data)
{
    const struct chain_call *call = data;

    chain_add(call->chain, call->r);
}

static void
chain_add(struct chain *ch, struct sched_rsc *r)
{
    if (chain_has(ch, r)) {
        return;
    }
    if (stack_is_short(ch->s)) {
        struct chain_call call = { ch, r };

        sched_on_new_stack(ch->s, chain_add_by, &call);
        return;
    }
    chain_put(ch, r);
    if (r->kind == KIND_GROUP && r->children.len > 0) {
        VEC_FOR_EACH (struct sched_rsc, member, r->children) {
            chain_add(ch, member);
            if (!members_together(r)) {
                break;
            }
        }
    }
    chain_follow(ch, r);
}

/* --- what the chain needs: spec 41 §16.3, 2 --- */

static void
need(struct sched *s, GArray *sum, const struct sched_rsc *r)
{
    nvtable_for_each (pair, &r->utilization) {
        struct amount *have = NULL, new = { pair->name, value_of(s, pair->value) };

        for (unsigned i = 0; i < sum->len && have == NULL; i++) {
            struct amount *a = &g_array_index(sum, struct amount, i);

            have = strcmp(a->name, pair->name) == 0 ? a : NULL;
        }
        if (have != NULL) {
            have->value += new.value;
        } else {
            g_array_append_val(sum, new);
        }
    }
}

static void
need_unassigned(struct chain *ch, GArray *sum, struct sched_rsc *r, bool in_chain)
{
    switch (r->kind) {
    case KIND_PRIMITIVE:
        if (!rsc_is(r, RSC_SETTLED)) {
            need(ch->s, sum, r);
        }
        break;
    case KIND_GROUP:
        if (rsc_is(r, RSC_SETTLED)) {
            break;
        }
        VEC_FOR_EACH (struct sched_rsc, member, r->children) {
            if (!rsc_is(member, RSC_SETTLED) && !chain_has(ch, member)) {
                need(ch->s, sum, member);
            }
            if (!members_together(r)) {
                break;
            }
        }
        break;
    case KIND_CLONE:
        if (rsc_is(r, RSC_SETTLED) || r->children.len == 0) {
            break;
        }
        VEC_FOR_EACH (struct sched_rsc, instance, r->children) {
            if (chain_has(ch, instance)) {
                return;
            }
            VEC_FOR_EACH (struct sched_rsc, member, instance->children) {
                if (chain_has(ch, member)) {
                    need_unassigned(ch, sum, instance, false);
                    return;
                }
            }
        }
        need_unassigned(ch, sum, r->children.items[0], false);
        break;
    case KIND_BUNDLE:
        if (!rsc_is(r, RSC_SETTLED) && r->replicas.len > 0) {
            need_unassigned(ch, sum, r->replicas.items[0]->container, false);
        }
        break;
    }
}

static bool
has_room(const struct sched_node *n, const GArray *sum)
{
    for (unsigned i = 0; i < sum->len; i++) {
        const struct amount *a = &g_array_index(sum, struct amount, i);

        if (a->value > capacity_of(n, a->name)) {
            return false;
        }
    }
    return true;
}

static void
ban_without_room(struct sched *s, struct sched_rsc *r, const GArray *sum)
{
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (available_with_score(&r->row, n) && !has_room(n, sum)) {
            row_add(&r->row, n, -SCORE_INFINITY);
            sched_explain_add(s, r, n, -SCORE_INFINITY, -SCORE_INFINITY, "utilization", NULL);
        }
    }
}

static struct sched_node *
most_free(struct sched *s, const struct sched_rsc *r)
{
    struct sched_node *best = NULL, **order;
    unsigned count;

    order = row_hash_order(s, &r->row, &count);
    for (unsigned i = 0; i < count; i++) {
        if (available_with_score(&r->row, order[i]) && (best == NULL || capacity_compare(order[i], best) > 0)) {
            best = order[i];
        }
    }
    g_free(order);
    return best;
}

struct sched_node *
capacity_ban(struct sched *s, struct sched_rsc *r)
{
    struct chain ch = { s, r, NULL };
    GArray *sum;
    bool fits = false;
    struct sched_node *free_node = NULL;

    if (s->opt.placement == PLACEMENT_DEFAULT) {
        return NULL;
    }
    sum = g_array_new(FALSE, FALSE, sizeof(struct amount));
    ch.items = g_ptr_array_new();
    s->chain_number++;
    chain_add(&ch, r);
    for (unsigned i = 0; i < ch.items->len; i++) {
        need_unassigned(&ch, sum, ch.items->pdata[i], true);
    }
    g_ptr_array_free(ch.items, TRUE);
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (available_with_score(&r->row, n) && has_room(n, sum)) {
            fits = true;
            break;
        }
    }
    if (fits) {
        ban_without_room(s, r, sum);
    } else {
        free_node = most_free(s, r);
        g_array_set_size(sum, 0);
        need(s, sum, r);
        ban_without_room(s, r, sum);
    }
    g_array_free(sum, TRUE);
    return free_node;
}
