/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an administrator can get wrong, and what to set to what instead.  Called by `sbd check` and
 * at the start of the daemon with facts that they collected.  Pure.  (spec 65 §15)
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemons/sbd/sbd_core.h"

struct report {
    struct sbd_finding *findings;
    unsigned count;
};

__attribute__((format(printf, 3, 4))) static void
found(struct report *r, enum sbd_finding_level level, const char *format, ...)
{
    struct sbd_finding *f;
    va_list args;

    if (r->count == SBD_MAX_FINDINGS) {
        return;
    }
    f = &r->findings[r->count++];
    f->level = level;
    va_start(args, format);
    vsnprintf(f->text, sizeof(f->text), format, args);
    va_end(args);
}

#define ERROR(r, ...)   found((r), SBD_FINDING_ERROR, __VA_ARGS__)
#define WARNING(r, ...) found((r), SBD_FINDING_WARNING, __VA_ARGS__)

/*
 * A mailbox may have been read up to the I/O limit before the message came, is read again after the
 * loop timeout, counts for I/O limit and loop timeout, and then the watchdog runs.  Twice the
 * watchdog timeout is what guides ask for.
 */
unsigned
sbd_needed_msgwait(unsigned watchdog_s, unsigned io_s, unsigned loop_s)
{
    unsigned strict = watchdog_s + io_s + loop_s;

    return 2 * watchdog_s > strict ? 2 * watchdog_s : strict;
}

/* Six fifths, rounded up. */
static unsigned
with_margin(unsigned seconds)
{
    return (seconds * 6 + 4) / 5;
}

/* --- disks --- */

static const struct sbd_check_disk *
first_good(const struct sbd_check_facts *f)
{
    for (unsigned i = 0; i < f->n_disks; i++) {
        if (f->disks[i].readable && f->disks[i].error == SBD_HEADER_OK) {
            return &f->disks[i];
        }
    }
    return NULL;
}

static void
check_single_disks(const struct sbd_check_facts *f, struct report *r)
{
    for (unsigned i = 0; i < f->n_disks; i++) {
        const struct sbd_check_disk *d = &f->disks[i];

        if (!d->readable) {
            ERROR(r,
                  "%s cannot be read: see that the path exists on this node and is a block device "
                  "that may be written",
                  d->name);
        } else if (d->error != SBD_HEADER_OK) {
            ERROR(r, "%s: %s", d->name, sbd_header_error_text(d->error));
        } else if (d->header.loop_s == 0 || d->header.watchdog_s == 0) {
            ERROR(r,
                  "%s has watchdog timeout %u and loop timeout %u: both must be at least 1 (create "
                  "-1, -3)",
                  d->name, d->header.watchdog_s, d->header.loop_s);
        }
    }
}

static void
check_disks_agree(const struct sbd_check_facts *f, const struct sbd_check_disk *first,
                  struct report *r)
{
    static const uint8_t none[16];
    const struct sbd_header *h = &first->header;

    for (unsigned i = 0; i < f->n_disks; i++) {
        const struct sbd_check_disk *d = &f->disks[i];

        if (d == first || !d->readable || d->error != SBD_HEADER_OK) {
            continue;
        }
        if (!sbd_same_timeouts(&d->header, h) || d->header.slots != h->slots) {
            ERROR(r,
                  "%s has other metadata than %s: stop sbd on all nodes, then sbd -d %s -1 %u -2 "
                  "%u -3 %u -4 %u create",
                  d->name, first->name, d->name, h->watchdog_s, h->allocate_s, h->loop_s,
                  h->msgwait_s);
        }
        if (memcmp(d->header.uuid, h->uuid, 16) == 0 && memcmp(h->uuid, none, 16) != 0) {
            ERROR(r,
                  "%s and %s are one and the same disk (equal UUID): give different disks, or name "
                  "it once",
                  first->name, d->name);
        }
    }
}

static void
check_disk_times(const struct sbd_check_facts *f, const struct sbd_check_disk *first,
                 struct report *r)
{
    const struct sbd_header *h = &first->header;
    unsigned needed = sbd_needed_msgwait(h->watchdog_s, f->io_s, h->loop_s);

    if (h->msgwait_s < needed) {
        ERROR(r,
              "msgwait is %u s, but with a watchdog timeout of %u s a node may live %u s after a "
              "message: set msgwait to %u (create -1 "
              "%u -4 %u)",
              h->msgwait_s, h->watchdog_s, needed, needed, h->watchdog_s, needed);
    }
    if (f->watchdog_s != h->watchdog_s) {
        WARNING(r,
                "SBD_WATCHDOG_TIMEOUT is %u, the disks say %u: Pacemaker goes by the variable, sbd "
                "by the disks; set "
                "SBD_WATCHDOG_TIMEOUT to %u",
                f->watchdog_s, h->watchdog_s, h->watchdog_s);
    }
}

/* --- watchdog --- */

