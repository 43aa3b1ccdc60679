/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checking the password of a remote user with PAM.  For based_remote.c alone.  (spec 20 §13) */
#ifndef DAEMONS_CIB_BASED_LOGIN_H
#define DAEMONS_CIB_BASED_LOGIN_H

#include <glib.h>
#include <stdbool.h>

/* Called on the main loop. */
typedef void (*login_fn)(const char *client_id, bool accepted);
/*
 * Is this a member of the cluster's group whose password this is?  PAM may take seconds, so a thread asks it; few at a
 * time, the others wait.
 */
void login_start(const char *client_id, const char *user, const char *password, login_fn done);

#endif
