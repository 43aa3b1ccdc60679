/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands around the fencer's core: its group, its timer, the configuration, its client (the controller of the host), and the fence
 * agents.  One kind of agent works a power switch that may fail, hang, or fail after it has done its work, or one of a host's two
 * outlets; the other kind writes to the shared disks (sim_sbd.c).  Which ones a cluster has follows from the seed.
 */
#include "cts/sim/sim.h"

#include "daemons/controld/controld_core.h"
#include "daemons/fenced/fenced_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_doc.h"
#include "lib/fence/fence_protocol.h"
#include "lib/fence/fence_result.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_protocol.h"

#define EXTRA_WAIT 60 /* seconds that a client waits beyond the timeout of its request */

struct sim_fencer {
    struct fenced_core *core;
    struct peers *peers;
    uint64_t timer_due;
    unsigned timer_generation;
    struct cib_version version; /* of the CIB whose configuration the core has */
    bool has_client;
    unsigned client_life;
    char client[40]; /* its id: no two of the cluster have the same one */
    GHashTable *calls; /* call id -> cookie (uint64_t *) */
    int last_call, watchdog_call;
    unsigned last_uuid;
};

static void carry_out(struct sim_node *n);

static struct fenced_now
now(const struct sim_node *n)
{
    return (struct fenced_now){ .ms = sim_ms(n->sim), .epoch = sim_epoch(n->sim), .nsec = (long)(n->sim->now % SIM_S) * 1000 };
}

/* --- answers and events for the controller --- */

struct outcome {
    uint64_t cookie;
    bool is_list; /* the watchdog's targets were asked for */
    struct fence_result result;
};

static void
outcome_free(gpointer data)
{
    struct outcome *o = data;

    fence_result_clear(&o->result);
    g_free(o);
}

static void
on_outcome(struct sim_node *n, void *arg)
{
    const struct outcome *o = arg;

    if (o->is_list) {
        sim_ctl_watchdog_targets(n, fence_result_is_success(&o->result), o->result.output);
        return;
    }
    sim_ctl_fence_result(n, o->cookie, o->result.status, o->result.rc, o->result.reason);
}

/* The call is over. */
static void
finish_call(struct sim_node *n, int call, const struct fence_result *result)
{
    const uint64_t *cookie = g_hash_table_lookup(n->fencer->calls, GINT_TO_POINTER(call));
    struct outcome *o;

    if (cookie == NULL) {
        return;
    }
    o = g_new0(struct outcome, 1);
    o->cookie = *cookie;
    o->is_list = call == n->fencer->watchdog_call;
    fence_result_copy(&o->result, result);
    g_hash_table_remove(n->fencer->calls, GINT_TO_POINTER(call));
    if (n->running[SIM_CTL] && n->life[SIM_CTL] == n->fencer->client_life) {
        sim_post_to(n, SIM_CTL, &n->ipc[SIM_FENCER][SIM_CTL], sim_delay(n->sim, 10, 400), on_outcome, o, outcome_free);
    } else {
        outcome_free(o);
    }
}

static void
on_call_timeout(struct sim_node *n, void *arg)
{
    struct fence_result result = { 0 };

    fence_result_set(&result, CRM_EX_ERROR, EXEC_TIMEOUT, "Fencer accepted request but did not reply in time");
    finish_call(n, GPOINTER_TO_INT(arg), &result);
    fence_result_clear(&result);
}

static void
on_fence_event(struct sim_node *n, void *arg)
{
    const xmlNode *xml = arg, *data = msg_data(xml, F_ST_CALLDATA);
    struct fence_result result = { 0 };
    struct ctl_fence_event event = { 0 };

    if (text_equal(xml_get(xml, F_SUBTYPE), FENCE_NOTIFY_HISTORY_SYNCED)) {
        sim_ctl_fence_synced(n);
        return;
    }
    if (!text_equal(xml_get(xml, F_SUBTYPE), FENCE_NOTIFY_FENCE) || data == NULL) {
        return;
    }
    fence_result_from_xml(&result, xml);
    event.target = xml_get(data, F_ST_TARGET);
    event.action = xml_get(data, F_ST_DEVICE_ACTION);
    event.executor = xml_get(data, F_ST_DELEGATE);
    event.origin = xml_get(data, F_ST_ORIGIN);
    event.client = xml_get(data, F_ST_CLIENTNAME);
    event.id = xml_get(data, F_ST_REMOTE_OP);
    event.reason = result.reason;
    event.status = result.status;
    event.rc = result.rc;
    sim_ctl_fence_event(n, &event);
    fence_result_clear(&result);
}

