/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The actions and what they wait for as Graphviz text.  After rendering.  (spec 42 §13.5)
 */
#include "lib/sched/graph/internal.h"

static char *
dot_name(struct sched *s, const struct sched_action *a, unsigned flags)
{
    const char *host = a->node ? a->node->uname : act_is(a, ACT_PSEUDO) ? NULL : "<none>";
    const char *key = a->key;
    g_autofree char *name = NULL;

    if (act_task(a, "stonith") && a->rsc == NULL) {
        name = g_strdup_printf("stonith '%s'", action_meta(a, "stonith_action"));
    } else if (a->rsc != NULL) {
        bool other = a->rsc->history_name != NULL && strcmp(a->rsc->history_name, a->rsc->id) != 0;

        if (act_task(a, "notify") || act_task(a, "notified")) {
            key = arena_printf(s->arena, "%s_%s_notify_%s_0", other ? a->rsc->history_name : a->rsc->id,
                               action_meta(a, "notify_key_type"), action_meta(a, "notify_key_operation"));
        } else if (other) {
            key = graph_history_key(s, a);
        }
        name = g_strdup_printf("%s%s", act_is(a, ACT_CANCEL) ? "Cancel " : "", key);
    } else {
        name = g_strdup(a->task);
    }
    return g_strdup_printf("%s%s%s%s", name, host ? " " : "", host ? host : "",
                           (flags & DOT_IDS) != 0 ? arena_printf(s->arena, " (%u)", a->id) : "");
}

/* Writes the node; false if the action is left out. */
static bool
write_node(GString *out, const struct sched_action *a, const char *name, unsigned flags)
{
    const char *style = "dashed", *colour = "black", *font = act_is(a, ACT_PSEUDO) ? "orange" : "black";
    bool shown = (flags & DOT_ALL) != 0;

    if (act_is(a, ACT_RENDERED)) {
        style = "bold";
        colour = "green";
        shown = true;
    } else if (a->rsc != NULL && !rsc_is(a->rsc, RSC_MANAGED)) {
        colour = "red";
        font = "purple";
    } else if (act_is(a, ACT_OPTIONAL)) {
        colour = "blue";
    } else {
        colour = "red";
        shown = true;
    }
    if (shown) {
        g_string_append_printf(out, "\"%s\" [ style=%s color=\"%s\" fontcolor=\"%s\"]\n", name, style, colour, font);
    }
    return shown;
}

GString *
sched_dot_new(struct sched *s, unsigned flags)
{
    struct actions_state *as = actions_of(s);
    GString *out = g_string_new(" digraph \"g\" {\n");
    unsigned n = as->all.len;
    g_autofree bool *shown = g_new0(bool, n + 1);
    g_auto(GStrv) names = g_new0(char *, n + 1);

    for (unsigned i = n; i-- > 0;) {
        struct sched_action *a = as->all.items[i];

        inputs_sort(s, a);
        names[i] = dot_name(s, a, flags);
        shown[i] = write_node(out, a, names[i], flags);
    }
    for (unsigned i = n; i-- > 0;) {
        const struct sched_action *a = as->all.items[i];

        for (unsigned k = 0; k < a->n_inputs; k++) {
            const struct sched_input *in = &a->inputs[k];
            const char *style = "dashed";
            bool show = (flags & DOT_ALL) != 0;

            if (in->linked) {
                style = "bold";
                show = true;
            } else if (in->kinds == 0) {
                continue;
            } else if (shown[i] && shown[in->first->id - 1] && in->kinds != ORDER_LOAD) {
                show = true;
            }
            if (show) {
                g_string_append_printf(out, "\"%s\" -> \"%s\" [ style = %s]\n", names[in->first->id - 1], names[i],
                                       style);
            }
        }
    }
    g_string_append(out, "}\n");
    return out;
}
