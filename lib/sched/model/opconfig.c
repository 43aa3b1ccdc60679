/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the configuration says about operations: which <op> an action uses, its options, what a failure leads to, and
 * which operations recur.  Used by history, actions and digests.  (spec 40 §6)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

/* --- finding --- */

static guint
op_interval(const xmlNode *op)
{
    const char *text = xml_get(op, "interval");
    long long ms = text == NULL ? 0 : text_interval_ms(text);

    return ms < 0 ? 0 : (guint)MIN(ms, (long long)G_MAXUINT);
}

static bool
op_enabled(const xmlNode *op)
{
    return text_boolean(xml_get(op, "enabled")) != 0;
}

const xmlNode *
op_find(struct sched *s, const struct sched_rsc *r, const char *task, guint interval_ms, bool include_disabled)
{
    if (r->ops_xml == NULL) {
        return NULL;
    }
    xml_for_each (op, r->ops_xml, "op") {
        if (text_equal(xml_get(op, "name"), task) && op_interval(op) == interval_ms
            && (include_disabled || op_enabled(op))) {
            return op;
        }
    }
    return NULL;
}

const xmlNode *
op_find_for_key(struct sched *s, const struct sched_rsc *r, const char *key)
{
    const char *names[2] = { r->id, r->history_name };
    const xmlNode *found = NULL;

    for (unsigned i = 0; i < 2 && found == NULL; i++) {
        size_t len = names[i] == NULL ? 0 : strlen(names[i]);
        const char *interval;

        if (len == 0 || strncmp(key, names[i], len) != 0 || key[len] != '_'
            || (interval = strrchr(key, '_')) <= key + len) {
            continue;
        }
        char *task = g_strndup(key + len + 1, (gsize)(interval - key) - len - 1);

        found = op_find(s, r, task, (guint)strtoul(interval + 1, NULL, 10), true);
        g_free(task);
    }
    if (found == NULL && (strstr(key, "_migrate_to_") != NULL || strstr(key, "_migrate_from_") != NULL)) {
        found = op_find(s, r, "migrate", 0, true);
    } else if (found == NULL && strstr(key, "_notify_") != NULL) {
        found = op_find(s, r, "notify", 0, true);
    }
    return found;
}

/* The enabled recurring monitor that comes most often: probes take their timeout from it. */
static const xmlNode *
quickest_monitor(const struct sched_rsc *r)
{
    const xmlNode *found = NULL;
    guint best = 0;

    if (r->ops_xml == NULL) {
        return NULL;
    }
    xml_for_each (op, r->ops_xml, "op") {
        guint interval = op_interval(op);

        if (text_equal(xml_get(op, "name"), "monitor") && op_enabled(op) && interval > 0
            && (found == NULL || interval < best)) {
            found = op;
            best = interval;
        }
    }
    return found;
}

/* --- options --- */

/*
 * Delay that makes a recurring operation happen at whole intervals after its origin.  (spec 40 §6.2)
 */
static bool
origin_delay(struct sched *s, const char *op_id, const char *origin, guint interval_ms, long long *delay_ms)
{
    struct iso_time t;
    long long distance, interval = interval_ms / 1000;

    if (!iso_parse(origin, &s->now_local, &t)) {
        CONFIG_ERROR(s, "Ignoring 'interval-origin' for operation '%s' because '%s' is not valid", op_id, origin);
        return false;
    }
    if (interval == 0) {
        return false; /* shorter than the resolution of dates */
    }
    distance = (s->now - iso_to_epoch(&t)) % interval;
    *delay_ms = (distance > 0 ? interval - distance : -distance) * 1000;
    return true;
}

/* The meta table: defaults, probe timeout, the op's sets, the op's own attributes.  (spec 40 §6.2) */
static void
meta_table(struct sched *s, struct sched_rsc *r, const xmlNode *op, const char *task, guint interval_ms,
           struct nvtable *meta)
{
    struct rule_context ctx = rsc_rule_context(s, r);

    ctx.op_name = task;
    ctx.op_interval_ms = interval_ms;
    if (s->op_defaults != NULL) {
        nvsets_read(s->op_defaults, "meta_attributes", &ctx, NULL, NVSET_NORMAL, meta);
    }
    if (interval_ms == 0 && text_equal(task, "monitor")) {
        const xmlNode *monitor = quickest_monitor(r);
        const char *timeout = monitor == NULL ? NULL : xml_get(monitor, "timeout");

        if (timeout != NULL) {
            nvtable_set(meta, "timeout", timeout);
        }
    }
    if (op == NULL) {
        return;
    }
    nvsets_read(op, "meta_attributes", &ctx, NULL, NVSET_OVERWRITE, meta);
    for (const xmlAttr *a = op->properties; a != NULL; a = a->next) {
        nvtable_set(meta, (const char *)a->name, xml_attr_value(a));
    }
    nvtable_remove(meta, "id");
}

