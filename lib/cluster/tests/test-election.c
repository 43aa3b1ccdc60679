/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The election, rule by rule (spec 30 §5.3), and whole elections among several cores in this
 * process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/xml.h"
#include "lib/cluster/election.h"

/* --- fixture: node2 of three active nodes, CPU time 10.5 s, feature set 3.16.1 --- */

struct fixture {
    struct peers *peers;
    struct election *e;
    struct election_effects out;
    struct ctl_refs refs;
    uint64_t now;
    enum election_state state;
};

static void
cpu_time(void *data, uint32_t *sec, uint32_t *usec)
{
    *sec = 10;
    *usec = 500000;
}

static struct peers *
active_nodes(uint32_t local, unsigned n)
{
    struct peers *ps = peers_new(PEERS_AUTO_REAP, NULL, NULL);
    char name[16];

    g_snprintf(name, sizeof(name), "node%u", local);
    peers_set_local(ps, local, name);
    for (uint32_t id = 1; id <= n; id++) {
        g_snprintf(name, sizeof(name), "node%u", id);
        peers_set_process(ps, peers_get(ps, id, name), PEER_PROC_CPG, true, 1);
    }
    return ps;
}

static int
setup(void **state)
{
    struct fixture *f = g_new0(struct fixture, 1);
    struct election_config config = {
        .name = "DC",
        .system = SYS_CRMD,
        .local_name = "node2",
        .local_uuid = "2",
        .feature_set = "3.16.1",
        .timeout_ms = 120000,
        .cpu_time = cpu_time,
    };

    f->peers = active_nodes(2, 3);
    config.peers = f->peers;
    f->e = election_new(&config);
    f->now = 100000;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    election_free(f->e);
    peers_free(f->peers);
    g_free(f);
    return 0;
}

static enum election_outcome
step(struct fixture *f, enum election_event_kind kind, const char *from, const xmlNode *message)
{
    struct election_event ev = { .kind = kind, .from = from, .message = message };

    f->state = election_step(f->e, f->now, &ev, &f->out);
    return f->out.outcome;
}

/* A vote of `from` as node `owner`, round `id`. */
static enum election_outcome
receive(struct fixture *f, const char *task, const char *from, const char *owner, int id,
        const char *version, unsigned sec, unsigned usec)
{
    g_autoptr(xmlNode) msg = xml_new(NULL, "request");

    xml_set(msg, F_VERSION, version);
    xml_set(msg, F_CRM_TASK, task);
    xml_set(msg, F_CRM_ELECTION_OWNER, owner);
    xml_set_int(msg, F_CRM_ELECTION_ID, id);
    if (strcmp(task, CRM_TASK_VOTE) == 0) {
        xml_set_int(msg, F_CRM_ELECTION_AGE_SEC, sec);
        xml_set_int(msg, F_CRM_ELECTION_AGE_USEC, usec);
    }
    return step(f, ELECTION_EV_VOTE, from, msg);
}

static enum election_outcome
vote(struct fixture *f, const char *from, const char *owner, const char *version, unsigned sec,
     unsigned usec)
{
    return receive(f, CRM_TASK_VOTE, from, owner, 1, version, sec, usec);
}

static enum election_outcome
own_vote(struct fixture *f, int id)
{
    return receive(f, CRM_TASK_VOTE, "node2", "2", id, "3.16.1", 10, 500000);
}

static enum election_outcome
concession(struct fixture *f, const char *from, int id)
{
    return receive(f, CRM_TASK_NO_VOTE, from, "2", id, "3.16.1", 0, 0);
}

/* --- comparison: rules 6 to 11 as a table --- */

static void
votes_are_compared_by_version_then_age_then_name(void **state)
{
    static const struct {
        const char *from, *owner, *version;
        unsigned sec, usec;
        enum election_outcome outcome;
    } table[] = {
        { "node1", "1", "3.16.0", 0, 0, ELECTION_HAS_LOST },       /* older software wins ... */
        { "node3", "3", "3.9.1", 0, 0, ELECTION_HAS_LOST },        /* ... numerically ... */
        { "node3", "3", "3.16", 0, 0, ELECTION_HAS_LOST },         /* ... missing fields are 0 */
        { "node1", "1", "3.17.0", 99, 0, ELECTION_MUST_VOTE },     /* newer loses */
        { "node3", "3", "3.16.1", 11, 0, ELECTION_HAS_LOST },      /* longer running wins */
        { "node3", "3", "3.16.1", 10, 500001, ELECTION_HAS_LOST }, /* by a microsecond */
        { "node1", "1", "3.16.1", 9, 999999, ELECTION_MUST_VOTE },
        { "node1", "1", "3.16.1", 10, 499999, ELECTION_MUST_VOTE },
        { "node1", "1", "3.16.1", 10, 500000, ELECTION_HAS_LOST }, /* the first name wins */
        { "node3", "3", "3.16.1", 10, 500000, ELECTION_MUST_VOTE },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        struct fixture *f;

        setup((void **)&f);
        if (vote(f, table[i].from, table[i].owner, table[i].version, table[i].sec, table[i].usec) !=
            table[i].outcome) {
            fail_msg("row %u", i);
        }
        if (table[i].outcome == ELECTION_HAS_LOST) {
            assert_int_equal(f->state, ELECTION_LOST);
            assert_true(f->out.send_no_vote && f->out.stop_timer);
            assert_string_equal(f->out.no_vote_to, table[i].from);
            assert_string_equal(f->out.no_vote_owner, table[i].owner);
            assert_int_equal(f->out.no_vote_id, 1);
        } else {
            assert_int_equal(f->state, ELECTION_START);
            assert_false(f->out.send_no_vote);
        }
        teardown((void **)&f);
    }
}

