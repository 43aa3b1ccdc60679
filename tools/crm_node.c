/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_node: what the local controller knows about nodes, and the removal of a node from the cluster's memory.
 * Called by agents and people.  Never reads the CIB.  (spec 80 §7, spec 10 §5)
 */
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/attrd_client.h"
#include "lib/ipc/controller_client.h"
#include "lib/output/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "crm_node"

enum command { NOTHING, CLUSTER_ID, LIST, NAME, NAME_FOR_ID, PARTITION, QUORUM, REMOVE };

static struct {
    enum command command;
    char *node; /* argument of -R and -N */
    gboolean force, corosync, quiet;
    bool remove; /* -R was given */
} options;

/* The last command given counts. */
static gboolean
set_command(const char *option, const char *value, void *data, GError **error)
{
    static const struct tool_choice commands[] = {
        { "-i", "--cluster-id", CLUSTER_ID }, { "-l", "--list", LIST },
        { "-n", "--name", NAME },             { "-N", "--name-for-id", NAME_FOR_ID },
        { "-p", "--partition", PARTITION },   { "-q", "--quorum", QUORUM },
        { "-R", "--remove", REMOVE },
    };

    options.command = (enum command)tool_choose(commands, G_N_ELEMENTS(commands), option, (int)options.command);
    options.remove |= options.command == REMOVE;
    if (value != NULL) {
        g_free(options.node);
        options.node = g_strdup(value);
    }
    return TRUE;
}

#define COMMAND_FLAG(word, letter, help)                                                           \
    { word, letter, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command, help, NULL }

static const GOptionEntry command_options[] = {
    COMMAND_FLAG("cluster-id", 'i', "Show the id of this node"),
    COMMAND_FLAG("list", 'l', "Show all nodes known to the controller, lost ones too"),
    COMMAND_FLAG("name", 'n', "Show the name by which the cluster knows this node"),
    COMMAND_FLAG("partition", 'p', "Show the names of the members of this partition"),
    COMMAND_FLAG("quorum", 'q', "Show 1 if this partition has quorum, else 0"),
    { "name-for-id", 'N', 0, G_OPTION_ARG_CALLBACK, (void *)set_command, "Show the name of the node with this id", "ID" },
    { "remove", 'R', 0, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "(Advanced) Make the cluster forget a stopped node, given\nby name or id, after it was taken out of corosync.conf",
      "NAME" },
    { NULL },
};

static const GOptionEntry additional_options[] = {
    { "force", 'f', 0, G_OPTION_ARG_NONE, &options.force, "Really do it", NULL },
    { "corosync", 'C', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options.corosync, NULL, NULL },
    { NULL },
};

static const GOptionEntry main_options[] = {
    { "quiet", 'Q', 0, G_OPTION_ARG_NONE, &options.quiet, "Has no effect", NULL },
    { NULL },
};

static struct output *out;

/* One node, as far as is known: the answer of every question about one. */
static void
show_node(const char *id, const char *name, const char *have_quorum, const char *answer)
{
    if (output_is_structured(out)) {
        output_element(out, "node-info", "id", id, "name", name, "have-quorum", have_quorum, NULL);
    } else {
        output_line(out, answer);
    }
}

/* --- questions to the controller --- */

static enum crm_exit
connection_error(int rc)
{
    output_error(out, "error: Could not connect to controller: %s", result_text(rc));
    return result_to_exit(rc);
}

static enum crm_exit
reply_error(int rc)
{
    if (rc == ENOTCONN) {
        output_error(out, "error: Lost connection to controller");
    } else {
        output_error(out, "error: Bad reply from controller: %s", result_text(rc));
    }
    return result_to_exit(rc);
}

static enum crm_exit
show_node_info(struct ipc_connection *c)
{
    struct controller_node node;
    long long id = 0;
    enum crm_exit exit_code = CRM_EX_OK;
    int rc;

    if (options.command == NAME_FOR_ID) {
        id = CLAMP(text_leading_int(options.node), 0, (long long)G_MAXUINT);
    }
    rc = controller_node_info(c, PROGRAM, (guint)id, NULL, &node);
    if (rc != RC_OK) {
        return reply_error(rc);
    }
    if (options.command == CLUSTER_ID) {
        if (node.id == NULL) {
            output_error(out, "error: Controller reply did not contain node ID");
            exit_code = CRM_EX_PROTOCOL;
        } else {
            show_node(node.id, node.name, NULL, node.id);
        }
    } else if (options.command == QUORUM) {
        show_node(node.id, node.name, node.have_quorum ? "true" : "false", node.have_quorum ? "1" : "0");
        exit_code = node.have_quorum ? CRM_EX_OK : CRM_EX_QUORUM;
    } else if (node.name == NULL) {
        output_error(out, "Node is not known to cluster");
        exit_code = CRM_EX_NOHOST;
    } else {
        show_node(node.id, node.name, NULL, node.name);
    }
    controller_node_clear(&node);
    return exit_code;
}

