/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nodes: entries of the configuration, their attributes, and questions about a node that later stages ask.
 * Their state comes from status.c.  (spec 40 §2.1, §2.5)
 */
#include "lib/sched/model/internal.h"

#include <stdlib.h>

struct sched_node *
node_create(struct sched *s, const char *uuid, const char *uname, enum sched_node_kind kind, const char *score,
            const xmlNode *xml)
{
    struct sched_node *n = arena_new_struct(s->arena, struct sched_node);
    char *lower;

    if (sched_node_by_name(s, uname) != NULL) {
        CONFIG_WARN(s, "More than one node entry has name '%s'", uname);
    }
    n->id = s->nodes.len;
    n->uuid = arena_intern(s->arena, uuid);
    n->uname = arena_intern(s->arena, uname);
    n->kind = kind;
    n->xml = xml;
    n->base_score = score_parse(score);
    n->discovery_enabled = true;
    nvtable_init(&n->attrs, s->arena);
    nvtable_init(&n->utilization, s->arena);
    if (kind == NODE_REMOTE) {
        nvtable_set(&n->attrs, "#kind", "remote");
        s->has_remote_nodes = true;
    } else {
        nvtable_set(&n->attrs, "#kind", "cluster");
    }
    arena_vec_push(s->arena, &s->nodes, n);
    rows_make_room(s);

    lower = g_ascii_strdown(uuid, -1);
    g_hash_table_insert(s->index->nodes_by_uuid, (gpointer)arena_intern(s->arena, lower), n);
    g_free(lower);
    lower = g_ascii_strdown(uname, -1);
    if (!g_hash_table_contains(s->index->nodes_by_name, lower)) {
        g_hash_table_insert(s->index->nodes_by_name, (gpointer)arena_intern(s->arena, lower), n);
    }
    g_free(lower);
    return n;
}

/*
 * Read attribute sets below `parent` into the node, the special attributes first.  Transient sets overwrite.
 * (spec 40 §2.5, §4.3)
 */
void
node_add_attributes(struct sched *s, struct sched_node *n, const xmlNode *parent, bool overwrite)
{
    struct rule_context ctx = plain_rule_context(s);
    const char *cluster_name = nvtable_get(&s->opt.raw, "cluster-name");
    const char *site;

    nvtable_set(&n->attrs, "#uname", n->uname);
    nvtable_set(&n->attrs, "#id", n->uuid);
    if (s->dc_uuid != NULL && text_equal(n->uuid, s->dc_uuid)) {
        n->is_dc = true;
        s->dc = n;
        nvtable_set(&n->attrs, "#is_dc", "true");
    } else {
        nvtable_set(&n->attrs, "#is_dc", "false");
    }
    if (cluster_name != NULL) {
        nvtable_set(&n->attrs, "#cluster-name", cluster_name);
    }
    nvsets_read(parent, "instance_attributes", &ctx, NULL, overwrite ? NVSET_OVERWRITE : NVSET_NORMAL, &n->attrs);
    if (!nvtable_has(&n->attrs, "#site-name")) {
        site = nvtable_get(&n->attrs, "site-name");
        if (site == NULL) {
            site = cluster_name;
        }
        if (site != NULL) {
            nvtable_set(&n->attrs, "#site-name", site);
        }
    }
    n->attrs_complete = true;
}

/* Whoever was never seen may be running anything, unless told to take that risk (spec 40 §2.3.1). */
void
node_never_seen(struct sched *s, struct sched_node *n)
{
    n->unseen = true;
    n->unclean = s->opt.startup_fencing;
}

static void
node_unpack(struct sched *s, const xmlNode *xml)
{
    struct rule_context ctx = plain_rule_context(s);
    const char *id = xml_id(xml), *uname = xml_get(xml, "uname"), *type = xml_get(xml, "type");
    enum sched_node_kind kind = NODE_CLUSTER;
    struct sched_node *n;

    if (id == NULL) {
        CONFIG_ERROR(s, "Ignoring <node> entry in configuration without id");
        return;
    }
    if (uname == NULL) {
        uname = id;
    }
    if (text_equal_nocase(type, "remote")) {
        kind = NODE_REMOTE;
    } else if (type != NULL && !text_equal_nocase(type, "member")) {
        kind = NODE_PING;
        if (!text_equal_nocase(type, "ping")) {
            CONFIG_WARN(s, "Node %s has unrecognized type '%s', assuming 'ping'", uname, type);
        }
        if (g_hash_table_add(s->index->once, (gpointer)"ping")) {
            sched_message(s, MSG_WARNING, MSG_CONFIG | MSG_PROCESSING, "pe_create_node",
                          "Support for nodes of type 'ping' (such as %s) is deprecated and will be removed in a "
                          "future release", uname);
        }
    }
    n = node_create(s, id, uname, kind, xml_get(xml, "score"), xml);
    if (kind != NODE_REMOTE) { /* remote nodes: once their connection is known */
        node_never_seen(s, n);
    }
    node_add_attributes(s, n, xml, false);
    nvsets_read(xml, "utilization", &ctx, NULL, NVSET_NORMAL, &n->utilization);
}

