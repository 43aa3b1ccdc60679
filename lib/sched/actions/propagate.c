/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What relations do to the flags of their two actions, carried on until nothing changes any more.  Called once, when
 * all actions and relations exist.  Creates no actions.  (spec 42 §6.4-§6.8)
 */
#include "lib/sched/actions/propagate.h"

/* The action of a part that a change of a collective's action is passed on to; of notifications any, whatever it is about. */
static struct sched_action *
part_action(const struct sched *s, const struct sched_rsc *part, const struct sched_action *whole, const struct sched_node *scope)
{
    if (!text_is_one_of(whole->task, "notify", "notified", NULL)) {
        return action_newest_on(s, part, whole->task, scope);
    }
    for_each_rsc_action(a, s, part) {
        if (strcmp(a->task, whole->task) == 0 && (scope == NULL || a->node == scope)) {
            return a;
        }
    }
    return NULL;
}

/* --- clearing a flag and saying why (spec 42 §2.3) --- */

static void
clear_flag(struct sched *s, struct sched_action *a, unsigned flag, const struct sched_action *because)
{
    bool was = act_is(a, flag);

    a->flags &= ~flag;
    if (!was || (a->rsc == because->rsc && a->rsc != NULL)) {
        return;
    }

    const char *word = flag == ACT_OPTIONAL ? "required" : "unrunnable";
    const char *reason = because->rsc ? arena_printf(s->arena, "%s %s %s", word, because->rsc->id, because->task)
                                      : arena_printf(s->arena, "%s %s", word, because->task);

    action_set_reason(s, a, reason, flag == ACT_MIGRATE_RUNNABLE);
}

/* --- one kind on one pair (spec 42 §6.4) --- */

static void
apply_restart(struct sched *s, struct sched_action *first, struct sched_action *then)
{
    bool restart = act_required(then);
    bool stop = !act_is(then, ACT_RUNNABLE) && rsc_is(then->rsc, RSC_MANAGED) && then->rsc == first->rsc;

    if (!restart && !stop) {
        return;
    }
    if (act_is(first, ACT_RUNNABLE)) {
        clear_flag(s, first, ACT_OPTIONAL, then);
    }
    if (act_required(then)) {
        clear_flag(s, first, ACT_OPTIONAL, then);
    }
    if (!act_is(then, ACT_MIGRATE_RUNNABLE)) {
        clear_flag(s, first, ACT_MIGRATE_RUNNABLE, then);
    }
    if (act_required(first) && !act_is(first, ACT_RUNNABLE)) {
        clear_flag(s, then, ACT_RUNNABLE, first);
    }
}

/* An unrunnable first of an asymmetric ordering stops what would newly happen, not what is so already. */
static void
apply_asymmetric(struct sched *s, struct sched_action *first, struct sched_action *then)
{
    struct sched_rsc *rsc = then->rsc;

    if (rsc == NULL || act_is(first, ACT_RUNNABLE)) {
        return;
    }
    if (act_is(then, ACT_OPTIONAL)) {
        enum sched_role role = rsc_role(rsc, false);

        if (role == ROLE_STOPPED && act_task(then, "stop")) {
            return;
        }
        if (role >= ROLE_STARTED && act_task(then, "start") && then->node != NULL && rsc->active_on.len == 1
            && rsc->active_on.items[0] == then->node) {
            return;
        }
    }
    clear_flag(s, then, ACT_OPTIONAL, first);
    clear_flag(s, then, ACT_RUNNABLE, first);
}

