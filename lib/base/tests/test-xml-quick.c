/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The quick reader makes the tree that libxml2 makes, or none; on documents, and on documents damaged at random. */
#include "lib/base/xml_quick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>
#include <libxml/parser.h>

static xmlDoc *
by_libxml2(const char *text, size_t len)
{
    return xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NOBLANKS | XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static bool
same_text(const xmlChar *a, const xmlChar *b)
{
    return g_strcmp0((const char *)a, (const char *)b) == 0;
}

static bool
same_attributes(const xmlNode *a, const xmlNode *b)
{
    const xmlAttr *x = a->properties, *y = b->properties;

    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        g_autofree xmlChar *of_x = xmlNodeListGetString(a->doc, x->children, 1), *of_y = xmlNodeListGetString(b->doc, y->children, 1);

        if (!same_text(x->name, y->name) || x->ns != y->ns || x->atype != y->atype || x->parent != a || x->doc != a->doc
            || !same_text(of_x != NULL ? of_x : (const xmlChar *)"", of_y != NULL ? of_y : (const xmlChar *)"")
            || (x->next != NULL && x->next->prev != x) || x->children == NULL || x->children->next != NULL) {
            return false;
        }
    }
    return x == NULL && y == NULL;
}

static bool
same_tree(const xmlNode *a, const xmlNode *b)
{
    const xmlNode *x, *y;

    if (a->type != b->type || !same_text(a->name, b->name) || a->ns != b->ns || a->nsDef != b->nsDef) {
        return false;
    }
    if (a->type == XML_TEXT_NODE || a->type == XML_COMMENT_NODE) {
        return same_text(a->content, b->content);
    }
    if (a->line != b->line || !same_attributes(a, b)) {
        return false;
    }
    for (x = a->children, y = b->children; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!same_tree(x, y) || x->parent != a || x->doc != a->doc || (x->next != NULL ? x->next->prev : a->last) != x) {
            return false;
        }
    }
    return x == NULL && y == NULL;
}

static bool
same_document(const xmlDoc *a, const xmlDoc *b)
{
    const xmlNode *x = a->children, *y = b->children;

    for (; x != NULL && y != NULL && same_tree(x, y); x = x->next, y = y->next) {
    }
    return x == NULL && y == NULL && same_text(a->version, b->version) && same_text(a->encoding, b->encoding)
        && a->standalone == b->standalone && a->properties == b->properties && a->charset == b->charset;
}

/* Whether the quick reader took it. */
static bool
compare(const char *text, size_t len)
{
    xmlDoc *quick = xml_quick_parse(text, len, 200), *full;
    bool taken = quick != NULL;

    if (taken) {
        full = by_libxml2(text, len);
        if (full == NULL || !same_document(quick, full)) {
            fail_msg("%s: %.*s", full == NULL ? "libxml2 refuses this" : "another tree", (int)len, text);
        }
        xmlFreeDoc(full);
        xmlFreeDoc(quick);
    }
    return taken;
}

static void
what_is_plain_is_read_as_libxml2_reads_it(void **state)
{
    static const char *const table[] = {
        "<a/>", "<a></a>", " \n<a\n b = 'c'\td=\"e\" ></a >\n", "<a> </a>", "<a> <b/> </a>", "<a>\n <!-- c --> </a>", "<a><b/>\n\n<c/></a>",
        "<?xml version=\"1.0\"?><a/>", "<?xml version='1.0' encoding='UTF-8' ?>\n<!-- x --><a/><!-- y -->",
        "<a b='&lt;&gt;&amp;&quot;&apos;'/>", "<a b='a\n\tc  d ' c='\"' d=\"'\" e=''/>", "<a b='\xc3\xa9 &amp; more than fifteen \xf0\x9f\x98\x80'/>",
        "<a b='0123456789abcde'/>", "<a b='0123456789abcdef'/>", "<a b='>]]>'/>", "<!----><a/>", "<a b='\x7f'/>", "<a.b-c _d='1'/>",
        "<a><!--\xc3\xa9\n - --><b\n\n/></a>",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (!compare(table[i], strlen(table[i]))) {
            fail_msg("not read: %s", table[i]);
        }
    }
}

