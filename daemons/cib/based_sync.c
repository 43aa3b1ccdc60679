/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the members' documents are kept the same: full syncs, digest pings, upgrade coordination.  Called by
 * based_core.c and based_execute.c.  (spec 20 §9.4-9.6)
 */
#include <errno.h>
#include <string.h>

#include "daemons/cib/based_internal.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_proto.h"

/* Attributes that a full sync takes over from its request, in this order. */
static const char *const copied[] = {
    CIB_F_NAME,     CIB_F_TYPE,     CIB_F_CLIENT_ID, CIB_F_CALL_OPT,  CIB_F_CALL_ID,       CIB_F_OP,
    CIB_F_REPLY_TO, CIB_F_SECTION,  CIB_F_HOST,      CIB_F_RC,        CIB_F_DELEGATED,     CIB_F_OBJECT,
    CIB_F_OBJECT_TYPE, "cib_existing_object", "cib_seen", "cib_timeout", CIB_F_ASYNC_ID,   CIB_F_GLOBAL_UPDATE,
    CIB_F_CLIENT_NAME, CIB_F_USER,  CIB_F_NOTIFY_TYPE, CIB_F_NOTIFY_ON,
};

int
based_send_document(struct based *b, const xmlNode *request, bool to_all)
{
    const char *requester = xml_get(request, CIB_F_SRC), *op = xml_get(request, CIB_F_OP);
    xmlNode *message = xml_new(NULL, "copy");
    g_autofree char *digest = cib_digest_v2(b->doc->root);

    if (requester == NULL) {
        requester = b->node;
    }
    for (guint i = 0; i < G_N_ELEMENTS(copied); i++) {
        xml_copy_attr(message, request, copied[i]);
    }
    xml_set(message, CIB_F_REPLY_TO, requester);
    if (to_all) {
        xml_remove(message, CIB_F_HOST);
    } else {
        xml_set(message, CIB_F_HOST, requester);
    }
    xml_set(message, CIB_F_OP, CIB_OP_REPLACE);
    xml_set(message, CIB_F_ORIGINAL_OP, op);
    xml_set(message, CIB_F_GLOBAL_UPDATE, "true");
    xml_set(message, CIB_A_FEATURE_SET, FEATURE_SET);
    xml_set(message, CIB_F_DIGEST, digest);
    xml_copy(xml_new(message, CIB_EL_CALLDATA), b->doc->root);
    based_send(b, to_all ? NULL : requester, message);
    return 0;
}

void
based_request_resync(struct based *b)
{
    xmlNode *message = xml_new(NULL, "sync-me");

    b->resyncing = true;
    b->ignored_diffs = 0;
    xml_set(message, CIB_F_TYPE, CIB_T_CIB);
    xml_set(message, CIB_F_OP, CIB_OP_SYNC_ONE);
    xml_set(message, CIB_F_DELEGATED, b->node);
    based_send(b, NULL, message);
}

/* --- digest pings --- */

xmlNode *
based_ping_data(struct based *b, const xmlNode *request)
{
    xmlNode *data = xml_new(NULL, CIB_EL_PING), *root;
    g_autofree char *digest = cib_digest_versioned(b->doc->root, xml_get(request, CIB_A_FEATURE_SET));

    xml_set(data, CIB_A_FEATURE_SET, FEATURE_SET);
    xml_set(data, CIB_F_DIGEST, digest);
    xml_copy_attr(data, request, CIB_F_PING_ID);
    root = xml_new(xml_new(data, CIB_EL_CALLDATA), xml_name(b->doc->root));
    for (const xmlAttr *a = b->doc->root->properties; a != NULL; a = a->next) {
        xml_set(root, (const char *)a->name, xml_attr_value(a));
    }
    return data;
}

void
based_start_ping(struct based *b)
{
    xmlNode *message;

    if (!b->primary || b->stand_alone) {
        return;
    }
    b->ping_id++;
    b->modified_since_ping = false;
    g_clear_pointer(&b->ping_digest, g_free);
    message = xml_new(NULL, CIB_OP_PING);
    xml_set(message, CIB_F_TYPE, CIB_T_CIB);
    xml_set(message, CIB_F_OP, CIB_OP_PING);
    xml_set_int(message, CIB_F_PING_ID, b->ping_id);
    xml_set(message, CIB_A_FEATURE_SET, FEATURE_SET);
    based_send(b, NULL, message);
}

static const xmlNode *
ping_response_in(const xmlNode *reply)
{
    const xmlNode *holder = xml_first(reply, CIB_EL_CALLDATA);

    return holder != NULL ? xml_first(holder, CIB_EL_PING) : NULL;
}

/*
 * A change that a member accepted while another's document was on its way to everybody is in that member's document alone, and it was
 * acknowledged: what the primary has must not undo it.  The member sends its document to all; the DC joins everybody anew then.
 */
