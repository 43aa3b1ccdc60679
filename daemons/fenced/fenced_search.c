/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of our devices can fence a target?  By lists, by what their agents say, by who we are.
 * Called by fenced_core.c, fenced_op.c and fenced_command.c.  (spec 60 §9.1)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_internal.h"

#include <string.h>

#define LIST_AGE_MS       60000 /* how long an agent's list is believed */
#define CHECK_TIMEOUT_S   60    /* where the request has none */

struct search *
search_new(const xmlNode *request, const char *target, const char *action, bool allow_self,
           void (*found)(struct fenced_core *, struct fenced_now, struct search *))
{
    struct search *search = g_new0(struct search, 1);

    search->request = xml_copy(NULL, request);
    search->target = g_strdup(target);
    search->action = g_strdup(action);
    search->allow_self = allow_self;
    search->timeout_s = (unsigned) CLAMP(xml_get_int(request, F_ST_TIMEOUT, 0), 0, G_MAXINT / 4);
    search->capable = g_ptr_array_new_with_free_func(g_free);
    search->found = found;
    return search;
}

void
search_free(gpointer data)
{
    struct search *search = data;

    xml_free(search->request);
    g_ptr_array_unref(search->capable);
    g_free(search->target);
    g_free(search->action);
    g_free(search->ticket.client_id);
    g_free(search->peer);
    g_free(search);
}

/* --- may this node do it? --- */

static bool
may_run_here(const struct fenced_core *core, const struct device *device, const char *action, const char *target,
             bool allow_self)
{
    bool is_self = text_equal_nocase(target, core->node);

    for (unsigned i = 0; i < device->info->on_target->len; i++) {
        if (text_equal(device->info->on_target->pdata[i], action)) {
            return is_self;
        }
    }
    return !is_self || allow_self;
}

bool
device_allows(const struct fenced_core *core, const struct device *device, const char *action, const char *target,
              bool allow_self)
{
    if (text_equal(action, "reboot")) { /* it can be done in two steps */
        return may_run_here(core, device, "off", target, allow_self)
               || may_run_here(core, device, "on", target, false);
    }
    return may_run_here(core, device, action, target, allow_self);
}

/* --- the search --- */

enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_ASK };

static bool
is_listed(const struct device *device, const char *target)
{
    g_autofree char *key = g_ascii_strdown(target, -1);
    const char *alias = g_hash_table_lookup(device->aliases, key);

    return params_has_target(device->targets, alias ? alias : target);
}

/* Static lists hold the names of the list and both sides of the map. */
static bool
is_in_static_list(const struct device *device, const char *target)
{
    g_autofree char *key = g_ascii_strdown(target, -1);
    GHashTableIter iter;
    gpointer port;

    if (g_hash_table_contains(device->aliases, key) || params_has_target(device->targets, target)) {
        return true;
    }
    g_hash_table_iter_init(&iter, device->aliases);
    while (g_hash_table_iter_next(&iter, NULL, &port)) {
        if (text_equal_nocase(port, target)) {
            return true;
        }
    }
    return false;
}

/*
 * Can a device fence a target?  (spec 60 §9.1)
 *   1. without target, all can
 *   2. unfencing needs an agent with "on"
 *   3. this node must be allowed to
 *   4. the host check: none, a list, the agent's list (which may have to be asked for), the agent's status
 */
static enum verdict
judge(const struct fenced_core *core, struct fenced_now now, const struct search *search, const struct device *device)
{
    if (search->target == NULL) {
        return VERDICT_YES;
    }
    if ((text_equal(search->action, "on") && !(device_flags(device) & FENCE_SUPPORTS_ON))
        || !device_allows(core, device, search->action, search->target, search->allow_self)) {
        return VERDICT_NO;
    }
    switch (params_host_check(device)) {
    case CHECK_NONE:
        return VERDICT_YES;
    case CHECK_STATIC:
        return is_in_static_list(device, search->target) ? VERDICT_YES : VERDICT_NO;
    case CHECK_DYNAMIC:
        if (device->targets == NULL || now.ms > device->targets_ms + LIST_AGE_MS) {
            return VERDICT_ASK;
        }
        return is_listed(device, search->target) ? VERDICT_YES : VERDICT_NO;
    case CHECK_STATUS:
        return VERDICT_ASK;
    default:
        log_err("Unknown pcmk_host_check of fence device '%s'", device->id);
        return VERDICT_NO;
    }
}

static void
ask_agent(struct fenced_core *core, struct fenced_now now, struct search *search, struct device *device)
{
    bool by_list = (params_host_check(device) == CHECK_DYNAMIC);
    const char *action = by_list ? "list" : "status";
    struct command *command = command_new(COMMAND_CHECK, device, action, by_list ? NULL : search->target,
                                          search->timeout_s ? search->timeout_s : CHECK_TIMEOUT_S);

    command->search = search;
    command_submit_take(core, now, command, -1);
}

static gint
compare_ids(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
finish_if_complete(struct fenced_core *core, struct fenced_now now, struct search *search)
{
    if (search->pending == 0) {
        g_ptr_array_sort(search->capable, compare_ids);
        search->found(core, now, search);
        search_free(search);
    }
}

static void
begin(struct fenced_core *core, struct fenced_now now, struct search *search)
{
    g_autoptr(GList) devices = g_hash_table_get_values(core->devices);

    search->pending = 1; /* ourselves, until all have been looked at */
    for (GList *item = devices; item != NULL; item = item->next) {
        struct device *device = item->data;
        enum verdict verdict = judge(core, now, search, device);

        if (verdict == VERDICT_YES) {
            g_ptr_array_add(search->capable, g_strdup(device->id));
        } else if (verdict == VERDICT_ASK) {
            search->pending++;
            ask_agent(core, now, search, device);
        }
    }
    search->pending--;
    finish_if_complete(core, now, search);
}

void
search_start_take(struct fenced_core *core, struct fenced_now now, struct search *search)
{
    if (agent_infos_are_known(core)) {
        begin(core, now, search);
    } else {
        g_queue_push_tail(&core->held_searches, search); /* until the agents have said what they can */
    }
}

void
searches_release(struct fenced_core *core, struct fenced_now now)
{
    struct search *search;

    while ((search = g_queue_pop_head(&core->held_searches)) != NULL) {
        begin(core, now, search);
    }
}

/* Result of "list": a new list, or the old one, or none; then the status is asked for from the next time on. */
static bool
take_list(struct fenced_now now, struct device *device, const struct search *search, const struct fence_result *result)
{
    if (result != NULL && fence_result_is_success(result)) {
        if (device->targets != NULL) {
            g_ptr_array_unref(device->targets);
        }
        device->targets = fence_parse_targets(result->output);
        device->targets_ms = now.ms;
    } else if (device->targets == NULL) {
        log_info("Fence device '%s' does not say which hosts it can fence", device->id);
        device->list_failed = true;
        return false;
    }
    return is_listed(device, search->target);
}

void
search_checked(struct fenced_core *core, struct fenced_now now, struct search *search, struct device *device,
               const char *action, const struct fence_result *result)
{
    bool can = false;

    if (device != NULL && text_equal(action, "list")) {
        can = take_list(now, device, search, result);
    } else if (device != NULL && result != NULL) {
        can = (result->status == EXEC_DONE && (result->rc == 0 || result->rc == 2)); /* on, off; 1 is unknown */
    }
    if (can) {
        g_ptr_array_add(search->capable, g_strdup(device->id));
    }
    search->pending--;
    finish_if_complete(core, now, search);
}
