/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller's finite state machine: the table of transitions, entry hooks, the queue of inputs, start-up.
 * Called by every event entry and, to raise inputs, by all topics.
 * Never talks to anybody itself: actions live in their topics' files.  (spec 30 §1, §3)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

/* What a transition asks for, in the order in which it is done. */
enum fsa_action {
    A_NOTHING = 0,
    A_STARTUP = 1 << 0,
    A_RELEASE_DC = 1 << 1, /* if held */
    A_RELEASED = 1 << 2,   /* raise I_RELEASE_SUCCESS */
    A_DC_TIMER_STOP = 1 << 3,
    A_DC_TIMER_START = 1 << 4,
    A_TAKEOVER = 1 << 5,
    A_TE_START = 1 << 6,
    A_TE_HALT = 1 << 7,
    A_TE_CANCEL = 1 << 8,
    A_EXEC_CONNECT = 1 << 9,
    A_ANNOUNCE = 1 << 10,
    A_VOTE = 1 << 11,
    A_OFFER_ALL = 1 << 12,
    A_OFFER_ONE = 1 << 13,
    A_ANSWER_OFFER = 1 << 14,
    A_TAKE_REQUEST = 1 << 15,
    A_FINALIZE = 1 << 16,
    A_TAKE_CONFIRM = 1 << 17,
    A_OWN_RESULT = 1 << 18,
    A_PE_INVOKE = 1 << 19,
    A_TE_INVOKE = 1 << 20,
    A_SHUTDOWN_REQUEST = 1 << 21,
    A_RECOVER = 1 << 22,
    A_LEAVE = 1 << 23,
    A_EXIT = 1 << 24,
    A_EXIT_ERROR = 1 << 25,
};

#define IN(state)  (1u << (state))
#define DC_STATES                                                                                                       \
    (IN(S_IDLE) | IN(S_INTEGRATION) | IN(S_FINALIZE_JOIN) | IN(S_POLICY_ENGINE) | IN(S_TRANSITION_ENGINE))
#define BUSY_STATES (IN(S_IDLE) | IN(S_POLICY_ENGINE) | IN(S_TRANSITION_ENGINE))
#define ANY         (~0u)
#define STAY        FSA_STATES

/*
 * spec 30 §3.1.  The first line with the input whose set of states holds the present one counts; an input without
 * such a line changes nothing.  Deliberately different from 2.1.5: RELEASE_DC -> PENDING starts the DC timer, and an
 * election that is lost while PENDING starts it anew, so that a successor that dies before it lets us in is noticed; winning
 * an election that is not ours to hold (states other than ELECTION) offers membership again instead of voting in a circle.
 */
