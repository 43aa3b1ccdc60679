/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CIB manager's core: three of them with a network that delivers to all in the same order (spec 20 §7-§9). */
#include "lib/cib/tests/fixture.h"

#include <errno.h>
#include <stdio.h>

#include "daemons/cib/based_core.h"
#include "lib/cib/cib_proto.h"

enum { NODES = 3 };
#define NOW 1700000000

/* A message on its way to everybody, or to one. */
struct packet {
    int from;
    char *to;
    xmlNode *xml;
};

/* What a client got. */
struct received {
    int node;
    char client[16];
    enum based_effect_kind kind;
    int status;
    xmlNode *xml;
};

struct net {
    struct based *core[NODES];
    GQueue wire;
    GArray *received;
    unsigned sent; /* messages put on the wire so far */
    bool disk_works[NODES]; /* journal records become durable at once */
    uint64_t journaled[NODES];
    unsigned armed[NODES][BASED_N_TIMERS];
    bool without_clients[NODES]; /* has sent them away */
    int exit_code[NODES];        /* -1: runs */
};

static const char *const names[NODES] = { "node1", "node2", "node3" };

static void settle(struct net *n);

static void
take_effects(struct net *n, int i)
{
    struct based_effect *e;

    while ((e = based_next_effect(n->core[i])) != NULL) {
        struct received r = { .node = i, .kind = e->kind, .status = e->value };
        struct packet *p;

        switch (e->kind) {
        case BASED_SEND:
            p = g_new0(struct packet, 1);
            *p = (struct packet){ .from = i, .to = g_strdup(e->to), .xml = g_steal_pointer(&e->xml) };
            g_queue_push_tail(&n->wire, p);
            n->sent++;
            break;
        case BASED_REPLY:
        case BASED_EVENT:
        case BASED_ACK:
            g_strlcpy(r.client, e->client_id, sizeof(r.client));
            r.xml = based_effect_xml(e) != NULL ? xml_copy(NULL, based_effect_xml(e)) : NULL;
            g_array_append_val(n->received, r);
            break;
        case BASED_NOTIFY:
            for (guint k = 0; k < e->clients->len; k++) {
                g_strlcpy(r.client, g_ptr_array_index(e->clients, k), sizeof(r.client));
                r.xml = xml_copy(NULL, e->xml);
                g_array_append_val(n->received, r);
            }
            break;
        case BASED_TIMER:
            n->armed[i][e->value] = e->delay_ms;
            break;
        case BASED_JOURNAL:
            n->journaled[i] = e->sequence;
            if (n->disk_works[i]) {
                based_durable(n->core[i], e->sequence);
            }
            break;
        case BASED_EXIT:
            n->exit_code[i] = e->value;
            break;
        case BASED_WRITE:
        case BASED_QUEUE_LIMIT:
            break;
        case BASED_DISCONNECT_CLIENTS:
            n->without_clients[i] = true;
            break;
        }
        based_effect_free(e);
    }
}

/* Deliver everything, in order, to everybody whom it concerns, until nothing moves. */
static void
settle(struct net *n)
{
    struct packet *p;

    for (int i = 0; i < NODES; i++) {
        take_effects(n, i);
    }
    while ((p = g_queue_pop_head(&n->wire)) != NULL) {
        for (int i = 0; i < NODES; i++) {
            if (n->exit_code[i] < 0 && (p->to == NULL || strcmp(p->to, names[i]) == 0)) {
                /* as on the wire: each gets its own copy, parsed from text */
                g_autofree char *text = xml_to_text(p->xml, XML_TEXT_PLAIN);
                g_autoptr(xmlNode) copy = parsed(text);

                based_cluster_message(n->core[i], copy, names[p->from], NOW);
                take_effects(n, i);
            }
        }
        xml_free(p->xml);
        g_free(p->to);
        g_free(p);
    }
}

static struct net *
three_nodes(void)
{
    struct net *n = g_new0(struct net, 1);

    n->received = g_array_new(FALSE, TRUE, sizeof(struct received));
    g_queue_init(&n->wire);
    for (int i = 0; i < NODES; i++) {
        struct based_config config = { .node_name = names[i], .journal = true };

        n->core[i] = based_new(&config, parsed(BASE));
        n->disk_works[i] = true;
        n->exit_code[i] = -1;
        based_peers_changed(n->core[i], NODES);
        based_client_connected(n->core[i], "tool", BASED_RW, true);
        based_client_connected(n->core[i], "reader", BASED_RO, true);
    }
    settle(n);
    return n;
}

