/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transition graphs: what fires when, what failures stop, aborts and limits.  The fixture is a DC of two nodes with a
 * graph of its own; effects are looked at, not carried out.  (spec 30 §9, §10)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemons/controld/controld_private.h"

#define TE_UUID "b65fade0-0000-4000-8000-000000000ada"

struct fixture {
    struct controld *c;
    GString *started; /* keys of resource actions sent to node2, in order, each with a blank behind */
    unsigned timers;
};

static void
drain(struct fixture *f)
{
    struct ctl_effect *e;

    while ((e = ctl_next_effect(f->c)) != NULL) {
        if (e->kind == CTL_SEND_PEER && text_equal(xml_get(e->xml, F_CRM_TASK), CRM_TASK_LRM_INVOKE)) {
            g_string_append_printf(f->started, "%s ", xml_get(msg_payload(e->xml), "operation_key"));
        }
        f->timers += e->kind == CTL_TIMER_ARM && e->cookie >= TIMER_ACTION(0, 0);
        ctl_effect_free(e);
    }
}

static int
setup(void **state)
{
    const struct ctl_config config = { .node_name = "node1", .node_id = 1, .te_uuid = TE_UUID, .cores = 2 };
    struct fixture *f = g_new0(struct fixture, 1);
    struct controld *c = ctl_new(&config);

    f->c = c;
    f->started = g_string_new(NULL);
    for (uint32_t id = 1; id <= 2; id++) {
        g_autofree char *name = g_strdup_printf("node%u", id);
        struct peer *p = peers_get(c->peers, id, name);

        peers_set_process(c->peers, p, PEER_PROC_CPG, true, 1);
        peers_set_state(c->peers, p, PEER_MEMBER, 1, 1);
        node_extra(c, id)->load = 0;
        node_extra(c, id)->max_jobs = 4;
    }
    g_array_set_size(c->changes, 0);
    c->cluster_connected = c->is_dc = c->cib_connected = c->config_read = true;
    c->state = S_TRANSITION_ENGINE;
    *state = f;
    drain(f);
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    ctl_free(f->c);
    g_string_free(f->started, TRUE);
    g_free(f);
    return 0;
}

/* One synapse with one start on node2 that waits for the actions in `after` (0: none). */
static char *
synapse(int id, int priority, const char *key, int after1, int after2)
{
    GString *s = g_string_new(NULL);

    g_string_append_printf(s,
                           "<synapse id='%d' priority='%d'><action_set><rsc_op id='%d' operation='start' operation_key='%s_start_0' "
                           "on_node='node2' on_node_uuid='2'><primitive id='%s' class='ocf' provider='pacemaker' type='Dummy'/>"
                           "<attributes CRM_meta_timeout='20000'/></rsc_op></action_set><inputs>",
                           id, priority, id, key, key);
    if (after1 != 0) {
        g_string_append_printf(s, "<trigger><rsc_op id='%d'/></trigger>", after1);
    }
    if (after2 != 0) {
        g_string_append_printf(s, "<trigger><rsc_op id='%d'/></trigger>", after2);
    }
    g_string_append(s, "</inputs></synapse>");
    return g_string_free(s, FALSE);
}

static void
load(struct fixture *f, const char *attributes, char *take_synapses)
{
    g_autofree char *text
        = g_strdup_printf("<transition_graph cluster-delay='60s' transition_id='3' %s>%s</transition_graph>", attributes, take_synapses);
    g_autofree char *error = NULL;
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, &error);

    assert_non_null(xml);
    g_free(take_synapses);
    node_extra(f->c, 2)->jobs = 0;
    graph_free(f->c->graph);
    f->c->graph = graph_load(f->c, xml, "test");
    assert_non_null(f->c->graph);
    graph_run(f->c);
    drain(f);
}

