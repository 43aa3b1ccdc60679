/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crmadmin: state of a controller, of the launcher, name of the DC, list of nodes.  Called by people and scripts.
 * Changes nothing.  (spec 80 §8)
 */
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/controller_client.h"
#include "lib/output/launcher.h"
#include "lib/output/tool.h"

#include <stdio.h>
#include <string.h>

enum command { NOTHING, STATUS, LAUNCHER, DC, NODES };

static struct {
    enum command command;
    char *node;  /* -S */
    char *types; /* -N; NULL: all */
    char *ipc_name;
    int timeout_ms; /* 0: wait as long as it takes */
    gboolean quiet, export;
    bool health; /* -H, which never was more than a letter */
} options;

static gboolean
set_command(const char *option, const char *value, void *data, GError **error)
{
    if (text_is_one_of(option, "-S", "--status", NULL)) {
        options.command = STATUS;
        g_free(options.node);
        options.node = g_strdup(value);
    } else if (text_is_one_of(option, "-P", "--pacemakerd", NULL)) {
        options.command = LAUNCHER;
    } else if (text_is_one_of(option, "-D", "--dc_lookup", NULL)) {
        options.command = DC;
    } else if (text_is_one_of(option, "-N", "--nodes", NULL)) {
        options.command = NODES;
        g_free(options.types);
        options.types = g_strdup(value);
    } else {
        options.health = true;
    }
    return TRUE;
}

/* Without a message of its own: GLib's "Error parsing option" names the option. */
static gboolean
set_timeout(const char *option, const char *value, void *data, GError **error)
{
    long long ms = text_interval_ms(value);

    if (ms < 0) {
        return FALSE;
    }
    options.timeout_ms = (int)MIN(ms, G_MAXINT);
    return TRUE;
}

