/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of lib/cib share: documents from text, one update in a line, reproducible random changes. */
#ifndef CIB_TESTS_FIXTURE_H
#define CIB_TESTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_update.h"

#define BASE                                                                                                           \
    "<cib crm_feature_set=\"3.16.1\" validate-with=\"none\" epoch=\"5\" num_updates=\"3\" admin_epoch=\"0\">"         \
    "<configuration><crm_config/><nodes><node id=\"1\" uname=\"n1\"/></nodes><resources>"                             \
    "<primitive id=\"A\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/><group id=\"G\">"                       \
    "<primitive id=\"B\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"><meta_attributes id=\"B-meta\">"         \
    "<nvpair id=\"B-meta-pri\" name=\"priority\" value=\"5\"/></meta_attributes></primitive>"                         \
    "<primitive id=\"C\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/></group></resources>"                   \
    "<constraints><rsc_location id=\"l1\" rsc=\"A\" node=\"n1\" score=\"100\"/></constraints></configuration><status/></cib>"

static inline xmlNode *
parsed(const char *text)
{
    xmlNode *root = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(root);
    return root;
}

static inline struct cib_doc *
document(const char *text)
{
    return cib_doc_new_take(parsed(text));
}

static inline char *
text_of(const struct cib_doc *d)
{
    return xml_to_text(d->root, XML_TEXT_PLAIN);
}

/* Run one update without schemas and stamps; the caller clears `r`. */
static inline int
update(struct cib_doc *d, const char *op, const char *section, unsigned options, const char *input,
       struct cib_update_result *r)
{
    xmlNode *payload = input != NULL ? parsed(input) : NULL;
    struct cib_update u = { .op = op, .section = section, .options = options, .payload = payload };

    cib_update_run(d, NULL, &u, r);
    xml_free(payload);
    return r->rc;
}

/* xorshift: the same sequence everywhere. */
static inline uint32_t
next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A random modification of a document like BASE as text: op, section, options, input; input NULL for none. */
struct random_change {
    const char *op, *section;
    unsigned options;
    char input[512];
    bool has_input;
};

static inline void
random_element(uint32_t *seed, char *out, size_t size)
{
    static const char *const ids[] = { "A", "B", "C", "D", "E", "G", "l1", "l2", "B-meta", "t1" };
    static const char *const names[] = { "primitive", "primitive", "group", "rsc_location", "meta_attributes", "nvpair", "tag" };
    const char *name = names[next_random(seed) % G_N_ELEMENTS(names)];
    const char *id = ids[next_random(seed) % G_N_ELEMENTS(ids)];

    switch (next_random(seed) % 4) {
    case 0:
        g_snprintf(out, size, "<%s id=\"%s\" score=\"%u\" x=\"%u\"/>", name, id, next_random(seed) % 3, next_random(seed) % 3);
        break;
    case 1:
        g_snprintf(out, size, "<%s id=\"%s\"><op id=\"%s-o\" name=\"n%u\"/><!-- c%u --></%s>", name, id, id, next_random(seed) % 3,
                   next_random(seed) % 2, name);
        break;
    case 2:
        g_snprintf(out, size, "<%s id=\"%s\" x=\"x++\"><meta_attributes id=\"%s-m\"><nvpair id=\"%s-n\" value=\"%u\"/></meta_attributes></%s>",
                   name, id, id, id, next_random(seed) % 5, name);
        break;
    default:
        g_snprintf(out, size, "<%s id=\"%s\"/>", name, id);
    }
}

static inline struct random_change
random_change(uint32_t *seed)
{
    static const char *const ops[] = { CIB_OP_MODIFY, CIB_OP_MODIFY, CIB_OP_CREATE, CIB_OP_REPLACE, CIB_OP_DELETE, CIB_OP_BUMP };
    static const char *const sections[] = { "resources", "constraints", "status", "tags", NULL };
    static const char *const xpaths[] = { "//primitive", "//*[@id='B']", "//group/*", "//nvpair", "/cib/configuration/constraints/*" };
    struct random_change c = { .has_input = true };

    c.op = ops[next_random(seed) % G_N_ELEMENTS(ops)];
    c.section = sections[next_random(seed) % G_N_ELEMENTS(sections)];
    if (next_random(seed) % 2) {
        c.options |= CIB_OPT_CAN_CREATE;
    }
    if (strcmp(c.op, CIB_OP_CREATE) != 0 && next_random(seed) % 4 == 0) {
        c.section = xpaths[next_random(seed) % G_N_ELEMENTS(xpaths)];
        c.options |= CIB_OPT_XPATH | (next_random(seed) % 2 ? CIB_OPT_MULTIPLE : 0);
    }
    random_element(seed, c.input, sizeof(c.input));
    if (next_random(seed) % 16 == 0) {
        c.has_input = false;
    }
    return c;
}

#endif
