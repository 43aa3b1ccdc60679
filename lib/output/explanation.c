/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Explanations for people and programs.  See explanation.h.
 */
#include "lib/output/explanation.h"
#include "lib/sched/simulate/explain.h"

#include <string.h>

/* --- text --- */

static void
step_text(struct output *out, const struct explain_step *step)
{
    bool sets = strcmp(step->code, "set") == 0 || strcmp(step->code, "unheeded") == 0;
    g_autofree char *result = g_strdup(score_text(step->result));

    if (sets) {
        output_item(out, NULL, "= %s: %s", result, step->text);
    } else {
        output_item(out, NULL, "%s%s = %s: %s", step->delta < 0 ? "" : "+", score_text(step->delta), result, step->text);
    }
}

static void
node_text(struct output *out, const struct explanation *x, const struct explain_node *n)
{
    const char *mark = x->chosen == n->node ? " (chosen)" : "", *off = n->unavailable;

    if (!n->candidate && n->steps.len == 0) {
        output_item(out, NULL, "%s: no candidate%s%s%s", n->node->uname, off ? " (" : "", off ? off : "", off ? ")" : "");
        return;
    }
    output_begin_list(out, "%s: %s%s%s%s%s", n->node->uname, n->candidate ? score_text(n->final) : "no candidate", mark,
                      off ? " (" : "", off ? off : "", off ? ")" : "");
    if (n->base != 0) {
        output_item(out, NULL, "%s: score of the node", score_text(n->base));
    }
    for (unsigned i = 0; i < n->steps.len; i++) {
        step_text(out, &n->steps.items[i]);
    }
    output_end_list(out);
}

static void
explanation_text(struct output *out, const struct explanation *x)
{
    output_begin_list(out, "%s", x->rsc->id);
    output_item(out, "Decision", "%s", x->decision);
    if (x->role != x->next_role) {
        output_item(out, "Role", "%s -> %s%s%s%s", role_text(x->role), role_text(x->next_role),
                    x->rsc->next_role_reason ? " (" : "", x->rsc->next_role_reason ? x->rsc->next_role_reason : "",
                    x->rsc->next_role_reason ? ")" : "");
    } else {
        output_item(out, "Role", "%s", role_text(x->role));
    }
    if (x->promotable) {
        output_item(out, "Promotion score", "%s", score_text(x->promotion));
        if (x->promotion_steps.len > 0) {
            output_begin_list(out, "How that came about");
            for (unsigned i = 0; i < x->promotion_steps.len; i++) {
                step_text(out, &x->promotion_steps.items[i]);
            }
            output_end_list(out);
        }
    }
    if (x->obstacles.len > 0) {
        output_begin_list(out, "What keeps it");
        for (unsigned i = 0; i < x->obstacles.len; i++) {
            output_item(out, NULL, "%s", x->obstacles.items[i].text);
        }
        output_end_list(out);
    }
    if (x->actions.len > 0) {
        output_begin_list(out, "What is to be done");
        for (unsigned i = 0; i < x->actions.len; i++) {
            const struct explain_action *a = &x->actions.items[i];

            output_item(out, NULL, "%s%s%s%s%s%s", a->task, a->node ? " on " : "", a->node ? a->node : "",
                        a->runnable ? "" : " (cannot be done)", a->reason ? ": " : "", a->reason ? a->reason : "");
        }
        output_end_list(out);
    }
    output_begin_list(out, "Scores");
    for (unsigned i = 0; i < x->nodes.len; i++) {
        node_text(out, x, &x->nodes.items[i]);
    }
    output_end_list(out);
    output_end_list(out);
}

/* --- elements --- */

static void
step_element(struct output *out, const char *name, const struct explain_step *step)
{
    output_open_element(out, name, "reason", step->code, "constraint", step->source, "with", step->other, NULL);
    if (strcmp(step->code, "set") != 0 && strcmp(step->code, "unheeded") != 0) {
        output_attr(out, "delta", score_text(step->delta));
    }
    output_attr(out, "result", score_text(step->result));
    output_attr(out, "description", step->text);
    output_close_element(out);
}

