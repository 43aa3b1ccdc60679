/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource's explanations: which constraints apply, why something does not run, which hashes decide whether
 * parameters changed.  Called by main.c; they change nothing.  (spec 80 §6.4-§6.6)
 */
#include "tools/resource/resource.h"
#include "lib/output/explanation.h"
#include "lib/sched/actions/actions.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* --- constraints --- */

/* Resources from the one asked for to the one looked at: who is on it again is a loop. */
struct path {
    const struct sched_rsc *rsc;
    const struct path *up;
};

static bool
is_on_path(const struct path *path, const struct sched_rsc *r)
{
    for (; path != NULL; path = path->up) {
        if (path->rsc == r) {
            return true;
        }
    }
    return false;
}

static void
show_locations(struct crm_resource *t, const struct sched_rsc *r)
{
    bool xml = output_is_structured(t->out);

    if (!xml) {
        output_begin_list(t->out, "Locations");
    }
    for (unsigned i = t->s->locations.len; i-- > 0;) {
        const struct sched_location *l = t->s->locations.items[i];

        if (l->rsc != r || l->xml == NULL) {
            continue;
        }
        for (unsigned k = l->node_count; k-- > 0;) {
            const char *score = score_text(l->nodes[k].score);

            if (xml) {
                output_element(t->out, "rsc_location", "node", l->nodes[k].node->uname, "rsc", r->id, "id", l->id,
                               "score", score, NULL);
            } else {
                output_item(t->out, NULL, "Node %s (score=%s, id=%s, rsc=%s)", l->nodes[k].node->uname, score, l->id,
                            r->id);
            }
        }
    }
    if (!xml) {
        output_end_list_unless_empty(t->out);
    }
}

static void
colocation_xml(struct output *out, const struct sched_coloc *c)
{
    output_element(out, "rsc_colocation", "id", c->id, "rsc", c->dependent->id, "with-rsc", c->primary->id, "score",
                   score_text(c->score), "node-attribute", xml_get(c->xml, "node-attribute"), "rsc-role",
                   c->dependent_role != ROLE_UNKNOWN ? role_text(c->dependent_role) : NULL, "with-rsc-role",
                   c->primary_role != ROLE_UNKNOWN ? role_text(c->primary_role) : NULL, NULL);
}

/*
 * Colocations of a resource: as primary (`dependents`: who depends on it) or as dependent, each followed by what
 * concerns the other resource, and with `deep` by its colocations in the same direction.
 */
static void
show_colocations(struct crm_resource *t, const struct path *path, bool dependents, bool deep)
{
    const struct sched_rsc *r = path->rsc;
    bool xml = output_is_structured(t->out);

    if (!xml) {
        output_begin_list(t->out, dependents ? "Resources colocated with %s" : "Resources %s is colocated with", r->id);
    }
    VEC_FOR_EACH(struct sched_coloc, c, t->s->colocs) {
        const struct sched_rsc *other = dependents ? c->dependent : c->primary;
        struct path next = { other, path };

        if (c->xml == NULL || (dependents ? c->primary : c->dependent) != r) {
            continue;
        }
        if (is_on_path(path, other)) {
            if (xml) {
                colocation_xml(t->out, c);
            } else {
                output_item(t->out, NULL, "%s (id=%s - loop)", other->id, c->id);
            }
            continue;
        }
        if (xml) {
            colocation_xml(t->out, c);
        } else if (c->primary_role != ROLE_UNKNOWN) {
            output_item(t->out, NULL, "%s (score=%s, %s role=%s, id=%s)", other->id, score_text(c->score),
                        dependents ? "needs" : "with", role_text(c->primary_role), c->id);
        } else {
            output_item(t->out, NULL, "%s (score=%s, id=%s)", other->id, score_text(c->score), c->id);
        }
        if (!xml) {
            output_begin_list(t->out, NULL);
        }
        show_locations(t, other);
        if (deep) {
            show_colocations(t, &next, dependents, true);
        }
        if (!xml) {
            output_end_list(t->out);
        }
    }
    if (!xml) {
        output_end_list_unless_empty(t->out);
    }
}

