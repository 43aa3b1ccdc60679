/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the agents of devices: a queue a device, start delays, a limit of parallel runs, retries, answers.
 * Called by fenced_core.c, fenced_op.c and fenced_search.c.  (spec 60 §3.2 st_execute, §8)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_internal.h"

#include <stdlib.h>

#define RETRY_PAUSE_MS  1000
#define DEFAULT_RETRIES 2

static void answer_take(struct fenced_core *core, struct fenced_now now, struct command *command, const struct fence_result *result,
                        bool merged);
static void answer_watchdog_take(struct fenced_core *core, struct fenced_now now, struct command *command);
static void try_next_device(struct fenced_core *core, struct fenced_now now, struct command *command,
                            const struct fence_result *result);

struct command *
command_new(enum command_kind kind, struct device *device, const char *action, const char *target, unsigned timeout_s)
{
    struct command *command = g_new0(struct command, 1);
    const char *own_timeout = params_action_option(device, params_effective_action(device, action), "timeout");

    command->kind = kind;
    command->device = device;
    command->device_id = g_strdup(device->id);
    command->action = g_strdup(action);
    command->target = g_strdup(target);
    command->timeout_s = (params_seconds(own_timeout) > 0) ? params_seconds(own_timeout) : timeout_s;
    return command;
}

void
command_free(gpointer data)
{
    struct command *command = data;

    xml_free(command->request);
    if (command->others != NULL) {
        g_ptr_array_unref(command->others);
    }
    g_free(command->device_id);
    g_free(command->action);
    g_free(command->target);
    g_free(command->ticket.client_id);
    g_free(command->peer);
    g_free(command);
}

/* --- starting --- */

static bool
is_fencing(const char *action)
{
    return text_is_one_of(action, "off", "reboot", "poweroff", NULL);
}

/*
 * Milliseconds to wait before an agent that takes a node down: what was asked for, the device's base, a random part up to
 * its maximum.  Random to the millisecond: two nodes that shoot at each other must not draw the same.
 */
static uint64_t
start_delay_ms(struct fenced_core *core, const struct command *command, int delay_s)
{
    const struct device *device = command->device;
    unsigned base, most, random_ms = 0;
    uint64_t delay_ms;

    if (delay_s < 0 || !is_fencing(command->action)) {
        return 0;
    }
    base = params_delay_base(g_hash_table_lookup(device->params, "pcmk_delay_base"), command->target);
    most = params_seconds(g_hash_table_lookup(device->params, "pcmk_delay_max"));
    if (most == 0) {
        most = base;
    } else if (base > most) {
        log_warn("Base delay (%us) of fence device '%s' is longer than its maximum (%us), which is used", base, device->id,
                 most);
        base = most;
    }
    if (most > base && core->random != NULL) {
        random_ms = core->random(MIN(most - base, G_MAXINT / 1000) * 1000, core->data);
    }
    delay_ms = ((uint64_t) base + (unsigned) delay_s) * 1000 + random_ms;
    if (delay_ms > 0) {
        log_notice("Delaying '%s' action%s%s using %s for %us" LOG_XT
                   "timeout=%us requested_delay=%ds base=%us max=%us random=%ums",
                   command->action, command->target ? " targeting " : "", command->target ? command->target : "",
                   device->id, (unsigned) (delay_ms / 1000), command->timeout_s, delay_s, base, most, random_ms);
    }
    return delay_ms;
}

static unsigned
elapsed_s(const struct command *command, struct fenced_now now)
{
    return (command->first_start == 0) ? 0 : (unsigned) ((now.ms - command->first_start) / 1000);
}

static bool
may_reset_this_node(const struct fenced_core *core, const struct command *command)
{
    return is_fencing(command->action) && text_equal_nocase(command->target, core->node)
           && watchdog_fences(core, core->node);
}

