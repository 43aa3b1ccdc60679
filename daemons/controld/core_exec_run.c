/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handing an action over to the executor: preconditions, its agent's meta-data, the operations that it cancels.  Called by
 * core_exec.c.  Never sees a result.  (spec 30 §12.2-§12.5)
 */
#include "daemons/controld/core_exec.h"

#include "lib/base/log.h"
#include "lib/exec/lrmd_client.h"

/* A recurring operation that starts later than this does not keep its transition waiting. */
#define LONG_START_DELAY_MS (5 * 60 * 1000)

/* ---- running ---- */

/* An action on its way to the executor; waits in waiting_ops for meta-data. */
struct op_request {
    struct lrm *lrm;
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

void
lrm_cancel(struct controld *c, const struct lrm_rsc *rsc, struct lrm_op *op, struct exec_wait **wait)
{
    struct ctl_effect *e = exec_effect(c, rsc->lrm, CTL_EXEC_CANCEL, WAIT_CANCEL, rsc->id, wait);

    op->cancelled = true;
    e->action = g_strdup(op->rec->action);
    e->interval_ms = op->rec->interval_ms;
}

/* Before an action that changes the resource, nothing recurring may look at it (spec 30 §12.4). */
void
lrm_cancel_recurring(struct controld *c, struct lrm_rsc *rsc)
{
    for (unsigned i = 0; i < rsc->ops->len; i++) {
        struct lrm_op *op = rsc->ops->pdata[i];

        if (op->rec->interval_ms > 0 && !op->cancelled) {
            lrm_cancel(c, rsc, op, NULL);
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
    struct op_record pending;

    if (history_pending(c, rec, &pending)) {
        history_queue(c, rsc, &pending, NULL, false);
    }
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
        lrm_ack(c, rsc->lrm, rsc->id, rec, SYS_TENGINE, NULL);
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
    if (rec->interval_ms == 0 && !text_is_one_of(rec->action, "monitor", "notify", NULL)
        && !(text_equal(rec->action, "migrate_to") && remote_is_connection(rsc))) {
        lrm_cancel_recurring(c, rsc);
    } else if (rec->interval_ms > 0) {
        struct lrm_op *same = lrm_op_find(rsc, rec->action, rec->interval_ms, NULL);

        if (same != NULL && !same->cancelled) {
            lrm_cancel(c, rsc, same, NULL);
        }
    }
    log_notice("Requesting local execution of %s operation for %s on %s" LOG_XT "transition %s",
               op_record_word(rec), rsc->id, rsc->lrm->node, rec->userdata);
    g_ptr_array_add(rsc->ops, take_op);
    e = exec_effect(c, rsc->lrm, CTL_EXEC_RUN, WAIT_RUN, rsc->id, NULL);
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
        lrm_ack(c, rsc->lrm, rsc->id, &done, SYS_TENGINE, NULL);
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
somebody_waits(struct controld *c, const struct lrm *lrm, const char *rsc, const struct op_request *before)
{
    for (const GList *l = c->waiting_ops.head; l != NULL && l->data != before; l = l->next) {
        const struct op_request *r = l->data;

        if (r->lrm == lrm && text_equal(r->rsc, rsc)) {
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
    if (cookie == 0 && !somebody_waits(c, rsc->lrm, rsc->id, NULL)) {
        run(c, rsc, take_op);
        return;
    }
    r = g_new0(struct op_request, 1);
    r->lrm = rsc->lrm;
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
        if (r->meta != 0 || somebody_waits(c, r->lrm, r->rsc, r)) {
            continue;
        }
        rsc = g_hash_table_lookup(r->lrm->resources, r->rsc);
        if (rsc != NULL) {
            run(c, rsc, g_steal_pointer(&r->op));
        }
        g_queue_delete_link(&c->waiting_ops, l);
        op_request_free(r);
    }
    event_end(c);
}

/* ---- a request to run something ---- */

static guint
request_interval(const struct lrm_request *r)
{
    g_autoptr(GHashTable) params = lrmd_params_from_xml(r->data);
    const char *text = g_hash_table_lookup(params, "CRM_meta_interval");
    long long ms = 0;

    return text != NULL && text_parse_int(text, &ms) && ms > 0 && ms <= G_MAXUINT ? (guint)ms : 0;
}

/* All of the request's attributes but the expected result; a stop runs with what the start ran with. */
static GHashTable *
request_params(const struct lrm_rsc *rsc, const struct lrm_request *r)
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

void
lrm_execute(struct controld *c, const struct lrm_request *r)
{
    struct lrm_rsc *rsc;
    struct lrm_op *op;
    long long interval;

    if (r->lrm == NULL) {
        struct lrm unknown = { .node = (char *)r->node, .uuid = (char *)r->node, .remote = true };

        log_err("There is no connection to %s here", r->node);
        lrm_ack_made_up(c, &unknown, xml_id(r->primitive), r->operation, request_interval(r), r->key, EXEC_NOT_CONNECTED, OCF_RC_ERROR,
                        "Local node has no connection to remote", r->from_sys, r->from_host);
        return;
    }
    rsc = lrm_rsc_find(r->lrm, r->primitive);
    if (rsc == NULL) {
        rsc = lrm_rsc_new(r->lrm, r->primitive);
    }
    if (rsc == NULL) {
        log_err("Invalid resource definition for %s", xml_id(r->primitive));
        lrm_ack_made_up(c, r->lrm, xml_id(r->primitive) != NULL ? xml_id(r->primitive) : "unknown", r->operation, 0, r->key, EXEC_ERROR,
                    OCF_RC_NOT_CONFIGURED, "Invalid resource definition", r->from_sys, r->from_host);
        return;
    }
    if (!rsc->registered) {
        struct ctl_effect *e = exec_effect(c, rsc->lrm, CTL_EXEC_REGISTER, WAIT_REGISTER, rsc->id, NULL);

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

    if (!(rsc->lrm->remote ? rsc->lrm->connected : c->exec_connected)) {
        lrm_fabricate(c, rsc, op, EXEC_NOT_CONNECTED, OCF_RC_ERROR, "Not connected to remote executor");
    } else {
        submit(c, rsc, op);
    }
}

/* ---- cancel ---- */

void
lrm_cancel_request(struct controld *c, const struct lrm_request *r)
{
    g_autoptr(GHashTable) params = lrmd_params_from_xml(r->data);
    const char *action = g_hash_table_lookup(params, "CRM_meta_operation"), *spec = g_hash_table_lookup(params, "CRM_meta_interval"),
               *call = g_hash_table_lookup(params, "CRM_meta_call_id"), *key = r->key;
    struct lrm unknown = { .node = (char *)r->node, .uuid = (char *)r->node, .remote = true }, *lrm = r->lrm != NULL ? r->lrm : &unknown;
    struct lrm_rsc *rsc = r->lrm != NULL ? lrm_rsc_find(r->lrm, r->primitive) : NULL;
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
        op = lrm_op_find(rsc, action, (guint)interval, NULL);
        if (op != NULL && call_id > 0 && op->rec->call_id > 0 && op->rec->call_id != call_id) {
            op = NULL;
        }
    }
    if (op != NULL) {
        op->remove = true;
        lrm_cancel(c, rsc, op, &wait);
        wait->action = g_strdup(action);
        wait->interval_ms = (guint)interval;
        wait->ack_sys = g_strdup(r->from_sys);
        wait->ack_host = g_strdup(r->from_host);
        wait->ack_key = g_strdup(key);
    } else {
        struct op_record *gone = op_record_new(rsc != NULL ? rsc->id : xml_id(r->primitive), action, (guint)interval);

        log_info("Nothing to cancel for %s of %s", action, gone->rsc);
        lrm_delete_entry(c, lrm, gone);
        lrm_ack_made_up(c, lrm, gone->rsc, "cancel", (guint)interval, key, EXEC_DONE, OCF_RC_OK, NULL, r->from_sys, r->from_host);
        op_record_free(gone);
    }
}
