/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What crm_simulate prints: status, scores, summary, events; as text and as XML.  (spec 42 §13.2, §13.6)
 */
#include "tools/simulate/simulate.h"
#include "lib/output/status.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/simulate/summary.h"
#include <inttypes.h>
#include <string.h>

/* --- status --- */

void
show_remarks(const struct show *show, struct sched *s)
{
    sched_status_remarks(s);
    for (unsigned i = 0; i < s->status_remarks.len; i++) {
        output_info(show->out, "%s", s->status_remarks.items[i]);
    }
}

void
show_banner(const struct show *show, struct sched *s)
{
    struct status_counts n = status_count(s);
    struct output *out = show->out;
    bool any = false;

    if (s->opt.maintenance_mode) {
        output_line(out, "");
        output_line(out, "              *** Resource management is DISABLED ***");
        output_line(out, "  The cluster will not attempt to start, stop or recover services");
        any = true;
    }
    if (n.disabled > 0 || n.blocked > 0) {
        g_autofree char *line = g_strdup_printf("%u of %u resource instances DISABLED and %u BLOCKED "
                                                "from further action due to failure",
                                                n.disabled, n.instances, n.blocked);
        if (any) {
            output_line(out, "");
        }
        output_line(out, line);
        any = true;
    }
    if (any) {
        output_line(out, "");
    }
    output_reset_spacing(out);
}

void
show_status(const struct show *show, struct sched *s, const char *title, bool pending)
{
    struct status_view view = {.s = s, .cib = s->cib, .now = s->now,
                               .sections = SECTION_NODES | SECTION_RESOURCES,
                               .show = SHOW_INACTIVE | (pending ? SHOW_PENDING : 0)};
    struct output *out = show->out;

    output_begin_section(out, "%s", title);
    output_reset_spacing(out);
    status_nodes(out, &view);
    status_resources(out, &view);
    if (show->attributes) {
        view.sections |= SECTION_ATTRIBUTES;
        status_attributes(out, &view);
    }
    if (show->failures) {
        view.sections |= SECTION_FAILCOUNTS | SECTION_FAILURES;
        status_history(out, &view);
        status_failures(out, &view);
    }
    output_end_list(out);
}

/* --- scores --- */

static void
show_values(struct output *out, const struct sched_score_line *r)
{
    for (unsigned i = 0; i < r->values.len; i++) {
        output_text_element(out, r->values.items[i].name, r->values.items[i].value, NULL);
    }
}

static void
show_score_record(struct output *out, const struct sched_score_line *r)
{
    switch (r->kind) {
    case SCORE_ALLOCATION:
        output_element(out, "node_weight", "function", r->function, "node", r->node, "score", score_text(r->score),
                       "id", r->rsc->id, NULL);
        break;
    case SCORE_PROMOTION:
        output_element(out, "promotion_score", "id", r->rsc->id, "score", score_text(r->score), "node", r->node, NULL);
        break;
    case SCORE_CAPACITY:
        output_open_element(out, "capacity", "node", r->node, "comment", r->function, NULL);
        show_values(out, r);
        output_close_element(out);
        break;
    case SCORE_UTILIZATION:
        output_open_element(out, "utilization", "resource", r->rsc->id, "node", r->node, "function", r->function, NULL);
        show_values(out, r);
        output_close_element(out);
        break;
    case SCORE_REMARK:
        break;
    }
}

void
show_score_lines(const struct show *show, struct sched *s, unsigned which)
{
    struct output *out = show->out;
    const char *title = which == SHOW_SCORES        ? "Allocation Scores"
                        : which == SHOW_UTILIZATION ? "Utilization Information"
                                                    : "Allocation Scores and Utilization Information";

    if (which == 0) {
        return;
    }
    output_begin_section(out, "%s", title);
    if (output_is_structured(out)) {
        for (unsigned i = 0; i < s->score_records.len; i++) {
            show_score_record(out, &s->score_records.items[i]);
        }
    } else {
        for (unsigned i = 0; i < s->score_lines.len; i++) {
            if (s->score_records.items[i].kind != SCORE_REMARK) {
                output_item(out, NULL, "%s", s->score_lines.items[i]);
            } else if (!output_is_quiet(out)) {
                output_info(out, "%s", s->score_lines.items[i]);
            }
        }
    }
    output_end_list(out);
}

