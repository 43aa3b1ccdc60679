/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the parts of the status rendering share.  Nobody outside status_*.c includes this.
 */
#ifndef OUTPUT_STATUS_INTERNAL_H
#define OUTPUT_STATUS_INTERNAL_H

#include "lib/output/status.h"

static inline const char *
bool_text(bool value)
{
    return value ? "true" : "false";
}

/* Is `name` in the filter?  No filter lets everything pass.  Names of nodes ignore case. */
bool status_filter_has(const GPtrArray *filter, const char *name);
static inline bool
status_shows_node(const struct status_view *v, const struct sched_node *n)
{
    return status_filter_has(v->only_nodes, n->uname);
}
/* Is the resource itself named by the filter? */
bool status_selects(const struct status_view *v, const struct sched_rsc *r);
/* Is it to be shown: named, or above or below one that is? */
bool status_shows_rsc(const struct status_view *v, const struct sched_rsc *r);

/* Is any part of it on a node that is shown? */
bool status_is_on_shown_node(const struct status_view *v, const struct sched_rsc *r);

/* Name for people: id, without instance number for anonymous clones (spec 81 §4.1). */
const char *status_rsc_name(const struct sched_rsc *r);
/* "NAME", or with IDs "NAME@HOST (ID)"; g_free (spec 81 §3.1). */
char *status_node_name(const struct sched_node *n, bool with_ids);
/* target-role is Stopped, or Unpromoted where it could be promoted (spec 81 §2). */
bool status_rsc_is_disabled(const struct sched_rsc *r);

/* Connection of a guest or bundle node, which nobody configured: people know it by its node. */
bool status_is_implicit(const struct sched_rsc *r);

/* How one primitive is printed. */
struct status_line {
    const char *name;             /* instead of its own name */
    const struct sched_node *node; /* instead of where it runs; only with `name` */
    bool hide_node;               /* below its node, or crm_resource -L */
};
void status_primitive_line(GString *to, const struct status_view *v, const struct sched_rsc *r,
                           const struct status_line *how);
/* The primitive as item or element. */
void status_primitive(struct output *out, const struct status_view *v, const struct sched_rsc *r,
                      const struct status_line *how);
/* Any resource; true if something was printed. */
bool status_rsc(struct output *out, const struct status_view *v, const struct sched_rsc *r);
bool status_group(struct output *out, const struct status_view *v, const struct sched_rsc *r);
bool status_clone(struct output *out, const struct status_view *v, const struct sched_rsc *r);
bool status_bundle(struct output *out, const struct status_view *v, const struct sched_rsc *r);
/* Counts per agent of the primitives in a list (spec 81 §5.6); true if a line was printed. */
bool status_brief(struct output *out, const struct status_view *v, struct sched_rsc *const *rscs, unsigned n,
                  bool with_total);
/* The same for those that run on one node (-n -b); true if there are any. */
bool status_brief_on_node(struct output *out, const struct status_view *v, const struct sched_node *node);
/* An action other than a probe is under way. */
bool status_has_pending_action(const struct sched_rsc *r);
/* Agent as text, into a caller's buffer. */
const char *status_agent(const struct sched_rsc *r, char *buffer, size_t size);
/* OCF text of a masked probe failure of the resource (or anything in the clone) on a node (NULL: anywhere). */
const char *status_probe_failure(const struct status_view *v, const struct sched_rsc *r,
                                 const struct sched_node *node);

/* "[ a b c ]" of nodes in node order, each as often as it counts; counts by node id (g_free). */
char *status_node_list(const struct sched *s, const unsigned *count);

#endif
