/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pacemaker-remoted's core: sessions of local clients, and leaving in order; its file of variables (spec 50 §12.5, §13, §14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>

#include "daemons/execd/remoted_core.h"
#include "daemons/execd/remoted_init.h"
#include "lib/base/xml.h"

#define SESSION "47ca04f6-0000-4000-8000-000000000000"

static int
setup(void **state)
{
    *state = remoted_core_new();
    return 0;
}

static int
teardown(void **state)
{
    remoted_core_free(*state);
    return 0;
}

/* Expect this effect next; the caller frees it. */
static struct remoted_effect *
next(struct remoted_core *core, enum remoted_effect_kind kind)
{
    struct remoted_effect *e = remoted_core_take_effect(core);

    assert_non_null(e);
    assert_int_equal(e->kind, kind);
    return e;
}

static void
expect_text(struct remoted_core *core, enum remoted_effect_kind kind, const char *to, const char *text)
{
    struct remoted_effect *e = next(core, kind);
    g_autofree char *got = xml_to_text(e->xml, XML_TEXT_PLAIN);

    assert_string_equal(got, text);
    assert_string_equal(kind == REMOTED_SEND ? e->client : e->session, to);
    remoted_effect_free(e);
}

static void
expect(struct remoted_core *core, enum remoted_effect_kind kind)
{
    remoted_effect_free(next(core, kind));
}

static void
expect_nothing(struct remoted_core *core)
{
    assert_null(remoted_core_take_effect(core));
}

static void
say(struct remoted_core *core, const char *client, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    remoted_core_message(core, client, xml);
}

static void
open_session(struct remoted_core *core)
{
    remoted_core_session(core, SESSION, "cib_rw", 276, "root");
    expect_text(core, REMOTED_SEND, "A",
                "<lrmd_ipc_proxy lrmd_ipc_op=\"new\" lrmd_ipc_session=\"" SESSION "\" lrmd_ipc_server=\"cib_rw\"/>");
}

static void
nobody_is_admitted_without_a_cluster_node(void **state)
{
    struct remoted_core *core = *state;

    assert_int_equal(remoted_core_admits(core), EREMOTEIO);
    remoted_core_provider(core, "A");
    assert_int_equal(remoted_core_admits(core), 0);
    remoted_core_client_gone(core, "A");
    assert_int_equal(remoted_core_admits(core), EREMOTEIO);
    expect_nothing(core);
}

static void
a_request_travels_as_peers_expect_it(void **state)
{
    struct remoted_core *core = *state;
    g_autoptr(xmlNode) request = xml_new(NULL, "cib_command");

    remoted_core_provider(core, "A");
    open_session(core);
    xml_set(request, "t", "cib");
    remoted_core_request(core, SESSION, 1, 512, request);
    expect_text(core, REMOTED_SEND, "A",
                "<lrmd_ipc_proxy lrmd_ipc_op=\"request\" lrmd_ipc_session=\"" SESSION "\" "
                "lrmd_ipc_client=\"proxy-cib_rw-276-47ca04f6\" lrmd_ipc_user=\"root\" lrmd_ipc_msg_id=\"1\" "
                "lrmd_ipc_msg_flags=\"768\"><lrmd_ipc_msg><cib_command t=\"cib\"/></lrmd_ipc_msg></lrmd_ipc_proxy>");
}

static void
answers_and_events_reach_the_session(void **state)
{
    struct remoted_core *core = *state;
    struct remoted_effect *e;

    remoted_core_provider(core, "A");
    open_session(core);
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='response' lrmd_ipc_session='" SESSION "' lrmd_ipc_msg_id='7'>"
                   "<lrmd_ipc_msg><ack status='0'/></lrmd_ipc_msg></lrmd_ipc_proxy>");
    e = next(core, REMOTED_RESPOND);
    assert_int_equal(e->message_id, 7);
    assert_string_equal(e->session, SESSION);
    remoted_effect_free(e);
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='event' lrmd_ipc_session='" SESSION "'><lrmd_ipc_msg><n/></lrmd_ipc_msg></lrmd_ipc_proxy>");
    expect_text(core, REMOTED_EVENT, SESSION, "<n/>");
    /* what holds nothing is no message */
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='event' lrmd_ipc_session='" SESSION "'><lrmd_ipc_msg/></lrmd_ipc_proxy>");
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='event' lrmd_ipc_session='" SESSION "'/>");
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='dance' lrmd_ipc_session='" SESSION "'/>");
    say(core, "A", "<lrmd_ipc_proxy/>");
    expect_nothing(core);
}

static void
who_asks_for_a_session_that_is_gone_is_told(void **state)
{
    struct remoted_core *core = *state;

    remoted_core_provider(core, "A");
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='event' lrmd_ipc_session='x'><lrmd_ipc_msg><n/></lrmd_ipc_msg></lrmd_ipc_proxy>");
    expect_text(core, REMOTED_SEND, "A", "<lrmd_ipc_proxy lrmd_ipc_op=\"destroy\" lrmd_ipc_session=\"x\"/>");
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='destroy' lrmd_ipc_session='x'/>"); /* no answer, or it would go on for ever */
    expect_nothing(core);
}

