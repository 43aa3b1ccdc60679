/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping the tables of all members equal: full and partial tables that are sent, and what they must not undo.
 * Called by the other topic files of the core.  (spec 70 §5.4, §7)
 *
 * A table is a copy as of the moment when it was put together.  Updates that the network orders between that moment and its
 * delivery are undone by it, where nobody says otherwise:
 *   - values of a member: the member itself says so (as in all versions of the protocol)
 *   - other values in a table for all: whoever sent it sees it come back and repeats what it knows better
 *   - a table for one node: that node keeps what it has been told since the sender and it have seen each other
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

static const char *
or_unset(const char *value)
{
    return value != NULL ? value : "(unset)";
}

/* --- sending the table --- */

void
attrd_sync_add(xmlNode *message, const struct attrd_attribute *a, const struct attrd_value *v, bool force)
{
    xmlNode *entry = xml_new(message, "value");

    xml_set(entry, F_ATTR_NAME, a->name);
    xml_set(entry, F_ATTR_SET, a->set);
    xml_set(entry, F_ATTR_KEY, a->key);
    xml_set(entry, F_ATTR_USER, a->user);
    xml_set(entry, F_ATTR_HOST, v->node);
    if (v->node_id != 0) {
        xml_setf(entry, F_ATTR_HOST_ID, "%u", v->node_id);
    }
    xml_set(entry, F_ATTR_VALUE, v->current);
    /* Whole seconds: what peers read as the delay, less than a second is lost (spec 70 §5.4). */
    xml_setf(entry, F_ATTR_DAMPENING, "%lld", a->dampening_ms / 1000);
    xml_set_int(entry, F_ATTR_IS_PRIVATE, a->is_private);
    if (v->remote) {
        xml_set_int(entry, F_ATTR_IS_REMOTE, 1);
    }
    xml_set_int(entry, F_ATTR_FORCE_WRITE, force);
}

xmlNode *
attrd_sync_new(void)
{
    xmlNode *message = xml_new(NULL, "attrd-sync");

    xml_set(message, F_ATTR_TASK, ATTRD_TASK_SYNC_RESPONSE);
    return message;
}

void
attrd_sync_all(struct attrd_core *core, const struct peer *to)
{
    xmlNode *message = attrd_sync_new();

    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        for (guint j = 0; j < a->values->len; j++) {
            attrd_sync_add(message, a, g_ptr_array_index(a->values, j), false);
        }
    }
    log_debug("Synchronizing values with %s", to != NULL ? or_unset(to->name) : "all peers");
    attrd_send_take(core, message, to);
}

/* --- values that a table lacks --- */

void
attrd_sync_forget_seen(struct attrd_core *core)
{
    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        for (guint j = 0; j < a->values->len; j++) {
            ((struct attrd_value *)g_ptr_array_index(a->values, j))->seen = false;
        }
    }
}

/* Every instance has an own value from its start on, and a correction does not name it. */
bool
attrd_sync_is_full(const xmlNode *xml, const char *from)
{
    xml_for_each(entry, xml, NULL)
    {
        if (text_equal(xml_get(entry, F_ATTR_NAME), ATTRD_NAME_PROTOCOL) && text_equal_nocase(xml_get(entry, F_ATTR_HOST), from)) {
            return true;
        }
    }
    return false;
}

/*
 * What a writer's table lacks:
 *   - own values: only their owner can tell the others
 *   - if the table says everything, values of other names too: part of the cluster may have lost its writer just before it met the
 *     rest again, so that nobody else will tell.  Whom such a value belongs to corrects it if it is here.
 */
void
attrd_sync_send_unseen(struct attrd_core *core, bool full)
{
    xmlNode *message = NULL;

    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        for (guint j = 0; j < a->values->len; j++) {
            const struct attrd_value *v = g_ptr_array_index(a->values, j);
            bool own = text_equal_nocase(v->node, core->node_name);

            if (!v->seen && (own || (full && v->current != NULL))) {
                message = message != NULL ? message : attrd_sync_new();
                log_debug("* %s[%s]='%s' is local-only", a->name, v->node, or_unset(v->current));
                attrd_sync_add(message, a, v, own && a->dampening_ms > 0);
            }
        }
    }
    if (message != NULL) {
        attrd_send_take(core, message, NULL);
    }
}

/* --- tables that were overtaken --- */

/* An ordinary update that everybody applies in order, so that nobody is left with what the table said. */
static void
send_update(struct attrd_core *core, const struct attrd_attribute *a, const char *host, const struct attrd_value *v)
{
    xmlNode *xml = xml_new(NULL, "attrd-repeat");

    xml_set(xml, F_ATTR_TASK, ATTRD_TASK_UPDATE);
    xml_set(xml, F_ATTR_NAME, a->name);
    xml_set(xml, F_ATTR_SET, a->set);
    xml_set(xml, F_ATTR_KEY, a->key);
    xml_set(xml, F_ATTR_USER, a->user);
    xml_set(xml, F_ATTR_HOST, host);
    if (v != NULL && v->node_id != 0) {
        xml_setf(xml, F_ATTR_HOST_ID, "%u", v->node_id);
    }
    xml_set(xml, F_ATTR_VALUE, v != NULL ? v->current : NULL);
    xml_set_int(xml, F_ATTR_IS_PRIVATE, a->is_private);
    xml_set_int(xml, F_ATTR_IS_REMOTE, v != NULL && v->remote);
    attrd_send_take(core, xml, NULL);
}

/*
 * Everybody else has just taken over what this message says.  Where this node has changed its mind meanwhile:
 *   - own values are told again, as they are when another's table gets them wrong
 *   - values of other members are their business
 *   - values of nobody who is here (absent and remote nodes, other names) are set again
 */
void
attrd_sync_returned(struct attrd_core *core, const xmlNode *xml)
{
    xmlNode *correction = NULL;

    xml_for_each(entry, xml, NULL)
    {
        const struct attrd_attribute *a = attrd_find(core, xml_get(entry, F_ATTR_NAME));
        const char *host = xml_get(entry, F_ATTR_HOST);
        const struct attrd_value *v = a != NULL && host != NULL ? attrd_value_find(a, host) : NULL;

        if (a == NULL || host == NULL || text_equal_nocase(v != NULL ? v->current : NULL, xml_get(entry, F_ATTR_VALUE))) {
            continue;
        }
        if (v != NULL && text_equal_nocase(host, core->node_name)) {
            correction = correction != NULL ? correction : attrd_sync_new();
            attrd_sync_add(correction, a, v, false);
        } else if (!attrd_is_member(core, host)) {
            log_info("%s[%s] became '%s' while our table was on its way: telling it again", a->name, host,
                     or_unset(v != NULL ? v->current : NULL));
            send_update(core, a, host, v);
        }
    }
    if (correction != NULL) {
        attrd_send_take(core, correction, NULL);
    }
}

bool
attrd_sync_is_outdated(const struct attrd_core *core, const struct attrd_value *v, const char *host, const char *from)
{
    /* The sender put its table together when it saw us, which was when we saw it. */
    uint64_t since = attrd_member(core, from)->appeared;

    return (v != NULL && v->told > since) || attrd_member(core, host)->lost > since;
}
