/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One entry of an operation history: what its result means for the resource's role and health.  The steps have the
 * letters of spec 40 §7.4.  Called by history.c, oldest entry first.
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

void
history_set_active_role(struct sched_rsc *r)
{
    r->role = rsc_is(rsc_top(r), RSC_PROMOTABLE) ? ROLE_UNPROMOTED : ROLE_STARTED;
}

void
failed_op_add(struct sched *s, struct sched_rsc *r, struct sched_node *n, const xmlNode *op)
{
    struct sched_failed_op failed = { op, n, r };
    const char *op_key = xml_get(op, "operation_key");
    char *key;

    if (!n->online) {
        return;
    }
    /* Entries of old versions have no key: they count as one (spec 81 §8). */
    key = g_strdup_printf("%s\037%s", n->uname, op_key != NULL ? op_key : "");
    if (!g_hash_table_contains(s->index->failed_ops, key)) {
        g_hash_table_add(s->index->failed_ops, arena_strdup(s->arena, key));
        arena_vec_push(s->arena, &s->failed_ops, failed);
    }
    g_free(key);
}

/* What a ban after a failure is for: the whole clone unless its instances differ (spec 41 §5.3). */
static struct sched_rsc *
ban_target(struct sched_rsc *r)
{
    return rsc_is(r, RSC_UNIQUE) ? r : rsc_top(r);
}

static void
ban_everywhere(struct sched *s, struct sched_rsc *r, const char *reason)
{
    rsc_score_add(s, r, NULL, -SCORE_INFINITY, reason, NULL);
}

/* When an operation ended, without the day of the week, which says nothing that the date does not (g_free). */
static char *
when_of(const struct sched_hist_op *op)
{
    char *when = op->last_change > 0 ? iso_ctime(op->last_change) : NULL;
    char *shown = g_strdup(when != NULL && strlen(when) > 4 ? when + 4 : "unknown time");

    g_free(when);
    return shown;
}

/* How it ended: the code's meaning, and what the agent says. */
static const char *
result_of(struct sched *s, const struct sched_hist_op *op)
{
    const char *reason = xml_get(op->xml, "exit-reason");

    if (reason == NULL || reason[0] == '\0') {
        return ocf_rc_text(op->effective_rc);
    }
    return arena_printf(s->arena, "%s: %s", ocf_rc_text(op->effective_rc), reason);
}

/* A failed stop where nobody can fence: hands off (spec 40 §7.4 B). */
static void
check_recoverable(struct sched *s, struct history_state *st, const struct sched_hist_op *op)
{
    if (text_equal(op->task, "stop") && !node_can_be_fenced(s, st->node)) {
        char *when = when_of(op);

        sched_message(s, MSG_ERROR, MSG_PROCESSING, __func__, "No further recovery can be attempted for %s because %s on "
                      "%s failed (%s) at %s" LOG_XT "rc=%d id=%s", st->rsc->id, op->task, st->node->uname, result_of(s, op),
                      when, op->effective_rc, op->id != NULL ? op->id : "");
        g_free(when);
        st->rsc->flags = (st->rsc->flags & ~RSC_MANAGED) | RSC_BLOCKED;
    }
}

static void
remap_by_rc(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    struct sched_rsc *r = st->rsc;

    op->effective_status = op->target_rc == -1 || op->target_rc != op->effective_rc ? EXEC_ERROR : EXEC_DONE;
    switch (op->effective_rc) {
    case OCF_RC_OK:
        if (op->probe && op->target_rc == OCF_RC_NOT_RUNNING) {
            op->effective_status = EXEC_DONE;
        }
        break;
    case OCF_RC_NOT_RUNNING:
        if (op->probe || op->target_rc == OCF_RC_NOT_RUNNING || !rsc_is(r, RSC_MANAGED)) {
            op->effective_status = EXEC_DONE;
            r->role = ROLE_STOPPED;
            st->on_fail = ONFAIL_IGNORE;
            rsc_set_next_role(r, ROLE_UNKNOWN, "not running");
        }
        break;
    case OCF_RC_PROMOTED:
        if (op->probe) {
            op->effective_status = EXEC_DONE;
        }
        r->role = ROLE_PROMOTED;
        break;
    case OCF_RC_DEGRADED_PROMOTED:
    case OCF_RC_FAILED_PROMOTED:
        r->role = ROLE_PROMOTED;
        op->effective_status = EXEC_ERROR;
        break;
    case OCF_RC_NOT_CONFIGURED:
        op->effective_status = EXEC_ERROR_FATAL;
        break;
    case OCF_RC_UNIMPLEMENTED:
        if (op->interval_ms > 0) {
            op->effective_status = EXEC_NOT_SUPPORTED;
            break;
        }
        check_recoverable(s, st, op);
        op->effective_status = EXEC_ERROR_HARD;
        break;
    case OCF_RC_INVALID_PARAM:
    case OCF_RC_INSUFFICIENT_PRIV:
    case OCF_RC_NOT_INSTALLED:
        check_recoverable(s, st, op);
        op->effective_status = EXEC_ERROR_HARD;
        break;
    default:
        if (op->effective_status == EXEC_DONE) {
            op->effective_status = EXEC_ERROR;
        }
        break;
    }
}

