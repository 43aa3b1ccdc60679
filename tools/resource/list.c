/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource's queries: lists, places, values, configuration.  Called by main.c; they change nothing.
 * (spec 80 §6.2)
 */
#include "tools/resource/resource.h"

#include <string.h>

static struct status_view
view_of(const struct crm_resource *t, unsigned show)
{
    return (struct status_view){ .s = t->s, .cib = t->document, .show = show | SHOW_PENDING };
}

/* --- -L --- */

int
resource_list(struct crm_resource *t)
{
    struct status_view view = view_of(t, SHOW_INACTIVE | SHOW_RSC_ONLY);
    bool any = false;

    VEC_FOR_EACH(struct sched_rsc, r, t->s->resources) {
        any |= !rsc_is(r, RSC_ORPHAN) || rsc_active(r, true);
    }
    if (any) {
        status_resources(t->out, &view);
        return RC_OK;
    }
    output_begin_list(t->out, "Full List of Resources");
    output_item(t->out, NULL, "No resources");
    output_end_list(t->out);
    return ENXIO;
}

/* --- -l --- */

static unsigned
list_leaves(struct crm_resource *t, const struct sched_rsc *r)
{
    unsigned count = 0;

    if (r->kind == KIND_PRIMITIVE) {
        output_item(t->out, "resource", "%s", r->id);
        return 1;
    }
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        count += list_leaves(t, child);
    }
    return count;
}

int
resource_list_raw(struct crm_resource *t)
{
    unsigned count = 0;

    output_begin_list(t->out, "Resource Names");
    VEC_FOR_EACH(struct sched_rsc, r, t->s->resources) {
        count += list_leaves(t, r);
    }
    output_end_list_unless_empty(t->out);
    if (count == 0) {
        output_error(t->out, "NO resources configured\n");
        return ENXIO;
    }
    return RC_OK;
}

/* --- -c: for test suites --- */

static const char *
or_na(const char *text)
{
    return text != NULL ? text : "NA";
}

static void
list_cts(struct crm_resource *t, const struct sched_rsc *r)
{
    static const struct {
        unsigned ours;
        unsigned long long theirs;
        bool negated;
    } flags[] = {
        { RSC_ORPHAN, 0x1, false }, { RSC_MANAGED, 0x2, false }, { RSC_NOTIFY, 0x10, false }, { RSC_UNIQUE, 0x20, false },
    };
    const char *const elements[] = { [KIND_PRIMITIVE] = "primitive", [KIND_GROUP] = "group", [KIND_CLONE] = "clone",
                                     [KIND_BUNDLE] = "bundle" };
    const struct sched_node *host = NULL;
    unsigned long long bits = 0;

    for (unsigned i = 0; host == NULL && i < t->s->nodes.len; i++) {
        host = rsc_active_on(r, t->s->node_order[i]) ? t->s->node_order[i] : NULL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
        bits |= rsc_is(r, flags[i].ours) ? flags[i].theirs : 0;
    }
    output_item(t->out, NULL, "Resource: %s %s %s %s %s %s %s %s %d %llu %#.16llx", elements[r->kind], r->id,
                r->history_name != NULL ? r->history_name : r->id, r->parent != NULL ? r->parent->id : "NA",
                or_na(r->provider), r->rsc_class != NULL ? r->rsc_class : "(null)", r->type != NULL ? r->type : "(null)",
                host != NULL ? host->uname : "NA", text_equal(r->rsc_class, "stonith") ? 0 : 1, bits, bits);
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        list_cts(t, child);
    }
}

int
resource_list_cts(struct crm_resource *t)
{
    const xmlNode *constraints = t->s->constraints_xml;

    VEC_FOR_EACH(struct sched_rsc, r, t->s->resources) {
        list_cts(t, r);
    }
    if (constraints == NULL) {
        return RC_OK;
    }
    xml_for_each(c, constraints, "rsc_colocation") {
        if (xml_get(c, "rsc") != NULL) {
            output_item(t->out, NULL, "Constraint %s %s %s %s %s %s %s", xml_name(c), or_na(xml_id(c)),
                        or_na(xml_get(c, "rsc")), or_na(xml_get(c, "with-rsc")), or_na(xml_get(c, "score")),
                        or_na(xml_get(c, "rsc-role")), or_na(xml_get(c, "with-rsc-role")));
        }
    }
    return RC_OK;
}

/* --- -O, -o --- */

static bool
is_task(const struct sched_hist_op *op, const char *task)
{
    return text_equal(op->task, task);
}

static int
recorded(const struct sched_hist_op *op, const char *name, int absent)
{
    return (int)xml_get_int(op->xml, name, absent);
}

/*
 * Where the entries that count begin: at the last start or migrate_from, else the last promote or demote, else the
 * first successful monitor after the last stop.  op_count if nothing counts: a stop came last.  (spec 80 §6.2)
 */
