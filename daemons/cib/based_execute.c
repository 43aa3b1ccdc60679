/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Execution of one request on this node: the pipeline, its reply, its notifications, its journal record.  Called by
 * based_core.c.  Decides nothing about who executes what.  (spec 20 §7, §8.3)
 */
#include <errno.h>
#include <string.h>

#include "daemons/cib/based_internal.h"
#include "lib/base/iso8601.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_journal.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_proto.h"

enum { DIGEST_DELAY_MS = 5000, PATCH_DIGEST_EVERY_S = 60, IGNORED_DIFFS_MAX = 5 };

bool
based_op_is_known(const char *op)
{
    return cib_op_modifies(op)
           || text_is_one_of(op, CIB_OP_QUERY, CIB_OP_SYNC, CIB_OP_SYNC_ONE, CIB_OP_PING, CIB_OP_NOOP, CIB_OP_PRIMARY,
                             CIB_OP_SECONDARY, "cib_slave_all", CIB_OP_IS_PRIMARY, CIB_OP_SHUTDOWN, NULL);
}

/* --- options that concern us --- */

void
based_read_options(struct based *b)
{
    const xmlNode *crm_config = cib_section_find(b->doc, "crm_config", NULL);
    struct based_effect *e = based_effect_new(BASED_QUEUE_LIMIT);
    long long limit = 0;

    e->value = 500;
    if (crm_config != NULL) {
        b->acls_enabled = text_is_true(cib_cluster_option(crm_config, "enable-acl"));
        if (text_parse_int(cib_cluster_option(crm_config, "cluster-ipc-limit"), &limit) && limit > 0 && limit <= G_MAXINT) {
            e->value = (int)limit;
        }
    }
    based_queue(b, e);
}

/* --- replies --- */

/* Spec 20 §8.5; takes `output`. */
static xmlNode *
make_reply(const xmlNode *message, int legacy_rc, xmlNode *output)
{
    xmlNode *reply = xml_new(NULL, CIB_EL_REPLY);
    const char *options = xml_get(message, CIB_F_CALL_OPT);

    xml_set(reply, CIB_F_TYPE, CIB_T_CIB);
    xml_copy_attr(reply, message, CIB_F_OP);
    xml_copy_attr(reply, message, CIB_F_CALL_ID);
    xml_copy_attr(reply, message, CIB_F_CLIENT_ID);
    xml_set(reply, CIB_F_CALL_OPT, options != NULL ? options : "0");
    xml_set_int(reply, CIB_F_RC, legacy_rc);
    if (output != NULL) {
        xmlNode *holder = xml_new(reply, CIB_EL_CALLDATA);

        xml_copy(holder, output);
        xml_free(output);
    }
    return reply;
}

/* Takes `output`. */
static void
reply(struct based *b, const xmlNode *message, const struct based_origin *origin, int legacy_rc, xmlNode *output,
      uint64_t sequence)
{
    unsigned options = (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0);
    struct based_client *client =
        origin->notify_client ? based_find_client(b, xml_get(message, CIB_F_CLIENT_ID)) : NULL;
    xmlNode *answer;

    if ((client == NULL && !origin->reply_to_peer) || (options & CIB_OPT_DISCARD_REPLY)) {
        xml_free(output);
        return;
    }
    answer = make_reply(message, legacy_rc, output);
    if (origin->reply_to_peer) {
        xmlNode *to_peer = client != NULL ? xml_copy(NULL, answer) : answer;

        xml_set(to_peer, CIB_F_REPLY_TO, xml_get(message, CIB_F_SRC));
        based_send(b, xml_get(message, CIB_F_SRC), to_peer);
    }
    if (client != NULL) {
        based_answer(b, client, options, answer, sequence);
    }
}

/* --- ops that change nothing --- */

/*
 * Result as a legacy code; `*answered` is set if no reply shall be sent now (it comes with a later message).
 */
