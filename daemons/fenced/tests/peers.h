/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is there, said to a core by names alone.  Included by the tests of the fencer's core.
 */
#ifndef FENCED_TESTS_PEERS_H
#define FENCED_TESTS_PEERS_H

#include "daemons/fenced/fenced_core.h"

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

#endif
