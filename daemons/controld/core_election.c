/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is DC: driving the election module, starting it early when everybody is there, taking the role over and
 * giving it up.  Called by the state machine.
 * Never counts votes itself: lib/cluster/election.h does.  (spec 30 §5, §21)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

/* Time for a DC to answer our announcement when not everybody is known to be as new as we are. */
#define EARLY_ELECTION_GRACE_MS 1500

static void
cpu_time(void *data, uint32_t *seconds, uint32_t *microseconds)
{
    const struct controld *c = data;

    *seconds = (uint32_t)(c->now.cpu_us / G_USEC_PER_SEC);
    *microseconds = (uint32_t)(c->now.cpu_us % G_USEC_PER_SEC);
}

void
election_init(struct controld *c)
{
    struct election_config config = {
        .name = "DC",
        .system = SYS_CRMD,
        .local_name = c->cfg.node_name,
        .local_uuid = c->uuid,
        .timeout_ms = 60000,
        .peers = c->peers,
        .cpu_time = cpu_time,
        .data = c,
    };

    c->election = election_new(&config);
}

static void
carry_out(struct controld *c, const struct election_effects *e, const char *why)
{
    if (e->stop_timer) {
        timer_cancel(c, TIMER_ELECTION);
    }
    if (e->send_vote) {
        send_peer(c, NULL, election_vote_new(c->election, &c->refs, c->now.ms));
    }
    if (e->send_no_vote) {
        send_peer(c, e->no_vote_to, election_no_vote_new(c->election, &c->refs, e));
    }
    if (e->start_timer) {
        timer_arm(c, TIMER_ELECTION, e->timer_ms);
    }
    if (e->outcome == ELECTION_HAS_WON || e->outcome == ELECTION_HAS_LOST) {
        c->early_over = true;
    }
    switch (e->outcome) {
        case ELECTION_NOTHING:
            break;
        case ELECTION_MUST_VOTE:
            fsa_raise(c, I_ELECTION, NULL, why);
            break;
        case ELECTION_HAS_WON:
            fsa_raise(c, I_ELECTION_DC, NULL, "election won");
            break;
        case ELECTION_HAS_LOST:
            fsa_set_dc(c, NULL, NULL);
            if (c->is_dc) {
                cib_request(c, CIB_OP_SECONDARY, NULL, NULL, CIB_OPT_LOCAL, NULL, NULL, NULL);
                fsa_raise(c, I_RELEASE_DC, NULL, "election lost");
            } else if (c->state != S_STARTING) {
                fsa_raise(c, I_PENDING, NULL, "election lost");
            }
            break;
    }
}

static void
advance(struct controld *c, enum election_event_kind kind, const char *from, const xmlNode *msg, const char *why)
{
    struct election_event ev = { .kind = kind, .from = from, .message = msg };
    struct election_effects effects = { 0 };

    election_set_eligible(c->election, c->state != S_STARTING);
    election_step(c->election, c->now.ms, &ev, &effects);
    carry_out(c, &effects, why);
}

void
election_vote(struct controld *c)
{
    if (c->state == S_STARTING || c->state == S_RECOVERY || c->state == S_STOPPING || c->state == S_TERMINATE) {
        log_warn("Not voting in an election in state %s", fsa_state_name(c->state));
        fsa_raise(c, c->is_dc ? I_RELEASE_DC : I_PENDING, NULL, "refused to vote");
        return;
    }
    advance(c, ELECTION_EV_START, c->cfg.node_name, NULL, "vote");
}

void
election_on_message(struct controld *c, const xmlNode *msg)
{
    advance(c, ELECTION_EV_VOTE, xml_get(msg, F_SRC), msg, "a peer's vote was beaten");
}

void
election_on_timeout(struct controld *c)
{
    advance(c, ELECTION_EV_TIMEOUT, NULL, NULL, "election timeout");
}

void
election_recheck(struct controld *c)
{
    advance(c, ELECTION_EV_CHECK, NULL, NULL, "membership changed");
}

void
election_forget(struct controld *c, const char *name)
{
    advance(c, ELECTION_EV_PEER_LEFT, name, NULL, "a voter left");
}

void
election_stop_timer(struct controld *c)
{
    timer_cancel(c, TIMER_ELECTION);
}

/* ---- not waiting for dc-deadtime without need (spec 30 §21) ---- */

/*
 * Are all nodes of Corosync's node list active?  Only then is it safe to elect early: with a node missing the new
 * DC would have it fenced although it may merely be booting.
 */
static bool
everybody_is_here(const struct controld *c)
{
    if (c->cfg.n_configured == 0) {
        return false;
    }
    for (unsigned i = 0; i < c->cfg.n_configured; i++) {
        if (!peer_is_active(peers_find(c->peers, c->cfg.configured[i].id, NULL))) {
            return false;
        }
    }
    return true;
}

