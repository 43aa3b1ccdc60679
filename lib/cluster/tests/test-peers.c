/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The peer caches: the look-up table of spec 10 §4.3 row by row, reaping, Corosync's news, remote
 * nodes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/xml.h"
#include "lib/cluster/peers.h"

/* --- fixture: a cache that notes its callbacks --- */

static GString *told;

static void
on_name(struct peer *p, void *data)
{
    g_string_append_printf(told, "name %s;", p->name);
}

static void
on_state(struct peer *p, enum peer_state old, void *data)
{
    g_string_append_printf(told, "state %s %s;", p->name != NULL ? p->name : "?",
                           p->state == PEER_UNKNOWN ? "unknown" : peer_state_text(p->state));
}

static void
on_process(struct peer *p, uint32_t old, void *data)
{
    g_string_append_printf(told, "process %s %s;", p->name != NULL ? p->name : "?",
                           p->processes & PEER_PROC_CPG ? "up" : "down");
}

static char *
resolve(uint32_t id, void *data)
{
    return id < 10 ? g_strdup_printf("node%u", id) : NULL;
}

static const struct peers_callbacks callbacks = {
    .name_known = on_name,
    .state_changed = on_state,
    .process_changed = on_process,
    .resolve = resolve,
};
static const struct peers_callbacks nameless = { .name_known = on_name, .state_changed = on_state };

static struct peers *
cache(unsigned flags, const struct peers_callbacks *cb)
{
    struct peers *ps = peers_new(flags, cb, NULL);

    peers_set_local(ps, 1, "node1");
    g_string_truncate(told, 0);
    return ps;
}

static void
assert_told(const char *expected)
{
    assert_string_equal(told->str, expected);
    g_string_truncate(told, 0);
}

static int
setup(void **state)
{
    told = g_string_new(NULL);
    return 0;
}

static int
teardown(void **state)
{
    g_string_free(told, TRUE);
    return 0;
}

/* A cache with an entry for each pair; id 0 or name NULL is not known. */
static struct peers *
cache_of(uint32_t id1, const char *name1, uint32_t id2, const char *name2)
{
    struct peers *ps = cache(PEERS_DEFAULT, &nameless);

    if (id1 != 0 || name1 != NULL) {
        peers_get(ps, id1, name1);
    }
    if (id2 != 0 || name2 != NULL) {
        peers_get(ps, id2, name2);
    }
    g_string_truncate(told, 0);
    return ps;
}

/* --- the look-up table: A has the id 5, B has the name "b" --- */

static void
neither_is_nothing(void **state)
{
    g_autoptr(peers) ps = cache_of(7, "x", 0, NULL);

    assert_null(peers_find(ps, 5, "b"));
    assert_null(peers_find(ps, 0, "b"));
    assert_null(peers_find(ps, 5, NULL));
}

static void
one_entry_with_both_is_that(void **state)
{
    g_autoptr(peers) ps = cache_of(5, "b", 7, "x");

    assert_int_equal(peers_find(ps, 5, "b")->id, 5);
    assert_int_equal(peers_find(ps, 5, "B")->id, 5);
}

static void
only_the_name_is_found_without_an_id(void **state)
{
    g_autoptr(peers) ps = cache_of(0, "b", 0, NULL);

    assert_non_null(peers_find(ps, 0, "b"));
    assert_non_null(peers_find(ps, 5, "b"));
}

static void
only_the_name_is_found_with_another_id_makes_a_second_entry(void **state)
{
    g_autoptr(peers) ps = cache_of(6, "b", 0, NULL);

    assert_null(peers_find(ps, 5, "b"));
    assert_int_equal(peers_get(ps, 5, "b")->id, 5);
    assert_int_equal(peers_count(ps), 2);
}

static void
only_the_id_is_found_whatever_its_name(void **state)
{
    g_autoptr(peers) ps = cache_of(5, "other", 0, NULL);

    assert_string_equal(peers_find(ps, 5, "b")->name, "other");
    assert_string_equal(peers_find(ps, 5, NULL)->name, "other");
}

