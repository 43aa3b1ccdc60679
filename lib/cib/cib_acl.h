/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access control lists: what a user may read and change.  Used by the update pipeline, queries of the daemon and of
 * files, and cibadmin --show-access.  Nothing here runs while ACLs are off.  (spec 20 §12)
 */
#ifndef CIB_CIB_ACL_H
#define CIB_CIB_ACL_H

#include "lib/cib/cib_doc.h"

/* Cluster option enable-acl of a document. */
bool cib_acl_enabled(const struct cib_doc *d);
/* Nobody in particular, root and the daemon user: may do everything, always. */
bool cib_acl_user_is_exempt(const char *user);

struct cib_acl;

/* What the ACLs of `d` say about a user: never NULL, may hold no permission at all. */
struct cib_acl *cib_acl_new(const struct cib_doc *d, const char *user);
void cib_acl_free(struct cib_acl *a);
bool cib_acl_is_empty(const struct cib_acl *a);
typedef struct cib_acl cib_acl; /* only for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cib_acl, cib_acl_free)

/*
 * The readable part of a document (xml_free): this tree, or a changed or new one of the same cluster.  NULL: nothing.  `ids` as
 * for cib_xpath_eval().
 */
xmlNode *cib_acl_readable(const struct cib_acl *a, const xmlNode *root, GHashTable *ids);

/* Access to one element, all told. */
enum cib_access { CIB_ACCESS_DENIED, CIB_ACCESS_READABLE, CIB_ACCESS_WRITABLE };
/*
 * Walk the elements of `root` in document order and tell the access to each.
 */
void cib_acl_show(const struct cib_acl *a, const xmlNode *root, void (*show)(void *data, xmlNode *node, enum cib_access access),
                  void *data);

/* --- changes: before the first edit, and when they are made --- */

/* Note what the permissions match in the document as it is. */
void cib_acl_before_change(struct cib_acl *a, const struct cib_doc *d);
/* May this user make the edits of the open change?  (spec 20 §12.4) */
bool cib_acl_allows_change(const struct cib_acl *a, const struct cib_doc *d);

#endif
