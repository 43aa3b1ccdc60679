/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SBD on simulated hosts: none to three shared disks, the paths of each host to them, and on each host the inquisitor with a watcher of
 * each disk, one of Pacemaker and one of Corosync, and a watchdog that takes the host down when it is not fed.  The decisions are those
 * of SBD's core; a host starts its part of the cluster when SBD says so.  Used by hosts (boot, power off), the fence agent and the
 * world (faults).
 */
#include "cts/sim/sim.h"

#include "daemons/controld/controld_core.h"
#include "daemons/sbd/sbd_core.h"
#include "lib/base/text.h"
#include "lib/cib/cib_doc.h"
#include "lib/sched/model/model.h"

#include <string.h>

#define WATCHDOG_S SIM_WATCHDOG_S
#define MSGWAIT_S  6
#define LOOP_S     1
#define IO_S       1
#define SECTOR     SBD_SECTOR_MIN

static uint8_t disks[SIM_MAX_DISKS][SBD_SECTORS][SECTOR]; /* a run has a process of its own */
static bool formatted;

struct sim_sbd {
    struct sbd_inquisitor inquisitor;
    bool killed; /* the inquisitor is gone; the watchdog is not */
    bool armed;
    uint64_t watchdog; /* when it fires */
    unsigned tick_generation;
    unsigned watcher_generation[SBD_MAX_WATCHERS];
    bool had_quorum;
    struct cib_version judged; /* of the CIB that `facts` are from, and of the process that had it */
    uint64_t judged_since;
    bool has_facts;
    struct sbd_node_facts facts;
};

static void step(struct sim_node *n, const struct sbd_event *ev);

/* Watchers are numbered: disks, Pacemaker, Corosync. */
static bool
is_pacemaker(const struct sim *s, unsigned watcher)
{
    return watcher == s->n_disks;
}

/* --- a disk: one task of one process, sector by sector --- */

/* A message to all disks, by a process each. */
struct sending {
    struct sim_node *node;
    unsigned refs, succeeded, failed;
    bool told;
    sim_sbd_sent *sent;
    void *data;
};

struct task {
    struct sim_node *node;
    unsigned boot, disk;
    struct sbd_task task;
    uint8_t buffer[SECTOR];
    struct sbd_request request;
    unsigned generation; /* of the watcher; sending tasks go by the host alone */
    struct sending *sending; /* NULL: it watches */
};

static void advance(struct task *t, bool ok);

static void
task_free(struct task *t)
{
    if (t->sending != NULL && --t->sending->refs == 0) {
        g_free(t->sending);
    }
    g_free(t);
}

static bool
is_void(const struct task *t)
{
    const struct sim_node *n = t->node;

    return !n->up || n->boots != t->boot || (t->sending == NULL && (n->sbd->killed || n->sbd->watcher_generation[t->disk] != t->generation));
}

static void
on_access(struct sim *s, void *arg)
{
    struct task *t = arg;
    bool ok = (s->disk_paths_broken[t->disk] & (1u << t->node->index)) == 0;
    uint8_t *sector = disks[t->disk][t->request.sector];

    if (is_void(t)) {
        task_free(t);
        return;
    }
    if (ok && t->request.want == SBD_WANT_READ) {
        memcpy(t->buffer, sector, SECTOR);
    } else if (ok && t->request.want == SBD_WANT_WRITE) {
        memcpy(sector, t->buffer, SECTOR);
    }
    advance(t, ok || t->request.want == SBD_WANT_SLEEP);
}

/* The process of one disk is through. */
static void
part_sent(struct sending *sending, bool ok)
{
    const struct sim *s = sending->node->sim;
    enum sbd_delivery delivery;

    sending->succeeded += ok;
    sending->failed += !ok;
    delivery = sbd_delivery(s->n_disks, sending->succeeded, sending->failed);
    if (s->config.mutation == SIM_ONE_DISK_TELLS && sending->succeeded > 0) {
        delivery = SBD_DELIVERY_DONE; /* broken on purpose */
    }
    if (delivery != SBD_DELIVERY_OPEN && !sending->told) {
        sending->told = true;
        sending->sent(sending->node, delivery == SBD_DELIVERY_DONE, sending->data);
    }
}

static void
end_task(struct task *t)
{
    struct sim_node *n = t->node;

    if (t->sending != NULL) {
        part_sent(t->sending, t->task.result == SBD_RESULT_OK);
    } else {
        struct sbd_event ended = { .kind = SBD_EV_ENDED, .watcher = t->disk, .code = t->task.result };

        step(n, &ended);
    }
    task_free(t);
}