static void
apply_kind(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned f, unsigned kind)
{
    switch (kind) {
    case ORDER_FRT:
        if (act_is(then, ACT_OPTIONAL) && (f & ACT_OPTIONAL) == 0 && !act_is(first, ACT_MIGRATE_RUNNABLE)) {
            clear_flag(s, then, ACT_OPTIONAL, first);
        }
        break;
    case ORDER_RST:
        apply_restart(s, first, then);
        break;
    case ORDER_TRF:
        if (act_required(then)) {
            if ((f & ACT_OPTIONAL) == 0) {
                clear_flag(s, first, ACT_OPTIONAL, then);
            }
            if ((f & ACT_MIGRATE_RUNNABLE) != 0 && !act_is(then, ACT_MIGRATE_RUNNABLE)) {
                clear_flag(s, first, ACT_MIGRATE_RUNNABLE, then);
            }
        }
        break;
    case ORDER_PRF:
        if (act_required(then) && then->rsc->role == ROLE_PROMOTED) {
            clear_flag(s, first, ACT_OPTIONAL, then);
            if (act_is(first, ACT_MIGRATE_RUNNABLE) && !act_is(then, ACT_MIGRATE_RUNNABLE)) {
                clear_flag(s, first, ACT_MIGRATE_RUNNABLE, then);
            }
        }
        break;
    case ORDER_FUT:
        if (act_is(then, ACT_RUNNABLE) && (f & ACT_RUNNABLE) == 0) {
            clear_flag(s, then, ACT_RUNNABLE, first);
            clear_flag(s, then, ACT_MIGRATE_RUNNABLE, first);
        }
        break;
    case ORDER_MIG:
        if (!act_is(then, ACT_MIGRATE_RUNNABLE) || !act_is(then, ACT_RUNNABLE)) {
            clear_flag(s, first, ACT_RUNNABLE, then);
        }
        if (act_required(then)) {
            clear_flag(s, first, ACT_OPTIONAL, then);
        }
        break;
    case ORDER_PSL:
        if (!act_is(first, ACT_RUNNABLE)) {
            clear_flag(s, then, ACT_MIGRATE_RUNNABLE, first);
            then->flags &= ~ACT_PSEUDO;
        }
        break;
    case ORDER_ASYM:
        apply_asymmetric(s, first, then);
        break;
    default:
        break;
    }
}

/* One kind between exactly these two actions. */
unsigned
update_pair(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned f, unsigned kind)
{
    unsigned then_was = then->flags, first_was = first->flags;
    unsigned changed = 0;

    apply_kind(s, first, then, f, kind);
    if (then->flags != then_was) {
        changed |= CHANGED_THEN;
        if (then->rsc != NULL && then->rsc->parent != NULL) {
            propagate_from(s, then);
        }
    }
    if (first->flags != first_was) {
        changed |= CHANGED_FIRST;
    }
    return changed;
}

static unsigned
update_members(struct sched *s, struct sched_action *first, struct sched_action *then, const struct sched_node *scope,
               unsigned f, unsigned kind)
{
    unsigned changed = update_pair(s, first, then, f, kind);

    VEC_FOR_EACH(struct sched_rsc, m, then->rsc->children) {
        struct sched_action *ma = part_action(s, m, then, scope);

        if (ma != NULL) {
            changed |= update_pair(s, first, ma, f, kind);
        }
    }
    return changed;
}

static void
propagate_after(struct sched *s, struct sched_action *a)
{
    for (struct sched_relation *r = a->after; r != NULL; r = r->after_next) {
        propagate_from(s, r->then);
    }
}

static unsigned
update_instances(struct sched *s, struct sched_action *first, struct sched_action *then, const struct sched_node *scope,
                 unsigned f, unsigned kind)
{
    unsigned changed = update_pair(s, first, then, f, kind);
    unsigned n = partner_count(then->rsc);

    for (unsigned i = 0; i < n; i++) {
        struct sched_rsc *instance = partner_at(then->rsc, i);
        struct sched_action *ia = part_action(s, instance, then, scope);
        unsigned instance_changed;

        if (ia == NULL || (collective_flags(s, ia, scope) & ACT_RUNNABLE) == 0) {
            continue;
        }
        instance_changed = update_kind(s, first, ia, scope, f, kind, instance->kind);
        changed |= instance_changed;
        if ((instance_changed & CHANGED_THEN) != 0) {
            propagate_after(s, ia);
        }
    }
    return changed;
}

