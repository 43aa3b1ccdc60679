/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the files of lib/sched/graph.
 */
#ifndef SCHED_GRAPH_INTERNAL_H
#define SCHED_GRAPH_INTERNAL_H

#include "lib/sched/actions/internal.h"
#include "lib/sched/graph/graph.h"

/* Operation key with the name that the history knows the resource by. */
char *graph_history_key(struct sched *s, const struct sched_action *a);
/* The element of an action below `parent`; `stub`: only what a trigger shows. */
xmlNode *graph_action_element(struct sched *s, xmlNode *parent, struct sched_action *a, bool stub);

#endif
