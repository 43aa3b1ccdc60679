/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client of the attribute manager: requests as messages, and a connection that sends them and waits for the
 * answer.  Used by attrd_updater, crm_attribute, crm_resource, crm_node and the controller.
 * The builders (attrd_msg_*) are pure; the connection blocks, but never longer than IPC's answer time-out.
 * (spec 70 §3, §4, §9, §11, §12)
 */
#ifndef IPC_ATTRD_CLIENT_H
#define IPC_ATTRD_CLIENT_H

#include "lib/ipc/attrd_proto.h"

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

enum attrd_update_flags {
    ATTRD_UPDATE_PLAIN = 0,
    ATTRD_UPDATE_REMOTE = 1 << 0,  /* the node is a Pacemaker Remote node */
    ATTRD_UPDATE_PRIVATE = 1 << 1, /* never written to the CIB */
    ATTRD_UPDATE_PATTERN = 1 << 2, /* `name` is an extended regular expression over known names */
};

/* One change.  NULL members are left out of the request. */
struct attrd_update {
    const char *task;      /* NULL: ATTRD_TASK_UPDATE */
    const char *name;
    const char *value;     /* NULL: unset; "value++" and "value+=N" count */
    const char *node;      /* NULL: the node of the attribute manager that takes the request */
    const char *set;       /* set id, for an attribute that is created */
    const char *dampening; /* "5s" */
    const char *user;      /* on whose behalf, honoured for daemons */
    unsigned flags;        /* enum attrd_update_flags */
};

/* --- messages (xml_free) --- */

xmlNode *attrd_msg_update(const char *program, const struct attrd_update *update);
/* A list update: all of `updates` in one message, applied in this order (only daemons send it). */
xmlNode *attrd_msg_update_list(const char *program, const struct attrd_update *updates, unsigned n);
/* Values of `name` on `node`, or on every node (NULL). */
xmlNode *attrd_msg_query(const char *program, const char *name, const char *node);
/* Make the local attribute manager write everything to the CIB now. */
xmlNode *attrd_msg_refresh(const char *program, const char *node);
/*
 * Forget failures.  `node` NULL: everywhere; `resource` NULL: of all resources; `operation` NULL: all; the interval is a
 * spec such as "10s" and counts with an operation only.
 */
xmlNode *attrd_msg_clear_failure(const char *program, const char *node, const char *resource,
                                 const char *operation, const char *interval, bool remote);
/* Forget all values of a node and the node: by name, or by id if name is NULL. */
xmlNode *attrd_msg_peer_remove(const char *program, const char *node, guint id);

/* --- connection --- */

struct attrd_client;

/* `program` is copied and becomes `src`.  Connects with the first request and stays connected. */
struct attrd_client *attrd_client_new(const char *program);
void attrd_client_free(struct attrd_client *client);

/*
 * Send a message (consumed) and wait for its acknowledgement, or for data: *reply (may be NULL; xml_free) then holds it, NULL
 * for an ack.  A connection that broke since the last request is made anew once.  Returns a result (RC_OK, ENOTCONN,
 * ECONNREFUSED, ETIMEDOUT, ...).
 */
int attrd_client_send_take(struct attrd_client *client, xmlNode *message, xmlNode **reply);

int attrd_client_update(struct attrd_client *client, const struct attrd_update *update);
/*
 * Call `each` for every node of a query's answer; value is NULL if unset.  ENXIO if the attribute does not exist.
 */
typedef void attrd_value_fn(const char *node, const char *value, void *user_data);
int attrd_client_query(struct attrd_client *client, const char *name, const char *node,
                       attrd_value_fn *each, void *user_data);

/* --- names --- */

/*
 * The node that a node argument of a command line means (spec 70 §12): "auto", "localhost", "none" and NULL become the
 * node that the environment of an agent names, or NULL (= the local node).  Borrowed.
 */
const char *attrd_target(const char *argument);

/* "fail-count-RSC#OP_INTERVAL" (g_free); op NULL: without operation. */
char *attrd_failure_name(const char *prefix, const char *resource, const char *op, guint interval_ms);
/* Extended regular expression of all failure attributes a clear-failure means (g_free). */
char *attrd_failure_pattern(const char *resource, const char *op, guint interval_ms);
/* An XML id: each ':' and '#' of `text` becomes '.', as in ids of sets and nvpairs (g_free). */
char *attrd_xml_id(const char *text);

#endif