static int
compare_names(const void *a, const void *b)
{
    const xmlNode *left = *(xmlNode *const *)a;
    const xmlNode *right = *(xmlNode *const *)b;
    const char *left_name = xml_get(left, "uname");
    const char *right_name = xml_get(right, "uname");

    return text_compare_numeric(left_name != NULL ? left_name : "", right_name != NULL ? right_name : "");
}

/* -l: "ID NAME STATE" a line; -p: the names of members in one line, each followed by a blank. */
static void
show_list(const GPtrArray *nodes)
{
    g_autoptr(GString) names = g_string_new(NULL);

    output_open_plain(out, "nodes");
    for (guint i = 0; i < nodes->len; i++) {
        const xmlNode *node = g_ptr_array_index(nodes, i);
        const char *id = xml_id(node);
        const char *name = xml_get(node, "uname");
        const char *state = xml_get(node, "in_ccm");

        if (options.command == PARTITION && !text_equal(state, "member")) {
            continue;
        }
        output_element(out, "node", "name", name != NULL ? name : "", "id", id != NULL ? id : "0", "state", state, NULL);
        if (options.command == LIST) {
            g_autofree char *line = g_strdup_printf("%s %s %s", id != NULL ? id : "0", name != NULL ? name : "", state != NULL ? state : "");

            output_line(out, line);
        } else {
            g_string_append_printf(names, "%s ", name != NULL ? name : "");
        }
    }
    output_close_element(out);
    if (options.command == PARTITION) {
        output_line(out, names->str);
    }
}

static enum crm_exit
show_nodes(struct ipc_connection *c)
{
    g_autoptr(xmlNode) request = controller_request_new(PROGRAM, CRM_TASK_LIST_NODES, SYS_CRMD, NULL);
    g_autoptr(xmlNode) reply = NULL;
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    int rc = ipc_ask(c, request, -1, &reply);

    if (rc == RC_OK && (!ctl_is_reply(reply) || msg_data(reply, F_CRM_XML) == NULL)) {
        rc = EBADMSG;
    }
    if (rc != RC_OK) {
        return reply_error(rc);
    }
    xml_for_each(node, msg_data(reply, F_CRM_XML), "node")
    {
        g_ptr_array_add(nodes, node);
    }
    g_ptr_array_sort(nodes, compare_names);
    show_list(nodes);
    return CRM_EX_OK;
}

static enum crm_exit
ask_controller(void)
{
    struct ipc_connection *c = NULL;
    enum crm_exit exit_code;
    int rc = controller_connect(PROGRAM, &c);

    if (rc != RC_OK) {
        return connection_error(rc);
    }
    exit_code = options.command == LIST || options.command == PARTITION ? show_nodes(c) : show_node_info(c);
    ipc_disconnect(c);
    return exit_code;
}

/* --- removal --- */

/* A node to remove: an id, or a name. */
struct target {
    const char *name; /* NULL: by id */
    long long id;
};

/* The fencer does not acknowledge this request, but it answers the next one after having read it. */
static int
tell_fencer(struct ipc_connection *c, const xmlNode *request)
{
    g_autoptr(xmlNode) hello = xml_new(NULL, "stonith_command");
    int rc = ipc_send(c, request, 0, NULL);

    xml_set(hello, F_TYPE, T_STONITH);
    xml_set(hello, F_ST_OPERATION, "register");
    xml_set(hello, F_ST_CLIENTNAME, PROGRAM);
    return rc == RC_OK ? ipc_call(c, hello, 0, NULL) : rc;
}

static int
purge_peer_cache(const char *endpoint, const char *system, const struct target *target)
{
    g_autoptr(xmlNode) request = controller_request_new(PROGRAM, CRM_TASK_RM_NODE_CACHE, system, NULL);
    struct ipc_connection *c = NULL;
    int rc = RC_OK;

    if (target->name != NULL) {
        xml_set(request, "uname", target->name);
    } else {
        xml_set_int(request, "id", target->id);
    }
    rc = text_equal(endpoint, ENDPOINT_CONTROLLER) ? controller_connect(PROGRAM, &c)
                                                   : ipc_connect(endpoint, 0, &c);
    /* Waiting for an answer makes sure that the request is read before the connection goes. */
    if (rc == RC_OK && text_equal(endpoint, ENDPOINT_FENCER)) {
        rc = tell_fencer(c, request);
    } else if (rc == RC_OK) {
        rc = ipc_call(c, request, 0, NULL);
    }
    ipc_disconnect(c);
    return rc;
}

