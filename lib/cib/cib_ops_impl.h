/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the CIB's operations share.  For cib_ops*.c alone.  (spec 20 §6)
 */
#ifndef CIB_CIB_OPS_IMPL_H
#define CIB_CIB_OPS_IMPL_H

#include "lib/cib/cib_ops.h"

/* The section, made under its parent if it is missing; NULL if that cannot be (spec 20 §6.3). */
xmlNode *cib_op_section_or_new(struct cib_doc *d, const char *section);

/* The operations; each returns a result. */
int cib_op_do_modify(struct cib_doc *d, const struct cib_op_args *args);
int cib_op_do_create(struct cib_doc *d, const struct cib_op_args *args, xmlNode **output);
int cib_op_do_replace(struct cib_doc *d, const struct cib_op_args *args);
int cib_op_do_delete(struct cib_doc *d, const struct cib_op_args *args);

#endif
