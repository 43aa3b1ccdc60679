/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fencing operation as its originator carries it out: whom to ask now, what an answer or a missing one leads to; levels,
 * the two halves of a reboot, nodes that reset themselves.
 * Called by fenced_core.c and fenced_op.c.  Runs no agent.  (spec 60 §11, §14.3)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

/* How often a target is told to reset itself that comes back as another process each time. */
#define MOST_STRANGERS 3

static bool
all_replies_in(const struct fenced_core *core, const struct op *op)
{
    return op->replies >= MIN(op->replies_expected, core->active->len);
}

/* --- where the operation stands --- */

/* What is done now: the halves of a reboot have actions of their own. */
static const char *
action_now(const struct op *op)
{
    return (op->phase == PHASE_OFF) ? "off" : (op->phase == PHASE_ON) ? "on" : op->action;
}

/* Id of the device whose turn it is, NULL without topology. */
static const char *
device_now(const struct op *op)
{
    return (op->devices != NULL && op->device < op->devices->len) ? op->devices->pdata[op->device] : NULL;
}

static bool
can_do_now(const struct op *op, const struct op_device *device)
{
    return !device->phase[op->phase].is_disallowed
           && (!text_equal(action_now(op), "on") || (device->flags & FENCE_SUPPORTS_ON));
}

/* --- levels (spec 60 §11.5) --- */

/* Begin with the next level that has devices; false: there is none. */
static bool
enter_next_level(const struct fenced_core *core, struct op *op)
{
    const struct topology *t = topology_find(core, op->target);

    if (op->phase != PHASE_REQUESTED) {
        log_notice("Undoing remap of reboot targeting %s for %s", op->target, op->client_name);
        op->phase = PHASE_REQUESTED;
    }
    do {
        op->level++;
    } while (t != NULL && op->level <= FENCE_LEVEL_MAX && (t->levels[op->level] == NULL || t->levels[op->level]->len == 0));
    if (t == NULL || op->level > FENCE_LEVEL_MAX) {
        return false;
    }
    if (op->devices != NULL) {
        g_ptr_array_unref(op->devices);
    }
    op->devices = g_ptr_array_copy(t->levels[op->level], (GCopyFunc) (void (*)(void)) g_strdup, NULL);
    g_ptr_array_set_free_func(op->devices, g_free);
    op->device = 0;
    if (op->level > 1 && op->delay_s > 0) {
        op->delay_s = 0;
    }
    log_debug("Trying fencing level %u targeting %s (%u devices) for %s", op->level, op->target, op->devices->len,
              op->client_name);
    if (op->devices->len > 1 && text_equal(op->action, "reboot")) {
        log_notice("Remapping multiple-device reboot targeting %s to 'off'" LOG_XT "id=%.8s", op->target, op->id);
        op->phase = PHASE_OFF;
    }
    return true;
}

void
op_enter_topology(struct fenced_core *core, struct op *op)
{
    if (topology_find(core, op->target) != NULL) {
        op->options |= FENCE_OPT_TOPOLOGY;
        enter_next_level(core, op);
    }
}

/* The node is off with all devices of the level: on again, but not with those that unfence when the node has started. */
static void
enter_phase_on(struct op *op)
{
    log_info("Remapped 'off' targeting %s complete, remapping to 'on' for %s", op->target, op->client_name);
    op->phase = PHASE_ON;
    for (unsigned i = op->devices->len; i > 0; i--) {
        if (op_holds(op->automatic, op->devices->pdata[i - 1])) {
            g_ptr_array_remove_index(op->devices, i - 1);
        }
    }
    op->device = 0;
}

/* Our own record of a device decides whether a node is turned on again by it. */
static bool
stays_off(const struct fenced_core *core, const struct op *op, const char *id)
{
    const struct device *device = device_find(core, id);

    if (device != NULL && text_equal_nocase(g_hash_table_lookup(device->params, "pcmk_reboot_action"), "off")) {
        log_info("Not turning %s back on using %s because the device is configured to stay off (pcmk_reboot_action='off')",
                 op->target, id);
        return true;
    }
    if (device == NULL || !(device_flags(device) & FENCE_SUPPORTS_ON)) {
        log_info("Not turning %s back on using %s because the agent doesn't support 'on'", op->target, id);
        return true;
    }
    return false;
}

