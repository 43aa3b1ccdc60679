/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fail counts in node attributes, and when a failure is old enough to be forgotten.  Used by history, assign, actions
 * and status output.  (spec 40 §7.6)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <ctype.h>
#include <stdlib.h>

/* One operation's count of one resource name ("A" or "A:1"). */
struct failcount_entry {
    const char *name; /* with instance number, if any */
    int count;
    int64_t last_failure;
    struct failcount_entry *next;
};

static char *
strip_instance(const char *name)
{
    const char *colon = strrchr(name, ':');

    if (colon != NULL && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
        return g_strndup(name, (gsize)(colon - name));
    }
    return g_strdup(name);
}

/* "R#task_interval" gives R; before feature set 3.0.13 the whole is R. */
static char *
resource_part(struct sched *s, const char *text)
{
    const char *hash = strrchr(text, '#'), *underscore;

    if (s->feature_set != NULL && text_compare_versions(s->feature_set, "3.0.13") >= 0) {
        if (hash == NULL || (underscore = strrchr(hash, '_')) == NULL || underscore == hash + 1 || underscore[1] == '\0'
            || strspn(underscore + 1, "0123456789") != strlen(underscore + 1)) {
            return NULL;
        }
        return g_strndup(text, (gsize)(hash - text));
    }
    return g_strdup(text);
}

static void
index_attribute(struct sched *s, GHashTable *table, const char *text, const char *value, bool is_count)
{
    char *name = resource_part(s, text), *base;
    struct failcount_entry *e;

    if (name == NULL) {
        return;
    }
    base = strip_instance(name);
    e = arena_new_struct(s->arena, struct failcount_entry);
    e->name = arena_strdup(s->arena, name);
    e->count = is_count ? score_parse(value) : 0;
    e->last_failure = is_count ? 0 : text_leading_int(value);
    e->next = g_hash_table_lookup(table, base);
    g_hash_table_insert(table, arena_strdup(s->arena, base), e);
    g_free(base);
    g_free(name);
}

/* No name of a resource: where a table keeps how many attributes it was made from. */
#define SIZE_KEY "\n"

static GHashTable *
index_of(struct sched *s, const struct sched_node *n)
{
    GHashTable *table = g_hash_table_lookup(s->index->failcounts, n);
    gpointer size = table == NULL ? NULL : g_hash_table_lookup(table, SIZE_KEY);

    if (table != NULL && GPOINTER_TO_UINT(size) == n->attrs.len + 1) {
        return table;
    }
    /* Attributes may have come in since. */
    table = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(table, (gpointer)SIZE_KEY, GUINT_TO_POINTER(n->attrs.len + 1));
    nvtable_for_each (pair, &n->attrs) {
        if (g_str_has_prefix(pair->name, "fail-count-")) {
            index_attribute(s, table, pair->name + strlen("fail-count-"), pair->value, true);
        } else if (g_str_has_prefix(pair->name, "last-failure-")) {
            index_attribute(s, table, pair->name + strlen("last-failure-"), pair->value, false);
        }
    }
    g_hash_table_insert(s->index->failcounts, (gpointer)n, table);
    return table;
}

static void
raw_failcount(struct sched *s, const struct sched_rsc *r, const struct sched_node *n, int *count, int64_t *last)
{
    const char *own = r->history_name != NULL ? r->history_name : r->id;
    char *base = strip_instance(own);
    const char *name = rsc_is(r, RSC_UNIQUE) ? own : base;

    *count = 0;
    *last = 0;
    for (const struct failcount_entry *e = g_hash_table_lookup(index_of(s, n), base); e != NULL; e = e->next) {
        if (rsc_is(r, RSC_UNIQUE) && strcmp(e->name, name) != 0) {
            continue;
        }
        *count = score_add(*count, e->count);
        *last = MAX(*last, e->last_failure);
    }
    g_free(base);
}

/* --- expiry against on-fail=block --- */

