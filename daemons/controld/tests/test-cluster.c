/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several controllers together: election, join, loss of nodes, shutdown, actions.  The fixture connects cores by a
 * perfect network with one order of messages, a clock that is turned by hand, a CIB that says yes, a scheduler that
 * returns the graph of the test, and an executor whose agents always succeed.  (spec 30 §3 to §8, §12, §17)
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemons/controld/controld_private.h"
#include "daemons/controld/core_exec.h"

#define MAX_NODES 3

struct timer {
    uint64_t id, due;
};

struct answer { /* of the CIB manager */
    uint64_t cookie;
    int rc;
    xmlNode *data;
};

struct run { /* of the executor */
    uint64_t cookie;
    char *rsc, *action, *userdata;
    guint interval_ms;
};

struct node {
    struct controld *c;
    char name[8];
    uint32_t id;
    bool up; /* takes part in the group */
    int exit_code; /* -1: runs */
    GArray *timers;
    GQueue answers; /* struct answer */
    GQueue runs;    /* struct run */
    GPtrArray *writes; /* text of the CIB changes asked for */
    GPtrArray *attrs;  /* text of requests to the attribute manager */
    unsigned calls, queries; /* of the executor; for the whole CIB */
    bool scheduler_asked, no_scheduler, slow_scheduler, slow_agents;
    char *interest; /* rules of the changes that it wants to hear of, NULL: all */
    xmlNode *request; /* last request to the scheduler */
    uint64_t cpu_us;
};

struct message {
    uint32_t from;
    char *to;
    xmlNode *xml;
};

struct fixture {
    struct node node[MAX_NODES + 1]; /* from 1 */
    unsigned n;
    bool no_shutdown_attribute; /* queries for it find nothing */
    bool no_history; /* the CIB knows nothing of what ran where */
    uint64_t now, ring;
    unsigned epoch; /* of the CIB */
    GQueue wire;
    GString *tasks;    /* crm_task of every message sent, with a blank behind */
    const char *graph; /* what the scheduler answers once; then an empty graph */
    unsigned graphs;
};

static struct ctl_time
at(const struct fixture *f, const struct node *n)
{
    return (struct ctl_time){ .ms = f->now, .epoch_us = 1795315976000000 + (int64_t)f->now * 1000, .cpu_us = n->cpu_us };
}

/* ---- carrying effects out ---- */

static xmlNode *
cib_answer(const struct fixture *f, const struct ctl_effect *e)
{
    xmlNode *xml = NULL;

    if (!text_equal(e->op, CIB_OP_QUERY)) {
        return NULL;
    }
    if (e->section == NULL) {
        xml = xml_new(NULL, "cib");
        xml_set(xml, "admin_epoch", "0");
        xml_set_int(xml, "epoch", f->epoch);
        xml_set(xml, "num_updates", "1");
        xml_set(xml, "dc-uuid", "1");
        if (!(e->options & CIB_OPT_NO_CHILDREN)) {
            xml_new(xml_new(xml, "configuration"), "crm_config");
            xml_new(xml, "status");
        }
        return xml;
    }
    return xml_new(NULL, e->options & CIB_OPT_XPATH ? "xpath-query" : e->section);
}

/* Does the CIB lack what is asked for? */
static bool
is_missing(const struct fixture *f, const struct ctl_effect *e)
{
    return e->section != NULL
           && ((f->no_history && g_str_has_suffix(e->section, "/lrm"))
               || (f->no_shutdown_attribute && strstr(e->section, "@name='shutdown'") != NULL));
}

static void
arm(struct node *n, uint64_t id, uint64_t due)
{
    for (unsigned i = 0; i < n->timers->len; i++) {
        if (g_array_index(n->timers, struct timer, i).id == id) {
            g_array_remove_index(n->timers, i);
            break;
        }
    }
    if (due != 0) {
        struct timer t = { id, due };

        g_array_append_val(n->timers, t);
    }
}

