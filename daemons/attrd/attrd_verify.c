/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the CIB says of this node and nobody knows: found and erased after a merge.  Called by the other topic files of the core and by
 * the shell with what it has read.  Never touches what the table has, not even an unset value: that is the writer's business.
 *
 * A partition may have written values of a node that was elsewhere.  If its members end before the merge, nobody's table has these
 * values, but its CIB may be the one that all take over.  No message of the protocol would ever take them out again.
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"

#include <string.h>

/*
 * How long after the merge the CIB is read, and again before something is erased.  By then tables are equal, and an update that the
 * writer had seen and copied when we had not, has arrived.
 */
#define VERIFY_MS 2000

static char *
own_attributes(const struct attrd_core *core)
{
    return attrd_attributes_path(core->node_name, peers_local_id(core->peers));
}

void
attrd_verify_later(struct attrd_core *core, uint64_t now)
{
    g_hash_table_remove_all(core->strange);
    core->verify_due = now + VERIFY_MS;
}

void
attrd_verify_tick(struct attrd_core *core, uint64_t now)
{
    struct attrd_effect *effect;
    char *xpath;

    if (core->verify_due > now) {
        return;
    }
    core->verify_due = ATTRD_NEVER;
    if (core->stopping || core->shutdown_requested) {
        return;
    }
    xpath = own_attributes(core);
    if (xpath == NULL) {
        return;
    }
    effect = attrd_effect_add(core, ATTRD_CIB_READ);
    effect->xpath = xpath;
    effect->options = CIB_OPT_LOCAL | CIB_OPT_XPATH;
    core->reading = true;
}

static bool
is_known(const struct attrd_core *core, const char *name)
{
    const struct attrd_attribute *a = attrd_find(core, name);

    return a != NULL && !a->is_private && attrd_value_find(a, core->node_name) != NULL;
}

static void
erase(struct attrd_core *core, const xmlNode *pair)
{
    struct attrd_effect *effect;
    g_autofree char *own = own_attributes(core), *which = xml_xpath("@id='%s'", xml_id(pair));
    const char *name = xml_get(pair, "name"), *value = xml_get(pair, "value");
    char quote = strchr(value, '\'') == NULL ? '\'' : '"';

    if (own == NULL || which == NULL || strchr(value, quote) != NULL) {
        log_warn("The CIB's value %s='%s' of this node, which nobody knows any more, stays: no XPath can name it", name, value);
        return;
    }
    log_notice("Erasing %s='%s' of this node from the CIB: nobody knows this value any more", name, value);
    effect = attrd_effect_add(core, ATTRD_CIB_ERASE);
    /* The value, so that one that was set in this very moment stays. */
    effect->xpath = g_strdup_printf("%s//nvpair[%s and @value=%c%s%c]", own, which, quote, value, quote);
    effect->options = CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_XPATH;
}

/* Pairs anywhere below: one strange for the second time is erased, one for the first time goes to `strange`. */
static void
look_below(struct attrd_core *core, const xmlNode *node, GHashTable *strange)
{
    xml_for_each(child, node, NULL)
    {
        const char *id = xml_id(child), *name = xml_get(child, "name"), *value = xml_get(child, "value");

        if (!xml_is(child, "nvpair")) {
            look_below(core, child, strange);
        } else if (id != NULL && name != NULL && value != NULL && !is_known(core, name)) {
            if (text_equal(g_hash_table_lookup(core->strange, id), value)) {
                erase(core, child);
            } else {
                g_hash_table_replace(strange, g_strdup(id), g_strdup(value));
            }
        }
    }
}

void
attrd_core_cib_read(struct attrd_core *core, uint64_t now, const xmlNode *attributes)
{
    GHashTable *strange = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    core->reading = false;
    if (attributes != NULL && !core->stopping) {
        look_below(core, attributes, strange);
    }
    g_hash_table_unref(core->strange);
    core->strange = strange;
    if (g_hash_table_size(strange) > 0) {
        core->verify_due = MIN(core->verify_due, now + VERIFY_MS);
    }
}
