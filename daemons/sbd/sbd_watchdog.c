/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arming, feeding and closing the watchdog.  Called by the inquisitor and by test-watchdog.  One
 * device at a time. (spec 65 §11.1)
 */
#include "daemons/sbd/sbd_watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemons/sbd/sbd_log.h"

static int device = -1;

bool
sbd_watchdog_is_armed(void)
{
    return device >= 0;
}

bool
sbd_watchdog_set_timeout(unsigned timeout_s)
{
    int value = (int)timeout_s;

    return device >= 0 && ioctl(device, WDIOC_SETTIMEOUT, &value) == 0;
}

static void
log_open_error(const char *path)
{
    int error = errno;
    struct stat st;

    if (stat(path, &st) == 0 && S_ISCHR(st.st_mode)) {
        sbd_log(LOG_ERR, "Cannot open watchdog device '%s': %s", path, strerror(error));
        if (error == EBUSY) {
            sbd_log(LOG_ERR, "Somebody else holds it: `sbd query-watchdog` tells who");
        }
    } else {
        sbd_log(LOG_ERR, "Seems as if '%s' isn't a valid watchdog-device: %s", path,
                strerror(error));
    }
}

/* Set the timeout and see whether the driver really took it. */
static bool
program_timeout(unsigned timeout_s)
{
    int got = 0;

    if (!sbd_watchdog_set_timeout(timeout_s)) {
        sbd_log(LOG_ERR, "WDIOC_SETTIMEOUT: Failed to set watchdog timer to %u seconds.",
                timeout_s);
        sbd_log(LOG_CRIT, "Please validate your watchdog configuration!");
        sbd_log(LOG_CRIT, "Choose a different watchdog driver or specify -T to skip this if you "
                          "are completely sure.");
        return false;
    }
    if (ioctl(device, WDIOC_GETTIMEOUT, &got) == 0 && got > (int)timeout_s) {
        sbd_log(LOG_ERR,
                "The watchdog's driver makes %d s of a timeout of %u s: set the watchdog timeout "
                "to %d, and msgwait to "
                "twice that",
                got, timeout_s, got);
        return false;
    }
    return true;
}

bool
sbd_watchdog_arm(const struct sbd_options *o, unsigned timeout_s)
{
    if (device >= 0) {
        return true;
    }
    device = open(o->watchdog, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    if (device < 0) {
        log_open_error(o->watchdog);
        return false;
    }
    if (o->set_watchdog_timeout && !program_timeout(timeout_s)) {
        sbd_watchdog_disarm();
        return false;
    }
    sbd_watchdog_feed();
    sbd_log(LOG_NOTICE, "Using watchdog device '%s'", o->watchdog);
    return true;
}

void
sbd_watchdog_feed(void)
{
    if (device >= 0 && write(device, "", 1) != 1) {
        sbd_log(LOG_ERR, "Cannot feed the watchdog: %s", strerror(errno));
    }
}

void
sbd_watchdog_disarm(void)
{
    int flags = WDIOS_DISABLECARD;

    if (device < 0) {
        return;
    }
    if (ioctl(device, WDIOC_SETOPTIONS, &flags) != 0) {
        sbd_log(LOG_INFO, "The watchdog's driver cannot be told to stop; closing it in order");
    }
    for (int attempt = 0; attempt < 10 && write(device, "V", 1) != 1; attempt++) {
        if (errno != EINTR && errno != EAGAIN) {
            sbd_log(LOG_ERR, "Cannot disarm the watchdog: %s", strerror(errno));
            break;
        }
    }
    close(device);
    device = -1;
}

void
sbd_watchdog_leave_armed(void)
{
    sbd_watchdog_forget();
}

void
sbd_watchdog_forget(void)
{
    if (device >= 0) {
        close(device);
        device = -1;
    }
}