static void
what_is_not_plain_or_faulty_is_left_to_libxml2(void **state)
{
    static const char *const table[] = {
        "", "a", "<a", "<a>", "<a/", "<a></b>", "<a b='1' b='2'/>", "<a b='1'c='2'/>", "<a b=1/>", "<a b/>", "<a>text</a>", "<a>&amp;</a>",
        "<a b='<'/>", "<a b='&nbsp;'/>", "<a b='&#10;'/>", "<a b='&lt'/>", "<a b='\x01'/>", "<a b='\xff'/>", "<a b='\xef\xbf\xbf'/>", "<a\r/>",
        "<a b='\r'/>", "<!DOCTYPE a><a/>", "<a><![CDATA[ ]]></a>", "<a><?p i?></a>", "<a xmlns='u'/>", "<a:b/>", "<a b:c='1'/>",
        "<a><!-- -- --></a>", "<a><!-- --->", "<a/><b/>", "<a/>x", "<?xml version='1.1'?><a/>", "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        " <?xml version='1.0'?><a/>", "\xef\xbb\xbf<a/>", "< a/>", "<a / >", "</a>", "<\xc3\xa9/>", "<a b='1'", "<a b='1",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (compare(table[i], strlen(table[i]))) {
            fail_msg("read: %s", table[i]);
        }
    }
}

static void
depth_is_bounded(void **state)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = 0; i < 10; i++) {
        g_string_append(text, "<a>");
    }
    for (int i = 0; i < 10; i++) {
        g_string_append(text, "</a>");
    }
    xmlFreeDoc(xml_quick_parse(text->str, text->len, 10));
    assert_null(xml_quick_parse(text->str, text->len, 9));
}

static uint32_t
below(uint64_t *random, uint32_t n)
{
    *random = *random * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*random >> 33) % n;
}

/* Some bytes are changed, taken out, or copied to elsewhere. */
static void
damage(GString *s, uint64_t *random)
{
    static const char bytes[] = "<>&\"'=/!-? \n\t\r;:#xa0\xc3\xa9]\x01";
    gsize at = below(random, (uint32_t)s->len), some = 1 + below(random, 40);

    switch (below(random, 4)) {
    case 0: s->str[at] = bytes[below(random, sizeof(bytes))]; break;
    case 1: g_string_erase(s, (gssize)at, (gssize)MIN(some / 4, s->len - at)); break;
    case 2: g_string_insert_c(s, (gssize)at, bytes[below(random, sizeof(bytes) - 1)]); break;
    default: {
        g_autofree char *piece = g_strndup(s->str + at, MIN(some, s->len - at));

        g_string_insert(s, (gssize)below(random, (uint32_t)s->len), piece);
        break;
    }
    }
}

static void
damaged_documents_are_read_as_libxml2_reads_them_or_left_to_it(void **state)
{
    static const char *const table[] = {
        "<?xml version=\"1.0\"?>\n<cib epoch=\"1\">\n  <!-- c -->\n  <b id=\"x&amp;y\" v='a \"q\" b'/>\n  <c> </c>\n  <d><e/></d>\n</cib>\n",
        "<a v=\"some value that is long enough\" w=\"\xc3\xa9\xc3\xa9\"><b/><b x=\"1\" y=\"2\" z=\"3\"/></a>",
    };
    uint64_t random = 1;
    unsigned taken = 0;

    for (int i = 0; i < 40000; i++) {
        g_autoptr(GString) s = g_string_new(table[i % G_N_ELEMENTS(table)]);

        do {
            damage(s, &random);
        } while (s->len > 0 && below(&random, 3) == 0);
        taken += s->len > 0 && compare(s->str, s->len);
    }
    assert_true(taken > 3000);
}

/* The scheduler's cases, where they are. */
static void
configurations_are_all_plain(void **state)
{
    const char *top = g_getenv("srcdir") != NULL ? g_getenv("srcdir") : "..";
    g_autofree char *folder = g_build_filename(top, "cts/scheduler/cases", NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    unsigned n = 0;

    assert_non_null(dir);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
        gsize len;

        if (g_str_has_suffix(name, ".xml") && g_file_get_contents(path, &text, &len, NULL)) {
            n++;
            if (!compare(text, len)) {
                fail_msg("%s was not read", path);
            }
        }
    }
    assert_true(n > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_plain_is_read_as_libxml2_reads_it),
        cmocka_unit_test(what_is_not_plain_or_faulty_is_left_to_libxml2),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(damaged_documents_are_read_as_libxml2_reads_them_or_left_to_it),
        cmocka_unit_test(configurations_are_all_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
