/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole cluster in one process: the cores of its daemons, a network with Corosync's guarantees, disks that lose what was
 * not synced, a clock, faults, and invariants that are checked at every step.  All of it follows from one number, the seed.
 * The parts: sim_core.c (events, time, chance), sim_net.c (groups), sim_node.c (hosts and processes), sim_cib.c, sim_attrd.c,
 * sim_fencer.c, sim_sbd.c, sim_ctl.c, sim_exec.c (what stands around each core), sim_config.c (what is configured),
 * sim_world.c (faults and users), sim_check.c (invariants).
 */
#ifndef CTS_SIM_H
#define CTS_SIM_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cluster/peers.h"
#include "lib/ipc/ipc_protocol.h"

#define SIM_MAX_NODES 5
#define SIM_MAX_DISKS 3
#define SIM_EPOCH     1795000000 /* wall clock at the start, seconds */
#define SIM_MS        1000ull    /* the simulation counts microseconds */
#define SIM_S         1000000ull

enum sim_daemon { SIM_CIB, SIM_ATTRD, SIM_FENCER, SIM_CTL, SIM_DAEMONS };
#define SIM_BOTH_OUTLETS 3
/* As a client of the CIB: a person at this node.  The process it lives in is the CIB manager's, for simplicity. */
#define SIM_USER    SIM_DAEMONS
#define SIM_CLIENTS (SIM_DAEMONS + 1)
/* Groups of the network: one for each daemon. */
#define SIM_GROUPS SIM_DAEMONS

/* A rule that is broken on purpose, to see whether that is found. */
enum sim_mutation {
    SIM_SOUND,
    SIM_LOSE_MESSAGES,  /* the network drops a group message for one receiver */
    SIM_REORDER,        /* it delivers two messages in a different order to one receiver */
    SIM_NO_SYNC,        /* disks acknowledge what they have not stored */
    SIM_DOUBLE_ACTIVE,  /* a stop is reported as done and was not */
    SIM_NO_LEAVE,       /* a node does not learn that a peer left */
    SIM_FENCE_NOTHING,  /* fencing reports success and does nothing */
    SIM_CONFIRM_EARLY,  /* fencing reports success before it has begun */
    SIM_SKIP_MSGWAIT,   /* whoever writes a message to the disk does not wait until its receiver must have read it */
    SIM_FEED_ALWAYS,    /* the watchdog is fed whatever the health, and orders to die are ignored */
    SIM_ONE_DISK_TELLS, /* an order to die counts as delivered when it lies on one of three disks */
    SIM_ONE_DISK_FEEDS, /* a host with one of three disks goes on as if it had them all */
    SIM_SHORT_WAIT,     /* stonith-watchdog-timeout is shorter than what the watchdogs need */
    SIM_TRUST_FAILURE,  /* what the first fencing level could not do counts as done */
    SIM_ONE_OUTLET,     /* of a host's two outlets only one is switched */
    SIM_TRUST_AGAIN,    /* a host that lost the cluster and the disks together is fed again as soon as the cluster is back */
    SIM_MUTATIONS,
};
extern const char *const sim_mutation_names[SIM_MUTATIONS];

struct sim_config {
    uint64_t seed;
    unsigned nodes;       /* 0: by the seed, 3 to 5 */
    bool with_controller;
    bool trace;           /* keep the trace, for printing */
    bool calm;            /* no faults */
    enum sim_mutation mutation;
    const char *fencing; /* NULL: by the seed; see sim_config_choose() */
};

struct sim;
struct sim_node;
struct sim_cib;
struct sim_attrd;
struct sim_ctl;
struct sim_exec;
struct sim_fencer;
struct sim_sbd;

/* Order is kept between what is posted through the same channel. */
struct sim_channel {
    uint64_t last;
};

struct sim_node {
    struct sim *sim;
    unsigned index;
    uint32_t id;
    char name[8];
    bool up;
    unsigned boots; /* grows when the host boots and when it loses power */
    uint64_t booted; /* when it did so last */
    unsigned life[SIM_DAEMONS]; /* grows with each start and end of the process */
    bool running[SIM_DAEMONS];
    uint64_t since[SIM_DAEMONS]; /* when it began to run, or not to */
    unsigned outlets_off; /* bits, of SIM_BOTH_OUTLETS */
    /* For sim_check.c.  Of SBD on disks: since when it reads too few of them, since when it has had no quorum meanwhile; 0: it does not, it has. */
    uint64_t blind_since, lost_since;
    uint64_t doomed; /* both together, for so long that its watchers saw it: when it must be down; 0: it need not */
    unsigned at_work; /* value of `boots` when it last had a service or was in a cluster with quorum */
    unsigned pid[SIM_DAEMONS];
    bool said_goodbye[SIM_DAEMONS]; /* left its group of its own accord */
    struct sim_channel ipc[SIM_CLIENTS][SIM_CLIENTS]; /* from, to */
    struct sim_cib *cib;
    struct sim_attrd *attrd;
    struct sim_ctl *ctl;
    struct sim_exec *exec;
    struct sim_fencer *fencer;
    struct sim_sbd *sbd;
};

