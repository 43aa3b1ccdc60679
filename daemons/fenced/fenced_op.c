/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cluster-wide fencing operation: its record, how it begins, how it ends, and what peers of its originator do.
 * Called by fenced_core.c and fenced_origin.c.  Chooses nobody: that is fenced_origin.c.  (spec 60 §5, §11, §12)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

#include <stdlib.h>

/* --- the record --- */

struct op *
op_new(struct fenced_core *core, const char *id, const char *target, const char *action)
{
    struct op *op = g_new0(struct op, 1);

    op->id = g_strdup(id);
    op->target = g_strdup(target);
    op->action = g_strdup(action);
    op->peers = g_ptr_array_new_with_free_func(op_peer_free);
    op->automatic = g_ptr_array_new_with_free_func(g_free);
    op->duplicates = g_ptr_array_new();
    g_hash_table_replace(core->ops, op->id, op);
    return op;
}

void
op_free(gpointer data)
{
    struct op *op = data;

    g_free(op->id);
    g_free(op->target);
    g_free(op->action);
    g_free(op->client_id);
    g_free(op->client_name);
    g_free(op->origin);
    g_free(op->delegate);
    g_free(op->relay_id);
    g_free(op->relayed_to);
    g_free(op->ticket.client_id);
    fence_result_clear(&op->result);
    g_ptr_array_unref(op->peers);
    g_ptr_array_unref(op->automatic);
    if (op->devices != NULL) {
        g_ptr_array_unref(op->devices);
    }
    g_ptr_array_unref(op->duplicates);
    g_free(op);
}

bool
op_is_final(const struct op *op)
{
    return op->state == FENCE_STATE_DONE || op->state == FENCE_STATE_FAILED;
}

bool
op_is_pending(const struct op *op)
{
    return !op_is_final(op);
}

static void
set_string(char **field, const char *value)
{
    g_free(*field);
    *field = g_strdup(value);
}

static void
set_ticket(struct op *op, const struct ticket *ticket)
{
    set_string(&op->ticket.client_id, ticket->client_id);
    op->ticket.request_id = ticket->request_id;
    op->ticket.request_flags = ticket->request_flags;
}

/* --- the end --- */

static xmlNode *
event_data(const struct op *op)
{
    xmlNode *data = xml_new(NULL, FENCE_NOTIFY_FENCE);

    xml_set_int(data, FENCE_F_STATE, op->state);
    xml_set(data, F_ST_TARGET, op->target);
    xml_set(data, F_ST_DEVICE_ACTION, op->action);
    xml_set(data, F_ST_DELEGATE, op->delegate);
    xml_set(data, F_ST_REMOTE_OP, op->id);
    xml_set(data, F_ST_ORIGIN, op->origin);
    xml_set(data, F_ST_CLIENTID, op->client_id);
    xml_set(data, F_ST_CLIENTNAME, op->client_name);
    return data;
}

void
op_decide(struct fenced_core *core, struct op *op, const struct fence_result *result)
{
    xmlNode *message, *data;

    if (op->is_decided || op_is_final(op)) {
        return;
    }
    op->is_decided = true;
    op->query_due = op->request_due = op->total_due = op->watchdog_due = 0;
    fence_result_copy(&op->result, result);
    op->state = fence_result_is_success(result) ? FENCE_STATE_DONE : FENCE_STATE_FAILED;

    message = xml_new(NULL, FENCE_TAG_REPLY);
    xml_set(message, F_TYPE, T_STONITH_NOTIFY);
    xml_set(message, F_SUBTYPE, FENCE_SUBTYPE_BROADCAST);
    xml_set(message, F_ST_OPERATION, FENCE_OP_NOTIFY);
    xml_set_int(message, FENCE_F_COUNT, ++core->broadcast_count);
    data = event_data(op);
    fence_result_to_xml(data, result);
    msg_take_data(message, F_ST_CALLDATA, data);
    core_send_take(core, NULL, message);
    op->state = FENCE_STATE_EXECUTING; /* final when our own broadcast comes back, as for everybody else */
}

