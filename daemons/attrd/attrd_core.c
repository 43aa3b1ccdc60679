/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute manager's core: its life, membership, timers, and the queue of effects.  Called by the shell and cts/sim;
 * the topics (requests, peer messages, election, writing) are in the attrd_*.c beside it.  (spec 70 §1, §7)
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

/* How long a candidate waits for the votes of all (spec 70 §6). */
#define ELECTION_TIMEOUT_MS 120000u

/* --- life --- */

static void
attribute_free(gpointer data)
{
    struct attrd_attribute *a = data;

    g_ptr_array_unref(a->values);
    g_free(a->name);
    g_free(a->set);
    g_free(a->key);
    g_free(a->user);
    g_free(a);
}

static void
member_free(gpointer data)
{
    struct attrd_member *m = data;

    g_free(m->name);
    g_free(m);
}

struct attrd_core *
attrd_core_new(const struct attrd_config *config)
{
    struct attrd_core *core = g_new0(struct attrd_core, 1);
    struct election_config election = {
        .name = "writer",
        .system = SYS_CRMD,
        .local_name = peers_local_name(config->peers),
        .local_uuid = peers_local_uuid(config->peers),
        .timeout_ms = ELECTION_TIMEOUT_MS,
        .peers = config->peers,
        .cpu_time = config->cpu_time,
        .data = config->data,
    };

    core->config = *config;
    core->config.program = g_strdup(config->program);
    core->peers = config->peers;
    core->node_name = g_strdup(election.local_name);
    core->attributes = g_ptr_array_new_with_free_func(attribute_free);
    core->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    core->armed = g_ptr_array_new();
    core->due = g_ptr_array_new();
    g_queue_init(&core->effects);
    core->erased = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    core->erased_due = ATTRD_NEVER;
    core->verify_due = ATTRD_NEVER;
    core->strange = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    core->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, member_free);
    core->election_deadline = ATTRD_NEVER;
    core->election = election_new(&election);
    return core;
}

void
attrd_core_free(struct attrd_core *core)
{
    struct attrd_effect *effect;

    if (core == NULL) {
        return;
    }
    while ((effect = attrd_core_next_effect(core)) != NULL) {
        attrd_effect_free(effect);
    }
    election_free(core->election);
    g_ptr_array_unref(core->due);
    g_ptr_array_unref(core->armed);
    g_hash_table_unref(core->by_name);
    g_hash_table_unref(core->erased);
    g_hash_table_unref(core->strange);
    g_hash_table_unref(core->members);
    g_ptr_array_unref(core->attributes);
    g_free(core->writer);
    g_free((char *)core->node_name);
    g_free((char *)core->config.program);
    g_free(core);
}

/* The version is an ordinary private attribute of each node (spec 70 §5.2). */
void
attrd_core_start(struct attrd_core *core, uint64_t now)
{
    xmlNode *xml = xml_new(NULL, "attrd-hello");

    attrd_erase_node(core, core->node_name, peers_local_id(core->peers));
    xml_set(xml, F_TYPE, T_ATTRD);
    xml_set(xml, F_SRC, core->config.program);
    xml_set(xml, F_ATTR_TASK, ATTRD_TASK_UPDATE);
    xml_set(xml, F_ATTR_NAME, ATTRD_NAME_PROTOCOL);
    xml_set_int(xml, F_ATTR_VALUE, ATTRD_VERSION);
    xml_set_int(xml, F_ATTR_IS_PRIVATE, 1);
    xml_set(xml, F_ATTR_HOST, core->node_name);
    xml_setf(xml, F_ATTR_HOST_ID, "%u", peers_local_id(core->peers));
    attrd_send_take(core, xml, NULL);
}

void
attrd_core_stop(struct attrd_core *core)
{
    core->stopping = true;
    election_set_eligible(core->election, false);
}

/* --- effects --- */

struct attrd_effect *
attrd_core_next_effect(struct attrd_core *core)
{
    return g_queue_pop_head(&core->effects);
}

void
attrd_effect_free(struct attrd_effect *effect)
{
    if (effect != NULL) {
        xml_free(effect->xml);
        g_free(effect->target);
        g_free(effect->name);
        g_free(effect->value);
        g_free(effect->user);
        g_free(effect->xpath);
        g_free(effect);
    }
}

struct attrd_effect *
attrd_effect_add(struct attrd_core *core, enum attrd_effect_kind kind)
{
    struct attrd_effect *effect = g_new0(struct attrd_effect, 1);

    effect->kind = kind;
    g_queue_push_tail(&core->effects, effect);
    return effect;
}

void
attrd_send_take(struct attrd_core *core, xmlNode *xml, const struct peer *to)
{
    struct attrd_effect *effect = attrd_effect_add(core, ATTRD_SEND);

    xml_set(xml, F_TYPE, T_ATTRD);
    xml_set_int(xml, F_ATTR_VERSION, ATTRD_VERSION);
    xml_set_int(xml, F_ATTR_WRITER, election_state(core->election));
    effect->xml = xml;
    if (to != NULL) {
        effect->target = g_strdup(to->name);
        effect->target_id = to->id;
    }
}

