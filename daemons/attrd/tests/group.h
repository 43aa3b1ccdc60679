/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A group of attribute managers' cores on a perfect network, for their tests: messages are delivered to all members in one order, CIB
 * requests are collected and answered by the test.  (spec 70)
 */
#ifndef ATTRD_TESTS_GROUP_H
#define ATTRD_TESTS_GROUP_H

#include "daemons/attrd/attrd_core.h"
#include "lib/ipc/attrd_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NODES 3

extern const char *const names[NODES];

struct node {
    struct attrd_core *core;
    struct peers *peers;
    struct ctl_refs refs;
    GPtrArray *writes;  /* struct attrd_effect: requests to the CIB, in order */
    GPtrArray *replies; /* xmlNode */
    GString *erased;    /* XPaths, a line each */
    bool read;          /* the CIB is to be read: the test answers */
    unsigned alerts;
    unsigned part; /* members of the same part see each other */
    struct fixture *f;
};

struct message {
    unsigned from;
    char *to; /* NULL: all */
    xmlNode *xml;
};

struct fixture {
    struct node node[NODES];
    GQueue wire;     /* struct message */
    GPtrArray *sent; /* copies of all messages ever sent */
    uint64_t now;
    bool answer_writes; /* answer CIB requests with success at once */
};

void collect(struct node *n);
void deliver(struct fixture *f);
/* Everybody's view of who is there follows from the parts. */
void reconfigure(struct fixture *f);
void start(struct fixture *f, unsigned i);
void stop(struct fixture *f, unsigned i);
struct fixture *group(unsigned n);
void end(struct fixture *f);
void pass(struct fixture *f, uint64_t ms);
void request(struct fixture *f, unsigned i, xmlNode *xml, bool wants_response);
/* Raw request to a node's endpoint. */
void ask(struct fixture *f, unsigned i, const char *text);
void change(struct fixture *f, unsigned i, const struct attrd_update *u);
void set_for(struct fixture *f, unsigned i, const char *name, const char *node, const char *value);
void set(struct fixture *f, unsigned i, const char *name, const char *value);
void set_delayed(struct fixture *f, const char *name, const char *value, const char *delay);
void assert_value(struct fixture *f, unsigned i, const char *name, const char *node, const char *expected);
void assert_everywhere(struct fixture *f, const char *name, const char *node, const char *expected);
unsigned writes(struct fixture *f, unsigned i);
const struct attrd_effect *last_write(struct fixture *f, unsigned i);
/* The CIB answers the last request. */
void answer(struct fixture *f, int rc);
void replace_cib(struct fixture *f);
/* nvpair with this name for this node UUID in the last request of a node, or NULL. */
const xmlNode *written(struct fixture *f, unsigned i, const char *uuid, const char *name);
void assert_written(struct fixture *f, unsigned i, const char *uuid, const char *name, const char *expected);
unsigned the_writer(struct fixture *f);

#endif