static void
tell_alive(const struct task *t)
{
    struct sim_node *n = t->node;
    struct sbd_event alive = { .kind = SBD_EV_ALIVE, .watcher = t->disk };

    step(n, &alive);
    if (n->sim->config.mutation == SIM_ONE_DISK_FEEDS) {
        /* Broken on purpose: one disk speaks for all. */
        for (unsigned d = 0; d < n->sim->n_disks && !is_void(t); d++) {
            alive.watcher = d;
            step(n, &alive);
        }
    }
}

static void
advance(struct task *t, bool ok)
{
    struct sim *s = t->node->sim;
    uint64_t delay = 0;

    t->request = sbd_task_next(&t->task, ok);
    if (t->sending == NULL && t->task.alive) {
        tell_alive(t);
        if (is_void(t)) {
            task_free(t);
            return;
        }
    }
    if (t->task.note == SBD_NOTE_RECEIVED) {
        sim_trace(s, "%s: sbd receives %s from %s", t->node->name, sbd_command_word(t->task.found.mark), t->task.found.name);
    }
    switch (t->request.want) {
        case SBD_WANT_READ:
        case SBD_WANT_WRITE:
            delay = sim_once_in(s, 40) ? sim_delay(s, 50 * SIM_MS, 700 * SIM_MS) : sim_delay(s, 200, 8 * SIM_MS);
            break;
        case SBD_WANT_SLEEP:
            delay = t->request.seconds * SIM_S;
            if (t->sending != NULL && s->config.mutation == SIM_SKIP_MSGWAIT) {
                delay = 0; /* broken on purpose */
            }
            break;
        case SBD_WANT_END:
            end_task(t);
            return;
    }
    sim_post(s, delay, on_access, t, NULL);
}

static struct task *
task_new(struct sim_node *n, unsigned disk)
{
    struct task *t = g_new0(struct task, 1);

    t->node = n;
    t->boot = n->boots;
    t->disk = disk;
    return t;
}

void
sim_sbd_send(struct sim_node *n, const char *target, bool off, sim_sbd_sent *sent, void *data)
{
    struct sending *sending = g_new0(struct sending, 1);

    *sending = (struct sending){ .node = n, .refs = n->sim->n_disks, .sent = sent, .data = data };
    for (unsigned d = 0; d < n->sim->n_disks; d++) {
        struct task *t = task_new(n, d);

        t->sending = sending;
        sbd_task_send(&t->task, t->buffer, SECTOR, target, off ? SBD_CMD_OFF : SBD_CMD_RESET, n->name);
        advance(t, true);
    }
}

/* Every host has its slot on every disk already: which one gets which is nothing to be tried here. */
static void
format(const struct sim *s, uint8_t (*disk)[SECTOR])
{
    struct sbd_header header = { .major = 2, .slots = SBD_SLOTS, .sector_size = SECTOR, .watchdog_s = WATCHDOG_S, .allocate_s = 2,
                                 .loop_s = LOOP_S, .msgwait_s = MSGWAIT_S };

    sbd_header_encode(&header, disk[0], SECTOR);
    for (unsigned i = 0; i < SBD_SLOTS; i++) {
        struct sbd_entry slot = i < s->n_nodes ? sbd_entry_of(1, s->node[i].name) : sbd_entry_of(0, "");
        struct sbd_entry box = sbd_entry_of(SBD_CMD_CLEAR, "");

        sbd_entry_encode(&slot, disk[sbd_slot_sector(i)], SECTOR);
        sbd_entry_encode(&box, disk[sbd_mailbox_sector(i)], SECTOR);
    }
}

/* --- the host dies --- */

static void
reset(struct sim_node *n, const char *why)
{
    sim_trace(n->sim, "%s: %s", n->name, why);
    sim_node_restart(n, sim_delay(n->sim, 2 * SIM_S, 10 * SIM_S));
}

struct host {
    struct sim_node *node;
    unsigned boot, generation;
};

static void
post_for_host(struct sim_node *n, uint64_t delay, sim_fn *fn, unsigned generation)
{
    struct host *h = g_new0(struct host, 1);

    *h = (struct host){ n, n->boots, generation };
    sim_post(n->sim, delay, fn, h, g_free);
}

static struct sim_node *
same_host(const struct host *h)
{
    return h->node->up && h->node->boots == h->boot ? h->node : NULL;
}

static void
on_watchdog(struct sim *s, void *arg)
{
    struct sim_node *n = same_host(arg);

    if (n == NULL || !n->sbd->armed) {
        return;
    }
    if (s->now >= n->sbd->watchdog) {
        reset(n, "the watchdog fires");
    } else {
        post_for_host(n, n->sbd->watchdog - s->now, on_watchdog, 0);
    }
}

