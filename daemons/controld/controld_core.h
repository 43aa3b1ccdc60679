/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller as a pure state machine: events in, effects out.  Called by the shell (main.c) and by the
 * cluster simulation, which runs several instances side by side.
 * It opens nothing, reads no clock, draws no random number; what it wants done it queues as effects.  (spec 30)
 *
 * Use: ctl_new(), ctl_start(), then one ctl_on_*() call for each thing that happens; after each call take the
 * effects with ctl_next_effect() until there are none, and carry them out in that order.  An effect that has
 * a `cookie` is answered later by the ctl_on_*() named beside it, exactly once.
 * Functions borrow their arguments unless the name says take.  Calls must not be nested (an effect's answer
 * is delivered after the queue has been drained, or at least not from inside another ctl_on_*() call).
 */
#ifndef CONTROLD_CORE_H
#define CONTROLD_CORE_H

#include "lib/base/xml.h"
#include "lib/cluster/peers.h"

#include <stdbool.h>
#include <stdint.h>

struct controld;

/* What the caller knows about "now"; given with every event. */
struct ctl_time {
    uint64_t ms;      /* monotonic, milliseconds */
    int64_t epoch_us; /* wall clock, microseconds since 1970 */
    uint64_t cpu_us;  /* user CPU time of this process (age in elections), microseconds */
};

/* Facts that do not change while the process lives.  Strings are copied by ctl_new(). */
struct ctl_config {
    const char *node_name;
    uint32_t node_id;
    const char *te_uuid;      /* fresh random UUID: names this process's transitions */
    const char *cluster_name; /* corosync's, or NULL */
    const char *start_state;  /* PCMK_node_start_state or NULL */
    int action_limit;         /* PCMK_node_action_limit, 0: not set */
    int cores;                /* processors of this host, at least 1 */
    unsigned cib_timeout_s;   /* PCMK_cib_timeout, 0: not set */
    bool respawned;           /* PCMK_respawned: an earlier controller of this node has died */
    bool sbd_running;
    long long sbd_watchdog_ms; /* SBD_WATCHDOG_TIMEOUT, 0: not set */
    unsigned pid;
    /* Corosync's node list: those who may come. */
    const struct ctl_member *configured;
    unsigned n_configured;
};

/* A cluster node as Corosync names it.  `name` NULL: not known (yet). */
struct ctl_member {
    uint32_t id;
    const char *name;
};

/* ---- effects ---- */

enum ctl_effect_kind {
    CTL_CONNECT_CIB,       /* connect and subscribe; answer: ctl_on_cib_connected() or ctl_on_cib_failed() */
    CTL_CONNECT_CLUSTER,   /* join CPG group, track quorum; answer: ctl_on_cluster_connected() */
    CTL_CONNECT_EXEC,      /* answer: ctl_on_exec_connected() or ctl_on_exec_failed() */
    CTL_CONNECT_FENCER,    /* keep trying; answer: ctl_on_fencer_connected() */
    CTL_CONNECT_SCHEDULER, /* keep trying; answer: ctl_on_scheduler_connected() */
    CTL_DISCONNECT_SCHEDULER,
    CTL_DISCONNECT_FENCER,
    CTL_DISCONNECT_EXEC,
    CTL_DISCONNECT_CLUSTER, /* leave in order, so that the members know that nothing is left here */
    CTL_ABANDON_CLUSTER,    /* end without a word: they see the process go */
    CTL_DISCONNECT_CIB,
    CTL_SERVE_IPC,     /* open the endpoint `crmd` */
    CTL_STOP_IPC,
    CTL_SEND_PEER,     /* xml to `node`, or to all (own copy included) if node is NULL */
    CTL_SEND_CLIENT,   /* xml as event to IPC client `client` */
    CTL_DROP_CLIENT,   /* disconnect IPC client `client` */
    CTL_CIB,           /* op, section, host, user, options, xml; with cookie: ctl_on_cib_reply() within timeout_ms */
    CTL_CIB_INTEREST,  /* text = rules of the changes that need to be told (cib_interest.h), NULL: all */
    CTL_SCHEDULE,      /* xml = request; the reply comes by ctl_on_scheduler_reply() */
    CTL_SAVE_CORE,     /* xml = CIB: keep it as pe-core-TEXT.bz2 in the scheduler's input folder */
    CTL_EXEC_REGISTER, /* rsc, agent; no answer wanted unless it fails: ctl_on_exec_reply() with cookie */
    CTL_EXEC_UNREGISTER, /* rsc; ctl_on_exec_reply() */
    CTL_EXEC_RUN,      /* rsc, action, interval_ms, timeout_ms, delay_ms, text = user data, params
                          (only the originator is notified, recurring results only when they change); ctl_on_exec_reply() */
    CTL_EXEC_CANCEL,   /* rsc, action, interval_ms; ctl_on_exec_reply() */
    /* The same with `node`: of a Pacemaker Remote node. */
    CTL_REMOTE_CONNECT,    /* node, text = its address, options = port, timeout_ms; ctl_on_remote_connected() unless it is disconnected first */
    CTL_REMOTE_DISCONNECT, /* node; nothing is heard of it afterwards */
    CTL_REMOTE_POKE,       /* node; ctl_on_remote_poked() if it is there */
    CTL_REMOTE_ANSWER,     /* node: its request to be shut down is granted (options 1) or not (0) */
    CTL_EXEC_ALERT,    /* rsc = alert id, text = path, timeout_ms, params (environment) */
    CTL_METADATA,      /* agent; ctl_on_metadata() */
    CTL_ATTRD,         /* xml = request to the attribute manager; ctl_on_attrd_failed() if it cannot be delivered */
    CTL_FENCE,         /* node, action, timeout_ms, delay_ms, options; ctl_on_fence_result(), at the latest when the fencer
                          does not answer in the time it itself has announced */
    CTL_FENCE_SYNC,    /* ask the fencer for a history broadcast */
    CTL_FENCE_WATCHDOG, /* list targets of device `watchdog`; ctl_on_watchdog_targets() */
    CTL_TIMER_ARM,     /* cookie = timer id, timeout_ms; ctl_on_timer(); arming again restarts */
    CTL_TIMER_CANCEL,  /* cookie = timer id */
    CTL_PANIC,         /* make this host go down now (spec 10 §7.3) */
    CTL_EXIT,          /* exit_code */
};

