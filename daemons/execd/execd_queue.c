/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue of a resource: one first-time execution at a time, repeats by timer, cancellation.
 * Called by execd_core.c.  Never sends and never runs anything itself: it adds effects.  (spec 50 §4)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/exec/lrmd_protocol.h"

#include "daemons/execd/execd_internal.h"

static void start_next(struct execd_core *core, struct execd_now now, struct rsc *rsc);

/* --- operations --- */

static void
timer_disarm(struct op *op)
{
    if (op->timer != NULL) {
        g_sequence_remove(op->timer);
        op->timer = NULL;
    }
}

/* Earlier ones first; equal ones in the order in which they were armed (insertion goes behind equals). */
static gint
compare_due(gconstpointer a, gconstpointer b, gpointer data)
{
    const struct op *x = a, *y = b;

    return (x->due_ms > y->due_ms) - (x->due_ms < y->due_ms);
}

static void
timer_arm(struct execd_core *core, struct op *op, uint64_t due_ms)
{
    timer_disarm(op);
    op->due_ms = due_ms;
    op->timer = g_sequence_insert_sorted(core->timers, op, compare_due, NULL);
}

void
op_free(struct execd_core *core, struct op *op)
{
    timer_disarm(op);
    g_hash_table_remove(core->runs, GUINT_TO_POINTER(op->run_id));
    g_hash_table_unref(op->params);
    g_free(op->client_id);
    g_free(op->action);
    g_free(op->userdata);
    g_free(op->reason);
    g_free(op->output);
    g_free(op);
}

static char *
op_key(const struct op *op)
{
    return op_key_new(op->rsc->id, exec_agent_action(op->rsc->kind, op->action), op->interval_ms);
}

static bool
is_monitor(const struct op *op)
{
    return text_is_one_of(op->action, "monitor", "status", NULL);
}

static void
set_result(struct op *op, int rc, int status, const char *reason, const char *output)
{
    op->rc = rc;
    op->status = status;
    g_free(op->reason);
    op->reason = g_strdup(reason);
    g_free(op->output);
    op->output = g_strdup(output);
}

/* --- resources --- */

struct rsc *
rsc_new(const char *id, const char *standard, const char *provider, const char *type, unsigned options)
{
    struct rsc *rsc = g_new0(struct rsc, 1);

    rsc->id = g_strdup(id);
    rsc->standard = g_strdup(standard);
    rsc->provider = g_strdup(provider);
    rsc->type = g_strdup(type);
    rsc->kind = exec_standard_parse(standard);
    rsc->options = options;
    g_queue_init(&rsc->queue);
    g_queue_init(&rsc->ready);
    return rsc;
}

static void
rsc_free(struct rsc *rsc)
{
    g_list_free(rsc->recurring);
    g_queue_clear(&rsc->queue);
    g_queue_clear(&rsc->ready);
    g_free(rsc->id);
    g_free(rsc->standard);
    g_free(rsc->provider);
    g_free(rsc->type);
    g_free(rsc);
}

/* --- the end of an operation before its time --- */

/* Out of all lists; its event is sent and it is gone. */
static void
drop_cancelled(struct execd_core *core, struct op *op)
{
    struct rsc *rsc = op->rsc;

    g_queue_remove(&rsc->queue, op);
    g_queue_remove(&rsc->ready, op);
    rsc->recurring = g_list_remove(rsc->recurring, op);
    if (rsc->active == op) {
        rsc->active = NULL;
    }
    if (op->state != OP_DEAD) {
        op->status = EXEC_CANCELLED;
        core_notify_result(core, op);
    }
    op_free(core, op);
}

static void
kill_inflight(struct execd_core *core, struct op *op)
{
    struct execd_effect *e = core_add_effect(
        core, (op->rsc->kind == EXEC_STANDARD_STONITH) ? EXECD_CANCEL_FENCE : EXECD_KILL);

    e->run_id = op->run_id;
    op->is_cancelled = true;
}

/* Cancel one operation that is not a running one-shot.  False if it is being cancelled already or cannot be. */
static bool
cancel_op(struct execd_core *core, struct op *op)
{
    g_autofree char *key = op_key(op);

    if (op->is_cancelled || op->state == OP_DEAD) {
        return false;
    }
    log_info("Cancelling %s operation %s", op->rsc->standard, key);
    if (op->state == OP_RUNNING) {
        kill_inflight(core, op);
    } else {
        drop_cancelled(core, op);
    }
    return true;
}

