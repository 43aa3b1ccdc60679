/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager's core, rule by rule.  A fixture is a group of cores on a perfect network: messages are delivered to
 * all members in one order, CIB requests are collected and answered by the test.  (spec 70)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemons/attrd/attrd_core.h"
#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/attrd_client.h"

#define NODES 3

static const char *const names[NODES] = { "b1", "b2", "b3" };

struct node {
    struct attrd_core *core;
    struct peers *peers;
    struct ctl_refs refs;
    GPtrArray *writes;  /* struct attrd_effect: requests to the CIB, in order */
    GPtrArray *replies; /* xmlNode */
    GString *erased;    /* XPaths, a line each */
    unsigned alerts;
    unsigned part; /* members of the same part see each other */
    struct fixture *f;
};

struct message {
    unsigned from;
    char *to; /* NULL: all */
    xmlNode *xml;
};

struct fixture {
    struct node node[NODES];
    GQueue wire;     /* struct message */
    GPtrArray *sent; /* copies of all messages ever sent */
    uint64_t now;
    bool answer_writes; /* answer CIB requests with success at once */
};

/* --- the group --- */

static void
effect_free(gpointer data)
{
    attrd_effect_free(data);
}

static void
element_free(gpointer data)
{
    xml_free(data);
}

static void
collect(struct node *n)
{
    struct attrd_effect *e;

    while ((e = attrd_core_next_effect(n->core)) != NULL) {
        if (e->kind == ATTRD_CIB_MODIFY) {
            g_ptr_array_add(n->writes, e);
            if (n->f->answer_writes) {
                attrd_core_cib_result(n->core, n->f->now, e->write_id, RC_OK);
            }
            continue;
        }
        if (e->kind == ATTRD_SEND) {
            struct message *m = g_new0(struct message, 1);

            m->from = (unsigned)(n - n->f->node);
            m->to = g_strdup(e->target);
            m->xml = xml_copy(NULL, e->xml);
            g_queue_push_tail(&n->f->wire, m);
            g_ptr_array_add(n->f->sent, xml_copy(NULL, e->xml));
        } else if (e->kind == ATTRD_REPLY) {
            g_ptr_array_add(n->replies, xml_copy(NULL, e->xml));
        } else if (e->kind == ATTRD_CIB_ERASE) {
            g_string_append_printf(n->erased, "%s\n", e->xpath);
        } else {
            n->alerts++;
        }
        attrd_effect_free(e);
    }
}

static void
deliver(struct fixture *f)
{
    struct message *m;

    while ((m = g_queue_pop_head(&f->wire)) != NULL) {
        for (unsigned i = 0; i < NODES; i++) {
            struct node *n = &f->node[i];

            if (n->core != NULL && n->part == f->node[m->from].part
                && (m->to == NULL || g_ascii_strcasecmp(m->to, names[i]) == 0)) {
                xmlNode *copy = xml_copy(NULL, m->xml);

                struct attrd_origin origin = { m->from + 1, names[m->from], m->to != NULL };

                attrd_core_peer_message(n->core, f->now, &origin, copy);
                xml_free(copy);
                collect(n);
            }
        }
        xml_free(m->xml);
        g_free(m->to);
        g_free(m);
    }
}

static void
on_state(struct peer *p, enum peer_state old, void *data)
{
    struct node *n = data;

    if (n->core != NULL) {
        attrd_core_peer_changed(n->core, n->f->now, p);
        collect(n);
    }
}

static const struct peers_callbacks callbacks = { .state_changed = on_state };

/* Everybody's view of who is there follows from the parts. */
static void
reconfigure(struct fixture *f)
{
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &f->node[i];

        for (unsigned j = 0; n->core != NULL && j < NODES; j++) {
            struct peer *p = peers_get(n->peers, j + 1, names[j]);
            bool up = f->node[j].core != NULL && f->node[j].part == n->part;

            if (up != peer_is_active(p)) {
                peers_set_process(n->peers, p, PEER_PROC_CPG, up, 0);
            }
        }
    }
    deliver(f);
}

