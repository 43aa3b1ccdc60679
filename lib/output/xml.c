/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The XML document of tools, written as text while it grows: elements with two blanks a level, attributes in the
 * order of their creation, the status element last.  Called through output.c.  (spec 80 §3.2)
 */
#include "lib/output/internal.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

/* Titles that have an element name of their own when substitution is on (spec 80 §3.2). */
static const struct {
    const char *title, *element;
} substitutes[] = {
    { "Active Resources", "resources" },
    { "Allocation Scores", "allocations" },
    { "Allocation Scores and Utilization Information", "allocations_utilizations" },
    { "Cluster Summary", "summary" },
    { "Current cluster status", "cluster_status" },
    { "Executing Cluster Transition", "transition" },
    { "Failed Resource Actions", "failures" },
    { "Fencing History", "fence_history" },
    { "Full List of Resources", "resources" },
    { "Inactive Resources", "resources" },
    { "Migration Summary", "node_history" },
    { "Negative Location Constraints", "bans" },
    { "Node Attributes", "node_attributes" },
    { "Operations", "node_history" },
    { "Resource Config", "resource_config" },
    { "Resource Operations", "operations" },
    { "Revised Cluster Status", "revised_cluster_status" },
    { "Transition Summary", "actions" },
    { "Utilization Information", "utilizations" },
};

/* --- escaping: as libxml2 does it when a document has no encoding, characters beyond ASCII as references --- */

static void
append_escaped(GString *to, const char *text, bool attribute)
{
    for (const char *p = text; *p != '\0';) {
        gsize plain = strcspn(p, "&<>\"\n\t\r\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f"
                                 "\x90\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f"
                                 "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf"
                                 "\xb0\xb1\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xbb\xbc\xbd\xbe\xbf"
                                 "\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xcb\xcc\xcd\xce\xcf"
                                 "\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda\xdb\xdc\xdd\xde\xdf"
                                 "\xe0\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xeb\xec\xed\xee\xef"
                                 "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff");

        g_string_append_len(to, p, (gssize)plain);
        p += plain;
        switch (*p) {
            case '\0': return;
            case '&': g_string_append(to, "&amp;"); p++; continue;
            case '<': g_string_append(to, "&lt;"); p++; continue;
            case '>': g_string_append(to, "&gt;"); p++; continue;
            case '\r': g_string_append(to, "&#13;"); p++; continue;
            case '"': g_string_append(to, attribute ? "&quot;" : "\""); p++; continue;
            case '\n': g_string_append(to, attribute ? "&#10;" : "\n"); p++; continue;
            case '\t': g_string_append(to, attribute ? "&#9;" : "\t"); p++; continue;
            default: break;
        }

        gunichar c = g_utf8_get_char_validated(p, -1);

        if (c == (gunichar)-1 || c == (gunichar)-2) { /* not UTF-8: one byte of Latin-1 */
            g_string_append_printf(to, "&#x%X;", (unsigned char)*p++);
        } else {
            g_string_append_printf(to, "&#x%X;", c);
            p = g_utf8_next_char(p);
        }
    }
}

/* --- elements --- */

static struct output_element *
top_element(struct output *out)
{
    return out->elements->len == 0
               ? NULL
               : &g_array_index(out->elements, struct output_element, out->elements->len - 1);
}

static void
indent(struct output *out, guint depth)
{
    for (guint i = 0; i < depth; i++) {
        g_string_append(out->buffer, "  ");
    }
}

/* The innermost element is about to get a child. */
static void
note_child(struct output *out)
{
    struct output_element *parent = top_element(out);

    if (parent == NULL) {
        return;
    }
    if (!parent->has_children) {
        g_string_append(out->buffer, ">\n");
        parent->has_children = true;
    }
    parent->children++;
}

static void
write_attr(struct output *out, const char *name, const char *value)
{
    g_string_append_c(out->buffer, ' ');
    g_string_append(out->buffer, name);
    g_string_append(out->buffer, "=\"");
    append_escaped(out->buffer, value, true);
    g_string_append_c(out->buffer, '"');
}

static void
open_element(struct output *out, const char *name)
{
    struct output_element element = { 0 };

    note_child(out);
    element.start = out->buffer->len;
    element.name = g_strdup(name);
    indent(out, out->elements->len);
    g_string_append_c(out->buffer, '<');
    g_string_append(out->buffer, name);
    g_array_append_val(out->elements, element);
    out->printed = true;
}

static void
write_attrs(struct output *out, va_list args)
{
    for (const char *name = va_arg(args, const char *); name != NULL; name = va_arg(args, const char *)) {
        const char *value = va_arg(args, const char *);

        if (value != NULL) {
            write_attr(out, name, value);
        }
    }
}

static void
close_element(struct output *out)
{
    struct output_element *element = top_element(out);

    if (element->has_children) {
        indent(out, out->elements->len - 1);
        g_string_append_printf(out->buffer, "</%s>\n", element->name);
    } else {
        g_string_append(out->buffer, "/>\n");
    }
    if (element->counted) {
        g_autofree char *count = g_strdup_printf(" count=\"%u\"", element->children);

        g_string_insert(out->buffer, (gssize)element->tag_end, count);
    }
    g_free((char *)element->name);
    g_array_set_size(out->elements, out->elements->len - 1);
}

