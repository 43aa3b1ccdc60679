/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CIB file as it is found on disk, and the journal beside it: parsed, made a document, digested, queried, changed and
 * taken back.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemons/cib/based_core.h"
#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_journal.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_store.h"
#include "lib/cib/cib_update.h"
#include "lib/cib/cib_xpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
change_and_take_back(struct cib_doc *d)
{
    static const char input[] = "<primitive id=\"A\" x=\"x++\"><op id=\"o\"/></primitive>";
    xmlNode *payload = xml_parse(input, strlen(input), XML_PARSE_STRICT, NULL);
    struct cib_update u = { .op = CIB_OP_MODIFY, .payload = payload, .options = CIB_OPT_CAN_CREATE | CIB_OPT_DRY_RUN };
    struct cib_update_result r;
    g_autofree char *before = xml_to_text(d->root, XML_TEXT_PLAIN), *after = NULL;

    cib_update_run(d, NULL, &u, &r);
    cib_update_result_clear(&r);
    after = xml_to_text(d->root, XML_TEXT_PLAIN);
    g_assert(strcmp(before, after) == 0);
    xml_free(payload);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    xmlNode *root = xml_parse((const char *)data, size, XML_PARSE_LENIENT, NULL), *journaled;
    struct cib_doc *d;

    journaled = cib_empty_new("none", 1);
    cib_journal_replay_text(&journaled, (const char *)data, size, NULL);
    xml_free(journaled);
    if (root == NULL) {
        return 0;
    }
    based_prepare_document(root, false);
    d = cib_doc_new_take(root);
    g_autofree char *v1 = cib_digest_v1(d->root), *v2 = cib_digest_v2(d->root);
    g_autoptr(xmlNode) image = cib_store_image(d->root, NULL);
    g_autoptr(GPtrArray) found = cib_xpath_eval(d->root, d->ids, "//*[@id='A']//*");
    g_autoptr(GPtrArray) full = cib_xpath_eval_full(d->root, "//*[@id='A']//*");

    g_assert(found->len == full->len);
    change_and_take_back(d);
    cib_doc_free(d);
    return 0;
}
