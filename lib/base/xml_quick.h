/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The quick reader of plain documents, for xml_parse.c alone.  It makes the tree that libxml2's parser would make, in a
 * fraction of the time, and gives up at whatever is not plain: the caller then asks libxml2.
 */
#ifndef BASE_XML_QUICK_H
#define BASE_XML_QUICK_H

#include <libxml/tree.h>
#include <stddef.h>

/*
 * The document (xmlFreeDoc), blanks dropped as XML_PARSE_NOBLANKS does; NULL if the text is faulty or has anything but
 * elements with ASCII names and without namespaces, attributes, comments, blanks and an XML declaration of UTF-8.  `deepest` bounds the
 * nesting.
 */
xmlDoc *xml_quick_parse(const char *text, size_t len, unsigned deepest);

#endif
