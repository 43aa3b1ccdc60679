/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compare-grammar SCHEMAS ROUNDS FILE...: verdicts of the quick validator and of libxml2 with the grammars of the folder, on each
 * document as it is under every schema, and on ROUNDS variants of each, damaged at random from a fixed seed.  Run by
 * test-grammar.py.  A yes of the quick one to what libxml2 refuses is a failure; a no costs time only, and is counted.
 */
#include <libxml/xmlerror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_grammar.h"
#include "lib/cib/cib_schema.h"

/* What libxml2 accepted, and what of it the quick validator did as well; what it accepted against libxml2. */
struct tally {
    unsigned documents, verdicts, valid, quick, wrong;
};

static GPtrArray *names, *values; /* of elements and attributes; of attributes, seen in any document */
static uint64_t state = 1;

static uint32_t
below(uint32_t n)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return n > 0 ? (uint32_t)(state >> 33) % n : 0;
}

static const char *
any_of(const GPtrArray *pool)
{
    return pool->pdata[below(pool->len)];
}

static void
remember(GPtrArray *pool, GHashTable *known, const char *text)
{
    if (!g_hash_table_contains(known, text)) {
        g_ptr_array_add(pool, g_strdup(text));
        g_hash_table_add(known, pool->pdata[pool->len - 1]);
    }
}

static void
collect_words(const xmlNode *node, GHashTable *known_names, GHashTable *known_values)
{
    remember(names, known_names, xml_name(node));
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        remember(names, known_names, (const char *)a->name);
        remember(values, known_values, xml_attr_value(a));
    }
    xml_for_each(c, node, NULL)
    {
        collect_words(c, known_names, known_values);
    }
}

static void
collect_nodes(xmlNode *node, GPtrArray *into)
{
    g_ptr_array_add(into, node);
    if (!xml_is(node, "status")) {
        xml_for_each(c, node, NULL)
        {
            collect_nodes(c, into);
        }
    }
}

static xmlAttr *
any_attribute(const xmlNode *node)
{
    uint32_t n = 0;
    xmlAttr *found = NULL;

    for (xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (below(++n) == 0) {
            found = a;
        }
    }
    return found;
}

static void
change_attribute(xmlNode *node)
{
    static const char *const odd[] = { "", " ", " true", "-1", "+5", "0", "007", "1.5", "123456789012345678901234567890", "INFINITY",
                                       "a b", " id", "stop\n", "a,,b", "a,b", "1-", "\xc3\xa9t\xc3\xa9", "\xc3\x97", "enabled ", "TRUE" };
    xmlAttr *a = any_attribute(node);
    const char *value = below(3) == 0 ? odd[below(G_N_ELEMENTS(odd))] : any_of(values);

    if (a == NULL || below(4) == 0) {
        xmlSetProp(node, (const xmlChar *)any_of(names), (const xmlChar *)value);
    } else if (below(4) == 0) {
        xmlUnsetProp(node, a->name);
    } else {
        g_autofree char *name = g_strdup((const char *)a->name);

        xmlSetProp(node, (const xmlChar *)name, (const xmlChar *)value);
    }
}

static void
put(xmlNode *where, xmlNode *what)
{
    switch (below(3)) {
        case 0: xmlAddPrevSibling(where, what); break;
        case 1: xmlAddNextSibling(where, what); break;
        default: xmlAddChild(where, what); break;
    }
}

static void
insert_foreign(xmlNode *node)
{
    xmlDoc *doc = node->doc;

    switch (below(7)) {
        case 0: xmlAddChild(node, xmlNewDocText(doc, (const xmlChar *)"text")); break;
        case 1: xmlAddChild(node, xmlNewDocText(doc, (const xmlChar *)" \n")); break;
        case 2: xmlAddChild(node, xmlNewDocComment(doc, (const xmlChar *)"x")); break;
        case 3: xmlAddChild(node, xmlNewDocPI(doc, (const xmlChar *)"x", (const xmlChar *)"y")); break;
        case 4: xmlAddChild(node, xmlNewCDataBlock(doc, (const xmlChar *)" ", 1)); break;
        case 5: xmlSetNs(node, xmlNewNs(node, (const xmlChar *)"urn:x", below(2) ? NULL : (const xmlChar *)"x")); break;
        default:
            if (any_attribute(node) != NULL) {
                xmlSetNs((xmlNode *)any_attribute(node), xmlNewNs(node, (const xmlChar *)"urn:y", (const xmlChar *)"y"));
            }
    }
}