static int
run_reader(struct based *b, const xmlNode *message, const char *op, const struct based_origin *origin, xmlNode **output,
           bool *answered)
{
    if (strcmp(op, CIB_OP_QUERY) == 0) {
        return result_to_legacy(cib_op_query(b->doc, xml_get(message, CIB_F_SECTION),
                                             (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0), output));
    }
    if (strcmp(op, CIB_OP_SYNC) == 0 || strcmp(op, CIB_OP_SYNC_ONE) == 0) {
        /* a local client is answered when the document comes round as a replace */
        *answered = origin->notify_client && !origin->from_peer && !b->stand_alone;
        return b->stand_alone ? 0 : based_send_document(b, message, strcmp(op, CIB_OP_SYNC) == 0);
    }
    if (strcmp(op, CIB_OP_PING) == 0) {
        *output = based_ping_data(b, message);
        return 0;
    }
    if (strcmp(op, CIB_OP_PRIMARY) == 0) {
        if (!b->primary) {
            log_info("We are now in R/W mode");
        }
        b->primary = true;
        return 0;
    }
    if (strcmp(op, CIB_OP_SECONDARY) == 0 || strcmp(op, "cib_slave_all") == 0) {
        if (b->primary) {
            log_info("We are now in R/O mode");
        }
        b->primary = b->stand_alone;
        return 0;
    }
    if (strcmp(op, CIB_OP_IS_PRIMARY) == 0) {
        return b->primary ? 0 : -EPERM;
    }
    return 0; /* noop; a shutdown request among ourselves */
}

/* --- updates --- */

static const xmlNode *
payload_of(const xmlNode *message)
{
    const xmlNode *holder = xml_first(message, CIB_EL_CALLDATA);

    return holder != NULL ? xml_first(holder, NULL) : NULL;
}

/* A diff that cannot be applied yet (spec 20 §9.4): true if it shall not even be tried. */
static bool
is_waiting_for_sync(struct based *b, const char *op)
{
    if (strcmp(op, CIB_OP_APPLY_DIFF) != 0 || !b->resyncing || b->primary) {
        return false;
    }
    if (++b->ignored_diffs > IGNORED_DIFFS_MAX) {
        b->resyncing = false;
        return false;
    }
    return true;
}

/* What a failed or successful apply_diff means for us; returns the code to answer with. */
static int
after_diff(struct based *b, const char *op, int rc, const xmlNode *payload)
{
    if (rc == RC_OK && strcmp(op, CIB_OP_REPLACE) == 0 && payload != NULL && xml_is(payload, "cib")) {
        b->resyncing = false;
    }
    if (rc != RC_DIFF_RESYNC || strcmp(op, CIB_OP_APPLY_DIFF) != 0) {
        return rc;
    }
    if (b->primary) {
        return RC_DIFF_FAILED;
    }
    based_request_resync(b);
    return rc;
}

/* The change is applied: onto the disk with it, and tell who depends on it. */
static void
after_change(struct based *b, struct cib_update_result *r, const char *op, bool client_waits)
{
    struct based_effect *e;

    if (r->crm_config_touched) {
        based_read_options(b);
    }
    if (r->persist && r->patch != NULL) {
        b->sequence++;
        if (b->journal) {
            e = based_effect_new(BASED_JOURNAL);
            e->record = cib_journal_record(r->patch, b->doc->root);
            e->sequence = b->sequence;
            e->value = client_waits;
            based_queue(b, e);
        } else {
            b->durable = b->sequence;
        }
    }
    if (r->persist || strcmp(op, CIB_OP_REPLACE) == 0) {
        based_queue(b, based_effect_new(BASED_WRITE));
    }
}

static bool
patch_gets_digest(struct based *b, int64_t now)
{
    return !b->gave_patch_digest || now - b->last_patch_digest >= PATCH_DIGEST_EVERY_S;
}