int
resource_constraints(struct crm_resource *t)
{
    const struct sched_rsc *r = t->force ? t->rsc : rsc_top(t->rsc);
    struct path path = { r, NULL };

    output_open_plain(t->out, "constraints");
    show_locations(t, r);
    show_colocations(t, &path, true, t->recursive);
    show_colocations(t, &path, false, t->recursive);
    output_close_element(t->out);
    return RC_OK;
}

/* --- why --- */

struct checks {
    bool stopped, unpromoted, unmanaged, unhealthy;
    const struct sched_node *locked_to;
};

static bool
is_unhealthy(const struct sched *s, const struct sched_node *n)
{
    return node_health_color(s, n) < 0 || (s->opt.health_strategy == HEALTH_ONLY_GREEN && node_health_color(s, n) == 0);
}

/* Does the health strategy keep it from the node, or from every node that it may use? */
static bool
is_kept_off_by_health(const struct sched *s, const struct sched_rsc *r, const struct sched_node *n)
{
    bool any = false;

    if (s->opt.health_strategy != HEALTH_ONLY_GREEN && s->opt.health_strategy != HEALTH_MIGRATE_ON_RED) {
        return false;
    }
    if (n != NULL) {
        return is_unhealthy(s, n);
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        if (row_has(&r->row, s->nodes.items[i])) {
            any = true;
            if (!is_unhealthy(s, s->nodes.items[i])) {
                return false;
            }
        }
    }
    return any;
}

static struct checks
check(const struct sched *s, const struct sched_rsc *r, const struct sched_node *n)
{
    const struct sched_rsc *top = rsc_top(r);
    const char *value = rsc_meta(top, "target-role");
    const char *managed = rsc_meta(top, "is-managed");
    int role = value != NULL ? role_parse(value) : -1;

    return (struct checks){
        .stopped = role == ROLE_STOPPED,
        .unpromoted = role == ROLE_UNPROMOTED && rsc_is(top, RSC_PROMOTABLE),
        .unmanaged = text_boolean(managed) == 0,
        .locked_to = top->lock.node,
        .unhealthy = is_kept_off_by_health(s, top, n),
    };
}

void
resource_checks(struct crm_resource *t, struct sched_rsc *r, const struct sched_node *n)
{
    const char *id = rsc_top(r)->id;
    struct checks found = check(t->s, r, n);

    if (output_is_structured(t->out)) {
        output_open_element(t->out, "check", "id", id, "remain_stopped", found.stopped ? "true" : NULL, "promotable",
                            found.unpromoted ? "false" : NULL, "unmanaged", found.unmanaged ? "true" : NULL,
                            "locked-to", found.locked_to != NULL ? found.locked_to->uname : NULL, "unhealthy",
                            found.unhealthy ? "true" : NULL, NULL);
        output_close_element(t->out);
        return;
    }
    output_begin_list(t->out, "Resource Checks");
    if (found.stopped) {
        output_item(t->out, "check", "Configuration specifies '%s' should remain stopped", id);
    }
    if (found.unpromoted) {
        output_item(t->out, "check", "Configuration specifies '%s' should not be promoted", id);
    }
    if (found.unmanaged) {
        output_item(t->out, "check", "Configuration prevents cluster from stopping or starting unmanaged '%s'", id);
    }
    if (found.locked_to != NULL) {
        output_item(t->out, "check", "'%s' is locked to node %s due to shutdown", id, found.locked_to->uname);
    }
    if (found.unhealthy) {
        output_item(t->out, "check", "'%s' cannot run on unhealthy nodes due to node-health-strategy='%s'", id,
                    sched_option(t->s, "node-health-strategy"));
    }
    output_end_list_unless_empty(t->out);
}

