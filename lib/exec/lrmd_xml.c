/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Coding of parameters and results of the executor protocol.  Used by the client and the daemon's core.
 * Pure.  (spec 50 §2.4, §3.3)
 */
#include "lib/base/xml.h"
#include "lib/exec/lrmd_client.h"

#include <string.h>

static gint
compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(a, b);
}

/* Names that XML takes as attribute names as they are; a foreign one must not break the whole message. */
static bool
is_attribute_name(const char *name)
{
    if (!g_ascii_isalpha(*name) && *name != '_' && (unsigned char) *name < 0x80) {
        return false;
    }
    for (const char *p = name; *p != '\0'; p++) {
        if (!g_ascii_isalnum(*p) && strchr("_-.:", *p) == NULL && (unsigned char) *p < 0x80) {
            return false;
        }
    }
    return true;
}

xmlNode *
lrmd_params_to_xml(xmlNode *parent, GHashTable *params)
{
    xmlNode *attributes = xml_new(parent, LRMD_TAG_ATTRIBUTES);
    GList *names;

    if (params == NULL) {
        return attributes;
    }
    names = g_list_sort(g_hash_table_get_keys(params), compare_keys);
    for (GList *item = names; item != NULL; item = item->next) {
        const char *name = item->data;
        const char *value = g_hash_table_lookup(params, name);

        if (is_attribute_name(name)) {
            xml_set(attributes, name, value);
        } else {
            xmlNode *param = xml_new(attributes, LRMD_TAG_PARAM);

            xml_set(param, LRMD_PARAM_NAME, name);
            xml_set(param, LRMD_PARAM_VALUE, value);
        }
    }
    g_list_free(names);
    return attributes;
}

GHashTable *
lrmd_params_from_xml(const xmlNode *parent)
{
    GHashTable *params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const xmlNode *attributes = (parent != NULL) ? xml_first(parent, LRMD_TAG_ATTRIBUTES) : NULL;

    if (attributes == NULL) {
        return params;
    }
    for (const xmlAttr *attr = attributes->properties; attr != NULL; attr = attr->next) {
        g_hash_table_insert(params, g_strdup((const char *) attr->name), g_strdup(xml_attr_value(attr)));
    }
    xml_for_each(param, attributes, LRMD_TAG_PARAM)
    {
        const char *name = xml_get(param, LRMD_PARAM_NAME);
        const char *value = xml_get(param, LRMD_PARAM_VALUE);

        if (name != NULL && value != NULL) {
            g_hash_table_insert(params, g_strdup(name), g_strdup(value));
        }
    }
    return params;
}