static uint32_t
node_id(const char *name, void *data)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (g_ascii_strcasecmp(name, names[i]) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static void
start(struct fixture *f, unsigned i)
{
    struct node *n = &f->node[i];
    struct attrd_config config = { .program = "pacemaker-attrd", .refs = &n->refs, .node_id = node_id };

    n->f = f;
    n->peers = peers_new(PEERS_AUTO_REAP, &callbacks, n);
    peers_set_local(n->peers, i + 1, names[i]);
    config.peers = n->peers;
    n->core = attrd_core_new(&config);
    n->writes = g_ptr_array_new_with_free_func(effect_free);
    n->replies = g_ptr_array_new_with_free_func(element_free);
    n->erased = g_string_new(NULL);
    reconfigure(f);
    attrd_core_start(n->core, f->now);
    collect(n);
    deliver(f);
}

static void
stop(struct fixture *f, unsigned i)
{
    struct node *n = &f->node[i];

    if (n->core == NULL) {
        return;
    }
    attrd_core_free(n->core);
    n->core = NULL;
    peers_free(n->peers);
    g_ptr_array_unref(n->writes);
    g_ptr_array_unref(n->replies);
    g_string_free(n->erased, TRUE);
    reconfigure(f);
}

static struct fixture *
group(unsigned n)
{
    struct fixture *f = g_new0(struct fixture, 1);

    f->now = 1000;
    f->answer_writes = true;
    f->sent = g_ptr_array_new_with_free_func(element_free);
    for (unsigned i = 0; i < n; i++) {
        start(f, i);
    }
    return f;
}

static void
end(struct fixture *f)
{
    for (unsigned i = 0; i < NODES; i++) {
        stop(f, i);
    }
    g_ptr_array_unref(f->sent);
    g_free(f);
}

static void
pass(struct fixture *f, uint64_t ms)
{
    uint64_t until = f->now + ms;

    for (;;) {
        uint64_t next = UINT64_MAX;

        for (unsigned i = 0; i < NODES; i++) {
            if (f->node[i].core != NULL) {
                next = MIN(next, attrd_core_deadline(f->node[i].core));
            }
        }
        if (next > until) {
            break;
        }
        f->now = MAX(f->now, next);
        for (unsigned i = 0; i < NODES; i++) {
            if (f->node[i].core != NULL) {
                attrd_core_tick(f->node[i].core, f->now);
                collect(&f->node[i]);
            }
        }
        deliver(f);
    }
    f->now = until;
}

/* --- what tests do --- */

static void
request(struct fixture *f, unsigned i, xmlNode *xml, bool wants_response)
{
    struct attrd_request r = { .xml = xml, .client = "test", .wants_response = wants_response };

    attrd_core_request(f->node[i].core, f->now, &r);
    collect(&f->node[i]);
    xml_free(xml);
    deliver(f);
}

/* Raw request to a node's endpoint. */
static void
ask(struct fixture *f, unsigned i, const char *text)
{
    request(f, i, xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL), true);
}

static void
change(struct fixture *f, unsigned i, const struct attrd_update *u)
{
    request(f, i, attrd_msg_update("test", u), true);
}

static void
set_for(struct fixture *f, unsigned i, const char *name, const char *node, const char *value)
{
    change(f, i, &(struct attrd_update){ .name = name, .value = value, .node = node });
}

static void
set(struct fixture *f, unsigned i, const char *name, const char *value)
{
    set_for(f, i, name, NULL, value);
}

static void
set_delayed(struct fixture *f, const char *name, const char *value, const char *delay)
{
    change(f, 0,
           &(struct attrd_update){
               .task = ATTRD_TASK_UPDATE_BOTH, .name = name, .value = value, .dampening = delay });
}

static void
assert_value(struct fixture *f, unsigned i, const char *name, const char *node, const char *expected)
{
    const char *present = attrd_core_value(f->node[i].core, name, node);

    if (expected == NULL) {
        assert_null(present);
    } else {
        assert_non_null(present);
        assert_string_equal(present, expected);
    }
}

static void
assert_everywhere(struct fixture *f, const char *name, const char *node, const char *expected)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (f->node[i].core != NULL) {
            assert_value(f, i, name, node, expected);
        }
    }
}

static unsigned
writes(struct fixture *f, unsigned i)
{
    return f->node[i].writes->len;
}

static const struct attrd_effect *
last_write(struct fixture *f, unsigned i)
{
    assert_true(writes(f, i) > 0);
    return g_ptr_array_index(f->node[i].writes, writes(f, i) - 1);
}

/* The CIB answers the last request. */
static void
answer(struct fixture *f, int rc)
{
    attrd_core_cib_result(f->node[0].core, f->now, last_write(f, 0)->write_id, rc);
    collect(&f->node[0]);
}

static void
replace_cib(struct fixture *f)
{
    attrd_core_cib_replaced(f->node[0].core, f->now);
    collect(&f->node[0]);
}

/* nvpair with this name for this node UUID in the last request of a node, or NULL. */
static const xmlNode *
written(struct fixture *f, unsigned i, const char *uuid, const char *name)
{
    const xmlNode *state = xml_find(last_write(f, i)->xml, "node_state", "id", uuid);
    const xmlNode *transient = state != NULL ? xml_first(state, "transient_attributes") : NULL;

    if (transient == NULL) {
        return NULL;
    }
    xml_for_each(s, transient, "instance_attributes")
    {
        const xmlNode *pair = xml_find(s, "nvpair", "name", name);

        if (pair != NULL) {
            return pair;
        }
    }
    return NULL;
}

