/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The summary: what cluster this is, its options and counts; and the one line of crm_mon -s.
 * Called by tools and status_print().  (spec 81 §2, spec 80 §5.6)
 */
#include "lib/output/status_internal.h"

#include <string.h>

/* First nvpair of that name anywhere in the document, in document order. */
static const char *
find_nvpair(const xmlNode *from, const char *name)
{
    xml_for_each(child, from, NULL) {
        if (xml_is(child, "nvpair")) {
            if (text_equal(xml_get(child, "name"), name)) {
                return xml_get(child, "value");
            }
            continue;
        }

        const char *value = find_nvpair(child, name);

        if (value != NULL) {
            return value;
        }
    }
    return NULL;
}

/* The options are asked for by name; their usual place is looked at before the whole document. */
static const char *
document_option(const struct status_view *v, const char *name)
{
    const xmlNode *configuration = xml_first(v->cib, "configuration");
    const xmlNode *options = configuration != NULL ? xml_first(configuration, "crm_config") : NULL;
    const char *value = options != NULL ? find_nvpair(options, name) : NULL;

    return value != NULL ? value : find_nvpair(v->cib, name);
}

/* Leaves of the resource tree: what people call instances. */
static void
count_leaves(const struct sched_rsc *r, struct status_counts *counts)
{
    if (r->kind == KIND_PRIMITIVE) {
        if (rsc_is(r, RSC_ORPHAN) && r->role <= ROLE_STOPPED) {
            return; /* one that was active on a node that is away counts, though it is not shown */
        }
        counts->instances++;
        counts->disabled += status_rsc_is_disabled(r);
        counts->blocked += rsc_is(r, RSC_BLOCKED);
        return;
    }
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        count_leaves(child, counts);
    }
}

struct status_counts
status_count(const struct sched *s)
{
    struct status_counts counts = { 0 };

    VEC_FOR_EACH(struct sched_rsc, r, s->resources) {
        count_leaves(r, &counts);
    }
    return counts;
}

/* Do online cluster nodes report different feature sets?  None at all counts as one of its own. */
static bool
is_mixed_version(const struct sched *s)
{
    const char *first = NULL;
    bool seen = false;

    VEC_FOR_EACH(struct sched_node, n, s->nodes) {
        if (n->kind != NODE_CLUSTER || !n->online) {
            continue;
        }

        const char *value = node_attr(n, "#feature-set");

        if (seen && !text_equal(first, value)) {
            return true;
        }
        first = value;
        seen = true;
    }
    return false;
}

/* --- lines --- */

static void
line_stack(struct output *out, const struct status_view *v)
{
    const char *stack = document_option(v, "cluster-infrastructure");

    stack = stack != NULL ? stack : "unknown";
    if (output_is_structured(out)) {
        output_element(out, "stack", "type", stack, NULL);
        return;
    }
    if (output_format(out) == OUTPUT_HTML) {
        const struct output_span spans[] = { { "bold", "Stack: " }, { NULL, stack } };

        output_item_spans(out, spans, 2);
        return;
    }
    output_item(out, "Stack", "%s", stack);
}

