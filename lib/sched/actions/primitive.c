/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Actions that bring one primitive from where and what it is to where and what it should be.  Called for each
 * primitive after placement.  Never looks at other resources.  (spec 42 §3.1-§3.3)
 */
#include "lib/sched/actions/internal.h"

enum step { STEP_NONE, STEP_STOP, STEP_START, STEP_PROMOTE, STEP_DEMOTE };

/* The role that one step from `role` towards `target` leads to; equal to `role` when there is nothing to do. */
static enum sched_role
next_role_towards(enum sched_role role, enum sched_role target, enum step *step)
{
    static const struct {
        enum step step;
        enum sched_role role;
    } table[5][5] = {
        /* target:          Unknown                    Stopped                       Started */
        [ROLE_UNKNOWN] = {{STEP_NONE, ROLE_UNKNOWN}, {STEP_STOP, ROLE_STOPPED}, {STEP_STOP, ROLE_STOPPED},
                          {STEP_STOP, ROLE_STOPPED}, {STEP_STOP, ROLE_STOPPED}},
        [ROLE_STOPPED] = {{STEP_NONE, ROLE_STOPPED}, {STEP_NONE, ROLE_STOPPED}, {STEP_START, ROLE_STARTED},
                          {STEP_START, ROLE_UNPROMOTED}, {STEP_START, ROLE_UNPROMOTED}},
        [ROLE_STARTED] = {{STEP_NONE, ROLE_STARTED}, {STEP_STOP, ROLE_STOPPED}, {STEP_NONE, ROLE_STARTED},
                          {STEP_NONE, ROLE_UNPROMOTED}, {STEP_PROMOTE, ROLE_PROMOTED}},
        [ROLE_UNPROMOTED] = {{STEP_NONE, ROLE_UNPROMOTED}, {STEP_STOP, ROLE_STOPPED}, {STEP_STOP, ROLE_STOPPED},
                             {STEP_NONE, ROLE_UNPROMOTED}, {STEP_PROMOTE, ROLE_PROMOTED}},
        [ROLE_PROMOTED] = {{STEP_NONE, ROLE_PROMOTED}, {STEP_DEMOTE, ROLE_UNPROMOTED}, {STEP_DEMOTE, ROLE_UNPROMOTED},
                           {STEP_DEMOTE, ROLE_UNPROMOTED}, {STEP_NONE, ROLE_PROMOTED}},
    };

    *step = table[role][target].step;
    return table[role][target].role;
}

/* --- steps --- */

struct primitive_run {
    struct sched *s;
    struct sched_rsc *rsc;
    struct sched_node *current, *target; /* where it is, where it will be; NULL: nowhere */
    bool need_stop, need_promote, moving, migrate;
    bool restarting; /* in the restart phase */
};

/* Where it may stay while the other places are cleared: only the restart is spared, not a change of its role. */
static bool
expected_mode(const struct primitive_run *run, const struct sched_node *node)
{
    return rsc_is(run->rsc, RSC_STOP_UNEXPECTED) && run->restarting && run->rsc->next_role > ROLE_STOPPED && node != NULL
           && node == run->target;
}

static void
do_stop(const struct primitive_run *run, enum action_wanted wanted)
{
    struct sched *s = run->s;
    struct sched_rsc *rsc = run->rsc;

    VEC_FOR_EACH(struct sched_node, node, rsc->active_on) {
        enum action_wanted here = wanted;

        if (expected_mode(run, node)) {
            continue;
        }
        if (rsc->partial_target != NULL) {
            if (node == rsc->partial_target && node == run->target) {
                continue;
            }
            here = WANT_REQUIRED;
        }

        struct sched_action *stop = action_get(s, rsc, "stop", 0, node, here);

        if (run->target == NULL) {
            action_set_reason(s, stop, "node availability", true);
        } else if (run->restarting && rsc_is(rsc, RSC_STOP_UNEXPECTED)) {
            action_set_reason(s, stop, "being multiply active", true);
        }
        if (!rsc_is(rsc, RSC_MANAGED)) {
            stop->flags &= ~ACT_RUNNABLE;
        }
        if (s->opt.remove_after_stop) {
            rsc_cleanup_on(s, rsc, node, here == WANT_OPTIONAL);
        }
        if (s->unfencing_in_use && rsc->requires == REQUIRES_UNFENCING) {
            relation_add(s, stop, fence_action(s, node, "on", true, NULL, false), ORDER_TRF);
            if (!node_is_unfenced(node)) {
                sched_message(s, MSG_ERROR, MSG_PROCESSING, "stop_resource", "Stopping %s until %s can be unfenced", rsc->id,
                              node->uname);
            }
        }
    }
}

