/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What gives nodes a score before anything is placed: shutdown locks, locations, stickiness, failures, exclusive
 * discovery; and constraints that the kind of a resource implies.  (spec 41 §6, §7)
 */
#include "lib/base/log.h"
#include "lib/sched/assign/assign.h"

/* --- shutdown locks: spec 41 §6.2, spec 40 §8.5 --- */

static void
drop_lock(struct sched *s, struct sched_rsc *r)
{
    struct sched_intent intent = { .kind = INTENT_LRM_DELETE, .rsc = r, .node = r->lock.node };

    sched_message(s, MSG_INFO, 0, __func__, "Cancelling shutdown lock because %s is already active", r->id);
    intent_add(s, intent);
    r->lock.node = NULL;
    r->lock.time = 0;
}

static void
lock_to_leaving_node(struct sched *s, struct sched_rsc *r)
{
    struct sched_node *n = r->active_on.items[0];
    const char *since = node_attr(n, "shutdown");

    if (!n->shutdown || n->unclean) {
        return;
    }
    r->lock.node = n;
    r->lock.time = since == NULL ? s->now : text_leading_int(since);
    if (r->lock.time == 0) {
        r->lock.time = s->now;
    }
}

static void
apply_shutdown_lock(struct sched *s, struct sched_rsc *r)
{
    if (r->kind == KIND_GROUP) {
        VEC_FOR_EACH (struct sched_rsc, member, r->children) {
            apply_shutdown_lock(s, member);
        }
        return;
    }
    if (r->kind != KIND_PRIMITIVE || rsc_is(r, RSC_FENCE_DEVICE) || (rsc_is(r, RSC_REMOTE_CONNECTION) && r->container == NULL)) {
        return;
    }
    if (r->lock.node != NULL) {
        if (r->active_on.len > 0) {
            drop_lock(s, r);
        }
    } else if (r->active_on.len == 1) {
        lock_to_leaving_node(s, r);
    }
    if (r->lock.node == NULL) {
        return;
    }
    if (s->opt.shutdown_lock_limit > 0) {
        sched_recheck(s, r->lock.time + s->opt.shutdown_lock_limit + 1);
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (!text_equal(n->uname, r->lock.node->uname)) {
            rsc_score_add(s, r, n, -SCORE_INFINITY, "shutdown-lock", NULL);
        }
    }
}

/* --- locations: spec 41 §6.3 --- */

static void
apply_to_row(struct sched *s, struct sched_rsc *r, const struct sched_location *l, bool with_score)
{
    if (l->role_filter > ROLE_UNKNOWN && l->role_filter != r->next_role) {
        return;
    }
    for (unsigned i = 0; i < l->node_count; i++) {
        const struct sched_node *n = l->nodes[i].node;
        int score = with_score ? l->nodes[i].score : 0;

        if (row_has(&r->row, n)) {
            row_add(&r->row, n, score);
        } else {
            row_enter(&r->row, n, score);
        }
        sched_explain_add(s, r, l->nodes[i].node, score, r->row.score[n->id], l->xml != NULL ? "location" : "health",
                          l->id);
        if (r->row.mode[n->id] < l->discovery) {
            if (l->discovery == DISCOVER_EXCLUSIVE) {
                r->flags |= RSC_EXCLUSIVE_DISCOVERY;
            }
            r->row.mode[n->id] = l->discovery;
        }
    }
}

static void
apply_location(struct sched *s, struct sched_rsc *r, struct sched_location *l, bool with_score)
{
    apply_to_row(s, r, l, with_score);
    switch (r->kind) {
    case KIND_PRIMITIVE:
        break;
    case KIND_GROUP:
        /* Members follow the first one, so the score must count only once. */
        VEC_FOR_EACH (struct sched_rsc, member, r->children) {
            apply_location(s, member, l,
                           with_score && (member == r->children.items[0] || !rsc_is(r, RSC_COLLOCATED)));
        }
        break;
    case KIND_CLONE:
        VEC_FOR_EACH (struct sched_rsc, instance, r->children) {
            apply_location(s, instance, l, with_score);
        }
        break;
    case KIND_BUNDLE:
        for (unsigned i = 0; i < r->replicas.len; i++) {
            apply_location(s, r->replicas.items[i]->container, l, with_score);
            if (r->replicas.items[i]->ip != NULL) {
                apply_location(s, r->replicas.items[i]->ip, l, with_score);
            }
        }
        if (r->bundle_child != NULL && l->role_filter == ROLE_PROMOTED) {
            arena_vec_push(s->arena, &r->bundle_child->locations, l);
        }
        break;
    }
}

/* --- stickiness: spec 41 §6.4 --- */

static void
apply_stickiness(struct sched *s, struct sched_rsc *r)
{
    struct sched_node *n;

    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        apply_stickiness(s, child);
    }
    if (r->kind != KIND_PRIMITIVE || !rsc_is(r, RSC_MANAGED) || r->stickiness < 1 || r->active_on.len != 1) {
        return;
    }
    n = r->active_on.items[0];
    if (s->opt.symmetric_cluster || row_has(&r->row, n)) {
        rsc_score_add(s, r, n, r->stickiness, "stickiness", NULL);
    }
}

/* --- failures and exclusive discovery: spec 41 §6.5, §6.6 --- */

