/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor's core: clients, requests and their answers, notifications.
 * Called by the shell, tests and the simulation; see execd_core.h.  The queue is execd_queue.c.  (spec 50 §2, §3)
 */
#include "daemons/execd/execd_core.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/lrmd_client.h"

#include "daemons/execd/execd_internal.h"

#include <limits.h>

#define ORIGIN "execd"

/* --- making and ending --- */

static void
client_free(gpointer data)
{
    struct client *client = data;

    g_free(client->id);
    g_free(client);
}

struct execd_core *
execd_core_new(bool remote)
{
    struct execd_core *core = g_new0(struct execd_core, 1);

    core->is_remote = remote;
    core->resources = g_hash_table_new(g_str_hash, g_str_equal);
    core->runs = g_hash_table_new(NULL, NULL);
    core->clients = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, client_free);
    core->timers = g_sequence_new(NULL);
    g_queue_init(&core->effects);
    return core;
}

void
execd_core_free(struct execd_core *core)
{
    g_autoptr(GList) resources = g_hash_table_get_values(core->resources);
    g_autoptr(GList) running = NULL;

    g_hash_table_remove_all(core->clients);
    for (GList *item = resources; item != NULL; item = item->next) {
        rsc_remove(core, item->data);
    }
    /* What still runs is forgotten: each such operation holds its removed resource. */
    running = g_hash_table_get_values(core->runs);
    for (GList *item = running; item != NULL; item = item->next) {
        const struct exec_result none = { 0 };

        queue_finish(core, (struct execd_now) { 0 }, item->data, &none);
    }
    g_hash_table_unref(core->resources);
    g_hash_table_unref(core->runs);
    g_hash_table_unref(core->clients);
    g_sequence_free(core->timers);
    g_queue_clear_full(&core->effects, (GDestroyNotify) execd_effect_free);
    g_free(core);
}

void
execd_effect_free(struct execd_effect *e)
{
    if (e == NULL) {
        return;
    }
    xml_free(e->xml);
    if (e->params != NULL) {
        g_hash_table_unref(e->params);
    }
    g_free(e->client);
    g_free(e->except);
    g_free(e->name);
    g_free(e->value);
    g_free(e->rsc_id);
    g_free(e->standard);
    g_free(e->provider);
    g_free(e->type);
    g_free(e->action);
    g_free(e);
}

struct execd_effect *
core_add_effect(struct execd_core *core, enum execd_effect_kind kind)
{
    struct execd_effect *e = g_new0(struct execd_effect, 1);

    e->kind = kind;
    g_queue_push_tail(&core->effects, e);
    return e;
}

struct execd_effect *
execd_core_take_effect(struct execd_core *core)
{
    return g_queue_pop_head(&core->effects);
}

/* --- notifications --- */

static xmlNode *
add_notification(struct execd_core *core, const char *to, const char *except)
{
    struct execd_effect *e = core_add_effect(core, EXECD_NOTIFY);

    e->client = g_strdup(to);
    e->except = g_strdup(except);
    e->xml = xml_new(NULL, LRMD_TAG_NOTIFY);
    xml_set(e->xml, LRMD_FIELD_ORIGIN, ORIGIN);
    return e->xml;
}

/* Registrations and pokes, to everybody (spec 50 §3.2). */
static void
notify_generic(struct execd_core *core, const char *op, int rc, int call_id, const char *rsc_id)
{
    xmlNode *xml = add_notification(core, NULL, NULL);

    xml_set_int(xml, LRMD_FIELD_RC, rc);
    xml_set_int(xml, LRMD_FIELD_CALL_ID, call_id);
    xml_set(xml, LRMD_FIELD_OP, op);
    xml_set(xml, LRMD_FIELD_RSC_ID, rsc_id);
}

