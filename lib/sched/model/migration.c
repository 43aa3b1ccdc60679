/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Live migrations in the history: complete, under way, failed on either side, or superseded.  Called by history_op.c
 * for migrate_to and migrate_from entries.  (spec 40 §7.8)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

static GHashTable *
histories_in(struct sched *s, const xmlNode *state)
{
    GHashTable *table = g_hash_table_lookup(s->index->state_by_node, state);
    const xmlNode *lrm, *list;

    if (table != NULL) {
        return table;
    }
    table = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(s->index->state_by_node, (gpointer)state, table);
    lrm = xml_first(state, "lrm");
    list = lrm == NULL ? NULL : xml_first(lrm, "lrm_resources");
    if (list != NULL) {
        xml_for_each (rsc, list, "lrm_resource") {
            if (xml_id(rsc) != NULL && !g_hash_table_contains(table, xml_id(rsc))) {
                g_hash_table_insert(table, (gpointer)xml_id(rsc), rsc);
            }
        }
    }
    return table;
}

/* The entries of a resource in a node_state (NULL: none). */
static const xmlNode *
entries_in(struct sched *s, const xmlNode *state, const char *id)
{
    return state == NULL ? NULL : g_hash_table_lookup(histories_in(s, state), id);
}

const xmlNode *
history_lrm_resource(struct sched *s, const struct sched_node *n, const char *id)
{
    return entries_in(s, n->state, id);
}

/* Where the history of a node is.  What a node left behind that is not configured any more still tells how a migration went. */
static const xmlNode *
state_of(struct sched *s, const struct sched_node *n, const char *name)
{
    if (n != NULL || s->status_xml == NULL) {
        return n != NULL ? n->state : NULL;
    }
    xml_for_each (state, s->status_xml, "node_state") {
        if (text_equal(xml_get(state, "uname"), name)) {
            return state;
        }
    }
    return NULL;
}

/* What an entry that is looked for must be like; NULL and -1: any. */
struct wanted {
    const char *task, *source, *target;
    int rc;
};

static bool
matches(const xmlNode *op, const struct wanted *w)
{
    return text_equal(xml_get(op, "operation"), w->task)
           && (w->source == NULL || text_equal(xml_get(op, "migrate_source"), w->source))
           && (w->target == NULL || text_equal(xml_get(op, "migrate_target"), w->target));
}

/* The entry that matches; NULL if it is not the only one, or its result is another than wanted. */
static const xmlNode *
find_op(struct sched *s, const struct sched_rsc *r, const xmlNode *state, struct wanted w)
{
    const xmlNode *list = entries_in(s, state, r->id), *found = NULL;

    if (list == NULL) {
        return NULL;
    }
    xml_for_each (op, list, "lrm_rsc_op") {
        if (matches(op, &w)) {
            if (found != NULL) {
                return NULL;
            }
            found = op;
        }
    }
    if (found != NULL && w.rc >= 0
        && (xml_get_int(found, "rc-code", -1) != w.rc || xml_get_int(found, "op-status", EXEC_UNKNOWN) != EXEC_DONE)) {
        return NULL;
    }
    return found;
}

static bool
is_newer(struct sched *s, const xmlNode *a, const xmlNode *b, bool same_node)
{
    struct sched_hist_op left, right;

    history_parse_op(s, a, &left);
    history_parse_op(s, b, &right);
    return history_compare(s, &left, &right, same_node) > 0;
}

/* Has the resource a start, stop or migration in the state that is newer than `than`? */
static bool
newer_op(struct sched *s, const struct sched_rsc *r, const xmlNode *state, const xmlNode *than, bool same_node)
{
    const xmlNode *list = entries_in(s, state, r->id);

    if (list == NULL) {
        return false;
    }
    xml_for_each (op, list, "lrm_rsc_op") {
        if (op != than
            && text_is_one_of(xml_get(op, "operation"), "start", "stop", "migrate_to", "migrate_from", NULL)
            && is_newer(s, op, than, same_node)) {
            return true;
        }
    }
    return false;
}

static bool
found_stopped_since(struct sched *s, const struct sched_rsc *r, const xmlNode *state, const xmlNode *than,
                    bool same_node)
{
    const xmlNode *monitor = find_op(s, r, state, (struct wanted){ "monitor", NULL, NULL, -1 });

    return monitor != NULL && xml_get_int(monitor, "op-status", EXEC_UNKNOWN) == EXEC_DONE
           && xml_get_int(monitor, "rc-code", OCF_RC_OK) == OCF_RC_NOT_RUNNING && is_newer(s, monitor, than, same_node);
}

/*
 * Does a node_state tell of a newer one than the migration?  Compared with the node's own side of it if there is one, else
 * with the other side.  For a failed side the own one counts only if it succeeded.
 */
