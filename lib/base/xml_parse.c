/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parsing of foreign bytes into elements, with bounds.  Called for messages, CIB files and tool input.
 * Never loads anything from outside the given bytes: no DTD, no external entity, no network.
 */
#include "lib/base/bzip2.h"
#include "lib/base/xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/SAX2.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/xml_packed.h"

/* A CIB of 100 MB is accepted; what is larger is a mistake or an attack (bzip2 bombs included). */
#define LARGEST_DOCUMENT ((size_t)512 * 1024 * 1024)

/* Deeper than any schema; the tree is walked recursively, so depth is stack. */
#define DEEPEST_ELEMENT 256

/* What one parse has found wrong, and where it packs attributes. */
struct findings {
    char *first;          /* the first error says most; what follows is mostly its consequence */
    bool refused;         /* nothing of this document may be used, however lenient the caller is */
    struct arena *packed; /* NULL: nothing is packed */
    const xmlChar *packed_names[2];
};

static void
keep_first_error(void *user, xmlError *e)
{
    char **first = &((struct findings *)user)->first;

    if (*first == NULL && e != NULL && e->message != NULL && e->level >= XML_ERR_ERROR) {
        char *text = g_strdup(e->message);

        *first = g_strdup_printf("line %d: %s", e->line, g_strchomp(text));
        g_free(text);
    }
}

/* Stop, and let nothing of the document be used. */
static void G_GNUC_PRINTF(2, 3)
refuse(xmlParserCtxt *parser, const char *format, ...)
{
    struct findings *found = parser->_private;
    g_autofree char *why = NULL;
    va_list args;

    va_start(args, format);
    why = g_strdup_vprintf(format, args);
    va_end(args);
    if (!found->refused) {
        g_free(found->first);
        found->first = g_strdup_printf("line %d: %s", (parser->input != NULL) ? parser->input->line : 1, why);
    }
    found->refused = true;
    parser->wellFormed = 0;
    xmlStopParser(parser);
}

/*
 * A document type may define entities; the cluster's documents have none.  Without a declaration there is
 * nothing to expand, so attribute values are always one text node.
 */
static void
refuse_doctype(void *ctxt, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    refuse(ctxt, "document type declarations and entities are not allowed");
}

/* Declarations of a document type that is skipped go nowhere. */
static void
skip_doctype(void *ctxt, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
}

static void
skip_entity(void *ctxt, const xmlChar *name, int type, const xmlChar *public, const xmlChar *system, xmlChar *content)
{
}

/*
 * In a damaged text that is read leniently an attribute may stand twice, and libxml2 keeps both; the first counts here.
 * Each attribute takes five pointers: name, prefix, namespace, value and end.  The parser frees values by their place in
 * its own array, so that one is left as it is.  Returns the number of those kept in `to`.
 */
static int
first_of_each(const xmlChar **to, const xmlChar *const *attrs, int n)
{
    int kept = 0;

    for (int i = 0; i < n; i++) {
        bool repeated = false;

        for (int k = 0; k < kept && !repeated; k++) {
            repeated = to[5 * k] == attrs[5 * i]; /* names are interned by the parser */
        }
        if (!repeated) {
            memcpy(to + 5 * kept, attrs + 5 * i, 5 * sizeof(*attrs));
            kept++;
        }
    }
    return kept;
}

/* Bytes that can be written into a document and read again: UTF-8, and no control characters but blanks. */
static bool
is_xml_text(const xmlChar *text, size_t len)
{
    if (!g_utf8_validate((const char *)text, (gssize)len, NULL)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r') {
            return false;
        }
    }
    return true;
}

/*
 * Of a damaged text libxml2 may keep names and values that are no XML characters.  Once in a document they would be
 * stored, sent, and be unreadable there.
 */
static bool
is_xml_element(const xmlChar *name, const xmlChar *const *attrs, int n)
{
    bool fine = is_xml_text(name, strlen((const char *)name));

    for (int i = 0; i < n && fine; i++) {
        const xmlChar *const *a = attrs + 5 * i;

        fine = is_xml_text(a[0], strlen((const char *)a[0])) && is_xml_text(a[3], (size_t)(a[4] - a[3]));
    }
    return fine;
}

/* What the parser hands over as it stands: in values with references they are yet to be resolved. */
static bool
can_be_packed(const xmlChar *const *attrs, int n)
{
    for (int i = 0; i < n; i++) {
        const xmlChar *const *a = attrs + 5 * i;

        if (a[1] != NULL || memchr(a[3], '&', (size_t)(a[4] - a[3])) != NULL) {
            return false;
        }
    }
    return true;
}

