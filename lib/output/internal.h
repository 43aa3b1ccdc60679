/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the writers (text.c, xml.c, html.c) and output.c share.  Nobody else includes this.
 */
#ifndef OUTPUT_INTERNAL_H
#define OUTPUT_INTERNAL_H

#include "lib/output/output.h"

#include <stdio.h>

struct output_list {
    gsize start;          /* where it begins in the buffer, its empty line included */
    bool counted;
    bool html_section;    /* HTML: a top-level list (h2) */
    bool printed_before;  /* anything printed before this list began */
    char *singular, *plural;
    unsigned items;
    xmlNode *html_title, *html_list; /* nodes to take back if it stays empty */
    xmlNode *html_parent;
};

struct output_element {
    gsize start;       /* of "<name" */
    gsize tag_end;     /* behind the last attribute */
    const char *name;  /* owned */
    bool has_children;
    bool is_list;      /* opened by output_begin_list() */
    bool counted;      /* gets a count attribute when it is closed */
    unsigned children;
};

/* What each format does.  A writer that has no use for a call leaves it NULL. */
struct output_writer {
    void (*begin)(struct output *out);
    void (*finish)(struct output *out, int exit_code);
    void (*discard)(struct output *out);
    void (*info)(struct output *out, const char *text);
    void (*begin_list)(struct output *out, const char *title, bool section);
    bool (*end_list)(struct output *out, bool drop_if_empty);
    void (*item)(struct output *out, const char *label, const char *css_class,
                 const struct output_span *spans, unsigned n);
    void (*spacer)(struct output *out);
    void (*xml_text)(struct output *out, const char *element, const char *xml);
    void (*subprocess)(struct output *out, int status, const char *std_out, const char *std_err);
};

struct output {
    const struct output_writer *writer;
    enum output_format format;
    unsigned flags;
    char *request, *program, *title, *stylesheet;
    unsigned refresh;
    char *dest;
    FILE *file;              /* NULL for the console */
    void (*screen)(const char *text, void *data);
    void *screen_data;

    GString *buffer;         /* text or XML not yet written */
    bool printed;            /* anything was printed in this document */
    GArray *lists;           /* struct output_list, innermost last */
    GArray *elements;        /* XML: struct output_element */
    GPtrArray *errors;       /* XML, HTML: messages for the end */

    xmlDoc *html_doc;        /* HTML */
    xmlNode *html_head, *html_body, *html_at;
};

extern const struct output_writer output_text_writer;
extern const struct output_writer output_xml_writer;
extern const struct output_writer output_html_writer;
extern const struct output_writer output_none_writer;
extern const struct output_writer output_json_writer; /* in xml.c */

/* Append the JSON of a finished XML document. */
void output_json_from_xml(GString *to, const char *xml, size_t len);

/* Write the buffer to its destination and empty it. */
void output_write_buffer(struct output *out);
struct output_list *output_push_list(struct output *out);
struct output_list *output_top_list(struct output *out);
void output_pop_list(struct output *out);
/* Joined text of spans (g_free). */
char *output_join_spans(const struct output_span *spans, unsigned n);

#endif