/* --- summary --- */

/* What comes is green, what goes is red, what moves or begins anew is yellow. */
static const char *
change_class(const struct summary_line *l)
{
    if (l->blocked) {
        return "warning";
    }
    return l->shape == SUMMARY_START ? "rsc-ok" : l->shape == SUMMARY_STOP ? "rsc-failed" : "pending";
}

static void
summary_line_text(struct output *out, const struct summary *sum, const struct summary_line *l)
{
    g_autofree char *reason = summary_reason_text(l);

    output_item_colour(out, change_class(l), NULL, "%-8s   %-*s   ( %*s )%s%s", l->change, (int) sum->name_width,
                       l->rsc->id, (int) sum->detail_width, l->details, reason ? "  " : "", reason ? reason : "");
}

static void
summary_line_xml(struct output *out, const struct summary_line *l)
{
    g_autofree char *change = g_ascii_strdown(l->change, -1);
    const char *role = role_text(l->role), *next = role_text(l->next_role);
    const char *source = l->source ? l->source->uname : NULL, *dest = l->dest ? l->dest->uname : NULL;

    output_open_element(out, "rsc_action", "action", change, "resource", l->rsc->id, NULL);
    switch (l->shape) {
    case SUMMARY_START:
        if (l->with_role) {
            output_attr(out, "role", role);
            output_attr(out, "next-role", next);
            output_attr(out, "dest", dest);
        } else {
            output_attr(out, "node", dest);
        }
        break;
    case SUMMARY_STOP:
        output_attr(out, "role", l->with_role ? role : NULL);
        output_attr(out, "node", source);
        break;
    case SUMMARY_SAME_HOST:
        output_attr(out, "role", l->with_role ? role : NULL);
        output_attr(out, "source", source);
        break;
    case SUMMARY_MOVE:
        output_attr(out, "source", source);
        output_attr(out, "dest", dest);
        output_attr(out, "role", l->with_role ? role : NULL);
        break;
    case SUMMARY_ROLE_CHANGE:
        output_attr(out, "role", role);
        output_attr(out, "next-role", next);
        output_attr(out, "source", source);
        break;
    case SUMMARY_BOTH:
        output_attr(out, "role", role);
        output_attr(out, "source", source);
        output_attr(out, "next-role", next);
        output_attr(out, "dest", dest);
        break;
    }
    output_attr(out, "reason", l->reason);
    output_attr(out, "blocked", l->blocked ? "true" : NULL);
    output_close_element(out);
}

void
show_summary(const struct show *show, struct sched *s)
{
    struct output *out = show->out;
    const struct summary *sum = summary_new(s);
    bool xml = output_is_structured(out);

    output_begin_section(out, "Transition Summary");
    for (unsigned i = 0; i < sum->nodes.len; i++) {
        const struct summary_node_line *l = &sum->nodes.items[i];

        if (xml) {
            output_element(out, "node_action", "task", l->task, "node", l->node, "reason", l->reason, NULL);
        } else {
            output_item_colour(out, "warning", NULL, "%s %s '%s'", l->task, l->node, l->reason);
        }
    }
    for (unsigned i = 0; i < sum->lines.len; i++) {
        if (xml) {
            summary_line_xml(out, &sum->lines.items[i]);
        } else {
            summary_line_text(out, sum, &sum->lines.items[i]);
        }
    }
    output_end_list(out);
}

/* --- events --- */

