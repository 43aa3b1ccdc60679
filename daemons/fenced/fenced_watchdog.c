/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes that reset themselves when they have to be gone: stonith-watchdog-timeout, the reserved device, who does so.
 * Called by the other parts of the core.  Waiting for it is in fenced_origin.c, doing it in fenced_command.c.  (spec 60 §14)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_internal.h"

#define WATCHDOG_AGENT          "fence_watchdog"
#define WATCHDOG_AGENT_INTERNAL "#watchdog"

bool
watchdog_is_agent(const char *agent)
{
    return text_is_one_of(agent, WATCHDOG_AGENT, WATCHDOG_AGENT_INTERNAL, NULL);
}

/* --- the option --- */

/* The first pair of that name anywhere below. */
static const char *
find_pair(const xmlNode *node, const char *name)
{
    xml_for_each(child, node, NULL)
    {
        const char *found;

        if (xml_is(child, "nvpair") && text_equal(xml_get(child, "name"), name)) {
            return xml_get(child, "value");
        }
        found = find_pair(child, name);
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

bool
watchdog_read_timeout(struct fenced_core *core, const xmlNode *configuration)
{
    const xmlNode *options = xml_first(configuration, "crm_config");
    const char *value = (options != NULL) ? find_pair(options, "stonith-watchdog-timeout") : NULL;
    long long ms = (value != NULL) ? text_timeout_ms(value) : 0;
    long long before = core->watchdog_timeout_ms;

    if (ms < 0 && value != NULL && text_leading_int(value) < 0) {
        ms = 2 * core->sbd_timeout_ms; /* "whatever suits sbd" */
    }
    core->watchdog_timeout_ms = MAX(ms, 0);
    if (core->watchdog_timeout_ms != before) {
        log_notice("Watchdog fencing is %s" LOG_XT "stonith-watchdog-timeout=%lldms",
                   core->watchdog_timeout_ms > 0 ? "on" : "off", core->watchdog_timeout_ms);
    }
    return core->watchdog_timeout_ms != before;
}

/* --- who --- */

bool
watchdog_fences(const struct fenced_core *core, const char *node)
{
    return core->watchdog_timeout_ms > 0
           && (core->watchdog_targets == NULL || params_has_target(core->watchdog_targets, node));
}

char *
watchdog_list(const struct fenced_core *core)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; core->watchdog_targets != NULL && i < core->watchdog_targets->len; i++) {
        g_string_append_printf(text, "%s\n", (const char *) core->watchdog_targets->pdata[i]);
    }
    return g_string_free(text, FALSE);
}

/* Names of the list and of the map. */
static GPtrArray *
named_targets(GHashTable *params)
{
    const char *list = g_hash_table_lookup(params, "pcmk_host_list");
    const char *map = g_hash_table_lookup(params, "pcmk_host_map");
    GPtrArray *targets = fence_parse_targets(list ? list : "");
    g_autoptr(GHashTable) aliases = params_parse_map(map);
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, aliases);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if (!params_has_target(targets, name)) {
            g_ptr_array_add(targets, g_strdup(name));
        }
    }
    return targets;
}

/*
 * The reserved id and the reserved agents go together, and only while watchdog fencing is on.  The device's list of hosts
 * is who resets itself, all over the cluster; as a device here it is for this node alone, if it is among them.
 */
bool
watchdog_accepts(struct fenced_core *core, const char *id, const char *agent, GHashTable *params)
{
    if (core->watchdog_timeout_ms <= 0) {
        log_err("Ignoring fence device '%s' (%s): stonith-watchdog-timeout is not set", id, agent);
        return false;
    }
    if (!text_equal(id, FENCE_DEVICE_WATCHDOG) || !watchdog_is_agent(agent)) {
        log_err("Ignoring fence device '%s' (%s): only a device '%s' with agent %s stands for nodes that reset themselves",
                id, agent, FENCE_DEVICE_WATCHDOG, WATCHDOG_AGENT);
        return false;
    }
    if (g_hash_table_contains(params, "pcmk_host_list") || g_hash_table_contains(params, "pcmk_host_map")) {
        if (core->watchdog_targets != NULL) {
            g_ptr_array_unref(core->watchdog_targets);
        }
        core->watchdog_targets = named_targets(params);
    }
    if (!watchdog_fences(core, core->node)) {
        log_info("Not registering '%s': this node does not reset itself", id);
        return false;
    }
    g_hash_table_remove(params, "pcmk_host_map");
    g_hash_table_replace(params, g_strdup("pcmk_host_list"), g_strdup(core->node));
    return true;
}

bool
watchdog_register_implicit(struct fenced_core *core, struct fenced_now now)
{
    g_autoptr(xmlNode) element = NULL;

    if (core->watchdog_timeout_ms <= 0 || core->standalone) {
        return false;
    }
    element = xml_new(NULL, FENCE_TAG_DEVICE);
    xml_set(element, "id", FENCE_DEVICE_WATCHDOG);
    xml_set(element, FENCE_F_AGENT, WATCHDOG_AGENT);
    xml_set(element, FENCE_F_NAMESPACE, "internal");
    xml_new(element, FENCE_TAG_ATTRIBUTES);
    return device_register(core, now, element, DEVICE_BY_CIB);
}
