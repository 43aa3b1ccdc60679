/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The join protocol, both ends: announce, offer, request, CIB sync, acknowledgement, confirmation.  Called by the
 * state machine and by what watches nodes.
 * Never decides who is DC; remote nodes take no part.  (spec 30 §6)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- phases ---- */

static const char *
phase_name(int phase)
{
    switch (phase) {
        case JOIN_NACK:
            return "nack";
        case JOIN_NONE:
            return "none";
        case JOIN_WELCOMED:
            return "welcomed";
        case JOIN_INTEGRATED:
            return "integrated";
        case JOIN_FINALIZED:
            return "finalized";
        default:
            return "confirmed";
    }
}

/* One step up, or down to none or nack; anything else is refused. */
void
join_set_phase(struct peer *p, enum join_phase phase)
{
    if (p->join_phase == (int)phase) {
        return;
    }
    if ((int)phase > JOIN_NONE && (int)phase != p->join_phase + 1 && !(phase == JOIN_WELCOMED && p->join_phase == JOIN_NACK)) {
        log_warn("Rejecting join phase update for node %s: %s to %s", p->name, phase_name(p->join_phase), phase_name(phase));
        return;
    }
    log_debug("Node %s: join phase %s -> %s", p->name, phase_name(p->join_phase), phase_name(phase));
    p->join_phase = phase;
}

unsigned
join_count(const struct controld *c, enum join_phase phase)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);
    unsigned n = 0;

    for (unsigned i = 0; i < list->len; i++) {
        n += ((const struct peer *)list->pdata[i])->join_phase == (int)phase;
    }
    return n;
}

/* An active node that is in no round: it has to be offered membership. */
static bool
somebody_left_out(const struct controld *c)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    for (unsigned i = 0; i < list->len; i++) {
        const struct peer *p = list->pdata[i];

        if (peer_is_active(p) && p->name != NULL && p->join_phase == JOIN_NONE) {
            return true;
        }
    }
    return false;
}

void
join_reset(struct controld *c)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    for (unsigned i = 0; i < list->len; i++) {
        ((struct peer *)list->pdata[i])->join_phase = JOIN_NONE;
    }
    c->join.finalize_waits = false;
    g_clear_pointer(&c->join.best, g_free);
}

/* ---- announce ---- */

void
join_announce(struct controld *c)
{
    log_info("Asking for a DC");
    send_peer(c, NULL, msg_new(c, CRM_TASK_JOIN_ANNOUNCE, SYS_DC, SYS_CRMD, NULL, NULL));
    if (!c->announce_repeated) {
        c->announce_repeated = true;
        timer_arm(c, TIMER_ANNOUNCE, 1000);
    }
}

/* ---- offer (DC) ---- */

static void
make_offer(struct controld *c, struct peer *p)
{
    xmlNode *msg;

    if (p->name == NULL) {
        return;
    }
    if (!peer_is_active(p)) {
        return;
    }
    join_set_phase(p, JOIN_NONE);
    msg = msg_new(c, CRM_TASK_JOIN_OFFER, SYS_CRMD, SYS_DC, p->name, NULL);
    xml_set_int(msg, F_CRM_JOIN_ID, c->join.id);
    xml_set(msg, F_CRM_DC_LEAVING, c->shutdown ? "true" : "false");
    xml_set(msg, F_FEATURE_SET, FEATURE_SET);
    send_peer(c, p->name, msg);
    join_set_phase(p, JOIN_WELCOMED);
}

static void
offer_to(struct controld *c, bool everybody)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    c->join.ring = c->ring;
    for (unsigned i = 0; i < list->len; i++) {
        struct peer *p = list->pdata[i];

        if (everybody || p->join_phase <= JOIN_NONE) {
            make_offer(c, p);
        }
    }
}

void
join_offer_all(struct controld *c)
{
    c->join.id++;
    c->join.finalize_waits = false;
    g_clear_pointer(&c->join.best, g_free);
    offer_to(c, true);
    log_info("join-%d: waiting on %u requests", c->join.id, join_count(c, JOIN_WELCOMED));
    join_check(c);
}

