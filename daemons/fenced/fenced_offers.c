/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What peers offer for a fencing operation, and how long it may take with that.
 * Called by fenced_origin.c and fenced_op.c.  Sends nothing, chooses nobody.  (spec 60 §9.3, §11.3, §11.7)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_internal.h"

/* --- what peers offer --- */

void
op_peer_free(gpointer data)
{
    struct op_peer *peer = data;

    g_free(peer->name);
    g_ptr_array_unref(peer->devices);
    g_free(peer);
}

static void
op_device_free(gpointer data)
{
    struct op_device *device = data;

    g_free(device->id);
    g_free(device);
}

static unsigned
seconds(const xmlNode *element, const char *name)
{
    return (unsigned) CLAMP(xml_get_int(element, name, 0), 0, G_MAXINT / 4);
}

bool
op_holds(const GPtrArray *ids, const char *id)
{
    return g_ptr_array_find_with_equal_func((GPtrArray *) ids, id, g_str_equal, NULL);
}

/* One device for one phase; an "on" that unfences by itself is remembered (spec 60 §9.3). */
static void
read_phase(struct op *op, struct op_device *device, enum op_phase phase, const xmlNode *element, const char *action)
{
    device->phase[phase].timeout_s = seconds(element, FENCE_F_ACTION_TIMEOUT);
    device->phase[phase].delay_s = seconds(element, FENCE_F_DELAY_MAX);
    device->phase[phase].is_disallowed = xml_get_bool(element, FENCE_F_DISALLOWED, false);
    if (text_equal(action, "on") && xml_get_int(element, FENCE_F_REQUIRED, 0) > 0 && !op_holds(op->automatic, device->id)) {
        g_ptr_array_add(op->automatic, g_strdup(device->id));
    }
}

struct op_peer *
op_read_offer(struct op *op, const char *from, const xmlNode *data)
{
    struct op_peer *peer = g_new0(struct op_peer, 1);

    peer->name = g_strdup(from);
    peer->devices = g_ptr_array_new_with_free_func(op_device_free);
    xml_for_each(element, data, FENCE_TAG_DEVICE)
    {
        struct op_device *device;

        if (xml_id(element) == NULL) {
            continue;
        }
        device = g_new0(struct op_device, 1);
        device->id = g_strdup(xml_id(element));
        device->is_verified = xml_get_int(element, FENCE_F_VERIFIED, 0) != 0;
        device->flags = (unsigned) xml_get_int(element, FENCE_F_SUPPORT_FLAGS, FENCE_SUPPORTS_ON);
        read_phase(op, device, PHASE_REQUESTED, element, op->action);
        xml_for_each(half, element, FENCE_TAG_DEVICE_ACTION)
        {
            read_phase(op, device, text_equal(xml_id(half), "on") ? PHASE_ON : PHASE_OFF, half, xml_id(half));
        }
        g_ptr_array_add(peer->devices, device);
    }
    return peer;
}

/* Most devices first; of equals the latest reply first. */
void
op_insert_peer(struct op *op, struct op_peer *peer)
{
    unsigned place = 0;

    while (place < op->peers->len && ((struct op_peer *) op->peers->pdata[place])->devices->len > peer->devices->len) {
        place++;
    }
    g_ptr_array_insert(op->peers, (gint) place, peer);
}

struct op_device *
op_offered(const struct op_peer *peer, const char *id)
{
    for (unsigned i = 0; i < peer->devices->len; i++) {
        struct op_device *device = peer->devices->pdata[i];

        if (text_equal(device->id, id)) {
            return device;
        }
    }
    return NULL;
}

/* --- timeouts (spec 60 §11.7) --- */

unsigned
op_with_reserve(unsigned s)
{
    return (unsigned) ((uint64_t) s * 12 / 10);
}

/* Sums of what administrators wrote do not wrap. */
unsigned
op_add_seconds(unsigned a, unsigned b)
{
    return (unsigned) MIN((uint64_t) a + b, (uint64_t) G_MAXINT / 2);
}

unsigned
op_device_timeout(const struct op *op, const struct op_device *device, enum op_phase phase)
{
    unsigned own = device->phase[phase].timeout_s;

    return op_add_seconds(own > 0 ? own : op->base_timeout_s, device->phase[phase].delay_s);
}

unsigned
op_peer_timeout(const struct op *op, const struct op_peer *peer)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < peer->devices->len; i++) {
        const struct op_device *device = peer->devices->pdata[i];

        if (!device->phase[op->phase].is_used && !device->phase[op->phase].is_disallowed) {
            sum = op_add_seconds(sum, op_device_timeout(op, device, op->phase));
        }
    }
    return (sum > 0) ? sum : op->base_timeout_s;
}

/* What the device needs at the first peer that offers it; one that nobody offers needs no time. */
static unsigned
timeout_of_offer(const struct op *op, const char *id)
{
    for (unsigned i = 0; i < op->peers->len; i++) {
        const struct op_device *device = op_offered(op->peers->pdata[i], id);

        if (device != NULL) {
            return op_device_timeout(op, device, op->phase);
        }
    }
    return 0;
}

static unsigned
devices_timeout(const struct op *op, const GPtrArray *ids)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < ids->len; i++) {
        sum = op_add_seconds(sum, timeout_of_offer(op, ids->pdata[i]));
    }
    return sum;
}

static unsigned
topology_timeout(const struct op *op, const struct topology *t)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    unsigned sum = 0;

    for (unsigned level = 1; level <= FENCE_LEVEL_MAX; level++) {
        for (unsigned i = 0; t->levels[level] != NULL && i < t->levels[level]->len; i++) {
            sum = op_add_seconds(sum, timeout_of_offer(op, t->levels[level]->pdata[i]));
            g_ptr_array_add(seen, t->levels[level]->pdata[i]);
        }
    }
    for (unsigned i = 0; text_equal(op->action, "on") && i < op->automatic->len; i++) {
        if (!op_holds(seen, op->automatic->pdata[i])) {
            sum = op_add_seconds(sum, timeout_of_offer(op, op->automatic->pdata[i]));
        }
    }
    return sum;
}

/* Of all levels, or of `peer` (NULL: not chosen yet); delays that were asked for come on top. */
unsigned
op_total_of_peer(const struct fenced_core *core, const struct op *op, const struct op_peer *peer)
{
    const struct topology *t = (op->devices != NULL) ? topology_find(core, op->target) : NULL;
    unsigned sum = (op->devices != NULL)  ? (t != NULL ? topology_timeout(op, t) : devices_timeout(op, op->devices))
                   : (peer != NULL) ? op_peer_timeout(op, peer)
                                    : 0;

    return op_add_seconds(sum > 0 ? sum : op->base_timeout_s, (unsigned) MAX(0, op->delay_s));
}

unsigned
op_total_timeout(const struct fenced_core *core, const struct op *op)
{
    return op_total_of_peer(core, op, NULL);
}
