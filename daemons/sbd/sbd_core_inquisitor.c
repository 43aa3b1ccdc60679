/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inquisitor: hears its watchers, decides whether the watchdog is fed, whether the daemon may
 * report that it runs, which dead watcher is started again, and when the node must die.  Called by
 * sbd's daemon process and by cts/sim. Never allocates; never does anything itself: it appends
 * effects.  (spec 65 §7.5-7.7)
 */
#include <assert.h>
#include <string.h>

#include "daemons/sbd/sbd_core.h"

static void
add_watcher(struct sbd_inquisitor *q, enum sbd_watcher_kind kind)
{
    struct sbd_watcher *w = &q->watchers[q->n_watchers++];

    w->kind = kind;
    /* A disk is "never seen" at first, which is not good either; the others have to prove
     * themselves. */
    w->outdated = kind != SBD_WATCHER_DISK;
}

void
sbd_inquisitor_init(struct sbd_inquisitor *q, const struct sbd_inquisitor_config *config,
                    uint64_t now)
{
    assert(config->n_disks <= SBD_MAX_DISKS);
    memset(q, 0, sizeof(*q));
    q->config = *config;
    q->fed = now;
    for (unsigned i = 0; i < config->n_disks; i++) {
        add_watcher(q, SBD_WATCHER_DISK);
    }
    if (config->pacemaker) {
        add_watcher(q, SBD_WATCHER_PACEMAKER);
    }
    if (config->cluster) {
        add_watcher(q, SBD_WATCHER_CLUSTER);
    }
}

static struct sbd_effect *
effect(struct sbd_effects *out, enum sbd_effect_kind kind)
{
    struct sbd_effect *e;

    assert(out->count < SBD_MAX_EFFECTS);
    e = &out->list[out->count++];
    memset(e, 0, sizeof(*e));
    e->kind = kind;
    return e;
}

static void
kill_node(struct sbd_inquisitor *q, enum sbd_kill kill, bool flush, bool timed_out,
          struct sbd_effects *out)
{
    struct sbd_effect *e;

    if (q->config.debug >= 2 && !timed_out) {
        /* Debugging: what was asked for ends the daemon instead. */
        e = effect(out, SBD_DO_END);
    } else {
        e = effect(out, SBD_DO_KILL);
        e->kill = q->config.debug >= 1 ? SBD_KILL_CRASH : kill;
        e->flush = flush;
        e->timed_out = timed_out;
    }
    q->ending = true;
}

static void
end(struct sbd_inquisitor *q, int code, struct sbd_effects *out)
{
    effect(out, SBD_DO_END)->code = code;
    q->ending = true;
}

/* --- who vouches --- */

static bool
is_healthy(const struct sbd_watcher *w)
{
    return w->alive != 0 && !w->outdated;
}

/* When as many disks as are enough to be good had been read last; 0: never. */
static uint64_t
disks_read(const struct sbd_inquisitor *q)
{
    uint64_t last = 0, before = 0;

    for (unsigned i = 0; i < q->n_watchers; i++) {
        const struct sbd_watcher *w = &q->watchers[i];

        if (w->kind != SBD_WATCHER_DISK) {
            continue;
        }
        if (w->alive > last) {
            before = last;
            last = w->alive;
        } else if (w->alive > before) {
            before = w->alive;
        }
    }
    return q->config.n_disks == 3 ? before : last;
}

/*
 * May the watchdog be fed, and may the daemon say that it has started?  (the table of spec 65 §7.5)
 *
 * Disks are good while at least one of one or two answers, or two of three.  The cluster vouches
 * fully if there is a Pacemaker or a cluster watcher and none of them is outdated, in part if one
 * is not.
 *
 *   no disks     fully: feed, and the cluster has appeared.  In part: feed until it has appeared,
 * so that a node may wait for its Pacemaker.  Not at all: feed only before anything started. disks
 * good: feed.  Not good: feed as long as the cluster vouches fully, but never start like that.
 *   disks, -z    as without disks, but only while the disks are good
 *
 * The cluster's word counts only if it was never missing since the disks were read last: while it was, the others may have ordered this
 * node to reset itself, on a disk that it does not see, and they will take it for dead.  (Beyond the table: peers feed again.)
 */
