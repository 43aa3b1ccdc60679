/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests to the controller itself, from peers and from local clients: sorting cluster messages, the endpoint
 * `crmd`, ping and node queries.  Called by event entries and by routing.
 * Never keeps a connection: clients are ids.  (spec 30 §2, §15, §16)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"
#include "lib/ipc/ipc_access.h"

/* ---- queries ---- */

static void
reply_ping(struct controld *c, const xmlNode *msg)
{
    xmlNode *data = xml_new(NULL, XML_PING_RESPONSE);

    xml_set(data, F_PING_SUBSYSTEM, xml_get(msg, F_CRM_SYS_TO));
    xml_set(data, F_PING_CRMD_STATE, fsa_state_name(c->state));
    xml_set(data, F_PING_RESULT, "ok");
    route_message(c, msg_reply_take(msg, data), false);
}

static void
reply_node_info(struct controld *c, const xmlNode *msg)
{
    xmlNode *data = xml_new(NULL, "node");
    const char *name = xml_get(msg, "uname"), *id_text = xml_get(msg, "id");
    long long id = 0;
    struct peer *p;

    if (id_text != NULL && (!text_parse_int(id_text, &id) || id <= 0 || id > UINT32_MAX)) {
        id = 0;
        name = name != NULL ? name : id_text; /* a remote node's id is its name */
    }
    if (id == 0 && name == NULL) {
        id = c->cfg.node_id;
    }
    xml_set(data, F_PING_SUBSYSTEM, SYS_CRMD);
    xml_set(data, "have-quorum", c->quorate ? "true" : "false");
    p = peers_find_any(c->peers, (uint32_t)id, name);
    if (p != NULL) {
        xml_set(data, "id", p->uuid);
        xml_set(data, "uname", p->name);
        xml_set(data, "crmd", peer_state_text(p->state));
        xml_set(data, "remote_node", p->remote ? "true" : "false");
    }
    route_message(c, msg_reply_take(msg, data), false);
}

static void
reply_list_nodes(struct controld *c, const xmlNode *msg)
{
    xmlNode *data = xml_new(NULL, "nodes");
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    for (unsigned i = 0; i < list->len; i++) {
        const struct peer *p = list->pdata[i];
        xmlNode *node = xml_new(data, "node");

        xml_set_int(node, "id", p->id);
        xml_set(node, "uname", p->name);
        xml_set(node, "in_ccm", peer_state_text(p->state));
    }
    route_message(c, msg_reply_take(msg, data), false);
}

/* ---- requests to `crmd` or, on the DC, to `dc` (spec 30 §16) ---- */

/* Hand a request on to the executor side of this node. */
static void
pass_to_lrm(struct controld *c, const xmlNode *msg)
{
    xmlNode *copy = xml_copy(NULL, msg);

    xml_set(copy, F_CRM_SYS_TO, SYS_LRMD);
    lrm_on_request(c, copy);
    xml_free(copy);
}

static void
on_remote_state(struct controld *c, const xmlNode *msg)
{
    const char *name = xml_get(msg, "id");
    struct peer *p = name != NULL ? peers_remote_get(c->peers, name) : NULL;

    if (p != NULL) {
        bool up = xml_get_bool(msg, "in_ccm", false);

        peers_set_state(c->peers, p, up ? PEER_MEMBER : PEER_LOST, 0, now_epoch(c));
        if (up && c->is_dc) {
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Pacemaker Remote node integrated");
        }
    }
}

