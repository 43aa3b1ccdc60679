/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client side of the CIB: one handle, whatever stands behind it (the local daemon, a file, a shadow copy).
 * Used by every tool and daemon.  Never interprets the configuration.  (spec 20 §8, §14.1-14.3)
 *
 * All calls return a result of lib/base/result.h (RC_OK, positive errno or RC_...), unless said otherwise.
 * Elements handed out belong to the caller (xml_free); elements passed in are only read.
 */
#ifndef CIB_CIB_CLIENT_H
#define CIB_CIB_CLIENT_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

/* Call options, `cib_callopt` on the wire (spec 20 §8.3). */
enum cib_call_option {
    CIB_OPT_NONE = 0,
    CIB_OPT_VERBOSE = 0x1,
    CIB_OPT_XPATH = 0x2,         /* the section argument is an XPath expression */
    CIB_OPT_MULTIPLE = 0x4,      /* all matches of the XPath, not only the first */
    CIB_OPT_CAN_CREATE = 0x8,    /* modify may append what does not exist */
    CIB_OPT_DISCARD_REPLY = 0x10,
    CIB_OPT_NO_CHILDREN = 0x20,  /* query: the element and its attributes only */
    CIB_OPT_XPATH_ADDRESS = 0x40, /* query: paths instead of elements */
    CIB_OPT_MIXED_UPDATE = 0x80, /* modify: honour the attribute __delete__ */
    CIB_OPT_LOCAL = 0x100,
    CIB_OPT_DRY_RUN = 0x200,
    CIB_OPT_SYNC = 0x1000,       /* wait for the answer; set and cleared by the functions below */
    CIB_OPT_NO_MTIME = 0x2000,
    CIB_OPT_ZERO_COPY = 0x4000,  /* internal to the server */
    CIB_OPT_INHIBIT_NOTIFY = 0x10000,
    CIB_OPT_QUORUM_OVERRIDE = 0x100000,
    CIB_OPT_INHIBIT_BCAST = 0x1000000,
    CIB_OPT_FORCE_DIFF = 0x10000000,
};

/* Operation names, `cib_op` on the wire. */
#define CIB_OP_QUERY      "cib_query"
#define CIB_OP_CREATE     "cib_create"
#define CIB_OP_MODIFY     "cib_modify"
#define CIB_OP_REPLACE    "cib_replace"
#define CIB_OP_DELETE     "cib_delete"
#define CIB_OP_DELETE_ALT "cib_delete_alt"
#define CIB_OP_ERASE      "cib_erase"
#define CIB_OP_BUMP       "cib_bump"
#define CIB_OP_UPGRADE    "cib_upgrade"
#define CIB_OP_APPLY_DIFF "cib_apply_diff"
#define CIB_OP_SYNC       "cib_sync"
#define CIB_OP_SYNC_ONE   "cib_sync_one"
#define CIB_OP_PING       "ping"
#define CIB_OP_NOOP       "noop"
#define CIB_OP_PRIMARY    "cib_master"
#define CIB_OP_SECONDARY  "cib_slave"
#define CIB_OP_IS_PRIMARY "cib_ismaster"
#define CIB_OP_SHUTDOWN   "cib_shutdown_req"
#define CIB_OP_NOTIFY     "cib_notify"
#define CIB_OP_REGISTER   "register"

/* What stands behind a handle. */
enum cib_variant { CIB_VARIANT_NATIVE, CIB_VARIANT_FILE, CIB_VARIANT_REMOTE };

/* Which local endpoint: cib_ro, cib_rw, cib_shm (the controller). Ignored by the other variants. */
enum cib_endpoint { CIB_ENDPOINT_QUERY, CIB_ENDPOINT_COMMAND, CIB_ENDPOINT_CONTROLLER };

struct cib_client;

/* --- making one (none of these talks to anybody yet; never NULL) --- */

/*
 * As the environment says (spec 20 §14.1): CIB_shadow, else CIB_file, else CIB_port/CIB_server (remote), else the
 * local daemon.
 */
struct cib_client *cib_client_new(void);
/* The local daemon, whatever the environment says (daemons, crm_shadow). */
struct cib_client *cib_client_new_native(void);
struct cib_client *cib_client_new_file(const char *path);
/* A shadow copy by name; the file is cib_shadow_path(name). */
struct cib_client *cib_client_new_shadow(const char *name);
/* Disconnects first if needed.  NULL is fine. */
void cib_client_free(struct cib_client *c);
typedef struct cib_client cib_client; /* only for g_autoptr */

enum cib_variant cib_client_variant(const struct cib_client *c);
/* Path of the file behind CIB_VARIANT_FILE, else NULL. */
const char *cib_client_path(const struct cib_client *c);
/* File name of the shadow copy `name` for this user (g_free), spec 20 §14.3. */
char *cib_shadow_path(const char *name);

/* --- connection --- */

enum cib_connect_flags {
    CIB_CONNECT_SYNC_ONLY = 0,
    /* Attach to the default GMainContext: asynchronous replies, notifications and loss of connection are
     * delivered from the main loop.  Without it only synchronous calls work. */
    CIB_CONNECT_EVENTS = 1 << 0,
    CIB_CONNECT_SMALL = 1 << 1, /* only small things are asked for: take small buffers, which are quicker to make */
};

/*
 * Connect and register as client `name`.  RC_OK, ENOTCONN (nobody there), EACCES, ENXIO (file missing),
 * RC_SCHEMA_VALIDATION (file unusable), ...
 */
int cib_client_connect(struct cib_client *c, const char *name, enum cib_endpoint endpoint, unsigned flags);
/*
 * Close.  In file mode this writes the file if an operation changed it; then the result tells whether that
 * worked.  Pending asynchronous calls end without a callback.
 */
