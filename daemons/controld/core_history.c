/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resource operation history: records of results, digests of parameters, entries for the CIB, and writing
 * them in batches.  Called by the executor side and, for lost actions and joins, by graph and join.
 * Never decides what a result means for the graph.  (spec 30 §11)
 */
#include "daemons/controld/core_exec.h"

#include "lib/base/log.h"

#include <stdlib.h>
#include <string.h>

/* ---- records ---- */

struct op_record *
op_record_new(const char *rsc, const char *action, guint interval_ms)
{
    struct op_record *op = g_new0(struct op_record, 1);

    op->rsc = g_strdup(rsc);
    op->action = g_strdup(action);
    op->interval_ms = interval_ms;
    op->call_id = -1;
    op->status = EXEC_UNKNOWN;
    op->rc = OCF_RC_UNKNOWN;
    return op;
}

const char *
op_record_word(const struct op_record *op)
{
    return op->interval_ms == 0 && text_equal(op->action, "monitor") ? "probe" : op->action;
}

struct op_record *
op_record_copy(const struct op_record *from)
{
    struct op_record *op = g_memdup2(from, sizeof *from);

    op->rsc = g_strdup(from->rsc);
    op->action = g_strdup(from->action);
    op->userdata = g_strdup(from->userdata);
    op->reason = g_strdup(from->reason);
    op->params = from->params != NULL ? g_hash_table_ref(from->params) : NULL;
    return op;
}

void
op_record_free(gpointer data)
{
    struct op_record *op = data;

    if (op == NULL) {
        return;
    }
    g_free(op->rsc);
    g_free(op->action);
    g_free(op->userdata);
    g_free(op->reason);
    if (op->params != NULL) {
        g_hash_table_unref(op->params);
    }
    g_free(op);
}

static const char *
param(const struct op_record *op, const char *name)
{
    return op->params != NULL ? g_hash_table_lookup(op->params, name) : NULL;
}

int
op_target_rc(const struct op_record *op)
{
    int transition, action, target = 0;
    g_autofree char *uuid = NULL;

    if (op->userdata != NULL && !transition_key_parse(op->userdata, &transition, &action, &target, &uuid)) {
        target = 0;
    }
    return target;
}

/* Does the history show it as failed?  (spec 30 §11.2) */
bool
op_failed(const struct op_record *op)
{
    switch (op->status) {
        case EXEC_PENDING:
        case EXEC_CANCELLED:
            return false;
        case EXEC_TIMEOUT:
        case EXEC_NOT_SUPPORTED:
        case EXEC_ERROR:
        case EXEC_NOT_CONNECTED:
        case EXEC_INVALID:
        case EXEC_NO_FENCE_DEVICE:
        case EXEC_NO_SECRETS:
            return true;
        default:
            return op->rc != op_target_rc(op);
    }
}

/* ---- agents ---- */

bool
agent_has_params(const char *standard)
{
    return standard != NULL
           && (!g_ascii_strcasecmp(standard, "ocf") || !g_ascii_strcasecmp(standard, "stonith")
               || !g_ascii_strcasecmp(standard, "nagios"));
}

char *
agent_key(const struct ctl_agent *agent)
{
    return g_strdup_printf("%s:%s:%s", agent->standard, agent->provider != NULL ? agent->provider : "", agent->type);
}

/* What matters of an agent's meta-data (spec 30 §12.2). */
struct agent_meta *
agent_meta_new(const xmlNode *xml, const char *standard)
{
    struct agent_meta *m = g_new0(struct agent_meta, 1);
    const xmlNode *version = xml_first(xml, "version"), *actions = xml_first(xml, "actions"), *params = xml_first(xml, "parameters");
    bool ocf_1_1 = false;

    m->names = g_ptr_array_new_with_free_func(g_free);
    m->unique = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->reloadable = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->private_ = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    if (text_equal_nocase(standard, "ocf") && version != NULL) {
        xmlChar *text = xmlNodeGetContent((xmlNode *)version);
        g_autofree char *v = g_strstrip(g_strdup((const char *)text));

        ocf_1_1 = text_compare_versions(v, "1.1") >= 0 && text_compare_versions(v, "2") < 0;
        xmlFree(text);
    }
    if (actions != NULL) {
        m->reload_agent = ocf_1_1 && xml_find(actions, "action", "name", "reload-agent") != NULL;
        m->legacy_reload = !ocf_1_1 && xml_find(actions, "action", "name", "reload") != NULL;
    }
    if (params == NULL) {
        return m;
    }
    xml_for_each (p, params, "parameter") {
        const char *name = xml_get(p, "name");

        if (name == NULL) {
            continue;
        }
        g_ptr_array_insert(m->names, 0, g_strdup(name));
        if (xml_get_bool(p, "unique", false)) {
            g_hash_table_add(m->unique, g_strdup(name));
        }
        if (xml_get_bool(p, "reloadable", false)) {
            g_hash_table_add(m->reloadable, g_strdup(name));
        }
        if (xml_get_bool(p, "private", false)) {
            g_hash_table_add(m->private_, g_strdup(name));
        }
    }
    if (g_hash_table_size(m->private_) == 0) {
        for (unsigned i = 0; i < m->names->len; i++) {
            const char *name = m->names->pdata[i];

            if (text_is_one_of(name, "password", "passwd", "user", NULL)) {
                g_hash_table_add(m->private_, g_strdup(name));
            }
        }
    }
    return m;
}

