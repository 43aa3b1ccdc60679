/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a placed primary means for its dependent: which nodes remain, or which role.  Called while the dependent is
 * being placed, and when the roles of promotable instances are decided.  (spec 41 §10.3, §10.4, §10.6, §10.7)
 */
#include "lib/sched/assign/assign.h"

bool
coloc_has_influence(const struct sched_coloc *c, const struct sched_rsc *r)
{
    const struct sched_rsc *d = c->dependent;

    /* The connection to a healthy container never drags it along. */
    if (d->replica != NULL && d->replica->remote == d && !rsc_is(r, RSC_FAILED) && r->active_on.len == 1) {
        return false;
    }
    return c->influence || r->active_on.len == 0;
}

const char *
coloc_attr_value(const struct sched_node *n, const char *attr, const char *def)
{
    return node_attr(n, attr != NULL ? attr : def);
}

bool
attr_values_equal(const char *a, const char *b)
{
    return text_equal_nocase(a, b);
}

struct sched_node *
instance_node(const struct sched_rsc *r)
{
    struct sched_node *node = NULL;

    if (r->kind == KIND_PRIMITIVE) {
        return r->assigned;
    }
    VEC_FOR_EACH (const struct sched_rsc, child, r->children) {
        struct sched_node *n = instance_node(child);

        if (n == NULL) {
            continue;
        }
        if (node != NULL && node != n) {
            return NULL;
        }
        node = n;
    }
    return node;
}

/* --- pairs of primitives: spec 41 §10.4 --- */

/*
 * What does the constraint touch?  The numbers are those of spec 41 §10.4.
 */
enum coloc_effect
coloc_affects(const struct sched_rsc *dependent, const struct sched_rsc *primary, const struct sched_coloc *c,
              bool preview)
{
    if (!preview && !rsc_is(primary, RSC_SETTLED)) {
        return COLOC_NOTHING; /* 1 */
    }
    if (c->dependent_role >= ROLE_UNPROMOTED && dependent->parent != NULL && rsc_is(dependent->parent, RSC_PROMOTABLE)
        && rsc_is(dependent, RSC_SETTLED)) {
        return COLOC_PROMOTION; /* 2 */
    }
    if (!preview && rsc_is(dependent, RSC_SETTLED)) {
        return COLOC_NOTHING; /* 3 */
    }
    if (c->score > 0 && c->dependent_role != ROLE_UNKNOWN && c->dependent_role != dependent->next_role) {
        return COLOC_NOTHING; /* 4 */
    }
    if (c->score > 0 && c->primary_role != ROLE_UNKNOWN && c->primary_role != primary->next_role) {
        return COLOC_NOTHING; /* 5 */
    }
    if (c->score < 0 && c->dependent_role != ROLE_UNKNOWN && c->dependent_role == dependent->next_role) {
        return COLOC_NOTHING; /* 6 */
    }
    if (c->score < 0 && c->primary_role != ROLE_UNKNOWN && c->primary_role == primary->next_role) {
        return COLOC_NOTHING; /* 7 */
    }
    return COLOC_LOCATION; /* 8 */
}

/* A constraint would have left no node, so its scores are forgotten. */
void
explain_unheeded(struct sched *s, struct sched_rsc *x, const struct sched_row *saved, const struct sched_coloc *c)
{
    if (!sched_explains(s)) {
        return;
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (row_has(saved, n) && saved->score[n->id] != x->row.score[n->id]) {
            struct sched_explain e = { x, n, 0, saved->score[n->id], "unheeded", c->id, c->primary };

            arena_vec_push(s->arena, &s->explain, e);
        }
    }
}

static void
apply_to_location(struct sched *s, struct sched_rsc *x, const struct sched_rsc *y, const struct sched_coloc *c)
{
    const struct sched_node *home = y->assigned;
    const char *value = home == NULL ? NULL : coloc_attr_value(home, c->node_attribute, "#id");
    bool finite = c->score > -SCORE_INFINITY && c->score < SCORE_INFINITY;
    struct sched_row saved = { 0 };

    if (home == NULL && c->score < 0) {
        return;
    }
    if (finite) {
        saved = row_copy(&x->row);
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (!row_has(&x->row, n)) {
            continue;
        }
        if (home == NULL) {
            row_add(&x->row, n, -c->score);
            sched_explain_with(s, x, n, -c->score, "colocation", c, NULL);
        } else if (attr_values_equal(coloc_attr_value(n, c->node_attribute, "#id"), value)) {
            if (c->score < SCORE_INFINITY) {
                row_add(&x->row, n, c->score);
                sched_explain_with(s, x, n, c->score, "colocation", c, NULL);
            }
        } else if (c->score >= SCORE_INFINITY) {
            row_add(&x->row, n, -SCORE_INFINITY);
            sched_explain_with(s, x, n, -SCORE_INFINITY, "colocation", c, NULL);
        }
    }
    if (finite) {
        if (!row_any_available(s, &x->row)) {
            explain_unheeded(s, x, &saved, c);
            row_restore(&x->row, &saved);
        }
        row_release(&saved);
    }
}

