/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world around the cluster: hosts lose power, processes die, cables are cut, resources fail; and people and agents change
 * attributes and the configuration meanwhile.  What happens when follows from the seed.
 */
#include "cts/sim/sim.h"

#include "daemons/controld/controld_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/attrd_client.h"

#define FIRST_FAULT_S 10
#define LAST_FAULT_S  55

struct sim_world {
    unsigned changes;    /* of the configuration, asked for */
    GArray *promised;    /* unsigned: acknowledged, and everybody had the time to store it */
    unsigned doubtful;   /* changes of which nobody knows where they were made; see on_changed() */
};

struct sim_world *
sim_world_new(struct sim *s)
{
    struct sim_world *w = g_new0(struct sim_world, 1);

    w->promised = g_array_new(FALSE, FALSE, sizeof(unsigned));
    return w;
}

void
sim_world_free(struct sim_world *w)
{
    g_array_unref(w->promised);
    g_free(w);
}

void
sim_world_foreach_promised(const struct sim *s, void (*fn)(unsigned number, void *data), void *data)
{
    for (guint i = 0; s->world->doubtful == 0 && i < s->world->promised->len; i++) {
        fn(g_array_index(s->world->promised, unsigned, i), data);
    }
}

static struct sim_node *
any_node(struct sim *s)
{
    return &s->node[sim_pick(s, s->n_nodes)];
}

/* --- people --- */

static void
change_attribute(struct sim *s)
{
    static const char *const names[] = { "alpha", "beta", "gamma", "master-r1" };
    struct sim_node *n = any_node(s);
    const char *delays[] = { NULL, NULL, "1s", "3s" };
    g_autofree char *value = g_strdup_printf("%u", sim_pick(s, 100));
    struct attrd_update u = { .name = names[sim_pick(s, G_N_ELEMENTS(names))], .value = value };

    if (sim_once_in(s, 5)) {
        u.value = NULL;
    } else if (sim_once_in(s, 6)) {
        u.value = "value++";
    }
    if (sim_once_in(s, 5)) {
        u.node = s->node[sim_pick(s, s->n_nodes)].name;
    } else if (sim_once_in(s, 20)) {
        u.node = "ghost";
    }
    if (sim_once_in(s, 4)) {
        u.dampening = delays[sim_pick(s, G_N_ELEMENTS(delays))];
        u.task = u.dampening != NULL ? ATTRD_TASK_UPDATE_BOTH : ATTRD_TASK_UPDATE;
    }
    if (sim_once_in(s, 8)) {
        u.name = "hidden";
        u.flags = ATTRD_UPDATE_PRIVATE;
    }
    sim_trace(s, "%s: somebody sets %s[%s] to %s", n->name, u.name, u.node != NULL ? u.node : "here",
              u.value != NULL ? u.value : "(unset)");
    sim_attrd_request(n, attrd_msg_update("simulation", &u));
}

struct change {
    unsigned number;
    uint64_t stability; /* of the partition when it was asked for */
    struct sim_node *node;
};

/*
 * A number that stays the same as long as the node's partition is integrated and nothing happens to it; 0: it is not.  Until the DC has
 * brought everybody to one CIB, nobody can promise anything about a change: it may be made in the copy that is given up.
 */
static uint64_t
stability(struct sim_node *n)
{
    struct sim *s = n->sim;
    unsigned members = sim_net_members(n);
    uint64_t lives = 1;

    if (!sim_net_quorate(n)) {
        return 0;
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        const struct controld *c = sim_ctl_core(&s->node[i]);

        if ((members & (1u << i)) == 0) {
            continue;
        }
        if (c == NULL || !s->node[i].running[SIM_CIB] || ctl_dc_name(c) == NULL
            || !text_is_one_of(ctl_state_name(c), "S_NOT_DC", "S_IDLE", "S_TRANSITION_ENGINE", "S_POLICY_ENGINE", NULL)) {
            return 0;
        }
        lives += s->node[i].life[SIM_CIB] + s->node[i].life[SIM_CTL];
    }
    return lives * 1000 + sim_net_generation(s);
}

/* A second after the acknowledgement every member has stored it, unless something happened meanwhile. */
static void
on_promise(struct sim *s, void *arg)
{
    const struct change *c = arg;

    if (c->stability == stability(c->node) && s->world->doubtful == 0) {
        g_array_append_val(s->world->promised, c->number);
        sim_trace(s, "change %u must never be lost", c->number);
    }
}

/*
 * The protocol has no quorum for changes of the configuration, and the copy with more of them wins a merge.  So a change that may have
 * been made in a part that was being cut off endangers all others until everybody is together again: no promise holds then.
 */
static void
note_change_begins(struct sim *s, uint64_t present)
{
    bool everybody = __builtin_popcount(sim_net_members(&s->node[0])) == (int)s->n_nodes;

    if (s->world->doubtful > 0 && everybody && present != 0) {
        g_array_set_size(s->world->promised, 0);
        s->world->doubtful = 0;
    }
    s->world->doubtful++;
}

