/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A quick validator of documents against the tables of the schemas.  Used by cib_schema.c.  Never says yes where the
 * full validator says no: what it does not know (namespaces, text, numbers of many digits) is a no.  (spec 25)
 */
#include "lib/cib/cib_grammar.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"

enum { MAX_ITEMS = 16, MAX_ATTRIBUTES = 32, MAX_DIGITS = 18 };

static const char *
text_at(uint16_t offset)
{
    return cib_grammar_text + offset;
}

/* --- values --- */

static bool
is_listed(const struct cib_grammar_attribute *a, const char *value)
{
    for (const uint16_t *v = &cib_grammar_values[a->values]; *v != GRAMMAR_NO_VALUE; v++) {
        if (strcmp(text_at(*v), value) == 0) {
            return true;
        }
    }
    return false;
}

/* Without blanks that a comparison would have to strip or fold first. */
static bool
has_no_edges(const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        if (g_ascii_isspace(*p) && (p == value || *p != ' ' || p[1] == ' ' || p[1] == '\0')) {
            return false;
        }
    }
    return true;
}

static bool
is_number(const char *value, bool with_sign)
{
    size_t digits;

    value += with_sign && (*value == '+' || *value == '-');
    digits = strspn(value, "0123456789");
    return digits > 0 && digits <= MAX_DIGITS && value[digits] == '\0';
}

static bool
is_name(const char *value)
{
    for (const char *p = value; *p != '\0'; p++) {
        bool letter = g_ascii_isalpha(*p) || *p == '_';

        if (!letter && (p == value || !(g_ascii_isdigit(*p) || *p == '.' || *p == '-'))) {
            return (*p & 0x80) != 0 && xmlValidateNCName((const xmlChar *)value, 0) == 0;
        }
    }
    return *value != '\0';
}

static bool
is_name_list(const char *value)
{
    bool in_name = false;

    for (; *value != '\0'; value++) {
        if (*value == ',' && !in_name) {
            return false;
        }
        if (*value != ',' && !g_ascii_isalnum(*value) && strchr("_.-", *value) == NULL) {
            return false;
        }
        in_name = *value != ',';
    }
    return in_name;
}

static bool
value_fits(const struct cib_grammar_attribute *a, const char *value)
{
    switch ((enum cib_grammar_kind)a->kind) {
        case GRAMMAR_ANY: return true;
        case GRAMMAR_LISTED: return is_listed(a, value);
        case GRAMMAR_NOT_LISTED: return has_no_edges(value) && !is_listed(a, value);
        case GRAMMAR_ID:
        case GRAMMAR_IDREF: return is_name(value);
        case GRAMMAR_BOOLEAN:
            return strcmp(value, "true") == 0 || strcmp(value, "false") == 0 || strcmp(value, "1") == 0 || strcmp(value, "0") == 0;
        case GRAMMAR_INTEGER: return is_number(value, true) || is_listed(a, value);
        case GRAMMAR_NOT_NEGATIVE: return is_number(value, false);
        case GRAMMAR_POSITIVE: return is_number(value, false) && value[strspn(value, "0")] != '\0';
        case GRAMMAR_RANGE: return *value != '\0' && value[strspn(value, "0123456789-")] == '\0';
        case GRAMMAR_NAME_LIST: return is_name_list(value);
    }
    return false;
}

/* --- one element --- */

static const struct cib_grammar_attribute *
find_attribute(const struct cib_grammar_alternative *alt, const xmlAttr *a)
{
    const struct cib_grammar_attribute *list = &cib_grammar_attributes[alt->attributes];

    for (int i = 0; i < alt->attribute_count; i++) {
        if (strcmp(text_at(list[i].name), (const char *)a->name) == 0) {
            return &list[i];
        }
    }
    return NULL;
}

/* What xml_attr_value() gives is all of it: no entity references. */
static bool
is_plain(const xmlAttr *a)
{
    return a->ns == NULL && (a->children == NULL || (a->children->type == XML_TEXT_NODE && a->children->next == NULL));
}

/* Every attribute is one that may be there, and those that have to be there are. */
static bool
attributes_fit(const struct cib_grammar_alternative *alt, const xmlNode *node)
{
    const struct cib_grammar_attribute *list = &cib_grammar_attributes[alt->attributes];
    uint32_t seen = 0;

    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        const struct cib_grammar_attribute *found = is_plain(a) ? find_attribute(alt, a) : NULL;

        if (found == NULL || !value_fits(found, xml_attr_value(a))) {
            return false;
        }
        seen |= 1U << (found - list);
    }
    for (int i = 0; i < alt->attribute_count; i++) {
        if (list[i].required && !(seen & 1U << i)) {
            return false;
        }
    }
    return true;
}

/* The element's number, -1 if the alternative has no such child; `*item` tells where. */
static int
find_child(const struct cib_grammar_alternative *alt, const xmlNode *child, int *item)
{
    for (int i = 0; i < alt->item_count; i++) {
        const struct cib_grammar_item *it = &cib_grammar_items[alt->items + i];

        for (int j = 0; j < it->count; j++) {
            int element = cib_grammar_children[it->children + j];

            if (xml_is(child, text_at(cib_grammar_elements[element].name))) {
                *item = i;
                return element;
            }
        }
    }
    return -1;
}

static bool
is_blank(const xmlNode *n)
{
    return n->type == XML_COMMENT_NODE || (n->type == XML_TEXT_NODE && xmlIsBlankNode(n));
}

