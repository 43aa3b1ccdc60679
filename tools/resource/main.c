/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource: queries about resources and commands for them.  Checks the command line, gets the CIB, calls the
 * command's function, words the outcome.  (spec 80 §6)
 */
#include "tools/resource/resource.h"

#include "lib/output/tool_cib.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char description[] =
    "Examples:\n\n"
    "All agents of the OCF standard from one provider:\n\n"
    "\t# crm_resource --list-agents ocf:heartbeat\n\n"
    "Move myResource to another node, and let it choose its place freely again:\n\n"
    "\t# crm_resource --resource myResource --move --node altNode\n"
    "\t# crm_resource --resource myResource --clear\n\n"
    "Stop myResource and what depends on it:\n\n"
    "\t# crm_resource --resource myResource --set-parameter target-role --meta --parameter-value Stopped\n\n"
    "Leave myResource alone, whether it runs or not:\n\n"
    "\t# crm_resource --resource myResource --set-parameter is-managed --meta --parameter-value false\n\n"
    "Forget failures of myResource on aNode after the cause has been removed:\n\n"
    "\t# crm_resource --resource myResource --cleanup --node aNode\n";

/* What a command needs before it can start. */
enum needs {
    NEEDS_RSC = 1 << 0,      /* -r must be given */
    NEEDS_NODE = 1 << 1,     /* -N must be given */
    NEEDS_CIB = 1 << 2,      /* connection */
    NEEDS_STATUS = 1 << 3,   /* ... and the evaluated CIB */
    FINDS_RSC = 1 << 4,      /* -r, if given, must name a resource */
    FINDS_ANY_NAME = 1 << 5, /* ... which may be any name of an instance */
    NO_INSTANCES = 1 << 6,   /* a single instance of a clone will not do */
    IGNORES_NODE = 1 << 7,   /* -N need not be known */
    TAKES_OVERRIDES = 1 << 8, /* NAME=VALUE words */
};

static unsigned
needs_of(const struct crm_resource *t)
{
    const unsigned status = NEEDS_CIB | NEEDS_STATUS;

    switch (t->command) {
        case CMD_STANDARDS:
        case CMD_PROVIDERS:
        case CMD_ALTERNATIVES:
        case CMD_AGENTS:
        case CMD_METADATA:
            return 0;
        case CMD_LIST:
        case CMD_LIST_RAW:
        case CMD_LIST_CTS:
        case CMD_OPERATIONS:
        case CMD_ALL_OPERATIONS:
            return status;
        case CMD_QUERY:
        case CMD_QUERY_RAW:
        case CMD_LOCATE:
        case CMD_GET_PARAM:
        case CMD_GET_PROPERTY:
        case CMD_SET_PARAM:
        case CMD_DELETE_PARAM:
            return status | NEEDS_RSC | FINDS_RSC | FINDS_ANY_NAME;
        case CMD_SET_PROPERTY:
        case CMD_DELETE:
            return status | NEEDS_RSC | FINDS_RSC | FINDS_ANY_NAME;
        case CMD_CONSTRAINTS:
            return status | NEEDS_RSC | FINDS_RSC;
        case CMD_DIGESTS:
            return status | NEEDS_RSC | NEEDS_NODE | FINDS_RSC | TAKES_OVERRIDES;
        case CMD_FAIL:
            return status | NEEDS_RSC | NEEDS_NODE;
        case CMD_WHY:
        case CMD_CLEANUP:
        case CMD_REFRESH:
            return status | FINDS_RSC;
        case CMD_MOVE:
        case CMD_BAN:
            return status | NEEDS_RSC | FINDS_RSC | NO_INSTANCES;
        case CMD_CLEAR:
            return status | (t->expired ? 0 : (unsigned)NEEDS_RSC) | FINDS_RSC | NO_INSTANCES;
        case CMD_WAIT:
            return NEEDS_CIB;
        case CMD_RESTART:
            return status | NEEDS_RSC | FINDS_RSC | NO_INSTANCES;
        case CMD_VALIDATE:
        case CMD_FORCE:
            return t->agent_class != NULL || t->agent_type != NULL || t->agent_provider != NULL
                       ? TAKES_OVERRIDES
                       : status | NEEDS_RSC | FINDS_RSC | TAKES_OVERRIDES;
    }
    return 0;
}

