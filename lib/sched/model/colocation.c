/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Colocation constraints: expansion of sets, tags and templates into pairs, each filed with both its resources.
 * (spec 40 §9.3, spec 41 §10.1, §10.2)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

/*
 * Which of two constraints' other ends comes first?  (spec 41 §10.2)
 *
 *   1. the one with the higher priority
 *   2. the bigger kind: bundle, clone, group, primitive
 *   3. among clones the promotable one
 *   4. the lower id
 */
static int
compare_others(const struct sched_rsc *a, const struct sched_rsc *b)
{
    if (a->priority != b->priority) {
        return a->priority > b->priority ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind > b->kind ? -1 : 1;
    }
    if (a->kind == KIND_CLONE && rsc_is(a, RSC_PROMOTABLE) != rsc_is(b, RSC_PROMOTABLE)) {
        return rsc_is(a, RSC_PROMOTABLE) ? -1 : 1;
    }
    return strcmp(a->id, b->id);
}

/* Insert before the first entry that is not smaller; `primary` says which end is compared. */
static void
insert_sorted(struct sched *s, sched_coloc_vec *list, struct sched_coloc *c, bool primary)
{
    const struct sched_rsc *key = primary ? c->primary : c->dependent;
    unsigned low = 0, high = list->len;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct sched_coloc *other = list->items[middle];

        if (compare_others(key, primary ? other->primary : other->dependent) <= 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    arena_vec_push(s->arena, list, c);
    memmove(list->items + low + 1, list->items + low, (list->len - 1 - low) * sizeof *list->items);
    list->items[low] = c;
}

void
coloc_file_dependent(struct sched *s, struct sched_rsc *r, struct sched_coloc *c)
{
    insert_sorted(s, &r->this_with, c, true);
    row_changed(&r->row); /* what it makes of tables */
}

void
coloc_file_primary(struct sched *s, struct sched_rsc *r, struct sched_coloc *c)
{
    insert_sorted(s, &r->with_this, c, false);
    row_changed(&r->row);
}

/* --- two that must not be together: one leaves before the other comes (spec 42 §6.10) --- */

static unsigned
losing_tasks(enum sched_role role, const char *tasks[2])
{
    if (role == ROLE_PROMOTED) {
        tasks[0] = "demote";
        return 1;
    }
    tasks[0] = "stop";
    tasks[1] = "promote";
    return role == ROLE_UNPROMOTED ? 2 : 1;
}

static unsigned
gaining_tasks(enum sched_role role, const char *tasks[2])
{
    if (role == ROLE_PROMOTED) {
        tasks[0] = "promote";
        return 1;
    }
    tasks[0] = "start";
    tasks[1] = "demote";
    return role == ROLE_UNPROMOTED ? 2 : 1;
}

static void
order_apart(struct sched *s, const char *id, struct sched_rsc *loser, enum sched_role loser_role,
            struct sched_rsc *gainer, enum sched_role gainer_role)
{
    const char *lose[2], *gain[2];
    unsigned n = losing_tasks(loser_role, lose), m = gaining_tasks(gainer_role, gain);

    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < m; k++) {
            order_new(s, id, loser, lose[i], gainer, gain[k], ORDER_ANTI);
        }
    }
}

/* --- one pair --- */

static enum sched_role
any_role(const char *text)
{
    int role = role_parse(text);

    return role <= ROLE_UNKNOWN || role == ROLE_STARTED ? ROLE_UNKNOWN : (enum sched_role)role;
}

void
coloc_new(struct sched *s, const char *id, const char *node_attr, int score, struct sched_rsc *dependent,
          struct sched_rsc *primary, const char *dependent_role, const char *primary_role, bool influence,
          const xmlNode *xml)
{
    struct sched_coloc *c;

    if (score == 0 || dependent == NULL || primary == NULL) {
        return;
    }
    c = arena_new_struct(s->arena, struct sched_coloc);
    c->id = id;
    c->node_attribute = node_attr;
    c->score = score;
    c->dependent = dependent;
    c->primary = primary;
    c->dependent_role = any_role(dependent_role);
    c->primary_role = any_role(primary_role);
    c->influence = influence;
    c->xml = xml;
    arena_vec_push(s->arena, &s->colocs, c);
    coloc_file_dependent(s, dependent, c);
    coloc_file_primary(s, primary, c);
    if (score <= -SCORE_INFINITY) {
        order_apart(s, id, dependent, c->dependent_role, primary, c->primary_role);
        order_apart(s, id, primary, c->primary_role, dependent, c->dependent_role);
    }
}

