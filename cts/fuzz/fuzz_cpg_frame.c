/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between nodes as they arrive: frame, decompression, XML, and a vote read from it.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cluster/cpg_frame.h"
#include "lib/cluster/election.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decoding, encoding and decoding again must give the same. */
static void
go_round(const struct cpg_frame *f)
{
    GByteArray *again = cpg_frame_encode(f);
    struct cpg_frame f2;
    const char *reason;
    int rc = cpg_frame_decode(again->data, again->len, &f2, &reason);

    g_assert(rc == RC_OK);
    g_assert(f2.text_len == f->text_len && memcmp(f2.text, f->text, f->text_len) == 0);
    g_assert(f2.to_id == f->to_id && f2.from_pid == f->from_pid);
    cpg_frame_clear(&f2);
    g_byte_array_unref(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpg_frame f;
    const char *reason;

    if (size >= CPG_FRAME_SIZE) {
        uint32_t expanded;

        memcpy(&expanded, data + 584, 4);
        if (expanded > 1u << 20 && expanded <= CPG_FRAME_TEXT_MAX) {
            return 0;
        }
    }
    if (cpg_frame_decode(data, size, &f, &reason) == RC_OK) {
        g_autoptr(xmlNode) xml = NULL;
        struct election_vote vote;

        g_assert(f.text[f.text_len] == '\0');
        cpg_frame_is_for(&f, 1, "node1");
        go_round(&f);
        xml = xml_parse(f.text, f.text_len, XML_PARSE_LENIENT, NULL);
        if (xml != NULL) {
            election_vote_parse(xml, &vote);
        }
        cpg_frame_clear(&f);
    }
    return 0;
}
