/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patchsets as lines for people.  Used by crm_shadow.  (spec 20 §14.3)
 */
#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_patch_v1.h"
#include "lib/cib/cib_proto.h"

/* Format 1 marks what is new or gone as a whole: that is not shown. */
static void
cut_marker(char *line)
{
    char *begin = strstr(line, " " CIB_PATCH_V1_MARKER "=\""), *end = begin != NULL ? strstr(begin, ":top\"") : NULL;

    if (end != NULL) {
        end += strlen(":top\"");
        memmove(begin, end, strlen(end) + 1);
    }
}

/* Lines of an element, each behind `prefix`; the first follows what `out` holds already. */
static void
append_lines(GString *out, const xmlNode *xml, const char *prefix, bool first_is_begun)
{
    g_autofree char *text = xml_to_text(xml, XML_TEXT_FORMATTED);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i] != NULL; i++) {
        if (*lines[i] == '\0') {
            continue;
        }
        if (i > 0 || !first_is_begun) {
            g_string_append(out, prefix);
        }
        cut_marker(lines[i]);
        g_string_append_printf(out, "%s\n", lines[i]);
    }
}

/* A new element behind its place: its own tag as if it were empty, then what is in it. */
static void
append_created(GString *out, const char *path, const xmlNode *xml)
{
    g_autofree char *prefix = g_strdup_printf("++ %*s", (int)strlen(path) + 3, "");
    gsize at;

    g_string_append_printf(out, "++ %s:  ", path);
    at = out->len;
    append_lines(out, xml, prefix, true);
    if (xml->type == XML_ELEMENT_NODE && xml->children != NULL) {
        const char *end = strchr(out->str + at, '\n');

        g_string_insert_c(out, end - 1 - out->str, '/');
    }
}

static void
append_modified(GString *out, const char *path, const xmlNode *change)
{
    static const struct {
        const char *operation, *sign;
    } kinds[] = { { "set", "+ " }, { "unset", "--" } };
    const xmlNode *list = xml_first(change, "change-list");

    for (guint k = 0; list != NULL && k < G_N_ELEMENTS(kinds); k++) {
        bool any = false;

        xml_for_each(attr, list, "change-attr")
        {
            const char *name = xml_get(attr, "name"), *value = xml_get(attr, "value");

            if (!text_equal(xml_get(attr, "operation"), kinds[k].operation) || name == NULL) {
                continue;
            }
            if (!any) {
                g_string_append_printf(out, "%s %s:  ", kinds[k].sign, path);
            }
            g_string_append_printf(out, "%s@%s", any ? ", " : "", name);
            if (k == 0) {
                g_string_append_printf(out, "=%s", value != NULL ? value : "");
            }
            any = true;
        }
        if (any) {
            g_string_append_c(out, '\n');
        }
    }
}

static void
append_change(GString *out, const xmlNode *change)
{
    const char *operation = xml_get(change, "operation"), *path = xml_get(change, "path"), *position = xml_get(change, "position");

    if (operation == NULL || path == NULL) {
        return;
    }
    if (strcmp(operation, "create") == 0) {
        if (change->children != NULL) {
            append_created(out, path, change->children);
        }
    } else if (strcmp(operation, "move") == 0) {
        g_string_append_printf(out, "+~ %s moved to offset %s\n", path, position != NULL ? position : "-1");
    } else if (strcmp(operation, "modify") == 0) {
        append_modified(out, path, change);
    } else if (strcmp(operation, "delete") == 0) {
        g_string_append_printf(out, "-- %s", path);
        if (position != NULL) {
            g_string_append_printf(out, " (%s)", position);
        }
        g_string_append_c(out, '\n');
    }
}

char *
cib_patch_to_text(const xmlNode *patch)
{
    GString *out = g_string_sized_new(1024);
    struct cib_version from, to;
    long long format = xml_get_int(patch, "format", 1);
    const char *digest = xml_get(patch, CIB_F_DIGEST);

    bool versions = cib_patch_versions(patch, &from, &to);

    if (format == 1) { /* what is not told counts as 0 */
        from = (struct cib_version){ MAX(from.admin_epoch, 0), MAX(from.epoch, 0), MAX(from.num_updates, 0) };
        to = (struct cib_version){ MAX(to.admin_epoch, 0), MAX(to.epoch, 0), MAX(to.num_updates, 0) };
    }
    if (versions && cib_version_compare(&from, &to) == 0) {
        g_string_append_printf(out, "  : Local-only Change: %d.%d.%d\n", from.admin_epoch, from.epoch, from.num_updates);
    } else if (versions) {
        g_string_append_printf(out, "Diff: --- %d.%d.%d %lld\nDiff: +++ %d.%d.%d %s\n", from.admin_epoch, from.epoch, from.num_updates,
                               format, to.admin_epoch, to.epoch, to.num_updates, digest != NULL ? digest : "(null)");
    }
    if (format == 1) {
        static const char *const sides[][2] = { { "diff-removed", "-  " }, { "diff-added", "+  " } };

        for (guint i = 0; i < G_N_ELEMENTS(sides); i++) {
            const xmlNode *side = xml_first(patch, sides[i][0]);

            for (const xmlNode *c = side != NULL ? xml_first(side, NULL) : NULL; c != NULL; c = xml_next(c, NULL)) {
                const char *mark = sides[i][1];

                if (c->children == NULL) { /* nothing below the root: told as a whole */
                    mark = i == 0 ? "-- " : "++ ";
                }
                append_lines(out, c, mark, false);
            }
        }
    } else {
        xml_for_each(change, patch, "change")
        {
            append_change(out, change);
        }
    }
    return g_string_free(out, FALSE);
}