static void
carry_out(struct fixture *f, struct node *n, struct ctl_effect *e)
{
    switch (e->kind) {
        case CTL_SEND_PEER: {
            struct message *m = g_new0(struct message, 1);

            m->from = n->id;
            m->to = g_strdup(e->node);
            m->xml = g_steal_pointer(&e->xml);
            g_string_append_printf(f->tasks, "%s ", xml_get(m->xml, F_CRM_TASK));
            g_queue_push_tail(&f->wire, m);
            break;
        }
        case CTL_CIB: {
            struct answer *a = g_new0(struct answer, 1);

            a->cookie = e->cookie;
            a->data = cib_answer(f, e);
            n->queries += text_equal(e->op, CIB_OP_QUERY) && e->section == NULL && !(e->options & CIB_OPT_NO_CHILDREN);
            a->rc = is_missing(f, e) ? ENXIO : RC_OK;
            g_queue_push_tail(&n->answers, a);
            if (e->xml != NULL) {
                g_ptr_array_add(n->writes, xml_to_text(e->xml, XML_TEXT_PLAIN));
            } else if (text_equal(e->op, CIB_OP_DELETE)) {
                g_ptr_array_add(n->writes, g_strdup_printf("delete %s", e->section));
            }
            break;
        }
        case CTL_EXEC_RUN: {
            struct run *r = g_new0(struct run, 1);

            r->cookie = e->cookie;
            r->rsc = g_strdup(e->rsc);
            r->action = g_strdup(e->action);
            r->userdata = g_strdup(e->text);
            r->interval_ms = e->interval_ms;
            g_queue_push_tail(&n->runs, r);
            break;
        }
        case CTL_CIB_INTEREST:
            g_free(n->interest);
            n->interest = g_steal_pointer(&e->text);
            break;
        case CTL_ATTRD:
            g_ptr_array_add(n->attrs, xml_to_text(e->xml, XML_TEXT_PLAIN));
            break;
        case CTL_SCHEDULE:
            n->scheduler_asked = true;
            xml_free(n->request);
            n->request = g_steal_pointer(&e->xml);
            break;
        case CTL_TIMER_ARM:
            arm(n, e->cookie, f->now + (uint64_t)e->timeout_ms + 1);
            break;
        case CTL_TIMER_CANCEL:
            arm(n, e->cookie, 0);
            break;
        case CTL_CONNECT_SCHEDULER:
            arm(n, UINT64_MAX, f->now + 1);
            break;
        case CTL_METADATA: {
            uint64_t cookie = e->cookie;

            arm(n, UINT64_MAX - 1000 - cookie, f->now + 1);
            break;
        }
        case CTL_EXIT:
            n->exit_code = e->exit_code;
            n->up = false;
            break;
        default:
            break;
    }
}

static void
drain(struct fixture *f)
{
    for (unsigned i = 1; i <= f->n; i++) {
        struct ctl_effect *e;

        while (f->node[i].c != NULL && (e = ctl_next_effect(f->node[i].c)) != NULL) {
            carry_out(f, &f->node[i], e);
            ctl_effect_free(e);
        }
    }
}

/* ---- things that happen ---- */

/* CPG and quorum tell everybody who is there. */
static void
tell_membership(struct fixture *f)
{
    struct cpg_member members[MAX_NODES];
    uint32_t ids[MAX_NODES];
    unsigned n = 0;

    for (unsigned i = 1; i <= f->n; i++) {
        if (f->node[i].up) {
            ids[n] = i;
            members[n++] = (struct cpg_member){ .id = i, .pid = 100 + i };
        }
    }
    f->ring++;
    for (unsigned i = 1; i <= f->n; i++) {
        struct node *node = &f->node[i];
        struct cpg_member left[MAX_NODES];
        unsigned n_left = 0;

        if (!node->up) {
            continue;
        }
        for (unsigned k = 1; k <= f->n; k++) {
            if (!f->node[k].up) {
                left[n_left++] = (struct cpg_member){ .id = k, .pid = 100 + k };
            }
        }
        peers_cpg_changed(ctl_peers(node->c), 100 + i, members, n, left, n_left, (int64_t)f->now / 1000);
        ctl_on_group_changed(node->c, at(f, node));
        peers_membership_changed(ctl_peers(node->c), f->ring, ids, n, (int64_t)f->now / 1000);
        ctl_on_membership(node->c, at(f, node), f->ring, n * 2 > f->n);
        drain(f);
    }
}

static void
deliver(struct fixture *f, struct message *m)
{
    for (unsigned i = 1; i <= f->n; i++) {
        struct node *n = &f->node[i];

        if (n->up && f->node[m->from].name[0] != '\0' && (m->to == NULL || text_equal(m->to, n->name))) {
            ctl_on_peer_message(n->c, at(f, n), m->from, f->node[m->from].name, m->xml);
            drain(f);
        }
    }
    xml_free(m->xml);
    g_free(m->to);
    g_free(m);
}