static const struct fsa_rule {
    enum fsa_input input;
    unsigned from;
    unsigned to;
    unsigned actions;
} rules[] = {
    { I_STARTUP, IN(S_STARTING), STAY, A_STARTUP },

    { I_PENDING, IN(S_STARTING), S_PENDING, A_ANNOUNCE | A_DC_TIMER_START },
    { I_PENDING, IN(S_NOT_DC) | IN(S_ELECTION) | DC_STATES, S_PENDING, A_RELEASE_DC | A_DC_TIMER_START },
    { I_PENDING, IN(S_PENDING), STAY, A_DC_TIMER_START },

    { I_DC_TIMEOUT, IN(S_PENDING) | IN(S_NOT_DC), S_ELECTION, A_VOTE },
    { I_DC_TIMEOUT, DC_STATES | IN(S_RELEASE_DC), S_RECOVERY, A_RECOVER },

    { I_ELECTION, IN(S_NOT_DC) | IN(S_PENDING) | IN(S_ELECTION) | DC_STATES, S_ELECTION, A_VOTE },

    { I_ELECTION_DC, IN(S_ELECTION), S_INTEGRATION, A_TAKEOVER | A_TE_START | A_DC_TIMER_STOP | A_OFFER_ALL },
    { I_ELECTION_DC, DC_STATES, S_INTEGRATION, A_OFFER_ALL },
    { I_ELECTION_DC, IN(S_NOT_DC), S_ELECTION, A_VOTE },

    { I_RELEASE_DC, DC_STATES | IN(S_ELECTION), S_RELEASE_DC, A_DC_TIMER_STOP | A_RELEASE_DC | A_RELEASED },
    { I_RELEASE_SUCCESS, IN(S_RELEASE_DC), S_PENDING, A_DC_TIMER_START },
    { I_RELEASE_SUCCESS, DC_STATES, S_RECOVERY, A_RECOVER },

    { I_NODE_JOIN, BUSY_STATES, S_INTEGRATION, A_TE_HALT | A_OFFER_ONE },
    { I_NODE_JOIN, IN(S_FINALIZE_JOIN), S_INTEGRATION, A_OFFER_ONE },
    { I_NODE_JOIN, IN(S_INTEGRATION), STAY, A_OFFER_ONE },

    { I_JOIN_REQUEST, IN(S_INTEGRATION), STAY, A_TAKE_REQUEST },
    { I_JOIN_REQUEST, BUSY_STATES | IN(S_FINALIZE_JOIN), S_INTEGRATION, A_OFFER_ONE },

    { I_INTEGRATED, IN(S_INTEGRATION), S_FINALIZE_JOIN, A_FINALIZE },

    { I_JOIN_RESULT, IN(S_FINALIZE_JOIN) | IN(S_INTEGRATION), STAY, A_TAKE_CONFIRM | A_OWN_RESULT },
    { I_JOIN_RESULT, IN(S_PENDING), STAY, A_OWN_RESULT },
    { I_JOIN_RESULT, IN(S_NOT_DC), S_PENDING, A_ANNOUNCE | A_DC_TIMER_START },
    { I_JOIN_RESULT, BUSY_STATES, S_INTEGRATION, A_TE_HALT | A_OFFER_ALL },

    { I_FINALIZED, IN(S_FINALIZE_JOIN), S_POLICY_ENGINE, A_TE_CANCEL },

    { I_JOIN_OFFER, IN(S_NOT_DC), S_PENDING, A_DC_TIMER_STOP | A_ANSWER_OFFER },
    { I_JOIN_OFFER, IN(S_PENDING) | DC_STATES, STAY, A_DC_TIMER_STOP | A_ANSWER_OFFER },
    { I_JOIN_OFFER, IN(S_ELECTION), STAY, A_VOTE },

    { I_NOT_DC, IN(S_PENDING), S_NOT_DC, A_DC_TIMER_STOP },
    { I_NOT_DC, DC_STATES, S_RECOVERY, A_RECOVER },
    { I_NOT_DC, IN(S_ELECTION), STAY, A_VOTE },

    { I_PE_CALC, IN(S_IDLE) | IN(S_TRANSITION_ENGINE), S_POLICY_ENGINE, A_PE_INVOKE },
    { I_PE_CALC, IN(S_POLICY_ENGINE), STAY, A_PE_INVOKE },
    { I_PE_SUCCESS, IN(S_POLICY_ENGINE), S_TRANSITION_ENGINE, A_TE_INVOKE },
    { I_TE_SUCCESS, IN(S_TRANSITION_ENGINE), S_IDLE, A_NOTHING },

    { I_SHUTDOWN, IN(S_IDLE) | IN(S_TRANSITION_ENGINE), S_POLICY_ENGINE, A_SHUTDOWN_REQUEST },
    { I_SHUTDOWN, IN(S_STARTING) | IN(S_RECOVERY), S_STOPPING, A_LEAVE },
    { I_SHUTDOWN, IN(S_ELECTION), STAY, A_SHUTDOWN_REQUEST | A_VOTE },
    { I_SHUTDOWN, IN(S_STOPPING) | IN(S_TERMINATE), STAY, A_NOTHING },
    { I_SHUTDOWN, ANY, STAY, A_SHUTDOWN_REQUEST },

    { I_STOP, IN(S_STOPPING) | IN(S_TERMINATE), STAY, A_NOTHING },
    { I_STOP, ANY, S_STOPPING, A_RELEASE_DC | A_LEAVE },
    { I_TERMINATE, ANY, S_TERMINATE, A_EXIT },

    { I_FAIL, IN(S_IDLE) | IN(S_NOT_DC), S_RECOVERY, A_RECOVER },
    { I_FAIL, IN(S_ELECTION), S_RELEASE_DC, A_RELEASE_DC | A_RELEASED },
    { I_FAIL, IN(S_FINALIZE_JOIN) | IN(S_POLICY_ENGINE), S_INTEGRATION, A_OFFER_ALL },
    { I_FAIL, IN(S_STARTING) | IN(S_PENDING), S_STOPPING, A_LEAVE },
    { I_FAIL, IN(S_TRANSITION_ENGINE), S_POLICY_ENGINE, A_EXEC_CONNECT | A_TE_CANCEL },
    { I_FAIL, IN(S_INTEGRATION), STAY, A_OFFER_ALL },

    { I_ERROR, IN(S_STOPPING), S_TERMINATE, A_EXIT_ERROR },
    { I_ERROR, IN(S_RECOVERY) | IN(S_TERMINATE), STAY, A_NOTHING },
    { I_ERROR, ANY, S_RECOVERY, A_RECOVER },
};

