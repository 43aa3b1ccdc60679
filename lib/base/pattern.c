/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See pattern.h.  The cost is counted before the C library sees the pattern: "((a{200}){200}){200}" has 20 characters and takes it
 * gigabytes, 40,000 parentheses in each other take its stack.  Never decides whether a pattern is valid.
 */
#include "lib/base/pattern.h"

#include <glib.h>
#include <string.h>

/* What stands between two parentheses: all before the last piece, and that one, which a repeat count may follow. */
struct level {
    unsigned long before, last;
};

/* "{m}", "{m,}", "{m,n}": the greater number, at least 1; `*p` goes to its last character.  0: it is no repeat count. */
static unsigned long
repeat_count(const char **p)
{
    unsigned long greatest = 1, number = 0;

    for (const char *q = *p + 1; *q != '\0'; q++) {
        if (*q == '}') {
            *p = q;
            return MAX(greatest, number);
        }
        if (*q == ',') {
            greatest = MAX(greatest, number);
            number = 0;
        } else if (g_ascii_isdigit(*q)) {
            number = MIN(number * 10 + (unsigned long)(*q - '0'), PATTERN_COST_MAX + 1);
        } else {
            break;
        }
    }
    return 0;
}

/* The last character of a bracket expression that begins at `p`: its first member may be a closing bracket, and so may members of classes. */
static const char *
bracket_end(const char *p)
{
    const char *q = p + 1;

    q += *q == '^';
    q += *q == ']';
    for (; *q != '\0' && *q != ']'; q++) {
        if (q[0] == '[' && q[1] != '\0' && strchr(".:=", q[1]) != NULL) {
            const char end[] = { q[1], ']', '\0' };
            const char *found = strstr(q + 2, end);

            if (found != NULL) {
                q = found + 1;
            }
        }
    }
    return *q == ']' ? q : p;
}

static bool
is_affordable(const char *pattern)
{
    struct level levels[PATTERN_DEPTH_MAX + 1] = { { 0, 0 } }, *level = levels;

    for (const char *p = pattern; *p != '\0'; p++) {
        unsigned long count = *p == '{' ? repeat_count(&p) : 0;

        if (count > 0) {
            level->last *= count;
        } else if (strchr("*+?", *p) != NULL) {
            level->before++; /* a count may follow even so, and is of the same piece */
        } else if (*p == '(') {
            if (level == &levels[PATTERN_DEPTH_MAX]) {
                return false;
            }
            *++level = (struct level){ 0, 0 };
        } else if (*p == ')' && level > levels) {
            unsigned long inside = level->before + level->last + 1;

            level--;
            level->before += level->last;
            level->last = inside;
        } else {
            if (*p == '[') {
                p = bracket_end(p);
            } else if (*p == '\\' && p[1] != '\0') {
                p++;
            }
            level->before += level->last;
            level->last = 1;
        }
        if (level->before + level->last > PATTERN_COST_MAX) {
            return false;
        }
    }
    return true;
}

int
pattern_compile(regex_t *regex, const char *pattern, int flags)
{
    return is_affordable(pattern) ? regcomp(regex, pattern, REG_EXTENDED | flags) : REG_ESPACE;
}

bool
pattern_refers_back(const char *pattern)
{
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '[') {
            p = bracket_end(p);
        } else if (*p == '\\' && p[1] != '\0') {
            p++;
            if (*p >= '1' && *p <= '9') {
                return true;
            }
        }
    }
    return false;
}
