/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Actions of a scheduler run: what has to be done, what waits for what.  Callers: schedulerd, crm_simulate,
 * crm_verify and crm_resource, which run the stages in this order and read the result through lib/sched/graph and
 * lib/sched/simulate.  Nothing here decides placement or opens a file.  (spec 42)
 */
#ifndef SCHED_ACTIONS_H
#define SCHED_ACTIONS_H

#include "lib/sched/sched.h"

/*
 * What is to be said before a status is shown, as lines in s->status_remarks: that a node to be fenced will be unfenced with
 * parameters that changed.  For models of which nothing else is asked (SCHED_STATUS_ONLY).
 */
void sched_status_remarks(struct sched *s);
/*
 * Before sched_assign(): take over what reading the CIB asked for, store orderings, compare history with the
 * configuration (spec 42 §1.2 steps 4 and 5).
 */
void sched_actions_prepare(struct sched *s);
/* After sched_assign(): create all actions, relate them, settle which are required and runnable (steps 7 to 10). */
void sched_actions_create(struct sched *s);
/* prepare, assign and create in one call. */
void sched_run(struct sched *s);
/* Free what the actions keep outside the arena; before sched_free().  Fine if nothing was prepared. */
void sched_actions_free(struct sched *s);

#endif
