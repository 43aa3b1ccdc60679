/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the topic files of the controller core share: the state of one controller, and each topic's functions.
 * Included by daemons/controld/core_*.c and their tests only.
 * Nobody outside touches struct controld.  (spec 30)
 */
#ifndef CONTROLD_PRIVATE_H
#define CONTROLD_PRIVATE_H

#include "daemons/controld/controld_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_client.h"
#include "lib/cluster/election.h"
#include "lib/cluster/peers.h"
#include "lib/exec/alerts.h"
#include "lib/ipc/attrd_client.h"
#include "lib/ipc/ipc_protocol.h"

#include <glib.h>

#define ORIGIN_HISTORY "build_active_RAs" /* significant: results re-sent at join (spec 30 §10.4) */
#define UUID_NONE      "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"

/* ---- the state machine (spec 30 §3) ---- */

enum fsa_state {
    S_STARTING,
    S_PENDING,
    S_ELECTION,
    S_INTEGRATION,
    S_FINALIZE_JOIN,
    S_POLICY_ENGINE,
    S_TRANSITION_ENGINE,
    S_IDLE,
    S_NOT_DC,
    S_RELEASE_DC,
    S_RECOVERY,
    S_STOPPING,
    S_TERMINATE,
    S_HALT,
    FSA_STATES,
};

enum fsa_input {
    I_STARTUP,
    I_PENDING,
    I_DC_TIMEOUT,
    I_ELECTION,
    I_ELECTION_DC,
    I_RELEASE_DC,
    I_RELEASE_SUCCESS,
    I_NODE_JOIN,
    I_JOIN_REQUEST,
    I_INTEGRATED,
    I_JOIN_RESULT,
    I_FINALIZED,
    I_JOIN_OFFER,
    I_NOT_DC,
    I_PE_CALC,
    I_PE_SUCCESS,
    I_TE_SUCCESS,
    I_SHUTDOWN,
    I_STOP,
    I_TERMINATE,
    I_FAIL,
    I_ERROR,
    FSA_INPUTS,
};

/* Timers by number; those of actions carry theirs in the id. */
enum ctl_timer {
    TIMER_DC = 1,
    TIMER_ELECTION,
    TIMER_INTEGRATION,
    TIMER_FINALIZATION,
    TIMER_TRANSITION_DELAY,
    TIMER_RECHECK,
    TIMER_SHUTDOWN,
    TIMER_SCHEDULER,
    TIMER_QUORUM_GAINED,
    TIMER_FENCE_SYNC,
    TIMER_ANNOUNCE,       /* repeat join_announce while there is no offer */
    TIMER_EARLY_ELECTION, /* everybody is here and nobody claims to be DC */
    TIMER_REOFFER,        /* offer again to members that do not answer */
    TIMER_WELCOME,        /* is somebody who was fenced here again? */
    TIMER_FAIL_COUNT,     /* do not wait longer for a fail count to be in the CIB */
    TIMER_SCHEDULE_REST,  /* the scheduler may be asked again */
    TIMER_SHUTDOWN_CHECK, /* is the request to shut down still known? */
    TIMER_STOP_WAIT,      /* do not wait longer for pending actions and writes while leaving */
};
#define TIMER_ACTION(serial, index) ((1ULL << 60) | ((uint64_t)(serial) << 28) | (uint64_t)(index))

/* ---- nodes (spec 30 §6, §7; spec 10 §4.3) ---- */

enum join_phase {
    JOIN_NACK = -1,
    JOIN_NONE = 0,
    JOIN_WELCOMED,
    JOIN_INTEGRATED,
    JOIN_FINALIZED,
    JOIN_CONFIRMED,
};

/* What the controller knows of a node beyond the peer cache (join phase and expected state are in there). */
struct ctl_node {
    uint32_t id;
    bool configured; /* in Corosync's node list */
    bool announced;  /* sent join_announce since it became a peer: it knows no DC */
    int load;        /* class of spec 30 §9.6, -1: never reported */
    int max_jobs;    /* 0: never reported */
    unsigned jobs, migrations; /* of the running graph */
};

/* A peer that changed since the last event: what it was before. */
struct peer_change {
    uint32_t id;
    enum peer_state state;
    bool active_process;
    bool name_learnt;
};

/* ---- transition graph (spec 30 §9) ---- */

enum graph_policy { POLICY_DONE, POLICY_STOP, POLICY_RESTART, POLICY_SHUTDOWN };
enum action_kind { ACTION_RSC, ACTION_CLUSTER, ACTION_PSEUDO };

