/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Actions of a scheduler run: the objects, how they are found or created, and who waits for whom.
 * lib/sched/model calls the first group while it reads history and constraints (creation order decides ids,
 * so it calls at the moment the specification says, spec 42 §1.3); lib/sched/graph and simulate read the rest.
 * Nothing here reads the CIB on its own or decides placement.  (spec 42 §2)
 */
#ifndef SCHED_ACTIONS_H
#define SCHED_ACTIONS_H

#include <glib.h>
#include <stdbool.h>

struct sched;
struct sched_node;
struct sched_rsc;
struct sched_action;

/* --- for lib/sched/model --- */

enum sched_wanted {
    WANT_OPTIONAL, /* done only if something else makes it required */
    WANT_REQUIRED,
};

/*
 * Find or create the action RSC_TASK_INTERVAL on `node` (spec 42 §2.2).  Never NULL.  History reading uses it for the
 * recurring actions it finds (WANT_OPTIONAL), stops of failed resources, `demote` for on-fail=demote, `lrm_delete` and
 * `clear_failcount` of expired locks and failures, all WANT_REQUIRED; ticket and other constraint code likewise.
 */
struct sched_action *sched_action_get(struct sched *s, struct sched_rsc *rsc, const char *task, guint interval_ms,
                                      struct sched_node *node, enum sched_wanted wanted);
/* Reason shown in the transition summary: the first one stays unless `overwrite`. */
void sched_action_set_reason(struct sched *s, struct sched_action *a, const char *reason, bool overwrite);
/* History says the resource is not active on `node` after all: its stops there become optional (spec 40 §7.9, 5). */
void sched_stops_become_optional(struct sched *s, struct sched_rsc *rsc, struct sched_node *node);
/* `clear_failcount` of `rsc` on `node`, with its reason; required, not waited for (spec 42 §3.8). */
struct sched_action *sched_clear_failcount(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, const char *reason);
/* True if that was called for this resource and node in this run (spec 41 §6.5). */
bool sched_failcount_clear_scheduled(struct sched *s, struct sched_rsc *rsc, struct sched_node *node);
/*
 * The (optional) fencing object `stonith-NODE-OP`; op NULL: the configured stonith-action.  The model calls it when it
 * declares a node for fencing (spec 42 §7.1); the model itself marks the node unclean.  First reason stays.
 */
struct sched_action *sched_fence_action(struct sched *s, struct sched_node *node, const char *op, bool optional,
                                        const char *reason, bool priority_delay);

#endif
