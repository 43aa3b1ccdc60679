/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Results: function return codes, their legacy numbering on the wire, exit codes, execution status.
 * Used by everybody.  Pure tables; nothing here allocates or logs.  (spec 10 §12)
 */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#include <errno.h>

/*
 * Return codes of functions: 0, a positive errno, or one of these.  A function that documents "returns a
 * result" returns one of them; success is RC_OK.
 */
enum result_code {
    RC_OK = 0,
    RC_ERROR = -1001,
    RC_UNKNOWN_FORMAT = -1002,
    RC_BAD_NVPAIR = -1003,
    RC_ALREADY = -1004,
    RC_NODE_UNKNOWN = -1005,
    RC_MULTIPLE = -1006,
    RC_CIB_CORRUPT = -1007,
    RC_CIB_SAVE = -1008,
    RC_CIB_BACKUP = -1009,
    RC_CIB_MODIFIED = -1010,
    RC_DIFF_RESYNC = -1011,
    RC_DIFF_FAILED = -1012,
    RC_OLD_DATA = -1013,
    RC_TRANSFORM_FAILED = -1014,
    RC_SCHEMA_UNCHANGED = -1015,
    RC_SCHEMA_VALIDATION = -1016,
    RC_NO_QUORUM = -1017,
    RC_IPC_UNAUTHORIZED = -1018,
    RC_IPC_UNRESPONSIVE = -1019,
    RC_IPC_PID_ONLY = -1020,
    RC_OP_UNSATISFIED = -1021,
    RC_UNDETERMINED = -1022,
    RC_BEFORE_RANGE = -1023,
    RC_WITHIN_RANGE = -1024,
    RC_AFTER_RANGE = -1025,
    RC_NO_OUTPUT = -1026,
    RC_NO_INPUT = -1027,
    RC_UNDERFLOW = -1028,
    RC_DOT_ERROR = -1029,
    RC_GRAPH_ERROR = -1030,
    RC_INVALID_TRANSITION = -1031,
    RC_UNPACK_ERROR = -1032,
    RC_DUPLICATE_ID = -1033,
};

/* Legacy codes: what `cib_rc`, `st_rc` and `lrmd_rc` carry (0, negative errno, or one of these). */
enum legacy_code {
    LEGACY_OK = 0,
    LEGACY_GENERIC = -201,
    LEGACY_NO_QUORUM = -202,
    LEGACY_SCHEMA_VALIDATION = -203,
    LEGACY_TRANSFORM_FAILED = -204,
    LEGACY_OLD_DATA = -205,
    LEGACY_DIFF_FAILED = -206,
    LEGACY_DIFF_RESYNC = -207,
    LEGACY_CIB_MODIFIED = -208,
    LEGACY_CIB_BACKUP = -209,
    LEGACY_CIB_SAVE = -210,
    LEGACY_SCHEMA_UNCHANGED = -211,
    LEGACY_CIB_CORRUPT = -212,
    LEGACY_MULTIPLE = -213,
    LEGACY_NODE_UNKNOWN = -214,
    LEGACY_ALREADY = -215,
    LEGACY_BAD_NVPAIR = -216,
    LEGACY_UNKNOWN_FORMAT = -217,
};

