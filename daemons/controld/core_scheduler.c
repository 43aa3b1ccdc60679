/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking the scheduler: when the CIB is quiet, with the newest copy of it, and taking only the answer that was
 * asked for last.  The copy is read once and then follows the CIB's notifications.  Called by the state machine.
 * Never looks into the graph.  (spec 30 §8, §21)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"
#include "lib/cib/cib_patch.h"

#define SCHEDULER_TIMEOUT_MS 120000

void
pe_connect(struct controld *c)
{
    if (!c->pe.connected && !c->pe.connecting) {
        c->pe.connecting = true;
        effect_new(c, CTL_CONNECT_SCHEDULER);
    }
}

static void
end_rest(struct controld *c)
{
    c->pe.resting = false;
    if (c->pe.narrowed) {
        c->pe.narrowed = false;
        match_tell_interest(c);
    }
}

void
pe_disconnect(struct controld *c)
{
    c->pe.counting = false;
    timer_cancel(c, TIMER_FAIL_COUNT);
    timer_cancel(c, TIMER_SCHEDULE_REST);
    end_rest(c);
    c->pe.wanted = false;
    c->pe.query = 0;
    pe_forget_cib(c);
    pe_forget_reply(c);
    if (c->pe.connected || c->pe.connecting) {
        c->pe.connected = c->pe.connecting = false;
        effect_new(c, CTL_DISCONNECT_SCHEDULER);
    }
}

/* What the scheduler is calculating now is out of date. */
void
pe_forget_reply(struct controld *c)
{
    if (c->pe.reference != NULL) {
        g_clear_pointer(&c->pe.reference, g_free);
        timer_cancel(c, TIMER_SCHEDULER);
    }
    g_clear_pointer(&c->pe_reply, xml_free);
}

static void
set_watchdog_property(const struct controld *c, xmlNode *cib)
{
    xmlNode *configuration = xml_first(cib, "configuration"), *config, *set, *pair = NULL;

    config = configuration != NULL ? xml_first(configuration, "crm_config") : NULL;
    if (config == NULL) {
        return;
    }
    xml_for_each (s, config, "cluster_property_set") {
        pair = xml_find(s, "nvpair", "name", "have-watchdog");
        if (pair != NULL) {
            break;
        }
    }
    if (pair == NULL) {
        set = xml_first(config, "cluster_property_set");
        if (set == NULL) {
            set = xml_new(config, "cluster_property_set");
            xml_set(set, "id", "cib-bootstrap-options");
        }
        pair = xml_new(set, "nvpair");
        xml_set(pair, "id", "cib-bootstrap-options-have-watchdog");
        xml_set(pair, "name", "have-watchdog");
    }
    xml_set(pair, "value", c->cfg.sbd_running ? "true" : "false");
}

/* ---- our copy of the CIB ---- */

void
pe_forget_cib(struct controld *c)
{
    g_clear_pointer(&c->pe.cib, xml_free);
    c->pe.saw = false;
}

/* `root`: has the attributes of the root element after the change, those that patchsets leave out included; may be NULL. */
void
pe_follow(struct controld *c, const xmlNode *patch, const xmlNode *root)
{
    struct cib_version source, now;

    if (patch == NULL || !cib_patch_versions(patch, &source, &c->pe.seen)) {
        pe_forget_cib(c);
        return;
    }
    c->pe.saw = true;
    if (c->pe.cib == NULL) {
        return;
    }
    if (cib_patch_apply_tree(&c->pe.cib, patch, CIB_PATCH_CHECK_VERSION | CIB_PATCH_CHECK_DIGEST) == RC_OK) {
        if (root != NULL) {
            xml_copy_attrs(c->pe.cib, root);
        }
        now = cib_version_of(c->pe.cib);
        if (cib_version_compare(&now, &c->pe.seen) == 0) {
            return;
        }
    }
    log_info("Our copy of the CIB does not follow it any more: reading it anew");
    g_clear_pointer(&c->pe.cib, xml_free);
}

/* ---- asking ---- */