/* Tell the DC a result by a patchset, as it arrives from the CIB manager. */
static void
result(struct fixture *f, int action, const char *rsc, int rc)
{
    g_autofree char *key = g_strdup_printf("%d:3:0:" TE_UUID, action);
    g_autofree char *text = g_strdup_printf(
        "<diff format='2'><change operation='modify' path=\"/cib/status/node_state[@id='2']/lrm[@id='2']/lrm_resources/"
        "lrm_resource[@id='%s']/lrm_rsc_op[@id='%s_last_0']\"><change-list/><change-result><lrm_rsc_op id='%s_last_0' "
        "operation_key='%s_start_0' operation='start' transition-key='%s' transition-magic='0:%d;%s' rc-code='%d' op-status='0' "
        "interval='0'/></change-result></change></diff>",
        rsc, rsc, rsc, rsc, key, rc, key, rc);
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    struct ctl_time t = { .ms = 1000, .epoch_us = 1795315976000000 };

    ctl_on_cib_diff(f->c, t, RC_OK, xml, NULL);
    drain(f);
}

static void
assert_started(struct fixture *f, const char *expected)
{
    assert_string_equal(f->started->str, expected);
    g_string_truncate(f->started, 0);
}

static char *
join(char *a, char *b)
{
    char *s = g_strconcat(a, b, NULL);

    g_free(a);
    g_free(b);
    return s;
}

static void
an_action_waits_for_all_its_inputs(void **state)
{
    struct fixture *f = *state;

    load(f, "", join(synapse(1, 0, "a", 2, 3), join(synapse(2, 0, "b", 0, 0), synapse(3, 0, "c", 0, 0))));
    assert_started(f, "b_start_0 c_start_0 ");
    assert_int_equal(f->timers, 2);
    result(f, 2, "b", 0);
    assert_started(f, "");
    result(f, 3, "c", 0);
    assert_started(f, "a_start_0 ");
    assert_false(f->c->graph->complete);
    result(f, 1, "a", 0);
    assert_true(f->c->graph->complete);
    assert_int_equal(f->c->state, S_IDLE);
}

static void
what_follows_a_failed_action_never_runs_and_the_graph_is_calculated_anew(void **state)
{
    struct fixture *f = *state;

    load(f, "", join(synapse(1, 0, "a", 2, 0), synapse(2, 0, "b", 0, 0)));
    assert_started(f, "b_start_0 ");
    result(f, 2, "b", 1);
    assert_started(f, "");
    assert_true(f->c->graph->complete);
    assert_string_equal(f->c->graph->abort_reason, "Event failed");
    assert_int_equal(f->c->state, S_POLICY_ENGINE);
}

static void
a_synapse_of_infinite_priority_runs_after_a_failure(void **state)
{
    struct fixture *f = *state;

    load(f, "", join(synapse(1, SCORE_INFINITY, "a", 2, 0), synapse(2, 0, "b", 0, 0)));
    g_string_truncate(f->started, 0);
    result(f, 2, "b", 1);
    assert_started(f, "a_start_0 ");
}

static void
an_abort_lets_running_actions_end_and_starts_no_new_ones(void **state)
{
    struct fixture *f = *state;

    load(f, "", join(synapse(1, 0, "a", 2, 0), synapse(2, 0, "b", 0, 0)));
    assert_started(f, "b_start_0 ");
    graph_abort(f->c, SCORE_INFINITY, POLICY_RESTART, "Configuration change");
    assert_false(f->c->graph->complete);
    result(f, 2, "b", 0);
    assert_started(f, "");
    assert_true(f->c->graph->complete);
    assert_int_equal(f->c->state, S_POLICY_ENGINE);
}

static void
a_graph_whose_inputs_never_come_is_stuck_and_not_awaited(void **state)
{
    struct fixture *f = *state;

    load(f, "", synapse(1, 0, "a", 99, 0));
    assert_started(f, "");
    assert_true(f->c->graph->complete);
}

