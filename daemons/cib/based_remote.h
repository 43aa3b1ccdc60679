/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Remote access to the CIB: listening, login, connected clients.  Used by main.c, on the main loop.  Decides nothing
 * about requests.  (spec 20 §13)
 */
#ifndef DAEMONS_CIB_BASED_REMOTE_H
#define DAEMONS_CIB_BASED_REMOTE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

struct remote_server_callbacks {
    void (*connected)(const char *client_id);
    /* Stamped with the user who logged in; may be changed. */
    void (*request)(const char *client_id, xmlNode *message);
    void (*closed)(const char *client_id);
};

void remote_server_init(const struct remote_server_callbacks *callbacks);
/* Listen on a port of all IPv4 addresses; failures are logged. */
void remote_server_listen(int port, bool encrypted);
/* Close everything; the closed callbacks run. */
void remote_server_finish(void);

/* A client that has logged in. */
bool remote_client_exists(const char *client_id);
void remote_client_send(const char *client_id, const GString *text);

#endif
