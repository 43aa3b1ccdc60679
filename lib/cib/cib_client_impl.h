/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of the CIB client: the handle and its two back ends.  For lib/cib/cib_client*.c alone.
 */
#ifndef CIB_CIB_CLIENT_IMPL_H
#define CIB_CIB_CLIENT_IMPL_H

#include "lib/cib/cib_client.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_schema.h"

struct ipc_connection;
struct cib_remote; /* lib/cib/cib_client_remote.c */

/* An asynchronous call that waits for its answer. */
struct cib_pending {
    struct cib_client *client;
    int call_id;
    guint timer; /* GLib source, 0: none */
    gint64 deadline; /* monotonic microseconds, for clients without main loop */
    cib_reply_fn done;
    void *data;
    GDestroyNotify free_data;
};

struct cib_subscription {
    char *type;
    cib_notify_fn notify; /* NULL: removed while notifications are delivered */
    void *data;
};

struct cib_client {
    int refs;
    enum cib_variant variant;
    bool connected;
    bool has_loop; /* CIB_CONNECT_EVENTS */
    char *user;
    int last_call_id;
    GHashTable *pending; /* call id -> struct cib_pending, owned */
    GArray *subscriptions;
    void (*lost)(struct cib_client *c, void *data);
    void *lost_data;

    /* file */
    char *path;
    struct cib_doc *doc;
    struct cib_schemas *schemas;
    bool changed; /* an operation succeeded: write at the end */
    GQueue *done; /* struct cib_file_done: finished asynchronous calls */
    guint done_source;

    /* native */
    struct ipc_connection *ipc;
    char *token; /* our id at the daemon */

    /* remote */
    struct cib_remote *remote;
};

/* lib/cib/cib_client_file.c */
int cib_file_connect(struct cib_client *c);
int cib_file_disconnect(struct cib_client *c);
/* Execute at once.  A result; `*output` as cib_call(). */
int cib_file_call(struct cib_client *c, const struct cib_request *request, xmlNode **output);

/* lib/cib/cib_client_native.c */
int cib_native_connect(struct cib_client *c, const char *name, enum cib_endpoint endpoint, uint32_t buffer_size);
void cib_native_disconnect(struct cib_client *c);
/* The same; a large answer comes as formatted text if that can be had without reading it, then *output is NULL. */
int cib_native_call_text(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, GString *text,
                         xmlNode **output);
int cib_native_call(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, xmlNode **output);
int cib_native_send(struct cib_client *c, const struct cib_request *request, int call_id);
int cib_native_subscribe(struct cib_client *c, const char *type, bool on);
int cib_native_narrow(struct cib_client *c, const char *rules);
int cib_native_dispatch(struct cib_client *c, int timeout_ms);

/* lib/cib/cib_client_remote.c */
int cib_remote_connect(struct cib_client *c, const char *name);
void cib_remote_disconnect(struct cib_client *c);
int cib_remote_call(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, xmlNode **output);
int cib_remote_send(struct cib_client *c, const struct cib_request *request, int call_id);
int cib_remote_subscribe(struct cib_client *c, const char *type, bool on);
int cib_remote_dispatch(struct cib_client *c, int timeout_ms);

/* lib/cib/cib_client.c */
struct cib_client *cib_client_ref(struct cib_client *c);
void cib_client_unref(struct cib_client *c);
/* An answer has come (takes the entry out and calls back). */
void cib_client_finish(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply);
void cib_client_notify(struct cib_client *c, const xmlNode *message);
void cib_client_connection_lost(struct cib_client *c);

#endif