static void
element_free(gpointer data)
{
    xml_free(data);
}

static void
check_event(struct sim *s, const xmlNode *event)
{
    const xmlNode *data = msg_data(event, F_ST_CALLDATA);
    struct fence_result result = { 0 };

    if (text_equal(xml_get(event, F_SUBTYPE), FENCE_NOTIFY_FENCE) && data != NULL) {
        fence_result_from_xml(&result, event);
        sim_check_fencing_over(s, xml_get(data, F_ST_REMOTE_OP), fence_result_is_success(&result));
        fence_result_clear(&result);
    }
}

static void
check_message(struct sim *s, const xmlNode *xml)
{
    if (text_equal(xml_get(xml, F_ST_OPERATION), FENCE_OP_QUERY) && text_is_one_of(xml_get(xml, F_ST_DEVICE_ACTION), "off", "reboot", NULL)) {
        sim_check_fencing_begins(s, xml_get(xml, F_ST_REMOTE_OP), xml_get(xml, F_ST_TARGET));
    }
}

/* Something for the client: an answer or an event, which come on the same channel. */
static void
tell_client(struct sim_node *n, xmlNode *take_xml)
{
    if (text_equal(xml_get(take_xml, F_TYPE), T_STONITH)) {
        struct fence_result result = { 0 };

        fence_result_from_xml(&result, take_xml);
        finish_call(n, (int)xml_get_int(take_xml, F_ST_CALLID, 0), &result);
        fence_result_clear(&result);
    } else if (text_equal(xml_get(take_xml, F_TYPE), T_STONITH_NOTIFY) && n->running[SIM_CTL]
               && n->life[SIM_CTL] == n->fencer->client_life) {
        sim_post_to(n, SIM_CTL, &n->ipc[SIM_FENCER][SIM_CTL], sim_delay(n->sim, 10, 400), on_fence_event, take_xml, element_free);
        return;
    }
    xml_free(take_xml);
}

/* --- agents --- */

struct agent {
    struct sim_node *node;
    unsigned boot, life; /* of the host and of the fencer that started it */
    unsigned run_id;
    char *action;
    struct sim_node *target;
    unsigned outlet; /* bit; 0: the switch of the whole host */
    bool unreliable;
    bool told; /* broken on purpose: its end has been told before it had begun */
    struct fence_result result;
};

static void
agent_free(gpointer data)
{
    struct agent *a = data;

    fence_result_clear(&a->result);
    g_free(a->action);
    g_free(a);
}

/* The result goes to the fencer that started the agent. */
static void
tell_core(struct agent *a)
{
    struct sim_node *n = a->node;

    if (!a->told && n->running[SIM_FENCER] && n->life[SIM_FENCER] == a->life) {
        fenced_core_done(n->fencer->core, now(n), a->run_id, &a->result);
        carry_out(n);
    }
    a->told = true;
}

static void
on_agent_end(struct sim *s, void *arg)
{
    struct agent *a = arg;

    if (a->node->up && a->node->boots == a->boot) {
        tell_core(a);
    }
}

/* A host is switched off, and back on later. */
static void
switch_host(struct agent *a)
{
    struct sim *s = a->node->sim;

    if (text_equal(a->action, "on")) {
        sim_node_boot(a->target);
    } else {
        sim_node_restart(a->target, text_equal(a->action, "off") ? 30 * SIM_S : sim_delay(s, 2 * SIM_S, 10 * SIM_S));
    }
}