static void
a_node_takes_no_more_actions_than_its_limit(void **state)
{
    struct fixture *f = *state;

    node_extra(f->c, 2)->max_jobs = 1;
    load(f, "", join(synapse(1, 0, "a", 0, 0), synapse(2, 0, "b", 0, 0)));
    assert_started(f, "a_start_0 ");
    result(f, 1, "a", 0);
    assert_started(f, "b_start_0 ");
}

static void
load_classes_divide_the_limit(void **state)
{
    static const struct {
        int load, max;
        unsigned started;
    } table[] = { { 0, 4, 4 }, { 1, 4, 2 }, { -1, 4, 2 }, { 0x10, 4, 1 }, { 0x100, 4, 1 }, { 0x10, 1, 1 } };
    struct fixture *f = *state;

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        unsigned n = 0;

        node_extra(f->c, 2)->load = table[i].load;
        node_extra(f->c, 2)->max_jobs = table[i].max;
        load(f, "",
             join(join(synapse(1, 0, "a", 0, 0), synapse(2, 0, "b", 0, 0)),
                  join(join(synapse(3, 0, "c", 0, 0), synapse(4, 0, "d", 0, 0)), synapse(5, 0, "e", 0, 0))));
        for (const char *p = f->started->str; (p = strstr(p, "_start_0")) != NULL; p++) {
            n++;
        }
        g_string_truncate(f->started, 0);
        assert_int_equal(n, table[i].started);
    }
}

/* The class that was announced, -1: none. */
static int
announced(struct fixture *f, double load_1min)
{
    struct ctl_effect *e;
    int class = -1;

    ctl_on_load(f->c, (struct ctl_time){ .ms = 1000 }, load_1min, 0);
    while ((e = ctl_next_effect(f->c)) != NULL) {
        if (e->kind == CTL_SEND_PEER && text_equal(xml_get(e->xml, F_CRM_TASK), CRM_TASK_THROTTLE)) {
            class = (int)xml_get_int(e->xml, F_CRM_LIMIT_MODE, -1);
        }
        ctl_effect_free(e);
    }
    return class;
}

/* Two cores and a threshold of 80 %: low above 1.92, high above 3.2. */
static void
a_high_load_at_the_start_is_believed_with_the_second_sample_only(void **state)
{
    struct fixture *f = *state;

    f->c->opt.load_threshold = 80;
    assert_int_equal(announced(f, 3.3), -1);
    assert_int_equal(announced(f, 3.3), 256);
    assert_int_equal(announced(f, 3.4), -1);
    assert_int_equal(announced(f, 0.1), 0);
}

static void
a_low_load_at_the_start_is_told_at_once(void **state)
{
    struct fixture *f = *state;

    f->c->opt.load_threshold = 80;
    assert_int_equal(announced(f, 0.5), 0);
    assert_int_equal(announced(f, 2.0), 1);
}

static void
the_batch_limit_bounds_all_nodes_together(void **state)
{
    struct fixture *f = *state;

    load(f, "batch-limit='1'", join(synapse(1, 0, "a", 0, 0), synapse(2, 0, "b", 0, 0)));
    assert_started(f, "a_start_0 ");
    result(f, 1, "a", 0);
    assert_started(f, "b_start_0 ");
}

static void
a_guest_is_called_gone_though_the_batch_limit_is_reached(void **state)
{
    struct fixture *f = *state;
    char *fence = g_strdup("<synapse id='2'><action_set><pseudo_event id='2' operation='stonith' operation_key='stonith-guest-reboot'>"
                           "<attributes/><downed><node id='guest'/></downed></pseudo_event></action_set><inputs/></synapse>");

    peers_set_state(f->c->peers, peers_remote_get(f->c->peers, "guest"), PEER_MEMBER, 0, 1);
    load(f, "batch-limit='1'", join(synapse(1, 0, "a", 0, 0), fence));
    assert_started(f, "a_start_0 ");
    assert_int_equal(peers_remote_get(f->c->peers, "guest")->state, PEER_LOST);
}

