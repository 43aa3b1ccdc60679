/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patchsets: what changed between two versions of the CIB, as <diff> elements.  Format 2 is made and applied; format 1
 * (legacy) is made for crm_diff and applied when received.  Used by the daemon, the client and crm_diff.
 * (spec 20 §5)
 */
#ifndef CIB_CIB_PATCH_H
#define CIB_CIB_PATCH_H

#include <stdbool.h>

#include "lib/cib/cib_doc.h"

/* Format that a source document with this feature set calls for: 2 if it is newer than 3.0.8, else 1 (spec 20 §5.1). */
int cib_patch_format_for(const char *feature_set);

/*
 * Format 2 from the marks of the open change (xml_free); NULL if the change is not dirty.  `source` is the version before;
 * `digest` (may be NULL) goes into the element.  `with_version` false leaves <version> out.
 */
xmlNode *cib_patch_new(struct cib_doc *d, const struct cib_version *source, const char *digest, bool with_version);

/* Format 1 from two documents (xml_free); NULL if they do not differ (spec 20 §5.4). */
xmlNode *cib_patch_v1_new(const xmlNode *old, const xmlNode *new, bool with_version);

enum cib_patch_flags {
    CIB_PATCH_CHECK_VERSION = 1 << 0, /* refuse what does not start at the document's version */
    CIB_PATCH_CHECK_DIGEST = 1 << 1,  /* verify the digest if there is one */
};

/*
 * Apply a <diff> of either format to the open change of `d`.  RC_OK, RC_DIFF_RESYNC (we miss changes), RC_OLD_DATA,
 * RC_DIFF_FAILED, ENOMSG, EINVAL (unknown format).  After a failure the caller undoes the change.
 */
int cib_patch_apply(struct cib_doc *d, const xmlNode *patch, unsigned flags);
/* The same on a bare tree, without undo: after a failure other than RC_OLD_DATA/RC_DIFF_RESYNC it is unusable. */
int cib_patch_apply_tree(xmlNode **root, const xmlNode *patch, unsigned flags);

/* Version numbers of a patchset; fields that it lacks are -1.  False if it has no version information at all. */
bool cib_patch_versions(const xmlNode *patch, struct cib_version *source, struct cib_version *target);

/* A patchset in lines for people (g_free), spec 20 §14.3. */
char *cib_patch_to_text(const xmlNode *patch);

/* The element at a patchset path, NULL if it is not there; `position` picks a comment (-1: the first). */
xmlNode *cib_patch_locate(xmlNode *root, const char *path, int position);

#endif
