/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explanations.  See explain.h.
 */
#include "lib/sched/simulate/explain.h"
#include "lib/sched/actions/internal.h"

/* --- scores --- */

/* What a recorded reason means to a person; %s is the source. */
static const struct {
    const char *reason, *code, *text;
} words[] = {
    {"health", "health", "health of the node (strategy %s)"},
    {"stickiness", "stickiness", "stickiness: it is active there"},
    {"__fail_limit__", "fail-limit", "its failures there reached migration-threshold"},
    {"__stop_fail__", "failed-stop", "its stop failed there"},
    {"__action_migration_auto__", "failure", "a failure with on-fail=standby or a failed start"},
    {"hard-error", "hard-error", "an operation failed there with an error that makes the node unsuitable"},
    {"masked-probe-failure", "hard-error", "its agent is missing or refuses its parameters there"},
    {"shutdown-lock", "shutdown-lock", "it is locked to a node that was shut down"},
    {"exclusive discovery", "resource-discovery", "no location constraint with exclusive discovery names the node"},
    {"no remote node", "kind", "this kind of resource cannot run on remote nodes"},
    {"container", "container", "it runs inside %s only"},
    {"instance limit", "clone", "the node cannot have another instance of its clone"},
    {"clone-max", "clone", "all wanted instances have their places"},
    {"promotion attribute", "promotion-score", "promotion score that its agent keeps for the node"},
    {"no promotion attribute", "promotion-score", "its agent keeps no promotion score for the node"},
    {"not to be promoted", "role", "its next role rules promotion out"},
    {"to be promoted", "role", "it is to be promoted whatever its score"},
    {"promotion colocation", "colocation", "its own colocation %s"},
    {"promotion wishes", "preference", "score of the node for the clone as a whole, with colocations of its promoted role"},
    {"promotion score", "promotion-score", "promotion score"},
    {"__stateful_without_ticket__", "ticket", "the ticket of constraint %s is missing"},
    {"__no_ticket__", "ticket", "the ticket of constraint %s was never granted"},
    {"__ticket_standby__", "ticket", "the ticket of constraint %s is in standby"},
    {"fatal-error", "fatal-error", "an operation failed with an error that no node can mend"},
    {"__loss_of_ticket__", "ticket", "the ticket of constraint %s is lost"},
    {"target-role", "target-role", "it is to be stopped"},
    {"utilization", "utilization", "not enough capacity left"},
    {"__orphan_do_not_run__", "orphan", "it is not in the configuration any more"},
    {"unmanaged", "unmanaged", "it is unmanaged and active there"},
};

static void
word_step(struct sched *s, struct explain_step *step, const char *reason)
{
    step->code = reason;
    step->text = reason;
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i].reason, reason) == 0) {
            const char *hole = strstr(words[i].text, "%s");

            step->code = words[i].code;
            step->text = hole == NULL ? words[i].text
                                      : arena_printf(s->arena, "%.*s%s%s", (int) (hole - words[i].text), words[i].text,
                                                     step->source ? step->source : "?", hole + 2);
            return;
        }
    }
}

static struct explain_step
step_of(struct sched *s, const struct sched_explain *e)
{
    struct explain_step step = {.source = e->source, .other = e->other ? e->other->id : NULL, .delta = e->delta,
                                .result = e->result};
    const char *where = "";

    if (e->other != NULL && e->other->kind == KIND_PRIMITIVE) {
        where = e->other->assigned ? arena_printf(s->arena, " on %s", e->other->assigned->uname) : ", which runs nowhere";
    }

    if (strcmp(e->reason, "location") == 0) {
        step.code = "location";
        step.text = arena_printf(s->arena, "location constraint %s", e->source);
    } else if (strcmp(e->reason, "colocation") == 0) {
        step.code = "colocation";
        step.text = arena_printf(s->arena, "colocation %s with %s%s", e->source, step.other, where);
    } else if (strcmp(e->reason, "preference") == 0) {
        step.code = "preference";
        step.text = arena_printf(s->arena, "wish of %s, colocated by %s", step.other, e->source);
    } else if (strcmp(e->reason, "unheeded") == 0) {
        step.code = "unheeded";
        step.text = arena_printf(s->arena, "colocation %s with %s not heeded: no node would have been left", e->source,
                                 step.other);
    } else {
        word_step(s, &step, e->reason);
    }
    return step;
}

