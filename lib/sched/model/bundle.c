/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bundles: the resources that one stands for (containers, addresses, connections, the clone inside), generated as XML
 * in the scratch document and then unpacked as any other.  Texts here are part of digests: they must match to the
 * byte.  (spec 40 §5.7, §5.8, spec 41 §15.1)
 */
#include "lib/sched/model/internal.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST_REPLICAS 1000

struct mount {
    const char *source, *target, *options;
    bool per_replica;
};

struct port {
    const char *source, *target;
};

/* What the bundle's XML says, while its replicas are made. */
struct bundle {
    struct sched_rsc *rsc;
    const xmlNode *container;
    const char *agent, *image, *network, *ip_start, *netmask, *interface, *control_port, *options, *run_command;
    bool add_host, has_child, has_options;
    int replicas, per_host, promoted_max;
    const char *prefix_env;   /* "-e " or "--environment=" */
    const char *host_name_opt;
    ARENA_VEC(struct mount) mounts;
    ARENA_VEC(struct port) ports;
    GString *host_entries;
    char last_ip[32];
};

/* A number of instances: whoever asks for more has mistyped, and would get a model that no memory can hold. */
static int
instances_of(struct sched *s, const struct bundle *b, const char *name, int def)
{
    long long n = xml_get_int(b->container, name, def);

    if (n > MOST_REPLICAS) {
        CONFIG_ERROR_P(s, "%s of %s is %lld: using %d, the most that a bundle can have", name, b->rsc->id, n, MOST_REPLICAS);
    }
    return (int)CLAMP(n, 1, MOST_REPLICAS);
}

static bool
read_container(struct sched *s, struct bundle *b)
{
    static const char *const agents[] = { "docker", "rkt", "podman" };
    long long promoted;
    const char *value;

    for (unsigned i = 0; i < G_N_ELEMENTS(agents) && b->container == NULL; i++) {
        b->container = xml_first(b->rsc->xml, agents[i]);
        b->agent = agents[i];
    }
    if (b->container == NULL) {
        return false;
    }
    value = xml_get(b->container, "promoted-max");
    if (value == NULL) {
        value = xml_get(b->container, "masters");
    }
    promoted = text_leading_int(value);
    b->promoted_max = (int)CLAMP(promoted, 0, MOST_REPLICAS);
    b->replicas = instances_of(s, b, "replicas", b->promoted_max > 0 ? b->promoted_max : 1);
    b->per_host = instances_of(s, b, "replicas-per-host", 1);
    b->image = xml_get(b->container, "image");
    b->network = xml_get(b->container, "network");
    b->run_command = xml_get(b->container, "run-command");
    b->options = xml_get(b->container, "options");
    return true;
}

static void
read_network(struct sched *s, struct bundle *b)
{
    const xmlNode *xml = xml_first(b->rsc->xml, "network");

    b->add_host = true;
    if (xml == NULL) {
        return;
    }
    b->ip_start = xml_get(xml, "ip-range-start");
    b->netmask = xml_get(xml, "host-netmask");
    b->interface = xml_get(xml, "host-interface");
    b->control_port = xml_get(xml, "control-port");
    b->add_host = text_boolean(xml_get(xml, "add-host")) != 0;
    xml_for_each (map, xml, "port-mapping") {
        struct port p = { xml_get(map, "port"), xml_get(map, "internal-port") };

        if (p.source == NULL) {
            p.source = p.target = xml_get(map, "range");
        } else if (p.target == NULL) {
            p.target = p.source;
        }
        if (p.source == NULL || p.source[0] == '\0') {
            CONFIG_ERROR_P(s, "Invalid port directive %s", xml_id(map));
        } else {
            arena_vec_push(s->arena, &b->ports, p);
        }
    }
}

static void
read_storage(struct sched *s, struct bundle *b)
{
    const xmlNode *xml = xml_first(b->rsc->xml, "storage");

    if (xml == NULL) {
        return;
    }
    xml_for_each (map, xml, "storage-mapping") {
        struct mount m = { xml_get(map, "source-dir"), xml_get(map, "target-dir"), xml_get(map, "options"), false };

        if (m.source == NULL) {
            m.source = xml_get(map, "source-dir-root");
            m.per_replica = true;
        }
        if (m.source != NULL && m.source[0] != '\0' && m.target != NULL && m.target[0] != '\0') {
            arena_vec_push(s->arena, &b->mounts, m);
        } else {
            CONFIG_ERROR_P(s, "Invalid mount directive %s", xml_id(map));
        }
    }
}

