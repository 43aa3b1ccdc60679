/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The system bus through libsystemd, which is loaded at the first call, on GLib's main loop.  Called by exec_systemd.c.
 */
#include "lib/exec/exec_bus.h"
#include "lib/base/library.h"
#include "lib/base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define BUS_SOCKET "/run/dbus/system_bus_socket"
#define BLOCKING_TIMEOUT_US (5 * G_USEC_PER_SEC)

/* --- libsystemd's interface, the part that is used (stable since 221) --- */

typedef struct sd_bus sd_bus;
typedef struct sd_bus_message sd_bus_message;
typedef struct sd_bus_slot sd_bus_slot;
typedef struct {
    const char *name, *message;
    int need_free;
} sd_bus_error;
typedef int (*sd_bus_message_handler)(sd_bus_message *m, void *userdata, sd_bus_error *error);

static struct {
    int (*open_system)(sd_bus **bus);
    int (*is_open)(sd_bus *bus);
    sd_bus *(*close_unref)(sd_bus *bus);
    int (*process)(sd_bus *bus, sd_bus_message **m);
    int (*flush)(sd_bus *bus);
    int (*get_fd)(sd_bus *bus);
    int (*get_events)(sd_bus *bus);
    int (*get_timeout)(sd_bus *bus, uint64_t *usec);
    int (*new_method_call)(sd_bus *bus, sd_bus_message **m, const char *destination, const char *path,
                           const char *interface, const char *member);
    int (*append_basic)(sd_bus_message *m, char type, const void *value);
    int (*set_expect_reply)(sd_bus_message *m, int on);
    sd_bus_message *(*message_unref)(sd_bus_message *m);
    int (*call)(sd_bus *bus, sd_bus_message *m, uint64_t usec, sd_bus_error *error, sd_bus_message **reply);
    int (*call_async)(sd_bus *bus, sd_bus_slot **slot, sd_bus_message *m, sd_bus_message_handler done, void *data,
                      uint64_t usec);
    int (*send)(sd_bus *bus, sd_bus_message *m, uint64_t *cookie);
    sd_bus_slot *(*slot_unref)(sd_bus_slot *slot);
    const sd_bus_error *(*get_error)(sd_bus_message *m);
    void (*error_free)(sd_bus_error *error);
    int (*peek_type)(sd_bus_message *m, char *type, const char **contents);
    int (*enter_container)(sd_bus_message *m, char type, const char *contents);
    int (*exit_container)(sd_bus_message *m);
    int (*read_basic)(sd_bus_message *m, char type, void *value);
} sd;

/* In the order of the struct. */
static const char *const symbols[] = {
    "sd_bus_open_system", "sd_bus_is_open", "sd_bus_flush_close_unref", "sd_bus_process", "sd_bus_flush", "sd_bus_get_fd",
    "sd_bus_get_events", "sd_bus_get_timeout", "sd_bus_message_new_method_call", "sd_bus_message_append_basic",
    "sd_bus_message_set_expect_reply", "sd_bus_message_unref", "sd_bus_call", "sd_bus_call_async", "sd_bus_send",
    "sd_bus_slot_unref", "sd_bus_message_get_error", "sd_bus_error_free", "sd_bus_message_peek_type",
    "sd_bus_message_enter_container", "sd_bus_message_exit_container", "sd_bus_message_read_basic",
};
LIBRARY_MATCHES(sd, symbols);

