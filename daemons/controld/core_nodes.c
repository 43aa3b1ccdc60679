/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes: what the cluster layer says of them, what follows from it, and the `nodes` and `node_state` entries of
 * the CIB.  Called by event entries (membership, group) and by join and fencing.
 * Never decides about resources.  (spec 30 §7)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#include <string.h>

#define STATUS_OPTIONS (CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE)

/* ---- the peer cache and what we keep beside it ---- */

struct ctl_node *
node_extra(struct controld *c, uint32_t id)
{
    struct ctl_node *n = g_hash_table_lookup(c->nodes, GUINT_TO_POINTER(id));

    if (n == NULL) {
        n = g_new0(struct ctl_node, 1);
        n->id = id;
        n->load = -1;
        g_hash_table_insert(c->nodes, GUINT_TO_POINTER(id), n);
    }
    return n;
}

/* The entry of this peer in the list of changes, made with its state before the first of them. */
static struct peer_change *
note_change(struct controld *c, const struct peer *p, enum peer_state state, uint32_t processes)
{
    struct peer_change fresh = { .id = p->id, .state = state, .active_process = (processes & PEER_PROC_CPG) != 0 };

    for (unsigned i = 0; i < c->changes->len; i++) {
        struct peer_change *known = &g_array_index(c->changes, struct peer_change, i);

        if (known->id == p->id) {
            return known;
        }
    }
    g_array_append_val(c->changes, fresh);
    return &g_array_index(c->changes, struct peer_change, c->changes->len - 1);
}

static void
on_name(struct peer *p, void *data)
{
    if (!p->remote) {
        note_change(data, p, p->state, p->processes)->name_learnt = true;
    }
}

static void
on_state(struct peer *p, enum peer_state old, void *data)
{
    if (!p->remote) {
        note_change(data, p, old, p->processes);
    }
}

static void
on_process(struct peer *p, uint32_t old_mask, void *data)
{
    if (!p->remote) {
        note_change(data, p, p->state, old_mask);
    }
}

static char *
resolve_name(uint32_t id, void *data)
{
    const struct controld *c = data;

    for (unsigned i = 0; i < c->cfg.n_configured; i++) {
        if (c->cfg.configured[i].id == id) {
            return g_strdup(c->cfg.configured[i].name);
        }
    }
    return NULL;
}

void
nodes_init(struct controld *c)
{
    static const struct peers_callbacks callbacks = {
        .name_known = on_name, .state_changed = on_state, .process_changed = on_process, .resolve = resolve_name
    };
    struct ctl_member *members = g_new0(struct ctl_member, c->cfg.n_configured);

    for (unsigned i = 0; i < c->cfg.n_configured; i++) {
        members[i].id = c->cfg.configured[i].id;
        members[i].name = g_strdup(c->cfg.configured[i].name);
    }
    c->cfg.configured = members;
    c->nodes = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    c->changes = g_array_new(FALSE, FALSE, sizeof(struct peer_change));
    c->peers = peers_new(PEERS_DEFAULT, &callbacks, c);
    peers_set_local(c->peers, c->cfg.node_id, c->cfg.node_name);
    peers_set_has_nodelist(c->peers, c->cfg.n_configured > 0);
}

void
nodes_fini(struct controld *c)
{
    for (unsigned i = 0; i < c->cfg.n_configured; i++) {
        g_free((char *)c->cfg.configured[i].name);
    }
    g_free((struct ctl_member *)c->cfg.configured);
    peers_free(c->peers);
    g_hash_table_unref(c->nodes);
    g_array_unref(c->changes);
}

/* Set what the DC expects of a node, saying so when it changes. */
void
node_expect(struct peer *p, const char *expected)
{
    if (!text_equal(p->expected, expected)) {
        log_debug("Node %s is now expected to be %s (was %s)", p->name, expected, p->expected != NULL ? p->expected : "unknown");
        peer_set_expected(p, expected);
    }
}