struct graph_action {
    int id;
    enum action_kind kind;
    unsigned synapse; /* index */
    xmlNode *xml;     /* in the graph's document */
    const char *task, *key, *node, *node_uuid, *router;
    const char *host; /* the cluster node that carries it out: the router, else the node */
    unsigned slot;    /* of the host, in graph->hosts */
    bool migrates;    /* counts against the limits of both ends */
    guint interval_ms;
    long long timeout_ms, start_delay_ms;
    int target_rc;
    bool executed, confirmed, failed, counted, timed;
    bool waits_for_fencer, recorded; /* fencing */
    unsigned target_comings; /* fencing: how often the target had come when its fencing was asked for */
    unsigned first_dependent, n_dependents; /* in graph->dependents */
};

/* A cluster node that actions go through, looked up once in a pass: many actions wait for room on few hosts. */
struct graph_host {
    const char *name; /* may be NULL */
    struct ctl_node *node; /* as of `pass` */
    unsigned pass;
};

struct synapse {
    int id, priority;
    unsigned first_action, n_actions;
    unsigned open_inputs; /* not yet confirmed */
    bool executed, confirmed, failed;
};

struct graph {
    xmlNode *xml; /* owned */
    int id;
    unsigned serial; /* counts the graphs of this process: part of timer ids */
    char *source;
    char *failed_start_offset, *failed_stop_offset;
    long long cluster_delay_ms, stonith_timeout_ms;
    int batch_limit, migration_limit;
    int64_t recheck_by;
    struct synapse *synapses;
    unsigned n_synapses;
    struct graph_action *actions;
    unsigned n_actions;
    struct graph_host *hosts;
    unsigned pass;        /* how often it was looked for what can be fired */
    GHashTable *by_id;    /* action id -> index + 1 */
    unsigned *dependents; /* synapse indices */
    uint64_t *ready;      /* bit map: all inputs confirmed, not executed */
    uint64_t *pseudo;     /* bit map: nothing but pseudo-actions */
    unsigned pending;     /* synapses executed and not yet confirmed or failed */
    unsigned fired;       /* in the last pass */
    bool complete;
    int abort_priority;
    enum graph_policy policy;
    const char *abort_reason; /* static text */
};

/* ---- executor side (spec 30 §11, §12) ---- */

/* One operation's result as it is remembered and written. */
struct op_record {
    char *rsc, *action, *userdata, *reason;
    guint interval_ms;
    long long timeout_ms;
    int call_id, status, rc;
    int64_t run_time, change_time;
    unsigned exec_ms, queue_ms;
    GHashTable *params; /* never NULL */
};

/* An operation handed to the executor and not yet finished; recurring ones stay until cancelled. */
struct lrm_op {
    struct op_record *rec;
    uint64_t cookie;   /* of the run request until it is answered */
    char *from_sys;    /* who asked: tengine, or a client's id */
    char *from_host;
    char *lock;        /* shutdown-lock of the request, or NULL */
    bool reported;     /* a result was already written: further ones are unsolicited */
    bool cancelled;    /* cancel asked for */
    bool remove;       /* ... by the DC: delete the entry */
    bool adopted;      /* asked for by another controller: its parameters come with its next result */
};

/* Meta-data of an agent as far as it matters here. */
struct agent_meta {
    bool reload_agent, legacy_reload;
    GPtrArray *names;      /* parameters in reverse order of the meta-data */
    GHashTable *unique, *reloadable, *private_; /* sets of names */
};

/* An executor and what it is known to run: this host's, or that of a Pacemaker Remote node whose connection is kept here. */
struct lrm {
    char *node, *uuid;     /* whose; a remote node's uuid is its name */
    bool remote, connected; /* connected: of a remote node, and what is to be recorded of it is worth recording */
    GHashTable *resources; /* id -> struct lrm_rsc */
    xmlNode *batch;        /* history not yet sent: <lrm_resources> */
};

struct lrm_rsc {
    struct lrm *lrm;
    char *id;
    struct ctl_agent agent;
    char *container; /* bundle or guest container, or NULL */
    bool registered;
    struct delete_request *deleting; /* to be forgotten once its actions have ended */
    struct op_record *failed, *last;
    GPtrArray *recurring; /* struct op_record */
    GPtrArray *ops;       /* struct lrm_op, in flight */
    int last_call;
    GHashTable *stop_params; /* agent parameters of the last start, for stop; or NULL */
};

