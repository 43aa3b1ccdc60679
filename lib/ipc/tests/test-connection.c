/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both ends of a connection, over real libqb: a server in a child process, the client here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"
#include "lib/ipc/ipc_server.h"

static char endpoint[40];
static pid_t server_pid;
static struct ipc_connection *client;
static struct ipc_server *server; /* in the child */

/* --- the server --- */

static void
on_request(struct ipc_client *c, struct ipc_request *r, void *data)
{
    const char *task = r->xml != NULL ? xml_get(r->xml, F_CRM_TASK) : NULL;
    g_autoptr(xmlNode) reply = NULL;

    if (r->xml == NULL) {
        ipc_client_ack(c, r, "nack", CRM_EX_PROTOCOL, NULL);
    } else if (text_equal(task, "echo")) {
        ipc_client_reply(c, r->id, r->flags, r->xml);
    } else if (text_equal(task, "late")) {
        /* Longer than the shortest time-out of a caller, which is a second. */
        g_usleep(1500 * 1000);
        ipc_client_reply(c, r->id, r->flags, r->xml);
    } else if (text_equal(task, "ask")) {
        ipc_client_ack(c, r, "ack", CRM_EX_INDETERMINATE, NULL);
        reply = ctl_reply_new(r->xml, NULL);
        ipc_client_event(c, reply);
    } else if (text_equal(task, "events")) {
        long long n = xml_get_int(r->xml, "n", 0);

        ipc_client_ack(c, r, "ack", CRM_EX_OK, NULL);
        for (long long i = 0; i < n; i++) {
            g_autoptr(xmlNode) event = xml_new(NULL, "event");

            xml_set_int(event, "n", i);
            ipc_client_event(c, event);
        }
    } else if (text_equal(task, "hangup")) {
        ipc_client_disconnect(c);
    } else if (text_equal(task, "refuse")) {
        ipc_client_ack(c, r, "ack", CRM_EX_OK, NULL);
        ipc_server_refuse(server, EPERM);
    } else if (text_equal(task, "whoami")) {
        reply = xml_new(NULL, "you");
        xml_set_int(reply, "pid", c->pid);
        xml_set(reply, "user", c->user);
        xml_set(reply, "privileged", c->privileged ? "true" : "false");
        xml_set(reply, "id", c->id);
        ipc_client_reply(c, r->id, r->flags, reply);
    }
}

static const struct ipc_server_callbacks server_callbacks = { .request = on_request };

/* Orderly, so that libqb removes its files from /dev/shm. */
static gboolean
on_sigterm(gpointer data)
{
    ipc_server_free(server);
    _exit(0);
}

