/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the group, in the order in which every member sees them: updates, clearing of failures, removal of peers, and
 * tables of others (attrd_sync.c sends them).  Called by the shell for each delivered message.  (spec 70 §5, §7)
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/pattern.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"


static const char *
or_unset(const char *value)
{
    return value != NULL ? value : "(unset)";
}

/* --- applying --- */

/*
 * A new delay takes effect at once: what was held back by the old one is written now, with the value as it is before
 * this update (spec 70 §5.3 step 3).  False: the delay makes no sense and the whole update is to be dropped.
 */
static bool
apply_dampening(struct attrd_core *core, uint64_t now, struct attrd_attribute *a, const xmlNode *xml)
{
    const char *text = xml_get(xml, F_ATTR_DAMPENING);
    long long ms = text_timeout_ms(text);

    if (ms < 0) {
        log_warn("Could not update attribute %s: invalid or missing delay '%s'", a->name,
                 text != NULL ? text : "");
        return false;
    }
    if (ms != a->dampening_ms) {
        log_notice("Update attribute %s delay to %lldms (%s)", a->name, ms, text);
        a->dampening_ms = ms;
        attrd_disarm(core, a);
        attrd_write_or_elect(core, now, a);
        attrd_write_flush(core);
    }
    return true;
}

/* `attr_host_id`: the message says which node it means, so that its values can be written from now on. */
static void
apply_node_id(struct attrd_core *core, struct attrd_value *v, const xmlNode *xml)
{
    long long id = xml_get_int(xml, F_ATTR_HOST_ID, 0);

    if (v->node_id != 0 || v->remote || id <= 0 || id > UINT32_MAX) {
        return;
    }
    v->node_id = (uint32_t)id;
    peers_get(core->peers, v->node_id, v->node);
    if (attrd_is_writer(core)) {
        attrd_write_pending(core);
    }
}

static void
note_special_names(struct attrd_core *core, const struct attrd_attribute *a, const char *node,
                   const char *value)
{
    if (text_equal(a->name, ATTRD_NAME_PROTOCOL)) {
        long long version = text_leading_int(value);

        if (version > 0 && (core->peer_version == 0 || version < core->peer_version)) {
            core->peer_version = version;
            log_debug("Lowest attribute protocol version of the cluster is now %lld", version);
        }
    } else if (text_equal(a->name, ATTRD_NAME_SHUTDOWN) && text_equal_nocase(node, core->node_name)) {
        core->shutdown_requested = value != NULL && !text_equal(value, "0");
    }
}

enum apply_kind {
    APPLY_UPDATE,
    APPLY_SYNC,        /* an entry of a table that everybody got */
    APPLY_SYNC_TO_US,  /* of one that only this node got */
};

/*
 * One value on one node (spec 70 §5.3 steps 4 to 9):
 *   - in a sync, the node itself knows best about its own values: a different one is corrected, not taken
 *   - a table sent to this node alone may have been overtaken by news that everybody got: those stay
 *   - a different value is stored; it is written after the delay, which each change starts anew
 *   - an equal value changes nothing but the wish to have it written soon
 */
