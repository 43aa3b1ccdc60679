/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_rule: is a rule with a date in effect at some time?  Front ends ask it before they clean constraints up.
 * Reads only.  (spec 80 §10)
 */
#include "lib/base/iso8601.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/output/tool.h"
#include "lib/rules/rules.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static struct {
    gboolean check;
    char *date, *xml_text;
    char **rules;
} options;

static const GOptionEntry modes[] = {
    { "check", 'c', 0, G_OPTION_ARG_NONE, &options.check, "Tell whether rules are in effect", NULL },
    { NULL },
};
static const GOptionEntry data_options[] = {
    { "xml-text", 'X', 0, G_OPTION_ARG_STRING, &options.xml_text,
      "Look into this XML instead of the CIB (\"-\": read it from\nstandard input)", "TEXT" },
    { NULL },
};
static const GOptionEntry additional[] = {
    { "date", 'd', 0, G_OPTION_ARG_STRING, &options.date, "Time to judge for (default: now)", "DATE" },
    { "rule", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &options.rules, "Id of a rule (may be repeated)", "ID" },
    { NULL },
};

/* --- finding --- */

/* Rules of that id below an element. */
static void
find_rules(const xmlNode *parent, const char *id, GPtrArray *found)
{
    xml_for_each(child, parent, NULL) {
        if (xml_is(child, "rule") && text_equal(xml_id(child), id)) {
            g_ptr_array_add(found, child);
        }
        find_rules(child, id, found);
    }
}

static void
find_dates(const xmlNode *parent, GPtrArray *found)
{
    xml_for_each(child, parent, NULL) {
        if (xml_is(child, "date_expression")) {
            g_ptr_array_add(found, child);
        }
        find_dates(child, found);
    }
}

