/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading sets of name/value pairs (meta_attributes, instance_attributes, utilization, cluster_property_set), and
 * what an id-ref stands for.  Called by everybody who reads the configuration.  Never changes the document.
 * (spec 40 §4)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/rules/rules.h"

#include <stdlib.h>
#include <string.h>

/* --- id-ref --- */

struct rule_refs {
    const xmlNode *root;
    GHashTable *by_key; /* "tag\037id" -> element */
    struct arena *arena;
};

struct rule_refs *
rule_refs_new(struct arena *a, const xmlNode *root)
{
    struct rule_refs *refs = arena_new_struct(a, struct rule_refs);

    refs->root = root;
    refs->arena = a;
    return refs;
}

void
rule_refs_free(struct rule_refs *refs)
{
    if (refs != NULL && refs->by_key != NULL) {
        g_hash_table_destroy(refs->by_key);
        refs->by_key = NULL;
    }
}

static const xmlNode *
next_in_document(const xmlNode *node, const xmlNode *root)
{
    const xmlNode *child = xml_first(node, NULL);

    if (child != NULL) {
        return child;
    }
    while (node != NULL && node != root) {
        const xmlNode *next = xml_next(node, NULL);

        if (next != NULL) {
            return next;
        }
        node = node->parent;
    }
    return NULL;
}

static const char *
ref_key(struct arena *a, const char *tag, const char *id)
{
    return arena_printf(a, "%s\037%s", tag, id);
}

static void
refs_build(struct rule_refs *refs)
{
    refs->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    for (const xmlNode *node = refs->root; node != NULL; node = next_in_document(node, refs->root)) {
        const char *id = xml_id(node);

        /* Only what may be referred to. */
        if (id != NULL
            && text_is_one_of(xml_name(node), "instance_attributes", "meta_attributes", "utilization",
                              "cluster_property_set", "nvpair", "rule", "operations", "resource_set", "op", NULL)) {
            const char *key = ref_key(refs->arena, xml_name(node), id);

            if (!g_hash_table_contains(refs->by_key, key)) {
                g_hash_table_insert(refs->by_key, (gpointer)key, (gpointer)node);
            }
        }
    }
}

xmlNode *
rules_resolve(const xmlNode *node, struct rule_refs *refs)
{
    const char *ref = xml_get(node, "id-ref");
    const xmlNode *found = NULL;

    if (ref == NULL) {
        return (xmlNode *)node;
    }
    if (refs != NULL) {
        char *key = g_strdup_printf("%s\037%s", xml_name(node), ref);

        if (refs->by_key == NULL) {
            refs_build(refs);
        }
        found = g_hash_table_lookup(refs->by_key, key);
        g_free(key);
    } else {
        const xmlNode *root = xmlDocGetRootElement(node->doc);

        for (found = root; found != NULL; found = next_in_document(found, root)) {
            if (xml_is(found, xml_name(node)) && text_equal(xml_id(found), ref)) {
                break;
            }
        }
    }
    if (found == NULL) {
        log_err("No match for //%s[@id='%s'] found: Invalid configuration", xml_name(node), ref);
    }
    return (xmlNode *)found;
}

/* --- sets --- */

struct set {
    const xmlNode *xml;
    int score;
    bool first;
    unsigned position;
};

/*
 * Which set comes first?  (spec 40 §4.1)
 *
 *   1. the one with the special id
 *   2. the higher score
 *   3. the later one in the document
 */
static int
compare_sets(const void *a, const void *b)
{
    const struct set *left = a, *right = b;

    if (left->first != right->first) {
        return left->first ? -1 : 1;
    }
    if (left->score != right->score) {
        return left->score > right->score ? -1 : 1;
    }
    return left->position > right->position ? -1 : left->position < right->position;
}

static void
read_pair(const xmlNode *pair, const struct rule_context *ctx, unsigned flags, struct nvtable *into)
{
    const xmlNode *target = rules_resolve(pair, ctx->refs);
    const char *name = xml_get(pair, "name");
    const char *value = xml_get(pair, "value");

    if (name == NULL && target != NULL) {
        name = xml_get(target, "name");
    }
    if (value == NULL && target != NULL) {
        value = xml_get(target, "value");
    }
    if (name == NULL || value == NULL) {
        return;
    }
    if (g_ascii_strcasecmp(value, "#default") == 0) {
        nvtable_remove(into, name);
    } else if ((flags & NVSET_OVERWRITE) != 0) {
        nvtable_set(into, name, value);
    } else {
        nvtable_add(into, name, value);
    }
}

static void
read_set(const xmlNode *set, const struct rule_context *ctx, unsigned flags, struct nvtable *into)
{
    const xmlNode *list = xml_first(set, "attributes");

    if (!rules_allow(set, ctx)) {
        return;
    }
    xml_for_each (pair, list != NULL ? list : set, "nvpair") {
        read_pair(pair, ctx, flags, into);
    }
}

void
nvsets_read(const xmlNode *parent, const char *set_name, const struct rule_context *ctx, const char *first_id,
            unsigned flags, struct nvtable *into)
{
    struct set few[8], *sets = few;
    unsigned count = 0, room = G_N_ELEMENTS(few);

    if (parent == NULL) {
        return;
    }
    xml_for_each (child, parent, set_name) {
        const xmlNode *set = rules_resolve(child, ctx->refs);

        if (set == NULL) {
            continue;
        }
        if (count == room) {
            struct set *more = g_new(struct set, room * 2);

            memcpy(more, sets, sizeof *sets * count);
            if (sets != few) {
                g_free(sets);
            }
            sets = more;
            room *= 2;
        }
        sets[count].xml = set;
        sets[count].score = score_parse(xml_get(set, "score"));
        sets[count].first = first_id != NULL && text_equal(xml_id(set), first_id);
        sets[count].position = count;
        count++;
    }
    if (count > 1) {
        qsort(sets, count, sizeof *sets, compare_sets);
    }
    for (unsigned i = 0; i < count; i++) {
        read_set(sets[i].xml, ctx, flags, into);
    }
    if (sets != few) {
        g_free(sets);
    }
}