/* It dies with the last one, and lives with the first one. */
static void
switch_outlet(struct agent *a)
{
    if (text_equal(a->action, "on")) {
        a->target->outlets_off &= ~a->outlet;
        sim_node_boot(a->target);
    } else if (text_equal(a->action, "off")) {
        a->target->outlets_off |= a->outlet;
        if (a->target->outlets_off == SIM_BOTH_OUTLETS) {
            sim_node_restart(a->target, 30 * SIM_S);
        }
    }
}

static void
on_power_switch(struct sim *s, void *arg)
{
    struct agent *a = arg;
    bool trouble = !s->quiet && !s->config.calm;
    bool fails = a->unreliable ? !sim_once_in(s, 5) : trouble && sim_once_in(s, 10);
    bool works = !fails || (trouble && sim_once_in(s, 4));

    if (!a->node->up || a->node->boots != a->boot) {
        return;
    }
    sim_trace(s, "%s: the power switch is told to %s %s: %s", a->node->name, a->action, a->target->name,
              fails ? works ? "it does, and reports failure" : "fails" : "done");
    fence_result_set(&a->result, fails ? 1 : 0, EXEC_DONE, fails ? "simulated failure" : NULL);
    if (a->unreliable && s->config.mutation == SIM_TRUST_FAILURE) {
        fence_result_set(&a->result, 0, EXEC_DONE, NULL); /* broken on purpose */
    }
    if (!works || s->config.mutation == SIM_FENCE_NOTHING || (a->outlet == 2 && s->config.mutation == SIM_ONE_OUTLET)) {
        /* nothing happens */
    } else if (a->outlet != 0) {
        switch_outlet(a);
    } else {
        switch_host(a);
    }
    if (a->node->up && a->node->boots == a->boot) {
        tell_core(a);
    }
}

/* The disk says that the message was delivered and that the receiver must have died, or that it could not be delivered. */
static void
on_sent(struct sim_node *n, bool ok, void *data)
{
    struct agent *a = data;

    sim_trace(n->sim, "%s: sbd message to %s: %s", n->name, a->target->name, ok ? "delivered" : "failed");
    fence_result_set(&a->result, ok ? 0 : 1, EXEC_DONE, ok ? NULL : "message was not delivered");
    tell_core(a);
    agent_free(a);
}

static const char *
metadata(bool sbd)
{
    return sbd ? "<resource-agent name='fence_sbd'><parameters><parameter name='port'/></parameters><actions><action name='off'/>"
                 "<action name='reboot'/><action name='monitor'/><action name='metadata'/></actions></resource-agent>"
               : "<resource-agent name='fence_power'><parameters><parameter name='port'/></parameters><actions><action name='on'/>"
                 "<action name='off'/><action name='reboot'/><action name='monitor'/><action name='metadata'/></actions></resource-agent>";
}

static void
run_agent(struct sim_node *n, const struct fenced_effect *e)
{
    struct sim *s = n->sim;
    struct agent *a = g_new0(struct agent, 1);
    const char *action = g_hash_table_lookup(e->args, "action"), *port = g_hash_table_lookup(e->args, "port");
    const char *outlet = g_hash_table_lookup(e->args, "outlet");
    bool by_disk = text_equal(e->agent, "fence_sbd");

    *a = (struct agent){ .node = n, .boot = n->boots, .life = n->life[SIM_FENCER], .run_id = e->run_id, .action = g_strdup(action) };
    a->outlet = outlet != NULL ? (unsigned)text_leading_int(outlet) : 0;
    a->unreliable = g_hash_table_contains(e->args, "unreliable");
    a->target = port != NULL ? sim_node_by_name(s, port) : NULL;
    fence_result_set(&a->result, 0, EXEC_DONE, NULL);
    if (text_equal(action, "metadata")) {
        a->result.output = g_strdup(metadata(by_disk));
    }
    if (a->target == NULL || !text_is_one_of(action, "on", "off", "reboot", NULL)) {
        sim_post(s, sim_delay(s, 5 * SIM_MS, 50 * SIM_MS), on_agent_end, a, agent_free);
        return;
    }
    sim_trace(s, "%s: fence agent of %s begins to %s %s", n->name, e->device_id != NULL ? e->device_id : e->agent, action,
              a->target->name);
    if (s->config.mutation == SIM_CONFIRM_EARLY) {
        tell_core(a);
        if (!n->up) {
            agent_free(a);
            return;
        }
    }
    if (!s->quiet && !s->config.calm && sim_once_in(s, 30)) {
        /* It hangs until its time is over. */
        fence_result_set(&a->result, 1, EXEC_TIMEOUT, "agent did not finish in time");
        sim_post(s, (uint64_t)e->timeout_s * SIM_S, on_agent_end, a, agent_free);
    } else if (by_disk) {
        sim_sbd_send(n, a->target->name, text_equal(action, "off"), on_sent, a);
    } else {
        sim_post(s, sim_delay(s, 200 * SIM_MS, 3 * SIM_S), on_power_switch, a, agent_free);
    }
}

