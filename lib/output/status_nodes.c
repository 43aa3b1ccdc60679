/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of nodes, with the resources that run on them if asked for.  Called by tools and status_print().
 * (spec 81 §3)
 */
#include "lib/output/status_internal.h"

#include <string.h>

char *
status_node_name(const struct sched_node *n, bool with_ids)
{
    GString *name = g_string_new(n->uname);

    if (with_ids && node_is_guest(n)) {
        const struct sched_rsc *container = node_container(n);

        g_string_append_c(name, '@');
        if (container != NULL && container->active_on.len > 0) {
            g_string_append(name, container->active_on.items[0]->uname);
        }
    }
    if (with_ids && g_ascii_strcasecmp(n->uuid, n->uname) != 0) {
        g_string_append_printf(name, " (%s)", n->uuid);
    }
    return g_string_free(name, FALSE);
}

const char *
status_health_text(const struct sched *s, const struct sched_node *n)
{
    int color = node_health_color(s, n);

    return color < 0 ? "red" : color == 0 ? "yellow" : "green";
}

/*
 * Feature set that the node's controller reported; only of online cluster nodes.  Very old ones report none.
 */
static const char *
feature_set(const struct sched_node *n)
{
    const char *value = node_attr(n, "#feature-set");

    if (!n->online || n->kind != NODE_CLUSTER) {
        return NULL;
    }
    return value != NULL ? value : "<3.15.1";
}

/* --- text --- */

static const char *
kind_text(const struct sched_node *n)
{
    return node_is_guest(n) ? "GuestNode" : node_is_remote_kind(n) ? "RemoteNode" : "Node";
}

/* First match of spec 81 §3.1. */
static const char *
status_text(const struct sched_node *n)
{
    if (n->unclean) {
        return n->online ? "UNCLEAN (online)" : n->pending ? "UNCLEAN (pending)" : "UNCLEAN (offline)";
    }
    if (n->pending) {
        return "pending";
    }
    if (n->standby_on_fail && n->online) {
        return "standby (on-fail)";
    }
    if (n->standby) {
        return !n->online ? "OFFLINE (standby)" : n->running.len > 0 ? "standby (with active resources)" : "standby";
    }
    if (n->maintenance) {
        return n->online ? "maintenance" : "OFFLINE (maintenance)";
    }
    return n->online ? "online" : "OFFLINE";
}

/* What colours the line of a node: the worst that is to be said of it. */
static const char *
status_class(const struct status_view *v, const struct sched_node *n)
{
    int health = node_health_color(v->s, n);

    if (n->unclean || health < 0) {
        return n->unclean ? "warning" : "health_red";
    }
    if (n->pending || health == 0) {
        return "pending";
    }
    if (!n->online) {
        return "offline";
    }
    return n->standby || n->standby_on_fail ? "standby" : n->maintenance ? "maint" : "online";
}

static char *
node_text(const struct status_view *v, const struct sched_node *n)
{
    g_autofree char *name = status_node_name(n, (v->show & SHOW_NODE_IDS) != 0);
    int color = node_health_color(v->s, n);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s %s: %s", kind_text(n), name, status_text(n));
    if (color < 0) {
        g_string_append(text, " (health is RED)");
    } else if (color == 0) {
        g_string_append(text, " (health is YELLOW)");
    }
    if ((v->show & SHOW_FEATURE_SET) && feature_set(n) != NULL) {
        g_string_append_printf(text, ", feature set %s", feature_set(n));
    }
    return g_string_free(text, FALSE);
}

/* Does the node need a line of its own, or is its name in a list enough? */
static bool
needs_line(const struct status_view *v, const struct sched_node *n)
{
    return n->unclean || n->pending || (n->standby_on_fail && n->online) || n->standby || n->maintenance ||
           node_health_color(v->s, n) <= 0 || (v->show & SHOW_NODE_IDS);
}

/* --- HTML --- */

static void
html_spans(const struct status_view *v, const struct sched_node *n, GArray *spans)
{
    struct output_span span;
    int color = node_health_color(v->s, n);
    const char *standby = NULL;

#define add_span(css, string) (span = (struct output_span){ (css), (string) }, g_array_append_val(spans, span))
    if (n->online) {
        add_span("online", " online");
    } else {
        add_span("offline", " OFFLINE");
    }
    if (n->standby_on_fail && n->online) {
        standby = n->running.len > 0 ? " (in standby due to on-fail, with active resources)"
                                     : " (in standby due to on-fail)";
    } else if (n->standby) {
        standby = n->running.len > 0 ? " (in standby, with active resources)" : " (in standby)";
    }
    if (standby != NULL) {
        add_span("standby", standby);
    }
    if (n->maintenance) {
        add_span("maint", " (in maintenance mode)");
    }
    if (color < 0) {
        add_span("health_red", " (health is RED)");
    } else if (color == 0) {
        add_span("health_yellow", " (health is YELLOW)");
    }
    if ((v->show & SHOW_FEATURE_SET) && feature_set(n) != NULL) {
        static char text[64];

        g_snprintf(text, sizeof(text), ", feature set %s", feature_set(n));
        add_span(NULL, text);
    }
#undef add_span
}

static void
node_html(struct output *out, const struct status_view *v, const struct sched_node *n, const char *first)
{
    g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(struct output_span));
    struct output_span label = { "bold", first };

    g_array_append_val(spans, label);
    html_spans(v, n, spans);
    output_item_spans(out, (const struct output_span *)(void *)spans->data, spans->len);
}

/* --- below a node --- */

static bool
shows_on_node(const struct status_view *v, const struct sched_rsc *r)
{
    return status_shows_rsc(v, r) && ((v->show & SHOW_IMPLICIT) || !status_is_implicit(r));
}

