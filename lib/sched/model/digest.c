/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests of operation parameters: what an action would be run with now, compared with what the history says it was
 * run with.  The texts must match those of every other implementation to the byte.  (spec 40 §8.2, §8.3)
 */
#include "lib/sched/model/internal.h"

#include <stdlib.h>

/* Parameters that are never part of a digest. */
static bool
is_left_out(const char *name)
{
    return g_str_has_prefix(name, "CRM_meta_")
        || text_is_one_of(name, "id", "crm_feature_set", "op-digest", "on_node", "on_node_uuid", "pcmk_external_ip",
                          NULL);
}

static int
compare_pairs(const void *a, const void *b)
{
    const struct nvpair *left = a, *right = b;

    return strcmp(left->name, right->name);
}

struct param_list {
    struct nvpair *items;
    unsigned len, cap;
};

/* The element <parameters> with what `keep` says, sorted by name. */
static xmlNode *
params_element(struct sched *s, const struct param_list *list, bool (*keep)(const char *name, const void *data),
               const void *data)
{
    xmlNode *xml = xml_new(s->scratch, "parameters");

    for (unsigned i = 0; i < list->len; i++) {
        if (keep == NULL || keep(list->items[i].name, data)) {
            xml_set(xml, list->items[i].name, list->items[i].value);
        }
    }
    return xml;
}

static const char *
digest_of(struct sched *s, const xmlNode *params)
{
    GString *text = g_string_new(" ");
    char *hex;
    const char *result;

    xml_append_text(text, params, XML_TEXT_DIGEST_QUIRK);
    g_string_append_c(text, '\n');
    hex = md5_hex(text->str, text->len);
    result = arena_intern(s->arena, hex);
    g_free(hex);
    g_string_free(text, TRUE);
    return result;
}

/* Is the name one of a list of names, each with blanks around it? */
static bool
in_list(const char *name, const void *data)
{
    const char *list = data;
    char *word = g_strdup_printf(" %s ", name);
    bool found = list != NULL && strstr(list, word) != NULL;

    g_free(word);
    return found;
}

/* What may be shown; an operation's timeout is no secret, but is left out with them. */
static bool
is_secure(const char *name, const void *hidden)
{
    return !in_list(name, hidden) && strcmp(name, "CRM_meta_timeout") != 0;
}

static void
collect(struct sched *s, struct param_list *list, const struct nvtable *from, const struct nvtable *unless)
{
    if (from == NULL) {
        return;
    }
    nvtable_for_each (pair, from) {
        if (!is_left_out(pair->name) && (unless == NULL || !nvtable_has(unless, pair->name))) {
            struct nvpair copy = *pair;

            arena_vec_push(s->arena, list, copy);
        }
    }
}

static void
sort_params(struct param_list *list)
{
    if (list->len > 1) {
        qsort(list->items, list->len, sizeof *list->items, compare_pairs);
    }
}

/* Entries of old executors digested the resource's own parameters only (spec 40 §8.2). */
static void
secure_digest(struct sched *s, struct sched_rsc *r, const struct param_list *all, const struct nvtable *params,
              const xmlNode *entry, struct sched_digests *d)
{
    const char *hidden = entry == NULL ? " passwd password user " : xml_get(entry, "op-secure-params");
    const char *recorded = entry == NULL ? NULL : xml_get(entry, "crm_feature_set");
    const char *version = recorded != NULL ? recorded : xml_get(s->cib, "crm_feature_set");
    struct param_list own = { 0 };

    if (version != NULL && text_compare_versions(version, "3.16.0") >= 0) {
        d->params_secure = params_element(s, all, is_secure, hidden);
    } else {
        collect(s, &own, params, NULL);
        sort_params(&own);
        if (rsc_is(r, RSC_FENCE_DEVICE)) {
            unsigned kept = 0;

            for (unsigned i = 0; i < own.len; i++) {
                if (!g_str_has_prefix(own.items[i].name, "pcmk_")
                    && !text_is_one_of(own.items[i].name, "provides", "stonith-timeout", NULL)) {
                    own.items[kept++] = own.items[i];
                }
            }
            own.len = kept;
        }
        d->params_secure = params_element(s, &own, is_secure, hidden);
    }
    d->secure = digest_of(s, d->params_secure);
}

