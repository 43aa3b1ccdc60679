/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cluster watcher: a process that is a member of the CPG group sbd:cluster, follows the quorum
 * options that matter, and tells the inquisitor whether Corosync (or on a remote node:
 * pacemaker-remoted) is there.  Started by the inquisitor.  Sends nothing to peers, they only
 * count.  (spec 65 §10)
 */
#include <glib-unix.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <corosync/cmap.h>
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>

#include "daemons/sbd/sbd_daemon.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"
#include "lib/base/panic.h"

/* Twelve bytes with the final zero, as the peers have it. */
#define GROUP "sbd:cluster"

#define KEY_TWO_NODE     "quorum.two_node"
#define KEY_DEVICE       "quorum.device."
#define KEY_DEVICE_MODEL "quorum.device.model"
#define KEY_SYNC_TIMEOUT "quorum.device.sync_timeout"
#define DEFAULT_SYNC_MS  30000

static struct {
    const struct sbd_daemon *d;
    bool connected;
    cmap_handle_t cmap;
    cpg_handle_t cpg;
    quorum_handle_t quorum;
    bool has_quorum;
    guint cmap_source, cpg_source;
    struct sbd_cluster_facts facts;
    bool joined; /* a configuration change of the group has been seen */
    enum sbd_health health;
    bool said;
    pid_t remoted; /* remote mode */
} self;

/* --- judging and reporting --- */

static void
explain(enum sbd_health health)
{
    const struct sbd_cluster_facts *f = &self.facts;

    if (health == SBD_HEALTH_ONLINE) {
        sbd_log(LOG_NOTICE, "Connected to corosync: %u member(s) run sbd", f->members);
    } else if (health == SBD_HEALTH_UNCLEAN) {
        sbd_log(LOG_WARNING, "Connected to corosync but not a member of the group");
    } else if (f->two_node && f->members == 1 && f->most_members > 1) {
        sbd_log(LOG_WARNING, "Connected to corosync but requires both nodes present");
    } else {
        sbd_log(LOG_WARNING,
                "Connected to corosync but quorum using qdevice is distrusted for SBD as "
                "qdevice-sync_timeout (%us) > "
                "watchdog-timeout (%us).",
                f->sync_timeout_s, self.d->o->watchdog_s);
    }
}

static void
report(void)
{
    enum sbd_health health = sbd_cluster_health(&self.facts, self.d->o->watchdog_s);

    if (!self.said || health != self.health) {
        explain(health);
    }
    self.said = true;
    self.health = health;
    sbd_link_report(sbd_health_report(health));
}

/* --- Corosync --- */

static void
read_options(void)
{
    char *model = NULL;
    uint32_t sync_ms = DEFAULT_SYNC_MS;
    uint8_t two_node = 0;

    if (cmap_get_uint8(self.cmap, KEY_TWO_NODE, &two_node) != CS_OK) {
        two_node = 0;
    }
    self.facts.two_node = two_node == 1;
    self.facts.qdevice =
        cmap_get_string(self.cmap, KEY_DEVICE_MODEL, &model) == CS_OK && model[0] != '\0';
    free(model);
    if (cmap_get_uint32(self.cmap, KEY_SYNC_TIMEOUT, &sync_ms) != CS_OK) {
        sync_ms = DEFAULT_SYNC_MS;
    }
    self.facts.sync_timeout_s = sync_ms / 1000;
}

static void
on_option(cmap_handle_t handle, cmap_track_handle_t track, int32_t event, const char *key,
          struct cmap_notify_value new_value, struct cmap_notify_value old_value, void *data)
{
    (void)handle, (void)track, (void)event, (void)key, (void)new_value, (void)old_value, (void)data;
    read_options();
    if (self.joined) {
        report();
    }
}

static void
on_members(cpg_handle_t handle, const struct cpg_name *group, const struct cpg_address *members,
           size_t n, const struct cpg_address *left, size_t n_left,
           const struct cpg_address *joined, size_t n_joined)
{
    (void)handle, (void)group, (void)members, (void)left, (void)n_left, (void)joined,
        (void)n_joined;
    self.facts.members = (unsigned)n;
    if (n > self.facts.most_members) {
        self.facts.most_members = (unsigned)n;
    }
    self.joined = true;
    report();
}

static void
on_message(cpg_handle_t handle, const struct cpg_name *group, uint32_t node, uint32_t pid,
           void *message, size_t len)
{
    (void)handle, (void)group, (void)node, (void)pid, (void)message, (void)len;
}

