/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fencer's core: clients, dispatch of requests and messages, replies, events.
 * Called by the shell, tests and the simulation; see fenced_core.h.  (spec 60 §3-§5)
 */
#include "daemons/fenced/fenced_core.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

#define ORIGIN "fenced"

/* --- making and ending --- */

static void
client_free(gpointer data)
{
    struct client *client = data;

    g_free(client->id);
    g_free(client->name);
    g_free(client);
}

struct fenced_core *
fenced_core_new(const struct fenced_config *config)
{
    struct fenced_core *core = g_new0(struct fenced_core, 1);

    core->node = g_strdup(config->node);
    core->pid = config->pid;
    core->standalone = config->standalone;
    core->new_uuid = config->new_uuid;
    core->node_name = config->node_name;
    core->data = config->data;
    core->clients = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, client_free);
    core->devices = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, device_free);
    core->topologies = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, topology_free);
    core->agents = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, agent_info_free);
    core->running = g_hash_table_new(NULL, NULL);
    g_queue_init(&core->held_searches);
    core->random = config->random;
    core->node_id = config->node_id;
    core->uptime_ms = config->uptime_ms;
    core->sbd_timeout_ms = config->sbd_timeout_ms;
    core->agent_namespace = config->agent_namespace;
    core->processes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    core->ops = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, op_free);
    core->active = g_ptr_array_new_with_free_func(g_free);
    g_queue_init(&core->effects);
    return core;
}

/* Commands and the searches that wait for them: each search is freed with its last check. */
static void
free_commands(struct fenced_core *core)
{
    g_autoptr(GHashTable) searches = g_hash_table_new(NULL, NULL);
    g_autoptr(GList) commands = g_hash_table_get_values(core->running);
    g_autoptr(GList) devices = g_hash_table_get_values(core->devices);
    GHashTableIter iter;
    gpointer search;

    for (GList *device = devices; device != NULL; device = device->next) {
        GQueue *waiting = &((struct device *) device->data)->waiting;

        while (!g_queue_is_empty(waiting)) {
            commands = g_list_prepend(commands, g_queue_pop_head(waiting));
        }
    }
    for (GList *item = commands; item != NULL; item = item->next) {
        struct command *command = item->data;

        if (command->search != NULL) {
            g_hash_table_add(searches, command->search);
        }
        command_free(command);
    }
    g_hash_table_iter_init(&iter, searches);
    while (g_hash_table_iter_next(&iter, &search, NULL)) {
        search_free(search);
    }
    g_queue_clear_full(&core->held_searches, search_free);
}

void
fenced_core_free(struct fenced_core *core)
{
    free_commands(core);
    g_hash_table_unref(core->clients);
    g_hash_table_unref(core->devices);
    g_hash_table_unref(core->agents);
    g_hash_table_unref(core->running);
    g_hash_table_unref(core->topologies);
    g_hash_table_unref(core->ops);
    g_hash_table_unref(core->processes);
    g_ptr_array_unref(core->active);
    g_queue_clear_full(&core->effects, (GDestroyNotify) fenced_effect_free);
    xml_free(core->nodes);
    g_free(core->levels_text);
    if (core->watchdog_targets != NULL) {
        g_ptr_array_unref(core->watchdog_targets);
    }
    g_free(core->node);
    g_free(core);
}

void
fenced_effect_free(struct fenced_effect *e)
{
    if (e != NULL) {
        g_free(e->to);
        if (e->clients != NULL) {
            g_ptr_array_unref(e->clients);
        }
        xml_free(e->xml);
        g_free(e->agent);
        g_free(e->device_id);
        if (e->args != NULL) {
            g_hash_table_unref(e->args);
        }
        g_free(e);
    }
}

struct fenced_effect *
core_add_effect(struct fenced_core *core, enum fenced_effect_kind kind)
{
    struct fenced_effect *e = g_new0(struct fenced_effect, 1);

    e->kind = kind;
    g_queue_push_tail(&core->effects, e);
    return e;
}

struct fenced_effect *
fenced_core_take_effect(struct fenced_core *core)
{
    return g_queue_pop_head(&core->effects);
}

/* --- peers --- */