static void
free_net(struct net *n)
{
    for (guint i = 0; i < n->received->len; i++) {
        xml_free(g_array_index(n->received, struct received, i).xml);
    }
    g_array_free(n->received, TRUE);
    for (int i = 0; i < NODES; i++) {
        based_free(n->core[i]);
    }
    g_free(n);
}

static void
request(struct net *n, int node, const char *client, const char *text)
{
    g_autoptr(xmlNode) message = parsed(text);
    struct based_request r = { .client_id = client, .request_id = 42, .wants_response = true, .message = message };

    based_client_request(n->core[node], &r, NOW);
    settle(n);
}

/* The last thing of this kind that the client got; NULL if nothing. */
static const xmlNode *
last_of(const struct net *n, int node, const char *client, enum based_effect_kind kind)
{
    for (guint i = n->received->len; i-- > 0;) {
        const struct received *r = &g_array_index(n->received, struct received, i);

        if (r->node == node && r->kind == kind && strcmp(r->client, client) == 0) {
            return r->xml;
        }
    }
    return NULL;
}

static int
rc_of(const xmlNode *reply)
{
    assert_non_null(reply);
    return (int)xml_get_int(reply, "cib_rc", -999);
}

static void
assert_all_agree(struct net *n)
{
    g_autofree char *first = cib_digest_v2(based_document(n->core[0]));

    for (int i = 1; i < NODES; i++) {
        g_autofree char *other = cib_digest_v2(based_document(n->core[i]));

        assert_string_equal(other, first);
    }
}

#define MODIFY(id, rest)                                                                                               \
    "<cib_command t='cib' cib_op='cib_modify' cib_callid='" id "' cib_callopt='4096' cib_user='root'><cib_calldata>" rest \
    "</cib_calldata></cib_command>"
#define SYNC_OP(op, rest) "<cib_command t='cib' cib_op='" op "' cib_callid='3' cib_callopt='4096' " rest "/>"
#define DESCRIBE_A "<primitive id='A' description='d'/>"
#define SUBSCRIBE "<cib-callback cib_op='cib_notify' cib_notify_type='cib_diff_notify' cib_notify_activate='1'/>"
#define SUBSCRIBE_REFRESH "<cib-callback cib_op='cib_notify' cib_notify_type='cib_refresh_notify' cib_notify_activate='1'/>"

/* --- requests --- */

/* A daemon hands on what somebody else asks for, who must not pose as a member. */
static void
what_members_tell_each_other_is_not_taken_from_others_through_a_daemon(void **state)
{
    struct net *n = three_nodes();

    /* As if it were an answer for another member: nobody would carry it out. */
    request(n, 0, "tool", "<cib_command t='cib' cib_op='cib_modify' cib_callid='2' cib_callopt='4096' cib_user='joe' cib_isreplyto='node2'"
                          " cib_rc='0'><cib_calldata>" DESCRIBE_A "</cib_calldata></cib_command>");
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), 0);
    assert_all_agree(n);
    assert_int_equal(based_version(n->core[1]).epoch, based_version(n->core[0]).epoch);
    free_net(n);
}

static void
an_update_is_executed_everywhere_and_answered_where_it_was_made(void **state)
{
    struct net *n = three_nodes();

    request(n, 1, "tool", MODIFY("2", DESCRIBE_A));
    assert_all_agree(n);
    assert_int_equal(based_version(n->core[0]).epoch, 6);
    assert_int_equal(rc_of(last_of(n, 1, "tool", BASED_REPLY)), 0);
    assert_null(last_of(n, 0, "tool", BASED_REPLY));
    assert_string_equal(xml_get(based_document(n->core[2]), "update-origin"), "node2");
    free_net(n);
}

