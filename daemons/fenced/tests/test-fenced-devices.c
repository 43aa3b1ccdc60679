/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices of one fencer: their options, who can be fenced, queue, delays, retries.  The test plays the agents
 * (spec 60 §6-§9).
 */
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"

#include "daemons/fenced/fenced_internal.h"
#include "daemons/fenced/tests/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- options (pure) --- */

static void
a_host_map_has_escapes_and_two_separators(void **state)
{
    g_autoptr(GHashTable) map = params_parse_map("n1:p1\\:q;N2=zz n3:2,3\tn4 a=b:c;;n5:x\\;y");

    assert_string_equal(g_hash_table_lookup(map, "n1"), "p1:q");
    assert_string_equal(g_hash_table_lookup(map, "n2"), "zz");
    assert_string_equal(g_hash_table_lookup(map, "n3"), "2,3");
    assert_null(g_hash_table_lookup(map, "n4")); /* no assignment */
    assert_string_equal(g_hash_table_lookup(map, "b"), "c"); /* the second assignment begins anew */
    assert_string_equal(g_hash_table_lookup(map, "n5"), "x;y");
    assert_int_equal(g_hash_table_size(map), 5);
}

static void
a_list_of_hosts_is_read_leniently(void **state)
{
    static const char *const IN[] = { "n1", "n2", "N3", "n4", "n5", "n6", "a.b-c_d" };
    static const char *const OUT[] = { "n7", "on", "off", "x", "" };
    g_autoptr(GPtrArray) targets
        = fence_parse_targets("n1,n2;n3 n4 on\noff n5:x n6@y\\na.b-c_d\ninvalid n7\n n7 variable\n");

    for (size_t i = 0; i < G_N_ELEMENTS(IN); i++) {
        assert_true(params_has_target(targets, IN[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(OUT); i++) {
        assert_false(params_has_target(targets, OUT[i]));
    }
}

static void
a_base_delay_is_one_time_or_one_a_host(void **state)
{
    static const struct {
        const char *text, *target;
        unsigned seconds;
    } TABLE[] = { { "5", "a", 5 },        { "5s", NULL, 5 },      { "1min", "a", 60 },    { "a:2;b:1", "a", 2 },
                  { "a:2;b:1", "B", 1 },  { "a:2;b:1", "c", 0 },  { "n10:7", "n1", 0 },   { "3 b:1", "c", 3 },
                  { NULL, "a", 0 },       { "nonsense", "a", 0 }, { "a:2m;b=1", "a", 120 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(params_delay_base(TABLE[i].text, TABLE[i].target), TABLE[i].seconds);
    }
}

/* --- the world of a test: one fencer, node "me" in a cluster of its own --- */

struct world {
    struct fenced_core *core;
    struct fenced_now now;
    GPtrArray *runs;     /* struct fenced_effect: agents that run */
    GPtrArray *replies;  /* xmlNode */
    unsigned last_uuid;
    unsigned random;
};

static char *
new_uuid(void *data)
{
    return g_strdup_printf("op-%u", ++((struct world *) data)->last_uuid);
}

static unsigned
fixed_random(unsigned below, void *data)
{
    return MIN(((struct world *) data)->random, below - 1);
}

static void
drain(struct world *w)
{
    struct fenced_effect *e;

    while ((e = fenced_core_take_effect(w->core)) != NULL) {
        if (e->kind == FENCED_RUN) {
            g_ptr_array_add(w->runs, e);
            continue;
        }
        if (e->kind == FENCED_SEND && (e->to == NULL || text_equal(e->to, "me"))) {
            fenced_core_message(w->core, w->now, "me", e->xml);
        } else if (e->kind == FENCED_REPLY || e->kind == FENCED_SEND) {
            g_ptr_array_add(w->replies, g_steal_pointer(&e->xml));
        }
        fenced_effect_free(e);
    }
}

static int
setup(void **state)
{
    struct world *w = g_new0(struct world, 1);
    static const char *const peers[] = { "me" };
    const struct fenced_config config
        = { .node = "me", .pid = 1, .new_uuid = new_uuid, .random = fixed_random, .data = w };

    w->core = fenced_core_new(&config);
    w->now = (struct fenced_now) { .ms = 1000000, .epoch = 1700000000 };
    w->runs = g_ptr_array_new_with_free_func((GDestroyNotify) fenced_effect_free);
    w->replies = g_ptr_array_new_with_free_func((GDestroyNotify) xml_free);
    set_peers(w->core, peers, 1);
    fenced_core_client_connected(w->core, "C", 9, true);
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    fenced_core_free(w->core);
    g_ptr_array_unref(w->runs);
    g_ptr_array_unref(w->replies);
    g_free(w);
    return 0;
}

static void
ask(struct world *w, const char *text)
{
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    fenced_core_request(w->core, w->now, "C", 1, IPC_WANTS_RESPONSE, xml);
    drain(w);
}

static void
pass(struct world *w, unsigned ms)
{
    uint64_t end = w->now.ms + ms;

    while (fenced_core_deadline(w->core) <= end) {
        w->now.ms = MAX(w->now.ms, fenced_core_deadline(w->core));
        fenced_core_tick(w->core, w->now);
        drain(w);
    }
    w->now.ms = end;
}

static const char *
run_get(struct world *w, unsigned i, const char *name)
{
    assert_true(i < w->runs->len);
    return g_hash_table_lookup(((struct fenced_effect *) w->runs->pdata[i])->args, name);
}

/* The oldest agent ends. */
static void
end_run(struct world *w, int rc, int status, const char *output)
{
    struct fence_result result = { .rc = rc, .status = status, .output = (char *) output };
    struct fenced_effect *run;

    assert_true(w->runs->len > 0);
    run = g_ptr_array_steal_index(w->runs, 0);
    fenced_core_done(w->core, w->now, run->run_id, &result);
    fenced_effect_free(run);
    drain(w);
}

#define AGENT(parameters, actions)                                                                                     \
    "<resource-agent name='T'><parameters>" parameters "</parameters><actions>" actions "</actions></resource-agent>"
#define ALL_ACTIONS                                                                                                    \
    "<action name='on'/><action name='off'/><action name='reboot'/><action name='status'/><action name='list'/>"         \
    "<action name='monitor'/>"
#define PORT  "<parameter name='port'/>"
#define USUAL AGENT(PORT, ALL_ACTIONS)

/* Register a device of an agent that says this of itself. */
static void
add_device(struct world *w, const char *id, const char *params, const char *metadata)
{
    g_autofree char *text = g_strdup_printf("<x st_op='st_device_register' st_callopt='4096'><st_calldata>"
                                            "<st_device_id id='%s' agent='fence_%x'><attributes %s/></st_device_id>"
                                            "</st_calldata></x>",
                                            id, g_str_hash(metadata), params);

    ask(w, text);
    if (w->runs->len > 0) {
        assert_string_equal(run_get(w, 0, "action"), "metadata");
        end_run(w, 0, EXEC_DONE, metadata);
    }
    g_ptr_array_set_size(w->replies, 0);
}

static void
fence(struct world *w, const char *target, const char *action, unsigned timeout, int delay)
{
    g_autofree char *text = g_strdup_printf("<x st_op='st_fence' st_callid='3' st_callopt='4098' st_timeout='%u' st_delay='%d'>"
                                            "<st_calldata><y st_target='%s' st_device_action='%s'/></st_calldata></x>",
                                            timeout, delay, target, action);

    ask(w, text);
}

static void
execute(struct world *w, const char *id, const char *action)
{
    g_autofree char *text = g_strdup_printf("<x st_op='st_execute' st_callopt='4096' st_timeout='20'><st_calldata>"
                                            "<y st_device_id='%s' st_device_action='%s'/></st_calldata></x>",
                                            id, action);

    ask(w, text);
}

/* Number of devices that a query offers; *device (may be NULL) the first. */
static int
offered(struct world *w, const char *target, const char *action, bool allow_self, const xmlNode **device)
{
    g_autofree char *text = g_strdup_printf("<x st_op='st_query' st_callopt='%d'><st_calldata>"
                                            "<y st_target='%s' st_device_action='%s'/></st_calldata></x>",
                                            4096 + (allow_self ? 2 : 0), target, action);
    const xmlNode *data;

    g_ptr_array_set_size(w->replies, 0);
    ask(w, text);
    if (w->replies->len == 0) {
        return -1; /* an agent has to be asked */
    }
    data = fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE);
    if (device != NULL) {
        *device = xml_first(data, NULL);
    }
    return (int) xml_get_int(data, FENCE_F_AVAILABLE, -2);
}

static void
assert_reply(struct world *w, int status, int rc)
{
    assert_int_equal(w->replies->len, 1);
    assert_int_equal(xml_get_int(w->replies->pdata[0], FENCE_F_OP_STATUS, -99), status);
    assert_int_equal(xml_get_int(w->replies->pdata[0], FENCE_F_RC_CODE, -99), rc);
}

/* --- what the agent is told --- */

static void
an_agent_gets_the_target_and_what_is_meant_for_it(void **state)
{
    struct world *w = *state;

    add_device(w, "d",
               "pcmk_host_map='n1:p1' pcmk_x_action='y' pcmk_bogus='1' provides='z' CRM_meta_t='1' crm_feature_set='3' "
               "login='me'",
               USUAL);
    fence(w, "N1", "reboot", 20, 0);
    assert_int_equal(w->runs->len, 1);
    assert_int_equal(g_hash_table_size(((struct fenced_effect *) w->runs->pdata[0])->args), 5);
    assert_string_equal(run_get(w, 0, "action"), "reboot");
    assert_string_equal(run_get(w, 0, "nodename"), "N1");
    assert_string_equal(run_get(w, 0, "port"), "p1");
    assert_string_equal(run_get(w, 0, "pcmk_bogus"), "1");
    assert_string_equal(run_get(w, 0, "login"), "me");
    end_run(w, 0, EXEC_DONE, NULL);
    assert_reply(w, EXEC_DONE, 0);
}

static void
the_parameter_for_the_target_follows_the_agent(void **state)
{
    static const struct {
        const char *metadata, *option, *expected;
    } TABLE[] = { { AGENT("<parameter name='plug'/>", "<action name='off'/>"), "", "plug" },
                  { AGENT("<parameter name='plug'/><parameter name='port'/>", "<action name='off'/>"), "", "port" },
                  { AGENT("", "<action name='off'/>"), "", "port" },
                  { AGENT("", "<action name='off'/><!--1-->"), "pcmk_host_argument='uuid'", "uuid" },
                  { AGENT("", "<action name='off'/><!--2-->"), "pcmk_host_argument='None'", NULL } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        struct world *w;
        void *world = NULL;

        setup(&world);
        w = world;
        add_device(w, "d", TABLE[i].option, TABLE[i].metadata);
        execute(w, "d", "off");
        end_run(w, 0, EXEC_DONE, NULL);
        fence(w, "n1", "off", 20, 0);
        if (TABLE[i].expected != NULL) {
            assert_string_equal(run_get(w, 0, TABLE[i].expected), "n1");
        } else {
            assert_null(run_get(w, 0, "port"));
        }
        teardown(&world);
    }
}

static void
an_agent_that_cannot_reboot_is_told_to_switch_off(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "pcmk_host_list='n1' pcmk_off_action='poweroff' pcmk_off_timeout='2m'",
               AGENT(PORT, "<action name='on'/><action name='off'/>"));
    fence(w, "n1", "reboot", 20, 0);
    assert_string_equal(run_get(w, 0, "action"), "poweroff");
    assert_int_equal(((struct fenced_effect *) w->runs->pdata[0])->timeout_s, 120);
}

/* --- who can be fenced --- */

static void
a_query_waits_for_the_agents_meta_data(void **state)
{
    struct world *w = *state;

    ask(w, "<x st_op='st_device_register' st_callopt='4096'><st_calldata><st_device_id id='d' agent='fence_x'>"
           "<attributes pcmk_host_list='n1'/></st_device_id></st_calldata></x>");
    assert_int_equal(offered(w, "n1", "off", false, NULL), -1);
    end_run(w, 0, EXEC_DONE, USUAL);
    assert_int_equal(w->replies->len, 1);
    assert_int_equal(offered(w, "n1", "off", false, NULL), 1);
}

static void
meta_data_that_cannot_be_had_are_asked_for_again(void **state)
{
    struct world *w = *state;

    ask(w, "<x st_op='st_device_register' st_callopt='4096'><st_calldata><st_device_id id='d' agent='fence_x'>"
           "<attributes pcmk_host_list='n1'/></st_device_id></st_calldata></x>");
    end_run(w, 5, EXEC_NOT_INSTALLED, NULL);
    assert_int_equal(offered(w, "n1", "off", false, NULL), 1); /* it may work nevertheless */
    pass(w, 9999);
    assert_int_equal(w->runs->len, 0);
    pass(w, 1);
    assert_string_equal(run_get(w, 0, "action"), "metadata");
    end_run(w, 5, EXEC_NOT_INSTALLED, NULL);
    pass(w, 19999);
    assert_int_equal(w->runs->len, 0);
    pass(w, 1);
    assert_int_equal(w->runs->len, 1);
}

static void
a_query_says_what_the_device_can_and_how_long_it_takes(void **state)
{
    struct world *w = *state;
    const xmlNode *device, *off;

    add_device(w, "d", "pcmk_host_list='n3' pcmk_off_timeout='7' pcmk_delay_max='4'", USUAL);
    assert_int_equal(offered(w, "n3", "reboot", false, &device), 1);
    assert_string_equal(xml_get(device, FENCE_F_SUPPORT_FLAGS), "55");
    assert_null(xml_get(device, FENCE_F_ACTION_TIMEOUT));
    assert_string_equal(xml_get(device, FENCE_F_DELAY_MAX), "4");
    off = xml_find(device, FENCE_TAG_DEVICE_ACTION, "id", "off");
    assert_string_equal(xml_get(off, FENCE_F_ACTION_TIMEOUT), "7");
    assert_non_null(xml_find(device, FENCE_TAG_DEVICE_ACTION, "id", "on"));
}

static void
a_node_fences_itself_only_if_it_may(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "pcmk_host_check='none'", USUAL);
    assert_int_equal(offered(w, "other", "off", false, NULL), 1);
    assert_int_equal(offered(w, "ME", "off", false, NULL), 0);
    assert_int_equal(offered(w, "me", "off", true, NULL), 1);
}

static void
an_action_may_be_for_the_target_alone(void **state)
{
    struct world *w = *state;
    const xmlNode *device;

    add_device(w, "d", "pcmk_host_check='none'", AGENT(PORT, "<action name='off'/><action name='on' on_target='1'/>"));
    assert_int_equal(offered(w, "other", "on", true, NULL), 0);
    assert_int_equal(offered(w, "me", "on", false, NULL), 1);
    assert_int_equal(offered(w, "other", "reboot", false, &device), 1);
    assert_string_equal(xml_get(xml_find(device, FENCE_TAG_DEVICE_ACTION, "id", "on"), FENCE_F_DISALLOWED), "true");
    assert_null(xml_get(xml_find(device, FENCE_TAG_DEVICE_ACTION, "id", "off"), FENCE_F_DISALLOWED));
}

static void
an_agents_list_is_believed_for_a_minute(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "", USUAL);
    assert_int_equal(offered(w, "n1", "off", false, NULL), -1);
    assert_string_equal(run_get(w, 0, "action"), "list");
    end_run(w, 0, EXEC_DONE, "n1\nn2\n");
    assert_int_equal(w->replies->len, 1);
    assert_int_equal(offered(w, "n2", "off", false, NULL), 1);
    assert_int_equal(offered(w, "n3", "off", false, NULL), 0);
    pass(w, 60001);
    assert_int_equal(offered(w, "n3", "off", false, NULL), -1);
    end_run(w, 1, EXEC_DONE, NULL); /* an old list is better than none */
    pass(w, 1000);
    end_run(w, 1, EXEC_DONE, NULL);
    assert_int_equal(xml_get_int(fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE), FENCE_F_AVAILABLE, -1), 0);
}

