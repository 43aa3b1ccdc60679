/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML helpers over libxml2: access, walking, the wire serialisation.  Called by everybody.
 * Parsing of foreign bytes is in xml_parse.c.  Never does I/O.
 */
#include "lib/base/xml.h"

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml_packed.h"

#include <ctype.h>
#include <libxml/parserInternals.h> /* xmlStringText */
#include <stddef.h>
#include <malloc.h>
#include <string.h>

#define CSTR(s)   ((const char *)(s))
#define XMLSTR(s) ((const xmlChar *)(s))

xmlNode *
xml_new(xmlNode *parent, const char *name)
{
    xmlNode *node;

    if (parent != NULL) {
        return xmlNewChild(parent, NULL, XMLSTR(name), NULL);
    }
    node = xmlNewDocNode(xmlNewDoc(XMLSTR("1.0")), NULL, XMLSTR(name), NULL);
    xmlDocSetRootElement(node->doc, node);
    return node;
}

/* --- nodes, made directly: libxml2's functions look for namespaces, ids and entities, of which there are none --- */

static xmlNode *
node_alloc(xmlElementType type, xmlDoc *doc, const xmlChar *name)
{
    xmlNode *node = xmlMalloc(sizeof(*node));

    g_assert(node != NULL);
    memset(node, 0, sizeof(*node));
    node->type = type;
    node->doc = doc;
    node->name = name;
    return node;
}

/* Short texts live in fields that text nodes do not use, as the parser has it. */
static void
set_text(xmlNode *text, const char *value)
{
    size_t len = strlen(value);

    if (len < sizeof(text->properties) + sizeof(text->nsDef)) {
        text->content = (xmlChar *)&text->properties;
        memcpy(text->content, value, len + 1);
    } else {
        text->content = xmlStrndup(XMLSTR(value), (int)len);
    }
}

G_STATIC_ASSERT(offsetof(xmlNode, nsDef) == offsetof(xmlNode, properties) + sizeof(void *));

static void
append_attr(xmlNode *node, xmlAttr *last, const char *name, const char *value)
{
    xmlAttr *a = xmlMalloc(sizeof(*a));
    xmlNode *text = node_alloc(XML_TEXT_NODE, node->doc, xmlStringText);

    g_assert(a != NULL);
    memset(a, 0, sizeof(*a));
    a->type = XML_ATTRIBUTE_NODE;
    a->name = xmlStrdup(XMLSTR(name));
    a->parent = node;
    a->doc = node->doc;
    a->children = a->last = text;
    a->prev = last;
    text->parent = (xmlNode *)a;
    set_text(text, value);
    if (last != NULL) {
        last->next = a;
    } else {
        node->properties = a;
    }
}

static void
append_child(xmlNode *parent, xmlNode *child)
{
    child->parent = parent;
    child->prev = parent->last;
    if (parent->last != NULL) {
        parent->last->next = child;
    } else {
        parent->children = child;
    }
    parent->last = child;
}

static void
unpack_attrs(xmlNode *node)
{
    const struct xml_packed *p = xml_packed_of(node);
    xmlAttr *last = NULL;

    if (p == NULL) {
        return;
    }
    node->psvi = NULL;
    for (unsigned i = 0; i < p->count; i++) {
        append_attr(node, last, CSTR(p->pairs[i].name), p->pairs[i].value);
        last = last != NULL ? last->next : node->properties;
    }
}

void
xml_unpack(xmlNode *node)
{
    unpack_attrs(node);
    xml_for_each(child, node, NULL)
    {
        xml_unpack(child);
    }
}

static xmlNode *
copy_tree(xmlDoc *doc, const xmlNode *src)
{
    xmlNode *node;
    xmlAttr *last = NULL;

    if (src->type != XML_ELEMENT_NODE || src->ns != NULL || src->nsDef != NULL) {
        return xmlDocCopyNode((xmlNode *)src, doc, 1);
    }
    unpack_attrs((xmlNode *)src);
    node = node_alloc(XML_ELEMENT_NODE, doc, xmlStrdup(src->name));
    node->line = src->line;
    for (const xmlAttr *a = src->properties; a != NULL; a = a->next) {
        if (a->ns != NULL) {
            xmlCopyProp(node, (xmlAttr *)a);
            continue;
        }
        append_attr(node, last, CSTR(a->name), xml_attr_value(a));
        last = last != NULL ? last->next : node->properties;
    }
    for (const xmlNode *child = src->children; child != NULL; child = child->next) {
        append_child(node, copy_tree(doc, child));
    }
    return node;
}

xmlNode *
xml_copy(xmlNode *parent, const xmlNode *src)
{
    xmlDoc *doc = (parent != NULL) ? parent->doc : xmlNewDoc(XMLSTR("1.0"));
    xmlNode *node = copy_tree(doc, src);

    if (parent != NULL) {
        xmlAddChild(parent, node);
    } else {
        xmlDocSetRootElement(doc, node);
    }
    return node;
}

