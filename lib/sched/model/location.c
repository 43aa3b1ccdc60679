/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The constraints section, references to resources, templates and tags, and location constraints with their rules.
 * Node health ends up as locations as well.  (spec 40 §9.1, §9.2, §2.6)
 */
#include "lib/base/log.h"
#include "lib/base/pattern.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

/* --- the section --- */

/* Deprecated: a constraint that holds only while rules in its `lifetime` pass. */
static bool
in_lifetime(struct sched *s, const xmlNode *xml)
{
    const xmlNode *lifetime = xml_first(xml, "lifetime");
    struct rule_context ctx = plain_rule_context(s);

    if (lifetime == NULL) {
        return true;
    }
    CONFIG_WARN(s, "Support for 'lifetime' attribute (in %s) is deprecated (the rules it contains should instead be "
                   "direct descendents of the constraint object)", xml_id(xml));
    return rules_allow(lifetime, &ctx);
}

void
constraints_unpack(struct sched *s)
{
    if (s->constraints_xml == NULL) {
        return;
    }
    xml_for_each (xml, s->constraints_xml, NULL) {
        if (xml_id(xml) == NULL) {
            CONFIG_ERROR(s, "Ignoring <%s> constraint without id", xml_name(xml));
        } else if (!in_lifetime(s, xml)) {
            sched_message(s, MSG_INFO, 0, __func__, "Constraint %s %s is not active", xml_name(xml), xml_id(xml));
        } else if (xml_is(xml, "rsc_order")) {
            order_unpack(s, xml);
        } else if (xml_is(xml, "rsc_colocation")) {
            colocation_unpack(s, xml);
        } else if (xml_is(xml, "rsc_location")) {
            location_unpack(s, xml);
        } else if (xml_is(xml, "rsc_ticket")) {
            ticket_unpack(s, xml);
        } else {
            CONFIG_ERROR_P(s, "Unsupported constraint type: %s", xml_name(xml));
        }
    }
}

/* --- references --- */

/*
 * The resource that a constraint names: by id, or by the name under which a history knows it, which then means the
 * outermost resource (the clone, also the one inside a bundle).
 */
struct sched_rsc *
constraint_rsc(struct sched *s, const char *ref)
{
    struct sched_rsc *r = rsc_named_first(s, ref);

    return r == NULL || strcmp(r->id, ref) == 0 ? r : rsc_top(r);
}

bool
constraint_ref(struct sched *s, const char *ref, struct sched_rsc **rsc, struct sched_tag **tag)
{
    *tag = NULL;
    *rsc = constraint_rsc(s, ref);
    if (*rsc == NULL && ref != NULL) {
        *tag = g_hash_table_lookup(s->index->tags, ref);
        if (*tag == NULL) {
            NOTE_WARN(s, "No template or tag named '%s'", ref);
        }
        if (*tag != NULL && (*tag)->refs.len == 0) {
            NOTE_WARN(s, "No resource has '%s' as its template or tag", ref);
            *tag = NULL;
        }
    }
    return *rsc != NULL || *tag != NULL;
}

/* The reference, or the member of the tag that it names, that means nothing; NULL if all is well. */
static const char *
meaningless(struct sched *s, const char *ref)
{
    struct sched_rsc *rsc;
    struct sched_tag *tag, *nested;

    if (!constraint_ref(s, ref, &rsc, &tag)) {
        return ref;
    }
    for (unsigned i = 0; tag != NULL && i < tag->refs.len; i++) {
        if (!constraint_ref(s, tag->refs.items[i], &rsc, &nested)) {
            return tag->refs.items[i];
        }
    }
    return NULL;
}

/*
 * A copy of a constraint's sets with templates and tags replaced by what they name; NULL if there is nothing to
 * replace.  *bad is set if a reference means nothing.  (spec 40 §9.1)
 */
