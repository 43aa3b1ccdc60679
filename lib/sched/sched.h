/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scheduler from outside: CIB and time in, model, placement and transition graph out.  Pure: opens nothing,
 * reads no clock, writes no file.  Used by schedulerd, crm_simulate, crm_verify, and the status tools.
 * The stages run in this order, each needs the one before.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "lib/base/xml.h"
#include <stdint.h>

struct sched; /* model.h */

enum sched_flags {
    SCHED_CONFIG_ONLY = 1 << 0,  /* no status: crm_verify without one; operations and history are not looked at */
    SCHED_SANITIZED = 1 << 1,    /* input is a file: secure digests may stand for the full ones (spec 40 §8.2) */
    SCHED_STATUS_ONLY = 1 << 2,  /* for crm_mon and others: constraints are read, nothing will be placed */
    SCHED_SCORES = 1 << 3,       /* collect score lines (crm_simulate -s) */
    SCHED_UTILIZATION = 1 << 4,  /* collect utilization lines (crm_simulate -U) */
    SCHED_EXPLAIN = 1 << 5,      /* keep every score change with its reason */
    SCHED_QUIET = 1 << 6,        /* nothing to the log (messages are collected all the same) */
    SCHED_CAN_FENCE = 1 << 7,    /* as if there were a fence device: how sbd judges its own node */
};

/*
 * Make the model of a CIB (spec 40).  `cib` is borrowed, not changed, and must live as long as the model.  It should be
 * in the latest schema version.  `now` is the time to decide for (epoch; cib@execution-date is the caller's matter).
 * Never fails: bad input leads to messages in the model.
 */
struct sched *sched_new(const xmlNode *cib, int64_t now, unsigned flags);
/*
 * The first part of that: location constraints, stickiness, failure limits and the like, which decide what nodes a
 * resource may run on at all (spec 41 §6).  sched_assign() does it unless it has been done.
 */
void sched_apply_criteria(struct sched *s);
/* Decide where everything goes (spec 41). */
void sched_assign(struct sched *s);
void sched_free(struct sched *s);

/* Actions, ordering and graph (spec 42): see lib/sched/actions and lib/sched/graph. */

#endif
