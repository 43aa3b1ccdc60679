/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands around the controller's core: its connections to the other daemons of the host, its timers, and the scheduler (the real
 * one, as a function).
 */
#include "cts/sim/sim.h"

#include "daemons/controld/controld_core.h"
#include "daemons/schedulerd/schedulerd_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_proto.h"

#include <string.h>

struct sim_ctl {
    struct controld *core;
    struct schedulerd *scheduler;
    GHashTable *timers; /* id -> generation */
    unsigned generation;
    uint64_t born;
    bool in_cluster, has_cib, ending, terminating;
};

static struct ctl_time
now(const struct sim_node *n)
{
    return (struct ctl_time){
        .ms = sim_ms(n->sim),
        .epoch_us = (int64_t)SIM_EPOCH * 1000000 + (int64_t)n->sim->now,
        .cpu_us = (n->sim->now - n->ctl->born) / 100,
    };
}

static void carry_out(struct sim_node *n);

/* --- connections --- */

typedef void event_fn(struct controld *c, struct ctl_time t);

struct event {
    event_fn *fn;
};

static void
on_event(struct sim_node *n, void *arg)
{
    ((struct event *)arg)->fn(n->ctl->core, now(n));
    carry_out(n);
}

static void
post_event(struct sim_node *n, uint64_t delay, event_fn *fn)
{
    struct event *e = g_new0(struct event, 1);

    e->fn = fn;
    sim_post_to(n, SIM_CTL, NULL, delay, on_event, e, g_free);
}

static void
on_cib_connected(struct sim_node *n, void *arg)
{
    if (!n->running[SIM_CIB]) {
        sim_post_to(n, SIM_CTL, NULL, 50 * SIM_MS, on_cib_connected, NULL, NULL);
        return;
    }
    sim_cib_connect(n, SIM_CTL);
    n->ctl->has_cib = true;
    ctl_on_cib_connected(n->ctl->core, now(n));
    carry_out(n);
}

static void
on_cluster_connected(struct sim_node *n, void *arg)
{
    sim_net_join(n, SIM_CTL);
    n->ctl->in_cluster = true;
    ctl_on_cluster_connected(n->ctl->core, now(n), true);
    carry_out(n);
    if (n->running[SIM_CTL] && sim_net_members(n) != 0) {
        sim_ctl_quorum(n, sim_net_members(n), sim_net_quorate(n), sim_net_ring(n));
    }
}

/* --- the CIB --- */

static void
on_cib_done(struct sim_node *n, int rc, const xmlNode *output, void *data)
{
    ctl_on_cib_reply(n->ctl->core, now(n), *(const uint64_t *)data, rc, output);
    carry_out(n);
}

static void
on_cib_unreachable(struct sim_node *n, void *arg)
{
    on_cib_done(n, ENOTCONN, NULL, arg);
}

static void
request_cib(struct sim_node *n, const struct ctl_effect *e)
{
    struct sim_cib_call call = {
        .op = e->op, .section = e->section, .user = e->user, .host = e->node, .options = e->options, .input = e->xml,
        .timeout = (uint64_t)MAX(e->timeout_ms, 0) * SIM_MS,
    };

    if (e->cookie != 0) {
        call.done = on_cib_done;
        call.data = g_memdup2(&e->cookie, sizeof(e->cookie));
        call.free_data = g_free;
    }
    if (n->running[SIM_CIB] && n->ctl->has_cib) {
        sim_cib_request(n, SIM_CTL, &call);
    } else if (call.data != NULL) {
        sim_post_to(n, SIM_CTL, NULL, SIM_MS, on_cib_unreachable, call.data, g_free);
    }
}

/* --- the scheduler --- */

static void
element_free(gpointer data)
{
    xml_free(data);
}

static void
on_graph(struct sim_node *n, void *arg)
{
    ctl_on_scheduler_reply(n->ctl->core, now(n), arg);
    carry_out(n);
}

static void
on_schedule(struct sim_node *n, void *arg)
{
    struct schedulerd_answer answer = { 0 };

    schedulerd_request(n->ctl->scheduler, sim_epoch(n->sim), arg, &answer);
    if (answer.reply != NULL) {
        xml_set(answer.reply, F_CRM_TGRAPH_IN, "simulated");
        sim_post_to(n, SIM_CTL, NULL, sim_delay(n->sim, SIM_MS, 60 * SIM_MS), on_graph, answer.reply, element_free);
    }
}

/* --- fencing --- */

static void
on_fencer_connected(struct sim_node *n, void *arg)
{
    if (!sim_fencer_connect(n)) {
        sim_post_to(n, SIM_CTL, NULL, 100 * SIM_MS, on_fencer_connected, NULL, NULL);
        return;
    }
    ctl_on_fencer_connected(n->ctl->core, now(n));
    carry_out(n);
}

