/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the watchdog is fed, when the node is killed, how health is judged, and what `check` finds.
 * (spec 65 §7.5-7.7, §9.2, §10, §15)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "daemons/sbd/sbd_core.h"

/* --- fixture: an inquisitor on a clock of our own --- */

static struct {
    struct sbd_inquisitor q;
    uint64_t now;
    unsigned counts[SBD_DO_WARN_DEBUG + 1];
    struct sbd_effect last[SBD_DO_WARN_DEBUG + 1];
    uint64_t when[SBD_DO_WARN_DEBUG + 1]; /* of the last one */
} f;

static void
feed(enum sbd_event_kind kind, unsigned watcher, int code)
{
    struct sbd_event ev = { .kind = kind, .watcher = watcher, .code = code };
    struct sbd_effects out;

    sbd_inquisitor_step(&f.q, f.now, &ev, &out);
    for (unsigned i = 0; i < out.count; i++) {
        const struct sbd_effect *e = &out.list[i];

        f.counts[e->kind]++;
        f.last[e->kind] = *e;
        f.when[e->kind] = f.now;
        if (e->kind == SBD_DO_ARM) {
            feed(SBD_EV_ARMED, 0, 0);
        }
    }
}

static bool
did(enum sbd_effect_kind kind)
{
    bool yes = f.counts[kind] > 0;

    f.counts[kind] = 0;
    return yes;
}

static void
begin(unsigned disks, bool cluster_side, bool veto)
{
    struct sbd_inquisitor_config c = {
        .n_disks = disks,
        .pacemaker = cluster_side,
        .cluster = cluster_side,
        .veto = veto,
        .watchdog = true,
        .watchdog_s = 5,
        .loop_s = 1,
        .io_s = 3,
        .warn_s = 3,
        .restart_s = 5,
        .restart_limit = 1,
        .timeout_action = SBD_KILL_RESET,
        .timeout_flush = true,
    };

    memset(&f, 0, sizeof(f));
    f.now = 1000000;
    sbd_inquisitor_init(&f.q, &c, f.now);
    feed(SBD_EV_TICK, 0, 0);
}

/* Let time pass; watchers whose bit is set report once a second. */
static void
pass(unsigned ms, unsigned who)
{
    for (uint64_t end = f.now + ms; f.now < end;) {
        f.now += 100;
        if (f.now % 1000 == 0) {
            for (unsigned i = 0; i < f.q.n_watchers; i++) {
                if (who & (1u << i)) {
                    feed(SBD_EV_ALIVE, i, 0);
                }
            }
        }
        feed(SBD_EV_TICK, 0, 0);
    }
}

#define DISK    1u          /* with one disk */
#define PCMK(n) (1u << (n)) /* behind n disks */
#define CLUS(n) (2u << (n))

/* --- the table of feeding --- */