static void
primitives_on(struct output *out, const struct status_view *v, const struct sched_node *n)
{
    VEC_FOR_EACH(struct sched_rsc, r, n->running) {
        if (shows_on_node(v, r)) {
            status_primitive(out, v, r, &(struct status_line){ .hide_node = true });
        }
    }
}

/* Node with its resources; with counts, nodes that have none are left out. */
static void
node_with_resources(struct output *out, const struct status_view *v, const struct sched_node *n)
{
    bool brief = (v->show & SHOW_BRIEF) != 0;

    if (output_format(out) == OUTPUT_HTML) {
        g_autofree char *name = status_node_name(n, (v->show & SHOW_NODE_IDS) != 0);

        output_begin_list(out, "%s:", name);
        node_html(out, v, n, "Status:");
    } else {
        g_autofree char *text = node_text(v, n);

        output_begin_list(out, "%s", text);
    }
    output_begin_list(out, "Resources");

    bool some = false;

    if (brief) {
        some = status_brief_on_node(out, v, n);
    } else {
        primitives_on(out, v, n);
    }
    if (brief && !some) {
        output_end_list_unless_empty(out);
        output_end_list_unless_empty(out);
    } else {
        output_end_list(out);
        output_end_list(out);
    }
}

/* --- XML --- */

static const char *
type_text(const struct sched_node *n)
{
    switch (n->kind) {
        case NODE_CLUSTER: return "member";
        case NODE_REMOTE: return "remote";
        case NODE_PING: return "ping";
    }
    return "unknown";
}

static void
node_xml(struct output *out, const struct status_view *v, const struct sched_node *n)
{
    output_open_element(out, "node", "name", n->uname, "id", n->uuid, "online", bool_text(n->online), "standby",
                        bool_text(n->standby), "standby_onfail", bool_text(n->standby_on_fail), "maintenance",
                        bool_text(n->maintenance), "pending", bool_text(n->pending), "unclean",
                        bool_text(n->unclean), "health", status_health_text(v->s, n), "feature_set",
                        feature_set(n), "shutdown", bool_text(n->shutdown), "expected_up",
                        bool_text(n->expected_up), "is_dc", bool_text(n->is_dc), NULL);
    output_attr_int(out, "resources_running", n->running.len);
    output_attr(out, "type", type_text(n));
    if (node_is_guest(n) && node_container(n) != NULL) {
        output_attr(out, "id_as_resource", node_container(n)->id);
    }
    if (v->show & SHOW_BY_NODE) {
        VEC_FOR_EACH(struct sched_rsc, r, n->running) {
            if (status_shows_rsc(v, r)) {
                status_primitive(out, v, r, &(struct status_line){ .hide_node = true });
            }
        }
    }
    output_close_element(out);
}

/* --- the section --- */

/* Names that need no line of their own, by kind of node and state. */
enum simple_list { ONLINE, OFFLINE, REMOTE_ONLINE, REMOTE_OFFLINE, GUEST_ONLINE, SIMPLE_LISTS };

static const char *const simple_labels[SIMPLE_LISTS] = { "Online", "OFFLINE", "RemoteOnline", "RemoteOFFLINE",
                                                         "GuestOnline" };

static int
simple_list_of(const struct sched_node *n)
{
    if (node_is_guest(n)) {
        return n->online ? GUEST_ONLINE : -1; /* guests that are down are not news */
    }
    if (node_is_remote_kind(n)) {
        return n->online ? REMOTE_ONLINE : REMOTE_OFFLINE;
    }
    return n->online ? ONLINE : OFFLINE;
}

static void
simple_lists(struct output *out, const struct status_view *v, const GPtrArray *simple)
{
    for (int list = 0; list < SIMPLE_LISTS; list++) {
        GString *text = g_string_new("[");

        for (guint i = 0; i < simple->len; i++) {
            const struct sched_node *n = g_ptr_array_index(simple, i);

            if (simple_list_of(n) == list) {
                g_string_append_printf(text, " %s", n->uname);
            }
        }
        if (text->len > 1) {
            g_string_append(text, " ]");
            output_item_colour(out, list == OFFLINE || list == REMOTE_OFFLINE ? "offline" : "online", simple_labels[list],
                               "%s", text->str);
        }
        g_string_free(text, TRUE);
    }
}

bool
status_nodes(struct output *out, const struct status_view *v)
{
    struct sched *s = v->s;

    if (output_is_structured(out)) {
        output_open_plain(out, "nodes");
        for (unsigned i = 0; i < s->nodes.len; i++) {
            if (status_shows_node(v, s->node_order[i])) {
                node_xml(out, v, s->node_order[i]);
            }
        }
        output_close_element(out);
        return true;
    }

    g_autoptr(GPtrArray) simple = g_ptr_array_new();
    bool any = false;

    output_begin_section(out, "Node List");
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *n = s->node_order[i];

        if (!status_shows_node(v, n)) {
            continue;
        }
        any = true;
        if (v->show & SHOW_BY_NODE) {
            node_with_resources(out, v, n);
        } else if (output_format(out) == OUTPUT_HTML) {
            g_autofree char *name = status_node_name(n, (v->show & SHOW_NODE_IDS) != 0);
            g_autofree char *label = g_strdup_printf("%s:", name);

            node_html(out, v, n, label);
        } else if (needs_line(v, n)) {
            g_autofree char *text = node_text(v, n);

            output_item_colour(out, status_class(v, n), NULL, "%s", text);
        } else {
            g_ptr_array_add(simple, n);
        }
    }
    simple_lists(out, v, simple);
    if (any) { /* there are nodes, if only guests that are down and not told of */
        output_end_list(out);
        return true;
    }
    return output_end_list_unless_empty(out);
}
