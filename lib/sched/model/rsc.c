/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions about a resource that every stage asks: where it is in the tree, what it is set to, where it is active.
 * Nothing here decides anything.  (spec 40 §4.4, §5, spec 41 §1)
 */
#include "lib/sched/model/internal.h"

/* --- roles --- */

static const char *const role_names[] = { "Unknown", "Stopped", "Started", "Unpromoted", "Promoted" };

const char *
role_text(enum sched_role role)
{
    return role_names[role];
}

int
role_parse(const char *text)
{
    for (unsigned i = 0; text != NULL && i < G_N_ELEMENTS(role_names); i++) {
        if (g_ascii_strcasecmp(text, role_names[i]) == 0) {
            return (int)i;
        }
    }
    if (text_equal_nocase(text, "Slave")) {
        return ROLE_UNPROMOTED;
    }
    if (text_equal_nocase(text, "Master")) {
        return ROLE_PROMOTED;
    }
    return -1;
}

void
rsc_set_next_role(struct sched_rsc *r, enum sched_role role, const char *why)
{
    r->next_role = role;
    r->next_role_reason = why;
}

/*
 * What target-role asks for, as far as it restricts: Started and Promoted are what happens anyway.  (spec 40 §5.2)
 */
enum sched_role
rsc_target_role(struct sched *s, const struct sched_rsc *r)
{
    const char *value = rsc_meta(r, "target-role");
    int role;

    if (value == NULL || text_equal_nocase(value, "started") || text_equal_nocase(value, "default")) {
        return ROLE_UNKNOWN;
    }
    role = role_parse(value);
    if (role < 0 || role == ROLE_UNKNOWN) {
        CONFIG_ERROR(s, "Ignoring 'target-role' for %s because '%s' is not valid", r->id, value);
        return ROLE_UNKNOWN;
    }
    if (role > ROLE_STARTED) {
        const struct sched_rsc *top = rsc_top(r);

        if (rsc_is(top, RSC_PROMOTABLE)) {
            return role == ROLE_UNPROMOTED ? ROLE_UNPROMOTED : ROLE_UNKNOWN;
        }
        CONFIG_ERROR(s, "Ignoring 'target-role' for %s because '%s' only makes sense for promotable clones", r->id, value);
        return ROLE_UNKNOWN;
    }
    return role == ROLE_STOPPED ? ROLE_STOPPED : ROLE_UNKNOWN;
}

enum sched_role
rsc_role(const struct sched_rsc *r, bool next)
{
    enum sched_role highest = ROLE_UNKNOWN;

    if (r->kind == KIND_PRIMITIVE) {
        return next ? r->next_role : r->role;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        enum sched_role role = rsc_role(child, next);

        highest = MAX(highest, role);
    }
    return highest;
}

/* --- the tree --- */

struct sched_rsc *
rsc_top(const struct sched_rsc *r)
{
    while (r->parent != NULL && r->parent->kind != KIND_BUNDLE) {
        r = r->parent;
    }
    return (struct sched_rsc *)r;
}

struct sched_rsc *
rsc_outermost(const struct sched_rsc *r)
{
    while (r->parent != NULL) {
        r = r->parent;
    }
    return (struct sched_rsc *)r;
}

struct sched_rsc *
rsc_clone(const struct sched_rsc *r)
{
    for (; r != NULL; r = r->parent) {
        if (r->kind == KIND_CLONE) {
            return (struct sched_rsc *)r;
        }
    }
    return NULL;
}

struct sched_rsc *
rsc_bundle(const struct sched_rsc *r)
{
    for (r = r->parent; r != NULL; r = r->parent) {
        if (r->kind == KIND_BUNDLE) {
            return (struct sched_rsc *)r;
        }
    }
    return NULL;
}

bool
rsc_is_ancestor(const struct sched_rsc *ancestor, const struct sched_rsc *r)
{
    for (r = r->parent; r != NULL; r = r->parent) {
        if (r == ancestor) {
            return true;
        }
    }
    return false;
}

void
rsc_set_flag_deep(struct sched_rsc *r, unsigned flag, bool on)
{
    r->flags = on ? r->flags | flag : r->flags & ~flag;
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        rsc_set_flag_deep(child, flag, on);
    }
}