/* The section of constraints, at any depth: text on the command line need not be a whole CIB. */
static const xmlNode *
find_constraints(const xmlNode *from)
{
    if (xml_is(from, "constraints")) {
        return from;
    }
    xml_for_each(child, from, NULL) {
        const xmlNode *found = find_constraints(child);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* --- judging --- */

/* A date_spec that does not match is over, or to come, if its years ("2019", "2019-2021", "2019-", "-2021") are. */
static int
judge_years(const xmlNode *spec, const struct iso_time *when)
{
    const char *years = xml_get(spec, "years");
    const char *dash = strchr(years, '-');
    long long first = text_leading_int(years);
    long long last = dash == NULL ? first : dash[1] != '\0' ? text_leading_int(dash + 1) : G_MAXINT;

    if (dash == years) {
        first = 0;
    }
    if (when->year < first) {
        return RC_BEFORE_RANGE;
    }
    return when->year > last ? RC_AFTER_RANGE : RC_OP_UNSATISFIED;
}

/* Result of one rule; *why is set if it cannot be judged. */
static int
judge(const xmlNode *root, const char *id, const struct iso_time *when, const char **why)
{
    g_autoptr(GPtrArray) rules = g_ptr_array_new();
    g_autoptr(GPtrArray) dates = g_ptr_array_new();
    const xmlNode *constraints = find_constraints(root);
    const struct rule_context context = { .now = when };
    const xmlNode *date, *spec;

    if (constraints != NULL) {
        find_rules(constraints, id, rules);
    }
    if (rules->len != 1) {
        *why = rules->len == 0 ? "Rule not found" : "Found more than one rule with matching ID";
        return rules->len == 0 ? ENXIO : ENOTUNIQ;
    }
    find_dates(g_ptr_array_index(rules, 0), dates);
    if (dates->len != 1) {
        *why = dates->len == 0 ? "Rule does not have a date expression" : "Rule has more than one date expression";
        return EOPNOTSUPP;
    }
    date = g_ptr_array_index(dates, 0);
    spec = xml_first(date, "date_spec");
    if (text_equal(xml_get(date, "operation"), "date_spec") &&
        (spec == NULL || xml_get(spec, "years") == NULL || xml_get(spec, "moon") != NULL)) {
        *why = "Rule must either not use date_spec, or use date_spec with years= but not moon=";
        return EOPNOTSUPP;
    }
    switch (rule_date_result(date, &context)) {
        case DATE_BEFORE: return RC_BEFORE_RANGE;
        case DATE_WITHIN: return RC_WITHIN_RANGE;
        case DATE_AFTER: return RC_AFTER_RANGE;
        case DATE_SATISFIED: return RC_OK;
        case DATE_UNSATISFIED: return spec != NULL ? judge_years(spec, when) : RC_OP_UNSATISFIED;
        case DATE_INVALID: break;
    }
    *why = "Error parsing rule";
    return RC_UNDETERMINED;
}

static void
show(struct output *out, const char *id, int rc, const char *why)
{
    static const struct {
        int rc;
        const char *text;
    } verdicts[] = {
        { RC_WITHIN_RANGE, "is still in effect" },   { RC_OK, "satisfies conditions" },
        { RC_AFTER_RANGE, "is expired" },            { RC_BEFORE_RANGE, "has not yet taken effect" },
        { RC_OP_UNSATISFIED, "does not satisfy conditions" },
    };

    if (output_is_structured(out)) {
        output_open_element(out, "rule-check", "rule-id", id, NULL);
        output_attr_int(out, "rc", (int)result_to_exit(rc));
        output_close_element(out);
    }
    if (why != NULL) {
        output_error(out, "Could not determine whether rule %s is in effect: %s", id, why);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(verdicts) && !output_is_structured(out); i++) {
        if (verdicts[i].rc == rc) {
            output_item(out, NULL, "Rule %s %s", id, verdicts[i].text);
        }
    }
}

/* --- the document --- */

static enum crm_exit
load(struct output *out, xmlNode **root)
{
    struct cib_client *cib;
    g_autofree char *error = NULL;
    int rc;

    if (options.xml_text != NULL) {
        bool from_stdin = strcmp(options.xml_text, "-") == 0;

        *root = from_stdin ? xml_parse_file("-", XML_PARSE_STRICT, &error)
                           : xml_parse(options.xml_text, strlen(options.xml_text), XML_PARSE_STRICT, &error);
        if (*root == NULL && from_stdin) {
            output_error(out, "crm_rule: Couldn't parse input from STDIN\n");
        } else if (*root == NULL) {
            output_error(out, "crm_rule: Couldn't parse input string: %s\n", options.xml_text);
        }
        return *root != NULL ? CRM_EX_OK : CRM_EX_DATAERR;
    }
    cib = cib_client_new();
    rc = cib_client_connect(cib, "crm_rule", CIB_ENDPOINT_QUERY, CIB_CONNECT_SYNC_ONLY);
    if (rc == RC_OK) {
        rc = cib_query(cib, NULL, CIB_OPT_LOCAL, root);
    }
    cib_client_free(cib);
    if (rc != RC_OK) {
        output_error(out, "crm_rule: CIB query failed: %s", result_text(RC_NO_INPUT));
        return CRM_EX_NOINPUT;
    }
    return CRM_EX_OK;
}

static int
run(struct output *out)
{
    struct iso_time now = iso_from_epoch(time(NULL));
    struct iso_time local = iso_to_local(&now);
    struct iso_time when = local;
    g_autoptr(xmlNode) root = NULL;
    int code;

    if (!options.check) {
        output_error(out, "crm_rule: No mode operation given");
        return CRM_EX_USAGE;
    }
    if (options.rules == NULL) {
        output_error(out, "crm_rule: --check requires use of --rule=");
        return CRM_EX_USAGE;
    }
    if (options.date != NULL && !iso_parse(options.date, &local, &when)) {
        output_error(out, "crm_rule: Invalid date specified: '%s'", options.date);
        return CRM_EX_DATAERR;
    }
    code = (int)load(out, &root);
    if (code != CRM_EX_OK) {
        return code;
    }
    for (guint i = 0; options.rules[i] != NULL; i++) {
        const char *why = NULL;
        int rc = judge(root, options.rules[i], &when, &why);

        show(out, options.rules[i], rc, why);
        if (rc != RC_OK) { /* the last rule that is more than "satisfied" decides */
            code = (int)result_to_exit(rc);
        }
    }
    return code;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    struct output *out;
    int code;

    tool_init(&tool, argv, TOOL_OUTPUT, "drX", NULL, "Judges rules of the configuration by their dates", NULL);
    tool_add_group(&tool, "modes", "Modes (mutually exclusive):", "Show modes of operation", modes);
    tool_add_group(&tool, "data", "Data:", "Show data options", data_options);
    tool_add_group(&tool, "additional", "Additional Options:", "Show additional options", additional);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    return tool_exit(&tool, out, run(out));
}
