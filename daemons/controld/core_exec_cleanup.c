/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What administrators ask for beside the graph: forgetting a resource's history, simulated failures, probing again, clearing
 * failures.  Called by core_exec.c and message routing.  (spec 30 §12.7, §18)
 */
#include "daemons/controld/core_exec.h"

#include "lib/base/log.h"
#include "lib/exec/lrmd_client.h"

#include <errno.h>
#include <string.h>

/* ---- delete (spec 30 §12.7) ---- */

static void
deletion_done(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct delete_request *d = arg;
    struct lrm unknown = { .node = d->node, .uuid = d->node, .remote = true };

    if (rc != RC_OK && rc != ENXIO) {
        log_err("Could not delete history of %s on %s: %s", d->rsc, d->node, result_text(rc));
    }
    if (d->cib_only && d->by_dc) {
        return; /* clearing a shutdown lock: the DC did not wait */
    }
    lrm_ack_made_up(c, d->lrm != NULL ? d->lrm : &unknown, d->rsc, "delete", 0, d->key, EXEC_DONE, OCF_RC_OK, NULL, d->from_sys, d->from_host);
    if (!d->by_dc) {
        g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, now_epoch(c));

        property_set(c, "last-lrm-refresh", now);
    }
}

static char *
history_path(const char *node, const char *rsc)
{
    return xml_xpath("//node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[@id='%s']", node, rsc);
}

/* The record of these goes, and with it the result: who waits for one must hear that it does not come. */
static void
disown_operations(struct controld *c, const struct lrm *lrm, const char *rsc_id)
{
    const struct lrm_rsc *rsc = g_hash_table_lookup(lrm->resources, rsc_id);

    for (unsigned i = 0; rsc != NULL && i < rsc->ops->len; i++) {
        const struct lrm_op *op = rsc->ops->pdata[i];

        if (!op->reported) {
            lrm_ack_made_up(c, lrm, rsc_id, op->rec->action, op->rec->interval_ms, op->rec->userdata, EXEC_CANCELLED, OCF_RC_OK,
                            "resource deleted", op->from_sys, op->from_host);
        }
    }
}

void
lrm_finish_deletion(struct controld *c, struct delete_request *d)
{
    g_autofree char *path = history_path(d->node, d->rsc);

    if (!d->cib_only && d->lrm != NULL) {
        log_info("Forgetting resource %s", d->rsc);
        disown_operations(c, d->lrm, d->rsc);
        if (d->lrm->batch != NULL) {
            xml_free(xml_find(d->lrm->batch, "lrm_resource", "id", d->rsc));
        }
        g_hash_table_remove(d->lrm->resources, d->rsc);
    }
    cib_request(c, CIB_OP_DELETE, path, NULL, CIB_OPT_XPATH | CIB_OPT_MULTIPLE, deletion_done, d, delete_request_free);
}

/* The dry run says whether the requesting user may do it. */
static void
deletion_allowed(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct delete_request *request = arg, *d;
    struct lrm_rsc *rsc = request->lrm != NULL ? g_hash_table_lookup(request->lrm->resources, request->rsc) : NULL;
    struct lrm unknown = { .node = request->node, .uuid = request->node, .remote = true };
    struct exec_wait *w;

    if (rc != RC_OK && rc != ENXIO) {
        log_err("Could not delete resource %s for %s: %s", request->rsc, request->user, result_text(rc));
        lrm_ack_made_up(c, request->lrm != NULL ? request->lrm : &unknown, request->rsc, "delete", 0, request->key, EXEC_ERROR,
                    rc == EACCES || rc == EPERM ? OCF_RC_INSUFFICIENT_PRIV : OCF_RC_ERROR, result_text(rc), request->from_sys,
                    request->from_host);
        return;
    }
    d = g_memdup2(request, sizeof *request);
    memset(request, 0, sizeof *request); /* its strings moved */
    if (d->cib_only || rsc == NULL || !rsc->registered || !(rsc->lrm->remote ? rsc->lrm->connected : c->exec_connected)) {
        lrm_finish_deletion(c, d);
        return;
    }
    exec_effect(c, d->lrm, CTL_EXEC_UNREGISTER, WAIT_UNREGISTER, d->rsc, &w);
    w->deletion = d;
}

