/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of local clients: acknowledged first, then completed (node, value expansion) and broadcast; what is stored is
 * only what comes back in the group's order.  Called by the shell for each IPC message.  Never changes the table.
 * (spec 70 §4)
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/pattern.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/attrd_client.h"

#include <string.h>

/* --- answers --- */

static void
acknowledge(struct attrd_core *core, enum crm_exit status)
{
    xmlNode *ack = xml_new(NULL, "ack");

    xml_set(ack, "function", "attrd");
    xml_set(ack, "line", "1");
    xml_set_int(ack, "status", status);
    if (status == CRM_EX_INDETERMINATE) {
        xml_set_int(ack, "ipc-protocol-version", ATTRD_VERSION);
    }
    attrd_effect_add(core, ATTRD_REPLY)->xml = ack;
}

static void
add_node_answer(xmlNode *reply, const char *node, const char *value)
{
    xmlNode *child = xml_new(reply, ATTRD_E_NODE);

    xml_set(child, F_ATTR_HOST, node);
    xml_set(child, F_ATTR_VALUE, value);
}

/*
 * The answer to a query (spec 70 §4.2):
 *   - an unknown attribute has neither name nor nodes
 *   - a node that was asked for is answered in the requester's spelling, whether it has a value or not
 *   - else every node that ever had a value, unset ones without one
 */
static void
answer_query(struct attrd_core *core, const xmlNode *xml)
{
    const char *name = xml_get(xml, F_ATTR_NAME);
    const char *host = xml_get(xml, F_ATTR_HOST);
    const struct attrd_attribute *a;
    xmlNode *reply;

    if (name == NULL) {
        log_err("Ignoring a query that names no attribute");
        return;
    }
    if (host != NULL && g_ascii_strcasecmp(host, "localhost") == 0) {
        host = core->node_name;
    }
    reply = xml_new(NULL, "attrd-reply");
    xml_set(reply, F_TYPE, T_ATTRD);
    xml_set(reply, F_SUBTYPE, ATTRD_TASK_QUERY);
    xml_set_int(reply, F_ATTR_VERSION, ATTRD_VERSION);
    a = attrd_find(core, name);
    if (a != NULL) {
        xml_set(reply, F_ATTR_NAME, name);
        if (host != NULL) {
            const struct attrd_value *v = attrd_value_find(a, host);

            add_node_answer(reply, host, v != NULL ? v->current : NULL);
        } else {
            for (guint i = 0; i < a->values->len; i++) {
                const struct attrd_value *v = g_ptr_array_index(a->values, i);

                add_node_answer(reply, v->node, v->current);
            }
        }
    }
    attrd_effect_add(core, ATTRD_REPLY)->xml = reply;
}

/* --- updates --- */

/*
 * "value++" and "value+=N" count from the node's present value; whatever stands in the place of "value" counts the same,
 * as with the peers (spec 70 §4.1 step 6).  NULL if `value` is to be stored as it is.
 */
static char *
expand_value(const char *value, const char *current)
{
    long long sum;

    if (value == NULL || strlen(value) < 7 || value[5] != '+' || (value[6] != '+' && value[6] != '=')) {
        return NULL;
    }
    sum = (long long)score_parse(current) + (value[6] == '+' ? 1 : score_parse(value + 7));
    return g_strdup_printf("%lld", MIN(sum, (long long)SCORE_INFINITY));
}