static bool
op_is_blocking(const xmlNode *config_op, const char *rsc, const xmlNode *entry)
{
    const char *name = xml_get(config_op, "name"), *entry_id = xml_id(entry);
    long long interval = text_interval_ms(xml_get(config_op, "interval"));
    char *last_failure, *key;
    bool blocking;

    if (!text_equal_nocase(xml_get(config_op, "on-fail"), "block") || name == NULL || entry_id == NULL
        || !text_equal(name, xml_get(entry, "operation"))
        || (interval < 0 ? 0 : interval) != xml_get_int(entry, "interval", 0)) {
        return false;
    }
    last_failure = g_strdup_printf("%s_last_failure_0", rsc);
    key = g_strdup_printf("%s_%s_%lld", rsc, name, interval < 0 ? 0 : interval);
    blocking = strcmp(entry_id, last_failure) == 0;
    if (!blocking && strcmp(entry_id, key) == 0) {
        int transition, action, target;
        char *uuid = NULL;

        /* Only if that entry is the failure. */
        if (transition_key_parse(xml_get(entry, "transition-key"), &transition, &action, &target, &uuid)) {
            blocking = target != xml_get_int(entry, "rc-code", 0);
        }
        g_free(uuid);
    }
    g_free(last_failure);
    g_free(key);
    return blocking;
}

/*
 * Must failures not expire?  Of an entry that is just being read: because it is one that blocks.  Else: because any
 * in the node's history is.  The history counts as it is written, whether or not the node is such that it was read,
 * and under the name that an instance has without its number, even of one that is told apart by it.
 */
static bool
history_blocks(struct sched *s, const struct sched_rsc *r, const struct sched_node *n, const struct sched_hist_op *read)
{
    g_autofree char *name = strip_instance(r->history_name != NULL ? r->history_name : r->id);
    const xmlNode *list = read == NULL ? history_lrm_resource(s, n, name) : NULL;

    if (r->ops_xml == NULL || (read == NULL && list == NULL)) {
        return false;
    }
    xml_for_each (op, r->ops_xml, "op") {
        if (!text_equal_nocase(xml_get(op, "on-fail"), "block")) {
            continue;
        }
        if (read != NULL) {
            if (op_is_blocking(op, name, read->xml)) {
                return true;
            }
            continue;
        }
        xml_for_each (entry, list, "lrm_rsc_op") {
            if (op_is_blocking(op, name, entry)) {
                return true;
            }
        }
    }
    return false;
}

/* When a failure of that time is forgotten.  Both may be anything that fits into an attribute. */
static int64_t
expiry(int64_t failed, int64_t timeout)
{
    int64_t when;

    return __builtin_add_overflow(failed, timeout, &when) || when == INT64_MAX ? INT64_MAX - 1 : when;
}

void
failcount_effective_for(struct sched *s, struct sched_rsc *r, struct sched_node *n, const struct sched_hist_op *op,
                        int *raw, int *effective, int64_t *last_failure)
{
    raw_failcount(s, r, n, raw, last_failure);
    *effective = *raw;
    if (*raw > 0 && r->failure_timeout > 0 && history_blocks(s, r, n, op)) {
        CONFIG_WARN_P(s, "Ignoring failure timeout %lld for %s because it conflicts with on-fail=block",
                      (long long)r->failure_timeout, r->id);
        r->failure_timeout = 0;
    }
    if (*raw > 0 && *last_failure > 0 && r->failure_timeout > 0) {
        int64_t expires = expiry(*last_failure, r->failure_timeout);

        if (s->now > expires) {
            *effective = 0;
        } else {
            sched_recheck(s, expires + 1);
        }
    }
}

