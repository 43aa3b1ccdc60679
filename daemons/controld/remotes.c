/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shell's side of Pacemaker Remote: connections to nodes, and programs on them that want something of the cluster.  Called by
 * main.c.  Decides nothing about nodes: that is core_remote.c.  (spec 30 §13, spec 50 §12, §13)
 */
#include "daemons/controld/shell.h"

#include <errno.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/exec/lrmd_remote.h"
#include "lib/fence/fence_protocol.h"
#include "lib/ipc/attrd_proto.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

#define ROLE_REMOTE "pacemaker-remote"

struct node {
    char *name;
    bool connected;
    struct lrmd_remote *remote;
    GHashTable *waiting;  /* set of cookies (uint64_t *): requests without answer */
};

/* A program on a remote node. */
struct session {
    char *id;
    char *node;
    struct ipc_connection *ipc; /* NULL: it talks to this controller */
    long long last_message;     /* id */
};

static struct {
    GHashTable *nodes;    /* name -> struct node */
    GHashTable *sessions; /* id -> struct session */
} self;

/* ---- life ---- */

static void
node_free(gpointer data)
{
    struct node *n = data;

    lrmd_remote_free(n->remote);
    g_hash_table_unref(n->waiting);
    g_free(n->name);
    g_free(n);
}

static void
session_free(gpointer data)
{
    struct session *s = data;

    ipc_disconnect(s->ipc);
    g_free(s->id);
    g_free(s->node);
    g_free(s);
}

static void
init(void)
{
    if (self.nodes == NULL) {
        self.nodes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, node_free);
        self.sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, session_free);
    }
}

static struct node *
find(const char *name)
{
    return self.nodes != NULL ? g_hash_table_lookup(self.nodes, name) : NULL;
}

static gboolean
is_of_node(gpointer key, gpointer value, gpointer name)
{
    return text_equal(((const struct session *)value)->node, name);
}

/* Forget a node; whoever waits for an answer of it has one. */
static void
forget(const char *name)
{
    struct node *n = find(name);
    GHashTableIter iter;
    gpointer cookie;

    if (n == NULL) {
        return;
    }
    g_hash_table_foreach_remove(self.sessions, is_of_node, n->name);
    g_hash_table_iter_init(&iter, n->waiting);
    while (g_hash_table_iter_next(&iter, &cookie, NULL)) {
        shell_answer_exec(*(uint64_t *)cookie, -ENOTCONN);
    }
    g_hash_table_remove(self.nodes, name);
}

/* ---- programs on the node ---- */

static xmlNode *
proxy_message(const char *op, const char *session)
{
    xmlNode *xml = xml_new(NULL, LRMD_TAG_PROXY);

    xml_set(xml, LRMD_FIELD_PROXY_OP, op);
    xml_set(xml, LRMD_FIELD_PROXY_SESSION, session);
    return xml;
}

static void
send_proxied(const char *node, xmlNode *take_xml)
{
    struct node *n = find(node);

    if (n == NULL || !n->connected) {
        xml_free(take_xml);
        return;
    }
    xml_set(take_xml, LRMD_FIELD_OP, LRMD_OP_IPC_FORWARD);
    lrmd_remote_send_take(n->remote, take_xml, 0);
}

static void
send_event(const struct session *s, const xmlNode *event)
{
    xmlNode *xml = proxy_message(LRMD_PROXY_EVENT, s->id);

    xml_copy(xml_new(xml, LRMD_TAG_PROXY_MSG), event);
    send_proxied(s->node, xml);
}

static void
send_response(const struct session *s, const xmlNode *response)
{
    xmlNode *xml = proxy_message(LRMD_PROXY_RESPONSE, s->id);

    xml_set_int(xml, LRMD_FIELD_PROXY_MSG_ID, s->last_message);
    xml_copy(xml_new(xml, LRMD_TAG_PROXY_MSG), response);
    send_proxied(s->node, xml);
}

static void
end_session(const char *node, const char *id)
{
    g_hash_table_remove(self.sessions, id);
    send_proxied(node, proxy_message(LRMD_PROXY_DESTROY, id));
}

