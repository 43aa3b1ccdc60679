/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB document: versions, places in it, the id index.  Used by the operations and the patch code.  Never decides what an
 * operation means.  Edits are in cib_doc_edit.c, what they left behind in cib_doc_marks.c.  (spec 20 §2, §3.1)
 */
#include "lib/cib/cib_doc_impl.h"

#include <libxml/xpath.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_compare.h"
#include "lib/cib/cib_proto.h"

/* --- versions --- */

static int
counter_of(const xmlNode *root, const char *name)
{
    long long value;

    if (!text_parse_int(xml_get(root, name), &value) || value > G_MAXINT || value < G_MININT) {
        return -1;
    }
    return (int)value;
}

struct cib_version
cib_version_of(const xmlNode *root)
{
    return (struct cib_version){
        .admin_epoch = counter_of(root, CIB_A_ADMIN_EPOCH),
        .epoch = counter_of(root, CIB_A_EPOCH),
        .num_updates = counter_of(root, CIB_A_NUM_UPDATES),
    };
}

int
cib_version_compare(const struct cib_version *a, const struct cib_version *b)
{
    if (a->admin_epoch != b->admin_epoch) {
        return a->admin_epoch < b->admin_epoch ? -1 : 1;
    }
    if (a->epoch != b->epoch) {
        return a->epoch < b->epoch ? -1 : 1;
    }
    if (a->num_updates != b->num_updates) {
        return a->num_updates < b->num_updates ? -1 : 1;
    }
    return 0;
}

xmlNode *
cib_empty_new(const char *schema, int epoch)
{
    static const char *const sections[] = { "crm_config", "nodes", "resources", "constraints" };
    xmlNode *root = xml_new(NULL, "cib"), *configuration;

    xml_set(root, CIB_A_FEATURE_SET, FEATURE_SET);
    xml_set(root, CIB_A_VALIDATE_WITH, schema);
    xml_set_int(root, CIB_A_EPOCH, epoch);
    xml_set_int(root, CIB_A_NUM_UPDATES, 0);
    xml_set_int(root, CIB_A_ADMIN_EPOCH, 0);
    configuration = xml_new(root, "configuration");
    for (guint i = 0; i < G_N_ELEMENTS(sections); i++) {
        xml_new(configuration, sections[i]);
    }
    xml_new(root, "status");
    return root;
}

/* --- walking --- */

bool
cib_node_is_within(const xmlNode *node, const xmlNode *ancestor)
{
    while (node != NULL && node != ancestor) {
        node = node->parent;
    }
    return node != NULL;
}

int
cib_node_position(const xmlNode *node)
{
    int n = 0;

    for (const xmlNode *p = node->prev; p != NULL; p = p->prev) {
        n += cib_node_counts(p);
    }
    return n;
}

static void
append_path(GString *out, const xmlNode *node)
{
    const char *id;

    if (node->parent != NULL && node->parent->type == XML_ELEMENT_NODE) {
        append_path(out, node->parent);
    }
    g_string_append_c(out, '/');
    g_string_append(out, xml_name(node)); /* of comments: "comment" */
    id = node->type == XML_ELEMENT_NODE ? xml_id(node) : NULL;
    if (id != NULL) {
        g_string_append_printf(out, "[@id='%s']", id);
    }
}

char *
cib_node_path(const xmlNode *node)
{
    GString *out = g_string_sized_new(128);

    append_path(out, node);
    return g_string_free(out, FALSE);
}

/* --- the id index --- */

static void
free_list(gpointer list)
{
    g_slist_free(list);
}

static void
index_add(struct cib_doc *d, const char *id, xmlNode *node)
{
    gpointer key, list;

    if (g_hash_table_lookup_extended(d->ids, id, &key, &list)) {
        /* behind the first one: the value of the table stays */
        ((GSList *)list)->next = g_slist_prepend(((GSList *)list)->next, node);
    } else {
        g_hash_table_insert(d->ids, g_strdup(id), g_slist_prepend(NULL, node));
    }
}

