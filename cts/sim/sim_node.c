/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts and their processes: booting, power loss, the launcher's respawning, the peer cache of each process.
 * Used by the world (faults) and by the network.  Knows nothing of what the processes do.
 */
#include "cts/sim/sim.h"

#include "lib/base/text.h"

const char *const sim_daemon_names[SIM_DAEMONS] = { "based", "attrd", "fenced", "controld" };

struct sim_node *
sim_node_by_name(struct sim *s, const char *name)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        if (text_equal_nocase(s->node[i].name, name)) {
            return &s->node[i];
        }
    }
    return NULL;
}

struct start {
    struct sim_node *node;
    enum sim_daemon daemon;
    unsigned life;
};

static void
on_start(struct sim *s, void *arg)
{
    const struct start *start = arg;
    struct sim_node *n = start->node;

    if (n->up && !n->running[start->daemon] && n->life[start->daemon] == start->life) {
        sim_daemon_start(n, start->daemon);
    }
}

static void
start_later(struct sim_node *n, enum sim_daemon d, uint64_t delay)
{
    struct start *start = g_new0(struct start, 1);

    *start = (struct start){ n, d, n->life[d] };
    sim_post(n->sim, delay, on_start, start, g_free);
}

void
sim_daemon_start(struct sim_node *n, enum sim_daemon d)
{
    /* Whoever cannot reach the CIB manager tries again: what the processes do themselves. */
    if (d != SIM_CIB && !n->running[SIM_CIB]) {
        start_later(n, d, sim_delay(n->sim, 50 * SIM_MS, 1000 * SIM_MS));
        return;
    }
    n->running[d] = true;
    n->life[d]++;
    n->pid[d] = 1000 * (n->index + 1) + 10 * n->life[d] + d;
    n->said_goodbye[d] = false;
    n->since[d] = n->sim->now;
    sim_trace(n->sim, "%s: %s starts", n->name, sim_daemon_names[d]);
    switch (d) {
        case SIM_CIB:
            sim_cib_start(n);
            break;
        case SIM_ATTRD:
            sim_attrd_start(n);
            break;
        case SIM_FENCER:
            sim_fencer_start(n);
            break;
        default:
            sim_ctl_start(n);
            break;
    }
}

static void
stop(struct sim_node *n, enum sim_daemon d, bool power_lost)
{
    if (!n->running[d]) {
        return;
    }
    n->running[d] = false;
    n->since[d] = n->sim->now;
    n->life[d]++;
    switch (d) {
        case SIM_CIB:
            sim_cib_stop(n, power_lost);
            break;
        case SIM_ATTRD:
            sim_attrd_stop(n);
            break;
        case SIM_FENCER:
            sim_fencer_stop(n);
            break;
        default:
            sim_ctl_stop(n);
            break;
    }
    sim_net_leave(n, d);
}

void
sim_daemon_kill(struct sim_node *n, enum sim_daemon d)
{
    if (!n->running[d]) {
        return;
    }
    sim_trace(n->sim, "%s: %s is killed", n->name, sim_daemon_names[d]);
    if (d == SIM_CTL && sim_ctl_is_leaving(n)) {
        /* What the launcher that stops the stack waits for: it goes on with the others. */
        sim_node_restart(n, sim_delay(n->sim, 5 * SIM_S, 15 * SIM_S));
        return;
    }
    stop(n, d, false);
    start_later(n, d, sim_delay(n->sim, 5 * SIM_MS, 500 * SIM_MS));
    if (d == SIM_CIB) {
        /* The others notice that it is gone, and end. */
        for (unsigned other = SIM_CIB + 1; other < SIM_DAEMONS; other++) {
            if (n->running[other]) {
                stop(n, other, false);
                start_later(n, other, sim_delay(n->sim, 50 * SIM_MS, 800 * SIM_MS));
            }
        }
    } else {
        sim_cib_disconnect(n, d);
    }
}

bool
sim_daemon_exists(const struct sim *s, enum sim_daemon d)
{
    return s->config.with_controller || d == SIM_CIB || d == SIM_ATTRD;
}

void
sim_node_start_daemons(struct sim_node *n)
{
    for (unsigned d = 0; d < SIM_DAEMONS; d++) {
        if (sim_daemon_exists(n->sim, d)) {
            n->life[d]++;
            start_later(n, d, sim_delay(n->sim, 900 * SIM_MS, 2000 * SIM_MS));
        }
    }
}

void
sim_node_boot(struct sim_node *n)
{
    if (n->up) {
        return;
    }
    sim_trace(n->sim, "%s: boots", n->name);
    n->up = true;
    n->outlets_off = 0;
    n->boots++;
    n->booted = n->sim->now;
    sim_exec_boot(n);
    sim_net_host_up(n);
    if (n->sim->has_sbd) {
        sim_sbd_boot(n);
    } else {
        sim_node_start_daemons(n);
    }
}

void
sim_node_crash(struct sim_node *n)
{
    if (!n->up) {
        return;
    }
    sim_trace(n->sim, "%s: loses power", n->name);
    n->up = false;
    n->boots++;
    for (unsigned d = SIM_DAEMONS; d > 0; d--) {
        stop(n, d - 1, true);
        n->life[d - 1]++;
    }
    sim_exec_power_off(n);
    sim_sbd_power_off(n);
    sim_net_host_down(n);
}

static void
on_power_back(struct sim *s, void *arg)
{
    sim_node_boot(arg);
}

void
sim_node_restart(struct sim_node *n, uint64_t delay)
{
    sim_node_crash(n);
    sim_post(n->sim, delay, on_power_back, n, NULL);
}

void
sim_update_peers(struct sim_node *n, enum sim_daemon d, struct peers *peers, unsigned before, unsigned members)
{
    struct sim *s = n->sim;
    struct cpg_member present[SIM_MAX_NODES], left[SIM_MAX_NODES];
    unsigned n_present = 0, n_left = 0;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct cpg_member m = { s->node[i].id, s->node[i].pid[d], s->node[i].said_goodbye[d] };

        if (members & (1u << i)) {
            present[n_present++] = m;
        } else if (before & (1u << i)) {
            left[n_left++] = m;
        }
    }
    peers_cpg_changed(peers, n->pid[d], present, n_present, left, n_left, sim_epoch(s));
}
