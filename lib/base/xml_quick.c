/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A quick reader of plain XML.  Called by xml_parse.c.  Never judges: what it does not know or finds faulty is for
 * libxml2, whose tree it makes.  (XML 1.0, fifth edition)
 */
#include "lib/base/xml_quick.h"

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h> /* xmlStringText */
#include <string.h>

#define XMLSTR(s) ((const xmlChar *)(s))

enum { NAME_SLOTS = 512, LONGEST_NAME = 200 };

/* Names that were seen lately, as the dictionary has them. */
struct known_name {
    const xmlChar *text;
    size_t len;
};

struct quick {
    const char *at, *end;
    const char *counted; /* lines are counted up to here */
    unsigned line;
    bool high; /* there are bytes beyond ASCII, to be judged in the end */
    xmlDoc *doc;
    GString *value; /* of an attribute that is not as it stands */
    struct known_name names[NAME_SLOTS];
};

/* --- characters --- */

enum { IS_NAME = 1, BEGINS_NAME = 2, IS_SPECIAL = 4 /* ends or changes an attribute's value */, IS_BLANK = 8 };

static unsigned char classes[256];

static void
fill_classes(void)
{
    static gsize done;

    if (g_once_init_enter(&done)) {
        for (int c = 0; c < 256; c++) {
            bool letter = g_ascii_isalpha(c) || c == '_';

            classes[c] = (letter ? IS_NAME | BEGINS_NAME : 0) | (g_ascii_isdigit(c) || c == '.' || c == '-' ? IS_NAME : 0)
                | (c < ' ' || c >= 0x80 || strchr("\"'<&", c) != NULL ? IS_SPECIAL : 0)
                | (c == ' ' || c == '\t' || c == '\n' ? IS_BLANK : 0);
        }
        g_once_init_leave(&done, 1);
    }
}

static inline bool
is(const struct quick *q, int class)
{
    return q->at < q->end && (classes[(unsigned char)*q->at] & class);
}

/* The carriage return is no blank here: lines that end with it are for libxml2. */
static bool
skip_blanks(struct quick *q)
{
    const char *begin = q->at;

    while (is(q, IS_BLANK)) {
        q->at++;
    }
    return q->at > begin;
}

static bool
skip_text(struct quick *q, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(q->end - q->at) < len || memcmp(q->at, text, len) != 0) {
        return false;
    }
    q->at += len;
    return true;
}

/* As many as a node can tell. */
static unsigned short
line_here(struct quick *q)
{
    const char *p;

    while ((p = memchr(q->counted, '\n', (size_t)(q->at - q->counted))) != NULL) {
        q->counted = p + 1;
        q->line++;
    }
    q->counted = q->at;
    return (unsigned short)MIN(q->line, 65535U);
}

/* --- names --- */

/* NULL: no name, or one that is not plain. */
static const xmlChar *
read_name(struct quick *q)
{
    const char *begin = q->at;
    struct known_name *slot;
    unsigned hash;
    size_t len;

    if (!is(q, BEGINS_NAME)) {
        return NULL;
    }
    while (is(q, IS_NAME)) {
        q->at++;
    }
    len = (size_t)(q->at - begin);
    if (len > LONGEST_NAME) {
        return NULL;
    }
    hash = (unsigned)len * 7 + (unsigned char)begin[0] * 3 + (unsigned char)begin[len / 2] * 17 + (unsigned char)begin[len - 1] * 5;
    slot = &q->names[hash % NAME_SLOTS];
    if (slot->len != len || memcmp(slot->text, begin, len) != 0) {
        slot->text = xmlDictLookup(q->doc->dict, XMLSTR(begin), (int)len);
        slot->len = slot->text != NULL ? len : 0;
    }
    return slot->text;
}

/* --- nodes --- */

static xmlNode *
new_node(struct quick *q, xmlElementType type, const xmlChar *name)
{
    xmlNode *node = xmlMalloc(sizeof(*node));

    g_assert(node != NULL);
    memset(node, 0, sizeof(*node));
    node->type = type;
    node->doc = q->doc;
    node->name = name;
    return node;
}

/* Short texts live in fields that text nodes do not use, as the parser has it. */
static xmlNode *
new_text(struct quick *q, const char *text, size_t len)
{
    xmlNode *node = new_node(q, XML_TEXT_NODE, xmlStringText);

    if (len < 2 * sizeof(void *)) {
        node->content = (xmlChar *)&node->properties;
    } else {
        node->content = xmlMalloc(len + 1);
        g_assert(node->content != NULL);
    }
    memcpy(node->content, text, len);
    node->content[len] = '\0';
    return node;
}