/* Returns the legacy code; `*output` is failure data. */
static int
run_update(struct based *b, xmlNode *message, const char *op, const struct based_origin *origin, int64_t now,
           xmlNode **output)
{
    g_autofree char *written = iso_ctime(now);
    const char *section = xml_get(message, CIB_F_SECTION);
    struct cib_update u = {
        .op = op,
        .section = section,
        .payload = payload_of(message),
        .options = (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0),
        .user = xml_get(message, CIB_F_USER),
        .check_acl = b->acls_enabled && !cib_acl_user_is_exempt(xml_get(message, CIB_F_USER)),
        .digest = xml_get(message, CIB_F_DIGEST),
        .feature_set = xml_get(message, CIB_A_FEATURE_SET),
        .full_sync = xml_get_bool(message, CIB_F_GLOBAL_UPDATE, false),
        .schema_max = xml_get(message, CIB_F_SCHEMA_MAX),
        .written = written,
        .origin = xml_get(message, CIB_F_SRC),
        .client = xml_get(message, CIB_F_CLIENT_NAME),
        .want_digest = patch_gets_digest(b, now),
    };
    struct cib_update_result r;
    int legacy;
    bool dry_run = (u.options & CIB_OPT_DRY_RUN) != 0;

    b->modified_since_ping = true;
    if (is_waiting_for_sync(b, op)) {
        return LEGACY_DIFF_RESYNC;
    }
    if (u.origin == NULL) {
        u.origin = b->node;
    }
    cib_update_run(b->doc, b->schemas, &u, &r);
    if (r.patch != NULL && xml_get(r.patch, CIB_F_DIGEST) != NULL) {
        b->gave_patch_digest = true;
        b->last_patch_digest = now;
    }
    legacy = result_to_legacy(after_diff(b, op, r.rc, u.payload));
    if (r.applied && r.rc == RC_OK) {
        after_change(b, &r, op, origin->notify_client && !(u.options & CIB_OPT_DISCARD_REPLY));
        if (!b->stand_alone) {
            based_arm(b, BASED_TIMER_DIGEST, DIGEST_DELAY_MS);
        }
    }
    if (r.patch != NULL && !dry_run) {
        unsigned sections = r.rc == RC_OK ? r.changed_sections : 0;

        if (!(u.options & CIB_OPT_INHIBIT_NOTIFY)) {
            based_notify_diff(b, op, legacy, cib_op_input(op, section, u.options, u.payload), r.patch);
            r.patch = NULL;
        }
        if (sections != 0) {
            based_notify_refresh(b, op, legacy, sections);
        }
    }
    *output = r.output;
    r.output = NULL;
    cib_update_result_clear(&r);
    return legacy;
}

/*
 * A local client's query for one element, most often the whole document: the answer is written straight from
 * the document.  False if this query is of another kind.
 */
static bool
answer_query(struct based *b, const xmlNode *message, const struct based_origin *origin)
{
    unsigned options = (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0);
    struct based_client *client = based_find_client(b, xml_get(message, CIB_F_CLIENT_ID));
    const xmlNode *element = cib_op_query_borrow(b->doc, xml_get(message, CIB_F_SECTION), options);
    g_autoptr(xmlNode) head = NULL;
    GString *text;

    if (element == NULL || client == NULL || b->answers_as_elements || origin->reply_to_peer || !origin->notify_client
        || (options & CIB_OPT_DISCARD_REPLY)) {
        return false;
    }
    head = make_reply(message, 0, NULL);
    text = g_string_sized_new(4096);
    xml_append_text(text, head, XML_TEXT_PLAIN);
    g_string_truncate(text, text->len - strlen("/>"));
    g_string_append(text, "><" CIB_EL_CALLDATA ">");
    xml_append_text(text, element, XML_TEXT_PLAIN);
    g_string_append(text, "</" CIB_EL_CALLDATA "></" CIB_EL_REPLY ">");
    based_answer_text(b, client, options, text);
    return true;
}

/* A copy of what that user may read of the document. */
static xmlNode *
whole_document_for(struct based *b, const char *user)
{
    g_autoptr(cib_acl) acl = NULL;

    if (!b->acls_enabled || cib_acl_user_is_exempt(user)) {
        return xml_copy(NULL, b->doc->root);
    }
    acl = cib_acl_new(b->doc, user);
    return cib_acl_readable(acl, b->doc->root, b->doc->ids);
}

void
based_execute(struct based *b, xmlNode *message, const struct based_origin *origin, int64_t now)
{
    const char *op = xml_get(message, CIB_F_OP);
    xmlNode *output = NULL;
    bool answered = false;
    uint64_t sequence = 0;
    int rc;

    if (b->error_rc != 0) {
        rc = b->error_rc;
        output = whole_document_for(b, xml_get(message, CIB_F_USER));
    } else if (cib_op_modifies(op)) {
        uint64_t before = b->sequence;

        rc = run_update(b, message, op, origin, now, &output);
        sequence = b->sequence != before ? b->sequence : 0;
    } else if (strcmp(op, CIB_OP_QUERY) == 0 && b->acls_enabled && !cib_acl_user_is_exempt(xml_get(message, CIB_F_USER))) {
        rc = result_to_legacy(cib_op_query_as(b->doc, xml_get(message, CIB_F_USER), xml_get(message, CIB_F_SECTION),
                                              (unsigned)xml_get_int(message, CIB_F_CALL_OPT, 0), &output));
    } else if (strcmp(op, CIB_OP_QUERY) == 0 && answer_query(b, message, origin)) {
        return;
    } else {
        rc = run_reader(b, message, op, origin, &output, &answered);
    }
    if (answered && rc == 0) {
        xml_free(output);
        return;
    }
    reply(b, message, origin, rc, output, sequence);
}
