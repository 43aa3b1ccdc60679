/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor side of resource actions on this node: what requests ask for, acknowledgements, results and the executor's
 * answers.  Called by message routing (destination `lrmd`) and by executor events.
 * Never runs an agent and never judges results for the graph.  (spec 30 §12)
 */
#include "daemons/controld/core_exec.h"

#include "lib/base/log.h"
#include "lib/exec/lrmd_client.h"

#include <errno.h>
#include <string.h>

#define CALL_ID_UNKNOWN 999999999

/* ---- resources ---- */

struct lrm_rsc *
lrm_rsc_find(const struct lrm *lrm, const xmlNode *primitive)
{
    struct lrm_rsc *rsc = xml_id(primitive) != NULL ? g_hash_table_lookup(lrm->resources, xml_id(primitive)) : NULL;

    if (rsc == NULL && xml_get(primitive, "long-id") != NULL) {
        rsc = g_hash_table_lookup(lrm->resources, xml_get(primitive, "long-id"));
    }
    return rsc;
}

/* A resource that was never seen, from its definition in a request; NULL if that is unusable. */
struct lrm_rsc *
lrm_rsc_new(struct lrm *lrm, const xmlNode *primitive)
{
    const char *id = xml_id(primitive), *class = xml_get(primitive, "class"), *type = xml_get(primitive, "type"),
               *provider = xml_get(primitive, "provider");
    struct lrm_rsc *rsc;

    if (id == NULL || class == NULL || type == NULL || (text_equal_nocase(class, "ocf") && provider == NULL)) {
        return NULL;
    }
    rsc = g_new0(struct lrm_rsc, 1);
    rsc->lrm = lrm;
    rsc->id = g_strdup(id);
    rsc->agent.standard = g_strdup(class);
    rsc->agent.provider = g_strdup(provider);
    rsc->agent.type = g_strdup(type);
    rsc->recurring = g_ptr_array_new_with_free_func(op_record_free);
    rsc->ops = g_ptr_array_new_with_free_func(lrm_op_free);
    g_hash_table_insert(lrm->resources, rsc->id, rsc);
    return rsc;
}

/* ---- waiting for the executor's immediate answers ---- */

void
delete_request_free(gpointer data)
{
    struct delete_request *d = data;

    if (d == NULL) {
        return;
    }
    g_free(d->rsc);
    g_free(d->key);
    g_free(d->from_sys);
    g_free(d->from_host);
    g_free(d->user);
    g_free(d->node);
    g_free(d);
}

void
exec_wait_free(gpointer data)
{
    struct exec_wait *w = data;

    delete_request_free(w->deletion);
    g_free(w->rsc);
    g_free(w->action);
    g_free(w->ack_sys);
    g_free(w->ack_host);
    g_free(w->ack_key);
    g_free(w);
}

/* An effect for the shell, or for the agent of connections to remote nodes, which is part of this program. */
static struct ctl_effect *
effect_for(struct controld *c, const struct lrm *lrm, enum ctl_effect_kind kind, const char *rsc)
{
    const struct lrm_rsc *known = g_hash_table_lookup(lrm->resources, rsc);
    struct ctl_effect *e;

    if (known == NULL || !remote_is_connection(known)) {
        e = effect_new(c, kind);
        e->node = lrm->remote ? g_strdup(lrm->node) : NULL;
        return e;
    }
    e = g_new0(struct ctl_effect, 1);
    e->kind = kind;
    g_queue_push_tail(&c->remote_inbox, e);
    return e;
}

struct ctl_effect *
exec_effect(struct controld *c, struct lrm *lrm, enum ctl_effect_kind kind, enum wait_kind wait, const char *rsc, struct exec_wait **out)
{
    struct ctl_effect *e = effect_for(c, lrm, kind, rsc);
    struct exec_wait *w = g_new0(struct exec_wait, 1);

    w->lrm = lrm;
    e->cookie = ++c->cookie;
    e->rsc = g_strdup(rsc);
    w->kind = wait;
    w->rsc = g_strdup(rsc);
    g_hash_table_insert(c->exec_waits, g_memdup2(&e->cookie, sizeof e->cookie), w);
    if (out != NULL) {
        *out = w;
    }
    return e;
}

/* ---- direct acknowledgements (spec 30 §12.6) ---- */

bool
lrm_is_recorded(const char *action)
{
    return !text_is_one_of(action, "cancel", "delete", "notify", "meta-data", NULL);
}