static void
ask(struct controld *c)
{
    g_autofree char *from = g_strdup_printf("%u_pacemaker-controld", c->cfg.pid);
    xmlNode *cib, *msg;

    peers_refresh_from_cib(c->peers, c->pe.cib, now_epoch(c));
    cib = xml_copy(NULL, c->pe.cib);
    xml_set(cib, "dc-uuid", c->uuid);
    xml_set(cib, "have-quorum", c->quorate ? "1" : "0");
    if (c->ever_quorate && !c->quorate) {
        xml_set(cib, "no-quorum-panic", "1");
    }
    set_watchdog_property(c, cib);

    msg = msg_new(c, CRM_TASK_PE_CALC, SYS_SCHEDULER, from, NULL, cib);
    pe_forget_reply(c);
    c->pe.reference = g_strdup(xml_get(msg, F_REFERENCE));
    timer_arm(c, TIMER_SCHEDULER, SCHEDULER_TIMEOUT_MS);
    log_debug("Asking the scheduler (%s)", c->pe.reference);
    effect_new(c, CTL_SCHEDULE)->xml = msg;
}

static void
cib_arrived(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    struct cib_version version;

    if (GPOINTER_TO_UINT(arg) != c->pe.round || c->state != S_POLICY_ENGINE || !c->is_dc) {
        return; /* a newer query is under way, or nobody wants to know any more */
    }
    c->pe.query = 0;
    if (rc != RC_OK || data == NULL) {
        log_err("Could not read the CIB for the scheduler: %s", result_text(rc));
        fsa_raise(c, I_ERROR, NULL, "CIB not readable");
        return;
    }
    version = cib_version_of(data);
    if (c->pe.saw && cib_version_compare(&version, &c->pe.seen) < 0) {
        c->pe.wanted = true; /* a notification overtook the answer; that to the next question will show it */
        c->pe.saw = false;
        return;
    }
    xml_free(c->pe.cib);
    c->pe.cib = xml_copy(NULL, data);
    if (c->cib_writes > 0) {
        c->pe.wanted = true; /* something changes that this copy does not show yet */
        return;
    }
    ask(c);
}

/*
 * While the CIB changes all the time, each answer is out of date when it comes, and to ask for the next at once only takes
 * the time that the changes need.  So the first question is asked at once, the next ones at this distance, twice as far
 * after each answer that was of no use.
 */
enum { ASK_EVERY_MS = 40, ASK_EVERY_MAX_MS = 640 };

/*
 * In a rest as long as this a small CIB is not followed but read anew at its end: the changes that come meanwhile cannot make
 * the next calculation more due than it is, and to be woken for each costs more than all of that reading.
 */
enum { NARROW_FROM_MS = 320, NARROW_ELEMENTS = 2000 };

/* Counts elements up to the limit. */
static unsigned
count_elements(const xmlNode *node, unsigned limit)
{
    unsigned n = 1;

    xml_for_each (child, node, NULL) {
        if (n >= limit) {
            break;
        }
        n += count_elements(child, limit - n);
    }
    return n;
}

static void
begin_rest(struct controld *c, uint64_t distance)
{
    c->pe.resting = true;
    if (distance >= NARROW_FROM_MS && c->pe.cib != NULL && count_elements(c->pe.cib, NARROW_ELEMENTS) < NARROW_ELEMENTS) {
        c->pe.narrowed = true;
        pe_forget_cib(c);
        match_tell_interest(c);
    }
}

/* True if it is too early to ask again; then a timer is set. */
static bool
must_rest(struct controld *c)
{
    uint64_t distance = ASK_EVERY_MS, since = c->now.ms - c->pe.asked_ms;

    for (unsigned i = 0; i < c->pe.wasted && distance < ASK_EVERY_MAX_MS; i++) {
        distance *= 2;
    }
    if (!c->pe.asked || since >= distance) {
        return false;
    }
    if (!c->pe.resting) {
        begin_rest(c, distance);
        timer_arm(c, TIMER_SCHEDULE_REST, (long long)(distance - since));
    }
    return true;
}

void
pe_rested(struct controld *c)
{
    end_rest(c);
    pe_continue(c);
}

void
pe_invoke(struct controld *c)
{
    pe_forget_reply(c);
    if (!c->is_dc) {
        log_err("Not asking the scheduler: this node is not the DC");
        return;
    }
    if (!c->pe.connected) {
        c->pe.wanted = true;
        pe_connect(c);
        return;
    }
    if (c->cib_writes > 0 || c->pe.counting || must_rest(c)) {
        c->pe.wanted = true;
        return;
    }
    c->pe.wanted = false;
    end_rest(c);
    if (c->pe.asked && !c->pe.answered) {
        c->pe.wasted++;
    }
    c->pe.asked = true;
    c->pe.answered = false;
    c->pe.asked_ms = c->now.ms;
    c->pe.round++;
    if (c->pe.cib != NULL) {
        ask(c);
        return;
    }
    c->pe.query = cib_request(c, CIB_OP_QUERY, NULL, NULL, CIB_OPT_LOCAL, cib_arrived, GUINT_TO_POINTER(c->pe.round), NULL);
}

