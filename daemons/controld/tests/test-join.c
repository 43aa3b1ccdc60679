/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several controllers together: election, join, loss of nodes.  (spec 30 §3 to §6)
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

/* ---- election and join ---- */

static void
nodes_that_start_together_are_ready_without_waiting_for_dc_deadtime(void **unused)
{
    struct fixture *f = running_cluster(3);

    assert_string_equal(state(f, 1), "S_IDLE");
    assert_string_equal(state(f, 2), "S_NOT_DC");
    assert_string_equal(state(f, 3), "S_NOT_DC");
    for (unsigned i = 1; i <= 3; i++) {
        assert_string_equal(ctl_dc_name(f->node[i].c), "n1");
        assert_true(contains(f->node[i].attrs, "#feature-set"));
    }
    end(f);
}

static void
with_a_configured_node_missing_nobody_is_elected_before_dc_deadtime(void **unused)
{
    struct fixture *f = new_cluster(3);

    start(f, 1);
    start(f, 2);
    tell_membership(f);
    advance(f, 19000);
    assert_string_equal(state(f, 1), "S_PENDING");
    assert_string_equal(state(f, 2), "S_PENDING");
    advance(f, 3000);
    assert_string_equal(state(f, 1), "S_IDLE");
    assert_string_equal(state(f, 2), "S_NOT_DC");
    end(f);
}

static void
a_node_that_comes_later_joins_the_running_round(void **unused)
{
    struct fixture *f = new_cluster(3);
    int round;

    start(f, 1);
    start(f, 2);
    tell_membership(f);
    advance(f, 25000);
    round = f->node[1].c->join.id;
    g_string_truncate(f->tasks, 0);
    start(f, 3);
    tell_membership(f);
    advance(f, 3000);
    assert_string_equal(state(f, 3), "S_NOT_DC");
    assert_string_equal(state(f, 1), "S_IDLE");
    assert_int_equal(f->node[1].c->join.id, round);
    assert_int_equal(join_count(f->node[1].c, JOIN_CONFIRMED), 3);
    assert_null(strstr(f->tasks->str, "vote")); /* nobody calls an election because of it */
    end(f);
}

static void
a_dead_dc_is_replaced_and_its_transient_attributes_go(void **unused)
{
    struct fixture *f = running_cluster(3);

    kill_node(f, 1);
    advance(f, 500);
    assert_string_equal(state(f, 2), "S_IDLE");
    assert_string_equal(state(f, 3), "S_NOT_DC");
    assert_string_equal(ctl_dc_name(f->node[3].c), "n2");
    assert_true(contains(f->node[2].writes, "//node_state[@uname='n1' or @id='1']/transient_attributes"));
    assert_true(contains(f->node[2].writes, "uname=\"n1\" in_ccm=\"false\" crmd=\"offline\""));
    end(f);
}

static void
a_lost_member_makes_the_dc_calculate_anew(void **unused)
{
    struct fixture *f = running_cluster(3);
    unsigned graphs = f->graphs;

    kill_node(f, 3);
    advance(f, 500);
    assert_true(f->graphs > graphs);
    assert_string_equal(state(f, 1), "S_IDLE");
    end(f);
}

static void
two_dcs_that_meet_settle_on_one(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct ctl_time t = at(f, &f->node[2]);

    /* n2 thinks it is the only one, as after a partition. */
    f->node[2].c->is_dc = true;
    f->node[2].c->state = S_IDLE;
    g_free(f->node[2].c->dc);
    f->node[2].c->dc = g_strdup("n2");
    ctl_on_membership(f->node[2].c, t, ++f->ring, true);
    advance(f, 5000);
    assert_true(ctl_is_dc(f->node[1].c) != ctl_is_dc(f->node[2].c));
    assert_string_equal(ctl_dc_name(f->node[1].c), ctl_dc_name(f->node[2].c));
    end(f);
}

/* An offer of `from`, as `to` gets it. */
static void
give_offer(struct fixture *f, unsigned from, unsigned to)
{
    g_autoptr(xmlNode) msg = msg_new(f->node[from].c, CRM_TASK_JOIN_OFFER, SYS_CRMD, SYS_DC, f->node[to].name, NULL);

    xml_set(msg, F_FEATURE_SET, FEATURE_SET);
    xml_set_int(msg, F_CRM_JOIN_ID, 77);
    ctl_on_peer_message(f->node[to].c, at(f, &f->node[to]), f->node[from].id, f->node[from].name, msg);
}

