/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * State of nodes and tickets from the status section: first pass for cluster nodes, and the state of remote and guest
 * nodes once their connections are known.  Fencing requests start here too.  (spec 40 §2.3, §2.4, §9.6)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <ctype.h>
#include <stdlib.h>

/* --- asking for fencing --- */

static void
fence_guest(struct sched *s, struct sched_node *n, const char *reason)
{
    struct sched_rsc *container = node_container(n);

    if (rsc_is(container, RSC_FAILED)) {
        return;
    }
    if (!rsc_is(container, RSC_MANAGED)) {
        sched_message(s, MSG_NOTICE, 0, __func__, "Not fencing guest node %s (otherwise would because %s): its guest "
                      "resource %s is unmanaged", n->uname, reason, container->id);
        return;
    }
    NOTE_WARN(s, "Guest node %s will be fenced (by recovering its guest resource %s): %s", n->uname, container->id,
              reason);
    n->remote_requires_reset = true;
    container->flags |= RSC_FAILED | RSC_STOP_NEEDED;
}

static void
add_fence_intent(struct sched *s, struct sched_node *n, const char *reason, bool priority_delay)
{
    struct sched_intent intent = { .kind = INTENT_FENCE, .node = n, .priority_delay = priority_delay };

    intent.reason = arena_strdup(s->arena, reason);
    intent_add(s, intent);
}

/* (spec 40 §2.4) */
void
sched_fence_node(struct sched *s, struct sched_node *n, const char *reason, bool priority_delay)
{
    if (node_is_guest(n)) {
        fence_guest(s, n, reason);
        return;
    }
    if (n->kind == NODE_REMOTE && n->remote_rsc != NULL && rsc_is(n->remote_rsc, RSC_ORPHAN)
        && rsc_meta(n->remote_rsc, "container") != NULL) {
        /* The container is gone, so there is nothing to fence: end the connection that dangles. */
        NOTE_WARN(s, "Cleaning up dangling connection for guest node %s: %s", n->uname, reason);
        n->remote_rsc->flags |= RSC_FAILED | RSC_STOP_NEEDED;
        return;
    }
    if (n->kind == NODE_REMOTE) {
        if (n->remote_rsc != NULL && !rsc_is(n->remote_rsc, RSC_MANAGED)) {
            sched_message(s, MSG_NOTICE, 0, __func__, "Not fencing remote node %s (otherwise would because %s): "
                          "connection is unmanaged", n->uname, reason);
        } else if (!n->remote_requires_reset) {
            n->remote_requires_reset = true;
            NOTE_WARN(s, "Remote node %s %s: %s", n->uname,
                      node_can_be_fenced(s, n) ? "will be fenced" : "is unclean", reason);
        }
        n->unclean = true;
        /* No priority delay: remote nodes do not vote. */
        add_fence_intent(s, n, reason, false);
        return;
    }
    if (!n->unclean) {
        NOTE_WARN(s, "Cluster node %s %s: %s", n->uname, node_can_be_fenced(s, n) ? "will be fenced" : "is unclean",
                  reason);
        n->unclean = true;
        add_fence_intent(s, n, reason, priority_delay);
    }
}

/* --- tickets --- */

struct sched_ticket *
ticket_find_or_add(struct sched *s, const char *id)
{
    struct sched_ticket *t = g_hash_table_lookup(s->index->tickets, id);

    if (t == NULL) {
        t = arena_new_struct(s->arena, struct sched_ticket);
        t->id = arena_intern(s->arena, id);
        t->last_granted = -1;
        nvtable_init(&t->state, s->arena);
        g_hash_table_insert(s->index->tickets, (gpointer)t->id, t);
        arena_vec_push(s->arena, &s->tickets, t);
    }
    return t;
}

static void
ticket_state_unpack(struct sched *s, const xmlNode *xml)
{
    struct sched_ticket *t;

    if (xml_id(xml) == NULL || xml_id(xml)[0] == '\0') {
        return;
    }
    t = ticket_find_or_add(s, xml_id(xml));
    for (const xmlAttr *a = xml->properties; a != NULL; a = a->next) {
        if (strcmp((const char *)a->name, "id") != 0) {
            nvtable_set(&t->state, (const char *)a->name, xml_attr_value(a));
        }
    }
    t->granted = text_is_true(nvtable_get(&t->state, "granted"));
    t->standby = text_is_true(nvtable_get(&t->state, "standby"));
    if (nvtable_has(&t->state, "last-granted")) {
        t->last_granted = text_leading_int(nvtable_get(&t->state, "last-granted"));
    }
}

/* --- cluster nodes --- */

