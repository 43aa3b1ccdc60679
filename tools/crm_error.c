/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_error: what a result code means.  Pure: reads tables of lib/base/result.h, talks to nobody.  (spec 80 §12)
 */
#include "lib/base/result.h"
#include "lib/output/tool.h"

#include <limits.h>
#include <string.h>

/* How the numbers on the command line are meant. */
enum numbering { LEGACY, STANDARD, EXIT_CODE };

static struct {
    gboolean name, list, as_exit, as_rc;
} options;

static const GOptionEntry entries[] = {
    { "name", 'n', 0, G_OPTION_ARG_NONE, &options.name, "Show the symbolic name with the description", NULL },
    { "list", 'l', 0, G_OPTION_ARG_NONE, &options.list, "List all known codes (as without any code)", NULL },
    { "exit", 'X', 0, G_OPTION_ARG_NONE, &options.as_exit, "Codes are exit codes of programs", NULL },
    { "rc", 'r', 0, G_OPTION_ARG_NONE, &options.as_rc, "Codes are standard return codes", NULL },
    { NULL },
};

struct code {
    int number;
    const char *name, *text;
};

/* "Unknown" where it has no name. */
static struct code
look_up(enum numbering numbering, int number)
{
    struct code c = { .number = number };

    switch (numbering) {
        case EXIT_CODE:
            c.name = crm_exit_name(number);
            c.text = crm_exit_text(number);
            break;
        case STANDARD:
            c.name = result_name(number);
            c.text = result_text(number);
            break;
        case LEGACY:
            c.name = legacy_name(number);
            c.text = legacy_text(number);
            break;
    }
    return c;
}

static void
show(struct output *out, const struct code *c, bool with_code, bool with_name)
{
    if (output_is_structured(out)) {
        output_open_plain(out, "result-code");
        output_attr_int(out, "code", c->number);
        output_attr(out, "name", with_name ? c->name : NULL);
        output_attr(out, "description", c->text);
        output_close_element(out);
    } else if (with_code && with_name) {
        output_item(out, NULL, "%5d: %-26s  %s", c->number, c->name, c->text);
    } else if (with_code) {
        output_item(out, NULL, "%5d: %s", c->number, c->text);
    } else if (with_name) {
        output_item(out, NULL, "%s - %s", c->name, c->text);
    } else {
        output_item(out, NULL, "%s", c->text);
    }
}

static void
list_all(struct output *out, enum numbering numbering)
{
    static const struct {
        int first, last;
    } ranges[] = {
        [LEGACY] = { 0, -LEGACY_UNKNOWN_FORMAT },
        [STANDARD] = { RC_DUPLICATE_ID, EHWPOISON },
        [EXIT_CODE] = { 0, CRM_EX_MAX },
    };

    for (int i = ranges[numbering].first; i <= ranges[numbering].last; i++) {
        struct code c = look_up(numbering, i);

        if (strcmp(c.name, "Unknown") != 0 && strcmp(c.name, crm_exit_name(CRM_EX_MAX)) != 0) {
            show(out, &c, true, options.name);
        }
    }
}

/* A word that is no number is an error of its own kind in every numbering. */
static int
parse_code(const char *word)
{
    char *end = NULL;
    long long value = g_ascii_strtoll(word, &end, 10);

    return (end == word || value > INT_MAX || value < INT_MIN) ? INT_MIN : (int)value;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    struct output *out;
    int code;

    tool_init(&tool, argv, TOOL_OUTPUT, "", "[-- <rc> [<rc>...]]",
              "Tells what result codes of the cluster software mean", NULL);
    tool_add_options(&tool, entries);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }

    enum numbering numbering = options.as_exit ? EXIT_CODE : options.as_rc ? STANDARD : LEGACY;

    if (options.list || tool.argc < 2) {
        list_all(out, numbering);
        return tool_exit(&tool, out, CRM_EX_OK);
    }
    for (int i = 1; i < tool.argc; i++) {
        if (strcmp(tool.argv[i], "--") == 0) {
            continue; /* GOption leaves it there before negative numbers */
        }

        struct code c = look_up(numbering, parse_code(tool.argv[i]));

        show(out, &c, tool.verbosity > 0, options.name);
    }
    return tool_exit(&tool, out, CRM_EX_OK);
}
