/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several controllers together: leaving, actions, the endpoint, fencing, asking the scheduler.  (spec 30 §7, §8, §12, §17)
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemons/controld/tests/cluster_fixture.h"

/* ---- leaving ---- */

static void
a_node_that_leaves_asks_the_dc_and_goes_when_it_is_told(void **unused)
{
    struct fixture *f = running_cluster(3);

    ctl_on_terminate(f->node[3].c, at(f, &f->node[3]));
    advance(f, 100);
    assert_true(contains(f->node[1].attrs, "attr_name=\"shutdown\""));
    assert_int_equal(f->node[3].exit_code, -1);

    /* The attribute reaches the CIB; the scheduler lets the node go. */
    f->graph = "<synapse id='0'><action_set><crm_event id='1' operation='do_shutdown' operation_key='do_shutdown-n3' on_node='n3' "
               "on_node_uuid='3'><attributes CRM_meta_op_no_wait='true'/><downed><node id='3'/></downed></crm_event></action_set>"
               "<inputs/></synapse>";
    schedule_anew(f, "Transient attribute change");
    advance(f, 100);
    assert_int_equal(f->node[3].exit_code, CRM_EX_OK);
    assert_true(f->node[3].left_in_order);
    g_ptr_array_set_size(f->node[1].writes, 0);
    tell_membership(f);
    advance(f, 500);
    assert_true(contains(f->node[1].writes, "crmd=\"offline\" join=\"down\" expected=\"down\""));
    assert_false(contains(f->node[1].writes, "expected=\"pending\""));
    end(f);
}

/* The attribute manager that held the request died: without a new one the node would never be let go. */
static void
a_request_to_leave_that_is_lost_is_repeated(void **unused)
{
    struct fixture *f = running_cluster(3);

    ctl_on_terminate(f->node[3].c, at(f, &f->node[3]));
    advance(f, 100);
    g_ptr_array_set_size(f->node[1].attrs, 0);
    advance(f, 60000);
    assert_false(contains(f->node[1].attrs, "attr_name=\"shutdown\"")); /* it is there: nothing disturbs the transition */
    f->no_shutdown_attribute = true;
    advance(f, 20000);
    assert_true(contains(f->node[1].attrs, "attr_name=\"shutdown\""));
    assert_true(contains(f->node[1].attrs, "attr_host=\"n3\""));
    end(f);
}

static void
a_dc_that_leaves_finishes_its_graph_first(void **unused)
{
    struct fixture *f = running_cluster(2);

    ctl_on_terminate(f->node[1].c, at(f, &f->node[1]));
    advance(f, 100);
    f->graph = "<synapse id='0'><action_set><crm_event id='1' operation='do_shutdown' operation_key='do_shutdown-n1' on_node='n1' "
               "on_node_uuid='1'><attributes CRM_meta_op_no_wait='true'/><downed><node id='1'/></downed></crm_event></action_set>"
               "<inputs/></synapse>";
    schedule_anew(f, "Transient attribute change");
    advance(f, 6000);
    assert_int_equal(f->node[1].exit_code, CRM_EX_OK);
    assert_true(contains(f->node[1].writes, "expected=\"down\""));
    tell_membership(f);
    advance(f, 500);
    assert_string_equal(state(f, 2), "S_IDLE");
    end(f);
}

/* The stack goes down because the scheduler cannot work: the DC must not wait for it. */
static void
a_dc_that_leaves_does_not_wait_for_ever_for_a_scheduler(void **unused)
{
    struct fixture *f = running_cluster(1);
    struct node *n = &f->node[1];

    pe_disconnect(n->c);
    event_end(n->c);
    drain(f);
    ctl_on_terminate(n->c, at(f, n));
    graph_abort(n->c, SCORE_INFINITY, POLICY_RESTART, "Transient attribute change");
    event_end(n->c);
    n->no_scheduler = true;
    advance(f, 2500);
    assert_int_equal(n->exit_code, -1); /* it may come back */
    advance(f, 5000);
    assert_int_equal(n->exit_code, CRM_EX_OK);
    end(f);
}