static void
who_went_without_a_word_is_no_member_until_it_has_joined(void **unused)
{
    struct fixture *f = running_cluster(3);

    g_ptr_array_set_size(f->node[1].writes, 0);
    kill_node(f, 2);
    advance(f, 500);
    assert_true(contains(f->node[1].writes, "uname=\"n2\" crmd=\"offline\" join=\"down\""));
    end(f);
}

/* It may be a full member of the others' cluster, which is the one that goes on. */
static void
of_who_comes_back_the_dc_does_not_say_that_it_is_no_member(void **unused)
{
    struct fixture *f = running_cluster(3);
    const uint32_t ids[] = { 1, 2, 3 };

    kill_node(f, 2);
    advance(f, 500);
    g_ptr_array_set_size(f->node[1].writes, 0);
    /* Quorum tells first, CPG later. */
    peers_membership_changed(ctl_peers(f->node[1].c), ++f->ring, ids, 3, (int64_t)f->now / 1000);
    ctl_on_membership(f->node[1].c, at(f, &f->node[1]), f->ring, true);
    drain(f);
    assert_true(contains(f->node[1].writes, "uname=\"n2\" crmd=\"offline\" crm-debug-origin"));
    assert_false(contains(f->node[1].writes, "join=\"down\""));
    end(f);
}

static void
a_dc_that_dies_between_its_offer_and_the_admission_is_noticed(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct controld *dc = f->node[1].c;
    g_autoptr(xmlNode) vote = election_vote_new(dc->election, &dc->refs, f->now);

    give_offer(f, 1, 2);
    assert_string_equal(state(f, 2), "S_PENDING");
    ctl_on_peer_message(f->node[2].c, at(f, &f->node[2]), 1, "n1", vote); /* which n2 loses: it does not know of a DC any more */
    assert_string_equal(state(f, 2), "S_PENDING");
    assert_null(ctl_dc_name(f->node[2].c));
    kill_node(f, 1);
    advance(f, 25000);
    assert_string_equal(state(f, 2), "S_IDLE");
    end(f);
}

static void
an_offer_of_ones_own_that_comes_when_the_role_is_lost_changes_nothing(void **unused)
{
    struct fixture *f = running_cluster(2);

    give_offer(f, 2, 2);
    assert_string_equal(state(f, 2), "S_NOT_DC");
    assert_string_equal(ctl_dc_name(f->node[2].c), "n1");
    end(f);
}

static void
a_dc_that_asks_for_a_dc_has_forgotten_its_role(void **unused)
{
    struct fixture *f = running_cluster(3);
    g_autoptr(xmlNode) msg = msg_new(f->node[1].c, CRM_TASK_JOIN_ANNOUNCE, SYS_DC, SYS_CRMD, NULL, NULL);

    ctl_on_peer_message(f->node[2].c, at(f, &f->node[2]), 1, "n1", msg);
    assert_string_equal(state(f, 2), "S_ELECTION");
    advance(f, 3000);
    assert_true(ctl_is_dc(f->node[1].c) + ctl_is_dc(f->node[2].c) + ctl_is_dc(f->node[3].c) == 1);
    end(f);
}

static void
a_node_whose_features_are_too_old_is_not_joined(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct controld *dc = f->node[1].c;
    struct peer *p = peers_find(dc->peers, 2, NULL);
    g_autoptr(xmlNode) msg = NULL;

    dc->state = S_INTEGRATION;
    p->join_phase = JOIN_WELCOMED;
    peers_local(dc->peers)->join_phase = JOIN_WELCOMED;
    msg = msg_new(f->node[2].c, CRM_TASK_JOIN_REQUEST, SYS_DC, SYS_CRMD, "n1", xml_new(NULL, "generation_tuple"));
    xml_set_int(msg, F_CRM_JOIN_ID, dc->join.id);
    xml_set(msg, F_FEATURE_SET, "3.0.14");
    ctl_on_peer_message(dc, at(f, &f->node[1]), 2, "n2", msg);
    assert_int_equal(p->join_phase, JOIN_NACK);
    assert_string_equal(p->expected, "banned");
    end(f);
}

