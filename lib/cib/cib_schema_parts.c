/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which parts of a document a change can have made invalid.  Used by cib_schema.c.  Never judges: where parts
 * cannot tell, the whole document is validated.  (spec 25 §3-§5)
 */
#include "lib/cib/cib_schema_parts.h"

#include <libxml/valid.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_patch.h"

/* Elements whose `id` is a reference or free text in every schema, never an ID. */
static const char *const no_id_elements[] = { "resource_ref", "obj_ref", "role", "role_ref", "node", "acl_target" };

static const xmlNode *
status_of(const struct cib_doc *d)
{
    return xml_first(d->root, "status");
}

static bool
may_define_id(const struct cib_doc *d, const xmlNode *n)
{
    const xmlNode *status = status_of(d);

    for (guint i = 0; i < G_N_ELEMENTS(no_id_elements); i++) {
        if (strcmp(xml_name(n), no_id_elements[i]) == 0) {
            return false;
        }
    }
    return status == NULL || !cib_node_is_within(n, status);
}

/* Elements of the document that may define this id. */
static guint
count_definitions(const struct cib_doc *d, const char *id)
{
    guint n = 0;

    for (const GSList *l = cib_doc_elements_with_id(d, id); l != NULL; l = l->next) {
        n += may_define_id(d, l->data);
    }
    return n;
}

/* --- references to what is gone --- */

static bool
refers_to(const xmlNode *node, GHashTable *gone)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (g_hash_table_contains(gone, xml_attr_value(a))) {
            return true;
        }
    }
    xml_for_each(c, node, NULL)
    {
        if (refers_to(c, gone)) {
            return true;
        }
    }
    return false;
}

/* Some attribute of the configuration has the value of an id that nothing defines any more. */
static bool
leaves_dangling(const struct cib_doc *d)
{
    g_autoptr(GHashTable) lost = cib_doc_lost_ids(d);
    const xmlNode *configuration = xml_first(d->root, "configuration");
    GHashTableIter iter;
    gpointer id;

    g_hash_table_iter_init(&iter, lost);
    while (g_hash_table_iter_next(&iter, &id, NULL)) {
        if (count_definitions(d, id) > 0) {
            g_hash_table_iter_remove(&iter);
        }
    }
    return g_hash_table_size(lost) > 0 && configuration != NULL && refers_to(configuration, lost);
}

/* --- the parts --- */

/* What is being put together; belongs to the document of the parts. */
struct parts {
    const struct cib_doc *d;
    bool keep_one;
    GHashTable *included; /* elements of the document whose whole subtree is in the parts */
    GHashTable *bereft;   /* children of sections out of which something was deleted: deletions leave no mark */
    xmlNode *holder;      /* has the ids that are defined outside the parts; NULL until somebody wants to see them */
};

static void
copy_attrs(xmlNode *to, const xmlNode *from)
{
    for (const xmlAttr *a = from->properties; a != NULL; a = a->next) {
        xmlNewProp(to, a->name, (const xmlChar *)xml_attr_value(a));
    }
}

static xmlNode *
frame_of(xmlNode *parent, const xmlNode *src)
{
    xmlNode *e = xmlNewChild(parent, NULL, src->name, NULL);

    copy_attrs(e, src);
    return e;
}

/* Cut a patchset path behind /cib/configuration/SECTION/CHILD. */
static void
cut_path(char *path)
{
    int slashes = 0;
    bool quoted = false;

    for (char *p = path; *p != '\0'; p++) {
        if (*p == '\'') {
            quoted = !quoted;
        } else if (*p == '/' && !quoted && ++slashes == 5) {
            *p = '\0';
            return;
        }
    }
}

static GHashTable *
bereft_children(const struct cib_doc *d)
{
    GHashTable *set = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < d->deletions->len; i++) {
        g_autofree char *path = g_strdup(g_array_index(d->deletions, struct cib_deletion, i).path);
        xmlNode *child;

        cut_path(path);
        child = cib_patch_locate(d->root, path, -1);
        if (child != NULL) {
            g_hash_table_add(set, child);
        }
    }
    return set;
}

static void
include(struct parts *p, xmlNode *copy, xmlNode *child)
{
    if (child->type == XML_ELEMENT_NODE && g_hash_table_add(p->included, child)) {
        xml_copy(copy, child);
    }
}

