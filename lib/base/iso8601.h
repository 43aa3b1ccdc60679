/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ISO 8601 dates, durations and periods as rules, options and the iso8601 tool know them.  Seconds resolution.
 * Used by lib/rules, the tools and status output.  Never reads the clock: callers pass "now".  (spec 40 §3.5, spec 80 §11, §17)
 */
#ifndef BASE_ISO8601_H
#define BASE_ISO8601_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * A point in time: day counted in the proleptic Gregorian calendar plus seconds of the day, both in the
 * zone given by `offset` (seconds east of UTC).
 */
struct iso_time {
    int year;    /* 1-9999 */
    int yday;    /* 1-366 */
    int seconds; /* of the day, 0-86399 (86400 only where the input said 24:00:00) */
    int offset;  /* seconds east of UTC */
};

/* Components of a duration or of a rule's <duration>; each may be negative. */
struct iso_duration {
    int years, months, days, seconds;
};

struct iso_time iso_from_epoch(int64_t epoch); /* UTC */
/* Same instant in the local zone (TZ). */
struct iso_time iso_to_local(const struct iso_time *t);
struct iso_time iso_to_utc(const struct iso_time *t);
int64_t iso_to_epoch(const struct iso_time *t);
/* <0, 0, >0 in UTC. */
int iso_compare(const struct iso_time *a, const struct iso_time *b);
struct iso_time iso_add(const struct iso_time *t, const struct iso_duration *d);
struct iso_time iso_subtract(const struct iso_time *t, const struct iso_duration *d);
struct iso_time iso_add_seconds(const struct iso_time *t, int64_t seconds);

/* Parse a date/time; forms of spec 40 §3.5.  `now` fills what a time-only text lacks.  False if invalid. */
bool iso_parse(const char *text, const struct iso_time *now, struct iso_time *out);
/* Parse "P1DT2H"; false if invalid.  `end` (may be NULL) is set behind what was read. */
bool iso_parse_duration(const char *text, struct iso_duration *out, const char **end);
/* "START/END", "START/PnD", "PnD/END"; false if invalid. */
bool iso_parse_period(const char *text, const struct iso_time *now, struct iso_time *start, struct iso_time *end);
/* Seconds of a duration taken literally (years 365 days, months 30), for interval specs see text_interval_ms(). */

void iso_gregorian(const struct iso_time *t, int *year, int *month, int *day);
void iso_ordinal(const struct iso_time *t, int *year, int *yday);
/* ISO week; weekday 1 = Monday. */
void iso_week(const struct iso_time *t, int *week_year, int *week, int *weekday);

enum iso_format {
    ISO_DATE = 1 << 0,
    ISO_TIME = 1 << 1,
    ISO_WITH_ZONE = 1 << 2, /* keep the zone; without it the value is converted to UTC and ends in Z */
    ISO_ORDINAL = 1 << 3,
    ISO_WEEKS = 1 << 4,
    ISO_SECONDS = 1 << 5, /* seconds since year 0 as the tool prints them */
    ISO_EPOCH = 1 << 6,
};
/* g_free */
char *iso_text(const struct iso_time *t, unsigned format);
char *iso_epoch_text(int64_t epoch, unsigned format);

/* "Sun Nov 22 03:46:01 2026" in local time, without newline (g_free); spec 80 §17.1. */
char *iso_ctime(int64_t epoch);

#endif
