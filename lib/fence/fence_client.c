/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fencer's client over local IPC.  Called by daemons and tools; see fence_client.h.  (spec 60 §3, §4)
 */
#include "lib/fence/fence_client.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"

/* The fencer may need this much longer than the action itself. */
#define EXTRA_WAIT_S     60u
#define SETUP_TIMEOUT_MS 5000

struct fence_client {
    const struct fence_client_callbacks *callbacks;
    void *data;
    struct ipc_connection *ipc;
    char *token;
    int call_id;
    GHashTable *calls; /* call id -> struct call */
};

/* An asynchronous call that waits for its answer. */
struct call {
    struct fence_client *client;
    int id;
    unsigned options;
    fence_done_fn done;
    void *data;
    guint timer;
};

static void
call_free(gpointer data)
{
    struct call *call = data;

    if (call->timer != 0) {
        g_source_remove(call->timer);
    }
    g_free(call);
}

struct fence_client *
fence_client_new(const struct fence_client_callbacks *callbacks, void *data)
{
    struct fence_client *c = g_new0(struct fence_client, 1);

    c->callbacks = callbacks;
    c->data = data;
    c->call_id = 1; /* the first call of a connection is number 2 */
    c->calls = g_hash_table_new_full(NULL, NULL, NULL, call_free);
    return c;
}

void
fence_client_free(struct fence_client *c)
{
    if (c != NULL) {
        fence_client_disconnect(c);
        g_hash_table_unref(c->calls);
        g_free(c);
    }
}

void
fence_client_disconnect(struct fence_client *c)
{
    g_hash_table_remove_all(c->calls);
    if (c->ipc != NULL) {
        ipc_disconnect(g_steal_pointer(&c->ipc));
    }
    g_clear_pointer(&c->token, g_free);
    c->call_id = 1;
}

bool
fence_client_is_connected(const struct fence_client *c)
{
    return c->ipc != NULL && ipc_is_connected(c->ipc);
}

/* --- what the fencer sends --- */

/* The call is over: forget it first, so that the callback may do what it likes. */
static void
finish_call(struct call *call, const struct fence_result *result, const xmlNode *data)
{
    const struct fence_reply reply = { .call_id = call->id, .result = result, .data = data };
    fence_done_fn done = call->done;
    void *user_data = call->data;

    g_hash_table_remove(call->client->calls, GINT_TO_POINTER(call->id));
    if (done != NULL) {
        done(&reply, user_data);
    }
}

static gboolean
on_call_timeout(gpointer data)
{
    struct call *call = data;
    struct fence_result result = { 0 };

    call->timer = 0;
    fence_result_set(&result, CRM_EX_ERROR, EXEC_TIMEOUT, "Fencer accepted request but did not reply in time");
    finish_call(call, &result, NULL);
    fence_result_clear(&result);
    return G_SOURCE_REMOVE;
}

static void
arm_call(struct call *call, unsigned timeout_s)
{
    if (call->timer != 0) {
        g_source_remove(call->timer);
    }
    call->timer = g_timeout_add_seconds(timeout_s + EXTRA_WAIT_S, on_call_timeout, call);
}

static struct call *
find_call(struct fence_client *c, const xmlNode *xml)
{
    return g_hash_table_lookup(c->calls, GINT_TO_POINTER((int) xml_get_int(xml, F_ST_CALLID, 0)));
}

static void
handle_reply(struct fence_client *c, const xmlNode *xml)
{
    struct call *call = find_call(c, xml);
    struct fence_result result = { 0 };

    if (call == NULL) {
        log_debug("Ignoring the fencer's reply to call %s, which nobody waits for", xml_get(xml, F_ST_CALLID));
        return;
    }
    fence_result_from_xml(&result, xml);
    finish_call(call, &result, msg_data(xml, F_ST_CALLDATA));
    fence_result_clear(&result);
}

static void
handle_timeout_update(struct fence_client *c, const xmlNode *xml)
{
    struct call *call = find_call(c, xml);
    long long seconds = xml_get_int(xml, F_ST_TIMEOUT, 0);

    if (call != NULL && (call->options & FENCE_OPT_TIMEOUT_UPDATES) && seconds > 0) {
        arm_call(call, (unsigned) MIN(seconds, G_MAXINT / 1000));
    }
}