static bool
newer_state(struct sched *s, const struct sched_rsc *r, const xmlNode *state, const xmlNode *own,
            const xmlNode *other)
{
    const xmlNode *than = own != NULL ? own : other;

    return newer_op(s, r, state, than, own != NULL) || found_stopped_since(s, r, state, than, own != NULL);
}

/* Nothing known of the resource on the node: no entry with a result. */
static bool
unknown_on(struct sched *s, const struct sched_rsc *r, const xmlNode *state)
{
    const xmlNode *list = entries_in(s, state, r->id);

    if (list == NULL) {
        return true;
    }
    xml_for_each (op, list, "lrm_rsc_op") {
        if (xml_get_int(op, "rc-code", 0) != OCF_RC_UNKNOWN) {
            return false;
        }
    }
    return true;
}

/* Both nodes of an entry, if they are named and the entry is recorded on the right one. */
static bool
migration_nodes(struct history_state *st, const struct sched_hist_op *op, bool to, const char **source,
                const char **target)
{
    *source = xml_get(op->xml, "migrate_source");
    *target = xml_get(op->xml, "migrate_target");
    return *source != NULL && *target != NULL && text_equal_nocase(to ? *source : *target, st->node->uname);
}

static void
add_dangling(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    arena_vec_push(s->arena, &r->dangling, n);
}

static void
must_recover(struct sched_rsc *r)
{
    r->flags |= RSC_FAILED | RSC_STOP_NEEDED;
    r->flags &= ~RSC_ALLOW_MIGRATE;
}

/* (spec 40 §7.8, first table) */
void
history_migrate_to_success(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    struct sched_rsc *r = st->rsc;
    const char *source, *target;
    struct sched_node *source_node = st->node, *target_node;
    const xmlNode *from, *target_state;
    bool newer_on_source, newer_on_target, target_online, from_pending = true;

    if (!migration_nodes(st, op, true, &source, &target)) {
        return;
    }
    target_node = sched_node_by_name(s, target);
    target_state = state_of(s, target_node, target);
    from = find_op(s, r, target_state, (struct wanted){ "migrate_from", source, NULL, -1 });
    newer_on_source = newer_op(s, r, source_node->state, op->xml, true);
    if (newer_on_source && from != NULL) {
        return;
    }
    newer_on_target = newer_state(s, r, target_state, from, op->xml);
    if (newer_on_source && newer_on_target) {
        return;
    }
    target_online = target_node != NULL && target_node->online;

    if (from != NULL) {
        int rc = (int)xml_get_int(from, "rc-code", 0), status = (int)xml_get_int(from, "op-status", 0);

        if (status == EXEC_DONE && rc == OCF_RC_OK) {
            /* Complete but for the stop here. */
            r->role = ROLE_STOPPED;
            add_dangling(s, r, source_node);
            return;
        }
        from_pending = status == EXEC_PENDING;
    }
    r->role = ROLE_STARTED;
    if (from_pending && target_online && unknown_on(s, r, target_state)) {
        return; /* a probe will tell whether it is active there, too */
    }
    if (!from_pending) {
        if (target_online && !newer_on_target) {
            rsc_add_running(s, r, target_node, true);
        } else {
            must_recover(r);
        }
        return;
    }
    if (target_online && !newer_on_target) {
        rsc_add_running(s, r, target_node, false);
        if (source_node->online) {
            r->partial_source = source_node;
            r->partial_target = target_node;
        }
    } else if (!newer_on_source) {
        must_recover(r);
    }
}

void
history_migrate_to_failure(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    struct sched_rsc *r = st->rsc;
    const char *source, *target;
    struct sched_node *target_node;
    const xmlNode *from, *target_state;

    if (!migration_nodes(st, op, true, &source, &target)) {
        return;
    }
    r->role = ROLE_STARTED;
    target_node = sched_node_by_name(s, target);
    target_state = state_of(s, target_node, target);
    from = find_op(s, r, target_state, (struct wanted){ "migrate_from", source, target, OCF_RC_OK });
    if (!unknown_on(s, r, target_state) && !newer_state(s, r, target_state, from, op->xml)) {
        if (target_node != NULL && target_node->online) {
            rsc_add_running(s, r, target_node, false);
        }
    } else if (!newer_op(s, r, st->node->state, op->xml, true)) {
        add_dangling(s, r, st->node);
    }
}

void
history_migrate_from_failure(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    struct sched_rsc *r = st->rsc;
    const char *source, *target;
    struct sched_node *source_node;
    const xmlNode *to, *source_state;

    if (!migration_nodes(st, op, false, &source, &target)) {
        return;
    }
    r->role = ROLE_STARTED;
    source_node = sched_node_by_name(s, source);
    source_state = state_of(s, source_node, source);
    to = find_op(s, r, source_state, (struct wanted){ "migrate_to", source, target, OCF_RC_OK });
    if (source_node != NULL && !unknown_on(s, r, source_state)
        && !newer_state(s, r, source_state, to, op->xml) && source_node->online) {
        rsc_add_running(s, r, source_node, true);
    }
}