static void
on_fencer_lost(struct sim_node *n, void *arg)
{
    ctl_on_fencer_lost(n->ctl->core, now(n));
    carry_out(n);
}

void
sim_ctl_fencer_lost(struct sim_node *n)
{
    sim_post_to(n, SIM_CTL, &n->ipc[SIM_FENCER][SIM_CTL], sim_delay(n->sim, 10, 400), on_fencer_lost, NULL, NULL);
}

static void
on_not_connected(struct sim_node *n, void *arg)
{
    sim_ctl_fence_result(n, *(const uint64_t *)arg, EXEC_NOT_CONNECTED, 1, "not connected");
}

void
sim_ctl_fence_result(struct sim_node *n, uint64_t cookie, int status, int rc, const char *reason)
{
    ctl_on_fence_result(n->ctl->core, now(n), cookie, status, rc, reason);
    carry_out(n);
}

void
sim_ctl_fence_event(struct sim_node *n, const struct ctl_fence_event *event)
{
    ctl_on_fence_event(n->ctl->core, now(n), event);
    carry_out(n);
}

void
sim_ctl_fence_synced(struct sim_node *n)
{
    ctl_on_fence_synced(n->ctl->core, now(n));
    carry_out(n);
}

void
sim_ctl_watchdog_targets(struct sim_node *n, bool ok, const char *output)
{
    ctl_on_watchdog_targets(n->ctl->core, now(n), ok, output);
    carry_out(n);
}

/* --- timers --- */

struct timer {
    uint64_t id;
    unsigned generation;
};

static void
on_timer(struct sim_node *n, void *arg)
{
    const struct timer *t = arg;

    if (GPOINTER_TO_UINT(g_hash_table_lookup(n->ctl->timers, &t->id)) == t->generation) {
        g_hash_table_remove(n->ctl->timers, &t->id);
        ctl_on_timer(n->ctl->core, now(n), t->id);
        carry_out(n);
    }
}

static void
arm(struct sim_node *n, uint64_t id, long long ms)
{
    struct timer *t = g_new0(struct timer, 1);

    *t = (struct timer){ id, ++n->ctl->generation };
    g_hash_table_insert(n->ctl->timers, g_memdup2(&id, sizeof(id)), GUINT_TO_POINTER(t->generation));
    sim_post_to(n, SIM_CTL, NULL, (uint64_t)MAX(ms, 0) * SIM_MS, on_timer, t, g_free);
}

/* --- meta-data, attributes --- */

static void
on_metadata(struct sim_node *n, void *arg)
{
    static const char *const text =
        "<resource-agent name='thing' version='1'><version>1.0</version><parameters/><actions><action name='start' "
        "timeout='20s'/><action name='stop' timeout='20s'/><action name='monitor' timeout='20s' interval='10s'/>"
        "</actions></resource-agent>";
    xmlNode *xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    ctl_on_metadata(n->ctl->core, now(n), *(const uint64_t *)arg, xml, false);
    xml_free(xml);
    carry_out(n);
}

struct attr_request {
    xmlNode *xml;
    unsigned attempts;
};

static void
attr_request_free(gpointer data)
{
    xml_free(((struct attr_request *)data)->xml);
    g_free(data);
}

static void
on_attr_request(struct sim_node *n, void *arg)
{
    struct attr_request *r = arg, *again;

    if (n->running[SIM_ATTRD]) {
        sim_attrd_request(n, g_steal_pointer(&r->xml));
    } else if (r->attempts < 1000) {
        again = g_new0(struct attr_request, 1);
        *again = (struct attr_request){ g_steal_pointer(&r->xml), r->attempts + 1 };
        sim_post_to(n, SIM_CTL, NULL, 50 * SIM_MS, on_attr_request, again, attr_request_free);
    }
}

/* --- effects --- */

struct ending {
    struct sim_node *node;
    unsigned life;
    int code;
};

/* A process ends outside of its own event. */
static void
on_exit_process(struct sim_node *n, void *arg)
{
    int code = GPOINTER_TO_INT(arg);

    sim_trace(n->sim, "%s: controld exits with %d", n->name, code);
    if (code == CRM_EX_FATAL || code == CRM_EX_PANIC || n->ctl->terminating) {
        /* Nobody starts it again: the launcher takes the host's part of the cluster down. */
        sim_node_restart(n, sim_delay(n->sim, 5 * SIM_S, 15 * SIM_S));
    } else {
        sim_daemon_kill(n, SIM_CTL);
    }
}

static void
on_panic(struct sim_node *n, void *arg)
{
    sim_trace(n->sim, "%s: panics", n->name);
    sim_node_restart(n, sim_delay(n->sim, 5 * SIM_S, 15 * SIM_S));
}