static void
an_agent_that_cannot_list_is_asked_for_the_status_from_then_on(void **state)
{
    struct world *w = *state;
    static const struct {
        int rc, available;
    } TABLE[] = { { 0, 1 }, { 2, 1 }, { 1, 0 }, { 3, 0 } };

    add_device(w, "d", "pcmk_list_retries='1' pcmk_status_retries='1'", USUAL);
    assert_int_equal(offered(w, "n1", "off", false, NULL), -1);
    end_run(w, 1, EXEC_DONE, NULL);
    assert_int_equal(xml_get_int(fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE), FENCE_F_AVAILABLE, -1), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        assert_int_equal(offered(w, "n1", "off", false, NULL), -1);
        assert_string_equal(run_get(w, 0, "action"), "status");
        end_run(w, TABLE[i].rc, EXEC_DONE, NULL);
        assert_int_equal(xml_get_int(fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE), FENCE_F_AVAILABLE, -1),
                         TABLE[i].available);
    }
}

/* --- running --- */

static void
only_so_many_agents_of_a_device_run_at_a_time(void **state)
{
    static const struct {
        const char *option;
        unsigned at_once;
    } TABLE[] = { { "", 1 }, { "pcmk_action_limit='2'", 2 }, { "pcmk_action_limit='-1'", 3 }, { "pcmk_action_limit='0'", 1 },
                  { "pcmk_action_limit='x'", 1 } };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        void *world = NULL;
        struct world *w;

        setup(&world);
        w = world;
        add_device(w, "d", TABLE[i].option, USUAL);
        execute(w, "d", "monitor");
        execute(w, "d", "monitor");
        execute(w, "d", "status");
        assert_int_equal(w->runs->len, TABLE[i].at_once);
        end_run(w, 0, EXEC_DONE, NULL);
        assert_int_equal(w->runs->len, MIN(TABLE[i].at_once, 2));
        teardown(&world);
    }
}

