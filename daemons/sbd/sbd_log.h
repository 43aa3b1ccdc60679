/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sbd's log: lines to the system's log that never make the caller wait and never allocate.  A line
 * that the system does not take at once is dropped: nothing in the log is worth a node.  (spec 65
 * §1)
 */
#ifndef SBD_LOG_H
#define SBD_LOG_H

#include <syslog.h>

/* `verbose`: notices are always logged, 1 adds info, 2 debug. */
void sbd_log_init(unsigned verbose);
/* What precedes each line of this process from now on: a device, "pcmk", "cluster"; NULL nothing.
 */
void sbd_log_prefix(const char *prefix);
void sbd_log(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
