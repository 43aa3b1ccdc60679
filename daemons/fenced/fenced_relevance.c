/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See fenced_relevance.h.  What the fencer reads of the resources are the primitives of class stonith, wherever they are
 * nested, and the templates that they are made of; all other sections count as a whole (fenced_config.c).
 */
#include "daemons/fenced/fenced_relevance.h"

#include "lib/base/text.h"
#include "lib/base/xml.h"

#include <string.h>

#define CIB       "/cib"
#define STATUS    "/cib/status"
#define RESOURCES "/cib/configuration/resources/"

struct fence_relevance {
    bool known;         /* a configuration was noted */
    bool nameless;      /* devices are in children of `resources` without an id */
    bool by_reference;  /* devices refer to attributes of other resources: every resource counts */
    GHashTable *places; /* ids of the children of `resources` in which devices are -> names of the elements */
};

struct fence_relevance *
fence_relevance_new(void)
{
    struct fence_relevance *r = g_new0(struct fence_relevance, 1);

    r->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return r;
}

void
fence_relevance_free(struct fence_relevance *r)
{
    if (r != NULL) {
        g_hash_table_destroy(r->places);
        g_free(r);
    }
}

/* A device, or what may be one by its template, is this element or below it. */
static bool
holds_device(const xmlNode *element)
{
    if (text_equal_nocase(xml_get(element, "class"), "stonith") || xml_get(element, "template") != NULL) {
        return true;
    }
    xml_for_each(child, element, NULL)
    {
        if (holds_device(child)) {
            return true;
        }
    }
    return false;
}

static bool
holds_reference(const xmlNode *element)
{
    if (xml_get(element, "id-ref") != NULL) {
        return true;
    }
    xml_for_each(child, element, NULL)
    {
        if (holds_reference(child)) {
            return true;
        }
    }
    return false;
}

void
fence_relevance_note(struct fence_relevance *r, const xmlNode *configuration)
{
    const xmlNode *resources = xml_first(configuration, "resources");

    g_hash_table_remove_all(r->places);
    r->known = true;
    r->by_reference = r->nameless = false;
    if (resources == NULL) {
        return;
    }
    xml_for_each(child, resources, NULL)
    {
        if (holds_device(child)) {
            r->by_reference |= holds_reference(child);
            r->nameless |= xml_id(child) == NULL;
            if (xml_id(child) != NULL) {
                g_hash_table_insert(r->places, g_strdup(xml_id(child)), g_strdup(xml_name(child)));
            }
        }
    }
}

void
fence_relevance_forget(struct fence_relevance *r)
{
    r->known = false;
}

/* `rest`: a patchset's path behind RESOURCES: "primitive[@id='x']/...". */
static bool
is_place(const struct fence_relevance *r, const char *rest)
{
    const char *begin = strstr(rest, "[@id='"), *end;
    g_autofree char *id = NULL;

    if (begin == NULL || (size_t)(begin - rest) > strcspn(rest, "/")) {
        return true; /* without id: nobody knows which it is */
    }
    begin += strlen("[@id='");
    end = strstr(begin, "']");
    id = end != NULL ? g_strndup(begin, (gsize)(end - begin)) : NULL;
    return id == NULL || g_hash_table_contains(r->places, id);
}

static bool
concerns(const struct fence_relevance *r, const xmlNode *change)
{
    const char *path = xml_get(change, "path"), *op = xml_get(change, "operation");
    const xmlNode *result = xml_first(change, "change-result");

    if (path == NULL || op == NULL) {
        return true;
    }
    if (g_str_has_prefix(path, STATUS)) {
        return false;
    }
    if (strcmp(path, CIB) == 0 && strcmp(op, "modify") == 0) {
        return false; /* attributes of the root element change each time */
    }
    if (r->by_reference || !r->known) {
        return true;
    }
    result = strcmp(op, "create") == 0 ? xml_first(change, NULL) : result != NULL ? xml_first(result, NULL) : NULL;
    if (strcmp(path, "/cib/configuration/resources") == 0 && strcmp(op, "create") == 0) {
        return result != NULL && holds_device(result);
    }
    if (!g_str_has_prefix(path, RESOURCES)) {
        return true;
    }
    return is_place(r, path + strlen(RESOURCES)) || (result != NULL && holds_device(result));
}

bool
fence_relevance_of(const struct fence_relevance *r, const xmlNode *patch)
{
    if (patch == NULL || xml_get_int(patch, "format", 1) < 2) {
        return true;
    }
    xml_for_each(change, patch, "change")
    {
        if (concerns(r, change)) {
            return true;
        }
    }
    return false;
}

char *
fence_relevance_rules(const struct fence_relevance *r)
{
    /* a resource may become a device, or one appear in a group; other than that, only where devices are something counts */
    g_autoptr(GString) rules = g_string_new("create:/cib/configuration/resources delete:/cib/configuration/resources//resources"
                                            " modify:/cib/configuration/resources//primitive"
                                            " modify:/cib/configuration/resources//template");
    GHashTableIter iter;
    gpointer id, name;

    if (!r->known || r->by_reference || r->nameless) {
        return NULL;
    }
    g_hash_table_iter_init(&iter, r->places);
    while (g_hash_table_iter_next(&iter, &id, &name)) {
        if (strchr(id, '\'') != NULL) {
            return NULL;
        }
        g_string_append_printf(rules, " " RESOURCES "%s[@id='%s']", (const char *)name, (const char *)id);
    }
    g_string_append(rules, " -/cib/configuration/resources /cib/configuration");
    return g_strdup(rules->str);
}
