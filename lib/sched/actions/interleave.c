/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Orderings between two clones or bundles instance by instance.  Called by propagate.c.  Settles an instance that
 * finds no partner.  (spec 42 §6.6)
 */
#include "lib/sched/actions/propagate.h"
#include "lib/sched/assign/assign.h"

bool
is_interleaved(const struct sched_action *first, const struct sched_action *then)
{
    const struct sched_rsc *a = first->rsc, *b = then->rsc;

    if (a == NULL || b == NULL || a == b || a->kind < KIND_CLONE || b->kind < KIND_CLONE) {
        return false;
    }
    return rsc_is(g_str_has_suffix(then->key, "_stop_0") || g_str_has_suffix(then->key, "_demote_0") ? a : b,
                  RSC_INTERLEAVE);
}

/* --- partners --- */

static void
collect_nodes(const struct sched_rsc *rsc, bool current, sched_node_vec *out, struct arena *arena)
{
    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            collect_nodes(child, current, out, arena);
        }
        return;
    }
    if (!current && rsc->assigned != NULL) {
        arena_vec_push(arena, out, rsc->assigned);
    }
    if (current) {
        VEC_FOR_EACH(struct sched_node, node, rsc->active_on) {
            arena_vec_push(arena, out, node);
        }
    }
}

/* The one node of an instance, now or as assigned; NULL if it has none or several. */
static struct sched_node *
node_of_instance(struct sched *s, const struct sched_rsc *rsc, bool current)
{
    sched_node_vec nodes = {0};

    if (rsc->kind == KIND_PRIMITIVE) {
        if (!current) {
            return rsc->assigned;
        }
        return rsc->active_on.len == 1 ? rsc->active_on.items[0] : NULL;
    }
    collect_nodes(rsc, current, &nodes, s->arena);
    for (unsigned i = 1; i < nodes.len; i++) {
        if (nodes.items[i] != nodes.items[0]) {
            return NULL;
        }
    }
    return nodes.len > 0 ? nodes.items[0] : NULL;
}

unsigned
partner_count(const struct sched_rsc *rsc)
{
    return rsc->kind == KIND_BUNDLE ? rsc->replicas.len : rsc->children.len;
}

struct sched_rsc *
partner_at(const struct sched_rsc *rsc, unsigned i)
{
    return rsc->kind == KIND_BUNDLE ? rsc->replicas.items[i]->container : rsc->children.items[i];
}

static struct sched_rsc *
partner_on(struct sched *s, const struct sched_rsc *rsc, const struct sched_node *node, bool current)
{
    unsigned n = partner_count(rsc);

    for (unsigned i = 0; i < n; i++) {
        struct sched_rsc *candidate = partner_at(rsc, i);

        if (!rsc_blocked_deep(candidate) && node_of_instance(s, candidate, current) == node) {
            return candidate;
        }
    }
    return NULL;
}

/* The instance of `rsc` that is (will be) where `instance` is; one without a place looks where it would go. */
struct sched_rsc *
find_partner(struct sched *s, struct sched_rsc *instance, const struct sched_rsc *rsc, bool current)
{
    struct sched_node *node = node_of_instance(s, instance, current), **candidates;
    struct sched_rsc *partner = NULL;
    unsigned n;

    if (node != NULL) {
        return partner_on(s, rsc, node, current);
    }
    candidates = row_sorted(s, &instance->row, NULL, &n);
    for (unsigned i = 0; i < n && partner == NULL; i++) {
        partner = partner_on(s, rsc, candidates[i], current);
    }
    g_free(candidates);
    return partner;
}

/* --- an instance without partner does not run (spec 42 §6.6) --- */

static bool
unassign(struct sched *s, struct sched_rsc *rsc)
{
    bool changed = false;

    if (rsc->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            changed |= unassign(s, child);
        }
        return changed;
    }
    changed = rsc->assigned != NULL;
    unsettle(s, rsc);
    rsc->next_role = ROLE_STOPPED;
    actions_lose_node(s, rsc);
    return changed;
}

/* --- one pair of instances --- */

static struct sched_action *
instance_action(struct sched *s, const struct sched_rsc *rsc, const char *task, const struct sched_node *scope)
{
    if (rsc->kind == KIND_PRIMITIVE) {
        task = task_of_primitive(task);
    }
    return action_newest_on(s, rsc, task, scope);
}

static struct sched_rsc *
inside(const struct sched_rsc *container)
{
    return container->replica ? container->replica->child : NULL;
}

static unsigned
update_partners(struct sched *s, struct sched_action *first, struct sched_rsc *first_i, struct sched_action *then,
                struct sched_rsc *then_i, const struct sched_node *scope, unsigned kind)
{
    struct sched_rsc *then_rsc = then_i;
    const char *first_task = collective_task(first), *then_task = collective_task(then);
    struct sched_action *fa, *ta;
    unsigned changed = 0;

    if (then->rsc->kind == KIND_BUNDLE && strstr(then_task, "mote") != NULL && inside(then_i) != NULL) {
        then_rsc = inside(then_i);
    }
    fa = instance_action(s, first_i, first_task, scope);
    if (fa == NULL) {
        fa = instance_action(s, first_i, first_task, NULL);
    }
    ta = instance_action(s, then_rsc, then_task, NULL);
    if (fa == NULL || ta == NULL) {
        return 0;
    }
    if (relation_add(s, fa, ta, kind)) {
        changed |= CHANGED_FIRST | CHANGED_THEN;
    }
    changed |= update_kind(s, fa, ta, scope, collective_flags(s, fa, scope), kind, ta->rsc->kind);
    return changed;
}

unsigned
update_interleaved(struct sched *s, struct sched_action *first, struct sched_action *then,
                   const struct sched_node *scope, unsigned kind)
{
    bool current = g_str_has_suffix(first->key, "_stopped_0") || g_str_has_suffix(first->key, "_demoted_0");
    unsigned n = partner_count(then->rsc);
    unsigned changed = 0;

    for (unsigned i = 0; i < n; i++) {
        struct sched_rsc *then_i = partner_at(then->rsc, i);
        struct sched_rsc *first_i = find_partner(s, then_i, first->rsc, current);

        if (first_i != NULL) {
            changed |= update_partners(s, first, first_i, then, then_i, scope, kind);
        } else if (!current && (kind & (ORDER_FUT | ORDER_FRT)) != 0 && unassign(s, then_i)) {
            changed |= CHANGED_THEN;
        }
    }
    return changed;
}
