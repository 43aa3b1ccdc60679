/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transition graph: loading it, deciding what may start, confirming, aborting, completion.  Called by the state
 * machine, by matching (results) and by what watches nodes.
 * Never executes an action (core_fire.c) and never asks the scheduler itself.  (spec 30 §9)
 *
 * Inputs are counted down per synapse and those that reach zero are marked in a bit map, so a firing pass costs
 * what is ready and not what the graph holds.
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- loading ---- */

static enum action_kind
kind_of(const xmlNode *xml)
{
    if (xml_is(xml, "rsc_op")) {
        return ACTION_RSC;
    }
    return xml_is(xml, "crm_event") ? ACTION_CLUSTER : ACTION_PSEUDO;
}

const char *
graph_action_meta(const struct graph_action *a, const char *name)
{
    const xmlNode *attributes = xml_first(a->xml, "attributes");
    char full[64];

    if (attributes == NULL) {
        return NULL;
    }
    g_snprintf(full, sizeof full, "CRM_meta_%s", name);
    return xml_get(attributes, full);
}

static long long
meta_int(const struct graph_action *a, const char *name, long long def)
{
    const char *value = graph_action_meta(a, name);
    long long n;

    return value != NULL && text_parse_int(value, &n) ? n : def;
}

static void
load_action(struct graph_action *a, xmlNode *xml, unsigned synapse)
{
    a->xml = xml;
    a->kind = kind_of(xml);
    a->synapse = synapse;
    a->id = (int)xml_get_int(xml, "id", -1);
    a->task = xml_get(xml, "operation");
    a->key = xml_get(xml, "operation_key");
    a->node = xml_get(xml, "on_node");
    a->node_uuid = xml_get(xml, "on_node_uuid");
    a->router = xml_get(xml, "router_node");
    a->host = a->router != NULL ? a->router : a->node;
    a->migrates = a->router == NULL && text_is_one_of(a->task, "migrate_to", "migrate_from", NULL);
    a->interval_ms = (guint)CLAMP(meta_int(a, "interval", 0), 0, G_MAXUINT);
    a->timeout_ms = meta_int(a, "timeout", 0);
    a->start_delay_ms = MAX(meta_int(a, "start_delay", 0), 0);
    a->target_rc = (int)meta_int(a, "op_target_rc", 0);
}

/* The names that actions go through, each once. */
static void
collect_hosts(struct graph *g)
{
    g_autoptr(GHashTable) slots = g_hash_table_new(g_str_hash, g_str_equal); /* name -> slot */
    unsigned n = 1; /* the first is nobody */

    g->hosts = g_new0(struct graph_host, g->n_actions + 1);
    for (unsigned i = 0; i < g->n_actions; i++) {
        struct graph_action *a = &g->actions[i];

        if (a->host == NULL) {
            continue;
        }
        a->slot = GPOINTER_TO_UINT(g_hash_table_lookup(slots, a->host));
        if (a->slot == 0) {
            a->slot = n++;
            g->hosts[a->slot].name = a->host;
            g_hash_table_insert(slots, (gpointer)a->host, GUINT_TO_POINTER(a->slot));
        }
    }
}

/* First pass: how many there are of everything. */
static bool
count_parts(const xmlNode *xml, unsigned *synapses, unsigned *actions, unsigned *inputs)
{
    xml_for_each (synapse, xml, "synapse") {
        const xmlNode *set = xml_first(synapse, "action_set"), *in = xml_first(synapse, "inputs");

        (*synapses)++;
        if (set == NULL || xml_first(set, NULL) == NULL) {
            return false;
        }
        *actions += xml_count_children(set, NULL);
        *inputs += in != NULL ? xml_count_children(in, "trigger") : 0;
    }
    return true;
}

struct edge {
    unsigned action, synapse;
};

static int
compare_edges(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return x->action != y->action ? (x->action < y->action ? -1 : 1) : (x->synapse > y->synapse) - (x->synapse < y->synapse);
}