/* `msg`: the announcement or request that shows that a node has to be offered membership; NULL: look who. */
void
join_offer_one(struct controld *c, const xmlNode *msg)
{
    struct peer *p = msg != NULL ? peers_find(c->peers, 0, xml_get(msg, F_SRC)) : NULL;
    struct peer *self = peers_local(c->peers);

    if (!c->is_dc) {
        return;
    }
    if (c->join.id == 0) {
        join_offer_all(c);
        return;
    }
    if (p == NULL) {
        offer_to(c, false);
    } else {
        c->join.ring = c->ring;
        make_offer(c, p);
    }
    /* The comparison of CIBs is to include ours, whatever came into it since the last round. */
    if (self != NULL && p != self) {
        make_offer(c, self);
    }
    graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Node join");
    log_debug("join-%d: waiting on %u requests", c->join.id, join_count(c, JOIN_WELCOMED));
    join_check(c);
}

/* Members that do not answer are asked again now and then. */
/*
 * A while after a fencing of which nobody knows when it was asked for: who is still (or again) here was not the one that died, and has been
 * thrown out by the report.
 */
void
join_welcome(struct controld *c)
{
    if (!c->is_dc || !somebody_left_out(c)) {
        return;
    }
    if (c->state == S_INTEGRATION || c->state == S_FINALIZE_JOIN) {
        timer_arm(c, TIMER_WELCOME, 5000);
        return;
    }
    fsa_raise(c, I_NODE_JOIN, NULL, "somebody who was fenced is here");
}

void
join_reoffer(struct controld *c)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    if (!c->is_dc || c->state != S_INTEGRATION) {
        return;
    }
    for (unsigned i = 0; i < list->len; i++) {
        struct peer *p = list->pdata[i];

        if (p->join_phase == JOIN_WELCOMED) {
            log_info("join-%d: offering membership to %s again, it did not answer", c->join.id, p->name);
            make_offer(c, p);
        }
    }
    timer_arm(c, TIMER_REOFFER, 10000);
}

void
join_on_integration_timer(struct controld *c)
{
    unsigned welcomed = join_count(c, JOIN_WELCOMED);

    if (c->state != S_INTEGRATION) {
        return;
    }
    if (welcomed > 0) {
        log_warn("join-%d: %u nodes did not answer the offer in time", c->join.id, welcomed);
        fsa_raise(c, I_INTEGRATED, NULL, "integration timer");
    } else {
        fsa_raise(c, I_ELECTION, NULL, "integration timer with nobody welcomed");
    }
}

/* ---- the client's answer ---- */

/* Same major number, and the DC's minor number is not above the member's (spec 30 §6.2). */
bool
feature_compatible(const char *dc, const char *member)
{
    long dc_major, dc_minor, major, minor;
    char *end;

    if (dc == NULL || member == NULL) {
        return false;
    }
    dc_major = strtol(dc, &end, 10);
    dc_minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    major = strtol(member, &end, 10);
    minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
    return dc_major == major && dc_minor <= minor;
}

/* Whether this node's CIB has a history of this node: only its CIB manager's restart takes that away. */
static void
own_history_known(struct controld *c, int rc, const xmlNode *lrm, gpointer arg)
{
    c->join.has_history = rc == RC_OK;
}