static void
add_section(struct parts *p, xmlNode *parent, const xmlNode *section)
{
    const struct cib_mark *mark = cib_node_mark(section);
    xmlNode *copy = frame_of(parent, section), *last = section->last;
    guint left = mark != NULL ? mark->marked_children : 0;
    GHashTableIter iter;
    gpointer child;

    if (mark != NULL && (mark->flags & CIB_MARK_CREATED)) {
        for (xmlNode *c = section->children; c != NULL; c = c->next) {
            include(p, copy, c);
        }
        return;
    }
    if (left == 1) {
        include(p, copy, mark->one_child);
    } else {
        for (xmlNode *c = section->children; c != NULL && left > 0; c = c->next) {
            if (c->_private != NULL) {
                include(p, copy, c);
                left--;
            }
        }
    }
    g_hash_table_iter_init(&iter, p->bereft);
    while (g_hash_table_iter_next(&iter, &child, NULL)) {
        if (((xmlNode *)child)->parent == section) {
            include(p, copy, child);
        }
    }
    while (p->keep_one && last != NULL && last->type != XML_ELEMENT_NODE) {
        last = last->prev;
    }
    if (p->keep_one && copy->children == NULL && last != NULL) {
        include(p, copy, last);
    }
}

static bool
is_included(const struct parts *p, const xmlNode *n)
{
    for (; n != NULL && n->type == XML_ELEMENT_NODE; n = n->parent) {
        if (g_hash_table_contains(p->included, n)) {
            return true;
        }
    }
    return false;
}

/*
 * References that lead out of the parts shall find their target: a value that is defined as an id elsewhere, and only
 * there, goes into the table of ids.
 */
static void
enter_outside_id(const struct parts *p, xmlNode *holder, const char *value)
{
    bool outside = false;

    for (const GSList *l = cib_doc_elements_with_id(p->d, value); l != NULL; l = l->next) {
        if (may_define_id(p->d, l->data)) {
            if (is_included(p, l->data)) {
                return;
            }
            outside = true;
        }
    }
    if (outside) {
        xmlAddID(NULL, holder->doc, (const xmlChar *)value, xmlNewProp(holder, BAD_CAST "of", (const xmlChar *)value));
    }
}

static void
enter_outside_ids(const struct parts *p, xmlNode *holder, const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        enter_outside_id(p, holder, xml_attr_value(a));
    }
    xml_for_each(c, node, NULL)
    {
        enter_outside_ids(p, holder, c);
    }
}

xmlDoc *
cib_schema_changed_parts(struct cib_doc *d, bool keep_one)
{
    struct parts *p;
    xmlDoc *doc;
    xmlNode *root;

    if (cib_doc_root_replaced(d) || leaves_dangling(d)) {
        return NULL;
    }
    cib_doc_count_marks(d);
    p = g_new0(struct parts, 1);
    p->d = d;
    p->keep_one = keep_one;
    p->included = g_hash_table_new(NULL, NULL);
    p->bereft = bereft_children(d);
    doc = xmlNewDoc(BAD_CAST "1.0");
    doc->_private = p;
    root = xmlNewDocNode(doc, NULL, d->root->name, NULL);
    xmlDocSetRootElement(doc, root);
    copy_attrs(root, d->root);
    xml_for_each(c, d->root, NULL)
    {
        if (xml_is(c, "status")) {
            frame_of(root, c);
        } else if (xml_is(c, "configuration")) {
            xmlNode *configuration = frame_of(root, c);

            xml_for_each(section, c, NULL)
            {
                add_section(p, configuration, section);
            }
        } else {
            xml_copy(root, c);
        }
    }
    return doc;
}

void
cib_schema_enter_outside_ids(xmlDoc *parts)
{
    struct parts *p = parts->_private;

    p->holder = xmlNewDocNode(parts, NULL, BAD_CAST "ids", NULL);
    enter_outside_ids(p, p->holder, xmlDocGetRootElement(parts));
}

void
cib_schema_free_parts(xmlDoc *parts)
{
    if (parts != NULL) {
        struct parts *p = parts->_private;

        g_hash_table_destroy(p->included);
        g_hash_table_destroy(p->bereft);
        xmlFreeNode(p->holder);
        g_free(p);
        xmlFreeDoc(parts);
    }
}

/* --- uniqueness --- */

static bool
unique_below(const struct cib_doc *d, const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (a->atype == XML_ATTRIBUTE_ID && count_definitions(d, xml_attr_value(a)) > 1) {
            return false;
        }
    }
    xml_for_each(c, node, NULL)
    {
        if (!unique_below(d, c)) {
            return false;
        }
    }
    return true;
}

bool
cib_schema_ids_unique(const struct cib_doc *d, const xmlDoc *parts)
{
    return unique_below(d, xmlDocGetRootElement((xmlDoc *)parts));
}

bool
cib_schema_ids_fit(const struct cib_doc *d, const struct cib_grammar_ids *ids)
{
    for (guint i = 0; i < ids->defined->len; i++) {
        if (count_definitions(d, ids->defined->pdata[i]) > 1) {
            return false;
        }
    }
    for (guint i = 0; i < ids->referred->len; i++) {
        if (count_definitions(d, ids->referred->pdata[i]) == 0) {
            return false;
        }
    }
    return true;
}
