/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-execd: the executor of a cluster node.  Started by the launcher.  Runs agents for clients of this host only; see shell.c.
 * (spec 50 §1)
 */
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/exec/lrmd_protocol.h"
#include "lib/ipc/ipc_client.h"

#include "daemons/execd/shell.h"

#include <signal.h>

static void
on_sigterm(int signo, void *data)
{
    execd_shell_finish();
}

static const struct daemon_spec spec = {
    .name = "pacemaker-execd",
    .summary = "runs resource agents on this host for the cluster",
};

int
main(int argc, char **argv)
{
    int rc;

    daemon_init(&spec, &argc, &argv);
    log_notice("Starting Pacemaker local executor");
    if (ipc_already_active(LRMD_ENDPOINT)) {
        log_crit("pacemaker-execd is already active, aborting startup");
        daemon_exit(CRM_EX_OK);
    }
    execd_shell_prepare();
    if (!execd_shell_start(NULL)) {
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_enter();
    daemon_on_signal(SIGTERM, on_sigterm, NULL);
    log_notice("Pacemaker local executor successfully started and accepting connections");
    rc = daemon_run();
    execd_shell_free();
    daemon_exit(rc);
}
