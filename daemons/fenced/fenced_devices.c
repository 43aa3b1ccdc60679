/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of registered devices and topology levels, and the answers that come from them.
 * Called by fenced_core.c and fenced_op.c.  Devices are kept and listed, but cannot fence yet: running agents, and with
 * that the question which targets a device is good for, comes in at devices_query() and devices_execute().
 * (spec 60 §3.2, §6, §10)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

#define WATCHDOG_AGENT          "fence_watchdog"
#define WATCHDOG_AGENT_INTERNAL "#watchdog"

/* --- devices --- */

void
device_free(gpointer data)
{
    struct device *device = data;

    g_free(device->id);
    g_free(device->agent);
    g_free(device->ns);
    g_hash_table_unref(device->params);
    g_free(device);
}

static GHashTable *
read_params(const xmlNode *element)
{
    GHashTable *params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const xmlNode *attributes = xml_first(element, FENCE_TAG_ATTRIBUTES);

    if (attributes == NULL) {
        return params;
    }
    for (const xmlAttr *attr = attributes->properties; attr != NULL; attr = attr->next) {
        g_hash_table_replace(params, g_strdup((const char *) attr->name), g_strdup(xml_attr_value(attr)));
    }
    xml_for_each(param, attributes, FENCE_TAG_PARAM)
    {
        if (xml_get(param, "name") != NULL && xml_get(param, "value") != NULL) {
            g_hash_table_replace(params, g_strdup(xml_get(param, "name")), g_strdup(xml_get(param, "value")));
        }
    }
    return params;
}

static void
missing_information(struct fence_result *result)
{
    fence_result_set(result, CRM_EX_PROTOCOL, EXEC_INVALID, "Fencer API request missing required information (bug?)");
}

static void
notify_device(struct fenced_core *core, unsigned bit, const char *type, const char *id, const struct fence_result *result)
{
    g_autoptr(xmlNode) data = xml_new(NULL, type);

    xml_set(data, F_ST_DEVICE_ID, id);
    xml_set_int(data, FENCE_F_ACTIVE, g_hash_table_size(core->devices));
    core_notify(core, bit, type, result, data);
}

/* The reserved id and the reserved agents go together or not at all (spec 60 §14.2). */
static bool
is_refused_watchdog(const char *id, const char *agent)
{
    return text_equal(id, FENCE_DEVICE_WATCHDOG) || text_is_one_of(agent, WATCHDOG_AGENT, WATCHDOG_AGENT_INTERNAL, NULL);
}

void
devices_add(struct fenced_core *core, const xmlNode *request, struct fence_result *result)
{
    const xmlNode *element = msg_data(request, F_ST_CALLDATA);
    const char *id = (element != NULL) ? xml_id(element) : NULL;
    const char *agent = (element != NULL) ? xml_get(element, FENCE_F_AGENT) : NULL;
    struct device *device;

    if (id == NULL || agent == NULL) {
        missing_information(result);
        return;
    }
    if (is_refused_watchdog(id, agent)) {
        log_err("Refusing fence device '%s' with agent %s: watchdog fencing is not enabled", id, agent);
        fence_result_set(result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, NULL);
    } else {
        device = g_new0(struct device, 1);
        device->id = g_strdup(id);
        device->agent = g_strdup(agent);
        device->ns = g_strdup(xml_get(element, FENCE_F_NAMESPACE));
        device->params = read_params(element);
        device->by_api = true;
        device->unfences = text_equal_nocase(xml_get(element, FENCE_F_PROVIDES), "unfencing");
        g_hash_table_replace(core->devices, device->id, device);
        log_notice("Added '%s' to device list (%u active devices)", id, g_hash_table_size(core->devices));
    }
    notify_device(core, NOTIFY_DEVICE_ADD, FENCE_NOTIFY_DEVICE_ADD, id, result);
}

