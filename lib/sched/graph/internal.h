/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the files of lib/sched/graph.
 */
#ifndef SCHED_GRAPH_INTERNAL_H
#define SCHED_GRAPH_INTERNAL_H

#include "lib/sched/actions/internal.h"
#include "lib/sched/graph/graph.h"

/*
 * Where the elements of the graph go: into a tree, or as text to whoever takes it.  A graph of a large cluster has
 * millions of elements; the text never exists as a whole here.
 */
struct graph_sink {
    xmlNode *at;   /* tree: the open element, NULL before the root */
    GString *text; /* text: what was not handed on yet; NULL for a tree */
    bool tag_open; /* text: the innermost element's tag may get attributes */
    GPtrArray *names; /* text: of the open elements */
    graph_write_fn write;
    void *data;
    int rc;
};

void sink_open(struct graph_sink *sink, const char *name);
/* Attribute of the element opened last, which has no children yet; NULL values are left out. */
void sink_attr(struct graph_sink *sink, const char *name, const char *value);
void sink_attr_int(struct graph_sink *sink, const char *name, long long value);
void sink_close(struct graph_sink *sink);

/* One attribute of an action's <attributes>. */
struct graph_attr {
    const char *name, *value;
};

/* What rendering actions needs again and again. */
struct graph_writer {
    struct sched *s;
    struct graph_sink sink;
    GArray *attrs;        /* of struct graph_attr, by name */
    GArray *params;       /* the same, unsorted: those whose name cannot be one of an attribute */
    GHashTable *meta;     /* name of a meta-attribute to its name in the graph, "" if it has none */
    GString *key;         /* scratch */
    /* Operation configured last: most actions of a resource are the same on many nodes. */
    struct {
        const struct sched_rsc *rsc;
        const char *key, *task;
        guint interval_ms;
        struct sched_op_config *config;
    } last;
    unsigned synapses;
};

/* Operation key with the name that the history knows the resource by (arena). */
char *graph_history_key(struct sched *s, const struct sched_action *a);
/* The element of an action; `stub`: only what a trigger shows. */
void graph_action_element(struct graph_writer *w, struct sched_action *a, bool stub);
/* Is the node to be told about a change of its maintenance state? */
bool node_maintenance_changes(const struct sched_node *node);

#endif