/* One kind, by the rule of a variant: that of then's resource, for TRF that of first's. */
unsigned
update_kind(struct sched *s, struct sched_action *first, struct sched_action *then, const struct sched_node *scope,
            unsigned f, unsigned kind, enum sched_kind variant)
{
    if (variant == KIND_PRIMITIVE || then->rsc == NULL || then->rsc->kind == KIND_PRIMITIVE) {
        return update_pair(s, first, then, f, kind);
    }
    if (variant == KIND_GROUP) {
        return update_members(s, first, then, scope, f, kind);
    }
    if (is_interleaved(first, then)) {
        return update_interleaved(s, first, then, scope, kind);
    }
    return update_instances(s, first, then, scope, f, kind);
}

/* --- one relation --- */

/* Kinds on an action without resource are decided here; everything else by the variant of then's resource. */
static unsigned
update_then(struct sched *s, struct sched_action *first, struct sched_action *then, const struct sched_node *scope,
            unsigned f, unsigned kind)
{
    if (then->rsc != NULL) {
        return update_kind(s, first, then, scope, f, kind, then->rsc->kind);
    }
    if (kind == ORDER_FRT && (f & ACT_OPTIONAL) == 0 && act_is(then, ACT_OPTIONAL)) {
        then->flags &= ~ACT_OPTIONAL;
        return CHANGED_THEN;
    }
    if (kind == ORDER_FUT && (f & ACT_RUNNABLE) == 0 && act_is(then, ACT_RUNNABLE)) {
        then->flags &= ~ACT_RUNNABLE;
        return CHANGED_THEN;
    }
    return 0;
}

static unsigned
update_any(struct sched_action *then, unsigned f)
{
    if ((f & ACT_RUNNABLE) == 0) {
        return 0;
    }
    then->runnable_firsts++;
    if (then->runnable_firsts >= then->needed && !act_is(then, ACT_RUNNABLE)) {
        then->flags |= ACT_RUNNABLE;
        return CHANGED_THEN;
    }
    return 0;
}

/* After all kinds: what is printed in any case, and stops that never will be done (spec 42 §6.4, 12). */
static unsigned
update_last(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned f, unsigned t, unsigned kinds)
{
    unsigned changed = 0;

    if (act_is(first, ACT_RUNNABLE) && (kinds & ORDER_PT) != 0 && (f & ACT_OPTIONAL) == 0
        && !act_is(then, ACT_PRINT_ALWAYS)) {
        then->flags |= ACT_PRINT_ALWAYS;
    }
    if ((kinds & ORDER_PF) != 0 && (t & ACT_OPTIONAL) == 0 && !act_is(first, ACT_PRINT_ALWAYS)) {
        first->flags |= ACT_PRINT_ALWAYS;
    }
    if ((kinds & (ORDER_FRT | ORDER_TRF | ORDER_RST)) != 0 && first->rsc != NULL && act_task(first, "stop")
        && !rsc_is(first->rsc, RSC_MANAGED) && rsc_is(first->rsc, RSC_BLOCKED) && !act_is(first, ACT_RUNNABLE)
        && act_is(then, ACT_RUNNABLE)) {
        then->flags &= ~ACT_RUNNABLE;
        changed |= CHANGED_THEN;
    }
    return changed;
}

static unsigned
update_relation(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned f, unsigned t,
                struct sched_relation *rel)
{
    unsigned kinds = rel->before_kinds;
    const struct sched_node *scope = then->node;
    unsigned changed = 0;

