/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Edits of the CIB document, each noted in a journal by which it can be undone.  Used by the operations.  Never decides what an
 * operation means.  (spec 20 §2, §3.1)
 */
#include "lib/cib/cib_doc_impl.h"

#include <string.h>

#include "lib/base/xml.h"
#include "lib/cib/cib_compare.h"

/* --- the journal --- */

void
cib_doc_begin(struct cib_doc *d)
{
    g_assert(!d->open && d->edits->len == 0 && d->marks->len == 0);
    d->open = true;
    d->dirty = false;
}

static struct cib_edit *
record(struct cib_doc *d, enum edit_kind kind, xmlNode *node)
{
    struct cib_edit e = { .kind = kind, .node = node };

    g_array_append_val(d->edits, e);
    return &g_array_index(d->edits, struct cib_edit, d->edits->len - 1);
}

static void
free_attrs(xmlNode *owner, xmlAttr *attr)
{
    (void)owner;
    if (attr != NULL) {
        xmlFreePropList(attr);
    }
}

/* What an edit kept for its undo, when it is not undone. */
static void
drop_edit(struct cib_edit *e)
{
    switch (e->kind) {
    case EDIT_ATTR_VALUE:
    case EDIT_ATTR_NEW:
        g_free(e->name);
        g_free(e->old);
        break;
    case EDIT_ATTR_GONE:
        xmlFreeProp(e->attr);
        break;
    case EDIT_ATTRS:
        free_attrs(e->node, e->attr);
        break;
    case EDIT_NODE_GONE:
        xmlFreeNode(e->node);
        break;
    case EDIT_ROOT:
        xml_free(e->node);
        break;
    case EDIT_NODE_NEW:
    case EDIT_NODE_MOVED:
        break;
    }
}

void
cib_doc_commit(struct cib_doc *d)
{
    g_assert(d->open);
    cib_doc_forget_marks(d);
    /* oldest first: a replaced root takes its document, which the parts taken out before it still refer to */
    for (guint i = 0; i < d->edits->len; i++) {
        drop_edit(&g_array_index(d->edits, struct cib_edit, i));
    }
    g_array_set_size(d->edits, 0);
    d->open = false;
}

static void
link_before(xmlNode *parent, xmlNode *node, xmlNode *next)
{
    node->parent = parent;
    node->next = next;
    node->prev = next != NULL ? next->prev : parent->last;
    if (node->prev != NULL) {
        node->prev->next = node;
    } else {
        parent->children = node;
    }
    if (next != NULL) {
        next->prev = node;
    } else {
        parent->last = node;
    }
}

static xmlAttr *
find_attr(const xmlNode *node, const char *name)
{
    for (xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (strcmp((const char *)a->name, name) == 0) {
            return a;
        }
    }
    return NULL;
}

static void
unlink_attr(xmlNode *node, xmlAttr *attr)
{
    if (attr->prev != NULL) {
        attr->prev->next = attr->next;
    } else {
        node->properties = attr->next;
    }
    if (attr->next != NULL) {
        attr->next->prev = attr->prev;
    }
    attr->prev = attr->next = NULL;
}

static void
relink_attr(xmlNode *node, xmlAttr *attr, xmlAttr *after)
{
    attr->parent = node;
    attr->prev = after;
    attr->next = after != NULL ? after->next : node->properties;
    if (after != NULL) {
        after->next = attr;
    } else {
        node->properties = attr;
    }
    if (attr->next != NULL) {
        attr->next->prev = attr;
    }
}

static void
put_root_back(struct cib_doc *d, struct cib_edit *e)
{
    xmlNode *made = d->root;

    d->root = e->node;
    xml_free(made);
    if (d->ids != NULL) {
        g_hash_table_remove_all(d->ids);
        cib_doc_index_tree(d, d->root, true);
    }
}

