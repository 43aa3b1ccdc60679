/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups, clones and bundles, and the counts of the brief display.  Called by the sections of the status.
 * (spec 81 §5.2-§5.4, §5.6)
 */
#include "lib/output/status_internal.h"

#include <string.h>

char *
status_node_list(const struct sched *s, const unsigned *count)
{
    GString *text = g_string_new("[");

    for (unsigned i = 0; i < s->nodes.len; i++) {
        const struct sched_node *node = s->node_order[i];

        for (unsigned k = 0; k < count[node->id]; k++) {
            g_string_append_printf(text, " %s", node->uname);
        }
    }
    g_string_append(text, " ]");
    return g_string_free(text, FALSE);
}

static bool
any_marked(const struct sched *s, const unsigned *marked)
{
    for (unsigned i = 0; i < s->nodes.len; i++) {
        if (marked[i]) {
            return true;
        }
    }
    return false;
}

/* " (a, b)" of what is true. */
struct trait {
    bool on;
    const char *text;
};

static void
append_traits(GString *to, const struct trait *traits, unsigned n)
{
    const char *before = " (";

    for (unsigned i = 0; i < n; i++) {
        if (traits[i].on) {
            g_string_append(to, before);
            g_string_append(to, traits[i].text);
            before = ", ";
        }
    }
    if (before[0] == ',') {
        g_string_append_c(to, ')');
    }
}

/* --- groups --- */

static void
group_xml(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    char count[16];

    g_snprintf(count, sizeof(count), "%u", r->children.len);
    output_open_element(out, "group", "id", r->id, "number_resources", count, "managed",
                        bool_text(rsc_is(r, RSC_MANAGED)), "disabled", bool_text(status_rsc_is_disabled(r)), NULL);
    VEC_FOR_EACH(struct sched_rsc, member, r->children) {
        status_rsc(out, v, member);
    }
}

bool
status_group(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    if (output_is_structured(out)) {
        group_xml(out, v, r);
        return output_close_element_unless_empty(out);
    }

    bool show_inactive = (v->show & SHOW_INACTIVE) != 0;
    GString *title = g_string_new(NULL);
    g_autofree char *inactive_text = NULL;
    unsigned inactive = 0;

    VEC_FOR_EACH(struct sched_rsc, member, r->children) {
        inactive += !rsc_active(member, true);
    }
    inactive_text = g_strdup_printf("%u member%s inactive", inactive, inactive == 1 ? "" : "s");

    const struct trait traits[] = {
        { inactive > 0 && !show_inactive && rsc_active(r, false), inactive_text },
        { !rsc_is(r, RSC_MANAGED), "unmanaged" },
        { status_rsc_is_disabled(r), "disabled" },
    };

    g_string_append_printf(title, "Resource Group: %s", r->id);
    append_traits(title, traits, G_N_ELEMENTS(traits));
    output_begin_list(out, "%s", title->str);
    g_string_free(title, TRUE);

    if (v->show & SHOW_BRIEF) {
        status_brief(out, v, r->children.items, r->children.len, true);
    } else {
        VEC_FOR_EACH(struct sched_rsc, member, r->children) {
            bool asked_for = v->only_rscs != NULL && status_selects(v, member);

            if (show_inactive || asked_for || rsc_active(member, true)) {
                status_rsc(out, v, member);
            }
        }
    }
    return output_end_list_unless_empty(out);
}

/* --- clones --- */

/* Anything below (or itself) that has the flag, or lacks it. */
static bool
any_has(const struct sched_rsc *r, unsigned flag, bool set)
{
    if (rsc_is(r, flag) == set) {
        return true;
    }
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        if (any_has(child, flag, set)) {
            return true;
        }
    }
    return false;
}

/* Nodes on which something below is active: their number; *one is one of them. */
static unsigned
count_places(const struct sched *s, const struct sched_rsc *r, const struct sched_node **one)
{
    unsigned count = 0;

    for (unsigned i = 0; i < s->nodes.len; i++) {
        if (rsc_active_on(r, s->nodes.items[i])) {
            *one = s->nodes.items[i];
            count++;
        }
    }
    return count;
}

