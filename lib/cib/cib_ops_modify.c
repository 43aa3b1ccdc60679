/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modify and create, and values that count up.  Called through cib_op_modify().  Never touches counters other than those that
 * an operation itself is about.  (spec 20 §6)
 */
#include "lib/cib/cib_ops_impl.h"

#include <string.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_xpath.h"

/* --- values that count up --- */

/* "NAME++" or "NAME+=X" for this attribute: true, and what to add. */
static bool
is_score_update(const char *name, const char *value, int *add)
{
    size_t n = strlen(name);

    if (strncmp(value, name, n) != 0 || value[n] != '+') {
        return false;
    }
    if (value[n + 1] == '+') {
        *add = 1;
        return true;
    }
    if (value[n + 1] == '=') {
        *add = score_parse(value + n + 2);
        return true;
    }
    return false;
}

/* Capped upwards only, as the original does it. */
static void
set_counted(struct cib_doc *d, xmlNode *node, const char *name, const char *old, int add)
{
    cib_doc_set_int(d, node, name, MIN(score_parse(old) + add, SCORE_INFINITY));
}

/* Set one attribute of an update (spec 20 §6.3, score update). */
static void
set_updated(struct cib_doc *d, xmlNode *node, const char *name, const char *value)
{
    const char *old = xml_get(node, name);
    int add;

    if (old != NULL && is_score_update(name, value, &add)) {
        set_counted(d, node, name, old, add);
    } else {
        cib_doc_set(d, node, name, value);
    }
}

static void
sweep_attrs(struct cib_doc *d, xmlNode *node)
{
    for (xmlAttr *a = node->properties; a != NULL; a = a->next) {
        int add;

        if (is_score_update((const char *)a->name, xml_attr_value(a), &add)) {
            set_counted(d, node, (const char *)a->name, NULL, add);
        }
    }
}

static void
sweep_tree(struct cib_doc *d, xmlNode *node)
{
    if (node->type != XML_ELEMENT_NODE) {
        return;
    }
    sweep_attrs(d, node);
    for (xmlNode *c = node->children; c != NULL; c = c->next) {
        sweep_tree(d, c);
    }
}

static void
sweep_marked(struct cib_doc *d)
{
    for (guint i = 0; i < d->marks->len; i++) {
        xmlNode *node = g_ptr_array_index(d->marks, i);
        const struct cib_mark *mark = cib_node_mark(node);

        if (node->type != XML_ELEMENT_NODE || !cib_node_is_within(node, d->root)) {
            continue; /* made and removed again */
        }
        if (mark->flags & CIB_MARK_CREATED) {
            sweep_tree(d, node);
        } else if (mark->attrs != NULL) {
            sweep_attrs(d, node);
        }
    }
}

void
cib_op_sweep(struct cib_doc *d)
{
    if (d->swept) {
        sweep_marked(d);
    } else {
        sweep_tree(d, d->root);
    }
}

/* --- modify --- */