static void
on_changed(struct sim_node *n, int rc, const xmlNode *output, void *data)
{
    struct change *c = data;

    sim_trace(n->sim, "%s: change %u of the configuration: %s", n->name, c->number, result_text(rc));
    if (c->stability != 0 && c->stability == stability(n) && n->sim->world->doubtful > 0) {
        n->sim->world->doubtful--;
    }
    if (rc == RC_OK && c->stability != 0 && c->stability == stability(n)) {
        sim_post(n->sim, SIM_S, on_promise, g_memdup2(c, sizeof(*c)), g_free);
    }
}

static void
change_configuration(struct sim *s)
{
    struct sim_node *n = any_node(s);
    struct change *c;
    xmlNode *set, *pair;
    struct sim_cib_call call = { .op = CIB_OP_MODIFY, .section = "crm_config", .done = on_changed, .free_data = g_free };

    if (!n->running[SIM_CIB] || !sim_net_quorate(n)) {
        return; /* people know better than to change half a cluster */
    }
    c = g_new0(struct change, 1);
    *c = (struct change){ ++s->world->changes, stability(n), n };
    set = xml_new(NULL, "cluster_property_set");
    xml_set(set, "id", "user");
    pair = xml_new(set, "nvpair");
    xml_setf(pair, "id", "user-%u", c->number);
    xml_setf(pair, "name", "u%u", c->number);
    xml_set(pair, "value", n->name);
    call.input = set;
    call.data = c;
    sim_trace(s, "%s: somebody makes change %u of the configuration", n->name, c->number);
    note_change_begins(s, c->stability);
    sim_cib_request(n, SIM_USER, &call);
    xml_free(set);
}

static void
on_people(struct sim *s, void *arg)
{
    if (s->quiet) {
        return;
    }
    if (sim_once_in(s, 4)) {
        change_configuration(s);
    } else {
        change_attribute(s);
    }
    sim_post(s, sim_delay(s, 5 * SIM_MS, 1500 * SIM_MS), on_people, NULL, NULL);
}

/* --- faults --- */

static void
on_repair_power(struct sim *s, void *arg)
{
    sim_node_boot(arg);
}

static void
on_repair_network(struct sim *s, void *arg)
{
    unsigned together[SIM_MAX_NODES] = { 0 };

    if (!s->quiet) {
        sim_trace(s, "the network is whole again");
        sim_net_partition(s, together);
    }
}

static void
cut_network(struct sim *s)
{
    unsigned component[SIM_MAX_NODES];
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < s->n_nodes; i++) {
        component[i] = sim_pick(s, 2);
        g_string_append_printf(text, " %s:%u", s->node[i].name, component[i]);
    }
    sim_trace(s, "the network is cut:%s", text->str);
    g_string_free(text, TRUE);
    sim_net_partition(s, component);
    sim_post(s, sim_delay(s, 500 * SIM_MS, 15 * SIM_S), on_repair_network, NULL, NULL);
}

struct path {
    struct sim_node *node;
    unsigned disk;
};

static void
on_repair_disk(struct sim *s, void *arg)
{
    const struct path *p = arg;

    sim_trace(s, "%s: disk %u is there again", p->node->name, p->disk);
    sim_sbd_break_path(p->node, p->disk, false);
}

static void
break_path(struct sim_node *n, unsigned disk, uint64_t how_long)
{
    struct path *p = g_new0(struct path, 1);

    *p = (struct path){ n, disk };
    sim_trace(n->sim, "%s: disk %u is gone", n->name, disk);
    sim_sbd_break_path(n, disk, true);
    sim_post(n->sim, how_long, on_repair_disk, p, g_free);
}

/*
 * A disk fails for all hosts, or a host loses its way to some or all disks, or each host loses some; often what carries the disks
 * carries the cluster, too.
 */
static void
break_disk(struct sim *s, struct sim_node *n)
{
    unsigned kind = sim_pick(s, 4), disk = sim_pick(s, s->n_disks);

    for (unsigned i = 0; i < s->n_nodes; i++) {
        for (unsigned d = 0; d < s->n_disks; d++) {
            bool breaks = kind == 0 ? d == disk : kind == 1 ? sim_once_in(s, 2) : n == &s->node[i] && (d == disk || sim_once_in(s, 2));

            if (breaks) {
                break_path(&s->node[i], d, sim_delay(s, SIM_S, 12 * SIM_S));
            }
        }
    }
    if (sim_once_in(s, 2)) {
        cut_network(s);
    }
}

/* A host keeps some disks, all others keep the rest: two sites, and what connects them is gone. */
static void
divide_disks(struct sim *s, const struct sim_node *n)
{
    uint64_t how_long = sim_delay(s, 4 * SIM_S, 25 * SIM_S);
    unsigned apart = sim_pick(s, s->n_disks);
    bool keeps_it = sim_once_in(s, 2);

    for (unsigned i = 0; i < s->n_nodes; i++) {
        for (unsigned d = 0; d < s->n_disks; d++) {
            if ((d == apart) != (n == &s->node[i] ? keeps_it : !keeps_it)) {
                break_path(&s->node[i], d, how_long);
            }
        }
    }
}

