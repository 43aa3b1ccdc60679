/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the fencer's core.  Included by fenced_*.c of this folder only.
 *   fenced_core.c     clients, requests, replies, events
 *   fenced_devices.c  table of devices
 *   fenced_topology.c table of levels
 *   fenced_config.c   devices of the configuration
 *   fenced_params.c   options of devices
 *   fenced_agent.c    meta-data of agents
 *   fenced_search.c   which devices can fence a target
 *   fenced_command.c  running agents: queue of a device, delays, retries
 *   fenced_op.c       a cluster-wide operation: its record, beginning and end, and what others than its originator do
 *   fenced_offers.c   ... what peers offer for it, timeouts
 *   fenced_origin.c   ... its originator: whom to ask, what to do with answers and without them
 *   fenced_watchdog.c nodes that reset themselves
 *   fenced_history.c  asking for, cleaning and exchanging what has happened
 */
#ifndef FENCED_INTERNAL_H
#define FENCED_INTERNAL_H

#include "daemons/fenced/fenced_core.h"

#include "lib/fence/fence_protocol.h"
#include "lib/fence/fence_result.h"
#include "lib/fence/fence_targets.h"

/* What a client subscribed to. */
enum notify_bit {
    NOTIFY_FENCE = 1 << 0,
    NOTIFY_DEVICE_ADD = 1 << 1,
    NOTIFY_DEVICE_DEL = 1 << 2,
    NOTIFY_HISTORY = 1 << 3,
    NOTIFY_HISTORY_SYNCED = 1 << 4,
    NOTIFY_EVERYBODY = 1 << 5, /* levels: sent to all clients (spec 60 §4) */
};

struct client {
    char *id;
    char *name; /* NAME.PID once it has sent something */
    long pid;
    bool is_privileged;
    unsigned subscriptions;
};

/* Where an answer goes that is not given at once. */
struct ticket {
    char *client_id; /* NULL: nobody waits */
    uint32_t request_id, request_flags;
};

/* What an agent's meta-data says; one for all its devices. */
struct agent_info {
    char *agent;
    bool is_known, is_asked; /* asked: the answer is under way, and searches wait for it */
    unsigned run_id;
    uint64_t retry_due, retry_pause_ms;
    unsigned flags;          /* enum fence_support */
    bool unfences;           /* automatic unfencing */
    bool wants_node_id;
    GPtrArray *on_target;    /* actions that only the target itself may run */
};

/* How it is found out whether a device can fence a target (spec 60 §9.1). */
enum host_check { CHECK_NONE, CHECK_STATIC, CHECK_DYNAMIC, CHECK_STATUS, CHECK_INVALID };

struct device {
    char *id, *agent, *ns;
    GHashTable *params;  /* name -> value */
    GHashTable *aliases; /* node name, in lower case -> what the device calls it */
    GPtrArray *targets;  /* names; NULL: no list (yet) */
    uint64_t targets_ms; /* when the list was made */
    struct agent_info *info;
    bool is_verified;
    bool by_api, by_cib;
    bool provides_unfencing;
    bool list_failed;    /* and pcmk_host_check is not set: ask for the status from now on */
    int limit;           /* of agents at a time; negative: none */
    unsigned running;
    GQueue waiting;      /* struct command */
};

/* What to do with the end of an agent. */
enum command_kind {
    COMMAND_CLIENT, /* answer a client: st_execute, or st_fence without a cluster */
    COMMAND_PEER,   /* answer a fencer: st_fence */
    COMMAND_CHECK,  /* can this device fence the target?  Part of a search */
};

struct command {
    enum command_kind kind;
    struct device *device; /* NULL once it was removed while the agent ran */
    char *device_id, *action, *target;
    unsigned timeout_s;
    uint64_t not_before;   /* start delay, pause before a retry */
    uint64_t first_start;  /* 0: not started yet */
    unsigned attempts;
    unsigned run_id;       /* 0: does not run */
    xmlNode *request;      /* copy, for the answer */
    struct ticket ticket;
    char *peer;
    GPtrArray *others;     /* ids of further devices to try (COMMAND_PEER) */
    int delay_s;           /* the requested one, for them */
    struct search *search;
};

/* Which devices can fence a target?  Agents may have to be asked. */
struct search {
    char *target, *action;
    bool allow_self;
    unsigned timeout_s;
    unsigned pending;
    GPtrArray *capable; /* ids, in the order of their names */
    void (*found)(struct fenced_core *core, struct fenced_now now, struct search *search);
    xmlNode *request;   /* what it is for: a copy */
    struct ticket ticket;
    char *peer;
};

/* What the target of a level is. */
enum target_kind { TARGET_NAME, TARGET_PATTERN, TARGET_ATTRIBUTE };