/* Step B.  True if this is a probe whose failure says no more than "cannot run here". */
static bool
remap(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    bool masked = op->probe && !rsc_is(st->rsc, RSC_IN_BUNDLE)
        && (op->rc == OCF_RC_NOT_INSTALLED || op->rc == OCF_RC_INVALID_PARAM || op->status == EXEC_NOT_INSTALLED);

    op->effective_rc = op->rc;
    op->effective_status = op->status;
    if (text_equal(op->task, "monitor") && (op->rc == OCF_RC_DEGRADED || op->rc == OCF_RC_DEGRADED_PROMOTED)) {
        op->effective_rc = op->rc == OCF_RC_DEGRADED ? OCF_RC_OK : OCF_RC_PROMOTED;
        failed_op_add(s, st->rsc, st->node, op->xml);
    }
    if (masked) {
        op->effective_status = EXEC_DONE;
        op->effective_rc = OCF_RC_NOT_RUNNING;
    }
    if (op->effective_status == EXEC_DONE || op->effective_status == EXEC_ERROR) {
        remap_by_rc(s, st, op);
    }
    return masked;
}

/* --- success: spec 40 §7.5 --- */

static void
clear_earlier_failure(struct history_state *st)
{
    struct sched_rsc *r = st->rsc;

    switch (st->on_fail) {
    case ONFAIL_STOP:
    case ONFAIL_FENCE:
    case ONFAIL_MIGRATE:
    case ONFAIL_STANDBY:
        break; /* a later success does not make up for it */
    case ONFAIL_BLOCK:
    case ONFAIL_IGNORE:
    case ONFAIL_DEMOTE:
    case ONFAIL_RECOVER:
    case ONFAIL_RESTART_CONTAINER:
        st->on_fail = ONFAIL_IGNORE;
        rsc_set_next_role(r, ROLE_UNKNOWN, "clear past failures");
        break;
    case ONFAIL_RESET_REMOTE:
        if (r->reconnect_interval == 0) {
            st->on_fail = ONFAIL_IGNORE;
            rsc_set_next_role(r, ROLE_UNKNOWN, "clear past failures and reset remote");
        }
        break;
    }
}

static void
apply_success(struct sched *s, struct history_state *st, struct sched_hist_op *op, int rc)
{
    struct sched_rsc *r = st->rsc;
    bool clear = false;

    if (rc == OCF_RC_NOT_INSTALLED) {
        r->role = ROLE_STOPPED;
    } else if (rc == OCF_RC_NOT_RUNNING) {
        clear = true;
    } else if (text_equal(op->task, "monitor")) {
        clear = st->last_failure != NULL && text_equal(op->key, st->last_failure->key);
        if (r->role < ROLE_STARTED) {
            history_set_active_role(r);
        }
    } else if (text_equal(op->task, "start")) {
        r->role = ROLE_STARTED;
        clear = true;
    } else if (text_equal(op->task, "stop")) {
        r->role = ROLE_STOPPED;
        clear = true;
    } else if (text_equal(op->task, "promote")) {
        r->role = ROLE_PROMOTED;
        clear = true;
    } else if (text_equal(op->task, "demote")) {
        clear = st->on_fail == ONFAIL_DEMOTE;
        r->role = ROLE_UNPROMOTED;
    } else if (text_equal(op->task, "migrate_from")) {
        r->role = ROLE_STARTED;
        clear = true;
    } else if (text_equal(op->task, "migrate_to")) {
        history_migrate_to_success(s, st, op);
    } else if (r->role < ROLE_STARTED) {
        history_set_active_role(r);
    }
    if (clear) {
        clear_earlier_failure(st);
    }
}

/* --- failure: spec 40 §7.4 F --- */

static void
report_cancellation(struct sched *s, const struct history_state *st, const struct sched_hist_op *op)
{
    char *when = op->last_change > 0 ? iso_ctime(op->last_change) : NULL;

    CONFIG_ERROR_P(s, "Resource history contains cancellation '%s' (%s of %s on %s at %s)",
                   op->id != NULL ? op->id : "(null)", op->task, st->rsc->id, st->node->uname,
                   when != NULL && strlen(when) > 4 ? when + 4 : "unknown time");
    g_free(when);
}

