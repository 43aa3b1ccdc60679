/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fencers' cores of several nodes that talk to each other by a made-up network, with a made-up clock (spec 60 §2-§5,
 * §11-§13).
 */
#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/fence/fence_protocol.h"
#include "lib/fence/fence_result.h"
#include "lib/ipc/ipc_message.h"

#include "daemons/fenced/fenced_core.h"
#include "daemons/fenced/tests/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the world of a test --- */

#define MAX_NODES 3

struct world {
    unsigned n;
    struct fenced_core *cores[MAX_NODES];
    bool is_deaf[MAX_NODES]; /* messages to it are lost */
    struct fenced_now now;
    GQueue network;
    GPtrArray *replies; /* xmlNode to clients, in order */
    GPtrArray *events;
    unsigned last_uuid;
};

static const char *const names[MAX_NODES] = { "n1", "n2", "n3" };
static const char *const clients[MAX_NODES] = { "C1", "C2", "C3" }; /* a client of each */

static char *
new_uuid(void *data)
{
    struct world *w = data;

    return g_strdup_printf("op-%u", ++w->last_uuid);
}

static void
collect(void *world, unsigned node)
{
    struct world *w = world;
    struct fenced_effect *e;

    while ((e = fenced_core_take_effect(w->cores[node])) != NULL) {
        if (e->kind == FENCED_SEND) {
            network_send(&w->network, node, e);
        } else if (e->kind == FENCED_REPLY) {
            g_ptr_array_add(w->replies, g_steal_pointer(&e->xml));
        } else if (e->kind == FENCED_EVENT) {
            g_ptr_array_add(w->events, g_steal_pointer(&e->xml));
        }
        fenced_effect_free(e);
    }
}

/* Deliver what is under way until nothing is. */
static void
deliver(struct world *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        collect(w, i);
    }
    while (network_deliver(&w->network, w->cores, names, w->is_deaf, w->n, w->now, collect, w)) {
    }
}

static void
pass(struct world *w, unsigned seconds)
{
    w->now.ms += (uint64_t) seconds * 1000;
    w->now.epoch += seconds;
    for (unsigned i = 0; i < w->n; i++) {
        if (fenced_core_deadline(w->cores[i]) <= w->now.ms) {
            fenced_core_tick(w->cores[i], w->now);
        }
    }
    deliver(w);
}

static void
start_node(struct world *w, unsigned i)
{
    const struct fenced_config config = { .node = names[i], .pid = 10 + (long) i, .new_uuid = new_uuid, .data = w };

    w->cores[i] = fenced_core_new(&config);
    set_peers(w->cores[i], names, w->n);
    fenced_core_client_connected(w->cores[i], clients[i], 100, true);
}

static struct world *
world_new(unsigned n)
{
    struct world *w = g_new0(struct world, 1);

    w->n = n;
    w->now = (struct fenced_now) { .ms = 5000000, .epoch = 1700000000 };
    w->replies = g_ptr_array_new_with_free_func((GDestroyNotify) xml_free);
    w->events = g_ptr_array_new_with_free_func((GDestroyNotify) xml_free);
    for (unsigned i = 0; i < n; i++) {
        start_node(w, i);
    }
    return w;
}

static void
world_free(struct world *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        fenced_core_free(w->cores[i]);
    }
    g_ptr_array_unref(w->replies);
    g_ptr_array_unref(w->events);
    g_free(w);
}

static void
forget(struct world *w)
{
    g_ptr_array_set_size(w->replies, 0);
    g_ptr_array_set_size(w->events, 0);
}

/* A synchronous request of a client of a node; what comes of it at once is delivered. */
static void
ask(struct world *w, unsigned node, const char *client, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    fenced_core_request(w->cores[node], w->now, client, 1, IPC_WANTS_RESPONSE, xml);
    deliver(w);
}