/* What a clone's display collects; arrays are indexed by node id. */
struct clone_places {
    unsigned *promoted, *started; /* instances there that are named in a list: after odd migrations more than one */
    unsigned collected;
};

/*
 * Has the instance a line of its own, or is it one of a list?  (spec 81 §5.3)  An inactive one of an
 * anonymous clone has neither: its node will be in the list of stopped ones.
 */
static bool
is_individual(const struct status_view *v, const struct sched_rsc *clone, const struct sched_rsc *instance,
              struct clone_places *places)
{
    const struct sched_node *node = NULL;

    if (v->show & SHOW_CLONE_DETAIL) {
        return true;
    }
    if (rsc_is(clone, RSC_UNIQUE)) {
        /* Without a single wanted instance the one that stands for the clone is an orphan itself. */
        return rsc_active(instance, false) || !rsc_is(instance, RSC_ORPHAN)
               || (clone->clone_max == 0 && instance == clone->children.items[0]);
    }
    if ((v->show & SHOW_PENDING) && status_has_pending_action(instance)) {
        return true;
    }
    if (!rsc_active(instance, false)) {
        return false;
    }
    if (any_has(instance, RSC_ORPHAN, true) || any_has(instance, RSC_MANAGED, false) ||
        any_has(instance, RSC_FAILED, true) || !rsc_active(instance, true)) {
        return true;
    }
    if (count_places(v->s, instance, &node) != 1 || (!node->online && node->unclean)) {
        return true;
    }
    if (rsc_role(instance, false) == ROLE_PROMOTED) {
        places->promoted[node->id] += status_shows_node(v, node);
    } else {
        places->started[node->id] += status_shows_node(v, node);
    }
    places->collected++;
    return false;
}

/* target-role as configured: of the clone, else of its first instance; or NULL. */
static const char *
configured_role_text(const struct sched_rsc *clone)
{
    const char *value = rsc_meta(clone, "target-role");

    if (value == NULL && clone->children.len > 0) {
        value = rsc_meta(clone->children.items[0], "target-role");
    }
    return value;
}

static int
configured_role(const struct sched_rsc *clone)
{
    const char *value = configured_role_text(clone);

    return value != NULL ? role_parse(value) : ROLE_UNKNOWN;
}

static int
compare_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Where the clone could run and does not, one line a reason. */
static void
stopped_lists(struct output *out, const struct status_view *v, const struct sched_rsc *clone)
{
    struct sched *s = v->s;
    const char *plain = configured_role(clone) == ROLE_STOPPED ? "Stopped (disabled)" : "Stopped";
    g_autofree char **why = g_new0(char *, s->nodes.len + 1);
    g_autofree const char **states = g_new0(const char *, s->nodes.len + 1);
    g_autofree unsigned *marked = g_new0(unsigned, s->nodes.len + 1);
    unsigned n_states = 0;
    bool allowed = false; /* an asymmetric cluster may allow it nowhere: then what counts is where its state is known */

    for (unsigned i = 0; i < s->nodes.len; i++) {
        allowed = allowed || row_has(&clone->row, s->nodes.items[i]);
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        const struct sched_node *node = s->nodes.items[i];
        bool candidate = allowed ? row_has(&clone->row, node) : rsc_known_on(clone, node);

        if (!candidate || rsc_active_on(clone, node) || !status_shows_node(v, node)) {
            continue;
        }

        const char *probe = status_probe_failure(v, clone, node);

        why[i] = probe != NULL ? g_strdup_printf("Stopped (%s)", probe) : g_strdup(plain);

        bool known = false;

        for (unsigned k = 0; k < n_states && !known; k++) {
            known = strcmp(states[k], why[i]) == 0;
        }
        if (!known) {
            states[n_states++] = why[i];
        }
    }
    qsort(states, n_states, sizeof(*states), compare_text);
    for (unsigned k = 0; k < n_states; k++) {
        for (unsigned i = 0; i < s->nodes.len; i++) {
            marked[i] = why[i] != NULL && strcmp(why[i], states[k]) == 0;
        }

        g_autofree char *list = status_node_list(s, marked);

        output_item(out, NULL, "%s: %s", states[k], list);
    }
    for (unsigned i = 0; i < s->nodes.len; i++) {
        g_free(why[i]);
    }
}