/* Take the innermost element back. */
static void
drop_element(struct output *out)
{
    struct output_element *element = top_element(out);

    g_string_truncate(out->buffer, element->start);
    g_free((char *)element->name);
    g_array_set_size(out->elements, out->elements->len - 1);

    struct output_element *parent = top_element(out);

    if (parent != NULL && --parent->children == 0) {
        g_string_truncate(out->buffer, element->start - 2); /* ">\n" of the parent */
        parent->has_children = false;
    }
}

void
output_open_element(struct output *out, const char *name, ...)
{
    va_list args;

    if (!output_is_structured(out)) {
        return;
    }
    open_element(out, name);
    va_start(args, name);
    write_attrs(out, args);
    va_end(args);
}

void
output_attr(struct output *out, const char *name, const char *value)
{
    if (output_is_structured(out) && value != NULL) {
        g_assert(!top_element(out)->has_children);
        write_attr(out, name, value);
    }
}

void
output_attr_int(struct output *out, const char *name, long long value)
{
    char text[32];

    g_snprintf(text, sizeof(text), "%lld", value);
    output_attr(out, name, text);
}

void
output_attr_bool(struct output *out, const char *name, bool value)
{
    output_attr(out, name, value ? "true" : "false");
}

void
output_attrf(struct output *out, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *value = g_strdup_vprintf(format, args);
    va_end(args);
    output_attr(out, name, value);
}

void
output_close_element(struct output *out)
{
    if (output_is_structured(out)) {
        close_element(out);
    }
}

bool
output_close_element_unless_empty(struct output *out)
{
    if (!output_is_structured(out)) {
        return false;
    }
    if (!top_element(out)->has_children) {
        drop_element(out);
        return false;
    }
    close_element(out);
    return true;
}

void
output_element(struct output *out, const char *name, ...)
{
    va_list args;

    if (!output_is_structured(out)) {
        return;
    }
    open_element(out, name);
    va_start(args, name);
    write_attrs(out, args);
    va_end(args);
    close_element(out);
}

/* End the innermost element, which holds `text` and nothing else; as CDATA or escaped. */
static void
close_with_text(struct output *out, const char *text, bool cdata)
{
    struct output_element *element = top_element(out);

    if (text[0] == '\0' && !cdata) {
        g_string_append(out->buffer, "></");
    } else if (!cdata) {
        g_string_append_c(out->buffer, '>');
        append_escaped(out->buffer, text, false);
        g_string_append(out->buffer, "</");
    } else {
        g_auto(GStrv) pieces = g_strsplit(text, "]]>", -1);

        g_string_append_c(out->buffer, '>');
        for (guint i = 0; pieces[i] != NULL; i++) { /* "]]>" is split over two blocks */
            g_string_append_printf(out->buffer, "<![CDATA[%s%s%s]]>", i > 0 ? ">" : "", pieces[i],
                                   pieces[i + 1] != NULL ? "]]" : "");
        }
        g_string_append(out->buffer, "</");
    }
    g_string_append(out->buffer, element->name);
    g_string_append(out->buffer, ">\n");
    g_free((char *)element->name);
    g_array_set_size(out->elements, out->elements->len - 1);
}

void
output_text_element(struct output *out, const char *name, const char *text, ...)
{
    va_list args;

    if (!output_is_structured(out)) {
        return;
    }
    open_element(out, name);
    va_start(args, text);
    write_attrs(out, args);
    va_end(args);
    if (text == NULL) {
        close_element(out);
    } else {
        close_with_text(out, text, false);
    }
}

/* --- the writer --- */

static void
xml_begin(struct output *out)
{
    if ((out->flags & OUTPUT_LEGACY) && out->format == OUTPUT_XML) {
        open_element(out, "crm_mon");
        write_attr(out, "version", CRM_VERSION);
    } else {
        open_element(out, "pacemaker-result");
        write_attr(out, "api-version", OUTPUT_API_VERSION);
        if (out->request != NULL) {
            write_attr(out, "request", out->request);
        }
    }
    out->printed = false;
}

static void
xml_finish(struct output *out, int exit_code)
{
    while (out->elements->len > 1) {
        close_element(out);
    }
    if ((out->flags & OUTPUT_LEGACY) && out->format == OUTPUT_XML) {
        if (exit_code != CRM_EX_OK) {
            fprintf(stderr, "%s\n", crm_exit_text(exit_code));
        }
        for (guint i = 0; i < out->errors->len; i++) {
            fprintf(stderr, "%s\n", (const char *)g_ptr_array_index(out->errors, i));
        }
    } else {
        char code[16];

        g_snprintf(code, sizeof(code), "%d", exit_code);
        output_open_element(out, "status", "code", code, "message", crm_exit_text(exit_code), NULL);
        if (out->errors->len > 0) {
            open_element(out, "errors");
            for (guint i = 0; i < out->errors->len; i++) {
                output_text_element(out, "error", g_ptr_array_index(out->errors, i), NULL);
            }
            close_element(out);
        }
        close_element(out);
    }
    close_element(out);
}