struct sbd_verdict
sbd_judge(struct sbd_inquisitor *q)
{
    const struct sbd_inquisitor_config *c = &q->config;
    struct sbd_verdict v = { 0 };
    unsigned disks = 0, others = 0, vouching = 0;
    bool good, fully;

    for (unsigned i = 0; i < q->n_watchers; i++) {
        const struct sbd_watcher *w = &q->watchers[i];

        v.healthy += is_healthy(w);
        if (w->kind == SBD_WATCHER_DISK) {
            disks += is_healthy(w);
        } else {
            others++;
            vouching += is_healthy(w);
        }
    }
    good = disks >= (c->n_disks == 3 ? 2 : 1);
    fully = others > 0 && vouching == others;

    if (c->n_disks == 0) {
        if (fully) {
            q->appeared = true;
        }
        v.may_detach = vouching > 0;
        v.feed = fully || (!q->appeared && (vouching > 0 || !q->detached));
        return v;
    }
    if (c->veto && others > 0) {
        if (good && fully) {
            q->appeared = true;
        }
        v.may_detach = good;
        v.feed = good && (fully || !q->appeared);
        return v;
    }
    v.may_detach = good;
    v.on_pacemaker = !good && fully && (!q->detached || disks_read(q) >= q->unvouched);
    v.feed = good || v.on_pacemaker;
    return v;
}

/* Who has been silent for longer than IO and loop timeout is outdated. */
static void
mark_outdated(struct sbd_inquisitor *q, uint64_t now, struct sbd_effects *out)
{
    uint64_t limit = ((uint64_t)q->config.io_s + q->config.loop_s) * 1000;

    for (unsigned i = 0; i < q->n_watchers; i++) {
        struct sbd_watcher *w = &q->watchers[i];

        if (w->alive != 0 && !w->outdated && now - w->alive >= limit) {
            w->outdated = true;
            effect(out, SBD_DO_WARN_OUTDATED)->watcher = i;
        }
    }
}

/* --- watchers come and go --- */

static void
start(struct sbd_inquisitor *q, unsigned i, uint64_t now, struct sbd_effects *out)
{
    struct sbd_watcher *w = &q->watchers[i];
    struct sbd_effect *e = effect(out, SBD_DO_START);

    w->running = true;
    w->started = now;
    w->starts++;
    e->watcher = i;
    /* Only within the start of the daemon: a disk that appears later may hold an order that was
     * meant for us. */
    e->first = !w->was_alive && !q->detached;
}

/*
 * Start dead watchers again, unless they are held back: one that was started restart_limit times
 * waits until restart_s whole seconds have passed since its last start.
 */
static void
restart_dead(struct sbd_inquisitor *q, uint64_t now, struct sbd_effects *out)
{
    for (unsigned i = 0; i < q->n_watchers; i++) {
        struct sbd_watcher *w = &q->watchers[i];

        if (w->running) {
            continue;
        }
        if (w->started != 0 && (now - w->started) / 1000 > q->config.restart_s) {
            w->starts = 0;
        }
        if (q->config.restart_limit == 0 || w->starts < q->config.restart_limit) {
            start(q, i, now, out);
        }
    }
}

static void
sign_of_life(struct sbd_inquisitor *q, unsigned i, uint64_t now, struct sbd_effects *out)
{
    struct sbd_watcher *w = &q->watchers[i];

    if (!is_healthy(w)) {
        effect(out, SBD_DO_WARN_HEALTHY)->watcher = i;
        if (w->kind != SBD_WATCHER_DISK) {
            q->unvouched = now;
        }
    }
    w->alive = now;
    w->outdated = false;
    w->was_alive = true;
}

static void
lost_health(struct sbd_watcher *w, unsigned i, struct sbd_effects *out)
{
    if (w->kind == SBD_WATCHER_DISK || (w->outdated && w->alive != 0)) {
        return;
    }
    if (is_healthy(w)) {
        effect(out, SBD_DO_WARN_OUTDATED)->watcher = i;
    }
    w->outdated = true;
}

/* An exit status of a watcher is its last message. */
static void
ended(struct sbd_inquisitor *q, unsigned i, int code, struct sbd_effects *out)
{
    struct sbd_watcher *w = &q->watchers[i];

    w->running = false;
    if (w->kind == SBD_WATCHER_DISK) {
        switch (code) {
        case SBD_RESULT_RESET:
            kill_node(q, SBD_KILL_RESET, true, false, out);
            return;
        case SBD_RESULT_OFF:
            kill_node(q, SBD_KILL_OFF, true, false, out);
            return;
        case SBD_RESULT_CRASHDUMP:
            kill_node(q, SBD_KILL_CRASH, true, false, out);
            return;
        case SBD_RESULT_REFUSE:
            end(q, 1, out);
            return;
        case SBD_RESULT_STOP:
            end(q, 0, out);
            return;
        default:
            return;
        }
    }
    if (w->kind == SBD_WATCHER_PACEMAKER && code == SBD_RESULT_GRACEFUL) {
        /* Stopped in order: as if it had never been there, and the next one is waited for at once.
         */
        w->alive = 0;
        w->outdated = true;
        w->starts = 0;
        q->appeared = false;
    }
}

