/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_shadow: private copies of the configuration, on which all tools work as long as CIB_shadow names one.  Used by
 * administrators, crmsh and scripts.  (spec 20 §14.3)
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_schema.h"
#include "lib/output/tool.h"

static struct {
    int command;      /* letter of the last one given; 0: none */
    const char *name; /* of the copy */
    const char *active; /* CIB_shadow */
    const char *schema;
    bool force, batch, all;
    bool dangerous; /* such a command was given, whatever came after it */
    unsigned verbosity;
    char *output_as, *output_to;
} args;

enum { OUTPUT_AS = 256, OUTPUT_TO }; /* options without a letter */

static struct output *out;

static const char usage_text[] =
    "crm_shadow - try changes of the configuration on a copy of it\n"
    "\n"
    "While CIB_shadow is set to the name of a copy, cibadmin, crm_resource and all the others\n"
    "work on that copy and leave the cluster alone.\n"
    "\n"
    "Usage: crm_shadow <query>|<command> [options]\n"
    "Options:\n"
    " -?, --help\t\t\tThis text\n"
    " -$, --version\t\t\tVersion information\n"
    " -V, --verbose\t\t\tMore messages\n"
    "\n"
    "Queries:\n"
    " -w, --which\t\t\tName the copy in use\n"
    " -p, --display\t\t\tShow the copy in use\n"
    " -E, --edit\t\t\tEdit the copy in use with $EDITOR\n"
    " -d, --diff\t\t\tShow how the copy in use differs from the cluster's configuration\n"
    " -F, --file\t\t\tName the file of the copy in use\n"
    "\n"
    "Commands:\n"
    " -c, --create=NAME\t\tMake a copy of the cluster's configuration\n"
    " -e, --create-empty=NAME\tMake an empty configuration (see --validate-with)\n"
    " -C, --commit=NAME\t\tPut the configuration of a copy into force\n"
    " -D, --delete=NAME\t\tRemove a copy\n"
    " -r, --reset=NAME\t\tMake a copy anew from the cluster's configuration\n"
    " -s, --switch=NAME\t\tUse another copy\n"
    "\n"
    "Additional Options:\n"
    " -f, --force\t\t\tDo it although it is dangerous\n"
    " -b, --batch\t\t\tDo not start a shell\n"
    " -a, --all\t\t\tWith --commit: the whole CIB, status included\n"
    " -v, --validate-with=SCHEMA\tWith --create-empty: use this schema\n"
    "     --output-as=FORMAT\t\tFormat of the output: text (default), json or xml; starts no shell\n"
    "     --output-to=FILE\t\tFile to write to (\"-\" is standard output)\n"
    "\n"
    "Examples:\n"
    "\n"
    "Work on a copy of the configuration, see what changed, put it into force:\n"
    "\n"
    "\tcrm_shadow --create test\n"
    "\tcrm_shadow --diff\n"
    "\tcrm_shadow --commit test --force\n"
    "\n"
    "Begin with nothing; throw it away:\n"
    "\n"
    "\tcrm_shadow --create-empty test\n"
    "\tcrm_shadow --delete test --force\n";

static const struct option long_options[] = {
    { "help", no_argument, NULL, '?' },          { "version", no_argument, NULL, '$' },
    { "verbose", no_argument, NULL, 'V' },       { "which", no_argument, NULL, 'w' },
    { "display", no_argument, NULL, 'p' },       { "edit", no_argument, NULL, 'E' },
    { "diff", no_argument, NULL, 'd' },          { "file", no_argument, NULL, 'F' },
    { "create", required_argument, NULL, 'c' },  { "create-empty", required_argument, NULL, 'e' },
    { "commit", required_argument, NULL, 'C' },  { "delete", required_argument, NULL, 'D' },
    { "reset", required_argument, NULL, 'r' },   { "switch", required_argument, NULL, 's' },
    { "force", no_argument, NULL, 'f' },         { "batch", no_argument, NULL, 'b' },
    { "all", no_argument, NULL, 'a' },           { "validate-with", required_argument, NULL, 'v' },
    { "output-as", required_argument, NULL, OUTPUT_AS }, { "output-to", required_argument, NULL, OUTPUT_TO },
    { NULL, 0, NULL, 0 },
};

/* --- arguments --- */

static bool
open_output(char **argv, int *code)
{
    out = tool_open_named(argv, args.output_as, args.output_to);
    if (out == NULL) {
        *code = CRM_EX_ERROR;
    }
    return out != NULL;
}

