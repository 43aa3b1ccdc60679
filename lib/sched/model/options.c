/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cluster options of the scheduler: the table of what is known, validation, and the options' effects on each other.
 * Called once per run by model.c; the table also feeds the daemon's metadata.  (spec 40 §1, §2.6, §2.7)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

static bool
valid_boolean(const char *value)
{
    return text_boolean(value) >= 0;
}

static bool
valid_integer(const char *value)
{
    long long n;

    return text_is_one_of(value, "INFINITY", "+INFINITY", "-INFINITY", NULL) || text_parse_int(value, &n);
}

static bool
valid_time(const char *value)
{
    return text_interval_ms(value) >= 0;
}

static bool
valid_quorum_policy(const char *value)
{
    static const char *const words[] = { "stop", "freeze", "ignore", "demote", "suicide" };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (text_equal_nocase(value, words[i])) {
            return true;
        }
    }
    return false;
}

static bool
valid_stonith_action(const char *value)
{
    return text_is_one_of(value, "reboot", "off", "poweroff", NULL);
}

static bool
valid_health(const char *value)
{
    static const char *const words[] = { "none", "migrate-on-red", "only-green", "progressive", "custom" };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (text_equal_nocase(value, words[i])) {
            return true;
        }
    }
    return false;
}

static bool
valid_placement(const char *value)
{
    static const char *const words[] = { "default", "utilization", "minimal", "balanced" };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (text_equal_nocase(value, words[i])) {
            return true;
        }
    }
    return false;
}

/* clang-format off */
const struct sched_option_def sched_option_defs[] = {
    { "no-quorum-policy", "select", "stop, freeze, ignore, demote, suicide", "stop",
      "Reaction to loss of quorum",
      "What a partition without quorum does with its resources", valid_quorum_policy },
    { "symmetric-cluster", "boolean", NULL, "true",
      "Whether resources may run on any node unless told otherwise",
      "If false, a resource runs only on nodes that a constraint names", valid_boolean },
    { "maintenance-mode", "boolean", NULL, "false",
      "Whether the cluster leaves all resources alone",
      "If true, nothing is started, stopped or monitored", valid_boolean },
    { "start-failure-is-fatal", "boolean", NULL, "true",
      "Whether a failed start bans a resource from the node",
      "If false, the fail count is compared with migration-threshold after a failed start", valid_boolean },
    { "enable-startup-probes", "boolean", NULL, "true",
      "Whether unknown resource states are checked at startup",
      "If false, resources are taken to be stopped until the history says otherwise", valid_boolean },
    { "shutdown-lock", "boolean", NULL, "false",
      "Whether resources wait for a node that was shut down cleanly",
      "If true, resources active on a node that shuts down cleanly stay stopped until it is back", valid_boolean },
    { "shutdown-lock-limit", "time", NULL, "0",
      "How long shutdown-lock holds",
      "After this time resources may start elsewhere; 0 means without limit", valid_time },
    { "stonith-enabled", "boolean", NULL, "true",
      "*** Advanced Use Only *** Whether nodes may be fenced",
      "If false, nodes whose state is unknown cannot be made safe, and shared data is at risk", valid_boolean },
    { "stonith-action", "select", "reboot, off, poweroff", "reboot",
      "What fencing does to a node",
      "Action sent to fence devices when a node must be fenced; poweroff is an old word for off", valid_stonith_action },
    { "stonith-timeout", "time", NULL, "60s",
      "*** Advanced Use Only *** How long fencing may take",
      "Time to wait for a fencing action to complete", valid_time },
    { "have-watchdog", "boolean", NULL, "false",
      "Whether watchdog integration is in use",
      "Set automatically by the cluster when a watchdog daemon runs; not meant to be edited", valid_boolean },
    { "concurrent-fencing", "boolean", NULL, "false",
      "Whether several nodes may be fenced at once",
      "If false, fencing actions are carried out one after the other", valid_boolean },
    { "startup-fencing", "boolean", NULL, "true",
      "*** Advanced Use Only *** Whether nodes never seen are fenced at startup",
      "If false, nodes without a known state are taken to be down, which is unsafe", valid_boolean },
    { "priority-fencing-delay", "time", NULL, "0",
      "Delay of fencing the more important side of a split",
      "Fencing of the lost node with the highest resource priority waits this long, so that its side survives",
      valid_time },
    { "cluster-delay", "time", NULL, "60s",
      "Allowance for the round trip over the network",
      "Added to timeouts of actions that another node carries out", valid_time },
    { "batch-limit", "integer", NULL, "0",
      "How many actions may run at once in the cluster",
      "0 lets the cluster decide by the load of its nodes", valid_integer },
    { "migration-limit", "integer", NULL, "-1",
      "How many live migrations may run at once on a node",
      "-1 means without limit", valid_integer },
    { "stop-all-resources", "boolean", NULL, "false",
      "Whether everything is to be stopped",
      "If true, all managed resources are stopped", valid_boolean },
    { "stop-orphan-resources", "boolean", NULL, "true",
      "Whether resources removed from the configuration are stopped",
      "If false, they keep running unmanaged", valid_boolean },
    { "stop-orphan-actions", "boolean", NULL, "true",
      "Whether recurring operations removed from the configuration are cancelled",
      "If false, they keep running", valid_boolean },
    { "remove-after-stop", "boolean", NULL, "false",
      "Whether the history of a resource is deleted after it stopped",
      "Deprecated: poorly tested and of no known use", valid_boolean },
    { "pe-error-series-max", "integer", NULL, "-1",
      "How many scheduler inputs with errors are kept",
      "0 none, -1 all", valid_integer },
    { "pe-warn-series-max", "integer", NULL, "5000",
      "How many scheduler inputs with warnings are kept",
      "0 none, -1 all", valid_integer },
    { "pe-input-series-max", "integer", NULL, "4000",
      "How many scheduler inputs without problems are kept",
      "0 none, -1 all", valid_integer },
    { "node-health-strategy", "select", "none, migrate-on-red, only-green, progressive, custom", "none",
      "How health attributes of nodes count",
      "Which scores the words red, yellow and green of #health attributes mean", valid_health },
    { "node-health-base", "integer", NULL, "0",
      "Score of a node before its health attributes count",
      "Used by strategy progressive only", valid_integer },
    { "node-health-green", "integer", NULL, "0",
      "Score of a green health attribute",
      "Used by strategies progressive and custom", valid_integer },
    { "node-health-yellow", "integer", NULL, "0",
      "Score of a yellow health attribute",
      "Used by strategies progressive and custom", valid_integer },
    { "node-health-red", "integer", NULL, "-INFINITY",
      "Score of a red health attribute",
      "Used by strategies progressive and custom", valid_integer },
    { "placement-strategy", "select", "default, utilization, minimal, balanced", "default",
      "How utilization takes part in placement",
      "Whether capacities of nodes limit placement, and how load is spread", valid_placement },
    { NULL },
};
/* clang-format on */