static void
a_query_is_answered_at_once_without_the_network(void **state)
{
    struct net *n = three_nodes();
    const xmlNode *reply;

    request(n, 0, "reader", SYNC_OP("cib_query", "cib_section='nodes'"));
    reply = last_of(n, 0, "reader", BASED_REPLY);
    assert_int_equal(rc_of(reply), 0);
    assert_string_equal(xml_name(xml_first(xml_first(reply, "cib_calldata"), NULL)), "nodes");
    assert_int_equal(n->sent, 0);
    free_net(n);
}

static void
an_asynchronous_request_is_answered_by_an_event(void **state)
{
    struct net *n = three_nodes();

    request(n, 0, "tool", "<cib_command t='cib' cib_op='cib_query' cib_callid='5' cib_callopt='32'/>");
    assert_null(last_of(n, 0, "tool", BASED_REPLY));
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_EVENT)), 0);
    free_net(n);
}

static void
the_answer_waits_until_the_change_is_on_disk(void **state)
{
    struct net *n = three_nodes();

    n->disk_works[0] = false;
    request(n, 0, "tool", MODIFY("2", DESCRIBE_A));
    assert_int_equal(n->journaled[0], 1);
    assert_null(last_of(n, 0, "tool", BASED_REPLY));
    based_durable(n->core[0], 1);
    settle(n);
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), 0);
    free_net(n);
}

static void
a_status_update_is_not_journaled_nor_held(void **state)
{
    struct net *n = three_nodes();

    n->disk_works[0] = false;
    request(n, 0, "tool",
            "<cib_command t='cib' cib_op='cib_modify' cib_section='status' cib_callid='2' cib_callopt='4096'><cib_calldata><status>"
            "<node_state id='1'/></status></cib_calldata></cib_command>");
    assert_int_equal(n->journaled[0], 0);
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), 0);
    assert_all_agree(n);
    free_net(n);
}

static void
the_read_only_endpoint_refuses_changes_before_they_are_sent(void **state)
{
    struct net *n = three_nodes();

    request(n, 0, "reader", MODIFY("2", DESCRIBE_A));
    assert_int_equal(rc_of(last_of(n, 0, "reader", BASED_REPLY)), -EACCES);
    request(n, 0, "reader", SYNC_OP("cib_sync", ""));
    assert_int_equal(rc_of(last_of(n, 0, "reader", BASED_REPLY)), -EACCES);
    assert_int_equal(n->sent, 0);
    free_net(n);
}

static void
an_unknown_operation_gets_no_answer(void **state)
{
    struct net *n = three_nodes();

    request(n, 0, "tool", SYNC_OP("cib_nonsense", ""));
    assert_int_equal(n->received->len, 0);
    free_net(n);
}

static void
bytes_that_are_no_xml_are_refused(void **state)
{
    struct net *n = three_nodes();
    struct based_request r = { .client_id = "tool", .wants_response = true, .message = NULL };

    based_client_request(n->core[0], &r, NOW);
    settle(n);
    assert_int_equal(g_array_index(n->received, struct received, 0).status, CRM_EX_PROTOCOL);
    free_net(n);
}

static void
a_query_for_another_node_is_answered_from_there(void **state)
{
    struct net *n = three_nodes();
    const xmlNode *reply;

    request(n, 0, "tool", "<cib_command t='cib' cib_op='cib_query' cib_host='node3' cib_section='nodes' cib_callid='4' cib_callopt='4096'/>");
    reply = last_of(n, 0, "tool", BASED_REPLY);
    assert_int_equal(rc_of(reply), 0);
    assert_string_equal(xml_get(reply, "src"), "node3");
    assert_string_equal(xml_name(xml_first(xml_first(reply, "cib_calldata"), NULL)), "nodes");
    free_net(n);
}

static void
registration_tells_the_client_its_id(void **state)
{
    struct net *n = three_nodes();
    const xmlNode *reply;

    request(n, 0, "tool", "<cib_command t='cib' cib_op='register' cib_clientname='x' cib_callopt='4096'/>");
    reply = last_of(n, 0, "tool", BASED_REPLY);
    assert_string_equal(xml_get(reply, "cib_op"), "register");
    assert_string_equal(xml_get(reply, "cib_clientid"), "tool");
    free_net(n);
}

/* --- notifications --- */

