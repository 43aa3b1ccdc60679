/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The executor's core: clients, resources, actions that run once, and who hears of them (spec 50 §2-§4). */
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

/* --- registration of clients --- */

static void
a_client_of_a_known_version_is_registered(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *version;
        int rc;
    } TABLE[] = { { "lrmd_protocol_version='1.0'", 0 },        { "lrmd_protocol_version='1.1'", 0 },
                  { "lrmd_protocol_version='1.10'", 0 },       { "lrmd_protocol_version='9'", 0 },
                  { "lrmd_protocol_version='0.9'", -EPROTO },  { "", -EPROTO },
                  { "lrmd_protocol_version='1.1' lrmd_is_ipc_provider='true'", -EPROTONOSUPPORT } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(ask_with(w, "A", "register", "lrmd_clientname='crmd' %s>", TABLE[i].version), TABLE[i].rc);
        assert_string_equal(xml_get(w->reply, LRMD_FIELD_OP), "register");
        assert_string_equal(xml_get(w->reply, LRMD_FIELD_CLIENT_ID), "A");
        assert_string_equal(xml_get(w->reply, LRMD_FIELD_PROTOCOL_VERSION), "1.1");
    }
}

static void
every_request_takes_a_call_id(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_with(w, "A", "bogus", ">"), -EOPNOTSUPP);
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_CALL_ID), "1");
    assert_int_equal(ask_with(w, "A", "lrmd_rsc_exec", ">"), -EINVAL);
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_CALL_ID), "2");
    assert_int_equal(execute(w, (struct request) { .rsc = "unknown", .action = "start" }), -ENODEV);
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_CALL_ID), "3");
    assert_int_equal(ask_with(w, "A", "lrmd_rsc_poke", ">"), 0);
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_CALL_ID), "4");
}

static void
an_unprivileged_client_may_register_and_poke_only(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *op;
        int rc;
    } TABLE[] = { { "register", -EPROTO },
                  { "lrmd_rsc_poke", 0 },
                  { "lrmd_rsc_register", -EACCES },
                  { "lrmd_rsc_info", -EACCES },
                  { "lrmd_rsc_unregister", -EACCES },
                  { "lrmd_rsc_exec", -EACCES },
                  { "lrmd_rsc_cancel", -EACCES },
                  { "lrmd_get_recurring", -EACCES },
                  { "lrmd_alert_exec", -EACCES },
                  { "ipc_fwd", -EACCES },
                  { "bogus", -EOPNOTSUPP } };

    execd_core_client_connected(w->core, "U", 5, false);
    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(ask_with(w, "U", TABLE[i].op, ">"), TABLE[i].rc);
    }
}

static void
others_hear_of_a_new_client(void **state)
{
    struct world *w = *state;

    execd_core_client_connected(w->core, "B", 5, true);
    drain(w);
    assert_int_equal(w->events->len, 1);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_OP), "lrmd_rsc_new_client");
    assert_string_equal(((struct execd_effect *) w->events->pdata[0])->except, "B");
}

static void
the_check_of_the_watchdog_is_not_answered(void **state)
{
    assert_int_equal(ask_with(*state, "A", "lrmd_check", ">"), NO_REPLY);
}

/* --- resources --- */

static void
a_registered_resource_is_known_until_it_is_unregistered(void **state)
{
    struct world *w = *state;
    static const char INFO[] = "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r'/></lrmd_calldata>";

    assert_int_equal(ask_with(w, "A", "lrmd_rsc_info", "%s", INFO), -ENODEV);
    register_rsc(w, "r", 0);
    assert_int_equal(ask_with(w, "A", "lrmd_rsc_info", "%s", INFO), 0);
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_CLASS), "ocf");
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_PROVIDER), "p");
    assert_string_equal(xml_get(w->reply, LRMD_FIELD_RSC_TYPE), "T");
    assert_int_equal(unregister(w, "r"), 0);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_OP), "lrmd_rsc_unregister");
    assert_int_equal(ask_with(w, "A", "lrmd_rsc_info", "%s", INFO), -ENODEV);
    assert_int_equal(unregister(w, "r"), 0); /* not an error */
}