/* (spec 41 §14.5, second part) */
static void
apply_to_promotion(struct sched_rsc *x, const struct sched_rsc *y, const struct sched_coloc *c)
{
    int score = c->dependent_role == ROLE_UNPROMOTED ? -c->score : c->score;

    if (y->assigned == NULL || x->assigned == NULL) {
        return;
    }
    if (!attr_values_equal(coloc_attr_value(x->assigned, c->node_attribute, "#id"),
                           coloc_attr_value(y->assigned, c->node_attribute, "#id"))) {
        if (c->score >= SCORE_INFINITY && c->dependent_role == ROLE_PROMOTED) {
            x->priority = -SCORE_INFINITY;
        }
        return;
    }
    if (c->primary_role != ROLE_UNKNOWN && c->primary_role != y->next_role) {
        return;
    }
    x->priority = score_add(x->priority, score);
}

static void
apply_pair(struct sched *s, struct sched_rsc *x, struct sched_rsc *y, const struct sched_coloc *c)
{
    switch (coloc_affects(x, y, c, false)) {
    case COLOC_NOTHING:
        break;
    case COLOC_LOCATION:
        apply_to_location(s, x, y, c);
        break;
    case COLOC_PROMOTION:
        apply_to_promotion(x, y, c);
        break;
    }
}

/* --- primaries that are no primitives: spec 41 §10.6 --- */

static void
apply_group(struct sched *s, struct sched_rsc *x, struct sched_rsc *group, const struct sched_coloc *c)
{
    if (!rsc_is(group, RSC_SETTLED) || group->children.len == 0) {
        return;
    }
    if (rsc_is(group, RSC_COLLOCATED)) {
        coloc_apply(s, x, c->score >= SCORE_INFINITY ? group->children.items[group->children.len - 1]
                                                     : group->children.items[0], c);
        return;
    }
    if (c->score >= SCORE_INFINITY) {
        CONFIG_ERROR(s, "%s: Cannot perform mandatory colocation with non-colocated group %s", c->dependent->id,
                     group->id);
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, member, group->children) {
        coloc_apply(s, x, member, c);
    }
}

/* How the node is probed for what was placed there: whoever follows takes that over. */
static uint8_t
mode_where_placed(const struct sched_rsc *r, const struct sched_node *n)
{
    if (row_has(&r->row, n)) {
        return r->row.mode[n->id];
    }
    return n->resource_discovery_never ? DISCOVER_NEVER : DISCOVER_ALWAYS;
}

/*
 * Mandatory with a clone or bundle: only where a usable instance is.  `usable` is indexed by node id: how the node is
 * probed for the instance, DISCOVER_ABSENT where there is none.
 */
static void
keep_only(struct sched *s, struct sched_rsc *x, const uint8_t *usable, const struct sched_coloc *c)
{
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (usable[n->id]) {
            if (!row_has(&x->row, n)) {
                row_set(&x->row, n, -SCORE_INFINITY, usable[n->id]);
            }
        } else if (row_has(&x->row, n)) {
            row_put(&x->row, n, -SCORE_INFINITY);
            sched_explain_with(s, x, n, -SCORE_INFINITY, "colocation", c, NULL);
        }
    }
}

/* Instance of the primary that would be the partner of one on the node; NULL if none. */
static struct sched_rsc **
partners_by_node(struct sched *s, struct sched_rsc **instances, unsigned count)
{
    struct sched_rsc **by_node = g_new0(struct sched_rsc *, s->nodes.len + 1);

    for (unsigned i = 0; i < count; i++) {
        struct sched_node *n = instance_node(instances[i]);

        if (n != NULL && !rsc_blocked_deep(instances[i]) && by_node[n->id] == NULL) {
            by_node[n->id] = instances[i];
        }
    }
    return by_node;
}

static struct sched_rsc *
find_partner(struct sched *s, struct sched_rsc *x, struct sched_rsc **instances, unsigned count)
{
    struct sched_rsc **by_node = partners_by_node(s, instances, count), *partner = NULL;
    struct sched_node *home = instance_node(x), **order;
    unsigned n;

    if (home != NULL) {
        partner = by_node[home->id];
    } else {
        order = row_sorted(s, &x->row, NULL, &n);
        for (unsigned i = 0; i < n && partner == NULL; i++) {
            partner = by_node[order[i]->id];
        }
        g_free(order);
    }
    g_free(by_node);
    return partner;
}

static void
apply_interleaved(struct sched *s, struct sched_rsc *x, struct sched_rsc **instances, unsigned count,
                  const struct sched_coloc *c)
{
    struct sched_rsc *partner = find_partner(s, x, instances, count);

    if (partner != NULL) {
        coloc_apply(s, x, partner, c);
    } else if (c->score >= SCORE_INFINITY) {
        settle(s, x, NULL, true);
    }
}

/* As configured: an anonymous clone has one copy on a node, whatever it asks for, but is not compared by that. */
static int
copies_per_node(const struct sched_rsc *r)
{
    const char *wanted = r->kind == KIND_CLONE ? rsc_meta(r, "clone-node-max") : NULL;

    if (wanted != NULL) {
        return (int) text_leading_int(wanted);
    }
    return r->kind == KIND_BUNDLE ? r->clone_node_max : 1;
}

