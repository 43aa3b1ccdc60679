/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operation history: which node's history is read when, in which order its entries count, and what a resource's state
 * on a node is after all of them.  One entry at a time is judged by history_op.c, choosing the resource is
 * history_match.c.  (spec 40 §7.1, §7.2, §7.9)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

static void unpack_resource(struct sched *s, struct sched_node *n, const xmlNode *xml);

/* --- passes: spec 40 §7.1 --- */

static bool
ready_to_unpack(const struct sched *s, const struct sched_node *n)
{
    if (n->kind == NODE_REMOTE) {
        const struct sched_rsc *connection = n->remote_rsc, *container = node_container(n);

        if (container != NULL) {
            return connection->role == ROLE_STARTED && container->role == ROLE_STARTED;
        }
        return connection != NULL && (connection->role == ROLE_STARTED || s->opt.shutdown_lock);
    }
    return n->online || s->opt.stonith_enabled || s->opt.shutdown_lock;
}

static void
unpack_node_history(struct sched *s, struct sched_node *n)
{
    const xmlNode *lrm = xml_first(n->state, "lrm");
    const xmlNode *list = lrm == NULL ? NULL : xml_first(lrm, "lrm_resources");

    n->unpacked = true;
    if (n->kind == NODE_REMOTE) {
        node_check_remote_shutdown(s, n);
        node_unpack_remote_state(s, n);
    }
    if (list == NULL) {
        return;
    }
    xml_for_each (xml, list, "lrm_resource") {
        unpack_resource(s, n, xml);
    }
}

/* Attach orphans of this node's history to the container they name; that may be an orphan itself. */
static void
link_orphan_fillers(struct sched *s, unsigned from)
{
    for (unsigned i = from; i < s->rscs.len; i++) {
        struct sched_rsc *r = s->rscs.items[i], *container;
        const char *id;

        if (!rsc_is(r, RSC_ORPHAN) || r->parent != NULL || r->container != NULL
            || (id = rsc_meta(r, "container")) == NULL || (container = rsc_named_first(s, id)) == NULL) {
            continue;
        }
        r->container = container;
        arena_vec_push(s->arena, &container->fillers, r);
    }
}

static void
unpack_one(struct sched *s, struct sched_node *n)
{
    unsigned before = s->rscs.len;

    unpack_node_history(s, n);
    link_orphan_fillers(s, before);
}

/* The node that a node_state is about; connections of orphans may have come up with new nodes since the first pass. */
static struct sched_node *
node_of_state(struct sched *s, const xmlNode *state)
{
    const char *id = xml_id(state), *uname = xml_get(state, "uname");
    struct sched_node *n;

    if (id == NULL || uname == NULL) {
        return NULL;
    }
    n = sched_node_by_uuid(s, id);
    if (n == NULL) {
        n = sched_node_by_name(s, uname);
    }
    if (n != NULL && n->state == NULL) {
        n->state = state;
    }
    return n != NULL && n->state == state ? n : NULL;
}

void
history_unpack(struct sched *s)
{
    bool any = true;

    /* Reading one node's history may bring up a connection, and so make another's readable. */
    while (any) {
        any = false;
        xml_for_each (state, s->status_xml, "node_state") {
            struct sched_node *n = node_of_state(s, state);

            if (n != NULL && !n->unpacked && ready_to_unpack(s, n)) {
                unpack_one(s, n);
                any = true;
            }
        }
    }
    xml_for_each (state, s->status_xml, "node_state") {
        struct sched_node *n = node_of_state(s, state);

        if (n != NULL && !n->unpacked && (s->opt.stonith_enabled || ready_to_unpack(s, n))) {
            unpack_one(s, n);
        }
    }
    history_finish(s);
}

/* --- order of entries: spec 40 §7.2 --- */

