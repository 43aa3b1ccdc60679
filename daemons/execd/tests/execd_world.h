/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world of a test of the executor's core: made-up clients, a made-up clock, and agents that end when the test says so. */
#ifndef EXECD_TESTS_EXECD_WORLD_H
#define EXECD_TESTS_EXECD_WORLD_H

#include "daemons/execd/execd_core.h"

#define NO_REPLY 12345

struct world {
    struct execd_core *core;
    struct execd_now now;
    int rc;               /* of the last request; NO_REPLY if there was no answer */
    xmlNode *reply;       /* the last one */
    GPtrArray *events;    /* notifications since clear_events(): struct execd_effect */
    GPtrArray *runs;      /* runs that were started and did not end: struct execd_effect */
    GPtrArray *kills;     /* run ids */
    GPtrArray *alerts;
    unsigned providers, proxied; /* effects of that kind */
};

/* For cmocka: a world with client "A", who is privileged. */
int setup(void **state);
int teardown(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Requests; each returns the code of the answer, or NO_REPLY.  ask_with() takes what follows the operation, up to the end tag. */
int ask(struct world *w, const char *client, const char *text);
int ask_with(struct world *w, const char *client, const char *op, const char *data_format, ...) G_GNUC_PRINTF(4, 5);
void register_rsc(struct world *w, const char *id, unsigned options);
/* NULL: client "A", resource "r", user data "u". */
struct request {
    const char *client, *rsc, *action, *userdata;
    unsigned interval, delay, options;
};
int execute(struct world *w, struct request r);
int cancel(struct world *w, const char *action, unsigned interval);
int unregister(struct world *w, const char *id);

/* Effects of what the test did to the core itself. */
void drain(struct world *w);
/* Time passes; timers fire on the way. */
void pass(struct world *w, uint64_t ms);
/* The oldest run ends with an exit status. */
void finish(struct world *w, int rc);

const char *event_get(struct world *w, unsigned i, const char *field);
void assert_result(struct world *w, unsigned i, int call_id, int rc, int status);
/* One action runs, and it is this one. */
void assert_runs(struct world *w, const char *action);
void forget_events(struct world *w);

#endif
