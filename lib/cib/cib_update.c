/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The update pipeline.  Called by the daemon's core and the file client for every modifying request.  Never
 * copies or compares whole documents unless the operation itself brings one.  (spec 20 §3, §7)
 */
#include "lib/cib/cib_update.h"

#include <errno.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"

void
cib_update_result_clear(struct cib_update_result *r)
{
    xml_free(r->output);
    xml_free(r->patch);
    memset(r, 0, sizeof(*r));
}

/* Requests for exactly the section status are not validated and not rolled back (spec 20 §16). */
static bool
is_in_place(const struct cib_update *u)
{
    return u->section != NULL && strcasecmp(u->section, "status") == 0 && !(u->options & (CIB_OPT_DRY_RUN | CIB_OPT_XPATH));
}

/* --- upgrade --- */

static int
run_upgrade(struct cib_doc *d, struct cib_schemas *schemas, const struct cib_update *u)
{
    g_autoptr(xmlNode) copy = NULL;
    struct cib_version v = cib_version_of(d->root);
    int best, rc;

    if (schemas == NULL) {
        return RC_SCHEMA_UNCHANGED;
    }
    copy = xml_copy(NULL, d->root);
    rc = cib_schema_upgrade(schemas, &copy, u->schema_max, &best);
    if (rc != RC_OK) {
        return rc;
    }
    cib_doc_replace(d, d->root, copy);
    cib_doc_set_int(d, d->root, CIB_A_ADMIN_EPOCH, MAX(v.admin_epoch, 0) + 1);
    cib_doc_set_int(d, d->root, CIB_A_EPOCH, 1);
    cib_doc_set_int(d, d->root, CIB_A_NUM_UPDATES, 1);
    return RC_OK;
}

/* --- what a replace changed, for the refresh notification --- */

static char *
digest_of_section(const struct cib_doc *d, const char *section)
{
    const xmlNode *e = cib_section_find(d, section, NULL);

    return e != NULL ? cib_digest_v2(e) : NULL;
}

static const struct {
    const char *section;
    unsigned bit;
} watched[] = { { "nodes", CIB_CHANGED_NODES }, { "alerts", CIB_CHANGED_ALERTS }, { "status", CIB_CHANGED_STATUS } };

/* Only where the replaced element holds one of the watched sections or lies in it is there anything to see. */
static bool
may_concern(const xmlNode *input, const struct cib_update *u, const char *section)
{
    static const char *const others[] = { "crm_config", "resources", "constraints", "op_defaults", "rsc_defaults", "acls",
                                          "fencing-topology", "tags", "primitive", "group", "clone", "bundle" };

    if (input == NULL || (u->options & CIB_OPT_XPATH)) {
        return true;
    }
    if (u->section != NULL && strcasecmp(u->section, section) == 0) {
        return true;
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
        if (xml_is(input, others[i]) || text_equal_nocase(u->section, others[i])) {
            return false;
        }
    }
    return true;
}

/* --- counters --- */

static bool
manages_counters(const struct cib_update *u)
{
    return !u->full_sync && !(u->options & CIB_OPT_INHIBIT_BCAST);
}

static void
count(struct cib_doc *d, bool config_changed)
{
    struct cib_version v = cib_version_of(d->root);

    if (config_changed) {
        cib_doc_set_int(d, d->root, CIB_A_NUM_UPDATES, 0);
        cib_doc_set_int(d, d->root, CIB_A_EPOCH, MAX(v.epoch, 0) + 1);
    } else {
        cib_doc_set_int(d, d->root, CIB_A_NUM_UPDATES, MAX(v.num_updates, 0) + 1);
    }
}

/*
 * May this result take the place of the document?  (spec 20 §7, in this order; the patchset is still made after
 * a counter regression)
 */