/* Second pass over the inputs, when all actions have their index. */
static void
load_inputs(struct graph *g, const xmlNode *xml, unsigned n_inputs)
{
    struct edge *edges = g_new(struct edge, n_inputs + 1);
    unsigned n = 0, s = 0, kept = 0;

    xml_for_each (synapse, xml, "synapse") {
        const xmlNode *in = xml_first(synapse, "inputs");

        if (in != NULL) {
            xml_for_each (trigger, in, "trigger") {
                const xmlNode *stub = xml_first(trigger, NULL);
                int id = stub != NULL ? (int)xml_get_int(stub, "id", -1) : -1;
                unsigned index = GPOINTER_TO_UINT(g_hash_table_lookup(g->by_id, GINT_TO_POINTER(id)));

                g->synapses[s].open_inputs++; /* an input that is no action of this graph is never confirmed */
                if (index != 0) {
                    edges[n++] = (struct edge){ index - 1, s };
                }
            }
        }
        s++;
    }
    qsort(edges, n, sizeof *edges, compare_edges);
    g->dependents = g_new(unsigned, n + 1);
    for (unsigned i = 0; i < n; i++) {
        struct graph_action *a = &g->actions[edges[i].action];

        if (i > 0 && edges[i].action == edges[i - 1].action && edges[i].synapse == edges[i - 1].synapse) {
            g->synapses[edges[i].synapse].open_inputs--; /* the same input twice */
            continue;
        }
        if (a->n_dependents == 0) {
            a->first_dependent = kept;
        }
        a->n_dependents++;
        g->dependents[kept++] = edges[i].synapse;
    }
    g_free(edges);
}

static void
mark_ready(struct graph *g, unsigned synapse)
{
    g->ready[synapse / 64] |= 1ULL << (synapse % 64);
}

static void
unmark_ready(struct graph *g, unsigned synapse)
{
    g->ready[synapse / 64] &= ~(1ULL << (synapse % 64));
}

struct graph *
graph_new_empty(struct controld *c)
{
    struct graph *g = g_new0(struct graph, 1);

    g->id = -1;
    g->serial = ++c->graph_serial & 0x7fffffff;
    g->complete = true;
    g->policy = POLICY_RESTART;
    g->abort_reason = "DC Takeover";
    g->by_id = g_hash_table_new(NULL, NULL);
    g->batch_limit = 0;
    g->migration_limit = -1;
    return g;
}

static bool
is_pseudo(const struct graph *g, const struct synapse *s)
{
    for (unsigned i = 0; i < s->n_actions; i++) {
        if (g->actions[s->first_action + i].kind != ACTION_PSEUDO) {
            return false;
        }
    }
    return true;
}