/* Exit codes of programs, also `status` of acknowledgements (spec 10 §12.1). */
enum crm_exit {
    CRM_EX_OK = 0,
    CRM_EX_ERROR = 1,
    CRM_EX_INVALID_PARAM = 2,
    CRM_EX_UNIMPLEMENT_FEATURE = 3,
    CRM_EX_INSUFFICIENT_PRIV = 4,
    CRM_EX_NOT_INSTALLED = 5,
    CRM_EX_NOT_CONFIGURED = 6,
    CRM_EX_NOT_RUNNING = 7,
    CRM_EX_PROMOTED = 8,
    CRM_EX_FAILED_PROMOTED = 9,
    CRM_EX_USAGE = 64,
    CRM_EX_DATAERR = 65,
    CRM_EX_NOINPUT = 66,
    CRM_EX_NOUSER = 67,
    CRM_EX_NOHOST = 68,
    CRM_EX_UNAVAILABLE = 69,
    CRM_EX_SOFTWARE = 70,
    CRM_EX_OSERR = 71,
    CRM_EX_OSFILE = 72,
    CRM_EX_CANTCREAT = 73,
    CRM_EX_IOERR = 74,
    CRM_EX_TEMPFAIL = 75,
    CRM_EX_PROTOCOL = 76,
    CRM_EX_NOPERM = 77,
    CRM_EX_CONFIG = 78,
    CRM_EX_FATAL = 100,
    CRM_EX_PANIC = 101,
    CRM_EX_DISCONNECT = 102,
    CRM_EX_OLD = 103,
    CRM_EX_DIGEST = 104,
    CRM_EX_NOSUCH = 105,
    CRM_EX_QUORUM = 106,
    CRM_EX_UNSAFE = 107,
    CRM_EX_EXISTS = 108,
    CRM_EX_MULTIPLE = 109,
    CRM_EX_EXPIRED = 110,
    CRM_EX_NOT_YET_IN_EFFECT = 111,
    CRM_EX_INDETERMINATE = 112,
    CRM_EX_UNSATISFIED = 113,
    CRM_EX_TIMEOUT = 124,
    CRM_EX_DEGRADED = 190,
    CRM_EX_DEGRADED_PROMOTED = 191,
    CRM_EX_NONE = 193,
    CRM_EX_MAX = 255,
};

/* OCF exit codes of resource agents, `rc-code` of the history (spec 10 §12.4). */
enum ocf_rc {
    OCF_RC_OK = 0,
    OCF_RC_ERROR = 1,
    OCF_RC_INVALID_PARAM = 2,
    OCF_RC_UNIMPLEMENTED = 3,
    OCF_RC_INSUFFICIENT_PRIV = 4,
    OCF_RC_NOT_INSTALLED = 5,
    OCF_RC_NOT_CONFIGURED = 6,
    OCF_RC_NOT_RUNNING = 7,
    OCF_RC_PROMOTED = 8,
    OCF_RC_FAILED_PROMOTED = 9,
    OCF_RC_CONNECTION_DIED = 189,
    OCF_RC_DEGRADED = 190,
    OCF_RC_DEGRADED_PROMOTED = 191,
    OCF_RC_UNKNOWN = 193,
};

/* Execution status: `op-status`, `lrmd_exec_op_status` (spec 10 §12.4). */
enum exec_status {
    EXEC_UNKNOWN = -2,
    EXEC_PENDING = -1,
    EXEC_DONE = 0,
    EXEC_CANCELLED = 1,
    EXEC_TIMEOUT = 2,
    EXEC_NOT_SUPPORTED = 3,
    EXEC_ERROR = 4,
    EXEC_ERROR_HARD = 5,
    EXEC_ERROR_FATAL = 6,
    EXEC_NOT_INSTALLED = 7,
    EXEC_NOT_CONNECTED = 8,
    EXEC_INVALID = 9,
    EXEC_NO_FENCE_DEVICE = 10,
    EXEC_NO_SECRETS = 11,
};

/* Text of a result for a person ("Update was older than existing configuration"); never NULL. */
const char *result_text(int rc);
/* Name of a result ("pcmk_rc_old_data", "EACCES"); "Unknown" if it has none. */
const char *result_name(int rc);
enum crm_exit result_to_exit(int rc);
enum ocf_rc result_to_ocf(int rc);
int result_to_legacy(int rc);
int legacy_to_result(int legacy);
const char *legacy_text(int legacy);
const char *legacy_name(int legacy);

const char *crm_exit_name(int code);
const char *crm_exit_text(int code);

const char *exec_status_text(int status);
/* "ok", "error", "not running", ...: as status output shows an agent's rc (spec 81). */
const char *ocf_rc_text(int rc);

#endif
