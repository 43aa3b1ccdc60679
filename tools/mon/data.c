/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where crm_mon's data comes from: launcher, CIB, fencer; and from data to display.
 * Called by main.c (once) and live.c (again and again).  (spec 80 §5.3)
 */
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_protocol.h"
#include "lib/output/launcher.h"
#include "lib/output/openmetrics.h"
#include "lib/output/tool_cib.h"
#include "tools/mon/mon.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int
mon_ping_launcher(struct mon *m, int timeout_ms, bool *stop, char **state)
{
    struct ipc_connection *c = NULL;
    g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
    const struct ctl_request ping = {
        .task = CRM_TASK_PING, .sys_to = SYS_LAUNCHER, .sys_from = "crm_mon", .client_uuid = pid,
    };
    g_autoptr(xmlNode) request = NULL;
    g_autoptr(xmlNode) reply = NULL;
    const xmlNode *data;
    const char *word;
    int rc = ipc_connect(ENDPOINT_LAUNCHER, 0, &c);

    *stop = false;
    if (rc != RC_OK) {
        return rc;
    }
    request = ctl_request_new(ctl_process_refs(), &ping);
    rc = ipc_ask(c, request, timeout_ms, &reply);
    ipc_disconnect(c);
    if (rc != RC_OK) {
        return rc;
    }
    data = ctl_is_reply(reply) ? msg_data(reply, F_CRM_XML) : NULL;
    if (data == NULL) {
        return EBADMSG;
    }
    word = xml_get(data, F_PING_LAUNCHER_STATE);
    *stop = !text_is_one_of(word, "running", "shutting_down", NULL);
    if (m->one_shot && !m->openmetrics) {
        launcher_show(m->out, data, false);
        output_reset_spacing(m->out);
    }
    if (state != NULL) {
        *state = g_strdup(word);
    }
    return RC_OK;
}

int
mon_connect_cib(struct mon *m, bool events)
{
    if (cib_client_is_connected(m->cib)) {
        return RC_OK;
    }
    return cib_client_connect(m->cib, "crm_mon", CIB_ENDPOINT_QUERY,
                              events ? CIB_CONNECT_EVENTS : CIB_CONNECT_SYNC_ONLY);
}

int
mon_read_cib(struct mon *m)
{
    xmlNode *cib = NULL;
    int rc = cib_query(m->cib, NULL, CIB_OPT_LOCAL, &cib);

    if (rc != RC_OK) {
        return rc;
    }
    xml_free(m->document);
    m->document = cib;
    return RC_OK;
}

/* --- fencing history --- */

void
mon_read_history(struct mon *m)
{
    struct fence_result result = { 0 };
    xmlNode *answer = NULL;

    if (!m->fencing || !m->local) {
        return;
    }
    if (m->fencer == NULL || !fence_client_is_connected(m->fencer)) {
        m->history_rc = ENOTCONN;
        return;
    }
    m->history_rc = -fence_client_history(m->fencer, NULL, 0, 120, &answer, &result);
    fence_result_clear(&result);
    xml_free(m->history);
    m->history = answer;
}

/* Pending first, then the newest completion first. */
static int
compare_events(const void *a, const void *b)
{
    const struct status_fencing *left = a, *right = b;
    bool left_pending = left->state != FENCE_STATE_DONE && left->state != FENCE_STATE_FAILED;
    bool right_pending = right->state != FENCE_STATE_DONE && right->state != FENCE_STATE_FAILED;

    if (left_pending != right_pending) {
        return left_pending ? -1 : 1;
    }
    if (left->completed != right->completed) {
        return left->completed > right->completed ? -1 : 1;
    }
    if (left->completed_ns != right->completed_ns) {
        return left->completed_ns > right->completed_ns ? -1 : 1;
    }
    return 0;
}

/* Is the event the same news as one that is kept, only older? */
static bool
is_repetition(const GArray *kept, const struct status_fencing *e)
{
    for (guint i = 0; i < kept->len; i++) {
        const struct status_fencing *k = &g_array_index(kept, struct status_fencing, i);

        if (k->state == e->state && text_equal_nocase(k->target, e->target) && text_equal(k->action, e->action) &&
            (e->state == FENCE_STATE_DONE || text_equal_nocase(k->delegate, e->delegate))) {
            return true;
        }
    }
    return false;
}