static void
a_node_that_changed_its_id_loses_the_old_entry(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &nameless);
    struct peer *old = peers_get(ps, 6, "b");
    struct peer *new = peers_get(ps, 5, NULL);

    new->name = g_strdup("b"); /* both called b: cannot be had through the interface without this */
    assert_ptr_not_equal(old, new);
    /* The first of the name in the list is the old one. */
    assert_ptr_equal(peers_find(ps, 5, "b"), new);
    assert_int_equal(peers_count(ps), 1);
}

static void
two_entries_with_other_names_keep_both_and_the_id_wins(void **state)
{
    g_autoptr(peers) ps = cache_of(5, "other", 6, "b");

    assert_string_equal(peers_find(ps, 5, "b")->name, "other");
    assert_int_equal(peers_count(ps), 2);
}

static void
two_entries_with_known_ids_keep_both_and_the_id_wins(void **state)
{
    g_autoptr(peers) ps = cache_of(5, NULL, 6, "b");

    assert_int_equal(peers_find(ps, 5, "b")->id, 5);
    assert_int_equal(peers_count(ps), 2);
}

static void
two_halves_of_one_node_are_merged(void **state)
{
    g_autoptr(peers) ps = cache_of(5, NULL, 0, "b");
    struct peer *p = peers_get(ps, 5, "b");

    assert_int_equal(p->id, 5);
    assert_string_equal(p->name, "b");
    assert_int_equal(peers_count(ps), 1);
}

/* --- get or create --- */

static void
an_entry_is_completed_as_its_parts_become_known(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &nameless);
    struct peer *p = peers_get(ps, 50, NULL);

    assert_null(p->name);
    assert_string_equal(p->uuid, "50");
    assert_told("");
    assert_ptr_equal(peers_get(ps, 50, "late"), p);
    assert_told("name late;");
    assert_ptr_equal(peers_get(ps, 50, "late"), p);
    assert_told("");
    assert_null(peers_get(ps, 0, NULL));
}

static void
a_name_is_asked_for_only_if_it_is_missing(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &callbacks);

    assert_string_equal(peers_get(ps, 2, NULL)->name, "node2");
    assert_string_equal(peers_get(ps, 3, "given")->name, "given");
}

static void
an_inactive_namesake_goes_when_there_is_a_node_list(void **state)
{
    for (int has_list = 0; has_list <= 1; has_list++) {
        g_autoptr(peers) ps = cache(PEERS_DEFAULT, &nameless);

        peers_set_has_nodelist(ps, has_list);
        peers_get(ps, 20, "b");
        peers_get(ps, 21, "b");
        assert_int_equal(peers_count(ps), has_list ? 1 : 2);
        assert_non_null(peers_find(ps, 21, NULL));
    }
}

/* --- Corosync --- */

static void
members_become_active_and_those_that_leave_are_reaped(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_AUTO_REAP, &callbacks);
    const struct cpg_member both[] = { { 1, 100 }, { 2, 200 } };
    const struct cpg_member gone[] = { { 2, 200 } };

    assert_true(peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1000));
    assert_told("name node1;process node1 up;state node1 member;name node2;process node2 up;state "
                "node2 member;");
    assert_int_equal(peers_active_count(ps), 2);
    assert_true(peers_cpg_changed(ps, 100, both, 1, gone, 1, 1001));
    assert_told("process node2 down;state node2 lost;");
    assert_int_equal(peers_count(ps), 1);
}

static void
who_leaves_in_order_is_told_from_who_is_lost(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &callbacks);
    const struct cpg_member both[] = { { 1, 100, false }, { 2, 200, false } };
    const struct cpg_member lost[] = { { 2, 200, false } }, left[] = { { 2, 200, true } };

    assert_true(peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1000));
    assert_true(peers_cpg_changed(ps, 100, both, 1, lost, 1, 1001));
    assert_false(peers_find(ps, 2, NULL)->is_over);
    assert_true(peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1002));
    assert_true(peers_cpg_changed(ps, 100, both, 1, left, 1, 1003));
    assert_true(peers_find(ps, 2, NULL)->is_over);
    assert_true(peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1004));
    assert_false(peers_find(ps, 2, NULL)->is_over);
}

