/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of the executor: standards and what they can do, what exit statuses and errnos mean.
 * Used by exec_run.c, the executor's core, the tools.  Pure: no I/O.  (spec 50 §5, §6.4, §7)
 */
#include "lib/base/text.h"
#include "lib/exec/exec.h"

#include <stdarg.h>
#include <string.h>

#define REASON_PREFIX "ocf-exit-reason:"
#define REASON_LIMIT  128

static const struct {
    enum exec_standard standard;
    const char *name;
    unsigned capabilities;
} standards[] = {
    { EXEC_STANDARD_OCF, "ocf", EXEC_CAP_PROVIDER | EXEC_CAP_PARAMS | EXEC_CAP_UNIQUE | EXEC_CAP_PROMOTABLE },
    { EXEC_STANDARD_LSB, "lsb", EXEC_CAP_STATUS },
    { EXEC_STANDARD_SERVICE, "service", EXEC_CAP_STATUS },
    { EXEC_STANDARD_SYSTEMD, "systemd", EXEC_CAP_STATUS },
    { EXEC_STANDARD_NAGIOS, "nagios", EXEC_CAP_PARAMS },
    { EXEC_STANDARD_STONITH, "stonith", EXEC_CAP_PARAMS | EXEC_CAP_UNIQUE | EXEC_CAP_FENCE_PARAMS },
};

enum exec_standard
exec_standard_parse(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(standards); i++) {
        if (text_equal_nocase(name, standards[i].name)) {
            return standards[i].standard;
        }
    }
    return EXEC_STANDARD_UNKNOWN;
}

const char *
exec_standard_name(enum exec_standard standard)
{
    for (size_t i = 0; i < G_N_ELEMENTS(standards); i++) {
        if (standards[i].standard == standard) {
            return standards[i].name;
        }
    }
    return "unknown";
}

unsigned
exec_standard_capabilities(enum exec_standard standard)
{
    for (size_t i = 0; i < G_N_ELEMENTS(standards); i++) {
        if (standards[i].standard == standard) {
            return standards[i].capabilities;
        }
    }
    return 0;
}

const char *
exec_agent_action(enum exec_standard standard, const char *action)
{
    if ((exec_standard_capabilities(standard) & EXEC_CAP_STATUS)
        && text_equal_nocase(action, "monitor")) {
        return "status";
    }
    return action;
}

bool
exec_parse_agent_spec(const char *spec, char **standard, char **provider, char **type)
{
    g_auto(GStrv) words = g_strsplit(spec ? spec : "", ":", 2);
    g_auto(GStrv) rest = NULL;

    *standard = *provider = *type = NULL;
    if (g_strv_length(words) != 2 || *words[0] == '\0' || *words[1] == '\0') {
        return false;
    }
    if (exec_standard_capabilities(exec_standard_parse(words[0])) & EXEC_CAP_PROVIDER) {
        rest = g_strsplit(words[1], ":", 2);
        if (g_strv_length(rest) != 2 || *rest[0] == '\0' || *rest[1] == '\0') {
            return false;
        }
        *provider = g_strdup(rest[0]);
        *type = g_strdup(rest[1]);
    } else {
        *type = g_strdup(words[1]);
    }
    *standard = g_strdup(words[0]);
    return true;
}

void
exec_result_clear(struct exec_result *r)
{
    g_clear_pointer(&r->reason, g_free);
    g_clear_pointer(&r->out, g_free);
    g_clear_pointer(&r->err, g_free);
}

void
exec_result_set(struct exec_result *r, int rc, int status, const char *format, ...)
{
    r->rc = rc;
    r->status = status;
    g_clear_pointer(&r->reason, g_free);
    if (format != NULL) {
        va_list ap;

        va_start(ap, format);
        r->reason = g_strdup_vprintf(format, ap);
        va_end(ap);
    }
}

const char *
exec_result_output(const struct exec_result *r)
{
    if (r->err != NULL && *r->err != '\0') {
        return r->err;
    }
    return (r->out != NULL && *r->out != '\0') ? r->out : NULL;
}

/* An LSB script's answer to "status" (spec 50 §7.2). */
static int
map_lsb_status(int exit_status)
{
    switch (exit_status) {
    case 0: /* running */
        return OCF_RC_OK;
    case 1: /* dead, pid file left */
    case 2: /* dead, lock file left */
    case 3: /* not running */
        return OCF_RC_NOT_RUNNING;
    case 150:
        return OCF_RC_NOT_INSTALLED;
    case 151:
        return OCF_RC_INSUFFICIENT_PRIV;
    default:
        return OCF_RC_ERROR;
    }
}

int
exec_map_exit(enum exec_standard standard, const char *action, int exit_status)
{
    if (standard == EXEC_STANDARD_LSB) {
        if (text_is_one_of(action, "status", "monitor", NULL)) {
            return map_lsb_status(exit_status);
        }
        return (exit_status >= 0 && exit_status <= 7) ? exit_status : OCF_RC_ERROR;
    }
    if ((exit_status >= 0 && exit_status <= 9) || exit_status == 190 || exit_status == 191) {
        return exit_status;
    }
    return OCF_RC_ERROR;
}

void
exec_map_errno(struct exec_result *r, int error, const char *name)
{
    switch (error) {
    case ENOENT:
    case EISDIR:
    case ENOTDIR:
    case EINVAL:
    case ENOEXEC:
        exec_result_set(r, OCF_RC_NOT_INSTALLED, EXEC_NOT_INSTALLED, "%s: %s", name, g_strerror(error));
        break;
    case EACCES:
    case EPERM:
        exec_result_set(r, OCF_RC_INSUFFICIENT_PRIV, EXEC_ERROR, "%s: %s", name, g_strerror(error));
        break;
    default:
        exec_result_set(r, OCF_RC_ERROR, EXEC_ERROR, "%s", g_strerror(error));
        break;
    }
}

char *
exec_find_reason(const char *err)
{
    const char *last = NULL;
    size_t len;

    if (err == NULL) {
        return NULL;
    }
    for (const char *p = err; (p = strstr(p, REASON_PREFIX)) != NULL;) {
        p += strlen(REASON_PREFIX);
        last = p;
    }
    if (last == NULL) {
        return NULL;
    }
    len = strcspn(last, "\n");
    return (len == 0) ? NULL : g_strndup(last, MIN(len, REASON_LIMIT));
}
