/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager's core, rule by rule: values, delays, what clients ask for.  (spec 70 §2 to §5, §9)
 */
#include "daemons/attrd/tests/group.h"

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"

#include <stdio.h>
#include <string.h>

/* --- values --- */

static void
a_value_is_known_everywhere_and_written_by_the_writer_alone(void **state)
{
    struct fixture *f = group(3);
    unsigned writer = the_writer(f);

    set(f, 1, "a", "x");
    assert_everywhere(f, "a", "b2", "x");
    assert_string_equal(xml_id(written(f, writer, "2", "a")), "status-2-a");
    for (unsigned i = 0; i < NODES; i++) {
        assert_true(i == writer || writes(f, i) == 0);
    }
    end(f);
}

static void
a_value_that_differs_only_in_case_is_no_change(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "abc");
    before = writes(f, 0);
    set(f, 0, "a", "ABC");
    assert_value(f, 0, "a", "b1", "abc");
    assert_int_equal(writes(f, 0), before);
    end(f);
}

static void
node_names_compare_without_case(void **state)
{
    struct fixture *f = group(1);

    set_for(f, 0, "a", "B1", "1");
    assert_value(f, 0, "a", "b1", "1");
    end(f);
}

static void
the_empty_text_is_a_value(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "");
    assert_value(f, 0, "a", "b1", "");
    assert_written(f, 0, "1", "a", "");
    assert_null(xml_get(written(f, 0, "1", "a"), "__delete__"));
    end(f);
}

static void
an_unset_value_is_deleted_from_the_cib(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    set(f, 0, "a", NULL);
    assert_value(f, 0, "a", "b1", NULL);
    assert_string_equal(xml_get(written(f, 0, "1", "a"), "__delete__"), "value");
    assert_int_equal(last_write(f, 0)->options, 1048960);
    end(f);
}

static void
unsetting_what_never_was_writes_nothing(void **state)
{
    struct fixture *f = group(1);
    unsigned before = writes(f, 0);

    set(f, 0, "a", NULL);
    assert_int_equal(writes(f, 0), before);
    end(f);
}

static void
ids_have_dots_instead_of_colons_and_hashes(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "#x:y", "1");
    assert_string_equal(xml_id(written(f, 0, "1", "#x:y")), "status-1-.x.y");
    end(f);
}

static void
a_set_given_at_creation_stays(void **state)
{
    struct fixture *f = group(1);

    change(f, 0, &(struct attrd_update){ .name = "a", .value = "1", .set = "mine" });
    assert_string_equal(xml_id(written(f, 0, "1", "a")), "mine-a");
    change(f, 0, &(struct attrd_update){ .name = "a", .value = "2", .set = "other" });
    assert_string_equal(xml_id(written(f, 0, "1", "a")), "mine-a");
    end(f);
}

static void
a_private_value_is_shared_but_never_written(void **state)
{
    struct fixture *f = group(2);
    unsigned before = writes(f, the_writer(f));

    change(f, 0, &(struct attrd_update){ .name = "p", .value = "x", .flags = ATTRD_UPDATE_PRIVATE });
    assert_everywhere(f, "p", "b1", "x");
    assert_int_equal(writes(f, the_writer(f)), before);
    end(f);
}

static void
each_written_value_causes_an_alert(void **state)
{
    struct fixture *f = group(2);
    unsigned writer = the_writer(f);
    unsigned before;

    set(f, 0, "a", "1");
    before = f->node[writer].alerts;
    set(f, 1, "a", "2");
    assert_int_equal(f->node[writer].alerts - before, 2); /* both nodes' values are in the request */
    end(f);
}

static const struct {
    const char *before, *request, *after;
} counting[] = {
    { NULL, "value++", "1" },
    { "1", "value++", "2" },
    { "2", "value+=5", "7" },
    { "7", "value+=-9", "-2" },
    { "INFINITY", "value++", "1000000" },
    { "999999", "value+=5", "1000000" },
    { "0", "value+=-3000000", "-1000000" },
    { "red", "value++", "1" },
    { "4", "xxxxx++", "5" },
    { "4", "value++ignored", "5" },
    { "4", "value+", "value+" },
    { "4", "value-=1", "value-=1" },
};

