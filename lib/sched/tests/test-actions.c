/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to be done and what waits for what.  (spec 42)
 */
#include "lib/sched/tests/world.h"

#define QUIET NO_FENCING NO_PROBES

static const struct history a_runs_on_n1[] = {{"A", "n1", "start", 0, 0}, {NULL}};
static const struct history both_run_on_n1[] = {{"A", "n1", "start", 0, 0}, {"B", "n1", "start", 0, 0}, {NULL}};

static bool
waits_for(const struct world *w, const struct sched_action *then, const struct sched_action *first)
{
    for (const struct sched_relation *r = then->before; r != NULL; r = r->before_next) {
        unsigned kinds = r->before_kinds;

        if (r->first == first && input_counts(w->s, then, first, &kinds)) {
            return true;
        }
    }
    return false;
}

static void
a_stopped_resource_is_started_where_it_is_placed(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), PREFER("A", "n2"), NULL);

    assert_true(is_planned(&w, "A", "start", "n2"));
    assert_false(is_planned(&w, "A", "stop", NULL));
    world_free(&w);
}

static void
a_resource_that_is_where_it_should_be_is_left_alone(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), PREFER("A", "n1"), a_runs_on_n1);

    assert_false(is_planned(&w, "A", "start", "n1"));
    assert_false(is_planned(&w, "A", "stop", "n1"));
    world_free(&w);
}

static void
a_move_is_a_stop_and_then_a_start(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), PREFER("A", "n2"), a_runs_on_n1);

    assert_true(is_planned(&w, "A", "stop", "n1"));
    assert_true(is_planned(&w, "A", "start", "n2"));
    assert_true(waits_for(&w, act(&w, "A", "start", "n2"), act(&w, "A", "stop", "n1")));
    world_free(&w);
}

static void
live_migration_takes_the_place_of_a_move_where_it_is_allowed(void **state)
{
    struct world w = world_run(QUIET, DUMMY_WITH("A", META("m", "allow-migrate", "true")), PREFER("A", "n2"), a_runs_on_n1);

    assert_true(is_planned(&w, "A", "migrate_to", "n1"));
    assert_true(is_planned(&w, "A", "migrate_from", "n2"));
    assert_true(waits_for(&w, act(&w, "A", "migrate_from", "n2"), act(&w, "A", "migrate_to", "n1")));
    assert_true(act_is(act(&w, "A", "start", "n2"), ACT_PSEUDO));
    world_free(&w);
}

static void
without_probes_nothing_is_asked_and_with_them_each_node_before_the_start(void **state)
{
    struct world w = world_run(NO_FENCING, DUMMY("A"), PREFER("A", "n1"), NULL);
    struct sched_action *start = act(&w, "A", "start", "n1");

    assert_true(waits_for(&w, start, act(&w, "A", "monitor", "n1")));
    assert_true(waits_for(&w, start, act(&w, "A", "monitor", "n2")));
    world_free(&w);
    w = world_run(QUIET, DUMMY("A"), PREFER("A", "n1"), NULL);
    assert_null(act(&w, "A", "monitor", "n1"));
    world_free(&w);
}

static void
a_start_waits_for_the_start_before_it_and_a_stop_for_the_stop_behind_it(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A") DUMMY("B"), THEN("A", "B"), NULL);

    assert_true(waits_for(&w, act(&w, "B", "start", NULL), act(&w, "A", "start", NULL)));
    world_free(&w);
    w = world_run(QUIET OPTION("stop-all-resources", "true"), DUMMY("A") DUMMY("B"), THEN("A", "B"), both_run_on_n1);
    assert_true(waits_for(&w, act(&w, "A", "stop", "n1"), act(&w, "B", "stop", "n1")));
    world_free(&w);
}

static void
moving_what_comes_first_restarts_what_comes_after(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A") DUMMY("B"), THEN("A", "B") PREFER("A", "n2"), both_run_on_n1);

    assert_true(is_planned(&w, "A", "stop", "n1"));
    assert_true(is_planned(&w, "B", "stop", "n1"));
    assert_true(is_planned(&w, "B", "start", NULL));
    assert_string_equal(act(&w, "B", "start", NULL)->reason, "required A start");
    world_free(&w);
}