/* The levels of one target text. */
struct topology {
    char *key;
    enum target_kind kind;
    char *attribute, *value; /* TARGET_ATTRIBUTE */
    GPtrArray *levels[FENCE_LEVEL_MAX + 1]; /* device ids; NULL: no such level */
};

/* A reboot with several devices of a level is done as "off" with each of them, then "on" (spec 60 §11.5). */
enum op_phase { PHASE_REQUESTED, PHASE_OFF, PHASE_ON, N_PHASES };

/* A device as a peer offers it for an operation. */
struct op_device {
    char *id;
    bool is_verified;
    unsigned flags; /* enum fence_support */
    struct {
        unsigned timeout_s; /* the device's own; 0: the operation's */
        unsigned delay_s;   /* at most */
        bool is_disallowed; /* that peer may not do this */
        bool is_used;       /* was asked of that peer */
    } phase[N_PHASES];
};

struct op_peer {
    char *name;
    GPtrArray *devices; /* struct op_device */
    bool is_tried;      /* without topology */
};

struct op {
    char *id;
    char *target, *action;
    char *client_id, *client_name;
    char *origin, *delegate;
    int call_id;
    unsigned options;
    enum fence_op_state state;
    struct fence_result result;
    int64_t completed; /* epoch; 0 while pending */
    long completed_nsec;

    /* on the originator: */
    bool is_own;
    struct ticket ticket;
    char *relay_id; /* the place-holder of the node that asked us to fence it */
    char *relayed_to; /* who carries it out for a client of ours, NULL: we do, or nobody here waits for it */
    bool is_orphaned; /* and is gone */
    unsigned base_timeout_s, total_timeout_s;
    int delay_s;
    unsigned replies_expected, replies;
    GPtrArray *peers;      /* struct op_peer, most devices first */
    uint64_t started_ms;
    uint64_t query_due, request_due, total_due; /* 0: not armed */
    bool was_executed;     /* some peer was asked to fence */
    bool is_waiting;       /* nobody can be asked until more peers have answered */
    uint64_t watchdog_due; /* the target has reset itself by then; 0: not waiting for that */
    bool was_told;         /* the target was told to do so, though it offered nothing */
    bool has_returned;     /* its fencer is back while that is waited for */
    bool is_stranger;      /* ... as a process that we have not seen before */
    unsigned told_strangers;
    enum op_phase phase;
    unsigned level;        /* of the topology; 0: none */
    GPtrArray *devices;    /* ids of the level's devices; NULL without topology */
    unsigned device;       /* index of the present one */
    GPtrArray *automatic;  /* ids of devices with automatic unfencing that were not used for "on" yet */
    bool is_decided;       /* the result was broadcast; what comes later is too late */
    GPtrArray *duplicates; /* struct op, borrowed: they end when this one does */
};

struct fenced_core {
    char *node;
    long pid;
    bool standalone;
    char *(*new_uuid)(void *data);
    const char *(*node_name)(uint32_t id, void *data);
    void *data;
    GHashTable *clients; /* id -> struct client */
    GHashTable *devices; /* id -> struct device */
    GHashTable *topologies; /* key -> struct topology */
    GHashTable *ops;     /* id -> struct op */
    GPtrArray *active;   /* names of active fencers */
    GHashTable *processes; /* name in lower case -> process id of the fencer, also when it is away */
    unsigned broadcast_count;
    GQueue effects;
    unsigned (*random)(unsigned below, void *data);
    uint32_t (*node_id)(const char *name, void *data);
    GHashTable *agents;   /* agent -> struct agent_info */
    GHashTable *running;  /* run id -> struct command */
    unsigned run_id;
    GQueue held_searches; /* struct search: wait for meta-data */
    xmlNode *nodes;       /* of the configuration: attributes select levels; NULL: unknown */
    char *levels_text;    /* the section as it was last read */
    bool has_levels;      /* it was read once */
    const char *(*agent_namespace)(const char *agent, void *data);
    uint64_t (*uptime_ms)(void *data);
    long long sbd_timeout_ms;      /* SBD_WATCHDOG_TIMEOUT; 0: unset */
    long long watchdog_timeout_ms; /* stonith-watchdog-timeout, resolved; 0: nodes do not reset themselves */
    GPtrArray *watchdog_targets;   /* names of the nodes that do; NULL: all */
};

/* --- fenced_core.c --- */

