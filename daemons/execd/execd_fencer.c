/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Class stonith through the local fencer: start is registering a device and one monitor, stop is removing it.
 * Called by main.c.  Connects when it is needed and never blocks.  (spec 50 §7.5)
 */
#include "daemons/execd/execd_fencer.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/fence/fence_client.h"

#define CONNECT_ATTEMPTS 10
#define CONNECT_PAUSE_S  2

/* One action of a device that is under way. */
struct run {
    unsigned id;
    char *device, *ns, *agent, *action;
    unsigned timeout_s;
    GHashTable *params;
    unsigned attempts; /* to connect */
    guint timer;       /* before the next attempt */
};

static struct {
    execd_fencer_done_fn done;
    void (*lost)(void);
    struct fence_client *client;
    GHashTable *runs; /* id -> struct run */
} self;

static void
run_free(gpointer data)
{
    struct run *run = data;

    if (run->timer != 0) {
        g_source_remove(run->timer);
    }
    g_free(run->device);
    g_free(run->ns);
    g_free(run->agent);
    g_free(run->action);
    g_hash_table_unref(run->params);
    g_free(run);
}

static void
end_run(struct run *run, const struct exec_result *result)
{
    unsigned id = run->id;

    g_hash_table_remove(self.runs, GUINT_TO_POINTER(id));
    self.done(id, result);
}

static void
end_run_with(struct run *run, const struct fence_result *answer)
{
    struct exec_result result = { 0 };

    execd_map_fence_result(run->action, answer, &result);
    end_run(run, &result);
    exec_result_clear(&result);
}

/* --- the steps --- */

static void
on_answer(const struct fence_reply *reply, void *data)
{
    struct run *run = g_hash_table_lookup(self.runs, data);

    if (run != NULL && reply->result->status != EXEC_NOT_CONNECTED) { /* then on_event() tells of all of them */
        end_run_with(run, reply->result);
    }
}

/* The request could not even be sent. */
static void
fail_unless_sent(struct run *run, int call_id)
{
    struct fence_result answer = { 0 };

    if (call_id < 0) {
        fence_result_set(&answer, CRM_EX_ERROR, EXEC_ERROR, legacy_text(call_id));
        end_run_with(run, &answer);
        fence_result_clear(&answer);
    }
}

static void
monitor(struct run *run)
{
    fail_unless_sent(run, fence_client_execute(self.client, run->device, "monitor", NULL, run->timeout_s, on_answer,
                                               GUINT_TO_POINTER(run->id)));
}

static void
on_registered(const struct fence_reply *reply, void *data)
{
    struct run *run = g_hash_table_lookup(self.runs, data);

    if (run == NULL || reply->result->status == EXEC_NOT_CONNECTED) {
        return;
    }
    if (fence_result_is_success(reply->result)) {
        monitor(run);
    } else {
        end_run_with(run, reply->result);
    }
}

static void
carry_out(struct run *run)
{
    void *id = GUINT_TO_POINTER(run->id);

    if (text_equal(run->action, "start")) {
        fail_unless_sent(run, fence_client_register_device_async(self.client, run->device, run->ns, run->agent, run->params,
                                                                 on_registered, id));
    } else if (text_equal(run->action, "stop")) {
        fail_unless_sent(run, fence_client_remove_device_async(self.client, run->device, on_answer, id));
    } else {
        monitor(run);
    }
}

/* --- connecting --- */

static gboolean
try_to_begin(gpointer data)
{
    struct run *run = data;
    struct exec_result result = { 0 };

    run->timer = 0;
    if (fence_client_connect(self.client, "lrmd", true) == 0) {
        fence_client_subscribe(self.client, FENCE_NOTIFY_DISCONNECT);
        carry_out(run);
    } else if (++run->attempts < CONNECT_ATTEMPTS) {
        run->timer = g_timeout_add_seconds(CONNECT_PAUSE_S, try_to_begin, run);
    } else {
        log_err("Cannot %s fence device %s: the fencer does not answer", run->action, run->device);
        exec_result_set(&result, OCF_RC_ERROR, EXEC_ERROR, "No connection to fencer");
        end_run(run, &result);
        exec_result_clear(&result);
    }
    return G_SOURCE_REMOVE;
}

static void
on_event(const struct fence_event *event, void *data)
{
    if (!text_equal(event->type, FENCE_NOTIFY_DISCONNECT)) {
        return;
    }
    log_warn("Lost connection to fencer");
    g_hash_table_remove_all(self.runs); /* the core fails them with all the others */
    self.lost();
}

void
execd_fencer_init(execd_fencer_done_fn done, void (*lost)(void))
{
    static const struct fence_client_callbacks callbacks = { .event = on_event };

    self.done = done;
    self.lost = lost;
    self.client = fence_client_new(&callbacks, NULL);
    self.runs = g_hash_table_new_full(NULL, NULL, NULL, run_free);
}

void
execd_fencer_run(const struct execd_effect *e)
{
    struct run *run = g_new0(struct run, 1);

    run->id = e->run_id;
    run->device = g_strdup(e->rsc_id);
    run->ns = g_strdup(e->provider);
    run->agent = g_strdup(e->type);
    run->action = g_strdup(e->action);
    run->timeout_s = (unsigned) MAX(e->timeout_ms, 0) / 1000;
    run->params = g_hash_table_ref(e->params);
    g_hash_table_insert(self.runs, GUINT_TO_POINTER(run->id), run);
    run->timer = g_idle_add(try_to_begin, run);
}

void
execd_fencer_disconnect(void)
{
    g_hash_table_remove_all(self.runs);
    fence_client_disconnect(self.client);
}