static void
report_failure(struct sched *s, const struct history_state *st, const struct sched_hist_op *op)
{
    char *when = when_of(op);

    sched_message(s, MSG_WARNING, op->effective_rc == OCF_RC_NOT_INSTALLED ? 0 : MSG_PROCESSING, __func__,
                  "Unexpected result (%s) was recorded for %s of %s on %s at %s" LOG_XT "rc=%d id=%s", result_of(s, op),
                  op->probe ? "probe" : op->task, st->rsc->id, st->node->uname, when, op->effective_rc,
                  op->id != NULL ? op->id : "");
    g_free(when);
}

/* False if the failure is to be ignored, which a missing agent's (it brings an override for "ignore") never is. */
static bool
apply_failure(struct sched *s, struct history_state *st, struct sched_hist_op *op, int override)
{
    struct sched_rsc *r = st->rsc;
    struct sched_op_config *config = op_config(s, r, op->key != NULL ? op->key : "", op->task, op->interval_ms); /* as it was called then */
    enum sched_on_fail response = override >= 0 && config->on_fail == ONFAIL_IGNORE ? (enum sched_on_fail)override
                                                                                     : config->on_fail;

    if (response == ONFAIL_IGNORE
        || (override < 0 && response == ONFAIL_RESTART_CONTAINER && text_equal(op->task, "stop"))) {
        char *when = when_of(op);

        sched_message(s, MSG_WARNING, 0, __func__, "Pretending failed %s (%s) of %s on %s at %s succeeded" LOG_XT "rc=%d id=%s",
                      op->task, result_of(s, op), r->id, st->node->uname, when, op->effective_rc, op->id != NULL ? op->id : "");
        g_free(when);
        apply_success(s, st, op, op->target_rc);
        r->flags |= RSC_FAILURE_IGNORED;
        failed_op_add(s, r, st->node, op->xml);
        if (response == ONFAIL_RESTART_CONTAINER && st->on_fail <= ONFAIL_RECOVER) {
            st->on_fail = response;
        }
        return false;
    }

    st->last_failure = op;
    if (!(op->effective_rc == OCF_RC_NOT_INSTALLED && !s->opt.symmetric_cluster)) {
        failed_op_add(s, r, st->node, op->xml);
    }
    report_failure(s, st, op);
    st->on_fail = MAX(st->on_fail, response);

    if (text_equal(op->task, "stop")) {
        rsc_score_add(s, r, st->node, -SCORE_INFINITY, "__stop_fail__", NULL);
    } else if (text_equal(op->task, "migrate_to")) {
        history_migrate_to_failure(s, st, op);
    } else if (text_equal(op->task, "migrate_from")) {
        history_migrate_from_failure(s, st, op);
    } else if (text_equal(op->task, "promote")) {
        r->role = ROLE_PROMOTED;
    } else if (text_equal(op->task, "demote")) {
        if (response == ONFAIL_BLOCK) {
            r->role = ROLE_PROMOTED;
            rsc_set_next_role(r, ROLE_STOPPED, "demote with on-fail=block");
        } else if (op->effective_rc == OCF_RC_NOT_RUNNING) {
            r->role = ROLE_STOPPED;
        } else {
            r->role = ROLE_UNPROMOTED;
        }
    }
    if (op->probe && op->effective_rc == OCF_RC_NOT_INSTALLED) {
        r->role = ROLE_STOPPED;
    } else if (r->role < ROLE_STARTED) {
        history_set_active_role(r); /* failed, so it may be running */
    }

    if (config->fail_role != ROLE_STARTED && r->next_role < config->fail_role) {
        rsc_set_next_role(r, config->fail_role, "failure");
    }
    if (config->fail_role == ROLE_STOPPED) {
        struct sched_rsc *clone = rsc_clone(r);
        struct sched_rsc *target = clone != NULL && !rsc_is(r, RSC_UNIQUE) ? clone : r;

        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            row_enter(&target->row, n, -SCORE_INFINITY);
        }
    }
    return true;
}

/* --- steps C to E --- */

/* Is a failure that lies back long enough forgotten?  A recurring one only where it can be run anew. */
static bool
apply_expired(struct history_state *st, struct sched_hist_op *op, bool masked)
{
    if (masked) {
        if (st->rsc->role <= ROLE_STOPPED) {
            st->rsc->role = ROLE_UNKNOWN;
        }
        return true;
    }
    if (op->interval_ms == 0) {
        return true;
    }
    if (st->node->online && !st->node->unclean) {
        op->restart_mismatch = true;
        return true;
    }
    return false;
}

