/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Date expressions of rules: ranges, and specifications of what the calendar and the clock must show.  Called by
 * rules.c only (and by the crm_rule tool for details).  Never reads the clock.  (spec 40 §3.3, §3.4)
 */
#include "lib/rules/dates.h"
#include "lib/base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void
changes_at(const struct rule_context *ctx, int64_t when)
{
    if (ctx->next_change != NULL && when > iso_to_epoch(ctx->now)
        && (*ctx->next_change == 0 || when < *ctx->next_change)) {
        *ctx->next_change = when;
    }
}

int
date_moon_phase(int year, int yday)
{
    int golden = year % 19 + 1;
    int epact = (11 * golden + 18) % 30;

    if ((epact == 25 && golden > 11) || epact == 24) {
        epact++;
    }
    return ((((yday + epact) * 6 + 11) % 177) / 22) % 8;
}

/*
 * Is `have` in the range that a field gives?  "N", "N-M", "N-", "-M"; anything else does not restrict.
 */
static bool
in_field(const xmlNode *spec, const char *field, int have)
{
    const char *text = xml_get(spec, field);
    long long low, high;
    char *end;

    if (text == NULL) {
        return true;
    }
    if (text[0] == '-') {
        if (!isdigit((unsigned char)text[1])) {
            return true;
        }
        high = strtoll(text + 1, &end, 10);
        return *end != '\0' || have <= high;
    }
    if (!isdigit((unsigned char)text[0])) {
        return true;
    }
    low = strtoll(text, &end, 10);
    if (*end == '\0') {
        return have == low;
    }
    if (*end != '-') {
        return true;
    }
    if (end[1] == '\0') {
        return have >= low;
    }
    if (!isdigit((unsigned char)end[1])) {
        return true;
    }
    high = strtoll(end + 1, &end, 10);
    return *end != '\0' || (have >= low && have <= high);
}

bool
date_spec_matches(const xmlNode *spec, const struct iso_time *now)
{
    int year, month, day, week_year, week, weekday;

    iso_gregorian(now, &year, &month, &day);
    iso_week(now, &week_year, &week, &weekday);
    return in_field(spec, "years", year) && in_field(spec, "months", month) && in_field(spec, "monthdays", day)
        && in_field(spec, "hours", now->seconds / 3600) && in_field(spec, "minutes", now->seconds / 60 % 60)
        && in_field(spec, "seconds", now->seconds % 60) && in_field(spec, "yeardays", now->yday)
        && in_field(spec, "weekyears", week_year) && in_field(spec, "weeks", week)
        && in_field(spec, "weekdays", weekday) && in_field(spec, "moon", date_moon_phase(year, now->yday));
}

static int
duration_part(const xmlNode *duration, const char *name)
{
    return (int)CLAMP(text_leading_int(xml_get(duration, name)), -100000000, 100000000);
}

/* Parts are added one after the other in this order: it matters for ends of months.  (spec 40 §3.3) */
static struct iso_time
add_duration(struct iso_time t, const xmlNode *duration)
{
    struct iso_duration years = { .years = duration_part(duration, "years") };
    struct iso_duration months = { .months = duration_part(duration, "months") };
    int64_t days = (int64_t)duration_part(duration, "weeks") * 7 + duration_part(duration, "days");
    int64_t seconds = (int64_t)duration_part(duration, "hours") * 3600
        + (int64_t)duration_part(duration, "minutes") * 60 + duration_part(duration, "seconds");

    if (years.years != 0) {
        t = iso_add(&t, &years);
    }
    if (months.months != 0) {
        t = iso_add(&t, &months);
    }
    return iso_add_seconds(&t, days * 86400 + seconds);
}

enum date_result
rule_date_result(const xmlNode *expression, const struct rule_context *ctx)
{
    const char *operation = xml_get(expression, "operation");
    const char *start_text = xml_get(expression, "start");
    const char *end_text = xml_get(expression, "end");
    const xmlNode *duration = xml_first(expression, "duration");
    struct iso_time start, end;
    bool have_start = start_text != NULL && iso_parse(start_text, ctx->now, &start);
    bool have_end = end_text != NULL && iso_parse(end_text, ctx->now, &end);

    if (have_start && !have_end && duration != NULL) {
        end = add_duration(start, duration);
        have_end = true;
    }

    if (operation == NULL || text_equal_nocase(operation, "in_range")) {
        if (!have_start && !have_end) {
            return DATE_INVALID;
        }
        if (have_start && iso_compare(ctx->now, &start) < 0) {
            changes_at(ctx, iso_to_epoch(&start));
            return DATE_BEFORE;
        }
        if (have_end) {
            if (iso_compare(ctx->now, &end) > 0) {
                return DATE_AFTER;
            }
            changes_at(ctx, iso_to_epoch(&end) + 1);
        }
        return DATE_WITHIN;
    }
    if (text_equal_nocase(operation, "date_spec")) {
        const xmlNode *spec = xml_first(expression, "date_spec");

        if (spec == NULL) {
            return DATE_INVALID;
        }
        return date_spec_matches(spec, ctx->now) ? DATE_SATISFIED : DATE_UNSATISFIED;
    }
    if (text_equal_nocase(operation, "gt")) {
        if (!have_start) {
            return DATE_INVALID;
        }
        if (iso_compare(ctx->now, &start) > 0) {
            return DATE_WITHIN;
        }
        changes_at(ctx, iso_to_epoch(&start) + 1);
        return DATE_BEFORE;
    }
    if (text_equal_nocase(operation, "lt")) {
        if (!have_end) {
            return DATE_INVALID;
        }
        if (iso_compare(ctx->now, &end) < 0) {
            changes_at(ctx, iso_to_epoch(&end));
            return DATE_WITHIN;
        }
        return DATE_AFTER;
    }
    return DATE_INVALID;
}

bool
date_expression_passes(const xmlNode *expression, const struct rule_context *ctx)
{
    enum date_result result = rule_date_result(expression, ctx);

    return result == DATE_WITHIN || result == DATE_SATISFIED;
}