static void
index_remove(struct cib_doc *d, const char *id, xmlNode *node)
{
    gpointer key, value;
    GSList *list;

    if (!g_hash_table_lookup_extended(d->ids, id, &key, &value)) {
        return;
    }
    list = value;
    if (list->next == NULL) {
        g_hash_table_remove(d->ids, id);
    } else if (list->data == node) {
        GSList *second = list->next;

        list->data = second->data;
        list->next = second->next;
        g_slist_free_1(second);
    } else {
        list->next = g_slist_remove(list->next, node);
    }
}

void
cib_doc_index_node(struct cib_doc *d, xmlNode *node, bool add)
{
    const char *id;

    if (d->ids == NULL || node->type != XML_ELEMENT_NODE || (id = xml_id(node)) == NULL) {
        return;
    }
    if (add) {
        index_add(d, id, node);
    } else {
        index_remove(d, id, node);
    }
}

void
cib_doc_index_tree(struct cib_doc *d, xmlNode *top, bool add)
{
    if (d->ids == NULL) {
        return;
    }
    for (xmlNode *n = top; n != NULL; n = cib_next_in_tree(top, n, false)) {
        cib_doc_index_node(d, n, add);
    }
}

const GSList *
cib_doc_elements_with_id(const struct cib_doc *d, const char *id)
{
    return d->ids != NULL ? g_hash_table_lookup(d->ids, id) : NULL;
}

static bool
name_matches(const xmlNode *node, const char *name, bool nocase)
{
    if (name == NULL) {
        return true;
    }
    return nocase ? strcasecmp(xml_name(node), name) == 0 : strcmp(xml_name(node), name) == 0;
}

xmlNode *
cib_doc_find_id(const struct cib_doc *d, const xmlNode *within, const char *name, const char *id, bool nocase)
{
    xmlNode *best = NULL;

    if (d->ids == NULL) {
        for (xmlNode *n = (xmlNode *)within; n != NULL; n = cib_next_in_tree(within, n, false)) {
            if (n->type == XML_ELEMENT_NODE && name_matches(n, name, nocase) && text_equal(xml_id(n), id)) {
                return n;
            }
        }
        return NULL;
    }
    for (const GSList *l = cib_doc_elements_with_id(d, id); l != NULL; l = l->next) {
        xmlNode *n = l->data;

        if (name_matches(n, name, nocase) && cib_node_is_within(n, within)
            && (best == NULL || xmlXPathCmpNodes(n, best) > 0)) {
            best = n;
        }
    }
    return best;
}

/* --- making and freeing --- */

static void
clear_deletion(gpointer data)
{
    g_free(((struct cib_deletion *)data)->path);
}

static GHashTable *
new_index(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_list);
}

struct cib_doc *
cib_doc_new_take(xmlNode *root)
{
    struct cib_doc *d = g_new0(struct cib_doc, 1);

    d->root = root;
    xml_strip_text(root);
    d->ids = new_index();
    d->edits = g_array_new(FALSE, FALSE, sizeof(struct cib_edit));
    d->marks = g_ptr_array_new();
    d->deletions = g_array_new(FALSE, FALSE, sizeof(struct cib_deletion));
    g_array_set_clear_func(d->deletions, clear_deletion);
    cib_doc_index_tree(d, root, true);
    return d;
}

void
cib_doc_free(struct cib_doc *d)
{
    if (d == NULL) {
        return;
    }
    if (d->open) {
        cib_doc_undo(d);
    }
    xml_free(d->root);
    g_hash_table_destroy(d->ids);
    g_array_free(d->edits, TRUE);
    g_ptr_array_free(d->marks, TRUE);
    g_array_free(d->deletions, TRUE);
    g_free(d->valid_for);
    g_free(d);
}
