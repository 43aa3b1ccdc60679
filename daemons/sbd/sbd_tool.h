/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sbd's commands, apart from the daemon.  Each returns the exit status of the program: 0 or 1.
 * (spec 65 §5.2)
 */
#ifndef SBD_TOOL_H
#define SBD_TOOL_H

#include "daemons/sbd/sbd_options.h"

int sbd_tool_create(const struct sbd_options *o);
int sbd_tool_dump(const struct sbd_options *o);
int sbd_tool_list(const struct sbd_options *o);
int sbd_tool_allocate(const struct sbd_options *o);
int sbd_tool_message(const struct sbd_options *o);
int sbd_tool_ping(const struct sbd_options *o);
int sbd_tool_release(const struct sbd_options *o);
int sbd_tool_check(const struct sbd_options *o);
int sbd_tool_query_watchdog(const struct sbd_options *o);
int sbd_tool_test_watchdog(const struct sbd_options *o);
/* The daemon: returns in the foreground process, 0 once it runs. */
int sbd_watch(struct sbd_options *o);

#endif