static int
usage(FILE *to, int code)
{
    fputs(usage_text, to);
    return code;
}

/* True if the program shall go on; else `*code` is its exit code. */
static bool
read_arguments(int argc, char **argv, int *code)
{
    int letter;

    while (optopt = 0, (letter = getopt_long(argc, argv, "?$VwpEdFc:e:C:D:r:s:fbav:", long_options, NULL)) != -1) {
        switch (letter) {
        case 'w':
        case 'p':
        case 'E':
        case 'd':
        case 'F':
            args.command = letter;
            args.name = args.active;
            if (args.name == NULL) {
                if (open_output(argv, code)) {
                    output_error(out, "No active shadow configuration defined");
                    *code = CRM_EX_NOSUCH;
                }
                return false;
            }
            break;
        case 'c':
        case 'e':
        case 'C':
        case 'D':
        case 'r':
        case 's':
            args.command = letter;
            args.name = optarg;
            args.dangerous |= letter == 'C' || letter == 'D';
            break;
        case 'f':
            args.force = true;
            break;
        case 'b':
            args.batch = true;
            break;
        case 'a':
            args.all = true;
            break;
        case 'v':
            args.schema = optarg;
            break;
        case 'V':
            args.verbosity++;
            break;
        case '$':
            if (open_output(argv, code)) {
                tool_print_version(out);
                *code = CRM_EX_OK;
            }
            return false;
        case OUTPUT_AS:
            args.output_as = optarg;
            break;
        case OUTPUT_TO:
            args.output_to = optarg;
            break;
        default:
            /* getopt answers '?' for errors, too, and then says so itself */
            if (optopt == 0 && (strcmp(argv[optind - 1], "-?") == 0 || strcmp(argv[optind - 1], "--help") == 0)) {
                *code = usage(stdout, CRM_EX_OK);
            } else {
                *code = usage(stderr, CRM_EX_USAGE);
            }
            return false;
        }
    }
    if (optind < argc) {
        fputs("non-option ARGV-elements: ", stdout);
        while (optind < argc) {
            printf("%s ", argv[optind++]);
        }
        putchar('\n');
        *code = usage(stderr, CRM_EX_USAGE);
        return false;
    }
    if (argc < 2) {
        *code = usage(stderr, CRM_EX_USAGE);
        return false;
    }
    return true;
}

/* --- the shell around --- */

static char *
prompt_of(const char *name)
{
    return g_strdup_printf("shadow[%s] # ", name);
}

static bool
is_in_shell_of(const char *name)
{
    g_autofree char *prompt = prompt_of(name);

    return text_equal(getenv("PS1"), prompt);
}

/* The caller's shell shall work on this copy: start one, or say how. */
static int
set_up(const char *name, bool is_switch)
{
    const char *shell = getenv("SHELL");
    g_autofree char *prompt = prompt_of(name);

    output_line(out, "Setting up shadow instance");
    if (is_in_shell_of(name) || output_is_structured(out)) {
        return CRM_EX_OK;
    }
    if (!args.batch && shell != NULL) {
        output_line(out, "Type Ctrl-D to exit the crm_shadow shell");
        output_flush(out);
        setenv("PS1", prompt, 1);
        setenv("CIB_shadow", name, 1);
        if (strstr(shell, "bash") != NULL) {
            execl(shell, shell, "--norc", "--noprofile", (char *)NULL);
        } else {
            execl(shell, shell, (char *)NULL);
        }
        log_err("Could not start the shell %s: %s", shell, strerror(errno));
    } else if (is_switch) {
        output_line(out, "To switch to the named shadow instance, paste the following into your shell:");
    } else {
        output_line(out, "A new shadow instance was created.  To begin using it paste the following into your shell:");
    }
    output_info(out, "  CIB_shadow=%s ; export CIB_shadow", name);
    return CRM_EX_OK;
}

static void
tear_down(const char *name)
{
    if (is_in_shell_of(name)) {
        output_line(out, "Now type Ctrl-D to exit the crm_shadow shell");
    } else {
        output_line(out, "Please remember to unset the CIB_shadow variable by pasting the following into your shell:\n"
             "  unset CIB_shadow");
    }
}

/* --- documents --- */