static int
check_result(const struct cib_doc *d, const struct cib_version *before)
{
    struct cib_version after = cib_version_of(d->root);
    const char *feature_set = xml_get(d->root, CIB_A_FEATURE_SET);

    if (feature_set != NULL && text_compare_versions(feature_set, FEATURE_SET) > 0) {
        log_err("Discarding update with feature set '%s' greater than our own '%s'", feature_set, FEATURE_SET);
        return EPROTONOSUPPORT;
    }
    if (after.admin_epoch < before->admin_epoch
        || (after.admin_epoch == before->admin_epoch && after.epoch < before->epoch)) {
        return RC_OLD_DATA;
    }
    return RC_OK;
}

static void
stamp(struct cib_doc *d, struct cib_schemas *schemas, const struct cib_update *u)
{
    cib_doc_stamp(d, CIB_A_LAST_WRITTEN, u->written);
    if (schemas == NULL
        || cib_schema_index(schemas, xml_get(d->root, CIB_A_VALIDATE_WITH)) >= cib_schema_index(schemas, "pacemaker-1.2")) {
        cib_doc_stamp(d, CIB_A_UPDATE_ORIGIN, u->origin);
        cib_doc_stamp(d, CIB_A_UPDATE_CLIENT, u->client);
        cib_doc_stamp(d, CIB_A_UPDATE_USER, u->user);
    }
}

/* --- persistence --- */

/* Something that belongs on disk changed: the document without status and num_updates. */
static bool
changes_disk(const struct cib_doc *d)
{
    const struct cib_mark *root = cib_node_mark(d->root);

    for (guint i = 0; i < d->deletions->len; i++) {
        if (!g_str_has_prefix(g_array_index(d->deletions, struct cib_deletion, i).path, "/cib/status")) {
            return true;
        }
    }
    for (guint i = 0; root != NULL && root->attrs != NULL && i < root->attrs->len; i++) {
        if (strcmp(g_ptr_array_index(root->attrs, i), CIB_A_NUM_UPDATES) != 0) {
            return true;
        }
    }
    xml_for_each(c, d->root, NULL)
    {
        if (!xml_is(c, "status") && cib_node_mark(c) != NULL) {
            return true;
        }
    }
    return cib_doc_root_replaced(d);
}

static bool
touches_crm_config(const struct cib_doc *d)
{
    const xmlNode *section = cib_section_find(d, "crm_config", NULL);

    if (cib_doc_root_replaced(d) || (section != NULL && cib_node_mark(section) != NULL)) {
        return true;
    }
    for (guint i = 0; i < d->deletions->len; i++) {
        if (g_str_has_prefix(g_array_index(d->deletions, struct cib_deletion, i).path, "/cib/configuration/crm_config")) {
            return true;
        }
    }
    return false;
}

/* --- the pipeline --- */

static int
run_op(struct cib_doc *d, struct cib_schemas *schemas, const struct cib_update *u, const xmlNode *input,
       const struct cib_acl *acl, xmlNode **output)
{
    struct cib_op_args args = {
        .op = u->op,
        .section = u->section,
        .input = input,
        .options = u->options,
        .digest = u->digest,
        .feature_set = u->feature_set,
        .no_permission = acl != NULL && cib_acl_is_empty(acl),
    };

    if (strcmp(u->op, CIB_OP_UPGRADE) == 0) {
        return run_upgrade(d, schemas, u);
    }
    return cib_op_modify(d, &args, output);
}

static xmlNode *
make_patch(struct cib_doc *d, const struct cib_update *u, const struct cib_update_result *r, bool in_place)
{
    g_autofree char *digest = NULL;

    if (!in_place && u->want_digest) {
        digest = cib_digest_versioned(d->root, xml_get(d->root, CIB_A_FEATURE_SET));
    }
    return cib_patch_new(d, &r->before, digest, true);
}

/* Everything between a successful operation and the decision. */
static void
finish(struct cib_doc *d, struct cib_schemas *schemas, const struct cib_update *u, const struct cib_acl *acl,
       struct cib_update_result *r)
{
    bool in_place = is_in_place(u);

