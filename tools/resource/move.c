/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource's move, ban and clear: location constraints with names of their own.  Called by main.c and wait.c.
 * (spec 80 §6.8)
 */
#include "tools/resource/resource.h"

#include "lib/base/iso8601.h"

#include <string.h>
#include <time.h>

/* --- constraints --- */

/* End of the lifetime (g_free), announced; NULL if there is none.  False: it cannot be read. */
static bool
end_of_lifetime(struct crm_resource *t, char **end)
{
    struct iso_duration duration;
    struct iso_time now, local, when;
    const char *rest = NULL;

    *end = NULL;
    if (t->lifetime == NULL) {
        return true;
    }
    if (!iso_parse_duration(t->lifetime, &duration, &rest)) {
        output_error(t->out, "Invalid duration specified: %s", t->lifetime);
        output_error(t->out, "Please refer to https://en.wikipedia.org/wiki/ISO_8601#Durations for examples of valid "
                             "durations");
        return false;
    }
    now = iso_from_epoch(time(NULL));
    local = iso_to_local(&now);
    when = iso_add(&local, &duration);
    *end = iso_text(&when, ISO_DATE | ISO_TIME | ISO_WITH_ZONE);
    output_info(t->out, "Migration will take effect until: %s", *end);
    return true;
}

struct placement {
    const char *id;         /* of the constraint */
    const char *rsc, *node, *score;
    const char *end;        /* NULL: for good */
    char *rule_id, *expr_id, *date_id;
};

static int
write_placement(struct crm_resource *t, const struct placement *p)
{
    g_autoptr(xmlNode) constraints = xml_new(NULL, "constraints");
    xmlNode *location = xml_new(constraints, "rsc_location");
    xmlNode *rule, *expr;

    xml_set(location, "id", p->id);
    xml_set(location, "rsc", p->rsc);
    xml_set(location, "role", t->promoted ? "Promoted" : "Started");
    if (p->end == NULL) {
        xml_set(location, "node", p->node);
        xml_set(location, "score", p->score);
    } else {
        rule = xml_new(location, "rule");
        xml_set(rule, "id", p->rule_id);
        xml_set(rule, "score", p->score);
        xml_set(rule, "boolean-op", "and");
        expr = xml_new(rule, "expression");
        xml_set(expr, "id", p->expr_id);
        xml_set(expr, "attribute", "#uname");
        xml_set(expr, "operation", "eq");
        xml_set(expr, "value", p->node);
        xml_set(expr, "type", "string");
        expr = xml_new(rule, "date_expression");
        xml_set(expr, "id", p->date_id);
        xml_set(expr, "operation", "lt");
        xml_set(expr, "end", p->end);
    }
    return cib_modify(t->cib, "constraints", constraints, resource_write_options(t));
}

int
resource_ban(struct crm_resource *t, const char *rsc_id, const char *node, bool quiet)
{
    g_autofree char *id = g_strdup_printf("cli-ban-%s-on-%s", rsc_id, node);
    g_autofree char *rule_id = g_strdup_printf("%s-rule", id);
    g_autofree char *expr_id = g_strdup_printf("%s-expr", id);
    g_autofree char *date_id = g_strdup_printf("%s-lifetime", id);
    g_autofree char *end = NULL;

    if (!end_of_lifetime(t, &end)) {
        return -CRM_EX_USAGE;
    }
    if (!quiet) {
        const char *verb = t->promoted ? "being promoted" : "running";

        output_info(t->out,
                    "WARNING: Creating rsc_location constraint '%s' with a score of -INFINITY for resource %s on %s.\n"
                    "\tThis will prevent %s from %s on %s until the constraint is removed using the clear option or by "
                    "editing the CIB with an appropriate tool\n"
                    "\tThis will be the case even if %s is the last node in the cluster",
                    id, rsc_id, node, rsc_id, verb, node, node);
    }

    const struct placement p = {
        .id = id, .rsc = rsc_id, .node = node, .score = "-INFINITY", .end = end, .rule_id = rule_id, .expr_id = expr_id,
        .date_id = date_id,
    };

    return write_placement(t, &p);
}

static int
prefer(struct crm_resource *t, const char *rsc_id, const char *node)
{
    g_autofree char *id = g_strdup_printf("cli-prefer-%s", rsc_id);
    g_autofree char *rule_id = g_strdup_printf("cli-prefer-rule-%s", rsc_id);
    g_autofree char *expr_id = g_strdup_printf("cli-prefer-expr-%s", rsc_id);
    g_autofree char *date_id = g_strdup_printf("cli-prefer-lifetime-end-%s", rsc_id);
    g_autofree char *end = NULL;

    if (!end_of_lifetime(t, &end)) {
        return -CRM_EX_USAGE;
    }

    const struct placement p = {
        .id = id, .rsc = rsc_id, .node = node, .score = "INFINITY", .end = end, .rule_id = rule_id, .expr_id = expr_id,
        .date_id = date_id,
    };

    return write_placement(t, &p);
}

/* --- removing --- */

static const xmlNode *
constraints_of(const struct crm_resource *t)
{
    const xmlNode *configuration = xml_first(t->document, "configuration");

    return configuration != NULL ? xml_first(configuration, "constraints") : NULL;
}

