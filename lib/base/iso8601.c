/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ISO 8601 arithmetic and texts on a calendar of year and day of the year.  Called by rules, intervals and
 * tools; never reads the clock (only the zone of an instant that it is given, through localtime_r).
 * The oddities that peers share (zones, year arithmetic) are stated where they are.  (spec 40 §3.5, spec 80 §11)
 */
#include "lib/base/iso8601.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400
/* Days from 0001-01-01 to 1970-01-01. */
#define EPOCH_DAYS 719162LL

static bool
is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_in_year(int year)
{
    return is_leap(year) ? 366 : 365;
}

static int
days_in_month(int year, int month)
{
    static const int DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return (month == 2 && is_leap(year)) ? 29 : DAYS[month - 1];
}

static int
yday_of(int year, int month, int day)
{
    for (int m = 1; m < month; m++) {
        day += days_in_month(year, m);
    }
    return day;
}

/* Days from 0001-01-01 to January 1st of `year`. */
static int64_t
days_before_year(int64_t year)
{
    int64_t y = year - 1;

    return y * 365 + y / 4 - y / 100 + y / 400;
}

/* Bring yday and seconds back into their ranges. */
static void
normalize(struct iso_time *t, int64_t days, int64_t seconds)
{
    int64_t total, year;

    days += seconds / DAY;
    seconds %= DAY;
    if (seconds < 0) {
        seconds += DAY;
        days--;
    }
    total = days_before_year(t->year) + t->yday - 1 + days;
    year = total / 366 + 1; /* never too late; at most a few years early per millennium */
    while (days_before_year(year + 1) <= total) {
        year += MAX(1, (total - days_before_year(year + 1)) / 366);
    }
    t->year = (int)year;
    t->yday = (int)(total - days_before_year(year)) + 1;
    t->seconds = (int)seconds;
}

struct iso_time
iso_add_seconds(const struct iso_time *t, int64_t seconds)
{
    struct iso_time r = *t;

    normalize(&r, 0, t->seconds + seconds);
    return r;
}

struct iso_time
iso_from_epoch(int64_t epoch)
{
    struct iso_time t = { .year = 1970, .yday = 1 };

    return iso_add_seconds(&t, epoch);
}

int64_t
iso_to_epoch(const struct iso_time *t)
{
    int64_t days = days_before_year(t->year) + t->yday - 1 - EPOCH_DAYS;

    return days * DAY + t->seconds - t->offset;
}

struct iso_time
iso_to_utc(const struct iso_time *t)
{
    return iso_from_epoch(iso_to_epoch(t));
}

static int
local_offset(int64_t epoch)
{
    time_t when = (time_t)epoch;
    struct tm tm;

    return (localtime_r(&when, &tm) != NULL) ? (int)tm.tm_gmtoff : 0;
}

static struct iso_time
with_offset(int64_t epoch, int offset)
{
    struct iso_time t = iso_from_epoch(epoch + offset);

    t.offset = offset;
    return t;
}

struct iso_time
iso_to_local(const struct iso_time *t)
{
    int64_t epoch = iso_to_epoch(t);

    return with_offset(epoch, local_offset(epoch));
}

int
iso_compare(const struct iso_time *a, const struct iso_time *b)
{
    int64_t ea = iso_to_epoch(a), eb = iso_to_epoch(b);

    return (ea > eb) - (ea < eb);
}

/* A year later is the same day of the year (February 29th + 1 year is March 1st), at most the last one. */
static void
add_years(struct iso_time *t, int years)
{
    t->year += years;
    t->yday = MIN(t->yday, days_in_year(t->year));
}

/* A month later is the same day of the month, at most its last one. */
static void
add_months(struct iso_time *t, int months)
{
    int year, month, day;
    int64_t total;

    if (months == 0) {
        return;
    }
    iso_gregorian(t, &year, &month, &day);
    total = (int64_t)year * 12 + (month - 1) + months;
    year = (int)(total / 12);
    month = (int)(total % 12) + 1;
    t->year = year;
    t->yday = yday_of(year, month, MIN(day, days_in_month(year, month)));
}