/* The constraint's own word, or whether the dependent is critical. */
static bool
influence_of(struct sched *s, const xmlNode *xml, const struct sched_rsc *dependent)
{
    const char *value = xml_get(xml, "influence");

    if (value != NULL) {
        int b = text_boolean(value);

        if (b >= 0) {
            return b > 0;
        }
        CONFIG_ERROR(s, "Constraint '%s' has invalid value for influence (using default)", xml_id(xml));
    }
    return rsc_is(dependent, RSC_CRITICAL);
}

static void
pair_up(struct sched *s, const xmlNode *xml, const char *id, int score, struct sched_rsc *dependent,
        struct sched_rsc *primary, const char *dependent_role, const char *primary_role)
{
    coloc_new(s, id, NULL, score, dependent, primary, dependent_role, primary_role, influence_of(s, xml, dependent), xml);
}

/* --- sets --- */

/* A member that does not exist is NULL: how much of the constraint still counts depends on who asks for it. */
struct set_members {
    const xmlNode *set;
    struct sched_rsc **items;
    const char **ids;
    unsigned len;
    const char *role;
    bool sequential;
};

static void
read_members(struct sched *s, const xmlNode *set, struct set_members *m)
{
    unsigned most = xml_count_children(set, "resource_ref") + 1;

    memset(m, 0, sizeof *m);
    m->set = set;
    m->items = arena_new_array(s->arena, struct sched_rsc *, most);
    m->ids = arena_new_array(s->arena, const char *, most);
    m->role = xml_get(set, "role");
    m->sequential = xml_get_bool(set, "sequential", true);
    xml_for_each (ref, set, "resource_ref") {
        m->ids[m->len] = xml_id(ref);
        m->items[m->len++] = constraint_rsc(s, xml_id(ref));
    }
}

/* Member i, or NULL after an error under the given id. */
static struct sched_rsc *
set_member(struct sched *s, const struct set_members *m, unsigned i, const char *id)
{
    if (m->items[i] == NULL) {
        CONFIG_ERROR(s, "%s: No resource found for %s", id, m->ids[i]);
    }
    return m->items[i];
}

/*
 * Member i stays away from all that are referred to before its own id (of whatever case).  One that is referred to by another name than its
 * id (a clone by what its instances are called in the history) never meets itself and stays away from all.
 */
static void
keep_apart(struct sched *s, const xmlNode *xml, const struct set_members *m, unsigned i, int score)
{
    for (unsigned k = 0; k < m->len && !text_equal_nocase(m->ids[k], m->items[i]->id); k++) {
        if (set_member(s, m, k, xml_id(m->set)) == NULL) {
            return;
        }
        pair_up(s, xml, xml_id(m->set), score, m->items[i], m->items[k], m->role, m->role);
    }
}

/* A bad reference ends the chain: what stands before it counts. */
static void
colocate_within(struct sched *s, const xmlNode *xml, const struct set_members *m, int score)
{
    const char *own = xml_get(m->set, "score"), *ordering = xml_get(m->set, "ordering");
    const char *id = xml_id(m->set);
    bool backward = ordering == NULL || text_equal_nocase(ordering, "group");
    int local = own != NULL ? score_parse_health(s, own) : score;

    if (!m->sequential || local == 0) {
        return;
    }
    if (local < 0 && !constraint_pairs_fit(s, id, (unsigned long long)m->len * m->len / 2)) {
        return;
    }
    for (unsigned i = 0; i < m->len; i++) {
        if (set_member(s, m, i, id) == NULL) {
            return;
        }
        if (local > 0 && i > 0) {
            pair_up(s, xml, id, local, backward ? m->items[i] : m->items[i - 1], backward ? m->items[i - 1] : m->items[i],
                    m->role, m->role);
        } else if (local < 0) {
            keep_apart(s, xml, m, i, local);
        }
    }
}

/* Only a member that is asked for can be a bad reference; it ends this pair of sets, not the next. */
static void
colocate_sets(struct sched *s, const xmlNode *xml, const struct set_members *a, const struct set_members *b, int score)
{
    if (score == 0 || a->len == 0 || b->len == 0) {
        return;
    }
    if (!constraint_pairs_fit(s, xml_id(xml), (unsigned long long)(a->sequential ? 1 : a->len) * (b->sequential ? 1 : b->len))) {
        return;
    }
    for (unsigned i = 0; i < (a->sequential ? 1 : a->len); i++) {
        if (set_member(s, a, i, xml_id(xml)) == NULL) {
            return;
        }
        for (unsigned k = b->sequential ? b->len - 1 : 0; k < b->len; k++) {
            if (set_member(s, b, k, xml_id(xml)) == NULL) {
                return;
            }
            pair_up(s, xml, xml_id(xml), score, a->items[i], b->items[k], a->role, b->role);
        }
    }
}

