/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carrying out one action of the graph: where it is sent, its time limit, and how many may run at once.  Called by
 * the firing pass.
 * Never decides what is ready.  (spec 30 §9.5, §9.6)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"
#include "lib/exec/lrmd_client.h"

/* ---- load classes and limits (spec 30 §9.6) ---- */

enum load_class { LOAD_NONE = 0, LOAD_LOW = 0x1, LOAD_MEDIUM = 0x10, LOAD_HIGH = 0x100, LOAD_EXTREME = 0x1000 };

static int
own_job_limit(const struct controld *c)
{
    if (c->cfg.action_limit > 0) {
        return c->cfg.action_limit;
    }
    return c->opt.action_limit > 0 ? c->opt.action_limit : 2 * c->cfg.cores;
}

static int
classify_load(const struct controld *c, double load)
{
    double t = c->opt.load_threshold / 100.0, cores = c->cfg.cores == 1 ? 0.6 : c->cfg.cores;

    if (t <= 0) {
        return LOAD_NONE;
    }
    if (load > 2.0 * t * cores) {
        return LOAD_HIGH;
    }
    if (load > 1.6 * t * cores) {
        return LOAD_MEDIUM;
    }
    return load > 1.2 * t * cores ? LOAD_LOW : LOAD_NONE;
}

static int
classify_cib(const struct controld *c, double share)
{
    double t = c->opt.load_threshold / 100.0, most = c->cfg.cores == 1 ? 0.4 : 0.95;

    if (t > 0 && t < most) {
        most = t;
    }
    if (share > 1.5 * most) {
        return LOAD_EXTREME;
    }
    if (share > most) {
        return LOAD_HIGH;
    }
    if (share > 0.9 * most) {
        return LOAD_MEDIUM;
    }
    return share > 0.8 * most ? LOAD_LOW : LOAD_NONE;
}

void
throttle_announce(struct controld *c, bool force)
{
    int max = own_job_limit(c);
    xmlNode *msg;

    if (c->load_class < 0 || !c->cluster_connected || (!force && c->load_max == max)) {
        return;
    }
    c->load_max = max;
    msg = msg_new(c, CRM_TASK_THROTTLE, SYS_CRMD, SYS_CRMD, NULL, NULL);
    xml_set_int(msg, F_CRM_LIMIT_MODE, c->load_class);
    xml_set_int(msg, F_CRM_LIMIT_MAX, max);
    send_peer(c, NULL, msg);
}

/* Classify the last sample (again, when options changed) and tell everybody if the class is another one. */
void
throttle_classify(struct controld *c)
{
    int class;

    if (c->load_samples == 0) {
        return;
    }
    class = MAX(classify_load(c, c->load), classify_cib(c, c->cib_share));
    /*
     * What the last minute was like when the controller starts says little: that was the node's own start.  Who has not
     * reported counts as lightly loaded; only better news than that go out before the first regular sample.
     */
    if (c->load_samples == 1 && class > LOAD_NONE) {
        return;
    }
    if (class != c->load_class) {
        log_debug("Load class is now 0x%04x (was 0x%04x): 1-minute load %.2f, CIB manager %.2f", class, MAX(c->load_class, 0), c->load,
                  c->cib_share);
        c->load_class = class;
        throttle_announce(c, true);
    } else {
        throttle_announce(c, false);
    }
}

void
ctl_on_load(struct controld *c, struct ctl_time t, double load_1min, double cib_share)
{
    event_begin(c, t);
    c->load_samples = MIN(c->load_samples + 1, 2);
    c->load = load_1min;
    c->cib_share = cib_share;
    throttle_classify(c);
    event_end(c);
}

