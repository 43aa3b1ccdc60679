/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fencer's protocol: operations, options, notification types and the names that lib/ipc/ipc_fields.h does not have.
 * Used by the fencer, its client and the simulation.  (spec 60 §2-§5)
 */
#ifndef FENCE_FENCE_PROTOCOL_H
#define FENCE_FENCE_PROTOCOL_H

#include "lib/ipc/ipc_fields.h"

/* --- elements --- */
#define FENCE_TAG_COMMAND "stonith_command"
#define FENCE_TAG_REPLY   "st-reply"
#define FENCE_TAG_NOTIFY  "notify"
#define FENCE_TAG_REGISTERED "reply" /* root of the answer to `register` */
#define FENCE_TAG_DEVICE  "st_device_id"
#define FENCE_TAG_DEVICE_ACTION "st_device_action"
#define FENCE_TAG_LEVEL   "fencing-level"
#define FENCE_TAG_HISTORY "st_history"
#define FENCE_TAG_EXECUTED "st_execute" /* one entry of the history */
#define FENCE_TAG_ARGUMENTS "fence_args" /* data element of requests whose name nobody looks at */
#define FENCE_TAG_ATTRIBUTES "attributes"
#define FENCE_TAG_PARAM   "param"

/* --- operations (st_op) --- */
#define FENCE_OP_REGISTER        "register"
#define FENCE_OP_NOTIFY          "st_notify"
#define FENCE_OP_DEVICE_ADD      "st_device_register"
#define FENCE_OP_DEVICE_DEL      "st_device_remove"
#define FENCE_OP_LEVEL_ADD       "st_level_add"
#define FENCE_OP_LEVEL_DEL       "st_level_remove"
#define FENCE_OP_EXECUTE         "st_execute"
#define FENCE_OP_QUERY           "st_query"
#define FENCE_OP_FENCE           "st_fence"
#define FENCE_OP_HISTORY         "st_fence_history"
#define FENCE_OP_TIMEOUT_UPDATE  "st_timeout_update"
#define FENCE_OP_RELAY           "st_relay"
#define FENCE_OP_POKE            "poke"

/* --- notification types (subt) --- */
#define FENCE_NOTIFY_FENCE          "st_notify_fence"
#define FENCE_NOTIFY_HISTORY        "st_notify_history"
#define FENCE_NOTIFY_HISTORY_SYNCED "st_notify_history_synced"
#define FENCE_NOTIFY_DEVICE_ADD     FENCE_OP_DEVICE_ADD
#define FENCE_NOTIFY_DEVICE_DEL     FENCE_OP_DEVICE_DEL
#define FENCE_NOTIFY_LEVEL_ADD      FENCE_OP_LEVEL_ADD
#define FENCE_NOTIFY_LEVEL_DEL      FENCE_OP_LEVEL_DEL
#define FENCE_NOTIFY_DISCONNECT     "st_notify_disconnect" /* made by the client library */
#define FENCE_TYPE_TIMEOUT          "st-async-timeout-value"

/* --- further fields --- */
#define FENCE_F_OP_STATUS     "op-status"
/* Ours, in an order to reset oneself: how long ago the operation began, ms.  Whoever booted since then needs not do it again. */
#define FENCE_F_BEGUN         "st_begun_ms"
#define FENCE_F_RC_CODE       "rc-code"
#define FENCE_F_EXIT_REASON   "exit-reason"
#define FENCE_F_AVAILABLE     "st-available-devices"
#define FENCE_F_NAMESPACE     "namespace"
#define FENCE_F_AGENT         "agent"
#define FENCE_F_PROVIDES      "rsc_provides"
#define FENCE_F_VERIFIED      "st_monitor_verified"
#define FENCE_F_SUPPORT_FLAGS "st_device_support_flags"
#define FENCE_F_REQUIRED      "st_required"
#define FENCE_F_ACTION_TIMEOUT "st_action_timeout"
#define FENCE_F_DELAY_MAX     "st_delay_max"
#define FENCE_F_DELAY_BASE    "st_delay_base"
#define FENCE_F_DISALLOWED    "st_action_disallowed"
#define FENCE_F_MERGED        "st_op_merged"
#define FENCE_F_COUNT         "count"
#define FENCE_F_ACTIVE        "st_active"
#define FENCE_F_DIFFERENTIAL  "st_differential"
#define FENCE_F_STATE         "state" /* in fence events; F_ST_STATE in the history */
#define FENCE_F_INDEX         "index"
#define FENCE_F_TARGET        "target"
#define FENCE_F_TARGET_PATTERN "target-pattern"
#define FENCE_F_TARGET_ATTRIBUTE "target-attribute"
#define FENCE_F_TARGET_VALUE  "target-value"
#define FENCE_F_DEVICES       "devices"

#define FENCE_SUBTYPE_BROADCAST "broadcast"
#define FENCE_DEVICE_MANUAL     "manual_ack"
#define FENCE_DEVICE_WATCHDOG   "watchdog"
/* Linux-HA plug-ins are run by an adapter that is told which (spec 60 §8.1). */
#define FENCE_NAMESPACE_AGENTS    "stonith-ng"
#define FENCE_NAMESPACE_HEARTBEAT "heartbeat"
#define FENCE_AGENT_LEGACY        "fence_legacy"
#define FENCE_PARAM_PLUGIN        "plugin"
#define FENCE_DELEGATE_HUMAN    "a human"

/* st_callopt (spec 60 §3.1). */
enum fence_option {
    FENCE_OPT_ALLOW_SELF = 0x000002,
    FENCE_OPT_MANUAL_ACK = 0x000008,
    FENCE_OPT_DISCARD_REPLY = 0x000010,
    FENCE_OPT_TOPOLOGY = 0x000040,
    FENCE_OPT_NODE_ID = 0x000200, /* the target is a node id, not a name */
    FENCE_OPT_SYNC = 0x001000,
    FENCE_OPT_TIMEOUT_UPDATES = 0x002000,
    FENCE_OPT_CLEANUP = 0x080000,
    FENCE_OPT_BROADCAST = 0x100000,
};

/* Capabilities of a device (spec 60 §6.1). */
enum fence_support {
    FENCE_SUPPORTS_LIST = 1,
    FENCE_SUPPORTS_STATUS = 2,
    FENCE_SUPPORTS_REBOOT = 4,
    FENCE_HAS_PLUG = 8,
    FENCE_HAS_PORT = 16,
    FENCE_SUPPORTS_ON = 32,
};

/* States of a cluster-wide operation (spec 60 §11.1). */
enum fence_op_state {
    FENCE_STATE_QUERYING = 0,
    FENCE_STATE_EXECUTING = 1,
    FENCE_STATE_DONE = 2,
    FENCE_STATE_DUPLICATE = 3,
    FENCE_STATE_FAILED = 4,
};

#define FENCE_LEVEL_MAX 9

#endif
