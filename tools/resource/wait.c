/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource --wait and --restart: polling the cluster until it has done what it has to do.  Called by main.c.
 * (spec 80 §6.11, §6.12)
 */
#include "tools/resource/resource.h"

#include "lib/output/colour.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/graph/graph.h"
#include "lib/sched/simulate/simulate.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_SECONDS 2
#define WAIT_DEFAULT_MS (3600 * 1000LL)

static long long
now_ms(void)
{
    return g_get_monotonic_time() / 1000;
}

/* Transition that the scheduler would make of the CIB now (xml_free). */
static xmlNode *
graph_of(const struct crm_resource *t, const xmlNode *cib)
{
    struct sched *s = sched_new(cib, time(NULL), t->tool.verbosity == 0 ? SCHED_QUIET : 0);
    xmlNode *graph;

    sched_run(s);
    graph = sched_graph_new(s, 0);
    sched_actions_free(s);
    sched_free(s);
    return graph;
}

/* --- waiting --- */

struct pending {
    int id;
    const char *key, *node;
};

static int
compare_pending(const void *a, const void *b)
{
    const struct pending *left = a, *right = b;

    return right->id - left->id;
}

/* Work in the graph: everything but pseudo-actions and notifications. */
static GArray *
pending_actions(const xmlNode *graph)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(struct pending));

    xml_for_each(synapse, graph, "synapse") {
        const xmlNode *set = xml_first(synapse, "action_set");

        if (set == NULL) {
            continue;
        }
        xml_for_each(action, set, NULL) {
            struct pending p = {
                .id = (int)xml_get_int(action, "id", 0),
                .key = xml_get(action, "internal_operation_key"),
                .node = xml_get(action, "on_node"),
            };

            p.key = p.key != NULL ? p.key : xml_get(action, "operation_key");

            if (!xml_is(action, "pseudo_event") && !text_equal(xml_get(action, "operation"), "notify")) {
                g_array_append_val(found, p);
            }
        }
    }
    g_array_sort(found, compare_pending);
    return found;
}

static void
list_pending(struct crm_resource *t, const GArray *pending)
{
    output_info(t->out, "Pending actions:");
    for (guint i = 0; i < pending->len; i++) {
        const struct pending *p = &g_array_index(pending, struct pending, i);

        output_info(t->out, "\tAction %d: %s%s%s", p->id, p->key != NULL ? p->key : "", p->node != NULL ? "\ton " : "",
                    p->node != NULL ? p->node : "");
    }
}

static void
warn_if_mixed_versions(struct crm_resource *t)
{
    static bool warned;
    const char *version;
    struct sched *s;

    if (warned || output_is_quiet(t->out)) {
        return;
    }
    s = sched_new(t->document, time(NULL), SCHED_STATUS_ONLY | SCHED_CONFIG_ONLY | SCHED_QUIET);
    version = nvtable_get(&s->opt.raw, "dc-version");
    if (version != NULL && strcmp(version, CRM_VERSION "-" CRM_BUILD) != 0) {
        output_info(t->out, "warning: wait option may not work properly in mixed-version cluster");
        output_flush(t->out);
    }
    warned = true;
    sched_free(s);
}

/* --- progress, for whoever sits at the terminal --- */

#define ERASE_LINE "\r\033[K"

/* A line that the next one replaces; nothing where standard error is no terminal. */
static void G_GNUC_PRINTF(2, 3)
show_progress(const struct crm_resource *t, const char *format, ...)
{
    va_list args;

    if (output_is_quiet(t->out) || !colour_is_terminal(stderr)) {
        return;
    }
    fputs(ERASE_LINE, stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
}

static void
end_progress(const struct crm_resource *t)
{
    show_progress(t, "%s", "");
}

static void
show_pending(const struct crm_resource *t, const GArray *pending, long long since)
{
    /* The actions with the lowest numbers are on the way; which of them is said does not matter much. */
    const struct pending *p = &g_array_index(pending, struct pending, pending->len - 1);

    show_progress(t, "Waiting for %u action%s (%s%s%s), %lld s", pending->len, pending->len == 1 ? "" : "s",
                  p->key != NULL ? p->key : "?", p->node != NULL ? " on " : "", p->node != NULL ? p->node : "",
                  (now_ms() - since) / 1000);
}

int
resource_wait(struct crm_resource *t)
{
    long long begin = now_ms();
    long long deadline = begin + (t->timeout_ms > 0 ? t->timeout_ms : WAIT_DEFAULT_MS);

    for (;;) {
        g_autoptr(GArray) pending = NULL;
        g_autoptr(xmlNode) graph = NULL;
        int rc = resource_read_cib(t);

        if (rc != RC_OK) {
            end_progress(t);
            return rc;
        }
        warn_if_mixed_versions(t);
        graph = graph_of(t, t->document);
        pending = pending_actions(graph);
        if (pending->len == 0) {
            end_progress(t);
            return RC_OK;
        }
        if (now_ms() + POLL_SECONDS * 1000 > deadline) {
            end_progress(t);
            list_pending(t, pending);
            return ETIME;
        }
        show_pending(t, pending, begin);
        sleep(POLL_SECONDS);
    }
}

/* --- restarting --- */

/* Ids of what is active (on one node, or anywhere): primitives and collectives, groups by their members. */
static void
collect_active(const struct sched_rsc *r, const struct sched_node *n, GPtrArray *ids)
{
    if (r->kind == KIND_GROUP) {
        VEC_FOR_EACH(struct sched_rsc, member, r->children) {
            collect_active(member, n, ids);
        }
        return;
    }
    if (n != NULL ? rsc_active_on(r, n) : rsc_active(r, false)) {
        g_ptr_array_add(ids, g_strdup(r->id));
    }
}

/* What is active in a CIB (g_ptr_array_unref), in the order of the configuration. */
static GPtrArray *
active_in(const struct crm_resource *t, const xmlNode *cib, const char *node)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    struct sched *s = sched_new(cib, time(NULL), SCHED_STATUS_ONLY | SCHED_QUIET);
    const struct sched_node *n = node != NULL ? sched_node_by_name(s, node) : NULL;

    VEC_FOR_EACH(struct sched_rsc, r, s->resources) {
        collect_active(r, n, ids);
    }
    sched_free(s);
    return ids;
}