bool
rsc_blocked_deep(const struct sched_rsc *r)
{
    if (rsc_is(r, RSC_BLOCKED)) {
        return true;
    }
    VEC_FOR_EACH (const struct sched_rsc, child, r->children) {
        if (rsc_blocked_deep(child)) {
            return true;
        }
    }
    return false;
}

bool
rsc_contains_remote(const struct sched_rsc *r)
{
    VEC_FOR_EACH (struct sched_rsc, filler, r->fillers) {
        if (filler->is_remote_node) {
            return true;
        }
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (rsc_contains_remote(child)) {
            return true;
        }
    }
    return false;
}

/* The connection that a resource contains, itself or anywhere below; NULL if none. */
struct sched_rsc *
find_contained_remote(const struct sched *s, const struct sched_rsc *r)
{
    VEC_FOR_EACH (struct sched_rsc, filler, r->fillers) {
        if (filler->is_remote_node) {
            return filler;
        }
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        struct sched_rsc *found = find_contained_remote(s, child);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* --- parameters --- */

static struct nvtable *
read_params(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    struct rule_context ctx = plain_rule_context(s);
    struct nvtable *t = nvtable_new(s->arena);

    ctx.node_attrs = n == NULL ? NULL : &n->attrs;
    for (const struct sched_rsc *p = r; p != NULL; p = p->parent) {
        nvsets_read(p->xml, "instance_attributes", &ctx, NULL, NVSET_NORMAL, t);
    }
    if (s->rsc_defaults != NULL) {
        nvsets_read(s->rsc_defaults, "instance_attributes", &ctx, NULL, NVSET_NORMAL, t);
    }
    return t;
}

static bool
has_rules(const xmlNode *xml)
{
    xml_for_each (set, xml, "instance_attributes") {
        if (xml_get(set, "id-ref") != NULL || xml_first(set, "rule") != NULL) {
            return true;
        }
    }
    return false;
}

/* Do parameters depend on the node at all?  Almost never, and then one table serves all nodes. */
static bool
params_depend_on_node(const struct sched *s, const struct sched_rsc *r)
{
    for (; r != NULL; r = r->parent) {
        if (has_rules(r->xml)) {
            return true;
        }
    }
    return s->rsc_defaults != NULL && has_rules(s->rsc_defaults);
}

const struct nvtable *
rsc_params(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    if (n == NULL || !params_depend_on_node(s, r)) {
        if (r->params_nodeless == NULL) {
            r->params_nodeless = read_params(s, r, NULL);
        }
        return r->params_nodeless;
    }
    if (r->params == NULL) {
        r->params = arena_new_array(s->arena, struct nvtable *, s->row_cap);
    }
    if (r->params[n->id] == NULL) {
        r->params[n->id] = read_params(s, r, n);
    }
    return r->params[n->id];
}

bool
rsc_has_uname_addr(struct sched *s, struct sched_rsc *r)
{
    return r->replica != NULL && r->replica->remote == r
        && text_equal(nvtable_get(rsc_params(s, r, NULL), "addr"), "#uname");
}

const struct nvtable *
rsc_agent_params(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    const struct nvtable *t = rsc_params(s, r, n);
    const struct sched_rsc *container;
    struct nvtable *copy;
    const struct sched_node *host;

    if (!rsc_has_uname_addr(s, r)) {
        return t;
    }
    /* The host of the container is the address: the one it will be on, or else the one it is on. */
    container = r->replica->container;
    host = container->assigned;
    if (host == NULL) {
        host = rsc_current_node(container, NULL, NULL);
    }
    if (host == NULL) {
        return t;
    }
    copy = nvtable_new(s->arena);
    nvtable_set(copy, "addr", host->uname);
    nvtable_add_all(copy, t);
    return copy;
}

/* --- where it is --- */

bool
rsc_requires_fencing(const struct sched_rsc *r)
{
    return r->requires >= REQUIRES_FENCING;
}

struct sched_node *
rsc_current_node(const struct sched_rsc *r, unsigned *all, unsigned *clean)
{
    struct sched_node *current = NULL;
    bool found_clean = false;
    unsigned clean_count = 0;

    VEC_FOR_EACH (struct sched_node, n, r->active_on) {
        bool is_clean = n->online && !n->unclean;

        clean_count += is_clean;
        if (r->partial_source != NULL && n == r->partial_source) {
            current = n;
            found_clean = true; /* nothing beats it */
        } else if (current == NULL) {
            current = n;
            found_clean = is_clean;
            if (rsc_requires_fencing(r)) {
                found_clean = true; /* the first one, whatever its state */
            }
        } else if (!found_clean && is_clean && r->partial_source == NULL) {
            current = n;
            found_clean = true;
        }
    }
    if (r->partial_source != NULL) {
        VEC_FOR_EACH (struct sched_node, n, r->active_on) {
            if (n == r->partial_source) {
                current = n;
            }
        }
    }
    if (all != NULL) {
        *all = r->active_on.len;
    }
    if (clean != NULL) {
        *clean = clean_count;
    }
    return current;
}

bool
rsc_active_on(const struct sched_rsc *r, const struct sched_node *n)
{
    VEC_FOR_EACH (struct sched_node, each, r->active_on) {
        if (each == n) {
            return true;
        }
    }
    return false;
}

bool
rsc_known_on(const struct sched_rsc *r, const struct sched_node *n)
{
    return r->known_on != NULL && r->known_on[n->id];
}

bool
rsc_active(const struct sched_rsc *r, bool all)
{
    if (r->kind == KIND_PRIMITIVE) {
        VEC_FOR_EACH (struct sched_node, n, r->active_on) {
            if (n->online || n->unclean || !rsc_is(r, RSC_MANAGED)) {
                return true;
            }
        }
        return false;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (rsc_active(child, all) != all) {
            return !all;
        }
    }
    return all;
}

const struct sched_history *
rsc_history(const struct sched_rsc *r, const struct sched_node *n)
{
    for (unsigned i = 0; i < r->histories.len; i++) {
        if (r->histories.items[i]->node == n) {
            return r->histories.items[i];
        }
    }
    return NULL;
}

static void
collect_assigned(struct sched *s, const struct sched_rsc *r, sched_node_vec *out)
{
    if (r->kind == KIND_PRIMITIVE && r->assigned != NULL) {
        for (unsigned i = 0; i < out->len; i++) {
            if (out->items[i] == r->assigned) {
                return;
            }
        }
        arena_vec_push(s->arena, out, r->assigned);
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        collect_assigned(s, child, out);
    }
}

void
rsc_assigned_nodes(struct sched *s, struct sched_rsc *r, sched_node_vec *out)
{
    out->len = 0;
    collect_assigned(s, r, out);
}

static bool
instance_is_on(const struct sched_rsc *r, const struct sched_node *n, bool next)
{
    if (r->kind == KIND_PRIMITIVE) {
        return next ? r->assigned == n : rsc_active_on(r, n);
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (instance_is_on(child, n, next)) {
            return true;
        }
    }
    return false;
}

struct sched_rsc *
clone_instance_on(const struct sched_rsc *clone, const struct sched_node *n, bool next)
{
    VEC_FOR_EACH (struct sched_rsc, child, clone->children) {
        if (instance_is_on(child, n, next)) {
            return child;
        }
    }
    return NULL;
}

/* --- names --- */

const char *
rsc_agent_text(struct sched *s, const struct sched_rsc *r)
{
    if (r->provider != NULL && text_equal_nocase(r->rsc_class, "ocf")) {
        return arena_printf(s->arena, "%s:%s:%s", r->rsc_class, r->provider, r->type);
    }
    return arena_printf(s->arena, "%s:%s", r->rsc_class, r->type);
}

const char *
rsc_print_name(const struct sched_rsc *r)
{
    if (!rsc_is(r, RSC_UNIQUE) && r->history_name != NULL) {
        return r->history_name;
    }
    return r->id;
}

/* --- quorum --- */

enum sched_quorum_policy
sched_effective_quorum_policy(struct sched *s, struct sched_rsc *r)
{
    if (s->have_quorum) {
        return QUORUM_IGNORE;
    }
    if (s->opt.no_quorum_policy != QUORUM_DEMOTE) {
        return s->opt.no_quorum_policy;
    }
    if (r != NULL && (r->role == ROLE_PROMOTED || r->role == ROLE_UNPROMOTED)) {
        if (r->next_role > ROLE_UNPROMOTED) {
            rsc_set_next_role(r, ROLE_UNPROMOTED, "no-quorum-policy=demote");
        }
        return QUORUM_IGNORE;
    }
    return QUORUM_STOP;
}