static void
an_offer_of_a_newer_dc_makes_a_node_stay_down(void **unused)
{
    struct fixture *f = running_cluster(2);
    g_autoptr(xmlNode) msg = msg_new(f->node[1].c, CRM_TASK_JOIN_OFFER, SYS_CRMD, SYS_DC, "n2", NULL);

    xml_set(msg, F_FEATURE_SET, "3.19.0");
    ctl_on_peer_message(f->node[2].c, at(f, &f->node[2]), 1, "n1", msg);
    drain(f);
    assert_int_equal(f->node[2].exit_code, CRM_EX_FATAL);
    end(f);
}

static void
the_best_cib_of_all_requests_is_the_one_that_is_synced(void **unused)
{
    struct fixture *f = running_cluster(2);
    struct controld *dc = f->node[1].c;
    const char *epochs[] = { "7", "9", "8" };

    for (unsigned i = 0; i < 3; i++) {
        xmlNode *tuple = xml_new(NULL, "generation_tuple");
        g_autoptr(xmlNode) msg = NULL;

        dc->state = S_INTEGRATION;
        peers_find(dc->peers, 2, NULL)->join_phase = JOIN_WELCOMED;
        peers_find(dc->peers, 1, NULL)->join_phase = JOIN_WELCOMED;
        if (i == 0) {
            g_clear_pointer(&dc->join.best, g_free);
        }
        xml_set(tuple, "admin_epoch", "0");
        xml_set(tuple, "epoch", epochs[i]);
        xml_set(tuple, "num_updates", "0");
        msg = msg_new(f->node[2].c, CRM_TASK_JOIN_REQUEST, SYS_DC, SYS_CRMD, "n1", tuple);
        xml_set_int(msg, F_CRM_JOIN_ID, dc->join.id);
        xml_set(msg, F_FEATURE_SET, FEATURE_SET);
        ctl_on_peer_message(dc, at(f, &f->node[1]), i == 1 ? 1 : 2, i == 1 ? "n1" : "n2", msg);
    }
    assert_string_equal(dc->join.best, "n1");
    assert_int_equal(dc->join.best_version[1], 9);
    end(f);
}

static void
nobody_waits_for_the_cib_of_a_node_that_has_gone(void **unused)
{
    struct fixture *f = running_cluster(3);
    struct controld *dc = f->node[1].c;

    dc->state = S_FINALIZE_JOIN;
    dc->join.best = g_strdup("n2");
    dc->join.syncing = true; /* and no answer comes */
    kill_node(f, 2);
    advance(f, 500);
    assert_string_equal(state(f, 1), "S_IDLE");
    assert_string_equal(state(f, 3), "S_NOT_DC");
    end(f);
}

/* A member that this DC has seen go while another was the DC, and nobody said why; then everybody joins again. */
static void
join_again_without(struct fixture *f, unsigned id, const char *expected, bool history)
{
    struct controld *dc = f->node[1].c;
    struct peer *gone = peers_find(dc->peers, id, NULL);

    f->no_history = !history;
    gone->state = PEER_LOST;
    gone->processes = PEER_PROC_NONE;
    gone->join_phase = JOIN_NONE;
    peer_set_expected(gone, expected);
    g_ptr_array_set_size(f->node[1].writes, 0);
    dc->state = S_INTEGRATION;
    join_offer_all(dc);
    event_end(dc);
    advance(f, 100);
}