static void
apply_to_node(struct attrd_core *core, uint64_t now, struct attrd_attribute *a, const char *host,
              const xmlNode *xml, enum apply_kind kind, const char *from)
{
    const char *value = xml_get(xml, F_ATTR_VALUE);
    bool remote = xml_get_int(xml, F_ATTR_IS_REMOTE, 0) != 0;
    struct attrd_value *v;

    if (remote) {
        attrd_learn_remote(core, host);
    }
    v = attrd_value_find(a, host);
    if (v != NULL) {
        v->seen = true;
    }
    if (kind == APPLY_SYNC_TO_US && !text_equal_nocase(host, core->node_name) && attrd_sync_is_outdated(core, v, host, from)) {
        return;
    }
    v = attrd_value_need(a, host, remote);
    v->seen = true;
    if (kind != APPLY_SYNC_TO_US) {
        v->told = core->order;
    }

    if (kind != APPLY_UPDATE && !text_equal_nocase(v->current, value)
        && text_equal_nocase(v->node, core->node_name)) {
        xmlNode *correction = attrd_sync_new();

        log_notice("%s[%s]: local value '%s' takes priority over '%s' from %s", a->name, v->node,
                   or_unset(v->current), or_unset(value), from);
        attrd_sync_add(correction, a, v, false);
        attrd_send_take(core, correction, NULL);
    } else if (!text_equal_nocase(v->current, value)) {
        if (a->dampening_ms != 0) {
            log_notice("Setting %s[%s]: %s -> %s" LOG_XT "from %s with %llds write delay", a->name,
                       v->node, or_unset(v->current), or_unset(value), from, a->dampening_ms / 1000);
        } else {
            log_notice("Setting %s[%s]: %s -> %s" LOG_XT "from %s with no write delay", a->name,
                       v->node, or_unset(v->current), or_unset(value), from);
        }
        g_free(v->current);
        v->current = g_strdup(value);
        a->changed = true;
        note_special_names(core, a, v->node, value);
        if (a->dampening_ms != 0) {
            attrd_arm(core, a, now + (uint64_t)a->dampening_ms);
        } else {
            attrd_write_or_elect(core, now, a);
        }
    } else if (kind != APPLY_UPDATE && a->dampening_ms != 0
               && xml_get_int(xml, F_ATTR_FORCE_WRITE, 0) != 0) {
        a->force_write = true;
    }
    /* The version counts even where the value is known already: it may be this node's first own one. */
    if (text_equal(a->name, ATTRD_NAME_PROTOCOL)) {
        note_special_names(core, a, v->node, value);
    }
    apply_node_id(core, v, xml);
}

/* One update (spec 70 §5.3). */
static void
apply_update(struct attrd_core *core, uint64_t now, const xmlNode *xml, enum apply_kind kind,
             const char *from)
{
    const char *name = xml_get(xml, F_ATTR_NAME);
    const char *task = xml_get(xml, F_ATTR_TASK);
    const char *host = xml_get(xml, F_ATTR_HOST);
    struct attrd_attribute *a = attrd_find(core, name);
    bool sets_delay =
        kind != APPLY_UPDATE || text_is_one_of(task, ATTRD_TASK_UPDATE_BOTH, ATTRD_TASK_UPDATE_DELAY, NULL);

    if (name == NULL) {
        log_warn("Could not update attribute: peer %s did not specify name", from);
        return;
    }
    if (a == NULL) {
        if (kind == APPLY_UPDATE && text_equal(task, ATTRD_TASK_UPDATE_DELAY)) {
            log_warn("Could not update %s: attribute not found", name);
            return;
        }
        a = attrd_add(core, xml);
    }
    if (sets_delay && !apply_dampening(core, now, a, xml)) {
        return;
    }
    if (kind == APPLY_UPDATE && text_equal(task, ATTRD_TASK_UPDATE_DELAY)) {
        return;
    }
    if (host != NULL) {
        apply_to_node(core, now, a, host, xml, kind, from);
        return;
    }
    /* Applying may learn nodes but adds no values: every host named here has one. */
    for (guint i = 0; i < a->values->len; i++) {
        const struct attrd_value *v = g_ptr_array_index(a->values, i);

        apply_to_node(core, now, a, v->node, xml, kind, from);
    }
}

static void
apply_list(struct attrd_core *core, uint64_t now, xmlNode *xml, const char *from)
{
    xml_for_each(op, xml, ATTRD_E_OP)
    {
        for (const xmlAttr *attr = xml->properties; attr != NULL; attr = attr->next) {
            if (xml_get(op, (const char *)attr->name) == NULL) {
                xml_set(op, (const char *)attr->name, xml_attr_value(attr));
            }
        }
        apply_update(core, now, op, APPLY_UPDATE, from);
    }
}

/*
 * A table, or a part of it.  Who says that it is the writer says everything it knows; what it does not say about this node
 * is then told to everybody (spec 70 §5.4).
 */