void
history_parse_op(struct sched *s, const xmlNode *xml, struct sched_hist_op *op)
{
    const char *key = xml_get(xml, "transition-key"), *task = xml_get(xml, "operation");
    int transition, action, target = -1;

    memset(op, 0, sizeof *op);
    op->xml = xml;
    op->id = xml_id(xml);
    op->task = task;
    op->key = xml_get(xml, "operation_key");
    if (op->key == NULL) {
        op->key = op->id;
    }
    op->interval_ms = (guint)CLAMP(xml_get_int(xml, "interval", 0), 0, (long long)G_MAXUINT);
    op->call_id = (int)xml_get_int(xml, "call-id", -1);
    op->rc = (int)xml_get_int(xml, "rc-code", 0);
    op->status = (int)xml_get_int(xml, "op-status", EXEC_UNKNOWN);
    op->last_change = xml_get_int(xml, "last-rc-change", 0);
    op->target_rc = -1;
    if (key != NULL && transition_key_parse(key, &transition, &action, &target, NULL)) {
        op->target_rc = target;
    }
    op->effective_rc = op->rc;
    op->effective_status = op->status;
    op->probe = op->interval_ms == 0 && text_equal(task, "monitor");
}

/* One of two is pending, or call ids do not tell: the transitions that asked for them decide. */
static int
compare_by_transition(const struct sched_hist_op *a, const struct sched_hist_op *b)
{
    const char *magic_a = xml_get(a->xml, "transition-magic"), *magic_b = xml_get(b->xml, "transition-magic");
    int ta, tb, x, st, rc, target, result = 0;
    char *uuid_a = NULL, *uuid_b = NULL;

    if (magic_a == NULL || magic_b == NULL || !transition_magic_parse(magic_a, &ta, &x, &st, &rc, &target, &uuid_a)
        || !transition_magic_parse(magic_b, &tb, &x, &st, &rc, &target, &uuid_b)) {
        result = 0;
    } else if (!text_equal_nocase(uuid_a, uuid_b) || ta == tb) {
        /* From another controller, or of the same transition: what is still going on is newer. */
        result = b->call_id == -1 ? -1 : a->call_id == -1 ? 1 : 0;
    } else if ((ta >= 0 && ta < tb) || tb == -1) {
        result = -1;
    } else if ((tb >= 0 && ta > tb) || ta == -1) {
        result = 1;
    }
    g_free(uuid_a);
    g_free(uuid_b);
    return result;
}

/* `same_node`: whether the entries are of one node, where they do not say so themselves. */
int
history_compare(struct sched *s, const struct sched_hist_op *a, const struct sched_hist_op *b, bool same_node)
{
    const char *node_a = xml_get(a->xml, "on_node"), *node_b = xml_get(b->xml, "on_node");

    if (node_a != NULL && node_b != NULL) {
        same_node = text_equal_nocase(node_a, node_b);
    }
    if (same_node && a->id != NULL && text_equal(a->id, b->id)) {
        CONFIG_ERROR_P(s, "Duplicate " "lrm_rsc_op" " entries named %s", a->id);
        return 0;
    }
    if (a->call_id == -1 && b->call_id == -1) {
        return 0;
    }
    if (same_node && a->call_id >= 0 && a->call_id < b->call_id) {
        return -1;
    }
    if (same_node && b->call_id >= 0 && a->call_id > b->call_id) {
        return 1;
    }
    if (a->call_id >= 0 && b->call_id >= 0 && (!same_node || a->call_id == b->call_id)) {
        int64_t ta = xml_get(a->xml, "last-rc-change") == NULL ? -1 : a->last_change;
        int64_t tb = xml_get(b->xml, "last-rc-change") == NULL ? -1 : b->last_change;

        /* A time that is not known is no older than another. */
        return ta >= 0 && ta < tb ? -1 : tb >= 0 && ta > tb;
    }
    return compare_by_transition(a, b);
}

static int
compare_ops(const void *a, const void *b, void *data)
{
    return history_compare(data, a, b, true);
}

static void
sort_ops(struct sched *s, struct sched_history *h, const xmlNode *xml)
{
    unsigned count = xml_count_children(xml, "lrm_rsc_op"), i;
    struct sched_hist_op *parsed = g_new0(struct sched_hist_op, count + 1), **order;

    order = g_new0(struct sched_hist_op *, count + 1);
    i = count;
    xml_for_each (op, xml, "lrm_rsc_op") {
        if (xml_get(op, "operation") != NULL) { /* else damaged: nobody knows what it tells */
            i--;                                /* last one first */
            history_parse_op(s, op, &parsed[i]);
            order[i] = &parsed[i];
        }
    }
    count -= i;
    memmove(order, order + i, count * sizeof(struct sched_hist_op *));
    sched_sort(order, count, compare_ops, s);
    h->ops = arena_new_array(s->arena, struct sched_hist_op, count + 1);
    h->op_count = count;
    for (i = 0; i < count; i++) {
        h->ops[i] = *order[i];
        h->ops[i].history = h;
    }
    g_free(parsed);
    g_free(order);
}

