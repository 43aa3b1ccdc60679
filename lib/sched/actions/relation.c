/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relations between two actions and the orderings stored on keys before the actions exist.  Called by every
 * file of this folder; changes no action's flags.  (spec 42 §6.1-§6.3, §8.3)
 */
#include "lib/sched/actions/internal.h"

/* Slot of the relations of two actions, or the free one where they belong. */
static struct sched_relation **
pair_slot(const struct actions_state *as, const struct sched_action *first, const struct sched_action *then)
{
    guint hash = first->id * 2654435761u ^ (then->id * 0x85ebca6bu + 0x9e3779b9u);

    for (unsigned i = (hash ^ hash >> 15) & (as->pair_slots - 1);; i = (i + 1) & (as->pair_slots - 1)) {
        struct sched_relation **slot = &as->pairs[i];

        if (*slot == NULL || ((*slot)->first == first && (*slot)->then == then)) {
            return slot;
        }
    }
}

static void
grow_pairs(struct actions_state *as)
{
    struct sched_relation **old = as->pairs;
    unsigned slots = as->pair_slots;

    as->pair_slots = slots == 0 ? 1024 : slots * 2;
    as->pairs = g_new0(struct sched_relation *, as->pair_slots);
    for (unsigned i = 0; i < slots; i++) {
        if (old[i] != NULL) {
            *pair_slot(as, old[i]->first, old[i]->then) = old[i];
        }
    }
    g_free(old);
}

/*
 * Add "first -> then".  A relation of the same two actions that shares any kind with the new one wins: the new
 * one is dropped whole (spec 42 §6.1).  Returns true if it was added.
 */
bool
relation_add(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned kinds)
{
    struct actions_state *as = actions_of(s);

    if (first == NULL || then == NULL || kinds == 0 || first == then) {
        return false;
    }
    if (2 * as->pairs_used >= as->pair_slots) {
        grow_pairs(as);
    }

    struct sched_relation **slot = pair_slot(as, first, then), *known = *slot;

    for (struct sched_relation *r = known; r != NULL; r = r->pair_next) {
        if ((r->kinds & kinds) != 0) {
            return false;
        }
    }

    struct sched_relation *rel = arena_new_struct(s->arena, struct sched_relation);

    rel->first = first;
    rel->then = then;
    rel->kinds = rel->before_kinds = kinds;
    rel->before_next = then->before;
    then->before = rel;
    then->n_before++;
    rel->after_next = first->after;
    first->after = rel;
    rel->pair_next = known;

    as->pairs_used += known == NULL;
    *slot = rel;
    as->relations++;
    return true;
}


static void
store(struct sched *s, const struct sched_ordering *o)
{
    arena_vec_push(s->arena, &actions_of(s)->orderings, *o);
}

static void
store_keys(struct sched *s, struct sched_rsc *first, const char *first_task, struct sched_rsc *then,
           const char *then_task, unsigned kinds)
{
    struct sched_ordering o = {.first_rsc = first, .first_task = arena_intern(s->arena, first_task),
                               .then_rsc = then, .then_task = arena_intern(s->arena, then_task),
                               .kinds = kinds};

    store(s, &o);
}

/*
 * What an ordering of A and B means while one of them migrates (spec 42 §8.3): B's migrate_to waits for what B's
 * start or stop would have waited for.
 */
static void
store_migration_equivalents(struct sched *s, struct sched_rsc *a, const char *a_task, struct sched_rsc *b,
                            const char *b_task)
{
    if (a == NULL || b == NULL || a == b || rsc_is_ancestor(a, b) || rsc_is_ancestor(b, a)) {
        return;
    }

    bool a_migrates = rsc_is(a, RSC_ALLOW_MIGRATE);
    bool b_migrates = rsc_is(b, RSC_ALLOW_MIGRATE);
    unsigned nomig = ORDER_ORD | (a_migrates ? ORDER_NOMIG : 0);

    if (!a_migrates && !b_migrates) {
        return;
    }
    if (text_equal(a_task, "start") && text_equal(b_task, "start")) {
        if (a_migrates && b_migrates) {
            store_keys(s, a, "migrate_from", b, "migrate_to", ORDER_ORD);
        }
        if (b_migrates) {
            store_keys(s, a, "start", b, "migrate_to", nomig);
        }
    } else if (b_migrates && text_equal(a_task, "stop") && text_equal(b_task, "stop")) {
        store_keys(s, a, "stop", b, "migrate_to", nomig);
        if (b->partial_source != NULL) {
            store_keys(s, a, "stop", b, "migrate_from", nomig);
        }
    } else if (b_migrates && text_equal(a_task, "promote") && text_equal(b_task, "start")) {
        store_keys(s, a, "promote", b, "migrate_to", ORDER_ORD);
    } else if (b_migrates && text_equal(a_task, "demote") && text_equal(b_task, "stop")) {
        store_keys(s, a, "demote", b, "migrate_to", ORDER_ORD);
        if (b->partial_source != NULL) {
            store_keys(s, a, "demote", b, "migrate_from", ORDER_ORD);
        }
    }
}