static void
unpack_sets(struct sched *s, const xmlNode *xml, int score)
{
    struct set_members last = { 0 }, current;

    xml_for_each (raw, xml, "resource_set") {
        const xmlNode *set = rules_resolve(raw, s->refs);

        if (set == NULL) {
            return;
        }
        read_members(s, set, &current);
        colocate_within(s, xml, &current, score);
        if (last.set != NULL) {
            colocate_sets(s, xml, &last, &current, score);
        }
        last = current;
    }
}

/* --- plain --- */

/* Deprecated: one instance of a clone by its number. */
static struct sched_rsc *
select_instance(struct sched *s, const xmlNode *xml, struct sched_rsc *r, const char *attr, const char *warning)
{
    const char *number = xml_get(xml, attr);
    struct sched_rsc *found = NULL;

    if (number == NULL || r == NULL) {
        return r;
    }
    CONFIG_WARN_P1(s, "Support for %s is deprecated and will be removed in a future release.", warning);
    if (r->kind != KIND_CLONE) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because resource '%s' is not a clone but instance '%s' was requested",
                     xml_id(xml), r->id, number);
        return NULL;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (text_equal(rsc_meta(child, "clone"), number)) {
            found = child;
        }
    }
    if (found == NULL) {
        CONFIG_WARN(s, "Ignoring constraint '%s' because resource '%s' does not have an instance '%s'", xml_id(xml), r->id,
                    number);
    }
    return found;
}

static void
unpack_plain(struct sched *s, const xmlNode *xml, int score)
{
    const char *dependent_id = xml_get(xml, "rsc"), *primary_id = xml_get(xml, "with-rsc");
    struct sched_rsc *dependent = constraint_rsc(s, dependent_id), *primary = constraint_rsc(s, primary_id);

    if (dependent == NULL || primary == NULL) {
        const char *missing = dependent == NULL ? dependent_id : primary_id;

        CONFIG_ERROR(s, "Ignoring constraint '%s' because resource '%s' does not exist", xml_id(xml),
                     missing != NULL ? missing : "(null)");
        return;
    }
    dependent = select_instance(s, xml, dependent, "rsc-instance", "rsc-instance");
    primary = select_instance(s, xml, primary, "with-rsc-instance", "with-rsc-instance");
    if (dependent == NULL || primary == NULL) {
        return;
    }
    if (text_is_true(xml_get(xml, "symmetrical"))) {
        CONFIG_WARN(s, "The colocation constraint 'symmetrical' attribute has been removed");
    }
    coloc_new(s, xml_id(xml), xml_get(xml, "node-attribute"), score, dependent, primary, xml_get(xml, "rsc-role"),
              xml_get(xml, "with-rsc-role"), influence_of(s, xml, dependent), xml);
}

/* A tag or template on one side makes sets of both.  NULL: keep the constraint as it is. */
static const xmlNode *
expand_tags(struct sched *s, const xmlNode *xml, bool *bad)
{
    static const struct {
        const char *attr, *role;
    } sides[] = { { "rsc", "rsc-role" }, { "with-rsc", "with-rsc-role" } };
    struct sched_rsc *rsc;
    struct sched_tag *tags[2];
    xmlNode *copy;

    *bad = false;
    for (unsigned i = 0; i < 2; i++) {
        const char *ref = xml_get(xml, sides[i].attr);

        tags[i] = NULL;
        if (ref != NULL && !constraint_ref(s, ref, &rsc, &tags[i])) {
            CONFIG_ERROR(s, "Ignoring constraint '%s' because '%s' is not a valid resource or tag", xml_id(xml), ref);
            *bad = true;
            return NULL;
        }
    }
    if (tags[0] != NULL && tags[1] != NULL) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because two templates or tags cannot be colocated", xml_id(xml));
        *bad = true;
        return NULL;
    }
    if (tags[0] == NULL && tags[1] == NULL) {
        return NULL;
    }
    copy = xml_copy(s->scratch, xml);
    for (unsigned i = 0; i < 2; i++) {
        const char *role = xml_get(copy, sides[i].role);
        xmlNode *set = constraint_attr_to_set(s, copy, sides[i].attr, true);

        if (set != NULL && role != NULL) {
            xml_set(set, "role", role);
            xml_remove(copy, sides[i].role);
        }
    }
    return copy;
}

void
colocation_unpack(struct sched *s, const xmlNode *xml)
{
    const xmlNode *expanded;
    int score = score_parse_health(s, xml_get(xml, "score"));
    bool bad;

    if (xml_first(xml, "resource_set") != NULL) {
        expanded = constraint_expand_sets(s, xml, &bad);
        unpack_sets(s, expanded != NULL ? expanded : xml, score);
        return;
    }
    expanded = expand_tags(s, xml, &bad);
    if (bad) {
        return;
    }
    if (expanded != NULL) {
        unpack_sets(s, expanded, score);
    } else {
        unpack_plain(s, xml, score);
    }
}