static void
a_failure_is_tried_again_after_a_second(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "pcmk_host_list='n1' pcmk_off_retries='3'", USUAL);
    fence(w, "n1", "off", 20, 0);
    end_run(w, 1, EXEC_DONE, NULL);
    assert_int_equal(w->runs->len, 0);
    pass(w, 999);
    assert_int_equal(w->runs->len, 0);
    pass(w, 1);
    assert_int_equal(((struct fenced_effect *) w->runs->pdata[0])->timeout_s, 19);
    end_run(w, 1, EXEC_DONE, NULL);
    pass(w, 1000);
    assert_int_equal(((struct fenced_effect *) w->runs->pdata[0])->timeout_s, 18);
    end_run(w, 0, EXEC_DONE, NULL);
    assert_reply(w, EXEC_DONE, 0);
}

static void
a_time_out_and_a_late_failure_are_not_tried_again(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "pcmk_host_list='n1' pcmk_off_retries='9'", USUAL);
    fence(w, "n1", "off", 20, 0);
    end_run(w, 1, EXEC_TIMEOUT, NULL);
    assert_reply(w, EXEC_TIMEOUT, 1);
    g_ptr_array_set_size(w->replies, 0);
    fence(w, "n1", "off", 20, 0);
    pass(w, 14000); /* 0.7 of the time */
    end_run(w, 1, EXEC_DONE, NULL);
    assert_reply(w, EXEC_DONE, 1);
}