/* The names are the document's dictionary's, as the parser's are. */
static const struct xml_packed *
pack(struct arena *arena, const xmlChar *const *attrs, int n)
{
    size_t total = 0;
    struct xml_packed *p;
    char *to;

    for (int i = 0; i < n; i++) {
        total += (size_t)(attrs[5 * i + 4] - attrs[5 * i + 3]) + 1;
    }
    p = arena_alloc(arena, sizeof(*p) + (size_t)n * sizeof(p->pairs[0]) + total);
    p->count = (unsigned)n;
    to = (char *)&p->pairs[n];
    for (int i = 0; i < n; i++) {
        size_t len = (size_t)(attrs[5 * i + 4] - attrs[5 * i + 3]);

        memcpy(to, attrs[5 * i + 3], len);
        p->pairs[i].name = attrs[5 * i];
        p->pairs[i].value = to;
        to += len + 1;
    }
    return p;
}

static void
start_element(void *ctxt, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns,
              const xmlChar **ns, int n_attrs, int n_defaulted, const xmlChar **attrs)
{
    xmlParserCtxt *parser = ctxt;
    const struct findings *found = parser->_private;
    g_autofree const xmlChar **unique = NULL;

    if (!parser->wellFormed && !is_xml_element(name, attrs, n_attrs)) {
        refuse(parser, "an element's name or attribute has bytes that are no XML characters");
        return;
    }
    if (!parser->wellFormed && n_attrs > 1 && n_defaulted == 0) {
        unique = g_new(const xmlChar *, 5 * (gsize)n_attrs);
        n_attrs = first_of_each(unique, attrs, n_attrs);
        attrs = unique;
    }
    if (found->packed != NULL && (name == found->packed_names[0] || name == found->packed_names[1]) && parser->wellFormed
        && parser->nodeNr < DEEPEST_ELEMENT && prefix == NULL && uri == NULL && n_ns == 0 && n_defaulted == 0 && n_attrs > 0
        && can_be_packed(attrs, n_attrs)) {
        xmlSAX2StartElementNs(ctxt, name, NULL, NULL, 0, NULL, 0, 0, NULL);
        parser->node->psvi = (void *)pack(found->packed, attrs, n_attrs);
    } else if (parser->nodeNr < DEEPEST_ELEMENT) {
        xmlSAX2StartElementNs(ctxt, name, prefix, uri, n_ns, ns, n_attrs, n_defaulted, attrs);
    } else {
        refuse(parser, "elements are nested more than %d deep", DEEPEST_ELEMENT);
    }
}

static void
ignore_generic_error(void *user, const char *format, ...)
{
}

static void
init_parser_once(void)
{
    static gsize done = 0;

    if (g_once_init_enter(&done)) {
        xmlInitParser();
        xmlSetGenericErrorFunc(NULL, ignore_generic_error);
        g_once_init_leave(&done, 1);
    }
}

static void
set_error(char **error, char *text)
{
    if (error != NULL) {
        *error = text;
    } else {
        g_free(text);
    }
}

/* Run a parser that has its input of `len` bytes; it is freed. */
static xmlNode *
parse_with(xmlParserCtxt *parser, size_t len, unsigned flags, char **error)
{
    int options = XML_PARSE_NOBLANKS | XML_PARSE_NONET;
    struct findings found = { NULL, false, NULL, { NULL, NULL } };
    xmlDoc *doc;
    xmlNode *root = NULL;

    xml_memory_expect(len);
    if (len > 8 * 1024 * 1024) {
        options |= XML_PARSE_HUGE; /* lifts libxml2's limits on sizes; depth has ours */
    }
    if (flags & XML_PARSE_LENIENT) {
        options |= XML_PARSE_RECOVER;
    }
    if (parser == NULL) {
        set_error(error, g_strdup("out of memory"));
        return NULL;
    }
    xmlCtxtUseOptions(parser, options);
    parser->_private = &found;
    if (flags & XML_PARSE_PACKED) {
        found.packed = arena_new();
        found.packed_names[0] = xmlDictLookup(parser->dict, BAD_CAST XML_PACKED_ENTRY, -1);
        found.packed_names[1] = xmlDictLookup(parser->dict, BAD_CAST XML_PACKED_RESOURCE, -1);
    }
    parser->sax->internalSubset = (flags & XML_PARSE_SKIP_DOCTYPE) ? skip_doctype : refuse_doctype;
    if (flags & XML_PARSE_SKIP_DOCTYPE) {
        parser->sax->entityDecl = skip_entity;
        parser->sax->externalSubset = skip_doctype;
    }
    parser->sax->startElementNs = start_element;
    parser->userData = parser;
    xmlSetStructuredErrorFunc(&found, keep_first_error);
    xmlParseDocument(parser);
    xmlSetStructuredErrorFunc(NULL, NULL);
    doc = parser->myDoc;
    parser->myDoc = NULL;
    if (doc != NULL && !found.refused && (parser->wellFormed || (flags & XML_PARSE_LENIENT))) {
        root = xmlDocGetRootElement(doc);
    }
    xmlFreeParserCtxt(parser);
    if (root == NULL) {
        if (doc != NULL) {
            xmlFreeDoc(doc);
        }
        arena_free(found.packed);
        set_error(error, (found.first != NULL) ? found.first : g_strdup("no element found"));
        return NULL;
    }
    g_free(found.first);
    doc->psvi = found.packed;
    return root;
}