static void
fence(struct world *w, unsigned node, const char *target, const char *action, unsigned options, const char *more)
{
    g_autofree char *text = g_strdup_printf(
        "<stonith_command st_op='st_fence' st_callid='7' st_callopt='%u' st_timeout='5' st_clientname='t%u'><st_calldata>"
        "<x st_target='%s' st_device_action='%s' %s/></st_calldata></stonith_command>",
        options | FENCE_OPT_SYNC, node, target, action, more);

    ask(w, node, clients[node], text);
}

static void
subscribe(struct world *w, unsigned node, const char *type)
{
    g_autofree char *text = g_strdup_printf("<x st_op='st_notify' st_notify_activate='%s'/>", type);

    ask(w, node, clients[node], text);
    assert_true(xml_is(w->replies->pdata[w->replies->len - 1], "ack"));
    forget(w);
}

/* Result of the only reply. */
static void
assert_reply(struct world *w, int status, int rc, int legacy)
{
    const xmlNode *reply;

    assert_int_equal(w->replies->len, 1);
    reply = w->replies->pdata[0];
    assert_int_equal(xml_get_int(reply, FENCE_F_OP_STATUS, -99), status);
    assert_int_equal(xml_get_int(reply, FENCE_F_RC_CODE, -99), rc);
    assert_int_equal(xml_get_int(reply, F_ST_RC, -99), legacy);
}

/* The history as a client of a node sees it: number of entries; *entry (may be NULL) the first one's element. */
static unsigned
history(struct world *w, unsigned node, const xmlNode **entry)
{
    const xmlNode *data;

    forget(w);
    ask(w, node, clients[node], "<x st_op='st_fence_history' st_callid='2' st_callopt='4096'/>");
    assert_int_equal(w->replies->len, 1);
    data = xml_first(w->replies->pdata[0], F_ST_CALLDATA);
    data = (data != NULL) ? xml_first(data, FENCE_TAG_HISTORY) : NULL;
    if (entry != NULL) {
        *entry = (data != NULL) ? xml_first(data, NULL) : NULL;
    }
    return (data != NULL) ? xml_count_children(data, NULL) : 0;
}

/* --- results --- */

static void
legacy_codes_follow_the_table(void **state)
{
    static const struct {
        int status, rc;
        const char *err;
        int legacy;
    } TABLE[] = { { 0, 0, NULL, 0 },
                  { -1, 0, NULL, -EINPROGRESS },
                  { 1, 1, NULL, -ECANCELED },
                  { 2, 1, NULL, -ETIME },
                  { 7, 5, NULL, -ENOENT },
                  { 3, 1, NULL, -EOPNOTSUPP },
                  { 8, 1, NULL, -ENOTCONN },
                  { 10, 1, NULL, -ENODEV },
                  { 11, 1, NULL, -EACCES },
                  { 9, 2, NULL, -EINVAL },
                  { 9, 4, NULL, -EACCES },
                  { 9, 76, NULL, -EPROTO },
                  { 9, 110, NULL, -EHOSTUNREACH },
                  { 9, 1, NULL, -ENODATA },
                  { 0, 1, NULL, -ENODATA },
                  { 0, 1, "connection Timed Out", -ETIME },
                  { 0, 1, "Unrecognised action 'x'", -EOPNOTSUPP },
                  { 0, 1, "boom", LEGACY_GENERIC } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        const struct fence_result r
            = { .status = TABLE[i].status, .rc = TABLE[i].rc, .stderr_text = (char *) TABLE[i].err };

        assert_int_equal(fence_result_legacy(&r), TABLE[i].legacy);
    }
}

static void
a_result_is_found_anywhere_in_a_message_and_goes_round(void **state)
{
    g_autoptr(xmlNode) root = xml_new(NULL, "a");
    xmlNode *inner = xml_new(xml_new(root, "b"), "c");
    struct fence_result r = { 0 }, back = { 0 };

    fence_result_set(&r, 1, EXEC_TIMEOUT, "late");
    r.output = g_strdup("out");
    fence_result_to_xml(inner, &r);
    fence_result_from_xml(&back, root);
    assert_int_equal(back.rc, 1);
    assert_int_equal(back.status, EXEC_TIMEOUT);
    assert_string_equal(back.reason, "late");
    assert_string_equal(back.output, "out");
    fence_result_clear(&r);
    fence_result_clear(&back);
}

