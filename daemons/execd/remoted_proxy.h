/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-remoted's endpoints for programs that want something of the cluster.  (spec 50 §13)
 */
#ifndef REMOTED_PROXY_H
#define REMOTED_PROXY_H

#include <libxml/tree.h>
#include <stdbool.h>

/* Open the endpoints; `leave` is called once, when this process may end.  False (logged) if they cannot be opened. */
bool remoted_proxy_start(void (*leave)(void));
void remoted_proxy_finish(void);

/* A cluster node will serve them; a message of one; one is gone. */
void remoted_proxy_provider(const char *client);
void remoted_proxy_message(const char *client, const xmlNode *message);
void remoted_proxy_client_gone(const char *client);
/* SIGTERM: leave as soon as the cluster has stopped what runs here. */
void remoted_proxy_terminate(void);

#endif