void
request_handle(struct controld *c, const xmlNode *msg, bool from_cluster)
{
    const char *task = xml_get(msg, F_CRM_TASK);

    if (!text_equal(xml_get(msg, F_SUBTYPE), SUBTYPE_REQUEST)) {
        log_debug("Unexpected response %s from %s", xml_get(msg, F_REFERENCE), xml_get(msg, F_SRC));
        return;
    }
    if (text_is_one_of(task, CRM_TASK_VOTE, CRM_TASK_NO_VOTE, NULL)) {
        election_on_message(c, msg);
    } else if (text_equal(task, CRM_TASK_NOOP) || text_equal(task, CRM_TASK_HELLO)) {
        log_trace("%s from %s", task, xml_get(msg, F_SRC));
    } else if (text_equal(task, CRM_TASK_JOIN_ANNOUNCE)) {
        fsa_raise(c, I_NODE_JOIN, msg, "route_message");
    } else if (text_equal(task, CRM_TASK_JOIN_REQUEST)) {
        fsa_raise(c, I_JOIN_REQUEST, msg, "route_message");
    } else if (text_equal(task, CRM_TASK_JOIN_OFFER) && !c->is_dc && text_equal_nocase(xml_get(msg, F_SRC), c->cfg.node_name)) {
        log_debug("Ignoring an offer of our own: the election is lost since");
    } else if (text_equal(task, CRM_TASK_JOIN_OFFER)) {
        fsa_raise(c, I_JOIN_OFFER, msg, "route_message");
    } else if (text_is_one_of(task, CRM_TASK_JOIN_ACK_NACK, CRM_TASK_JOIN_CONFIRM, NULL)) {
        fsa_raise(c, I_JOIN_RESULT, msg, "route_message");
    } else if (text_equal(task, CRM_TASK_PING)) {
        reply_ping(c, msg);
    } else if (text_equal(task, CRM_TASK_NODE_INFO)) {
        reply_node_info(c, msg);
    } else if (text_equal(task, CRM_TASK_LIST_NODES)) {
        reply_list_nodes(c, msg);
    } else if (text_equal(task, CRM_TASK_THROTTLE)) {
        throttle_on_message(c, msg);
    } else if (text_equal(task, CRM_TASK_REQ_SHUTDOWN)) {
        shutdown_on_request(c, msg);
    } else if (text_equal(task, CRM_TASK_DO_SHUTDOWN)) {
        shutdown_on_order(c, msg);
    } else if (text_equal(task, CRM_TASK_START_SHUTDOWN)) {
        if (!c->shutdown) {
            ctl_on_terminate(c, c->now);
        }
    } else if (text_equal(task, CRM_TASK_CLEAR_FAILCOUNT)) {
        lrm_clear_failcount(c, msg);
    } else if (text_is_one_of(task, CRM_TASK_LRM_DELETE, CRM_TASK_LRM_FAIL, CRM_TASK_PROBE_AGAIN, CRM_TASK_LRM_REFRESH, NULL)) {
        pass_to_lrm(c, msg);
    } else if (text_equal(task, CRM_TASK_RM_NODE_CACHE)) {
        long long id = xml_get_int(msg, "id", 0);

        node_remove(c, id > 0 && id <= UINT32_MAX ? (uint32_t)id : 0, xml_get(msg, "uname"));
    } else if (text_equal(task, CRM_TASK_REMOTE_STATE)) {
        on_remote_state(c, msg);
    } else if (text_equal(task, CRM_TASK_MAINTENANCE_NODES)) {
        remote_on_maintenance(c, msg_payload(msg));
    } else if (c->is_dc) {
        log_err("Unexpected request (%s) sent to the DC by %s", task, xml_get(msg, F_SRC));
    } else {
        log_debug("Ignoring request %s of %s", task, xml_get(msg, F_SRC));
    }
}

/* ---- messages of peers ---- */

static void
note_announcement(struct controld *c, uint32_t id, const char *from)
{
    if (id != c->cfg.node_id) {
        if (c->state == S_NOT_DC && text_equal_nocase(from, c->dc)) {
            /* Its controller was started anew, and so quickly that nobody was told. */
            log_notice("Our DC node (%s) is looking for a DC itself", from);
            election_clear_dampening(c->election);
            fsa_raise(c, I_ELECTION, NULL, "the DC forgot its role");
        }
        node_extra(c, id)->announced = true;
        election_consider_early(c);
    }
}