/* A daemon that names what concerns it is told of nothing else, until it takes that back. */
static void
who_names_what_concerns_him_is_told_of_nothing_else(void **state)
{
    struct net *n = three_nodes();

    request(n, 0, "reader", "<cib-callback cib_op='cib_notify' cib_notify_type='cib_diff_notify' cib_notify_activate='1'"
                            " cib_notify_paths='/cib/configuration/nodes'/>");
    request(n, 1, "tool", MODIFY("2", DESCRIBE_A));
    assert_null(last_of(n, 0, "reader", BASED_NOTIFY));
    request(n, 1, "tool", MODIFY("3", "<node id='1' description='x'/>"));
    assert_non_null(last_of(n, 0, "reader", BASED_NOTIFY));
    request(n, 0, "tool", "<cib-callback cib_op='cib_notify' cib_notify_type='cib_diff_notify' cib_notify_activate='1'"
                           " cib_notify_paths='/cib/configuration/nodes'/>");
    request(n, 0, "tool", SUBSCRIBE);
    request(n, 1, "tool", MODIFY("4", "<primitive id='A' description='e'/>"));
    assert_non_null(last_of(n, 0, "tool", BASED_NOTIFY));
    free_net(n);
}

static void
subscribers_learn_the_patch_before_the_requester_gets_its_answer(void **state)
{
    struct net *n = three_nodes();
    const xmlNode *notification;
    xmlNode *copy = parsed(BASE);
    g_autofree char *want = NULL, *got = NULL;

    request(n, 0, "tool", SUBSCRIBE);
    request(n, 2, "reader", SUBSCRIBE);
    assert_int_equal(g_array_index(n->received, struct received, 0).status, 0);
    request(n, 0, "tool", MODIFY("2", DESCRIBE_A));
    notification = last_of(n, 2, "reader", BASED_NOTIFY);
    assert_non_null(notification);
    assert_string_equal(xml_get(notification, "cib_op"), "cib_modify");
    assert_string_equal(xml_get(notification, "cib_object_type"), "primitive");
    assert_int_equal(cib_notification_apply(&copy, notification), RC_OK);
    want = cib_digest_v2(based_document(n->core[2]));
    got = cib_digest_v2(copy);
    assert_string_equal(got, want);
    /* order at the requester's node */
    assert_int_equal(g_array_index(n->received, struct received, 2).kind, BASED_NOTIFY);
    xml_free(copy);
    free_net(n);
}

/* ACLs in force; joe may read primitive A and change its description. */
static struct net *
three_nodes_with_acls(void)
{
    struct net *n = three_nodes();

    based_client_connected(n->core[1], "joes", BASED_RW, false);
    request(n, 0, "tool",
            MODIFY("2", "<configuration><crm_config><cluster_property_set id='o'><nvpair id='o1' name='enable-acl' value='true'/>"
                        "</cluster_property_set></crm_config><acls><acl_target id='joe'><role id='r'/></acl_target><acl_role id='r'>"
                        "<acl_permission id='p' kind='write' reference='A'/></acl_role></acls></configuration>"));
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), 0);
    return n;
}

#define AS_JOE(op, more, rest)                                                                                         \
    "<cib_command t='cib' cib_op='" op "' cib_callid='9' cib_callopt='4096' cib_user='joe' " more ">" rest "</cib_command>"

static void
acls_bind_a_user_on_every_node(void **state)
{
    struct net *n = three_nodes_with_acls();
    const xmlNode *data;

    request(n, 1, "joes", AS_JOE("cib_modify", "", "<cib_calldata><rsc_location id='l1' score='1'/></cib_calldata>"));
    assert_int_equal(rc_of(last_of(n, 1, "joes", BASED_REPLY)), -EACCES);
    assert_all_agree(n);
    request(n, 1, "joes", AS_JOE("cib_modify", "", "<cib_calldata>" DESCRIBE_A "</cib_calldata>"));
    assert_int_equal(rc_of(last_of(n, 1, "joes", BASED_REPLY)), 0);
    assert_all_agree(n);
    request(n, 1, "joes", AS_JOE("cib_query", "", ""));
    assert_int_equal(rc_of(last_of(n, 1, "joes", BASED_REPLY)), 0);
    data = xml_first(xml_first(last_of(n, 1, "joes", BASED_REPLY), "cib_calldata"), "cib");
    assert_null(xml_get(data, "epoch"));
    assert_null(xml_first(xml_first(data, "configuration"), "constraints"));
    assert_string_equal(xml_get(xml_first(xml_first(xml_first(data, "configuration"), "resources"), "primitive"), "description"), "d");
    free_net(n);
}