static void
the_table_of_feeding_holds(void **state)
{
    /* Which watchers are healthy, has the cluster appeared, is it detached -> feed, may detach. */
    static const struct {
        unsigned disks;
        bool veto;
        unsigned healthy;
        bool appeared, detached, feed, detach;
    } table[] = {
        { 0, 0, PCMK(0) | CLUS(0), 0, 0, 1, 1 },
        { 0, 0, PCMK(0) | CLUS(0), 1, 1, 1, 1 },
        { 0, 0, CLUS(0), 0, 1, 1, 1 },
        { 0, 0, CLUS(0), 1, 1, 0, 1 },
        { 0, 0, PCMK(0), 0, 1, 1, 1 },
        { 0, 0, PCMK(0), 1, 1, 0, 1 },
        { 0, 0, 0, 0, 0, 1, 0 },
        { 0, 0, 0, 0, 1, 0, 0 },
        { 0, 0, 0, 1, 1, 0, 0 },
        { 1, 0, 1, 0, 0, 1, 1 },
        { 1, 0, 0, 0, 0, 0, 0 },
        { 1, 0, PCMK(1) | CLUS(1), 0, 0, 1, 0 },
        { 1, 0, PCMK(1), 0, 1, 0, 0 },
        { 2, 0, 1, 0, 1, 1, 1 },
        { 2, 0, 2, 0, 1, 1, 1 },
        { 2, 0, 0, 0, 1, 0, 0 },
        { 2, 0, PCMK(2) | CLUS(2), 0, 1, 1, 0 },
        { 3, 0, 1, 0, 1, 0, 0 },
        { 3, 0, 3, 0, 1, 1, 1 },
        { 3, 0, 7, 0, 1, 1, 1 },
        { 3, 0, 1 | PCMK(3) | CLUS(3), 0, 1, 1, 0 },
        { 3, 0, 1 | CLUS(3), 0, 1, 0, 0 },
        { 1, 1, 1, 0, 0, 1, 1 },
        { 1, 1, 1, 1, 1, 0, 1 },
        { 1, 1, 1 | PCMK(1) | CLUS(1), 1, 1, 1, 1 },
        { 1, 1, PCMK(1) | CLUS(1), 1, 1, 0, 0 },
        { 1, 1, 1 | PCMK(1), 1, 1, 0, 1 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct sbd_verdict v;

        begin(table[i].disks, true, table[i].veto);
        for (unsigned w = 0; w < f.q.n_watchers; w++) {
            if (table[i].healthy & (1u << w)) {
                f.q.watchers[w].alive = f.now;
                f.q.watchers[w].outdated = false;
            }
        }
        f.q.appeared = table[i].appeared;
        f.q.detached = table[i].detached;
        v = sbd_judge(&f.q);
        if (v.feed != table[i].feed || v.may_detach != table[i].detach) {
            fail_msg("row %u: feed %d, may detach %d", i, v.feed, v.may_detach);
        }
    }
}

/* --- starting --- */

static void
the_start_is_over_when_the_disk_is_good(void **state)
{
    (void)state;
    begin(1, true, false);
    assert_int_equal(f.counts[SBD_DO_START], 3);
    assert_true(f.last[SBD_DO_START].first);
    pass(900, 0);
    assert_false(did(SBD_DO_DETACH));
    feed(SBD_EV_ALIVE, 0, 0);
    assert_true(did(SBD_DO_ARM) && did(SBD_DO_DETACH) && did(SBD_DO_FEED));
}

static void
without_votes_the_start_is_given_up_and_nobody_is_killed(void **state)
{
    (void)state;
    begin(3, false, false);
    pass(4900, 1); /* one of three */
    assert_false(did(SBD_DO_END));
    pass(1000, 1);
    assert_true(did(SBD_DO_WARN_VOTES) && did(SBD_DO_END));
    assert_int_equal(f.last[SBD_DO_END].code, 1);
    assert_false(did(SBD_DO_KILL) || did(SBD_DO_ARM));
}

static void
a_diskless_node_waits_for_its_cluster_without_limit(void **state)
{
    (void)state;
    begin(0, true, false);
    pass(600000, 0);
    assert_false(did(SBD_DO_END) || did(SBD_DO_ARM) || did(SBD_DO_KILL));
    pass(2000, CLUS(0));
    assert_true(did(SBD_DO_DETACH));
    pass(600000, CLUS(0)); /* no Pacemaker yet */
    assert_false(did(SBD_DO_KILL));
}

static void
a_watchdog_that_cannot_be_armed_ends_the_start(void **state)
{
    struct sbd_event ev = { .kind = SBD_EV_ALIVE };
    struct sbd_effects out;

    (void)state;
    begin(1, false, false);
    sbd_inquisitor_step(&f.q, f.now, &ev, &out);
    assert_int_equal(out.list[out.count - 1].kind, SBD_DO_ARM);
    ev = (struct sbd_event){ .kind = SBD_EV_ARMED, .code = 1 };
    sbd_inquisitor_step(&f.q, f.now, &ev, &out);
    assert_int_equal(out.list[0].kind, SBD_DO_END);
    assert_int_equal(out.list[0].code, 1);
}

/* --- dying --- */

static void
a_lost_disk_stops_the_feeding_and_then_kills(void **state)
{
    uint64_t last_alive;

    (void)state;
    begin(1, false, false);
    pass(10000, DISK);
    last_alive = f.now;
    pass(12000, 0);
    assert_true(did(SBD_DO_KILL));
    assert_true(f.last[SBD_DO_KILL].timed_out);
    assert_int_equal(f.last[SBD_DO_KILL].kill, SBD_KILL_RESET);
    assert_in_range(f.when[SBD_DO_FEED] - last_alive, 3000, 4000); /* I/O and loop timeout */
    assert_in_range(f.when[SBD_DO_KILL] - f.when[SBD_DO_FEED], 5000, 5200); /* watchdog timeout */
    assert_true(did(SBD_DO_WARN_LATE));
}

static void
the_cluster_vouches_for_a_node_without_its_disk(void **state)
{
    (void)state;
    begin(1, true, false);
    pass(10000, DISK | PCMK(1) | CLUS(1));
    pass(60000, PCMK(1) | CLUS(1));
    assert_int_equal(f.counts[SBD_DO_WARN_MAJORITY], 1);
    assert_false(did(SBD_DO_KILL));
    feed(SBD_EV_UNHEALTHY, 1, 0); /* quorum lost */
    pass(5500, CLUS(1));
    assert_true(did(SBD_DO_KILL));
}

static void
who_lost_the_cluster_and_the_disk_together_is_not_vouched_for_until_the_disk_is_read(void **state)
{
    (void)state;
    for (unsigned is_mended = 0; is_mended <= 1; is_mended++) {
        begin(1, true, false);
        pass(10000, DISK | PCMK(1) | CLUS(1));
        /* An order to this node may be written now, and it would not see it. */
        feed(SBD_EV_UNHEALTHY, 1, 0);
        pass(1500, CLUS(1));
        pass(5000, PCMK(1) | CLUS(1) | (is_mended ? DISK : 0));
        pass(5000, PCMK(1) | CLUS(1));
        assert_int_equal(did(SBD_DO_KILL), !is_mended);
    }
}

static void
one_order_of_one_disk_kills_at_once(void **state)
{
    static const struct {
        int status;
        enum sbd_kill kill;
    } table[] = { { SBD_RESULT_RESET, SBD_KILL_RESET },
                  { SBD_RESULT_OFF, SBD_KILL_OFF },
                  { SBD_RESULT_CRASHDUMP, SBD_KILL_CRASH } };

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        begin(3, true, false);
        pass(5000, 7 | PCMK(3) | CLUS(3));
        feed(SBD_EV_ENDED, 2, table[i].status);
        assert_true(did(SBD_DO_KILL));
        assert_int_equal(f.last[SBD_DO_KILL].kill, table[i].kill);
        assert_true(f.last[SBD_DO_KILL].flush && !f.last[SBD_DO_KILL].timed_out);
        pass(5000, 7); /* nothing comes after that */
        assert_false(did(SBD_DO_START) && f.when[SBD_DO_START] == f.now);
    }
}