static void
the_controller_keeps_lost_nodes_and_needs_quorum_for_the_state(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &callbacks);
    const struct cpg_member both[] = { { 1, 100 }, { 2, 200 } };
    const uint32_t ids[] = { 1, 2 };

    peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1000);
    assert_int_equal(peers_active_count(ps), 0);
    peers_membership_changed(ps, 8, ids, 2, 1000);
    assert_int_equal(peers_active_count(ps), 2);
    g_string_truncate(told, 0);
    peers_membership_changed(ps, 12, ids, 1, 1001);
    assert_told("state node2 lost;");
    assert_int_equal(peers_count(ps), 2);
    assert_int_equal(peers_find(ps, 2, NULL)->when_lost, 1001);
    assert_int_equal(peers_find(ps, 1, NULL)->last_seen, 12);
}

static void
a_node_never_seen_is_not_lost(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &callbacks);
    const uint32_t ids[] = { 1 };

    peers_get(ps, 3, NULL);
    peers_membership_changed(ps, 8, ids, 1, 1000);
    assert_int_equal(peers_find(ps, 3, NULL)->state, PEER_UNKNOWN);
}

static void
not_being_among_the_members_is_eviction(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_AUTO_REAP, &callbacks);
    const struct cpg_member other[] = { { 2, 200 } };

    assert_false(peers_cpg_changed(ps, 100, other, 1, NULL, 0, 1000));
}

static void
a_second_process_of_a_node_that_leaves_does_not_matter(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_AUTO_REAP, &callbacks);
    const struct cpg_member all[] = { { 1, 100 }, { 2, 200 } };
    const struct cpg_member gone[] = { { 2, 201 } };

    peers_cpg_changed(ps, 100, all, 2, NULL, 0, 1000);
    peers_cpg_changed(ps, 100, all, 2, gone, 1, 1001);
    assert_true(peer_is_active(peers_find(ps, 2, NULL)));
}

static void
another_process_on_this_node_is_not_us(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_AUTO_REAP, &callbacks);
    const struct cpg_member other[] = { { 1, 999 } };

    assert_true(peers_cpg_changed(ps, 100, other, 1, NULL, 0, 1000));
    assert_int_equal(peers_count(ps), 0);
}

static void
a_lost_node_whose_process_stays_is_a_member_after_a_minute(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &callbacks);
    const struct cpg_member both[] = { { 1, 100 }, { 2, 200 } };
    const uint32_t ids[] = { 1, 2 };

    peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1000);
    peers_membership_changed(ps, 8, ids, 2, 1000);
    peers_membership_changed(ps, 12, ids, 1, 1001);
    peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1010);
    peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1070);
    assert_int_equal(peers_find(ps, 2, NULL)->state, PEER_LOST);
    peers_cpg_changed(ps, 100, both, 2, NULL, 0, 1071);
    assert_int_equal(peers_find(ps, 2, NULL)->state, PEER_MEMBER);
}

static void
only_inactive_entries_are_purged(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_DEFAULT, &callbacks);
    const struct cpg_member me[] = { { 1, 100 } };
    const uint32_t ids[] = { 1 };

    peers_cpg_changed(ps, 100, me, 1, NULL, 0, 1000);
    peers_membership_changed(ps, 8, ids, 1, 1000);
    peers_get(ps, 2, NULL);
    peers_get(ps, 3, NULL);
    assert_int_equal(peers_purge(ps, 1, NULL), 0);
    assert_int_equal(peers_purge(ps, 0, "NODE2"), 1);
    assert_int_equal(peers_purge(ps, 3, "node1"), 1); /* the id counts */
    assert_int_equal(peers_count(ps), 1);
}

/* A callback that drops the peer it is told about must not leave a dangling one behind. */
static void
drop_it(struct peer *p, enum peer_state old, void *data)
{
    if (p->state == PEER_LOST) {
        peers_purge(*(struct peers **)data, p->id, NULL);
    }
}

static void
a_callback_may_purge_the_node_it_hears_about(void **state)
{
    static const struct peers_callbacks purging = { .state_changed = drop_it };
    struct peers *ps = NULL;
    const uint32_t ids[] = { 1, 2 };

    ps = peers_new(PEERS_DEFAULT, &purging, &ps);
    peers_set_local(ps, 1, "node1");
    peers_membership_changed(ps, 8, ids, 2, 1000);
    peers_membership_changed(ps, 12, ids, 1, 1001);
    assert_int_equal(peers_count(ps), 1);
    peers_free(ps);
}

