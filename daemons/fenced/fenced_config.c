/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that the configuration has: every fence resource that is not disabled and may be on this node can fence, whether
 * or not it is started here.  Called by the shell when the configuration changed.
 * Location rules and rules of attribute sets are not evaluated yet: a resource counts as allowed unless a plain constraint
 * forbids it.  (spec 60 §6.3)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_internal.h"

struct reading {
    struct fenced_core *core;
    struct fenced_now now;
    const xmlNode *configuration;
    bool is_opt_in;   /* symmetric-cluster=false: only where a constraint says so */
    GHashTable *seen; /* ids of devices */
};

/* Value of a name in an element's sets without rule: the first one counts.  NULL if there is none. */
static const char *
find_in_sets(const xmlNode *element, const char *set_name, const char *name)
{
    if (element == NULL) {
        return NULL;
    }
    xml_for_each(set, element, set_name)
    {
        const xmlNode *pair = (xml_first(set, "rule") == NULL) ? xml_find(set, "nvpair", "name", name) : NULL;

        if (pair != NULL) {
            return xml_get(pair, "value");
        }
    }
    return NULL;
}

/* The template that a primitive refers to, or NULL. */
static const xmlNode *
find_template(const struct reading *r, const xmlNode *primitive)
{
    const char *id = xml_get(primitive, "template");
    const xmlNode *resources = xml_first(r->configuration, "resources");

    return (id != NULL && resources != NULL) ? xml_find(resources, "template", "id", id) : NULL;
}

static bool
is_disabled(const struct reading *r, const xmlNode *primitive, const xmlNode *parent)
{
    const xmlNode *const places[] = { primitive, find_template(r, primitive), parent, xml_first(r->configuration, "rsc_defaults") };

    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        const char *role = find_in_sets(places[i], "meta_attributes", "target-role");

        if (role != NULL) {
            return text_equal_nocase(role, "Stopped");
        }
    }
    return false;
}

/* Sum of the plain location constraints of a resource for this node; *found if there is one. */
static int
location_score(const struct reading *r, const char *id, bool *found)
{
    const xmlNode *constraints = xml_first(r->configuration, "constraints");
    int score = 0;

    if (constraints == NULL) {
        return 0;
    }
    xml_for_each(location, constraints, "rsc_location")
    {
        if (text_equal(xml_get(location, "rsc"), id) && text_equal_nocase(xml_get(location, "node"), r->core->node)) {
            score = score_add(score, score_parse(xml_get(location, "score")));
            *found = true;
        }
    }
    return score;
}

static bool
is_allowed_here(const struct reading *r, const xmlNode *primitive, const xmlNode *parent)
{
    bool found = false;
    int own = location_score(r, xml_id(primitive), &found);
    int inherited = (parent != NULL) ? location_score(r, xml_id(parent), &found) : 0;

    return own >= 0 && inherited >= 0 && (found || !r->is_opt_in);
}

/* Parameters of the template, then the resource's own, which win. */
static void
copy_params(xmlNode *attributes, const xmlNode *element)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    if (element == NULL) {
        return;
    }
    xml_for_each(set, element, "instance_attributes")
    {
        if (xml_first(set, "rule") != NULL) {
            continue;
        }
        xml_for_each(pair, set, "nvpair")
        {
            const char *name = xml_get(pair, "name"), *value = xml_get(pair, "value");

            if (name != NULL && value != NULL && g_hash_table_add(names, (gpointer) name)
                && xmlValidateNameValue((const xmlChar *) name)) {
                xml_set(attributes, name, value);
            }
        }
    }
}

static void
read_primitive(const struct reading *r, const xmlNode *primitive, const xmlNode *parent, const char *suffix)
{
    const xmlNode *template = find_template(r, primitive);
    const xmlNode *source = (template != NULL) ? template : primitive;
    g_autoptr(xmlNode) element = NULL;
    const char *provides;
    xmlNode *attributes;

    if (!text_equal_nocase(xml_get(source, "class"), "stonith") || xml_id(primitive) == NULL
        || xml_get(source, "type") == NULL || text_equal(xml_id(primitive), FENCE_DEVICE_WATCHDOG)
        || is_disabled(r, primitive, parent) || !is_allowed_here(r, primitive, parent)) {
        return;
    }
    element = xml_new(NULL, FENCE_TAG_DEVICE);
    xml_setf(element, "id", "%s%s", xml_id(primitive), suffix);
    xml_set(element, FENCE_F_AGENT, xml_get(source, "type"));
    xml_set(element, FENCE_F_NAMESPACE, "stonith-ng");
    provides = find_in_sets(primitive, "meta_attributes", "provides");
    xml_set(element, FENCE_F_PROVIDES, provides ? provides : find_in_sets(template, "meta_attributes", "provides"));
    attributes = xml_new(element, FENCE_TAG_ATTRIBUTES);
    copy_params(attributes, template);
    copy_params(attributes, primitive);
    device_register(r->core, r->now, element, DEVICE_BY_CIB);
    g_hash_table_add(r->seen, g_strdup(xml_id(element)));
}

/* Members of groups and clones too; of a clone the first instance is meant. */
static void
read_resources(const struct reading *r, const xmlNode *parent, const char *suffix)
{
    xml_for_each(child, parent, NULL)
    {
        if (xml_is(child, "primitive")) {
            read_primitive(r, child, xml_is(parent, "resources") ? NULL : parent, suffix);
        } else if (xml_is(child, "clone") || xml_is(child, "master")) {
            read_resources(r, child, ":0");
        } else if (xml_is(child, "group")) {
            read_resources(r, child, suffix);
        }
    }
}

void
fenced_core_configuration(struct fenced_core *core, struct fenced_now now, const xmlNode *configuration)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct reading r = { .core = core, .now = now, .configuration = configuration, .seen = seen };
    const xmlNode *options = xml_first(configuration, "crm_config");
    const xmlNode *resources = xml_first(configuration, "resources");
    g_autoptr(GList) devices = NULL;

    r.is_opt_in = (text_boolean(find_in_sets(options, "cluster_property_set", "symmetric-cluster")) == 0);
    if (resources != NULL) {
        read_resources(&r, resources, "");
    }
    devices = g_hash_table_get_values(core->devices);
    for (GList *item = devices; item != NULL; item = item->next) {
        struct device *device = item->data;

        if (device->by_cib && !g_hash_table_contains(seen, device->id)) {
            log_info("Device '%s' is gone from the configuration of this node", device->id);
            device_drop(core, now, device);
        }
    }
}