/* Node that a constraint with a rule of ours names, or NULL. */
static const char *
node_of_rule(const xmlNode *location)
{
    const xmlNode *rule = xml_first(location, "rule");

    if (rule == NULL) {
        return NULL;
    }
    xml_for_each(expr, rule, "expression") {
        if (text_equal(xml_get(expr, "attribute"), "#uname")) {
            return xml_get(expr, "value");
        }
    }
    return NULL;
}

enum removal {
    REMOVE_EXPIRED_ONLY = 1 << 0,
    REMOVE_ANY_PREFERENCE = 1 << 1, /* for whichever node it is */
    REMOVE_TELL = 1 << 2,           /* say which */
};

/* Was the constraint made by --ban or --move of this resource (NULL: any) for this node (NULL: any)? */
static bool
is_ours(const struct crm_resource *t, const xmlNode *location, const char *rsc_id, const char *node, unsigned how)
{
    const char *id = xml_id(location);
    const char *about = xml_get(location, "node");
    g_autofree char *ban_id = NULL;
    g_autofree char *prefer_id = NULL;

    if (id == NULL || !xml_is(location, "rsc_location")) {
        return false;
    }
    about = about != NULL ? about : node_of_rule(location);
    if (rsc_id == NULL) { /* --expired without resource */
        return (g_str_has_prefix(id, "cli-ban-") || g_str_has_prefix(id, "cli-prefer-")) &&
               (node == NULL || text_equal(about, node));
    }
    prefer_id = g_strdup_printf("cli-prefer-%s", rsc_id);
    if (strcmp(id, prefer_id) == 0) {
        return node == NULL || (how & REMOVE_ANY_PREFERENCE) || text_equal(about, node);
    }
    if (node != NULL) {
        ban_id = g_strdup_printf("cli-ban-%s-on-%s", rsc_id, node);
        return strcmp(id, ban_id) == 0;
    }
    for (unsigned i = 0; i < t->s->nodes.len; i++) {
        g_autofree char *candidate = g_strdup_printf("cli-ban-%s-on-%s", rsc_id, t->s->nodes.items[i]->uname);

        if (strcmp(id, candidate) == 0) {
            return true;
        }
    }
    return false;
}

/* Did the lifetime of the constraint end before now? */
static bool
is_over(const xmlNode *location, const struct iso_time *now)
{
    const xmlNode *rule = xml_first(location, "rule");

    if (rule == NULL) {
        return false;
    }
    xml_for_each(expr, rule, "date_expression") {
        const char *end = xml_get(expr, "end");
        struct iso_time when;

        if (end != NULL && iso_parse(end, now, &when)) {
            return iso_compare(&when, now) < 0;
        }
    }
    return false;
}

static int
compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
remove_constraints(struct crm_resource *t, const char *rsc_id, const char *node, unsigned how)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    const xmlNode *constraints = constraints_of(t);
    struct iso_time now = iso_from_epoch(time(NULL));
    struct iso_time local = iso_to_local(&now);
    int rc = RC_OK;

    if (constraints == NULL) {
        return RC_OK;
    }
    xml_for_each(location, constraints, "rsc_location") {
        bool for_promoted = text_equal_nocase(xml_get(location, "role"), "Promoted");

        bool expired_only = (how & REMOVE_EXPIRED_ONLY) != 0;

        if (is_ours(t, location, rsc_id, node, how) && (!expired_only || is_over(location, &local)) &&
            (!t->promoted || for_promoted || !expired_only)) {
            g_ptr_array_add(ids, (void *)xml_id(location));
        }
    }
    g_ptr_array_sort(ids, compare_ids);
    for (guint i = 0; rc == RC_OK && i < ids->len; i++) {
        g_autoptr(xmlNode) target = xml_new(NULL, "rsc_location");

        xml_set(target, "id", g_ptr_array_index(ids, i));
        rc = cib_delete(t->cib, "constraints", target, resource_write_options(t));
        if (rc == RC_OK && (how & REMOVE_TELL)) {
            output_info(t->out, "Removing constraint: %s", (const char *)g_ptr_array_index(ids, i));
        }
    }
    return rc;
}

int
resource_unban(struct crm_resource *t, const char *rsc_id, const char *node)
{
    return remove_constraints(t, rsc_id, node, 0);
}

int
resource_clear(struct crm_resource *t)
{
    return remove_constraints(t, t->rsc_id, t->node != NULL ? t->node->uname : NULL,
                              REMOVE_TELL | (t->expired ? REMOVE_EXPIRED_ONLY : 0) |
                                  (t->force ? REMOVE_ANY_PREFERENCE : 0));
}

/* --- where it is --- */

/* Places of a resource: of every instance, of members; promoted ones apart. */
struct places {
    unsigned active, promoted;
    struct sched_node *node, *promoted_node;
};