static bool
is_interleaved(struct sched *s, const struct sched_coloc *c, const struct sched_rsc *clone)
{
    const struct sched_rsc *d = c->dependent;

    if (d->kind < KIND_CLONE || !text_is_true(rsc_meta(d, "interleave"))) {
        return false;
    }
    if (copies_per_node(d) != copies_per_node(clone)) {
        CONFIG_ERROR(s, "Cannot interleave %s and %s because they do not support the same number of instances per node",
                     d->id, clone->id);
        return false;
    }
    return true;
}

static void
apply_clone(struct sched *s, struct sched_rsc *x, struct sched_rsc *clone, const struct sched_coloc *c)
{
    if (rsc_is(clone, RSC_PROMOTABLE)) {
        if (!rsc_is(clone, RSC_SETTLED)) {
            return;
        }
        if (c->primary_role != ROLE_UNKNOWN) {
            if (!rsc_is(x, RSC_SETTLED)) {
                promotion_update_dependent_row(s, x, clone, c);
                return;
            }
            if (c->dependent_role == ROLE_PROMOTED) {
                promotion_update_dependent_priority(s, x, clone, c);
                return;
            }
        }
    }
    if (!rsc_is(clone, RSC_SETTLED)) {
        return;
    }
    if (is_interleaved(s, c, clone)) {
        apply_interleaved(s, x, clone->children.items, clone->children.len, c);
        return;
    }
    if (c->score >= SCORE_INFINITY) {
        uint8_t *usable = g_new0(uint8_t, s->nodes.len + 1);

        VEC_FOR_EACH (struct sched_rsc, instance, clone->children) {
            struct sched_node *n = instance_node(instance);

            if (n != NULL && !rsc_blocked_deep(instance)) {
                usable[n->id] = mode_where_placed(instance, n);
            }
        }
        keep_only(s, x, usable, c);
        g_free(usable);
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, instance, clone->children) {
        coloc_apply(s, x, instance, c);
    }
}

static void
apply_bundle(struct sched *s, struct sched_rsc *x, struct sched_rsc *bundle, const struct sched_coloc *c)
{
    struct sched_rsc **containers;
    uint8_t *usable;

    if (!rsc_is(bundle, RSC_SETTLED)) {
        return;
    }
    if (c->dependent->kind >= KIND_CLONE) {
        containers = g_new(struct sched_rsc *, bundle->replicas.len + 1);
        for (unsigned i = 0; i < bundle->replicas.len; i++) {
            containers[i] = bundle->replicas.items[i]->container;
        }
        apply_interleaved(s, x, containers, bundle->replicas.len, c);
        g_free(containers);
        return;
    }
    usable = g_new0(uint8_t, s->nodes.len + 1);
    for (unsigned i = 0; i < bundle->replicas.len; i++) {
        const struct sched_replica *rep = bundle->replicas.items[i];

        if (c->score < SCORE_INFINITY) {
            coloc_apply(s, x, rep->container, c);
            continue;
        }
        if (rep->container->assigned == NULL || rsc_is(rep->container, RSC_BLOCKED)) {
            continue;
        }
        if (c->primary_role == ROLE_PROMOTED && (rep->child == NULL || rep->child->next_role != ROLE_PROMOTED)) {
            continue;
        }
        usable[rep->container->assigned->id] = mode_where_placed(rep->container, rep->container->assigned);
    }
    if (c->score >= SCORE_INFINITY) {
        keep_only(s, x, usable, c);
    }
    g_free(usable);
}

/* A group as the dependent: when an instance's role is decided, or a partner is applied to it. */
static void
apply_to_group(struct sched *s, struct sched_rsc *group, struct sched_rsc *primary, const struct sched_coloc *c)
{
    if (group->children.len == 0) {
        return;
    }
    if (rsc_is(group, RSC_COLLOCATED)) {
        coloc_apply(s, group->children.items[0], primary, c);
        return;
    }
    if (c->score >= SCORE_INFINITY) {
        CONFIG_ERROR(s, "%s: Cannot perform mandatory colocation between non-colocated group and %s", group->id,
                     primary->id);
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, member, group->children) {
        coloc_apply(s, member, primary, c);
    }
}

void
coloc_apply(struct sched *s, struct sched_rsc *dependent, struct sched_rsc *primary, const struct sched_coloc *c)
{
    if (dependent->kind == KIND_GROUP) {
        apply_to_group(s, dependent, primary, c);
        return;
    }
    switch (primary->kind) {
    case KIND_PRIMITIVE:
        apply_pair(s, dependent, primary, c);
        break;
    case KIND_GROUP:
        apply_group(s, dependent, primary, c);
        break;
    case KIND_CLONE:
        apply_clone(s, dependent, primary, c);
        break;
    case KIND_BUNDLE:
        apply_bundle(s, dependent, primary, c);
        break;
    }
}