static void
line_dc(struct output *out, const struct status_view *v)
{
    const struct sched_node *dc = v->s->dc;
    const char *version = document_option(v, "dc-version");
    bool quorum = text_is_true(xml_get(v->cib, "have-quorum"));
    bool mixed = is_mixed_version(v->s);
    bool html = output_format(out) == OUTPUT_HTML;

    if (output_is_structured(out)) {
        if (dc == NULL) {
            output_element(out, "current_dc", "present", "false", NULL);
        } else {
            output_element(out, "current_dc", "present", "true", "version", version != NULL ? version : "", "name",
                           dc->uname, "id", dc->uuid, "with_quorum", bool_text(quorum), "mixed_version",
                           bool_text(mixed), NULL);
        }
        return;
    }
    version = version != NULL ? version : "unknown";
    if (dc == NULL) {
        const struct output_span spans[] = { { "bold", "Current DC: " }, { "warning", "NONE" } };

        if (html) {
            output_item_spans(out, spans, 2);
        } else {
            output_item_colour(out, "warning", "Current DC", "NONE");
        }
        return;
    }

    g_autofree char *name = status_node_name(dc, (v->show & SHOW_NODE_IDS) != 0);
    g_autofree char *text = g_strdup_printf("%s (version %s) -", name, version);
    const struct output_span spans[] = {
        { "bold", "Current DC: " },
        { NULL, text },
        { mixed ? "warning" : NULL, mixed ? " MIXED-VERSION" : "" },
        { NULL, " partition" },
        { quorum ? NULL : "warning", quorum ? " with" : " WITHOUT" },
        { NULL, " quorum" },
    };

    if (html) {
        struct output_span shown[G_N_ELEMENTS(spans)];
        unsigned n = 0;

        for (unsigned i = 0; i < G_N_ELEMENTS(spans); i++) {
            if (spans[i].text[0] != '\0') {
                shown[n++] = spans[i];
            }
        }
        output_item_spans(out, shown, n);
    } else {
        output_item_colour(out, quorum && !mixed ? NULL : "warning", "Current DC", "%s%s partition %s quorum", text, mixed ? " MIXED-VERSION" : "",
                    quorum ? "with" : "WITHOUT");
    }
}

static char *
last_change(const struct status_view *v)
{
    const char *written = xml_get(v->cib, "cib-last-written");
    const struct {
        const char *before, *attr;
    } parts[] = { { " by ", "update-user" }, { " via ", "update-client" }, { " on ", "update-origin" } };
    GString *text = g_string_new(written != NULL ? written : "");

    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        const char *value = xml_get(v->cib, parts[i].attr);

        if (value != NULL && value[0] != '\0') {
            g_string_append_printf(text, "%s%s", parts[i].before, value);
        }
    }
    return g_string_free(text, FALSE);
}

static const char *
or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void
lines_times(struct output *out, const struct status_view *v)
{
    g_autofree char *now = iso_ctime(v->now);

    if (output_is_structured(out)) {
        output_element(out, "last_update", "time", now, NULL);
        output_element(out, "last_change", "time", or_empty(xml_get(v->cib, "cib-last-written")), "user",
                       or_empty(xml_get(v->cib, "update-user")), "client",
                       or_empty(xml_get(v->cib, "update-client")), "origin",
                       or_empty(xml_get(v->cib, "update-origin")), NULL);
        return;
    }

    g_autofree char *changed = last_change(v);

    if (output_format(out) == OUTPUT_HTML) {
        const struct output_span updated[] = { { "bold", "Last updated: " }, { NULL, now } };
        const struct output_span change[] = { { "bold", "Last change: " }, { NULL, changed } };

        output_item_spans(out, updated, 2);
        output_item_spans(out, change, 2);
    } else {
        output_item(out, "Last updated", "%s", now);
        output_item(out, "Last change", " %s", changed);
    }
}