void
resource_detail(struct crm_resource *t, const char *format, ...)
{
    va_list args;

    if (t->detail == NULL) {
        va_start(args, format);
        t->detail = g_strdup_vprintf(format, args);
        va_end(args);
    }
}

/* --- the command line --- */

/* Words behind the options: overrides for some commands, otherwise a mistake. */
static bool
take_words(struct crm_resource *t)
{
    GString *strays;

    if (t->tool.argc < 2) {
        return true;
    }
    if (needs_of(t) & TAKES_OVERRIDES) {
        for (int i = 1; i < t->tool.argc; i++) {
            const char *word = t->tool.argv[i];
            const char *equal = strchr(word, '=');

            if (equal == NULL || equal == word || equal[1] == '\0') {
                resource_detail(t, "Error parsing '%s' as a name=value pair", word);
                return false;
            }

            char *name = g_strndup(word, (gsize)(equal - word));

            g_hash_table_replace(t->overrides, name, g_strdup(equal + 1));
            g_ptr_array_add(t->override_names, g_strdup(name));
        }
        return true;
    }
    strays = g_string_new("non-option ARGV-elements:\n");
    for (int i = 1; i < t->tool.argc; i++) {
        g_string_append_printf(strays, "[%d of %d] %s\n", i, t->tool.argc - 1, t->tool.argv[i]);
    }
    resource_detail(t, "%s", strays->str);
    g_string_free(strays, TRUE);
    return false;
}

/* An agent described on the command line instead of a resource (spec 80 §6.9); CRM_EX_OK if it is fine. */
static int
check_agent_options(struct crm_resource *t)
{
    bool described = t->agent_class != NULL || t->agent_type != NULL || t->agent_provider != NULL;

    if (!described) {
        return CRM_EX_OK;
    }
    if (t->rsc_id != NULL) {
        resource_detail(t, "--resource cannot be used with --class, --agent, and --provider");
        return CRM_EX_USAGE;
    }
    if (t->command != CMD_VALIDATE && t->command != CMD_FORCE) {
        resource_detail(t, "--class, --agent, and --provider can only be used with --validate and --force-*");
        return CRM_EX_USAGE;
    }
    return CRM_EX_OK;
}

static unsigned
xml_flags(const struct crm_resource *t)
{
    switch (t->command) {
        case CMD_LIST:
        case CMD_QUERY:
        case CMD_QUERY_RAW:
        case CMD_OPERATIONS:
        case CMD_ALL_OPERATIONS:
        case CMD_CONSTRAINTS:
        case CMD_VALIDATE:
        case CMD_FORCE:
            return OUTPUT_SUBSTITUTE | OUTPUT_SIMPLE_LISTS;
        default:
            return OUTPUT_SUBSTITUTE;
    }
}

/* --- data --- */

int
resource_read_cib(struct crm_resource *t)
{
    xmlNode *cib = NULL;
    int rc;

    if (t->xml_file != NULL) {
        g_autofree char *error = NULL;

        cib = xml_parse_file(t->xml_file, XML_PARSE_LENIENT, &error);
        rc = cib != NULL ? RC_OK : RC_UNPACK_ERROR;
    } else {
        rc = cib_query(t->cib, NULL, CIB_OPT_LOCAL, &cib);
    }
    if (rc == RC_OK) {
        rc = tool_prepare_cib(&cib);
    }
    if (rc != RC_OK) {
        xml_free(cib);
        return rc;
    }
    if (t->s != NULL) {
        sched_free(t->s);
        t->s = NULL;
    }
    xml_free(t->document);
    t->document = cib;
    return RC_OK;
}

void
resource_evaluate(struct crm_resource *t)
{
    if (t->s != NULL) {
        sched_free(t->s);
    }
    /* Hashes without private parameters are wanted in any case. */
    t->s = sched_new(t->document, time(NULL),
                     SCHED_STATUS_ONLY | (t->tool.verbosity == 0 ? SCHED_QUIET : 0) |
                         (t->command == CMD_DIGESTS ? SCHED_SANITIZED : 0));
}

/* An instance by any of its names, with number or without, also of unique clones. */
static struct sched_rsc *
find_any_name(struct sched *s, const char *name)
{
    struct sched_rsc *r = sched_rsc_by_id(s, name);

    if (r == NULL) {
        r = sched_rsc_by_any_name(s, name);
    }
    for (unsigned i = 0; r == NULL && i < s->rscs.len; i++) {
        if (text_equal(s->rscs.items[i]->base_id, name)) {
            r = s->rscs.items[i];
        }
    }
    return r;
}

