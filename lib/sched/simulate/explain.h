/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a resource is where it is: how each node's score came about, which rule chose, and what keeps the resource from
 * starting or moving.  Read from what the stages recorded (SCHED_EXPLAIN), nothing is decided again here.  Used by
 * crm_simulate and crm_resource through lib/output/explanation.h.
 */
#ifndef SCHED_EXPLAIN_H
#define SCHED_EXPLAIN_H

#include "lib/sched/model/model.h"

/* One change of a node's score, in the order in which it was applied. */
struct explain_step {
    const char *code;   /* "location", "stickiness", "colocation", "preference", ... */
    const char *text;   /* for people */
    const char *source; /* constraint, NULL if none */
    const char *other;  /* the other resource, NULL if none */
    int delta, result;  /* delta of "set" and "unheeded": none */
};

struct explain_node {
    const struct sched_node *node;
    bool candidate;          /* the resource may be there at all; else `final` means nothing */
    const char *unavailable; /* why the node takes no resources now, NULL if it does */
    int base, final;         /* before the first step, after the last */
    ARENA_VEC(struct explain_step) steps;
};

struct explain_obstacle {
    const char *code; /* "target-role", "unmanaged", "quorum", ... */
    const char *text;
};

/* An action that the resource needs, and what stands behind it. */
struct explain_action {
    const char *task, *node; /* node may be NULL */
    bool runnable;
    const char *reason; /* NULL: none */
};

struct explanation {
    const struct sched_rsc *rsc;
    const char *decision; /* "node1: highest score (100 against 50 of node2)" */
    const char *rule;     /* code: "score", "name", ... */
    const struct sched_node *chosen, *over;
    enum sched_role role, next_role;
    bool promotable; /* instance of a promotable clone ... */
    int promotion;   /* ... with this score; the highest are promoted, as many as promoted-max allows */
    ARENA_VEC(struct explain_step) promotion_steps; /* how that score came about */
    ARENA_VEC(struct explain_node) nodes; /* in the order of names; one if a node was asked for */
    ARENA_VEC(struct explain_obstacle) obstacles;
    ARENA_VEC(struct explain_action) actions;
};

/* Explain one primitive after a run (sched_run()) with SCHED_EXPLAIN; `node` NULL: all.  Lives in the model's arena. */
struct explanation *explain_new(struct sched *s, struct sched_rsc *rsc, const struct sched_node *node);
/* All primitives that a resource consists of, in order: itself, members, instances, parts of a bundle. */
void explain_primitives(struct sched *s, struct sched_rsc *rsc, sched_rsc_vec *out);

#endif