static const GOptionEntry command_options[] = {
    { "status", 'S', 0, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Show the state of a node's controller (the state\nof its state machine, for those who look for faults)",
      "NODE" },
    { "pacemakerd", 'P', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Show the state of the local launcher, which tells\nwhether all daemons are up", NULL },
    { "dc_lookup", 'D', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Show the name of the node that coordinates the\ncluster (of use when looking for its log)", NULL },
    { "nodes", 'N', G_OPTION_FLAG_OPTIONAL_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Show configured nodes, of the given types only:\nall (default), cluster, guest, remote", "TYPES" },
    { "health", 'H', G_OPTION_FLAG_NO_ARG | G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_CALLBACK, (void *)set_command, NULL,
      NULL },
    { NULL },
};

static const GOptionEntry additional_options[] = {
    { "timeout", 't', 0, G_OPTION_ARG_CALLBACK, (void *)set_timeout, "How long to wait for an answer", "TIMESPEC" },
    { "bash-export", 'B', 0, G_OPTION_ARG_NONE, &options.export,
      "Show nodes as shell commands 'export NAME=ID'\n(with -N)", NULL },
    { "ipc-name", 'i', 0, G_OPTION_ARG_STRING, &options.ipc_name, "Name to use as a client (with -P)", "NAME" },
    { NULL },
};

static const GOptionEntry main_options[] = {
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show only what was asked for", NULL },
    { NULL },
};

/* --- asking daemons --- */

static enum crm_exit
failed(struct output *out, const char *who, bool connected, int rc)
{
    if (!connected) {
        output_error(out, "error: Could not connect to %s: %s", who, result_text(rc));
    } else if (rc == ETIMEDOUT) {
        output_error(out, "error: No reply received from %s before timeout (%dms)", who, options.timeout_ms);
    } else if (rc == ENOTCONN) {
        output_error(out, "error: Lost connection to %s", who);
    } else {
        output_error(out, "error: Bad reply from %s: %s", who, result_text(rc));
    }
    output_error(out, "error: Command failed: %s", result_text(rc));
    return result_to_exit(rc);
}

/* Ping a system; *reply holds a valid answer if CRM_EX_OK is returned. */
static enum crm_exit
ping(struct output *out, const char *endpoint, const char *system, xmlNode **reply)
{
    bool launcher = text_equal(endpoint, ENDPOINT_LAUNCHER);
    const char *who = launcher ? "launcher" : "controller";
    const char *program = launcher && options.ipc_name != NULL ? options.ipc_name : "crmadmin";
    g_autoptr(xmlNode) request = controller_request_new(program, CRM_TASK_PING, system,
                                                        options.command == STATUS ? options.node : NULL);
    struct ipc_connection *c = NULL;
    int rc = launcher ? ipc_connect(endpoint, 0, &c) : controller_connect(program, &c);

    if (rc != RC_OK) {
        return failed(out, who, false, rc);
    }
    rc = ipc_ask(c, request, options.timeout_ms != 0 ? options.timeout_ms : -1, reply);
    if (rc == RC_OK && (!ctl_is_reply(*reply) || msg_data(*reply, F_CRM_XML) == NULL)) {
        rc = EBADMSG;
    }
    ipc_disconnect(c);
    return rc == RC_OK ? CRM_EX_OK : failed(out, who, true, rc);
}

static enum crm_exit
show_controller(struct output *out)
{
    g_autoptr(xmlNode) reply = NULL;
    enum crm_exit exit_code = ping(out, ENDPOINT_CONTROLLER, SYS_CRMD, &reply);
    const xmlNode *data = exit_code == CRM_EX_OK ? msg_data(reply, F_CRM_XML) : NULL;
    const char *node, *system, *state, *result;

    if (data == NULL) {
        return exit_code;
    }
    node = xml_get(reply, F_SRC);
    system = xml_get(data, "crm_subsystem");
    state = xml_get(data, "crmd_state");
    result = xml_get(data, "result");
    if (output_is_structured(out)) {
        output_element(out, system != NULL ? system : SYS_CRMD, "node_name", node, "state", state, "result", result,
                       NULL);
    } else if (options.quiet) {
        output_item(out, NULL, "%s", state);
    } else {
        output_item(out, NULL, "Controller on %s in state %s: %s", node, state, result);
    }
    return exit_code;
}

static enum crm_exit
show_dc(struct output *out)
{
    g_autoptr(xmlNode) reply = NULL;
    enum crm_exit exit_code = ping(out, ENDPOINT_CONTROLLER, SYS_DC, &reply);
    const char *dc = exit_code == CRM_EX_OK ? xml_get(reply, F_SRC) : NULL;

    if (exit_code != CRM_EX_OK) {
        return exit_code;
    }
    if (output_is_structured(out)) {
        output_element(out, "dc", "node_name", dc != NULL ? dc : "", NULL);
    } else if (!options.quiet) {
        output_item(out, NULL, "Designated Controller is: %s", dc != NULL ? dc : "not yet elected");
    } else if (dc != NULL) {
        output_item(out, NULL, "%s", dc);
    }
    return exit_code;
}

static enum crm_exit
show_launcher(struct output *out)
{
    g_autoptr(xmlNode) reply = NULL;
    enum crm_exit exit_code = ping(out, ENDPOINT_LAUNCHER, SYS_LAUNCHER, &reply);
    const xmlNode *data = exit_code == CRM_EX_OK ? msg_data(reply, F_CRM_XML) : NULL;

    if (data != NULL) {
        launcher_show(out, data, options.quiet);
    }
    return exit_code;
}

/* --- configured nodes --- */

struct node_list {
    struct output *out;
    unsigned shown;
};

static void
show_node(struct node_list *list, const char *type, const char *name, const char *id)
{
    list->shown++;
    if (output_is_structured(list->out)) {
        output_element(list->out, "node", "type", type, "name", name, "id", id, NULL);
    } else if (options.export) {
        output_item(list->out, NULL, "export %s=%s", name != NULL ? name : "", id != NULL ? id : "");
    } else if (options.quiet) {
        output_item(list->out, NULL, "%s", name != NULL ? name : "");
    } else {
        output_item(list->out, NULL, "%s node: %s (%s)", type, name != NULL ? name : "", id != NULL ? id : "");
    }
}

/* Primitives anywhere below: guests by their meta attribute, remote nodes by their agent. */
static void
show_resource_nodes(struct node_list *list, const xmlNode *parent, bool guests)
{
    xml_for_each(child, parent, NULL)
    {
        if (!xml_is(child, "primitive")) {
            show_resource_nodes(list, child, guests);
        } else if (guests) {
            xml_for_each(set, child, "meta_attributes")
            {
                const xmlNode *pair = xml_find(set, "nvpair", "name", "remote-node");

                if (pair != NULL) {
                    show_node(list, "guest", xml_get(pair, "value"), xml_get(pair, "value"));
                }
            }
        } else if (text_equal(xml_get(child, "class"), "ocf") && text_equal(xml_get(child, "provider"), "pacemaker")
                   && text_equal(xml_get(child, "type"), "remote")) {
            show_node(list, "remote", xml_id(child), xml_id(child));
        }
    }
}

/* Types are looked for as parts of the text, "remote" at the start of an element only: "guest,remote". */
static bool
type_wanted(const char *type)
{
    const char *at;

    if (options.types == NULL || options.types[0] == '\0' || strstr(options.types, "all") != NULL) {
        return true;
    }
    at = strstr(options.types, type);
    if (at == NULL || !text_equal(type, "remote")) {
        return at != NULL;
    }
    return g_str_has_prefix(options.types, "remote") || strstr(options.types, ",remote") != NULL;
}

/* Neither remote nor one that is only pinged. */
static bool
is_member(const char *type)
{
    return type == NULL || text_is_one_of(type, "member", "normal", NULL);
}

static enum crm_exit
show_nodes(struct output *out)
{
    struct cib_client *cib = cib_client_new();
    g_autoptr(xmlNode) document = NULL;
    struct node_list list = { .out = out };
    const xmlNode *configuration;
    int rc = cib_client_connect(cib, "crmadmin", CIB_ENDPOINT_QUERY, CIB_CONNECT_SYNC_ONLY);

    if (rc == RC_OK) {
        rc = cib_query(cib, NULL, CIB_OPT_LOCAL, &document);
    }
    cib_client_free(cib);
    if (rc != RC_OK) {
        /* A CIB that is not there: the file named by the environment, or nobody who serves it. */
        output_error(out, "error: Command failed: %s",
                     rc == ENXIO || rc == ENOENT ? crm_exit_text(CRM_EX_NOINPUT) : result_text(rc));
        return rc == ENXIO || rc == ENOENT ? CRM_EX_NOINPUT : result_to_exit(rc);
    }
    configuration = xml_first(document, "configuration");
    output_begin_list(out, "nodes");
    if (configuration != NULL && type_wanted("cluster")) {
        xml_for_each(node, xml_first(configuration, "nodes"), "node")
        {
            if (is_member(xml_get(node, "type"))) {
                show_node(&list, "cluster", xml_get(node, "uname"), xml_id(node));
            }
        }
    }
    if (configuration != NULL && type_wanted("guest")) {
        show_resource_nodes(&list, xml_first(configuration, "resources"), true);
    }
    if (configuration != NULL && type_wanted("remote")) {
        show_resource_nodes(&list, xml_first(configuration, "resources"), false);
    }
    output_end_list(out);
    if (list.shown == 0) {
        output_info(out, "No nodes configured");
    }
    return CRM_EX_OK;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    struct output *out;
    int code;
    enum crm_exit exit_code = CRM_EX_OK;
    g_autofree char *help = NULL;

    tool_init(&tool, argv, TOOL_OUTPUT, "itKNS", NULL, "Asks the controller and the launcher for their state",
              "A TIMESPEC is a number of seconds, a number with a unit (ms, us, s, m, h), or an\nISO 8601 duration.");
    tool_add_group(&tool, "command", "Commands:", "Show commands", command_options);
    tool_add_group(&tool, "additional", "Additional Options:", "Show additional options", additional_options);
    tool_add_options(&tool, main_options);
    out = tool_start(&tool, OUTPUT_SIMPLE_LISTS | OUTPUT_SUBSTITUTE, &code);
    if (out == NULL) {
        return code;
    }
    output_set_quiet(out, options.quiet);
    if (options.health) {
        output_error(out, "Cluster-wide health option not supported");
        help = tool_help(&tool);
        output_error(out, "%s%s", options.command == NOTHING ? "error: Must specify a command option\n" : "", help);
        return tool_exit(&tool, out, CRM_EX_USAGE);
    }
    switch (options.command) {
        case STATUS:
            exit_code = show_controller(out);
            break;
        case LAUNCHER:
            exit_code = show_launcher(out);
            break;
        case DC:
            exit_code = show_dc(out);
            break;
        case NODES:
            exit_code = show_nodes(out);
            break;
        case NOTHING:
            help = tool_help(&tool);
            output_error(out, "error: Must specify a command option");
            output_error(out, "%s", help);
            exit_code = CRM_EX_USAGE;
            break;
    }
    return tool_exit(&tool, out, (int)exit_code);
}
