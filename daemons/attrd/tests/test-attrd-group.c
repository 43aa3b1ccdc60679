/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager's core among others: the writer, members that come and go, tables that cross, the CIB.  (spec 70 §5.4 to §8)
 */
#include "daemons/attrd/tests/group.h"

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"

#include <stdio.h>
#include <string.h>

/* --- start and election --- */

static void
the_first_node_makes_itself_the_writer(void **state)
{
    struct fixture *f = group(1);

    assert_true(attrd_core_is_writer(f->node[0].core));
    assert_string_equal(attrd_core_writer(f->node[0].core), "b1");
    end(f);
}

static void
a_later_node_learns_the_writer_without_an_election(void **state)
{
    struct fixture *f = group(1);
    unsigned before = f->sent->len;

    start(f, 1);
    assert_int_equal(the_writer(f), 0);
    assert_string_equal(attrd_core_writer(f->node[1].core), "b1");
    for (unsigned i = before; i < f->sent->len; i++) {
        assert_null(xml_get(g_ptr_array_index(f->sent, i), F_CRM_TASK));
    }
    end(f);
}

static void
a_joining_node_gets_all_values_from_the_writer(void **state)
{
    struct fixture *f = group(2);

    set(f, 0, "a", "1");
    set_for(f, 0, "a", "ghost", "2");
    start(f, 2);
    assert_value(f, 2, "a", "b1", "1");
    assert_value(f, 2, "a", "ghost", "2");
    end(f);
}

static void
when_the_writer_is_lost_another_one_is_elected_and_writes_everything(void **state)
{
    struct fixture *f = group(3);
    unsigned writer = the_writer(f);
    unsigned heir;

    set(f, 2, "a", "1");
    stop(f, writer);
    heir = the_writer(f);
    assert_int_not_equal(heir, writer);
    assert_written(f, heir, "3", "a", "1");
    for (unsigned i = 0; i < NODES; i++) {
        if (f->node[i].core != NULL) {
            assert_string_equal(attrd_core_writer(f->node[i].core), names[heir]);
        }
    }
    end(f);
}

static void
a_node_that_is_leaving_does_not_become_the_writer(void **state)
{
    struct fixture *f = group(3);
    unsigned writer = the_writer(f);
    unsigned leaving = writer == 0 ? 1 : 0;

    attrd_core_stop(f->node[leaving].core);
    stop(f, writer);
    assert_int_not_equal(the_writer(f), leaving);
    end(f);
}

/* --- losing and removing nodes, merging --- */

static void
the_values_of_a_lost_node_are_forgotten_but_not_those_it_set_for_others(void **state)
{
    struct fixture *f = group(3);

    set(f, 2, "a", "own");
    set_for(f, 2, "a", "b1", "given");
    stop(f, 2);
    assert_everywhere(f, "a", "b3", NULL);
    assert_everywhere(f, "a", "b1", "given");
    end(f);
}

static void
a_removed_peer_is_forgotten_by_name_and_by_id(void **state)
{
    struct fixture *f = group(2);

    set_for(f, 0, "a", "ghost", "1");
    ask(f, 0, "<x task='peer-remove' attr_host='ghost'/>");
    assert_everywhere(f, "a", "ghost", NULL);
    set(f, 1, "a", "2");
    ask(f, 0, "<x task='peer-remove' attr_host_id='2'/>");
    assert_everywhere(f, "a", "b2", NULL);
    end(f);
}

static void
after_a_merge_each_node_decides_about_its_own_values(void **state)
{
    struct fixture *f = group(3);
    const char *ghost;

    f->node[0].part = 1;
    reconfigure(f);
    set_for(f, 0, "y", "b1", "11");
    set_for(f, 0, "y", "b2", "22");
    set_for(f, 0, "y", "ghost", "g1");
    set_for(f, 1, "y", "b1", "111");
    set_for(f, 1, "y", "b2", "222");
    set_for(f, 1, "y", "ghost", "g2");
    set(f, 0, "only1", "x");
    set(f, 2, "only3", "z");
    f->node[0].part = 0;
    reconfigure(f);
    pass(f, 5000);
    assert_everywhere(f, "y", "b1", "11");
    assert_everywhere(f, "y", "b2", "222");
    ghost = attrd_core_value(f->node[0].core, "y", "ghost");
    assert_non_null(ghost);
    assert_everywhere(f, "y", "ghost", ghost);
    assert_everywhere(f, "only1", "b1", "x");
    assert_everywhere(f, "only3", "b3", "z");
    the_writer(f);
    end(f);
}

