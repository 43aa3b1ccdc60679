/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that work on disks: create, dump, list, allocate, message, ping, release.  Called by
 * main().  What is done on a disk is the core's; this prints, forks one process a disk where
 * several must be waited for, and counts. (spec 65 §5)
 */
#include "daemons/sbd/sbd_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons/sbd/sbd_device.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"

/* --- shared by the commands --- */

/* A failed step, for the log; the commands' own lines come on top. */
static void
log_step(const struct sbd_task *t, const char *device)
{
    switch (t->note) {
    case SBD_NOTE_BAD_HEADER:
        sbd_log(LOG_ERR, "%s cannot be used: %s", device, sbd_header_error_text(t->header_error));
        break;
    case SBD_NOTE_NO_SLOT:
        sbd_log(LOG_ERR,
                "%s has no slot on %s: is the name right, has its sbd ever run with this disk?",
                t->node, device);
        break;
    case SBD_NOTE_PENDING_KILL:
        sbd_log(LOG_ERR,
                "No message to %s on %s: it would replace the order '%s' of %s; clear that first",
                t->node, device, sbd_command_word(t->found.mark), t->found.name);
        break;
    case SBD_NOTE_REPLACED:
        sbd_log(LOG_WARNING, "The message to %s on %s replaces the order '%s' of %s", t->node,
                device, sbd_command_word(t->found.mark), t->found.name);
        break;
    case SBD_NOTE_NOT_DELIVERED:
        sbd_log(LOG_ERR, "The message to %s was written to %s, but is not there", t->node, device);
        break;
    case SBD_NOTE_DELIVERED:
        sbd_log(LOG_INFO, "The message '%s' for %s lies on %s", sbd_command_word(t->message.mark),
                t->node, device);
        break;
    case SBD_NOTE_IN_USE:
        sbd_log(LOG_ERR, "The slot of %s on %s is in use: it answers", t->node, device);
        break;
    case SBD_NOTE_FULL:
        sbd_log(LOG_ERR, "All slots on %s are taken", device);
        break;
    default:
        break;
    }
}

static bool
name_is_usable(const char *name)
{
    if (name == NULL) {
        fputs("No node name specified.\n", stderr);
        return false;
    }
    if (name[0] == '\0' || strlen(name) > SBD_NAME_MAX) {
        fprintf(stderr,
                "\"%s\" cannot be a node's name on an SBD disk: it must have 1 to %d bytes.\n",
                name, SBD_NAME_MAX);
        return false;
    }
    return true;
}

/* --- create --- */

/* Is the device claimed by a file system, RAID or volume group? */
static bool
is_claimed(const char *device)
{
    int fd = open(device, O_RDONLY | O_EXCL | O_CLOEXEC);
    bool busy = fd < 0 && errno == EBUSY;

    if (fd >= 0) {
        close(fd);
    }
    return busy;
}

static bool
may_create(const struct sbd_options *o, const struct sbd_device *d)
{
    if (d->sectors < SBD_SECTORS) {
        fprintf(stderr, "%s is too small: %u sectors of %zu bytes are needed, it has %llu\n",
                d->name, SBD_SECTORS, d->sector_size, (unsigned long long)d->sectors);
        return false;
    }
    if (!o->force && is_claimed(d->name)) {
        fprintf(stderr,
                "%s is in use (mounted, or part of a RAID or volume group); -f initialises it all "
                "the same\n",
                d->name);
        return false;
    }
    return true;
}

static void
print_uuid(FILE *out, const uint8_t uuid[16])
{
    for (unsigned i = 0; i < 16; i++) {
        fprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    }
}

/* A random (version 4) UUID. */
static bool
new_uuid(uint8_t uuid[16])
{
    if (getrandom(uuid, 16, 0) != 16) {
        return false;
    }
    uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
    return true;
}