void
agent_meta_free(gpointer data)
{
    struct agent_meta *m = data;

    if (m == NULL) {
        return;
    }
    g_ptr_array_unref(m->names);
    g_hash_table_unref(m->unique);
    g_hash_table_unref(m->reloadable);
    g_hash_table_unref(m->private_);
    g_free(m);
}

void
lrm_op_free(gpointer data)
{
    struct lrm_op *op = data;

    op_record_free(op->rec);
    g_free(op->from_sys);
    g_free(op->from_host);
    g_free(op->lock);
    g_free(op);
}

void
lrm_rsc_free(gpointer data)
{
    struct lrm_rsc *rsc = data;

    op_record_free(rsc->failed);
    op_record_free(rsc->last);
    g_ptr_array_unref(rsc->recurring);
    g_ptr_array_unref(rsc->ops);
    if (rsc->stop_params != NULL) {
        g_hash_table_unref(rsc->stop_params);
    }
    g_free(rsc->agent.standard);
    g_free(rsc->agent.provider);
    g_free(rsc->agent.type);
    delete_request_free(rsc->deleting);
    g_free(rsc->container);
    g_free(rsc->id);
    g_free(rsc);
}

void
lrm_init(struct lrm *lrm, const char *node, const char *uuid, bool remote)
{
    lrm->node = g_strdup(node);
    lrm->uuid = g_strdup(uuid);
    lrm->remote = remote;
    lrm->resources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, lrm_rsc_free);
}

void
lrm_clear(struct lrm *lrm)
{
    g_free(lrm->node);
    g_free(lrm->uuid);
    g_hash_table_unref(lrm->resources);
    xml_free(lrm->batch);
}

/* ---- digests (spec 30 §11.4, §11.5) ---- */

/* Parameters that describe the operation and not the resource. */
static bool
is_filtered(const char *name)
{
    return g_str_has_prefix(name, "CRM_meta_")
           || text_is_one_of(name, "id", "crm_feature_set", "op-digest", "on_node", "on_node_uuid", "pcmk_external_ip", NULL);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* MD5 over ` <parameters .../>\n` with the given names, in byte order. */
static char *
digest_of(GHashTable *params, GPtrArray *names)
{
    xmlNode *xml = xml_new(NULL, "parameters");
    GString *text = g_string_new(" ");
    char *digest;

    g_ptr_array_sort(names, compare_names);
    for (unsigned i = 0; i < names->len; i++) {
        xml_set(xml, names->pdata[i], g_hash_table_lookup(params, names->pdata[i]));
    }
    xml_append_text(text, xml, XML_TEXT_DIGEST_QUIRK);
    g_string_append_c(text, '\n');
    digest = md5_hex(text->str, text->len);
    g_string_free(text, TRUE);
    xml_free(xml);
    return digest;
}

char *
params_digest(GHashTable *params, bool recurring, GHashTable *without)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name;

    if (params != NULL) {
        g_hash_table_iter_init(&iter, params);
        while (g_hash_table_iter_next(&iter, &name, NULL)) {
            bool keep = !is_filtered(name) || (recurring && text_equal(name, "CRM_meta_timeout"));

            if (keep && (without == NULL || !g_hash_table_contains(without, name))) {
                g_ptr_array_add(names, name);
            }
        }
    }
    return digest_of(params, names);
}

/* Two blanks, the names with one between them, two blanks: as readers search for it. */
static char *
name_list(const GPtrArray *names)
{
    GString *list;

    if (names->len == 0) {
        return g_strdup("");
    }
    list = g_string_new(" ");
    for (unsigned i = 0; i < names->len; i++) {
        g_string_append_printf(list, " %s", (const char *)names->pdata[i]);
    }
    g_string_append(list, "  ");
    return g_string_free(list, FALSE);
}