void
rsc_cancel_recurring(struct execd_core *core, struct execd_now now, struct rsc *rsc, const char *client_id)
{
    g_autoptr(GList) targets = NULL;

    for (GList *item = rsc->recurring; item != NULL; item = item->next) {
        targets = g_list_prepend(targets, item->data);
    }
    targets = g_list_reverse(targets);
    for (GList *item = rsc->queue.tail; item != NULL; item = item->prev) {
        if (((struct op *) item->data)->interval_ms > 0) {
            targets = g_list_prepend(targets, item->data);
        }
    }
    for (GList *item = targets; item != NULL; item = item->next) {
        struct op *op = item->data;

        if (client_id == NULL || text_equal(op->client_id, client_id)) {
            cancel_op(core, op);
        }
    }
    start_next(core, now, rsc);
}

void
rsc_remove(struct execd_core *core, struct rsc *rsc)
{
    g_autoptr(GList) waiting = NULL;

    rsc->is_deleted = true;
    for (GList *item = rsc->queue.head; item != NULL; item = item->next) {
        waiting = g_list_append(waiting, item->data);
    }
    for (GList *item = rsc->ready.head; item != NULL; item = item->next) {
        waiting = g_list_append(waiting, item->data);
    }
    for (GList *item = rsc->recurring; item != NULL; item = item->next) {
        struct op *op = item->data;

        if (op->state != OP_READY) {
            waiting = g_list_append(waiting, op);
        }
    }
    for (GList *item = waiting; item != NULL; item = item->next) {
        struct op *op = item->data;

        if (op->state == OP_RUNNING) {
            if (!op->is_cancelled) {
                kill_inflight(core, op);
            }
        } else {
            drop_cancelled(core, op);
        }
    }
    if (rsc->inflight == NULL) {
        rsc_free(rsc);
    }
}

/*
 * Cancel by name, in this order (spec 50 §4.5): a queued one, a recurring one that sleeps, a recurring one in flight.
 * A one-shot that runs cannot be cancelled.
 */
int
rsc_cancel(struct execd_core *core, struct execd_now now, struct rsc *rsc, const char *action, guint interval_ms)
{
    struct op *found = NULL;

    for (GList *item = rsc->queue.head; item != NULL && found == NULL; item = item->next) {
        struct op *op = item->data;

        if (op->interval_ms == interval_ms && text_equal_nocase(op->action, action)) {
            found = op;
        }
    }
    for (GList *item = rsc->recurring; item != NULL && found == NULL; item = item->next) {
        struct op *op = item->data;

        if (op->interval_ms == interval_ms && text_equal_nocase(op->action, action)) {
            found = op;
        }
    }
    if (found == NULL || !cancel_op(core, found)) {
        return -EOPNOTSUPP;
    }
    start_next(core, now, rsc);
    return 0;
}

/* --- running --- */

static void
log_executing(const struct op *op)
{
    qb_log(is_monitor(op) ? LOG_DEBUG : LOG_INFO, "executing - rsc:%s action:%s call_id:%d", op->rsc->id,
           op->action, op->call_id);
}

static void
run(struct execd_core *core, struct execd_now now, struct op *op)
{
    struct rsc *rsc = op->rsc;
    bool is_fence = (rsc->kind == EXEC_STANDARD_STONITH);
    struct exec_result at_once = { 0 };
    struct execd_effect *e;

    g_assert(rsc->inflight == NULL);
    op->state = OP_RUNNING;
    op->run_epoch = (op->is_repeat && !is_fence) ? 0 : now.epoch;
    rsc->inflight = op;
    log_executing(op);
    if (is_fence && fence_answer_at_once(rsc, op, &at_once)) {
        queue_finish(core, now, op, &at_once);
        exec_result_clear(&at_once);
        return;
    }
    do {
        op->run_id = ++core->run_id;
    } while (op->run_id == 0 || g_hash_table_contains(core->runs, GUINT_TO_POINTER(op->run_id)));
    g_hash_table_insert(core->runs, GUINT_TO_POINTER(op->run_id), op);
    e = core_add_effect(core, is_fence ? EXECD_RUN_FENCE : EXECD_RUN);
    e->run_id = op->run_id;
    e->rsc_id = g_strdup(rsc->id);
    e->standard = g_strdup(rsc->standard);
    e->provider = g_strdup(rsc->provider);
    e->type = g_strdup(rsc->type);
    e->action = g_strdup(op->action);
    e->interval_ms = op->interval_ms;
    e->timeout_ms = op->timeout_ms;
    e->params = g_hash_table_ref(op->params);
}

