/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of results: one row a code, as the specification prints them.
 * Called by everybody; allocates nothing, logs nothing.  (spec 10 §12)
 */
#include "lib/base/result.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

/* Function results with their names, texts and legacy numbers (spec 10 §12.2). */
static const struct result_row {
    int rc;
    const char *name;
    const char *text;
    int legacy;
} RESULTS[] = {
    { RC_ERROR, "pcmk_rc_error", "Error", LEGACY_GENERIC },
    { RC_UNKNOWN_FORMAT, "pcmk_rc_unknown_format", "Unknown output format", LEGACY_UNKNOWN_FORMAT },
    { RC_BAD_NVPAIR, "pcmk_rc_bad_nvpair", "Bad name/value pair given", LEGACY_BAD_NVPAIR },
    { RC_ALREADY, "pcmk_rc_already", "Already in requested state", LEGACY_ALREADY },
    { RC_NODE_UNKNOWN, "pcmk_rc_node_unknown", "Node not found", LEGACY_NODE_UNKNOWN },
    { RC_MULTIPLE, "pcmk_rc_multiple", "Resource active on multiple nodes", LEGACY_MULTIPLE },
    { RC_CIB_CORRUPT, "pcmk_rc_cib_corrupt", "Could not parse on-disk configuration", LEGACY_CIB_CORRUPT },
    { RC_CIB_SAVE, "pcmk_rc_cib_save", "Could not save new configuration to disk", LEGACY_CIB_SAVE },
    { RC_CIB_BACKUP, "pcmk_rc_cib_backup", "Could not archive previous configuration", LEGACY_CIB_BACKUP },
    { RC_CIB_MODIFIED, "pcmk_rc_cib_modified", "On-disk configuration was manually modified", LEGACY_CIB_MODIFIED },
    { RC_DIFF_RESYNC, "pcmk_rc_diff_resync", "Application of update diff failed, requesting full refresh", LEGACY_DIFF_RESYNC },
    { RC_DIFF_FAILED, "pcmk_rc_diff_failed", "Application of update diff failed", LEGACY_DIFF_FAILED },
    { RC_OLD_DATA, "pcmk_rc_old_data", "Update was older than existing configuration", LEGACY_OLD_DATA },
    { RC_TRANSFORM_FAILED, "pcmk_rc_transform_failed", "Schema transform failed", LEGACY_TRANSFORM_FAILED },
    { RC_SCHEMA_UNCHANGED, "pcmk_rc_schema_unchanged", "Schema is already the latest available", LEGACY_SCHEMA_UNCHANGED },
    { RC_SCHEMA_VALIDATION, "pcmk_rc_schema_validation", "Update does not conform to the configured schema", LEGACY_SCHEMA_VALIDATION },
    { RC_NO_QUORUM, "pcmk_rc_no_quorum", "Operation requires quorum", LEGACY_NO_QUORUM },
    { RC_IPC_UNAUTHORIZED, "pcmk_rc_ipc_unauthorized", "IPC server is blocked by unauthorized process", LEGACY_GENERIC },
    { RC_IPC_UNRESPONSIVE, "pcmk_rc_ipc_unresponsive", "IPC server is unresponsive", LEGACY_GENERIC },
    { RC_IPC_PID_ONLY, "pcmk_rc_ipc_pid_only", "IPC server process is active but not accepting connections", LEGACY_GENERIC },
    { RC_OP_UNSATISFIED, "pcmk_rc_op_unsatisfied", "Not applicable under current conditions", LEGACY_GENERIC },
    { RC_UNDETERMINED, "pcmk_rc_undetermined", "Result undetermined", LEGACY_GENERIC },
    { RC_BEFORE_RANGE, "pcmk_rc_before_range", "Result occurs before given range", LEGACY_GENERIC },
    { RC_WITHIN_RANGE, "pcmk_rc_within_range", "Result occurs within given range", LEGACY_GENERIC },
    { RC_AFTER_RANGE, "pcmk_rc_after_range", "Result occurs after given range", LEGACY_GENERIC },
    { RC_NO_OUTPUT, "pcmk_rc_no_output", "Output message produced no output", LEGACY_GENERIC },
    { RC_NO_INPUT, "pcmk_rc_no_input", "Input file not available", LEGACY_GENERIC },
    { RC_UNDERFLOW, "pcmk_rc_underflow", "Value too small to be stored in data type", LEGACY_GENERIC },
    { RC_DOT_ERROR, "pcmk_rc_dot_error", "Error writing dot(1) file", LEGACY_GENERIC },
    { RC_GRAPH_ERROR, "pcmk_rc_graph_error", "Error writing graph file", LEGACY_GENERIC },
    { RC_INVALID_TRANSITION, "pcmk_rc_invalid_transition", "Cluster simulation produced invalid transition", LEGACY_GENERIC },
    { RC_UNPACK_ERROR, "pcmk_rc_unpack_error", "Unable to parse CIB XML", LEGACY_GENERIC },
    { RC_DUPLICATE_ID, "pcmk_rc_duplicate_id", "Two or more XML elements have the same ID", LEGACY_GENERIC },
};

