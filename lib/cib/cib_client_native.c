/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB client towards the local daemon: registration, requests, replies, subscriptions over IPC.  Used by
 * cib_client.c.  Never keeps a document.  (spec 20 §8.2-8.6)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client_impl.h"
#include "lib/cib/cib_proto.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"

enum { REGISTER_TIMEOUT_MS = 30000 };

static const char *const endpoints[] = {
    [CIB_ENDPOINT_QUERY] = ENDPOINT_CIB_RO,
    [CIB_ENDPOINT_COMMAND] = ENDPOINT_CIB_RW,
    [CIB_ENDPOINT_CONTROLLER] = ENDPOINT_CIB_SHM,
};

static const xmlNode *
data_of(const xmlNode *reply)
{
    const xmlNode *holder = xml_first(reply, CIB_EL_CALLDATA);

    return holder != NULL ? xml_first(holder, NULL) : NULL;
}

/* A lost diff is repaired by the daemons: the caller need not care (spec 20 §8.5). */
static int
rc_of(const xmlNode *reply)
{
    long long rc;

    if (!text_parse_int(xml_get(reply, CIB_F_RC), &rc)) {
        return EPROTO;
    }
    return rc == LEGACY_DIFF_RESYNC ? RC_OK : legacy_to_result((int)rc);
}

static void
on_event(struct ipc_connection *ipc, xmlNode *xml, uint32_t flags, void *data)
{
    struct cib_client *c = data;
    const char *type = xml_get(xml, CIB_F_TYPE);

    if (text_equal(type, CIB_T_CIB)) {
        cib_client_finish(c, (int)xml_get_int(xml, CIB_F_CALL_ID, 0), rc_of(xml), data_of(xml), xml);
    } else if (text_equal(type, CIB_T_NOTIFY)) {
        cib_client_notify(c, xml);
    } else {
        log_warn("Ignoring a message of unknown type '%s' from the CIB manager", type != NULL ? type : "");
    }
}

static void
on_closed(struct ipc_connection *ipc, void *data)
{
    cib_client_connection_lost(data);
}

static const struct ipc_connection_callbacks callbacks = { .event = on_event, .closed = on_closed };

static int
register_client(struct cib_client *c, const char *name)
{
    g_autoptr(xmlNode) hello = xml_new(NULL, CIB_EL_COMMAND);
    g_autoptr(xmlNode) reply = NULL;
    int rc;

    xml_set(hello, CIB_F_TYPE, CIB_T_CIB);
    xml_set(hello, CIB_F_OP, CIB_OP_REGISTER);
    xml_set(hello, CIB_F_CLIENT_NAME, name);
    xml_set_int(hello, CIB_F_CALL_OPT, CIB_OPT_SYNC);
    rc = ipc_call(c->ipc, hello, REGISTER_TIMEOUT_MS, &reply);
    if (rc != RC_OK) {
        return rc;
    }
    if (!text_equal_nocase(xml_get(reply, CIB_F_OP), CIB_OP_REGISTER) || xml_get(reply, CIB_F_CLIENT_ID) == NULL) {
        return EPROTO;
    }
    c->token = g_strdup(xml_get(reply, CIB_F_CLIENT_ID));
    return RC_OK;
}

int
cib_native_connect(struct cib_client *c, const char *name, enum cib_endpoint endpoint, uint32_t buffer_size)
{
    int rc = ipc_connect(endpoints[endpoint], buffer_size, &c->ipc);

    if (rc == RC_OK) {
        rc = register_client(c, name);
    } else if (rc == ECONNREFUSED || rc == ENOENT) {
        rc = ENOTCONN; /* nobody there: what callers have always been told */
    }
    if (rc != RC_OK) {
        cib_native_disconnect(c);
        return rc;
    }
    if (c->has_loop) {
        ipc_watch(c->ipc, G_PRIORITY_DEFAULT, &callbacks, c);
    }
    return RC_OK;
}

void
cib_native_disconnect(struct cib_client *c)
{
    ipc_disconnect(c->ipc);
    c->ipc = NULL;
    g_free(c->token);
    c->token = NULL;
}

/* --- calls --- */

static xmlNode *
make_request(const struct cib_client *c, const struct cib_request *r, int call_id)
{
    xmlNode *e = xml_new(NULL, CIB_EL_COMMAND);

    xml_set(e, CIB_F_NAME, CIB_EL_COMMAND);
    xml_set(e, CIB_F_TYPE, CIB_T_CIB);
    xml_set(e, CIB_F_ASYNC_ID, c->token);
    xml_set(e, CIB_F_OP, r->op);
    if (r->host != NULL) {
        xml_set(e, CIB_F_HOST, r->host);
    }
    if (r->section != NULL) {
        xml_set(e, CIB_F_SECTION, r->section);
    }
    xml_set_int(e, CIB_F_CALL_ID, call_id);
    if (r->user != NULL) {
        xml_set(e, CIB_F_USER, r->user);
    }
    xml_set_int(e, CIB_F_CALL_OPT, r->options);
    if (r->input != NULL) {
        xml_copy(xml_new(e, CIB_EL_CALLDATA), r->input);
    }
    return e;
}