static void
an_order_is_a_disks_word_only(void **state)
{
    (void)state;
    begin(1, true, false);
    pass(5000, DISK | PCMK(1) | CLUS(1));
    feed(SBD_EV_ENDED, 1, SBD_RESULT_RESET);
    feed(SBD_EV_ENDED, 2, SBD_RESULT_OFF);
    feed(SBD_EV_UNHEALTHY, 0, 0); /* nor can a disk call the node unhealthy */
    assert_false(did(SBD_DO_KILL));
    assert_false(f.q.watchers[0].outdated);
}

static void
a_stop_or_an_exit_message_never_kills(void **state)
{
    (void)state;
    begin(1, true, false);
    pass(5000, DISK);
    feed(SBD_EV_STOP, 0, 0);
    assert_true(did(SBD_DO_END));
    assert_int_equal(f.last[SBD_DO_END].code, 0);
    pass(20000, 0);
    assert_false(did(SBD_DO_KILL));
    begin(1, true, false);
    pass(5000, DISK);
    feed(SBD_EV_ENDED, 0, SBD_RESULT_STOP);
    assert_true(did(SBD_DO_END));
    assert_int_equal(f.last[SBD_DO_END].code, 0);
}

static void
a_fencing_message_at_start_ends_the_start(void **state)
{
    (void)state;
    begin(1, true, false);
    feed(SBD_EV_ENDED, 0, SBD_RESULT_REFUSE);
    assert_true(did(SBD_DO_END));
    assert_int_equal(f.last[SBD_DO_END].code, 1);
}

