/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attribute manager's protocol: its fields, operations, protocol versions, names with a meaning, the election states
 * as they travel.  Used by the attribute manager, its clients and the controller's proxy.
 * Nobody writes one of these names as a string anywhere else.  (spec 70 §3, §5)
 */
#ifndef IPC_ATTRD_PROTO_H
#define IPC_ATTRD_PROTO_H

#include "lib/ipc/ipc_fields.h"

/* Protocol versions (spec 70 §5.2): what the oldest member understands decides what may be sent. */
enum attrd_version {
    ATTRD_VERSION_CLEAR_FAILURE = 2, /* clear-failure may go between peers */
    ATTRD_VERSION_LISTS = 4,         /* an update may hold several <op/> */
    ATTRD_VERSION = 4,               /* ours */
};

/* Fields. */
#define F_ATTR_TASK          "task"
#define F_ATTR_NAME          "attr_name"
#define F_ATTR_VALUE         "attr_value"
#define F_ATTR_HOST          "attr_host"
#define F_ATTR_HOST_ID       "attr_host_id"
#define F_ATTR_SET           "attr_set"
#define F_ATTR_DAMPENING     "attr_dampening"
#define F_ATTR_REGEX         "attr_regex"
#define F_ATTR_IS_REMOTE     "attr_is_remote"
#define F_ATTR_IS_PRIVATE    "attr_is_private"
#define F_ATTR_VERSION       "attr_version"
#define F_ATTR_WRITER        "attr_writer"
#define F_ATTR_USER          "attr_user"
#define F_ATTR_RESOURCE      "attr_resource"
#define F_ATTR_OPERATION     "attr_clear_operation"
#define F_ATTR_INTERVAL      "attr_clear_interval"
#define F_ATTR_FORCE_WRITE   "attrd_is_force_write"
#define F_ATTR_KEY           "attr_key"

/* `task` */
#define ATTRD_TASK_UPDATE        "update"
#define ATTRD_TASK_UPDATE_BOTH   "update-both"
#define ATTRD_TASK_UPDATE_DELAY  "update-delay"
#define ATTRD_TASK_QUERY         "query"
#define ATTRD_TASK_REFRESH       "refresh"
#define ATTRD_TASK_CLEAR_FAILURE "clear-failure"
#define ATTRD_TASK_PEER_REMOVE   "peer-remove"
#define ATTRD_TASK_SYNC          "sync"
#define ATTRD_TASK_SYNC_RESPONSE "sync-response"
#define ATTRD_TASK_FLUSH         "flush"

/* Element of one update in a list; this name alone is significant. */
#define ATTRD_E_OP "op"
/* Element of a node in a query reply. */
#define ATTRD_E_NODE "node"

/* Attributes to which the attribute manager itself gives a meaning (spec 70 §10). */
#define ATTRD_NAME_PROTOCOL "#attrd-protocol"
#define ATTRD_NAME_SHUTDOWN "shutdown"

/* Failure tracking (spec 70 §9.1). */
#define ATTRD_FAIL_COUNT_PREFIX   "fail-count"
#define ATTRD_LAST_FAILURE_PREFIX "last-failure"

/* `attr_writer`: election state of the sender. */
enum attrd_writer_state {
    ATTRD_ELECTION_START = 0,
    ATTRD_ELECTION_IN_PROGRESS = 1,
    ATTRD_ELECTION_LOST = 2,
    ATTRD_ELECTION_WON = 3,
    ATTRD_ELECTION_ERROR = 4,
};

#endif
