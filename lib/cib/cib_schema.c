/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of schemas, validation of whole documents, and the upgrade loop.  Used by the update pipeline, the
 * daemon and tools.  Never changes a document but by an upgrade.  (spec 20 §11)
 */
#include "lib/cib/cib_schema.h"

#include <libxml/relaxng.h>
#include <libxml/valid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_grammar.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_schema_parts.h"
#include "lib/cib/cib_transform.h"

struct schema {
    char *name;
    int major, minor;       /* -1 for pacemaker-next and none */
    const struct cib_grammar *table; /* the same grammar as part of the program; NULL if this is another */
    xmlRelaxNG *grammar;    /* parsed when first needed */
    bool broken;            /* the grammar could not be read */
    bool asks_for_children; /* it was seen to want sections that are not empty */
};

struct cib_schemas {
    char *directory;
    GArray *list; /* struct schema */
    cib_upgrade_message_fn upgrade_message;
    void *upgrade_data;
};

static struct schema *
schema_at(const struct cib_schemas *s, guint i)
{
    return &g_array_index(s->list, struct schema, i);
}

/* --- the list --- */

static gint
by_version(gconstpointer a, gconstpointer b)
{
    const struct schema *x = a, *y = b;

    return x->major != y->major ? x->major - y->major : x->minor - y->minor;
}

static void
add_schema(struct cib_schemas *s, const char *name, int major, int minor)
{
    struct schema new = { .name = g_strdup(name), .major = major, .minor = minor };

    g_array_append_val(s->list, new);
}

/* The file of the transform that leads away from a schema. */
static bool
has_transform(const struct cib_schemas *s, const struct schema *from)
{
    g_autofree char *path = g_strdup_printf("%s/upgrade-%d.%d.xsl", s->directory, from->major, from->minor);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
scan_directory(struct cib_schemas *s)
{
    g_autoptr(GDir) dir = g_dir_open(s->directory, 0, NULL);
    const char *file;

    while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        int major, minor, end = 0;

        if (sscanf(file, "pacemaker-%d.%d.rng%n", &major, &minor, &end) == 2 && end > 0 && file[end] == '\0'
            && major >= 0 && minor >= 0) {
            g_autofree char *name = g_strdup_printf("pacemaker-%d.%d", major, minor);

            add_schema(s, name, major, minor);
        }
    }
    g_array_sort(s->list, by_version);
}

struct cib_schemas *
cib_schemas_new(const char *directory)
{
    struct cib_schemas *s = g_new0(struct cib_schemas, 1);

    if (directory == NULL) {
        directory = env_option("schema_directory");
    }
    s->directory = g_strdup(directory != NULL ? directory : SCHEMA_DIR);
    s->list = g_array_new(FALSE, FALSE, sizeof(struct schema));
    scan_directory(s);
    if (s->list->len == 0) {
        log_err("No CIB schemas found in %s: configurations cannot be checked", s->directory);
    }
    add_schema(s, "pacemaker-next", -1, -1);
    add_schema(s, CIB_SCHEMA_NONE, -1, -1);
    if (strcmp(s->directory, SCHEMA_DIR) == 0) {
        cib_schemas_use_tables(s);
    }
    return s;
}

void
cib_schemas_use_tables(struct cib_schemas *s)
{
    for (guint i = 0; i < s->list->len; i++) {
        schema_at(s, i)->table = cib_grammar_find(schema_at(s, i)->name);
    }
}

void
cib_schemas_free(struct cib_schemas *s)
{
    if (s == NULL) {
        return;
    }
    for (guint i = 0; i < s->list->len; i++) {
        xmlRelaxNGFree(schema_at(s, i)->grammar);
        g_free(schema_at(s, i)->name);
    }
    g_array_free(s->list, TRUE);
    g_free(s->directory);
    g_free(s);
}

guint
cib_schemas_count(const struct cib_schemas *s)
{
    return s->list->len;
}

