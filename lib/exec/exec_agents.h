/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where agents are.  Used inside lib/exec only.  (spec 50 §7)
 */
#ifndef EXEC_EXEC_AGENTS_H
#define EXEC_EXEC_AGENTS_H

#include "lib/exec/exec.h"

/* Colon-separated folders that hold provider folders; built in, the environment cannot change it. */
#define OCF_RA_PATH OCF_ROOT "/resource.d"
#define LSB_DIR     "/etc/init.d"

/* Full path of an ocf agent (g_free), or NULL if there is none. */
char *exec_ocf_agent_path(const char *provider, const char *type);
/* Path that an lsb script has or would have (g_free). */
char *exec_lsb_path(const char *type);
/* The standard that carries an action out: "service" becomes lsb or systemd, whichever has the type. */
enum exec_standard exec_resolve_standard(const char *standard, const char *type);

#endif
