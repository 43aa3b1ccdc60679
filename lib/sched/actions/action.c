/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Action objects: finding or creating them, whether they can run, and the reason shown for them.  Called by
 * every file of this folder.  Never looks at relations.  (spec 42 §2)
 */
#include "lib/sched/actions/internal.h"

/*
 * Actions are found by (resource, key), where a key is task and interval.  A bucket holds those of one key; a resource has
 * few, in a list.  A hash table finds the one on a certain node without walking a bucket that has one action for each node.
 */
struct key_bucket {
    struct key_bucket *next; /* of the same resource */
    const char *task;        /* interned; for notifications the middle of the key */
    guint interval_ms;
    unsigned nodeless;
    struct sched_action *oldest, *newest;
};

struct action_lookup {
    struct sched_action **places; /* open addressing: by bucket and node, where the action is the oldest there */
    unsigned place_slots, places_used;
    GHashTable *named;            /* key to action, for those without a resource */
};

void
actions_init(struct sched *s)
{
    struct actions_state *as = arena_new_struct(s->arena, struct actions_state);

    s->user = as;
    as->rscs = arena_new_array(s->arena, struct rsc_actions, s->rscs.len + 1);
    as->lookup = arena_new_struct(s->arena, struct action_lookup);
    as->lookup->named = g_hash_table_new(g_str_hash, g_str_equal);
}

void
sched_actions_free(struct sched *s)
{
    struct actions_state *as = s ? actions_of(s) : NULL;

    if (as == NULL) {
        return;
    }
    g_free(as->lookup->places);
    g_hash_table_destroy(as->lookup->named);
    g_free(as->pairs);
    s->user = NULL;
}

/* --- finding --- */

static struct key_bucket *
find_bucket(const struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms)
{
    for (struct key_bucket *b = rsc_record(s, rsc)->buckets; b != NULL; b = b->next) {
        if (b->interval_ms == interval_ms && (b->task == task || strcmp(b->task, task) == 0)) {
            return b;
        }
    }
    return NULL;
}

/* The oldest action of this key, whatever its node; follow `newer`. */
struct sched_action *
action_first(const struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms)
{
    struct key_bucket *b = find_bucket(s, rsc, task, interval_ms);

    return b ? b->oldest : NULL;
}

/* The newest action of this key; follow `older`. */
struct sched_action *
action_newest(const struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms)
{
    struct key_bucket *b = find_bucket(s, rsc, task, interval_ms);

    return b ? b->newest : NULL;
}

/* Slot of what is known for a bucket on a node, or the free one where it belongs. */
static struct sched_action **
place_slot(const struct action_lookup *lookup, const struct key_bucket *b, const struct sched_node *node)
{
    guint hash = (guint) (((guintptr) b >> 4) * 2654435761u) ^ (node->id * 0x9e3779b9u);

    for (unsigned i = (hash ^ hash >> 15) & (lookup->place_slots - 1);; i = (i + 1) & (lookup->place_slots - 1)) {
        struct sched_action **slot = &lookup->places[i];

        if (*slot == NULL || ((*slot)->bucket == b && (*slot)->node == node)) {
            return slot;
        }
    }
}

static struct sched_action *
find_place(const struct sched *s, const struct key_bucket *b, const struct sched_node *node)
{
    const struct action_lookup *lookup = actions_of(s)->lookup;

    return b != NULL && node != NULL && lookup->place_slots > 0 ? *place_slot(lookup, b, node) : NULL;
}

static void
grow_places(struct action_lookup *lookup)
{
    struct sched_action **old = lookup->places;
    unsigned slots = lookup->place_slots;

    lookup->place_slots = slots == 0 ? 1024 : slots * 2;
    lookup->places = g_new0(struct sched_action *, lookup->place_slots);
    for (unsigned i = 0; i < slots; i++) {
        if (old[i] != NULL) {
            *place_slot(lookup, old[i]->bucket, old[i]->node) = old[i];
        }
    }
    g_free(old);
}

