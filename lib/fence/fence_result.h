/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What came of a fencing action or a request to the fencer, and how that is written on the wire.
 * Used by the fencer, its client, tools.  Pure.  (spec 60 §2)
 */
#ifndef FENCE_FENCE_RESULT_H
#define FENCE_FENCE_RESULT_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "lib/base/result.h"

struct fence_result {
    int rc;       /* exit status of the agent, or enum crm_exit for a request that failed */
    int status;   /* enum exec_status */
    char *reason; /* or NULL */
    char *output; /* or NULL */
    char *stderr_text; /* known only where the agent ran; never sent */
};

void fence_result_clear(struct fence_result *r);
/* Set, replacing what was there; reason (copied) may be NULL. */
void fence_result_set(struct fence_result *r, int rc, int status, const char *reason);
void fence_result_copy(struct fence_result *to, const struct fence_result *from);
bool fence_result_is_success(const struct fence_result *r);
/* 0 or a negative errno (or LEGACY_GENERIC): what peers before 2.1.3 and library users see. */
int fence_result_legacy(const struct fence_result *r);
/* The reverse, for a peer that sends nothing else. */
void fence_result_from_legacy(struct fence_result *r, int legacy);

/* Write the attributes of a result; the output only if there is any. */
void fence_result_to_xml(xmlNode *element, const struct fence_result *r);
/* The element of a (nested) message that carries the result, or NULL. */
const xmlNode *fence_result_find(const xmlNode *message);
/* Read the result of a message, wherever it stands in it; what carries none becomes an error that says so. */
void fence_result_from_xml(struct fence_result *r, const xmlNode *message);

/* First element in document order, the root included, with this attribute; NULL if none.  (spec 60 §3.1) */
const xmlNode *fence_find_with(const xmlNode *message, const char *attribute);
/* Value of that attribute, or NULL. */
const char *fence_find_value(const xmlNode *message, const char *attribute);

#endif