static void
who_is_not_eligible_loses_to_anybody(void **state)
{
    struct fixture *f = *state;

    election_set_eligible(f->e, false);
    assert_int_equal(vote(f, "node3", "3", "3.17.0", 0, 0), ELECTION_HAS_LOST);
}

static void
who_is_not_active_loses_to_anybody(void **state)
{
    struct fixture *f = *state;

    peers_set_process(f->peers, peers_local(f->peers), PEER_PROC_CPG, false, 1);
    assert_int_equal(vote(f, "node3", "3", "3.17.0", 0, 0), ELECTION_HAS_LOST);
}

static void
an_answer_to_an_earlier_round_is_ignored(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    step(f, ELECTION_EV_START, NULL, NULL);
    assert_int_equal(concession(f, "node1", 1), ELECTION_NOTHING);
    assert_int_equal(concession(f, "node3", 1), ELECTION_NOTHING);
    assert_int_equal(own_vote(f, 1), ELECTION_NOTHING);
    assert_int_equal(f->state, ELECTION_IN_PROGRESS);
}

static void
a_vote_of_a_node_that_is_not_there_is_ignored(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(vote(f, "node9", "9", "3.0.0", 99, 0), ELECTION_NOTHING);
    assert_false(f->out.send_no_vote);
}

static void
a_concession_to_somebody_else_is_ignored(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    assert_int_equal(receive(f, CRM_TASK_NO_VOTE, "node1", "3", 1, "3.16.1", 0, 0),
                     ELECTION_NOTHING);
    assert_int_equal(f->state, ELECTION_IN_PROGRESS);
}

static void
a_concession_outside_an_election_is_ignored(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    own_vote(f, 1);
    concession(f, "node1", 1);
    assert_int_equal(concession(f, "node3", 1), ELECTION_HAS_WON);
    assert_int_equal(concession(f, "node3", 1), ELECTION_NOTHING);
    assert_int_equal(f->state, ELECTION_WON);
}

static void
an_incomplete_vote_is_ignored(void **state)
{
    static const char *const fields[] = {
        F_VERSION,
        F_CRM_TASK,
        F_CRM_ELECTION_OWNER,
        F_CRM_ELECTION_ID,
        F_CRM_ELECTION_AGE_SEC,
        F_CRM_ELECTION_AGE_USEC,
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        for (int negative = 0; negative <= 1; negative++) {
            g_autoptr(xmlNode) msg = election_vote_new(f->e, &f->refs, f->now);

            if (negative && i < 3) {
                continue;
            }
            xml_set(msg, F_CRM_ELECTION_OWNER, "1");
            xml_set(msg, F_VERSION, "3.0.0");
            xml_set(msg, fields[i], negative ? "-1" : NULL);
            assert_int_equal(step(f, ELECTION_EV_VOTE, "node1", msg), ELECTION_NOTHING);
        }
    }
    assert_int_equal(step(f, ELECTION_EV_VOTE, "node1", NULL), ELECTION_NOTHING);
}

/* --- voting and completion --- */

static void
voting_sends_a_new_round_and_starts_the_timer(void **state)
{
    struct fixture *f = *state;
    g_autoptr(xmlNode) first = NULL;
    g_autoptr(xmlNode) second = NULL;

    step(f, ELECTION_EV_START, NULL, NULL);
    assert_true(f->out.send_vote && f->out.start_timer);
    assert_int_equal(f->out.timer_ms, 120000);
    assert_int_equal(f->state, ELECTION_IN_PROGRESS);
    first = election_vote_new(f->e, &f->refs, f->now);
    step(f, ELECTION_EV_START, NULL, NULL);
    second = election_vote_new(f->e, &f->refs, f->now);
    assert_string_equal(xml_get(first, F_CRM_ELECTION_ID), "1");
    assert_string_equal(xml_get(second, F_CRM_ELECTION_ID), "2");
    assert_string_equal(xml_get(second, F_CRM_ELECTION_OWNER), "2");
    assert_string_equal(xml_get(second, F_CRM_ELECTION_AGE_SEC), "10");
    assert_string_equal(xml_get(second, F_CRM_ELECTION_AGE_USEC), "500000");
    assert_null(xml_get(second, F_CRM_HOST_TO));
}

