/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regular expressions of people whom one does not trust: POSIX extended ones, compiled by the C library once it is certain that they
 * take neither its stack nor the machine's memory.  For everybody who gets them from the CIB, from clients or from members.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <regex.h>
#include <stdbool.h>

/* What a pattern may have at most: characters, each as often as repeat counts around it say, and parentheses in each other. */
#define PATTERN_COST_MAX  10000
#define PATTERN_DEPTH_MAX 200

/* As regcomp(), with REG_EXTENDED added to `flags`; REG_ESPACE for a pattern beyond the limits.  regfree() after success. */
int pattern_compile(regex_t *regex, const char *pattern, int flags);
/*
 * Does it refer back to what a group matched ("\1")?  Such a pattern, matched with a long name, can take for ever; nothing
 * that clients ask daemons for needs one.
 */
bool pattern_refers_back(const char *pattern);

#endif
