/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The history of fencing.  Called by tools and status_print(); the events come from the fencer's answer.
 * (spec 81 §10, spec 60 §16.3)
 */
#include "lib/fence/fence_protocol.h"
#include "lib/output/status_internal.h"

#include <string.h>

static bool
is_pending(const struct status_fencing *e)
{
    return e->state != FENCE_STATE_FAILED && e->state != FENCE_STATE_DONE;
}

static const char *
state_text(const struct status_fencing *e)
{
    return e->state == FENCE_STATE_FAILED ? "failed" : e->state == FENCE_STATE_DONE ? "successful" : "pending";
}

static const char *
action_text(const char *action)
{
    if (text_equal(action, "on")) {
        return "unfencing";
    }
    return text_equal(action, "off") ? "turning off" : action;
}

/* Form with zone of spec 80 §17.2 (g_free). */
static char *
time_text(int64_t when)
{
    struct iso_time t = iso_from_epoch(when);
    struct iso_time local = iso_to_local(&t);

    return iso_text(&local, ISO_DATE | ISO_TIME | ISO_WITH_ZONE);
}

/*
 * The delegate of a later attempt at the same that worked, or NULL: then a failure is old news.  An attempt from the
 * node that failed is the best answer, else the newest one is told.
 */
static const char *
later_success(const struct status_view *v, const struct status_fencing *failed)
{
    const char *found = NULL;

    if (failed->state != FENCE_STATE_FAILED) {
        return NULL;
    }
    for (unsigned i = 0; i < v->fencing_count && &v->fencing[i] != failed; i++) {
        const struct status_fencing *e = &v->fencing[i];
        bool newer = e->completed > failed->completed ||
                     (e->completed == failed->completed && e->completed_ns > failed->completed_ns);

        if (e->state != FENCE_STATE_DONE || !newer || !text_equal_nocase(e->target, failed->target) ||
            !text_equal(e->action, failed->action)) {
            continue;
        }
        if (failed->delegate == NULL || text_equal_nocase(e->delegate, failed->delegate)) {
            return e->delegate != NULL ? e->delegate : "some node";
        }
        if (found == NULL) {
            found = e->delegate != NULL ? e->delegate : "some node";
        }
    }
    return found;
}

static void
event_text(struct output *out, const struct status_view *v, const struct status_fencing *e)
{
    bool all = (v->sections & SECTION_FENCING_ALL) == SECTION_FENCING_ALL;
    bool failed = e->state == FENCE_STATE_FAILED;
    bool has_reason = failed && e->exit_reason != NULL && e->exit_reason[0] != '\0';
    g_autofree char *when = !is_pending(e) ? time_text(e->completed) : NULL;
    const char *later = later_success(v, e);
    GString *text = g_string_new(NULL);

    if (v->show & SHOW_FAILED_DETAIL) {
        g_string_append_printf(text, "%s of %s %s", action_text(e->action), e->target, state_text(e));
        if (has_reason) {
            g_string_append_printf(text, " (%s)", e->exit_reason);
        }
        g_string_append(text, ": ");
        if (!is_pending(e) && e->delegate != NULL) {
            g_string_append_printf(text, "delegate=%s, ", e->delegate);
        }
        g_string_append_printf(text, "client=%s, origin=%s", e->client, e->origin);
        if (when != NULL) {
            g_string_append_printf(text, ", %s='%s'",
                                   all ? "completed" : failed ? "last-failed" : "last-successful", when);
        }
    } else {
        g_string_append_printf(text, "%s of %s", action_text(e->action), e->target);
        if (!is_pending(e) && e->delegate != NULL) {
            g_string_append_printf(text, " by %s", e->delegate);
        }
        g_string_append_printf(text, " for %s@%s", e->client, e->origin);
        g_string_append(text, all ? " " : is_pending(e) ? " " : " last ");
        g_string_append(text, state_text(e));
        if (has_reason) {
            g_string_append_printf(text, " (%s)", e->exit_reason);
        }
        if (when != NULL) {
            g_string_append_printf(text, " at %s", when);
        }
    }
    if (later != NULL) {
        g_string_append_printf(text, " (a later attempt from %s succeeded)", later);
    }
    output_item_class(out, failed ? "failed-stonith-event" : is_pending(e) ? "pending-stonith-event"
                                                                           : "successful-stonith-event",
                      "%s", text->str);
    g_string_free(text, TRUE);
}

