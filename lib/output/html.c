/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status as a web page: a tree of libxml2, printed by its HTML serialiser when the page is complete.
 * Called through output.c.  (spec 80 §3.5, spec 81 §12)
 */
#include "lib/output/internal.h"

#include <libxml/HTMLtree.h>
#include <stdarg.h>
#include <string.h>

static const char style[] = ".bold { font-weight: bold }\n"
                            ".online { color: green }\n"
                            ".offline { color: red }\n"
                            ".maint { color: blue }\n"
                            ".standby { color: blue }\n"
                            ".health_red { color: red }\n"
                            ".health_yellow { color: GoldenRod }\n"
                            ".rsc-failed { color: red }\n"
                            ".rsc-failure-ignored { color: DarkGreen }\n"
                            ".rsc-managed { color: blue }\n"
                            ".rsc-multiple { color: orange }\n"
                            ".rsc-ok { color: green }\n"
                            ".warning { color: red; font-weight: bold }";

static xmlNode *
add(xmlNode *parent, const char *name, const char *text)
{
    return xmlNewTextChild(parent, NULL, (const xmlChar *)name, (const xmlChar *)text);
}

static void
set(xmlNode *node, const char *name, const char *value)
{
    xmlNewProp(node, (const xmlChar *)name, (const xmlChar *)value);
}

void
output_html_header(struct output *out, const char *name, ...)
{
    va_list args;

    if (out->format != OUTPUT_HTML) {
        return;
    }

    xmlNode *node = add(out->html_head, name, NULL);

    va_start(args, name);
    for (const char *attr = va_arg(args, const char *); attr != NULL; attr = va_arg(args, const char *)) {
        set(node, attr, va_arg(args, const char *));
    }
    va_end(args);
}

static void
html_begin(struct output *out)
{
    out->html_doc = htmlNewDocNoDtD(NULL, NULL);
    xmlCreateIntSubset(out->html_doc, (const xmlChar *)"html", NULL, NULL);

    xmlNode *root = xmlNewDocNode(out->html_doc, NULL, (const xmlChar *)"html", NULL);

    set(root, "lang", "en");
    xmlDocSetRootElement(out->html_doc, root);
    out->html_head = add(root, "head", NULL);

    const char *title = out->title != NULL ? out->title : out->request;

    if (title != NULL) {
        add(out->html_head, "title", title);
    }
    set(add(out->html_head, "meta", NULL), "charset", "utf-8");
    if (out->refresh > 0) {
        char seconds[16];

        g_snprintf(seconds, sizeof(seconds), "%u", out->refresh);
        output_html_header(out, "meta", "http-equiv", "refresh", "content", seconds, NULL);
    }
    out->html_body = add(root, "body", NULL);
    out->html_at = out->html_body;
}

static void
html_discard(struct output *out)
{
    if (out->html_doc != NULL) {
        xmlFreeDoc(out->html_doc);
        out->html_doc = NULL;
    }
}

static void
html_finish(struct output *out, int exit_code)
{
    xmlChar *page = NULL;
    int size = 0;

    add(out->html_head, "style", style);
    if (out->stylesheet != NULL) {
        output_html_header(out, "link", "rel", "stylesheet", "href", out->stylesheet, NULL);
    }
    if (out->errors->len > 0) {
        xmlNode *list = add(out->html_body, "ul", NULL);

        for (guint i = 0; i < out->errors->len; i++) {
            add(list, "li", g_ptr_array_index(out->errors, i));
        }
    }
    htmlDocDumpMemory(out->html_doc, &page, &size);
    if (out->flags & OUTPUT_CGI) {
        g_string_append(out->buffer, "Content-Type: text/html\n\n");
    }
    g_string_append_len(out->buffer, (const char *)page, size);
    xmlFree(page);
}

static void
html_begin_list(struct output *out, const char *title, bool section)
{
    bool top = out->lists->len == 0;
    struct output_list *outer = output_top_list(out);
    bool printed_before = out->printed;
    xmlNode *parent = out->html_at;
    xmlNode *heading = NULL;
    xmlNode *taken_back = NULL;

    if (outer != NULL) {
        outer->items++;
    }
    if (!top) { /* a nested list lives in an item of its own */
        parent = add(parent, "li", NULL);
        taken_back = parent;
    }
    if (title != NULL) {
        heading = add(parent, top ? "h2" : "h3", title);
    }

    struct output_list *list = output_push_list(out);

    list->printed_before = printed_before;
    list->html_parent = out->html_at;
    list->html_title = taken_back != NULL ? taken_back : heading;
    list->html_list = add(parent, "ul", NULL);
    list->html_section = top;
    out->html_at = list->html_list;
}

static void
take_back(xmlNode *node)
{
    if (node != NULL) {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

static bool
html_end_list(struct output *out, bool drop_if_empty)
{
    struct output_list *list = output_top_list(out);
    bool stays = !drop_if_empty || list->items > 0;

    out->html_at = list->html_parent;
    if (!stays) {
        if (list->html_section) {
            take_back(list->html_list);
        }
        take_back(list->html_title);
        out->printed = list->printed_before;
    }
    output_pop_list(out);
    if (!stays && out->lists->len > 0) {
        output_top_list(out)->items--;
    }
    return stays;
}

static void
html_item(struct output *out, const char *label, const char *css_class,
          const struct output_span *spans, unsigned n)
{
    struct output_list *list = output_top_list(out);
    bool as_spans = css_class != NULL && css_class[0] == '\0';
    xmlNode *item;

    if (as_spans) {
        item = add(out->html_at, "li", NULL);
        for (unsigned i = 0; i < n; i++) {
            xmlNode *span = add(item, "span", spans[i].text);

            if (spans[i].css_class != NULL) {
                set(span, "class", spans[i].css_class);
            }
        }
    } else if (label != NULL) {
        g_autofree char *text = g_strdup_printf("%s: %s", label, spans[0].text);

        item = add(out->html_at, "li", text);
    } else {
        item = add(out->html_at, "li", spans[0].text);
        if (css_class != NULL) {
            set(item, "class", css_class);
        }
    }
    if (list != NULL) {
        list->items++;
    }
    out->printed = true;
}

static void
html_xml_text(struct output *out, const char *element, const char *xml)
{
    set(add(out->html_at, "pre", xml), "lang", "xml");
}

static void
html_subprocess(struct output *out, int status, const char *std_out, const char *std_err)
{
    g_autofree char *code = g_strdup_printf("Return code: %d", status);

    add(out->html_body, "div", "Command Output");
    add(out->html_body, "div", code);
    if (std_out != NULL && std_out[0] != '\0') {
        add(out->html_body, "div", "Stdout");
        add(out->html_body, "pre", std_out);
    }
    if (std_err != NULL && std_err[0] != '\0') {
        add(out->html_body, "div", "Stderr");
        add(out->html_body, "pre", std_err);
    }
}

const struct output_writer output_html_writer = {
    .begin = html_begin,
    .finish = html_finish,
    .discard = html_discard,
    .begin_list = html_begin_list,
    .end_list = html_end_list,
    .item = html_item,
    .xml_text = html_xml_text,
    .subprocess = html_subprocess,
};
