/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One action as an element of the graph: names, node, resource, attributes for the agent.  Called by graph.c.
 * (spec 42 §11.5)
 */
#include "lib/sched/graph/internal.h"

/* --- attributes, kept in the byte order of their names --- */

/* Place of a name, or where it belongs. */
static guint
find_attr(const GArray *attrs, const char *name, bool *found)
{
    guint low = 0, high = attrs->len;

    while (low < high) {
        guint middle = (low + high) / 2;
        int order = strcmp(name, g_array_index(attrs, struct graph_attr, middle).name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *found = false;
    return low;
}

static void
set_default(struct graph_writer *w, const char *name, const char *value)
{
    struct graph_attr attr = {name, value};
    bool found;
    guint at;

    if (value != NULL) {
        at = find_attr(w->attrs, name, &found);
        if (!found) {
            g_array_insert_val(w->attrs, at, attr);
        }
    }
}

static void
set(struct graph_writer *w, const char *name, const char *value)
{
    struct graph_attr attr = {name, value};
    bool found;
    guint at = find_attr(w->attrs, name, &found);

    if (found) {
        g_array_index(w->attrs, struct graph_attr, at) = attr;
    } else {
        g_array_insert_val(w->attrs, at, attr);
    }
}

static void
set_int(struct graph_writer *w, const char *name, int value)
{
    char text[12];

    g_snprintf(text, sizeof(text), "%d", value);
    set(w, name, arena_intern(w->s->arena, text));
}

/* "record-pending" is CRM_meta_record_pending; names with '#' or ':' are nobody's business. */
static const char *
meta_name(struct graph_writer *w, const char *name)
{
    const char *known = g_hash_table_lookup(w->meta, name);
    char *full;

    if (known != NULL) {
        return known;
    }
    if (strpbrk(name, "#:") != NULL) {
        known = "";
    } else {
        full = arena_printf(w->s->arena, "CRM_meta_%s", name);
        for (char *p = full; *p != '\0'; p++) {
            if (*p == '-') {
                *p = '_';
            }
        }
        known = full;
    }
    g_hash_table_insert(w->meta, (gpointer) name, (gpointer) known);
    return known;
}

static void
set_meta(struct graph_writer *w, const char *name, const char *value)
{
    const char *full;

    if (name != NULL && value != NULL && (full = meta_name(w, name))[0] != '\0') {
        set_default(w, full, value);
    }
}

static void
set_parameter(struct graph_writer *w, const char *name, const char *value)
{
    if (g_ascii_isdigit(name[0])) {
        struct graph_attr param = {name, value};

        g_array_append_val(w->params, param);
    } else {
        set_default(w, name, value);
    }
}

static void
add_parameters(struct graph_writer *w, struct sched_action *a, const struct nvtable *extra)
{
    const struct nvtable *params = NULL;

    if (extra != NULL) {
        nvtable_for_each(pair, extra) {
            set_parameter(w, pair->name, pair->value);
        }
    }
    if (a->rsc != NULL && (a->node != NULL || a->rsc->kind == KIND_PRIMITIVE)) {
        params = rsc_agent_params(w->s, a->rsc, a->node);
    }
    if (params != NULL) {
        nvtable_for_each(pair, params) {
            set_parameter(w, pair->name, pair->value);
        }
    }
}

static void
add_all_meta(struct graph_writer *w, const struct nvtable *table)
{
    if (table != NULL) {
        nvtable_for_each(pair, table) {
            set_meta(w, pair->name, pair->value);
        }
    }
}

static void
add_action_meta(struct graph_writer *w, const struct sched_action *a, const struct sched_op_config *config)
{
    add_all_meta(w, a->meta);
    add_all_meta(w, a->notify_meta);
    if (act_is(a, ACT_NODE_ATTRS) && a->node != NULL) {
        set_meta(w, "on_node", a->node->uname);
        set_meta(w, "on_node_uuid", a->node->uuid);
    }
    add_all_meta(w, config ? &config->meta : NULL);
}

/* What the resource and the collectives around it add; these replace what is there (spec 42 §11.5, 5). */
static void
add_ancestry(struct graph_writer *w, const struct sched_rsc *rsc)
{
    const char *value;

    if (rsc->kind == KIND_PRIMITIVE) {
        if ((value = rsc_meta(rsc, "clone")) != NULL) {
            set(w, "CRM_meta_clone", value);
        }
        if ((value = rsc_meta(rsc, "remote-node")) != NULL) {
            set(w, "CRM_meta_remote_node", value);
        }
        for (const struct sched_rsc *r = rsc; r != NULL; r = r->parent) {
            if (r->container != NULL) {
                set(w, "CRM_meta_container", r->container->id);
            }
        }
        if ((value = rsc_meta(rsc, "external-ip")) != NULL) {
            set(w, "pcmk_external_ip", value);
        }
    }
    for (const struct sched_rsc *r = rsc; r != NULL; r = r->parent) {
        if (r->kind != KIND_CLONE) {
            continue;
        }
        set(w, "CRM_meta_globally_unique", rsc_is(r, RSC_UNIQUE) ? "true" : "false");
        set(w, "CRM_meta_notify", rsc_is(r, RSC_NOTIFY) ? "true" : "false");
        set_int(w, "CRM_meta_clone_max", r->clone_max);
        set_int(w, "CRM_meta_clone_node_max", r->clone_node_max);
        if (rsc_is(r, RSC_PROMOTABLE)) {
            set_int(w, "CRM_meta_promoted_max", r->promoted_max);
            set_int(w, "CRM_meta_promoted_node_max", r->promoted_node_max);
            set_int(w, "CRM_meta_master_max", r->promoted_max);
            set_int(w, "CRM_meta_master_node_max", r->promoted_node_max);
        }
    }
}

/* On a guest: the host it runs on now for what ends there, the one it will run on for what begins there. */
static void
add_physical_host(struct graph_writer *w, const struct sched_action *a)
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
        set(w, "CRM_meta_container_attribute_target", target);
    }
    set(w, "CRM_meta_physical_host", host->uname);
}