/* First element, `top` itself or below it, with this name and without an id. */
static xmlNode *
find_without_id(xmlNode *top, const char *name)
{
    if (strcmp(xml_name(top), name) == 0 && xml_id(top) == NULL) {
        return top;
    }
    xml_for_each(c, top, NULL)
    {
        xmlNode *found = find_without_id(c, name);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static xmlNode *
find_target(const struct cib_doc *d, xmlNode *top, const xmlNode *like)
{
    const char *id = xml_id(like);

    return id != NULL ? cib_doc_find_id(d, top, xml_name(like), id, false) : find_without_id(top, xml_name(like));
}

static void
merge_comment(struct cib_doc *d, xmlNode *target, const xmlNode *comment)
{
    for (xmlNode *c = target->children; c != NULL; c = c->next) {
        if (c->type == XML_COMMENT_NODE
            && text_equal_nocase((const char *)c->content, (const char *)comment->content)) {
            return;
        }
    }
    cib_doc_insert_copy(d, target, NULL, comment, CIB_TRACK_DIRECT);
}

/* First child with this name and id: by the index, as sections are long. */
static xmlNode *
child_with_id(const struct cib_doc *d, const xmlNode *parent, const char *name, const char *id)
{
    xmlNode *found = NULL;

    if (d->ids == NULL) {
        return xml_find(parent, name, "id", id);
    }
    for (const GSList *l = cib_doc_elements_with_id(d, id); l != NULL; l = l->next) {
        xmlNode *n = l->data;

        if (n->parent == parent && strcmp(xml_name(n), name) == 0) {
            if (found != NULL) {
                return xml_find(parent, name, "id", id); /* several: the first counts */
            }
            found = n;
        }
    }
    return found;
}

/* The child of `target` that child `u` of an update means. */
static xmlNode *
child_meant(const struct cib_doc *d, const xmlNode *target, const xmlNode *u)
{
    const char *id = xml_id(u), *id_ref;

    if (id != NULL) {
        return child_with_id(d, target, xml_name(u), id);
    }
    id_ref = xml_get(u, "id-ref");
    if (id_ref != NULL) {
        return xml_find(target, xml_name(u), "id-ref", id_ref);
    }
    return xml_first(target, xml_name(u));
}

enum merge_style { MERGE_MODIFY, MERGE_CREATE };

/* create only: attribute replace="a,b" takes the first child of each name away (spec 20 §6.4). */
static void
remove_listed(struct cib_doc *d, xmlNode *target, const char *names)
{
    g_auto(GStrv) list = g_strsplit(names, ",", -1);

    for (char **name = list; *name != NULL; name++) {
        xmlNode *gone = xml_first(target, *name);

        if (gone != NULL) {
            cib_doc_remove(d, gone);
        }
    }
}

static void
merge(struct cib_doc *d, xmlNode *target, const xmlNode *update, enum merge_style style)
{
    const char *replace = style == MERGE_CREATE ? xml_get(update, "replace") : NULL;

    if (replace != NULL) {
        remove_listed(d, target, replace);
    }
    for (const xmlAttr *a = update->properties; a != NULL; a = a->next) {
        if (replace == NULL || strcmp((const char *)a->name, "replace") != 0) {
            set_updated(d, target, (const char *)a->name, xml_attr_value(a));
        }
    }
    for (const xmlNode *u = update->children; u != NULL; u = u->next) {
        if (u->type == XML_COMMENT_NODE && style == MERGE_MODIFY) {
            merge_comment(d, target, u);
        } else if (u->type == XML_COMMENT_NODE) {
            /* The original makes an element of it, which schemas refuse; all members must do the same. */
            if (xml_first(target, "comment") == NULL) {
                cib_doc_add_element(d, target, "comment");
            }
        } else if (u->type == XML_ELEMENT_NODE) {
            xmlNode *t = child_meant(d, target, u);

            merge(d, t != NULL ? t : cib_doc_add_element(d, target, xml_name(u)), u, style);
        }
    }
}

/* Search and merge below one section root.  Without input, or at the match of an XPath, nothing is created. */
static int
modify_at(struct cib_doc *d, xmlNode *top, const struct cib_op_args *args)
{
    xmlNode *target = args->input != NULL ? find_target(d, top, args->input) : NULL;

    if (target != NULL) {
        merge(d, target, args->input, MERGE_MODIFY);
        return RC_OK;
    }
    if (!(args->options & CIB_OPT_CAN_CREATE) || (args->options & CIB_OPT_XPATH)) {
        return ENXIO;
    }
    cib_doc_insert_copy(d, top, NULL, args->input, CIB_TRACK_DIRECT);
    return RC_OK;
}

static void
collect_doomed(xmlNode *node, GPtrArray *out)
{
    if (xml_get(node, "__delete__") != NULL) {
        g_ptr_array_add(out, node);
        return;
    }
    xml_for_each(c, node, NULL)
    {
        collect_doomed(c, out);
    }
}

static void
remove_doomed(struct cib_doc *d)
{
    g_autoptr(GPtrArray) doomed = g_ptr_array_new();

    collect_doomed(d->root, doomed);
    for (guint i = 0; i < doomed->len; i++) {
        if (g_ptr_array_index(doomed, i) != d->root) {
            cib_doc_remove(d, g_ptr_array_index(doomed, i));
        }
    }
}

int
cib_op_do_modify(struct cib_doc *d, const struct cib_op_args *args)
{
    int rc = RC_OK;

    if (args->options & CIB_OPT_XPATH) {
        g_autoptr(GPtrArray) found = cib_xpath_eval(d->root, d->ids, args->section != NULL ? args->section : "");

        if (found->len == 0) {
            return ENXIO;
        }
        for (guint i = 0; i < found->len; i++) {
            int this_rc = modify_at(d, g_ptr_array_index(found, i), args);

            if (this_rc != RC_OK) {
                rc = this_rc; /* stays even if a later match succeeds */
            } else if (!(args->options & CIB_OPT_MULTIPLE)) {
                break;
            }
        }
    } else {
        xmlNode *top = args->input != NULL ? cib_op_section_or_new(d, args->section) : NULL;

        if (top == NULL) {
            return EINVAL;
        }
        rc = modify_at(d, top, args);
    }
    if (rc == RC_OK && (args->options & CIB_OPT_MIXED_UPDATE)) {
        remove_doomed(d);
    }
    return rc;
}

/* --- create --- */

static void
add_failure(xmlNode **output, const xmlNode *input, int rc)
{
    xmlNode *failed;

    if (*output == NULL) {
        *output = xml_new(NULL, CIB_EL_FAILED);
    }
    failed = xml_new(*output, "failed_update");
    xml_copy_attr(failed, input, "id");
    xml_set(failed, "object_type", xml_name(input));
    xml_set(failed, "operation", CIB_OP_CREATE);
    xml_set(failed, "reason", result_text(rc));
    xml_copy(failed, input);
}

static int
create_under(struct cib_doc *d, xmlNode *parent, const xmlNode *input, bool forbidden, xmlNode **output)
{
    const char *id = xml_id(input);

    if (parent == NULL) {
        add_failure(output, input, EINVAL);
        return EINVAL;
    }
    if ((id != NULL ? child_with_id(d, parent, xml_name(input), id) : xml_first(parent, xml_name(input))) != NULL) {
        add_failure(output, input, EEXIST);
        return EEXIST;
    }
    if (forbidden && input->properties != NULL) {
        add_failure(output, input, EACCES);
        return EACCES;
    }
    merge(d, cib_doc_add_element(d, parent, xml_name(input)), input, MERGE_CREATE);
    return RC_OK;
}

int
cib_op_do_create(struct cib_doc *d, const struct cib_op_args *args, xmlNode **output)
{
    xmlNode *top;
    int rc = RC_OK;

    if (args->input == NULL) {
        return EINVAL;
    }
    if (args->section == NULL || strcasecmp(args->section, "cib") == 0 || strcasecmp(args->section, "all") == 0
        || xml_is(args->input, "cib")) {
        return cib_op_do_modify(d, args);
    }
    /* an XPath is not evaluated here: as a section name it is unknown (spec 20 §6.4) */
    top = cib_section_find(d, args->section, NULL);
    if (!text_equal(args->section, xml_name(args->input))) {
        return create_under(d, top, args->input, args->no_permission, output);
    }
    for (const xmlNode *c = args->input->children; c != NULL && rc == RC_OK; c = c->next) {
        if (c->type == XML_ELEMENT_NODE) {
            rc = create_under(d, top, c, args->no_permission, output);
        }
    }
    return rc;
}
