/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cluster options: reading crm_config and alerts, defaults, what follows from new values.  Called at start, on
 * taking over as DC, and when the configuration changed.
 * Never writes the configuration.  (spec 30 §20)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"
#include "lib/rules/rules.h"

#include <stdlib.h>

void
options_set_defaults(struct controld *c)
{
    c->opt.dc_deadtime = 20000;
    c->opt.recheck_interval = 15 * 60 * 1000;
    c->opt.election_timeout = 120000;
    c->opt.shutdown_escalation = 20 * 60 * 1000;
    c->opt.integration = 3 * 60 * 1000;
    c->opt.finalization = 30 * 60 * 1000;
    c->opt.load_threshold = 80;
    c->opt.max_attempts = 10;
}

void
options_free(struct controld *c)
{
    g_free(c->opt.cluster_name);
}

/* Value of an option under its name or, with a warning, its legacy name. */
static const char *
option(GHashTable *t, const char *name, const char *legacy)
{
    const char *value = g_hash_table_lookup(t, name);

    if (value == NULL && legacy != NULL && (value = g_hash_table_lookup(t, legacy)) != NULL) {
        log_warn("Support for the option name '%s' is deprecated: use '%s'", legacy, name);
    }
    return value;
}

static long long
interval_option(GHashTable *t, const char *name, const char *legacy, long long def)
{
    const char *value = option(t, name, legacy);
    long long ms;

    if (value == NULL) {
        return def;
    }
    ms = text_interval_ms(value);
    if (ms < 0) {
        log_err("Value '%s' of cluster option '%s' is no interval: using %lldms", value, name, def);
        return def;
    }
    return ms;
}

static void
take_options(struct controld *c, GHashTable *t)
{
    const char *v;
    long long n, watchdog;

    c->opt.dc_deadtime = interval_option(t, "dc-deadtime", NULL, 20000);
    c->opt.recheck_interval = interval_option(t, "cluster-recheck-interval", NULL, 15 * 60 * 1000);
    c->opt.election_timeout = interval_option(t, "election-timeout", NULL, 120000);
    c->opt.shutdown_escalation = interval_option(t, "shutdown-escalation", NULL, 20 * 60 * 1000);
    c->opt.integration = interval_option(t, "join-integration-timeout", "crmd-integration-timeout", 3 * 60 * 1000);
    c->opt.finalization = interval_option(t, "join-finalization-timeout", "crmd-finalization-timeout", 30 * 60 * 1000);
    c->opt.transition_delay = interval_option(t, "transition-delay", "crmd-transition-delay", 0);

    v = g_hash_table_lookup(t, "load-threshold");
    c->opt.load_threshold = 80;
    if (v != NULL) {
        char *end;
        long percent = strtol(v, &end, 10);

        if (end != v && percent >= 0 && text_equal(end, "%")) {
            c->opt.load_threshold = (int)percent;
        } else {
            log_err("Value '%s' of cluster option 'load-threshold' is no percentage: using 80%%", v);
        }
    }
    v = g_hash_table_lookup(t, "node-action-limit");
    c->opt.action_limit = v != NULL && text_parse_int(v, &n) ? (int)CLAMP(n, 0, G_MAXINT) : 0;
    v = g_hash_table_lookup(t, "stonith-max-attempts");
    c->opt.max_attempts = 10;
    if (v != NULL) {
        int attempts = score_parse(v);

        if (attempts > 0) {
            c->opt.max_attempts = (unsigned)attempts;
        } else {
            log_err("Value '%s' of cluster option 'stonith-max-attempts' is not positive: using 10", v);
        }
    }
    v = g_hash_table_lookup(t, "fence-reaction");
    c->opt.fence_panics = text_equal(v, "panic");
    if (v != NULL && !text_is_one_of(v, "stop", "panic", NULL)) {
        log_warn("Invalid value '%s' of cluster option 'fence-reaction': using 'stop'", v);
    }
    c->opt.suicide = text_equal(g_hash_table_lookup(t, "no-quorum-policy"), "suicide");
    c->opt.shutdown_lock = text_is_true(g_hash_table_lookup(t, "shutdown-lock"));
    g_free(c->opt.cluster_name);
    c->opt.cluster_name = g_strdup(g_hash_table_lookup(t, "cluster-name"));

    v = g_hash_table_lookup(t, "stonith-watchdog-timeout");
    watchdog = 0;
    if (v != NULL) {
        watchdog = *v == '-' ? -1 : MAX(text_interval_ms(v), 0);
    }
    c->opt.watchdog_timeout = watchdog;
    election_set_timeout(c->election, (uint32_t)MIN(c->opt.election_timeout, G_MAXUINT32));
}

/*
 * Names and values of all sets of that kind below `parent`, by their scores and rules at this moment; the set
 * `first_id` (may be NULL) goes before all others.
 */
GHashTable *
options_read_sets(const struct controld *c, const xmlNode *parent, const char *kind, const char *first_id)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    struct arena *arena;
    struct nvtable *pairs;
    struct iso_time now = iso_from_epoch(now_epoch(c));
    struct rule_context ctx = { .now = &now };

    if (parent == NULL) {
        return table;
    }
    arena = arena_new();
    pairs = nvtable_new(arena);
    now = iso_to_local(&now);
    nvsets_read(parent, kind, &ctx, first_id, NVSET_NORMAL, pairs);
    nvtable_for_each (pair, pairs) {
        g_hash_table_insert(table, g_strdup(pair->name), g_strdup(pair->value));
    }
    arena_free(arena);
    return table;
}

static void
config_arrived(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    g_autoptr(GHashTable) table = NULL;

    if (rc != RC_OK && rc != ENXIO) {
        log_err("Could not read the cluster options: %s", result_text(rc));
        if (rc == EACCES || rc == RC_SCHEMA_VALIDATION) {
            c->stay_down = true;
        }
        fsa_raise(c, I_ERROR, NULL, "configuration not readable");
        return;
    }
    table = options_read_sets(c, data, "cluster_property_set", "cib-bootstrap-options");
    take_options(c, table);
    c->config_read = true;
    fence_check_watchdog(c);
    throttle_classify(c);
}

static void
alerts_arrived(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    alerts_read(c->alerts, rc == RC_OK ? data : NULL, now_epoch(c));
}

void
options_read(struct controld *c)
{
    cib_request(c, CIB_OP_QUERY, "crm_config", NULL, CIB_OPT_LOCAL, config_arrived, NULL, NULL);
    cib_request(c, CIB_OP_QUERY, "alerts", NULL, CIB_OPT_LOCAL, alerts_arrived, NULL, NULL);
}