    if (acl != NULL && !cib_acl_allows_change(acl, d)) {
        r->rc = EACCES;
        return;
    }
    r->rc = check_result(d, &r->before);
    if (r->rc == EPROTONOSUPPORT) {
        return;
    }
    cib_op_sweep(d);
    r->config_changed = d->dirty && cib_doc_config_changed(d);
    if (d->dirty && manages_counters(u)) {
        count(d, r->config_changed);
    }
    r->patch = make_patch(d, u, r, in_place);
    r->persist = changes_disk(d);
    r->crm_config_touched = touches_crm_config(d);
    if (r->config_changed && u->written != NULL && !(u->options & CIB_OPT_NO_MTIME)) {
        stamp(d, schemas, u);
    }
    if (r->rc == RC_OK && !in_place && schemas != NULL) {
        cib_schema_complete(schemas, d->root);
        if (!cib_schema_accepts_change(schemas, d)) {
            r->rc = RC_SCHEMA_VALIDATION;
            r->output = acl != NULL ? cib_acl_readable(acl, d->root, d->ids) : xml_copy(NULL, d->root);
        }
    }
}

static void
note_changed_sections(const struct cib_doc *d, char *const *old, struct cib_update_result *r)
{
    for (guint i = 0; i < G_N_ELEMENTS(watched); i++) {
        if (old[i] != NULL) {
            g_autofree char *new = digest_of_section(d, watched[i].section);

            if (!text_equal(*old[i] != '\0' ? old[i] : NULL, new)) {
                r->changed_sections |= watched[i].bit;
            }
        }
    }
}

void
cib_update_run(struct cib_doc *d, struct cib_schemas *schemas, const struct cib_update *u, struct cib_update_result *r)
{
    const xmlNode *input = cib_op_input(u->op, u->section, u->options, u->payload);
    bool replaces = strcmp(u->op, CIB_OP_REPLACE) == 0;
    char *old_digests[G_N_ELEMENTS(watched)] = { NULL };
    g_autoptr(cib_acl) acl = u->check_acl ? cib_acl_new(d, u->user) : NULL;

    memset(r, 0, sizeof(*r));
    r->before = cib_version_of(d->root);
    for (guint i = 0; replaces && i < G_N_ELEMENTS(watched); i++) {
        if (may_concern(input, u, watched[i].section)) {
            old_digests[i] = digest_of_section(d, watched[i].section);
            if (old_digests[i] == NULL) {
                old_digests[i] = g_strdup(""); /* looked, and it is not there */
            }
        }
    }

    if (acl != NULL) {
        cib_acl_before_change(acl, d);
    }
    cib_doc_begin(d);
    r->rc = run_op(d, schemas, u, input, acl, &r->output);
    if (r->rc == RC_OK) {
        finish(d, schemas, u, acl, r);
    } else if (is_in_place(u) && !replaces) {
        /* what a failed request for status changed before it failed stays, uncounted: peers do the same */
        r->applied = d->dirty;
        cib_doc_commit(d);
        goto done;
    }
    if (r->rc != RC_OK || (u->options & CIB_OPT_DRY_RUN)) {
        cib_doc_undo(d);
        goto done;
    }
    r->applied = true;
    if (replaces) {
        note_changed_sections(d, old_digests, r);
    } else if (strcmp(u->op, CIB_OP_ERASE) == 0) {
        r->changed_sections = CIB_CHANGED_NODES | CIB_CHANGED_ALERTS | CIB_CHANGED_STATUS;
    }
    if (!is_in_place(u)) {
        const char *schema = xml_get(d->root, CIB_A_VALIDATE_WITH);

        d->swept = true;
        if (schemas != NULL && !text_equal(d->valid_for, schema)) {
            g_free(d->valid_for);
            d->valid_for = g_strdup(schema);
        }
    }
    cib_doc_commit(d);
done:
    for (guint i = 0; i < G_N_ELEMENTS(watched); i++) {
        g_free(old_digests[i]);
    }
}