static void
carry_out_one(struct sim_node *n, struct ctl_effect *e)
{
    struct attr_request *r;

    switch (e->kind) {
        case CTL_CONNECT_CIB:
            sim_post_to(n, SIM_CTL, NULL, sim_delay(n->sim, SIM_MS, 50 * SIM_MS), on_cib_connected, NULL, NULL);
            break;
        case CTL_CONNECT_CLUSTER:
            sim_post_to(n, SIM_CTL, NULL, sim_delay(n->sim, SIM_MS, 20 * SIM_MS), on_cluster_connected, NULL, NULL);
            break;
        case CTL_CONNECT_EXEC:
            post_event(n, sim_delay(n->sim, SIM_MS, 50 * SIM_MS), ctl_on_exec_connected);
            break;
        case CTL_CONNECT_FENCER:
            sim_post_to(n, SIM_CTL, NULL, sim_delay(n->sim, SIM_MS, 50 * SIM_MS), on_fencer_connected, NULL, NULL);
            break;
        case CTL_CONNECT_SCHEDULER:
            post_event(n, sim_delay(n->sim, SIM_MS, 50 * SIM_MS), ctl_on_scheduler_connected);
            break;
        case CTL_DISCONNECT_CLUSTER:
            n->ctl->in_cluster = false;
            n->said_goodbye[SIM_CTL] = true;
            sim_net_leave(n, SIM_CTL);
            break;
        case CTL_ABANDON_CLUSTER:
            n->ctl->in_cluster = false;
            sim_net_leave(n, SIM_CTL);
            break;
        case CTL_DISCONNECT_CIB:
            n->ctl->has_cib = false;
            sim_cib_disconnect(n, SIM_CTL);
            break;
        case CTL_SEND_PEER:
            sim_net_send(n, SIM_CTL, e->node, g_steal_pointer(&e->xml));
            break;
        case CTL_CIB:
            request_cib(n, e);
            break;
        case CTL_CIB_INTEREST:
            if (n->ctl->has_cib) {
                sim_cib_interest(n, SIM_CTL, e->text);
            }
            break;
        case CTL_SCHEDULE:
            sim_post_to(n, SIM_CTL, NULL, sim_delay(n->sim, 100, 5 * SIM_MS), on_schedule, g_steal_pointer(&e->xml),
                        element_free);
            break;
        case CTL_EXEC_REGISTER:
        case CTL_EXEC_UNREGISTER:
        case CTL_EXEC_RUN:
        case CTL_EXEC_CANCEL:
            sim_exec_carry_out(n, e);
            break;
        case CTL_METADATA:
            sim_post_to(n, SIM_CTL, NULL, sim_delay(n->sim, SIM_MS, 20 * SIM_MS), on_metadata,
                        g_memdup2(&e->cookie, sizeof(e->cookie)), g_free);
            break;
        case CTL_ATTRD:
            r = g_new0(struct attr_request, 1);
            r->xml = g_steal_pointer(&e->xml);
            sim_post_to(n, SIM_CTL, &n->ipc[SIM_CTL][SIM_ATTRD], sim_delay(n->sim, 10, 400), on_attr_request, r,
                        attr_request_free);
            break;
        case CTL_FENCE:
            if (!sim_fencer_fence(n, e)) {
                sim_post_to(n, SIM_CTL, NULL, 1, on_not_connected, g_memdup2(&e->cookie, sizeof(e->cookie)), g_free);
            }
            break;
        case CTL_FENCE_SYNC:
            sim_fencer_sync_history(n);
            break;
        case CTL_FENCE_WATCHDOG:
            sim_fencer_list_watchdog(n);
            break;
        case CTL_TIMER_ARM:
            arm(n, e->cookie, e->timeout_ms);
            break;
        case CTL_TIMER_CANCEL:
            g_hash_table_remove(n->ctl->timers, &e->cookie);
            break;
        case CTL_PANIC:
            sim_post_to(n, SIM_CTL, NULL, 1, on_panic, NULL, NULL);
            n->ctl->ending = true;
            break;
        case CTL_EXIT:
            if (!n->ctl->ending) {
                n->ctl->ending = true;
                sim_post_to(n, SIM_CTL, NULL, 1, on_exit_process, GINT_TO_POINTER(e->exit_code), NULL);
            }
            break;
        default:
            break;
    }
}

static void
carry_out(struct sim_node *n)
{
    struct ctl_effect *e;

    while ((e = ctl_next_effect(n->ctl->core)) != NULL) {
        if (!n->ctl->ending) {
            carry_out_one(n, e);
        }
        ctl_effect_free(e);
    }
}

/* --- events --- */