void
ctl_on_peer_message(struct controld *c, struct ctl_time t, uint32_t from_id, const char *from, const xmlNode *msg)
{
    const char *to = xml_get(msg, F_CRM_SYS_TO), *sender = xml_get(msg, F_CRM_SYS_FROM);
    bool own = from_id == c->cfg.node_id;
    struct peer *p;

    event_begin(c, t);
    p = peers_get(c->peers, from_id, from);
    if (p != NULL && !(p->processes & PEER_PROC_CPG)) {
        log_warn("Receiving messages from a node we think is dead: %s", from);
        peers_set_process(c->peers, p, PEER_PROC_CPG, true, now_epoch(c));
    }
    if (text_equal(xml_get(msg, F_CRM_TASK), CRM_TASK_JOIN_ANNOUNCE)) {
        note_announcement(c, from_id, from);
    }
    if (c->is_dc && !own && text_equal_nocase(sender, SYS_DC)) {
        if (c->state != S_ELECTION) {
            log_warn("Another DC was detected: %s (%s)", from, xml_get(msg, F_CRM_TASK));
            fsa_raise(c, I_ELECTION, NULL, "another DC");
        }
    } else if (!c->is_dc && text_equal_nocase(to, SYS_DC)) {
        log_trace("Not the DC: ignoring %s of %s", xml_get(msg, F_CRM_TASK), from);
    } else {
        xmlNode *copy = xml_copy(NULL, msg);

        xml_set(copy, F_SRC, from);
        route_message(c, copy, true);
    }
    event_end(c);
}

/* ---- messages of local clients ---- */

static void
on_hello(struct controld *c, const struct ctl_client *client, const xmlNode *msg)
{
    const xmlNode *options = msg_payload(msg);
    const char *name = options != NULL ? xml_get(options, "client_name") : NULL;
    long long major = -1, minor = -1;

    if (options == NULL || name == NULL || *name == '\0' || !text_parse_int(xml_get(options, "major_version"), &major)
        || !text_parse_int(xml_get(options, "minor_version"), &minor) || major < 0 || minor < 0) {
        log_err("Disconnecting client %s: its hello is not valid", client->id);
        effect_new(c, CTL_DROP_CLIENT)->client = g_strdup(client->id);
    }
}

/*
 * What members of haclient may ask for: what the tools ask for.  The rest is among daemons.  Whoever could send it would run programs
 * as root (an action), answer in the place of a node, or stop one, whatever the ACLs say of him.
 */
static bool
may_ask(const struct ctl_client *client, const xmlNode *msg)
{
    return client->privileged
           || (text_equal(xml_get(msg, F_SUBTYPE), SUBTYPE_REQUEST)
               && !text_equal_nocase(xml_get(msg, F_CRM_SYS_TO), SYS_TENGINE)
               && text_is_one_of(xml_get(msg, F_CRM_TASK), CRM_TASK_PING, CRM_TASK_NODE_INFO, CRM_TASK_LIST_NODES, CRM_TASK_NOOP,
                                 CRM_TASK_LRM_DELETE, CRM_TASK_LRM_FAIL, CRM_TASK_LRM_REFRESH, CRM_TASK_PROBE_AGAIN,
                                 CRM_TASK_RM_NODE_CACHE, NULL));
}

void
ctl_on_client_message(struct controld *c, struct ctl_time t, const struct ctl_client *client, const xmlNode *msg)
{
    xmlNode *copy;

    event_begin(c, t);
    if (text_equal(xml_get(msg, F_CRM_TASK), CRM_TASK_HELLO)) {
        on_hello(c, client, msg);
        event_end(c);
        return;
    }
    if (!may_ask(client, msg)) {
        log_warn("User %s may not send \"%s\" to %s: this is left to root and " DAEMON_USER, client->name,
                 xml_get(msg, F_CRM_TASK), xml_get(msg, F_CRM_SYS_TO));
        event_end(c);
        return;
    }
    copy = xml_copy(NULL, msg);
    xml_set(copy, F_CRM_SYS_FROM, client->id);
    if (xml_get(copy, F_SRC) == NULL) {
        xml_set(copy, F_SRC, c->cfg.node_name);
    }
    route_message(c, copy, false);
    event_end(c);
}