/* What the executor inside needs: its key, a place for its log, its port. */
static void
add_internal_mounts(struct sched *s, struct bundle *b)
{
    struct mount key = { "/etc/pacemaker/authkey", "/etc/pacemaker/authkey", NULL, false };
    struct mount log = { "/var/log/pacemaker/bundles", "/var/log", NULL, true };
    struct port control = { b->control_port != NULL ? b->control_port : "3121", NULL };
    bool have_log = false;

    arena_vec_push(s->arena, &b->mounts, key);
    for (unsigned i = 0; i < b->mounts.len; i++) {
        have_log = have_log || text_equal(b->mounts.items[i].target, "/var/log");
    }
    if (!have_log) {
        arena_vec_push(s->arena, &b->mounts, log);
    }
    control.target = control.source;
    arena_vec_push(s->arena, &b->ports, control);
}

/* The address after `last`; NULL if the range is exhausted or `last` is no IPv4 address. */
static const char *
next_ip(struct sched *s, const char *last)
{
    unsigned o1, o2, o3, o4;

    if (sscanf(last, "%u.%u.%u.%u", &o1, &o2, &o3, &o4) != 4 || o3 > 253) {
        return NULL;
    }
    if (o4 > 253) {
        o4 = 1;
        o3++;
    } else {
        o4++;
    }
    return arena_printf(s->arena, "%u.%u.%u.%u", o1, o2, o3, o4);
}

static xmlNode *
new_primitive(struct sched *s, const char *id, const char *provider, const char *type)
{
    xmlNode *xml = xml_new(s->scratch, "primitive");

    xml_set(xml, "id", id);
    xml_set(xml, "class", "ocf");
    xml_set(xml, "provider", provider);
    xml_set(xml, "type", type);
    return xml;
}

static void
add_monitor(xmlNode *primitive)
{
    xmlNode *op = xml_new(xml_new(primitive, "operations"), "op");

    xml_setf(op, "id", "%s-monitor-60s", xml_id(primitive));
    xml_set(op, "name", "monitor");
    xml_set(op, "interval", "60s");
}

static char *
clean_id(char *id)
{
    for (char *p = id; *p != '\0'; p++) {
        if (*p == ':' || *p == '#') {
            *p = '.';
        }
    }
    return id;
}

/* Whose attributes count for what runs inside is known to all that is made for it. */
static void
share_attribute_target(struct sched_rsc *r, const struct sched_rsc *inside)
{
    static const char name[] = "container-attribute-target";
    const char *target = inside != NULL ? rsc_meta(inside, name) : NULL;

    if (target != NULL && rsc_meta(r, name) == NULL) {
        nvtable_set(&r->meta, name, target);
    }
}

static struct sched_rsc *
add_child(struct sched *s, struct bundle *b, const xmlNode *xml, struct sched_replica *rep)
{
    struct sched_rsc *r = rsc_unpack(s, xml, b->rsc, -1);

    if (r != NULL) {
        r->replica = rep;
        share_attribute_target(r, rep->child);
        arena_vec_push(s->arena, &b->rsc->children, r);
    }
    return r;
}

static bool
make_ip(struct sched *s, struct bundle *b, struct sched_replica *rep)
{
    xmlNode *xml, *set;

    if (rep->ipaddr == NULL) {
        return true;
    }
    char *id = clean_id(g_strdup_printf("%s-ip-%s", b->rsc->id, rep->ipaddr));

    xml = new_primitive(s, id, "heartbeat", "IPaddr2");
    g_free(id);
    set = xml_new(xml, "instance_attributes");
    xml_setf(set, "id", "%s-attributes-%u", b->rsc->id, rep->offset);
    xml_new_nvpair(set, "ip", rep->ipaddr);
    if (b->interface != NULL) {
        xml_new_nvpair(set, "nic", b->interface);
    }
    xml_new_nvpair(set, "cidr_netmask", b->netmask != NULL ? b->netmask : "32");
    add_monitor(xml);
    rep->ip = add_child(s, b, xml, rep);
    return rep->ip != NULL;
}

