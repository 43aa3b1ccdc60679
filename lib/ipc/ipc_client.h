/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client end of local IPC: connect to a daemon, call and wait, send without waiting, receive
 * events, with a GLib main loop or without.  Used by tools and by daemons that are clients of
 * others.  Knows nothing of what messages mean.  Functions that "return a result" return RC_OK or a
 * code of lib/base/result.h and log nothing. (spec 10 §1.2, §1.3, §1.6)
 */
#ifndef IPC_CLIENT_H
#define IPC_CLIENT_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/ipc/ipc_message.h"

struct ipc_connection;

/*
 * Connect to `endpoint` and check that the server is authentic.  `wanted` is the message size asked
 * for (0, IPC_BUFFER_CIB, IPC_BUFFER_SCHEDULER). Results: ECONNREFUSED or ENOENT nobody serves it,
 * EACCES the user may not, ECONNABORTED the server is not authentic, EREMOTEIO this is a remote
 * node (no cluster node connected), EPERM it is shutting down.
 */
int ipc_connect(const char *endpoint, uint32_t wanted, struct ipc_connection **out);
/* Disconnect and free; the closed callback is not called.  Fine inside callbacks.  NULL is fine. */
void ipc_disconnect(struct ipc_connection *c);
typedef struct ipc_connection ipc_connection; /* only for g_autoptr */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ipc_connection, ipc_disconnect)

bool ipc_is_connected(const struct ipc_connection *c);
/* Credentials of the server; pid 0 if unknown. */
pid_t ipc_server_pid(const struct ipc_connection *c);
uint32_t ipc_buffer_limit(const struct ipc_connection *c);
/* Descriptor that becomes readable when events wait (for foreign loops), or -1. */
int ipc_fd(const struct ipc_connection *c);

/*
 * Send a request and wait for its response on the response channel (often only an `ack`; the real
 * answer is then an event).  timeout_ms: 0 is 5 s, negative waits forever.  `reply` may be NULL if
 * it is not wanted; xml_free. `flags` are more flags of enum ipc_flag (IPC_WANTS_RESPONSE is set by
 * the function). Results: ETIMEDOUT no response (the connection then owes one, and the next call
 * waits for that first), EALREADY it still does, ENOTCONN the connection broke, EMSGSIZE too big,
 * EBADMSG the response is no message.
 */
int ipc_call(struct ipc_connection *c, const xmlNode *request, int timeout_ms, xmlNode **reply);
/* The same, with the response's text as it came (ipc_text_clear() if RC_OK; see lib/ipc/ipc_message.h). */
struct ipc_text;
int ipc_call_text(struct ipc_connection *c, const xmlNode *request, int timeout_ms, struct ipc_text *reply);
/*
 * Send without asking for a response.  The server may lose it if the connection is closed right
 * afterwards. `flags` are sent as they are given (a proxy passes IPC_PROXIED | IPC_WANTS_RESPONSE
 * and does not wait).
 */
int ipc_send(struct ipc_connection *c, const xmlNode *request, uint32_t flags,
             uint32_t *request_id);

/* --- events with the GLib main loop --- */

struct ipc_connection_callbacks {
    /* An event arrived; xml is freed afterwards.  `flags` are the header's (IPC_PROXIED_RESPONSE
     * for proxies). */
    void (*event)(struct ipc_connection *c, xmlNode *xml, uint32_t flags, void *data);
    /* The connection broke; the callback (or later code) calls ipc_disconnect(). */
    void (*closed)(struct ipc_connection *c, void *data);
};

/* Attach to the default main context; at most 10 events are taken per wake-up.  `callbacks` must
 * stay valid. */
void ipc_watch(struct ipc_connection *c, int priority,
               const struct ipc_connection_callbacks *callbacks, void *data);
/* Stop watching. */
void ipc_unwatch(struct ipc_connection *c);

/* --- events without a main loop --- */

/*
 * Wait up to timeout_ms (0: do not wait, negative: forever) for the next event (xml_free).
 * Results: ETIMEDOUT none came, ENOTCONN the connection broke.  Invalid events are skipped.
 */
int ipc_next_event(struct ipc_connection *c, int timeout_ms, xmlNode **event, uint32_t *flags);

/*
 * Send a controller-style request and wait for what it leads to: the response itself, or after an
 * `ack` the event whose `reference` equals the request's.  The protocol of pacemakerd, controld and
 * schedulerd for small tools.
 */
int ipc_ask(struct ipc_connection *c, const xmlNode *request, int timeout_ms, xmlNode **reply);

/* --- is a daemon there? --- */

/*
 * Try the endpoint within `timeout_ms`.  RC_OK an authentic process answers (*pid is set),
 * RC_IPC_UNRESPONSIVE nobody answers, RC_IPC_UNAUTHORIZED somebody else holds it, other errors.
 */
int ipc_probe(const char *endpoint, uid_t expected_uid, gid_t expected_gid, int timeout_ms,
              pid_t *pid);
/* The same without waiting: `done` is called once, from the main loop, with the result and the PID
 * (0: unknown). */
void ipc_probe_start(const char *endpoint, uid_t expected_uid, gid_t expected_gid,
                     unsigned timeout_ms, void (*done)(int rc, pid_t pid, void *data), void *data);
/* For a daemon's start: true if an authentic process serves the endpoint already ("is already
 * active"). */
bool ipc_already_active(const char *endpoint);

#endif