static void
run_server(int ready)
{
    g_unix_signal_add(SIGTERM, on_sigterm, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    server = ipc_server_new(endpoint, IPC_TYPE_NATIVE, IPC_SERVER_DEFAULT, &server_callbacks, NULL);
    if (write(ready, server != NULL ? "y" : "n", 1) != 1 || server == NULL) {
        _exit(1);
    }
    g_main_loop_run(g_main_loop_new(NULL, FALSE));
    _exit(0);
}

/* A connected client. */
static int
setup(void **state)
{
    int pipes[2];
    char answer = 0;

    snprintf(endpoint, sizeof(endpoint), "quorate-test-%ld", (long)getpid());
    if (pipe(pipes) != 0) {
        return -1;
    }
    server_pid = fork();
    if (server_pid == 0) {
        run_server(pipes[1]);
    }
    if (read(pipes[0], &answer, 1) != 1 || answer != 'y') {
        return -1;
    }
    close(pipes[0]);
    close(pipes[1]);
    return ipc_connect(endpoint, 0, &client) == RC_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    ipc_disconnect(client);
    client = NULL;
    kill(server_pid, SIGTERM);
    waitpid(server_pid, NULL, 0);
    return 0;
}

static xmlNode *
request(const char *task)
{
    struct ctl_request r = { .task = task, .sys_to = "test", .sys_from = "test" };

    return ctl_request_new(ctl_process_refs(), &r);
}

/* --- tests --- */

static void
a_call_gets_its_response(void **state)
{
    g_autoptr(xmlNode) q = request("echo");
    g_autoptr(xmlNode) reply = NULL;

    assert_int_equal(ipc_call(client, q, 0, &reply), RC_OK);
    assert_string_equal(xml_get(reply, F_REFERENCE), xml_get(q, F_REFERENCE));
    assert_int_equal(ipc_server_pid(client), server_pid);
}

static void
big_messages_pass_compressed_both_ways(void **state)
{
    g_autoptr(xmlNode) q = request("echo");
    g_autoptr(xmlNode) reply = NULL;
    g_autofree char *big = g_strnfill(400000, 'x');

    xml_set(q, "big", big);
    assert_int_equal(ipc_call(client, q, 0, &reply), RC_OK);
    assert_string_equal(xml_get(reply, "big"), big);
}

static void
a_message_that_cannot_fit_is_refused_at_once(void **state)
{
    g_autoptr(xmlNode) q = request("echo");
    g_autoptr(GString) big = g_string_new(NULL);
    uint32_t x = 1;

    while (big->len < 1000000) {
        x = x * 1664525 + 1013904223;
        g_string_append_c(big, (char)('0' + (x >> 24) % 75));
    }
    xml_set(q, "big", big->str);
    assert_int_equal(ipc_call(client, q, 0, NULL), EMSGSIZE);
}

static void
the_server_knows_its_client(void **state)
{
    g_autoptr(xmlNode) q = request("whoami");
    g_autoptr(xmlNode) reply = NULL;

    assert_int_equal(ipc_call(client, q, 0, &reply), RC_OK);
    assert_int_equal(xml_get_int(reply, "pid", 0), getpid());
    assert_int_equal(strlen(xml_get(reply, "id")), 36);
    if (geteuid() == 0) {
        assert_string_equal(xml_get(reply, "user"), "root");
        assert_string_equal(xml_get(reply, "privileged"), "true");
    }
}

static void
an_ack_is_followed_by_the_real_answer(void **state)
{
    g_autoptr(xmlNode) q = request("ask");
    g_autoptr(xmlNode) reply = NULL;

    assert_int_equal(ipc_ask(client, q, 0, &reply), RC_OK);
    assert_true(ctl_is_reply(reply));
    assert_string_equal(xml_get(reply, F_REFERENCE), xml_get(q, F_REFERENCE));
}

static void
a_late_response_does_not_answer_the_next_call(void **state)
{
    g_autoptr(xmlNode) late = request("late");
    g_autoptr(xmlNode) q = request("echo");
    g_autoptr(xmlNode) reply = NULL;

    assert_int_equal(ipc_call(client, late, 1, NULL), ETIMEDOUT);
    assert_int_equal(ipc_call(client, q, 5000, &reply), RC_OK);
    assert_string_equal(xml_get(reply, F_CRM_TASK), "echo");
}

static void
a_connection_that_still_owes_a_reply_says_so(void **state)
{
    g_autoptr(xmlNode) never = request("silence");
    g_autoptr(xmlNode) q = request("echo");

    assert_int_equal(ipc_call(client, never, 1, NULL), ETIMEDOUT);
    assert_int_equal(ipc_call(client, q, 1, NULL), EALREADY);
}

static void
a_proxied_connection_is_answered_by_events(void **state)
{
    g_autoptr(xmlNode) q = request("echo");
    g_autoptr(xmlNode) event = NULL;
    uint32_t flags = 0;

    assert_int_equal(ipc_send(client, q, IPC_PROXIED | IPC_WANTS_RESPONSE, NULL), RC_OK);
    assert_int_equal(ipc_next_event(client, 3000, &event, &flags), RC_OK);
    assert_int_equal(flags, 0x70300);
    assert_string_equal(xml_get(event, F_REFERENCE), xml_get(q, F_REFERENCE));
}

static void
a_request_that_wants_no_response_is_answered_by_an_event(void **state)
{
    g_autoptr(xmlNode) q = request("echo");
    g_autoptr(xmlNode) event = NULL;
    uint32_t flags = 0;

    assert_int_equal(ipc_send(client, q, 0, NULL), RC_OK);
    assert_int_equal(ipc_next_event(client, 3000, &event, &flags), RC_OK);
    assert_int_equal(flags, 0x30000);
}

static void
events_arrive_in_order_even_when_the_server_has_to_queue(void **state)
{
    g_autoptr(xmlNode) q = request("events");

    xml_set_int(q, "n", 450);
    assert_int_equal(ipc_call(client, q, 0, NULL), RC_OK);
    for (int i = 0; i < 450; i++) {
        g_autoptr(xmlNode) event = NULL;

        assert_int_equal(ipc_next_event(client, 5000, &event, NULL), RC_OK);
        assert_int_equal(xml_get_int(event, "n", -1), i);
    }
}

static void
who_reads_again_gets_what_has_waited_at_once(void **state)
{
    enum { EVENTS = 5000 }; /* many times what the ring holds */
    g_autoptr(xmlNode) q = request("events");
    gint64 begin;

    xml_set_int(q, "n", EVENTS);
    assert_int_equal(ipc_call(client, q, 0, NULL), RC_OK);
    begin = g_get_monotonic_time();
    for (int i = 0; i < EVENTS; i++) {
        g_autoptr(xmlNode) event = NULL;

        assert_int_equal(ipc_next_event(client, 5000, &event, NULL), RC_OK);
        assert_int_equal(xml_get_int(event, "n", -1), i);
    }
    /* The time between two judgements, for each hundred events, would be 75 s. */
    assert_in_range(g_get_monotonic_time() - begin, 0, 20 * G_USEC_PER_SEC);
}

static void
a_client_that_never_reads_is_evicted(void **state)
{
    g_autoptr(xmlNode) q = request("events");
    g_autoptr(xmlNode) more = request("events");
    int rc = RC_OK;

    xml_set_int(q, "n", 30000);
    xml_set_int(more, "n", 1);
    assert_int_equal(ipc_call(client, q, 0, NULL), RC_OK);
    /* The first flush found a backlog above the limit; the one of the timer finds it unchanged. */
    for (int i = 0; i < 8 && rc == RC_OK; i++) {
        g_usleep(1000 * 1000);
        rc = ipc_call(client, more, 1000, NULL);
    }
    assert_int_equal(rc, ENOTCONN);
}

static void
the_end_of_the_server_is_noticed_while_waiting(void **state)
{
    g_autoptr(xmlNode) q = request("hangup");

    assert_int_equal(ipc_call(client, q, -1, NULL), ENOTCONN);
    assert_false(ipc_is_connected(client));
}

static void
nobody_is_there(void **state)
{
    struct ipc_connection *c;

    assert_int_equal(ipc_connect("quorate-test-nobody", 0, &c), ECONNREFUSED);
    assert_null(c);
    assert_int_equal(ipc_probe("quorate-test-nobody", 0, 0, 500, NULL), RC_IPC_UNRESPONSIVE);
}

static void
a_server_that_shuts_down_refuses_newcomers_and_keeps_its_clients(void **state)
{
    g_autoptr(xmlNode) q = request("refuse");
    g_autoptr(xmlNode) echo = request("echo");
    struct ipc_connection *c;

    assert_int_equal(ipc_call(client, q, 0, NULL), RC_OK);
    assert_int_equal(ipc_connect(endpoint, 0, &c), EPERM);
    assert_int_equal(ipc_call(client, echo, 0, NULL), RC_OK);
}

static unsigned
open_files(void)
{
    GDir *dir = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(dir) != NULL) {
        n++;
    }
    g_dir_close(dir);
    return n;
}

