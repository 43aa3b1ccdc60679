/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units as resources: what start, stop and monitor of a unit mean, how their end is found out, which units there are.
 * Called by the rest of lib/exec.  Talks to systemd over the bus only; enables and disables nothing.  (spec 50 §7.3)
 */
#include "lib/exec/exec_systemd.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec_bus.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define UNIT "org.freedesktop.systemd1.Unit"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define DROP_IN_DIR RUN_DIR "/systemd/system"
#define DROP_IN "50-pacemaker.conf"

#define FIRST_POLL_MS 20    /* most units are there at once */
#define LONGEST_POLL_MS 2000
#define LAST_CHANCE_MS 20   /* with less time left than this there is no use in asking again */
#define GUARD_MS 5000       /* how long after its timeout an action may still wait for the bus */

struct systemd_action {
    char *type, *unit, *action;
    int timeout_ms;
    gint64 begin;             /* monotonic, us */
    guint poll_ms;            /* pause before the next look */
    bool accepted;            /* start or stop: systemd has taken the job, its outcome is looked for */
    struct bus_pending *pending;
    guint timer, guard, idle;
    exec_done_fn done;
    void *data;
    struct exec_result result;
};

/* --- names --- */

static const char *const suffixes[] = { ".service", ".socket", ".mount", ".timer", ".path" };

static const char *
suffix_of(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        if (g_str_has_suffix(name, suffixes[i])) {
            return suffixes[i];
        }
    }
    return NULL;
}

/* The unit that an agent's name means; `lookup`: a bare template counts as one with an instance (g_free). */
static char *
unit_name(const char *type, bool lookup)
{
    if (g_str_has_suffix(type, "@.service")) {
        return g_strdup_printf("%.*spacemaker.service", (int)(strlen(type) - strlen(".service")), type);
    }
    if (suffix_of(type) != NULL) {
        return g_strdup(type);
    }
    return g_strdup_printf("%s%s.service", type, lookup && g_str_has_suffix(type, "@") ? "pacemaker" : "");
}

static struct bus_call
manager_call(const char *member, const char *first, const char *second)
{
    return (struct bus_call){ .path = MANAGER_PATH, .interface = MANAGER, .member = member, .args = { first, second } };
}

static struct bus_call
property_call(const char *path, const char *property)
{
    return (struct bus_call){ .path = path, .interface = PROPERTIES, .member = "Get", .args = { UNIT, property } };
}

/* --- the drop-in: at shutdown of the host systemd leaves the service to the cluster --- */

static char *
drop_in_dir(const char *type)
{
    return g_strdup_printf(DROP_IN_DIR "/%s.service.d", type);
}

static void
write_drop_in(const struct systemd_action *a)
{
    g_autofree char *dir = drop_in_dir(a->type);
    g_autofree char *path = g_build_filename(dir, DROP_IN, NULL);
    g_autofree char *text = g_strdup_printf("[Unit]\n"
                                            "Description=Cluster Controlled %s\n"
                                            "Before=pacemaker.service pacemaker_remote.service\n\n"
                                            "[Service]\n"
                                            "Restart=no\n\n",
                                            a->type);
    g_autoptr(GError) error = NULL;

    if (strchr(a->type, '/') != NULL) {
        return; /* no unit has such a name; systemd will say so */
    }
    if (g_mkdir_with_parents(dir, 0755) != 0 || !g_file_set_contents(path, text, -1, &error) || chmod(path, 0644) != 0) {
        log_warn("Cannot write %s: %s: at shutdown systemd may stop %s before the cluster does", path,
                    error != NULL ? error->message : g_strerror(errno), a->unit);
    }
}

