/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Query, create, modify, replace, delete and the small operations on the document.  Called by the update
 * pipeline.  Never touches counters other than those that an operation itself is about.  (spec 20 §6)
 */
#include "lib/cib/cib_ops.h"

#include <libxml/xpath.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_xpath.h"

/* --- sections --- */

enum section_place { IS_ROOT, IN_ROOT, IN_CONFIGURATION };

static const struct {
    const char *name;
    enum section_place place;
} sections[] = {
    { "cib", IS_ROOT },
    { "all", IS_ROOT },
    { "status", IN_ROOT },
    { "configuration", IN_ROOT },
    { "crm_config", IN_CONFIGURATION },
    { "nodes", IN_CONFIGURATION },
    { "resources", IN_CONFIGURATION },
    { "constraints", IN_CONFIGURATION },
    { "op_defaults", IN_CONFIGURATION },
    { "rsc_defaults", IN_CONFIGURATION },
    { "acls", IN_CONFIGURATION },
    { "fencing-topology", IN_CONFIGURATION },
    { "tags", IN_CONFIGURATION },
    { "alerts", IN_CONFIGURATION },
};

/* Index into the table, or -1: an unknown name (case matters) means the whole document. */
static int
section_index(const char *name)
{
    for (guint i = 0; name != NULL && i < G_N_ELEMENTS(sections); i++) {
        if (strcmp(name, sections[i].name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* The only child of that name below any of the parents; NULL if there is none or more than one. */
static xmlNode *
only_child(const xmlNode *root, const char *middle, const char *name)
{
    xmlNode *found = NULL;

    for (const xmlNode *p = middle != NULL ? xml_first(root, middle) : root; p != NULL;
         p = middle != NULL ? xml_next(p, middle) : NULL) {
        xml_for_each(c, p, name)
        {
            if (found != NULL) {
                return NULL;
            }
            found = c;
        }
    }
    return found;
}

static xmlNode *
section_in(const xmlNode *root, int index)
{
    if (index < 0 || sections[index].place == IS_ROOT) {
        return (xmlNode *)root;
    }
    return only_child(root, sections[index].place == IN_CONFIGURATION ? "configuration" : NULL, sections[index].name);
}

xmlNode *
cib_section_find(const struct cib_doc *d, const char *section, bool *known)
{
    int index = section_index(section);

    if (known != NULL) {
        *known = index >= 0;
    }
    return section_in(d->root, index);
}

/* The section, made under its parent if it is missing; NULL if that cannot be (spec 20 §6.3). */
static xmlNode *
section_or_new(struct cib_doc *d, const char *section)
{
    int index = section_index(section);
    xmlNode *found = section_in(d->root, index), *parent = d->root;

    if (found != NULL) {
        return found;
    }
    if (sections[index].place == IN_CONFIGURATION) {
        parent = only_child(d->root, NULL, "configuration");
    }
    if (parent == NULL || xml_first(parent, sections[index].name) != NULL) {
        return NULL;
    }
    /* as the original: a copy is appended, so that the change is dirty but touches no ancestor */
    g_autoptr(xmlNode) empty = xml_new(NULL, sections[index].name);
    return cib_doc_insert_copy(d, parent, NULL, empty, CIB_TRACK_DIRECT);
}

const xmlNode *
cib_op_input(const char *op, const char *section, unsigned options, const xmlNode *payload)
{
    if (payload == NULL || strcmp(op, CIB_OP_APPLY_DIFF) == 0) {
        return payload;
    }
    if (xml_is(payload, "cib_fragment") || xml_is(payload, "crm_xml") || xml_is(payload, CIB_EL_CALLDATA)) {
        payload = xml_first(payload, "cib");
    }
    if (payload != NULL && section != NULL && !(options & CIB_OPT_XPATH) && xml_is(payload, "cib")) {
        payload = section_in(payload, section_index(section));
    }
    return payload;
}

const char *
cib_cluster_option(const xmlNode *crm_config, const char *name)
{
    const char *found = NULL;

    xml_for_each(set, crm_config, "cluster_property_set")
    {
        const xmlNode *nvpair = xml_find(set, "nvpair", "name", name);

        if (nvpair != NULL && (found == NULL || text_equal(xml_id(set), "cib-bootstrap-options"))) {
            found = xml_get(nvpair, "value");
        }
    }
    return found;
}

/* --- query --- */

static void
copy_shallow(xmlNode *parent, const xmlNode *src, xmlNode **made)
{
    xmlNode *e = xml_new(parent, xml_name(src));

    for (const xmlAttr *a = src->properties; a != NULL; a = a->next) {
        xml_set(e, (const char *)a->name, xml_attr_value(a));
    }
    if (made != NULL) {
        *made = e;
    }
}

static xmlNode *
answer_with(xmlNode *parent, const xmlNode *src, unsigned options)
{
    xmlNode *made = NULL;

    if (options & CIB_OPT_NO_CHILDREN) {
        copy_shallow(parent, src, &made);
    } else {
        made = xml_copy(parent, src);
    }
    return made;
}

static int
query_xpath(const struct cib_doc *d, const char *expression, unsigned options, xmlNode **output)
{
    g_autoptr(GPtrArray) found = cib_xpath_eval(d->root, d->ids, expression);

    if (found->len == 0) {
        return ENXIO;
    }
    if (found->len == 1 && !(options & CIB_OPT_XPATH_ADDRESS)) {
        *output = answer_with(NULL, g_ptr_array_index(found, 0), options);
        return RC_OK;
    }
    *output = xml_new(NULL, CIB_EL_XPATH_QUERY);
    for (guint i = 0; i < found->len; i++) {
        const xmlNode *match = g_ptr_array_index(found, i);

        if (options & CIB_OPT_XPATH_ADDRESS) {
            g_autofree char *path = cib_node_path(match);

            xml_set(xml_new(*output, CIB_EL_XPATH_PATH), "id", path);
        } else {
            answer_with(*output, match, options);
        }
    }
    return RC_OK;
}

int
cib_op_query(const struct cib_doc *d, const char *section, unsigned options, xmlNode **output)
{
    const xmlNode *found;

    if (options & CIB_OPT_XPATH) {
        return section != NULL ? query_xpath(d, section, options, output) : ENXIO;
    }
    found = cib_section_find(d, section, NULL);
    if (found == NULL) {
        return ENXIO;
    }
    *output = answer_with(NULL, found, options);
    return RC_OK;
}

int
cib_op_query_as(const struct cib_doc *d, const char *user, const char *section, unsigned options, xmlNode **output)
{
    g_autoptr(cib_acl) acl = cib_acl_new(d, user);
    struct cib_doc readable = { .root = cib_acl_readable(acl, d->root, d->ids) };
    int rc;

    if (readable.root == NULL) {
        return EACCES;
    }
    rc = cib_op_query(&readable, section, options, output);
    xml_free(readable.root);
    return rc;
}

const xmlNode *
cib_op_query_borrow(const struct cib_doc *d, const char *section, unsigned options)
{
    g_autoptr(GPtrArray) found = NULL;

    if (options & (CIB_OPT_NO_CHILDREN | CIB_OPT_XPATH_ADDRESS)) {
        return NULL;
    }
    if (!(options & CIB_OPT_XPATH)) {
        return cib_section_find(d, section, NULL);
    }
    found = section != NULL ? cib_xpath_eval(d->root, d->ids, section) : NULL;
    return found != NULL && found->len == 1 ? g_ptr_array_index(found, 0) : NULL;
}

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

static int
do_modify(struct cib_doc *d, const struct cib_op_args *args)
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
        xmlNode *top = args->input != NULL ? section_or_new(d, args->section) : NULL;

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

static int
do_create(struct cib_doc *d, const struct cib_op_args *args, xmlNode **output)
{
    xmlNode *top;
    int rc = RC_OK;

    if (args->input == NULL) {
        return EINVAL;
    }
    if (args->section == NULL || strcasecmp(args->section, "cib") == 0 || strcasecmp(args->section, "all") == 0
        || xml_is(args->input, "cib")) {
        return do_modify(d, args);
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

/* --- replace --- */

static int
replace_document(struct cib_doc *d, const struct cib_op_args *args)
{
    struct cib_version old = cib_version_of(d->root), new = cib_version_of(args->input);

    if (args->digest != NULL) {
        g_autofree char *ours =
            cib_digest_versioned(args->input, args->feature_set != NULL ? args->feature_set : FEATURE_SET);

        if (strcmp(ours, args->digest) != 0) {
            return RC_OLD_DATA;
        }
    }
    if (cib_version_compare(&new, &old) < 0) {
        return RC_OLD_DATA;
    }
    cib_doc_replace(d, d->root, args->input);
    return RC_OK;
}

typedef bool (*criterion_fn)(const xmlNode *node, const xmlNode *criterion);

/* First element below `top` (never itself), depth first, that meets the criterion. */
static xmlNode *
find_below(const struct cib_doc *d, xmlNode *top, const xmlNode *criterion, criterion_fn meets)
{
    const char *id = xml_id(criterion);

    if (id != NULL && d->ids != NULL) {
        g_autoptr(GPtrArray) found = NULL;
        xmlNode *best = NULL;

        for (const GSList *l = cib_doc_elements_with_id(d, id); l != NULL; l = l->next) {
            xmlNode *n = l->data;

            if (n != top && meets(n, criterion) && cib_node_is_within(n, top)
                && (best == NULL || xmlXPathCmpNodes(n, best) > 0)) {
                best = n;
            }
        }
        return best;
    }
    xml_for_each(c, top, NULL)
    {
        xmlNode *found = meets(c, criterion) ? c : find_below(d, c, criterion, meets);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

static bool
same_name_and_id(const xmlNode *node, const xmlNode *criterion)
{
    const char *id = xml_id(criterion);

    return strcasecmp(xml_name(node), xml_name(criterion)) == 0 && (id == NULL || text_equal(xml_id(node), id));
}

static bool
has_all_attributes(const xmlNode *node, const xmlNode *criterion)
{
    if (!same_name_and_id(node, criterion)) {
        return false;
    }
    for (const xmlAttr *a = criterion->properties; a != NULL; a = a->next) {
        const char *value = xml_get(node, (const char *)a->name);

        if (value == NULL || strcasecmp(value, xml_attr_value(a)) != 0) {
            return false;
        }
    }
    return true;
}

static int
replace_xpath(struct cib_doc *d, const struct cib_op_args *args)
{
    g_autoptr(GPtrArray) found = cib_xpath_eval(d->root, d->ids, args->section != NULL ? args->section : "");

    if (found->len == 0) {
        return ENXIO;
    }
    for (guint i = 0; i < found->len; i++) {
        xmlNode *match = g_ptr_array_index(found, i), *parent = match->parent;

        if (match == d->root) {
            return EINVAL;
        }
        if (!cib_node_is_within(match, d->root)) {
            continue; /* went away with another match */
        }
        cib_doc_remove(d, match);
        if (args->input != NULL) {
            cib_doc_insert_copy(d, parent, NULL, args->input, CIB_TRACK_DIRECT);
        }
        if (!(args->options & CIB_OPT_MULTIPLE)) {
            break;
        }
    }
    return RC_OK;
}

static int
do_replace(struct cib_doc *d, const struct cib_op_args *args)
{
    xmlNode *top, *old;

    if (args->options & CIB_OPT_XPATH) {
        return replace_xpath(d, args);
    }
    if (args->input == NULL) {
        return EINVAL;
    }
    if (xml_is(args->input, "cib")) {
        return replace_document(d, args);
    }
    if (args->section == NULL || text_equal(args->section, "all") || text_equal(args->section, xml_name(args->input))) {
        top = d->root;
    } else {
        top = cib_section_find(d, args->section, NULL);
    }
    old = top != NULL ? find_below(d, top, args->input, same_name_and_id) : NULL;
    if (old == NULL) {
        return ENXIO;
    }
    cib_doc_replace(d, old, args->input);
    return RC_OK;
}

/* --- delete --- */

static int
delete_xpath(struct cib_doc *d, const struct cib_op_args *args)
{
    g_autoptr(GPtrArray) found = cib_xpath_eval(d->root, d->ids, args->section != NULL ? args->section : "");

    for (guint i = 0; i < found->len; i++) {
        xmlNode *match = g_ptr_array_index(found, i);

        if (match == d->root) {
            return EINVAL;
        }
        if (!cib_node_is_within(match, d->root)) {
            continue;
        }
        cib_doc_remove(d, match);
        if (!(args->options & CIB_OPT_MULTIPLE)) {
            break;
        }
    }
    return RC_OK;
}

static void
delete_one(struct cib_doc *d, xmlNode *top, const xmlNode *criterion)
{
    xmlNode *gone = find_below(d, top, criterion, has_all_attributes);

    if (gone != NULL) {
        cib_doc_remove(d, gone);
    }
}

static int
do_delete(struct cib_doc *d, const struct cib_op_args *args)
{
    xmlNode *top;

    if (args->options & CIB_OPT_XPATH) {
        return delete_xpath(d, args);
    }
    if (args->input == NULL) {
        return EINVAL;
    }
    top = cib_section_find(d, args->section, NULL);
    if (top == NULL) {
        return RC_OK;
    }
    if (!text_equal(args->section, xml_name(args->input))) {
        delete_one(d, top, args->input);
        return RC_OK;
    }
    xml_for_each(criterion, args->input, NULL)
    {
        delete_one(d, top, criterion);
    }
    return RC_OK;
}

/* --- the small ones --- */

static int
do_bump(struct cib_doc *d)
{
    struct cib_version v = cib_version_of(d->root);

    cib_doc_set_int(d, d->root, CIB_A_EPOCH, MAX(v.epoch, 0) + 1);
    return RC_OK;
}

static int
do_erase(struct cib_doc *d)
{
    g_autoptr(xmlNode) empty = cib_empty_new(NULL, 0);
    struct cib_version v = cib_version_of(d->root);

    while (empty->properties != NULL) {
        xmlRemoveProp(empty->properties);
    }
    for (const xmlAttr *a = d->root->properties; a != NULL; a = a->next) {
        xml_set(empty, (const char *)a->name, xml_attr_value(a));
    }
    xml_set_int(empty, CIB_A_ADMIN_EPOCH, MAX(v.admin_epoch, 0) + 1);
    cib_doc_replace(d, d->root, empty);
    return RC_OK;
}

static int
do_apply_diff(struct cib_doc *d, const struct cib_op_args *args)
{
    if (args->input == NULL) {
        return RC_OK;
    }
    return cib_patch_apply(d, args->input, CIB_PATCH_CHECK_VERSION | CIB_PATCH_CHECK_DIGEST);
}

static const char *const modifying_ops[] = { CIB_OP_CREATE, CIB_OP_MODIFY, CIB_OP_REPLACE,    CIB_OP_DELETE,    CIB_OP_BUMP,
                                             CIB_OP_ERASE,  CIB_OP_UPGRADE, CIB_OP_APPLY_DIFF, CIB_OP_DELETE_ALT };

bool
cib_op_modifies(const char *op)
{
    for (guint i = 0; i < G_N_ELEMENTS(modifying_ops); i++) {
        if (strcmp(op, modifying_ops[i]) == 0) {
            return true;
        }
    }
    return false;
}

int
cib_op_modify(struct cib_doc *d, const struct cib_op_args *args, xmlNode **output)
{
    if (strcmp(args->op, CIB_OP_MODIFY) == 0) {
        return do_modify(d, args);
    }
    if (strcmp(args->op, CIB_OP_CREATE) == 0) {
        return do_create(d, args, output);
    }
    if (strcmp(args->op, CIB_OP_REPLACE) == 0) {
        return do_replace(d, args);
    }
    if (strcmp(args->op, CIB_OP_DELETE) == 0) {
        return do_delete(d, args);
    }
    if (strcmp(args->op, CIB_OP_BUMP) == 0) {
        return do_bump(d);
    }
    if (strcmp(args->op, CIB_OP_ERASE) == 0) {
        return do_erase(d);
    }
    if (strcmp(args->op, CIB_OP_APPLY_DIFF) == 0) {
        return do_apply_diff(d, args);
    }
    return EINVAL; /* cib_delete_alt, always refused */
}