static GArray *
events_of(const struct mon *m)
{
    GArray *all = g_array_new(FALSE, TRUE, sizeof(struct status_fencing));
    GArray *kept;
    bool reduce = !m->one_shot && !output_format_is_structured(m->format) && !m->full_history;

    if (m->history == NULL) {
        return all;
    }
    xml_for_each(child, m->history, NULL) {
        struct status_fencing e = {
            .action = xml_get(child, "st_device_action"),
            .target = xml_get(child, "st_target"),
            .delegate = xml_get(child, "st_delegate"),
            .client = xml_get(child, "st_clientname"),
            .origin = xml_get(child, "st_origin"),
            .exit_reason = xml_get(child, "exit-reason"),
            .state = (int)xml_get_int(child, "st_state", FENCE_STATE_FAILED),
            .completed = xml_get_int(child, "st_date", 0),
            .completed_ns = (long)xml_get_int(child, "st_date_nsec", 0),
        };

        g_array_append_val(all, e);
    }
    g_array_sort(all, compare_events);
    if (!reduce) {
        return all;
    }
    kept = g_array_new(FALSE, TRUE, sizeof(struct status_fencing));
    for (guint i = 0; i < all->len; i++) {
        const struct status_fencing *e = &g_array_index(all, struct status_fencing, i);

        if (!is_repetition(kept, e)) {
            g_array_append_vals(kept, e, 1);
        }
    }
    g_array_free(all, TRUE);
    return kept;
}

void
mon_connect_fencer(struct mon *m, bool events)
{
    static const struct fence_client_callbacks none = { NULL };

    if (!m->fencing || !m->local) {
        return;
    }
    if (m->fencer == NULL) {
        m->fencer = fence_client_new(&none, m);
    }
    if (!fence_client_is_connected(m->fencer)) {
        fence_client_connect(m->fencer, "crm_mon", events);
    }
}

/* --- display --- */

/* The scheduler wants the newest form; the document that patches are applied to keeps its own. */
static int
newest_form(struct mon *m, xmlNode **own)
{
    const char *schema = xml_get(m->document, "validate-with");

    *own = NULL;
    if (schema != NULL && g_str_has_prefix(schema, "pacemaker-3.") && xml_first(m->document, "status") != NULL) {
        return RC_OK;
    }
    if (m->one_shot) {
        return tool_prepare_cib(&m->document);
    }
    *own = xml_copy(NULL, m->document);
    return tool_prepare_cib(own);
}

int
mon_show(struct mon *m)
{
    xmlNode *own = NULL;
    int rc = newest_form(m, &own);
    int64_t now = time(NULL);

    if (rc != RC_OK) {
        xml_free(own);
        return rc;
    }

    /* What lost tickets lead to is shown with the sections that are about constraints only. */
    bool constraints = (m->sections & (SECTION_TICKETS | SECTION_BANS)) != 0;
    struct sched *s = sched_new(own != NULL ? own : m->document, now,
                                (constraints ? 0 : SCHED_STATUS_ONLY) | (m->tool.verbosity == 0 ? SCHED_QUIET : 0));
    g_autoptr(GArray) events = events_of(m);
    struct status_view view = {
        .s = s,
        .cib = own != NULL ? own : m->document,
        .sections = m->sections,
        .show = m->show,
        .now = now,
        .only_nodes = m->only_node != NULL ? status_resolve_nodes(s, m->only_node) : NULL,
        .only_rscs = m->only_rsc != NULL ? status_resolve_resources(s, m->only_rsc) : NULL,
        .bans_prefix = m->bans_prefix,
        .fencing = (const struct status_fencing *)(void *)events->data,
        .fencing_count = events->len,
        .history_rc = m->history_rc,
        .history_wanted = m->fencing && m->local,
    };

    if (m->simple) {
        bool warning = false;
        g_autofree char *line = status_simple(&view, &warning);

        output_item(m->out, NULL, "%s", line);
        rc = warning ? RC_ERROR : RC_OK;
    } else if (m->openmetrics) {
        status_openmetrics(m->out, &view);
    } else {
        status_print(m->out, &view);
    }
    g_clear_pointer(&view.only_nodes, g_ptr_array_unref);
    g_clear_pointer(&view.only_rscs, g_ptr_array_unref);
    sched_free(s);
    xml_free(own);
    return rc;
}

void
mon_disconnect(struct mon *m)
{
    if (m->fencer != NULL) {
        fence_client_free(m->fencer);
        m->fencer = NULL;
    }
    if (m->cib != NULL && cib_client_is_connected(m->cib)) {
        cib_client_disconnect(m->cib);
    }
}
