/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iso8601: shows how the cluster reads a date, a duration or a period.  Scripts use it to check user input by its
 * exit code.  Talks to nobody.  (spec 80 §11)
 */
#include "lib/base/iso8601.h"
#include "lib/base/result.h"
#include "lib/output/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    char *date; /* NULL: none; "now" is special */
    char *period, *duration, *expected;
    gboolean seconds, epoch, local, ordinal, week;
} options;

static gboolean
take_date(const char *option, const char *value, void *data, GError **error)
{
    g_free(options.date);
    options.date = g_strdup(value);
    return TRUE;
}

/* -n and -d are two spellings of one option: the last one given counts. */
static gboolean
take_now(const char *option, const char *value, void *data, GError **error)
{
    return take_date(option, "now", data, error);
}

static const GOptionEntry commands[] = {
    { "now", 'n', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (void *)take_now, "Show the current date and time",
      NULL },
    { "date", 'd', 0, G_OPTION_ARG_CALLBACK, (void *)take_date,
      "Read a date and time, such as '2019-09-24 00:30:00 +01:00' or '2019-040'", "DATE" },
    { "period", 'p', 0, G_OPTION_ARG_STRING, &options.period, "Read a period, such as '2005-040/2005-043'",
      "PERIOD" },
    { "duration", 'D', 0, G_OPTION_ARG_STRING, &options.duration, "Read a duration, such as 'P1M'", "DURATION" },
    { "expected", 'E', 0, G_OPTION_ARG_STRING, &options.expected,
      "Fail unless the result of -n or -d (with -D: the end) reads like this", "TEXT" },
    { NULL },
};

static const GOptionEntry modifiers[] = {
    { "seconds", 's', 0, G_OPTION_ARG_NONE, &options.seconds, "Show dates as seconds since the year 0", NULL },
    { "epoch", 'S', 0, G_OPTION_ARG_NONE, &options.epoch, "Show dates as seconds since 1970", NULL },
    { "local", 'L', 0, G_OPTION_ARG_NONE, &options.local, "Show dates in their own time zone", NULL },
    { "ordinal", 'O', 0, G_OPTION_ARG_NONE, &options.ordinal, "Show dates as year and day of the year", NULL },
    { "week", 'W', 0, G_OPTION_ARG_NONE, &options.week, "Show dates as year, week and day of the week", NULL },
    { NULL },
};

static unsigned
date_format(void)
{
    return ISO_DATE | ISO_TIME | (options.seconds ? ISO_SECONDS : 0) | (options.epoch ? ISO_EPOCH : 0) |
           (options.local ? ISO_WITH_ZONE : 0) | (options.ordinal ? ISO_ORDINAL : 0) |
           (options.week ? ISO_WEEKS : 0);
}

static struct output *out;

static void
print_line(const char *label, const char *text)
{
    g_autofree char *line = g_strdup_printf("%s: %s", label, text);

    output_line(out, line);
}

static void
print_date(const char *element, const char *label, const struct iso_time *t, unsigned format)
{
    g_autofree char *text = iso_text(t, format);

    print_line(label, text);
    output_element(out, element, "value", text, NULL);
}

static void
append_part(GString *text, int width, int n, const char *unit)
{
    g_string_append_printf(text, "%*d %s%s ", width, n, unit, n == 1 ? "" : "s");
}

static void
print_duration(const struct iso_duration *d)
{
    GString *text = g_string_new(NULL);

    if (d->years != 0) {
        append_part(text, 4, d->years, "year");
    }
    if (d->months != 0) {
        append_part(text, 2, d->months, "month");
    }
    if (d->days != 0) {
        append_part(text, 2, d->days, "day");
    }
    if (d->seconds != 0 || text->len == 0) {
        int all = abs(d->seconds);

        g_string_append_printf(text, "%d second%s", d->seconds, d->seconds == 1 ? "" : "s");
        if (all >= 60) { /* the same, easier to read */
            g_string_append(text, " (");
            if (all >= 3600) {
                append_part(text, 0, all / 3600, "hour");
            }
            if (all / 60 % 60 != 0) {
                append_part(text, 0, all / 60 % 60, "minute");
            }
            if (all % 60 != 0) {
                append_part(text, 0, all % 60, "second");
            }
            g_string_truncate(text, text->len - 1);
            g_string_append_c(text, ')');
        }
    }
    print_line("Duration", text->str);
    output_open_plain(out, "duration");
    output_attr_int(out, "years", d->years);
    output_attr_int(out, "months", d->months);
    output_attr_int(out, "days", d->days);
    output_attr_int(out, "seconds", d->seconds);
    output_close_element(out);
    g_string_free(text, TRUE);
}

static int
fail(const char *what, const char *value)
{
    output_error(out, "iso8601: Invalid %s specified: %s", what, value);
    return CRM_EX_INVALID_PARAM;
}

/* Everything that was asked for, in the fixed order date, duration, period, end. */
static int
run(void)
{
    struct iso_time now = iso_from_epoch(time(NULL));
    struct iso_time local_now = iso_to_local(&now);
    struct iso_time date = local_now, start, end;
    struct iso_duration duration;

    if (options.date != NULL) {
        bool is_now = strcmp(options.date, "now") == 0;

        if (!is_now && strcmp(options.date, "epoch") == 0) {
            date = iso_from_epoch(0);
        } else if (!is_now && !iso_parse(options.date, &local_now, &date)) {
            return fail("date/time", options.date);
        }
        print_date("date", is_now ? "Current date/time" : "Date", &date, date_format());
    }
    if (options.duration != NULL) {
        const char *rest = NULL;

        if (!iso_parse_duration(options.duration, &duration, &rest)) {
            return fail("duration", options.duration);
        }
        print_duration(&duration);
    }
    if (options.period != NULL) {
        if (!iso_parse_period(options.period, &local_now, &start, &end)) {
            return fail("interval", options.period);
        }

        g_autofree char *from = iso_text(&start, date_format());
        g_autofree char *to = iso_text(&end, date_format());

        g_autofree char *both = g_strdup_printf("%s to %s", from, to);

        print_line("Period", both);
        output_element(out, "period", "start", from, "end", to, NULL);
    }
    if (options.date != NULL && options.duration != NULL) {
        date = iso_add(&date, &duration);
        print_date("end", "Duration ends at", &date, date_format() | ISO_WITH_ZONE);
    }
    if (options.expected != NULL && options.date != NULL) {
        g_autofree char *got = iso_text(&date, date_format() | (options.duration != NULL ? ISO_WITH_ZONE : 0));

        return strcmp(got, options.expected) == 0 ? CRM_EX_OK : CRM_EX_ERROR;
    }
    return CRM_EX_OK;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    int code;

    tool_init(&tool, argv, TOOL_OUTPUT, "dpDE", NULL, "Shows how ISO 8601 dates, durations and periods are read",
              "See https://en.wikipedia.org/wiki/ISO_8601 for the forms that dates may have.");
    tool_add_group(&tool, "commands", "Commands:", "Show command options", commands);
    tool_add_group(&tool, "modifiers", "Output modifiers:", "Show output modifiers", modifiers);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    code = run();
    g_free(options.date);
    g_free(options.period);
    g_free(options.duration);
    g_free(options.expected);
    return tool_exit(&tool, out, code);
}
