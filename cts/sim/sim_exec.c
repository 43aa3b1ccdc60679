/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scripted executor: resources are a bit that start sets and stop clears after some time.  One action at a time a resource, results
 * in the order of execution.  Checks that nothing starts while it is active elsewhere is not done here but in sim_check.c.
 */
#include "cts/sim/sim.h"

#include "daemons/controld/controld_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"

#include <errno.h>

struct recurring {
    char *action;
    unsigned interval_ms;
    long long timeout_ms;
    char *userdata;
    int call_id;
    GHashTable *params;
    uint64_t ran; /* when its first run ended; 0: not yet */
};

struct rsc {
    char *id;
    bool registered;
    bool active;
    uint64_t busy_until;
    GPtrArray *recurring; /* struct recurring */
};

struct sim_exec {
    GHashTable *rscs; /* id -> struct rsc; ordered by `order` */
    GPtrArray *order;
    int last_call;
    unsigned boots; /* actions of an earlier boot are void */
};

static void
recurring_free(gpointer data)
{
    struct recurring *r = data;

    g_free(r->action);
    g_free(r->userdata);
    if (r->params != NULL) {
        g_hash_table_unref(r->params);
    }
    g_free(r);
}

static void
rsc_free(gpointer data)
{
    struct rsc *r = data;

    g_free(r->id);
    g_ptr_array_unref(r->recurring);
    g_free(r);
}

void
sim_exec_boot(struct sim_node *n)
{
    n->exec = g_new0(struct sim_exec, 1);
    n->exec->rscs = g_hash_table_new(g_str_hash, g_str_equal);
    n->exec->order = g_ptr_array_new_with_free_func(rsc_free);
}

void
sim_exec_power_off(struct sim_node *n)
{
    if (n->exec != NULL) {
        g_hash_table_unref(n->exec->rscs);
        g_ptr_array_unref(n->exec->order);
        g_clear_pointer(&n->exec, g_free);
    }
}

static struct rsc *
need(struct sim_node *n, const char *id)
{
    struct rsc *r = g_hash_table_lookup(n->exec->rscs, id);

    if (r == NULL) {
        r = g_new0(struct rsc, 1);
        r->id = g_strdup(id);
        r->recurring = g_ptr_array_new_with_free_func(recurring_free);
        g_ptr_array_add(n->exec->order, r);
        g_hash_table_insert(n->exec->rscs, r->id, r);
    }
    return r;
}

bool
sim_exec_is_active(const struct sim_node *n, const char *rsc)
{
    const struct rsc *r = n->exec != NULL ? g_hash_table_lookup(n->exec->rscs, rsc) : NULL;

    return r != NULL && r->active;
}

void
sim_exec_foreach(struct sim_node *n, sim_exec_fn *fn, void *data)
{
    for (guint i = 0; n->exec != NULL && i < n->exec->order->len; i++) {
        const struct rsc *r = g_ptr_array_index(n->exec->order, i);

        fn(n, r->id, r->active, data);
    }
}

/* --- results --- */

struct job {
    struct sim_node *node;
    unsigned boots; /* of the host: what was begun before it lost power ends with that */
    char *rsc, *action, *userdata;
    unsigned interval_ms;
    long long timeout_ms;
    int call_id;
    int status, rc;
    bool execute; /* else only tell */
    uint64_t begun;
    GHashTable *params;
};

static void
job_free(gpointer data)
{
    struct job *j = data;

    g_free(j->rsc);
    g_free(j->action);
    g_free(j->userdata);
    if (j->params != NULL) {
        g_hash_table_unref(j->params);
    }
    g_free(j);
}

static void
tell(struct sim_node *n, void *arg)
{
    const struct job *j = arg;
    struct ctl_exec_result result = {
        .rsc = j->rsc,
        .action = j->action,
        .userdata = j->userdata,
        .interval_ms = j->interval_ms,
        .timeout_ms = j->timeout_ms,
        .call_id = j->call_id,
        .status = j->status,
        .rc = j->rc,
        .run_time = SIM_EPOCH + (int64_t)(j->begun / SIM_S),
        .change_time = SIM_EPOCH + (int64_t)(n->sim->now / SIM_S), /* of a repeat that changes: when it did */
        .exec_ms = (unsigned)((n->sim->now - j->begun) / SIM_MS),
        .params = j->params,
    };

    sim_ctl_exec_result(n, &result);
}

