/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chance, time, events and the trace of a simulation.  Used by all of cts/sim.  Nothing here reads a clock or draws a number from
 * outside: a run is a function of its seed.
 */
#include "cts/sim/sim.h"

#include <stdarg.h>
#include <string.h>

#define TRACE_LINES 200000

const char *const sim_mutation_names[SIM_MUTATIONS] = {
    [SIM_SOUND] = "none",
    [SIM_LOSE_MESSAGES] = "lose-messages",
    [SIM_REORDER] = "reorder",
    [SIM_NO_SYNC] = "no-sync",
    [SIM_DOUBLE_ACTIVE] = "lie-about-stops",
    [SIM_NO_LEAVE] = "no-leave",
    [SIM_FENCE_NOTHING] = "fence-nothing",
    [SIM_CONFIRM_EARLY] = "confirm-early",
    [SIM_SKIP_MSGWAIT] = "skip-msgwait",
    [SIM_FEED_ALWAYS] = "feed-always",
    [SIM_ONE_DISK_TELLS] = "one-disk-tells",
    [SIM_ONE_DISK_FEEDS] = "one-disk-feeds",
    [SIM_SHORT_WAIT] = "short-wait",
    [SIM_TRUST_FAILURE] = "trust-failure",
    [SIM_ONE_OUTLET] = "one-outlet",
    [SIM_TRUST_AGAIN] = "trust-again",
};

/* --- chance: xorshift128+ --- */