struct graph *
graph_load(struct controld *c, const xmlNode *xml, const char *source)
{
    struct graph *g;
    unsigned n_inputs = 0, s = 0, a = 0;
    const char *value;
    long long n;

    if (xml == NULL || !xml_is(xml, "transition_graph") || (value = xml_get(xml, "cluster-delay")) == NULL
        || text_interval_ms(value) < 0) {
        log_err("The scheduler's graph is unusable: it has no valid cluster-delay");
        return NULL;
    }
    g = graph_new_empty(c);
    g->xml = xml_copy(NULL, xml);
    if (!count_parts(g->xml, &g->n_synapses, &g->n_actions, &n_inputs)) {
        log_err("The scheduler's graph is unusable: it has a synapse without action");
        graph_free(g);
        return NULL;
    }
    g->complete = false;
    g->policy = POLICY_DONE;
    g->abort_reason = NULL;
    g->source = g_strdup(source != NULL ? source : "unknown");
    g->id = (int)xml_get_int(xml, "transition_id", -1);
    g->cluster_delay_ms = text_interval_ms(value);
    n = text_interval_ms(xml_get(xml, "stonith-timeout"));
    g->stonith_timeout_ms = n < 0 ? g->cluster_delay_ms : n;
    g->failed_start_offset = g_strdup(xml_get(xml, "failed-start-offset"));
    g->failed_stop_offset = g_strdup(xml_get(xml, "failed-stop-offset"));
    g->batch_limit = (int)CLAMP(xml_get_int(xml, "batch-limit", 0), -1, G_MAXINT);
    g->migration_limit = (int)CLAMP(xml_get_int(xml, "migration-limit", -1), -1, G_MAXINT);
    g->recheck_by = xml_get_int(xml, "recheck-by", 0);

    g->synapses = g_new0(struct synapse, g->n_synapses + 1);
    g->actions = g_new0(struct graph_action, g->n_actions + 1);
    g->ready = g_new0(uint64_t, g->n_synapses / 64 + 1);
    g->pseudo = g_new0(uint64_t, g->n_synapses / 64 + 1);
    xml_for_each (synapse, g->xml, "synapse") {
        struct synapse *to = &g->synapses[s];

        to->id = (int)xml_get_int(synapse, "id", s);
        to->priority = (int)xml_get_int(synapse, "priority", 0);
        to->first_action = a;
        xml_for_each (action, xml_first(synapse, "action_set"), NULL) {
            load_action(&g->actions[a], action, s);
            a++;
            g_hash_table_insert(g->by_id, GINT_TO_POINTER(g->actions[a - 1].id), GUINT_TO_POINTER(a));
        }
        to->n_actions = a - to->first_action;
        s++;
    }
    collect_hosts(g);
    load_inputs(g, g->xml, n_inputs);
    for (s = 0; s < g->n_synapses; s++) {
        if (g->synapses[s].open_inputs == 0) {
            mark_ready(g, s);
        }
        if (is_pseudo(g, &g->synapses[s])) {
            g->pseudo[s / 64] |= 1ULL << (s % 64);
        }
    }
    log_debug("Loaded transition %d: %u actions in %u synapses from %s", g->id, g->n_actions, g->n_synapses, g->source);
    return g;
}

void
graph_free(struct graph *g)
{
    if (g == NULL) {
        return;
    }
    xml_free(g->xml);
    g_hash_table_unref(g->by_id);
    g_free(g->source);
    g_free(g->failed_start_offset);
    g_free(g->failed_stop_offset);
    g_free(g->synapses);
    g_free(g->actions);
    g_free(g->hosts);
    g_free(g->dependents);
    g_free(g->ready);
    g_free(g->pseudo);
    g_free(g);
}

/* ---- looking things up ---- */

struct graph_action *
graph_action_by_id(const struct graph *g, int id)
{
    unsigned index = GPOINTER_TO_UINT(g_hash_table_lookup(g->by_id, GINT_TO_POINTER(id)));

    return index != 0 ? &g->actions[index - 1] : NULL;
}

struct graph_action *
graph_find_downed(const struct graph *g, const char *uuid)
{
    for (unsigned i = 0; uuid != NULL && i < g->n_actions; i++) {
        struct graph_action *a = &g->actions[i];
        const xmlNode *downed = a->executed ? xml_first(a->xml, "downed") : NULL;

        if (downed != NULL && xml_find(downed, "node", "id", uuid) != NULL) {
            return a;
        }
    }
    return NULL;
}

char *
graph_key(const struct controld *c, const struct graph_action *a)
{
    return transition_key_new(c->graph->id, a->id, a->target_rc, c->cfg.te_uuid);
}

/* ---- confirming ---- */

static void
stop_timer(struct controld *c, struct graph_action *a)
{
    if (a->timed) {
        a->timed = false;
        timer_cancel(c, TIMER_ACTION(c->graph->serial, a - c->graph->actions));
    }
}

static bool
all_confirmed(const struct graph *g, const struct synapse *s)
{
    for (unsigned i = 0; i < s->n_actions; i++) {
        if (!g->actions[s->first_action + i].confirmed) {
            return false;
        }
    }
    return true;
}