static void
old_peers_send_a_legacy_code_alone(void **state)
{
    g_autoptr(xmlNode) root = xml_new(NULL, "a");
    struct fence_result r = { 0 };

    xml_set(root, F_ST_RC, "-62");
    fence_result_from_xml(&r, root);
    assert_int_equal(r.status, EXEC_TIMEOUT);
    assert_int_equal(r.rc, 1);
    xml_set(root, F_ST_RC, "0");
    fence_result_from_xml(&r, root);
    assert_true(fence_result_is_success(&r));
    xml_set(root, F_ST_RC, NULL);
    fence_result_from_xml(&r, root);
    assert_int_equal(r.status, EXEC_ERROR);
    fence_result_clear(&r);
}

/* --- requests --- */

static void
a_client_is_told_its_id(void **state)
{
    struct world *w = world_new(1);

    ask(w, 0, clients[0], "<stonith_command t='stonith-ng' st_op='register' st_clientname='x'/>");
    assert_true(xml_is(w->replies->pdata[0], "reply"));
    assert_string_equal(xml_get(w->replies->pdata[0], F_ST_CLIENTID), "C1");
    world_free(w);
}

static void
unknown_and_incomplete_requests_are_refused_with_a_reason(void **state)
{
    struct world *w = world_new(1);
    static const struct {
        const char *text;
        int status, rc, legacy;
        const char *reason;
    } TABLE[] = {
        { "<x st_op='bogus' st_callopt='4096'/>", 9, 76, -EPROTO, "Unknown IPC request type 'bogus' (bug?)" },
        { "<x st_op='st_execute' st_callopt='4096'><st_calldata><y st_device_id='nope' st_device_action='monitor'/>"
          "</st_calldata></x>",
          10, 1, -ENODEV, "'nope' not found" },
        { "<x st_op='st_execute' st_callopt='4096'/>", 9, 76, -EPROTO, NULL },
        { "<x st_op='st_fence' st_callopt='4096'/>", 9, 76, -EPROTO, NULL },
        { "<x st_op='st_level_add' st_callopt='4096'><st_calldata><fencing-level index='1' target='n'/></st_calldata></x>", 9,
          2, -EINVAL, "Topology level is invalid without ID" },
        { "<x st_op='st_level_add' st_callopt='4096'><st_calldata><fencing-level id='1' index='1'/></st_calldata></x>", 9, 2,
          -EINVAL, "Invalid target for topology level '1'" },
        { "<x st_op='st_level_add' st_callopt='4096'><st_calldata><fencing-level id='1' index='11' target='n'/>"
          "</st_calldata></x>",
          9, 2, -EINVAL, "Invalid level number '11' for topology level '1'" },
        { "<x st_op='st_level_add' st_callopt='4096'/>", 9, 76, -EPROTO, NULL },
        { "<x st_op='st_level_remove' st_callopt='4096'><st_calldata><fencing-level index='0' target='n'/></st_calldata></x>",
          0, 0, 0, NULL },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        forget(w);
        ask(w, 0, clients[0], TABLE[i].text);
        assert_reply(w, TABLE[i].status, TABLE[i].rc, TABLE[i].legacy);
        if (TABLE[i].reason != NULL) {
            assert_string_equal(xml_get(w->replies->pdata[0], FENCE_F_EXIT_REASON), TABLE[i].reason);
        }
    }
    world_free(w);
}

