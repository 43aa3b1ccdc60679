/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The history of fencing: asked for by clients, cleaned, brought to the same state on all nodes.
 * Called by fenced_core.c and fenced_op.c.  Kept in memory only.  (spec 60 §13)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_protocol.h"

#include "daemons/fenced/fenced_internal.h"

#include <stdlib.h>

#define TRIM_ABOVE 500 /* entries at which the history is cut ... */
#define TRIM_TO    250 /* ... to these, pending ones and the newest */

/* --- entries --- */

static void
entry_to_xml(xmlNode *history, const struct op *op, bool with_id)
{
    xmlNode *entry = xml_new(history, FENCE_TAG_EXECUTED);

    if (with_id) {
        xml_set(entry, F_ST_REMOTE_OP, op->id);
    }
    xml_set(entry, F_ST_TARGET, op->target);
    xml_set(entry, F_ST_DEVICE_ACTION, op->action);
    xml_set(entry, F_ST_ORIGIN, op->origin);
    xml_set(entry, F_ST_DELEGATE, op->delegate);
    xml_set(entry, F_ST_CLIENTNAME, op->client_name);
    xml_set_int(entry, F_ST_DATE, op->completed);
    xml_set_int(entry, F_ST_DATE_NSEC, op->completed_nsec);
    xml_set_int(entry, F_ST_STATE, op->state);
    fence_result_to_xml(entry, &op->result);
}

static void
entry_from_xml(struct op *op, const xmlNode *entry)
{
    g_free(op->origin);
    op->origin = g_strdup(xml_get(entry, F_ST_ORIGIN));
    g_free(op->delegate);
    op->delegate = g_strdup(xml_get(entry, F_ST_DELEGATE));
    g_free(op->client_name);
    op->client_name = g_strdup(xml_get(entry, F_ST_CLIENTNAME));
    op->completed = xml_get_int(entry, F_ST_DATE, 0);
    op->completed_nsec = (long) xml_get_int(entry, F_ST_DATE_NSEC, 0);
    op->state = (enum fence_op_state) CLAMP(xml_get_int(entry, F_ST_STATE, 0), FENCE_STATE_QUERYING, FENCE_STATE_FAILED);
    if (fence_result_find(entry) != NULL) {
        fence_result_from_xml(&op->result, entry);
    } else {
        fence_result_set(&op->result, CRM_EX_INDETERMINATE, EXEC_UNKNOWN, NULL);
    }
}

/* --- clients --- */

static xmlNode *
list(struct fenced_core *core, const char *target, bool with_id)
{
    xmlNode *history = NULL;
    GHashTableIter iter;
    gpointer op;

    g_hash_table_iter_init(&iter, core->ops);
    while (g_hash_table_iter_next(&iter, NULL, &op)) {
        if (target != NULL && !text_equal(target, ((struct op *) op)->target)) {
            continue;
        }
        if (history == NULL) {
            history = xml_new(NULL, FENCE_TAG_HISTORY);
        }
        entry_to_xml(history, op, with_id);
    }
    return history;
}

static xmlNode *
new_broadcast(unsigned option, xmlNode **data)
{
    xmlNode *message = xml_new(NULL, FENCE_TAG_COMMAND);

    xml_set(message, F_TYPE, T_STONITH);
    xml_set(message, F_SUBTYPE, FENCE_SUBTYPE_BROADCAST);
    xml_set(message, F_ST_OPERATION, FENCE_OP_HISTORY);
    xml_set_int(message, F_ST_CALLOPTS, option | FENCE_OPT_DISCARD_REPLY);
    *data = xml_new(xml_new(message, F_ST_CALLDATA), FENCE_TAG_ARGUMENTS);
    return message;
}