/* Has this host booted since the operation began?  Only what `tell_to_reset' has sent says when that was. */
static bool
was_reset_since(const struct fenced_core *core, const struct command *command)
{
    const char *text = fence_find_value(command->request, FENCE_F_BEGUN);
    long long begun_ms = (text != NULL) ? text_leading_int(text) : 0;

    return begun_ms > 0 && core->uptime_ms != NULL && core->uptime_ms(core->data) < (uint64_t) begun_ms;
}

/* The reserved device: this host goes down, and nobody is left to answer (spec 60 §14.3).  One that did so already says so. */
static void
reset_this_node(struct fenced_core *core, struct fenced_now now, struct command *command)
{
    const struct fence_result success = { 0 };

    if (was_reset_since(core, command)) {
        log_notice("Fencing (%s) of this host was asked for: it has been reset since", command->action);
        answer_take(core, now, command, &success, false);
        return;
    }
    log_crit("Resetting this host: fencing (%s) of %s by its own watchdog was asked for", command->action, command->target);
    core_add_effect(core, FENCED_PANIC);
    command_free(command);
}

static void
run(struct fenced_core *core, struct fenced_now now, struct command *command)
{
    struct device *device = command->device;
    struct fenced_effect *e;
    uint32_t node_id = 0;

    if (watchdog_is_agent(device->agent)) {
        reset_this_node(core, now, command);
        return;
    }
    e = core_add_effect(core, FENCED_RUN);
    if (command->target != NULL && core->node_id != NULL && !core->standalone) {
        node_id = core->node_id(command->target, core->data);
    }
    if (text_equal(command->action, "reboot") && !text_equal(params_effective_action(device, "reboot"), "reboot")) {
        log_notice("Agent '%s' does not support reboot, running 'off' instead", device->agent);
    }
    if (command->first_start == 0) {
        command->first_start = now.ms;
    }
    command->attempts++;
    command->run_id = ++core->run_id;
    device->running++;
    g_hash_table_insert(core->running, GUINT_TO_POINTER(command->run_id), command);
    e->run_id = command->run_id;
    e->agent = g_strdup(device->agent);
    e->device_id = g_strdup(device->id);
    if (command->timeout_s > 0) { /* what is left of it for another attempt; 0 would be none */
        e->timeout_s = MAX(command->timeout_s - MIN(elapsed_s(command, now), command->timeout_s), 1);
    }
    e->args = params_arguments(device, command->action, command->target, node_id);
}

void
device_start_waiting(struct fenced_core *core, struct fenced_now now, struct device *device)
{
    for (GList *item = device->waiting.head; item != NULL;) {
        struct command *command = item->data;
        GList *next = item->next;

        if (device->limit >= 0 && device->running >= (unsigned) device->limit) {
            return;
        }
        if (command->not_before <= now.ms) { /* one that has to wait does not hold up those behind it */
            g_queue_delete_link(&device->waiting, item);
            run(core, now, command);
        }
        item = next;
    }
}

void
command_submit_take(struct fenced_core *core, struct fenced_now now, struct command *command, int delay_s)
{
    uint64_t delay_ms;

    if (watchdog_is_agent(command->device->agent) && !may_reset_this_node(core, command)) {
        answer_watchdog_take(core, now, command);
        return;
    }
    delay_ms = start_delay_ms(core, command, delay_s);
    command->not_before = (delay_ms > 0) ? now.ms + delay_ms : 0;
    g_queue_push_tail(&command->device->waiting, command);
    device_start_waiting(core, now, command->device);
}

/* --- answers --- */

/* The completion reply (spec 60 §3.1); its st_device_action is the operation's name, as peers have it. */
static xmlNode *
completion(const struct command *command, const struct fence_result *result)
{
    xmlNode *reply = reply_new(command->request, result);

    xml_set(reply, F_ST_DEVICE_ID, command->device_id);
    xml_set(reply, F_ST_TARGET, command->target);
    xml_set(reply, F_ST_DEVICE_ACTION, fence_find_value(command->request, F_ST_OPERATION));
    return reply;
}

