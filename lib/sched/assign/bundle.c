/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bundles: containers first, then what belongs to each, then the clone inside.  All of it is done anew every time a
 * bundle is asked; settled parts do nothing then.  (spec 41 §15)
 */
#include "lib/sched/assign/assign.h"

static bool
failure_limit_reached(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    struct sched_failcount f = rsc_failcount(s, r, n, true, true);

    return r->migration_threshold > 0 && !rsc_is(r, RSC_FAILURE_IGNORED) && f.count > 0
        && f.count >= r->migration_threshold;
}

/* The instance inside belongs on its own node and nowhere else. */
static void
restrict_child(struct sched *s, const struct sched_replica *rep)
{
    struct sched_rsc *child = rep->child;

    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (!row_has(&child->row, n)) {
            continue;
        }
        if (n != rep->node) {
            row_put(&child->row, n, -SCORE_INFINITY);
        } else if (!failure_limit_reached(s, child, n)) {
            row_put(&child->row, n, SCORE_INFINITY);
        }
    }
}

static void
assign_replica(struct sched *s, struct sched_replica *rep)
{
    struct sched_node *host = rep->container->assigned;

    if (rep->ip != NULL) {
        assign_resource(s, rep->ip, NULL);
    }
    if (rep->remote != NULL) {
        if (host != NULL && host->kind == NODE_REMOTE && host->remote_rsc != NULL) {
            coloc_new(s, "child-remote-with-docker-remote", NULL, SCORE_INFINITY, rep->remote, host->remote_rsc, NULL,
                      NULL, true, NULL);
        }
        assign_resource(s, rep->remote, NULL);
    }
    if (rep->child != NULL) {
        struct sched_rsc *clone = rep->child->parent;
        unsigned was = clone->flags & RSC_ASSIGNING;

        restrict_child(s, rep);
        clone->flags |= RSC_ASSIGNING; /* it must not place its instances itself */
        assign_resource(s, rep->child, rep->node);
        clone->flags = (clone->flags & ~RSC_ASSIGNING) | was;
    }
}

static void
restrict_inner_clone(struct sched *s, struct sched_rsc *bundle)
{
    struct sched_row *row = &bundle->bundle_child->row;

    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (row_has(row, n)) {
            row_put(row, n, -SCORE_INFINITY);
        }
    }
    for (unsigned i = 0; i < bundle->replicas.len; i++) {
        if (bundle->replicas.items[i]->node != NULL && row_has(row, bundle->replicas.items[i]->node)) {
            row_put(row, bundle->replicas.items[i]->node, 0);
        }
    }
}

struct sched_node *
assign_bundle(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    struct sched_rsc **containers;

    r->flags |= RSC_ASSIGNING;
    containers = g_new(struct sched_rsc *, r->replicas.len + 1);
    for (unsigned i = 0; i < r->replicas.len; i++) {
        containers[i] = r->replicas.items[i]->container;
    }
    line_scores(s, "pcmk__bundle_allocate", r, true);
    instances_sort(s, r, containers, r->replicas.len);
    instances_distribute(s, r, containers, r->replicas.len, r->clone_max, r->clone_node_max);
    g_free(containers);
    for (unsigned i = 0; i < r->replicas.len; i++) {
        assign_replica(s, r->replicas.items[i]);
    }
    if (r->bundle_child != NULL) {
        restrict_inner_clone(s, r);
        assign_resource(s, r->bundle_child, prefer);
    }
    r->flags = (r->flags & ~RSC_ASSIGNING) | RSC_SETTLED;
    return NULL;
}
