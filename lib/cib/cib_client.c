/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB client: choice of what to talk to, bookkeeping of calls and subscriptions.  Used by tools and daemons.
 * Never speaks to the daemon itself (cib_client_native.c) nor touches files (cib_client_file.c).
 * (spec 20 §8, §14.1)
 */
#include "lib/cib/cib_client.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client_impl.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"
#include "lib/ipc/ipc_message.h"

enum { DEFAULT_TIMEOUT_S = 120 };

/* --- making --- */

static void
free_pending(gpointer data)
{
    struct cib_pending *p = data;

    if (p->timer != 0) {
        g_source_remove(p->timer);
    }
    if (p->free_data != NULL) {
        p->free_data(p->data);
    }
    g_free(p);
}

static void
clear_subscription(gpointer data)
{
    g_free(((struct cib_subscription *)data)->type);
}

static struct cib_client *
new_client(enum cib_variant variant)
{
    struct cib_client *c = g_new0(struct cib_client, 1);
    const char *user = getenv("CIB_user");

    c->refs = 1;
    c->variant = variant;
    c->last_call_id = 1; /* the first request has 2 */
    c->user = g_strdup(user);
    c->pending = g_hash_table_new_full(NULL, NULL, NULL, free_pending);
    c->subscriptions = g_array_new(FALSE, FALSE, sizeof(struct cib_subscription));
    g_array_set_clear_func(c->subscriptions, clear_subscription);
    c->done = g_queue_new();
    return c;
}

struct cib_client *
cib_client_new_native(void)
{
    return new_client(CIB_VARIANT_NATIVE);
}

struct cib_client *
cib_client_new_file(const char *path)
{
    struct cib_client *c = new_client(CIB_VARIANT_FILE);

    c->path = g_strdup(path);
    return c;
}

/*
 * Directory of shadow copies (spec 20 §14.3): CIB_shadow_dir; the daemon's for root and the daemon user; else the user's
 * own.
 */
char *
cib_shadow_path(const char *name)
{
    const char *dir = getenv("CIB_shadow_dir"), *home;
    const struct passwd *daemon_user;
    uid_t uid = geteuid();
    g_autofree char *own = NULL;

    if (dir == NULL) {
        daemon_user = uid != 0 ? getpwnam(DAEMON_USER) : NULL;
        if (uid == 0 || (daemon_user != NULL && daemon_user->pw_uid == uid)) {
            dir = STATE_DIR "/cib";
        } else if ((home = getenv("HOME")) != NULL && home[0] == '/') {
            dir = own = g_strdup_printf("%s/.cib", home);
            g_mkdir_with_parents(own, 0700);
        } else {
            dir = g_get_tmp_dir();
        }
    }
    return g_strdup_printf("%s/shadow.%s", dir, name);
}

struct cib_client *
cib_client_new_shadow(const char *name)
{
    g_autofree char *path = cib_shadow_path(name);

    return cib_client_new_file(path);
}

struct cib_client *
cib_client_new(void)
{
    const char *shadow = getenv("CIB_shadow"), *file = getenv("CIB_file");

    if (shadow != NULL && *shadow != '\0') {
        return cib_client_new_shadow(shadow);
    }
    if (file != NULL) {
        return cib_client_new_file(file);
    }
    if (getenv("CIB_port") != NULL) {
        return new_client(CIB_VARIANT_REMOTE);
    }
    return cib_client_new_native();
}

struct cib_client *
cib_client_ref(struct cib_client *c)
{
    c->refs++;
    return c;
}

void
cib_client_unref(struct cib_client *c)
{
    if (--c->refs > 0) {
        return;
    }
    g_hash_table_destroy(c->pending);
    g_array_free(c->subscriptions, TRUE);
    g_queue_free(c->done);
    g_free(c->user);
    g_free(c->path);
    g_free(c->token);
    g_free(c);
}

void
cib_client_free(struct cib_client *c)
{
    if (c != NULL) {
        cib_client_disconnect(c);
        cib_client_unref(c);
    }
}

enum cib_variant
cib_client_variant(const struct cib_client *c)
{
    return c->variant;
}

const char *
cib_client_path(const struct cib_client *c)
{
    return c->path;
}

void
cib_client_set_user(struct cib_client *c, const char *user)
{
    char *copy = g_strdup(user);

    g_free(c->user);
    c->user = copy;
}

void
cib_client_on_lost(struct cib_client *c, void (*lost)(struct cib_client *c, void *data), void *data)
{
    c->lost = lost;
    c->lost_data = data;
}

/* --- connection --- */

