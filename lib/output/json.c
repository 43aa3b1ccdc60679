/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The JSON document of tools: the XML document (xml.c writes it, from the same calls) turned into objects and arrays when it
 * is complete, so that no tool has to know that there is JSON.  The mapping is described in doc/json.md.
 */
#include "lib/output/internal.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include <string.h>

/* Elements that are sequences: arrays of their children, in their order. */
static const char *const lists[] = {
    "actions", "allocations", "allocations_utilizations", "bans", "constraints", "errors", "failures", "fence_history", "list",
    "modifications", "node_attributes", "node_history", "nodes", "operations", "reasons", "resource_config", "resources",
    "paths", "steps", "tickets", "timings", "transition", "utilizations", NULL,
};
/* Elements of which their parent has one: members by their name.  All others are arrays, even of one. */
static const char *const singles[] = {
    "checksum", "cluster_options", "cluster_status", "current_dc", "date", "decision", "digests", "document", "duration", "end", "last_change", "last_update",
    "node-info", "nodes_configured", "pacemakerd", "parameters", "period", "reason", "resources_configured", "revised_cluster_status", "shadow", "stack",
    "status", "summary", "version", "xml", NULL,
};
/* Elements that are nothing but text. */
static const char *const plain[] = { "error", "path", "xml", NULL };
/* Attributes whose values are truth values or numbers; where such a value is neither, it stays a string ("INFINITY"). */
static const char *const typed[] = {
    "active", "base", "blocked", "cached", "call", "chosen", "code", "count", "days", "delta", "disabled", "exitcode", "exec-time", "expected_up",
    "fail-count", "failed", "failure_ignored", "granted", "have-quorum", "interval", "is_dc", "maintenance", "maintenance-mode", "managed",
    "master_only", "migration-threshold", "mixed_version", "months", "multi_state", "nodes_running_on", "number", "number_resources",
    "online", "orphan", "orphaned", "pending", "present", "priority-fencing-delay-ms", "promoted-only", "promotion-score", "queued", "rc",
    "remain_stopped", "resources_running", "result", "runnable", "running", "score", "seconds", "shutdown", "standby", "standby_onfail",
    "stonith-enabled", "stonith-timeout-ms", "stop-all-resources", "symmetric-cluster", "unclean", "unique", "unmanaged",
    "weight", "with_quorum", "years", NULL,
};

static bool
is_in(const char *const *names, const char *name)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, name) == 0) {
            return true;
        }
    }
    return false;
}

static void
append_string(GString *to, const char *text)
{
    g_string_append_c(to, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        switch (*p) {
            case '"': g_string_append(to, "\\\""); break;
            case '\\': g_string_append(to, "\\\\"); break;
            case '\n': g_string_append(to, "\\n"); break;
            case '\t': g_string_append(to, "\\t"); break;
            case '\r': g_string_append(to, "\\r"); break;
            default:
                if (*p < 0x20 || *p == 0x7f) {
                    g_string_append_printf(to, "\\u%04x", *p);
                } else {
                    g_string_append_c(to, (char)*p);
                }
        }
    }
    g_string_append_c(to, '"');
}

/* A number as JSON knows it, and short enough for every reader to take it exactly. */
static bool
is_number(const char *text)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t n = strspn(digits, "0123456789");

    return n > 0 && n <= 15 && digits[n] == '\0' && (digits[0] != '0' || text[1] == '\0');
}

static void
append_attribute(GString *to, const char *name, const char *value)
{
    if (is_in(typed, name) && (text_is_one_of(value, "true", "false", NULL) || is_number(value))) {
        g_string_append(to, value);
    } else {
        append_string(to, value);
    }
}

static void
new_line(GString *to, unsigned depth)
{
    g_string_append_c(to, '\n');
    for (unsigned i = 0; i < depth; i++) {
        g_string_append(to, "  ");
    }
}

/* Begin a member (name) or an element of an array (NULL). */
static void
begin_entry(GString *to, unsigned depth, bool *first, const char *name)
{
    if (!*first) {
        g_string_append_c(to, ',');
    }
    *first = false;
    new_line(to, depth);
    if (name != NULL) {
        append_string(to, name);
        g_string_append(to, ": ");
    }
}

static void append_value(GString *to, const xmlNode *xml, bool named, unsigned depth);

static void
append_children(GString *to, const xmlNode *xml, const char *name, bool named, unsigned depth)
{
    bool first = true;

    g_string_append_c(to, '[');
    xml_for_each (child, xml, name) {
        begin_entry(to, depth + 1, &first, NULL);
        append_value(to, child, named, depth + 1);
    }
    if (!first) {
        new_line(to, depth);
    }
    g_string_append_c(to, ']');
}