static void
feed(struct sim_node *n)
{
    if (!n->sbd->armed) {
        return;
    }
    n->sbd->watchdog = n->sim->now + WATCHDOG_S * SIM_S;
}

/* --- Pacemaker's watcher --- */

/* What the real watcher takes from the CIB. */
static const struct sbd_node_facts *
facts_of_cib(struct sim_node *n)
{
    struct sbd_node_facts *facts = &n->sbd->facts;
    const xmlNode *cib = sim_cib_document(n);
    struct cib_version version = cib_version_of(cib);
    const struct sched_node *own;
    struct sched *s;

    if (n->sbd->has_facts && cib_version_compare(&version, &n->sbd->judged) == 0 && n->sbd->judged_since == n->since[SIM_CIB]) {
        return facts;
    }
    s = sched_new(cib, sim_epoch(n->sim), SCHED_STATUS_ONLY | SCHED_QUIET | SCHED_CAN_FENCE);
    own = sched_node_by_name(s, n->name);
    *facts = (struct sbd_node_facts){ .policy = SBD_POLICY_STOP, .has_dc = s->dc != NULL, .quorate = s->have_quorum };
    if (own != NULL) {
        facts->known = true;
        facts->online = own->online;
        facts->unclean = own->unclean;
        facts->pending = own->pending;
    }
    sched_free(s);
    n->sbd->has_facts = true;
    n->sbd->judged = version;
    n->sbd->judged_since = n->since[SIM_CIB];
    return facts;
}

/*
 * The CIB is looked at only where it matters: while the disks are good, the verdict on the cluster decides nothing, and the status of the
 * whole cluster every second would cost most of the run.
 */
static enum sbd_health
pacemaker_health(struct sim_node *n)
{
    const struct controld *c = sim_ctl_core(n);
    bool diskless = n->sim->n_disks == 0;
    struct sbd_node_facts facts = { .policy = SBD_POLICY_STOP };

    if (c == NULL || !n->running[SIM_CIB]) {
        return SBD_HEALTH_TRANSIENT;
    }
    if (!diskless && sbd_judge(&n->sbd->inquisitor).may_detach) {
        facts.has_dc = ctl_dc_name(c) != NULL;
        facts.known = facts.online = text_is_one_of(ctl_state_name(c), "S_NOT_DC", "S_IDLE", "S_TRANSITION_ENGINE", "S_POLICY_ENGINE", NULL);
        facts.quorate = sim_net_quorate(n);
    } else {
        facts = *facts_of_cib(n);
    }
    facts.denied = !sim_net_quorate(n);
    return sbd_pacemaker_health(&facts, diskless, &n->sbd->had_quorum);
}

static void
tell_health(struct sim_node *n, unsigned watcher, enum sbd_health health)
{
    enum sbd_report report = sbd_health_report(health);

    if (report != SBD_REPORT_NOTHING) {
        struct sbd_event ev = { .kind = report == SBD_REPORT_ALIVE ? SBD_EV_ALIVE : SBD_EV_UNHEALTHY, .watcher = watcher };

        step(n, &ev);
    }
}

static void
on_pacemaker_round(struct sim *s, void *arg)
{
    const struct host *h = arg;
    struct sim_node *n = same_host(h);

    if (n == NULL || n->sbd->killed || n->sbd->watcher_generation[s->n_disks] != h->generation) {
        return;
    }
    post_for_host(n, SIM_S, on_pacemaker_round, h->generation);
    tell_health(n, s->n_disks, pacemaker_health(n));
}

/* --- Corosync's watcher --- */

static void
on_cluster_round(struct sim *s, void *arg)
{
    const struct host *h = arg;
    struct sim_node *n = same_host(h);
    struct sbd_cluster_facts facts = { 0 };

    if (n == NULL || n->sbd->killed || n->sbd->watcher_generation[s->n_disks + 1] != h->generation) {
        return;
    }
    post_for_host(n, LOOP_S * SIM_S, on_cluster_round, h->generation);
    facts.members = facts.most_members = (unsigned)__builtin_popcount(sim_net_members(n));
    tell_health(n, s->n_disks + 1, sbd_cluster_health(&facts, WATCHDOG_S));
}

/* --- the inquisitor --- */

static void
start_watcher(struct sim_node *n, const struct sbd_effect *e)
{
    unsigned generation = ++n->sbd->watcher_generation[e->watcher];
    struct task *t;

    if (e->watcher >= n->sim->n_disks) {
        post_for_host(n, sim_delay(n->sim, 10 * SIM_MS, SIM_S),
                      is_pacemaker(n->sim, e->watcher) ? on_pacemaker_round : on_cluster_round, generation);
        return;
    }
    t = task_new(n, e->watcher);
    t->generation = generation;
    sbd_task_watch(&t->task, t->buffer, SECTOR, n->name, e->first ? SBD_WATCH_FIRST : 0, NULL);
    sim_post(n->sim, sim_delay(n->sim, SIM_MS, 30 * SIM_MS), on_access, t, NULL);
    t->request.want = SBD_WANT_SLEEP; /* so that the first step comes from on_access() */
}

