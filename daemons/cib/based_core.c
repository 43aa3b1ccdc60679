/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CIB manager's core: clients, effects, and the two tables that say what happens to a request of a local client and
 * to a message of the group.  Driven by the shell and by cts/sim.  Does no I/O.  (spec 20 §8, §9.2)
 */
#include "daemons/cib/based_core.h"

#include <errno.h>
#include <string.h>

#include "daemons/cib/based_internal.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_proto.h"

/* --- life --- */

static void
free_client(gpointer data)
{
    struct based_client *c = data;

    g_free(c->id);
    g_free(c->name);
    g_free(c->user);
    cib_interest_free(c->interest);
    g_free(c);
}

void
based_prepare_document(xmlNode *root, bool keep_status)
{
    static const char *const counters[] = { CIB_A_ADMIN_EPOCH, CIB_A_EPOCH, CIB_A_NUM_UPDATES };
    xmlNode *status;

    while (!keep_status && (status = xml_first(root, "status")) != NULL) {
        xml_free(status);
    }
    if (xml_first(root, "status") == NULL) {
        xml_new(root, "status");
    }
    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        if (xml_get(root, counters[i]) == NULL) {
            xml_set(root, counters[i], "0");
        }
    }
    xml_remove(root, CIB_A_DC_UUID);
}

struct based *
based_new(const struct based_config *config, xmlNode *document)
{
    struct based *b = g_new0(struct based, 1);
    const char *schema;

    b->node = g_strdup(config->node_name);
    b->schemas = config->schemas;
    b->stand_alone = config->stand_alone;
    b->journal = config->journal;
    b->answers_as_elements = config->answers_as_elements;
    b->primary = config->stand_alone;
    b->clients = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_client);
    g_queue_init(&b->effects);
    g_queue_init(&b->held);
    if (b->schemas != NULL) {
        cib_schema_complete(b->schemas, document);
    }
    schema = xml_get(document, CIB_A_VALIDATE_WITH);
    b->doc = cib_doc_new_take(document);
    if (b->schemas == NULL || cib_schema_accepts(b->schemas, schema, document, NULL, NULL)) {
        b->doc->valid_for = g_strdup(schema);
    } else {
        log_err("The configuration does not satisfy its schema %s: repair it (all requests will be refused) and restart",
                schema);
        b->error_rc = LEGACY_SCHEMA_VALIDATION;
    }
    based_read_options(b);
    return b;
}

void
based_free(struct based *b)
{
    struct based_effect *e;
    struct based_held *h;

    if (b == NULL) {
        return;
    }
    while ((e = g_queue_pop_head(&b->effects)) != NULL) {
        based_effect_free(e);
    }
    while ((h = g_queue_pop_head(&b->held)) != NULL) {
        based_effect_free(h->effect);
        g_free(h);
    }
    g_hash_table_destroy(b->clients);
    cib_doc_free(b->doc);
    g_free(b->ping_digest);
    g_free(b->node);
    g_free(b);
}

const xmlNode *
based_document(const struct based *b)
{
    return b->doc->root;
}

struct cib_version
based_version(const struct based *b)
{
    return cib_version_of(b->doc->root);
}

bool
based_is_primary(const struct based *b)
{
    return b->primary;
}

uint64_t
based_sequence(const struct based *b)
{
    return b->sequence;
}

/* --- effects --- */

struct based_effect *
based_effect_new(enum based_effect_kind kind)
{
    struct based_effect *e = g_new0(struct based_effect, 1);

    e->kind = kind;
    return e;
}

void
based_effect_free(struct based_effect *e)
{
    if (e == NULL) {
        return;
    }
    xml_free(e->xml);
    if (e->xml_text != NULL) {
        g_string_free(e->xml_text, TRUE);
    }
    g_free(e->client_id);
    g_free(e->to);
    if (e->clients != NULL) {
        g_ptr_array_free(e->clients, TRUE);
    }
    if (e->record != NULL) {
        g_string_free(e->record, TRUE);
    }
    g_free(e);
}

void
based_queue(struct based *b, struct based_effect *e)
{
    g_queue_push_tail(&b->effects, e);
}

struct based_effect *
based_next_effect(struct based *b)
{
    return g_queue_pop_head(&b->effects);
}

void
based_send(struct based *b, const char *to, xmlNode *take)
{
    struct based_effect *e = based_effect_new(BASED_SEND);

    e->to = g_strdup(to);
    e->xml = take;
    based_queue(b, e);
}