static void
undo_edit(struct cib_doc *d, struct cib_edit *e)
{
    switch (e->kind) {
    case EDIT_ATTR_VALUE:
    case EDIT_ATTR_NEW:
        cib_doc_index_node(d, e->node, false);
        if (e->kind == EDIT_ATTR_VALUE) {
            xmlSetProp(e->node, (const xmlChar *)e->name, (const xmlChar *)e->old);
        } else {
            xmlAttr *a = find_attr(e->node, e->name);

            unlink_attr(e->node, a);
            xmlFreeProp(a);
        }
        cib_doc_index_node(d, e->node, true);
        g_free(e->name);
        g_free(e->old);
        break;
    case EDIT_ATTR_GONE:
        cib_doc_index_node(d, e->node, false);
        relink_attr(e->node, e->attr, e->after);
        cib_doc_index_node(d, e->node, true);
        break;
    case EDIT_ATTRS:
        cib_doc_index_node(d, e->node, false);
        free_attrs(e->node, e->node->properties);
        e->node->properties = e->attr;
        cib_doc_index_node(d, e->node, true);
        break;
    case EDIT_NODE_NEW:
        cib_doc_index_tree(d, e->node, false);
        xmlUnlinkNode(e->node);
        xmlFreeNode(e->node);
        break;
    case EDIT_NODE_GONE:
        link_before(e->parent, e->node, e->next);
        cib_doc_index_tree(d, e->node, true);
        break;
    case EDIT_NODE_MOVED:
        xmlUnlinkNode(e->node);
        link_before(e->parent, e->node, e->next);
        break;
    case EDIT_ROOT:
        put_root_back(d, e);
        break;
    }
}

void
cib_doc_undo(struct cib_doc *d)
{
    g_assert(d->open);
    cib_doc_forget_marks(d);
    for (guint i = d->edits->len; i-- > 0;) {
        undo_edit(d, &g_array_index(d->edits, struct cib_edit, i));
    }
    g_array_set_size(d->edits, 0);
    d->open = false;
    d->dirty = false;
}

/* --- edits --- */

/* The bare change of one attribute with its journal entry. */
static bool
change_attr(struct cib_doc *d, xmlNode *node, const char *name, const char *value)
{
    xmlAttr *attr = find_attr(node, name);
    bool is_id = strcmp(name, "id") == 0;
    struct cib_edit *e;

    if (attr == NULL ? value == NULL : value != NULL && strcmp(xml_attr_value(attr), value) == 0) {
        return false;
    }
    if (is_id) {
        cib_doc_index_node(d, node, false);
    }
    if (value == NULL) {
        xmlAttr *after = attr->prev;

        unlink_attr(node, attr);
        if (d->open) {
            e = record(d, EDIT_ATTR_GONE, node);
            e->attr = attr;
            e->after = after;
        } else {
            xmlFreeProp(attr);
        }
    } else {
        if (d->open) {
            e = record(d, attr != NULL ? EDIT_ATTR_VALUE : EDIT_ATTR_NEW, node);
            e->name = g_strdup(name);
            e->old = attr != NULL ? g_strdup(xml_attr_value(attr)) : NULL;
        }
        xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
    }
    if (is_id) {
        cib_doc_index_node(d, node, true);
    }
    return true;
}

bool
cib_doc_set(struct cib_doc *d, xmlNode *node, const char *name, const char *value)
{
    if (!change_attr(d, node, name, value)) {
        return false;
    }
    if (d->open) {
        cib_mark_attr(cib_doc_mark_touching(d, node, CIB_MARK_VALUES), name);
    }
    return true;
}

void
cib_doc_set_int(struct cib_doc *d, xmlNode *node, const char *name, int value)
{
    char text[16];

    g_snprintf(text, sizeof(text), "%d", value);
    cib_doc_set(d, node, name, text);
}

void
cib_doc_stamp(struct cib_doc *d, const char *name, const char *value)
{
    change_attr(d, d->root, name, value);
}

/* True if both elements have the same attributes in the same order. */
static bool
same_attrs(const xmlNode *a, const xmlNode *b)
{
    const xmlAttr *x = a->properties, *y = b->properties;

    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (strcmp((const char *)x->name, (const char *)y->name) != 0
            || strcmp(xml_attr_value(x), xml_attr_value(y)) != 0) {
            return false;
        }
    }
    return x == NULL && y == NULL;
}

void
cib_doc_set_all(struct cib_doc *d, xmlNode *node, const xmlNode *like)
{
    xmlAttr *old = node->properties;

    if (same_attrs(node, like)) {
        return;
    }
    cib_doc_index_node(d, node, false);
    node->properties = NULL;
    for (const xmlAttr *a = like->properties; a != NULL; a = a->next) {
        xmlSetProp(node, a->name, (const xmlChar *)xml_attr_value(a));
    }
    cib_doc_index_node(d, node, true);
    if (d->open) {
        struct cib_mark *m = cib_doc_mark_touching(d, node, 0);

        cib_compare_attrs(old, node->properties, true, m);
        record(d, EDIT_ATTRS, node)->attr = old;
    } else {
        free_attrs(node, old);
    }
}