void
lrm_ack(struct controld *c, const struct lrm *lrm, const char *rsc_id, const struct op_record *op, const char *to_sys, const char *to_host)
{
    struct lrm_rsc *known = lrm->resources != NULL ? g_hash_table_lookup(lrm->resources, rsc_id) : NULL, shell = { .id = (char *)rsc_id };
    xmlNode *state = xml_new(NULL, "node_state"), *history, *resource, *msg;

    xml_set(state, "id", lrm->uuid);
    xml_set(state, "uname", lrm->node);
    xml_set(state, "crm-debug-origin", "controld_ack_event_directly");
    history = xml_new(state, "lrm");
    xml_set(history, "id", lrm->uuid);
    resource = xml_new(xml_new(history, "lrm_resources"), "lrm_resource");
    xml_set(resource, "id", rsc_id);
    history_append(c, resource, known != NULL ? known : &shell, op, "controld_ack_event_directly");
    if (text_equal(to_sys, SYS_TENGINE)) {
        to_host = c->dc;
    }
    log_debug("Acknowledging %s of %s directly to %s", op->action, rsc_id, to_sys);
    msg = msg_new(c, CRM_TASK_LRM_INVOKE, to_sys, SYS_LRMD, to_host, state);
    xml_set(msg, F_SRC, c->cfg.node_name);
    route_message(c, msg, false);
}

/* An acknowledgement for something that never reached the executor. */
void
lrm_ack_made_up(struct controld *c, const struct lrm *lrm, const char *rsc_id, const char *action, guint interval_ms, const char *key,
                int status, int rc, const char *reason, const char *to_sys, const char *to_host)
{
    struct op_record *op = op_record_new(rsc_id, action, interval_ms);

    op->userdata = g_strdup(key);
    op->status = status;
    op->rc = rc;
    op->call_id = 0;
    op->reason = g_strdup(reason);
    op->params = g_hash_table_new(g_str_hash, g_str_equal);
    lrm_ack(c, lrm, rsc_id, op, to_sys, to_host);
    op_record_free(op);
}

/* ---- results ---- */

/* Statuses that an old DC does not know (spec 30 §12.5). */
static void
downgrade_for_old_dc(const struct controld *c, struct op_record *op)
{
    if (c->dc_version == NULL || text_compare_versions(c->dc_version, "3.2.0") >= 0) {
        return;
    }
    if (op->status == EXEC_NOT_CONNECTED) {
        op->status = EXEC_ERROR;
        op->rc = OCF_RC_CONNECTION_DIED;
    } else if (op->status == EXEC_INVALID) {
        op->status = EXEC_ERROR;
        op->rc = 99;
    }
}

static bool
keeps_lock(const struct op_record *op)
{
    return (text_equal(op->action, "stop") && op->rc == OCF_RC_OK && op->status == EXEC_DONE)
           || (text_equal(op->action, "monitor") && op->interval_ms == 0 && op->rc == OCF_RC_NOT_RUNNING);
}

void
lrm_delete_entry(struct controld *c, const struct lrm *lrm, const struct op_record *op)
{
    g_autofree char *key = op_key_new(op->rsc, op->action, op->interval_ms);

    if (lrm->batch != NULL) {
        xmlNode *resource = xml_find(lrm->batch, "lrm_resource", "id", op->rsc);

        xml_free(resource != NULL ? xml_find(resource, "lrm_rsc_op", "id", key) : NULL);
    }
    cib_drop_xpath(c, 0, "//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[@id='%s']/lrm_rsc_op[@id='%s']",
                     lrm->node, op->rsc, key);
}

/* The line that people and log watchers look for: in the words of the peers, also which actions are probes. */
static void
log_result(const struct lrm *lrm, const struct op_record *op)
{
    const char *what = op_record_word(op);
    g_autofree char *reason = op->reason == NULL || *op->reason == '\0' ? g_strdup("") : g_strdup_printf(" (%s)", op->reason);

    if (op->status == EXEC_CANCELLED) {
        log_info("Result of %s operation for %s on %s: Cancelled" LOG_XT "call=%d key=%s_%s_%u confirmed=true", what, op->rsc,
                 lrm->node, op->call_id, op->rsc, op->action, op->interval_ms);
    } else if (op->status == EXEC_DONE) {
        log_notice("Result of %s operation for %s on %s: %s%s" LOG_XT "rc=%d call=%d key=%s_%s_%u", what, op->rsc, lrm->node,
                   ocf_rc_text(op->rc), reason, op->rc, op->call_id, op->rsc, op->action, op->interval_ms);
    } else {
        bool late = op->status == EXEC_TIMEOUT && op->timeout_ms > 0;

        log_notice("Result of %s operation for %s on %s: %s%s%s%s" LOG_XT "rc=%d call=%d key=%s_%s_%u", what, op->rsc, lrm->node,
                   exec_status_text(op->status), late ? " after " : "",
                   late ? text_readable_interval((guint)MIN(op->timeout_ms, G_MAXUINT)) : "", reason, op->rc, op->call_id, op->rsc,
                   op->action, op->interval_ms);
    }
}

