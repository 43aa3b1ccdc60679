/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of registered devices, and the answers that come from it.
 * Called by fenced_core.c and fenced_config.c.  Runs nothing: fenced_command.c does.  (spec 60 §3.2, §6, §9.3)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

/* --- devices --- */

void
device_free(gpointer data)
{
    struct device *device = data;

    g_free(device->id);
    g_free(device->agent);
    g_free(device->ns);
    g_hash_table_unref(device->params);
    g_hash_table_unref(device->aliases);
    if (device->targets != NULL) {
        g_ptr_array_unref(device->targets);
    }
    g_queue_clear_full(&device->waiting, command_free);
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

void
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

/* A configured `action` is a mistake with a meaning (spec 60 §6.1). */
static void
replace_action_parameter(struct device *device)
{
    g_autofree char *action = g_strdup(g_hash_table_lookup(device->params, "action"));
    static const char *const options[] = { "pcmk_reboot_action", "pcmk_off_action" };

    if (action == NULL) {
        return;
    }
    log_warn("Fence device '%s' has the parameter 'action', which is not for devices: use pcmk_off_action or "
             "pcmk_reboot_action",
             device->id);
    g_hash_table_remove(device->params, "action");
    if (*action == '\0' || text_equal(action, "reboot")) {
        return;
    }
    for (size_t i = 0; i < (text_equal(action, "off") ? 1 : G_N_ELEMENTS(options)); i++) {
        if (!g_hash_table_contains(device->params, options[i])) {
            g_hash_table_insert(device->params, g_strdup(options[i]), g_strdup(action));
        }
    }
}

static int
action_limit(const struct device *device)
{
    long long limit = text_leading_int(g_hash_table_lookup(device->params, "pcmk_action_limit"));

    return (limit == 0) ? 1 : (int) CLAMP(limit, -1, G_MAXINT);
}

/* NULL: refused. */
static struct device *
new_device(struct fenced_core *core, struct fenced_now now, const xmlNode *element)
{
    g_autoptr(GHashTable) params = read_params(element);
    struct device *device;
    const char *list;

    if ((text_equal(xml_id(element), FENCE_DEVICE_WATCHDOG) || watchdog_is_agent(xml_get(element, FENCE_F_AGENT)))
        && !watchdog_accepts(core, xml_id(element), xml_get(element, FENCE_F_AGENT), params)) {
        return NULL;
    }
    device = g_new0(struct device, 1);
    device->id = g_strdup(xml_id(element));
    device->agent = g_strdup(xml_get(element, FENCE_F_AGENT));
    device->ns = g_strdup(xml_get(element, FENCE_F_NAMESPACE));
    device->params = g_steal_pointer(&params);
    replace_action_parameter(device);
    device->provides_unfencing = text_equal_nocase(xml_get(element, FENCE_F_PROVIDES), "unfencing");
    device->aliases = params_parse_map(g_hash_table_lookup(device->params, "pcmk_host_map"));
    device->limit = action_limit(device);
    g_queue_init(&device->waiting);
    list = g_hash_table_lookup(device->params, "pcmk_host_list");
    if (list != NULL) {
        device->targets = fence_parse_targets(list);
    }
    device->info = agent_info_get(core, now, device->agent);
    return device;
}

/* Parameters that make no difference between two registrations. */
static bool
is_unimportant(const char *name)
{
    return g_str_has_prefix(name, "CRM_meta") || text_equal(name, "crm_feature_set");
}

static bool
has_all_of(GHashTable *params, GHashTable *others)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, others);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!is_unimportant(name) && !text_equal_nocase(g_hash_table_lookup(params, name), value)) {
            return false;
        }
    }
    return true;
}

static bool
is_duplicate(const struct device *old, const struct device *new)
{
    return text_equal_nocase(old->agent, new->agent) && has_all_of(old->params, new->params)
           && has_all_of(new->params, old->params);
}

void
device_drop(struct fenced_core *core, struct fenced_now now, struct device *device)
{
    g_hash_table_steal(core->devices, device->id);
    commands_device_gone(core, now, device);
    device_free(device);
}

/* The commands that wait on the old record go on with the new one, if the CIB replaces what a client registered too. */
static void
inherit(struct fenced_core *core, struct device *device, struct device *old)
{
    struct command *command;

    device->by_api = true;
    while ((command = g_queue_pop_head(&old->waiting)) != NULL) {
        command->device = device;
        g_queue_push_tail(&device->waiting, command);
    }
}

bool
device_register(struct fenced_core *core, struct fenced_now now, const xmlNode *element, enum device_source source)
{
    struct device *device = new_device(core, now, element);
    struct device *old = (device != NULL) ? g_hash_table_lookup(core->devices, device->id) : NULL;

    if (device == NULL) {
        return false;
    }
    if (old != NULL && is_duplicate(old, device)) {
        log_debug("Device '%s' is registered already (%u active devices)", device->id, g_hash_table_size(core->devices));
        device_free(device);
        device = old;
    } else {
        if (old != NULL) {
            if (source == DEVICE_BY_CIB && old->by_api) {
                inherit(core, device, old);
            }
            device_drop(core, now, old);
        }
        g_hash_table_insert(core->devices, device->id, device);
        log_notice("Added '%s' to device list (%u active devices)", device->id, g_hash_table_size(core->devices));
        device_start_waiting(core, now, device);
    }
    if (source == DEVICE_BY_API) {
        device->by_api = true;
    } else {
        device->by_cib = true;
    }
    return true;
}

const struct device *
device_find(const struct fenced_core *core, const char *id)
{
    return g_hash_table_lookup(core->devices, id);
}