struct sim {
    struct sim_config config;
    uint64_t next_check; /* of what need not be looked at after every event */
    uint64_t rewired;    /* when hosts or wires came or went the last time: a new membership is formed since then */
    uint64_t now; /* microseconds */
    uint64_t chance[2];
    bool has_sbd; /* on the hosts; else a power switch fences */
    unsigned n_disks; /* of SBD; 0: it relies on the watchdogs alone */
    unsigned disk_paths_broken[SIM_MAX_DISKS]; /* bits: host's way to the disk */
    bool has_levels; /* there is a device that mostly fails, to be tried first */
    bool levels_by_pattern;
    unsigned n_nodes;
    struct sim_node node[SIM_MAX_NODES];
    struct sim_net *net;
    struct sim_world *world;
    GPtrArray *fencings; /* operations that sim_check.c has heard of */
    GArray *heap; /* events */
    uint64_t events_posted, events_run;
    uint64_t second, events_in_second; /* a cluster that does thousands of things a second has gone mad */
    uint64_t hash; /* of everything that happened: equal for equal seeds */
    GQueue trace;  /* of char * */
    char *failure; /* what is wrong; the run is over */
    bool quiet;    /* the faults are over */
    const char *current; /* host and process whose event runs, for the story */
    const char *current_daemon;
};

/* --- sim_core.c: chance, time, events, trace --- */

uint64_t sim_random(struct sim *s);
/* 0 .. n-1 */
unsigned sim_pick(struct sim *s, unsigned n);
/* True once in n. */
bool sim_once_in(struct sim *s, unsigned n);
/* Microseconds between low and high. */
uint64_t sim_delay(struct sim *s, uint64_t low, uint64_t high);

static inline uint64_t
sim_ms(const struct sim *s)
{
    return s->now / SIM_MS;
}
static inline int64_t
sim_epoch(const struct sim *s)
{
    return SIM_EPOCH + (int64_t)(s->now / SIM_S);
}

typedef void sim_fn(struct sim *s, void *arg);
/* Run fn(arg) after `delay`; `drop` (may be NULL) frees arg afterwards or when the run ends before. */
void sim_post(struct sim *s, uint64_t delay, sim_fn *fn, void *arg, GDestroyNotify drop);

typedef void sim_node_fn(struct sim_node *n, void *arg);
/* The same for a process: only if it still is the same one then.  `channel` (may be NULL) keeps order. */
void sim_post_to(struct sim_node *n, enum sim_daemon daemon, struct sim_channel *channel, uint64_t delay, sim_node_fn *fn,
                 void *arg, GDestroyNotify drop);
/* Run until the time or until something fails. */
void sim_run_until(struct sim *s, uint64_t time);

