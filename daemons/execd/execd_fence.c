/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fence devices as resources: what the executor knows of them without asking the fencer.
 * Called by execd_queue.c and execd_core.c.  (spec 50 §7.5)
 */
#include "lib/base/text.h"
#include "lib/fence/fence_result.h"

#include "daemons/execd/execd_internal.h"

bool
fence_answer_at_once(const struct rsc *rsc, const struct op *op, struct exec_result *result)
{
    if (!text_is_one_of(op->action, "start", "stop", "monitor", NULL)) {
        exec_result_set(result, OCF_RC_ERROR, EXEC_ERROR, "Invalid fence device action (bug?)");
        return true;
    }
    if (!text_equal(op->action, "monitor") || op->interval_ms > 0) {
        return false;
    }
    switch (rsc->fence) {
    case FENCE_STARTED:
        exec_result_set(result, OCF_RC_OK, EXEC_DONE, NULL);
        break;
    case FENCE_LOST:
        exec_result_set(result, OCF_RC_ERROR, EXEC_ERROR, "Lost connection to fencer");
        break;
    default: /* the status is what peers expect, although nothing is wrong */
        exec_result_set(result, OCF_RC_NOT_RUNNING, EXEC_ERROR, NULL);
        break;
    }
    return true;
}

void
fence_note_result(struct rsc *rsc, const struct op *op, const struct exec_result *result)
{
    if (result->rc != OCF_RC_OK || result->status != EXEC_DONE) {
        return;
    }
    if (text_equal(op->action, "start")) {
        rsc->fence = FENCE_STARTED;
    } else if (text_equal(op->action, "stop")) {
        rsc->fence = FENCE_STOPPED;
    }
}

/*
 * Every operation of every device fails: the running one, those that wait, and the recurring ones, which stay
 * scheduled.  A device that was started is "lost" until it is started again.
 */
void
execd_core_fencer_lost(struct execd_core *core, struct execd_now now)
{
    g_autoptr(GList) resources = g_hash_table_get_values(core->resources);

    for (GList *item = resources; item != NULL; item = item->next) {
        struct rsc *rsc = item->data;
        struct exec_result lost = { 0 };

        if (rsc->kind != EXEC_STANDARD_STONITH) {
            continue;
        }
        if (rsc->fence == FENCE_STARTED) {
            rsc->fence = FENCE_LOST;
        }
        exec_result_set(&lost, OCF_RC_ERROR, EXEC_ERROR, "Lost connection to fencer");
        lost.raw = lost.rc;
        queue_fail_all(core, now, rsc, &lost);
        exec_result_clear(&lost);
    }
}

void
execd_map_fence_result(const char *action, const struct fence_result *from, struct exec_result *to)
{
    int rc = (from->rc == CRM_EX_OK) ? OCF_RC_OK : OCF_RC_ERROR;
    int status = from->status;

    switch (from->status) {
    case EXEC_NOT_CONNECTED:
    case EXEC_INVALID:
        status = EXEC_ERROR;
        break;
    case EXEC_NO_FENCE_DEVICE: /* a device that is not there is not running, and stopped already */
        rc = text_equal(action, "monitor") ? OCF_RC_NOT_RUNNING
             : text_equal(action, "stop")  ? OCF_RC_OK
                                           : OCF_RC_NOT_INSTALLED;
        status = EXEC_ERROR;
        break;
    case EXEC_NOT_SUPPORTED:
        rc = OCF_RC_UNIMPLEMENTED;
        break;
    default:
        break;
    }
    exec_result_set(to, rc, status, from->reason ? "%s" : NULL, from->reason);
    to->raw = rc;
    to->out = g_strdup(from->output);
}