const char *
sched_option(const struct sched *s, const char *name)
{
    const char *value = nvtable_get(&s->opt.raw, name);

    if (value == NULL) {
        for (const struct sched_option_def *def = sched_option_defs; def->name != NULL; def++) {
            if (strcmp(def->name, name) == 0) {
                return def->def;
            }
        }
    }
    return value;
}

static void
read_and_validate(struct sched *s)
{
    struct rule_context ctx = plain_rule_context(s);
    const xmlNode *config = NULL;

    xml_for_each (child, s->cib, "configuration") {
        config = xml_first(child, "crm_config");
    }
    nvtable_init(&s->opt.raw, s->arena);
    nvsets_read(config, "cluster_property_set", &ctx, "cib-bootstrap-options", NVSET_NORMAL, &s->opt.raw);
    for (const struct sched_option_def *def = sched_option_defs; def->name != NULL; def++) {
        const char *value = nvtable_get(&s->opt.raw, def->name);

        if (value != NULL && !def->valid(value)) {
            CONFIG_ERROR(s, "Using default value for cluster option '%s' because '%s' is invalid", def->name, value);
            nvtable_set(&s->opt.raw, def->name, def->def);
        }
    }
}

static bool
flag_of(const struct sched *s, const char *name)
{
    return text_is_true(sched_option(s, name));
}

static int
score_of(const struct sched *s, const char *name)
{
    return score_parse(sched_option(s, name));
}

/* (spec 40 §2.7) */
static void
resolve_quorum_policy(struct sched *s)
{
    const char *value = sched_option(s, "no-quorum-policy");
    struct sched_options *o = &s->opt;

    o->no_quorum_policy = QUORUM_STOP;
    if (text_equal_nocase(value, "ignore")) {
        o->no_quorum_policy = QUORUM_IGNORE;
    } else if (text_equal_nocase(value, "freeze")) {
        o->no_quorum_policy = QUORUM_FREEZE;
    } else if (text_equal_nocase(value, "demote")) {
        o->no_quorum_policy = QUORUM_DEMOTE;
    } else if (text_equal_nocase(value, "suicide")) {
        if (!o->stonith_enabled) {
            CONFIG_ERROR(s, "Resetting no-quorum-policy to 'stop' because fencing is disabled");
        } else if (s->have_quorum || s->no_quorum_panic) {
            o->no_quorum_policy = QUORUM_SUICIDE;
        } else {
            sched_message(s, MSG_NOTICE, 0, __func__,
                          "Resetting no-quorum-policy to 'stop' because cluster has never had quorum");
        }
    }
}