struct iso_time
iso_add(const struct iso_time *t, const struct iso_duration *d)
{
    struct iso_time r = *t;

    add_years(&r, d->years);
    add_months(&r, d->months);
    normalize(&r, d->days, (int64_t)r.seconds + d->seconds);
    return r;
}

struct iso_time
iso_subtract(const struct iso_time *t, const struct iso_duration *d)
{
    struct iso_duration negative = { -d->years, -d->months, -d->days, -d->seconds };

    return iso_add(t, &negative);
}

void
iso_gregorian(const struct iso_time *t, int *year, int *month, int *day)
{
    int m = 1, d = t->yday;

    while (m < 12 && d > days_in_month(t->year, m)) {
        d -= days_in_month(t->year, m++);
    }
    *year = t->year;
    *month = m;
    *day = d;
}

void
iso_ordinal(const struct iso_time *t, int *year, int *yday)
{
    *year = t->year;
    *yday = t->yday;
}

/* 1 = Monday; 0001-01-01 was one. */
static int
weekday_of(int year, int yday)
{
    return (int)((days_before_year(year) + yday - 1) % 7) + 1;
}

static int
weeks_in_year(int year)
{
    int jan1 = weekday_of(year, 1);

    return (jan1 == 4 || (jan1 == 3 && is_leap(year))) ? 53 : 52;
}

/* Week 1 is the one with the first Thursday. */
void
iso_week(const struct iso_time *t, int *week_year, int *week, int *weekday)
{
    *weekday = weekday_of(t->year, t->yday);
    *week_year = t->year;
    *week = (t->yday - *weekday + 10) / 7;
    if (*week < 1) {
        (*week_year)--;
        *week = weeks_in_year(*week_year);
    } else if (*week > weeks_in_year(*week_year)) {
        (*week_year)++;
        *week = 1;
    }
}

/* --- parsing --- */

/* Up to `most` digits; false if there is none. */
static bool
take_number(const char **p, int most, int *value)
{
    int n = 0, v = 0;

    while (n < most && isdigit((unsigned char)**p)) {
        v = v * 10 + (**p - '0');
        (*p)++;
        n++;
    }
    *value = v;
    return n > 0;
}

static bool
date_from_week(int year, int week, int weekday, struct iso_time *t)
{
    struct iso_time jan1 = { .year = year, .yday = 1 };

    if (weekday < 1 || weekday > 7 || week > weeks_in_year(year)) {
        return false;
    }
    /* Monday of week 1 is the Monday on or before January 4th. */
    normalize(&jan1, 3 - (weekday_of(year, 4) - 1) + (week - 1) * 7LL + weekday - 1, 0);
    *t = jan1;
    return true;
}

static bool
date_from_month(int year, int month, int day, struct iso_time *t)
{
    if (month < 1 || month > 12 || day < 0 || day > days_in_month(year, month)) {
        return false;
    }
    t->year = year;
    t->yday = yday_of(year, month, day);
    return t->yday >= 1;
}

/* YYYY-MM-DD, YYYYMMDD, YYYY-DDD, YYYY-Www-D */
static bool
parse_date(const char *p, struct iso_time *t)
{
    size_t digits = strspn(p, "0123456789");
    int year, a, b;

    if (digits == 8) {
        return take_number(&p, 4, &year) && year > 0 && take_number(&p, 2, &a)
               && take_number(&p, 2, &b) && date_from_month(year, a, b, t);
    }
    if (digits < 1 || digits > 5 || p[digits] != '-') {
        return false;
    }
    take_number(&p, 5, &year);
    p++;
    if (year < 1) {
        return false;
    }
    if (*p == 'W') {
        p++;
        return take_number(&p, 2, &a) && *p++ == '-' && take_number(&p, 1, &b)
               && date_from_week(year, a, b, t);
    }
    if (!take_number(&p, 4, &a)) {
        return false;
    }
    if (*p == '-') {
        p++;
        return take_number(&p, 2, &b) && date_from_month(year, a, b, t);
    }
    if (a < 1 || a > days_in_year(year)) {
        return false;
    }
    t->year = year;
    t->yday = a;
    return true;
}