static void
lines_counts(struct output *out, const struct status_view *v)
{
    struct status_counts counts = status_count(v->s);
    unsigned nodes = v->s->nodes.len;
    g_autofree char *nodes_text = g_strdup_printf("%u node%s configured", nodes, nodes == 1 ? "" : "s");
    g_autofree char *rscs_text = g_strdup_printf("%u resource instance%s configured", counts.instances,
                                                 counts.instances == 1 ? "" : "s");

    if (output_is_structured(out)) {
        output_open_plain(out, "nodes_configured");
        output_attr_int(out, "number", nodes);
        output_close_element(out);
        output_open_plain(out, "resources_configured");
        output_attr_int(out, "number", counts.instances);
        output_attr_int(out, "disabled", counts.disabled);
        output_attr_int(out, "blocked", counts.blocked);
        output_close_element(out);
        return;
    }

    g_autofree char *disabled = g_strdup_printf("%u ", counts.disabled);
    g_autofree char *blocked = g_strdup_printf("%u ", counts.blocked);
    static const char due[] = " from further action due to failure)";

    output_item_spans(out, &(struct output_span){ NULL, nodes_text }, 1);
    if (counts.disabled == 0 && counts.blocked == 0) {
        output_item_spans(out, &(struct output_span){ NULL, rscs_text }, 1);
    } else if (counts.blocked == 0) {
        g_autofree char *first = g_strdup_printf("%s (%s", rscs_text, disabled);
        const struct output_span spans[] = { { NULL, first }, { "bold", "DISABLED" }, { NULL, ")" } };

        output_item_spans(out, spans, 3);
    } else if (counts.disabled == 0) {
        g_autofree char *first = g_strdup_printf("%s (%s", rscs_text, blocked);
        const struct output_span spans[] = { { NULL, first }, { "bold", "BLOCKED" }, { NULL, due } };

        output_item_spans(out, spans, 3);
    } else {
        g_autofree char *first = g_strdup_printf("%s (%s", rscs_text, disabled);
        g_autofree char *second = g_strdup_printf(", %s", blocked);
        const struct output_span spans[] = { { NULL, first },
                                             { "bold", "DISABLED" },
                                             { NULL, second },
                                             { "bold", "BLOCKED" },
                                             { NULL, due } };

        output_item_spans(out, spans, 5);
    }
}

/* --- options --- */

static const char *
policy_text(enum sched_quorum_policy policy)
{
    switch (policy) {
        case QUORUM_FREEZE: return "Freeze resources";
        case QUORUM_STOP: return "Stop ALL resources";
        case QUORUM_DEMOTE: return "Demote promotable resources and stop all other resources";
        case QUORUM_IGNORE: return "Ignore";
        case QUORUM_SUICIDE: return "Suicide";
    }
    return "unknown";
}

static const char *
policy_name(enum sched_quorum_policy policy)
{
    switch (policy) {
        case QUORUM_FREEZE: return "freeze";
        case QUORUM_STOP: return "stop";
        case QUORUM_DEMOTE: return "demote";
        case QUORUM_IGNORE: return "ignore";
        case QUORUM_SUICIDE: return "suicide";
    }
    return "unknown";
}

static void
options_xml(struct output *out, const struct status_view *v)
{
    const struct sched_options *opt = &v->s->opt;

    output_open_element(out, "cluster_options", "stonith-enabled", bool_text(opt->stonith_enabled),
                        "symmetric-cluster", bool_text(opt->symmetric_cluster), "no-quorum-policy",
                        policy_name(opt->no_quorum_policy), "maintenance-mode", bool_text(opt->maintenance_mode),
                        "stop-all-resources", bool_text(opt->stop_all_resources), NULL);
    output_attr_int(out, "stonith-timeout-ms", opt->stonith_timeout_ms);
    output_attr_int(out, "priority-fencing-delay-ms", 1000LL * opt->priority_fencing_delay);
    output_close_element(out);
}

static void
lines_options(struct output *out, const struct status_view *v)
{
    const struct sched_options *opt = &v->s->opt;

    output_item(out, NULL, "STONITH of failed nodes %s", opt->stonith_enabled ? "enabled" : "disabled");
    output_item(out, NULL, "Cluster is %s", opt->symmetric_cluster ? "symmetric" : "asymmetric");
    output_item(out, NULL, "No quorum policy: %s", policy_text(opt->no_quorum_policy));
}

static void
line_management_html(struct output *out, const struct status_view *v)
{
    const struct output_span disabled[] = {
        { NULL, "Resource management: " },
        { "bold", "DISABLED" },
        { NULL, " (the cluster will not attempt to start, stop, or recover services)" },
    };
    const struct output_span stopped[] = {
        { NULL, "Resource management: " },
        { "bold", "STOPPED" },
        { NULL, " (the cluster will keep all resources stopped)" },
    };

    if (v->s->opt.maintenance_mode) {
        output_item_spans(out, disabled, 3);
    } else if (v->s->opt.stop_all_resources) {
        output_item_spans(out, stopped, 3);
    } else {
        output_item(out, NULL, "Resource management: enabled");
    }
}