/* The kind of an lrmd_notify by its operation. */
static bool
event_kind(const char *op, enum lrmd_event_kind *kind)
{
    static const struct {
        const char *op;
        enum lrmd_event_kind kind;
    } kinds[] = {
        { LRMD_OP_RSC_EXEC, LRMD_EVENT_EXEC_COMPLETE },
        { LRMD_OP_RSC_REGISTER, LRMD_EVENT_REGISTER },
        { LRMD_OP_RSC_UNREGISTER, LRMD_EVENT_UNREGISTER },
        { LRMD_OP_POKE, LRMD_EVENT_POKE },
        { LRMD_OP_NEW_CLIENT, LRMD_EVENT_NEW_CLIENT },
    };

    for (size_t i = 0; op != NULL && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(op, kinds[i].op) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

bool
lrmd_event_from_xml(const xmlNode *notify, struct lrmd_event *event)
{
    *event = (struct lrmd_event) { 0 };
    if (!event_kind(xml_get(notify, LRMD_FIELD_OP), &event->kind)) {
        return false;
    }
    event->rc = (int) xml_get_int(notify, LRMD_FIELD_RC, 0);
    event->rsc_id = xml_get(notify, LRMD_FIELD_RSC_ID);
    event->call_id = (int) xml_get_int(notify, LRMD_FIELD_CALL_ID, 0);
    if (event->kind != LRMD_EVENT_EXEC_COMPLETE) {
        return true;
    }
    event->action = xml_get(notify, LRMD_FIELD_ACTION);
    event->userdata = xml_get(notify, LRMD_FIELD_USERDATA);
    event->exit_reason = xml_get(notify, LRMD_FIELD_EXIT_REASON);
    event->output = xml_get(notify, LRMD_FIELD_OUTPUT);
    event->timeout_ms = (int) xml_get_int(notify, LRMD_FIELD_TIMEOUT, 0);
    event->interval_ms = (guint) xml_get_int(notify, LRMD_FIELD_INTERVAL, 0);
    event->start_delay_ms = (int) xml_get_int(notify, LRMD_FIELD_START_DELAY, 0);
    event->exec_rc = (int) xml_get_int(notify, LRMD_FIELD_EXEC_RC, 0);
    event->exec_status = (int) xml_get_int(notify, LRMD_FIELD_EXEC_STATUS, 0);
    event->rsc_deleted = xml_get_int(notify, LRMD_FIELD_DELETED, 0) != 0;
    event->run_time = xml_get_int(notify, LRMD_FIELD_RUN_TIME, 0);
    event->rcchange_time = xml_get_int(notify, LRMD_FIELD_RCCHANGE_TIME, 0);
    /* a foreign executor may send a negative queue time (spec 50 §3.3) */
    event->exec_time_ms = (unsigned) MAX(0, xml_get_int(notify, LRMD_FIELD_EXEC_TIME, 0));
    event->queue_time_ms = (unsigned) MAX(0, xml_get_int(notify, LRMD_FIELD_QUEUE_TIME, 0));
    event->params = lrmd_params_from_xml(notify);
    return true;
}

/* ---- requests ---- */

xmlNode *
lrmd_command_new(const char *token, const char *op, int timeout_ms, unsigned options)
{
    xmlNode *command = xml_new(NULL, LRMD_TAG_COMMAND);

    xml_set(command, LRMD_FIELD_TAG_COPY, LRMD_TAG_COMMAND);
    xml_set(command, LRMD_FIELD_TYPE, LRMD_TYPE);
    xml_set(command, LRMD_FIELD_TOKEN, token);
    xml_set(command, LRMD_FIELD_OP, op);
    xml_set_int(command, LRMD_FIELD_TIMEOUT, timeout_ms);
    xml_set_int(command, LRMD_FIELD_CALL_OPT, options);
    return command;
}

xmlNode *
lrmd_rsc_command_new(const char *token, const char *op, int timeout_ms, unsigned options, const char *rsc_id, xmlNode **rsc)
{
    xmlNode *command = lrmd_command_new(token, op, timeout_ms, options);

    *rsc = xml_new(xml_new(command, LRMD_TAG_CALLDATA), LRMD_TAG_RSC);
    xml_set(*rsc, LRMD_FIELD_ORIGIN, "lrmd_client");
    xml_set(*rsc, LRMD_FIELD_RSC_ID, rsc_id);
    return command;
}

xmlNode *
lrmd_hello_new(const char *name, bool is_ipc_provider)
{
    xmlNode *hello = xml_new(NULL, LRMD_TAG_COMMAND);

    xml_set(hello, LRMD_FIELD_TYPE, LRMD_TYPE);
    xml_set(hello, LRMD_FIELD_OP, LRMD_OP_REGISTER);
    xml_set(hello, LRMD_FIELD_CLIENT_NAME, name);
    xml_set(hello, LRMD_FIELD_PROTOCOL_VERSION, LRMD_PROTOCOL_VERSION);
    xml_set(hello, LRMD_FIELD_IS_IPC_PROVIDER, is_ipc_provider ? "true" : NULL);
    return hello;
}

xmlNode *
lrmd_register_new(const char *token, const char *id, const char *standard, const char *provider, const char *type, unsigned options)
{
    xmlNode *rsc, *command = lrmd_rsc_command_new(token, LRMD_OP_RSC_REGISTER, 0, options, id, &rsc);

    xml_set(rsc, LRMD_FIELD_CLASS, standard);
    xml_set(rsc, LRMD_FIELD_PROVIDER, provider);
    xml_set(rsc, LRMD_FIELD_RSC_TYPE, type);
    return command;
}

xmlNode *
lrmd_exec_new(const char *token, const struct lrmd_exec *op)
{
    xmlNode *rsc, *command = lrmd_rsc_command_new(token, LRMD_OP_RSC_EXEC, op->timeout_ms, op->options, op->rsc_id, &rsc);

    xml_set(rsc, LRMD_FIELD_ACTION, op->action);
    xml_set(rsc, LRMD_FIELD_USERDATA, op->userdata);
    xml_set_int(rsc, LRMD_FIELD_INTERVAL, op->interval_ms);
    xml_set_int(rsc, LRMD_FIELD_TIMEOUT, op->timeout_ms);
    xml_set_int(rsc, LRMD_FIELD_START_DELAY, op->start_delay_ms);
    lrmd_params_to_xml(rsc, op->params);
    return command;
}

xmlNode *
lrmd_cancel_new(const char *token, const char *rsc_id, const char *action, guint interval_ms)
{
    xmlNode *rsc, *command = lrmd_rsc_command_new(token, LRMD_OP_RSC_CANCEL, 0, 0, rsc_id, &rsc);

    xml_set(rsc, LRMD_FIELD_ACTION, action);
    xml_set_int(rsc, LRMD_FIELD_INTERVAL, interval_ms);
    return command;
}
