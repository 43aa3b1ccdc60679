/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The systemd side of lib/exec: units as resources, over D-Bus.  Used by exec_run.c, exec_agents.c and
 * exec_metadata.c only; the rest of the product sees lib/exec/exec.h.  (spec 50 §7.3)
 */
#ifndef EXEC_EXEC_SYSTEMD_H
#define EXEC_EXEC_SYSTEMD_H

#include "lib/exec/exec.h"

struct systemd_action;

/*
 * Begin an action on a unit.  NULL and `*result` filled if that is decided at once (no bus, unknown action); else
 * `done` is called from the main loop.
 */
struct systemd_action *exec_systemd_start(const struct exec_request *req, exec_done_fn done, void *data,
                                          struct exec_result *result);
/* Give the pending call up: `done` follows with EXEC_CANCELLED. */
void exec_systemd_cancel(struct systemd_action *a);
/* `done` is not called any more. */
void exec_systemd_abandon(struct systemd_action *a);

bool exec_systemd_unit_exists(const char *name);
/* Append the unit names (g_strdup) that systemd lists; false if there is no bus. */
bool exec_systemd_list_units(GPtrArray *out);
/* Meta-data made up from the unit's description; NULL if there is no bus. */
char *exec_systemd_metadata(const char *name);

#endif