/*
 * The devices with automatic unfencing that levels have not met, at their end; without levels all of them: any other
 * device's "on" would be no unfencing.
 */
static bool
enter_automatic(struct op *op)
{
    if (!text_equal(op->action, "on") || op->automatic->len == 0) {
        return false;
    }
    if (op->devices != NULL) {
        g_ptr_array_unref(op->devices);
    }
    op->devices = g_steal_pointer(&op->automatic);
    op->automatic = g_ptr_array_new_with_free_func(g_free);
    op->device = 0;
    op->level = FENCE_LEVEL_MAX; /* no other level makes up for a failure of these */
    return true;
}

/* The present device has done its part.  True if another has to; false: all is done. */
static bool
advance_device(const struct fenced_core *core, struct op *op)
{
    if (op->delay_s > 0) {
        op->delay_s = 0;
    }
    op->device++;
    for (;;) {
        while (op->phase == PHASE_ON && device_now(op) != NULL && stays_off(core, op, device_now(op))) {
            op->device++;
        }
        if (device_now(op) != NULL) {
            return true;
        }
        if (op->phase == PHASE_OFF) {
            enter_phase_on(op);
        } else if (!enter_automatic(op)) {
            return false;
        }
    }
}

/* --- time limits --- */

static void
start_total_timer(struct fenced_core *core, struct fenced_now now, struct op *op, const struct op_peer *peer,
                  unsigned at_least_s)
{
    if (op->total_due == 0) {
        op->total_timeout_s = MAX(op_with_reserve(op_total_of_peer(core, op, peer)), at_least_s);
        op->total_due = now.ms + (uint64_t) op->total_timeout_s * 1000;
        log_info("Total timeout set to %us for peer's fencing targeting %s" LOG_XT "id=%.8s", op->total_timeout_s,
                 op->target, op->id);
        op_tell_timeout(core, op);
    } else if (op->total_due < now.ms + (uint64_t) at_least_s * 1000) {
        op->total_due = now.ms + (uint64_t) at_least_s * 1000;
        op->total_timeout_s = (unsigned) ((op->total_due - op->started_ms) / 1000);
        op_tell_timeout(core, op);
    }
}

/* --- whom to ask --- */

enum peer_wish { WISH_VERIFIED, WISH_ANY, WISH_TARGET };

static bool
can_serve(const struct op *op, const struct op_peer *peer, enum peer_wish wish)
{
    const struct op_device *device;

    if (text_equal_nocase(peer->name, op->target) != (wish == WISH_TARGET)) {
        return false;
    }
    if (op->devices != NULL) {
        device = op_offered(peer, device_now(op));
        return device != NULL && !device->phase[op->phase].is_used && can_do_now(op, device)
               && (wish != WISH_VERIFIED || device->is_verified);
    }
    for (unsigned i = 0; !peer->is_tried && i < peer->devices->len; i++) {
        device = peer->devices->pdata[i];
        if (can_do_now(op, device) && (wish != WISH_VERIFIED || device->is_verified)) {
            return true;
        }
    }
    return false;
}

static struct op_peer *
find_peer(const struct op *op, enum peer_wish wish)
{
    for (unsigned i = 0; i < op->peers->len; i++) {
        if (can_serve(op, op->peers->pdata[i], wish)) {
            return op->peers->pdata[i];
        }
    }
    return NULL;
}

/* May the target be trusted to reset itself, with the device whose turn it is or without any? */
static bool
can_await_watchdog(const struct fenced_core *core, const struct op *op)
{
    const char *device = device_now(op);

    return !text_equal(action_now(op), "on") && (device == NULL || text_equal(device, FENCE_DEVICE_WATCHDOG))
           && (op->devices == NULL || device != NULL) && watchdog_fences(core, op->target);
}

enum choice { CHOICE_PEER, CHOICE_WAIT, CHOICE_NOBODY };