/* Is the device followed by another in a level of the target?  Then what it has done is only a part of the fencing. */
static bool
is_followed(const struct fenced_core *core, const struct command *command)
{
    const struct topology *topology = topology_find(core, command->target);
    const char *device = fence_find_value(command->request, F_ST_DEVICE_ID);

    for (unsigned i = 0; topology != NULL && device != NULL && i <= FENCE_LEVEL_MAX; i++) {
        const GPtrArray *ids = topology->levels[i];

        for (guint k = 0; ids != NULL && k + 1 < ids->len; k++) {
            if (text_equal(g_ptr_array_index(ids, k), device)) {
                return true;
            }
        }
    }
    return false;
}

/* A peer that is itself the target will not live to answer its client: everybody hears the result, if it is that of all the fencing. */
static void
answer_peer(struct fenced_core *core, const struct command *command, const struct fence_result *result, bool merged)
{
    const char *origin = fence_find_value(command->request, F_ST_ORIGIN);
    xmlNode *reply = completion(command, result);

    xml_set(reply, F_ST_ORIGIN, origin ? origin : command->peer);
    if (merged) {
        xml_set(reply, FENCE_F_MERGED, "true");
    }
    if (text_equal_nocase(command->peer, command->target) && is_fencing(command->action) && !is_followed(core, command)) {
        xml_set(reply, F_SUBTYPE, FENCE_SUBTYPE_BROADCAST);
        xml_set(reply, F_ST_OPERATION, FENCE_OP_NOTIFY);
        core_send_take(core, NULL, reply);
    } else {
        core_send_take(core, command->peer, reply);
    }
}

/* Whoever waits for this command is told; the command is gone. */
static void
answer_take(struct fenced_core *core, struct fenced_now now, struct command *command, const struct fence_result *result,
            bool merged)
{
    switch (command->kind) {
    case COMMAND_CLIENT:
        core_answer_take(core, &command->ticket, completion(command, result));
        break;
    case COMMAND_PEER:
        answer_peer(core, command, result, merged);
        break;
    case COMMAND_CHECK:
        search_checked(core, now, command->search, command->device, command->action, result);
        break;
    }
    command_free(command);
}

/* What the reserved device has no agent for succeeds; but it cannot fence another node than its own. */
static void
answer_watchdog_take(struct fenced_core *core, struct fenced_now now, struct command *command)
{
    struct fence_result result = { 0 };
    g_autofree char *reason = NULL;

    if (is_fencing(command->action)) {
        reason = g_strdup_printf("Only the watchdog of '%s' could fence it", command->target ? command->target : "");
        fence_result_set(&result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, reason);
    }
    answer_take(core, now, command, &result, false);
    fence_result_clear(&result);
}

/* --- the end of an agent --- */

static bool
shall_retry(struct fenced_now now, const struct command *command, const struct fence_result *result)
{
    const char *option = params_action_option(command->device, params_effective_action(command->device, command->action), "retries");
    long long most = (option != NULL) ? text_leading_int(option) : DEFAULT_RETRIES;

    if (fence_result_is_success(result) || result->status == EXEC_TIMEOUT || result->status == EXEC_NO_SECRETS) {
        return false;
    }
    if (command->attempts >= MAX(most, 1)) {
        if (most > 1) {
            log_info("Attempted to execute agent %s (%s) the maximum number of times (%lld)", command->device->agent,
                     command->action, most);
        }
        return false;
    }
    return elapsed_s(command, now) * 10 < command->timeout_s * 7;
}

static void
note_success(struct command *command)
{
    if (command->device != NULL && command->kind == COMMAND_CLIENT
        && text_is_one_of(command->action, "list", "monitor", "status", NULL)) {
        command->device->is_verified = true;
    }
}