/*
 * From where on entries tell of a running resource, and up to where of a stopped one.  (spec 40 §7.9)
 */
static void
find_start_and_stop(struct sched_history *h)
{
    int implied_monitor = -1, implied_role = -1;

    h->start_index = h->stop_index = -1;
    for (unsigned i = 0; i < h->op_count; i++) {
        const struct sched_hist_op *op = &h->ops[i];

        if (op->task == NULL) {
            continue;
        }
        if (strcmp(op->task, "stop") == 0 && op->status == EXEC_DONE) {
            h->stop_index = (int)i;
        } else if (text_is_one_of(op->task, "start", "migrate_from", NULL)) {
            h->start_index = (int)i;
        } else if (implied_monitor <= h->stop_index && strcmp(op->task, "monitor") == 0) {
            if (op->rc == OCF_RC_OK || op->rc == OCF_RC_PROMOTED) {
                implied_monitor = (int)i;
            }
        } else if (text_is_one_of(op->task, "promote", "demote", NULL)) {
            implied_role = (int)i;
        }
    }
    if (h->start_index == -1) {
        h->start_index = implied_role != -1 ? implied_role : implied_monitor;
    }
}

/* --- one resource on one node --- */

/* Active on the node for the first time: what follows from that.  (spec 40 §7.9 end) */
static void
count_priority(struct sched_rsc *r, struct sched_node *n)
{
    int points;

    if (r->priority == 0) {
        return;
    }
    points = r->role == ROLE_PROMOTED ? r->priority + 1 : r->priority;
    n->priority += points;
    if (node_is_guest(n)) {
        VEC_FOR_EACH (struct sched_node, host, node_container(n)->active_on) {
            host->priority += points;
        }
    }
}

static void
block(struct sched_rsc *r)
{
    r->flags = (r->flags & ~RSC_MANAGED) | RSC_BLOCKED;
}

static void
react_to_multiply_active(struct sched *s, struct sched_rsc *r)
{
    struct sched_rsc *parent = r->parent;

    switch (r->multiple_active) {
    case MULTI_STOP_ONLY:
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            row_enter(&r->row, n, -SCORE_INFINITY);
        }
        break;
    case MULTI_BLOCK:
        block(r);
        if (parent != NULL && (parent->kind == KIND_GROUP || parent->kind == KIND_BUNDLE)
            && parent->multiple_active == MULTI_BLOCK) {
            VEC_FOR_EACH (struct sched_rsc, sibling, parent->children) {
                block(sibling);
            }
        }
        break;
    case MULTI_STOP_START:
    case MULTI_STOP_UNEXPECTED:
        break; /* actions draw the consequence */
    }
}

/* Nobody moves what is not managed: it is preferred where it is, and so is everything in it. */
static void
prefer_where_active(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    if (!row_has(&r->row, n)) {
        row_enter(&r->row, n, n->base_score);
    }
    r->row.score[n->id] = score_add(r->row.score[n->id], SCORE_INFINITY);
    sched_explain_add(s, r, n, SCORE_INFINITY, r->row.score[n->id], "unmanaged", NULL);
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        prefer_where_active(s, child, n);
    }
}

void
rsc_add_running(struct sched *s, struct sched_rsc *r, struct sched_node *n, bool failed)
{
    unsigned all, clean;

    if (rsc_active_on(r, n)) {
        return;
    }
    arena_vec_push(s->arena, &r->active_on, n);
    if (r->kind == KIND_PRIMITIVE) {
        arena_vec_push(s->arena, &n->running, r);
        if (!failed) {
            count_priority(r, n);
        }
        if (n->maintenance) {
            r->flags = r->flags & ~RSC_MANAGED;
        }
    }
    if (!rsc_is(r, RSC_MANAGED)) {
        prefer_where_active(s, r, n);
        /* Parents note the node if it is there, once for each member. */
        for (struct sched_rsc *p = r->parent; p != NULL && n->online; p = p->parent) {
            arena_vec_push(s->arena, &p->active_on, n);
        }
        return;
    }
    if (r->kind == KIND_PRIMITIVE) {
        rsc_current_node(r, &all, &clean);
        if ((rsc_requires_fencing(r) ? all : clean) > 1) {
            react_to_multiply_active(s, r);
        }
    }
    if (r->parent != NULL) {
        rsc_add_running(s, r->parent, n, failed);
    }
}