/* --- what a failure leads to: spec 40 §6.3 --- */

static bool
is_promoted_monitor(const xmlNode *op)
{
    const char *role = xml_get(op, "role");

    return text_equal(xml_get(op, "name"), "monitor") && op_interval(op) > 0
        && (text_equal_nocase(role, "Promoted") || text_equal_nocase(role, "Master"));
}

/* Demote failures are treated as those of the promoted monitor say, unless told otherwise. */
static const char *
demote_on_fail(struct sched *s, const struct sched_rsc *r)
{
    if (r->ops_xml == NULL) {
        return NULL;
    }
    xml_for_each (op, r->ops_xml, "op") {
        const char *value = xml_get(op, "on-fail");

        if (!is_promoted_monitor(op) || !op_enabled(op)) {
            continue;
        }
        if (value == NULL || text_equal_nocase(value, "demote")) {
            continue;
        }
        return value;
    }
    return NULL;
}

static const char *
allowed_on_fail(struct sched *s, const struct sched_rsc *r, const xmlNode *op, const char *task, guint interval_ms,
                const char *value)
{
    if (value == NULL) {
        return text_equal(task, "demote") ? demote_on_fail(s, r) : NULL;
    }
    if (text_equal(task, "stop")
        && (text_equal_nocase(value, "standby") || text_equal_nocase(value, "demote")
            || text_equal_nocase(value, "stop"))) {
        CONFIG_ERROR(s, "Resetting 'on-fail' for %s stop action to default value because '%s' is not allowed for stop",
                     r->id, value);
        return NULL;
    }
    if (text_equal_nocase(value, "demote") && !text_equal(task, "promote")
        && !(text_equal(task, "monitor") && op != NULL && is_promoted_monitor(op))) {
        CONFIG_ERROR(s, "Resetting 'on-fail' for %s %s action to default value because 'demote' is not allowed for it",
                     r->id, task);
        return NULL;
    }
    return value;
}

static void
resolve_on_fail(struct sched *s, struct sched_rsc *r, const char *key, const char *task, guint interval_ms,
                struct sched_op_config *c)
{
    const char *value = allowed_on_fail(s, r, c->xml, task, interval_ms, nvtable_get(&c->meta, "on-fail"));
    /* Whose container does not exist is a remote connection like any other. */
    const struct sched_node *remote = rsc_is(r, RSC_REMOTE_CONNECTION) ? sched_node_by_name(s, r->id) : NULL;
    bool remote_connection = remote != NULL && remote->kind == NODE_REMOTE && r->container == NULL;
    int fail_role = -1, on_fail = -1;

    if (value == NULL) {
        /* the default, below */
    } else if (text_equal_nocase(value, "block")) {
        on_fail = ONFAIL_BLOCK;
        nvtable_set(&c->meta, "on-fail", "block");
    } else if (text_equal_nocase(value, "fence")) {
        on_fail = ONFAIL_FENCE;
        if (!s->opt.stonith_enabled) {
            CONFIG_ERROR(s, "Resetting 'on-fail' for operation '%s' to 'stop' because 'fence' is not valid when fencing "
                            "is disabled", key);
            on_fail = ONFAIL_STOP;
            fail_role = ROLE_STOPPED;
        }
    } else if (text_equal_nocase(value, "standby")) {
        on_fail = ONFAIL_STANDBY;
    } else if (text_equal_nocase(value, "ignore") || text_equal_nocase(value, "nothing")) {
        on_fail = ONFAIL_IGNORE;
    } else if (text_equal_nocase(value, "migrate")) {
        on_fail = ONFAIL_MIGRATE;
    } else if (text_equal_nocase(value, "stop")) {
        on_fail = ONFAIL_STOP;
        fail_role = ROLE_STOPPED;
    } else if (text_equal_nocase(value, "restart")) {
        on_fail = ONFAIL_RECOVER;
    } else if (text_equal_nocase(value, "restart-container")) {
        on_fail = r->container != NULL ? ONFAIL_RESTART_CONTAINER : -1;
    } else if (text_equal_nocase(value, "demote")) {
        on_fail = ONFAIL_DEMOTE;
    } else {
        CONFIG_ERROR(s, "Resource %s: Unknown failure type (%s)", r->id, value);
    }

