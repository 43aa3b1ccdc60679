/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Corosync's CFG service for the launcher.  Called by main.c.
 * Never stops Corosync except on corosync_shut_down().  (spec 10 §6.1, §6.4, §6.6)
 */
#include "daemons/launcher/corosync.h"

#include <corosync/cfg.h>
#include <corosync/corotypes.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/cluster/cmap.h"
#include "lib/ipc/ipc_access.h"

#define PREPARE_AGAIN_ATTEMPTS 1
#define CONNECT_ATTEMPTS       5
#define RECONNECT_MS           1000

static corosync_cfg_handle_t cfg;
static bool connected;
static guint source;
static guint timer;
static void (*on_back)(void);

int
corosync_prepare(unsigned attempts)
{
    bool debug = false;
    gid_t group;
    int rc;

    access_daemon_ids(NULL, &group);
    rc = cluster_prepare(group, attempts, &debug);
    if (rc != RC_OK) {
        return rc;
    }
    env_set_option("cluster_type", "corosync");
    env_set_option("quorum_type", "corosync");
    if (env_option("debug") == NULL) {
        env_set_option("debug", debug ? "1" : "0");
        if (debug) {
            log_enable_debug();
        }
    }
    return RC_OK;
}

/* Corosync asks whether it may stop: not below us.  Stopping the cluster manager first is the way.
 */
static void
on_shutdown_inquiry(corosync_cfg_handle_t handle, corosync_cfg_shutdown_flags_t flags)
{
    log_notice("Corosync wants to shut down%s: refused, stop Pacemaker first",
               flags == COROSYNC_CFG_SHUTDOWN_FLAG_REQUEST ? "" : " regardless");
    corosync_cfg_replyto_shutdown(handle, COROSYNC_CFG_SHUTDOWN_FLAG_NO);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data);

static cs_error_t
open_cfg(void)
{
    static const corosync_cfg_callbacks_t callbacks = { .corosync_cfg_shutdown_callback =
                                                            on_shutdown_inquiry };
    unsigned id = 0;
    int fd = -1;
    cs_error_t rc = corosync_cfg_initialize(&cfg, &callbacks);

    if (rc != CS_OK) {
        return rc;
    }
    rc = corosync_cfg_fd_get(cfg, &fd);
    if (rc == CS_OK && !cluster_provider_is_authentic(fd)) {
        rc = CS_ERR_SECURITY;
    }
    if (rc == CS_OK) {
        rc = corosync_cfg_local_get(cfg, &id);
    }
    if (rc == CS_OK) {
        rc = corosync_cfg_trackstart(cfg, 0);
    }
    if (rc != CS_OK) {
        corosync_cfg_finalize(cfg);
        return rc;
    }
    connected = true;
    source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL, on_readable, NULL);
    log_info("Connected to Corosync's configuration service as node %u", id);
    return CS_OK;
}

static gboolean
reconnect(gpointer data)
{
    if (open_cfg() != CS_OK) {
        return G_SOURCE_CONTINUE;
    }
    if (corosync_prepare(PREPARE_AGAIN_ATTEMPTS) != RC_OK) {
        corosync_disconnect();
        timer = g_timeout_add(RECONNECT_MS, reconnect, NULL);
        return G_SOURCE_REMOVE;
    }
    log_notice("Cluster layer is back");
    timer = 0;
    on_back();
    return G_SOURCE_REMOVE;
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer data)
{
    cs_error_t rc = corosync_cfg_dispatch(cfg, CS_DISPATCH_ALL);

    if ((rc == CS_OK || rc == CS_ERR_TRY_AGAIN) &&
        !(condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL))) {
        return G_SOURCE_CONTINUE;
    }
    log_warn("Lost connection to cluster layer (connection will be reattempted once per second)");
    corosync_cfg_finalize(cfg);
    connected = false;
    source = 0;
    timer = g_timeout_add(RECONNECT_MS, reconnect, NULL);
    return G_SOURCE_REMOVE;
}

bool
corosync_connect(void (*back)(void))
{
    cs_error_t rc = CS_OK;

    on_back = back;
    for (unsigned i = 1; i <= CONNECT_ATTEMPTS; i++) {
        rc = open_cfg();
        if (rc != CS_ERR_TRY_AGAIN && rc != CS_ERR_QUEUE_FULL) {
            break;
        }
        sleep(i);
    }
    if (rc != CS_OK) {
        log_crit("Could not connect to Corosync's configuration service: %s",
                 cluster_error_text(rc));
    }
    return rc == CS_OK;
}

bool
corosync_is_connected(void)
{
    return connected;
}

void
corosync_shut_down(void)
{
    cs_error_t rc;

    if (!connected) {
        return;
    }
    log_info("Asking Corosync to shut down");
    rc = corosync_cfg_try_shutdown(cfg, COROSYNC_CFG_SHUTDOWN_FLAG_IMMEDIATE);
    if (rc != CS_OK) {
        log_warn("Corosync does not shut down: %s", cluster_error_text(rc));
    }
}

void
corosync_disconnect(void)
{
    if (source != 0) {
        g_source_remove(source);
        source = 0;
    }
    if (timer != 0) {
        g_source_remove(timer);
        timer = 0;
    }
    if (connected) {
        corosync_cfg_finalize(cfg);
        connected = false;
    }
}