/* (spec 40 §2.6) */
static void
resolve_health(struct sched *s)
{
    const char *value = sched_option(s, "node-health-strategy");
    struct sched_options *o = &s->opt;

    o->health_strategy = HEALTH_NONE;
    if (text_equal_nocase(value, "migrate-on-red")) {
        o->health_strategy = HEALTH_MIGRATE_ON_RED;
        o->health_red = -SCORE_INFINITY;
    } else if (text_equal_nocase(value, "only-green")) {
        o->health_strategy = HEALTH_ONLY_GREEN;
        o->health_red = o->health_yellow = -SCORE_INFINITY;
    } else if (text_equal_nocase(value, "progressive") || text_equal_nocase(value, "custom")) {
        bool progressive = text_equal_nocase(value, "progressive");

        o->health_strategy = progressive ? HEALTH_PROGRESSIVE : HEALTH_CUSTOM;
        o->health_base = progressive ? score_of(s, "node-health-base") : 0;
        o->health_red = score_of(s, "node-health-red");
        o->health_yellow = score_of(s, "node-health-yellow");
        o->health_green = score_of(s, "node-health-green");
    }
}

/* Does a literal nvpair ask for unfencing anywhere in the resources?  (spec 40 §10) */
static bool
asks_for_unfencing(const xmlNode *set)
{
    xml_for_each (pair, set, "nvpair") {
        if (text_is_one_of(xml_get(pair, "name"), "provides", "requires", NULL)
            && text_equal(xml_get(pair, "value"), "unfencing")) {
            return true;
        }
    }
    return false;
}

static bool
uses_unfencing(const xmlNode *from)
{
    if (from == NULL) {
        return false;
    }
    xml_for_each (child, from, NULL) {
        if (xml_is(child, "meta_attributes") ? asks_for_unfencing(child)
                                             : !xml_is(child, "operations") && uses_unfencing(child)) {
            return true;
        }
    }
    return false;
}

void
options_unpack(struct sched *s)
{
    struct sched_options *o = &s->opt;
    const char *value;

    read_and_validate(s);
    o->stonith_enabled = flag_of(s, "stonith-enabled");
    o->symmetric_cluster = flag_of(s, "symmetric-cluster");
    o->maintenance_mode = flag_of(s, "maintenance-mode");
    o->start_failure_is_fatal = flag_of(s, "start-failure-is-fatal");
    o->startup_probes = flag_of(s, "enable-startup-probes");
    o->shutdown_lock = flag_of(s, "shutdown-lock");
    o->shutdown_lock_limit = text_interval_ms(sched_option(s, "shutdown-lock-limit")) / 1000;
    o->have_watchdog = flag_of(s, "have-watchdog");
    o->concurrent_fencing = flag_of(s, "concurrent-fencing");
    o->stop_all_resources = flag_of(s, "stop-all-resources");
    o->stop_orphan_resources = flag_of(s, "stop-orphan-resources");
    o->stop_orphan_actions = flag_of(s, "stop-orphan-actions");
    o->remove_after_stop = flag_of(s, "remove-after-stop");
    o->stonith_timeout_ms = text_interval_ms(sched_option(s, "stonith-timeout"));
    o->priority_fencing_delay = (int)(text_interval_ms(sched_option(s, "priority-fencing-delay")) / 1000);

    o->startup_fencing = o->stonith_enabled && flag_of(s, "startup-fencing");

    value = sched_option(s, "stonith-action");
    o->stonith_action = value;
    if (text_equal(value, "poweroff")) {
        CONFIG_WARN_P1(s, "Support for stonith-action of 'poweroff' is deprecated and will be removed in a future "
                          "release (use 'off' instead)");
        o->stonith_action = "off";
    }
    resolve_quorum_policy(s);
    if (o->remove_after_stop) {
        CONFIG_WARN_P1(s, "Support for the remove-after-stop cluster property is deprecated and will be removed in a "
                          "future release");
    }
    if (!o->startup_fencing) {
        NOTE_WARN(s, "Blind faith: not fencing unseen nodes");
    }
    if (!s->have_quorum && o->no_quorum_policy != QUORUM_IGNORE) {
        NOTE_WARN(s, "Fencing and resource management disabled due to lack of quorum");
    }
    resolve_health(s);

    value = sched_option(s, "placement-strategy");
    o->placement = text_equal_nocase(value, "utilization") ? PLACEMENT_UTILIZATION
        : text_equal_nocase(value, "minimal")              ? PLACEMENT_MINIMAL
        : text_equal_nocase(value, "balanced")             ? PLACEMENT_BALANCED
                                                           : PLACEMENT_DEFAULT;
    s->have_fence_device = o->have_watchdog || (s->flags & SCHED_CAN_FENCE);
    s->unfencing_in_use = uses_unfencing(s->resources_xml) || uses_unfencing(s->rsc_defaults);
}
