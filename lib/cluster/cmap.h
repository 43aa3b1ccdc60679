/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Corosync's cmap: the node list, the cluster's name, and what the launcher reads and sets.  Used
 * by daemons' shells. Each call opens a connection of its own and closes it.  (spec 10 §4.1, §6.1)
 */
#ifndef CLUSTER_CMAP_H
#define CLUSTER_CMAP_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Name of a node id by the node list (g_free), or NULL. */
char *cluster_node_name(uint32_t id);
/* The same, as the `resolve` callback of peers. */
char *cluster_resolve(uint32_t id, void *data);
/* The id of a name, 0 if unknown. */
uint32_t cluster_node_id(const char *name);
/* One entry of the node list. */
struct cluster_node {
    uint32_t id;
    char *name; /* NULL: none that is usable */
};
/* The whole node list (g_array_unref frees the names too); empty if Corosync has none. */
GArray *cluster_nodelist(void);
/*
 * Who this node is, before any group is joined: its id, and its name by the node list or else the
 * host's name (g_free). Returns a result (logged).
 */
int cluster_find_self(uint32_t *id, char **name);
/* totem.cluster_name (g_free), or NULL. */
char *cluster_get_name(void);
bool cluster_has_nodelist(void);
/* Name shared by two entries of the node list (g_free), or NULL: the controller refuses to start
 * then. */
char *cluster_duplicate_name(void);
/* Is the process at the other end of a Corosync descriptor authentic (uid 0 or gid 0)? */
bool cluster_provider_is_authentic(int fd);

/*
 * What the launcher wants of Corosync before it starts the daemons: sets *debug to logging.debug
 * and lets processes of the group connect.  Tries `attempts` times, sleeping 1, 2, ... seconds.
 * Returns a result (logged).
 */
int cluster_prepare(gid_t group, unsigned attempts, bool *debug);
/* Can a daemon that needs Corosync start now? */
bool cluster_is_reachable(void);
/* Is this a name that Corosync's node list gives only for lack of a real one (an IP address)? */
bool cluster_is_address(const char *name);

/* Corosync's error as a result, and as text. */
int cluster_result(int cs_error);
const char *cluster_error_text(int cs_error);

#endif