/* True if there was one. */
static bool
remove_drop_in(const struct systemd_action *a)
{
    g_autofree char *dir = drop_in_dir(a->type);
    g_autofree char *path = g_build_filename(dir, DROP_IN, NULL);

    if (strchr(a->type, '/') != NULL) {
        return false;
    }
    if (unlink(path) != 0) {
        if (errno != ENOENT) {
            log_warn("Cannot remove %s: %s", path, g_strerror(errno));
        }
        return false;
    }
    rmdir(dir); /* others may have files there, too */
    return true;
}

/* --- the life of an action --- */

static void
action_free(struct systemd_action *a)
{
    guint *const sources[] = { &a->timer, &a->guard, &a->idle };

    for (unsigned i = 0; i < G_N_ELEMENTS(sources); i++) {
        if (*sources[i] != 0) {
            g_source_remove(*sources[i]);
        }
    }
    bus_forget(a->pending);
    exec_result_clear(&a->result);
    g_free(a->type);
    g_free(a->unit);
    g_free(a->action);
    g_free(a);
}

static void
finish(struct systemd_action *a)
{
    a->result.raw = a->result.rc;
    a->done(&a->result, a->data);
    action_free(a);
}

static gboolean
on_idle(void *data)
{
    struct systemd_action *a = data;

    a->idle = 0;
    finish(a);
    return G_SOURCE_REMOVE;
}

static gboolean
on_guard(void *data)
{
    struct systemd_action *a = data;

    a->guard = 0;
    exec_result_set(&a->result, OCF_RC_ERROR, EXEC_TIMEOUT, "%s action for systemd unit %s did not complete in time",
                    a->action, a->type);
    finish(a);
    return G_SOURCE_REMOVE;
}

static void ask_for_unit(struct systemd_action *a);

/* Send the next call of an action; without bus it ends here. */
static void
call_next(struct systemd_action *a, struct bus_call call, bus_reply_fn done)
{
    call.timeout_ms = a->timeout_ms;
    a->pending = bus_call(&call, done, a);
    if (a->pending == NULL) {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_ERROR, "No DBus connection");
        finish(a);
    }
}

/* --- finding out how a start or stop ended --- */

static gboolean
on_poll(void *data)
{
    struct systemd_action *a = data;

    a->timer = 0;
    ask_for_unit(a);
    return G_SOURCE_REMOVE;
}

static void
poll_later(struct systemd_action *a)
{
    gint64 left = a->timeout_ms > 0 ? a->timeout_ms - (g_get_monotonic_time() - a->begin) / 1000 : G_MAXINT;
    gint64 pause = a->poll_ms;

    a->poll_ms = MIN(a->poll_ms * 2, LONGEST_POLL_MS);
    if (pause >= left) {
        pause = left > LAST_CHANCE_MS ? left / 2 : G_MAXINT;
    }
    if (pause >= left) {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_TIMEOUT,
                        "Investigate reason for timeout, and adjust configured operation timeout if necessary");
        finish(a);
        return;
    }
    a->timer = g_timeout_add((guint)pause, on_poll, a);
}

static void
judge_state(struct systemd_action *a, const char *state)
{
    bool active = text_is_one_of(state, "active", "reloading", NULL);
    bool moving = text_is_one_of(state, "activating", "deactivating", NULL);
    bool stop = strcmp(a->action, "stop") == 0;

    if (!a->accepted) {
        if (active) {
            exec_result_set(&a->result, OCF_RC_OK, EXEC_DONE, NULL);
        } else if (moving) {
            exec_result_set(&a->result, OCF_RC_UNKNOWN, EXEC_PENDING, NULL);
        } else {
            exec_result_set(&a->result, OCF_RC_NOT_RUNNING, EXEC_DONE, "%s", state);
        }
    } else if (moving || (stop && active)) {
        poll_later(a);
        return;
    } else if (stop || active) {
        exec_result_set(&a->result, OCF_RC_OK, EXEC_DONE, NULL);
    } else {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_DONE, "%s", state);
    }
    finish(a);
}

