/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XPath on the CIB: a small language of steps answered quickly, libxml2 for the rest.  Used by the operations
 * and by tools.  Never changes the tree.  (spec 20 §2.2, §6.2)
 */
#include "lib/cib/cib_xpath.h"

#include <ctype.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xml.h"

enum { MAX_STEPS = 16, MAX_CONDITIONS = 4 };

struct condition {
    char *attr;
    char *value;
};

/* "/name[@a='x'][@b='y']" or the same with "//". */
struct step {
    bool descendant;
    char *name; /* NULL: any ("*") */
    struct condition conditions[MAX_CONDITIONS];
    guint n_conditions;
};

struct path {
    struct step steps[MAX_STEPS];
    guint n;
};

/* --- reading the quick form --- */

static void
free_path(struct path *p)
{
    for (guint i = 0; i < p->n; i++) {
        g_free(p->steps[i].name);
        for (guint k = 0; k < p->steps[i].n_conditions; k++) {
            g_free(p->steps[i].conditions[k].attr);
            g_free(p->steps[i].conditions[k].value);
        }
    }
}

static size_t
name_length(const char *s)
{
    size_t n = 0;

    if (!isalpha((unsigned char)*s) && *s != '_') {
        return 0;
    }
    while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '-' || s[n] == '.') {
        n++;
    }
    return n;
}

static const char *
skip_blanks(const char *s)
{
    while (isspace((unsigned char)*s)) {
        s++;
    }
    return s;
}

/* "@attr='value'"; returns what follows, or NULL if it is something else. */
static const char *
read_condition(const char *s, struct step *step)
{
    struct condition *c = &step->conditions[step->n_conditions];
    const char *name, *end;
    size_t n;

    if (step->n_conditions == MAX_CONDITIONS || *s != '@' || (n = name_length(s + 1)) == 0) {
        return NULL;
    }
    name = s + 1;
    s = skip_blanks(name + n);
    if (*s != '=') {
        return NULL;
    }
    s = skip_blanks(s + 1);
    if ((*s != '\'' && *s != '"') || (end = strchr(s + 1, *s)) == NULL) {
        return NULL;
    }
    c->attr = g_strndup(name, n);
    c->value = g_strndup(s + 1, (gsize)(end - s - 1));
    step->n_conditions++;
    return skip_blanks(end + 1);
}

static const char *
read_predicate(const char *s, struct step *step)
{
    s = skip_blanks(s + 1);
    while ((s = read_condition(s, step)) != NULL) {
        if (*s == ']') {
            return s + 1;
        }
        if (strncmp(s, "and", 3) != 0 || !isspace((unsigned char)s[3])) {
            return NULL;
        }
        s = skip_blanks(s + 3);
    }
    return NULL;
}

/* False if the expression is not of the quick form. */
static bool
read_path(const char *s, struct path *p)
{
    p->n = 0;
    while (*s != '\0') {
        struct step *step = &p->steps[p->n];
        size_t n;

        if (p->n == MAX_STEPS) {
            return false;
        }
        memset(step, 0, sizeof(*step));
        if (*s == '/') {
            s++;
            step->descendant = *s == '/';
            s += step->descendant;
        } else {
            return false; /* relative: libxml2 shall say what that means */
        }
        p->n++;
        if (*s == '*') {
            s++;
        } else if ((n = name_length(s)) > 0) {
            step->name = g_strndup(s, n);
            s += n;
        } else {
            return false;
        }
        while (*s == '[') {
            if ((s = read_predicate(s, step)) == NULL) {
                return false;
            }
        }
    }
    return p->n > 0;
}

/* --- answering it --- */

static bool
matches(const xmlNode *n, const struct step *step)
{
    if (n->type != XML_ELEMENT_NODE || (step->name != NULL && strcmp(xml_name(n), step->name) != 0)) {
        return false;
    }
    for (guint i = 0; i < step->n_conditions; i++) {
        const char *value = xml_get(n, step->conditions[i].attr);

        if (value == NULL || strcmp(value, step->conditions[i].value) != 0) {
            return false;
        }
    }
    return true;
}

/* Do the steps before `i` lead to the element that step `i` matched? */
static bool
prefix_matches(const struct path *p, guint i, const xmlNode *n)
{
    const struct step *step = &p->steps[i];
    const xmlNode *parent = n->parent;

    if (i == 0) {
        return step->descendant || parent == NULL || parent->type != XML_ELEMENT_NODE;
    }
    for (; parent != NULL && parent->type == XML_ELEMENT_NODE; parent = parent->parent) {
        if (matches(parent, &p->steps[i - 1]) && prefix_matches(p, i - 1, parent)) {
            return true;
        }
        if (!step->descendant) {
            break;
        }
    }
    return false;
}

