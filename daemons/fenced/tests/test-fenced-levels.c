/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fencing with levels, by several devices, of nodes that reset themselves: in the world of
 * fenced_world.h (spec 60 §10, §11, §14, §19).
 */
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"

#include "daemons/fenced/tests/fenced_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- timeouts (spec 60 §11.7, §19) --- */

static void
without_levels_the_peers_devices_are_added_up(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "b", "fence_T", N3);
    device(w, 0, "c", "fence_T", N3 FAIL);
    fence(w, "n3", "off", 5);
    assert_int_equal(w->total_s, 18);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@0 n1:off:b@0");
    world_free(w);
}

static void
timeouts_of_devices_replace_the_one_asked_for(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "b", "fence_T", N3 " pcmk_off_timeout='1'");
    device(w, 0, "c", "fence_T", N3 FAIL " pcmk_off_timeout='4'");
    fence(w, "n3", "off", 5);
    assert_int_equal(w->total_s, 12);
    world_free(w);
}

static void
with_levels_all_their_devices_are_added_up(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "b", "fence_T", N3 " pcmk_off_timeout='1'");
    device(w, 0, "c", "fence_T", N3 " pcmk_off_timeout='4000'");
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "b");
    level(w, TARGET, 3, "c");
    fence(w, "n3", "off", 5);
    assert_int_equal(w->total_s, 4807);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
delays_are_part_of_the_total(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 " pcmk_delay_base='10'");
    fence_after(w, "n3", "off", 5, 5);
    assert_int_equal(w->total_s, 24); /* 1.2 * (5 + 10 + 5) */
    pass(w, 14900);
    assert_ran(w, "");
    pass(w, 200);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@15");
    world_free(w);
}

/* --- levels --- */

static void
the_next_level_follows_a_failure(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "b", "fence_T", N3);
    device(w, 0, "c", "fence_T", N3);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 4, "b");
    level(w, TARGET, 9, "c");
    fence(w, "n3", "off", 20);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@0 n1:off:b@0");
    world_free(w);
}

static void
all_devices_of_a_level_have_to_succeed(void **state)
{
    struct world *w = world_new(1);

    for (unsigned i = 1; i <= 6; i++) {
        g_autofree char *id = g_strdup_printf("d%u", i);

        device(w, 0, id, "fence_T", (i == 1 || i == 4) ? N3 FAIL : N3);
    }
    level(w, TARGET, 1, "d1,d2");
    level(w, TARGET, 2, "d3,d4");
    level(w, TARGET, 3, "d5,d6");
    fence(w, "n3", "off", 3);
    assert_int_equal(w->total_s, 21);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:d1@0 n1:off:d3@0 n1:off:d4@0 n1:off:d5@0 n1:off:d6@0");
    world_free(w);
}

static void
a_node_with_levels_does_not_use_other_devices(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "other", "fence_T", N3);
    level(w, TARGET, 1, "a");
    fence(w, "n3", "off", 5);
    assert_result(w, EXEC_DONE, 1);
    assert_ran(w, "n1:off:a@0");
    world_free(w);
}

static void
a_level_whose_device_nobody_has_is_passed_over(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "b", "fence_T", N3);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "b");
    fence(w, "n3", "off", 5);
    assert_int_equal(w->total_s, 6);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
levels_are_found_by_name_pattern_and_attribute(void **state)
{
    static const struct {
        const char *target;
        bool is_found;
    } TABLE[] = { { "target='n3'", true },
                  { "target='N3'", true },
                  { "target='n4'", false },
                  { "target-pattern='n.*'", true },
                  { "target-pattern='^3'", false },
                  { "target-pattern='['", false },
                  { "target-attribute='rack' target-value='1'", true },
                  { "target-attribute='rack' target-value='2'", false } };
    static const char configuration[]
        = "<configuration><nodes><node id='3' uname='n3'><instance_attributes id='i'><nvpair id='p' name='rack' value='1'/>"
          "</instance_attributes></node></nodes></configuration>";

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        struct world *w = world_new(1);
        g_autoptr(xmlNode) xml = xml_parse(configuration, strlen(configuration), XML_PARSE_STRICT, NULL);

        fenced_core_configuration(w->cores[0], w->now, xml);
        device(w, 0, "a", "fence_T", N3);
        device(w, 0, "b", "fence_T", N3);
        level(w, TABLE[i].target, 1, "b");
        fence(w, "n3", "off", 5);
        assert_result(w, EXEC_DONE, 0);
        assert_ran(w, TABLE[i].is_found ? "n1:off:b@0" : "n1:off:a@0");
        world_free(w);
    }
}

