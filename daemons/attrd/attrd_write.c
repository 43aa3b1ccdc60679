/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copying the table to the CIB: what may be written now, how it is put into requests, what happens with the result.
 * Called by the other topic files of the core.  Sends nothing itself: requests are effects.  (spec 70 §8)
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/ipc/attrd_client.h"

#include <inttypes.h>
#include <string.h>

/* How long to wait before a failed write is tried again if the attribute has no delay of its own. */
#define RETRY_MS 2000
/*
 * How long to wait before the attributes of a node that somebody erased are written again: if it was because the node is
 * leaving, that will be known here, too, by then.
 */
#define ERASED_MS 2000
/* Values in one request: keeps it well below the size of an IPC buffer. */
#define BATCH_VALUES 400

/* --- may it be written? --- */

static bool
in_flight(const struct attrd_core *core, const struct attrd_attribute *a)
{
    /* Requests are answered in order: one older than the newest answer is lost. */
    return a->write_id > core->last_completed;
}

/*
 * What keeps an attribute from being written now (spec 70 §8.3):
 *   - it is private: never
 *   - a request with it is under way: once that is answered
 *   - its timer runs: once it has fired, unless the delay is to be ignored
 */
void
attrd_write_due(struct attrd_core *core, struct attrd_attribute *a, enum attrd_write_mode mode)
{
    if (a->is_private) {
        a->changed = false;
        a->force_write = false;
        return;
    }
    if (a->due || a->values->len == 0) {
        return;
    }
    if (in_flight(core, a)) {
        log_trace("Write of %s waits for the answer to request %u", a->name, a->write_id);
        return;
    }
    if (a->deadline != ATTRD_NEVER) {
        if (mode == ATTRD_RESPECT_DELAY) {
            return;
        }
        attrd_disarm(core, a);
    }
    a->due = true;
    g_ptr_array_add(core->due, a);
}

void
attrd_write_all(struct attrd_core *core, enum attrd_write_mode mode)
{
    for (guint i = 0; i < core->attributes->len; i++) {
        attrd_write_due(core, g_ptr_array_index(core->attributes, i), mode);
    }
}

void
attrd_write_pending(struct attrd_core *core)
{
    for (guint i = 0; i < core->attributes->len; i++) {
        struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        if (a->force_write) {
            attrd_write_due(core, a, ATTRD_IGNORE_DELAY);
        } else if (a->changed || a->unknown_nodes) {
            attrd_write_due(core, a, ATTRD_RESPECT_DELAY);
        }
    }
}

char *
attrd_attributes_path(const char *name, uint32_t id)
{
    char number[16];

    g_snprintf(number, sizeof number, "%" PRIu32, id);
    return xml_xpath("//node_state[@uname='%s' or @id='%s']/transient_attributes", name, number);
}

void
attrd_erase_node(struct attrd_core *core, const char *name, uint32_t id)
{
    char *xpath = attrd_attributes_path(name, id);
    struct attrd_effect *effect;

    if (xpath == NULL) {
        return;
    }
    log_debug("Erasing the attributes of %s from the CIB", name);
    effect = attrd_effect_add(core, ATTRD_CIB_ERASE);
    effect->xpath = xpath;
    effect->options = CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_XPATH;
}

void
attrd_erase_absent(struct attrd_core *core)
{
    GHashTableIter i;
    gpointer key, value;

    g_hash_table_iter_init(&i, core->members);
    while (g_hash_table_iter_next(&i, &key, &value)) {
        const struct attrd_member *m = value;

        if (m->lost > m->appeared) {
            attrd_erase_node(core, m->name, m->id);
        }
    }
}

/* --- building a request --- */

/* Attributes of one request: same user, and unset values kept apart because they need other call options. */
struct batch {
    xmlNode *status;
    GHashTable *sets; /* "UUID\nSET" -> <instance_attributes> */
    GHashTable *transient; /* UUID -> <transient_attributes> */
    const struct attrd_attribute *first; /* the one that sets the tone, even if none of its values can be written */
    const char *user;
    bool unsets;
    unsigned values;
    unsigned attributes;
};

static bool
has_unset_value(const struct attrd_attribute *a)
{
    for (guint i = 0; i < a->values->len; i++) {
        if (((const struct attrd_value *)g_ptr_array_index(a->values, i))->current == NULL) {
            return true;
        }
    }
    return false;
}

/* status/node_state/transient_attributes/instance_attributes of a node and set, made as needed. */
static xmlNode *
need_set(struct batch *b, const char *uuid, const char *set)
{
    g_autofree char *key = g_strdup_printf("%s\n%s", uuid, set);
    xmlNode *element = g_hash_table_lookup(b->sets, key);
    xmlNode *transient;

    if (element != NULL) {
        return element;
    }
    transient = g_hash_table_lookup(b->transient, uuid);
    if (transient == NULL) {
        xmlNode *state = xml_new(b->status, "node_state");

        xml_set(state, "id", uuid);
        transient = xml_new(state, "transient_attributes");
        xml_set(transient, "id", uuid);
        g_hash_table_insert(b->transient, g_strdup(uuid), transient);
    }
    element = xml_new(transient, "instance_attributes");
    xml_set(element, "id", set);
    g_hash_table_insert(b->sets, g_steal_pointer(&key), element);
    return element;
}