/* --- membership (spec 70 §7.1, §7.2) --- */

const struct attrd_member *
attrd_member(const struct attrd_core *core, const char *name)
{
    static const struct attrd_member nobody;
    g_autofree char *key = g_ascii_strdown(name, -1);
    const struct attrd_member *m = g_hash_table_lookup(core->members, key);

    return m != NULL ? m : &nobody;
}

bool
attrd_is_member(const struct attrd_core *core, const char *name)
{
    const struct attrd_member *m = attrd_member(core, name);

    return m->appeared > m->lost;
}

static void
note_member(struct attrd_core *core, const struct peer *peer)
{
    g_autofree char *key = g_ascii_strdown(peer->name, -1);
    struct attrd_member *m = g_hash_table_lookup(core->members, key);

    if (m == NULL) {
        m = g_new0(struct attrd_member, 1);
        m->name = g_strdup(peer->name);
        g_hash_table_insert(core->members, g_steal_pointer(&key), m);
    }
    m->id = peer->id;
    if (peer->state == PEER_MEMBER) {
        m->appeared = core->order;
    } else {
        m->lost = core->order;
    }
}

void
attrd_core_peer_changed(struct attrd_core *core, uint64_t now, const struct peer *peer)
{
    if (peer->remote) {
        return;
    }
    core->order++;
    if (peer->name != NULL) {
        note_member(core, peer);
    }
    if (peer->state == PEER_MEMBER) {
        /* Nobody asks for the table: the writer hands it to whoever appears. */
        if (attrd_is_writer(core) && peer->id != peers_local_id(core->peers)) {
            attrd_sync_all(core, peer);
        }
        return;
    }
    if (peer->name != NULL) {
        g_autofree char *name = g_strdup(peer->name);

        attrd_drop_node_values(core, name, "peer loss");
        if (attrd_is_writer(core)) {
            attrd_erase_node(core, name, peer->id);
        }
        attrd_election_peer_left(core, now, name);
    }
    attrd_write_flush(core);
}

/* --- time --- */

uint64_t
attrd_core_deadline(const struct attrd_core *core)
{
    uint64_t first = MIN(MIN(core->election_deadline, core->erased_due), core->verify_due);

    for (guint i = 0; i < core->armed->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->armed, i);

        first = MIN(first, a->deadline);
    }
    return first;
}

void
attrd_core_tick(struct attrd_core *core, uint64_t now)
{
    attrd_election_tick(core, now);
    if (core->erased_due <= now) {
        attrd_write_erased(core);
    }
    attrd_verify_tick(core, now);
    for (guint i = 0; i < core->armed->len;) {
        struct attrd_attribute *a = g_ptr_array_index(core->armed, i);

        if (a->deadline > now) {
            i++;
            continue;
        }
        /* Takes the last one's place in the list: look at the same place again. */
        attrd_disarm(core, a);
        log_trace("Delay of %s is over", a->name);
        attrd_write_or_elect(core, now, a);
    }
    attrd_write_flush(core);
}

/* --- looking in --- */

const char *
attrd_core_value(const struct attrd_core *core, const char *name, const char *node)
{
    const struct attrd_attribute *a = attrd_find(core, name);
    const struct attrd_value *v = a != NULL ? attrd_value_find(a, node) : NULL;

    return v != NULL ? v->current : NULL;
}

void
attrd_core_foreach(const struct attrd_core *core, attrd_core_value_fn *fn, void *user_data)
{
    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        for (guint j = 0; j < a->values->len; j++) {
            const struct attrd_value *v = g_ptr_array_index(a->values, j);

            fn(a->name, v->node, v->current, a->is_private, user_data);
        }
    }
}

bool
attrd_core_is_writer(const struct attrd_core *core)
{
    return attrd_is_writer(core);
}

const char *
attrd_core_writer(const struct attrd_core *core)
{
    return core->writer;
}

enum attrd_writer_state
attrd_core_election_state(const struct attrd_core *core)
{
    return (enum attrd_writer_state)election_state(core->election);
}

bool
attrd_core_shutdown_requested(const struct attrd_core *core)
{
    return core->shutdown_requested;
}

bool
attrd_core_is_quiet(const struct attrd_core *core)
{
    if (core->armed->len != 0 || core->due->len != 0 || core->erased_due != ATTRD_NEVER || core->verify_due != ATTRD_NEVER || core->reading
        || election_state(core->election) == ELECTION_IN_PROGRESS) {
        return false;
    }
    for (guint i = 0; i < core->attributes->len; i++) {
        const struct attrd_attribute *a = g_ptr_array_index(core->attributes, i);

        if (a->write_id > core->last_completed) {
            return false;
        }
    }
    return true;
}