void
devices_remove(struct fenced_core *core, const xmlNode *request, struct fence_result *result)
{
    const xmlNode *element = msg_data(request, F_ST_CALLDATA);
    const char *id = (element != NULL) ? xml_id(element) : NULL;

    if (id == NULL) {
        missing_information(result);
        return;
    }
    if (g_hash_table_remove(core->devices, id)) {
        log_info("Removed '%s' from device list (%u active devices)", id, g_hash_table_size(core->devices));
    }
    notify_device(core, NOTIFY_DEVICE_DEL, FENCE_NOTIFY_DEVICE_DEL, id, result);
}

static void
list_device(xmlNode *data, const struct device *device)
{
    xmlNode *element = xml_new(data, FENCE_TAG_DEVICE);
    xmlNode *attributes;
    GHashTableIter iter;
    gpointer name, value;

    xml_set(element, "id", device->id);
    xml_set(element, FENCE_F_NAMESPACE, device->ns);
    xml_set(element, FENCE_F_AGENT, device->agent);
    xml_set_int(element, FENCE_F_VERIFIED, device->is_verified);
    xml_set_int(element, FENCE_F_SUPPORT_FLAGS, device->flags);
    attributes = xml_new(element, FENCE_TAG_ATTRIBUTES);
    g_hash_table_iter_init(&iter, device->params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (xmlValidateNameValue(name)) {
            xml_set(attributes, name, value);
        }
    }
}

xmlNode *
devices_query(const struct fenced_core *core, const char *target, const char *action, bool allow_self)
{
    xmlNode *data = xml_new(NULL, FENCE_TAG_ARGUMENTS);
    g_autoptr(GList) devices = (target == NULL) ? g_hash_table_get_values(core->devices) : NULL;

    xml_set(data, F_ST_TARGET, target);
    xml_set_int(data, FENCE_F_AVAILABLE, g_list_length(devices));
    for (GList *item = devices; item != NULL; item = item->next) {
        list_device(data, item->data);
    }
    return data;
}

void
devices_execute(struct fenced_core *core, const xmlNode *request, struct fence_result *result)
{
    const char *id = fence_find_value(request, F_ST_DEVICE_ID);
    const char *action = fence_find_value(request, F_ST_DEVICE_ACTION);
    g_autofree char *reason = NULL;

    if (id == NULL || action == NULL) {
        missing_information(result);
    } else if (text_equal(id, FENCE_DEVICE_WATCHDOG) && !g_hash_table_contains(core->devices, id)) {
        fence_result_set(result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, "Watchdog fence device not configured");
    } else if (!g_hash_table_contains(core->devices, id)) {
        reason = g_strdup_printf("'%s' not found", id);
        fence_result_set(result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, reason);
    } else {
        log_warn("Not running %s of fence device '%s': this fencer cannot run agents yet", action, id);
        fence_result_set(result, CRM_EX_ERROR, EXEC_NOT_SUPPORTED, "Fence agents cannot be run yet");
    }
}

/* --- levels --- */

void
topology_free(gpointer data)
{
    struct topology *t = data;

    for (unsigned i = 0; i <= FENCE_LEVEL_MAX; i++) {
        if (t->levels[i] != NULL) {
            g_ptr_array_unref(t->levels[i]);
        }
    }
    g_free(t->key);
    g_free(t);
}

/* The text under which a level's target is kept (g_free): name, pattern, or ATTRIBUTE=VALUE; NULL if there is none. */
static char *
level_key(const xmlNode *level)
{
    const char *target = xml_get(level, FENCE_F_TARGET);
    const char *pattern = xml_get(level, FENCE_F_TARGET_PATTERN);
    const char *attribute = xml_get(level, FENCE_F_TARGET_ATTRIBUTE);
    const char *value = xml_get(level, FENCE_F_TARGET_VALUE);

    if (target != NULL || pattern != NULL) {
        return g_strdup(target ? target : pattern);
    }
    return (attribute != NULL && value != NULL) ? g_strdup_printf("%s=%s", attribute, value) : NULL;
}

