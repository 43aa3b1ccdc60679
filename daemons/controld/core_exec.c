/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor side of resource actions on this node: taking requests, preconditions, handing over, results,
 * cancelling.  Called by message routing (destination `lrmd`) and by executor events.
 * Never runs an agent and never judges results for the graph.  (spec 30 §12)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"
#include "lib/exec/lrmd_client.h"

#include <errno.h>
#include <string.h>

#define CALL_ID_UNKNOWN 999999999
/* A recurring operation that starts later than this does not keep its transition waiting. */
#define LONG_START_DELAY_MS (5 * 60 * 1000)

/* ---- resources ---- */

static struct lrm_rsc *
rsc_find(struct controld *c, const xmlNode *primitive)
{
    struct lrm_rsc *rsc = xml_id(primitive) != NULL ? g_hash_table_lookup(c->resources, xml_id(primitive)) : NULL;

    if (rsc == NULL && xml_get(primitive, "long-id") != NULL) {
        rsc = g_hash_table_lookup(c->resources, xml_get(primitive, "long-id"));
    }
    return rsc;
}

/* A resource that was never seen, from its definition in a request; NULL if that is unusable. */
static struct lrm_rsc *
rsc_new(struct controld *c, const xmlNode *primitive)
{
    const char *id = xml_id(primitive), *class = xml_get(primitive, "class"), *type = xml_get(primitive, "type"),
               *provider = xml_get(primitive, "provider");
    struct lrm_rsc *rsc;

    if (id == NULL || class == NULL || type == NULL || (text_equal_nocase(class, "ocf") && provider == NULL)) {
        return NULL;
    }
    rsc = g_new0(struct lrm_rsc, 1);
    rsc->id = g_strdup(id);
    rsc->agent.standard = g_strdup(class);
    rsc->agent.provider = g_strdup(provider);
    rsc->agent.type = g_strdup(type);
    rsc->recurring = g_ptr_array_new_with_free_func(op_record_free);
    rsc->ops = g_ptr_array_new_with_free_func(lrm_op_free);
    g_hash_table_insert(c->resources, rsc->id, rsc);
    return rsc;
}

/* ---- waiting for the executor's immediate answers ---- */

enum wait_kind { WAIT_REGISTER, WAIT_RUN, WAIT_CANCEL, WAIT_UNREGISTER };

struct exec_wait {
    enum wait_kind kind;
    char *rsc;
    struct delete_request *deletion; /* WAIT_UNREGISTER */
    char *action; /* WAIT_CANCEL */
    guint interval_ms;
    char *ack_sys, *ack_host, *ack_key; /* WAIT_CANCEL by the DC: whom to tell */
};

/* A resource that is to be forgotten, and who wants to know. */
struct delete_request {
    char *rsc, *key, *from_sys, *from_host, *user;
    char *node; /* whose history */
    bool by_dc, cib_only;
};

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