static void
on_state(const struct bus_reply *reply, void *data)
{
    struct systemd_action *a = data;

    a->pending = NULL;
    if (reply->text == NULL) {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_ERROR, "Unable to invoke systemd DBus method");
        finish(a);
        return;
    }
    judge_state(a, reply->text);
}

/* --- asking for a job --- */

/* Is it an error that means: there is no such unit? */
static bool
is_missing_unit(const char *error)
{
    return strstr(error, "org.freedesktop.systemd1.InvalidName") != NULL ||
           strstr(error, "org.freedesktop.systemd1.LoadFailed") != NULL ||
           strstr(error, "org.freedesktop.systemd1.NoSuchUnit") != NULL;
}

static void
on_job(const struct bus_reply *reply, void *data)
{
    struct systemd_action *a = data;

    a->pending = NULL;
    if (reply->error == NULL && reply->text != NULL) {
        a->accepted = true;
        poll_later(a);
        return;
    }
    if (reply->error != NULL && is_missing_unit(reply->error)) {
        if (strcmp(a->action, "stop") == 0) {
            exec_result_set(&a->result, OCF_RC_OK, EXEC_DONE, NULL);
        } else {
            exec_result_set(&a->result, OCF_RC_NOT_INSTALLED, EXEC_NOT_INSTALLED, "systemd unit %s not found", a->type);
        }
    } else {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_ERROR, "Unable to invoke systemd DBus method");
    }
    finish(a);
}

static void
ask_for_job(struct systemd_action *a, const char *method)
{
    const struct bus_call reload = manager_call("Reload", NULL, NULL);

    if (strcmp(a->action, "start") == 0) {
        write_drop_in(a);
        bus_send(&reload);
    } else if (strcmp(a->action, "stop") == 0 && remove_drop_in(a)) {
        bus_send(&reload);
    }
    call_next(a, manager_call(method, a->unit, "replace"), on_job);
}

static void
on_unit(const struct bus_reply *reply, void *data)
{
    static const struct {
        const char *action, *method;
    } jobs[] = { { "start", "StartUnit" }, { "stop", "StopUnit" }, { "restart", "RestartUnit" } };
    struct systemd_action *a = data;

    a->pending = NULL;
    if (reply->text == NULL) {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_ERROR, "No DBus object found for systemd unit %s", a->type);
        finish(a);
        return;
    }
    if (a->accepted || text_is_one_of(a->action, "monitor", "status", NULL)) {
        call_next(a, property_call(reply->text, "ActiveState"), on_state);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(jobs); i++) {
        if (strcmp(a->action, jobs[i].action) == 0) {
            ask_for_job(a, jobs[i].method);
            return;
        }
    }
    exec_result_set(&a->result, OCF_RC_UNIMPLEMENTED, EXEC_ERROR, "Action %s not implemented for systemd resources",
                    a->action);
    finish(a);
}

static void
ask_for_unit(struct systemd_action *a)
{
    call_next(a, manager_call("LoadUnit", a->unit, NULL), on_unit);
}

/* --- public: actions --- */

struct systemd_action *
exec_systemd_start(const struct exec_request *req, exec_done_fn done, void *data, struct exec_result *result)
{
    struct systemd_action *a;
    struct bus_call load;

    if (!bus_is_there()) {
        exec_result_set(result, OCF_RC_ERROR, EXEC_ERROR, "No DBus connection");
        return NULL;
    }
    a = g_new0(struct systemd_action, 1);
    a->type = g_strdup(req->type);
    a->unit = unit_name(req->type, false);
    a->action = g_strdup(req->action);
    a->timeout_ms = req->timeout_ms;
    a->begin = g_get_monotonic_time();
    a->poll_ms = FIRST_POLL_MS;
    a->done = done;
    a->data = data;
    load = manager_call("LoadUnit", a->unit, NULL);
    load.timeout_ms = a->timeout_ms;
    a->pending = bus_call(&load, on_unit, a);
    if (a->pending == NULL) {
        exec_result_set(result, OCF_RC_ERROR, EXEC_ERROR, "No DBus connection");
        action_free(a);
        return NULL;
    }
    if (a->timeout_ms > 0) {
        a->guard = g_timeout_add((guint)a->timeout_ms + GUARD_MS, on_guard, a);
    }
    return a;
}