static const char *const state_names[FSA_STATES] = {
    [S_STARTING] = "S_STARTING",
    [S_PENDING] = "S_PENDING",
    [S_ELECTION] = "S_ELECTION",
    [S_INTEGRATION] = "S_INTEGRATION",
    [S_FINALIZE_JOIN] = "S_FINALIZE_JOIN",
    [S_POLICY_ENGINE] = "S_POLICY_ENGINE",
    [S_TRANSITION_ENGINE] = "S_TRANSITION_ENGINE",
    [S_IDLE] = "S_IDLE",
    [S_NOT_DC] = "S_NOT_DC",
    [S_RELEASE_DC] = "S_RELEASE_DC",
    [S_RECOVERY] = "S_RECOVERY",
    [S_STOPPING] = "S_STOPPING",
    [S_TERMINATE] = "S_TERMINATE",
    [S_HALT] = "S_HALT",
};

static const char *const input_names[FSA_INPUTS] = {
    [I_STARTUP] = "I_STARTUP",
    [I_PENDING] = "I_PENDING",
    [I_DC_TIMEOUT] = "I_DC_TIMEOUT",
    [I_ELECTION] = "I_ELECTION",
    [I_ELECTION_DC] = "I_ELECTION_DC",
    [I_RELEASE_DC] = "I_RELEASE_DC",
    [I_RELEASE_SUCCESS] = "I_RELEASE_SUCCESS",
    [I_NODE_JOIN] = "I_NODE_JOIN",
    [I_JOIN_REQUEST] = "I_JOIN_REQUEST",
    [I_INTEGRATED] = "I_INTEGRATED",
    [I_JOIN_RESULT] = "I_JOIN_RESULT",
    [I_FINALIZED] = "I_FINALIZED",
    [I_JOIN_OFFER] = "I_JOIN_OFFER",
    [I_NOT_DC] = "I_NOT_DC",
    [I_PE_CALC] = "I_PE_CALC",
    [I_PE_SUCCESS] = "I_PE_SUCCESS",
    [I_TE_SUCCESS] = "I_TE_SUCCESS",
    [I_SHUTDOWN] = "I_SHUTDOWN",
    [I_STOP] = "I_STOP",
    [I_TERMINATE] = "I_TERMINATE",
    [I_FAIL] = "I_FAIL",
    [I_ERROR] = "I_ERROR",
};

const char *
fsa_state_name(enum fsa_state state)
{
    return state_names[state];
}

const char *
fsa_input_name(enum fsa_input input)
{
    return input_names[input];
}

/* ---- the queue ---- */

struct queued_input {
    enum fsa_input input;
    xmlNode *msg; /* own copy, or NULL */
    const char *why;
};

void
fsa_raise(struct controld *c, enum fsa_input input, const xmlNode *msg, const char *why)
{
    struct queued_input *q = g_new0(struct queued_input, 1);

    q->input = input;
    q->msg = msg != NULL ? xml_copy(NULL, msg) : NULL;
    q->why = why;
    g_queue_push_tail(&c->inputs, q);
    if (input == I_ERROR) {
        log_err("Input I_ERROR raised in state %s: %s", fsa_state_name(c->state), why);
    }
}

static void
queued_input_free(gpointer data)
{
    struct queued_input *q = data;

    xml_free(q->msg);
    g_free(q);
}

