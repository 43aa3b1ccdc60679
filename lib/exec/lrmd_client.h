/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The executor's client: one connection to an executor, requests with immediate answers, results as events from the
 * GLib main loop.  Used by the controller, the attribute manager (alerts) and test tools.
 * It keeps no state of resources and never runs an agent itself.  (spec 50 §2, §3)
 */
#ifndef EXEC_LRMD_CLIENT_H
#define EXEC_LRMD_CLIENT_H

#include "lib/exec/lrmd_protocol.h"

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct lrmd_client;

enum lrmd_event_kind {
    LRMD_EVENT_REGISTER,      /* rsc_id was registered (by anybody) */
    LRMD_EVENT_UNREGISTER,    /* rsc_id was unregistered; rc may be -EINPROGRESS */
    LRMD_EVENT_EXEC_COMPLETE, /* an operation has a result: all fields */
    LRMD_EVENT_DISCONNECT,    /* the connection is gone; the client may be connected again */
    LRMD_EVENT_CONNECT,       /* result of an asynchronous connect is in connection_rc */
    LRMD_EVENT_POKE,
    LRMD_EVENT_NEW_CLIENT,
};

/* Everything is borrowed and valid during the callback only. */
struct lrmd_event {
    enum lrmd_event_kind kind;
    const char *remote_node; /* name of the remote node, NULL for the local executor */
    int connection_rc;       /* CONNECT: 0 or negative errno */
    int rc;                  /* lrmd_rc of register, unregister */

    const char *rsc_id;
    const char *action;
    const char *userdata;    /* transition key, may be NULL */
    const char *exit_reason; /* may be NULL */
    const char *output;      /* may be NULL */
    int call_id;
    int timeout_ms;
    guint interval_ms;
    int start_delay_ms;
    int exec_rc;     /* enum ocf_rc */
    int exec_status; /* enum exec_status */
    bool rsc_deleted;
    int64_t run_time;      /* epoch seconds, 0 if unknown */
    int64_t rcchange_time; /* epoch seconds, 0 if unknown */
    unsigned exec_time_ms;
    unsigned queue_time_ms;
    GHashTable *params; /* name -> value as the request had them; never NULL in EXEC_COMPLETE */
};
typedef void (*lrmd_event_fn)(const struct lrmd_event *event, void *data);

struct lrmd_rsc_info {
    char *id, *standard, *provider, *type; /* provider may be NULL */
};

/* One operation to execute.  All borrowed. */
struct lrmd_exec {
    const char *rsc_id;
    const char *action;
    const char *userdata; /* may be NULL */
    guint interval_ms;
    int timeout_ms;
    int start_delay_ms;
    unsigned options;   /* enum lrmd_call_option */
    GHashTable *params; /* name -> value (char *); may be NULL */
};

struct lrmd_recurring {
    char *rsc_id, *action;
    guint interval_ms;
    int timeout_ms;
};

/*
 * A client of the local executor; not connected yet.  `fn` gets every event (never from inside a call of this
 * interface, except where said).
 */
struct lrmd_client *lrmd_client_new(lrmd_event_fn fn, void *data);
/* Disconnects without an event. */
void lrmd_client_free(struct lrmd_client *c);

/*
 * Connect and register under `name` ("crmd" for the controller).  0, or a negative errno: -ENOTCONN/-ECONNREFUSED if there is
 * no executor (try again later), -EPROTO if it speaks another version, -EACCES if we may not.
 */
int lrmd_client_connect(struct lrmd_client *c, const char *name);
/* Close; no event. */
void lrmd_client_disconnect(struct lrmd_client *c);
bool lrmd_client_is_connected(const struct lrmd_client *c);

/*
 * The requests.  All return lrmd_rc: 0 (or the call id, for exec) or a negative errno; -ENOTCONN without connection,
 * -ETIME if no answer came in time.  They wait for the executor's immediate answer only, never for an agent.
 */
/* Options: 0 or LRMD_OPT_DROP_RECURRING.  -EINVAL without id, class or type, or for ocf without provider. */
int lrmd_client_register_rsc(struct lrmd_client *c, const char *id, const char *standard, const char *provider,
                             const char *type, unsigned options);
/* 0, or -EINPROGRESS: an action is still active, its result will have rsc_deleted set. */
int lrmd_client_unregister_rsc(struct lrmd_client *c, const char *id);
/* What the executor knows of a resource, or NULL (and *rc, may be NULL, is -ENODEV or why it could not ask). */
struct lrmd_rsc_info *lrmd_client_rsc_info(struct lrmd_client *c, const char *id, int *rc);
void lrmd_rsc_info_free(struct lrmd_rsc_info *info);
/* The call id (> 0): the result comes as EXEC_COMPLETE with it.  -ENODEV if the resource is not registered. */
int lrmd_client_exec(struct lrmd_client *c, const struct lrmd_exec *op);
/* 0, -EOPNOTSUPP if there is nothing to cancel, -ENODEV if the resource is not registered. */
int lrmd_client_cancel(struct lrmd_client *c, const char *rsc_id, const char *action, guint interval_ms);
/* Operations that repeat, of one resource or of all (rsc_id NULL): elements struct lrmd_recurring, or NULL and *rc. */
GPtrArray *lrmd_client_get_recurring(struct lrmd_client *c, const char *rsc_id, int *rc);
int lrmd_client_poke(struct lrmd_client *c);
/* Run an alert agent; nothing comes back but that it was accepted. */
int lrmd_client_alert(struct lrmd_client *c, const char *alert_id, const char *path, int timeout_ms, GHashTable *params);

/*
 * Pure coding, also used by the daemon and by tests.
 */
/* <attributes> below `parent` from a table; names are sorted, so that equal tables give equal text. */
xmlNode *lrmd_params_to_xml(xmlNode *parent, GHashTable *params);
/* Table (name -> value, both owned) from the <attributes> child of `parent`; empty if there is none. */
GHashTable *lrmd_params_from_xml(const xmlNode *parent);
/* Fill `event` from an lrmd_notify; false if it is none that we know.  The strings stay `notify`'s; params is new
 * (g_hash_table_unref). */
bool lrmd_event_from_xml(const xmlNode *notify, struct lrmd_event *event);

/* New requests (xml_free).  `token` is what the executor calls the client. */
xmlNode *lrmd_hello_new(const char *name, bool is_ipc_provider);
xmlNode *lrmd_command_new(const char *token, const char *op, int timeout_ms, unsigned options);
/* One that concerns a resource; *rsc is its element. */
xmlNode *lrmd_rsc_command_new(const char *token, const char *op, int timeout_ms, unsigned options, const char *rsc_id, xmlNode **rsc);
xmlNode *lrmd_register_new(const char *token, const char *id, const char *standard, const char *provider, const char *type,
                           unsigned options);
xmlNode *lrmd_exec_new(const char *token, const struct lrmd_exec *op);
xmlNode *lrmd_cancel_new(const char *token, const char *rsc_id, const char *action, guint interval_ms);

#endif
