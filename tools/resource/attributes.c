/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource's changes to attributes and properties of resources.  Called by main.c and wait.c.
 * Looks everything up in the CIB as it is written, since that is what is changed.  (spec 80 §6.7)
 */
#include "tools/resource/resource.h"

#include <string.h>

/* --- finding --- */

/* Element of a resource in the configuration, by id at any depth. */
static const xmlNode *
find_by_id(const xmlNode *parent, const char *id)
{
    xml_for_each(child, parent, NULL) {
        if (text_equal(xml_id(child), id)) {
            return child;
        }

        const xmlNode *below = find_by_id(child, id);

        if (below != NULL) {
            return below;
        }
    }
    return NULL;
}

static const xmlNode *
find_element(const struct crm_resource *t, const char *id)
{
    const xmlNode *configuration = xml_first(t->document, "configuration");
    const xmlNode *resources = configuration != NULL ? xml_first(configuration, "resources") : NULL;

    return resources != NULL ? find_by_id(resources, id) : NULL;
}

static const char *
set_element(const struct crm_resource *t)
{
    return t->meta ? "meta_attributes" : t->utilization ? "utilization" : "instance_attributes";
}

struct query {
    const char *set_type; /* element of the set */
    const char *set_id, *nvpair_id, *name; /* NULL: any */
    bool deep;            /* in resources below, too */
};

static void
find_nvpairs(const xmlNode *element, const struct query *q, GPtrArray *found)
{
    xml_for_each(child, element, NULL) {
        if (!xml_is(child, q->set_type)) {
            if (q->deep) {
                find_nvpairs(child, q, found);
            }
            continue;
        }
        if (q->set_id != NULL && !text_equal(xml_id(child), q->set_id)) {
            continue;
        }
        xml_for_each(pair, child, "nvpair") {
            if ((q->nvpair_id == NULL || text_equal(xml_id(pair), q->nvpair_id)) &&
                (q->name == NULL || text_equal(xml_get(pair, "name"), q->name))) {
                g_ptr_array_add(found, pair);
            }
        }
    }
}

static GPtrArray *
nvpairs_of(const struct crm_resource *t, const char *rsc_id, const struct query *q)
{
    GPtrArray *found = g_ptr_array_new();
    const xmlNode *element = find_element(t, rsc_id);

    if (element != NULL) {
        find_nvpairs(element, q, found);
    }
    return found;
}

static void
list_matches(struct crm_resource *t, const GPtrArray *found, const char *name)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "Multiple attributes match name=%s", name);
    for (guint i = 0; i < found->len; i++) {
        const xmlNode *pair = g_ptr_array_index(found, i);

        g_string_append_printf(text, "\n  Value: %s \t(id=%s)", xml_get(pair, "value"), xml_id(pair));
    }
    output_info(t->out, "%s\n", text->str);
    g_string_free(text, TRUE);
}

/* The one nvpair that is meant: RC_OK; none: ENXIO; several: RC_MULTIPLE-like ENOTUNIQ, and they are listed. */
static int
find_one(struct crm_resource *t, const char *rsc_id, const char *set_type, const char *name, const xmlNode **found)
{
    const struct query q = { .set_type = set_type, .set_id = t->set_name, .nvpair_id = t->nvpair_id, .name = name };
    g_autoptr(GPtrArray) all = nvpairs_of(t, rsc_id, &q);

    *found = NULL;
    if (all->len == 0) {
        return ENXIO;
    }
    if (all->len > 1) {
        list_matches(t, all, name);
        return ENOTUNIQ;
    }
    *found = g_ptr_array_index(all, 0);
    return RC_OK;
}

/* --- which resource --- */

static const char *
base_name(const struct sched_rsc *r)
{
    return r->base_id != NULL ? r->base_id : r->id;
}

static bool
has_value(struct crm_resource *t, const struct sched_rsc *r, const char *name)
{
    const struct query q = {
        .set_type = set_element(t), .set_id = t->set_name, .nvpair_id = t->nvpair_id, .name = name,
    };
    g_autoptr(GPtrArray) found = nvpairs_of(t, base_name(r), &q);

    return found->len > 0;
}

/*
 * Meta and utilization attributes of a clone and its child are one thing to people: act where the value is
 * already, else on the clone.  (spec 80 §6.7)
 */