static void
version_known(struct controld *c, int rc, const xmlNode *cib, gpointer arg)
{
    xmlNode *tuple, *msg;

    if (GPOINTER_TO_INT(arg) != c->join.own_id || c->dc == NULL) {
        return; /* a newer offer is being answered */
    }
    if (rc != RC_OK || cib == NULL) {
        log_err("Could not read the CIB's version to join: %s", result_text(rc));
        fsa_raise(c, I_ERROR, NULL, "no CIB to join with");
        return;
    }
    tuple = xml_new(NULL, "generation_tuple");
    for (const xmlAttr *a = cib->properties; a != NULL; a = a->next) {
        xml_set(tuple, (const char *)a->name, xml_attr_value(a));
    }
    if (!c->join.has_history) {
        xml_set(tuple, "dc-uuid", NULL); /* whichever DC's update has put it there since: see join_on_request() */
    }
    log_debug("join-%d: answering the offer of %s", c->join.own_id, c->dc);
    msg = msg_new(c, CRM_TASK_JOIN_REQUEST, SYS_DC, SYS_CRMD, c->dc, tuple);
    xml_set_int(msg, F_CRM_JOIN_ID, c->join.own_id);
    xml_set(msg, F_FEATURE_SET, FEATURE_SET);
    if (c->is_dc) {
        xml_set(msg, F_SRC, c->cfg.node_name);
        route_message(c, msg, false);
    } else {
        send_peer(c, c->dc, msg);
    }
}

void
join_on_offer(struct controld *c, const xmlNode *msg)
{
    const char *from = xml_get(msg, F_SRC), *version = xml_get(msg, F_FEATURE_SET);
    g_autofree char *own = NULL;
    struct peer *p;

    if (!feature_compatible(version != NULL ? version : "3.0.14", FEATURE_SET)) {
        log_crit("The DC %s has feature set %s, which this node (%s) does not support: staying down", from, version, FEATURE_SET);
        c->stay_down = true;
        exit_now(c, CRM_EX_FATAL);
        return;
    }
    /*
     * Whoever waits to be let in follows the newest offer: all see them in the same order, and an older one may come from a node that
     * has lost the election since.  Otherwise two that call themselves DC have to settle it first.
     */
    if (c->is_dc ? !text_equal_nocase(from, c->cfg.node_name)
                 : c->dc != NULL && c->state != S_PENDING && !text_equal_nocase(from, c->dc)) {
        log_warn("Ignoring the offer of %s: our DC is %s", from, c->is_dc ? c->cfg.node_name : c->dc);
        if (!c->is_dc) {
            /* Ours may be out of date: ask anew, open for any answer. */
            fsa_set_dc(c, NULL, NULL);
            join_announce(c);
            timer_arm(c, TIMER_DC, c->opt.dc_deadtime);
        }
        return;
    }
    c->early_over = true;
    fsa_set_dc(c, from, version);
    p = peers_find(c->peers, 0, from);
    if (p != NULL && !text_equal(p->expected, "member")) {
        node_expect(p, "member");
    }
    if (p != NULL && xml_get_bool(msg, F_CRM_DC_LEAVING, false)) {
        node_expect(p, "down");
    }
    c->join.own_id = (int)xml_get_int(msg, F_CRM_JOIN_ID, 0);
    own = g_strdup_printf("//node_state[@id='%s']/lrm", c->uuid);
    cib_request(c, CIB_OP_QUERY, own, NULL, CIB_OPT_LOCAL | CIB_OPT_NO_CHILDREN | CIB_OPT_XPATH, own_history_known, NULL, NULL);
    cib_request(c, CIB_OP_QUERY, NULL, NULL, CIB_OPT_LOCAL | CIB_OPT_NO_CHILDREN, version_known, GINT_TO_POINTER(c->join.own_id), NULL);
}

/* ---- request (DC) ---- */

