/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was done and what failed: operation history or migration summary, and failed actions.
 * Called by tools and status_print().  (spec 81 §7, §8)
 */
#include "lib/output/status_internal.h"

#include <string.h>

/* Is a history shown under the resource filter?  Histories of unknown resources go by their recorded id. */
static bool
history_is_shown(const struct status_view *v, const struct sched_history *h)
{
    if (v->only_rscs == NULL) {
        return true;
    }
    return h->rsc != NULL ? status_shows_rsc(v, h->rsc) : status_filter_has(v->only_rscs, h->lrm_id);
}

/* Notifications and probes that found nothing say nothing. */
static bool
op_is_shown(const struct sched_hist_op *op)
{
    if (text_equal(op->task, "notify")) {
        return false;
    }
    return !(text_equal(op->task, "monitor") && op->interval_ms == 0 &&
             xml_get_int(op->xml, "rc-code", 0) == OCF_RC_NOT_RUNNING);
}

static const char *
op_task_text(const struct sched_hist_op *op)
{
    return (text_equal(op->task, "monitor") && op->interval_ms == 0) ? "probe" : op->task;
}

/* --- one operation --- */

static void
operation(struct output *out, const struct status_view *v, const struct sched_hist_op *op)
{
    const char *call = xml_get(op->xml, "call-id");
    int rc = MAX(0, (int)xml_get_int(op->xml, "rc-code", 0));
    bool timing = (v->show & SHOW_TIMING) != 0;
    const char *exec_time = xml_get(op->xml, "exec-time");
    const char *queue_time = xml_get(op->xml, "queue-time");
    g_autofree char *changed = op->last_change > 0 ? iso_ctime(op->last_change) : NULL;

    if (output_is_structured(out)) {
        output_open_element(out, "operation_history", "call", call, "task", op_task_text(op), NULL);
        output_attr_int(out, "rc", rc);
        output_attr(out, "rc_text", ocf_rc_text(rc));
        if (op->interval_ms > 0) {
            output_attrf(out, "interval", "%ums", op->interval_ms);
        }
        if (timing && changed != NULL) {
            output_attr(out, "last-rc-change", changed);
        }
        if (timing && exec_time != NULL) {
            output_attrf(out, "exec-time", "%lldms", text_leading_int(exec_time));
        }
        if (timing && queue_time != NULL) {
            output_attrf(out, "queue-time", "%lldms", text_leading_int(queue_time));
        }
        output_close_element(out);
        return;
    }

    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "(%s) %s", call, op_task_text(op));
    if (op->interval_ms > 0 || timing) {
        g_string_append_c(text, ':');
    }
    if (op->interval_ms > 0) {
        g_string_append_printf(text, " interval=\"%ums\"", op->interval_ms);
    }
    if (timing) {
        if (changed != NULL) {
            g_string_append_printf(text, " last-rc-change=\"%s\"", changed);
        }
        if (exec_time != NULL) {
            g_string_append_printf(text, " exec-time=\"%lldms\"", text_leading_int(exec_time));
        }
        if (queue_time != NULL) {
            g_string_append_printf(text, " queue-time=\"%lldms\"", text_leading_int(queue_time));
        }
        g_string_append_printf(text, " rc=%d (%s)", rc, ocf_rc_text(rc));
    }
    output_item(out, NULL, "%s", text->str);
    g_string_free(text, TRUE);
}

/* --- one resource on one node --- */

struct rsc_heading {
    const char *name;
    bool orphan;
    int threshold, failures;
    char *last_failure;
};

static struct rsc_heading
heading_of(const struct status_view *v, const struct sched_history *h)
{
    struct rsc_heading heading = { .name = h->lrm_id, .orphan = h->rsc == NULL };

    if (h->rsc != NULL) {
        struct sched_failcount failed = rsc_failcount(v->s, h->rsc, h->node, false, false);

        heading.name = status_rsc_name(h->rsc);
        heading.threshold = h->rsc->migration_threshold;
        heading.failures = failed.count;
        heading.last_failure = failed.count > 0 && failed.last_failure > 0 ? iso_ctime(failed.last_failure) : NULL;
    }
    return heading;
}

static char *
heading_text(const struct rsc_heading *heading)
{
    GString *text = g_string_new(heading->name);

    g_string_append_c(text, ':');
    if (heading->orphan) {
        g_string_append(text, " orphan");
    } else {
        g_string_append_printf(text, " migration-threshold=%d", heading->threshold);
        if (heading->failures > 0) {
            g_string_append_printf(text, " fail-count=%d", heading->failures);
        }
        if (heading->last_failure != NULL) {
            g_string_append_printf(text, " last-failure='%s'", heading->last_failure);
        }
    }
    return g_string_free(text, FALSE);
}

static void
heading_xml(struct output *out, const struct rsc_heading *heading)
{
    output_open_element(out, "resource_history", "id", heading->name, "orphan", bool_text(heading->orphan), NULL);
    if (!heading->orphan) {
        output_attr_int(out, "migration-threshold", heading->threshold);
        if (heading->failures > 0) {
            output_attr_int(out, "fail-count", heading->failures);
        }
        output_attr(out, "last-failure", heading->last_failure);
    }
}