static void
actions_of_a_lost_node_fail_at_once(void **state)
{
    struct fixture *f = *state;
    struct ctl_time t = { .ms = 2000, .epoch_us = 1795315976000000 };

    load(f, "", join(synapse(1, 0, "a", 2, 0), synapse(2, 0, "b", 0, 0)));
    peers_set_state(f->c->peers, peers_find(f->c->peers, 2, NULL), PEER_LOST, 0, 2);
    ctl_on_membership(f->c, t, 2, true);
    drain(f);
    assert_true(f->c->graph->complete);
    assert_int_equal(f->c->graph->pending, 0);
    assert_string_equal(f->c->graph->abort_reason, "Node failure");
}

static void
an_action_without_result_ends_with_its_timer(void **state)
{
    struct fixture *f = *state;
    struct ctl_time t = { .ms = 2000, .epoch_us = 1795315976000000 };

    load(f, "", synapse(1, 0, "a", 0, 0));
    ctl_on_timer(f->c, t, TIMER_ACTION(f->c->graph->serial, 0));
    drain(f);
    assert_true(f->c->graph->complete);
    assert_string_equal(f->c->graph->abort_reason, "Action lost");
}

static void
a_result_of_another_transition_engine_aborts(void **state)
{
    struct fixture *f = *state;

    load(f, "", synapse(1, 0, "a", 0, 0));
    g_free((char *)f->c->cfg.te_uuid);
    f->c->cfg.te_uuid = g_strdup("00000000-0000-4000-8000-000000000000");
    result(f, 1, "a", 0);
    assert_string_equal(f->c->graph->abort_reason, "Foreign event");
}

static void
degraded_counts_as_success(void **state)
{
    struct fixture *f = *state;

    load(f, "", synapse(1, 0, "a", 0, 0));
    result(f, 1, "a", OCF_RC_DEGRADED);
    assert_true(f->c->graph->complete);
    assert_int_equal(f->c->state, S_IDLE);
}

static void
a_graph_without_cluster_delay_is_refused(void **state)
{
    struct fixture *f = *state;
    g_autoptr(xmlNode) xml = xml_new(NULL, "transition_graph");

    assert_null(graph_load(f->c, xml, "test"));
}

/* ---- which changes of the CIB abort (spec 30 §10.1) ---- */

static const char *
reason_of(struct fixture *f, const char *change)
{
    g_autofree char *text = g_strdup_printf("<diff format='2'>%s</diff>", change);
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    struct ctl_time t = { .ms = 1000, .epoch_us = 1795315976000000 };

    assert_non_null(xml);
    load(f, "", synapse(1, 0, "a", 0, 0));
    f->c->state = S_TRANSITION_ENGINE;
    g_string_truncate(f->started, 0);
    ctl_on_cib_diff(f->c, t, RC_OK, xml, NULL);
    drain(f);
    return f->c->graph->abort_reason;
}

/* What aborts a graph that deletes the history of `a` on node2, when that is done; `resources` are configured. */
static const char *
reason_of_own_deletion(struct fixture *f, const char *resources)
{
    static const char *change = "<change operation='delete' path=\"/cib/status/node_state[@id='2']/lrm[@id='2']/lrm_resources/"
                                "lrm_resource[@id='a']\"/>";
    g_autofree char *cib = g_strdup_printf("<cib><configuration><resources>%s</resources></configuration></cib>", resources);
    g_autofree char *text = g_strdup_printf("<diff format='2'>%s</diff>", change);
    g_autoptr(xmlNode) diff = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    load(f, "", join(g_strdup("<synapse id='1'><action_set><rsc_op id='1' operation='delete' operation_key='a_delete_0' on_node='node2' "
                              "on_node_uuid='2'><primitive id='a' class='ocf' provider='pacemaker' type='Dummy'/><attributes/></rsc_op>"
                              "</action_set><inputs/></synapse>"),
                     synapse(2, 0, "b", 1, 0)));
    pe_forget_cib(f->c);
    f->c->pe.cib = xml_parse(cib, strlen(cib), XML_PARSE_STRICT, NULL);
    match_diff(f->c, diff);
    return f->c->graph->abort_reason;
}

