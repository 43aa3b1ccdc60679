/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings as the cluster uses them.  Called by everybody; the only state is a ring of result buffers.
 * Never looks at a clock; text_new_uuid() is the one function that draws randomness.
 */
#include "lib/base/text.h"

#include "lib/base/iso8601.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING 16
static __thread char ring[RING][64];
static __thread unsigned ring_next;

static char *
next_buffer(void)
{
    return ring[ring_next++ % RING];
}

int
text_boolean(const char *s)
{
    static const char *const TRUE_WORDS[] = { "true", "on", "yes", "y", "1" };
    static const char *const FALSE_WORDS[] = { "false", "off", "no", "n", "0" };

    if (s == NULL) {
        return -1;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(TRUE_WORDS); i++) {
        if (g_ascii_strcasecmp(s, TRUE_WORDS[i]) == 0) {
            return 1;
        }
        if (g_ascii_strcasecmp(s, FALSE_WORDS[i]) == 0) {
            return 0;
        }
    }
    return -1;
}

bool
text_is_true(const char *s)
{
    return text_boolean(s) == 1;
}

bool
text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

bool
text_equal_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return g_ascii_strcasecmp(a, b) == 0;
}

guint
text_hash(const void *key)
{
    guint32 hash = 0;

    for (const signed char *p = key; *p != '\0'; p++) {
        hash = (hash << 5) - hash + (guint32)*p;
    }
    return hash;
}

bool
text_is_one_of(const char *s, ...)
{
    va_list ap;
    const char *word;
    bool found = false;

    if (s == NULL) {
        return false;
    }
    va_start(ap, s);
    while (!found && (word = va_arg(ap, const char *)) != NULL) {
        found = strcmp(s, word) == 0;
    }
    va_end(ap);
    return found;
}

bool
text_parse_int(const char *s, long long *value)
{
    char *end;
    long long v;

    if (s == NULL || *s == '\0') {
        return false;
    }
    errno = 0;
    v = strtoll(s, &end, 10);
    if (errno != 0 || end == s || *end != '\0') {
        return false;
    }
    *value = v;
    return true;
}

long long
text_leading_int(const char *s)
{
    enum { SAFE_DIGITS = 18 };
    long long v = 0;
    int digits = 0;

    if (s == NULL) {
        return 0;
    }
    while (digits < SAFE_DIGITS && g_ascii_isdigit(s[digits])) {
        v = v * 10 + (s[digits++] - '0');
    }
    /* strtoll clips at the ends of the range and gives 0 without digits: just what is wanted. */
    return digits > 0 && !g_ascii_isdigit(s[digits]) ? v : strtoll(s, NULL, 10);
}

int
score_parse(const char *s)
{
    long long v;

    if (s == NULL) {
        return 0;
    }
    if (strcmp(s, "INFINITY") == 0 || strcmp(s, "+INFINITY") == 0) {
        return SCORE_INFINITY;
    }
    if (strcmp(s, "-INFINITY") == 0) {
        return -SCORE_INFINITY;
    }
    v = text_leading_int(s);
    return (int)CLAMP(v, -SCORE_INFINITY, SCORE_INFINITY);
}

/* A ban wins over everything, then a must; else the sum, clipped. */
int
score_add(int a, int b)
{
    if (a <= -SCORE_INFINITY || b <= -SCORE_INFINITY) {
        return -SCORE_INFINITY;
    }
    if (a >= SCORE_INFINITY || b >= SCORE_INFINITY) {
        return SCORE_INFINITY;
    }
    return CLAMP(a + b, -SCORE_INFINITY, SCORE_INFINITY);
}

const char *
score_text(int score)
{
    char *buf;

    if (score >= SCORE_INFINITY) {
        return "INFINITY";
    }
    if (score <= -SCORE_INFINITY) {
        return "-INFINITY";
    }
    buf = next_buffer();
    g_snprintf(buf, sizeof(ring[0]), "%d", score);
    return buf;
}

/* Only the beginning of a unit counts, in this order, so that "min" is minutes and "msec" milliseconds. */
long long
text_timeout_ms(const char *s)
{
    static const struct {
        const char *unit;
        long long mul, div;
    } UNITS[] = {
        { "ms", 1, 1 }, { "us", 1, 1000 }, { "s", 1000, 1 }, { "m", 60000, 1 }, { "h", 3600000, 1 },
    };
    const char *unit;
    char *end;
    long long v;

    if (s == NULL) {
        return -1;
    }
    s += strspn(s, " \t");
    unit = s + strspn(s, "0123456789.");
    if (unit == s || !isdigit((unsigned char)*s)) {
        return -1; /* no number, or a sign, which is never valid */
    }
    unit += strspn(unit, " \t");
    v = strtoll(s, &end, 10);
    if (*unit == '\0') {
        return (v > G_MAXINT64 / 1000) ? G_MAXINT64 : v * 1000;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        if (g_ascii_strncasecmp(unit, UNITS[i].unit, strlen(UNITS[i].unit)) == 0) {
            if (v > G_MAXINT64 / UNITS[i].mul) {
                return G_MAXINT64;
            }
            return v * UNITS[i].mul / UNITS[i].div;
        }
    }
    return -1;
}