    if ((kinds & ORDER_FRTN) != 0) {
        kinds = (kinds & ~ORDER_FRTN) | ORDER_FRT;
        scope = first->node;
    }
    if ((kinds & ORDER_FRT) != 0) {
        changed |= update_then(s, first, then, scope, f, ORDER_FRT);
    }
    if ((kinds & ORDER_RST) != 0 && then->rsc != NULL) {
        changed |= update_then(s, first, then, scope, f, ORDER_RST);
    }
    if ((kinds & ORDER_TRF) != 0) {
        if (first->rsc != NULL) {
            changed |= update_kind(s, first, then, scope, f, ORDER_TRF, first->rsc->kind);
        } else {
            changed |= update_pair(s, first, then, f, ORDER_TRF);
        }
    }
    if ((kinds & ORDER_PRF) != 0 && then->rsc != NULL) {
        changed |= update_then(s, first, then, scope, f, ORDER_PRF);
    }
    if ((kinds & ORDER_ANY) != 0) {
        changed |= update_any(then, f);
    }
    if ((kinds & ORDER_PRB) != 0 && then->rsc != NULL) {
        if (!act_is(first, ACT_RUNNABLE) && first->rsc != NULL && first->rsc->active_on.len > 0) {
            rel->before_kinds = 0;
        } else {
            changed |= update_then(s, first, then, scope, f, ORDER_FUT);
        }
    }
    if ((kinds & ORDER_FUT) != 0) {
        changed |= update_then(s, first, then, scope, f, ORDER_FUT);
    }
    if ((kinds & ORDER_MIG) != 0 && then->rsc != NULL) {
        changed |= update_then(s, first, then, scope, f, ORDER_MIG);
    }
    if ((kinds & ORDER_PSL) != 0 && then->rsc != NULL) {
        changed |= update_then(s, first, then, scope, f, ORDER_PSL);
    }
    if ((kinds & ORDER_ORD) != 0 && is_interleaved(first, then)) {
        changed |= update_interleaved(s, first, then, scope, ORDER_ORD);
    }
    if ((kinds & ORDER_ASYM) != 0 && then->rsc != NULL) {
        changed |= update_then(s, first, then, scope, f, ORDER_ASYM);
    }
    return changed | update_last(s, first, then, f, t, kinds);
}

/* --- what really comes first (spec 42 §6.5 "Remapping of first") --- */

/*
 * Something outside a collective that waits for its start waits for its completion, and with notifications for
 * everybody having been told.
 */
static struct sched_action *
remap_first(struct sched *s, struct sched_action *first, const struct sched_action *then)
{
    struct sched_rsc *rsc = first->rsc;
    const char *task = task_completion(first->task);

    if (task == NULL || rsc == NULL || then->rsc == NULL || rsc == then->rsc || rsc->kind == KIND_PRIMITIVE
        || first->interval_ms > 0 || rsc_is_ancestor(rsc, then->rsc) || strstr(first->key, "notify") != NULL) {
        return first;
    }
    if (rsc_is(rsc, RSC_NOTIFY) && (rsc->parent == NULL || (rsc->kind == KIND_CLONE && rsc->parent->kind == KIND_BUNDLE))) {
        const char *key = arena_printf(s->arena, "confirmed-post_notify_%s", task);
        struct sched_action *told = action_find_keyed(s, rsc, key, NULL);

        if (told == NULL) { /* a group has the flag as well, but tells nobody */
            sched_message(s, MSG_WARNING, 0, "action_for_ordering",
                          "Not remapping %s to %s_%s_0 because %s does not have remapped action", first->key, rsc->id, key, rsc->id);
        }
        return told != NULL ? told : first;
    }

    struct sched_action *done = action_newest(s, rsc, task, 0);

    return done ? done : first;
}

static struct sched_node *
node_for_same(struct sched *s, const struct sched_action *a)
{
    if (a->rsc != NULL && a->rsc->kind == KIND_GROUP && act_task(a, "start")) {
        sched_node_vec nodes = {0};

        rsc_assigned_nodes(s, a->rsc, &nodes);
        return nodes.len == 1 ? nodes.items[0] : NULL;
    }
    return a->node;
}