static void
on_ipc_event(struct ipc_connection *ipc, xmlNode *xml, uint32_t flags, void *data)
{
    if (flags & IPC_PROXIED_RESPONSE) {
        send_response(data, xml);
    } else {
        send_event(data, xml);
    }
}

static void
on_ipc_closed(struct ipc_connection *ipc, void *data)
{
    struct session *s = data;
    g_autofree char *node = g_strdup(s->node), *id = g_strdup(s->id);

    end_session(node, id);
}

/* Nodes that others call safe because their watchdog has bitten must have one that does. */
static void
check_watchdog(struct node *n)
{
    long long timeout_ms = 0;
    xmlNode *command, *op;

    if (!ctl_remote_watchdog(shell.core, n->name, &timeout_ms)) {
        return;
    }
    command = lrmd_command_new(lrmd_remote_token(n->remote), LRMD_OP_CHECK, 0, 0);
    op = xml_new(xml_new(command, LRMD_TAG_CALLDATA), "lrmd_op");
    xml_set(op, LRMD_FIELD_ORIGIN, "controller");
    if (timeout_ms != 0) {
        xml_setf(op, LRMD_FIELD_WATCHDOG, "%lldms", timeout_ms);
    }
    lrmd_remote_send_take(n->remote, command, 0);
}

static void
open_session(struct node *n, const char *id, const char *server)
{
    static const struct ipc_connection_callbacks callbacks = { .event = on_ipc_event, .closed = on_ipc_closed };
    struct session *s = g_new0(struct session, 1);
    int rc = RC_OK;

    s->id = g_strdup(id);
    s->node = g_strdup(n->name);
    g_hash_table_replace(self.sessions, s->id, s);
    if (!text_equal(server, ENDPOINT_CONTROLLER)) {
        rc = ipc_connect(server, IPC_BUFFER_CIB, &s->ipc);
    }
    if (rc != RC_OK) {
        log_warn("A program on %s cannot be connected to %s: %s", n->name, server, result_text(rc));
        s->ipc = NULL;
        end_session(n->name, id);
        return;
    }
    if (s->ipc != NULL) {
        ipc_watch(s->ipc, G_PRIORITY_DEFAULT, &callbacks, s);
    }
    check_watchdog(n);
}

/* A request to this controller itself. */
static void
request_here(struct session *s, xmlNode *request, uint32_t flags)
{
    const struct ctl_client from = { .id = s->id, .name = s->node, .privileged = false };

    if (flags & IPC_WANTS_RESPONSE) {
        g_autoptr(xmlNode) ack = msg_ack_new("ack", CRM_EX_INDETERMINATE, NULL);

        send_response(s, ack);
    }
    if (text_equal(xml_get(request, F_CRM_TASK), "node-info") && xml_get(request, "id") == NULL && xml_get(request, "uname") == NULL) {
        xml_set(request, "uname", s->node);
    }
    access_stamp_user(request, F_CRM_USER, s->node);
    ctl_on_client_message(shell.core, shell_now(), &from, request);
    shell_carry_out();
}

static bool
updates_attribute(const xmlNode *request)
{
    return text_equal(xml_get(request, F_TYPE), "attrd")
           && text_is_one_of(xml_get(request, F_ATTR_TASK), "update", "update-both", "update-delay", NULL);
}

/* Devices and levels come from the configuration; who could register one could have any program run on members. */
static bool
changes_fencing(const xmlNode *request)
{
    return text_is_one_of(xml_get(request, F_ST_OPERATION), FENCE_OP_DEVICE_ADD, FENCE_OP_DEVICE_DEL, FENCE_OP_LEVEL_ADD, FENCE_OP_LEVEL_DEL, NULL);
}

static void
refuse(const struct session *s, int rc)
{
    g_autoptr(xmlNode) nack = msg_ack_new("nack", CRM_EX_ERROR, NULL);

    log_warn("Could not forward a request of a program on %s: %s", s->node, result_text(rc));
    xml_set_int(nack, "rc", result_to_legacy(rc));
    send_response(s, nack);
}