static void
peer_appeared(struct fenced_core *core, const struct fenced_peer *peer)
{
    g_autofree char *name = g_ascii_strdown(peer->name, -1);
    gpointer pid = GUINT_TO_POINTER(peer->pid), before;
    bool is_known = g_hash_table_lookup_extended(core->processes, name, NULL, &before) && before == pid;
    GHashTableIter iter;
    gpointer op;

    g_hash_table_iter_init(&iter, core->ops);
    while (g_hash_table_iter_next(&iter, NULL, &op)) {
        op_peer_returned(op, peer->name, !is_known);
    }
    g_hash_table_insert(core->processes, g_steal_pointer(&name), pid);
}

void
fenced_core_set_peers(struct fenced_core *core, const struct fenced_peer *peers, unsigned n)
{
    GHashTableIter iter;
    gpointer op;

    for (unsigned i = 0; i < n; i++) {
        if (!core_peer_is_active(core, peers[i].name)) {
            peer_appeared(core, &peers[i]);
        }
    }
    g_ptr_array_set_size(core->active, 0);
    for (unsigned i = 0; i < n; i++) {
        g_ptr_array_add(core->active, g_strdup(peers[i].name));
    }
    g_hash_table_iter_init(&iter, core->ops);
    while (g_hash_table_iter_next(&iter, NULL, &op)) {
        op_peers_changed(core, op);
    }
}

const char *
core_target_name(const struct fenced_core *core, const char *target, unsigned options)
{
    const char *name = NULL;

    if (!(options & FENCE_OPT_NODE_ID) || target == NULL || core->node_name == NULL) {
        return target;
    }
    name = core->node_name((uint32_t) strtoul(target, NULL, 10), core->data);
    if (name == NULL) {
        log_warn("No node has the id %s", target);
    }
    return (name != NULL) ? name : target;
}

bool
core_peer_is_active(const struct fenced_core *core, const char *name)
{
    for (unsigned i = 0; i < core->active->len; i++) {
        if (text_equal_nocase(core->active->pdata[i], name)) {
            return true;
        }
    }
    return false;
}

void
core_send_take(struct fenced_core *core, const char *to, xmlNode *xml)
{
    struct fenced_effect *e;

    if (core->standalone) {
        xml_free(xml);
        return;
    }
    e = core_add_effect(core, FENCED_SEND);
    e->to = g_strdup(to);
    e->xml = xml;
}

void
fenced_core_poke(struct fenced_core *core)
{
    xmlNode *poke = xml_new(NULL, FENCE_TAG_COMMAND);

    xml_set(poke, F_NAME, FENCE_TAG_COMMAND);
    xml_set(poke, F_TYPE, T_STONITH);
    xml_set(poke, F_ST_OPERATION, FENCE_OP_POKE);
    core_send_take(core, NULL, poke);
}

/* --- answers --- */

xmlNode *
reply_new(const xmlNode *request, const struct fence_result *result)
{
    static const char *const identity[]
        = { F_ST_OPERATION, F_ST_CALLID, F_ST_CLIENTID, F_ST_CLIENTNAME, F_ST_REMOTE_OP, F_ST_CALLOPTS };
    xmlNode *reply = xml_new(NULL, FENCE_TAG_REPLY);

    xml_set(reply, F_ST_ORIGIN, ORIGIN);
    xml_set(reply, F_TYPE, T_STONITH);
    fence_result_to_xml(reply, result);
    for (size_t i = 0; i < G_N_ELEMENTS(identity); i++) {
        xml_set(reply, identity[i], fence_find_value(request, identity[i]));
    }
    return reply;
}

void
core_answer_take(struct fenced_core *core, const struct ticket *ticket, xmlNode *xml)
{
    struct fenced_effect *e;

    if (ticket->client_id == NULL || !g_hash_table_contains(core->clients, ticket->client_id)) {
        xml_free(xml);
        return;
    }
    e = core_add_effect(core, FENCED_REPLY);
    e->to = g_strdup(ticket->client_id);
    e->request_id = ticket->request_id;
    e->request_flags = ticket->request_flags;
    e->xml = xml;
}

/* --- events --- */

static const struct {
    const char *type;
    unsigned bit;
} notify_types[] = {
    { FENCE_NOTIFY_FENCE, NOTIFY_FENCE },
    { FENCE_NOTIFY_DEVICE_ADD, NOTIFY_DEVICE_ADD },
    { FENCE_NOTIFY_DEVICE_DEL, NOTIFY_DEVICE_DEL },
    { FENCE_NOTIFY_HISTORY, NOTIFY_HISTORY },
    { FENCE_NOTIFY_HISTORY_SYNCED, NOTIFY_HISTORY_SYNCED },
};

