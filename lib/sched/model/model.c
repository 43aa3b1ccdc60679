/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Making a model of a CIB: the order of the steps, lookups by name, messages.  Entry point of the scheduler.
 * Never changes the CIB.  (spec 40 §0.3)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdarg.h>
#include <stdlib.h>

static const xmlNode *find_first(const xmlNode *from, const char *name);
static unsigned count_possible_nodes(const struct sched *s);
static void index_new(struct sched *s);

struct sched *
sched_new(const xmlNode *cib, int64_t now, unsigned flags)
{
    struct arena *arena = arena_new();
    struct sched *s = arena_new_struct(arena, struct sched);
    struct iso_time utc = iso_from_epoch(now);

    s->arena = arena;
    s->flags = flags;
    s->cib = cib;
    s->now = now;
    s->now_local = iso_to_local(&utc);
    s->scratch = xml_new(NULL, "scratch");
    s->refs = rule_refs_new(arena, cib);
    index_new(s);

    s->dc_uuid = xml_get(cib, "dc-uuid");
    s->feature_set = xml_get(cib, "crm_feature_set");
    s->have_quorum = xml_get_bool(cib, "have-quorum", false);
    s->no_quorum_panic = xml_get_int(cib, "no-quorum-panic", 0) != 0;
    s->op_defaults = find_first(cib, "op_defaults");
    s->rsc_defaults = find_first(cib, "rsc_defaults");
    s->nodes_xml = find_first(cib, "nodes");
    s->resources_xml = find_first(cib, "resources");
    s->constraints_xml = find_first(cib, "constraints");
    s->status_xml = (flags & SCHED_CONFIG_ONLY) != 0 ? NULL : find_first(cib, "status");

    options_unpack(s);
    s->row_cap = count_possible_nodes(s);
    nodes_unpack(s);
    remote_nodes_unpack(s);
    resources_unpack(s);
    tags_unpack(s);
    if (s->status_xml != NULL) {
        status_unpack_nodes(s);
        history_unpack(s);
    }
    health_unpack(s);
    constraints_unpack(s);
    node_order_sort(s);
    return s;
}

void
sched_free(struct sched *s)
{
    if (s == NULL) {
        return;
    }
    GHashTable **tables[] = { &s->index->nodes_by_uuid, &s->index->nodes_by_name, &s->index->rscs_by_id,
                              &s->index->rscs_by_history, &s->index->tickets, &s->index->tags,
                              &s->index->failed_ops, &s->index->clear_planned, &s->index->once, &s->index->digests,
                              &s->index->failcounts, &s->index->recurring, &s->index->state_by_node };

    for (unsigned i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_hash_table_destroy(*tables[i]);
    }
    rule_refs_free(s->refs);
    xml_free(s->scratch);
    arena_free(s->arena);
}

static void
index_new(struct sched *s)
{
    struct sched_index *x = arena_new_struct(s->arena, struct sched_index);

    x->nodes_by_uuid = g_hash_table_new(g_str_hash, g_str_equal);
    x->nodes_by_name = g_hash_table_new(g_str_hash, g_str_equal);
    x->rscs_by_id = g_hash_table_new(g_str_hash, g_str_equal);
    x->rscs_by_history = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    x->tickets = g_hash_table_new(g_str_hash, g_str_equal);
    x->tags = g_hash_table_new(g_str_hash, g_str_equal);
    x->failed_ops = g_hash_table_new(g_str_hash, g_str_equal);
    x->clear_planned = g_hash_table_new(g_str_hash, g_str_equal);
    x->once = g_hash_table_new(g_str_hash, g_str_equal);
    x->digests = g_hash_table_new(g_str_hash, g_str_equal);
    x->failcounts = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_destroy);
    x->recurring = g_hash_table_new(NULL, NULL);
    x->state_by_node = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_destroy);
    s->index = x;
}

/* First element of that name, in document order, below (or being) `from`. */
static const xmlNode *
find_first(const xmlNode *from, const char *name)
{
    if (from == NULL || xml_is(from, name)) {
        return from;
    }
    /* The usual places first: a section is a child of cib or of cib/configuration. */
    xml_for_each (child, from, NULL) {
        if (xml_is(child, name)) {
            return child;
        }
        if (xml_is(child, "configuration")) {
            const xmlNode *section = xml_first(child, name);

            if (section != NULL) {
                return section;
            }
        }
    }
    return NULL;
}

/*
 * How many nodes there may be at most, so that rows get their final length at once: entries, remote and guest
 * connections anywhere, bundle replicas, and orphaned connections of the history.
 */