void
throttle_on_message(struct controld *c, const xmlNode *msg)
{
    const struct peer *p = peers_find(c->peers, 0, xml_get(msg, F_SRC));
    struct ctl_node *n;

    if (p == NULL) {
        return;
    }
    n = node_extra(c, p->id);
    n->load = (int)xml_get_int(msg, F_CRM_LIMIT_MODE, 0);
    n->max_jobs = (int)xml_get_int(msg, F_CRM_LIMIT_MAX, 0);
    log_debug("Node %s has load class 0x%04x and takes at most %d jobs", p->name, n->load, n->max_jobs);
    if (c->is_dc) {
        c->graph_due = true;
    }
}

/* How many resource actions the node may have in flight.  One that has not reported counts as lightly loaded. */
static unsigned
job_limit(const struct controld *c, const struct ctl_node *n)
{
    int max = n->max_jobs > 0 ? n->max_jobs : own_job_limit(c), limit;

    switch (n->load) {
        case LOAD_NONE:
            limit = max;
            break;
        case LOAD_MEDIUM:
            limit = max / 4;
            break;
        case LOAD_HIGH:
        case LOAD_EXTREME:
            limit = 1;
            break;
        default:
            limit = max / 2;
            break;
    }
    return (unsigned)MAX(limit, 1);
}

int
throttle_batch_limit(const struct controld *c)
{
    int limit = c->graph->batch_limit, worst = LOAD_NONE, most;
    unsigned peers = peers_active_count(c->peers);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, c->nodes);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        worst = MAX(worst, ((const struct ctl_node *)value)->load);
    }
    if (worst < LOAD_HIGH) {
        return limit;
    }
    most = (int)MAX(worst >= LOAD_EXTREME ? peers / 4 : peers / 2, 1);
    return limit <= 0 || limit > most ? most : limit;
}

/* ---- counting what runs where ---- */

/* The cluster node that carries the action out, or NULL. */
static struct ctl_node *
host_of(struct controld *c, const char *name)
{
    const struct peer *p = name != NULL ? peers_find(c->peers, 0, name) : NULL;

    return p != NULL ? node_extra(c, p->id) : NULL;
}

static struct ctl_node *
host_in_this_pass(struct controld *c, const struct graph_action *a)
{
    struct graph_host *h = &c->graph->hosts[a->slot];

    if (h->pass != c->graph->pass) {
        h->pass = c->graph->pass;
        h->node = host_of(c, h->name);
    }
    return h->node;
}

static struct ctl_node *
migration_end(struct controld *c, const struct graph_action *a, const char *which)
{
    return host_of(c, graph_action_meta(a, which));
}

static bool
has_room(const struct controld *c, const struct ctl_node *n, bool migration)
{
    if (n == NULL) {
        return true;
    }
    if (migration && c->graph->migration_limit >= 0 && n->migrations >= (unsigned)c->graph->migration_limit) {
        return false;
    }
    return n->jobs < job_limit(c, n);
}

bool
action_allowed(struct controld *c, const struct graph_action *a)
{
    if (a->kind != ACTION_RSC) {
        return true;
    }
    if (a->migrates) {
        return has_room(c, migration_end(c, a, "migrate_source"), true) && has_room(c, migration_end(c, a, "migrate_target"), true);
    }
    return has_room(c, host_in_this_pass(c, a), false);
}

static void
count(struct ctl_node *n, int step, bool migration)
{
    if (n == NULL) {
        return;
    }
    if (step > 0 || n->jobs > 0) {
        n->jobs += step;
    }
    if (migration && (step > 0 || n->migrations > 0)) {
        n->migrations += step;
    }
}

static void
count_action(struct controld *c, struct graph_action *a, int step)
{
    if (a->migrates) {
        count(migration_end(c, a, "migrate_source"), step, true);
        count(migration_end(c, a, "migrate_target"), step, true);
    } else {
        count(host_of(c, a->host), step, false);
    }
}

void
action_release(struct controld *c, struct graph_action *a)
{
    if (a->counted) {
        a->counted = false;
        count_action(c, a, -1);
    }
}

/* ---- kinds of actions ---- */

