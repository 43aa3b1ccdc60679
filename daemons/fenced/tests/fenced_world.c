/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See fenced_world.h: messages arrive in one order, agents end when their time has come.
 */
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"

#include "daemons/fenced/tests/fenced_world.h"
#include "daemons/fenced/tests/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[MAX_NODES] = { "n1", "n2", "n3" };

static const struct {
    const char *agent, *actions;
} AGENTS[] = {
    { "fence_T", "<action name='on'/><action name='off'/><action name='reboot'/><action name='status'/>"
                 "<action name='list'/><action name='monitor'/>" },
    { "fence_TR", "<action name='on'/><action name='off'/><action name='monitor'/>" },
    { "fence_TO", "<action name='off'/><action name='reboot'/><action name='monitor'/>" },
    { "fence_TT", "<action name='on' automatic='1' on_target='1'/><action name='off'/><action name='monitor'/>" },
    { "fence_TA", "<action name='on' automatic='1'/><action name='off'/><action name='reboot'/><action name='monitor'/>" },
};

static char *
new_uuid(void *data)
{
    return g_strdup_printf("op-%u", ++((struct host *) data)->world->last_uuid);
}

static uint64_t
uptime_ms(void *data)
{
    const struct host *host = data;

    return host->world->now.ms - host->booted_ms;
}

static void
start_agent(struct world *w, unsigned node, struct fenced_effect *e)
{
    struct agent_run *run = g_new0(struct agent_run, 1);
    const char *action = g_hash_table_lookup(e->args, "action"), *takes = g_hash_table_lookup(e->args, "takes");

    run->node = node;
    run->effect = e;
    run->end_ms = w->now.ms + (takes != NULL ? (uint64_t) atoi(takes) * 1000 : 0);
    if (text_equal(g_hash_table_lookup(e->args, "mode"), "hang") && !text_equal(action, "metadata")) {
        run->end_ms = w->now.ms + (uint64_t) e->timeout_s * 1000;
    }
    if (!text_equal(action, "metadata")) {
        g_string_append_printf(w->log, "%s:%s:%s@%u ", names[node], action, e->device_id,
                               (unsigned) ((w->now.ms - w->begin_ms) / 1000));
    }
    g_ptr_array_add(w->runs, run);
}

static void
collect(void *world, unsigned node)
{
    struct world *w = world;
    struct fenced_effect *e;

    while ((e = fenced_core_take_effect(w->cores[node])) != NULL) {
        if (e->kind == FENCED_RUN) {
            start_agent(w, node, e);
            continue;
        }
        if (e->kind == FENCED_SEND) {
            network_send(&w->network, node, e);
        } else if (e->kind == FENCED_REPLY) {
            xml_free(w->reply);
            w->reply = g_steal_pointer(&e->xml);
            w->replies++;
        } else if (e->kind == FENCED_EVENT && xml_is(e->xml, FENCE_TYPE_TIMEOUT)) {
            w->total_s = xml_get_int(e->xml, F_ST_TIMEOUT, -1);
        } else if (e->kind == FENCED_PANIC) {
            w->is_down[node] = w->has_panicked[node] = true;
        }
        fenced_effect_free(e);
    }
}

static void
end_agent(struct world *w, struct agent_run *run)
{
    GHashTable *args = run->effect->args;
    const char *mode = g_hash_table_lookup(args, "mode");
    g_autofree char *metadata = NULL;
    struct fence_result result = { 0 };

    if (text_equal(g_hash_table_lookup(args, "action"), "metadata")) {
        for (size_t i = 0; i < G_N_ELEMENTS(AGENTS); i++) {
            if (text_equal(AGENTS[i].agent, run->effect->agent)) {
                metadata = g_strdup_printf("<resource-agent><parameters><parameter name='port'/></parameters><actions>%s"
                                           "</actions></resource-agent>", AGENTS[i].actions);
            }
        }
        result.output = metadata;
        result.rc = (metadata != NULL) ? 0 : 5;
        result.status = (metadata != NULL) ? EXEC_DONE : EXEC_NOT_INSTALLED;
    } else if (text_equal(mode, "hang")) {
        result.rc = 1;
        result.status = EXEC_TIMEOUT;
    } else {
        result.rc = text_equal(mode, "fail") ? 1 : 0;
    }
    if (!w->is_down[run->node]) {
        fenced_core_done(w->cores[run->node], w->now, run->effect->run_id, &result);
        collect(w, run->node);
    }
    fenced_effect_free(run->effect);
    g_free(run);
}

static struct agent_run *
ended_agent(struct world *w)
{
    for (unsigned i = 0; i < w->runs->len; i++) {
        if (((struct agent_run *) w->runs->pdata[i])->end_ms <= w->now.ms) {
            return g_ptr_array_steal_index(w->runs, i);
        }
    }
    return NULL;
}

/* Carry out all that is to happen now. */
void
world_settle(struct world *w)
{
    struct agent_run *run;

    for (unsigned i = 0; i < w->n; i++) {
        collect(w, i);
    }
    for (;;) {
        if (network_deliver(&w->network, w->cores, names, w->is_down, w->n, w->now, collect, w)) {
            continue;
        }
        run = ended_agent(w);
        if (run == NULL) {
            return;
        }
        end_agent(w, run);
    }
}

