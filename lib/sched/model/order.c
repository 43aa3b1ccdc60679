/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ordering constraints, expanded from sets, tags, templates and clone-min into single relations that actions store
 * in this order.  (spec 40 §9.4, spec 42 §6.10)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

enum order_strength { KIND_MANDATORY, KIND_OPTIONAL, KIND_SERIALIZE };

static void
push_order(struct sched *s, struct sched_order order)
{
    struct sched_order *o = arena_new_struct(s->arena, struct sched_order);

    *o = order;
    arena_vec_push(s->arena, &s->orders, o);
}

void
order_new(struct sched *s, const char *id, struct sched_rsc *first, const char *first_task, struct sched_rsc *then,
          const char *then_task, unsigned kinds)
{
    struct sched_order o = { .id = id, .first = first, .then = then, .first_task = first_task, .then_task = then_task,
                             .kinds = kinds };

    push_order(s, o);
}

/* A pseudo-action that `required` of the firsts must allow. */
static const char *
announce_pseudo(struct sched *s, const char *prefix, const char *id, int required)
{
    struct sched_intent intent = { .kind = INTENT_PSEUDO, .required = required };

    intent.name = arena_printf(s->arena, "%s:%s", prefix, id);
    intent_add(s, intent);
    return intent.name;
}

static void
order_to_pseudo(struct sched *s, const char *id, struct sched_rsc *first, const char *task, const char *pseudo)
{
    struct sched_order o = { .id = id, .first = first, .first_task = task, .then_pseudo = pseudo,
                             .kinds = ORDER_ANY | ORDER_PT };

    push_order(s, o);
}

static void
order_from_pseudo(struct sched *s, const char *id, const char *pseudo, struct sched_rsc *then, const char *task,
                  unsigned kinds)
{
    struct sched_order o = { .id = id, .first_pseudo = pseudo, .then = then, .then_task = task, .kinds = kinds };

    push_order(s, o);
}

/* --- what the attributes say --- */

static enum order_strength
strength_of(struct sched *s, const xmlNode *xml, const char *kind)
{
    if (kind == NULL) {
        const char *score = xml_get(xml, "score");

        if (score == NULL) {
            return KIND_MANDATORY;
        }
        CONFIG_WARN_P1(s, "Support for 'score' in rsc_order is deprecated and will be removed in a future release "
                          "(use 'kind' instead)");
        return score_parse(score) == 0 ? KIND_OPTIONAL : KIND_MANDATORY;
    }
    if (text_equal_nocase(kind, "Mandatory")) {
        return KIND_MANDATORY;
    }
    if (text_equal_nocase(kind, "Optional")) {
        return KIND_OPTIONAL;
    }
    if (text_equal_nocase(kind, "Serialize")) {
        return KIND_SERIALIZE;
    }
    CONFIG_ERROR(s, "Resetting 'kind' for constraint %s to 'Mandatory' because '%s' is not valid", xml_id(xml), kind);
    return KIND_MANDATORY;
}

/* A set's own word, else its constraint's, else yes unless serialized. */
static bool
is_symmetric(struct sched *s, const xmlNode *xml, const xmlNode *parent, enum order_strength strength)
{
    const char *text = xml_get(xml, "symmetrical");
    int value;

    if (text == NULL && parent != NULL) {
        text = xml_get(parent, "symmetrical");
    }
    value = text_boolean(text);
    if (value == 1 && strength == KIND_SERIALIZE) {
        CONFIG_WARN(s, "Ignoring symmetrical for '%s' because not valid with kind of 'Serialize'", xml_id(xml));
        return false;
    }
    return value >= 0 ? value == 1 : strength != KIND_SERIALIZE;
}

/* Kinds of the relation as written. */
static unsigned
forward_kinds(enum order_strength strength, bool symmetric, const char *first_task)
{
    switch (strength) {
    case KIND_OPTIONAL:
        return ORDER_ORD;
    case KIND_SERIALIZE:
        return ORDER_ORD | ORDER_SER;
    case KIND_MANDATORY:
        break;
    }
    if (!symmetric) {
        return ORDER_ORD | ORDER_ASYM;
    }
    return ORDER_ORD | ORDER_FRT | (text_is_one_of(first_task, "start", "promote", NULL) ? ORDER_FUT : 0);
}