/*
 * An ISO duration used as interval (spec 40 §0.2): a positive number of days or years counts one less, which the
 * peers do as well and transition keys depend on; months are 30 days.
 */
static long long
duration_ms(const char *s)
{
    struct iso_duration d;
    long long days;

    if (!iso_parse_duration(s, &d, NULL)) {
        return -1;
    }
    days = (d.days > 0) ? d.days - 1 : d.days;
    days += 30LL * d.months + 365LL * ((d.years > 0) ? d.years - 1 : d.years);
    return (days * 86400 + d.seconds) * 1000;
}

long long
text_interval_ms(const char *s)
{
    long long ms;

    if (s == NULL) {
        return -1;
    }
    ms = (s[0] == 'P') ? duration_ms(s) : text_timeout_ms(s);
    return (ms < 0) ? -1 : MIN(ms, (long long)G_MAXUINT32);
}

/* A unit is used only if the rest is greater than one of it (spec 80 §17.3): 60000 is "60s", 61000 "1m1000ms". */
const char *
text_readable_interval(guint ms)
{
    static const struct {
        guint ms;
        char letter;
    } UNITS[] = { { 86400000, 'd' }, { 3600000, 'h' }, { 60000, 'm' } };
    char *buf = next_buffer();
    size_t size = sizeof(ring[0]), used = 0;

    if (ms == 0) {
        g_strlcpy(buf, "0s", size);
        return buf;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(UNITS); i++) {
        if (ms > UNITS[i].ms) {
            used += (size_t)g_snprintf(buf + used, (gulong)(size - used), "%u%c", ms / UNITS[i].ms,
                                       UNITS[i].letter);
            ms %= UNITS[i].ms;
        }
    }
    if (ms > 1000) {
        used += (size_t)g_snprintf(buf + used, (gulong)(size - used), "%u", ms / 1000);
        ms %= 1000;
        if (ms > 0) {
            used += (size_t)g_snprintf(buf + used, (gulong)(size - used), ".%03u", ms);
        }
        g_strlcpy(buf + used, "s", size - used);
    } else if (ms > 0) {
        g_snprintf(buf + used, (gulong)(size - used), "%ums", ms);
    }
    return buf;
}