/* ---- one controller ---- */

typedef void (*cib_done)(struct controld *c, int rc, const xmlNode *data, gpointer arg);

struct controld {
    struct ctl_config cfg;
    char *uuid; /* own node id as text */
    struct ctl_time now;
    GQueue effects;
    struct ctl_refs refs;
    uint64_t cookie;

    /* state machine */
    enum fsa_state state;
    GQueue inputs;
    bool running; /* inside fsa_run() */
    bool is_dc, shutdown, shutdown_sent, stay_down, in_recovery, exited;
    bool cib_connected, exec_connected, config_read, quorum_seen, peers_seen, ipc_open, cluster_connected;
    bool fencer_connected, ever_joined, stop_waited, early_over;
    bool announce_repeated, start_state_applied, refreshed, leaving, exec_left, fence_sync_heard;
    char *dc;         /* name of the DC we follow (ourselves included), or NULL */
    char *dc_version; /* its feature set */
    int exit_code;

    /* CIB */
    GHashTable *cib_waits; /* cookie -> struct cib_wait */
    unsigned cib_writes;   /* outstanding modifications */

    /* nodes */
    struct peers *peers;
    GHashTable *nodes;  /* id -> struct ctl_node */
    GArray *changes;    /* struct peer_change */
    uint64_t ring;
    bool quorate, ever_quorate;

    struct election *election;

    /* join */
    struct {
        int id;        /* of the current round (DC) */
        int own_id;    /* of the offer we answered last (client) */
        bool has_history; /* the CIB of this node knew what runs on it when the offer was answered */
        uint64_t ring; /* membership when offers were made */
        uint64_t ring_rejoined;
        char *best;    /* node with the best CIB */
        int best_version[4];
        bool syncing;  /* our own sync is going on: ignore the replace notification */
        int given_up; /* the round whose source of the CIB has gone: the result of that sync does not count */
        bool finalize_waits; /* for the running graph to end */
        unsigned confirm_writes; /* history of confirmed nodes being written */
    } join;

    /* scheduler and graph */
    struct {
        bool connected, connecting;
        bool unreachable; /* while this node shuts down, since: */
        uint64_t unreachable_ms;
        bool wanted;     /* calculate as soon as the CIB is quiet */
        bool counting;   /* a fail count is on its way into the CIB */
        bool resting;    /* it was asked a moment ago */
        bool narrowed;   /* changes of the configuration are not told until the rest is over */
        bool asked, answered; /* at all; the last question */
        uint64_t asked_ms; /* when last */
        unsigned wasted; /* questions in a row whose answer was out of date before it came */
        uint64_t query;  /* cookie of the newest CIB query */
        unsigned round;  /* counts queries: only the newest one matters */
        char *reference; /* of the awaited reply, or NULL */
        xmlNode *cib;    /* own copy of the CIB, kept up to date by its notifications; NULL: to be read */
        struct cib_version seen; /* version of the last notification */
        bool saw;        /* there was one */
    } pe;
    struct graph *graph;
    unsigned graph_serial;
    bool graph_due; /* run a firing pass before the event ends */
    xmlNode *pe_reply; /* accepted scheduler reply, loaded on entry of TRANSITION_ENGINE */
    bool quorum_abort_pending; /* the delayed abort of spec 30 §7.5 */

    /* executor */
    struct lrm local;      /* of this host; whether it is connected says exec_connected */
    GHashTable *remotes;   /* node name -> struct remote: connections that are, or were, kept here */
    GQueue remote_inbox;   /* struct ctl_effect: what is asked of the agent of connections, which is us */
    unsigned remote_timers;
    GHashTable *metas;     /* "class:provider:type" -> struct agent_meta */
    GHashTable *exec_waits; /* cookie -> struct exec_wait */
    GHashTable *meta_waits; /* cookie -> agent key */
    GQueue waiting_ops;     /* struct op_request: actions that wait for meta-data */
    unsigned history_writes;

    /* fencing */
    GHashTable *fence_failures; /* target -> count */
    GHashTable *fence_waits;    /* cookie -> transition key */
    GHashTable *fence_cleanup;  /* set of targets: state update due should we become DC */

    GPtrArray *alerts; /* struct alert_entry */