static void
add_value(struct batch *b, const struct attrd_attribute *a, const struct attrd_value *v, const char *uuid)
{
    g_autofree char *default_set = g_strdup_printf("status-%s", uuid);
    g_autofree char *set_id = attrd_xml_id(a->set != NULL ? a->set : default_set);
    g_autofree char *default_key = g_strdup_printf("%s-%s", set_id, a->name);
    g_autofree char *key_id = attrd_xml_id(a->key != NULL ? a->key : default_key);
    xmlNode *pair = xml_new(need_set(b, uuid, set_id), "nvpair");

    xml_set(pair, "id", key_id);
    xml_set(pair, "name", a->name);
    xml_set(pair, "value", v->current != NULL ? v->current : "");
    if (v->current == NULL) {
        /* Removed after the merge, because the request says "mixed update". */
        xml_set(pair, "__delete__", "value");
    }
}

static void
add_alert(struct attrd_core *core, const struct attrd_attribute *a, const struct attrd_value *v)
{
    struct attrd_effect *effect = attrd_effect_add(core, ATTRD_ALERT);

    effect->name = g_strdup(a->name);
    effect->target = g_strdup(v->node);
    effect->target_id = v->node_id;
    effect->value = g_strdup(v->current != NULL ? v->current : "");
}

/* Values of all nodes, changed or not; those of nodes without UUID have to wait. */
static void
add_attribute(struct attrd_core *core, struct batch *b, struct attrd_attribute *a, unsigned id)
{
    unsigned written = 0;

    a->changed = false;
    a->force_write = false;
    a->unknown_nodes = false;
    for (guint i = 0; i < a->values->len; i++) {
        const struct attrd_value *v = g_ptr_array_index(a->values, i);
        g_autofree char *uuid = attrd_value_uuid(core, v);

        if (uuid == NULL) {
            a->unknown_nodes = true;
            log_notice("Cannot update %s[%s]=%s because peer UUID not known (will retry if learned)",
                       a->name, v->node, v->current != NULL ? v->current : "(unset)");
            continue;
        }
        add_value(b, a, v, uuid);
        add_alert(core, a, v);
        written++;
    }
    if (written > 0) {
        a->write_id = id;
        b->values += written;
        b->attributes++;
        log_info("Sent CIB request %u with %u change%s for %s (id %s, set %s)", id, written,
                 written == 1 ? "" : "s", a->name, a->key != NULL ? a->key : "n/a",
                 a->set != NULL ? a->set : "n/a");
    }
}

static bool
fits(const struct batch *b, const struct attrd_attribute *a)
{
    return a == b->first
           || (!a->write_alone && text_equal(a->user, b->user) && has_unset_value(a) == b->unsets
               && b->values + a->values->len <= BATCH_VALUES);
}

/* One request with as much of the list as goes together, taken off the list. */
static void
write_batch(struct attrd_core *core)
{
    struct attrd_attribute *first = g_ptr_array_index(core->due, 0);
    unsigned id = core->last_write_id + 1;
    struct attrd_effect *effect;
    struct batch b = {
        .status = xml_new(NULL, "status"),
        .sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .transient = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .first = first,
        .user = first->user,
        .unsets = has_unset_value(first),
    };
    bool alone = first->write_alone;

    for (guint i = 0; i < core->due->len;) {
        struct attrd_attribute *a = g_ptr_array_index(core->due, i);

        if ((alone && a != first) || !fits(&b, a)) {
            i++;
            continue;
        }
        a->due = false;
        g_ptr_array_remove_index(core->due, i);
        add_attribute(core, &b, a, id);
    }
    g_hash_table_unref(b.sets);
    g_hash_table_unref(b.transient);
    if (b.values == 0) {
        xml_free(b.status);
        return;
    }
    core->last_write_id = id;
    effect = attrd_effect_add(core, ATTRD_CIB_MODIFY);
    effect->xml = b.status;
    effect->user = g_strdup(b.user);
    effect->write_id = id;
    effect->options = CIB_OPT_QUORUM_OVERRIDE;
    if (b.unsets) {
        effect->options |= CIB_OPT_MIXED_UPDATE | CIB_OPT_LOCAL;
    }
}

/*
 * Attributes that became due by the same event share a request: after an election or a restart of the CIB that is all of
 * them.  One that was refused in company is sent alone from then on until it succeeds.
 */
void
attrd_write_flush(struct attrd_core *core)
{
    while (core->due->len > 0) {
        write_batch(core);
    }
}

/* --- results and triggers --- */