static void
a_second_signal_ends_the_wait(void **unused)
{
    struct fixture *f = running_cluster(3);

    ctl_on_terminate(f->node[3].c, at(f, &f->node[3]));
    advance(f, 100);
    ctl_on_terminate(f->node[3].c, at(f, &f->node[3]));
    drain(f);
    assert_int_equal(f->node[3].exit_code, CRM_EX_ERROR);
    end(f);
}

/* The members take who left in order for one with nothing left to lose. */
static void
who_fails_while_leaving_does_not_leave_its_group_in_order(void **unused)
{
    struct fixture *f = running_cluster(3);

    ctl_on_terminate(f->node[3].c, at(f, &f->node[3]));
    advance(f, 100);
    ctl_on_cib_lost(f->node[3].c, at(f, &f->node[3]));
    advance(f, 6000);
    assert_true(f->node[3].exit_code > CRM_EX_OK);
    assert_false(f->node[3].left_in_order);
    end(f);
}

static void
a_signal_before_the_start_is_complete_ends_cleanly(void **unused)
{
    struct fixture *f = new_cluster(1);

    start(f, 1);
    ctl_on_terminate(f->node[1].c, at(f, &f->node[1]));
    advance(f, 6000);
    assert_int_equal(f->node[1].exit_code, CRM_EX_OK);
    end(f);
}

/* ---- actions ---- */

static void
an_action_of_the_graph_runs_on_its_node_and_is_recorded_there(void **unused)
{
    struct fixture *f = running_cluster(2);

    f->graph = "<synapse id='0'><action_set><rsc_op id='4' operation='start' operation_key='r1_start_0' on_node='n2' on_node_uuid='2'>"
               "<primitive id='r1' class='ocf' provider='pacemaker' type='Dummy'/><attributes CRM_meta_timeout='20000' pa='a1'/></rsc_op>"
               "</action_set><inputs/></synapse>";
    schedule_anew(f, "Configuration change");
    advance(f, 100);
    assert_true(contains(f->node[2].writes, "transition-magic=\"0:0;4:"));
    assert_true(contains(f->node[2].writes, "op-digest=\"7abd90c5132d7d6911874ed03a6a0000\""));
    assert_true(contains(f->node[2].writes, "on_node=\"n2\""));
    assert_false(f->node[1].c->graph->complete); /* the DC learns it from the CIB, which says nothing in this test */
    end(f);
}

/* A clean-up that comes between the start of a monitor and its first result. */
static void
an_operation_whose_resource_is_deleted_is_not_waited_for(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct node *n = &f->node[2];
    struct delete_request *d = g_new0(struct delete_request, 1);

    n->slow_agents = true;
    f->graph = "<synapse id='0'><action_set><rsc_op id='4' operation='monitor' operation_key='r1_monitor_10000' on_node='n2' on_node_uuid='2'>"
               "<primitive id='r1' class='ocf' provider='pacemaker' type='Dummy'/>"
               "<attributes CRM_meta_timeout='20000' CRM_meta_interval='10000'/></rsc_op></action_set><inputs/></synapse>";
    schedule_anew(f, "Configuration change");
    advance(f, 100);
    assert_int_equal(n->runs.length, 1);
    assert_false(f->node[1].c->graph->complete);

    d->rsc = g_strdup("r1");
    d->lrm = &n->c->local;
    d->node = g_strdup("n2");
    lrm_finish_deletion(n->c, d);
    event_end(n->c);
    advance(f, 100);
    assert_true(f->node[1].c->graph->complete);
    end(f);
}

static void
an_action_through_a_node_that_is_gone_fails_at_once(void **unused)
{
    struct fixture *f = running_cluster(2);

    f->graph = "<synapse id='0'><action_set><rsc_op id='4' operation='start' operation_key='r1_start_0' on_node='rem1' "
               "on_node_uuid='rem1' router_node='n9'><primitive id='r1' class='ocf' provider='pacemaker' type='Dummy'/>"
               "<attributes CRM_meta_timeout='20000'/></rsc_op></action_set><inputs/></synapse>";
    schedule_anew(f, "Configuration change");
    advance(f, 100);
    assert_true(f->node[1].c->graph->complete);
    end(f);
}

