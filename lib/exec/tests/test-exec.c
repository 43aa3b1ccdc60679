/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Result tables of spec 50 §5-§7, processes of §6, the protocol's coding of §2.4 and §3.3. */
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"
#include "lib/exec/lrmd_client.h"
#include "lib/exec/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* --- tables --- */

static void
exit_statuses_of_ocf_agents_are_kept_or_become_an_error(void **state)
{
    static const struct {
        int exit_status, rc;
    } TABLE[] = { { 0, 0 },   { 1, 1 },   { 5, 5 },     { 7, 7 },     { 8, 8 },   { 9, 9 },   { 10, 1 },
                  { 100, 1 }, { 189, 1 }, { 190, 190 }, { 191, 191 }, { 192, 1 }, { 193, 1 }, { 255, 1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(exec_map_exit(EXEC_STANDARD_OCF, "monitor", TABLE[i].exit_status), TABLE[i].rc);
    }
}

static void
lsb_status_has_a_table_of_its_own(void **state)
{
    static const struct {
        int exit_status, status, other;
    } TABLE[] = { { 0, 0, 0 }, { 1, 7, 1 }, { 2, 7, 2 },   { 3, 7, 3 },   { 4, 1, 4 },
                  { 7, 1, 7 }, { 8, 1, 1 }, { 150, 5, 1 }, { 151, 4, 1 }, { 199, 1, 1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(exec_map_exit(EXEC_STANDARD_LSB, "status", TABLE[i].exit_status), TABLE[i].status);
        assert_int_equal(exec_map_exit(EXEC_STANDARD_LSB, "monitor", TABLE[i].exit_status), TABLE[i].status);
        assert_int_equal(exec_map_exit(EXEC_STANDARD_LSB, "start", TABLE[i].exit_status), TABLE[i].other);
    }
}

static void
errors_before_the_process_have_rc_status_and_reason(void **state)
{
    static const struct {
        int error, rc, status;
        const char *reason;
    } TABLE[] = { { ENOENT, 5, 7, "x: No such file or directory" },
                  { EISDIR, 5, 7, "x: Is a directory" },
                  { ENOTDIR, 5, 7, "x: Not a directory" },
                  { EINVAL, 5, 7, "x: Invalid argument" },
                  { ENOEXEC, 5, 7, "x: Exec format error" },
                  { EACCES, 4, 4, "x: Permission denied" },
                  { EPERM, 4, 4, "x: Operation not permitted" },
                  { EMFILE, 1, 4, "Too many open files" } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        struct exec_result r = { 0 };

        exec_map_errno(&r, TABLE[i].error, "x");
        assert_int_equal(r.rc, TABLE[i].rc);
        assert_int_equal(r.status, TABLE[i].status);
        assert_string_equal(r.reason, TABLE[i].reason);
        exec_result_clear(&r);
    }
}

static void
the_last_exit_reason_counts_wherever_it_stands(void **state)
{
    g_autofree char *two = exec_find_reason("ocf-exit-reason:one\nnoise ocf-exit-reason:two words\nafter\n");
    g_autofree char *open = exec_find_reason("ocf-exit-reason:no newline");

    assert_string_equal(two, "two words");
    assert_string_equal(open, "no newline");
    assert_null(exec_find_reason("ocf-exit-reason:\n"));
    assert_null(exec_find_reason("ocf-exit-reason:first\nocf-exit-reason:\n"));
    assert_null(exec_find_reason("nothing"));
    assert_null(exec_find_reason(NULL));
}

static void
an_exit_reason_is_cut_to_128_bytes(void **state)
{
    g_autofree char *long_text = g_strnfill(300, 'x');
    g_autofree char *err = g_strconcat("ocf-exit-reason:", long_text, "\n", NULL);
    g_autofree char *reason = exec_find_reason(err);

    assert_int_equal(strlen(reason), 128);
}

static void
output_is_stderr_if_there_is_any(void **state)
{
    struct exec_result r = { .out = (char *) "out", .err = (char *) "err" };

    assert_string_equal(exec_result_output(&r), "err");
    r.err = (char *) "";
    assert_string_equal(exec_result_output(&r), "out");
    r.out = NULL;
    assert_null(exec_result_output(&r));
}

static void
monitor_is_called_status_where_the_class_wants_it(void **state)
{
    assert_string_equal(exec_agent_action(EXEC_STANDARD_OCF, "monitor"), "monitor");
    assert_string_equal(exec_agent_action(EXEC_STANDARD_LSB, "monitor"), "status");
    assert_string_equal(exec_agent_action(EXEC_STANDARD_SYSTEMD, "monitor"), "status");
    assert_string_equal(exec_agent_action(EXEC_STANDARD_LSB, "start"), "start");
    assert_string_equal(exec_agent_action(EXEC_STANDARD_STONITH, "monitor"), "monitor");
}

static void
an_agent_spec_has_a_provider_only_in_classes_that_have_providers(void **state)
{
    static const struct {
        const char *spec;
        const char *standard, *provider, *type;
    } TABLE[] = { { "ocf:heartbeat:IPaddr2", "ocf", "heartbeat", "IPaddr2" },
                  { "ocf:a:b:c", "ocf", "a", "b:c" },
                  { "OCF:a:b", "OCF", "a", "b" },
                  { "systemd:a@b:c", "systemd", NULL, "a@b:c" },
                  { "lsb:x", "lsb", NULL, "x" },
                  { "stonith:external/ssh", "stonith", NULL, "external/ssh" },
                  { "ocf:Dummy", NULL, NULL, NULL },
                  { "ocf::Dummy", NULL, NULL, NULL },
                  { "ocf:x:", NULL, NULL, NULL },
                  { "lsb:", NULL, NULL, NULL },
                  { "Dummy", NULL, NULL, NULL },
                  { "", NULL, NULL, NULL },
                  { NULL, NULL, NULL, NULL } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        g_autofree char *standard = NULL, *provider = NULL, *type = NULL;

        assert_int_equal(exec_parse_agent_spec(TABLE[i].spec, &standard, &provider, &type),
                         TABLE[i].standard != NULL);
        if (TABLE[i].standard != NULL) {
            assert_string_equal(standard, TABLE[i].standard);
            assert_string_equal(type, TABLE[i].type);
            assert_true(text_equal(provider, TABLE[i].provider));
        }
    }
}

/* --- environment --- */

static void
parameters_reach_an_ocf_agent_by_environment(void **state)
{
    g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);
    const struct exec_request req = { .rsc_id = "r:0", .standard = "ocf",     .provider = "p",
                                      .type = "T",     .action = "monitor", .params = params };
    g_autoptr(GHashTable) env = NULL;

    g_hash_table_insert(params, (char *) "ip", (char *) "10.0.0.1");
    g_hash_table_insert(params, (char *) "CRM_meta_timeout", (char *) "20000");
    g_hash_table_insert(params, (char *) "OCF_CHECK_LEVEL", (char *) "10");
    env = exec_ocf_environment(&req);
    assert_string_equal(g_hash_table_lookup(env, "OCF_RESKEY_ip"), "10.0.0.1");
    assert_string_equal(g_hash_table_lookup(env, "OCF_RESKEY_CRM_meta_timeout"), "20000");
    assert_string_equal(g_hash_table_lookup(env, "OCF_CHECK_LEVEL"), "10");
    assert_null(g_hash_table_lookup(env, "OCF_RESKEY_OCF_CHECK_LEVEL"));
    assert_string_equal(g_hash_table_lookup(env, "OCF_RESOURCE_INSTANCE"), "r:0");
    assert_string_equal(g_hash_table_lookup(env, "OCF_RESOURCE_PROVIDER"), "p");
    assert_string_equal(g_hash_table_lookup(env, "OCF_RESOURCE_TYPE"), "T");
    assert_string_equal(g_hash_table_lookup(env, "OCF_RA_VERSION_MINOR"), "1");
}

/* --- processes --- */

static struct process_result
run_shell(const char *script, int timeout_ms, unsigned flags, GHashTable *env, const char *input)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    const struct process_spec spec = {
        .path = "/bin/sh", .argv = argv, .timeout_ms = timeout_ms, .flags = flags, .env = env, .input = input
    };
    struct process_result result = { 0 };

    assert_int_equal(process_run_sync(&spec, &result), 0);
    return result;
}