static void
a_daemon_that_was_frozen_too_long_does_not_feed_again(void **state)
{
    unsigned fed;

    (void)state;
    begin(1, false, false);
    pass(5000, DISK);
    fed = f.counts[SBD_DO_FEED];
    f.now += 6000;
    feed(SBD_EV_ALIVE, 0, 0);
    assert_int_equal(f.counts[SBD_DO_FEED], fed);
    assert_true(did(SBD_DO_KILL));
}

static void
the_timeout_action_is_the_configured_one(void **state)
{
    (void)state;
    begin(1, false, false);
    f.q.config.timeout_action = SBD_KILL_OFF;
    f.q.config.timeout_flush = false;
    pass(5000, DISK);
    pass(12000, 0);
    assert_true(did(SBD_DO_KILL));
    assert_int_equal(f.last[SBD_DO_KILL].kill, SBD_KILL_OFF);
    assert_false(f.last[SBD_DO_KILL].flush);
}

static void
a_diskless_node_that_loses_its_quorum_dies(void **state)
{
    (void)state;
    begin(0, true, false);
    pass(10000, PCMK(0) | CLUS(0));
    pass(10000, CLUS(0)); /* the Pacemaker watcher is silent */
    assert_true(did(SBD_DO_KILL));
}

static void
a_pacemaker_that_was_stopped_in_order_is_not_missed(void **state)
{
    (void)state;
    begin(0, true, false);
    pass(10000, PCMK(0) | CLUS(0));
    did(SBD_DO_START);
    feed(SBD_EV_ENDED, 0, SBD_RESULT_GRACEFUL);
    assert_true(did(SBD_DO_START)); /* at once, for the next Pacemaker */
    pass(60000, CLUS(0));
    assert_false(did(SBD_DO_KILL));
    pass(5000, PCMK(0) | CLUS(0));
    pass(10000, CLUS(0));
    assert_true(did(SBD_DO_KILL));
}

static void
with_veto_a_sick_cluster_kills_though_the_disk_is_good(void **state)
{
    (void)state;
    begin(1, true, true);
    pass(10000, DISK | PCMK(1) | CLUS(1));
    pass(10000, DISK | CLUS(1));
    assert_true(did(SBD_DO_KILL));
}

/* --- restarts --- */

static void
a_watcher_that_dies_early_is_held_back_one_that_lived_is_not(void **state)
{
    uint64_t started;

    (void)state;
    begin(1, false, false);
    started = f.now;
    pass(1000, DISK);
    did(SBD_DO_START);
    feed(SBD_EV_ENDED, 0, SBD_RESULT_IO);
    assert_false(did(SBD_DO_START));
    pass(7000, 0);
    assert_true(did(SBD_DO_START));
    assert_int_equal(f.when[SBD_DO_START] - started, 6000);
    assert_false(
        f.last[SBD_DO_START].first); /* it had been alive: an order in the mailbox counts */
    begin(1, false, false);
    pass(20000, DISK);
    did(SBD_DO_START);
    feed(SBD_EV_ENDED, 0, SBD_RESULT_IO);
    assert_true(did(SBD_DO_START));
}

static void
a_disk_that_appears_later_does_not_have_its_mailbox_emptied(void **state)
{
    (void)state;
    begin(2, false, false);
    feed(SBD_EV_ENDED, 1, SBD_RESULT_IO);
    did(SBD_DO_START);
    pass(8000, 1);
    assert_true(did(SBD_DO_START));
    assert_int_equal(f.last[SBD_DO_START].watcher, 1);
    assert_false(f.last[SBD_DO_START].first);
}

static void
sigusr1_restarts_what_is_held_back(void **state)
{
    (void)state;
    begin(1, false, false);
    feed(SBD_EV_ENDED, 0, SBD_RESULT_IO);
    did(SBD_DO_START);
    feed(SBD_EV_RESTART, 0, 0);
    assert_true(did(SBD_DO_START));
}

static void
ticks_are_asked_for_in_time(void **state)
{
    (void)state;
    begin(1, false, false);
    pass(5000, DISK);
    assert_in_range(sbd_inquisitor_next_tick(&f.q, f.now), f.now + 1, f.now + 1000);
    f.now += 3990; /* ten milliseconds before the disk is outdated */
    assert_int_equal(sbd_inquisitor_next_tick(&f.q, f.now), f.now + 10);
}

/* --- health --- */