static void
append(xmlNode *parent, xmlNode *child)
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

/* --- attributes --- */

/* A reference to one of the five entities that need no declaration. */
static bool
read_entity(struct quick *q)
{
    static const struct {
        const char *text;
        char c;
    } known[] = { { "&quot;", '"' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&apos;", '\'' } };

    for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
        if (skip_text(q, known[i].text)) {
            g_string_append_c(q->value, known[i].c);
            return true;
        }
    }
    return false;
}

/* The rest of a value that is not as it stands; `begin` is where the value began. */
static xmlNode *
read_changed_value(struct quick *q, const char *begin, char quote)
{
    g_string_truncate(q->value, 0);
    g_string_append_len(q->value, begin, q->at - begin);
    while (q->at < q->end && *q->at != quote) {
        unsigned char c = (unsigned char)*q->at;

        if (c == '&') {
            if (!read_entity(q)) {
                return NULL;
            }
            continue;
        }
        if (c == '<' || (c < ' ' && !(classes[c] & IS_BLANK))) {
            return NULL;
        }
        q->high |= c >= 0x80;
        g_string_append_c(q->value, (char)((classes[c] & IS_BLANK) ? ' ' : c));
        q->at++;
    }
    return q->at < q->end ? new_text(q, q->value->str, q->value->len) : NULL;
}

/* Leaves the place behind the closing quote. */
static xmlNode *
read_value(struct quick *q)
{
    const char *begin;
    xmlNode *text;
    char quote;

    if (q->at == q->end || (*q->at != '"' && *q->at != '\'')) {
        return NULL;
    }
    quote = *q->at;
    begin = ++q->at;
    while (q->at < q->end && (!(classes[(unsigned char)*q->at] & IS_SPECIAL) || (*q->at != quote && (*q->at == '"' || *q->at == '\'')))) {
        q->at++;
    }
    if (q->at == q->end) {
        return NULL;
    }
    text = *q->at == quote ? new_text(q, begin, (size_t)(q->at - begin)) : read_changed_value(q, begin, quote);
    q->at++;
    return text;
}

static bool
is_repeated(const xmlNode *node, const xmlChar *name)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (a->name == name) {
            return true;
        }
    }
    return false;
}

static bool
read_attribute(struct quick *q, xmlNode *node, xmlAttr **last)
{
    const xmlChar *name = read_name(q);
    xmlNode *text;
    xmlAttr *a;

    if (name == NULL || is_repeated(node, name) || strcmp((const char *)name, "xmlns") == 0) {
        return false;
    }
    skip_blanks(q);
    if (!skip_text(q, "=")) {
        return false;
    }
    skip_blanks(q);
    text = read_value(q);
    if (text == NULL) {
        return false;
    }
    a = xmlMalloc(sizeof(*a));
    g_assert(a != NULL);
    memset(a, 0, sizeof(*a));
    a->type = XML_ATTRIBUTE_NODE;
    a->name = name;
    a->children = a->last = text;
    a->parent = node;
    a->doc = q->doc;
    a->prev = *last;
    text->parent = (xmlNode *)a;
    if (*last != NULL) {
        (*last)->next = a;
    } else {
        node->properties = a;
    }
    *last = a;
    return true;
}

/* --- elements --- */

/* From behind the "<" to behind the ">"; the new element belongs to `parent` (NULL: the document).  `*open`: it has content. */
static xmlNode *
read_start_tag(struct quick *q, xmlNode *parent, bool *open)
{
    const xmlChar *name = read_name(q);
    xmlAttr *last = NULL;
    xmlNode *node;
    bool blanks;

    if (name == NULL) {
        return NULL;
    }
    node = new_node(q, XML_ELEMENT_NODE, name);
    append(parent != NULL ? parent : (xmlNode *)q->doc, node);
    blanks = skip_blanks(q);
    while (is(q, BEGINS_NAME)) {
        if (!blanks || !read_attribute(q, node, &last)) {
            return NULL;
        }
        blanks = skip_blanks(q);
    }
    node->line = line_here(q);
    *open = skip_text(q, ">");
    return *open || skip_text(q, "/>") ? node : NULL;
}

static bool
read_end_tag(struct quick *q, const xmlNode *node)
{
    size_t len = strlen((const char *)node->name);

    if ((size_t)(q->end - q->at) < len || memcmp(q->at, node->name, len) != 0) {
        return false;
    }
    q->at += len;
    skip_blanks(q);
    return skip_text(q, ">");
}