/* --- effects and timer --- */

static void
on_timer(struct sim_node *n, void *arg)
{
    if (n->fencer->timer_generation == GPOINTER_TO_UINT(arg)) {
        n->fencer->timer_due = UINT64_MAX;
        fenced_core_tick(n->fencer->core, now(n));
        carry_out(n);
    }
}

static void
on_panic(struct sim_node *n, void *arg)
{
    sim_trace(n->sim, "%s: panics", n->name);
    sim_node_restart(n, sim_delay(n->sim, 5 * SIM_S, 15 * SIM_S));
}

static void
carry_out_one(struct sim_node *n, struct fenced_effect *e)
{
    switch (e->kind) {
        case FENCED_REPLY:
            tell_client(n, g_steal_pointer(&e->xml));
            break;
        case FENCED_EVENT:
            check_event(n->sim, e->xml);
            tell_client(n, g_steal_pointer(&e->xml));
            break;
        case FENCED_SEND:
            check_message(n->sim, e->xml);
            sim_net_send(n, SIM_FENCER, e->to, g_steal_pointer(&e->xml));
            break;
        case FENCED_RUN:
            run_agent(n, e);
            break;
        case FENCED_PANIC:
            sim_post_to(n, SIM_FENCER, NULL, 1, on_panic, NULL, NULL);
            break;
        case FENCED_FORGET:
            break;
    }
}

static void
carry_out(struct sim_node *n)
{
    struct fenced_effect *e;
    uint64_t due;

    while ((e = fenced_core_take_effect(n->fencer->core)) != NULL) {
        carry_out_one(n, e);
        fenced_effect_free(e);
    }
    due = fenced_core_deadline(n->fencer->core);
    if (due != n->fencer->timer_due) {
        n->fencer->timer_due = due;
        n->fencer->timer_generation++;
        if (due != UINT64_MAX) {
            uint64_t at = MAX(due * SIM_MS, n->sim->now);

            sim_post_to(n, SIM_FENCER, NULL, at - n->sim->now, on_timer, GUINT_TO_POINTER(n->fencer->timer_generation), NULL);
        }
    }
}

/* --- requests of the controller --- */

static void
on_request(struct sim_node *n, void *arg)
{
    if (n->fencer->has_client) {
        fenced_core_request(n->fencer->core, now(n), n->fencer->client, 1, 0, arg);
        carry_out(n);
    }
}

static void
post_request(struct sim_node *n, xmlNode *take_request)
{
    sim_post_to(n, SIM_FENCER, &n->ipc[SIM_CTL][SIM_FENCER], sim_delay(n->sim, 10, 400), on_request, take_request, element_free);
}

static xmlNode *
new_request(struct sim_node *n, const char *op, unsigned options, unsigned timeout_s)
{
    xmlNode *request = xml_new(NULL, FENCE_TAG_COMMAND);

    xml_set(request, F_NAME, FENCE_TAG_COMMAND);
    xml_set(request, F_TYPE, T_STONITH);
    xml_set(request, F_ST_ASYNC_ID, n->fencer->client);
    xml_set(request, F_ST_OPERATION, op);
    xml_set_int(request, F_ST_CALLID, ++n->fencer->last_call);
    xml_set_int(request, F_ST_CALLOPTS, options);
    xml_set_int(request, F_ST_TIMEOUT, timeout_s);
    return request;
}

