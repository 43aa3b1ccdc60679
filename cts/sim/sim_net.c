/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network as Corosync makes it.  Within a membership, all members of a group get the same messages in the same order;
 * members that go together from one membership to the next get the same messages before the change (virtual synchrony);
 * a message is delivered to its sender too.  What is lost is lost only together with the connection.
 *
 * Each process has an inbox in delivery order.  A message is given its place in all inboxes at one moment ("ordered") and
 * arrives at each process a little later.  When the wire changes, what was ordered but has not arrived at anybody in a
 * component waits, and so does sending, until the new membership is formed.  For a component without the message's sender it is
 * lost then by chance, as a whole.  Where nobody noticed the change of the wire, it was only late.
 */
#include "cts/sim/sim.h"

#include "lib/base/xml.h"

#include <string.h>

/* How long Corosync takes to notice a loss, and to let somebody in. */
#define TOKEN_LOW   (800 * SIM_MS)
#define TOKEN_HIGH  (2500 * SIM_MS)
#define MERGE_LOW   (100 * SIM_MS)
#define MERGE_HIGH  (900 * SIM_MS)

struct message {
    unsigned refs;
    unsigned from; /* node */
    int to;        /* node, -1 everyone */
    uint64_t number; /* in the order of all groups; 0: not ordered yet */
    xmlNode *xml;
};

struct item {
    uint64_t arrival;
    struct message *message; /* NULL: a membership */
    unsigned members;        /* bits */
    bool waits;              /* for the next membership; see hold_undelivered() */
};

struct inbox {
    GQueue items;         /* struct item */
    uint64_t last_arrival;
    unsigned told;        /* the membership last delivered */
    unsigned queued;      /* the membership last queued */
};

/* What a process has sent and the network has not ordered yet. */
struct outgoing {
    struct sim_node *node;
    enum sim_daemon group;
    unsigned life;
    struct message *message;
};

struct sim_net {
    struct sim *s;
    unsigned wire[SIM_MAX_NODES];      /* component by the wire */
    unsigned ring[SIM_MAX_NODES];      /* component by Corosync, as formed last; 0: none */
    uint64_t ring_number[SIM_MAX_NODES];
    bool forming[SIM_MAX_NODES];       /* a change is under way: nothing is ordered */
    unsigned generation;
    unsigned next_ring;
    bool change_pending;
    unsigned joined[SIM_GROUPS];       /* bits: process is in the group */
    unsigned left[SIM_GROUPS];         /* bits: process left while a change was under way: nobody has been told yet */
    struct inbox inbox[SIM_MAX_NODES][SIM_GROUPS];
    struct sim_channel out[SIM_MAX_NODES][SIM_GROUPS];
    GQueue held; /* struct outgoing: waits for a membership */
    unsigned in_flight;
    uint64_t ordered;                  /* number of the message ordered last */
    uint64_t received[SIM_MAX_NODES];  /* the highest number that any process there has got */
    /* While a membership is formed: up to which number what nobody may know is heard yet, and from which it is lost. */
    uint64_t kept[SIM_MAX_NODES], lost[SIM_MAX_NODES];
};

struct sim_net *
sim_net_new(struct sim *s)
{
    struct sim_net *net = g_new0(struct sim_net, 1);

    net->s = s;
    for (unsigned i = 0; i < SIM_MAX_NODES; i++) {
        for (unsigned g = 0; g < SIM_GROUPS; g++) {
            g_queue_init(&net->inbox[i][g].items);
        }
    }
    g_queue_init(&net->held);
    return net;
}

static void
message_unref(struct message *m)
{
    if (m != NULL && --m->refs == 0) {
        xml_free(m->xml);
        g_free(m);
    }
}

static void
item_free(gpointer data)
{
    struct item *item = data;

    message_unref(item->message);
    g_free(item);
}

static void
outgoing_free(gpointer data)
{
    struct outgoing *o = data;

    message_unref(o->message);
    g_free(o);
}

void
sim_net_free(struct sim_net *net)
{
    for (unsigned i = 0; i < SIM_MAX_NODES; i++) {
        for (unsigned g = 0; g < SIM_GROUPS; g++) {
            g_queue_clear_full(&net->inbox[i][g].items, item_free);
        }
    }
    g_queue_clear_full(&net->held, outgoing_free);
    g_free(net);
}

/* --- facts --- */

bool
sim_net_connected(const struct sim *s, unsigned a, unsigned b)
{
    return s->node[a].up && s->node[b].up && s->net->wire[a] == s->net->wire[b];
}