bool
nodes_is_remote(const struct controld *c, const char *name)
{
    return name != NULL && peers_remote_find(c->peers, name) != NULL && peers_find(c->peers, 0, name) == NULL;
}

void
node_remove(struct controld *c, uint32_t id, const char *name)
{
    unsigned n = peers_purge(c->peers, id, name);

    if (n > 0) {
        log_notice("Forgot node %s", name != NULL ? name : "given by its id");
    }
    if (name != NULL) {
        peers_remote_remove(c->peers, name);
        fence_forget(c, name);
    }
}

/* ---- node_state (spec 30 §7.2) ---- */

xmlNode *
node_state_xml(const struct peer *p, xmlNode *parent, unsigned attrs, const char *origin)
{
    xmlNode *state = xml_new(parent, "node_state");

    xml_set(state, "id", p->uuid);
    xml_set(state, "uname", p->name);
    if (p->remote) {
        xml_set(state, "remote_node", "true");
    }
    if (attrs & NODE_IN_CCM) {
        xml_set(state, "in_ccm", p->state == PEER_MEMBER ? "true" : "false");
    }
    if (!p->remote) {
        if (attrs & NODE_CRMD) {
            xml_set(state, "crmd", p->processes & PEER_PROC_CPG ? "online" : "offline");
        }
        if (attrs & NODE_JOIN) {
            xml_set(state, "join", p->join_phase > JOIN_NONE ? "member" : "down");
        }
        if (attrs & NODE_EXPECTED) {
            /*
             * Of a node that was lost before this one became the DC it cannot say what to expect: what the CIB has from the DC before stays
             * (and nothing counts as down).  If that was to fence it, history alone must not acquit it: its probes may be on their way.
             */
            xml_set(state, "expected", p->expected);
        }
    }
    xml_set(state, "crm-debug-origin", origin);
    return state;
}

static void
write_one_state(struct controld *c, const struct peer *p, unsigned attrs, const char *origin)
{
    xmlNode *status;

    if (p->state == PEER_UNKNOWN || p->name == NULL || p->uuid == NULL) {
        return;
    }
    status = xml_new(NULL, "status");
    node_state_xml(p, status, attrs, origin);
    cib_request(c, CIB_OP_MODIFY, "status", status, STATUS_OPTIONS, cib_log_failure, g_strdup_printf("record the state of %s", p->name),
                g_free);
}

void
nodes_write_states(struct controld *c, unsigned attrs, const char *origin)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);
    xmlNode *status = xml_new(NULL, "status");

    for (unsigned i = 0; i < list->len; i++) {
        const struct peer *p = list->pdata[i];

        /* A node that the membership layer never saw gets no entry. */
        if (p->state != PEER_UNKNOWN && p->name != NULL && p->uuid != NULL) {
            node_state_xml(p, status, attrs, origin);
        }
    }
    if (xml_first(status, NULL) == NULL) {
        xml_free(status);
        return;
    }
    cib_request(c, CIB_OP_MODIFY, "status", status, STATUS_OPTIONS, cib_log_failure, g_strdup("record the state of all nodes"), g_free);
}

/* By id too: an entry that only the attribute manager has written to so far has no name. */
void
nodes_erase_attributes(struct controld *c, const struct peer *p)
{
    if (!c->cib_connected) {
        return;
    }
    log_info("Clearing transient attributes of %s", p->name);
    cib_drop_xpath(c, CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE, "//node_state[@uname='%s' or @id='%s']/transient_attributes", p->name,
                   p->uuid != NULL ? p->uuid : p->name);
}

/*
 * A new DC makes sure that nobody who is away has transient attributes left: when the old DC went at the same moment as
 * others, each survivor may have thought that somebody else would erase them.
 */