/* An action has its result (a->failed says which): its synapse may be done, others may become ready. */
void
graph_confirm(struct controld *c, struct graph_action *a)
{
    struct graph *g = c->graph;
    struct synapse *s = &g->synapses[a->synapse];

    if (a->confirmed) {
        return;
    }
    a->confirmed = true;
    stop_timer(c, a);
    action_release(c, a);
    if (s->executed && !s->confirmed && !s->failed && all_confirmed(g, s)) {
        s->confirmed = true;
        g->pending--;
    }
    for (unsigned i = 0; i < a->n_dependents; i++) {
        unsigned index = g->dependents[a->first_dependent + i];
        struct synapse *then = &g->synapses[index];

        /* What follows a failed action never runs, unless it must whatever happens. */
        if (!then->executed && (!a->failed || then->priority == SCORE_INFINITY) && then->open_inputs > 0 && --then->open_inputs == 0
            && !then->failed) {
            mark_ready(g, index);
        }
    }
    c->graph_due = true;
}

static void
fail_synapse(struct controld *c, struct graph_action *a)
{
    struct graph *g = c->graph;
    struct synapse *s = &g->synapses[a->synapse];

    if (!s->failed) {
        if (s->executed && !s->confirmed) {
            g->pending--;
        }
        s->failed = true;
        unmark_ready(g, a->synapse);
    }
}

/* ---- aborts (spec 30 §9.4) ---- */

void
graph_raise_policy(struct controld *c, enum graph_policy policy, const char *reason)
{
    if (c->graph->policy < policy) {
        c->graph->policy = policy;
        if (c->graph->abort_reason == NULL) {
            c->graph->abort_reason = reason;
        }
    }
}

void
graph_abort(struct controld *c, int priority, enum graph_policy policy, const char *reason)
{
    struct graph *g = c->graph;

    if (c->state == S_STARTING || c->state == S_PENDING || c->state == S_NOT_DC || c->state == S_HALT || c->state == S_STOPPING
        || c->state == S_TERMINATE || !c->is_dc) {
        log_debug("Abort (%s) ignored in state %s", reason, fsa_state_name(c->state));
        return;
    }
    c->quorum_abort_pending = false;
    pe_forget_reply(c);
    if (g->complete) {
        log_debug("Transition %d was complete when asked to abort: %s", g->id, reason);
        if (c->opt.transition_delay > 0) {
            timer_arm(c, TIMER_TRANSITION_DELAY, c->opt.transition_delay);
        } else {
            fsa_raise(c, I_PE_CALC, NULL, reason);
        }
        return;
    }
    if (g->abort_priority == 0 && g->abort_reason == NULL) {
        log_notice("Transition %d aborted: %s", g->id, reason);
    }
    if (priority > g->abort_priority) {
        g->abort_priority = priority;
        g->abort_reason = reason;
    }
    graph_raise_policy(c, policy, reason);
    c->graph_due = true;
}

void
graph_halt(struct controld *c)
{
    if (!c->graph->complete) {
        graph_abort(c, SCORE_INFINITY, POLICY_STOP, "Peer Halt");
    }
    pe_forget_reply(c);
}

void
graph_cancel(struct controld *c)
{
    graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Peer Cancelled");
}

void
graph_fail_node(struct controld *c, const struct peer *p)
{
    struct graph *g = c->graph;
    bool any = false;

    for (unsigned i = 0; !g->complete && i < g->n_actions; i++) {
        struct graph_action *a = &g->actions[i];

        if (a->confirmed || a->failed || a->kind == ACTION_PSEUDO || text_equal(a->task, CRM_TASK_STONITH)) {
            continue;
        }
        if (!text_equal(a->node_uuid, p->uuid) && !text_equal_nocase(a->router, p->name)) {
            continue;
        }
        a->failed = true;
        stop_timer(c, a);
        action_release(c, a);
        fail_synapse(c, a);
        log_notice("Action %d (%s) on %s can no longer be done: the node is lost", a->id, a->key, p->name);
        any = true;
    }
    if (any) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Node failure");
    }
}