static void
ask_for_document(struct based *b, const char *host)
{
    xmlNode *message = xml_new(NULL, CIB_OP_SYNC);

    xml_set(message, CIB_F_TYPE, CIB_T_CIB);
    xml_set(message, CIB_F_OP, CIB_OP_SYNC);
    xml_set(message, CIB_F_HOST, host);
    xml_set(message, CIB_F_DELEGATED, b->node);
    based_send(b, host, message);
}

void
based_ping_answered(struct based *b, const xmlNode *reply)
{
    const xmlNode *pong = ping_response_in(reply);
    const char *host = xml_get(reply, CIB_F_SRC), *digest;
    const xmlNode *theirs;
    g_autoptr(xmlNode) request = NULL;
    int lifted = -1;

    if (pong == NULL || (digest = xml_get(pong, CIB_F_DIGEST)) == NULL || host == NULL
        || xml_get_int(pong, CIB_F_PING_ID, 0) != b->ping_id || b->ping_id == 0 || b->modified_since_ping) {
        return;
    }
    if (b->ping_digest == NULL) {
        b->ping_digest = cib_digest_versioned(b->doc->root, xml_get(pong, CIB_A_FEATURE_SET));
    }
    if (strcmp(digest, b->ping_digest) == 0) {
        return;
    }
    theirs = xml_first(pong, CIB_EL_CALLDATA);
    theirs = theirs != NULL ? xml_first(theirs, NULL) : NULL;
    if (theirs != NULL) {
        struct cib_version v = cib_version_of(theirs), own = cib_version_of(b->doc->root);

        if (v.admin_epoch > own.admin_epoch || (v.admin_epoch == own.admin_epoch && v.epoch > own.epoch)) {
            log_notice("The CIB of %s (%d.%d.%d) is newer than the local %d.%d.%d: taking it", host, v.admin_epoch, v.epoch,
                       v.num_updates, own.admin_epoch, own.epoch, own.num_updates);
            ask_for_document(b, host);
            return;
        }
        log_notice("Local CIB %d.%d.%d differs from that of %s (%d.%d.%d): sending it ours", own.admin_epoch, own.epoch,
                   own.num_updates, host, v.admin_epoch, v.epoch, v.num_updates);
        /* They would refuse ours as old, for ever: what counts is the primary's, so it goes out with a number above theirs. */
        if (own.admin_epoch == v.admin_epoch && own.epoch == v.epoch && own.num_updates < v.num_updates) {
            lifted = v.num_updates + 1;
        }
    }
    request = xml_copy(NULL, reply);
    xml_remove(request, CIB_F_RC);
    if (lifted >= 0) {
        g_autofree char *number = g_strdup(xml_get(b->doc->root, CIB_A_NUM_UPDATES));

        /* To everybody, ourselves included: it becomes ours when it comes back. */
        xml_set_int(b->doc->root, CIB_A_NUM_UPDATES, lifted);
        based_send_document(b, request, true);
        xml_set(b->doc->root, CIB_A_NUM_UPDATES, number);
    } else {
        based_send_document(b, request, false);
    }
}

/* --- upgrades (spec 20 §9.6) --- */

static void
copy_upgrade_attrs(xmlNode *to, const xmlNode *request)
{
    xml_set(to, CIB_F_CLIENT_ID, xml_get(request, CIB_F_CLIENT_ID));
    xml_set(to, CIB_F_CALL_OPT, xml_get(request, CIB_F_CALL_OPT));
    xml_set(to, CIB_F_CALL_ID, xml_get(request, CIB_F_CALL_ID));
}

void
based_upgrade_as_primary(struct based *b, const xmlNode *request)
{
    const char *origin = xml_get(request, CIB_F_DELEGATED);
    g_autoptr(xmlNode) scratch = xml_copy(NULL, b->doc->root);
    xmlNode *message;
    int best = 0, rc;

    if (origin == NULL) {
        origin = xml_get(request, CIB_F_SRC);
    }
    rc = b->schemas != NULL ? cib_schema_upgrade(b->schemas, &scratch, NULL, &best) : RC_SCHEMA_UNCHANGED;
    message = xml_new(NULL, CIB_EL_UPGRADE);
    xml_set(message, CIB_F_TYPE, CIB_T_CIB);
    xml_set(message, CIB_F_OP, CIB_OP_UPGRADE);
    if (rc == RC_OK) {
        xml_set(message, CIB_F_SCHEMA_MAX, cib_schema_name(b->schemas, (guint)best));
        xml_set(message, CIB_F_DELEGATED, origin);
        copy_upgrade_attrs(message, request);
        based_send(b, NULL, message);
        return;
    }
    xml_set(message, CIB_F_DELEGATED, origin);
    xml_set(message, CIB_F_REPLY_TO, origin);
    copy_upgrade_attrs(message, request);
    xml_set_int(message, CIB_F_UPGRADE_RC, result_to_legacy(rc));
    based_send(b, origin, message);
}
