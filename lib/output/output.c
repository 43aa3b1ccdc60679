/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of output that all formats share: opening, messages, lists, the none format.
 * Called by tools and status rendering; knows no format's syntax.
 */
#include "lib/output/colour.h"
#include "lib/output/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"

const struct output_writer output_none_writer;

static const struct output_writer *
writer_of(enum output_format format)
{
    switch (format) {
        case OUTPUT_XML: return &output_xml_writer;
        case OUTPUT_JSON: return &output_json_writer;
        case OUTPUT_HTML: return &output_html_writer;
        case OUTPUT_NONE: return &output_none_writer;
        case OUTPUT_TEXT:
        case OUTPUT_CONSOLE: break;
    }
    return &output_text_writer;
}

static void
free_list(void *data)
{
    struct output_list *list = data;

    g_free(list->singular);
    g_free(list->plural);
}

struct output *
output_open(const struct output_config *config, int *rc)
{
    FILE *file = NULL;

    if (config->format != OUTPUT_CONSOLE) {
        bool to_file = config->dest != NULL && strcmp(config->dest, "-") != 0;

        file = to_file ? fopen(config->dest, "w") : stdout;
        if (file == NULL) {
            *rc = errno;
            return NULL;
        }
    }

    struct output *out = g_new0(struct output, 1);

    out->writer = writer_of(config->format);
    out->format = config->format;
    out->flags = config->flags;
    if (config->format == OUTPUT_TEXT && file == stdout && colour_wanted(stdout)) {
        out->flags |= OUTPUT_COLOUR;
    }
    out->dest = g_strdup(config->dest);
    out->request = g_strdup(config->request);
    out->program = g_strdup(config->program);
    out->title = g_strdup(config->title);
    out->stylesheet = g_strdup(config->stylesheet);
    out->refresh = config->refresh;
    out->file = file;
    out->screen = config->screen;
    out->screen_data = config->screen_data;
    out->buffer = g_string_sized_new(8192);
    out->lists = g_array_new(FALSE, TRUE, sizeof(struct output_list));
    g_array_set_clear_func(out->lists, free_list);
    out->elements = g_array_new(FALSE, TRUE, sizeof(struct output_element));
    out->errors = g_ptr_array_new_with_free_func(g_free);
    if (out->writer->begin != NULL) {
        out->writer->begin(out);
    }
    *rc = 0;
    return out;
}

void
output_discard(struct output *out)
{
    if (out->writer->discard != NULL) {
        out->writer->discard(out);
    }
    g_string_truncate(out->buffer, 0);
    g_array_set_size(out->lists, 0);
    g_array_set_size(out->elements, 0);
    g_ptr_array_set_size(out->errors, 0);
    out->printed = false;
    if (out->writer->begin != NULL) {
        out->writer->begin(out);
    }
}

void
output_rewind(struct output *out)
{
    if (out->file != NULL && out->file != stdout) {
        fflush(out->file);
        rewind(out->file);
        if (ftruncate(fileno(out->file), 0) != 0) {
            log_warn("Could not truncate %s: %s", out->dest, strerror(errno));
        }
    }
}

void
output_finish(struct output *out, int exit_code)
{
    if (out->writer->finish != NULL) {
        out->writer->finish(out, exit_code);
    }
    output_write_buffer(out);
    if (out->file != NULL) {
        fflush(out->file);
    }
    output_discard(out);
}

void
output_close(struct output *out)
{
    if (out == NULL) {
        return;
    }
    if (out->writer->discard != NULL) {
        out->writer->discard(out);
    }
    if (out->file != NULL && out->file != stdout) {
        fclose(out->file);
    }
    g_string_free(out->buffer, TRUE);
    g_array_free(out->lists, TRUE);
    for (guint i = 0; i < out->elements->len; i++) {
        g_free((char *)g_array_index(out->elements, struct output_element, i).name);
    }
    g_array_free(out->elements, TRUE);
    g_ptr_array_free(out->errors, TRUE);
    g_free(out->dest);
    g_free(out->request);
    g_free(out->program);
    g_free(out->title);
    g_free(out->stylesheet);
    g_free(out);
}

void
output_write_buffer(struct output *out)
{
    if (out->buffer->len == 0) {
        return;
    }
    if (out->screen != NULL) {
        out->screen(out->buffer->str, out->screen_data);
    } else if (out->file != NULL) {
        fwrite(out->buffer->str, 1, out->buffer->len, out->file);
    }
    g_string_truncate(out->buffer, 0);
}

void
output_flush(struct output *out)
{
    if (out->format == OUTPUT_TEXT || out->format == OUTPUT_CONSOLE) {
        output_write_buffer(out);
        if (out->file != NULL) {
            fflush(out->file);
        }
    }
}

enum output_format
output_format(const struct output *out)
{
    return out->format;
}

bool
output_is_fancy(const struct output *out)
{
    return (out->flags & OUTPUT_FANCY) != 0;
}

bool
output_is_quiet(const struct output *out)
{
    return (out->flags & OUTPUT_QUIET) != 0;
}

void
output_set_quiet(struct output *out, bool quiet)
{
    out->flags = quiet ? (out->flags | OUTPUT_QUIET) : (out->flags & ~(unsigned)OUTPUT_QUIET);
}