static void
registration_with_another_type_replaces(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    finish(w, 0);
    register_rsc(w, "r", 0); /* the same: nothing happens */
    assert_int_equal(execd_core_deadline(w->core), w->now.ms + 1000);
    ask_with(w, "A", "lrmd_rsc_register",
             "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r' lrmd_class='lsb' lrmd_type='x'/></lrmd_calldata>");
    assert_int_equal(execd_core_deadline(w->core), UINT64_MAX);
    assert_result(w, 0, 2, 0, EXEC_CANCELLED);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_DELETED), "1");
}

/* --- running --- */

static void
an_operation_is_run_and_its_result_told(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    assert_int_equal(execute(w, (struct request) { .action = "start", .userdata = "key" }), 2);
    assert_runs(w, "start");
    assert_string_equal(g_hash_table_lookup(((struct execd_effect *) w->runs->pdata[0])->params, "9x"), "y");
    pass(w, 250);
    finish(w, 0);
    assert_int_equal(w->events->len, 1);
    assert_result(w, 0, 2, 0, EXEC_DONE);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_USERDATA), "key");
    assert_string_equal(event_get(w, 0, LRMD_FIELD_EXEC_TIME), "250");
    assert_string_equal(event_get(w, 0, LRMD_FIELD_QUEUE_TIME), "0");
    assert_string_equal(event_get(w, 0, LRMD_FIELD_RUN_TIME), "1700000000");
    assert_string_equal(event_get(w, 0, LRMD_FIELD_RCCHANGE_TIME), "0");
    assert_string_equal(event_get(w, 0, LRMD_FIELD_DELETED), "0");
}

static void
a_failure_tells_when_the_code_changed(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    pass(w, 2000);
    finish(w, 7);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_RCCHANGE_TIME), "1700000002");
    pass(w, 1000);
    finish(w, 7);
    assert_string_equal(event_get(w, 1, LRMD_FIELD_RCCHANGE_TIME), "1700000002");
    assert_string_equal(event_get(w, 1, LRMD_FIELD_RUN_TIME), "0"); /* a repeat */
    assert_string_equal(event_get(w, 1, LRMD_FIELD_EXEC_TIME), "0");
    pass(w, 1000);
    finish(w, 0);
    assert_string_equal(event_get(w, 2, LRMD_FIELD_RCCHANGE_TIME), "1700000004");
}

static void
operations_of_a_resource_run_one_after_the_other(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start" });
    execute(w, (struct request) { .action = "promote" });
    assert_runs(w, "start");
    pass(w, 500);
    finish(w, 0);
    assert_runs(w, "promote");
    finish(w, 0);
    assert_string_equal(event_get(w, 1, LRMD_FIELD_QUEUE_TIME), "500");
}

static void
operations_of_different_resources_run_at_the_same_time(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    register_rsc(w, "s", 0);
    execute(w, (struct request) { .action = "start" });
    execute(w, (struct request) { .rsc = "s", .action = "start" });
    assert_int_equal(w->runs->len, 2);
}

static void
a_start_delay_holds_the_whole_queue(void **state)
{
    struct world *w = *state;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start", .delay = 3000 });
    execute(w, (struct request) { .action = "promote" });
    assert_int_equal(w->runs->len, 0);
    pass(w, 2999);
    assert_int_equal(w->runs->len, 0);
    pass(w, 1);
    assert_runs(w, "start");
}

/* --- who is told --- */

static void
a_result_can_be_for_the_originator_alone(void **state)
{
    struct world *w = *state;
    const struct execd_effect *e;

    execd_core_client_connected(w->core, "B", 5, true);
    register_rsc(w, "r", 0);
    forget_events(w);
    execute(w, (struct request) { .client = "B", .action = "start", .options = LRMD_OPT_NOTIFY_ORIGINATOR });
    execute(w, (struct request) { .client = "A", .action = "start" });
    finish(w, 0);
    e = w->events->pdata[0];
    assert_string_equal(e->client, "B");
    finish(w, 0);
    e = w->events->pdata[1];
    assert_null(e->client);
    execute(w, (struct request) { .client = "B", .action = "start", .options = LRMD_OPT_NOTIFY_ORIGINATOR });
    execd_core_client_gone(w->core, w->now, "B");
    forget_events(w);
    finish(w, 0);
    assert_int_equal(w->events->len, 0);
}

