/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The executor's core: operations that repeat, that are asked for twice, that are cancelled (spec 50 §4). */
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/lrmd_protocol.h"

#include "daemons/execd/tests/execd_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- repeating --- */

static void
a_recurring_operation_repeats_after_its_end(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    pass(w, 5000); /* slow: the interval counts from the end */
    assert_int_equal(w->runs->len, 1);
    finish(w, 0);
    pass(w, 999);
    assert_int_equal(w->runs->len, 0);
    pass(w, 1);
    assert_runs(w, "monitor");
    finish(w, 1); /* failing does not stop it */
    pass(w, 1000);
    assert_runs(w, "monitor");
    assert_int_equal(w->events->len, 2);
}

static void
only_changes_are_told_if_that_was_asked_for(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000, .options = LRMD_OPT_NOTIFY_CHANGES });
    finish(w, 0);
    assert_int_equal(w->events->len, 1);
    for (int i = 0; i < 3; i++) {
        pass(w, 1000);
        finish(w, 0);
    }
    assert_int_equal(w->events->len, 1);
    pass(w, 1000);
    finish(w, 7);
    assert_int_equal(w->events->len, 2);
    pass(w, 1000);
    finish(w, 7);
    assert_int_equal(w->events->len, 2);
    pass(w, 1000);
    finish(w, 0);
    assert_int_equal(w->events->len, 3);
}

static void
a_repeat_and_a_one_shot_never_run_together(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    finish(w, 0);
    pass(w, 1000);
    assert_runs(w, "monitor");
    pass(w, 100);
    execute(w, (struct request) { .action = "notify" }); /* waits for the repeat in flight */
    assert_runs(w, "monitor");
    pass(w, 400);
    finish(w, 0);
    assert_runs(w, "notify");
    pass(w, 1500); /* the next repeat is due, and waits in turn */
    assert_runs(w, "notify");
    forget_events(w);
    finish(w, 0);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_EXEC_TIME), "1900"); /* with the wait behind the repeat */
    assert_runs(w, "monitor");
}

static void
an_agent_that_is_not_there_is_not_asked_again(void **state)
{
    struct world *w = *state;
    const struct exec_result result = { .rc = 5, .raw = 5, .status = EXEC_NOT_INSTALLED, .unprepared = true };

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    execd_core_done(w->core, w->now, ((struct execd_effect *) w->runs->pdata[0])->run_id, &result);
    drain(w);
    assert_result(w, 0, 2, 5, EXEC_NOT_INSTALLED);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_RCCHANGE_TIME), "0");
    assert_int_equal(execd_core_deadline(w->core), UINT64_MAX);
    assert_int_equal(cancel(w, "monitor", 1000), -EOPNOTSUPP);
}

/* --- duplicates --- */

static void
a_duplicate_is_merged_and_run_at_once(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 10000, .options = LRMD_OPT_NOTIFY_CHANGES });
    finish(w, 0);
    forget_events(w);
    pass(w, 100);
    assert_int_equal(execute(w, (struct request) { .action = "MONITOR", .interval = 10000, .userdata = "new",
                                                   .options = LRMD_OPT_NOTIFY_CHANGES }),
                     3);
    assert_runs(w, "monitor");
    finish(w, 0);
    assert_int_equal(w->events->len, 1); /* although nothing changed */
    assert_result(w, 0, 3, 0, EXEC_DONE);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_USERDATA), "new");
    assert_int_equal(cancel(w, "monitor", 10000), 0);
    assert_int_equal(cancel(w, "monitor", 10000), -EOPNOTSUPP); /* there was one only */
}

static void
a_duplicate_of_one_in_flight_takes_its_result(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 10000 });
    execute(w, (struct request) { .action = "monitor", .interval = 10000 });
    assert_int_equal(w->runs->len, 1);
    finish(w, 0);
    assert_int_equal(w->events->len, 1);
    assert_result(w, 0, 3, 0, EXEC_DONE);
    assert_int_equal(w->runs->len, 0);
}

static void
other_intervals_and_one_shots_are_no_duplicates(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 10000 });
    execute(w, (struct request) { .action = "monitor", .interval = 11000 });
    execute(w, (struct request) { .action = "monitor" });
    execute(w, (struct request) { .action = "monitor" });
    for (int i = 0; i < 4; i++) {
        finish(w, 0);
    }
    assert_int_equal(w->events->len, 4);
}

/* --- cancelling --- */

static void
cancelling_a_sleeping_operation_tells_its_last_code(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    finish(w, 7);
    forget_events(w);
    assert_int_equal(cancel(w, "Monitor", 1000), 0);
    assert_int_equal(w->events->len, 1);
    assert_result(w, 0, 2, 7, EXEC_CANCELLED);
    assert_int_equal(execd_core_deadline(w->core), UINT64_MAX);
}