/* The children by name, order and number; not what they are like inside. */
static bool
children_fit(const struct cib_grammar_alternative *alt, const xmlNode *node)
{
    const struct cib_grammar_item *items = &cib_grammar_items[alt->items];
    bool seen[MAX_ITEMS] = { false };
    int part = 0;

    for (const xmlNode *c = node->children; c != NULL; c = c->next) {
        int i;

        if (is_blank(c)) {
            continue;
        }
        if (c->type != XML_ELEMENT_NODE || c->ns != NULL || find_child(alt, c, &i) < 0 || items[i].part < part
            || (seen[i] && !items[i].many)) {
            return false;
        }
        part = items[i].part;
        seen[i] = true;
    }
    for (int i = 0; i < alt->item_count; i++) {
        if (items[i].least > 0 && !seen[i]) {
            return false;
        }
    }
    return true;
}

static void
take_ids(const struct cib_grammar_alternative *alt, const xmlNode *node, struct cib_grammar_ids *ids)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        const struct cib_grammar_attribute *found = find_attribute(alt, a);

        if (found->kind == GRAMMAR_ID || found->kind == GRAMMAR_IDREF) {
            g_ptr_array_add(found->kind == GRAMMAR_ID ? ids->defined : ids->referred, (gpointer)xml_attr_value(a));
        }
    }
}

static const struct cib_grammar_alternative *
fitting_alternative(const struct cib_grammar_element *e, const xmlNode *node)
{
    const struct cib_grammar_alternative *alt = &cib_grammar_alternatives[e->alternatives];

    for (int i = 0; i < e->count; i++) {
        if (attributes_fit(&alt[i], node) && children_fit(&alt[i], node)) {
            return &alt[i];
        }
    }
    return NULL;
}

/* A child's element and an attribute's being an ID do not depend on the alternative (tables.py sees to that). */
static bool
element_fits(int number, const xmlNode *node, struct cib_grammar_ids *ids)
{
    const struct cib_grammar_element *e = &cib_grammar_elements[number];
    const struct cib_grammar_alternative *alt;
    int item;

    if (node->nsDef != NULL) {
        return false;
    }
    if (e->count == 0) {
        return true;
    }
    alt = fitting_alternative(e, node);
    if (alt == NULL) {
        return false;
    }
    take_ids(alt, node, ids);
    xml_for_each(c, node, NULL)
    {
        if (!element_fits(find_child(alt, c, &item), c, ids)) {
            return false;
        }
    }
    return true;
}

/* --- one changed value --- */

/* The element's number, -1 if it stands where nothing is checked or known. */
static int
number_of(const struct cib_grammar *g, const xmlNode *node, bool *anything)
{
    const struct cib_grammar_element *e;
    int parent, item, number = -1;

    if (node->parent == (xmlNode *)node->doc) {
        return g->root;
    }
    parent = number_of(g, node->parent, anything);
    if (parent < 0) {
        return -1;
    }
    e = &cib_grammar_elements[parent];
    *anything = e->count == 0;
    for (int i = 0; i < e->count && number < 0; i++) {
        number = find_child(&cib_grammar_alternatives[e->alternatives + i], node, &item);
    }
    return number;
}

bool
cib_grammar_keeps(const struct cib_grammar *g, const xmlNode *node, const char *attribute)
{
    bool anything = false;
    int number = number_of(g, node, &anything);
    const struct cib_grammar_alternative *alt;
    const xmlAttr *a = xmlHasProp(node, (const xmlChar *)attribute);

    if (anything || (number >= 0 && cib_grammar_elements[number].count == 0)) {
        return true;
    }
    alt = number >= 0 && a != NULL ? fitting_alternative(&cib_grammar_elements[number], node) : NULL;
    if (alt != NULL) {
        const struct cib_grammar_attribute *found = find_attribute(alt, a);

        return found->kind != GRAMMAR_ID && found->kind != GRAMMAR_IDREF;
    }
    return false;
}

/* --- documents --- */

const struct cib_grammar *
cib_grammar_find(const char *schema)
{
    for (const struct cib_grammar *g = cib_grammars; g->schema[0] != '\0'; g++) {
        if (text_equal(g->schema, schema)) {
            return g;
        }
    }
    return NULL;
}

struct cib_grammar_ids
cib_grammar_ids_new(void)
{
    return (struct cib_grammar_ids){ .defined = g_ptr_array_new(), .referred = g_ptr_array_new() };
}

void
cib_grammar_ids_clear(struct cib_grammar_ids *ids)
{
    g_ptr_array_free(ids->defined, TRUE);
    g_ptr_array_free(ids->referred, TRUE);
}

bool
cib_grammar_fits(const struct cib_grammar *g, const xmlNode *root, struct cib_grammar_ids *ids)
{
    return root != NULL && root->ns == NULL && xml_is(root, text_at(cib_grammar_elements[g->root].name))
           && root->doc->intSubset == NULL && element_fits(g->root, root, ids);
}

/* Each ID is there once, each reference has its ID. */
static bool
ids_are_right(const struct cib_grammar_ids *ids)
{
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < ids->defined->len; i++) {
        if (!g_hash_table_add(known, ids->defined->pdata[i])) {
            return false;
        }
    }
    for (guint i = 0; i < ids->referred->len; i++) {
        if (!g_hash_table_contains(known, ids->referred->pdata[i])) {
            return false;
        }
    }
    return true;
}

bool
cib_grammar_accepts(const struct cib_grammar *g, const xmlNode *root)
{
    struct cib_grammar_ids ids = cib_grammar_ids_new();
    bool valid = cib_grammar_fits(g, root, &ids) && ids_are_right(&ids);

    cib_grammar_ids_clear(&ids);
    return valid;
}
