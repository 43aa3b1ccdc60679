/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Validation by parts: the small document that stands for a change.  For cib_schema.c alone.
 *
 * The grammars of the CIB have the property that a document is valid if its frame (root, configuration, sections) is, and each
 * child of a section is, and ids are unique, and references have a target (spec 25 §3-§5).  So when the document
 * before a change was valid, it is enough to look at the frame and at the children that the change touched.
 */
#ifndef CIB_CIB_SCHEMA_PARTS_H
#define CIB_CIB_SCHEMA_PARTS_H

#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_grammar.h"

/*
 * The frame of the document with the changed children of sections (cib_schema_free_parts).  `keep_one`: for a grammar that asks for children, sections without a changed child get
 * an unchanged one.  NULL if parts cannot tell (the root was replaced, something may still refer to what is gone).
 */
xmlDoc *cib_schema_changed_parts(struct cib_doc *d, bool keep_one);
void cib_schema_free_parts(xmlDoc *parts);
/* Before the full validator sees the parts: enter targets for the references in them that lead elsewhere. */
void cib_schema_enter_outside_ids(xmlDoc *parts);
/* After validation of the parts: are the ids in them, as the validator understood them, unique in the whole document? */
bool cib_schema_ids_unique(const struct cib_doc *d, const xmlDoc *parts);
/* The same for the quick validator, and the references have a target: in the parts or elsewhere. */
bool cib_schema_ids_fit(const struct cib_doc *d, const struct cib_grammar_ids *ids);

#endif
