/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The transition summary: what the actions mean for each node and resource, in words.  Used by crm_simulate and by
 * schedulerd's log.  After sched_actions_create(); prints nothing itself.  (spec 42 §13.2)
 */
#ifndef SCHED_SUMMARY_H
#define SCHED_SUMMARY_H

#include "lib/sched/model/model.h"

struct summary_node_line {
    const char *task;   /* "Fence (reboot)", "Shutdown" */
    const char *node;   /* name; guests: "NAME (resource: CONTAINER)" */
    const char *reason;
};

/* Which of source and destination, role and next role a change is about (spec 42 §13.6). */
enum summary_shape {
    SUMMARY_START,       /* node, or role, next_role, dest */
    SUMMARY_STOP,        /* [role], node */
    SUMMARY_SAME_HOST,   /* [role], source */
    SUMMARY_MOVE,        /* source, dest, [role] */
    SUMMARY_ROLE_CHANGE, /* role, next_role, source */
    SUMMARY_BOTH,        /* role, source, next_role, dest */
};

struct summary_line {
    const char *change; /* "Start", "Re-promote", ... */
    const struct sched_rsc *rsc;
    enum summary_shape shape;
    bool with_role;
    enum sched_role role, next_role;
    const struct sched_node *source, *dest;
    const char *details; /* "node1 -> node2" */
    const char *reason;  /* NULL: none */
    bool blocked;
};

struct summary {
    ARENA_VEC(struct summary_node_line) nodes;
    ARENA_VEC(struct summary_line) lines;
    unsigned name_width, detail_width; /* of the text form's columns */
};

/* Lives in the model's arena. */
struct summary *summary_new(struct sched *s);
/* Reason as shown: "due to X (blocked)", "blocked", or NULL (g_free). */
char *summary_reason_text(const struct summary_line *line);

#endif
