/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small questions to the local controller.  Used by the tools.
 */
#include "lib/ipc/controller_client.h"

#include "lib/base/result.h"
#include "lib/base/xml.h"

#include <unistd.h>

#define CONNECT_ATTEMPTS 5

int
controller_connect(const char *program, struct ipc_connection **out)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    g_autoptr(xmlNode) hello = NULL;
    int rc = RC_OK;

    for (unsigned attempt = 0; attempt < CONNECT_ATTEMPTS; attempt++) {
        sleep(attempt);
        rc = ipc_connect(ENDPOINT_CONTROLLER, 0, out);
        if (rc != EAGAIN && rc != EALREADY) {
            break;
        }
    }
    if (rc != RC_OK) {
        return rc;
    }
    hello = ctl_hello_new(ctl_process_refs(), program, pid);
    rc = ipc_send(*out, hello, 0, NULL);
    if (rc != RC_OK) {
        ipc_disconnect(*out);
        *out = NULL;
    }
    return rc;
}

xmlNode *
controller_request_new(const char *program, const char *task, const char *system, const char *host)
{
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    const struct ctl_request request = {
        .task = task,
        .sys_to = system,
        .sys_from = program,
        .client_uuid = pid,
        .host_to = host,
    };

    return ctl_request_new(ctl_process_refs(), &request);
}

void
controller_node_clear(struct controller_node *node)
{
    g_free(node->id);
    g_free(node->name);
    g_free(node->state);
    *node = (struct controller_node){ 0 };
}

int
controller_node_info(struct ipc_connection *c, const char *program, guint id, const char *name,
                     struct controller_node *node)
{
    g_autoptr(xmlNode) request = controller_request_new(program, CRM_TASK_NODE_INFO, SYS_CRMD, NULL);
    g_autoptr(xmlNode) reply = NULL;
    const xmlNode *data;
    int rc;

    *node = (struct controller_node){ 0 };
    if (id != 0) {
        xml_setf(request, "id", "%u", id);
    }
    xml_set(request, "uname", name);
    rc = ipc_ask(c, request, -1, &reply);
    if (rc != RC_OK) {
        return rc;
    }
    data = msg_data(reply, F_CRM_XML);
    if (!ctl_is_reply(reply) || data == NULL) {
        return EBADMSG;
    }
    node->id = g_strdup(xml_id(data));
    node->name = g_strdup(xml_get(data, "uname"));
    node->state = g_strdup(xml_get(data, "crmd"));
    node->remote = xml_get_bool(data, "remote_node", false);
    node->have_quorum = xml_get_bool(data, "have-quorum", false);
    return RC_OK;
}

int
controller_local_node(const char *program, char **name)
{
    struct ipc_connection *c = NULL;
    struct controller_node node = { 0 };
    int rc = controller_connect(program, &c);

    *name = NULL;
    if (rc == RC_OK) {
        rc = controller_node_info(c, program, 0, NULL, &node);
    }
    if (rc == RC_OK) {
        *name = g_steal_pointer(&node.name);
        rc = *name != NULL ? RC_OK : ENXIO;
    }
    controller_node_clear(&node);
    ipc_disconnect(c);
    return rc;
}