void
core_notify_result(struct execd_core *core, struct op *op)
{
    bool to_one = (op->options & LRMD_OPT_NOTIFY_ORIGINATOR) != 0;
    xmlNode *xml;

    if (to_one && !g_hash_table_contains(core->clients, op->client_id)) {
        return;
    }
    xml = add_notification(core, to_one ? op->client_id : NULL, NULL);
    xml_set_int(xml, LRMD_FIELD_TIMEOUT, op->timeout_ms);
    xml_set_int(xml, LRMD_FIELD_INTERVAL, op->interval_ms);
    xml_set_int(xml, LRMD_FIELD_START_DELAY, op->start_delay_ms);
    xml_set_int(xml, LRMD_FIELD_EXEC_RC, op->rc);
    xml_set_int(xml, LRMD_FIELD_EXEC_STATUS, op->status);
    xml_set_int(xml, LRMD_FIELD_CALL_ID, op->call_id);
    xml_set_int(xml, LRMD_FIELD_DELETED, op->rsc->is_deleted);
    xml_set_int(xml, LRMD_FIELD_RUN_TIME, op->run_epoch);
    xml_set_int(xml, LRMD_FIELD_RCCHANGE_TIME, op->rcchange_epoch);
    xml_set_int(xml, LRMD_FIELD_EXEC_TIME, op->exec_ms);
    xml_set_int(xml, LRMD_FIELD_QUEUE_TIME, op->queue_ms);
    xml_set(xml, LRMD_FIELD_OP, LRMD_OP_RSC_EXEC);
    xml_set(xml, LRMD_FIELD_RSC_ID, op->rsc->id);
    xml_set(xml, LRMD_FIELD_ACTION, op->action);
    xml_set(xml, LRMD_FIELD_USERDATA, op->userdata);
    xml_set(xml, LRMD_FIELD_EXIT_REASON, op->reason);
    xml_set(xml, LRMD_FIELD_OUTPUT, op->output);
    lrmd_params_to_xml(xml, op->params);
}

/* --- clients --- */

static struct client *
add_client(struct execd_core *core, const char *id, bool privileged)
{
    struct client *client = g_new0(struct client, 1);

    client->id = g_strdup(id);
    client->is_privileged = privileged;
    g_hash_table_replace(core->clients, client->id, client);
    xml_set(add_notification(core, NULL, id), LRMD_FIELD_OP, LRMD_OP_NEW_CLIENT);
    return client;
}

void
execd_core_client_connected(struct execd_core *core, const char *id, long pid, bool privileged)
{
    add_client(core, id, privileged)->pid = pid;
}

void
execd_core_cluster_connected(struct execd_core *core, const char *id)
{
    add_client(core, id, true)->is_cluster = true;
}

/*
 * Whose recurring operations end with this client: its own.  Another cluster node may take over a remote node's from the one that goes, so
 * those end with the last of all clients, whoever asked for them (spec 50 §4.5).
 */
static bool
ends_operations(const struct execd_core *core, const struct client *client, const char **of)
{
    *of = client->is_cluster ? NULL : client->id;
    return !client->is_cluster || g_hash_table_size(core->clients) == 1;
}

void
execd_core_client_gone(struct execd_core *core, struct execd_now now, const char *id)
{
    g_autoptr(GList) resources = g_hash_table_get_values(core->resources);
    const struct client *client = g_hash_table_lookup(core->clients, id);
    const char *of;
    bool ends = client != NULL && ends_operations(core, client, &of);

    g_hash_table_remove(core->clients, id);
    for (GList *item = resources; ends && item != NULL; item = item->next) {
        struct rsc *rsc = item->data;

        if ((rsc->options & LRMD_OPT_DROP_RECURRING) == LRMD_OPT_DROP_RECURRING) {
            rsc_cancel_recurring(core, now, rsc, of != NULL ? id : NULL);
        }
    }
}

/* A client has a name with its first message: what that says, or its PID; a cluster node has none before it says one. */
static void
name_client(struct execd_core *core, struct client *client, const xmlNode *request)
{
    const char *name = xml_get(request, LRMD_FIELD_CLIENT_NAME);
    struct execd_effect *e;

    if (client->has_name || (name == NULL && client->is_cluster)) {
        return;
    }
    client->has_name = true;
    e = core_add_effect(core, EXECD_NAME_CLIENT);
    e->client = g_strdup(client->id);
    e->name = (name != NULL) ? g_strdup(name) : g_strdup_printf("%ld", client->pid);
}

/* --- requests --- */

/* One request while it is handled. */
struct request {
    struct execd_core *core;
    struct execd_now now;
    struct client *client;
    const xmlNode *xml;
    const xmlNode *data; /* the element in lrmd_calldata, or NULL */
    const char *op;
    int call_id;
    xmlNode *reply;  /* handlers may add to it */
    bool is_silent;  /* no reply at all */
    bool notifies;   /* a generic notification follows */
};

static const char *
data_get(const struct request *r, const char *name)
{
    return (r->data != NULL) ? xml_get(r->data, name) : NULL;
}