static unsigned
count_possible_nodes(const struct sched *s)
{
    unsigned count = 4 + xml_count_children(s->nodes_xml, "node");
    GHashTable *orphans = g_hash_table_new(g_str_hash, g_str_equal);

    if (s->resources_xml != NULL) {
        const xmlNode *node = s->resources_xml;

        while (node != NULL) {
            const char *type = xml_get(node, "type");

            if (type != NULL && strcmp(type, "remote") == 0) {
                count++;
            } else if (xml_is(node, "nvpair") && text_equal(xml_get(node, "name"), "remote-node")) {
                count++;
            } else if (xml_get(node, "image") != NULL) {
                count += (unsigned)CLAMP(MAX(xml_get_int(node, "replicas", 1), xml_get_int(node, "promoted-max", 1)),
                                         1, 10000);
            }
            const xmlNode *next = xml_first(node, NULL);

            while (next == NULL && node != s->resources_xml) {
                next = xml_next(node, NULL);
                node = node->parent;
            }
            node = next;
        }
    }
    if (s->status_xml != NULL) {
        xml_for_each (state, s->status_xml, "node_state") {
            const xmlNode *lrm = xml_first(state, "lrm");
            const xmlNode *list = lrm != NULL ? xml_first(lrm, "lrm_resources") : NULL;

            if (list == NULL) {
                continue;
            }
            xml_for_each (rsc, list, "lrm_resource") {
                if (text_equal(xml_get(rsc, "type"), "remote") && xml_id(rsc) != NULL) {
                    g_hash_table_add(orphans, (gpointer)xml_id(rsc));
                }
            }
        }
    }
    count += g_hash_table_size(orphans);
    g_hash_table_destroy(orphans);
    return count;
}

/* --- lookups --- */

static void *
lookup_nocase(GHashTable *table, const char *key)
{
    char few[128];
    char *lower = few;
    void *found;
    size_t len;

    if (key == NULL) {
        return NULL;
    }
    len = strlen(key);
    if (len >= sizeof few) {
        lower = g_ascii_strdown(key, -1);
    } else {
        for (size_t i = 0; i <= len; i++) {
            few[i] = g_ascii_tolower(key[i]);
        }
    }
    found = g_hash_table_lookup(table, lower);
    if (lower != few) {
        g_free(lower);
    }
    return found;
}

struct sched_node *
sched_node_by_uuid(const struct sched *s, const char *uuid)
{
    return lookup_nocase(s->index->nodes_by_uuid, uuid);
}

struct sched_node *
sched_node_by_name(const struct sched *s, const char *uname)
{
    return lookup_nocase(s->index->nodes_by_name, uname);
}

struct sched_node *
sched_node_find(const struct sched *s, const char *id_or_name)
{
    struct sched_node *n = sched_node_by_uuid(s, id_or_name);

    return n != NULL ? n : sched_node_by_name(s, id_or_name);
}

struct sched_rsc *
sched_rsc_by_id(const struct sched *s, const char *id)
{
    return id == NULL ? NULL : g_hash_table_lookup(s->index->rscs_by_id, id);
}

/* Is `a` before `b` in the list of resources?  Orphans are at its end, all others were sorted by priority before any came. */
static bool
is_listed_before(const struct sched_rsc *a, const struct sched_rsc *b)
{
    a = rsc_outermost(a);
    b = rsc_outermost(b);
    if (rsc_is(a, RSC_ORPHAN) != rsc_is(b, RSC_ORPHAN)) {
        return rsc_is(b, RSC_ORPHAN);
    }
    if (a->configured_priority != b->configured_priority && !rsc_is(a, RSC_ORPHAN)) {
        return a->configured_priority > b->configured_priority;
    }
    return a->priority_order < b->priority_order;
}

struct sched_rsc *
rsc_named_first(const struct sched *s, const char *name)
{
    struct sched_rsc *first = sched_rsc_by_id(s, name);
    GPtrArray *list = name == NULL ? NULL : g_hash_table_lookup(s->index->rscs_by_history, name);

    for (unsigned i = 0; list != NULL && i < list->len; i++) {
        if (first == NULL || is_listed_before(list->pdata[i], first)) {
            first = list->pdata[i];
        }
    }
    return first;
}

struct sched_rsc *
sched_rsc_by_any_name(const struct sched *s, const char *id)
{
    struct sched_rsc *r = sched_rsc_by_id(s, id);

    if (r == NULL && id != NULL) {
        GPtrArray *list = g_hash_table_lookup(s->index->rscs_by_history, id);

        if (list != NULL && list->len > 0) {
            return list->pdata[0];
        }
        char *zero = g_strdup_printf("%s:0", id);

        r = sched_rsc_by_id(s, zero);
        g_free(zero);
    }
    return r;
}

void
rscs_named(struct sched *s, const char *id, sched_rsc_vec *out)
{
    struct sched_rsc *r = sched_rsc_by_id(s, id);
    GPtrArray *list = g_hash_table_lookup(s->index->rscs_by_history, id);

    if (r != NULL && r->kind == KIND_PRIMITIVE) {
        arena_vec_push(s->arena, out, r);
    }
    for (unsigned i = 0; list != NULL && i < list->len; i++) {
        struct sched_rsc *other = list->pdata[i];

        if (other != r && other->kind == KIND_PRIMITIVE) {
            arena_vec_push(s->arena, out, other);
        }
    }
}

/* --- messages --- */

