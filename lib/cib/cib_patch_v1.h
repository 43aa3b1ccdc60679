/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patchsets of format 1, as peers with a feature set up to 3.0.8 make them.  For cib_patch.c and its text.  (spec 20 §5.4)
 */
#ifndef CIB_CIB_PATCH_V1_H
#define CIB_CIB_PATCH_V1_H

#include "lib/cib/cib_doc.h"

/* Attribute of subtrees that are new or gone as a whole: "added:top", "removed:top". */
#define CIB_PATCH_V1_MARKER "__crm_diff_marker__"

bool cib_patch_v1_versions(const xmlNode *patch, struct cib_version *source, struct cib_version *target);
int cib_patch_v1_apply(struct cib_doc *d, const xmlNode *patch);

#endif
