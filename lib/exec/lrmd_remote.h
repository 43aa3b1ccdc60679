/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client of a Pacemaker Remote node's executor: one connection over TCP and TLS.  Used by the controller.  Never waits: connecting,
 * answers and events come from the GLib main loop.  (spec 50 §12)
 */
#ifndef EXEC_LRMD_REMOTE_H
#define EXEC_LRMD_REMOTE_H

#include "lib/exec/lrmd_client.h"

struct lrmd_remote;

/* All may free the connection. */
struct lrmd_remote_callbacks {
    /* 0, or a negative errno: -ENOKEY, -EKEYREJECTED, -EPROTO, -ETIMEDOUT, ...  After a failure nothing else comes. */
    void (*connected)(struct lrmd_remote *remote, int rc, void *data);
    void (*lost)(struct lrmd_remote *remote, void *data);
    /* A notification, never of kind CONNECT or DISCONNECT. */
    void (*event)(struct lrmd_remote *remote, const struct lrmd_event *event, void *data);
    /* A message of a program on the node (LRMD_TAG_PROXY). */
    void (*proxied)(struct lrmd_remote *remote, const xmlNode *message, void *data);
    /* The answer to a request that had a cookie; -ENOTCONN if the connection ended before. */
    void (*answered)(struct lrmd_remote *remote, uint64_t cookie, int rc, void *data);
};

/* Connect to a host by name or address, and register as one that serves the node's programs. */
struct lrmd_remote *lrmd_remote_connect(const char *address, unsigned port, long long timeout_ms,
                                        const struct lrmd_remote_callbacks *callbacks, void *data);
/* Disconnect; answers that are due do not come. */
void lrmd_remote_free(struct lrmd_remote *remote);
/* What the executor calls us; NULL before it is connected. */
const char *lrmd_remote_token(const struct lrmd_remote *remote);
/* Send a request (taken).  Its answer is told if `cookie` is not 0. */
void lrmd_remote_send_take(struct lrmd_remote *remote, xmlNode *request, uint64_t cookie);

#endif