static void
event_xml(struct output *out, const struct sim_event *e)
{
    switch (e->kind) {
    case SIM_QUORUM:
        output_attr(out, "quorum", e->value);
        break;
    case SIM_WATCHDOG:
        output_attr(out, "watchdog", e->value);
        break;
    case SIM_NODE:
        output_element(out, "modify_node", "action", e->task, "node", e->node, NULL);
        break;
    case SIM_TICKET:
        output_element(out, "modify_ticket", "action", e->task, "ticket", e->value, NULL);
        break;
    case SIM_INJECT:
        output_element(out, "inject_spec", "spec", e->value, NULL);
        break;
    case SIM_ATTRIBUTE:
        output_element(out, "inject_attr", "name", e->name, "value", e->value, "node_path", "/node_state", "cib_node",
                       e->node, NULL);
        break;
    case SIM_RSC_ACTION:
        output_element(out, "rsc_action", "resource", e->rsc, "op", e->task, "node", e->node, "interval", e->interval,
                       NULL);
        break;
    case SIM_PSEUDO:
        output_element(out, "pseudo_action", "task", e->task, "node", e->node, NULL);
        break;
    case SIM_CLUSTER:
        output_element(out, "cluster_action", "task", e->task, "node", e->node, "id", e->rsc, NULL);
        break;
    case SIM_FENCE:
        output_element(out, "fencing_action", "target", e->node, "op", e->task, NULL);
        break;
    case SIM_PRETEND:
        break;
    case SIM_ERROR:
        output_error(out, "%s", e->value);
        break;
    }
}

static void
event_ticket_text(struct output *out, const struct sim_event *e)
{
    if (strcmp(e->task, "Standby") == 0) {
        output_item(out, NULL, "Making ticket %s standby", e->value);
    } else {
        output_item(out, NULL, "%s ticket %s", e->task, e->value);
    }
}

static void
event_text(struct output *out, const struct sim_event *e)
{
    switch (e->kind) {
    case SIM_QUORUM:
        output_item(out, NULL, "Setting quorum: %s", e->value);
        break;
    case SIM_WATCHDOG:
        output_item(out, NULL, "Setting watchdog: %s", e->value);
        break;
    case SIM_NODE:
        if (strcmp(e->task, "Online") == 0) {
            output_item(out, NULL, "Bringing node %s online", e->node);
        } else if (strcmp(e->task, "Offline") == 0) {
            output_item(out, NULL, "Taking node %s offline", e->node);
        } else {
            output_item(out, NULL, "Failing node %s", e->node);
        }
        break;
    case SIM_TICKET:
        event_ticket_text(out, e);
        break;
    case SIM_INJECT:
        output_item(out, NULL, "Injecting %s into the configuration", e->value);
        break;
    case SIM_ATTRIBUTE:
        output_item(out, NULL, "Injecting attribute %s=%s into /node_state '%s'", e->name, e->value, e->node);
        break;
    case SIM_RSC_ACTION:
        output_item(out, NULL, "Resource action: %-15s %s%s%s on %s", e->rsc, e->task, e->interval ? "=" : "",
                    e->interval ? e->interval : "", e->node);
        break;
    case SIM_PSEUDO:
        output_item(out, NULL, "Pseudo action:   %s%s%s", e->task, e->node ? " on " : "", e->node ? e->node : "");
        break;
    case SIM_CLUSTER:
        output_item(out, NULL, "Cluster action:  %s%s%s on %s", e->task, e->rsc ? " for " : "", e->rsc ? e->rsc : "",
                    e->node);
        break;
    case SIM_FENCE:
        output_item_colour(out, "warning", NULL, "Fencing %s (%s)", e->node, e->task);
        break;
    case SIM_PRETEND:
        output_info(out, "Pretending action %d failed with rc=%d", e->id, e->rc);
        break;
    case SIM_ERROR:
        output_error(out, "%s", e->value);
        break;
    }
}

void
show_event(void *out, const struct sim_event *event)
{
    if (output_is_structured(out)) {
        event_xml(out, event);
    } else if (!output_is_quiet(out) || event->kind == SIM_ERROR) {
        event_text(out, event);
    }
}