static void
values_count_as_the_table_says(void **state)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(counting); i++) {
        struct fixture *f = group(1);

        set(f, 0, "n", counting[i].before);
        set(f, 0, "n", counting[i].request);
        assert_value(f, 0, "n", "b1", counting[i].after);
        end(f);
    }
}

/* --- delay --- */

static void
a_delayed_value_is_written_when_it_has_been_quiet_for_the_whole_delay(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set_delayed(f, "d", "1", "3s");
    pass(f, 3000);
    before = writes(f, 0);
    set(f, 0, "d", "2");
    pass(f, 2000);
    set(f, 0, "d", "3");
    pass(f, 2900);
    assert_int_equal(writes(f, 0), before);
    pass(f, 200);
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "d", "3");
    end(f);
}

static void
a_changed_delay_writes_the_old_value_at_once_and_the_new_one_later(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set_delayed(f, "d", "1", "3s");
    pass(f, 4000);
    before = writes(f, 0);
    set_delayed(f, "d", "9", "5s");
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "d", "1");
    pass(f, 5000);
    assert_int_equal(writes(f, 0), before + 2);
    assert_written(f, 0, "1", "d", "9");
    end(f);
}

static void
a_plain_update_leaves_the_delay(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set_delayed(f, "d", "1", "3s");
    pass(f, 3000);
    before = writes(f, 0);
    change(f, 0, &(struct attrd_update){ .name = "d", .value = "2", .dampening = "0" });
    assert_int_equal(writes(f, 0), before);
    pass(f, 3000);
    assert_int_equal(writes(f, 0), before + 1);
    end(f);
}

static void
an_update_of_both_without_a_delay_is_dropped(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    set_delayed(f, "a", "2", NULL);
    assert_value(f, 0, "a", "b1", "1");
    set_delayed(f, "a", "2", "soon");
    assert_value(f, 0, "a", "b1", "1");
    end(f);
}

static void
setting_the_delay_of_an_unknown_attribute_sends_nothing(void **state)
{
    struct fixture *f = group(1);
    unsigned before = f->sent->len;

    ask(f, 0, "<x task='update-delay' attr_name='zz' attr_dampening='5'/>");
    assert_int_equal(f->sent->len, before);
    end(f);
}

static void
a_delay_travels_in_whole_seconds(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *sync = NULL;

    set_delayed(f, "d", "1", "2500ms");
    start(f, 1);
    for (unsigned i = 0; i < f->sent->len && sync == NULL; i++) {
        sync = xml_find(g_ptr_array_index(f->sent, i), NULL, F_ATTR_NAME, "d");
    }
    assert_non_null(sync);
    assert_string_equal(xml_get(sync, F_ATTR_DAMPENING), "2");
    end(f);
}

/* --- requests --- */

static void
an_update_is_acknowledged_even_if_nobody_waits(void **state)
{
    struct fixture *f = group(1);
    const char *text = "<x task='update' attr_name='a' attr_value='1'/>";
    const xmlNode *ack;

    request(f, 0, xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL), false);
    assert_int_equal(f->node[0].replies->len, 1);
    ack = g_ptr_array_index(f->node[0].replies, 0);
    assert_string_equal(xml_name(ack), "ack");
    assert_int_equal(xml_get_int(ack, "status", -1), 112);
    assert_int_equal(xml_get_int(ack, "ipc-protocol-version", -1), 4);
    end(f);
}

static void
nonsense_gets_no_answer(void **state)
{
    struct fixture *f = group(1);

    ask(f, 0, "<x task='bogus'/>");
    ask(f, 0, "<x task='query'/>");
    ask(f, 0, "<x/>");
    assert_int_equal(f->node[0].replies->len, 0);
    end(f);
}

static void
what_is_no_xml_is_a_protocol_error(void **state)
{
    struct fixture *f = group(1);

    request(f, 0, NULL, true);
    assert_int_equal(xml_get_int(g_ptr_array_index(f->node[0].replies, 0), "status", -1), 76);
    end(f);
}