static const struct fsa_rule *
find_rule(enum fsa_input input, enum fsa_state state)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (rules[i].input == input && (rules[i].from & IN(state))) {
            return &rules[i];
        }
    }
    return NULL;
}

/* ---- entry hooks (spec 30 §3.2) ---- */

void
fsa_set_dc(struct controld *c, const char *name, const char *version)
{
    if (!text_equal_nocase(c->dc, name)) {
        if (name != NULL) {
            log_notice("The DC is now %s (feature set %s)", name, version != NULL ? version : "unknown");
        } else {
            log_info("There is no DC now (it was %s)", c->dc);
        }
        g_free(c->dc);
        c->dc = g_strdup(name);
    }
    if (c->dc_version != version) {
        g_free(c->dc_version);
        c->dc_version = g_strdup(version);
    }
}

static void
enter_pending(struct controld *c)
{
    if (c->cib_connected) {
        cib_request(c, CIB_OP_SECONDARY, NULL, NULL, CIB_OPT_LOCAL, NULL, NULL, NULL);
    }
    fsa_set_dc(c, NULL, NULL);
}

static void
start_recheck_timer(struct controld *c)
{
    long long ms = c->opt.recheck_interval;

    if (ms <= 0) {
        return;
    }
    if (c->graph != NULL && c->graph->recheck_by > 0) {
        long long left = (c->graph->recheck_by - now_epoch(c)) * 1000;

        ms = MIN(ms, left < 500 ? 500 : left);
    }
    timer_arm(c, TIMER_RECHECK, ms);
}

static void
enter_state(struct controld *c, enum fsa_state old, enum fsa_state new)
{
    if (new != S_ELECTION && old != S_RELEASE_DC) {
        election_stop_timer(c);
    }
    if (old == S_INTEGRATION && new != S_INTEGRATION) {
        timer_cancel(c, TIMER_INTEGRATION);
        timer_cancel(c, TIMER_REOFFER);
    }
    if (old == S_FINALIZE_JOIN && new != S_FINALIZE_JOIN) {
        timer_cancel(c, TIMER_FINALIZATION);
    }
    if (old == S_PENDING && new != S_PENDING) {
        timer_cancel(c, TIMER_DC);
        timer_cancel(c, TIMER_ANNOUNCE);
        timer_cancel(c, TIMER_EARLY_ELECTION);
    }
    if (old == S_IDLE && new != S_IDLE) {
        timer_cancel(c, TIMER_RECHECK);
    }

    switch (new) {
        case S_PENDING:
            enter_pending(c);
            break;
        case S_ELECTION:
            fsa_set_dc(c, NULL, NULL);
            break;
        case S_INTEGRATION:
            timer_arm(c, TIMER_INTEGRATION, c->opt.integration);
            timer_arm(c, TIMER_REOFFER, 10000);
            break;
        case S_FINALIZE_JOIN:
            timer_arm(c, TIMER_FINALIZATION, c->opt.finalization);
            break;
        case S_NOT_DC:
            c->ever_joined = true;
            fence_purge_cleanup(c);
            if (c->shutdown) {
                fsa_raise(c, I_SHUTDOWN, NULL, "joined while shutting down");
            }
            break;
        case S_POLICY_ENGINE:
            c->ever_joined = true;
            if (old == S_FINALIZE_JOIN) {
                nodes_write_list(c, false);
                nodes_write_states(c, NODE_ALL, "post_join");
                nodes_write_quorum(c);
                nodes_erase_absent(c);
            }
            join_policy_engine_check(c);
            break;
        case S_IDLE:
            if (c->shutdown) {
                shutdown_request(c);
            }
            start_recheck_timer(c);
            break;
        case S_RECOVERY:
            c->in_recovery = true;
            break;
        default:
            break;
    }
}

/* ---- start-up (spec 30 §1) ---- */

void
ctl_start(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    fsa_raise(c, I_STARTUP, NULL, "process start");
    event_end(c);
}

static void
startup(struct controld *c)
{
    effect_new(c, CTL_CONNECT_CIB);
    effect_new(c, CTL_CONNECT_CLUSTER);
    effect_new(c, CTL_CONNECT_EXEC);
}