void
lrm_delete(struct controld *c, const struct lrm_request *r)
{
    struct lrm *lrm = r->lrm != NULL ? r->lrm : &c->local;
    struct lrm_rsc *rsc = lrm_rsc_find(lrm, r->primitive);
    const char *id = rsc != NULL ? rsc->id : xml_id(r->primitive);
    g_autofree char *path = history_path(r->node, id);
    struct delete_request *d;

    if (path == NULL) {
        lrm_ack_made_up(c, lrm, id, "delete", 0, r->key, EXEC_ERROR, OCF_RC_NOT_CONFIGURED, "No resource can have such a name", r->from_sys,
                        r->from_host);
        return;
    }
    d = g_new0(struct delete_request, 1);
    d->rsc = g_strdup(id);
    d->key = g_strdup(r->key);
    d->from_sys = g_strdup(r->from_sys);
    d->from_host = g_strdup(r->from_host);
    d->user = g_strdup(r->user);
    d->lrm = r->lrm;
    d->node = g_strdup(r->node);
    d->by_dc = r->by_dc;
    d->cib_only = text_equal(xml_get(r->data, "mode"), "cib");
    cib_request_as(c, CIB_OP_DELETE, path, NULL, CIB_OPT_XPATH | CIB_OPT_MULTIPLE | CIB_OPT_DRY_RUN, NULL, d->user, deletion_allowed, d,
                   delete_request_free);
}

/* ---- simulated failure, re-probe ---- */

void
lrm_fail(struct controld *c, const struct lrm_request *r)
{
    struct lrm *lrm = r->lrm != NULL ? r->lrm : &c->local;
    struct lrm_rsc *rsc = lrm_rsc_find(lrm, r->primitive);
    const char *id = xml_id(r->primitive);
    struct lrm_op *op;

    if (!text_is_one_of(r->user, "root", DAEMON_USER, NULL)) {
        log_err("%s may not simulate a failure of %s", r->user, id);
        lrm_ack_made_up(c, lrm, id, "asyncmon", 0, r->key, EXEC_ERROR, OCF_RC_INSUFFICIENT_PRIV, "Unprivileged user cannot fail resources",
                    r->from_sys, r->from_host);
        return;
    }
    if (rsc == NULL && (rsc = lrm_rsc_new(lrm, r->primitive)) == NULL) {
        lrm_ack_made_up(c, lrm, id, "asyncmon", 0, r->key, EXEC_ERROR, OCF_RC_NOT_CONFIGURED, "Cannot fail unknown resource", r->from_sys, r->from_host);
        return;
    }
    log_info("Failing resource %s for %s", rsc->id, r->user);
    op = g_new0(struct lrm_op, 1);
    op->rec = op_record_new(rsc->id, "asyncmon", 0);
    op->rec->params = g_hash_table_new(g_str_hash, g_str_equal);
    op->reported = true;
    lrm_fabricate(c, rsc, op, EXEC_DONE, OCF_RC_ERROR, "Simulated failure");
    lrm_ack_made_up(c, lrm, id, "asyncmon", 0, r->key, EXEC_DONE, OCF_RC_OK, NULL, r->from_sys, r->from_host);
}

void
lrm_probe_again(struct controld *c, const struct lrm_request *r)
{
    struct lrm *lrm = r->lrm;
    GHashTableIter iter;
    gpointer value;

    if (lrm == NULL) {
        log_warn("Nothing can be probed again on %s: there is no connection to it here", r->node);
        return;
    }
    log_notice("Forgetting all resources on %s so that they are probed again", lrm->node);
    g_hash_table_iter_init(&iter, lrm->resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct lrm_rsc *rsc = value;

        if (rsc->registered && (lrm->remote ? lrm->connected : c->exec_connected)) {
            exec_effect(c, lrm, CTL_EXEC_UNREGISTER, WAIT_UNREGISTER, rsc->id, NULL);
        }
    }
    g_hash_table_remove_all(lrm->resources);
    g_clear_pointer(&lrm->batch, xml_free);
    cib_drop_xpath(c, 0, "//node_state[@uname='%s']/lrm", lrm->node);
    if (!r->by_dc) {
        xmlNode *msg = msg_new(c, CRM_TASK_LRM_INVOKE, r->from_sys, SYS_LRMD, r->from_host, NULL);

        route_message(c, msg, false);
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
    struct lrm *lrm;
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
    lrm = lrm_of(c, node);
    if (lrm != NULL) {
        history_forget_failure(lrm, rsc, operation, interval_ms, operation != NULL);
    }
}