static void
a_removed_level_is_not_used(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3);
    level(w, TARGET, 1, "nowhere");
    ask(w, 0, "<x st_op='st_level_remove' st_callopt='4096'><st_calldata><fencing-level index='1' target='n3'/>"
                   "</st_calldata></x>");
    fence(w, "n3", "off", 5);
    assert_int_equal(w->total_s, 6);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
who_did_a_part_has_not_ended_it(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3);
    level(w, TARGET, 1, "a,nowhere");
    fence(w, "n3", "off", 5);
    assert_result(w, EXEC_NO_FENCE_DEVICE, 1);
    assert_null(xml_get(w->reply, F_ST_DELEGATE));
    world_free(w);
}

static void
levels_that_are_gone_do_not_hide_others(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3);
    device(w, 0, "b", "fence_T", N3);
    level(w, TARGET, 1, "a");
    level(w, "target-pattern='^n'", 1, "b");
    ask(w, 0, "<x st_op='st_level_remove' st_callopt='4096'><st_calldata><fencing-level index='1' target='n3'/>"
              "</st_calldata></x>");
    fence(w, "n3", "off", 5);
    assert_ran(w, "n1:off:b@0");
    world_free(w);
}

static void
levels_of_the_configuration_replace_all_when_they_change(void **state)
{
    static const char first[] = "<configuration><fencing-topology><fencing-level id='l1' target='n3' index='1' devices='a'/>"
                                "<fencing-level id='l2' target='n3' index='1' devices='b'/></fencing-topology></configuration>";
    static const char second[] = "<configuration><resources/><fencing-topology/></configuration>";
    struct world *w = world_new(1);
    g_autoptr(xmlNode) one = xml_parse(first, strlen(first), XML_PARSE_STRICT, NULL);
    g_autoptr(xmlNode) two = xml_parse(second, strlen(second), XML_PARSE_STRICT, NULL);

    device(w, 0, "a", "fence_T", N3);
    device(w, 0, "b", "fence_T", N3);
    fenced_core_configuration(w->cores[0], w->now, one);
    fence(w, "n3", "off", 5);
    assert_ran(w, "n1:off:b@0"); /* of two for the same level the later counts */
    level(w, TARGET, 2, "a");    /* by a client: stays while nobody changes the section */
    fenced_core_configuration(w->cores[0], w->now, one);
    assert_int_equal(topology_find(w->cores[0], "n3")->levels[2]->len, 1);
    fenced_core_configuration(w->cores[0], w->now, two);
    assert_null(topology_find(w->cores[0], "n3"));
    world_free(w);
}

static void
the_requested_delay_is_for_the_first_device_alone(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 " pcmk_delay_base='1'");
    device(w, 0, "b", "fence_T", N3 FAIL " pcmk_delay_base='1'");
    device(w, 0, "c", "fence_T", N3);
    device(w, 0, "d", "fence_T", N3);
    level(w, TARGET, 1, "a,b");
    level(w, TARGET, 2, "c,d");
    fence_after(w, "n3", "off", 5, 1);
    pass(w, 5000);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@2 n1:off:b@3 n1:off:c@3 n1:off:d@3");
    world_free(w);
}

static void
without_any_delay_if_so_asked(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 " pcmk_delay_base='10'");
    level(w, TARGET, 1, "a");
    fence_after(w, "n3", "off", 5, -1);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@0");
    world_free(w);
}