/* --- remote nodes --- */

static const char cib_text[] =
    "<cib><configuration><nodes><node id=\"1\" uname=\"node1\"/><node id=\"9\" uname=\"absent\"/>"
    "<node id=\"r1\" uname=\"r1\" type=\"remote\"/></nodes><resources>"
    "<primitive id=\"r1\" class=\"ocf\" provider=\"pacemaker\" type=\"remote\"/>"
    "<group id=\"g\"><primitive id=\"vm\" type=\"VirtualDomain\"><meta_attributes id=\"m\">"
    "<nvpair id=\"n\" name=\"remote-node\" value=\"guest1\"/></meta_attributes></primitive></group>"
    "</resources></configuration><status>"
    "<node_state id=\"r1\" remote_node=\"true\" in_ccm=\"true\"/>"
    "<node_state id=\"r2\" remote_node=\"true\" in_ccm=\"false\"/>"
    "<node_state id=\"1\" in_ccm=\"true\"/></status></cib>";

static void
remote_nodes_follow_the_cib(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_AUTO_REAP, &callbacks);
    g_autoptr(xmlNode) cib = xml_parse(cib_text, strlen(cib_text), XML_PARSE_STRICT, NULL);

    assert_non_null(cib);
    peers_remote_get(ps, "stale");
    peers_refresh_from_cib(ps, cib, 1000);
    assert_int_equal(peers_remote_count(ps), 3);
    assert_null(peers_remote_find(ps, "stale"));
    assert_int_equal(peers_remote_find(ps, "R1")->state, PEER_MEMBER);
    assert_int_equal(peers_remote_find(ps, "r2")->state, PEER_LOST);
    assert_int_equal(peers_remote_find(ps, "guest1")->state, PEER_UNKNOWN);
    assert_false(peer_is_active(peers_remote_find(ps, "r1")));
    assert_string_equal(peers_find_uuid(ps, "r1")->name, "r1");
}

static void
configured_nodes_are_known_though_absent(void **state)
{
    g_autoptr(peers) ps = cache(PEERS_AUTO_REAP, &callbacks);
    g_autoptr(xmlNode) cib = xml_parse(cib_text, strlen(cib_text), XML_PARSE_STRICT, NULL);

    peers_refresh_from_cib(ps, cib, 1000);
    assert_int_equal(peers_find_known(ps, 0, "ABSENT")->id, 9);
    assert_string_equal(peers_find_known(ps, 9, NULL)->name, "absent");
    assert_true(peers_find_known(ps, 0, "guest1")->remote);
    assert_null(peers_find_known(ps, 0, "nobody"));
    assert_int_equal(peers_count(ps), 0); /* knowing is not meeting */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(neither_is_nothing),
        CASE(one_entry_with_both_is_that),
        CASE(only_the_name_is_found_without_an_id),
        CASE(only_the_name_is_found_with_another_id_makes_a_second_entry),
        CASE(only_the_id_is_found_whatever_its_name),
        CASE(a_node_that_changed_its_id_loses_the_old_entry),
        CASE(two_entries_with_other_names_keep_both_and_the_id_wins),
        CASE(two_entries_with_known_ids_keep_both_and_the_id_wins),
        CASE(two_halves_of_one_node_are_merged),
        CASE(an_entry_is_completed_as_its_parts_become_known),
        CASE(a_name_is_asked_for_only_if_it_is_missing),
        CASE(an_inactive_namesake_goes_when_there_is_a_node_list),
        CASE(members_become_active_and_those_that_leave_are_reaped),
        CASE(who_leaves_in_order_is_told_from_who_is_lost),
        CASE(the_controller_keeps_lost_nodes_and_needs_quorum_for_the_state),
        CASE(a_node_never_seen_is_not_lost),
        CASE(not_being_among_the_members_is_eviction),
        CASE(a_second_process_of_a_node_that_leaves_does_not_matter),
        CASE(another_process_on_this_node_is_not_us),
        CASE(a_lost_node_whose_process_stays_is_a_member_after_a_minute),
        CASE(only_inactive_entries_are_purged),
        CASE(a_callback_may_purge_the_node_it_hears_about),
        CASE(remote_nodes_follow_the_cib),
        CASE(configured_nodes_are_known_though_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