static void
recurring_operations_can_end_with_their_client(void **state)
{
    struct world *w = *state;

    execd_core_client_connected(w->core, "B", 5, true);
    register_rsc(w, "r", LRMD_OPT_DROP_RECURRING);
    register_rsc(w, "s", 0);
    execute(w, (struct request) { .client = "B", .action = "monitor", .interval = 1000 });
    execute(w, (struct request) { .client = "A", .action = "monitor", .interval = 2000 });
    execute(w, (struct request) { .client = "B", .rsc = "s", .action = "monitor", .interval = 1000 });
    for (int i = 0; i < 3; i++) {
        finish(w, 0);
    }
    forget_events(w);
    execd_core_client_gone(w->core, w->now, "B");
    drain(w);
    assert_int_equal(w->events->len, 1);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_RSC_ID), "r");
    assert_string_equal(event_get(w, 0, LRMD_FIELD_INTERVAL), "1000");
}

static void
recurring_operations_are_listed_once_they_were_started(void **state)
{
    struct world *w = *state;
    xmlNode *rsc;

    register_rsc(w, "r", 0);
    execute(w, (struct request) { .action = "start" });
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    ask_with(w, "A", "lrmd_get_recurring", ">");
    rsc = xml_first(w->reply, LRMD_TAG_RSC);
    assert_non_null(rsc);
    assert_null(xml_first(rsc, NULL));
    finish(w, 0);
    ask_with(w, "A", "lrmd_get_recurring", "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r'/></lrmd_calldata>");
    rsc = xml_first(w->reply, LRMD_TAG_RSC);
    assert_string_equal(xml_get(xml_first(rsc, LRMD_TAG_RSC_OP), LRMD_FIELD_ACTION), "monitor");
    assert_string_equal(xml_get(xml_first(rsc, LRMD_TAG_RSC_OP), LRMD_FIELD_INTERVAL), "1000");
    assert_int_equal(ask_with(w, "A", "lrmd_get_recurring", "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='x'/></lrmd_calldata>"),
                     -ENODEV);
}

/* --- alerts, fence devices --- */

static void
alerts_are_numbered(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_with(w, "A", "lrmd_alert_exec",
                                  "><lrmd_calldata><lrmd_alert lrmd_alert_id='a' lrmd_alert_path='/x' lrmd_timeout='30000'>"
                                  "<attributes CRM_alert_kind='node'/></lrmd_alert></lrmd_calldata>"),
                         0);
    }
    assert_int_equal(w->alerts->len, 2);
    assert_string_equal(g_hash_table_lookup(((struct execd_effect *) w->alerts->pdata[1])->params, "CRM_alert_node_sequence"),
                        "2");
    assert_string_equal(g_hash_table_lookup(((struct execd_effect *) w->alerts->pdata[1])->params, "CRM_alert_kind"), "node");
    assert_int_equal(ask_with(w, "A", "lrmd_alert_exec", ">"), -EINVAL);
}

static void
a_fence_device_is_probed_from_memory(void **state)
{
    struct world *w = *state;

    ask_with(w, "A", "lrmd_rsc_register",
             "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r' lrmd_class='stonith' lrmd_type='fence_x'/></lrmd_calldata>");
    forget_events(w);
    execute(w, (struct request) { .action = "monitor" });
    assert_result(w, 0, 2, 7, EXEC_ERROR);
    execute(w, (struct request) { .action = "promote" });
    assert_result(w, 1, 3, 1, EXEC_ERROR);
    execute(w, (struct request) { .action = "start" });
    finish(w, 0);
    execute(w, (struct request) { .action = "monitor" });
    assert_result(w, 3, 5, 0, EXEC_DONE);
    execute(w, (struct request) { .action = "monitor", .interval = 600000 });
    finish(w, 0);
    assert_string_not_equal(event_get(w, 4, LRMD_FIELD_RUN_TIME), "0");
    forget_events(w);
    execd_core_fencer_lost(w->core, w->now);
    drain(w);
    assert_int_equal(w->events->len, 1); /* the recurring one, at once */
    assert_result(w, 0, 6, 1, EXEC_ERROR);
    assert_string_equal(event_get(w, 0, LRMD_FIELD_EXIT_REASON), "Lost connection to fencer");
    assert_int_not_equal(execd_core_deadline(w->core), UINT64_MAX); /* and it stays scheduled */
    execute(w, (struct request) { .action = "monitor" });
    assert_result(w, 1, 7, 1, EXEC_ERROR);
}