static void
finish_run(struct fixture *f, struct node *n, struct run *r)
{
    const struct ctl_exec_result result = {
        .rsc = r->rsc,
        .action = r->action,
        .userdata = r->userdata,
        .interval_ms = r->interval_ms,
        .call_id = (int)++n->calls,
        .status = EXEC_DONE,
        .rc = OCF_RC_OK,
        .run_time = 1795315976,
    };

    ctl_on_exec_reply(n->c, at(f, n), r->cookie, (int)n->calls);
    ctl_on_exec_result(n->c, at(f, n), &result);
    g_free(r->rsc);
    g_free(r->action);
    g_free(r->userdata);
    g_free(r);
}

static void
answer_scheduler(struct fixture *f, struct node *n)
{
    g_autofree char *text = g_strdup_printf("<transition_graph cluster-delay='60s' transition_id='%u'>%s</transition_graph>", f->graphs++,
                                            f->graph != NULL ? f->graph : "");
    xmlNode *graph = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    g_autoptr(xmlNode) reply = ctl_reply_new(n->request, graph);

    assert_non_null(graph);
    f->graph = NULL;
    n->scheduler_asked = false;
    xml_free(graph);
    ctl_on_scheduler_reply(n->c, at(f, n), reply);
}

/* Everything that needs no time to pass. */
static void
settle(struct fixture *f)
{
    for (unsigned rounds = 0; rounds < 10000; rounds++) {
        struct message *m;
        bool any = false;

        drain(f);
        if ((m = g_queue_pop_head(&f->wire)) != NULL) {
            deliver(f, m);
            continue;
        }
        for (unsigned i = 1; i <= f->n && !any; i++) {
            struct node *n = &f->node[i];
            struct answer *a;
            struct run *r;

            if (n->c == NULL || n->exit_code >= 0) {
                continue;
            }
            if ((a = g_queue_pop_head(&n->answers)) != NULL) {
                ctl_on_cib_reply(n->c, at(f, n), a->cookie, a->rc, a->data);
                xml_free(a->data);
                g_free(a);
                any = true;
            } else if (n->scheduler_asked && !n->slow_scheduler) {
                answer_scheduler(f, n);
                any = true;
            } else if (!n->slow_agents && (r = g_queue_pop_head(&n->runs)) != NULL) {
                finish_run(f, n, r);
                any = true;
            }
        }
        if (!any) {
            return;
        }
    }
    fail_msg("the cluster does not come to rest");
}

static void
fire(struct fixture *f, struct node *n, uint64_t id)
{
    if (id == UINT64_MAX && n->no_scheduler) {
        ctl_on_scheduler_unreachable(n->c, at(f, n));
        arm(n, UINT64_MAX, f->now + 50);
    } else if (id == UINT64_MAX) {
        ctl_on_scheduler_connected(n->c, at(f, n));
    } else if (id > UINT64_MAX - 1000000) {
        ctl_on_metadata(n->c, at(f, n), UINT64_MAX - 1000 - id, NULL, false);
    } else {
        ctl_on_timer(n->c, at(f, n), id);
    }
}

static void
advance(struct fixture *f, uint64_t ms)
{
    uint64_t until = f->now + ms;

    for (;;) {
        struct node *who = NULL;
        struct timer next = { 0, UINT64_MAX };

        settle(f);
        for (unsigned i = 1; i <= f->n; i++) {
            for (unsigned k = 0; f->node[i].c != NULL && f->node[i].exit_code < 0 && k < f->node[i].timers->len; k++) {
                struct timer t = g_array_index(f->node[i].timers, struct timer, k);

                if (t.due < next.due) {
                    next = t;
                    who = &f->node[i];
                }
            }
        }
        if (who == NULL || next.due > until) {
            break;
        }
        f->now = MAX(f->now, next.due);
        arm(who, next.id, 0);
        fire(f, who, next.id);
    }
    f->now = until;
}

