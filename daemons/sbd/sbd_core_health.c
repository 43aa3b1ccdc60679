/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is this node healthy, as Pacemaker and Corosync see it?  And when is a message delivered?  Called
 * by the two cluster-side watchers and by `message`.  Pure functions of facts.  (spec 65 §5.4, §9,
 * §10)
 */
#include "daemons/sbd/sbd_core.h"

enum sbd_delivery
sbd_delivery(unsigned disks, unsigned succeeded, unsigned failed)
{
    if (disks > 0 && succeeded > disks / 2) {
        return SBD_DELIVERY_DONE;
    }
    return succeeded + failed >= disks ? SBD_DELIVERY_FAILED : SBD_DELIVERY_OPEN;
}

enum sbd_report
sbd_health_report(enum sbd_health health)
{
    switch (health) {
    case SBD_HEALTH_ONLINE:
        return SBD_REPORT_ALIVE;
    case SBD_HEALTH_PENDING:
    case SBD_HEALTH_TRANSIENT:
    case SBD_HEALTH_SHUTDOWN:
        return SBD_REPORT_NOTHING;
    case SBD_HEALTH_UNKNOWN:
    case SBD_HEALTH_UNCLEAN:
    case SBD_HEALTH_NO_QUORUM:
        break;
    }
    return SBD_REPORT_UNHEALTHY;
}

const char *
sbd_health_text(enum sbd_health health)
{
    static const char *const texts[] = {
        [SBD_HEALTH_UNKNOWN] = "unknown",     [SBD_HEALTH_ONLINE] = "online",
        [SBD_HEALTH_PENDING] = "pending",     [SBD_HEALTH_TRANSIENT] = "transient",
        [SBD_HEALTH_SHUTDOWN] = "shutdown",   [SBD_HEALTH_UNCLEAN] = "UNCLEAN",
        [SBD_HEALTH_NO_QUORUM] = "no quorum",
    };

    return texts[health];
}

/*
 * What do CIB and Corosync say about this node?  There is quorum where both say so; that Corosync is asked, too, is beyond the table.  The
 * first that holds counts:  (spec 65 §9.2)
 *
 *   1. no DC: an election is going on, be silent
 *   2. no such node, or it is offline: unknown
 *   3. it is to be fenced: unclean
 *   4. it is still joining: pending
 *   5. with quorum: online
 *   6. without quorum, but there are disks to be fenced by: no quorum
 *   7. diskless, and there was no quorum yet: online (the cluster is coming up)
 *   8. diskless, and quorum was lost: silent until the watchdog ends it; unclean if the policy says
 * suicide
 */
enum sbd_health
sbd_pacemaker_health(const struct sbd_node_facts *f, bool diskless, bool *had_quorum)
{
    if (!f->has_dc) {
        return SBD_HEALTH_TRANSIENT;
    }
    if (!f->known || !f->online) {
        return SBD_HEALTH_UNKNOWN;
    }
    if (f->unclean) {
        return SBD_HEALTH_UNCLEAN;
    }
    if (f->pending) {
        return SBD_HEALTH_PENDING;
    }
    if (f->quorate && !f->denied) {
        *had_quorum = true;
        return SBD_HEALTH_ONLINE;
    }
    if (!diskless) {
        return SBD_HEALTH_NO_QUORUM;
    }
    if (!*had_quorum) {
        return SBD_HEALTH_ONLINE;
    }
    return f->policy == SBD_POLICY_SUICIDE ? SBD_HEALTH_UNCLEAN : SBD_HEALTH_TRANSIENT;
}

int64_t
sbd_launcher_stamp(int64_t stamp, const struct sbd_launcher_answer *a)
{
    return a->ok && a->running && a->timestamp > stamp ? a->timestamp : stamp;
}

bool
sbd_launcher_is_fresh(int64_t stamp, int64_t now_epoch, unsigned watchdog_s)
{
    return stamp > 0 && now_epoch - stamp < (int64_t)watchdog_s;
}

/*
 * What does Corosync say?  (spec 65 §10)
 *
 *   1. not even ourselves in the group: unclean
 *   2. two_node keeps both halves quorate, so a node that has lost its partner must not go on by
 * that quorum
 *   3. a qdevice that may keep quorum undecided for longer than the watchdog waits is not to be
 * trusted
 *   4. everything else is fine; quorum is the Pacemaker watcher's part
 */
enum sbd_health
sbd_cluster_health(const struct sbd_cluster_facts *f, unsigned watchdog_s)
{
    if (f->members == 0) {
        return SBD_HEALTH_UNCLEAN;
    }
    if (f->two_node && f->members == 1 && f->most_members > 1) {
        return SBD_HEALTH_NO_QUORUM;
    }
    if (f->qdevice && f->sync_timeout_s > watchdog_s) {
        return SBD_HEALTH_NO_QUORUM;
    }
    return SBD_HEALTH_ONLINE;
}