static void
another_peer_is_asked_for_the_device_of_one_that_is_silent(void **state)
{
    struct world *w = world_new(3);

    device(w, 1, "a", "fence_T", "pcmk_host_list='nx' takes='60'");
    device(w, 2, "a", "fence_T", "pcmk_host_list='nx'");
    level(w, "target='nx'", 1, "a");
    fence(w, "nx", "off", 5);
    if (w->replies == 0) { /* the silent one was asked first */
        pass(w, 6100);
    }
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
a_silent_fencer_delays_levels_only_if_it_might_be_needed(void **state)
{
    struct world *w = world_new(3);

    device(w, 1, "a", "fence_T", "pcmk_host_list='nx'");
    level(w, "target='nx'", 1, "a");
    w->is_down[2] = true; /* does not answer, but is counted */
    fence(w, "nx", "off", 5);
    assert_int_equal(w->replies, 0); /* not verified: another might have a better one */
    pass(w, 6100);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

/* --- reboots in two halves (spec 60 §11.5) --- */

static void
several_devices_reboot_by_off_and_on(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 " pcmk_off_timeout='1'");
    device(w, 0, "b", "fence_T", N3 " pcmk_off_timeout='2'");
    level(w, TARGET, 1, "a,b");
    fence(w, "n3", "reboot", 5);
    assert_int_equal(w->total_s, 3);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@0 n1:off:b@0 n1:on:a@0 n1:on:b@0");
    world_free(w);
}

static void
a_single_device_reboots(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "b", "fence_T", N3);
    device(w, 0, "c", "fence_T", N3);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "b,c");
    fence(w, "n3", "reboot", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:reboot:a@0 n1:off:b@0 n1:off:c@0 n1:on:b@0 n1:on:c@0");
    world_free(w);
}

static void
the_halves_end_with_their_level(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 0, "b", "fence_T", N3);
    device(w, 0, "c", "fence_T", N3 FAIL);
    device(w, 0, "d", "fence_T", N3);
    device(w, 0, "e", "fence_T", N3);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "b,c,d");
    level(w, TARGET, 3, "e");
    fence(w, "n3", "reboot", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:reboot:a@0 n1:off:b@0 n1:off:c@0 n1:reboot:e@0");
    world_free(w);
}

static void
devices_that_stay_off_or_cannot_turn_on_are_left_off(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 " pcmk_reboot_action='off'");
    device(w, 0, "b", "fence_TO", N3);
    level(w, TARGET, 1, "a,b");
    fence(w, "n3", "reboot", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@0 n1:off:b@0");
    world_free(w);
}