static unsigned
first_that_counts(const struct sched_history *h)
{
    int start = -1, stop = -1, implied_start = -1, implied_probe = -1;

    for (unsigned i = 0; i < h->op_count; i++) {
        const struct sched_hist_op *op = &h->ops[i];

        if (is_task(op, "stop") && recorded(op, "op-status", 0) == EXEC_DONE) {
            stop = (int)i;
        } else if (is_task(op, "start") || is_task(op, "migrate_from")) {
            start = (int)i;
        } else if (implied_start <= stop && is_task(op, "monitor")) {
            int rc = recorded(op, "rc-code", 0);

            if (rc == OCF_RC_OK || rc == OCF_RC_PROMOTED) {
                implied_probe = (int)i;
                implied_start = (int)i;
            }
        } else if (is_task(op, "promote") || is_task(op, "demote")) {
            implied_start = (int)i;
        }
    }
    if (start == -1) {
        start = implied_start != -1 ? implied_start : implied_probe;
    }
    if (stop > start) {
        return h->op_count;
    }
    return start < 0 ? 0 : (unsigned)start;
}

static void
operation_line(struct crm_resource *t, const struct sched_hist_op *op, const struct sched_history *h,
               const struct sched_rsc *r)
{
    const char *key = xml_get(op->xml, "operation_key");
    const char *id = key != NULL ? key : xml_id(op->xml);
    const char *call = xml_get(op->xml, "call-id");
    const char *rc = xml_get(op->xml, "rc-code");
    const char *exec_time = xml_get(op->xml, "exec-time");
    long long changed = xml_get_int(op->xml, "last-rc-change", 0);
    const char *status = exec_status_text(recorded(op, "op-status", EXEC_UNKNOWN));
    g_autofree char *when = changed > 0 ? iso_ctime(changed) : NULL;

    if (output_is_structured(t->out)) {
        output_open_element(t->out, "operation", "op", id, "node", h->node->uname, "call", call, "rc", rc, "status",
                            status, NULL);
        if (r != NULL) {
            output_attr(t->out, "rsc", rsc_is(r, RSC_UNIQUE) ? r->id : r->base_id);
            output_attrf(t->out, "agent", "%s:%s:%s", r->rsc_class, r->provider != NULL ? r->provider : "", r->type);
        }
        if (when != NULL) {
            output_attr(t->out, "last-rc-change", when);
            output_attr(t->out, "exec-time", exec_time != NULL ? exec_time : "0");
        }
        output_close_element(t->out);
        return;
    }

    struct status_view view = view_of(t, SHOW_RSC_ONLY);
    g_autofree char *description = r != NULL ? status_primitive_text(&view, r)
                                             : g_strdup_printf("Unknown resource %s", h->lrm_id);

    if (when != NULL) {
        output_item(t->out, NULL, "%s: %s (node=%s, call=%s, rc=%s, last-rc-change='%s', exec=%sms): %s", description,
                    id, h->node->uname, call, rc, when, exec_time != NULL ? exec_time : "0", status);
    } else {
        output_item(t->out, NULL, "%s: %s (node=%s, call=%s, rc=%s): %s", description, id, h->node->uname, call, rc,
                    status);
    }
}

int
resource_list_operations(struct crm_resource *t)
{
    bool all = t->command == CMD_ALL_OPERATIONS;

    if (t->s->status_xml == NULL) {
        return RC_OK;
    }
    output_begin_list(t->out, "Resource Operations");
    xml_for_each(state, t->s->status_xml, "node_state") {
        const struct sched_node *n = sched_node_by_uuid(t->s, xml_id(state));

        if (n == NULL || (t->node != NULL && n != t->node) || (!n->online && !t->s->opt.stonith_enabled)) {
            continue;
        }
        for (unsigned i = 0; i < n->histories.len; i++) {
            const struct sched_history *h = n->histories.items[i];

            if (t->rsc_id != NULL && strcmp(h->lrm_id, t->rsc_id) != 0) {
                continue;
            }

            /* A history belongs to a name; its state is told by the first resource of that name. */
            const struct sched_rsc *r = sched_rsc_by_id(t->s, h->lrm_id);

            r = r != NULL ? r : sched_rsc_by_any_name(t->s, h->lrm_id);
            for (unsigned k = all ? 0 : first_that_counts(h); k < h->op_count; k++) {
                operation_line(t, &h->ops[k], h, r);
            }
        }
    }
    output_end_list_unless_empty(t->out);
    return RC_OK;
}

/* --- -q, -w --- */

