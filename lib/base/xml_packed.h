/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packed attributes: what an element's `psvi` points to instead of a list in `properties`.  A big cluster's operation history is most
 * of its CIB, and as nodes its attributes take ten times their text.  For xml.c and the parser alone.
 */
#ifndef BASE_XML_PACKED_H
#define BASE_XML_PACKED_H

#include <libxml/tree.h>

#define XML_PACKED_RESOURCE "lrm_resource"
#define XML_PACKED_ENTRY    "lrm_rsc_op"

/* In the arena that the document's `psvi` points to. */
struct xml_packed {
    unsigned count;
    struct {
        const xmlChar *name; /* of the document's dictionary */
        const char *value;
    } pairs[];
};

static inline const struct xml_packed *
xml_packed_of(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE && node->properties == NULL ? node->psvi : NULL;
}

#endif