static bool
attr_true(const struct sched_node *n, const char *name)
{
    return text_is_true(node_attr(n, name));
}

/* `terminate`: true, or a time. */
static bool
termination_wanted(const struct sched_node *n)
{
    const char *value = node_attr(n, "terminate");

    return value != NULL && (text_is_true(value) || (isdigit((unsigned char)value[0]) && value[0] != '0'));
}

struct membership {
    bool in_ccm, ccm_known, crmd_online;
    const char *join;
    bool expected_down; /* or not told */
};

static void
make_pending(struct sched_node *n)
{
    n->standby = true;
    n->pending = true;
}

/*
 * State of a cluster node where fencing is enabled: the table of spec 40 §2.3.3, one `if` a row.
 */
static bool
online_with_fencing(struct sched *s, struct sched_node *n, const struct membership *m)
{
    bool terminate = termination_wanted(n);

    if (n->shutdown) {
        return m->crmd_online;
    }
    if (!m->ccm_known) {
        sched_fence_node(s, n, "peer has not been seen by the cluster", false);
        return false;
    }
    if (text_equal(m->join, "banned")) {
        sched_fence_node(s, n, "peer failed Pacemaker membership criteria", false);
        return m->in_ccm;
    }
    if (!terminate && m->expected_down) {
        if (m->in_ccm || m->crmd_online) {
            make_pending(n);
        }
        return m->in_ccm;
    }
    if (terminate && text_equal(m->join, "down") && !m->in_ccm && !m->crmd_online) {
        return false; /* was shot just now */
    }
    if (!m->in_ccm) {
        sched_fence_node(s, n, "peer is no longer part of the cluster", true);
        return false;
    }
    if (!m->crmd_online) {
        sched_fence_node(s, n, "peer process is no longer available", false);
        return true;
    }
    if (terminate) {
        sched_fence_node(s, n, "termination was requested", false);
        return true;
    }
    if (text_equal(m->join, "member")) {
        return true;
    }
    if (text_equal(m->join, "pending") || text_equal(m->join, "down")) {
        make_pending(n);
        return true;
    }
    sched_fence_node(s, n, "peer was in an unknown state", false);
    return true;
}

/* (spec 40 §2.3.4) */
static bool
online_without_fencing(struct sched *s, struct sched_node *n, const struct membership *m)
{
    if (!m->in_ccm) {
        return false;
    }
    if (m->crmd_online) {
        return text_equal(m->join, "member");
    }
    if (!n->expected_up) {
        return false;
    }
    sched_fence_node(s, n, "peer is unexpectedly down", false);
    return false;
}

/* Base score after the state is known (spec 40 §2.3.5). */
void
node_fix_score(struct sched_node *n)
{
    if (!n->online || n->shutdown) {
        n->base_score = -SCORE_INFINITY;
    }
}

static void
determine_cluster_node(struct sched *s, struct sched_node *n, const xmlNode *state)
{
    struct membership m = { 0 };
    const char *in_ccm = xml_get(state, "in_ccm"), *expected = xml_get(state, "expected");

    m.ccm_known = in_ccm != NULL;
    m.in_ccm = text_is_true(in_ccm);
    m.crmd_online = text_equal(xml_get(state, "crmd"), "online");
    m.join = xml_get(state, "join");
    m.expected_down = expected == NULL || text_equal(expected, "down");
    n->expected_up = text_equal(expected, "member") && !n->shutdown;

    if (n->kind == NODE_PING) {
        n->unclean = false;
        n->online = false;
    } else if (s->opt.stonith_enabled) {
        n->online = online_with_fencing(s, n, &m);
    } else {
        n->online = online_without_fencing(s, n, &m);
    }
    node_fix_score(n);
    if (n->kind == NODE_PING) {
        return;
    }
    if (n->unclean) {
        sched_message(s, MSG_WARNING, MSG_PROCESSING, __func__, "%s is unclean", n->uname);
    }
}

/* Attributes first: they decide how the rest is read (spec 40 §2.3.2). */
static void
unpack_cluster_state(struct sched *s, struct sched_node *n, const xmlNode *state)
{
    const char *shutdown, *discovery;

    xml_for_each (attrs, state, "transient_attributes") {
        node_add_attributes(s, n, attrs, true);
        break;
    }
    n->unclean = false;
    n->unseen = false;
    n->standby = n->standby || attr_true(n, "standby");
    n->maintenance = n->maintenance || attr_true(n, "maintenance");
    shutdown = node_attr(n, "shutdown");
    n->shutdown = shutdown != NULL && strcmp(shutdown, "0") != 0;
    discovery = node_attr(n, "resource-discovery-enabled");
    if (discovery != NULL && text_boolean(discovery) == 0) {
        NOTE_WARN(s, "Ignoring resource-discovery-enabled attribute for %s because disabling resource discovery is not "
                     "allowed for cluster nodes", n->uname);
    }
    determine_cluster_node(s, n, state);
    if (n->online && !s->have_quorum && s->opt.no_quorum_policy == QUORUM_SUICIDE) {
        sched_fence_node(s, n, "cluster does not have quorum", false);
    }
}