int
resource_query(struct crm_resource *t, bool expanded)
{
    struct status_view view = view_of(t, 0);
    g_autoptr(xmlNode) xml = xml_copy(NULL, expanded ? t->rsc->xml : t->rsc->orig_xml);
    g_autofree char *text = NULL;

    if (expanded && t->rsc->parent != NULL && t->rsc->parent->kind == KIND_CLONE) {
        xml_set_int(xml, "clone", t->rsc->index); /* the instance's number */
    }
    text = xml_to_text(xml, XML_TEXT_FORMATTED);

    output_begin_list(t->out, "Resource Config");
    status_resource(t->out, &view, t->rsc);
    if (!output_is_structured(t->out)) {
        output_item(t->out, NULL, "Resource XML:");
    }
    output_xml_text(t->out, "xml", text);
    output_end_list(t->out);
    return RC_OK;
}

/* --- -W --- */

struct place {
    const struct sched_node *node;
    bool promoted;
};

static bool
has_place(const GArray *places, const struct sched_node *node)
{
    for (guint i = 0; i < places->len; i++) {
        if (g_array_index(places, struct place, i).node == node) {
            return true;
        }
    }
    return false;
}

/* In the order in which they are shown: the last one first.  A group is where its members are. */
static void
add_places(const struct sched_rsc *r, GArray *places)
{
    if (r->kind == KIND_PRIMITIVE) {
        for (unsigned i = r->active_on.len; i-- > 0;) {
            struct place place = { r->active_on.items[i], r->role == ROLE_PROMOTED };

            g_array_append_val(places, place);
        }
        return;
    }
    for (unsigned i = r->kind == KIND_BUNDLE ? 0 : r->children.len; i-- > 0;) {
        g_autoptr(GArray) below = g_array_new(FALSE, FALSE, sizeof(struct place));

        add_places(r->children.items[i], below);
        for (guint k = 0; k < below->len; k++) {
            struct place place = g_array_index(below, struct place, k);

            place.promoted = false;
            if (!has_place(places, place.node)) {
                g_array_append_val(places, place);
            }
        }
    }
    for (unsigned i = r->replicas.len; i-- > 0;) {
        add_places(r->replicas.items[i]->container, places);
    }
}

int
resource_locate(struct crm_resource *t)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct place));
    struct sched_rsc *top = t->rsc->kind == KIND_CLONE ? t->rsc : NULL;
    struct sched_rsc *parent = rsc_clone(t->rsc);

    /* The name without number means all instances. */
    if (top == NULL && parent != NULL && !rsc_is(t->rsc, RSC_UNIQUE) && !text_equal(t->rsc_id, t->rsc->id) &&
        text_equal(t->rsc_id, t->rsc->base_id)) {
        top = parent;
    }
    if (top != NULL) {
        for (unsigned i = top->children.len; i-- > 0;) {
            add_places(top->children.items[i], places);
        }
    } else {
        add_places(t->rsc, places);
    }
    if (output_is_structured(t->out)) {
        output_open_element(t->out, "nodes", "resource", t->rsc_id, NULL);
        for (guint i = 0; i < places->len; i++) {
            const struct place *place = &g_array_index(places, struct place, i);

            output_text_element(t->out, "node", place->node->uname, "state", place->promoted ? "promoted" : NULL, NULL);
        }
        output_close_element(t->out);
        return RC_OK;
    }
    for (guint i = 0; i < places->len; i++) {
        const struct place *place = &g_array_index(places, struct place, i);

        if (output_is_quiet(t->out)) {
            output_line(t->out, place->node->uname);
        } else {
            output_item(t->out, NULL, "resource %s is running on: %s%s", t->rsc_id, place->node->uname,
                        place->promoted ? " Promoted" : "");
        }
    }
    if (places->len == 0 && !output_is_quiet(t->out)) {
        output_error(t->out, "resource %s is NOT running", t->rsc_id);
    }
    return RC_OK;
}

/* --- -g, -G --- */

static void
one_value(struct crm_resource *t, const char *list, const char *name, const char *value)
{
    output_begin_list(t->out, "%s", list);
    output_item(t->out, name, "%s", value);
    output_end_list(t->out);
}

int
resource_get_param(struct crm_resource *t)
{
    struct sched_node *node = NULL;
    const char *value = NULL;
    unsigned places = t->rsc->active_on.len;

    if (places > 1) {
        output_error(t->out, "%s is active on more than one node, returning the default value for %s", t->rsc->id,
                     t->argument);
    } else if (places == 1) {
        node = t->rsc->active_on.items[0];
    }
    if (t->meta) {
        value = rsc_meta(t->rsc, t->argument);
    } else if (t->utilization) {
        value = nvtable_get(&t->rsc->utilization, t->argument);
    } else {
        value = nvtable_get(rsc_params(t->s, t->rsc, node), t->argument);
    }
    if (value != NULL) {
        one_value(t, "Attributes", t->argument, value);
    } else {
        output_error(t->out, "Attribute '%s' not found for '%s'", t->argument, t->rsc->id);
    }
    return RC_OK;
}

int
resource_get_property(struct crm_resource *t)
{
    const char *value = xml_get(t->rsc->xml, t->argument);

    if (value != NULL) {
        one_value(t, "Properties", t->argument, value);
    }
    return RC_OK;
}