int
cib_schema_index(const struct cib_schemas *s, const char *name)
{
    for (guint i = 0; name != NULL && i < s->list->len; i++) {
        if (strcasecmp(schema_at(s, i)->name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *
cib_schema_name(const struct cib_schemas *s, guint index)
{
    return index < s->list->len ? schema_at(s, index)->name : NULL;
}

int
cib_schema_latest(const struct cib_schemas *s)
{
    return (int)s->list->len - 3;
}

int
cib_schema_minimum(const struct cib_schemas *s)
{
    int latest = cib_schema_latest(s);

    for (int i = 0; i <= latest; i++) {
        if (schema_at(s, (guint)i)->major == schema_at(s, (guint)latest)->major) {
            return i;
        }
    }
    return latest;
}

const char *
cib_schema_default(const struct cib_schemas *s)
{
    int latest = cib_schema_latest(s);

    return latest >= 0 ? schema_at(s, (guint)latest)->name : CIB_SCHEMA_NONE;
}

/* --- validation --- */

struct listener {
    cib_schema_message_fn tell;
    void *data;
};

static void
on_message(void *data, xmlErrorPtr error)
{
    const struct listener *l = data;
    const xmlNode *node = error->node;
    g_autofree char *text = g_strchomp(g_strdup(error->message != NULL ? error->message : ""));

    if (l->tell != NULL) {
        l->tell(l->data, error->line, node != NULL && node->type == XML_ELEMENT_NODE ? xml_name(node) : NULL, text);
    }
}

static void
log_grammar_error(void *data, xmlErrorPtr error)
{
    g_autofree char *text = g_strchomp(g_strdup(error->message != NULL ? error->message : ""));

    log_err("Schema %s cannot be used: %s (line %d)", (const char *)data, text, error->line);
}

static xmlRelaxNG *
grammar_of(struct cib_schemas *s, struct schema *schema)
{
    if (schema->grammar == NULL && !schema->broken) {
        g_autofree char *path = g_strdup_printf("%s/%s.rng", s->directory, schema->name);
        xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewParserCtxt(path);

        if (parser != NULL) {
            xmlRelaxNGSetParserStructuredErrors(parser, log_grammar_error, path);
            schema->grammar = xmlRelaxNGParse(parser);
            xmlRelaxNGFreeParserCtxt(parser);
        }
        schema->broken = schema->grammar == NULL;
    }
    return schema->grammar;
}

static void
forget_id(void *payload, void *data, const xmlChar *name)
{
    (void)data;
    (void)name;
    if (((xmlID *)payload)->attr != NULL) {
        ((xmlID *)payload)->attr->atype = 0;
    }
}

/*
 * The validator enters ID and IDREF values into tables of the document.  They would be stale after the next
 * edit and grow with every run, so they go when the run ends.
 */
static void
forget_ids(xmlDoc *doc)
{
    if (doc->ids != NULL) {
        xmlHashScan(doc->ids, forget_id, NULL);
        xmlFreeIDTable(doc->ids);
        doc->ids = NULL;
    }
    if (doc->refs != NULL) {
        xmlFreeRefTable(doc->refs);
        doc->refs = NULL;
    }
}

/*
 * Every schema lets <status> hold anything (spec 25), and it is most of a running cluster's document: what is in it is set
 * aside while the grammar runs.
 */
static bool
run(xmlRelaxNG *grammar, xmlDoc *doc, cib_schema_message_fn tell, void *data)
{
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(grammar);
    struct listener l = { .tell = tell, .data = data };
    xmlNode *root = xmlDocGetRootElement(doc), *status = root != NULL ? xml_first(root, "status") : NULL;
    xmlNode *first = NULL, *last = NULL;
    int rc;

    if (status != NULL) {
        first = status->children;
        last = status->last;
        status->children = status->last = NULL;
    }
    xmlRelaxNGSetValidStructuredErrors(context, on_message, &l);
    rc = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    if (status != NULL) {
        status->children = first;
        status->last = last;
    }
    return rc == 0;
}

/* A document that its table accepts needs no full validator; what that would say of another is worth its time. */
static bool
table_accepts(const struct schema *schema, const xmlNode *root)
{
    return schema->table != NULL && cib_grammar_accepts(schema->table, root);
}

bool
cib_schema_accepts(struct cib_schemas *s, const char *name, const xmlNode *root, cib_schema_message_fn tell, void *data)
{
    int index = cib_schema_index(s, name);
    xmlRelaxNG *grammar;
    bool valid;

    if (index < 0) {
        return false;
    }
    if (strcmp(schema_at(s, (guint)index)->name, CIB_SCHEMA_NONE) == 0) {
        return true;
    }
    if (table_accepts(schema_at(s, (guint)index), root)) {
        return true;
    }
    grammar = grammar_of(s, schema_at(s, (guint)index));
    if (grammar == NULL) {
        return false;
    }
    valid = run(grammar, root->doc, tell, data);
    forget_ids(root->doc);
    return valid;
}

static bool
table_accepts_parts(const struct schema *schema, const struct cib_doc *d, const xmlDoc *parts)
{
    struct cib_grammar_ids ids = cib_grammar_ids_new();
    bool valid = schema->table != NULL && cib_grammar_fits(schema->table, xmlDocGetRootElement((xmlDoc *)parts), &ids)
        && cib_schema_ids_fit(d, &ids);

    cib_grammar_ids_clear(&ids);
    return valid;
}

static bool
parts_are_valid(struct cib_schemas *s, struct schema *schema, struct cib_doc *d, bool keep_one)
{
    xmlDoc *parts = cib_schema_changed_parts(d, keep_one);
    bool valid = parts != NULL && table_accepts_parts(schema, d, parts);

    if (parts != NULL && !valid && grammar_of(s, schema) != NULL) {
        cib_schema_enter_outside_ids(parts);
        valid = run(schema->grammar, parts, NULL, NULL) && cib_schema_ids_unique(d, parts);
    }
    cib_schema_free_parts(parts);
    return valid;
}

static bool
value_is_valid(void *table, const xmlNode *node, const char *name)
{
    return cib_grammar_keeps(table, node, name);
}

/* The most frequent change by far: attributes have other values. */
static bool
only_good_values(const struct schema *schema, const struct cib_doc *d)
{
    return schema->table != NULL && d->deletions->len == 0 && cib_doc_sets_values_only(d, value_is_valid, (void *)schema->table);
}

bool
cib_schema_accepts_change(struct cib_schemas *s, struct cib_doc *d)
{
    const char *name = xml_get(d->root, CIB_A_VALIDATE_WITH);
    int index = cib_schema_index(s, name);
    struct schema *schema = index >= 0 ? schema_at(s, (guint)index) : NULL;

    if (schema != NULL && text_equal(d->valid_for, name) && strcmp(name, CIB_SCHEMA_NONE) != 0) {
        if (only_good_values(schema, d)) {
            return true;
        }
        if (parts_are_valid(s, schema, d, schema->asks_for_children)) {
            return true;
        }
        if (!schema->asks_for_children && parts_are_valid(s, schema, d, true)) {
            schema->asks_for_children = true;
            return true;
        }
        /* whatever the parts lack: the verdict is the whole document's */
    }
    return cib_schema_accepts(s, name, d->root, NULL, NULL);
}

void
cib_schema_complete(struct cib_schemas *s, xmlNode *root)
{
    (void)s;
    if (xml_get(root, CIB_A_VALIDATE_WITH) == NULL) {
        /* every document satisfies the last of the list */
        xml_set(root, CIB_A_VALIDATE_WITH, CIB_SCHEMA_NONE);
    }
}

/* --- upgrade --- */

void
cib_schemas_on_upgrade_message(struct cib_schemas *s, cib_upgrade_message_fn tell, void *data)
{
    s->upgrade_message = tell;
    s->upgrade_data = data;
}

/* From a schema that is satisfied to the next: by a stylesheet if there is one and the document is not fit already. */
static int
upgrade_step(struct cib_schemas *s, const struct schema *here, const struct schema *next, xmlNode **root)
{
    xmlNode *result;

    if (next->major == here->major || cib_schema_accepts(s, next->name, *root, NULL, NULL)) {
        return RC_OK;
    }
    if (!has_transform(s, here)) {
        log_err("Upgrading from %s needs upgrade-%d.%d.xsl, which is not in %s", here->name, here->major, here->minor,
                s->directory);
        return RC_TRANSFORM_FAILED;
    }
    result = cib_transform(s->directory, here->major, here->minor, *root, s->upgrade_message, s->upgrade_data);
    if (result == NULL) {
        return RC_TRANSFORM_FAILED;
    }
    if (!cib_schema_accepts(s, next->name, result, NULL, NULL)) {
        xml_free(result);
        return RC_SCHEMA_VALIDATION;
    }
    xml_free(*root);
    *root = result;
    return RC_OK;
}

int
cib_schema_upgrade(struct cib_schemas *s, xmlNode **root, const char *max, int *best)
{
    int latest = cib_schema_latest(s), limit = max != NULL ? cib_schema_index(s, max) : -1;
    int start = MAX(cib_schema_index(s, xml_get(*root, CIB_A_VALIDATE_WITH)), 0), rc = RC_OK;
    int index = start, reached = start;
    bool satisfied = false;

    *best = start;
    while (index <= latest && start < latest) {
        const struct schema *here = schema_at(s, (guint)index);

        if (!cib_schema_accepts(s, here->name, *root, NULL, NULL)) {
            if (satisfied) {
                break;
            }
            rc = RC_SCHEMA_VALIDATION;
            index++;
            continue;
        }
        satisfied = true;
        rc = RC_OK;
        reached = index;
        if (index == latest || (limit >= 0 && index >= limit)) {
            break;
        }
        rc = upgrade_step(s, here, schema_at(s, (guint)index + 1), root);
        if (rc != RC_OK) {
            break;
        }
        index++;
    }
    if (reached > start) {
        xml_set(*root, CIB_A_VALIDATE_WITH, schema_at(s, (guint)reached)->name);
        *best = reached;
        return RC_OK;
    }
    return rc != RC_OK ? rc : RC_SCHEMA_UNCHANGED;
}