void
exec_systemd_cancel(struct systemd_action *a)
{
    bus_forget(a->pending);
    a->pending = NULL;
    if (a->timer != 0) {
        g_source_remove(a->timer);
        a->timer = 0;
    }
    exec_result_set(&a->result, OCF_RC_OK, EXEC_CANCELLED, NULL);
    if (a->idle == 0) {
        a->idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, a, NULL);
    }
}

void
exec_systemd_abandon(struct systemd_action *a)
{
    action_free(a);
}

/* --- public: units there are --- */

/* Blocking: a property of a unit (g_free), or NULL. */
static char *
unit_property(const char *type, const char *property)
{
    g_autofree char *unit = unit_name(type, true);
    const struct bus_call load = manager_call("LoadUnit", unit, NULL);
    g_autofree char *path = bus_ask(&load);
    struct bus_call get;

    if (path == NULL) {
        return NULL;
    }
    get = property_call(path, property);
    return bus_ask(&get);
}

bool
exec_systemd_unit_exists(const char *name)
{
    g_autofree char *state = bus_is_there() ? unit_property(name, "LoadState") : NULL;

    return text_is_one_of(state, "loaded", "masked", NULL);
}

static int
compare_names(const void *a, const void *b)
{
    return g_ascii_strcasecmp(*(char *const *)a, *(char *const *)b);
}

bool
exec_systemd_list_units(GPtrArray *out)
{
    const struct bus_call list = manager_call("ListUnitFiles", NULL, NULL);
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

    if (!bus_is_there() || !bus_ask_list(&list, files)) {
        return false;
    }
    for (guint i = 0; i < files->len; i++) {
        char *name = g_path_get_basename(g_ptr_array_index(files, i));

        if (suffix_of(name) == NULL) {
            g_free(name);
            continue;
        }
        if (g_str_has_suffix(name, ".service")) {
            name[strlen(name) - strlen(".service")] = '\0';
        }
        g_ptr_array_add(out, name);
    }
    g_ptr_array_sort(out, compare_names);
    return true;
}

char *
exec_systemd_metadata(const char *name)
{
    g_autofree char *description = NULL;
    g_autofree char *escaped_name = NULL;
    g_autofree char *escaped = NULL;

    if (!bus_is_there()) {
        return NULL;
    }
    description = unit_property(name, "Description");
    if (description == NULL) {
        description = g_strdup_printf("Systemd unit file for %s", name);
    }
    escaped = g_markup_escape_text(description, -1);
    escaped_name = g_markup_escape_text(name, -1);
    return g_strdup_printf("<?xml version=\"1.0\"?>\n"
                           "<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n"
                           "<resource-agent name=\"%s\" version=\"0.1\">\n"
                           "  <version>1.1</version>\n"
                           "  <longdesc lang=\"en\">\n"
                           "    %s\n"
                           "  </longdesc>\n"
                           "  <shortdesc lang=\"en\">systemd unit file for %s</shortdesc>\n"
                           "  <parameters/>\n"
                           "  <actions>\n"
                           "    <action name=\"start\"     timeout=\"100\" />\n"
                           "    <action name=\"stop\"      timeout=\"100\" />\n"
                           "    <action name=\"status\"    timeout=\"100\" />\n"
                           "    <action name=\"monitor\"   timeout=\"100\" interval=\"60\"/>\n"
                           "    <action name=\"meta-data\" timeout=\"5\"   />\n"
                           "  </actions>\n"
                           "  <special tag=\"systemd\"/>\n"
                           "</resource-agent>\n",
                           escaped_name, escaped, escaped_name);
}
