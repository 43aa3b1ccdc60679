/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attributes that a schema lets hold any text, or any but a few words.  For cib_schema.c alone: a change of nothing but such
 * values cannot make a valid document invalid, so it needs no run of the grammar, which is most of the work of a small change.
 */
#ifndef CIB_CIB_SCHEMA_BOUNDS_H
#define CIB_CIB_SCHEMA_BOUNDS_H

#include <stdbool.h>

struct cib_schema_bounds;

/* Read from the schema's file and those that it includes; never NULL: of files that cannot be read nothing is free. */
struct cib_schema_bounds *cib_schema_bounds_new(const char *directory, const char *schema);
void cib_schema_bounds_free(struct cib_schema_bounds *b);

/* True if the attribute, where an element of this name has it, may have this value whatever else the element is like. */
bool cib_schema_bounds_allow(const struct cib_schema_bounds *b, const char *element, const char *attribute, const char *value);

#endif
