/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource's clean-up, refresh and simulated failure: requests to the controller and the attribute manager.
 * Called by main.c.  Waits for the controllers' answers, at most 60 s between two.  (spec 80 §6.10)
 */
#include "tools/resource/resource.h"

#include "lib/ipc/attrd_client.h"
#include "lib/ipc/controller_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 60000
/* Transition key of requests that no transition makes. */
#define REQUEST_KEY_UUID "xxxxxxxx-xrsc-opxx-xcrm-resourcexxxx"

struct cleanup {
    struct crm_resource *t;
    struct ipc_connection *controller; /* NULL: dry run */
    struct attrd_client *attrd;
    unsigned expected;                 /* answers still to come */
    bool failures_only;                /* -C */
    int rc;
};

/* --- the controller --- */

static int
connect_controller(struct crm_resource *t, struct ipc_connection **c)
{
    int rc = controller_connect("crm_resource", c);

    if (rc != RC_OK) {
        resource_detail(t, "Error connecting to the controller: %s", result_text(rc));
        return (int)CRM_EX_DISCONNECT;
    }
    return CRM_EX_OK;
}

/* The cluster node that speaks for a remote or guest node; NULL if there is none now. */
static const struct sched_node *
router_of(const struct sched_node *n)
{
    const struct sched_rsc *connection = n->remote_rsc;

    if (!node_is_remote_kind(n)) {
        return n;
    }
    return connection != NULL && connection->active_on.len > 0 ? connection->active_on.items[0] : NULL;
}

/*
 * Ask for the deletion of a history, or for a failure.  RC_OK: sent, an answer will come.
 */
static int
send_resource_request(struct crm_resource *t, struct ipc_connection *c, const char *task, const struct sched_rsc *r,
                      const struct sched_node *n)
{
    const struct sched_node *router = router_of(n);
    bool in_cib = false;
    g_autoptr(xmlNode) data = xml_new(NULL, "rsc_op");
    g_autoptr(xmlNode) request = NULL;
    g_autofree char *key = transition_key_new(0, (int)getpid(), 0, REQUEST_KEY_UUID);
    xmlNode *primitive, *attributes;

    if (router == NULL || (router == n && !n->online)) {
        /* Nobody there to ask: the history can only be deleted where it is kept. */
        in_cib = strcmp(task, CRM_TASK_LRM_DELETE) == 0;
        if (!in_cib) {
            output_error(t->out, "No cluster connection to Pacemaker Remote node %s detected", n->uname);
            return ENOTCONN;
        }
        router = NULL;
    }
    xml_set(data, "transition-key", key);
    xml_set(data, "on_node", n->uname);
    if (router != NULL && router != n) {
        xml_set(data, "router_node", router->uname);
    }
    if (in_cib) {
        xml_set(data, "mode", "cib");
    }
    primitive = xml_new(data, "primitive");
    if (rsc_is(r, RSC_UNIQUE) || r->base_id == NULL || strcmp(r->base_id, r->id) == 0) {
        xml_set(primitive, "id", r->id);
    } else {
        xml_set(primitive, "id", r->history_name != NULL ? r->history_name : r->base_id);
        xml_set(primitive, "long-id", r->id);
    }
    xml_set(primitive, "class", r->rsc_class);
    xml_set(primitive, "provider", r->provider);
    xml_set(primitive, "type", r->type);
    attributes = xml_new(data, "attributes");
    xml_set(attributes, "crm_feature_set", FEATURE_SET);
    xml_set(attributes, "CRM_meta_timeout", "60000");

    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    const struct ctl_request what = {
        .task = task, .sys_to = SYS_CRMD, .sys_from = "crm_resource", .client_uuid = pid,
        .host_to = router != NULL ? router->uname : NULL, .data = data,
    };

    request = ctl_request_new(ctl_process_refs(), &what);
    return ipc_call(c, request, 0, NULL);
}

/* Receive the answers; an exit code. */
static int
await_answers(struct crm_resource *t, struct ipc_connection *c, unsigned expected)
{
    if (expected == 0) {
        return CRM_EX_OK;
    }
    output_info(t->out, "Waiting for %u repl%s from the controller", expected, expected == 1 ? "y" : "ies");
    output_flush(t->out);
    while (expected > 0) {
        g_autoptr(xmlNode) event = NULL;
        uint32_t flags = 0;
        int rc = ipc_next_event(c, ANSWER_TIMEOUT_MS, &event, &flags);

        if (rc == ETIMEDOUT) {
            output_error(t->out, "Aborting because no messages received in %d seconds", ANSWER_TIMEOUT_MS / 1000);
            return CRM_EX_TIMEOUT;
        }
        if (rc != RC_OK) {
            resource_detail(t, "Lost connection to the controller");
            return CRM_EX_DISCONNECT;
        }
        if (!ctl_is_reply(event)) {
            continue;
        }
        expected--;
        output_info(t->out, "... got reply%s", expected == 0 ? " (done)" : "");
        output_flush(t->out);
    }
    return CRM_EX_OK;
}

