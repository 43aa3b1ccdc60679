/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core of pacemaker-remoted beside the executor's: which cluster nodes serve this host's clients, who of those is bound to which,
 * and leaving in order.  Fed by remoted_proxy.c and unit tests: events in, effects out.  Opens nothing, reads no clock.
 * (spec 50 §12.5, §13)
 */
#ifndef REMOTED_CORE_H
#define REMOTED_CORE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct remoted_core;

enum remoted_effect_kind {
    REMOTED_SEND,           /* `xml` to the cluster node `client` */
    REMOTED_RESPOND,        /* `xml` to the session as the answer to its message `message_id` */
    REMOTED_EVENT,          /* `xml` to the session as an event */
    REMOTED_DROP,           /* disconnect the session; remoted_core_session_closed() may follow */
    REMOTED_STOP_LISTENING, /* take no more cluster nodes */
    REMOTED_ARM_TIMER,      /* remoted_core_timer() after timeout_ms */
    REMOTED_CANCEL_TIMER,
    REMOTED_EXIT,
};

struct remoted_effect {
    enum remoted_effect_kind kind;
    char *client, *session;
    xmlNode *xml;
    uint32_t message_id;
    unsigned timeout_ms;
};
void remoted_effect_free(struct remoted_effect *e);

struct remoted_core *remoted_core_new(void);
void remoted_core_free(struct remoted_core *core);
/* The oldest effect that is not carried out yet, or NULL.  The caller frees it. */
struct remoted_effect *remoted_core_take_effect(struct remoted_core *core);

/* --- cluster nodes --- */

/* `client` will serve this host's clients from now on, before those that came earlier. */
void remoted_core_provider(struct remoted_core *core, const char *client);
/* A cluster node (provider or not) is gone; also when what it should be sent could not be. */
void remoted_core_client_gone(struct remoted_core *core, const char *client);
/* What a cluster node forwards. */
void remoted_core_message(struct remoted_core *core, const char *client, const xmlNode *message);

/* --- clients of this host that want something of the cluster --- */

/* May somebody connect now?  0 or EREMOTEIO. */
int remoted_core_admits(const struct remoted_core *core);
/* `server` is the endpoint's name, `user` who it is. */
void remoted_core_session(struct remoted_core *core, const char *session, const char *server, long pid, const char *user);
void remoted_core_request(struct remoted_core *core, const char *session, uint32_t message_id, uint32_t flags, const xmlNode *request);
void remoted_core_session_closed(struct remoted_core *core, const char *session);

/* --- leaving --- */

void remoted_core_terminate(struct remoted_core *core);
void remoted_core_timer(struct remoted_core *core);

#endif