static void
pacemaker_health_follows_the_table(void **state)
{
    static const struct {
        struct sbd_node_facts facts;
        bool diskless, had;
        enum sbd_health expected;
    } table[] = {
        { { 0, 1, 1, 0, 0, 1, SBD_POLICY_STOP }, 0, 0, SBD_HEALTH_TRANSIENT },
        { { 1, 0, 0, 0, 0, 1, SBD_POLICY_STOP }, 0, 0, SBD_HEALTH_UNKNOWN },
        { { 1, 1, 0, 0, 0, 1, SBD_POLICY_STOP }, 0, 0, SBD_HEALTH_UNKNOWN },
        { { 1, 1, 1, 1, 1, 1, SBD_POLICY_STOP }, 0, 0, SBD_HEALTH_UNCLEAN },
        { { 1, 1, 1, 0, 1, 1, SBD_POLICY_STOP }, 0, 0, SBD_HEALTH_PENDING },
        { { 1, 1, 1, 0, 0, 1, SBD_POLICY_STOP }, 0, 0, SBD_HEALTH_ONLINE },
        { { 1, 1, 1, 0, 0, 0, SBD_POLICY_IGNORE }, 0, 1, SBD_HEALTH_NO_QUORUM },
        { { 1, 1, 1, 0, 0, 0, SBD_POLICY_STOP }, 1, 0, SBD_HEALTH_ONLINE },
        { { 1, 1, 1, 0, 0, 0, SBD_POLICY_STOP }, 1, 1, SBD_HEALTH_TRANSIENT },
        { { 1, 1, 1, 0, 0, 0, SBD_POLICY_IGNORE }, 1, 1, SBD_HEALTH_TRANSIENT },
        { { 1, 1, 1, 0, 0, 0, SBD_POLICY_SUICIDE }, 1, 1, SBD_HEALTH_UNCLEAN },
        /* Corosync denies what the CIB says. */
        { { 1, 1, 1, 0, 0, 1, SBD_POLICY_STOP, 1 }, 0, 1, SBD_HEALTH_NO_QUORUM },
        { { 1, 1, 1, 0, 0, 1, SBD_POLICY_STOP, 1 }, 1, 1, SBD_HEALTH_TRANSIENT },
        { { 1, 1, 1, 0, 0, 1, SBD_POLICY_SUICIDE, 1 }, 1, 1, SBD_HEALTH_UNCLEAN },
        { { 1, 1, 1, 0, 0, 1, SBD_POLICY_STOP, 1 }, 1, 0, SBD_HEALTH_ONLINE },
        { { 0, 1, 1, 0, 0, 1, SBD_POLICY_STOP, 1 }, 0, 1, SBD_HEALTH_TRANSIENT },
        { { 1, 1, 1, 1, 0, 1, SBD_POLICY_STOP, 1 }, 1, 1, SBD_HEALTH_UNCLEAN },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bool had = table[i].had;

        assert_int_equal(sbd_pacemaker_health(&table[i].facts, table[i].diskless, &had),
                         table[i].expected);
        assert_int_equal(had, table[i].had || table[i].expected == SBD_HEALTH_ONLINE
                                  ? (table[i].facts.quorate && !table[i].facts.denied) ||
                                        table[i].had
                                  : 0);
    }
}

static void
cluster_health_follows_the_table(void **state)
{
    static const struct {
        struct sbd_cluster_facts facts;
        enum sbd_health expected;
    } table[] = {
        { { 0, 0, 0, 0, 0 }, SBD_HEALTH_UNCLEAN },    { { 1, 1, 0, 0, 0 }, SBD_HEALTH_ONLINE },
        { { 1, 1, 1, 0, 0 }, SBD_HEALTH_ONLINE },     { { 2, 2, 1, 0, 0 }, SBD_HEALTH_ONLINE },
        { { 1, 2, 1, 0, 0 }, SBD_HEALTH_NO_QUORUM },  { { 1, 3, 0, 0, 0 }, SBD_HEALTH_ONLINE },
        { { 2, 2, 0, 1, 30 }, SBD_HEALTH_NO_QUORUM }, { { 2, 2, 0, 1, 5 }, SBD_HEALTH_ONLINE },
        { { 2, 2, 0, 0, 30 }, SBD_HEALTH_ONLINE },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(sbd_cluster_health(&table[i].facts, 5), table[i].expected);
    }
}

