/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups: their colocations become those of the first and last member, then the members are placed one after the
 * other; that they end up together is the effect of their internal colocations.  (spec 41 §12)
 */
#include "lib/sched/assign/assign.h"

/* (spec 41 §12.1, 2) */
static void
hand_colocations_to_members(struct sched *s, struct sched_rsc *r)
{
    struct sched_rsc *first = r->children.items[0], *last = r->children.items[r->children.len - 1];
    bool behind_unmanaged = false;

    for (unsigned i = 0; i < r->this_with.len; i++) {
        coloc_file_dependent(s, first, r->this_with.items[i]);
    }
    VEC_FOR_EACH (struct sched_rsc, member, r->children) {
        if (behind_unmanaged) {
            /* The unmanaged one in front stays where it is, so it cannot pass the obligation on. */
            for (unsigned i = 0; i < r->this_with.len; i++) {
                if (r->this_with.items[i]->score >= SCORE_INFINITY) {
                    coloc_file_dependent(s, member, r->this_with.items[i]);
                }
            }
        } else if (!rsc_is(member, RSC_MANAGED)) {
            behind_unmanaged = true;
        }
    }
    for (unsigned i = 0; i < r->with_this.len; i++) {
        coloc_file_primary(s, last, r->with_this.items[i]);
    }
    r->this_with.len = 0;
    r->with_this.len = 0;
    row_changed(&r->row);
}

struct sched_node *
assign_group(struct sched *s, struct sched_rsc *r, struct sched_node *prefer)
{
    struct sched_node *node = NULL;

    if (rsc_is(r, RSC_SETTLED)) {
        return r->assigned;
    }
    if (rsc_is(r, RSC_ASSIGNING)) {
        return NULL;
    }
    if (r->children.len == 0) {
        r->flags |= RSC_SETTLED;
        return NULL;
    }
    r->flags |= RSC_ASSIGNING;
    hand_colocations_to_members(s, r);
    line_scores(s, "pcmk__group_assign", r, true);

    VEC_FOR_EACH (struct sched_rsc, member, r->children) {
        struct sched_node *chosen = assign_resource(s, member, prefer);

        if (node == NULL) {
            node = chosen;
        }
    }
    rsc_set_next_role(r, r->children.items[0]->next_role, "first group member");
    r->flags = (r->flags & ~RSC_ASSIGNING) | RSC_SETTLED;
    r->assigned = rsc_is(r, RSC_COLLOCATED) ? node : NULL;
    return r->assigned;
}