static void
a_registered_device_is_listed_until_it_is_removed(void **state)
{
    struct world *w = world_new(1);
    static const char QUERY[] = "<x st_op='st_query' st_callopt='4096'><st_calldata><y/></st_calldata></x>";
    const xmlNode *data;

    subscribe(w, 0, FENCE_NOTIFY_DEVICE_ADD);
    ask(w, 0, clients[0], "<x st_op='st_device_register' st_callopt='4096'><st_calldata><st_device_id id='d' agent='fence_x'>"
                   "<attributes pcmk_host_list='a b'/></st_device_id></st_calldata></x>");
    assert_reply(w, 0, 0, 0);
    assert_int_equal(w->events->len, 1);
    forget(w);
    ask(w, 0, clients[0], QUERY);
    data = fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE);
    assert_int_equal(xml_get_int(data, FENCE_F_AVAILABLE, -1), 1);
    assert_string_equal(xml_get(xml_first(xml_first(data, NULL), FENCE_TAG_ATTRIBUTES), "pcmk_host_list"), "a b");
    ask(w, 0, clients[0], "<x st_op='st_device_remove' st_callopt='4096'><st_calldata><y id='d'/></st_calldata></x>");
    forget(w);
    ask(w, 0, clients[0], QUERY);
    assert_int_equal(xml_get_int(fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE), FENCE_F_AVAILABLE, -1), 0);
    world_free(w);
}

static void
unprivileged_clients_may_not_change_the_tables(void **state)
{
    struct world *w = world_new(1);

    fenced_core_client_connected(w->cores[0], "U", 5, false);
    ask(w, 0, "U", "<x st_op='st_device_remove' st_callopt='4096'><st_calldata><y id='d'/></st_calldata></x>");
    assert_reply(w, 9, 4, -EACCES);
    assert_string_equal(xml_get(w->replies->pdata[0], FENCE_F_EXIT_REASON), "Unprivileged users must delete device via CIB");
    world_free(w);
}

static void
a_synchronous_request_that_does_not_wait_is_ignored(void **state)
{
    struct world *w = world_new(1);
    g_autoptr(xmlNode) xml = xml_parse("<x st_op='st_query' st_callopt='4096'/>", 39, XML_PARSE_STRICT, NULL);

    fenced_core_request(w->cores[0], w->now, "C1", 1, 0, xml);
    deliver(w);
    assert_int_equal(w->replies->len, 0);
    world_free(w);
}

/* --- fencing --- */

static void
without_devices_fencing_fails_as_soon_as_all_have_answered(void **state)
{
    struct world *w = world_new(3);
    const xmlNode *entry;

    subscribe(w, 2, FENCE_NOTIFY_FENCE);
    fence(w, 0, "x", "reboot", 0, "");
    assert_reply(w, EXEC_NO_FENCE_DEVICE, 1, -ENODEV);
    assert_string_equal(xml_get(w->replies->pdata[0], F_ST_CALLID), "7");
    assert_int_equal(w->events->len, 1); /* on the third node */
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(history(w, i, &entry), 1);
        assert_int_equal(xml_get_int(entry, F_ST_STATE, -1), FENCE_STATE_FAILED);
        assert_string_equal(xml_get(entry, F_ST_ORIGIN), "n1");
        assert_string_equal(xml_get(entry, F_ST_CLIENTNAME), "t0.100");
    }
    world_free(w);
}

static void
a_mute_peer_is_waited_for_only_so_long(void **state)
{
    struct world *w = world_new(2);

    w->is_deaf[1] = true;
    fence(w, 0, "x", "off", 0, "");
    assert_int_equal(w->replies->len, 0);
    pass(w, 5);
    assert_int_equal(w->replies->len, 0);
    pass(w, 1); /* 1.2 times the timeout of 5 s */
    assert_reply(w, EXEC_TIMEOUT, 1, -ETIME);
    assert_string_equal(xml_get(w->replies->pdata[0], FENCE_F_EXIT_REASON),
                        "No capable peers replied to device query within timeout");
    assert_true(fenced_core_deadline(w->cores[0]) == UINT64_MAX);
    world_free(w);
}

/* What a peer with one device answers, and what its agent says: a fencer that can do it, played by the test. */
static void
answer_as_n2(struct world *w, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    fenced_core_message(w->cores[0], w->now, "n2", xml);
    deliver(w);
}

#define OFFER(verified)                                                                                                \
    "<st-reply st_op='st_query' st_remote_op='op-1'><st_calldata><x st_target='x' st-available-devices='1'>"             \
    "<st_device_id id='d' st_monitor_verified='" verified "' st_device_support_flags='55' st_action_timeout='9'/></x>"   \
    "</st_calldata></st-reply>"