static bool
create_on(const struct sbd_options *o, const char *name)
{
    struct sbd_header h = {
        .major = 2,
        .minor = 1,
        .slots = SBD_SLOTS,
        .watchdog_s = o->watchdog_s,
        .allocate_s = o->allocate_s,
        .loop_s = o->loop_s,
        .msgwait_s = o->msgwait_s,
    };
    struct sbd_device d;
    struct sbd_task task;
    bool ok;

    printf("Initializing device %s\n", name);
    fflush(stdout);
    if (!sbd_device_open(&d, name, o->io_s)) {
        return false;
    }
    ok = may_create(o, &d) && new_uuid(h.uuid);
    if (ok) {
        h.sector_size = (uint32_t)d.sector_size;
        printf("Creating version %u.%u header on device %d (uuid: ", h.major, h.minor, d.fd);
        print_uuid(stdout, h.uuid);
        printf(")\nInitializing %u slots on device %d\n", h.slots, d.fd);
        sbd_task_create(&task, d.buffer, d.sector_size, &h);
        ok = sbd_device_run(&d, &task, NULL, NULL) == SBD_RESULT_OK;
        if (!ok) {
            fprintf(stderr, "Failed to init device %s\n", name);
        }
    }
    if (ok) {
        printf("Device %s is initialized.\n", name);
    }
    sbd_device_close(&d);
    return ok;
}

int
sbd_tool_create(const struct sbd_options *given)
{
    struct sbd_options o = *given;
    uint32_t enough = o.watchdog_s * 2 > o.watchdog_s + o.io_s + o.loop_s
                          ? o.watchdog_s * 2
                          : o.watchdog_s + o.io_s + o.loop_s;

    if (o.n_devices == 0) {
        fputs("create needs at least one device: give it by -d, or set SBD_DEVICE\n", stderr);
        return 1;
    }
    if (o.loop_s == 0 || o.watchdog_s == 0) {
        fputs("The watchdog timeout (-1) and the loop timeout (-3) must be at least 1 second\n",
              stderr);
        return 1;
    }
    if (!o.msgwait_given) {
        o.msgwait_s = enough;
    } else if (o.msgwait_s < enough) {
        fprintf(stderr,
                "Warning: with a watchdog timeout of %u s, a node may live %u s after a message: "
                "set msgwait (-4) to %u\n",
                o.watchdog_s, enough, enough);
    }
    for (unsigned i = 0; i < o.n_devices; i++) {
        if (!create_on(&o, o.devices[i])) {
            return 1;
        }
    }
    puts("Did you check sbd service down on all nodes before? If not do so now and restart "
         "afterwards.");
    return 0;
}

/* --- dump, list --- */

static bool
dump_on(const struct sbd_options *o, const char *name)
{
    struct sbd_device d;
    struct sbd_header h;
    bool readable;

    printf("==Dumping header on disk %s\n", name);
    fflush(stdout);
    if (!sbd_device_open(&d, name, o->io_s)) {
        fprintf(stderr, "== disk %s unreadable!\n", name);
        fprintf(stderr, "==Header on disk %s NOT dumped\n", name);
        return false;
    }
    if (sbd_device_header(&d, &h, &readable) != SBD_HEADER_OK) {
        fprintf(stderr, "==Header on disk %s NOT dumped\n", name);
        sbd_device_close(&d);
        return false;
    }
    printf("Header version     : %u.%u\n", h.major, h.minor);
    if (h.minor > 0) {
        printf("UUID               : ");
        print_uuid(stdout, h.uuid);
        putchar('\n');
    }
    printf("Number of slots    : %u\n", h.slots);
    printf("Sector size        : %u\n", h.sector_size);
    printf("Timeout (watchdog) : %u\n", h.watchdog_s);
    printf("Timeout (allocate) : %u\n", h.allocate_s);
    printf("Timeout (loop)     : %u\n", h.loop_s);
    printf("Timeout (msgwait)  : %u\n", h.msgwait_s);
    printf("==Header on disk %s is dumped\n", name);
    sbd_device_close(&d);
    return true;
}

int
sbd_tool_dump(const struct sbd_options *o)
{
    int rc = 0;

    for (unsigned i = 0; i < o->n_devices; i++) {
        rc |= !dump_on(o, o->devices[i]);
    }
    return rc;
}