static void
devices_that_unfence_by_themselves_are_not_turned_on(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_TA", N3);
    device(w, 0, "b", "fence_TA", N3);
    level(w, TARGET, 1, "a,b");
    fence(w, "n3", "reboot", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:off:a@0 n1:off:b@0");
    world_free(w);
}

static void
a_failure_to_turn_on_again_is_no_failure(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_T", N3 " pcmk_off_action='x' mode='pass' pcmk_on_retries='1'");
    device(w, 0, "b", "fence_T", N3);
    level(w, TARGET, 1, "a,b");
    device(w, 0, "hang", "fence_T", "pcmk_host_list='n2' pcmk_on_timeout='600' mode='pass'");
    fence(w, "n3", "reboot", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:x:a@0 n1:off:b@0 n1:on:a@0 n1:on:b@0");
    world_free(w);
}

/* A peer that was away and knows nothing of the operation must not take the half for the whole. */
static void
the_first_half_of_fencing_oneself_is_not_told_as_its_end(void **state)
{
    struct world *w = world_new(2);

    device(w, 0, "a", "fence_T", "pcmk_host_list='n1' takes='2'");
    device(w, 0, "b", "fence_T", "pcmk_host_list='n1' takes='2'");
    level(w, "target='n1'", 1, "a,b");
    lose(w, 1);
    fence(w, "n1", "off", 20);
    set_down(w, 1, false);
    pass(w, 2500);
    assert_ran(w, "n1:off:a@0 n1:off:b@2");
    ask(w, 1, "<x st_op='st_fence_history' st_callopt='4096' st_callid='9'><st_calldata><y st_target='n1'/></st_calldata></x>");
    assert_null(fence_find_value(w->reply, F_ST_STATE)); /* none, or none that ended */
    pass(w, 2000);
    ask(w, 1, "<x st_op='st_fence_history' st_callopt='4096' st_callid='10'><st_calldata><y st_target='n1'/></st_calldata></x>");
    assert_string_equal(fence_find_value(w->reply, F_ST_STATE), "2");
    world_free(w);
}

/* --- unfencing --- */

static void
unfencing_uses_all_levels_devices_that_unfence(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_TA", N3);
    device(w, 0, "b", "fence_TA", N3);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "b");
    fence(w, "n3", "on", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n1:on:a@0 n1:on:b@0");
    world_free(w);
}

static void
unfencing_is_done_by_devices_that_unfence_not_by_any_other(void **state)
{
    struct world *w = world_new(3);

    device(w, 0, "power", "fence_T", N3);
    device(w, 2, "fabric", "fence_TT", N3);
    fence(w, "n3", "on", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n3:on:fabric@0");
    world_free(w);
}

static void
unfencing_fails_if_one_device_that_has_to_fails(void **state)
{
    struct world *w = world_new(1);

    device(w, 0, "a", "fence_TA", N3);
    device(w, 0, "b", "fence_TA", N3 FAIL);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "b");
    fence(w, "n3", "on", 5);
    assert_result(w, EXEC_DONE, 1);
    world_free(w);
}

/* --- a node that wants to be fenced --- */

static void
who_wants_to_be_fenced_hears_when_the_node_that_was_to_do_it_is_gone(void **state)
{
    struct world *w = world_new(3);

    device(w, 1, "d2", "fence_T", "pcmk_host_list='n1' takes='10'");
    fence(w, "n1", "off", 20);
    pass(w, 500);
    assert_int_equal(w->replies, 0);
    lose(w, 1);
    pass(w, 100);
    assert_result(w, EXEC_ERROR, 1);
    world_free(w);
}

/* --- nodes that reset themselves (spec 60 §14) --- */

static void
configure_all(struct world *w, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    for (unsigned i = 0; i < w->n; i++) {
        fenced_core_configuration(w->cores[i], w->now, xml);
    }
    world_settle(w);
}

#define OPTIONS(value)                                                                                                 \
    "<crm_config><cluster_property_set id='s'><nvpair id='w' name='stonith-watchdog-timeout' value='" value "'/>"       \
    "</cluster_property_set></crm_config>"
#define WITH_WATCHDOG "<configuration>" OPTIONS("10s") "</configuration>"
#define WATCHDOG(list)                                                                                                 \
    "<resources><primitive id='watchdog' class='stonith' type='fence_watchdog'><instance_attributes id='i'>"            \
    "<nvpair id='l' name='pcmk_host_list' value='" list "'/></instance_attributes></primitive></resources>"

static bool
has_device(struct world *w, unsigned node, const char *id)
{
    return device_find(w->cores[node], id) != NULL;
}

static void
a_lost_node_has_reset_itself_after_the_timeout(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    assert_true(has_device(w, 0, "watchdog") && has_device(w, 2, "watchdog"));
    lose(w, 2);
    fence(w, "n3", "reboot", 5);
    pass(w, 9900);
    assert_int_equal(w->replies, 0);
    pass(w, 200);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
a_lost_node_that_comes_back_alive_is_told_to_reset_itself(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    lose(w, 2);
    fence(w, "n3", "reboot", 5);
    pass(w, 2000);
    assert_false(w->has_panicked[2]);
    set_down(w, 2, false);
    pass(w, 100);
    assert_true(w->has_panicked[2]);
    pass(w, 9800); /* the time begins anew */
    assert_int_equal(w->replies, 0);
    pass(w, 200);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
a_lost_node_that_was_reset_meanwhile_is_let_alone(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    lose(w, 2);
    fence(w, "n3", "reboot", 5);
    pass(w, 2000);
    reset(w, 2);
    pass(w, 100);
    assert_false(w->has_panicked[2]);
    assert_result(w, EXEC_DONE, 0); /* it has told */
    world_free(w);
}

static void
a_lost_node_whose_fencer_alone_was_started_again_is_told_to_reset_itself(void **state)
{
    g_autoptr(xmlNode) configuration = xml_parse(WITH_WATCHDOG, strlen(WITH_WATCHDOG), XML_PARSE_STRICT, NULL);
    struct world *w = world_new(3);

    configure_all(w, WITH_WATCHDOG);
    lose(w, 2);
    fence(w, "n3", "reboot", 5);
    pass(w, 2000);
    start_fencer_anew(w, 2, configuration);
    set_down(w, 2, false);
    pass(w, 100);
    assert_true(w->has_panicked[2]);
    assert_int_equal(w->replies, 0);
    world_free(w);
}

static void
a_fencer_that_never_saw_the_lost_node_tells_it_to_reset_itself(void **state)
{
    g_autoptr(xmlNode) configuration = xml_parse(WITH_WATCHDOG, strlen(WITH_WATCHDOG), XML_PARSE_STRICT, NULL);
    struct world *w = world_new(3);

    configure_all(w, WITH_WATCHDOG);
    lose(w, 2);
    start_fencer_anew(w, 0, configuration);
    fence(w, "n3", "reboot", 5);
    pass(w, 2000);
    set_down(w, 2, false);
    pass(w, 100);
    assert_true(w->has_panicked[2]);
    assert_int_equal(w->replies, 0);
    world_free(w);
}

/* A peer of another version resets itself however often it is told. */
static void
a_node_that_boots_faster_than_the_timeout_is_believed_in_the_end(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, WITH_WATCHDOG);
    w->cores[2]->uptime_ms = NULL;
    lose(w, 2);
    fence(w, "n3", "reboot", 5);
    for (unsigned i = 0; i < 3; i++) {
        pass(w, 5000);
        reset(w, 2);
        pass(w, 100);
        assert_true(w->has_panicked[2]);
        lose(w, 2);
    }
    pass(w, 5000);
    reset(w, 2);
    pass(w, 5000);
    assert_false(w->has_panicked[2]);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
a_live_node_is_told_although_it_may_not_offer_to_reset_itself(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    ask(w, 0, "<x st_op='st_fence' st_callid='3' st_callopt='0' st_timeout='5'><st_calldata>"
              "<y st_target='n3' st_device_action='reboot'/></st_calldata></x>");
    pass(w, 100);
    assert_true(w->has_panicked[2]);
    assert_int_equal(w->replies, 0);
    pass(w, 10100);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
another_node_that_comes_back_changes_nothing_for_the_lost_one(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    lose(w, 1);
    lose(w, 2);
    fence(w, "n3", "reboot", 5);
    pass(w, 2000);
    set_down(w, 1, false);
    pass(w, 7900);
    assert_int_equal(w->replies, 0);
    pass(w, 200);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
a_live_node_is_told_to_reset_itself_and_given_time(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    fence(w, "n3", "off", 5);
    assert_true(w->has_panicked[2]);
    assert_int_equal(w->replies, 0);
    pass(w, 10100);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
its_delay_is_waited_for_too(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("6s") "</configuration>");
    fence_after(w, "n3", "off", 5, 4);
    pass(w, 3900);
    assert_false(w->has_panicked[2]);
    pass(w, 5000);
    assert_true(w->has_panicked[2]);
    assert_int_equal(w->replies, 0); /* it went down at 4 s: not before 10 s it is gone for sure */
    pass(w, 1300);
    assert_result(w, EXEC_DONE, 0);
    world_free(w);
}

static void
only_nodes_of_the_list_reset_themselves(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") WATCHDOG("n1,n2") "</configuration>");
    assert_true(has_device(w, 0, "watchdog"));
    assert_false(has_device(w, 2, "watchdog"));
    ask(w, 2, "<x st_op='st_execute' st_callopt='4096'><st_calldata><y st_device_id='watchdog' "
                   "st_device_action='list'/></st_calldata></x>");
    assert_string_equal(xml_get(w->reply, F_ST_OUTPUT), "n1\nn2\n");
    fence(w, "n3", "off", 5);
    assert_result(w, EXEC_NO_FENCE_DEVICE, 1);
    world_free(w);
}

static void
another_device_is_preferred_to_the_watchdog(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    device(w, 1, "a", "fence_T", N3);
    fence(w, "n3", "off", 5);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n2:off:a@0");
    assert_false(w->has_panicked[2]);
    world_free(w);
}

static void
the_watchdog_may_be_a_level(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    device(w, 1, "a", "fence_T", N3 FAIL);
    device(w, 1, "last", "fence_T", N3);
    level(w, TARGET, 1, "a");
    level(w, TARGET, 2, "watchdog");
    level(w, TARGET, 3, "last");
    lose(w, 2);
    fence(w, "n3", "off", 5);
    pass(w, 9900);
    assert_int_equal(w->replies, 0);
    pass(w, 200);
    assert_result(w, EXEC_DONE, 0);
    assert_ran(w, "n2:off:a@0");
    world_free(w);
}

static void
with_levels_that_do_not_name_it_the_watchdog_is_not_trusted(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    device(w, 1, "a", "fence_T", N3 FAIL);
    level(w, TARGET, 1, "a");
    lose(w, 2);
    fence(w, "n3", "off", 5);
    assert_result(w, EXEC_DONE, 1);
    world_free(w);
}

static void
a_node_never_resets_itself_for_another(void **state)
{
    struct world *w = world_new(3);

    configure_all(w, "<configuration>" OPTIONS("10s") "</configuration>");
    ask(w, 0, "<x st_op='st_execute' st_callopt='4096'><st_calldata><y st_device_id='watchdog' "
                   "st_device_action='off' st_target='n2'/></st_calldata></x>");
    assert_false(w->has_panicked[0]);
    assert_int_equal(xml_get_int(w->reply, FENCE_F_OP_STATUS, -99), EXEC_NO_FENCE_DEVICE);
    world_free(w);
}

static void
a_negative_timeout_is_twice_that_of_sbd(void **state)
{
    struct world *w = world_new(1);

    configure_all(w, "<configuration>" OPTIONS("-1") "</configuration>");
    assert_int_equal(w->cores[0]->watchdog_timeout_ms, 10000);
    configure_all(w, "<configuration>" OPTIONS("0") "</configuration>");
    assert_int_equal(w->cores[0]->watchdog_timeout_ms, 0);
    assert_false(has_device(w, 0, "watchdog"));
    world_free(w);
}

static void
the_reserved_names_are_refused_when_they_do_not_fit(void **state)
{
    static const struct {
        const char *id, *agent, *value;
        int status;
    } TABLE[] = { { "watchdog", "fence_watchdog", "10s", EXEC_DONE },
                  { "watchdog", "#watchdog", "10s", EXEC_DONE },
                  { "watchdog", "fence_T", "10s", EXEC_NO_FENCE_DEVICE },
                  { "w", "fence_watchdog", "10s", EXEC_NO_FENCE_DEVICE },
                  { "watchdog", "fence_watchdog", "0", EXEC_NO_FENCE_DEVICE } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        struct world *w = world_new(1);
        g_autofree char *text = g_strdup_printf("<configuration>" OPTIONS("%s") "</configuration>", TABLE[i].value);

        configure_all(w, text);
        device(w, 0, TABLE[i].id, TABLE[i].agent, "");
        assert_int_equal(xml_get_int(w->reply, FENCE_F_OP_STATUS, -99), TABLE[i].status);
        world_free(w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_levels_the_peers_devices_are_added_up),
        cmocka_unit_test(timeouts_of_devices_replace_the_one_asked_for),
        cmocka_unit_test(with_levels_all_their_devices_are_added_up),
        cmocka_unit_test(delays_are_part_of_the_total),
        cmocka_unit_test(the_next_level_follows_a_failure),
        cmocka_unit_test(all_devices_of_a_level_have_to_succeed),
        cmocka_unit_test(a_node_with_levels_does_not_use_other_devices),
        cmocka_unit_test(a_level_whose_device_nobody_has_is_passed_over),
        cmocka_unit_test(levels_are_found_by_name_pattern_and_attribute),
        cmocka_unit_test(a_removed_level_is_not_used),
        cmocka_unit_test(who_did_a_part_has_not_ended_it),
        cmocka_unit_test(levels_that_are_gone_do_not_hide_others),
        cmocka_unit_test(levels_of_the_configuration_replace_all_when_they_change),
        cmocka_unit_test(the_requested_delay_is_for_the_first_device_alone),
        cmocka_unit_test(without_any_delay_if_so_asked),
        cmocka_unit_test(another_peer_is_asked_for_the_device_of_one_that_is_silent),
        cmocka_unit_test(a_silent_fencer_delays_levels_only_if_it_might_be_needed),
        cmocka_unit_test(several_devices_reboot_by_off_and_on),
        cmocka_unit_test(a_single_device_reboots),
        cmocka_unit_test(the_halves_end_with_their_level),
        cmocka_unit_test(devices_that_stay_off_or_cannot_turn_on_are_left_off),
        cmocka_unit_test(devices_that_unfence_by_themselves_are_not_turned_on),
        cmocka_unit_test(a_failure_to_turn_on_again_is_no_failure),
        cmocka_unit_test(the_first_half_of_fencing_oneself_is_not_told_as_its_end),
        cmocka_unit_test(unfencing_uses_all_levels_devices_that_unfence),
        cmocka_unit_test(unfencing_is_done_by_devices_that_unfence_not_by_any_other),
        cmocka_unit_test(unfencing_fails_if_one_device_that_has_to_fails),
        cmocka_unit_test(who_wants_to_be_fenced_hears_when_the_node_that_was_to_do_it_is_gone),
        cmocka_unit_test(a_lost_node_has_reset_itself_after_the_timeout),
        cmocka_unit_test(a_live_node_is_told_to_reset_itself_and_given_time),
        cmocka_unit_test(its_delay_is_waited_for_too),
        cmocka_unit_test(only_nodes_of_the_list_reset_themselves),
        cmocka_unit_test(a_lost_node_that_comes_back_alive_is_told_to_reset_itself),
        cmocka_unit_test(a_lost_node_that_was_reset_meanwhile_is_let_alone),
        cmocka_unit_test(a_lost_node_whose_fencer_alone_was_started_again_is_told_to_reset_itself),
        cmocka_unit_test(a_fencer_that_never_saw_the_lost_node_tells_it_to_reset_itself),
        cmocka_unit_test(a_node_that_boots_faster_than_the_timeout_is_believed_in_the_end),
        cmocka_unit_test(a_live_node_is_told_although_it_may_not_offer_to_reset_itself),
        cmocka_unit_test(another_node_that_comes_back_changes_nothing_for_the_lost_one),
        cmocka_unit_test(another_device_is_preferred_to_the_watchdog),
        cmocka_unit_test(the_watchdog_may_be_a_level),
        cmocka_unit_test(with_levels_that_do_not_name_it_the_watchdog_is_not_trusted),
        cmocka_unit_test(a_node_never_resets_itself_for_another),
        cmocka_unit_test(a_negative_timeout_is_twice_that_of_sbd),
        cmocka_unit_test(the_reserved_names_are_refused_when_they_do_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