/* Send what we know, or what a peer does not know (takes history, NULL if empty). */
static void
broadcast_history(struct fenced_core *core, xmlNode *history, bool is_differential)
{
    xmlNode *data;
    xmlNode *message = new_broadcast(FENCE_OPT_BROADCAST, &data);

    if (history != NULL) {
        if (is_differential) {
            xml_set(history, FENCE_F_DIFFERENTIAL, "true");
        }
        xml_copy(data, history);
        xml_free(history);
    }
    core_send_take(core, NULL, message);
}

xmlNode *
history_request(struct fenced_core *core, const xmlNode *request)
{
    unsigned options = (unsigned) xml_get_int(request, F_ST_CALLOPTS, 0);
    const char *target = core_target_name(core, fence_find_value(request, F_ST_TARGET), options);
    xmlNode *message, *data;

    if (options & FENCE_OPT_CLEANUP) {
        message = new_broadcast(FENCE_OPT_CLEANUP, &data);
        xml_set(data, F_ST_TARGET, target);
        core_send_take(core, NULL, message);
        return NULL;
    }
    if (options & FENCE_OPT_BROADCAST) {
        broadcast_history(core, list(core, NULL, true), false);
        return NULL;
    }
    return list(core, target, false);
}

/* --- peers --- */

static void
notify_change(struct fenced_core *core)
{
    const struct fence_result done = { 0 };

    core_notify(core, NOTIFY_HISTORY, FENCE_NOTIFY_HISTORY, &done, NULL);
}

static void
clean(struct fenced_core *core, const char *target)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, core->ops);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct op *op = value;

        if (op_is_final(op) && (target == NULL || text_equal(target, op->target))) {
            g_hash_table_iter_remove(&iter);
        }
    }
    notify_change(core);
}

/* Of a former life of ours: nobody works on it any more.  Everybody is told by a result. */
static void
presume_failed(struct fenced_core *core, struct fenced_now now, struct op *op)
{
    struct fence_result result = { 0 };

    g_clear_pointer(&op->delegate, g_free);
    op->is_own = true;
    fence_result_set(&result, CRM_EX_EXPIRED, EXEC_INVALID, "Initiated by earlier fencer process and presumed failed");
    op_decide(core, op, &result);
    op->completed = now.epoch;
    op->completed_nsec = now.nsec;
    fence_result_clear(&result);
}

/*
 * One entry of a peer (spec 60 §13.3).  True if it changed ours; `*unknown_to_peer` is set if we know better.
 *   both know it:  ours pending, theirs over: take theirs;  ours over, theirs pending: tell them;  else nothing
 *   only they:     take it; but if it is pending and was ours, it is over
 */
static bool
merge_entry(struct fenced_core *core, struct fenced_now now, const xmlNode *entry, bool *they_know_less)
{
    const char *id = xml_get(entry, F_ST_REMOTE_OP);
    struct op *op = g_hash_table_lookup(core->ops, id);
    struct op *fresh;

    *they_know_less = false;
    if (op != NULL) {
        long long state = xml_get_int(entry, F_ST_STATE, 0);
        bool theirs_is_over = (state == FENCE_STATE_DONE || state == FENCE_STATE_FAILED);

        *they_know_less = op_is_final(op) && !theirs_is_over;
        if (op_is_final(op) || !theirs_is_over) {
            return false;
        }
        entry_from_xml(op, entry);
        return true;
    }
    fresh = op_new(core, id, xml_get(entry, F_ST_TARGET), xml_get(entry, F_ST_DEVICE_ACTION));
    entry_from_xml(fresh, entry);
    fresh->started_ms = now.ms;
    if (op_is_pending(fresh) && text_equal_nocase(fresh->origin, core->node)) {
        presume_failed(core, now, fresh);
    }
    return true;
}