/* From behind the "<!--". */
static bool
read_comment(struct quick *q, xmlNode *parent)
{
    const char *begin = q->at;
    xmlNode *node;

    for (;; q->at++) {
        unsigned char c;

        if (q->end - q->at < 3) {
            return false;
        }
        c = (unsigned char)*q->at;
        if (c == '-' && q->at[1] == '-') {
            break;
        }
        if (c < ' ' && !(classes[c] & IS_BLANK)) {
            return false;
        }
        q->high |= c >= 0x80;
    }
    if (q->at[2] != '>') {
        return false;
    }
    node = new_node(q, XML_COMMENT_NODE, xmlStringComment);
    node->content = xmlStrndup(XMLSTR(begin), (int)(q->at - begin));
    node->line = line_here(q);
    q->at += 3;
    append(parent != NULL ? parent : (xmlNode *)q->doc, node);
    return true;
}

/*
 * Blanks between tags mean nothing, but for those that are all that an element holds, and what comes after such in the
 * same element.
 */
static void
take_blanks(struct quick *q, xmlNode *parent)
{
    const char *begin = q->at;

    if (skip_blanks(q) && parent->children == NULL && q->end - q->at > 1 && q->at[0] == '<' && q->at[1] == '/') {
        append(parent, new_text(q, begin, (size_t)(q->at - begin)));
    }
}

/* The root and all in it. */
static bool
read_tree(struct quick *q, unsigned deepest)
{
    unsigned depth = 1;
    bool open;
    xmlNode *node = skip_text(q, "<") ? read_start_tag(q, NULL, &open) : NULL;

    if (node == NULL || !open) {
        return node != NULL;
    }
    while (depth > 0) {
        take_blanks(q, node);
        if (skip_text(q, "</")) {
            if (!read_end_tag(q, node)) {
                return false;
            }
            node = node->parent;
            depth--;
        } else if (skip_text(q, "<!--")) {
            if (!read_comment(q, node)) {
                return false;
            }
        } else if (skip_text(q, "<")) {
            xmlNode *child = depth < deepest ? read_start_tag(q, node, &open) : NULL;

            if (child == NULL) {
                return false;
            }
            if (open) {
                node = child;
                depth++;
            }
        } else {
            return false;
        }
    }
    return true;
}

/* --- the document --- */

static bool
read_declaration(struct quick *q)
{
    if (!skip_text(q, "<?xml")) {
        return true;
    }
    if (!skip_text(q, " version=\"1.0\"") && !skip_text(q, " version='1.0'")) {
        return false;
    }
    q->doc->standalone = -2;
    if (skip_text(q, " encoding=\"UTF-8\"") || skip_text(q, " encoding='UTF-8'")) {
        q->doc->encoding = xmlStrdup(XMLSTR("UTF-8"));
    }
    skip_blanks(q);
    return skip_text(q, "?>");
}

static bool
read_comments(struct quick *q)
{
    skip_blanks(q);
    while (skip_text(q, "<!--")) {
        if (!read_comment(q, NULL)) {
            return false;
        }
        skip_blanks(q);
    }
    return true;
}

/* The bytes beyond ASCII make characters that may stand in a document. */
static bool
is_good_utf8(const char *text, size_t len)
{
    const char *p = text, *end = text + len;

    if (!g_utf8_validate(text, (gssize)len, NULL)) {
        return false;
    }
    while ((p = memchr(p, '\xef', (size_t)(end - p))) != NULL) { /* U+FFFE and U+FFFF are no characters */
        if (end - p >= 3 && p[1] == '\xbf' && ((unsigned char)p[2] == 0xbe || (unsigned char)p[2] == 0xbf)) {
            return false;
        }
        p++;
    }
    return true;
}

xmlDoc *
xml_quick_parse(const char *text, size_t len, unsigned deepest)
{
    struct quick q = { .at = text, .end = text + len, .counted = text, .line = 1, .doc = xmlNewDoc(XMLSTR("1.0")) };
    xmlDoc *doc = q.doc;
    bool fine;

    g_assert(doc != NULL);
    fill_classes();
    doc->dict = xmlDictCreate();
    q.value = g_string_new(NULL);
    fine = doc->dict != NULL && read_declaration(&q) && read_comments(&q) && read_tree(&q, deepest) && read_comments(&q)
        && q.at == q.end && (!q.high || is_good_utf8(text, len));
    g_string_free(q.value, TRUE);
    if (!fine) {
        xmlFreeDoc(doc);
        return NULL;
    }
    doc->properties = XML_DOC_WELLFORMED | XML_DOC_NSVALID | XML_DOC_DTDVALID;
    doc->parseFlags = XML_PARSE_NOBLANKS;
    return doc;
}