static void
delays_are_for_what_takes_a_node_down(void **state)
{
    struct world *w = *state;

    w->random = 2000;
    add_device(w, "d", "pcmk_host_check='none' pcmk_delay_base='1s' pcmk_delay_max='10s'", USUAL);
    fence(w, "n1", "off", 20, 4);
    assert_int_equal(w->runs->len, 0);
    pass(w, 6999); /* 4 asked for, 1 base, 2 random */
    assert_int_equal(w->runs->len, 0);
    pass(w, 1);
    assert_int_equal(w->runs->len, 1);
    end_run(w, 0, EXEC_DONE, NULL);
    fence(w, "n1", "off", 20, -1);
    assert_int_equal(w->runs->len, 1); /* -1: none at all */
    end_run(w, 0, EXEC_DONE, NULL);
    fence(w, "n2", "on", 20, 0);
    assert_int_equal(w->runs->len, 1);
}

static void
the_next_device_is_tried_after_a_failure(void **state)
{
    struct world *w = *state;

    add_device(w, "d1", "pcmk_host_list='n1' pcmk_off_retries='1' x='1'", USUAL);
    add_device(w, "d2", "pcmk_host_list='n1' pcmk_off_retries='1' x='2'", USUAL);
    fence(w, "n1", "off", 20, 0);
    assert_string_equal(run_get(w, 0, "x"), "1");
    end_run(w, 1, EXEC_DONE, NULL);
    assert_string_equal(run_get(w, 0, "x"), "2");
    assert_int_equal(w->replies->len, 0);
    end_run(w, 0, EXEC_DONE, NULL);
    assert_reply(w, EXEC_DONE, 0);
    assert_int_equal(w->runs->len, 0);
}

