/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of fields, message types, endpoints and commands on the wire, once.  Everybody uses these
 * constants and nobody writes such a name as a string.  The attribute manager's are in
 * attrd_proto.h, the executor's and the proxy's in lib/exec/lrmd_protocol.h. (spec 10 §1.1, §2.2,
 * §2.3)
 */
#ifndef IPC_FIELDS_H
#define IPC_FIELDS_H

/* Endpoints, also system names where they coincide (spec 10 §1.1). */
#define ENDPOINT_CIB_RO     "cib_ro"
#define ENDPOINT_CIB_RW     "cib_rw"
#define ENDPOINT_CIB_SHM    "cib_shm"
#define ENDPOINT_CONTROLLER "crmd"
#define ENDPOINT_FENCER     "stonith-ng"
#define ENDPOINT_ATTRD      "attrd"
#define ENDPOINT_EXECUTOR   "lrmd"
#define ENDPOINT_SCHEDULER  "pengine"
#define ENDPOINT_LAUNCHER   "pacemakerd"

/* System names: crm_sys_to, crm_sys_from, CPG groups. */
#define SYS_CIB       "cib"
#define SYS_DC_CIB    "dcib"
#define SYS_CRMD      "crmd"
#define SYS_DC        "dc"
#define SYS_TENGINE   "tengine"
#define SYS_LRMD      "lrmd"
#define SYS_ATTRD     "attrd"
#define SYS_STONITHD  "stonithd"
#define SYS_FENCER    "stonith-ng"
#define SYS_SCHEDULER "pengine"
#define SYS_LAUNCHER  "pacemakerd"

/* Common fields. */
#define F_TYPE        "t"
#define F_SUBTYPE     "subt"
#define F_SRC         "src"
#define F_ORIGIN      "origin"
#define F_VERSION     "version"
#define F_FEATURE_SET "crm_feature_set"
#define F_REFERENCE   "reference"
#define F_NAME        "__name__"
#define F_ACL_TARGET  "acl_target"
#define F_ACL_ROLE    "acl_role"

/* Types of messages (F_TYPE). */
#define T_CRM            "crmd"
#define T_CIB            "cib"
#define T_CIB_NOTIFY     "cib_notify"
#define T_ATTRD          "attrd"
#define T_STONITH        "stonith-ng"
#define T_STONITH_NOTIFY "st_notify"
#define T_LRMD           "lrmd"
#define T_LRMD_NOTIFY    "lrmd_notify"

/* Sub-types of the controller protocol (F_SUBTYPE). */
#define SUBTYPE_REQUEST  "request"
#define SUBTYPE_RESPONSE "response"

/* Controller protocol. */
#define F_CRM_TASK             "crm_task"
#define F_CRM_SYS_TO           "crm_sys_to"
#define F_CRM_SYS_FROM         "crm_sys_from"
#define F_CRM_HOST_TO          "crm_host_to"
#define F_CRM_USER             "crm_user"
#define F_CRM_XML              "crm_xml" /* holder of the data element */
#define F_CRM_JOIN_ID          "join_id"
#define F_CRM_DC_LEAVING       "dc-leaving"
#define F_CRM_ELECTION_ID      "election-id"
#define F_CRM_ELECTION_OWNER   "election-owner"
#define F_CRM_ELECTION_AGE_SEC "election-age-sec"
#define F_CRM_ELECTION_AGE_USEC \
    "election-age-nano-sec" /* holds microseconds, whatever its name says */
#define F_CRM_LIMIT_MODE  "crm-limit-mode"
#define F_CRM_LIMIT_MAX   "crm-limit-max"
#define F_CRM_TGRAPH_IN   "crm-tgraph-in"
#define F_CRM_TGRAPH_FILE "crm-tgraph-file"

