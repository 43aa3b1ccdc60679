/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transition graph as text and as a tree, and its execution on a CIB.  (spec 42 §11-§13)
 */
#include "lib/sched/tests/world.h"

#define QUIET NO_FENCING NO_PROBES

static const struct history a_runs_on_n1[] = {{"A", "n1", "start", 0, 0}, {NULL}};

/* --- graph --- */

static int
collect(void *data, const char *text, size_t len)
{
    g_string_append_len(data, text, (gssize) len);
    return 0;
}

static int
refuse(void *data, const char *text, size_t len)
{
    ++*(unsigned *) data;
    return ENOSPC;
}

static const xmlNode *
find_action(const xmlNode *graph, const char *key, const char *node)
{
    xml_for_each(synapse, graph, "synapse") {
        const xmlNode *action = xml_first(xml_first(synapse, "action_set"), NULL);

        if (text_equal(xml_get(action, "operation_key"), key) && (node == NULL || text_equal(xml_get(action, "on_node"), node))) {
            return action;
        }
    }
    return NULL;
}

static void
the_text_of_a_graph_is_that_of_its_tree(void **state)
{
    static const char resources[] = "<clone id='C'>" META("cm", "notify", "true") DUMMY("c") "</clone><group id='G'>"
        DUMMY("g1") DUMMY_WITH("g2", "<instance_attributes id='i'><nvpair id='i1' name='weird' value='&lt;&quot;&apos;&amp;&#10;'/>"
                                     "<nvpair id='i2' name='1digit' value='x'/></instance_attributes>") "</group>";
    struct world w = world_run(NO_FENCING, resources, THEN("C", "G"), NULL);
    xmlNode *graph = sched_graph_new(w.s, 3);
    g_autofree char *tree = xml_to_text(graph, XML_TEXT_FORMATTED);
    GString *text = g_string_new(NULL);

    world_free(&w);
    w = world_run(NO_FENCING, resources, THEN("C", "G"), NULL);
    assert_int_equal(sched_graph_write(w.s, 3, collect, text), 0);
    assert_string_equal(text->str, tree);
    assert_non_null(strstr(tree, "<param name=\"1digit\" value=\"x\"/>"));
    g_string_free(text, TRUE);
    xml_free(graph);
    world_free(&w);
}

static void
a_writer_that_fails_is_not_called_again_and_its_error_comes_back(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), "", NULL);
    unsigned calls = 0;

    assert_int_equal(sched_graph_write(w.s, 0, refuse, &calls), ENOSPC);
    assert_int_equal(calls, 1);
    world_free(&w);
}

static void
an_action_names_its_node_its_agent_and_its_timeout(void **state)
{
    struct world w = world_run(QUIET, DUMMY_WITH("A", "<operations><op id='o' name='start' interval='0' timeout='77s'/>"
                                                      "</operations>"), PREFER("A", "n2"), NULL);
    xmlNode *graph = sched_graph_new(w.s, 0);
    const xmlNode *start = find_action(graph, "A_start_0", "n2");

    assert_non_null(start);
    assert_string_equal(xml_name(start), "rsc_op");
    assert_string_equal(xml_get(start, "on_node_uuid"), "2");
    assert_string_equal(xml_get(xml_first(start, "primitive"), "type"), "Dummy");
    assert_string_equal(xml_get(xml_first(start, "attributes"), "CRM_meta_timeout"), "77000");
    xml_free(graph);
    world_free(&w);
}

static void
attributes_are_in_the_order_of_their_names(void **state)
{
    struct world w = world_run(QUIET, DUMMY_WITH("A", "<instance_attributes id='i'><nvpair id='i1' name='zeta' value='1'/>"
                                                      "<nvpair id='i2' name='alpha' value='2'/></instance_attributes>"), "", NULL);
    xmlNode *graph = sched_graph_new(w.s, 0);
    const xmlNode *attrs = xml_first(find_action(graph, "A_start_0", NULL), "attributes");

    for (const xmlAttr *a = attrs->properties; a->next != NULL; a = a->next) {
        assert_true(strcmp((const char *) a->name, (const char *) a->next->name) < 0);
    }
    xml_free(graph);
    world_free(&w);
}

static void
what_is_done_already_is_not_in_the_graph(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), "", a_runs_on_n1);
    xmlNode *graph = sched_graph_new(w.s, 0);

    assert_null(xml_first(graph, "synapse"));
    xml_free(graph);
    world_free(&w);
}

static void
the_inputs_of_an_action_are_those_it_waits_for(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), PREFER("A", "n2"), a_runs_on_n1);
    xmlNode *graph = sched_graph_new(w.s, 0);
    const xmlNode *stop = find_action(graph, "A_stop_0", "n1"), *start = find_action(graph, "A_start_0", "n2");
    const xmlNode *trigger = xml_first(xml_next(start->parent, "inputs"), "trigger");

    assert_string_equal(xml_id(xml_first(trigger, "rsc_op")), xml_id(stop));
    assert_null(xml_next(trigger, "trigger"));
    xml_free(graph);
    world_free(&w);
}