static const struct exit_row {
    enum crm_exit code;
    const char *name;
    const char *text;
} EXITS[] = {
    { CRM_EX_OK, "CRM_EX_OK", "OK" },
    { CRM_EX_ERROR, "CRM_EX_ERROR", "Error occurred" },
    { CRM_EX_INVALID_PARAM, "CRM_EX_INVALID_PARAM", "Invalid parameter" },
    { CRM_EX_UNIMPLEMENT_FEATURE, "CRM_EX_UNIMPLEMENT_FEATURE", "Unimplemented" },
    { CRM_EX_INSUFFICIENT_PRIV, "CRM_EX_INSUFFICIENT_PRIV", "Insufficient privileges" },
    { CRM_EX_NOT_INSTALLED, "CRM_EX_NOT_INSTALLED", "Not installed" },
    { CRM_EX_NOT_CONFIGURED, "CRM_EX_NOT_CONFIGURED", "Not configured" },
    { CRM_EX_NOT_RUNNING, "CRM_EX_NOT_RUNNING", "Not running" },
    { CRM_EX_PROMOTED, "CRM_EX_PROMOTED", "Promoted" },
    { CRM_EX_FAILED_PROMOTED, "CRM_EX_FAILED_PROMOTED", "Failed in promoted role" },
    { CRM_EX_USAGE, "CRM_EX_USAGE", "Incorrect usage" },
    { CRM_EX_DATAERR, "CRM_EX_DATAERR", "Invalid data given" },
    { CRM_EX_NOINPUT, "CRM_EX_NOINPUT", "Input file not available" },
    { CRM_EX_NOUSER, "CRM_EX_NOUSER", "User does not exist" },
    { CRM_EX_NOHOST, "CRM_EX_NOHOST", "Host does not exist" },
    { CRM_EX_UNAVAILABLE, "CRM_EX_UNAVAILABLE", "Necessary service unavailable" },
    { CRM_EX_SOFTWARE, "CRM_EX_SOFTWARE", "Internal software bug" },
    { CRM_EX_OSERR, "CRM_EX_OSERR", "Operating system error occurred" },
    { CRM_EX_OSFILE, "CRM_EX_OSFILE", "System file not available" },
    { CRM_EX_CANTCREAT, "CRM_EX_CANTCREAT", "Cannot create output file" },
    { CRM_EX_IOERR, "CRM_EX_IOERR", "I/O error occurred" },
    { CRM_EX_TEMPFAIL, "CRM_EX_TEMPFAIL", "Temporary failure, try again" },
    { CRM_EX_PROTOCOL, "CRM_EX_PROTOCOL", "Protocol violated" },
    { CRM_EX_NOPERM, "CRM_EX_NOPERM", "Insufficient privileges" },
    { CRM_EX_CONFIG, "CRM_EX_CONFIG", "Invalid configuration" },
    { CRM_EX_FATAL, "CRM_EX_FATAL", "Fatal error occurred, will not respawn" },
    { CRM_EX_PANIC, "CRM_EX_PANIC", "System panic required" },
    { CRM_EX_DISCONNECT, "CRM_EX_DISCONNECT", "Not connected" },
    { CRM_EX_OLD, "CRM_EX_OLD", "Update was older than existing configuration" },
    { CRM_EX_DIGEST, "CRM_EX_DIGEST", "Digest mismatch" },
    { CRM_EX_NOSUCH, "CRM_EX_NOSUCH", "No such object" },
    { CRM_EX_QUORUM, "CRM_EX_QUORUM", "Quorum required" },
    { CRM_EX_UNSAFE, "CRM_EX_UNSAFE", "Operation not safe" },
    { CRM_EX_EXISTS, "CRM_EX_EXISTS", "Requested item already exists" },
    { CRM_EX_MULTIPLE, "CRM_EX_MULTIPLE", "Multiple items match request" },
    { CRM_EX_EXPIRED, "CRM_EX_EXPIRED", "Requested item has expired" },
    { CRM_EX_NOT_YET_IN_EFFECT, "CRM_EX_NOT_YET_IN_EFFECT", "Requested item is not yet in effect" },
    { CRM_EX_INDETERMINATE, "CRM_EX_INDETERMINATE", "Could not determine status" },
    { CRM_EX_UNSATISFIED, "CRM_EX_UNSATISFIED", "Not applicable under current conditions" },
    { CRM_EX_TIMEOUT, "CRM_EX_TIMEOUT", "Timeout occurred" },
    { CRM_EX_DEGRADED, "CRM_EX_DEGRADED", "Service is active but might fail soon" },
    { CRM_EX_DEGRADED_PROMOTED, "CRM_EX_DEGRADED_PROMOTED", "Service is promoted but might fail soon" },
    { CRM_EX_NONE, "CRM_EX_NONE", "No exit status available" },
    { CRM_EX_MAX, "CRM_EX_UNKNOWN", "Error occurred" },
};

