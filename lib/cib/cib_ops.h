/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations on the document: what query, create, modify, replace, delete, erase, bump and apply_diff
 * mean for the XML.  Called by the update pipeline (cib_update.h) alone, and by queries.  (spec 20 §6)
 */
#ifndef CIB_CIB_OPS_H
#define CIB_CIB_OPS_H

#include "lib/cib/cib_doc.h"

struct cib_op_args {
    const char *op;
    const char *section; /* or XPath */
    const xmlNode *input; /* after cib_op_input() */
    unsigned options;
    const char *digest;      /* of the request, replace only */
    const char *feature_set; /* of the request */
    bool no_permission;      /* ACLs are in force and give the requester none at all */
};

/* Payload of a request after the selection of spec 20 §6.1; borrowed, may be NULL. */
const xmlNode *cib_op_input(const char *op, const char *section, unsigned options, const xmlNode *payload);
/*
 * The element of a section; NULL if it is missing or ambiguous.  `*known` (may be NULL): the name is in the table
 * (an unknown one means the whole document).
 */
xmlNode *cib_section_find(const struct cib_doc *d, const char *section, bool *known);
/* Value of a cluster option in the crm_config section, rules aside; NULL if it is not set.  Borrowed. */
const char *cib_cluster_option(const xmlNode *crm_config, const char *name);
/* A query: `*output` is new (xml_free).  RC_OK or ENXIO. */
int cib_op_query(const struct cib_doc *d, const char *section, unsigned options, xmlNode **output);
/* The same of what that user may read: EACCES if that is nothing. */
int cib_op_query_as(const struct cib_doc *d, const char *user, const char *section, unsigned options, xmlNode **output);
/*
 * The element of the document that is the whole answer to a query, so that nothing needs to be copied; NULL if there is no such
 * single element (ask cib_op_query() then).
 */
const xmlNode *cib_op_query_borrow(const struct cib_doc *d, const char *section, unsigned options);
/*
 * Any other operation, on the open change of `d`.  `*output` may receive failure data.  Returns a result.  Upgrades are
 * not done here.
 */
int cib_op_modify(struct cib_doc *d, const struct cib_op_args *args, xmlNode **output);
/* True if the operation changes documents (and so is sent to all members). */
bool cib_op_modifies(const char *op);
/* Resolve values of the form "NAME++" that the open change left (spec 20 §6.3). */
void cib_op_sweep(struct cib_doc *d);

#endif
