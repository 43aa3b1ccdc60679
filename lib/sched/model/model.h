/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model: what is (spec 40), and after lib/sched/assign where things should be (spec 41).  Everything lives in one
 * arena; nodes and resources have dense ids; strings are borrowed from the CIB, from the scratch document, or interned.
 * Read by actions, graph, simulate and by status output.  Only model/ and assign/ write it, except where noted.
 */
#ifndef SCHED_MODEL_H
#define SCHED_MODEL_H

#include "lib/base/arena.h"
#include "lib/base/iso8601.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/rules/nvtable.h"
#include "lib/rules/rules.h"
#include "lib/sched/sched.h"

struct sched_node;
struct sched_rsc;
struct sched_history;
struct sched_hist_op;
struct sched_coloc;
struct sched_location;
struct sched_ticket;
struct merge_memo;

typedef ARENA_VEC(struct sched_node *) sched_node_vec;
typedef ARENA_VEC(struct sched_rsc *) sched_rsc_vec;
typedef ARENA_VEC(struct sched_coloc *) sched_coloc_vec;
typedef ARENA_VEC(struct sched_location *) sched_location_vec;

/* Iterate over a vec of pointers: VEC_FOR_EACH(struct sched_node, node, rsc->active_on); break and continue work. */
#define VEC_FOR_EACH(type, var, vec)                                                               \
    for (unsigned var##_i = 0, var##_on = 1; var##_on && var##_i < (vec).len;                      \
         var##_i++, var##_on = !var##_on)                                                          \
        for (type *var = (vec).items[var##_i]; var##_on; var##_on = 0)

/* ---------------------------------------------------------------- options (spec 40 §1) */

enum sched_quorum_policy { QUORUM_STOP, QUORUM_FREEZE, QUORUM_IGNORE, QUORUM_DEMOTE, QUORUM_SUICIDE };
enum sched_placement { PLACEMENT_DEFAULT, PLACEMENT_UTILIZATION, PLACEMENT_MINIMAL, PLACEMENT_BALANCED };
enum sched_health_strategy { HEALTH_NONE, HEALTH_MIGRATE_ON_RED, HEALTH_ONLY_GREEN, HEALTH_PROGRESSIVE, HEALTH_CUSTOM };

struct sched_options {
    struct nvtable raw;                       /* all nvpairs of crm_config, known or not, after validation of the known */
    enum sched_quorum_policy no_quorum_policy; /* effective (suicide may have become stop, spec 40 §2.7) */
    bool symmetric_cluster, maintenance_mode, start_failure_is_fatal, startup_probes;
    bool shutdown_lock;
    bool stonith_enabled, have_watchdog, concurrent_fencing, startup_fencing;
    bool stop_all_resources, stop_orphan_resources, stop_orphan_actions, remove_after_stop;
    int64_t shutdown_lock_limit;              /* s, 0 none */
    const char *stonith_action;               /* "reboot" or "off" */
    long long stonith_timeout_ms;
    int priority_fencing_delay;               /* s */
    enum sched_health_strategy health_strategy;
    int health_base, health_red, health_yellow, health_green;
    enum sched_placement placement;
};
/* Value of a cluster option: configured and valid, or its default; unknown names as configured (or NULL). */
const char *sched_option(const struct sched *s, const char *name);

/* One known option, for metadata and validation; table in the order of spec 40 §1.2, ends with name NULL. */
struct sched_option_def {
    const char *name, *type, *values /* "a, b, c" or NULL */, *def;
    const char *shortdesc, *longdesc;
    bool (*valid)(const char *value);
};
extern const struct sched_option_def sched_option_defs[];

/* ---------------------------------------------------------------- nodes (spec 40 §2) */

enum sched_node_kind { NODE_CLUSTER, NODE_REMOTE, NODE_PING };

struct sched_node {
    unsigned id;          /* dense: index into sched.nodes */
    const char *uuid;     /* CIB id */
    const char *uname;
    enum sched_node_kind kind;
    const xmlNode *xml;   /* <node>, or NULL (implied remote and guest nodes) */
    const xmlNode *state; /* <node_state>, or NULL */
    struct sched_rsc *remote_rsc; /* connection resource of a remote or guest node */
    bool bundle_node;     /* guest whose connection belongs to a bundle */

    bool online, unclean, unseen, standby, standby_on_fail, pending, shutdown, maintenance, expected_up;
    bool is_dc;
    bool discovery_enabled;    /* false: no probes there (resource-discovery-enabled) */
    bool remote_requires_reset, remote_was_fenced, remote_maintenance; /* remote_maintenance: node_in_maintenance */
    bool fencing_revocable;    /* unclean only provisionally: spec 41 §9.1, spec 42 §7.1 */
    bool unpacked;             /* its history has been read */
    bool resource_discovery_never; /* bundle nodes: default discovery mode never */
    bool attrs_complete;       /* has the built-in attributes #uname, #id, ... (spec 41 §10.7) */

    int base_score;            /* spec 41 §5.2 */
    int health;                /* sum of spec 40 §2.6 (status output: < 0 RED, == 0 GREEN... see node_health()) */
    int priority;              /* spec 40 §2.8 */
    struct nvtable attrs;      /* effective attributes, built-in ones included */
    struct nvtable utilization; /* configured capacity: name, integer text */
    ARENA_VEC(struct sched_capacity) remaining; /* capacity left while placing */
    struct nvtable *digest_cache; /* internal */

    sched_rsc_vec running;     /* primitives active here, in order of discovery */
    unsigned assigned_count;   /* primitives assigned here so far */
    sched_rsc_vec assigned;    /* ... and which */
    ARENA_VEC(struct sched_history *) histories; /* lrm_resource elements in document order */
};

struct sched_capacity {
    const char *name; /* interned */
    int value;
};

/* Online, clean, and able to take resources (spec 41 §9.1). */
bool node_is_available(const struct sched_node *n);
static inline bool
node_is_remote_kind(const struct sched_node *n) /* remote or guest */
{
    return n->kind == NODE_REMOTE;
}
bool node_is_guest(const struct sched_node *n);        /* guest or bundle node */
bool node_is_reachable(const struct sched_node *n);    /* online, or a guest that need not be reset */
bool node_is_remote(const struct sched_node *n);       /* remote, not guest */
/* Container of a guest node's connection, or NULL. */
struct sched_rsc *node_container(const struct sched_node *n);
bool node_can_be_fenced(const struct sched *s, const struct sched_node *n); /* spec 40 §2.4 end */
bool node_is_recoverable(const struct sched *s, const struct sched_node *n); /* no guest whose hosts are lost for good */
static inline const char *
node_attr(const struct sched_node *n, const char *name)
{
    return nvtable_get(&n->attrs, name);
}
/* Attribute looked up for a resource: honours container-attribute-target=host (spec 40 §2.5). */
const char *node_attr_for_rsc(const struct sched *s, const struct sched_node *n, const struct sched_rsc *rsc,
                              const char *name);
/* -1 red, 0 yellow or unset, 1 green: worst #health attribute, for status output. */
int node_health_color(const struct sched *s, const struct sched_node *n);

/* ---------------------------------------------------------------- resources (spec 40 §5) */

enum sched_role { ROLE_UNKNOWN, ROLE_STOPPED, ROLE_STARTED, ROLE_UNPROMOTED, ROLE_PROMOTED };
const char *role_text(enum sched_role role);
/* Case-insensitive, legacy names too; -1 if it is no role. */
int role_parse(const char *text);

enum sched_kind { KIND_PRIMITIVE, KIND_GROUP, KIND_CLONE, KIND_BUNDLE }; /* the rank of spec 41 §1 */
enum sched_requires { REQUIRES_NOTHING, REQUIRES_QUORUM, REQUIRES_FENCING, REQUIRES_UNFENCING };
enum sched_multiple_active { MULTI_STOP_START, MULTI_STOP_ONLY, MULTI_BLOCK, MULTI_STOP_UNEXPECTED };

/* Severity order of spec 40 §6.3. */
enum sched_on_fail {
    ONFAIL_IGNORE, ONFAIL_DEMOTE, ONFAIL_RECOVER, ONFAIL_RESET_REMOTE, ONFAIL_RESTART_CONTAINER, ONFAIL_MIGRATE,
    ONFAIL_BLOCK, ONFAIL_STOP, ONFAIL_STANDBY, ONFAIL_FENCE,
};
const char *on_fail_text(enum sched_on_fail f);

enum sched_discovery { DISCOVER_ABSENT, DISCOVER_ALWAYS, DISCOVER_NEVER, DISCOVER_EXCLUSIVE };

/*
 * The table of a resource (spec 41 §1): one score a node, indexed by node id.  mode DISCOVER_ABSENT: no entry.
 */
struct sched_row {
    struct row_watch *watch; /* who wants to hear of changes; NULL: nobody */
    int32_t *score;
    uint8_t *mode;
    uint32_t *count; /* instances per node; NULL until a collective distributes */
    unsigned cap;    /* nodes that there is room for */
};
static inline bool
row_has(const struct sched_row *r, const struct sched_node *n)
{
    return r->mode[n->id] != DISCOVER_ABSENT;
}

/* A row's owner changes it with row_changed() or one of the functions that call it. */
struct row_watch {
    void (*changed)(struct row_watch *watch, struct sched_row *row);
};
static inline void
row_changed(struct sched_row *row)
{
    if (row->watch != NULL) {
        row->watch->changed(row->watch, row);
    }
}

enum sched_rsc_flags {
    RSC_MANAGED = 1 << 0,
    RSC_BLOCKED = 1 << 1,
    RSC_FAILED = 1 << 2,
    RSC_STOP_NEEDED = 1 << 3,      /* "failed+stop": recovery needs a stop */
    RSC_START_PENDING = 1 << 4,
    RSC_ORPHAN = 1 << 5,
    RSC_MAINTENANCE = 1 << 6,
    RSC_UNIQUE = 1 << 7,           /* globally unique (primitives outside clones too) */
    RSC_NOTIFY = 1 << 8,
    RSC_PROMOTABLE = 1 << 9,       /* the clone is promotable; set on instances and members as well */
    RSC_ALLOW_MIGRATE = 1 << 10,
    RSC_FAILURE_IGNORED = 1 << 11,
    RSC_CRITICAL = 1 << 12,
    RSC_FENCE_DEVICE = 1 << 13,
    RSC_REMOTE_CONNECTION = 1 << 14, /* ocf:pacemaker:remote, guest and bundle connections too */
    RSC_INTERNAL = 1 << 15,        /* made by us: implicit connections, bundle parts */
    RSC_INTERLEAVE = 1 << 16,      /* clones and bundles */
    RSC_ORDERED = 1 << 17,         /* clones, groups */
    RSC_COLLOCATED = 1 << 18,      /* groups */
    RSC_IN_BUNDLE = 1 << 19,       /* a bundle is among the ancestors */
    RSC_EXCLUSIVE_DISCOVERY = 1 << 20,
    RSC_RESTART_TYPE_RESTART = 1 << 21,
    RSC_ALLOW_UNHEALTHY = 1 << 22,
    RSC_SETTLED = 1 << 23,         /* placement is final; "open" if not set */
    RSC_ASSIGNING = 1 << 24,       /* placement in progress */
    RSC_MERGING = 1 << 25,
    RSC_COMPUTING_PROMOTION = 1 << 26,
    RSC_HAS_CONTAINED_REMOTE = 1 << 27, /* container of a guest node (anywhere in the tree: see rsc_contains_remote()) */
    RSC_RELOADING = 1 << 28,       /* written by actions */
    RSC_DETECT_LOOP = 1 << 29,     /* free for actions */
    RSC_STOP_UNEXPECTED = 1 << 30, /* written by actions: "expected node" mode */
};

struct sched_lock {
    struct sched_node *node;
    int64_t time;
};

/* One node's view of a bundle replica (spec 40 §5.8). */
struct sched_replica {
    unsigned offset;
    struct sched_rsc *bundle;
    struct sched_rsc *container, *ip, *remote, *child; /* ip, remote, child may be NULL */
    struct sched_node *node; /* the bundle node, NULL without primitive */
    const char *ipaddr;      /* NULL if none */
};

/* A fail count, effective and raw, of a resource on a node (spec 40 §7.6). */
struct sched_failcount {
    int count;          /* effective */
    int64_t last_failure;
};

struct sched_rsc {
    unsigned id_num;      /* dense: index into sched.rscs */
    const char *id;       /* "A", "A:1" */
    const char *base_id;  /* without instance number */
    const char *history_name; /* NULL if it is the id (spec 40 §7.3) */
    enum sched_kind kind;
    unsigned flags;
    const xmlNode *xml;      /* expanded (templates, instance copies share it; see meta for "clone") */
    const xmlNode *orig_xml; /* as configured, before template expansion; else same as xml */
    const xmlNode *ops_xml;  /* effective <operations>, or NULL */
    struct sched_rsc *parent;
    sched_rsc_vec children;  /* members, instances; bundle: see replicas */
    unsigned index;          /* among the parent's children when unpacked (members; instance number) */
    unsigned priority_order; /* position at top level in document order */

    const char *rsc_class, *provider, *type; /* NULL for collectives */
    struct nvtable meta;     /* effective meta-attributes (spec 40 §4.5) */
    struct nvtable *params_nodeless; /* cache: rsc_params(s, rsc, NULL) */
    struct nvtable **params; /* cache by node id */
    struct nvtable utilization;

    int priority;            /* raised by promotion scores while placing */
    int configured_priority;
    int stickiness;
    int migration_threshold; /* SCORE_INFINITY: none */
    int64_t failure_timeout; /* s */
    int64_t reconnect_interval; /* ms, remote connections */
    enum sched_requires requires;
    enum sched_multiple_active multiple_active;

    enum sched_role role, next_role;
    const char *next_role_reason;

    sched_node_vec active_on;        /* order of discovery; a collective takes note of its parts, unmanaged ones only where online */
    uint8_t *known_on;               /* by node id: 1 = state known there (history or probe); NULL = nowhere */
    unsigned known_count;
    sched_node_vec dangling;         /* dangling migration sources: a stop is forced there */
    struct sched_node *partial_source, *partial_target; /* partial migration (spec 40 §7.8) */
    const char *pending_task;
    struct sched_node *pending_node;
    struct sched_lock lock;          /* shutdown lock; node NULL if none */
    ARENA_VEC(struct sched_history *) histories;

    struct sched_row row;            /* scores: after assignment what was used to choose */
    struct sched_node *assigned;     /* primitive: its node or NULL; collectives: see assigned_nodes */
    int assigned_score;              /* score that the node had when chosen */
    unsigned chain_mark;             /* internal: is in the chain with that number (utilization) */
    bool was_homeless;               /* settled without a node at some time, even if one was found later */
    sched_node_vec assigned_nodes;   /* of all primitives below, for collectives; rebuilt by rsc_assigned_nodes() */

    /* containers (spec 40 §5.9) */
    struct sched_rsc *container;     /* this is a filler of it */
    sched_rsc_vec fillers;
    bool is_unfencing_device;        /* spec 40 §10 */
    bool is_remote_node;             /* connection of a node (remote, guest or bundle) */
    struct sched_node *remote_node;  /* ... and which; NULL if not known */

    /* clone */
    int clone_max, clone_node_max, clone_min, promoted_max, promoted_node_max;
    int promoted_count;              /* instances promoted by assignment */
    const xmlNode *child_xml;        /* what is cloned */
    unsigned total_instances;        /* including orphans: next number */
    int promotion_sort_value;        /* instance of a promotable clone */
    bool promotion_scores_added;

    /* bundle */
    const char *bundle_agent;        /* docker, podman, rkt */
    const char *bundle_image;
    int replicas_per_host;
    ARENA_VEC(struct sched_replica *) replicas;
    struct sched_rsc *bundle_child;  /* inner clone, or NULL */
    struct sched_replica *replica;   /* for container, ip, remote, inner instance of a replica */

    /* constraints by end */
    sched_coloc_vec this_with;       /* D-list: this is the dependent (spec 41 §1) */
    sched_coloc_vec with_this;       /* P-list: this is the primary */
    sched_location_vec locations;
    ARENA_VEC(struct sched_ticket_constraint *) tickets;

    void *user; /* free for actions (its per-resource record) */
};

static inline bool
rsc_is(const struct sched_rsc *r, unsigned flag)
{
    return (r->flags & flag) != 0;
}
static inline bool
rsc_is_anonymous_clone(const struct sched_rsc *r)
{
    return r->kind == KIND_CLONE && (r->flags & RSC_UNIQUE) == 0;
}
/* Top of a resource: outermost ancestor below any bundle (spec 41 §1). */
struct sched_rsc *rsc_top(const struct sched_rsc *r);
/* Outermost ancestor, bundles included. */
struct sched_rsc *rsc_outermost(const struct sched_rsc *r);
/* The clone (not bundle) this is in or is, or NULL. */
struct sched_rsc *rsc_clone(const struct sched_rsc *r);
/* The bundle this is in, or NULL. */
struct sched_rsc *rsc_bundle(const struct sched_rsc *r);
bool rsc_is_ancestor(const struct sched_rsc *ancestor, const struct sched_rsc *r);
static inline const char *
rsc_meta(const struct sched_rsc *r, const char *name)
{
    return nvtable_get(&r->meta, name);
}
/* Instance parameters as evaluated for a node (NULL: no node); cached (spec 40 §4.4). */
const struct nvtable *rsc_params(struct sched *s, struct sched_rsc *r, struct sched_node *n);
/* Current node (spec 41 §1); all = active_on.len, clean counts those online and clean (both may be NULL). */
struct sched_node *rsc_current_node(const struct sched_rsc *r, unsigned *all, unsigned *clean);
/* Role; of a collective the highest of its children (now or next). */
enum sched_role rsc_role(const struct sched_rsc *r, bool next);
/*
 * Is it active: a primitive where its node is online or unclean (or lost, if nobody may stop it there), a collective if
 * all or any of its parts are.  (spec 81 §4.2)
 */
bool rsc_active(const struct sched_rsc *r, bool all);
bool rsc_active_on(const struct sched_rsc *r, const struct sched_node *n);
bool rsc_known_on(const struct sched_rsc *r, const struct sched_node *n);
bool rsc_requires_fencing(const struct sched_rsc *r); /* requires fencing or unfencing */
bool rsc_blocked_deep(const struct sched_rsc *r);     /* it, or something below, is blocked */
bool rsc_contains_remote(const struct sched_rsc *r);  /* it, or something below, is a guest's container */
/* Nodes a resource is assigned to: a primitive 0 or 1, a collective the union over its primitives. */
void rsc_assigned_nodes(struct sched *s, struct sched_rsc *r, sched_node_vec *out);
/* Agent as text: "ocf:pacemaker:Dummy" or "stonith:fence_x" (arena). */
const char *rsc_agent_text(struct sched *s, const struct sched_rsc *r);
/* Name for people: history name or id; id for unique instances; bundle parts included (spec 42 §13.2). */
const char *rsc_print_name(const struct sched_rsc *r);
/* target-role if it is valid and restricts: ROLE_STOPPED, UNPROMOTED, PROMOTED, else UNKNOWN (spec 40 §5.2). */
enum sched_role rsc_target_role(struct sched *s, const struct sched_rsc *r);
/* Fail count of a resource on a node, fillers not counted.  Names are those of R and R:n as spec 40 §7.6 says. */
struct sched_failcount rsc_failcount(struct sched *s, struct sched_rsc *r, struct sched_node *n, bool effective,
                                     bool with_fillers);

/* ---------------------------------------------------------------- operations (spec 40 §6) */

/* One <op> of a resource that matches a name and an interval, or NULL (disabled ones only if asked for). */
const xmlNode *op_find(struct sched *s, const struct sched_rsc *r, const char *task, guint interval_ms,
                       bool include_disabled);
/* <op> for an action key with the fallbacks of spec 40 §6.1 (migrate, notify). */
const xmlNode *op_find_for_key(struct sched *s, const struct sched_rsc *r, const char *key);

struct sched_op_config {
    const xmlNode *xml;     /* <op>, or NULL */
    struct nvtable meta;    /* spec 40 §6.2, spec 42 §2.4: timeout and interval in ms, ... */
    enum sched_on_fail on_fail;
    enum sched_role fail_role;      /* role after failure */
    enum sched_requires needs;      /* REQUIRES_NOTHING, _QUORUM, _FENCING */
    long long timeout_ms, start_delay_ms;
    guint interval_ms;
};
/*
 * Everything the configuration says about one action of a resource.  `key` is its operation key, `task` its task.
 * The result is in the arena (not cached: actions keep it).
 */
struct sched_op_config *op_config(struct sched *s, struct sched_rsc *r, const char *key, const char *task,
                                  guint interval_ms);
/* Extra parameters: the op's instance_attributes for a node (NULL if it has none). */
struct nvtable *op_extra_params(struct sched *s, const struct sched_rsc *r, const xmlNode *op, struct sched_node *n);
/* A recurring op of the configuration, checked (spec 40 §6.4); the array is cached per resource. */
struct sched_recurring {
    const xmlNode *xml;
    const char *id, *name, *key;
    guint interval_ms;
    enum sched_role role;  /* ROLE_UNKNOWN: none given */
};
struct sched_recurring_list {
    struct sched_recurring *items;
    unsigned len;
};
const struct sched_recurring_list *op_recurring(struct sched *s, struct sched_rsc *r);

/* ---------------------------------------------------------------- history (spec 40 §7) */

struct sched_hist_op {
    const xmlNode *xml;
    struct sched_history *history;
    const char *id;
    const char *task;
    const char *key;         /* operation_key, else id */
    guint interval_ms;
    int call_id, rc, target_rc, status; /* as recorded; -1 where absent (target_rc -1 unknown) */
    int effective_rc, effective_status; /* after remapping (spec 40 §7.4 B) */
    int64_t last_change;     /* last-rc-change, 0 absent */
    bool probe;
    bool expired;            /* and so ignored */
    bool restart_mismatch;   /* expired recurring: the restart digest counts as different (spec 40 §7.4 C) */
};

/* What a node's lrm_resource says about one primitive. */
struct sched_history {
    struct sched_node *node;
    struct sched_rsc *rsc;   /* NULL: ignored */
    const char *lrm_id;      /* id of the lrm_resource */
    const xmlNode *xml;      /* <lrm_resource> */
    struct sched_hist_op *ops; /* sorted, oldest first */
    unsigned op_count;
    int start_index, stop_index; /* spec 40 §7.9; -1 none */
};
/* What the history says of a bundle's connection, to be compared with its parameters once the address is known. */
struct sched_deferred_check {
    struct sched_rsc *rsc;
    struct sched_node *node;
    const struct sched_hist_op *op;
    bool failure; /* is it a failure of other parameters?  Else: has the definition changed? */
};
const struct sched_history *rsc_history(const struct sched_rsc *r, const struct sched_node *n);
/* Primitives whose id or history name is `id` (the entries of a node's history that a check looks at, spec 40 §8.1). */
void rscs_named(struct sched *s, const char *id, sched_rsc_vec *out);

/* A failed operation, for status output: one per operation key and node. */
struct sched_failed_op {
    const xmlNode *xml;
    struct sched_node *node;
    struct sched_rsc *rsc;
};

/* ---------------------------------------------------------------- digests (spec 40 §8.2) */

enum sched_digest_result { DIGEST_MATCH, DIGEST_MISMATCH, DIGEST_RESTART, DIGEST_UNKNOWN /* none recorded */ };
struct sched_digests {
    enum sched_digest_result result;
    const char *all, *restart, *secure; /* calculated; restart and secure may be NULL */
    const xmlNode *params_all, *params_secure, *params_restart; /* attributes as digested */
    bool secure_matched; /* "only private parameters changed" (SCHED_SANITIZED) */
    bool has_extra;      /* the op has parameters of its own */
};
/* Compare an entry with what the configuration would do now. */
const struct sched_digests *sched_digest_check(struct sched *s, struct sched_rsc *r, struct sched_node *n,
                                               const struct sched_hist_op *op);
/* Digests of parameters for an action (op-digest written by simulate, fence device digests); task, interval. */
const struct sched_digests *sched_digest_calculate(struct sched *s, struct sched_rsc *r, const char *task,
                                                   guint interval_ms, struct sched_node *n, const xmlNode *lrm_rsc_op);
/* True for the connection of a bundle with addr=#uname: its comparison waits until after placement. */
bool rsc_has_uname_addr(struct sched *s, struct sched_rsc *r);
/* Parameters as an agent gets them: rsc_params() with addr=#uname replaced (spec 40 §5.8). */
const struct nvtable *rsc_agent_params(struct sched *s, struct sched_rsc *r, struct sched_node *n);

/* ---------------------------------------------------------------- constraints (spec 40 §9) */

struct sched_node_score {
    struct sched_node *node;
    int score;
};
struct sched_location {
    const char *id;
    struct sched_rsc *rsc;
    enum sched_role role_filter;  /* ROLE_UNKNOWN: none */
    enum sched_discovery discovery;
    struct sched_node_score *nodes;
    unsigned node_count;
    const xmlNode *xml;           /* NULL: health, made by us */
};

struct sched_coloc {
    const char *id;
    struct sched_rsc *dependent, *primary;
    const char *node_attribute;   /* NULL: the node itself */
    int score;
    enum sched_role dependent_role, primary_role; /* ROLE_UNKNOWN: any */
    bool influence;
    const xmlNode *xml;           /* NULL if made by us */
};

/* Kinds of an ordering as in spec 42 §6.1, combined.  Actions add kinds of their own from 1 << 16 on if they need to. */
enum sched_order_kind {
    ORDER_ORD = 1 << 0, ORDER_FRT = 1 << 1, ORDER_FRTN = 1 << 2, ORDER_TRF = 1 << 3, ORDER_PRF = 1 << 4,
    ORDER_FUT = 1 << 5, ORDER_RST = 1 << 6, ORDER_ASYM = 1 << 7, ORDER_ANY = 1 << 8, ORDER_PRB = 1 << 9,
    ORDER_MIG = 1 << 10, ORDER_PSL = 1 << 11, ORDER_PT = 1 << 12, ORDER_PF = 1 << 13, ORDER_SER = 1 << 14,
    ORDER_ANTI = 1 << 15, ORDER_LOAD = 1 << 16, ORDER_SAME = 1 << 17, ORDER_CXL = 1 << 18, ORDER_NOMIG = 1 << 19,
    ORDER_KEEP = 1 << 20,
};

/*
 * An ordering that the configuration asks for (spec 42 §6.10), expanded from sets, tags, templates and clone-min, in
 * the order in which actions must store them.  An end is a task of a resource, or a pseudo-action by name
 * (`first_pseudo`; announced before by an INTENT_PSEUDO).
 */
struct sched_order {
    const char *id;               /* constraint */
    struct sched_rsc *first, *then;
    const char *first_task, *then_task;
    const char *first_pseudo, *then_pseudo;
    unsigned kinds;
};

enum sched_loss_policy { LOSS_STOP, LOSS_DEMOTE, LOSS_FENCE, LOSS_FREEZE };
struct sched_ticket {
    const char *id;
    bool granted, standby;
    int64_t last_granted;         /* -1 never */
    struct nvtable state;         /* all attributes of ticket_state */
};
struct sched_ticket_constraint {
    const char *id;
    struct sched_rsc *rsc;
    struct sched_ticket *ticket;
    enum sched_loss_policy loss_policy;
    enum sched_role role;
};

struct sched_tag {
    const char *id;
    ARENA_VEC(const char *) refs;
};

/* ---------------------------------------------------------------- what reading already decided */

/*
 * Actions that reading status and constraints asks for, in the order in which actions must create them
 * (spec 42 §1.3: ids).
 */
enum sched_intent_kind {
    INTENT_RUNNING_RECURRING, /* optional action task/interval of rsc on node: known to run there */
    INTENT_STOP,              /* required stop of rsc on node (node NULL: wherever it runs) */
    INTENT_DEMOTE,            /* required demote of rsc on node */
    INTENT_STOPS_OPTIONAL,    /* stops of rsc on node that were asked for above are not needed after all */
    INTENT_FENCE,             /* fencing object for node (optional until fencing is scheduled): reason, op, delay */
    INTENT_CLEAR_FAILCOUNT,   /* rsc on node, reason; `after_fencing` if ordered after fencing of remote node */
    INTENT_LRM_DELETE,        /* delete history of rsc on node (expired or dropped shutdown lock) */
    INTENT_PSEUDO,            /* pseudo-action `name` that needs `required` of its ORDER_ANY firsts */
    INTENT_RESCHEDULE,        /* reserved: see sched_hist_op.restart_mismatch */
};
struct sched_intent {
    enum sched_intent_kind kind;
    struct sched_rsc *rsc;
    struct sched_node *node;
    const char *task;         /* RUNNING_RECURRING */
    guint interval_ms;
    const char *key;
    const xmlNode *xml;       /* history entry, if any */
    const char *reason;
    const char *op;           /* FENCE: NULL (the configured action), "off", "reboot" */
    bool priority_delay;      /* FENCE: priority-fencing-delay applies */
    bool digests_known;       /* what unfencing the node to be fenced has recorded had been read; set by intent_add() */
    bool was_active;          /* RUNNING_RECURRING: the resource had been found active, and at rest */
    bool after_fencing;
    bool managed;             /* STOP, DEMOTE: the resource was not (yet) found unmanaged */
    bool reachable;           /* the node was, when this was asked for; set by intent_add() */
    bool recoverable;         /* the same: it is no guest whose hosts are lost for good */
    const char *name;         /* PSEUDO */
    int required;             /* PSEUDO */
};

/* ---------------------------------------------------------------- messages */

enum sched_severity { MSG_CRITICAL, MSG_ERROR, MSG_WARNING, MSG_NOTICE, MSG_INFO };
struct sched_message {
    enum sched_severity severity;
    bool config;       /* counts as configuration error or warning (crm_verify) */
    bool processing;   /* chooses pe-error, pe-warn */
    const char *text;
    const char *origin; /* name of the function that found it: crm_verify prints it */
};

/* One score change (SCHED_EXPLAIN). */
struct sched_explain {
    struct sched_rsc *rsc;
    struct sched_node *node;
    int delta, result;
    const char *reason;  /* static word: "location", "stickiness", "colocation", "fail-limit", ... */
    const char *source;  /* constraint id or resource, may be NULL */
    const struct sched_rsc *other; /* colocation: the other end; preference: whose wish it is; may be NULL */
};

/* Which rule chose a node (SCHED_EXPLAIN).  From RULE_CAPACITY on the scores were equal. */
enum sched_home_rule {
    RULE_NOWHERE,    /* no node is left */
    RULE_UNMANAGED,  /* it stays as it is */
    RULE_STOP_ALL,   /* stop-all-resources */
    RULE_ONLY,       /* no other node is left */
    RULE_SCORE,
    RULE_WISH,       /* as good as any, and whoever placed it wanted that one (its clone, a migration under way) */
    RULE_CAPACITY,
    RULE_FEWER,      /* fewer resources placed there */
    RULE_CURRENT,    /* it is there now */
    RULE_NAME,
};
struct sched_decision {
    struct sched_rsc *rsc;
    struct sched_node *chosen, *over; /* either may be NULL */
    enum sched_home_rule rule;
};

/* ---------------------------------------------------------------- the whole */

struct sched {
    struct arena *arena;
    unsigned flags;
    const xmlNode *cib;
    xmlNode *scratch;          /* generated resources live below this detached element */
    struct rule_refs *refs;
    int64_t now;
    struct iso_time now_local;
    int64_t recheck_by;        /* epoch; 0 none */
    const char *dc_uuid, *feature_set;
    struct sched_node *dc;
    bool have_quorum, no_quorum_panic;
    struct sched_options opt;
    const xmlNode *resources_xml, *constraints_xml, *status_xml, *op_defaults, *rsc_defaults, *nodes_xml;

    ARENA_VEC(struct sched_node *) nodes;     /* by dense id (order of appearance) */
    struct sched_node **node_order;           /* sorted by name: "node order"; nodes.len entries */
    unsigned row_cap;                         /* room for nodes in each row */
    ARENA_VEC(struct sched_rsc *) rscs;       /* by dense id */
    sched_rsc_vec resources;                  /* top level, in resource order */
    ARENA_VEC(struct sched_location *) locations; /* in order of creation */
    ARENA_VEC(struct sched_coloc *) colocs;   /* in order of creation */
    ARENA_VEC(struct sched_order *) orders;
    ARENA_VEC(struct sched_ticket_constraint *) ticket_constraints;
    ARENA_VEC(struct sched_ticket *) tickets;
    ARENA_VEC(struct sched_tag *) tags;       /* tags, and templates with the primitives made from them */
    ARENA_VEC(struct sched_intent) intents;
    ARENA_VEC(struct sched_failed_op) failed_ops;
    ARENA_VEC(struct sched_message) messages;
    ARENA_VEC(struct sched_explain) explain;
    ARENA_VEC(struct sched_decision) decisions; /* SCHED_EXPLAIN */
    struct sched_rsc *merging_for;            /* internal: whose row is changed by merging, if that is to be explained */
    const struct sched_coloc *merging_by;     /* internal: by which constraint */
    ARENA_VEC(const char *) status_remarks;   /* what sched_status_remarks() has found */
    ARENA_VEC(const char *) score_lines;      /* SCHED_SCORES, SCHED_UTILIZATION: in order of events (text form) */
    ARENA_VEC(struct sched_score_line) score_records; /* the same as records, for XML output */
    bool config_error, config_warning, processing_error, processing_warning;
    bool criteria_applied;     /* sched_apply_criteria() */
    const char *stack_low;     /* internal: below it another stack is taken; NULL: not running */
    struct merge_memo *memo;   /* internal: assign/memo.c */
    unsigned merge_visits;     /* internal: of the wish being merged */
    unsigned long long merge_visits_all; /* internal: of all of them */
    bool merge_cut;            /* internal: ... were too many */
    unsigned chain_number;     /* internal: of chains of resources that must be together (utilization) */
    unsigned long long set_pairs; /* internal: pairs of resources that sets stand for */

    bool have_fence_device;    /* a device exists or have-watchdog is set */
    bool unfencing_in_use;
    bool has_remote_nodes;     /* any Pacemaker Remote node */

    ARENA_VEC(const xmlNode *) implicit;      /* internal: connections of guest nodes, unpacked after the configured */
    ARENA_VEC(struct sched_deferred_check) deferred; /* in the order they were met */
    sched_rsc_vec stop_later;                 /* internal: containers to stop once their hosts are known */
    struct sched_index *index; /* internal: hashes */
    void *user;                /* free for actions */
};

enum sched_score_kind { SCORE_ALLOCATION, SCORE_PROMOTION, SCORE_CAPACITY, SCORE_UTILIZATION, SCORE_REMARK };
struct sched_score_line {
    enum sched_score_kind kind;
    const char *function; /* "pcmk__primitive_assign", ...; capacity: "Original", "Remaining" */
    struct sched_rsc *rsc;
    const char *node;     /* NULL: none */
    int score;
    ARENA_VEC(struct nvpair) values; /* capacity and utilization, in output order */
};

/* --- looking up --- */
struct sched_node *sched_node_by_uuid(const struct sched *s, const char *uuid);  /* any case */
struct sched_node *sched_node_by_name(const struct sched *s, const char *uname); /* any case */
struct sched_node *sched_node_find(const struct sched *s, const char *id_or_name);
struct sched_rsc *sched_rsc_by_id(const struct sched *s, const char *id);        /* instances ("A:1") too */
/* By id, history name, or base name of an anonymous clone's instance (outermost clone not taken): first match. */
struct sched_rsc *sched_rsc_by_any_name(const struct sched *s, const char *id);
/* Instance (or member of it) of an anonymous clone that is active on the node, or known there; NULL if none. */
struct sched_rsc *clone_instance_on(const struct sched_rsc *clone, const struct sched_node *n, bool next);

/* --- deciding while reading, used by actions too --- */
/* Ask for fencing (spec 40 §2.4): marks, and adds an intent the first time.  Guests: their container fails. */
void sched_fence_node(struct sched *s, struct sched_node *n, const char *reason, bool priority_delay);
/* Run a stage whose functions may follow chains of constraints, however long they are. */
void sched_run_deep(struct sched *s, void (*run)(struct sched *s));
/* Such a function asks this first, and if it is so, calls itself by sched_on_new_stack(). */
static inline bool
stack_is_short(const struct sched *s)
{
    return (const char *)__builtin_frame_address(0) < s->stack_low;
}
void sched_on_new_stack(struct sched *s, void (*run)(void *data), void *data);
/* A message in the collected list (and the log); text is formatted. */
void sched_message(struct sched *s, enum sched_severity sev, unsigned how, const char *origin, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
enum sched_message_how { MSG_CONFIG = 1 << 0, MSG_PROCESSING = 1 << 1, MSG_ONCE = 1 << 2 };
/* Earliest future moment at which something changes (spec 40 §0.3). */
void sched_recheck(struct sched *s, int64_t when);
/* Add to the score of a resource (and all below it) for one node, or all if NULL (spec 41 §5.1). */
void rsc_score_add(struct sched *s, struct sched_rsc *r, struct sched_node *n, int score, const char *reason,
                   const char *source);
/* Node priority option value for a fence action (spec 40 §2.8): seconds, or -1 if it does not apply. */
int node_priority_delay(const struct sched *s, const struct sched_node *n);
/* Effective quorum policy now: ignore when quorate; `demote` resolved for a resource (may lower its next role). */
enum sched_quorum_policy sched_effective_quorum_policy(struct sched *s, struct sched_rsc *r);

#endif
