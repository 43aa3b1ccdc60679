/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cibadmin: query and edit the CIB, of the cluster, of a file or of a shadow copy.  Used by administrators, crmsh,
 * pcs and scripts.  Never interprets the configuration.  (spec 20 §14.4)
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_schema.h"
#include "lib/output/tool.h"
#include "tools/cibadmin_access.h"

enum { DEFAULT_TIMEOUT_S = 30 };
enum { OUTPUT_AS = 256, OUTPUT_TO }; /* options without a letter */

static struct {
    const char *op;        /* CIB_OP_..., or "empty", "md5-sum", "md5-sum-versioned" */
    unsigned call_options; /* enum cib_call_option */
    bool dangerous;        /* needs --force */
    bool force;
    bool sync;
    const char *section;
    const char *host;
    const char *user;
    const char *xml_text, *xml_file;
    bool xml_stdin;
    bool show_access;
    enum access_style access_style;
    int timeout_s;
    unsigned verbosity;
    char *output_as, *output_to;
} args = { .timeout_s = DEFAULT_TIMEOUT_S };

#define OP_EMPTY  "empty"
#define OP_MD5    "md5-sum"
#define OP_MD5_V2 "md5-sum-versioned"

/* --- command line --- */

static const char usage_text[] =
    "Usage: cibadmin <command> [options]\n"
    "Query and edit the cluster configuration (CIB)\n"
    "\n"
    "Options:\n"
    " -?, --help\t\tShow this text\n"
    " -$, --version\t\tShow the version\n"
    " -V, --verbose\t\tShow more of what is going on (repeatable)\n"
    "\n"
    "Commands:\n"
    " -u, --upgrade\t\tBring the configuration to the newest schema (needs --force)\n"
    " -Q, --query\t\tShow the CIB, or a part of it\n"
    " -E, --erase\t\tEmpty the CIB (needs --force)\n"
    " -B, --bump\t\tIncrease the epoch of the CIB\n"
    " -C, --create\t\tAdd an element; it must not exist yet\n"
    " -M, --modify\t\tUpdate an existing element (with -c: add it if needed)\n"
    " -P, --patch\t\tApply a patch as made by crm_diff(8)\n"
    " -R, --replace\t\tPut an element in the place of the existing one\n"
    " -D, --delete\t\tDelete the first element that matches name and attributes\n"
    " -d, --delete-all\tDelete all matches of --xpath (needs --force)\n"
    " -a, --empty [SCHEMA]\tShow an empty CIB\n"
    " -5, --md5-sum\t\tShow the digest of the given XML as used on disk\n"
    " -6, --md5-sum-versioned\tShow the digest of the given XML as used between nodes\n"
    " -S, --show-access[=color|text|namespace|auto]\n"
    "\t\t\tWith --query and --user: show what that user may read and write\n"
    "\n"
    "Additional options:\n"
    " -f, --force\t\tDo it although it is dangerous\n"
    " -t, --timeout=SECONDS\tHow many seconds to wait for the answer (default 30)\n"
    " -U, --user=NAME\tAct with the permissions of this user\n"
    " -s, --sync-call\tUse a synchronous call\n"
    " -l, --local\t\tLocal effect only (queries)\n"
    " -c, --allow-create\tLet --modify create what does not exist\n"
    " -n, --no-children\tLet --query leave children out\n"
    "     --output-as=FORMAT\tFormat of the output: text (default), json or xml\n"
    "     --output-to=FILE\tFile to write to (\"-\" is standard output)\n"
    "\n"
    "Data:\n"
    " -X, --xml-text=XML\tTake XML from the argument\n"
    " -x, --xml-file=FILE\tTake XML from a file\n"
    " -p, --xml-pipe\t\tTake XML from standard input\n"
    " -o, --scope=SECTION\tConfine the command to one section of: configuration, nodes,\n"
    "\t\t\tresources, constraints, crm_config, rsc_defaults, op_defaults, acls,\n"
    "\t\t\tfencing-topology, tags, alerts, status\n"
    " -A, --xpath=XPATH\tName the element by an XPath instead\n"
    " -e, --node-path\tWith --xpath: show the paths of the matches\n"
    " -N, --node=NAME\tSend the command to this node\n"
    "\n"
    "Examples:\n"
    "\n"
    "Keep a copy before work on the cluster, and see what came of it:\n"
    "\n"
    "\tcibadmin --query > before.xml\n"
    "\tcibadmin --query > after.xml\n"
    "\tcrm_diff --original before.xml --new after.xml\n"
    "\n"
    "Where is fencing configured?\n"
    "\n"
    "\tcibadmin --query --node-path --xpath \"//primitive[@class='stonith']\"\n"
    "\n"
    "Move a limit, wherever it stands, without editing by hand:\n"
    "\n"
    "\tcibadmin --modify --xml-text '<nvpair id=\"db-meta-migration-threshold\" value=\"5\"/>'\n"
    "\n"
    "What may the user backup read and change?\n"
    "\n"
    "\tcibadmin --query --show-access=color --user backup | less -R\n"
    "\n"
    "See also crm_shadow(8), crm_diff(8).\n";