static void
remember_place(struct sched *s, struct sched_action *a)
{
    struct action_lookup *lookup = actions_of(s)->lookup;
    struct sched_action **slot;

    if (2 * lookup->places_used >= lookup->place_slots) {
        grow_places(lookup);
    }
    slot = place_slot(lookup, a->bucket, a->node);
    lookup->places_used += *slot == NULL;
    if (*slot == NULL || (*slot)->id > a->id) {
        *slot = a;
    }
}

/* Give an action that has no node one. */
void
action_give_node(struct sched *s, struct sched_action *a, struct sched_node *node)
{
    a->node = node;
    if (a->bucket != NULL) {
        a->bucket->nodeless--;
        remember_place(s, a);
    }
}

/* An action exactly on `node`, the oldest if several; NULL if there is none. */
struct sched_action *
action_on_exactly(const struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms,
                  const struct sched_node *node)
{
    return find_place(s, find_bucket(s, rsc, task, interval_ms), node);
}

static struct sched_action *
find_in_bucket(struct sched *s, struct key_bucket *b, struct sched_node *node)
{
    if (b == NULL) {
        return NULL;
    }
    if (node == NULL) {
        return b->oldest;
    }

    struct sched_action *there = find_place(s, b, node);

    if (b->nodeless == 0) {
        return there;
    }
    for (struct sched_action *a = b->oldest; a != NULL; a = a->newer) {
        if (a == there) {
            return a;
        }
        if (a->node == NULL) {
            action_give_node(s, a, node);
            return a;
        }
    }
    return NULL;
}

/*
 * An action on `node`, where one without a node counts as well and is given the node (spec 42 §2.2); without
 * `node` any action of that key.  The oldest if several.
 */
struct sched_action *
action_on(struct sched *s, const struct sched_rsc *rsc, const char *task, guint interval_ms, struct sched_node *node)
{
    return find_in_bucket(s, find_bucket(s, rsc, task, interval_ms), node);
}

/* An action that belongs to no resource, by its key. */
struct sched_action *
action_named(const struct sched *s, const char *key)
{
    return g_hash_table_lookup(actions_of(s)->lookup->named, key);
}

/* --- creating --- */

static struct sched_action *
new_action(struct sched *s, struct sched_rsc *rsc, const char *task, struct sched_node *node)
{
    struct sched_action *a = arena_new_struct(s->arena, struct sched_action);

    a->rsc = rsc;
    a->node = node;
    a->task = arena_intern(s->arena, task);
    a->flags = ACT_RUNNABLE | ACT_OPTIONAL;
    arena_vec_push(s->arena, &actions_of(s)->all, a);
    a->id = actions_of(s)->all.len;
    if (rsc != NULL) {
        struct rsc_actions *record = rsc_record(s, rsc);

        a->rsc_next = record->newest;
        record->newest = a;
    }
    return a;
}

static void
file_under_key(struct sched *s, struct sched_action *a, const char *key_task, guint interval_ms)
{
    struct key_bucket *b = find_bucket(s, a->rsc, key_task, interval_ms);

    if (b == NULL) {
        b = arena_new_struct(s->arena, struct key_bucket);
        b->task = arena_intern(s->arena, key_task);
        b->interval_ms = interval_ms;
        b->next = rsc_record(s, a->rsc)->buckets;
        rsc_record(s, a->rsc)->buckets = b;
    }
    a->bucket = b;
    a->older = b->newest;
    if (b->newest != NULL) {
        a->key = b->newest->key;
        b->newest->newer = a;
    } else {
        a->key = arena_printf(s->arena, "%s_%s_%u", a->rsc->id, key_task, interval_ms);
        b->oldest = a;
    }
    b->newest = a;
    if (a->node == NULL) {
        b->nodeless++;
    } else {
        remember_place(s, a);
    }
}

/* What a start or promote has to wait for (spec 42 §2.2 "needs"); everything else waits for nothing. */
static enum sched_requires
needs_of(const struct sched_rsc *rsc, const char *task)
{
    if (strcmp(task, "start") != 0 && strcmp(task, "promote") != 0) {
        return REQUIRES_NOTHING;
    }
    return rsc->requires == REQUIRES_UNFENCING ? REQUIRES_FENCING : rsc->requires;
}