xmlNode *
xml_parse(const char *text, size_t len, unsigned flags, char **error)
{
    set_error(error, NULL);
    if (len == 0 || len > MIN(LARGEST_DOCUMENT, (size_t)INT_MAX)) {
        set_error(error, g_strdup((len == 0) ? "no content" : "larger than 512 MiB"));
        return NULL;
    }
    init_parser_once();
    return parse_with(xmlCreateMemoryParserCtxt(text, (int)len), len, flags, error);
}

static GString *
read_plain(FILE *f, char **error)
{
    GString *out = g_string_new(NULL);
    char buf[65536];
    size_t n;

    while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
        if (out->len + n > LARGEST_DOCUMENT) {
            set_error(error, g_strdup("larger than 512 MiB"));
            g_string_free(out, TRUE);
            return NULL;
        }
        g_string_append_len(out, buf, (gssize)n);
    }
    if (ferror(f)) {
        set_error(error, g_strdup(strerror(errno)));
        g_string_free(out, TRUE);
        return NULL;
    }
    return out;
}

static GString *
read_bzip2(FILE *f, char **error)
{
    GString *out = g_string_new(NULL);
    char buf[65536];
    int bzrc, n;
    const struct bzip2 *lib = bzip2_functions();
    BZFILE *bz;

    if (lib == NULL) {
        set_error(error, g_strdup("bzip2's library is missing"));
        g_string_free(out, TRUE);
        return NULL;
    }
    bz = lib->BZ2_bzReadOpen(&bzrc, f, 0, 0, NULL, 0);

    while (bz != NULL && bzrc == BZ_OK) {
        n = lib->BZ2_bzRead(&bzrc, bz, buf, sizeof(buf));
        if ((bzrc == BZ_OK || bzrc == BZ_STREAM_END) && n > 0) {
            g_string_append_len(out, buf, n);
        }
        if (out->len > LARGEST_DOCUMENT) {
            bzrc = BZ_OUTBUFF_FULL;
        }
    }
    lib->BZ2_bzReadClose(&(int){ 0 }, bz);
    if (bzrc != BZ_STREAM_END) {
        set_error(error, g_strdup((bzrc == BZ_OUTBUFF_FULL) ? "larger than 512 MiB when decompressed"
                                                             : "damaged bzip2 data"));
        g_string_free(out, TRUE);
        return NULL;
    }
    return out;
}

/* --- big files: parsed while they are read, so that nobody needs room for their text --- */

#define BIG_FILE ((size_t)4 * 1024 * 1024)

struct big_file {
    FILE *f;
    size_t left;
};

static int
read_some(void *context, char *buffer, int len)
{
    struct big_file *b = context;
    size_t n = fread(buffer, 1, MIN((size_t)len, b->left), b->f);

    b->left -= n;
    return n == 0 && ferror(b->f) ? -1 : (int)n;
}

static int
leave_open(void *context)
{
    return 0;
}

/* The size, if it is one of those. */
static size_t
big_size(FILE *f)
{
    struct stat st;

    return fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)BIG_FILE && (size_t)st.st_size <= LARGEST_DOCUMENT
               ? (size_t)st.st_size
               : 0;
}

static xmlNode *
parse_big_file(FILE *f, size_t size, unsigned flags, char **error)
{
    struct big_file b = { f, size };

    init_parser_once();
    return parse_with(xmlCreateIOParserCtxt(NULL, NULL, read_some, leave_open, &b, XML_CHAR_ENCODING_NONE), size, flags, error);
}

xmlNode *
xml_parse_file(const char *path, unsigned flags, char **error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *f = is_stdin ? stdin : fopen(path, "re");
    GString *text;
    xmlNode *root = NULL;

    set_error(error, NULL);
    if (f == NULL) {
        set_error(error, g_strdup(strerror(errno)));
        return NULL;
    }
    if (!is_stdin && !g_str_has_suffix(path, ".bz2") && big_size(f) > 0) {
        root = parse_big_file(f, big_size(f), flags, error);
        fclose(f);
        return root;
    }
    text = g_str_has_suffix(path, ".bz2") ? read_bzip2(f, error) : read_plain(f, error);
    if (!is_stdin) {
        fclose(f);
    }
    if (text != NULL) {
        root = xml_parse(text->str, text->len, flags, error);
        g_string_free(text, TRUE);
    }
    return root;
}
