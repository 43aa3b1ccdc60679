/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The executor protocol: every message name, field and flag that appears on the endpoint `lrmd` or on the TLS
 * connection of a remote node.  Nobody writes one of these as a string elsewhere.  (spec 50 §2, §3, §11.2, §13)
 */
#ifndef EXEC_LRMD_PROTOCOL_H
#define EXEC_LRMD_PROTOCOL_H

#define LRMD_ENDPOINT             "lrmd"
#define LRMD_PROTOCOL_VERSION     "1.1" /* what we speak */
#define LRMD_MIN_PROTOCOL_VERSION "1.0" /* the oldest client that is served */

/* --- elements --- */
#define LRMD_TAG_COMMAND    "lrmd_command"
#define LRMD_TAG_REPLY      "lrmd_reply"
#define LRMD_TAG_NOTIFY     "lrmd_notify"
#define LRMD_TAG_CALLDATA   "lrmd_calldata"
#define LRMD_TAG_RSC        "lrmd_rsc"
#define LRMD_TAG_RSC_OP     "lrmd_rsc_op"
#define LRMD_TAG_ALERT      "lrmd_alert"
#define LRMD_TAG_ATTRIBUTES "attributes"
#define LRMD_TAG_PARAM      "param" /* for names that XML does not allow as attribute names */
#define LRMD_PARAM_NAME     "name"
#define LRMD_PARAM_VALUE    "value"

/* --- operations (lrmd_op) --- */
#define LRMD_OP_REGISTER       "register"
#define LRMD_OP_RSC_REGISTER   "lrmd_rsc_register"
#define LRMD_OP_RSC_INFO       "lrmd_rsc_info"
#define LRMD_OP_RSC_UNREGISTER "lrmd_rsc_unregister"
#define LRMD_OP_RSC_EXEC       "lrmd_rsc_exec"
#define LRMD_OP_RSC_CANCEL     "lrmd_rsc_cancel"
#define LRMD_OP_GET_RECURRING  "lrmd_get_recurring"
#define LRMD_OP_POKE           "lrmd_rsc_poke"
#define LRMD_OP_ALERT_EXEC     "lrmd_alert_exec"
#define LRMD_OP_CHECK          "lrmd_check"
#define LRMD_OP_NEW_CLIENT     "lrmd_rsc_new_client" /* notification only */
#define LRMD_OP_IPC_FORWARD    "ipc_fwd"             /* proxied IPC, spec 50 §13 */

/* --- fields of every message --- */
#define LRMD_FIELD_TYPE       "t"        /* "lrmd" in requests; receivers ignore it */
#define LRMD_FIELD_TAG_COPY   "__name__" /* copy of the element name, ignored */
#define LRMD_TYPE             "lrmd"
#define LRMD_FIELD_OP         "lrmd_op"
#define LRMD_FIELD_RC         "lrmd_rc"
#define LRMD_FIELD_CALL_ID    "lrmd_callid"
#define LRMD_FIELD_CALL_OPT   "lrmd_callopt"
#define LRMD_FIELD_TOKEN      "lrmd_async_id" /* the client's id as told in the register reply */
#define LRMD_FIELD_ORIGIN     "lrmd_origin"   /* free text, ignored */
#define LRMD_FIELD_TIMEOUT    "lrmd_timeout"

/* --- registration --- */
#define LRMD_FIELD_CLIENT_ID        "lrmd_clientid"
#define LRMD_FIELD_CLIENT_NAME      "lrmd_clientname"
#define LRMD_FIELD_PROTOCOL_VERSION "lrmd_protocol_version"
#define LRMD_FIELD_IS_IPC_PROVIDER  "lrmd_is_ipc_provider"