static void
disconnect(void)
{
    if (self.cmap_source != 0) {
        g_source_remove(self.cmap_source);
    }
    if (self.cpg_source != 0) {
        g_source_remove(self.cpg_source);
    }
    if (self.cmap != 0) {
        cmap_finalize(self.cmap);
    }
    if (self.cpg != 0) {
        cpg_finalize(self.cpg);
    }
    if (self.has_quorum) {
        quorum_finalize(self.quorum);
    }
    self.cmap_source = self.cpg_source = 0;
    self.cmap = 0;
    self.cpg = 0;
    self.has_quorum = self.connected = self.joined = false;
}

static void
lost(void)
{
    sbd_log(LOG_ERR, "Lost the connection to corosync");
    disconnect();
    self.said = false;
    sbd_link_report(SBD_REPORT_UNHEALTHY);
}

static gboolean
on_cmap_ready(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd, (void)data;
    if ((condition & (G_IO_HUP | G_IO_ERR)) || cmap_dispatch(self.cmap, CS_DISPATCH_ALL) != CS_OK) {
        self.cmap_source = 0;
        lost();
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
on_cpg_ready(gint fd, GIOCondition condition, gpointer data)
{
    (void)fd, (void)data;
    if ((condition & (G_IO_HUP | G_IO_ERR)) || cpg_dispatch(self.cpg, CS_DISPATCH_ALL) != CS_OK) {
        self.cpg_source = 0;
        lost();
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static bool
join_group(void)
{
    static cpg_model_v1_data_t model = { .cpg_deliver_fn = on_message,
                                         .cpg_confchg_fn = on_members };
    struct cpg_name group = { .length = sizeof(GROUP), .value = GROUP };
    int fd;

    if (cpg_model_initialize(&self.cpg, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL) != CS_OK) {
        self.cpg = 0;
        return false;
    }
    if (cpg_join(self.cpg, &group) != CS_OK || cpg_fd_get(self.cpg, &fd) != CS_OK) {
        return false;
    }
    self.cpg_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_cpg_ready, NULL);
    return true;
}

static bool
follow_options(void)
{
    const int32_t events = CMAP_TRACK_ADD | CMAP_TRACK_DELETE | CMAP_TRACK_MODIFY;
    cmap_track_handle_t track;
    int fd;

    if (cmap_initialize(&self.cmap) != CS_OK) {
        self.cmap = 0;
        return false;
    }
    if (cmap_track_add(self.cmap, KEY_TWO_NODE, events, on_option, NULL, &track) != CS_OK ||
        cmap_track_add(self.cmap, KEY_DEVICE, events | CMAP_TRACK_PREFIX, on_option, NULL,
                       &track) != CS_OK ||
        cmap_fd_get(self.cmap, &fd) != CS_OK) {
        return false;
    }
    self.cmap_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_cmap_ready, NULL);
    read_options();
    return true;
}

/* Does the quorum service answer?  One reconnection is tried. */
static bool
quorum_answers(void)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        quorum_callbacks_t none = { 0 };
        uint32_t type;
        int quorate;

        if (!self.has_quorum) {
            self.has_quorum = quorum_initialize(&self.quorum, &none, &type) == CS_OK;
        }
        if (self.has_quorum) {
            if (quorum_getquorate(self.quorum, &quorate) == CS_OK) {
                return true;
            }
            quorum_finalize(self.quorum);
            self.has_quorum = false;
        }
    }
    return false;
}

/* --- remote mode --- */

static bool
remoted_lives(void)
{
    return self.remoted > 0 && process_runs(self.remoted, SBIN_DIR "/pacemaker-remoted");
}

static void
watch_remoted(void)
{
    if (self.remoted == 0) {
        self.remoted = process_find("pacemaker-remoted");
        if (self.remoted > 0) {
            sbd_log(LOG_NOTICE, "No corosync here: following pacemaker-remoted (process %ld)",
                    (long)self.remoted);
        }
    }
    if (self.remoted == 0) {
        return;
    }
    if (remoted_lives()) {
        sbd_link_report(SBD_REPORT_ALIVE);
        return;
    }
    sbd_log(LOG_WARNING, "pacemaker-remoted is gone");
    self.remoted = 0;
    sbd_link_report(SBD_REPORT_UNHEALTHY);
}

/* --- rounds --- */

static gboolean
on_round(gpointer data)
{
    (void)data;
    if (!self.connected) {
        if (self.remoted == 0 && follow_options() && join_group()) {
            self.connected = true;
        } else {
            disconnect();
            watch_remoted();
        }
        return G_SOURCE_CONTINUE;
    }
    if (self.joined && quorum_answers()) {
        report();
    }
    return G_SOURCE_CONTINUE;
}

int
sbd_watcher_cluster(const struct sbd_daemon *d)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);

    self.d = d;
    sbd_process_title("sbd: watcher: Cluster");
    on_round(NULL);
    g_timeout_add((d->o->loop_s > 0 ? d->o->loop_s : 1) * 1000, on_round, NULL);
    g_main_loop_run(loop);
    return 0;
}