static unsigned
inverse_kinds(enum order_strength strength)
{
    return strength == KIND_MANDATORY ? ORDER_ORD | ORDER_TRF : ORDER_ORD;
}

static const char *
inverse_task(const char *task)
{
    static const char *const pairs[][2] = { { "start", "stop" }, { "promote", "demote" }, { "running", "stopped" },
                                            { "promoted", "demoted" } };

    for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
        if (text_equal(task, pairs[i][0])) {
            return pairs[i][1];
        }
        if (text_equal(task, pairs[i][1])) {
            return pairs[i][0];
        }
    }
    log_warn("Unknown action '%s' specified in order constraint", task != NULL ? task : "");
    return NULL;
}

static const char *
intern_task(struct sched *s, const char *task)
{
    return task == NULL ? NULL : arena_intern(s->arena, task);
}

/* --- plain orderings --- */

static struct sched_rsc *
order_end(struct sched *s, const xmlNode *xml, const char *attr, const char *instance_attr)
{
    const char *ref = xml_get(xml, attr), *number = xml_get(xml, instance_attr);
    struct sched_rsc *r, *found = NULL;

    if (ref == NULL) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' without %s", xml_id(xml), attr);
        return NULL;
    }
    r = constraint_rsc(s, ref);
    if (r == NULL) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because resource '%s' does not exist", xml_id(xml), ref);
        return NULL;
    }
    if (number == NULL) {
        return r;
    }
    CONFIG_WARN_P1(s, "Support for first-instance and then-instance is deprecated and will be removed in a future "
                      "release.");
    if (r->kind != KIND_CLONE) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because resource '%s' is not a clone but instance '%s' was requested",
                     xml_id(xml), ref, number);
        return NULL;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (text_equal(rsc_meta(child, "clone"), number)) {
            found = child;
        }
    }
    if (found == NULL) {
        CONFIG_WARN(s, "Ignoring constraint '%s' because resource '%s' does not have an instance '%s'", xml_id(xml), ref,
                    number);
    }
    return found;
}

/* How many instances of the first resource must be runnable; 0 if it is no such ordering. */
static int
minimum_of(struct sched *s, const xmlNode *xml, const struct sched_rsc *first)
{
    const char *all = xml_get(xml, "require-all");

    if (first->kind != KIND_CLONE) {
        return 0;
    }
    if (rsc_meta(first, "clone-min") != NULL) {
        return first->clone_min;
    }
    if (all != NULL) {
        CONFIG_WARN_P1(s, "Support for require-all in ordering constraints is deprecated and will be removed in a future "
                          "release (use clone-min clone meta-attribute instead)");
        return text_boolean(all) == 0 ? 1 : 0;
    }
    return 0;
}

static void
unpack_plain(struct sched *s, const xmlNode *xml)
{
    struct sched_rsc *first = order_end(s, xml, "first", "first-instance"), *then;
    enum order_strength strength;
    const char *first_task, *then_task;
    unsigned kinds;
    bool symmetric;
    int minimum;

    if (first == NULL || (then = order_end(s, xml, "then", "then-instance")) == NULL) {
        return;
    }
    first_task = intern_task(s, xml_get(xml, "first-action"));
    if (first_task == NULL) {
        first_task = "start";
    }
    then_task = intern_task(s, xml_get(xml, "then-action"));
    if (then_task == NULL) {
        then_task = first_task;
    }
    strength = strength_of(s, xml, xml_get(xml, "kind"));
    symmetric = is_symmetric(s, xml, NULL, strength);
    kinds = forward_kinds(strength, symmetric, first_task);
    if (strength == KIND_OPTIONAL && rsc_is(then, RSC_RESTART_TYPE_RESTART)) {
        kinds |= ORDER_FRT;
    }

    minimum = minimum_of(s, xml, first);
    if (minimum > 0) {
        const char *pseudo = announce_pseudo(s, "clone-one-or-more", xml_id(xml), minimum);

        VEC_FOR_EACH (struct sched_rsc, instance, first->children) {
            order_to_pseudo(s, xml_id(xml), instance, first_task, pseudo);
        }
        order_from_pseudo(s, xml_id(xml), pseudo, then, then_task, kinds | ORDER_FUT);
    } else {
        order_new(s, xml_id(xml), first, first_task, then, then_task, kinds);
    }
    if (!symmetric) {
        return;
    }
    first_task = inverse_task(first_task);
    then_task = inverse_task(then_task);
    if (first_task == NULL || then_task == NULL) {
        CONFIG_WARN(s, "Cannot invert constraint '%s' (please specify inverse manually)", xml_id(xml));
        return;
    }
    kinds = inverse_kinds(strength);
    if (strength == KIND_OPTIONAL && rsc_is(then, RSC_RESTART_TYPE_RESTART)) {
        kinds |= ORDER_TRF;
    }
    order_new(s, xml_id(xml), then, then_task, first, first_task, kinds);
}