/* By id, or the name without number that stands for the first instance of an anonymous clone. */
static struct sched_rsc *
find_anonymous_name(struct sched *s, const char *name)
{
    struct sched_rsc *r = sched_rsc_by_id(s, name);

    if (r == NULL) {
        r = sched_rsc_by_any_name(s, name);
        if (r != NULL && rsc_is(r, RSC_UNIQUE) && !text_equal(r->history_name, name)) {
            r = NULL;
        }
    }
    return r;
}

static int
find_resource(struct crm_resource *t, unsigned needs)
{
    if (t->rsc_id == NULL || !(needs & FINDS_RSC)) {
        return RC_OK;
    }
    t->rsc = (needs & FINDS_ANY_NAME) ? find_any_name(t->s, t->rsc_id) : find_anonymous_name(t->s, t->rsc_id);
    if (t->rsc == NULL) {
        resource_detail(t, "Resource '%s' not found", t->rsc_id);
        return ENXIO;
    }
    if ((needs & NO_INSTANCES) && strchr(t->rsc_id, ':') != NULL && rsc_clone(t->rsc) != NULL) {
        resource_detail(t, "Cannot operate on clone resource instance '%s'", t->rsc_id);
        return -CRM_EX_INVALID_PARAM;
    }
    return RC_OK;
}

/* RC_OK, a result, or a negated exit code. */
static int
get_ready(struct crm_resource *t, unsigned needs)
{
    int rc;

    if (!(needs & NEEDS_CIB)) {
        return RC_OK;
    }
    t->cib = cib_client_new();
    rc = cib_client_connect(t->cib, "crm_resource", CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY);
    if (rc != RC_OK) {
        resource_detail(t, "Could not connect to the CIB: %s", result_text(rc));
        return rc;
    }
    if (needs & NEEDS_STATUS) {
        rc = resource_read_cib(t);
        if (rc != RC_OK) {
            resource_detail(t, "Could not get the CIB: %s", result_text(rc));
            return rc;
        }
        resource_evaluate(t);
        rc = find_resource(t, needs);
        if (rc != RC_OK) {
            return rc;
        }
        if (t->node_name != NULL) {
            t->node = sched_node_by_name(t->s, t->node_name);
            if (t->node == NULL) {
                resource_detail(t, "Node '%s' not found", t->node_name);
                return ENXIO;
            }
        }
    }
    return RC_OK;
}

/* --- commands --- */

/* Commands that answer with an exit code. */
static bool
run_with_exit_code(struct crm_resource *t, int *exit_code)
{
    switch (t->command) {
        case CMD_STANDARDS:
        case CMD_PROVIDERS:
        case CMD_ALTERNATIVES:
        case CMD_AGENTS:
        case CMD_METADATA:
            *exit_code = resource_agents(t);
            return true;
        case CMD_VALIDATE:
        case CMD_FORCE:
            *exit_code = resource_run_agent(t);
            return true;
        case CMD_CLEANUP:
        case CMD_REFRESH:
            *exit_code = resource_cleanup(t);
            return true;
        case CMD_FAIL:
            *exit_code = resource_fail(t);
            return true;
        default:
            return false;
    }
}

/* Commands that answer with a result. */
static int
run_with_result(struct crm_resource *t)
{
    switch (t->command) {
        case CMD_LIST: return resource_list(t);
        case CMD_LIST_RAW: return resource_list_raw(t);
        case CMD_LIST_CTS: return resource_list_cts(t);
        case CMD_OPERATIONS:
        case CMD_ALL_OPERATIONS: return resource_list_operations(t);
        case CMD_QUERY: return resource_query(t, true);
        case CMD_QUERY_RAW: return resource_query(t, false);
        case CMD_LOCATE: return resource_locate(t);
        case CMD_GET_PARAM: return resource_get_param(t);
        case CMD_GET_PROPERTY: return resource_get_property(t);
        case CMD_CONSTRAINTS: return resource_constraints(t);
        case CMD_WHY: return resource_why(t);
        case CMD_DIGESTS: return resource_digests(t);
        case CMD_SET_PARAM: return resource_set_param(t);
        case CMD_DELETE_PARAM: return resource_delete_param(t);
        case CMD_SET_PROPERTY: return resource_set_property(t);
        case CMD_DELETE: return resource_delete(t);
        case CMD_MOVE: return resource_move(t);
        case CMD_BAN: return resource_ban_command(t);
        case CMD_CLEAR: return resource_clear(t);
        case CMD_WAIT: return resource_wait(t);
        case CMD_RESTART: return resource_restart(t);
        default: return ENOSYS;
    }
}