void
fsa_check_started(struct controld *c)
{
    if (c->state != S_STARTING || c->ipc_open || c->shutdown) {
        return;
    }
    if (!c->quorum_seen || !c->exec_connected || !c->cib_connected || !c->config_read || !c->peers_seen) {
        return;
    }
    c->ipc_open = true;
    effect_new(c, CTL_SERVE_IPC);
    effect_new(c, CTL_CONNECT_FENCER);
    fsa_raise(c, I_PENDING, NULL, "start-up complete");
}

void
ctl_on_cib_connected(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    c->cib_connected = true;
    match_tell_interest(c);
    if (c->cluster_connected) {
        nodes_write_list(c, true);
    }
    options_read(c);
    event_end(c);
}

void
ctl_on_cib_failed(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    fsa_raise(c, I_ERROR, NULL, "cannot connect to the CIB manager");
    event_end(c);
}

void
ctl_on_cib_lost(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    c->cib_connected = false;
    if (c->state < S_STOPPING) {
        log_crit("Lost connection to the CIB manager");
        fsa_raise(c, I_ERROR, NULL, "lost the CIB manager");
    } else {
        log_info("Disconnected from the CIB manager");
    }
    event_end(c);
}

void
ctl_on_cluster_connected(struct controld *c, struct ctl_time t, bool ok)
{
    event_begin(c, t);
    c->cluster_connected = ok;
    if (!ok) {
        fsa_raise(c, I_ERROR, NULL, "cannot connect to the cluster layer");
    } else if (c->cib_connected) {
        nodes_write_list(c, true);
    }
    event_end(c);
}

void
ctl_on_cluster_lost(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    if (c->cluster_connected) {
        c->cluster_connected = false;
        log_crit("Lost connection to cluster layer, shutting down");
        exit_now(c, CRM_EX_DISCONNECT);
    }
    event_end(c);
}

/* ---- the machine ---- */

static void
dc_timer_start(struct controld *c)
{
    timer_arm(c, TIMER_DC, c->opt.dc_deadtime);
    election_consider_early(c);
}

static void
recover(struct controld *c)
{
    log_err("Unrecoverable error: leaving, to be started afresh");
    fsa_raise(c, I_TERMINATE, NULL, "error recovery");
}

/* One step an action, in fixed order; each sees the new state. */
static void
do_actions(struct controld *c, unsigned a, const xmlNode *msg)
{
    if (a & A_STARTUP) {
        startup(c);
    }
    if ((a & A_RELEASE_DC) && c->is_dc) {
        dc_release(c);
    }
    if (a & A_RELEASED) {
        fsa_raise(c, I_RELEASE_SUCCESS, NULL, "DC role released");
    }
    if (a & A_DC_TIMER_STOP) {
        timer_cancel(c, TIMER_DC);
        timer_cancel(c, TIMER_ANNOUNCE);
        timer_cancel(c, TIMER_EARLY_ELECTION);
    }
    if ((a & A_DC_TIMER_START) && !c->shutdown) {
        dc_timer_start(c);
    }
    if (a & A_TAKEOVER) {
        dc_takeover(c);
        pe_connect(c);
    }
    if (a & A_TE_START) {
        graph_start_engine(c);
    }
    if (a & A_TE_HALT) {
        graph_halt(c);
    }
    if (a & A_EXEC_CONNECT) {
        effect_new(c, CTL_CONNECT_EXEC);
    }
    if (a & A_TE_CANCEL) {
        graph_cancel(c);
    }
    if ((a & A_ANNOUNCE) && !c->shutdown) {
        join_announce(c);
    }
    if (a & A_VOTE) {
        election_vote(c);
    }
    if (a & A_OFFER_ALL) {
        join_offer_all(c);
    }
    if (a & A_OFFER_ONE) {
        join_offer_one(c, msg);
    }
    if (a & A_ANSWER_OFFER) {
        join_on_offer(c, msg);
    }
    if (a & A_TAKE_REQUEST) {
        join_on_request(c, msg);
    }
    if (a & A_FINALIZE) {
        join_finalize(c);
    }
    if (a & A_TAKE_CONFIRM) {
        join_on_confirm(c, msg);
    }
    if (a & A_OWN_RESULT) {
        join_on_result(c, msg);
    }
    if (a & A_PE_INVOKE) {
        pe_invoke(c);
    }
    if (a & A_TE_INVOKE) {
        graph_run_reply(c);
    }
    if (a & A_SHUTDOWN_REQUEST) {
        shutdown_request(c);
    }
    if (a & A_RECOVER) {
        recover(c);
    }
    if (a & A_LEAVE) {
        shutdown_leave(c);
    }
    if (a & A_EXIT_ERROR) {
        c->exit_code = CRM_EX_ERROR;
    }
    if (a & (A_EXIT | A_EXIT_ERROR)) {
        shutdown_exit(c);
    }
}

