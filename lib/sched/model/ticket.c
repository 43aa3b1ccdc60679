/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ticket constraints: they act on their resources as soon as they are read, except for what concerns promotion.
 * (spec 40 §9.5, spec 41 §18.7)
 */
#include "lib/sched/model/internal.h"

static bool
role_matches(const struct sched_rsc *r, const struct sched_ticket_constraint *c)
{
    return c->role == ROLE_UNKNOWN || c->role == r->role;
}

static void
ban(struct sched *s, struct sched_rsc *r, const char *reason, const struct sched_ticket_constraint *c)
{
    rsc_score_add(s, r, NULL, -SCORE_INFINITY, reason, c->id);
}

/* A ticket that was lost while the resource is active. */
static void
apply_loss(struct sched *s, struct sched_rsc *r, const struct sched_ticket_constraint *c)
{
    switch (c->loss_policy) {
    case LOSS_STOP:
        ban(s, r, "__loss_of_ticket__", c);
        break;
    case LOSS_DEMOTE:
        /* Promotion is banned later, where roles are decided. */
        if (c->role != ROLE_PROMOTED) {
            ban(s, r, "__loss_of_ticket__", c);
        }
        break;
    case LOSS_FENCE:
        if (role_matches(r, c)) {
            ban(s, r, "__loss_of_ticket__", c);
            VEC_FOR_EACH (struct sched_node, n, r->active_on) {
                sched_fence_node(s, n, "deadman ticket was lost", false);
            }
        }
        break;
    case LOSS_FREEZE:
        if (role_matches(r, c)) {
            r->flags = (r->flags & ~RSC_MANAGED) | RSC_BLOCKED;
        }
        break;
    }
}

static void
apply_ticket(struct sched *s, struct sched_rsc *r, const struct sched_ticket_constraint *c)
{
    const struct sched_ticket *t = c->ticket;

    if (t->granted && !t->standby) {
        return;
    }
    if (r->kind != KIND_PRIMITIVE) {
        VEC_FOR_EACH (struct sched_rsc, child, r->children) {
            apply_ticket(s, child, c);
        }
        return;
    }
    if (!t->granted && r->active_on.len > 0) {
        apply_loss(s, r, c);
    } else if (!t->granted) {
        if (c->role != ROLE_PROMOTED || c->loss_policy == LOSS_STOP) {
            ban(s, r, "__no_ticket__", c);
        }
    } else if (c->role != ROLE_PROMOTED || c->loss_policy == LOSS_STOP) {
        ban(s, r, "__ticket_standby__", c);
    }
}

static void
ticket_constraint_new(struct sched *s, const xmlNode *xml, struct sched_rsc *r, struct sched_ticket *t,
                      const char *role_text)
{
    struct sched_ticket_constraint *c = arena_new_struct(s->arena, struct sched_ticket_constraint);
    const char *policy = xml_get(xml, "loss-policy");
    int role = role_parse(role_text);

    c->id = xml_id(xml);
    c->rsc = r;
    c->ticket = t;
    c->role = role <= ROLE_UNKNOWN || role == ROLE_STARTED ? ROLE_UNKNOWN : (enum sched_role)role;
    if (text_equal_nocase(policy, "fence")) {
        if (s->opt.stonith_enabled) {
            c->loss_policy = LOSS_FENCE;
        } else {
            CONFIG_ERROR(s, "Resetting 'loss-policy' for ticket '%s' to 'stop' because fencing is not configured", t->id);
            c->loss_policy = LOSS_STOP;
        }
    } else if (text_equal_nocase(policy, "freeze")) {
        c->loss_policy = LOSS_FREEZE;
    } else if (text_equal_nocase(policy, "demote")) {
        c->loss_policy = LOSS_DEMOTE;
    } else if (text_equal_nocase(policy, "stop")) {
        c->loss_policy = LOSS_STOP;
    } else {
        c->loss_policy = c->role == ROLE_PROMOTED ? LOSS_DEMOTE : LOSS_STOP;
    }
    arena_vec_push(s->arena, &s->ticket_constraints, c);
    arena_vec_push(s->arena, &r->tickets, c);
    if (!(s->flags & SCHED_STATUS_ONLY)) { /* what a lost ticket leads to is no part of what is */
        apply_ticket(s, r, c);
    }
}

static void
unpack_sets(struct sched *s, const xmlNode *xml, struct sched_ticket *t)
{
    xml_for_each (raw, xml, "resource_set") {
        const xmlNode *set = rules_resolve(raw, s->refs);

        if (set == NULL) {
            return;
        }
        xml_for_each (ref, set, "resource_ref") {
            struct sched_rsc *r = constraint_rsc(s, xml_id(ref));

            if (r == NULL) {
                CONFIG_ERROR(s, "%s: No resource found for %s", xml_id(set), xml_id(ref));
                return;
            }
            ticket_constraint_new(s, xml, r, t, xml_get(set, "role"));
        }
    }
}

void
ticket_unpack(struct sched *s, const xmlNode *xml)
{
    const char *ticket_id = xml_get(xml, "ticket"), *ref = xml_get(xml, "rsc");
    struct sched_ticket *t;
    struct sched_rsc *r;
    struct sched_tag *tag;
    bool bad;

    if (ticket_id == NULL) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' without ticket", xml_id(xml));
        return;
    }
    t = ticket_find_or_add(s, ticket_id);
    if (xml_first(xml, "resource_set") != NULL) {
        const xmlNode *expanded = constraint_expand_sets(s, xml, &bad);

        unpack_sets(s, expanded != NULL ? expanded : xml, t);
        return;
    }
    if (ref == NULL) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' without resource", xml_id(xml));
        return;
    }
    if (!constraint_ref(s, ref, &r, &tag)) {
        CONFIG_ERROR(s, "Ignoring constraint '%s' because '%s' is not a valid resource or tag", xml_id(xml), ref);
        return;
    }
    if (r != NULL) {
        ticket_constraint_new(s, xml, r, t, xml_get(xml, "rsc-role"));
        return;
    }
    for (unsigned i = 0; i < tag->refs.len; i++) {
        r = constraint_rsc(s, tag->refs.items[i]);
        if (r == NULL) {
            CONFIG_ERROR(s, "%s: No resource found for %s", tag->id, tag->refs.items[i]);
            return;
        }
        ticket_constraint_new(s, xml, r, t, xml_get(xml, "rsc-role"));
    }
}
