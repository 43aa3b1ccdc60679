/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attribute manager's protocol: operations, protocol versions, names with a meaning, the election states as they
 * travel; the fields are in lib/ipc/ipc_fields.h.  Used by the attribute manager, its clients and the controller's proxy.
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