static void
step(struct controld *c, const struct queued_input *q)
{
    const struct fsa_rule *rule = find_rule(q->input, c->state);
    enum fsa_state old = c->state;

    if (rule == NULL) {
        log_debug("Input %s ignored in state %s (%s)", fsa_input_name(q->input), fsa_state_name(old), q->why);
        return;
    }
    if (rule->to != STAY && rule->to != old) {
        c->state = rule->to;
        log_notice("State transition %s -> %s" LOG_XT "input=%s cause=C_FSA_INTERNAL origin=%s", fsa_state_name(old),
                   fsa_state_name(c->state), fsa_input_name(q->input), q->why);
        enter_state(c, old, c->state);
    }
    do_actions(c, rule->actions, q->msg);
}

void
fsa_settle(struct controld *c)
{
    if (c->running) {
        return;
    }
    c->running = true;
    for (;;) {
        struct queued_input *q = c->exited ? NULL : g_queue_pop_head(&c->inputs);

        if (q != NULL) {
            step(c, q);
            queued_input_free(q);
        } else if (c->graph_due && !c->exited) {
            c->graph_due = false;
            graph_run(c);
        } else {
            break;
        }
    }
    c->running = false;
}

void
event_begin(struct controld *c, struct ctl_time t)
{
    c->now = t;
    c->refs.now = t.epoch_us / G_USEC_PER_SEC;
}

void
event_end(struct controld *c)
{
    nodes_process_changes(c);
    fsa_check_started(c);
    fsa_settle(c);
    if (!g_queue_is_empty(&c->remote_inbox)) {
        remote_work(c);
        fsa_settle(c);
    }
    history_flush(c);
    if (c->state == S_STOPPING) {
        shutdown_leave(c);
        fsa_settle(c);
    }
}

/* ---- timers (spec 30 §4) ---- */

void
ctl_on_timer(struct controld *c, struct ctl_time t, uint64_t id)
{
    event_begin(c, t);
    if (id >= TIMER_ACTION(0, 0)) {
        graph_on_action_timer(c, id);
    } else if (id >= TIMER_REMOTE) {
        remote_on_timer(c, id);
    } else {
        switch ((enum ctl_timer)id) {
            case TIMER_DC:
                log_info("No DC made itself known within %lld ms", c->opt.dc_deadtime);
                fsa_raise(c, I_DC_TIMEOUT, NULL, "DC timer");
                break;
            case TIMER_ELECTION:
                election_on_timeout(c);
                break;
            case TIMER_INTEGRATION:
                join_on_integration_timer(c);
                break;
            case TIMER_FINALIZATION:
                if (c->state == S_FINALIZE_JOIN) {
                    log_warn("Nodes did not confirm their membership in time: starting over");
                    fsa_raise(c, I_ELECTION, NULL, "finalization timer");
                }
                break;
            case TIMER_TRANSITION_DELAY:
                fsa_raise(c, I_PE_CALC, NULL, "transition delay");
                break;
            case TIMER_FAIL_COUNT:
                pe_fail_count_arrived(c);
                break;
            case TIMER_SCHEDULE_REST:
                pe_rested(c);
                break;
            case TIMER_RECHECK:
                if (c->state == S_IDLE) {
                    pe_forget_cib(c); /* should it be wrong, then not for ever */
                    fsa_raise(c, I_PE_CALC, NULL, "recheck timer");
                }
                break;
            case TIMER_SHUTDOWN:
                log_err("Shutdown took longer than %lld ms: leaving now", c->opt.shutdown_escalation);
                fsa_raise(c, I_STOP, NULL, "shutdown escalation");
                break;
            case TIMER_SHUTDOWN_CHECK:
                shutdown_check_request(c);
                break;
            case TIMER_SCHEDULER:
                log_crit("The scheduler did not answer within 120s: exiting so that another node takes over");
                exit_now(c, CRM_EX_FATAL);
                break;
            case TIMER_QUORUM_GAINED:
                nodes_on_quorum_timer(c);
                break;
            case TIMER_FENCE_SYNC:
                if (c->fencer_connected) {
                    effect_new(c, CTL_FENCE_SYNC);
                }
                break;
            case TIMER_ANNOUNCE:
                if (c->state == S_PENDING && c->dc == NULL) {
                    join_announce(c);
                }
                break;
            case TIMER_EARLY_ELECTION:
                election_on_early_timer(c);
                break;
            case TIMER_WELCOME:
                join_welcome(c);
                break;
            case TIMER_REOFFER:
                join_reoffer(c);
                break;
            case TIMER_STOP_WAIT:
                c->stop_waited = true;
                break;
        }
    }
    event_end(c);
}

