/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One action as an element of the graph: names, node, resource, attributes for the agent.  Called by graph.c.
 * (spec 42 §11.5)
 */
#include "lib/sched/graph/internal.h"

/* --- attributes --- */

static void
set_default(xmlNode *attrs, const char *name, const char *value)
{
    if (xml_get(attrs, name) == NULL) {
        xml_set(attrs, name, value);
    }
}

/* "record-pending" is CRM_meta_record_pending; names with '#' or ':' are nobody's business. */
static void
set_meta(xmlNode *attrs, const char *name, const char *value)
{
    char full[256];

    if (name == NULL || value == NULL || strpbrk(name, "#:") != NULL) {
        return;
    }
    g_snprintf(full, sizeof(full), "CRM_meta_%s", name);
    for (char *p = full; *p != '\0'; p++) {
        if (*p == '-') {
            *p = '_';
        }
    }
    set_default(attrs, full, value);
}

static void
set_parameter(xmlNode *attrs, const char *name, const char *value)
{
    if (g_ascii_isdigit(name[0])) {
        xmlNode *param = xml_new(attrs, "param");

        xml_set(param, "name", name);
        xml_set(param, "value", value);
    } else {
        set_default(attrs, name, value);
    }
}

static void
add_parameters(struct sched *s, xmlNode *attrs, struct sched_action *a, const struct nvtable *extra)
{
    const struct nvtable *params = NULL;

    if (extra != NULL) {
        nvtable_for_each(pair, extra) {
            set_parameter(attrs, pair->name, pair->value);
        }
    }
    if (a->rsc != NULL && (a->node != NULL || a->rsc->kind == KIND_PRIMITIVE)) {
        params = rsc_agent_params(s, a->rsc, a->node);
    }
    if (params != NULL) {
        nvtable_for_each(pair, params) {
            set_parameter(attrs, pair->name, pair->value);
        }
    }
}

static void
add_action_meta(xmlNode *attrs, const struct sched_action *a, const struct sched_op_config *config)
{
    if (a->meta != NULL) {
        nvtable_for_each(pair, a->meta) {
            set_meta(attrs, pair->name, pair->value);
        }
    }
    if (a->notify_meta != NULL) {
        nvtable_for_each(pair, a->notify_meta) {
            set_meta(attrs, pair->name, pair->value);
        }
    }
    if (act_is(a, ACT_NODE_ATTRS) && a->node != NULL) {
        set_meta(attrs, "on_node", a->node->uname);
        set_meta(attrs, "on_node_uuid", a->node->uuid);
    }
    if (config != NULL) {
        nvtable_for_each(pair, &config->meta) {
            set_meta(attrs, pair->name, pair->value);
        }
    }
}

/* What the resource and the collectives around it add; these replace what is there (spec 42 §11.5, 5). */
static void
add_ancestry(xmlNode *attrs, const struct sched_rsc *rsc)
{
    const char *value;

    if (rsc->kind == KIND_PRIMITIVE) {
        if ((value = rsc_meta(rsc, "clone")) != NULL) {
            xml_set(attrs, "CRM_meta_clone", value);
        }
        if ((value = rsc_meta(rsc, "remote-node")) != NULL) {
            xml_set(attrs, "CRM_meta_remote_node", value);
        }
        for (const struct sched_rsc *r = rsc; r != NULL; r = r->parent) {
            if (r->container != NULL) {
                xml_set(attrs, "CRM_meta_container", r->container->id);
            }
        }
        if ((value = rsc_meta(rsc, "external-ip")) != NULL) {
            xml_set(attrs, "pcmk_external_ip", value);
        }
    }
    for (const struct sched_rsc *r = rsc; r != NULL; r = r->parent) {
        if (r->kind != KIND_CLONE) {
            continue;
        }
        xml_set(attrs, "CRM_meta_globally_unique", rsc_is(r, RSC_UNIQUE) ? "true" : "false");
        xml_set(attrs, "CRM_meta_notify", rsc_is(r, RSC_NOTIFY) ? "true" : "false");
        xml_set_int(attrs, "CRM_meta_clone_max", r->clone_max);
        xml_set_int(attrs, "CRM_meta_clone_node_max", r->clone_node_max);
        if (rsc_is(r, RSC_PROMOTABLE)) {
            xml_set_int(attrs, "CRM_meta_promoted_max", r->promoted_max);
            xml_set_int(attrs, "CRM_meta_promoted_node_max", r->promoted_node_max);
            xml_set_int(attrs, "CRM_meta_master_max", r->promoted_max);
            xml_set_int(attrs, "CRM_meta_master_node_max", r->promoted_node_max);
        }
    }
}

