/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clones: their settings and their instances, which share the child's element.  Called by resources.c, and by the
 * history when more instances turn up than are configured.  (spec 40 §5.5)
 */
#include "lib/sched/model/internal.h"

#define MOST_INSTANCES 10000

/* A count: absent gives `def`, invalid or negative gives 0. */
static int
count_meta(const struct sched_rsc *r, const char *name, const char *legacy, int def)
{
    const char *value = rsc_meta(r, name);

    if (value == NULL && legacy != NULL) {
        value = rsc_meta(r, legacy);
    }
    if (value == NULL) {
        return def;
    }
    return (int)CLAMP(score_parse(value), 0, SCORE_INFINITY);
}

struct sched_rsc *
clone_add_instance(struct sched *s, struct sched_rsc *clone, bool orphan)
{
    struct sched_rsc *instance = rsc_unpack(s, clone->child_xml, clone, (int)clone->total_instances);

    if (instance == NULL) {
        return NULL;
    }
    clone->total_instances++;
    if (orphan) {
        rsc_set_flag_deep(instance, RSC_ORPHAN, true);
    }
    nvtable_add(&instance->meta, "clone-max", arena_printf(s->arena, "%d", clone->clone_max));
    arena_vec_push(s->arena, &clone->children, instance);
    return instance;
}

bool
clone_unpack(struct sched *s, struct sched_rsc *r)
{
    if (text_is_true(rsc_meta(r, "promotable"))) {
        r->flags |= RSC_PROMOTABLE;
    }
    if (rsc_is(r, RSC_PROMOTABLE)) {
        nvtable_set(&r->meta, "promotable", "true");
        r->promoted_max = count_meta(r, "promoted-max", "master-max", 1);
        r->promoted_node_max = count_meta(r, "promoted-node-max", "master-node-max", 1);
    }
    if (text_is_true(rsc_meta(r, "globally-unique"))) {
        r->flags |= RSC_UNIQUE;
    } else {
        r->flags &= ~RSC_UNIQUE;
    }
    r->clone_max = count_meta(r, "clone-max", NULL, MAX(1, (int)s->nodes.len));
    if (r->clone_max > MOST_INSTANCES) {
        /* Mistyped, and more than memory can hold. */
        CONFIG_ERROR_P(s, "clone-max of %s is %d: using %d, the most that a clone can have", r->id, r->clone_max, MOST_INSTANCES);
        r->clone_max = MOST_INSTANCES;
    }
    r->clone_node_max = count_meta(r, "clone-node-max", NULL, 1);
    r->clone_min = count_meta(r, "clone-min", NULL, 0);
    if (text_is_true(rsc_meta(r, "interleave"))) {
        r->flags |= RSC_INTERLEAVE;
    }
    if (text_is_true(rsc_meta(r, "ordered"))) {
        r->flags |= RSC_ORDERED;
    }
    if (!rsc_is(r, RSC_UNIQUE) && r->clone_node_max > 1) {
        CONFIG_ERROR(s, "Ignoring promoted-max for %s because anonymous clones support only one instance per node", r->id);
        r->clone_node_max = 1;
    }

    xml_for_each (child, r->xml, NULL) {
        if (xml_is(child, "primitive") || xml_is(child, "group")) {
            r->child_xml = child;
            break;
        }
    }
    if (r->child_xml == NULL) {
        CONFIG_ERROR(s, "%s has nothing to clone", r->id);
        return false;
    }
    /* What the clone is by default, its instances are by inheritance. */
    nvtable_add(&r->meta, "resource-stickiness", "1");
    if (r->stickiness == 0 && text_equal(rsc_meta(r, "resource-stickiness"), "1")) {
        r->stickiness = 1;
    }
    nvtable_set(&r->meta, "globally-unique", rsc_is(r, RSC_UNIQUE) ? "true" : "false");

    if (r->clone_max <= 0) {
        /* One, so that there is something to look at; it will never run. */
        if (clone_add_instance(s, r, true) == NULL) {
            return false;
        }
    }
    /* An instance may turn out to be of a kind that lowers the limit. */
    for (int i = 0; i < r->clone_max; i++) {
        if (clone_add_instance(s, r, false) == NULL) {
            return false;
        }
    }
    r->next_role = rsc_target_role(s, r);
    return true;
}
