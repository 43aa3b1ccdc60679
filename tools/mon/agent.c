/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_mon -E: a program that is told of each operation and fencing event.  Called by live.c; never waits for it.
 * (spec 80 §5.8)
 */
#include "tools/mon/mon.h"

#include <stdlib.h>
#include <string.h>

struct agent_event {
    const char *node, *rsc, *task, *desc;
    int rc, target_rc, status;
};

static char **
with_int(char **env, const char *name, int value)
{
    g_autofree char *text = g_strdup_printf("%d", value);

    return g_environ_setenv(env, name, text, TRUE);
}

static void
run_agent(const struct mon *m, const struct agent_event *e)
{
    g_auto(GStrv) env = g_get_environ();
    char *argv[] = { m->agent, NULL };
    g_autoptr(GError) error = NULL;

    if (m->recipient != NULL) {
        env = g_environ_setenv(env, "CRM_notify_recipient", m->recipient, TRUE);
    }
    env = g_environ_setenv(env, "CRM_notify_node", e->node, TRUE);
    if (e->rsc != NULL) {
        env = g_environ_setenv(env, "CRM_notify_rsc", e->rsc, TRUE);
    }
    env = g_environ_setenv(env, "CRM_notify_task", e->task, TRUE);
    env = g_environ_setenv(env, "CRM_notify_desc", e->desc, TRUE);
    env = with_int(env, "CRM_notify_rc", e->rc);
    env = with_int(env, "CRM_notify_target_rc", e->target_rc);
    env = with_int(env, "CRM_notify_status", e->status);
    if (!g_spawn_async(NULL, argv, env, G_SPAWN_DEFAULT, NULL, NULL, NULL, &error)) {
        output_error(m->out, "crm_mon: Could not run %s: %s", m->agent, error->message);
    }
}

/* --- operations --- */

static void
report_operation(const struct mon *m, const xmlNode *op, const char *node)
{
    const char *key = xml_get(op, "operation_key");
    const char *magic = xml_get(op, "transition-magic");
    g_autofree char *rsc = NULL;
    g_autofree char *task = NULL;
    g_autofree char *uuid = NULL;
    guint interval_ms = 0;
    int transition, action, status = EXEC_UNKNOWN, rc = OCF_RC_UNKNOWN, target_rc = -1;

    if (magic == NULL || key == NULL || !op_key_parse(key, &rsc, &task, &interval_ms) ||
        !transition_magic_parse(magic, &transition, &action, &status, &rc, &target_rc, &uuid)) {
        return;
    }
    if (status == EXEC_DONE && rc == target_rc && rc == OCF_RC_NOT_RUNNING) {
        return; /* a probe that found nothing is not worth a call */
    }

    struct agent_event e = {
        .node = node != NULL ? node : "", .rsc = rsc, .task = task, .rc = rc, .target_rc = target_rc, .status = status,
    };

    e.desc = status != EXEC_DONE ? exec_status_text(status) : rc == target_rc ? "OK" : ocf_rc_text(rc);
    run_agent(m, &e);
}

/* All history entries at or below an element; the node is known from an element above or from the patch's path. */
static void
report_below(const struct mon *m, const xmlNode *element, const char *node)
{
    if (xml_is(element, "lrm_rsc_op")) {
        report_operation(m, element, node);
        return;
    }
    if (xml_is(element, "node_state") && xml_get(element, "uname") != NULL) {
        node = xml_get(element, "uname");
    }
    xml_for_each(child, element, NULL) {
        report_below(m, child, node);
    }
}

/* Name of the node whose status a path leads through (g_free), or NULL. */
static char *
node_of_path(const struct mon *m, const char *path)
{
    const char *mark = strstr(path, "node_state[@id='");
    const xmlNode *status = m->document != NULL ? xml_first(m->document, "status") : NULL;

    if (mark == NULL || status == NULL) {
        return NULL;
    }
    mark += strlen("node_state[@id='");

    const char *end = strchr(mark, '\'');
    g_autofree char *id = end != NULL ? g_strndup(mark, (gsize)(end - mark)) : NULL;
    const xmlNode *state = id != NULL ? xml_find(status, "node_state", "id", id) : NULL;

    return state != NULL ? g_strdup(xml_get(state, "uname")) : NULL;
}

void
mon_agent_cib(const struct mon *m, const xmlNode *patch)
{
    if (m->agent == NULL || patch == NULL) {
        return;
    }
    xml_for_each(change, patch, "change") {
        const char *what = xml_get(change, "operation");
        const char *path = xml_get(change, "path");
        const xmlNode *result = NULL;

        if (path == NULL) {
            continue;
        }
        if (text_equal(what, "create")) {
            result = xml_first(change, NULL);
        } else if (text_equal(what, "modify")) {
            const xmlNode *holder = xml_first(change, "change-result");

            result = holder != NULL ? xml_first(holder, NULL) : NULL;
        }
        /* Only the status holds operations, and configurations may hold elements of any name. */
        if (result != NULL && (strstr(path, "/status") != NULL || !strchr(path + 1, '/'))) {
            g_autofree char *node = node_of_path(m, path);

            report_below(m, result, node);
        }
    }
}

/* --- fencing --- */

void
mon_agent_fencing(const struct mon *m, const struct fence_event *event)
{
    if (m->agent == NULL || event->result == NULL) {
        return;
    }

    int legacy = fence_result_legacy(event->result);
    const char *action = event->action != NULL ? event->action : "";
    const char *target = event->target != NULL ? event->target : "";
    g_autofree char *desc = g_strdup_printf(
        "Operation %s requested by %s for peer %s: %s (ref=%s)", action, event->origin != NULL ? event->origin : "",
        target, legacy_text(legacy), event->id != NULL ? event->id : "");
    struct agent_event e = { .node = target, .task = action, .desc = desc, .rc = legacy };

    run_agent(m, &e);
}