static const xmlNode *
query(struct fixture *f, const char *attributes)
{
    g_autofree char *text = g_strdup_printf("<x task='query' %s/>", attributes);

    g_ptr_array_set_size(f->node[0].replies, 0);
    ask(f, 0, text);
    assert_int_equal(f->node[0].replies->len, 1);
    return g_ptr_array_index(f->node[0].replies, 0);
}

static void
a_query_of_an_unknown_attribute_names_nothing(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *reply = query(f, "attr_name='nosuch'");

    assert_null(xml_get(reply, F_ATTR_NAME));
    assert_int_equal(xml_count_children(reply, NULL), 0);
    end(f);
}

static void
a_query_answers_for_a_node_in_the_spelling_asked_for(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *reply;

    set(f, 0, "a", "1");
    reply = query(f, "attr_name='a' attr_host='LOCALHOST'");
    assert_string_equal(xml_get(xml_first(reply, "node"), F_ATTR_HOST), "b1");
    reply = query(f, "attr_name='a' attr_host='B1'");
    assert_string_equal(xml_get(xml_first(reply, "node"), F_ATTR_HOST), "B1");
    assert_string_equal(xml_get(xml_first(reply, "node"), F_ATTR_VALUE), "1");
    reply = query(f, "attr_name='a' attr_host='nobody'");
    assert_null(xml_get(xml_first(reply, "node"), F_ATTR_VALUE));
    end(f);
}

static void
a_pattern_changes_every_node_that_has_a_value(void **state)
{
    struct fixture *f = group(3);

    set(f, 0, "abc", "1");
    set(f, 1, "abc", "1");
    set(f, 0, "xyz", "1");
    ask(f, 2, "<x task='update' attr_regex='^a' attr_value='7'/>");
    assert_everywhere(f, "abc", "b1", "7");
    assert_everywhere(f, "abc", "b2", "7");
    assert_everywhere(f, "abc", "b3", NULL);
    assert_everywhere(f, "xyz", "b1", "1");
    end(f);
}

static void
a_list_is_one_message_with_expanded_values(void **state)
{
    struct fixture *f = group(2);
    struct attrd_update u[] = {
        { .name = "last-failure-r#start_0", .value = "1795319462", .node = "b2" },
        { .name = "fail-count-r#start_0", .value = "value++", .node = "b2" },
    };
    unsigned before = f->sent->len;

    request(f, 0, attrd_msg_update_list("test", u, 2), true);
    assert_int_equal(f->sent->len, before + 1);
    assert_everywhere(f, "fail-count-r#start_0", "b2", "1");
    assert_everywhere(f, "last-failure-r#start_0", "b2", "1795319462");
    end(f);
}

static void
an_old_peer_gets_lists_entry_by_entry(void **state)
{
    struct fixture *f = group(2);
    unsigned before;

    ask(f, 0, "<x task='update' attr_name='#attrd-protocol' attr_value='3' attr_host='old' attr_is_private='1'/>");
    before = f->sent->len;
    ask(f, 0,
        "<x task='update' attr_user='eve'><op attr_name='a' attr_value='1' task='update'/>"
        "<op attr_name='b' attr_value='2' task='update'/></x>");
    assert_int_equal(f->sent->len, before + 2);
    assert_string_equal(xml_get(g_ptr_array_index(f->sent, before), F_ATTR_USER), "eve");
    assert_everywhere(f, "a", "b1", "1");
    assert_everywhere(f, "b", "b1", "2");
    end(f);
}

static void
a_refresh_writes_everything_from_the_node_asked(void **state)
{
    struct fixture *f = group(2);
    unsigned other = the_writer(f) == 0 ? 1 : 0;

    set_delayed(f, "d", "1", "60s");
    ask(f, other, "<x task='refresh'/>");
    assert_written(f, other, "1", "d", "1");
    end(f);
}

static void
peer_messages_carry_the_version_and_the_election_state(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *message;

    set(f, 0, "a", "1");
    message = g_ptr_array_index(f->sent, f->sent->len - 1);
    assert_string_equal(xml_get(message, F_TYPE), "attrd");
    assert_string_equal(xml_get(message, F_ATTR_VERSION), "4");
    assert_string_equal(xml_get(message, F_ATTR_WRITER), "3");
    assert_string_equal(xml_get(message, F_ATTR_HOST_ID), "1");
    end(f);
}