static void
add_restart_digest(xmlNode *entry, const struct agent_meta *m, const struct op_record *op)
{
    g_autoptr(GPtrArray) listed = g_ptr_array_new(), set = g_ptr_array_new();
    g_autofree char *list = NULL, *digest = NULL;

    if (!m->reload_agent && !m->legacy_reload) {
        return;
    }
    for (unsigned i = 0; i < m->names->len; i++) {
        char *name = m->names->pdata[i];
        bool restart = m->reload_agent ? !g_hash_table_contains(m->reloadable, name) : g_hash_table_contains(m->unique, name);

        if (restart) {
            g_ptr_array_add(listed, name);
            if (param(op, name) != NULL) {
                g_ptr_array_add(set, name);
            }
        }
    }
    list = name_list(listed);
    digest = digest_of(op->params, set);
    xml_set(entry, "op-force-restart", list);
    xml_set(entry, "op-restart-digest", digest);
}

static void
add_secure_digest(const struct controld *c, xmlNode *entry, const struct agent_meta *m, const struct op_record *op)
{
    g_autoptr(GPtrArray) listed = g_ptr_array_new();
    g_autofree char *list = NULL, *digest = NULL;

    for (unsigned i = 0; i < m->names->len; i++) {
        if (g_hash_table_contains(m->private_, m->names->pdata[i])) {
            g_ptr_array_add(listed, m->names->pdata[i]);
        }
    }
    if (listed->len == 0) {
        return;
    }
    list = name_list(listed);
    if (c->dc_version != NULL && text_compare_versions(c->dc_version, "3.16.0") < 0) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();

        for (unsigned i = 0; i < m->names->len; i++) {
            if (!g_hash_table_contains(m->private_, m->names->pdata[i]) && param(op, m->names->pdata[i]) != NULL) {
                g_ptr_array_add(names, m->names->pdata[i]);
            }
        }
        digest = digest_of(op->params, names);
    } else {
        digest = params_digest(op->params, op->interval_ms > 0, m->private_);
    }
    xml_set(entry, "op-secure-params", list);
    xml_set(entry, "op-secure-digest", digest);
}

static void
add_reload_digests(struct controld *c, xmlNode *entry, const struct lrm_rsc *rsc, const struct op_record *op)
{
    g_autofree char *key = NULL;
    const struct agent_meta *m;

    if (!agent_has_params(rsc->agent.standard)
        || !text_is_one_of(op->action, "start", "monitor", "promote", "demote", "reload", "reload-agent", "migrate_to",
                           "migrate_from", "notify", NULL)) {
        return;
    }
    key = agent_key(&rsc->agent);
    m = g_hash_table_lookup(c->metas, key);
    if (m == NULL) {
        return;
    }
    if (op->interval_ms == 0) {
        add_restart_digest(entry, m, op);
    }
    add_secure_digest(c, entry, m, op);
}

/* ---- entries (spec 30 §11.1, §11.2) ---- */

/* The task under which it is recorded: a reload counts as a start when it worked. */
static const char *
recorded_task(const struct op_record *op)
{
    if (text_equal(op->action, "reload") || text_equal(op->action, "reload-agent")) {
        return op->status == EXEC_DONE ? "start" : "monitor";
    }
    return op->action;
}