static struct sched_rsc *
best_place(struct crm_resource *t, const char *name, bool deleting)
{
    const char *what = deleting ? "delete" : "update";
    struct sched_rsc *r = t->rsc;
    struct sched_rsc *parent = r->parent;

    if (t->force) {
        return r;
    }
    if (parent != NULL && parent->kind == KIND_CLONE) {
        if (has_value(t, r, name)) {
            return r;
        }
        output_info(t->out, "Performing %s of '%s' on '%s', the parent of '%s'", what, name, parent->id, t->rsc_id);
        return parent;
    }
    if (r->kind == KIND_CLONE && r->children.len > 0) {
        struct sched_rsc *child = r->children.items[0];

        if (child->kind == KIND_PRIMITIVE && has_value(t, child, name)) {
            output_info(t->out, "A value for '%s' already exists in child '%s', performing %s on that instead of '%s'",
                        name, base_name(child), what, r->id);
            return child;
        }
    }
    return r;
}

/* The resource, and before it everything below that has the attribute already, deepest first. */
static void
collect_targets(struct crm_resource *t, struct sched_rsc *r, const char *name, bool always, GPtrArray *targets)
{
    bool below = t->set_name == NULL && t->nvpair_id == NULL && !t->force;

    if (below && r->kind == KIND_GROUP) {
        VEC_FOR_EACH(struct sched_rsc, member, r->children) {
            collect_targets(t, member, name, false, targets);
        }
    } else if (below && r->kind == KIND_CLONE && r->children.len > 0) {
        collect_targets(t, r->children.items[0], name, false, targets);
    }
    if (always || has_value(t, r, name)) {
        g_ptr_array_add(targets, r);
    }
}

/* --- writing --- */

static const char *
element_of(const struct sched_rsc *r)
{
    static const char *const names[] = { [KIND_PRIMITIVE] = "primitive", [KIND_GROUP] = "group", [KIND_CLONE] = "clone",
                                         [KIND_BUNDLE] = "bundle" };

    return names[r->kind];
}

/* Set one attribute of one resource. */
static int
set_one(struct crm_resource *t, const struct sched_rsc *r, const char *set_type, const char *name, const char *value)
{
    const char *id = base_name(r);
    const xmlNode *element = find_element(t, id);
    const xmlNode *found = NULL;
    g_autofree char *set_id = NULL;
    g_autofree char *pair_id = NULL;
    g_autoptr(xmlNode) update = NULL;
    xmlNode *set, *pair;
    int rc = find_one(t, id, set_type, name, &found);

    if (rc == ENOTUNIQ) {
        return rc;
    }
    if (element == NULL) {
        return ENXIO;
    }
    if (found != NULL) {
        set_id = g_strdup(xml_id(found->parent));
        pair_id = g_strdup(xml_id(found));
    } else {
        set_id = t->set_name != NULL ? g_strdup(t->set_name) : g_strdup_printf("%s-%s", id, set_type);
        pair_id = t->nvpair_id != NULL ? g_strdup(t->nvpair_id) : g_strdup_printf("%s-%s", set_id, name);
    }
    update = xml_new(NULL, element != NULL ? xml_name(element) : element_of(r));
    xml_set(update, "id", id);
    set = xml_new(update, set_type);
    xml_set(set, "id", set_id);
    pair = xml_new(set, "nvpair");
    xml_set(pair, "id", pair_id);
    xml_set(pair, "name", name);
    xml_set(pair, "value", value);
    rc = cib_modify(t->cib, "resources", update, resource_write_options(t));
    if (rc == RC_OK) {
        output_info(t->out, "Set '%s' option: id=%s%s%s%s%s value=%s", id, pair_id, found == NULL ? " set=" : "",
                    found == NULL ? set_id : "", " name=", name, value);
    }
    return rc;
}

static int
delete_one(struct crm_resource *t, const struct sched_rsc *r, const char *set_type, const char *name)
{
    const char *id = base_name(r);
    const xmlNode *found = NULL;
    g_autoptr(xmlNode) target = NULL;
    int rc = find_one(t, id, set_type, name, &found);

    if (rc == ENXIO) {
        return RC_OK; /* gone already */
    }
    if (rc != RC_OK) {
        return rc;
    }
    target = xml_new(NULL, "nvpair");
    xml_set(target, "id", xml_id(found));
    rc = cib_delete(t->cib, "resources", target, resource_write_options(t));
    if (rc == RC_OK) {
        output_info(t->out, "Deleted '%s' option: id=%s%s%s%s%s", id, xml_id(found), t->set_name != NULL ? " set=" : "",
                    t->set_name != NULL ? t->set_name : "", " name=", name);
    }
    return rc;
}

/* Dependents of a resource, transitively, that want to be with it. */
static void
collect_dependents(const struct sched *s, const struct sched_rsc *r, GPtrArray *found)
{
    VEC_FOR_EACH(struct sched_coloc, c, s->colocs) {
        if (c->primary == r && c->score > 0 && c->xml != NULL && !g_ptr_array_find(found, c->dependent, NULL)) {
            g_ptr_array_add(found, c->dependent);
            collect_dependents(s, c->dependent, found);
        }
    }
}