static unsigned
ring_members(const struct sim_net *net, unsigned ring)
{
    unsigned bits = 0;

    for (unsigned i = 0; ring != 0 && i < net->s->n_nodes; i++) {
        if (net->ring[i] == ring) {
            bits |= 1u << i;
        }
    }
    return bits;
}

unsigned
sim_net_members(const struct sim_node *n)
{
    return ring_members(n->sim->net, n->sim->net->ring[n->index]);
}

bool
sim_net_quorate(const struct sim_node *n)
{
    return 2 * (unsigned)__builtin_popcount(sim_net_members(n)) > n->sim->n_nodes;
}

uint64_t
sim_net_ring(const struct sim_node *n)
{
    return n->sim->net->ring_number[n->index];
}

bool
sim_net_settled(const struct sim *s)
{
    return !s->net->change_pending && s->net->in_flight == 0 && s->net->held.length == 0;
}

unsigned
sim_net_generation(const struct sim *s)
{
    return s->net->generation;
}

/* --- delivery --- */

static void
deliver_message(struct sim_node *n, enum sim_daemon group, struct message *m)
{
    xmlNode *copy;

    if (m->to >= 0 && m->to != (int)n->index) {
        return;
    }
    /* They complete it in place: the last one need not spare it. */
    copy = m->refs == 1 ? g_steal_pointer(&m->xml) : xml_copy(NULL, m->xml);
    switch (group) {
        case SIM_CIB:
            sim_cib_message(n, m->from, copy);
            break;
        case SIM_ATTRD:
            sim_attrd_message(n, m->from, m->to >= 0, copy);
            break;
        case SIM_FENCER:
            sim_fencer_message(n, m->from, copy);
            break;
        case SIM_CTL:
            sim_ctl_message(n, m->from, copy);
            break;
        default:
            break;
    }
    xml_free(copy);
}

static void
deliver_members(struct sim_node *n, enum sim_daemon group, unsigned before, unsigned members)
{
    switch (group) {
        case SIM_CIB:
            sim_cib_members(n, before, members);
            break;
        case SIM_ATTRD:
            sim_attrd_members(n, before, members);
            break;
        case SIM_FENCER:
            sim_fencer_members(n, before, members);
            break;
        case SIM_CTL:
            sim_ctl_members(n, before, members);
            break;
        default:
            break;
    }
}

struct arrival {
    enum sim_daemon group;
};

/* The first item of the inbox may be due. */
static void
on_arrival(struct sim_node *n, void *arg)
{
    struct arrival *a = arg;
    struct sim_net *net = n->sim->net;
    struct inbox *box = &net->inbox[n->index][a->group];
    struct item *item = g_queue_peek_head(&box->items);

    if (item == NULL || item->arrival > n->sim->now || item->waits) {
        return;
    }
    g_queue_pop_head(&box->items);
    if (item->message != NULL) {
        net->in_flight--;
        net->received[n->index] = MAX(net->received[n->index], item->message->number);
        deliver_message(n, a->group, item->message);
    } else {
        unsigned before = box->told;

        box->told = item->members;
        deliver_members(n, a->group, before, item->members);
    }
    item_free(item);
}

static void
queue_item(struct sim_net *net, unsigned node, enum sim_daemon group, struct message *m, unsigned members, uint64_t delay)
{
    struct inbox *box = &net->inbox[node][group];
    struct item *item = g_new0(struct item, 1);
    struct arrival *a = g_new0(struct arrival, 1);

    item->arrival = MAX(box->last_arrival, net->s->now + delay);
    box->last_arrival = item->arrival;
    item->members = members;
    item->message = m;
    a->group = group;
    if (m != NULL) {
        m->refs++;
        net->in_flight++;
    } else {
        box->queued = members;
    }
    g_queue_push_tail(&box->items, item);
    /* Broken on purpose: two messages change places for one receiver. */
    if (net->s->config.mutation == SIM_REORDER && box->items.length >= 2 && m != NULL && sim_once_in(net->s, 2)) {
        GList *last = box->items.tail;

        if (((struct item *)last->prev->data)->message != NULL) {
            struct item *other = last->prev->data;
            struct message *t = other->message;

            other->message = item->message;
            item->message = t;
        }
    }
    sim_post_to(&net->s->node[node], group, NULL, item->arrival - net->s->now, on_arrival, a, g_free);
}

/* --- sending --- */