    /* options (spec 30 §20) */
    struct {
        long long dc_deadtime, recheck_interval, election_timeout, shutdown_escalation, integration, finalization,
            transition_delay, watchdog_timeout;
        int load_threshold; /* percent */
        int action_limit;
        unsigned max_attempts;
        bool fence_panics, suicide, shutdown_lock;
        char *cluster_name;
    } opt;
    unsigned load_samples;
    double load, cib_share; /* last sample */
    int load_class; /* last sent, -1: none */
    int load_max;
};

/* core_message.c: effects, requests to the CIB, message envelopes */
struct ctl_effect *effect_new(struct controld *c, enum ctl_effect_kind kind);
void timer_arm(struct controld *c, uint64_t id, long long ms);
void timer_cancel(struct controld *c, uint64_t id);
uint64_t cib_request(struct controld *c, const char *op, const char *section, xmlNode *take_xml, unsigned options, cib_done done,
                     gpointer arg, GDestroyNotify free_arg);
/* As above to one node's CIB manager, or on behalf of a user; either may be NULL. */
uint64_t cib_request_as(struct controld *c, const char *op, const char *section, xmlNode *take_xml, unsigned options,
                        const char *host, const char *user, cib_done done, gpointer arg, GDestroyNotify free_arg);
/* Delete what an XPath of names (xml_xpath()) finds, asynchronously; failure is logged. */
void cib_drop_xpath(struct controld *c, unsigned options, const char *format, ...) G_GNUC_PRINTF(3, 4);
void cib_log_failure(struct controld *c, int rc, const xmlNode *data, gpointer what);
xmlNode *msg_new(struct controld *c, const char *task, const char *to, const char *from, const char *host, xmlNode *take_data);
xmlNode *msg_reply_take(const xmlNode *request, xmlNode *take_data);
xmlNode *msg_payload(const xmlNode *msg); /* element in crm_xml, or NULL */
void send_peer(struct controld *c, const char *node, xmlNode *take_msg);
void send_client(struct controld *c, const char *client, xmlNode *take_msg);
/* Deliver by the routing rules, as a message of our own. */
void route_message(struct controld *c, xmlNode *take_msg, bool from_cluster);
int64_t now_epoch(const struct controld *c);
/* Make a tree of our own making the last child of parent. */
void xml_adopt(xmlNode *parent, xmlNode *take_child);

/* core_fsa.c */
void fsa_raise(struct controld *c, enum fsa_input input, const xmlNode *msg, const char *why);
/* Work off inputs, then what is due at the end of an event (history batch, firing pass). */
void fsa_settle(struct controld *c);
void fsa_check_started(struct controld *c);
void fsa_set_dc(struct controld *c, const char *name, const char *version);
const char *fsa_state_name(enum fsa_state state);
const char *fsa_input_name(enum fsa_input input);
void event_begin(struct controld *c, struct ctl_time t);
void event_end(struct controld *c);

/* core_election.c */
void election_vote(struct controld *c);
void election_on_message(struct controld *c, const xmlNode *msg);
void election_recheck(struct controld *c);
void election_forget(struct controld *c, const char *name);
void election_stop_timer(struct controld *c);
void election_init(struct controld *c);
void election_on_timeout(struct controld *c);
/* Everybody who is configured is here and nobody is DC: do not wait for dc-deadtime. */
void election_consider_early(struct controld *c);
void election_on_early_timer(struct controld *c);
void dc_takeover(struct controld *c);
void dc_release(struct controld *c);
void property_set(struct controld *c, const char *name, const char *value);

/* core_join.c */
void join_announce(struct controld *c);
void join_offer_all(struct controld *c);
void join_offer_one(struct controld *c, const xmlNode *msg);
void join_on_offer(struct controld *c, const xmlNode *msg);
void join_on_request(struct controld *c, const xmlNode *msg);
void join_finalize(struct controld *c);
void join_on_result(struct controld *c, const xmlNode *msg);
void join_on_confirm(struct controld *c, const xmlNode *msg);
bool join_check(struct controld *c);
void join_set_phase(struct peer *p, enum join_phase phase);
unsigned join_count(const struct controld *c, enum join_phase phase);
void join_reset(struct controld *c);
void join_policy_engine_check(struct controld *c);
void join_reoffer(struct controld *c);
void join_welcome(struct controld *c);
void join_on_integration_timer(struct controld *c);
bool feature_compatible(const char *dc, const char *member);

