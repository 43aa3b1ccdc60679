/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schemas of the CIB as tables that are part of the program, and a quick validator for them.  Used by cib_schema.c.
 * Its yes is final; a no only means that the full validator has to be asked, which also has the messages.  (spec 25)
 */
#ifndef CIB_CIB_GRAMMAR_H
#define CIB_CIB_GRAMMAR_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

/* --- the tables, written by xml/tables.py at build time; names and values are offsets into cib_grammar_text --- */

enum cib_grammar_kind {
    GRAMMAR_ANY,
    GRAMMAR_LISTED,     /* one of the values */
    GRAMMAR_NOT_LISTED, /* anything but the values */
    GRAMMAR_ID,
    GRAMMAR_IDREF,
    GRAMMAR_BOOLEAN,
    GRAMMAR_INTEGER, /* or one of the values, as INFINITY is for scores */
    GRAMMAR_NOT_NEGATIVE,
    GRAMMAR_POSITIVE,
    GRAMMAR_RANGE,     /* digits and hyphens */
    GRAMMAR_NAME_LIST, /* names with commas between them */
};

#define GRAMMAR_NO_VALUE 0xFFFF /* ends a list of values */

struct cib_grammar_attribute {
    uint16_t name, values;
    uint8_t kind, required;
};

/* Children that are one of some elements; parts come in order, the items of a part in any. */
struct cib_grammar_item {
    uint16_t children;
    uint8_t count, part, least, many;
};

struct cib_grammar_alternative {
    uint16_t attributes, items;
    uint8_t attribute_count, item_count;
};

/* No alternatives: it may hold anything. */
struct cib_grammar_element {
    uint16_t name, alternatives, count;
};

struct cib_grammar {
    char schema[16];
    uint16_t root;
};

extern const char cib_grammar_text[];
extern const uint16_t cib_grammar_values[], cib_grammar_children[];
extern const struct cib_grammar_attribute cib_grammar_attributes[];
extern const struct cib_grammar_item cib_grammar_items[];
extern const struct cib_grammar_alternative cib_grammar_alternatives[];
extern const struct cib_grammar_element cib_grammar_elements[];
extern const struct cib_grammar cib_grammars[]; /* up to an empty name */

/* --- the validator --- */

/* The IDs that a document defines and the references in it; all strings belong to the document. */
struct cib_grammar_ids {
    GPtrArray *defined, *referred;
};

/* The grammar of a schema ("pacemaker-3.9"); NULL: there is no table of it. */
const struct cib_grammar *cib_grammar_find(const char *schema);

/* Is the form of the document right?  Tells what its IDs are, and judges them not. */
bool cib_grammar_fits(const struct cib_grammar *g, const xmlNode *root, struct cib_grammar_ids *ids);

/* Is the document valid?  No: it is not, or it has something unusual. */
bool cib_grammar_accepts(const struct cib_grammar *g, const xmlNode *root);

/*
 * An attribute of an element in a valid document, no ID and no reference, has another value now: is the document still
 * valid?  Looks at the element alone; no: perhaps not.
 */
bool cib_grammar_keeps(const struct cib_grammar *g, const xmlNode *node, const char *attribute);

struct cib_grammar_ids cib_grammar_ids_new(void);
void cib_grammar_ids_clear(struct cib_grammar_ids *ids);

#endif