static unsigned
visit_relation(struct sched *s, struct sched_action *then, struct sched_relation *rel)
{
    struct sched_action *first = rel->first;

    if ((rel->before_kinds & ORDER_SAME) != 0) {
        struct sched_node *a = node_for_same(s, first), *b = node_for_same(s, then);

        if (a != NULL && b != NULL && a != b) {
            rel->before_kinds = 0;
            return 0;
        }
    }
    if (first->rsc != NULL && (rel->before_kinds & ORDER_CXL) != 0 && act_required(then)) {
        first->flags |= ACT_OPTIONAL;
        if (act_task(first, "reload-agent")) {
            first->rsc->flags &= ~RSC_RELOADING;
        }
    }
    first = remap_first(s, first, then);
    if (first != rel->first) {
        if (relation_add(s, first, then, rel->before_kinds)) {
            rel->before_kinds = 0;
            return CHANGED_THEN;
        }
        rel->before_kinds = 0;
        return 0;
    }

    unsigned f = flags_for_ordering(s, first, node_for_same(s, then));
    unsigned t = flags_for_ordering(s, then, node_for_same(s, first));
    unsigned changed = update_relation(s, first, then, f, t, rel);

    if ((changed & CHANGED_FIRST) != 0) {
        propagate_after(s, first);
        propagate_from(s, first);
    }
    return changed;
}

struct action_call {
    struct sched *s;
    struct sched_action *action;
};

static void
propagate_by(void *data)
{
    const struct action_call *call = data;

    propagate_from(call->s, call->action);
}

static void
block_by(void *data)
{
    const struct action_call *call = data;

    block_colocated(call->s, call->action);
}

/* Evaluate an action as "then" of all its relations; carry on wherever that changes something (spec 42 §6.7). */
void
propagate_from(struct sched *s, struct sched_action *then)
{
    unsigned changed = 0, was = then->flags;

    if (stack_is_short(s)) {
        struct action_call call = {s, then};

        sched_on_new_stack(s, propagate_by, &call);
        return;
    }

    if (act_is(then, ACT_REQUIRES_ANY)) {
        then->runnable_firsts = 0;
        if (then->needed == 0) {
            then->needed = 1;
        }
        then->flags &= ~ACT_RUNNABLE;
    }
    for (struct sched_relation *r = then->before; r != NULL; r = r->before_next) {
        if (r->before_kinds != 0) {
            changed |= visit_relation(s, then, r);
        }
    }
    if (act_is(then, ACT_REQUIRES_ANY)) {
        changed = then->flags != was ? changed | CHANGED_THEN : changed & ~CHANGED_THEN;
    }
    if ((changed & CHANGED_THEN) != 0) {
        if ((was & ACT_RUNNABLE) != 0 && !act_is(then, ACT_RUNNABLE)) {
            block_colocated(s, then);
        }
        propagate_from(s, then);
        propagate_after(s, then);
    }
}

/* --- colocation blocking (spec 42 §6.7) --- */

static bool
all_children_blocked(struct sched *s, const struct sched_rsc *rsc, const char *task)
{
    VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
        bool unrunnable = false;

        for_each_with_key(a, s, child, task, 0) {
            unrunnable = unrunnable || !act_is(a, ACT_RUNNABLE);
        }
        if (!unrunnable) {
            return false;
        }
    }
    return true;
}

static void
block_dependent(struct sched *s, struct sched_rsc *dependent, const char *task, const struct sched_rsc *because)
{
    for_each_with_key(a, s, dependent, task, 0) {
        if (act_is(a, ACT_RUNNABLE)) {
            a->flags &= ~ACT_RUNNABLE;
            action_set_reason(s, a, arena_printf(s->arena, "colocation with %s", because->id), false);
            block_colocated(s, a);
            propagate_from(s, a);
        }
    }
    VEC_FOR_EACH(struct sched_rsc, child, dependent->children) {
        block_dependent(s, child, task, because);
    }
}