const xmlNode *
constraint_expand_sets(struct sched *s, const xmlNode *xml, bool *bad)
{
    xmlNode *copy = NULL;
    struct sched_rsc *rsc;
    struct sched_tag *tag;

    *bad = false;
    xml_for_each (raw, xml, "resource_set") {
        const xmlNode *set = rules_resolve(raw, s->refs);

        if (set == NULL) {
            continue;
        }
        xml_for_each (ref, set, "resource_ref") {
            const char *missing = meaningless(s, xml_id(ref));

            if (missing != NULL) {
                CONFIG_ERROR(s, "Ignoring resource sets for constraint '%s' because '%s' is not a valid resource or tag",
                             xml_id(xml), missing);
                *bad = true;
                return NULL;
            }
        }
    }
    copy = xml_new(s->scratch, xml_name(xml));
    for (const xmlAttr *a = xml->properties; a != NULL; a = a->next) {
        xml_set(copy, (const char *)a->name, xml_attr_value(a));
    }
    bool replaced = false;

    xml_for_each (child, xml, NULL) {
        const xmlNode *set = xml_is(child, "resource_set") ? rules_resolve(child, s->refs) : NULL;
        xmlNode *made;

        if (set == NULL) {
            xml_copy(copy, child);
            continue;
        }
        made = xml_new(copy, "resource_set");
        for (const xmlAttr *a = set->properties; a != NULL; a = a->next) {
            xml_set(made, (const char *)a->name, xml_attr_value(a));
        }
        xml_for_each (ref, set, "resource_ref") {
            if (constraint_ref(s, xml_id(ref), &rsc, &tag) && tag != NULL) {
                replaced = true;
                for (unsigned i = 0; i < tag->refs.len; i++) {
                    xml_set(xml_new(made, "resource_ref"), "id", tag->refs.items[i]);
                }
            } else {
                xml_copy(made, ref);
            }
        }
    }
    if (!replaced) {
        xml_free(copy);
        return NULL;
    }
    return copy;
}

/*
 * Turn one side of a constraint into a resource_set of `copy`: always, or only if it is a template or tag.  The set has
 * the side's id and is not sequential if it stands for several.
 */
xmlNode *
constraint_attr_to_set(struct sched *s, xmlNode *copy, const char *attr, bool always)
{
    const char *ref = xml_get(copy, attr);
    struct sched_rsc *rsc;
    struct sched_tag *tag;
    xmlNode *set;

    if (ref == NULL || !constraint_ref(s, ref, &rsc, &tag) || (tag == NULL && !always)) {
        return NULL;
    }
    set = xml_new(copy, "resource_set");
    xml_set(set, "id", ref);
    if (tag != NULL) {
        for (unsigned i = 0; i < tag->refs.len; i++) {
            xml_set(xml_new(set, "resource_ref"), "id", tag->refs.items[i]);
        }
        xml_set(set, "sequential", "false");
    } else {
        xml_set(xml_new(set, "resource_ref"), "id", ref);
    }
    xml_remove(copy, attr);
    return set;
}

/* --- locations --- */

struct sched_location *
location_new(struct sched *s, const char *id, struct sched_rsc *r, int score, enum sched_discovery discovery,
             struct sched_node *n)
{
    struct sched_location *l = arena_new_struct(s->arena, struct sched_location);

    l->id = id;
    l->rsc = r;
    l->discovery = discovery;
    if (n != NULL) {
        l->nodes = arena_new_struct(s->arena, struct sched_node_score);
        l->nodes[0].node = n;
        l->nodes[0].score = score;
        l->node_count = 1;
    }
    arena_vec_push(s->arena, &s->locations, l);
    arena_vec_push(s->arena, &r->locations, l);
    return l;
}

static enum sched_discovery
parse_discovery(struct sched *s, const xmlNode *xml)
{
    const char *value = xml_get(xml, "resource-discovery");

    if (value == NULL || text_equal_nocase(value, "always")) {
        return DISCOVER_ALWAYS;
    }
    if (text_equal_nocase(value, "never")) {
        return DISCOVER_NEVER;
    }
    if (text_equal_nocase(value, "exclusive")) {
        return DISCOVER_EXCLUSIVE;
    }
    CONFIG_ERROR_P(s, "Invalid resource-discovery value %s in location constraint", value);
    return DISCOVER_ALWAYS;
}

struct pattern_match {
    const char *text;
    regmatch_t *matches;
    unsigned count;
};