static void
a_start_is_refused_while_the_node_shuts_down(void **unused)
{
    struct fixture *f = running_cluster(2);
    g_autoptr(xmlNode) msg = NULL;
    const char *text = "<rsc_op operation='start' operation_key='r1_start_0' on_node='n2' transition-key='1:1:0:x'>"
                       "<primitive id='r1' class='ocf' provider='pacemaker' type='Dummy'/><attributes/></rsc_op>";

    f->node[2].c->shutdown = true;
    msg = msg_new(f->node[1].c, CRM_TASK_LRM_INVOKE, SYS_LRMD, SYS_TENGINE, "n2", xml_parse(text, strlen(text), 0, NULL));
    g_string_truncate(f->tasks, 0);
    ctl_on_peer_message(f->node[2].c, at(f, &f->node[2]), 1, "n1", msg);
    advance(f, 10);
    assert_non_null(strstr(f->tasks->str, "lrm_invoke ")); /* the direct refusal */
    assert_int_equal(f->node[2].calls, 0);
    end(f);
}

static void
a_controller_that_is_starting_leaves_alone_what_its_predecessor_was_asked(void **unused)
{
    struct fixture *f = new_cluster(2);
    g_autoptr(xmlNode) msg = NULL;
    const char *text = "<rsc_op operation='monitor' operation_key='r1_monitor_0' on_node='n2' transition-key='1:1:7:x'>"
                       "<primitive id='r1' class='ocf' provider='pacemaker' type='Dummy'/><attributes/></rsc_op>";

    start(f, 1);
    start(f, 2); /* nobody has told it yet who is there */
    assert_string_equal(state(f, 2), "S_STARTING");
    msg = msg_new(f->node[1].c, CRM_TASK_LRM_INVOKE, SYS_LRMD, SYS_TENGINE, "n2", xml_parse(text, strlen(text), 0, NULL));
    ctl_on_peer_message(f->node[2].c, at(f, &f->node[2]), 1, "n1", msg);
    advance(f, 10);
    assert_int_equal(f->node[2].calls, 0);
    assert_false(contains(f->node[2].writes, "r1"));
    end(f);
}

/* ---- the endpoint ---- */

static const char *
ask(struct fixture *f, unsigned i, const char *task, const char *to, const char *host, struct ctl_effect **reply)
{
    const struct ctl_client client = { .id = "c1-uuid", .name = "root", .privileged = true };
    g_autoptr(xmlNode) msg = msg_new(f->node[i].c, task, to, "123_test", host, NULL);
    struct ctl_effect *e;

    ctl_on_client_message(f->node[i].c, at(f, &f->node[i]), &client, msg);
    while ((e = ctl_next_effect(f->node[i].c)) != NULL) {
        if (e->kind == CTL_SEND_CLIENT) {
            *reply = e;
            return xml_get(e->xml, F_REFERENCE);
        }
        carry_out(f, &f->node[i], e);
        ctl_effect_free(e);
    }
    return NULL;
}

static void
node_info_tells_of_this_node(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct ctl_effect *e = NULL;
    const xmlNode *data;

    assert_non_null(ask(f, 2, CRM_TASK_NODE_INFO, SYS_CRMD, NULL, &e));
    data = msg_payload(e->xml);
    assert_string_equal(e->client, "c1-uuid");
    assert_string_equal(xml_get(data, "id"), "2");
    assert_string_equal(xml_get(data, "uname"), "n2");
    assert_string_equal(xml_get(data, "crmd"), "member");
    assert_string_equal(xml_get(data, "have-quorum"), "true");
    assert_string_equal(xml_get(data, "remote_node"), "false");
    ctl_effect_free(e);
    end(f);
}