/* Created optional; required only if it can run: an unrunnable start stays optional (spec 42 §3.2). */
static void
do_start(const struct primitive_run *run, enum action_wanted wanted)
{
    struct sched_action *start = action_get(run->s, run->rsc, "start", 0, run->target, WANT_OPTIONAL);

    unfence_order(run->s, run->rsc, run->target, start, ORDER_FRT);
    if (act_is(start, ACT_RUNNABLE) && wanted == WANT_REQUIRED) {
        start->flags &= ~ACT_OPTIONAL;
    }
    if (expected_mode(run, run->target)) {
        start->flags |= ACT_PSEUDO;
    }
}

static void
do_promote(const struct primitive_run *run, enum action_wanted wanted)
{
    struct sched *s = run->s;
    bool runnable = true;

    for_each_with_key(start, s, run->rsc, "start", 0) {
        if (start->node == run->target && !act_is(start, ACT_RUNNABLE)) {
            runnable = false;
        }
    }
    if (!runnable) {
        for_each_with_key(promote, s, run->rsc, "promote", 0) {
            if (promote->node == run->target) {
                promote->flags &= ~ACT_RUNNABLE;
            }
        }
        return;
    }

    struct sched_action *promote = action_get(s, run->rsc, "promote", 0, run->target, wanted);

    if (expected_mode(run, run->target)) {
        promote->flags |= ACT_PSEUDO;
    }
}

static void
do_demote(const struct primitive_run *run, enum action_wanted wanted)
{
    VEC_FOR_EACH(struct sched_node, node, run->rsc->active_on) {
        if (!expected_mode(run, node)) {
            action_get(run->s, run->rsc, "demote", 0, node, wanted);
        }
    }
}

static void
do_step(const struct primitive_run *run, enum step step, enum action_wanted wanted)
{
    switch (step) {
    case STEP_STOP:
        do_stop(run, wanted);
        break;
    case STEP_START:
        do_start(run, wanted);
        break;
    case STEP_PROMOTE:
        do_promote(run, wanted);
        break;
    case STEP_DEMOTE:
        do_demote(run, wanted);
        break;
    case STEP_NONE:
        break;
    }
}

/*
 * Down to Stopped and up again to the current role: optional actions that others can make required, required ones if a
 * stop is needed (spec 42 §3.2, 7).
 */
static void
restart_phase(const struct primitive_run *run)
{
    struct sched_rsc *rsc = run->rsc;
    enum action_wanted wanted = run->need_stop ? WANT_REQUIRED : WANT_OPTIONAL;
    enum sched_role role = rsc->role;
    enum step step;

    while (role != ROLE_STOPPED) {
        enum sched_role next = next_role_towards(role, ROLE_STOPPED, &step);

        do_step(run, step, wanted);
        if (step == STEP_NONE) {
            break;
        }
        role = next;
    }
    while (rsc->role <= rsc->next_role && role != rsc->role && !rsc_is(rsc, RSC_BLOCKED)) {
        enum sched_role next = next_role_towards(role, rsc->role, &step);
        bool required = run->need_stop || (next == ROLE_PROMOTED && run->need_promote);

        do_step(run, step, required ? WANT_REQUIRED : WANT_OPTIONAL);
        role = next;
        if (step == STEP_NONE) {
            break;
        }
    }
}

static void
transition_phase(const struct primitive_run *run)
{
    struct sched_rsc *rsc = run->rsc;
    enum sched_role role = rsc->role;

    while (role != rsc->next_role) {
        enum step step;
        enum sched_role next = next_role_towards(role, rsc->next_role, &step);

        do_step(run, step, WANT_REQUIRED);
        if (step == STEP_NONE) {
            break;
        }
        role = next;
    }
}

/* --- preliminaries --- */

