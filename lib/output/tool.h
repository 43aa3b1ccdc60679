/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all command-line tools share: the rules by which their options are read, help, version, --output-as and
 * --output-to, usage errors, exit.  Used by tools' main(); daemons use lib/base/daemon.h.  (spec 80 §2, §3.1)
 */
#ifndef OUTPUT_TOOL_H
#define OUTPUT_TOOL_H

#include "lib/output/output.h"

#include <glib.h>
#include <stdbool.h>

/* What the distributed package was built with: the list that peers print, too. */
#define CRM_FEATURES                                                                               \
    "agent-manpages cibsecrets corosync-ge-2 generated-manpages lha monotonic nagios ncurses remote systemd"

enum tool_flags {
    TOOL_OUTPUT = 1 << 0,  /* has --output-as and --output-to */
    TOOL_HTML = 1 << 1,    /* ... with html */
    TOOL_CONSOLE = 1 << 2, /* ... console is the default (crm_mon) */
    TOOL_QUIET = 1 << 3,   /* has -Q */
};

struct tool {
    const char *name; /* last part of argv[0] */
    unsigned flags;
    char *request;    /* the command line as typed, quoted for the XML document */
    GOptionContext *context;
    GOptionGroup *main_group;
    bool plain_arguments; /* nothing but ASCII in them */
    char **argv;      /* after tool_parse(): what is no option, argv[0] included */
    int argc;
    const char *value_letters;

    /* options of the groups that every tool has */
    char *output_as, *output_to;
    gboolean version, quiet, text_fancy, html_cgi, xml_simple_list, xml_legacy, xml_substitute;
    char *html_stylesheet, *html_title;
    unsigned verbosity;
};

/*
 * Start.  `usage` (may be NULL) follows "[OPTION...]" in the usage line, `summary` and `description` frame the help.
 * `value_letters`: the short options that take a value (spec 80 §2.1).
 */
void tool_init(struct tool *t, char **argv, unsigned flags, const char *value_letters,
               const char *usage, const char *summary, const char *description);
/* Add options to --help-NAME with a heading; before the main options. */
void tool_add_group(struct tool *t, const char *name, const char *heading, const char *help,
                    const GOptionEntry *entries);
/* The same with data for callbacks. */
void tool_add_group_data(struct tool *t, const char *name, const char *heading, const char *help,
                         const GOptionEntry *entries, void *data);
/* Add options to the "Application Options". */
void tool_add_options(struct tool *t, const GOptionEntry *entries);
/*
 * Read the command line.  False: it was wrong, the message is printed, exit with CRM_EX_USAGE.  Help prints and exits
 * inside, as GLib does it.
 */
bool tool_parse(struct tool *t);
/* An option that chooses what the tool does. */
struct tool_choice {
    const char *letter, *word; /* "-x", "--xyz" */
    int command;
};
/* What `option`, as GLib names it to a callback, chooses: the row's command, or `otherwise` if there is no such row. */
int tool_choose(const struct tool_choice *choices, unsigned n, const char *option, int otherwise);
/* Whole help text (g_free), as some tools print with a usage error. */
char *tool_help(const struct tool *t);

/* Format of --output-as; false if there is no such format. */
bool tool_format(const struct tool *t, const char *name, enum output_format *format);
/*
 * Open the output that the options ask for with `flags` added.  NULL: the message is printed, exit with
 * CRM_EX_ERROR.  Also exports OCF_OUTPUT_FORMAT.
 */
struct output *tool_open_output(struct tool *t, unsigned flags);
/*
 * The same for a tool that reads its command line by itself: `format` and `dest` are the values of --output-as and --output-to.
 * NULL: not read yet; they are looked for, since some options are obeyed where they stand.
 */
struct output *tool_open_named(char **argv, char *format, char *dest);
/*
 * What every tool begins with: open the output with `flags` added, answer --version.  NULL: all is said and the
 * tool's things are freed, main() returns *code.  tool_start() reads the command line before, with the same result
 * if it is wrong.
 */
struct output *tool_begin(struct tool *t, unsigned flags, int *code);
struct output *tool_start(struct tool *t, unsigned flags, int *code);
/* Fill a config from the options (for tools that choose the format themselves). */
void tool_output_config(const struct tool *t, struct output_config *config);
void tool_export_format(enum output_format format);
/* --version in the output's format. */
void tool_print_version(struct output *out);
/* Finish and close the output, free the tool's own things, return the code for main(). */
int tool_exit(struct tool *t, struct output *out, int exit_code);

#endif