void
based_arm(struct based *b, enum based_timer timer, unsigned delay_ms)
{
    struct based_effect *e = based_effect_new(BASED_TIMER);

    e->value = timer;
    e->delay_ms = delay_ms;
    based_queue(b, e);
}

/*
 * A reply leaves when what it acknowledges is on disk, and never before an earlier reply to the same client.
 */
static bool
must_wait(const struct based *b, const char *client_id, uint64_t sequence)
{
    if (sequence > b->durable) {
        return true;
    }
    for (const GList *l = b->held.head; l != NULL; l = l->next) {
        if (text_equal(((const struct based_held *)l->data)->effect->client_id, client_id)) {
            return true;
        }
    }
    return false;
}

const xmlNode *
based_effect_xml(struct based_effect *e)
{
    if (e->xml == NULL && e->xml_text != NULL) {
        e->xml = xml_parse(e->xml_text->str, e->xml_text->len, XML_PARSE_STRICT, NULL);
    }
    return e->xml;
}

static void
answer(struct based *b, struct based_client *c, unsigned options, xmlNode *take, GString *take_text, uint64_t sequence)
{
    struct based_effect *e = based_effect_new((options & CIB_OPT_SYNC) ? BASED_REPLY : BASED_EVENT);

    e->client_id = g_strdup(c->id);
    e->xml = take;
    e->xml_text = take_text;
    if (options & CIB_OPT_SYNC) {
        e->request_id = c->request_id;
        e->request_flags = c->request_flags;
    }
    if (must_wait(b, c->id, sequence)) {
        struct based_held *h = g_new0(struct based_held, 1);

        h->sequence = MAX(sequence, b->durable);
        h->effect = e;
        g_queue_push_tail(&b->held, h);
    } else {
        based_queue(b, e);
    }
}

void
based_answer(struct based *b, struct based_client *c, unsigned options, xmlNode *take, uint64_t sequence)
{
    if (options & CIB_OPT_DISCARD_REPLY) {
        xml_free(take);
    } else {
        answer(b, c, options, take, NULL, sequence);
    }
}

void
based_answer_text(struct based *b, struct based_client *c, unsigned options, GString *take)
{
    answer(b, c, options, NULL, take, 0);
}

void
based_durable(struct based *b, uint64_t sequence)
{
    struct based_held *h;

    b->durable = MAX(b->durable, sequence);
    while ((h = g_queue_peek_head(&b->held)) != NULL && h->sequence <= b->durable) {
        based_queue(b, h->effect);
        g_free(g_queue_pop_head(&b->held));
    }
    based_shutdown_step(b);
}

/* --- clients --- */

struct based_client *
based_find_client(struct based *b, const char *id)
{
    return id != NULL ? g_hash_table_lookup(b->clients, id) : NULL;
}

void
based_client_connected(struct based *b, const char *client_id, enum based_endpoint endpoint, bool privileged)
{
    struct based_client *c = g_new0(struct based_client, 1);

    c->id = g_strdup(client_id);
    c->endpoint = endpoint;
    c->privileged = privileged;
    g_hash_table_replace(b->clients, c->id, c);
}

void
based_client_closed(struct based *b, const char *client_id)
{
    g_hash_table_remove(b->clients, client_id);
    based_shutdown_step(b);
}

static void
acknowledge(struct based *b, const struct based_request *r, const char *element, int status)
{
    struct based_effect *e;

    if (!r->wants_response) {
        return;
    }
    e = based_effect_new(BASED_ACK);
    e->client_id = g_strdup(r->client_id);
    e->request_id = r->request_id;
    e->request_flags = r->request_flags;
    e->text = element;
    e->value = status;
    based_queue(b, e);
}

static void
register_client(struct based *b, const struct based_client *c, const struct based_request *r)
{
    struct based_effect *e;

    if (!r->wants_response) {
        return;
    }
    e = based_effect_new(BASED_REPLY);
    e->client_id = g_strdup(c->id);
    e->request_id = r->request_id;
    e->request_flags = r->request_flags;
    e->xml = xml_new(NULL, "cib_common_callback_worker");
    xml_set(e->xml, CIB_F_OP, CIB_OP_REGISTER);
    xml_set(e->xml, CIB_F_CLIENT_ID, c->id);
    based_queue(b, e);
}

/* --- a request of a local client (spec 20 §8.4) --- */

