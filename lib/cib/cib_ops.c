/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections, queries and the small operations on the document, and the way to the others (cib_ops_modify.c, cib_ops_replace.c).
 * Called by the update pipeline.  Never touches counters other than those that an operation itself is about.  (spec 20 §6)
 */
#include "lib/cib/cib_ops_impl.h"

#include <string.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
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

xmlNode *
cib_op_section_or_new(struct cib_doc *d, const char *section)
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
        return cib_op_do_modify(d, args);
    }
    if (strcmp(args->op, CIB_OP_CREATE) == 0) {
        return cib_op_do_create(d, args, output);
    }
    if (strcmp(args->op, CIB_OP_REPLACE) == 0) {
        return cib_op_do_replace(d, args);
    }
    if (strcmp(args->op, CIB_OP_DELETE) == 0) {
        return cib_op_do_delete(d, args);
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
