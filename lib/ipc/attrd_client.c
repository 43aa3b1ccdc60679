/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Client of the attribute manager: builds requests, sends them, waits for the answer.  Used by tools and the controller.
 * Never prints and never retries a request that may have been received.  (spec 70 §3, §4, §9.3, §11, §12)
 */
#include "lib/ipc/attrd_client.h"

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"

#include <stdlib.h>
#include <unistd.h>

/* --- messages --- */

static xmlNode *
new_message(const char *program, const char *task)
{
    xmlNode *message = xml_new(NULL, "attrd-request");

    xml_set(message, F_TYPE, T_ATTRD);
    xml_set(message, F_SRC, program);
    xml_set(message, F_ATTR_TASK, task);
    return message;
}

static void
add_update(xmlNode *xml, const struct attrd_update *u)
{
    xml_set(xml, (u->flags & ATTRD_UPDATE_PATTERN) ? F_ATTR_REGEX : F_ATTR_NAME, u->name);
    xml_set(xml, F_ATTR_TASK, u->task != NULL ? u->task : ATTRD_TASK_UPDATE);
    xml_set(xml, F_ATTR_VALUE, u->value);
    xml_set(xml, F_ATTR_DAMPENING, u->dampening);
    xml_set(xml, F_ATTR_SET, u->set);
    xml_set(xml, F_ATTR_USER, u->user);
    xml_set(xml, F_ATTR_HOST, u->node);
    xml_set_int(xml, F_ATTR_IS_REMOTE, (u->flags & ATTRD_UPDATE_REMOTE) != 0);
    xml_set_int(xml, F_ATTR_IS_PRIVATE, (u->flags & ATTRD_UPDATE_PRIVATE) != 0);
}

xmlNode *
attrd_msg_update(const char *program, const struct attrd_update *update)
{
    xmlNode *message = new_message(program, update->task != NULL ? update->task : ATTRD_TASK_UPDATE);

    add_update(message, update);
    return message;
}

xmlNode *
attrd_msg_update_list(const char *program, const struct attrd_update *updates, unsigned n)
{
    xmlNode *message = new_message(program, ATTRD_TASK_UPDATE);

    for (unsigned i = 0; i < n; i++) {
        add_update(xml_new(message, ATTRD_E_OP), &updates[i]);
    }
    return message;
}

xmlNode *
attrd_msg_query(const char *program, const char *name, const char *node)
{
    xmlNode *message = new_message(program, ATTRD_TASK_QUERY);

    xml_set(message, F_ATTR_NAME, name);
    xml_set(message, F_ATTR_HOST, node);
    return message;
}

xmlNode *
attrd_msg_refresh(const char *program, const char *node)
{
    xmlNode *message = new_message(program, ATTRD_TASK_REFRESH);

    xml_set(message, F_ATTR_HOST, node);
    return message;
}

xmlNode *
attrd_msg_clear_failure(const char *program, const char *node, const char *resource, const char *operation,
                        const char *interval, bool remote)
{
    xmlNode *message = new_message(program, ATTRD_TASK_CLEAR_FAILURE);

    xml_set(message, F_ATTR_HOST, node);
    xml_set(message, F_ATTR_RESOURCE, resource);
    xml_set(message, F_ATTR_OPERATION, operation);
    xml_set(message, F_ATTR_INTERVAL, interval);
    xml_set_int(message, F_ATTR_IS_REMOTE, remote);
    return message;
}

xmlNode *
attrd_msg_peer_remove(const char *program, const char *node, guint id)
{
    xmlNode *message = new_message(program, ATTRD_TASK_PEER_REMOVE);

    if (node != NULL) {
        xml_set(message, F_ATTR_HOST, node);
    } else {
        xml_setf(message, F_ATTR_HOST_ID, "%u", id);
    }
    return message;
}

/* --- connection --- */

/* Only "try again" is worth a second attempt: 0, 1, 2, 3, 4 seconds later (spec 70 §11). */
#define CONNECT_ATTEMPTS 5

struct attrd_client {
    char *program;
    struct ipc_connection *ipc;
};

struct attrd_client *
attrd_client_new(const char *program)
{
    struct attrd_client *client = g_new0(struct attrd_client, 1);

    client->program = g_strdup(program);
    return client;
}

void
attrd_client_free(struct attrd_client *client)
{
    if (client != NULL) {
        ipc_disconnect(client->ipc);
        g_free(client->program);
        g_free(client);
    }
}

