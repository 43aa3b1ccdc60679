/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Alerts as configured, and what their agents are told.  Used by the controller (nodes, fencing, resources) and the attribute manager
 * (attributes).  Pure: the caller has the executor run the agent.  (spec 30 §19, spec 50 §11)
 */
#ifndef EXEC_ALERTS_H
#define EXEC_ALERTS_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

enum alert_flags { ALERT_NODES = 1, ALERT_FENCING = 2, ALERT_RESOURCES = 4, ALERT_ATTRIBUTES = 8 };

/* A recipient of an alert, or an alert without any. */
struct alert_entry {
    char *id, *path, *recipient, *format;
    long long timeout_ms;
    unsigned flags;
    GPtrArray *env;        /* name, value, name, value... */
    GPtrArray *attributes; /* names that are wanted; NULL: all */
};

/* An empty list of struct alert_entry (g_ptr_array_unref). */
GPtrArray *alerts_new(void);
/* Read the `alerts` section (NULL: there is none) into the list; what was there is gone.  `epoch`: for rules. */
void alerts_read(GPtrArray *entries, const xmlNode *alerts, int64_t epoch);
bool alert_wants_attribute(const struct alert_entry *a, const char *name);

/* Variables CRM_alert_NAME and CRM_notify_NAME; NULL is the empty text. */
GHashTable *alert_facts_new(void);
void alert_add(GHashTable *env, const char *name, const char *value);
void alert_add_int(GHashTable *env, const char *name, long long value);
/* The whole environment of one agent's run (g_hash_table_unref): what all kinds have, the facts, what is configured. */
GHashTable *alert_environment(const struct alert_entry *a, const char *kind, GHashTable *facts, int64_t epoch_us);
/* The time by a strftime() format that also knows %N and %0nN, fractions of a second (g_free). */
char *alert_timestamp(const char *format, int64_t epoch_us);

#endif
