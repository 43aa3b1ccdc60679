/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Option handling common to the command-line tools, over GOption.  Called by tools' main().
 */
#include "lib/output/tool.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the command line as typed --- */

static char *
join_request(char *const *argv)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; argv[i] != NULL; i++) {
        if (i > 0) {
            g_string_append_c(text, ' ');
        }
        if (strchr(argv[i], ' ') == NULL) {
            g_string_append(text, argv[i]);
            continue;
        }
        g_string_append_c(text, '\'');
        for (const char *p = argv[i]; *p != '\0'; p++) {
            if (*p == '\'') {
                g_string_append_c(text, '\\');
            }
            g_string_append_c(text, *p);
        }
        g_string_append_c(text, '\'');
    }
    return g_string_free(text, FALSE);
}

/* --- short options --- */

/* "-5", "-42": a negative number, not options. */
static bool
is_negative_number(const char *arg)
{
    const char *p = arg + 1;

    if (*p < '1' || *p > '9') {
        return false;
    }
    while (g_ascii_isdigit(*p)) {
        p++;
    }
    return *p == '\0';
}

/*
 * An argument for GOption, which drops what it has read from the vector without freeing it.  The strings live as
 * long as the program, as its original arguments do.
 */
static void
add_argument(GPtrArray *to, char *arg)
{
    static GPtrArray *kept = NULL;

    if (kept == NULL) {
        kept = g_ptr_array_new();
    }
    g_ptr_array_add(kept, arg);
    g_ptr_array_add(to, arg);
}

/* "-rA" becomes "-r", "A" if r takes a value, else "-r", "-A". */
static bool
explode(GPtrArray *to, const char *cluster, const char *value_letters)
{
    for (const char *p = cluster; *p != '\0'; p++) {
        add_argument(to, g_strdup_printf("-%c", *p));
        if (strchr(value_letters, *p) != NULL) {
            if (p[1] != '\0') {
                add_argument(to, g_strdup(p + 1));
                return false;
            }
            return true; /* the next argument is its value */
        }
    }
    return false;
}

/*
 * Rewrite short options so that GOption reads them as getopt would (spec 80 §2.1): values may be glued to their
 * letter, and the argument behind a letter with value is taken as it is.
 */
static char **
normalize_arguments(char *const *argv, const char *value_letters)
{
    GPtrArray *to = g_ptr_array_new();
    bool verbatim = false;
    bool only_words = false;

    for (int i = 0; argv[i] != NULL; i++) {
        const char *arg = argv[i];

        if (i == 0 || only_words || verbatim || arg[0] != '-' || arg[1] == '\0') {
            verbatim = false;
            add_argument(to, g_strdup(arg));
        } else if (arg[1] == '-') {
            only_words = arg[2] == '\0';
            add_argument(to, g_strdup(arg));
        } else if (is_negative_number(arg)) {
            add_argument(to, g_strdup(arg));
        } else {
            verbatim = explode(to, arg + 1, value_letters);
        }
    }
    g_ptr_array_add(to, NULL);
    return (char **)g_ptr_array_free(to, FALSE);
}

/* --- options --- */

static gboolean
count_verbose(const char *option, const char *value, void *data, GError **error)
{
    struct tool *t = data;

    t->verbosity++;
    return TRUE;
}

static bool
is_ascii(char **words)
{
    for (; *words != NULL; words++) {
        if (!g_str_is_ascii(*words)) {
            return false;
        }
    }
    return true;
}

/*
 * GLib converts each value from the locale's character set, for which it opens and maps the tables of iconv.  Where there is
 * nothing to convert, values are taken as they are, like file names.
 */
static void
add_entries(const struct tool *t, GOptionGroup *group, const GOptionEntry *entries)
{
    unsigned n = 0;
    g_autofree GOptionEntry *plain = NULL;

    while (entries[n].long_name != NULL) {
        n++;
    }
    plain = g_memdup2(entries, (n + 1) * sizeof(*entries));
    for (unsigned i = 0; t->plain_arguments && i < n; i++) {
        if (plain[i].arg == G_OPTION_ARG_STRING) {
            plain[i].arg = G_OPTION_ARG_FILENAME;
        } else if (plain[i].arg == G_OPTION_ARG_STRING_ARRAY) {
            plain[i].arg = G_OPTION_ARG_FILENAME_ARRAY;
        } else if (plain[i].arg == G_OPTION_ARG_CALLBACK && !(plain[i].flags & G_OPTION_FLAG_NO_ARG)) {
            plain[i].flags |= G_OPTION_FLAG_FILENAME;
        }
    }
    g_option_group_add_entries(group, plain);
}

static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