/* Gone, or dead and waiting for whoever adopted it. */
static bool
is_dead(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int) pid);
    g_autofree char *text = NULL;

    return !g_file_get_contents(path, &text, NULL, NULL) || strstr(text, ") Z ") != NULL;
}

static void
a_process_tells_its_status_and_both_streams(void **state)
{
    struct process_result r = run_shell("echo out; echo err >&2; exit 42", 5000, 0, NULL, NULL);

    assert_int_equal(r.end, PROCESS_EXITED);
    assert_int_equal(r.value, 42);
    assert_string_equal(r.out, "out\n");
    assert_string_equal(r.err, "err\n");
    process_result_clear(&r);
}

static void
a_process_that_is_too_slow_is_killed_with_its_group(void **state)
{
    struct process_result r = run_shell("sleep 30 & echo $!; wait", 200, 0, NULL, NULL);
    pid_t child = (pid_t) atoi(r.out);

    assert_int_equal(r.end, PROCESS_TIMED_OUT);
    assert_true(child > 1);
    for (int i = 0; i < 200 && !is_dead(child); i++) {
        g_usleep(10000);
    }
    assert_true(is_dead(child));
    process_result_clear(&r);
}

static void
children_survive_a_time_out_if_only_the_leader_is_to_be_killed(void **state)
{
    struct process_result r
        = run_shell("sleep 30 & echo $!; wait", 200, PROCESS_KILL_ONLY_LEADER, NULL, NULL);
    pid_t child = (pid_t) atoi(r.out);

    assert_int_equal(r.end, PROCESS_TIMED_OUT);
    assert_true(child > 1);
    assert_false(is_dead(child));
    kill(child, SIGKILL);
    process_result_clear(&r);
}

