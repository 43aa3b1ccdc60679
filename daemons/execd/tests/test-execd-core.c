/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The executor's core with made-up clients, a made-up clock and agents that end when the test says so (spec 50 §2-§4). */
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/lrmd_protocol.h"

#include "daemons/execd/execd_core.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the world of a test --- */

struct world {
    struct execd_core *core;
    struct execd_now now;
    int rc;               /* of the last request; NO_REPLY if there was no answer */
    xmlNode *reply;       /* the last one */
    GPtrArray *events;    /* notifications since clear_events(): struct execd_effect */
    GPtrArray *runs;      /* runs that were started and did not end: struct execd_effect */
    GPtrArray *kills;     /* run ids */
    GPtrArray *alerts;
};

#define NO_REPLY 12345

static void
drain(struct world *w)
{
    struct execd_effect *e;

    while ((e = execd_core_take_effect(w->core)) != NULL) {
        switch (e->kind) {
        case EXECD_REPLY:
            w->rc = (int) xml_get_int(e->xml, LRMD_FIELD_RC, NO_REPLY);
            xml_free(w->reply);
            w->reply = e->xml;
            e->xml = NULL;
            execd_effect_free(e);
            break;
        case EXECD_NOTIFY:
            g_ptr_array_add(w->events, e);
            break;
        case EXECD_RUN:
        case EXECD_RUN_FENCE:
            g_ptr_array_add(w->runs, e);
            break;
        case EXECD_KILL:
        case EXECD_CANCEL_FENCE:
            g_ptr_array_add(w->kills, GUINT_TO_POINTER(e->run_id));
            execd_effect_free(e);
            break;
        case EXECD_ALERT:
            g_ptr_array_add(w->alerts, e);
            break;
        default:
            execd_effect_free(e);
            break;
        }
    }
}

static int
setup(void **state)
{
    struct world *w = g_new0(struct world, 1);

    w->core = execd_core_new();
    w->now = (struct execd_now) { .ms = 1000000, .epoch = 1700000000 };
    w->events = g_ptr_array_new_with_free_func((GDestroyNotify) execd_effect_free);
    w->runs = g_ptr_array_new_with_free_func((GDestroyNotify) execd_effect_free);
    w->kills = g_ptr_array_new();
    w->alerts = g_ptr_array_new_with_free_func((GDestroyNotify) execd_effect_free);
    execd_core_client_connected(w->core, "A", 100, true);
    drain(w);
    g_ptr_array_set_size(w->events, 0);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    execd_core_free(w->core);
    xml_free(w->reply);
    g_ptr_array_unref(w->events);
    g_ptr_array_unref(w->runs);
    g_ptr_array_unref(w->kills);
    g_ptr_array_unref(w->alerts);
    g_free(w);
    return 0;
}

static int
ask(struct world *w, const char *client, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    w->rc = NO_REPLY;
    execd_core_request(w->core, w->now, client, xml);
    drain(w);
    return w->rc;
}

static int G_GNUC_PRINTF(4, 5)
ask_with(struct world *w, const char *client, const char *op, const char *data_format, ...)
{
    va_list ap;
    g_autofree char *data = NULL, *text = NULL;

    va_start(ap, data_format);
    data = g_strdup_vprintf(data_format, ap);
    va_end(ap);
    text = g_strdup_printf("<lrmd_command lrmd_op='%s' %s</lrmd_command>", op, data);
    return ask(w, client, text);
}

static void
register_rsc(struct world *w, const char *id, unsigned options)
{
    assert_int_equal(ask_with(w, "A", "lrmd_rsc_register",
                              "lrmd_callopt='%u'><lrmd_calldata><lrmd_rsc lrmd_rsc_id='%s' lrmd_class='ocf' "
                              "lrmd_provider='p' lrmd_type='T'/></lrmd_calldata>",
                              options, id),
                     0);
    g_ptr_array_set_size(w->events, 0);
}

struct request {
    const char *client, *rsc, *action, *userdata;
    unsigned interval, delay, options;
};

static int
execute(struct world *w, struct request r)
{
    return ask_with(w, r.client ? r.client : "A", "lrmd_rsc_exec",
                    "lrmd_callopt='%u'><lrmd_calldata><lrmd_rsc lrmd_rsc_id='%s' lrmd_rsc_action='%s' "
                    "lrmd_rsc_userdata_str='%s' lrmd_rsc_interval='%u' lrmd_timeout='20000' lrmd_rsc_start_delay='%u'>"
                    "<attributes a='b'><param name='9x' value='y'/></attributes></lrmd_rsc></lrmd_calldata>",
                    r.options, r.rsc ? r.rsc : "r", r.action, r.userdata ? r.userdata : "u", r.interval, r.delay);
}

static int
cancel(struct world *w, const char *action, unsigned interval)
{
    return ask_with(w, "A", "lrmd_rsc_cancel",
                    "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='r' lrmd_rsc_action='%s' lrmd_rsc_interval='%u'/></lrmd_calldata>",
                    action, interval);
}

static int
unregister(struct world *w, const char *id)
{
    return ask_with(w, "A", "lrmd_rsc_unregister", "><lrmd_calldata><lrmd_rsc lrmd_rsc_id='%s'/></lrmd_calldata>", id);
}

/* Time passes; timers fire on the way. */
static void
pass(struct world *w, uint64_t ms)
{
    uint64_t end = w->now.ms + ms;

    while (execd_core_deadline(w->core) <= end) {
        w->now.ms = MAX(w->now.ms, execd_core_deadline(w->core));
        execd_core_tick(w->core, w->now);
        drain(w);
    }
    w->now.ms = end;
    w->now.epoch = 1700000000 + (int64_t) (end - 1000000) / 1000;
}

/* The oldest run ends with an exit status. */
static void
finish(struct world *w, int rc)
{
    const struct exec_result result = { .rc = rc, .raw = rc, .pid = 7 };
    struct execd_effect *run;

    assert_true(w->runs->len > 0);
    run = g_ptr_array_steal_index(w->runs, 0);
    execd_core_done(w->core, w->now, run->run_id, &result);
    execd_effect_free(run);
    drain(w);
}

static const char *
event_get(struct world *w, unsigned i, const char *field)
{
    assert_true(i < w->events->len);
    return xml_get(((struct execd_effect *) w->events->pdata[i])->xml, field);
}

static void
assert_result(struct world *w, unsigned i, int call_id, int rc, int status)
{
    assert_int_equal(atoi(event_get(w, i, LRMD_FIELD_CALL_ID)), call_id);
    assert_int_equal(atoi(event_get(w, i, LRMD_FIELD_EXEC_RC)), rc);
    assert_int_equal(atoi(event_get(w, i, LRMD_FIELD_EXEC_STATUS)), status);
}

static void
assert_runs(struct world *w, const char *action)
{
    assert_int_equal(w->runs->len, 1);
    assert_string_equal(((struct execd_effect *) w->runs->pdata[0])->action, action);
}

static void
forget_events(struct world *w)
{
    g_ptr_array_set_size(w->events, 0);
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(a_result_can_be_for_the_originator_alone),
        TEST(recurring_operations_can_end_with_their_client),
        TEST(recurring_operations_are_listed_once_they_were_started),
        TEST(alerts_are_numbered),
        TEST(a_fence_device_is_probed_from_memory),
        TEST(losing_the_fencer_fails_what_runs_and_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
