/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications of the CIB manager to its local subscribers.  Called by based_execute.c.  (spec 20 §8.6)
 */
#include <string.h>

#include "daemons/cib/based_internal.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_proto.h"

enum { TYPE_DIFF, TYPE_REFRESH };

/* What may be subscribed; only the first two are ever sent. */
static const char *const types[BASED_NOTIFY_TYPES] = {
    [TYPE_DIFF] = CIB_NOTIFY_DIFF,
    [TYPE_REFRESH] = CIB_NOTIFY_REFRESH,
    "cib_pre_notify",
    "cib_post_notify",
    "cib_update_confirmation",
};

int
based_subscribe(struct based_client *c, const char *type, bool on, const char *paths)
{
    struct cib_interest *interest = on && paths != NULL ? cib_interest_new(paths) : NULL;

    if (text_equal(type, CIB_NOTIFY_DIFF)) {
        cib_interest_free(c->interest);
        c->interest = interest; /* of what cannot be understood all is told */
    } else {
        cib_interest_free(interest);
    }
    for (unsigned i = 0; i < BASED_NOTIFY_TYPES; i++) {
        if (text_equal(type, types[i])) {
            c->subscribed = on ? c->subscribed | 1u << i : c->subscribed & ~(1u << i);
            return CRM_EX_OK;
        }
    }
    return CRM_EX_INVALID_PARAM;
}

/* Whoever ACLs bind must not learn by a notification what he could not read. */
static bool
is_bound_by_acls(const struct based *b, const struct based_client *c)
{
    return b->acls_enabled && !cib_acl_user_is_exempt(c->user);
}

enum audience { EVERYBODY, WHO_MAY_READ_ALL, BOUND_BY_ACLS };

/* `patch`: what is told, NULL if everybody shall hear of it. */
static GPtrArray *
subscribers(const struct based *b, unsigned type, enum audience who, const xmlNode *patch)
{
    GPtrArray *list = NULL;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, b->clients);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct based_client *c = value;

        if ((c->subscribed & 1u << type) && (who == EVERYBODY || is_bound_by_acls(b, c) == (who == BOUND_BY_ACLS))
            && (patch == NULL || c->interest == NULL || cib_interest_in(c->interest, patch))) {
            if (list == NULL) {
                list = g_ptr_array_new_with_free_func(g_free);
            }
            g_ptr_array_add(list, g_strdup(c->id));
        }
    }
    return list;
}

static void
add_generation(xmlNode *parent, const xmlNode *root)
{
    xmlNode *tuple = xml_new(parent, CIB_EL_TUPLE);

    xml_copy_attrs(tuple, root);
}

static void
notify(struct based *b, GPtrArray *list, xmlNode *message)
{
    struct based_effect *e = based_effect_new(BASED_NOTIFY);

    e->clients = list;
    e->xml = message;
    based_queue(b, e);
}

static xmlNode *
diff_message(const char *op, int legacy_rc, const char *object_type)
{
    xmlNode *message = xml_new(NULL, CIB_EL_NOTIFY);

    xml_set(message, CIB_F_TYPE, CIB_T_NOTIFY);
    xml_set(message, CIB_F_SUBTYPE, CIB_NOTIFY_DIFF);
    xml_set(message, CIB_F_OP, op);
    xml_set_int(message, CIB_F_RC, legacy_rc);
    xml_set(message, CIB_F_OBJECT_TYPE, object_type);
    return message;
}

/*
 * That there was a change, not which: the patchset starts where the document is now, so whoever keeps a copy has to ask
 * anew, and gets what he may read.
 */
static void
notify_bound(struct based *b, const char *op, int legacy_rc)
{
    GPtrArray *list = legacy_rc == 0 ? subscribers(b, TYPE_DIFF, BOUND_BY_ACLS, NULL) : NULL;
    struct cib_version now = cib_version_of(b->doc->root);
    xmlNode *message, *diff, *version, *ends[2];

    if (list == NULL) {
        return;
    }
    message = diff_message(op, legacy_rc, "diff");
    diff = xml_new(xml_new(message, CIB_EL_RESULT), "diff");
    xml_set(diff, "format", "2");
    version = xml_new(diff, "version");
    ends[0] = xml_new(version, "source");
    ends[1] = xml_new(version, "target");
    for (int i = 0; i < 2; i++) {
        xml_set_int(ends[i], CIB_A_ADMIN_EPOCH, MAX(now.admin_epoch, 0));
        xml_set_int(ends[i], CIB_A_EPOCH, MAX(now.epoch, 0));
        xml_set_int(ends[i], CIB_A_NUM_UPDATES, MAX(now.num_updates, 0) + i);
    }
    notify(b, list, message);
}

void
based_notify_diff(struct based *b, const char *op, int legacy_rc, const xmlNode *input, xmlNode *take_patch)
{
    GPtrArray *list = subscribers(b, TYPE_DIFF, WHO_MAY_READ_ALL, take_patch);
    xmlNode *message;

    if (b->acls_enabled) {
        notify_bound(b, op, legacy_rc);
    }
    if (list == NULL) {
        xml_free(take_patch);
        return;
    }
    message = diff_message(op, legacy_rc, input != NULL ? xml_name(input) : "diff");
    add_generation(xml_new(message, CIB_EL_GENERATION), b->doc->root);
    if (input != NULL) {
        xml_copy(xml_new(message, CIB_EL_UPDATE), input);
    }
    xml_move(xml_new(message, CIB_EL_RESULT), take_patch);
    notify(b, list, message);
}

void
based_notify_refresh(struct based *b, const char *op, int legacy_rc, unsigned sections)
{
    GPtrArray *list = subscribers(b, TYPE_REFRESH, EVERYBODY, NULL);
    xmlNode *message;

    if (list == NULL) {
        return;
    }
    message = xml_new(NULL, CIB_EL_REFRESH);
    xml_set(message, CIB_F_TYPE, CIB_T_NOTIFY);
    xml_set(message, CIB_F_SUBTYPE, CIB_NOTIFY_REFRESH);
    xml_set(message, CIB_F_OP, op);
    xml_set_int(message, CIB_F_RC, legacy_rc);
    xml_set_int(message, CIB_F_CHANGE_SECTION, sections);
    add_generation(xml_new(message, CIB_EL_REPLACE_GEN), b->doc->root);
    notify(b, list, message);
}
