/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Remote and guest nodes that resources imply, and the connection resource of a guest node.  Runs before resources
 * are unpacked.  (spec 40 §2.2)
 */
#include "lib/sched/model/internal.h"

bool
is_remote_agent(const char *cls, const char *provider, const char *type)
{
    return text_equal_nocase(cls, "ocf") && text_equal_nocase(provider, "pacemaker")
        && text_equal_nocase(type, "remote");
}

static void
add_op(xmlNode *ops, const char *rsc, const char *name, const char *interval, const char *timeout)
{
    xmlNode *op = xml_new(ops, "op");

    xml_setf(op, "id", "%s-%s-%s", rsc, name, interval);
    xml_set(op, "name", name);
    xml_set(op, "interval", interval);
    if (timeout != NULL) {
        xml_set(op, "timeout", timeout);
    }
}

xmlNode *
remote_connection_xml(struct sched *s, const char *id, const char *container, const char *migratable,
                      const char *is_managed, const char *start_timeout, const char *server, const char *port)
{
    xmlNode *rsc = xml_new(s->scratch, "primitive");
    xmlNode *set, *ops;

    xml_set(rsc, "id", id);
    xml_set(rsc, "class", "ocf");
    xml_set(rsc, "provider", "pacemaker");
    xml_set(rsc, "type", "remote");

    set = xml_new(rsc, "meta_attributes");
    xml_setf(set, "id", "%s-meta_attributes", id);
    xml_new_nvpair(set, "internal_rsc", "true");
    if (container != NULL) {
        xml_new_nvpair(set, "container", container);
    }
    if (migratable != NULL) {
        xml_new_nvpair(set, "allow-migrate", migratable);
    }
    if (is_managed != NULL) {
        xml_new_nvpair(set, "is-managed", is_managed);
    }

    if (server != NULL || port != NULL) {
        set = xml_new(rsc, "instance_attributes");
        xml_setf(set, "id", "%s-instance_attributes", id);
        if (server != NULL) {
            xml_new_nvpair(set, "addr", server);
        }
        if (port != NULL) {
            xml_new_nvpair(set, "port", port);
        }
    }

    ops = xml_new(rsc, "operations");
    add_op(ops, id, "monitor", "30s", "30s");
    if (start_timeout != NULL) {
        add_op(ops, id, "start", "0", start_timeout);
    }
    return rsc;
}

/* The raw nvpairs of the literal meta_attributes: rules, references and templates do not count here. */
static void
unpack_guest(struct sched *s, const xmlNode *primitive)
{
    const char *node = NULL, *addr = NULL, *port = NULL, *timeout = "60s", *migratable = NULL, *managed = NULL;

    xml_for_each (set, primitive, "meta_attributes") {
        xml_for_each (pair, set, "nvpair") {
            const char *name = xml_get(pair, "name"), *value = xml_get(pair, "value");

            if (text_equal(name, "remote-node")) {
                node = value;
            } else if (text_equal(name, "remote-addr")) {
                addr = value;
            } else if (text_equal(name, "remote-port")) {
                port = value;
            } else if (text_equal(name, "remote-connect-timeout")) {
                timeout = value;
            } else if (text_equal(name, "remote-allow-migrate")) {
                migratable = value;
            } else if (text_equal(name, "is-managed")) {
                managed = value;
            }
        }
    }
    if (node == NULL || xml_find(s->resources_xml, NULL, "id", node) != NULL) {
        return;
    }
    xmlNode *connection = remote_connection_xml(s, node, xml_id(primitive), migratable, managed, timeout, addr, port);

    arena_vec_push(s->arena, &s->implicit, connection);
    if (sched_node_by_name(s, node) == NULL) {
        node_create(s, node, node, NODE_REMOTE, NULL, NULL);
    }
}

void
remote_nodes_unpack(struct sched *s)
{
    if (s->resources_xml == NULL) {
        return;
    }
    xml_for_each (xml, s->resources_xml, NULL) {
        if (xml_id(xml) == NULL) {
            continue;
        }
        if (is_remote_agent(xml_get(xml, "class"), xml_get(xml, "provider"), xml_get(xml, "type"))) {
            if (sched_node_by_name(s, xml_id(xml)) == NULL) {
                node_create(s, xml_id(xml), xml_id(xml), NODE_REMOTE, NULL, NULL);
            }
        } else if (xml_is(xml, "primitive")) {
            unpack_guest(s, xml);
        } else if (xml_is(xml, "group")) {
            xml_for_each (member, xml, "primitive") {
                unpack_guest(s, member);
            }
        }
    }
}
