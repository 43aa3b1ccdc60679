/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disk watcher: a process that reads this node's mailbox on one disk, round by round.  Started
 * by the inquisitor, to which it reports; its exit status is the order it found.  What is read and
 * what it means is the core's.  (spec 65 §8)
 */
#include <stdio.h>
#include <sys/socket.h>

#include "daemons/sbd/sbd_daemon.h"
#include "daemons/sbd/sbd_device.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"

/* --- the link, for all watchers --- */

static int link_fd = -1;

void
sbd_link_init(int fd)
{
    link_fd = fd;
}

void
sbd_link_report(enum sbd_report report)
{
    char byte = report == SBD_REPORT_ALIVE ? SBD_LINK_ALIVE : SBD_LINK_UNHEALTHY;

    if (report != SBD_REPORT_NOTHING) {
        send(link_fd, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

/* --- the watcher --- */

struct watch {
    const struct sbd_daemon *d;
    const char *device;
    uint64_t round_began;
    uint32_t warn_s;
};

static void
set_title(const struct watch *w, const struct sbd_task *t)
{
    const uint8_t *u = t->header.uuid;

    if (t->header.minor == 0) {
        sbd_process_title("sbd: watcher: %s - slot: %u", w->device, t->slot);
        return;
    }
    sbd_process_title("sbd: watcher: %s - slot: %u - uuid: "
                      "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                      w->device, t->slot, u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8],
                      u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void
say(struct watch *w, const struct sbd_task *t)
{
    const char *device = w->device;

    switch (t->note) {
    case SBD_NOTE_BAD_HEADER:
        sbd_log(LOG_ERR, "No valid header on %s: %s", device,
                sbd_header_error_text(t->header_error));
        break;
    case SBD_NOTE_TRY_SLOT:
        sbd_log(LOG_NOTICE, "slot %u is unused - trying to own", t->slot);
        break;
    case SBD_NOTE_FULL:
        sbd_log(LOG_ERR, "No more free slots on %s", device);
        break;
    case SBD_NOTE_TIMEOUTS_DIFFER:
        sbd_log(LOG_ERR,
                "Timeouts on %s do not match first device: initialise it anew with the timeouts of "
                "the others",
                device);
        break;
    case SBD_NOTE_MONITORING:
        sbd_log(LOG_NOTICE, "Monitoring slot %u on disk %s", t->slot, device);
        set_title(w, t);
        break;
    case SBD_NOTE_FENCING_MESSAGE:
        sbd_log(LOG_ERR,
                "Found fencing message - aborting start-up. Manual intervention required! ('%s' of "
                "%s on %s; when it is safe: "
                "sbd -d %s message %s clear)",
                sbd_command_word(t->found.mark), t->found.name, device, device, t->node);
        break;
    case SBD_NOTE_HEADER_CHANGED:
        sbd_log(LOG_ERR, "Header on %s changed since start-up!", device);
        break;
    case SBD_NOTE_SLOT_CHANGED:
        sbd_log(LOG_ERR, "Node entry on %s changed since start-up!", device);
        break;
    case SBD_NOTE_RECEIVED:
        sbd_log(LOG_NOTICE, "Received command %s from %s on disk %s",
                sbd_command_word(t->found.mark), t->found.name, device);
        break;
    case SBD_NOTE_RECEIVED_UNKNOWN:
        sbd_log(LOG_WARNING, "Unknown message %d from %s on disk %s", t->found.mark, t->found.name,
                device);
        break;
    default:
        break;
    }
}

static void
on_step(struct sbd_task *t, void *data)
{
    struct watch *w = data;

    say(w, t);
    if (t->alive) {
        uint64_t took = sbd_now_ms() - w->round_began;
        uint64_t pause = (uint64_t)(t->header.loop_s > 0 ? t->header.loop_s : 1) * 1000;

        sbd_link_report(SBD_REPORT_ALIVE);
        if (w->round_began != 0 && w->warn_s > 0 && took > (uint64_t)w->warn_s * 1000 + pause) {
            sbd_log(LOG_WARNING, "Latency: a round on %s took %u s, more than %u s", w->device,
                    (unsigned)((took - pause) / 1000), w->warn_s);
        }
        w->round_began = sbd_now_ms();
    }
}

int
sbd_watcher_disk(const struct sbd_daemon *d, unsigned disk, unsigned flags)
{
    struct watch w = { .d = d,
                       .device = d->o->devices[disk],
                       .warn_s = sbd_warn_threshold(d->o, d->o->watchdog_s) };
    struct sbd_device device;
    struct sbd_task task;

    sbd_process_title("sbd: watcher: %s", w.device);
    if (!sbd_device_open(&device, w.device, d->o->io_s)) {
        return SBD_RESULT_IO;
    }
    sbd_task_watch(&task, device.buffer, device.sector_size, d->o->node, flags,
                   d->has_header ? &d->first : NULL);
    return sbd_device_run(&device, &task, on_step, &w);
}
