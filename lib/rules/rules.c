/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Evaluation of rules and of their node, resource and operation expressions.  Dates are in dates.c, sets of
 * name/value pairs in nvsets.c.  Called by the scheduler, daemons and tools; never logs more than what is broken.
 * (spec 40 §3)
 */
#include "lib/rules/rules.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/rules/dates.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool rule_child_passes(const xmlNode *child, const struct rule_context *ctx);

/*
 * A rule is a list of conditions in document order, joined by "and" (the default) or "or"; evaluation stops as soon
 * as the outcome is certain.  An empty "and" passes, an empty "or" fails.  (spec 40 §3.1)
 */
bool
rule_passes(const xmlNode *rule, const struct rule_context *ctx)
{
    bool any;
    bool empty = true;

    rule = rules_resolve(rule, ctx->refs);
    if (rule == NULL) {
        return false;
    }
    any = text_equal_nocase(xml_get(rule, "boolean-op"), "or");
    xml_for_each (child, rule, NULL) {
        empty = false;
        if (rule_child_passes(child, ctx) == any) {
            return any;
        }
    }
    if (empty) {
        const char *id = xml_id(rule);

        log_err("Invalid Rule %s: rules must contain at least one expression", id ? id : "(without id)");
    }
    return !any;
}

bool
rules_allow(const xmlNode *parent, const struct rule_context *ctx)
{
    bool have_rule = false;

    xml_for_each (rule, parent, "rule") {
        have_rule = true;
        if (rule_passes(rule, ctx)) {
            return true;
        }
    }
    return !have_rule;
}

char *
rule_expand_matches(const char *text, const struct rule_context *ctx)
{
    if (text == NULL || ctx->matches == NULL || strchr(text, '%') == NULL) {
        return NULL;
    }
    GString *out = g_string_new(NULL);

    for (const char *p = text; *p != '\0'; p++) {
        if (p[0] == '%' && isdigit((unsigned char)p[1])) {
            unsigned n = (unsigned)(p[1] - '0');

            if (n < ctx->match_count && ctx->matches[n].rm_so >= 0 && ctx->matches[n].rm_eo > ctx->matches[n].rm_so) {
                g_string_append_len(out, ctx->match_text + ctx->matches[n].rm_so,
                                    ctx->matches[n].rm_eo - ctx->matches[n].rm_so);
            }
            p++;
        } else {
            g_string_append_c(out, *p);
        }
    }
    return g_string_free(out, FALSE);
}

static void
report(const struct rule_context *ctx, const xmlNode *expression, const char *what)
{
    if (ctx->error != NULL) {
        const char *id = xml_id(expression);
        char *text = g_strdup_printf("Expression %s invalid: %s not specified", id ? id : "(without id)", what);

        ctx->error(ctx->error_data, text);
        g_free(text);
    }
}

/* --- comparing values: spec 40 §3.2 --- */

enum value_type { TYPE_STRING, TYPE_INTEGER, TYPE_NUMBER, TYPE_VERSION, TYPE_UNKNOWN };

static bool
is_ordering(const char *operation)
{
    return text_equal_nocase(operation, "lt") || text_equal_nocase(operation, "lte")
        || text_equal_nocase(operation, "gt") || text_equal_nocase(operation, "gte");
}

static enum value_type
value_type(const char *type, const char *operation, const char *left, const char *right)
{
    if (type == NULL) {
        if (!is_ordering(operation)) {
            return TYPE_STRING;
        }
        return (left != NULL && strchr(left, '.') != NULL) || (right != NULL && strchr(right, '.') != NULL)
                   ? TYPE_NUMBER
                   : TYPE_INTEGER;
    }
    if (text_equal_nocase(type, "string")) {
        return TYPE_STRING;
    }
    if (text_equal_nocase(type, "integer")) {
        return TYPE_INTEGER;
    }
    if (text_equal_nocase(type, "number")) {
        return TYPE_NUMBER;
    }
    if (text_equal_nocase(type, "version")) {
        return TYPE_VERSION;
    }
    return TYPE_UNKNOWN;
}

static bool
parse_integer(const char *s, long long *out)
{
    char *end;

    errno = 0;
    *out = strtoll(s, &end, 10);
    return errno == 0 && end != s;
}

static bool
parse_number(const char *s, double *out)
{
    char *end;

    errno = 0;
    *out = g_ascii_strtod(s, &end);
    return errno == 0 && end != s;
}