static struct sched_digests *
calculate(struct sched *s, struct sched_rsc *r, const char *task, guint interval_ms, struct sched_node *n,
          const xmlNode *entry, bool with_restart)
{
    struct sched_digests *d = arena_new_struct(s->arena, struct sched_digests);
    const struct nvtable *params = rsc_agent_params(s, r, n), *extra;
    struct param_list all = { 0 };
    char *key = op_key_new(r->id, task, interval_ms);
    const xmlNode *op = op_find_for_key(s, r, key);

    extra = op_extra_params(s, r, op, n);
    d->has_extra = extra != NULL && extra->len > 0;
    collect(s, &all, params, NULL);
    collect(s, &all, extra, params);
    if (interval_ms > 0) {
        struct sched_op_config *config = op_config(s, r, key, task, interval_ms);
        struct nvpair timeout = { "CRM_meta_timeout", nvtable_get(&config->meta, "timeout") };

        arena_vec_push(s->arena, &all, timeout);
    }
    g_free(key);
    sort_params(&all);
    d->params_all = params_element(s, &all, NULL, NULL);
    d->all = digest_of(s, d->params_all);
    if (entry == NULL || (s->flags & SCHED_SANITIZED) != 0) {
        secure_digest(s, r, &all, params, entry, d);
    }
    if (with_restart) {
        const char *names = xml_get(entry, "op-force-restart");

        d->params_restart = names == NULL ? d->params_all : params_element(s, &all, in_list, names);
        d->restart = names == NULL ? d->all : digest_of(s, d->params_restart);
    }
    return d;
}

/*
 * Digests of an action on a node are made once.  What is needed beside that of all parameters, and from which names,
 * is said by the entry that asks first.
 */
static struct sched_digests *
calculate_once(struct sched *s, struct sched_rsc *r, const char *task, guint interval_ms, struct sched_node *n,
               const xmlNode *entry, bool with_restart)
{
    g_autofree char *key = g_strdup_printf("%s\037%s\037%s\037%u", n == NULL ? "" : n->uname, r->id, task, interval_ms);
    struct sched_digests *d = g_hash_table_lookup(s->index->digests, key);

    if (d == NULL) {
        d = calculate(s, r, task, interval_ms, n, entry, with_restart);
        g_hash_table_insert(s->index->digests, arena_strdup(s->arena, key), d);
    }
    return d;
}

const struct sched_digests *
sched_digest_calculate(struct sched *s, struct sched_rsc *r, const char *task, guint interval_ms, struct sched_node *n,
                       const xmlNode *lrm_rsc_op)
{
    if (lrm_rsc_op != NULL || rsc_has_uname_addr(s, r)) {
        return calculate(s, r, task, interval_ms, n, lrm_rsc_op,
                         lrm_rsc_op != NULL && xml_get(lrm_rsc_op, "op-restart-digest") != NULL);
    }
    return calculate_once(s, r, task, interval_ms, n, NULL, false);
}

const struct sched_digests *
sched_digest_check(struct sched *s, struct sched_rsc *r, struct sched_node *n, const struct sched_hist_op *op)
{
    const char *task = xml_get(op->xml, "operation");
    guint interval = (guint)CLAMP(xml_get_int(op->xml, "interval", 0), 0, (long long)G_MAXUINT);
    const char *was_all = xml_get(op->xml, "op-digest"), *was_secure = xml_get(op->xml, "op-secure-digest");
    const char *was_restart = op->restart_mismatch ? "another" : xml_get(op->xml, "op-restart-digest");
    struct sched_digests *d;

    d = calculate_once(s, r, task != NULL ? task : "start", interval, n, op->xml, was_restart != NULL);
    if (was_restart != NULL && d->restart != NULL && strcmp(was_restart, d->restart) != 0) {
        d->result = DIGEST_RESTART;
    } else if (was_all == NULL) {
        d->result = DIGEST_UNKNOWN;
    } else if (strcmp(was_all, d->all) != 0) {
        d->result = DIGEST_MISMATCH;
    } else {
        d->result = DIGEST_MATCH;
    }
    d->secure_matched = d->result != DIGEST_MATCH && was_secure != NULL && text_equal(was_secure, d->secure);
    return d;
}
