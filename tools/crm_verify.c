/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_verify: is a configuration valid, and would the scheduler complain about it?  Reads one document, changes
 * nothing.  (spec 42 §14, spec 40 §11)
 */
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_schema.h"
#include "lib/output/colour.h"
#include "lib/output/tool.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/model/model.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct {
    gboolean live, pipe;
    char *file, *text, *save;
} o;

static const GOptionEntry data_entries[] = {
    {"live-check", 'L', 0, G_OPTION_ARG_NONE, &o.live, "Check the configuration that the cluster uses", NULL},
    {"xml-file", 'x', 0, G_OPTION_ARG_FILENAME, &o.file, "Check the configuration in a file", "FILE"},
    {"xml-pipe", 'p', 0, G_OPTION_ARG_NONE, &o.pipe, "Check the configuration on standard input", NULL},
    {"xml-text", 'X', 0, G_OPTION_ARG_STRING, &o.text, "Check the configuration given as XML text", "XML"},
    {NULL},
};

static const GOptionEntry additional_entries[] = {
    {"save-xml", 'S', 0, G_OPTION_ARG_FILENAME, &o.save, "Also write what was checked to a file", "FILE"},
    {NULL},
};

static const char description[] = "Examples:\n\n"
                                  "Check the configuration of the running cluster:\n\n\tcrm_verify --live-check\n\n"
                                  "Check a file, and say what is wrong with it:\n\n"
                                  "\tcrm_verify --xml-file file.xml --verbose\n";

struct verify {
    struct tool tool;
    struct output *out;
    bool errors, warnings;
};

/* --- input --- */

static int
read_live(struct verify *v, xmlNode **cib)
{
    struct cib_client *c = cib_client_new();
    int rc = cib_client_connect(c, "crm_verify", CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY);

    if (rc == RC_OK) {
        rc = cib_query(c, NULL, CIB_OPT_NONE, cib);
    }
    cib_client_free(c);
    if (rc != RC_OK) {
        output_error(v->out, "crm_verify: CIB query failed: %s", result_text(rc));
        return CRM_EX_NOINPUT;
    }
    return CRM_EX_OK;
}

/* The peers say where it stops being XML in words of libxml2, and only if asked for more. */
static int
not_xml(const struct verify *v, const char *why)
{
    output_error(v->out, "crm_verify: %s", why);
    return CRM_EX_ERROR;
}

static int
read_input(struct verify *v, xmlNode **cib)
{
    g_autofree char *why = NULL;

    if (o.live) {
        return read_live(v, cib);
    }
    if (o.file != NULL) {
        *cib = xml_parse_file(o.file, XML_PARSE_STRICT, &why);
        if (*cib == NULL) {
            output_error(v->out, "crm_verify: Couldn't parse input file: %s", o.file);
            return not_xml(v, why);
        }
    } else if (o.text != NULL) {
        *cib = xml_parse(o.text, strlen(o.text), XML_PARSE_STRICT, &why);
        if (*cib == NULL) {
            output_error(v->out, "crm_verify: Couldn't parse input string: %s", o.text);
            return not_xml(v, why);
        }
    } else if (o.pipe) {
        *cib = xml_parse_file("-", XML_PARSE_STRICT, &why);
        if (*cib == NULL) {
            output_error(v->out, "crm_verify: Couldn't parse input from STDIN.");
            return not_xml(v, why);
        }
    } else {
        output_error(v->out, "crm_verify: No configuration source specified.  Use --help for usage information.");
        return CRM_EX_ERROR;
    }
    return CRM_EX_OK;
}

static int
save_input(const struct verify *v, const xmlNode *cib)
{
    g_autofree char *text = NULL;
    FILE *f;

    if (o.save == NULL) {
        return CRM_EX_OK;
    }
    text = xml_to_text(cib, XML_TEXT_FORMATTED);
    f = fopen(o.save, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0) {
        output_error(v->out, "crm_verify: Couldn't write to %s: %s", o.save, strerror(errno));
        return CRM_EX_CANTCREAT;
    }
    return CRM_EX_OK;
}

/* --- checks --- */

static void
complain(void *data, int line, const char *element, const char *text)
{
    const char *origin = o.file ? o.file : o.live ? "live CIB" : "input";

    if (line > 0) {
        fprintf(stderr, "%s:%d: %s\n", origin, line, text);
    } else {
        fprintf(stderr, "%s: %s\n", origin, text);
    }
}