static void
a_ping_of_the_dc_says_who_it_is_and_its_state(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct ctl_effect *e = NULL;

    assert_non_null(ask(f, 1, CRM_TASK_PING, SYS_DC, NULL, &e));
    assert_string_equal(xml_get(e->xml, F_SRC), "n1");
    assert_string_equal(xml_get(msg_payload(e->xml), F_PING_CRMD_STATE), "S_IDLE");
    assert_string_equal(xml_get(msg_payload(e->xml), F_PING_SUBSYSTEM), "dc");
    ctl_effect_free(e);
    end(f);
}

static void
a_bad_hello_costs_the_connection(void **unused)
{
    struct fixture *f = running_cluster(1);
    const struct ctl_client client = { .id = "c1-uuid", .name = "root" };
    g_autoptr(xmlNode) msg = msg_new(f->node[1].c, CRM_TASK_HELLO, NULL, "1_x", NULL, NULL);
    struct ctl_effect *e;

    ctl_on_client_message(f->node[1].c, at(f, &f->node[1]), &client, msg);
    e = ctl_next_effect(f->node[1].c);
    assert_non_null(e);
    assert_int_equal(e->kind, CTL_DROP_CLIENT);
    ctl_effect_free(e);
    end(f);
}

/* The controller may do in the CIB what its clients may not. */
static void
a_client_cannot_choose_what_is_deleted_by_an_odd_name(void **unused)
{
    static const char *const REQUESTS[] = {
        "<rsc_op on_node='n1'><primitive id=\"a']|//acls|//*[@id='\"/><attributes/></rsc_op>",
        "<rsc_op on_node=\"x']|//acls|//*[@id='\"><primitive id='a'/><attributes/></rsc_op>",
    };
    static const char *const TASKS[] = { CRM_TASK_CLEAR_FAILCOUNT, CRM_TASK_LRM_DELETE };
    const struct ctl_client client = { .id = "c1-uuid", .name = DAEMON_USER, .privileged = true };
    struct fixture *f = running_cluster(1);

    for (unsigned i = 0; i < G_N_ELEMENTS(REQUESTS) * G_N_ELEMENTS(TASKS); i++) {
        const char *text = REQUESTS[i / G_N_ELEMENTS(TASKS)];
        g_autoptr(xmlNode) msg = msg_new(f->node[1].c, TASKS[i % G_N_ELEMENTS(TASKS)], SYS_CRMD, "123_test", NULL,
                                         xml_parse(text, strlen(text), 0, NULL));

        ctl_on_client_message(f->node[1].c, at(f, &f->node[1]), &client, msg);
        advance(f, 10);
        assert_false(contains(f->node[1].writes, "acls"));
    }
    end(f);
}

static void
what_daemons_say_to_each_other_is_not_taken_from_just_anybody(void **unused)
{
    static const struct {
        const char *task, *to, *text;
    } requests[] = {
        { CRM_TASK_LRM_INVOKE, SYS_LRMD, "<rsc_op operation='start'><primitive id='evil' class='ocf' provider='heartbeat' type='anything'/></rsc_op>" },
        { CRM_TASK_LRM_INVOKE, SYS_TENGINE, "<lrmd/>" },
        { CRM_TASK_LRM_DELETE, SYS_TENGINE, "<lrmd/>" },
        { CRM_TASK_DO_SHUTDOWN, SYS_CRMD, "<x/>" },
        { CRM_TASK_REQ_SHUTDOWN, SYS_DC, "<x/>" },
        { CRM_TASK_CLEAR_FAILCOUNT, SYS_CRMD, "<rsc_op on_node='n1'><primitive id='a'/><attributes/></rsc_op>" },
    };
    const struct ctl_client client = { .id = "c1-uuid", .name = "somebody" };
    struct fixture *f = running_cluster(1);

    for (unsigned i = 0; i < G_N_ELEMENTS(requests); i++) {
        unsigned writes = f->node[1].writes->len;
        g_autoptr(xmlNode) msg = msg_new(f->node[1].c, requests[i].task, requests[i].to, "123_test", NULL,
                                         xml_parse(requests[i].text, strlen(requests[i].text), 0, NULL));

        ctl_on_client_message(f->node[1].c, at(f, &f->node[1]), &client, msg);
        assert_null(ctl_next_effect(f->node[1].c));
        advance(f, 10);
        assert_int_equal(f->node[1].writes->len, writes);
        assert_true(g_queue_is_empty(&f->node[1].runs));
        assert_string_equal(state(f, 1), "S_IDLE");
    }
    end(f);
}

