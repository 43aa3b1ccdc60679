/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Node attributes, tickets and negative location constraints.  Called by tools and status_print().
 * (spec 81 §6, §9)
 */
#include "lib/output/status_internal.h"

#include <string.h>

/* --- node attributes --- */

/* Attributes that the cluster keeps for itself. */
static bool
is_internal_attribute(const char *name)
{
    static const char *const prefixes[] = { "fail-count", "last-failure", "shutdown", "terminate", "standby", "#" };

    for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(name, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/* Is it an agent that measures connectivity, and into this attribute?  Then the value that would be perfect, else -1. */
static int
expected_of_primitive(struct sched *s, struct sched_rsc *r, struct sched_node *n, const char *attribute)
{
    const char *type = rsc_meta(r, "type") != NULL ? rsc_meta(r, "type") : r->type;

    if (!text_is_one_of(type, "ping", "pingd", NULL)) {
        return -1;
    }

    const struct nvtable *params = rsc_params(s, r, n);
    const char *name = nvtable_get(params, "name");
    const char *hosts = nvtable_get(params, "host_list");
    const char *multiplier = nvtable_get(params, "multiplier");
    int count = 1;

    if (strcmp(name != NULL ? name : "pingd", attribute) != 0) {
        return -1;
    }
    if (hosts == NULL) {
        return 0;
    }
    for (const char *p = strchr(hosts, ' '); p != NULL; p = strchr(p + 1, ' ')) {
        count++;
    }

    int factor = multiplier != NULL ? (int)text_leading_int(multiplier) : 1;

    return count * (factor > 0 ? factor : 1);
}

static int
expected_of(struct sched *s, struct sched_rsc *r, struct sched_node *n, const char *attribute)
{
    if (r->kind == KIND_PRIMITIVE) {
        return expected_of_primitive(s, r, n, attribute);
    }
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        int expected = expected_of(s, child, n, attribute);

        if (expected >= 0) {
            return expected;
        }
    }
    return -1;
}

/* Expected value of a connectivity attribute on a node, or -1 if nothing there measures it. */
static int
expected_value(const struct status_view *v, struct sched_node *n, const char *attribute)
{
    VEC_FOR_EACH(struct sched_rsc, r, n->running) {
        int expected = expected_of(v->s, r, n, attribute);

        if (expected >= 0) {
            return expected;
        }
    }
    return -1;
}

static void
attribute(struct output *out, const struct status_view *v, struct sched_node *n, const char *name, const char *value)
{
    int expected = expected_value(v, n, name);
    long long measured = text_leading_int(value);

    if (output_is_structured(out)) {
        output_open_element(out, "attribute", "name", name, "value", value, NULL);
        if (expected >= 0) {
            output_attr_int(out, "expected", expected);
        }
        output_close_element(out);
        return;
    }

    g_autofree char *judgement = NULL;
    bool html = output_format(out) == OUTPUT_HTML;

    if (expected >= 0 && measured <= 0) {
        judgement = g_strdup(html ? "(connectivity is lost)" : "Connectivity is lost");
    } else if (expected >= 0 && measured < expected) {
        judgement = html ? g_strdup_printf("(connectivity is degraded -- expected %d)", expected)
                         : g_strdup_printf("Connectivity is degraded (Expected=%d)", expected);
    }
    if (html && expected >= 0) {
        g_autofree char *text = g_strdup_printf("%s: %s", name, value);
        const struct output_span spans[] = { { NULL, text }, { "bold", judgement } };

        output_item_spans(out, spans, judgement != NULL ? 2 : 1);
    } else if (html) {
        output_item(out, NULL, "%s: %s", name, value);
    } else if (judgement != NULL) {
        output_item(out, NULL, "%-32s\t: %-10s\t: %s", name, value, judgement);
    } else {
        output_item(out, NULL, "%-32s\t: %-10s", name, value);
    }
}

static int
compare_pairs(const void *a, const void *b)
{
    const struct nvpair *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

static void
node_attributes(struct output *out, const struct status_view *v, struct sched_node *n)
{
    g_autoptr(GPtrArray) shown = g_ptr_array_new();
    g_autofree char *name = status_node_name(n, (v->show & SHOW_NODE_IDS) != 0);

    nvtable_for_each(pair, &n->attrs) {
        if (!is_internal_attribute(pair->name)) {
            g_ptr_array_add(shown, (void *)pair);
        }
    }
    if (shown->len == 0) {
        return;
    }
    g_ptr_array_sort(shown, compare_pairs);
    if (output_is_structured(out)) {
        output_open_element(out, "node", "name", n->uname, NULL);
    } else {
        output_begin_list(out, output_format(out) == OUTPUT_HTML ? "%s:" : "Node: %s", name);
    }
    for (guint i = 0; i < shown->len; i++) {
        const struct nvpair *pair = g_ptr_array_index(shown, i);

        attribute(out, v, n, pair->name, pair->value != NULL ? pair->value : "");
    }
    if (output_is_structured(out)) {
        output_close_element(out);
    } else {
        output_end_list(out);
    }
}

bool
status_attributes(struct output *out, const struct status_view *v)
{
    if (output_is_structured(out)) {
        output_open_plain(out, "node_attributes");
    } else {
        output_begin_section(out, "Node Attributes");
    }
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        struct sched_node *n = v->s->node_order[i];

        if (n->online && status_shows_node(v, n)) {
            node_attributes(out, v, n);
        }
    }
    return output_is_structured(out) ? output_close_element_unless_empty(out) : output_end_list_unless_empty(out);
}

/* --- tickets --- */

GHashTable *
status_tickets_table(const struct sched *s)
{
    GHashTable *table = g_hash_table_new(text_hash, g_str_equal);

    VEC_FOR_EACH(struct sched_ticket, t, s->tickets) {
        g_hash_table_insert(table, (void *)t->id, t);
    }
    return table;
}

static void
ticket(struct output *out, const struct sched_ticket *t)
{
    g_autofree char *granted = t->last_granted > -1 ? iso_ctime(t->last_granted) : NULL;

    if (output_is_structured(out)) {
        output_element(out, "ticket", "id", t->id, "status", t->granted ? "granted" : "revoked", "standby",
                       bool_text(t->standby), "last-granted", granted, NULL);
        return;
    }

    g_autofree char *text =
        g_strdup_printf("%s%s%s%s%s", t->granted ? "granted" : "revoked", t->standby ? " [standby]" : "",
                        granted != NULL ? " last-granted=\"" : "", granted != NULL ? granted : "",
                        granted != NULL ? "\"" : "");

    if (output_format(out) == OUTPUT_HTML) {
        output_item(out, NULL, "%s:\t%s", t->id, text);
    } else {
        output_item(out, t->id, "%s", text);
    }
}

bool
status_tickets(struct output *out, const struct status_view *v)
{
    if (v->s->tickets.len == 0) {
        return false;
    }

    g_autoptr(GHashTable) table = status_tickets_table(v->s);
    GHashTableIter iter;
    void *value;

    if (output_is_structured(out)) {
        output_open_plain(out, "tickets");
    } else {
        output_begin_section(out, "Tickets");
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        ticket(out, value);
    }
    if (output_is_structured(out)) {
        output_close_element(out);
    } else {
        output_end_list(out);
    }
    return true;
}

/* --- bans --- */

static void
ban(struct output *out, const struct status_view *v, const struct sched_location *l, const struct sched_node *n,
    int score)
{
    bool promoted_only = l->role_filter == ROLE_PROMOTED;

    if (output_is_structured(out)) {
        output_open_element(out, "ban", "id", l->id, "resource", l->rsc->id, "node", n->uname, NULL);
        output_attr_int(out, "weight", score);
        output_attr_bool(out, "promoted-only", promoted_only);
        output_attr_bool(out, "master_only", promoted_only); /* its old name */
        output_close_element(out);
    } else {
        g_autofree char *name = status_node_name(n, (v->show & SHOW_NODE_IDS) != 0);

        output_item(out, NULL, "%s\tprevents %s from running %son %s", l->id, l->rsc->id,
                    promoted_only ? "in Promoted role " : "", name);
    }
}

static const struct sched_node_score *
score_on(const struct sched_location *l, const struct sched_node *n)
{
    for (unsigned i = 0; i < l->node_count; i++) {
        if (l->nodes[i].node == n) {
            return &l->nodes[i];
        }
    }
    return NULL;
}

bool
status_bans(struct output *out, const struct status_view *v)
{
    if (output_is_structured(out)) {
        output_open_plain(out, "bans");
    } else {
        output_begin_section(out, "Negative Location Constraints");
    }
    for (unsigned i = v->s->locations.len; i-- > 0;) {
        const struct sched_location *l = v->s->locations.items[i];
        bool by_prefix = v->bans_prefix == NULL || (l->id != NULL && g_str_has_prefix(l->id, v->bans_prefix));
        bool by_rsc = v->only_rscs == NULL || status_selects(v, l->rsc) || status_selects(v, rsc_outermost(l->rsc));

        if (!by_prefix || !by_rsc || l->xml == NULL) { /* what health asks for is no constraint of anybody */
            continue;
        }
        for (unsigned k = v->s->nodes.len; k-- > 0;) { /* nodes backwards, too */
            const struct sched_node_score *here = score_on(l, v->s->node_order[k]);

            if (here != NULL && here->score < 0) {
                ban(out, v, l, here->node, here->score);
            }
        }
    }
    return output_is_structured(out) ? output_close_element_unless_empty(out) : output_end_list_unless_empty(out);
}