static void
a_node_corrects_what_others_say_about_its_own_unset_value(void **state)
{
    struct fixture *f = group(2);

    set(f, 0, "a", "1");
    set(f, 0, "a", NULL);
    f->node[1].part = 1;
    reconfigure(f);
    set_for(f, 1, "a", "b1", "wrong");
    f->node[1].part = 0;
    reconfigure(f);
    pass(f, 5000);
    assert_everywhere(f, "a", "b1", NULL);
    end(f);
}

/* --- tables that cross other messages --- */

/* Somebody's message, as ordered by the network now; to everybody if `to` is NULL.  Delivered by deliver(). */
static void
put_on_wire(struct fixture *f, unsigned from, const char *to, const char *text)
{
    struct message *m = g_new0(struct message, 1);

    m->from = from;
    m->to = g_strdup(to);
    m->xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    assert_non_null(m->xml);
    g_queue_push_tail(&f->wire, m);
}

#define UPDATE(host, value) \
    "<x t='attrd' task='update' attr_name='a' attr_host='" host "' attr_value='" value "' attr_version='4' attr_writer='0'/>"
#define ENTRY(host, value) \
    "<v attr_name='a' attr_host='" host "' attr_value='" value "' attr_dampening='0' attr_is_private='0'/>"
#define FULL_TABLE(entries) \
    "<x t='attrd' task='sync-response' attr_version='4' attr_writer='3'><v attr_name='#attrd-protocol' attr_host='b1' " \
    "attr_host_id='1' attr_value='4' attr_dampening='0' attr_is_private='1'/>" entries "</x>"
#define PART_OF_TABLE(entries) "<x t='attrd' task='sync-response' attr_version='4' attr_writer='3'>" entries "</x>"

static void
an_update_of_an_absent_name_survives_a_table_that_it_overtook(void **state)
{
    struct fixture *f = group(3);

    set_for(f, 0, "a", "ghost", "1");
    put_on_wire(f, 1, NULL, UPDATE("ghost", "2"));
    put_on_wire(f, 0, NULL, FULL_TABLE(ENTRY("ghost", "1")));
    deliver(f);
    assert_everywhere(f, "a", "ghost", "2");
    end(f);
}

static void
the_values_of_a_node_lost_meanwhile_are_taken_back(void **state)
{
    struct fixture *f = group(3);

    set(f, 2, "a", "1");
    stop(f, 2);
    put_on_wire(f, 0, NULL, FULL_TABLE(ENTRY("b3", "1")));
    deliver(f);
    assert_everywhere(f, "a", "b3", NULL);
    end(f);
}

static void
an_update_of_the_senders_own_value_survives_its_table(void **state)
{
    struct fixture *f = group(3);

    set(f, 0, "a", "1");
    put_on_wire(f, 1, NULL, UPDATE("b1", "2"));
    put_on_wire(f, 0, NULL, FULL_TABLE(ENTRY("b1", "1")));
    deliver(f);
    assert_everywhere(f, "a", "b1", "2");
    end(f);
}

static void
a_table_for_one_node_does_not_undo_what_all_have_been_told(void **state)
{
    struct fixture *f = group(3);

    put_on_wire(f, 1, NULL, UPDATE("ghost", "2"));
    put_on_wire(f, 0, "b3", FULL_TABLE(ENTRY("ghost", "1") ENTRY("other", "5")));
    deliver(f);
    assert_everywhere(f, "a", "ghost", "2");
    assert_value(f, 2, "a", "other", "5");
    end(f);
}

static void
a_table_for_one_node_does_not_revive_who_left_meanwhile(void **state)
{
    struct fixture *f = group(3);

    stop(f, 1);
    put_on_wire(f, 0, "b3", FULL_TABLE(ENTRY("b2", "1")));
    deliver(f);
    assert_everywhere(f, "a", "b2", NULL);
    end(f);
}