static const struct result_row *
find_result(int rc)
{
    for (size_t i = 0; i < G_N_ELEMENTS(RESULTS); i++) {
        if (RESULTS[i].rc == rc) {
            return &RESULTS[i];
        }
    }
    return NULL;
}

static const struct result_row *
find_legacy(int legacy)
{
    for (size_t i = 0; i < G_N_ELEMENTS(RESULTS); i++) {
        if (RESULTS[i].legacy == legacy) {
            return &RESULTS[i];
        }
    }
    return NULL;
}

const char *
result_text(int rc)
{
    const struct result_row *row = find_result(rc);

    if (rc == RC_OK) {
        return "OK";
    }
    if (row != NULL) {
        return row->text;
    }
    return (rc > 0) ? strerror(rc) : "Error";
}

/* Macro name of an errno, as far as peers know one: lists of codes leave the exotic ones out. */
static const char *
errno_name(int rc)
{
    static const int UNNAMED[] = { ELNRNG, ENOCSI, ENOANO, EBFONT, EADV, ESRMNT, EDOTDOT, ETOOMANYREFS, ENOTNAM,
                                   ENAVAIL, EOWNERDEAD, ENOTRECOVERABLE, ERFKILL, EHWPOISON };
    const char *name;

    for (size_t i = 0; i < G_N_ELEMENTS(UNNAMED); i++) {
        if (UNNAMED[i] == rc) {
            return "Unknown";
        }
    }
    if (rc == EDEADLK) {
        return "EDEADLOCK"; /* two names for one number */
    }
    name = (rc > 0) ? strerrorname_np(rc) : NULL;
    return (name != NULL) ? name : "Unknown";
}

const char *
result_name(int rc)
{
    const struct result_row *row = find_result(rc);

    if (rc == RC_OK) {
        return "pcmk_rc_ok";
    }
    return (row != NULL) ? row->name : errno_name(rc);
}