void
nodes_erase_absent(struct controld *c)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    for (unsigned i = 0; i < list->len; i++) {
        const struct peer *p = list->pdata[i];

        if (!peer_is_active(p) && p->state == PEER_LOST && p->name != NULL && p->uuid != NULL) {
            nodes_erase_attributes(c, p);
        }
    }
}

/* ---- nodes (spec 30 §7.1) ---- */

/* Entries of the same name under another id are remains of an earlier life of that node. */
static void
drop_stale_entries(struct controld *c, int rc, const xmlNode *nodes, gpointer arg)
{
    if (rc != RC_OK || nodes == NULL) {
        return;
    }
    xml_for_each (node, nodes, "node") {
        const char *uname = xml_get(node, "uname"), *id = xml_id(node);
        struct peer *p = uname != NULL && id != NULL ? peers_find(c->peers, 0, uname) : NULL;

        if (p != NULL && p->uuid != NULL && !text_equal(p->uuid, id) && peer_is_active(p)
            && !text_equal(xml_get(node, "type"), "remote")) {
            log_notice("Removing outdated entry of node %s with id %s (it is %s now)", uname, id, p->uuid);
            cib_drop_xpath(c, CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE, "//nodes/node[@uname='%s' and @id='%s']", uname, id);
            cib_drop_xpath(c, CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE, "//node_state[@uname='%s' and @id='%s']", uname, id);
        }
    }
}

static void
add_node(xmlNode *nodes, const char *uuid, const char *name)
{
    if (uuid != NULL && name != NULL) {
        xmlNode *node = xml_new(nodes, "node");

        xml_set(node, "id", uuid);
        xml_set(node, "uname", name);
    }
}

void
nodes_write_list(struct controld *c, bool from_config)
{
    xmlNode *nodes = xml_new(NULL, "nodes");

    if (from_config && c->cfg.n_configured > 0) {
        for (unsigned i = 0; i < c->cfg.n_configured; i++) {
            g_autofree char *uuid = g_strdup_printf("%u", c->cfg.configured[i].id);

            add_node(nodes, uuid, c->cfg.configured[i].name);
        }
    } else {
        g_autoptr(GPtrArray) list = peers_list(c->peers);

        for (unsigned i = 0; i < list->len; i++) {
            const struct peer *p = list->pdata[i];

            if (p->state != PEER_UNKNOWN) {
                add_node(nodes, p->uuid, p->name);
            }
        }
    }
    if (xml_first(nodes, NULL) == NULL) {
        xml_free(nodes);
        return;
    }
    cib_request(c, CIB_OP_MODIFY, "nodes", nodes, STATUS_OPTIONS, cib_log_failure, g_strdup("record the cluster's nodes"), g_free);
    if (c->is_dc) {
        cib_request(c, CIB_OP_QUERY, "nodes", NULL, CIB_OPT_LOCAL, drop_stale_entries, NULL, NULL);
    }
}

/* ---- quorum (spec 30 §7.5) ---- */

void
nodes_write_quorum(struct controld *c)
{
    xmlNode *cib = xml_new(NULL, "cib");

    xml_set(cib, "have-quorum", c->quorate ? "1" : "0");
    xml_set(cib, "dc-uuid", c->uuid);
    cib_request(c, CIB_OP_MODIFY, NULL, cib, CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE, cib_log_failure, g_strdup("record quorum and DC"), g_free);
}

void
nodes_on_quorum_timer(struct controld *c)
{
    if (c->quorum_abort_pending) {
        c->quorum_abort_pending = false;
        if (c->is_dc) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Quorum gained");
        }
    }
}

static void
quorum_changed(struct controld *c, bool quorate)
{
    bool had = c->quorate;

    c->quorate = quorate;
    if (had != quorate) {
        log_debug("Quorum %s", quorate ? "acquired" : "lost");
        if (c->is_dc) {
            nodes_write_quorum(c);
            if (quorate) {
                /* Several nodes may come at once: let them. */
                c->quorum_abort_pending = true;
                timer_arm(c, TIMER_QUORUM_GAINED, 5000);
            } else {
                graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Quorum lost");
            }
        }
    }
    if (quorate) {
        c->ever_quorate = true;
    } else if (c->ever_quorate && c->opt.suicide && c->cfg.sbd_running) {
        log_emerg_panic(c, "quorum lost with no-quorum-policy=suicide");
    }
}