static void
a_background_child_that_keeps_the_pipe_open_is_not_waited_for(void **state)
{
    gint64 begin = g_get_monotonic_time();
    struct process_result r = run_shell("sleep 30 & echo $!", 20000, 0, NULL, NULL);

    assert_int_equal(r.end, PROCESS_EXITED);
    assert_int_equal(r.value, 0);
    assert_true(g_get_monotonic_time() - begin < 15 * G_USEC_PER_SEC);
    assert_int_equal(kill((pid_t) atoi(r.out), SIGKILL), 0);
    process_result_clear(&r);
}

static void
a_signal_from_elsewhere_is_reported(void **state)
{
    struct process_result r = run_shell("kill -TERM $$", 5000, 0, NULL, NULL);

    assert_int_equal(r.end, PROCESS_SIGNALLED);
    assert_int_equal(r.value, SIGTERM);
    process_result_clear(&r);
}

static void
input_is_written_and_ended(void **state)
{
    g_autofree char *big = g_strnfill(300000, 'y');
    struct process_result r = run_shell("wc -c", 5000, 0, NULL, big);

    assert_int_equal(atoi(r.out), 300000);
    process_result_clear(&r);
}

static void
the_environment_is_laid_over_ours(void **state)
{
    g_autoptr(GHashTable) env = g_hash_table_new(g_str_hash, g_str_equal);
    struct process_result r;

    g_setenv("TEST_KEPT", "kept", TRUE);
    g_setenv("TEST_REPLACED", "old", TRUE);
    g_hash_table_insert(env, (char *) "TEST_REPLACED", (char *) "new");
    r = run_shell("echo $TEST_KEPT $TEST_REPLACED; env | grep -c ^TEST_REPLACED=", 5000, 0, env, NULL);
    assert_string_equal(r.out, "kept new\n1\n");
    process_result_clear(&r);
}