static void
make_ready(struct op *op)
{
    timer_disarm(op);
    op->state = OP_READY;
    g_queue_push_tail(&op->rsc->ready, op);
}

/* From the queue into execution: from here on queue time ends and execution time counts. */
static void
hand_over(struct execd_now now, struct op *op)
{
    struct rsc *rsc = op->rsc;

    g_queue_remove(&rsc->queue, op);
    rsc->active = op;
    op->was_handed = true;
    op->handed_ms = now.ms;
    op->queue_ms = (unsigned) (now.ms - op->accepted_ms);
    if (op->interval_ms > 0) {
        rsc->recurring = g_list_append(rsc->recurring, op);
    }
    make_ready(op);
}

/*
 * What may go on with a resource now?  Nothing while an agent runs; then whatever waited for its end, in order; a new
 * first-time execution is handed over as soon as there is none, so that it is the next one after a repeat in flight.
 * The head of the queue keeps everything behind it waiting while its start delay lasts.
 */
static void
start_next(struct execd_core *core, struct execd_now now, struct rsc *rsc)
{
    if (rsc->active == NULL && !g_queue_is_empty(&rsc->queue)) {
        struct op *head = g_queue_peek_head(&rsc->queue);
        uint64_t due = head->accepted_ms + (uint64_t) MAX(0, head->start_delay_ms);

        if (due > now.ms) {
            timer_arm(core, head, due);
        } else {
            hand_over(now, head);
        }
    }
    if (rsc->inflight == NULL && !g_queue_is_empty(&rsc->ready)) {
        run(core, now, g_queue_pop_head(&rsc->ready));
    }
}

/* The recurring operation that a request repeats, if there is one that lives. */
static struct op *
find_twin(struct rsc *rsc, const struct op *op)
{
    GList *lists[] = { rsc->queue.head, rsc->recurring };

    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (GList *item = lists[i]; item != NULL; item = item->next) {
            struct op *twin = item->data;

            if (twin->interval_ms == op->interval_ms && text_equal_nocase(twin->action, op->action)
                && !twin->is_cancelled && twin->state != OP_DEAD) {
                return twin;
            }
        }
    }
    return NULL;
}

/* The older operation goes on under the new call id (spec 50 §4.3). */
static void
merge(struct execd_core *core, struct op *twin, struct op *op)
{
    g_autofree char *key = op_key(twin);

    log_warn("Duplicate recurring op entry detected (%s), merging with previous op entry", key);
    twin->call_id = op->call_id;
    g_free(twin->userdata);
    twin->userdata = g_steal_pointer(&op->userdata);
    if (!g_hash_table_contains(core->clients, twin->client_id)) {
        g_free(twin->client_id); /* who asked first is gone */
        twin->client_id = g_steal_pointer(&op->client_id);
    }
    twin->was_notified = false;
    if (twin->state == OP_SLEEPING) {
        make_ready(twin);
    }
}

int
rsc_submit_take(struct execd_core *core, struct execd_now now, struct rsc *rsc, struct op *op)
{
    int call_id = op->call_id;
    struct op *twin;

    op->rsc = rsc;
    op->accepted_ms = now.ms;
    if (text_equal_nocase(op->action, "stop")) {
        rsc_cancel_recurring(core, now, rsc, NULL);
    }
    twin = (op->interval_ms > 0) ? find_twin(rsc, op) : NULL;
    if (twin != NULL) {
        merge(core, twin, op);
        op_free(core, op);
    } else {
        op->state = OP_QUEUED;
        g_queue_push_tail(&rsc->queue, op);
    }
    start_next(core, now, rsc);
    return call_id;
}

/* --- the end of a run --- */

static void
log_finished(const struct op *op, pid_t pid)
{
    int level = is_monitor(op) ? LOG_DEBUG : LOG_INFO;
    g_autofree char *pid_text = (pid > 0) ? g_strdup_printf(", PID %d", (int) pid) : g_strdup("");
    g_autofree char *reason = (op->reason != NULL) ? g_strdup_printf(" (%s)", op->reason) : g_strdup("");
    g_autofree char *queued
        = (op->queue_ms > 0)
              ? g_strdup_printf(" after being queued %s", text_readable_interval(op->queue_ms))
              : g_strdup("");

    if (op->status == EXEC_DONE) {
        qb_log(level, "%s %s (call %d%s) exited with status %d%s (execution time %s%s)", op->rsc->id,
               op->action, op->call_id, pid_text, op->rc, reason, text_readable_interval(op->exec_ms), queued);
    } else {
        qb_log(level, "%s %s (call %d%s) could not be executed: %s%s (execution time %s%s)", op->rsc->id,
               op->action, op->call_id, pid_text, exec_status_text(op->status), reason,
               text_readable_interval(op->exec_ms), queued);
    }
}

