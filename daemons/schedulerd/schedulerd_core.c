/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See schedulerd_core.h.
 */
#include "daemons/schedulerd/schedulerd_core.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_schema.h"
#include "lib/ipc/ipc_protocol.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/graph/graph.h"
#include "lib/sched/model/model.h"
#include "lib/sched/simulate/summary.h"
#include <inttypes.h>
#include <string.h>

struct schedulerd {
    unsigned transitions; /* calculated so far */
    char *last_digest;    /* of the last input */
    struct cib_schemas *schemas;
};

struct schedulerd *
schedulerd_new(void)
{
    return g_new0(struct schedulerd, 1);
}

void
schedulerd_free(struct schedulerd *d)
{
    if (d != NULL) {
        g_free(d->last_digest);
        if (d->schemas != NULL) {
            cib_schemas_free(d->schemas);
        }
        g_free(d);
    }
}

const char *
input_series_name(enum input_series series)
{
    static const char *const names[] = {"pe-error", "pe-warn", "pe-input"};

    return names[series];
}

/* Inputs of older schemas are brought to the newest one, in a copy that is freed by the caller. */
static xmlNode *
upgraded(struct schedulerd *d, const xmlNode *cib)
{
    xmlNode *copy;
    int best = 0, rc;

    if (d->schemas == NULL) {
        d->schemas = cib_schemas_new(NULL);
    }
    if (cib_schema_latest(d->schemas) < 0) {
        return NULL;
    }

    int index = cib_schema_index(d->schemas, xml_get(cib, "validate-with"));

    if (index >= cib_schema_minimum(d->schemas)) {
        return NULL; /* new enough, and the CIB manager has validated it */
    }
    copy = xml_copy(NULL, cib);
    rc = cib_schema_upgrade(d->schemas, &copy, NULL, &best);
    if (rc != RC_OK && rc != RC_SCHEMA_UNCHANGED) {
        log_err("Cannot upgrade the configuration from schema %s: %s", xml_get(cib, "validate-with"), result_text(rc));
    }
    return copy;
}

static void
log_summary(struct sched *s)
{
    const struct summary *sum = summary_new(s);

    for (unsigned i = 0; i < sum->nodes.len; i++) {
        log_notice("Actions: %s %s '%s'", sum->nodes.items[i].task, sum->nodes.items[i].node, sum->nodes.items[i].reason);
    }
    for (unsigned i = 0; i < sum->lines.len; i++) {
        const struct summary_line *l = &sum->lines.items[i];
        g_autofree char *reason = summary_reason_text(l);

        log_notice("Actions: %-8s   %-*s   ( %*s )%s%s", l->change, (int) sum->name_width, l->rsc->id,
                   (int) sum->detail_width, l->details, reason ? "  " : "", reason ? reason : "");
    }
}

static void
judge_series(struct sched *s, struct schedulerd_answer *answer)
{
    static const char *const options[] = {"pe-error-series-max", "pe-warn-series-max", "pe-input-series-max"};

    answer->series = s->processing_error || s->config_error       ? SERIES_ERROR
                     : s->processing_warning || s->config_warning ? SERIES_WARN
                                                                  : SERIES_INPUT;
    answer->series_max = (int) text_leading_int(sched_option(s, options[answer->series]));
}

static void
calculate(struct schedulerd *d, int64_t now, const xmlNode *request, xmlNode *cib, struct schedulerd_answer *answer)
{
    char *digest = cib_digest_versioned(cib, xml_get(cib, "crm_feature_set"));
    xmlNode *copy = upgraded(d, cib);
    struct sched *s = sched_new(copy ? copy : cib, now, 0);
    xmlNode *graph;

    answer->same_input = text_equal(digest, d->last_digest);
    g_free(d->last_digest);
    d->last_digest = digest;
    sched_run(s);
    answer->transition_id = d->transitions++;
    graph = sched_graph_new(s, (int) answer->transition_id);
    log_summary(s);
    judge_series(s, answer);
    answer->reply = ctl_reply_new(request, NULL);
    xml_set_int(answer->reply, "graph-errors", s->processing_error);
    xml_set_int(answer->reply, "graph-warnings", s->processing_warning);
    xml_set_int(answer->reply, "config-errors", s->config_error);
    xml_set_int(answer->reply, "config-warnings", s->config_warning);
    msg_take_data(answer->reply, F_CRM_XML, graph);
    sched_actions_free(s);
    sched_free(s);
    xml_free(copy);
    if (!answer->same_input) {
        xml_setf(cib, "execution-date", "%" PRId64, now);
        answer->input = cib;
    }
}

void
schedulerd_request(struct schedulerd *d, int64_t now, xmlNode *request, struct schedulerd_answer *answer)
{
    const char *task = request ? xml_get(request, F_CRM_TASK) : NULL;
    xmlNode *cib;

    memset(answer, 0, sizeof(*answer));
    if (request == NULL) {
        answer->ack = CRM_EX_PROTOCOL;
        return;
    }
    answer->ack = CRM_EX_INDETERMINATE;
    if (text_equal(xml_get(request, F_SUBTYPE), SUBTYPE_RESPONSE) || text_equal(task, CRM_TASK_HELLO)) {
        return;
    }
    if (!text_equal(xml_get(request, F_CRM_SYS_TO), SYS_SCHEDULER)) {
        log_info("Ignoring a message for '%s'", xml_get(request, F_CRM_SYS_TO));
        return;
    }
    if (!text_equal(task, CRM_TASK_PE_CALC)) {
        answer->ack = CRM_EX_INVALID_PARAM;
        return;
    }
    cib = msg_data(request, F_CRM_XML);
    if (cib == NULL || !xml_is(cib, "cib")) {
        log_warn("Ignoring a request of %s to calculate without a CIB", xml_get(request, F_CRM_SYS_FROM));
        answer->ack = CRM_EX_INVALID_PARAM;
        return;
    }
    calculate(d, now, request, cib, answer);
}