static void
count_places(struct sched_rsc *r, struct places *places)
{
    if (r->kind == KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_node, n, r->active_on) {
            places->active++;
            places->node = places->node != NULL ? places->node : n;
        }
        if (r->role == ROLE_PROMOTED && r->active_on.len > 0) {
            places->promoted++;
            places->promoted_node = r->active_on.items[0];
        }
        return;
    }
    if (r->kind == KIND_GROUP) { /* its members' nodes, each once */
        g_autoptr(GPtrArray) seen = g_ptr_array_new();

        VEC_FOR_EACH(struct sched_rsc, member, r->children) {
            VEC_FOR_EACH(struct sched_node, n, member->active_on) {
                if (!g_ptr_array_find(seen, n, NULL)) {
                    g_ptr_array_add(seen, n);
                }
            }
        }
        places->active += seen->len;
        if (seen->len > 0) {
            places->node = places->node != NULL ? places->node : g_ptr_array_index(seen, 0);
            if (rsc_role(r, false) == ROLE_PROMOTED) {
                places->promoted++;
                places->promoted_node = g_ptr_array_index(seen, 0);
            }
        }
        return;
    }
    if (r->kind == KIND_BUNDLE) {
        for (unsigned i = 0; i < r->replicas.len; i++) {
            count_places(r->replicas.items[i]->container, places);
        }
        return;
    }
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        count_places(child, places);
    }
}

static struct places
places_of(struct sched_rsc *r)
{
    struct places places = { 0 };

    count_places(r, &places);
    return places;
}

/* --- commands --- */

/* Without a node: away from where it is, if that is one place. */
static int
ban_from_here(struct crm_resource *t)
{
    struct places places = places_of(t->rsc);
    bool promotable = rsc_is(t->rsc, RSC_PROMOTABLE);

    if (places.active == 1) {
        return resource_ban(t, t->rsc_id, places.node->uname, false);
    }
    if (promotable && places.promoted == 1) {
        return resource_ban(t, t->rsc_id, places.promoted_node->uname, false);
    }
    if (promotable) {
        resource_detail(t,
                        "Resource '%s' not moved: active in %u locations (promoted in %u).\n"
                        "To prevent '%s' from running on a specific location, specify a node.\n"
                        "To prevent '%s' from being promoted at a specific location, specify a node and the --promoted "
                        "option.",
                        t->rsc_id, places.active, places.promoted, t->rsc_id, t->rsc_id);
    } else {
        resource_detail(t,
                        "Resource '%s' not moved: active in %u locations.\n"
                        "To prevent '%s' from running on a specific location, specify a node.",
                        t->rsc_id, places.active, t->rsc_id);
    }
    return -CRM_EX_USAGE;
}

int
resource_ban_command(struct crm_resource *t)
{
    return t->node != NULL ? resource_ban(t, t->rsc_id, t->node->uname, false) : ban_from_here(t);
}

/* With --promoted the clone is meant, or the option is not. */
static void
settle_promoted(struct crm_resource *t)
{
    struct sched_rsc *clone = rsc_clone(t->rsc);

    if (!t->promoted || rsc_is(t->rsc, RSC_PROMOTABLE)) {
        return;
    }
    if (clone != NULL && rsc_is(clone, RSC_PROMOTABLE)) {
        output_info(t->out, "Using parent '%s' for move instead of '%s'.", clone->id, t->rsc_id);
        g_free(t->rsc_id);
        t->rsc_id = g_strdup(clone->id);
        t->rsc = clone;
        return;
    }
    output_info(t->out, "Ignoring --promoted option: %s is not promotable", t->rsc_id);
    t->promoted = FALSE;
}

int
resource_move(struct crm_resource *t)
{
    struct places places;
    struct sched_node *current = NULL;
    unsigned count;
    int rc;

    if (t->node == NULL) {
        return ban_from_here(t);
    }
    settle_promoted(t);
    places = places_of(t->rsc);
    count = places.active;
    current = places.node;
    if (rsc_is(t->rsc, RSC_PROMOTABLE) && (places.promoted > 0 || t->promoted)) {
        bool whole = t->rsc->kind == KIND_CLONE; /* one instance says nothing about the clone's promoted ones */

        count = whole ? places.promoted : t->promoted ? 0 : count;
        current = whole ? places.promoted_node : t->promoted ? NULL : current;
    }
    if (count > 1) {
        if (t->rsc->kind != KIND_CLONE && t->rsc->kind != KIND_BUNDLE) {
            return RC_MULTIPLE;
        }
        current = NULL;
    }
    if (current == t->node && !t->force) {
        return RC_ALREADY;
    }
    rc = remove_constraints(t, t->rsc_id, t->node->uname, REMOVE_ANY_PREFERENCE);
    if (rc == RC_OK) {
        rc = prefer(t, t->rsc_id, t->node->uname);
    }
    if (rc == RC_OK && t->force && count > 1) {
        output_info(t->out,
                    "Resource '%s' is currently active in %u locations. One may now move to %s\n"
                    "To prevent '%s' from being %s at a specific location, specify a node.",
                    t->rsc_id, count, t->node->uname, t->rsc_id, t->promoted ? "promoted" : "active");
    } else if (rc == RC_OK && t->force && current != NULL && current != t->node) {
        rc = resource_ban(t, t->rsc_id, current->uname, false);
    }
    return rc;
}