static void
collected_lists(struct output *out, const struct status_view *v, const struct sched_rsc *clone,
                const struct clone_places *places)
{
    if (any_marked(v->s, places->promoted)) {
        g_autofree char *list = status_node_list(v->s, places->promoted);

        output_item(out, NULL, "Promoted: %s", list);
    }
    if (any_marked(v->s, places->started)) {
        g_autofree char *list = status_node_list(v->s, places->started);
        const char *label = !rsc_is(clone, RSC_PROMOTABLE)                  ? "Started"
                            : configured_role(clone) == ROLE_UNPROMOTED ? "Unpromoted (target-role)"
                                                                        : "Unpromoted";

        output_item(out, NULL, "%s: %s", label, list);
    }
}

static bool
clone_xml(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    output_open_element(out, "clone", "id", r->id, "multi_state", bool_text(rsc_is(r, RSC_PROMOTABLE)), "unique",
                        bool_text(rsc_is(r, RSC_UNIQUE)), "managed", bool_text(rsc_is(r, RSC_MANAGED)), "disabled",
                        bool_text(status_rsc_is_disabled(r)), "failed", bool_text(rsc_is(r, RSC_FAILED)),
                        "failure_ignored", bool_text(rsc_is(r, RSC_FAILURE_IGNORED)), "target_role",
                        configured_role_text(r), NULL);
    VEC_FOR_EACH(struct sched_rsc, instance, r->children) {
        if (!rsc_active(instance, false) || status_is_on_shown_node(v, instance)) {
            status_rsc(out, v, instance);
        }
    }
    return output_close_element_unless_empty(out);
}

bool
status_clone(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    if (output_is_structured(out)) {
        return clone_xml(out, v, r);
    }

    const struct trait traits[] = {
        { rsc_is(r, RSC_PROMOTABLE), "promotable" },
        { rsc_is(r, RSC_UNIQUE), "unique" },
        { !rsc_is(r, RSC_MANAGED), "unmanaged" },
        { status_rsc_is_disabled(r), "disabled" },
    };
    GString *title = g_string_new(NULL);
    g_autofree unsigned *promoted = g_new0(unsigned, v->s->nodes.len + 1);
    g_autofree unsigned *started = g_new0(unsigned, v->s->nodes.len + 1);
    struct clone_places places = { .promoted = promoted, .started = started };

    g_string_append_printf(title, "Clone Set: %s [%s]", r->id,
                           r->child_xml != NULL ? xml_id(r->child_xml) : "");
    append_traits(title, traits, G_N_ELEMENTS(traits));
    output_begin_list(out, "%s", title->str);
    g_string_free(title, TRUE);

    VEC_FOR_EACH(struct sched_rsc, instance, r->children) {
        if (rsc_active(instance, false) && !status_is_on_shown_node(v, instance)) {
            continue;
        }
        if (status_shows_rsc(v, instance) && is_individual(v, r, instance, &places)) {
            struct status_view whole = *v;

            whole.only_rscs = NULL; /* an instance that is shown is shown as a whole */
            status_rsc(out, &whole, instance);
        }
    }
    if (v->show & SHOW_CLONE_DETAIL) {
        return output_end_list_unless_empty(out);
    }
    collected_lists(out, v, r, &places);
    if ((v->show & SHOW_INACTIVE) && !rsc_is(r, RSC_UNIQUE) && r->clone_max > (int)places.collected) {
        stopped_lists(out, v, r);
    }
    output_end_list(out);
    return true;
}

/* --- bundles --- */

