/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests of documents as the cluster protocol and the signature files use them.  (spec 20 §4.2)
 */
#ifndef CIB_CIB_DIGEST_H
#define CIB_CIB_DIGEST_H

#include <libxml/tree.h>

/* v1: signature files, --md5-sum (g_free). */
char *cib_digest_v1(const xmlNode *root);
/* v2: the protocol's digest, without the volatile attributes (g_free). */
char *cib_digest_v2(const xmlNode *root);
/* v2 unless the feature set is missing or older than 3.0.5 (g_free). */
char *cib_digest_versioned(const xmlNode *root, const char *feature_set);

#endif