/* Connected to the real CIB (of the cluster, or CIB_file), or NULL and an exit code. */
static struct cib_client *
connect_to_real(int *code)
{
    struct cib_client *c;
    int rc;

    unsetenv("CIB_shadow");
    c = cib_client_new();
    rc = cib_client_connect(c, "crm_shadow", CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY);
    if (rc != RC_OK) {
        output_error(out, "Could not connect to CIB: %s", result_text(rc));
        *code = (int)result_to_exit(rc);
        cib_client_free(c);
        return NULL;
    }
    return c;
}

static xmlNode *
query_real(int *code)
{
    struct cib_client *c = connect_to_real(code);
    xmlNode *cib = NULL;
    int rc;

    if (c == NULL) {
        return NULL;
    }
    rc = cib_query(c, NULL, CIB_OPT_NONE, &cib);
    if (rc != RC_OK) {
        output_error(out, "Could not query the CIB: %s", result_text(rc));
        *code = (int)result_to_exit(rc);
    }
    cib_client_free(c);
    return cib;
}

static int
write_copy(const char *path, const xmlNode *cib)
{
    g_autofree char *text = xml_to_text(cib, XML_TEXT_FORMATTED);
    size_t length = strlen(text), done = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640), rc = RC_OK;

    if (fd < 0) {
        rc = errno;
    }
    while (rc == RC_OK && done < length) {
        ssize_t n = write(fd, text + done, length - done);

        if (n < 0 && errno != EINTR) {
            rc = errno;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0 && (fsync(fd) != 0 || close(fd) != 0) && rc == RC_OK) {
        rc = errno;
    }
    if (rc != RC_OK) {
        output_error(out, "Could not %s the shadow instance '%s': %s", args.command == 'r' ? "reset" : "create", args.name,
                result_text(rc));
    }
    return rc;
}

static xmlNode *
read_copy(const char *path, int *code)
{
    g_autofree char *error = NULL;
    xmlNode *cib = xml_parse_file(path, XML_PARSE_LENIENT, &error);

    if (cib == NULL) {
        output_error(out, "Could not read the shadow instance '%s': %s", args.name, error);
        *code = CRM_EX_DATAERR;
    }
    return cib;
}

/* --- commands --- */

static int
create(const char *path)
{
    int code = CRM_EX_OK, rc;
    g_autoptr(xmlNode) cib = NULL;

    if (args.command == 'e') {
        struct cib_schemas *schemas = cib_schemas_new(NULL);

        cib = cib_empty_new(args.schema != NULL ? args.schema : cib_schema_default(schemas), 0);
        output_info(out, "Created new %s configuration", xml_get(cib, CIB_A_VALIDATE_WITH));
        cib_schemas_free(schemas);
    } else if ((cib = query_real(&code)) == NULL) {
        return code;
    }
    rc = write_copy(path, cib);
    return rc == RC_OK ? set_up(args.name, false) : (int)result_to_exit(rc);
}

static int
commit(const char *path)
{
    int code = CRM_EX_OK, rc;
    g_autoptr(xmlNode) copy = read_copy(path, &code);
    const xmlNode *input = copy;
    struct cib_client *c = copy != NULL ? connect_to_real(&code) : NULL;

    if (c == NULL) {
        return code;
    }
    if (!args.all) {
        input = xml_first(copy, "configuration");
    }
    rc = cib_replace(c, args.all ? NULL : "configuration", input, CIB_OPT_NONE);
    if (rc == RC_OK) {
        rc = cib_client_disconnect(c);
    }
    cib_client_free(c);
    if (rc != RC_OK) {
        output_error(out, "Could not commit shadow instance '%s' to the CIB: %s", args.name, result_text(rc));
        return (int)result_to_exit(rc);
    }
    tear_down(args.name);
    return CRM_EX_OK;
}

static int
show_difference(const char *path)
{
    int code = CRM_EX_OK;
    g_autoptr(xmlNode) real = query_real(&code), copy = NULL;
    g_autoptr(xmlNode) patch = NULL;
    g_autofree char *text = NULL;
    struct cib_doc *d;
    struct cib_version source;
    int format;

    if (real == NULL || (copy = read_copy(path, &code)) == NULL) {
        return code;
    }
    source = cib_version_of(real);
    format = cib_patch_format_for(xml_get(real, CIB_A_FEATURE_SET));
    d = cib_doc_new_take(xml_copy(NULL, real));
    cib_doc_begin(d);
    cib_doc_replace(d, d->root, copy);
    if (d->dirty) {
        patch = format == 1 ? cib_patch_v1_new(real, d->root, true) : cib_patch_new(d, &source, NULL, true);
    }
    cib_doc_commit(d);
    cib_doc_free(d);
    if (patch == NULL) {
        return CRM_EX_OK;
    }
    xml_remove(patch, CIB_F_DIGEST); /* format 1 always has one */
    text = cib_patch_to_text(patch);
    if (output_is_structured(out)) {
        output_document(out, patch);
    } else {
        output_xml_text(out, "document", text);
    }
    return CRM_EX_ERROR;
}