static void
check_watchdog(const struct sbd_check_facts *f, unsigned watchdog_s, struct report *r)
{
    if (!f->watchdog_used) {
        ERROR(r, "No watchdog is used: a node that hangs goes on holding its resources; set "
                 "SBD_WATCHDOG_DEV to the watchdog's device");
        return;
    }
    if (!f->watchdog_exists) {
        ERROR(r,
              "%s is no watchdog device: load the driver of your hardware's watchdog (softdog if "
              "there is none), or set "
              "SBD_WATCHDOG_DEV to what `sbd query-watchdog` shows",
              f->watchdog);
        return;
    }
    if (f->holder != 0) {
        ERROR(r, "%s is held by process %d (%s): stop that program and keep it from starting",
              f->watchdog, f->holder, f->holder_name);
    }
    if (f->watchdog_max_s != 0 && watchdog_s > f->watchdog_max_s) {
        ERROR(r,
              "The driver of %s allows at most %u s, the watchdog timeout is %u s: set the "
              "watchdog timeout to %u or less",
              f->watchdog, f->watchdog_max_s, watchdog_s, f->watchdog_max_s);
    }
    if (f->watchdog_is_soft) {
        WARNING(r,
                "%s is softdog, which cannot reset a node whose kernel hangs: use the hardware's "
                "watchdog if it has one",
                f->watchdog);
    }
}

/* --- the cluster's options --- */

static void
check_with_disks(const struct sbd_check_facts *f, unsigned msgwait_s, struct report *r)
{
    if (f->stonith_timeout_s < with_margin(msgwait_s)) {
        ERROR(r,
              "stonith-timeout is %u s, less than 1.2 times msgwait (%u s): fencing would never "
              "succeed; set stonith-timeout to %us",
              f->stonith_timeout_s, msgwait_s, with_margin(msgwait_s));
    }
    if (f->stonith_watchdog_timeout_ms != 0) {
        WARNING(r, "stonith-watchdog-timeout is set though there are disks: nodes would be taken "
                   "for dead by time alone; set "
                   "stonith-watchdog-timeout to 0");
    }
    if (!f->has_sbd_device) {
        WARNING(r, "No fence device uses the disks: create one, for example `crm configure "
                   "primitive fencing stonith:external/sbd`");
    }
}

static void
check_diskless(const struct sbd_check_facts *f, struct report *r)
{
    unsigned loop_s = 1;
    unsigned needed = sbd_needed_msgwait(f->watchdog_s, f->io_s, loop_s);
    unsigned given = f->stonith_watchdog_timeout_ms < 0
                         ? 2 * f->watchdog_s
                         : (unsigned)(f->stonith_watchdog_timeout_ms / 1000);

    if (given == 0) {
        ERROR(r,
              "Without disks nodes are fenced by their watchdogs alone, but "
              "stonith-watchdog-timeout is 0: set "
              "stonith-watchdog-timeout to %us",
              needed);
        given = needed;
    } else if (given < needed) {
        ERROR(r,
              "stonith-watchdog-timeout is %u s, but a node may live %u s: set "
              "stonith-watchdog-timeout to %us",
              given, needed, needed);
        given = needed;
    }
    if (f->stonith_timeout_s < with_margin(given)) {
        ERROR(r,
              "stonith-timeout is %u s, less than 1.2 times stonith-watchdog-timeout (%u s): set "
              "stonith-timeout to %us",
              f->stonith_timeout_s, given, with_margin(given));
    }
}

static void
check_corosync(const struct sbd_check_facts *f, unsigned watchdog_s, struct report *r)
{
    if (f->n_disks == 0 && f->nodes <= 2 && !f->qdevice) {
        ERROR(r,
              "%u node(s) without disk and without qdevice cannot tell a dead peer from a cut "
              "link: add a qdevice, a third node or a "
              "shared disk (SBD_DEVICE)",
              f->nodes);
    }
    if (f->qdevice && f->sync_timeout_s > watchdog_s) {
        ERROR(r,
              "The qdevice's sync_timeout is %u s, longer than the watchdog timeout of %u s: sbd "
              "does not trust such quorum; set "
              "quorum.device.sync_timeout to %u000 or less, or the watchdog timeout to %u",
              f->sync_timeout_s, watchdog_s, watchdog_s, f->sync_timeout_s + 5);
    }
}

unsigned
sbd_check(const struct sbd_check_facts *f, struct sbd_finding findings[SBD_MAX_FINDINGS])
{
    struct report r = { .findings = findings };
    const struct sbd_check_disk *first = first_good(f);
    unsigned watchdog_s = first != NULL ? first->header.watchdog_s : f->watchdog_s;

    check_single_disks(f, &r);
    if (first != NULL) {
        check_disks_agree(f, first, &r);
        check_disk_times(f, first, &r);
    }
    if (!f->sync_set) {
        WARNING(&r, "SBD_SYNC_RESOURCE_STARTUP is not set: sbd takes that for yes and Pacemaker "
                    "for no; set it to yes");
    }
    check_watchdog(f, watchdog_s, &r);
    if (f->knows_cluster) {
        if (!f->stonith_enabled) {
            ERROR(&r, "stonith-enabled is false, so that nothing is ever fenced: set "
                      "stonith-enabled to true");
        }
        if (first != NULL) {
            check_with_disks(f, first->header.msgwait_s, &r);
        } else if (f->n_disks == 0) {
            check_diskless(f, &r);
        }
    }
    if (f->knows_corosync) {
        check_corosync(f, watchdog_s, &r);
    }
    return r.count;
}