/* Others that want the same of the same device have it now (spec 60 §8.6). */
static void
answer_equals(struct fenced_core *core, struct fenced_now now, const struct command *done, const struct fence_result *result)
{
    const char *client = fence_find_value(done->request, F_ST_CLIENTID);

    for (GList *item = done->device->waiting.head; item != NULL;) {
        struct command *other = item->data;
        GList *next = item->next;

        if (other->kind == COMMAND_PEER && text_equal_nocase(other->target, done->target)
            && text_equal(other->action, done->action)
            && !text_equal(fence_find_value(other->request, F_ST_CLIENTID), client)) {
            log_notice("Merging fencing action '%s'%s%s with an identical one that just ended", other->action,
                       other->target ? " targeting " : "", other->target ? other->target : "");
            g_queue_delete_link(&done->device->waiting, item);
            answer_take(core, now, other, result, true);
        }
        item = next;
    }
}

static void
end(struct fenced_core *core, struct fenced_now now, struct command *command, const struct fence_result *result)
{
    if (fence_result_is_success(result)) {
        note_success(command);
        if (command->kind == COMMAND_PEER && command->device != NULL) {
            answer_equals(core, now, command, result);
        }
    }
    if (command->kind != COMMAND_CHECK && command->others != NULL) {
        try_next_device(core, now, command, result);
    } else {
        answer_take(core, now, command, result, false);
    }
}

void
fenced_core_done(struct fenced_core *core, struct fenced_now now, unsigned run_id, const struct fence_result *result)
{
    struct command *command = g_hash_table_lookup(core->running, GUINT_TO_POINTER(run_id));
    struct device *device;

    if (command == NULL) {
        agent_info_done(core, now, run_id, result);
        return;
    }
    g_hash_table_remove(core->running, GUINT_TO_POINTER(run_id));
    command->run_id = 0;
    device = command->device;
    if (device != NULL) {
        device->running--;
    }
    if (!fence_result_is_success(result)) {
        log_info("Action '%s'%s%s of fence device '%s' failed: %s (exit status %d)%s%s", command->action,
                 command->target ? " targeting " : "", command->target ? command->target : "", command->device_id,
                 exec_status_text(result->status), result->rc, result->reason ? ": " : "",
                 result->reason ? result->reason : "");
    }
    if (device != NULL && shall_retry(now, command, result)) {
        log_notice("Attempt %u to execute %s (%s)", command->attempts + 1, device->agent, command->action);
        command->not_before = now.ms + RETRY_PAUSE_MS;
        g_queue_push_head(&device->waiting, command);
    } else {
        end(core, now, command, result);
    }
    if (device != NULL) {
        device_start_waiting(core, now, device);
    }
}

/* --- requests --- */

static void
set_ticket(struct ticket *to, const struct ticket *from)
{
    *to = *from;
    to->client_id = g_strdup(from->client_id);
}

static struct ticket
take_ticket(struct ticket *from)
{
    struct ticket taken = *from;

    from->client_id = NULL;
    return taken;
}

static void
refuse(struct fenced_core *core, const xmlNode *request, const struct ticket *ticket, int rc, int status, const char *reason)
{
    struct fence_result result = { 0 };

    fence_result_set(&result, rc, status, reason);
    core_answer_take(core, ticket, reply_new(request, &result));
    fence_result_clear(&result);
}

/* Asked for by controllers on nodes that have no such device, too: it is about all nodes. */
static void
execute_watchdog(struct fenced_core *core, const xmlNode *request, const char *action, const char *target,
                 const struct ticket *ticket)
{
    const struct command command = { .request = (xmlNode *) request,
                                     .device_id = (char *) FENCE_DEVICE_WATCHDOG,
                                     .target = (char *) target };
    struct fence_result result = { 0 };

    if (text_equal(action, "list")) {
        result.output = watchdog_list(core);
    }
    core_answer_take(core, ticket, completion(&command, &result));
    fence_result_clear(&result);
}

