/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operation history: digests and name lists as readers compare them, ids of entries, what counts as failed.
 * The tables are those of the specification (spec 30 §11).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemons/controld/controld_private.h"

static struct controld *
new_core(void)
{
    const struct ctl_config config = { .node_name = "a1", .node_id = 1, .te_uuid = "b65fade0-0000-4000-8000-000000000ada", .cores = 2 };

    return ctl_new(&config);
}

static GHashTable *
params(const char *first, ...)
{
    GHashTable *t = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    va_list ap;

    va_start(ap, first);
    for (const char *name = first; name != NULL; name = va_arg(ap, const char *)) {
        g_hash_table_insert(t, g_strdup(name), g_strdup(va_arg(ap, const char *)));
    }
    va_end(ap);
    return t;
}

/* ---- digests ---- */

static void
assert_digest(const char *expected, bool recurring, GHashTable *take_params)
{
    g_autofree char *digest = params_digest(take_params, recurring, NULL);

    assert_string_equal(digest, expected);
    g_hash_table_unref(take_params);
}

static void
digests_are_those_that_peers_calculate(void **state)
{
    assert_digest("f2317cad3d54cec5d7d7aa7d0bf35cf8", false, params(NULL, NULL));
    assert_digest("f2317cad3d54cec5d7d7aa7d0bf35cf8", false, params("CRM_meta_timeout", "20000", "crm_feature_set", "3.16.1", NULL));
    assert_digest("4811cef7f7f94e3a35a70be7916cb2fd", true,
                  params("CRM_meta_timeout", "20000", "CRM_meta_interval", "5000", "crm_feature_set", "3.16.1", NULL));
    assert_digest("7abd90c5132d7d6911874ed03a6a0000", false, params("pa", "a1", NULL));
    assert_digest("6fe89748bbc6900cc2abb7bc5031c988", true, params("pa", "a1", "CRM_meta_timeout", "15000", NULL));
    assert_digest("9363b77004e0e605f330a5f835efe356", false, params("secretx", "k", "pcmk_host_list", "a1 a2 a3", NULL));
    assert_digest("5b117e1e733cdcff9382dcef7826f7d1", false, params("server", "127.0.0.21", NULL));
}

static void
special_characters_are_escaped_as_peers_do(void **state)
{
    assert_digest("760d26e1c8a5ca470362513bbb755b96", false,
                  params("pa", "a\"1 <x> é", "password", "pw", "pb", "b1", "pc", "secret", "zz", "extra", NULL));
    assert_digest("2cfe33f9fe121999df1ba5c642f6f667", false,
                  params("1num", "v", "e", "", "pa", "é", "pb", "a\tb", "zz", "l1\nl2 '&", NULL));
}

/* The agent of spec 30 §11.5. */
static const char agent_1_1[] = "<resource-agent name='x'><version>1.1</version><parameters>"
                                "<parameter name='pa'/><parameter name='pb' reloadable='1'/>"
                                "<parameter name='pc' private='1'/><parameter name='password'/></parameters>"
                                "<actions><action name='reload-agent'/></actions></resource-agent>";

static struct lrm_rsc *
resource(struct controld *c, const char *meta)
{
    static struct lrm_rsc rsc;
    xmlNode *xml = xml_parse(meta, strlen(meta), XML_PARSE_STRICT, NULL);

    rsc = (struct lrm_rsc){ .id = (char *)"r1", .agent = { (char *)"ocf", (char *)"test", (char *)"x" } };
    g_hash_table_replace(c->metas, g_strdup("ocf:test:x"), agent_meta_new(xml, "ocf"));
    xml_free(xml);
    return &rsc;
}

static struct op_record *
operation(const char *action, guint interval, int status, int rc, GHashTable *take_params)
{
    struct op_record *op = op_record_new("r1", action, interval);

    op->status = status;
    op->rc = rc;
    op->call_id = 7;
    op->params = take_params;
    op->userdata = g_strdup("5:74:0:b65fade0-0000-4000-8000-000000000ada");
    op->reason = g_strdup("because");
    op->run_time = 1795315976;
    return op;
}

/* The entries written for an operation, as children of an lrm_resource. */
static xmlNode *
entries(struct controld *c, const struct lrm_rsc *rsc, struct op_record *take_op)
{
    xmlNode *xml = xml_new(NULL, "lrm_resource");

    history_append(c, xml, rsc, take_op, "test");
    op_record_free(take_op);
    return xml;
}