void
status_maintenance(struct output *out, const struct status_view *v)
{
    if (output_is_structured(out) || output_format(out) == OUTPUT_HTML) {
        return;
    }
    if (v->s->opt.maintenance_mode) {
        output_line(out, "\n              *** Resource management is DISABLED ***\n"
                         "  The cluster will not attempt to start, stop or recover services");
    } else if (v->s->opt.stop_all_resources) {
        output_line(out, "\n    *** Resource management is DISABLED ***\n"
                         "  The cluster will keep all resources stopped");
    }
}

bool
status_summary(struct output *out, const struct status_view *v)
{
    bool xml = output_is_structured(out);
    bool html = output_format(out) == OUTPUT_HTML;
    unsigned sections = v->sections;
    bool printed;

    if (v->s->dc == NULL) {
        sections |= SECTION_DC; /* that there is none is always worth a line */
    }
    if (xml) {
        output_open_plain(out, "summary");
    } else {
        output_begin_section(out, "Cluster Summary");
    }
    if (sections & SECTION_STACK) {
        line_stack(out, v);
    }
    if (sections & SECTION_DC) {
        line_dc(out, v);
    }
    if (sections & SECTION_TIMES) {
        lines_times(out, v);
    }
    if (sections & SECTION_COUNTS) {
        lines_counts(out, v);
    }
    if ((sections & SECTION_OPTIONS) && xml) {
        options_xml(out, v);
    } else if ((sections & SECTION_OPTIONS) && !html) {
        lines_options(out, v);
    }
    printed = xml ? output_close_element_unless_empty(out) : output_end_list_unless_empty(out);
    if ((sections & SECTION_OPTIONS) && html) {
        output_begin_section(out, "Config Options");
        lines_options(out, v);
        line_management_html(out, v);
        output_end_list(out);
    }
    if (sections & SECTION_MAINT_MODE) {
        status_maintenance(out, v);
    }
    return printed;
}

/* --- one line --- */

char *
status_simple(const struct status_view *v, bool *warning)
{
    struct status_counts counts = status_count(v->s);
    unsigned online = 0, standby = 0, maintenance = 0;
    GString *problems = g_string_new(NULL);
    GString *text = g_string_new(NULL);

    if (v->s->dc == NULL) {
        g_string_append(problems, " No DC");
    }
    for (unsigned i = 0; i < v->s->nodes.len; i++) {
        const struct sched_node *n = v->s->node_order[i];

        if (n->standby && n->online) {
            standby++;
        } else if (n->maintenance && n->online) {
            maintenance++;
        } else if (n->online) {
            online++;
        } else {
            g_string_append_printf(problems, "%s offline node: %s", problems->len > 0 && v->s->dc == NULL &&
                                   strchr(problems->str, ':') == NULL ? "," : "", n->uname);
        }
    }
    *warning = problems->len > 0;
    if (*warning) {
        g_string_append_printf(text, "CLUSTER WARN:%s", problems->str);
    } else {
        g_string_append_printf(text, "CLUSTER OK: %u node%s online", online, online == 1 ? "" : "s");
        if (standby > 0) {
            g_string_append_printf(text, ", %u standby node%s", standby, standby == 1 ? "" : "s");
        }
        if (maintenance > 0) {
            g_string_append_printf(text, ", %u maintenance node%s", maintenance, maintenance == 1 ? "" : "s");
        }
        g_string_append_printf(text, ", %u resource instance%s configured", counts.instances,
                               counts.instances == 1 ? "" : "s");
    }
    g_string_free(problems, TRUE);
    return g_string_free(text, FALSE);
}