static void
no_descriptor_but_the_first_three_is_inherited(void **state)
{
    struct process_result r = run_shell("ls /proc/self/fd | wc -l", 5000, 0, NULL, NULL);

    assert_int_equal(atoi(r.out), 4); /* 0, 1, 2 and ls's own for the folder */
    process_result_clear(&r);
}

static void
a_file_that_cannot_be_executed_is_told_apart_from_a_failure(void **state)
{
    const struct process_spec spec = { .path = "/etc/passwd" };
    struct process_result r = { 0 };

    assert_int_equal(process_run_sync(&spec, &r), 0);
    assert_int_equal(r.end, PROCESS_NO_EXEC);
    assert_int_equal(r.value, EACCES);
    process_result_clear(&r);
}

/* --- actions --- */

static void
an_agent_that_is_not_there_is_not_installed(void **state)
{
    const struct exec_request req
        = { .rsc_id = "x", .standard = "ocf", .provider = "pacemaker", .type = "nope", .action = "start" };
    struct exec_result r = { 0 };

    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_NOT_INSTALLED);
    assert_int_equal(r.status, EXEC_NOT_INSTALLED);
    assert_string_equal(r.reason, "nope: No such file or directory");
    assert_true(r.unprepared);
    exec_result_clear(&r);
}

static void
an_agent_name_cannot_lead_out_of_its_folder(void **state)
{
    const struct exec_request req = {
        .rsc_id = "x", .standard = "ocf", .provider = "..", .type = "../../../../bin/true", .action = "start"
    };
    struct exec_result r = { 0 };

    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_NOT_INSTALLED);
    exec_result_clear(&r);
}

static void
ocf_without_provider_is_a_fatal_error_and_no_crash(void **state)
{
    const struct exec_request req = { .rsc_id = "x", .standard = "ocf", .type = "Dummy", .action = "start" };
    struct exec_result r = { 0 };

    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_ERROR);
    assert_int_equal(r.status, EXEC_ERROR_FATAL);
    assert_string_equal(r.reason, "Required agent or action information missing");
    exec_result_clear(&r);
}

static void
an_unknown_class_is_not_installed(void **state)
{
    const struct exec_request req = { .rsc_id = "x", .standard = "zork", .type = "foo", .action = "start" };
    struct exec_result r = { 0 };

    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_NOT_INSTALLED);
    assert_int_equal(r.status, EXEC_NOT_INSTALLED);
    assert_string_equal(r.reason, "foo: No such file or directory");
    exec_result_clear(&r);
}

/* A script of its own for a test: path (g_free). */
static char *
write_script(const char *text)
{
    char *path = g_strdup_printf("%s/quorate-test-%d", g_get_tmp_dir(), (int) getpid());

    assert_true(g_file_set_contents(path, text, -1, NULL));
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

static void
an_lsb_script_given_by_path_is_run_and_mapped(void **state)
{
    g_autofree char *path = write_script("#!/bin/sh\n[ \"$1\" = status ] && exit 3\necho $#\n");
    struct exec_request req = { .rsc_id = "l", .standard = "lsb", .type = path, .action = "monitor" };
    struct exec_result r = { 0 };

    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_NOT_RUNNING);
    assert_int_equal(r.status, EXEC_DONE);
    exec_result_clear(&r);
    req.action = "start";
    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_OK);
    assert_string_equal(r.out, "1\n");
    exec_result_clear(&r);
    unlink(path);
}

static void
a_time_out_is_told_with_the_limit(void **state)
{
    g_autofree char *path = write_script("#!/bin/sh\nexec sleep 30\n");
    const struct exec_request req
        = { .rsc_id = "l", .standard = "lsb", .type = path, .action = "start", .timeout_ms = 300 };
    struct exec_result r = { 0 };

    exec_run_sync(&req, &r);
    assert_int_equal(r.rc, OCF_RC_ERROR);
    assert_int_equal(r.status, EXEC_TIMEOUT);
    assert_string_equal(r.reason, "Resource agent did not complete within 300ms");
    exec_result_clear(&r);
    unlink(path);
}

