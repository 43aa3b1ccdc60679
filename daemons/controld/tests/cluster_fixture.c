/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See cluster_fixture.h: carries effects out at once, delivers what was sent, and lets time pass.
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

struct ctl_time
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

void
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
            r->node = g_strdup(e->node);
            r->rsc = g_strdup(e->rsc);
            r->action = g_strdup(e->action);
            r->userdata = g_strdup(e->text);
            r->interval_ms = e->interval_ms;
            g_queue_push_tail(&n->runs, r);
            break;
        }
        case CTL_REMOTE_CONNECT:
        case CTL_REMOTE_DISCONNECT:
        case CTL_REMOTE_POKE:
        case CTL_REMOTE_ANSWER:
            g_ptr_array_add(n->remote, g_strdup_printf("%s %s %s %u", ctl_effect_name(e->kind), e->node, e->text != NULL ? e->text : "-",
                                                       e->options));
            break;
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
        case CTL_DISCONNECT_CLUSTER:
            n->left_in_order = true;
            break;
        case CTL_EXIT:
            n->exit_code = e->exit_code;
            n->up = false;
            break;
        default:
            break;
    }
}

void
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
void
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
        .node = r->node,
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
    g_free(r->node);
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
void
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

void
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

void
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
    n->remote = g_ptr_array_new_with_free_func(g_free);
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
        g_free(r->node);
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
    g_ptr_array_unref(n->remote);
    ctl_free(n->c);
}

void
kill_node(struct fixture *f, unsigned i)
{
    f->node[i].up = false;
    f->node[i].exit_code = 255;
    tell_membership(f);
}

struct fixture *
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
struct fixture *
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

void
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

const char *
state(const struct fixture *f, unsigned i)
{
    return ctl_state_name(f->node[i].c);
}

bool
contains(const GPtrArray *texts, const char *what)
{
    for (unsigned i = 0; i < texts->len; i++) {
        if (strstr(texts->pdata[i], what) != NULL) {
            return true;
        }
    }
    return false;
}

/* The DC asks the scheduler again, and gets `f->graph`. */
void
schedule_anew(struct fixture *f, const char *why)
{
    graph_abort(f->node[1].c, SCORE_INFINITY, POLICY_RESTART, why);
    event_end(f->node[1].c);
}