void
sim_ctl_message(struct sim_node *n, unsigned from, xmlNode *xml)
{
    const struct sim_node *sender = &n->sim->node[from];

    xml_set(xml, F_SRC, sender->name);
    ctl_on_peer_message(n->ctl->core, now(n), sender->id, sender->name, xml);
    carry_out(n);
}

void
sim_ctl_members(struct sim_node *n, unsigned before, unsigned members)
{
    sim_update_peers(n, SIM_CTL, ctl_peers(n->ctl->core), before, members);
    ctl_on_group_changed(n->ctl->core, now(n));
    carry_out(n);
}

void
sim_ctl_quorum(struct sim_node *n, unsigned members, bool quorate, uint64_t ring)
{
    uint32_t ids[SIM_MAX_NODES];
    unsigned n_ids = 0;

    if (!n->ctl->in_cluster) {
        return;
    }
    for (unsigned i = 0; i < n->sim->n_nodes; i++) {
        if (members & (1u << i)) {
            ids[n_ids++] = n->sim->node[i].id;
        }
    }
    peers_membership_changed(ctl_peers(n->ctl->core), ring, ids, n_ids, sim_epoch(n->sim));
    ctl_on_membership(n->ctl->core, now(n), ring, quorate);
    carry_out(n);
}

void
sim_ctl_cib_notify(struct sim_node *n, const xmlNode *message)
{
    if (!n->ctl->has_cib) {
        return;
    }
    if (text_equal(xml_get(message, CIB_F_SUBTYPE), CIB_NOTIFY_DIFF)) {
        ctl_on_cib_diff(n->ctl->core, now(n), cib_notification_rc(message), cib_notification_patch(message),
                        cib_notification_root(message));
    } else if (xml_get_int(message, CIB_F_RC, 0) == 0) {
        ctl_on_cib_replaced(n->ctl->core, now(n), (unsigned)xml_get_int(message, CIB_F_CHANGE_SECTION, 5));
    }
    carry_out(n);
}

void
sim_ctl_exec_reply(struct sim_node *n, uint64_t cookie, int rc)
{
    ctl_on_exec_reply(n->ctl->core, now(n), cookie, rc);
    carry_out(n);
}

void
sim_ctl_exec_result(struct sim_node *n, const struct ctl_exec_result *r)
{
    ctl_on_exec_result(n->ctl->core, now(n), r);
    carry_out(n);
}

bool
sim_ctl_is_leaving(const struct sim_node *n)
{
    return n->running[SIM_CTL] && n->ctl->terminating;
}

void
sim_ctl_terminate(struct sim_node *n)
{
    if (n->running[SIM_CTL] && !n->ctl->ending) {
        sim_trace(n->sim, "%s: controld is asked to leave", n->name);
        n->ctl->terminating = true;
        ctl_on_terminate(n->ctl->core, now(n));
        carry_out(n);
    }
}

/* --- life --- */

void
sim_ctl_start(struct sim_node *n)
{
    struct ctl_member configured[SIM_MAX_NODES];
    g_autofree char *uuid = g_strdup_printf("%08x-0000-4000-8000-%012x", n->life[SIM_CTL], n->id);
    struct ctl_config config = {
        .node_name = n->name,
        .node_id = n->id,
        .te_uuid = uuid,
        .cluster_name = "simulation",
        .cores = 2,
        .pid = n->pid[SIM_CTL],
        .configured = configured,
        .n_configured = n->sim->n_nodes,
        .sbd_running = n->sim->has_sbd,
        .sbd_watchdog_ms = n->sim->has_sbd ? SIM_WATCHDOG_S * 1000 : 0,
    };

    for (unsigned i = 0; i < n->sim->n_nodes; i++) {
        configured[i] = (struct ctl_member){ n->sim->node[i].id, n->sim->node[i].name };
    }
    n->ctl = g_new0(struct sim_ctl, 1);
    n->ctl->born = n->sim->now;
    n->ctl->timers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    n->ctl->scheduler = schedulerd_new();
    n->ctl->core = ctl_new(&config);
    ctl_start(n->ctl->core, now(n));
    carry_out(n);
}

void
sim_ctl_stop(struct sim_node *n)
{
    ctl_free(n->ctl->core);
    schedulerd_free(n->ctl->scheduler);
    g_hash_table_unref(n->ctl->timers);
    g_clear_pointer(&n->ctl, g_free);
}

void
sim_ctl_cib_lost(struct sim_node *n)
{
    n->ctl->has_cib = false;
    ctl_on_cib_lost(n->ctl->core, now(n));
    carry_out(n);
}

const struct controld *
sim_ctl_core(const struct sim_node *n)
{
    return n->running[SIM_CTL] ? n->ctl->core : NULL;
}