static void
node_elements(struct output *out, const struct explanation *x, const struct explain_node *n)
{
    output_open_element(out, "node", "name", n->node->uname, "score", n->candidate ? score_text(n->final) : NULL,
                        "chosen", x->chosen == n->node ? "true" : "false", "unavailable", n->unavailable, NULL);
    output_attr(out, "base", score_text(n->base));
    for (unsigned i = 0; i < n->steps.len; i++) {
        step_element(out, "step", &n->steps.items[i]);
    }
    output_close_element(out);
}

static void
explanation_elements(struct output *out, const struct explanation *x)
{
    output_open_element(out, "resource", "id", x->rsc->id, "role", role_text(x->role), "next-role", role_text(x->next_role),
                        "assigned-to", x->chosen ? x->chosen->uname : NULL, "promotion-score",
                        x->promotable ? score_text(x->promotion) : NULL, NULL);
    output_element(out, "decision", "rule", x->rule, "over", x->over ? x->over->uname : NULL, "description", x->decision,
                   NULL);
    for (unsigned i = 0; i < x->promotion_steps.len; i++) {
        step_element(out, "promotion-step", &x->promotion_steps.items[i]);
    }
    for (unsigned i = 0; i < x->obstacles.len; i++) {
        output_element(out, "obstacle", "reason", x->obstacles.items[i].code, "description", x->obstacles.items[i].text,
                       NULL);
    }
    for (unsigned i = 0; i < x->actions.len; i++) {
        const struct explain_action *a = &x->actions.items[i];

        output_element(out, "action", "task", a->task, "node", a->node, "runnable", a->runnable ? "true" : "false",
                       "reason", a->reason, NULL);
    }
    for (unsigned i = 0; i < x->nodes.len; i++) {
        node_elements(out, x, &x->nodes.items[i]);
    }
    output_close_element(out);
}

/* --- both --- */

static void
print_primitives(struct output *out, struct sched *s, const sched_rsc_vec *rscs, const struct sched_node *node)
{
    sched_rsc_vec primitives = {0};

    VEC_FOR_EACH(struct sched_rsc, rsc, *rscs) {
        explain_primitives(s, rsc, &primitives);
    }
    VEC_FOR_EACH(struct sched_rsc, primitive, primitives) {
        const struct explanation *x = explain_new(s, primitive, node);

        if (output_is_structured(out)) {
            explanation_elements(out, x);
        } else {
            explanation_text(out, x);
        }
    }
}

/* What a name means: the resource with that id, else all instances of what is configured under it. */
static void
find_named(struct sched *s, const char *name, sched_rsc_vec *out)
{
    struct sched_rsc *exact = sched_rsc_by_id(s, name);

    out->len = 0;
    if (exact != NULL) {
        arena_vec_push(s->arena, out, exact);
        return;
    }
    for (unsigned i = 0; i < s->rscs.len; i++) {
        struct sched_rsc *rsc = s->rscs.items[i];

        if (strcmp(rsc->base_id, name) == 0) {
            arena_vec_push(s->arena, out, rsc);
        }
    }
}

bool
explanation_print(struct output *out, struct sched *s, const char *word, char **error)
{
    const char *at = strrchr(word, '@');
    g_autofree char *name = g_strdup(word);
    struct sched_node *node = NULL;
    sched_rsc_vec rscs = {0};

    *error = NULL;
    find_named(s, name, &rscs);
    if (rscs.len == 0 && at != NULL) {
        name[at - word] = '\0';
        find_named(s, name, &rscs);
        node = sched_node_find(s, at + 1);
    }
    if (rscs.len == 0) {
        *error = g_strdup_printf("there is no resource '%s'", name);
        return false;
    }
    if (strlen(name) < strlen(word) && node == NULL) {
        *error = g_strdup_printf("there is no node '%s'", at + 1);
        return false;
    }
    if (output_is_structured(out)) {
        output_open_element(out, "explanation", "of", name, NULL);
        print_primitives(out, s, &rscs, node);
        output_close_element(out);
    } else {
        output_begin_section(out, "Explanation of %s%s%s", name, node ? " on " : "", node ? node->uname : "");
        print_primitives(out, s, &rscs, node);
        output_end_list(out);
    }
    return true;
}
