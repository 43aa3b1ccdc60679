/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fencing levels: the table by targets, from requests and from the configuration, and which entry is a node's.
 * Called by fenced_core.c, fenced_config.c and fenced_origin.c.  Never decides what to do next.  (spec 60 §3.2, §10)
 */
#include "lib/base/log.h"
#include "lib/base/pattern.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

#include <string.h>

/* --- the table --- */

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
    g_free(t->attribute);
    g_free(t->value);
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

static struct topology *
topology_new(const xmlNode *level, const char *key)
{
    struct topology *t = g_new0(struct topology, 1);

    t->key = g_strdup(key);
    if (xml_get(level, FENCE_F_TARGET) != NULL) {
        t->kind = TARGET_NAME;
    } else if (xml_get(level, FENCE_F_TARGET_PATTERN) != NULL) {
        t->kind = TARGET_PATTERN;
    } else {
        t->kind = TARGET_ATTRIBUTE;
        t->attribute = g_strdup(xml_get(level, FENCE_F_TARGET_ATTRIBUTE));
        t->value = g_strdup(xml_get(level, FENCE_F_TARGET_VALUE));
    }
    return t;
}

static void
add_level(struct fenced_core *core, const xmlNode *level, struct fence_result *result)
{
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
            t = topology_new(level, key);
            g_hash_table_replace(core->topologies, t->key, t);
        }
        add_devices(t, number, xml_get(level, FENCE_F_DEVICES));
    }
    notify_level(core, FENCE_NOTIFY_LEVEL_ADD, key, xml_get(level, FENCE_F_INDEX), result);
}

static void
remove_level(struct fenced_core *core, const xmlNode *level, struct fence_result *result)
{
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

void
levels_add(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result)
{
    add_level(core, find_level(request), result);
}

void
levels_remove(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result)
{
    remove_level(core, find_level(request), result);
}

/* --- the configuration --- */

/* All levels of the configuration in place of all that there are (spec 60 §10.2): of two for the same, the later counts. */
static void
read_all(struct fenced_core *core, const xmlNode *section)
{
    g_hash_table_remove_all(core->topologies);
    if (section == NULL) {
        return;
    }
    xml_for_each(level, section, FENCE_TAG_LEVEL)
    {
        struct fence_result ignored = { 0 }, result = { 0 };

        remove_level(core, level, &ignored);
        add_level(core, level, &result);
        if (!fence_result_is_success(&result)) {
            log_err("Ignoring fencing level '%s' of the configuration: %s", xml_id(level) ? xml_id(level) : "",
                    result.reason ? result.reason : exec_status_text(result.status));
        }
        fence_result_clear(&ignored);
        fence_result_clear(&result);
    }
}

void
levels_from_configuration(struct fenced_core *core, const xmlNode *configuration, bool anyway)
{
    const xmlNode *section = xml_first(configuration, "fencing-topology");
    const xmlNode *nodes = xml_first(configuration, "nodes");
    g_autofree char *text = (section != NULL) ? xml_to_text(section, 0) : NULL;

    xml_free(core->nodes);
    core->nodes = (nodes != NULL) ? xml_copy(NULL, nodes) : NULL;
    if (!anyway && core->has_levels && text_equal(text, core->levels_text)) {
        return; /* what clients added stays until somebody changes the section */
    }
    g_free(core->levels_text);
    core->levels_text = g_steal_pointer(&text);
    core->has_levels = true;
    read_all(core, section);
}

/* --- whose levels? --- */

/* A permanent attribute of a node, as the configuration has it. */
static bool
node_has_attribute(const struct fenced_core *core, const char *node, const char *name, const char *value)
{
    if (core->nodes == NULL) {
        return false;
    }
    xml_for_each(element, core->nodes, "node")
    {
        if (!text_equal_nocase(xml_get(element, "uname"), node)) {
            continue;
        }
        xml_for_each(set, element, "instance_attributes")
        {
            xml_for_each(pair, set, "nvpair")
            {
                if (text_equal(xml_get(pair, "name"), name) && text_equal(xml_get(pair, "value"), value)) {
                    return true;
                }
            }
        }
    }
    return false;
}

static bool
matches_pattern(const char *pattern, const char *node)
{
    regex_t regex;
    bool found;

    if (pattern_compile(&regex, pattern, REG_NOSUB) != 0) {
        log_err("Fencing levels for the nodes '%s': that is no regular expression", pattern);
        return false;
    }
    found = (regexec(&regex, node, 0, NULL, 0) == 0);
    regfree(&regex);
    return found;
}

static bool
is_for(const struct fenced_core *core, const struct topology *t, const char *node)
{
    switch (t->kind) {
    case TARGET_NAME:
        return text_equal_nocase(t->key, node);
    case TARGET_PATTERN:
        return matches_pattern(t->key, node);
    case TARGET_ATTRIBUTE:
        return node_has_attribute(core, node, t->attribute, t->value);
    }
    return false;
}

static bool
has_devices(const struct topology *t)
{
    for (unsigned i = 1; i <= FENCE_LEVEL_MAX; i++) {
        if (t->levels[i] != NULL && t->levels[i]->len > 0) {
            return true;
        }
    }
    return false;
}

/*
 * The levels of a node (spec 60 §10.3): those for its very name; else the first entry, by kind and key, that is for it.
 * Never several together.  An entry whose levels are all empty is none, and hides none.
 */
const struct topology *
topology_find(const struct fenced_core *core, const char *node)
{
    const struct topology *found = NULL;
    GHashTableIter iter;
    gpointer value;

    if (node == NULL || core->standalone) {
        return NULL;
    }
    g_hash_table_iter_init(&iter, core->topologies);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct topology *t = value;

        if (!has_devices(t) || !is_for(core, t, node)) {
            continue;
        }
        if (t->kind == TARGET_NAME && text_equal(t->key, node)) {
            return t;
        }
        if (found == NULL || t->kind < found->kind || (t->kind == found->kind && strcmp(t->key, found->key) < 0)) {
            found = t;
        }
    }
    return found;
}