static bool
has_id(const GPtrArray *ids, const char *id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (strcmp(g_ptr_array_index(ids, i), id) == 0) {
            return true;
        }
    }
    return false;
}

/* Members of `all` that are not in `some`. */
static GPtrArray *
difference(const GPtrArray *all, const GPtrArray *some)
{
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < all->len; i++) {
        if (!has_id(some, g_ptr_array_index(all, i))) {
            g_ptr_array_add(ids, g_strdup(g_ptr_array_index(all, i)));
        }
    }
    return ids;
}

/* What the simulation does is nothing to tell anybody. */
static void
keep_quiet(void *data, const struct sim_event *event)
{
}

/* How the CIB will be once the cluster has done what it has to do now: one transition on a private copy. */
static xmlNode *
outcome_of(const struct crm_resource *t)
{
    xmlNode *copy = xml_copy(NULL, t->document);
    g_autoptr(xmlNode) graph = graph_of(t, copy);
    struct sim sim = { .cib = copy, .now = time(NULL), .tell = keep_quiet };
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    sim_execute(&sim, graph, NULL, names);
    return copy;
}

/* Longest stop timeout among resources, s. */
static long long
longest_stop(const struct crm_resource *t, const GPtrArray *ids)
{
    struct sched *s = sched_new(t->document, time(NULL), SCHED_STATUS_ONLY | SCHED_QUIET);
    long long longest = 0;

    for (guint i = 0; i < ids->len; i++) {
        struct sched_rsc *r = sched_rsc_by_id(s, g_ptr_array_index(ids, i));

        if (r != NULL && r->kind == KIND_PRIMITIVE) {
            g_autofree char *key = op_key_new(r->id, "stop", 0);
            const struct sched_op_config *config = op_config(s, r, key, "stop", 0);

            longest = MAX(longest, config != NULL ? config->timeout_ms : 0);
        }
    }
    sched_free(s);
    return longest / 1000;
}

static void
list_ids(struct crm_resource *t, const GPtrArray *ids)
{
    for (guint i = 0; i < ids->len; i++) {
        output_info(t->out, " * %s", (const char *)g_ptr_array_index(ids, i));
    }
    output_flush(t->out);
}

/* Time for a step, s: as asked for, else by the slowest stop. */
static long long
step_seconds(const struct crm_resource *t, const GPtrArray *waiting)
{
    return t->timeout_ms > 0 ? t->timeout_ms / 1000 : 5 + longest_stop(t, waiting);
}

struct restart {
    char *rsc_id;      /* what is stopped */
    char *node;        /* NULL: anywhere */
    bool by_ban;       /* else by target-role */
    char *target_role; /* before; NULL: none */
};

static struct sched_rsc *
find_again(struct crm_resource *t, const char *id)
{
    struct sched_rsc *r = sched_rsc_by_id(t->s, id);

    return r != NULL ? r : sched_rsc_by_any_name(t->s, id);
}

static int
stop_it(struct crm_resource *t, struct restart *restart)
{
    struct sched_rsc *r = find_again(t, restart->rsc_id);

    if (restart->by_ban) {
        return resource_ban(t, restart->rsc_id, restart->node, true);
    }
    restart->target_role = g_strdup(rsc_meta(r, "target-role"));
    return resource_update_meta(t, r, "target-role", "stopped");
}