int cib_client_disconnect(struct cib_client *c);
bool cib_client_is_connected(const struct cib_client *c);
/* Requests are made on behalf of this user from now on (cibadmin -U, CIB_user); NULL: nobody in particular. */
void cib_client_set_user(struct cib_client *c, const char *user);
/* Called (once, from the main loop) when the daemon went away. */
void cib_client_on_lost(struct cib_client *c, void (*lost)(struct cib_client *c, void *data), void *data);

/* --- calls --- */

struct cib_request {
    const char *op;       /* CIB_OP_... */
    const char *section;  /* section name, or XPath with CIB_OPT_XPATH; NULL: the whole document */
    const xmlNode *input; /* payload, or NULL */
    unsigned options;     /* CIB_OPT_...; CIB_OPT_SYNC is set by the call */
    const char *host;     /* node that shall execute it; NULL: as usual */
    const char *user;     /* overrides cib_client_set_user() */
};

/*
 * Synchronous call.  `timeout_s` 0 or less: 120 s.  `*output` (may be NULL) receives the data of the answer or NULL,
 * also on failure (rejected document, <failed>).
 */
int cib_call(struct cib_client *c, const struct cib_request *request, int timeout_s, xmlNode **output);
/*
 * The same for a program that only shows the answer: `text` receives it as xml_to_text() formats it if that takes less
 * than to read it, and *output is NULL then.
 */
int cib_call_text(struct cib_client *c, const struct cib_request *request, int timeout_s, GString *text, xmlNode **output);

/*
 * Result of an asynchronous call: `output` is the data of the answer or NULL and, like `reply` (the whole
 * answer), is borrowed for the time of the callback.
 */
typedef void (*cib_reply_fn)(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply,
                             void *data);

/*
 * Asynchronous call: returns the positive call id, or a negated result if nothing was sent.  `done` (may be NULL)
 * is called exactly once from the main loop: with the answer, or with ETIME after `timeout_s` (<= 0: 120 s),
 * or with ENOTCONN when the connection is lost.  `free_data` (may be NULL) frees `data` afterwards.
 * In file mode the call is executed at once and `done` is called from the main loop (from cib_client_dispatch()
 * without one).
 */
int cib_call_async(struct cib_client *c, const struct cib_request *request, int timeout_s, cib_reply_fn done, void *data,
                   GDestroyNotify free_data);
/* Number of asynchronous calls that wait for their answer. */
unsigned cib_client_pending(const struct cib_client *c);
/* Forget waiting calls with this callback (NULL: all) without calling them. */
void cib_client_cancel(struct cib_client *c, cib_reply_fn done);

/* --- shorthands over cib_call(); `options` may hold anything but CIB_OPT_SYNC --- */

int cib_query(struct cib_client *c, const char *section, unsigned options, xmlNode **output);
/* Query by XPath: one match gives that element, several an <xpath-query> with all; none: ENXIO. */
int cib_query_xpath(struct cib_client *c, const char *xpath, unsigned options, xmlNode **output);
int cib_create(struct cib_client *c, const char *section, const xmlNode *input, unsigned options);
int cib_modify(struct cib_client *c, const char *section, const xmlNode *input, unsigned options);
int cib_replace(struct cib_client *c, const char *section, const xmlNode *input, unsigned options);
int cib_delete(struct cib_client *c, const char *section, const xmlNode *input, unsigned options);
int cib_delete_xpath(struct cib_client *c, const char *xpath, unsigned options);

/* --- notifications (native and remote with CIB_CONNECT_EVENTS) --- */

#define CIB_NOTIFY_DIFF    "cib_diff_notify"
#define CIB_NOTIFY_REFRESH "cib_refresh_notify"

/*
 * `message` is the whole notification (spec 20 §8.6), borrowed.  For CIB_NOTIFY_DIFF use the accessors below.
 */
typedef void (*cib_notify_fn)(struct cib_client *c, const char *type, const xmlNode *message, void *data);

/* Subscribe; EPROTONOSUPPORT for files.  The same function may be added for several types. */
int cib_client_subscribe(struct cib_client *c, const char *type, cib_notify_fn notify, void *data);
/*
 * From now on only changes in which there is interest by these rules (cib_interest.h; NULL: all again) need to be told to who has
 * subscribed to CIB_NOTIFY_DIFF; another CIB manager may tell more.  Waits for no answer.  Only for the local daemon.
 */
int cib_client_narrow(struct cib_client *c, const char *rules);
int cib_client_unsubscribe(struct cib_client *c, const char *type, cib_notify_fn notify);

/* Result of the operation that a notification tells about: only RC_OK ones changed anything. */
int cib_notification_rc(const xmlNode *message);
/* The <diff> of a CIB_NOTIFY_DIFF message, borrowed; NULL if there is none. */
const xmlNode *cib_notification_patch(const xmlNode *message);
/* An element with the attributes of the CIB's root after the operation of a CIB_NOTIFY_DIFF message, or NULL. */
const xmlNode *cib_notification_root(const xmlNode *message);
/*
 * Bring a copy of the document (root element) up to date with a CIB_NOTIFY_DIFF message, in place.  Anything
 * but RC_OK: the copy is unusable now, query the CIB anew (RC_DIFF_RESYNC, RC_DIFF_FAILED; RC_OLD_DATA
 * means that the copy is newer already and untouched).  A failed operation's message changes nothing: RC_OK.
 */
int cib_notification_apply(xmlNode **document, const xmlNode *message);

/*
 * For callers without main loop: handle what has arrived, waiting up to `timeout_ms` for the first.
 * Returns RC_OK, ETIME (nothing came) or ENOTCONN.
 */
int cib_client_dispatch(struct cib_client *c, int timeout_ms);

#endif