#define DONE(status, rc)                                                                                               \
    "<st-reply st_op='st_fence' st_remote_op='op-1' op-status='" status "' rc-code='" rc "' exit-reason='because'/>"

static void
a_peer_with_a_verified_device_is_asked_at_once(void **state)
{
    struct world *w = world_new(3);
    const xmlNode *entry;

    w->is_deaf[1] = w->is_deaf[2] = true;
    fence(w, 0, "x", "off", 0, "");
    answer_as_n2(w, OFFER("1"));
    answer_as_n2(w, DONE("0", "0"));
    assert_reply(w, 0, 0, 0);
    assert_string_equal(xml_get(w->replies->pdata[0], F_ST_DELEGATE), "n2");
    assert_int_equal(history(w, 0, &entry), 1);
    assert_string_equal(xml_get(entry, F_ST_DELEGATE), "n2");
    assert_int_equal(xml_get_int(entry, F_ST_STATE, -1), FENCE_STATE_DONE);
    world_free(w);
}

static void
an_unverified_device_waits_for_the_others_answers(void **state)
{
    struct world *w = world_new(3);

    w->is_deaf[1] = w->is_deaf[2] = true;
    fence(w, 0, "x", "off", 0, "");
    answer_as_n2(w, OFFER("0"));
    answer_as_n2(w, DONE("0", "0")); /* nobody has asked it, but a result is a result */
    assert_reply(w, 0, 0, 0);
    world_free(w);
    w = world_new(3);
    w->is_deaf[1] = w->is_deaf[2] = true;
    fence(w, 0, "x", "off", 0, "");
    answer_as_n2(w, OFFER("0"));
    assert_true(fenced_core_deadline(w->cores[0]) == w->now.ms + 6000); /* still the query's end alone */
    pass(w, 6);
    assert_true(fenced_core_deadline(w->cores[0]) == w->now.ms + 10000); /* asked: 1.2 times the device's 9 s */
    world_free(w);
}

static void
a_failure_of_the_only_peer_is_the_result(void **state)
{
    struct world *w = world_new(2);

    w->is_deaf[1] = true;
    fence(w, 0, "x", "off", 0, "");
    answer_as_n2(w, OFFER("1"));
    answer_as_n2(w, DONE("0", "1"));
    assert_reply(w, EXEC_DONE, 1, -ENODATA); /* all answers are in, there is nobody else to ask */
    assert_string_equal(xml_get(w->replies->pdata[0], FENCE_F_EXIT_REASON), "because");
    world_free(w);
}

static void
a_peer_that_does_not_answer_in_time_fails_the_request(void **state)
{
    struct world *w = world_new(1);

    set_peers(w->cores[0], names, 2);
    fence(w, 0, "x", "off", 0, "");
    answer_as_n2(w, OFFER("1"));
    pass(w, 10);
    assert_reply(w, EXEC_TIMEOUT, 1, -ETIME);
    world_free(w);
}

static void
equal_requests_of_different_clients_are_merged(void **state)
{
    struct world *w = world_new(2);

    w->is_deaf[0] = w->is_deaf[1] = false;
    set_peers(w->cores[0], names, 3); /* n3 is thought alive, and mute */
    set_peers(w->cores[1], names, 3);
    fence(w, 0, "x", "off", 0, "");
    fence(w, 1, "X", "off", 0, ""); /* the same target */
    fence(w, 1, "x", "reboot", 0, ""); /* not the same */
    assert_int_equal(w->replies->len, 0);
    assert_int_equal(w->last_uuid, 3);
    pass(w, 6);
    assert_int_equal(w->replies->len, 3); /* the merged one with the one it waited for */
    assert_int_equal(history(w, 1, NULL), 3);
    assert_int_equal(history(w, 0, NULL), 2);
    world_free(w);
}

