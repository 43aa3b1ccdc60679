/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is between fencers: who is there, said to a core by names alone, and messages in one order.  Included by the tests of the fencer's core.
 */
#ifndef FENCED_TESTS_NETWORK_H
#define FENCED_TESTS_NETWORK_H

#include <string.h>

#include "daemons/fenced/fenced_core.h"
#include "lib/base/xml.h"

struct message {
    unsigned from;
    char *to; /* NULL: all */
    xmlNode *xml;
};

static inline void
set_peers(struct fenced_core *core, const char *const *names, unsigned n)
{
    struct fenced_peer peers[8];

    g_assert(n <= G_N_ELEMENTS(peers));
    for (unsigned i = 0; i < n; i++) {
        peers[i] = (struct fenced_peer) { names[i], 100 + i };
    }
    fenced_core_set_peers(core, peers, n);
}

/* A FENCED_SEND of node `from`; its XML is taken. */
static inline void
network_send(GQueue *network, unsigned from, struct fenced_effect *e)
{
    struct message *m = g_new0(struct message, 1);

    m->from = from;
    m->to = g_strdup(e->to);
    m->xml = g_steal_pointer(&e->xml);
    g_queue_push_tail(network, m);
}

/* Deliver the oldest message to all who are not absent, each of whom is heard with `collect` after it.  False: there is none. */
static inline bool
network_deliver(GQueue *network, struct fenced_core *const *cores, const char *const *names, const bool *is_absent, unsigned n,
                struct fenced_now now, void (*collect)(void *world, unsigned node), void *world)
{
    struct message *m = g_queue_pop_head(network);

    if (m == NULL) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!is_absent[i] && (m->to == NULL || strcmp(m->to, names[i]) == 0)) {
            fenced_core_message(cores[i], now, names[m->from], m->xml);
            collect(world, i);
        }
    }
    g_free(m->to);
    xml_free(m->xml);
    g_free(m);
    return true;
}

#endif