/*
 * Which peer is to fence?  (spec 60 §11.4)
 *   1. one other than the target with a verified device
 *   2. nobody yet, while answers may still come
 *   3. one other than the target with any device
 *   4. the target itself, but not to turn it on again
 *   5. the same for the next level; not if the watchdog is the present one's device and will do
 * With levels "a device" is the one whose turn it is.
 */
static enum choice
choose_peer(const struct fenced_core *core, struct op *op, struct op_peer **peer)
{
    do {
        *peer = find_peer(op, WISH_VERIFIED);
        if (*peer == NULL && op->query_due != 0 && !all_replies_in(core, op)) {
            return CHOICE_WAIT;
        }
        if (*peer == NULL) {
            *peer = find_peer(op, WISH_ANY);
        }
        if (*peer == NULL && op->phase != PHASE_ON) {
            *peer = find_peer(op, WISH_TARGET);
        }
        if (*peer != NULL) {
            return CHOICE_PEER;
        }
    } while (op->devices != NULL && op->phase != PHASE_ON && !can_await_watchdog(core, op) && enter_next_level(core, op));
    return CHOICE_NOBODY;
}

/* --- asking --- */

/* By then the target is off, with all the delay that its own fencer may take before (spec 60 §14.3). */
static void
await_watchdog(struct fenced_core *core, struct fenced_now now, struct op *op, const struct op_peer *peer)
{
    unsigned wait_s = (unsigned) MIN((core->watchdog_timeout_ms + 999) / 1000, G_MAXINT / 4);

    for (unsigned i = 0; peer != NULL && i < peer->devices->len; i++) {
        wait_s = MAX(wait_s, op_add_seconds((unsigned) (core->watchdog_timeout_ms + 999) / 1000,
                                         ((struct op_device *) peer->devices->pdata[i])->phase[op->phase].delay_s));
    }
    if (peer != NULL && op->delay_s > 0) {
        wait_s = op_add_seconds(wait_s, (unsigned) op->delay_s);
    }
    op->state = FENCE_STATE_EXECUTING;
    op->request_due = 0;
    op->watchdog_due = now.ms + (uint64_t) wait_s * 1000;
    start_total_timer(core, now, op, peer, wait_s + 1);
    log_notice("Waiting %us for %s to self-fence (%s) for client %s" LOG_XT "id=%.8s", wait_s, op->target, action_now(op),
               op->client_name, op->id);
}

static xmlNode *
execution_request(const struct op *op, const char *device, unsigned timeout_s)
{
    xmlNode *request = xml_new(NULL, FENCE_TAG_COMMAND);

    xml_set(request, F_NAME, FENCE_TAG_COMMAND);
    xml_set(request, F_TYPE, T_STONITH);
    xml_set(request, F_ST_ASYNC_ID, op->id);
    xml_set(request, F_ST_OPERATION, FENCE_OP_FENCE);
    xml_set_int(request, F_ST_CALLID, op->call_id);
    xml_set_int(request, F_ST_CALLOPTS, op->options & ~(unsigned) FENCE_OPT_NODE_ID);
    xml_set(request, F_ST_REMOTE_OP, op->id);
    xml_set(request, F_ST_TARGET, op->target);
    xml_set(request, F_ST_DEVICE_ACTION, action_now(op));
    xml_set(request, F_ST_ORIGIN, op->origin);
    xml_set(request, F_ST_CLIENTID, op->client_id);
    xml_set(request, F_ST_CLIENTNAME, op->client_name);
    xml_set_int(request, F_ST_TIMEOUT, timeout_s);
    xml_set_int(request, F_ST_DELAY, op->delay_s);
    xml_set(request, F_ST_DEVICE_ID, device);
    return request;
}

/* A device of the automatic ones that is asked to turn on needs not be asked again at the end. */
static void
forget_automatic(struct op *op, const char *device)
{
    guint index;

    if (text_equal(op->action, "on")
        && g_ptr_array_find_with_equal_func(op->automatic, device, g_str_equal, &index)) {
        g_ptr_array_remove_index(op->automatic, index);
    }
}