xmlNode *
xml_move(xmlNode *parent, xmlNode *node)
{
    xmlDoc *old = node->doc;

    /* Names in a parser's dictionary cannot leave its document. */
    if (old->dict != parent->doc->dict || xmlDocGetRootElement(old) != node) {
        xmlNode *copy = xml_copy(parent, node);

        xml_free(node);
        return copy;
    }
    xmlUnlinkNode(node);
    xmlFreeDoc(old);
    node->doc = NULL;
    xmlSetTreeDoc(node, parent->doc);
    append_child(parent, node);
    return node;
}

static bool is_tool;

void
xml_memory_for_tools(void)
{
    is_tool = true;
}

void
xml_memory_expect(size_t len)
{
    /*
     * Not for little: what libqb has zeroed for its buffers would come from a large piece, and each page of it would be touched,
     * while pages that come fresh from the kernel are zero already.
     */
    if (!is_tool || len < XML_LARGE_TEXT) {
        return;
    }
    is_tool = false; /* once */
    mallopt(M_TOP_PAD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 1 << 25);
    mallopt(M_MXFAST, 0); /* else each large piece that is freed makes it tidy up the small ones */
}

xmlNode *
xml_take_out(xmlNode *node)
{
    xmlNode *around = xmlDocSetRootElement(node->doc, node);

    if (around != NULL && around != node) {
        xmlFreeNode(around);
    }
    return node;
}

void
xml_free(xmlNode *node)
{
    if (node == NULL) {
        return;
    }
    if (node->doc != NULL && xmlDocGetRootElement(node->doc) == node) {
        struct arena *packed = node->doc->psvi;

        xmlFreeDoc(node->doc);
        arena_free(packed);
    } else {
        xmlUnlinkNode(node);
        xmlFreeNode(node);
    }
}

static xmlAttr *
find_attr(const xmlNode *node, const char *name)
{
    for (xmlAttr *a = (node != NULL) ? node->properties : NULL; a != NULL; a = a->next) {
        if (CSTR(a->name)[0] == name[0] && strcmp(CSTR(a->name), name) == 0) { /* most differ in the first letter */
            return a;
        }
    }
    return NULL;
}

/* Attribute values are a single text node because entities are never kept (see xml_parse.c). */
const char *
xml_attr_value(const xmlAttr *attr)
{
    if (attr->children == NULL || attr->children->content == NULL) {
        return "";
    }
    return CSTR(attr->children->content);
}

const char *
xml_get(const xmlNode *node, const char *name)
{
    const xmlAttr *a = find_attr(node, name);
    const struct xml_packed *p = a == NULL && node != NULL ? xml_packed_of(node) : NULL;

    for (unsigned i = 0; p != NULL && i < p->count; i++) {
        if (p->pairs[i].name[0] == (xmlChar)name[0] && strcmp(CSTR(p->pairs[i].name), name) == 0) {
            return p->pairs[i].value;
        }
    }
    return (a == NULL) ? NULL : xml_attr_value(a);
}

const char *
xml_id(const xmlNode *node)
{
    return xml_get(node, "id");
}

void
xml_set(xmlNode *node, const char *name, const char *value)
{
    xmlAttr *a;

    unpack_attrs(node);
    a = find_attr(node, name);
    if (value == NULL) {
        if (a != NULL) {
            xmlRemoveProp(a);
        }
    } else if (a == NULL && node->ns == NULL) {
        xmlAttr *last = node->properties;

        while (last != NULL && last->next != NULL) {
            last = last->next;
        }
        append_attr(node, last, name, value);
    } else if (a == NULL) {
        xmlNewProp(node, XMLSTR(name), XMLSTR(value));
    } else if (strcmp(xml_attr_value(a), value) != 0) {
        xmlSetProp(node, XMLSTR(name), XMLSTR(value));
    }
}

void
xml_set_int(xmlNode *node, const char *name, long long value)
{
    char buf[24];

    g_snprintf(buf, sizeof(buf), "%lld", value);
    xml_set(node, name, buf);
}

xmlNode *
xml_new_nvpair(xmlNode *set, const char *name, const char *value)
{
    xmlNode *pair = xml_new(set, "nvpair");

    xml_setf(pair, "id", "%s-%s", xml_id(set), name);
    xml_set(pair, "name", name);
    xml_set(pair, "value", value);
    return pair;
}

void
xml_setf(xmlNode *node, const char *name, const char *format, ...)
{
    va_list ap;
    char *value;

    va_start(ap, format);
    value = g_strdup_vprintf(format, ap);
    va_end(ap);
    xml_set(node, name, value);
    g_free(value);
}

