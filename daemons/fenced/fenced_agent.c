/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fence agents can do, by their meta-data: asked for once an agent, again after a while if that fails.
 * Called by the other parts of the core.  (spec 60 §6.1)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_internal.h"

#include <string.h>

#define METADATA_TIMEOUT_S 10
#define FIRST_RETRY_MS     10000
#define LAST_RETRY_MS      160000

void
agent_info_free(gpointer data)
{
    struct agent_info *info = data;

    g_ptr_array_unref(info->on_target);
    g_free(info->agent);
    g_free(info);
}

static void
ask_for_metadata(struct fenced_core *core, struct agent_info *info)
{
    struct fenced_effect *e = core_add_effect(core, FENCED_RUN);

    info->is_asked = true;
    info->retry_due = 0;
    info->run_id = ++core->run_id;
    e->run_id = info->run_id;
    e->agent = g_strdup(info->agent);
    e->timeout_s = METADATA_TIMEOUT_S;
    e->args = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert(e->args, g_strdup("action"), g_strdup("metadata"));
}

struct agent_info *
agent_info_get(struct fenced_core *core, struct fenced_now now, const char *agent)
{
    struct agent_info *info = g_hash_table_lookup(core->agents, agent);

    if (info == NULL) {
        info = g_new0(struct agent_info, 1);
        info->agent = g_strdup(agent);
        info->on_target = g_ptr_array_new_with_free_func(g_free);
        info->retry_pause_ms = FIRST_RETRY_MS;
        g_hash_table_insert(core->agents, info->agent, info);
        if (watchdog_is_agent(agent)) { /* nothing runs for it, so nothing needs to be asked */
            info->is_known = true;
            info->flags = FENCE_SUPPORTS_LIST | FENCE_SUPPORTS_REBOOT | FENCE_HAS_PLUG | FENCE_SUPPORTS_ON;
        } else {
            ask_for_metadata(core, info);
        }
    }
    return info;
}

/* --- reading --- */

static void
read_action(struct agent_info *info, const xmlNode *action)
{
    static const struct {
        const char *name;
        unsigned flag;
    } table[] = {
        { "list", FENCE_SUPPORTS_LIST },
        { "status", FENCE_SUPPORTS_STATUS },
        { "reboot", FENCE_SUPPORTS_REBOOT },
        { "on", FENCE_SUPPORTS_ON },
    };
    const char *name = xml_get(action, "name");

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (text_equal(name, table[i].name)) {
            info->flags |= table[i].flag;
        }
    }
    if (text_equal(name, "on") && (xml_get_bool(action, "automatic", false) || xml_get_bool(action, "required", false))) {
        info->unfences = true;
    }
    if (name != NULL && xml_get_bool(action, "on_target", false)) {
        g_ptr_array_add(info->on_target, g_strdup(name));
    }
}

static void
read_parameter(struct agent_info *info, const xmlNode *parameter)
{
    const char *name = xml_get(parameter, "name");

    if (text_equal_nocase(name, "plug")) {
        info->flags |= FENCE_HAS_PLUG;
    } else if (text_equal_nocase(name, "port")) {
        info->flags |= FENCE_HAS_PORT;
    } else if (text_equal(name, "nodeid")) {
        info->wants_node_id = true;
    }
}

static void
read_elements(struct agent_info *info, const xmlNode *node)
{
    if (xml_is(node, "action")) {
        read_action(info, node);
    } else if (xml_is(node, "parameter")) {
        read_parameter(info, node);
    }
    xml_for_each(child, node, NULL)
    {
        read_elements(info, child);
    }
}

bool
agent_info_done(struct fenced_core *core, struct fenced_now now, unsigned run_id, const struct fence_result *result)
{
    g_autoptr(xmlNode) metadata = NULL;
    struct agent_info *info = NULL;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, core->agents);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((struct agent_info *) value)->run_id == run_id) {
            info = value;
        }
    }
    if (info == NULL) {
        return false;
    }
    info->run_id = 0;
    info->is_asked = false;
    if (fence_result_is_success(result) && result->output != NULL) {
        metadata = xml_parse(result->output, strlen(result->output), XML_PARSE_STRICT, NULL);
    }
    if (metadata != NULL) {
        info->is_known = true;
        read_elements(info, metadata);
    } else {
        log_err("Cannot get meta-data of fence agent %s (%s); trying again in %us", info->agent,
                result->reason ? result->reason : exec_status_text(result->status),
                (unsigned) (info->retry_pause_ms / 1000));
        info->retry_due = now.ms + info->retry_pause_ms;
        info->retry_pause_ms = MIN(info->retry_pause_ms * 2, (uint64_t) LAST_RETRY_MS);
    }
    if (agent_infos_are_known(core)) {
        searches_release(core, now);
    }
    return true;
}

bool
agent_infos_are_known(const struct fenced_core *core)
{
    GHashTableIter iter;
    gpointer info;

    g_hash_table_iter_init(&iter, core->agents);
    while (g_hash_table_iter_next(&iter, NULL, &info)) {
        if (((struct agent_info *) info)->is_asked) {
            return false;
        }
    }
    return true;
}

uint64_t
agent_infos_deadline(const struct fenced_core *core)
{
    uint64_t earliest = UINT64_MAX;
    GHashTableIter iter;
    gpointer info;

    g_hash_table_iter_init(&iter, core->agents);
    while (g_hash_table_iter_next(&iter, NULL, &info)) {
        if (((struct agent_info *) info)->retry_due != 0) {
            earliest = MIN(earliest, ((struct agent_info *) info)->retry_due);
        }
    }
    return earliest;
}

void
agent_infos_tick(struct fenced_core *core, struct fenced_now now)
{
    GHashTableIter iter;
    gpointer info;

    g_hash_table_iter_init(&iter, core->agents);
    while (g_hash_table_iter_next(&iter, NULL, &info)) {
        if (((struct agent_info *) info)->retry_due != 0 && ((struct agent_info *) info)->retry_due <= now.ms) {
            ask_for_metadata(core, info);
        }
    }
}