/* --- failures --- */

static void
fail_everywhere(struct fixture *f)
{
    static const char *const all[] = { "fail-count-r1#monitor_10000", "last-failure-r1#monitor_10000", "fail-count-r1",
                                       "fail-count-r1#start_0", "fail-count-r12#monitor_10000" };

    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        set_for(f, 0, all[i], "b1", "1");
        set_for(f, 0, all[i], "b2", "1");
    }
}

static void
clearing_one_operation_clears_it_and_the_old_count_on_one_node(void **state)
{
    struct fixture *f = group(2);

    fail_everywhere(f);
    ask(f, 0,
        "<x task='clear-failure' attr_host='b2' attr_resource='r1' attr_clear_operation='monitor' "
        "attr_clear_interval='10s'/>");
    assert_everywhere(f, "fail-count-r1#monitor_10000", "b2", NULL);
    assert_everywhere(f, "last-failure-r1#monitor_10000", "b2", NULL);
    assert_everywhere(f, "fail-count-r1", "b2", NULL);
    assert_everywhere(f, "fail-count-r1#start_0", "b2", "1");
    assert_everywhere(f, "fail-count-r12#monitor_10000", "b2", "1");
    assert_everywhere(f, "fail-count-r1#monitor_10000", "b1", "1");
    end(f);
}

static void
clearing_without_anything_clears_all(void **state)
{
    struct fixture *f = group(2);

    fail_everywhere(f);
    ask(f, 0, "<x task='clear-failure'/>");
    assert_everywhere(f, "fail-count-r12#monitor_10000", "b1", NULL);
    assert_everywhere(f, "fail-count-r1", "b2", NULL);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_known_everywhere_and_written_by_the_writer_alone),
        cmocka_unit_test(a_value_that_differs_only_in_case_is_no_change),
        cmocka_unit_test(node_names_compare_without_case),
        cmocka_unit_test(the_empty_text_is_a_value),
        cmocka_unit_test(an_unset_value_is_deleted_from_the_cib),
        cmocka_unit_test(unsetting_what_never_was_writes_nothing),
        cmocka_unit_test(ids_have_dots_instead_of_colons_and_hashes),
        cmocka_unit_test(a_set_given_at_creation_stays),
        cmocka_unit_test(a_private_value_is_shared_but_never_written),
        cmocka_unit_test(each_written_value_causes_an_alert),
        cmocka_unit_test(values_count_as_the_table_says),
        cmocka_unit_test(a_delayed_value_is_written_when_it_has_been_quiet_for_the_whole_delay),
        cmocka_unit_test(a_changed_delay_writes_the_old_value_at_once_and_the_new_one_later),
        cmocka_unit_test(a_plain_update_leaves_the_delay),
        cmocka_unit_test(an_update_of_both_without_a_delay_is_dropped),
        cmocka_unit_test(setting_the_delay_of_an_unknown_attribute_sends_nothing),
        cmocka_unit_test(a_delay_travels_in_whole_seconds),
        cmocka_unit_test(an_update_is_acknowledged_even_if_nobody_waits),
        cmocka_unit_test(nonsense_gets_no_answer),
        cmocka_unit_test(what_is_no_xml_is_a_protocol_error),
        cmocka_unit_test(a_query_of_an_unknown_attribute_names_nothing),
        cmocka_unit_test(a_query_answers_for_a_node_in_the_spelling_asked_for),
        cmocka_unit_test(a_pattern_changes_every_node_that_has_a_value),
        cmocka_unit_test(a_list_is_one_message_with_expanded_values),
        cmocka_unit_test(an_old_peer_gets_lists_entry_by_entry),
        cmocka_unit_test(a_refresh_writes_everything_from_the_node_asked),
        cmocka_unit_test(peer_messages_carry_the_version_and_the_election_state),
        cmocka_unit_test(clearing_one_operation_clears_it_and_the_old_count_on_one_node),
        cmocka_unit_test(clearing_without_anything_clears_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