struct sched_failcount
rsc_failcount(struct sched *s, struct sched_rsc *r, struct sched_node *n, bool effective, bool with_fillers)
{
    struct sched_failcount result = { 0, 0 };
    int raw, eff;

    failcount_effective_for(s, r, n, NULL, &raw, &eff, &result.last_failure);
    result.count = effective ? eff : raw;
    if (with_fillers && !rsc_is(r, RSC_IN_BUNDLE)) {
        VEC_FOR_EACH (struct sched_rsc, filler, r->fillers) {
            struct sched_failcount other = rsc_failcount(s, filler, n, effective, false);

            result.count = score_add(result.count, other.count);
            result.last_failure = MAX(result.last_failure, other.last_failure);
        }
    }
    return result;
}

/* --- clearing --- */

bool
clear_failcount_planned(const struct sched *s, const struct sched_rsc *r, const struct sched_node *n)
{
    char *key = g_strdup_printf("%s\037%s", r->id, n->uname);
    bool found = g_hash_table_contains(s->index->clear_planned, key);

    g_free(key);
    return found;
}

void
plan_clear_failcount(struct sched *s, struct sched_rsc *r, struct sched_node *n, const char *reason)
{
    struct sched_intent intent = { .kind = INTENT_CLEAR_FAILCOUNT, .rsc = r, .node = n, .reason = reason };
    char *key = g_strdup_printf("%s\037%s", r->id, n->uname);

    g_hash_table_add(s->index->clear_planned, arena_strdup(s->arena, key));
    g_free(key);
    intent.after_fencing = r->reconnect_interval > 0 && s->opt.stonith_enabled;
    intent_add(s, intent);
}

/*
 * Is a failure so old that it no longer counts?  Plans the clearing of the fail count if so.  (spec 40 §7.6)
 */
bool
history_op_expired(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    struct sched_rsc *r = st->rsc;
    bool is_last_failure = op->id != NULL && strstr(op->id, "_last_failure_0") != NULL;
    bool expired = false;
    const char *clear_reason = NULL;
    int raw = 0, effective = 0;
    int64_t last_failure = 0;

    if (r->failure_timeout > 0 && xml_get(op->xml, "last-rc-change") != NULL) {
        bool keep = false;

        failcount_effective_for(s, r, st->node, op, &raw, &effective, &last_failure);
        if (r->reconnect_interval > 0 && s->opt.stonith_enabled && op->interval_ms > 0
            && text_equal(op->task, "monitor")) {
            const struct sched_node *remote = sched_node_by_name(s, r->id);

            /* The connection's loss stands until its node has been fenced. */
            keep = remote != NULL && !remote->remote_was_fenced;
        }
        expired = !keep && r->failure_timeout > 0 && s->now >= expiry(op->last_change, r->failure_timeout);
    }
    if (expired) {
        if (raw != 0) {
            if (effective == 0) {
                clear_reason = "it expired";
            } else {
                expired = false;
            }
        } else if (is_last_failure && r->reconnect_interval > 0) {
            clear_reason = "reconnect interval is set";
        }
    }
    if (!expired && is_last_failure && text_is_one_of(op->task, "start", "monitor", NULL)) {
        const struct sched_digests *d = NULL;

        if (rsc_has_uname_addr(s, r)) {
            struct sched_deferred_check check = { .rsc = r, .node = st->node, .op = op, .failure = true };

            arena_vec_push(s->arena, &s->deferred, check); /* its address is known only after placement */
        } else {
            d = sched_digest_check(s, r, st->node, op);
        }
        if (d != NULL && (d->result == DIGEST_MISMATCH || d->result == DIGEST_RESTART)) {
            clear_reason = "resource parameters have changed";
        }
    }
    if (clear_reason != NULL) {
        plan_clear_failcount(s, r, st->node, clear_reason);
    }
    if (expired && op->probe) {
        switch (op->rc) {
        case OCF_RC_OK:
        case OCF_RC_NOT_RUNNING:
        case OCF_RC_PROMOTED:
        case OCF_RC_DEGRADED:
        case OCF_RC_DEGRADED_PROMOTED:
            expired = false;
            break;
        default:
            break;
        }
    }
    return expired;
}