static void
start(struct fixture *f, unsigned i)
{
    static const struct ctl_member configured[] = { { 1, "n1" }, { 2, "n2" }, { 3, "n3" } };
    struct node *n = &f->node[i];
    g_autofree char *uuid = g_strdup_printf("%u0000000-0000-4000-8000-000000000000", i);
    struct ctl_config config = {
        .node_id = i, .te_uuid = uuid, .cores = 2, .pid = 100 + i, .configured = configured, .n_configured = f->n
    };

    g_snprintf(n->name, sizeof n->name, "n%u", i);
    config.node_name = n->name;
    n->id = i;
    n->up = true;
    n->exit_code = -1;
    n->c = ctl_new(&config);
    n->timers = g_array_new(FALSE, FALSE, sizeof(struct timer));
    n->writes = g_ptr_array_new_with_free_func(g_free);
    n->attrs = g_ptr_array_new_with_free_func(g_free);
    n->cpu_us = 1000 * (10 - i); /* the lower number is older and wins */
    ctl_start(n->c, at(f, n));
    ctl_on_cluster_connected(n->c, at(f, n), true);
    ctl_on_cib_connected(n->c, at(f, n));
    ctl_on_exec_connected(n->c, at(f, n));
    drain(f);
}

static void
free_node(struct node *n)
{
    struct answer *a;
    struct run *r;

    if (n->c == NULL) {
        return;
    }
    while ((a = g_queue_pop_head(&n->answers)) != NULL) {
        xml_free(a->data);
        g_free(a);
    }
    while ((r = g_queue_pop_head(&n->runs)) != NULL) {
        g_free(r->rsc);
        g_free(r->action);
        g_free(r->userdata);
        g_free(r);
    }
    xml_free(n->request);
    g_free(n->interest);
    g_array_unref(n->timers);
    g_ptr_array_unref(n->writes);
    g_ptr_array_unref(n->attrs);
    ctl_free(n->c);
}

static void
kill_node(struct fixture *f, unsigned i)
{
    f->node[i].up = false;
    f->node[i].exit_code = 255;
    tell_membership(f);
}

static struct fixture *
new_cluster(unsigned n)
{
    struct fixture *f = g_new0(struct fixture, 1);

    f->n = n;
    f->now = 1000000;
    f->epoch = 5;
    f->tasks = g_string_new(NULL);
    return f;
}

/* All nodes started together, and everything quiet. */
static struct fixture *
running_cluster(unsigned n)
{
    struct fixture *f = new_cluster(n);

    for (unsigned i = 1; i <= n; i++) {
        start(f, i);
    }
    tell_membership(f);
    advance(f, 2000);
    return f;
}

static void
end(struct fixture *f)
{
    struct message *m;

    while ((m = g_queue_pop_head(&f->wire)) != NULL) {
        xml_free(m->xml);
        g_free(m->to);
        g_free(m);
    }
    for (unsigned i = 1; i <= f->n; i++) {
        free_node(&f->node[i]);
    }
    g_string_free(f->tasks, TRUE);
    g_free(f);
}

static const char *
state(const struct fixture *f, unsigned i)
{
    return ctl_state_name(f->node[i].c);
}

static bool
contains(const GPtrArray *texts, const char *what)
{
    for (unsigned i = 0; i < texts->len; i++) {
        if (strstr(texts->pdata[i], what) != NULL) {
            return true;
        }
    }
    return false;
}

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

/* The DC asks the scheduler again, and gets `f->graph`. */
static void
schedule_anew(struct fixture *f, const char *why)
{
    graph_abort(f->node[1].c, SCORE_INFINITY, POLICY_RESTART, why);
    event_end(f->node[1].c);
}

/* ---- calculating ---- */

