/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the inquisitor and its watchers: what a watcher gets, and how it reports.  Used by
 * sbd_daemon.c, sbd_inquisitor.c and the watchers.  (spec 65 §7)
 */
#ifndef SBD_DAEMON_H
#define SBD_DAEMON_H

#include "daemons/sbd/sbd_options.h"

/* Set up in the foreground, before the first fork; nobody changes it afterwards. */
struct sbd_daemon {
    struct sbd_options *o;
    struct sbd_header first; /* of the first readable disk */
    bool has_header;
    int started_fd; /* the foreground process waits for a byte here */
};

/* The daemon's main process: never returns. */
void sbd_inquisitor_run(const struct sbd_daemon *d) __attribute__((noreturn));

/* Reports of a watcher, one byte each on its link to the inquisitor. */
enum sbd_link_byte { SBD_LINK_ALIVE = 'a', SBD_LINK_UNHEALTHY = 'u' };

/* In a watcher: its end of the link.  A report that cannot be delivered at once is lost, the next
 * one will not be. */
void sbd_link_init(int fd);
void sbd_link_report(enum sbd_report report);

/* The watchers: their return value is the exit status of their process. */
int sbd_watcher_disk(const struct sbd_daemon *d, unsigned disk, unsigned flags);
int sbd_watcher_pacemaker(const struct sbd_daemon *d);
int sbd_watcher_cluster(const struct sbd_daemon *d);

#endif
