/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of lib/sched/assign share: placing a resource, merging preferences, applying colocations, and the
 * score lines.  Later stages use sched.h and model.h only.  (spec 41)
 */
#ifndef SCHED_ASSIGN_H
#define SCHED_ASSIGN_H

#include "lib/sched/model/internal.h"

/* --- place.c: one resource --- */

/* Give a resource (of any kind) its place; `prefer` may be NULL.  Returns the node, NULL if none or in progress. */
struct sched_node *assign_resource(struct sched *s, struct sched_rsc *r, struct sched_node *prefer);
struct sched_node *assign_primitive(struct sched *s, struct sched_rsc *r, struct sched_node *prefer);
/* Make a placement final; `force` skips the last check (spec 41 §11.1, 6 and 7).  False if refused. */
bool settle(struct sched *s, struct sched_rsc *r, struct sched_node *chosen, bool force);
/* Undo it: the resource is open again. */
void unsettle(struct sched *s, struct sched_rsc *r);

/* --- nodes.c: availability and order of nodes (spec 41 §9) --- */

bool available_with_score(const struct sched_row *row, const struct sched_node *n);
bool available_with_guest(const struct sched_node *n);
bool row_any_available(const struct sched *s, const struct sched_row *row);
/* Entries of a row in the order of spec 41 §9.2 (g_free); `current` may be NULL. */
struct sched_node **row_sorted(struct sched *s, const struct sched_row *row, const struct sched_node *current,
                               unsigned *count);
/* First of that order; NULL if the row has no entry. */
struct sched_node *row_best(struct sched *s, const struct sched_row *row, const struct sched_node *current);
/* Which of those rules decides between two nodes. */
enum sched_home_rule deciding_rule(const struct sched *s, const struct sched_row *row, const struct sched_node *a,
                                   const struct sched_node *b, const struct sched_node *current);
int compare_homes(const struct sched *s, const struct sched_row *row, const struct sched_node *a,
                  const struct sched_node *b, const struct sched_node *current);
/* All nodes in the order of 9.2 by base score, as spec 41 §8.2 wants them (g_free). */
struct sched_node **cluster_nodes_sorted(struct sched *s);
/* Node ids in the order of a hash table's iteration (spec 41 §19); g_free. */
struct sched_node **row_hash_order(struct sched *s, const struct sched_row *row, unsigned *count);

/* --- rows that live for a while --- */
struct sched_row row_copy(const struct sched_row *from);
void row_release(struct sched_row *row);
void row_restore(struct sched_row *to, const struct sched_row *from);
void row_add(struct sched_row *row, const struct sched_node *n, int score);
void row_put(struct sched_row *row, const struct sched_node *n, int score);
uint32_t *row_counts(struct sched *s, struct sched_row *row);

/* --- colocate.c --- */

/* Does the dependent's wish matter for r?  (spec 41 §10.3) */
bool coloc_has_influence(const struct sched_coloc *c, const struct sched_rsc *r);
/* Effect of a constraint on a dependent (spec 41 §10.4, §10.6); both ends may stand in for those of the constraint. */
void coloc_apply(struct sched *s, struct sched_rsc *dependent, struct sched_rsc *primary, const struct sched_coloc *c);
enum coloc_effect { COLOC_NOTHING, COLOC_LOCATION, COLOC_PROMOTION };
/* `preview`: as if everything were placed already (utilization chains). */
enum coloc_effect coloc_affects(const struct sched_rsc *dependent, const struct sched_rsc *primary,
                                const struct sched_coloc *c, bool preview);
const char *coloc_attr_value(const struct sched_node *n, const char *attr, const char *def);
bool attr_values_equal(const char *a, const char *b);
/* Node of an instance: of a primitive its node, of a group the one all members are on; else NULL. */
struct sched_node *instance_node(const struct sched_rsc *r);

/* A constraint was forgotten again because it left no node: `saved` is the row that comes back. */
void explain_unheeded(struct sched *s, struct sched_rsc *x, const struct sched_row *saved, const struct sched_coloc *c);

/* --- merge.c: dependents' wishes (spec 41 §10.5) --- */

enum merge_flags {
    MERGE_POSITIVE_ONLY = 1 << 0,
    MERGE_REVERTIBLE = 1 << 1,
    MERGE_THIS_WITH = 1 << 2, /* follow D-lists; else P-lists */
    MERGE_FRESH = 1 << 3,     /* start from the resource's own row (sort of spec 41 §8.2) */
};
void merge_preferences(struct sched *s, struct sched_rsc *r, struct sched_row *into, const char *attr, float factor,
                       unsigned flags);
/* The same for the row of a resource that is being placed, by a constraint of its own; this one can be explained. */
void merge_wishes(struct sched *s, struct sched_rsc *r, const struct sched_coloc *c, unsigned flags);
/* memo.c: what merging found out; forget it when a node comes or goes, free it after placement. */
void memo_forget(struct merge_memo *m);
void memo_free(struct sched *s);
float coloc_factor(const struct sched_coloc *c);

/* --- group.c, clone.c, promote.c, bundle.c --- */

struct sched_node *assign_group(struct sched *s, struct sched_rsc *r, struct sched_node *prefer);
struct sched_node *assign_clone(struct sched *s, struct sched_rsc *r, struct sched_node *prefer);
struct sched_node *assign_bundle(struct sched *s, struct sched_rsc *r, struct sched_node *prefer);
void instances_sort(struct sched *s, struct sched_rsc *parent, struct sched_rsc **instances, unsigned count);
int instances_compare(struct sched *s, struct sched_rsc *parent, struct sched_rsc *a, struct sched_rsc *b);
void instances_distribute(struct sched *s, struct sched_rsc *parent, struct sched_rsc **instances, unsigned count,
                          int max, int per_node);
void promotion_add_scores(struct sched *s, struct sched_rsc *clone);
void promotion_decide(struct sched *s, struct sched_rsc *clone);
void promotion_update_dependent_row(struct sched *s, struct sched_rsc *dependent, struct sched_rsc *clone,
                                    const struct sched_coloc *c);
void promotion_update_dependent_priority(struct sched *s, struct sched_rsc *dependent, struct sched_rsc *clone,
                                         const struct sched_coloc *c);

/* --- criteria.c --- */
void criteria_apply(struct sched *s);
void implicit_constraints(struct sched *s);

/* --- utilization.c (spec 41 §16) --- */
void capacity_init(struct sched *s);
void capacity_consume(struct sched *s, struct sched_node *n, const struct sched_rsc *r);
void capacity_release(struct sched *s, struct sched_node *n, const struct sched_rsc *r);
int capacity_compare(const struct sched_node *a, const struct sched_node *b);
/* Bans nodes without room; returns the most free node if no node has room for the whole chain. */
struct sched_node *capacity_ban(struct sched *s, struct sched_rsc *r);

/* --- lines.c (spec 41 §3) --- */
void line_scores(struct sched *s, const char *label, struct sched_rsc *r, bool deep);
/* A sentence among the score lines; structured output leaves it out. */
void line_remark(struct sched *s, const char *text);
void line_promotion(struct sched *s, struct sched_rsc *r, const char *node, int score);
void line_capacity(struct sched *s, const char *label, struct sched_node *n);
void line_utilization(struct sched *s, struct sched_rsc *r, struct sched_node *n);

#endif