static struct rsc *
find_rsc(const struct request *r)
{
    const char *id = data_get(r, LRMD_FIELD_RSC_ID);
    struct rsc *rsc = (id != NULL) ? g_hash_table_lookup(r->core->resources, id) : NULL;

    if (rsc == NULL && id != NULL) {
        log_info("Resource '%s' not found (%u active resources)", id, g_hash_table_size(r->core->resources));
    }
    return rsc;
}

static int
handle_register(struct request *r)
{
    const char *version = xml_get(r->xml, LRMD_FIELD_PROTOCOL_VERSION);
    int rc = 0;

    if (version == NULL || text_compare_versions(version, LRMD_MIN_PROTOCOL_VERSION) < 0) {
        log_err("Cluster API version must be greater than or equal to %s, not %s", LRMD_MIN_PROTOCOL_VERSION,
                version ? version : "(none)");
        rc = -EPROTO;
    }
    if (rc == 0 && xml_get_bool(r->xml, LRMD_FIELD_IS_IPC_PROVIDER, false)) {
        if (!r->core->is_remote) {
            rc = -EPROTONOSUPPORT; /* only a remote node's executor takes providers */
        } else if (!r->client->is_cluster) {
            rc = -EACCES;
        } else {
            core_add_effect(r->core, EXECD_PROVIDER)->client = g_strdup(r->client->id);
        }
    }
    xml_set(r->reply, LRMD_FIELD_OP, LRMD_OP_REGISTER);
    xml_set(r->reply, LRMD_FIELD_CLIENT_ID, r->client->id);
    xml_set(r->reply, LRMD_FIELD_PROTOCOL_VERSION, LRMD_PROTOCOL_VERSION);
    return rc;
}

static int
handle_rsc_register(struct request *r)
{
    const char *id = data_get(r, LRMD_FIELD_RSC_ID);
    const char *standard = data_get(r, LRMD_FIELD_CLASS);
    const char *provider = data_get(r, LRMD_FIELD_PROVIDER);
    const char *type = data_get(r, LRMD_FIELD_RSC_TYPE);
    unsigned options = (unsigned) xml_get_int(r->xml, LRMD_FIELD_CALL_OPT, 0);
    struct rsc *old, *rsc;

    if (id == NULL) {
        log_warn("Ignoring registration without resource id from client %s", r->client->id);
        return 0;
    }
    old = g_hash_table_lookup(r->core->resources, id);
    if (old != NULL && text_equal_nocase(old->standard, standard) && text_equal_nocase(old->provider, provider)
        && text_equal_nocase(old->type, type)) {
        log_notice("Ignoring duplicate registration of '%s'", id);
        return 0;
    }
    if (old != NULL) {
        g_hash_table_remove(r->core->resources, old->id);
        rsc_remove(r->core, old);
    }
    rsc = rsc_new(id, standard, provider, type, options);
    g_hash_table_insert(r->core->resources, rsc->id, rsc);
    log_info("Cached agent information for '%s'", id);
    return 0;
}

static int
handle_rsc_info(struct request *r)
{
    const struct rsc *rsc = find_rsc(r);

    if (rsc == NULL) {
        return -ENODEV;
    }
    xml_set(r->reply, LRMD_FIELD_RSC_ID, rsc->id);
    xml_set(r->reply, LRMD_FIELD_CLASS, rsc->standard);
    xml_set(r->reply, LRMD_FIELD_PROVIDER, rsc->provider);
    xml_set(r->reply, LRMD_FIELD_RSC_TYPE, rsc->type);
    return 0;
}

static int
handle_rsc_unregister(struct request *r)
{
    const char *id = data_get(r, LRMD_FIELD_RSC_ID);
    struct rsc *rsc = (id != NULL) ? g_hash_table_lookup(r->core->resources, id) : NULL;
    bool is_active;

    if (id == NULL) {
        r->notifies = false;
        return -ENODEV;
    }
    if (rsc == NULL) {
        log_info("Ignoring unregistration of resource '%s', which is not registered", id);
        return 0;
    }
    is_active = (rsc->active != NULL);
    g_hash_table_remove(r->core->resources, rsc->id);
    rsc_remove(r->core, rsc);
    return is_active ? -EINPROGRESS : 0;
}

