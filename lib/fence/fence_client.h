/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fencer's client: one connection to the local fencer, synchronous calls for tools, asynchronous ones with a
 * callback for daemons, events from the GLib main loop.  Used by the controller, the executor, stonith_admin, crm_mon.
 * Runs no agent: that is the fencer's work.  (spec 60 §3, §4)
 */
#ifndef FENCE_FENCE_CLIENT_H
#define FENCE_FENCE_CLIENT_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/fence/fence_protocol.h"
#include "lib/fence/fence_result.h"

struct fence_client;

/* An event; all borrowed, valid during the callback. */
struct fence_event {
    const char *type; /* FENCE_NOTIFY_*; FENCE_NOTIFY_DISCONNECT when the connection broke */
    const struct fence_result *result;
    /* of FENCE_NOTIFY_FENCE; each may be NULL: */
    const char *id, *action, *target, *executioner, *origin, *client_name, *client_id;
    /* of device and level events: */
    const char *device;
};

struct fence_client_callbacks {
    /* A subscribed event, or FENCE_NOTIFY_DISCONNECT (then every pending call has been answered with ENOTCONN). */
    void (*event)(const struct fence_event *event, void *data);
};

/* Callbacks must stay valid. */
struct fence_client *fence_client_new(const struct fence_client_callbacks *callbacks, void *data);
void fence_client_free(struct fence_client *c);

/*
 * Connect and register as `name`.  0 or a negative errno (-ENOTCONN and such if there is no fencer, -EPROTO if it
 * answers nonsense).  With `watch`, events and asynchronous replies arrive from the main loop; without it only
 * synchronous calls work.
 */
int fence_client_connect(struct fence_client *c, const char *name, bool watch);
void fence_client_disconnect(struct fence_client *c);
bool fence_client_is_connected(const struct fence_client *c);
/* Ask for events of a type, or no longer.  0 or a negative errno. */
int fence_client_subscribe(struct fence_client *c, const char *type);
int fence_client_unsubscribe(struct fence_client *c, const char *type);

/* --- asynchronous calls: the call id (> 0) or a negative errno; `done` is called once, never from inside --- */

struct fence_reply {
    int call_id;
    const struct fence_result *result; /* status EXEC_TIMEOUT if the fencer did not answer, EXEC_NOT_CONNECTED if it went away */
    const xmlNode *data;               /* content of st_calldata, or NULL */
};
typedef void (*fence_done_fn)(const struct fence_reply *reply, void *data);

struct fence_request {
    const char *target;
    const char *action;  /* "off", "on", "reboot" */
    unsigned timeout_s;
    int delay_s;         /* -1: no delays at all */
    unsigned tolerance_s;
    unsigned options;    /* enum fence_option; FENCE_OPT_TIMEOUT_UPDATES restarts our timer as the fencer says */
};
int fence_client_fence(struct fence_client *c, const struct fence_request *r, fence_done_fn done, void *data);
/* Run an agent action ("monitor", "list", "status") on a registered device. */
int fence_client_execute(struct fence_client *c, const char *device, const char *action, const char *target,
                         unsigned timeout_s, fence_done_fn done, void *data);
/* Register and remove a device, as the synchronous calls below. */
int fence_client_register_device_async(struct fence_client *c, const char *id, const char *ns, const char *agent,
                                       GHashTable *params, fence_done_fn done, void *data);
int fence_client_remove_device_async(struct fence_client *c, const char *id, fence_done_fn done, void *data);

/* Namespace of an agent on this host: "stonith-ng", "heartbeat" for a Linux-HA plug-in; NULL: there is no such agent. */
const char *fence_agent_namespace(const char *agent);

/* --- synchronous calls: 0 or a negative errno, as fence_result_legacy() of the answer; *result (may be NULL) in full --- */

int fence_client_fence_sync(struct fence_client *c, const struct fence_request *r, struct fence_result *result);
/* `params` may be NULL; ns: "internal", or anything else: found out. */
int fence_client_register_device(struct fence_client *c, const char *id, const char *ns, const char *agent,
                                 GHashTable *params, struct fence_result *result);
int fence_client_remove_device(struct fence_client *c, const char *id, struct fence_result *result);
/* `level` as built by the caller: an element fencing-level with its attributes (spec 60 §3.2); copied. */
int fence_client_add_level(struct fence_client *c, const xmlNode *level, struct fence_result *result);
int fence_client_remove_level(struct fence_client *c, const xmlNode *level, struct fence_result *result);
int fence_client_execute_sync(struct fence_client *c, const char *device, const char *action, const char *target,
                              unsigned timeout_s, struct fence_result *result);
/* Devices that can fence `target` (NULL: all registered): *data (xml_free) holds st_device_id elements. */
int fence_client_query(struct fence_client *c, const char *target, unsigned timeout_s, xmlNode **data,
                       struct fence_result *result);
/*
 * History: *data (xml_free; may stay NULL if there is none) is the st_history element.  `options`:
 * FENCE_OPT_CLEANUP, FENCE_OPT_BROADCAST (the history sync of the controller; `data` may be NULL).
 */
int fence_client_history(struct fence_client *c, const char *target, unsigned options, unsigned timeout_s,
                         xmlNode **data, struct fence_result *result);

#endif
