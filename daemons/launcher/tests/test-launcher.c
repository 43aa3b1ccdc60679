/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's rules (spec 10 §6.3, §6.4, §7.2), without processes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "daemons/launcher/launcher_core.h"
#include "lib/base/result.h"

/* --- fixture: a launcher whose effects are written down, and whose spawns succeed --- */

struct fixture {
    struct launcher l;
    uint64_t now;
    GString *log; /* what it did since the last look */
    pid_t next_pid;
};

static void run_effects(struct fixture *f);

static void
feed(struct fixture *f, const struct launcher_event *ev)
{
    launcher_step(&f->l, f->now, 1000000 + f->now / 1000, ev);
    run_effects(f);
}

static void
run_effects(struct fixture *f)
{
    struct launcher_effect e;

    while (launcher_next_effect(&f->l, &e)) {
        struct launcher_event spawned = { .kind = LAUNCHER_EV_SPAWNED, .child = e.child };
        const char *name = launcher_daemons[e.child].name + sizeof("pacemaker-") - 1;

        switch (e.kind) {
        case LAUNCHER_DO_SPAWN:
            g_string_append_printf(f->log, "spawn %s;", name);
            spawned.pid = f->next_pid++;
            feed(f, &spawned);
            break;
        case LAUNCHER_DO_MARK_FIRST:
            g_string_append(f->log, "mark;");
            break;
        case LAUNCHER_DO_KILL:
            g_string_append_printf(f->log, "kill %s %d;", name, e.code);
            assert_int_equal(e.pid, f->l.children[e.child].pid);
            break;
        case LAUNCHER_DO_PROBE:
            g_string_append_printf(f->log, "probe %s;", name);
            break;
        case LAUNCHER_DO_CHECK:
            g_string_append_printf(f->log, "check %s;", name);
            break;
        case LAUNCHER_DO_PANIC:
            g_string_append(f->log, "panic;");
            break;
        case LAUNCHER_DO_STOP_CLUSTER:
            g_string_append(f->log, "stop-cluster;");
            break;
        case LAUNCHER_DO_EXIT:
            g_string_append_printf(f->log, "exit %d;", e.code);
            break;
        }
    }
}

static void
feed_kind(struct fixture *f, enum launcher_event_kind kind)
{
    struct launcher_event ev = { .kind = kind };

    feed(f, &ev);
}

static void
end_child(struct fixture *f, enum launcher_child_id child, enum launcher_event_kind kind, int code)
{
    struct launcher_event ev = {
        .kind = kind, .child = child, .pid = f->l.children[child].pid, .code = code
    };

    feed(f, &ev);
}

static void
probed(struct fixture *f, enum launcher_child_id child, enum launcher_probe probe)
{
    struct launcher_event ev = {
        .kind = LAUNCHER_EV_PROBED, .child = child, .probe = probe, .pid = 900
    };

    feed(f, &ev);
}

static void
checked(struct fixture *f, enum launcher_child_id child, bool active, bool reachable)
{
    struct launcher_event ev = { .kind = LAUNCHER_EV_CHECKED,
                                 .child = child,
                                 .active = active,
                                 .reachable = reachable,
                                 .pid = 900 };

    feed(f, &ev);
}

static void
assert_done(struct fixture *f, const char *expected)
{
    assert_string_equal(f->log->str, expected);
    g_string_truncate(f->log, 0);
}

static struct fixture
launcher(bool handshake, bool fail_fast)
{
    struct fixture f = { .now = 1000000, .log = g_string_new(NULL), .next_pid = 100 };

    launcher_init(&f.l, handshake, fail_fast, 1000);
    return f;
}

static struct fixture
running(void)
{
    struct fixture f = launcher(false, false);

    feed_kind(&f, LAUNCHER_EV_START);
    g_string_truncate(f.log, 0);
    return f;
}

static void
done(struct fixture *f)
{
    launcher_clear(&f->l);
    g_string_free(f->log, TRUE);
}

/* --- start --- */

static void
daemons_start_in_order(void **state)
{
    struct fixture f = launcher(false, false);

    feed_kind(&f, LAUNCHER_EV_START);
    assert_done(
        &f,
        "spawn based;spawn fenced;spawn execd;spawn attrd;spawn schedulerd;spawn controld;mark;");
    assert_string_equal(launcher_state_word(f.l.state), "running");
    done(&f);
}

