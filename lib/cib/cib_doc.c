/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB document: edits, their journal and its undo, marks, the id index.  Used by the operations and the
 * patch code.  Never decides what an operation means.  (spec 20 §2, §3.1)
 */
#include "lib/cib/cib_doc.h"

#include <libxml/xpath.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_compare.h"
#include "lib/cib/cib_proto.h"

enum edit_kind {
    EDIT_ATTR_VALUE,  /* attribute `name` of node had the value `old` */
    EDIT_ATTR_NEW,    /* attribute `name` of node was not there */
    EDIT_ATTR_GONE,   /* `attr` stood behind `after` */
    EDIT_ATTRS,       /* node had the attribute list starting with `attr` */
    EDIT_NODE_NEW,    /* node was not there */
    EDIT_NODE_GONE,   /* node stood in `parent` before `next` */
    EDIT_NODE_MOVED,  /* the same */
    EDIT_ROOT,        /* node was the root */
};

struct cib_edit {
    enum edit_kind kind;
    xmlNode *node;
    union { /* by kind */
        struct {
            char *name; /* owned */
            char *old;  /* owned */
        };
        struct {
            xmlAttr *attr;
            xmlAttr *after;
        };
        struct {
            xmlNode *parent;
            xmlNode *next;
        };
    };
};

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

/* Next node in document order within `top`; with `skip` not into the children of `node`. */
static xmlNode *
next_in_tree(const xmlNode *top, xmlNode *node, bool skip)
{
    if (!skip && node->type == XML_ELEMENT_NODE && node->children != NULL) {
        return node->children;
    }
    while (node != top) {
        if (node->next != NULL) {
            return node->next;
        }
        node = node->parent;
    }
    return NULL;
}

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

static void
index_node(struct cib_doc *d, xmlNode *node, bool add)
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

static void
index_tree(struct cib_doc *d, xmlNode *top, bool add)
{
    if (d->ids == NULL) {
        return;
    }
    for (xmlNode *n = top; n != NULL; n = next_in_tree(top, n, false)) {
        index_node(d, n, add);
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
        for (xmlNode *n = (xmlNode *)within; n != NULL; n = next_in_tree(within, n, false)) {
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
    index_tree(d, root, true);
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

/* Marks on a node that is about to be freed must leave the table too. */
static void
forget_marks(struct cib_doc *d)
{
    for (guint i = 0; i < d->marks->len; i++) {
        forget_mark(g_ptr_array_index(d->marks, i));
    }
    g_ptr_array_set_size(d->marks, 0);
    g_array_set_size(d->deletions, 0);
}

/* Tell all ancestors that there is something below, up to the first that knows. */
static void
mark_upwards(struct cib_doc *d, xmlNode *node, unsigned flags)
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

/* An edit of this node counts and shows in the ancestors. */
static struct cib_mark *
mark_touching(struct cib_doc *d, xmlNode *node, unsigned flags)
{
    struct cib_mark *m = mark_of(d, node);

    m->flags |= flags | CIB_MARK_BELOW | CIB_MARK_TOUCHED;
    mark_upwards(d, node->parent, CIB_MARK_BELOW);
    mark_upwards(d, node->parent, CIB_MARK_TOUCHED);
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

static bool
created_in_this_change(const xmlNode *node)
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
    for (xmlNode *n = top; n != NULL; n = next_in_tree(top, n, false)) {
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
    forget_marks(d);
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
        index_tree(d, d->root, true);
    }
}

static void
undo_edit(struct cib_doc *d, struct cib_edit *e)
{
    switch (e->kind) {
    case EDIT_ATTR_VALUE:
    case EDIT_ATTR_NEW:
        index_node(d, e->node, false);
        if (e->kind == EDIT_ATTR_VALUE) {
            xmlSetProp(e->node, (const xmlChar *)e->name, (const xmlChar *)e->old);
        } else {
            xmlAttr *a = find_attr(e->node, e->name);

            unlink_attr(e->node, a);
            xmlFreeProp(a);
        }
        index_node(d, e->node, true);
        g_free(e->name);
        g_free(e->old);
        break;
    case EDIT_ATTR_GONE:
        index_node(d, e->node, false);
        relink_attr(e->node, e->attr, e->after);
        index_node(d, e->node, true);
        break;
    case EDIT_ATTRS:
        index_node(d, e->node, false);
        free_attrs(e->node, e->node->properties);
        e->node->properties = e->attr;
        index_node(d, e->node, true);
        break;
    case EDIT_NODE_NEW:
        index_tree(d, e->node, false);
        xmlUnlinkNode(e->node);
        xmlFreeNode(e->node);
        break;
    case EDIT_NODE_GONE:
        link_before(e->parent, e->node, e->next);
        index_tree(d, e->node, true);
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
    forget_marks(d);
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
        index_node(d, node, false);
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
        index_node(d, node, true);
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
        cib_mark_attr(mark_touching(d, node, CIB_MARK_VALUES), name);
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
    index_node(d, node, false);
    node->properties = NULL;
    for (const xmlAttr *a = like->properties; a != NULL; a = a->next) {
        xmlSetProp(node, a->name, (const xmlChar *)xml_attr_value(a));
    }
    index_node(d, node, true);
    if (d->open) {
        struct cib_mark *m = mark_touching(d, node, 0);

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
        mark_upwards(d, parent, CIB_MARK_BELOW);
    }
    return node;
}

xmlNode *
cib_doc_insert_copy(struct cib_doc *d, xmlNode *parent, xmlNode *before, const xmlNode *src, enum cib_tracking how)
{
    xmlNode *node = xmlDocCopyNode((xmlNode *)src, parent->doc, 1);

    xml_strip_text(node);
    link_before(parent, node, before);
    index_tree(d, node, true);
    if (d->open) {
        record(d, EDIT_NODE_NEW, node);
        cib_doc_mark(d, node, CIB_MARK_CREATED);
        mark_upwards(d, parent, CIB_MARK_BELOW);
        if (how == CIB_TRACK_COMPARE) {
            mark_upwards(d, node, CIB_MARK_TOUCHED);
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

    index_tree(d, node, false);
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
    if (d->open && !created_in_this_change(node)) {
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
        mark_touching(d, node, CIB_MARK_MOVED);
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
            index_tree(d, node, true);
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
            mark_touching(d, node, 0);
        }
    } else {
        link_before(old->parent, node, old);
    }
    index_tree(d, node, true);
    take_out(d, old);
    return node;
}
