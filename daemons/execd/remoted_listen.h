/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-remoted's connections from cluster nodes.  Knows nothing of what messages mean but how they travel.  (spec 50 §12)
 */
#ifndef REMOTED_LISTEN_H
#define REMOTED_LISTEN_H

#include <libxml/tree.h>
#include <stdbool.h>

struct remoted_listen_callbacks {
    /* The node has proved that it has the key. */
    void (*connected)(const char *client);
    /* Its request; the answer (taken), or NULL. */
    xmlNode *(*request)(const char *client, const xmlNode *request);
    void (*gone)(const char *client);
};

/* `address` NULL: all.  False (logged) if nobody can connect. */
bool remoted_listen_start(const char *address, int port, const struct remoted_listen_callbacks *callbacks);
/* Take no more connections; those that are stay. */
void remoted_listen_stop(void);
/* End them, too. */
void remoted_listen_finish(void);

void remoted_client_set_name(const char *client, const char *name);
/* Tell a node something.  It may be gone afterwards, or have been. */
void remoted_client_notify(const char *client, const xmlNode *xml);
/* Tell all that have a name, but `except` (may be NULL). */
void remoted_client_notify_all(const char *except, const xmlNode *xml);

#endif