/* A host whose agents hang cannot stop its services when it loses its peers: only fencing makes them safe. */
static void
hang(struct sim *s, struct sim_node *n)
{
    unsigned alone[SIM_MAX_NODES] = { 0 };

    sim_exec_hang(n, sim_delay(s, 4 * SIM_S, 18 * SIM_S)); /* shorter than the timeouts of the actions */
    if (s->has_sbd && s->n_disks > 0 && sim_once_in(s, 2)) {
        divide_disks(s, n);
    }
    if (sim_once_in(s, 3)) {
        return;
    }
    alone[n->index] = 1;
    sim_trace(s, "%s: is cut off", n->name);
    sim_net_partition(s, alone);
    sim_post(s, sim_delay(s, 2 * SIM_S, 20 * SIM_S), on_repair_network, NULL, NULL);
}

static void
make_fault(struct sim *s)
{
    struct sim_node *n = any_node(s);

    switch (sim_pick(s, 17)) {
        case 0:
        case 1:
            if (n->up) {
                sim_node_crash(n);
                sim_post(s, sim_delay(s, 500 * SIM_MS, 10 * SIM_S), on_repair_power, n, NULL);
            }
            break;
        case 2:
        case 3:
        case 4:
            cut_network(s);
            break;
        case 5:
        case 6:
            sim_daemon_kill(n, SIM_ATTRD);
            break;
        case 7:
            sim_daemon_kill(n, SIM_CTL);
            break;
        case 8:
            sim_daemon_kill(n, SIM_CIB);
            break;
        case 12:
            if (s->has_sbd && s->n_disks > 0) {
                break_disk(s, n);
            } else if (s->config.with_controller) {
                sim_daemon_kill(n, SIM_FENCER);
            }
            break;
        case 13:
            if (s->has_sbd && sim_once_in(s, 2)) {
                sim_sbd_kill(n);
            } else if (s->has_sbd && s->n_disks > 0) {
                break_disk(s, n);
            }
            break;
        case 14:
            sim_daemon_kill(n, SIM_FENCER);
            break;
        case 15:
        case 16:
            hang(s, n);
            break;
        case 9:
            if (s->config.with_controller) {
                sim_ctl_terminate(n);
            }
            break;
        default:
            sim_exec_fail(n, sim_services[sim_pick(s, 4)]);
            break;
    }
}

/* Everybody loses power at the same moment. */
static void
on_blackout(struct sim *s, void *arg)
{
    sim_trace(s, "blackout");
    for (unsigned i = 0; i < s->n_nodes; i++) {
        sim_node_crash(&s->node[i]);
        sim_post(s, sim_delay(s, 500 * SIM_MS, 6 * SIM_S), on_repair_power, &s->node[i], NULL);
    }
}

static void
on_fault(struct sim *s, void *arg)
{
    if (s->quiet) {
        return;
    }
    make_fault(s);
    if (s->now < LAST_FAULT_S * SIM_S) {
        sim_post(s, sim_once_in(s, 4) ? sim_delay(s, SIM_MS, 300 * SIM_MS) : sim_delay(s, 500 * SIM_MS, 12 * SIM_S), on_fault,
                 NULL, NULL);
    }
}

void
sim_world_begin(struct sim *s)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        sim_post(s, sim_delay(s, 0, 3 * SIM_S), on_repair_power, &s->node[i], NULL);
    }
    sim_post(s, 4 * SIM_S, on_people, NULL, NULL);
    if (!s->config.calm) {
        sim_post(s, FIRST_FAULT_S * SIM_S + sim_delay(s, 0, 5 * SIM_S), on_fault, NULL, NULL);
        if (sim_once_in(s, 6)) {
            sim_post(s, sim_delay(s, FIRST_FAULT_S * SIM_S, LAST_FAULT_S * SIM_S), on_blackout, NULL, NULL);
        }
    }
}

/* An administrator has found the reasons of the failures and says so. */
static void
on_clean_up(struct sim *s, void *arg)
{
    sim_trace(s, "somebody cleans up all failures");
    sim_attrd_request(&s->node[0], attrd_msg_clear_failure("simulation", NULL, NULL, NULL, NULL, false));
}

void
sim_world_calm_down(struct sim *s)
{
    for (unsigned i = 1; i <= 4; i++) {
        sim_post(s, i * 20 * SIM_S, on_clean_up, NULL, NULL);
    }
    unsigned together[SIM_MAX_NODES] = { 0 };

    sim_trace(s, "all faults are over");
    sim_net_partition(s, together);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        for (unsigned d = 0; d < s->n_disks; d++) {
            sim_sbd_break_path(&s->node[i], d, false);
        }
        sim_node_boot(&s->node[i]);
    }
}
