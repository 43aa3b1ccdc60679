/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the controller's shell share: the core, its connections, delivering events.
 * Included by daemons/controld/{main,clients,remotes,agents,options}.c only.
 */
#ifndef CONTROLD_SHELL_H
#define CONTROLD_SHELL_H

#include "daemons/controld/controld_core.h"

#include <glib.h>

struct shell {
    struct controld *core;
    bool ending; /* an exit was asked for */
    GHashTable *timers; /* id -> GLib source */
};
extern struct shell shell;

/* The present moment for an event. */
struct ctl_time shell_now(void);
/* After an event was given to the core: carry out what it wants, and deliver immediate answers. */
void shell_carry_out(void);
/* An answer that is known at once, to be delivered when the effects before it have been carried out. */
void shell_answer_exec(uint64_t cookie, int rc);
/* Open the endpoint `crmd`; shell_end() on failure. */
void shell_end(int code);

/* clients.c: the CIB manager, executor, fencer, scheduler, attribute manager */
void clients_connect_cib(void);
void clients_connect_exec(void);
void clients_connect_fencer(void);
void clients_connect_scheduler(void);
void clients_disconnect_cib(void);
void clients_disconnect_exec(void);
void clients_disconnect_fencer(void);
void clients_disconnect_scheduler(void);
void clients_cib(struct ctl_effect *e);
void clients_cib_interest(const struct ctl_effect *e);
void clients_exec(struct ctl_effect *e);
void clients_fence(struct ctl_effect *e);
void clients_schedule(struct ctl_effect *e);
void clients_attrd(struct ctl_effect *e);

/* An executor's result; `node` NULL: of this node's. */
struct lrmd_event;
void shell_exec_result(const struct lrmd_event *event, const char *node);

/* remotes.c: Pacemaker Remote nodes */
void remotes_connect(const struct ctl_effect *e);
void remotes_disconnect(const struct ctl_effect *e);
void remotes_disconnect_all(void);
void remotes_poke(const struct ctl_effect *e);
void remotes_answer(const struct ctl_effect *e);
void remotes_exec(const struct ctl_effect *e);
/* An event for, or the end of, a client that is a program on such a node.  False: it is none. */
bool remotes_send_client(const char *client, const xmlNode *event);
bool remotes_drop_client(const char *client);

/* agents.c: meta-data of agents, kept by the identity of their files */
void agents_metadata(struct ctl_effect *e);

/* options.c: what the argument `metadata` prints */
int options_print_metadata(void);

#endif