/* Members for the children: one value, or an array of all that have the same name where the first of them stands. */
static void
append_members(GString *to, const xmlNode *xml, unsigned depth, bool *first)
{
    xml_for_each (child, xml, NULL) {
        const char *name = xml_name(child);
        g_autofree char *member = g_strconcat(name, xml_get(xml, name) != NULL ? "_elements" : "", NULL);

        if (xml_first(xml, name) != child) {
            continue;
        }
        begin_entry(to, depth, first, member);
        if ((is_in(lists, name) || is_in(singles, name)) && xml_next(child, name) == NULL) {
            append_value(to, child, false, depth);
        } else {
            append_children(to, xml, name, false, depth);
        }
    }
}

/*
 * An element of a document that is handed through: nothing is known of its names, so all values are strings, and all children are
 * in one array.
 */
static void
append_document(GString *to, const xmlNode *xml, unsigned depth)
{
    static const char *const ours[] = { "element", "items", "text", NULL };
    xmlChar *text = xml_first(xml, NULL) == NULL ? xmlNodeGetContent(xml) : NULL;
    bool first = true;

    g_string_append_c(to, '{');
    begin_entry(to, depth + 1, &first, "element");
    append_string(to, xml_name(xml));
    for (const xmlAttr *a = xml->properties; a != NULL; a = a->next) {
        const char *name = (const char *)a->name;
        g_autofree char *member = g_strconcat(name, is_in(ours, name) ? "_attribute" : "", NULL);

        begin_entry(to, depth + 1, &first, member);
        append_string(to, xml_attr_value(a));
    }
    if (text != NULL && text[0] != '\0') {
        begin_entry(to, depth + 1, &first, "text");
        append_string(to, (const char *)text);
    }
    xmlFree(text);
    if (xml_first(xml, NULL) != NULL) {
        bool first_item = true;

        begin_entry(to, depth + 1, &first, "items");
        g_string_append_c(to, '[');
        xml_for_each (child, xml, NULL) {
            begin_entry(to, depth + 2, &first_item, NULL);
            append_document(to, child, depth + 2);
        }
        new_line(to, depth + 1);
        g_string_append_c(to, ']');
    }
    new_line(to, depth);
    g_string_append_c(to, '}');
}

/* `named`: an element of a list, which tells what it is. */
static void
append_value(GString *to, const xmlNode *xml, bool named, unsigned depth)
{
    bool list = is_in(lists, xml_name(xml)), first = true;

    if (xml_is(xml, "document") && xml_first(xml, NULL) != NULL) {
        append_document(to, xml_first(xml, NULL), depth);
        return;
    }

    xmlChar *text = xml_first(xml, NULL) == NULL && xml->children != NULL ? xmlNodeGetContent(xml) : NULL;

    if (is_in(plain, xml_name(xml)) && xml->properties == NULL) {
        append_string(to, text != NULL ? (const char *)text : "");
        xmlFree(text);
        return;
    }
    if (list && xml->properties == NULL) {
        append_children(to, xml, NULL, true, depth);
        xmlFree(text);
        return;
    }
    g_string_append_c(to, '{');
    if (named) {
        begin_entry(to, depth + 1, &first, "element");
        append_string(to, xml_name(xml));
    }
    for (const xmlAttr *a = xml->properties; a != NULL; a = a->next) {
        begin_entry(to, depth + 1, &first, (const char *)a->name);
        append_attribute(to, (const char *)a->name, xml_attr_value(a));
    }
    if (text != NULL) {
        begin_entry(to, depth + 1, &first, "text");
        append_string(to, (const char *)text);
    }
    if (list) {
        begin_entry(to, depth + 1, &first, "items");
        append_children(to, xml, NULL, true, depth + 1);
    } else {
        append_members(to, xml, depth + 1, &first);
    }
    if (!first) {
        new_line(to, depth);
    }
    g_string_append_c(to, '}');
    xmlFree(text);
}

void
output_json_from_xml(GString *to, const char *xml, size_t len)
{
    g_autofree char *error = NULL;
    xmlNode *root = xml_parse(xml, len, XML_PARSE_STRICT, &error);

    if (root == NULL) { /* what xml.c writes is well-formed, whatever it is given */
        g_string_append(to, "{\n  \"status\": {\n    \"code\": 70,\n    \"message\": ");
        append_string(to, error != NULL ? error : "no document");
        g_string_append(to, "\n  }\n}\n");
        return;
    }
    append_value(to, root, false, 0);
    g_string_append_c(to, '\n');
    xml_free(root);
}