static const struct option long_options[] = {
    { "help", no_argument, NULL, '?' },
    { "version", no_argument, NULL, '$' },
    { "verbose", no_argument, NULL, 'V' },
    { "upgrade", no_argument, NULL, 'u' },
    { "query", no_argument, NULL, 'Q' },
    { "erase", no_argument, NULL, 'E' },
    { "bump", no_argument, NULL, 'B' },
    { "create", no_argument, NULL, 'C' },
    { "modify", no_argument, NULL, 'M' },
    { "patch", no_argument, NULL, 'P' },
    { "replace", no_argument, NULL, 'R' },
    { "delete", no_argument, NULL, 'D' },
    { "delete-all", no_argument, NULL, 'd' },
    { "empty", no_argument, NULL, 'a' },
    { "md5-sum", no_argument, NULL, '5' },
    { "md5-sum-versioned", no_argument, NULL, '6' },
    { "show-access", optional_argument, NULL, 'S' },
    { "force", no_argument, NULL, 'f' },
    { "timeout", required_argument, NULL, 't' },
    { "user", required_argument, NULL, 'U' },
    { "sync-call", no_argument, NULL, 's' },
    { "local", no_argument, NULL, 'l' },
    { "allow-create", no_argument, NULL, 'c' },
    { "no-children", no_argument, NULL, 'n' },
    { "no-bcast", no_argument, NULL, 'b' },
    { "xml-text", required_argument, NULL, 'X' },
    { "xml-file", required_argument, NULL, 'x' },
    { "xml-pipe", no_argument, NULL, 'p' },
    { "scope", required_argument, NULL, 'o' },
    { "xpath", required_argument, NULL, 'A' },
    { "node-path", no_argument, NULL, 'e' },
    { "node", required_argument, NULL, 'N' },
    { "host", required_argument, NULL, 'h' },
    { "output-as", required_argument, NULL, OUTPUT_AS },
    { "output-to", required_argument, NULL, OUTPUT_TO },
    { NULL, 0, NULL, 0 },
};

static void
usage(FILE *to, int code)
{
    fputs(usage_text, to);
    exit(code);
}

static struct output *out;

static int
finish(int code)
{
    output_finish(out, code);
    output_close(out);
    return code;
}

static void
open_output(char **argv)
{
    out = tool_open_named(argv, args.output_as, args.output_to);
    if (out == NULL) {
        exit(CRM_EX_ERROR);
    }
}

static void
print_empty(const char *schema)
{
    struct cib_schemas *schemas = schema == NULL ? cib_schemas_new(NULL) : NULL;
    g_autoptr(xmlNode) root = cib_empty_new(schema != NULL ? schema : cib_schema_default(schemas), 1);

    output_document(out, root);
    cib_schemas_free(schemas);
}

/* Commands: the last one given counts. */
static const struct {
    char letter;
    const char *op;
    unsigned call_options;
    bool dangerous;
} commands[] = {
    { 'u', CIB_OP_UPGRADE, 0, true },   { 'Q', CIB_OP_QUERY, 0, false },   { 'E', CIB_OP_ERASE, 0, true },
    { 'B', CIB_OP_BUMP, 0, false },     { 'C', CIB_OP_CREATE, 0, false },  { 'M', CIB_OP_MODIFY, 0, false },
    { 'P', CIB_OP_APPLY_DIFF, 0, false }, { 'R', CIB_OP_REPLACE, 0, false }, { 'D', CIB_OP_DELETE, 0, false },
    { 'd', CIB_OP_DELETE, CIB_OPT_MULTIPLE, true }, { '5', OP_MD5, 0, false }, { '6', OP_MD5_V2, 0, false },
};

static bool
take_command(int letter)
{
    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (commands[i].letter == letter) {
            args.op = commands[i].op;
            args.call_options |= commands[i].call_options;
            args.dangerous |= commands[i].dangerous;
            return true;
        }
    }
    return false;
}