/* Names are somebody else's bytes: what is no letter must not reach a terminal. */
static void
print_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if ((unsigned char)*name < ' ' || *name == 0x7f) {
            printf("\\x%02x", (unsigned char)*name);
        } else {
            putchar(*name);
        }
    }
}

static bool
list_slots(struct sbd_device *d, const struct sbd_header *h)
{
    for (unsigned i = 0; i < h->slots; i++) {
        struct sbd_entry slot, mail;

        if (!sbd_device_read(d, sbd_slot_sector(i))) {
            return false;
        }
        sbd_entry_decode(d->buffer, &slot);
        if (slot.mark <= 0) {
            continue;
        }
        if (!sbd_device_read(d, sbd_mailbox_sector(i))) {
            return false;
        }
        sbd_entry_decode(d->buffer, &mail);
        printf("%u\t", i);
        print_name(slot.name);
        printf("\t%s\t", sbd_command_word(mail.mark));
        print_name(mail.name);
        putchar('\n');
    }
    return true;
}

static bool
list_on(const struct sbd_options *o, const char *name)
{
    struct sbd_device d;
    struct sbd_header h;
    bool readable, ok;

    if (!sbd_device_open(&d, name, o->io_s)) {
        fprintf(stderr, "== disk %s unreadable!\n", name);
        return false;
    }
    ok = sbd_device_header(&d, &h, &readable) == SBD_HEADER_OK && list_slots(&d, &h);
    if (!ok) {
        fprintf(stderr, "== Slots on disk %s NOT dumped\n", name);
    }
    sbd_device_close(&d);
    return ok;
}

int
sbd_tool_list(const struct sbd_options *o)
{
    int rc = 0;

    for (unsigned i = 0; i < o->n_devices; i++) {
        rc |= !list_on(o, o->devices[i]);
    }
    return rc;
}

/* --- allocate --- */

static void
print_allocate_step(struct sbd_task *t, void *data)
{
    const struct sbd_device *d = data;

    if (t->note == SBD_NOTE_TRY_SLOT) {
        printf("slot %u is unused - trying to own\n", t->slot);
        fflush(stdout);
    } else if (t->note == SBD_NOTE_FULL) {
        fputs("No more free slots.\n", stderr);
    }
    log_step(t, d->name);
}

int
sbd_tool_allocate(const struct sbd_options *o)
{
    const char *node = o->arguments[0];

    if (!name_is_usable(node)) {
        return 1;
    }
    if (o->n_devices == 0) {
        fputs("allocate needs at least one device: give it by -d, or set SBD_DEVICE\n", stderr);
        return 1;
    }
    for (unsigned i = 0; i < o->n_devices; i++) {
        struct sbd_device d;
        struct sbd_task task;
        bool ok;

        printf("Trying to allocate slot for %s on device %s.\n", node, o->devices[i]);
        fflush(stdout);
        if (!sbd_device_open(&d, o->devices[i], o->io_s)) {
            return 1;
        }
        sbd_task_allocate(&task, d.buffer, d.sector_size, node);
        ok = sbd_device_run(&d, &task, print_allocate_step, &d) == SBD_RESULT_OK;
        sbd_device_close(&d);
        if (!ok) {
            return 1;
        }
        printf("Slot for %s has been allocated on %s.\n", node, o->devices[i]);
    }
    return 0;
}

/* --- message, ping, release --- */

static void
log_delivery_step(struct sbd_task *t, void *data)
{
    const struct sbd_device *d = data;

    log_step(t, d->name);
    if (t->note == SBD_NOTE_PENDING_KILL || t->note == SBD_NOTE_REPLACED) {
        fprintf(stderr, "%s: the order '%s' of %s to %s %s\n", d->name,
                sbd_command_word(t->found.mark), t->found.name, t->node,
                t->note == SBD_NOTE_REPLACED ? "is replaced"
                                             : "is pending and would be lost; clear it first");
    }
}

/* The work of one disk, in a process of its own.  Returns its exit status. */
static int
work_on(const struct sbd_options *o, unsigned i, enum sbd_task_kind kind, const char *node,
        enum sbd_command command)
{
    struct sbd_device d;
    struct sbd_task task;