    if (on_fail < 0 && r->container != NULL) {
        on_fail = ONFAIL_RESTART_CONTAINER;
    } else if (remote_connection && !(text_equal(task, "monitor") && interval_ms == 0) && !text_equal(task, "start")
               && (on_fail < 0 || !rsc_is(r, RSC_MANAGED))) {
        if (!rsc_is(r, RSC_MANAGED)) {
            on_fail = ONFAIL_STOP;
            fail_role = ROLE_STOPPED;
        } else {
            on_fail = ONFAIL_RESET_REMOTE;
            if (r->reconnect_interval > 0) {
                fail_role = ROLE_STOPPED;
            }
        }
    } else if (on_fail < 0 && text_equal(task, "stop")) {
        on_fail = s->opt.stonith_enabled ? ONFAIL_FENCE : ONFAIL_BLOCK;
    } else if (on_fail < 0) {
        on_fail = ONFAIL_RECOVER;
    }
    if (text_equal(task, "delete") || text_equal(task, "lrm_delete")) {
        on_fail = ONFAIL_IGNORE;
    }

    if (fail_role < 0) {
        const char *wanted = nvtable_get(&c->meta, "role_after_failure");

        if (wanted != NULL) {
            CONFIG_WARN_P1(s, "Support for role_after_failure is deprecated and will be removed in a future release");
            fail_role = role_parse(wanted);
        }
        if (fail_role <= ROLE_UNKNOWN) {
            fail_role = text_equal(task, "promote") ? ROLE_UNPROMOTED : ROLE_STARTED;
        }
    }
    c->on_fail = (enum sched_on_fail)on_fail;
    c->fail_role = (enum sched_role)fail_role;
}

const char *
on_fail_text(enum sched_on_fail f)
{
    static const char *const names[] = { "ignore", "demote", "recover", "reset-remote", "restart-container", "migrate",
                                         "block", "stop", "standby", "fence" };

    return names[f];
}

struct sched_op_config *
op_config(struct sched *s, struct sched_rsc *r, const char *key, const char *task, guint interval_ms)
{
    struct sched_op_config *c = arena_new_struct(s->arena, struct sched_op_config);
    const char *value;
    bool probe = interval_ms == 0 && text_equal(task, "monitor");

    c->interval_ms = interval_ms;
    c->xml = op_find_for_key(s, r, key);
    nvtable_init(&c->meta, s->arena);
    meta_table(s, r, c->xml, task, interval_ms, &c->meta);

    if (interval_ms > 0) {
        nvtable_set(&c->meta, "interval", arena_printf(s->arena, "%u", interval_ms));
    } else {
        nvtable_remove(&c->meta, "interval");
    }

    if (rsc_is(r, RSC_FENCE_DEVICE) && (probe || text_equal(task, "start"))) {
        value = nvtable_get(rsc_params(s, r, NULL), "pcmk_monitor_timeout");
        if (value != NULL) {
            nvtable_set(&c->meta, "timeout", value);
        }
    }
    value = nvtable_get(&c->meta, "timeout");
    c->timeout_ms = value == NULL ? -1 : text_timeout_ms(value);
    if (c->timeout_ms < 0) {
        c->timeout_ms = 20000;
    }
    nvtable_set(&c->meta, "timeout", arena_printf(s->arena, "%lld", c->timeout_ms));

    resolve_on_fail(s, r, key, task, interval_ms, c);

    if (text_equal(task, "start") || text_equal(task, "promote")) {
        c->needs = MIN(r->requires, REQUIRES_FENCING);
    } else {
        c->needs = REQUIRES_NOTHING;
    }

    value = nvtable_get(&c->meta, "start-delay");
    if (value != NULL) {
        c->start_delay_ms = MAX(text_timeout_ms(value), 0);
        nvtable_set(&c->meta, "start-delay", arena_printf(s->arena, "%lld", c->start_delay_ms));
    } else if (interval_ms > 0 && (value = nvtable_get(&c->meta, "interval-origin")) != NULL
               && origin_delay(s, c->xml != NULL && xml_id(c->xml) != NULL ? xml_id(c->xml) : key, value, interval_ms,
                               &c->start_delay_ms)) {
        nvtable_set(&c->meta, "start-delay", arena_printf(s->arena, "%lld", c->start_delay_ms));
    }
    return c;
}

