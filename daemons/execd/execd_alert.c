/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running alert agents.  Called by main.c.  Tells nobody of the outcome but the log.  (spec 50 §11.2)
 */
#include "daemons/execd/execd_alert.h"

#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/exec/process.h"
#include "lib/ipc/ipc_access.h"

#include <string.h>
#include <sys/stat.h>

#define EXTRA_WAIT_MS 5000

static struct {
    unsigned running;
    int longest_ms; /* largest time limit among those that run, or have run since none did */
    bool is_finishing;
} alerts;

struct alert {
    char *id;
    int timeout_ms;
};

static void
alert_ended(struct alert *alert)
{
    g_free(alert->id);
    g_free(alert);
    if (--alerts.running == 0) {
        alerts.longest_ms = 0;
        if (alerts.is_finishing) {
            daemon_quit(CRM_EX_OK);
        }
    }
}

static void
log_failure(const struct alert *alert, const struct exec_result *r)
{
    log_notice("Could not send alert: %s (%s)" LOG_XT "client=%s", exec_status_text(r->status),
               r->reason ? r->reason : "unknown reason", alert->id);
}

static void
on_done(struct process *p, const struct process_result *end, void *data)
{
    struct alert *alert = data;
    struct exec_result r = { 0 };

    switch (end->end) {
    case PROCESS_EXITED:
        if (end->value == 0) {
            log_debug("Alert [%d] completed" LOG_XT "client=%s", (int) end->pid, alert->id);
        } else {
            log_notice("Alert [%d] completed but exited with status %d" LOG_XT "client=%s", (int) end->pid,
                       end->value, alert->id);
        }
        break;
    case PROCESS_SIGNALLED:
        exec_result_set(&r, OCF_RC_ERROR, EXEC_ERROR, "Alert agent interrupted by %s signal",
                        strsignal(end->value));
        log_failure(alert, &r);
        break;
    case PROCESS_TIMED_OUT:
    case PROCESS_KILLED:
        exec_result_set(&r, OCF_RC_ERROR, EXEC_TIMEOUT, "Alert agent did not complete within %s",
                        text_readable_interval((guint) alert->timeout_ms));
        log_failure(alert, &r);
        break;
    case PROCESS_NO_EXEC:
        exec_map_errno(&r, end->value, "agent");
        log_failure(alert, &r);
        break;
    }
    exec_result_clear(&r);
    alert_ended(alert);
}

void
execd_alert_run(const struct execd_effect *e)
{
    struct process_spec spec = {
        .path = e->action,
        .env = e->params,
        .timeout_ms = e->timeout_ms,
        .flags = PROCESS_DROP_PRIVILEGES,
    };
    struct exec_result r = { 0 };
    struct alert *alert;
    struct stat st;
    int error = 0;

    if (alerts.is_finishing) {
        return;
    }
    alert = g_new0(struct alert, 1);
    alert->id = g_strdup(e->rsc_id);
    alert->timeout_ms = e->timeout_ms;
    alerts.running++;
    alerts.longest_ms = MAX(alerts.longest_ms, e->timeout_ms);
    if (!access_daemon_ids(&spec.uid, &spec.gid)) {
        exec_result_set(&r, OCF_RC_ERROR, EXEC_ERROR, "user %s does not exist", DAEMON_USER);
    } else if (stat(e->action, &st) < 0) {
        exec_map_errno(&r, errno, e->action);
    } else if (process_start(&spec, on_done, alert, &error) == NULL) {
        exec_map_errno(&r, error, e->action);
    } else {
        return;
    }
    log_failure(alert, &r);
    exec_result_clear(&r);
    alert_ended(alert);
}

static gboolean
on_waited_enough(gpointer data)
{
    log_warn("Not waiting for %u alert agents any longer", alerts.running);
    daemon_quit(CRM_EX_OK);
    return G_SOURCE_REMOVE;
}

void
execd_alerts_finish(void)
{
    alerts.is_finishing = true;
    if (alerts.running == 0) {
        daemon_quit(CRM_EX_OK);
        return;
    }
    log_info("Waiting for %u alert agents to end", alerts.running);
    g_timeout_add((guint) MAX(alerts.longest_ms, 0) + EXTRA_WAIT_MS, on_waited_enough, NULL);
}
