/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attrd_updater: set and show transient node attributes through the attribute manager.  Called by agents and people.
 * Never reads or writes the CIB.  (spec 70 §12, §13)
 */
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/ipc/attrd_client.h"
#include "lib/output/tool.h"

#include <stdio.h>

enum command { QUERY, UPDATE, UPDATE_BOTH, UPDATE_DELAY, DELETE, REFRESH };

static struct {
    enum command command;
    char *name, *value, *delay, *set, *node;
    gboolean all_nodes, is_private, quiet;
} options;

/* The last command given counts, with its value. */
static gboolean
set_command(const char *option, const char *value, void *data, GError **error)
{
    static const struct tool_choice commands[] = {
        { "-Q", "--query", QUERY },         { "-U", "--update", UPDATE },
        { "-v", "--value", UPDATE },        { "-B", "--update-both", UPDATE_BOTH },
        { "-D", "--delete", DELETE },       { "-Y", "--update-delay", UPDATE_DELAY },
        { "-R", "--refresh", REFRESH },
    };

    options.command = (enum command)tool_choose(commands, G_N_ELEMENTS(commands), option, (int)options.command);
    if (value != NULL || options.command == DELETE) {
        g_free(options.value);
        options.value = g_strdup(value);
    }
    return TRUE;
}

/* Accepted for the sake of old scripts: the attribute manager only knows one lifetime. */
static gboolean
check_lifetime(const char *option, const char *value, void *data, GError **error)
{
    if (!text_is_one_of(value, "nodes", "forever", "status", "reboot", NULL)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "Unknown value for --lifetime: %s", value);
        return FALSE;
    }
    return TRUE;
}

static const GOptionEntry required_options[] = {
    { "name", 'n', 0, G_OPTION_ARG_STRING, &options.name, "Name of the attribute", "NAME" },
    { NULL },
};

static const GOptionEntry command_options[] = {
    { "update", 'U', 0, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Set the attribute's value; the CIB follows if it\ndiffers from the present one", "VALUE" },
    { "value", 'v', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_CALLBACK, (void *)set_command, NULL, NULL },
    { "update-both", 'B', 0, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Set value and delay (-d is required); a changed\ndelay makes the CIB follow at once", "VALUE" },
    { "update-delay", 'Y', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Set the delay (-d is required) and leave the\nvalue", NULL },
    { "query", 'Q', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Show the attribute's value as the attribute\nmanager knows it (default)", NULL },
    { "delete", 'D', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "Unset the attribute", NULL },
    { "refresh", 'R', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)set_command,
      "(Advanced) Have the local attribute manager write\nall values to the CIB again", NULL },
    { NULL },
};

static const GOptionEntry additional_options[] = {
    { "delay", 'd', 0, G_OPTION_ARG_STRING, &options.delay,
      "How long to wait for further changes before the\nCIB is written", "SECONDS" },
    { "set", 's', 0, G_OPTION_ARG_STRING, &options.set, "(Advanced) Id of the set to create the attribute in",
      "SET" },
    { "node", 'N', 0, G_OPTION_ARG_STRING, &options.node, "Node to which the value belongs (default: this one)",
      "NODE" },
    { "all", 'A', 0, G_OPTION_ARG_NONE, &options.all_nodes, "Show the values of all nodes (queries)", NULL },
    { "lifetime", 'l', 0, G_OPTION_ARG_CALLBACK, (void *)check_lifetime, "Has no effect", "SECTION" },
    { "private", 'p', 0, G_OPTION_ARG_NONE, &options.is_private,
      "If this creates the attribute, never write it to\nthe CIB", NULL },
    { "section", 'S', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_CALLBACK, (void *)check_lifetime, NULL, NULL },
    { "quiet", 'q', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options.quiet, NULL, NULL },
    { NULL },
};

/* --- query --- */

static void
show_value(const char *node, const char *value, void *data)
{
    struct output *out = data;

    if (output_is_structured(out)) {
        output_element(out, "attribute", "name", options.name, "value", value != NULL ? value : "", "host",
                       node, NULL);
    } else {
        output_item(out, NULL, "name=\"%s\" host=\"%s\" value=\"%s\"", options.name, node,
                    value != NULL ? value : "");
    }
}

static enum crm_exit
run_query(struct output *out, struct attrd_client *client)
{
    const char *node = options.all_nodes ? NULL : attrd_target(options.node);
    int rc;

    if (node == NULL && options.node != NULL && !options.all_nodes) {
        node = "localhost"; /* "auto" outside an agent; the attribute manager puts its own name in */
    }
    rc = attrd_client_query(client, options.name, node, show_value, out);
    if (rc == ENXIO) {
        output_error(out, "attrd_updater: Could not query value of %s: attribute does not exist", options.name);
        return CRM_EX_CONFIG;
    }
    if (rc != RC_OK) {
        output_error(out, "attrd_updater: Could not connect to attrd: %s", result_text(rc));
        return result_to_exit(rc);
    }
    return CRM_EX_OK;
}

/* --- changes --- */

static xmlNode *
change_message(const char *node)
{
    struct attrd_update update = {
        .name = options.name,
        .value = options.value,
        .node = node,
        .flags = options.is_private ? ATTRD_UPDATE_PRIVATE : ATTRD_UPDATE_PLAIN,
    };

    switch (options.command) {
        case REFRESH:
            return attrd_msg_refresh("attrd_updater", node);
        case UPDATE_BOTH:
            update.task = ATTRD_TASK_UPDATE_BOTH;
            break;
        case UPDATE_DELAY:
            update.task = ATTRD_TASK_UPDATE_DELAY;
            break;
        default:
            break;
    }
    if (options.command != DELETE) {
        update.dampening = options.delay;
        update.set = options.set;
    }
    return attrd_msg_update("attrd_updater", &update);
}

static enum crm_exit
run_change(struct output *out, struct attrd_client *client)
{
    int rc;

    if (options.delay == NULL && (options.command == UPDATE_BOTH || options.command == UPDATE_DELAY)) {
        output_info(out, "Warning: '%c' command given without required --delay",
                    options.command == UPDATE_BOTH ? 'B' : 'Y');
    }
    rc = attrd_client_send_take(client, change_message(attrd_target(options.node)), NULL);
    if (rc != RC_OK) {
        output_error(out, "attrd_updater: Could not update %s=%s: %s (%d)",
                     options.name != NULL ? options.name : "(null)",
                     options.value != NULL ? options.value : "(null)", result_text(rc), rc);
    }
    return result_to_exit(rc);
}

int
main(int argc, char **argv)
{
    struct tool tool;
    struct output *out;
    struct attrd_client *client;
    int code;

    tool_init(&tool, argv, TOOL_OUTPUT, "dlnsvBNUS", NULL, "Shows and changes transient node attributes", NULL);
    tool_add_group(&tool, "required", "Required Arguments:", "Show required arguments", required_options);
    tool_add_group(&tool, "command", "Command:", "Show commands (the last one counts)", command_options);
    tool_add_group(&tool, "additional", "Additional Options:", "Show additional options", additional_options);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    if (options.name == NULL && options.command != REFRESH) {
        output_error(out, "attrd_updater: Command requires --name argument");
        return tool_exit(&tool, out, CRM_EX_USAGE);
    }
    client = attrd_client_new("attrd_updater");
    code = (int)(options.command == QUERY ? run_query(out, client) : run_change(out, client));
    attrd_client_free(client);
    return tool_exit(&tool, out, code);
}