static void
the_end_of_one_side_is_the_end_of_the_other(void **state)
{
    struct remoted_core *core = *state;

    remoted_core_provider(core, "A");
    open_session(core);
    remoted_core_session_closed(core, SESSION);
    expect_text(core, REMOTED_SEND, "A", "<lrmd_ipc_proxy lrmd_ipc_op=\"destroy\" lrmd_ipc_session=\"" SESSION "\"/>");
    open_session(core);
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='destroy' lrmd_ipc_session='" SESSION "'/>");
    expect(core, REMOTED_DROP);
    remoted_core_session_closed(core, SESSION); /* as it comes of the disconnection */
    expect_nothing(core);
}

static void
sessions_stay_with_the_node_they_began_with(void **state)
{
    struct remoted_core *core = *state;
    g_autoptr(xmlNode) request = xml_new(NULL, "r");
    struct remoted_effect *e;

    remoted_core_provider(core, "A");
    open_session(core);
    remoted_core_provider(core, "B");
    remoted_core_request(core, SESSION, 1, 0, request);
    e = next(core, REMOTED_SEND);
    assert_string_equal(e->client, "A");
    remoted_effect_free(e);
    remoted_core_session(core, "other", "cib_shm", 1, "u");
    expect_text(core, REMOTED_SEND, "B",
                "<lrmd_ipc_proxy lrmd_ipc_op=\"new\" lrmd_ipc_session=\"other\" lrmd_ipc_server=\"cib_rw\"/>");
    remoted_core_client_gone(core, "A");
    e = next(core, REMOTED_DROP);
    assert_string_equal(e->session, SESSION);
    remoted_effect_free(e);
    remoted_core_request(core, SESSION, 2, 0, request);
    expect_nothing(core);
}

static void
without_cluster_it_leaves_at_once(void **state)
{
    struct remoted_core *core = *state;

    remoted_core_terminate(core);
    expect(core, REMOTED_EXIT);
    expect_nothing(core);
}

static void
ask_to_leave(struct remoted_core *core)
{
    remoted_core_provider(core, "A");
    remoted_core_provider(core, "B");
    remoted_core_terminate(core);
    expect_text(core, REMOTED_SEND, "B", "<lrmd_ipc_proxy lrmd_ipc_op=\"shutdown_req\" lrmd_ipc_session=\"0\"/>");
    expect(core, REMOTED_STOP_LISTENING);
    expect(core, REMOTED_ARM_TIMER);
}

static void
with_the_clusters_consent_it_waits_for_the_last_node(void **state)
{
    struct remoted_core *core = *state;

    ask_to_leave(core);
    say(core, "B", "<lrmd_ipc_proxy lrmd_ipc_op='shutdown_ack'/>");
    expect(core, REMOTED_CANCEL_TIMER);
    remoted_core_terminate(core); /* once more: patience */
    remoted_core_timer(core);
    remoted_core_client_gone(core, "B");
    expect_nothing(core);
    remoted_core_client_gone(core, "A");
    expect(core, REMOTED_EXIT);
}

static void
refused_or_unanswered_it_leaves(void **state)
{
    struct remoted_core *core = *state;

    ask_to_leave(core);
    say(core, "B", "<lrmd_ipc_proxy lrmd_ipc_op='shutdown_nack'/>");
    expect(core, REMOTED_EXIT);
    remoted_core_timer(core);
    expect_nothing(core);
    teardown(state);
    setup(state);
    core = *state;
    ask_to_leave(core);
    remoted_core_timer(core);
    expect(core, REMOTED_EXIT);
}

static void
an_answer_that_nobody_asked_for_changes_nothing(void **state)
{
    struct remoted_core *core = *state;

    remoted_core_provider(core, "A");
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='shutdown_nack'/>");
    say(core, "A", "<lrmd_ipc_proxy lrmd_ipc_op='shutdown_ack'/>");
    expect_nothing(core);
}

static void
assigns(const char *line, const char *name, const char *value)
{
    g_autofree char *n = NULL, *v = NULL;

    if (name == NULL) {
        assert_false(remoted_env_parse(line, &n, &v));
        return;
    }
    assert_true(remoted_env_parse(line, &n, &v));
    assert_string_equal(n, name);
    assert_string_equal(v, value);
}

static void
variables_are_read_as_peers_read_them(void **state)
{
    assigns("A=b", "A", "b");
    assigns("  _a1=b c", NULL, NULL);
    assigns("  _a1=b   # why", "_a1", "b");
    assigns("A=\"b c\" #x", "A", "b c");
    assigns("A='b \"c'", "A", "b \"c");
    assigns("A=\"b\\\"c\"", "A", "b\\\"c"); /* backslashes stay */
    assigns("A=b\\ c", "A", "b\\ c");
    assigns("A=", "A", "");
    assigns("A=\"\"", "A", "");
    assigns("A=\"b", NULL, NULL);
    assigns("A=\"b\" c", NULL, NULL);
    assigns("export A=b", NULL, NULL);
    assigns("A =b", NULL, NULL);
    assigns("1A=b", NULL, NULL);
    assigns("# A=b", NULL, NULL);
    assigns("", NULL, NULL);
    assigns("A", NULL, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_admitted_without_a_cluster_node, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_travels_as_peers_expect_it, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_and_events_reach_the_session, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asks_for_a_session_that_is_gone_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_of_one_side_is_the_end_of_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(sessions_stay_with_the_node_they_began_with, setup, teardown),
        cmocka_unit_test_setup_teardown(without_cluster_it_leaves_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(with_the_clusters_consent_it_waits_for_the_last_node, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_or_unanswered_it_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_nobody_asked_for_changes_nothing, setup, teardown),
        cmocka_unit_test(variables_are_read_as_peers_read_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