/* Steps 4 to 6 of spec 70 §4.1 for one change; false: it must not be sent. */
static bool
complete_update(struct attrd_core *core, xmlNode *xml, const char *task)
{
    const char *name = xml_get(xml, F_ATTR_NAME);
    const struct attrd_attribute *a = attrd_find(core, name);
    const struct attrd_value *v;
    g_autofree char *expanded = NULL;

    if (xml_get(xml, F_ATTR_HOST) == NULL) {
        xml_set(xml, F_ATTR_HOST, core->node_name);
        xml_setf(xml, F_ATTR_HOST_ID, "%u", peers_local_id(core->peers));
    }
    if (a == NULL && text_equal(task, ATTRD_TASK_UPDATE_DELAY)) {
        log_warn("Processed update-delay request from client: Error (Attribute %s does not exist)",
                 name != NULL ? name : "without name");
        return false;
    }
    v = a != NULL ? attrd_value_find(a, xml_get(xml, F_ATTR_HOST)) : NULL;
    expanded = expand_value(xml_get(xml, F_ATTR_VALUE), v != NULL ? v->current : NULL);
    if (expanded != NULL) {
        log_info("Expanded %s[%s]=%s to %s", name, xml_get(xml, F_ATTR_HOST),
                 xml_get(xml, F_ATTR_VALUE), expanded);
        xml_set(xml, F_ATTR_VALUE, expanded);
    }
    return true;
}

/* Copy what the list as a whole says to the entry, where the entry says nothing itself. */
static void
inherit_fields(xmlNode *op, const xmlNode *list)
{
    for (const xmlAttr *attr = list->properties; attr != NULL; attr = attr->next) {
        if (xml_get(op, (const char *)attr->name) == NULL) {
            xml_set(op, (const char *)attr->name, xml_attr_value(attr));
        }
    }
}

/* A list goes out as one message if every peer can read it, else as one message an entry. */
static void
request_list(struct attrd_core *core, uint64_t now, xmlNode *xml)
{
    const char *task = xml_get(xml, F_ATTR_TASK);
    bool one_message = core->peer_version >= ATTRD_VERSION_LISTS;

    xml_for_each(op, xml, ATTRD_E_OP)
    {
        if (one_message) {
            complete_update(core, op, task);
        } else {
            xmlNode *single = xml_copy(NULL, op);

            inherit_fields(single, xml);
            attrd_request_update(core, now, single);
            xml_free(single);
        }
    }
    if (one_message) {
        attrd_send_take(core, xml_copy(NULL, xml), NULL);
    }
}

/* Every known attribute whose name matches, on every node unless one is given; counting is not expanded. */
static void
request_pattern(struct attrd_core *core, xmlNode *xml)
{
    const char *pattern = xml_get(xml, F_ATTR_REGEX);
    regex_t regex;

    if (pattern_refers_back(pattern) || pattern_compile(&regex, pattern, REG_NOSUB) != 0) {
        log_warn("Processed update request from client: Error (Bad regex '%s' for update from client %s)",
                 pattern, xml_get(xml, F_SRC));
        return;
    }
    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        if (regexec(&regex, a->name, 0, NULL, 0) == 0) {
            xmlNode *copy = xml_copy(NULL, xml);

            log_trace("Matched %s with %s", a->name, pattern);
            xml_set(copy, F_ATTR_NAME, a->name);
            attrd_send_take(core, copy, NULL);
        }
    }
    regfree(&regex);
}

void
attrd_request_update(struct attrd_core *core, uint64_t now, xmlNode *xml)
{
    if (xml_first(xml, NULL) != NULL) {
        request_list(core, now, xml);
    } else if (xml_get(xml, F_ATTR_NAME) != NULL) {
        if (complete_update(core, xml, xml_get(xml, F_ATTR_TASK))) {
            attrd_send_take(core, xml_copy(NULL, xml), NULL);
        }
    } else if (xml_get(xml, F_ATTR_REGEX) != NULL) {
        request_pattern(core, xml);
    } else {
        log_err("Update request did not specify attribute or regular expression");
    }
}

/* --- the other operations --- */