/* <0, 0, >0; an undefined side is smaller than a defined one, two undefined ones are equal. */
static int
compare_values(const char *left, const char *right, enum value_type type)
{
    long long li, ri;
    double ld, rd;

    if (left == NULL || right == NULL) {
        return (left != NULL) - (right != NULL);
    }
    switch (type) {
    case TYPE_INTEGER:
        if (parse_integer(left, &li) && parse_integer(right, &ri)) {
            return (li > ri) - (li < ri);
        }
        return g_ascii_strcasecmp(left, right);
    case TYPE_NUMBER:
        if (parse_number(left, &ld) && parse_number(right, &rd)) {
            return (ld > rd) - (ld < rd);
        }
        return g_ascii_strcasecmp(left, right);
    case TYPE_VERSION:
        return text_compare_versions(left, right);
    case TYPE_STRING:
        return g_ascii_strcasecmp(left, right);
    case TYPE_UNKNOWN:
        break;
    }
    return 0;
}

static bool
attribute_expression_passes(const xmlNode *expression, const struct rule_context *ctx)
{
    const char *attribute = xml_get(expression, "attribute");
    const char *operation = xml_get(expression, "operation");
    const char *value = xml_get(expression, "value");
    const char *source = xml_get(expression, "value-source");
    const char *have;
    char *expanded;
    int order;

    if (ctx->node_attrs == NULL) {
        return false;
    }
    if (attribute == NULL) {
        report(ctx, expression, "attribute");
        return false;
    }
    if (operation == NULL) {
        report(ctx, expression, "operation");
        return false;
    }
    if (text_equal(attribute, "#role")) {
        return false; /* no caller supplies a role */
    }
    expanded = rule_expand_matches(attribute, ctx);
    have = nvtable_get(ctx->node_attrs, expanded != NULL ? expanded : attribute);
    g_free(expanded);

    if (text_equal_nocase(source, "param")) {
        value = value != NULL && ctx->params != NULL ? nvtable_get(ctx->params, value) : NULL;
    } else if (text_equal_nocase(source, "meta")) {
        value = value != NULL && ctx->meta != NULL ? nvtable_get(ctx->meta, value) : NULL;
    } else if (value != NULL && value[0] == '\0') {
        value = NULL; /* an empty value counts as undefined */
    }

    if (text_equal_nocase(operation, "defined")) {
        return have != NULL;
    }
    if (text_equal_nocase(operation, "not_defined")) {
        return have == NULL;
    }
    order = compare_values(have, value, value_type(xml_get(expression, "type"), operation, have, value));
    if (text_equal_nocase(operation, "eq")) {
        return order == 0;
    }
    if (text_equal_nocase(operation, "ne")) {
        return order != 0;
    }
    if (have == NULL || value == NULL) {
        return false;
    }
    if (text_equal_nocase(operation, "lt")) {
        return order < 0;
    }
    if (text_equal_nocase(operation, "lte")) {
        return order <= 0;
    }
    if (text_equal_nocase(operation, "gt")) {
        return order > 0;
    }
    if (text_equal_nocase(operation, "gte")) {
        return order >= 0;
    }
    return false;
}

/* An omitted class or type matches anything, an omitted provider only what has none.  (spec 40 §3.6) */
static bool
rsc_expression_passes(const xmlNode *expression, const struct rule_context *ctx)
{
    const char *cls = xml_get(expression, "class");
    const char *type = xml_get(expression, "type");

    return ctx->has_rsc && (cls == NULL || text_equal(cls, ctx->rsc_class))
        && text_equal(xml_get(expression, "provider"), ctx->rsc_provider)
        && (type == NULL || text_equal(type, ctx->rsc_type));
}

static bool
op_expression_passes(const xmlNode *expression, const struct rule_context *ctx)
{
    const char *name = xml_get(expression, "name");
    const char *interval = xml_get(expression, "interval");

    if (ctx->op_name == NULL || name == NULL || !text_equal(name, ctx->op_name)) {
        return false;
    }
    if (interval != NULL) {
        long long ms = text_interval_ms(interval);

        return ms >= 0 && ms == (long long)ctx->op_interval_ms;
    }
    return true;
}

static bool
rule_child_passes(const xmlNode *child, const struct rule_context *ctx)
{
    if (xml_is(child, "rule")) {
        return rule_passes(child, ctx);
    }
    if (xml_is(child, "expression")) {
        return attribute_expression_passes(child, ctx);
    }
    if (xml_is(child, "date_expression")) {
        return ctx->now != NULL && date_expression_passes(child, ctx);
    }
    if (xml_is(child, "rsc_expression")) {
        return rsc_expression_passes(child, ctx);
    }
    if (xml_is(child, "op_expression")) {
        return op_expression_passes(child, ctx);
    }
    return false;
}