static void
apply_pending(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    struct sched_rsc *r = st->rsc;

    if (text_equal(op->task, "start")) {
        r->flags |= RSC_START_PENDING;
        history_set_active_role(r);
    } else if (text_equal(op->task, "promote")) {
        r->role = ROLE_PROMOTED;
    } else if (text_equal(op->task, "migrate_to") && st->node->unclean) {
        struct sched_node *target = sched_node_by_name(s, xml_get(op->xml, "migrate_target"));

        if (target != NULL) {
            plan_stop(s, r, target);
        }
    }
    if (r->pending_task == NULL && (op->interval_ms > 0 || !text_equal(op->task, "monitor"))) {
        r->pending_task = op->task;
        r->pending_node = st->node;
    }
}

static void
apply_hard_error(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    if (!apply_failure(s, st, op, -1)) {
        return;
    }
    if (op->effective_status == EXEC_ERROR_HARD || op->effective_status == EXEC_NO_FENCE_DEVICE
        || op->effective_status == EXEC_NO_SECRETS) {
        bool missing = op->effective_rc == OCF_RC_NOT_INSTALLED; /* an agent that is not everywhere is no error */

        sched_message(s, missing ? MSG_NOTICE : MSG_ERROR, missing ? 0 : MSG_PROCESSING, __func__,
                      "Preventing %s from restarting on %s because of hard failure (%s)" QB_XS " rc=%d id=%s",
                      ban_target(st->rsc)->id, st->node->uname, result_of(s, op), op->effective_rc,
                      op->id != NULL ? op->id : "");
        rsc_score_add(s, ban_target(st->rsc), st->node, -SCORE_INFINITY, "hard-error", NULL);
    } else if (op->effective_status == EXEC_ERROR_FATAL) {
        sched_message(s, MSG_ERROR, MSG_PROCESSING, __func__,
                      "Preventing %s from restarting anywhere because of fatal failure (%s)" LOG_XT "rc=%d id=%s",
                      ban_target(st->rsc)->id, result_of(s, op), op->effective_rc, op->id != NULL ? op->id : "");
        ban_everywhere(s, ban_target(st->rsc), "fatal-error");
    }
}

static void
connection_lost(struct sched *s, struct history_state *st)
{
    if (st->node->kind == NODE_REMOTE && st->node->remote_rsc != NULL
        && rsc_is(st->node->remote_rsc, RSC_MANAGED)) {
        /* Ask for recovery of the connection; the operation itself failed as well. */
        st->node->remote_rsc->flags |= RSC_FAILED | RSC_STOP_NEEDED;
    }
}

void
history_apply_op(struct sched *s, struct history_state *st, struct sched_hist_op *op)
{
    bool masked;

    if (op->task == NULL || op->status < EXEC_PENDING || op->status > EXEC_NO_SECRETS) {
        return;
    }
    if (text_is_one_of(op->task, "notify", "meta-data", NULL)) {
        return;
    }

    /* A */
    if (op->status != EXEC_NOT_INSTALLED) {
        op->expired = history_op_expired(s, st, op);
    }
    /* B */
    masked = remap(s, st, op);
    /* C */
    if (op->expired && masked && op->rc != op->target_rc) {
        apply_expired(st, op, true);
        return;
    }
    if (op->expired && op->effective_rc != op->target_rc && apply_expired(st, op, false)) {
        return;
    }
    /* D */
    if (masked) {
        st->rsc->role = ROLE_STOPPED;
        failed_op_add(s, st->rsc, st->node, op->xml);
        rsc_score_add(s, ban_target(st->rsc), st->node, -SCORE_INFINITY, "masked-probe-failure", NULL);
        return;
    }
    /* E */
    switch (op->effective_status) {
    case EXEC_CANCELLED:
        report_cancellation(s, st, op);
        break;
    case EXEC_PENDING:
        apply_pending(s, st, op);
        break;
    case EXEC_DONE:
        apply_success(s, st, op, op->effective_rc);
        break;
    case EXEC_NOT_INSTALLED:
        rsc_score_add(s, ban_target(st->rsc), st->node, -SCORE_INFINITY, "hard-error", NULL);
        apply_failure(s, st, op, ONFAIL_MIGRATE);
        break;
    case EXEC_NOT_CONNECTED:
        connection_lost(s, st);
        apply_failure(s, st, op, -1);
        break;
    default:
        apply_hard_error(s, st, op);
        break;
    }
}