static void
xml_discard(struct output *out)
{
    while (out->elements->len > 0) {
        g_free((char *)top_element(out)->name);
        g_array_set_size(out->elements, out->elements->len - 1);
    }
}

/* Element name of a list: substituted, or the title in lower case. */
static char *
list_name(const struct output *out, const char *title)
{
    if (out->flags & OUTPUT_SUBSTITUTE) {
        for (unsigned i = 0; i < G_N_ELEMENTS(substitutes); i++) {
            if (strcmp(title, substitutes[i].title) == 0) {
                return g_strdup(substitutes[i].element);
            }
        }
    }
    return g_ascii_strdown(title, -1);
}

static void
xml_begin_list(struct output *out, const char *title, bool section)
{
    output_push_list(out);
    if (title == NULL) {
        return; /* depth only */
    }

    g_autofree char *name = list_name(out, title);

    if (out->flags & OUTPUT_SIMPLE_LISTS) {
        open_element(out, name);
    } else {
        open_element(out, "list");
        write_attr(out, "name", name);
        top_element(out)->tag_end = out->buffer->len;
        top_element(out)->counted = true;
    }
    top_element(out)->is_list = true;
    output_top_list(out)->items = 1; /* it has an element */
}

static bool
xml_end_list(struct output *out, bool drop_if_empty)
{
    bool has_element = output_top_list(out)->items > 0;

    output_pop_list(out);
    if (!has_element) {
        return true;
    }
    g_assert(top_element(out)->is_list);
    if (drop_if_empty && !top_element(out)->has_children) {
        drop_element(out);
        return false;
    }
    close_element(out);
    return true;
}

static void
xml_item(struct output *out, const char *label, const char *css_class,
         const struct output_span *spans, unsigned n)
{
    g_autofree char *text = output_join_spans(spans, n);

    output_text_element(out, "item", text, "name", label, NULL);
}

static void
xml_xml_text(struct output *out, const char *element, const char *xml)
{
    open_element(out, element);
    close_with_text(out, xml, true);
}

/* Text of an element without child elements; comments are none. */
static char *
text_of(const xmlNode *xml)
{
    GString *text = g_string_new(NULL);

    for (const xmlNode *c = xml->children; c != NULL; c = c->next) {
        if (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) {
            g_string_append(text, (const char *)c->content);
        }
    }
    return g_strstrip(g_string_free(text, FALSE));
}

static void
write_tree(struct output *out, const xmlNode *xml)
{
    open_element(out, xml_name(xml));
    for (const xmlAttr *a = xml->properties; a != NULL; a = a->next) {
        write_attr(out, (const char *)a->name, xml_attr_value(a));
    }
    if (xml_first(xml, NULL) == NULL && xml->children != NULL) {
        g_autofree char *text = text_of(xml);

        close_with_text(out, text, false);
        return;
    }
    xml_for_each (child, xml, NULL) {
        write_tree(out, child);
    }
    close_element(out);
}

void
output_document(struct output *out, const xmlNode *xml)
{
    if (!output_is_structured(out)) {
        g_autofree char *text = xml_to_text(xml, XML_TEXT_FORMATTED);

        output_xml_text(out, "document", text);
        return;
    }
    open_element(out, "document");
    write_tree(out, xml);
    close_element(out);
}

static void
xml_subprocess(struct output *out, int status, const char *std_out, const char *std_err)
{
    char code[16];

    g_snprintf(code, sizeof(code), "%d", status);
    output_open_element(out, "command", "code", code, NULL);
    if (std_out != NULL && std_out[0] != '\0') {
        output_text_element(out, "output", std_out, "source", "stdout", NULL);
    }
    if (std_err != NULL && std_err[0] != '\0') {
        output_text_element(out, "output", std_err, "source", "stderr", NULL);
    }
    output_close_element(out);
}

const struct output_writer output_xml_writer = {
    .begin = xml_begin,
    .finish = xml_finish,
    .discard = xml_discard,
    .begin_list = xml_begin_list,
    .end_list = xml_end_list,
    .item = xml_item,
    .xml_text = xml_xml_text,
    .subprocess = xml_subprocess,
};

/* JSON: the same document, turned into objects and arrays at the end (json.c). */
static void
json_finish(struct output *out, int exit_code)
{
    GString *json = g_string_sized_new(out->buffer->len);

    xml_finish(out, exit_code);
    output_json_from_xml(json, out->buffer->str, out->buffer->len);
    g_string_free(out->buffer, TRUE);
    out->buffer = json;
}

const struct output_writer output_json_writer = {
    .begin = xml_begin,
    .finish = json_finish,
    .discard = xml_discard,
    .begin_list = xml_begin_list,
    .end_list = xml_end_list,
    .item = xml_item,
    .xml_text = xml_xml_text,
    .subprocess = xml_subprocess,
};