static void
a_launcher_without_progress_is_not_fresh(void **state)
{
    struct sbd_launcher_answer a = { .ok = true, .timestamp = 1000, .running = true };
    int64_t stamp = 0;

    (void)state;
    assert_false(sbd_launcher_is_fresh(stamp, 1000, 5));
    stamp = sbd_launcher_stamp(stamp, &a);
    assert_true(sbd_launcher_is_fresh(stamp, 1004, 5));
    assert_int_equal(sbd_launcher_stamp(stamp, &a),
                     1000); /* the same answer again proves nothing */
    assert_false(sbd_launcher_is_fresh(stamp, 1005, 5));
    a.timestamp = 1010;
    a.running = false;
    assert_int_equal(sbd_launcher_stamp(stamp, &a), 1000);
}

/* --- check --- */

static struct sbd_check_facts
sound_configuration(unsigned disks)
{
    struct sbd_check_facts c = {
        .n_disks = disks,
        .watchdog_s = 5,
        .io_s = 3,
        .sync_set = true,
        .watchdog_used = true,
        .watchdog = "/dev/watchdog",
        .watchdog_exists = true,
        .knows_cluster = true,
        .stonith_enabled = true,
        .stonith_timeout_s = 60,
        .stonith_watchdog_timeout_ms = disks == 0 ? 10000 : 0,
        .has_sbd_device = disks > 0,
        .knows_corosync = true,
        .nodes = 3,
    };

    for (unsigned i = 0; i < disks; i++) {
        c.disks[i] = (struct sbd_check_disk){
            .name = i == 0   ? "/dev/a"
                    : i == 1 ? "/dev/b"
                             : "/dev/c",
            .readable = true,
            .header = { .major = 2,
                        .minor = 1,
                        .slots = 255,
                        .sector_size = 512,
                        .watchdog_s = 5,
                        .allocate_s = 2,
                        .loop_s = 1,
                        .msgwait_s = 10,
                        .uuid = { (uint8_t)(i + 1) } },
        };
    }
    return c;
}

/* Is there exactly one finding, and does it say that? */
static void
expect_finding(const struct sbd_check_facts *c, enum sbd_finding_level level, const char *part)
{
    struct sbd_finding findings[SBD_MAX_FINDINGS];
    unsigned n = sbd_check(c, findings);

    if (n != 1 || findings[0].level != level || strstr(findings[0].text, part) == NULL) {
        fail_msg("%u findings, first: %s (expected: %s)", n, n > 0 ? findings[0].text : "", part);
    }
}

static void
a_sound_configuration_has_no_findings(void **state)
{
    struct sbd_finding findings[SBD_MAX_FINDINGS];

    (void)state;
    for (unsigned disks = 0; disks <= 3; disks++) {
        struct sbd_check_facts c = sound_configuration(disks);

        assert_int_equal(sbd_check(&c, findings), 0);
    }
}

