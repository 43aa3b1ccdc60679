/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pretended events: quorum, watchdog, nodes, tickets, operation results.  See simulate.h.  (spec 42 §13.3)
 */
#include "lib/sched/simulate/simulate.h"
#include "lib/base/text.h"
#include <string.h>

bool
sim_injections_any(const struct sim_injections *i)
{
    return i->quorum != NULL || i->watchdog != NULL || i->node_up != NULL || i->node_down != NULL
           || i->node_fail != NULL || i->ticket_grant != NULL || i->ticket_revoke != NULL || i->ticket_standby != NULL
           || i->ticket_activate != NULL || i->ops != NULL;
}

static void
tell_error(struct sim *sim, char *message)
{
    struct sim_event e = {.kind = SIM_ERROR, .value = message};

    sim->tell(sim->data, &e);
    g_free(message);
}

static void
inject_nodes(struct sim *sim, char **nodes, char state, const char *word)
{
    for (unsigned i = 0; nodes != NULL && nodes[i] != NULL; i++) {
        struct sim_event e = {.kind = SIM_NODE, .task = word, .node = nodes[i]};
        xmlNode *xml;

        sim->tell(sim->data, &e);
        xml = sim_node_state(sim, nodes[i]);
        if (xml != NULL) {
            sim_set_node_state(sim, xml, state, "crm_simulate");
        } else {
            tell_error(sim, g_strdup_printf("Node %s is not known, so nothing was changed (-u NODE adds nodes)",
                                            nodes[i]));
        }
    }
}

static void
inject_tickets(struct sim *sim, char **tickets, const char *word, const char *attr, const char *value)
{
    for (unsigned i = 0; tickets != NULL && tickets[i] != NULL; i++) {
        struct sim_event e = {.kind = SIM_TICKET, .task = word, .value = tickets[i]};

        sim->tell(sim->data, &e);
        sim_set_ticket(sim, tickets[i], attr, value);
    }
}

/* The element of a primitive with this id, anywhere below `resources`; instance numbers are ignored. */
static const xmlNode *
find_primitive(const xmlNode *parent, const char *id, size_t len)
{
    for (const xmlNode *child = xml_first(parent, NULL); child != NULL; child = xml_next(child, NULL)) {
        const char *its = xml_id(child);
        const xmlNode *below;

        if (its != NULL && xml_is(child, "primitive") && strncmp(its, id, len) == 0 && its[len] == '\0') {
            return child;
        }
        below = find_primitive(child, id, len);
        if (below != NULL) {
            return below;
        }
    }
    return NULL;
}

static const xmlNode *
primitive_of(struct sim *sim, const char *rsc)
{
    const xmlNode *resources = xml_first(xml_first(sim->cib, "configuration"), "resources");
    const xmlNode *found = resources ? find_primitive(resources, rsc, strlen(rsc)) : NULL;
    const char *colon = strrchr(rsc, ':');

    if (found == NULL && resources != NULL && colon != NULL) {
        found = find_primitive(resources, rsc, (size_t) (colon - rsc));
    }
    return found;
}

/* "RSC_TASK_INTERVAL@NODE=RC"; *fields tells how many of key, node and code could be read. */
static bool
split_spec(const char *spec, char **key, char **node, int *rc, int *fields)
{
    const char *at = strchr(spec, '@'), *equal = at ? strchr(at, '=') : NULL;
    long long value;

    *fields = 1;
    if (at == NULL || at == spec) {
        return false;
    }
    *fields = at[1] != '\0' && at + 1 != equal ? 2 : 1;
    if (equal == NULL || equal == at + 1 || !text_parse_int(equal + 1, &value)) {
        return false;
    }
    *fields = 3;
    *key = g_strndup(spec, (gsize) (at - spec));
    *node = g_strndup(at + 1, (gsize) (equal - at - 1));
    *rc = (int) value;
    return true;
}

static void
inject_op(struct sim *sim, const char *spec)
{
    g_autofree char *key = NULL, *node = NULL, *rsc = NULL, *task = NULL;
    struct sim_event e = {.kind = SIM_INJECT, .value = spec};
    struct sim_op op = {.exit_reason = "Simulated action result"};
    const xmlNode *primitive;
    xmlNode *state;
    int fields;

    sim->tell(sim->data, &e);
    if (!split_spec(spec, &key, &node, &op.rc, &fields)) {
        tell_error(sim, g_strdup_printf("Invalid operation spec: %s.  Only found %d fields", spec, fields));
        return;
    }
    if (!op_key_parse(key, &rsc, &task, &op.interval_ms)) {
        tell_error(sim, g_strdup_printf("Invalid operation spec: %s.  Only found %d fields", spec, 1));
        return;
    }
    primitive = primitive_of(sim, rsc);
    if (primitive == NULL) {
        tell_error(sim, g_strdup_printf("Invalid resource name: %s", rsc));
        return;
    }
    state = sim_node_state(sim, node);
    if (state == NULL) {
        tell_error(sim, g_strdup_printf("Node %s is not known, so nothing was changed (-u NODE adds nodes)", node));
        return;
    }
    op.rsc = rsc;
    op.task = task;
    op.node = node;
    sim_add_failure(sim, state, rsc, task, op.interval_ms, op.rc);
    sim_record_op(sim, sim_lrm_resource(state, rsc, rsc, primitive), &op);
}

void
sim_inject(struct sim *sim, const struct sim_injections *i)
{
    if (i->quorum != NULL) {
        struct sim_event e = {.kind = SIM_QUORUM, .value = i->quorum};

        sim->tell(sim->data, &e);
        xml_set(sim->cib, "have-quorum", i->quorum);
    }
    if (i->watchdog != NULL) {
        struct sim_event e = {.kind = SIM_WATCHDOG, .value = i->watchdog};

        sim->tell(sim->data, &e);
        sim_set_property(sim, "have-watchdog", i->watchdog);
    }
    sim->create_nodes = sim->create_nodes || i->node_up != NULL;
    inject_nodes(sim, i->node_up, 'u', "Online");
    inject_nodes(sim, i->node_down, 'd', "Offline");
    inject_nodes(sim, i->node_fail, 'f', "Failing");
    inject_tickets(sim, i->ticket_grant, "Granting", "granted", "true");
    inject_tickets(sim, i->ticket_revoke, "Revoking", "granted", "false");
    inject_tickets(sim, i->ticket_standby, "Standby", "standby", "true");
    inject_tickets(sim, i->ticket_activate, "Activating", "standby", "false");
    for (unsigned n = 0; i->ops != NULL && i->ops[n] != NULL; n++) {
        inject_op(sim, i->ops[n]);
    }
}