/* A cancelled operation: who waits for it?  (spec 30 §12.5) */
static void
cancelled(struct controld *c, struct lrm_rsc *rsc, const struct lrm_op *op, bool deleted)
{
    const struct op_record *rec = op->rec;

    if (rec->interval_ms == 0 || deleted) {
        lrm_ack(c, rsc->lrm, rsc->id, rec, SYS_TENGINE, NULL);
    } else if (op->remove) {
        bool failed = rsc->failed != NULL && rsc->failed->interval_ms == rec->interval_ms && text_equal(rsc->failed->action, rec->action);

        lrm_delete_entry(c, rsc->lrm, rec);
        if (failed) {
            /* The entry is last_failure, which stays: nothing in the CIB will tell the DC. */
            lrm_ack(c, rsc->lrm, rsc->id, rec, SYS_TENGINE, NULL);
        }
    }
}

static void
take_result(struct controld *c, struct lrm_rsc *rsc, struct lrm_op *op, bool deleted)
{
    struct op_record *rec = op->rec;

    if (rec->status == EXEC_ERROR
        && (rec->rc == OCF_RC_NOT_RUNNING || rec->rc == OCF_RC_PROMOTED || rec->rc == OCF_RC_DEGRADED
            || rec->rc == OCF_RC_DEGRADED_PROMOTED)) {
        rec->status = EXEC_DONE; /* a definite answer: the DC judges it */
    }
    downgrade_for_old_dc(c, rec);
    log_result(rsc->lrm, rec);
    if (rec->status == EXEC_CANCELLED) {
        cancelled(c, rsc, op, deleted);
    } else if (!lrm_is_recorded(rec->action) || deleted) {
        lrm_ack(c, rsc->lrm, rsc->id, rec, op->from_sys, op->from_host);
    } else {
        const char *lock = op->lock == NULL ? NULL : keeps_lock(rec) ? op->lock : "0";

        history_queue(c, rsc, rec, lock, op->reported);
    }
    alert_resource(c, rec);
    history_remember(rsc, rec);
    op->reported = true;
}

/* The operation an event belongs to. */
struct lrm_op *
lrm_op_find(const struct lrm_rsc *rsc, const char *action, guint interval_ms, const char *userdata)
{
    for (unsigned i = rsc->ops->len; i > 0; i--) {
        struct lrm_op *op = rsc->ops->pdata[i - 1];

        if (op->rec->interval_ms == interval_ms && text_equal(op->rec->action, action)
            && (userdata == NULL || text_equal(op->rec->userdata, userdata))) {
            return op;
        }
    }
    return NULL;
}

/* Whether an action is under way that runs once; or, if asked for, the first run of a recurring one. */
static bool
is_busy(const struct lrm_rsc *rsc, bool first_runs_too)
{
    for (unsigned i = 0; i < rsc->ops->len; i++) {
        const struct lrm_op *op = rsc->ops->pdata[i];

        if (op->rec->interval_ms == 0 || (first_runs_too && !op->reported)) {
            return true;
        }
    }
    return false;
}

