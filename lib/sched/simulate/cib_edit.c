/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The changes to a CIB that pretended events and results make.  See simulate.h.  (spec 42 §13.3, §13.4)
 */
#include "lib/sched/simulate/simulate.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include <inttypes.h>
#include <string.h>

static xmlNode *
get_child(xmlNode *parent, const char *name)
{
    xmlNode *child = xml_first(parent, name);

    return child ? child : xml_new(parent, name);
}

static xmlNode *
status_of(struct sim *sim)
{
    return get_child(sim->cib, "status");
}

static void
bump(struct sim *sim, bool config)
{
    if (config) {
        xml_set_int(sim->cib, "epoch", xml_get_int(sim->cib, "epoch", 0) + 1);
        xml_set_int(sim->cib, "num_updates", 0);
    } else {
        xml_set_int(sim->cib, "num_updates", xml_get_int(sim->cib, "num_updates", 0) + 1);
    }
}

/* --- nodes --- */

static xmlNode *
node_entry(struct sim *sim, const char *uname, bool create)
{
    xmlNode *nodes = get_child(get_child(sim->cib, "configuration"), "nodes");
    xmlNode *entry;

    xml_for_each(node, nodes, "node") {
        if (text_equal_nocase(xml_get(node, "uname"), uname)) {
            return node;
        }
    }
    if (!create) {
        return NULL;
    }
    entry = xml_new(nodes, "node");
    xml_set(entry, "id", uname);
    xml_set(entry, "uname", uname);
    bump(sim, true);
    return entry;
}

xmlNode *
sim_node_state_of(struct sim *sim, const char *node, const char *uuid)
{
    xmlNode *status = status_of(sim);
    xmlNode *state;

    xml_for_each(known, status, "node_state") {
        if (text_equal_nocase(xml_get(known, "uname"), node)) {
            return known;
        }
    }
    state = xml_new(status, "node_state");
    xml_set(state, "id", uuid ? uuid : node);
    xml_set(state, "uname", node);
    bump(sim, false);
    return state;
}

xmlNode *
sim_node_state(struct sim *sim, const char *node)
{
    const xmlNode *entry = NULL;

    xml_for_each(known, status_of(sim), "node_state") {
        if (text_equal_nocase(xml_get(known, "uname"), node)) {
            return known;
        }
    }
    entry = node_entry(sim, node, sim->create_nodes);
    return entry ? sim_node_state_of(sim, node, xml_id(entry)) : NULL;
}

void
sim_set_node_state(struct sim *sim, xmlNode *xml, char state, const char *origin)
{
    xml_set(xml, "in_ccm", state == 'u' ? "true" : "false");
    xml_set(xml, "crmd", state == 'd' ? "offline" : "online");
    xml_set(xml, "join", state == 'd' ? "down" : "member");
    xml_set(xml, "expected", state == 'd' ? "down" : "member");
    xml_set(xml, "crm-debug-origin", origin);
    if (state == 'd') {
        xml_free(xml_first(xml, "lrm"));
        xml_free(xml_first(xml, "transient_attributes"));
    }
    bump(sim, false);
}

/* --- properties, tickets, attributes --- */

static void
set_nvpair(xmlNode *set, const char *id, const char *name, const char *value)
{
    xmlNode *pair = xml_find(set, "nvpair", "name", name);

    if (pair == NULL) {
        pair = xml_new(set, "nvpair");
        xml_set(pair, "id", id);
        xml_set(pair, "name", name);
    }
    xml_set(pair, "value", value);
}

void
sim_set_property(struct sim *sim, const char *name, const char *value)
{
    xmlNode *config = get_child(get_child(sim->cib, "configuration"), "crm_config");
    xmlNode *set = xml_first(config, "cluster_property_set");
    g_autofree char *id = NULL;

    if (set == NULL) {
        set = xml_new(config, "cluster_property_set");
        xml_set(set, "id", "cib-bootstrap-options");
    }
    xml_for_each(other, config, "cluster_property_set") {
        if (xml_find(other, "nvpair", "name", name) != NULL) {
            set = other;
        }
    }
    id = g_strdup_printf("%s-%s", xml_id(set), name);
    set_nvpair(set, id, name, value);
    bump(sim, true);
}

void
sim_set_ticket(struct sim *sim, const char *ticket, const char *attr, const char *value)
{
    xmlNode *tickets = get_child(status_of(sim), "tickets");
    xmlNode *state = xml_find(tickets, "ticket_state", "id", ticket);

    if (state == NULL) {
        state = xml_new(tickets, "ticket_state");
        xml_set(state, "id", ticket);
    }
    xml_set(state, attr, value);
    bump(sim, false);
}

/* "value++" counts up what is there. */
static void
set_attribute(struct sim *sim, xmlNode *node_state, const char *name, const char *value)
{
    const char *node_id = xml_id(node_state);
    xmlNode *transient = get_child(node_state, "transient_attributes");
    xmlNode *set = get_child(transient, "instance_attributes");
    xmlNode *known = xml_find(set, "nvpair", "name", name);
    struct sim_event e = {.kind = SIM_ATTRIBUTE, .name = name, .value = value, .node = node_id};
    g_autofree char *id = g_strdup_printf("%s-%s", node_id, name);
    g_autofree char *counted = NULL;

    sim->tell(sim->data, &e);
    if (xml_id(transient) == NULL) {
        xml_set(transient, "id", node_id);
    }
    if (xml_id(set) == NULL) {
        xml_set(set, "id", node_id);
    }
    if (strcmp(value, "value++") == 0) {
        counted = g_strdup_printf("%d", score_add(known ? score_parse(xml_get(known, "value")) : 0, 1));
        value = counted;
    }
    g_strdelimit(id, "#", '.');
    set_nvpair(set, id, name, value);
    bump(sim, false);
}