static void
assert_written(struct fixture *f, unsigned i, const char *uuid, const char *name, const char *expected)
{
    const xmlNode *pair = written(f, i, uuid, name);

    assert_non_null(pair);
    assert_string_equal(xml_get(pair, "value"), expected);
}

static unsigned
the_writer(struct fixture *f)
{
    unsigned found = NODES;

    for (unsigned i = 0; i < NODES; i++) {
        if (f->node[i].core != NULL && attrd_core_is_writer(f->node[i].core)) {
            assert_int_equal(found, NODES);
            found = i;
        }
    }
    assert_true(found < NODES);
    return found;
}

/* --- start and election --- */

static void
the_first_node_makes_itself_the_writer(void **state)
{
    struct fixture *f = group(1);

    assert_true(attrd_core_is_writer(f->node[0].core));
    assert_string_equal(attrd_core_writer(f->node[0].core), "b1");
    end(f);
}

static void
a_later_node_learns_the_writer_without_an_election(void **state)
{
    struct fixture *f = group(1);
    unsigned before = f->sent->len;

    start(f, 1);
    assert_int_equal(the_writer(f), 0);
    assert_string_equal(attrd_core_writer(f->node[1].core), "b1");
    for (unsigned i = before; i < f->sent->len; i++) {
        assert_null(xml_get(g_ptr_array_index(f->sent, i), F_CRM_TASK));
    }
    end(f);
}

static void
a_joining_node_gets_all_values_from_the_writer(void **state)
{
    struct fixture *f = group(2);

    set(f, 0, "a", "1");
    set_for(f, 0, "a", "ghost", "2");
    start(f, 2);
    assert_value(f, 2, "a", "b1", "1");
    assert_value(f, 2, "a", "ghost", "2");
    end(f);
}

static void
when_the_writer_is_lost_another_one_is_elected_and_writes_everything(void **state)
{
    struct fixture *f = group(3);
    unsigned writer = the_writer(f);
    unsigned heir;

    set(f, 2, "a", "1");
    stop(f, writer);
    heir = the_writer(f);
    assert_int_not_equal(heir, writer);
    assert_written(f, heir, "3", "a", "1");
    for (unsigned i = 0; i < NODES; i++) {
        if (f->node[i].core != NULL) {
            assert_string_equal(attrd_core_writer(f->node[i].core), names[heir]);
        }
    }
    end(f);
}

static void
a_node_that_is_leaving_does_not_become_the_writer(void **state)
{
    struct fixture *f = group(3);
    unsigned writer = the_writer(f);
    unsigned leaving = writer == 0 ? 1 : 0;

    attrd_core_stop(f->node[leaving].core);
    stop(f, writer);
    assert_int_not_equal(the_writer(f), leaving);
    end(f);
}

/* --- values --- */

static void
a_value_is_known_everywhere_and_written_by_the_writer_alone(void **state)
{
    struct fixture *f = group(3);
    unsigned writer = the_writer(f);

    set(f, 1, "a", "x");
    assert_everywhere(f, "a", "b2", "x");
    assert_string_equal(xml_id(written(f, writer, "2", "a")), "status-2-a");
    for (unsigned i = 0; i < NODES; i++) {
        assert_true(i == writer || writes(f, i) == 0);
    }
    end(f);
}

static void
a_value_that_differs_only_in_case_is_no_change(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "abc");
    before = writes(f, 0);
    set(f, 0, "a", "ABC");
    assert_value(f, 0, "a", "b1", "abc");
    assert_int_equal(writes(f, 0), before);
    end(f);
}

static void
node_names_compare_without_case(void **state)
{
    struct fixture *f = group(1);

    set_for(f, 0, "a", "B1", "1");
    assert_value(f, 0, "a", "b1", "1");
    end(f);
}

static void
the_empty_text_is_a_value(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "");
    assert_value(f, 0, "a", "b1", "");
    assert_written(f, 0, "1", "a", "");
    assert_null(xml_get(written(f, 0, "1", "a"), "__delete__"));
    end(f);
}

static void
an_unset_value_is_deleted_from_the_cib(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    set(f, 0, "a", NULL);
    assert_value(f, 0, "a", "b1", NULL);
    assert_string_equal(xml_get(written(f, 0, "1", "a"), "__delete__"), "value");
    assert_int_equal(last_write(f, 0)->options, 1048960);
    end(f);
}