/* The reply to the client that asked (spec 60 §3.2 st_fence). */
static void
answer_client(struct fenced_core *core, struct op *op, const xmlNode *broadcast)
{
    struct ticket ticket = op->ticket;
    xmlNode *reply;

    if (ticket.client_id == NULL && op->client_id != NULL) {
        ticket.client_id = op->client_id; /* asked here, relayed to another node */
    }
    if (ticket.client_id == NULL || !g_hash_table_contains(core->clients, ticket.client_id)) {
        return;
    }
    reply = xml_new(NULL, FENCE_TAG_REPLY);
    xml_set(reply, F_ST_ORIGIN, "fenced");
    xml_set(reply, F_TYPE, T_STONITH);
    fence_result_to_xml(reply, &op->result);
    xml_set(reply, F_ST_OPERATION, FENCE_OP_FENCE);
    xml_set_int(reply, F_ST_CALLID, op->call_id);
    xml_set(reply, F_ST_CLIENTID, op->client_id);
    xml_set(reply, F_ST_CLIENTNAME, op->client_name);
    xml_set_int(reply, F_ST_CALLOPTS, op->options);
    xml_set(reply, F_ST_DELEGATE, op->delegate);
    msg_add_data(reply, F_ST_CALLDATA, broadcast);
    core_answer_take(core, &ticket, reply);
}

static void
finish(struct fenced_core *core, struct fenced_now now, struct op *op, const struct fence_result *result,
       const xmlNode *broadcast, bool merged)
{
    g_autoptr(xmlNode) data = NULL;

    fence_result_copy(&op->result, result);
    op->state = fence_result_is_success(result) ? FENCE_STATE_DONE : FENCE_STATE_FAILED;
    op->completed = now.epoch;
    op->completed_nsec = now.nsec;
    op->query_due = op->request_due = op->total_due = op->watchdog_due = 0;
    qb_log(fence_result_is_success(result) ? LOG_NOTICE : LOG_ERR,
           "Operation '%s' targeting %s by %s for %s@%s%s: %s (%s%s%s)", op->action, op->target, op->delegate ? op->delegate : "<no-one>", op->client_name ? op->client_name : "?",
           op->origin ? op->origin : "?", merged ? " (merged)" : "",
           fence_result_is_success(result) ? "OK" : "Error", exec_status_text(result->status),
           result->reason ? ": " : "", result->reason ? result->reason : "");
    answer_client(core, op, broadcast);
    data = event_data(op);
    core_notify(core, NOTIFY_FENCE, FENCE_NOTIFY_FENCE, result, data);
    core_notify(core, NOTIFY_HISTORY, FENCE_NOTIFY_HISTORY, result, NULL);
    for (unsigned i = 0; i < op->duplicates->len; i++) {
        struct op *duplicate = op->duplicates->pdata[i];

        set_string(&duplicate->delegate, op->delegate);
        finish(core, now, duplicate, result, broadcast, true);
    }
    g_ptr_array_set_size(op->duplicates, 0);
}

/* A result broadcast, our own or another originator's (spec 60 §5.5, §11.8). */
void
op_handle_result(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    const xmlNode *data = fence_find_with(message, F_ST_REMOTE_OP);
    struct fence_result result = { 0 };
    struct op *op;

    if (data == NULL) {
        log_warn("Ignoring a fencing result from %s without operation id", from ? from : "?");
        return;
    }
    op = g_hash_table_lookup(core->ops, xml_get(data, F_ST_REMOTE_OP));
    if (op != NULL && op->is_own && !op->is_decided) {
        op_handle_execution_reply(core, now, from, message); /* of the peer that fences us (spec 60 §5.4) */
        return;
    }
    fence_result_from_xml(&result, message);
    if (op == NULL && fence_result_is_success(&result) && xml_get(data, F_ST_TARGET) != NULL) {
        op = op_new(core, xml_get(data, F_ST_REMOTE_OP), xml_get(data, F_ST_TARGET), xml_get(data, F_ST_DEVICE_ACTION));
        set_string(&op->origin, xml_get(data, F_ST_ORIGIN));
        set_string(&op->client_id, xml_get(data, F_ST_CLIENTID));
        set_string(&op->client_name, xml_get(data, F_ST_CLIENTNAME));
    }
    if (op == NULL || op_is_final(op)) {
        log_debug("Result of fencing operation %s arrived too late", xml_get(data, F_ST_REMOTE_OP));
    } else {
        if (op->delegate == NULL && result.status != EXEC_NO_FENCE_DEVICE
            && !(result.status == EXEC_INVALID && result.rc == CRM_EX_EXPIRED)) {
            const char *delegate = xml_get(data, F_ST_DELEGATE);

            set_string(&op->delegate, delegate ? delegate : from);
        }
        finish(core, now, op, &result, message, xml_get_bool(message, FENCE_F_MERGED, false));
        history_trim(core);
    }
    fence_result_clear(&result);
}