/* Ask the model to fence a node, and make the fencing object that this leads to. */
void
fence_node_now(struct sched *s, struct sched_node *node, const char *reason, bool priority_delay)
{
    sched_fence_node(s, node, reason, priority_delay);
    intents_replay(s);
}

/*
 * Can the action run at all, if its node is (or was, when it was asked for) reachable, and recoverable?  (spec 42 §2.2, 3)
 *
 *   1. not without a node
 *   2. not on an offline node (a guest that need not be reset counts as reachable); a managed stop there means that
 *      the node has to be fenced
 *   3. not on a pending node
 *   4. what needs nothing can run, unless its guest's hosts are lost for good; its old reason is forgotten
 *   5. what needs quorum or fencing can run as the quorum policy says
 */
void
action_update_runnable(struct sched *s, struct sched_action *a, bool reachable, bool recoverable)
{
    struct sched_rsc *rsc = a->rsc;
    struct sched_node *node = a->node;

    if (rsc == NULL || act_is(a, ACT_PSEUDO)) {
        return;
    }
    if (node == NULL) {
        a->flags &= ~ACT_RUNNABLE;
        return;
    }
    if (!act_is(a, ACT_ON_DC) && !reachable) {
        a->flags &= ~ACT_RUNNABLE;
        sched_message(s, MSG_WARNING, 0, "update_resource_action_runnable", "%s on %s is unrunnable (node is offline)", a->key,
                      node->uname);
        if (rsc_is(rsc, RSC_MANAGED) && act_task(a, "stop") && !node->unclean) {
            fence_node_now(s, node, "stop is unrunnable", false);
        }
        return;
    }
    if (!act_is(a, ACT_ON_DC) && node->pending) {
        a->flags &= ~ACT_RUNNABLE;
        sched_message(s, MSG_WARNING, 0, "update_resource_action_runnable", "Action %s on %s is unrunnable (node is pending)",
                      a->key, node->uname);
        return;
    }
    if (a->needs == REQUIRES_NOTHING) {
        a->reason = NULL;
        if (!recoverable) {
            a->flags &= ~ACT_RUNNABLE;
        } else {
            a->flags |= ACT_RUNNABLE;
        }
        return;
    }
    switch (sched_effective_quorum_policy(s, rsc)) {
    case QUORUM_STOP:
        a->flags &= ~ACT_RUNNABLE;
        action_set_reason(s, a, "no quorum", true);
        break;
    case QUORUM_FREEZE:
        if (!rsc_active(rsc, true) || rsc->next_role > rsc->role) {
            a->flags &= ~ACT_RUNNABLE;
            action_set_reason(s, a, "quorum freeze", true);
        }
        break;
    default:
        a->flags |= ACT_RUNNABLE;
        break;
    }
}

static void
settle_request(struct sched *s, struct sched_action *a, enum action_wanted wanted)
{
    if (a->rsc != NULL && a->node != NULL && !act_is(a, ACT_PSEUDO) && !rsc_is(a->rsc, RSC_MANAGED)
        && a->interval_ms == 0) {
        a->flags |= ACT_OPTIONAL;
    } else if (wanted == WANT_REQUIRED) {
        a->flags &= ~ACT_OPTIONAL;
    }
    action_update_runnable(s, a, a->node != NULL && node_is_reachable(a->node),
                           a->node != NULL && node_is_recoverable(s, a->node));
}

/* Find or create the action RSC_TASK_INTERVAL on a node (spec 42 §2.2).  Never NULL. */
struct sched_action *
action_get(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms, struct sched_node *node,
           enum action_wanted wanted)
{
    struct sched_action *a = action_on(s, rsc, task, interval_ms, node);

    if (a == NULL) {
        a = new_action(s, rsc, task, node);
        a->interval_ms = interval_ms;
        a->needs = needs_of(rsc, task);
        if (strcmp(task, "lrm_delete") == 0) {
            a->flags |= ACT_ON_DC;
        }
        file_under_key(s, a, a->task, interval_ms);
    }
    settle_request(s, a, wanted);
    return a;
}