struct nvtable *
op_extra_params(struct sched *s, const struct sched_rsc *r, const xmlNode *op, struct sched_node *n)
{
    struct rule_context ctx = plain_rule_context(s);
    struct nvtable *t;

    if (op == NULL || xml_first(op, "instance_attributes") == NULL) {
        return NULL;
    }
    ctx.node_attrs = n == NULL ? NULL : &n->attrs;
    t = nvtable_new(s->arena);
    nvsets_read(op, "instance_attributes", &ctx, NULL, NVSET_NORMAL, t);
    return t;
}

/* --- recurring operations: spec 40 §6.4 --- */

/* Another op of the same name and interval; *earlier says whether it stands before. */
static const xmlNode *
find_duplicate(const struct sched_rsc *r, const xmlNode *op, bool *earlier)
{
    const char *name = xml_get(op, "name");
    guint interval = op_interval(op);

    *earlier = true;
    xml_for_each (other, r->ops_xml, "op") {
        if (other == op) {
            *earlier = false;
        } else if (text_equal(xml_get(other, "name"), name) && op_interval(other) == interval) {
            return other;
        }
    }
    return NULL;
}

static bool
check_recurring(struct sched *s, const struct sched_rsc *r, const xmlNode *op, struct sched_recurring *rec)
{
    const char *name = xml_get(op, "name"), *role = xml_get(op, "role");
    const xmlNode *other;
    bool earlier;
    int parsed;

    rec->interval_ms = op_interval(op);
    if (rec->interval_ms == 0 || xml_id(op) == NULL || name == NULL) {
        return false;
    }
    rec->xml = op;
    rec->id = xml_id(op);
    rec->name = arena_intern(s->arena, name);
    other = find_duplicate(r, op, &earlier);
    if (other != NULL) {
        const char *first = xml_id(earlier ? other : op), *second = xml_id(earlier ? op : other);

        CONFIG_ERROR(s, "Operation %s is duplicate of %s (do not use same name and interval combination more than once "
                        "per resource)", second != NULL ? second : "(null)", first != NULL ? first : "(null)");
        return false;
    }
    if (text_is_one_of(name, "start", "stop", "promote", "demote", "reload-agent", "migrate_to", "migrate_from", NULL)) {
        CONFIG_ERROR(s, "Ignoring %s because %s action cannot be recurring", rec->id, name);
        return false;
    }
    if (!op_enabled(op)) {
        return false;
    }
    rec->role = ROLE_UNKNOWN;
    if (role != NULL) {
        parsed = role_parse(role);
        if (parsed < 0) {
            CONFIG_ERROR(s, "Ignoring %s because %s is not a valid role", rec->id, role);
        } else {
            rec->role = (enum sched_role)parsed;
        }
    }
    rec->key = arena_intern(s->arena, arena_printf(s->arena, "%s_%s_%u", r->id, name, rec->interval_ms));
    return true;
}

const struct sched_recurring_list *
op_recurring(struct sched *s, struct sched_rsc *r)
{
    struct sched_recurring_list *list = g_hash_table_lookup(s->index->recurring, r);
    struct sched_recurring rec;

    if (list != NULL) {
        return list;
    }
    list = arena_new_struct(s->arena, struct sched_recurring_list);
    g_hash_table_insert(s->index->recurring, r, list);
    if (r->ops_xml != NULL) {
        list->items = arena_new_array(s->arena, struct sched_recurring, xml_count_children(r->ops_xml, "op") + 1);
        xml_for_each (op, r->ops_xml, "op") {
            unsigned said = s->messages.len;

            if (check_recurring(s, r, op, &rec)) {
                list->items[list->len++] = rec;
            }
            if (s->messages.len > said && xml_get(op, "role") != NULL) { /* as said once for each kind of role */
                struct sched_message again = s->messages.items[said];

                arena_vec_push(s->arena, &s->messages, again);
            }
        }
    }
    return list;
}

/*
 * Say what is wrong with the on-fail settings of operations that actions may be made from, whether or not one is
 * made in the end.  Runs after placement.
 */
void
ops_check(struct sched *s)
{
    VEC_FOR_EACH (struct sched_rsc, r, s->rscs) {
        if (r->kind != KIND_PRIMITIVE || r->ops_xml == NULL) {
            continue;
        }
        xml_for_each (op, r->ops_xml, "op") {
            const char *name = xml_get(op, "name");
            bool used = r->active_on.len > 0 || (r->assigned != NULL && !text_is_one_of(name, "stop", "demote", NULL));

            if (name != NULL && used && (xml_get(op, "on-fail") != NULL || xml_first(op, "meta_attributes") != NULL)) {
                char *key = op_key_new(r->id, name, op_interval(op));

                op_config(s, r, key, name, op_interval(op));
                g_free(key);
            }
        }
    }
}