static void
what_a_full_table_lacks_is_told_by_who_knows_it(void **state)
{
    struct fixture *f = group(3);

    put_on_wire(f, 2, "b3", UPDATE("ghost", "9"));
    put_on_wire(f, 0, NULL, FULL_TABLE(""));
    deliver(f);
    assert_everywhere(f, "a", "ghost", "9");
    end(f);
}

static void
a_correction_is_no_full_table(void **state)
{
    struct fixture *f = group(3);

    put_on_wire(f, 2, "b3", UPDATE("ghost", "9"));
    put_on_wire(f, 0, NULL, PART_OF_TABLE(ENTRY("b1", "1")));
    deliver(f);
    assert_value(f, 1, "a", "ghost", NULL);
    end(f);
}

static void
the_attributes_of_a_lost_node_are_erased_by_the_writer(void **state)
{
    struct fixture *f = group(3);

    g_string_truncate(f->node[0].erased, 0);
    g_string_truncate(f->node[1].erased, 0);
    stop(f, 2);
    assert_string_equal(f->node[0].erased->str, "//node_state[@uname='b3' or @id='3']/transient_attributes\n");
    assert_string_equal(f->node[1].erased->str, "");
    end(f);
}

static void
a_new_writer_erases_the_attributes_of_all_that_are_away(void **state)
{
    struct fixture *f = group(3);
    unsigned heir;

    g_string_truncate(f->node[1].erased, 0);
    g_string_truncate(f->node[2].erased, 0);
    stop(f, 0);
    heir = the_writer(f);
    assert_string_equal(f->node[heir].erased->str, "//node_state[@uname='b1' or @id='1']/transient_attributes\n");
    end(f);
}

/* --- writing --- */

static void
erase(struct fixture *f, const char *path)
{
    g_autofree char *text = g_strdup_printf("<diff format='2'><change operation='delete' path=\"%s\"/></diff>", path);
    xmlNode *patch = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    attrd_core_cib_changed(f->node[0].core, f->now, patch);
    xml_free(patch);
    pass(f, 2500);
}

static void
attributes_that_somebody_erased_are_written_again(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "1");
    before = writes(f, 0);
    erase(f, "/cib/status/node_state[@id='1']/transient_attributes[@id='1']/instance_attributes[@id='status-1']/nvpair[@id='x']");
    assert_int_equal(writes(f, 0), before);
    erase(f, "/cib/status/node_state[@id='1']/transient_attributes[@id='1']");
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "a", "1");
    end(f);
}

static void
erased_attributes_of_a_leaving_node_stay_erased(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "shutdown", "1795319462");
    before = writes(f, 0);
    erase(f, "/cib/status/node_state[@id='1']/transient_attributes[@id='1']");
    assert_int_equal(writes(f, 0), before);
    end(f);
}

static void
changes_during_a_write_are_written_when_it_is_answered(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    f->answer_writes = false;
    set(f, 0, "a", "1");
    before = writes(f, 0);
    set(f, 0, "a", "2");
    set(f, 0, "a", "3");
    assert_int_equal(writes(f, 0), before);
    answer(f, RC_OK);
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "a", "3");
    end(f);
}

static void
a_failed_write_is_tried_again_after_two_seconds(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    f->answer_writes = false;
    set(f, 0, "a", "1");
    before = writes(f, 0);
    answer(f, EACCES);
    pass(f, 1900);
    assert_int_equal(writes(f, 0), before);
    pass(f, 200);
    assert_int_equal(writes(f, 0), before + 1);
    end(f);
}

static void
everything_is_written_in_one_request_after_the_cib_was_replaced(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "1");
    set(f, 0, "b", "2");
    set(f, 0, "c", "3");
    before = writes(f, 0);
    replace_cib(f);
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "a", "1");
    assert_written(f, 0, "1", "b", "2");
    assert_written(f, 0, "1", "c", "3");
    end(f);
}

/* The CIB is asked for what it has of n1 and answers. */
static void
tell_cib(struct fixture *f, const char *pairs)
{
    g_autofree char *text = g_strdup_printf("<transient_attributes id='1'><instance_attributes id='status-1'>%s</instance_attributes>"
                                            "</transient_attributes>", pairs);
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_true(f->node[0].read);
    f->node[0].read = false;
    attrd_core_cib_read(f->node[0].core, f->now, xml);
    collect(&f->node[0]);
}

