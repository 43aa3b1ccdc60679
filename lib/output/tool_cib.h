/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Getting the CIB ready for the scheduler's model, as every tool that evaluates the status does it.
 * (spec 80 §4.1, spec 20 §11.3)
 */
#ifndef OUTPUT_TOOL_CIB_H
#define OUTPUT_TOOL_CIB_H

#include "lib/base/xml.h"

/*
 * Complete a document that was read: a missing status section is added, and a configuration of an older major schema
 * version is upgraded in memory.  May replace *cib.  RC_OK, or why it cannot be used (RC_SCHEMA_VALIDATION,
 * RC_TRANSFORM_FAILED); *cib stays the caller's.
 */
int tool_prepare_cib(xmlNode **cib);

#endif