static void
take_option(int letter, int argc, char **argv)
{
    switch (letter) {
    case 'a': {
        const char *schema = optind < argc && argv[optind][0] != '-' ? argv[optind] : NULL;

        open_output(argv);
        print_empty(schema);
        exit(finish(CRM_EX_OK));
    }
    case OUTPUT_AS:
        args.output_as = optarg;
        break;
    case OUTPUT_TO:
        args.output_to = optarg;
        break;
    case 'f':
        args.force = true;
        args.call_options |= CIB_OPT_QUORUM_OVERRIDE;
        break;
    case 't':
        args.timeout_s = atoi(optarg);
        if (args.timeout_s < 1) {
            args.timeout_s = DEFAULT_TIMEOUT_S;
        }
        break;
    case 'U':
        args.user = optarg;
        break;
    case 's':
        args.sync = true;
        break;
    case 'S':
        args.show_access = true;
        if (optarg != NULL && !access_style_parse(optarg, &args.access_style)) {
            fprintf(stderr, "Unrecognized value for --show-access: \"%s\"\n", optarg);
            usage(stderr, CRM_EX_USAGE);
        }
        args.sync = true;
        break;
    case 'l':
        args.call_options |= CIB_OPT_LOCAL;
        break;
    case 'c':
        args.call_options |= CIB_OPT_CAN_CREATE;
        break;
    case 'n':
        args.call_options |= CIB_OPT_NO_CHILDREN;
        break;
    case 'b':
        args.call_options |= CIB_OPT_INHIBIT_BCAST | CIB_OPT_LOCAL | CIB_OPT_SYNC;
        args.sync = true;
        args.dangerous = true;
        break;
    case 'X':
        args.xml_text = optarg;
        break;
    case 'x':
        args.xml_file = optarg;
        break;
    case 'p':
        args.xml_stdin = true;
        break;
    case 'o':
        args.section = optarg;
        break;
    case 'A':
        args.section = optarg;
        args.call_options |= CIB_OPT_XPATH;
        break;
    case 'e':
        args.call_options |= CIB_OPT_XPATH_ADDRESS;
        break;
    case 'N':
    case 'h':
        args.host = optarg;
        break;
    case 'V':
        args.verbosity++;
        args.call_options |= CIB_OPT_VERBOSE;
        break;
    case '$':
        open_output(argv);
        tool_print_version(out);
        exit(finish(CRM_EX_OK));
    case '!':
        puts("Pacemaker " CRM_VERSION " (Build: " CRM_BUILD "): " CRM_FEATURES);
        exit(CRM_EX_OK);
    default: /* ? */
        /* getopt answers '?' for errors, too, and then says so itself */
        if (optopt == 0 && (strcmp(argv[optind - 1], "-?") == 0 || strcmp(argv[optind - 1], "--help") == 0)) {
            usage(stdout, CRM_EX_OK);
        }
        usage(stderr, CRM_EX_USAGE);
    }
}

static void
read_arguments(int argc, char **argv)
{
    int letter;

    while (optopt = 0, (letter = getopt_long(argc, argv, "?$VuQEBCMPRDda56S::ft:U:slcnbX:x:po:A:eN:h:!", long_options,
                                             NULL)) != -1) {
        if (!take_command(letter)) {
            take_option(letter, argc, argv);
        }
    }
    if (optind < argc) {
        printf("non-option ARGV-elements: ");
        while (optind < argc) {
            printf("%s ", argv[optind++]);
        }
        putchar('\n');
        usage(stderr, CRM_EX_USAGE);
    }
    if (args.op == NULL) {
        usage(stderr, CRM_EX_USAGE);
    }
}

/* --- input --- */

static xmlNode *
read_input(void)
{
    g_autofree char *error = NULL;
    const char *source = NULL;
    xmlNode *input = NULL;

    if (args.xml_file != NULL) {
        source = args.xml_file;
        input = xml_parse_file(args.xml_file, XML_PARSE_LENIENT, &error);
    } else if (args.xml_text != NULL) {
        source = "input string";
        input = xml_parse(args.xml_text, strlen(args.xml_text), XML_PARSE_LENIENT, &error);
    } else if (args.xml_stdin) {
        source = "STDIN";
        input = xml_parse_file("-", XML_PARSE_LENIENT, &error);
    }
    if (input == NULL && source != NULL) {
        output_error(out, "Couldn't parse input from %s.", source);
        log_err("%s: %s", source, error);
        exit(finish(CRM_EX_CONFIG));
    }
    if (input != NULL) {
        xml_strip_text(input);
    }
    return input;
}