int
cib_client_connect(struct cib_client *c, const char *name, enum cib_endpoint endpoint, unsigned flags)
{
    int rc;

    if (c->connected) {
        return RC_OK;
    }
    c->has_loop = (flags & CIB_CONNECT_EVENTS) != 0;
    if (c->variant == CIB_VARIANT_FILE) {
        rc = cib_file_connect(c);
    } else if (c->variant == CIB_VARIANT_NATIVE) {
        rc = cib_native_connect(c, name, endpoint, (flags & CIB_CONNECT_SMALL) ? 0 : IPC_BUFFER_CIB);
    } else {
        rc = cib_remote_connect(c, name);
    }
    c->connected = rc == RC_OK;
    return rc;
}

static void
disconnect_daemon(struct cib_client *c)
{
    if (c->variant == CIB_VARIANT_REMOTE) {
        cib_remote_disconnect(c);
    } else {
        cib_native_disconnect(c);
    }
}

int
cib_client_disconnect(struct cib_client *c)
{
    int rc = RC_OK;

    g_hash_table_remove_all(c->pending);
    g_array_set_size(c->subscriptions, 0);
    if (!c->connected) {
        return RC_OK;
    }
    c->connected = false;
    if (c->variant == CIB_VARIANT_FILE) {
        rc = cib_file_disconnect(c);
    } else {
        disconnect_daemon(c);
    }
    return rc;
}

bool
cib_client_is_connected(const struct cib_client *c)
{
    return c->connected;
}

/* The daemon went away: every waiting call learns it, then the owner. */
void
cib_client_connection_lost(struct cib_client *c)
{
    GHashTableIter iter;
    gpointer key;

    cib_client_ref(c);
    c->connected = false;
    disconnect_daemon(c);
    while (g_hash_table_size(c->pending) > 0) {
        g_hash_table_iter_init(&iter, c->pending);
        g_hash_table_iter_next(&iter, &key, NULL);
        cib_client_finish(c, GPOINTER_TO_INT(key), ENOTCONN, NULL, NULL);
    }
    if (c->lost != NULL) {
        c->lost(c, c->lost_data);
    }
    cib_client_unref(c);
}

/* --- calls --- */

static struct cib_request
with_user(const struct cib_client *c, const struct cib_request *request)
{
    struct cib_request r = *request;

    if (r.user == NULL) {
        r.user = c->user;
    }
    return r;
}

static int
next_call_id(struct cib_client *c)
{
    c->last_call_id = c->last_call_id == G_MAXINT ? 1 : c->last_call_id + 1;
    return c->last_call_id;
}

int
cib_call(struct cib_client *c, const struct cib_request *request, int timeout_s, xmlNode **output)
{
    struct cib_request r = with_user(c, request);
    xmlNode *data = NULL;
    int rc;

    if (output != NULL) {
        *output = NULL;
    }
    if (!c->connected) {
        return ENOTCONN;
    }
    r.options |= CIB_OPT_SYNC;
    if (c->variant == CIB_VARIANT_FILE) {
        rc = cib_file_call(c, &r, &data);
    } else if (c->variant == CIB_VARIANT_REMOTE) {
        rc = cib_remote_call(c, &r, next_call_id(c), timeout_s > 0 ? timeout_s : DEFAULT_TIMEOUT_S, &data);
    } else {
        rc = cib_native_call(c, &r, next_call_id(c), timeout_s > 0 ? timeout_s : DEFAULT_TIMEOUT_S, &data);
    }
    if (output != NULL) {
        *output = data;
    } else {
        xml_free(data);
    }
    return rc;
}

int
cib_call_text(struct cib_client *c, const struct cib_request *request, int timeout_s, GString *text, xmlNode **output)
{
    struct cib_request r = with_user(c, request);

    if (c->variant != CIB_VARIANT_NATIVE || !c->connected) {
        return cib_call(c, request, timeout_s, output);
    }
    r.options |= CIB_OPT_SYNC;
    *output = NULL;
    return cib_native_call_text(c, &r, next_call_id(c), timeout_s > 0 ? timeout_s : DEFAULT_TIMEOUT_S, text, output);
}

static gboolean
call_timed_out(gpointer data)
{
    struct cib_pending *p = data;

    p->timer = 0;
    cib_client_finish(p->client, p->call_id, ETIME, NULL, NULL);
    return G_SOURCE_REMOVE;
}

void
cib_client_finish(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply)
{
    struct cib_pending *p = g_hash_table_lookup(c->pending, GINT_TO_POINTER(call_id));

    if (p == NULL) {
        return;
    }
    /* out of the table first: the callback may do anything to the client */
    g_hash_table_steal(c->pending, GINT_TO_POINTER(call_id));
    cib_client_ref(c);
    if (p->done != NULL) {
        p->done(c, call_id, rc, output, reply, p->data);
    }
    free_pending(p);
    cib_client_unref(c);
}

/* A finished call on a file waits here for the main loop. */
struct cib_file_done {
    int call_id;
    int rc;
    xmlNode *output;
};