/* ---- firing (spec 30 §9.3) ---- */

enum fire_result { FIRE_DONE, FIRE_SKIPPED, FIRE_LATER };

static enum fire_result
fire_synapse(struct controld *c, unsigned index)
{
    struct graph *g = c->graph;
    struct synapse *s = &g->synapses[index];

    for (unsigned i = 0; i < s->n_actions; i++) {
        struct graph_action *a = &g->actions[s->first_action + i];

        if (a->kind == ACTION_PSEUDO) {
            continue;
        }
        if (s->priority < g->abort_priority) {
            return FIRE_SKIPPED;
        }
        if (!action_allowed(c, a)) {
            return FIRE_LATER;
        }
    }
    unmark_ready(g, index);
    s->executed = true;
    g->pending++;
    for (unsigned i = 0; i < s->n_actions; i++) {
        struct graph_action *a = &g->actions[s->first_action + i];

        a->executed = true;
        if (!action_fire(c, a)) {
            log_err("Could not start action %d (%s)", a->id, a->key);
            a->failed = true;
            graph_confirm(c, a);
            fail_synapse(c, a);
            graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Action could not be started");
        }
    }
    return FIRE_DONE;
}

/*
 * What does nothing takes no place of the batch limit.  That a guest is gone with its container is such an action: told
 * late, it would be said of the guest in the container that was started meanwhile.
 */
static unsigned
fire_pass(struct controld *c)
{
    struct graph *g = c->graph;
    int limit = throttle_batch_limit(c);
    unsigned fired = 0;

    g->pass++;
    for (unsigned w = 0; w <= g->n_synapses / 64 && g->n_synapses > 0; w++) {
        uint64_t word = g->ready[w];

        for (;;) {
            unsigned index;

            if (limit > 0 && g->pending >= (unsigned)limit) {
                word &= g->pseudo[w];
            }
            if (word == 0) {
                break;
            }
            index = w * 64 + (unsigned)__builtin_ctzll(word);
            word &= word - 1;
            if (fire_synapse(c, index) == FIRE_DONE) {
                fired++;
            }
        }
    }
    return fired;
}

/* The graph has come to rest: tell how, and go on as its policy says. */
static void
finish(struct controld *c)
{
    struct graph *g = c->graph;
    unsigned done = 0, skipped = 0, incomplete = 0;
    const char *how = "Complete";

    for (unsigned i = 0; i < g->n_synapses; i++) {
        const struct synapse *s = &g->synapses[i];

        if (s->failed) {
            skipped++;
        } else if (s->confirmed) {
            done++;
        } else if (!s->executed && s->priority < g->abort_priority && s->open_inputs == 0) {
            skipped++;
        } else if (!s->executed) {
            incomplete++;
        }
    }
    if (incomplete > 0 && g->abort_priority <= 0) {
        how = "Terminated";
    } else if (skipped > 0 || incomplete > 0) {
        how = "Stopped";
    }
    g->complete = true;
    log_notice("Transition %d (Complete=%u, Pending=%u, Fired=%u, Skipped=%u, Incomplete=%u, Source=%s): %s", g->id, done, g->pending,
               g->fired, skipped, incomplete, g->source, how);
    if (text_equal(how, "Terminated")) {
        log_warn("Transition %d is stuck: some of its actions wait for something that will not happen", g->id);
    }

    if (c->join.finalize_waits && c->state == S_FINALIZE_JOIN) {
        join_finalize(c);
        return;
    }
    switch (g->policy) {
        case POLICY_DONE:
        case POLICY_STOP:
            fsa_raise(c, I_TE_SUCCESS, NULL, "notify_crmd");
            break;
        case POLICY_RESTART:
            if (c->opt.transition_delay > 0 && c->state == S_TRANSITION_ENGINE) {
                timer_arm(c, TIMER_TRANSITION_DELAY, c->opt.transition_delay);
                fsa_raise(c, I_TE_SUCCESS, NULL, "notify_crmd");
            } else {
                fsa_raise(c, I_PE_CALC, NULL, g->abort_reason != NULL ? g->abort_reason : "notify_crmd");
            }
            break;
        case POLICY_SHUTDOWN:
            fsa_raise(c, c->shutdown ? I_STOP : I_TERMINATE, NULL, "notify_crmd");
            break;
    }
}