static void
no_acl_lets_a_user_speak_for_a_member(void **state)
{
    struct net *n = three_nodes_with_acls();

    request(n, 1, "joes", AS_JOE("cib_master", "", ""));
    assert_int_equal(rc_of(last_of(n, 1, "joes", BASED_REPLY)), -EACCES);
    assert_false(based_is_primary(n->core[1]));
    request(n, 1, "joes", AS_JOE("cib_sync", "", ""));
    assert_int_equal(rc_of(last_of(n, 1, "joes", BASED_REPLY)), -EACCES);
    request(n, 1, "joes",
            AS_JOE("cib_modify", "cib_update='true' cib_isreplyto='node3' src='node1'", "<cib_calldata>" DESCRIBE_A "</cib_calldata>"));
    assert_int_equal(rc_of(last_of(n, 1, "joes", BASED_REPLY)), 0);
    assert_all_agree(n);
    free_net(n);
}

static void
whoever_acls_bind_learns_only_that_something_changed(void **state)
{
    struct net *n = three_nodes_with_acls();
    const xmlNode *notification;
    g_autofree char *text = NULL;
    xmlNode *copy = xml_copy(NULL, based_document(n->core[1]));

    request(n, 1, "joes", "<cib-callback cib_op='cib_notify' cib_notify_type='cib_diff_notify' cib_notify_activate='1' cib_user='joe'/>");
    request(n, 0, "tool", MODIFY("2", "<rsc_location id='l1' score='777'/>"));
    notification = last_of(n, 1, "joes", BASED_NOTIFY);
    assert_non_null(notification);
    text = xml_to_text(notification, XML_TEXT_PLAIN);
    assert_null(strstr(text, "777"));
    assert_null(strstr(text, "l1"));
    assert_int_equal(cib_notification_apply(&copy, notification), RC_DIFF_RESYNC); /* so a new copy is asked for */
    xml_free(copy);
    free_net(n);
}

static void
an_unknown_notification_type_is_refused(void **state)
{
    struct net *n = three_nodes();

    request(n, 0, "tool", "<cib-callback cib_op='cib_notify' cib_notify_type='nonsense' cib_notify_activate='1'/>");
    assert_int_equal(g_array_index(n->received, struct received, 0).status, CRM_EX_INVALID_PARAM);
    free_net(n);
}

static void
a_failed_operation_is_notified_with_its_code_and_changes_no_copy(void **state)
{
    struct net *n = three_nodes();
    xmlNode *copy = parsed(BASE);
    const xmlNode *notification;

    request(n, 0, "tool", SUBSCRIBE);
    request(n, 0, "tool", MODIFY("2", "<cib epoch='4'/>"));
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), -205);
    notification = last_of(n, 0, "tool", BASED_NOTIFY);
    assert_int_equal(rc_of(notification), -205);
    assert_int_equal(cib_notification_apply(&copy, notification), RC_OK);
    assert_int_equal(cib_version_of(copy).epoch, 5);
    assert_int_equal(based_version(n->core[0]).epoch, 5);
    xml_free(copy);
    free_net(n);
}

/* --- keeping the members the same --- */

static void
make_primary(struct net *n, int node)
{
    based_client_connected(n->core[node], "crmd", BASED_SHM, true);
    request(n, node, "crmd", SYNC_OP("cib_master", ""));
    assert_true(based_is_primary(n->core[node]));
}

static void
a_member_that_differs_is_found_by_the_digest_ping_and_gets_the_document(void **state)
{
    struct net *n = three_nodes();

    make_primary(n, 0);
    /* the protocol's way to make members differ: an update for one of them alone */
    request(n, 1, "tool", "<cib_command t='cib' cib_op='cib_modify' cib_host='node2' cib_section='status' cib_callid='2' cib_callopt='0'>"
                          "<cib_calldata><status><x id='1'/></status></cib_calldata></cib_command>");
    request(n, 0, "tool", MODIFY("3", DESCRIBE_A));
    assert_int_equal(n->armed[0][BASED_TIMER_DIGEST], 5000);
    based_timer_expired(n->core[0], BASED_TIMER_DIGEST, NOW + 5);
    settle(n);
    assert_all_agree(n);
    free_net(n);
}