/* --- the beginning --- */

/* A completed one that makes another unnecessary (spec 60 §3.2, tolerance). */
static bool
is_within_tolerance(const struct fenced_core *core, struct fenced_now now, const char *target, const char *action,
                    long long tolerance_s)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, core->ops);
    while (tolerance_s > 0 && g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct op *op = value;

        if (op->state == FENCE_STATE_DONE && text_equal(op->target, target) && text_equal(op->action, action)
            && op->completed + tolerance_s >= now.epoch) {
            log_notice("Not fencing %s (%s): it was done by %s less than %llds ago", target, action,
                       op->delegate ? op->delegate : "<no-one>", tolerance_s);
            return true;
        }
    }
    return false;
}

static unsigned
total_of(const struct fenced_core *core, const struct op *op)
{
    return (op->total_timeout_s > 0) ? op->total_timeout_s : op_with_reserve(op_total_timeout(core, op));
}

/*
 * May `op` wait for the end of `other` instead of being carried out?  (spec 60 §12)
 * One of a dead originator is failed here and now, so that it blocks nobody.
 */
static bool
can_merge(struct fenced_core *core, struct fenced_now now, const struct op *op, struct op *other)
{
    struct fence_result dead = { 0 };

    if (other == op || (other->state != FENCE_STATE_QUERYING && other->state != FENCE_STATE_EXECUTING)
        || !text_equal_nocase(op->target, other->target) || !text_equal(op->action, other->action)
        || text_equal(op->client_name, other->client_name) || text_equal_nocase(other->target, other->origin)) {
        return false;
    }
    if (!core_peer_is_active(core, other->origin)) {
        fence_result_set(&dead, CRM_EX_ERROR, EXEC_ERROR, "Originator of the operation is gone");
        finish(core, now, other, &dead, NULL, false);
        fence_result_clear(&dead);
        return false;
    }
    return now.ms < other->started_ms + (uint64_t) total_of(core, other) * 1000;
}

void
op_tell_timeout(struct fenced_core *core, const struct op *op)
{
    struct fenced_effect *e;

    if ((op->options & FENCE_OPT_SYNC) || op->ticket.client_id == NULL
        || !g_hash_table_contains(core->clients, op->ticket.client_id)) {
        return;
    }
    e = core_add_effect(core, FENCED_EVENT);
    e->clients = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(e->clients, g_strdup(op->ticket.client_id));
    e->xml = xml_new(NULL, FENCE_TYPE_TIMEOUT);
    xml_set(e->xml, F_TYPE, FENCE_TYPE_TIMEOUT);
    xml_set_int(e->xml, F_ST_CALLID, op->call_id);
    xml_set_int(e->xml, F_ST_TIMEOUT, total_of(core, op));
}

static bool
merge_with_other(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    g_autoptr(GList) ops = g_hash_table_get_values(core->ops);

    for (GList *item = ops; item != NULL; item = item->next) {
        struct op *other = item->data;

        if (can_merge(core, now, op, other)) {
            op->state = FENCE_STATE_DUPLICATE;
            op->total_timeout_s = other->total_timeout_s = total_of(core, other);
            g_ptr_array_add(other->duplicates, op);
            log_notice("Merging fencing action '%s' targeting %s originating from client %s with identical request "
                       "from %s@%s",
                       op->action, op->target, op->client_name, other->client_name, other->origin);
            op_tell_timeout(core, op);
            return true;
        }
    }
    return false;
}

