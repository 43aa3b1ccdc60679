/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where tools write: one object that turns lists, items and elements into text, XML, JSON, HTML or a curses screen.
 * Used by every tool and by the status rendering (lib/output/status.h).  Never exits, never reads the clock.
 * (spec 80 §3, spec 81)
 *
 * There are two kinds of calls.  *Flowing* calls (lists of items that are lines) suit text, HTML and the simple
 * lists of XML; *structured* calls (elements with attributes) suit XML.  A piece of output that looks different in
 * the two asks output_is_structured() once and has one function for each.
 */
#ifndef OUTPUT_OUTPUT_H
#define OUTPUT_OUTPUT_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#define OUTPUT_API_VERSION "2.25"

enum output_format { OUTPUT_TEXT, OUTPUT_XML, OUTPUT_HTML, OUTPUT_CONSOLE, OUTPUT_NONE, OUTPUT_JSON };

enum output_flags {
    OUTPUT_FANCY = 1 << 0,          /* text: titles, bullets, indentation */
    OUTPUT_SIMPLE_LISTS = 1 << 1,   /* XML: <name> rather than <list name="name" count=""> */
    OUTPUT_SUBSTITUTE = 1 << 2,     /* XML: element names of spec 80 §3.2 for known titles */
    OUTPUT_LEGACY = 1 << 3,         /* XML: root <crm_mon>, no status element */
    OUTPUT_CGI = 1 << 4,            /* HTML: begin with a Content-Type header */
    OUTPUT_QUIET = 1 << 5,          /* drop info lines */
    OUTPUT_COLOUR = 1 << 6,         /* text: with colours; set by output_open() for a terminal that wants them */
};

struct output_config {
    enum output_format format;
    unsigned flags;
    const char *dest;       /* file, or NULL or "-" for standard output */
    const char *request;    /* the command line as one string; NULL: none is shown */
    const char *program;    /* for messages */
    const char *title;      /* HTML: page title; NULL is the request */
    const char *stylesheet; /* HTML: URI or NULL */
    unsigned refresh;       /* HTML: seconds of the refresh header, 0 none */
    /* Console: receives each finished piece of text; else NULL. */
    void (*screen)(const char *text, void *data);
    void *screen_data;
};

struct output;

/* New output, or NULL and *rc = errno if `dest` cannot be written.  Strings of the config are copied. */
struct output *output_open(const struct output_config *config, int *rc);
/*
 * Finish the document (XML: status with code and collected errors; HTML: errors) and write everything.
 * The output is empty afterwards and may be used for a further document (continuous display).
 */
void output_finish(struct output *out, int exit_code);
/* The next document replaces what is in the file (nothing for standard output). */
void output_rewind(struct output *out);
/* Throw away what has not been written. */
void output_discard(struct output *out);
/* Write what is complete so far (text; nothing in document formats). */
void output_flush(struct output *out);
void output_close(struct output *out); /* frees; does not finish */

enum output_format output_format(const struct output *out);
/* True for formats made of elements (XML, and JSON, which is made from it: doc/json.md). */
static inline bool
output_format_is_structured(enum output_format format)
{
    return format == OUTPUT_XML || format == OUTPUT_JSON;
}
static inline bool
output_is_structured(const struct output *out)
{
    return output_format_is_structured(output_format(out));
}
bool output_is_fancy(const struct output *out);
bool output_is_quiet(const struct output *out);
void output_set_quiet(struct output *out, bool quiet);
void output_add_flags(struct output *out, unsigned flags);
/* HTML: one more element in <head>: <NAME A=V ...>; NULL-terminated pairs. */
void output_html_header(struct output *out, const char *name, ...) G_GNUC_NULL_TERMINATED;

/* --- messages --- */

/* Line for a person, unindented; dropped by quiet and by XML. */
void output_info(struct output *out, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Error: stderr for text, collected for XML and HTML. */
void output_error(struct output *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* --- flowing --- */

/* Begin a list with that title (NULL: none, only deeper). */
void output_begin_list(struct output *out, const char *title_format, ...) G_GNUC_PRINTF(2, 3);
/* The same, ending with a line "N NOUN found" (text formats). */
void output_begin_counted_list(struct output *out, const char *singular, const char *plural,
                               const char *title_format, ...) G_GNUC_PRINTF(4, 5);
/* End the innermost list. */
void output_end_list(struct output *out);
/* End it, taking it back altogether (with its title) if nothing was put into it.  True if it stays. */
bool output_end_list_unless_empty(struct output *out);
/*
 * Begin a section: a list that has an empty line before it (text) if anything was printed before.  It is ended
 * like a list, and its empty line goes with it if it is taken back.
 */
void output_begin_section(struct output *out, const char *title_format, ...) G_GNUC_PRINTF(2, 3);
/* One line.  `label` may be NULL; fancy text shows "label: text", plain text only the text, XML name="label". */
void output_item(struct output *out, const char *label, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* One line made of pieces; HTML makes a span with that class (NULL: none) of each, the others join the texts. */
struct output_span {
    const char *css_class;
    const char *text;
};
void output_item_spans(struct output *out, const struct output_span *spans, unsigned n);
/* HTML: the item's li gets this class; the others: as output_item(). */
void output_item_class(struct output *out, const char *css_class, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Like output_item(), with the colour of this class (NULL: none) on a terminal. */
void output_item_colour(struct output *out, const char *css_class, const char *label, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
/* Empty line (text formats). */
void output_spacer(struct output *out);
/* Has the innermost list nothing in it yet? */
bool output_list_is_empty(const struct output *out);
/* A line as it is, unindented, whatever quiet says (text formats). */
void output_line(struct output *out, const char *text);
/* What was printed so far does not count: no empty line before the next section. */
void output_reset_spacing(struct output *out);
/* Has anything been printed since output_open()/output_finish()? */
bool output_is_empty(const struct output *out);

/* --- structured (XML and JSON; ignored by the others) --- */

/* Open an element with attributes NAME, VALUE, ..., NULL; a NULL value leaves that attribute out. */
void output_open_element(struct output *out, const char *name, ...) G_GNUC_NULL_TERMINATED;
#define output_open_plain(out, name) output_open_element((out), (name), NULL)
/* One more attribute for the innermost element, which must not have children yet. */
void output_attr(struct output *out, const char *name, const char *value);
void output_attr_int(struct output *out, const char *name, long long value);
void output_attr_bool(struct output *out, const char *name, bool value);
void output_attrf(struct output *out, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
void output_close_element(struct output *out);
/* Close it, taking it back if it has no children.  True if it stays. */
bool output_close_element_unless_empty(struct output *out);
/* Element without children. */
void output_element(struct output *out, const char *name, ...) G_GNUC_NULL_TERMINATED;
/* Element with text. */
void output_text_element(struct output *out, const char *name, const char *text, ...) G_GNUC_NULL_TERMINATED;

/* --- both --- */

/* XML text handed through: verbatim, or a CDATA block in an element. */
void output_xml_text(struct output *out, const char *element, const char *xml);
/*
 * A document that is the result itself, or a piece of one (text: as it is; XML and JSON: element by element below "document",
 * without comments).
 */
void output_document(struct output *out, const xmlNode *xml);
/* What a child process printed. */
void output_subprocess(struct output *out, int exit_status, const char *std_out, const char *std_err);

#endif
