/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What differs between two documents, left as marks on the new one and deletions of the old one.  Used where an
 * operation brings a fresh subtree (replace, erase, transforms, crm_diff).  Changes neither.  (spec 20 §3.1, §5.2)
 */
#ifndef CIB_CIB_COMPARE_H
#define CIB_CIB_COMPARE_H

#include <libxml/tree.h>
#include <stdbool.h>

struct cib_doc;
struct cib_mark;

/*
 * Compare `old` (attached, so that paths can be told) with `new` (not attached yet, or a root).  Marks nodes of `new`
 * for `d` and records deletions in it.  True if anything differs; then d->dirty is set.
 */
bool cib_compare_trees(struct cib_doc *d, xmlNode *old, xmlNode *new);
/* Note in `m` which attributes of the list `new` differ from the list `old`, their order included. */
void cib_compare_attrs(const xmlAttr *old, const xmlAttr *new, bool order_counts, struct cib_mark *m);

#endif