static void
a_person_can_confirm_that_a_node_is_down(void **state)
{
    struct world *w = world_new(2);
    const xmlNode *entry;

    subscribe(w, 1, FENCE_NOTIFY_FENCE);
    fence(w, 0, "x", "off", FENCE_OPT_MANUAL_ACK, "");
    assert_reply(w, 0, 0, 0);
    assert_string_equal(xml_get(fence_find_with(w->events->pdata[0], F_ST_DELEGATE), F_ST_DELEGATE), "a human");
    assert_int_equal(history(w, 1, &entry), 1);
    assert_string_equal(xml_get(entry, F_ST_DELEGATE), "a human");
    forget(w);
    fence(w, 0, "x", "off", 0, "st_tolerance='100'"); /* done already */
    assert_reply(w, 0, 0, 0);
    assert_int_equal(history(w, 0, NULL), 1);
    forget(w);
    pass(w, 101);
    fence(w, 0, "x", "off", 0, "st_tolerance='100'"); /* too long ago */
    assert_reply(w, EXEC_NO_FENCE_DEVICE, 1, -ENODEV);
    world_free(w);
}

static void
a_node_that_is_to_be_fenced_hands_the_request_over(void **state)
{
    struct world *w = world_new(2);
    const xmlNode *entry;

    fence(w, 0, "n1", "reboot", 0, "");
    assert_reply(w, EXEC_NO_FENCE_DEVICE, 1, -ENODEV); /* the client on n1 hears the result of n2's operation */
    assert_int_equal(history(w, 0, &entry), 1);        /* and there is no trace of the place-holder */
    assert_string_equal(xml_get(entry, F_ST_ORIGIN), "n2");
    assert_string_equal(xml_get(entry, F_ST_CLIENTNAME), "pacemaker-fenced.11");
    world_free(w);
}

static void
a_node_alone_does_not_hand_over(void **state)
{
    struct world *w = world_new(1);

    fence(w, 0, "n1", "reboot", 0, "");
    assert_reply(w, EXEC_NO_FENCE_DEVICE, 1, -ENODEV);
    world_free(w);
}

static void
a_fencer_without_the_device_says_so(void **state)
{
    struct world *w = world_new(1);
    struct fenced_effect *e;
    static const char TEXT[] = "<stonith_command st_op='st_fence' st_remote_op='r' st_target='x' st_device_action='off'/>";
    g_autoptr(xmlNode) xml = xml_parse(TEXT, strlen(TEXT), XML_PARSE_STRICT, NULL);

    fenced_core_message(w->cores[0], w->now, "n2", xml);
    e = fenced_core_take_effect(w->cores[0]);
    assert_int_equal(e->kind, FENCED_SEND);
    assert_string_equal(e->to, "n2");
    assert_string_equal(xml_get(e->xml, FENCE_F_EXIT_REASON), "No device configured for target 'x'");
    assert_string_equal(xml_get(e->xml, F_ST_REMOTE_OP), "r");
    fenced_effect_free(e);
    world_free(w);
}

/* --- history --- */

static void
cleaning_the_history_empties_it_everywhere(void **state)
{
    struct world *w = world_new(2);

    fence(w, 0, "x", "off", 0, "");
    fence(w, 1, "y", "off", 0, "");
    assert_int_equal(history(w, 0, NULL), 2);
    ask(w, 0, clients[0], "<x st_op='st_fence_history' st_callopt='528384'><st_calldata><y st_target='x'/></st_calldata></x>");
    assert_int_equal(history(w, 0, NULL), 1);
    assert_int_equal(history(w, 1, NULL), 1);
    ask(w, 0, clients[0], "<x st_op='st_fence_history' st_callopt='528384'/>");
    assert_int_equal(history(w, 1, NULL), 0);
    world_free(w);
}

static void
a_sync_brings_nodes_to_the_same_history(void **state)
{
    struct world *w = world_new(2);

    w->is_deaf[1] = true;
    fence(w, 0, "x", "off", FENCE_OPT_MANUAL_ACK, "");
    w->is_deaf[1] = false;
    w->is_deaf[0] = true;
    fence(w, 1, "y", "off", FENCE_OPT_MANUAL_ACK, "");
    w->is_deaf[0] = false;
    subscribe(w, 1, FENCE_NOTIFY_HISTORY_SYNCED);
    ask(w, 0, clients[0], "<x st_op='st_fence_history' st_callopt='1052672'/>");
    assert_true(w->events->len >= 1);
    assert_int_equal(history(w, 0, NULL), 2); /* by the difference that n2 sent back */
    assert_int_equal(history(w, 1, NULL), 2);
    world_free(w);
}