/* What the configuration says about the operation; the same for all nodes. */
static struct sched_op_config *
config_of(struct graph_writer *w, const struct sched_action *a)
{
    const char *task = a->cancel_of_known ? a->cancel_task : a->task;

    if (w->last.rsc != a->rsc || w->last.interval_ms != a->interval_ms || strcmp(w->last.task, task) != 0
        || strcmp(w->last.key, a->key) != 0) {
        w->last.config = op_config(w->s, a->rsc, a->key, task, a->interval_ms);
        w->last.rsc = a->rsc;
        w->last.key = a->key;
        w->last.task = task;
        w->last.interval_ms = a->interval_ms;
    }
    return w->last.config;
}

static void
write_attributes(struct graph_writer *w)
{
    sink_open(&w->sink, "attributes");
    for (guint i = 0; i < w->attrs->len; i++) {
        const struct graph_attr *attr = &g_array_index(w->attrs, struct graph_attr, i);

        sink_attr(&w->sink, attr->name, attr->value);
    }
    for (guint i = 0; i < w->params->len; i++) {
        const struct graph_attr *param = &g_array_index(w->params, struct graph_attr, i);

        sink_open(&w->sink, "param");
        sink_attr(&w->sink, "name", param->name);
        sink_attr(&w->sink, "value", param->value);
        sink_close(&w->sink);
    }
    sink_close(&w->sink);
}

static void
add_attributes(struct graph_writer *w, struct sched_action *a)
{
    struct sched_op_config *config = NULL;
    const struct nvtable *extra = NULL;

    g_array_set_size(w->attrs, 0);
    g_array_set_size(w->params, 0);
    set(w, "crm_feature_set", FEATURE_SET);
    if (a->rsc != NULL) {
        config = config_of(w, a);
        if (config != NULL && config->xml != NULL && a->node != NULL) {
            extra = op_extra_params(w->s, a->rsc, config->xml, a->node);
        }
    }
    add_parameters(w, a, extra);
    add_action_meta(w, a, config);
    if (a->rsc != NULL) {
        add_ancestry(w, a->rsc);
        add_physical_host(w, a);
    } else if (act_task(a, "stonith") && a->node != NULL) {
        add_all_meta(w, &a->node->attrs);
    }
    write_attributes(w);
}

/* --- resource --- */

static void
add_resource(struct graph_sink *sink, const struct sched_rsc *rsc)
{
    sink_open(sink, xml_name(rsc->xml));
    if (rsc_is(rsc, RSC_ORPHAN) && rsc->history_name != NULL) {
        sink_attr(sink, "id", rsc->history_name);
        sink_attr(sink, "long-id", rsc->id);
    } else if (!rsc_is(rsc, RSC_UNIQUE)) {
        bool other = rsc->history_name != NULL && strcmp(rsc->history_name, rsc->base_id) != 0;

        sink_attr(sink, "id", rsc->base_id);
        sink_attr(sink, "long-id", other ? rsc->history_name : rsc->id);
    } else {
        sink_attr(sink, "id", rsc->id);
    }
    sink_attr(sink, "class", rsc->rsc_class);
    sink_attr(sink, "provider", rsc->provider);
    sink_attr(sink, "type", rsc->type);
    sink_close(sink);
}

/* --- nodes that go down with it, and those that are told about maintenance --- */

static void
add_downed_node(struct graph_sink *sink, const char *id)
{
    sink_open(sink, "node");
    sink_attr(sink, "id", id);
    sink_close(sink);
}

static bool
migrates_here(const struct sched_action *stop)
{
    for (const struct sched_relation *r = stop->before; r != NULL; r = r->before_next) {
        if (r->first->rsc == stop->rsc && act_task(r->first, "migrate_from")) {
            return true;
        }
    }
    return false;
}

