/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller asks of the attribute manager, and what it does when that fails.  Called by join, matching,
 * fencing and shutdown.
 * Never reads attributes.  (spec 30 §18, spec 70 §11)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#define PROGRAM "pacemaker-controld"

static void
send_attrd(struct controld *c, xmlNode *take_msg, const char *what)
{
    struct ctl_effect *e = effect_new(c, CTL_ATTRD);

    e->xml = take_msg;
    e->text = g_strdup(what);
}

void
attr_update(struct controld *c, const char *node, const char *name, const char *value, bool remote)
{
    struct attrd_update update = {
        .name = name, .value = value, .node = node, .flags = remote ? ATTRD_UPDATE_REMOTE : ATTRD_UPDATE_PLAIN
    };

    send_attrd(c, attrd_msg_update(PROGRAM, &update), name);
}

/* Forget all that is known of a remote node. */
void
attr_purge(struct controld *c, const char *node)
{
    send_attrd(c, attrd_msg_peer_remove(PROGRAM, node, 0), "attributes of a remote node");
}

/* Have all attributes written to the CIB again. */
void
attr_refresh(struct controld *c)
{
    send_attrd(c, attrd_msg_refresh(PROGRAM, NULL), "all attributes");
}

/* One request for both attributes: the time of the failure first, then the count. */
void
attr_fail_count(struct controld *c, const char *node, const char *rsc, const char *task, guint interval_ms, const char *value,
                bool remote)
{
    g_autofree char *count = attrd_failure_name(ATTRD_FAIL_COUNT_PREFIX, rsc, task, interval_ms);
    g_autofree char *last = attrd_failure_name(ATTRD_LAST_FAILURE_PREFIX, rsc, task, interval_ms);
    g_autofree char *now = g_strdup_printf("%" G_GINT64_FORMAT, now_epoch(c));
    unsigned flags = remote ? ATTRD_UPDATE_REMOTE : ATTRD_UPDATE_PLAIN;
    struct attrd_update updates[] = {
        { .name = last, .value = now, .node = node, .flags = flags },
        { .name = count, .value = value, .node = node, .flags = flags },
    };

    send_attrd(c, attrd_msg_update_list(PROGRAM, updates, value != NULL ? 2 : 1), count);
}

void
attr_clear_failure(struct controld *c, const char *node, const char *rsc, const char *operation, const char *interval, bool remote)
{
    send_attrd(c, attrd_msg_clear_failure(PROGRAM, node, rsc, operation, interval, remote), "clear-failure");
}

void
ctl_on_attrd_failed(struct controld *c, struct ctl_time t, const char *what)
{
    event_begin(c, t);
    if (c->state >= S_STOPPING && c->state != S_HALT) {
        log_debug("Attribute manager did not take the update of %s while leaving", what);
    } else if (c->is_dc) {
        log_crit("Could not update %s at the attribute manager: leaving so that another node can be DC", what);
        exit_now(c, CRM_EX_FATAL);
    } else if (c->shutdown) {
        fsa_raise(c, I_FAIL, NULL, "attribute manager unreachable while shutting down");
    } else {
        log_err("Could not update %s at the attribute manager", what);
    }
    event_end(c);
}