static void
send_execution_request(struct fenced_core *core, struct fenced_now now, struct op *op, struct op_peer *peer)
{
    const char *device = device_now(op);
    struct op_device *offer = (device != NULL) ? op_offered(peer, device) : NULL;
    unsigned timeout_s = (offer != NULL) ? op_device_timeout(op, offer, op->phase) : op_peer_timeout(op, peer);
    bool by_itself = watchdog_fences(core, op->target) && !text_equal(action_now(op), "on")
                     && (text_equal(device, FENCE_DEVICE_WATCHDOG) || text_equal_nocase(peer->name, op->target));

    op->was_executed = true;
    op->state = FENCE_STATE_EXECUTING;
    if (by_itself) {
        await_watchdog(core, now, op, peer);
    } else {
        start_total_timer(core, now, op, peer, 0);
        op->request_due = now.ms + (uint64_t) op_with_reserve(op_add_seconds(timeout_s, (unsigned) MAX(0, op->delay_s))) * 1000;
    }
    log_notice("Requesting that %s perform '%s' action targeting %s%s%s" LOG_XT "for client %s timeout=%us id=%.8s",
               peer->name, action_now(op), op->target, device ? " using " : "", device ? device : "", op->client_name,
               timeout_s, op->id);
    core_send_take(core, peer->name, execution_request(op, device, offer != NULL ? timeout_s : op->base_timeout_s));
    peer->is_tried = true;
    if (offer != NULL) {
        offer->phase[op->phase].is_used = true;
        forget_automatic(op, device);
    }
    if (op->delay_s > 0) {
        op->delay_s = 0; /* for the first device alone */
    }
}

/*
 * A target that is here, in good health, would not notice that it should be gone: it has to be told.  Without any delay: only its own
 * configuration knows how long that would be.  If its host has booted since the operation began, it says so instead.
 */
static void
tell_to_reset(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    xmlNode *request = execution_request(op, FENCE_DEVICE_WATCHDOG, op->base_timeout_s);

    log_notice("Requesting that %s reset itself" LOG_XT "for client %s id=%.8s", op->target, op->client_name, op->id);
    xml_set_int(request, F_ST_DELAY, -1);
    xml_set_int(request, FENCE_F_BEGUN, (long long) (now.ms - op->started_ms));
    core_send_take(core, op->target, request);
    op->was_executed = op->was_told = true;
}

/* Nobody is left to ask (spec 60 §11.6). */
static void
no_peer_left(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    struct fence_result result = { 0 };

    if (can_await_watchdog(core, op) && !op->was_told) {
        await_watchdog(core, now, op, NULL);
        if (core_peer_is_active(core, op->target)) {
            tell_to_reset(core, now, op);
        }
        return;
    }
    if (!all_replies_in(core, op)) {
        g_clear_pointer(&op->delegate, g_free);
        fence_result_set(&result, CRM_EX_ERROR, EXEC_TIMEOUT, "All nodes failed, or are unable, to fence target");
    } else if (op->was_executed && op->devices == NULL) {
        fence_result_copy(&result, &op->result);
    } else {
        g_clear_pointer(&op->delegate, g_free); /* who did an earlier part has not ended it */
        log_notice("Couldn't find anyone to fence (%s) %s using any device", op->action, op->target);
        fence_result_set(&result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, NULL);
    }
    op_decide(core, op, &result);
    fence_result_clear(&result);
}

static void
done(struct fenced_core *core, struct op *op)
{
    const struct fence_result success = { 0 };

    op_decide(core, op, &success);
}

static void
fence_with_somebody(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    struct op_peer *peer;

    if (op->devices == NULL) {
        enter_automatic(op);
    }
    for (;;) {
        enum choice choice = choose_peer(core, op, &peer);

        op->is_waiting = (choice == CHOICE_WAIT);
        if (choice == CHOICE_PEER) {
            send_execution_request(core, now, op, peer);
        } else if (choice == CHOICE_NOBODY && op->phase == PHASE_ON) {
            log_warn("Ignoring %s 'on' failure (no capable peers) targeting %s after successful 'off'", device_now(op),
                     op->target);
            if (advance_device(core, op)) {
                continue;
            }
            done(core, op);
        } else if (choice == CHOICE_NOBODY) {
            no_peer_left(core, now, op);
        }
        return;
    }
}

/* --- answers --- */