static void
refuse(struct based *b, struct based_client *c, const xmlNode *message, int legacy)
{
    xmlNode *reply = xml_new(NULL, CIB_EL_REPLY);

    xml_set(reply, CIB_F_TYPE, CIB_T_CIB);
    xml_copy_attr(reply, message, CIB_F_OP);
    xml_copy_attr(reply, message, CIB_F_CALL_ID);
    xml_copy_attr(reply, message, CIB_F_CLIENT_ID);
    xml_copy_attr(reply, message, CIB_F_CALL_OPT);
    xml_set_int(reply, CIB_F_RC, legacy);
    based_answer(b, c, (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0), reply, 0);
}

/* Ops that a client of the read-only endpoint may use. */
static bool
is_harmless(const char *op)
{
    return text_is_one_of(op, CIB_OP_QUERY, CIB_OP_NOOP, CIB_OP_PING, NULL);
}

/* Ops that are about the members, not the configuration: no ACL can grant them. */
static bool
is_for_members(const char *op)
{
    return text_is_one_of(op, CIB_OP_SYNC, CIB_OP_SYNC_ONE, CIB_OP_PRIMARY, CIB_OP_SECONDARY, "cib_slave_all", CIB_OP_SHUTDOWN, NULL);
}

/* What only members say to each other, and would believe. */
static void
strip_internals(xmlNode *message)
{
    static const char *const internals[] = { CIB_F_SRC, CIB_F_DELEGATED, CIB_F_REPLY_TO, CIB_F_GLOBAL_UPDATE, CIB_F_SCHEMA_MAX,
                                             CIB_F_UPGRADE_RC };

    for (guint i = 0; i < G_N_ELEMENTS(internals); i++) {
        xml_remove(message, internals[i]);
    }
}

static void
local_request(struct based *b, struct based_client *c, xmlNode *message, int64_t now)
{
    const char *op = xml_get(message, CIB_F_OP), *host = xml_get(message, CIB_F_HOST);
    struct based_origin origin = { .notify_client = true };

    if (op == NULL || !based_op_is_known(op)) {
        log_err("Ignoring a request of client %s with unknown operation '%s'", c->name != NULL ? c->name : c->id,
                op != NULL ? op : "");
        return;
    }
    /* Daemons hand on what others ask for: programs on remote nodes, for one. */
    if (!c->privileged || !cib_acl_user_is_exempt(xml_get(message, CIB_F_USER))) {
        strip_internals(message);
    }
    if ((c->endpoint == BASED_RO && !is_harmless(op))
        || (b->acls_enabled && is_for_members(op) && !cib_acl_user_is_exempt(xml_get(message, CIB_F_USER)))) {
        refuse(b, c, message, -EACCES);
        return;
    }
    if (host != NULL && *host == '\0') {
        host = NULL;
    }
    if (!b->stand_alone && (cib_op_modifies(op) || (host != NULL && strcasecmp(host, b->node) != 0))) {
        xml_set(message, CIB_F_SRC, b->node);
        xml_set(message, CIB_F_DELEGATED, b->node);
        based_send(b, host, xml_copy(NULL, message));
        return;
    }
    based_execute(b, message, &origin, now);
}

void
based_client_request(struct based *b, const struct based_request *r, int64_t now)
{
    struct based_client *c = based_find_client(b, r->client_id);
    const char *op;

    if (c == NULL) {
        return;
    }
    if (r->message == NULL) {
        acknowledge(b, r, "nack", CRM_EX_PROTOCOL);
        return;
    }
    if (c->name == NULL && xml_get(r->message, CIB_F_CLIENT_NAME) != NULL) {
        c->name = g_strdup(xml_get(r->message, CIB_F_CLIENT_NAME));
    }
    op = xml_get(r->message, CIB_F_OP);
    if (text_equal(op, CIB_OP_REGISTER)) {
        register_client(b, c, r);
        return;
    }
    if (text_equal(op, CIB_OP_NOTIFY)) {
        g_free(c->user);
        c->user = g_strdup(xml_get(r->message, CIB_F_USER));
        acknowledge(b, r, "ack",
                    based_subscribe(c, xml_get(r->message, CIB_F_NOTIFY_TYPE),
                                    xml_get_bool(r->message, CIB_F_NOTIFY_ON, false), xml_get(r->message, CIB_F_NOTIFY_PATHS)));
        return;
    }
    if (xml_get_int(r->message, CIB_F_CALL_OPT, 0) & CIB_OPT_SYNC) {
        c->request_id = r->request_id;
        c->request_flags = r->request_flags;
    }
    xml_set(r->message, CIB_F_CLIENT_ID, c->id);
    xml_set(r->message, CIB_F_CLIENT_NAME, c->name != NULL ? c->name : c->id);
    local_request(b, c, r->message, now);
}