static void
the_deletion_of_what_is_configured_aborts_even_if_the_graph_asked_for_it(void **state)
{
    struct fixture *f = *state;

    assert_null(reason_of_own_deletion(f, "<primitive id='other'/>"));
    assert_string_equal(reason_of_own_deletion(f, "<bundle id='x'><primitive id='a'/></bundle>"), "Resource state removal");
}

static void
changes_abort_by_the_table(void **state)
{
    static const struct {
        const char *change, *reason;
    } table[] = {
        { "<change operation='create' path='/cib/configuration/resources' position='0'><primitive id='x'/></change>", "Configuration change" },
        { "<change operation='move' path=\"/cib/configuration/resources/primitive[@id='x']\" position='1'/>", "Configuration change" },
        { "<change operation='move' path=\"/cib/configuration/constraints/rsc_order[@id='x']\" position='1'/>", NULL },
        { "<change operation='create' path='/cib/status' position='0'><tickets/></change>", "Ticket attribute change" },
        { "<change operation='delete' path=\"/cib/status/node_state[@id='2']/transient_attributes[@id='2']\"/>",
          "Transient attribute change" },
        { "<change operation='delete' path=\"/cib/status/node_state[@id='2']/lrm[@id='2']\"/>", "Resource state removal" },
        { "<change operation='delete' path=\"/cib/status/node_state[@id='2']\"/>", "Node state removal" },
        { "<change operation='delete' path=\"/cib/status/node_state[@id='2']/lrm[@id='2']/lrm_resources/lrm_resource[@id='a']/"
          "lrm_rsc_op[@id='a_monitor_5000']\"/>",
          "Resource operation removal" },
        { "<change operation='modify' path=\"/cib/status/node_state[@id='2']\"><change-list/><change-result>"
          "<node_state id='2' in_ccm='true'/></change-result></change>",
          NULL },
        { "<change operation='modify' path='/cib'><change-list/><change-result><cib epoch='2'/></change-result></change>", NULL },
        { "<change operation='create' path=\"/cib/status/node_state[@id='2']/lrm[@id='2']/lrm_resources\" position='0'>"
          "<lrm_resource id='z' shutdown-lock='0'/></change>",
          "Shutdown lock cleared" },
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *reason = reason_of(f, table[i].change);

        if (table[i].reason == NULL) {
            assert_null(reason);
        } else {
            assert_non_null(reason);
            assert_string_equal(reason, table[i].reason);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(an_action_waits_for_all_its_inputs),
        TEST(what_follows_a_failed_action_never_runs_and_the_graph_is_calculated_anew),
        TEST(a_synapse_of_infinite_priority_runs_after_a_failure),
        TEST(an_abort_lets_running_actions_end_and_starts_no_new_ones),
        TEST(a_graph_whose_inputs_never_come_is_stuck_and_not_awaited),
        TEST(a_node_takes_no_more_actions_than_its_limit),
        TEST(load_classes_divide_the_limit),
        TEST(a_high_load_at_the_start_is_believed_with_the_second_sample_only),
        TEST(a_low_load_at_the_start_is_told_at_once),
        TEST(the_batch_limit_bounds_all_nodes_together),
        TEST(a_guest_is_called_gone_though_the_batch_limit_is_reached),
        TEST(actions_of_a_lost_node_fail_at_once),
        TEST(an_action_without_result_ends_with_its_timer),
        TEST(a_result_of_another_transition_engine_aborts),
        TEST(degraded_counts_as_success),
        TEST(a_graph_without_cluster_delay_is_refused),
        TEST(the_deletion_of_what_is_configured_aborts_even_if_the_graph_asked_for_it),
        TEST(changes_abort_by_the_table),
    };

    return cmocka_run_group_tests_name("controld graph", tests, NULL, NULL);
}