/* A start or promote that cannot run takes along what must be with it. */
void
block_colocated(struct sched *s, struct sched_action *a)
{
    struct sched_rsc *rsc = a->rsc;
    bool promote = act_task(a, "promote");

    if (act_is(a, ACT_RUNNABLE) || rsc == NULL || (!promote && !act_task(a, "start"))) {
        return;
    }
    if (stack_is_short(s)) {
        struct action_call call = {s, a};

        sched_on_new_stack(s, block_by, &call);
        return;
    }
    rsc = rsc_top(rsc);
    if (rsc->parent != NULL && rsc->parent->kind == KIND_BUNDLE) {
        rsc = rsc->parent;
    }
    if (rsc->children.len > 0 && !all_children_blocked(s, rsc, a->task)) {
        return;
    }
    VEC_FOR_EACH(struct sched_coloc, c, rsc->with_this) {
        if (c->score < SCORE_INFINITY || (promote && c->primary_role != ROLE_PROMOTED)) {
            continue;
        }
        block_dependent(s, c->dependent, c->dependent_role == ROLE_PROMOTED ? "promote" : "start", a->rsc);
    }
}

/* --- loops (spec 42 §6.8) --- */

/* What runs on a guest need not wait for, nor hold up, the guest's own container. */
static void
void_relations_with_container(struct sched *s, const struct sched_action *then)
{
    for (struct sched_relation *r = then->before; r != NULL; r = r->before_next) {
        const struct sched_node *node = r->first->node;

        if (r->before_kinds != 0 && (r->before_kinds & ORDER_KEEP) == 0 && node != NULL && then->rsc != NULL
            && r->first->rsc != NULL && node_is_remote_kind(node) && node_container(node) == then->rsc) {
            sched_message(s, MSG_WARNING, 0, "ordering_is_invalid", "Invalid ordering constraint between %s and %s",
                          r->first->rsc->id, then->rsc->id);
            r->before_kinds = 0;
        }
    }
}

/* Is the target among what an action waits for? */
static bool
leads_to(struct sched *s, struct sched_action *from, const struct sched_action *target)
{
    GPtrArray *seen = g_ptr_array_new();
    bool found = from == target;

    from->flags |= ACT_TRACKED;
    g_ptr_array_add(seen, from);
    for (unsigned i = 0; i < seen->len && !found; i++) {
        struct sched_action *at = seen->pdata[i];

        for (struct sched_relation *r = at->before; r != NULL && !found; r = r->before_next) {
            unsigned kinds = r->before_kinds;

            if (act_is(r->first, ACT_TRACKED) || !input_counts(s, at, r->first, &kinds)) {
                continue;
            }
            found = r->first == target;
            r->first->flags |= ACT_TRACKED;
            g_ptr_array_add(seen, r->first);
        }
    }
    for (unsigned i = 0; i < seen->len; i++) {
        ((struct sched_action *)seen->pdata[i])->flags &= ~ACT_TRACKED;
    }
    g_ptr_array_free(seen, TRUE);
    return found;
}

/* Two resources that change places by migrating would wait for each other's capacity for ever. */
static void
break_load_loops(struct sched *s, struct sched_action *then)
{
    for (struct sched_relation *r = then->before; r != NULL; r = r->before_next) {
        unsigned kinds = r->before_kinds;

        if (kinds != ORDER_LOAD || !input_counts(s, then, r->first, &kinds)) {
            continue;
        }
        if (leads_to(s, r->first, then)) {
            r->before_kinds = 0;
        }
    }
}

void
propagate(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    for (unsigned i = as->all.len; i-- > 0;) {
        propagate_from(s, as->all.items[i]);
    }
    for (unsigned i = as->all.len; i-- > 0;) {
        void_relations_with_container(s, as->all.items[i]);
    }
    for (unsigned i = as->all.len; i-- > 0;) {
        if (act_task(as->all.items[i], "migrate_to")) {
            break_load_loops(s, as->all.items[i]);
        }
    }
}

/* Once, before propagation: what already cannot run takes along what must be with it. */
void
actions_block_colocated(struct sched *s)
{
    struct actions_state *as = actions_of(s);

    for (unsigned i = as->all.len; i-- > 0;) {
        block_colocated(s, as->all.items[i]);
    }
}