static void
start_timer(struct controld *c, struct graph_action *a)
{
    long long timeout = a->timeout_ms > 0 ? a->timeout_ms : c->graph->cluster_delay_ms;

    a->timeout_ms = timeout;
    a->timed = true;
    timer_arm(c, TIMER_ACTION(c->graph->serial, a - c->graph->actions), timeout + a->start_delay_ms + c->graph->cluster_delay_ms);
}

/* A request that carries a copy of the action with its transition key. */
static xmlNode *
wrap(struct controld *c, const struct graph_action *a, const char *task, const char *to, const char *node, bool key_on_message)
{
    g_autofree char *key = graph_key(c, a);
    xmlNode *data = xml_copy(NULL, a->xml), *msg;

    if (!key_on_message) {
        xml_set(data, "transition-key", key);
    }
    msg = msg_new(c, task, to, SYS_TENGINE, node, data);
    if (key_on_message) {
        xml_set(msg, "transition-key", key);
    }
    return msg;
}

static bool
deliver(struct controld *c, const char *node, xmlNode *take_msg)
{
    struct peer *p;

    if (text_equal_nocase(node, c->cfg.node_name)) {
        xml_set(take_msg, F_SRC, c->cfg.node_name);
        route_message(c, take_msg, true);
        return true;
    }
    /* An action for a node that is gone would only end with its timer: say no at once. */
    p = peers_find(c->peers, 0, node);
    if (p == NULL || !(p->processes & PEER_PROC_CPG)) {
        log_err("Cannot reach the controller on %s", node);
        xml_free(take_msg);
        return false;
    }
    send_peer(c, node, take_msg);
    return true;
}

static bool
fire_resource(struct controld *c, struct graph_action *a)
{
    const char *node = a->host;
    bool no_wait = text_is_true(graph_action_meta(a, "op_no_wait"));

    if (node == NULL || a->task == NULL || a->key == NULL) {
        log_err("Graph action %d is incomplete", a->id);
        return false;
    }
    log_notice("Initiating %s operation %s%s on %s" LOG_XT "action %d", a->task, a->key,
               text_equal_nocase(node, c->cfg.node_name) ? " locally" : "", a->node, a->id);
    if (!no_wait) {
        a->counted = true;
        count_action(c, a, 1);
        start_timer(c, a);
    }
    if (!deliver(c, node, wrap(c, a, CRM_TASK_LRM_INVOKE, SYS_LRMD, node, false))) {
        return false;
    }
    if (no_wait) {
        graph_confirm(c, a);
    }
    return true;
}

static bool
fire_cluster(struct controld *c, struct graph_action *a)
{
    bool no_wait = text_is_true(graph_action_meta(a, "op_no_wait")), cib_only = text_equal(xml_get(a->xml, "mode"), "cib");
    const char *node = cib_only ? c->cfg.node_name : a->host;
    bool shutdown = text_equal(a->task, CRM_TASK_DO_SHUTDOWN);

    if (text_equal(a->task, CRM_TASK_STONITH)) {
        return fence_fire(c, a);
    }
    if (node == NULL || a->task == NULL) {
        log_err("Graph action %d is incomplete", a->id);
        return false;
    }
    log_info("Handling controller request '%s' (%s on %s)" LOG_XT "action %d", a->task, a->key, a->node, a->id);
    if (shutdown && text_equal_nocase(node, c->cfg.node_name)) {
        log_notice("Our own shutdown is next, once this transition ends");
        graph_confirm(c, a);
        graph_raise_policy(c, POLICY_SHUTDOWN, "local shutdown");
        return true;
    }
    if (shutdown) {
        struct peer *p = peers_find(c->peers, 0, node);

        if (p != NULL) {
            node_expect(p, "down");
        }
    }
    if (!no_wait && !cib_only && !shutdown) {
        start_timer(c, a);
    }
    if (!deliver(c, node, wrap(c, a, a->task, SYS_CRMD, node, true))) {
        return false;
    }
    if (no_wait || shutdown || cib_only) {
        graph_confirm(c, a);
    }
    return true;
}

