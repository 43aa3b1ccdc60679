/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of hosts in the list of a device or in what its agent prints for "list".  Called by the fencer and
 * stonith_admin.  Pure.  (spec 60 §9.2)
 */
#include "lib/fence/fence_targets.h"

#include "lib/base/text.h"

#include <string.h>

static void
add_targets_of_line(GPtrArray *targets, const char *line)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t\r,;", -1);

    for (char **word = words; *word != NULL; word++) {
        size_t len = strspn(*word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
        g_autofree char *name = g_strndup(*word, len);

        if (len > 0 && !text_equal_nocase(name, "on") && !text_equal_nocase(name, "off")) {
            g_ptr_array_add(targets, g_steal_pointer(&name));
        }
    }
}

GPtrArray *
fence_parse_targets(const char *text)
{
    GPtrArray *targets = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(text ? text : "", "\\n", -1); /* some agents print the two characters */

    for (char **part = parts; *part != NULL; part++) {
        g_auto(GStrv) lines = g_strsplit(*part, "\n", -1);

        for (char **line = lines; *line != NULL; line++) {
            if (strstr(*line, "invalid") == NULL && strstr(*line, "variable") == NULL) {
                add_targets_of_line(targets, *line);
            }
        }
    }
    return targets;
}