static void
apply_failure_limit(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    struct sched_failcount f;

    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        apply_failure_limit(s, child, n);
    }
    if (r->kind != KIND_PRIMITIVE || r->migration_threshold == 0 || rsc_is(r, RSC_FAILURE_IGNORED)
        || clear_failcount_planned(s, r, n)) {
        return;
    }
    f = rsc_failcount(s, r, n, true, true);
    if (f.count <= 0 || f.count < r->migration_threshold) {
        return;
    }
    struct sched_rsc *banned = rsc_is(r, RSC_UNIQUE) ? r : rsc_top(r);

    sched_message(s, MSG_WARNING, 0, __func__, "%s cannot run on %s due to reaching migration threshold (clean up resource "
                  "to allow again)" QB_XS " failures=%d migration-threshold=%d", banned->id, n->uname, f.count,
                  r->migration_threshold);
    rsc_score_add(s, banned, n, -SCORE_INFINITY, "__fail_limit__", NULL);
}

static void
apply_exclusive(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    if (!rsc_is(r, RSC_EXCLUSIVE_DISCOVERY) && !rsc_is(rsc_top(r), RSC_EXCLUSIVE_DISCOVERY)) {
        return;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        apply_exclusive(s, child, n);
    }
    if (row_has(&r->row, n) && r->row.mode[n->id] != DISCOVER_EXCLUSIVE) {
        row_put(&r->row, n, -SCORE_INFINITY);
        sched_explain_add(s, r, n, -SCORE_INFINITY, -SCORE_INFINITY, "exclusive discovery", NULL);
    }
}

static bool
node_has_failures(const struct sched_node *n)
{
    nvtable_for_each (pair, &n->attrs) {
        if (g_str_has_prefix(pair->name, "fail-count-")) {
            return true;
        }
    }
    return false;
}

void
criteria_apply(struct sched *s)
{
    if (s->opt.shutdown_lock) {
        VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
            apply_shutdown_lock(s, r);
        }
    }
    for (unsigned i = s->locations.len; i-- > 0;) {
        apply_location(s, s->locations.items[i]->rsc, s->locations.items[i], true);
    }
    VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
        apply_stickiness(s, r);
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *n = s->node_order[i];
        bool failures = node_has_failures(n);

        VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
            if (failures) {
                apply_failure_limit(s, r, n);
            }
            apply_exclusive(s, r, n);
        }
    }
}

/* --- what the kind implies: spec 41 §7 --- */

static void
ban_remote_nodes(struct sched *s, struct sched_rsc *r)
{
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (n->remote_rsc != NULL && row_has(&r->row, n)) { /* without connection it is not known to be one */
            row_put(&r->row, n, -SCORE_INFINITY);
            sched_explain_add(s, r, n, -SCORE_INFINITY, -SCORE_INFINITY, "no remote node", NULL);
        }
    }
}

/* The connection whose node a filler of `container` must run on; NULL if the container is a plain one. */
static struct sched_rsc *
connection_of_container(struct sched *s, struct sched_rsc *r)
{
    if (r->is_remote_node) {
        return NULL;
    }
    if (r->container->is_remote_node) {
        return r->container;
    }
    return find_contained_remote(s, r->container);
}

static void
implied_by_container(struct sched *s, struct sched_rsc *r)
{
    struct sched_rsc *connection = connection_of_container(s, r);

    if (connection != NULL) {
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            if (n != connection->remote_node && row_has(&r->row, n)) {
                row_put(&r->row, n, -SCORE_INFINITY);
                sched_explain_add(s, r, n, -SCORE_INFINITY, -SCORE_INFINITY, "container", r->container->id);
            }
        }
        return;
    }
    bool bundle_connection = r->replica != NULL && r->replica->remote == r;

    coloc_new(s, "resource-with-container", NULL, bundle_connection ? 10000 : SCORE_INFINITY, r, r->container, NULL, NULL,
              true, NULL);
}

static void
implied_primitive(struct sched *s, struct sched_rsc *r)
{
    if (!rsc_is(r, RSC_MANAGED)) {
        return;
    }
    if (r->is_remote_node || rsc_is(r, RSC_FENCE_DEVICE)) {
        ban_remote_nodes(s, r);
    }
    if (r->is_remote_node && r->container != NULL && r->replica == NULL) {
        ban_remote_nodes(s, r->container); /* no guest inside a guest, but for a bundle's own connections */
    }
    if (r->container != NULL) {
        implied_by_container(s, r);
    }
}

static void
implied(struct sched *s, struct sched_rsc *r)
{
    struct sched_rsc *previous = NULL;

    switch (r->kind) {
    case KIND_PRIMITIVE:
        implied_primitive(s, r);
        break;
    case KIND_GROUP:
        VEC_FOR_EACH (struct sched_rsc, member, r->children) {
            implied(s, member);
            if (previous != NULL && rsc_is(r, RSC_COLLOCATED)) {
                coloc_new(s, "group:internal_colocation", NULL, SCORE_INFINITY, member, previous, NULL, NULL,
                          rsc_is(member, RSC_CRITICAL), NULL);
            }
            previous = member;
        }
        break;
    case KIND_CLONE:
        VEC_FOR_EACH (struct sched_rsc, instance, r->children) {
            implied(s, instance);
        }
        break;
    case KIND_BUNDLE:
        for (unsigned i = 0; i < r->replicas.len; i++) {
            struct sched_replica *rep = r->replicas.items[i];

            implied(s, rep->container);
            if (rep->ip != NULL) {
                implied(s, rep->ip);
                coloc_new(s, "ip-with-docker", NULL, SCORE_INFINITY, rep->ip, rep->container, NULL, NULL, true, NULL);
            }
            if (rep->remote != NULL) {
                implied(s, rep->remote);
            }
        }
        if (r->bundle_child != NULL) {
            implied(s, r->bundle_child);
        }
        break;
    }
}

void
implicit_constraints(struct sched *s)
{
    VEC_FOR_EACH (struct sched_rsc, r, s->resources) {
        implied(s, r);
    }
}