/* What a failure of the connection means for a call. */
static int
call_result(int rc)
{
    if (rc == ETIMEDOUT || rc == EALREADY) {
        return ETIME;
    }
    return rc == RC_OK || rc == ENOTCONN || rc == EMSGSIZE ? rc : ECOMM;
}

static int
take_reply(xmlNode *reply_take, int call_id, xmlNode **output)
{
    g_autoptr(xmlNode) reply = reply_take;
    xmlNode *data;
    int rc;

    if (xml_get_int(reply, CIB_F_CALL_ID, 0) != call_id) {
        return ENOMSG;
    }
    rc = rc_of(reply);
    data = (xmlNode *)data_of(reply);
    if (data != NULL) { /* the reply goes, what it held stays where it is: it may be large */
        reply = NULL;
        *output = xml_take_out(data);
    }
    return rc;
}

int
cib_native_call(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, xmlNode **output)
{
    g_autoptr(xmlNode) message = make_request(c, request, call_id);
    xmlNode *reply = NULL;
    int rc;

    *output = NULL;
    if (request->options & CIB_OPT_DISCARD_REPLY) {
        return ipc_send(c->ipc, message, 0, NULL);
    }
    rc = call_result(ipc_call(c->ipc, message, timeout_s * 1000, &reply));
    return rc == RC_OK ? take_reply(reply, call_id, output) : rc;
}

/*
 * Take a reply apart by its text: the frame without the data is read, the data is only formatted.  False if it does not
 * look as expected, and has to be read as a whole.
 */
static bool
format_reply(const struct ipc_text *reply, GString *text, xmlNode **frame)
{
    static const char open[] = "<" CIB_EL_CALLDATA ">", close[] = "</" CIB_EL_CALLDATA ">";
    const char *begin = g_strstr_len(reply->text, (gssize)MIN(reply->len, 4096), open);
    const char *end = begin != NULL ? g_strrstr_len(reply->text, (gssize)reply->len, close) : NULL;
    g_autoptr(GString) rest = NULL;

    if (begin == NULL || end == NULL) {
        return false;
    }
    begin += strlen(open);
    if (end < begin || !xml_reformat(text, begin, (size_t)(end - begin))) {
        return false;
    }
    rest = g_string_new_len(reply->text, begin - reply->text);
    g_string_append_len(rest, end, reply->text + reply->len - end);
    *frame = xml_parse(rest->str, rest->len, XML_PARSE_STRICT, NULL);
    return *frame != NULL && xml_first(*frame, CIB_EL_CALLDATA) != NULL;
}

int
cib_native_call_text(struct cib_client *c, const struct cib_request *request, int call_id, int timeout_s, GString *text,
                     xmlNode **output)
{
    g_autoptr(xmlNode) message = make_request(c, request, call_id);
    xmlNode *reply = NULL;
    struct ipc_text answer;
    int rc = call_result(ipc_call_text(c->ipc, message, timeout_s * 1000, &answer));

    if (rc != RC_OK) {
        return rc;
    }
    if (!format_reply(&answer, text, &reply)) {
        g_string_truncate(text, 0);
        xml_free(reply);
        reply = xml_parse(answer.text, answer.len, XML_PARSE_LENIENT, NULL);
    }
    ipc_text_clear(&answer);
    return reply != NULL ? take_reply(reply, call_id, output) : ECOMM;
}

int
cib_native_send(struct cib_client *c, const struct cib_request *request, int call_id)
{
    g_autoptr(xmlNode) message = make_request(c, request, call_id);

    return ipc_send(c->ipc, message, 0, NULL);
}

static xmlNode *
subscription(const char *type, bool on)
{
    xmlNode *message = xml_new(NULL, CIB_EL_CALLBACK);

    xml_set(message, CIB_F_OP, CIB_OP_NOTIFY);
    xml_set(message, CIB_F_NOTIFY_TYPE, type);
    xml_set(message, CIB_F_NOTIFY_ON, on ? "1" : "0");
    return message;
}

int
cib_native_narrow(struct cib_client *c, const char *rules)
{
    g_autoptr(xmlNode) message = subscription(CIB_NOTIFY_DIFF, true);

    xml_set(message, CIB_F_NOTIFY_PATHS, rules);
    return ipc_send(c->ipc, message, 0, NULL);
}

int
cib_native_subscribe(struct cib_client *c, const char *type, bool on)
{
    g_autoptr(xmlNode) message = subscription(type, on);
    g_autoptr(xmlNode) reply = NULL;
    int rc;

    rc = ipc_call(c->ipc, message, REGISTER_TIMEOUT_MS, &reply);
    if (rc == RC_OK && xml_get_int(reply, "status", 0) != 0) {
        return EINVAL;
    }
    return rc;
}

int
cib_native_dispatch(struct cib_client *c, int timeout_ms)
{
    int rc = RC_OK, first = timeout_ms;
    bool any = false;

    while (c->connected && rc == RC_OK) {
        g_autoptr(xmlNode) event = NULL;
        uint32_t flags = 0;

        rc = ipc_next_event(c->ipc, first, &event, &flags);
        if (rc == RC_OK) {
            on_event(c->ipc, event, flags, c);
            any = true;
        }
        first = 0;
    }
    if (rc == ENOTCONN) {
        cib_client_connection_lost(c);
        return ENOTCONN;
    }
    return any ? RC_OK : ETIME;
}
