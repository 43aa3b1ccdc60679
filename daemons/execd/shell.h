/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor's shell, for its two programs: pacemaker-execd (main.c) and pacemaker-remoted (remoted.c), which has cluster nodes as
 * clients, too.  Holds process-wide state.  (spec 50 §1)
 */
#ifndef DAEMONS_EXECD_SHELL_H
#define DAEMONS_EXECD_SHELL_H

#include <libxml/tree.h>
#include <stdbool.h>

/* What pacemaker-remoted does of the core's effects: those that concern cluster nodes.  Everything is borrowed. */
struct execd_shell_remote {
    /* Tell one (NULL: all that have a name, but `except`); not an error if it is none of them. */
    void (*notify)(const char *client, const char *except, const xmlNode *xml);
    void (*named)(const char *client, const char *name);
    void (*provider)(const char *client);
    void (*proxy)(const char *client, const xmlNode *message);
    /* Compare stonith-watchdog-timeout (NULL: none) with this host's watchdog. */
    void (*check)(const char *value);
};

/* Environment, signals, directories.  After daemon_init(). */
void execd_shell_prepare(void);
/* Open the local endpoint; false if that cannot be (logged).  `remote` NULL: there are no cluster nodes. */
bool execd_shell_start(const struct execd_shell_remote *remote);
/* Leave: the main loop ends when alert agents have, at once if there are none.  More calls do nothing. */
void execd_shell_finish(void);
void execd_shell_free(void);

/* A cluster node is a client. */
void execd_shell_cluster_connected(const char *client);
void execd_shell_cluster_gone(const char *client);
/* Its request; the answer (xml_free), or NULL if there is none. */
xmlNode *execd_shell_request(const char *client, const xmlNode *request);

#endif