static void
a_member_with_a_newer_configuration_gives_it_to_the_primary(void **state)
{
    struct net *n = three_nodes();
    g_autofree char *text = NULL;

    make_primary(n, 0);
    /* a change that only one member has, as when another's document overtook it */
    request(n, 1, "tool", "<cib_command t='cib' cib_op='cib_modify' cib_host='node2' cib_section='constraints' cib_callid='2' cib_callopt='0'>"
                          "<cib_calldata><rsc_location id='l1' score='7'/></cib_calldata></cib_command>");
    assert_int_equal(based_version(n->core[1]).epoch, based_version(n->core[0]).epoch + 1);
    request(n, 0, "tool", MODIFY("3", DESCRIBE_A));
    based_timer_expired(n->core[0], BASED_TIMER_DIGEST, NOW + 5);
    settle(n);
    assert_all_agree(n);
    text = xml_to_text(based_document(n->core[0]), XML_TEXT_PLAIN);
    assert_non_null(strstr(text, "rsc_location id=\"l1\""));
    free_net(n);
}

static void
equal_members_are_left_alone_by_the_ping(void **state)
{
    struct net *n = three_nodes();
    unsigned before;

    make_primary(n, 0);
    request(n, 0, "tool", MODIFY("3", DESCRIBE_A));
    before = n->sent;
    based_timer_expired(n->core[0], BASED_TIMER_DIGEST, NOW + 5);
    settle(n);
    assert_int_equal(n->sent - before, 1 + NODES); /* the ping and its answers */
    free_net(n);
}

static void
only_the_primary_pings(void **state)
{
    struct net *n = three_nodes();

    based_timer_expired(n->core[1], BASED_TIMER_DIGEST, NOW);
    settle(n);
    assert_int_equal(n->sent, 0);
    free_net(n);
}

static void
everybody_adopts_the_document_that_a_sync_sends(void **state)
{
    struct net *n = three_nodes();

    /* node3 is ahead of the others */
    request(n, 2, "tool", "<cib_command t='cib' cib_op='cib_modify' cib_host='node3' cib_section='constraints' cib_callid='2' cib_callopt='0'>"
                          "<cib_calldata><rsc_location id='l1' score='7'/></cib_calldata></cib_command>");
    assert_int_equal(based_version(n->core[2]).epoch, 6);
    assert_int_equal(based_version(n->core[0]).epoch, 5);
    request(n, 0, "tool", SUBSCRIBE_REFRESH);
    request(n, 0, "tool", "<cib_command t='cib' cib_op='cib_sync' cib_host='node3' cib_callid='9' cib_callopt='0'/>");
    assert_all_agree(n);
    assert_int_equal(based_version(n->core[0]).epoch, 6);
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_EVENT)), 0);
    assert_string_equal(xml_get(last_of(n, 0, "tool", BASED_EVENT), "cib_callid"), "9");
    free_net(n);
}

static void
an_older_document_is_not_adopted(void **state)
{
    struct net *n = three_nodes();

    request(n, 2, "tool", "<cib_command t='cib' cib_op='cib_modify' cib_host='node3' cib_section='constraints' cib_callid='2' cib_callopt='0'>"
                          "<cib_calldata><rsc_location id='l1' score='7'/></cib_calldata></cib_command>");
    request(n, 0, "tool", SYNC_OP("cib_sync", ""));
    assert_int_equal(based_version(n->core[2]).epoch, 6);
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), 0);
    free_net(n);
}

static void
an_upgrade_with_nothing_to_do_is_answered_to_the_requester_alone(void **state)
{
    struct net *n = three_nodes();

    make_primary(n, 0);
    request(n, 1, "tool", SYNC_OP("cib_upgrade", ""));
    assert_int_equal(rc_of(last_of(n, 1, "tool", BASED_REPLY)), -211);
    assert_null(last_of(n, 2, "tool", BASED_REPLY));
    assert_all_agree(n);
    free_net(n);
}