/*
 * Tools show where a message comes from, and who knows 2.1.5 looks for its words: what crm_verify -V of that release
 * shows for what we find in a function.  The first entry that fits counts; no beginning: all messages of the function.
 */
static const struct {
    const char *function, *beginning, *shown;
} origins[] = {
    { "allowed_on_fail", NULL, "unpack_operation_on_fail" },
    { "apply_failure", NULL, "unpack_rsc_op" },
    { "apply_failure_limit", NULL, "pcmk__threshold_reached" },
    { "apply_hard_error", NULL, "unpack_rsc_op" },
    { "check_multiply_active", NULL, "pcmk__primitive_create_actions" },
    { "check_recurring", NULL, "is_op_dup" },
    { "constraint_expand_sets", NULL, "pcmk__expand_tags_in_sets" },
    { "constraint_ref", NULL, "find_constraint_tag" },
    { "determine_cluster_node", NULL, "determine_online_status" },
    { "expand_tags", NULL, "unpack_colocation_tags" },
    { "failcount_effective_for", NULL, "pe_get_failcount" },
    { "fence_guest", NULL, "pe_fence_node" },
    { "flags_unpack", NULL, "pe__unpack_resource" },
    { "group_switch", NULL, "set_group_flag" },
    { "influence_of", NULL, "unpack_influence" },
    { "is_symmetric", NULL, "get_ordering_symmetry" },
    { "is_interleaved", NULL, "pcmk__clone_apply_coloc_score" },
    { "minimum_of", NULL, "get_minimum_first_instances" },
    { "node_state_unpack", NULL, "unpack_node_state" },
    { "options_unpack", "Fencing and resource management", "cluster_status" },
    { "options_unpack", NULL, "unpack_config" },
    { "primitive_unpack", NULL, "pe__force_anon" },
    { "read_set", NULL, "unpack_order_set" },
    { "report_failure", NULL, "unpack_rsc_op_failure" },
    { "requires_unpack", NULL, "unpack_requires" },
    { "resolve_on_fail", NULL, "unpack_operation" },
    { "resources_unpack", NULL, "unpack_resources" },
    { "rsc_target_role", NULL, "get_target_role" },
    { "sched_fence_node", NULL, "pe_fence_node" },
    { "schedule_node", "Node ", "schedule_fencing_and_shutdowns" },
    { "schedule_node", NULL, "schedule_fencing" },
    { "set_member", NULL, "unpack_colocation_set" },
    { "settle_state", NULL, "process_rsc_state" },
    { "strength_of", NULL, "get_ordering_type" },
    { "top_level_unpack", NULL, "unpack_resources" },
    { "unpack_cluster_state", NULL, "unpack_transient_attributes" },
};

static const char *
shown_origin(const char *function, const char *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(origins); i++) {
        if (text_equal(origins[i].function, function)
            && (origins[i].beginning == NULL || g_str_has_prefix(text, origins[i].beginning))) {
            return origins[i].shown;
        }
    }
    return function;
}

void
sched_message(struct sched *s, enum sched_severity sev, unsigned how, const char *origin, const char *format, ...)
{
    static const int levels[] = { LOG_CRIT, LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO };
    struct sched_message m = { .severity = sev };
    va_list ap;
    char *text;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    m.config = (how & MSG_CONFIG) != 0;
    m.processing = (how & MSG_PROCESSING) != 0;
    m.text = arena_strdup(s->arena, text);
    m.origin = shown_origin(origin, text);
    g_free(text);
    if ((how & MSG_ONCE) != 0) {
        if (g_hash_table_contains(s->index->once, m.text)) {
            return;
        }
        g_hash_table_add(s->index->once, (gpointer)m.text);
    }
    arena_vec_push(s->arena, &s->messages, m);
    if (m.config) {
        s->config_error |= sev == MSG_ERROR;
        s->config_warning |= sev == MSG_WARNING;
    }
    if (m.processing) {
        s->processing_error |= sev == MSG_ERROR;
        s->processing_warning |= sev == MSG_WARNING;
    }
    if ((s->flags & SCHED_QUIET) == 0) {
        qb_log(levels[sev], "%s", m.text);
    }
}

void
model_rule_error(void *data, const char *text)
{
    CONFIG_ERROR_P((struct sched *)data, "%s", text);
}

void
sched_recheck(struct sched *s, int64_t when)
{
    if (when > s->now && (s->recheck_by == 0 || when < s->recheck_by)) {
        s->recheck_by = when;
    }
}

void
intent_add(struct sched *s, struct sched_intent intent)
{
    intent.reachable = intent.node != NULL && node_is_reachable(intent.node);
    intent.recoverable = intent.node != NULL && node_is_recoverable(s, intent.node);
    if (intent.rsc != NULL && intent.rsc->remote_node != NULL) {
        intent.digests_known = node_attr(intent.rsc->remote_node, "#digests-all") != NULL;
    } else {
        intent.digests_known = intent.node != NULL && node_attr(intent.node, "#digests-all") != NULL;
    }
    arena_vec_push(s->arena, &s->intents, intent);
}