void
nodes_unpack(struct sched *s)
{
    if (s->nodes_xml == NULL) {
        return;
    }
    xml_for_each (xml, s->nodes_xml, "node") {
        node_unpack(s, xml);
    }
}

static int
compare_names(const void *a, const void *b)
{
    const struct sched_node *const *left = a, *const *right = b;
    int order = text_compare_numeric((*left)->uname, (*right)->uname);

    /* Of equal names the later one comes first (spec 41 §19). */
    return order != 0 ? order : (int)(*right)->id - (int)(*left)->id;
}

void
node_order_sort(struct sched *s)
{
    s->node_order = arena_new_array(s->arena, struct sched_node *, s->nodes.len + 1);
    if (s->nodes.len > 0) {
        memcpy(s->node_order, s->nodes.items, sizeof *s->node_order * s->nodes.len);
        qsort(s->node_order, s->nodes.len, sizeof *s->node_order, compare_names);
    }
}

/* --- questions --- */

bool
node_is_available(const struct sched_node *n)
{
    return n->online && !n->shutdown && !n->unclean && !n->standby && !n->maintenance;
}

bool
node_is_guest(const struct sched_node *n)
{
    return n->kind == NODE_REMOTE && n->remote_rsc != NULL && n->remote_rsc->container != NULL;
}

bool
node_is_reachable(const struct sched_node *n)
{
    return n->online || (node_is_guest(n) && !n->remote_requires_reset);
}

bool
node_is_remote(const struct sched_node *n)
{
    return n->kind == NODE_REMOTE && (n->remote_rsc == NULL || n->remote_rsc->container == NULL);
}

struct sched_rsc *
node_container(const struct sched_node *n)
{
    return n->remote_rsc == NULL ? NULL : n->remote_rsc->container;
}

/* `depth`: how many guests this one is asked for.  A history may have guests run on each other, or on themselves. */
static bool
can_be_fenced(const struct sched *s, const struct sched_node *n, unsigned depth)
{
    if (node_is_guest(n)) {
        if (depth > s->nodes.len) {
            return false;
        }
        /* Stopping its container does it, if every host of that can be relied on. */
        VEC_FOR_EACH (struct sched_node, host, node_container(n)->active_on) {
            if (!host->online && !can_be_fenced(s, host, depth + 1)) {
                return false;
            }
        }
        return true;
    }
    return s->opt.stonith_enabled && s->have_fence_device
        && (s->have_quorum || s->opt.no_quorum_policy == QUORUM_IGNORE || n->online);
}

bool
node_can_be_fenced(const struct sched *s, const struct sched_node *n)
{
    return can_be_fenced(s, n, 0);
}

bool
node_is_recoverable(const struct sched *s, const struct sched_node *n)
{
    return !node_is_guest(n) || node_can_be_fenced(s, n);
}

const char *
node_attr_for_rsc(const struct sched *s, const struct sched_node *n, const struct sched_rsc *rsc, const char *name)
{
    if (node_is_guest(n) && text_equal_nocase(rsc_meta(rsc, "container-attribute-target"), "host")) {
        const struct sched_rsc *container = node_container(n);

        return container->active_on.len == 0 ? NULL : node_attr(container->active_on.items[0], name);
    }
    return node_attr(n, name);
}

/*
 * -1 red, 0 yellow, 1 neither:
 *
 *   1. the words red and yellow mean themselves, whatever scores they stand for
 *   2. any other value, green too, is red if its score is not above that of red
 *   3. and yellow if it is not above that of yellow, unless that equals green's
 */
int
node_health_color(const struct sched *s, const struct sched_node *n)
{
    int color = 1;

    if (s->opt.health_strategy == HEALTH_NONE) {
        return color;
    }
    nvtable_for_each (pair, &n->attrs) {
        if (strncmp(pair->name, "#health", 7) != 0) {
            continue;
        }
        if (g_ascii_strcasecmp(pair->value, "red") == 0) {
            return -1;
        }
        if (g_ascii_strcasecmp(pair->value, "yellow") == 0) {
            color = 0;
            continue;
        }

        int score = score_parse_health(s, pair->value);

        if (score <= s->opt.health_red) {
            return -1;
        }
        if (score <= s->opt.health_yellow && s->opt.health_yellow != s->opt.health_green) {
            color = 0;
        }
    }
    return color;
}

/*
 * Delay of fencing a lost node, so that the side with the more important resources survives a split.  (spec 40 §2.8)
 */
int
node_priority_delay(const struct sched *s, const struct sched_node *n)
{
    unsigned members = 0, online = 0;
    int top = 0, lowest = 0;

    if (s->opt.priority_fencing_delay <= 0) {
        return -1;
    }
    if (n->kind != NODE_CLUSTER || n->online) {
        return 0;
    }
    VEC_FOR_EACH (struct sched_node, each, s->nodes) {
        if (each->kind != NODE_CLUSTER) {
            continue;
        }
        if (members == 0 || each->priority > top) {
            top = each->priority;
        }
        if (members == 0 || each->priority < lowest) {
            lowest = each->priority;
        }
        members++;
        online += each->online;
    }
    if (online > members / 2 || lowest == top || n->priority < top) {
        return 0;
    }
    return s->opt.priority_fencing_delay;
}
