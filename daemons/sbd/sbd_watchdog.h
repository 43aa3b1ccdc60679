/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The watchdog device.  Used by the inquisitor, which alone keeps one open, by query-watchdog,
 * test-watchdog and check. (spec 65 §11)
 */
#ifndef SBD_WATCHDOG_H
#define SBD_WATCHDOG_H

#include <stdbool.h>

#include "daemons/sbd/sbd_options.h"

/* --- one device, by the one process that feeds it --- */

/* Open and arm; logs why not.  The timeout is set unless -T. */
bool sbd_watchdog_arm(const struct sbd_options *o, unsigned timeout_s);
bool sbd_watchdog_is_armed(void);
/* Never waits. */
void sbd_watchdog_feed(void);
void sbd_watchdog_disarm(void);
/* Close and let it run out. */
void sbd_watchdog_leave_armed(void);
/* Set another timeout (before a crash dump); false if the driver refused. */
bool sbd_watchdog_set_timeout(unsigned timeout_s);
/* In a new process: the device is the parent's. */
void sbd_watchdog_forget(void);

/* --- what there is --- */

struct sbd_watchdog_info {
    char path[SBD_PATH_MAX];
    unsigned long number; /* of the device */
    char identity[128];
    char driver[128];
    bool busy;
};

#define SBD_MAX_WATCHDOGS 64

/*
 * Find the watchdogs in /dev.  With `probe` each is opened, fed once, asked for its identity and
 * closed disarmed; otherwise identity and driver stay what sysfs says.  Returns how many.
 */
unsigned sbd_watchdog_discover(struct sbd_watchdog_info *list, unsigned max, bool probe);
/* Who has one of the listed paths open?  0: nobody.  Sets `name` to the process's name. */
int sbd_watchdog_holder(const char *path, char name[32]);
/* Largest timeout that the driver allows, in seconds, by sysfs; 0 unknown. */
unsigned sbd_watchdog_max_timeout(const char *path);

#endif