static void
history(struct output *out, const struct status_view *v, const struct sched_history *h)
{
    bool with_operations = (v->sections & SECTION_OPERATIONS) != 0;
    bool xml = output_is_structured(out);
    struct rsc_heading heading = heading_of(v, h);
    g_autofree char *last_failure = heading.last_failure;
    g_autofree char *text = xml ? NULL : heading_text(&heading);

    if (!with_operations) {
        if (heading.failures > 0) {
            if (xml) {
                heading_xml(out, &heading);
                output_close_element(out);
            } else {
                output_item(out, NULL, "%s", text);
            }
        }
        return;
    }
    if (xml) {
        heading_xml(out, &heading);
    } else {
        output_begin_list(out, "%s", text);
    }
    for (unsigned i = 0; i < h->op_count; i++) {
        if (op_is_shown(&h->ops[i])) {
            operation(out, v, &h->ops[i]);
        }
    }
    if (xml) {
        output_close_element_unless_empty(out);
    } else {
        output_end_list_unless_empty(out);
    }
}

/* --- the section --- */

static void
node_history(struct output *out, const struct status_view *v, const struct sched_node *n)
{
    g_autofree char *name = status_node_name(n, (v->show & SHOW_NODE_IDS) != 0);

    if (output_is_structured(out)) {
        output_open_element(out, "node", "name", n->uname, NULL);
    } else if (output_format(out) == OUTPUT_HTML) {
        output_begin_list(out, "%s:", name);
    } else {
        output_begin_list(out, "Node: %s", name);
    }
    for (unsigned i = 0; i < n->histories.len; i++) {
        if (history_is_shown(v, n->histories.items[i])) {
            history(out, v, n->histories.items[i]);
        }
    }
    if (output_is_structured(out)) {
        output_close_element_unless_empty(out);
    } else {
        output_end_list_unless_empty(out);
    }
}

bool
status_history(struct output *out, const struct status_view *v)
{
    bool open = false;

    if (v->s->status_xml == NULL) {
        return false;
    }
    xml_for_each(state, v->s->status_xml, "node_state") {
        const struct sched_node *n = sched_node_by_uuid(v->s, xml_id(state));

        if (n == NULL || !n->online || !status_shows_node(v, n)) {
            continue;
        }
        if (!open && output_is_structured(out)) {
            output_open_plain(out, "node_history");
        } else if (!open) {
            output_begin_section(out, (v->sections & SECTION_OPERATIONS) ? "Operations" : "Migration Summary");
        }
        open = true;
        node_history(out, v, n);
    }
    if (open && output_is_structured(out)) {
        output_close_element(out);
    } else if (open) {
        output_end_list(out);
    }
    return open;
}

/* --- failed actions --- */

struct failure {
    const xmlNode *xml;
    const struct sched_node *node;
    const char *key;
    char *rsc, *task; /* NULL if the key cannot be read */
    guint interval_ms;
    int rc, status;
    const char *reason;
    int64_t changed;
};

static void
failure_text(struct output *out, const struct status_view *v, const struct failure *f)
{
    GString *text = g_string_new(NULL);
    g_autofree char *changed = f->changed > 0 ? iso_ctime(f->changed) : NULL;
    bool has_reason = f->reason != NULL && f->reason[0] != '\0';
    long long exec_time = xml_get_int(f->xml, "exec-time", 0);
    const char *task = f->task == NULL                                            ? "unknown action"
                       : strcmp(f->task, "monitor") == 0 && f->interval_ms == 0 ? "probe"
                                                                                  : f->task;

    g_string_append_printf(text, "%s ", f->rsc != NULL ? f->rsc : "unknown resource");
    if (f->interval_ms > 0) {
        g_string_append_printf(text, "%s-interval ", text_readable_interval(f->interval_ms));
    }
    g_string_append_printf(text, "%s on %s", task, f->node->uname);
    if (f->status == EXEC_DONE) {
        g_string_append_printf(text, " returned '%s'", ocf_rc_text(f->rc));
        if (has_reason) {
            g_string_append_printf(text, " (%s)", f->reason);
        }
    } else {
        g_string_append_printf(text, " could not be executed (%s%s%s)", exec_status_text(f->status),
                               has_reason ? ": " : "", has_reason ? f->reason : "");
    }
    if (changed != NULL) {
        g_string_append_printf(text, " at %s", changed);
    }
    if (exec_time > 0) {
        g_string_append_printf(text, " after %s", text_readable_interval((guint)exec_time));
    }
    output_item_colour(out, "rsc-failed", NULL, "%s", text->str);
    g_string_free(text, TRUE);
}