static bool
fire_pseudo(struct controld *c, struct graph_action *a)
{
    if (text_equal(a->task, CRM_TASK_MAINTENANCE_NODES)) {
        /* Connection hosts of remote nodes want to know; nobody else acts on it. */
        const xmlNode *data = xml_first(a->xml, "maintenance");

        if (data != NULL && xml_first(data, NULL) != NULL) {
            g_autoptr(GPtrArray) list = peers_list(c->peers);

            remote_on_maintenance(c, data);
            for (unsigned i = 0; i < list->len; i++) {
                const struct peer *p = list->pdata[i];

                if (peer_is_active(p) && p != peers_local(c->peers)) {
                    send_peer(c, p->name,
                              msg_new(c, CRM_TASK_MAINTENANCE_NODES, SYS_CRMD, SYS_TENGINE, p->name, xml_copy(NULL, data)));
                }
            }
        }
    }
    if (text_equal(a->task, CRM_TASK_STONITH)) {
        const xmlNode *downed = xml_first(a->xml, "downed"), *node = downed != NULL ? xml_first(downed, "node") : NULL;

        if (node != NULL && xml_next(node, "node") == NULL && xml_id(node) != NULL) {
            remote_node_gone(c, xml_id(node)); /* a guest, with its container */
        }
    }
    log_debug("Pseudo-action %d (%s) fired and confirmed", a->id, a->key);
    graph_confirm(c, a);
    return true;
}

bool
action_fire(struct controld *c, struct graph_action *a)
{
    switch (a->kind) {
        case ACTION_RSC:
            return fire_resource(c, a);
        case ACTION_CLUSTER:
            return fire_cluster(c, a);
        default:
            return fire_pseudo(c, a);
    }
}

/* ---- lost actions ---- */

/* The executor of a resource action gave no result in time: the history shows a timeout, so that recovery follows. */
void
action_record_lost(struct controld *c, const struct graph_action *a)
{
    const xmlNode *primitive = xml_first(a->xml, "primitive");
    struct op_record *op;
    struct lrm_rsc rsc = { 0 };
    const struct peer *p = peers_find_any(c->peers, 0, a->node);
    const char *host = a->host;
    xmlNode *status, *state, *lrm, *entry;

    if (primitive == NULL || p == NULL || text_is_one_of(a->task, "cancel", "delete", "notify", "meta-data", NULL)) {
        return;
    }
    op = op_record_new(xml_id(primitive), a->task, a->interval_ms);
    op->params = lrmd_params_from_xml(a->xml);
    op->userdata = graph_key(c, a);
    op->status = EXEC_TIMEOUT;
    op->rc = OCF_RC_ERROR;
    op->call_id = -1;
    op->run_time = op->change_time = now_epoch(c);
    if (text_equal_nocase(host, c->cfg.node_name)) {
        op->reason = g_strdup("Local executor did not return result in time");
    } else {
        op->reason = g_strdup_printf("Controller on %s did not return result in time", host);
    }
    rsc.id = (char *)xml_id(primitive);
    rsc.agent.standard = (char *)xml_get(primitive, "class");
    rsc.agent.provider = (char *)xml_get(primitive, "provider");
    rsc.agent.type = (char *)xml_get(primitive, "type");

    status = xml_new(NULL, "status");
    state = node_state_xml(p, status, 0, "cib_action_update");
    lrm = xml_new(state, "lrm");
    xml_set(lrm, "id", p->uuid);
    entry = xml_new(xml_new(lrm, "lrm_resources"), "lrm_resource");
    xml_set(entry, "id", rsc.id);
    xml_set(entry, "type", rsc.agent.type);
    xml_set(entry, "class", rsc.agent.standard);
    xml_set(entry, "provider", rsc.agent.provider);
    history_append(c, entry, &rsc, op, "cib_action_update");
    cib_request(c, CIB_OP_MODIFY, "status", status, CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE, cib_log_failure,
                g_strdup_printf("record the lost %s of %s", a->task, rsc.id), g_free);
    op_record_free(op);
}