static unsigned
notify_bit_of(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(notify_types); i++) {
        if (text_equal_nocase(type, notify_types[i].type)) {
            return notify_types[i].bit;
        }
    }
    return 0; /* clients ask for types that only their own library makes */
}

void
core_notify(struct fenced_core *core, unsigned bit, const char *type, const struct fence_result *result,
            const xmlNode *data)
{
    GPtrArray *receivers = g_ptr_array_new_with_free_func(g_free);
    struct fenced_effect *e;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, core->clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct client *client = value;

        if (bit == NOTIFY_EVERYBODY || (client->subscriptions & bit)) {
            g_ptr_array_add(receivers, g_strdup(client->id));
        }
    }
    if (receivers->len == 0) {
        g_ptr_array_unref(receivers);
        return;
    }
    e = core_add_effect(core, FENCED_EVENT);
    e->clients = receivers;
    e->xml = xml_new(NULL, FENCE_TAG_NOTIFY);
    xml_set(e->xml, F_TYPE, T_STONITH_NOTIFY);
    xml_set(e->xml, F_SUBTYPE, type);
    xml_set(e->xml, F_ST_OPERATION, type);
    fence_result_to_xml(e->xml, result);
    msg_add_data(e->xml, F_ST_CALLDATA, data);
}

/* --- clients --- */

void
fenced_core_client_connected(struct fenced_core *core, const char *id, long pid, bool privileged)
{
    struct client *client = g_new0(struct client, 1);

    client->id = g_strdup(id);
    client->pid = pid;
    client->is_privileged = privileged;
    g_hash_table_replace(core->clients, client->id, client);
}

void
fenced_core_client_gone(struct fenced_core *core, const char *id)
{
    g_hash_table_remove(core->clients, id);
}

/* --- requests --- */

/* One request while it is handled. */
struct request {
    struct fenced_core *core;
    struct fenced_now now;
    struct client *client;
    xmlNode *xml;
    const char *op;
    struct ticket ticket; /* borrows the client's id */
};

static void
answer(struct request *r, const struct fence_result *result, xmlNode *data_taken)
{
    xmlNode *reply = reply_new(r->xml, result);

    if (data_taken != NULL) {
        msg_take_data(reply, F_ST_CALLDATA, data_taken);
    }
    core_answer_take(r->core, &r->ticket, reply);
}

static void
handle_register(struct request *r)
{
    xmlNode *reply = xml_new(NULL, FENCE_TAG_REGISTERED);
    struct ticket ticket = r->ticket;

    xml_set(reply, F_ST_OPERATION, FENCE_OP_REGISTER);
    xml_set(reply, F_ST_CLIENTID, r->client->id);
    ticket.request_flags |= IPC_WANTS_RESPONSE;
    core_answer_take(r->core, &ticket, reply);
}

static void
handle_notify(struct request *r)
{
    struct ticket ticket = r->ticket;

    r->client->subscriptions |= notify_bit_of(xml_get(r->xml, F_ST_NOTIFY_ACTIVATE));
    r->client->subscriptions &= ~notify_bit_of(xml_get(r->xml, F_ST_NOTIFY_DEACTIVATE));
    ticket.request_flags |= IPC_WANTS_RESPONSE;
    core_answer_take(r->core, &ticket, msg_ack_new("ack", CRM_EX_OK, NULL));
}

/* The four that change tables: only for the privileged; an event follows. */
static const struct change {
    const char *op;
    void (*change)(struct fenced_core *core, struct fenced_now now, const xmlNode *request, struct fence_result *result);
    const char *refusal;
} changes[] = {
    { FENCE_OP_DEVICE_ADD, devices_add, "Unprivileged users must register device via CIB" },
    { FENCE_OP_DEVICE_DEL, devices_remove, "Unprivileged users must delete device via CIB" },
    { FENCE_OP_LEVEL_ADD, levels_add, "Unprivileged users must add level via CIB" },
    { FENCE_OP_LEVEL_DEL, levels_remove, "Unprivileged users must delete level via CIB" },
};

static void
handle_change(struct request *r, const struct change *change)
{
    struct fence_result result = { 0 };

    if (r->client->is_privileged) {
        change->change(r->core, r->now, r->xml, &result);
    } else {
        fence_result_set(&result, CRM_EX_INSUFFICIENT_PRIV, EXEC_INVALID, change->refusal);
    }
    answer(r, &result, NULL);
    fence_result_clear(&result);
}