static struct op *
find_own(struct fenced_core *core, const char *from, const xmlNode *message)
{
    const char *id = fence_find_value(message, F_ST_REMOTE_OP);
    struct op *op = (id != NULL) ? g_hash_table_lookup(core->ops, id) : NULL;

    if (op == NULL || !op->is_own || op->is_decided || op_is_final(op)) {
        log_debug("Ignoring a reply from %s to fencing operation %s, which does not wait for it", from ? from : "?",
                  id ? id : "(none)");
        return NULL;
    }
    return op;
}

/* Does somebody offer each device of each level?  Then no more answers are needed. */
static bool
levels_are_covered(const struct fenced_core *core, const struct op *op)
{
    const struct topology *t = topology_find(core, op->target);

    for (unsigned level = 1; t != NULL && level <= FENCE_LEVEL_MAX; level++) {
        for (unsigned i = 0; t->levels[level] != NULL && i < t->levels[level]->len; i++) {
            bool found = false;

            for (unsigned j = 0; j < op->peers->len && !found; j++) {
                const struct op_peer *peer = op->peers->pdata[j];
                const struct op_device *device = op_offered(peer, t->levels[level]->pdata[i]);

                found = device != NULL && !device->phase[op->phase].is_disallowed
                        && (text_equal(op->action, "on") || !text_equal_nocase(peer->name, op->target));
            }
            if (!found) {
                return false;
            }
        }
    }
    return t != NULL;
}

static bool
may_begin(const struct fenced_core *core, const struct op *op)
{
    if (op->state != FENCE_STATE_QUERYING && !op->is_waiting) {
        return false;
    }
    return all_replies_in(core, op)
           || (op->devices != NULL ? levels_are_covered(core, op)
               : !text_equal(op->action, "on") && find_peer(op, WISH_VERIFIED) != NULL); /* who else has to unfence? */
}

void
op_handle_query_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    const xmlNode *data = fence_find_with(message, FENCE_F_AVAILABLE);
    struct op *op = find_own(core, from, message);

    if (op == NULL || data == NULL || from == NULL) {
        return;
    }
    op->replies++;
    if (xml_get_int(data, FENCE_F_AVAILABLE, 0) > 0) {
        struct op_peer *peer = op_read_offer(op, from, data);

        op_insert_peer(op, peer);
        log_info("Peer %s can fence (%s) %s with %u devices", from, op->action, op->target, peer->devices->len);
    }
    if (may_begin(core, op)) {
        fence_with_somebody(core, now, op);
    }
}

/* A device of a level has ended (or was never heard of again). */
static void
level_device_ended(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    bool success = fence_result_is_success(&op->result);

    if (!success && op->phase == PHASE_ON) {
        log_warn("Ignoring %s 'on' failure (%s) targeting %s after successful 'off'", device_now(op),
                 op->result.reason ? op->result.reason : exec_status_text(op->result.status), op->target);
        success = true;
    }
    if (success) {
        if (advance_device(core, op)) {
            fence_with_somebody(core, now, op);
        } else {
            done(core, op);
        }
    } else if (enter_next_level(core, op)) {
        fence_with_somebody(core, now, op);
    } else {
        op_decide(core, op, &op->result);
    }
}

void
op_handle_execution_reply(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    struct op *op = find_own(core, from, message);
    const char *device = fence_find_value(message, F_ST_DEVICE_ID);

    if (op == NULL) {
        return;
    }
    if (op->devices != NULL && !text_equal(device, device_now(op))) {
        log_debug("Ignoring a reply from %s about fencing %s with %s, whose turn is over", from ? from : "?", op->target,
                  device ? device : "?");
        return;
    }
    fence_result_clear(&op->result);
    fence_result_from_xml(&op->result, message);
    g_free(op->delegate);
    op->delegate = g_strdup(from);
    op->request_due = op->watchdog_due = 0;
    if (!fence_result_is_success(&op->result)) {
        log_notice("Action '%s' targeting %s%s%s by %s failed: %s", action_now(op), op->target,
                   op->devices ? " using " : "", op->devices ? device : "", from ? from : "?",
                   op->result.reason ? op->result.reason : exec_status_text(op->result.status));
    }
    if (op->devices != NULL) {
        level_device_ended(core, now, op);
    } else if (fence_result_is_success(&op->result) || op->result.status == EXEC_TIMEOUT) {
        op_decide(core, op, &op->result);
    } else {
        fence_with_somebody(core, now, op);
    }
}

