/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections to Pacemaker Remote nodes, whose agent the controller is (spec 30 §13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "daemons/controld/tests/cluster_fixture.h"

/* An action of the graph arrives at n2, who is not the DC. */
static void
act(struct fixture *f, const char *node, const char *rsc, const char *type, const char *action, unsigned interval)
{
    struct node *n = &f->node[2];
    g_autofree char *text = g_strdup_printf(
        "<m t='crmd' subt='request' crm_task='lrm_invoke' crm_sys_to='lrmd' crm_sys_from='tengine' src='n1'><crm_xml>"
        "<rsc_op id='4' operation='%s' on_node='%s' transition-key='4:1:0:10000000-0000-4000-8000-000000000000'>"
        "<primitive id='%s' class='ocf' provider='pacemaker' type='%s'/>"
        "<attributes CRM_meta_timeout='10000' CRM_meta_interval='%u' server='10.0.0.9'/></rsc_op></crm_xml></m>",
        action, node, rsc, type, interval);
    g_autoptr(xmlNode) msg = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(msg);
    event_begin(n->c, at(f, n));
    lrm_on_request(n->c, msg);
    event_end(n->c);
    advance(f, 10);
}

static void
connection(struct fixture *f, const char *action, unsigned interval)
{
    act(f, "n2", "r1", "remote", action, interval);
}

static void
forget_texts(struct fixture *f)
{
    g_ptr_array_set_size(f->node[2].remote, 0);
    g_ptr_array_set_size(f->node[2].writes, 0);
    g_ptr_array_set_size(f->node[2].attrs, 0);
}

/* The result of the last action on the connection, as it was recorded. */
static void
expect_recorded(struct fixture *f, const char *action, const char *magic)
{
    g_autofree char *operation = g_strdup_printf("operation=\"%s\"", action), *start = g_strdup_printf("transition-magic=\"%s;", magic);

    advance(f, 10);
    for (unsigned i = 0; i < f->node[2].writes->len; i++) {
        const char *text = f->node[2].writes->pdata[i];

        if (strstr(text, operation) != NULL && strstr(text, start) != NULL) {
            return;
        }
    }
    fail_msg("no result %s of %s", magic, action);
}

#define EVENT(f, function, ...)                                                                                        \
    do {                                                                                                               \
        function((f)->node[2].c, at((f), &(f)->node[2]), "r1", ##__VA_ARGS__);                                         \
        advance((f), 10);                                                                                              \
    } while (0)

static struct fixture *
connected(void)
{
    struct fixture *f = running_cluster(2);

    connection(f, "start", 0);
    assert_true(contains(f->node[2].remote, "remote-connect r1 10.0.0.9 3121"));
    EVENT(f, ctl_on_remote_connected, 0);
    expect_recorded(f, "start", "0:0");
    return f;
}

/* ---- the connection ---- */

static void
a_node_that_is_not_connected_is_not_running(void **state)
{
    struct fixture *f = running_cluster(2);

    connection(f, "monitor", 0);
    expect_recorded(f, "monitor", "0:7");
    connection(f, "stop", 0);
    expect_recorded(f, "stop", "0:0");
    assert_false(contains(f->node[2].writes, "in_ccm=\"false\""));
    end(f);
}

static void
a_node_that_comes_up_begins_without_history(void **state)
{
    struct fixture *f = connected();
    const struct node *n = &f->node[2];

    assert_true(contains(n->writes, "delete //node_state[@uname='r1']/*"));
    assert_true(contains(n->writes, "id=\"r1\" uname=\"r1\" remote_node=\"true\" in_ccm=\"true\""));
    assert_true(contains(n->writes, "node_fenced=\"0\""));
    assert_true(contains(n->attrs, "task=\"peer-remove\""));
    assert_true(contains(n->attrs, "probe_complete"));
    end(f);
}

static void
attempts_are_repeated_while_there_is_time(void **state)
{
    struct fixture *f = running_cluster(2);

    connection(f, "start", 0);
    forget_texts(f);
    EVENT(f, ctl_on_remote_connected, -ECONNREFUSED);
    assert_int_equal(f->node[2].remote->len, 0);
    advance(f, 1100);
    assert_true(contains(f->node[2].remote, "remote-connect r1"));
    advance(f, 7000); /* less than three seconds are left */
    EVENT(f, ctl_on_remote_connected, -ECONNREFUSED);
    expect_recorded(f, "start", "2:1");
    end(f);
}

static void
another_key_is_no_reason_to_try_again(void **state)
{
    struct fixture *f = running_cluster(2);

    connection(f, "start", 0);
    EVENT(f, ctl_on_remote_connected, -EKEYREJECTED);
    expect_recorded(f, "start", "4:2");
    end(f);
}

static void
a_monitor_pokes_and_tells_its_first_success_only(void **state)
{
    struct fixture *f = connected();

    forget_texts(f);
    connection(f, "monitor", 3000);
    assert_true(contains(f->node[2].remote, "remote-poke r1"));
    EVENT(f, ctl_on_remote_poked);
    expect_recorded(f, "monitor", "0:0");
    forget_texts(f);
    advance(f, 3100);
    assert_true(contains(f->node[2].remote, "remote-poke r1"));
    EVENT(f, ctl_on_remote_poked);
    assert_int_equal(f->node[2].writes->len, 0);
    end(f);
}

static void
silence_ends_the_connection(void **state)
{
    struct fixture *f = connected();

    connection(f, "monitor", 3000);
    EVENT(f, ctl_on_remote_poked);
    forget_texts(f);
    advance(f, 3100);
    advance(f, 10100);
    assert_true(contains(f->node[2].remote, "remote-disconnect r1"));
    expect_recorded(f, "monitor", "2:1");
    end(f);
}

static void
a_lost_connection_fails_its_monitor_and_what_is_under_way(void **state)
{
    struct fixture *f = connected();

    f->node[2].slow_agents = true;
    connection(f, "monitor", 3000);
    EVENT(f, ctl_on_remote_poked);
    act(f, "r1", "d1", "Dummy", "start", 0);
    assert_int_equal(f->node[2].runs.length, 1);
    forget_texts(f);
    EVENT(f, ctl_on_remote_lost);
    expect_recorded(f, "monitor", "4:1");
    assert_true(contains(f->node[2].writes, "Lost connection to remote executor"));
    expect_recorded(f, "start", "8:1");
    forget_texts(f);
    connection(f, "stop", 0);
    expect_recorded(f, "stop", "0:0");
    assert_true(contains(f->node[2].writes, "remote_node=\"true\" in_ccm=\"false\""));
    end(f);
}

/* The last-rc-change of what was recorded last of the monitor, with that result. */
static long long
recorded_change(const struct fixture *f, const char *magic)
{
    g_autofree char *start = g_strdup_printf("transition-magic=\"%s;", magic);

    for (unsigned i = f->node[2].writes->len; i > 0; i--) {
        const char *text = f->node[2].writes->pdata[i - 1], *entry = strstr(text, start), *change;

        if (entry != NULL && strstr(text, "operation=\"monitor\"") != NULL && (change = strstr(entry, "last-rc-change=\"")) != NULL) {
            return g_ascii_strtoll(change + strlen("last-rc-change=\""), NULL, 10);
        }
    }
    fail_msg("no result %s", magic);
    return 0;
}

/* How many seconds after its monitor's first success a connection is recorded as lost that is lost `after_ms` later. */
static long long
recorded_loss(struct fixture *f, int after_ms)
{
    long long success;

    connection(f, "monitor", 30000);
    EVENT(f, ctl_on_remote_poked);
    advance(f, 10);
    success = recorded_change(f, "0:0");
    advance(f, after_ms);
    forget_texts(f);
    EVENT(f, ctl_on_remote_lost);
    advance(f, 10);
    return recorded_change(f, "4:1") - success;
}

static void
a_connection_lost_within_a_second_of_its_success_is_lost_later(void **state)
{
    struct fixture *f = connected();

    assert_in_range(recorded_loss(f, 0), 1, 2);
    end(f);
}

static void
a_connection_that_is_lost_later_is_lost_when_that_happened(void **state)
{
    struct fixture *f = connected();

    assert_in_range(recorded_loss(f, 20000), 19, 21);
    assert_true(contains(f->node[2].writes, "exec-time=\"0\""));
    end(f);
}

static void
in_maintenance_a_lost_connection_has_been_stopped(void **state)
{
    struct fixture *f = connected();
    const char *text = "<maintenance><node id='r1' node_in_maintenance='1'/></maintenance>";
    g_autoptr(xmlNode) data = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    event_begin(f->node[2].c, at(f, &f->node[2]));
    remote_on_maintenance(f->node[2].c, data);
    event_end(f->node[2].c);
    advance(f, 10);
    assert_true(contains(f->node[2].writes, "node_in_maintenance=\"1\""));
    EVENT(f, ctl_on_remote_leaving);
    assert_true(contains(f->node[2].remote, "remote-answer r1 - 0"));
    forget_texts(f);
    EVENT(f, ctl_on_remote_lost);
    expect_recorded(f, "stop", "0:0");
    end(f);
}

static void
a_node_that_asks_to_leave_gets_the_attribute(void **state)
{
    struct fixture *f = connected();

    EVENT(f, ctl_on_remote_leaving);
    assert_true(contains(f->node[2].remote, "remote-answer r1 - 1"));
    assert_true(contains(f->node[2].attrs, "attr_name=\"shutdown\""));
    end(f);
}

static void
a_migration_ends_when_the_other_host_has_connected(void **state)
{
    struct fixture *f = connected();

    connection(f, "monitor", 3000);
    EVENT(f, ctl_on_remote_poked);
    connection(f, "migrate_to", 0);
    expect_recorded(f, "migrate_to", "0:0");
    forget_texts(f);
    connection(f, "stop", 0);
    assert_false(contains(f->node[2].remote, "remote-disconnect"));
    EVENT(f, ctl_on_remote_new_client);
    assert_true(contains(f->node[2].remote, "remote-disconnect r1"));
    expect_recorded(f, "stop", "0:0");
    assert_false(contains(f->node[2].writes, "in_ccm=\"false\""));
    end(f);
}

static void
a_migration_that_nobody_takes_up_is_a_stop(void **state)
{
    struct fixture *f = connected();

    connection(f, "migrate_to", 0);
    connection(f, "stop", 0);
    forget_texts(f);
    advance(f, 5100); /* half of its time */
    assert_true(contains(f->node[2].remote, "remote-disconnect r1"));
    assert_true(contains(f->node[2].writes, "in_ccm=\"false\""));
    end(f);
}

static void
who_takes_a_connection_unasked_gets_it(void **state)
{
    struct fixture *f = connected();

    forget_texts(f);
    EVENT(f, ctl_on_remote_new_client);
    assert_true(contains(f->node[2].remote, "remote-disconnect r1"));
    end(f);
}

/* ---- what runs there ---- */

static void
history_of_a_remote_node_is_its_own(void **state)
{
    struct fixture *f = connected();

    forget_texts(f);
    act(f, "r1", "d1", "Dummy", "start", 0);
    expect_recorded(f, "start", "0:0");
    assert_true(contains(f->node[2].writes, "<node_state id=\"r1\" uname=\"r1\" remote_node=\"true\""));
    assert_true(contains(f->node[2].writes, "on_node=\"n2\""));
    assert_non_null(g_hash_table_lookup(lrm_of(f->node[2].c, "r1")->resources, "d1"));
    assert_null(g_hash_table_lookup(f->node[2].c->local.resources, "d1"));
    end(f);
}

static void
without_a_connection_nothing_is_tried(void **state)
{
    struct fixture *f = running_cluster(2);

    forget_texts(f);
    act(f, "r1", "d1", "Dummy", "start", 0);
    assert_int_equal(f->node[2].runs.length, 0);
    assert_int_equal(f->node[2].writes->len, 0); /* the refusal is for the DC's ears */
    assert_null(g_hash_table_lookup(f->node[2].c->local.resources, "d1"));
    end(f);
}

static void
what_another_host_has_started_is_taken_over(void **state)
{
    struct fixture *f = connected();
    struct lrm *lrm = lrm_of(f->node[2].c, "r1");
    const char *text = "<lrm_resources><lrm_resource id='d1' class='ocf' provider='pacemaker' type='Dummy'>"
                       "<lrm_rsc_op id='d1_monitor_2000' operation='monitor' interval='2000' call-id='9' transition-key='K'/>"
                       "<lrm_rsc_op id='d1_last_0' operation='start' interval='0' call-id='8' transition-key='L'/>"
                       "</lrm_resource><lrm_resource id='broken'/></lrm_resources>";
    g_autoptr(xmlNode) history = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);
    const struct ctl_exec_result failed = {
        .node = "r1", .rsc = "d1", .action = "monitor", .userdata = "K", .interval_ms = 2000, .call_id = 9,
        .status = EXEC_DONE, .rc = OCF_RC_NOT_RUNNING, .params = params,
    };

    lrm_adopt(lrm, history);
    assert_int_equal(g_hash_table_size(lrm->resources), 1);
    forget_texts(f);
    ctl_on_exec_result(f->node[2].c, at(f, &f->node[2]), &failed);
    advance(f, 10);
    assert_true(contains(f->node[2].writes, "transition-magic=\"0:7;K\""));
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_is_not_connected_is_not_running),
        cmocka_unit_test(a_node_that_comes_up_begins_without_history),
        cmocka_unit_test(attempts_are_repeated_while_there_is_time),
        cmocka_unit_test(another_key_is_no_reason_to_try_again),
        cmocka_unit_test(a_monitor_pokes_and_tells_its_first_success_only),
        cmocka_unit_test(silence_ends_the_connection),
        cmocka_unit_test(a_lost_connection_fails_its_monitor_and_what_is_under_way),
        cmocka_unit_test(a_connection_lost_within_a_second_of_its_success_is_lost_later),
        cmocka_unit_test(a_connection_that_is_lost_later_is_lost_when_that_happened),
        cmocka_unit_test(in_maintenance_a_lost_connection_has_been_stopped),
        cmocka_unit_test(a_node_that_asks_to_leave_gets_the_attribute),
        cmocka_unit_test(a_migration_ends_when_the_other_host_has_connected),
        cmocka_unit_test(a_migration_that_nobody_takes_up_is_a_stop),
        cmocka_unit_test(who_takes_a_connection_unasked_gets_it),
        cmocka_unit_test(history_of_a_remote_node_is_its_own),
        cmocka_unit_test(without_a_connection_nothing_is_tried),
        cmocka_unit_test(what_another_host_has_started_is_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