/* Take an element out, put it elsewhere, or a copy of it, mostly with an id of its own. */
static void
move_element(xmlNode *node, xmlNode *elsewhere)
{
    xmlNode *moved = below(2) ? node : xmlCopyNode(node, 1);

    for (const xmlNode *up = elsewhere; up != NULL; up = up->parent) {
        if (up == node && moved == node) {
            return;
        }
    }
    if (moved != node && xml_get(moved, "id") != NULL && below(3) != 0) {
        g_autofree char *id = g_strdup_printf("id%u", below(1000000));

        xml_set(moved, "id", id);
    }
    xmlUnlinkNode(moved);
    if (elsewhere->parent->type == XML_ELEMENT_NODE) {
        put(elsewhere, moved);
    } else {
        xmlAddChild(elsewhere, moved);
    }
}

static void
damage(xmlNode *root)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new();
    xmlNode *node, *other;

    collect_nodes(root, nodes);
    node = nodes->pdata[below(nodes->len)];
    other = nodes->pdata[below(nodes->len)];
    switch (below(8)) {
        case 0:
            if (node != root) {
                xmlUnlinkNode(node);
                xmlFreeNode(node);
            }
            break;
        case 1: xmlNodeSetName(node, (const xmlChar *)(below(2) ? any_of(names) : xml_name(other))); break;
        case 2: insert_foreign(node); break;
        case 3:
        case 4:
            if (node != root) {
                move_element(node, other);
            }
            break;
        default: change_attribute(node); break;
    }
}

static bool
judge(struct cib_schemas *s, const char *schema, xmlNode *root, const char *file, struct tally *t)
{
    bool quick = cib_grammar_accepts(cib_grammar_find(schema), root);
    bool full = cib_schema_accepts(s, schema, root, NULL, NULL);

    t->verdicts++;
    t->valid += full;
    t->quick += full && quick;
    if (full && !quick && getenv("SHOW_SLOW") != NULL) {
        g_autofree char *text = xml_to_text(root, XML_TEXT_FORMATTED);

        printf("slow %s: %s:\n%s", file, schema, text);
    }
    if (quick && !full) {
        g_autofree char *text = xml_to_text(root, XML_TEXT_FORMATTED);

        t->wrong++;
        printf("not ok %s: %s accepted against libxml2:\n%s", file, schema, text);
    }
    return full;
}

/* Mostly under a schema that accepts the document as it is. */
static void
judge_variants(struct cib_schemas *s, const xmlNode *root, const GPtrArray *good, unsigned rounds, const char *file, struct tally *t)
{
    for (unsigned i = 0; i < rounds; i++) {
        xmlDoc *doc = xmlCopyDoc(root->doc, 1);
        xmlNode *copy = xmlDocGetRootElement(doc);
        const char *any = cib_schema_name(s, below(cib_schemas_count(s) - 1));

        do {
            damage(copy);
        } while (below(4) == 0);
        t->documents++;
        judge(s, good->len > 0 && below(8) != 0 ? any_of(good) : any, copy, file, t);
        xmlFreeDoc(doc);
    }
}

static void
report(const char *what, const struct tally *t)
{
    printf("%s: %u documents, %u verdicts, %u valid, %u of them accepted quickly, %u wrongly accepted\n", what, t->documents,
           t->verdicts, t->valid, t->quick, t->wrong);
}

int
main(int argc, char **argv)
{
    struct cib_schemas *s;
    struct tally plain = { 0 }, damaged = { 0 };
    g_autoptr(GHashTable) known_names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) known_values = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) roots = g_ptr_array_new();
    int first = 3;

    if (argc <= first) {
        fputs("usage: compare-grammar SCHEMAS ROUNDS FILE...\n", stderr);
        return 2;
    }
    s = cib_schemas_new(argv[1]);
    names = g_ptr_array_new();
    values = g_ptr_array_new();
    for (int i = first; i < argc; i++) {
        xmlNode *root = xml_parse_file(argv[i], XML_PARSE_STRICT, NULL);

        g_ptr_array_add(roots, root);
        if (root != NULL) {
            collect_words(root, known_names, known_values);
        }
    }
    for (int i = first; i < argc; i++) {
        xmlNode *root = roots->pdata[i - first];
        g_autoptr(GPtrArray) good = NULL;

        if (root == NULL) {
            continue;
        }
        plain.documents++;
        good = g_ptr_array_new();
        for (guint k = 0; k < cib_schemas_count(s) - 1; k++) {
            if (judge(s, cib_schema_name(s, k), root, argv[i], &plain)) {
                g_ptr_array_add(good, (gpointer)cib_schema_name(s, k));
            }
        }
        judge_variants(s, root, good, (unsigned)strtoul(argv[2], NULL, 10), argv[i], &damaged);
        xml_free(root);
    }
    report("as they are", &plain);
    report("damaged", &damaged);
    cib_schemas_free(s);
    return plain.wrong + damaged.wrong > 0;
}