static void
forward(struct session *s, xmlNode *request, uint32_t flags)
{
    int rc;

    if (changes_fencing(request)) {
        refuse(s, EACCES);
        return;
    }

    xml_set(request, "acl_role", ROLE_REMOTE);
    access_stamp_user(request, LRMD_FIELD_PROXY_USER, s->node);
    if (updates_attribute(request) && xml_get(request, F_ATTR_HOST) == NULL) {
        xml_set(request, F_ATTR_HOST, s->node);
    }
    rc = ipc_send(s->ipc, request, flags | IPC_PROXIED, NULL);
    if (rc != RC_OK) {
        refuse(s, rc);
    }
}

static void
on_request(struct node *n, const char *id, const xmlNode *message)
{
    const xmlNode *holder = xml_first(message, LRMD_TAG_PROXY_MSG), *inner = holder != NULL ? xml_first(holder, NULL) : NULL;
    struct session *s = g_hash_table_lookup(self.sessions, id);
    uint32_t flags = (uint32_t)xml_get_int(message, LRMD_FIELD_PROXY_FLAGS, 0);
    g_autoptr(xmlNode) request = NULL;

    if (s == NULL) {
        end_session(n->name, id);
        return;
    }
    if (inner == NULL) {
        log_warn("Ignoring an empty request of a program on %s", n->name);
        return;
    }
    s->last_message = xml_get_int(message, LRMD_FIELD_PROXY_MSG_ID, 0);
    request = xml_copy(NULL, inner);
    if (s->ipc == NULL) {
        request_here(s, request, flags);
    } else {
        forward(s, request, flags);
    }
}

static void
on_proxied(struct lrmd_remote *remote, const xmlNode *message, void *data)
{
    struct node *n = data;
    const char *op = xml_get(message, LRMD_FIELD_PROXY_OP), *id = xml_get(message, LRMD_FIELD_PROXY_SESSION);

    if (text_equal(op, LRMD_PROXY_SHUTDOWN_REQ)) {
        ctl_on_remote_leaving(shell.core, shell_now(), n->name);
        shell_carry_out();
    } else if (op == NULL || id == NULL) {
        log_warn("Ignoring a message of %s without operation or session", n->name);
    } else if (text_equal(op, LRMD_PROXY_NEW)) {
        const char *server = xml_get(message, LRMD_FIELD_PROXY_SERVER);

        if (text_is_one_of(server, ENDPOINT_CIB_RO, ENDPOINT_CIB_RW, ENDPOINT_CIB_SHM, ENDPOINT_ATTRD, ENDPOINT_FENCER,
                           ENDPOINT_CONTROLLER, NULL)) {
            open_session(n, id, server);
        } else {
            end_session(n->name, id);
        }
    } else if (text_equal(op, LRMD_PROXY_REQUEST)) {
        on_request(n, id, message);
    } else if (text_equal(op, LRMD_PROXY_DESTROY)) {
        g_hash_table_remove(self.sessions, id);
    } else {
        log_warn("Ignoring a message of %s of unknown kind '%s'", n->name, op);
    }
}

bool
remotes_send_client(const char *client, const xmlNode *event)
{
    const struct session *s = self.sessions != NULL ? g_hash_table_lookup(self.sessions, client) : NULL;

    if (s == NULL) {
        return false;
    }
    send_event(s, event);
    return true;
}

bool
remotes_drop_client(const char *client)
{
    const struct session *s = self.sessions != NULL ? g_hash_table_lookup(self.sessions, client) : NULL;
    g_autofree char *node = s != NULL ? g_strdup(s->node) : NULL;

    if (s == NULL) {
        return false;
    }
    end_session(node, client);
    return true;
}

/* ---- the node's executor ---- */

static void
on_connected(struct lrmd_remote *remote, int rc, void *data)
{
    struct node *n = data;
    g_autofree char *name = g_strdup(n->name);

    n->connected = rc == 0;
    if (rc != 0) {
        forget(name);
    }
    ctl_on_remote_connected(shell.core, shell_now(), name, rc);
    shell_carry_out();
}

static void
on_lost(struct lrmd_remote *remote, void *data)
{
    g_autofree char *name = g_strdup(((const struct node *)data)->name);

    forget(name);
    shell_carry_out(); /* the answers that do not come */
    ctl_on_remote_lost(shell.core, shell_now(), name);
    shell_carry_out();
}