static void
handle_notification(struct fence_client *c, const xmlNode *xml)
{
    const xmlNode *data = msg_data(xml, F_ST_CALLDATA);
    struct fence_result result = { 0 };
    struct fence_event event = { .type = xml_get(xml, F_SUBTYPE), .result = &result };

    if (event.type == NULL || c->callbacks == NULL || c->callbacks->event == NULL) {
        return;
    }
    fence_result_from_xml(&result, xml);
    if (data != NULL) {
        event.id = xml_get(data, F_ST_REMOTE_OP);
        event.action = xml_get(data, F_ST_DEVICE_ACTION);
        event.target = xml_get(data, F_ST_TARGET);
        event.executioner = xml_get(data, F_ST_DELEGATE);
        event.origin = xml_get(data, F_ST_ORIGIN);
        event.client_name = xml_get(data, F_ST_CLIENTNAME);
        event.client_id = xml_get(data, F_ST_CLIENTID);
        event.device = xml_get(data, F_ST_DEVICE_ID);
    }
    c->callbacks->event(&event, c->data);
    fence_result_clear(&result);
}

static void
on_event(struct ipc_connection *ipc, xmlNode *xml, uint32_t flags, void *data)
{
    struct fence_client *c = data;
    const char *type = xml_get(xml, F_TYPE);

    if (text_equal(type, T_STONITH)) {
        handle_reply(c, xml);
    } else if (text_equal(type, T_STONITH_NOTIFY)) {
        handle_notification(c, xml);
    } else if (text_equal(type, FENCE_TYPE_TIMEOUT)) {
        handle_timeout_update(c, xml);
    } else {
        log_debug("Ignoring unknown message of the fencer: %s", type ? type : xml_name(xml));
    }
}

/* Everything that waits has failed; then the owner is told. */
static void
on_closed(struct ipc_connection *ipc, void *data)
{
    struct fence_client *c = data;
    struct fence_result result = { 0 };
    const struct fence_event event = { .type = FENCE_NOTIFY_DISCONNECT, .result = &result };
    GHashTable *calls = c->calls;
    GHashTableIter iter;
    gpointer value;

    c->calls = g_hash_table_new_full(NULL, NULL, NULL, call_free);
    fence_client_disconnect(c);
    fence_result_set(&result, CRM_EX_ERROR, EXEC_NOT_CONNECTED, "Connection to fencer lost");
    g_hash_table_iter_init(&iter, calls);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct call *call = value;
        const struct fence_reply reply = { .call_id = call->id, .result = &result };

        if (call->done != NULL) {
            call->done(&reply, call->data);
        }
    }
    g_hash_table_unref(calls);
    if (c->callbacks != NULL && c->callbacks->event != NULL) {
        c->callbacks->event(&event, c->data);
    }
    fence_result_clear(&result);
}

/* --- connecting --- */

static int
say_hello(struct fence_client *c, const char *name)
{
    g_autoptr(xmlNode) hello = xml_new(NULL, FENCE_TAG_COMMAND);
    g_autoptr(xmlNode) reply = NULL;
    const char *token;
    int rc;

    xml_set(hello, F_TYPE, T_STONITH);
    xml_set(hello, F_ST_OPERATION, FENCE_OP_REGISTER);
    xml_set(hello, F_ST_CLIENTNAME, name);
    rc = ipc_call(c->ipc, hello, SETUP_TIMEOUT_MS, &reply);
    if (rc != RC_OK) {
        return result_to_legacy(rc);
    }
    token = xml_get(reply, F_ST_CLIENTID);
    if (!text_equal(xml_get(reply, F_ST_OPERATION), FENCE_OP_REGISTER) || token == NULL) {
        log_err("The fencer answered the registration with something else");
        return -EPROTO;
    }
    c->token = g_strdup(token);
    return 0;
}