static void
unfencing_runs_every_device_that_has_to(void **state)
{
    struct world *w = *state;
    static const char UNFENCES[] = AGENT(PORT, "<action name='on' automatic='1'/><action name='off'/>");

    add_device(w, "d1", "pcmk_host_list='n1' x='1'", UNFENCES);
    add_device(w, "d2", "pcmk_host_list='n1' x='2'", USUAL);
    add_device(w, "d3", "pcmk_host_list='n1' x='3' pcmk_on_retries='1'", UNFENCES);
    fence(w, "n1", "on", 20, 0);
    assert_string_equal(run_get(w, 0, "x"), "1");
    end_run(w, 0, EXEC_DONE, NULL);
    assert_string_equal(run_get(w, 0, "x"), "3"); /* the second need not */
    assert_int_equal(w->replies->len, 0);
    end_run(w, 1, EXEC_DONE, NULL);
    assert_reply(w, EXEC_DONE, 1);
}

static void
a_device_is_verified_by_what_a_client_asked_of_it(void **state)
{
    struct world *w = *state;
    const xmlNode *device;

    add_device(w, "d", "pcmk_host_list='n1'", USUAL);
    offered(w, "n1", "off", false, &device);
    assert_string_equal(xml_get(device, FENCE_F_VERIFIED), "0");
    execute(w, "d", "monitor");
    end_run(w, 0, EXEC_DONE, NULL);
    offered(w, "n1", "off", false, &device);
    assert_string_equal(xml_get(device, FENCE_F_VERIFIED), "1");
    add_device(w, "d", "pcmk_host_list='N1' CRM_meta_x='1'", USUAL); /* the same device again */
    offered(w, "n1", "off", false, &device);
    assert_string_equal(xml_get(device, FENCE_F_VERIFIED), "1");
    add_device(w, "d", "pcmk_host_list='n1 n2'", USUAL); /* another */
    offered(w, "n1", "off", false, &device);
    assert_string_equal(xml_get(device, FENCE_F_VERIFIED), "0");
}

