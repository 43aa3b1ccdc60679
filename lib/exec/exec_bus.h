/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system bus, as much of it as units need: a call with strings in, a string or a list out.  Used by exec_systemd.c only.
 * libsystemd is loaded when a unit is asked for the first time, so that hosts and programs without units do without.
 */
#ifndef EXEC_EXEC_BUS_H
#define EXEC_EXEC_BUS_H

#include <glib.h>
#include <stdbool.h>

/* A method of systemd, with all arguments strings. */
struct bus_call {
    const char *path, *interface, *member;
    const char *args[2]; /* NULL ends */
    int timeout_ms;      /* 0: the bus's own */
};

/* What came of it; borrowed for the time of the callback. */
struct bus_reply {
    const char *error; /* name of the error, or NULL */
    const char *text;  /* the string (or path, or variant of a string) that was answered, or NULL */
};

struct bus_pending;
typedef void (*bus_reply_fn)(const struct bus_reply *reply, void *data);

/* Is there a bus to talk to?  Connects, or connects anew, if needed. */
bool bus_is_there(void);
/*
 * Call on the main loop (the default context); `done` comes exactly once unless the call is forgotten.  NULL: no bus.
 */
struct bus_pending *bus_call(const struct bus_call *call, bus_reply_fn done, void *data);
/* The callback is not called any more. */
void bus_forget(struct bus_pending *pending);
/* Call without interest in the answer. */
void bus_send(const struct bus_call *call);
/* Blocking: the answered string (g_free), or NULL. */
char *bus_ask(const struct bus_call *call);
/* Blocking: the first strings of an answered a(ss), appended as copies; false if there is no bus or no answer. */
bool bus_ask_list(const struct bus_call *call, GPtrArray *out);

#endif