/* The same for an action whose key has something else in the middle than its task (notifications). */
struct sched_action *
action_get_keyed(struct sched *s, struct sched_rsc *rsc, const char *key, const char *task, struct sched_node *node,
                 enum action_wanted wanted)
{
    struct sched_action *a = action_on(s, rsc, key, 0, node);

    if (a == NULL) {
        a = new_action(s, rsc, task, node);
        file_under_key(s, a, key, 0);
    }
    settle_request(s, a, wanted);
    return a;
}

/* An action of no resource; key and task are the caller's. */
struct sched_action *
action_get_named(struct sched *s, const char *key, const char *task, struct sched_node *node, enum action_wanted wanted)
{
    struct sched_action *a = action_named(s, key);

    if (a == NULL) {
        a = new_action(s, NULL, task, node);
        a->key = arena_intern(s->arena, key);
        g_hash_table_insert(actions_of(s)->lookup->named, (gpointer) a->key, a);
    } else if (a->node == NULL) {
        a->node = node;
    }
    if (wanted == WANT_REQUIRED) {
        a->flags &= ~ACT_OPTIONAL;
    }
    return a;
}

/* A pseudo-action of a collective: done by nobody, only a point in the order. */
struct sched_action *
action_get_pseudo(struct sched *s, struct sched_rsc *rsc, const char *task, enum action_wanted wanted)
{
    struct sched_action *a = action_get(s, rsc, task, 0, NULL, wanted);

    a->flags |= ACT_PSEUDO | ACT_RUNNABLE;
    return a;
}

/*
 * The resource is going to run nowhere: stops have to happen, starts and recurring operations cannot, except those for
 * the stopped role (spec 42 §6.6).
 */
void
actions_lose_node(struct sched *s, struct sched_rsc *rsc)
{
    for_each_rsc_action(a, s, rsc) {
        if (act_task(a, "stop")) {
            a->flags &= ~ACT_OPTIONAL;
        } else if (act_task(a, "start")
                   || (a->interval_ms > 0 && !text_equal(action_meta(a, "op_target_rc"), "7"))) {
            a->flags &= ~ACT_RUNNABLE;
        }
    }
}

/* --- small things --- */

/* The first reason stays unless `overwrite`. */
void
action_set_reason(struct sched *s, struct sched_action *a, const char *reason, bool overwrite)
{
    if (a->reason == NULL || overwrite) {
        a->reason = arena_intern(s->arena, reason);
    }
}

/* Value of an explicitly set meta-attribute, or NULL. */
const char *
action_meta(const struct sched_action *a, const char *name)
{
    return a->meta ? nvtable_get(a->meta, name) : NULL;
}

void
action_set_meta(struct sched *s, struct sched_action *a, const char *name, const char *value)
{
    if (a->meta == NULL) {
        a->meta = nvtable_new(s->arena);
    }
    nvtable_set(a->meta, arena_intern(s->arena, name), arena_intern(s->arena, value));
}

/* What the agent is expected to return, where that is not 0. */
void
action_set_target_rc(struct sched *s, struct sched_action *a, int rc)
{
    char text[12];

    g_snprintf(text, sizeof(text), "%d", rc);
    action_set_meta(s, a, "op_target_rc", text);
}

/* `clear_failcount`: nothing waits for it (spec 42 §3.8). */
struct sched_action *
action_clear_failcount(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const char *reason,
                       bool after_fencing)
{
    struct sched_action *a = action_get(s, rsc, "clear_failcount", 0, node, WANT_REQUIRED);

    action_set_meta(s, a, "op_no_wait", "true");
    if (rsc->is_remote_node) {
        order_action_task(s, a, rsc, "start", ORDER_ORD);
        if (after_fencing && rsc->remote_node != NULL) {
            struct sched_action *fencing = fence_action(s, rsc->remote_node, NULL, true, NULL, false);

            relation_add(s, fencing, a, ORDER_FRT);
        }
    }
    return a;
}