/* Options of the container engine's run command: the order of spec 40 §5.8. */
static char *
run_options(struct bundle *b, const struct sched_replica *rep, GString *mount_points)
{
    bool rkt = strcmp(b->agent, "rkt") == 0;
    GString *o = g_string_new(NULL);

    if (strcmp(b->agent, "docker") == 0) {
        g_string_append(o, " --restart=no");
    }
    if (rep->ipaddr != NULL) {
        g_string_append_printf(o, " %s%s-%u", rkt ? "--hostname=" : "-h ", b->rsc->id, rep->offset);
    }
    g_string_append_printf(o, " %sPCMK_stderr=1", b->prefix_env);
    if (b->network != NULL) {
        g_string_append_printf(o, " --net=%s", b->network);
    }
    g_string_append_printf(o, " %sPCMK_remote_port=%s", b->prefix_env,
                           b->control_port != NULL ? b->control_port : "3121");
    for (unsigned i = 0; i < b->mounts.len; i++) {
        const struct mount *m = &b->mounts.items[i];
        char *source = m->per_replica ? g_strdup_printf("%s/%s-%u", m->source, b->rsc->id, rep->offset)
                                      : g_strdup(m->source);

        if (m->per_replica) {
            g_string_append_printf(mount_points, "%s%s", mount_points->len > 0 ? "," : "", source);
        }
        if (rkt) {
            g_string_append_printf(o, " --volume vol%u,kind=host,source=%s%s%s --mount volume=vol%u,target=%s", i, source,
                                   m->options != NULL ? "," : "", m->options != NULL ? m->options : "", i, m->target);
        } else {
            g_string_append_printf(o, " -v %s:%s%s%s", source, m->target, m->options != NULL ? ":" : "",
                                   m->options != NULL ? m->options : "");
        }
        g_free(source);
    }
    for (unsigned i = 0; i < b->ports.len; i++) {
        const struct port *p = &b->ports.items[i];

        if (rkt) {
            if (rep->ipaddr != NULL) {
                g_string_append_printf(o, " --port=%s:%s:%s", p->target, rep->ipaddr, p->source);
            } else {
                g_string_append_printf(o, " --port=%s:%s", p->target, p->source);
            }
        } else if (rep->ipaddr != NULL) {
            g_string_append_printf(o, " -p %s:%s:%s", rep->ipaddr, p->source, p->target);
        } else if (!text_equal(b->network, "host")) {
            g_string_append_printf(o, " -p %s:%s", p->source, p->target);
        }
    }
    if (b->options != NULL) {
        g_string_append_printf(o, " %s", b->options);
    }
    g_string_append_printf(o, " %s", b->host_entries->str);
    return g_string_free(o, FALSE);
}

static bool
make_container(struct sched *s, struct bundle *b, struct sched_replica *rep)
{
    char *id = clean_id(g_strdup_printf("%s-%s-%u", b->rsc->id, b->agent, rep->offset));
    xmlNode *xml = new_primitive(s, id, "heartbeat", b->agent);
    xmlNode *set = xml_new(xml, "instance_attributes");
    GString *mount_points = g_string_new(NULL);
    char *options = run_options(b, rep, mount_points);

    g_free(id);
    xml_setf(set, "id", "%s-attributes-%u", b->rsc->id, rep->offset);
    xml_new_nvpair(set, "image", b->image != NULL ? b->image : "");
    xml_new_nvpair(set, "allow_pull", "true");
    xml_new_nvpair(set, "force_kill", "false");
    xml_new_nvpair(set, "reuse", "false");
    xml_new_nvpair(set, "run_opts", options);
    xml_new_nvpair(set, "mount_points", mount_points->str);
    if (b->run_command != NULL) {
        xml_new_nvpair(set, "run_cmd", b->run_command);
    } else if (b->has_child) {
        xml_new_nvpair(set, "run_cmd", "/usr/sbin/pacemaker-remoted");
    }
    xml_new_nvpair(set, "monitor_cmd", "/bin/true");
    add_monitor(xml);
    g_free(options);
    g_string_free(mount_points, TRUE);
    rep->container = add_child(s, b, xml, rep);
    return rep->container != NULL;
}