void
graph_run(struct controld *c)
{
    struct graph *g = c->graph;

    if (g->complete) {
        return;
    }
    g->fired = 0;
    for (;;) {
        unsigned fired;

        c->graph_due = false;
        fired = fire_pass(c);
        g->fired += fired;
        if (c->graph != g) {
            return;
        }
        if (fired == 0) {
            break;
        }
    }
    if (g->pending == 0 && g->fired == 0) {
        finish(c);
    } else if (g->pending == 0) {
        /* Everything that fired was done at once (pseudo-actions): there is nothing to wait for. */
        g->fired = 0;
        finish(c);
    } else {
        log_debug("Transition %d: %u actions in progress, %u just started", g->id, g->pending, g->fired);
    }
}

/* ---- timers ---- */

void
graph_on_action_timer(struct controld *c, uint64_t timer)
{
    struct graph *g = c->graph;
    unsigned index = timer & 0xfffffff, serial = (timer >> 28) & 0x7fffffff;
    struct graph_action *a;

    if (serial != g->serial || g->complete || index >= g->n_actions) {
        return;
    }
    a = &g->actions[index];
    if (a->confirmed || !a->timed) {
        return;
    }
    a->timed = false;
    log_err("Node %s did not send %s result (via %s) within %lldms (action timeout plus cluster-delay)", a->node, a->task,
            a->router != NULL ? a->router : "controller", a->timeout_ms + a->start_delay_ms + g->cluster_delay_ms);
    a->failed = true;
    graph_confirm(c, a);
    fail_synapse(c, a);
    graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Action lost");
    if (a->kind == ACTION_RSC) {
        action_record_lost(c, a);
    }
}

/* ---- the engine and the scheduler's reply ---- */

static void
replace_graph(struct controld *c, struct graph *g)
{
    g_autoptr(GPtrArray) list = peers_list(c->peers);

    for (unsigned i = 0; i < c->graph->n_actions; i++) {
        stop_timer(c, &c->graph->actions[i]);
    }
    graph_free(c->graph);
    c->graph = g;
    for (unsigned i = 0; i < list->len; i++) {
        struct ctl_node *n = node_extra(c, ((const struct peer *)list->pdata[i])->id);

        n->jobs = n->migrations = 0;
    }
}

void
graph_start_engine(struct controld *c)
{
    log_info("Registering for CIB changes as transition engine %s", c->cfg.te_uuid);
    replace_graph(c, graph_new_empty(c));
}

void
graph_stop_engine(struct controld *c)
{
    replace_graph(c, graph_new_empty(c));
    timer_cancel(c, TIMER_TRANSITION_DELAY);
    timer_cancel(c, TIMER_QUORUM_GAINED);
    c->quorum_abort_pending = false;
}

void
graph_run_reply(struct controld *c)
{
    struct graph *g;
    xmlNode *msg = g_steal_pointer(&c->pe_reply);

    if (msg == NULL) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Transition Redundant");
        return;
    }
    if (!c->graph->complete) {
        graph_abort(c, SCORE_INFINITY, POLICY_RESTART, "Transition Active");
        xml_free(msg);
        return;
    }
    g = graph_load(c, msg_payload(msg), xml_get(msg, F_CRM_TGRAPH_IN));
    xml_free(msg);
    if (g == NULL) {
        fsa_raise(c, I_ERROR, NULL, "unusable transition graph");
        return;
    }
    log_info("Processing graph %d from %s", g->id, g->source);
    replace_graph(c, g);
    c->graph_due = true;
}