static void
carry_out(struct sim_node *n, const struct sbd_effect *e)
{
    struct sbd_event armed = { .kind = SBD_EV_ARMED };

    switch (e->kind) {
        case SBD_DO_START:
            start_watcher(n, e);
            break;
        case SBD_DO_FEED:
            feed(n);
            break;
        case SBD_DO_ARM:
            n->sbd->armed = true;
            feed(n);
            post_for_host(n, WATCHDOG_S * SIM_S, on_watchdog, 0);
            step(n, &armed);
            break;
        case SBD_DO_DETACH:
            sim_node_start_daemons(n);
            break;
        case SBD_DO_KILL:
            if (n->sim->config.mutation != SIM_FEED_ALWAYS) {
                reset(n, e->timed_out ? "sbd takes the host down: it was not fed in time" : "sbd takes the host down as ordered");
            }
            break;
        case SBD_DO_END:
            reset(n, "sbd ends, and so the host does not start");
            break;
        default:
            break;
    }
}

static void
on_tick(struct sim *s, void *arg)
{
    const struct host *h = arg;
    struct sim_node *n = same_host(h);
    struct sbd_event tick = { .kind = SBD_EV_TICK };

    if (n != NULL && !n->sbd->killed && n->sbd->tick_generation == h->generation) {
        step(n, &tick);
    }
}

static void
step(struct sim_node *n, const struct sbd_event *ev)
{
    struct sbd_effects out;
    unsigned boot = n->boots;
    uint64_t now = sim_ms(n->sim) + 1;

    if (n->sbd->killed) {
        return;
    }
    if (n->sim->config.mutation == SIM_TRUST_AGAIN) {
        n->sbd->inquisitor.unvouched = 0; /* broken on purpose */
    }
    sbd_inquisitor_step(&n->sbd->inquisitor, now, ev, &out);
    if (n->sim->config.mutation == SIM_FEED_ALWAYS) {
        feed(n); /* broken on purpose */
    }
    for (unsigned i = 0; i < out.count && n->up && n->boots == boot; i++) {
        carry_out(n, &out.list[i]);
    }
    if (n->up && n->boots == boot) {
        uint64_t next = sbd_inquisitor_next_tick(&n->sbd->inquisitor, now);

        post_for_host(n, (next - now) * SIM_MS, on_tick, ++n->sbd->tick_generation);
    }
}

/* --- life, faults --- */

void
sim_sbd_boot(struct sim_node *n)
{
    struct sbd_inquisitor_config config = {
        .n_disks = n->sim->n_disks, .pacemaker = true, .cluster = true, .watchdog = true, .watchdog_s = WATCHDOG_S, .loop_s = LOOP_S, .io_s = IO_S, .restart_s = 5,
        .timeout_action = SBD_KILL_RESET,
    };
    struct sbd_event tick = { .kind = SBD_EV_TICK };

    for (unsigned d = 0; d < n->sim->n_disks && !formatted; d++) {
        format(n->sim, disks[d]);
    }
    formatted = true;
    n->sbd = g_new0(struct sim_sbd, 1);
    sbd_inquisitor_init(&n->sbd->inquisitor, &config, sim_ms(n->sim) + 1);
    step(n, &tick);
}

void
sim_sbd_power_off(struct sim_node *n)
{
    g_clear_pointer(&n->sbd, g_free);
}

void
sim_sbd_break_path(struct sim_node *n, unsigned disk, bool broken)
{
    if (broken) {
        n->sim->disk_paths_broken[disk] |= 1u << n->index;
    } else {
        n->sim->disk_paths_broken[disk] &= ~(1u << n->index);
    }
    sim_check_paths(n);
}

bool
sim_sbd_is_armed(const struct sim_node *n)
{
    return n->sbd != NULL && n->sbd->armed;
}

bool
sim_sbd_awaits_quorum(const struct sim_node *n)
{
    return n->sbd != NULL && n->sim->n_disks == 0 && !n->sbd->had_quorum;
}

void
sim_sbd_kill(struct sim_node *n)
{
    /* Before it has armed the watchdog its end means that the cluster's stack is not started here: a case for a person. */
    if (n->sbd != NULL && !n->sbd->killed && n->sbd->armed) {
        sim_trace(n->sim, "%s: the inquisitor is killed", n->name);
        n->sbd->killed = true;
    }
}