static bool
load_library(void)
{
    static enum { NOT_TRIED, LOADED, MISSING } state;
    g_autofree char *error = NULL;

    if (state == NOT_TRIED) {
        state = library_load("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL, symbols, G_N_ELEMENTS(symbols), &sd, &error) ? LOADED : MISSING;
        if (error != NULL) {
            log_info("Units cannot be managed: %s", error);
        }
    }
    return state == LOADED;
}

/* --- the connection --- */

struct bus_source {
    GSource source;
    gpointer fd;
    int events; /* what is waited for now */
};

static struct {
    sd_bus *bus;
    GSource *source;
} connection;

static void
disconnect(void)
{
    if (connection.source != NULL) {
        g_source_destroy(connection.source);
        g_source_unref(connection.source);
        connection.source = NULL;
    }
    if (connection.bus != NULL) {
        sd_bus *bus = connection.bus;

        connection.bus = NULL;
        sd.close_unref(bus);
    }
}

/* When the library wants to be called although nothing was read: monotonic time, or G_MAXINT64 for never. */
static gint64
due_time(void)
{
    uint64_t usec = UINT64_MAX;

    return sd.get_timeout(connection.bus, &usec) < 0 || usec > G_MAXINT64 ? G_MAXINT64 : (gint64)usec;
}

static gboolean
source_prepare(GSource *source, int *timeout)
{
    struct bus_source *s = (struct bus_source *)source;
    int events = sd.get_events(connection.bus);
    gint64 due;

    *timeout = -1;
    if (events >= 0 && events != s->events) { /* each change wakes the loop up */
        s->events = events;
        g_source_modify_unix_fd(source, s->fd, (GIOCondition)events);
    }
    due = due_time();
    if (due != G_MAXINT64) {
        gint64 wait = (due - g_get_monotonic_time() + 999) / 1000; /* not too early, which would mean to turn in circles until then */

        *timeout = (int)CLAMP(wait, 0, G_MAXINT);
        return wait <= 0;
    }
    return FALSE;
}

static gboolean
source_check(GSource *source)
{
    return g_source_query_unix_fd(source, ((struct bus_source *)source)->fd) != 0 || due_time() <= g_get_monotonic_time();
}

static gboolean
source_dispatch(GSource *source, GSourceFunc callback, void *data)
{
    int rc;

    /* A callback may find the connection broken and replace it. */
    g_source_ref(source);
    do {
        rc = sd.process(connection.bus, NULL);
    } while (rc > 0 && connection.source == source);
    if (rc < 0 && connection.source == source) {
        log_info("The connection to the system bus is lost: %s", g_strerror(-rc));
        disconnect();
    }
    g_source_unref(source);
    return G_SOURCE_CONTINUE;
}

static bool
connect_bus(void)
{
    static GSourceFuncs functions = { source_prepare, source_check, source_dispatch, NULL, NULL, NULL };
    struct bus_source *s;
    int rc;

    if (connection.bus != NULL && sd.is_open(connection.bus) > 0) {
        return true;
    }
    if (connection.bus != NULL) {
        disconnect();
    }
    if (getenv("DBUS_SYSTEM_BUS_ADDRESS") == NULL && access(BUS_SOCKET, F_OK) != 0) {
        return false; /* not worth loading a library */
    }
    if (!load_library()) {
        return false;
    }
    rc = sd.open_system(&connection.bus);
    if (rc < 0) {
        connection.bus = NULL;
        log_info("Cannot connect to the system bus: %s", g_strerror(-rc));
        return false;
    }
    connection.source = g_source_new(&functions, sizeof(struct bus_source));
    s = (struct bus_source *)connection.source;
    s->events = G_IO_IN;
    s->fd = g_source_add_unix_fd(connection.source, sd.get_fd(connection.bus), G_IO_IN);
    g_source_attach(connection.source, NULL);
    return true;
}

bool
bus_is_there(void)
{
    return connect_bus();
}

/* --- messages --- */

static sd_bus_message *
message_new(const struct bus_call *call)
{
    sd_bus_message *m = NULL;

    if (!connect_bus() ||
        sd.new_method_call(connection.bus, &m, SYSTEMD_NAME, call->path, call->interface, call->member) < 0) {
        return NULL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(call->args) && call->args[i] != NULL; i++) {
        if (sd.append_basic(m, 's', call->args[i]) < 0) { /* no UTF-8 */
            sd.message_unref(m);
            return NULL;
        }
    }
    return m;
}

/* The string, path or variant of a string that a message begins with; NULL if it does not. */
static const char *
first_string(sd_bus_message *m)
{
    const char *contents = NULL, *text = NULL;
    char type = '\0';

    if (sd.peek_type(m, &type, &contents) <= 0) {
        return NULL;
    }
    if (type == 'v' && contents != NULL && strcmp(contents, "s") == 0) {
        return sd.enter_container(m, 'v', "s") > 0 && sd.read_basic(m, 's', &text) > 0 ? text : NULL;
    }
    return (type == 's' || type == 'o') && sd.read_basic(m, type, &text) > 0 ? text : NULL;
}

/* --- calls on the main loop --- */

struct bus_pending {
    sd_bus_slot *slot;
    bus_reply_fn done;
    void *data;
};

static int
on_reply(sd_bus_message *m, void *data, sd_bus_error *unused)
{
    struct bus_pending *p = data;
    const sd_bus_error *error = sd.get_error(m);
    struct bus_reply reply = { 0 };
    bus_reply_fn done = p->done;
    void *user = p->data;

    if (error != NULL) {
        reply.error = error->name;
        log_debug("systemd answers: %s (%s)", error->name, error->message != NULL ? error->message : "");
    } else {
        reply.text = first_string(m);
    }
    sd.slot_unref(p->slot);
    g_free(p);
    done(&reply, user);
    return 0;
}

struct bus_pending *
bus_call(const struct bus_call *call, bus_reply_fn done, void *data)
{
    sd_bus_message *m = message_new(call);
    struct bus_pending *p;
    int rc;

    if (m == NULL) {
        return NULL;
    }
    p = g_new0(struct bus_pending, 1);
    p->done = done;
    p->data = data;
    rc = sd.call_async(connection.bus, &p->slot, m, on_reply, p, (uint64_t)MAX(call->timeout_ms, 0) * 1000);
    sd.message_unref(m);
    if (rc < 0) {
        g_free(p);
        return NULL;
    }
    return p;
}

void
bus_forget(struct bus_pending *p)
{
    if (p != NULL) {
        sd.slot_unref(p->slot);
        g_free(p);
    }
}

void
bus_send(const struct bus_call *call)
{
    sd_bus_message *m = message_new(call);

    if (m != NULL) {
        sd.set_expect_reply(m, 0);
        sd.send(connection.bus, m, NULL);
        sd.message_unref(m);
    }
}

/* --- blocking calls --- */

static sd_bus_message *
ask(const struct bus_call *call)
{
    sd_bus_error error = { 0 };
    sd_bus_message *reply = NULL;
    sd_bus_message *m = message_new(call);
    int rc;

    if (m == NULL) {
        return NULL;
    }
    rc = sd.call(connection.bus, m, BLOCKING_TIMEOUT_US, &error, &reply);
    sd.message_unref(m);
    sd.error_free(&error);
    return rc >= 0 ? reply : NULL;
}

char *
bus_ask(const struct bus_call *call)
{
    sd_bus_message *reply = ask(call);
    char *text;

    if (reply == NULL) {
        return NULL;
    }
    text = g_strdup(first_string(reply));
    sd.message_unref(reply);
    return text;
}

bool
bus_ask_list(const struct bus_call *call, GPtrArray *out)
{
    sd_bus_message *reply = ask(call);
    bool good;

    if (reply == NULL) {
        return false;
    }
    good = sd.enter_container(reply, 'a', "(ss)") >= 0;
    while (good && sd.enter_container(reply, 'r', "ss") > 0) {
        const char *first = NULL, *second = NULL;

        if (sd.read_basic(reply, 's', &first) > 0 && sd.read_basic(reply, 's', &second) > 0) {
            g_ptr_array_add(out, g_strdup(first));
        }
        sd.exit_container(reply);
    }
    sd.message_unref(reply);
    return good;
}
