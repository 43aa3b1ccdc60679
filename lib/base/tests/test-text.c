/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of spec 40 §0 and spec 80 §17 for lib/base/text.c. */
#include "lib/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
booleans_are_words_in_any_case(void **state)
{
    static const struct {
        const char *text;
        int value;
    } TABLE[] = { { "true", 1 }, { "ON", 1 }, { "Yes", 1 }, { "y", 1 }, { "1", 1 }, { "false", 0 }, { "off", 0 },
                  { "NO", 0 }, { "n", 0 }, { "0", 0 }, { "2", -1 }, { "", -1 }, { "tru", -1 }, { NULL, -1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(text_boolean(TABLE[i].text), TABLE[i].value);
    }
}

static void
scores_are_clipped_and_lenient(void **state)
{
    static const struct {
        const char *text;
        int value;
    } TABLE[] = { { "INFINITY", 1000000 }, { "+INFINITY", 1000000 }, { "-INFINITY", -1000000 }, { "12abc", 12 },
                  { "1e3", 1 }, { "abc", 0 }, { "infinity", 0 }, { "99999999", 1000000 }, { "-5", -5 }, { NULL, 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(score_parse(TABLE[i].text), TABLE[i].value);
    }
}

static void
numbers_at_the_ends_of_their_range_are_clipped(void **state)
{
    assert_true(text_leading_int("999999999999999999") == 999999999999999999LL);
    assert_true(text_leading_int("1000000000000000000 and more") == 1000000000000000000LL);
    assert_true(text_leading_int("9223372036854775807") == INT64_MAX);
    assert_true(text_leading_int("9999999999999999999") == INT64_MAX);
    assert_true(text_leading_int("-99999999999999999999") == INT64_MIN);
    assert_true(text_leading_int("000000000000000000000012") == 12);
    assert_true(text_leading_int(" 7x") == 7);
    assert_true(text_leading_int("x7") == 0);
}

static void
a_ban_wins_over_a_must_when_scores_are_added(void **state)
{
    assert_int_equal(score_add(-SCORE_INFINITY, SCORE_INFINITY), -SCORE_INFINITY);
    assert_int_equal(score_add(SCORE_INFINITY, -5), SCORE_INFINITY);
    assert_int_equal(score_add(999999, 999999), SCORE_INFINITY);
    assert_int_equal(score_add(-999999, -2), -SCORE_INFINITY);
    assert_int_equal(score_add(3, -5), -2);
}

static void
intervals_take_units_by_their_beginning(void **state)
{
    static const struct {
        const char *text;
        long long ms;
    } TABLE[] = { { "10s", 10000 }, { "10ms", 10 }, { "1minute", 60000 }, { "10sx", 10000 }, { "10x", -1 },
                  { "1d", -1 }, { "PT1M", 60000 }, { "P1D", 0 }, { "P2D", 86400000 }, { "P1W", 518400000 },
                  { "P1Y", 0 }, { "P1M", 2592000000 }, { "P1DT1H", 3600000 }, { "5000000", 4294967295 },
                  { " 3 s", 3000 }, { "1.5s", 1000 }, { "2500us", 2 }, { "1h", 3600000 }, { "1hr", 3600000 },
                  { "7", 7000 }, { "-1", -1 }, { "", -1 }, { "0", 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_true(text_interval_ms(TABLE[i].text) == TABLE[i].ms);
    }
    assert_true(text_timeout_ms("PT30S") == -1);
}

static void
readable_intervals_use_a_unit_only_above_one_of_it(void **state)
{
    static const struct {
        guint ms;
        const char *text;
    } TABLE[] = { { 60000, "60s" }, { 61000, "1m1000ms" }, { 62000, "1m2s" }, { 1000, "1000ms" }, { 1001, "1.001s" },
                  { 86400000, "24h" }, { 20001, "20.001s" }, { 10000, "10s" }, { 0, "0s" } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_string_equal(text_readable_interval(TABLE[i].ms), TABLE[i].text);
    }
}

static void
names_order_by_their_numbers(void **state)
{
    assert_true(text_compare_numeric("n9", "n10") < 0);
    assert_true(text_compare_numeric("n1", "n01") < 0);
    assert_true(text_compare_numeric("N1", "n1") == 0);
    assert_true(text_compare_numeric("node", "node1") < 0);
    assert_true(text_compare_numeric("n2-9", "n10-1") < 0);
}

static void
versions_compare_field_by_field(void **state)
{
    assert_int_equal(text_compare_versions("1", "1.0"), 0);
    assert_true(text_compare_versions("1.10", "1.9") > 0);
    assert_true(text_compare_versions("3.0.5", "3.16.1") < 0);
    assert_true(text_compare_versions(NULL, "3.0.5") < 0);
}

static void
operation_keys_go_round(void **state)
{
    static const struct {
        const char *key, *rsc, *task;
        guint ms;
    } TABLE[] = { { "A_start_0", "A", "start", 0 }, { "my_rsc_monitor_10000", "my_rsc", "monitor", 10000 },
                  { "A_migrate_to_0", "A", "migrate_to", 0 }, { "a_b_migrate_from_0", "a_b", "migrate_from", 0 },
                  { "A:1_post_notify_start_0", "A:1", "post_notify_start", 0 },
                  { "A_confirmed-post_notify_stop_0", "A", "confirmed-post_notify_stop", 0 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        g_autofree char *rsc = NULL;
        g_autofree char *task = NULL;
        g_autofree char *again = NULL;
        guint ms = 1;

        assert_true(op_key_parse(TABLE[i].key, &rsc, &task, &ms));
        assert_string_equal(rsc, TABLE[i].rsc);
        assert_string_equal(task, TABLE[i].task);
        assert_int_equal(ms, TABLE[i].ms);
        again = op_key_new(rsc, task, ms);
        assert_string_equal(again, TABLE[i].key);
    }
    assert_false(op_key_parse("nokey", NULL, NULL, NULL));
    assert_false(op_key_parse("_start_0", NULL, NULL, NULL));
    assert_false(op_key_parse("A_start_x", NULL, NULL, NULL));
}

static void
a_transition_magic_yields_its_six_parts(void **state)
{
    int transition, action, status, rc, target;
    g_autofree char *uuid = NULL;

    assert_true(transition_magic_parse("0:7;12:3:7:2668bbeb-06d5-40f9-936d-24cb7f87006a", &transition, &action, &status,
                                       &rc, &target, &uuid));
    assert_int_equal(action, 12);
    assert_int_equal(transition, 3);
    assert_int_equal(status, 0);
    assert_int_equal(rc, 7);
    assert_int_equal(target, 7);
    assert_string_equal(uuid, "2668bbeb-06d5-40f9-936d-24cb7f87006a");
    assert_false(transition_magic_parse("0:7", NULL, NULL, NULL, NULL, NULL, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans_are_words_in_any_case),
        cmocka_unit_test(scores_are_clipped_and_lenient),
        cmocka_unit_test(numbers_at_the_ends_of_their_range_are_clipped),
        cmocka_unit_test(a_ban_wins_over_a_must_when_scores_are_added),
        cmocka_unit_test(intervals_take_units_by_their_beginning),
        cmocka_unit_test(readable_intervals_use_a_unit_only_above_one_of_it),
        cmocka_unit_test(names_order_by_their_numbers),
        cmocka_unit_test(versions_compare_field_by_field),
        cmocka_unit_test(operation_keys_go_round),
        cmocka_unit_test(a_transition_magic_yields_its_six_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
