/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fence agents as processes: parameters on stdin, the end as a result.  Called by main.c.  (spec 60 §8.2, §8.3)
 */
#include "daemons/fenced/fenced_run.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/exec/exec.h"
#include "lib/exec/process.h"

#include <string.h>
#include <sys/stat.h>

#define MOST_COMPLAINTS 200 /* lines of one run */

struct run {
    unsigned id, timeout_s;
    char *path;
    void (*done)(unsigned run_id, const struct fence_result *result);
    struct fence_result result; /* if it is known without a process */
};

static void
run_free(struct run *run)
{
    fence_result_clear(&run->result);
    g_free(run->path);
    g_free(run);
}

static gboolean
tell(gpointer data)
{
    struct run *run = data;

    run->done(run->id, &run->result);
    run_free(run);
    return G_SOURCE_REMOVE;
}

static void
set_errno(struct fence_result *result, int error, const char *path)
{
    struct exec_result mapped = { 0 };

    exec_map_errno(&mapped, error, path);
    fence_result_set(result, mapped.rc, mapped.status, mapped.reason);
    exec_result_clear(&mapped);
}

static void
set_end(struct run *run, const struct process_result *end)
{
    g_autofree char *reason = NULL;

    switch (end->end) {
    case PROCESS_EXITED:
        fence_result_set(&run->result, end->value, EXEC_DONE, NULL);
        break;
    case PROCESS_SIGNALLED:
    case PROCESS_KILLED:
        reason = g_strdup_printf("Fence agent interrupted by %s signal", strsignal(end->value));
        fence_result_set(&run->result, CRM_EX_ERROR, EXEC_ERROR, reason);
        break;
    case PROCESS_TIMED_OUT:
        reason = g_strdup_printf("Fence agent did not complete within %s", text_readable_interval(run->timeout_s * 1000));
        fence_result_set(&run->result, CRM_EX_ERROR, EXEC_TIMEOUT, reason);
        break;
    case PROCESS_NO_EXEC: /* it is there, but cannot run: not the same as not being installed */
        set_errno(&run->result, end->value, run->path);
        run->result.status = EXEC_ERROR;
        break;
    }
}

/* What the agent complains of goes to the log, but an agent that goes mad must neither fill the disk nor keep the fencer busy. */
static void
log_complaints(const struct run *run, const struct process_result *end)
{
    g_auto(GStrv) lines = g_strsplit(end->err, "\n", MOST_COMPLAINTS + 1);
    unsigned n = 0;

    for (; lines[n] != NULL && n < MOST_COMPLAINTS; n++) {
        if (*lines[n] != '\0') {
            log_warn("%s[%d] stderr: [ %.2000s ]", run->path, (int) end->pid, lines[n]);
        }
    }
    if (lines[n] != NULL && *lines[n] != '\0') {
        log_warn("%s[%d] wrote %zu more bytes to stderr", run->path, (int) end->pid, strlen(lines[n]));
    }
}

static void
on_done(struct process *p, const struct process_result *end, void *data)
{
    struct run *run = data;

    set_end(run, end);
    run->result.output = (*end->out != '\0') ? g_strdup(end->out) : NULL;
    run->result.stderr_text = (*end->err != '\0') ? g_strdup(end->err) : NULL;
    log_complaints(run, end);
    tell(run);
}

static char *
stdin_text(GHashTable *args)
{
    GString *text = g_string_new(NULL);
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, args);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_string_append_printf(text, "%s=%s\n", (char *) name, (char *) value);
    }
    return g_string_free(text, FALSE);
}

void
fenced_agent_run(const struct fenced_effect *e, void (*done)(unsigned run_id, const struct fence_result *result))
{
    struct run *run = g_new0(struct run, 1);
    g_autofree char *name = g_path_get_basename(e->agent);
    g_autofree char *input = NULL;
    struct process_spec spec = { .timeout_ms = (int) MIN(e->timeout_s, G_MAXINT / 1000u) * 1000 };
    struct stat st;
    int error = 0;

    run->id = e->run_id;
    run->timeout_s = e->timeout_s;
    run->done = done;
    run->path = g_build_filename(SBIN_DIR, name, NULL);
    if (e->device_id != NULL && !exec_load_secrets(e->device_id, e->args)) {
        fence_result_set(&run->result, CRM_EX_ERROR, EXEC_NO_SECRETS, "Failed to get CIB secrets");
        g_idle_add(tell, run);
        return;
    }
    input = stdin_text(e->args);
    spec.path = run->path;
    spec.input = input;
    if (stat(run->path, &st) < 0) {
        error = errno;
    } else if (process_start(&spec, on_done, run, &error) != NULL) {
        return;
    }
    set_errno(&run->result, error, run->path);
    g_idle_add(tell, run);
}