static void
apply_sync(struct attrd_core *core, uint64_t now, const xmlNode *xml, const struct attrd_origin *origin)
{
    bool from_writer = xml_get_int(xml, F_ATTR_WRITER, 0) == ATTRD_ELECTION_WON;
    bool full = from_writer && attrd_sync_is_full(xml, origin->name);
    const char *from = origin->name;

    if (from_writer) {
        attrd_writer_announced(core, now, from);
    }
    if (text_equal_nocase(from, core->node_name)) {
        attrd_sync_returned(core, xml);
        return;
    }
    if (from_writer) {
        attrd_sync_forget_seen(core);
    }
    xml_for_each(entry, xml, NULL)
    {
        apply_update(core, now, entry, origin->to_us_alone ? APPLY_SYNC_TO_US : APPLY_SYNC, from);
    }
    if (from_writer) {
        attrd_sync_send_unseen(core, full);
    }
}

/* Unset what matches, on the node or on all of them (spec 70 §9.3). */
static void
apply_clear_failure(struct attrd_core *core, uint64_t now, xmlNode *xml, const char *from)
{
    regex_t regex;

    attrd_clear_failure_as_update(xml);
    if (pattern_refers_back(xml_get(xml, F_ATTR_REGEX)) || pattern_compile(&regex, xml_get(xml, F_ATTR_REGEX), REG_NOSUB) != 0) {
        log_warn("Could not clear failures for %s: its name makes no regular expression",
                 xml_get(xml, F_ATTR_RESOURCE));
        return;
    }
    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        if (regexec(&regex, a->name, 0, NULL, 0) == 0) {
            xml_set(xml, F_ATTR_NAME, a->name);
            apply_update(core, now, xml, APPLY_UPDATE, from);
        }
    }
    regfree(&regex);
}

static void
apply_peer_remove(struct attrd_core *core, const xmlNode *xml, const char *from)
{
    const char *host = xml_get(xml, F_ATTR_HOST);

    if (host == NULL) {
        log_warn("Ignoring request of %s to remove a peer without name", from);
        return;
    }
    attrd_drop_node_values(core, host, "peer removal");
    peers_remote_remove(core->peers, host);
    peers_purge(core->peers, 0, host);
}

/* A message of a peer whose name nobody knows cannot be an update worth applying, but it is not lost silently. */
void
attrd_core_peer_message(struct attrd_core *core, uint64_t now, const struct attrd_origin *origin, xmlNode *xml)
{
    const char *task = xml_get(xml, F_ATTR_TASK);
    const char *from = origin->name;

    core->order++;
    if (from == NULL) {
        log_warn("Ignoring %s from node %u: its name is not known; give it a name in corosync.conf",
                 task != NULL ? task : "message", origin->id);
        return;
    }
    if (xml_get(xml, F_CRM_TASK) != NULL) {
        attrd_election_message(core, now, from, xml);
    } else if (core->stopping) {
        log_debug("Ignoring %s from %s while shutting down", task != NULL ? task : "message", from);
    } else if (text_is_one_of(task, ATTRD_TASK_UPDATE, ATTRD_TASK_UPDATE_BOTH, ATTRD_TASK_UPDATE_DELAY,
                              NULL)) {
        if (xml_first(xml, NULL) != NULL) {
            apply_list(core, now, xml, from);
        } else {
            apply_update(core, now, xml, APPLY_UPDATE, from);
        }
    } else if (text_equal(task, ATTRD_TASK_SYNC_RESPONSE)) {
        apply_sync(core, now, xml, origin);
    } else if (text_equal(task, ATTRD_TASK_SYNC)) {
        attrd_sync_all(core, peers_find(core->peers, origin->id, from));
    } else if (text_equal(task, ATTRD_TASK_CLEAR_FAILURE)) {
        apply_clear_failure(core, now, xml, from);
    } else if (text_equal(task, ATTRD_TASK_PEER_REMOVE)) {
        apply_peer_remove(core, xml, from);
    } else if (text_equal(task, ATTRD_TASK_FLUSH)) {
        log_debug("Ignoring flush from %s: only very old peers act on it", from);
    } else {
        log_err("Unknown peer request %s from %s", task != NULL ? task : "(none)", from);
    }
    attrd_write_flush(core);
}
