/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patchsets of format 1: two skeletons, of what goes and of what comes.  Used by cib_patch.c and crm_diff.
 * The order of siblings cannot be told in this format.  (spec 20 §5.4)
 */
#include "lib/cib/cib_patch_v1.h"

#include <errno.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"

#define MARKER CIB_PATCH_V1_MARKER

static const char *const volatile_attrs[] = { "crm-debug-origin", CIB_A_LAST_WRITTEN, CIB_A_UPDATE_ORIGIN,
                                              CIB_A_UPDATE_CLIENT, CIB_A_UPDATE_USER };

static bool
is_volatile(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(volatile_attrs); i++) {
        if (strcmp(name, volatile_attrs[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The first from `n` on that differences are about: an element or a comment. */
static xmlNode *
told(xmlNode *n)
{
    while (n != NULL && n->type != XML_ELEMENT_NODE && n->type != XML_COMMENT_NODE) {
        n = n->next;
    }
    return n;
}

static xmlNode *
counterpart(const xmlNode *parent, const xmlNode *node)
{
    const char *id;

    if (node->type == XML_COMMENT_NODE) { /* has nothing but its text */
        for (xmlNode *n = parent->children; n != NULL; n = n->next) {
            if (n->type == XML_COMMENT_NODE && xmlStrEqual(n->content, node->content)) {
                return n;
            }
        }
        return NULL;
    }
    id = xml_id(node);
    return id != NULL ? xml_find(parent, xml_name(node), "id", id) : xml_first(parent, xml_name(node));
}

/* --- making --- */

static bool
attr_differs(const xmlAttr *a, const xmlNode *other)
{
    const char *value = xml_get(other, (const char *)a->name);

    return !is_volatile((const char *)a->name) && (value == NULL || strcmp(value, xml_attr_value(a)) != 0);
}

/*
 * What `a` has and `b` lacks, as a child of `out`; false (and nothing added) if there is no such thing.
 * `all_attrs`: elements show all their attributes (the added side), else the changed ones.
 */
static bool
add_difference(xmlNode *out, const xmlNode *a, const xmlNode *b, const char *marker, bool all_attrs)
{
    xmlNode *e = xml_new(out, xml_name(a));
    bool attrs = false, any = false;

    if (!all_attrs) {
        xml_copy_attr(e, a, "id");
    }
    for (const xmlAttr *x = a->properties; x != NULL; x = x->next) {
        attrs |= attr_differs(x, b);
    }
    if (!attrs && all_attrs) {
        for (const xmlAttr *x = b->properties; x != NULL; x = x->next) {
            attrs |= attr_differs(x, a) && xml_get(a, (const char *)x->name) == NULL;
        }
    }
    for (const xmlAttr *x = a->properties; attrs && x != NULL; x = x->next) {
        if (all_attrs || attr_differs(x, b)) {
            xml_set(e, (const char *)x->name, xml_attr_value(x));
        }
    }
    any = attrs;
    for (xmlNode *c = told(a->children); c != NULL; c = told(c->next)) {
        xmlNode *other = counterpart(b, c);

        if (c->type == XML_COMMENT_NODE) {
            any |= other == NULL && xmlAddChild(e, xmlDocCopyNode(c, e->doc, 1)) != NULL;
        } else if (other != NULL) {
            any |= add_difference(e, c, other, marker, all_attrs);
        } else {
            xml_set(xml_copy(e, c), MARKER, marker);
            any = true;
        }
    }
    if (!any) {
        xml_free(e);
    } else if (all_attrs && !attrs) { /* on the way to what comes */
        xml_copy_attrs(e, a);
    }
    return any;
}

static void
set_counters(xmlNode *e, const xmlNode *root)
{
    xml_copy_attr(e, root, CIB_A_ADMIN_EPOCH);
    xml_copy_attr(e, root, CIB_A_EPOCH);
    xml_copy_attr(e, root, CIB_A_NUM_UPDATES);
}

static const char *const counters[] = { CIB_A_ADMIN_EPOCH, CIB_A_EPOCH, CIB_A_NUM_UPDATES };

static bool
is_counter(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        if (strcmp(name, counters[i]) == 0) {
            return true;
        }
    }
    return false;
}

static xmlNode *
root_in(xmlNode *side)
{
    xmlNode *root = xml_first(side, "cib");

    return root != NULL ? root : xml_new(side, "cib");
}

/* Both sides tell the counters; the added one all other attributes of the root, too. */
static void
complete_roots(xmlNode *removed, xmlNode *added, const xmlNode *old, const xmlNode *new, bool with_version)
{
    xmlNode *gone = root_in(removed), *come = root_in(added);
    bool config_changed = xml_first(gone, "configuration") != NULL || xml_first(come, "configuration") != NULL;

    for (const xmlAttr *a = new->properties; a != NULL; a = a->next) {
        xml_set(come, (const char *)a->name, xml_attr_value(a));
    }
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        if (xml_get(come, counters[i]) == NULL) {
            xml_copy_attr(come, old, counters[i]);
        }
    }
    if (with_version) {
        set_counters(removed, old);
        set_counters(added, come);
        for (guint i = config_changed ? 0 : 2; i < G_N_ELEMENTS(counters); i++) {
            xml_copy_attr(gone, old, counters[i]);
        }
    } else {
        for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
            xml_remove(gone, counters[i]);
            xml_remove(come, counters[i]);
        }
    }
}

xmlNode *
cib_patch_v1_new(const xmlNode *old, const xmlNode *new, bool with_version)
{
    xmlNode *diff = xml_new(NULL, "diff"), *removed, *added;
    g_autofree char *digest = NULL;
    bool differs;

    xml_set(diff, CIB_A_FEATURE_SET, FEATURE_SET);
    removed = xml_new(diff, "diff-removed");
    added = xml_new(diff, "diff-added");
    differs = add_difference(removed, old, new, "removed:top", false);
    differs |= add_difference(added, new, old, "added:top", true);
    if (!differs) {
        xml_free(diff);
        return NULL;
    }
    complete_roots(removed, added, old, new, with_version);
    xml_set(diff, "format", "1");
    digest = cib_digest_versioned(new, xml_get(old, CIB_A_FEATURE_SET));
    xml_set(diff, CIB_F_DIGEST, digest);
    return diff;
}

/* --- reading --- */

static int
version_field(const xmlNode *container, const char *name)
{
    const xmlNode *root = container != NULL ? xml_first(container, "cib") : NULL;
    const char *value = container != NULL ? xml_get(root != NULL ? root : container, name) : NULL;
    long long n;

    return text_parse_int(value, &n) && n >= 0 && n <= G_MAXINT ? (int)n : -1;
}

bool
cib_patch_v1_versions(const xmlNode *patch, struct cib_version *source, struct cib_version *target)
{
    const xmlNode *removed = xml_first(patch, "diff-removed"), *added = xml_first(patch, "diff-added");

    *source = (struct cib_version){ version_field(removed, CIB_A_ADMIN_EPOCH), version_field(removed, CIB_A_EPOCH),
                                    version_field(removed, CIB_A_NUM_UPDATES) };
    *target = (struct cib_version){ version_field(added, CIB_A_ADMIN_EPOCH), version_field(added, CIB_A_EPOCH),
                                    version_field(added, CIB_A_NUM_UPDATES) };
    return source->epoch >= 0 || target->epoch >= 0;
}

static void
apply_removed(struct cib_doc *d, xmlNode *target, const xmlNode *gone)
{
    for (const xmlNode *g = told(gone->children); g != NULL; g = told(g->next)) {
        xmlNode *t = counterpart(target, g);

        if (t == NULL) {
            continue;
        }
        if (g->type == XML_COMMENT_NODE || text_equal(xml_get(g, MARKER), "removed:top")) {
            cib_doc_remove(d, t);
        } else {
            apply_removed(d, t, g);
        }
    }
    for (const xmlAttr *a = gone->properties; a != NULL; a = a->next) {
        if (strcmp((const char *)a->name, "id") != 0 && !(target == d->root && is_counter((const char *)a->name))) {
            cib_doc_set(d, target, (const char *)a->name, NULL);
        }
    }
}

static void
strip_markers(struct cib_doc *d, xmlNode *node)
{
    cib_doc_set(d, node, MARKER, NULL);
    xml_for_each(c, node, NULL)
    {
        strip_markers(d, c);
    }
}

/* The same attributes in the same order? */
static bool
same_attrs(const xmlNode *target, const xmlNode *come)
{
    const xmlAttr *t = target->properties;

    for (const xmlAttr *a = come->properties; a != NULL; a = a->next) {
        if (strcmp((const char *)a->name, MARKER) == 0) {
            continue;
        }
        if (t == NULL || strcmp((const char *)t->name, (const char *)a->name) != 0 || strcmp(xml_attr_value(t), xml_attr_value(a)) != 0) {
            return false;
        }
        t = t->next;
    }
    return t == NULL;
}

static void
apply_added(struct cib_doc *d, xmlNode *target, const xmlNode *come)
{
    bool same = same_attrs(target, come);

    /* removed and set anew, so that their order becomes the patch's */
    for (const xmlAttr *a = come->properties; a != NULL && !same; a = a->next) {
        cib_doc_set(d, target, (const char *)a->name, NULL);
    }
    for (const xmlAttr *a = come->properties; a != NULL && !same; a = a->next) {
        if (strcmp((const char *)a->name, MARKER) != 0) {
            cib_doc_set(d, target, (const char *)a->name, xml_attr_value(a));
        }
    }
    for (const xmlNode *c = told(come->children); c != NULL; c = told(c->next)) {
        xmlNode *t = counterpart(target, c);

        if (c->type == XML_COMMENT_NODE) {
            if (t == NULL) {
                cib_doc_insert_copy(d, target, NULL, c, CIB_TRACK_COMPARE);
            }
        } else if (t != NULL && (xml_id(c) != NULL || !text_equal(xml_get(c, MARKER), "added:top"))) {
            apply_added(d, t, c);
        } else {
            strip_markers(d, cib_doc_insert_copy(d, target, NULL, c, CIB_TRACK_COMPARE));
        }
    }
}

int
cib_patch_v1_apply(struct cib_doc *d, const xmlNode *patch)
{
    const xmlNode *removed = xml_first(patch, "diff-removed"), *added = xml_first(patch, "diff-added");
    const xmlNode *gone = removed != NULL ? xml_first(removed, NULL) : NULL;
    const xmlNode *come = added != NULL ? xml_first(added, NULL) : NULL;

    if ((gone != NULL && xml_next(gone, NULL) != NULL) || (come != NULL && xml_next(come, NULL) != NULL)) {
        return ENOTUNIQ;
    }
    if ((gone != NULL && !xml_is(gone, xml_name(d->root))) || (come != NULL && !xml_is(come, xml_name(d->root)))) {
        return RC_DIFF_FAILED;
    }
    if (gone != NULL) {
        apply_removed(d, d->root, gone);
    }
    if (come != NULL) {
        apply_added(d, d->root, come);
    }
    return RC_OK;
}