static struct job *
job_copy(const struct job *j)
{
    struct job *copy = g_memdup2(j, sizeof(*j));

    copy->rsc = g_strdup(j->rsc);
    copy->action = g_strdup(j->action);
    copy->userdata = g_strdup(j->userdata);
    copy->params = j->params != NULL ? g_hash_table_ref(j->params) : NULL;
    return copy;
}

/* The result goes to the controller that is there now; if there is none, it is lost. */
static void
post_result(const struct job *j)
{
    struct sim_node *n = j->node;

    if (n->running[SIM_CTL]) {
        sim_post_to(n, SIM_CTL, &n->ipc[SIM_USER][SIM_CTL], sim_delay(n->sim, 10, 500), tell, job_copy(j), job_free);
    }
}

/* What an action does and says. */
static void
execute(struct job *j, struct rsc *r)
{
    struct sim *s = j->node->sim;
    bool fails = !s->quiet && !s->config.calm && sim_once_in(s, 60);

    j->status = EXEC_DONE;
    j->rc = OCF_RC_OK;
    if (text_equal(j->action, "start")) {
        r->active = true;
        if (fails) {
            r->active = sim_once_in(s, 2);
            j->rc = OCF_RC_ERROR;
        }
    } else if (text_equal(j->action, "stop")) {
        if (fails) {
            j->rc = OCF_RC_ERROR;
        } else if (s->config.mutation != SIM_DOUBLE_ACTIVE || !sim_once_in(s, 4)) {
            r->active = false;
        }
    } else if (text_equal(j->action, "monitor")) {
        j->rc = r->active ? OCF_RC_OK : OCF_RC_NOT_RUNNING;
    }
    sim_trace(s, "%s: %s of %s (call %d): rc %d, %s", j->node->name, j->action, j->rsc, j->call_id, j->rc,
              r->active ? "active" : "not active");
    if (r->active && text_equal(j->action, "start")) {
        sim_check_started(j->node, j->rsc);
    }
}

static void
on_done(struct sim *s, void *arg)
{
    struct job *j = arg;
    struct rsc *r;

    if (j->node->boots != j->boots || !j->node->up) {
        return; /* the host was off meanwhile */
    }
    r = need(j->node, j->rsc);
    if (j->execute) {
        execute(j, r);
    }
    for (guint i = 0; i < r->recurring->len; i++) {
        struct recurring *rec = g_ptr_array_index(r->recurring, i);

        if (rec->call_id == j->call_id && rec->ran == 0) {
            rec->ran = s->now;
        }
    }
    post_result(j);
}

static struct job *
job_new(struct sim_node *n, const struct ctl_effect *e, int call_id)
{
    struct job *j = g_new0(struct job, 1);

    j->node = n;
    j->boots = n->boots;
    j->rsc = g_strdup(e->rsc);
    j->action = g_strdup(e->action);
    j->userdata = g_strdup(e->text);
    j->interval_ms = e->interval_ms;
    j->timeout_ms = e->timeout_ms;
    j->call_id = call_id;
    j->params = e->params != NULL ? g_hash_table_ref(e->params) : NULL;
    j->begun = n->sim->now;
    return j;
}

/* --- requests --- */

static int
run(struct sim_node *n, const struct ctl_effect *e)
{
    struct sim *s = n->sim;
    struct rsc *r = need(n, e->rsc);
    int call_id = ++n->exec->last_call;
    struct job *j = job_new(n, e, call_id);
    uint64_t takes = sim_delay(s, 5 * SIM_MS, 300 * SIM_MS);

    if (e->interval_ms != 0) {
        struct recurring *rec = g_new0(struct recurring, 1);

        *rec = (struct recurring){ g_strdup(e->action), e->interval_ms, e->timeout_ms, g_strdup(e->text), call_id,
                                   e->params != NULL ? g_hash_table_ref(e->params) : NULL, 0 };
        for (guint i = 0; i < r->recurring->len;) {
            const struct recurring *old = g_ptr_array_index(r->recurring, i);

            if (text_equal(old->action, e->action) && old->interval_ms == e->interval_ms) {
                g_ptr_array_remove_index(r->recurring, i);
            } else {
                i++;
            }
        }
        g_ptr_array_add(r->recurring, rec);
    } else if (text_equal(e->action, "stop")) {
        g_ptr_array_set_size(r->recurring, 0);
    }
    j->execute = true;
    r->busy_until = MAX(r->busy_until, s->now + (uint64_t)e->delay_ms * SIM_MS) + takes;
    sim_post(s, r->busy_until - s->now, on_done, j, job_free);
    return call_id;
}