/* ---- life ---- */

struct controld *
ctl_new(const struct ctl_config *config)
{
    struct controld *c = g_new0(struct controld, 1);

    c->cfg = *config;
    c->cfg.node_name = g_strdup(config->node_name);
    c->cfg.te_uuid = g_strdup(config->te_uuid);
    c->cfg.cluster_name = g_strdup(config->cluster_name);
    c->cfg.start_state = g_strdup(config->start_state);
    c->cfg.cores = MAX(config->cores, 1);
    c->uuid = g_strdup_printf("%u", config->node_id);
    g_queue_init(&c->effects);
    g_queue_init(&c->inputs);
    g_queue_init(&c->waiting_ops);
    c->state = S_STARTING;
    c->load_class = -1;
    lrm_init(&c->local, c->cfg.node_name, c->uuid, false);
    c->remotes = g_hash_table_new(g_str_hash, g_str_equal);
    g_queue_init(&c->remote_inbox);
    c->metas = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, agent_meta_free);
    c->exec_waits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, exec_wait_free);
    c->meta_waits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    c->fence_failures = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->fence_waits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    c->fence_cleanup = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    c->alerts = alerts_new();
    c->graph = graph_new_empty(c);
    options_set_defaults(c);
    nodes_init(c);
    election_init(c);
    return c;
}

void
ctl_free(struct controld *c)
{
    struct ctl_effect *e;
    struct queued_input *q;
    gpointer request;

    if (c == NULL) {
        return;
    }
    while ((e = ctl_next_effect(c)) != NULL) {
        ctl_effect_free(e);
    }
    while ((q = g_queue_pop_head(&c->inputs)) != NULL) {
        queued_input_free(q);
    }
    while ((request = g_queue_pop_head(&c->waiting_ops)) != NULL) {
        op_request_free(request);
    }
    g_clear_pointer(&c->cib_waits, g_hash_table_unref);
    lrm_clear(&c->local);
    remotes_free(c);
    g_hash_table_unref(c->metas);
    g_hash_table_unref(c->exec_waits);
    g_hash_table_unref(c->meta_waits);
    g_hash_table_unref(c->fence_failures);
    g_hash_table_unref(c->fence_waits);
    g_hash_table_unref(c->fence_cleanup);
    g_ptr_array_unref(c->alerts);
    g_free(c->join.best);
    g_free(c->pe.reference);
    xml_free(c->pe.cib);
    xml_free(c->pe_reply);
    graph_free(c->graph);
    options_free(c);
    election_free(c->election);
    nodes_fini(c);
    g_free(c->dc);
    g_free(c->dc_version);
    g_free(c->uuid);
    g_free((char *)c->cfg.node_name);
    g_free((char *)c->cfg.te_uuid);
    g_free((char *)c->cfg.cluster_name);
    g_free((char *)c->cfg.start_state);
    g_free(c);
}

struct peers *
ctl_peers(struct controld *c)
{
    return c->peers;
}

const char *
ctl_state_name(const struct controld *c)
{
    return fsa_state_name(c->state);
}

bool
ctl_is_dc(const struct controld *c)
{
    return c->is_dc;
}

const char *
ctl_dc_name(const struct controld *c)
{
    return c->dc;
}