static void
failure_detail(struct output *out, const struct status_view *v, const struct failure *f)
{
    GString *text = g_string_new(NULL);
    g_autofree char *changed = f->changed > 0 ? iso_ctime(f->changed) : NULL;
    const char *queued = xml_get(f->xml, "queue-time");
    const char *exec_time = xml_get(f->xml, "exec-time");
    const char *call = xml_get(f->xml, "call-id");

    g_string_append_printf(text, "%s on %s '%s' (%d): call=%s, status='%s'", f->key, f->node->uname,
                           ocf_rc_text(f->rc), f->rc, call != NULL ? call : "0", exec_status_text(f->status));
    if (f->reason != NULL && f->reason[0] != '\0') {
        g_string_append_printf(text, ", exitreason='%s'", f->reason);
    }
    if (changed != NULL) {
        g_string_append_printf(text, ", last-rc-change='%s'", changed);
        if (queued != NULL) {
            g_string_append_printf(text, ", queued=%sms", queued);
        }
        if (exec_time != NULL) {
            g_string_append_printf(text, ", exec=%sms", exec_time);
        }
    }
    output_item_colour(out, "rsc-failed", NULL, "%s", text->str);
    g_string_free(text, TRUE);
}

static void
failure_xml(struct output *out, const struct failure *f)
{
    GString *reason = g_string_new(NULL);
    g_autofree char *changed = NULL;
    const char *call = xml_get(f->xml, "call-id");

    /* Readers expect the reason to be escaped once more than the document needs. */
    xml_append_escaped(reason, f->reason != NULL ? f->reason : "none");
    output_open_element(out, "failure", xml_get(f->xml, "operation_key") != NULL ? "op_key" : "id", f->key, "node",
                        f->node->uname, "exitstatus", ocf_rc_text(f->rc), "exitreason", reason->str, NULL);
    g_string_free(reason, TRUE);
    output_attr_int(out, "exitcode", f->rc);
    output_attr(out, "call", call != NULL ? call : "0");
    output_attr(out, "status", exec_status_text(f->status));
    if (f->changed > 0) {
        struct iso_time t = iso_from_epoch(f->changed);
        struct iso_time local = iso_to_local(&t);

        changed = iso_text(&local, ISO_DATE | ISO_TIME | ISO_WITH_ZONE);
        output_attr(out, "last-rc-change", changed);
        output_attr(out, "queued", xml_get(f->xml, "queue-time"));
        output_attr(out, "exec", xml_get(f->xml, "exec-time"));
        output_attrf(out, "interval", "%u", f->interval_ms);
        output_attr(out, "task", xml_get(f->xml, "operation"));
    }
    output_close_element(out);
}

static void
failure(struct output *out, const struct status_view *v, const struct sched_failed_op *op)
{
    const char *key = xml_get(op->xml, "operation_key");
    struct failure f = {
        .xml = op->xml,
        .node = op->node,
        .key = key != NULL ? key : xml_id(op->xml),
        .rc = MAX(0, (int)xml_get_int(op->xml, "rc-code", 0)),
        .status = (int)xml_get_int(op->xml, "op-status", 0),
        .reason = xml_get(op->xml, "exit-reason"),
        .changed = xml_get_int(op->xml, "last-rc-change", 0),
    };
    g_autofree char *rsc = NULL;
    g_autofree char *task = NULL;
    guint interval_ms = 0;

    if (f.key != NULL && op_key_parse(f.key, &rsc, &task, &interval_ms)) {
        f.rsc = rsc;
        f.task = task;
        f.interval_ms = interval_ms;
    }
    if (output_is_structured(out)) {
        f.interval_ms = (guint)xml_get_int(op->xml, "interval", 0);
        failure_xml(out, &f);
    } else if (v->show & SHOW_FAILED_DETAIL) {
        failure_detail(out, v, &f);
    } else {
        failure_text(out, v, &f);
    }
}

static bool
failure_is_shown(const struct status_view *v, const struct sched_failed_op *op)
{
    g_autofree char *rsc = NULL;
    g_autofree char *task = NULL;
    guint interval_ms = 0;
    const char *key = xml_get(op->xml, "operation_key");

    if (!op->node->online || !status_shows_node(v, op->node) || status_is_masked_probe(op)) {
        return false;
    }
    if (v->only_rscs == NULL) {
        return true;
    }
    /* The filter goes by the resource that the operation was recorded for. */
    if (!op_key_parse(key != NULL ? key : xml_id(op->xml), &rsc, &task, &interval_ms)) {
        return false;
    }
    for (guint i = 0; i < v->only_rscs->len; i++) {
        if (strcmp(g_ptr_array_index(v->only_rscs, i), rsc) == 0) {
            return true;
        }
    }
    return false;
}

bool
status_failures(struct output *out, const struct status_view *v)
{
    if (output_is_structured(out)) {
        output_open_plain(out, "failures");
    } else {
        output_begin_section(out, "Failed Resource Actions");
    }
    for (unsigned i = 0; i < v->s->failed_ops.len; i++) {
        if (failure_is_shown(v, &v->s->failed_ops.items[i])) {
            failure(out, v, &v->s->failed_ops.items[i]);
        }
    }
    return output_is_structured(out) ? output_close_element_unless_empty(out) : output_end_list_unless_empty(out);
}