static void
attempts_to_connect_leave_no_descriptors_open(void **state)
{
    unsigned before = open_files();
    struct ipc_connection *c;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ipc_connect(endpoint, 0, &c), RC_OK);
        ipc_disconnect(c);
        assert_int_equal(ipc_probe(endpoint, 0, 0, 2000, NULL), RC_OK);
        assert_int_equal(ipc_connect("quorate-test-nobody", 0, &c), ECONNREFUSED);
    }
    assert_int_equal(open_files(), before);
    kill(server_pid, SIGSTOP);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ipc_probe(endpoint, 0, 0, 50, NULL), RC_IPC_UNRESPONSIVE);
    }
    kill(server_pid, SIGCONT);
    assert_int_equal(open_files(), before);
}

static void
refusals_leave_no_descriptors_open(void **state)
{
    g_autoptr(xmlNode) q = request("refuse");
    struct ipc_connection *c;
    unsigned before;

    assert_int_equal(ipc_call(client, q, 0, NULL), RC_OK);
    before = open_files();
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(ipc_connect(endpoint, 0, &c), EPERM);
    }
    assert_int_equal(open_files(), before);
}

static void
a_probe_finds_the_server_and_a_frozen_one_does_not_hold_it_up(void **state)
{
    pid_t pid = 0;
    gint64 begin;

    assert_int_equal(ipc_probe(endpoint, 0, 0, 2000, &pid), RC_OK);
    assert_int_equal(pid, server_pid);
    kill(server_pid, SIGSTOP);
    begin = g_get_monotonic_time();
    assert_int_equal(ipc_probe(endpoint, 0, 0, 300, &pid), RC_IPC_UNRESPONSIVE);
    assert_true(g_get_monotonic_time() - begin < 2000000);
    kill(server_pid, SIGCONT);
    assert_int_equal(ipc_probe(endpoint, 0, 0, 2000, &pid), RC_OK);
}