/* A result, or an exit code that is no result's (negated by the commands). */
static int
exit_of(int rc)
{
    return (rc < 0 && rc > -256) ? -rc : (int)result_to_exit(rc);
}

static int
run(struct crm_resource *t)
{
    unsigned needs = needs_of(t);
    int exit_code, rc;

    if (t->expired && t->command != CMD_CLEAR) {
        resource_detail(t, "--expired requires --clear or -U");
        return CRM_EX_USAGE;
    }
    if (!take_words(t)) {
        return CRM_EX_USAGE;
    }
    if (t->tool.version) {
        tool_print_version(t->out);
        return CRM_EX_OK;
    }
    exit_code = check_agent_options(t);
    if (exit_code != CRM_EX_OK) {
        return exit_code;
    }
    if ((needs & NEEDS_RSC) && t->rsc_id == NULL) {
        resource_detail(t, "Must supply a resource id with -r");
        return CRM_EX_USAGE;
    }
    if ((needs & NEEDS_NODE) && t->node_name == NULL) {
        resource_detail(t, "Must supply a node name with -N");
        return CRM_EX_USAGE;
    }
    rc = get_ready(t, needs);
    if (rc != RC_OK) {
        return exit_of(rc);
    }
    if (run_with_exit_code(t, &exit_code)) {
        return exit_code;
    }
    return exit_of(run_with_result(t));
}

/* The last word about a failure (spec 80 §3.7). */
static void
report_failure(struct crm_resource *t, int exit_code)
{
    if (exit_code == CRM_EX_OK) {
        return;
    }
    if (exit_code == CRM_EX_USAGE) {
        if (t->detail != NULL) {
            output_error(t->out, "crm_resource: %s", t->detail);
        }
    } else if (t->detail != NULL) {
        output_error(t->out, "crm_resource: %s\nError performing operation: %s", t->detail, crm_exit_text(exit_code));
    } else {
        output_error(t->out, "crm_resource: Error performing operation: %s", crm_exit_text(exit_code));
    }
}

int
main(int argc, char **argv)
{
    /* What is large in here goes with the process: to free it piece by piece takes as long as to make it. */
    static struct crm_resource tool = { .command = CMD_LIST, .check_level = -1 };
    struct crm_resource *t = &tool;
    int exit_code, rc;

    tool_init(&t->tool, argv, TOOL_OUTPUT | TOOL_QUIET, "GHINSTdginpstuvx", NULL, "Asks about resources, and changes what the cluster does with them", description);
    t->overrides = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    t->override_names = g_ptr_array_new_with_free_func(g_free);
    t->option_names = g_ptr_array_new_with_free_func(g_free);
    resource_add_options(t);
    if (!tool_parse(&t->tool)) {
        return tool_exit(&t->tool, NULL, CRM_EX_USAGE);
    }

    bool fancy = t->command == CMD_LIST || t->command == CMD_CONSTRAINTS;
    bool as_xml = text_equal(t->tool.output_as, "xml");

    t->out = tool_open_output(&t->tool, as_xml ? xml_flags(t) : fancy ? OUTPUT_FANCY : 0);
    if (t->out == NULL) {
        fprintf(stderr, "Error performing operation: %s\n", crm_exit_text(CRM_EX_ERROR));
        return tool_exit(&t->tool, NULL, CRM_EX_ERROR);
    }
    exit_code = run(t);
    report_failure(t, exit_code);
    if (t->cib != NULL && cib_client_is_connected(t->cib)) {
        rc = cib_client_disconnect(t->cib);
        if (rc != RC_OK && exit_code == CRM_EX_OK) {
            exit_code = (int)result_to_exit(rc);
            report_failure(t, exit_code);
        }
    }
    return tool_exit(&t->tool, t->out, exit_code);
}