static void
an_agent_with_reload_and_private_parameters_gets_all_five_digests(void **state)
{
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, agent_1_1);
    g_autoptr(xmlNode) start = entries(
        c, rsc,
        operation("start", 0, EXEC_DONE, 0, params("pa", "a\"1 <x> é", "password", "pw", "pb", "b1", "pc", "secret", "zz", "extra", NULL)));
    g_autoptr(xmlNode) monitor
        = entries(c, rsc,
                  operation("monitor", 5000, EXEC_DONE, 0,
                            params("pa", "a\"1 <x> é", "password", "pw", "pb", "b1", "pc", "secret", "zz", "extra", "CRM_meta_timeout",
                                   "15000", NULL)));
    const xmlNode *e = xml_first(start, NULL);

    assert_string_equal(xml_get(e, "op-digest"), "760d26e1c8a5ca470362513bbb755b96");
    assert_string_equal(xml_get(e, "op-force-restart"), "  password pc pa  ");
    assert_string_equal(xml_get(e, "op-restart-digest"), "8f84b08a0dbe68170e846fd341dc16e4");
    assert_string_equal(xml_get(e, "op-secure-params"), "  pc  ");
    assert_string_equal(xml_get(e, "op-secure-digest"), "81f594bce86583c66e4267ca975e06f0");
    e = xml_first(monitor, NULL);
    assert_string_equal(xml_get(e, "op-digest"), "daea1164a3f45cdc11791a5e0087e6eb");
    assert_string_equal(xml_get(e, "op-secure-digest"), "9721bd99778f1a7ccc151cafc0c15b86");
    assert_null(xml_get(e, "op-force-restart"));
    ctl_free(c);
}

static void
without_private_parameters_the_usual_names_are_secret(void **state)
{
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, "<resource-agent><version>1.0</version><parameters><parameter name='passwd'/>"
                                            "<parameter name='state' unique='1'/></parameters>"
                                            "<actions><action name='reload'/></actions></resource-agent>");
    g_autoptr(xmlNode) start = entries(c, rsc, operation("start", 0, EXEC_DONE, 0, params(NULL, NULL)));

    assert_string_equal(xml_get(xml_first(start, NULL), "op-force-restart"), "  state  ");
    assert_string_equal(xml_get(xml_first(start, NULL), "op-secure-params"), "  passwd  ");
    ctl_free(c);
}

static void
an_agent_that_cannot_reload_gets_no_restart_list(void **state)
{
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, "<resource-agent><version>1.1</version><parameters><parameter name='a' unique='1'/></parameters>"
                                            "<actions><action name='reload'/></actions></resource-agent>");
    g_autoptr(xmlNode) start = entries(c, rsc, operation("start", 0, EXEC_DONE, 0, params(NULL, NULL)));

    assert_null(xml_get(xml_first(start, NULL), "op-force-restart"));
    assert_null(xml_get(xml_first(start, NULL), "op-secure-params"));
    ctl_free(c);
}

/* ---- ids (spec 30 §11.2) ---- */

static void
entries_have_the_ids_of_the_table(void **state)
{
    static const struct {
        const char *action;
        guint interval;
        int status, rc;
        const char *first, *second, *recorded;
    } table[] = {
        { "start", 0, EXEC_DONE, 0, "r1_last_0", NULL, "start" },
        { "start", 0, EXEC_DONE, 1, "r1_last_failure_0", "r1_last_0", "start" },
        { "start", 0, EXEC_TIMEOUT, 0, "r1_last_failure_0", "r1_last_0", "start" },
        { "monitor", 5000, EXEC_DONE, 0, "r1_monitor_5000", NULL, "monitor" },
        { "monitor", 5000, EXEC_DONE, 7, "r1_last_failure_0", NULL, "monitor" },
        { "migrate_to", 0, EXEC_DONE, 0, "r1_migrate_to_0", NULL, "migrate_to" },
        { "migrate_from", 0, EXEC_DONE, 1, "r1_migrate_from_0", NULL, "migrate_from" },
        { "start", 0, EXEC_PENDING, 193, "r1_last_0", NULL, "start" },
        { "reload-agent", 0, EXEC_DONE, 0, "r1_last_0", NULL, "start" },
        { "reload-agent", 0, EXEC_PENDING, 193, "r1_last_0", NULL, "monitor" },
    };
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, agent_1_1);

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(xmlNode) xml
            = entries(c, rsc, operation(table[i].action, table[i].interval, table[i].status, table[i].rc, params(NULL, NULL)));
        const xmlNode *first = xml_first(xml, NULL), *second = xml_next(first, NULL);

        assert_string_equal(xml_id(first), table[i].first);
        assert_string_equal(xml_get(first, "operation"), table[i].recorded);
        if (table[i].second == NULL) {
            assert_null(second);
        } else {
            assert_string_equal(xml_id(second), table[i].second);
        }
    }
    ctl_free(c);
}

