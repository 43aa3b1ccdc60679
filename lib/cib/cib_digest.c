/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Digests of documents.  Used by patchsets, the ping, full syncs, storage and cibadmin; never on the path of an
 * ordinary update.  (spec 20 §4.2)
 */
#include "lib/cib/cib_digest.h"

#include "lib/base/text.h"
#include "lib/base/xml.h"

char *
cib_digest_v1(const xmlNode *root)
{
    g_autoptr(GString) text = g_string_sized_new(4096);

    g_string_append_c(text, ' ');
    xml_append_text(text, root, XML_TEXT_DIGEST_QUIRK);
    g_string_append_c(text, '\n');
    return md5_hex(text->str, text->len);
}

char *
cib_digest_v2(const xmlNode *root)
{
    g_autoptr(GString) text = g_string_sized_new(4096);

    xml_append_text(text, root, XML_TEXT_DIGEST_QUIRK | XML_TEXT_SKIP_VOLATILE);
    return md5_hex(text->str, text->len);
}

char *
cib_digest_versioned(const xmlNode *root, const char *feature_set)
{
    if (feature_set == NULL || text_compare_versions("3.0.5", feature_set) > 0) {
        return cib_digest_v1(root);
    }
    return cib_digest_v2(root);
}