/* Nodes of bundles take only what belongs there: everybody else is banned and never probes there (spec 41 §15.1). */
static struct sched_node *
make_bundle_node(struct sched *s, struct sched_rsc *bundle, const char *name)
{
    struct sched_node *n = sched_node_by_name(s, name);

    if (n == NULL) {
        n = node_create(s, name, name, NODE_REMOTE, "-INFINITY", NULL);
    } else {
        n->base_score = -SCORE_INFINITY;
    }
    n->resource_discovery_never = true;
    n->bundle_node = true;
    bundle->row.mode[n->id] = DISCOVER_ABSENT;
    VEC_FOR_EACH (struct sched_rsc, r, s->rscs) {
        if (row_has(&r->row, n) && rsc_outermost(r) != bundle) {
            row_set(&r->row, n, -SCORE_INFINITY, DISCOVER_NEVER);
        }
    }
    return n;
}

static bool
make_remote(struct sched *s, struct bundle *b, struct sched_replica *rep)
{
    const char *name, *port = b->control_port != NULL ? b->control_port : "3121";
    xmlNode *xml;

    if (rep->child == NULL) {
        return true;
    }
    name = arena_printf(s->arena, "%s-%u", b->rsc->id, rep->offset);
    if (xml_find(s->resources_xml, NULL, "id", name) != NULL || sched_rsc_by_id(s, name) != NULL) {
        name = clean_id(arena_printf(s->arena, "pcmk-internal-%s-remote-%u", rep->child->id, rep->offset));
    }
    xml = remote_connection_xml(s, name, rep->container->id, NULL, NULL, NULL,
                                rep->ipaddr != NULL ? rep->ipaddr : "#uname", port);
    rep->node = make_bundle_node(s, b->rsc, name);
    rep->remote = add_child(s, b, xml, rep);
    if (rep->remote == NULL) {
        return false;
    }
    VEC_FOR_EACH (struct sched_node, n, s->nodes) {
        if (n->kind == NODE_REMOTE) {
            if (row_has(&rep->remote->row, n)) {
                row_set(&rep->remote->row, n, -SCORE_INFINITY, DISCOVER_ALWAYS);
            }
        } else if (!row_has(&rep->remote->row, n) && !n->bundle_node) {
            row_set(&rep->remote->row, n, 0, DISCOVER_ALWAYS);
        }
    }
    row_set(&rep->child->parent->row, rep->node, -SCORE_INFINITY, DISCOVER_NEVER);
    memset(rep->child->row.mode, DISCOVER_ABSENT, rep->child->row.cap);
    row_set(&rep->child->row, rep->node, 500, DISCOVER_EXCLUSIVE);
    rep->child->flags |= RSC_EXCLUSIVE_DISCOVERY;
    return true;
}

/* Fillers know their container, and the node its connection, as soon as the replica is complete. */
static void
link_replica(struct sched *s, struct sched_replica *rep)
{
    if (rep->remote != NULL) {
        rep->remote->container = rep->container;
        rep->remote->is_remote_node = true;
        rep->remote->remote_node = rep->node;
        rep->node->remote_rsc = rep->remote;
        rep->container->flags |= RSC_HAS_CONTAINED_REMOTE;
        arena_vec_push(s->arena, &rep->container->fillers, rep->remote);
        nvtable_set(&rep->node->attrs, "#kind", "container");
    }
    if (rep->child != NULL && rep->ipaddr != NULL) {
        nvtable_add(&rep->child->meta, "external-ip", rep->ipaddr); /* what is configured comes first */
    }
    if (rep->child != NULL) {
        /* The container carries the weight of what runs in it. */
        rep->container->utilization = rep->child->utilization;
        nvtable_init(&rep->child->utilization, s->arena);
    }
}

static xmlNode *
clone_xml(struct sched *s, struct bundle *b, const xmlNode *primitive)
{
    xmlNode *xml = xml_new(s->scratch, "clone"), *set;

    xml_setf(xml, "id", "%s-%s", b->rsc->id, b->promoted_max > 0 ? "master" : "clone");
    set = xml_new(xml, "meta_attributes");
    xml_setf(set, "id", "%s-meta", xml_id(xml));
    xml_new_nvpair(set, "ordered", "true");
    xml_new_nvpair(set, "clone-max", arena_printf(s->arena, "%d", b->replicas));
    xml_new_nvpair(set, "clone-node-max", arena_printf(s->arena, "%d", b->per_host));
    xml_new_nvpair(set, "globally-unique", b->per_host > 1 ? "true" : "false");
    if (b->promoted_max > 0) {
        xml_new_nvpair(set, "promotable", "true");
        xml_new_nvpair(set, "promoted-max", arena_printf(s->arena, "%d", b->promoted_max));
    }
    xml_copy(xml, primitive);
    return xml;
}