static void
a_daemon_that_runs_already_is_not_started(void **state)
{
    struct fixture f = launcher(false, false);
    struct launcher_event ev = { .kind = LAUNCHER_EV_ADOPT, .child = CHILD_EXECD, .pid = 77 };

    feed(&f, &ev);
    feed_kind(&f, LAUNCHER_EV_START);
    assert_done(&f, "spawn based;spawn fenced;spawn attrd;spawn schedulerd;spawn controld;mark;");
    assert_int_equal(f.l.children[CHILD_EXECD].pid, 77);
    done(&f);
}

static void
sbd_is_waited_for_and_its_ping_starts_the_daemons(void **state)
{
    struct fixture f = launcher(true, false);
    struct launcher_event ping = { .kind = LAUNCHER_EV_PING, .pid = 33 };

    feed_kind(&f, LAUNCHER_EV_START);
    assert_done(&f, "");
    assert_string_equal(launcher_state_word(f.l.state), "wait_for_ping");
    feed(&f, &ping); /* somebody else's */
    assert_done(&f, "");
    ping.by_sbd = true;
    feed(&f, &ping);
    assert_int_equal(f.l.state, LAUNCHER_RUNNING);
    assert_int_equal(f.l.children[CHILD_CONTROLD].pid, 105);
    done(&f);
}

/* --- respawning --- */

static void
a_daemon_that_ends_is_started_again(void **state)
{
    static const struct {
        enum launcher_event_kind kind;
        int code;
    } ends[] = {
        { LAUNCHER_EV_EXITED, 0 },       { LAUNCHER_EV_EXITED, 1 },
        { LAUNCHER_EV_EXITED, 102 },     { LAUNCHER_EV_KILLED, SIGKILL },
        { LAUNCHER_EV_KILLED, SIGSEGV },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
        struct fixture f = running();

        end_child(&f, CHILD_ATTRD, ends[i].kind, ends[i].code);
        assert_done(&f, "check attrd;");
        checked(&f, CHILD_ATTRD, false, true);
        assert_done(&f, "spawn attrd;");
        done(&f);
    }
}

static void
exit_100_stops_everything_for_good(void **state)
{
    struct fixture f = running();

    end_child(&f, CHILD_SCHEDULERD, LAUNCHER_EV_EXITED, CRM_EX_FATAL);
    assert_done(&f, "kill controld 15;");
    end_child(&f, CHILD_CONTROLD, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "kill attrd 15;");
    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_EXITED, 0);
    end_child(&f, CHILD_EXECD, LAUNCHER_EV_EXITED, 0);
    end_child(&f, CHILD_FENCED, LAUNCHER_EV_EXITED, 0);
    g_string_truncate(f.log, 0);
    end_child(&f, CHILD_BASED, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "stop-cluster;exit 100;");
    done(&f);
}

static void
exit_101_panics(void **state)
{
    struct fixture f = running();

    end_child(&f, CHILD_CONTROLD, LAUNCHER_EV_EXITED, CRM_EX_PANIC);
    assert_done(&f, "panic;kill schedulerd 15;");
    done(&f);
}

static void
with_fail_fast_any_end_panics(void **state)
{
    struct fixture f = launcher(false, true);

    feed_kind(&f, LAUNCHER_EV_START);
    g_string_truncate(f.log, 0);
    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "panic;");
    done(&f);
}

static void
a_served_endpoint_is_adopted_instead_of_doubled(void **state)
{
    struct fixture f = running();

    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_EXITED, 0);
    checked(&f, CHILD_ATTRD, true, true);
    assert_done(&f, "check attrd;");
    assert_int_equal(f.l.children[CHILD_ATTRD].pid, 900);
    assert_true(f.l.children[CHILD_ATTRD].adopted);
    done(&f);
}

static void
without_corosync_those_that_need_it_wait_and_the_others_do_not(void **state)
{
    struct fixture f = running();

    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        end_child(&f, i, LAUNCHER_EV_EXITED, 102);
    }
    g_string_truncate(f.log, 0);
    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        checked(&f, i, false, false);
    }
    assert_done(&f, "spawn execd;spawn schedulerd;");
    feed_kind(&f, LAUNCHER_EV_CLUSTER_BACK);
    assert_done(&f, "spawn based;spawn fenced;spawn attrd;spawn controld;");
    feed_kind(&f, LAUNCHER_EV_CLUSTER_BACK);
    assert_done(&f, "");
    done(&f);
}

