/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sbd on this node: is it there, what does it ask for; and taking the node down at once.  Used by
 * the launcher, the controller, the fencer.  Process-wide; cores get the answers as events.  (spec
 * 10 §7)
 */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* PID of the running sbd, 0 if there is none.  A PID found once is kept for the life of the
 * process. */
pid_t sbd_pid(void);
bool sbd_is_running(void);
/* SBD_SYNC_RESOURCE_STARTUP. */
bool sbd_wants_handshake(void);
/* SBD_WATCHDOG_TIMEOUT in milliseconds, 0 if unset. */
long long sbd_watchdog_timeout_ms(void);

/* Is /proc/PID/exe that program? */
bool process_runs(pid_t pid, const char *program);
/* First process of that name (as in /proc/PID/stat), 0 if none. */
pid_t process_find(const char *name);

/* Take this node down without further ado.  Returns only by exiting.  (spec 10 §7.3) */
void panic_node(const char *why) G_GNUC_NORETURN;

#endif
