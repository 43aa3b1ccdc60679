/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The executor's client over local IPC.  Called by the controller and others; see lrmd_client.h.
 * Remote executors are lrmd_remote.c's: nobody may wait for those.  (spec 50 §2, §3)
 */
#include "lib/exec/lrmd_client.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"
#include "lib/ipc/ipc_client.h"

#include <errno.h>

#define REPLY_TIMEOUT_MS 5000

struct lrmd_client {
    lrmd_event_fn fn;
    void *data;
    struct ipc_connection *ipc;
    char *token; /* what the executor calls us */
};

struct lrmd_client *
lrmd_client_new(lrmd_event_fn fn, void *data)
{
    struct lrmd_client *c = g_new0(struct lrmd_client, 1);

    c->fn = fn;
    c->data = data;
    return c;
}

void
lrmd_client_free(struct lrmd_client *c)
{
    if (c != NULL) {
        lrmd_client_disconnect(c);
        g_free(c);
    }
}

void
lrmd_client_disconnect(struct lrmd_client *c)
{
    if (c->ipc != NULL) {
        ipc_disconnect(g_steal_pointer(&c->ipc));
    }
    g_clear_pointer(&c->token, g_free);
}

bool
lrmd_client_is_connected(const struct lrmd_client *c)
{
    return c->ipc != NULL && ipc_is_connected(c->ipc);
}

/* --- events --- */

static void
on_event(struct ipc_connection *ipc, xmlNode *xml, uint32_t flags, void *data)
{
    struct lrmd_client *c = data;
    struct lrmd_event event;

    if (!lrmd_event_from_xml(xml, &event)) {
        log_info("Ignoring unknown message of the executor: %s", xml_name(xml));
        return;
    }
    if (c->fn != NULL) {
        c->fn(&event, c->data);
    }
    if (event.params != NULL) {
        g_hash_table_unref(event.params);
    }
}

static void
on_closed(struct ipc_connection *ipc, void *data)
{
    struct lrmd_client *c = data;
    const struct lrmd_event event = { .kind = LRMD_EVENT_DISCONNECT };

    lrmd_client_disconnect(c);
    if (c->fn != NULL) {
        c->fn(&event, c->data);
    }
}

/* --- requests --- */

/* Send a command (freed here) and take the answer's code; *reply (may be NULL) gets the whole answer on success. */
static int
transact_within_take(struct lrmd_client *c, xmlNode *command, int wait_ms, xmlNode **reply)
{
    g_autoptr(xmlNode) request = command;
    g_autoptr(xmlNode) answer = NULL;
    int rc;

    if (c->ipc == NULL) {
        return -ENOTCONN;
    }
    rc = ipc_call(c->ipc, request, wait_ms, &answer);
    if (rc != RC_OK) {
        log_err("The executor did not answer %s: %s", xml_get(request, LRMD_FIELD_OP), result_text(rc));
        return (rc == ETIMEDOUT) ? -ETIME : result_to_legacy(rc);
    }
    if (xml_get(answer, LRMD_FIELD_RC) == NULL) {
        return -ENOMSG;
    }
    rc = (int) xml_get_int(answer, LRMD_FIELD_RC, -ENOMSG);
    if (reply != NULL) {
        *reply = g_steal_pointer(&answer);
    }
    return rc;
}

static int
transact_take(struct lrmd_client *c, xmlNode *command, xmlNode **reply)
{
    return transact_within_take(c, command, REPLY_TIMEOUT_MS, reply);
}

static int
say_hello(struct lrmd_client *c, const char *name)
{
    g_autoptr(xmlNode) reply = NULL;
    const char *token;
    int rc;

    rc = transact_take(c, lrmd_hello_new(name, false), &reply);
    if (rc < 0) {
        return rc;
    }
    token = xml_get(reply, LRMD_FIELD_CLIENT_ID);
    if (!text_equal(xml_get(reply, LRMD_FIELD_OP), LRMD_OP_REGISTER) || token == NULL) {
        log_err("The executor answered the registration with something else");
        return -EPROTO;
    }
    c->token = g_strdup(token);
    return 0;
}

int
lrmd_client_connect(struct lrmd_client *c, const char *name)
{
    static const struct ipc_connection_callbacks callbacks = { .event = on_event, .closed = on_closed };
    int rc;

    if (c->ipc != NULL) {
        return 0;
    }
    rc = ipc_connect(LRMD_ENDPOINT, 0, &c->ipc);
    if (rc != RC_OK) {
        return result_to_legacy(rc);
    }
    rc = say_hello(c, name);
    if (rc < 0) {
        lrmd_client_disconnect(c);
        return rc;
    }
    ipc_watch(c->ipc, G_PRIORITY_DEFAULT, &callbacks, c);
    return 0;
}

int
lrmd_client_register_rsc(struct lrmd_client *c, const char *id, const char *standard, const char *provider,
                         const char *type, unsigned options)
{
    if (id == NULL || standard == NULL || type == NULL
        || ((exec_standard_capabilities(exec_standard_parse(standard)) & EXEC_CAP_PROVIDER)
            && provider == NULL)) {
        return -EINVAL;
    }
    return transact_take(c, lrmd_register_new(c->token, id, standard, provider, type, options), NULL);
}