void
sim_add_failure(struct sim *sim, xmlNode *node_state, const char *rsc, const char *task, guint interval_ms, int rc)
{
    g_autofree char *count = NULL, *last = NULL, *now = NULL;

    if (rc == 0 || (rc == OCF_RC_NOT_RUNNING && interval_ms == 0)) {
        return;
    }
    count = g_strdup_printf("fail-count-%s#%s_%u", rsc, task, interval_ms);
    last = g_strdup_printf("last-failure-%s#%s_%u", rsc, task, interval_ms);
    now = g_strdup_printf("%" PRId64, sim->now);
    set_attribute(sim, node_state, count, "value++");
    set_attribute(sim, node_state, last, now);
}

/* --- operation history --- */

xmlNode *
sim_lrm_resource(xmlNode *node_state, const char *rsc, const char *lrm_name, const xmlNode *like)
{
    xmlNode *lrm = get_child(node_state, "lrm");
    xmlNode *resources, *found;

    if (xml_id(lrm) == NULL) {
        xml_set(lrm, "id", xml_id(node_state));
    }
    resources = get_child(lrm, "lrm_resources");
    if ((found = xml_find(resources, "lrm_resource", "id", rsc)) != NULL
        || (found = xml_find(resources, "lrm_resource", "id", lrm_name)) != NULL) {
        return found;
    }
    found = xml_new(resources, "lrm_resource");
    xml_set(found, "id", lrm_name);
    xml_copy_attr(found, like, "class");
    xml_copy_attr(found, like, "provider");
    xml_copy_attr(found, like, "type");
    return found;
}

static int
next_call_id(const xmlNode *lrm_resource)
{
    int last = 0;

    xml_for_each(op, lrm_resource, "lrm_rsc_op") {
        int id = (int) xml_get_int(op, "call-id", 0);

        last = id > last ? id : last;
    }
    return last + 1;
}

static void
write_entry(struct sim *sim, xmlNode *lrm_resource, const struct sim_op *op, const char *id, const char *key, int call)
{
    static const char uuid[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    xmlNode *xml = xml_find(lrm_resource, "lrm_rsc_op", "id", id);

    if (xml == NULL) {
        xml = xml_new(lrm_resource, "lrm_rsc_op");
        xml_set(xml, "id", id);
    }
    xml_set(xml, "operation_key", key);
    xml_set(xml, "operation", op->task);
    xml_set(xml, "crm-debug-origin", "crm_simulate");
    xml_set(xml, "crm_feature_set", FEATURE_SET);
    xml_setf(xml, "transition-key", "%d:-1:%d:%s", call, op->target_rc, uuid);
    xml_setf(xml, "transition-magic", "0:%d;%d:-1:%d:%s", op->rc, call, op->target_rc, uuid);
    xml_set(xml, "exit-reason", op->exit_reason);
    xml_set_int(xml, "call-id", call);
    xml_set_int(xml, "rc-code", op->rc);
    xml_set(xml, "op-status", "0");
    xml_set_int(xml, "interval", op->interval_ms);
    xml_setf(xml, "last-rc-change", "%" PRId64, sim->now);
    xml_set(xml, "exec-time", "0");
    xml_set(xml, "queue-time", "0");
    if (op->migrate_source != NULL && text_is_one_of(op->task, "migrate_to", "migrate_from", NULL)) {
        xml_set(xml, "migrate_source", op->migrate_source);
        xml_set(xml, "migrate_target", op->migrate_target);
    }
    if (op->digest != NULL) {
        xml_set(xml, "op-digest", op->digest);
    }
    /* Operations of another definition leave these behind; the digest above is of all parameters. */
    xml_remove(xml, "op-restart-digest");
    xml_remove(xml, "op-force-restart");
    xml_remove(xml, "op-secure-digest");
    xml_remove(xml, "op-secure-params");
}

void
sim_record_op(struct sim *sim, xmlNode *lrm_resource, const struct sim_op *op)
{
    const char *rsc = op->rsc;
    g_autofree char *key = NULL, *id = NULL;
    int call = next_call_id(lrm_resource);
    bool failed = op->rc != op->target_rc && !(op->rc == OCF_RC_NOT_RUNNING && op->interval_ms == 0
                                               && strcmp(op->task, "monitor") == 0);

    if (strcmp(op->task, "notify") == 0) {
        key = g_strdup_printf("%s_%s_notify_%s_0", rsc, op->notify_type, op->notify_operation);
        id = g_strdup(key);
    } else {
        key = op_key_new(rsc, op->task, op->interval_ms);
        id = op->interval_ms > 0 || text_is_one_of(op->task, "migrate_to", "migrate_from", NULL)
                 ? g_strdup(key) : g_strdup_printf("%s_last_0", rsc);
    }
    if (!failed || op->interval_ms == 0) {
        write_entry(sim, lrm_resource, op, id, key, call);
    }
    if (failed) {
        g_autofree char *failure = g_strdup_printf("%s_last_failure_0", rsc);

        write_entry(sim, lrm_resource, op, failure, key, call);
    }
    bump(sim, false);
}