#define PAIR(name, value) "<nvpair id='status-1-" name "' name='" name "' value='" value "'/>"

static void
what_the_cib_alone_knows_of_this_node_after_a_merge_is_erased(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    g_string_truncate(f->node[0].erased, 0);
    replace_cib(f);
    assert_false(attrd_core_is_quiet(f->node[0].core));
    pass(f, 2000);
    tell_cib(f, PAIR("a", "1") PAIR("b", "5"));
    assert_string_equal(f->node[0].erased->str, ""); /* it might be news that have not come here yet */
    pass(f, 2000);
    tell_cib(f, PAIR("a", "1") PAIR("b", "5"));
    assert_string_equal(f->node[0].erased->str, "//node_state[@uname='b1' or @id='1']/transient_attributes//nvpair[@id='status-1-b' and @value='5']\n");
    pass(f, 10000);
    assert_false(f->node[0].read);
    assert_true(attrd_core_is_quiet(f->node[0].core));
    end(f);
}

static void
a_value_with_quotes_is_erased_as_that_value_or_not_at_all(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    g_string_truncate(f->node[0].erased, 0);
    replace_cib(f);
    for (int i = 0; i < 2; i++) {
        pass(f, 2000);
        tell_cib(f, PAIR("a", "1") PAIR("b", "it&apos;s") PAIR("c", "&apos;&quot;")
                    "<nvpair id=\"'] | //acls | //*[@id='\" name='d' value='5'/>");
    }
    assert_string_equal(f->node[0].erased->str,
                        "//node_state[@uname='b1' or @id='1']/transient_attributes//nvpair[@id='status-1-b' and @value=\"it's\"]\n");
    end(f);
}

static void
news_that_reach_the_cib_before_this_node_stay_there(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    g_string_truncate(f->node[0].erased, 0);
    replace_cib(f);
    pass(f, 2000);
    tell_cib(f, PAIR("a", "1") PAIR("b", "5"));
    set(f, 0, "b", "5");
    pass(f, 2000);
    tell_cib(f, PAIR("a", "1") PAIR("b", "5") PAIR("c", "6"));
    pass(f, 2000);
    tell_cib(f, PAIR("a", "1") PAIR("b", "5") PAIR("c", "7")); /* this is another change */
    assert_string_equal(f->node[0].erased->str, "");
    end(f);
}

static void
an_unset_value_is_the_writers_business(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    set(f, 0, "a", NULL);
    g_string_truncate(f->node[0].erased, 0);
    replace_cib(f);
    pass(f, 2000);
    tell_cib(f, PAIR("a", "1"));
    pass(f, 10000);
    assert_false(f->node[0].read);
    assert_string_equal(f->node[0].erased->str, "");
    end(f);
}

static void
an_unset_value_is_deleted_whatever_stands_before_it_in_the_list(void **state)
{
    struct fixture *f = group(1);

    set_for(f, 0, "a", "ghost", "1"); /* comes first and cannot be written */
    set(f, 0, "b", "1");
    set(f, 0, "b", NULL);
    replace_cib(f);
    assert_non_null(written(f, 0, "1", "b"));
    assert_true((last_write(f, 0)->options & CIB_OPT_MIXED_UPDATE) != 0);
    end(f);
}

static void
attributes_of_different_users_do_not_share_a_request(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    ask(f, 0, "<x task='update' attr_name='a' attr_value='1' attr_user='root'/>");
    ask(f, 0, "<x task='update' attr_name='b' attr_value='1' attr_user='eve'/>");
    before = writes(f, 0);
    replace_cib(f);
    assert_int_equal(writes(f, 0), before + 2);
    assert_string_equal(last_write(f, 0)->user, "eve");
    end(f);
}

static void
attributes_refused_in_company_are_tried_again_alone(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "1");
    set(f, 0, "b", "2");
    f->answer_writes = false;
    replace_cib(f);
    before = writes(f, 0);
    answer(f, EACCES);
    pass(f, 2100);
    assert_int_equal(writes(f, 0), before + 2);
    end(f);
}

