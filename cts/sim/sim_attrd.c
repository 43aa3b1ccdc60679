/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands around the attribute manager's core: its group, its timer, its connection to the CIB manager.
 */
#include "cts/sim/sim.h"

#include "daemons/attrd/attrd_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_proto.h"

struct sim_attrd {
    struct attrd_core *core;
    struct peers *peers;
    struct ctl_refs refs;
    uint64_t born;
    uint64_t timer_due;
    unsigned timer_generation;
};

static void carry_out(struct sim_node *n);

struct write {
    unsigned id;
};

static void
on_written(struct sim_node *n, int rc, const xmlNode *output, void *data)
{
    attrd_core_cib_result(n->attrd->core, sim_ms(n->sim), ((const struct write *)data)->id, rc);
    carry_out(n);
}

static void
write_cib(struct sim_node *n, const struct attrd_effect *e)
{
    struct write *w = g_new0(struct write, 1);
    struct sim_cib_call call = {
        .op = CIB_OP_MODIFY,
        .section = "status",
        .user = e->user,
        .options = e->options,
        .input = e->xml,
        .done = on_written,
        .data = w,
        .free_data = g_free,
    };

    w->id = e->write_id;
    sim_cib_request(n, SIM_ATTRD, &call);
}

static void
on_read(struct sim_node *n, int rc, const xmlNode *output, void *data)
{
    attrd_core_cib_read(n->attrd->core, sim_ms(n->sim), rc == RC_OK ? output : NULL);
    carry_out(n);
}

static void
on_timer(struct sim_node *n, void *arg)
{
    if (n->attrd->timer_generation == GPOINTER_TO_UINT(arg)) {
        n->attrd->timer_due = UINT64_MAX;
        attrd_core_tick(n->attrd->core, sim_ms(n->sim));
        carry_out(n);
    }
}

static void
carry_out(struct sim_node *n)
{
    struct attrd_effect *e;
    uint64_t due;

    while ((e = attrd_core_next_effect(n->attrd->core)) != NULL) {
        if (e->kind == ATTRD_SEND) {
            sim_net_send(n, SIM_ATTRD, e->target, g_steal_pointer(&e->xml));
        } else if (e->kind == ATTRD_CIB_MODIFY) {
            write_cib(n, e);
        } else if (e->kind == ATTRD_CIB_ERASE) {
            sim_cib_request(n, SIM_ATTRD, &(struct sim_cib_call){
                .op = CIB_OP_DELETE, .options = e->options, .section = e->xpath });
        }
        if (e->kind == ATTRD_CIB_READ) {
            sim_cib_request(n, SIM_ATTRD, &(struct sim_cib_call){
                .op = CIB_OP_QUERY, .options = e->options, .section = e->xpath, .done = on_read });
        }
        attrd_effect_free(e);
    }
    due = attrd_core_deadline(n->attrd->core);
    if (due != n->attrd->timer_due) {
        n->attrd->timer_due = due;
        n->attrd->timer_generation++;
        if (due != UINT64_MAX) {
            uint64_t at = MAX(due * SIM_MS, n->sim->now);

            sim_post_to(n, SIM_ATTRD, NULL, at - n->sim->now, on_timer, GUINT_TO_POINTER(n->attrd->timer_generation), NULL);
        }
    }
}

static void
on_state(struct peer *p, enum peer_state old, void *data)
{
    struct sim_node *n = data;

    if (n->attrd->core != NULL) {
        attrd_core_peer_changed(n->attrd->core, sim_ms(n->sim), p);
    }
}

static char *
resolve(uint32_t id, void *data)
{
    const struct sim_node *n = data;

    return id >= 1 && id <= n->sim->n_nodes ? g_strdup(n->sim->node[id - 1].name) : NULL;
}

static uint32_t
node_id(const char *name, void *data)
{
    const struct sim_node *n = data;
    const struct sim_node *found = sim_node_by_name(n->sim, name);

    return found != NULL ? found->id : 0;
}

static void
cpu_time(void *data, uint32_t *seconds, uint32_t *microseconds)
{
    const struct sim_node *n = data;
    uint64_t used = (n->sim->now - n->attrd->born) / 100;

    *seconds = (uint32_t)(used / SIM_S);
    *microseconds = (uint32_t)(used % SIM_S);
}

void
sim_attrd_start(struct sim_node *n)
{
    static const struct peers_callbacks callbacks = { .state_changed = on_state, .resolve = resolve };
    struct attrd_config config = { .program = "pacemaker-attrd", .node_id = node_id, .cpu_time = cpu_time, .data = n };

    n->attrd = g_new0(struct sim_attrd, 1);
    n->attrd->born = n->sim->now;
    n->attrd->timer_due = UINT64_MAX;
    n->attrd->peers = peers_new(PEERS_AUTO_REAP, &callbacks, n);
    peers_set_local(n->attrd->peers, n->id, n->name);
    config.peers = n->attrd->peers;
    config.refs = &n->attrd->refs;
    n->attrd->core = attrd_core_new(&config);
    sim_cib_connect(n, SIM_ATTRD);
    sim_net_join(n, SIM_ATTRD);
    attrd_core_start(n->attrd->core, sim_ms(n->sim));
    carry_out(n);
}

void
sim_attrd_stop(struct sim_node *n)
{
    attrd_core_free(n->attrd->core);
    peers_free(n->attrd->peers);
    g_clear_pointer(&n->attrd, g_free);
}

void
sim_attrd_message(struct sim_node *n, unsigned from, bool directed, xmlNode *xml)
{
    const struct sim_node *sender = &n->sim->node[from];
    struct attrd_origin origin = { sender->id, sender->name, directed };

    n->attrd->refs.now = sim_epoch(n->sim);
    attrd_core_peer_message(n->attrd->core, sim_ms(n->sim), &origin, xml);
    carry_out(n);
}

void
sim_attrd_members(struct sim_node *n, unsigned before, unsigned members)
{
    sim_update_peers(n, SIM_ATTRD, n->attrd->peers, before, members);
    carry_out(n);
}

static void
on_request(struct sim_node *n, void *arg)
{
    struct attrd_request r = { .xml = arg, .client = "simulation" };

    attrd_core_request(n->attrd->core, sim_ms(n->sim), &r);
    carry_out(n);
}

static void
element_free(gpointer data)
{
    xml_free(data);
}

void
sim_attrd_request(struct sim_node *n, xmlNode *xml)
{
    if (!n->running[SIM_ATTRD]) {
        xml_free(xml);
        return;
    }
    sim_post_to(n, SIM_ATTRD, &n->ipc[SIM_USER][SIM_ATTRD], sim_delay(n->sim, 10, 400), on_request, xml, element_free);
}

void
sim_attrd_cib_notify(struct sim_node *n, const xmlNode *message)
{
    if (text_equal(xml_get(message, CIB_F_SUBTYPE), CIB_NOTIFY_DIFF)) {
        if (cib_notification_rc(message) == RC_OK) {
            attrd_core_cib_changed(n->attrd->core, sim_ms(n->sim), cib_notification_patch(message));
        }
    } else if ((xml_get_int(message, CIB_F_CHANGE_SECTION, 5) & 5) != 0) {
        attrd_core_cib_replaced(n->attrd->core, sim_ms(n->sim));
    }
    carry_out(n);
}

const struct attrd_core *
sim_attrd_core(const struct sim_node *n)
{
    return n->running[SIM_ATTRD] ? n->attrd->core : NULL;
}