static void
a_diff_that_starts_ahead_of_us_makes_us_ask_for_the_document(void **state)
{
    struct net *n = three_nodes();
    unsigned before = n->sent;

    make_primary(n, 1);
    request(n, 0, "tool", "<cib_command t='cib' cib_op='cib_apply_diff' cib_callid='2' cib_callopt='4096'><cib_calldata><diff format='2'><version>"
                          "<source admin_epoch='0' epoch='9' num_updates='0'/><target admin_epoch='0' epoch='10' num_updates='0'/>"
                          "</version></diff></cib_calldata></cib_command>");
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), -207);
    assert_true(n->sent > before + 1);
    assert_all_agree(n);
    free_net(n);
}

/* --- leaving --- */

static void
a_leaving_node_waits_for_one_answer(void **state)
{
    struct net *n = three_nodes();

    based_shutdown(n->core[0]);
    settle(n);
    assert_int_equal(n->exit_code[0], -1); /* clients are still there */
    based_client_closed(n->core[0], "tool");
    based_client_closed(n->core[0], "reader");
    settle(n);
    assert_int_equal(n->exit_code[0], 0);
    assert_int_equal(n->exit_code[1], -1);
    free_net(n);
}

static void
a_leaving_node_gives_the_answers_first_that_wait_for_the_disk(void **state)
{
    struct net *n = three_nodes();

    n->disk_works[0] = false;
    request(n, 0, "tool", MODIFY("2", DESCRIBE_A));
    based_shutdown(n->core[0]);
    settle(n);
    assert_false(n->without_clients[0]);
    based_durable(n->core[0], 1);
    settle(n);
    assert_int_equal(rc_of(last_of(n, 0, "tool", BASED_REPLY)), 0);
    assert_true(n->without_clients[0]);
    free_net(n);
}

static void
a_leaving_node_does_not_wait_for_a_dead_disk_without_end(void **state)
{
    struct net *n = three_nodes();

    n->disk_works[0] = false;
    request(n, 0, "tool", MODIFY("2", DESCRIBE_A));
    based_shutdown(n->core[0]);
    settle(n);
    assert_int_not_equal(n->armed[0][BASED_TIMER_SHUTDOWN], 0);
    based_timer_expired(n->core[0], BASED_TIMER_SHUTDOWN, NOW + 10);
    settle(n);
    assert_true(n->without_clients[0]);
    based_client_closed(n->core[0], "tool");
    based_client_closed(n->core[0], "reader");
    settle(n);
    assert_int_equal(n->exit_code[0], 0);
    free_net(n);
}

static void
the_last_node_just_leaves(void **state)
{
    struct net *n = three_nodes();

    based_peers_changed(n->core[0], 1);
    based_client_closed(n->core[0], "tool");
    based_client_closed(n->core[0], "reader");
    based_shutdown(n->core[0]);
    take_effects(n, 0);
    assert_int_equal(n->exit_code[0], 0);
    assert_true(g_queue_is_empty(&n->wire));
    free_net(n);
}

static void
without_an_answer_a_node_leaves_with_an_error(void **state)
{
    struct net *n = three_nodes();

    based_client_closed(n->core[0], "tool");
    based_client_closed(n->core[0], "reader");
    based_shutdown(n->core[0]);
    based_timer_expired(n->core[0], BASED_TIMER_SHUTDOWN, NOW + 10);
    take_effects(n, 0);
    assert_int_equal(n->exit_code[0], CRM_EX_ERROR);
    settle(n);
    free_net(n);
}

/* --- alone --- */

static void
in_stand_alone_mode_changes_are_executed_at_once(void **state)
{
    struct based_config config = { .node_name = "localhost", .stand_alone = true };
    struct based *b = based_new(&config, parsed(BASE));
    g_autoptr(xmlNode) message = parsed(MODIFY("2", DESCRIBE_A));
    struct based_request r = { .client_id = "tool", .wants_response = true, .message = message };
    struct based_effect *e;
    bool answered = false;

    based_client_connected(b, "tool", BASED_RW, true);
    based_client_request(b, &r, NOW);
    while ((e = based_next_effect(b)) != NULL) {
        answered |= e->kind == BASED_REPLY && rc_of(e->xml) == 0;
        assert_int_not_equal(e->kind, BASED_SEND);
        based_effect_free(e);
    }
    assert_true(answered);
    assert_int_equal(based_version(b).epoch, 6);
    based_free(b);
}

