/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a change touched: marks on its nodes, and questions about the change as a whole.  Used by the patch code and by those who
 * validate, permit or announce a change.  Never edits.  (spec 20 §3.1)
 */
#include "lib/cib/cib_doc_impl.h"

#include <string.h>

#include "lib/base/xml.h"

/* --- marks --- */

const struct cib_mark *
cib_node_mark(const xmlNode *node)
{
    return node->_private;
}

static struct cib_mark *
mark_of(struct cib_doc *d, xmlNode *node)
{
    if (node->_private == NULL) {
        node->_private = g_new0(struct cib_mark, 1);
        g_ptr_array_add(d->marks, node);
    }
    return node->_private;
}

static void
forget_mark(xmlNode *node)
{
    struct cib_mark *m = node->_private;

    if (m != NULL) {
        if (m->attrs != NULL) {
            g_ptr_array_free(m->attrs, TRUE);
        }
        g_free(m);
        node->_private = NULL;
    }
}

void
cib_doc_forget_marks(struct cib_doc *d)
{
    for (guint i = 0; i < d->marks->len; i++) {
        forget_mark(g_ptr_array_index(d->marks, i));
    }
    g_ptr_array_set_size(d->marks, 0);
    g_array_set_size(d->deletions, 0);
}

void
cib_doc_mark_upwards(struct cib_doc *d, xmlNode *node, unsigned flags)
{
    for (; node != NULL && node->type == XML_ELEMENT_NODE; node = node->parent) {
        struct cib_mark *m = mark_of(d, node);

        if ((m->flags & flags) == flags) {
            break;
        }
        m->flags |= flags;
    }
}

struct cib_mark *
cib_doc_mark(struct cib_doc *d, xmlNode *node, unsigned flags)
{
    struct cib_mark *m = mark_of(d, node);

    m->flags |= flags | CIB_MARK_BELOW;
    return m;
}

void
cib_mark_attr(struct cib_mark *m, const char *name)
{
    if (m->attrs == NULL) {
        m->attrs = g_ptr_array_new_with_free_func(g_free);
    }
    for (guint i = 0; i < m->attrs->len; i++) {
        if (strcmp(g_ptr_array_index(m->attrs, i), name) == 0) {
            return;
        }
    }
    m->flags |= CIB_MARK_ATTRS;
    g_ptr_array_add(m->attrs, g_strdup(name));
}

struct cib_mark *
cib_doc_mark_touching(struct cib_doc *d, xmlNode *node, unsigned flags)
{
    struct cib_mark *m = mark_of(d, node);

    m->flags |= flags | CIB_MARK_BELOW | CIB_MARK_TOUCHED;
    cib_doc_mark_upwards(d, node->parent, CIB_MARK_BELOW);
    cib_doc_mark_upwards(d, node->parent, CIB_MARK_TOUCHED);
    d->dirty = true;
    return m;
}

void
cib_doc_count_marks(struct cib_doc *d)
{
    for (guint i = 0; i < d->marks->len; i++) {
        ((struct cib_mark *)((xmlNode *)g_ptr_array_index(d->marks, i))->_private)->marked_children = 0;
    }
    for (guint i = 0; i < d->marks->len; i++) {
        xmlNode *node = g_ptr_array_index(d->marks, i), *parent = node->parent;
        struct cib_mark *m = parent != NULL && parent->type == XML_ELEMENT_NODE ? parent->_private : NULL;

        if (m != NULL) {
            m->marked_children++;
            m->one_child = node;
        }
    }
}

bool
cib_doc_created_now(const xmlNode *node)
{
    for (; node != NULL && node->type != XML_DOCUMENT_NODE; node = node->parent) {
        const struct cib_mark *m = node->_private;

        if (m != NULL && (m->flags & CIB_MARK_CREATED)) {
            return true;
        }
    }
    return false;
}