static struct ctl_effect *
exec_effect(struct controld *c, enum ctl_effect_kind kind, enum wait_kind wait, const char *rsc, struct exec_wait **out)
{
    struct ctl_effect *e = effect_new(c, kind);
    struct exec_wait *w = g_new0(struct exec_wait, 1);

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

static bool
is_recorded(const char *action)
{
    return !text_is_one_of(action, "cancel", "delete", "notify", "meta-data", NULL);
}

static void
ack_directly(struct controld *c, const char *rsc_id, const struct op_record *op, const char *to_sys, const char *to_host)
{
    struct lrm_rsc *known = g_hash_table_lookup(c->resources, rsc_id), shell = { .id = (char *)rsc_id };
    xmlNode *state = xml_new(NULL, "node_state"), *lrm, *resource, *msg;

    xml_set(state, "id", c->uuid);
    xml_set(state, "uname", c->cfg.node_name);
    xml_set(state, "crm-debug-origin", "controld_ack_event_directly");
    lrm = xml_new(state, "lrm");
    xml_set(lrm, "id", c->uuid);
    resource = xml_new(xml_new(lrm, "lrm_resources"), "lrm_resource");
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
static void
ack_made_up(struct controld *c, const char *rsc_id, const char *action, guint interval_ms, const char *key, int status, int rc,
            const char *reason, const char *to_sys, const char *to_host)
{
    struct op_record *op = op_record_new(rsc_id, action, interval_ms);

    op->userdata = g_strdup(key);
    op->status = status;
    op->rc = rc;
    op->call_id = 0;
    op->reason = g_strdup(reason);
    op->params = g_hash_table_new(g_str_hash, g_str_equal);
    ack_directly(c, rsc_id, op, to_sys, to_host);
    op_record_free(op);
}

/* ---- results ---- */

static void finish_deletion(struct controld *c, struct delete_request *take);

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

static void
delete_entry(struct controld *c, const struct op_record *op)
{
    g_autofree char *key = op_key_new(op->rsc, op->action, op->interval_ms);

    if (c->batch != NULL) {
        xmlNode *resource = xml_find(c->batch, "lrm_resource", "id", op->rsc);

        xml_free(resource != NULL ? xml_find(resource, "lrm_rsc_op", "id", key) : NULL);
    }
    cib_drop_xpath(c, 0, "//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[@id='%s']/lrm_rsc_op[@id='%s']",
                     c->cfg.node_name, op->rsc, key);
}

static void
log_result(const struct controld *c, const struct op_record *op)
{
    if (op->status == EXEC_CANCELLED) {
        log_info("Result of %s operation for %s: Cancelled" LOG_XT "call=%d key=%s_%s_%u confirmed=true", op->action, op->rsc,
                 op->call_id, op->rsc, op->action, op->interval_ms);
    } else if (op->status == EXEC_DONE) {
        log_notice("Result of %s operation for %s: %s" LOG_XT "rc=%d call=%d key=%s_%s_%u", op->action, op->rsc, ocf_rc_text(op->rc),
                   op->rc, op->call_id, op->rsc, op->action, op->interval_ms);
    } else {
        log_notice("Result of %s operation for %s: %s%s%s%s" LOG_XT "rc=%d call=%d key=%s_%s_%u", op->action, op->rsc,
                   exec_status_text(op->status), op->reason != NULL ? " (" : "", op->reason != NULL ? op->reason : "",
                   op->reason != NULL ? ")" : "", op->rc, op->call_id, op->rsc, op->action, op->interval_ms);
    }
}

/* A cancelled operation: who waits for it?  (spec 30 §12.5) */
static void
cancelled(struct controld *c, struct lrm_rsc *rsc, const struct lrm_op *op, bool deleted)
{
    const struct op_record *rec = op->rec;

    if (rec->interval_ms == 0 || deleted) {
        ack_directly(c, rsc->id, rec, SYS_TENGINE, NULL);
    } else if (op->remove) {
        bool failed = rsc->failed != NULL && rsc->failed->interval_ms == rec->interval_ms && text_equal(rsc->failed->action, rec->action);

        delete_entry(c, rec);
        if (failed) {
            /* The entry is last_failure, which stays: nothing in the CIB will tell the DC. */
            ack_directly(c, rsc->id, rec, SYS_TENGINE, NULL);
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
    log_result(c, rec);
    if (rec->status == EXEC_CANCELLED) {
        cancelled(c, rsc, op, deleted);
    } else if (!is_recorded(rec->action) || deleted) {
        ack_directly(c, rsc->id, rec, op->from_sys, op->from_host);
    } else {
        const char *lock = op->lock == NULL ? NULL : keeps_lock(rec) ? op->lock : "0";

        history_queue(c, rsc, rec, lock, op->reported);
    }
    alert_resource(c, rec);
    history_remember(c, rsc, rec);
    op->reported = true;
}

/* The operation an event belongs to. */
static struct lrm_op *
op_find(const struct lrm_rsc *rsc, const char *action, guint interval_ms, const char *userdata)
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

static bool
has_oneshots(const struct lrm_rsc *rsc)
{
    for (unsigned i = 0; i < rsc->ops->len; i++) {
        if (((const struct lrm_op *)rsc->ops->pdata[i])->rec->interval_ms == 0) {
            return true;
        }
    }
    return false;
}

void
ctl_on_exec_result(struct controld *c, struct ctl_time t, const struct ctl_exec_result *r)
{
    struct lrm_rsc *rsc;
    struct lrm_op *op;

    event_begin(c, t);
    rsc = r->rsc != NULL ? g_hash_table_lookup(c->resources, r->rsc) : NULL;
    op = rsc != NULL ? op_find(rsc, r->action, r->interval_ms, r->userdata) : NULL;
    if (op == NULL) {
        log_info("Ignoring result of %s of %s: this process did not ask for it", r->action, r->rsc);
        event_end(c);
        return;
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
    if (rsc->deleting != NULL && !has_oneshots(rsc)) {
        finish_deletion(c, g_steal_pointer(&rsc->deleting));
    }
    event_end(c);
}

/* A result for an action that the executor never had (spec 30 §12.1). */
static void
fabricate(struct controld *c, struct lrm_rsc *rsc, struct lrm_op *take_op, int status, int rc, const char *reason)
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

/* ---- running ---- */

/* An action on its way to the executor; waits in waiting_ops for meta-data. */
struct op_request {
    char *rsc;
    struct lrm_op *op;
    uint64_t meta; /* cookie of the meta-data it waits for, 0: only for its turn */
};

void
op_request_free(gpointer data)
{
    struct op_request *r = data;

    if (r->op != NULL) {
        lrm_op_free(r->op);
    }
    g_free(r->rsc);
    g_free(r);
}

static const char *
meta_param(const struct op_record *rec, const char *name)
{
    return rec->params != NULL ? g_hash_table_lookup(rec->params, name) : NULL;
}

static long long
int_param(const struct op_record *rec, const char *name, long long def)
{
    const char *value = meta_param(rec, name);
    long long n;

    return value != NULL && text_parse_int(value, &n) ? n : def;
}

static void
cancel_op(struct controld *c, const struct lrm_rsc *rsc, struct lrm_op *op, struct exec_wait **wait)
{
    struct ctl_effect *e = exec_effect(c, CTL_EXEC_CANCEL, WAIT_CANCEL, rsc->id, wait);

    op->cancelled = true;
    e->action = g_strdup(op->rec->action);
    e->interval_ms = op->rec->interval_ms;
}

/* Before an action that changes the resource, nothing recurring may look at it (spec 30 §12.4). */
static void
cancel_recurring(struct controld *c, struct lrm_rsc *rsc)
{
    for (unsigned i = 0; i < rsc->ops->len; i++) {
        struct lrm_op *op = rsc->ops->pdata[i];

        if (op->rec->interval_ms > 0 && !op->cancelled) {
            cancel_op(c, rsc, op, NULL);
        }
    }
}

/* Why the action cannot be taken now, or NULL. */
static const char *
refusal(const struct controld *c, const struct op_record *rec)
{
    if (c->shutdown && text_equal(rec->action, "start")) {
        return "Not attempting start due to shutdown in progress";
    }
    if (c->state != S_NOT_DC && c->state != S_POLICY_ENGINE && c->state != S_TRANSITION_ENGINE && !text_equal(rec->action, "stop")) {
        return "Controller cannot attempt actions at this time";
    }
    return NULL;
}

static void
write_pending(struct controld *c, const struct lrm_rsc *rsc, const struct op_record *rec)
{
    struct op_record pending = *rec;
    const char *record = meta_param(rec, "CRM_meta_record_pending");

    if (!is_recorded(rec->action) || (record != NULL && text_boolean(record) == 0)) {
        return;
    }
    pending.status = EXEC_PENDING;
    pending.rc = OCF_RC_UNKNOWN;
    pending.call_id = -1;
    pending.run_time = now_epoch(c);
    pending.change_time = 0;
    history_queue(c, rsc, &pending, NULL, false);
}

static void
set_timeout(struct lrm_rsc *rsc, struct op_record *rec)
{
    rec->timeout_ms = int_param(rec, "CRM_meta_timeout", 0);
    if (rec->interval_ms > 0 && text_equal_nocase(rsc->agent.standard, "stonith")) {
        const char *special = meta_param(rec, "pcmk_monitor_timeout");
        long long ms = special != NULL ? text_timeout_ms(special) : -1;

        rec->timeout_ms = ms > 0 ? ms : rec->timeout_ms;
    }
    if (rec->timeout_ms <= 0) {
        rec->timeout_ms = rec->interval_ms;
    }
}

static void
run(struct controld *c, struct lrm_rsc *rsc, struct lrm_op *take_op)
{
    struct op_record *rec = take_op->rec;
    const char *why = refusal(c, rec);
    struct ctl_effect *e;

    if (why != NULL) {
        log_notice("Refusing %s of %s: %s", rec->action, rsc->id, why);
        rec->status = EXEC_INVALID;
        rec->rc = OCF_RC_ERROR;
        rec->run_time = now_epoch(c);
        rec->reason = g_strdup(why);
        ack_directly(c, rsc->id, rec, SYS_TENGINE, NULL);
        if (c->shutdown) {
            fsa_raise(c, I_SHUTDOWN, NULL, "asked to start something while shutting down");
        }
        lrm_op_free(take_op);
        return;
    }
    if (text_equal(rec->action, "reload") || text_equal(rec->action, "reload-agent")) {
        g_autofree char *key = agent_key(&rsc->agent);
        const struct agent_meta *meta = g_hash_table_lookup(c->metas, key);

        g_free(rec->action);
        rec->action = g_strdup(meta != NULL && meta->legacy_reload ? "reload" : "reload-agent");
    }
    set_timeout(rsc, rec);
    write_pending(c, rsc, rec);
    if (rec->interval_ms == 0 && !text_is_one_of(rec->action, "monitor", "notify", NULL)) {
        cancel_recurring(c, rsc);
    } else if (rec->interval_ms > 0) {
        struct lrm_op *same = op_find(rsc, rec->action, rec->interval_ms, NULL);

        if (same != NULL && !same->cancelled) {
            cancel_op(c, rsc, same, NULL);
        }
    }
    log_notice("Requesting local execution of %s operation for %s on %s" LOG_XT "transition %s", rec->action, rsc->id, c->cfg.node_name,
               rec->userdata);
    g_ptr_array_add(rsc->ops, take_op);
    e = exec_effect(c, CTL_EXEC_RUN, WAIT_RUN, rsc->id, NULL);
    take_op->cookie = e->cookie;
    e->action = g_strdup(rec->action);
    e->interval_ms = rec->interval_ms;
    e->timeout_ms = rec->timeout_ms;
    e->delay_ms = MAX(int_param(rec, "CRM_meta_start_delay", 0), 0);
    e->text = g_strdup(rec->userdata);
    e->params = g_hash_table_ref(rec->params);
    if (rec->interval_ms > 0 && e->delay_ms > LONG_START_DELAY_MS) {
        struct op_record done = *rec;

        log_info("Not waiting %lldms for the first %s of %s", e->delay_ms, rec->action, rsc->id);
        done.status = EXEC_DONE;
        done.rc = op_target_rc(rec);
        ack_directly(c, rsc->id, &done, SYS_TENGINE, NULL);
        take_op->reported = true;
    }
}

/* ---- meta-data (spec 30 §12.2) ---- */

static bool
wants_meta(const struct op_record *rec)
{
    return text_is_one_of(rec->action, "start", "monitor", "promote", "demote", "reload", "reload-agent", "migrate_to", "migrate_from",
                          NULL);
}

/* Ask for an agent's meta-data unless that is under way; returns the cookie to wait for. */
static uint64_t
ask_meta(struct controld *c, const struct lrm_rsc *rsc, const char *key)
{
    struct ctl_effect *e;
    GHashTableIter iter;
    gpointer cookie, agent;

    g_hash_table_iter_init(&iter, c->meta_waits);
    while (g_hash_table_iter_next(&iter, &cookie, &agent)) {
        if (text_equal(agent, key)) {
            return *(uint64_t *)cookie;
        }
    }
    e = effect_new(c, CTL_METADATA);
    e->cookie = ++c->cookie;
    e->agent.standard = g_strdup(rsc->agent.standard);
    e->agent.provider = g_strdup(rsc->agent.provider);
    e->agent.type = g_strdup(rsc->agent.type);
    g_hash_table_insert(c->meta_waits, g_memdup2(&e->cookie, sizeof e->cookie), g_strdup(key));
    return e->cookie;
}

static bool
somebody_waits(struct controld *c, const char *rsc, const struct op_request *before)
{
    for (const GList *l = c->waiting_ops.head; l != NULL && l->data != before; l = l->next) {
        if (text_equal(((const struct op_request *)l->data)->rsc, rsc)) {
            return true;
        }
    }
    return false;
}

/* Hand the action over as soon as its agent's meta-data is known and no earlier one of its resource waits. */
static void
submit(struct controld *c, struct lrm_rsc *rsc, struct lrm_op *take_op)
{
    g_autofree char *key = agent_key(&rsc->agent);
    struct op_request *r;
    uint64_t cookie = 0;

    if (agent_has_params(rsc->agent.standard) && wants_meta(take_op->rec)
        && (text_equal(take_op->rec->action, "start") || !g_hash_table_contains(c->metas, key))) {
        cookie = ask_meta(c, rsc, key);
    }
    if (cookie == 0 && !somebody_waits(c, rsc->id, NULL)) {
        run(c, rsc, take_op);
        return;
    }
    r = g_new0(struct op_request, 1);
    r->rsc = g_strdup(rsc->id);
    r->op = take_op;
    r->meta = cookie;
    g_queue_push_tail(&c->waiting_ops, r);
}

void
ctl_on_metadata(struct controld *c, struct ctl_time t, uint64_t cookie, const xmlNode *xml, bool unchanged)
{
    gpointer stolen, agent;
    GList *l, *next;

    if (!g_hash_table_steal_extended(c->meta_waits, &cookie, &stolen, &agent)) {
        return;
    }
    event_begin(c, t);
    g_free(stolen);
    if (!unchanged) {
        if (xml != NULL) {
            g_autofree char *standard = g_strndup(agent, strcspn(agent, ":"));

            g_hash_table_replace(c->metas, g_strdup(agent), agent_meta_new(xml, standard));
        } else {
            log_warn("There is no meta-data of agent %s: changes of its parameters cannot be told apart", (const char *)agent);
            g_hash_table_replace(c->metas, g_strdup(agent), NULL);
        }
    }
    g_free(agent);
    for (l = c->waiting_ops.head; l != NULL; l = l->next) {
        struct op_request *r = l->data;

        if (r->meta == cookie) {
            r->meta = 0;
        }
    }
    for (l = c->waiting_ops.head; l != NULL; l = next) {
        struct op_request *r = l->data;
        struct lrm_rsc *rsc;

        next = l->next;
        if (r->meta != 0 || somebody_waits(c, r->rsc, r)) {
            continue;
        }
        rsc = g_hash_table_lookup(c->resources, r->rsc);
        if (rsc != NULL) {
            run(c, rsc, g_steal_pointer(&r->op));
        }
        g_queue_delete_link(&c->waiting_ops, l);
        op_request_free(r);
    }
    event_end(c);
}

/* ---- requests ---- */

struct request {
    const xmlNode *data, *primitive;
    const char *operation, *from_sys, *from_host, *user, *node, *key;
    bool by_dc;
};

static void
parse_request(const struct controld *c, const xmlNode *msg, struct request *r)
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

/* All of the request's attributes but the expected result; a stop runs with what the start ran with. */
static GHashTable *
request_params(const struct lrm_rsc *rsc, const struct request *r)
{
    GHashTable *params = lrmd_params_from_xml(r->data);
    GHashTable *merged;
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_remove(params, "CRM_meta_op_target_rc");
    if (!text_equal(r->operation, "stop") || rsc->stop_params == NULL) {
        return params;
    }
    merged = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_iter_init(&iter, rsc->stop_params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_hash_table_insert(merged, g_strdup(name), g_strdup(value));
    }
    g_hash_table_iter_init(&iter, params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (g_str_has_prefix(name, "CRM_meta_") || text_equal(name, F_FEATURE_SET)) {
            g_hash_table_replace(merged, g_strdup(name), g_strdup(value));
        }
    }
    g_hash_table_unref(params);
    return merged;
}

static void
on_execute(struct controld *c, const struct request *r)
{
    struct lrm_rsc *rsc = rsc_find(c, r->primitive);
    struct lrm_op *op;
    long long interval;

    if (rsc == NULL) {
        rsc = rsc_new(c, r->primitive);
    }
    if (rsc == NULL) {
        log_err("Invalid resource definition for %s", xml_id(r->primitive));
        ack_made_up(c, xml_id(r->primitive) != NULL ? xml_id(r->primitive) : "unknown", r->operation, 0, r->key, EXEC_ERROR,
                    OCF_RC_NOT_CONFIGURED, "Invalid resource definition", r->from_sys, r->from_host);
        return;
    }
    if (!rsc->registered) {
        struct ctl_effect *e = exec_effect(c, CTL_EXEC_REGISTER, WAIT_REGISTER, rsc->id, NULL);

        e->agent.standard = g_strdup(rsc->agent.standard);
        e->agent.provider = g_strdup(rsc->agent.provider);
        e->agent.type = g_strdup(rsc->agent.type);
        rsc->registered = true;
    }
    op = g_new0(struct lrm_op, 1);
    op->rec = op_record_new(rsc->id, r->operation, 0);
    op->rec->params = request_params(rsc, r);
    op->rec->userdata = g_strdup(r->key);
    interval = int_param(op->rec, "CRM_meta_interval", 0);
    op->rec->interval_ms = text_is_one_of(r->operation, "start", "stop", NULL) ? 0 : (guint)CLAMP(interval, 0, G_MAXUINT);
    op->from_sys = g_strdup(r->from_sys);
    op->from_host = g_strdup(r->from_host);
    op->lock = g_strdup(xml_get(r->data, "shutdown-lock"));
    g_free(rsc->container);
    rsc->container = g_strdup(meta_param(op->rec, "CRM_meta_container"));

    if (!text_equal_nocase(r->node, c->cfg.node_name)) {
        fabricate(c, rsc, op, EXEC_NOT_CONNECTED, OCF_RC_ERROR, "Local node has no connection to remote");
    } else if (text_equal(rsc->agent.type, "remote") && text_equal(rsc->agent.provider, "pacemaker")
               && text_equal_nocase(rsc->agent.standard, "ocf")) {
        /* The seam for remote nodes (spec 30 §13): the controller itself would be the agent here. */
        bool probe = text_equal(r->operation, "monitor"), stop = text_equal(r->operation, "stop");

        fabricate(c, rsc, op, probe || stop ? EXEC_DONE : EXEC_NOT_SUPPORTED, probe ? OCF_RC_NOT_RUNNING : stop ? OCF_RC_OK : OCF_RC_UNIMPLEMENTED,
                  probe || stop ? NULL : "Connections to Pacemaker Remote nodes are not supported");
    } else if (!c->exec_connected) {
        fabricate(c, rsc, op, EXEC_NOT_CONNECTED, OCF_RC_ERROR, "Not connected to remote executor");
    } else {
        submit(c, rsc, op);
    }
}

/* ---- cancel ---- */

static void
on_cancel(struct controld *c, const struct request *r)
{
    g_autoptr(GHashTable) params = lrmd_params_from_xml(r->data);
    const char *action = g_hash_table_lookup(params, "CRM_meta_operation"), *spec = g_hash_table_lookup(params, "CRM_meta_interval"),
               *call = g_hash_table_lookup(params, "CRM_meta_call_id"), *key = r->key;
    struct lrm_rsc *rsc = rsc_find(c, r->primitive);
    long long interval = 0, call_id = 0;
    struct lrm_op *op = NULL;
    struct exec_wait *wait;

    if (action == NULL || spec == NULL || !text_parse_int(spec, &interval)) {
        log_err("Request to cancel an operation of %s does not say which", xml_id(r->primitive));
        return;
    }
    if (call != NULL) {
        text_parse_int(call, &call_id);
    }
    if (rsc != NULL) {
        op = op_find(rsc, action, (guint)interval, NULL);
        if (op != NULL && call_id > 0 && op->rec->call_id > 0 && op->rec->call_id != call_id) {
            op = NULL;
        }
    }
    if (op != NULL) {
        op->remove = true;
        cancel_op(c, rsc, op, &wait);
        wait->action = g_strdup(action);
        wait->interval_ms = (guint)interval;
        wait->ack_sys = g_strdup(r->from_sys);
        wait->ack_host = g_strdup(r->from_host);
        wait->ack_key = g_strdup(key);
    } else {
        struct op_record *gone = op_record_new(rsc != NULL ? rsc->id : xml_id(r->primitive), action, (guint)interval);

        log_info("Nothing to cancel for %s of %s", action, gone->rsc);
        delete_entry(c, gone);
        ack_made_up(c, gone->rsc, "cancel", (guint)interval, key, EXEC_DONE, OCF_RC_OK, NULL, r->from_sys, r->from_host);
        op_record_free(gone);
    }
}

/* ---- delete (spec 30 §12.7) ---- */

static void
deletion_done(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct delete_request *d = arg;

    if (rc != RC_OK && rc != ENXIO) {
        log_err("Could not delete history of %s on %s: %s", d->rsc, d->node, result_text(rc));
    }
    if (d->cib_only && d->by_dc) {
        return; /* clearing a shutdown lock: the DC did not wait */
    }
    ack_made_up(c, d->rsc, "delete", 0, d->key, EXEC_DONE, OCF_RC_OK, NULL, d->from_sys, d->from_host);
    if (!d->by_dc) {
        g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, now_epoch(c));

        property_set(c, "last-lrm-refresh", now);
    }
}

static char *
history_path(const char *node, const char *rsc)
{
    return g_strdup_printf("//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[@id='%s']", node, rsc);
}

static void
finish_deletion(struct controld *c, struct delete_request *d)
{
    g_autofree char *path = history_path(d->node, d->rsc);

    if (!d->cib_only) {
        log_info("Forgetting resource %s", d->rsc);
        if (c->batch != NULL) {
            xml_free(xml_find(c->batch, "lrm_resource", "id", d->rsc));
        }
        g_hash_table_remove(c->resources, d->rsc);
    }
    cib_request(c, CIB_OP_DELETE, path, NULL, CIB_OPT_XPATH | CIB_OPT_MULTIPLE, deletion_done, d, delete_request_free);
}

/* The dry run says whether the requesting user may do it. */
static void
deletion_allowed(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct delete_request *request = arg, *d;
    struct lrm_rsc *rsc = g_hash_table_lookup(c->resources, request->rsc);
    struct exec_wait *w;

    if (rc != RC_OK && rc != ENXIO) {
        log_err("Could not delete resource %s for %s: %s", request->rsc, request->user, result_text(rc));
        ack_made_up(c, request->rsc, "delete", 0, request->key, EXEC_ERROR,
                    rc == EACCES || rc == EPERM ? OCF_RC_INSUFFICIENT_PRIV : OCF_RC_ERROR, result_text(rc), request->from_sys,
                    request->from_host);
        return;
    }
    d = g_memdup2(request, sizeof *request);
    memset(request, 0, sizeof *request); /* its strings moved */
    if (d->cib_only || rsc == NULL || !rsc->registered || !c->exec_connected) {
        finish_deletion(c, d);
        return;
    }
    exec_effect(c, CTL_EXEC_UNREGISTER, WAIT_UNREGISTER, d->rsc, &w);
    w->deletion = d;
}

static void
on_delete(struct controld *c, const struct request *r)
{
    struct delete_request *d = g_new0(struct delete_request, 1);
    struct lrm_rsc *rsc = rsc_find(c, r->primitive);
    g_autofree char *path = NULL;

    d->rsc = g_strdup(rsc != NULL ? rsc->id : xml_id(r->primitive));
    d->key = g_strdup(r->key);
    d->from_sys = g_strdup(r->from_sys);
    d->from_host = g_strdup(r->from_host);
    d->user = g_strdup(r->user);
    d->node = g_strdup(r->node);
    d->by_dc = r->by_dc;
    d->cib_only = text_equal(xml_get(r->data, "mode"), "cib");
    path = history_path(d->node, d->rsc);
    cib_request_as(c, CIB_OP_DELETE, path, NULL, CIB_OPT_XPATH | CIB_OPT_MULTIPLE | CIB_OPT_DRY_RUN, NULL, d->user, deletion_allowed, d,
                   delete_request_free);
}

/* ---- simulated failure, re-probe ---- */

static void
on_fail(struct controld *c, const struct request *r)
{
    struct lrm_rsc *rsc = rsc_find(c, r->primitive);
    const char *id = xml_id(r->primitive);
    struct lrm_op *op;

    if (!text_is_one_of(r->user, "root", DAEMON_USER, NULL)) {
        log_err("%s may not simulate a failure of %s", r->user, id);
        ack_made_up(c, id, "asyncmon", 0, r->key, EXEC_ERROR, OCF_RC_INSUFFICIENT_PRIV, "Unprivileged user cannot fail resources",
                    r->from_sys, r->from_host);
        return;
    }
    if (rsc == NULL && (rsc = rsc_new(c, r->primitive)) == NULL) {
        ack_made_up(c, id, "asyncmon", 0, r->key, EXEC_ERROR, OCF_RC_NOT_CONFIGURED, "Cannot fail unknown resource", r->from_sys, r->from_host);
        return;
    }
    log_info("Failing resource %s for %s", rsc->id, r->user);
    op = g_new0(struct lrm_op, 1);
    op->rec = op_record_new(rsc->id, "asyncmon", 0);
    op->rec->params = g_hash_table_new(g_str_hash, g_str_equal);
    op->reported = true;
    fabricate(c, rsc, op, EXEC_DONE, OCF_RC_ERROR, "Simulated failure");
    ack_made_up(c, id, "asyncmon", 0, r->key, EXEC_DONE, OCF_RC_OK, NULL, r->from_sys, r->from_host);
}

static void
on_probe_again(struct controld *c, const struct request *r)
{
    GHashTableIter iter;
    gpointer value;

    log_notice("Forgetting all resources so that they are probed again");
    g_hash_table_iter_init(&iter, c->resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct lrm_rsc *rsc = value;

        if (rsc->registered && c->exec_connected) {
            exec_effect(c, CTL_EXEC_UNREGISTER, WAIT_UNREGISTER, rsc->id, NULL);
        }
    }
    g_hash_table_remove_all(c->resources);
    g_clear_pointer(&c->batch, xml_free);
    cib_drop_xpath(c, 0, "//node_state[@uname='%s']/lrm", c->cfg.node_name);
    if (!r->by_dc) {
        xmlNode *msg = msg_new(c, CRM_TASK_LRM_INVOKE, r->from_sys, SYS_LRMD, r->from_host, NULL);

        route_message(c, msg, false);
    }
}

void
lrm_on_request(struct controld *c, const xmlNode *msg)
{
    struct request r = { 0 };

    parse_request(c, msg, &r);
    if (text_equal(r.operation, CRM_TASK_LRM_REFRESH)) {
        return;
    }
    if (text_equal(r.operation, CRM_TASK_PROBE_AGAIN)) {
        on_probe_again(c, &r);
        return;
    }
    if (r.primitive == NULL || xml_id(r.primitive) == NULL || r.operation == NULL) {
        log_err("Ignoring incomplete resource request %s from %s", xml_get(msg, F_REFERENCE), r.from_host);
        return;
    }
    if (text_equal(r.operation, "delete")) {
        on_delete(c, &r);
    } else if (text_equal(r.operation, CRM_TASK_LRM_FAIL)) {
        on_fail(c, &r);
    } else if (text_equal(r.operation, "cancel")) {
        on_cancel(c, &r);
    } else {
        on_execute(c, &r);
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
            fabricate(c, rsc, g_ptr_array_steal_index(rsc->ops, i), EXEC_NOT_CONNECTED, OCF_RC_ERROR,
                      rc == -ENODEV ? "Could not register resource with executor" : "Executor refused the request");
            fsa_raise(c, I_FAIL, NULL, "the executor refused an action");
            return;
        }
    }
}

static void
answer_run(struct controld *c, const struct exec_wait *w, uint64_t cookie, int rc)
{
    struct lrm_rsc *rsc = g_hash_table_lookup(c->resources, w->rsc);

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
    struct lrm_rsc *rsc = g_hash_table_lookup(c->resources, w->rsc);
    struct lrm_op *op;

    if (rc >= 0 || w->action == NULL || rsc == NULL) {
        return; /* the result event follows, or nobody waits */
    }
    op = op_find(rsc, w->action, w->interval_ms, NULL);
    log_info("%s of %s was not running any more when it was cancelled", w->action, w->rsc);
    if (op != NULL) {
        delete_entry(c, op->rec);
        g_ptr_array_remove(rsc->ops, op);
    }
    ack_made_up(c, w->rsc, "cancel", w->interval_ms, w->ack_key, EXEC_DONE, OCF_RC_OK, NULL, w->ack_sys, w->ack_host);
}

static void
answer_unregister(struct controld *c, struct exec_wait *w, int rc)
{
    struct delete_request *d = g_steal_pointer(&w->deletion);
    struct lrm_rsc *rsc = g_hash_table_lookup(c->resources, w->rsc);

    if (d == NULL) {
        return;
    }
    if (rc == -EINPROGRESS && rsc != NULL && has_oneshots(rsc)) {
        log_info("Deletion of %s waits for an action in progress", w->rsc);
        delete_request_free(rsc->deleting);
        rsc->deleting = d;
    } else if (rc >= 0 || rc == -EINPROGRESS || rc == -ENODEV) {
        finish_deletion(c, d);
    } else {
        log_err("The executor did not forget %s: %s", w->rsc, legacy_text(rc));
        ack_made_up(c, d->rsc, "delete", 0, d->key, EXEC_ERROR, OCF_RC_ERROR, legacy_text(rc), d->from_sys, d->from_host);
        delete_request_free(d);
    }
}

void
ctl_on_exec_reply(struct controld *c, struct ctl_time t, uint64_t cookie, int rc)
{
    gpointer key, value;
    struct exec_wait *w;

    if (!g_hash_table_steal_extended(c->exec_waits, &cookie, &key, &value)) {
        return;
    }
    g_free(key);
    w = value;
    event_begin(c, t);
    switch (w->kind) {
        case WAIT_REGISTER:
            if (rc < 0) {
                struct lrm_rsc *rsc = g_hash_table_lookup(c->resources, w->rsc);

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
    event_end(c);
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

    g_hash_table_iter_init(&iter, c->resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (has_oneshots(value)) {
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

    g_hash_table_iter_init(&iter, c->resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        cancel_recurring(c, value);
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

    g_hash_table_iter_init(&iter, c->resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct lrm_rsc *rsc = value;

        if (is_active(rsc)) {
            log_err("Resource %s was active at shutdown (last action %s)", rsc->id, rsc->last->action);
        }
    }
}

/* ---- clear_failcount: a graph action for this node (spec 30 §18) ---- */

void
lrm_clear_failcount(struct controld *c, const xmlNode *msg)
{
    const xmlNode *data = msg_payload(msg), *primitive = data != NULL ? xml_first(data, "primitive") : NULL;
    const char *rsc = primitive != NULL ? xml_id(primitive) : NULL, *node, *operation, *interval;
    g_autoptr(GHashTable) params = NULL;
    g_autofree char *key = NULL;
    guint interval_ms = 0;
    bool remote;

    if (rsc == NULL) {
        log_warn("Request to clear failures names no resource");
        return;
    }
    params = lrmd_params_from_xml(data);
    node = xml_get(data, "on_node");
    node = node != NULL ? node : c->cfg.node_name;
    remote = xml_get(data, "router_node") != NULL || !text_equal_nocase(node, c->cfg.node_name);
    operation = g_hash_table_lookup(params, "CRM_meta_clear_failure_op");
    interval = g_hash_table_lookup(params, "CRM_meta_clear_failure_interval");
    if (interval != NULL) {
        interval_ms = (guint)MAX(text_interval_ms(interval), 0);
    }
    if (operation != NULL) {
        key = op_key_new(rsc, operation, interval_ms);
    }
    log_info("Clearing failures of %s on %s", rsc, node);
    attr_clear_failure(c, node, rsc, operation, interval, remote);
    history_delete_last_failure(c, node, rsc, key);
    history_forget_failure(c, rsc, operation, interval_ms, operation != NULL);
}