void
log_emerg_panic(struct controld *c, const char *why)
{
    log_crit("Panicking this host: %s", why);
    effect_new(c, CTL_PANIC);
    c->exited = true;
}

/* ---- what follows from changes (spec 30 §7.4, §7.6) ---- */

/* A cluster node is no longer active: was that planned?  (DC only) */
static void
dc_node_went(struct controld *c, struct peer *p)
{
    struct graph_action *down = graph_find_downed(c->graph, p->uuid);

    if (down != NULL && text_equal(down->task, CRM_TASK_STONITH)) {
        log_debug("Node %s went down as fencing wanted", p->name);
    } else if (down != NULL && text_equal(down->task, CRM_TASK_DO_SHUTDOWN)) {
        log_notice("%s of peer %s is complete", "Shutdown", p->name);
        p->join_phase = JOIN_NONE;
        node_expect(p, "down");
        if (p->state != PEER_MEMBER && !(p->processes & PEER_PROC_CPG) && !down->confirmed) {
            graph_confirm(c, down);
        }
    } else if (down != NULL) {
        log_info("Node %s went down by action %s", p->name, down->key);
    } else {
        log_warn("Node %s left unexpectedly (expected %s)", p->name, p->expected != NULL ? p->expected : "unknown");
        p->join_phase = JOIN_NONE;
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Node failure");
        graph_fail_node(c, p);
    }
}

/* The controller of a cluster node is gone; `dc_left`: the DC is among those that left now. */
static void
process_gone(struct controld *c, struct peer *p, bool dc_left)
{
    bool was_dc = c->dc != NULL && text_equal_nocase(c->dc, p->name);

    node_extra(c, p->id)->announced = false;
    node_extra(c, p->id)->load = -1;
    node_extra(c, p->id)->max_jobs = 0;
    election_forget(c, p->name);
    if (c->state == S_STARTING || p->name == NULL || p == peers_local(c->peers)) {
        return;
    }
    if (was_dc) {
        log_notice("Our DC node (%s) left the cluster", p->name);
        election_clear_dampening(c->election);
        fsa_raise(c, I_ELECTION, NULL, "the DC left");
        nodes_erase_attributes(c, p);
    } else if (c->is_dc || c->dc == NULL || dc_left) {
        nodes_erase_attributes(c, p);
    }
}

static void
process_came(struct controld *c, struct peer *p)
{
    if (p == peers_local(c->peers)) {
        return;
    }
    if (!c->is_dc) {
        send_peer(c, p->name, msg_new(c, CRM_TASK_HELLO, NULL, SYS_CRMD, p->name, NULL));
    }
    fence_peer_appeared(c);
    if (c->load_class >= 0) {
        throttle_announce(c, true); /* it has not heard ours */
    }
}