static struct op *
op_from_request(const struct request *r)
{
    struct op *op = g_new0(struct op, 1);
    const char *action = data_get(r, LRMD_FIELD_ACTION);

    op->call_id = r->call_id;
    op->client_id = g_strdup(r->client->id);
    op->action = g_strdup(action ? action : "");
    op->userdata = g_strdup(data_get(r, LRMD_FIELD_USERDATA));
    op->interval_ms = (guint) CLAMP(xml_get_int(r->data, LRMD_FIELD_INTERVAL, 0), 0, (long long) UINT_MAX);
    op->timeout_ms = (int) CLAMP(xml_get_int(r->data, LRMD_FIELD_TIMEOUT, 0), INT_MIN, INT_MAX);
    op->start_delay_ms = (int) CLAMP(xml_get_int(r->data, LRMD_FIELD_START_DELAY, 0), INT_MIN, INT_MAX);
    op->options = (unsigned) xml_get_int(r->xml, LRMD_FIELD_CALL_OPT, 0);
    op->params = lrmd_params_from_xml(r->data);
    return op;
}

static int
handle_rsc_exec(struct request *r)
{
    struct rsc *rsc;

    if (data_get(r, LRMD_FIELD_RSC_ID) == NULL) {
        return -EINVAL;
    }
    rsc = find_rsc(r);
    return (rsc == NULL) ? -ENODEV : rsc_submit_take(r->core, r->now, rsc, op_from_request(r));
}

static int
handle_rsc_cancel(struct request *r)
{
    const char *action = data_get(r, LRMD_FIELD_ACTION);
    struct rsc *rsc;

    if (data_get(r, LRMD_FIELD_RSC_ID) == NULL || action == NULL) {
        return -EINVAL;
    }
    rsc = find_rsc(r);
    if (rsc == NULL) {
        return -ENODEV;
    }
    return rsc_cancel(r->core, r->now, rsc, action, (guint) xml_get_int(r->data, LRMD_FIELD_INTERVAL, 0));
}

static void
list_recurring(xmlNode *reply, const struct rsc *rsc)
{
    xmlNode *element = xml_new(reply, LRMD_TAG_RSC);

    xml_set(element, LRMD_FIELD_RSC_ID, rsc->id);
    for (GList *item = rsc->recurring; item != NULL; item = item->next) {
        const struct op *op = item->data;
        xmlNode *child = xml_new(element, LRMD_TAG_RSC_OP);

        xml_set(child, LRMD_FIELD_ACTION, op->action);
        xml_set_int(child, LRMD_FIELD_INTERVAL, op->interval_ms);
        xml_set_int(child, LRMD_FIELD_TIMEOUT, op->timeout_ms);
    }
}

static int
handle_get_recurring(struct request *r)
{
    GHashTableIter iter;
    gpointer rsc;

    if (data_get(r, LRMD_FIELD_RSC_ID) != NULL) {
        rsc = find_rsc(r);
        if (rsc == NULL) {
            return -ENODEV;
        }
        list_recurring(r->reply, rsc);
        return 0;
    }
    g_hash_table_iter_init(&iter, r->core->resources);
    while (g_hash_table_iter_next(&iter, NULL, &rsc)) {
        list_recurring(r->reply, rsc);
    }
    return 0;
}

static int
handle_poke(struct request *r)
{
    return 0; /* the notification is all there is to it */
}

static int
handle_alert(struct request *r)
{
    const char *id = data_get(r, LRMD_FIELD_ALERT_ID);
    const char *path = data_get(r, LRMD_FIELD_ALERT_PATH);
    struct execd_effect *e;

    if (id == NULL || path == NULL) {
        return -EINVAL;
    }
    r->core->alert_sequence++;
    e = core_add_effect(r->core, EXECD_ALERT);
    e->rsc_id = g_strdup(id);
    e->action = g_strdup(path);
    e->timeout_ms = (int) xml_get_int(r->data, LRMD_FIELD_TIMEOUT, 0);
    e->params = lrmd_params_from_xml(r->data);
    g_hash_table_replace(e->params, g_strdup("CRM_alert_node_sequence"),
                         g_strdup_printf("%u", r->core->alert_sequence));
    g_hash_table_replace(e->params, g_strdup("CRM_notify_node_sequence"),
                         g_strdup_printf("%u", r->core->alert_sequence));
    return 0;
}

static int
handle_check(struct request *r)
{
    struct execd_effect *e = core_add_effect(r->core, EXECD_CHECK);

    e->value = g_strdup(data_get(r, LRMD_FIELD_WATCHDOG));
    r->is_silent = true;
    return 0;
}

static int
handle_ipc_forward(struct request *r)
{
    struct execd_effect *e;

    if (!r->core->is_remote) {
        return -EPROTONOSUPPORT; /* only a remote node's executor is a proxy */
    }
    if (!r->client->is_cluster) {
        return -EACCES;
    }
    e = core_add_effect(r->core, EXECD_PROXY); /* the request itself is the proxy's message */
    e->client = g_strdup(r->client->id);
    e->xml = xml_copy(NULL, r->xml);
    return 0;
}