static void
being_fenced_and_alive_ends_the_node_for_good(void **unused)
{
    struct fixture *f = running_cluster(2);
    const struct ctl_fence_event event = {
        .target = "n2", .action = "reboot", .executor = "n1", .origin = "n1", .client = "stonith_admin.1", .id = "x", .status = EXEC_DONE
    };

    ctl_on_fence_event(f->node[2].c, at(f, &f->node[2]), &event);
    drain(f);
    assert_int_equal(f->node[2].exit_code, CRM_EX_FATAL);
    end(f);
}

static void
fencing_by_somebody_else_is_recorded_by_the_dc(void **unused)
{
    struct fixture *f = running_cluster(2);
    const struct ctl_fence_event event = {
        .target = "n2", .action = "off", .executor = "n1", .origin = "n1", .client = "stonith_admin.1", .id = "x", .status = EXEC_DONE
    };
    unsigned graphs = f->graphs;

    ctl_on_fence_event(f->node[1].c, at(f, &f->node[1]), &event);
    advance(f, 100);
    assert_true(contains(f->node[1].writes, "uname=\"n2\" join=\"down\" expected=\"down\""));
    assert_true(contains(f->node[1].writes, "delete //node_state[@uname='n2']/*"));
    assert_true(f->graphs > graphs);
    end(f);
}

/* ---- asking the scheduler (spec 30 §8) ---- */

/* Something new in the configuration; told to the DC if it wants to hear of it. */
static void
change_cib(struct fixture *f, const char *path, const char *what)
{
    struct node *dc = &f->node[1];
    g_autofree char *text = g_strdup_printf(
        "<diff format='2'><version><source admin_epoch='0' epoch='%u' num_updates='1'/><target admin_epoch='0' epoch='%u' num_updates='1'/></version>"
        "<change operation='create' path='%s' position='0'>%s</change>"
        "<change operation='modify' path='/cib'><change-list/><change-result><cib admin_epoch='0' epoch='%u' num_updates='1'/></change-result>"
        "</change></diff>", f->epoch, f->epoch + 1, path, what, f->epoch + 1);
    g_autoptr(xmlNode) diff = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    g_autoptr(xmlNode) root = xml_new(NULL, "generation_tuple");

    assert_non_null(diff);
    f->epoch++;
    xml_set(root, "update-client", "cibadmin");
    if (dc->interest == NULL || strstr(dc->interest, path) == dc->interest) {
        ctl_on_cib_diff(dc->c, at(f, dc), RC_OK, diff, root);
        settle(f);
    }
}

static void
set_option(struct fixture *f)
{
    g_autofree char *set = g_strdup_printf("<cluster_property_set id='set-%u'/>", f->epoch + 1);

    change_cib(f, "/cib/configuration/crm_config", set);
}

static bool
asked_with(const struct node *n, const char *what)
{
    g_autofree char *text = n->request != NULL ? xml_to_text(n->request, XML_TEXT_PLAIN) : NULL;

    return text != NULL && strstr(text, what) != NULL;
}

static void
the_cib_is_read_once_and_then_followed(void **unused)
{
    struct fixture *f = running_cluster(1);
    unsigned queries = f->node[1].queries;

    while (f->epoch < 9) {
        set_option(f);
        advance(f, 2000);
    }
    assert_int_equal(f->node[1].queries, queries);
    assert_true(asked_with(&f->node[1], "set-6"));
    assert_true(asked_with(&f->node[1], "set-9"));
    assert_true(asked_with(&f->node[1], "epoch=\"9\""));
    assert_true(asked_with(&f->node[1], "update-client=\"cibadmin\""));
    end(f);
}