/* Store an ordering (spec 42 §6.2).  Either side is given as an action, or as resource, task and interval. */
void
ordering_store(struct sched *s, const struct sched_ordering *wanted)
{
    struct sched_ordering o = *wanted;

    if (o.kinds == 0 || (o.first_rsc == NULL && o.first == NULL) || (o.then_rsc == NULL && o.then == NULL)) {
        return;
    }
    o.first_task = arena_intern(s->arena, o.first_task);
    o.then_task = arena_intern(s->arena, o.then_task);
    store(s, &o);
    if (o.first == NULL && o.then == NULL && o.first_interval == 0 && o.then_interval == 0) {
        store_migration_equivalents(s, o.first_rsc, o.first_task, o.then_rsc, o.then_task);
    } else if (o.first_interval == 0 && o.then_interval == 0) {
        store_migration_equivalents(s, o.first_rsc, o.first ? o.first->task : o.first_task, o.then_rsc,
                                    o.then ? o.then->task : o.then_task);
    }
}

/* Shorthand: both sides by resource and task of interval 0. */
void
order_tasks(struct sched *s, struct sched_rsc *first, const char *first_task, struct sched_rsc *then,
            const char *then_task, unsigned kinds)
{
    struct sched_ordering o = {.first_rsc = first, .first_task = first_task, .then_rsc = then,
                               .then_task = then_task, .kinds = kinds};

    if (first != NULL && then != NULL) {
        ordering_store(s, &o);
    }
}

/* Shorthand: an action on one side, resource and task on the other. */
void
order_action_task(struct sched *s, struct sched_action *first, struct sched_rsc *then, const char *then_task,
                  unsigned kinds)
{
    struct sched_ordering o = {.first = first, .first_rsc = first->rsc, .then_rsc = then, .then_task = then_task,
                               .kinds = kinds};

    ordering_store(s, &o);
}

void
order_task_action(struct sched *s, struct sched_rsc *first, const char *first_task, struct sched_action *then,
                  unsigned kinds)
{
    struct sched_ordering o = {.first_rsc = first, .first_task = first_task, .then = then, .then_rsc = then->rsc,
                               .kinds = kinds};

    ordering_store(s, &o);
}

/* --- turning stored orderings into relations (spec 42 §6.3) --- */

/*
 * What a stored ordering has first, oldest; NULL if there is none.  Without an "lrm_delete" the name of the key is
 * looked up again by its last word, which finds a "delete": neither deletes what is probed again.
 */
static struct sched_action *
find_first(const struct sched *s, const struct sched_ordering *o)
{
    struct sched_action *first = action_first(s, o->first_rsc, o->first_task, o->first_interval);

    if (first == NULL && strcmp(o->first_task, "lrm_delete") == 0) {
        first = action_first(s, o->first_rsc, "delete", o->first_interval);
    }
    return first;
}

/*
 * The action that a stored ordering has first, made if there is none, for then's sake; NULL if the ordering has no
 * effect: nothing of the same resource, and nothing to stop or demote.
 */
static struct sched_action *
make_first(struct sched *s, const struct sched_ordering *o)
{
    if (o->first_rsc == o->then_rsc || o->first_rsc == NULL) {
        return NULL;
    }
    if (strcmp(o->first_task, "stop") == 0 && rsc_role(o->first_rsc, false) == ROLE_STOPPED) {
        return NULL;
    }
    if (strcmp(o->first_task, "demote") == 0 && rsc_role(o->first_rsc, false) == ROLE_UNPROMOTED) {
        return NULL;
    }
    return action_get(s, o->first_rsc, o->first_task, o->first_interval, NULL, WANT_OPTIONAL);
}

static void
relate_to_then(struct sched *s, const struct sched_ordering *o, struct sched_action *first)
{
    unsigned kinds = o->kinds;

    if (act_is(first, ACT_DANGLING) && o->then_rsc == first->rsc) {
        kinds &= ~ORDER_FRT;
    }
    if (o->then != NULL) {
        relation_add(s, first, o->then, kinds);
        return;
    }
    for_each_with_key(then, s, o->then_rsc, o->then_task, o->then_interval) {
        relation_add(s, first, then, kinds);
    }
}

void
orderings_apply(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    for (unsigned i = 0; i < as->orderings.len; i++) {
        struct sched_ordering o = as->orderings.items[i];

        if (o.first != NULL) {
            relate_to_then(s, &o, o.first);
            continue;
        }

        struct sched_action *first = find_first(s, &o);

        if (first == NULL) {
            first = make_first(s, &o);
            if (first != NULL) {
                relate_to_then(s, &o, first);
            }
            continue;
        }
        for (; first != NULL; first = first->newer) {
            relate_to_then(s, &o, first);
        }
    }
}