static uint64_t
wire_delay(struct sim *s)
{
    /* Now and then somebody is slow. */
    return sim_once_in(s, 50) ? sim_delay(s, 5 * SIM_MS, 200 * SIM_MS) : sim_delay(s, 50, 3 * SIM_MS);
}

static void
order(struct sim_net *net, struct outgoing *o)
{
    unsigned members = sim_net_members(o->node) & net->joined[o->group];

    o->message->number = ++net->ordered;
    for (unsigned i = 0; i < net->s->n_nodes; i++) {
        if ((members & (1u << i)) == 0) {
            continue;
        }
        if (net->s->config.mutation == SIM_LOSE_MESSAGES && i != o->node->index && sim_once_in(net->s, 200)) {
            continue;
        }
        queue_item(net, i, o->group, o->message, 0, wire_delay(net->s));
    }
}

static void
on_outgoing(struct sim *s, void *arg)
{
    struct outgoing *o = arg;
    struct sim_net *net = s->net;
    struct outgoing *kept;

    net->in_flight--;
    if (!o->node->running[o->group] || o->node->life[o->group] != o->life) {
        return; /* its sender died before anybody saw it */
    }
    if ((net->joined[o->group] & (1u << o->node->index)) == 0) {
        return; /* or left: nothing of a process is ordered behind its leaving */
    }
    if (!net->forming[o->node->index]) {
        order(net, o);
        return;
    }
    kept = g_new0(struct outgoing, 1);
    *kept = *o;
    kept->message->refs++;
    g_queue_push_tail(&net->held, kept);
}

void
sim_net_send(struct sim_node *n, enum sim_daemon group, const char *to, xmlNode *xml)
{
    struct sim_net *net = n->sim->net;
    struct outgoing *o = g_new0(struct outgoing, 1);
    struct message *m = g_new0(struct message, 1);
    const struct sim_node *target = to != NULL ? sim_node_by_name(n->sim, to) : NULL;
    uint64_t at;

    m->refs = 1;
    m->from = n->index;
    m->to = target != NULL ? (int)target->index : -1;
    m->xml = xml;
    *o = (struct outgoing){ n, group, n->life[group], m };
    at = n->sim->now + sim_delay(n->sim, 20, 2 * SIM_MS); /* once: MAX() would draw twice, and take the second */
    at = MAX(net->out[n->index][group].last, at);
    net->out[n->index][group].last = at;
    net->in_flight++;
    sim_post(n->sim, at - n->sim->now, on_outgoing, o, outgoing_free);
}

/* --- groups --- */

/* Tell the members of a ring who is in the group now. */
static void
announce(struct sim_net *net, unsigned ring, enum sim_daemon group)
{
    unsigned members = ring_members(net, ring) & net->joined[group];

    for (unsigned i = 0; i < net->s->n_nodes; i++) {
        struct inbox *box = &net->inbox[i][group];
        unsigned restarted = box->queued & members & net->left[group] & ~(1u << i);

        if ((members & (1u << i)) == 0 || (box->queued == members && restarted == 0)) {
            continue;
        }
        if (net->s->config.mutation == SIM_NO_LEAVE && (box->queued & ~members) != 0 && sim_once_in(net->s, 2)) {
            continue;
        }
        /* Those who left are told before those who come. */
        if (restarted != 0 || ((box->queued & ~members) != 0 && (members & ~box->queued) != 0)) {
            queue_item(net, i, group, NULL, box->queued & members & ~restarted, sim_delay(net->s, 50, 5 * SIM_MS));
        }
        queue_item(net, i, group, NULL, members, sim_delay(net->s, 50, 5 * SIM_MS));
    }
}

void
sim_net_join(struct sim_node *n, enum sim_daemon group)
{
    struct sim_net *net = n->sim->net;
    struct inbox *box = &net->inbox[n->index][group];

    g_queue_clear_full(&box->items, item_free);
    box->told = box->queued = 0;
    box->last_arrival = n->sim->now;
    net->joined[group] |= 1u << n->index;
    if (!net->forming[n->index]) {
        announce(net, net->ring[n->index], group);
    }
}

void
sim_net_leave(struct sim_node *n, enum sim_daemon group)
{
    struct sim_net *net = n->sim->net;
    struct inbox *box = &net->inbox[n->index][group];

    for (const GList *l = box->items.head; l != NULL; l = l->next) {
        if (((const struct item *)l->data)->message != NULL) {
            net->in_flight--;
        }
    }
    g_queue_clear_full(&box->items, item_free);
    box->told = box->queued = 0;
    if ((net->joined[group] & (1u << n->index)) == 0) {
        return;
    }
    net->joined[group] &= ~(1u << n->index);
    if (n->up && !net->forming[n->index]) {
        announce(net, net->ring[n->index], group);
    } else {
        net->left[group] |= 1u << n->index;
    }
}

