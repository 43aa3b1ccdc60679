/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cibadmin --show-access: writes a document with marks, colours or name spaces that tell what a user may do to its
 * parts.  Called by tools/cibadmin.c.  Never talks to the CIB manager.  (spec 20 §12.5)
 */
#include "tools/cibadmin_access.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"

#define NAMESPACE_URI "http://clusterlabs.org/ns/pacemaker/access/"

static const char *const style_words[ACCESS_N_STYLES] = {
    [ACCESS_AUTO] = "auto", [ACCESS_COLOR] = "color", [ACCESS_TEXT] = "text", [ACCESS_NAMESPACE] = "namespace"
};

static const struct {
    const char *mark, *colour, *word;
} looks[] = {
    [CIB_ACCESS_DENIED] = { "vvv---[ ~DENIED~ ]---vvv", "\033[31m", "denied" },
    [CIB_ACCESS_READABLE] = { "vvv---[ READABLE ]---vvv", "\033[34m", "readable" },
    [CIB_ACCESS_WRITABLE] = { "vvv---[ WRITABLE ]---vvv", "\033[32m", "writable" },
};

struct printer {
    enum access_style style;
    GHashTable *access;  /* element -> enum cib_access */
    unsigned seen;       /* bit n: access n is marked somewhere */
    GString *out;
};

bool
access_style_parse(const char *word, enum access_style *style)
{
    for (int i = 0; i < ACCESS_N_STYLES; i++) {
        if (text_equal(word, style_words[i])) {
            *style = (enum access_style)i;
            return true;
        }
    }
    return false;
}

static enum cib_access
access_of(const struct printer *p, const xmlNode *node)
{
    return (enum cib_access)GPOINTER_TO_INT(g_hash_table_lookup(p->access, node));
}

/* The access differs from that of what the element lies in. */
static bool
is_marked(const struct printer *p, const xmlNode *node)
{
    return node->parent->type != XML_ELEMENT_NODE || access_of(p, node) != access_of(p, node->parent);
}

static void
note_access(void *data, xmlNode *node, enum cib_access access)
{
    struct printer *p = data;

    g_hash_table_insert(p->access, node, GINT_TO_POINTER(access));
    if (is_marked(p, node)) {
        p->seen |= 1u << access;
    }
}

static void
indent(struct printer *p, int depth)
{
    g_string_append_printf(p->out, "%*s", 2 * depth, "");
}

/* What stands before the name in a start or end tag. */
static void
print_prefix(struct printer *p, const xmlNode *node, const char *bracket)
{
    const char *word = looks[access_of(p, node)].word;

    if (p->style == ACCESS_COLOR) {
        g_string_append(p->out, looks[access_of(p, node)].colour);
    }
    g_string_append(p->out, bracket);
    if (p->style == ACCESS_NAMESPACE && is_marked(p, node)) {
        g_string_append_printf(p->out, "pcmk-access-%s:", word);
    }
    g_string_append(p->out, xml_name(node));
}

static void
print_attributes(struct printer *p, const xmlNode *node, int depth)
{
    static const enum cib_access order[] = { CIB_ACCESS_WRITABLE, CIB_ACCESS_READABLE, CIB_ACCESS_DENIED };

    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        g_string_append_printf(p->out, " %s=\"", (const char *)a->name);
        if (p->style == ACCESS_NAMESPACE && strpbrk(xml_attr_value(a), "<&\"\t\r\n") != NULL) {
            xml_append_escaped(p->out, xml_attr_value(a)); /* this style is read by programs */
        } else {
            g_string_append(p->out, xml_attr_value(a));
        }
        g_string_append_c(p->out, '"');
    }
    for (guint i = 0; p->style == ACCESS_NAMESPACE && depth == 0 && i < G_N_ELEMENTS(order); i++) {
        if (p->seen & 1u << order[i]) {
            g_string_append_printf(p->out, " xmlns:pcmk-access-%s=\"" NAMESPACE_URI "%s\"", looks[order[i]].word,
                                   looks[order[i]].word);
        }
    }
}

static void
print_element(struct printer *p, const xmlNode *node, int depth)
{
    const char *reset = p->style == ACCESS_COLOR ? "\033[0m" : "";

    if (p->style == ACCESS_TEXT && is_marked(p, node)) {
        if (depth > 0) {
            indent(p, depth);
            g_string_append_c(p->out, '\n');
        }
        indent(p, depth);
        g_string_append_printf(p->out, "%s\n", looks[access_of(p, node)].mark);
    }
    indent(p, depth);
    print_prefix(p, node, "<");
    print_attributes(p, node, depth);
    if (node->children == NULL) {
        g_string_append_printf(p->out, "/>%s\n", reset);
        return;
    }
    g_string_append(p->out, ">\n");
    for (const xmlNode *c = node->children; c != NULL; c = c->next) {
        if (c->type == XML_ELEMENT_NODE) {
            print_element(p, c, depth + 1);
        } else if (c->type == XML_COMMENT_NODE) {
            indent(p, depth + 1);
            g_string_append_printf(p->out, "<!-- %s -->\n\n", (const char *)c->content);
        }
    }
    indent(p, depth);
    print_prefix(p, node, "</");
    g_string_append_printf(p->out, ">%s\n", reset);
}

/* For programs: the access as an attribute. */
static void
mark_element(struct printer *p, xmlNode *node)
{
    xml_set(node, "access", looks[access_of(p, node)].word);
    xml_for_each (child, node, NULL) {
        mark_element(p, child);
    }
}

void
access_print(struct output *out, xmlNode *take_document, const char *user, enum access_style style)
{
    struct cib_doc *d = cib_doc_new_take(take_document);
    g_autoptr(cib_acl) acl = cib_acl_new(d, user);
    g_autoptr(GHashTable) access = g_hash_table_new(NULL, NULL);
    struct printer p = { .style = style, .access = access, .out = g_string_sized_new(4096) };

    if (style == ACCESS_AUTO) {
        p.style = isatty(STDOUT_FILENO) ? ACCESS_COLOR : ACCESS_TEXT;
    }
    cib_acl_show(acl, d->root, note_access, &p);
    if (output_is_structured(out)) {
        mark_element(&p, d->root);
        output_document(out, d->root);
    } else {
        g_string_append_printf(p.out, "<!-- ACLs as evaluated for user %s -->\n", user);
        print_element(&p, d->root, 0);
        output_xml_text(out, "document", p.out->str);
    }
    g_string_free(p.out, TRUE);
    cib_doc_free(d);
}