static void
why_here(struct crm_resource *t, struct sched_rsc *r, const char *host, bool running)
{
    if (output_is_structured(t->out)) {
        output_open_element(t->out, "resource", "id", r->id, "running", running ? "true" : "false", "host", host, NULL);
        resource_checks(t, r, t->node);
        output_close_element(t->out);
        return;
    }
    if (host == NULL) {
        output_item(t->out, "reason", "Resource %s is %srunning", r->id, running ? "" : "not ");
    } else if (running) {
        output_item(t->out, "reason", "Resource %s is running on host %s", r->id, host);
    } else {
        output_item(t->out, "reason", "Resource %s is assigned to host %s but not running", r->id, host);
    }
    resource_checks(t, r, t->node);
}

/* The decisions of a full run of the scheduler; on top of what the peers show. */
static int
explain(struct crm_resource *t)
{
    struct sched *s = sched_new(t->document, time(NULL), SCHED_EXPLAIN | SCHED_QUIET);
    int rc = RC_OK;

    sched_run(s);
    output_add_flags(t->out, OUTPUT_FANCY);
    for (unsigned i = 0; i < s->resources.len && rc == RC_OK; i++) {
        const char *id = t->rsc != NULL ? t->rsc->id : s->resources.items[i]->id;
        g_autofree char *word = g_strconcat(id, t->node != NULL ? "@" : "", t->node != NULL ? t->node->uname : "", NULL);
        g_autofree char *error = NULL;

        if (!explanation_print(t->out, s, word, &error)) {
            output_error(t->out, "crm_resource: Cannot explain '%s': %s", word, error);
            rc = ENXIO;
        }
        if (t->rsc != NULL) {
            break;
        }
    }
    sched_actions_free(s);
    sched_free(s);
    return rc;
}

int
resource_why(struct crm_resource *t)
{
    bool xml = output_is_structured(t->out);

    if (xml) {
        output_open_plain(t->out, "reason");
    } else {
        output_begin_list(t->out, "Resource Reasons");
    }
    if (t->rsc != NULL && t->node != NULL) {
        bool running = rsc_active_on(t->rsc, t->node);

        if (xml) {
            output_attr(t->out, "running_on", running ? t->node->uname : NULL);
        } else {
            output_item(t->out, "reason", "Resource %s is %srunning on host %s", t->rsc->id, running ? "" : "not ",
                        t->node->uname);
        }
        resource_checks(t, t->rsc, t->node);
    } else if (t->rsc != NULL) {
        bool running = rsc_active(t->rsc, false);

        if (xml) {
            output_attr(t->out, "running", running ? "true" : "false");
        } else {
            output_item(t->out, "reason", "Resource %s is %srunning", t->rsc->id, running ? "" : "not ");
        }
        resource_checks(t, t->rsc, NULL);
    } else {
        output_open_plain(t->out, "resources");
        if (t->node != NULL) {
            VEC_FOR_EACH(struct sched_rsc, r, t->node->running) {
                why_here(t, r, t->node->uname, true);
            }
        } else {
            VEC_FOR_EACH(struct sched_rsc, r, t->s->resources) {
                why_here(t, r, NULL, rsc_active(r, false));
            }
        }
        output_close_element(t->out);
    }
    if (xml) {
        output_close_element(t->out);
    } else {
        output_end_list(t->out);
    }
    return t->explain ? explain(t) : RC_OK;
}

/* --- digests --- */