static const char *
why_unavailable(const struct sched_node *n)
{
    if (node_is_available(n)) {
        return NULL;
    }
    return !n->online         ? "offline"
           : n->unclean       ? "unclean"
           : n->shutdown      ? "shutting down"
           : n->standby       ? "standby"
           : n->maintenance   ? "maintenance"
           : n->pending       ? "pending"
                              : "not available";
}

/* What is not recorded (a row put back after a test) shows as a step of its own, so that the sums are always right. */
static void
add_set(struct sched *s, struct explain_node *en, int score)
{
    struct explain_step set = {.code = "set", .text = "set by the placement of its group, clone or bundle", .result = score};

    arena_vec_push(s->arena, &en->steps, set);
}

static bool
is_finite(int score)
{
    return score > -SCORE_INFINITY && score < SCORE_INFINITY;
}

static void
explain_scores(struct sched *s, struct sched_rsc *rsc, struct sched_node *node, struct explain_node *en)
{
    int score = 0;

    en->node = node;
    en->candidate = row_has(&rsc->row, node);
    en->unavailable = why_unavailable(node);
    en->final = rsc->row.score[node->id];
    for (unsigned i = 0; i < s->explain.len; i++) {
        const struct sched_explain *e = &s->explain.items[i];
        struct explain_step step;

        if (e->rsc != rsc || e->node != node) {
            continue;
        }
        if (strcmp(e->reason, "unheeded") != 0 && is_finite(e->delta) && is_finite(e->result)
            && score_add(score, e->delta) != e->result) {
            if (en->steps.len == 0) {
                en->base = e->result - e->delta;
            } else {
                add_set(s, en, e->result - e->delta);
            }
        }
        step = step_of(s, e);
        arena_vec_push(s->arena, &en->steps, step);
        score = e->result;
    }
    if (en->candidate && en->steps.len == 0) {
        en->base = en->final;
    } else if (en->candidate && score != en->final) {
        add_set(s, en, en->final);
    }
}

/* --- the decision --- */

static void
explain_decision(struct sched *s, struct explanation *x, const struct sched_decision *d)
{
    const char *to = d->chosen ? d->chosen->uname : NULL, *over = d->over ? d->over->uname : NULL;
    struct arena *a = s->arena;
    static const char *const codes[] = {
        [RULE_NOWHERE] = "nowhere", [RULE_UNMANAGED] = "unmanaged", [RULE_STOP_ALL] = "stop-all-resources",
        [RULE_ONLY] = "only", [RULE_SCORE] = "score", [RULE_WISH] = "wish", [RULE_CAPACITY] = "capacity",
        [RULE_FEWER] = "fewer-resources", [RULE_CURRENT] = "current", [RULE_NAME] = "name"};

    x->rule = codes[d->rule];
    x->over = d->over;
    switch (d->rule) {
    case RULE_NOWHERE:
        x->decision = "no node: none is available with a score that is not negative";
        break;
    case RULE_UNMANAGED:
        x->decision = to ? arena_printf(a, "%s: unmanaged, it stays where it is", to) : "unmanaged: nothing is done";
        break;
    case RULE_STOP_ALL:
        x->decision = "no node: stop-all-resources is set";
        break;
    case RULE_ONLY:
        x->decision = arena_printf(a, "%s: no other node is left", to);
        break;
    case RULE_SCORE:
        x->decision = arena_printf(a, "%s: highest score (%s next with less)", to, over);
        break;
    case RULE_WISH:
        x->decision = over ? arena_printf(a, "%s: no score is higher, and it is preferred to %s as a whole", to, over)
                           : arena_printf(a, "%s: best, and preferred as a whole", to);
        break;
    case RULE_CAPACITY:
        x->decision = arena_printf(a, "%s: same score as %s, more capacity left", to, over);
        break;
    case RULE_FEWER:
        x->decision = arena_printf(a, "%s: same score as %s, fewer resources placed there so far", to, over);
        break;
    case RULE_CURRENT:
        x->decision = arena_printf(a, "%s: same score as %s, and it is there now", to, over);
        break;
    case RULE_NAME:
        x->decision = arena_printf(a, "%s: same as %s in everything, and the lower name", to, over);
        break;
    }
}

