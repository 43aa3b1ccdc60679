/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fencers for the tests: cores with a made-up network and made-up agents whose parameters say how long they take and how they end
 * (`takes' seconds, `mode' fail or hang).
 */
#ifndef FENCED_TESTS_FENCED_WORLD_H
#define FENCED_TESTS_FENCED_WORLD_H

#include "daemons/fenced/fenced_internal.h"

#define MAX_NODES 3

struct agent_run {
    unsigned node;
    uint64_t end_ms;
    struct fenced_effect *effect;
};

struct world;
struct host {
    struct world *world;
    uint64_t booted_ms;
};

struct world {
    unsigned n;
    struct fenced_core *cores[MAX_NODES];
    struct host hosts[MAX_NODES];
    unsigned lives[MAX_NODES]; /* of the fencers */
    bool is_down[MAX_NODES], has_panicked[MAX_NODES];
    struct fenced_now now;
    GQueue network;
    GPtrArray *runs;  /* struct agent_run, under way */
    GString *log;     /* "node:action:device@second " of each agent other than for meta-data */
    xmlNode *reply;   /* the last one */
    unsigned replies;
    long long total_s; /* of the last timeout update */
    unsigned last_uuid;
    uint64_t begin_ms;
};

/* Carry out all that is to happen now. */
void world_settle(struct world *w);
/* Time passes, in steps of 100 ms. */
void pass(struct world *w, unsigned ms);
/* `n` fencers that know each other. */
struct world *world_new(unsigned n);
void world_free(struct world *w);
void set_down(struct world *w, unsigned node, bool is_down);
/* It has lost its power and runs again, with a new fencer. */
void reset(struct world *w, unsigned node);
/* Its fencer, and nothing else, ends and is started again: it knows nothing, and has this configuration. */
void start_fencer_anew(struct world *w, unsigned node, const xmlNode *configuration);
/* The node is lost: nobody counts it as a fencer any more. */
void lose(struct world *w, unsigned node);
void ask(struct world *w, unsigned node, const char *format, ...) G_GNUC_PRINTF(3, 4);
void device(struct world *w, unsigned node, const char *id, const char *agent, const char *params);
void level(struct world *w, const char *target, unsigned index, const char *devices);
/* Ask node n1's fencer; what follows at once has happened then. */
void fence_after(struct world *w, const char *target, const char *action, unsigned timeout, int delay);
void fence(struct world *w, const char *target, const char *action, unsigned timeout);
/* There was one reply, with this execution status and exit code. */
void assert_result(struct world *w, int status, int rc);
/* "node:action:device@second" of the agents, in the order in which they ran. */
void assert_ran(struct world *w, const char *expected);

#define N3     "pcmk_host_list='n3'"
#define FAIL   " mode='fail' pcmk_off_retries='1' pcmk_reboot_retries='1' pcmk_on_retries='1'"
#define TARGET "target='n3'"

#endif