/* --- sets --- */

struct order_set {
    const xmlNode *xml;
    const char *id, *action;
    struct sched_rsc **items;
    unsigned len;
    bool sequential, explicitly_sequential, require_all, symmetric;
    enum order_strength strength;
};

/* False if a reference means nothing. */
static bool
read_set(struct sched *s, const xmlNode *constraint, const xmlNode *xml, struct order_set *set)
{
    const char *action = xml_get(xml, "action"), *kind = xml_get(xml, "kind");

    memset(set, 0, sizeof *set);
    set->xml = xml;
    set->id = xml_id(xml) != NULL ? xml_id(xml) : xml_id(constraint);
    set->action = action != NULL ? intern_task(s, action) : "start";
    set->sequential = xml_get_bool(xml, "sequential", true);
    set->explicitly_sequential = text_is_true(xml_get(xml, "sequential"));
    set->require_all = xml_get_bool(xml, "require-all", true);
    set->strength = strength_of(s, constraint, kind != NULL ? kind : xml_get(constraint, "kind"));
    set->symmetric = is_symmetric(s, xml, constraint, set->strength);
    set->items = arena_new_array(s->arena, struct sched_rsc *, xml_count_children(xml, "resource_ref") + 1);
    xml_for_each (ref, xml, "resource_ref") {
        struct sched_rsc *r = constraint_rsc(s, xml_id(ref));

        if (r == NULL) {
            CONFIG_ERROR(s, "%s: No resource found for %s", set->id, xml_id(ref));
            return false;
        }
        set->items[set->len++] = r;
    }
    return true;
}

/* Relations between the members of one set. */
static void
order_within(struct sched *s, const xmlNode *constraint, const struct order_set *set)
{
    unsigned kinds = forward_kinds(set->strength, set->symmetric, set->action);
    const char *inverse;

    if (set->strength == KIND_SERIALIZE && !constraint_pairs_fit(s, set->id, (unsigned long long)set->len * set->len / 2)) {
        return;
    }
    for (unsigned i = 1; i < set->len; i++) {
        if (set->strength == KIND_SERIALIZE) {
            for (unsigned k = 0; k < i; k++) {
                order_new(s, set->id, set->items[k], set->action, set->items[i], set->action, kinds);
            }
        } else if (set->sequential) {
            order_new(s, set->id, set->items[i - 1], set->action, set->items[i], set->action, kinds);
        }
    }
    if (!set->symmetric || !set->sequential) {
        return;
    }
    inverse = inverse_task(set->action);
    if (inverse == NULL) {
        CONFIG_WARN(s, "Cannot invert constraint '%s' (please specify inverse manually)", xml_id(constraint));
        return;
    }
    for (unsigned i = 1; i < set->len; i++) {
        order_new(s, set->id, set->items[i], inverse, set->items[i - 1], inverse, inverse_kinds(set->strength));
    }
}

/* Any one of the first set is enough for all of the second. */
static void
order_any_then_all(struct sched *s, const char *id, const struct order_set *a, const char *action_a,
                   const struct order_set *b, const char *action_b, unsigned kinds)
{
    const char *pseudo = announce_pseudo(s, "one-or-more", a->id, 1);

    for (unsigned i = 0; i < a->len; i++) {
        order_to_pseudo(s, id, a->items[i], action_a, pseudo);
    }
    for (unsigned i = 0; i < b->len; i++) {
        order_from_pseudo(s, id, pseudo, b->items[i], action_b, kinds | ORDER_FUT);
    }
}

/*
 * Relations between consecutive sets.  A set is represented by its outer member only if it says explicitly that it is
 * sequential; the inverse looks at the other ends.
 */