static void
each_mistake_is_found_and_says_what_to_set(void **state)
{
    struct sbd_check_facts c;

    (void)state;
#define WITH(disks, change, level, part) \
    c = sound_configuration(disks);      \
    change;                              \
    expect_finding(&c, level, part)
    WITH(1, c.disks[0].header.msgwait_s = 9, SBD_FINDING_ERROR, "set msgwait to 10");
    WITH(1, (c.watchdog_s = c.disks[0].header.watchdog_s = 3, c.disks[0].header.msgwait_s = 6),
         SBD_FINDING_ERROR, "set msgwait to 7");
    WITH(1, c.stonith_timeout_s = 11, SBD_FINDING_ERROR, "set stonith-timeout to 12s");
    WITH(1, c.stonith_watchdog_timeout_ms = -1, SBD_FINDING_WARNING,
         "set stonith-watchdog-timeout to 0");
    WITH(1, c.watchdog_s = 10, SBD_FINDING_WARNING, "set SBD_WATCHDOG_TIMEOUT to 5");
    WITH(1, c.has_sbd_device = false, SBD_FINDING_WARNING, "No fence device");
    WITH(2, c.disks[1].header.loop_s = 2, SBD_FINDING_ERROR,
         "sbd -d /dev/b -1 5 -2 2 -3 1 -4 10 create");
    WITH(3, memcpy(c.disks[2].header.uuid, c.disks[0].header.uuid, 16), SBD_FINDING_ERROR,
         "/dev/a and /dev/c are one and the same");
    WITH(2, c.disks[1].readable = false, SBD_FINDING_ERROR, "/dev/b cannot be read");
    WITH(2, c.disks[1].error = SBD_HEADER_MAGIC, SBD_FINDING_ERROR,
         "/dev/b: there is no SBD header");
    WITH(1, c.stonith_enabled = false, SBD_FINDING_ERROR, "set stonith-enabled to true");
    WITH(0, c.stonith_watchdog_timeout_ms = 0, SBD_FINDING_ERROR,
         "set stonith-watchdog-timeout to 10s");
    WITH(0, c.stonith_watchdog_timeout_ms = 8000, SBD_FINDING_ERROR,
         "set stonith-watchdog-timeout to 10s");
    WITH(0, (c.stonith_watchdog_timeout_ms = 60000), SBD_FINDING_ERROR,
         "set stonith-timeout to 72s");
    WITH(0, c.nodes = 2, SBD_FINDING_ERROR, "add a qdevice");
    WITH(0, (c.qdevice = true, c.nodes = 2, c.sync_timeout_s = 30), SBD_FINDING_ERROR,
         "sync_timeout to 5000");
    WITH(0, c.sync_set = false, SBD_FINDING_WARNING, "SBD_SYNC_RESOURCE_STARTUP");
    WITH(1, (c.holder = 77, c.holder_name = "wd_keepalive"), SBD_FINDING_ERROR,
         "process 77 (wd_keepalive)");
    WITH(1, c.watchdog_used = false, SBD_FINDING_ERROR, "No watchdog");
    WITH(1, c.watchdog_exists = false, SBD_FINDING_ERROR, "is no watchdog device");
    WITH(1, c.watchdog_max_s = 4, SBD_FINDING_ERROR, "set the watchdog timeout to 4 or less");
    WITH(1, c.watchdog_is_soft = true, SBD_FINDING_WARNING, "softdog");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_feeding_holds),
        cmocka_unit_test(the_start_is_over_when_the_disk_is_good),
        cmocka_unit_test(without_votes_the_start_is_given_up_and_nobody_is_killed),
        cmocka_unit_test(a_diskless_node_waits_for_its_cluster_without_limit),
        cmocka_unit_test(a_watchdog_that_cannot_be_armed_ends_the_start),
        cmocka_unit_test(a_lost_disk_stops_the_feeding_and_then_kills),
        cmocka_unit_test(the_cluster_vouches_for_a_node_without_its_disk),
        cmocka_unit_test(who_lost_the_cluster_and_the_disk_together_is_not_vouched_for_until_the_disk_is_read),
        cmocka_unit_test(one_order_of_one_disk_kills_at_once),
        cmocka_unit_test(an_order_is_a_disks_word_only),
        cmocka_unit_test(a_stop_or_an_exit_message_never_kills),
        cmocka_unit_test(a_fencing_message_at_start_ends_the_start),
        cmocka_unit_test(a_daemon_that_was_frozen_too_long_does_not_feed_again),
        cmocka_unit_test(the_timeout_action_is_the_configured_one),
        cmocka_unit_test(a_diskless_node_that_loses_its_quorum_dies),
        cmocka_unit_test(a_pacemaker_that_was_stopped_in_order_is_not_missed),
        cmocka_unit_test(with_veto_a_sick_cluster_kills_though_the_disk_is_good),
        cmocka_unit_test(a_watcher_that_dies_early_is_held_back_one_that_lived_is_not),
        cmocka_unit_test(a_disk_that_appears_later_does_not_have_its_mailbox_emptied),
        cmocka_unit_test(sigusr1_restarts_what_is_held_back),
        cmocka_unit_test(ticks_are_asked_for_in_time),
        cmocka_unit_test(pacemaker_health_follows_the_table),
        cmocka_unit_test(cluster_health_follows_the_table),
        cmocka_unit_test(a_launcher_without_progress_is_not_fresh),
        cmocka_unit_test(a_sound_configuration_has_no_findings),
        cmocka_unit_test(each_mistake_is_found_and_says_what_to_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