void
devices_add(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result)
{
    const xmlNode *element = msg_data(request, F_ST_CALLDATA);
    const char *id = (element != NULL) ? xml_id(element) : NULL;

    if (id == NULL || xml_get(element, FENCE_F_AGENT) == NULL) {
        missing_information(result);
        return;
    }
    if (!device_register(core, now, element, DEVICE_BY_API)) {
        fence_result_set(result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, NULL);
    }
    notify_device(core, NOTIFY_DEVICE_ADD, FENCE_NOTIFY_DEVICE_ADD, id, result);
}

void
devices_remove(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result)
{
    const xmlNode *element = msg_data(request, F_ST_CALLDATA);
    g_autofree char *id = (element != NULL) ? g_strdup(xml_id(element)) : NULL;
    struct device *device;

    if (id == NULL) {
        missing_information(result);
        return;
    }
    device = g_hash_table_lookup(core->devices, id);
    if (device != NULL) {
        device->by_api = device->is_verified = false;
        if (!device->by_cib) {
            device_drop(core, now, device);
            log_info("Removed '%s' from device list (%u active devices)", id, g_hash_table_size(core->devices));
        }
    }
    notify_device(core, NOTIFY_DEVICE_DEL, FENCE_NOTIFY_DEVICE_DEL, id, result);
}

/* Attributes of one device in a query's answer that depend on the action (spec 60 §9.3). */
static void
offer_action(const struct fenced_core *core, xmlNode *element, const struct device *device, const char *action,
             const char *target, bool allow_self)
{
    unsigned timeout = params_seconds(params_action_option(device, params_effective_action(device, action), "timeout"));
    unsigned base = params_delay_base(g_hash_table_lookup(device->params, "pcmk_delay_base"), target);
    unsigned most = params_seconds(g_hash_table_lookup(device->params, "pcmk_delay_max"));
    bool is_delayed = text_is_one_of(action, "off", "reboot", "poweroff", NULL);

    if (text_equal(action, "on") && device_unfences(device)) {
        xml_set_int(element, FENCE_F_REQUIRED, 1);
    }
    if (timeout > 0) {
        xml_set_int(element, FENCE_F_ACTION_TIMEOUT, timeout);
    }
    if (is_delayed && most > 0) {
        xml_set_int(element, FENCE_F_DELAY_MAX, most);
    }
    if (is_delayed && base > 0) {
        xml_set_int(element, FENCE_F_DELAY_BASE, base);
        if (most == 0) {
            xml_set_int(element, FENCE_F_DELAY_MAX, base);
        }
    }
    if (target != NULL && text_is_one_of(action, "on", "off", NULL)
        && !device_allows(core, device, action, target, allow_self)) {
        xml_set(element, FENCE_F_DISALLOWED, "true");
    }
}

static bool
may_reboot_itself(const struct fenced_core *core, const struct device *device, const char *target, bool allow_self)
{
    for (unsigned i = 0; i < device->info->on_target->len; i++) {
        if (text_equal(device->info->on_target->pdata[i], "reboot")) {
            return text_equal_nocase(target, core->node);
        }
    }
    return !text_equal_nocase(target, core->node) || allow_self;
}

static void
offer_device(const struct fenced_core *core, xmlNode *data, const struct device *device, const struct search *search)
{
    static const char *const halves[] = { "off", "on" };
    xmlNode *element = xml_new(data, FENCE_TAG_DEVICE);

    xml_set(element, "id", device->id);
    xml_set(element, FENCE_F_NAMESPACE, device->ns);
    xml_set(element, FENCE_F_AGENT, device->agent);
    xml_set_int(element, FENCE_F_VERIFIED, device->is_verified);
    xml_set_int(element, FENCE_F_SUPPORT_FLAGS, device_flags(device));
    offer_action(core, element, device, search->action, search->target, search->allow_self);
    if (!text_equal(search->action, "reboot")) {
        return;
    }
    if (!may_reboot_itself(core, device, search->target, search->allow_self)) {
        xml_set(element, FENCE_F_DISALLOWED, "true");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(halves); i++) {
        xmlNode *half = xml_new(element, FENCE_TAG_DEVICE_ACTION);

        xml_set(half, "id", halves[i]);
        offer_action(core, half, device, halves[i], search->target, text_equal(halves[i], "off") && search->allow_self);
    }
}

xmlNode *
devices_offer(const struct fenced_core *core, const struct search *search)
{
    xmlNode *data = xml_new(NULL, FENCE_TAG_ARGUMENTS);
    unsigned n = 0;

    xml_set(data, F_ST_TARGET, search->target);
    xml_set(data, FENCE_F_AVAILABLE, "0");
    for (unsigned i = 0; i < search->capable->len; i++) {
        const struct device *device = g_hash_table_lookup(core->devices, search->capable->pdata[i]);

        if (device != NULL) {
            offer_device(core, data, device, search);
            n++;
        }
    }
    xml_set_int(data, FENCE_F_AVAILABLE, n);
    return data;
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
    xml_set_int(element, FENCE_F_SUPPORT_FLAGS, device_flags(device));
    attributes = xml_new(element, FENCE_TAG_ATTRIBUTES);
    g_hash_table_iter_init(&iter, device->params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (xmlValidateNameValue(name)) {
            xml_set(attributes, name, value);
        }
    }
}

xmlNode *
devices_list(const struct fenced_core *core)
{
    xmlNode *data = xml_new(NULL, FENCE_TAG_ARGUMENTS);
    g_autoptr(GList) devices = g_hash_table_get_values(core->devices);

    xml_set_int(data, FENCE_F_AVAILABLE, g_list_length(devices));
    for (GList *item = devices; item != NULL; item = item->next) {
        list_device(data, item->data);
    }
    return data;
}