xmlNode *
cib_doc_add_element(struct cib_doc *d, xmlNode *parent, const char *name)
{
    xmlNode *node = xmlNewDocNode(parent->doc, NULL, (const xmlChar *)name, NULL);

    link_before(parent, node, NULL);
    if (d->open) {
        record(d, EDIT_NODE_NEW, node);
        cib_doc_mark(d, node, CIB_MARK_CREATED | CIB_MARK_EMPTY);
        cib_doc_mark_upwards(d, parent, CIB_MARK_BELOW);
    }
    return node;
}

xmlNode *
cib_doc_insert_copy(struct cib_doc *d, xmlNode *parent, xmlNode *before, const xmlNode *src, enum cib_tracking how)
{
    xmlNode *node = xmlDocCopyNode((xmlNode *)src, parent->doc, 1);

    xml_strip_text(node);
    link_before(parent, node, before);
    cib_doc_index_tree(d, node, true);
    if (d->open) {
        record(d, EDIT_NODE_NEW, node);
        cib_doc_mark(d, node, CIB_MARK_CREATED);
        cib_doc_mark_upwards(d, parent, CIB_MARK_BELOW);
        if (how == CIB_TRACK_COMPARE) {
            cib_doc_mark_upwards(d, node, CIB_MARK_TOUCHED);
        }
        d->dirty = true;
    }
    return node;
}

/* Take a node out of the tree without counting it. */
static void
take_out(struct cib_doc *d, xmlNode *node)
{
    struct cib_edit *e;

    cib_doc_index_tree(d, node, false);
    if (d->open) {
        e = record(d, EDIT_NODE_GONE, node);
        e->parent = node->parent;
        e->next = node->next;
        xmlUnlinkNode(node);
    } else {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

void
cib_doc_remove(struct cib_doc *d, xmlNode *node)
{
    if (d->open && !cib_doc_created_now(node)) {
        cib_doc_note_deletion(d, node, node->type == XML_COMMENT_NODE ? cib_node_position(node) : -1);
        /* the path of the deletion counts, not the ancestors (they are not touched by it): spec 20 §3.1 */
    }
    take_out(d, node);
}

void
cib_doc_move(struct cib_doc *d, xmlNode *node, xmlNode *before)
{
    xmlNode *parent = node->parent;

    if (before == node || node->next == before) {
        return;
    }
    if (d->open) {
        struct cib_edit *e = record(d, EDIT_NODE_MOVED, node);

        e->parent = parent;
        e->next = node->next;
        cib_doc_mark_touching(d, node, CIB_MARK_MOVED);
    }
    xmlUnlinkNode(node);
    link_before(parent, node, before);
}

xmlNode *
cib_doc_replace(struct cib_doc *d, xmlNode *old, const xmlNode *src)
{
    xmlNode *node;

    if (old == d->root) {
        node = xml_copy(NULL, src);
        xml_strip_text(node);
        if (d->open) {
            cib_compare_trees(d, old, node);
            record(d, EDIT_ROOT, old);
        } else {
            xml_free(old);
        }
        d->root = node;
        if (d->ids != NULL) {
            g_hash_table_remove_all(d->ids);
            cib_doc_index_tree(d, node, true);
        }
        d->swept = false;
        return node;
    }

    node = xmlDocCopyNode((xmlNode *)src, old->doc, 1);
    xml_strip_text(node);
    if (d->open) {
        /* a replace pairs names without regard to case; the schema does not */
        bool differs = cib_compare_trees(d, old, node) || strcmp(xml_name(old), xml_name(node)) != 0;

        /* insert first: undo takes the new one out last */
        link_before(old->parent, node, old);
        record(d, EDIT_NODE_NEW, node);
        if (differs) {
            cib_doc_mark_touching(d, node, 0);
        }
    } else {
        link_before(old->parent, node, old);
    }
    cib_doc_index_tree(d, node, true);
    take_out(d, old);
    return node;
}