enum crm_exit
result_to_exit(int rc)
{
    switch (rc) {
    case RC_OK:
    case RC_WITHIN_RANGE:
        return CRM_EX_OK;
    case RC_BAD_NVPAIR:
        return CRM_EX_INVALID_PARAM;
    case ENOTSUP: /* equal to EOPNOTSUPP on Linux */
        return CRM_EX_UNIMPLEMENT_FEATURE;
    case EACCES:
        return CRM_EX_INSUFFICIENT_PRIV;
    case RC_NO_INPUT:
        return CRM_EX_NOINPUT;
    case EBADF:
    case EINVAL:
    case EFAULT:
    case ENOSYS:
    case EOVERFLOW:
    case RC_UNDERFLOW:
        return CRM_EX_SOFTWARE;
    case ECOMM:
    case ENOMEM:
        return CRM_EX_OSERR;
    case EIO:
    case RC_NO_OUTPUT:
    case RC_DOT_ERROR:
    case RC_GRAPH_ERROR:
        return CRM_EX_IOERR;
    case EBADMSG:
    case EMSGSIZE:
    case ENOMSG:
    case ENOPROTOOPT:
    case EPROTO:
    case EPROTONOSUPPORT:
    case EPROTOTYPE:
        return CRM_EX_PROTOCOL;
    case RC_SCHEMA_VALIDATION:
    case RC_TRANSFORM_FAILED:
    case RC_UNPACK_ERROR:
        return CRM_EX_CONFIG;
    case ECONNABORTED:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENOTCONN:
        return CRM_EX_DISCONNECT;
    case RC_OLD_DATA:
        return CRM_EX_OLD;
    case ENODEV:
    case ENOENT:
    case ENXIO:
    case RC_NODE_UNKNOWN:
    case RC_UNKNOWN_FORMAT:
        return CRM_EX_NOSUCH;
    case RC_NO_QUORUM:
        return CRM_EX_QUORUM;
    case EEXIST:
    case RC_ALREADY:
        return CRM_EX_EXISTS;
    case ENOTUNIQ:
    case RC_MULTIPLE:
    case RC_DUPLICATE_ID:
        return CRM_EX_MULTIPLE;
    case RC_AFTER_RANGE:
        return CRM_EX_EXPIRED;
    case RC_BEFORE_RANGE:
        return CRM_EX_NOT_YET_IN_EFFECT;
    case RC_UNDETERMINED:
        return CRM_EX_INDETERMINATE;
    case EAGAIN:
    case EBUSY:
    case RC_OP_UNSATISFIED:
        return CRM_EX_UNSATISFIED;
    case ETIME:
    case ETIMEDOUT:
        return CRM_EX_TIMEOUT;
    default:
        return CRM_EX_ERROR;
    }
}

enum ocf_rc
result_to_ocf(int rc)
{
    switch (rc) {
    case RC_OK:
        return OCF_RC_OK;
    case RC_BAD_NVPAIR:
        return OCF_RC_INVALID_PARAM;
    case EACCES:
        return OCF_RC_INSUFFICIENT_PRIV;
    case ENOTSUP:
        return OCF_RC_UNIMPLEMENTED;
    default:
        return OCF_RC_ERROR;
    }
}

int
result_to_legacy(int rc)
{
    const struct result_row *row = find_result(rc);

    if (rc >= 0) {
        return -rc;
    }
    return (row != NULL) ? row->legacy : LEGACY_GENERIC;
}

int
legacy_to_result(int legacy)
{
    const struct result_row *row;

    legacy = -abs(legacy);
    if (legacy > LEGACY_GENERIC) {
        return -legacy; /* an errno */
    }
    row = find_legacy(legacy);
    return (row != NULL) ? row->rc : RC_ERROR;
}

const char *
legacy_text(int legacy)
{
    const struct result_row *row;

    if (legacy == INT_MIN) {
        return "Error";
    }
    legacy = -abs(legacy);
    if (legacy == 0) {
        return "OK";
    }
    row = find_legacy(legacy);
    return (row != NULL) ? row->text : strerror(-legacy);
}

