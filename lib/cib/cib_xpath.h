/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XPath on the CIB.  The forms that cluster software uses ("//primitive[@id='A']", "/cib/configuration/...") are
 * answered from the id index or by a plain walk; everything else goes to libxml2.  (spec 20 §2.2, §6.2)
 */
#ifndef CIB_CIB_XPATH_H
#define CIB_CIB_XPATH_H

#include <glib.h>
#include <libxml/tree.h>

/*
 * Elements that match, in document order (g_ptr_array_free); empty if none, if the expression is wrong or no node
 * set.  A match of an attribute, text or comment stands for its parent (which
 * may so be there several times), one of the document for the root.
 * `ids` (may be NULL) is the index of struct cib_doc.
 */
GPtrArray *cib_xpath_eval(const xmlNode *root, GHashTable *ids, const char *expression);
/* The same by libxml2 only: what the quick forms are tested against. */
GPtrArray *cib_xpath_eval_full(const xmlNode *root, const char *expression);

#endif
