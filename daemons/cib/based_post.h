/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Delivery of messages to the CIB manager's clients.  A message too big for the buffer is compressed by a thread, so that
 * one client that asks for a large CIB does not hold up the others; what follows for the same client waits its
 * turn.  Used by main.c, on the main loop.  (spec 10 §1.5)
 */
#ifndef DAEMONS_CIB_BASED_POST_H
#define DAEMONS_CIB_BASED_POST_H

#include <glib.h>
#include <stdint.h>

void post_init(void);
void post_finish(void);

/* All take the text. */
void post_reply(const char *client_id, uint32_t request_id, uint32_t request_flags, GString *text);
void post_event(const char *client_id, GString *text);
/* The same event to several clients: array of their ids. */
void post_to_all(const GPtrArray *client_ids, GString *text);
/* The client is gone: what waits for it is dropped. */
void post_forget(const char *client_id);

#endif
