/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting daemons and finding those that run already, for the launcher's shell.  (spec 10 §6.2,
 * §6.5, §9)
 */
#ifndef LAUNCHER_CHILDREN_H
#define LAUNCHER_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemons/launcher/launcher_core.h"

/* Directories of the cluster, with owner and mode; core size limit. */
void children_prepare_system(void);
/* Environment that all children inherit. */
void children_export_defaults(void);
/* uid and gid that a daemon runs as. */
void children_ids(enum launcher_child_id child, uid_t *uid, gid_t *gid);
/* Path of the program. */
const char *children_program(enum launcher_child_id child);
/* Fork and execute; 0 if that failed (logged). */
pid_t children_spawn(enum launcher_child_id child);
/* Does the process of that child live? */
bool children_is_alive(const struct launcher_child *c, enum launcher_child_id child);
/*
 * Find daemons that run already; pids[child] is 0 for those that do not.  0, or the exit code with
 * which the launcher has to give up.
 */
int children_find_existing(pid_t pids[CHILD_COUNT]);

#endif
