/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource's command line.  Called by main.c.  (spec 80 §6.1)
 */
#include "tools/resource/resource.h"

#include <string.h>

#define RESOURCE_ERROR g_quark_from_static_string("crm_resource")

/* Commands: the last one given counts.  (name without dashes: command) */
static const struct {
    const char *brief, *full;
    enum command command;
} commands[] = {
    { "-L", "--list", CMD_LIST },
    { "-l", "--list-raw", CMD_LIST_RAW },
    { "-c", "--list-cts", CMD_LIST_CTS },
    { "-O", "--list-operations", CMD_OPERATIONS },
    { "-o", "--list-all-operations", CMD_ALL_OPERATIONS },
    { NULL, "--list-standards", CMD_STANDARDS },
    { NULL, "--list-ocf-providers", CMD_PROVIDERS },
    { NULL, "--list-agents", CMD_AGENTS },
    { NULL, "--list-ocf-alternatives", CMD_ALTERNATIVES },
    { NULL, "--show-metadata", CMD_METADATA },
    { "-q", "--query-xml", CMD_QUERY },
    { "-w", "--query-xml-raw", CMD_QUERY_RAW },
    { "-g", "--get-parameter", CMD_GET_PARAM },
    { "-G", "--get-property", CMD_GET_PROPERTY },
    { "-W", "--locate", CMD_LOCATE },
    { "-a", "--constraints", CMD_CONSTRAINTS },
    { "-A", "--stack", CMD_CONSTRAINTS },
    { "-Y", "--why", CMD_WHY },
    { "-C", "--cleanup", CMD_CLEANUP },
    { "-R", "--refresh", CMD_REFRESH },
    { "-p", "--set-parameter", CMD_SET_PARAM },
    { "-d", "--delete-parameter", CMD_DELETE_PARAM },
    { "-S", "--set-property", CMD_SET_PROPERTY },
    { "-D", "--delete", CMD_DELETE },
    { "-M", "--move", CMD_MOVE },
    { "-B", "--ban", CMD_BAN },
    { "-U", "--clear", CMD_CLEAR },
    { "-F", "--fail", CMD_FAIL },
    { NULL, "--restart", CMD_RESTART },
    { NULL, "--wait", CMD_WAIT },
    { NULL, "--digests", CMD_DIGESTS },
    { NULL, "--validate", CMD_VALIDATE },
    { NULL, "--force-start", CMD_FORCE },
    { NULL, "--force-stop", CMD_FORCE },
    { NULL, "--force-check", CMD_FORCE },
    { NULL, "--force-promote", CMD_FORCE },
    { NULL, "--force-demote", CMD_FORCE },
};

static gboolean
on_command(const char *option, const char *value, void *data, GError **error)
{
    struct crm_resource *t = data;

    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (text_equal(option, commands[i].brief) || text_equal(option, commands[i].full)) {
            t->command = commands[i].command;
            g_free(t->argument);
            t->argument = g_strdup(value);
            if (t->command == CMD_FORCE) {
                t->force_action = commands[i].full + 2;
            }
        }
    }
    if (text_is_one_of(option, "-A", "--stack", NULL)) {
        t->recursive = TRUE;
    }
    if (t->command == CMD_VALIDATE || (t->command == CMD_FORCE && text_equal(option, "--force-check"))) {
        long long level = 0;

        t->check_level = -1;
        if (value != NULL) {
            if (!text_parse_int(value, &level) || level < 0) {
                g_set_error(error, RESOURCE_ERROR, 0, "Invalid check level setting: %s", value);
                return FALSE;
            }
            t->check_level = level;
        }
    }
    return TRUE;
}

static gboolean
on_timeout(const char *option, const char *value, void *data, GError **error)
{
    struct crm_resource *t = data;
    long long ms = text_timeout_ms(value);

    t->timeout_ms = ms > 0 ? ms : 0;
    return TRUE;
}

/* --option NAME=VALUE */
static gboolean
on_option(const char *option, const char *value, void *data, GError **error)
{
    struct crm_resource *t = data;
    const char *equal = strchr(value, '=');

    if (equal == NULL || equal == value || equal[1] == '\0') {
        return FALSE; /* GOption says which option it was */
    }

    char *name = g_strndup(value, (gsize)(equal - value));

    g_hash_table_insert(t->overrides, name, g_strdup(equal + 1));
    g_ptr_array_add(t->option_names, g_strdup(name));
    return TRUE;
}

