/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status of a cluster as people and programs see it: nodes, resources, failures, history, ... of a model, as
 * text, HTML or XML.  Used by crm_mon, crm_simulate and crm_resource.  Reads the model, never changes it; never reads
 * the clock (callers pass the time to show).  (spec 81)
 */
#ifndef OUTPUT_STATUS_H
#define OUTPUT_STATUS_H

#include "lib/output/output.h"
#include "lib/sched/model/model.h"

#include <stdbool.h>
#include <stdint.h>

/* Sections of the display (spec 80 §5.4), a set of bits. */
enum status_section {
    SECTION_STACK = 1 << 0,
    SECTION_DC = 1 << 1,
    SECTION_TIMES = 1 << 2,
    SECTION_COUNTS = 1 << 3,
    SECTION_OPTIONS = 1 << 4,
    SECTION_MAINT_MODE = 1 << 5,
    SECTION_NODES = 1 << 6,
    SECTION_RESOURCES = 1 << 7,
    SECTION_ATTRIBUTES = 1 << 8,
    SECTION_FAILCOUNTS = 1 << 9,
    SECTION_OPERATIONS = 1 << 10,
    SECTION_FAILURES = 1 << 11,
    SECTION_FENCE_FAILED = 1 << 12,
    SECTION_FENCE_PENDING = 1 << 13,
    SECTION_FENCE_WORKED = 1 << 14,
    SECTION_TICKETS = 1 << 15,
    SECTION_BANS = 1 << 16,
    SECTION_FENCING_ALL = SECTION_FENCE_FAILED | SECTION_FENCE_PENDING | SECTION_FENCE_WORKED,
    SECTION_SUMMARY = SECTION_STACK | SECTION_DC | SECTION_TIMES | SECTION_COUNTS | SECTION_MAINT_MODE,
    SECTION_ALL = (1 << 17) - 1,
};

/* How things are shown, a set of bits. */
enum status_show {
    SHOW_INACTIVE = 1 << 0,      /* -r */
    SHOW_BY_NODE = 1 << 1,       /* -n: resources below their node */
    SHOW_BRIEF = 1 << 2,         /* -b: primitives counted per agent */
    SHOW_TIMING = 1 << 3,        /* -t */
    SHOW_NODE_IDS = 1 << 4,      /* -R, five things */
    SHOW_CLONE_DETAIL = 1 << 5,
    SHOW_IMPLICIT = 1 << 6,      /* parts of bundles */
    SHOW_FAILED_DETAIL = 1 << 7,
    SHOW_FEATURE_SET = 1 << 8,
    SHOW_DETAIL = SHOW_NODE_IDS | SHOW_CLONE_DETAIL | SHOW_IMPLICIT | SHOW_FAILED_DETAIL | SHOW_FEATURE_SET,
    SHOW_PENDING = 1 << 9,       /* "Starting" and the like (crm_simulate: not in the revised status) */
    SHOW_RSC_ONLY = 1 << 10,     /* no node names in resource lines, but descriptions (crm_resource -L) */
};

/* One event of the fencing history. */
struct status_fencing {
    const char *action, *target, *delegate, *client, *origin, *exit_reason;
    int state;          /* enum fence_op_state */
    int64_t completed;  /* s; 0 unknown */
    long completed_ns;
};

/* What to show of which model. */
struct status_view {
    struct sched *s;
    const xmlNode *cib;      /* whole document, for the summary */
    unsigned sections, show;
    int64_t now;             /* "Last updated" */

    /* Filters (spec 81 §5.5): NULL is no filter; status_resolve_*() make them. */
    GPtrArray *only_nodes;   /* of node names */
    GPtrArray *only_rscs;    /* of resource ids */
    const char *bans_prefix; /* NULL: all */

    /* Fencing history, newest first; history_rc tells why there is none. */
    const struct status_fencing *fencing;
    unsigned fencing_count;
    int history_rc;          /* result; RC_OK with count 0 is an empty history */
    bool history_wanted;     /* the fencer was asked */
};

/* Everything of crm_mon in its order (spec 81 §1); the launcher line is the caller's. */
void status_print(struct output *out, const struct status_view *v);

/*
 * One section each; true if it printed something.  They are lists of their own and may be put into an open
 * list (crm_simulate's "Current cluster status").
 */
bool status_summary(struct output *out, const struct status_view *v);
void status_maintenance(struct output *out, const struct status_view *v);
bool status_nodes(struct output *out, const struct status_view *v);
bool status_resources(struct output *out, const struct status_view *v);
bool status_attributes(struct output *out, const struct status_view *v);
bool status_history(struct output *out, const struct status_view *v);
bool status_failures(struct output *out, const struct status_view *v);
bool status_tickets(struct output *out, const struct status_view *v);
bool status_bans(struct output *out, const struct status_view *v);
bool status_fencing_failed(struct output *out, const struct status_view *v); /* not in XML */
bool status_fencing(struct output *out, const struct status_view *v);
/* One event of v->fencing: a line, or an element. */
void status_fencing_event(struct output *out, const struct status_view *v, const struct status_fencing *e);
/* The one line of crm_mon -s; sets *warning. */
char *status_simple(const struct status_view *v, bool *warning);

/* One resource with everything below it, as an item (or items) of the open list (crm_resource -q, -O). */
void status_resource(struct output *out, const struct status_view *v, struct sched_rsc *r);
/* Text line of a primitive (g_free), e.g. for crm_resource -O. */
char *status_primitive_text(const struct status_view *v, const struct sched_rsc *r);

/* Tickets by id, in a table whose order of iteration is that in which tickets are listed (g_hash_table_unref). */
GHashTable *status_tickets_table(const struct sched *s);

/* Filters: node name, else tag of nodes, else nothing matches (g_ptr_array_unref); likewise resources. */
GPtrArray *status_resolve_nodes(const struct sched *s, const char *name);
GPtrArray *status_resolve_resources(const struct sched *s, const char *name);

/* "N of M resource instances DISABLED ..." counts (spec 81 §2). */
struct status_counts {
    unsigned instances, disabled, blocked;
};
struct status_counts status_count(const struct sched *s);
/* "green", "yellow", "red". */
const char *status_health_text(const struct sched *s, const struct sched_node *n);
/* Is this failed probe only the news that something is not installed here?  (spec 81 §4.1) */
bool status_is_masked_probe(const struct sched_failed_op *op);

#endif