void
tool_init(struct tool *t, char **argv, unsigned flags, const char *value_letters, const char *usage,
          const char *summary, const char *description)
{
    xml_memory_for_tools();
    setlocale(LC_ALL, "");
    memset(t, 0, sizeof(*t));
    t->name = last_part(argv[0]);
    g_set_prgname(t->name);
    t->flags = flags;
    t->value_letters = value_letters;
    t->request = join_request(argv);
    t->argv = normalize_arguments(argv, value_letters);
    t->plain_arguments = is_ascii(argv);
    t->context = g_option_context_new(usage);
    g_option_context_set_summary(t->context, summary);
    g_option_context_set_description(t->context, description);
    t->main_group = g_option_group_new(NULL, "Application Options:", "Show the options", t, NULL);

    const GOptionEntry common[] = {
        { "version", '$', 0, G_OPTION_ARG_NONE, &t->version, "Print the version and exit", NULL },
        { "verbose", 'V', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)count_verbose,
          "Log more to standard error (may be repeated)", NULL },
        { (flags & TOOL_QUIET) ? "quiet" : NULL, 'Q', 0, G_OPTION_ARG_NONE, &t->quiet,
          "Print only what is essential", NULL },
        { NULL },
    };

    add_entries(t, t->main_group, common);

    if (flags & TOOL_OUTPUT) {
        const char *formats = (flags & TOOL_CONSOLE) ? "Format of the output: console (default), html, json, text, xml or\nopenmetrics"
                              : (flags & TOOL_HTML)  ? "Format of the output: text (default), html, json or xml"
                                                     : "Format of the output: text (default), json or xml";
        const GOptionEntry output[] = {
            { "output-as", 0, 0, G_OPTION_ARG_STRING, &t->output_as, formats, "FORMAT" },
            { "output-to", 0, 0, G_OPTION_ARG_STRING, &t->output_to,
              "File to write to (\"-\" is standard output)", "DEST" },
            { "text-fancy", 0, 0, G_OPTION_ARG_NONE, &t->text_fancy,
              "Text with titles and indentation", NULL },
            { "xml-simple-list", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &t->xml_simple_list,
              "XML lists as elements of their own", NULL },
            { "xml-legacy", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &t->xml_legacy,
              "XML in the old frame", NULL },
            { "xml-substitute", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &t->xml_substitute,
              "XML with short element names", NULL },
            { NULL },
        };
        const GOptionEntry html[] = {
            { "html-cgi", 0, 0, G_OPTION_ARG_NONE, &t->html_cgi, "Begin HTML with a CGI header", NULL },
            { "html-stylesheet", 0, 0, G_OPTION_ARG_STRING, &t->html_stylesheet,
              "Style sheet that the page links to", "URI" },
            { "html-title", 0, 0, G_OPTION_ARG_STRING, &t->html_title, "Title of the page", "TITLE" },
            { NULL },
        };

        GOptionGroup *group = g_option_group_new("output", "Output Options:", "Show output options", t, NULL);

        add_entries(t, group, output);
        if (flags & TOOL_HTML) {
            add_entries(t, group, html);
        }
        g_option_context_add_group(t->context, group);
    }
}

void
tool_add_group(struct tool *t, const char *name, const char *heading, const char *help,
               const GOptionEntry *entries)
{
    tool_add_group_data(t, name, heading, help, entries, t);
}

void
tool_add_group_data(struct tool *t, const char *name, const char *heading, const char *help,
                    const GOptionEntry *entries, void *data)
{
    GOptionGroup *group = g_option_group_new(name, heading, help, data, NULL);

    add_entries(t, group, entries);
    g_option_context_add_group(t->context, group);
}

void
tool_add_options(struct tool *t, const GOptionEntry *entries)
{
    add_entries(t, t->main_group, entries);
}

static unsigned
count_separators(char *const *argv)
{
    unsigned n = 0;

    for (; *argv != NULL; argv++) {
        n += strcmp(*argv, "--") == 0;
    }
    return n;
}

/* GLib sometimes leaves the "--" that ended the options among the words, where it means nothing. */
static void
drop_separator(struct tool *t)
{
    for (int i = 1; i < t->argc; i++) {
        if (strcmp(t->argv[i], "--") == 0) {
            memmove(&t->argv[i], &t->argv[i + 1], (size_t)(t->argc - i) * sizeof(*t->argv));
            t->argc--;
            return;
        }
    }
}

bool
tool_parse(struct tool *t)
{
    unsigned separators = count_separators(t->argv);
    g_autoptr(GError) error = NULL;

    g_option_context_set_main_group(t->context, t->main_group);
    t->argc = (int)g_strv_length(t->argv);
    if (!g_option_context_parse(t->context, &t->argc, &t->argv, &error)) {
        fprintf(stderr, "%s: %s\n", t->name, error->message);
        return false;
    }
    if (separators > 0 && count_separators(t->argv) == separators) {
        drop_separator(t);
    }
    if (t->verbosity > 0) {
        log_init(t->name, LOG_KIND_TOOL, t->verbosity);
    }
    return true;
}

int
tool_choose(const struct tool_choice *choices, unsigned n, const char *option, int otherwise)
{
    for (unsigned i = 0; i < n; i++) {
        if (text_equal(option, choices[i].letter) || text_equal(option, choices[i].word)) {
            return choices[i].command;
        }
    }
    return otherwise;
}

char *
tool_help(const struct tool *t)
{
    return g_option_context_get_help(t->context, TRUE, NULL);
}