static void
unsetting_what_never_was_writes_nothing(void **state)
{
    struct fixture *f = group(1);
    unsigned before = writes(f, 0);

    set(f, 0, "a", NULL);
    assert_int_equal(writes(f, 0), before);
    end(f);
}

static void
ids_have_dots_instead_of_colons_and_hashes(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "#x:y", "1");
    assert_string_equal(xml_id(written(f, 0, "1", "#x:y")), "status-1-.x.y");
    end(f);
}

static void
a_set_given_at_creation_stays(void **state)
{
    struct fixture *f = group(1);

    change(f, 0, &(struct attrd_update){ .name = "a", .value = "1", .set = "mine" });
    assert_string_equal(xml_id(written(f, 0, "1", "a")), "mine-a");
    change(f, 0, &(struct attrd_update){ .name = "a", .value = "2", .set = "other" });
    assert_string_equal(xml_id(written(f, 0, "1", "a")), "mine-a");
    end(f);
}

static void
a_private_value_is_shared_but_never_written(void **state)
{
    struct fixture *f = group(2);
    unsigned before = writes(f, the_writer(f));

    change(f, 0, &(struct attrd_update){ .name = "p", .value = "x", .flags = ATTRD_UPDATE_PRIVATE });
    assert_everywhere(f, "p", "b1", "x");
    assert_int_equal(writes(f, the_writer(f)), before);
    end(f);
}

static void
each_written_value_causes_an_alert(void **state)
{
    struct fixture *f = group(2);
    unsigned writer = the_writer(f);
    unsigned before;

    set(f, 0, "a", "1");
    before = f->node[writer].alerts;
    set(f, 1, "a", "2");
    assert_int_equal(f->node[writer].alerts - before, 2); /* both nodes' values are in the request */
    end(f);
}

static const struct {
    const char *before, *request, *after;
} counting[] = {
    { NULL, "value++", "1" },
    { "1", "value++", "2" },
    { "2", "value+=5", "7" },
    { "7", "value+=-9", "-2" },
    { "INFINITY", "value++", "1000000" },
    { "999999", "value+=5", "1000000" },
    { "0", "value+=-3000000", "-1000000" },
    { "red", "value++", "1" },
    { "4", "xxxxx++", "5" },
    { "4", "value++ignored", "5" },
    { "4", "value+", "value+" },
    { "4", "value-=1", "value-=1" },
};

static void
values_count_as_the_table_says(void **state)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(counting); i++) {
        struct fixture *f = group(1);

        set(f, 0, "n", counting[i].before);
        set(f, 0, "n", counting[i].request);
        assert_value(f, 0, "n", "b1", counting[i].after);
        end(f);
    }
}

/* --- delay --- */

static void
a_delayed_value_is_written_when_it_has_been_quiet_for_the_whole_delay(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set_delayed(f, "d", "1", "3s");
    pass(f, 3000);
    before = writes(f, 0);
    set(f, 0, "d", "2");
    pass(f, 2000);
    set(f, 0, "d", "3");
    pass(f, 2900);
    assert_int_equal(writes(f, 0), before);
    pass(f, 200);
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "d", "3");
    end(f);
}

static void
a_changed_delay_writes_the_old_value_at_once_and_the_new_one_later(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set_delayed(f, "d", "1", "3s");
    pass(f, 4000);
    before = writes(f, 0);
    set_delayed(f, "d", "9", "5s");
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "d", "1");
    pass(f, 5000);
    assert_int_equal(writes(f, 0), before + 2);
    assert_written(f, 0, "1", "d", "9");
    end(f);
}

static void
a_plain_update_leaves_the_delay(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set_delayed(f, "d", "1", "3s");
    pass(f, 3000);
    before = writes(f, 0);
    change(f, 0, &(struct attrd_update){ .name = "d", .value = "2", .dampening = "0" });
    assert_int_equal(writes(f, 0), before);
    pass(f, 3000);
    assert_int_equal(writes(f, 0), before + 1);
    end(f);
}

static void
an_update_of_both_without_a_delay_is_dropped(void **state)
{
    struct fixture *f = group(1);

    set(f, 0, "a", "1");
    set_delayed(f, "a", "2", NULL);
    assert_value(f, 0, "a", "b1", "1");
    set_delayed(f, "a", "2", "soon");
    assert_value(f, 0, "a", "b1", "1");
    end(f);
}

static void
setting_the_delay_of_an_unknown_attribute_sends_nothing(void **state)
{
    struct fixture *f = group(1);
    unsigned before = f->sent->len;

    ask(f, 0, "<x task='update-delay' attr_name='zz' attr_dampening='5'/>");
    assert_int_equal(f->sent->len, before);
    end(f);
}