/* --- membership --- */

struct formation {
    unsigned generation;
};

/*
 * For everybody of i's component: the item is known if somebody in it has it or sent it, or has what came after it: there is one order
 * for all groups, and Corosync gives nobody a message before it has all that are ordered before it.  *owners (bits): those who have it before
 * them still.
 */
static bool
is_known(const struct sim_net *net, enum sim_daemon group, const unsigned *component, unsigned i, const struct message *m,
         unsigned *owners)
{
    const struct sim *s = net->s;
    bool known = component[m->from] == component[i];

    *owners = 0;
    for (unsigned j = 0; j < s->n_nodes; j++) {
        bool pending = false;

        if (component[j] != component[i] || !s->node[j].up) {
            continue;
        }
        known = known || net->received[j] > m->number;
        if ((net->joined[group] & (1u << j)) == 0) {
            continue;
        }
        for (const GList *l = net->inbox[j][group].items.head; l != NULL; l = l->next) {
            pending = pending || ((const struct item *)l->data)->message == m;
        }
        *owners |= pending ? 1u << j : 0;
        known = known || !pending;
    }
    return known;
}

/* The wire changed: what only others than those one can still hear have, is heard no more. */
static void
hold_undelivered(struct sim_net *net, enum sim_daemon group, const unsigned *component)
{
    for (unsigned i = 0; i < net->s->n_nodes; i++) {
        for (const GList *l = net->inbox[i][group].items.head; l != NULL; l = l->next) {
            struct item *item = l->data;
            unsigned owners;

            item->waits = item->waits || (item->message != NULL && !is_known(net, group, component, i, item->message, &owners));
        }
    }
}

static void
lose(struct sim_net *net, enum sim_daemon group, unsigned node, const struct message *m)
{
    GQueue *items = &net->inbox[node][group].items;

    for (GList *l = items->head, *next; l != NULL; l = next) {
        next = l->next;
        if (((struct item *)l->data)->message == m) {
            net->in_flight--;
            item_free(l->data);
            g_queue_delete_link(items, l);
        }
    }
}

/*
 * Is a message that may be lost heard yet?  By chance, but in one order for all groups: with it is heard what came before it, and
 * lost what came after it.
 */
static bool
is_heard_yet(struct sim_net *net, const unsigned *component, unsigned i, const struct message *m)
{
    struct sim *s = net->s;
    bool heard = m->number <= net->kept[i] || (m->number < net->lost[i] && sim_once_in(s, 2));

    for (unsigned j = 0; j < s->n_nodes; j++) {
        if (component[j] == component[i] && heard) {
            net->kept[j] = MAX(net->kept[j], m->number);
        } else if (component[j] == component[i]) {
            net->lost[j] = MIN(net->lost[j], m->number);
        }
    }
    return heard;
}

/* The membership is formed: what has waited goes on, or is lost for all who go this way together. */
static void
settle_undelivered(struct sim_net *net, enum sim_daemon group, const unsigned *component)
{
    struct sim *s = net->s;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        GQueue *items = &net->inbox[i][group].items;

        for (GList *l = items->head, *next; l != NULL; l = next) {
            struct item *item = l->data;
            struct message *m = item->message;
            unsigned owners;

            next = l->next;
            if (!item->waits) {
                continue;
            }
            if (is_known(net, group, component, i, m, &owners) || is_heard_yet(net, component, i, m)) {
                owners |= 1u << i;
                for (unsigned j = 0; j < s->n_nodes; j++) {
                    for (GList *k = net->inbox[j][group].items.head; (owners & (1u << j)) && k != NULL; k = k->next) {
                        struct item *other = k->data;

                        other->waits = other->waits && other->message != m;
                    }
                }
                continue;
            }
            m->refs++;
            for (unsigned j = 0; j < s->n_nodes; j++) {
                if (owners & (1u << j)) {
                    lose(net, group, j, m);
                }
            }
            message_unref(m);
        }
        /* What stood behind it could not arrive, either. */
        for (guint n = items->length; n > 0; n--) {
            const struct item *item = g_queue_peek_nth(items, items->length - n);
            struct arrival *a = g_new0(struct arrival, 1);

            a->group = group;
            sim_post_to(&s->node[i], group, NULL, item->arrival > s->now ? item->arrival - s->now : sim_delay(s, 50, 3 * SIM_MS),
                        on_arrival, a, g_free);
        }
    }
}