void
resource_add_options(struct crm_resource *t)
{
#define CMD(flags) (flags), G_OPTION_ARG_CALLBACK, (void *)on_command
#define SWITCH CMD(G_OPTION_FLAG_NO_ARG)
#define HIDDEN CMD(G_OPTION_FLAG_NO_ARG | G_OPTION_FLAG_HIDDEN)
    const GOptionEntry queries[] = {
        { "list", 'L', SWITCH, "List all resources with their state", NULL },
        { "list-raw", 'l', SWITCH, "List the ids of all primitives and instances", NULL },
        { "list-cts", 'c', HIDDEN, NULL, NULL },
        { "list-operations", 'O', SWITCH, "List the operations that count for the state\n(of --resource, on --node)", NULL },
        { "list-all-operations", 'o', SWITCH, "List all recorded operations (of --resource, on --node)", NULL },
        { "list-standards", 0, SWITCH, "List the standards of agents that there are", NULL },
        { "list-ocf-providers", 0, SWITCH, "List the providers of OCF agents", NULL },
        { "list-agents", 0, CMD(0), "List the agents of a standard, or of one of its providers", "STD[:PROV]" },
        { "list-ocf-alternatives", 0, CMD(0), "List the providers that have an OCF agent", "AGENT" },
        { "show-metadata", 0, CMD(0), "Show what an agent says about itself", "STD[:PROV]:TYPE" },
        { "query-xml", 'q', SWITCH, "Show the resource's configuration, templates expanded", NULL },
        { "query-xml-raw", 'w', SWITCH, "Show the resource's configuration as it is written", NULL },
        { "get-parameter", 'g', CMD(0), "Show the value of a parameter (--meta, --utilization: of that kind)", "PARAM" },
        { "get-property", 'G', CMD(G_OPTION_FLAG_HIDDEN), NULL, "PROPERTY" },
        { "locate", 'W', SWITCH, "Show where the resource runs", NULL },
        { "constraints", 'a', SWITCH, "Show location and colocation constraints of the resource\n(of the group or clone it is in, unless --force)", NULL },
        { "stack", 'A', SWITCH, "Same as --constraints --recursive", NULL },
        { "why", 'Y', SWITCH, "Show why resources do not run (of --resource, on --node)", NULL },
        { NULL },
    };
    const GOptionEntry cmds[] = {
        { "validate", 0, CMD(G_OPTION_FLAG_OPTIONAL_ARG), "Let the agent check the parameters of the resource, or those of\n--class, --agent, --provider and --option", "LEVEL" },
        { "cleanup", 'C', SWITCH, "Forget failures, so that the state is checked anew\n(of --resource, on --node, of --operation at --interval)", NULL },
        { "refresh", 'R', SWITCH, "Forget all history, so that the state is checked anew\n(of --resource, on --node)", NULL },
        { "set-parameter", 'p', CMD(0), "Set a parameter to the value of -v (--meta, --utilization: of\nthat kind)", "PARAM" },
        { "delete-parameter", 'd', CMD(0), "Delete a parameter (--meta, --utilization: of that kind)", "PARAM" },
        { "set-property", 'S', CMD(G_OPTION_FLAG_HIDDEN), NULL, "PROPERTY" },
        { NULL },
    };
    const GOptionEntry locations[] = {
        { "move", 'M', SWITCH, "Make the resource move, to --node or away from where it is\n(for --lifetime; with --force the old place is banned, too)", NULL },
        { "ban", 'B', SWITCH, "Keep the resource away from --node, or from where it is\n(for --lifetime)", NULL },
        { "clear", 'U', SWITCH, "Remove what --move and --ban have made (for --node)", NULL },
        { "expired", 'e', 0, G_OPTION_ARG_NONE, &t->expired, "With --clear: only what has outlived its lifetime", NULL },
        { "lifetime", 'u', 0, G_OPTION_ARG_STRING, &t->lifetime, "How long the constraint holds (ISO 8601 duration)", "TIMESPEC" },
        { "promoted", 0, 0, G_OPTION_ARG_NONE, &t->promoted, "Only the promoted role is meant", NULL },
        { "master", 0, 0, G_OPTION_ARG_NONE, &t->promoted, "Old name of --promoted", NULL },
        { NULL },
    };
    const GOptionEntry advanced[] = {
        { "delete", 'D', SWITCH, "(Advanced) Delete the resource (needs -t)", NULL },
        { "fail", 'F', SWITCH, "(Advanced) Tell the cluster that the resource has failed", NULL },
        { "restart", 0, SWITCH, "(Advanced) Restart the resource and what depends on it", NULL },
        { "wait", 0, SWITCH, "(Advanced) Wait until the cluster has nothing left to do", NULL },
        { "digests", 0, SWITCH, "(Advanced) Show the hashes by which changed parameters are\nfound; NAME=VALUE words override parameters", NULL },
        { "force-demote", 0, SWITCH, "(Advanced) Demote the resource here, past the cluster", NULL },
        { "force-stop", 0, SWITCH, "(Advanced) Stop the resource here, past the cluster", NULL },
        { "force-start", 0, SWITCH, "(Advanced) Start the resource here, past the cluster", NULL },
        { "force-promote", 0, SWITCH, "(Advanced) Promote the resource here, past the cluster", NULL },
        { "force-check", 0, CMD(G_OPTION_FLAG_OPTIONAL_ARG), "(Advanced) Check the state of the resource here", "LEVEL" },
        { NULL },
    };
    const GOptionEntry additional[] = {
        { "node", 'N', 0, G_OPTION_ARG_STRING, &t->node_name, "Name of a node", "NAME" },
        { "host-uname", 'H', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &t->node_name, NULL, "NAME" },
        { "recursive", 0, 0, G_OPTION_ARG_NONE, &t->recursive, "Follow colocations (with --set-parameter, --constraints)", NULL },
        { "explain", 0, 0, G_OPTION_ARG_NONE, &t->explain, "With --why: also how scores came about and what decided", NULL },
        { "resource-type", 't', 0, G_OPTION_ARG_STRING, &t->element, "XML element of the resource (with -D)", "ELEMENT" },
        { "parameter-value", 'v', 0, G_OPTION_ARG_STRING, &t->value, "Value for -p", "VALUE" },
        { "meta", 'm', 0, G_OPTION_ARG_NONE, &t->meta, "A meta attribute is meant (with -p, -g, -d)", NULL },
        { "utilization", 'z', 0, G_OPTION_ARG_NONE, &t->utilization, "A utilization attribute is meant (with -p, -g, -d)", NULL },
        { "operation", 'n', 0, G_OPTION_ARG_STRING, &t->operation, "Operation whose failures are forgotten (with -C -r)", "OPERATION" },
        { "interval", 'I', 0, G_OPTION_ARG_STRING, &t->interval, "Interval of that operation (default 0)", "N" },
        { "class", 0, 0, G_OPTION_ARG_STRING, &t->agent_class, "Standard of the agent (with --validate, --force-*)", "CLASS" },
        { "agent", 0, 0, G_OPTION_ARG_STRING, &t->agent_type, "Name of the agent (with --class)", "AGENT" },
        { "provider", 0, 0, G_OPTION_ARG_STRING, &t->agent_provider, "Provider of the agent (with --class)", "PROVIDER" },
        { "option", 0, 0, G_OPTION_ARG_CALLBACK, (void *)on_option, "Parameter of the agent (with --class)", "NAME=VALUE" },
        { "set-name", 's', 0, G_OPTION_ARG_STRING, &t->set_name, "(Advanced) Id of the set (with -p, -d)", "ID" },
        { "nvpair", 'i', 0, G_OPTION_ARG_STRING, &t->nvpair_id, "(Advanced) Id of the nvpair (with -p, -d)", "ID" },
        { "timeout", 'T', 0, G_OPTION_ARG_CALLBACK, (void *)on_timeout, "(Advanced) How long to wait (with --restart, --wait,\n--validate, --force-*)", "N" },
        { "force", 'f', 0, G_OPTION_ARG_NONE, &t->force, "Change the CIB without quorum, too; more for some commands", NULL },
        { "xml-file", 'x', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &t->xml_file, NULL, "FILE" },
        { NULL },
    };
    const GOptionEntry main_options[] = {
        { "resource", 'r', 0, G_OPTION_ARG_STRING, &t->rsc_id, "Id of a resource", "ID" },
        { NULL },
    };
#undef HIDDEN
#undef SWITCH
#undef CMD

    tool_add_group_data(&t->tool, "queries", "Queries:", "Show query options", queries, t);
    tool_add_group_data(&t->tool, "commands", "Commands:", "Show command options", cmds, t);
    tool_add_group_data(&t->tool, "locations", "Locations:", "Show location options", locations, t);
    tool_add_group_data(&t->tool, "advanced", "Advanced:", "Show advanced options", advanced, t);
    tool_add_group_data(&t->tool, "additional", "Additional Options:", "Show additional options", additional, t);
    tool_add_options(&t->tool, main_options);
}