/*
 * A failed operation and its fail count reach the CIB on two ways.  Who calculates between them plans a recovery that
 * the count then aborts half done, and the resource, stopped by then, may end up elsewhere for no reason.  So the
 * count is waited for, but never long: an attribute manager in trouble must not hold up a recovery.
 */
#define FAIL_COUNT_WAIT_MS 250

void
pe_await_fail_count(struct controld *c)
{
    c->pe.counting = true;
    timer_arm(c, TIMER_FAIL_COUNT, FAIL_COUNT_WAIT_MS);
}

void
pe_fail_count_arrived(struct controld *c)
{
    if (c->pe.counting) {
        c->pe.counting = false;
        timer_cancel(c, TIMER_FAIL_COUNT);
        pe_continue(c);
    }
}

void
pe_continue(struct controld *c)
{
    if (c->pe.wanted && c->pe.connected && c->cib_writes == 0 && !c->pe.counting && !c->pe.resting) {
        c->pe.wanted = false;
        if (c->state == S_POLICY_ENGINE) {
            pe_invoke(c);
        }
    }
}

void
ctl_on_scheduler_connected(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    if (c->pe.connecting) {
        c->pe.connected = true;
        c->pe.connecting = false;
        c->pe.unreachable = false;
        pe_continue(c);
    }
    event_end(c);
}

/* Who leaves waits this long for a scheduler that is not there: nobody starts one while the stack goes down. */
#define LAST_WAIT_MS 3000

void
ctl_on_scheduler_unreachable(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    if (c->pe.connecting && c->shutdown && c->is_dc && c->state < S_STOPPING) {
        if (!c->pe.unreachable) {
            c->pe.unreachable = true;
            c->pe.unreachable_ms = c->now.ms;
        } else if (c->now.ms - c->pe.unreachable_ms >= LAST_WAIT_MS) {
            log_err("No scheduler to plan the shutdown of this node with: leaving without");
            c->pe.unreachable = false;
            fsa_raise(c, I_TERMINATE, NULL, "no scheduler while shutting down");
        }
    }
    event_end(c);
}

static void
save_core(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    if (rc == RC_OK && data != NULL) {
        struct ctl_effect *e = effect_new(c, CTL_SAVE_CORE);

        e->xml = xml_copy(NULL, data);
        e->text = g_strdup(c->cfg.te_uuid);
    }
    fsa_raise(c, I_ERROR, NULL, "lost the scheduler");
}

void
ctl_on_scheduler_lost(struct controld *c, struct ctl_time t)
{
    event_begin(c, t);
    if (c->pe.connected || c->pe.connecting) {
        c->pe.connected = c->pe.connecting = false;
        pe_forget_reply(c);
        if (c->is_dc && c->state < S_STOPPING && !c->shutdown) {
            log_crit("Lost connection to the scheduler");
            cib_request(c, CIB_OP_QUERY, NULL, NULL, CIB_OPT_LOCAL, save_core, NULL, NULL);
        } else if (c->shutdown && c->is_dc) {
            fsa_raise(c, I_TERMINATE, NULL, "lost the scheduler while shutting down");
        }
    }
    event_end(c);
}

void
ctl_on_scheduler_reply(struct controld *c, struct ctl_time t, const xmlNode *msg)
{
    const char *reference = xml_get(msg, F_REFERENCE);

    event_begin(c, t);
    if (!text_equal(xml_get(msg, F_CRM_TASK), CRM_TASK_PE_CALC)) {
        log_debug("Ignoring %s from the scheduler", xml_name(msg));
    } else if (c->pe.reference == NULL || !text_equal(reference, c->pe.reference)) {
        log_info("Ignoring graph %s of the scheduler: it was calculated from an outdated CIB", reference);
    } else {
        pe_forget_reply(c);
        c->pe.answered = true;
        c->pe.wasted = 0;
        c->pe_reply = xml_copy(NULL, msg);
        fsa_raise(c, I_PE_SUCCESS, NULL, "handle_response");
    }
    event_end(c);
}
