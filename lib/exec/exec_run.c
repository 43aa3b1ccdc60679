/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One action of one agent: find the program, run it with what it expects, turn its end into a result.
 * Called by the executor's shell and by tools.  Queues nothing, repeats nothing.  (spec 50 §4.6, §5-§7)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/exec/exec.h"
#include "lib/exec/exec_agents.h"
#include "lib/exec/exec_systemd.h"
#include "lib/exec/process.h"

#include <string.h>
#include <sys/stat.h>

/* Exactly one of process, systemd and idle is set: it says what the action waits for. */
struct exec_action {
    char *key; /* RSC_ACTION_INTERVAL for log lines */
    char *action;
    enum exec_standard standard;
    int timeout_ms;
    exec_done_fn done;
    void *data;
    struct process *process;
    struct systemd_action *systemd;
    GSource *idle; /* the result is known already and is told from the main loop */
    struct exec_result result;
};

static void
action_free(struct exec_action *a)
{
    if (a->idle != NULL) {
        g_source_destroy(a->idle);
        g_source_unref(a->idle);
    }
    exec_result_clear(&a->result);
    g_free(a->key);
    g_free(a->action);
    g_free(a);
}

static void
finish(struct exec_action *a)
{
    a->done(&a->result, a->data);
    action_free(a);
}

static gboolean
on_idle(gpointer data)
{
    finish(data);
    return G_SOURCE_REMOVE;
}

static struct exec_action *
finish_later(struct exec_action *a)
{
    a->result.raw = a->result.rc;
    a->idle = g_idle_source_new();
    g_source_set_priority(a->idle, G_PRIORITY_DEFAULT);
    g_source_set_callback(a->idle, on_idle, a, NULL);
    g_source_attach(a->idle, g_main_context_get_thread_default());
    return a;
}

/* --- the end of a process --- */

static void
log_lines(const struct exec_action *a, const char *text, int level, const char *what)
{
    g_auto(GStrv) lines = NULL;

    if (*text == '\0') {
        return;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (**line != '\0' || line[1] != NULL) {
            qb_log(level, "%s[%d] %s [ %s ]", a->key, (int) a->result.pid, what, *line);
        }
    }
}

/* The file was there, but could not be executed: as if the agent had said so itself. */
static void
set_no_exec(struct exec_action *a, int error, const char *text)
{
    struct exec_result r = { 0 };

    exec_map_errno(&r, error, "");
    a->result.rc = a->result.raw = r.rc;
    a->result.status = EXEC_DONE;
    exec_result_clear(&r);
    if (a->standard == EXEC_STANDARD_OCF) {
        a->result.reason = g_strdup(text);
        g_free(a->result.err);
        a->result.err = g_strdup_printf("ocf-exit-reason:%s\n", text);
    }
}

static void
on_process_done(struct process *p, const struct process_result *end, void *data)
{
    struct exec_action *a = data;
    struct exec_result *r = &a->result;

    r->pid = end->pid;
    r->out = g_strdup(end->out);
    r->err = g_strdup(end->err);
    r->raw = OCF_RC_ERROR;
    switch (end->end) {
    case PROCESS_EXITED:
        r->raw = end->value;
        exec_result_set(r, exec_map_exit(a->standard, a->action, end->value), EXEC_DONE, NULL);
        if (a->standard == EXEC_STANDARD_OCF) {
            r->reason = exec_find_reason(r->err);
        }
        log_lines(a, r->err, LOG_INFO, "error output");
        log_lines(a, r->out, LOG_DEBUG, "output");
        break;
    case PROCESS_NO_EXEC:
        set_no_exec(a, end->value, "Child process was unable to execute file");
        break;
    case PROCESS_SIGNALLED:
        exec_result_set(r, OCF_RC_ERROR, EXEC_ERROR, "Resource agent interrupted by %s signal",
                        strsignal(end->value));
        log_info("Resource agent %s[%d] terminated with signal %d (%s)", a->key, (int) end->pid,
                 end->value, strsignal(end->value));
        break;
    case PROCESS_TIMED_OUT:
        exec_result_set(r, OCF_RC_ERROR, EXEC_TIMEOUT, "Resource agent did not complete within %s",
                        text_readable_interval((guint) a->timeout_ms));
        log_info("Resource agent %s[%d] timed out after %s", a->key, (int) end->pid,
                 text_readable_interval((guint) a->timeout_ms));
        break;
    case PROCESS_KILLED:
        exec_result_set(r, OCF_RC_OK, EXEC_CANCELLED, NULL);
        log_info("Terminating in-flight op %s[%d] early because it was cancelled", a->key, (int) end->pid);
        break;
    }
    finish(a);
}

static void
on_systemd_done(const struct exec_result *result, void *data)
{
    struct exec_action *a = data;

    a->done(result, a->data);
    action_free(a);
}

/* --- the beginning --- */

static GHashTable *
copy_params(GHashTable *params)
{
    GHashTable *copy = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_hash_table_insert(copy, g_strdup(name), g_strdup(value));
    }
    return copy;
}