int
lrmd_client_unregister_rsc(struct lrmd_client *c, const char *id)
{
    xmlNode *rsc;

    return transact_take(c, lrmd_rsc_command_new(c->token, LRMD_OP_RSC_UNREGISTER, 0, 0, id, &rsc), NULL);
}

struct lrmd_rsc_info *
lrmd_client_rsc_info(struct lrmd_client *c, const char *id, int *rc)
{
    g_autoptr(xmlNode) reply = NULL;
    struct lrmd_rsc_info *info;
    xmlNode *rsc;
    int code = transact_take(c, lrmd_rsc_command_new(c->token, LRMD_OP_RSC_INFO, 0, 0, id, &rsc), &reply);

    if (code >= 0 && (xml_get(reply, LRMD_FIELD_CLASS) == NULL || xml_get(reply, LRMD_FIELD_RSC_TYPE) == NULL)) {
        code = -ENOMSG;
    }
    if (rc != NULL) {
        *rc = code;
    }
    if (code < 0) {
        return NULL;
    }
    info = g_new0(struct lrmd_rsc_info, 1);
    info->id = g_strdup(id);
    info->standard = g_strdup(xml_get(reply, LRMD_FIELD_CLASS));
    info->provider = g_strdup(xml_get(reply, LRMD_FIELD_PROVIDER));
    info->type = g_strdup(xml_get(reply, LRMD_FIELD_RSC_TYPE));
    return info;
}

void
lrmd_rsc_info_free(struct lrmd_rsc_info *info)
{
    if (info != NULL) {
        g_free(info->id);
        g_free(info->standard);
        g_free(info->provider);
        g_free(info->type);
        g_free(info);
    }
}

int
lrmd_client_exec(struct lrmd_client *c, const struct lrmd_exec *op)
{
    /* The answer comes at once, not when the action ends; how long that may take says how long this node may be stuck (spec 50 §2.5). */
    return transact_within_take(c, lrmd_exec_new(c->token, op), MAX(op->timeout_ms, REPLY_TIMEOUT_MS), NULL);
}

int
lrmd_client_cancel(struct lrmd_client *c, const char *rsc_id, const char *action, guint interval_ms)
{
    return transact_take(c, lrmd_cancel_new(c->token, rsc_id, action, interval_ms), NULL);
}

static void
recurring_free(gpointer data)
{
    struct lrmd_recurring *r = data;

    g_free(r->rsc_id);
    g_free(r->action);
    g_free(r);
}

GPtrArray *
lrmd_client_get_recurring(struct lrmd_client *c, const char *rsc_id, int *rc)
{
    g_autoptr(xmlNode) reply = NULL;
    xmlNode *unused, *command;
    GPtrArray *list;
    int code;

    command = (rsc_id != NULL) ? lrmd_rsc_command_new(c->token, LRMD_OP_GET_RECURRING, 0, 0, rsc_id, &unused)
                               : lrmd_command_new(c->token, LRMD_OP_GET_RECURRING, 0, 0);
    code = transact_take(c, command, &reply);
    if (rc != NULL) {
        *rc = code;
    }
    if (code < 0) {
        return NULL;
    }
    list = g_ptr_array_new_with_free_func(recurring_free);
    xml_for_each(rsc, reply, LRMD_TAG_RSC)
    {
        xml_for_each(op, rsc, LRMD_TAG_RSC_OP)
        {
            struct lrmd_recurring *r = g_new0(struct lrmd_recurring, 1);

            r->rsc_id = g_strdup(xml_get(rsc, LRMD_FIELD_RSC_ID));
            r->action = g_strdup(xml_get(op, LRMD_FIELD_ACTION));
            r->interval_ms = (guint) xml_get_int(op, LRMD_FIELD_INTERVAL, 0);
            r->timeout_ms = (int) xml_get_int(op, LRMD_FIELD_TIMEOUT, 0);
            g_ptr_array_add(list, r);
        }
    }
    return list;
}

int
lrmd_client_poke(struct lrmd_client *c)
{
    xmlNode *rsc;

    return transact_take(c, lrmd_rsc_command_new(c->token, LRMD_OP_POKE, 0, 0, NULL, &rsc), NULL);
}

int
lrmd_client_alert(struct lrmd_client *c, const char *alert_id, const char *path, int timeout_ms, GHashTable *params)
{
    xmlNode *command = lrmd_command_new(c->token, LRMD_OP_ALERT_EXEC, timeout_ms, LRMD_OPT_NOTIFY_ORIGINATOR);
    xmlNode *alert = xml_new(xml_new(command, LRMD_TAG_CALLDATA), LRMD_TAG_ALERT);

    xml_set(alert, LRMD_FIELD_ORIGIN, "lrmd_client");
    xml_set(alert, LRMD_FIELD_ALERT_ID, alert_id);
    xml_set(alert, LRMD_FIELD_ALERT_PATH, path);
    xml_set_int(alert, LRMD_FIELD_TIMEOUT, timeout_ms);
    lrmd_params_to_xml(alert, params);
    return transact_take(c, command, NULL);
}