/* Has every other peer announced itself since it came?  Then no one of them is or has a DC. */
static bool
everybody_announced(const struct controld *c)
{
    for (unsigned i = 0; i < c->cfg.n_configured; i++) {
        uint32_t id = c->cfg.configured[i].id;
        const struct ctl_node *n = g_hash_table_lookup(c->nodes, GUINT_TO_POINTER(id));

        if (id != c->cfg.node_id && (n == NULL || !n->announced)) {
            return false;
        }
    }
    return true;
}

/*
 * Once in the life of a process: a node that has voted, lost, or had an offer knows that a DC exists or is about to,
 * and gives it the full dc-deadtime.
 */
void
election_consider_early(struct controld *c)
{
    if (c->state != S_PENDING || c->dc != NULL || c->shutdown || c->early_over || !everybody_is_here(c)) {
        return;
    }
    timer_arm(c, TIMER_EARLY_ELECTION, everybody_announced(c) ? 0 : EARLY_ELECTION_GRACE_MS);
}

void
election_on_early_timer(struct controld *c)
{
    if (c->state == S_PENDING && c->dc == NULL && !c->shutdown && !c->early_over && everybody_is_here(c)) {
        c->early_over = true;
        log_info("All configured nodes are here and none is DC: not waiting for dc-deadtime");
        fsa_raise(c, I_DC_TIMEOUT, NULL, "all nodes present without DC");
    }
}

/* ---- the role ---- */

void
property_set(struct controld *c, const char *name, const char *value)
{
    xmlNode *config = xml_new(NULL, "crm_config");
    xmlNode *set = xml_new(config, "cluster_property_set");

    xml_set(set, "id", "cib-bootstrap-options");
    xml_new_nvpair(set, name, value);
    cib_request(c, CIB_OP_MODIFY, "crm_config", config, CIB_OPT_CAN_CREATE | CIB_OPT_QUORUM_OVERRIDE, cib_log_failure,
                g_strdup_printf("set cluster property %s", name), g_free);
}

static void
feature_set_written(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    if (rc != RC_OK) {
        log_err("Could not take over the CIB as DC: %s", result_text(rc));
        fsa_raise(c, I_ERROR, NULL, "CIB refused the new DC");
    }
}

/* All facts of the new DC in one change: each change on its own would cost a round through the cluster. */
static void
write_properties(struct controld *c)
{
    const struct {
        const char *name, *value;
    } properties[] = {
        { "have-watchdog", c->cfg.sbd_running ? "true" : "false" },
        { "dc-version", CRM_VERSION "-" CRM_BUILD },
        { "cluster-infrastructure", "corosync" },
        { "cluster-name", c->opt.cluster_name == NULL ? c->cfg.cluster_name : NULL },
    };
    xmlNode *config = xml_new(NULL, "crm_config");
    xmlNode *set = xml_new(config, "cluster_property_set");

    xml_set(set, "id", "cib-bootstrap-options");
    for (unsigned i = 0; i < G_N_ELEMENTS(properties); i++) {
        if (properties[i].value != NULL) {
            xml_new_nvpair(set, properties[i].name, properties[i].value);
        }
    }
    cib_request(c, CIB_OP_MODIFY, "crm_config", config, CIB_OPT_CAN_CREATE | CIB_OPT_QUORUM_OVERRIDE, cib_log_failure,
                g_strdup("record the DC's properties"), g_free);
}

void
dc_takeover(struct controld *c)
{
    xmlNode *cib = xml_new(NULL, "cib");

    log_notice("Taking over as Designated Controller");
    c->is_dc = true;
    match_tell_interest(c); /* before anything is asked: what is missed now would not come again */
    fence_run_cleanup(c);
    election_reset(c->election);
    cib_request(c, CIB_OP_PRIMARY, NULL, NULL, CIB_OPT_LOCAL, cib_log_failure, g_strdup("make the CIB manager primary"), g_free);
    xml_set(cib, F_FEATURE_SET, FEATURE_SET);
    cib_request(c, CIB_OP_MODIFY, NULL, cib, CIB_OPT_QUORUM_OVERRIDE, feature_set_written, NULL, NULL);
    write_properties(c);
    options_read(c);
}

void
dc_release(struct controld *c)
{
    log_info("Giving up the role of Designated Controller");
    if (c->shutdown) {
        struct peer *self = peers_local(c->peers);
        xmlNode *status = xml_new(NULL, "status");

        if (self != NULL) {
            node_expect(self, "down");
            node_state_xml(self, status, NODE_EXPECTED, "dc_release");
            cib_request(c, CIB_OP_MODIFY, "status", status, CIB_OPT_LOCAL | CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE, cib_log_failure,
                        g_strdup("record our own departure"), g_free);
        } else {
            xml_free(status);
        }
    }
    c->is_dc = false;
    pe_disconnect(c);
    if (c->cib_connected) {
        match_tell_interest(c);
    }
    graph_stop_engine(c);
    join_reset(c);
    fsa_set_dc(c, NULL, NULL);
}