static void
losing_the_fencer_fails_what_runs_and_what_waits(void **state)
{
    struct world *w = *state;
    const struct exec_result late = { 0 };
    unsigned run_id;

    ask_with(w, "A", "lrmd_rsc_register",
             "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r' lrmd_class='stonith' lrmd_type='fence_x'/></lrmd_calldata>");
    forget_events(w);
    execute(w, (struct request) { .action = "start" });
    execute(w, (struct request) { .action = "stop" });
    run_id = ((struct execd_effect *) w->runs->pdata[0])->run_id;
    execd_core_fencer_lost(w->core, w->now);
    drain(w);
    assert_int_equal(w->events->len, 2);
    execd_core_done(w->core, w->now, run_id, &late); /* nobody waits for it */
    drain(w);
    assert_int_equal(w->events->len, 2);
}

#define PROVIDER "lrmd_clientname='c' lrmd_protocol_version='1.1' lrmd_is_ipc_provider='true'>"
#define PROXIED  "<lrmd_ipc_proxy lrmd_op='ipc_fwd' lrmd_ipc_op='destroy' lrmd_ipc_session='s'/>"

static void
only_a_remote_nodes_executor_takes_providers_and_only_from_the_cluster(void **state)
{
    struct world *w = *state;

    assert_int_equal(ask_with(w, "A", "register", PROVIDER), -EPROTONOSUPPORT);
    assert_int_equal(ask(w, "A", PROXIED), -EPROTONOSUPPORT);
    execd_core_free(w->core);
    w->core = execd_core_new(true);
    execd_core_client_connected(w->core, "A", 100, true);
    execd_core_cluster_connected(w->core, "N");
    drain(w);
    assert_int_equal(ask_with(w, "A", "register", PROVIDER), -EACCES);
    assert_int_equal(ask(w, "A", PROXIED), -EACCES);
    assert_int_equal(w->providers, 0);
    assert_int_equal(ask_with(w, "N", "register", PROVIDER), 0);
    assert_int_equal(w->providers, 1);
    assert_int_equal(ask(w, "N", PROXIED), 0);
    assert_int_equal(w->proxied, 1);
}

static void
operations_of_a_remote_node_end_with_the_last_cluster_node(void **state)
{
    struct world *w = *state;

    execd_core_free(w->core);
    w->core = execd_core_new(true);
    execd_core_cluster_connected(w->core, "A");
    execd_core_cluster_connected(w->core, "B");
    drain(w);
    register_rsc(w, "r", LRMD_OPT_DROP_RECURRING);
    execute(w, (struct request) { .action = "monitor", .interval = 1000 });
    assert_int_equal(w->runs->len, 1);
    execd_core_client_gone(w->core, w->now, "A");
    drain(w);
    assert_int_equal(w->kills->len, 0);
    execd_core_client_gone(w->core, w->now, "B");
    drain(w);
    assert_int_equal(w->kills->len, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_of_a_known_version_is_registered),
        TEST(every_request_takes_a_call_id),
        TEST(an_unprivileged_client_may_register_and_poke_only),
        TEST(others_hear_of_a_new_client),
        TEST(the_check_of_the_watchdog_is_not_answered),
        TEST(a_registered_resource_is_known_until_it_is_unregistered),
        TEST(registration_with_another_type_replaces),
        TEST(an_operation_is_run_and_its_result_told),
        TEST(a_failure_tells_when_the_code_changed),
        TEST(operations_of_a_resource_run_one_after_the_other),
        TEST(operations_of_different_resources_run_at_the_same_time),
        TEST(a_start_delay_holds_the_whole_queue),
        TEST(a_result_can_be_for_the_originator_alone),
        TEST(recurring_operations_can_end_with_their_client),
        TEST(recurring_operations_are_listed_once_they_were_started),
        TEST(alerts_are_numbered),
        TEST(a_fence_device_is_probed_from_memory),
        TEST(losing_the_fencer_fails_what_runs_and_what_waits),
        TEST(only_a_remote_nodes_executor_takes_providers_and_only_from_the_cluster),
        TEST(operations_of_a_remote_node_end_with_the_last_cluster_node),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
