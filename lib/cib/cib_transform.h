/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One step of a schema upgrade that changes the document: the stylesheets upgrade-X.Y[-enter|-leave].xsl.  For
 * cib_schema.c alone.  (spec 20 §11.3, spec 25 §9)
 */
#ifndef CIB_CIB_TRANSFORM_H
#define CIB_CIB_TRANSFORM_H

#include "lib/cib/cib_schema.h"

/*
 * Run enter, main and leave of the step that leads away from version major.minor, found in `directory`, on `root`.
 * The result is new (xml_free); NULL if the main stylesheet is missing or failed (the reason is logged).  `tell` (may be
 * NULL) receives what the stylesheets have to say.
 */
xmlNode *cib_transform(const char *directory, int major, int minor, const xmlNode *root, cib_upgrade_message_fn tell,
                       void *data);

#endif
