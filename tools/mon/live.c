/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_mon's continuous display: connect, watch, show again, reconnect.  Called by main.c.
 * Runs the main loop; nothing here prints status itself.  (spec 80 §5.5)
 */
#include "tools/mon/mon.h"
#include "lib/base/log.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REDRAW_DELAY_MS 2000
#define MAX_PENDING_UPDATES 10

static struct {
    GMainLoop *loop;
    guint retry_timer, redraw_timer;
    unsigned updates;   /* since the last display */
    gint64 shown_at;    /* monotonic, microseconds; 0 never */
    bool lost;
    int exit_code;
} live;

static void try_connect(struct mon *m);

/* A line about the connection: on the screen, or on standard output while the status goes to a file. */
static void
tell(struct mon *m, const char *text)
{
    if (m->format == OUTPUT_CONSOLE) {
        mon_console_clear(m);
        output_info(m->out, "%s", text);
    } else if (m->format == OUTPUT_TEXT || m->format == OUTPUT_HTML) {
        printf("%s\n", text);
        fflush(stdout);
    }
}

/* --- showing --- */

static gboolean
show_now(void *data)
{
    struct mon *m = data;
    int rc;

    if (live.redraw_timer != 0) {
        g_source_remove(live.redraw_timer);
        live.redraw_timer = 0;
    }
    live.updates = 0;
    live.shown_at = g_get_monotonic_time();
    mon_read_history(m);
    if (m->document == NULL) {
        return G_SOURCE_REMOVE;
    }
    if (m->format == OUTPUT_CONSOLE) {
        mon_console_clear(m);
    } else {
        output_rewind(m->out);
    }
    rc = mon_show(m);
    if (rc != RC_OK) {
        live.exit_code = (int)result_to_exit(rc);
        output_error(m->out, "crm_mon: %s", result_text(rc));
        mon_quit(m);
        return G_SOURCE_REMOVE;
    }
    if (m->format == OUTPUT_CONSOLE) {
        output_flush(m->out);
        output_reset_spacing(m->out);
    } else {
        output_finish(m->out, CRM_EX_OK);
    }
    return G_SOURCE_REMOVE;
}

void
mon_redraw(struct mon *m)
{
    show_now(m);
}

/* Something happened: show it now if the last display is old or much has gathered, else in a while. */
static void
note_update(struct mon *m)
{
    gint64 age_ms = (g_get_monotonic_time() - live.shown_at) / 1000;

    if (m->daemonize && m->format == OUTPUT_CONSOLE) {
        return; /* there is only an agent to call */
    }
    if (++live.updates >= MAX_PENDING_UPDATES || age_ms > (gint64)m->interval_ms) {
        show_now(m);
    } else if (live.redraw_timer == 0) {
        live.redraw_timer = g_timeout_add(REDRAW_DELAY_MS, show_now, m);
    }
}

/* --- the cluster --- */

static gboolean
retry(void *data)
{
    live.retry_timer = 0;
    try_connect(data);
    return G_SOURCE_REMOVE;
}

static void
retry_later(struct mon *m)
{
    if (live.retry_timer == 0) {
        live.retry_timer = g_timeout_add(MAX(m->interval_ms, 100), retry, m);
    }
}

static void
on_lost(struct cib_client *c, void *data)
{
    struct mon *m = data;

    tell(m, "Connection to the cluster-daemons terminated");
    live.lost = true;
    cib_client_disconnect(m->cib);
    if (m->fencer != NULL) {
        fence_client_free(m->fencer);
        m->fencer = NULL;
    }
    retry_later(m);
}

static void
on_cib_change(struct cib_client *c, const char *type, const xmlNode *message, void *data)
{
    struct mon *m = data;
    int rc;

    if (cib_notification_rc(message) != RC_OK || m->document == NULL) {
        return;
    }
    rc = cib_notification_apply(&m->document, message);
    if (rc == RC_OLD_DATA) {
        return;
    }
    if (rc != RC_OK && mon_read_cib(m) != RC_OK) {
        tell(m, "--- Stale data ---");
        return;
    }
    mon_agent_cib(m, cib_notification_patch(message));
    if (m->format == OUTPUT_TEXT && (m->tool.output_to == NULL || strcmp(m->tool.output_to, "-") == 0) &&
        !m->daemonize) {
        printf(".");
        fflush(stdout);
    }
    note_update(m);
}