static void
a_start_that_cannot_be_blocks_the_one_behind_it_and_says_why(void **state)
{
    struct world w = world_run(QUIET, DUMMY_WITH("A", META("m", "target-role", "Stopped")) DUMMY("B"), THEN("A", "B"), NULL);
    const struct sched_action *start = act(&w, "B", "start", NULL);

    assert_false(is_planned(&w, "B", "start", NULL));
    assert_false(act_is(start, ACT_RUNNABLE));
    assert_string_equal(start->reason, "unrunnable A start");
    world_free(&w);
}

static void
a_relation_of_a_kind_that_two_actions_have_is_not_added_twice(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A") DUMMY("B"), "", NULL);
    struct sched_action *a = act(&w, "A", "start", NULL), *b = act(&w, "B", "start", NULL);

    assert_true(relation_add(w.s, a, b, ORDER_ORD));
    assert_false(relation_add(w.s, a, b, ORDER_ORD | ORDER_FRT));
    assert_true(relation_add(w.s, a, b, ORDER_FRT));
    assert_true(relation_add(w.s, b, a, ORDER_ORD));
    assert_false(relation_add(w.s, a, a, ORDER_ORD));
    world_free(&w);
}

static void
an_action_without_a_node_becomes_the_one_of_the_node_that_is_asked_for_first(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), "", NULL);
    struct sched_rsc *rsc = sched_rsc_by_id(w.s, "A");
    struct sched_action *a = action_get(w.s, rsc, "custom", 0, NULL, WANT_OPTIONAL);

    assert_null(action_on_exactly(w.s, rsc, "custom", 0, sched_node_by_name(w.s, "n1")));
    assert_ptr_equal(action_get(w.s, rsc, "custom", 0, sched_node_by_name(w.s, "n1"), WANT_OPTIONAL), a);
    assert_ptr_equal(action_on_exactly(w.s, rsc, "custom", 0, sched_node_by_name(w.s, "n1")), a);
    assert_ptr_not_equal(action_get(w.s, rsc, "custom", 0, sched_node_by_name(w.s, "n2"), WANT_OPTIONAL), a);
    world_free(&w);
}

/* As long as the recursion of propagation and placement would not fit the usual stack. */
static void
a_chain_of_thousands_is_followed_to_its_end(void **state)
{
    GString *resources = g_string_new(NULL), *constraints = g_string_new(NULL);
    const unsigned n = 5000;
    struct world w;

    for (unsigned i = 0; i < n; i++) {
        g_string_append_printf(resources, "<primitive id='r%u' class='ocf' provider='pacemaker' type='Dummy'>", i);
        g_string_append(resources, i == 0 ? META("m", "target-role", "Stopped") "</primitive>" : "</primitive>");
        if (i > 0) {
            g_string_append_printf(constraints, "<rsc_order id='o%u' first='r%u' then='r%u'/>", i, i - 1, i);
        }
    }
    w = world_run(QUIET, resources->str, constraints->str, NULL);
    assert_false(is_planned(&w, "r1", "start", NULL));
    assert_false(is_planned(&w, "r4999", "start", NULL));
    assert_string_equal(act(&w, "r4999", "start", NULL)->reason, "unrunnable r4998 start");
    world_free(&w);
    g_string_free(resources, TRUE);
    g_string_free(constraints, TRUE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stopped_resource_is_started_where_it_is_placed),
        cmocka_unit_test(a_resource_that_is_where_it_should_be_is_left_alone),
        cmocka_unit_test(a_move_is_a_stop_and_then_a_start),
        cmocka_unit_test(live_migration_takes_the_place_of_a_move_where_it_is_allowed),
        cmocka_unit_test(without_probes_nothing_is_asked_and_with_them_each_node_before_the_start),
        cmocka_unit_test(a_start_waits_for_the_start_before_it_and_a_stop_for_the_stop_behind_it),
        cmocka_unit_test(moving_what_comes_first_restarts_what_comes_after),
        cmocka_unit_test(a_start_that_cannot_be_blocks_the_one_behind_it_and_says_why),
        cmocka_unit_test(a_relation_of_a_kind_that_two_actions_have_is_not_added_twice),
        cmocka_unit_test(an_action_without_a_node_becomes_the_one_of_the_node_that_is_asked_for_first),
        cmocka_unit_test(a_chain_of_thousands_is_followed_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