static void
a_waiting_daemon_is_tried_again_every_second(void **state)
{
    struct fixture f = running();

    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_EXITED, 102);
    checked(&f, CHILD_ATTRD, false, false);
    g_string_truncate(f.log, 0);
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "probe based;check attrd;");
    feed_kind(&f, LAUNCHER_EV_TICK); /* the answer is still due */
    assert_done(&f, "probe fenced;");
    checked(&f, CHILD_ATTRD, false, true);
    assert_done(&f, "spawn attrd;");
    done(&f);
}

static void
after_a_hundred_respawns_a_daemon_is_given_up(void **state)
{
    struct fixture f = running();

    for (unsigned i = 0; i < LAUNCHER_RESPAWN_MAX; i++) {
        end_child(&f, CHILD_ATTRD, LAUNCHER_EV_KILLED, SIGKILL);
        checked(&f, CHILD_ATTRD, false, true);
        assert_done(&f, "check attrd;spawn attrd;");
    }
    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_KILLED, SIGKILL);
    assert_done(&f, "");
    assert_int_equal(f.l.children[CHILD_ATTRD].pid, 0);
    assert_int_equal(f.l.state, LAUNCHER_RUNNING);
    done(&f);
}

static void
the_end_of_an_earlier_incarnation_is_ignored(void **state)
{
    struct fixture f = running();
    struct launcher_event ev = {
        .kind = LAUNCHER_EV_KILLED, .child = CHILD_ATTRD, .pid = 5, .code = SIGKILL
    };

    feed(&f, &ev);
    assert_done(&f, "");
    assert_int_equal(f.l.children[CHILD_ATTRD].pid, 103);
    done(&f);
}

/* --- probing --- */

static void
one_daemon_is_probed_a_second_in_turn(void **state)
{
    struct fixture f = running();

    for (unsigned i = 0; i < CHILD_COUNT + 1; i++) {
        feed_kind(&f, LAUNCHER_EV_TICK);
    }
    assert_done(&f, "probe based;probe fenced;probe execd;probe attrd;probe schedulerd;probe "
                    "controld;probe based;");
    done(&f);
}

static void
five_silent_probes_in_a_row_kill_a_daemon(void **state)
{
    struct fixture f = running();

    for (unsigned i = 0; i < 4; i++) {
        probed(&f, CHILD_ATTRD, PROBE_PID_ONLY);
    }
    probed(&f, CHILD_ATTRD, PROBE_OK); /* begins anew */
    for (unsigned i = 0; i < 4; i++) {
        probed(&f, CHILD_ATTRD, PROBE_PID_ONLY);
    }
    assert_done(&f, "");
    probed(&f, CHILD_ATTRD, PROBE_PID_ONLY);
    assert_done(&f, "kill attrd 9;");
    done(&f);
}

/* Silent probes until it is killed. */
static unsigned
probes_to_kill(struct fixture *f, enum launcher_child_id child)
{
    unsigned n = 0;

    do {
        probed(f, child, PROBE_PID_ONLY);
        n++;
    } while (f->l.children[child].failures > 0);
    end_child(f, child, LAUNCHER_EV_KILLED, SIGKILL);
    return n;
}

static void
a_daemon_that_never_answers_gets_twice_as_long_each_time(void **state)
{
    static const unsigned expected[] = { 5, 10, 20, 40, 40 };
    struct fixture f = running();

    for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_int_equal(probes_to_kill(&f, CHILD_ATTRD), expected[i]);
    }
    probed(&f, CHILD_ATTRD, PROBE_OK);
    assert_int_equal(probes_to_kill(&f, CHILD_ATTRD), 5);
    probed(&f, CHILD_ATTRD, PROBE_OK);
    assert_int_equal(probes_to_kill(&f, CHILD_ATTRD), 5);
    done(&f);
}

static void
progress_is_the_last_good_probe_or_a_bearable_silence(void **state)
{
    struct fixture f = running();
    uint64_t first;

    f.now = 5000000;
    probed(&f, CHILD_BASED, PROBE_OK);
    first = f.l.progress;
    assert_int_equal(first, 1005000);
    for (unsigned i = 0; i < 4; i++) {
        f.now += 1000;
        probed(&f, CHILD_ATTRD, PROBE_PID_ONLY);
        assert_int_equal(f.l.progress, first + i + 1);
    }
    f.now += 1000;
    probed(&f, CHILD_ATTRD, PROBE_PID_ONLY);
    assert_int_equal(f.l.progress, first + 4);
    done(&f);
}