static void
lsb_meta_data_comes_from_the_comment_block(void **state)
{
    g_autofree char *path = write_script("#!/bin/sh\n"
                                         "# Provides: not this\n"
                                         "### BEGIN INIT INFO\n"
                                         "# Provides:\t  a & b\n"
                                         "# Required-Stop:\n"
                                         "# Short-Description: short\n"
                                         "# Description:       first <line>\n"
                                         "#   second\n"
                                         "#\tthird\n"
                                         "# X-Other: x\n"
                                         "#   not part\n"
                                         "### END INIT INFO\n"
                                         "# Default-Stop: 9\n");
    g_autofree char *xml = NULL;

    assert_int_equal(exec_metadata_sync("lsb", NULL, path, NULL, &xml), 0);
    assert_non_null(strstr(xml, "    <Provides>\t  a &amp; b\n</Provides>\n"));
    assert_non_null(strstr(xml, "    <Required-Stop>\n</Required-Stop>\n"));
    assert_non_null(strstr(xml, "    <Default-Stop></Default-Stop>\n"));
    assert_non_null(strstr(xml, "<longdesc lang='en'>\n       first &lt;line&gt;\n   second\n\tthird\n  </longdesc>"));
    assert_non_null(strstr(xml, "<shortdesc lang='en'> short\n</shortdesc>"));
    unlink(path);
}

static void
meta_data_of_what_is_not_there_fails(void **state)
{
    char *xml = NULL;

    assert_int_equal(exec_metadata_sync("ocf", "pacemaker", "nope", NULL, &xml), -ENXIO);
    assert_null(xml);
    assert_int_equal(exec_metadata_sync("lsb", NULL, "nope", NULL, &xml), -ENXIO);
    assert_int_equal(exec_metadata_sync("bogus", NULL, "x", NULL, &xml), -ENXIO);
}

/* --- coding --- */

static void
parameters_go_round_and_back(void **state)
{
    g_autoptr(GHashTable) params = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(xmlNode) root = xml_new(NULL, "x");
    g_autoptr(GHashTable) back = NULL;
    xmlNode *attributes;

    g_hash_table_insert(params, (char *) "fake", (char *) "a<b>&\"");
    g_hash_table_insert(params, (char *) "9x", (char *) "y");
    g_hash_table_insert(params, (char *) "has blank", (char *) "z");
    g_hash_table_insert(params, (char *) "empty", (char *) "");
    attributes = lrmd_params_to_xml(root, params);
    assert_string_equal(xml_get(attributes, "fake"), "a<b>&\"");
    assert_null(xml_get(attributes, "9x"));
    assert_non_null(xml_find(attributes, LRMD_TAG_PARAM, LRMD_PARAM_NAME, "9x"));
    back = lrmd_params_from_xml(root);
    assert_int_equal(g_hash_table_size(back), 4);
    assert_string_equal(g_hash_table_lookup(back, "9x"), "y");
    assert_string_equal(g_hash_table_lookup(back, "has blank"), "z");
    assert_string_equal(g_hash_table_lookup(back, "empty"), "");
}

static void
a_param_child_wins_over_an_attribute_of_the_same_name(void **state)
{
    static const char TEXT[] = "<r><attributes a='1' b='2'><param name='a' value='3'/></attributes></r>";
    g_autoptr(xmlNode) root = xml_parse(TEXT, strlen(TEXT), XML_PARSE_STRICT, NULL);
    g_autoptr(GHashTable) params = lrmd_params_from_xml(root);

    assert_string_equal(g_hash_table_lookup(params, "a"), "3");
    assert_string_equal(g_hash_table_lookup(params, "b"), "2");
}