static void
broadcast_query(struct fenced_core *core, const struct op *op)
{
    xmlNode *query = xml_new(NULL, FENCE_TAG_COMMAND);

    xml_set(query, F_NAME, FENCE_TAG_COMMAND);
    xml_set(query, F_TYPE, T_STONITH);
    xml_set(query, F_ST_ASYNC_ID, op->id);
    xml_set(query, F_ST_OPERATION, FENCE_OP_QUERY);
    xml_set_int(query, F_ST_CALLID, op->call_id);
    xml_set_int(query, F_ST_CALLOPTS, op->options & ~(unsigned) FENCE_OPT_NODE_ID);
    xml_set(query, F_ST_REMOTE_OP, op->id);
    xml_set(query, F_ST_TARGET, op->target);
    xml_set(query, F_ST_DEVICE_ACTION, op->action);
    xml_set(query, F_ST_ORIGIN, op->origin);
    xml_set(query, F_ST_CLIENTID, op->client_id);
    xml_set(query, F_ST_CLIENTNAME, op->client_name);
    xml_set_int(query, F_ST_TIMEOUT, op->base_timeout_s);
    xml_set(query, F_ST_REMOTE_OP_RELAY, op->relay_id);
    core_send_take(core, NULL, query);
}

/* Some other active fencer, or NULL. */
static const char *
other_peer(const struct fenced_core *core)
{
    for (unsigned i = 0; i < core->active->len; i++) {
        if (!text_equal_nocase(core->active->pdata[i], core->node)) {
            return core->active->pdata[i];
        }
    }
    return NULL;
}

static void
refuse(struct fenced_core *core, const xmlNode *request, const struct ticket *ticket, int rc, int status,
       const char *reason)
{
    struct fence_result result = { 0 };

    fence_result_set(&result, rc, status, reason);
    core_answer_take(core, ticket, reply_new(request, &result));
    fence_result_clear(&result);
}

/* Nobody fences itself if another can do it: hand the request over; the answer comes with the result's broadcast. */
static void
relay(struct fenced_core *core, struct op *op, const xmlNode *request, const char *peer)
{
    xmlNode *message = xml_copy(NULL, request);

    log_notice("Relaying own fencing request (%s) of client %s to %s", op->action, op->client_name, peer);
    op->state = FENCE_STATE_QUERYING;
    set_string(&op->relayed_to, peer);
    xml_set(message, F_ST_OPERATION, FENCE_OP_RELAY);
    xml_set(message, F_ST_CLIENTID, op->client_id);
    xml_set(message, F_ST_REMOTE_OP, op->id);
    core_send_take(core, peer, message);
}

void
op_peers_changed(const struct fenced_core *core, struct op *op)
{
    op->is_orphaned = op->relayed_to != NULL && !op_is_final(op) && (op->is_orphaned || !core_peer_is_active(core, op->relayed_to));
}

void
op_give_up_orphan(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    struct fence_result gone = { 0 };

    op->is_orphaned = false;
    fence_result_set(&gone, CRM_EX_ERROR, EXEC_ERROR, "Node that was to fence this one is gone");
    finish(core, now, op, &gone, NULL, false);
    fence_result_clear(&gone);
}

static struct op *
op_from_request(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const char *target,
                const char *action)
{
    const xmlNode *data = fence_find_with(request, F_ST_TARGET);
    const char *origin = (data != NULL) ? xml_get(data, F_ST_ORIGIN) : NULL;
    g_autofree char *id = core->new_uuid(core->data);
    struct op *op = op_new(core, id, target, action);

    op->is_own = true;
    op->started_ms = now.ms;
    op->base_timeout_s = (unsigned) CLAMP(xml_get_int(request, F_ST_TIMEOUT, 0), 0, G_MAXINT / 2);
    op->delay_s = (int) xml_get_int(request, F_ST_DELAY, 0);
    op->call_id = (int) xml_get_int(request, F_ST_CALLID, 0);
    op->options = (unsigned) xml_get_int(request, F_ST_CALLOPTS, 0);
    set_string(&op->origin, origin ? origin : core->node);
    set_string(&op->client_id, xml_get(request, F_ST_CLIENTID));
    set_string(&op->client_name, xml_get(request, F_ST_CLIENTNAME));
    return op;
}

