/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text for people: plain lines, or with titles, bullets and indentation ("fancy").  Also feeds the curses screen.
 * Called through output.c.  (spec 80 §3.3)
 *
 * Lines are kept in the buffer until the outermost list ends, so that an empty list can be taken back.
 */
#include "lib/output/colour.h"
#include "lib/output/internal.h"

#include <string.h>

/* Everything that closes a line outside of lists goes out at once. */
static void
line_done(struct output *out)
{
    out->printed = true;
    if (out->lists->len == 0) {
        output_write_buffer(out);
    }
}

static void
append_bullet(struct output *out)
{
    if (output_is_fancy(out) && out->lists->len > 0) {
        g_string_append_printf(out->buffer, "%*s* ", 2 * (int)out->lists->len, "");
    }
}

/* The text in the colour of its class, where there are colours. */
static void
append_coloured(struct output *out, const char *css_class, const char *text)
{
    const char *begin = (out->flags & OUTPUT_COLOUR) ? colour_begin(css_class) : NULL;

    if (begin != NULL) {
        g_string_append(out->buffer, begin);
    }
    g_string_append(out->buffer, text);
    if (begin != NULL) {
        g_string_append(out->buffer, COLOUR_END);
    }
}

static void
text_info(struct output *out, const char *text)
{
    g_string_append(out->buffer, text);
    g_string_append_c(out->buffer, '\n');
    line_done(out);
}

static void
text_begin_list(struct output *out, const char *title, bool section)
{
    struct output_list *outer = output_top_list(out);
    gsize start = out->buffer->len;
    bool printed_before = out->printed;

    /* Inside of a list the first section follows its title without an empty line. */
    if (section && (outer != NULL ? outer->items > 0 : out->printed)) {
        g_string_append_c(out->buffer, '\n');
    }
    if (outer != NULL) {
        outer->items++;
    }
    if (title != NULL && output_is_fancy(out)) {
        append_bullet(out);
        append_coloured(out, "bold", title);
        g_string_append(out->buffer, ":\n");
        out->printed = true;
    }

    struct output_list *list = output_push_list(out);

    list->start = start;
    list->printed_before = printed_before;
}

static bool
text_end_list(struct output *out, bool drop_if_empty)
{
    struct output_list *list = output_top_list(out);
    bool stays = !drop_if_empty || list->items > 0;

    if (!stays) {
        g_string_truncate(out->buffer, list->start);
        out->printed = list->printed_before;
    } else if (list->counted) {
        unsigned n = list->items;

        g_string_append_printf(out->buffer, "%u %s found\n", n,
                               n == 1 ? list->singular : list->plural);
    }
    output_pop_list(out);
    if (!stays && out->lists->len > 0) {
        output_top_list(out)->items--;
    }
    if (stays) {
        line_done(out);
    }
    return stays;
}

static void
text_item(struct output *out, const char *label, const char *css_class,
          const struct output_span *spans, unsigned n)
{
    struct output_list *list = output_top_list(out);

    append_bullet(out);
    if (label != NULL && output_is_fancy(out)) {
        g_string_append(out->buffer, label);
        g_string_append(out->buffer, ": ");
    }
    for (unsigned i = 0; i < n; i++) {
        append_coloured(out, spans[i].css_class != NULL ? spans[i].css_class : css_class, spans[i].text);
    }
    g_string_append_c(out->buffer, '\n');
    if (list != NULL) {
        list->items++;
    }
    line_done(out);
}

static void
text_spacer(struct output *out)
{
    g_string_append_c(out->buffer, '\n');
    line_done(out);
}

static void
text_xml(struct output *out, const char *element, const char *xml)
{
    append_bullet(out);
    g_string_append(out->buffer, xml);
    if (!g_str_has_suffix(xml, "\n")) {
        g_string_append_c(out->buffer, '\n');
    }
    line_done(out);
}

static void
text_subprocess(struct output *out, int status, const char *std_out, const char *std_err)
{
    const char *texts[] = { std_out, std_err };

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (texts[i] != NULL && texts[i][0] != '\0') {
            g_string_append(out->buffer, texts[i]);
            g_string_append_c(out->buffer, '\n');
        }
    }
    line_done(out);
}

const struct output_writer output_text_writer = {
    .info = text_info,
    .begin_list = text_begin_list,
    .end_list = text_end_list,
    .item = text_item,
    .spacer = text_spacer,
    .xml_text = text_xml,
    .subprocess = text_subprocess,
};