/* Class, provider and type of an agent; provider NULL for classes without. */
struct ctl_agent {
    char *standard;
    char *provider;
    char *type;
};

/* Which fields mean something is said beside the kind. */
struct ctl_effect {
    enum ctl_effect_kind kind;
    uint64_t cookie; /* 0: no answer is wanted */
    xmlNode *xml;
    char *node;
    char *client;
    char *op;      /* CIB operation name, e.g. cib_modify */
    char *section; /* section or XPath (option bit 2) */
    char *user;    /* on whose behalf (CIB) */
    unsigned options;
    char *rsc;
    char *action;
    char *text;
    GHashTable *params; /* name -> value */
    struct ctl_agent agent;
    unsigned interval_ms;
    long long timeout_ms;
    long long delay_ms;
    int exit_code;
};

/* Next effect to carry out (ctl_effect_free), or NULL. */
struct ctl_effect *ctl_next_effect(struct controld *c);
void ctl_effect_free(struct ctl_effect *e);
const char *ctl_effect_name(enum ctl_effect_kind kind);

/* ---- life ---- */

struct controld *ctl_new(const struct ctl_config *config);
void ctl_free(struct controld *c);
void ctl_start(struct controld *c, struct ctl_time t);
/* SIGTERM: leave in order; the second time: at once. */
void ctl_on_terminate(struct controld *c, struct ctl_time t);
void ctl_on_timer(struct controld *c, struct ctl_time t, uint64_t id);

/* ---- CIB manager ---- */

void ctl_on_cib_connected(struct controld *c, struct ctl_time t);
/* Not reachable at start although the shell tried for as long as is reasonable. */
void ctl_on_cib_failed(struct controld *c, struct ctl_time t);
void ctl_on_cib_lost(struct controld *c, struct ctl_time t);
/* rc: a result (lib/base/result.h).  `data`: the element in the reply's calldata, or NULL. */
void ctl_on_cib_reply(struct controld *c, struct ctl_time t, uint64_t cookie, int rc, const xmlNode *data);
/*
 * The patchset of a cib_diff_notify, with the notification's result.  `root`: an element with the attributes of the CIB's
 * root after the change, or NULL.
 */
void ctl_on_cib_diff(struct controld *c, struct ctl_time t, int rc, const xmlNode *diff, const xmlNode *root);
/* cib_refresh_notify; `sections` is cib_change_section (1 nodes, 2 alerts, 4 status). */
void ctl_on_cib_replaced(struct controld *c, struct ctl_time t, unsigned sections);

/* ---- cluster layer ---- */

void ctl_on_cluster_connected(struct controld *c, struct ctl_time t, bool ok);
void ctl_on_cluster_lost(struct controld *c, struct ctl_time t);
/* A message of group `crmd`; own ones come back too. */
void ctl_on_peer_message(struct controld *c, struct ctl_time t, uint32_t from_id, const char *from, const xmlNode *msg);
/*
 * The peer cache: the caller applies Corosync's notifications to it (peers_cpg_changed(), peers_membership_changed(),
 * or lib/cluster does) and then calls one of the two functions below.
 */
struct peers *ctl_peers(struct controld *c);
/* The CPG group changed. */
void ctl_on_group_changed(struct controld *c, struct ctl_time t);
/* Quorum notification. */
void ctl_on_membership(struct controld *c, struct ctl_time t, uint64_t ring, bool quorate);

