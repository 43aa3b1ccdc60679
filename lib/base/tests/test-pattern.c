/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns of strangers: what is compiled, and what is refused before the C library sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <glib.h>

#include "lib/base/pattern.h"

static bool
matches(const char *pattern, const char *text)
{
    regex_t regex;
    bool found;

    assert_int_equal(pattern_compile(&regex, pattern, REG_NOSUB), 0);
    found = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static char *
repeat(const char *left, const char *middle, const char *right, unsigned times)
{
    GString *out = g_string_new(NULL);

    for (unsigned i = 0; i < times; i++) {
        g_string_append(out, left);
    }
    g_string_append(out, middle);
    for (unsigned i = 0; i < times; i++) {
        g_string_append(out, right);
    }
    return g_string_free(out, FALSE);
}

static void
patterns_that_people_write_are_compiled(void **state)
{
    assert_true(matches("^(fail-count|last-failure)-db(#.*)?$", "fail-count-db#monitor_10000"));
    assert_true(matches("^node[0-9]{1,3}$", "node17"));
    assert_true(matches("[]x]{2}", "a]x"));
    assert_true(matches("[[:digit:]](a{2}){3}\\(", "1aaaaaa("));
    assert_false(matches("^((ab){2}|c)+$", "abab c"));
}

static void
what_would_take_the_memory_or_the_stack_is_refused(void **state)
{
    g_autofree char *deep = repeat("(", "a", ")", 40000), *wide = repeat("a|", "a", "", 500000), *stars = repeat("a*", "", "", 50000);
    g_autofree char *braces = repeat("{", "", "", 100000);
    const char *const patterns[] = {
        "(((a{200}){200}){200}){200}", "(a{5000})*{5000}", "((a|b){1,200}c){,200}", "([](]{200}){200}", "(a\\)b){9999}",
        "a{99999999999999999999}", "(\\({1000}){1000}", "([[:alpha:]x]{101}){100,}", deep, wide, stars, braces,
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(patterns); i++) {
        regex_t regex;

        assert_int_equal(pattern_compile(&regex, patterns[i], 0), REG_ESPACE);
    }
}

static void
what_is_no_pattern_is_an_error_of_the_c_library(void **state)
{
    regex_t regex;

    assert_int_equal(pattern_compile(&regex, "(a", 0), REG_EPAREN);
    assert_int_equal(pattern_compile(&regex, "a{x", 0), REG_EBRACE);
    assert_int_equal(pattern_compile(&regex, "[a", 0), REG_EBRACK);
    assert_int_equal(pattern_compile(&regex, "a\\", 0), REG_EESCAPE);
}

static void
references_to_groups_are_seen(void **state)
{
    assert_true(pattern_refers_back("(a*)\\1"));
    assert_false(pattern_refers_back("(a*)\\\\1"));
    assert_false(pattern_refers_back("[\\1]\\."));
    assert_false(pattern_refers_back("a\\"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_that_people_write_are_compiled),
        cmocka_unit_test(what_would_take_the_memory_or_the_stack_is_refused),
        cmocka_unit_test(what_is_no_pattern_is_an_error_of_the_c_library),
        cmocka_unit_test(references_to_groups_are_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