void
exec_result(struct controld *c, struct lrm *lrm, const struct ctl_exec_result *r)
{
    struct lrm_rsc *rsc = r->rsc != NULL ? g_hash_table_lookup(lrm->resources, r->rsc) : NULL;
    struct lrm_op *op = rsc != NULL ? lrm_op_find(rsc, r->action, r->interval_ms, r->userdata) : NULL;
    if (op == NULL) {
        log_info("Ignoring result of %s of %s: this process did not ask for it", r->action, r->rsc);
        return;
    }
    if (op->adopted && r->params != NULL) {
        g_hash_table_unref(op->rec->params);
        op->rec->params = g_hash_table_ref(r->params);
        op->adopted = false;
    }
    op->rec->call_id = r->call_id;
    op->rec->status = r->status;
    op->rec->rc = r->rc;
    g_free(op->rec->reason);
    op->rec->reason = g_strdup(r->exit_reason);
    op->rec->run_time = r->run_time;
    op->rec->change_time = r->change_time;
    op->rec->exec_ms = r->exec_ms;
    op->rec->queue_ms = r->queue_ms;
    take_result(c, rsc, op, r->deleted);
    if (r->interval_ms == 0 || r->status == EXEC_CANCELLED) {
        g_ptr_array_remove(rsc->ops, op);
    }
    if (rsc->deleting != NULL && !is_busy(rsc, true)) {
        lrm_finish_deletion(c, g_steal_pointer(&rsc->deleting));
    }
}

void
ctl_on_exec_result(struct controld *c, struct ctl_time t, const struct ctl_exec_result *r)
{
    struct lrm *lrm;

    event_begin(c, t);
    lrm = r->node != NULL ? lrm_of(c, r->node) : &c->local;
    if (lrm != NULL) {
        exec_result(c, lrm, r);
    }
    event_end(c);
}

/* A result for an action that the executor never had (spec 30 §12.1). */
void
lrm_fabricate(struct controld *c, struct lrm_rsc *rsc, struct lrm_op *take_op, int status, int rc, const char *reason)
{
    struct op_record *rec = take_op->rec;

    rec->call_id = rsc->last_call > 0 ? rsc->last_call + 1 : CALL_ID_UNKNOWN;
    rec->run_time = rec->change_time = now_epoch(c);
    rec->status = text_equal(rec->action, "notify") ? EXEC_DONE : status;
    rec->rc = text_equal(rec->action, "notify") ? OCF_RC_OK : rc;
    g_free(rec->reason);
    rec->reason = g_strdup(reason);
    take_result(c, rsc, take_op, false);
    lrm_op_free(take_op);
}

/* ---- requests ---- */

static void
parse_request(struct controld *c, const xmlNode *msg, struct lrm_request *r)
{
    const char *task = xml_get(msg, F_CRM_TASK);

    r->data = msg_payload(msg);
    r->primitive = r->data != NULL ? xml_first(r->data, "primitive") : NULL;
    r->from_sys = xml_get(msg, F_CRM_SYS_FROM);
    r->from_host = xml_get(msg, F_SRC);
    r->user = xml_get(msg, F_CRM_USER);
    r->by_dc = text_equal(r->from_sys, SYS_TENGINE);
    r->node = r->data != NULL ? xml_get(r->data, "on_node") : NULL;
    if (r->node == NULL) {
        r->node = c->cfg.node_name;
    }
    r->lrm = lrm_of(c, r->node);
    r->key = r->data != NULL ? xml_get(r->data, "transition-key") : NULL;
    if (r->key == NULL) {
        r->key = xml_get(msg, "transition-key");
    }
    if (text_equal(task, CRM_TASK_LRM_DELETE)) {
        r->operation = "delete";
    } else if (text_equal(task, CRM_TASK_LRM_FAIL)) {
        r->operation = CRM_TASK_LRM_FAIL;
    } else if (text_equal(task, CRM_TASK_PROBE_AGAIN)) {
        r->operation = CRM_TASK_PROBE_AGAIN;
    } else if (text_equal(task, CRM_TASK_LRM_REFRESH)) {
        r->operation = CRM_TASK_LRM_REFRESH;
    } else {
        r->operation = r->data != NULL ? xml_get(r->data, "operation") : NULL;
    }
}

void
lrm_on_request(struct controld *c, const xmlNode *msg)
{
    struct lrm_request r = { 0 };

    parse_request(c, msg, &r);
    if (text_equal(r.operation, CRM_TASK_LRM_REFRESH)) {
        return;
    }
    if (text_equal(r.operation, CRM_TASK_PROBE_AGAIN)) {
        lrm_probe_again(c, &r);
        return;
    }
    if (r.by_dc && c->state == S_STARTING) {
        /* The DC does not know yet that our predecessor is gone, and will not wait for it.  A made-up failure would stay in the CIB. */
        log_notice("Ignoring the DC's request %s, which was meant for the controller that ran here before", r.key);
        return;
    }
    if (r.primitive == NULL || xml_id(r.primitive) == NULL || r.operation == NULL) {
        log_err("Ignoring incomplete resource request %s from %s", xml_get(msg, F_REFERENCE), r.from_host);
        return;
    }
    if (text_equal(r.operation, "delete")) {
        lrm_delete(c, &r);
    } else if (text_equal(r.operation, CRM_TASK_LRM_FAIL)) {
        lrm_fail(c, &r);
    } else if (text_equal(r.operation, "cancel")) {
        lrm_cancel_request(c, &r);
    } else {
        lrm_execute(c, &r);
    }
}