/* HH:MM:SS, HH:MM, HH, HHMMSS, HHMM into seconds of the day. */
static bool
parse_clock(const char *p, int *seconds)
{
    int h = 0, m = 0, s = 0;

    /* What is missing is 0: a lone "T" is midnight. */
    if (take_number(&p, 2, &h)) {
        p += (*p == ':');
        if (take_number(&p, 2, &m)) {
            p += (*p == ':');
            take_number(&p, 2, &s);
        }
    }
    if (h > 24 || m > 59 || s > 59 || (h == 24 && (m > 0 || s > 0))) {
        return false;
    }
    *seconds = h * 3600 + m * 60 + s;
    return true;
}

/*
 * The zone is looked for only as a Z anywhere, or behind a blank; "+02:00" glued to the time is not seen and local
 * time is meant, with the offset of now (spec 40 §3.5).  False: more than a day, or minutes that there are not.
 */
static bool
parse_zone(const char *p, const struct iso_time *now, int *offset)
{
    const char *space;
    int sign = 1, h = 0, m = 0;

    *offset = 0;
    if (strchr(p, 'Z') != NULL) {
        return true;
    }
    space = strchr(p, ' ');
    if (space == NULL) {
        *offset = local_offset(iso_to_epoch(now));
        return true;
    }
    p = space + strspn(space, " ");
    if (*p == '+' || *p == '-') {
        sign = (*p == '-') ? -1 : 1;
        p++;
    }
    if (!take_number(&p, 2, &h)) {
        return true;
    }
    p += (*p == ':');
    take_number(&p, 2, &m);
    if (h > 24 || m > 59 || (h == 24 && m > 0)) {
        return false;
    }
    *offset = sign * (h * 3600 + m * 60);
    return true;
}

static bool
set_clock(const char *text, const struct iso_time *now, struct iso_time *t)
{
    int seconds;

    if (!parse_clock(text, &seconds) || !parse_zone(text, now, &t->offset)) {
        return false;
    }
    normalize(t, 0, seconds);
    return true;
}

bool
iso_parse(const char *text, const struct iso_time *now, struct iso_time *out)
{
    struct iso_time t = { 0 };

    if (text == NULL || *text == '\0') {
        return false;
    }
    if (text[0] == 'T' || (strlen(text) > 2 && text[2] == ':')) {
        struct iso_time local = iso_to_local(now);

        t.year = local.year;
        t.yday = local.yday;
        if (!set_clock(text + (text[0] == 'T'), now, &t)) {
            return false;
        }
        *out = t;
        return true;
    }
    if (g_ascii_strncasecmp(text, "epoch", 5) == 0 && (text[5] == '\0' || text[5] == '/' || text[5] == ' ')) {
        *out = iso_from_epoch(0);
        return true;
    }
    if (!parse_date(text, &t)) {
        return false;
    }
    text += strspn(text, "0123456789-W");
    if (*text == 'T' || *text == ' ') {
        if (!set_clock(text + 1, now, &t)) {
            return false;
        }
    }
    *out = t;
    return true;
}

bool
iso_parse_duration(const char *text, struct iso_duration *out, const char **end)
{
    struct iso_duration d = { 0 };
    bool is_time = false, any = false;
    const char *p = text;

    if (p == NULL || *p++ != 'P') {
        return false;
    }
    while (*p != '\0' && *p != '/' && !isspace((unsigned char)*p)) {
        char *unit;
        long long v;

        if (*p == 'T') {
            is_time = any = true;
            p++;
            continue;
        }
        v = strtoll(p, &unit, 10);
        if (unit == p || v > G_MAXINT || v < G_MININT) {
            return false;
        }
        if (!is_time && *unit == 'Y') {
            d.years = (int)v;
        } else if (!is_time && *unit == 'M') {
            d.months = (int)v;
        } else if (*unit == 'W') {
            d.days += (int)CLAMP(v * 7, G_MININT / 2, G_MAXINT / 2);
        } else if (*unit == 'D') {
            d.days += (int)CLAMP(v, G_MININT / 2, G_MAXINT / 2);
        } else if (*unit == 'H') {
            d.seconds += (int)CLAMP(v * 3600, G_MININT / 4, G_MAXINT / 4);
        } else if (is_time && *unit == 'M') {
            d.seconds += (int)CLAMP(v * 60, G_MININT / 4, G_MAXINT / 4);
        } else if (*unit == 'S') {
            d.seconds += (int)CLAMP(v, G_MININT / 4, G_MAXINT / 4);
        } else {
            return false;
        }
        any = true;
        p = unit + 1;
    }
    if (!any) {
        return false;
    }
    if (end != NULL) {
        *end = p;
    }
    *out = d;
    return true;
}

