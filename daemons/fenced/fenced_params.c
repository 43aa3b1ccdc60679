/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that the fencer itself reads of a device, and what is left for its agent.
 * Called by the other parts of the core.  Pure.  (spec 60 §7, §8.2, §9.2)
 */
#include "lib/base/text.h"

#include "daemons/fenced/fenced_internal.h"

#include <stdlib.h>
#include <string.h>

#define SEPARATORS "; \t\n"

/* --- maps and lists --- */

/* One "name:port" of a map, from `*p` on; a backslash protects the next character.  NULL name: no assignment. */
static void
read_map_entry(const char **p, GString *name, GString *value)
{
    GString *current = name;

    g_string_truncate(name, 0);
    g_string_truncate(value, 0);
    for (; **p != '\0' && strchr(SEPARATORS, **p) == NULL; (*p)++) {
        if (**p == '\\' && (*p)[1] != '\0') {
            (*p)++;
            g_string_append_c(current, **p);
        } else if (**p == ':' || **p == '=') {
            if (current == value) { /* a second one begins the name anew */
                g_string_assign(name, value->str);
                g_string_truncate(value, 0);
            }
            current = value;
        } else {
            g_string_append_c(current, **p);
        }
    }
}

GHashTable *
params_parse_map(const char *text)
{
    GHashTable *map = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GString *name = g_string_new(NULL), *value = g_string_new(NULL);

    for (const char *p = text ? text : ""; *p != '\0';) {
        p += strspn(p, SEPARATORS);
        read_map_entry(&p, name, value);
        if (name->len > 0 && value->len > 0) {
            g_hash_table_insert(map, g_ascii_strdown(name->str, -1), g_strdup(value->str));
        }
    }
    g_string_free(name, TRUE);
    g_string_free(value, TRUE);
    return map;
}

bool
params_has_target(const GPtrArray *targets, const char *name)
{
    for (unsigned i = 0; targets != NULL && i < targets->len; i++) {
        if (text_equal_nocase(targets->pdata[i], name)) {
            return true;
        }
    }
    return false;
}

/* --- times --- */

unsigned
params_seconds(const char *text)
{
    long long ms = text_timeout_ms(text);

    return (ms > 0) ? (unsigned) MIN((ms + 999) / 1000, G_MAXINT / 4) : 0;
}

/* An interval, or a map of them: the entry of the target, else the first word if it is no entry. */
unsigned
params_delay_base(const char *text, const char *target)
{
    g_auto(GStrv) words = NULL;
    const char *fallback = NULL;

    if (text == NULL) {
        return 0;
    }
    if (target == NULL || strpbrk(text, ":=") == NULL) {
        return params_seconds(text);
    }
    words = g_strsplit_set(text, SEPARATORS, -1);
    for (char **word = words; *word != NULL; word++) {
        char *colon = strpbrk(*word, ":=");

        if (colon != NULL) {
            *colon = '\0';
            if (text_equal_nocase(*word, target)) {
                return params_seconds(colon + 1);
            }
        } else if (fallback == NULL && **word != '\0' && word == words) {
            fallback = *word;
        }
    }
    return params_seconds(fallback);
}

/* --- a device's options --- */

unsigned
device_flags(const struct device *device)
{
    return device->info->flags;
}

bool
device_unfences(const struct device *device)
{
    return device->provides_unfencing || device->info->unfences;
}

const char *
params_effective_action(const struct device *device, const char *action)
{
    return (text_equal(action, "reboot") && !(device_flags(device) & FENCE_SUPPORTS_REBOOT)) ? "off" : action;
}

const char *
params_action_option(const struct device *device, const char *action, const char *what)
{
    g_autofree char *name = g_strdup_printf("pcmk_%s_%s", action, what);

    return g_hash_table_lookup(device->params, name);
}

enum host_check
params_host_check(const struct device *device)
{
    static const struct {
        const char *text;
        enum host_check check;
    } table[] = {
        { "dynamic-list", CHECK_DYNAMIC }, { "static-list", CHECK_STATIC }, { "status", CHECK_STATUS }, { "none", CHECK_NONE },
    };
    const char *text = g_hash_table_lookup(device->params, "pcmk_host_check");

    for (size_t i = 0; text != NULL && i < G_N_ELEMENTS(table); i++) {
        if (text_equal_nocase(text, table[i].text)) {
            return table[i].check;
        }
    }
    if (text != NULL) {
        return CHECK_INVALID;
    }
    if (g_hash_table_lookup(device->params, "pcmk_host_list") != NULL
        || g_hash_table_lookup(device->params, "pcmk_host_map") != NULL) {
        return CHECK_STATIC;
    }
    if ((device_flags(device) & FENCE_SUPPORTS_LIST) && !device->list_failed) {
        return CHECK_DYNAMIC;
    }
    return (device_flags(device) & (FENCE_SUPPORTS_STATUS)) ? CHECK_STATUS : CHECK_NONE;
}

/* --- what the agent is told --- */

/* pcmk_X_action, pcmk_X_timeout, pcmk_X_retries, with X of one word. */
static bool
is_action_option(const char *name)
{
    const char *rest = name + strlen("pcmk_");
    const char *underscore = strchr(rest, '_');

    return underscore != NULL && underscore != rest
           && text_is_one_of(underscore + 1, "action", "timeout", "retries", NULL);
}

static bool
is_withheld(const char *name)
{
    if (text_is_one_of(name, "action", "provides", "stonith-timeout", "crm_feature_set", NULL)
        || strstr(name, "CRM_meta") != NULL) {
        return true;
    }
    return g_str_has_prefix(name, "pcmk_")
           && (text_is_one_of(name, "pcmk_host_argument", "pcmk_host_map", "pcmk_host_list", "pcmk_host_check",
                              "pcmk_delay_max", "pcmk_delay_base", "pcmk_action_limit", NULL)
               || is_action_option(name));
}

/* The parameter that receives the target; NULL: none. */
static const char *
host_argument(const struct device *device)
{
    const char *name = g_hash_table_lookup(device->params, "pcmk_host_argument");

    if (name != NULL) {
        return text_equal_nocase(name, "none") ? NULL : name;
    }
    if (text_equal(device->agent, "fence_legacy")) {
        return NULL;
    }
    return (!(device_flags(device) & FENCE_HAS_PORT) && (device_flags(device) & FENCE_HAS_PLUG)) ? "plug" : "port";
}

static void
add(GHashTable *args, const char *name, const char *value)
{
    g_hash_table_replace(args, g_strdup(name), g_strdup(value));
}

GHashTable *
params_arguments(const struct device *device, const char *action, const char *target, uint32_t node_id)
{
    GHashTable *args = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *argument = host_argument(device);
    const char *effective = params_effective_action(device, action);
    const char *replacement = params_action_option(device, effective, "action");
    GHashTableIter iter;
    gpointer name, value;

    add(args, "action", replacement ? replacement : effective);
    if (target != NULL) {
        g_autofree char *key = g_ascii_strdown(target, -1);
        const char *alias = g_hash_table_lookup(device->aliases, key);

        add(args, "nodename", target);
        if (device->info->wants_node_id && node_id != 0) {
            g_autofree char *id = g_strdup_printf("%u", node_id);

            add(args, "nodeid", id);
        }
        if (argument != NULL) {
            add(args, argument, alias ? alias : target);
        }
    }
    g_hash_table_iter_init(&iter, device->params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!is_withheld(name)) {
            add(args, name, value); /* the administrator's word wins */
        }
    }
    return args;
}