/* core_nodes.c */
enum node_attrs { NODE_IN_CCM = 1, NODE_CRMD = 2, NODE_JOIN = 4, NODE_EXPECTED = 8, NODE_ALL = 15 };
struct ctl_node *node_extra(struct controld *c, uint32_t id);
void nodes_init(struct controld *c);
void nodes_fini(struct controld *c);
void log_emerg_panic(struct controld *c, const char *why);
void nodes_process_changes(struct controld *c); /* what the peer cache told us since the last event */
void node_remove(struct controld *c, uint32_t id, const char *name);
void node_expect(struct peer *p, const char *expected);
xmlNode *node_state_xml(const struct peer *n, xmlNode *parent, unsigned attrs, const char *origin);
void nodes_write_list(struct controld *c, bool from_config);
void nodes_write_states(struct controld *c, unsigned attrs, const char *origin);
void nodes_write_quorum(struct controld *c);
void nodes_erase_absent(struct controld *c);
void nodes_erase_attributes(struct controld *c, const struct peer *p);
void nodes_on_quorum_timer(struct controld *c);
bool nodes_is_remote(const struct controld *c, const char *name);

/* core_scheduler.c */
void pe_connect(struct controld *c);
void pe_disconnect(struct controld *c);
void pe_invoke(struct controld *c);
void pe_continue(struct controld *c); /* the CIB may have become quiet */
void pe_rested(struct controld *c);   /* TIMER_SCHEDULE_REST */
void pe_forget_reply(struct controld *c);
void pe_follow(struct controld *c, const xmlNode *patch, const xmlNode *root); /* the CIB changed */
void pe_forget_cib(struct controld *c); /* it must be read anew */
void pe_await_fail_count(struct controld *c); /* one was sent to the attribute manager */
void pe_fail_count_arrived(struct controld *c);

/* core_transition.c */
struct graph *graph_new_empty(struct controld *c);
struct graph *graph_load(struct controld *c, const xmlNode *xml, const char *source);
void graph_free(struct graph *g);
void graph_start_engine(struct controld *c);
void graph_stop_engine(struct controld *c);
void graph_halt(struct controld *c);
void graph_cancel(struct controld *c);
void graph_run_reply(struct controld *c); /* take the scheduler's reply into use */
void graph_run(struct controld *c);       /* firing passes until nothing more can be started */
void graph_abort(struct controld *c, int priority, enum graph_policy policy, const char *reason);
void graph_confirm(struct controld *c, struct graph_action *a);
void graph_fail_node(struct controld *c, const struct peer *n);
struct graph_action *graph_action_by_id(const struct graph *g, int id);
/* An executed action that makes this node disappear, or NULL. */
struct graph_action *graph_find_downed(const struct graph *g, const char *uuid);
void graph_on_action_timer(struct controld *c, uint64_t timer);
char *graph_key(const struct controld *c, const struct graph_action *a);
void graph_raise_policy(struct controld *c, enum graph_policy policy, const char *reason);
const char *graph_action_meta(const struct graph_action *a, const char *name); /* CRM_meta_NAME */

/* core_fire.c: carrying one graph action out */
bool action_fire(struct controld *c, struct graph_action *a);
void action_record_lost(struct controld *c, const struct graph_action *a); /* its executor gave no result in time */
bool action_allowed(struct controld *c, const struct graph_action *a);
void action_release(struct controld *c, struct graph_action *a);
int throttle_batch_limit(const struct controld *c);
void throttle_on_message(struct controld *c, const xmlNode *msg);
void throttle_announce(struct controld *c, bool force);
void throttle_classify(struct controld *c);

/* core_match.c */
void match_diff(struct controld *c, const xmlNode *diff);
void match_ack(struct controld *c, const xmlNode *msg);
bool match_touches_config(const xmlNode *diff);
void match_tell_interest(struct controld *c);

/* core_history.c */
struct op_record *op_record_new(const char *rsc, const char *action, guint interval_ms);
struct op_record *op_record_copy(const struct op_record *op);
void op_record_free(gpointer op);
/* The action as people call it: a one-time monitor is a probe. */
const char *op_record_word(const struct op_record *op);
struct agent_meta *agent_meta_new(const xmlNode *xml, const char *standard);
void agent_meta_free(gpointer meta);
char *agent_key(const struct ctl_agent *agent);
char *params_digest(GHashTable *params, bool recurring, GHashTable *without);
/* Append the entry (or two) of one result to an <lrm_resource>. */
void history_append(struct controld *c, xmlNode *lrm_resource, const struct lrm_rsc *rsc, const struct op_record *op,
                    const char *origin);