static void
handle_execute(struct request *r)
{
    command_execute(r->core, r->now, r->xml, &r->ticket);
}

static void
answer_query(struct fenced_core *core, struct fenced_now now, struct search *search)
{
    const struct fence_result done = { 0 };
    xmlNode *reply = reply_new(search->request, &done);

    msg_take_data(reply, F_ST_CALLDATA, devices_offer(core, search));
    core_answer_take(core, &search->ticket, reply);
}

static void
handle_query(struct request *r)
{
    const struct fence_result done = { 0 };
    unsigned options = (unsigned) xml_get_int(r->xml, F_ST_CALLOPTS, 0);
    const char *target = fence_find_value(r->xml, F_ST_TARGET);
    const char *action = fence_find_value(r->xml, F_ST_DEVICE_ACTION);
    struct search *search;

    if (target == NULL) {
        answer(r, &done, devices_list(r->core));
        return;
    }
    search = search_new(r->xml, target, action ? action : "off", (options & FENCE_OPT_ALLOW_SELF) != 0, answer_query);
    search->ticket = r->ticket;
    search->ticket.client_id = g_strdup(r->ticket.client_id);
    search_start_take(r->core, r->now, search);
}

static void
handle_fence(struct request *r)
{
    op_start(r->core, r->now, r->xml, &r->ticket, NULL);
}

static void
handle_history(struct request *r)
{
    const struct fence_result done = { 0 };
    unsigned options = (unsigned) xml_get_int(r->xml, F_ST_CALLOPTS, 0);
    xmlNode *data = history_request(r->core, r->xml);

    if (options & FENCE_OPT_DISCARD_REPLY) {
        xml_free(data);
    } else {
        answer(r, &done, data);
    }
}

static const struct {
    const char *op;
    void (*handle)(struct request *r);
} handlers[] = {
    { FENCE_OP_REGISTER, handle_register }, { FENCE_OP_NOTIFY, handle_notify },   { FENCE_OP_EXECUTE, handle_execute },
    { FENCE_OP_QUERY, handle_query },       { FENCE_OP_FENCE, handle_fence },     { FENCE_OP_HISTORY, handle_history },
};

static void
dispatch(struct request *r)
{
    struct fence_result result = { 0 };
    g_autofree char *reason = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++) {
        if (text_equal(r->op, handlers[i].op)) {
            handlers[i].handle(r);
            return;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
        if (text_equal(r->op, changes[i].op)) {
            handle_change(r, &changes[i]);
            return;
        }
    }
    log_err("Unknown IPC request %s from client %s", r->op, r->client->name);
    reason = g_strdup_printf("Unknown IPC request type '%s' (bug?)", r->op);
    fence_result_set(&result, CRM_EX_PROTOCOL, EXEC_INVALID, reason);
    answer(r, &result, NULL);
    fence_result_clear(&result);
}

/* crm_node -R: everybody forgets the node; nobody waits for an answer. */
static void
forget_node(struct fenced_core *core, xmlNode *request)
{
    xml_set(request, F_TYPE, T_STONITH);
    xml_set(request, F_ST_OPERATION, CRM_TASK_RM_NODE_CACHE);
    core_send_take(core, NULL, xml_copy(NULL, request));
}

void
fenced_core_request(struct fenced_core *core, struct fenced_now now, const char *client_id, uint32_t request_id,
                    uint32_t request_flags, xmlNode *xml)
{
    unsigned options = (unsigned) xml_get_int(xml, F_ST_CALLOPTS, 0);
    struct request r = { .core = core, .now = now, .client = g_hash_table_lookup(core->clients, client_id), .xml = xml };

    g_assert(r.client != NULL);
    if ((options & FENCE_OPT_SYNC) && !(request_flags & IPC_WANTS_RESPONSE)) {
        log_warn("Ignoring a synchronous request of client %s that does not wait for the answer", client_id);
        return;
    }
    if (r.client->name == NULL) {
        const char *name = xml_get(xml, F_ST_CLIENTNAME);

        r.client->name = g_strdup_printf("%s.%ld", name ? name : "unknown", r.client->pid);
    }
    xml_set(xml, F_ST_CLIENTID, r.client->id);
    xml_set(xml, F_ST_CLIENTNAME, r.client->name);
    xml_set(xml, F_ST_CLIENTNODE, core->node);
    if (text_equal(xml_get(xml, F_CRM_TASK), CRM_TASK_RM_NODE_CACHE)) {
        forget_node(core, xml);
        return;
    }
    r.op = xml_get(xml, F_ST_OPERATION);
    if (r.op == NULL) {
        log_warn("Ignoring a message of client %s without operation", r.client->name);
        return;
    }
    r.ticket.client_id = r.client->id;
    r.ticket.request_id = request_id;
    r.ticket.request_flags = (options & FENCE_OPT_SYNC) ? IPC_WANTS_RESPONSE : 0;
    dispatch(&r);
}