static void
what_waits_on_a_removed_device_fails(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "", USUAL);
    execute(w, "d", "monitor");
    execute(w, "d", "status");
    ask(w, "<x st_op='st_device_remove' st_callopt='4096'><st_calldata><y id='d'/></st_calldata></x>");
    assert_int_equal(w->replies->len, 2); /* the waiting one, and the answer to the removal */
    assert_string_equal(xml_get(w->replies->pdata[0], FENCE_F_EXIT_REASON),
                        "Device was removed before action could be executed");
    end_run(w, 0, EXEC_DONE, NULL); /* what runs still has a result */
    assert_int_equal(w->replies->len, 3);
    assert_int_equal(xml_get_int(w->replies->pdata[2], FENCE_F_OP_STATUS, -1), EXEC_DONE);
}

static void
a_query_ends_even_if_the_device_it_waits_for_is_removed(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "pcmk_action_limit='1'", USUAL);
    execute(w, "d", "monitor");
    assert_int_equal(offered(w, "n1", "off", false, NULL), -1);
    ask(w, "<x st_op='st_device_remove' st_callopt='4096'><st_calldata><y id='d'/></st_calldata></x>");
    assert_int_equal(xml_get_int(fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE), FENCE_F_AVAILABLE, -1), 0);
}

static void
a_configured_action_becomes_the_option_it_was_meant_as(void **state)
{
    struct world *w = *state;

    add_device(w, "d", "pcmk_host_list='n1' action='off'", USUAL);
    fence(w, "n1", "reboot", 20, 0);
    assert_string_equal(run_get(w, 0, "action"), "off");
}

static void
a_peer_that_is_the_target_is_answered_by_broadcast(void **state)
{
    struct world *w = *state;
    static const char REQUEST[] = "<stonith_command st_op='st_fence' st_remote_op='r' st_target='n2' st_device_action='off'"
                                  " st_origin='n2' st_timeout='20' st_callid='4' st_clientid='X'/>";
    g_autoptr(xmlNode) xml = xml_parse(REQUEST, strlen(REQUEST), XML_PARSE_STRICT, NULL);
    struct fence_result done = { 0 };
    struct fenced_effect *run, *e;

    add_device(w, "d", "pcmk_host_check='none'", USUAL);
    fenced_core_message(w->core, w->now, "n2", xml);
    run = fenced_core_take_effect(w->core);
    assert_int_equal(run->kind, FENCED_RUN);
    fenced_core_done(w->core, w->now, run->run_id, &done);
    fenced_effect_free(run);
    e = fenced_core_take_effect(w->core);
    assert_int_equal(e->kind, FENCED_SEND);
    assert_null(e->to);
    assert_string_equal(xml_get(e->xml, F_ST_OPERATION), "st_notify");
    assert_string_equal(xml_get(e->xml, F_SUBTYPE), "broadcast");
    assert_string_equal(xml_get(e->xml, F_ST_REMOTE_OP), "r");
    fenced_effect_free(e);
}

