/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pacemaker-schedulerd, the shell of the scheduler: its endpoint, the clock, the saved inputs.  Started by the launcher.
 * Decides nothing: lib/sched does.  (spec 10 §1.7, §11, spec 30 §8)
 */
#include "daemons/schedulerd/inputs.h"
#include "daemons/schedulerd/schedulerd_core.h"
#include "lib/base/daemon.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_client.h"
#include "lib/ipc/ipc_fields.h"
#include "lib/ipc/ipc_server.h"
#include "lib/sched/model/model.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    struct schedulerd *core;
    struct ipc_server *server;
    char *last_path; /* of the last input */
} self;

static const char *
input_dir(void)
{
    return STATE_DIR "/pengine";
}

/* --- answering --- */

/* Keep the input, and say where it is. */
static void
save_input(struct schedulerd_answer *answer)
{
    const char *series = input_series_name(answer->series);
    unsigned n;
    int rc;

    if (answer->series_max == 0) {
        return;
    }
    if (answer->same_input && self.last_path != NULL) {
        return;
    }
    n = inputs_next(input_dir(), series, answer->series_max);
    g_free(self.last_path);
    self.last_path = inputs_path(input_dir(), series, n);
    if (answer->input == NULL) {
        return;
    }
    rc = inputs_write(input_dir(), series, n, answer->series_max, answer->input);
    if (rc != 0) {
        log_warn("Could not save the input of transition %u in %s: %s", answer->transition_id, self.last_path,
                 strerror(rc));
    }
}

static void
log_outcome(const struct schedulerd_answer *answer)
{
    if (answer->series == SERIES_ERROR) {
        log_err("Calculated transition %u (with errors), saving inputs in %s", answer->transition_id, self.last_path);
    } else if (answer->series == SERIES_WARN) {
        log_warn("Calculated transition %u (with warnings), saving inputs in %s", answer->transition_id,
                 self.last_path);
    } else {
        log_notice("Calculated transition %u, saving inputs in %s", answer->transition_id, self.last_path);
    }
    if (xml_get_int(answer->reply, "config-errors", 0) > 0) {
        log_notice("Configuration errors found during scheduler processing,"
                   "  please run \"crm_verify -L\" to identify issues");
    }
}

static void
on_request(struct ipc_client *client, struct ipc_request *request, void *data)
{
    struct schedulerd_answer answer;

    schedulerd_request(self.core, (int64_t) time(NULL), request->xml, &answer);
    ipc_client_ack(client, request, "ack", answer.ack, NULL);
    if (answer.reply == NULL) {
        return;
    }
    save_input(&answer);
    log_outcome(&answer);
    xml_set(answer.reply, F_CRM_TGRAPH_IN, self.last_path);
    ipc_client_event(client, answer.reply);
    xml_free(answer.reply);
}

static const struct ipc_server_callbacks server_callbacks = {.request = on_request};

/* --- metadata --- */

static void
print_escaped(GString *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        switch (*text) {
        case '\'':
            g_string_append(out, "&apos;");
            break;
        case '"':
            g_string_append(out, "&quot;");
            break;
        case '&':
            g_string_append(out, "&amp;");
            break;
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        default:
            g_string_append_c(out, *text);
            break;
        }
    }
}

static void
print_option(GString *out, const struct sched_option_def *def)
{
    g_string_append_printf(out, "    <parameter name=\"%s\">\n      <longdesc lang=\"en\">", def->name);
    print_escaped(out, def->longdesc ? def->longdesc : def->shortdesc);
    if (def->values != NULL) {
        g_string_append_printf(out, "  Allowed values: %s", def->values);
    }
    g_string_append(out, "</longdesc>\n      <shortdesc lang=\"en\">");
    print_escaped(out, def->shortdesc);
    g_string_append_printf(out, "</shortdesc>\n      <content type=\"%s\" default=\"%s\"", def->type, def->def);
    if (def->values == NULL) {
        g_string_append(out, "/>\n");
    } else {
        g_auto(GStrv) values = g_strsplit(def->values, ", ", -1);

        g_string_append(out, ">\n");
        for (unsigned i = 0; values[i] != NULL; i++) {
            g_string_append_printf(out, "        <option value=\"%s\" />\n", values[i]);
        }
        g_string_append(out, "      </content>\n");
    }
    g_string_append(out, "    </parameter>\n");
}

static int
print_metadata(void)
{
    g_autoptr(GString) out = g_string_new("<?xml version=\"1.0\"?>\n"
                                          "<resource-agent name=\"pacemaker-schedulerd\" version=\"" CRM_VERSION "\">\n"
                                          "  <version>1.1</version>\n"
                                          "  <longdesc lang=\"en\">Options that decide what the cluster does with its "
                                          "resources and nodes</longdesc>\n"
                                          "  <shortdesc lang=\"en\">Scheduler options</shortdesc>\n"
                                          "  <parameters>\n");

    for (const struct sched_option_def *def = sched_option_defs; def->name != NULL; def++) {
        print_option(out, def);
    }
    g_string_append(out, "  </parameters>\n</resource-agent>\n");
    fputs(out->str, stdout);
    return CRM_EX_OK;
}

/* --- start and end --- */

static void
on_terminate(int signo, void *data)
{
    ipc_server_refuse(self.server, EPERM);
    daemon_quit(CRM_EX_OK);
}

static char *output_as, *output_to;

static const GOptionEntry options[] = {
    {"output-as", 0, 0, G_OPTION_ARG_STRING, &output_as, "Accepted, without meaning for a daemon", "FORMAT"},
    {"output-to", 0, 0, G_OPTION_ARG_STRING, &output_to, "Accepted, without meaning for a daemon", "FILE"},
    {NULL},
};

int
main(int argc, char **argv)
{
    static const struct daemon_word words[] = {{"metadata", print_metadata}, {NULL}};
    static const struct daemon_spec spec = {
        .name = "pacemaker-schedulerd",
        .summary = "decides what the cluster does next",
        .options = options,
        .words = words,
    };
    int exit_code;

    daemon_init(&spec, &argc, &argv);
    log_notice("Starting Pacemaker scheduler");
    if (ipc_already_active(ENDPOINT_SCHEDULER)) {
        log_crit("pacemaker-schedulerd is already active, aborting startup");
        daemon_exit(CRM_EX_OK);
    }
    if (access(input_dir(), W_OK) != 0) {
        log_err("Cannot write to %s: %s; its owner has to be %s:%s", input_dir(), strerror(errno), DAEMON_USER,
                DAEMON_GROUP);
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_enter();
    self.core = schedulerd_new();
    self.server = ipc_server_new(ENDPOINT_SCHEDULER, IPC_TYPE_NATIVE, IPC_SERVER_DEFAULT, &server_callbacks, NULL);
    if (self.server == NULL) {
        schedulerd_free(self.core);
        daemon_exit(CRM_EX_FATAL);
    }
    daemon_on_signal(SIGTERM, on_terminate, NULL);
    log_notice("Pacemaker scheduler successfully started and accepting connections");
    exit_code = daemon_run();
    ipc_server_free(self.server);
    schedulerd_free(self.core);
    g_free(self.last_path);
    return exit_code;
}