void
cib_doc_note_deletion(struct cib_doc *d, const xmlNode *node, int position)
{
    struct cib_deletion del = {
        .path = cib_node_path(node),
        .position = node->type == XML_COMMENT_NODE ? position : -1,
        .node = node,
    };

    g_array_append_val(d->deletions, del);
    d->dirty = true;
}

bool
cib_doc_config_changed(const struct cib_doc *d)
{
    const xmlNode *configuration = xml_first(d->root, "configuration");
    const struct cib_mark *m = configuration != NULL ? configuration->_private : NULL;

    if (m != NULL && (m->flags & CIB_MARK_TOUCHED)) {
        return true;
    }
    for (guint i = 0; i < d->deletions->len; i++) {
        if (strstr(g_array_index(d->deletions, struct cib_deletion, i).path, "/cib/configuration") != NULL) {
            return true;
        }
    }
    return false;
}

bool
cib_doc_sets_values_only(const struct cib_doc *d, cib_doc_value_fn all, void *data)
{
    for (guint i = 0; i < d->edits->len; i++) {
        const struct cib_edit *e = &g_array_index(d->edits, struct cib_edit, i);

        if (e->kind != EDIT_ATTR_VALUE || !all(data, e->node, e->name)) {
            return false;
        }
    }
    return true;
}

bool
cib_doc_root_replaced(const struct cib_doc *d)
{
    for (guint i = 0; i < d->edits->len; i++) {
        if (g_array_index(d->edits, struct cib_edit, i).kind == EDIT_ROOT) {
            return true;
        }
    }
    return false;
}

bool
cib_doc_is_replacement(const struct cib_doc *d, const xmlNode *node)
{
    for (guint i = 0; i < d->edits->len; i++) {
        const struct cib_edit *e = &g_array_index(d->edits, struct cib_edit, i);
        const struct cib_mark *m = e->kind == EDIT_NODE_NEW ? e->node->_private : NULL;

        if (e->kind == EDIT_ROOT
            || (e->kind == EDIT_NODE_NEW && (m == NULL || !(m->flags & CIB_MARK_CREATED)) && cib_node_is_within(node, e->node))) {
            return true;
        }
    }
    return false;
}

const xmlNode *
cib_doc_parent_before(const struct cib_doc *d, const xmlNode *node)
{
    const xmlNode *parent = node->parent;

    for (guint i = 0; parent == NULL && i < d->edits->len; i++) {
        const struct cib_edit *e = &g_array_index(d->edits, struct cib_edit, i);

        if (e->kind == EDIT_NODE_GONE && e->node == node) {
            parent = e->parent;
        }
    }
    return parent != NULL && parent->type == XML_ELEMENT_NODE ? parent : NULL;
}

static void
add_ids(GHashTable *set, xmlNode *top)
{
    for (xmlNode *n = top; n != NULL; n = cib_next_in_tree(top, n, false)) {
        if (n->type == XML_ELEMENT_NODE && xml_id(n) != NULL) {
            g_hash_table_add(set, g_strdup(xml_id(n)));
        }
    }
}

GHashTable *
cib_doc_lost_ids(const struct cib_doc *d)
{
    GHashTable *lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < d->edits->len; i++) {
        const struct cib_edit *e = &g_array_index(d->edits, struct cib_edit, i);

        if (e->kind == EDIT_NODE_GONE) {
            add_ids(lost, e->node);
        } else if (e->kind == EDIT_ATTR_VALUE && strcmp(e->name, "id") == 0) {
            g_hash_table_add(lost, g_strdup(e->old));
        } else if (e->kind == EDIT_ATTR_GONE || e->kind == EDIT_ATTRS) {
            for (const xmlAttr *a = e->attr; a != NULL; a = a->next) {
                if (strcmp((const char *)a->name, "id") == 0) {
                    g_hash_table_add(lost, g_strdup(xml_attr_value(a)));
                }
            }
        }
    }
    return lost;
}