/* On a guest: the host it runs on now for what ends there, the one it will run on for what begins there. */
static void
add_physical_host(xmlNode *attrs, const struct sched_action *a)
{
    const struct sched_rsc *container = a->node ? node_container(a->node) : NULL;
    const char *task = a->task;
    const struct sched_node *host = NULL;
    const char *target;

    if (container == NULL || a->rsc == NULL || !node_is_guest(a->node)) {
        return;
    }
    if (strcmp(task, "notify") == 0 || strcmp(task, "notified") == 0) {
        const char *operation = action_meta(a, "notify_operation");

        task = operation ? operation : task;
    }
    if (text_is_one_of(task, "stop", "stopped", "demote", "demoted", NULL)) {
        host = rsc_current_node(container, NULL, NULL);
    } else if (text_is_one_of(task, "start", "running", "monitor", "promote", "promoted", NULL)) {
        host = container->assigned;
    }
    if (host == NULL) {
        return;
    }
    target = rsc_meta(a->rsc, "container-attribute-target");
    if (target != NULL) {
        xml_set(attrs, "CRM_meta_container_attribute_target", target);
    }
    xml_set(attrs, "CRM_meta_physical_host", host->uname);
}

static int
by_name(const void *a, const void *b)
{
    const xmlAttr *x = *(xmlAttr *const *) a, *y = *(xmlAttr *const *) b;

    return strcmp((const char *) x->name, (const char *) y->name);
}

/* Byte order of names: relink the list of properties. */
static void
sort_attributes(xmlNode *attrs)
{
    unsigned n = 0, i = 0;
    g_autofree xmlAttr **list = NULL;

    for (xmlAttr *p = attrs->properties; p != NULL; p = p->next) {
        n++;
    }
    if (n < 2) {
        return;
    }
    list = g_new(xmlAttr *, n);
    for (xmlAttr *p = attrs->properties; p != NULL; p = p->next) {
        list[i++] = p;
    }
    qsort(list, n, sizeof(*list), by_name);
    for (i = 0; i < n; i++) {
        list[i]->prev = i > 0 ? list[i - 1] : NULL;
        list[i]->next = i + 1 < n ? list[i + 1] : NULL;
    }
    attrs->properties = list[0];
}

static void
add_attributes(struct sched *s, xmlNode *xml, struct sched_action *a)
{
    xmlNode *attrs = xml_new(xml, "attributes");
    struct sched_op_config *config = NULL;
    const struct nvtable *extra = NULL;

    xml_set(attrs, "crm_feature_set", FEATURE_SET);
    if (a->rsc != NULL) {
        config = op_config(s, a->rsc, a->key, a->cancel_task ? a->cancel_task : a->task, a->interval_ms);
        if (config != NULL && config->xml != NULL && a->node != NULL) {
            extra = op_extra_params(s, a->rsc, config->xml, a->node);
        }
    }
    add_parameters(s, attrs, a, extra);
    add_action_meta(attrs, a, config);
    if (a->rsc != NULL) {
        add_ancestry(attrs, a->rsc);
        add_physical_host(attrs, a);
    } else if (act_task(a, "stonith") && a->node != NULL) {
        nvtable_for_each(pair, &a->node->attrs) {
            set_meta(attrs, pair->name, pair->value);
        }
    }
    sort_attributes(attrs);
}

/* --- resource --- */

static void
add_resource(xmlNode *xml, const struct sched_rsc *rsc)
{
    xmlNode *r = xml_new(xml, xml_name(rsc->xml));

    if (rsc_is(rsc, RSC_ORPHAN) && rsc->history_name != NULL) {
        xml_set(r, "id", rsc->history_name);
        xml_set(r, "long-id", rsc->id);
    } else if (!rsc_is(rsc, RSC_UNIQUE)) {
        bool other = rsc->history_name != NULL && strcmp(rsc->history_name, rsc->base_id) != 0;

        xml_set(r, "id", rsc->base_id);
        xml_set(r, "long-id", other ? rsc->history_name : rsc->id);
    } else {
        xml_set(r, "id", rsc->id);
    }
    xml_set(r, "class", rsc->rsc_class);
    xml_set(r, "provider", rsc->provider);
    xml_set(r, "type", rsc->type);
}