/* ---- scheduler ---- */

void ctl_on_scheduler_connected(struct controld *c, struct ctl_time t);
/* An attempt of those that CTL_CONNECT_SCHEDULER asked for has failed; the shell goes on trying. */
void ctl_on_scheduler_unreachable(struct controld *c, struct ctl_time t);
void ctl_on_scheduler_lost(struct controld *c, struct ctl_time t);
void ctl_on_scheduler_reply(struct controld *c, struct ctl_time t, const xmlNode *msg);

/* ---- executor ---- */

/* An operation's result event (spec 50 §3.3).  Times: seconds since 1970, durations ms. */
struct ctl_exec_result {
    const char *node; /* a remote node, NULL: this one */
    const char *rsc;
    const char *action;
    const char *userdata;
    const char *exit_reason;
    const char *output;
    unsigned interval_ms;
    long long timeout_ms;
    int call_id;
    int status; /* enum exec_status */
    int rc;     /* enum ocf_rc */
    bool deleted;
    int64_t run_time, change_time;
    unsigned exec_ms, queue_ms;
    GHashTable *params; /* name -> value; NULL: none */
};

void ctl_on_exec_connected(struct controld *c, struct ctl_time t);
void ctl_on_exec_failed(struct controld *c, struct ctl_time t);
void ctl_on_exec_lost(struct controld *c, struct ctl_time t);
/* rc as the executor gave it: >= 0 good (the call id for a run), < 0 minus an errno. */
void ctl_on_exec_reply(struct controld *c, struct ctl_time t, uint64_t cookie, int rc);
void ctl_on_exec_result(struct controld *c, struct ctl_time t, const struct ctl_exec_result *result);
/*
 * Meta-data asked for by CTL_METADATA: the agent's <resource-agent> document, or NULL if there is none.
 * `unchanged`: the agent's file is what it was at the last answer for this agent (xml is NULL then).
 */
void ctl_on_metadata(struct controld *c, struct ctl_time t, uint64_t cookie, const xmlNode *xml, bool unchanged);

/* ---- Pacemaker Remote nodes (spec 30 §13) ---- */

/* rc: 0 or minus an errno; -ENOKEY, -EKEYREJECTED: it does not trust us. */
void ctl_on_remote_connected(struct controld *c, struct ctl_time t, const char *node, int rc);
/* The connection broke.  Requests that are not answered are answered first, with -ENOTCONN. */
void ctl_on_remote_lost(struct controld *c, struct ctl_time t, const char *node);
void ctl_on_remote_poked(struct controld *c, struct ctl_time t, const char *node);
/* Somebody else connected to it. */
void ctl_on_remote_new_client(struct controld *c, struct ctl_time t, const char *node);
/* It asks to be shut down. */
void ctl_on_remote_leaving(struct controld *c, struct ctl_time t, const char *node);
/* What is to be compared with the watchdog of the node: stonith-watchdog-timeout in ms (0: nothing); false: it is a guest. */
bool ctl_remote_watchdog(struct controld *c, const char *node, long long *timeout_ms);

/* ---- fencer, attribute manager ---- */

struct ctl_fence_event { /* st_notify_fence */
    const char *target, *action, *executor, *origin, *client, *id, *reason;
    int status, rc;
};

void ctl_on_fencer_connected(struct controld *c, struct ctl_time t);
void ctl_on_fencer_lost(struct controld *c, struct ctl_time t);
void ctl_on_fence_result(struct controld *c, struct ctl_time t, uint64_t cookie, int status, int rc, const char *reason);
void ctl_on_fence_event(struct controld *c, struct ctl_time t, const struct ctl_fence_event *event);
void ctl_on_fence_synced(struct controld *c, struct ctl_time t);
void ctl_on_watchdog_targets(struct controld *c, struct ctl_time t, bool ok, const char *output);
void ctl_on_attrd_failed(struct controld *c, struct ctl_time t, const char *what);

/* ---- local IPC ---- */

struct ctl_client {
    const char *id;   /* UUID of the connection */
    const char *name; /* user name of the peer */
    bool privileged;
};
void ctl_on_client_message(struct controld *c, struct ctl_time t, const struct ctl_client *client, const xmlNode *msg);

/* ---- load (every 30 s and at start) ---- */

/* `cib_share`: CPU share of the CIB manager since the last call (1.0 = one core), negative: unknown. */
void ctl_on_load(struct controld *c, struct ctl_time t, double load_1min, double cib_share);

/* ---- for the shell's log, tests and the simulation ---- */

const char *ctl_state_name(const struct controld *c);
bool ctl_is_dc(const struct controld *c);
/* Name of the DC this node follows, or NULL. */
const char *ctl_dc_name(const struct controld *c);

#endif