/* Commands of the controller protocol (F_CRM_TASK). */
#define CRM_TASK_NOOP              "noop"
#define CRM_TASK_JOIN_ANNOUNCE     "join_announce"
#define CRM_TASK_JOIN_OFFER        "join_offer"
#define CRM_TASK_JOIN_REQUEST      "join_request"
#define CRM_TASK_JOIN_ACK_NACK     "join_ack_nack"
#define CRM_TASK_JOIN_CONFIRM      "join_confirm"
#define CRM_TASK_PING              "ping"
#define CRM_TASK_NODE_INFO         "node-info"
#define CRM_TASK_LIST_NODES        "list-nodes"
#define CRM_TASK_THROTTLE          "throttle"
#define CRM_TASK_VOTE              "vote"
#define CRM_TASK_NO_VOTE           "no-vote"
#define CRM_TASK_HELLO             "hello"
#define CRM_TASK_PE_CALC           "pe_calc"
#define CRM_TASK_QUIT              "quit"
#define CRM_TASK_START_SHUTDOWN    "start_shutdown"
#define CRM_TASK_REQ_SHUTDOWN      "req_shutdown"
#define CRM_TASK_DO_SHUTDOWN       "do_shutdown"
#define CRM_TASK_STONITH           "stonith"
#define CRM_TASK_REGISTER          "register"
#define CRM_TASK_IPC_FWD           "ipc_fwd"
#define CRM_TASK_LRM_INVOKE        "lrm_invoke"
#define CRM_TASK_LRM_REFRESH       "lrm_refresh"
#define CRM_TASK_LRM_DELETE        "lrm_delete"
#define CRM_TASK_LRM_FAIL          "lrm_fail"
#define CRM_TASK_PROBE_COMPLETE    "probe_complete"
#define CRM_TASK_PROBE_AGAIN       "probe_again"
#define CRM_TASK_CLEAR_FAILCOUNT   "clear_failcount"
#define CRM_TASK_REMOTE_STATE      "remote_state"
#define CRM_TASK_RM_NODE_CACHE     "rm_node_cache"
#define CRM_TASK_MAINTENANCE_NODES "maintenance_nodes"

/* Answers. */
#define XML_PING_RESPONSE     "ping_response"
#define F_PING_SUBSYSTEM      "crm_subsystem"
#define F_PING_CRMD_STATE     "crmd_state"
#define F_PING_LAUNCHER_STATE "pacemakerd_state"
#define F_PING_TIMESTAMP      "crm-timestamp"
#define F_PING_RESULT         "result"

/* CIB (spec 20). */
#define F_CIB_OPERATION       "cib_op"
#define F_CIB_CALLID          "cib_callid"
#define F_CIB_CALLOPTS        "cib_callopt"
#define F_CIB_SECTION         "cib_section"
#define F_CIB_HOST            "cib_host"
#define F_CIB_RC              "cib_rc"
#define F_CIB_CLIENTID        "cib_clientid"
#define F_CIB_CLIENTNAME      "cib_clientname"
#define F_CIB_ASYNC_ID        "cib_async_id"
#define F_CIB_ISREPLY         "cib_isreplyto"
#define F_CIB_DELEGATED       "cib_delegated_from"
#define F_CIB_USER            "cib_user"
#define F_CIB_OBJTYPE         "cib_object"
#define F_CIB_PING_ID         "cib_ping_id"
#define F_CIB_NOTIFY_TYPE     "cib_notify_type"
#define F_CIB_NOTIFY_ACTIVATE "cib_notify_activate"
#define F_CIB_UPDATE          "cib_update"
#define F_CIB_UPDATE_RESULT   "cib_update_result"
#define F_CIB_CALLDATA        "cib_calldata"
#define F_CIB_SCHEMA_MAX      "cib_schema_max"
#define F_CIB_UPGRADE_RC      "cib_upgrade_rc"
#define F_CIB_LOCAL_NOTIFY_ID "cib_local_notify_id"

/* Fencer (spec 60). */
#define F_ST_OPERATION         "st_op"
#define F_ST_CALLID            "st_callid"
#define F_ST_CALLOPTS          "st_callopt"
#define F_ST_RC                "st_rc"
#define F_ST_CLIENTID          "st_clientid"
#define F_ST_CLIENTNAME        "st_clientname"
#define F_ST_CLIENTNODE        "st_clientnode"
#define F_ST_ASYNC_ID          "st_async_id"
#define F_ST_TIMEOUT           "st_timeout"
#define F_ST_TOLERANCE         "st_tolerance"
#define F_ST_DELAY             "st_delay"
#define F_ST_TARGET            "st_target"
#define F_ST_DEVICE_ID         "st_device_id"
#define F_ST_DEVICE_ACTION     "st_device_action"
#define F_ST_REMOTE_OP         "st_remote_op"
#define F_ST_REMOTE_OP_RELAY   "st_remote_op_relay"
#define F_ST_ORIGIN            "st_origin"
#define F_ST_DELEGATE          "st_delegate"
#define F_ST_OUTPUT            "st_output"
#define F_ST_STATE             "st_state"
#define F_ST_DATE              "st_date"
#define F_ST_DATE_NSEC         "st_date_nsec"
#define F_ST_HISTORY           "st_history"
#define F_ST_NOTIFY_ACTIVATE   "st_notify_activate"
#define F_ST_NOTIFY_DEACTIVATE "st_notify_deactivate"
#define F_ST_CALLDATA          "st_calldata"

#endif