/* --- devices of the configuration --- */

static void
configure(struct world *w, const char *properties, const char *resources, const char *constraints)
{
    g_autofree char *text = g_strdup_printf("<configuration><crm_config>%s</crm_config><nodes/><resources>%s</resources>"
                                            "<constraints>%s</constraints></configuration>",
                                            properties, resources, constraints);
    g_autoptr(xmlNode) xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(xml);
    fenced_core_configuration(w->core, w->now, xml);
    drain(w);
    while (w->runs->len > 0) {
        end_run(w, 0, EXEC_DONE, USUAL);
    }
}

static bool
is_registered(struct world *w, const char *id)
{
    const xmlNode *data;

    g_ptr_array_set_size(w->replies, 0);
    ask(w, "<x st_op='st_query' st_callopt='4096'><st_calldata><y/></st_calldata></x>");
    data = fence_find_with(w->replies->pdata[0], FENCE_F_AVAILABLE);
    return xml_find(data, FENCE_TAG_DEVICE, "id", id) != NULL;
}

#define PRIMITIVE(id, content) "<primitive id='" id "' class='stonith' type='fence_x'>" content "</primitive>"
#define STOPPED                                                                                                        \
    "<meta_attributes id='m'><nvpair id='n' name='target-role' value='Stopped'/></meta_attributes>"

#define UNAME_RULE(operation, name)                                                                                    \
    "<rsc_location id='l' rsc='f'><rule id='r' score='-INFINITY'><expression id='e' attribute='#uname' operation='"      \
    operation "' value='" name "'/></rule></rsc_location>"