/* ---- the executor's answers ---- */

/* A run was refused: the action has failed without being tried. */
static void
run_refused(struct controld *c, struct lrm_rsc *rsc, uint64_t cookie, int rc)
{
    for (unsigned i = 0; i < rsc->ops->len; i++) {
        struct lrm_op *op = rsc->ops->pdata[i];

        if (op->cookie == cookie) {
            log_err("The executor refused %s of %s: %s", op->rec->action, rsc->id, legacy_text(rc));
            lrm_fabricate(c, rsc, g_ptr_array_steal_index(rsc->ops, i), EXEC_NOT_CONNECTED, OCF_RC_ERROR,
                      rc == -ENODEV ? "Could not register resource with executor" : "Executor refused the request");
            if (!rsc->lrm->remote) {
                fsa_raise(c, I_FAIL, NULL, "the executor refused an action");
            }
            return;
        }
    }
}

static void
answer_run(struct controld *c, const struct exec_wait *w, uint64_t cookie, int rc)
{
    struct lrm_rsc *rsc = g_hash_table_lookup(w->lrm->resources, w->rsc);

    if (rsc == NULL) {
        return;
    }
    if (rc <= 0) {
        run_refused(c, rsc, cookie, rc);
        return;
    }
    for (unsigned i = 0; i < rsc->ops->len; i++) {
        struct lrm_op *op = rsc->ops->pdata[i];

        if (op->cookie == cookie) {
            op->rec->call_id = rc;
            op->cookie = 0;
        }
    }
    rsc->last_call = MAX(rsc->last_call, rc);
}

static void
answer_cancel(struct controld *c, const struct exec_wait *w, int rc)
{
    struct lrm_rsc *rsc = g_hash_table_lookup(w->lrm->resources, w->rsc);
    struct lrm_op *op;

    if (rc >= 0 || w->action == NULL || rsc == NULL) {
        return; /* the result event follows, or nobody waits */
    }
    op = lrm_op_find(rsc, w->action, w->interval_ms, NULL);
    log_info("%s of %s was not running any more when it was cancelled", w->action, w->rsc);
    if (op != NULL) {
        lrm_delete_entry(c, w->lrm, op->rec);
        g_ptr_array_remove(rsc->ops, op);
    }
    lrm_ack_made_up(c, w->lrm, w->rsc, "cancel", w->interval_ms, w->ack_key, EXEC_DONE, OCF_RC_OK, NULL, w->ack_sys, w->ack_host);
}

static void
answer_unregister(struct controld *c, struct exec_wait *w, int rc)
{
    struct delete_request *d = g_steal_pointer(&w->deletion);
    struct lrm_rsc *rsc = g_hash_table_lookup(w->lrm->resources, w->rsc);

    if (d == NULL) {
        return;
    }
    if (rc == -EINPROGRESS && rsc != NULL && is_busy(rsc, true)) {
        log_info("Deletion of %s waits for an action in progress", w->rsc);
        delete_request_free(rsc->deleting);
        rsc->deleting = d;
    } else if (rc >= 0 || rc == -EINPROGRESS || rc == -ENODEV) {
        lrm_finish_deletion(c, d);
    } else {
        log_err("The executor did not forget %s: %s", w->rsc, legacy_text(rc));
        lrm_ack_made_up(c, w->lrm, d->rsc, "delete", 0, d->key, EXEC_ERROR, OCF_RC_ERROR, legacy_text(rc), d->from_sys, d->from_host);
        delete_request_free(d);
    }
}