int
fence_client_connect(struct fence_client *c, const char *name, bool watch)
{
    static const struct ipc_connection_callbacks callbacks = { .event = on_event, .closed = on_closed };
    int rc;

    if (c->ipc != NULL) {
        return 0;
    }
    rc = ipc_connect(ENDPOINT_FENCER, 0, &c->ipc);
    if (rc != RC_OK) {
        return result_to_legacy(rc);
    }
    rc = say_hello(c, name);
    if (rc < 0) {
        fence_client_disconnect(c);
        return rc;
    }
    if (watch) {
        ipc_watch(c->ipc, G_PRIORITY_DEFAULT, &callbacks, c);
    }
    return 0;
}

static int
set_subscription(struct fence_client *c, const char *field, const char *type)
{
    g_autoptr(xmlNode) request = xml_new(NULL, FENCE_TAG_COMMAND);
    g_autoptr(xmlNode) reply = NULL;
    int rc;

    if (c->ipc == NULL) {
        return -ENOTCONN;
    }
    xml_set(request, F_TYPE, T_STONITH);
    xml_set(request, F_ST_OPERATION, FENCE_OP_NOTIFY);
    xml_set(request, field, type);
    rc = ipc_call(c->ipc, request, SETUP_TIMEOUT_MS, &reply);
    return (rc == RC_OK) ? 0 : result_to_legacy(rc);
}

int
fence_client_subscribe(struct fence_client *c, const char *type)
{
    return set_subscription(c, F_ST_NOTIFY_ACTIVATE, type);
}

int
fence_client_unsubscribe(struct fence_client *c, const char *type)
{
    return set_subscription(c, F_ST_NOTIFY_DEACTIVATE, type);
}

/* --- requests --- */

static xmlNode *
new_request(struct fence_client *c, const char *op, unsigned options, unsigned timeout_s)
{
    xmlNode *request = xml_new(NULL, FENCE_TAG_COMMAND);

    c->call_id = (c->call_id >= G_MAXINT) ? 1 : c->call_id + 1;
    xml_set(request, F_NAME, FENCE_TAG_COMMAND);
    xml_set(request, F_TYPE, T_STONITH);
    xml_set(request, F_ST_ASYNC_ID, c->token);
    xml_set(request, F_ST_OPERATION, op);
    xml_set_int(request, F_ST_CALLID, c->call_id);
    xml_set_int(request, F_ST_CALLOPTS, options);
    xml_set_int(request, F_ST_TIMEOUT, timeout_s);
    return request;
}

static xmlNode *
add_data(xmlNode *request, const char *element)
{
    return xml_new(xml_new(request, F_ST_CALLDATA), element);
}

/* The reply has to be to our call (spec 60 §3.1). */
static int
call_sync_take(struct fence_client *c, xmlNode *request, unsigned timeout_s, struct fence_result *result, xmlNode **data)
{
    g_autoptr(xmlNode) owned = request;
    g_autoptr(xmlNode) reply = NULL;
    struct fence_result local = { 0 };
    const xmlNode *content;
    int rc;

    if (c->ipc == NULL) {
        fence_result_set(&local, CRM_EX_ERROR, EXEC_NOT_CONNECTED, "Not connected to the fencer");
    } else if ((rc = ipc_call(c->ipc, request, (int) MIN(timeout_s + EXTRA_WAIT_S, 2000000u) * 1000, &reply)) != RC_OK) {
        fence_result_set(&local, CRM_EX_ERROR,
                         (rc == ETIMEDOUT) ? EXEC_TIMEOUT : (rc == ENOTCONN) ? EXEC_NOT_CONNECTED : EXEC_ERROR,
                         result_text(rc));
    } else if (xml_get_int(reply, F_ST_CALLID, -1) != c->call_id) {
        log_err("The fencer's reply is not to call %d", c->call_id);
        fence_result_set(&local, CRM_EX_PROTOCOL, EXEC_INVALID, "Reply is to another request");
    } else {
        fence_result_from_xml(&local, reply);
        content = msg_data(reply, F_ST_CALLDATA);
        if (data != NULL && content != NULL) {
            *data = xml_copy(NULL, content);
        }
    }
    rc = fence_result_legacy(&local);
    if (result != NULL) {
        *result = local;
    } else {
        fence_result_clear(&local);
    }
    return rc;
}

