/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-remoted as the first process of a container.  (spec 50 §14)
 */
#ifndef REMOTED_INIT_H
#define REMOTED_INIT_H

#include <stdbool.h>

/*
 * If this is the first process (or PCMK_remote_pid1 says "full"): returns in a child, while this process waits and reaps.  To be
 * called before anything else.
 */
void remoted_init(char **argv);

/* One line of the file of variables: true if it is an assignment; *name and *value (g_free) are set. */
bool remoted_env_parse(const char *line, char **name, char **value);

#endif