/* --- time --- */

/* Nobody may live who was not fed: the watchdog does it; this is for where there is none, or it
 * failed. */
static void
check_time(struct sbd_inquisitor *q, uint64_t now, unsigned healthy, struct sbd_effects *out)
{
    const struct sbd_inquisitor_config *c = &q->config;
    uint64_t late = now - q->fed;

    if (c->watchdog_s > 0 && late > (uint64_t)c->watchdog_s * 1000) {
        if (!q->detached) {
            effect(out, SBD_DO_WARN_VOTES);
            end(q, 1, out);
            return;
        }
        if (c->debug < 2) {
            kill_node(q, c->timeout_action, c->timeout_flush, true, out);
            return;
        }
        effect(out, SBD_DO_WARN_DEBUG)->latency_s = (unsigned)(late / 1000);
    }
    if (c->warn_s > 0 && late > (uint64_t)c->warn_s * 1000) {
        if (c->debug > 0 && c->watchdog && q->detached) {
            kill_node(q, c->timeout_action, c->timeout_flush, true, out);
            return;
        }
        if (now - q->warned_late >= 1000) {
            struct sbd_effect *e = effect(out, SBD_DO_WARN_LATE);

            q->warned_late = now;
            e->latency_s = (unsigned)(late / 1000);
            e->healthy = healthy;
        }
    }
}

/* Feed, detach or count the time, as the state of the watchers says. */
static void
decide(struct sbd_inquisitor *q, uint64_t now, struct sbd_effects *out)
{
    struct sbd_verdict v;

    mark_outdated(q, now, out);
    v = sbd_judge(q);
    if (v.feed) {
        q->fed = now;
        effect(out, SBD_DO_FEED);
    }
    if (v.on_pacemaker && !q->warned_majority) {
        effect(out, SBD_DO_WARN_MAJORITY);
    }
    q->warned_majority = v.on_pacemaker;
    if (!q->detached && v.may_detach) {
        effect(out, SBD_DO_ARM);
        return;
    }
    check_time(q, now, v.healthy, out);
}

void
sbd_inquisitor_step(struct sbd_inquisitor *q, uint64_t now, const struct sbd_event *ev,
                    struct sbd_effects *out)
{
    out->count = 0;
    if (q->ending) {
        return;
    }
    assert(now >= q->fed && ev->watcher < SBD_MAX_WATCHERS);
    if (q->detached && ev->kind != SBD_EV_STOP) {
        /* We may have been frozen: a sign of life that comes after the time does not make up for
         * it, peers count us dead. */
        check_time(q, now, 0, out);
        if (q->ending) {
            return;
        }
    }
    switch (ev->kind) {
    case SBD_EV_TICK:
        break;
    case SBD_EV_ALIVE:
        sign_of_life(q, ev->watcher, now, out);
        break;
    case SBD_EV_UNHEALTHY:
        lost_health(&q->watchers[ev->watcher], ev->watcher, out);
        break;
    case SBD_EV_ENDED:
        ended(q, ev->watcher, ev->code, out);
        break;
    case SBD_EV_ARMED:
        if (ev->code != 0) {
            end(q, 1, out);
            break;
        }
        q->detached = true;
        effect(out, SBD_DO_DETACH);
        return;
    case SBD_EV_STOP:
        end(q, 0, out);
        break;
    case SBD_EV_RESTART:
        for (unsigned i = 0; i < q->n_watchers; i++) {
            q->watchers[i].starts = 0;
        }
        break;
    }
    if (!q->ending) {
        restart_dead(q, now, out);
        decide(q, now, out);
    }
}

static void
sooner(uint64_t *next, uint64_t when)
{
    if (when < *next) {
        *next = when;
    }
}

uint64_t
sbd_inquisitor_next_tick(const struct sbd_inquisitor *q, uint64_t now)
{
    const struct sbd_inquisitor_config *c = &q->config;
    uint64_t next = now + (c->loop_s > 0 ? c->loop_s : 1) * 1000;
    uint64_t limit = ((uint64_t)c->io_s + c->loop_s) * 1000;

    for (unsigned i = 0; i < q->n_watchers; i++) {
        const struct sbd_watcher *w = &q->watchers[i];

        if (is_healthy(w)) {
            sooner(&next, w->alive + limit);
        }
    }
    if (c->watchdog_s > 0) {
        sooner(&next, q->fed + (uint64_t)c->watchdog_s * 1000 + 1);
    }
    return next > now ? next : now + 1;
}