static xmlNode *
add_entry(struct controld *c, xmlNode *parent, const char *id, const char *key, const char *task, const struct op_record *op,
          const char *reason, const char *origin)
{
    xmlNode *e = xml_new(parent, "lrm_rsc_op");
    g_autofree char *digest = NULL, *fallback = NULL;
    const char *feature_set = param(op, F_FEATURE_SET), *userdata = op->userdata;

    if (userdata == NULL) {
        fallback = transition_key_new(-1, op->call_id, 0, UUID_NONE);
        userdata = fallback;
    }
    xml_set(e, "id", id);
    xml_set(e, "operation_key", key);
    xml_set(e, "operation", task);
    xml_set(e, "crm-debug-origin", origin);
    xml_set(e, F_FEATURE_SET, feature_set != NULL ? feature_set : FEATURE_SET);
    xml_set(e, "transition-key", userdata);
    xml_setf(e, "transition-magic", "%d:%d;%s", op->status, op->rc, userdata);
    xml_set(e, "exit-reason", reason != NULL ? reason : "");
    xml_set(e, "on_node", c->cfg.node_name);
    xml_set_int(e, "call-id", op->call_id);
    xml_set_int(e, "rc-code", op->rc);
    xml_set_int(e, "op-status", op->status);
    xml_set_int(e, "interval", op->interval_ms);
    if (op->run_time != 0 || op->change_time != 0 || op->exec_ms != 0 || op->queue_ms != 0) {
        xml_set_int(e, "last-rc-change", op->interval_ms != 0 && op->change_time > 0 ? op->change_time : op->run_time);
        xml_set_int(e, "exec-time", op->exec_ms);
        xml_set_int(e, "queue-time", op->queue_ms);
    }
    if (text_equal(op->action, "migrate_to") || text_equal(op->action, "migrate_from")) {
        xml_set(e, "migrate_source", param(op, "CRM_meta_migrate_source"));
        xml_set(e, "migrate_target", param(op, "CRM_meta_migrate_target"));
    }
    digest = params_digest(op->params, op->interval_ms > 0, NULL);
    xml_set(e, "op-digest", digest);
    return e;
}

void
history_append(struct controld *c, xmlNode *lrm_resource, const struct lrm_rsc *rsc, const struct op_record *given, const char *origin)
{
    struct op_record op = *given;
    const char *task = recorded_task(given), *reason = NULL;
    g_autofree char *key = op_key_new(rsc->id, task, op.interval_ms), *id = NULL;
    xmlNode *entry;

    if (text_equal(op.action, "notify")) {
        const char *type = param(&op, "CRM_meta_notify_type"), *operation = param(&op, "CRM_meta_notify_operation");

        id = g_strdup_printf("%s_%s_notify_%s_0", rsc->id, type != NULL ? type : "pre", operation != NULL ? operation : "start");
        op.status = EXEC_DONE;
        op.rc = OCF_RC_OK;
    } else if (text_equal(op.action, "migrate_to") || text_equal(op.action, "migrate_from")) {
        id = g_strdup(key);
        reason = op_failed(&op) ? op.reason : NULL;
    } else if (op_failed(&op)) {
        id = g_strdup_printf("%s_last_failure_0", rsc->id);
        reason = op.reason;
        if (op.interval_ms == 0) {
            add_entry(c, lrm_resource, id, key, task, &op, reason, origin);
            g_free(id);
            id = g_strdup_printf("%s_last_0", rsc->id);
        }
    } else if (op.interval_ms > 0) {
        id = g_strdup(key);
    } else {
        id = g_strdup_printf("%s_last_0", rsc->id);
    }
    entry = add_entry(c, lrm_resource, id, key, task, &op, reason, origin);
    add_reload_digests(c, entry, rsc, &op);
}

static xmlNode *
resource_element(xmlNode *parent, const struct lrm_rsc *rsc)
{
    xmlNode *e = xml_new(parent, "lrm_resource");

    xml_set(e, "id", rsc->id);
    xml_set(e, "type", rsc->agent.type);
    xml_set(e, "class", rsc->agent.standard);
    xml_set(e, "provider", rsc->agent.provider);
    xml_set(e, "container", rsc->container);
    return e;
}

bool
history_pending(const struct controld *c, const struct op_record *op, struct op_record *pending)
{
    const char *record = param(op, "CRM_meta_record_pending");

    *pending = *op;
    pending->status = EXEC_PENDING;
    pending->rc = OCF_RC_UNKNOWN;
    pending->call_id = -1;
    pending->run_time = now_epoch(c);
    pending->change_time = 0;
    return lrm_is_recorded(op->action) && (record == NULL || text_boolean(record) != 0);
}

/*
 * The newest action under way that may change where the resource is active.  A DC that takes over does not know that it was asked for:
 * without it in the history, it would start the resource elsewhere while the start here is still going on.
 */
static const struct op_record *
under_way(const struct lrm_rsc *rsc)
{
    for (unsigned i = rsc->ops->len; i > 0; i--) {
        const struct lrm_op *op = rsc->ops->pdata[i - 1];

        if (op->rec->interval_ms == 0 && !op->reported && !op->cancelled
            && text_is_one_of(op->rec->action, "start", "stop", "promote", "demote", "migrate_to", "migrate_from", NULL)) {
            return op->rec;
        }
    }
    return NULL;
}

