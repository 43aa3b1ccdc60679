/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the files of crm_simulate.
 */
#ifndef TOOLS_SIMULATE_H
#define TOOLS_SIMULATE_H

#include "lib/output/output.h"
#include "lib/sched/sched.h"
#include "lib/sched/simulate/simulate.h"

enum show_scores { SHOW_SCORES = 1 << 0, SHOW_UTILIZATION = 1 << 1 };

struct show {
    struct output *out;
    bool attributes, failures; /* -A, -c */
};

/* "Current cluster status" or "Revised Cluster Status": nodes, resources and what was asked for. */
/* What the state leads to that is said before it is shown. */
void show_remarks(const struct show *show, struct sched *s);
void show_status(const struct show *show, struct sched *s, const char *title, bool pending);
/* The banner above it: maintenance, counts. */
void show_banner(const struct show *show, struct sched *s);
/* Score and utilization lines; `which` is a set of enum show_scores. */
void show_score_lines(const struct show *show, struct sched *s, unsigned which);
void show_summary(const struct show *show, struct sched *s);
/* One line of an injection or of the execution; for struct sim.tell with the struct output as data. */
void show_event(void *out, const struct sim_event *event);

/* Profile: schedule every file of a directory `repeat` times.  Exit code. */
int profile_directory(struct output *out, const char *directory, int repeat, int64_t now);

/* Read, upgrade and check one CIB; NULL: the message is printed and *exit_code set. */
xmlNode *simulate_load(struct output *out, const char *file, bool live, int *exit_code);
/* Time to decide for: -t, else the document's execution-date, else `clock`. */
int64_t simulate_now(const xmlNode *cib, const char *use_date, int64_t clock);

#endif