/* Is `a` a better witness of the parameters in use than `b`?  (spec 80 §6.6) */
static bool
is_better_witness(const struct sched_hist_op *a, const struct sched_hist_op *b)
{
    static const char *const starts[] = { "start", "promote", "migrate_from" };
    int rank[2] = { 0, 0 };
    const struct sched_hist_op *ops[2] = { a, b };

    for (int i = 0; i < 2; i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(starts); k++) {
            rank[i] = text_equal(ops[i]->task, starts[k]) ? 2 : rank[i];
        }
        if (text_equal(ops[i]->task, "monitor")) {
            rank[i] = ops[i]->interval_ms == 0 ? 2 : 1;
        }
    }
    if (rank[0] != rank[1]) {
        return rank[0] > rank[1];
    }

    bool failed[2] = { g_str_has_suffix(a->id, "_last_failure_0"), g_str_has_suffix(b->id, "_last_failure_0") };

    if (failed[0] != failed[1]) {
        return failed[1];
    }

    bool restart[2] = { xml_get(a->xml, "op-restart-digest") != NULL, xml_get(b->xml, "op-restart-digest") != NULL };

    return restart[0] != restart[1] ? restart[0] : true; /* entries come from old to new */
}

static void
show_digest(struct crm_resource *t, const char *type, const char *label, const char *hash, const xmlNode *params)
{
    if (hash == NULL) {
        return;
    }
    if (!output_is_structured(t->out)) {
        output_item(t->out, NULL, "%s (%s parameters)", hash, label);
        return;
    }
    output_open_element(t->out, "digest", "type", type, "hash", hash, NULL);
    output_open_plain(t->out, "parameters");
    for (const xmlAttr *a = params != NULL ? params->properties : NULL; a != NULL; a = a->next) {
        output_attr(t->out, (const char *)a->name, xml_attr_value(a));
    }
    output_close_element(t->out);
    output_close_element(t->out);
}

/* What the command line says in place of the configuration. */
static void
apply_overrides(struct crm_resource *t)
{
    struct nvtable *params = (struct nvtable *)rsc_params(t->s, t->rsc, t->node);

    for (guint i = 0; i < t->override_names->len; i++) {
        const char *name = g_ptr_array_index(t->override_names, i);
        const char *value = g_hash_table_lookup(t->overrides, name);

        if (g_str_has_prefix(name, "CRM_meta_")) {
            nvtable_set(&t->rsc->meta, name + strlen("CRM_meta_"), value);
        } else {
            nvtable_set(params, name, value);
        }
    }
}

int
resource_digests(struct crm_resource *t)
{
    const struct sched_history *h;
    const struct sched_hist_op *best = NULL;
    const struct sched_digests *digests;
    const xmlNode *params_secure = NULL;
    const char *secure = NULL;
    const char *task = "start";
    guint interval_ms = 0;

    if (t->rsc->kind != KIND_PRIMITIVE) {
        return ENOTSUP;
    }
    h = rsc_history(t->rsc, t->node);
    for (unsigned i = 0; h != NULL && i < h->op_count; i++) {
        if (best == NULL || is_better_witness(&h->ops[i], best)) {
            best = &h->ops[i];
        }
    }
    if (best != NULL) {
        task = best->task;
        interval_ms = best->interval_ms;
    }
    apply_overrides(t);
    digests = sched_digest_calculate(t->s, t->rsc, task, interval_ms, t->node, best != NULL ? best->xml : NULL);
    if (digests != NULL && digests->secure == NULL) { /* the entry tells of no private parameters: there are none */
        secure = digests->all;
        params_secure = digests->params_all;
    } else if (digests != NULL) {
        secure = digests->secure;
        params_secure = digests->params_secure;
    }
    if (output_is_structured(t->out)) {
        output_open_element(t->out, "digests", "resource", t->rsc->id, "node", t->node->uname, "task", task, NULL);
        output_attrf(t->out, "interval", "%ums", interval_ms);
    }
    if (digests != NULL) {
        show_digest(t, "all", "all", digests->all, digests->params_all);
        show_digest(t, "nonprivate", "non-private", secure, params_secure);
        show_digest(t, "nonreloadable", "non-reloadable", digests->restart, digests->params_restart);
    }
    if (output_is_structured(t->out)) {
        output_close_element(t->out);
    } else if (digests == NULL || digests->all == NULL) {
        output_item(t->out, NULL, "none");
    }
    return RC_OK;
}