bool
sim_fencer_connect(struct sim_node *n)
{
    static const char *const types[] = { FENCE_NOTIFY_FENCE, FENCE_NOTIFY_HISTORY_SYNCED };
    xmlNode *hello;

    if (!n->running[SIM_FENCER]) {
        return false;
    }
    if (n->fencer->has_client) {
        fenced_core_client_gone(n->fencer->core, n->fencer->client);
        g_hash_table_remove_all(n->fencer->calls);
    }
    n->fencer->has_client = true;
    n->fencer->client_life = n->life[SIM_CTL];
    g_snprintf(n->fencer->client, sizeof(n->fencer->client), "%08x-0000-4000-a000-%012x", n->life[SIM_CTL], n->id);
    fenced_core_client_connected(n->fencer->core, n->fencer->client, n->pid[SIM_CTL], true);
    hello = xml_new(NULL, FENCE_TAG_COMMAND);
    xml_set(hello, F_TYPE, T_STONITH);
    xml_set(hello, F_ST_OPERATION, FENCE_OP_REGISTER);
    xml_set(hello, F_ST_CLIENTNAME, "pacemaker-controld");
    post_request(n, hello);
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        xmlNode *request = xml_new(NULL, FENCE_TAG_COMMAND);

        xml_set(request, F_TYPE, T_STONITH);
        xml_set(request, F_ST_OPERATION, FENCE_OP_NOTIFY);
        xml_set(request, F_ST_NOTIFY_ACTIVATE, types[i]);
        post_request(n, request);
    }
    return true;
}

bool
sim_fencer_fence(struct sim_node *n, const struct ctl_effect *e)
{
    unsigned timeout_s = (unsigned)((e->timeout_ms + 999) / 1000);
    xmlNode *request, *data;
    int delay_s = (int)(e->delay_ms / 1000);

    if (!n->running[SIM_FENCER] || !n->fencer->has_client) {
        return false;
    }
    request = new_request(n, FENCE_OP_FENCE, e->options, timeout_s);
    xml_set_int(request, F_ST_DELAY, delay_s);
    data = xml_new(xml_new(request, F_ST_CALLDATA), FENCE_TAG_ARGUMENTS);
    xml_set(data, F_ST_TARGET, e->node);
    xml_set(data, F_ST_DEVICE_ACTION, e->action);
    xml_set_int(data, F_ST_TIMEOUT, timeout_s);
    xml_set_int(data, F_ST_TOLERANCE, 0);
    xml_set_int(data, F_ST_DELAY, delay_s);
    g_hash_table_insert(n->fencer->calls, GINT_TO_POINTER(n->fencer->last_call), g_memdup2(&e->cookie, sizeof(e->cookie)));
    sim_post_to(n, SIM_FENCER, NULL, (timeout_s + (unsigned)MAX(delay_s, 0) + EXTRA_WAIT) * SIM_S, on_call_timeout,
                GINT_TO_POINTER(n->fencer->last_call), NULL);
    post_request(n, request);
    return true;
}

void
sim_fencer_sync_history(struct sim_node *n)
{
    if (n->running[SIM_FENCER] && n->fencer->has_client) {
        post_request(n, new_request(n, FENCE_OP_HISTORY, FENCE_OPT_BROADCAST, 5));
    }
}

void
sim_fencer_list_watchdog(struct sim_node *n)
{
    static const uint64_t no_cookie;
    xmlNode *request, *data;

    if (!n->running[SIM_FENCER] || !n->fencer->has_client) {
        return;
    }
    request = new_request(n, FENCE_OP_EXECUTE, 0, 5);
    data = xml_new(xml_new(request, F_ST_CALLDATA), FENCE_TAG_ARGUMENTS);
    xml_set(data, F_ST_DEVICE_ID, "watchdog");
    xml_set(data, F_ST_DEVICE_ACTION, "list");
    n->fencer->watchdog_call = n->fencer->last_call;
    g_hash_table_insert(n->fencer->calls, GINT_TO_POINTER(n->fencer->last_call), g_memdup2(&no_cookie, sizeof(no_cookie)));
    post_request(n, request);
}

