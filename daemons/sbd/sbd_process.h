/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process itself: title, priority, memory, PID file, and the end of the whole node.  Used by
 * the daemon, its watchers and the delivery of messages.  (spec 65 §7.2, §7.3, §11.4)
 */
#ifndef SBD_PROCESS_H
#define SBD_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemons/sbd/sbd_options.h"

/* Call first in main(): makes room for titles. */
void sbd_process_init(int argc, char **argv);
/* What `ps` shows. */
void sbd_process_title(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Realtime priority, locked memory, I/O priority, unless -R.  Failures are logged, never fatal. */
void sbd_process_realtime(const struct sbd_options *o);

/* The start of a small file as text; false if it cannot be read. */
bool sbd_read_file(const char *path, char *out, size_t size);

/* Take the PID file; false (logged) if a living sbd has it. */
bool sbd_pid_file_take(const char *path);
void sbd_pid_file_drop(const char *path);

/*
 * Let the kernel obey the letters we may have to write: called once at start.
 */
void sbd_sysrq_prepare(void);
/* How this process takes the node down when the time is up; kept for signal handlers. */
void sbd_die_prepare(enum sbd_kill timeout_action, bool timeout_flush);
/*
 * Take the node down now.  Safe in signal handlers.  If even that fails the process exits with 1.
 */
void sbd_die(enum sbd_kill kill, bool flush) __attribute__((noreturn));
/* The same as configured for a timeout. */
void sbd_die_timed_out(void) __attribute__((noreturn));

#endif