/* --- a message of the group (spec 20 §9.2) --- */

/* Hand a peer's reply to the local client that waits for it. */
static void
relay(struct based *b, const xmlNode *message)
{
    struct based_client *c = based_find_client(b, xml_get(message, CIB_F_CLIENT_ID));

    if (c != NULL) {
        based_answer(b, c, (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0), xml_copy(NULL, message), b->sequence);
    }
}

static void
execute_from_peer(struct based *b, xmlNode *message, const char *delegated, int64_t now)
{
    const char *op = xml_get(message, CIB_F_OP), *host = xml_get(message, CIB_F_HOST);
    bool for_us = host != NULL && strcasecmp(host, b->node) == 0;
    struct based_origin origin = {
        .from_peer = true,
        .notify_client = delegated != NULL && strcasecmp(delegated, b->node) == 0,
    };

    if (host != NULL && *host != '\0' && !for_us) {
        return;
    }
    origin.reply_to_peer = (for_us && !cib_op_modifies(op)) || strcmp(op, CIB_OP_PING) == 0;
    based_execute(b, message, &origin, now);
}

enum message_fate { EXECUTE, RELAY, IGNORE };

/*
 * What to do with a message: the table of spec 20 §9.2, line by line.  May act itself (pings, upgrade coordination) and
 * then says IGNORE.
 */
static enum message_fate
decide(struct based *b, xmlNode *message, const char *op, const char **delegated)
{
    const char *reply_to = xml_get(message, CIB_F_REPLY_TO);
    bool is_reply = reply_to != NULL && strcasecmp(reply_to, b->node) == 0;

    if (strcmp(op, CIB_OP_REPLACE) == 0) {
        if (reply_to != NULL) {
            *delegated = reply_to;
        }
        return EXECUTE;
    }
    if (strcmp(op, CIB_OP_SYNC) == 0) {
        return is_reply ? RELAY : EXECUTE;
    }
    if (strcmp(op, CIB_OP_PING) == 0 && is_reply) {
        based_ping_answered(b, message);
        return IGNORE;
    }
    if (strcmp(op, CIB_OP_UPGRADE) == 0) {
        const char *rc = xml_get(message, CIB_F_UPGRADE_RC);

        if (rc != NULL) {
            xml_set(message, CIB_F_RC, rc);
            return is_reply ? RELAY : EXECUTE;
        }
        if (xml_get(message, CIB_F_SCHEMA_MAX) != NULL) {
            return EXECUTE;
        }
        if (b->primary) {
            based_upgrade_as_primary(b, message);
        }
        return IGNORE;
    }
    if (xml_get_bool(message, CIB_F_GLOBAL_UPDATE, false)) {
        log_warn("Peer %s sends updates in the form of releases before 1.1.12, which is not supported: asking for the whole CIB",
                 xml_get(message, CIB_F_SRC));
        based_request_resync(b);
        return IGNORE;
    }
    if (strcmp(op, CIB_OP_SHUTDOWN) == 0) {
        based_shutdown_request(b, message);
        return IGNORE;
    }
    if (is_reply) {
        return cib_op_modifies(op) ? IGNORE : RELAY;
    }
    return EXECUTE;
}

void
based_cluster_message(struct based *b, xmlNode *message, const char *from, int64_t now)
{
    const char *op, *delegated;

    xml_set(message, CIB_F_SRC, from);
    if (xml_get(message, CIB_F_CLIENT_NAME) == NULL) {
        xml_set(message, CIB_F_CLIENT_NAME, from);
    }
    op = xml_get(message, CIB_F_OP);
    if (op == NULL || !based_op_is_known(op)) {
        log_err("Ignoring a message of %s with unknown operation '%s'", from, op != NULL ? op : "");
        return;
    }
    delegated = xml_get(message, CIB_F_DELEGATED);
    switch (decide(b, message, op, &delegated)) {
    case EXECUTE:
        execute_from_peer(b, message, delegated, now);
        break;
    case RELAY:
        relay(b, message);
        break;
    case IGNORE:
        break;
    }
}

void
based_timer_expired(struct based *b, enum based_timer timer, int64_t now)
{
    (void)now;
    if (timer == BASED_TIMER_DIGEST) {
        based_start_ping(b);
    } else {
        based_shutdown_overdue(b);
    }
}