static int
call_async_take(struct fence_client *c, xmlNode *request, unsigned options, unsigned timeout_s, fence_done_fn done, void *data)
{
    g_autoptr(xmlNode) owned = request;
    struct call *call;
    int rc;

    if (c->ipc == NULL) {
        return -ENOTCONN;
    }
    rc = ipc_send(c->ipc, request, 0, NULL);
    if (rc != RC_OK) {
        return result_to_legacy(rc);
    }
    call = g_new0(struct call, 1);
    call->client = c;
    call->id = c->call_id;
    call->options = options;
    call->done = done;
    call->data = data;
    g_hash_table_insert(c->calls, GINT_TO_POINTER(call->id), call);
    arm_call(call, timeout_s);
    return call->id;
}

static xmlNode *
new_fence_request(struct fence_client *c, const struct fence_request *r, unsigned options)
{
    xmlNode *request = new_request(c, FENCE_OP_FENCE, options, r->timeout_s);
    xmlNode *data;

    xml_set_int(request, F_ST_DELAY, r->delay_s);
    data = add_data(request, FENCE_TAG_ARGUMENTS);
    xml_set(data, F_ST_TARGET, r->target);
    xml_set(data, F_ST_DEVICE_ACTION, r->action);
    xml_set_int(data, F_ST_TIMEOUT, r->timeout_s);
    xml_set_int(data, F_ST_TOLERANCE, r->tolerance_s);
    xml_set_int(data, F_ST_DELAY, r->delay_s);
    return request;
}

int
fence_client_fence(struct fence_client *c, const struct fence_request *r, fence_done_fn done, void *data)
{
    return call_async_take(c, new_fence_request(c, r, r->options), r->options,
                           r->timeout_s + (unsigned) MAX(0, r->delay_s), done, data);
}

int
fence_client_fence_sync(struct fence_client *c, const struct fence_request *r, struct fence_result *result)
{
    return call_sync_take(c, new_fence_request(c, r, r->options | FENCE_OPT_SYNC),
                          r->timeout_s + (unsigned) MAX(0, r->delay_s), result, NULL);
}

static xmlNode *
new_execute_request(struct fence_client *c, const char *device, const char *action, const char *target,
                    unsigned timeout_s, unsigned options)
{
    xmlNode *request = new_request(c, FENCE_OP_EXECUTE, options, timeout_s);
    xmlNode *data = add_data(request, FENCE_TAG_DEVICE);

    xml_set(data, F_ST_DEVICE_ID, device);
    xml_set(data, F_ST_DEVICE_ACTION, action);
    xml_set(data, F_ST_TARGET, target);
    return request;
}

int
fence_client_execute(struct fence_client *c, const char *device, const char *action, const char *target,
                     unsigned timeout_s, fence_done_fn done, void *data)
{
    return call_async_take(c, new_execute_request(c, device, action, target, timeout_s, 0), 0, timeout_s, done, data);
}

int
fence_client_execute_sync(struct fence_client *c, const char *device, const char *action, const char *target,
                          unsigned timeout_s, struct fence_result *result)
{
    return call_sync_take(c, new_execute_request(c, device, action, target, timeout_s, FENCE_OPT_SYNC), timeout_s,
                          result, NULL);
}

/* Names that cannot be attributes go into children; the fencer accepts both forms. */
static void
add_params(xmlNode *device, GHashTable *params)
{
    xmlNode *attributes = xml_new(device, FENCE_TAG_ATTRIBUTES);
    GHashTableIter iter;
    gpointer name, value;

    if (params == NULL) {
        return;
    }
    g_hash_table_iter_init(&iter, params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (xmlValidateNameValue((const xmlChar *) name)) {
            xml_set(attributes, name, value);
        } else {
            xmlNode *param = xml_new(attributes, FENCE_TAG_PARAM);

            xml_set(param, "name", name);
            xml_set(param, "value", value);
        }
    }
}

const char *
fence_agent_namespace(const char *agent)
{
    return exec_is_fence_agent(agent) ? FENCE_NAMESPACE_AGENTS : exec_is_fence_plugin(agent) ? FENCE_NAMESPACE_HEARTBEAT : NULL;
}