/* --- execution --- */

struct events {
    GString *text;
};

static void
tell(void *data, const struct sim_event *e)
{
    struct events *events = data;

    if (e->kind == SIM_RSC_ACTION) {
        g_string_append_printf(events->text, "%s %s %s;", e->rsc, e->task, e->node);
    }
}

/* Execute what a world plans; `fail` may be NULL. */
static enum sim_outcome
execute(struct world *w, struct events *events, char **fail)
{
    struct sim sim = {.cib = w->cib, .now = NOW, .tell = tell, .data = events};
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    xmlNode *graph = sched_graph_new(w->s, 0);
    enum sim_outcome outcome;

    events->text = g_string_new(NULL);
    sched_actions_free(w->s);
    sched_free(w->s);
    outcome = sim_execute(&sim, graph, fail, names);
    g_hash_table_destroy(names);
    xml_free(graph);
    w->s = sched_new(w->cib, NOW, SCHED_QUIET);
    sched_run(w->s);
    return outcome;
}

static void
executing_a_move_leaves_the_resource_on_its_new_node_and_nothing_more_to_do(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), PREFER("A", "n2"), a_runs_on_n1);
    struct events events;

    assert_int_equal(execute(&w, &events, NULL), SIM_COMPLETE);
    assert_string_equal(events.text->str, "A stop n1;A start n2;");
    assert_string_equal(rsc_current_node(sched_rsc_by_id(w.s, "A"), NULL, NULL)->uname, "n2");
    assert_false(is_planned(&w, "A", "stop", NULL));
    assert_false(is_planned(&w, "A", "start", NULL));
    g_string_free(events.text, TRUE);
    world_free(&w);
}

static void
an_action_that_is_told_to_fail_ends_the_transition_and_is_recovered_from_next(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A") DUMMY("B"), THEN("A", "B") PREFER("A", "n1"), NULL);
    char *fail[] = {(char *) "A_start_0@n1=1", NULL};
    struct events events;

    assert_int_equal(execute(&w, &events, fail), SIM_ABORTED);
    assert_string_equal(events.text->str, "A start n1;");
    assert_true(rsc_is(sched_rsc_by_id(w.s, "A"), RSC_FAILED));
    assert_true(is_planned(&w, "A", "stop", "n1"));
    assert_true(is_planned(&w, "A", "start", NULL));
    g_string_free(events.text, TRUE);
    world_free(&w);
}

static void
an_order_is_kept_while_executing(void **state)
{
    struct world w = world_run(QUIET, DUMMY("C") DUMMY("B") DUMMY("A"), THEN("A", "B") THEN("B", "C") PREFER("A", "n1")
                               PREFER("B", "n1") PREFER("C", "n1"), NULL);
    struct events events;

    assert_int_equal(execute(&w, &events, NULL), SIM_COMPLETE);
    assert_string_equal(events.text->str, "A start n1;B start n1;C start n1;");
    g_string_free(events.text, TRUE);
    world_free(&w);
}

static void
injected_operations_are_part_of_the_history(void **state)
{
    struct world w = world_run(QUIET, DUMMY("A"), "", a_runs_on_n1);
    struct events events = {.text = g_string_new(NULL)};
    struct sim sim = {.cib = w.cib, .now = NOW, .tell = tell, .data = &events};
    char *ops[] = {(char *) "A_monitor_10000@n1=7", NULL};
    struct sim_injections injections = {.ops = ops};

    sched_actions_free(w.s);
    sched_free(w.s);
    assert_true(sim_injections_any(&injections));
    sim_inject(&sim, &injections);
    w.s = sched_new(w.cib, NOW, SCHED_QUIET);
    sched_run(w.s);
    assert_true(rsc_is(sched_rsc_by_id(w.s, "A"), RSC_FAILED));
    assert_true(is_planned(&w, "A", "stop", "n1"));
    g_string_free(events.text, TRUE);
    world_free(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_of_a_graph_is_that_of_its_tree),
        cmocka_unit_test(a_writer_that_fails_is_not_called_again_and_its_error_comes_back),
        cmocka_unit_test(an_action_names_its_node_its_agent_and_its_timeout),
        cmocka_unit_test(attributes_are_in_the_order_of_their_names),
        cmocka_unit_test(what_is_done_already_is_not_in_the_graph),
        cmocka_unit_test(the_inputs_of_an_action_are_those_it_waits_for),
        cmocka_unit_test(executing_a_move_leaves_the_resource_on_its_new_node_and_nothing_more_to_do),
        cmocka_unit_test(an_action_that_is_told_to_fail_ends_the_transition_and_is_recovered_from_next),
        cmocka_unit_test(an_order_is_kept_while_executing),
        cmocka_unit_test(injected_operations_are_part_of_the_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