uint64_t
sim_random(struct sim *s)
{
    uint64_t a = s->chance[0], b = s->chance[1];

    s->chance[0] = b;
    a ^= a << 23;
    s->chance[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return s->chance[1] + b;
}

unsigned
sim_pick(struct sim *s, unsigned n)
{
    return n == 0 ? 0 : (unsigned)(sim_random(s) % n);
}

bool
sim_once_in(struct sim *s, unsigned n)
{
    return sim_pick(s, n) == 0;
}

uint64_t
sim_delay(struct sim *s, uint64_t low, uint64_t high)
{
    return low + sim_random(s) % (high - low + 1);
}

/* Spread the bits of a small seed (splitmix64). */
static uint64_t
spread(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* --- events --- */

struct event {
    uint64_t at, order;
    sim_fn *fn;
    void *arg;
    GDestroyNotify drop;
};

static bool
is_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
swap(struct event *a, struct event *b)
{
    struct event t = *a;

    *a = *b;
    *b = t;
}

void
sim_post(struct sim *s, uint64_t delay, sim_fn *fn, void *arg, GDestroyNotify drop)
{
    struct event e = { s->now + delay, s->events_posted++, fn, arg, drop };
    struct event *heap;
    guint i = s->heap->len;

    g_array_append_val(s->heap, e);
    heap = (struct event *)s->heap->data;
    while (i > 0 && is_before(&heap[i], &heap[(i - 1) / 2])) {
        swap(&heap[i], &heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct event
take_first(struct sim *s)
{
    struct event *heap = (struct event *)s->heap->data;
    struct event first = heap[0];
    guint i = 0, n = s->heap->len - 1;

    heap[0] = heap[n];
    g_array_set_size(s->heap, n);
    for (;;) {
        guint child = 2 * i + 1;

        if (child >= n) {
            return first;
        }
        if (child + 1 < n && is_before(&heap[child + 1], &heap[child])) {
            child++;
        }
        if (!is_before(&heap[child], &heap[i])) {
            return first;
        }
        swap(&heap[child], &heap[i]);
        i = child;
    }
}

/* Something for a process: dropped if it is not the same process any more. */
struct posted {
    struct sim_node *node;
    enum sim_daemon daemon;
    unsigned life;
    sim_node_fn *fn;
    void *arg;
    GDestroyNotify drop;
};

static void
run_posted(struct sim *s, void *arg)
{
    struct posted *p = arg;

    if (p->node->running[p->daemon] && p->node->life[p->daemon] == p->life) {
        s->current = p->node->name;
        s->current_daemon = sim_daemon_names[p->daemon];
        p->fn(p->node, p->arg);
        s->current = NULL;
    }
}

static void
drop_posted(gpointer arg)
{
    struct posted *p = arg;

    if (p->drop != NULL) {
        p->drop(p->arg);
    }
    g_free(p);
}

void
sim_post_to(struct sim_node *n, enum sim_daemon daemon, struct sim_channel *channel, uint64_t delay, sim_node_fn *fn,
            void *arg, GDestroyNotify drop)
{
    struct posted *p = g_new0(struct posted, 1);

    *p = (struct posted){ n, daemon, n->life[daemon], fn, arg, drop };
    if (channel != NULL) {
        delay = MAX(n->sim->now + delay, channel->last) - n->sim->now;
        channel->last = n->sim->now + delay;
    }
    sim_post(n->sim, delay, run_posted, p, drop_posted);
}

/* Far more than a cluster of five needs when everybody starts and joins at once. */
#define STORM_EVENTS 5000

static void
count_event(struct sim *s)
{
    if (s->now / SIM_S != s->second) {
        s->second = s->now / SIM_S;
        s->events_in_second = 0;
    }
    if (++s->events_in_second > STORM_EVENTS) {
        sim_fail(s, "a storm: %d things happened within a second", STORM_EVENTS);
    }
}

void
sim_run_until(struct sim *s, uint64_t time)
{
    while (s->failure == NULL && s->heap->len > 0 && ((struct event *)s->heap->data)[0].at <= time) {
        struct event e = take_first(s);

        s->now = e.at;
        s->events_run++;
        count_event(s);
        e.fn(s, e.arg);
        if (e.drop != NULL) {
            e.drop(e.arg);
        }
        if (s->failure == NULL) {
            sim_check_step(s);
        }
    }
    if (s->failure == NULL) {
        s->now = time;
    }
}

/* --- trace --- */

void
sim_hash(struct sim *s, const void *data, size_t len)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < len; i++) {
        s->hash = (s->hash ^ p[i]) * 0x100000001b3ull;
    }
}

static void
add_line(struct sim *s, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    sim_hash(s, &s->now, sizeof(s->now));
    sim_hash(s, text, strlen(text));
    if (!s->config.trace) {
        return;
    }
    g_queue_push_tail(&s->trace, g_strdup_printf("%10.4f  %s", (double)s->now / (double)SIM_S, text));
    if (s->trace.length > TRACE_LINES) {
        g_free(g_queue_pop_head(&s->trace));
    }
}

void
sim_trace(struct sim *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line(s, format, args);
    va_end(args);
}

void
sim_fail(struct sim *s, const char *format, ...)
{
    va_list args;

    if (s->failure != NULL) {
        return;
    }
    va_start(args, format);
    s->failure = g_strdup_vprintf(format, args);
    va_end(args);
    sim_trace(s, "FAILED: %s", s->failure);
}

/* --- the run --- */

struct sim *
sim_new(const struct sim_config *config)
{
    struct sim *s = g_new0(struct sim, 1);
    uint64_t state = config->seed;

    s->config = *config;
    s->chance[0] = spread(&state);
    s->chance[1] = spread(&state);
    s->hash = 0xcbf29ce484222325ull;
    s->heap = g_array_new(FALSE, FALSE, sizeof(struct event));
    g_queue_init(&s->trace);
    s->n_nodes = config->nodes != 0 ? config->nodes : 3 + sim_pick(s, SIM_MAX_NODES - 2);
    sim_config_choose(s);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct sim_node *n = &s->node[i];

        n->sim = s;
        n->index = i;
        n->id = i + 1;
        g_snprintf(n->name, sizeof(n->name), "n%u", i + 1);
    }
    s->net = sim_net_new(s);
    s->world = sim_world_new(s);
    return s;
}

void
sim_free(struct sim *s)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        sim_node_crash(&s->node[i]);
        sim_cib_free_disk(&s->node[i]);
    }
    while (s->heap->len > 0) {
        struct event e = take_first(s);

        if (e.drop != NULL) {
            e.drop(e.arg);
        }
    }
    sim_check_free(s);
    sim_world_free(s->world);
    sim_net_free(s->net);
    g_array_unref(s->heap);
    g_queue_clear_full(&s->trace, g_free);
    g_free(s->failure);
    g_free(s);
}

/* How long there is trouble, and how long the cluster may take to recover from it. */
#define TROUBLE_S  60
#define RECOVERY_S 180

bool
sim_run(struct sim *s)
{
    uint64_t end;
    g_autofree char *wrong = NULL;

    sim_world_begin(s);
    sim_run_until(s, TROUBLE_S * SIM_S);
    if (s->failure != NULL) {
        return false;
    }
    sim_world_calm_down(s);
    s->quiet = true;
    end = s->now + RECOVERY_S * SIM_S;
    while (s->failure == NULL && s->now < end) {
        g_free(wrong);
        sim_run_until(s, s->now + 2 * SIM_S);
        wrong = sim_check_settled(s);
        if (wrong == NULL) {
            return s->failure == NULL;
        }
    }
    if (s->failure == NULL) {
        sim_fail(s, "%u s after the last fault: %s", RECOVERY_S, wrong);
    }
    return false;
}
