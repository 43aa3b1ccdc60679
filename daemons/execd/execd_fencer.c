/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Class stonith through the fencer.  Called by main.c.
 * The fencer's client library is not there yet: every run ends as on a host whose fencer does not answer.
 */
#include "daemons/execd/execd_fencer.h"

static struct {
    execd_fencer_done_fn done;
    void (*lost)(void);
} self;

void
execd_fencer_init(execd_fencer_done_fn done, void (*lost)(void))
{
    self.done = done;
    self.lost = lost;
}

static gboolean
tell_no_connection(gpointer data)
{
    struct exec_result r = { 0 };

    exec_result_set(&r, OCF_RC_ERROR, EXEC_ERROR, "No connection to fencer");
    self.done(GPOINTER_TO_UINT(data), &r);
    exec_result_clear(&r);
    return G_SOURCE_REMOVE;
}

void
execd_fencer_run(const struct execd_effect *e)
{
    g_idle_add(tell_no_connection, GUINT_TO_POINTER(e->run_id));
}

void
execd_fencer_disconnect(void)
{
}