static void
order_sets(struct sched *s, const xmlNode *constraint, const struct order_set *a, const struct order_set *b,
           bool inverse)
{
    enum order_strength strength = strength_of(s, constraint, xml_get(constraint, "kind"));
    bool symmetric = is_symmetric(s, constraint, NULL, strength);
    const char *id = xml_id(constraint), *action_a = a->action, *action_b = b->action;
    unsigned kinds, from_a = 0, to_a = a->len, from_b = 0, to_b = b->len;

    if (inverse) {
        action_a = inverse_task(action_a);
        action_b = inverse_task(action_b);
        if (action_a == NULL || action_b == NULL) {
            CONFIG_WARN(s, "Cannot invert constraint '%s' (please specify inverse manually)", id);
            return;
        }
        kinds = inverse_kinds(strength);
    } else {
        kinds = forward_kinds(strength, symmetric, action_b);
    }
    if (a->len == 0 || b->len == 0) {
        return;
    }
    if (!a->require_all && !text_is_one_of(action_a, "stop", "demote", NULL)) {
        order_any_then_all(s, id, a, action_a, b, action_b, kinds);
        return;
    }
    if (a->explicitly_sequential) {
        from_a = inverse ? 0 : a->len - 1;
        to_a = from_a + 1;
    }
    if (b->explicitly_sequential) {
        from_b = inverse ? b->len - 1 : 0;
        to_b = from_b + 1;
    }
    if (!constraint_pairs_fit(s, id, (unsigned long long)(to_a - from_a) * (to_b - from_b))) {
        return;
    }
    for (unsigned i = from_a; i < to_a; i++) {
        for (unsigned k = from_b; k < to_b; k++) {
            order_new(s, id, a->items[i], action_a, b->items[k], action_b, kinds);
        }
    }
}

static void
unpack_sets(struct sched *s, const xmlNode *xml)
{
    struct order_set last = { 0 }, current;
    bool have_last = false;
    enum order_strength strength = strength_of(s, xml, xml_get(xml, "kind"));
    bool symmetric = is_symmetric(s, xml, NULL, strength);

    xml_for_each (raw, xml, "resource_set") {
        const xmlNode *set = rules_resolve(raw, s->refs);

        if (set == NULL || !read_set(s, xml, set, &current)) {
            return;
        }
        order_within(s, xml, &current);
        if (have_last) {
            order_sets(s, xml, &last, &current, false);
            if (symmetric) {
                order_sets(s, xml, &current, &last, true);
            }
        }
        last = current;
        have_last = true;
    }
}

/* --- entry --- */

static const xmlNode *
expand_tags(struct sched *s, const xmlNode *xml, bool *bad)
{
    static const struct {
        const char *attr, *action;
    } sides[] = { { "first", "first-action" }, { "then", "then-action" } };
    struct sched_rsc *rsc;
    struct sched_tag *tag;
    bool any = false;
    xmlNode *copy;

    *bad = false;
    for (unsigned i = 0; i < 2; i++) {
        const char *ref = xml_get(xml, sides[i].attr);

        if (ref == NULL) {
            continue;
        }
        if (!constraint_ref(s, ref, &rsc, &tag)) {
            CONFIG_ERROR(s, "Ignoring constraint '%s' because '%s' is not a valid resource or tag", xml_id(xml), ref);
            *bad = true;
            return NULL;
        }
        any = any || tag != NULL;
    }
    if (!any) {
        return NULL;
    }
    copy = xml_copy(s->scratch, xml);
    for (unsigned i = 0; i < 2; i++) {
        const char *action = xml_get(copy, sides[i].action);
        xmlNode *set = constraint_attr_to_set(s, copy, sides[i].attr, true);

        if (set != NULL && action != NULL) {
            xml_set(set, "action", action);
            xml_remove(copy, sides[i].action);
        }
    }
    return copy;
}

void
order_unpack(struct sched *s, const xmlNode *xml)
{
    const xmlNode *expanded;
    bool bad;

    if (xml_first(xml, "resource_set") != NULL) {
        expanded = constraint_expand_sets(s, xml, &bad);
        unpack_sets(s, expanded != NULL ? expanded : xml);
        return;
    }
    expanded = expand_tags(s, xml, &bad);
    if (bad) {
        return;
    }
    if (expanded != NULL) {
        unpack_sets(s, expanded);
    } else {
        unpack_plain(s, xml);
    }
}