static void
the_reason_is_told_for_failures_alone(void **state)
{
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, agent_1_1);
    g_autoptr(xmlNode) good = entries(c, rsc, operation("start", 0, EXEC_DONE, 0, params(NULL, NULL)));
    g_autoptr(xmlNode) bad = entries(c, rsc, operation("monitor", 5000, EXEC_DONE, 1, params(NULL, NULL)));

    assert_string_equal(xml_get(xml_first(good, NULL), "exit-reason"), "");
    assert_string_equal(xml_get(xml_first(bad, NULL), "exit-reason"), "because");
    ctl_free(c);
}

static void
a_notification_is_always_a_success(void **state)
{
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, agent_1_1);
    g_autoptr(xmlNode) xml = entries(c, rsc,
                                     operation("notify", 0, EXEC_ERROR, 1,
                                               params("CRM_meta_notify_type", "pre", "CRM_meta_notify_operation", "stop", NULL)));

    assert_string_equal(xml_id(xml_first(xml, NULL)), "r1_pre_notify_stop_0");
    assert_string_equal(xml_get(xml_first(xml, NULL), "rc-code"), "0");
    assert_string_equal(xml_get(xml_first(xml, NULL), "op-status"), "0");
    ctl_free(c);
}

static void
a_result_without_request_carries_the_outside_key(void **state)
{
    struct controld *c = new_core();
    const struct lrm_rsc *rsc = resource(c, agent_1_1);
    struct op_record *op = operation("asyncmon", 0, EXEC_DONE, 1, params(NULL, NULL));
    g_autoptr(xmlNode) xml = NULL;

    g_clear_pointer(&op->userdata, g_free);
    xml = entries(c, rsc, op);
    assert_string_equal(xml_get(xml_first(xml, NULL), "transition-key"), "7:-1:0:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    ctl_free(c);
}

static void
a_probe_that_finds_a_running_resource_counts_as_failed(void **state)
{
    struct op_record *op = operation("monitor", 0, EXEC_DONE, 0, params(NULL, NULL));

    g_free(op->userdata);
    op->userdata = g_strdup("5:74:7:b65fade0-0000-4000-8000-000000000ada");
    assert_true(op_failed(op));
    op->rc = 7;
    assert_false(op_failed(op));
    op_record_free(op);
}

/* ---- memory (spec 30 §11.6) ---- */

static void
a_stop_drops_the_recurring_results_from_memory(void **state)
{
    struct controld *c = new_core();
    struct lrm_rsc *rsc = g_new0(struct lrm_rsc, 1);
    struct op_record *op;

    rsc->id = g_strdup("r1");
    rsc->recurring = g_ptr_array_new_with_free_func(op_record_free);
    rsc->ops = g_ptr_array_new_with_free_func(lrm_op_free);
    op = operation("start", 0, EXEC_DONE, 0, params("pa", "1", "CRM_meta_timeout", "5", NULL));
    history_remember(rsc, op);
    op_record_free(op);
    op = operation("monitor", 5000, EXEC_DONE, 0, params(NULL, NULL));
    history_remember(rsc, op);
    history_remember(rsc, op);
    op_record_free(op);
    assert_int_equal(rsc->recurring->len, 1);
    assert_string_equal(rsc->last->action, "start");
    assert_string_equal(g_hash_table_lookup(rsc->stop_params, "pa"), "1");
    assert_null(g_hash_table_lookup(rsc->stop_params, "CRM_meta_timeout"));
    op = operation("stop", 0, EXEC_DONE, 0, params(NULL, NULL));
    history_remember(rsc, op);
    op_record_free(op);
    assert_int_equal(rsc->recurring->len, 0);
    lrm_rsc_free(rsc);
    ctl_free(c);
}

/* ---- join: feature sets (spec 30 §6.2) ---- */

static void
a_dc_may_be_older_than_a_member_and_not_newer(void **state)
{
    static const struct {
        const char *dc, *member;
        bool good;
    } table[] = {
        { "3.16.1", "3.16.1", true }, { "3.16.2", "3.16.1", true }, { "3.15.0", "3.16.1", true },  { "3.17.0", "3.16.1", false },
        { "4.0.0", "3.16.1", false }, { "3.0.14", "3.16.1", true }, { "2.16.1", "3.16.1", false }, { NULL, "3.16.1", false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        assert_int_equal(feature_compatible(table[i].dc, table[i].member), table[i].good);
    }
}

static void
alert_timestamps_know_fractions_of_a_second(void **state)
{
    g_autofree char *a = NULL, *b = NULL, *d = NULL;

    setenv("TZ", "UTC", 1);
    a = alert_timestamp("%H:%M:%S.%06N", 1795315976123456);
    b = alert_timestamp("%N", 1795315976000042);
    d = alert_timestamp("100%% %3N", 1795315976123456);
    assert_string_equal(a, "02:52:56.123456");
    assert_string_equal(b, "000042000");
    assert_string_equal(d, "100% 123");
}

/* ---- what a joining node tells ---- */

static void
an_action_under_way_stands_in_the_history_of_a_joining_node(void **state)
{
    struct controld *c = new_core();
    struct lrm_rsc *rsc = g_new0(struct lrm_rsc, 1);
    struct lrm_op *start = g_new0(struct lrm_op, 1), *monitor = g_new0(struct lrm_op, 1);
    xmlNode *told;
    const xmlNode *entry;

    *rsc = (struct lrm_rsc){ .id = g_strdup("r1"), .agent = { g_strdup("ocf"), g_strdup("test"), g_strdup("x") } };
    rsc->recurring = g_ptr_array_new_with_free_func(op_record_free);
    rsc->ops = g_ptr_array_new_with_free_func(lrm_op_free);
    rsc->last = operation("stop", 0, EXEC_DONE, OCF_RC_OK, params(NULL, NULL));
    start->rec = operation("start", 0, EXEC_UNKNOWN, OCF_RC_UNKNOWN, params(NULL, NULL));
    monitor->rec = operation("monitor", 0, EXEC_UNKNOWN, OCF_RC_UNKNOWN, params(NULL, NULL));
    g_ptr_array_add(rsc->ops, start);
    g_ptr_array_add(rsc->ops, monitor); /* says nothing about where it is active */
    g_hash_table_insert(c->local.resources, rsc->id, rsc);
    told = history_all(c);
    entry = xml_first(xml_first(xml_first(xml_first(told, "lrm"), "lrm_resources"), "lrm_resource"), "lrm_rsc_op");
    assert_string_equal(xml_id(entry), "r1_last_0");
    assert_string_equal(xml_get(entry, "operation"), "start");
    assert_string_equal(xml_get(entry, "op-status"), "-1");
    assert_null(xml_next(entry, "lrm_rsc_op"));
    xml_free(told);
    ctl_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_that_peers_calculate),
        cmocka_unit_test(special_characters_are_escaped_as_peers_do),
        cmocka_unit_test(an_agent_with_reload_and_private_parameters_gets_all_five_digests),
        cmocka_unit_test(without_private_parameters_the_usual_names_are_secret),
        cmocka_unit_test(an_agent_that_cannot_reload_gets_no_restart_list),
        cmocka_unit_test(entries_have_the_ids_of_the_table),
        cmocka_unit_test(an_action_under_way_stands_in_the_history_of_a_joining_node),
        cmocka_unit_test(the_reason_is_told_for_failures_alone),
        cmocka_unit_test(a_notification_is_always_a_success),
        cmocka_unit_test(a_result_without_request_carries_the_outside_key),
        cmocka_unit_test(a_probe_that_finds_a_running_resource_counts_as_failed),
        cmocka_unit_test(a_stop_drops_the_recurring_results_from_memory),
        cmocka_unit_test(a_dc_may_be_older_than_a_member_and_not_newer),
        cmocka_unit_test(alert_timestamps_know_fractions_of_a_second),
    };

    return cmocka_run_group_tests_name("controld history", tests, NULL, NULL);
}