/* As the registering side has to: the namespace as this host knows it, plug-ins by their adapter (spec 60 §8.1). */
static xmlNode *
new_register_request(struct fence_client *c, const char *id, const char *ns, const char *agent, GHashTable *params,
                     unsigned options)
{
    xmlNode *request = new_request(c, FENCE_OP_DEVICE_ADD, options, 0);
    xmlNode *device = add_data(request, FENCE_TAG_DEVICE);
    bool is_plugin;

    if (!text_equal(ns, "internal")) {
        ns = fence_agent_namespace(agent);
    }
    is_plugin = text_equal(ns, FENCE_NAMESPACE_HEARTBEAT);
    xml_set(device, "id", id);
    xml_set(device, FENCE_F_AGENT, is_plugin ? FENCE_AGENT_LEGACY : agent);
    xml_set(device, FENCE_F_NAMESPACE, ns);
    if (params != NULL) {
        xml_set(device, FENCE_F_PROVIDES, g_hash_table_lookup(params, "CRM_meta_provides"));
    }
    add_params(device, params);
    if (is_plugin) {
        xml_set((xmlNode *) xml_first(device, FENCE_TAG_ATTRIBUTES), FENCE_PARAM_PLUGIN, agent);
    }
    return request;
}

int
fence_client_register_device(struct fence_client *c, const char *id, const char *ns, const char *agent,
                             GHashTable *params, struct fence_result *result)
{
    return call_sync_take(c, new_register_request(c, id, ns, agent, params, FENCE_OPT_SYNC), 0, result, NULL);
}

int
fence_client_register_device_async(struct fence_client *c, const char *id, const char *ns, const char *agent,
                                   GHashTable *params, fence_done_fn done, void *data)
{
    return call_async_take(c, new_register_request(c, id, ns, agent, params, 0), 0, 0, done, data);
}

static xmlNode *
new_remove_request(struct fence_client *c, const char *id, unsigned options)
{
    xmlNode *request = new_request(c, FENCE_OP_DEVICE_DEL, options, 0);

    xml_set(add_data(request, FENCE_TAG_DEVICE), "id", id);
    return request;
}

int
fence_client_remove_device(struct fence_client *c, const char *id, struct fence_result *result)
{
    return call_sync_take(c, new_remove_request(c, id, FENCE_OPT_SYNC), 0, result, NULL);
}

int
fence_client_remove_device_async(struct fence_client *c, const char *id, fence_done_fn done, void *data)
{
    return call_async_take(c, new_remove_request(c, id, 0), 0, 0, done, data);
}

static int
change_level(struct fence_client *c, const char *op, const xmlNode *level, struct fence_result *result)
{
    xmlNode *request = new_request(c, op, FENCE_OPT_SYNC, 0);

    xml_copy(xml_new(request, F_ST_CALLDATA), level);
    return call_sync_take(c, request, 0, result, NULL);
}

int
fence_client_add_level(struct fence_client *c, const xmlNode *level, struct fence_result *result)
{
    return change_level(c, FENCE_OP_LEVEL_ADD, level, result);
}

int
fence_client_remove_level(struct fence_client *c, const xmlNode *level, struct fence_result *result)
{
    return change_level(c, FENCE_OP_LEVEL_DEL, level, result);
}

int
fence_client_query(struct fence_client *c, const char *target, unsigned timeout_s, xmlNode **data,
                   struct fence_result *result)
{
    xmlNode *request = new_request(c, FENCE_OP_QUERY, FENCE_OPT_SYNC | FENCE_OPT_ALLOW_SELF, timeout_s);
    xmlNode *arguments = add_data(request, FENCE_TAG_ARGUMENTS);

    xml_set(arguments, F_ST_TARGET, target);
    xml_set(arguments, F_ST_DEVICE_ACTION, "off");
    return call_sync_take(c, request, timeout_s, result, data);
}

int
fence_client_history(struct fence_client *c, const char *target, unsigned options, unsigned timeout_s, xmlNode **data,
                     struct fence_result *result)
{
    xmlNode *request = new_request(c, FENCE_OP_HISTORY, options | FENCE_OPT_SYNC, timeout_s);

    if (target != NULL) {
        xml_set(add_data(request, FENCE_TAG_ARGUMENTS), F_ST_TARGET, target);
    }
    return call_sync_take(c, request, timeout_s, result, data);
}