static void
add_descendants(const xmlNode *parent, const struct step *step, GPtrArray *out)
{
    for (xmlNode *c = parent->children; c != NULL; c = c->next) {
        if (c->type == XML_ELEMENT_NODE) {
            if (matches(c, step)) {
                g_ptr_array_add(out, c);
            }
            add_descendants(c, step, out);
        }
    }
}

static void
add_children(const xmlNode *parent, const struct step *step, GPtrArray *out)
{
    for (xmlNode *c = parent->children; c != NULL; c = c->next) {
        if (matches(c, step)) {
            g_ptr_array_add(out, c);
        }
    }
}

static gint
document_order(gconstpointer a, gconstpointer b)
{
    xmlNode *const *x = a, *const *y = b;

    return *x == *y ? 0 : -xmlXPathCmpNodes(*x, *y);
}

static void
sort_unique(GPtrArray *list)
{
    guint kept = 0;

    if (list->len < 2) {
        return;
    }
    g_ptr_array_sort(list, document_order);
    for (guint i = 0; i < list->len; i++) {
        if (i == 0 || g_ptr_array_index(list, i) != g_ptr_array_index(list, kept - 1)) {
            g_ptr_array_index(list, kept++) = g_ptr_array_index(list, i);
        }
    }
    g_ptr_array_set_size(list, (gint)kept);
}

/* All that step 0 matches, starting at the document node. */
static void
start(const xmlNode *root, const struct step *step, GPtrArray *out)
{
    if (matches(root, step)) {
        g_ptr_array_add(out, (xmlNode *)root);
    }
    if (step->descendant) {
        add_descendants(root, step, out);
    }
}

static const char *
id_of_step(const struct step *step)
{
    for (guint i = 0; i < step->n_conditions; i++) {
        if (strcmp(step->conditions[i].attr, "id") == 0) {
            return step->conditions[i].value;
        }
    }
    return NULL;
}

static GPtrArray *
walk(const xmlNode *root, GHashTable *ids, const struct path *p)
{
    GPtrArray *found = g_ptr_array_new();
    guint from = 1;
    bool nested = false; /* matches may lie within one another: order and uniqueness need care */
    const char *id = NULL;

    for (guint i = p->n; ids != NULL && i-- > 0;) {
        if ((id = id_of_step(&p->steps[i])) != NULL) {
            for (const GSList *l = g_hash_table_lookup(ids, id); l != NULL; l = l->next) {
                if (matches(l->data, &p->steps[i]) && prefix_matches(p, i, l->data)) {
                    g_ptr_array_add(found, l->data);
                }
            }
            sort_unique(found);
            nested = found->len > 1;
            from = i + 1;
            break;
        }
    }
    if (id == NULL) {
        start(root, &p->steps[0], found);
        nested = p->steps[0].descendant;
    }
    for (guint i = from; i < p->n && found->len > 0; i++) {
        GPtrArray *next = g_ptr_array_new();

        for (guint k = 0; k < found->len; k++) {
            (p->steps[i].descendant ? add_descendants : add_children)(g_ptr_array_index(found, k), &p->steps[i], next);
        }
        if (nested && found->len > 1) {
            sort_unique(next);
        }
        nested |= p->steps[i].descendant;
        g_ptr_array_free(found, TRUE);
        found = next;
    }
    return found;
}

/* --- the rest --- */

static void
be_silent(void *data, xmlErrorPtr error)
{
    (void)data;
    (void)error;
}

GPtrArray *
cib_xpath_eval_full(const xmlNode *root, const char *expression)
{
    GPtrArray *found = g_ptr_array_new();
    xmlXPathContext *context = xmlXPathNewContext(root->doc);
    xmlXPathObject *result;

    context->error = be_silent;
    result = xmlXPathEvalExpression((const xmlChar *)expression, context);
    if (result != NULL && result->type == XPATH_NODESET && result->nodesetval != NULL) {
        xmlXPathNodeSetSort(result->nodesetval);
        for (int i = 0; i < result->nodesetval->nodeNr; i++) {
            xmlNode *n = result->nodesetval->nodeTab[i];

            if (n->type == XML_DOCUMENT_NODE) {
                n = (xmlNode *)root;
            } else if (n->type != XML_ELEMENT_NODE && n->type != XML_NAMESPACE_DECL) {
                n = n->parent;
            }
            if (n != NULL && n->type == XML_ELEMENT_NODE) {
                g_ptr_array_add(found, n);
            }
        }
    }
    xmlXPathFreeObject(result);
    xmlXPathFreeContext(context);
    return found;
}

GPtrArray *
cib_xpath_eval(const xmlNode *root, GHashTable *ids, const char *expression)
{
    struct path p = { 0 };
    GPtrArray *found;

    found = read_path(expression, &p) ? walk(root, ids, &p) : NULL;
    free_path(&p);
    return found != NULL ? found : cib_xpath_eval_full(root, expression);
}
