/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the elements of the graph go: a tree of libxml2 or formatted text, from the same calls.  Called by graph.c and
 * action_xml.c.  Opens no file.
 */
#include "lib/sched/graph/internal.h"

#define FLUSH_AT ((size_t) 256 * 1024)

/* Inline: most of the work of a large graph is appending short strings. */
static inline void
append(struct graph_sink *sink, const char *text, gsize len)
{
    GString *to = sink->text;

    if (to->len + len < to->allocated_len) {
        memcpy(to->str + to->len, text, len);
        to->len += len;
        to->str[to->len] = '\0';
    } else {
        g_string_append_len(to, text, (gssize) len);
    }
}

/* Length of a value that needs no escaping, the usual case; 0 if it does. */
static gsize
plain_length(const char *value)
{
    const unsigned char *p = (const unsigned char *) value;

    while (*p >= 0x20 && *p < 0x7f && *p != '<' && *p != '>' && *p != '&' && *p != '"' && *p != '\'') {
        p++;
    }
    return *p == '\0' ? (gsize) (p - (const unsigned char *) value) : 0;
}

static void
indent(struct graph_sink *sink, unsigned depth)
{
    static const char blanks[] = "                ";

    append(sink, blanks, MIN(depth * 2, sizeof(blanks) - 1));
}

void
sink_open(struct graph_sink *sink, const char *name)
{
    if (sink->text == NULL) {
        sink->at = xml_new(sink->at, name);
        return;
    }
    if (sink->tag_open) {
        append(sink, ">\n", 2);
    }
    indent(sink, sink->names->len);
    append(sink, "<", 1);
    append(sink, name, strlen(name));
    g_ptr_array_add(sink->names, (gpointer) name);
    sink->tag_open = true;
}

void
sink_attr(struct graph_sink *sink, const char *name, const char *value)
{
    gsize plain;

    if (value == NULL) {
        return;
    }
    if (sink->text == NULL) {
        xml_set(sink->at, name, value);
        return;
    }
    g_assert(sink->tag_open);
    append(sink, " ", 1);
    append(sink, name, strlen(name));
    append(sink, "=\"", 2);
    plain = plain_length(value);
    if (plain > 0) {
        append(sink, value, plain);
    } else {
        xml_append_escaped(sink->text, value);
    }
    append(sink, "\"", 1);
}

void
sink_attr_int(struct graph_sink *sink, const char *name, long long value)
{
    char digits[24], *p = digits + sizeof(digits) - 1;
    unsigned long long rest = value < 0 ? 0ULL - (unsigned long long) value : (unsigned long long) value;

    *p = '\0';
    do {
        *--p = (char) ('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        *--p = '-';
    }
    sink_attr(sink, name, p);
}

static void
hand_on(struct graph_sink *sink)
{
    if (sink->rc == 0 && sink->text->len > 0) {
        sink->rc = sink->write(sink->data, sink->text->str, sink->text->len);
    }
    g_string_truncate(sink->text, 0);
}

void
sink_close(struct graph_sink *sink)
{
    if (sink->text == NULL) {
        sink->at = sink->at->parent != NULL && sink->at->parent->type == XML_ELEMENT_NODE ? sink->at->parent : sink->at;
        return;
    }

    const char *name = sink->names->pdata[sink->names->len - 1];

    g_ptr_array_set_size(sink->names, (gint) sink->names->len - 1);
    if (sink->tag_open) {
        append(sink, "/>\n", 3);
        sink->tag_open = false;
    } else {
        indent(sink, sink->names->len);
        append(sink, "</", 2);
        append(sink, name, strlen(name));
        append(sink, ">\n", 2);
    }
    if (sink->text->len >= FLUSH_AT || sink->names->len == 0) {
        hand_on(sink);
    }
}