static struct sched_replica *
plan_replica(struct sched *s, struct bundle *b, unsigned offset, const char **ip)
{
    struct sched_replica *rep = arena_new_struct(s->arena, struct sched_replica);

    rep->offset = offset;
    rep->bundle = b->rsc;
    if (b->rsc->bundle_child != NULL) {
        rep->child = b->rsc->bundle_child->children.items[offset];
        rep->child->replica = rep;
    }
    rep->ipaddr = *ip;
    if (*ip != NULL) {
        if (b->add_host && strcmp(b->agent, "rkt") != 0) {
            g_string_append_printf(b->host_entries, " --add-host=%s-%u:%s", b->rsc->id, offset, *ip);
        } else {
            g_string_append_printf(b->host_entries, " --hosts-entry=%s=%s-%u", *ip, b->rsc->id, offset);
        }
        *ip = next_ip(s, *ip);
    }
    arena_vec_push(s->arena, &b->rsc->replicas, rep);
    return rep;
}

static bool
make_replicas(struct sched *s, struct bundle *b)
{
    const struct sched_rsc *inner = b->rsc->bundle_child;
    /* What runs inside may be of a class that lets the clone have fewer instances than were asked for. */
    unsigned n = inner != NULL ? MIN(inner->children.len, (unsigned)b->replicas) : (unsigned)b->replicas;
    const char *ip = b->ip_start;

    for (unsigned i = 0; i < n; i++) {
        plan_replica(s, b, i, &ip);
    }
    for (unsigned i = 0; i < n; i++) {
        struct sched_replica *rep = b->rsc->replicas.items[i];

        if (!make_container(s, b, rep) || !make_ip(s, b, rep) || !make_remote(s, b, rep)) {
            CONFIG_ERROR_P(s, "Failed unpacking resource %s", b->rsc->id);
            return false;
        }
        link_replica(s, rep);
    }
    return true;
}

bool
bundle_unpack(struct sched *s, struct sched_rsc *r)
{
    struct bundle b = { .rsc = r };
    const xmlNode *primitive = xml_first(r->xml, "primitive");
    bool ok;

    if (!read_container(s, &b)) {
        return false;
    }
    read_network(s, &b);
    read_storage(s, &b);
    b.has_child = primitive != NULL;
    b.prefix_env = strcmp(b.agent, "rkt") == 0 ? "--environment=" : "-e ";
    if (primitive != NULL && b.ip_start == NULL && b.control_port == NULL) {
        CONFIG_ERROR_P(s, "Cannot control %s inside %s without either ip-range-start or control-port", r->id,
                       xml_id(primitive));
        return false;
    }
    if (primitive != NULL && b.ip_start == NULL && b.per_host > 1) {
        CONFIG_ERROR_P(s, "Specifying the 'control-port' for %s requires 'replicas-per-host=1'", r->id);
        b.per_host = 1;
    }
    r->bundle_agent = b.agent;
    r->bundle_image = b.image;
    r->replicas_per_host = b.per_host;
    r->clone_max = b.replicas;
    r->clone_node_max = b.per_host;
    r->promoted_max = b.promoted_max;
    r->flags = b.per_host > 1 ? r->flags | RSC_UNIQUE : r->flags & ~RSC_UNIQUE;
    if (text_is_true(rsc_meta(r, "interleave"))) {
        r->flags |= RSC_INTERLEAVE;
    }
    if (b.promoted_max > 0) {
        r->flags |= RSC_PROMOTABLE;
    }
    if (primitive != NULL) {
        r->bundle_child = rsc_unpack(s, clone_xml(s, &b, primitive), r, -1);
        if (r->bundle_child == NULL) {
            return false;
        }
        add_internal_mounts(s, &b);
    }
    b.host_entries = g_string_new(NULL);
    ok = make_replicas(s, &b);
    g_string_free(b.host_entries, TRUE);
    if (ok && r->bundle_child != NULL) {
        /* The inner clone has no configuration of its own: whether it notifies is said at what it contains. */
        VEC_FOR_EACH(struct sched_rsc, instance, r->bundle_child->children) {
            r->bundle_child->flags |= instance->flags & RSC_NOTIFY;
            share_attribute_target(r->bundle_child, instance);
        }
        arena_vec_push(s->arena, &r->children, r->bundle_child);
    }
    r->next_role = rsc_target_role(s, r);
    return ok;
}
