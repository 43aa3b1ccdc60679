/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fencer takes from the configuration: every fence resource that is not disabled and may be on this node is a
 * device here, whether or not it is started here; levels; whether nodes reset themselves.
 * Called by the shell when the configuration changed.  Where a resource may be is the scheduler's knowledge (lib/sched);
 * nothing is placed.  (spec 60 §6.3, §10.2, §14.1)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/sched/model/model.h"

#include "daemons/fenced/fenced_internal.h"

struct reading {
    struct fenced_core *core;
    struct fenced_now now;
    struct sched *sched;
    struct sched_node *here;
    GHashTable *seen; /* ids of devices */
};

/* --- the model --- */

/* Is there any fence device?  Only then the model is worth its price. */
static bool
has_class(const xmlNode *node)
{
    xml_for_each(child, node, NULL)
    {
        if (text_equal_nocase(xml_get(child, "class"), "stonith") || has_class(child)) {
            return true;
        }
    }
    return false;
}

static void
add_this_node(xmlNode *configuration, const char *name)
{
    xmlNode *nodes = (xmlNode *) xml_first(configuration, "nodes");
    xmlNode *node;

    if (nodes == NULL) {
        nodes = xml_new(configuration, "nodes");
    }
    xml_for_each(present, nodes, "node")
    {
        if (text_equal_nocase(xml_get(present, "uname"), name)) {
            return;
        }
    }
    node = xml_new(nodes, "node"); /* as if it were listed: the controller adds it later */
    xml_set(node, "id", name);
    xml_set(node, "uname", name);
}

static xmlNode *
document(const struct fenced_core *core, const xmlNode *configuration)
{
    xmlNode *cib = xml_new(NULL, "cib");
    xmlNode *copy = xml_copy(cib, configuration);

    add_this_node(copy, core->node);
    xml_new(cib, "status");
    return cib;
}

/* --- devices --- */

static bool
is_disabled(struct sched *s, const struct sched_rsc *r)
{
    return text_equal_nocase(rsc_meta(r, "target-role"), "Stopped")
           || (r->parent != NULL && text_equal_nocase(rsc_meta(r->parent, "target-role"), "Stopped"));
}

/* Any negative score of the resource, or of its group, keeps the device away; so does having none at all. */
static bool
is_allowed_here(const struct reading *r, const struct sched_rsc *rsc)
{
    const struct sched_rsc *parent = rsc->parent;

    if (!row_has(&rsc->row, r->here) || rsc->row.score[r->here->id] < 0) {
        log_debug("Device '%s' is not for this node (%s)", rsc->id,
                  row_has(&rsc->row, r->here) ? score_text(rsc->row.score[r->here->id]) : "not allowed");
        return false;
    }
    return parent == NULL || parent->kind != KIND_GROUP || !row_has(&parent->row, r->here)
           || parent->row.score[r->here->id] >= 0;
}

/* Namespace and program of an agent; a Linux-HA plug-in is run by the adapter for them (spec 60 §8.1). */
static void
describe_agent(const struct reading *r, xmlNode *element, xmlNode *attributes, const char *type)
{
    const char *ns = (r->core->agent_namespace != NULL) ? r->core->agent_namespace(type, r->core->data) : NULL;

    xml_set(element, FENCE_F_NAMESPACE, ns);
    if (text_equal(ns, FENCE_NAMESPACE_HEARTBEAT)) {
        xml_set(element, FENCE_F_AGENT, FENCE_AGENT_LEGACY);
        xml_set(attributes, FENCE_PARAM_PLUGIN, type);
    } else {
        xml_set(element, FENCE_F_AGENT, type);
    }
}

static xmlNode *
describe(const struct reading *r, struct sched_rsc *rsc)
{
    const struct nvtable *params = rsc_params(r->sched, rsc, r->here);
    xmlNode *element = xml_new(NULL, FENCE_TAG_DEVICE);
    xmlNode *attributes = xml_new(element, FENCE_TAG_ATTRIBUTES);

    xml_set(element, "id", rsc->id);
    describe_agent(r, element, attributes, rsc->type);
    xml_set(element, FENCE_F_PROVIDES, rsc_meta(rsc, "provides"));
    nvtable_for_each(pair, params)
    {
        if (xmlValidateNameValue((const xmlChar *) pair->name)) {
            xml_set(attributes, pair->name, pair->value);
        } else { /* a name that no attribute can have */
            xmlNode *param = xml_new(attributes, FENCE_TAG_PARAM);

            xml_set(param, "name", pair->name);
            xml_set(param, "value", pair->value);
        }
    }
    return element;
}

static void
read_primitive(const struct reading *r, struct sched_rsc *rsc)
{
    g_autoptr(xmlNode) element = NULL;

    if (!text_equal_nocase(rsc->rsc_class, "stonith") || rsc->type == NULL || is_disabled(r->sched, rsc)
        || !is_allowed_here(r, rsc)) {
        return;
    }
    element = describe(r, rsc);
    if (device_register(r->core, r->now, element, DEVICE_BY_CIB)) {
        g_hash_table_add(r->seen, g_strdup(rsc->id));
    }
}

/* Members too; of a clone the first instance is meant. */
static void
read_resource(const struct reading *r, struct sched_rsc *rsc)
{
    if (rsc->kind == KIND_PRIMITIVE) {
        read_primitive(r, rsc);
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, child, rsc->children) {
        read_resource(r, child);
        if (rsc->kind == KIND_CLONE) {
            return;
        }
    }
}

static void
read_devices(struct reading *r, const xmlNode *configuration)
{
    g_autoptr(xmlNode) cib = document(r->core, configuration);

    r->sched = sched_new(cib, r->now.epoch, SCHED_CONFIG_ONLY | SCHED_QUIET);
    sched_apply_criteria(r->sched);
    r->here = sched_node_by_name(r->sched, r->core->node);
    if (r->here != NULL) {
        VEC_FOR_EACH (struct sched_rsc, rsc, r->sched->resources) {
            read_resource(r, rsc);
        }
    }
    sched_free(r->sched);
}

/* --- all of it --- */

static void
forget_watchdog_targets(struct fenced_core *core)
{
    if (core->watchdog_targets != NULL) {
        g_ptr_array_unref(core->watchdog_targets);
        core->watchdog_targets = NULL;
    }
}

void
fenced_core_configuration(struct fenced_core *core, struct fenced_now now, const xmlNode *configuration)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct reading r = { .core = core, .now = now, .seen = seen };
    const xmlNode *resources = xml_first(configuration, "resources");
    bool is_fresh = watchdog_read_timeout(core, configuration);
    g_autoptr(GList) devices = NULL;

    levels_from_configuration(core, configuration, is_fresh);
    forget_watchdog_targets(core);
    if (resources != NULL && has_class(resources)) {
        read_devices(&r, configuration);
    }
    if (core->watchdog_targets == NULL && watchdog_register_implicit(core, now)) {
        g_hash_table_add(seen, g_strdup(FENCE_DEVICE_WATCHDOG));
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