static int
compare_versions(const int a[4], const int b[4])
{
    for (int i = 0; i < 4; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

void
join_on_request(struct controld *c, const xmlNode *msg)
{
    const char *from = xml_get(msg, F_SRC), *version = xml_get(msg, F_FEATURE_SET);
    const xmlNode *tuple = msg_payload(msg);
    struct peer *p = peers_find(c->peers, 0, from);
    int id = (int)xml_get_int(msg, F_CRM_JOIN_ID, -1);

    if (id != c->join.id || p == NULL) {
        log_debug("Ignoring join-%d request of %s: this is join-%d", id, from, c->join.id);
        return;
    }
    if (!peer_is_active(p) || tuple == NULL || !feature_compatible(FEATURE_SET, version)) {
        log_err("join-%d: refusing %s: %s", id, from,
                !peer_is_active(p) ? "it is not active" : tuple == NULL ? "it sent no CIB version" : "its feature set is not compatible");
        join_set_phase(p, JOIN_NACK);
        node_expect(p, "banned");
    } else {
        /*
         * A CIB manager drops dc-uuid when it starts, and our members do not report one that they have got since without a history:
         * a CIB without it does not know what runs where, and must not win by a few status updates that were counted at another moment.
         */
        int v[4] = { (int)xml_get_int(tuple, "admin_epoch", -1), (int)xml_get_int(tuple, "epoch", -1),
                     xml_get(tuple, "dc-uuid") != NULL, (int)xml_get_int(tuple, "num_updates", -1) };
        int order = c->join.best != NULL ? compare_versions(v, c->join.best_version) : 1;

        if (order > 0 || (order == 0 && text_equal_nocase(from, c->cfg.node_name))) {
            g_free(c->join.best);
            c->join.best = g_strdup(from);
            memcpy(c->join.best_version, v, sizeof v);
        }
        join_set_phase(p, JOIN_INTEGRATED);
        node_expect(p, "member");
    }
    join_check(c);
}

/* ---- finalize (DC) ---- */

static void
acknowledge(struct controld *c, struct peer *p)
{
    xmlNode *msg;

    if (!peer_is_active(p)) {
        node_expect(p, "pending");
        return;
    }
    join_set_phase(p, JOIN_FINALIZED);
    node_expect(p, "member");
    msg = msg_new(c, CRM_TASK_JOIN_ACK_NACK, SYS_CRMD, SYS_DC, p->name, NULL);
    xml_set_int(msg, F_CRM_JOIN_ID, c->join.id);
    xml_set(msg, F_CRM_DC_LEAVING, c->shutdown ? "true" : "false");
    xml_set(msg, CRM_TASK_JOIN_ACK_NACK, "true");
    send_peer(c, p->name, msg);
}

/*
 * The newest configuration comes from a CIB manager that was just restarted: nobody can say any more what ran where.  Whoever was here
 * and went without a word, even if he had asked to leave, is taken for alive until he is fenced, exactly as nodes are that have not been
 * seen since the start.  Not those on whose host Corosync alone runs yet: whether they are fenced is up to startup-fencing.
 */
static void
distrust_absent_nodes(struct controld *c)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    for (unsigned i = 0; i < list->len; i++) {
        struct peer *p = list->pdata[i];

        bool was_here = p->state == PEER_LOST || (p->state == PEER_MEMBER && p->expected != NULL);

        if (was_here && !peer_is_active(p) && p->name != NULL && !p->is_over && (p->expected == NULL || text_equal(p->expected, "down"))) {
            log_notice("join-%d: what ran on %s is not known any more; it has to be fenced before it counts as down", c->join.id, p->name);
            node_expect(p, "member");
        }
    }
}

static void
cib_synced(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    g_autoptr(GPtrArray) list = NULL;
    xmlNode *nodes;

    if (GPOINTER_TO_INT(arg) == c->join.given_up) {
        return;
    }
    c->join.syncing = false;
    if (!c->is_dc || GPOINTER_TO_INT(arg) != c->join.id) {
        return;
    }
    if (rc != RC_OK) {
        log_warn("join-%d: could not bring everybody to the CIB of %s: %s", c->join.id, c->join.best, result_text(rc));
        fsa_raise(c, I_ELECTION_DC, NULL, "CIB sync failed");
        return;
    }
    if (c->state != S_FINALIZE_JOIN) {
        return;
    }
    if (c->join.best != NULL && c->join.best_version[2] == 0) {
        distrust_absent_nodes(c);
    }
    list = peers_list(c->peers);
    nodes = xml_new(NULL, "nodes");
    for (unsigned i = 0; i < list->len; i++) {
        struct peer *p = list->pdata[i];

        if (p->join_phase == JOIN_INTEGRATED) {
            xmlNode *node = xml_new(nodes, "node");

            xml_set(node, "id", p->uuid);
            xml_set(node, "uname", p->name);
        }
    }
    cib_request(c, CIB_OP_MODIFY, "nodes", nodes, CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE, cib_log_failure,
                g_strdup("record the joined nodes"), g_free);
    for (unsigned i = 0; i < list->len; i++) {
        struct peer *p = list->pdata[i];

        if (p->join_phase == JOIN_INTEGRATED) {
            acknowledge(c, p);
        }
    }
    join_check(c);
}

static void
sync_from_best(struct controld *c)
{
    const char *best = c->join.best != NULL ? c->join.best : c->cfg.node_name;

    cib_request_as(c, CIB_OP_SYNC, NULL, NULL, CIB_OPT_QUORUM_OVERRIDE, best, NULL, cib_synced, GINT_TO_POINTER(c->join.id), NULL);
}

void
join_finalize(struct controld *c)
{
    c->join.finalize_waits = false;
    if (join_count(c, JOIN_WELCOMED) > 0) {
        log_info("join-%d: waiting for nodes that have not answered the offer", c->join.id);
        return;
    }
    if (join_count(c, JOIN_INTEGRATED) == 0) {
        join_check(c);
        return;
    }
    if (!c->graph->complete) {
        log_info("join-%d: waiting for the running transition to end", c->join.id);
        c->join.finalize_waits = true;
        return;
    }
    if (c->join.best != NULL && !text_equal_nocase(c->join.best, c->cfg.node_name) && join_count(c, JOIN_CONFIRMED) > 0) {
        /* What a newcomer's CIB says about the members is older than they are; only they can put it right, by joining. */
        log_info("join-%d: the CIB of %s takes the place of the members': all of them join anew", c->join.id, c->join.best);
        fsa_raise(c, I_ELECTION_DC, NULL, "a newcomer has the newest CIB");
        return;
    }
    c->join.syncing = true;
    sync_from_best(c);
}

/* ---- the client's confirmation ---- */

/* Write the permanent node attribute `standby`, reusing the entry that is there. */
static void
standby_known(struct controld *c, int rc, const xmlNode *pair, gpointer arg)
{
    const char *value = arg;
    xmlNode *nodes = xml_new(NULL, "nodes"), *node = xml_new(nodes, "node"), *set;
    g_autofree char *set_id = g_strdup_printf("nodes-%s", c->uuid);

    xml_set(node, "id", c->uuid);
    xml_set(node, "uname", c->cfg.node_name);
    set = xml_new(node, "instance_attributes");
    if (rc == RC_OK && pair != NULL && xml_is(pair, "instance_attributes")) {
        const xmlNode *known = xml_find(pair, "nvpair", "name", "standby");

        xml_set(set, "id", xml_id(pair));
        xml_set(xml_new_nvpair(set, "standby", value), "id", xml_id(known));
    } else {
        xml_set(set, "id", set_id);
        xml_new_nvpair(set, "standby", value);
    }
    cib_request(c, CIB_OP_MODIFY, "nodes", nodes, CIB_OPT_CAN_CREATE, cib_log_failure, g_strdup("set the start state of this node"), g_free);
}

static void
apply_start_state(struct controld *c)
{
    const char *state = c->cfg.start_state, *value = NULL;

    if (c->start_state_applied || state == NULL) {
        return;
    }
    c->start_state_applied = true;
    if (text_equal_nocase(state, "standby")) {
        value = "on";
    } else if (text_equal_nocase(state, "online")) {
        value = "off";
    } else if (!text_equal_nocase(state, "default")) {
        log_warn("Unknown value '%s' of PCMK_node_start_state is ignored", state);
    }
    if (value != NULL) {
        g_autofree char *xpath = g_strdup_printf("//nodes/node[@id='%s']/instance_attributes[nvpair/@name='standby']", c->uuid);

        log_notice("Starting node %s in state %s", c->cfg.node_name, state);
        cib_request(c, CIB_OP_QUERY, xpath, NULL, CIB_OPT_LOCAL | CIB_OPT_XPATH, standby_known, g_strdup(value), g_free);
    }
}

void
join_on_result(struct controld *c, const xmlNode *msg)
{
    xmlNode *reply;
    const char *from;

    if (msg == NULL || !text_equal(xml_get(msg, F_CRM_TASK), CRM_TASK_JOIN_ACK_NACK)) {
        return;
    }
    from = xml_get(msg, F_SRC);
    if (!xml_get_bool(msg, CRM_TASK_JOIN_ACK_NACK, false)) {
        log_err("The DC %s refused our membership (join-%lld)", from, xml_get_int(msg, F_CRM_JOIN_ID, 0));
        fsa_raise(c, I_ERROR, NULL, "join refused");
        return;
    }
    if (!c->is_dc && c->dc != NULL && !text_equal_nocase(from, c->dc)) {
        log_warn("Ignoring the acknowledgement of %s: our DC is %s", from, c->dc);
        return;
    }
    fsa_set_dc(c, from, xml_get(msg, F_VERSION));
    attr_update(c, c->cfg.node_name, "#feature-set", FEATURE_SET, false);
    if (c->cfg.respawned && !c->refreshed) {
        /* When the controller before us died, our attributes were taken for lost and removed from the CIB, but the
         * attribute manager lives and has them. */
        c->refreshed = true;
        attr_refresh(c);
    }
    apply_start_state(c);
    reply = msg_new(c, CRM_TASK_JOIN_CONFIRM, SYS_DC, SYS_CRMD, from, history_all(c));
    xml_copy_attr(reply, msg, F_CRM_JOIN_ID);
    if (c->is_dc) {
        xml_set(reply, F_SRC, c->cfg.node_name);
        route_message(c, reply, false);
    } else {
        send_peer(c, from, reply);
        fsa_raise(c, I_NOT_DC, NULL, "join acknowledged");
    }
}

/* ---- confirmation (DC) ---- */

static void
history_written(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    c->join.confirm_writes--;
    if (!c->is_dc) {
        return;
    }
    if (rc != RC_OK) {
        log_err("Could not record the resource history of %s: %s", (const char *)arg, result_text(rc));
        fsa_raise(c, I_ERROR, NULL, "join history not recorded");
        return;
    }
    join_check(c);
}

static void
replace_history(struct controld *c, const struct peer *p, const xmlNode *state)
{
    const unsigned options = CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE;
    xmlNode *status = xml_new(NULL, "status");

    if (c->opt.shutdown_lock) {
        cib_drop_xpath(c, options,
                         "//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[not(@shutdown-lock)]"
                         "|//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource/lrm_rsc_op",
                         p->name, p->name);
    } else {
        cib_drop_xpath(c, options, "//node_state[@uname='%s']/lrm", p->name);
    }
    if (p == peers_local(c->peers)) {
        xml_adopt(status, history_all(c));
    } else {
        xml_copy(status, state);
    }
    c->join.confirm_writes++;
    cib_request(c, CIB_OP_MODIFY, "status", status, options | CIB_OPT_CAN_CREATE, history_written, g_strdup(p->name), g_free);
}

void
join_on_confirm(struct controld *c, const xmlNode *msg)
{
    struct peer *p;
    const xmlNode *state;

    if (msg == NULL || !text_equal(xml_get(msg, F_CRM_TASK), CRM_TASK_JOIN_CONFIRM) || !c->is_dc) {
        return;
    }
    p = peers_find(c->peers, 0, xml_get(msg, F_SRC));
    state = msg_payload(msg);
    if (p == NULL || p->join_phase != JOIN_FINALIZED) {
        log_info("Ignoring join confirmation of %s: it is not being joined", xml_get(msg, F_SRC));
        return;
    }
    if (xml_get_int(msg, F_CRM_JOIN_ID, -1) != c->join.id) {
        log_err("join-%d: confirmation of %s is for round %lld", c->join.id, p->name, xml_get_int(msg, F_CRM_JOIN_ID, -1));
        join_set_phase(p, JOIN_NACK);
    } else if (state == NULL || !xml_is(state, "node_state") || !text_equal(xml_id(state), p->uuid)) {
        log_err("join-%d: confirmation of %s holds no state of that node", c->join.id, p->name);
        join_set_phase(p, JOIN_NACK);
    } else {
        join_set_phase(p, JOIN_CONFIRMED);
        replace_history(c, p, state);
    }
    join_check(c);
}

/* ---- completion ---- */

/* spec 30 §6.6; returns whether the round is at an end. */
bool
join_check(struct controld *c)
{
    if (!c->is_dc) {
        return false;
    }
    if (c->state == S_INTEGRATION) {
        if (c->join.ring != c->ring && c->join.ring_rejoined != c->ring && somebody_left_out(c)) {
            c->join.ring_rejoined = c->ring;
            fsa_raise(c, I_NODE_JOIN, NULL, "membership changed during join");
            return false;
        }
        if (join_count(c, JOIN_WELCOMED) == 0) {
            fsa_raise(c, I_INTEGRATED, NULL, "all answered");
            return true;
        }
    } else if (c->state == S_FINALIZE_JOIN) {
        if (c->join.syncing && c->join.best != NULL && !peer_is_active(peers_find(c->peers, 0, c->join.best))) {
            c->join.syncing = false;
            c->join.given_up = c->join.id;
            fsa_raise(c, I_ELECTION_DC, NULL, "the node with the newest CIB has gone");
            return false;
        }
        if (c->join.ring != c->ring && c->join.ring_rejoined != c->ring && somebody_left_out(c)) {
            c->join.ring_rejoined = c->ring;
            fsa_raise(c, I_NODE_JOIN, NULL, "membership changed during join");
            return false;
        }
        if (!c->join.syncing && c->join.confirm_writes == 0 && join_count(c, JOIN_WELCOMED) == 0
            && join_count(c, JOIN_INTEGRATED) == 0 && join_count(c, JOIN_FINALIZED) == 0) {
            fsa_raise(c, I_FINALIZED, NULL, "all confirmed");
            return true;
        }
        if (!c->join.syncing && !c->join.finalize_waits && join_count(c, JOIN_WELCOMED) == 0 && join_count(c, JOIN_INTEGRATED) > 0
            && join_count(c, JOIN_FINALIZED) == 0 && c->join.confirm_writes == 0) {
            /* The node that was waited for has left. */
            join_finalize(c);
        }
    }
    return false;
}

/* On entry of POLICY_ENGINE: is everybody in who should be?  (spec 30 §3.2) */
void
join_policy_engine_check(struct controld *c)
{
    unsigned confirmed = join_count(c, JOIN_CONFIRMED), active = peers_active_count(c->peers);
    unsigned open = join_count(c, JOIN_WELCOMED) + join_count(c, JOIN_INTEGRATED) + join_count(c, JOIN_FINALIZED);

    if (open > 0) {
        log_err("%u cluster nodes failed to join", open);
    } else if (confirmed > active) {
        fsa_raise(c, I_ELECTION, NULL, "more nodes joined than there are");
    } else if (c->join.ring != c->ring && c->join.ring_rejoined != c->ring && somebody_left_out(c)) {
        c->join.ring_rejoined = c->ring;
        fsa_raise(c, I_NODE_JOIN, NULL, "membership changed during join");
    } else if (confirmed < active) {
        log_warn("Only %u of %u active nodes have joined", confirmed, active);
    } else {
        log_debug("All %u cluster nodes are joined", confirmed);
    }
}