/* Says itself what went wrong. */
static int
delete_entry(struct cib_client *cib, const char *section, const char *element, const struct target *target)
{
    g_autoptr(xmlNode) entry = xml_new(NULL, element);
    int rc;

    if (target->name != NULL) {
        xml_set(entry, "uname", target->name);
    } else {
        xml_set_int(entry, "id", target->id);
    }
    rc = cib_delete(cib, section, entry, CIB_OPT_NONE);
    if (rc == RC_OK || rc == ENXIO) {
        return RC_OK;
    }
    output_error(out, "Could not remove %s[%lld] from %s: %s", target->name != NULL ? target->name : "", target->id, section,
            result_text(rc));
    return rc;
}

/* What of the two entries may be removed is, even if the other may not.  Says itself what went wrong. */
static int
purge_cib(const struct target *target)
{
    struct cib_client *cib = cib_client_new();
    int rc = cib_client_connect(cib, PROGRAM, CIB_ENDPOINT_COMMAND, CIB_CONNECT_SMALL);

    if (rc == RC_OK) {
        int rc_status;

        rc = delete_entry(cib, "nodes", "node", target);
        rc_status = delete_entry(cib, "status", "node_state", target);
        rc = rc != RC_OK ? rc : rc_status;
        cib_client_disconnect(cib);
    } else {
        output_error(out, "error: Could not connect to the CIB manager: %s", result_text(rc));
    }
    cib_client_free(cib);
    return rc;
}

static int
purge_attributes(const struct target *target)
{
    struct attrd_client *client = attrd_client_new(PROGRAM);
    int rc = attrd_client_send_take(client, attrd_msg_peer_remove(PROGRAM, target->name, (guint)target->id), NULL);

    attrd_client_free(client);
    return rc;
}

/*
 * Everybody who remembers the node is told to forget it; the CIB is cleaned after each, because somebody who still
 * remembered the node may have put it back in the meantime.
 */
static enum crm_exit
remove_node(void)
{
    struct target target = { .name = options.node };
    long long id = 0;
    int rc;

    if (text_parse_int(options.node, &id) && id > 0 && id <= G_MAXUINT) {
        target = (struct target){ .id = id };
    }
    rc = purge_peer_cache(ENDPOINT_CONTROLLER, SYS_CRMD, &target);
    if (rc != RC_OK) {
        return connection_error(rc);
    }
    const struct {
        const char *who;
        const char *endpoint; /* NULL: the attribute manager's own request */
        const char *system;
    } others[] = {
        { "fencer", ENDPOINT_FENCER, SYS_FENCER },
        { "attribute manager", NULL, NULL },
        { "launcher", ENDPOINT_LAUNCHER, SYS_LAUNCHER },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
        rc = others[i].endpoint == NULL ? purge_attributes(&target)
                                        : purge_peer_cache(others[i].endpoint, others[i].system, &target);
        if (rc != RC_OK) {
            output_error(out, "error: Could not remove node %s from %s: %s", options.node, others[i].who,
                    result_text(rc));
            return result_to_exit(rc);
        }
        rc = purge_cib(&target);
        if (rc != RC_OK) {
            return result_to_exit(rc);
        }
    }
    return CRM_EX_OK;
}

static enum crm_exit
run_command(const struct tool *tool)
{
    g_autofree char *help = NULL;
    const char *node;

    if (options.remove && !options.force) { /* even if another command came after it */
        output_error(out, "The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, the "
                          "--force flag is required in order to proceed.");
        return CRM_EX_USAGE;
    }
    switch (options.command) {
        case NAME:
            /* In an agent: the name it runs for, which on a bundle's host is not the controller's answer. */
            node = getenv("OCF_RESKEY_CRM_meta_on_node");
            if (node != NULL) {
                show_node(NULL, node, NULL, node);
                return CRM_EX_OK;
            }
            return ask_controller();
        case REMOVE:
            return remove_node();
        case NOTHING:
            help = tool_help(tool);
            output_error(out, "%s", help);
            return CRM_EX_USAGE;
        default:
            return ask_controller();
    }
}

int
main(int argc, char **argv)
{
    struct tool tool;
    int code;

    tool_init(&tool, argv, TOOL_OUTPUT, "NR", NULL, "crm_node - shows what the cluster knows about nodes, and makes it forget one",
              NULL);
    tool_add_group(&tool, "commands", "Commands:", "Show commands", command_options);
    tool_add_group(&tool, "additional", "Additional Options:", "Show additional options", additional_options);
    tool_add_options(&tool, main_options);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    return tool_exit(&tool, out, (int)run_command(&tool));
}