static void
bundle_xml(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    output_open_element(out, "bundle", "id", r->id, "type", r->bundle_agent, "image", r->bundle_image, "unique",
                        bool_text(rsc_is(r, RSC_UNIQUE)), "managed", bool_text(rsc_is(r, RSC_MANAGED)), "failed",
                        bool_text(rsc_is(r, RSC_FAILED)), NULL);
    for (unsigned i = 0; i < r->replicas.len; i++) {
        const struct sched_replica *replica = r->replicas.items[i];
        const struct sched_rsc *parts[] = { replica->ip, replica->child, replica->container, replica->remote };
        char offset[16];

        g_snprintf(offset, sizeof(offset), "%u", replica->offset);
        output_open_element(out, "replica", "id", offset, NULL);
        for (unsigned k = 0; k < G_N_ELEMENTS(parts); k++) {
            if (parts[k] != NULL) {
                status_rsc(out, v, parts[k]);
            }
        }
        output_close_element_unless_empty(out);
    }
}

/* All parts of a replica, each on a line. */
static void
replica_parts(struct output *out, const struct status_view *v, const struct sched_rsc *bundle,
              const struct sched_replica *replica)
{
    const struct sched_rsc *parts[] = { replica->ip, replica->child, replica->container, replica->remote };
    struct status_view whole = *v;

    whole.show |= SHOW_IMPLICIT;
    if (bundle->replicas.len > 1) {
        output_item(out, NULL, "Replica[%u]", replica->offset);
    }
    output_begin_list(out, NULL);
    for (unsigned k = 0; k < G_N_ELEMENTS(parts); k++) {
        if (parts[k] != NULL) {
            status_rsc(out, &whole, parts[k]);
        }
    }
    output_end_list(out);
}

/* The replica as one line: the state of what runs inside, where its container runs. */
static void
replica_line(struct output *out, const struct status_view *v, const struct sched_replica *replica)
{
    const struct sched_rsc *shown = replica->child != NULL ? replica->child : replica->container;
    const struct sched_rsc *named = replica->remote != NULL ? replica->remote : replica->container;
    g_autofree char *name = replica->ipaddr != NULL ? g_strdup_printf("%s (%s)", named->id, replica->ipaddr)
                                                    : g_strdup(named->id);
    const struct sched_rsc *container = replica->container;
    struct status_line how = {
        .name = name,
        .node = container->active_on.len > 0 ? container->active_on.items[0] : NULL,
        .hide_node = (v->show & SHOW_RSC_ONLY) != 0,
    };

    status_primitive(out, v, shown, &how);
}

bool
status_bundle(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    if (output_is_structured(out)) {
        bundle_xml(out, v, r);
        return output_close_element_unless_empty(out);
    }

    output_begin_list(out, "Container bundle%s: %s [%s]%s%s", r->clone_max > 1 ? " set" : "", r->id,
                      r->bundle_image, rsc_is(r, RSC_UNIQUE) ? " (unique)" : "",
                      rsc_is(r, RSC_MANAGED) ? "" : " (unmanaged)");
    for (unsigned i = 0; i < r->replicas.len; i++) {
        const struct sched_replica *replica = r->replicas.items[i];
        const struct sched_rsc *parts[] = { replica->ip, replica->child, replica->container, replica->remote };
        const struct sched_node *home =
            replica->container->active_on.len > 0 ? replica->container->active_on.items[0] : NULL;
        bool asked_for_part = false, shown = false;

        if (home != NULL && !status_shows_node(v, home)) {
            continue;
        }
        for (unsigned k = 0; k < G_N_ELEMENTS(parts); k++) {
            if (parts[k] != NULL) {
                shown |= status_shows_rsc(v, parts[k]);
                asked_for_part |= v->only_rscs != NULL && status_selects(v, parts[k]);
            }
        }
        if ((v->show & SHOW_IMPLICIT) || (asked_for_part && !status_selects(v, r))) {
            if (shown) {
                replica_parts(out, v, r, replica);
            }
        } else if (shown) {
            replica_line(out, v, replica);
        }
    }
    return output_end_list_unless_empty(out);
}