void
op_start(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const struct ticket *ticket,
         const char *relay_id)
{
    const struct fence_result success = { 0 };
    unsigned options = (unsigned) xml_get_int(request, F_ST_CALLOPTS, 0);
    const char *target = core_target_name(core, fence_find_value(request, F_ST_TARGET), options);
    const char *action = fence_find_value(request, F_ST_DEVICE_ACTION);
    const char *tolerance = fence_find_value(request, F_ST_TOLERANCE);
    const char *peer = other_peer(core);
    struct op *op;

    if (target == NULL || action == NULL) {
        refuse(core, request, ticket, CRM_EX_PROTOCOL, EXEC_INVALID, "Fencer API request missing required information (bug?)");
        return;
    }
    if (relay_id == NULL && is_within_tolerance(core, now, target, action, text_leading_int(tolerance))) {
        core_answer_take(core, ticket, reply_new(request, &success));
        return;
    }
    log_notice("Client %s wants to fence (%s) %s", xml_get(request, F_ST_CLIENTNAME), action, target);
    if (core->standalone) {
        command_fence(core, now, request, NULL, ticket);
        return;
    }
    op = op_from_request(core, now, request, target, action);
    set_ticket(op, ticket);
    core_notify(core, NOTIFY_HISTORY, FENCE_NOTIFY_HISTORY, &success, NULL);
    if (options & FENCE_OPT_MANUAL_ACK) {
        set_string(&op->delegate, FENCE_DELEGATE_HUMAN);
        op_decide(core, op, &success);
        return;
    }
    if (relay_id == NULL && peer != NULL && text_equal_nocase(target, core->node)) {
        relay(core, op, request, peer);
        return;
    }
    if (relay_id != NULL) {
        g_autofree char *name = g_strdup_printf("pacemaker-fenced.%ld", core->pid);

        set_string(&op->client_name, name);
        set_string(&op->relay_id, relay_id);
    }
    if (merge_with_other(core, now, op)) {
        return;
    }
    op->replies_expected = core->active->len;
    op_enter_topology(core, op);
    op->query_due = now.ms + (uint64_t) op_with_reserve(op->base_timeout_s) * 1000;
    log_notice("Requesting peer fencing (%s) targeting %s" LOG_XT "id=%.8s state=querying base_timeout=%us", op->action,
               op->target, op->id, op->base_timeout_s);
    broadcast_query(core, op);
}

/* --- as a peer of the originator --- */

static void
send_offer(struct fenced_core *core, struct fenced_now now, struct search *search)
{
    const struct fence_result done = { 0 };
    xmlNode *reply = reply_new(search->request, &done);

    msg_take_data(reply, F_ST_CALLDATA, devices_offer(core, search));
    core_send_take(core, search->peer, reply);
}

void
op_handle_query(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    const struct fence_result done = { 0 };
    const char *id = fence_find_value(message, F_ST_REMOTE_OP);
    const char *target = fence_find_value(message, F_ST_TARGET);
    const char *action = fence_find_value(message, F_ST_DEVICE_ACTION);
    const char *relay_id = fence_find_value(message, F_ST_REMOTE_OP_RELAY);
    unsigned options = (unsigned) xml_get_int(message, F_ST_CALLOPTS, 0);
    struct search *search;

    if (id != NULL && !g_hash_table_contains(core->ops, id)) {
        struct op *op = op_new(core, id, target, action);
        const char *origin = fence_find_value(message, F_ST_ORIGIN);
        struct op *placeholder = (relay_id != NULL && text_equal_nocase(target, core->node))
                                     ? g_hash_table_lookup(core->ops, relay_id)
                                     : NULL;

        op->started_ms = now.ms;
        op->call_id = (int) xml_get_int(message, F_ST_CALLID, 0);
        op->options = options;
        op->base_timeout_s = (unsigned) CLAMP(xml_get_int(message, F_ST_TIMEOUT, 0), 0, G_MAXINT / 2);
        set_string(&op->origin, origin ? origin : from);
        set_string(&op->client_id, fence_find_value(message, F_ST_CLIENTID));
        set_string(&op->client_name, fence_find_value(message, F_ST_CLIENTNAME));
        if (placeholder != NULL) { /* our own client's request that we relayed: it waits for this one now */
            set_ticket(op, &placeholder->ticket);
            set_string(&op->relayed_to, op->origin);
            g_hash_table_remove(core->ops, relay_id);
        }
        core_notify(core, NOTIFY_HISTORY, FENCE_NOTIFY_HISTORY, &done, NULL);
    }
    if (text_equal(fence_find_value(message, F_ST_DEVICE_ID), FENCE_DEVICE_MANUAL)) {
        return;
    }
    search = search_new(message, target, action, (options & FENCE_OPT_ALLOW_SELF) != 0, send_offer);
    search->peer = g_strdup(from);
    search_start_take(core, now, search);
}