static void
a_delay_travels_in_whole_seconds(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *sync = NULL;

    set_delayed(f, "d", "1", "2500ms");
    start(f, 1);
    for (unsigned i = 0; i < f->sent->len && sync == NULL; i++) {
        sync = xml_find(g_ptr_array_index(f->sent, i), NULL, F_ATTR_NAME, "d");
    }
    assert_non_null(sync);
    assert_string_equal(xml_get(sync, F_ATTR_DAMPENING), "2");
    end(f);
}

/* --- requests --- */

static void
an_update_is_acknowledged_even_if_nobody_waits(void **state)
{
    struct fixture *f = group(1);
    const char *text = "<x task='update' attr_name='a' attr_value='1'/>";
    const xmlNode *ack;

    request(f, 0, xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL), false);
    assert_int_equal(f->node[0].replies->len, 1);
    ack = g_ptr_array_index(f->node[0].replies, 0);
    assert_string_equal(xml_name(ack), "ack");
    assert_int_equal(xml_get_int(ack, "status", -1), 112);
    assert_int_equal(xml_get_int(ack, "ipc-protocol-version", -1), 4);
    end(f);
}

static void
nonsense_gets_no_answer(void **state)
{
    struct fixture *f = group(1);

    ask(f, 0, "<x task='bogus'/>");
    ask(f, 0, "<x task='query'/>");
    ask(f, 0, "<x/>");
    assert_int_equal(f->node[0].replies->len, 0);
    end(f);
}

static void
what_is_no_xml_is_a_protocol_error(void **state)
{
    struct fixture *f = group(1);

    request(f, 0, NULL, true);
    assert_int_equal(xml_get_int(g_ptr_array_index(f->node[0].replies, 0), "status", -1), 76);
    end(f);
}

static const xmlNode *
query(struct fixture *f, const char *attributes)
{
    g_autofree char *text = g_strdup_printf("<x task='query' %s/>", attributes);

    g_ptr_array_set_size(f->node[0].replies, 0);
    ask(f, 0, text);
    assert_int_equal(f->node[0].replies->len, 1);
    return g_ptr_array_index(f->node[0].replies, 0);
}

static void
a_query_of_an_unknown_attribute_names_nothing(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *reply = query(f, "attr_name='nosuch'");

    assert_null(xml_get(reply, F_ATTR_NAME));
    assert_int_equal(xml_count_children(reply, NULL), 0);
    end(f);
}

static void
a_query_answers_for_a_node_in_the_spelling_asked_for(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *reply;

    set(f, 0, "a", "1");
    reply = query(f, "attr_name='a' attr_host='LOCALHOST'");
    assert_string_equal(xml_get(xml_first(reply, "node"), F_ATTR_HOST), "b1");
    reply = query(f, "attr_name='a' attr_host='B1'");
    assert_string_equal(xml_get(xml_first(reply, "node"), F_ATTR_HOST), "B1");
    assert_string_equal(xml_get(xml_first(reply, "node"), F_ATTR_VALUE), "1");
    reply = query(f, "attr_name='a' attr_host='nobody'");
    assert_null(xml_get(xml_first(reply, "node"), F_ATTR_VALUE));
    end(f);
}

static void
a_pattern_changes_every_node_that_has_a_value(void **state)
{
    struct fixture *f = group(3);

    set(f, 0, "abc", "1");
    set(f, 1, "abc", "1");
    set(f, 0, "xyz", "1");
    ask(f, 2, "<x task='update' attr_regex='^a' attr_value='7'/>");
    assert_everywhere(f, "abc", "b1", "7");
    assert_everywhere(f, "abc", "b2", "7");
    assert_everywhere(f, "abc", "b3", NULL);
    assert_everywhere(f, "xyz", "b1", "1");
    end(f);
}

static void
a_list_is_one_message_with_expanded_values(void **state)
{
    struct fixture *f = group(2);
    struct attrd_update u[] = {
        { .name = "last-failure-r#start_0", .value = "1795319462", .node = "b2" },
        { .name = "fail-count-r#start_0", .value = "value++", .node = "b2" },
    };
    unsigned before = f->sent->len;

    request(f, 0, attrd_msg_update_list("test", u, 2), true);
    assert_int_equal(f->sent->len, before + 1);
    assert_everywhere(f, "fail-count-r#start_0", "b2", "1");
    assert_everywhere(f, "last-failure-r#start_0", "b2", "1795319462");
    end(f);
}