static void
mark_known(struct sched *s, struct sched_rsc *r, const struct sched_node *n)
{
    for (struct sched_rsc *p = r; p != NULL; p = p->parent) {
        if (p->known_on == NULL) {
            p->known_on = arena_new_array(s->arena, uint8_t, s->row_cap);
        }
        p->known_count += p->known_on[n->id] == 0;
        p->known_on[n->id] = 1;
        if (rsc_is(r, RSC_UNIQUE)) {
            break; /* what is known of one unique instance says nothing about the others */
        }
    }
}

/* Thought to be active on a node that is not there (spec 40 §7.9, 2). */
static void
fence_for_active(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    char *reason;

    if (node_is_guest(n)) {
        r->flags |= RSC_FAILED | RSC_STOP_NEEDED;
        reason = g_strdup_printf("%s is thought to be active there", r->id);
        sched_fence_node(s, n, reason, false);
        g_free(reason);
        return;
    }
    if (!s->opt.stonith_enabled) {
        return;
    }
    if (n->kind == NODE_REMOTE && n->remote_rsc != NULL && !rsc_is(n->remote_rsc, RSC_FAILED)) {
        /* Perhaps only the connection is lost: then the node need not be fenced once it is back. */
        n->unseen = true;
        n->fencing_revocable = true;
        reason = g_strdup_printf("%s is active there (fencing will be revoked if remote connection can be "
                                 "re-established elsewhere)", r->id);
    } else {
        reason = g_strdup_printf("%s is thought to be active there", r->id);
    }
    sched_fence_node(s, n, reason, false);
    g_free(reason);
}

void
plan_stop(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    struct sched_intent intent = { .kind = INTENT_STOP, .rsc = r, .node = n, .managed = rsc_is(r, RSC_MANAGED) };

    intent_add(s, intent);
    if (!node_is_reachable(n) && rsc_is(r, RSC_MANAGED) && !n->unclean) {
        /* It must be stopped, and cannot be asked to. */
        sched_fence_node(s, n, "stop is unrunnable", false);
    }
}

/* The connection of a remote node broke for good (spec 40 §7.7). */
static void
reset_remote(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    r->flags |= RSC_FAILED | RSC_STOP_NEEDED;
    if (s->opt.stonith_enabled) {
        struct sched_node *remote = r->is_remote_node ? sched_node_by_name(s, r->id) : NULL;

        if (remote != NULL && node_is_remote(remote) && !remote->remote_was_fenced) {
            sched_fence_node(s, remote, "remote connection is unrecoverable", false);
        }
    }
    if (r->role > ROLE_STOPPED) {
        plan_stop(s, r, n);
    }
    if (r->reconnect_interval > 0) {
        rsc_set_next_role(r, ROLE_STOPPED, "remote reset");
    }
}