static void
an_adopted_daemon_that_vanished_is_treated_as_ended(void **state)
{
    struct fixture f = launcher(false, false);
    struct launcher_event ev = { .kind = LAUNCHER_EV_ADOPT, .child = CHILD_EXECD, .pid = 77 };

    feed(&f, &ev);
    feed_kind(&f, LAUNCHER_EV_START);
    g_string_truncate(f.log, 0);
    probed(&f, CHILD_EXECD, PROBE_GONE);
    assert_done(&f, "check execd;");
    done(&f);
}

static void
an_endpoint_in_foreign_hands_ends_the_launcher(void **state)
{
    struct fixture f = running();

    probed(&f, CHILD_ATTRD, PROBE_UNAUTHORIZED);
    assert_done(&f, "exit 100;");
    done(&f);
}

/* --- shutdown --- */

static void
daemons_stop_in_reverse_order_one_at_a_time(void **state)
{
    struct fixture f = running();

    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    assert_done(&f, "kill controld 15;");
    feed_kind(&f, LAUNCHER_EV_SHUTDOWN); /* impatience changes nothing */
    assert_done(&f, "");
    end_child(&f, CHILD_CONTROLD, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "kill schedulerd 15;");
    end_child(&f, CHILD_SCHEDULERD, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "kill attrd 15;");
    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "kill execd 15;");
    end_child(&f, CHILD_EXECD, LAUNCHER_EV_KILLED, SIGTERM);
    assert_done(&f, "kill fenced 15;");
    end_child(&f, CHILD_FENCED, LAUNCHER_EV_EXITED, 1);
    assert_done(&f, "kill based 15;");
    end_child(&f, CHILD_BASED, LAUNCHER_EV_EXITED, 0);
    assert_done(&f, "exit 0;");
    done(&f);
}

static void
a_daemon_that_ends_out_of_turn_while_stopping_is_not_respawned(void **state)
{
    struct fixture f = running();

    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    end_child(&f, CHILD_BASED, LAUNCHER_EV_KILLED, SIGKILL);
    assert_done(&f, "kill controld 15;");
    done(&f);
}

static void
a_respawn_that_was_being_checked_does_not_survive_the_shutdown(void **state)
{
    struct fixture f = running();

    end_child(&f, CHILD_ATTRD, LAUNCHER_EV_EXITED, 0);
    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    g_string_truncate(f.log, 0);
    checked(&f, CHILD_ATTRD, false, true);
    assert_done(&f, "");
    done(&f);
}

static void
a_daemon_has_three_minutes_and_the_controller_any_time(void **state)
{
    struct fixture f = running();

    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    f.now += 86400000;
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "kill controld 15;");
    end_child(&f, CHILD_CONTROLD, LAUNCHER_EV_EXITED, 0);
    f.now += LAUNCHER_STOP_TIMEOUT_MS - 1;
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "kill schedulerd 15;");
    f.now += 1;
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "kill schedulerd 11;");
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "");
    done(&f);
}

static void
an_adopted_daemon_is_stopped_too(void **state)
{
    struct fixture f = launcher(false, false);
    struct launcher_event ev = { .kind = LAUNCHER_EV_ADOPT, .child = CHILD_CONTROLD, .pid = 77 };

    feed(&f, &ev);
    feed_kind(&f, LAUNCHER_EV_START);
    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    g_string_truncate(f.log, 0);
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "probe controld;");
    probed(&f, CHILD_CONTROLD, PROBE_PID_ONLY);
    assert_done(&f, "");
    probed(&f, CHILD_CONTROLD, PROBE_GONE);
    assert_done(&f, "kill schedulerd 15;");
    done(&f);
}

static void
sbd_has_to_read_the_final_state_before_we_leave(void **state)
{
    struct fixture f = launcher(true, false);
    struct launcher_event ping = { .kind = LAUNCHER_EV_PING, .pid = 33, .by_sbd = true };
    struct launcher_event gone = { .kind = LAUNCHER_EV_CLIENT_GONE, .pid = 33 };

    feed_kind(&f, LAUNCHER_EV_START);
    feed_kind(&f, LAUNCHER_EV_SHUTDOWN); /* nothing runs yet */
    assert_done(&f, "");
    assert_string_equal(launcher_state_word(f.l.state), "shutdown_complete");
    feed(&f, &gone); /* it has not asked */
    assert_done(&f, "");
    feed(&f, &ping);
    gone.pid = 34;
    feed(&f, &gone);
    assert_done(&f, "");
    gone.pid = 33;
    feed(&f, &gone);
    assert_done(&f, "exit 0;");
    done(&f);
}

