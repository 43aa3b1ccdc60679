/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between propagate.c, interleave.c and the rendering of inputs: nobody else includes this.  (spec 42 §6.4-§6.6)
 */
#ifndef SCHED_ACTIONS_PROPAGATE_H
#define SCHED_ACTIONS_PROPAGATE_H

#include "lib/sched/actions/internal.h"

enum changed { CHANGED_FIRST = 1 << 0, CHANGED_THEN = 1 << 1 };

/* "running" is a primitive's "start", and so on; other tasks stay. */
const char *task_of_primitive(const char *task);
/* Instances that a task of a clone or bundle is about. */
unsigned instance_count(const struct sched_rsc *rsc, const char *task);
struct sched_rsc *instance_at(const struct sched_rsc *rsc, const char *task, unsigned i);

unsigned update_pair(struct sched *s, struct sched_action *first, struct sched_action *then, unsigned f, unsigned kind);
unsigned update_kind(struct sched *s, struct sched_action *first, struct sched_action *then,
                     const struct sched_node *scope, unsigned f, unsigned kind, enum sched_kind variant);

/* interleave.c */
bool is_interleaved(const struct sched_action *first, const struct sched_action *then);
unsigned update_interleaved(struct sched *s, struct sched_action *first, struct sched_action *then,
                            const struct sched_node *scope, unsigned kind);

void block_colocated(struct sched *s, struct sched_action *a);

#endif
