/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The group of group.h.  Linked into the tests of the attribute manager's core; decides nothing about attributes. */
#include "daemons/attrd/tests/group.h"

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"

#include <stdio.h>
#include <string.h>

const char *const names[NODES] = { "b1", "b2", "b3" };

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

void
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
        } else if (e->kind == ATTRD_CIB_READ) {
            n->read = true;
        } else if (e->kind == ATTRD_CIB_ERASE) {
            g_string_append_printf(n->erased, "%s\n", e->xpath);
        } else {
            n->alerts++;
        }
        attrd_effect_free(e);
    }
}

void
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
void
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

void
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

void
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

struct fixture *
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

void
end(struct fixture *f)
{
    for (unsigned i = 0; i < NODES; i++) {
        stop(f, i);
    }
    g_ptr_array_unref(f->sent);
    g_free(f);
}

void
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

void
request(struct fixture *f, unsigned i, xmlNode *xml, bool wants_response)
{
    struct attrd_request r = { .xml = xml, .client = "test", .wants_response = wants_response };

    attrd_core_request(f->node[i].core, f->now, &r);
    collect(&f->node[i]);
    xml_free(xml);
    deliver(f);
}

/* Raw request to a node's endpoint. */
void
ask(struct fixture *f, unsigned i, const char *text)
{
    request(f, i, xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL), true);
}

void
change(struct fixture *f, unsigned i, const struct attrd_update *u)
{
    request(f, i, attrd_msg_update("test", u), true);
}

void
set_for(struct fixture *f, unsigned i, const char *name, const char *node, const char *value)
{
    change(f, i, &(struct attrd_update){ .name = name, .value = value, .node = node });
}

void
set(struct fixture *f, unsigned i, const char *name, const char *value)
{
    set_for(f, i, name, NULL, value);
}

void
set_delayed(struct fixture *f, const char *name, const char *value, const char *delay)
{
    change(f, 0,
           &(struct attrd_update){
               .task = ATTRD_TASK_UPDATE_BOTH, .name = name, .value = value, .dampening = delay });
}

void
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

void
assert_everywhere(struct fixture *f, const char *name, const char *node, const char *expected)
{
    for (unsigned i = 0; i < NODES; i++) {
        if (f->node[i].core != NULL) {
            assert_value(f, i, name, node, expected);
        }
    }
}

unsigned
writes(struct fixture *f, unsigned i)
{
    return f->node[i].writes->len;
}

const struct attrd_effect *
last_write(struct fixture *f, unsigned i)
{
    assert_true(writes(f, i) > 0);
    return g_ptr_array_index(f->node[i].writes, writes(f, i) - 1);
}

/* The CIB answers the last request. */
void
answer(struct fixture *f, int rc)
{
    attrd_core_cib_result(f->node[0].core, f->now, last_write(f, 0)->write_id, rc);
    collect(&f->node[0]);
}

void
replace_cib(struct fixture *f)
{
    attrd_core_cib_replaced(f->node[0].core, f->now);
    collect(&f->node[0]);
}

/* nvpair with this name for this node UUID in the last request of a node, or NULL. */
const xmlNode *
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

void
assert_written(struct fixture *f, unsigned i, const char *uuid, const char *name, const char *expected)
{
    const xmlNode *pair = written(f, i, uuid, name);

    assert_non_null(pair);
    assert_string_equal(xml_get(pair, "value"), expected);
}

unsigned
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