void
xml_remove(xmlNode *node, const char *name)
{
    xml_set(node, name, NULL);
}

long long
xml_get_int(const xmlNode *node, const char *name, long long def)
{
    const char *s = xml_get(node, name);
    const char *digits;

    if (s == NULL) {
        return def;
    }
    digits = s + strspn(s, " \t");
    digits += (*digits == '-' || *digits == '+');
    return isdigit((unsigned char)*digits) ? text_leading_int(s) : def;
}

bool
xml_get_bool(const xmlNode *node, const char *name, bool def)
{
    int b = text_boolean(xml_get(node, name));

    return (b < 0) ? def : (b == 1);
}

void
xml_copy_attr(xmlNode *to, const xmlNode *from, const char *name)
{
    const char *value = xml_get(from, name);

    if (value != NULL) {
        xml_set(to, name, value);
    }
}

void
xml_copy_attrs(xmlNode *to, const xmlNode *from)
{
    unpack_attrs((xmlNode *)from);
    for (const xmlAttr *a = from->properties; a != NULL; a = a->next) {
        xml_set(to, (const char *)a->name, xml_attr_value(a));
    }
}

bool
xml_is(const xmlNode *node, const char *name)
{
    return node != NULL && node->type == XML_ELEMENT_NODE && strcmp(CSTR(node->name), name) == 0;
}

static xmlNode *
next_match(xmlNode *node, const char *name)
{
    for (; node != NULL; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && (name == NULL || strcmp(CSTR(node->name), name) == 0)) {
            return node;
        }
    }
    return NULL;
}

xmlNode *
xml_first(const xmlNode *parent, const char *name)
{
    return (parent == NULL) ? NULL : next_match(parent->children, name);
}

xmlNode *
xml_next(const xmlNode *node, const char *name)
{
    return next_match(node->next, name);
}

xmlNode *
xml_find(const xmlNode *parent, const char *name, const char *attr, const char *value)
{
    xml_for_each(child, parent, name)
    {
        if (attr == NULL || text_equal(xml_get(child, attr), value)) {
            return child;
        }
    }
    return NULL;
}

unsigned
xml_count_children(const xmlNode *parent, const char *name)
{
    unsigned n = 0;

    xml_for_each(child, parent, name)
    {
        n++;
    }
    return n;
}

void
xml_strip_text(xmlNode *node)
{
    xmlNode *next;

    for (xmlNode *c = node->children; c != NULL; c = next) {
        next = c->next;
        if (c->type == XML_TEXT_NODE) {
            xmlUnlinkNode(c);
            xmlFreeNode(c);
        } else if (c->type == XML_ELEMENT_NODE) {
            xml_strip_text(c);
        }
    }
}

/* --- text --- */

/* What a byte becomes in an attribute value; NULL: itself.  Octal forms are made on the way. */
static const char *
escape_of(unsigned char c, char octal[5])
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
        return "    ";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    default:
        if (c < 0x20 || c == 0x7f) {
            g_snprintf(octal, 5, "\\%03o", c);
            return octal;
        }
        return NULL;
    }
}

static void
append_value(GString *out, const char *value, bool stop_at_multibyte)
{
    const char *plain = value;
    char octal[5];

    for (const char *p = value; *p != '\0'; p++) {
        const char *esc;

        if (stop_at_multibyte && (p[0] & 0x80) != 0 && (p[1] & 0x80) != 0) {
            break; /* the rest stays raw: peers digest it so */
        }
        esc = escape_of((unsigned char)*p, octal);
        if (esc != NULL) {
            g_string_append_len(out, plain, p - plain);
            g_string_append(out, esc);
            plain = p + 1;
        }
    }
    g_string_append(out, plain);
}

void
xml_append_escaped(GString *out, const char *value)
{
    append_value(out, value, false);
}

/* Attributes that change without a change of the configuration (spec 20 §4.2, digest v2). */
static bool
is_volatile(const char *name)
{
    return text_is_one_of(name, "crm-debug-origin", "cib-last-written", "update-origin",
                          "update-client", "update-user", NULL);
}

static void
indent(GString *out, unsigned flags, unsigned depth)
{
    if (flags & XML_TEXT_FORMATTED) {
        for (unsigned i = 0; i < depth; i++) {
            g_string_append(out, "  ");
        }
    }
}

static void
end_line(GString *out, unsigned flags)
{
    if (flags & XML_TEXT_FORMATTED) {
        g_string_append_c(out, '\n');
    }
}

static void append_node(GString *out, const xmlNode *node, unsigned flags, unsigned depth);