void
command_execute(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const struct ticket *ticket)
{
    const char *id = fence_find_value(request, F_ST_DEVICE_ID);
    const char *action = fence_find_value(request, F_ST_DEVICE_ACTION);
    const char *target = fence_find_value(request, F_ST_TARGET);
    struct device *device = (id != NULL) ? g_hash_table_lookup(core->devices, id) : NULL;
    struct command *command;
    struct fence_result missing = { 0 };
    g_autofree char *reason = NULL;

    if (id == NULL || action == NULL) {
        missing_information(&missing);
        core_answer_take(core, ticket, reply_new(request, &missing));
        fence_result_clear(&missing);
        return;
    }
    if (text_equal(id, FENCE_DEVICE_WATCHDOG) && core->watchdog_timeout_ms <= 0) {
        reason = g_strdup("Watchdog fence device not configured");
    } else if (text_equal(id, FENCE_DEVICE_WATCHDOG) && text_is_one_of(action, "list", "monitor", NULL)) {
        execute_watchdog(core, request, action, target, ticket);
        return;
    } else if (device == NULL) {
        reason = g_strdup_printf("'%s' not found", id);
    } else if (text_equal(action, "monitor") && !device->by_api) {
        reason = g_strdup_printf("'%s' not active", id);
    }
    if (reason != NULL) {
        refuse(core, request, ticket, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, reason);
        return;
    }
    command = command_new(COMMAND_CLIENT, device, action, target,
                          (unsigned) CLAMP(xml_get_int(request, F_ST_TIMEOUT, 0), 0, G_MAXINT / 4));
    command->request = xml_copy(NULL, request);
    set_ticket(&command->ticket, ticket);
    command_submit_take(core, now, command, (int) xml_get_int(request, F_ST_DELAY, 0));
}

/* --- fencing with one device after the other --- */

static struct command *
new_fence_command(struct fenced_core *core, const char *id, const xmlNode *request, const char *action, const char *target,
                  enum command_kind kind)
{
    struct device *device = g_hash_table_lookup(core->devices, id);
    struct command *command;

    if (device == NULL) {
        return NULL;
    }
    command = command_new(kind, device, action, target,
                          (unsigned) CLAMP(xml_get_int(request, F_ST_TIMEOUT, 0), 0, G_MAXINT / 4));
    command->request = xml_copy(NULL, request);
    command->delay_s = (int) xml_get_int(request, F_ST_DELAY, 0);
    return command;
}

/*
 * One device of several has ended: go on with the next?  A failure does; after a success only unfencing does, with those
 * devices that have to unfence (spec 60 §8.6).
 */
static void
try_next_device(struct fenced_core *core, struct fenced_now now, struct command *command, const struct fence_result *result)
{
    bool success = fence_result_is_success(result);
    bool must_unfence = text_equal(command->action, "on") && command->device != NULL && device_unfences(command->device);

    while (command->others->len > 0 && (success ? text_equal(command->action, "on") : !must_unfence)) {
        g_autofree char *id = g_ptr_array_steal_index(command->others, 0);
        struct device *device = g_hash_table_lookup(core->devices, id);
        struct command *next;

        if (device == NULL || (success && !device_unfences(device))) {
            continue;
        }
        next = new_fence_command(core, id, command->request, command->action, command->target, command->kind);
        next->peer = g_strdup(command->peer);
        next->ticket = take_ticket(&command->ticket);
        next->others = g_steal_pointer(&command->others);
        command_free(command);
        command_submit_take(core, now, next, next->delay_s < 0 ? -1 : 0); /* the requested delay was for the first */
        return;
    }
    answer_take(core, now, command, result, false);
}

static void
no_device(struct fenced_core *core, const xmlNode *request, const char *peer, const struct ticket *ticket, const char *reason)
{
    struct command nobody = { .kind = (peer != NULL) ? COMMAND_PEER : COMMAND_CLIENT,
                              .request = (xmlNode *) request,
                              .peer = (char *) peer,
                              .target = (char *) fence_find_value(request, F_ST_TARGET),
                              .device_id = (char *) fence_find_value(request, F_ST_DEVICE_ID),
                              .action = (char *) "" };
    struct fence_result result = { 0 };

    fence_result_set(&result, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, reason);
    if (peer != NULL) {
        answer_peer(core, &nobody, &result, false);
    } else {
        core_answer_take(core, ticket, completion(&nobody, &result));
    }
    fence_result_clear(&result);
}