static int
cancel(struct sim_node *n, const struct ctl_effect *e)
{
    struct rsc *r = need(n, e->rsc);

    for (guint i = 0; i < r->recurring->len; i++) {
        const struct recurring *rec = g_ptr_array_index(r->recurring, i);

        if (text_equal(rec->action, e->action) && rec->interval_ms == e->interval_ms) {
            struct job *j = job_new(n, e, rec->call_id);

            g_free(j->userdata);
            j->userdata = g_strdup(rec->userdata);
            j->status = EXEC_CANCELLED;
            g_ptr_array_remove_index(r->recurring, i);
            r->busy_until = MAX(r->busy_until, n->sim->now) + SIM_MS;
            sim_post(n->sim, r->busy_until - n->sim->now, on_done, j, job_free);
            return 0;
        }
    }
    return -ENOENT;
}

struct reply {
    uint64_t cookie;
    int rc;
};

static void
on_reply(struct sim_node *n, void *arg)
{
    const struct reply *r = arg;

    sim_ctl_exec_reply(n, r->cookie, r->rc);
}

void
sim_exec_carry_out(struct sim_node *n, const struct ctl_effect *e)
{
    struct reply *reply;
    int rc = 0;

    switch (e->kind) {
        case CTL_EXEC_REGISTER:
            need(n, e->rsc)->registered = true;
            break;
        case CTL_EXEC_UNREGISTER:
            if (need(n, e->rsc)->registered) {
                need(n, e->rsc)->registered = false;
                g_ptr_array_set_size(need(n, e->rsc)->recurring, 0);
            } else {
                rc = -ENODEV;
            }
            break;
        case CTL_EXEC_CANCEL:
            rc = cancel(n, e);
            break;
        case CTL_EXEC_RUN:
            rc = run(n, e);
            break;
        default:
            return;
    }
    reply = g_new0(struct reply, 1);
    *reply = (struct reply){ e->cookie, rc };
    /* The answer is known at once: nothing can come between. */
    sim_post_to(n, SIM_CTL, &n->ipc[SIM_USER][SIM_CTL], 0, on_reply, reply, g_free);
}

void
sim_exec_hang(struct sim_node *n, uint64_t how_long)
{
    sim_trace(n->sim, "%s: all agents hang for %.1f s", n->name, (double)how_long / (double)SIM_S);
    for (guint i = 0; n->exec != NULL && i < n->exec->order->len; i++) {
        struct rsc *r = g_ptr_array_index(n->exec->order, i);

        r->busy_until = MAX(r->busy_until, n->sim->now + how_long);
    }
}

void
sim_exec_fail(struct sim_node *n, const char *rsc)
{
    struct rsc *r = n->exec != NULL ? g_hash_table_lookup(n->exec->rscs, rsc) : NULL;

    /* What nobody watches would be missed by nobody. */
    if (r == NULL || !r->active || r->recurring->len == 0) {
        return;
    }
    sim_trace(n->sim, "%s: %s dies", n->name, rsc);
    r->active = false;
    for (guint i = 0; i < r->recurring->len; i++) {
        const struct recurring *rec = g_ptr_array_index(r->recurring, i);
        uint64_t interval = (uint64_t)rec->interval_ms * SIM_MS, next;
        struct job *j;

        if (rec->ran == 0) {
            continue; /* the first run is to come, and will find it */
        }
        /*
         * The next repeat, and none sooner: two results of one call within a second would have one time stamp, and the scheduler believes the
         * good one then, as the peers' does.
         */
        next = rec->ran + ((n->sim->now - rec->ran) / interval + 1) * interval;
        j = g_new0(struct job, 1);
        *j = (struct job){
            .node = n, .boots = n->boots, .rsc = g_strdup(rsc), .action = g_strdup(rec->action),
            .userdata = g_strdup(rec->userdata), .interval_ms = rec->interval_ms, .timeout_ms = rec->timeout_ms,
            .call_id = rec->call_id, .rc = OCF_RC_NOT_RUNNING, .begun = n->sim->now,
            .params = rec->params != NULL ? g_hash_table_ref(rec->params) : NULL,
        };
        r->busy_until = MAX(r->busy_until, next) + sim_delay(n->sim, SIM_MS, 300 * SIM_MS);
        sim_post(n->sim, r->busy_until - n->sim->now, on_done, j, job_free);
    }
}
