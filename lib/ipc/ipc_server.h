/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Server end of local IPC: endpoints over libqb in the GLib main loop, connected clients, replies,
 * events with a queue a slow client is evicted for.  Used by the daemons' shells.  Knows nothing of
 * what messages mean. (spec 10 §1)
 */
#ifndef IPC_SERVER_H
#define IPC_SERVER_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/ipc/ipc_message.h"

struct ipc_server; /* an endpoint */

/* A connected client.  Read the public part, change it through functions. */
struct ipc_client {
    struct ipc_server *server;
    char *id; /* random UUID */
    pid_t pid;
    uid_t uid;
    gid_t gid;
    char *user;      /* "#unprivileged" if the uid has no name */
    bool privileged; /* root or the daemon user */
    bool proxied;    /* all answers go out as events */
    char *name;      /* NULL until ipc_client_set_name() */
    void *data;      /* the daemon's own; ipc_client_set_data() */
};

/* A request while its handler runs. */
struct ipc_request {
    uint32_t id; /* keep both for ipc_client_reply() if you answer later */
    uint32_t flags;
    xmlNode *xml; /* root; NULL if the payload was no XML.  Freed afterwards unless the handler
                     takes it (sets NULL) */
};

struct ipc_server_callbacks {
    /* Before a connection is made; 0 or a positive errno to refuse with.  May be NULL. */
    int (*accept)(struct ipc_server *server, uid_t uid, gid_t gid, void *data);
    /* A client is connected.  May be NULL. */
    void (*connected)(struct ipc_client *client, void *data);
    /* A request arrived.  The client stays valid while the handler runs, even if the handler
     * disconnects it. */
    void (*request)(struct ipc_client *client, struct ipc_request *request, void *data);
    /* The client is gone; it is freed afterwards.  May be NULL. */
    void (*closed)(struct ipc_client *client, void *data);
};

enum ipc_server_type { IPC_TYPE_NATIVE, IPC_TYPE_SHM };
enum ipc_server_flags {
    IPC_SERVER_DEFAULT = 0,
    IPC_SERVER_FAST = 1 << 0, /* high priority and fast rate limit (the fencer's) */
};

/*
 * Open the endpoint `name`.  PCMK_ipc_type overrides the type.  NULL on error (logged); a daemon
 * then exits 100 (pacemakerd 71).  `callbacks` must stay valid.
 */
struct ipc_server *ipc_server_new(const char *name, enum ipc_server_type type, unsigned flags,
                                  const struct ipc_server_callbacks *callbacks, void *data);
/* Disconnect all clients (their closed callbacks run) and withdraw the endpoint.  NULL is fine. */
void ipc_server_free(struct ipc_server *server);
const char *ipc_server_name(const struct ipc_server *server);
/* From now on refuse new connections with this positive errno (EPERM while shutting down); 0
 * accepts again. */
void ipc_server_refuse(struct ipc_server *server, int error);

/* Clients of one endpoint, or of all endpoints of the process if `server` is NULL. */
unsigned ipc_server_client_count(const struct ipc_server *server);
/* Calls f for each; f may disconnect clients. */
void ipc_server_for_each(struct ipc_server *server,
                         void (*f)(struct ipc_client *client, void *data), void *data);
/* By id, over all endpoints; NULL if unknown. */
struct ipc_client *ipc_client_find(const char *id);

void ipc_client_set_name(struct ipc_client *client, const char *name);
/* Attach data; the old one is destroyed, this one when the client is freed (after the closed
 * callback). */
void ipc_client_set_data(struct ipc_client *client, void *data, GDestroyNotify destroy);
/* Its name, else its PID as text: how logs call it.  Borrowed. */
const char *ipc_client_label(const struct ipc_client *client);
/* Own limit of the event queue (0: the default, 500). */
void ipc_client_set_queue_limit(struct ipc_client *client, unsigned limit);
/* Is this a name daemons register under (spec 10 §1.9)? */
bool ipc_name_is_daemon(const char *name);
void ipc_client_disconnect(struct ipc_client *client);

/*
 * Answer a request: on the response channel if it asked for a response, as an event otherwise (and
 * for proxied clients).  `request_flags` and `request_id` are the request's.  Returns a result.
 */
int ipc_client_reply(struct ipc_client *client, uint32_t request_id, uint32_t request_flags,
                     const xmlNode *reply);
/*
 * Largest message that this client takes uncompressed: what was negotiated, as it reads with a buffer of at least that size
 * (spec 10 §1.2).  For payloads that are made for one client.
 */
uint32_t ipc_client_message_limit(const struct ipc_client *client);
/* The same with a payload that was made before, perhaps by another thread. */
int ipc_client_reply_payload(struct ipc_client *client, uint32_t request_id, uint32_t request_flags,
                             struct ipc_payload *payload);
/* Send an event. */
int ipc_client_event(struct ipc_client *client, const xmlNode *event);
/* Send the same event to many: make the payload once with ipc_server_payload(). */
int ipc_server_payload(const xmlNode *event, struct ipc_payload **out);
int ipc_client_event_payload(struct ipc_client *client, struct ipc_payload *payload);
/*
 * Acknowledge (only if the request asked for a response; otherwise nothing happens).  `element` is
 * "ack" or "nack"; `protocol` is the ipc-protocol-version or NULL.
 */
int ipc_client_ack(struct ipc_client *client, const struct ipc_request *request,
                   const char *element, int status, const char *protocol);

#endif