    if (kind == SBD_TASK_SEND) {
        sbd_process_realtime(o);
    }
    if (!sbd_device_open(&d, o->devices[i], o->io_s)) {
        return 1;
    }
    if (kind == SBD_TASK_PING) {
        sbd_task_ping(&task, d.buffer, d.sector_size, node, o->node);
    } else if (kind == SBD_TASK_RELEASE) {
        sbd_task_release(&task, d.buffer, d.sector_size, node, o->node);
    } else {
        sbd_task_send(&task, d.buffer, d.sector_size, node, command, o->node);
    }
    return sbd_device_run(&d, &task, log_delivery_step, &d) == SBD_RESULT_OK ? 0 : 1;
}

/*
 * One process a disk.  Returns as soon as it is decided: success when more than half have
 * succeeded; those that are not waited for finish on their own.
 */
static int
on_all_disks(const struct sbd_options *o, enum sbd_task_kind kind, const char *node,
             enum sbd_command command)
{
    pid_t pids[SBD_MAX_DISKS];
    unsigned succeeded = 0, failed = 0;

    fflush(NULL);
    for (unsigned i = 0; i < o->n_devices; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            _exit(work_on(o, i, kind, node, command));
        }
        if (pids[i] < 0) {
            sbd_log(LOG_ERR, "Cannot start a process for %s: %s", o->devices[i], strerror(errno));
            failed++;
        }
    }
    while (sbd_delivery(o->n_devices, succeeded, failed) == SBD_DELIVERY_OPEN) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);

        if (pid < 0 && errno != EINTR) {
            break;
        }
        for (unsigned i = 0; pid > 0 && i < o->n_devices; i++) {
            if (pids[i] != pid) {
                continue;
            }
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
                succeeded++;
            } else {
                failed++;
                sbd_log(LOG_ERR, "Nothing delivered to %s by %s", node, o->devices[i]);
            }
        }
    }
    if (sbd_delivery(o->n_devices, succeeded, failed) != SBD_DELIVERY_DONE) {
        sbd_log(LOG_ERR, "Delivered to %s by %u of %u disks: more than half must succeed", node,
                succeeded, o->n_devices);
        return 1;
    }
    return 0;
}

/* The node a command is for; LOCAL is this one. */
static const char *
target_of(const struct sbd_options *o)
{
    const char *node = o->arguments[0];

    if (node != NULL && strcmp(node, "LOCAL") == 0) {
        node = o->node;
    }
    return name_is_usable(node) ? node : NULL;
}

int
sbd_tool_message(const struct sbd_options *o)
{
    const char *node = target_of(o);
    enum sbd_command command;

    if (node == NULL) {
        return 1;
    }
    if (o->arguments[1] == NULL || !sbd_command_parse(o->arguments[1], &command)) {
        fprintf(stderr,
                "\"%s\" is no message: it must be test, reset, off, crashdump, exit or clear.\n",
                o->arguments[1] != NULL ? o->arguments[1] : "");
        return 1;
    }
    if (o->n_devices == 0) {
        fputs("message needs at least one device: give it by -d, or set SBD_DEVICE\n", stderr);
        return 1;
    }
    return on_all_disks(o, SBD_TASK_SEND, node, command);
}

int
sbd_tool_ping(const struct sbd_options *o)
{
    const char *node = target_of(o);

    return node == NULL || o->n_devices == 0 ? 1
                                             : on_all_disks(o, SBD_TASK_PING, node, SBD_CMD_TEST);
}

int
sbd_tool_release(const struct sbd_options *o)
{
    const char *node = target_of(o);
    int rc = 0;

    if (node == NULL || o->n_devices == 0) {
        return 1;
    }
    /* Here every disk counts: a slot that is free on one and taken on another helps nobody. */
    for (unsigned i = 0; i < o->n_devices; i++) {
        int one = work_on(o, i, SBD_TASK_RELEASE, node, SBD_CMD_TEST);

        if (one == 0) {
            printf("Slot of %s has been released on %s.\n", node, o->devices[i]);
        } else {
            fprintf(stderr, "Slot of %s NOT released on %s\n", node, o->devices[i]);
        }
        rc |= one;
    }
    return rc;
}