static void
fence_resources_are_devices_where_they_may_run(void **state)
{
    static const struct {
        const char *properties, *resources, *constraints, *id;
        bool is_device;
    } TABLE[] = {
        { "", PRIMITIVE("f", ""), "", "f", true },
        { "", PRIMITIVE("f", STOPPED), "", "f", false },
        { "", "<group id='g'>" STOPPED PRIMITIVE("f", "") "</group>", "", "f", false },
        { "", "<clone id='c'>" PRIMITIVE("f", "") "</clone>", "", "f:0", true },
        { "", "<primitive id='f' class='ocf' provider='p' type='fence_x'/>", "", "f", false },
        { "", "<template id='t' class='stonith' type='fence_x'/><primitive id='f' template='t'/>", "", "f", true },
        { "", PRIMITIVE("watchdog", ""), "", "watchdog", false },
        { "", PRIMITIVE("f", ""), "<rsc_location id='l' rsc='f' node='me' score='-1'/>", "f", false },
        { "", PRIMITIVE("f", ""), "<rsc_location id='l' rsc='f' node='other' score='-INFINITY'/>", "f", true },
        { "", "<group id='g'>" PRIMITIVE("f", "") "</group>", "<rsc_location id='l' rsc='g' node='me' score='-100'/>", "f", false },
        { "<cluster_property_set id='s'><nvpair id='sn' name='symmetric-cluster' value='false'/></cluster_property_set>",
          PRIMITIVE("f", ""), "", "f", false },
        { "<cluster_property_set id='s'><nvpair id='sn' name='symmetric-cluster' value='false'/></cluster_property_set>",
          PRIMITIVE("f", ""), "<rsc_location id='l' rsc='f' node='me' score='0'/>", "f", true },
        { "", PRIMITIVE("f", ""), UNAME_RULE("eq", "me"), "f", false },
        { "", PRIMITIVE("f", ""), UNAME_RULE("ne", "me"), "f", true },
        { "", PRIMITIVE("f1", "") PRIMITIVE("f2", ""), "<rsc_location id='l' rsc-pattern='f[1]' node='me' score='-1'/>", "f1", false },
        { "", PRIMITIVE("f1", "") PRIMITIVE("f2", ""), "<rsc_location id='l' rsc-pattern='f[1]' node='me' score='-1'/>", "f2", true },
        { "", PRIMITIVE("f", ""), "<rsc_location id='l' node='me' score='-1'><resource_set id='r'><resource_ref id='f'/></resource_set></rsc_location>", "f", false },
        { "", "<bundle id='b'><docker image='i'/></bundle>" PRIMITIVE("f", ""), "", "f", true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        void *world = NULL;

        setup(&world);
        configure(world, TABLE[i].properties, TABLE[i].resources, TABLE[i].constraints);
        assert_int_equal(is_registered(world, TABLE[i].id), TABLE[i].is_device);
        teardown(&world);
    }
}

static void
a_device_of_the_configuration_can_fence_but_is_monitored_only_when_started(void **state)
{
    struct world *w = *state;

    configure(w, "", PRIMITIVE("f", "<instance_attributes id='i'><nvpair id='i1' name='pcmk_host_list' value='n1'/>"
                                    "<nvpair id='i2' name='login' value='x'/></instance_attributes>"), "");
    execute(w, "f", "monitor");
    assert_reply(w, EXEC_NO_FENCE_DEVICE, 1);
    assert_string_equal(xml_get(w->replies->pdata[0], FENCE_F_EXIT_REASON), "'f' not active");
    fence(w, "n1", "off", 20, 0);
    assert_string_equal(run_get(w, 0, "login"), "x");
}

static void
parameters_are_those_for_this_node(void **state)
{
    struct world *w = *state;

    configure(w, "", PRIMITIVE("f", "<instance_attributes id='i' score='2'><rule id='r' score='0'>"
                                    "<expression id='e' attribute='#uname' operation='eq' value='me'/></rule>"
                                    "<nvpair id='i1' name='login' value='mine'/></instance_attributes>"
                                    "<instance_attributes id='j' score='1'><nvpair id='i2' name='login' value='others'/>"
                                    "<nvpair id='i3' name='pcmk_host_list' value='n1'/></instance_attributes>"), "");
    fence(w, "n1", "off", 20, 0);
    assert_string_equal(run_get(w, 0, "login"), "mine");
}

static void
a_device_goes_with_its_resource_but_not_with_its_stop(void **state)
{
    struct world *w = *state;

    configure(w, "", PRIMITIVE("f", ""), "");
    ask(w, "<x st_op='st_device_register' st_callopt='4096'><st_calldata><st_device_id id='f' agent='fence_x'>"
           "<attributes CRM_meta_timeout='1'/></st_device_id></st_calldata></x>");
    ask(w, "<x st_op='st_device_remove' st_callopt='4096'><st_calldata><y id='f'/></st_calldata></x>");
    assert_true(is_registered(w, "f"));
    configure(w, "", "", "");
    assert_false(is_registered(w, "f"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_map_has_escapes_and_two_separators),
        cmocka_unit_test(a_list_of_hosts_is_read_leniently),
        cmocka_unit_test(a_base_delay_is_one_time_or_one_a_host),
        TEST(an_agent_gets_the_target_and_what_is_meant_for_it),
        cmocka_unit_test(the_parameter_for_the_target_follows_the_agent),
        TEST(an_agent_that_cannot_reboot_is_told_to_switch_off),
        TEST(a_query_waits_for_the_agents_meta_data),
        TEST(meta_data_that_cannot_be_had_are_asked_for_again),
        TEST(a_query_says_what_the_device_can_and_how_long_it_takes),
        TEST(a_node_fences_itself_only_if_it_may),
        TEST(an_action_may_be_for_the_target_alone),
        TEST(an_agents_list_is_believed_for_a_minute),
        TEST(an_agent_that_cannot_list_is_asked_for_the_status_from_then_on),
        cmocka_unit_test(only_so_many_agents_of_a_device_run_at_a_time),
        TEST(a_failure_is_tried_again_after_a_second),
        TEST(a_time_out_and_a_late_failure_are_not_tried_again),
        TEST(delays_are_for_what_takes_a_node_down),
        TEST(the_next_device_is_tried_after_a_failure),
        TEST(unfencing_runs_every_device_that_has_to),
        TEST(a_device_is_verified_by_what_a_client_asked_of_it),
        TEST(what_waits_on_a_removed_device_fails),
        TEST(a_query_ends_even_if_the_device_it_waits_for_is_removed),
        TEST(a_configured_action_becomes_the_option_it_was_meant_as),
        TEST(a_peer_that_is_the_target_is_answered_by_broadcast),
        cmocka_unit_test(fence_resources_are_devices_where_they_may_run),
        TEST(a_device_of_the_configuration_can_fence_but_is_monitored_only_when_started),
        TEST(parameters_are_those_for_this_node),
        TEST(a_device_goes_with_its_resource_but_not_with_its_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