static void
an_old_peer_gets_lists_entry_by_entry(void **state)
{
    struct fixture *f = group(2);
    unsigned before;

    ask(f, 0, "<x task='update' attr_name='#attrd-protocol' attr_value='3' attr_host='old' attr_is_private='1'/>");
    before = f->sent->len;
    ask(f, 0,
        "<x task='update' attr_user='eve'><op attr_name='a' attr_value='1' task='update'/>"
        "<op attr_name='b' attr_value='2' task='update'/></x>");
    assert_int_equal(f->sent->len, before + 2);
    assert_string_equal(xml_get(g_ptr_array_index(f->sent, before), F_ATTR_USER), "eve");
    assert_everywhere(f, "a", "b1", "1");
    assert_everywhere(f, "b", "b1", "2");
    end(f);
}

static void
a_refresh_writes_everything_from_the_node_asked(void **state)
{
    struct fixture *f = group(2);
    unsigned other = the_writer(f) == 0 ? 1 : 0;

    set_delayed(f, "d", "1", "60s");
    ask(f, other, "<x task='refresh'/>");
    assert_written(f, other, "1", "d", "1");
    end(f);
}

static void
peer_messages_carry_the_version_and_the_election_state(void **state)
{
    struct fixture *f = group(1);
    const xmlNode *message;

    set(f, 0, "a", "1");
    message = g_ptr_array_index(f->sent, f->sent->len - 1);
    assert_string_equal(xml_get(message, F_TYPE), "attrd");
    assert_string_equal(xml_get(message, F_ATTR_VERSION), "4");
    assert_string_equal(xml_get(message, F_ATTR_WRITER), "3");
    assert_string_equal(xml_get(message, F_ATTR_HOST_ID), "1");
    end(f);
}

/* --- failures --- */

static void
fail_everywhere(struct fixture *f)
{
    static const char *const all[] = { "fail-count-r1#monitor_10000", "last-failure-r1#monitor_10000", "fail-count-r1",
                                       "fail-count-r1#start_0", "fail-count-r12#monitor_10000" };

    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        set_for(f, 0, all[i], "b1", "1");
        set_for(f, 0, all[i], "b2", "1");
    }
}

static void
clearing_one_operation_clears_it_and_the_old_count_on_one_node(void **state)
{
    struct fixture *f = group(2);

    fail_everywhere(f);
    ask(f, 0,
        "<x task='clear-failure' attr_host='b2' attr_resource='r1' attr_clear_operation='monitor' "
        "attr_clear_interval='10s'/>");
    assert_everywhere(f, "fail-count-r1#monitor_10000", "b2", NULL);
    assert_everywhere(f, "last-failure-r1#monitor_10000", "b2", NULL);
    assert_everywhere(f, "fail-count-r1", "b2", NULL);
    assert_everywhere(f, "fail-count-r1#start_0", "b2", "1");
    assert_everywhere(f, "fail-count-r12#monitor_10000", "b2", "1");
    assert_everywhere(f, "fail-count-r1#monitor_10000", "b1", "1");
    end(f);
}

static void
clearing_without_anything_clears_all(void **state)
{
    struct fixture *f = group(2);

    fail_everywhere(f);
    ask(f, 0, "<x task='clear-failure'/>");
    assert_everywhere(f, "fail-count-r12#monitor_10000", "b1", NULL);
    assert_everywhere(f, "fail-count-r1", "b2", NULL);
    end(f);
}

/* --- losing and removing nodes, merging --- */

static void
the_values_of_a_lost_node_are_forgotten_but_not_those_it_set_for_others(void **state)
{
    struct fixture *f = group(3);

    set(f, 2, "a", "own");
    set_for(f, 2, "a", "b1", "given");
    stop(f, 2);
    assert_everywhere(f, "a", "b3", NULL);
    assert_everywhere(f, "a", "b1", "given");
    end(f);
}

static void
a_removed_peer_is_forgotten_by_name_and_by_id(void **state)
{
    struct fixture *f = group(2);

    set_for(f, 0, "a", "ghost", "1");
    ask(f, 0, "<x task='peer-remove' attr_host='ghost'/>");
    assert_everywhere(f, "a", "ghost", NULL);
    set(f, 1, "a", "2");
    ask(f, 0, "<x task='peer-remove' attr_host_id='2'/>");
    assert_everywhere(f, "a", "b2", NULL);
    end(f);
}

static void
after_a_merge_each_node_decides_about_its_own_values(void **state)
{
    struct fixture *f = group(3);
    const char *ghost;

    f->node[0].part = 1;
    reconfigure(f);
    set_for(f, 0, "y", "b1", "11");
    set_for(f, 0, "y", "b2", "22");
    set_for(f, 0, "y", "ghost", "g1");
    set_for(f, 1, "y", "b1", "111");
    set_for(f, 1, "y", "b2", "222");
    set_for(f, 1, "y", "ghost", "g2");
    set(f, 0, "only1", "x");
    set(f, 2, "only3", "z");
    f->node[0].part = 0;
    reconfigure(f);
    pass(f, 5000);
    assert_everywhere(f, "y", "b1", "11");
    assert_everywhere(f, "y", "b2", "222");
    ghost = attrd_core_value(f->node[0].core, "y", "ghost");
    assert_non_null(ghost);
    assert_everywhere(f, "y", "ghost", ghost);
    assert_everywhere(f, "only1", "b1", "x");
    assert_everywhere(f, "only3", "b3", "z");
    the_writer(f);
    end(f);
}

