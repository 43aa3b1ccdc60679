/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Alerts: who wants to know of what, and the environment an alert agent gets.  Called by the controller and the attribute manager.
 * Never runs an agent: the executor does.  (spec 30 §19, spec 50 §11)
 */
#include "lib/exec/alerts.h"

#include "lib/base/arena.h"
#include "lib/base/iso8601.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/rules/nvtable.h"
#include "lib/rules/rules.h"

#include <string.h>
#include <time.h>

#define DEFAULT_FORMAT  "%H:%M:%S.%06N"
#define DEFAULT_TIMEOUT 30000

static void
entry_free(gpointer data)
{
    struct alert_entry *e = data;

    g_free(e->id);
    g_free(e->path);
    g_free(e->recipient);
    g_free(e->format);
    g_ptr_array_unref(e->env);
    if (e->attributes != NULL) {
        g_ptr_array_unref(e->attributes);
    }
    g_free(e);
}

/* --- configuration --- */

GPtrArray *
alerts_new(void)
{
    return g_ptr_array_new_with_free_func(entry_free);
}

static unsigned
selected(const xmlNode *select)
{
    unsigned flags = 0;

    if (xml_first(select, "select_nodes") != NULL) {
        flags |= ALERT_NODES;
    }
    if (xml_first(select, "select_fencing") != NULL) {
        flags |= ALERT_FENCING;
    }
    if (xml_first(select, "select_resources") != NULL) {
        flags |= ALERT_RESOURCES;
    }
    if (xml_first(select, "select_attributes") != NULL) {
        flags |= ALERT_ATTRIBUTES;
    }
    return flags;
}

/* Names of the attributes that are wanted; NULL: all. */
static GPtrArray *
wanted_attributes(const xmlNode *select)
{
    const xmlNode *list = xml_first(select, "select_attributes");
    GPtrArray *names = NULL;

    if (list == NULL) {
        return NULL;
    }
    xml_for_each (attribute, list, "attribute") {
        if (xml_get(attribute, "name") != NULL) {
            names = names != NULL ? names : g_ptr_array_new_with_free_func(g_free);
            g_ptr_array_add(names, g_strdup(xml_get(attribute, "name")));
        }
    }
    return names;
}

/* Meta attributes of an alert or a recipient, over what is there. */
static void
read_meta(struct alert_entry *e, const xmlNode *xml, int64_t epoch)
{
    struct arena *arena = arena_new();
    struct nvtable *pairs = nvtable_new(arena);
    struct iso_time utc = iso_from_epoch(epoch);
    struct iso_time local = iso_to_local(&utc);
    struct rule_context ctx = { .now = &local };
    const char *value;

    nvsets_read(xml, "meta_attributes", &ctx, NULL, NVSET_NORMAL, pairs);
    value = nvtable_get(pairs, "timeout");
    if (value != NULL) {
        e->timeout_ms = text_interval_ms(value);
        if (e->timeout_ms <= 0) {
            log_warn("Invalid timeout '%s' of alert %s: using %ds", value, e->id, DEFAULT_TIMEOUT / 1000);
            e->timeout_ms = DEFAULT_TIMEOUT;
        }
    }
    value = nvtable_get(pairs, "timestamp-format");
    if (value != NULL) {
        g_free(e->format);
        e->format = g_strdup(value);
    }
    arena_free(arena);
}

/* Variables of the first set of instance attributes, taken literally. */
static void
read_env(struct alert_entry *e, const xmlNode *xml)
{
    const xmlNode *set = xml_first(xml, "instance_attributes");

    if (set == NULL) {
        return;
    }
    xml_for_each (pair, set, "nvpair") {
        const char *name = xml_get(pair, "name"), *value = xml_get(pair, "value");

        if (name != NULL) {
            g_ptr_array_add(e->env, g_strdup(name));
            g_ptr_array_add(e->env, g_strdup(value != NULL ? value : ""));
        }
    }
}

static struct alert_entry *
read_alert(const xmlNode *alert, const xmlNode *recipient, int64_t epoch)
{
    struct alert_entry *e = g_new0(struct alert_entry, 1);
    const xmlNode *select = xml_first(alert, "select");

    e->id = g_strdup(recipient != NULL ? xml_id(recipient) : xml_id(alert));
    e->path = g_strdup(xml_get(alert, "path"));
    e->recipient = g_strdup(recipient != NULL ? xml_get(recipient, "value") : NULL);
    e->format = g_strdup(DEFAULT_FORMAT);
    e->timeout_ms = DEFAULT_TIMEOUT;
    e->env = g_ptr_array_new_with_free_func(g_free);
    read_meta(e, alert, epoch);
    read_env(e, alert);
    if (recipient != NULL) {
        read_meta(e, recipient, epoch);
        read_env(e, recipient);
        if (xml_first(recipient, "select") != NULL) {
            select = xml_first(recipient, "select");
        }
    }
    e->flags = select != NULL ? selected(select) : ALERT_NODES | ALERT_FENCING | ALERT_RESOURCES;
    e->attributes = select != NULL ? wanted_attributes(select) : NULL;
    return e;
}

