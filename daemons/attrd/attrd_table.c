/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager's table: attributes, their values on each node, the nodes themselves and the timers.
 * Called by the other topic files of the core.  Decides nothing about the protocol.  (spec 70 §2)
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

/* --- attributes and values --- */

struct attrd_attribute *
attrd_find(const struct attrd_core *core, const char *name)
{
    return name != NULL ? g_hash_table_lookup(core->by_name, name) : NULL;
}

static void
value_free(gpointer data)
{
    struct attrd_value *v = data;

    g_free(v->node);
    g_free(v->current);
    g_free(v);
}

struct attrd_attribute *
attrd_add(struct attrd_core *core, const xmlNode *xml)
{
    struct attrd_attribute *a = g_new0(struct attrd_attribute, 1);
    const char *dampening = xml_get(xml, F_ATTR_DAMPENING);

    a->name = g_strdup(xml_get(xml, F_ATTR_NAME));
    a->set = g_strdup(xml_get(xml, F_ATTR_SET));
    a->key = g_strdup(xml_get(xml, F_ATTR_KEY));
    a->user = g_strdup(xml_get(xml, F_ATTR_USER));
    a->is_private = xml_get_int(xml, F_ATTR_IS_PRIVATE, 0) != 0;
    a->deadline = ATTRD_NEVER;
    a->values = g_ptr_array_new_with_free_func(value_free);
    if (dampening != NULL) {
        a->dampening_ms = text_timeout_ms(dampening);
        if (a->dampening_ms < 0) {
            log_warn("Ignoring invalid delay '%s' for new attribute %s", dampening, a->name);
            a->dampening_ms = 0;
        }
    }
    g_ptr_array_add(core->attributes, a);
    g_hash_table_insert(core->by_name, a->name, a);
    return a;
}

struct attrd_value *
attrd_value_find(const struct attrd_attribute *a, const char *node)
{
    for (guint i = 0; i < a->values->len; i++) {
        struct attrd_value *v = g_ptr_array_index(a->values, i);

        if (g_ascii_strcasecmp(v->node, node) == 0) {
            return v;
        }
    }
    return NULL;
}

struct attrd_value *
attrd_value_need(struct attrd_attribute *a, const char *node, bool remote)
{
    struct attrd_value *v = attrd_value_find(a, node);

    if (v == NULL) {
        v = g_new0(struct attrd_value, 1);
        v->node = g_strdup(node);
        v->remote = remote;
        g_ptr_array_add(a->values, v);
    }
    return v;
}

void
attrd_drop_node_values(struct attrd_core *core, const char *node, const char *why)
{
    bool said = false;

    for (guint i = 0; i < core->attributes->len; i++) {
        struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);
        struct attrd_value *v = attrd_value_find(a, node);

        if (v == NULL) {
            continue;
        }
        if (!said) {
            log_notice("Removing all %s attributes for %s", node, why);
            said = true;
        }
        log_debug("Removed %s[%s]=%s for %s", a->name, v->node,
                  v->current != NULL ? v->current : "(unset)", why);
        g_ptr_array_remove(a->values, v);
    }
}

/* --- nodes --- */

void
attrd_learn_remote(struct attrd_core *core, const char *name)
{
    struct peer *cluster_node = peers_find(core->peers, 0, name);

    if (cluster_node == NULL || cluster_node->id == 0) {
        if (cluster_node != NULL) {
            peers_purge(core->peers, 0, name);
        }
        peers_remote_get(core->peers, name);
    }
}

/*
 * What identifies a value's node in the CIB (spec 70 §2, §7.5): the name of a remote node; else the id that the value came with;
 * else what the peer caches or Corosync's node list say.
 */
char *
attrd_value_uuid(const struct attrd_core *core, const struct attrd_value *v)
{
    const struct peer *peer;
    uint32_t id = v->node_id;

    if (v->remote) {
        return g_strdup(v->node);
    }
    if (id == 0) {
        peer = peers_find(core->peers, 0, v->node);
        id = peer != NULL ? peer->id : 0;
    }
    if (id == 0 && peers_remote_find(core->peers, v->node) != NULL) {
        return g_strdup(v->node);
    }
    if (id == 0 && core->config.node_id != NULL) {
        id = core->config.node_id(v->node, core->config.data);
    }
    return id != 0 ? g_strdup_printf("%u", id) : NULL;
}

/* --- timers --- */

void
attrd_arm(struct attrd_core *core, struct attrd_attribute *a, uint64_t deadline)
{
    if (a->deadline == ATTRD_NEVER) {
        g_ptr_array_add(core->armed, a);
    }
    a->deadline = deadline;
}

void
attrd_disarm(struct attrd_core *core, struct attrd_attribute *a)
{
    if (a->deadline != ATTRD_NEVER) {
        g_ptr_array_remove_fast(core->armed, a);
        a->deadline = ATTRD_NEVER;
    }
}
