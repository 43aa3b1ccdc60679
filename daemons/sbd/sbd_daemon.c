/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `sbd watch`: what happens before the daemon runs, in the foreground, where it may take its time:
 * wait for a disk, take its timeouts, delay, fork.  Called by main().  Feeds nothing and kills
 * nothing.  (spec 65 §7.1)
 */
#include "daemons/sbd/sbd_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons/sbd/sbd_check.h"
#include "daemons/sbd/sbd_device.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"
#include "daemons/sbd/sbd_tool.h"

/* Read the header of one disk. */
static bool
read_header(const struct sbd_options *o, const char *name, struct sbd_header *h)
{
    struct sbd_device d;
    bool readable, ok;

    if (!sbd_device_open(&d, name, o->io_s)) {
        return false;
    }
    ok = sbd_device_header(&d, h, &readable) == SBD_HEADER_OK;
    sbd_device_close(&d);
    return ok;
}

/* The other disks that can be read must have the same timeouts: two truths about time cost data. */
static bool
others_agree(const struct sbd_daemon *d, unsigned first)
{
    for (unsigned i = 0; i < d->o->n_devices; i++) {
        struct sbd_header h;

        if (i != first && read_header(d->o, d->o->devices[i], &h) &&
            !sbd_same_timeouts(&h, &d->first)) {
            sbd_log(LOG_ERR,
                    "Timeouts on %s do not match first device %s: initialise one of them anew with "
                    "the timeouts of the other",
                    d->o->devices[i], d->o->devices[first]);
            return false;
        }
    }
    return true;
}

static bool
find_header(struct sbd_daemon *d)
{
    struct sbd_options *o = d->o;
    uint64_t begin = sbd_now_ms();

    for (;;) {
        for (unsigned i = 0; i < o->n_devices; i++) {
            if (read_header(o, o->devices[i], &d->first)) {
                d->has_header = true;
                if (!others_agree(d, i)) {
                    return false;
                }
                if (d->first.loop_s == 0) {
                    sbd_log(LOG_WARNING, "%s says loop timeout 0: using 1 s", o->devices[i]);
                }
                sbd_options_adopt(o, &d->first);
                return true;
            }
        }
        if (sbd_now_ms() - begin >= (uint64_t)o->start_wait_s * 1000) {
            sbd_log(LOG_ERR, "No devices were available at start-up within %u seconds.",
                    o->start_wait_s);
            return false;
        }
        sleep(o->loop_s > 0 ? o->loop_s : 1);
    }
}

/* Peers may still wait for us to be dead: give them the time before we are seen. */
static void
delay_start(const struct sbd_daemon *d)
{
    uint32_t seconds = d->o->delay_s;

    if (d->o->delay_unclear) {
        sbd_log(LOG_WARNING, "SBD_DELAY_START is neither yes, no nor a time: no delay");
    }
    if (!d->o->delay_start) {
        return;
    }
    if (seconds == 0 && d->has_header) {
        seconds = d->first.msgwait_s;
    }
    if (seconds == 0) {
        seconds = 2 * d->o->watchdog_s;
    }
    sbd_log(LOG_NOTICE, "Delaying the start by %u seconds (SBD_DELAY_START)", seconds);
    sleep(seconds);
}

static bool
may_run(const struct sbd_options *o)
{
    if (o->sync_startup && !o->pacemaker) {
        fputs("Set SBD_PACEMAKER=yes to allow resource startup syncing. Otherwise explicitly set "
              "SBD_SYNC_RESOURCE_STARTUP=no if "
              "to intentionally disable.\n",
              stderr);
        return false;
    }
    if (o->n_devices == 0 && !o->pacemaker && !o->cluster) {
        fputs("Nothing to watch: give a device, or set SBD_PACEMAKER=yes\n", stderr);
        return false;
    }
    if (o->io_s == 0 || (o->n_devices == 0 && (o->watchdog_s == 0 || o->loop_s == 0))) {
        fputs("IO timeout (-I), watchdog timeout (-1) and loop timeout (-3) must be at least 1 "
              "second\n",
              stderr);
        return false;
    }
    return true;
}

static void
announce(const struct sbd_options *o)
{
    sbd_log(LOG_NOTICE, "%s flush + write '%c' to sysrq in case of timeout",
            o->timeout_flush ? "Do" : "Skip", o->timeout_action);
    if (o->debug > 0) {
        sbd_log(LOG_ERR, "DEBUG MODE %u IS ACTIVE - DO NOT RUN IN PRODUCTION!", o->debug);
    }
    if (!o->sync_startup_set) {
        sbd_log(LOG_WARNING, "SBD_SYNC_RESOURCE_STARTUP is not set: sbd takes that for yes, "
                             "Pacemaker for no, and a stop of Pacemaker "
                             "looks like a failure then; set it to yes in the configuration file");
    }
}

/* The daemon's standard streams and place. */
static void
settle(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = 0; null >= 0 && fd <= 2; fd++) {
        dup2(null, fd);
    }
    if (null > 2) {
        close(null);
    }
    umask(022);
    if (chdir(STATE_DIR "/cores") != 0 && chdir("/") != 0) {
        sbd_log(LOG_WARNING, "Cannot change to the folder for cores: %s", strerror(errno));
    }
}

/* Wait for the daemon's word: 0 once it runs. */
static int
wait_for_start(pid_t daemon, int fd)
{
    char byte;
    ssize_t n;

    do {
        n = read(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    if (n == 1) {
        return 0;
    }
    waitpid(daemon, NULL, 0);
    return 1;
}

int
sbd_watch(struct sbd_options *o)
{
    static struct sbd_daemon d;
    int link[2];
    pid_t pid;

    d.o = o;
    if (!may_run(o) || (o->n_devices > 0 && !find_header(&d))) {
        return 1;
    }
    delay_start(&d);
    announce(o);
    sbd_check_log(o);
    sbd_sysrq_prepare();
    sbd_die_prepare(o->timeout_action, o->timeout_flush);
    if (pipe2(link, O_CLOEXEC) != 0) {
        return 1;
    }
    fflush(NULL);
    pid = fork();
    if (pid < 0) {
        sbd_log(LOG_ERR, "Cannot start the daemon: %s", strerror(errno));
        return 1;
    }
    if (pid > 0) {
        close(link[1]);
        return wait_for_start(pid, link[0]);
    }
    close(link[0]);
    d.started_fd = link[1];
    if (o->pid_file[0] != '\0' && !sbd_pid_file_take(o->pid_file)) {
        fprintf(stderr, "Cannot take the PID file %s: is sbd running already?\n", o->pid_file);
        _exit(1);
    }
    settle();
    sbd_process_realtime(o);
    sbd_inquisitor_run(&d);
}