static void
on_fencing(const struct fence_event *event, void *data)
{
    struct mon *m = data;

    if (m->watch_fencing) {
        if (text_equal(event->type, FENCE_NOTIFY_FENCE)) {
            mon_agent_fencing(m, event);
        }
        return;
    }
    note_update(m);
}

static void
connect_fencer(struct mon *m)
{
    static const struct fence_client_callbacks callbacks = { on_fencing };

    if ((!m->fencing && !m->watch_fencing) || m->fencer != NULL) {
        return;
    }
    m->fencer = fence_client_new(&callbacks, m);
    if (fence_client_connect(m->fencer, "crm_mon", true) != 0) {
        return;
    }
    if (m->watch_fencing) {
        fence_client_subscribe(m->fencer, FENCE_NOTIFY_FENCE);
    } else {
        fence_client_subscribe(m->fencer, FENCE_NOTIFY_HISTORY);
        fence_client_subscribe(m->fencer, FENCE_NOTIFY_HISTORY_SYNCED);
    }
}

static bool
is_not_running(int rc)
{
    return rc == ECONNREFUSED || rc == ENOENT || rc == ENOTCONN || rc == EAGAIN || rc == ETIMEDOUT || rc == EPERM;
}

static void
fail(struct mon *m, int rc)
{
    live.exit_code = (int)result_to_exit(rc);
    output_error(m->out, "crm_mon: Connection to cluster failed: %s", result_text(rc));
    mon_quit(m);
}

static void
try_connect(struct mon *m)
{
    g_autofree char *state = NULL;
    bool stop = false;
    int rc;

    tell(m, live.lost ? "Reconnecting..." : "Waiting until cluster is available on this node ...");
    rc = mon_ping_launcher(m, MAX((int)m->interval_ms / 2, 100), &stop, &state);
    if (is_not_running(rc)) {
        retry_later(m);
        return;
    }
    if (rc != RC_OK && rc != EREMOTEIO) {
        fail(m, rc);
        return;
    }
    if (stop) {
        if (m->format == OUTPUT_CONSOLE) {
            tell(m, state != NULL ? state : "");
        }
        retry_later(m);
        return;
    }
    if (m->format == OUTPUT_CONSOLE) {
        tell(m, rc == EREMOTEIO ? "Running on remote-node waiting to be connected by cluster ..."
                                : "Waiting for CIB ...");
    }
    connect_fencer(m);
    rc = mon_connect_cib(m, true);
    if (rc == RC_OK) {
        cib_client_on_lost(m->cib, on_lost, m);
        rc = cib_client_subscribe(m->cib, CIB_NOTIFY_DIFF, on_cib_change, m);
    }
    if (rc == RC_OK) {
        rc = mon_read_cib(m);
    }
    if (rc != RC_OK) {
        cib_client_disconnect(m->cib);
        if (is_not_running(rc)) {
            retry_later(m);
        } else {
            fail(m, rc);
        }
        return;
    }
    live.lost = false;
    if (m->format == OUTPUT_HTML && m->tool.output_to != NULL) {
        printf("Writing html to %s ...\n", m->tool.output_to);
        fflush(stdout);
    }
    if (!(m->daemonize && m->format == OUTPUT_CONSOLE)) {
        show_now(m);
    }
}

/* --- the process --- */

void
mon_quit(struct mon *m)
{
    g_main_loop_quit(live.loop);
}

static gboolean
on_signal(void *data)
{
    struct mon *m = data;

    tell(m, "Connection to the cluster-daemons terminated");
    mon_quit(m);
    return G_SOURCE_REMOVE;
}

int
mon_run(struct mon *m)
{
    live.loop = g_main_loop_new(NULL, FALSE);
    live.exit_code = CRM_EX_OK;
    if (m->cib != NULL && !m->local) {
        output_error(m->out, "crm_mon: A continuous display needs the local cluster");
        return CRM_EX_USAGE;
    }
    g_unix_signal_add(SIGTERM, on_signal, m);
    g_unix_signal_add(SIGINT, on_signal, m);
    if (m->format == OUTPUT_CONSOLE && !m->daemonize) {
        mon_console_start(m);
    }
    try_connect(m);
    g_main_loop_run(live.loop);
    mon_console_stop(m);
    output_discard(m->out);
    g_main_loop_unref(live.loop);
    return live.exit_code;
}