/* What the collected response to failures asks for (spec 40 §7.9, 4). */
static void
respond_to_failures(struct sched *s, struct history_state *st)
{
    struct sched_rsc *r = st->rsc;
    struct sched_intent demote = { .kind = INTENT_DEMOTE, .rsc = r, .node = st->node, .managed = rsc_is(r, RSC_MANAGED) };
    char *reason;

    switch (st->on_fail) {
    case ONFAIL_IGNORE:
        break;
    case ONFAIL_DEMOTE:
        r->flags |= RSC_FAILED;
        intent_add(s, demote);
        break;
    case ONFAIL_FENCE:
        reason = g_strdup_printf("%s failed there", r->id);
        sched_fence_node(s, st->node, reason, false);
        g_free(reason);
        break;
    case ONFAIL_STANDBY:
        st->node->standby = true;
        st->node->standby_on_fail = true;
        break;
    case ONFAIL_BLOCK:
        block(r);
        break;
    case ONFAIL_MIGRATE:
        rsc_score_add(s, r, st->node, -SCORE_INFINITY, "__action_migration_auto__", NULL);
        break;
    case ONFAIL_STOP:
        rsc_set_next_role(r, ROLE_STOPPED, "on-fail=stop");
        break;
    case ONFAIL_RECOVER:
        if (r->role > ROLE_STOPPED) {
            r->flags |= RSC_FAILED | RSC_STOP_NEEDED;
            plan_stop(s, r, st->node);
        }
        break;
    case ONFAIL_RESTART_CONTAINER:
        r->flags |= RSC_FAILED | RSC_STOP_NEEDED;
        if (r->container != NULL && rsc_is(r, RSC_IN_BUNDLE)) {
            /* Where the container of a replica runs may not have been read yet. */
            arena_vec_push(s->arena, &s->stop_later, r->container);
        } else if (r->container != NULL) {
            plan_stop(s, r->container, st->node);
        } else if (r->role > ROLE_STOPPED) {
            plan_stop(s, r, st->node);
        }
        break;
    case ONFAIL_RESET_REMOTE:
        reset_remote(s, r, st->node);
        break;
    }
}

/* (spec 40 §7.9) */
static void
settle_state(struct sched *s, struct history_state *st)
{
    struct sched_rsc *r = st->rsc;
    struct sched_node *n = st->node;
    bool failed = st->on_fail != ONFAIL_IGNORE; /* then it does not add to the node's priority, though fencing may be all there is to do */

    if (r->role != ROLE_UNKNOWN) {
        mark_known(s, r, n);
    }
    if (r->role > ROLE_STOPPED && !n->online && !n->maintenance && rsc_is(r, RSC_MANAGED)) {
        fence_for_active(s, r, n);
    }
    if (n->unclean) {
        st->on_fail = ONFAIL_IGNORE; /* fencing is all there is to do */
    }
    respond_to_failures(s, st);

    /* A failed connection of an unclean node: the node counts as seen, so that it is really fenced (spec 40 §7.7). */
    if (r->is_remote_node && rsc_is(r, RSC_FAILED) && r->remote_node != NULL && r->remote_node->unclean) {
        r->remote_node->unseen = false;
    }

    if (r->role > ROLE_STOPPED) {
        if (rsc_is(r, RSC_ORPHAN)) {
            if (rsc_is(r, RSC_MANAGED)) {
                CONFIG_WARN(s, "Detected active orphan %s running on %s", r->id, n->uname);
            } else {
                CONFIG_WARN(s, "Resource '%s' must be stopped manually on %s because cluster is configured not to stop "
                               "active orphans", r->id, n->uname);
            }
        }
        rsc_add_running(s, r, n, failed || st->on_fail != ONFAIL_IGNORE);
        if (st->on_fail == ONFAIL_BLOCK || st->on_fail == ONFAIL_DEMOTE) {
            r->flags |= RSC_FAILED;
        } else if (st->on_fail != ONFAIL_IGNORE) {
            r->flags |= RSC_FAILED | RSC_STOP_NEEDED;
        }
    } else if (r->history_name != NULL && strchr(r->history_name, ':') != NULL) {
        /* Only what is active keeps the number that another version gave it. */
        rsc_set_history_name(s, r, NULL);
    } else {
        struct sched_intent optional = { .kind = INTENT_STOPS_OPTIONAL, .rsc = r, .node = n };

        intent_add(s, optional);
    }
}

/* Recurring operations that run on the node (spec 40 §7.9, 6). */
static void
note_recurring(struct sched *s, struct history_state *st)
{
    struct sched_history *h = st->history;
    int from = h->start_index;

    if (!st->node->online) {
        return;
    }
    for (unsigned i = 0; i < h->op_count; i++) {
        struct sched_hist_op *op = &h->ops[i];
        struct sched_intent intent = { .kind = INTENT_RUNNING_RECURRING, .rsc = st->rsc, .node = st->node };

        if (h->start_index < h->stop_index && (int)i <= h->stop_index) {
            continue;
        }
        if ((int)i < from || op->interval_ms == 0 || op->status == EXEC_PENDING || op->status == EXEC_UNKNOWN) {
            continue;
        }
        intent.task = op->task;
        intent.interval_ms = op->interval_ms;
        intent.xml = op->xml;
        intent.key = arena_printf(s->arena, "%s_%s_%u", st->rsc->id, op->task, op->interval_ms);
        intent.was_active = rsc_active(st->rsc, true) && st->rsc->next_role <= st->rsc->role;
        intent_add(s, intent);
    }
}

