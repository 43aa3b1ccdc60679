/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strings as the cluster uses them: booleans, integers, scores, intervals, versions, node-name order,
 * operation and transition keys, environment options.  Pure functions.  (spec 10 §2.1, spec 40 §0)
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SCORE_INFINITY 1000000
#define FEATURE_SET "3.16.1"
#define CRM_VERSION "2.1.5"
#define CRM_BUILD "a3f44794f94"

/* 1 true word, 0 false word, -1 neither (NULL too). */
int text_boolean(const char *s);
bool text_is_true(const char *s);
/* NULL-safe comparisons: both NULL are equal. */
bool text_equal(const char *a, const char *b);
bool text_equal_nocase(const char *a, const char *b);
/* True if s equals one of the words of the NULL-terminated list. */
bool text_is_one_of(const char *s, ...) G_GNUC_NULL_TERMINATED;
/* Hash of a string by 31 (signed bytes): it decides the order in which peers list tickets, nodes, capacities. */
guint text_hash(const void *key);
/* Whole string is a decimal integer that fits: true and *value set. */
bool text_parse_int(const char *s, long long *value);
/* Leading decimal integer, clipped to the range of long long; 0 if there is none. */
long long text_leading_int(const char *s);

/* Score without the health words: INFINITY, +INFINITY, -INFINITY, else leading integer clipped; NULL is 0. */
int score_parse(const char *s);
/* Addition of spec 40 §0.1. */
int score_add(int a, int b);
/* "INFINITY", "-INFINITY" or digits; static ring of buffers, valid for 16 more calls. */
const char *score_text(int score);

/*
 * Milliseconds of an interval spec ("10s", "1min", "PT20S", "3"); -1 if invalid.  text_timeout_ms() is the same
 * without ISO 8601 durations (spec 40 §0.2).  Absent (NULL) is -1 too.
 */
long long text_interval_ms(const char *s);
long long text_timeout_ms(const char *s);
/* "1m2s", "20.001s": the form of failed actions (spec 80 §17.3); static ring as above. */
const char *text_readable_interval(guint milliseconds);

/* Order of names with embedded numbers, ignoring case: "n9" before "n10" (spec 40 §0.1). */
int text_compare_numeric(const char *a, const char *b);
/* Dotted versions field by field: <0, 0, >0. */
int text_compare_versions(const char *a, const char *b);

/* "RSC_TASK_INTERVAL" (g_free) and back.  Parse returns false if it is no operation key; rsc/task g_free. */
char *op_key_new(const char *rsc, const char *task, guint interval_ms);
bool op_key_parse(const char *key, char **rsc, char **task, guint *interval_ms);
/* "ACTION:TRANSITION:RC:UUID" (spec 30 §9.2), and with "STATUS:RC;" in front of it the transition magic. */
char *transition_key_new(int transition, int action, int target_rc, const char *uuid);
bool transition_key_parse(const char *key, int *transition, int *action, int *target_rc, char **uuid);
bool transition_magic_parse(const char *magic, int *transition, int *action, int *status, int *rc,
                            int *target_rc, char **uuid);

/* New random UUID, 36 characters (g_free).  For shells; cores get theirs as an argument. */
char *text_new_uuid(void);

/* --- environment options (spec 10 §8) --- */

/* PCMK_name, else HA_name, else NULL; an empty value counts as unset. */
const char *env_option(const char *name);
/* Export under both prefixes; NULL unsets. */
void env_set_option(const char *name, const char *value);
/* bool/list option: true word, or the list contains the program's name. */
bool env_option_enabled(const char *program, const char *name);

#endif