static void
print_message(const struct verify *v, const char *origin, enum sched_severity severity, const char *text)
{
    static const struct {
        const char *word, *colour;
        unsigned needed;
    } levels[] = { [MSG_CRITICAL] = { "crit", "warning", 1 }, [MSG_ERROR] = { "error", "warning", 1 },
                   [MSG_WARNING] = { "warning", "pending", 2 }, [MSG_NOTICE] = { "notice", "pending", 3 },
                   [MSG_INFO] = { "info", "pending", 4 } };

    if (v->tool.verbosity >= levels[severity].needed) {
        /* Extended information follows after a bar. */
        g_autofree char *line = g_strdelimit(g_strdup(text), QB_XS, '|');
        const char *colour = colour_wanted(stderr) ? colour_begin(levels[severity].colour) : NULL;

        fprintf(stderr, "(%s) \t%s%s%s: %s\n", origin ? origin : "main", colour ? colour : "", levels[severity].word,
                colour ? COLOUR_END : "", line);
    }
}

/* What the upgrade of an old document changes. */
static void
tell_upgrade(void *data, int priority, const char *text)
{
    const struct verify *v = data;

    if (priority <= LOG_INFO || v->tool.verbosity > 0) {
        fprintf(stderr, "%s\n", text);
    }
}

/* Valid in its own schema, and brought to the newest one. */
static void
check_schema(struct verify *v, xmlNode **cib)
{
    struct cib_schemas *schemas = cib_schemas_new(NULL);
    const char *name = xml_get(*cib, "validate-with");
    int best, rc;

    if (cib_schema_latest(schemas) < 0) {
        cib_schemas_free(schemas);
        return;
    }
    if (text_equal_nocase(name, CIB_SCHEMA_NONE)) {
        fputs("Schema validation of configuration is disabled"
              " (enabling is encouraged and prevents common misconfigurations)\n", stderr);
    } else if (!cib_schema_accepts(schemas, name ? name : cib_schema_default(schemas), *cib, complain, NULL)) {
        print_message(v, "main", MSG_ERROR, "CIB did not pass schema validation");
        v->errors = true;
    } else {
        cib_schemas_on_upgrade_message(schemas, tell_upgrade, v);
        rc = cib_schema_upgrade(schemas, cib, NULL, &best);
        if (rc != RC_OK && rc != RC_SCHEMA_UNCHANGED) {
            print_message(v, "main", MSG_ERROR, "Cannot upgrade configuration to the newest schema");
            v->errors = true;
        }
    }
    cib_schemas_free(schemas);
}

static void
check_by_scheduler(struct verify *v, const xmlNode *cib, bool had_status)
{
    unsigned flags = SCHED_QUIET | (had_status || o.live ? 0 : SCHED_CONFIG_ONLY);
    struct sched *s = sched_new(cib, (int64_t) time(NULL), flags);

    if ((flags & SCHED_CONFIG_ONLY) == 0) {
        sched_run(s);
    }
    for (unsigned i = 0; i < s->messages.len; i++) {
        const struct sched_message *m = &s->messages.items[i];

        if (m->severity <= MSG_WARNING) {
            print_message(v, m->origin, m->severity, m->text);
        }
    }
    v->errors |= s->config_error;
    v->warnings |= s->config_warning;
    sched_actions_free(s);
    sched_free(s);
}

static int
verify(struct verify *v)
{
    xmlNode *cib = NULL;
    int rc = read_input(v, &cib);
    bool had_status;

    if (rc == CRM_EX_OK && !xml_is(cib, "cib")) {
        output_error(v->out, "crm_verify: This tool can only check complete configurations"
                             " (i.e. those starting with <cib>).");
        rc = CRM_EX_PROTOCOL;
    }
    if (rc == CRM_EX_OK) {
        rc = save_input(v, cib);
    }
    if (rc == CRM_EX_OK) {
        had_status = xml_first(cib, "status") != NULL;
        if (!had_status) {
            xml_new(cib, "status");
        }
        check_schema(v, &cib);
        check_by_scheduler(v, cib, had_status);
        if (v->errors || v->warnings) {
            rc = CRM_EX_CONFIG;
            output_error(v->out, "crm_verify: %s%s",
                         v->errors ? "Errors found during check: config not valid"
                                   : "Warnings found during check: config may not be valid",
                         v->tool.verbosity > 0 ? "" : "\n-V may provide more details");
        }
    }
    xml_free(cib);
    return rc;
}

int
main(int argc, char **argv)
{
    struct verify v = {.out = NULL};
    int code;

    tool_init(&v.tool, argv, TOOL_OUTPUT, "xSX", NULL,
              "crm_verify - check a configuration for problems before or while the cluster uses it", description);
    tool_add_group(&v.tool, "data", "Data sources:", "Show data options", data_entries);
    tool_add_group(&v.tool, "additional", "Additional options:", "Show additional options", additional_entries);
    v.out = tool_start(&v.tool, 0, &code);
    if (v.out == NULL) {
        return code;
    }
    log_init("crm_verify", LOG_KIND_TOOL, 0);
    return tool_exit(&v.tool, v.out, verify(&v));
}