static gboolean
deliver_file_results(gpointer data)
{
    struct cib_client *c = cib_client_ref(data);
    struct cib_file_done *f;

    c->done_source = 0;
    while ((f = g_queue_pop_head(c->done)) != NULL) {
        cib_client_finish(c, f->call_id, f->rc, f->output, NULL);
        xml_free(f->output);
        g_free(f);
    }
    cib_client_unref(c);
    return G_SOURCE_REMOVE;
}

static void
call_file_later(struct cib_client *c, const struct cib_request *r, int call_id)
{
    struct cib_file_done *f = g_new0(struct cib_file_done, 1);

    f->call_id = call_id;
    f->rc = cib_file_call(c, r, &f->output);
    g_queue_push_tail(c->done, f);
    if (c->has_loop && c->done_source == 0) {
        c->done_source = g_idle_add(deliver_file_results, c);
    }
}

int
cib_call_async(struct cib_client *c, const struct cib_request *request, int timeout_s, cib_reply_fn done, void *data,
               GDestroyNotify free_data)
{
    struct cib_request r = with_user(c, request);
    struct cib_pending *p;
    int call_id, rc;

    if (!c->connected) {
        return -ENOTCONN;
    }
    if (timeout_s <= 0) {
        timeout_s = DEFAULT_TIMEOUT_S;
    }
    call_id = next_call_id(c);
    r.options &= ~(unsigned)CIB_OPT_SYNC;
    if (c->variant != CIB_VARIANT_FILE
        && (rc = c->variant == CIB_VARIANT_REMOTE ? cib_remote_send(c, &r, call_id) : cib_native_send(c, &r, call_id)) != RC_OK) {
        return -abs(rc);
    }
    if (done != NULL || free_data != NULL) {
        p = g_new0(struct cib_pending, 1);
        *p = (struct cib_pending){ .client = c, .call_id = call_id, .done = done, .data = data, .free_data = free_data };
        p->deadline = g_get_monotonic_time() + (gint64)timeout_s * G_USEC_PER_SEC;
        if (c->has_loop && c->variant != CIB_VARIANT_FILE) {
            p->timer = g_timeout_add_seconds((guint)timeout_s, call_timed_out, p);
        }
        g_hash_table_insert(c->pending, GINT_TO_POINTER(call_id), p);
    }
    if (c->variant == CIB_VARIANT_FILE) {
        call_file_later(c, &r, call_id);
    }
    return call_id;
}

unsigned
cib_client_pending(const struct cib_client *c)
{
    return g_hash_table_size(c->pending);
}

static gboolean
has_callback(gpointer key, gpointer value, gpointer done)
{
    return done == NULL || ((struct cib_pending *)value)->done == *(cib_reply_fn *)done;
}

void
cib_client_cancel(struct cib_client *c, cib_reply_fn done)
{
    g_hash_table_foreach_remove(c->pending, has_callback, done != NULL ? &done : NULL);
}

static int
simple_call(struct cib_client *c, const char *op, const char *section, const xmlNode *input, unsigned options,
            xmlNode **output)
{
    struct cib_request r = { .op = op, .section = section, .input = input, .options = options };

    return cib_call(c, &r, 0, output);
}

int
cib_query(struct cib_client *c, const char *section, unsigned options, xmlNode **output)
{
    return simple_call(c, CIB_OP_QUERY, section, NULL, options, output);
}

int
cib_query_xpath(struct cib_client *c, const char *xpath, unsigned options, xmlNode **output)
{
    return simple_call(c, CIB_OP_QUERY, xpath, NULL, options | CIB_OPT_XPATH, output);
}

int
cib_create(struct cib_client *c, const char *section, const xmlNode *input, unsigned options)
{
    return simple_call(c, CIB_OP_CREATE, section, input, options, NULL);
}

int
cib_modify(struct cib_client *c, const char *section, const xmlNode *input, unsigned options)
{
    return simple_call(c, CIB_OP_MODIFY, section, input, options, NULL);
}

int
cib_replace(struct cib_client *c, const char *section, const xmlNode *input, unsigned options)
{
    return simple_call(c, CIB_OP_REPLACE, section, input, options, NULL);
}

int
cib_delete(struct cib_client *c, const char *section, const xmlNode *input, unsigned options)
{
    return simple_call(c, CIB_OP_DELETE, section, input, options, NULL);
}

int
cib_delete_xpath(struct cib_client *c, const char *xpath, unsigned options)
{
    return simple_call(c, CIB_OP_DELETE, xpath, NULL, options | CIB_OPT_XPATH, NULL);
}

/* --- notifications --- */

static bool
is_subscribed(const struct cib_client *c, const char *type)
{
    for (guint i = 0; i < c->subscriptions->len; i++) {
        const struct cib_subscription *s = &g_array_index(c->subscriptions, struct cib_subscription, i);

        if (s->notify != NULL && strcmp(s->type, type) == 0) {
            return true;
        }
    }
    return false;
}

