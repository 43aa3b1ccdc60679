/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Replace and delete.  Called through cib_op_modify().  Never touches counters other than those that an operation itself is
 * about.  (spec 20 §6)
 */
#include "lib/cib/cib_ops_impl.h"

#include <libxml/xpath.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_xpath.h"

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

int
cib_op_do_replace(struct cib_doc *d, const struct cib_op_args *args)
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

int
cib_op_do_delete(struct cib_doc *d, const struct cib_op_args *args)
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
