/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The transition graph: what of the actions is to be executed, as the XML that controllers run, and as a picture.
 * After sched_actions_create().  Writes no file.  (spec 42 §11, §13.5)
 */
#ifndef SCHED_GRAPH_H
#define SCHED_GRAPH_H

#include "lib/base/xml.h"
#include "lib/sched/sched.h"

/*
 * Render the graph (once per run: it completes the notifications of clones).  `transition_id` counts the graphs of a
 * process from 0.  The caller frees the result with xml_free().
 */
xmlNode *sched_graph_new(struct sched *s, int transition_id);

/* Takes a piece of text; 0, or an error, after which nothing more is handed on. */
typedef int (*graph_write_fn)(void *data, const char *text, size_t len);
/*
 * The same as formatted text, without a tree: for files, and the only way for graphs of millions of actions.  Either of
 * the two once per run.  Returns what `write` returned.
 */
int sched_graph_write(struct sched *s, int transition_id, graph_write_fn write, void *data);

enum sched_dot_flags {
    DOT_ALL = 1 << 0, /* also what is not done and why (crm_simulate -a) */
    DOT_IDS = 1 << 1, /* names with the action's id */
};
/* Graphviz text of the same, after sched_graph_new(). */
GString *sched_dot_new(struct sched *s, unsigned flags);

#endif