static const xmlNode *
find_level(const xmlNode *request)
{
    const xmlNode *level = msg_data(request, F_ST_CALLDATA);

    return (level != NULL && xml_is(level, FENCE_TAG_LEVEL)) ? level : NULL;
}

static void
notify_level(struct fenced_core *core, const char *type, const char *key, const char *index,
             const struct fence_result *result)
{
    g_autoptr(xmlNode) data = xml_new(NULL, type);

    xml_setf(data, F_ST_DEVICE_ID, "%s[%s]", key ? key : "", index ? index : "");
    xml_set_int(data, FENCE_F_ACTIVE, g_hash_table_size(core->topologies));
    core_notify(core, NOTIFY_EVERYBODY, type, result, data);
}

/* Checks what add and remove have in common; the level number, or -1 and *result. */
static int
check_level(const xmlNode *level, const char *key, int lowest, struct fence_result *result)
{
    const char *id = xml_id(level), *index = xml_get(level, FENCE_F_INDEX);
    g_autofree char *reason = NULL;
    long long number;

    if (id == NULL && lowest > 0) {
        reason = g_strdup("Topology level is invalid without ID");
    } else if (key == NULL) {
        reason = g_strdup_printf("Invalid target for topology level '%s'", id ? id : "");
    } else if (!text_parse_int(index, &number) || number < lowest || number > FENCE_LEVEL_MAX) {
        reason = g_strdup_printf("Invalid level number '%s' for topology level '%s'", index ? index : "", id ? id : "");
    } else {
        return (int) number;
    }
    fence_result_set(result, CRM_EX_INVALID_PARAM, EXEC_INVALID, reason);
    return -1;
}

static void
add_devices(struct topology *t, int number, const char *devices)
{
    g_auto(GStrv) ids = g_strsplit(devices ? devices : "", ",", -1);

    if (t->levels[number] == NULL) {
        t->levels[number] = g_ptr_array_new_with_free_func(g_free);
    }
    for (char **id = ids; *id != NULL; id++) {
        if (**id != '\0') {
            g_ptr_array_add(t->levels[number], g_strdup(*id));
        }
    }
}

void
levels_add(struct fenced_core *core, const xmlNode *request, struct fence_result *result)
{
    const xmlNode *level = find_level(request);
    g_autofree char *key = (level != NULL) ? level_key(level) : NULL;
    struct topology *t;
    int number;

    if (level == NULL) {
        missing_information(result);
        notify_level(core, FENCE_NOTIFY_LEVEL_ADD, NULL, NULL, result);
        return;
    }
    number = check_level(level, key, 1, result);
    if (number > 0) {
        t = g_hash_table_lookup(core->topologies, key);
        if (t == NULL) {
            t = g_new0(struct topology, 1);
            t->key = g_strdup(key);
            g_hash_table_replace(core->topologies, t->key, t);
        }
        add_devices(t, number, xml_get(level, FENCE_F_DEVICES));
    }
    notify_level(core, FENCE_NOTIFY_LEVEL_ADD, key, xml_get(level, FENCE_F_INDEX), result);
}

void
levels_remove(struct fenced_core *core, const xmlNode *request, struct fence_result *result)
{
    const xmlNode *level = find_level(request);
    g_autofree char *key = (level != NULL) ? level_key(level) : NULL;
    struct topology *t;
    int number;

    if (level == NULL) {
        missing_information(result);
        notify_level(core, FENCE_NOTIFY_LEVEL_DEL, NULL, NULL, result);
        return;
    }
    number = check_level(level, key, 0, result);
    t = (number >= 0) ? g_hash_table_lookup(core->topologies, key) : NULL;
    if (t != NULL && number == 0) {
        g_hash_table_remove(core->topologies, key);
    } else if (t != NULL && t->levels[number] != NULL) {
        g_ptr_array_unref(g_steal_pointer(&t->levels[number]));
    }
    notify_level(core, FENCE_NOTIFY_LEVEL_DEL, key, xml_get(level, FENCE_F_INDEX), result);
}