static void
add_downed(struct graph_sink *sink, const struct sched_action *a)
{
    if (act_task(a, "do_shutdown")) {
        sink_open(sink, "downed");
        add_downed_node(sink, a->node->uuid);
        sink_close(sink);
    } else if (act_task(a, "stonith")) {
        if (!text_is_one_of(action_meta(a, "stonith_action"), "off", "reboot", NULL)) {
            return;
        }
        sink_open(sink, "downed");
        add_downed_node(sink, a->node->uuid);
        VEC_FOR_EACH(struct sched_rsc, guest, a->node->running) {
            if (guest->is_remote_node && guest->container != NULL && guest->remote_node != NULL) {
                add_downed_node(sink, guest->remote_node->uuid);
            }
        }
        sink_close(sink);
    } else if (a->rsc != NULL && rsc_is(a->rsc, RSC_REMOTE_CONNECTION) && act_task(a, "stop") && !migrates_here(a)) {
        sink_open(sink, "downed");
        add_downed_node(sink, a->rsc->id);
        sink_close(sink);
    }
}

/* Remote nodes are told about their maintenance state by the controller (spec 42 §10.3). */
static void
add_maintenance(struct graph_writer *w)
{
    sink_open(&w->sink, "maintenance");
    for (unsigned i = 0; i < w->s->nodes.len; i++) {
        const struct sched_node *node = w->s->node_order[i];

        if (node_maintenance_changes(node)) {
            sink_open(&w->sink, "node");
            sink_attr(&w->sink, "id", node->uuid);
            sink_attr(&w->sink, "node_in_maintenance", node->maintenance ? "1" : "0");
            sink_close(&w->sink);
        }
    }
    sink_close(&w->sink);
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
static void
append_history_key(GString *key, const struct sched_action *a)
{
    g_string_append(key, a->rsc->history_name);
    if (act_task(a, "notify")) {
        const char *type = action_meta(a, "notify_type"), *operation = action_meta(a, "notify_operation");

        g_string_append_printf(key, "_%s_notify_%s_0", type ? type : "(null)", operation ? operation : "(null)");
    } else {
        g_string_append_c(key, '_');
        g_string_append(key, a->cancel_task ? a->cancel_task : a->task);
        if (a->interval_ms == 0) {
            g_string_append_len(key, "_0", 2);
        } else {
            g_string_append_printf(key, "_%u", a->interval_ms);
        }
    }
}

char *
graph_history_key(struct sched *s, const struct sched_action *a)
{
    g_autoptr(GString) key = g_string_new(NULL);

    append_history_key(key, a);
    return arena_strdup(s->arena, key->str);
}

static bool
has_history_name(const struct sched_action *a)
{
    return a->rsc != NULL && a->rsc->history_name != NULL && strcmp(a->rsc->history_name, a->rsc->id) != 0;
}

static void
add_lock(struct graph_sink *sink, const struct sched_action *a)
{
    const struct sched_rsc *rsc = a->rsc;

    if (rsc == NULL || act_is(a, ACT_PSEUDO) || rsc->lock.node == NULL || rsc->lock.node != a->node) {
        return;
    }
    if (rsc->lock.node->shutdown && !act_task(a, "stop")) {
        return;
    }
    sink_attr_int(sink, "shutdown-lock", rsc->lock.time);
}

static void
add_keys(struct graph_writer *w, const struct sched_action *a)
{
    if (has_history_name(a)) {
        g_string_truncate(w->key, 0);
        append_history_key(w->key, a);
        sink_attr(&w->sink, "operation_key", w->key->str);
        sink_attr(&w->sink, "internal_operation_key", a->key);
    } else {
        sink_attr(&w->sink, "operation_key", a->key);
    }
}

void
graph_action_element(struct graph_writer *w, struct sched_action *a, bool stub)
{
    struct graph_sink *sink = &w->sink;
    bool needs_node = !act_is(a, ACT_PSEUDO) || act_task(a, "stonith");

    sink_open(sink, element_name(a));
    if (act_task(a, "lrm_delete")) {
        sink_attr(sink, "mode", "cib");
    }
    sink_attr_int(sink, "id", a->id);
    sink_attr(sink, "operation", a->task);
    add_keys(w, a);
    if (needs_node && a->node != NULL) {
        const struct sched_node *router = remote_router(w->s, a);

        sink_attr(sink, "on_node", a->node->uname);
        sink_attr(sink, "on_node_uuid", a->node->uuid);
        sink_attr(sink, "router_node", router ? router->uname : NULL);
        a->flags |= ACT_NODE_ATTRS;
    }
    if (!stub) {
        add_lock(sink, a);
        if (a->rsc != NULL && !act_is(a, ACT_PSEUDO)) {
            add_resource(sink, a->rsc);
        }
        add_attributes(w, a);
        if (needs_node) {
            add_downed(sink, a);
        }
        if (act_task(a, "maintenance_nodes")) {
            add_maintenance(w);
        }
    }
    sink_close(sink);
}