static void
a_node_corrects_what_others_say_about_its_own_unset_value(void **state)
{
    struct fixture *f = group(2);

    set(f, 0, "a", "1");
    set(f, 0, "a", NULL);
    f->node[1].part = 1;
    reconfigure(f);
    set_for(f, 1, "a", "b1", "wrong");
    f->node[1].part = 0;
    reconfigure(f);
    pass(f, 5000);
    assert_everywhere(f, "a", "b1", NULL);
    end(f);
}

/* --- writing --- */

static void
erase(struct fixture *f, const char *path)
{
    g_autofree char *text = g_strdup_printf("<diff format='2'><change operation='delete' path=\"%s\"/></diff>", path);
    xmlNode *patch = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    attrd_core_cib_changed(f->node[0].core, f->now, patch);
    xml_free(patch);
    pass(f, 2500);
}

static void
attributes_that_somebody_erased_are_written_again(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "1");
    before = writes(f, 0);
    erase(f, "/cib/status/node_state[@id='1']/transient_attributes[@id='1']/instance_attributes[@id='status-1']/nvpair[@id='x']");
    assert_int_equal(writes(f, 0), before);
    erase(f, "/cib/status/node_state[@id='1']/transient_attributes[@id='1']");
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "a", "1");
    end(f);
}

static void
erased_attributes_of_a_leaving_node_stay_erased(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "shutdown", "1795319462");
    before = writes(f, 0);
    erase(f, "/cib/status/node_state[@id='1']/transient_attributes[@id='1']");
    assert_int_equal(writes(f, 0), before);
    end(f);
}

static void
changes_during_a_write_are_written_when_it_is_answered(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    f->answer_writes = false;
    set(f, 0, "a", "1");
    before = writes(f, 0);
    set(f, 0, "a", "2");
    set(f, 0, "a", "3");
    assert_int_equal(writes(f, 0), before);
    answer(f, RC_OK);
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "a", "3");
    end(f);
}

static void
a_failed_write_is_tried_again_after_two_seconds(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    f->answer_writes = false;
    set(f, 0, "a", "1");
    before = writes(f, 0);
    answer(f, EACCES);
    pass(f, 1900);
    assert_int_equal(writes(f, 0), before);
    pass(f, 200);
    assert_int_equal(writes(f, 0), before + 1);
    end(f);
}

static void
everything_is_written_in_one_request_after_the_cib_was_replaced(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "1");
    set(f, 0, "b", "2");
    set(f, 0, "c", "3");
    before = writes(f, 0);
    replace_cib(f);
    assert_int_equal(writes(f, 0), before + 1);
    assert_written(f, 0, "1", "a", "1");
    assert_written(f, 0, "1", "b", "2");
    assert_written(f, 0, "1", "c", "3");
    end(f);
}

static void
attributes_of_different_users_do_not_share_a_request(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    ask(f, 0, "<x task='update' attr_name='a' attr_value='1' attr_user='root'/>");
    ask(f, 0, "<x task='update' attr_name='b' attr_value='1' attr_user='eve'/>");
    before = writes(f, 0);
    replace_cib(f);
    assert_int_equal(writes(f, 0), before + 2);
    assert_string_equal(last_write(f, 0)->user, "eve");
    end(f);
}

static void
attributes_refused_in_company_are_tried_again_alone(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "a", "1");
    set(f, 0, "b", "2");
    f->answer_writes = false;
    replace_cib(f);
    before = writes(f, 0);
    answer(f, EACCES);
    pass(f, 2100);
    assert_int_equal(writes(f, 0), before + 2);
    end(f);
}

static void
a_leaving_node_does_not_write_its_attributes_anew(void **state)
{
    struct fixture *f = group(1);
    unsigned before;

    set(f, 0, "shutdown", "1795319462");
    assert_true(attrd_core_shutdown_requested(f->node[0].core));
    before = writes(f, 0);
    replace_cib(f);
    assert_int_equal(writes(f, 0), before);
    set(f, 0, "shutdown", "0");
    assert_false(attrd_core_shutdown_requested(f->node[0].core));
    end(f);
}