static void
event_xml(struct output *out, const struct status_fencing *e)
{
    output_open_element(out, "fence_event", "action", e->action, "target", e->target, "client", e->client, "origin",
                        e->origin, "status",
                        e->state == FENCE_STATE_FAILED ? "failed"
                        : e->state == FENCE_STATE_DONE ? "success"
                                                   : "pending",
                        NULL);
    if (is_pending(e)) {
        output_attr_int(out, "extended-status", e->state);
    } else {
        g_autofree char *when = time_text(e->completed);

        if (e->exit_reason != NULL && e->exit_reason[0] != '\0') {
            output_attr(out, "exit-reason", e->exit_reason);
        }
        output_attr(out, "delegate", e->delegate);
        output_attr(out, "completed", when);
    }
    output_close_element(out);
}

void
status_fencing_event(struct output *out, const struct status_view *v, const struct status_fencing *e)
{
    if (output_is_structured(out)) {
        event_xml(out, e);
    } else {
        event_text(out, v, e);
    }
}

static void
fencing_xml(struct output *out, const struct status_view *v)
{
    if (v->history_rc != RC_OK) {
        output_open_plain(out, "fence_history");
        output_attr_int(out, "status", result_to_exit(v->history_rc));
        output_close_element(out);
        return;
    }
    output_open_plain(out, "fence_history");
    for (unsigned i = 0; i < v->fencing_count; i++) {
        if (v->only_nodes == NULL || status_filter_has(v->only_nodes, v->fencing[i].target)) {
            event_xml(out, &v->fencing[i]);
        }
    }
    output_close_element_unless_empty(out);
}

/* A section with the events that `wanted` picks. */
static bool
events(struct output *out, const struct status_view *v, const char *title,
       bool (*wanted)(const struct status_fencing *e))
{
    output_begin_section(out, "%s", title);
    for (unsigned i = 0; i < v->fencing_count; i++) {
        const struct status_fencing *e = &v->fencing[i];

        if (wanted(e) && (v->only_nodes == NULL || status_filter_has(v->only_nodes, e->target))) {
            event_text(out, v, e);
        }
    }
    return output_end_list_unless_empty(out);
}

static bool
has_failed(const struct status_fencing *e)
{
    return e->state == FENCE_STATE_FAILED;
}

static bool
has_not_failed(const struct status_fencing *e)
{
    return e->state != FENCE_STATE_FAILED;
}

bool
status_fencing_failed(struct output *out, const struct status_view *v)
{
    if (!v->history_wanted) {
        return false;
    }
    if (v->history_rc != RC_OK) {
        output_begin_section(out, "Failed Fencing Actions");
        output_item(out, NULL, "Failed to get fencing history: %s", crm_exit_text((int)result_to_exit(v->history_rc)));
        output_end_list(out);
        return true;
    }
    return events(out, v, "Failed Fencing Actions", has_failed);
}

bool
status_fencing(struct output *out, const struct status_view *v)
{
    if (!v->history_wanted) {
        return false;
    }
    if (output_is_structured(out)) {
        if ((v->sections & SECTION_FENCING_ALL) == SECTION_FENCING_ALL) {
            fencing_xml(out, v);
        }
        return true;
    }
    if (v->history_rc != RC_OK) {
        if (v->sections & SECTION_FENCE_FAILED) {
            return false; /* said there already */
        }
        return status_fencing_failed(out, v);
    }
    if (v->sections & SECTION_FENCE_WORKED) {
        return events(out, v, "Fencing History", has_not_failed);
    }
    if (v->sections & SECTION_FENCE_PENDING) {
        return events(out, v, "Pending Fencing Actions", is_pending);
    }
    return false;
}
