/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alert agents: run in parallel, as the daemon user, and forgotten.  (spec 50 §11.2)
 */
#ifndef EXECD_ALERT_H
#define EXECD_ALERT_H

#include "daemons/execd/execd_core.h"

/* Run the alert agent of an EXECD_ALERT effect. */
void execd_alert_run(const struct execd_effect *e);
/* The executor ends: take no more alerts, quit the main loop when those that run are over, or at the latest
 * 5 s after the longest of their time limits. */
void execd_alerts_finish(void);

#endif