static void
values_of_unknown_nodes_wait_until_the_node_is_known(void **state)
{
    struct fixture *f = group(1);
    unsigned before = writes(f, 0);

    set_for(f, 0, "g", "ghost", "1");
    assert_int_equal(writes(f, 0), before);
    ask(f, 0, "<x task='update' attr_name='h' attr_value='1' attr_host='ghost' attr_host_id='9'/>");
    assert_written(f, 0, "9", "g", "1");
    end(f);
}

static void
values_of_remote_nodes_are_written_under_their_name(void **state)
{
    struct fixture *f = group(1);

    ask(f, 0, "<x task='update' attr_name='a' attr_value='1' attr_host='r' attr_is_remote='1'/>");
    assert_string_equal(xml_id(written(f, 0, "r", "a")), "status-r-a");
    end(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_node_makes_itself_the_writer),
        cmocka_unit_test(a_later_node_learns_the_writer_without_an_election),
        cmocka_unit_test(a_joining_node_gets_all_values_from_the_writer),
        cmocka_unit_test(when_the_writer_is_lost_another_one_is_elected_and_writes_everything),
        cmocka_unit_test(a_node_that_is_leaving_does_not_become_the_writer),
        cmocka_unit_test(a_value_is_known_everywhere_and_written_by_the_writer_alone),
        cmocka_unit_test(a_value_that_differs_only_in_case_is_no_change),
        cmocka_unit_test(node_names_compare_without_case),
        cmocka_unit_test(the_empty_text_is_a_value),
        cmocka_unit_test(an_unset_value_is_deleted_from_the_cib),
        cmocka_unit_test(unsetting_what_never_was_writes_nothing),
        cmocka_unit_test(ids_have_dots_instead_of_colons_and_hashes),
        cmocka_unit_test(a_set_given_at_creation_stays),
        cmocka_unit_test(a_private_value_is_shared_but_never_written),
        cmocka_unit_test(each_written_value_causes_an_alert),
        cmocka_unit_test(values_count_as_the_table_says),
        cmocka_unit_test(a_delayed_value_is_written_when_it_has_been_quiet_for_the_whole_delay),
        cmocka_unit_test(a_changed_delay_writes_the_old_value_at_once_and_the_new_one_later),
        cmocka_unit_test(a_plain_update_leaves_the_delay),
        cmocka_unit_test(an_update_of_both_without_a_delay_is_dropped),
        cmocka_unit_test(setting_the_delay_of_an_unknown_attribute_sends_nothing),
        cmocka_unit_test(a_delay_travels_in_whole_seconds),
        cmocka_unit_test(an_update_is_acknowledged_even_if_nobody_waits),
        cmocka_unit_test(nonsense_gets_no_answer),
        cmocka_unit_test(what_is_no_xml_is_a_protocol_error),
        cmocka_unit_test(a_query_of_an_unknown_attribute_names_nothing),
        cmocka_unit_test(a_query_answers_for_a_node_in_the_spelling_asked_for),
        cmocka_unit_test(a_pattern_changes_every_node_that_has_a_value),
        cmocka_unit_test(a_list_is_one_message_with_expanded_values),
        cmocka_unit_test(an_old_peer_gets_lists_entry_by_entry),
        cmocka_unit_test(a_refresh_writes_everything_from_the_node_asked),
        cmocka_unit_test(peer_messages_carry_the_version_and_the_election_state),
        cmocka_unit_test(clearing_one_operation_clears_it_and_the_old_count_on_one_node),
        cmocka_unit_test(clearing_without_anything_clears_all),
        cmocka_unit_test(the_values_of_a_lost_node_are_forgotten_but_not_those_it_set_for_others),
        cmocka_unit_test(a_removed_peer_is_forgotten_by_name_and_by_id),
        cmocka_unit_test(after_a_merge_each_node_decides_about_its_own_values),
        cmocka_unit_test(a_node_corrects_what_others_say_about_its_own_unset_value),
        cmocka_unit_test(attributes_that_somebody_erased_are_written_again),
        cmocka_unit_test(erased_attributes_of_a_leaving_node_stay_erased),
        cmocka_unit_test(changes_during_a_write_are_written_when_it_is_answered),
        cmocka_unit_test(a_failed_write_is_tried_again_after_two_seconds),
        cmocka_unit_test(everything_is_written_in_one_request_after_the_cib_was_replaced),
        cmocka_unit_test(attributes_of_different_users_do_not_share_a_request),
        cmocka_unit_test(attributes_refused_in_company_are_tried_again_alone),
        cmocka_unit_test(a_leaving_node_does_not_write_its_attributes_anew),
        cmocka_unit_test(values_of_unknown_nodes_wait_until_the_node_is_known),
        cmocka_unit_test(values_of_remote_nodes_are_written_under_their_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