static void
a_leaving_node_does_not_write_its_attributes_anew(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "shutdown", "1795319462");
    assert_true(attrd_core_shutdown_requested(f->node[0].core));
    before = writes(f, 0);
    replace_cib(f);
    assert_int_equal(writes(f, 0), before);
    set(f, 0, "shutdown", "0");
    assert_false(attrd_core_shutdown_requested(f->node[0].core));
    end(f);
}

static void
values_of_unknown_nodes_wait_until_the_node_is_known(void **state)
{
    struct fixture *f = group(1);
    unsigned before = writes(f, 0);

    set_for(f, 0, "g", "ghost", "1");
    assert_int_equal(writes(f, 0), before);
    ask(f, 0, "<x task='update' attr_name='h' attr_value='1' attr_host='ghost' attr_host_id='9'/>");
    assert_written(f, 0, "9", "g", "1");
    end(f);
}

static void
values_of_remote_nodes_are_written_under_their_name(void **state)
{
    struct fixture *f = group(1);

    ask(f, 0, "<x task='update' attr_name='a' attr_value='1' attr_host='r' attr_is_remote='1'/>");
    assert_string_equal(xml_id(written(f, 0, "r", "a")), "status-r-a");
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_node_makes_itself_the_writer),
        cmocka_unit_test(a_later_node_learns_the_writer_without_an_election),
        cmocka_unit_test(a_joining_node_gets_all_values_from_the_writer),
        cmocka_unit_test(when_the_writer_is_lost_another_one_is_elected_and_writes_everything),
        cmocka_unit_test(a_node_that_is_leaving_does_not_become_the_writer),
        cmocka_unit_test(the_values_of_a_lost_node_are_forgotten_but_not_those_it_set_for_others),
        cmocka_unit_test(a_removed_peer_is_forgotten_by_name_and_by_id),
        cmocka_unit_test(after_a_merge_each_node_decides_about_its_own_values),
        cmocka_unit_test(a_node_corrects_what_others_say_about_its_own_unset_value),
        cmocka_unit_test(an_update_of_an_absent_name_survives_a_table_that_it_overtook),
        cmocka_unit_test(the_values_of_a_node_lost_meanwhile_are_taken_back),
        cmocka_unit_test(an_update_of_the_senders_own_value_survives_its_table),
        cmocka_unit_test(a_table_for_one_node_does_not_undo_what_all_have_been_told),
        cmocka_unit_test(a_table_for_one_node_does_not_revive_who_left_meanwhile),
        cmocka_unit_test(what_a_full_table_lacks_is_told_by_who_knows_it),
        cmocka_unit_test(a_correction_is_no_full_table),
        cmocka_unit_test(the_attributes_of_a_lost_node_are_erased_by_the_writer),
        cmocka_unit_test(a_new_writer_erases_the_attributes_of_all_that_are_away),
        cmocka_unit_test(attributes_that_somebody_erased_are_written_again),
        cmocka_unit_test(erased_attributes_of_a_leaving_node_stay_erased),
        cmocka_unit_test(changes_during_a_write_are_written_when_it_is_answered),
        cmocka_unit_test(a_failed_write_is_tried_again_after_two_seconds),
        cmocka_unit_test(everything_is_written_in_one_request_after_the_cib_was_replaced),
        cmocka_unit_test(what_the_cib_alone_knows_of_this_node_after_a_merge_is_erased),
        cmocka_unit_test(a_value_with_quotes_is_erased_as_that_value_or_not_at_all),
        cmocka_unit_test(news_that_reach_the_cib_before_this_node_stay_there),
        cmocka_unit_test(an_unset_value_is_the_writers_business),
        cmocka_unit_test(an_unset_value_is_deleted_whatever_stands_before_it_in_the_list),
        cmocka_unit_test(attributes_of_different_users_do_not_share_a_request),
        cmocka_unit_test(attributes_refused_in_company_are_tried_again_alone),
        cmocka_unit_test(a_leaving_node_does_not_write_its_attributes_anew),
        cmocka_unit_test(values_of_unknown_nodes_wait_until_the_node_is_known),
        cmocka_unit_test(values_of_remote_nodes_are_written_under_their_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