void sim_trace(struct sim *s, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The run has failed. */
void sim_fail(struct sim *s, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Mix something into the hash of the run. */
void sim_hash(struct sim *s, const void *data, size_t len);

/* --- sim_net.c: Corosync --- */

struct sim_net *sim_net_new(struct sim *s);
void sim_net_free(struct sim_net *net);
/* A host comes up or goes down at once. */
void sim_net_host_up(struct sim_node *n);
void sim_net_host_down(struct sim_node *n);
/* Who sees whom from now on: component[i] is a number a node. */
void sim_net_partition(struct sim *s, const unsigned *component);
void sim_net_join(struct sim_node *n, enum sim_daemon group);
void sim_net_leave(struct sim_node *n, enum sim_daemon group);
/* Takes xml; `to` NULL: everyone, the sender included. */
void sim_net_send(struct sim_node *n, enum sim_daemon group, const char *to, xmlNode *xml);
/* Present membership as Corosync has told it (bit i: node i), and whether the component is quorate. */
unsigned sim_net_members(const struct sim_node *n);
bool sim_net_quorate(const struct sim_node *n);
uint64_t sim_net_ring(const struct sim_node *n);
/* Does the wire connect two nodes (faults considered, whatever Corosync knows)? */
bool sim_net_connected(const struct sim *s, unsigned a, unsigned b);
/* Nothing on its way and no membership change to come. */
bool sim_net_settled(const struct sim *s);
/* Grows with each change of the wire. */
unsigned sim_net_generation(const struct sim *s);

/* --- sim_config.c: what is configured --- */

/* Choose the kind of fencing: "power", or "sbd" and the number of disks; with "+levels" behind it there is a first level that fails. */
void sim_config_choose(struct sim *s);
/* The CIB that every host has at first. */
xmlNode *sim_config_document(const struct sim *s);
/* The four services, each of which may run once; NULL behind them. */
extern const char *const sim_services[];

/* --- sim_node.c: hosts and processes --- */

struct sim_node *sim_node_by_name(struct sim *s, const char *name);
void sim_node_boot(struct sim_node *n);
/* Power off at once: memory and unsynced data are gone. */
void sim_node_crash(struct sim_node *n);
/* The same, and power comes back after `delay`. */
void sim_node_restart(struct sim_node *n, uint64_t delay);
/* The launcher begins: with SBD when that says so. */
void sim_node_start_daemons(struct sim_node *n);
/* Is there such a process in this run? */
bool sim_daemon_exists(const struct sim *s, enum sim_daemon d);
void sim_daemon_start(struct sim_node *n, enum sim_daemon d);
/* The process ends at once; the launcher starts it again a moment later. */
void sim_daemon_kill(struct sim_node *n, enum sim_daemon d);
extern const char *const sim_daemon_names[SIM_DAEMONS];
/* Apply a membership of the group to a peer cache (shared by attrd and the controller). */
void sim_update_peers(struct sim_node *n, enum sim_daemon d, struct peers *peers, unsigned before, unsigned members);

/* --- sim_cib.c --- */

typedef void sim_cib_done(struct sim_node *n, int rc, const xmlNode *output, void *data);
struct sim_cib_call {
    const char *op, *section, *user, *host;
    unsigned options;
    uint64_t timeout; /* 0: 120 s */
    const xmlNode *input;
    sim_cib_done *done; /* may be NULL */
    void *data;
    GDestroyNotify free_data;
};

void sim_cib_start(struct sim_node *n);
void sim_cib_stop(struct sim_node *n, bool power_lost);
void sim_cib_message(struct sim_node *n, unsigned from, xmlNode *xml);
void sim_cib_members(struct sim_node *n, unsigned before, unsigned members);
/* A process connects; its earlier connection is gone. */
void sim_cib_connect(struct sim_node *n, unsigned client);
void sim_cib_disconnect(struct sim_node *n, unsigned client);
void sim_cib_request(struct sim_node *n, unsigned client, const struct sim_cib_call *call);
/* Which changes this client wants to hear of (cib_interest.h). */
void sim_cib_interest(struct sim_node *n, unsigned client, const char *rules);
const xmlNode *sim_cib_document(const struct sim_node *n);
void sim_cib_free_disk(struct sim_node *n);
bool sim_cib_busy(const struct sim_node *n);

/* --- sim_attrd.c --- */

struct attrd_core;
void sim_attrd_start(struct sim_node *n);
void sim_attrd_stop(struct sim_node *n);
void sim_attrd_message(struct sim_node *n, unsigned from, bool directed, xmlNode *xml);
void sim_attrd_members(struct sim_node *n, unsigned before, unsigned members);
/* A client's request (taken). */
void sim_attrd_request(struct sim_node *n, xmlNode *xml);
void sim_attrd_cib_notify(struct sim_node *n, const xmlNode *message);
const struct attrd_core *sim_attrd_core(const struct sim_node *n);

/* --- sim_ctl.c, sim_exec.c --- */

struct controld;
void sim_ctl_start(struct sim_node *n);
void sim_ctl_stop(struct sim_node *n);
void sim_ctl_message(struct sim_node *n, unsigned from, xmlNode *xml);
void sim_ctl_members(struct sim_node *n, unsigned before, unsigned members);
void sim_ctl_quorum(struct sim_node *n, unsigned members, bool quorate, uint64_t ring);
void sim_ctl_cib_notify(struct sim_node *n, const xmlNode *message);
void sim_ctl_cib_lost(struct sim_node *n);
/* What the fencer says. */
struct ctl_fence_event;
void sim_ctl_fence_event(struct sim_node *n, const struct ctl_fence_event *event);
void sim_ctl_fence_result(struct sim_node *n, uint64_t cookie, int status, int rc, const char *reason);
void sim_ctl_fence_synced(struct sim_node *n);
void sim_ctl_watchdog_targets(struct sim_node *n, bool ok, const char *output);
void sim_ctl_fencer_lost(struct sim_node *n);
const struct controld *sim_ctl_core(const struct sim_node *n);
/* Ask the controller to leave the cluster in order. */
void sim_ctl_terminate(struct sim_node *n);
/* It was asked to leave and has not gone yet. */
bool sim_ctl_is_leaving(const struct sim_node *n);

/* --- sim_fencer.c --- */

struct ctl_effect;
void sim_fencer_start(struct sim_node *n);
void sim_fencer_stop(struct sim_node *n);
void sim_fencer_message(struct sim_node *n, unsigned from, xmlNode *xml);
void sim_fencer_members(struct sim_node *n, unsigned before, unsigned members);
void sim_fencer_cib_changed(struct sim_node *n);
/* The controller connects; false: there is no fencer. */
bool sim_fencer_connect(struct sim_node *n);
/* It wants a node fenced (effect CTL_FENCE); false: it is not connected. */
bool sim_fencer_fence(struct sim_node *n, const struct ctl_effect *e);
void sim_fencer_sync_history(struct sim_node *n);
/* Which hosts fence themselves by their watchdog?  Answered by sim_ctl_watchdog_targets(). */
void sim_fencer_list_watchdog(struct sim_node *n);

/* --- sim_sbd.c --- */

#define SIM_WATCHDOG_S 3 /* without a feeding for so long the host dies */

void sim_sbd_boot(struct sim_node *n);
void sim_sbd_power_off(struct sim_node *n);
/* Write an order to die for a host; `sent` tells whether it was delivered and its receiver had the time to die. */
typedef void sim_sbd_sent(struct sim_node *n, bool ok, void *data);
void sim_sbd_send(struct sim_node *n, const char *target, bool off, sim_sbd_sent *sent, void *data);
void sim_sbd_break_path(struct sim_node *n, unsigned disk, bool broken);
/* Does a watchdog wait to be fed? */
bool sim_sbd_is_armed(const struct sim_node *n);
/* Has it only the cluster to go by, and has not yet seen one with quorum since the host booted?  Then it does not mind having none. */
bool sim_sbd_awaits_quorum(const struct sim_node *n);
void sim_sbd_kill(struct sim_node *n);

/* The executor of a host and what runs there; it outlives the controller, not the host. */
void sim_exec_boot(struct sim_node *n);
void sim_exec_power_off(struct sim_node *n);
/* An effect CTL_EXEC_...: answered and carried out. */
void sim_exec_carry_out(struct sim_node *n, const struct ctl_effect *e);
/* Is the resource active on this host, whoever believes what? */
bool sim_exec_is_active(const struct sim_node *n, const char *rsc);
/* What its agents do takes so much longer: a host whose storage hangs, say. */
void sim_exec_hang(struct sim_node *n, uint64_t how_long);
/* It fails by itself. */
void sim_exec_fail(struct sim_node *n, const char *rsc);
typedef void sim_exec_fn(struct sim_node *n, const char *rsc, bool active, void *data);
void sim_exec_foreach(struct sim_node *n, sim_exec_fn *fn, void *data);
/* What a result is given to. */
struct ctl_exec_result;
void sim_ctl_exec_reply(struct sim_node *n, uint64_t cookie, int rc);
void sim_ctl_exec_result(struct sim_node *n, const struct ctl_exec_result *r);

/* --- sim_world.c, sim_check.c --- */

struct sim_world *sim_world_new(struct sim *s);
void sim_world_free(struct sim_world *w);
/* Boot everything and begin to make trouble. */
void sim_world_begin(struct sim *s);
/* End all faults: everybody up and connected. */
void sim_world_calm_down(struct sim *s);
/* Changes of the CIB that must not be lost any more: calls `fn` with the number of each. */
void sim_world_foreach_promised(const struct sim *s, void (*fn)(unsigned number, void *data), void *data);
/* A resource has just become active on a host. */
void sim_check_started(struct sim_node *n, const char *rsc);
/* After each event. */
void sim_check_step(struct sim *s);
/* The host's ways to the disks are others now. */
void sim_check_paths(struct sim_node *n);
/* A fencer begins to have a host fenced, or tells how that went.  (operation) */
void sim_check_fencing_begins(struct sim *s, const char *id, const char *target);
void sim_check_fencing_over(struct sim *s, const char *id, bool success);
void sim_check_free(struct sim *s);
/* When everything should have settled: NULL if it is as it should be, else what is not (g_free). */
char *sim_check_settled(struct sim *s);

/* --- the run --- */

struct sim *sim_new(const struct sim_config *config);
void sim_free(struct sim *s);
/* True if all went well; else s->failure says what did not. */
bool sim_run(struct sim *s);

#endif