static void
on_event(struct lrmd_remote *remote, const struct lrmd_event *event, void *data)
{
    g_autofree char *name = g_strdup(((const struct node *)data)->name);

    if (event->kind == LRMD_EVENT_POKE) {
        ctl_on_remote_poked(shell.core, shell_now(), name);
    } else if (event->kind == LRMD_EVENT_NEW_CLIENT) {
        ctl_on_remote_new_client(shell.core, shell_now(), name);
    } else if (event->kind == LRMD_EVENT_EXEC_COMPLETE) {
        shell_exec_result(event, name);
    }
    shell_carry_out();
}

static void
on_answered(struct lrmd_remote *remote, uint64_t cookie, int rc, void *data)
{
    struct node *n = data;

    g_hash_table_remove(n->waiting, &cookie);
    ctl_on_exec_reply(shell.core, shell_now(), cookie, rc);
    shell_carry_out();
}

void
remotes_connect(const struct ctl_effect *e)
{
    static const struct lrmd_remote_callbacks callbacks = {
        .connected = on_connected, .lost = on_lost, .event = on_event, .proxied = on_proxied, .answered = on_answered
    };
    struct node *n = g_new0(struct node, 1);

    init();
    forget(e->node);
    n->name = g_strdup(e->node);
    n->waiting = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_hash_table_insert(self.nodes, n->name, n);
    n->remote = lrmd_remote_connect(e->text, e->options, e->timeout_ms, &callbacks, n);
}

void
remotes_disconnect(const struct ctl_effect *e)
{
    forget(e->node);
}

void
remotes_disconnect_all(void)
{
    if (self.nodes != NULL) {
        g_hash_table_remove_all(self.sessions);
        g_hash_table_remove_all(self.nodes);
    }
}

void
remotes_poke(const struct ctl_effect *e)
{
    struct node *n = find(e->node);
    xmlNode *rsc;

    if (n != NULL && n->connected) {
        lrmd_remote_send_take(n->remote, lrmd_rsc_command_new(lrmd_remote_token(n->remote), LRMD_OP_POKE, 0, 0, NULL, &rsc), 0);
    }
}

void
remotes_answer(const struct ctl_effect *e)
{
    send_proxied(e->node, proxy_message(e->options ? LRMD_PROXY_SHUTDOWN_ACK : LRMD_PROXY_SHUTDOWN_NACK, LRMD_PROXY_NO_SESSION));
}

/* The request for an effect; NULL if there is none. */
static xmlNode *
command_for(const char *token, const struct ctl_effect *e)
{
    const struct lrmd_exec op = {
        .rsc_id = e->rsc,
        .action = e->action,
        .userdata = e->text,
        .interval_ms = e->interval_ms,
        .timeout_ms = (int)e->timeout_ms,
        .start_delay_ms = (int)e->delay_ms,
        .options = LRMD_OPT_NOTIFY_CHANGES, /* whoever has the connection then */
        .params = e->params,
    };
    xmlNode *rsc;

    switch (e->kind) {
        case CTL_EXEC_REGISTER:
            return lrmd_register_new(token, e->rsc, e->agent.standard, e->agent.provider, e->agent.type, LRMD_OPT_DROP_RECURRING);
        case CTL_EXEC_UNREGISTER:
            return lrmd_rsc_command_new(token, LRMD_OP_RSC_UNREGISTER, 0, 0, e->rsc, &rsc);
        case CTL_EXEC_CANCEL:
            return lrmd_cancel_new(token, e->rsc, e->action, e->interval_ms);
        case CTL_EXEC_RUN:
            return lrmd_exec_new(token, &op);
        default:
            return NULL;
    }
}

void
remotes_exec(const struct ctl_effect *e)
{
    struct node *n = find(e->node);
    xmlNode *command = n != NULL && n->connected ? command_for(lrmd_remote_token(n->remote), e) : NULL;

    if (command == NULL) {
        shell_answer_exec(e->cookie, -ENOTCONN);
        return;
    }
    g_hash_table_add(n->waiting, g_memdup2(&e->cookie, sizeof(e->cookie)));
    lrmd_remote_send_take(n->remote, command, e->cookie);
}