static int
print_digest(const xmlNode *input)
{
    g_autofree char *digest = NULL, *prefix = NULL;
    const char *feature_set = NULL;

    if (input == NULL) {
        output_error(out, "Please supply XML to process with -X, -x or -p");
        return CRM_EX_USAGE;
    }
    if (strcmp(args.op, OP_MD5) == 0) {
        digest = cib_digest_v1(input);
        prefix = g_strdup("Digest: ");
    } else {
        feature_set = xml_get(input, CIB_A_FEATURE_SET);
        digest = cib_digest_versioned(input, feature_set);
        prefix = g_strdup_printf("Versioned (%s) digest: ", feature_set != NULL ? feature_set : "(null)");
    }
    if (output_format(out) == OUTPUT_TEXT) {
        fputs(prefix, stderr);
    }
    output_line(out, digest);
    output_element(out, "checksum", "type", args.op, "hash", digest, "feature-set", feature_set, NULL);
    return CRM_EX_OK;
}

/* --- output --- */

static void
print_data(const xmlNode *output)
{
    if (output == NULL) {
        return;
    }
    if (args.show_access) {
        access_print(out, xml_copy(NULL, output), args.user, args.access_style);
    } else if ((args.call_options & CIB_OPT_XPATH_ADDRESS) && xml_is(output, CIB_EL_XPATH_QUERY)) {
        output_open_plain(out, "paths");
        xml_for_each(match, output, NULL)
        {
            const char *path = xml_id(match) != NULL ? xml_id(match) : "";

            output_line(out, path);
            output_text_element(out, "path", path, NULL);
        }
        output_close_element(out);
    } else {
        output_document(out, output);
    }
}

/* The refused document with line numbers, as the validator counts them. */
static void
print_refused(const xmlNode *output)
{
    g_autofree char *text = xml_to_text(output, XML_TEXT_FORMATTED);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        fprintf(stderr, "%4u %s\n", i + 1, lines[i]);
    }
}

/* How a refused document is shown: in file mode it is only dumped, before the error; by a synchronous call also, after it. */
enum refusal_style { REFUSED_ON_STDOUT, REFUSED_DUMPED, REFUSED_DUMPED_TOO };

/* Tell the outcome; `how` is what comes between "Call" and "failed". */
static int
report(const char *how, int rc, const xmlNode *output, enum refusal_style style)
{
    bool refused = rc == RC_SCHEMA_VALIDATION && output != NULL, is_text = output_format(out) == OUTPUT_TEXT;

    if (rc == RC_SCHEMA_UNCHANGED) {
        output_line(out, "Upgrade unnecessary: Schema is already the latest available");
        return CRM_EX_OK;
    }
    if (refused && style == REFUSED_DUMPED && is_text) {
        print_refused(output);
    }
    if (rc != RC_OK) {
        output_error(out, "Call %sfailed: %s", how, result_text(rc));
    }
    if (refused && style == REFUSED_DUMPED_TOO && is_text) {
        print_refused(output);
    }
    if (!refused || style != REFUSED_DUMPED) {
        print_data(output);
    }
    return result_to_exit(rc);
}

/* --- the call --- */

struct answer {
    bool arrived;
    int rc;
    xmlNode *output;
};

static void
take_answer(struct cib_client *c, int call_id, int rc, const xmlNode *output, const xmlNode *reply, void *data)
{
    struct answer *a = data;

    a->arrived = true;
    a->rc = rc;
    a->output = output != NULL ? xml_copy(NULL, output) : NULL;
}

/* A query of the local manager: its answer may be large and is only shown. */
static int
query_and_show(struct cib_client *client, const struct cib_request *request, const char *how)
{
    bool as_it_is = output_format(out) == OUTPUT_TEXT && !args.show_access && !(args.call_options & CIB_OPT_XPATH_ADDRESS);
    g_autoptr(GString) text = g_string_sized_new(1 << 19);
    g_autoptr(xmlNode) output = NULL;
    int rc = as_it_is ? cib_call_text(client, request, args.timeout_s, text, &output)
                      : cib_call(client, request, args.timeout_s, &output);

    if (rc == ETIME) {
        output_error(out, "Call %s timed out", request->op);
        return CRM_EX_TIMEOUT;
    }
    if (rc == RC_OK && text->len > 0) {
        output_xml_text(out, "document", text->str);
        return CRM_EX_OK;
    }
    return report(how, rc, output, REFUSED_ON_STDOUT);
}