static void
fence_with_found(struct fenced_core *core, struct fenced_now now, struct search *search)
{
    g_autofree char *reason = NULL;
    struct command *command = NULL;

    while (command == NULL && search->capable->len > 0) {
        g_autofree char *id = g_ptr_array_steal_index(search->capable, 0);

        command = new_fence_command(core, id, search->request, search->action, search->target,
                                    (search->peer != NULL) ? COMMAND_PEER : COMMAND_CLIENT);
    }
    if (command == NULL) {
        reason = g_strdup_printf("No device configured for target '%s'", search->target);
        no_device(core, search->request, search->peer, &search->ticket, reason);
        return;
    }
    command->peer = g_strdup(search->peer);
    command->ticket = take_ticket(&search->ticket);
    command->others = g_ptr_array_ref(search->capable);
    command_submit_take(core, now, command, command->delay_s);
}

void
command_fence(struct fenced_core *core, struct fenced_now now, const xmlNode *request, const char *peer,
              const struct ticket *ticket)
{
    const char *target = fence_find_value(request, F_ST_TARGET);
    const char *action = fence_find_value(request, F_ST_DEVICE_ACTION);
    const char *id = fence_find_value(request, F_ST_DEVICE_ID);
    g_autofree char *reason = NULL;
    struct command *command;
    struct search *search;

    if (id != NULL && action != NULL) { /* told which device: no questions */
        command = new_fence_command(core, id, request, action, target, (peer != NULL) ? COMMAND_PEER : COMMAND_CLIENT);
        if (command == NULL) {
            reason = g_strdup_printf("Requested device '%s' not found", id);
            no_device(core, request, peer, ticket, reason);
            return;
        }
        command->peer = g_strdup(peer);
        if (ticket != NULL) {
            set_ticket(&command->ticket, ticket);
        }
        command_submit_take(core, now, command, command->delay_s);
        return;
    }
    search = search_new(request, target ? target : "", action ? action : "", true, fence_with_found);
    search->peer = g_strdup(peer);
    if (ticket != NULL) {
        set_ticket(&search->ticket, ticket);
    }
    search_start_take(core, now, search);
}

/* --- devices that go, time --- */

void
commands_device_gone(struct fenced_core *core, struct fenced_now now, struct device *device)
{
    struct fence_result gone = { 0 };
    struct command *command;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, core->running);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (((struct command *) value)->device == device) {
            ((struct command *) value)->device = NULL;
        }
    }
    fence_result_set(&gone, CRM_EX_ERROR, EXEC_NO_FENCE_DEVICE, "Device was removed before action could be executed");
    while ((command = g_queue_pop_head(&device->waiting)) != NULL) {
        command->device = NULL;
        answer_take(core, now, command, &gone, false);
    }
    fence_result_clear(&gone);
}

uint64_t
commands_deadline(const struct fenced_core *core)
{
    uint64_t earliest = UINT64_MAX;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, core->devices);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct device *device = value;

        for (GList *item = device->waiting.head; item != NULL; item = item->next) {
            const struct command *command = item->data;

            /* one that is ready waits for the end of another, not for the clock */
            if (command->not_before != 0 && (device->limit < 0 || device->running < (unsigned) device->limit)) {
                earliest = MIN(earliest, command->not_before);
            }
        }
    }
    return earliest;
}

void
commands_tick(struct fenced_core *core, struct fenced_now now)
{
    g_autoptr(GList) devices = g_hash_table_get_values(core->devices);

    for (GList *item = devices; item != NULL; item = item->next) {
        device_start_waiting(core, now, item->data);
    }
}