static int
subscribe_at_daemon(struct cib_client *c, const char *type, bool on)
{
    return c->variant == CIB_VARIANT_REMOTE ? cib_remote_subscribe(c, type, on) : cib_native_subscribe(c, type, on);
}

int
cib_client_subscribe(struct cib_client *c, const char *type, cib_notify_fn notify, void *data)
{
    struct cib_subscription s = { .type = g_strdup(type), .notify = notify, .data = data };
    bool first = !is_subscribed(c, type);
    int rc = c->variant == CIB_VARIANT_FILE ? EPROTONOSUPPORT : c->connected ? RC_OK : ENOTCONN;

    if (rc == RC_OK && first) {
        rc = subscribe_at_daemon(c, type, true);
    }
    if (rc != RC_OK) {
        g_free(s.type);
        return rc;
    }
    g_array_append_val(c->subscriptions, s);
    return RC_OK;
}

int
cib_client_narrow(struct cib_client *c, const char *rules)
{
    if (c->variant != CIB_VARIANT_NATIVE) {
        return EPROTONOSUPPORT;
    }
    return c->connected ? cib_native_narrow(c, rules) : ENOTCONN;
}

int
cib_client_unsubscribe(struct cib_client *c, const char *type, cib_notify_fn notify)
{
    for (guint i = 0; i < c->subscriptions->len; i++) {
        struct cib_subscription *s = &g_array_index(c->subscriptions, struct cib_subscription, i);

        if (s->notify == notify && strcmp(s->type, type) == 0) {
            s->notify = NULL; /* the entry goes when no delivery is under way */
        }
    }
    return c->connected && !is_subscribed(c, type) ? subscribe_at_daemon(c, type, false) : RC_OK;
}

void
cib_client_notify(struct cib_client *c, const xmlNode *message)
{
    const char *type = xml_get(message, CIB_F_SUBTYPE);
    guint kept = 0;

    if (type == NULL) {
        return;
    }
    cib_client_ref(c);
    for (guint i = 0; i < c->subscriptions->len; i++) {
        struct cib_subscription s = g_array_index(c->subscriptions, struct cib_subscription, i);

        if (s.notify != NULL && strcmp(s.type, type) == 0) {
            s.notify(c, type, message, s.data);
        }
    }
    while (kept < c->subscriptions->len) {
        if (g_array_index(c->subscriptions, struct cib_subscription, kept).notify == NULL) {
            g_array_remove_index(c->subscriptions, kept);
        } else {
            kept++;
        }
    }
    cib_client_unref(c);
}

int
cib_notification_rc(const xmlNode *message)
{
    return legacy_to_result((int)xml_get_int(message, CIB_F_RC, 0));
}

const xmlNode *
cib_notification_patch(const xmlNode *message)
{
    const xmlNode *holder = xml_first(message, CIB_EL_RESULT);

    return holder != NULL ? xml_first(holder, NULL) : NULL;
}

const xmlNode *
cib_notification_root(const xmlNode *message)
{
    const xmlNode *holder = xml_first(message, CIB_EL_GENERATION);

    return holder != NULL ? xml_first(holder, NULL) : NULL;
}

int
cib_notification_apply(xmlNode **document, const xmlNode *message)
{
    const xmlNode *patch = cib_notification_patch(message);

    if (cib_notification_rc(message) != RC_OK) {
        return RC_OK;
    }
    if (patch == NULL) {
        return RC_DIFF_FAILED;
    }
    return cib_patch_apply_tree(document, patch, CIB_PATCH_CHECK_VERSION | CIB_PATCH_CHECK_DIGEST);
}

/* --- without a main loop --- */

static void
expire_pending(struct cib_client *c)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GList) all = g_hash_table_get_values(c->pending);

    for (GList *l = all; l != NULL; l = l->next) {
        struct cib_pending *p = l->data;

        if (p->deadline <= now) {
            cib_client_finish(c, p->call_id, ETIME, NULL, NULL);
            break; /* the rest of the list may be gone now */
        }
    }
}

int
cib_client_dispatch(struct cib_client *c, int timeout_ms)
{
    int rc;

    if (!c->connected) {
        return ENOTCONN;
    }
    if (c->variant == CIB_VARIANT_FILE) {
        if (g_queue_is_empty(c->done)) {
            return ETIME;
        }
        deliver_file_results(c);
        return RC_OK;
    }
    cib_client_ref(c);
    rc = c->variant == CIB_VARIANT_REMOTE ? cib_remote_dispatch(c, timeout_ms) : cib_native_dispatch(c, timeout_ms);
    expire_pending(c);
    cib_client_unref(c);
    return rc;
}