/* --- output --- */

bool
tool_format(const struct tool *t, const char *name, enum output_format *format)
{
    if (strcmp(name, "text") == 0) {
        *format = OUTPUT_TEXT;
    } else if (strcmp(name, "xml") == 0) {
        *format = OUTPUT_XML;
    } else if (strcmp(name, "json") == 0) {
        *format = OUTPUT_JSON;
    } else if (strcmp(name, "none") == 0) {
        *format = OUTPUT_NONE;
    } else if (strcmp(name, "html") == 0 && (t->flags & TOOL_HTML)) {
        *format = OUTPUT_HTML;
    } else {
        return false;
    }
    return true;
}

void
tool_output_config(const struct tool *t, struct output_config *config)
{
    config->dest = t->output_to;
    config->request = t->request;
    config->program = t->name;
    config->title = t->html_title;
    config->stylesheet = t->html_stylesheet;
    config->flags |= (t->text_fancy ? OUTPUT_FANCY : 0) | (t->html_cgi ? OUTPUT_CGI : 0) |
                     (t->xml_simple_list ? OUTPUT_SIMPLE_LISTS : 0) | (t->xml_legacy ? OUTPUT_LEGACY : 0) |
                     (t->xml_substitute ? OUTPUT_SUBSTITUTE : 0) | (t->quiet ? OUTPUT_QUIET : 0);
}

void
tool_export_format(enum output_format format)
{
    static const char *const names[] = { [OUTPUT_TEXT] = "text",       [OUTPUT_XML] = "xml",
                                         [OUTPUT_HTML] = "html",       [OUTPUT_CONSOLE] = "console",
                                         [OUTPUT_NONE] = "none",       [OUTPUT_JSON] = "json" };

    setenv("OCF_OUTPUT_FORMAT", names[format], 1);
}

struct output *
tool_open_output(struct tool *t, unsigned flags)
{
    const char *name = t->output_as != NULL ? t->output_as : "text";
    struct output_config config = { .flags = flags };
    struct output *out = NULL;
    int rc = 0;

    if (!tool_format(t, name, &config.format)) {
        fprintf(stderr, "%s: Error creating output format %s: %s\n", t->name, name,
                result_text(RC_UNKNOWN_FORMAT));
        return NULL;
    }
    tool_output_config(t, &config);
    out = output_open(&config, &rc);
    if (out == NULL) {
        fprintf(stderr, "%s: Error creating output format %s: %s\n", t->name, name, result_text(rc));
        return NULL;
    }
    tool_export_format(config.format);
    return out;
}

/* Value of a long option that may stand anywhere; NULL if it does not. */
static char *
find_value(char **argv, const char *option)
{
    size_t length = strlen(option);

    for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        if (strncmp(*argv, option, length) == 0 && ((*argv)[length] == '=' || (*argv)[length] == '\0')) {
            return (*argv)[length] == '=' ? *argv + length + 1 : argv[1];
        }
    }
    return NULL;
}

struct output *
tool_open_named(char **argv, char *format, char *dest)
{
    struct tool t = { .name = last_part(argv[0]) };
    struct output *out = NULL;

    t.output_as = format != NULL ? format : find_value(argv, "--output-as");
    t.output_to = dest != NULL ? dest : find_value(argv, "--output-to");
    t.request = join_request(argv);
    out = tool_open_output(&t, 0);
    g_free(t.request);
    return out;
}

void
tool_print_version(struct output *out)
{
    static const char author[] = "the Quorate project's contributors";

    if (output_is_structured(out)) {
        output_element(out, "version", "program", "Pacemaker", "version", CRM_VERSION, "author", author,
                       "build", CRM_BUILD, "features", CRM_FEATURES, NULL);
    } else {
        output_item(out, NULL, "Pacemaker %s", CRM_VERSION);
        output_item(out, NULL, "Written by %s", author);
    }
}

struct output *
tool_begin(struct tool *t, unsigned flags, int *code)
{
    struct output *out = tool_open_output(t, flags);

    if (out == NULL) {
        *code = tool_exit(t, NULL, CRM_EX_ERROR);
    } else if (t->version) {
        tool_print_version(out);
        *code = tool_exit(t, out, CRM_EX_OK);
        out = NULL;
    }
    return out;
}

struct output *
tool_start(struct tool *t, unsigned flags, int *code)
{
    if (!tool_parse(t)) {
        *code = tool_exit(t, NULL, CRM_EX_USAGE);
        return NULL;
    }
    return tool_begin(t, flags, code);
}

int
tool_exit(struct tool *t, struct output *out, int exit_code)
{
    if (out != NULL) {
        output_finish(out, exit_code);
        output_close(out);
    }
    if (t->verbosity > 0) {
        log_fini();
    }
    g_option_context_free(t->context);
    g_strfreev(t->argv);
    g_free(t->request);
    g_free(t->output_as);
    g_free(t->output_to);
    g_free(t->html_stylesheet);
    g_free(t->html_title);
    return exit_code;
}