/* --- nodes that go down with it --- */

static void
add_downed_node(xmlNode *downed, const struct sched_node *node)
{
    xml_set(xml_new(downed, "node"), "id", node->uuid);
}

static void
add_downed(struct sched *s, xmlNode *xml, const struct sched_action *a)
{
    xmlNode *downed;

    if (act_task(a, "do_shutdown")) {
        add_downed_node(xml_new(xml, "downed"), a->node);
    } else if (act_task(a, "stonith")) {
        const char *op = action_meta(a, "stonith_action");

        if (!text_is_one_of(op, "off", "reboot", NULL)) {
            return;
        }
        downed = xml_new(xml, "downed");
        add_downed_node(downed, a->node);
        VEC_FOR_EACH(struct sched_rsc, guest, a->node->running) {
            if (guest->is_remote_node && guest->container != NULL && guest->remote_node != NULL) {
                add_downed_node(downed, guest->remote_node);
            }
        }
    } else if (a->rsc != NULL && a->rsc->is_remote_node && act_task(a, "stop")) {
        for (const struct sched_relation *r = a->before; r != NULL; r = r->before_next) {
            if (r->first->rsc == a->rsc && act_task(r->first, "migrate_from")) {
                return;
            }
        }
        if (a->rsc->remote_node != NULL) {
            add_downed_node(xml_new(xml, "downed"), a->rsc->remote_node);
        }
    }
}

/* --- the element --- */

static const char *
element_name(const struct sched_action *a)
{
    if (act_is(a, ACT_PSEUDO)) {
        return "pseudo_event";
    }
    if (text_is_one_of(a->task, "stonith", "do_shutdown", "clear_failcount", "lrm_delete", NULL)) {
        return "crm_event";
    }
    return "rsc_op";
}

/* The key that the controller and the executor know the operation by: with the name in the history. */
char *
graph_history_key(struct sched *s, const struct sched_action *a)
{
    const char *name = a->rsc->history_name;

    if (act_task(a, "notify")) {
        return arena_printf(s->arena, "%s_%s_notify_%s_0", name, action_meta(a, "notify_type"),
                            action_meta(a, "notify_operation"));
    }
    return arena_printf(s->arena, "%s_%s_%u", name, a->cancel_task ? a->cancel_task : a->task, a->interval_ms);
}

static bool
has_history_name(const struct sched_action *a)
{
    return a->rsc != NULL && a->rsc->history_name != NULL && strcmp(a->rsc->history_name, a->rsc->id) != 0;
}

static void
add_lock(xmlNode *xml, const struct sched_action *a)
{
    const struct sched_rsc *rsc = a->rsc;

    if (rsc == NULL || rsc->lock.node == NULL || rsc->lock.node != a->node) {
        return;
    }
    if (rsc->lock.node->shutdown && !act_task(a, "stop")) {
        return;
    }
    xml_set_int(xml, "shutdown-lock", rsc->lock.time);
}

xmlNode *
graph_action_element(struct sched *s, xmlNode *parent, struct sched_action *a, bool stub)
{
    xmlNode *xml = xml_new(parent, element_name(a));
    bool needs_node = !act_is(a, ACT_PSEUDO) || act_task(a, "stonith");

    if (act_task(a, "lrm_delete")) {
        xml_set(xml, "mode", "cib");
    }
    xml_set_int(xml, "id", a->id);
    xml_set(xml, "operation", a->task);
    if (has_history_name(a)) {
        xml_set(xml, "operation_key", graph_history_key(s, a));
        xml_set(xml, "internal_operation_key", a->key);
    } else {
        xml_set(xml, "operation_key", a->key);
    }
    if (needs_node && a->node != NULL) {
        const struct sched_node *router = remote_router(s, a);

        xml_set(xml, "on_node", a->node->uname);
        xml_set(xml, "on_node_uuid", a->node->uuid);
        if (router != NULL) {
            xml_set(xml, "router_node", router->uname);
        }
        a->flags |= ACT_NODE_ATTRS;
    }
    if (stub) {
        return xml;
    }
    add_lock(xml, a);
    if (a->rsc != NULL && !act_is(a, ACT_PSEUDO)) {
        add_resource(xml, a->rsc);
    }
    add_attributes(s, xml, a);
    if (!act_is(a, ACT_PSEUDO) || act_task(a, "stonith")) {
        add_downed(s, xml, a);
    }
    return xml;
}