/* The operations (spec 50 §2.4). */
static const struct {
    const char *op;
    int (*handle)(struct request *r);
    bool is_for_all; /* unprivileged clients too */
    bool notifies;
} handlers[] = {
    { LRMD_OP_REGISTER, handle_register, true, false },
    { LRMD_OP_POKE, handle_poke, true, true },
    { LRMD_OP_RSC_REGISTER, handle_rsc_register, false, true },
    { LRMD_OP_RSC_INFO, handle_rsc_info, false, false },
    { LRMD_OP_RSC_UNREGISTER, handle_rsc_unregister, false, true },
    { LRMD_OP_RSC_EXEC, handle_rsc_exec, false, false },
    { LRMD_OP_RSC_CANCEL, handle_rsc_cancel, false, false },
    { LRMD_OP_GET_RECURRING, handle_get_recurring, false, false },
    { LRMD_OP_ALERT_EXEC, handle_alert, false, false },
    { LRMD_OP_CHECK, handle_check, false, false },
    { LRMD_OP_IPC_FORWARD, handle_ipc_forward, false, false },
};

static int
dispatch(struct request *r)
{
    for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++) {
        if (!text_equal(r->op, handlers[i].op)) {
            continue;
        }
        if (!handlers[i].is_for_all && !r->client->is_privileged) {
            log_warn("Rejecting IPC request '%s' from unprivileged client %s", r->op, r->client->id);
            return -EACCES;
        }
        r->notifies = handlers[i].notifies;
        return handlers[i].handle(r);
    }
    log_err("Unknown IPC request '%s' from client %s", r->op ? r->op : "", r->client->id);
    return -EOPNOTSUPP;
}

void
execd_core_request(struct execd_core *core, struct execd_now now, const char *client_id, const xmlNode *xml)
{
    const xmlNode *holder = xml_first(xml, LRMD_TAG_CALLDATA);
    struct request r = {
        .core = core,
        .now = now,
        .client = g_hash_table_lookup(core->clients, client_id),
        .xml = xml,
        .data = (holder != NULL) ? xml_first(holder, NULL) : NULL,
        .op = xml_get(xml, LRMD_FIELD_OP),
    };
    struct execd_effect *reply;
    int rc;

    g_assert(r.client != NULL);
    core->call_id = (core->call_id == INT_MAX) ? 1 : core->call_id + 1;
    r.call_id = core->call_id;
    name_client(core, r.client, xml);

    r.reply = xml_new(NULL, LRMD_TAG_REPLY);
    xml_set(r.reply, LRMD_FIELD_ORIGIN, ORIGIN);
    xml_set_int(r.reply, LRMD_FIELD_RC, 0);
    xml_set_int(r.reply, LRMD_FIELD_CALL_ID, r.call_id);
    rc = dispatch(&r);
    xml_set_int(r.reply, LRMD_FIELD_RC, rc);
    if (r.is_silent) {
        xml_free(r.reply);
        return;
    }
    reply = core_add_effect(core, EXECD_REPLY);
    reply->xml = r.reply;
    if (r.notifies) {
        notify_generic(core, r.op, rc, r.call_id, data_get(&r, LRMD_FIELD_RSC_ID));
    }
}

/* --- the rest of the events --- */

void
execd_core_done(struct execd_core *core, struct execd_now now, unsigned run_id, const struct exec_result *result)
{
    struct op *op = g_hash_table_lookup(core->runs, GUINT_TO_POINTER(run_id));

    if (op != NULL) {
        queue_finish(core, now, op, result);
    }
}

uint64_t
execd_core_deadline(const struct execd_core *core)
{
    GSequenceIter *first = g_sequence_get_begin_iter(core->timers);

    return g_sequence_iter_is_end(first) ? UINT64_MAX : ((const struct op *) g_sequence_get(first))->due_ms;
}

void
execd_core_tick(struct execd_core *core, struct execd_now now)
{
    queue_tick(core, now);
}

bool
execd_core_run_is_recurring(const struct execd_core *core, unsigned run_id)
{
    const struct op *op = g_hash_table_lookup(core->runs, GUINT_TO_POINTER(run_id));

    return op != NULL && op->interval_ms > 0;
}

unsigned
execd_core_resource_count(const struct execd_core *core)
{
    return g_hash_table_size(core->resources);
}
