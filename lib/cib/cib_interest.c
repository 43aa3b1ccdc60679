/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules of interest in changes, see cib_interest.h.  Called by the CIB manager's core for each notification.  Never looks at
 * what a change holds, only at where it is.
 */
#include "lib/cib/cib_interest.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"

struct rule {
    bool wanted;
    char *operation; /* NULL: each */
    char *path;
    size_t length;
    char *name; /* NULL: each */
};

struct cib_interest {
    GArray *rules; /* struct rule */
};

static void
clear_rule(gpointer data)
{
    struct rule *r = data;

    g_free(r->operation);
    g_free(r->path);
    g_free(r->name);
}

static bool
parse_rule(const char *text, struct rule *r)
{
    const char *slash, *tail;

    r->wanted = *text != '-';
    text += *text == '-' || *text == '+';
    slash = strchr(text, '/');
    if (slash == NULL || (slash > text && slash[-1] != ':')) {
        return false;
    }
    r->operation = slash > text ? g_strndup(text, (gsize)(slash - text - 1)) : NULL;
    tail = g_strrstr(slash, "//");
    r->path = tail != NULL ? g_strndup(slash, (gsize)(tail - slash)) : g_strdup(slash);
    r->length = strlen(r->path);
    r->name = tail != NULL ? g_strdup(tail + 2) : NULL;
    return r->operation == NULL || text_is_one_of(r->operation, "create", "modify", "delete", "move", NULL);
}

/* The end of the rule at `text`: a blank that is in no id. */
static const char *
rule_end(const char *text)
{
    bool quoted = false;

    for (; *text != '\0' && (quoted || *text != ' '); text++) {
        quoted ^= *text == '\'';
    }
    return text;
}

struct cib_interest *
cib_interest_new(const char *text)
{
    struct cib_interest *i = g_new0(struct cib_interest, 1);

    i->rules = g_array_new(FALSE, TRUE, sizeof(struct rule));
    g_array_set_clear_func(i->rules, clear_rule);
    while (*(text += strspn(text, " ")) != '\0') {
        const char *end = rule_end(text);
        g_autofree char *rule = g_strndup(text, (gsize)(end - text));

        g_array_set_size(i->rules, i->rules->len + 1);
        if (!parse_rule(rule, &g_array_index(i->rules, struct rule, i->rules->len - 1))) {
            cib_interest_free(i);
            return NULL;
        }
        text = end;
    }
    return i;
}

void
cib_interest_free(struct cib_interest *i)
{
    if (i != NULL) {
        g_array_free(i->rules, TRUE);
        g_free(i);
    }
}

/* The name of the last step of a path: "/cib/configuration/nodes/node[@id='1']" ends in "node". */
static bool
ends_in(const char *path, const char *name)
{
    const char *step = path;
    bool quoted = false;
    size_t length = strlen(name);

    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '\'') {
            quoted = !quoted;
        } else if (*p == '/' && !quoted) {
            step = p + 1;
        }
    }
    return strncmp(step, name, length) == 0 && (step[length] == '\0' || step[length] == '[');
}

/* `path` is `beginning` or lies below it. */
static bool
is_within(const char *path, const char *beginning, size_t length)
{
    return strncmp(path, beginning, length) == 0 && (path[length] == '\0' || path[length] == '/' || path[length] == '[');
}

static bool
fits(const struct rule *r, const char *operation, const char *path)
{
    if (r->operation != NULL && strcmp(r->operation, operation) != 0) {
        return false;
    }
    if (is_within(path, r->path, r->length) && (r->name == NULL || ends_in(path, r->name))) {
        return true;
    }
    /* something above: the path of what is created is its parent's */
    return r->wanted && strcmp(operation, "modify") != 0 && is_within(r->path, path, strlen(path));
}

static bool
wants(const struct cib_interest *i, const char *operation, const char *path)
{
    for (guint n = 0; n < i->rules->len; n++) {
        const struct rule *r = &g_array_index(i->rules, struct rule, n);

        if (fits(r, operation, path)) {
            return r->wanted;
        }
    }
    return false;
}

bool
cib_interest_in(const struct cib_interest *i, const xmlNode *patch)
{
    if (patch == NULL || xml_get_int(patch, "format", 1) != 2) {
        return true;
    }
    xml_for_each(change, patch, "change")
    {
        const char *operation = xml_get(change, "operation"), *path = xml_get(change, "path");

        if (operation == NULL || path == NULL || wants(i, operation, path)) {
            return true;
        }
    }
    return false;
}