/* The legacy names are those of the results with "err" in the place of "rc". */
const char *
legacy_name(int legacy)
{
    static const struct {
        int code;
        const char *name;
    } NAMES[] = {
        { LEGACY_GENERIC, "pcmk_err_generic" },
        { LEGACY_NO_QUORUM, "pcmk_err_no_quorum" },
        { LEGACY_SCHEMA_VALIDATION, "pcmk_err_schema_validation" },
        { LEGACY_TRANSFORM_FAILED, "pcmk_err_transform_failed" },
        { LEGACY_OLD_DATA, "pcmk_err_old_data" },
        { LEGACY_DIFF_FAILED, "pcmk_err_diff_failed" },
        { LEGACY_DIFF_RESYNC, "pcmk_err_diff_resync" },
        { LEGACY_CIB_MODIFIED, "pcmk_err_cib_modified" },
        { LEGACY_CIB_BACKUP, "pcmk_err_cib_backup" },
        { LEGACY_CIB_SAVE, "pcmk_err_cib_save" },
        { LEGACY_CIB_CORRUPT, "pcmk_err_cib_corrupt" },
        { LEGACY_MULTIPLE, "pcmk_err_multiple" },
        { LEGACY_NODE_UNKNOWN, "pcmk_err_node_unknown" },
        { LEGACY_ALREADY, "pcmk_err_already" },
        { LEGACY_BAD_NVPAIR, "pcmk_err_bad_nvpair" },
        { LEGACY_UNKNOWN_FORMAT, "pcmk_err_unknown_format" },
    };

    if (legacy == INT_MIN) {
        return "Unknown";
    }
    legacy = -abs(legacy);
    if (legacy == 0) {
        return "pcmk_rc_ok";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        if (NAMES[i].code == legacy) {
            return NAMES[i].name;
        }
    }
    return errno_name(-legacy);
}

static const struct exit_row *
find_exit(int code)
{
    for (size_t i = 0; i < G_N_ELEMENTS(EXITS); i++) {
        if ((int)EXITS[i].code == code) {
            return &EXITS[i];
        }
    }
    return NULL;
}

const char *
crm_exit_name(int code)
{
    const struct exit_row *row = find_exit(code);

    return (row != NULL) ? row->name : "CRM_EX_UNKNOWN";
}

const char *
crm_exit_text(int code)
{
    const struct exit_row *row = find_exit(code);

    if (row != NULL) {
        return row->text;
    }
    return (code > 128 && code < 255) ? "Interrupted by signal" : "Unknown exit status";
}

const char *
exec_status_text(int status)
{
    static const char *const TEXTS[] = {
        "complete", "Cancelled", "Timed Out", "NOT SUPPORTED", "Error", "Hard error", "Fatal error",
        "Not installed", "Internal communication failure", "Cannot execute now", "No fence device",
        "CIB secrets unavailable",
    };

    if (status == EXEC_PENDING) {
        return "pending";
    }
    if (status >= 0 && status < (int)G_N_ELEMENTS(TEXTS)) {
        return TEXTS[status];
    }
    return "UNKNOWN!";
}

const char *
ocf_rc_text(int rc)
{
    switch (rc) {
    case OCF_RC_OK:
        return "ok";
    case OCF_RC_ERROR:
        return "error";
    case OCF_RC_INVALID_PARAM:
        return "invalid parameter";
    case OCF_RC_UNIMPLEMENTED:
        return "unimplemented feature";
    case OCF_RC_INSUFFICIENT_PRIV:
        return "insufficient privileges";
    case OCF_RC_NOT_INSTALLED:
        return "not installed";
    case OCF_RC_NOT_CONFIGURED:
        return "not configured";
    case OCF_RC_NOT_RUNNING:
        return "not running";
    case OCF_RC_PROMOTED:
        return "promoted";
    case OCF_RC_FAILED_PROMOTED:
        return "promoted (failed)";
    case OCF_RC_DEGRADED:
        return "OCF_DEGRADED";
    case OCF_RC_DEGRADED_PROMOTED:
        return "promoted (degraded)";
    default:
        return "unknown";
    }
}
