/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which attributes the text of a RELAX NG schema restricts.  Called by cib_schema.c.  Never validates: in doubt an
 * attribute is restricted.  (RELAX NG specification §4, full syntax)
 */
#include "lib/cib/cib_schema_bounds.h"

#include <glib.h>
#include <libxml/parser.h>
#include <string.h>

#include "lib/base/xml.h"

#define ANY "*" /* of a pattern whose name is not written down: it may be each */

struct cib_schema_bounds {
    GHashTable *bound;    /* "ELEMENT ATTRIBUTE" -> set of words that it may not be, NULL: not known what it may be */
    GHashTable *declared; /* ATTRIBUTE */
    bool unknown;         /* a file is missing: everything counts as bound */
};

/* What is being read. */
struct reading {
    struct cib_schema_bounds *b;
    const char *directory;
    GHashTable *seen; /* file names */
    GQueue due;       /* file names */
};

static GHashTable *
new_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

/* As data types compare words: space at the ends does not count, and between words it is one blank. */
static char *
normalised(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    GString *out = g_string_new(NULL);

    for (char **w = words; *w != NULL; w++) {
        if (**w != '\0') {
            g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", *w);
        }
    }
    return g_string_free(out, FALSE);
}

static char *
pair(const char *element, const char *attribute)
{
    return g_strconcat(element, " ", attribute, NULL);
}

/* What a pattern says about an attribute's value. */
enum content { ANY_TEXT, ANY_BUT_WORDS, SOMETHING_ELSE };

/* The words of an <except>; false if there is more in it than words. */
static bool
collect_words(const xmlNode *except, GHashTable *words)
{
    xml_for_each(e, except, NULL)
    {
        if (xml_is(e, "choice")) {
            if (!collect_words(e, words)) {
                return false;
            }
        } else if (xml_is(e, "value") && xml_get(e, "ns") == NULL) {
            xmlChar *text = xmlNodeGetContent(e);

            g_hash_table_add(words, normalised((const char *)text));
            xmlFree(text);
        } else {
            return false;
        }
    }
    return true;
}

/* Without a written name, a class of names stands before the content.  No content is any text. */
static enum content
content_of(const xmlNode *attribute, GHashTable *words)
{
    const xmlNode *content = xml_first(attribute, NULL), *inner;

    if (xml_get(attribute, "name") == NULL && content != NULL) {
        content = xml_next(content, NULL);
    }
    if (content == NULL) {
        return ANY_TEXT;
    }
    if (xml_next(content, NULL) != NULL) {
        return SOMETHING_ELSE;
    }
    if (xml_is(content, "text")) {
        return ANY_TEXT;
    }
    inner = xml_first(content, NULL);
    if (!xml_is(content, "data") || strcmp(xml_get(content, "type") != NULL ? xml_get(content, "type") : "", "string") != 0) {
        return SOMETHING_ELSE;
    }
    if (inner == NULL) {
        return ANY_TEXT;
    }
    return xml_is(inner, "except") && xml_next(inner, NULL) == NULL && collect_words(inner, words) ? ANY_BUT_WORDS : SOMETHING_ELSE;
}

static void
add_words(GHashTable *to, GHashTable *from)
{
    GHashTableIter iter;
    gpointer word;

    g_hash_table_iter_init(&iter, from);
    while (g_hash_table_iter_next(&iter, &word, NULL)) {
        g_hash_table_add(to, g_strdup(word));
    }
}

static void
note_attribute(struct cib_schema_bounds *b, const xmlNode *attribute, const char *element)
{
    const char *name = xml_get(attribute, "name");
    g_autoptr(GHashTable) words = new_set();
    g_autofree char *key = pair(element, name != NULL ? name : ANY);
    gpointer known;

    switch (content_of(attribute, words)) {
    case SOMETHING_ELSE:
        g_hash_table_insert(b->bound, g_steal_pointer(&key), NULL);
        return;
    case ANY_BUT_WORDS:
        if (!g_hash_table_lookup_extended(b->bound, key, NULL, &known)) {
            g_hash_table_insert(b->bound, g_steal_pointer(&key), g_steal_pointer(&words));
        } else if (known != NULL) {
            add_words(known, words);
        }
        break;
    case ANY_TEXT:
        break;
    }
    if (name != NULL) {
        g_hash_table_add(b->declared, g_strdup(name));
    }
}

static void
want_file(struct reading *r, const char *href)
{
    if (href != NULL && g_hash_table_add(r->seen, g_strdup(href))) {
        g_queue_push_tail(&r->due, g_strdup(href));
    }
}

/*
 * `element` is the nearest element pattern around; what stands in none (in a definition, or at the start of a file that
 * another refers to) may come to belong to any.
 */
static void
read_pattern(struct reading *r, const xmlNode *node, const char *element)
{
    const char *name = xml_get(node, "name");

    if (xml_is(node, "element")) {
        element = name != NULL ? name : ANY;
    } else if (xml_is(node, "attribute")) {
        note_attribute(r->b, node, element);
        return;
    } else if (xml_is(node, "externalRef") || xml_is(node, "include")) {
        want_file(r, xml_get(node, "href"));
    }
    xml_for_each(child, node, NULL)
    {
        read_pattern(r, child, element);
    }
}

static void
read_file(struct reading *r, const char *file)
{
    g_autofree char *path = g_build_filename(r->directory, file, NULL);
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
    const xmlNode *root = doc != NULL ? xmlDocGetRootElement(doc) : NULL;

    if (root == NULL) {
        r->b->unknown = true;
    } else {
        read_pattern(r, root, ANY);
    }
    xmlFreeDoc(doc);
}

static void
free_set(gpointer set)
{
    if (set != NULL) {
        g_hash_table_destroy(set);
    }
}

struct cib_schema_bounds *
cib_schema_bounds_new(const char *directory, const char *schema)
{
    struct cib_schema_bounds *b = g_new0(struct cib_schema_bounds, 1);
    struct reading r = { .b = b, .directory = directory, .due = G_QUEUE_INIT };
    g_autofree char *first = g_strconcat(schema, ".rng", NULL);
    char *file;

    b->bound = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_set);
    b->declared = new_set();
    r.seen = new_set();
    want_file(&r, first);
    while ((file = g_queue_pop_head(&r.due)) != NULL) {
        read_file(&r, file);
        g_free(file);
    }
    g_hash_table_destroy(r.seen);
    return b;
}

void
cib_schema_bounds_free(struct cib_schema_bounds *b)
{
    if (b != NULL) {
        g_hash_table_destroy(b->bound);
        g_hash_table_destroy(b->declared);
        g_free(b);
    }
}

/* Some pattern of that name may refuse the value. */
static bool
may_refuse(const struct cib_schema_bounds *b, const char *element, const char *attribute, const char *value)
{
    g_autofree char *key = pair(element, attribute), *words = NULL;
    gpointer refused;

    if (!g_hash_table_lookup_extended(b->bound, key, NULL, &refused)) {
        return false;
    }
    if (refused == NULL) {
        return true;
    }
    words = normalised(value);
    return g_hash_table_contains(refused, words);
}

bool
cib_schema_bounds_allow(const struct cib_schema_bounds *b, const char *element, const char *attribute, const char *value)
{
    return !b->unknown && g_hash_table_contains(b->declared, attribute) && !may_refuse(b, element, attribute, value)
           && !may_refuse(b, ANY, attribute, value) && !may_refuse(b, element, ANY, value) && !may_refuse(b, ANY, ANY, value);
}
