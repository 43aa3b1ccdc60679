/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core of the scheduler daemon: a request and the time in, the answer and what is worth keeping out.  Opens nothing
 * and reads no clock; main.c does that.  (spec 30 §8, spec 10 §1.7)
 */
#ifndef SCHEDULERD_CORE_H
#define SCHEDULERD_CORE_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct schedulerd;

struct schedulerd *schedulerd_new(void);
void schedulerd_free(struct schedulerd *d);

/* Which series of saved inputs a calculation belongs to. */
enum input_series { SERIES_ERROR, SERIES_WARN, SERIES_INPUT };
/* "pe-error", "pe-warn", "pe-input" */
const char *input_series_name(enum input_series series);

struct schedulerd_answer {
    int ack;                 /* status of the acknowledgement, an exit code */
    xmlNode *reply;          /* to be sent as an event, without crm-tgraph-in; NULL: none (xml_free) */
    enum input_series series;
    int series_max;          /* how many inputs of it are kept; 0 none, -1 all */
    bool same_input;         /* as last time: nothing to write, the last name holds */
    const xmlNode *input;    /* the CIB inside the request, to be written; borrowed from the request */
    unsigned transition_id;
};

/* Handle one message (NULL: it was no XML).  The input gets its execution-date. */
void schedulerd_request(struct schedulerd *d, int64_t now, xmlNode *request, struct schedulerd_answer *answer);

#endif
