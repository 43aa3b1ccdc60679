/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between merge.c and memo.c: results of merging that are still good.  Nobody else includes it.  (spec 41 §10.5)
 */
#ifndef SCHED_MEMO_H
#define SCHED_MEMO_H

#include "lib/sched/assign/assign.h"

/* Begin to remember, for the resources and colocations that there are now; forgotten with memo_free(). */
void memo_new(struct sched *s);
/* Made for other resources or colocations than there are now? */
bool memo_is_old(const struct sched *s);

/* May results for r be remembered?  False if there is no memo. */
bool memo_is_for(const struct merge_memo *m, const struct sched_rsc *r, unsigned flags);
/* If merging r with this table was done before: its result into the table. */
bool memo_find(struct merge_memo *m, const struct sched_rsc *r, struct sched_row *row, const char *attr, float factor,
               unsigned flags);
void memo_keep(struct merge_memo *m, const struct sched_rsc *r, const struct sched_row *before, const struct sched_row *after,
               const char *attr, float factor, unsigned flags);
/* r's table is being looked at: its changes count from now on. */
void memo_watch(struct merge_memo *m, struct sched_rsc *r, unsigned flags);

#endif