/* Digit runs compare as numbers; of equal numbers the shorter run (fewer leading zeros) comes first. */
int
text_compare_numeric(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return (a != NULL) - (b != NULL);
    }
    while (*a != '\0' && *b != '\0') {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            size_t la = strspn(a, "0123456789"), lb = strspn(b, "0123456789");
            size_t za = MIN(strspn(a, "0"), la - 1), zb = MIN(strspn(b, "0"), lb - 1);
            size_t na = la - za, nb = lb - zb;
            int cmp = (na != nb) ? ((na < nb) ? -1 : 1) : strncmp(a + za, b + zb, na);

            if (cmp != 0) {
                return cmp;
            }
            if (la != lb) {
                return (la < lb) ? -1 : 1;
            }
            a += la;
            b += lb;
        } else {
            int ca = g_ascii_tolower(*a), cb = g_ascii_tolower(*b);

            if (ca != cb) {
                return ca - cb;
            }
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

int
text_compare_versions(const char *a, const char *b)
{
    a = (a == NULL) ? "" : a;
    b = (b == NULL) ? "" : b;
    while (*a != '\0' || *b != '\0') {
        char *ea, *eb;
        long long va = strtoll(a, &ea, 10), vb = strtoll(b, &eb, 10);

        if (va != vb) {
            return (va < vb) ? -1 : 1;
        }
        a = strchr(ea, '.');
        b = strchr(eb, '.');
        a = (a == NULL) ? "" : a + 1;
        b = (b == NULL) ? "" : b + 1;
    }
    return 0;
}

char *
op_key_new(const char *rsc, const char *task, guint interval_ms)
{
    return g_strdup_printf("%s_%s_%u", rsc, task, interval_ms);
}

/* Read from the right: resource ids may hold underscores; migrate_to/from are the only tasks with one. */
bool
op_key_parse(const char *key, char **rsc, char **task, guint *interval_ms)
{
    const char *interval, *name;
    guint64 ms;

    interval = (key == NULL) ? NULL : strrchr(key, '_');
    if (interval == NULL || interval == key || !g_ascii_string_to_unsigned(interval + 1, 10, 0, G_MAXUINT, &ms, NULL)) {
        return false;
    }
    name = g_strrstr_len(key, interval - key, "_");
    if (name == NULL || name == key || name + 1 == interval) {
        return false;
    }
    if (strncmp(name, "_to_", 4) == 0 || strncmp(name, "_from_", 6) == 0) {
        const char *migrate = g_strrstr_len(key, name - key, "_migrate");

        if (migrate != NULL && migrate != key && migrate + strlen("_migrate") == name) {
            name = migrate;
        }
    }
    /* post-notify carries "RSC_post_notify_start": the notify types have an underscore of their own. */
    for (const char *const *p = (const char *const[]){ "_confirmed-pre_notify", "_confirmed-post_notify", "_pre_notify",
                                                       "_post_notify", NULL };
         *p != NULL; p++) {
        const char *notify = g_strrstr_len(key, interval - key, *p);

        if (notify != NULL && notify != key && notify + strlen(*p) == name) {
            name = notify;
            break;
        }
    }
    if (rsc != NULL) {
        *rsc = g_strndup(key, (gsize)(name - key));
    }
    if (task != NULL) {
        *task = g_strndup(name + 1, (gsize)(interval - name - 1));
    }
    if (interval_ms != NULL) {
        *interval_ms = (guint)ms;
    }
    return true;
}

char *
transition_key_new(int transition, int action, int target_rc, const char *uuid)
{
    return g_strdup_printf("%d:%d:%d:%-36s", action, transition, target_rc, uuid);
}

#define BLANKS " \t\n\v\f\r"

/* A number and the colon behind it; `*text` moves on. */
static bool
read_part(const char **text, int *number)
{
    char *end;

    *number = (int)strtol(*text, &end, 10);
    if (end == *text || *end != ':') {
        return false;
    }
    *text = end + 1;
    return true;
}

bool
transition_key_parse(const char *key, int *transition, int *action, int *target_rc, char **uuid)
{
    int a, t, rc;
    size_t len;

    if (key == NULL || !read_part(&key, &a) || !read_part(&key, &t) || !read_part(&key, &rc)) {
        return false;
    }
    key += strspn(key, BLANKS);
    len = MIN(strcspn(key, BLANKS), (size_t)36);
    if (len == 0) {
        return false;
    }
    if (transition != NULL) {
        *transition = t;
    }
    if (action != NULL) {
        *action = a;
    }
    if (target_rc != NULL) {
        *target_rc = rc;
    }
    if (uuid != NULL) {
        *uuid = g_strndup(key, len);
    }
    return true;
}

bool
transition_magic_parse(const char *magic, int *transition, int *action, int *status, int *rc,
                       int *target_rc, char **uuid)
{
    int s, r;
    const char *key = (magic == NULL) ? NULL : strchr(magic, ';');

    if (key == NULL || sscanf(magic, "%d:%d;", &s, &r) != 2
        || !transition_key_parse(key + 1, transition, action, target_rc, uuid)) {
        return false;
    }
    if (status != NULL) {
        *status = s;
    }
    if (rc != NULL) {
        *rc = r;
    }
    return true;
}

char *
text_new_uuid(void)
{
    return g_uuid_string_random();
}

const char *
env_option(const char *name)
{
    static const char *const PREFIXES[] = { "PCMK_", "HA_" };

    for (size_t i = 0; i < G_N_ELEMENTS(PREFIXES); i++) {
        char var[128];
        const char *value;

        g_snprintf(var, sizeof(var), "%s%s", PREFIXES[i], name);
        value = getenv(var);
        if (value != NULL && *value != '\0') {
            return value;
        }
    }
    return NULL;
}

void
env_set_option(const char *name, const char *value)
{
    static const char *const PREFIXES[] = { "PCMK_", "HA_" };

    for (size_t i = 0; i < G_N_ELEMENTS(PREFIXES); i++) {
        char var[128];

        g_snprintf(var, sizeof(var), "%s%s", PREFIXES[i], name);
        if (value == NULL) {
            unsetenv(var);
        } else {
            setenv(var, value, 1);
        }
    }
}

bool
env_option_enabled(const char *program, const char *name)
{
    const char *value = env_option(name);

    if (value == NULL) {
        return false;
    }
    return text_is_true(value) || (program != NULL && strstr(value, program) != NULL);
}