struct fenced_effect *core_add_effect(struct fenced_core *core, enum fenced_effect_kind kind);
/* Send to a node or to all (NULL); takes xml. */
void core_send_take(struct fenced_core *core, const char *to, xmlNode *xml);
/* New reply to a request, with the attributes that identify it (spec 60 §3.1). */
xmlNode *reply_new(const xmlNode *request, const struct fence_result *result);
/* Give the answer that a ticket stands for (takes xml); nothing if nobody waits. */
void core_answer_take(struct fenced_core *core, const struct ticket *ticket, xmlNode *xml);
/* Push an event; data is copied (NULL: none). */
void core_notify(struct fenced_core *core, unsigned bit, const char *type, const struct fence_result *result,
                 const xmlNode *data);
/* The name of a request's target (may be NULL), which may be given as a node id if the request's options say so. */
const char *core_target_name(const struct fenced_core *core, const char *target, unsigned options);
bool core_peer_is_active(const struct fenced_core *core, const char *name);

/* --- fenced_devices.c --- */

void device_free(gpointer data);
void topology_free(gpointer data);
void devices_add(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result);
void devices_remove(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result);
const struct device *device_find(const struct fenced_core *core, const char *id);

/* --- fenced_topology.c --- */

void levels_add(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result);
void levels_remove(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result);
/* Read the section if it has changed, or anyway; and the nodes' attributes. */
void levels_from_configuration(struct fenced_core *core, const xmlNode *configuration, bool anyway);
/* The levels for a node, NULL if it has none. */
const struct topology *topology_find(const struct fenced_core *core, const char *node);

/* --- fenced_watchdog.c (spec 60 §14) --- */

/* Take stonith-watchdog-timeout from the configuration; true if it is another than before. */
bool watchdog_read_timeout(struct fenced_core *core, const xmlNode *configuration);
bool watchdog_is_agent(const char *agent);
/* Does this node reset itself, as far as we know, when it has to be gone? */
bool watchdog_fences(const struct fenced_core *core, const char *node);
/* A device named or run as the reserved one is registered: may it be?  Its targets are the nodes that reset themselves. */
bool watchdog_accepts(struct fenced_core *core, const char *id, const char *agent, GHashTable *params);
/* The configuration has no such device: every node gets one, if watchdog fencing is on. */
bool watchdog_register_implicit(struct fenced_core *core, struct fenced_now now);
/* Output of "list": the nodes, one a line (g_free); empty: all. */
char *watchdog_list(const struct fenced_core *core);

/* --- more of fenced_devices.c --- */

enum device_source { DEVICE_BY_API, DEVICE_BY_CIB };
/* Register what an st_device_id element describes, or note the source if it is the same as the present one; false: refused. */
bool device_register(struct fenced_core *core, struct fenced_now now, const xmlNode *element, enum device_source source);
/* Drop a device with all that waits for it. */
void device_drop(struct fenced_core *core, struct fenced_now now, struct device *device);
/* All devices, with their parameters: content of a reply (xml_free). */
xmlNode *devices_list(const struct fenced_core *core);
/* Content of a reply: these devices for a target and an action (xml_free). */
xmlNode *devices_offer(const struct fenced_core *core, const struct search *search);
void missing_information(struct fence_result *result);

/* --- fenced_agent.c: what an agent can do --- */

void agent_info_free(gpointer data);
/* Look an agent up, and ask it for its meta-data if that is not known and not under way. */
struct agent_info *agent_info_get(struct fenced_core *core, struct fenced_now now, const char *agent);
/* Was this the run of a meta-data action?  Then it is dealt with here. */
bool agent_info_done(struct fenced_core *core, struct fenced_now now, unsigned run_id, const struct fence_result *result);
bool agent_infos_are_known(const struct fenced_core *core);
uint64_t agent_infos_deadline(const struct fenced_core *core);
void agent_infos_tick(struct fenced_core *core, struct fenced_now now);

/* --- fenced_params.c: the options of devices (pure) --- */

/* pcmk_host_map: name in lower case -> port. */
GHashTable *params_parse_map(const char *text);
bool params_has_target(const GPtrArray *targets, const char *name);
/* Base delay for a target in seconds, from an interval or a map. */
unsigned params_delay_base(const char *text, const char *target);
unsigned params_seconds(const char *text);
/* The action whose options count: "off" instead of "reboot" where the agent cannot reboot. */
const char *params_effective_action(const struct device *device, const char *action);
/* A `pcmk_ACTION_what` option, or NULL. */
const char *params_action_option(const struct device *device, const char *action, const char *what);
enum host_check params_host_check(const struct device *device);
unsigned device_flags(const struct device *device);
bool device_unfences(const struct device *device);
/* What the agent gets on stdin. */
GHashTable *params_arguments(const struct device *device, const char *action, const char *target, uint32_t node_id);

/* --- fenced_search.c --- */

struct search *search_new(const xmlNode *request, const char *target, const char *action, bool allow_self,
                          void (*found)(struct fenced_core *, struct fenced_now, struct search *));
