/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which resource an entry of a node's history means: by id, by history name, an instance of an anonymous clone, or an
 * orphan that is made for it.  Called by history.c.  (spec 40 §7.3)
 */
#include "lib/sched/model/internal.h"

/* Id without an instance number ("A:1" is "A"). */
static char *
base_name(const char *id)
{
    const char *colon = strrchr(id, ':');

    if (colon != NULL && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
        return g_strndup(id, (gsize)(colon - id));
    }
    return g_strdup(id);
}

/* The primitive with that base name in an instance: the instance itself or a member. */
static struct sched_rsc *
member_named(struct sched_rsc *instance, const char *base)
{
    if (instance->kind == KIND_PRIMITIVE) {
        return strcmp(instance->base_id, base) == 0 ? instance : NULL;
    }
    VEC_FOR_EACH (struct sched_rsc, member, instance->children) {
        if (strcmp(member->base_id, base) == 0) {
            return member;
        }
    }
    return NULL;
}

/* Where the members are counts, not what a group noted for itself. */
static bool
active_here(const struct sched_rsc *r, const struct sched_node *n)
{
    if (r->kind == KIND_PRIMITIVE) {
        return rsc_active_on(r, n);
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (active_here(child, n)) {
            return true;
        }
    }
    return false;
}

static bool
active_anywhere(const struct sched_rsc *r)
{
    if (r->kind == KIND_PRIMITIVE) {
        return r->active_on.len > 0;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (active_anywhere(child)) {
            return true;
        }
    }
    return false;
}

static bool
pending_elsewhere(const struct sched_rsc *r, const struct sched_node *n)
{
    if (r->pending_node != NULL && r->pending_node != n) {
        return true;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (pending_elsewhere(child, n)) {
            return true;
        }
    }
    return false;
}

static bool
pending_here(const struct sched_rsc *r, const struct sched_node *n)
{
    if (r->pending_node == n) {
        return true;
    }
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        if (pending_here(child, n)) {
            return true;
        }
    }
    return false;
}

static bool
is_blocked(const struct sched_rsc *r)
{
    return rsc_is(r, RSC_BLOCKED);
}

/* The instance of an anonymous clone that this node's history of `base` belongs to (spec 40 §7.3, 3). */
static struct sched_rsc *
anonymous_instance(struct sched *s, struct sched_node *n, struct sched_rsc *clone, const char *base)
{
    struct sched_rsc *found = NULL, *inactive = NULL;
    bool surplus = false;

    for (unsigned i = 0; i < clone->children.len && found == NULL; i++) {
        struct sched_rsc *instance = clone->children.items[i], *member;

        if (active_here(instance, n) || pending_here(instance, n)) {
            member = member_named(instance, base);
            if (member == NULL) {
                continue;
            }
            if (rsc_active_on(member, n)) {
                surplus = true; /* it has one here already: an orphan may take it, but no unused number */
            } else {
                found = member;
            }
        } else if (inactive == NULL && !active_anywhere(instance) && !pending_elsewhere(instance, n)
                   && !is_blocked(instance)) {
            inactive = member_named(instance, base);
        }
    }
    if (found == NULL && !surplus) {
        found = inactive;
    }
    /* Where nobody will make sure that the node is down, it gets an instance only of clones that run on all nodes. */
    if (found != NULL && !rsc_requires_fencing(found) && (!n->online || n->unclean) && !node_is_guest(n)
        && clone->clone_max != (int)s->nodes.len) {
        found = NULL;
    }
    if (found == NULL) {
        struct sched_rsc *orphan = clone_add_instance(s, clone, true);

        found = orphan == NULL ? NULL : member_named(orphan, base);
    }
    return found;
}

/* The instance inside the replica that is this node. */
static struct sched_rsc *
bundle_instance(const struct sched_rsc *bundle, const struct sched_node *n)
{
    for (unsigned i = 0; i < bundle->replicas.len; i++) {
        if (bundle->replicas.items[i]->node == n) {
            return bundle->replicas.items[i]->child;
        }
    }
    return NULL;
}

struct sched_rsc *
history_find_resource(struct sched *s, struct sched_node *n, const xmlNode *lrm_resource)
{
    const char *id = xml_id(lrm_resource);
    struct sched_rsc *r = rsc_named_first(s, id), *clone;
    char *base;

    if (r != NULL && r->kind != KIND_PRIMITIVE) {
        return NULL; /* a collective has no history: that of a removed primitive of the same name */
    }
    if (r == NULL) {
        base = base_name(id);
        char *zero = g_strdup_printf("%s:0", base);

        r = sched_rsc_by_id(s, zero);
        g_free(zero);
        g_free(base);
        if (r != NULL && (rsc_is(r, RSC_UNIQUE) || r->kind != KIND_PRIMITIVE)) {
            return NULL;
        }
    }
    if (r == NULL) {
        return NULL;
    }
    clone = rsc_clone(r);
    if (clone != NULL && !rsc_is(clone, RSC_UNIQUE)) { /* whatever the member says of itself */
        base = base_name(id);
        if (clone->parent != NULL) {
            r = bundle_instance(clone->parent, n); /* on one of the bundle's nodes, or it is something else */
        } else {
            r = anonymous_instance(s, n, clone, base);
        }
        g_free(base);
    }
    if (r != NULL && strcmp(id, r->id) != 0 && !text_equal(id, r->history_name)) {
        rsc_set_history_name(s, r, id);
    }
    return r;
}

/* --- orphans --- */

static xmlNode *
orphan_xml(struct sched *s, const xmlNode *lrm_resource)
{
    xmlNode *xml = xml_new(s->scratch, "primitive");

    xml_copy_attrs(xml, lrm_resource);
    xml_set(xml, "shutdown-lock", NULL);
    return xml;
}

struct sched_rsc *
history_new_orphan(struct sched *s, struct sched_node *n, const xmlNode *lrm_resource)
{
    struct sched_rsc *r;

    r = rsc_unpack(s, orphan_xml(s, lrm_resource), NULL, -1);
    if (r == NULL) {
        return NULL;
    }
    r->flags |= RSC_ORPHAN;
    r->priority_order = s->resources.len;
    arena_vec_push(s->arena, &s->resources, r);

    if (rsc_is(r, RSC_REMOTE_CONNECTION)) {
        struct sched_node *remote = sched_node_by_name(s, r->id);

        if (remote == NULL) {
            remote = node_create(s, r->id, r->id, NODE_REMOTE, NULL, NULL);
        }
        if (remote->state == NULL || remote->kind != NODE_REMOTE) {
            node_never_seen(s, remote);
        }
        r->is_remote_node = true;
        r->remote_node = remote;
        remote->remote_rsc = r;
        remote->shutdown = true;
        if (rsc_meta(r, "container") != NULL) {
            nvtable_set(&remote->attrs, "#kind", "container");
        }
    }
    if (s->opt.stop_orphan_resources) {
        rsc_score_add(s, r, NULL, -SCORE_INFINITY, "__orphan_do_not_run__", NULL);
    } else {
        r->flags &= ~RSC_MANAGED;
    }
    return r;
}
