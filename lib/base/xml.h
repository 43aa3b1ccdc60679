/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML helpers over libxml2: attribute access without copies, parsing from bytes and files with limits, the
 * wire serialisation that peers expect, walking.  Used by everybody who touches a document.
 * Elements are plain xmlNode; a detached tree always has a document of its own (so that xml_free() works).
 * (spec 10 §2.1, spec 20 §4.1)
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <libxml/tree.h>
#include <glib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* --- making and freeing --- */

/* New element; as child of `parent` (appended), or as root of a new document if parent is NULL. */
xmlNode *xml_new(xmlNode *parent, const char *name);
/* Deep copy as root of a new document, or appended to `parent`. */
xmlNode *xml_copy(xmlNode *parent, const xmlNode *src);
/* Put an element (taken: its document is gone afterwards) at the end of parent's children; a copy only if need be. */
xmlNode *xml_move(xmlNode *parent, xmlNode *node);
/* Free an element: with its whole document if it is the document's root, else unlinked first. NULL is fine. */
void xml_free(xmlNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlNode, xml_free)

/* --- attributes --- */

/* Value of an attribute, or NULL.  Borrowed: valid until the attribute changes. */
const char *xml_get(const xmlNode *node, const char *name);
/* Set (keeps the place of an existing attribute, else appends); value NULL removes. */
void xml_set(xmlNode *node, const char *name, const char *value);
void xml_set_int(xmlNode *node, const char *name, long long value);
/* A new <nvpair> at the end of a set that has an id: its own is SET-NAME, as everybody makes them who is not told another. */
xmlNode *xml_new_nvpair(xmlNode *set, const char *name, const char *value);
void xml_setf(xmlNode *node, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
void xml_remove(xmlNode *node, const char *name);
/* Integer value; `def` if absent or not a number.  Leading integer semantics ("12abc" is 12). */
long long xml_get_int(const xmlNode *node, const char *name, long long def);
/* true/on/yes/y/1; anything else or absent gives `def` unless it is a false word. */
bool xml_get_bool(const xmlNode *node, const char *name, bool def);
/* Copy attribute `name` if it is set. */
void xml_copy_attr(xmlNode *to, const xmlNode *from, const char *name);
/* All of them; those that only `to` has stay. */
void xml_copy_attrs(xmlNode *to, const xmlNode *from);
/* Value of an attribute node of the list node->properties; "" if it is empty.  Borrowed. */
const char *xml_attr_value(const xmlAttr *attr);
/* The `id` attribute, or NULL. */
const char *xml_id(const xmlNode *node);

/* --- walking --- */

static inline const char *
xml_name(const xmlNode *node)
{
    return (const char *)node->name;
}
bool xml_is(const xmlNode *node, const char *name);
/* First child element, of that name if name is not NULL; NULL if none. */
xmlNode *xml_first(const xmlNode *parent, const char *name);
/* Next sibling element, of that name if name is not NULL. */
xmlNode *xml_next(const xmlNode *node, const char *name);
/* Child element with that name (NULL: any) and attribute value; NULL if none. */
xmlNode *xml_find(const xmlNode *parent, const char *name, const char *attr, const char *value);
unsigned xml_count_children(const xmlNode *parent, const char *name);
/* Iterate over child elements; do not free `child` inside unless you take the next first. */
#define xml_for_each(child, parent, name) \
    for (xmlNode *child = xml_first((parent), (name)); child != NULL; child = xml_next(child, (name)))

/* Make an element the root of its document, freeing all that is around it; returns it. */
xmlNode *xml_take_out(xmlNode *node);

/*
 * For programs that end soon: memory is fetched in large pieces and not given back, since documents are many small ones.
 * Called first in main(); it comes into force with the first text of at least XML_LARGE_TEXT bytes that is parsed.
 */
#define XML_LARGE_TEXT 32768
void xml_memory_for_tools(void);
/* A text of that many bytes is about to be parsed. */
void xml_memory_expect(size_t len);

/* --- text --- */

enum xml_text_flags {
    XML_TEXT_PLAIN = 0,
    XML_TEXT_FORMATTED = 1 << 0,   /* two blanks per depth, newline after each tag */
    XML_TEXT_DIGEST_QUIRK = 1 << 1, /* stop escaping a value at its first multi-byte character (digests only) */
    XML_TEXT_SKIP_VOLATILE = 1 << 2, /* leave out the five attributes that v2 digests ignore (spec 20 §4.2) */
};
/* Append the text of `node` to `out`. */
void xml_append_text(GString *out, const xmlNode *node, unsigned flags);
/* Same, as a new string (g_free). */
char *xml_to_text(const xmlNode *node, unsigned flags);
/*
 * Append the text of a document formatted without reading it into nodes.  False: there is more in it than elements whose
 * attributes are as xml_append_text() writes them; `out` is as it was then, and the document has to be parsed.
 */
bool xml_reformat(GString *out, const char *text, size_t len);
/* Append `value` escaped for a double-quoted attribute. */
void xml_append_escaped(GString *out, const char *value);

/* Hex MD5 of bytes (g_free). */
char *md5_hex(const void *data, size_t len);

/*
 * Parse a document.  Blanks are dropped, entities are not expanded from outside, external references are
 * never loaded, depth and size are bounded.  Returns the root element (xml_free) or NULL; then `*error`
 * (g_free, may be NULL) says what is wrong and where ("line 3: ...").
 *
 * XML_PARSE_LENIENT: as for messages of peers, whose text may be damaged: yields what could be read.
 * Text nested too deep and bytes that are no XML characters are refused as a whole even so.
 * XML_PARSE_SKIP_DOCTYPE: a document type declaration is skipped instead of refused (meta-data of agents have one);
 * what it declares does not exist, so a reference to such an entity is an error.
 * XML_PARSE_PACKED: attributes of entries of the operation history may take a tenth of the room, and only functions of
 * this header see them; xml_unpack() before anybody else does.
 */
enum xml_parse_flags { XML_PARSE_STRICT = 0, XML_PARSE_LENIENT = 1 << 0, XML_PARSE_SKIP_DOCTYPE = 1 << 1, XML_PARSE_PACKED = 1 << 2 };
xmlNode *xml_parse(const char *text, size_t len, unsigned flags, char **error);
/* From a file; a name ending in .bz2 is decompressed; "-" reads standard input. */
xmlNode *xml_parse_file(const char *path, unsigned flags, char **error);

/* Make packed attributes of the element and all below into plain ones (what xml_get() returned stays valid). */
void xml_unpack(xmlNode *node);

/*
 * An XPath expression (g_free): a format that holds nothing to be replaced but %s, each between apostrophes, and the names for them.
 * NULL if a name has an apostrophe: it would end the literal, and whoever chose the name would choose what the expression finds.
 */
char *xml_xpath(const char *format, ...) G_GNUC_PRINTF(1, 2);
char *xml_xpath_valist(const char *format, va_list names) G_GNUC_PRINTF(1, 0);

/* Drop all text nodes below (the CIB holds none). */
void xml_strip_text(xmlNode *node);

#endif