static void
an_inactive_node_does_not_vote(void **state)
{
    struct fixture *f = *state;

    peers_set_process(f->peers, peers_local(f->peers), PEER_PROC_CPG, false, 1);
    step(f, ELECTION_EV_START, NULL, NULL);
    assert_false(f->out.send_vote);
    assert_int_equal(f->state, ELECTION_START);
}

static void
all_concessions_and_the_own_vote_win(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    assert_int_equal(concession(f, "node1", 1), ELECTION_NOTHING);
    assert_int_equal(concession(f, "NODE1", 1), ELECTION_NOTHING); /* twice counts once */
    assert_int_equal(concession(f, "node3", 1), ELECTION_NOTHING);
    assert_int_equal(own_vote(f, 1), ELECTION_HAS_WON);
    assert_true(f->out.stop_timer);
    assert_int_equal(f->state, ELECTION_WON);
}

static void
a_node_that_left_while_voting_is_not_waited_for(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    own_vote(f, 1);
    concession(f, "node1", 1);
    peers_set_process(f->peers, peers_find(f->peers, 3, NULL), PEER_PROC_CPG, false, 1);
    assert_int_equal(step(f, ELECTION_EV_PEER_LEFT, "node3", NULL), ELECTION_HAS_WON);
}

static void
the_vote_of_a_node_that_left_does_not_count(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    own_vote(f, 1);
    concession(f, "node1", 1);
    peers_set_process(f->peers, peers_find(f->peers, 1, NULL), PEER_PROC_CPG, false, 1);
    assert_int_equal(step(f, ELECTION_EV_PEER_LEFT, "node1", NULL), ELECTION_NOTHING);
    assert_int_equal(concession(f, "node3", 1), ELECTION_HAS_WON);
}

static void
when_the_time_is_over_we_have_won(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    assert_int_equal(step(f, ELECTION_EV_TIMEOUT, NULL, NULL), ELECTION_HAS_WON);
    assert_int_equal(f->state, ELECTION_WON);
}

static void
a_late_timer_after_a_loss_wins_nothing(void **state)
{
    struct fixture *f = *state;

    step(f, ELECTION_EV_START, NULL, NULL);
    vote(f, "node1", "1", "3.0.0", 0, 0);
    assert_int_equal(step(f, ELECTION_EV_TIMEOUT, NULL, NULL), ELECTION_NOTHING);
    assert_int_equal(f->state, ELECTION_LOST);
}

/* --- dampening --- */

static void
a_win_within_two_seconds_of_a_loss_is_a_loss(void **state)
{
    struct fixture *f = *state;

    vote(f, "node1", "1", "3.16.1", 11, 0);
    f->now += 2000;
    assert_int_equal(vote(f, "node3", "3", "3.16.1", 0, 0), ELECTION_HAS_LOST);
    assert_string_equal(f->out.no_vote_to, "node3");
    f->now += 2000; /* the dampened loss counts anew */
    assert_int_equal(vote(f, "node3", "3", "3.16.1", 0, 0), ELECTION_HAS_LOST);
    f->now += 2001;
    assert_int_equal(vote(f, "node3", "3", "3.16.1", 0, 0), ELECTION_MUST_VOTE);
}

static void
the_loss_is_forgotten_when_the_winner_disappears(void **state)
{
    struct fixture *f = *state;

    vote(f, "node1", "1", "3.16.1", 11, 0);
    election_clear_dampening(f->e);
    assert_int_equal(vote(f, "node3", "3", "3.16.1", 0, 0), ELECTION_MUST_VOTE);
}

/* --- the age is sampled rarely --- */

static void
counting_cpu_time(void *data, uint32_t *sec, uint32_t *usec)
{
    *sec = (uint32_t)++ * (int *)data;
    *usec = 0;
}

static void
the_age_is_read_again_only_after_two_idle_seconds(void **state)
{
    struct fixture *f = *state;
    int samples = 0;
    struct election_config config = { .local_name = "node2",
                                      .local_uuid = "2",
                                      .peers = f->peers,
                                      .cpu_time = counting_cpu_time,
                                      .data = &samples };
    struct election *e = election_new(&config);
    static const struct {
        uint64_t now;
        int samples;
    } table[] = { { 0, 1 }, { 2000, 1 }, { 4000, 1 }, { 6001, 2 }, { 6002, 2 } };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        xml_free(election_vote_new(e, &f->refs, table[i].now));
        assert_int_equal(samples, table[i].samples);
    }
    election_free(e);
}