/* --- time --- */

uint64_t
op_deadline(const struct op *op)
{
    const uint64_t due[] = { op->query_due, op->request_due, op->total_due, op->watchdog_due };
    uint64_t earliest = (op->has_returned || op->is_orphaned) && !op_is_final(op) ? 0 : UINT64_MAX;

    for (size_t i = 0; i < G_N_ELEMENTS(due) && !op_is_final(op); i++) {
        if (due[i] != 0) {
            earliest = MIN(earliest, due[i]);
        }
    }
    return earliest;
}

static void
fail(struct fenced_core *core, struct op *op, const char *reason)
{
    struct fence_result result = { 0 };

    g_clear_pointer(&op->delegate, g_free);
    fence_result_set(&result, CRM_EX_ERROR, EXEC_TIMEOUT, reason);
    op_decide(core, op, &result);
    fence_result_clear(&result);
}

/* The target has had the time that it needs to reset itself. */
static void
watchdog_expired(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    op->watchdog_due = 0;
    log_notice("Self-fencing (%s) of %s for %s assumed complete" LOG_XT "id=%.8s", action_now(op), op->target,
               op->client_name, op->id);
    g_clear_pointer(&op->delegate, g_free);
    fence_result_set(&op->result, CRM_EX_OK, EXEC_DONE, NULL);
    if (op->devices != NULL) {
        level_device_ended(core, now, op);
    } else {
        done(core, op);
    }
}

void
op_peer_returned(struct op *op, const char *name, bool is_stranger)
{
    if (op->watchdog_due != 0 && text_equal_nocase(op->target, name)) {
        op->has_returned = true;
        op->is_stranger = is_stranger;
    }
}

/*
 * The target has its peers again.  Either it was not away for long enough to be reset by its watchdog, which is fed again, or what told it
 * to reset itself has not reached it; or it was reset and has booted.  It knows: so it is told, and the time begins anew.
 * That its fencer is another process says nothing: processes end alone, and we may have been started after it was lost.  But peers that
 * do not compare the times would reset themselves after each boot that is faster than the timeout: those are believed in the end.
 */
static void
target_returned(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    op->has_returned = false;
    if (op->watchdog_due == 0 || op->is_decided || (op->is_stranger && op->told_strangers >= MOST_STRANGERS)) {
        return;
    }
    op->told_strangers += op->is_stranger;
    await_watchdog(core, now, op, NULL);
    tell_to_reset(core, now, op);
}

static void
query_expired(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    op->query_due = 0;
    if (op->state != FENCE_STATE_QUERYING && !op->is_waiting) {
        return;
    }
    if (op->peers->len > 0 || can_await_watchdog(core, op)) {
        fence_with_somebody(core, now, op);
    } else {
        fail(core, op, "No capable peers replied to device query within timeout");
    }
}

void
op_tick(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    if (op->is_orphaned) {
        op_give_up_orphan(core, now, op);
        return;
    }
    if (op->has_returned) {
        target_returned(core, now, op);
    } else if (op->watchdog_due != 0 && op->watchdog_due <= now.ms) {
        watchdog_expired(core, now, op);
    }
    if (op->total_due != 0 && op->total_due <= now.ms) {
        if (op->phase == PHASE_ON) {
            done(core, op); /* it is off: that it is not on again is no failure */
        } else {
            fail(core, op,
                 "Fencing did not complete within a total timeout based on the configured timeout and retries for any "
                 "devices attempted");
        }
        return;
    }
    if (op->query_due != 0 && op->query_due <= now.ms) {
        query_expired(core, now, op);
    }
    if (op->request_due != 0 && op->request_due <= now.ms) {
        op->request_due = 0;
        fence_result_set(&op->result, CRM_EX_ERROR, EXEC_TIMEOUT, "Peer did not return fence result within timeout");
        fence_with_somebody(core, now, op);
    }
}