static void
of_a_node_that_went_without_a_word_the_cib_keeps_what_it_expects(void **unused)
{
    struct fixture *f = running_cluster(3);

    join_again_without(f, 3, NULL, true);
    /* The DC before this one may have been about to fence it, with its history not complete. */
    assert_true(contains(f->node[1].writes, "id=\"3\" uname=\"n3\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" crm-debug-origin"));
    end(f);
}

static void
a_node_that_went_without_a_word_has_to_be_fenced_if_the_cib_has_lost_its_history(void **unused)
{
    struct fixture *f = running_cluster(3);

    join_again_without(f, 3, NULL, false);
    assert_true(contains(f->node[1].writes, "id=\"3\" uname=\"n3\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" expected=\"member\""));
    end(f);
}

static void
a_node_that_asked_to_leave_and_was_cut_off_has_to_be_fenced_too_but_not_one_that_left(void **unused)
{
    for (int left = 0; left <= 1; left++) {
        struct fixture *f = running_cluster(3);

        peers_find(f->node[1].c->peers, 3, NULL)->is_over = left;
        join_again_without(f, 3, "down", false);
        assert_true(contains(f->node[1].writes, left ? "crmd=\"offline\" join=\"down\" expected=\"down\""
                                                     : "crmd=\"offline\" join=\"down\" expected=\"member\""));
        end(f);
    }
}

/* Its process died a moment ago and will come again; Corosync still counts the host. */
static void
a_controller_that_went_on_a_host_that_is_there_is_not_trusted_either(void **unused)
{
    struct fixture *f = running_cluster(3);
    struct controld *dc = f->node[1].c;
    struct peer *gone = peers_find(dc->peers, 3, NULL);

    f->no_history = true;
    gone->processes = PEER_PROC_NONE;
    gone->join_phase = JOIN_NONE;
    peer_set_expected(gone, "down");
    g_ptr_array_set_size(f->node[1].writes, 0);
    dc->state = S_INTEGRATION;
    join_offer_all(dc);
    event_end(dc);
    advance(f, 100);
    assert_string_equal(gone->expected, "member");
    end(f);
}

static void
a_host_on_which_corosync_alone_runs_yet_is_left_to_startup_fencing(void **unused)
{
    struct fixture *f = new_cluster(3);

    f->no_history = true;
    start(f, 1);
    start(f, 2);
    tell_membership(f);
    for (unsigned i = 1; i <= 2; i++) {
        const uint32_t ids[] = { 1, 2, 3 };

        peers_membership_changed(ctl_peers(f->node[i].c), f->ring + 1, ids, 3, (int64_t)f->now / 1000);
        ctl_on_membership(f->node[i].c, at(f, &f->node[i]), f->ring + 1, true);
    }
    advance(f, 60000);
    assert_string_equal(state(f, 1), "S_IDLE");
    assert_false(contains(f->node[1].writes, "uname=\"n3\" expected=\"member\""));
    assert_null(peers_find(f->node[1].c->peers, 3, NULL)->expected);
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_that_start_together_are_ready_without_waiting_for_dc_deadtime),
        cmocka_unit_test(with_a_configured_node_missing_nobody_is_elected_before_dc_deadtime),
        cmocka_unit_test(a_node_that_comes_later_joins_the_running_round),
        cmocka_unit_test(a_dead_dc_is_replaced_and_its_transient_attributes_go),
        cmocka_unit_test(a_lost_member_makes_the_dc_calculate_anew),
        cmocka_unit_test(two_dcs_that_meet_settle_on_one),
        cmocka_unit_test(who_went_without_a_word_is_no_member_until_it_has_joined),
        cmocka_unit_test(of_who_comes_back_the_dc_does_not_say_that_it_is_no_member),
        cmocka_unit_test(a_dc_that_dies_between_its_offer_and_the_admission_is_noticed),
        cmocka_unit_test(an_offer_of_ones_own_that_comes_when_the_role_is_lost_changes_nothing),
        cmocka_unit_test(a_dc_that_asks_for_a_dc_has_forgotten_its_role),
        cmocka_unit_test(a_node_whose_features_are_too_old_is_not_joined),
        cmocka_unit_test(an_offer_of_a_newer_dc_makes_a_node_stay_down),
        cmocka_unit_test(the_best_cib_of_all_requests_is_the_one_that_is_synced),
        cmocka_unit_test(nobody_waits_for_the_cib_of_a_node_that_has_gone),
        cmocka_unit_test(of_a_node_that_went_without_a_word_the_cib_keeps_what_it_expects),
        cmocka_unit_test(a_node_that_asked_to_leave_and_was_cut_off_has_to_be_fenced_too_but_not_one_that_left),
        cmocka_unit_test(a_node_that_went_without_a_word_has_to_be_fenced_if_the_cib_has_lost_its_history),
        cmocka_unit_test(a_controller_that_went_on_a_host_that_is_there_is_not_trusted_either),
        cmocka_unit_test(a_host_on_which_corosync_alone_runs_yet_is_left_to_startup_fencing),
    };

    return cmocka_run_group_tests_name("controld join", tests, NULL, NULL);
}
