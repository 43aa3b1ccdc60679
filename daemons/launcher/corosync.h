/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's connection to Corosync's CFG service: refuses shutdowns of Corosync, notices its
 * end, reconnects. (spec 10 §6.1, §6.6)
 */
#ifndef LAUNCHER_COROSYNC_H
#define LAUNCHER_COROSYNC_H

#include <stdbool.h>

/* Read the configuration, export it to the children, let the cluster's group connect.  Returns a
 * result. */
int corosync_prepare(unsigned attempts);
/* Connect to CFG.  `back` is called when the connection broke and has been made anew. */
bool corosync_connect(void (*back)(void));
bool corosync_is_connected(void);
/* Ask Corosync to shut down at once. */
void corosync_shut_down(void);
void corosync_disconnect(void);

#endif