/* The join confirmation: own state with the history of every resource this process knows (spec 30 §6.5). */
xmlNode *
history_all(struct controld *c)
{
    const struct peer *self = peers_local(c->peers);
    xmlNode *state = xml_new(NULL, "node_state"), *lrm, *list;
    GHashTableIter iter;
    gpointer value;

    xml_set(state, "id", c->uuid);
    xml_set(state, "uname", c->cfg.node_name);
    xml_set(state, "in_ccm", self != NULL && self->state == PEER_MEMBER ? "true" : "false");
    xml_set(state, "crmd", "online");
    xml_set(state, "crm-debug-origin", "do_lrm_query_internal");
    lrm = xml_new(state, "lrm");
    xml_set(lrm, "id", c->uuid);
    list = xml_new(lrm, "lrm_resources");
    g_hash_table_iter_init(&iter, c->local.resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct lrm_rsc *rsc = value;
        const struct op_record *going_on = under_way(rsc);
        xmlNode *e = resource_element(list, rsc);
        struct op_record pending;

        if (rsc->failed != NULL) {
            history_append(c, e, rsc, rsc->failed, ORIGIN_HISTORY);
        }
        if (going_on != NULL && history_pending(c, going_on, &pending)) {
            history_append(c, e, rsc, &pending, ORIGIN_HISTORY); /* in the place of the last one */
        } else if (rsc->last != NULL) {
            history_append(c, e, rsc, rsc->last, ORIGIN_HISTORY);
        }
        for (unsigned i = 0; i < rsc->recurring->len; i++) {
            history_append(c, e, rsc, rsc->recurring->pdata[i], ORIGIN_HISTORY);
        }
    }
    return state;
}

/* ---- memory (spec 30 §11.6) ---- */

static bool
same_recurring(const struct op_record *a, const struct op_record *b)
{
    return a->interval_ms == b->interval_ms && text_equal(a->action, b->action);
}

static void
forget_recurring(struct lrm_rsc *rsc, const struct op_record *op)
{
    for (unsigned i = 0; i < rsc->recurring->len; i++) {
        if (same_recurring(rsc->recurring->pdata[i], op)) {
            g_ptr_array_remove_index(rsc->recurring, i);
            return;
        }
    }
}

/* Agent parameters alone: what a later stop is called with. */
static GHashTable *
agent_params(GHashTable *params)
{
    GHashTable *out = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!g_str_has_prefix(name, "CRM_meta_")) {
            g_hash_table_insert(out, g_strdup(name), g_strdup(value));
        }
    }
    return out;
}

void
history_remember(struct lrm_rsc *rsc, const struct op_record *op)
{
    if (text_equal(op->action, "notify") || text_equal(op->action, "meta-data")) {
        return;
    }
    rsc->last_call = MAX(rsc->last_call, op->call_id);
    if (op->status == EXEC_CANCELLED) {
        if (op->interval_ms > 0) {
            forget_recurring(rsc, op);
        }
        return;
    }
    if (op_failed(op)) {
        op_record_free(rsc->failed);
        rsc->failed = op_record_copy(op);
    } else if (op->interval_ms == 0) {
        op_record_free(rsc->last);
        rsc->last = op_record_copy(op);
    }
    if (op->interval_ms == 0 && op->params != NULL
        && text_is_one_of(op->action, "start", "reload", "reload-agent", "monitor", NULL)) {
        if (rsc->stop_params != NULL) {
            g_hash_table_unref(rsc->stop_params);
        }
        rsc->stop_params = agent_params(op->params);
    }
    if (op->interval_ms > 0) {
        forget_recurring(rsc, op);
        g_ptr_array_add(rsc->recurring, op_record_copy(op));
    } else if (!text_equal(op->action, "monitor")) {
        g_ptr_array_set_size(rsc->recurring, 0);
    }
}

/* Forget a failure that was cleaned up; with `by_op` only if it is that operation's. */
void
history_forget_failure(struct lrm *lrm, const char *id, const char *operation, guint interval_ms, bool by_op)
{
    struct lrm_rsc *rsc = g_hash_table_lookup(lrm->resources, id);

    if (rsc == NULL || rsc->failed == NULL) {
        return;
    }
    if (!by_op || (text_equal(rsc->failed->action, operation) && rsc->failed->interval_ms == interval_ms)) {
        g_clear_pointer(&rsc->failed, op_record_free);
    }
}

/* Remove R_last_failure_0 of a resource from the CIB, if `key` is given only when it is that operation's. */
void
history_delete_last_failure(struct controld *c, const char *node, const char *rsc, const char *key)
{
    g_autofree char *and_key = key != NULL ? g_strdup_printf(" and @operation_key='%s'", key) : g_strdup("");

    cib_drop_xpath(c, 0,
                     "/cib/status/node_state[@uname='%s']/lrm/lrm_resources/lrm_resource[@id='%s']"
                     "/lrm_rsc_op[@id='%s_last_failure_0'%s]",
                     node, rsc, rsc, and_key);
}