/* --- whole elections: every message reaches every node --- */

#define NODES 5

struct cluster_fixture {
    struct peers *peers[NODES];
    struct election *e[NODES];
    enum election_state state[NODES];
    GQueue wire; /* messages; data of `to`: index or NODES for all */
    uint64_t now;
    unsigned age[NODES];
};

struct packet {
    unsigned from, to;
    xmlNode *xml;
};

static void
own_age(void *data, uint32_t *sec, uint32_t *usec)
{
    *sec = *(unsigned *)data;
    *usec = 0;
}

static void
happen(struct cluster_fixture *c, unsigned n, enum election_event_kind kind, const char *from,
       const xmlNode *message)
{
    struct election_event ev = { .kind = kind, .from = from, .message = message };
    struct election_effects out;
    struct ctl_refs refs = { 0 };

    c->state[n] = election_step(c->e[n], c->now, &ev, &out);
    if (out.send_vote || out.send_no_vote) {
        struct packet *p = g_new0(struct packet, 1);

        p->from = n;
        p->to = out.send_vote ? NODES : (unsigned)(out.no_vote_to[4] - '1');
        p->xml = out.send_vote ? election_vote_new(c->e[n], &refs, c->now)
                               : election_no_vote_new(c->e[n], &refs, &out);
        g_queue_push_tail(&c->wire, p);
    }
    if (out.outcome == ELECTION_MUST_VOTE) {
        happen(c, n, ELECTION_EV_START, NULL, NULL);
    }
}

static void
exactly_one_node_is_elected_whoever_begins(void **state)
{
    for (unsigned starters = 1; starters < 1u << NODES; starters++) {
        struct cluster_fixture c = { .now = 1000 };
        unsigned winners = 0;

        g_queue_init(&c.wire);
        for (unsigned n = 0; n < NODES; n++) {
            char name[8], uuid[8];
            struct election_config config = { .local_name = name,
                                              .local_uuid = uuid,
                                              .cpu_time = own_age,
                                              .data = &c.age[n],
                                              .timeout_ms = 120000 };

            g_snprintf(name, sizeof(name), "node%u", n + 1);
            g_snprintf(uuid, sizeof(uuid), "%u", n + 1);
            c.age[n] = (n * 3) % NODES; /* some order that is not that of the names */
            c.peers[n] = active_nodes(n + 1, NODES);
            config.peers = c.peers[n];
            c.e[n] = election_new(&config);
        }
        for (unsigned n = 0; n < NODES; n++) {
            if (starters & 1u << n) {
                happen(&c, n, ELECTION_EV_START, NULL, NULL);
            }
        }
        while (!g_queue_is_empty(&c.wire)) {
            struct packet *p = g_queue_pop_head(&c.wire);
            char from[8];

            g_snprintf(from, sizeof(from), "node%u", p->from + 1);
            for (unsigned n = 0; n < NODES; n++) {
                if (p->to == NODES || p->to == n) {
                    happen(&c, n, ELECTION_EV_VOTE, from, p->xml);
                }
            }
            xml_free(p->xml);
            g_free(p);
            c.now++;
        }
        for (unsigned n = 0; n < NODES; n++) {
            if (c.state[n] == ELECTION_WON) {
                winners++;
                assert_int_equal(c.age[n], NODES - 1); /* the oldest */
            }
            election_free(c.e[n]);
            peers_free(c.peers[n]);
        }
        assert_int_equal(winners, 1);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(votes_are_compared_by_version_then_age_then_name),
        CASE(who_is_not_eligible_loses_to_anybody),
        CASE(who_is_not_active_loses_to_anybody),
        CASE(an_answer_to_an_earlier_round_is_ignored),
        CASE(a_vote_of_a_node_that_is_not_there_is_ignored),
        CASE(a_concession_to_somebody_else_is_ignored),
        CASE(a_concession_outside_an_election_is_ignored),
        CASE(an_incomplete_vote_is_ignored),
        CASE(voting_sends_a_new_round_and_starts_the_timer),
        CASE(an_inactive_node_does_not_vote),
        CASE(all_concessions_and_the_own_vote_win),
        CASE(a_node_that_left_while_voting_is_not_waited_for),
        CASE(the_vote_of_a_node_that_left_does_not_count),
        CASE(when_the_time_is_over_we_have_won),
        CASE(a_late_timer_after_a_loss_wins_nothing),
        CASE(a_win_within_two_seconds_of_a_loss_is_a_loss),
        CASE(the_loss_is_forgotten_when_the_winner_disappears),
        CASE(the_age_is_read_again_only_after_two_idle_seconds),
        cmocka_unit_test(exactly_one_node_is_elected_whoever_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
