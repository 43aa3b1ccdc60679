/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One primitive as a line or an element, names, and the filters by resource and node.
 * Called by the sections of the status.  (spec 81 §4, §5.5)
 */
#include "lib/output/status_internal.h"

#include <string.h>

/* --- filters --- */

bool
status_filter_has(const GPtrArray *filter, const char *name)
{
    if (filter == NULL) {
        return true;
    }
    for (guint i = 0; i < filter->len; i++) {
        if (g_ascii_strcasecmp(g_ptr_array_index(filter, i), name) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_exactly(const GPtrArray *filter, const char *name)
{
    for (guint i = 0; i < filter->len; i++) {
        if (strcmp(g_ptr_array_index(filter, i), name) == 0) {
            return true;
        }
    }
    return false;
}

bool
status_selects(const struct status_view *v, const struct sched_rsc *r)
{
    return v->only_rscs == NULL || has_exactly(v->only_rscs, r->id) ||
           has_exactly(v->only_rscs, status_rsc_name(r));
}

static bool
selects_below(const struct status_view *v, const struct sched_rsc *r)
{
    if (r == NULL) {
        return false;
    }
    if (status_selects(v, r)) {
        return true;
    }
    VEC_FOR_EACH(struct sched_rsc, child, r->children) {
        if (selects_below(v, child)) {
            return true;
        }
    }
    for (unsigned i = 0; i < r->replicas.len; i++) {
        const struct sched_replica *replica = r->replicas.items[i];

        if (selects_below(v, replica->ip) || selects_below(v, replica->child) ||
            selects_below(v, replica->container) || selects_below(v, replica->remote)) {
            return true;
        }
    }
    return false;
}

bool
status_shows_rsc(const struct status_view *v, const struct sched_rsc *r)
{
    if (v->only_rscs == NULL) {
        return true;
    }
    for (const struct sched_rsc *above = r->parent; above != NULL; above = above->parent) {
        if (status_selects(v, above)) {
            return true;
        }
    }
    return selects_below(v, r);
}

static const struct sched_tag *
find_tag(const struct sched *s, const char *id)
{
    VEC_FOR_EACH(struct sched_tag, tag, s->tags) {
        if (strcmp(tag->id, id) == 0) {
            return tag;
        }
    }
    return NULL;
}

GPtrArray *
status_resolve_nodes(const struct sched *s, const char *name)
{
    GPtrArray *filter = g_ptr_array_new_with_free_func(g_free);
    const struct sched_node *node = sched_node_by_name(s, name);
    const struct sched_tag *tag = node == NULL ? find_tag(s, name) : NULL;

    if (node != NULL) {
        g_ptr_array_add(filter, g_strdup(node->uname));
    }
    for (unsigned i = 0; tag != NULL && i < tag->refs.len; i++) {
        node = sched_node_by_uuid(s, tag->refs.items[i]);
        if (node != NULL) {
            g_ptr_array_add(filter, g_strdup(node->uname));
        }
    }
    return filter;
}

GPtrArray *
status_resolve_resources(const struct sched *s, const char *name)
{
    GPtrArray *filter = g_ptr_array_new_with_free_func(g_free);
    const struct sched_rsc *r = sched_rsc_by_id(s, name);
    const struct sched_tag *tag = NULL;

    if (r == NULL) {
        r = sched_rsc_by_any_name(s, name);
    }
    if (r != NULL) {
        /* With an instance number exactly that one is meant, without it all of them. */
        g_ptr_array_add(filter, g_strdup(strchr(name, ':') != NULL ? r->id : status_rsc_name(r)));
        return filter;
    }
    tag = find_tag(s, name);
    for (unsigned i = 0; tag != NULL && i < tag->refs.len; i++) {
        g_ptr_array_add(filter, g_strdup(tag->refs.items[i]));
    }
    return filter;
}

/* --- names --- */

/* With the instance's number if the instance itself is unique, whatever its clone says. */
const char *
status_rsc_name(const struct sched_rsc *r)
{
    return (rsc_is(r, RSC_UNIQUE) || r->base_id == NULL) ? r->id : r->base_id;
}

const char *
status_agent(const struct sched_rsc *r, char *buffer, size_t size)
{
    bool provided = r->provider != NULL && text_equal(r->rsc_class, "ocf"); /* no other class has providers */

    g_snprintf(buffer, size, "%s%s%s:%s", r->rsc_class, provided ? ":" : "", provided ? r->provider : "", r->type);
    return buffer;
}

bool
status_rsc_is_disabled(const struct sched_rsc *r)
{
    const char *value = rsc_meta(r, "target-role");
    int role = value != NULL ? role_parse(value) : -1;

    if (role == ROLE_STOPPED) {
        return true;
    }
    return role == ROLE_UNPROMOTED && rsc_is(r, RSC_PROMOTABLE);
}

bool
status_is_implicit(const struct sched_rsc *r)
{
    return r->is_remote_node && rsc_is(r, RSC_INTERNAL);
}

/* --- state --- */

static bool
is_probe_task(const struct sched_rsc *r)
{
    return strcmp(r->pending_task, "probe") == 0;
}

bool
status_has_pending_action(const struct sched_rsc *r)
{
    return r->pending_task != NULL && !is_probe_task(r);
}

/* "Starting" and the like, or NULL. */
static const char *
pending_state(const struct status_view *v, const struct sched_rsc *r)
{
    static const struct {
        const char *task, *state;
    } states[] = {
        { "start", "Starting" },         { "stop", "Stopping" },     { "migrate_to", "Migrating" },
        { "migrate_from", "Migrating" }, { "promote", "Promoting" }, { "demote", "Demoting" },
    };

    if (r->pending_task == NULL || !(v->show & SHOW_PENDING)) {
        return NULL;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        if (strcmp(r->pending_task, states[i].task) == 0) {
            return states[i].state;
        }
    }
    return NULL;
}

/* "Monitoring", or NULL: pending, but no state of its own. */
static const char *
pending_task(const struct status_view *v, const struct sched_rsc *r)
{
    if (r->pending_task != NULL && (v->show & SHOW_PENDING) && strcmp(r->pending_task, "monitor") == 0) {
        return "Monitoring";
    }
    return NULL;
}

static const char *
displayed_role(const struct sched_rsc *r)
{
    /* An instance of a promotable clone that merely runs is unpromoted. */
    if (r->role == ROLE_STARTED && rsc_is(r, RSC_PROMOTABLE)) {
        return role_text(ROLE_UNPROMOTED);
    }
    return role_text(r->role);
}

bool
status_is_masked_probe(const struct sched_failed_op *op)
{
    const char *task = xml_get(op->xml, "operation");
    int rc = (int)xml_get_int(op->xml, "rc-code", 0);
    int status = (int)xml_get_int(op->xml, "op-status", 0);

    if (!text_equal(task, "monitor") || xml_get_int(op->xml, "interval", 0) != 0) {
        return false;
    }
    return rc == OCF_RC_NOT_INSTALLED || rc == OCF_RC_INVALID_PARAM || status == EXEC_NOT_INSTALLED;
}

/*
 * Is the resource meant by the operation key of a failure?  Of a clone and its instances it is the id of what is cloned
 * that counts; a key with an instance number means nobody.
 */
static bool
concerns(const struct sched_rsc *r, const xmlNode *xml)
{
    const struct sched_rsc *clone = r->kind == KIND_CLONE ? r : r->parent;
    const char *id = clone != NULL && clone->kind == KIND_CLONE && clone->child_xml != NULL ? xml_id(clone->child_xml) : r->id;
    const char *key = xml_get(xml, "operation_key");
    size_t len = strlen(id);

    return strchr(id, ':') == NULL && key != NULL && strncmp(key, id, len) == 0 && key[len] == '_';
}

const char *
status_probe_failure(const struct status_view *v, const struct sched_rsc *r, const struct sched_node *node)
{
    for (unsigned i = 0; i < v->s->failed_ops.len; i++) {
        const struct sched_failed_op *op = &v->s->failed_ops.items[i];

        const char *where = xml_get(op->xml, "on_node");

        /* It counts where it says that it ran, whoever has it in the history; old versions wrote entries that do not say it. */
        if (where != NULL && (node == NULL || text_equal(where, node->uname)) && op->rsc != NULL && concerns(r, op->xml)
            && status_is_masked_probe(op)) {
            return ocf_rc_text((int)xml_get_int(op->xml, "rc-code", 0));
        }
    }
    return NULL;
}

/* --- text --- */

static void
append_flag(GString *to, bool *first, const char *flag)
{
    g_string_append(to, *first ? " (" : ", ");
    g_string_append(to, flag);
    *first = false;
}

static void
append_flags(GString *to, const struct status_view *v, const struct sched_rsc *r, const struct sched_node *node)
{
    bool first = true;
    const char *target_role = rsc_meta(r, "target-role");
    int role = target_role != NULL ? role_parse(target_role) : -1;

    if (node != NULL && !node->online && node->unclean) {
        append_flag(to, &first, "UNCLEAN");
    }
    if (node != NULL && node == r->lock.node) {
        append_flag(to, &first, "LOCKED");
    }
    if (pending_task(v, r) != NULL) {
        append_flag(to, &first, pending_task(v, r));
    }
    if (role == ROLE_STOPPED) {
        append_flag(to, &first, "disabled");
    } else if (role == ROLE_UNPROMOTED && rsc_is(r, RSC_PROMOTABLE)) {
        append_flag(to, &first, "target-role:");
        g_string_append(to, target_role);
    }
    if (rsc_is(r, RSC_BLOCKED)) {
        append_flag(to, &first, "blocked");
    } else if (!rsc_is(r, RSC_MANAGED)) {
        append_flag(to, &first, "unmanaged");
    }
    if (rsc_is(r, RSC_FAILURE_IGNORED)) {
        append_flag(to, &first, "failure ignored");
    }
    if (!first) {
        g_string_append_c(to, ')');
    }
}

/* The node that a line names: where it runs, else where it is about to, else where it is locked to. */
static const struct sched_node *
home_of(const struct sched_rsc *r)
{
    if (r->active_on.len > 0) {
        return r->active_on.items[0];
    }
    if (r->pending_task != NULL && !is_probe_task(r) && r->pending_node != NULL) {
        return r->pending_node;
    }
    return r->lock.node;
}

void
status_primitive_line(GString *to, const struct status_view *v, const struct sched_rsc *r,
                      const struct status_line *how)
{
    bool several = r->active_on.len > 1; /* of a replica without anything inside: its container */
    const struct sched_node *named = how->node != NULL ? how->node : r->lock.node;
    const struct sched_node *node = how->hide_node ? NULL : how->name != NULL ? named : home_of(r);
    const char *description = xml_get(r->xml, "description");
    const char *state = pending_state(v, r);
    char agent[512];

    g_string_append_printf(to, "%s\t(%s):\t", how->name != NULL ? how->name : status_rsc_name(r),
                           status_agent(r, agent, sizeof(agent)));
    if (rsc_is(r, RSC_ORPHAN)) {
        g_string_append(to, " ORPHANED");
    }
    if (rsc_is(r, RSC_FAILED)) {
        g_string_append(to, r->role == ROLE_PROMOTED ? " FAILED Promoted" : " FAILED");
    } else {
        g_string_append_printf(to, " %s", state != NULL ? state : displayed_role(r));
    }
    if (node != NULL && !several) {
        g_string_append_printf(to, " %s", node->uname);
    }
    if (r->role == ROLE_STOPPED) {
        const char *probe = status_probe_failure(v, r, node);

        if (probe != NULL) {
            g_string_append_printf(to, " (%s) ", probe);
        }
    }
    append_flags(to, v, r, several ? NULL : node);
    if (description != NULL && (how->hide_node || several)) {
        g_string_append_printf(to, " %s", description);
    }
    if (several && !how->hide_node) {
        g_string_append(to, " [");
        VEC_FOR_EACH(struct sched_node, on, r->active_on) {
            g_string_append_printf(to, " %s", on->uname);
        }
        g_string_append(to, " ]");
    }
}

char *
status_primitive_text(const struct status_view *v, const struct sched_rsc *r)
{
    GString *text = g_string_new(NULL);

    status_primitive_line(text, v, r, &(struct status_line){ .hide_node = (v->show & SHOW_RSC_ONLY) != 0 });
    return g_string_free(text, FALSE);
}

/* --- HTML and XML --- */

static const char *
css_class(const struct sched_rsc *r)
{
    if (!rsc_is(r, RSC_MANAGED)) {
        return "rsc-managed";
    }
    if (rsc_is(r, RSC_FAILED) || r->active_on.len == 0) {
        return "rsc-failed";
    }
    if (r->active_on.len > 1) {
        return "rsc-multiple";
    }
    return rsc_is(r, RSC_FAILURE_IGNORED) ? "rsc-failure-ignored" : "rsc-ok";
}

static void
primitive_xml(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    const char *state = pending_state(v, r);
    char agent[512];

    output_open_element(out, "resource", "id", status_rsc_name(r), "resource_agent",
                        status_agent(r, agent, sizeof(agent)), "role",
                        state != NULL ? state : displayed_role(r), "target_role", rsc_meta(r, "target-role"),
                        "active", bool_text(rsc_active(r, true)), "orphaned", bool_text(rsc_is(r, RSC_ORPHAN)),
                        "blocked", bool_text(rsc_is(r, RSC_BLOCKED)), "managed", bool_text(rsc_is(r, RSC_MANAGED)),
                        "failed", bool_text(rsc_is(r, RSC_FAILED)), "failure_ignored",
                        bool_text(rsc_is(r, RSC_FAILURE_IGNORED)), NULL);
    output_attr_int(out, "nodes_running_on", r->active_on.len);
    output_attr(out, "pending", pending_task(v, r));
    if (r->lock.node != NULL) {
        output_attr(out, "locked_to", r->lock.node->uname);
    }
    VEC_FOR_EACH(struct sched_node, node, r->active_on) {
        output_element(out, "node", "name", node->uname, "id", node->uuid, "cached", bool_text(node->online),
                       NULL);
    }
    output_close_element(out);
}

void
status_primitive(struct output *out, const struct status_view *v, const struct sched_rsc *r,
                 const struct status_line *how)
{
    if (output_is_structured(out)) {
        primitive_xml(out, v, r);
        return;
    }

    GString *line = g_string_new(NULL);

    status_primitive_line(line, v, r, how);
    output_item_spans(out, &(struct output_span){ css_class(r), line->str }, 1);
    g_string_free(line, TRUE);
}

bool
status_rsc(struct output *out, const struct status_view *v, const struct sched_rsc *r)
{
    if (!status_shows_rsc(v, r)) {
        return false;
    }
    switch (r->kind) {
        case KIND_GROUP: return status_group(out, v, r);
        case KIND_CLONE: return status_clone(out, v, r);
        case KIND_BUNDLE: return status_bundle(out, v, r);
        case KIND_PRIMITIVE: break;
    }
    if (status_is_implicit(r) && !(v->show & SHOW_IMPLICIT) && !output_is_structured(out)) {
        return false;
    }
    status_primitive(out, v, r, &(struct status_line){ .hide_node = (v->show & SHOW_RSC_ONLY) != 0 });
    return true;
}

void
status_resource(struct output *out, const struct status_view *v, struct sched_rsc *r)
{
    status_rsc(out, v, r);
}