static void
node_state_unpack(struct sched *s, const xmlNode *state)
{
    const char *id = xml_id(state), *uname = xml_get(state, "uname");
    struct sched_node *n;

    if (id == NULL || uname == NULL) {
        NOTE_WARN(s, "Ignoring malformed node_state entry without %s", id == NULL ? "id" : "uname");
        return;
    }
    n = sched_node_by_uuid(s, id);
    if (n == NULL) {
        n = sched_node_by_name(s, uname);
    }
    if (n == NULL) {
        CONFIG_WARN(s, "Ignoring recorded node state for '%s' because it is no longer in the configuration", uname);
        return;
    }
    n->state = state;
    if (n->kind == NODE_REMOTE) {
        n->remote_was_fenced = xml_get_int(state, "node_fenced", -1) > 0;
        return;
    }
    unpack_cluster_state(s, n, state);
}

void
status_unpack_nodes(struct sched *s)
{
    xml_for_each (child, s->status_xml, NULL) {
        if (xml_is(child, "tickets")) {
            xml_for_each (state, child, "ticket_state") {
                ticket_state_unpack(s, state);
            }
        } else if (xml_is(child, "node_state")) {
            node_state_unpack(s, child);
        }
    }
}

/* --- remote and guest nodes (spec 40 §2.4) --- */

static void
determine_remote_online(struct sched *s, struct sched_node *n)
{
    struct sched_rsc *connection = n->remote_rsc, *container;
    const struct sched_node *host = NULL;

    if (connection == NULL) {
        n->online = false;
        return;
    }
    container = connection->container;
    if (container != NULL && connection->active_on.len == 1) {
        host = connection->active_on.items[0];
    }
    if (connection->role == ROLE_STARTED) {
        n->online = true;
    }
    if (connection->role == ROLE_STARTED && connection->next_role == ROLE_STOPPED) {
        n->shutdown = true;
    }
    if (container != NULL && rsc_is(container, RSC_FAILED)) {
        n->online = false;
        n->remote_requires_reset = true;
    } else if (rsc_is(connection, RSC_FAILED)) {
        n->online = false;
    } else if (connection->role == ROLE_STOPPED || (container != NULL && container->role == ROLE_STOPPED)) {
        n->online = false;
        n->remote_requires_reset = false;
    } else if (host != NULL && !host->online && host->unclean) {
        n->online = false;
        n->remote_requires_reset = true;
    }
}

void
node_unpack_remote_state(struct sched *s, struct sched_node *n)
{
    const xmlNode *state = n->state;
    const struct sched_rsc *connection = n->remote_rsc;
    const char *value;

    if (n->kind != NODE_REMOTE || state == NULL) {
        return;
    }
    n->remote_maintenance = xml_get_int(state, "node_in_maintenance", 0) > 0;
    if (!n->remote_requires_reset) {
        n->unclean = false;
        n->unseen = false;
    }
    xml_for_each (attrs, state, "transient_attributes") {
        node_add_attributes(s, n, attrs, true);
        break;
    }
    if (!n->attrs_complete) {
        node_add_attributes(s, n, NULL, true);
    }
    value = node_attr(n, "shutdown");
    if (value != NULL && strcmp(value, "0") != 0) {
        n->shutdown = true;
    }
    if (attr_true(n, "standby")) {
        n->standby = true;
    }
    if (attr_true(n, "maintenance") || (connection != NULL && !rsc_is(connection, RSC_MANAGED))) {
        n->maintenance = true;
    }
    value = node_attr(n, "resource-discovery-enabled");
    if (value != NULL && text_boolean(value) == 0) {
        if (node_is_remote(n) && !s->opt.stonith_enabled) {
            NOTE_WARN(s, "Ignoring resource-discovery-enabled attribute on Pacemaker Remote node %s because fencing is "
                         "disabled", n->uname);
        } else {
            n->discovery_enabled = false;
        }
    }
}

/* A connection decides whether its node counts as online; called when its history is known. */
void
node_check_remote_shutdown(struct sched *s, struct sched_node *n)
{
    determine_remote_online(s, n);
}