static int
connect_client(struct attrd_client *client)
{
    int rc = RC_OK;

    for (unsigned attempt = 0; attempt < CONNECT_ATTEMPTS; attempt++) {
        sleep(attempt);
        rc = ipc_connect(ENDPOINT_ATTRD, 0, &client->ipc);
        if (rc != EAGAIN && rc != EALREADY) {
            break;
        }
    }
    return rc;
}

int
attrd_client_send_take(struct attrd_client *client, xmlNode *message, xmlNode **reply)
{
    g_autoptr(xmlNode) owned = message;
    xmlNode *answer = NULL;
    int rc = RC_OK;

    if (reply != NULL) {
        *reply = NULL;
    }
    if (client->ipc != NULL && !ipc_is_connected(client->ipc)) {
        ipc_disconnect(client->ipc);
        client->ipc = NULL;
    }
    if (client->ipc == NULL) {
        rc = connect_client(client);
    }
    if (rc == RC_OK) {
        rc = ipc_call(client->ipc, owned, 0, &answer);
    }
    if (rc == ENOTCONN) {
        ipc_disconnect(client->ipc);
        client->ipc = NULL;
    }
    if (rc == RC_OK && reply != NULL && !msg_is_ack(answer, NULL)) {
        *reply = g_steal_pointer(&answer);
    }
    xml_free(answer);
    return rc;
}

int
attrd_client_update(struct attrd_client *client, const struct attrd_update *update)
{
    return attrd_client_send_take(client, attrd_msg_update(client->program, update), NULL);
}

int
attrd_client_query(struct attrd_client *client, const char *name, const char *node, attrd_value_fn *each,
                   void *user_data)
{
    g_autoptr(xmlNode) reply = NULL;
    int rc = attrd_client_send_take(client, attrd_msg_query(client->program, name, node), &reply);

    if (rc != RC_OK) {
        return rc;
    }
    if (reply == NULL) {
        return EBADMSG;
    }
    /* Only an attribute that exists is named in the answer. */
    if (xml_get(reply, F_ATTR_NAME) == NULL) {
        return ENXIO;
    }
    xml_for_each(child, reply, ATTRD_E_NODE)
    {
        const char *host = xml_get(child, F_ATTR_HOST);

        if (host != NULL) {
            each(host, xml_get(child, F_ATTR_VALUE), user_data);
        }
    }
    return RC_OK;
}

/* --- names --- */

const char *
attrd_target(const char *argument)
{
    const char *target;

    if (argument != NULL && g_ascii_strcasecmp(argument, "auto") != 0
        && g_ascii_strcasecmp(argument, "localhost") != 0 && g_ascii_strcasecmp(argument, "none") != 0) {
        return argument;
    }
    /* A bundle whose attributes belong to its host. */
    target = getenv("OCF_RESKEY_CRM_meta_container_attribute_target");
    if (text_equal_nocase(target, "host")) {
        const char *host = getenv("OCF_RESKEY_CRM_meta_physical_host");

        if (host != NULL) {
            return host;
        }
    }
    return getenv("OCF_RESKEY_CRM_meta_on_node");
}

char *
attrd_failure_name(const char *prefix, const char *resource, const char *op, guint interval_ms)
{
    if (op == NULL) {
        return g_strdup_printf("%s-%s", prefix, resource);
    }
    return g_strdup_printf("%s-%s#%s_%u", prefix, resource, op, interval_ms);
}

/* The texts are inserted as they are, as peers do: an id may hold dots, which then match anything (spec 70 §9.3). */
char *
attrd_failure_pattern(const char *resource, const char *op, guint interval_ms)
{
    if (resource == NULL) {
        return g_strdup("^(" ATTRD_FAIL_COUNT_PREFIX "|" ATTRD_LAST_FAILURE_PREFIX ")-");
    }
    if (op == NULL) {
        return g_strdup_printf("^(" ATTRD_FAIL_COUNT_PREFIX "|" ATTRD_LAST_FAILURE_PREFIX ")-%s(#.+_[0-9]+)?$",
                               resource);
    }
    return g_strdup_printf("^(" ATTRD_FAIL_COUNT_PREFIX "|" ATTRD_LAST_FAILURE_PREFIX ")-%s(#%s_%u)?$", resource, op,
                           interval_ms);
}

char *
attrd_xml_id(const char *text)
{
    return g_strdelimit(g_strdup(text), ":#", '.');
}
