/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small questions to the local controller: who is this node, who are the others, who is the DC.  Used by the tools.
 * Blocks; never prints.  (spec 10 §2.3, spec 30 §15)
 */
#ifndef IPC_CONTROLLER_CLIENT_H
#define IPC_CONTROLLER_CLIENT_H

#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"

#include <glib.h>
#include <stdbool.h>

/* What `node-info` says. */
struct controller_node {
    char *id;   /* UUID, NULL if unknown */
    char *name; /* NULL if unknown */
    char *state; /* "member", "lost", NULL */
    bool remote;
    bool have_quorum;
};
void controller_node_clear(struct controller_node *node);

/*
 * Connect to the controller (up to five attempts while it is busy) and say hello as `program`.  Returns a result.
 */
int controller_connect(const char *program, struct ipc_connection **out);
/* New request of `program` (its PID becomes part of the address for replies); host NULL: none.  xml_free. */
xmlNode *controller_request_new(const char *program, const char *task, const char *system, const char *host);
/*
 * Ask about a node by id (0: not asked for) or name (NULL); neither: the local node.  Waits as long as it takes.
 * RC_OK, ENOTCONN, EBADMSG (the answer holds no node), ...; clear *node afterwards.
 */
int controller_node_info(struct ipc_connection *c, const char *program, guint id, const char *name,
                         struct controller_node *node);
/*
 * Name of the local node as the cluster knows it (g_free), without keeping a connection.  Result as above; ENXIO
 * if the controller knows none.
 */
int controller_local_node(const char *program, char **name);

#endif
