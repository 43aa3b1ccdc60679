/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cluster options: reading crm_config and alerts, defaults, what follows from new values.  Called at start, on
 * taking over as DC, and when the configuration changed.
 * Never writes the configuration.  (spec 30 §20)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/iso8601.h"
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
option(const struct nvtable *t, const char *name, const char *legacy)
{
    const char *value = nvtable_get(t, name);

    if (value == NULL && legacy != NULL && (value = nvtable_get(t, legacy)) != NULL) {
        log_warn("Support for the option name '%s' is deprecated: use '%s'", legacy, name);
    }
    return value;
}

static long long
interval_option(const struct nvtable *t, const char *name, const char *legacy, long long def)
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
take_options(struct controld *c, const struct nvtable *t)
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

    v = nvtable_get(t, "load-threshold");
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
    v = nvtable_get(t, "node-action-limit");
    c->opt.action_limit = v != NULL && text_parse_int(v, &n) ? (int)CLAMP(n, 0, G_MAXINT) : 0;
    v = nvtable_get(t, "stonith-max-attempts");
    c->opt.max_attempts = 10;
    if (v != NULL) {
        int attempts = score_parse(v);

        if (attempts > 0) {
            c->opt.max_attempts = (unsigned)attempts;
        } else {
            log_err("Value '%s' of cluster option 'stonith-max-attempts' is not positive: using 10", v);
        }
    }
    v = nvtable_get(t, "fence-reaction");
    c->opt.fence_panics = text_equal(v, "panic");
    if (v != NULL && !text_is_one_of(v, "stop", "panic", NULL)) {
        log_warn("Invalid value '%s' of cluster option 'fence-reaction': using 'stop'", v);
    }
    c->opt.suicide = text_equal(nvtable_get(t, "no-quorum-policy"), "suicide");
    c->opt.shutdown_lock = text_is_true(nvtable_get(t, "shutdown-lock"));
    g_free(c->opt.cluster_name);
    c->opt.cluster_name = g_strdup(nvtable_get(t, "cluster-name"));

    v = nvtable_get(t, "stonith-watchdog-timeout");
    watchdog = 0;
    if (v != NULL) {
        watchdog = *v == '-' ? -1 : MAX(text_interval_ms(v), 0);
    }
    c->opt.watchdog_timeout = watchdog;
    election_set_timeout(c->election, (uint32_t)MIN(c->opt.election_timeout, G_MAXUINT32));
}

static void
config_arrived(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct arena *arena;
    struct iso_time now;
    struct nvtable *table;
    struct rule_context ctx = { 0 };

    if (rc != RC_OK && rc != ENXIO) {
        log_err("Could not read the cluster options: %s", result_text(rc));
        if (rc == EACCES || rc == RC_SCHEMA_VALIDATION) {
            c->stay_down = true;
        }
        fsa_raise(c, I_ERROR, NULL, "configuration not readable");
        return;
    }
    arena = arena_new();
    table = nvtable_new(arena);
    now = iso_from_epoch(now_epoch(c));
    now = iso_to_local(&now);
    ctx.now = &now;
    if (data != NULL) {
        nvsets_read(data, "cluster_property_set", &ctx, "cib-bootstrap-options", NVSET_NORMAL, table);
    }
    take_options(c, table);
    arena_free(arena);
    c->config_read = true;
    fence_check_watchdog(c);
    throttle_announce(c, false);
}

static void
alerts_arrived(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    alerts_read(c, rc == RC_OK ? data : NULL);
}

void
options_read(struct controld *c)
{
    cib_request(c, CIB_OP_QUERY, "crm_config", NULL, CIB_OPT_LOCAL, config_arrived, NULL, NULL);
    cib_request(c, CIB_OP_QUERY, "alerts", NULL, CIB_OPT_LOCAL, alerts_arrived, NULL, NULL);
}