static void
merge(struct fenced_core *core, struct fenced_now now, const xmlNode *history)
{
    g_autoptr(GHashTable) theirs = g_hash_table_new(g_str_hash, g_str_equal);
    xmlNode *difference = xml_new(NULL, FENCE_TAG_HISTORY);
    bool changed = false;
    GHashTableIter iter;
    gpointer value;

    if (history != NULL) {
        xml_for_each(entry, history, NULL)
        {
            if (xml_get(entry, F_ST_REMOTE_OP) != NULL && xml_get(entry, F_ST_TARGET) != NULL) {
                g_hash_table_insert(theirs, (gpointer) xml_get(entry, F_ST_REMOTE_OP), entry);
            }
        }
    }
    g_hash_table_iter_init(&iter, core->ops);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct op *op = value;

        if (!g_hash_table_contains(theirs, op->id)) {
            entry_to_xml(difference, op, true);
        }
    }
    g_hash_table_iter_init(&iter, theirs);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        bool they_know_less;

        changed |= merge_entry(core, now, value, &they_know_less);
        if (they_know_less) {
            entry_to_xml(difference, g_hash_table_lookup(core->ops, xml_get(value, F_ST_REMOTE_OP)), true);
        }
    }
    if (xml_first(difference, NULL) != NULL) {
        broadcast_history(core, difference, true);
    } else {
        xml_free(difference);
    }
    if (changed) {
        history_trim(core);
        notify_change(core);
    }
}

/* Entries that a peer had and the one who asked had not: take them, answer nothing. */
static void
merge_difference(struct fenced_core *core, struct fenced_now now, const xmlNode *history)
{
    bool changed = false, unused;

    xml_for_each(entry, history, NULL)
    {
        if (xml_get(entry, F_ST_REMOTE_OP) != NULL && xml_get(entry, F_ST_TARGET) != NULL) {
            changed |= merge_entry(core, now, entry, &unused);
        }
    }
    if (changed) {
        history_trim(core);
        notify_change(core);
    }
}

static const xmlNode *
find_element(const xmlNode *node, const char *name)
{
    if (xml_is(node, name)) {
        return node;
    }
    xml_for_each(child, node, NULL)
    {
        const xmlNode *found = find_element(child, name);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

void
history_handle_message(struct fenced_core *core, struct fenced_now now, const char *from, const xmlNode *message)
{
    const struct fence_result done = { 0 };
    unsigned options = (unsigned) xml_get_int(message, F_ST_CALLOPTS, 0);
    const xmlNode *history = find_element(message, FENCE_TAG_HISTORY);

    if (options & FENCE_OPT_CLEANUP) {
        clean(core, fence_find_value(message, F_ST_TARGET));
        return;
    }
    if (!(options & FENCE_OPT_BROADCAST)) {
        return;
    }
    if (!text_equal_nocase(from, core->node)) {
        if (history != NULL && xml_get_bool(history, FENCE_F_DIFFERENTIAL, false)) {
            merge_difference(core, now, history);
        } else {
            merge(core, now, history);
        }
    }
    core_notify(core, NOTIFY_HISTORY_SYNCED, FENCE_NOTIFY_HISTORY_SYNCED, &done, NULL);
}

/* --- size --- */

/* Pending ones first, then the newest. */
static gint
compare_entries(gconstpointer a, gconstpointer b)
{
    const struct op *x = a, *y = b;

    if (op_is_pending(x) != op_is_pending(y)) {
        return op_is_pending(x) ? -1 : 1;
    }
    if (x->completed != y->completed) {
        return (x->completed > y->completed) ? -1 : 1;
    }
    return (x->completed_nsec > y->completed_nsec) ? -1 : (x->completed_nsec < y->completed_nsec);
}

void
history_trim(struct fenced_core *core)
{
    g_autoptr(GList) ops = NULL;

    if (g_hash_table_size(core->ops) <= TRIM_ABOVE) {
        return;
    }
    ops = g_list_sort(g_hash_table_get_values(core->ops), compare_entries);
    for (GList *item = g_list_nth(ops, TRIM_TO); item != NULL; item = item->next) {
        struct op *op = item->data;

        if (op_is_final(op)) {
            g_hash_table_remove(core->ops, op->id);
        }
    }
}