void
output_add_flags(struct output *out, unsigned flags)
{
    out->flags |= flags;
}

bool
output_list_is_empty(const struct output *out)
{
    return out->lists->len == 0 || g_array_index(out->lists, struct output_list, out->lists->len - 1).items == 0;
}

void
output_line(struct output *out, const char *text)
{
    if (out->format == OUTPUT_TEXT || out->format == OUTPUT_CONSOLE) {
        out->writer->info(out, text);
    }
}

void
output_reset_spacing(struct output *out)
{
    out->printed = false;
}

bool
output_is_empty(const struct output *out)
{
    return !out->printed;
}

/* --- messages --- */

void
output_info(struct output *out, const char *format, ...)
{
    va_list args;

    if (out->writer->info == NULL || output_is_quiet(out)) {
        return;
    }
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    out->writer->info(out, text);
}

void
output_error(struct output *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = g_strdup_vprintf(format, args);
    va_end(args);

    switch (out->format) {
        case OUTPUT_XML:
        case OUTPUT_JSON:
        case OUTPUT_HTML:
            g_ptr_array_add(out->errors, text);
            return;
        case OUTPUT_NONE:
            break;
        case OUTPUT_CONSOLE:
            g_string_append_printf(out->buffer, "%s\n", text);
            output_write_buffer(out);
            break;
        case OUTPUT_TEXT:
            /* What was printed before the error shows before it on a terminal, too. */
            fprintf(stderr, "%s\n", text);
            break;
    }
    g_free(text);
}

/* --- lists --- */

struct output_list *
output_push_list(struct output *out)
{
    g_array_set_size(out->lists, out->lists->len + 1);
    return output_top_list(out);
}

struct output_list *
output_top_list(struct output *out)
{
    return out->lists->len == 0
               ? NULL
               : &g_array_index(out->lists, struct output_list, out->lists->len - 1);
}

void
output_pop_list(struct output *out)
{
    g_array_set_size(out->lists, out->lists->len - 1);
}

static void G_GNUC_PRINTF(3, 0)
begin_titled(struct output *out, bool is_section, const char *title_format, va_list args)
{
    g_autofree char *title = title_format != NULL ? g_strdup_vprintf(title_format, args) : NULL;

    out->writer->begin_list(out, title, is_section);
}

void
output_begin_list(struct output *out, const char *title_format, ...)
{
    va_list args;

    if (out->writer->begin_list != NULL) {
        va_start(args, title_format);
        begin_titled(out, false, title_format, args);
        va_end(args);
    }
}

void
output_begin_section(struct output *out, const char *title_format, ...)
{
    va_list args;

    if (out->writer->begin_list != NULL) {
        va_start(args, title_format);
        begin_titled(out, true, title_format, args);
        va_end(args);
    }
}

void
output_begin_counted_list(struct output *out, const char *singular, const char *plural,
                          const char *title_format, ...)
{
    struct output_list *list;
    va_list args;

    if (out->writer->begin_list == NULL) {
        return;
    }
    va_start(args, title_format);
    begin_titled(out, false, title_format, args);
    va_end(args);
    list = output_top_list(out);
    if (list != NULL) {
        list->counted = true;
        list->singular = g_strdup(singular);
        list->plural = g_strdup(plural);
    }
}

void
output_end_list(struct output *out)
{
    if (out->writer->end_list != NULL) {
        out->writer->end_list(out, false);
    }
}

bool
output_end_list_unless_empty(struct output *out)
{
    return out->writer->end_list != NULL && out->writer->end_list(out, true);
}

/* --- items --- */

char *
output_join_spans(const struct output_span *spans, unsigned n)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < n; i++) {
        g_string_append(text, spans[i].text);
    }
    return g_string_free(text, FALSE);
}

static void G_GNUC_PRINTF(4, 0)
item(struct output *out, const char *label, const char *css_class, const char *format, va_list args)
{
    if (out->writer->item != NULL) {
        g_autofree char *text = g_strdup_vprintf(format, args);

        out->writer->item(out, label, css_class, &(struct output_span){ NULL, text }, 1);
    }
}

void
output_item(struct output *out, const char *label, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    item(out, label, NULL, format, args);
    va_end(args);
}

void
output_item_spans(struct output *out, const struct output_span *spans, unsigned n)
{
    if (out->writer->item == NULL) {
        return;
    }
    /* An empty class tells the HTML writer that even a single text is to be a span. */
    out->writer->item(out, NULL, "", spans, n);
}

void
output_item_class(struct output *out, const char *css_class, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    item(out, NULL, css_class, format, args);
    va_end(args);
}

void
output_item_colour(struct output *out, const char *css_class, const char *label, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    item(out, label, (out->flags & OUTPUT_COLOUR) ? css_class : NULL, format, args);
    va_end(args);
}

void
output_spacer(struct output *out)
{
    if (out->writer->spacer != NULL) {
        out->writer->spacer(out);
    }
}

void
output_xml_text(struct output *out, const char *element, const char *xml)
{
    if (out->writer->xml_text != NULL) {
        out->writer->xml_text(out, element, xml);
    }
}

void
output_subprocess(struct output *out, int exit_status, const char *std_out, const char *std_err)
{
    if (out->writer->subprocess != NULL) {
        out->writer->subprocess(out, exit_status, std_out, std_err);
    }
}