static void
cancelling_a_recurring_operation_in_flight_kills_it(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    assert_int_equal(cancel(w, "monitor", 1000), 0);
    assert_int_equal(w->kills->len, 1);
    assert_int_equal(w->events->len, 0); /* not before it is dead */
    assert_int_equal(cancel(w, "monitor", 1000), -EOPNOTSUPP);
    finish(w, 1);
    assert_int_equal(w->events->len, 1);
    assert_result(w, 0, 2, 0, EXEC_CANCELLED);
    assert_int_equal(execd_core_deadline(w->core), UINT64_MAX);
}

static void
a_queued_or_delayed_one_shot_can_be_cancelled(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start", .delay = 6000 });
    assert_int_equal(cancel(w, "start", 0), 0);
    assert_result(w, 0, 2, 0, EXEC_CANCELLED);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_QUEUE_TIME), "0");
    pass(w, 10000);
    assert_int_equal(w->runs->len, 0);
}

static void
a_running_one_shot_cannot_be_cancelled(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start" });
    assert_int_equal(cancel(w, "start", 0), -EOPNOTSUPP);
    assert_int_equal(w->kills->len, 0);
}

static void
cancelling_needs_names_that_are_known(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_with(w, "A", "lrmd_rsc_cancel", ">"), -EINVAL);
    assert_int_equal(cancel(w, "monitor", 1000), -ENODEV);
    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    finish(w, 0);
    assert_int_equal(cancel(w, "monitor", 999), -EOPNOTSUPP);
    assert_int_equal(cancel(w, "other", 1000), -EOPNOTSUPP);
}

static void
stop_cancels_what_recurs_and_waits_for_its_end(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    finish(w, 0);
    execute(w, (struct request) { .action = "monitor", .interval = 2000 });
    finish(w, 0);
    pass(w, 1000); /* the first repeats */
    assert_runs(w, "monitor");
    forget_events(w);
    execute(w, (struct request) { .action = "stop" });
    assert_int_equal(w->kills->len, 1);
    assert_int_equal(w->events->len, 1); /* the sleeping one at once */
    assert_result(w, 0, 3, 0, EXEC_CANCELLED);
    finish(w, 0); /* the killed one */
    assert_result(w, 1, 2, 0, EXEC_CANCELLED);
    assert_runs(w, "stop");
    finish(w, 0);
    assert_result(w, 2, 4, 0, EXEC_DONE);
    assert_int_equal(execd_core_deadline(w->core), UINT64_MAX);
}

/* --- unregistering --- */

static void
unregistering_while_a_one_shot_runs_says_so(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start" });
    execute(w, (struct request) { .action = "promote" });
    assert_int_equal(unregister(w, "r"), -EINPROGRESS);
    assert_result(w, 0, 3, 0, EXEC_CANCELLED); /* what waited */
    assert_string_equal(event_get(w, 0, LRMD_FIELD_DELETED), "1");
    assert_string_equal(event_get(w, 1, LRMD_FIELD_OP), "lrmd_rsc_unregister");
    assert_int_equal(atoi(event_get(w, 1, LRMD_FIELD_RC)), -EINPROGRESS);
    finish(w, 0);
    assert_result(w, 2, 2, 0, EXEC_DONE);
    assert_string_equal(event_get(w, 2, LRMD_FIELD_DELETED), "1");
}

static void
unregistering_while_a_repeat_runs_is_immediate(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    finish(w, 0);
    pass(w, 1000);
    assert_runs(w, "monitor");
    forget_events(w);
    assert_int_equal(unregister(w, "r"), 0);
    assert_int_equal(w->kills->len, 1);
    finish(w, 0);
    assert_result(w, 1, 2, 0, EXEC_CANCELLED);
}

static void
a_resource_of_the_same_name_can_be_registered_while_the_old_one_still_runs(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start" });
    unregister(w, "r");
    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "stop" });
    assert_int_equal(w->runs->len, 2);
    finish(w, 0);
    finish(w, 0);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_DELETED), "1");
    assert_string_equal(event_get(w, 1, LRMD_FIELD_DELETED), "0");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_recurring_operation_repeats_after_its_end),
        TEST(only_changes_are_told_if_that_was_asked_for),
        TEST(a_repeat_and_a_one_shot_never_run_together),
        TEST(an_agent_that_is_not_there_is_not_asked_again),
        TEST(a_duplicate_is_merged_and_run_at_once),
        TEST(a_duplicate_of_one_in_flight_takes_its_result),
        TEST(other_intervals_and_one_shots_are_no_duplicates),
        TEST(cancelling_a_sleeping_operation_tells_its_last_code),
        TEST(cancelling_a_recurring_operation_in_flight_kills_it),
        TEST(a_queued_or_delayed_one_shot_can_be_cancelled),
        TEST(a_running_one_shot_cannot_be_cancelled),
        TEST(cancelling_needs_names_that_are_known),
        TEST(stop_cancels_what_recurs_and_waits_for_its_end),
        TEST(unregistering_while_a_one_shot_runs_says_so),
        TEST(unregistering_while_a_repeat_runs_is_immediate),
        TEST(a_resource_of_the_same_name_can_be_registered_while_the_old_one_still_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