void search_free(gpointer data);
/* Begin (takes the search); `found` may be called at once. */
void search_start_take(struct fenced_core *core, struct fenced_now now, struct search *search);
/* A device's own check for a search ended (result NULL: it cannot be known). */
void search_checked(struct fenced_core *core, struct fenced_now now, struct search *search, struct device *device,
                    const char *action, const struct fence_result *result);
void searches_release(struct fenced_core *core, struct fenced_now now);
bool device_allows(const struct fenced_core *core, const struct device *device, const char *action, const char *target,
                   bool allow_self);

/* --- fenced_command.c --- */

void command_free(gpointer data);
struct command *command_new(enum command_kind kind, struct device *device, const char *action, const char *target,
                            unsigned timeout_s);
/* Queue a command (taken) on its device and start what can be started.  delay_s: requested delay, -1: none at all. */
void command_submit_take(struct fenced_core *core, struct fenced_now now, struct command *command, int delay_s);
/* An action on a registered device for a client; answers or queues. */
void command_execute(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const struct ticket *ticket);
/* Fence as a peer's request says (peer), or as a client's without a cluster (ticket). */
void command_fence(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const char *peer,
                   const struct ticket *ticket);
/* The device goes: what waits fails, what runs is on its own. */
void commands_device_gone(struct fenced_core *core, struct fenced_now now, struct device *device);
uint64_t commands_deadline(const struct fenced_core *core);
void commands_tick(struct fenced_core *core, struct fenced_now now);
/* Start what waits on a device. */
void device_start_waiting(struct fenced_core *core, struct fenced_now now, struct device *device);

/* --- fenced_op.c --- */

void op_free(gpointer data);
/* A client of ours, or a peer on behalf of its target (relay_id), asks for fencing. */
void op_start(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const struct ticket *ticket,
              const char *relay_id);
void op_handle_query(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
void op_handle_result(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
/* The operation ended so: tell everybody.  Clients hear of it when the broadcast arrives. */
void op_decide(struct fenced_core *core, struct op *op, const struct fence_result *result);
bool op_is_pending(const struct op *op);
bool op_is_final(const struct op *op);
/* New entry; all strings are copied. */
struct op *op_new(struct fenced_core *core, const char *id, const char *target, const char *action);
/* Tell the client how long it may take now. */
void op_tell_timeout(struct fenced_core *core, const struct op *op);

/* --- fenced_offers.c --- */

void op_peer_free(gpointer data);
/* A query's reply; devices that have to unfence are added to the operation's list. */
struct op_peer *op_read_offer(struct op *op, const char *from, const xmlNode *data);
/* Most devices first; of equals the latest reply first. */
void op_insert_peer(struct op *op, struct op_peer *peer);
struct op_device *op_offered(const struct op_peer *peer, const char *id);
bool op_holds(const GPtrArray *ids, const char *id);
unsigned op_add_seconds(unsigned a, unsigned b);
unsigned op_device_timeout(const struct op *op, const struct op_device *device, enum op_phase phase);
unsigned op_peer_timeout(const struct op *op, const struct op_peer *peer);
/* Of all levels, or of `peer` (NULL: not chosen yet); delays that were asked for come on top. */
unsigned op_total_of_peer(const struct fenced_core *core, const struct op *op, const struct op_peer *peer);
/* Seconds that all of it may take, as far as that can be known (spec 60 §11.7). */
unsigned op_total_timeout(const struct fenced_core *core, const struct op *op);
/* Timeouts are multiplied so, and cut to whole seconds. */
unsigned op_with_reserve(unsigned seconds);

/* --- fenced_origin.c --- */

/* Does the target have levels?  Then begin with the first one. */
void op_enter_topology(struct fenced_core *core, struct op *op);
void op_handle_query_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
void op_handle_execution_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
uint64_t op_deadline(const struct op *op);
/* The active fencers are others now. */
void op_peers_changed(const struct fenced_core *core, struct op *op);
/* Whoever carries it out is gone: the client hears that now, and may ask again. */
void op_give_up_orphan(struct fenced_core *core, struct fenced_now now, struct op *op);
/* A fencer is back that was away and has lived on meanwhile. */
void op_peer_returned(struct op *op, const char *name, bool is_stranger);
void op_tick(struct fenced_core *core, struct fenced_now now, struct op *op);

/* --- fenced_history.c --- */

/* A client's request; the reply's content (xml_free), or NULL if there is none. */
xmlNode *history_request(struct fenced_core *core, const xmlNode *request);
void history_handle_message(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message);
/* Drop the oldest completed entries when there are too many. */
void history_trim(struct fenced_core *core);

#endif
