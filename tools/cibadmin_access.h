/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cibadmin --show-access: a document with what a user may do to its parts.  For tools/cibadmin.c.  (spec 20 §12.5) */
#ifndef TOOLS_CIBADMIN_ACCESS_H
#define TOOLS_CIBADMIN_ACCESS_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "lib/output/output.h"

enum access_style { ACCESS_AUTO, ACCESS_COLOR, ACCESS_TEXT, ACCESS_NAMESPACE, ACCESS_N_STYLES };

/* "color" and so on; false if there is no such style. */
bool access_style_parse(const char *word, enum access_style *style);
/* Print the document; as elements, each with an attribute "access", where the output has elements.  ACLs are those in it, in force or not.  Takes it. */
void access_print(struct output *out, xmlNode *take_document, const char *user, enum access_style style);

#endif
