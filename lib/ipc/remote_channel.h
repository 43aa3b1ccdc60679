/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML messages over a TCP connection, in clear text or under TLS: both ends of remote CIB access (anonymous key exchange) and of
 * Pacemaker Remote (a key that both have).
 * Never blocks by itself: the caller polls, or lets the GLib main loop do it.  (spec 20 §13, spec 50 §12)
 */
#ifndef IPC_REMOTE_CHANNEL_H
#define IPC_REMOTE_CHANNEL_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

struct remote_channel;

enum remote_side { REMOTE_CLIENT, REMOTE_SERVER };
enum remote_security { REMOTE_CLEAR, REMOTE_TLS_ANONYMOUS, REMOTE_TLS_KEY };

struct remote_callbacks {
    /* The handshake is done (at once in clear text).  May be NULL. */
    void (*ready)(struct remote_channel *channel, void *data);
    /* `xml` is freed afterwards unless the handler takes it (sets it NULL).  Not called for what is no XML. */
    void (*message)(struct remote_channel *channel, xmlNode **xml, void *data);
    /* The connection has ended; the owner frees the channel, here or later. */
    void (*closed)(struct remote_channel *channel, const char *why, void *data);
};

/* Largest message, either way. */
#define REMOTE_MESSAGE_MAX (64u * 1024 * 1024)

/*
 * A channel on a connected socket, which it takes.  NULL if TLS cannot be had (logged).  Nothing happens before
 * remote_channel_process() or remote_channel_watch().
 */
struct remote_channel *remote_channel_new_take(int fd, enum remote_side side, enum remote_security security,
                                               const struct remote_callbacks *callbacks, void *data);
/* Closes it; may be called from a callback. */
void remote_channel_free(struct remote_channel *channel);
/* Before login small messages are enough. */
void remote_channel_limit(struct remote_channel *channel, size_t largest_message);
bool remote_channel_is_ready(const struct remote_channel *channel);
size_t remote_channel_unsent(const struct remote_channel *channel);

/* Queue a message.  False: the connection has ended. */
bool remote_channel_send(struct remote_channel *channel, const xmlNode *xml);
bool remote_channel_send_text(struct remote_channel *channel, const char *text, size_t length);

/* Let the default main loop drive the channel. */
void remote_channel_watch(struct remote_channel *channel);
/* Without one: wait up to `timeout_ms` for something to do, and do it.  False: the connection has ended, or ETIME passed. */
bool remote_channel_step(struct remote_channel *channel, int timeout_ms);
bool remote_channel_is_closed(const struct remote_channel *channel);
/* Why it ended, as a positive errno: EKEYREJECTED if the keys differ, ECONNRESET, ...; 0 while it has not. */
int remote_channel_error(const struct remote_channel *channel);

#endif