void
exec_reply(struct controld *c, uint64_t cookie, int rc)
{
    gpointer key, value;
    struct exec_wait *w;

    if (!g_hash_table_steal_extended(c->exec_waits, &cookie, &key, &value)) {
        return;
    }
    g_free(key);
    w = value;
    switch (w->kind) {
        case WAIT_REGISTER:
            if (rc < 0) {
                struct lrm_rsc *rsc = g_hash_table_lookup(w->lrm->resources, w->rsc);

                log_err("Could not register resource %s with the executor: %s", w->rsc, legacy_text(rc));
                if (rsc != NULL) {
                    rsc->registered = false;
                }
            }
            break;
        case WAIT_RUN:
            answer_run(c, w, cookie, rc);
            break;
        case WAIT_CANCEL:
            answer_cancel(c, w, rc);
            break;
        case WAIT_UNREGISTER:
            answer_unregister(c, w, rc);
            break;
    }
    exec_wait_free(w);
}

void
ctl_on_exec_reply(struct controld *c, struct ctl_time t, uint64_t cookie, int rc)
{
    event_begin(c, t);
    exec_reply(c, cookie, rc);
    event_end(c);
}

void
lrm_adopt(struct lrm *lrm, const xmlNode *resources)
{
    xml_for_each (resource, resources, "lrm_resource") {
        struct lrm_rsc *rsc = lrm_rsc_find(lrm, resource);

        if (rsc == NULL) {
            rsc = lrm_rsc_new(lrm, resource);
        }
        if (rsc == NULL) {
            continue;
        }
        rsc->registered = true;
        xml_for_each (entry, resource, "lrm_rsc_op") {
            long long interval = xml_get_int(entry, "interval", 0);
            const char *action = xml_get(entry, "operation");
            struct lrm_op *op;

            rsc->last_call = MAX(rsc->last_call, (int)xml_get_int(entry, "call-id", 0));
            if (interval <= 0 || action == NULL || lrm_op_find(rsc, action, (guint)interval, NULL) != NULL) {
                continue;
            }
            op = g_new0(struct lrm_op, 1);
            op->rec = op_record_new(rsc->id, action, (guint)interval);
            op->rec->params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
            op->rec->userdata = g_strdup(xml_get(entry, "transition-key"));
            op->rec->call_id = (int)xml_get_int(entry, "call-id", 0);
            op->reported = op->adopted = true;
            g_ptr_array_add(rsc->ops, op);
        }
    }
}

void
lrm_fail_running(struct controld *c, struct lrm *lrm, const char *why)
{
    g_autoptr(GList) resources = g_hash_table_get_values(lrm->resources);

    for (const GList *l = resources; l != NULL; l = l->next) {
        struct lrm_rsc *rsc = l->data;

        for (unsigned i = rsc->ops->len; i > 0; i--) {
            struct lrm_op *op = rsc->ops->pdata[i - 1];

            if (!op->reported) {
                lrm_fabricate(c, rsc, g_ptr_array_steal_index(rsc->ops, i - 1), EXEC_NOT_CONNECTED, OCF_RC_ERROR, why);
            }
        }
    }
}

/* ---- connection ---- */

void
ctl_on_exec_connected(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    c->exec_connected = true;
    event_end(c);
}

void
ctl_on_exec_failed(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    fsa_raise(c, I_ERROR, NULL, "cannot connect to the executor");
    event_end(c);
}

void
ctl_on_exec_lost(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    c->exec_connected = false;
    if (c->state < S_STOPPING && !c->exited) {
        log_crit("Lost connection to the local executor");
        fsa_raise(c, I_ERROR, NULL, "lost the executor");
    }
    event_end(c);
}

/* ---- leaving (spec 30 §12.8) ---- */

bool
lrm_busy(const struct controld *c)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, c->local.resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (is_busy(value, false)) {
            return true;
        }
    }
    return false;
}

void
lrm_cancel_all(struct controld *c)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, c->local.resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        lrm_cancel_recurring(c, value);
    }
}

/* Is the resource running as far as its last result says? */
static bool
is_active(const struct lrm_rsc *rsc)
{
    const struct op_record *last = rsc->last;

    if (last == NULL) {
        return false;
    }
    if (last->rc == OCF_RC_OK && text_is_one_of(last->action, "stop", "migrate_to", NULL)) {
        return false;
    }
    return last->rc != OCF_RC_NOT_RUNNING && last->rc != OCF_RC_NOT_CONFIGURED;
}

void
lrm_log_active(struct controld *c)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, c->local.resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct lrm_rsc *rsc = value;

        if (is_active(rsc)) {
            log_err("Resource %s was active at shutdown (last action %s)", rsc->id, rsc->last->action);
        }
    }
}
