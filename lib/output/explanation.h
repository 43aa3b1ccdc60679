/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explanations (lib/sched/simulate/explain.h) as text, XML and JSON.  Used by crm_simulate and crm_resource.
 */
#ifndef OUTPUT_EXPLANATION_H
#define OUTPUT_EXPLANATION_H

#include "lib/output/output.h"
#include "lib/sched/model/model.h"

/*
 * Explain "RSC" or "RSC@NODE", after a run with SCHED_EXPLAIN: the resource with that id, whatever its kind (every primitive
 * of it), or all instances of what is configured under that id; on one node or on all.  A resource may have an '@' in its
 * id: the whole word is tried first.  False and *error (g_free) if there is no such thing.
 */
bool explanation_print(struct output *out, struct sched *s, const char *word, char **error);

#endif