void
pass(struct world *w, unsigned ms)
{
    for (unsigned step = 0; step < ms; step += 100) {
        w->now.ms += 100;
        w->now.epoch = 1700000000 + (int64_t) (w->now.ms / 1000);
        for (unsigned i = 0; i < w->n; i++) {
            if (!w->is_down[i] && fenced_core_deadline(w->cores[i]) <= w->now.ms) {
                fenced_core_tick(w->cores[i], w->now);
            }
        }
        world_settle(w);
    }
}

static void
start_fencer(struct world *w, unsigned i)
{
    const struct fenced_config config = { .node = names[i],
                                          .pid = 10 + (long) i,
                                          .new_uuid = new_uuid,
                                          .uptime_ms = uptime_ms,
                                          .sbd_timeout_ms = 5000,
                                          .data = &w->hosts[i] };

    w->cores[i] = fenced_core_new(&config);
    fenced_core_client_connected(w->cores[i], names[i], 100, true);
}

void
start_fencer_anew(struct world *w, unsigned node, const xmlNode *configuration)
{
    bool was_down = w->is_down[node];

    fenced_core_free(w->cores[node]);
    start_fencer(w, node);
    fenced_core_configuration(w->cores[node], w->now, configuration);
    w->lives[node]++;
    set_down(w, node, true);
    set_down(w, node, was_down);
    world_settle(w);
}

void
reset(struct world *w, unsigned node)
{
    w->hosts[node].booted_ms = w->now.ms;
    w->lives[node]++;
    w->has_panicked[node] = false;
    set_down(w, node, false);
}

struct world *
world_new(unsigned n)
{
    struct world *w = g_new0(struct world, 1);

    w->n = n;
    w->now = (struct fenced_now) { .ms = 5000000, .epoch = 1700000000 };
    w->runs = g_ptr_array_new();
    w->log = g_string_new(NULL);
    for (unsigned i = 0; i < n; i++) {
        w->hosts[i].world = w;
        start_fencer(w, i);
        set_peers(w->cores[i], names, n);
    }
    return w;
}

void
world_free(struct world *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        fenced_core_free(w->cores[i]);
    }
    for (unsigned i = 0; i < w->runs->len; i++) {
        fenced_effect_free(((struct agent_run *) w->runs->pdata[i])->effect);
        g_free(w->runs->pdata[i]);
    }
    g_ptr_array_unref(w->runs);
    g_string_free(w->log, TRUE);
    xml_free(w->reply);
    g_free(w);
}

void
set_down(struct world *w, unsigned node, bool is_down)
{
    struct fenced_peer left[MAX_NODES];
    unsigned n = 0;

    w->is_down[node] = is_down;
    for (unsigned i = 0; i < w->n; i++) {
        if (!w->is_down[i]) {
            left[n++] = (struct fenced_peer) { names[i], 100 + i + w->lives[i] };
        }
    }
    for (unsigned i = 0; i < w->n; i++) {
        fenced_core_set_peers(w->cores[i], left, n);
    }
}

/* The node is lost: nobody counts it as a fencer any more. */
void
lose(struct world *w, unsigned node)
{
    set_down(w, node, true);
}

void
ask(struct world *w, unsigned node, const char *format, ...)
{
    g_autoptr(xmlNode) xml = NULL;
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, format);
    text = g_strdup_vprintf(format, ap);
    va_end(ap);
    xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    assert_non_null(xml);
    fenced_core_request(w->cores[node], w->now, names[node], 1, IPC_WANTS_RESPONSE, xml);
    world_settle(w);
}

void
device(struct world *w, unsigned node, const char *id, const char *agent, const char *params)
{
    ask(w, node, "<x st_op='st_device_register' st_callopt='4096'><st_calldata><st_device_id id='%s' agent='%s'>"
                      "<attributes %s/></st_device_id></st_calldata></x>", id, agent, params);
}

void
level(struct world *w, const char *target, unsigned index, const char *devices)
{
    for (unsigned i = 0; i < w->n; i++) {
        ask(w, i, "<x st_op='st_level_add' st_callopt='4096'><st_calldata><fencing-level id='l' index='%u' %s "
                       "devices='%s'/></st_calldata></x>", index, target, devices);
    }
}

/* Ask node n1's fencer; what follows at once has happened then. */
void
fence_after(struct world *w, const char *target, const char *action, unsigned timeout, int delay)
{
    w->begin_ms = w->now.ms;
    g_string_truncate(w->log, 0);
    w->replies = 0;
    w->total_s = 0;
    ask(w, 0, "<x st_op='st_fence' st_callid='3' st_callopt='2' st_timeout='%u' st_delay='%d'>"
                      "<st_calldata><y st_target='%s' st_device_action='%s'/></st_calldata></x>",
        timeout, delay, target, action);
}

void
fence(struct world *w, const char *target, const char *action, unsigned timeout)
{
    fence_after(w, target, action, timeout, 0);
}

void
assert_result(struct world *w, int status, int rc)
{
    assert_int_equal(w->replies, 1);
    assert_int_equal(xml_get_int(w->reply, FENCE_F_OP_STATUS, -99), status);
    assert_int_equal(xml_get_int(w->reply, FENCE_F_RC_CODE, -99), rc);
}

/* Devices and actions in the order in which agents ran on node n1. */
void
assert_ran(struct world *w, const char *expected)
{
    assert_string_equal(g_strchomp(w->log->str), expected);
    w->log->len = strlen(w->log->str);
}