/* --- events --- */

static void
set_peers(struct sim_node *n, unsigned members)
{
    struct fenced_peer peers[SIM_MAX_NODES];
    unsigned count = 0;

    for (unsigned i = 0; i < n->sim->n_nodes; i++) {
        if (members & (1u << i)) {
            peers[count++] = (struct fenced_peer){ n->sim->node[i].name, n->sim->node[i].pid[SIM_FENCER] };
        }
    }
    fenced_core_set_peers(n->fencer->core, peers, count);
}

void
sim_fencer_members(struct sim_node *n, unsigned before, unsigned members)
{
    set_peers(n, members);
    fenced_core_poke(n->fencer->core);
    carry_out(n);
}

void
sim_fencer_message(struct sim_node *n, unsigned from, xmlNode *xml)
{
    xml_set(xml, F_SRC, n->sim->node[from].name);
    fenced_core_message(n->fencer->core, now(n), n->sim->node[from].name, xml);
    carry_out(n);
}

/* The configuration counts when its version changes. */
void
sim_fencer_cib_changed(struct sim_node *n)
{
    const xmlNode *cib = sim_cib_document(n);
    struct cib_version version;

    if (cib == NULL) {
        return;
    }
    version = cib_version_of(cib);
    if (version.epoch == n->fencer->version.epoch && version.admin_epoch == n->fencer->version.admin_epoch) {
        return;
    }
    n->fencer->version = version;
    fenced_core_configuration(n->fencer->core, now(n), xml_first(cib, "configuration"));
    carry_out(n);
}

/* --- life --- */

static char *
new_uuid(void *data)
{
    struct sim_node *n = data;

    return g_strdup_printf("%08x-%04x-4000-9000-%012x", ++n->fencer->last_uuid, n->life[SIM_FENCER] & 0xffff, n->id);
}

static const char *
node_name(uint32_t id, void *data)
{
    const struct sim_node *n = data;

    return id >= 1 && id <= n->sim->n_nodes ? n->sim->node[id - 1].name : NULL;
}

static uint32_t
node_id(const char *name, void *data)
{
    const struct sim_node *n = data, *found = sim_node_by_name(n->sim, name);

    return found != NULL ? found->id : 0;
}

static unsigned
random_below(unsigned below, void *data)
{
    return sim_pick(((struct sim_node *)data)->sim, below);
}

static uint64_t
uptime_ms(void *data)
{
    const struct sim_node *n = data;

    return (n->sim->now - n->booted) / SIM_MS;
}

static const char *
agent_namespace(const char *agent, void *data)
{
    return "stonith-ng";
}

void
sim_fencer_start(struct sim_node *n)
{
    struct fenced_config config = {
        .node = n->name, .pid = (long)n->pid[SIM_FENCER], .new_uuid = new_uuid, .node_name = node_name, .node_id = node_id,
        .random = random_below, .agent_namespace = agent_namespace, .data = n,
        .uptime_ms = uptime_ms,
        .sbd_timeout_ms = n->sim->has_sbd ? SIM_WATCHDOG_S * 1000 : 0,
    };

    n->fencer = g_new0(struct sim_fencer, 1);
    n->fencer->timer_due = UINT64_MAX;
    n->fencer->version.epoch = -1;
    n->fencer->calls = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    n->fencer->core = fenced_core_new(&config);
    sim_cib_connect(n, SIM_FENCER);
    sim_net_join(n, SIM_FENCER);
    sim_fencer_cib_changed(n);
    carry_out(n);
}

void
sim_fencer_stop(struct sim_node *n)
{
    if (n->fencer->has_client && n->running[SIM_CTL] && n->life[SIM_CTL] == n->fencer->client_life) {
        sim_ctl_fencer_lost(n);
    }
    fenced_core_free(n->fencer->core);
    g_hash_table_unref(n->fencer->calls);
    g_clear_pointer(&n->fencer, g_free);
}