bool op_failed(const struct op_record *op);
/* The record of an action that is under way (texts borrowed); false: there shall be none. */
bool history_pending(const struct controld *c, const struct op_record *op, struct op_record *pending);
xmlNode *history_all(struct controld *c); /* own <node_state> with everything remembered */
void history_queue(struct controld *c, const struct lrm_rsc *rsc, const struct op_record *op, const char *lock, bool alone);
void history_flush(struct controld *c);
void history_remember(struct lrm_rsc *rsc, const struct op_record *op);
void history_forget_failure(struct lrm *lrm, const char *rsc, const char *operation, guint interval_ms, bool by_op);
void history_delete_last_failure(struct controld *c, const char *node, const char *rsc, const char *key);
int op_target_rc(const struct op_record *op);
bool agent_has_params(const char *standard);
void lrm_rsc_free(gpointer rsc);
void lrm_init(struct lrm *lrm, const char *node, const char *uuid, bool remote);
void lrm_clear(struct lrm *lrm);

/* core_exec.c */
void lrm_on_request(struct controld *c, const xmlNode *msg);
bool lrm_busy(const struct controld *c);
void lrm_cancel_all(struct controld *c);
void lrm_log_active(struct controld *c);
void lrm_clear_failcount(struct controld *c, const xmlNode *msg);
void exec_wait_free(gpointer wait);
void delete_request_free(gpointer request);
void op_request_free(gpointer request);
void lrm_op_free(gpointer op);

/* core_remote.c: connections to Pacemaker Remote nodes */
#define TIMER_REMOTE (1ULL << 59) /* and a number */
/* The executor of a node: this host's, or of a remote node that a connection was ever made to from here; else NULL. */
struct lrm *lrm_of(struct controld *c, const char *node);
bool remote_is_connection(const struct lrm_rsc *rsc);
/* Work off what was asked of connections. */
void remote_work(struct controld *c);
void remote_on_timer(struct controld *c, uint64_t id);
/* A remote node was fenced: its connection has failed. */
void remote_fenced(struct controld *c, const char *node);
/* The container of a guest node was stopped, and the node with it. */
void remote_node_gone(struct controld *c, const char *node);
/* Which nodes are in maintenance mode (data of that action). */
void remote_on_maintenance(struct controld *c, const xmlNode *data);
void remotes_free(struct controld *c);

/* core_fence.c */
bool fence_fire(struct controld *c, struct graph_action *a);
void fence_state_update(struct controld *c, const char *target, const char *uuid);
void fence_run_cleanup(struct controld *c);
void fence_purge_cleanup(struct controld *c);
void fence_node_returned(struct controld *c, const char *name);
void fence_forget(struct controld *c, const char *name);
void fence_check_watchdog(struct controld *c);
void fence_peer_appeared(struct controld *c);

/* core_attributes.c: requests to the attribute manager */
void attr_update(struct controld *c, const char *node, const char *name, const char *value, bool remote);
void attr_refresh(struct controld *c);
void attr_purge(struct controld *c, const char *node);
void attr_fail_count(struct controld *c, const char *node, const char *rsc, const char *task, guint interval_ms,
                     const char *value, bool remote);
void attr_clear_failure(struct controld *c, const char *node, const char *rsc, const char *operation, const char *interval,
                        bool remote);

/* core_options.c */
void options_read(struct controld *c);
GHashTable *options_read_sets(const struct controld *c, const xmlNode *parent, const char *kind, const char *first_id);
void options_free(struct controld *c);
void options_set_defaults(struct controld *c);

/* core_alerts.c */
void alert_node(struct controld *c, const struct peer *n);
void alert_fencing(struct controld *c, const struct ctl_fence_event *event);
void alert_resource(struct controld *c, const struct op_record *op);

/* core_ipc.c: requests to `crmd` */
void request_handle(struct controld *c, const xmlNode *msg, bool from_cluster);

/* core_shutdown.c */
void shutdown_request(struct controld *c); /* tell everybody we want to leave */
void shutdown_check_request(struct controld *c);
void shutdown_on_request(struct controld *c, const xmlNode *msg);
void shutdown_on_order(struct controld *c, const xmlNode *msg);
void shutdown_leave(struct controld *c); /* orderly exit sequence; continues while things are pending */
void shutdown_exit(struct controld *c);
void exit_now(struct controld *c, int code);

#endif