/* --- resources and operations on them --- */
#define LRMD_FIELD_RSC_ID      "lrmd_rsc_id"
#define LRMD_FIELD_CLASS       "lrmd_class"
#define LRMD_FIELD_PROVIDER    "lrmd_provider"
#define LRMD_FIELD_RSC_TYPE    "lrmd_type"
#define LRMD_FIELD_ACTION      "lrmd_rsc_action"
#define LRMD_FIELD_INTERVAL    "lrmd_rsc_interval"    /* ms, unsigned */
#define LRMD_FIELD_START_DELAY "lrmd_rsc_start_delay" /* ms */
#define LRMD_FIELD_USERDATA    "lrmd_rsc_userdata_str"
#define LRMD_FIELD_WATCHDOG    "lrmd_watchdog"

/* --- results --- */
#define LRMD_FIELD_EXEC_RC       "lrmd_exec_rc"        /* enum ocf_rc */
#define LRMD_FIELD_EXEC_STATUS   "lrmd_exec_op_status" /* enum exec_status */
#define LRMD_FIELD_DELETED       "lrmd_rsc_deleted"
#define LRMD_FIELD_RUN_TIME      "lrmd_run_time"      /* epoch seconds */
#define LRMD_FIELD_RCCHANGE_TIME "lrmd_rcchange_time" /* epoch seconds */
#define LRMD_FIELD_EXEC_TIME     "lrmd_exec_time"     /* ms */
#define LRMD_FIELD_QUEUE_TIME    "lrmd_queue_time"    /* ms */
#define LRMD_FIELD_OUTPUT        "lrmd_rsc_output"
#define LRMD_FIELD_EXIT_REASON   "lrmd_rsc_exit_reason"

/* --- alerts --- */
#define LRMD_FIELD_ALERT_ID   "lrmd_alert_id"
#define LRMD_FIELD_ALERT_PATH "lrmd_alert_path"

/* --- proxied IPC (spec 50 §13) --- */
#define LRMD_TAG_PROXY            "lrmd_ipc_proxy"
#define LRMD_TAG_PROXY_MSG        "lrmd_ipc_msg"
#define LRMD_FIELD_PROXY_OP       "lrmd_ipc_op"
#define LRMD_FIELD_PROXY_SERVER   "lrmd_ipc_server"
#define LRMD_FIELD_PROXY_SESSION  "lrmd_ipc_session"
#define LRMD_FIELD_PROXY_CLIENT   "lrmd_ipc_client"
#define LRMD_FIELD_PROXY_USER     "lrmd_ipc_user"
#define LRMD_FIELD_PROXY_MSG_ID   "lrmd_ipc_msg_id"
#define LRMD_FIELD_PROXY_FLAGS    "lrmd_ipc_msg_flags"
#define LRMD_PROXY_NEW            "new"
#define LRMD_PROXY_REQUEST        "request"
#define LRMD_PROXY_RESPONSE       "response"
#define LRMD_PROXY_EVENT          "event"
#define LRMD_PROXY_DESTROY        "destroy"
#define LRMD_PROXY_SHUTDOWN_REQ   "shutdown_req"
#define LRMD_PROXY_SHUTDOWN_ACK   "shutdown_ack"
#define LRMD_PROXY_SHUTDOWN_NACK  "shutdown_nack"
#define LRMD_PROXY_NO_SESSION     "0" /* of messages that concern the node */

/* --- messages over TLS (spec 50 §12.4) --- */
#define LRMD_FIELD_REMOTE_MSG_ID   "lrmd_remote_msg_id"
#define LRMD_FIELD_REMOTE_MSG_TYPE "lrmd_remote_msg_type"
#define LRMD_REMOTE_REQUEST        "request"
#define LRMD_REMOTE_REPLY          "reply"  /* with the id of the request */
#define LRMD_REMOTE_NOTIFY         "notify" /* id 0 */
#define LRMD_REMOTE_PORT           3121

/*
 * lrmd_callopt.  The overlap of 3 and 2 is historical: each value is looked at only for its own operation.
 */
enum lrmd_call_option {
    LRMD_OPT_NOTIFY_ORIGINATOR = 2, /* exec: the result goes to the requesting client alone */
    LRMD_OPT_DROP_RECURRING = 3,    /* register: the client's recurring operations end with its connection */
    LRMD_OPT_NOTIFY_CHANGES = 4,    /* exec, recurring: notify only when the result differs */
};

#endif
