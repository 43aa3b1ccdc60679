/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of the launcher as tools show it.  Used by crmadmin and crm_mon.  Pure.  (spec 80 §5.3, §8; spec 10 §6.7)
 */
#ifndef OUTPUT_LAUNCHER_H
#define OUTPUT_LAUNCHER_H

#include "lib/output/output.h"

/* "Pacemaker is running" for "running", and so on. */
const char *launcher_state_text(const char *state);
/* Show a ping_response of the launcher; `terse`: the state word alone (text). */
void launcher_show(struct output *out, const xmlNode *response, bool terse);

#endif