static bool
wants_notification(const struct op *op)
{
    if (op->interval_ms == 0 || (op->options & LRMD_OPT_NOTIFY_CHANGES) == 0 || !op->was_notified) {
        return true;
    }
    return op->notified_rc != op->rc || op->notified_status != op->status;
}

/* Result of a run that was not cancelled: times, what users are told, when the next run is. */
static void
settle(struct execd_core *core, struct execd_now now, struct op *op, const struct exec_result *result)
{
    struct rsc *rsc = op->rsc;
    bool is_fence = (rsc->kind == EXEC_STANDARD_STONITH);

    set_result(op, result->rc, result->status, result->reason, exec_result_output(result));
    op->exec_ms = op->is_repeat ? 0 : (unsigned) (now.ms - op->handed_ms);
    if (!is_fence && !result->unprepared && result->raw != op->raw) {
        op->raw = result->raw;
        op->rcchange_epoch = now.epoch;
    }
    if (is_fence) {
        fence_note_result(rsc, op, result);
    }
    log_finished(op, result->pid);
    if (wants_notification(op)) {
        core_notify_result(core, op);
        op->was_notified = true;
        op->notified_rc = op->rc;
        op->notified_status = op->status;
    }
    op->is_repeat = true;
    if (op->interval_ms == 0) {
        op_free(core, op);
    } else if (result->unprepared) {
        op->state = OP_DEAD;
    } else {
        /* A cancellation from now on tells the last code and when that changed, nothing else of this run. */
        set_result(op, op->rc, op->status, NULL, NULL);
        op->run_epoch = 0;
        op->exec_ms = op->queue_ms = 0;
        op->state = OP_SLEEPING;
        timer_arm(core, op, now.ms + op->interval_ms);
    }
}

void
queue_finish(struct execd_core *core, struct execd_now now, struct op *op, const struct exec_result *result)
{
    struct rsc *rsc = op->rsc;

    g_assert(rsc->inflight == op);
    rsc->inflight = NULL;
    if (rsc->active == op) {
        rsc->active = NULL;
    }
    if (op->run_id != 0) {
        g_hash_table_remove(core->runs, GUINT_TO_POINTER(op->run_id));
        op->run_id = 0;
    }
    if (op->is_cancelled) {
        op->exec_ms = op->is_repeat ? 0 : (unsigned) (now.ms - op->handed_ms);
        set_result(op, OCF_RC_OK, EXEC_CANCELLED, NULL, NULL);
        log_finished(op, result->pid);
        drop_cancelled(core, op);
    } else {
        settle(core, now, op, result);
    }
    if (rsc->is_deleted) {
        g_assert(g_queue_is_empty(&rsc->queue) && g_queue_is_empty(&rsc->ready));
        rsc_free(rsc);
    } else {
        start_next(core, now, rsc);
    }
}

void
queue_fail_all(struct execd_core *core, struct execd_now now, struct rsc *rsc, const struct exec_result *result)
{
    g_autoptr(GList) sleeping = g_list_copy(rsc->recurring);

    for (GList *item = sleeping; item != NULL; item = item->next) {
        struct op *op = item->data;

        if (op->state == OP_SLEEPING) {
            settle(core, now, op, result);
        }
    }
    while (!g_queue_is_empty(&rsc->ready) || !g_queue_is_empty(&rsc->queue)) {
        struct op *op;

        if (g_queue_is_empty(&rsc->ready)) {
            timer_disarm(g_queue_peek_head(&rsc->queue));
            hand_over(now, g_queue_peek_head(&rsc->queue));
        }
        op = g_queue_pop_head(&rsc->ready);
        if (rsc->active == op) {
            rsc->active = NULL;
        }
        op->run_epoch = now.epoch;
        settle(core, now, op, result);
    }
    if (rsc->inflight != NULL) {
        queue_finish(core, now, rsc->inflight, result);
    }
}

/* --- time --- */

void
queue_tick(struct execd_core *core, struct execd_now now)
{
    GSequenceIter *first;

    while (!g_sequence_iter_is_end(first = g_sequence_get_begin_iter(core->timers))) {
        struct op *op = g_sequence_get(first);

        if (op->due_ms > now.ms) {
            return;
        }
        timer_disarm(op);
        if (op->state == OP_SLEEPING) {
            make_ready(op);
        }
        start_next(core, now, op->rsc);
    }
}