static void
random_requests_from_all_sides_leave_all_members_the_same(void **state)
{
    struct net *n = three_nodes();
    uint32_t seed = 20231122;

    for (int i = 0; i < 300; i++) {
        struct random_change c = random_change(&seed);
        g_autofree char *text = NULL;
        g_autoptr(xmlNode) message = xml_new(NULL, "cib_command");
        int node = (int)(next_random(&seed) % NODES);

        xml_set(message, "t", "cib");
        xml_set(message, "cib_op", c.op);
        xml_set_int(message, "cib_callid", i + 2);
        xml_set_int(message, "cib_callopt", c.options | CIB_OPT_SYNC);
        if (c.section != NULL) {
            xml_set(message, "cib_section", c.section);
        }
        if (c.has_input) {
            g_autoptr(xmlNode) input = parsed(c.input);

            xml_copy(xml_new(message, "cib_calldata"), input);
        }
        text = xml_to_text(message, XML_TEXT_PLAIN);
        request(n, node, "tool", text);
        assert_int_equal(xml_get_int(last_of(n, node, "tool", BASED_REPLY), "cib_callid", 0), i + 2);
        assert_all_agree(n);
    }
    free_net(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_members_tell_each_other_is_not_taken_from_others_through_a_daemon),
        cmocka_unit_test(an_update_is_executed_everywhere_and_answered_where_it_was_made),
        cmocka_unit_test(a_query_is_answered_at_once_without_the_network),
        cmocka_unit_test(an_asynchronous_request_is_answered_by_an_event),
        cmocka_unit_test(the_answer_waits_until_the_change_is_on_disk),
        cmocka_unit_test(a_status_update_is_not_journaled_nor_held),
        cmocka_unit_test(the_read_only_endpoint_refuses_changes_before_they_are_sent),
        cmocka_unit_test(an_unknown_operation_gets_no_answer),
        cmocka_unit_test(bytes_that_are_no_xml_are_refused),
        cmocka_unit_test(a_query_for_another_node_is_answered_from_there),
        cmocka_unit_test(registration_tells_the_client_its_id),
        cmocka_unit_test(who_names_what_concerns_him_is_told_of_nothing_else),
        cmocka_unit_test(subscribers_learn_the_patch_before_the_requester_gets_its_answer),
        cmocka_unit_test(acls_bind_a_user_on_every_node),
        cmocka_unit_test(no_acl_lets_a_user_speak_for_a_member),
        cmocka_unit_test(whoever_acls_bind_learns_only_that_something_changed),
        cmocka_unit_test(an_unknown_notification_type_is_refused),
        cmocka_unit_test(a_failed_operation_is_notified_with_its_code_and_changes_no_copy),
        cmocka_unit_test(a_member_that_differs_is_found_by_the_digest_ping_and_gets_the_document),
        cmocka_unit_test(a_member_with_a_newer_configuration_gives_it_to_the_primary),
        cmocka_unit_test(equal_members_are_left_alone_by_the_ping),
        cmocka_unit_test(only_the_primary_pings),
        cmocka_unit_test(everybody_adopts_the_document_that_a_sync_sends),
        cmocka_unit_test(an_older_document_is_not_adopted),
        cmocka_unit_test(an_upgrade_with_nothing_to_do_is_answered_to_the_requester_alone),
        cmocka_unit_test(a_diff_that_starts_ahead_of_us_makes_us_ask_for_the_document),
        cmocka_unit_test(a_leaving_node_waits_for_one_answer),
        cmocka_unit_test(a_leaving_node_gives_the_answers_first_that_wait_for_the_disk),
        cmocka_unit_test(a_leaving_node_does_not_wait_for_a_dead_disk_without_end),
        cmocka_unit_test(the_last_node_just_leaves),
        cmocka_unit_test(without_an_answer_a_node_leaves_with_an_error),
        cmocka_unit_test(in_stand_alone_mode_changes_are_executed_at_once),
        cmocka_unit_test(random_requests_from_all_sides_leave_all_members_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
