/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names on the wire of the CIB protocol: elements and attributes of requests, replies and notifications.
 * The one place where they are written; used by lib/cib and the daemon.  (spec 20 §8, §9)
 */
#ifndef CIB_CIB_PROTO_H
#define CIB_CIB_PROTO_H

/* Message elements. */
#define CIB_EL_COMMAND      "cib_command"
#define CIB_EL_REPLY        "cib-reply"
#define CIB_EL_CALLBACK     "cib-callback"
#define CIB_EL_CALLDATA     "cib_calldata"
#define CIB_EL_NOTIFY       "notify"
#define CIB_EL_REFRESH      "notify-replace"
#define CIB_EL_UPDATE       "cib_update"
#define CIB_EL_RESULT       "cib_update_result"
#define CIB_EL_GENERATION   "cib_generation"
#define CIB_EL_TUPLE        "generation_tuple"
#define CIB_EL_REPLACE_GEN  "cib-replace-generation"
#define CIB_EL_PING         "ping_response"
#define CIB_EL_UPGRADE      "cib_process_upgrade_server"
#define CIB_EL_FAILED       "failed"
#define CIB_EL_XPATH_QUERY  "xpath-query"
#define CIB_EL_XPATH_PATH   "xpath-query-path"

/* Attributes. */
#define CIB_F_TYPE           "t"
#define CIB_F_SUBTYPE        "subt"
#define CIB_F_SRC            "src"
#define CIB_F_NAME           "__name__"
#define CIB_F_OP             "cib_op"
#define CIB_F_CALL_ID        "cib_callid"
#define CIB_F_CALL_OPT       "cib_callopt"
#define CIB_F_CLIENT_ID      "cib_clientid"
#define CIB_F_CLIENT_NAME    "cib_clientname"
#define CIB_F_ASYNC_ID       "cib_async_id"
#define CIB_F_HOST           "cib_host"
#define CIB_F_SECTION        "cib_section"
#define CIB_F_RC             "cib_rc"
#define CIB_F_USER           "cib_user"
#define CIB_F_ACL_TARGET     "acl_target"
#define CIB_F_DELEGATED      "cib_delegated_from"
#define CIB_F_REPLY_TO       "cib_isreplyto"
#define CIB_F_GLOBAL_UPDATE  "cib_update"
#define CIB_F_ORIGINAL_OP    "original_cib_op"
#define CIB_F_PING_ID        "cib_ping_id"
#define CIB_F_SCHEMA_MAX     "cib_schema_max"
#define CIB_F_UPGRADE_RC     "cib_upgrade_rc"
#define CIB_F_NOTIFY_TYPE    "cib_notify_type"
#define CIB_F_NOTIFY_ON      "cib_notify_activate"
#define CIB_F_NOTIFY_PATHS   "cib_notify_paths" /* ours alone: see cib_interest.h */
#define CIB_F_OBJECT         "cib_object"
#define CIB_F_OBJECT_TYPE    "cib_object_type"
#define CIB_F_CHANGE_SECTION "cib_change_section"
#define CIB_F_DIGEST         "digest"

/* Values of `t`. */
#define CIB_T_CIB    "cib"
#define CIB_T_NOTIFY "cib_notify"

/* Root attributes of the document. */
#define CIB_A_ADMIN_EPOCH    "admin_epoch"
#define CIB_A_EPOCH          "epoch"
#define CIB_A_NUM_UPDATES    "num_updates"
#define CIB_A_FEATURE_SET    "crm_feature_set"
#define CIB_A_VALIDATE_WITH  "validate-with"
#define CIB_A_LAST_WRITTEN   "cib-last-written"
#define CIB_A_UPDATE_ORIGIN  "update-origin"
#define CIB_A_UPDATE_CLIENT  "update-client"
#define CIB_A_UPDATE_USER    "update-user"
#define CIB_A_HAVE_QUORUM    "have-quorum"
#define CIB_A_DC_UUID        "dc-uuid"

#endif