static void
an_sbd_that_has_died_is_not_waited_for(void **state)
{
    struct fixture f = launcher(true, false);

    feed_kind(&f, LAUNCHER_EV_START);
    feed_kind(&f, LAUNCHER_EV_SBD_GONE); /* it may come back before the start */
    assert_done(&f, "");
    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    assert_done(&f, "");
    feed_kind(&f, LAUNCHER_EV_SBD_GONE);
    assert_done(&f, "exit 0;");
    done(&f);
}

static void
an_sbd_that_never_asks_is_not_waited_for_without_end(void **state)
{
    struct fixture f = launcher(true, false);

    feed_kind(&f, LAUNCHER_EV_START);
    feed_kind(&f, LAUNCHER_EV_SHUTDOWN);
    f.now += LAUNCHER_SBD_PATIENCE_MS - 1;
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "");
    f.now += 1;
    feed_kind(&f, LAUNCHER_EV_TICK);
    assert_done(&f, "exit 0;");
    done(&f);
}

static void
after_a_fatal_error_sbd_is_not_waited_for(void **state)
{
    struct fixture f = launcher(true, false);
    struct launcher_event ping = { .kind = LAUNCHER_EV_PING, .pid = 33, .by_sbd = true };

    feed_kind(&f, LAUNCHER_EV_START);
    feed(&f, &ping);
    end_child(&f, CHILD_CONTROLD, LAUNCHER_EV_EXITED, CRM_EX_FATAL);
    for (unsigned i = CHILD_CONTROLD; i-- > 0;) {
        g_string_truncate(f.log, 0);
        end_child(&f, i, LAUNCHER_EV_EXITED, 0);
    }
    assert_done(&f, "stop-cluster;exit 100;");
    done(&f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(daemons_start_in_order),
        cmocka_unit_test(a_daemon_that_runs_already_is_not_started),
        cmocka_unit_test(sbd_is_waited_for_and_its_ping_starts_the_daemons),
        cmocka_unit_test(a_daemon_that_ends_is_started_again),
        cmocka_unit_test(exit_100_stops_everything_for_good),
        cmocka_unit_test(exit_101_panics),
        cmocka_unit_test(with_fail_fast_any_end_panics),
        cmocka_unit_test(a_served_endpoint_is_adopted_instead_of_doubled),
        cmocka_unit_test(without_corosync_those_that_need_it_wait_and_the_others_do_not),
        cmocka_unit_test(a_waiting_daemon_is_tried_again_every_second),
        cmocka_unit_test(after_a_hundred_respawns_a_daemon_is_given_up),
        cmocka_unit_test(the_end_of_an_earlier_incarnation_is_ignored),
        cmocka_unit_test(one_daemon_is_probed_a_second_in_turn),
        cmocka_unit_test(five_silent_probes_in_a_row_kill_a_daemon),
        cmocka_unit_test(a_daemon_that_never_answers_gets_twice_as_long_each_time),
        cmocka_unit_test(progress_is_the_last_good_probe_or_a_bearable_silence),
        cmocka_unit_test(an_adopted_daemon_that_vanished_is_treated_as_ended),
        cmocka_unit_test(an_endpoint_in_foreign_hands_ends_the_launcher),
        cmocka_unit_test(daemons_stop_in_reverse_order_one_at_a_time),
        cmocka_unit_test(a_daemon_that_ends_out_of_turn_while_stopping_is_not_respawned),
        cmocka_unit_test(a_respawn_that_was_being_checked_does_not_survive_the_shutdown),
        cmocka_unit_test(a_daemon_has_three_minutes_and_the_controller_any_time),
        cmocka_unit_test(an_adopted_daemon_is_stopped_too),
        cmocka_unit_test(sbd_has_to_read_the_final_state_before_we_leave),
        cmocka_unit_test(an_sbd_that_has_died_is_not_waited_for),
        cmocka_unit_test(an_sbd_that_never_asks_is_not_waited_for_without_end),
        cmocka_unit_test(after_a_fatal_error_sbd_is_not_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