/* Undo stop_it(). */
static int
start_it(struct crm_resource *t, const struct restart *restart)
{
    int rc = resource_read_cib(t);
    struct sched_rsc *r;

    if (rc != RC_OK) {
        return rc;
    }
    resource_evaluate(t);
    if (restart->by_ban) {
        return resource_unban(t, restart->rsc_id, restart->node);
    }
    r = find_again(t, restart->rsc_id);
    if (r == NULL) {
        return ENXIO;
    }
    return restart->target_role != NULL ? resource_update_meta(t, r, "target-role", restart->target_role)
                                        : resource_remove_meta(t, r, "target-role");
}

/*
 * Poll until `waiting` (what of `before` is to go or to come back) is empty; the limit starts anew with each progress.
 * RC_OK or ETIME, then *left tells how many remain.
 */
static int
await(struct crm_resource *t, const struct restart *restart, const GPtrArray *targets, bool stopping, unsigned *left)
{
    long long begin = now_ms();
    long long limit = step_seconds(t, targets);
    long long deadline = begin + limit * 1000;

    *left = targets->len;
    for (;;) {
        g_autoptr(GPtrArray) active = NULL;
        unsigned remaining = 0;
        int rc = resource_read_cib(t);

        if (rc != RC_OK) {
            end_progress(t);
            return rc;
        }
        active = active_in(t, t->document, stopping ? restart->node : NULL);
        for (guint i = 0; i < targets->len; i++) {
            remaining += has_id(active, g_ptr_array_index(targets, i)) == stopping;
        }
        if (!stopping && remaining == 0 && restart->node != NULL) {
            g_autoptr(GPtrArray) there = active_in(t, t->document, restart->node);

            remaining += !has_id(there, restart->rsc_id);
        }
        if (remaining == 0) {
            end_progress(t);
            return RC_OK;
        }
        if (remaining < *left) {
            *left = remaining;
            deadline = now_ms() + limit * 1000;
        } else if (now_ms() >= deadline) {
            end_progress(t);
            return ETIME;
        }
        show_progress(t, "%u of %u still to %s, %lld s", remaining, targets->len, stopping ? "stop" : "start",
                      (now_ms() - begin) / 1000);
        sleep(POLL_SECONDS);
    }
}

static int
run_restart(struct crm_resource *t, struct restart *restart)
{
    g_autoptr(GPtrArray) before = active_in(t, t->document, restart->node);
    g_autoptr(GPtrArray) after = NULL;
    g_autoptr(GPtrArray) delta = NULL;
    g_autoptr(xmlNode) outcome = NULL;
    unsigned left = 0;
    int rc = stop_it(t, restart);

    if (rc != RC_OK) {
        return rc;
    }
    rc = resource_read_cib(t);
    if (rc != RC_OK) {
        return rc;
    }
    outcome = outcome_of(t);
    after = active_in(t, outcome, restart->node);
    delta = difference(before, after);
    output_info(t->out, "Waiting for %u resources to stop:", delta->len);
    list_ids(t, delta);
    rc = await(t, restart, delta, true, &left);
    if (rc != RC_OK) {
        if (rc == ETIME) {
            output_error(t->out, "Could not complete shutdown of %s, %u resources remaining", restart->rsc_id, left);
        }
        start_it(t, restart);
        return rc;
    }
    rc = start_it(t, restart);
    if (rc != RC_OK) {
        return rc;
    }
    output_info(t->out, "Waiting for %u resources to start again:", delta->len);
    list_ids(t, delta);
    rc = await(t, restart, before, false, &left);
    if (rc == ETIME) {
        output_error(t->out, "Could not complete restart of %s, %u resources remaining", restart->rsc_id, left);
    }
    return rc;
}

int
resource_restart(struct crm_resource *t)
{
    struct sched_rsc *r = rsc_bundle(t->rsc) != NULL ? rsc_bundle(t->rsc) : t->rsc;
    struct restart restart = { .node = t->node != NULL ? g_strdup(t->node->uname) : NULL };
    bool active = t->node != NULL ? rsc_active_on(r, t->node) : rsc_active(r, false);
    int rc;

    if (!active) {
        if (t->node != NULL) {
            output_error(t->out, "%s is not running on %s and so cannot be restarted", t->rsc_id, t->node->uname);
        } else {
            output_error(t->out, "%s is not running anywhere and so cannot be restarted", t->rsc_id);
        }
        g_free(restart.node);
        return ENXIO;
    }
    restart.rsc_id = g_strdup(r == t->rsc ? t->rsc_id : r->id);
    restart.by_ban = t->node != NULL && (r->kind == KIND_BUNDLE || rsc_clone(r) != NULL);
    rc = run_restart(t, &restart);
    g_free(restart.rsc_id);
    g_free(restart.node);
    g_free(restart.target_role);
    return rc;
}
