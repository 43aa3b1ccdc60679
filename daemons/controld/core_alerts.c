/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controller has to tell alert agents.  Called when nodes change, fencing is reported, or an operation has a result.
 * Who is told, and in which words, is in lib/exec/alerts; the executor runs the agents.  (spec 30 §19, spec 50 §11)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

/* Send to everybody who wants this kind. */
static void
send_alerts(struct controld *c, unsigned flag, const char *kind, GHashTable *facts)
{
    for (unsigned i = 0; i < c->alerts->len; i++) {
        const struct alert_entry *a = c->alerts->pdata[i];
        struct ctl_effect *e;

        if (!(a->flags & flag)) {
            continue;
        }
        e = effect_new(c, CTL_EXEC_ALERT);
        e->rsc = g_strdup(a->id);
        e->text = g_strdup(a->path);
        e->timeout_ms = a->timeout_ms;
        e->params = alert_environment(a, kind, facts, c->now.epoch_us);
    }
}

void
alert_node(struct controld *c, const struct peer *p)
{
    g_autoptr(GHashTable) facts = NULL;

    if (c->alerts->len == 0) {
        return;
    }
    facts = alert_facts_new();
    alert_add(facts, "node", p->name);
    alert_add_int(facts, "nodeid", p->id);
    alert_add(facts, "desc", peer_state_text(p->state));
    send_alerts(c, ALERT_NODES, "node", facts);
}

void
alert_fencing(struct controld *c, const struct ctl_fence_event *event)
{
    g_autoptr(GHashTable) facts = NULL;
    g_autofree char *desc = NULL;

    if (c->alerts->len == 0) {
        return;
    }
    facts = alert_facts_new();
    desc = g_strdup_printf("Operation %s of %s by %s for %s@%s: %s (ref=%s)", event->action, event->target,
                           event->executor != NULL ? event->executor : "<no-one>", event->client, event->origin,
                           event->status == EXEC_DONE && event->rc == 0 ? "OK" : exec_status_text(event->status), event->id);
    alert_add(facts, "node", event->target);
    alert_add(facts, "task", "st_notify_fence");
    alert_add(facts, "desc", desc);
    alert_add_int(facts, "rc", event->rc);
    send_alerts(c, ALERT_FENCING, "fencing", facts);
}

void
alert_resource(struct controld *c, const struct op_record *op)
{
    g_autoptr(GHashTable) facts = NULL;
    int target = 0;

    if (c->alerts->len == 0) {
        return;
    }
    if (op->userdata != NULL) {
        transition_key_parse(op->userdata, NULL, NULL, &target, NULL);
    }
    if (op->interval_ms == 0 && op->status == EXEC_DONE && op->rc == target && text_equal(op->action, "monitor")) {
        return; /* a probe that found what was expected */
    }
    facts = alert_facts_new();
    alert_add(facts, "node", c->cfg.node_name);
    alert_add(facts, "rsc", op->rsc);
    alert_add(facts, "task", op->action);
    alert_add_int(facts, "interval", op->interval_ms);
    alert_add_int(facts, "target_rc", target);
    alert_add_int(facts, "status", op->status);
    alert_add_int(facts, "rc", op->rc);
    alert_add(facts, "desc", op->status == EXEC_DONE ? ocf_rc_text(op->rc) : exec_status_text(op->status));
    alert_add_int(facts, "exec_time", op->status == EXEC_TIMEOUT && op->exec_ms == 0 ? op->timeout_ms : (long long)op->exec_ms);
    send_alerts(c, ALERT_RESOURCES, "resource", facts);
}