static void
append_element(GString *out, const xmlNode *node, unsigned flags, unsigned depth)
{
    indent(out, flags, depth);
    g_string_append_c(out, '<');
    g_string_append(out, CSTR(node->name));
    unpack_attrs((xmlNode *)node);
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if ((flags & XML_TEXT_SKIP_VOLATILE) && is_volatile(CSTR(a->name))) {
            continue;
        }
        g_string_append_c(out, ' ');
        g_string_append(out, CSTR(a->name));
        g_string_append_len(out, "=\"", 2);
        append_value(out, xml_attr_value(a), (flags & XML_TEXT_DIGEST_QUIRK) != 0);
        g_string_append_c(out, '"');
    }
    if (node->children == NULL) {
        g_string_append_len(out, "/>", 2);
        end_line(out, flags);
        return;
    }
    g_string_append_c(out, '>');
    end_line(out, flags);
    for (const xmlNode *c = node->children; c != NULL; c = c->next) {
        append_node(out, c, flags, depth + 1);
    }
    indent(out, flags, depth);
    g_string_append_len(out, "</", 2);
    g_string_append(out, CSTR(node->name));
    g_string_append_c(out, '>');
    end_line(out, flags);
}

static void
append_node(GString *out, const xmlNode *node, unsigned flags, unsigned depth)
{
    switch (node->type) {
    case XML_ELEMENT_NODE:
        append_element(out, node, flags, depth);
        break;
    case XML_COMMENT_NODE:
        indent(out, flags, depth);
        g_string_append(out, "<!--");
        g_string_append(out, (node->content != NULL) ? CSTR(node->content) : "");
        g_string_append(out, "-->");
        end_line(out, flags);
        break;
    case XML_CDATA_SECTION_NODE:
        indent(out, flags, depth);
        g_string_append(out, "<![CDATA[");
        g_string_append(out, (node->content != NULL) ? CSTR(node->content) : "");
        g_string_append(out, "]]>");
        end_line(out, flags);
        break;
    default:
        break; /* text and processing instructions are not part of any message or document of ours */
    }
}

void
xml_append_text(GString *out, const xmlNode *node, unsigned flags)
{
    append_node(out, node, flags, 0);
}

/* The end of a tag that begins at `p`, behind its ">"; NULL if it is not written as append_element() does. */
static const char *
skip_tag(const char *p, const char *end)
{
    bool quoted = false;

    for (; p < end; p++) {
        if ((unsigned char)*p < ' ' || *p == '&' || *p == '\'') {
            return NULL;
        }
        if (*p == '"') {
            quoted = !quoted;
        } else if (*p == '>' || *p == '<') {
            return *p == '>' && !quoted ? p + 1 : NULL;
        }
    }
    return NULL;
}

bool
xml_reformat(GString *out, const char *text, size_t len)
{
    const char *p = text, *end = text + len;
    gsize begin = out->len;
    unsigned depth = 0;
    bool opened = false; /* the last tag began an element, which so far has nothing in it */

    while (p < end) {
        const char *tag = p, *next = *p == '<' ? skip_tag(p + 1, end) : NULL;

        if (next == NULL || next - tag < 3 || tag[1] == '!' || tag[1] == '?' || (tag != text && depth == 0)) {
            break;
        }
        if (tag[1] == '/') {
            if (opened || depth == 0) {
                break;
            }
            depth--;
            indent(out, XML_TEXT_FORMATTED, depth);
        } else {
            indent(out, XML_TEXT_FORMATTED, depth);
            opened = next[-2] != '/';
            depth += opened;
        }
        opened = opened && tag[1] != '/';
        g_string_append_len(out, tag, next - tag);
        g_string_append_c(out, '\n');
        p = next;
    }
    if (len == 0 || p < end || depth != 0) {
        g_string_truncate(out, begin);
        return false;
    }
    return true;
}

char *
xml_to_text(const xmlNode *node, unsigned flags)
{
    GString *out = g_string_sized_new(512);

    xml_append_text(out, node, flags);
    return g_string_free(out, FALSE);
}

char *
md5_hex(const void *data, size_t len)
{
    return g_compute_checksum_for_data(G_CHECKSUM_MD5, data, len);
}

/* --- expressions --- */

char *
xml_xpath_valist(const char *format, va_list names)
{
    GString *out = g_string_sized_new(128);

    for (const char *p = format; *p != '\0'; p++) {
        const char *name;

        if (p[0] != '%') {
            g_string_append_c(out, *p);
            continue;
        }
        g_assert(p[1] == 's');
        p++;
        name = va_arg(names, const char *);
        if (name == NULL || strchr(name, '\'') != NULL) {
            log_warn("Nothing in a CIB can have the name \"%s\": it is not looked for", name != NULL ? name : "");
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append(out, name);
    }
    return g_string_free(out, FALSE);
}

char *
xml_xpath(const char *format, ...)
{
    va_list names;
    char *xpath;

    va_start(names, format);
    xpath = xml_xpath_valist(format, names);
    va_end(names);
    return xpath;
}