static void
what_a_former_life_began_is_presumed_failed(void **state)
{
    struct world *w = world_new(2);
    const xmlNode *entry;

    set_peers(w->cores[0], names, 3);
    fence(w, 0, "x", "off", 0, ""); /* waits for the mute n3 */
    fenced_core_free(w->cores[0]);
    start_node(w, 0);
    assert_int_equal(history(w, 1, &entry), 1);
    assert_int_equal(xml_get_int(entry, F_ST_STATE, -1), FENCE_STATE_QUERYING);
    ask(w, 1, clients[1], "<x st_op='st_fence_history' st_callopt='1052672'/>");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(history(w, i, &entry), 1);
        assert_int_equal(xml_get_int(entry, F_ST_STATE, -1), FENCE_STATE_FAILED);
        assert_string_equal(xml_get(entry, FENCE_F_EXIT_REASON), "Initiated by earlier fencer process and presumed failed");
        assert_null(xml_get(entry, F_ST_DELEGATE));
    }
    world_free(w);
}

static void
the_history_is_cut_when_it_is_long(void **state)
{
    struct world *w = world_new(1);

    for (int i = 0; i < 501; i++) {
        fence(w, 0, "x", "off", FENCE_OPT_MANUAL_ACK, "");
        w->now.epoch++;
    }
    assert_int_equal(history(w, 0, NULL), 250);
    world_free(w);
}

static void
the_meta_data_has_25_parameters(void **state)
{
    g_autofree char *text = fenced_metadata();
    g_autoptr(xmlNode) root = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(root);
    assert_string_equal(xml_get(root, "name"), "pacemaker-fenced");
    assert_int_equal(xml_count_children(xml_first(root, "parameters"), "parameter"), 25);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_codes_follow_the_table),
        cmocka_unit_test(a_result_is_found_anywhere_in_a_message_and_goes_round),
        cmocka_unit_test(old_peers_send_a_legacy_code_alone),
        cmocka_unit_test(a_client_is_told_its_id),
        cmocka_unit_test(unknown_and_incomplete_requests_are_refused_with_a_reason),
        cmocka_unit_test(a_registered_device_is_listed_until_it_is_removed),
        cmocka_unit_test(unprivileged_clients_may_not_change_the_tables),
        cmocka_unit_test(a_synchronous_request_that_does_not_wait_is_ignored),
        cmocka_unit_test(without_devices_fencing_fails_as_soon_as_all_have_answered),
        cmocka_unit_test(a_mute_peer_is_waited_for_only_so_long),
        cmocka_unit_test(a_peer_with_a_verified_device_is_asked_at_once),
        cmocka_unit_test(an_unverified_device_waits_for_the_others_answers),
        cmocka_unit_test(a_failure_of_the_only_peer_is_the_result),
        cmocka_unit_test(a_peer_that_does_not_answer_in_time_fails_the_request),
        cmocka_unit_test(equal_requests_of_different_clients_are_merged),
        cmocka_unit_test(a_person_can_confirm_that_a_node_is_down),
        cmocka_unit_test(a_node_that_is_to_be_fenced_hands_the_request_over),
        cmocka_unit_test(a_node_alone_does_not_hand_over),
        cmocka_unit_test(a_fencer_without_the_device_says_so),
        cmocka_unit_test(cleaning_the_history_empties_it_everywhere),
        cmocka_unit_test(a_sync_brings_nodes_to_the_same_history),
        cmocka_unit_test(what_a_former_life_began_is_presumed_failed),
        cmocka_unit_test(the_history_is_cut_when_it_is_long),
        cmocka_unit_test(the_meta_data_has_25_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