/* --- counts per agent --- */

struct agent_count {
    char *agent;
    unsigned total;
    unsigned *active; /* by node id */
    bool anywhere;
};

static void
free_agent_count(void *data)
{
    struct agent_count *count = data;

    g_free(count->agent);
    g_free(count->active);
    g_free(count);
}

static struct agent_count *
count_for(GPtrArray *counts, const struct sched *s, const struct sched_rsc *r)
{
    char agent[512];

    status_agent(r, agent, sizeof(agent));
    for (guint i = 0; i < counts->len; i++) {
        struct agent_count *count = g_ptr_array_index(counts, i);

        if (strcmp(count->agent, agent) == 0) {
            return count;
        }
    }

    struct agent_count *count = g_new0(struct agent_count, 1);

    count->agent = g_strdup(agent);
    count->active = g_new0(unsigned, s->nodes.len + 1);
    g_ptr_array_add(counts, count);
    return count;
}

static int
compare_counts(const void *a, const void *b)
{
    const struct agent_count *const *left = a, *const *right = b;

    return strcmp((*left)->agent, (*right)->agent);
}

static void
brief_line(struct output *out, const struct agent_count *count, unsigned active, bool with_total,
           const char *node)
{
    if (with_total) {
        output_item(out, NULL, "%u/%u\t(%s):\tActive%s%s", active, count->total, count->agent,
                    node != NULL ? " " : "", node != NULL ? node : "");
    } else {
        output_item(out, NULL, "%u\t(%s):\tActive%s%s", active, count->agent, node != NULL ? " " : "",
                    node != NULL ? node : "");
    }
}

/* `on`: count only what is there, and leave the name out of the line. */
static bool
brief_lines(struct output *out, const struct status_view *v, struct sched_rsc *const *rscs, unsigned n,
            bool with_total, bool by_node)
{
    g_autoptr(GPtrArray) counts = g_ptr_array_new_with_free_func(free_agent_count);
    struct sched *s = v->s;
    bool printed = false;

    for (unsigned i = 0; i < n; i++) {
        const struct sched_rsc *r = rscs[i];

        if (r->kind != KIND_PRIMITIVE) {
            continue;
        }

        struct agent_count *count = count_for(counts, s, r);

        count->total++;
        VEC_FOR_EACH(struct sched_node, node, r->active_on) {
            /* What ran on a node that is gone for good runs nowhere; unmanaged it is still there. */
            if (!node->online && !node->unclean && rsc_is(r, RSC_MANAGED)) {
                continue;
            }
            count->active[node->id]++;
            count->anywhere = true;
        }
    }
    g_ptr_array_sort(counts, compare_counts);
    for (guint i = 0; i < counts->len; i++) {
        const struct agent_count *count = g_ptr_array_index(counts, i);

        for (unsigned k = 0; k < s->nodes.len; k++) {
            const struct sched_node *node = s->node_order[k];

            if (count->active[node->id] > 0) {
                brief_line(out, count, count->active[node->id], with_total, by_node ? "" : node->uname);
                printed = true;
            }
        }
        if (with_total && !count->anywhere) {
            brief_line(out, count, 0, true, NULL);
            printed = true;
        }
    }
    return printed;
}

bool
status_brief(struct output *out, const struct status_view *v, struct sched_rsc *const *rscs, unsigned n,
             bool with_total)
{
    return brief_lines(out, v, rscs, n, with_total, false);
}

bool
status_brief_on_node(struct output *out, const struct status_view *v, const struct sched_node *node)
{
    g_autoptr(GPtrArray) shown = g_ptr_array_new();

    VEC_FOR_EACH(struct sched_rsc, r, node->running) {
        if (status_shows_rsc(v, r)) {
            g_ptr_array_add(shown, r);
        }
    }
    brief_lines(out, v, (struct sched_rsc *const *)shown->pdata, shown->len, false, true);
    return shown->len > 0;
}