static void
a_result_event_is_read_in_full(void **state)
{
    static const char TEXT[] = "<lrmd_notify lrmd_timeout='20000' lrmd_rsc_interval='1000' lrmd_rsc_start_delay='5'"
                               " lrmd_exec_rc='7' lrmd_exec_op_status='0' lrmd_callid='6' lrmd_rsc_deleted='1'"
                               " lrmd_run_time='1795315572' lrmd_rcchange_time='1795315573' lrmd_exec_time='11'"
                               " lrmd_queue_time='-1067978' lrmd_op='lrmd_rsc_exec' lrmd_rsc_id='r1'"
                               " lrmd_rsc_action='monitor' lrmd_rsc_userdata_str='1:2' lrmd_rsc_exit_reason='why'>"
                               "<attributes a='b'/></lrmd_notify>";
    g_autoptr(xmlNode) notify = xml_parse(TEXT, strlen(TEXT), XML_PARSE_STRICT, NULL);
    struct lrmd_event event;

    assert_non_null(notify);
    assert_true(lrmd_event_from_xml(notify, &event));
    assert_int_equal(event.kind, LRMD_EVENT_EXEC_COMPLETE);
    assert_int_equal(event.exec_rc, 7);
    assert_int_equal(event.call_id, 6);
    assert_int_equal(event.interval_ms, 1000);
    assert_true(event.rsc_deleted);
    assert_int_equal(event.rcchange_time, 1795315573);
    assert_int_equal(event.queue_time_ms, 0); /* a foreign executor's nonsense */
    assert_string_equal(event.exit_reason, "why");
    assert_null(event.output);
    assert_string_equal(g_hash_table_lookup(event.params, "a"), "b");
    g_hash_table_unref(event.params);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_statuses_of_ocf_agents_are_kept_or_become_an_error),
        cmocka_unit_test(lsb_status_has_a_table_of_its_own),
        cmocka_unit_test(errors_before_the_process_have_rc_status_and_reason),
        cmocka_unit_test(the_last_exit_reason_counts_wherever_it_stands),
        cmocka_unit_test(an_exit_reason_is_cut_to_128_bytes),
        cmocka_unit_test(output_is_stderr_if_there_is_any),
        cmocka_unit_test(monitor_is_called_status_where_the_class_wants_it),
        cmocka_unit_test(an_agent_spec_has_a_provider_only_in_classes_that_have_providers),
        cmocka_unit_test(parameters_reach_an_ocf_agent_by_environment),
        cmocka_unit_test(a_process_tells_its_status_and_both_streams),
        cmocka_unit_test(a_process_that_is_too_slow_is_killed_with_its_group),
        cmocka_unit_test(children_survive_a_time_out_if_only_the_leader_is_to_be_killed),
        cmocka_unit_test(a_background_child_that_keeps_the_pipe_open_is_not_waited_for),
        cmocka_unit_test(a_signal_from_elsewhere_is_reported),
        cmocka_unit_test(input_is_written_and_ended),
        cmocka_unit_test(the_environment_is_laid_over_ours),
        cmocka_unit_test(no_descriptor_but_the_first_three_is_inherited),
        cmocka_unit_test(a_file_that_cannot_be_executed_is_told_apart_from_a_failure),
        cmocka_unit_test(an_agent_that_is_not_there_is_not_installed),
        cmocka_unit_test(an_agent_name_cannot_lead_out_of_its_folder),
        cmocka_unit_test(ocf_without_provider_is_a_fatal_error_and_no_crash),
        cmocka_unit_test(an_unknown_class_is_not_installed),
        cmocka_unit_test(an_lsb_script_given_by_path_is_run_and_mapped),
        cmocka_unit_test(a_time_out_is_told_with_the_limit),
        cmocka_unit_test(lsb_meta_data_comes_from_the_comment_block),
        cmocka_unit_test(meta_data_of_what_is_not_there_fails),
        cmocka_unit_test(parameters_go_round_and_back),
        cmocka_unit_test(a_param_child_wins_over_an_attribute_of_the_same_name),
        cmocka_unit_test(a_result_event_is_read_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