void
alerts_read(GPtrArray *entries, const xmlNode *alerts, int64_t epoch)
{
    g_ptr_array_set_size(entries, 0);
    if (alerts == NULL) {
        return;
    }
    xml_for_each (alert, alerts, "alert") {
        bool any = false;

        if (xml_id(alert) == NULL || xml_get(alert, "path") == NULL) {
            continue;
        }
        xml_for_each (recipient, alert, "recipient") {
            any = true;
            g_ptr_array_add(entries, read_alert(alert, recipient, epoch));
        }
        if (!any) {
            g_ptr_array_add(entries, read_alert(alert, NULL, epoch));
        }
    }
}

/* --- environment --- */

void
alert_add(GHashTable *env, const char *name, const char *value)
{
    g_hash_table_replace(env, g_strdup_printf("CRM_alert_%s", name), g_strdup(value != NULL ? value : ""));
    g_hash_table_replace(env, g_strdup_printf("CRM_notify_%s", name), g_strdup(value != NULL ? value : ""));
}

void
alert_add_int(GHashTable *env, const char *name, long long value)
{
    char text[24];

    g_snprintf(text, sizeof text, "%lld", value);
    alert_add(env, name, text);
}

/* The time by a strftime() format that also knows %N and %0nN, fractions of a second. */
char *
alert_timestamp(const char *format, int64_t epoch_us)
{
    g_autoptr(GString) plain = g_string_new(NULL);
    time_t seconds = (time_t)(epoch_us / G_USEC_PER_SEC);
    struct tm tm;
    char buffer[512];

    for (const char *p = format; *p != '\0'; p++) {
        if (*p == '%' && p[1] == '%') {
            g_string_append(plain, "%%");
            p++;
        } else if (*p == '%') {
            const char *q = p + 1;
            int width = 0;

            for (; g_ascii_isdigit(*q); q++) {
                width = MIN(width * 10 + (*q - '0'), 9);
            }
            if (*q == 'N') {
                char digits[16];

                g_snprintf(digits, sizeof digits, "%06d000", (int)(epoch_us % G_USEC_PER_SEC));
                g_string_append_len(plain, digits, width > 0 ? width : 9);
                p = q;
            } else {
                g_string_append_c(plain, '%');
            }
        } else {
            g_string_append_c(plain, *p);
        }
    }
    localtime_r(&seconds, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (strftime(buffer, sizeof buffer, plain->str, &tm) == 0) {
        buffer[0] = '\0';
    }
#pragma GCC diagnostic pop
    return g_strdup(buffer);
}

GHashTable *
alert_facts_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

GHashTable *
alert_environment(const struct alert_entry *a, const char *kind, GHashTable *facts, int64_t epoch_us)
{
    GHashTable *env = alert_facts_new();
    g_autofree char *stamp = alert_timestamp(a->format, epoch_us);
    GHashTableIter iter;
    gpointer name, value;
    char usec[8];

    alert_add(env, "kind", kind);
    alert_add(env, "version", CRM_VERSION);
    alert_add(env, "recipient", a->recipient);
    alert_add(env, "timestamp", stamp);
    alert_add_int(env, "timestamp_epoch", epoch_us / G_USEC_PER_SEC);
    g_snprintf(usec, sizeof usec, "%06d", (int)(epoch_us % G_USEC_PER_SEC));
    alert_add(env, "timestamp_usec", usec);
    g_hash_table_iter_init(&iter, facts);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_hash_table_replace(env, g_strdup(name), g_strdup(value));
    }
    for (unsigned k = 0; k + 1 < a->env->len; k += 2) {
        g_hash_table_replace(env, g_strdup(a->env->pdata[k]), g_strdup(a->env->pdata[k + 1]));
    }
    return env;
}

bool
alert_wants_attribute(const struct alert_entry *a, const char *name)
{
    if (!(a->flags & ALERT_ATTRIBUTES)) {
        return false;
    }
    for (unsigned i = 0; a->attributes != NULL && i < a->attributes->len; i++) {
        if (text_equal(a->attributes->pdata[i], name)) {
            return true;
        }
    }
    return a->attributes == NULL;
}