/* --- commands --- */

/* A parameter with the name of a meta attribute is nearly always a slip. */
static int
refuse_meta_name(struct crm_resource *t)
{
    const struct query q = { .set_type = "meta_attributes", .name = t->argument, .deep = true };
    const char *top = base_name(rsc_top(t->rsc));
    g_autoptr(GPtrArray) found = nvpairs_of(t, top, &q);

    if (found->len == 0) {
        return RC_OK;
    }
    if (found->len > 1) {
        list_matches(t, found, t->argument);
        return ENOTUNIQ;
    }

    const char *id = xml_id(g_ptr_array_index(found, 0));

    output_error(t->out, "WARNING: There is already a meta attribute for '%s' called '%s' (id=%s)", top, t->argument, id);
    output_error(t->out, "         Delete '%s' first or use the force option to override", id);
    return ENOTUNIQ;
}

int
resource_set_param(struct crm_resource *t)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new();
    const char *set_type = set_element(t);
    const char *name = t->argument;
    int rc = RC_OK;

    if (t->value == NULL || t->value[0] == '\0') {
        resource_detail(t, "You need to supply a value with the -v option");
        return -CRM_EX_USAGE;
    }
    if (t->nvpair_id == NULL && !t->force) {
        const struct query q = { .set_type = set_type, .name = name, .deep = true };
        g_autoptr(GPtrArray) found = nvpairs_of(t, base_name(rsc_top(t->rsc)), &q);

        if (found->len > 1) {
            list_matches(t, found, name);
        }
    }
    if (!t->meta && !t->utilization) {
        rc = t->force ? RC_OK : refuse_meta_name(t);
        if (rc != RC_OK) {
            return rc;
        }
        g_ptr_array_add(targets, t->rsc);
    } else {
        collect_targets(t, best_place(t, name, false), name, true, targets);
    }
    if (t->recursive && t->meta) {
        g_autoptr(GPtrArray) dependents = g_ptr_array_new();

        collect_dependents(t->s, rsc_top(t->rsc), dependents);
        for (guint i = 0; i < dependents->len; i++) {
            struct sched_rsc *dependent = g_ptr_array_index(dependents, i);

            if (!g_ptr_array_find(targets, dependent, NULL)) { /* colocations may go in a circle */
                g_ptr_array_add(targets, dependent);
            }
        }
    }
    for (guint i = 0; rc == RC_OK && i < targets->len; i++) {
        rc = set_one(t, g_ptr_array_index(targets, i), set_type, name, t->value);
    }
    return rc;
}

int
resource_delete_param(struct crm_resource *t)
{
    struct sched_rsc *r = t->rsc;

    if (t->nvpair_id == NULL && !t->force) {
        const struct query q = { .set_type = set_element(t), .name = t->argument, .deep = true };
        g_autoptr(GPtrArray) found = nvpairs_of(t, base_name(rsc_top(r)), &q);

        if (found->len > 1) {
            list_matches(t, found, t->argument);
        }
    }
    if (t->meta) {
        r = best_place(t, t->argument, true);
        if (r->kind == KIND_GROUP && !t->force) { /* a member's own value goes first */
            VEC_FOR_EACH(struct sched_rsc, member, r->children) {
                if (has_value(t, member, t->argument)) {
                    return delete_one(t, member, set_element(t), t->argument);
                }
            }
        }
    }
    return delete_one(t, r, set_element(t), t->argument);
}

int
resource_update_meta(struct crm_resource *t, struct sched_rsc *r, const char *name, const char *value)
{
    return set_one(t, r, "meta_attributes", name, value);
}

int
resource_remove_meta(struct crm_resource *t, struct sched_rsc *r, const char *name)
{
    return delete_one(t, r, "meta_attributes", name);
}

/* --- -S, -D --- */

int
resource_set_property(struct crm_resource *t)
{
    g_autoptr(xmlNode) update = NULL;

    if (t->element == NULL) {
        resource_detail(t, "Must specify -t with resource type");
        return ENXIO;
    }
    if (t->value == NULL) {
        resource_detail(t, "Must supply -v with new value");
        return ENXIO;
    }
    update = xml_new(NULL, t->element);
    xml_set(update, "id", t->rsc_id);
    xml_set(update, t->argument, t->value);
    return cib_modify(t->cib, "resources", update, resource_write_options(t));
}

int
resource_delete(struct crm_resource *t)
{
    g_autoptr(xmlNode) target = NULL;

    if (t->element == NULL) {
        resource_detail(t, "You need to specify a resource type with -t");
        return ENXIO;
    }
    target = xml_new(NULL, t->element);
    xml_set(target, "id", t->rsc_id);
    return cib_delete(t->cib, "resources", target, resource_write_options(t));
}