static int
edit(const char *path)
{
    const char *editor = getenv("EDITOR");
    pid_t child = -1;
    int status = 0;

    if (editor == NULL) {
        output_error(out, "No value for EDITOR defined");
        return CRM_EX_NOT_CONFIGURED;
    }
    if (output_is_structured(out)) {
        child = fork(); /* what is printed comes after the editor */
    }
    if (child > 0 && waitpid(child, &status, 0) == child) {
        return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CRM_EX_OK : CRM_EX_ERROR;
    }
    execlp(editor, "--", path, (char *)NULL);
    if (child == 0) {
        _exit(127);
    }
    output_error(out, "Could not invoke EDITOR (%s %s): %s", editor, path, strerror(errno));
    return CRM_EX_OSFILE;
}

static int
display(const char *path)
{
    int code = CRM_EX_OK;
    g_autoptr(xmlNode) cib = read_copy(path, &code);

    if (cib != NULL) {
        output_document(out, cib);
    }
    return code;
}

static int
remove_copy(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT) {
        int rc = errno;

        output_error(out, "Could not remove shadow instance '%s': %s", args.name, strerror(rc));
        return (int)result_to_exit(rc);
    }
    tear_down(args.name);
    return CRM_EX_OK;
}

/* --- */

static const char force_needed[] =
    "To prevent accidental destruction of the cluster, the --force flag is required in order to proceed.";

/* What stands against the command; CRM_EX_OK if nothing. */
static int
check(const char *path)
{
    bool needs_file = strchr("pEdCrs", args.command) != NULL;
    bool is_there = access(path, F_OK) == 0;
    int error = errno;

    if (strchr("eCDr", args.command) != NULL && args.active != NULL && strcmp(args.name, args.active) != 0 && !args.force) {
        output_error(out, "The supplied shadow instance (%s) is not the same as the active one (%s).\n  %s", args.name, args.active,
                force_needed);
        return CRM_EX_USAGE;
    }
    if (args.dangerous && !args.force) {
        output_error(out, "The supplied command is considered dangerous.  %s", force_needed);
        return CRM_EX_USAGE;
    }
    if (needs_file && !is_there) {
        output_error(out, "Could not access shadow instance '%s': %s", args.name, strerror(error));
        return CRM_EX_NOSUCH;
    }
    if (strchr("ce", args.command) != NULL && is_there && !args.force) {
        output_error(out, "A shadow instance '%s' already exists.\n  %s", args.name, force_needed);
        return CRM_EX_CANTCREAT;
    }
    return CRM_EX_OK;
}

static int
run(const char *path)
{
    switch (args.command) {
    case 'F':
        output_line(out, path);
        return CRM_EX_OK;
    case 'p':
        return display(path);
    case 'E':
        return edit(path);
    case 'd':
        return show_difference(path);
    case 'C':
        return commit(path);
    case 'D':
        return remove_copy(path);
    case 's':
        return set_up(args.name, true);
    default: /* c e r */
        return create(path);
    }
}

static int
obey(void)
{
    g_autofree char *path = NULL;
    int code;

    if (args.name == NULL) {
        output_error(out, "No shadow instance provided");
        return CRM_EX_NOSUCH;
    }
    path = cib_shadow_path(args.name);
    output_element(out, "shadow", "instance", args.name, "file", path, NULL);
    if (args.command == 'w') {
        output_line(out, args.name);
        return CRM_EX_OK;
    }
    code = check(path);
    return code == CRM_EX_OK ? run(path) : code;
}

int
main(int argc, char **argv)
{
    g_autofree char *active = g_strdup(getenv("CIB_shadow"));
    int code = CRM_EX_OK;

    args.active = active;
    if (read_arguments(argc, argv, &code)) {
        log_init("crm_shadow", LOG_KIND_TOOL, args.verbosity);
        if (open_output(argv, &code)) {
            code = obey();
        }
    }
    if (out != NULL) {
        output_finish(out, code);
        output_close(out);
    }
    return code;
}