void
attrd_clear_failure_as_update(xmlNode *xml)
{
    long long interval = text_interval_ms(xml_get(xml, F_ATTR_INTERVAL));
    g_autofree char *pattern =
        attrd_failure_pattern(xml_get(xml, F_ATTR_RESOURCE), xml_get(xml, F_ATTR_OPERATION),
                              (guint)CLAMP(interval, 0, (long long)G_MAXUINT));

    xml_set(xml, F_ATTR_TASK, ATTRD_TASK_UPDATE);
    xml_set(xml, F_ATTR_REGEX, pattern);
    /* Clearing is unsetting: no name, so that the pattern is used, and no value. */
    xml_remove(xml, F_ATTR_NAME);
    xml_remove(xml, F_ATTR_VALUE);
}

static void
request_clear_failure(struct attrd_core *core, uint64_t now, xmlNode *xml)
{
    if (core->peer_version >= ATTRD_VERSION_CLEAR_FAILURE) {
        attrd_send_take(core, xml_copy(NULL, xml), NULL);
    } else {
        attrd_clear_failure_as_update(xml);
        attrd_request_update(core, now, xml);
    }
}

static void
request_peer_remove(struct attrd_core *core, xmlNode *xml)
{
    if (xml_get(xml, F_ATTR_HOST) == NULL) {
        long long id = xml_get_int(xml, F_ATTR_HOST_ID, 0);
        /* Asks Corosync if nobody has mentioned the id yet. */
        const struct peer *peer = id > 0 && id <= UINT32_MAX ? peers_get(core->peers, (uint32_t)id, NULL) : NULL;

        if (peer == NULL || peer->name == NULL) {
            log_info("Ignoring request to remove a peer: neither a name nor the id of a known node given");
            return;
        }
        xml_set(xml, F_ATTR_HOST, peer->name);
    }
    attrd_send_take(core, xml_copy(NULL, xml), NULL);
}

/*
 * Who is answered, and when (spec 70 §4):
 *   - something that is no XML: "protocol error", if an answer is waited for
 *   - a query: the data, also if none is waited for
 *   - an update: an acknowledgement, also if none is waited for
 *   - the other known operations: an acknowledgement if one is waited for
 *   - anything else: nothing
 * The acknowledgement goes out before anything is done and says nothing about what comes of it.
 */
void
attrd_core_request(struct attrd_core *core, uint64_t now, const struct attrd_request *request)
{
    xmlNode *xml = request->xml;
    const char *task = xml != NULL ? xml_get(xml, F_ATTR_TASK) : NULL;

    if (xml == NULL) {
        log_debug("Unparsable request from client %s", request->client);
        if (request->wants_response) {
            acknowledge(core, CRM_EX_PROTOCOL);
        }
        return;
    }
    if (text_is_one_of(task, ATTRD_TASK_UPDATE, ATTRD_TASK_UPDATE_BOTH, ATTRD_TASK_UPDATE_DELAY, NULL)) {
        acknowledge(core, CRM_EX_INDETERMINATE);
        attrd_request_update(core, now, xml);
        attrd_write_flush(core);
        return;
    }
    if (text_equal(task, ATTRD_TASK_QUERY)) {
        answer_query(core, xml);
        return;
    }
    if (!text_is_one_of(task, ATTRD_TASK_CLEAR_FAILURE, ATTRD_TASK_PEER_REMOVE, ATTRD_TASK_REFRESH, NULL)) {
        log_err("Unknown IPC request %s from client %s", task != NULL ? task : "(none)", request->client);
        return;
    }
    if (request->wants_response) {
        acknowledge(core, CRM_EX_INDETERMINATE);
    }
    if (text_equal(task, ATTRD_TASK_CLEAR_FAILURE)) {
        request_clear_failure(core, now, xml);
    } else if (text_equal(task, ATTRD_TASK_PEER_REMOVE)) {
        request_peer_remove(core, xml);
    } else {
        /* Whether this node is the writer or not: somebody asked for it (spec 70 §8.4). */
        log_notice("Updating all attributes at the request of client %s", request->client);
        attrd_write_all(core, ATTRD_IGNORE_DELAY);
        attrd_write_flush(core);
    }
}