static GMainLoop *loop;
static int seen;
static bool closed;

static void
on_event(struct ipc_connection *c, xmlNode *xml, uint32_t flags, void *data)
{
    assert_int_equal(xml_get_int(xml, "n", -1), seen);
    seen++;
    if (seen == 25) {
        kill(server_pid, SIGTERM);
    }
}

static void
on_closed(struct ipc_connection *c, void *data)
{
    closed = true;
    g_main_loop_quit(loop);
}

static void
the_main_loop_delivers_events_and_the_end_of_the_connection(void **state)
{
    static const struct ipc_connection_callbacks callbacks = { .event = on_event,
                                                               .closed = on_closed };
    g_autoptr(xmlNode) q = request("events");

    seen = 0;
    closed = false;
    loop = g_main_loop_new(NULL, FALSE);
    ipc_watch(client, G_PRIORITY_DEFAULT, &callbacks, NULL);
    xml_set_int(q, "n", 25);
    assert_int_equal(ipc_call(client, q, 0, NULL), RC_OK);
    g_main_loop_run(loop);
    g_main_loop_unref(loop);
    assert_int_equal(seen, 25);
    assert_true(closed);
    assert_false(ipc_is_connected(client));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_call_gets_its_response),
        CONNECTED(big_messages_pass_compressed_both_ways),
        CONNECTED(a_message_that_cannot_fit_is_refused_at_once),
        CONNECTED(the_server_knows_its_client),
        CONNECTED(an_ack_is_followed_by_the_real_answer),
        CONNECTED(a_late_response_does_not_answer_the_next_call),
        CONNECTED(a_connection_that_still_owes_a_reply_says_so),
        CONNECTED(a_proxied_connection_is_answered_by_events),
        CONNECTED(a_request_that_wants_no_response_is_answered_by_an_event),
        CONNECTED(events_arrive_in_order_even_when_the_server_has_to_queue),
        CONNECTED(who_reads_again_gets_what_has_waited_at_once),
        CONNECTED(a_client_that_never_reads_is_evicted),
        CONNECTED(the_end_of_the_server_is_noticed_while_waiting),
        CONNECTED(a_server_that_shuts_down_refuses_newcomers_and_keeps_its_clients),
        CONNECTED(attempts_to_connect_leave_no_descriptors_open),
        CONNECTED(refusals_leave_no_descriptors_open),
        CONNECTED(a_probe_finds_the_server_and_a_frozen_one_does_not_hold_it_up),
        CONNECTED(the_main_loop_delivers_events_and_the_end_of_the_connection),
        cmocka_unit_test(nobody_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
