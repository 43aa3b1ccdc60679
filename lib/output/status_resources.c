/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The section of resources, and the display as a whole.  Called by tools.  (spec 81 §1, §5.1)
 */
#include "lib/output/status_internal.h"

bool
status_is_on_shown_node(const struct status_view *v, const struct sched_rsc *r)
{
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        const struct sched_node *n = v->s->nodes.items[i];

        if (status_shows_node(v, n) && rsc_active_on(r, n)) {
            return true;
        }
    }
    return false;
}

/*
 * Is a top-level resource listed?  (spec 81 §5.1, in this order)
 */
static bool
is_listed(const struct status_view *v, const struct sched_rsc *r, bool structured)
{
    bool partially = rsc_active(r, false);

    if (rsc_is(r, RSC_ORPHAN) && !rsc_active(r, true)) {
        return false;
    }
    if (v->show & SHOW_BY_NODE) {
        /* What runs is below its node already; all that does not run in full is listed, wherever the rest may be. */
        return !rsc_active(r, true);
    }
    if ((v->show & SHOW_BRIEF) && r->kind == KIND_PRIMITIVE && !structured) {
        return false; /* it is counted already */
    }
    if (!partially && !(v->show & SHOW_INACTIVE)) {
        return false;
    }
    return !partially || status_is_on_shown_node(v, r);
}

static const char *
title_of(const struct status_view *v)
{
    if (v->show & SHOW_BY_NODE) {
        return "Inactive Resources";
    }
    return (v->show & SHOW_INACTIVE) ? "Full List of Resources" : "Active Resources";
}

static const char *
nothing_text(const struct status_view *v)
{
    if (v->show & SHOW_BY_NODE) {
        return "No inactive resources";
    }
    return (v->show & SHOW_INACTIVE) ? "No resources" : "No active resources";
}

/* Primitives that the brief display counts: those of the top level that would have a line. */
static void
count_primitives(struct output *out, const struct status_view *v)
{
    g_autoptr(GPtrArray) counted = g_ptr_array_new();

    VEC_FOR_EACH(struct sched_rsc, r, v->s->resources) {
        if (r->kind == KIND_PRIMITIVE && status_shows_rsc(v, r)) {
            g_ptr_array_add(counted, r);
        }
    }
    status_brief(out, v, (struct sched_rsc *const *)counted->pdata, counted->len,
                 (v->show & SHOW_INACTIVE) != 0);
}

bool
status_resources(struct output *out, const struct status_view *v)
{
    bool structured = output_is_structured(out);

    if ((v->show & SHOW_BY_NODE) && !(v->show & SHOW_INACTIVE)) {
        return false; /* all that runs is below its node */
    }
    if (structured) {
        output_open_plain(out, "resources");
    } else {
        output_begin_section(out, "%s", title_of(v));
    }

    bool listed = false;

    if ((v->show & SHOW_BRIEF) && !(v->show & SHOW_BY_NODE) && !structured) {
        count_primitives(out, v);
    }
    VEC_FOR_EACH(struct sched_rsc, r, v->s->resources) {
        if (is_listed(v, r, structured)) {
            listed = true;
            status_rsc(out, v, r);
        }
    }
    if (structured && !listed) {
        return output_close_element_unless_empty(out);
    }
    if (structured) { /* there are resources, though none that the filter lets pass */
        output_close_element(out);
        return true;
    }
    if (output_list_is_empty(out)) {
        output_item(out, NULL, "%s", nothing_text(v));
    }
    output_end_list(out);
    return true;
}

void
status_print(struct output *out, const struct status_view *v)
{
    bool xml = output_is_structured(out);
    unsigned sections = v->sections;

    status_summary(out, v);
    if (sections & SECTION_NODES) {
        status_nodes(out, v);
    }
    if (sections & SECTION_RESOURCES) {
        status_resources(out, v);
    }
    if (sections & SECTION_ATTRIBUTES) {
        status_attributes(out, v);
    }
    if (sections & (SECTION_FAILCOUNTS | SECTION_OPERATIONS)) {
        status_history(out, v);
    }
    if (sections & SECTION_FAILURES) {
        status_failures(out, v);
    }
    if (xml) {
        status_fencing(out, v);
        if (sections & SECTION_TICKETS) {
            status_tickets(out, v);
        }
        if (sections & SECTION_BANS) {
            status_bans(out, v);
        }
        return;
    }
    if (sections & SECTION_FENCE_FAILED) {
        status_fencing_failed(out, v);
    }
    if (sections & SECTION_TICKETS) {
        status_tickets(out, v);
    }
    if (sections & SECTION_BANS) {
        status_bans(out, v);
    }
    if (sections & (SECTION_FENCE_WORKED | SECTION_FENCE_PENDING)) {
        status_fencing(out, v);
    }
}