static void
stop_dangling_migrations(struct sched *s, struct sched_rsc *rsc)
{
    VEC_FOR_EACH(struct sched_node, node, rsc->dangling) {
        struct sched_action *stop = action_get(s, rsc, "stop", 0, node, WANT_REQUIRED);

        stop->flags |= ACT_DANGLING;
        if (s->opt.remove_after_stop) {
            rsc_cleanup_on(s, rsc, node, false);
        }
    }
}

static const char *
recovery_word(enum sched_multiple_active policy)
{
    switch (policy) {
    case MULTI_BLOCK:
        return "waiting for an administrator";
    case MULTI_STOP_ONLY:
        return "shutting it down";
    case MULTI_STOP_UNEXPECTED:
        return "stopping unexpected instances";
    default:
        return "attempting recovery";
    }
}

/*
 * A migration that history found half done goes on only if it still leads where the resource should be; then see
 * whether the resource is active too often (spec 42 §3.2, 3 and 4).
 */
static void
check_multiply_active(struct primitive_run *run, unsigned all, unsigned clean)
{
    struct sched_rsc *rsc = run->rsc;
    bool multiple = false;

    if (rsc->partial_source != NULL && rsc->partial_target != NULL && run->migrate && all == 2
        && run->current == rsc->partial_source && run->target == rsc->partial_target) {
        return;
    }
    if (rsc->partial_source != NULL || rsc->partial_target != NULL) {
        rsc->partial_source = rsc->partial_target = NULL;
        run->migrate = false;
        run->need_stop = true;
    } else {
        multiple = rsc_requires_fencing(rsc) ? all > 1 : clean > 1;
    }
    if (!multiple) {
        rsc->flags &= ~RSC_STOP_UNEXPECTED;
        return;
    }
    sched_message(run->s, MSG_ERROR, MSG_PROCESSING, __func__, "%s resource %s might be active on %u nodes (%s)",
                  rsc->rsc_class, rsc->id, all,
                  recovery_word(rsc->multiple_active));
    if (rsc->multiple_active == MULTI_STOP_START) {
        run->need_stop = true;
    } else if (rsc->multiple_active == MULTI_STOP_UNEXPECTED) {
        run->need_stop = true;
        rsc->flags |= RSC_STOP_UNEXPECTED;
    }
}

/* Not moving: does it have to be stopped all the same?  (spec 42 §3.2, 6) */
static void
check_restart(struct primitive_run *run)
{
    struct sched *s = run->s;
    struct sched_rsc *rsc = run->rsc;

    if (rsc_is(rsc, RSC_FAILED)) {
        if (rsc_is(rsc, RSC_STOP_NEEDED)) {
            run->need_stop = true;
        } else if (rsc->next_role == ROLE_PROMOTED) {
            run->need_promote = true;
        }
    } else if (rsc_is(rsc, RSC_BLOCKED)) {
        run->need_stop = true;
    } else if (rsc->role > ROLE_STARTED && run->current != NULL && run->target != NULL) {
        struct sched_action *start = action_get(s, rsc, "start", 0, run->target, WANT_OPTIONAL);

        if (act_required(start)) {
            run->need_stop = true;
        }
    }
}

void
create_primitive_actions(struct sched *s, struct sched_rsc *rsc)
{
    unsigned all = 0, clean = 0;
    struct primitive_run run = {.s = s, .rsc = rsc, .target = rsc->assigned};

    if (rsc->next_role == ROLE_UNKNOWN) {
        rsc->next_role = run.target ? ROLE_STARTED : ROLE_STOPPED;
    }
    run.current = rsc_current_node(rsc, &all, &clean);
    stop_dangling_migrations(s, rsc);
    if (run.current != NULL && run.target != NULL && run.current != run.target && rsc->next_role >= ROLE_STARTED) {
        run.moving = run.need_stop = true;
        run.migrate = migration_allowed(s, rsc, run.current);
    }
    check_multiply_active(&run, all, clean);
    if (rsc_is(rsc, RSC_START_PENDING)) {
        action_get(s, rsc, "start", 0, run.target, WANT_OPTIONAL)->flags |= ACT_PRINT_ALWAYS;
    }
    if (!run.moving) {
        check_restart(&run);
    }
    run.restarting = true;
    restart_phase(&run);
    run.restarting = false;
    transition_phase(&run);
    create_recurring(s, rsc);
    if (run.migrate) {
        create_migration(s, rsc, run.current);
    }
}