/* Something appears in the configuration; told to the DC only if it wants to hear of it. */
static void
change_configuration(struct fixture *f)
{
    g_autofree char *text = g_strdup_printf(
        "<diff format='2'><version><source admin_epoch='0' epoch='%u' num_updates='1'/><target admin_epoch='0' epoch='%u' "
        "num_updates='1'/></version><change operation='create' path='/cib/configuration' position='1'><tags id='t%u'/></change></diff>",
        f->epoch, f->epoch + 1, f->epoch);
    g_autoptr(xmlNode) patch = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    g_autoptr(xmlNode) root = xml_new(NULL, "cib");

    assert_non_null(patch);
    f->epoch++;
    xml_set(root, "admin_epoch", "0");
    xml_set_int(root, "epoch", f->epoch);
    xml_set(root, "num_updates", "1");
    if (f->node[1].interest == NULL) {
        ctl_on_cib_diff(f->node[1].c, at(f, &f->node[1]), RC_OK, patch, root);
        drain(f);
    }
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
        change_configuration(f);
        advance(f, 10);
    }
    assert_non_null(strstr(dc->interest, "-/cib/configuration"));
    queries = dc->queries;
    for (unsigned i = 0; i < 10; i++) {
        change_configuration(f);
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

/* The DC is notified of a new set of options, which takes the CIB from one epoch to another. */
static void
notify_option(struct fixture *f, int from_epoch, int to_epoch)
{
    struct node *dc = &f->node[1];
    g_autofree char *text = g_strdup_printf(
        "<diff format='2'><version><source admin_epoch='0' epoch='%d' num_updates='%d'/><target admin_epoch='0' epoch='%d' num_updates='0'/></version>"
        "<change operation='create' path='/cib/configuration/crm_config' position='0'><cluster_property_set id='set-%d'/></change>"
        "<change operation='modify' path='/cib'><change-list/><change-result><cib admin_epoch='0' epoch='%d' num_updates='0'/></change-result>"
        "</change></diff>",
        from_epoch, from_epoch == 5, to_epoch, to_epoch, to_epoch);
    g_autoptr(xmlNode) diff = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    g_autoptr(xmlNode) root = xml_new(NULL, "generation_tuple");

    assert_non_null(diff);
    xml_set(root, "update-client", "cibadmin");
    ctl_on_cib_diff(dc->c, at(f, dc), RC_OK, diff, root);
    settle(f);
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

    for (int epoch = 5; epoch < 9; epoch++) {
        notify_option(f, epoch, epoch + 1);
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

    notify_option(f, 6, 7);
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

    for (int epoch = 5; epoch < 205; epoch++) {
        notify_option(f, epoch, epoch + 1);
        advance(f, 2);
    }
    assert_true(f->graphs - graphs <= 12); /* 400 ms, one in 40 ms */
    advance(f, 2000);
    assert_true(asked_with(&f->node[1], "set-205"));
    assert_string_equal(state(f, 1), "S_IDLE");
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
        cmocka_unit_test(the_cib_is_read_once_and_then_followed),
        cmocka_unit_test(a_copy_that_missed_a_change_is_read_anew),
        cmocka_unit_test(a_storm_of_changes_does_not_ask_the_scheduler_for_each),
        cmocka_unit_test(two_dcs_that_meet_settle_on_one),
        cmocka_unit_test(a_dc_that_asks_for_a_dc_has_forgotten_its_role),
        cmocka_unit_test(a_node_whose_features_are_too_old_is_not_joined),
        cmocka_unit_test(an_offer_of_a_newer_dc_makes_a_node_stay_down),
        cmocka_unit_test(the_best_cib_of_all_requests_is_the_one_that_is_synced),
        cmocka_unit_test(of_a_node_that_went_without_a_word_the_cib_keeps_what_it_expects),
        cmocka_unit_test(a_node_that_asked_to_leave_and_was_cut_off_has_to_be_fenced_too_but_not_one_that_left),
        cmocka_unit_test(a_node_that_went_without_a_word_has_to_be_fenced_if_the_cib_has_lost_its_history),
        cmocka_unit_test(a_configuration_that_does_not_stop_changing_is_not_looked_at_for_a_while_and_then_read_anew),
        cmocka_unit_test(a_node_that_leaves_asks_the_dc_and_goes_when_it_is_told),
        cmocka_unit_test(a_request_to_leave_that_is_lost_is_repeated),
        cmocka_unit_test(a_dc_that_leaves_finishes_its_graph_first),
        cmocka_unit_test(a_dc_that_leaves_does_not_wait_for_ever_for_a_scheduler),
        cmocka_unit_test(a_second_signal_ends_the_wait),
        cmocka_unit_test(a_signal_before_the_start_is_complete_ends_cleanly),
        cmocka_unit_test(an_action_of_the_graph_runs_on_its_node_and_is_recorded_there),
        cmocka_unit_test(an_operation_whose_resource_is_deleted_is_not_waited_for),
        cmocka_unit_test(an_action_through_a_node_that_is_gone_fails_at_once),
        cmocka_unit_test(a_start_is_refused_while_the_node_shuts_down),
        cmocka_unit_test(node_info_tells_of_this_node),
        cmocka_unit_test(a_ping_of_the_dc_says_who_it_is_and_its_state),
        cmocka_unit_test(a_bad_hello_costs_the_connection),
        cmocka_unit_test(being_fenced_and_alive_ends_the_node_for_good),
        cmocka_unit_test(fencing_by_somebody_else_is_recorded_by_the_dc),
    };

    return cmocka_run_group_tests_name("controld cluster", tests, NULL, NULL);
}
