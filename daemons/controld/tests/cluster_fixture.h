/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several controllers together for the tests: cores connected by a perfect network with one order of messages, a clock that is
 * turned by hand, a CIB that says yes, a scheduler that returns the graph of the test, and an executor whose agents always succeed.
 */
#ifndef CONTROLD_TESTS_CLUSTER_FIXTURE_H
#define CONTROLD_TESTS_CLUSTER_FIXTURE_H

#include "daemons/controld/controld_private.h"
#include "daemons/controld/core_exec.h"

#define MAX_NODES 3

struct timer {
    uint64_t id, due;
};

struct answer { /* of the CIB manager */
    uint64_t cookie;
    int rc;
    xmlNode *data;
};

struct run { /* of the executor */
    uint64_t cookie;
    char *node; /* a remote one, or NULL */
    char *rsc, *action, *userdata;
    guint interval_ms;
};

struct node {
    struct controld *c;
    char name[8];
    uint32_t id;
    bool up; /* takes part in the group */
    int exit_code; /* -1: runs */
    bool left_in_order; /* its group */
    GArray *timers;
    GQueue answers; /* struct answer */
    GQueue runs;    /* struct run */
    GPtrArray *writes; /* text of the CIB changes asked for */
    GPtrArray *attrs;  /* text of requests to the attribute manager */
    GPtrArray *remote; /* what is asked of connections to remote nodes: "remote-connect r1 ADDRESS 3121" */
    unsigned calls, queries; /* of the executor; for the whole CIB */
    bool scheduler_asked, no_scheduler, slow_scheduler, slow_agents;
    char *interest; /* rules of the changes that it wants to hear of, NULL: all */
    xmlNode *request; /* last request to the scheduler */
    uint64_t cpu_us;
};

struct message {
    uint32_t from;
    char *to;
    xmlNode *xml;
};

struct fixture {
    struct node node[MAX_NODES + 1]; /* from 1 */
    unsigned n;
    bool no_shutdown_attribute; /* queries for it find nothing */
    bool no_history; /* the CIB knows nothing of what ran where */
    uint64_t now, ring;
    unsigned epoch; /* of the CIB */
    GQueue wire;
    GString *tasks;    /* crm_task of every message sent, with a blank behind */
    const char *graph; /* what the scheduler answers once; then an empty graph */
    unsigned graphs;
};

struct ctl_time at(const struct fixture *f, const struct node *n);
/* Carry out what the cores want, until they want nothing. */
void drain(struct fixture *f);
/* CPG and quorum tell everybody who is there. */
void tell_membership(struct fixture *f);
/* Everything that needs no time to pass. */
void settle(struct fixture *f);
/* Time passes, timers expire. */
void advance(struct fixture *f, uint64_t ms);
/* Node `i` (from 1) starts; the others do not know yet. */
void start(struct fixture *f, unsigned i);
void kill_node(struct fixture *f, unsigned i);
/* Nobody runs yet. */
struct fixture *new_cluster(unsigned n);
/* All nodes started together, and everything quiet. */
struct fixture *running_cluster(unsigned n);
void end(struct fixture *f);
const char *state(const struct fixture *f, unsigned i);
/* Is `what` a part of one of the texts? */
bool contains(const GPtrArray *texts, const char *what);
void carry_out(struct fixture *f, struct node *n, struct ctl_effect *e);
/* The DC asks the scheduler again, and gets `f->graph`. */
void schedule_anew(struct fixture *f, const char *why);

#endif