static void
one_changed(struct controld *c, struct peer *p, const struct peer_change *before, bool dc_left)
{
    bool process = (p->processes & PEER_PROC_CPG) != 0;
    bool was_active = before->state == PEER_MEMBER && before->active_process, active = peer_is_active(p);

    if (p->state != before->state) {
        alert_node(c, p);
        if (p->state == PEER_MEMBER) {
            fence_node_returned(c, p->name);
        }
    }
    if (process && !before->active_process) {
        process_came(c, p);
    } else if (!process && before->active_process) {
        process_gone(c, p, dc_left);
    }
    if (!active && was_active && before->active_process && process) {
        /* Membership lost it first; the rest follows when CPG does. */
        election_forget(c, p->name);
    }
    if (!c->is_dc) {
        return;
    }
    if (was_active && !active) {
        dc_node_went(c, p);
    }
    if (process != before->active_process || p->state != before->state) {
        bool went = was_active && !active, planned = !active && text_equal(p->expected, "down");

        /*
         * 2.1.5 leaves `join` alone when nobody said why: who comes back then counts as a full member before it has joined, and its
         * SBD feeds the watchdog on that word although the node is about to be called fenced.  But of those who are on their way back it is
         * not for us to say: they may be the ones with quorum, with a DC of their own, and SBD does not feed where a node is not a full
         * member.
         */
        write_one_state(c, p, NODE_CRMD | (went ? NODE_JOIN : 0) | (planned ? NODE_EXPECTED : 0), "peer_update_callback");
    }
    if (active && !was_active) {
        fsa_raise(c, I_NODE_JOIN, NULL, "a peer became active");
    }
    if (was_active && !active) {
        join_check(c);
    }
}

void
nodes_process_changes(struct controld *c)
{
    GArray *changes;
    bool dc_left = false;

    if (c->changes->len == 0) {
        return;
    }
    changes = c->changes;
    c->changes = g_array_new(FALSE, FALSE, sizeof(struct peer_change));
    c->peers_seen = true;
    for (unsigned i = 0; i < changes->len; i++) {
        const struct peer_change *before = &g_array_index(changes, struct peer_change, i);
        struct peer *p = peers_find(c->peers, before->id, NULL);

        dc_left |= p != NULL && before->active_process && !(p->processes & PEER_PROC_CPG) && c->dc != NULL
                   && text_equal_nocase(p->name, c->dc);
    }
    for (unsigned i = 0; i < changes->len; i++) {
        const struct peer_change *before = &g_array_index(changes, struct peer_change, i);
        struct peer *p = peers_find(c->peers, before->id, NULL);

        if (p != NULL) {
            one_changed(c, p, before, dc_left);
        }
    }
    g_array_unref(changes);
    election_consider_early(c);
}

void
ctl_on_group_changed(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    nodes_process_changes(c);
    election_recheck(c);
    event_end(c);
}

void
ctl_on_membership(struct controld *c, struct ctl_time t, uint64_t ring, bool quorate)
{
    g_autoptr(GPtrArray) list = NULL;
    struct peer *self, *dc;

    event_begin(c, t);
    c->quorum_seen = true;
    c->ring = ring;
    quorum_changed(c, quorate);
    nodes_process_changes(c);

    list = peers_list(c->peers);
    for (unsigned i = 0; i < list->len; i++) {
        struct peer *p = list->pdata[i];

        if (!peer_is_active(p)) {
            if (p->join_phase != JOIN_NONE) {
                p->join_phase = JOIN_NONE;
            }
            if (c->is_dc && p->state == PEER_LOST) {
                graph_fail_node(c, p);
            }
        }
    }
    self = peers_local(c->peers);
    if (c->state != S_STARTING && (self == NULL || !peer_is_active(self)) && c->state < S_STOPPING && self != NULL
        && self->state == PEER_LOST) {
        fsa_raise(c, I_ERROR, NULL, "this node was excluded from the membership");
    }
    dc = c->dc != NULL ? peers_find(c->peers, 0, c->dc) : NULL;
    if (c->dc != NULL && !c->is_dc && (dc == NULL || !peer_is_active(dc))) {
        election_clear_dampening(c->election);
        fsa_raise(c, I_ELECTION, NULL, "the DC is no longer a member");
    }
    if (c->is_dc) {
        nodes_write_list(c, false);
        nodes_write_states(c, NODE_IN_CCM | NODE_CRMD | NODE_EXPECTED, "post_membership");
        join_check(c);
    }
    election_recheck(c);
    send_peer(c, NULL, msg_new(c, CRM_TASK_NOOP, SYS_CRMD, c->is_dc ? SYS_DC : SYS_CRMD, NULL, NULL));
    event_end(c);
}