/* A shutdown lock that the history remembers (spec 40 §8.5 a). */
static void
unpack_shutdown_lock(struct sched *s, struct sched_rsc *r, struct sched_node *n, const xmlNode *xml)
{
    int64_t since = xml_get_int(xml, "shutdown-lock", 0);

    if (since == 0) {
        return;
    }
    if (s->opt.shutdown_lock_limit > 0 && s->now > since + s->opt.shutdown_lock_limit) {
        struct sched_intent intent = { .kind = INTENT_LRM_DELETE, .rsc = r, .node = n };

        sched_message(s, MSG_INFO, 0, __func__, "Shutdown lock for %s on %s expired", r->id, n->uname);
        intent_add(s, intent);
    } else {
        r->lock.node = n;
        r->lock.time = since;
    }
}

static void
unpack_resource(struct sched *s, struct sched_node *n, const xmlNode *xml)
{
    struct history_state st = { .node = n, .on_fail = ONFAIL_IGNORE };
    struct sched_history *h;
    enum sched_role saved, wanted;

    if (xml_id(xml) == NULL) {
        NOTE_ERROR(s, "Ignoring malformed lrm_resource entry without id");
        return;
    }
    if (xml_first(xml, "lrm_rsc_op") == NULL && !s->opt.shutdown_lock) {
        return;
    }
    h = arena_new_struct(s->arena, struct sched_history);
    h->node = n;
    h->lrm_id = xml_id(xml);
    h->xml = xml;
    sort_ops(s, h, xml);
    find_start_and_stop(h);
    arena_vec_push(s->arena, &n->histories, h);

    st.rsc = history_find_resource(s, n, xml);
    if (st.rsc == NULL) {
        if (h->op_count == 0) {
            return;
        }
        st.rsc = history_new_orphan(s, n, xml);
        if (st.rsc == NULL) {
            return;
        }
    }
    h->rsc = st.rsc;
    st.history = h;
    arena_vec_push(s->arena, &st.rsc->histories, h);

    if (s->opt.shutdown_lock) {
        unpack_shutdown_lock(s, st.rsc, n, xml);
    }
    saved = st.rsc->role;
    st.rsc->role = ROLE_UNKNOWN;
    for (unsigned i = 0; i < h->op_count; i++) {
        history_apply_op(s, &st, &h->ops[i]);
    }
    note_recurring(s, &st);
    settle_state(s, &st);

    wanted = rsc_target_role(s, st.rsc);
    if (wanted != ROLE_UNKNOWN
        && (st.rsc->next_role == ROLE_UNKNOWN || wanted < st.rsc->next_role)) {
        rsc_set_next_role(st.rsc, wanted, "target-role");
    }
    if (saved > st.rsc->role) {
        st.rsc->role = saved;
    }
}

/* After all history: what had to wait for it. */
void
history_finish(struct sched *s)
{
    for (unsigned i = 0; i < s->rscs.len; i++) {
        struct sched_rsc *r = s->rscs.items[i];

        /* The source has stopped it already, the target still has to say that it took it over. */
        if (r->role == ROLE_STOPPED && r->partial_source != NULL && r->active_on.len > 0) {
            r->role = ROLE_STARTED;
        }
    }
    VEC_FOR_EACH (struct sched_rsc, container, s->stop_later) {
        VEC_FOR_EACH (struct sched_node, n, container->active_on) {
            plan_stop(s, container, n);
        }
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (n->kind == NODE_REMOTE && n->shutdown && n->remote_rsc != NULL) {
            rsc_set_next_role(n->remote_rsc, ROLE_STOPPED, "remote shutdown");
        }
        if (n->kind == NODE_REMOTE && !n->unpacked) {
            node_check_remote_shutdown(s, n);
        }
    }
}