bool
iso_parse_period(const char *text, const struct iso_time *now, struct iso_time *start, struct iso_time *end)
{
    const char *slash = (text == NULL) ? NULL : strchr(text, '/');
    struct iso_duration d;
    char *first;
    bool ok = false;

    if (slash == NULL) {
        return false;
    }
    first = g_strndup(text, (gsize)(slash - text));
    if (first[0] == 'P') {
        ok = iso_parse_duration(first, &d, NULL) && iso_parse(slash + 1, now, end);
        if (ok) {
            *start = iso_subtract(end, &d);
        }
    } else if (iso_parse(first, now, start)) {
        if (slash[1] == 'P') {
            ok = iso_parse_duration(slash + 1, &d, NULL);
            if (ok) {
                *end = iso_add(start, &d);
            }
        } else {
            ok = iso_parse(slash + 1, now, end);
        }
    }
    g_free(first);
    return ok;
}

/* --- texts --- */

static void
append_zone(GString *out, int offset)
{
    if (offset == 0) {
        g_string_append_c(out, 'Z');
    } else {
        g_string_append_printf(out, " %c%02d:%02d", (offset < 0) ? '-' : '+', abs(offset) / 3600,
                               abs(offset) % 3600 / 60);
    }
}

static void
append_date(GString *out, const struct iso_time *t, unsigned format)
{
    int a, b, c;

    if (format & ISO_WEEKS) {
        iso_week(t, &a, &b, &c);
        g_string_append_printf(out, "%d-W%02d-%d", a, b, c);
    } else if (format & ISO_ORDINAL) {
        g_string_append_printf(out, "%d-%03d", t->year, t->yday);
    } else {
        iso_gregorian(t, &a, &b, &c);
        g_string_append_printf(out, "%04d-%02d-%02d", a, b, c);
    }
}

char *
iso_text(const struct iso_time *time, unsigned format)
{
    struct iso_time t = (format & ISO_WITH_ZONE) ? *time : iso_to_utc(time);
    GString *out;

    if (format & ISO_EPOCH) {
        return g_strdup_printf("%lld", (long long)iso_to_epoch(&t));
    }
    if (format & ISO_SECONDS) {
        return g_strdup_printf("%lld", (long long)(iso_to_epoch(&t) + EPOCH_DAYS * DAY));
    }
    out = g_string_sized_new(32);
    if (format & (ISO_DATE | ISO_ORDINAL | ISO_WEEKS)) {
        append_date(out, &t, format);
    }
    if (format & ISO_TIME) {
        if (out->len > 0) {
            g_string_append_c(out, ' ');
        }
        g_string_append_printf(out, "%02d:%02d:%02d", t.seconds / 3600, t.seconds / 60 % 60, t.seconds % 60);
        append_zone(out, t.offset);
    }
    return g_string_free(out, FALSE);
}

char *
iso_epoch_text(int64_t epoch, unsigned format)
{
    struct iso_time t = iso_from_epoch(epoch);

    if (format & ISO_WITH_ZONE) {
        t = iso_to_local(&t);
    }
    return iso_text(&t, format);
}

char *
iso_ctime(int64_t epoch)
{
    time_t when = (time_t)epoch;
    char buf[32];

    if (ctime_r(&when, buf) == NULL) {
        return g_strdup("");
    }
    return g_strndup(buf, strcspn(buf, "\n"));
}