/* --- what keeps it --- */

static void
obstacle(struct sched *s, struct explanation *x, const char *code, const char *text)
{
    struct explain_obstacle o = {code, text};

    arena_vec_push(s->arena, &x->obstacles, o);
}

static void
unmanaged_obstacle(struct sched *s, struct explanation *x, const struct sched_rsc *rsc)
{
    const struct sched_node *there = rsc_current_node(rsc, NULL, NULL);

    if (s->opt.maintenance_mode) {
        obstacle(s, x, "maintenance", "unmanaged: maintenance-mode is set for the whole cluster");
    } else if (rsc_is(rsc, RSC_MAINTENANCE)) {
        obstacle(s, x, "maintenance", "unmanaged: its meta-attribute maintenance is set");
    } else if (there != NULL && there->maintenance) {
        obstacle(s, x, "maintenance", arena_printf(s->arena, "unmanaged: %s is in maintenance mode", there->uname));
    } else if (s->opt.stonith_enabled && !s->have_fence_device) {
        obstacle(s, x, "fencing", "unmanaged: fencing is enabled but no fence device is configured");
    } else if (rsc_is(rsc, RSC_BLOCKED)) {
        return; /* that is said already */
    } else {
        obstacle(s, x, "unmanaged", "unmanaged: is-managed is false, or a failure took it out of management");
    }
}

static void
ticket_obstacles(struct sched *s, struct explanation *x, const struct sched_rsc *rsc)
{
    for (unsigned i = 0; i < s->ticket_constraints.len; i++) {
        const struct sched_ticket_constraint *c = s->ticket_constraints.items[i];

        if ((c->rsc == rsc || rsc_is_ancestor(c->rsc, rsc)) && (!c->ticket->granted || c->ticket->standby)) {
            obstacle(s, x, "ticket", arena_printf(s->arena, "ticket %s is %s (constraint %s)", c->ticket->id,
                                                  c->ticket->granted ? "in standby" : "not granted", c->id));
        }
    }
}

static void
explain_obstacles(struct sched *s, struct explanation *x, struct sched_rsc *rsc)
{
    enum sched_role target = rsc_target_role(s, rsc);

    if (rsc_is(rsc, RSC_ORPHAN)) {
        obstacle(s, x, "orphan", "it is not in the configuration any more");
    }
    if (target != ROLE_UNKNOWN) {
        obstacle(s, x, "target-role", arena_printf(s->arena, "target-role is %s", role_text(target)));
    }
    if (s->opt.stop_all_resources) {
        obstacle(s, x, "stop-all-resources", "stop-all-resources is set");
    }
    if (rsc_is(rsc, RSC_BLOCKED)) {
        obstacle(s, x, "blocked", rsc->active_on.len > 1 ? "blocked: it is active on more than one node"
                                                         : "blocked after a failure (on-fail=block, or a failed stop "
                                                           "without fencing)");
    }
    if (!rsc_is(rsc, RSC_MANAGED)) {
        unmanaged_obstacle(s, x, rsc);
    }
    if (!s->have_quorum && s->opt.no_quorum_policy != QUORUM_IGNORE) {
        static const char *const policies[] = {[QUORUM_STOP] = "stop", [QUORUM_FREEZE] = "freeze",
                                               [QUORUM_IGNORE] = "ignore", [QUORUM_DEMOTE] = "demote",
                                               [QUORUM_SUICIDE] = "suicide"};

        obstacle(s, x, "quorum", arena_printf(s->arena, "no quorum (no-quorum-policy is %s)",
                                              policies[s->opt.no_quorum_policy]));
    }
    ticket_obstacles(s, x, rsc);
}