/* --- messages of fencers --- */

/* Does the document hold a reply anywhere? */
static bool
holds_reply(const xmlNode *node)
{
    if (xml_is(node, FENCE_TAG_REPLY)) {
        return true;
    }
    xml_for_each(child, node, NULL)
    {
        if (holds_reply(child)) {
            return true;
        }
    }
    return false;
}

static void
push_timeout_update(struct fenced_core *core, const xmlNode *message)
{
    const char *client_id = xml_get(message, F_ST_CLIENTID);
    struct fenced_effect *e;

    if (client_id == NULL || !g_hash_table_contains(core->clients, client_id)) {
        return;
    }
    e = core_add_effect(core, FENCED_EVENT);
    e->clients = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(e->clients, g_strdup(client_id));
    e->xml = xml_new(NULL, FENCE_TYPE_TIMEOUT);
    xml_set(e->xml, F_TYPE, FENCE_TYPE_TIMEOUT);
    xml_copy_attr(e->xml, message, F_ST_CALLID);
    xml_copy_attr(e->xml, message, F_ST_TIMEOUT);
}

static void
handle_peer_request(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    const char *op = fence_find_value(message, F_ST_OPERATION);
    const struct ticket nobody = { 0 };

    if (text_equal(op, FENCE_OP_QUERY)) {
        op_handle_query(core, now, from, message);
    } else if (text_equal(op, FENCE_OP_FENCE)) {
        command_fence(core, now, message, from, NULL);
    } else if (text_equal(op, FENCE_OP_HISTORY)) {
        history_handle_message(core, now, from, message);
    } else if (text_equal(op, FENCE_OP_RELAY)) {
        op_start(core, now, message, &nobody, fence_find_value(message, F_ST_REMOTE_OP));
    } else if (text_equal(op, FENCE_OP_TIMEOUT_UPDATE)) {
        push_timeout_update(core, message);
    } else if (text_equal(op, CRM_TASK_RM_NODE_CACHE)) {
        core_add_effect(core, FENCED_FORGET)->xml = xml_copy(NULL, message);
    } else if (!text_equal(op, FENCE_OP_POKE)) {
        log_debug("Ignoring unknown request %s of fencer on %s", op ? op : "", from ? from : "?");
    }
}

static void
handle_peer_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    const char *op = fence_find_value(message, F_ST_OPERATION);

    if (text_equal(op, FENCE_OP_QUERY)) {
        op_handle_query_reply(core, now, from, message);
    } else if (text_equal(op, FENCE_OP_NOTIFY)) {
        op_handle_result(core, now, from, message);
    } else if (text_equal(op, FENCE_OP_FENCE)) {
        op_handle_execution_reply(core, now, from, message);
    } else {
        log_debug("Ignoring unknown reply %s of fencer on %s", op ? op : "", from ? from : "?");
    }
}

void
fenced_core_message(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    if (holds_reply(message)) {
        handle_peer_reply(core, now, from, message);
    } else {
        handle_peer_request(core, now, from, message);
    }
}

/* --- time --- */

uint64_t
fenced_core_deadline(const struct fenced_core *core)
{
    uint64_t earliest = MIN(commands_deadline(core), agent_infos_deadline(core));
    GHashTableIter iter;
    gpointer op;

    g_hash_table_iter_init(&iter, core->ops);
    while (g_hash_table_iter_next(&iter, NULL, &op)) {
        earliest = MIN(earliest, op_deadline(op));
    }
    return earliest;
}

void
fenced_core_tick(struct fenced_core *core, struct fenced_now now)
{
    g_autoptr(GList) ops = g_hash_table_get_values(core->ops);

    for (GList *item = ops; item != NULL; item = item->next) {
        if (op_deadline(item->data) <= now.ms) {
            op_tick(core, now, item->data);
        }
    }
    agent_infos_tick(core, now);
    commands_tick(core, now);
}
