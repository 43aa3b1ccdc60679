/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pretending: changes to a CIB as if nodes came, went or failed and operations ended somehow, and the execution of a
 * transition graph on a CIB.  Used by crm_simulate.  Works on the tree alone; tells what it does through a callback.
 * (spec 42 §12, §13.3, §13.4)
 */
#ifndef SCHED_SIMULATE_H
#define SCHED_SIMULATE_H

#include "lib/base/xml.h"
#include <stdbool.h>
#include <stdint.h>

enum sim_event_kind {
    SIM_QUORUM,     /* value */
    SIM_WATCHDOG,   /* value */
    SIM_NODE,       /* task "Online", "Offline", "Failing"; node */
    SIM_TICKET,     /* task "Granting", "Revoking", "Standby", "Activating"; value */
    SIM_INJECT,     /* value: the specification */
    SIM_ATTRIBUTE,  /* name, value, value2 = node path, node = node id */
    SIM_RSC_ACTION, /* rsc, task, node, interval (NULL: 0) */
    SIM_PSEUDO,     /* task, node (may be NULL) */
    SIM_CLUSTER,    /* task, node, rsc (may be NULL) */
    SIM_FENCE,      /* node, task = operation */
    SIM_PRETEND,    /* id of the action, rc */
    SIM_ERROR,      /* value: message for stderr */
};

struct sim_event {
    enum sim_event_kind kind;
    const char *task, *node, *rsc, *name, *value, *value2, *interval;
    int id, rc;
};

struct sim {
    xmlNode *cib; /* changed in place */
    int64_t now;
    bool create_nodes; /* injections may name unknown nodes (any node was brought up) */
    void (*tell)(void *data, const struct sim_event *event);
    void *data;
};

/* What to change, in the order in which it is done (spec 42 §13.3).  Vectors are NULL or NULL-terminated. */
struct sim_injections {
    const char *quorum, *watchdog;
    char **node_up, **node_down, **node_fail;
    char **ticket_grant, **ticket_revoke, **ticket_standby, **ticket_activate;
    char **ops; /* RSC_TASK_INTERVALMS@NODE=RC */
};
bool sim_injections_any(const struct sim_injections *i);
void sim_inject(struct sim *sim, const struct sim_injections *injections);

enum sim_outcome { SIM_COMPLETE, SIM_ABORTED /* an action failed */, SIM_TERMINATED /* nothing can go on */ };
/*
 * Execute a graph, each action at once and with success unless `fail_ops` says otherwise; writes operation history and
 * fencing results to the CIB.  `names` is the set of ids and history names of resources: an instance whose configured id is
 * not among them is shown by its own.
 */
enum sim_outcome sim_execute(struct sim *sim, const xmlNode *graph, char **fail_ops, GHashTable *names);

/* --- cib_edit.c: what both are made of --- */

/* node_state of a node that is configured, made if there is none; of others only if they may be added.  NULL: unknown. */
xmlNode *sim_node_state(struct sim *sim, const char *node);
/* The same for a node that the graph names: it exists, configured or implied by a resource. */
xmlNode *sim_node_state_of(struct sim *sim, const char *node, const char *uuid);
/* state 'u'p, 'd'own, 'f'ailed */
void sim_set_node_state(struct sim *sim, xmlNode *node_state, char state, const char *origin);
void sim_set_property(struct sim *sim, const char *name, const char *value);
void sim_set_ticket(struct sim *sim, const char *ticket, const char *attr, const char *value);
/* Counts up "value++" and sets times among the transient attributes. */
void sim_add_failure(struct sim *sim, xmlNode *node_state, const char *rsc, const char *task, guint interval_ms, int rc);
/*
 * The lrm_resource for an operation, by the name the resource is shown by, else by its configured id; made under the
 * latter, with class, provider and type of `like`, if there is none.
 */
xmlNode *sim_lrm_resource(xmlNode *node_state, const char *rsc, const char *lrm_name, const xmlNode *like);

struct sim_op {
    const char *rsc; /* in ids and keys: the configured id */
    const char *task, *exit_reason;
    guint interval_ms;
    int rc, target_rc;
    const char *migrate_source, *migrate_target, *notify_type, *notify_operation;
    const char *digest;
    const char *node;
};
void sim_record_op(struct sim *sim, xmlNode *lrm_resource, const struct sim_op *op);

#endif