static int
rule_score(struct sched *s, struct sched_rsc *r, const xmlNode *rule, struct sched_node *n,
           const struct rule_context *ctx)
{
    const char *score = xml_get(rule, "score"), *attribute = xml_get(rule, "score-attribute"), *value;
    char *expanded;

    if (score != NULL) {
        return score_parse_health(s, score);
    }
    if (attribute == NULL) {
        return 0;
    }
    expanded = rule_expand_matches(attribute, ctx);
    value = node_attr_for_rsc(s, n, r, expanded != NULL ? expanded : attribute);
    g_free(expanded);
    return value == NULL ? -SCORE_INFINITY : score_parse_health(s, value);
}

/* One rule is a constraint of its own (spec 40 §9.2). */
static void
unpack_rule(struct sched *s, struct sched_rsc *r, const xmlNode *raw, enum sched_discovery discovery,
            const struct pattern_match *match)
{
    const xmlNode *rule = rules_resolve(raw, s->refs);
    struct rule_context ctx = plain_rule_context(s);
    struct sched_location *l;
    const char *role;
    bool is_or;
    int filter = ROLE_UNKNOWN;

    if (rule == NULL) {
        return;
    }
    role = xml_get(rule, "role");
    is_or = text_equal_nocase(xml_get(rule, "boolean-op"), "or");
    if (role != NULL) {
        filter = role_parse(role);
        if (filter < 0) {
            CONFIG_ERROR_P(s, "Bad role specified for %s: %s", xml_id(rule), role);
            return;
        }
        if (filter == ROLE_UNPROMOTED) {
            filter = ROLE_UNKNOWN;
        }
    }
    if (xml_get(rule, "score") == NULL && xml_get(rule, "score-attribute") == NULL) {
        for (unsigned i = 0; i < 2 * s->nodes.len; i++) { /* said twice for each node */
            CONFIG_ERROR_P(s, "Rule %s: no score specified.  Assuming 0.", xml_id(rule));
        }
    }
    if (match != NULL) {
        ctx.match_text = match->text;
        ctx.matches = match->matches;
        ctx.match_count = match->count;
    }
    ctx.meta = &r->meta;
    l = location_new(s, xml_id(rule) != NULL ? xml_id(rule) : xml_id(raw), r, 0, discovery, NULL);
    l->role_filter = (enum sched_role)filter;
    l->xml = rule;
    struct sched_node_score *found = g_new(struct sched_node_score, s->nodes.len + 1);

    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        int score;

        ctx.node_attrs = &n->attrs;
        ctx.params = rsc_params(s, r, n);
        if (!rule_passes(rule, &ctx)) {
            continue;
        }
        score = rule_score(s, r, rule, n, &ctx);
        found[l->node_count].node = n;
        found[l->node_count].score = is_or ? score_add(n->base_score, score) : score;
        l->node_count++;
    }
    l->nodes = arena_new_array(s->arena, struct sched_node_score, l->node_count + 1);
    memcpy(l->nodes, found, sizeof *found * l->node_count);
    g_free(found);
}

static void
unpack_for(struct sched *s, const xmlNode *xml, struct sched_rsc *r, const char *role_text, const char *set_score,
           const struct pattern_match *match)
{
    const char *node = xml_get(xml, "node");
    const char *score = set_score != NULL ? set_score : xml_get(xml, "score");
    enum sched_discovery discovery;
    int filter = ROLE_UNKNOWN;
    bool any = false;

    if (node != NULL && score != NULL) {
        struct sched_node *n = sched_node_find(s, node);

        if (n == NULL) {
            return;
        }
        discovery = parse_discovery(s, xml);
        if (discovery == DISCOVER_EXCLUSIVE) {
            r->flags |= RSC_EXCLUSIVE_DISCOVERY;
        }
        if (role_text != NULL) {
            filter = role_parse(role_text);
            if (filter < 0) {
                CONFIG_ERROR_P(s, "Invalid constraint %s: Bad role %s", xml_id(xml), role_text);
                filter = ROLE_UNKNOWN;
            }
        }
        if (filter == ROLE_STARTED || filter == ROLE_UNPROMOTED) {
            filter = ROLE_UNKNOWN;
        }
        struct sched_location *l = location_new(s, xml_id(xml), r, score_parse_health(s, score), discovery, n);

        l->xml = xml;
        l->role_filter = (enum sched_role)filter;
        return;
    }
    discovery = parse_discovery(s, xml);
    if (discovery == DISCOVER_EXCLUSIVE) {
        r->flags |= RSC_EXCLUSIVE_DISCOVERY;
    }
    xml_for_each (rule, xml, "rule") {
        any = true;
        unpack_rule(s, r, rule, discovery, match);
    }
    if (!any) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because it contains no rules", xml_id(xml));
    }
}