/* ---- writing (spec 30 §11.1, §21) ---- */

static void
written(struct controld *c, int rc, const xmlNode *data, gpointer arg)
{
    c->history_writes--;
    if (rc != RC_OK) {
        log_err("Could not record results of resource operations: %s", result_text(rc));
    }
}

static void
write_resources(struct controld *c, const struct lrm *of, xmlNode *take_resources)
{
    xmlNode *status, *state, *lrm;
    unsigned options = CIB_OPT_QUORUM_OVERRIDE | CIB_OPT_CAN_CREATE;

    if (c->state == S_PENDING || c->state == S_ELECTION) {
        options |= CIB_OPT_LOCAL;
    }
    status = xml_new(NULL, "status");
    state = xml_new(status, "node_state");
    xml_set(state, "id", of->uuid);
    xml_set(state, "uname", of->node);
    if (of->remote) {
        xml_set(state, "remote_node", "true");
    }
    xml_set(state, "crm-debug-origin", "do_update_resource");
    lrm = xml_new(state, "lrm");
    xml_set(lrm, "id", of->uuid);
    xml_adopt(lrm, take_resources);
    c->history_writes++;
    cib_request(c, CIB_OP_MODIFY, "status", status, options, written, NULL, NULL);
}

static void
flush_one(struct controld *c, struct lrm *lrm)
{
    if (lrm->batch != NULL) {
        write_resources(c, lrm, g_steal_pointer(&lrm->batch));
    }
}

/* One change for all that gathered while the previous one was on its way. */
void
history_flush(struct controld *c)
{
    GHashTableIter iter;
    gpointer value;

    if (c->history_writes > 0 || !c->cib_connected) {
        return;
    }
    flush_one(c, &c->local);
    g_hash_table_iter_init(&iter, c->remotes);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        flush_one(c, value);
    }
}

static void
write_alone(struct controld *c, const struct lrm_rsc *rsc, const struct op_record *op, const char *lock)
{
    xmlNode *list = xml_new(NULL, "lrm_resources"), *resource = resource_element(list, rsc);

    flush_one(c, rsc->lrm); /* keep the order */
    xml_set(resource, "shutdown-lock", lock);
    history_append(c, resource, rsc, op, "do_update_resource");
    write_resources(c, rsc->lrm, list);
}

/*
 * An entry for an id that waits in the batch already replaces it: a pending entry need not be sent when the result
 * is known.  Everything the newer entry lacks stays, as with two changes one after the other.
 */
static void
merge_entry(xmlNode *resource, xmlNode *entry)
{
    xmlNode *known = xml_find(resource, "lrm_rsc_op", "id", xml_id(entry));

    if (known == NULL) {
        xmlUnlinkNode(entry);
        xmlAddChild(resource, entry);
        return;
    }
    for (const xmlAttr *a = entry->properties; a != NULL; a = a->next) {
        xml_set(known, (const char *)a->name, xml_attr_value(a));
    }
    xml_free(entry);
}

/*
 * Queue the history of one result.  `alone`: it is news that no graph waits for, and has a change of its own, because a
 * DC takes a change with several resources for a history refresh when its graph has nothing in flight.
 */
void
history_queue(struct controld *c, const struct lrm_rsc *rsc, const struct op_record *op, const char *lock, bool alone)
{
    xmlNode *resource;
    g_autoptr(xmlNode) fresh = NULL;
    xmlNode *entry, *next;

    if (alone) {
        write_alone(c, rsc, op, lock);
        return;
    }
    if (rsc->lrm->batch == NULL) {
        rsc->lrm->batch = xml_new(NULL, "lrm_resources");
    }
    resource = xml_find(rsc->lrm->batch, "lrm_resource", "id", rsc->id);
    if (resource == NULL) {
        resource = resource_element(rsc->lrm->batch, rsc);
    }
    if (op->status != EXEC_PENDING) {
        xml_set(resource, "shutdown-lock", lock);
    }
    fresh = xml_new(NULL, "lrm_resource");
    history_append(c, fresh, rsc, op, "do_update_resource");
    for (entry = xml_first(fresh, NULL); entry != NULL; entry = next) {
        next = xml_next(entry, NULL);
        merge_entry(resource, entry);
    }
}