/* --- actions --- */

static void
explain_actions(struct sched *s, struct explanation *x, struct sched_rsc *rsc)
{
    static const char *const tasks[] = {"demote", "stop", "migrate_to", "migrate_from", "start", "promote"};

    for (unsigned t = 0; t < G_N_ELEMENTS(tasks); t++) {
        for_each_with_key(a, s, rsc, tasks[t], 0) {
            struct explain_action action = {.task = tasks[t], .node = a->node ? a->node->uname : NULL,
                                            .runnable = act_is(a, ACT_RUNNABLE), .reason = a->reason};
            bool needed = act_required(a);

            /* A start without a node is said by the decision already. */
            if (needed && !act_is(a, ACT_PSEUDO) && (a->node != NULL || a->reason != NULL)) {
                arena_vec_push(s->arena, &x->actions, action);
                if (!action.runnable) {
                    obstacle(s, x, "unrunnable",
                             arena_printf(s->arena, "%s%s%s cannot be done%s%s", action.task, action.node ? " on " : "",
                                          action.node ? action.node : "", action.reason ? ": " : "",
                                          action.reason ? action.reason : ""));
                }
            }
        }
    }
}

/* --- promotion --- */

/* The roles may be decided more than once; the last time counts. */
static void
explain_promotion(struct sched *s, struct explanation *x, const struct sched_rsc *rsc)
{
    for (unsigned i = 0; x->promotable && i < s->explain.len; i++) {
        const struct sched_explain *e = &s->explain.items[i];
        struct explain_step step;

        if (e->rsc != rsc || e->node != NULL) {
            continue;
        }
        if (text_is_one_of(e->reason, "promotion attribute", "no promotion attribute", "not to be promoted", NULL)) {
            x->promotion_steps.len = 0;
        }
        step = step_of(s, e);
        arena_vec_push(s->arena, &x->promotion_steps, step);
    }
}

/* --- the whole --- */

struct explanation *
explain_new(struct sched *s, struct sched_rsc *rsc, const struct sched_node *node)
{
    struct explanation *x = arena_new_struct(s->arena, struct explanation);

    g_assert(rsc->kind == KIND_PRIMITIVE);
    x->rsc = rsc;
    x->chosen = rsc->assigned;
    x->role = rsc->role;
    x->next_role = rsc->next_role;
    x->promotable = rsc_is(rsc, RSC_PROMOTABLE) && rsc->parent != NULL && rsc->parent->kind == KIND_CLONE;
    x->promotion = rsc->promotion_sort_value;
    x->rule = "none";
    x->decision = "nothing was decided";
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct explain_node en = {0};

        if (node == NULL || s->node_order[i] == node) {
            explain_scores(s, rsc, s->node_order[i], &en);
            arena_vec_push(s->arena, &x->nodes, en);
        }
    }
    for (unsigned i = 0; i < s->decisions.len; i++) { /* the last one stands */
        if (s->decisions.items[i].rsc == rsc) {
            explain_decision(s, x, &s->decisions.items[i]);
        }
    }
    explain_promotion(s, x, rsc);
    explain_obstacles(s, x, rsc);
    explain_actions(s, x, rsc);
    return x;
}

void
explain_primitives(struct sched *s, struct sched_rsc *rsc, sched_rsc_vec *out)
{
    if (rsc->kind == KIND_PRIMITIVE) {
        arena_vec_push(s->arena, out, rsc);
        return;
    }
    if (rsc->kind != KIND_BUNDLE) { /* whose parts are children, too */
        VEC_FOR_EACH(struct sched_rsc, child, rsc->children) {
            explain_primitives(s, child, out);
        }
        return;
    }
    VEC_FOR_EACH(struct sched_replica, replica, rsc->replicas) {
        struct sched_rsc *parts[] = {replica->ip, replica->container, replica->remote, replica->child};

        for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
            if (parts[i] != NULL) {
                explain_primitives(s, parts[i], out);
            }
        }
    }
}
