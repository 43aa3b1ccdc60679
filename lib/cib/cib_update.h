/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The update pipeline on one node: run an operation on the document, check the result, count, make the patchset, and
 * keep it or take it back.  Used by the daemon's core and the file client.  Pure: the time is an argument.
 * (spec 20 §3, §7)
 */
#ifndef CIB_CIB_UPDATE_H
#define CIB_CIB_UPDATE_H

#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_schema.h"

/* One modifying request. */
struct cib_update {
    const char *op;
    const char *section;    /* or XPath */
    const xmlNode *payload; /* first child of cib_calldata, or NULL */
    unsigned options;
    const char *user;       /* on whose behalf */
    bool check_acl;         /* ACLs are in force and the user is not exempt */
    /* replace: integrity of a full sync */
    const char *digest;
    const char *feature_set;
    bool full_sync;         /* cib_update="true": counters are not managed */
    const char *schema_max; /* upgrade: as agreed in the cluster, or NULL */
    /* the stamp of a configuration change; `written` NULL: none (no-mtime) */
    const char *written;    /* "Sun Nov 22 02:52:43 2026" */
    const char *origin, *client;
    bool want_digest;       /* add a digest to the patchset, if its format and kind allow */
};

enum cib_changed_section { CIB_CHANGED_NODES = 1, CIB_CHANGED_ALERTS = 2, CIB_CHANGED_STATUS = 4 };

struct cib_update_result {
    int rc;             /* a result */
    xmlNode *output;    /* data for the requester, or NULL */
    xmlNode *patch;     /* what changed, also when a check refused it afterwards; NULL: nothing that counts */
    bool applied;       /* the document is another now (it may have changed silently) */
    bool config_changed; /* of an applied change: bumped the epoch */
    bool crm_config_touched;
    bool persist;       /* something outside status changed: what is on disk is out of date */
    unsigned changed_sections; /* replace and erase: enum cib_changed_section */
    struct cib_version before;
};

void cib_update_result_clear(struct cib_update_result *r);

/* Execute; always fills `r` (clear it afterwards).  `schemas` NULL: nothing is validated. */
void cib_update_run(struct cib_doc *d, struct cib_schemas *schemas, const struct cib_update *u,
                    struct cib_update_result *r);

#endif