/* --- one resource on one node --- */

static int
clear_failures(struct cleanup *c, const char *rsc, const struct sched_node *n, const char *operation,
               const char *interval)
{
    xmlNode *message = attrd_msg_clear_failure("crm_resource", n != NULL ? n->uname : NULL, rsc, operation, interval,
                                               n != NULL && node_is_remote_kind(n));

    if (c->attrd == NULL) {
        c->attrd = attrd_client_new("crm_resource");
    }
    return attrd_client_send_take(c->attrd, message, NULL);
}

/* Name under which failures of an instance are counted. */
static const char *
failure_name(const struct sched_rsc *r)
{
    return rsc_is(r, RSC_UNIQUE) || r->base_id == NULL ? r->id : r->base_id;
}

/* Is there a failed operation that -n and -I mean, of that resource on that node? */
static bool
has_failed(const struct crm_resource *t, const struct sched_rsc *r, const struct sched_node *n)
{
    long long interval_ms = t->interval != NULL ? text_interval_ms(t->interval) : 0;

    for (unsigned i = 0; i < t->s->failed_ops.len; i++) {
        const struct sched_failed_op *op = &t->s->failed_ops.items[i];
        bool meant = t->operation == NULL || (text_equal(xml_get(op->xml, "operation"), t->operation) &&
                                              xml_get_int(op->xml, "interval", 0) == interval_ms);

        if (op->rsc == r && op->node == n && meant) {
            return true;
        }
    }
    return false;
}

/* Have the history deleted; a result. */
static int
clean_history(struct cleanup *c, const struct sched_rsc *r, const struct sched_node *n)
{
    int rc = send_resource_request(c->t, c->controller, CRM_TASK_LRM_DELETE, r, n);

    if (rc == RC_OK) {
        c->expected++;
    }
    return rc;
}

static void
clean_primitive(struct cleanup *c, const struct sched_rsc *r, const struct sched_node *n)
{
    struct crm_resource *t = c->t;
    const char *operation = c->failures_only ? t->operation : NULL;
    const char *interval = operation != NULL ? (t->interval != NULL ? t->interval : "0") : NULL;
    int rc;

    if (c->controller == NULL) {
        output_error(t->out, "Dry run: skipping clean-up of %s on %s due to CIB_file", r->id, n->uname);
        return;
    }
    rc = clear_failures(c, failure_name(r), n, operation, interval);
    if (rc != RC_OK) {
        output_error(t->out, "Unable to clean up %s failures on %s: %s", r->id, n->uname, result_text(rc));
        c->rc = (int)result_to_exit(rc);
        return;
    }
    if (!c->failures_only || has_failed(t, r, n)) {
        rc = clean_history(c, r, n);
    }
    if (rc != RC_OK) {
        output_error(t->out, "Cleaned %s failures on %s, but unable to clean history: %s", r->id, n->uname,
                     result_text(rc));
        c->rc = (int)result_to_exit(rc);
        return;
    }
    output_info(t->out, "Cleaned up %s on %s", r->id, n->uname);
}

/* Nodes that a clean-up without -N covers (spec 80 §6.10). */
static GPtrArray *
nodes_to_clean(const struct crm_resource *t, const struct sched_rsc *r)
{
    GPtrArray *nodes = g_ptr_array_new();
    struct sched *s = t->s;

    for (unsigned i = 0; i < s->nodes.len; i++) {
        if (rsc_known_on(r, s->node_order[i])) {
            g_ptr_array_add(nodes, s->node_order[i]);
        }
    }
    if (nodes->len > 0) {
        return nodes;
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *n = s->node_order[i];
        bool allowed = row_has(&r->row, n) &&
                       (!rsc_is(r, RSC_EXCLUSIVE_DISCOVERY) || r->row.score[n->id] >= 0);

        if (t->force || allowed) {
            g_ptr_array_add(nodes, n);
        }
    }
    return nodes;
}

/* Each part of a collective where its own state is known. */
static void
clean_resource(struct cleanup *c, struct sched_rsc *r)
{
    struct crm_resource *t = c->t;
    g_autoptr(GPtrArray) nodes = NULL;

    if (r->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH(struct sched_rsc, child, r->children) {
            clean_resource(c, child);
        }
        return;
    }
    if (t->node != NULL) {
        clean_primitive(c, r, t->node);
        return;
    }
    nodes = nodes_to_clean(t, r);
    for (guint i = 0; i < nodes->len; i++) {
        const struct sched_node *n = g_ptr_array_index(nodes, i);

        if (n->online) {
            clean_primitive(c, r, n);
        }
    }
}

/* --- failures of all resources --- */