static bool
has_secrets(GHashTable *params)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, params);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (text_equal(value, "lrm://")) {
            return true;
        }
    }
    return false;
}

static struct exec_action *
start_process(struct exec_action *a, const struct exec_request *req, const char *path, bool needs_stat)
{
    const char *const argv[] = { path, a->action, NULL };
    g_autoptr(GHashTable) params = NULL;
    g_autoptr(GHashTable) env = NULL;
    struct process_spec spec = { .path = path, .argv = argv, .timeout_ms = req->timeout_ms };
    struct exec_request with_secrets = *req;
    struct stat st;
    int error;

    if (needs_stat && stat(path, &st) < 0) {
        exec_map_errno(&a->result, errno, path);
        return finish_later(a);
    }
    if (a->standard == EXEC_STANDARD_OCF) {
        if (req->params != NULL && has_secrets(req->params)) {
            with_secrets.params = params = copy_params(req->params);
            if (!exec_load_secrets(req->rsc_id, params) && !text_equal(req->action, "stop")) {
                exec_result_set(&a->result, OCF_RC_INVALID_PARAM, EXEC_DONE, "Unable to load CIB secrets");
                a->result.err = g_strdup("ocf-exit-reason:Unable to load CIB secrets\n");
                return finish_later(a);
            }
        }
        spec.env = env = exec_ocf_environment(&with_secrets);
    }
    if (req->params != NULL
        && text_equal(g_hash_table_lookup(req->params, "CRM_meta_on_fail"), "block")) {
        spec.flags |= PROCESS_KILL_ONLY_LEADER;
    }
    a->process = process_start(&spec, on_process_done, a, &error);
    if (a->process == NULL) {
        exec_map_errno(&a->result, error, path);
        return finish_later(a);
    }
    return a;
}

static struct exec_action *
start_systemd(struct exec_action *a, const struct exec_request *req)
{
    a->systemd = exec_systemd_start(req, on_systemd_done, a, &a->result);
    return (a->systemd != NULL) ? a : finish_later(a);
}

struct exec_action *
exec_start(const struct exec_request *req, exec_done_fn done, void *data)
{
    struct exec_action *a = g_new0(struct exec_action, 1);
    g_autofree char *path = NULL;

    a->standard = exec_resolve_standard(req->standard, req->type);
    a->action = g_strdup(exec_agent_action(a->standard, req->action));
    a->key = op_key_new(req->rsc_id ? req->rsc_id : "", a->action ? a->action : "", req->interval_ms);
    a->timeout_ms = req->timeout_ms;
    a->done = done;
    a->data = data;

    if (req->action == NULL || req->standard == NULL || req->type == NULL || req->rsc_id == NULL
        || (a->standard == EXEC_STANDARD_OCF && req->provider == NULL)) {
        exec_result_set(&a->result, OCF_RC_ERROR, EXEC_ERROR_FATAL,
                        "Required agent or action information missing");
        a->result.unprepared = true;
        return finish_later(a);
    }
    switch (a->standard) {
    case EXEC_STANDARD_OCF:
        path = exec_ocf_agent_path(req->provider, req->type);
        if (path != NULL) {
            return start_process(a, req, path, false);
        }
        break;
    case EXEC_STANDARD_LSB:
        path = exec_lsb_path(req->type);
        return start_process(a, req, path, true);
    case EXEC_STANDARD_SYSTEMD:
        return start_systemd(a, req);
    default:
        break; /* a class that this host does not know is like an agent that is not installed */
    }
    exec_map_errno(&a->result, ENOENT, req->type);
    a->result.unprepared = true;
    return finish_later(a);
}

pid_t
exec_action_pid(const struct exec_action *a)
{
    return (a->process != NULL) ? process_pid(a->process) : 0;
}

void
exec_cancel(struct exec_action *a)
{
    if (a->process != NULL) {
        process_kill(a->process);
    } else if (a->systemd != NULL) {
        exec_systemd_cancel(a->systemd);
    } else {
        exec_result_set(&a->result, OCF_RC_OK, EXEC_CANCELLED, NULL);
    }
}

void
exec_abandon(struct exec_action *a)
{
    if (a->process != NULL) {
        process_abandon(a->process);
    } else if (a->systemd != NULL) {
        exec_systemd_abandon(a->systemd);
    }
    action_free(a);
}

/* --- to the end --- */

struct sync_run {
    bool finished;
    struct exec_result *result;
};

static void
sync_done(const struct exec_result *result, void *data)
{
    struct sync_run *run = data;

    *run->result = *result;
    run->result->reason = g_strdup(result->reason);
    run->result->out = g_strdup(result->out);
    run->result->err = g_strdup(result->err);
    run->finished = true;
}

void
exec_run_sync(const struct exec_request *req, struct exec_result *result)
{
    GMainContext *context = g_main_context_new();
    struct sync_run run = { .result = result };

    g_main_context_push_thread_default(context);
    exec_start(req, sync_done, &run);
    while (!run.finished) {
        g_main_context_iteration(context, TRUE);
    }
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
}