static unsigned
count_written(const struct attrd_core *core, unsigned write_id)
{
    unsigned n = 0;

    for (guint i = 0; i < core->attributes->len; i++) {
        n += ((const struct attrd_attribute *)g_ptr_array_index(core->attributes, i))->write_id == write_id;
    }
    return n;
}

static void
log_result(const struct attrd_attribute *a, unsigned write_id, int rc)
{
    int level = rc == RC_OK ? LOG_INFO : LOG_ERR;

    if (rc == RC_DIFF_FAILED || rc == ETIME || rc == ENXIO) {
        level = LOG_WARNING;
    }
    qb_log(level, "CIB update %u result for %s: %s" LOG_XT "rc=%d", write_id, a->name, result_text(rc),
           result_to_legacy(rc));
    for (guint i = 0; i < a->values->len; i++) {
        const struct attrd_value *v = g_ptr_array_index(a->values, i);

        qb_log(level, "* %s[%s]=%s", a->name, v->node, v->current != NULL ? v->current : "(unset)");
    }
}

void
attrd_core_cib_result(struct attrd_core *core, uint64_t now, unsigned write_id, int rc)
{
    bool in_company = rc != RC_OK && count_written(core, write_id) > 1;

    core->last_completed = MAX(core->last_completed, write_id);
    for (guint i = 0; i < core->attributes->len; i++) {
        struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        if (a->write_id != write_id) {
            continue;
        }
        a->write_id = 0;
        log_result(a, write_id, rc);
        if (rc == RC_OK) {
            a->write_alone = false;
            if (a->changed) {
                attrd_write_or_elect(core, now, a);
            }
        } else {
            a->changed = true;
            a->write_alone = in_company || a->write_alone;
            if (attrd_is_writer(core)) {
                attrd_arm(core, a, now + (uint64_t)(a->dampening_ms != 0 ? a->dampening_ms : RETRY_MS));
            }
        }
    }
    attrd_write_flush(core);
}

/* A node that is leaving must not make its status entries anew after the controllers have removed them. */
void
attrd_core_cib_replaced(struct attrd_core *core, uint64_t now)
{
    if (core->stopping || core->shutdown_requested) {
        return;
    }
    attrd_verify_later(core, now);
    if (!attrd_is_writer(core)) {
        return;
    }
    log_notice("Updating all attributes after cib_refresh_notify event");
    attrd_write_all(core, ATTRD_RESPECT_DELAY);
    attrd_write_flush(core);
}

/* Id in the last `node_state[@id='...']` of a patchset's path, or NULL if attributes as a whole are not what it names (g_free). */
static char *
erased_node(const char *path)
{
    static const char head[] = "/cib/status/node_state[@id='";
    const char *id, *end, *rest;

    if (path == NULL || !g_str_has_prefix(path, head)) {
        return NULL;
    }
    id = path + strlen(head);
    end = strchr(id, '\'');
    if (end == NULL || !g_str_has_prefix(end, "']")) {
        return NULL;
    }
    rest = end + 2;
    if (*rest != '\0' && (!g_str_has_prefix(rest, "/transient_attributes") || strchr(rest + 1, '/') != NULL)) {
        return NULL;
    }
    return g_strndup(id, (gsize)(end - id));
}

void
attrd_core_cib_changed(struct attrd_core *core, uint64_t now, const xmlNode *patch)
{
    if (core->stopping || patch == NULL) {
        return;
    }
    xml_for_each(change, patch, "change")
    {
        char *uuid;

        if (!text_equal(xml_get(change, "operation"), "delete")) {
            continue;
        }
        uuid = erased_node(xml_get(change, "path"));
        if (uuid != NULL) {
            g_hash_table_add(core->erased, uuid);
            core->erased_due = now + ERASED_MS;
        }
    }
}

/* Values of a node that is leaving stay erased. */
static bool
is_leaving(const struct attrd_core *core, const char *node)
{
    const char *shutdown = attrd_core_value(core, ATTRD_NAME_SHUTDOWN, node);

    return shutdown != NULL && !text_equal(shutdown, "0");
}

void
attrd_write_erased(struct attrd_core *core)
{
    core->erased_due = ATTRD_NEVER;
    for (guint i = 0; attrd_is_writer(core) && i < core->attributes->len; i++) {
        struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        for (guint j = 0; j < a->values->len; j++) {
            const struct attrd_value *v = g_ptr_array_index(a->values, j);
            g_autofree char *uuid = v->current != NULL ? attrd_value_uuid(core, v) : NULL;

            if (uuid != NULL && g_hash_table_contains(core->erased, uuid) && !is_leaving(core, v->node)) {
                log_info("Writing %s again: somebody erased the attributes of %s from the CIB", a->name, v->node);
                attrd_write_due(core, a, ATTRD_RESPECT_DELAY);
                break;
            }
        }
    }
    g_hash_table_remove_all(core->erased);
}