static void
a_copy_that_missed_a_change_is_read_anew(void **unused)
{
    struct fixture *f = running_cluster(1);
    unsigned queries = f->node[1].queries;

    f->epoch++; /* nobody told of this one */
    set_option(f);
    advance(f, 2000);
    assert_true(f->node[1].queries > queries);
    assert_string_equal(state(f, 1), "S_IDLE");
    end(f);
}

static void
a_storm_of_changes_does_not_ask_the_scheduler_for_each(void **unused)
{
    struct fixture *f = running_cluster(1);
    unsigned graphs = f->graphs;

    while (f->epoch < 205) {
        set_option(f);
        advance(f, 2);
    }
    assert_true(f->graphs - graphs <= 12); /* 400 ms, one in 40 ms */
    advance(f, 2000);
    assert_true(asked_with(&f->node[1], "set-205"));
    assert_string_equal(state(f, 1), "S_IDLE");
    end(f);
}

static void
a_configuration_that_does_not_stop_changing_is_not_looked_at_for_a_while_and_then_read_anew(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct node *dc = &f->node[1];
    unsigned queries;

    dc->slow_scheduler = true;
    for (unsigned i = 0; dc->interest == NULL; i++) {
        assert_in_range(i, 0, 200);
        change_cib(f, "/cib/configuration", "<tags/>");
        advance(f, 10);
    }
    assert_non_null(strstr(dc->interest, "-/cib/configuration"));
    queries = dc->queries;
    for (unsigned i = 0; i < 10; i++) {
        change_cib(f, "/cib/configuration", "<tags/>");
        advance(f, 10);
    }
    assert_int_equal(dc->queries, queries);
    dc->slow_scheduler = false;
    advance(f, 700);
    assert_null(dc->interest);
    assert_int_equal(dc->queries, queries + 1);
    assert_int_equal(xml_get_int(xml_first(xml_first(dc->request, "crm_xml"), "cib"), "epoch", 0), f->epoch);
    assert_int_equal(dc->c->state, S_IDLE);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cib_is_read_once_and_then_followed),
        cmocka_unit_test(a_copy_that_missed_a_change_is_read_anew),
        cmocka_unit_test(a_storm_of_changes_does_not_ask_the_scheduler_for_each),
        cmocka_unit_test(a_configuration_that_does_not_stop_changing_is_not_looked_at_for_a_while_and_then_read_anew),
        cmocka_unit_test(a_node_that_leaves_asks_the_dc_and_goes_when_it_is_told),
        cmocka_unit_test(a_request_to_leave_that_is_lost_is_repeated),
        cmocka_unit_test(a_dc_that_leaves_finishes_its_graph_first),
        cmocka_unit_test(a_dc_that_leaves_does_not_wait_for_ever_for_a_scheduler),
        cmocka_unit_test(a_second_signal_ends_the_wait),
        cmocka_unit_test(who_fails_while_leaving_does_not_leave_its_group_in_order),
        cmocka_unit_test(a_signal_before_the_start_is_complete_ends_cleanly),
        cmocka_unit_test(an_action_of_the_graph_runs_on_its_node_and_is_recorded_there),
        cmocka_unit_test(an_operation_whose_resource_is_deleted_is_not_waited_for),
        cmocka_unit_test(an_action_through_a_node_that_is_gone_fails_at_once),
        cmocka_unit_test(a_start_is_refused_while_the_node_shuts_down),
        cmocka_unit_test(a_controller_that_is_starting_leaves_alone_what_its_predecessor_was_asked),
        cmocka_unit_test(node_info_tells_of_this_node),
        cmocka_unit_test(a_ping_of_the_dc_says_who_it_is_and_its_state),
        cmocka_unit_test(a_bad_hello_costs_the_connection),
        cmocka_unit_test(a_client_cannot_choose_what_is_deleted_by_an_odd_name),
        cmocka_unit_test(what_daemons_say_to_each_other_is_not_taken_from_just_anybody),
        cmocka_unit_test(being_fenced_and_alive_ends_the_node_for_good),
        cmocka_unit_test(fencing_by_somebody_else_is_recorded_by_the_dc),
    };

    return cmocka_run_group_tests_name("controld cluster", tests, NULL, NULL);
}
