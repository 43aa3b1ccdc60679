/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between flags.c, propagate.c, interleave.c and the rendering of inputs: nobody else includes this.  (spec 42 §6.4-§6.6)
 */
#ifndef SCHED_ACTIONS_PROPAGATE_H
#define SCHED_ACTIONS_PROPAGATE_H

#include "lib/sched/actions/internal.h"

enum changed { CHANGED_FIRST = 1 << 0, CHANGED_THEN = 1 << 1 };

/* "running" is a primitive's "start", and so on; other tasks stay. */
const char *task_of_primitive(const char *task);
/* interleave.c: what a clone or bundle consists of for others: instances, or containers. */
unsigned partner_count(const struct sched_rsc *rsc);
struct sched_rsc *partner_at(const struct sched_rsc *rsc, unsigned i);
/* The newest one-off action of a resource for a task; on a node, if one is given. */
struct sched_action *action_newest_on(const struct sched *s, const struct sched_rsc *rsc, const char *task,
                                      const struct sched_node *scope);
/* Flags as an ordering with an action on another node (or NULL) sees them; sets the action's own as well. */
unsigned flags_for_ordering(struct sched *s, struct sched_action *a, const struct sched_node *other);

unsigned update_pair(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned f, unsigned kind);
unsigned update_kind(struct sched *s, struct sched_action *first, struct sched_action *then,
                     const struct sched_node *scope, unsigned f, unsigned kind, enum sched_kind variant);

/* interleave.c */
bool is_interleaved(const struct sched_action *first, const struct sched_action *then);
unsigned update_interleaved(struct sched *s, struct sched_action *first, struct sched_action *then,
                            const struct sched_node *scope, unsigned kind);

void block_colocated(struct sched *s, struct sched_action *a);

#endif