/* All fail counts, and each history with a failed operation that is meant. */
static void
clean_failed(struct cleanup *c)
{
    struct crm_resource *t = c->t;
    g_autoptr(GHashTable) done = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int rc = clear_failures(c, NULL, t->node, t->operation,
                            t->operation != NULL ? (t->interval != NULL ? t->interval : "0") : NULL);

    if (rc != RC_OK) {
        output_error(t->out, "Unable to clean up all failures: %s", result_text(rc));
        c->rc = (int)result_to_exit(rc);
        return;
    }
    for (unsigned i = 0; i < t->s->failed_ops.len; i++) {
        const struct sched_failed_op *op = &t->s->failed_ops.items[i];

        if (op->rsc == NULL || (t->node != NULL && op->node != t->node) || !has_failed(t, op->rsc, op->node) ||
            !g_hash_table_add(done, g_strdup_printf("%s %s", op->rsc->id, op->node->uname))) {
            continue;
        }
        rc = clean_history(c, op->rsc, op->node);
        if (rc != RC_OK) {
            output_error(t->out, "Cleaned %s failures on %s, but unable to clean history: %s", op->rsc->id,
                         op->node->uname, result_text(rc));
            c->rc = (int)result_to_exit(rc);
        }
    }
    if (c->rc == CRM_EX_OK) {
        output_info(t->out, "Cleaned up all resources on %s", t->node != NULL ? t->node->uname : "all nodes");
    }
}

/* --- commands --- */

/* -R without resource: the controller of each node probes again. */
static void
probe_again(struct cleanup *c)
{
    struct crm_resource *t = c->t;
    g_autoptr(xmlNode) data = NULL;
    g_autoptr(xmlNode) request = NULL;
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    const struct sched_node *router = t->node != NULL ? router_of(t->node) : NULL;
    int rc;

    if (t->node != NULL && router == NULL) {
        output_error(t->out, "No cluster connection to Pacemaker Remote node %s detected", t->node->uname);
        c->rc = CRM_EX_DISCONNECT;
        return;
    }
    rc = clear_failures(c, NULL, t->node, NULL, NULL);
    if (rc != RC_OK) {
        output_error(t->out, "Unable to clean up all failures: %s", result_text(rc));
        c->rc = (int)result_to_exit(rc);
        return;
    }
    data = xml_new(NULL, "data_for_probe_again");
    if (t->node != NULL) {
        xml_set(data, "on_node", t->node->uname);
        if (router != t->node) {
            xml_set(data, "router_node", router->uname);
        }
    }

    const struct ctl_request what = {
        .task = CRM_TASK_PROBE_AGAIN, .sys_to = SYS_CRMD, .sys_from = "crm_resource", .client_uuid = pid,
        .host_to = router != NULL ? router->uname : NULL, .data = data,
    };

    request = ctl_request_new(ctl_process_refs(), &what);
    rc = ipc_call(c->controller, request, 0, NULL);
    if (rc != RC_OK) {
        c->rc = (int)result_to_exit(rc);
        return;
    }
    c->expected = 1;
}

int
resource_cleanup(struct crm_resource *t)
{
    struct cleanup c = { .t = t, .failures_only = t->command == CMD_CLEANUP };
    bool dry_run = getenv("CIB_file") != NULL;
    struct sched_rsc *top = t->rsc == NULL ? NULL : t->force ? t->rsc : rsc_outermost(t->rsc);
    int code = dry_run ? CRM_EX_OK : connect_controller(t, &c.controller);

    if (code != CRM_EX_OK) {
        return code;
    }
    if (top == NULL && dry_run) {
        output_info(t->out, "Dry run: skipping clean-up of %s due to CIB_file",
                    t->node != NULL ? t->node->uname : "all nodes");
    } else if (top == NULL && c.failures_only) {
        clean_failed(&c);
    } else if (top == NULL) {
        probe_again(&c);
    } else {
        clean_resource(&c, top);
    }
    code = c.rc;
    if (code == CRM_EX_OK && c.controller != NULL) {
        code = await_answers(t, c.controller, c.expected);
    }
    if (top != NULL && !output_is_quiet(t->out)) {
        resource_checks(t, top, NULL);
    }
    ipc_disconnect(c.controller);
    attrd_client_free(c.attrd);
    return code;
}

int
resource_fail(struct crm_resource *t)
{
    struct ipc_connection *c = NULL;
    struct sched_rsc *r;
    int code = connect_controller(t, &c);
    int rc;

    if (code != CRM_EX_OK) {
        return code;
    }
    r = sched_rsc_by_id(t->s, t->rsc_id);
    r = r != NULL ? r : sched_rsc_by_any_name(t->s, t->rsc_id);
    if (r == NULL) {
        resource_detail(t, "Resource %s not found", t->rsc_id);
        code = CRM_EX_NOSUCH;
    } else if (r->kind != KIND_PRIMITIVE) {
        resource_detail(t, "We can only process primitive resources, not %s", t->rsc_id);
        code = CRM_EX_SOFTWARE;
    } else if (!t->node->online) {
        resource_detail(t, "Node %s is not online", t->node->uname);
        code = CRM_EX_DISCONNECT;
    } else {
        rc = send_resource_request(t, c, CRM_TASK_LRM_FAIL, r, t->node);
        code = rc == RC_OK ? await_answers(t, c, 1) : (int)result_to_exit(rc);
    }
    ipc_disconnect(c);
    return code;
}