#define MAX_MATCHES 10

static void
unpack_pattern(struct sched *s, const xmlNode *xml, const char *pattern)
{
    bool invert = pattern[0] == '!';
    regex_t re;
    regmatch_t matches[MAX_MATCHES];

    if (pattern_compile(&re, invert ? pattern + 1 : pattern, 0) != 0) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because rsc-pattern has invalid value '%s'", xml_id(xml), pattern);
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
        bool found = regexec(&re, r->id, MAX_MATCHES, matches, 0) == 0;
        struct pattern_match match = { r->id, matches, (unsigned)MIN(re.re_nsub + 1, (size_t)MAX_MATCHES) };

        if (found != invert) {
            unpack_for(s, xml, r, xml_get(xml, "role"), NULL, found ? &match : NULL);
        }
    }
    regfree(&re);
}

static void
unpack_sets(struct sched *s, const xmlNode *xml)
{
    xml_for_each (raw, xml, "resource_set") {
        const xmlNode *set = rules_resolve(raw, s->refs);

        if (set == NULL) {
            continue;
        }
        xml_for_each (ref, set, "resource_ref") {
            struct sched_rsc *r = constraint_rsc(s, xml_id(ref));
            const char *role = xml_get(set, "role");

            if (r == NULL) {
                CONFIG_ERROR(s, "%s: No resource found for %s", xml_id(set), xml_id(ref));
                return;
            }
            unpack_for(s, xml, r, role != NULL ? role : xml_get(xml, "role"), xml_get(set, "score"), NULL);
        }
    }
}

void
location_unpack(struct sched *s, const xmlNode *xml)
{
    const char *ref = xml_get(xml, "rsc"), *pattern = xml_get(xml, "rsc-pattern");
    struct sched_rsc *r;
    struct sched_tag *tag;
    bool bad;

    if (ref == NULL && pattern != NULL) {
        unpack_pattern(s, xml, pattern);
        return;
    }
    if (ref == NULL) {
        const xmlNode *expanded = constraint_expand_sets(s, xml, &bad);

        unpack_sets(s, expanded != NULL ? expanded : xml);
        return;
    }
    if (!constraint_ref(s, ref, &r, &tag)) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because '%s' is not a valid resource or tag", xml_id(xml), ref);
        return;
    }
    if (r != NULL) {
        unpack_for(s, xml, r, xml_get(xml, "role"), NULL, NULL);
        return;
    }
    for (unsigned i = 0; i < tag->refs.len; i++) {
        r = constraint_rsc(s, tag->refs.items[i]);
        if (r == NULL) {
            CONFIG_ERROR(s, "%s: No resource found for %s", tag->id, tag->refs.items[i]);
            return;
        }
        unpack_for(s, xml, r, xml_get(xml, "role"), NULL, NULL);
    }
}

/* --- health: spec 40 §2.6, spec 41 §6.1 --- */

int
score_parse_health(const struct sched *s, const char *text)
{
    if (text_equal_nocase(text, "red")) {
        return s->opt.health_red;
    }
    if (text_equal_nocase(text, "yellow")) {
        return s->opt.health_yellow;
    }
    if (text_equal_nocase(text, "green")) {
        return s->opt.health_green;
    }
    return score_parse(text);
}

void
health_unpack(struct sched *s)
{
    if (s->opt.health_strategy == HEALTH_NONE) {
        return;
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        int sum = s->opt.health_base;

        nvtable_for_each (pair, &n->attrs) {
            if (strncmp(pair->name, "#health", 7) == 0) {
                sum = score_add(sum, score_parse_health(s, pair->value));
            }
        }
        n->health = sum;
        if (sum == 0) {
            continue;
        }
        VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
            if (sum > 0 || !rsc_is(r, RSC_ALLOW_UNHEALTHY)) {
                location_new(s, sched_option(s, "node-health-strategy"), r, sum, DISCOVER_ALWAYS, n);
            }
        }
    }
}