struct quorum_news {
    unsigned members;
    bool quorate;
    uint64_t ring;
};

static void
tell_quorum(struct sim_node *n, void *arg)
{
    const struct quorum_news *news = arg;

    sim_ctl_quorum(n, news->members, news->quorate, news->ring);
}

/* Who hears whom by the wire as it is now. */
static void
components(const struct sim *s, unsigned *component)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        component[i] = s->node[i].up ? s->net->wire[i] + 1 : 100 + i;
    }
}

static void
form(struct sim *s, void *arg)
{
    const struct formation *f = arg;
    struct sim_net *net = s->net;
    unsigned component[SIM_MAX_NODES];
    struct outgoing *o;

    if (f->generation != net->generation) {
        return; /* the wire changed again meanwhile */
    }
    net->change_pending = false;
    components(s, component);
    for (unsigned i = 0; i < s->n_nodes; i++) {
        net->kept[i] = 0;
        net->lost[i] = UINT64_MAX;
    }
    for (unsigned g = 0; g < SIM_GROUPS; g++) {
        settle_undelivered(net, g, component);
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        unsigned ring = 0;

        for (unsigned j = 0; j < i && ring == 0; j++) {
            if (sim_net_connected(s, i, j)) {
                ring = net->ring[j];
            }
        }
        if (s->node[i].up) {
            net->ring[i] = ring != 0 ? ring : ++net->next_ring;
            net->ring_number[i] = net->ring[i] + 4;
        } else {
            net->ring[i] = 0;
        }
        net->forming[i] = false;
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        struct quorum_news *news;

        if (!s->node[i].up) {
            continue;
        }
        sim_trace(s, "%s: membership %u of ring %" G_GUINT64_FORMAT ", %s", s->node[i].name,
                  sim_net_members(&s->node[i]), net->ring_number[i], sim_net_quorate(&s->node[i]) ? "quorate" : "no quorum");
        news = g_new0(struct quorum_news, 1);
        *news = (struct quorum_news){ sim_net_members(&s->node[i]), sim_net_quorate(&s->node[i]), net->ring_number[i] };
        sim_post_to(&s->node[i], SIM_CTL, NULL, sim_delay(s, 50, 8 * SIM_MS), tell_quorum, news, g_free);
    }
    for (unsigned g = 0; g < SIM_GROUPS; g++) {
        for (unsigned i = 0; i < s->n_nodes; i++) {
            announce(net, net->ring[i], g);
        }
        net->left[g] = 0;
    }
    for (guint n = net->held.length; n > 0; n--) {
        o = g_queue_pop_head(&net->held);
        if (o->node->running[o->group] && o->node->life[o->group] == o->life) {
            order(net, o);
        }
        outgoing_free(o);
    }
}

/* The wire changed: everybody whose neighbours changed stops, and forms a new membership after a while. */
static void
rewire(struct sim *s, bool loss)
{
    struct sim_net *net = s->net;
    struct formation *f = g_new0(struct formation, 1);
    unsigned component[SIM_MAX_NODES];

    s->rewired = s->now;
    components(s, component);
    for (unsigned g = 0; g < SIM_GROUPS; g++) {
        hold_undelivered(net, g, component);
    }
    for (unsigned i = 0; i < s->n_nodes; i++) {
        net->forming[i] = true;
    }
    net->change_pending = true;
    f->generation = ++net->generation;
    sim_post(s, loss ? sim_delay(s, TOKEN_LOW, TOKEN_HIGH) : sim_delay(s, MERGE_LOW, MERGE_HIGH), form, f, g_free);
}

void
sim_net_host_up(struct sim_node *n)
{
    n->sim->net->ring[n->index] = 0;
    rewire(n->sim, false);
}

void
sim_net_host_down(struct sim_node *n)
{
    rewire(n->sim, true);
}

void
sim_net_partition(struct sim *s, const unsigned *component)
{
    bool loss = false;

    for (unsigned i = 0; i < s->n_nodes; i++) {
        for (unsigned j = 0; j < i; j++) {
            loss = loss || (s->net->wire[i] == s->net->wire[j] && component[i] != component[j]);
        }
    }
    memcpy(s->net->wire, component, s->n_nodes * sizeof(*component));
    rewire(s, loss);
}