static int
call_and_report(struct cib_client *client, const struct cib_request *request)
{
    g_autofree char *how = g_strdup_printf("%s ", request->op);
    struct answer answer = { .rc = RC_OK };
    int code, rc;

    if (strcmp(request->op, CIB_OP_QUERY) == 0 && cib_client_variant(client) == CIB_VARIANT_NATIVE && !args.sync) {
        return query_and_show(client, request, how);
    }
    if (args.sync || cib_client_variant(client) == CIB_VARIANT_FILE) {
        rc = cib_call(client, request, args.timeout_s, &answer.output);
        code = report("", rc, answer.output,
                      cib_client_variant(client) == CIB_VARIANT_FILE ? REFUSED_DUMPED : REFUSED_DUMPED_TOO);
        xml_free(answer.output);
        return code;
    }
    rc = cib_call_async(client, request, args.timeout_s, take_answer, &answer, NULL);
    if (rc < 0) {
        return report("", -rc, NULL, REFUSED_ON_STDOUT);
    }
    while (!answer.arrived) {
        rc = cib_client_dispatch(client, 1000);
        if (rc == ENOTCONN && !answer.arrived) {
            output_error(out, "Connection to the CIB manager was terminated");
            return CRM_EX_DISCONNECT;
        }
    }
    if (answer.rc == ETIME) {
        output_error(out, "Call %s timed out", request->op);
        return CRM_EX_TIMEOUT;
    }
    code = report(how, answer.rc, answer.output, REFUSED_ON_STDOUT);
    xml_free(answer.output);
    return code;
}

static int
run_command(const xmlNode *input)
{
    struct cib_client *client = cib_client_new();
    struct cib_request request = {
        .op = args.op,
        .section = args.section,
        .input = input,
        .options = args.call_options & ~(unsigned)CIB_OPT_SYNC,
        .host = args.host,
        .user = args.show_access ? NULL : args.user, /* who is shown is not who looks */
    };
    int rc = cib_client_connect(client, "cibadmin", CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY), code;

    if (rc != RC_OK) {
        output_error(out, "Could not connect to the CIB: %s", result_text(rc));
        output_error(out, "Init failed, could not perform requested operations");
        code = (int)result_to_exit(rc);
    } else {
        code = call_and_report(client, &request);
        rc = cib_client_disconnect(client);
        if (rc != RC_OK && code == CRM_EX_OK) {
            output_error(out, "Could not write the CIB: %s", result_text(rc));
            code = (int)result_to_exit(rc);
        }
    }
    cib_client_free(client);
    return code;
}

/* What stands against showing permissions; CRM_EX_OK if nothing. */
static int
check_access(void)
{
    if (args.show_access && args.user == NULL) {
        output_error(out, "The supplied command requires -U user specified.");
        return CRM_EX_USAGE;
    }
    if (args.show_access && !args.force && !cib_acl_user_is_exempt(g_get_user_name())) {
        output_error(out, "The supplied command can provide skewed result since it is run under user that also gets guarded per "
                          "ACLs in their own right. To accept the risk of such a possible distortion (without even knowing it at "
                          "this time), use the --force flag.");
        return CRM_EX_UNSAFE;
    }
    return CRM_EX_OK;
}

static int
run(void)
{
    int code;
    g_autoptr(xmlNode) input = NULL;

    if (args.dangerous && !args.force) {
        output_error(out, "The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, "
                          "the --force flag is required in order to proceed.");
        return CRM_EX_UNSAFE;
    }
    args.show_access = args.show_access && strcmp(args.op, CIB_OP_QUERY) == 0; /* only what is shown has permissions */
    input = read_input();
    code = check_access();
    if (code != CRM_EX_OK) {
        return code;
    }
    if (strcmp(args.op, OP_MD5) == 0 || strcmp(args.op, OP_MD5_V2) == 0) {
        return print_digest(input);
    }
    if (strcmp(args.op, CIB_OP_REPLACE) == 0 && input != NULL && xml_is(input, "cib")
        && xml_first(input, "status") == NULL) {
        xml_new(input, "status");
    }
    if (args.show_access && cib_acl_user_is_exempt(args.user)) {
        output_error(out, "Could not evaluate access per request (%s, error: Already in requested state)", args.user);
        return CRM_EX_CONFIG;
    }
    return run_command(input);
}

int
main(int argc, char **argv)
{
    xml_memory_for_tools();
    read_arguments(argc, argv);
    log_init("cibadmin", LOG_KIND_TOOL, args.verbosity);
    open_output(argv);
    return finish(run());
}
