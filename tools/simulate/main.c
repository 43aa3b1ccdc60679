/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_simulate: what would the cluster do?  Reads a CIB, changes it as asked, schedules, and pretends to execute the
 * result.  Talks to nobody, except for -L.  (spec 42 §13)
 */
#include "lib/base/iso8601.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/output/explanation.h"
#include "lib/output/tool.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/graph/graph.h"
#include "lib/sched/model/model.h"
#include "tools/simulate/simulate.h"
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    gboolean run, simulate, in_place, attrs, failcounts, scores, utilization, pending, all_actions, live, pipe, quiet;
    char *profile, *date, *save_input, *save_output, *graph, *dot, *svg, *file;
    char **explain;
    int repeat;
    char **fail_ops;
    struct sim_injections inject;
} o;

static const GOptionEntry operation_entries[] = {
    {"run", 'R', 0, G_OPTION_ARG_NONE, &o.run, "Show what the cluster would do about the input", NULL},
    {"simulate", 'S', 0, G_OPTION_ARG_NONE, &o.simulate, "Also pretend to do it, and show the status after it", NULL},
    {"in-place", 'X', 0, G_OPTION_ARG_NONE, &o.in_place, "Like --simulate, and store the result in the input file", NULL},
    {"show-attrs", 'A', 0, G_OPTION_ARG_NONE, &o.attrs, "Show node attributes", NULL},
    {"show-failcounts", 'c', 0, G_OPTION_ARG_NONE, &o.failcounts, "Show fail counts of resources", NULL},
    {"show-scores", 's', 0, G_OPTION_ARG_NONE, &o.scores, "Show the scores by which nodes are chosen", NULL},
    {"show-utilization", 'U', 0, G_OPTION_ARG_NONE, &o.utilization, "Show capacity and what uses it", NULL},
    {"explain", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o.explain,
     "Show how the scores of a resource (on a node) came about, what decided, and what keeps it (may be repeated)",
     "RSC[@NODE]"},
    {"profile", 'P', 0, G_OPTION_ARG_FILENAME, &o.profile, "Schedule every XML file of a directory and tell how long it takes", "DIR"},
    {"repeat", 'N', 0, G_OPTION_ARG_INT, &o.repeat, "With --profile: so many times each", "N"},
    {"pending", 'j', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &o.pending, "Show pending operations", NULL},
    {NULL},
};

static const GOptionEntry synthetic_entries[] = {
    {"node-up", 'u', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.node_up, "Pretend that a node comes online", "NODE"},
    {"node-down", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.node_down, "Pretend that a node is shut down", "NODE"},
    {"node-fail", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.node_fail, "Pretend that a node fails", "NODE"},
    {"op-inject", 'i', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.ops, "Pretend that an operation gave a result (see below)", "OPSPEC"},
    {"op-fail", 'F', 0, G_OPTION_ARG_STRING_ARRAY, &o.fail_ops, "Let an operation fail if the simulation comes to it (see below)", "OPSPEC"},
    {"set-datetime", 't', 0, G_OPTION_ARG_STRING, &o.date, "Decide as if it was that time (ISO 8601)", "DATETIME"},
    {"quorum", 'q', 0, G_OPTION_ARG_STRING, &o.inject.quorum, "Pretend to have quorum (1, true) or not", "QUORUM"},
    {"watchdog", 'w', 0, G_OPTION_ARG_STRING, &o.inject.watchdog, "Pretend to have a watchdog (1, true) or not", "DEVICE"},
    {"ticket-grant", 'g', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.ticket_grant, "Pretend that a ticket is granted", "TICKET"},
    {"ticket-revoke", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.ticket_revoke, "Pretend that a ticket is revoked", "TICKET"},
    {"ticket-standby", 'b', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.ticket_standby, "Pretend that a ticket is made standby", "TICKET"},
    {"ticket-activate", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &o.inject.ticket_activate, "Pretend that a ticket is activated", "TICKET"},
    {NULL},
};

static const GOptionEntry artifact_entries[] = {
    {"save-input", 'I', 0, G_OPTION_ARG_FILENAME, &o.save_input, "Write the input, changed as asked, to a file", "FILE"},
    {"save-output", 'O', 0, G_OPTION_ARG_FILENAME, &o.save_output, "Write the configuration after the simulation to a file", "FILE"},
    {"save-graph", 'G', 0, G_OPTION_ARG_FILENAME, &o.graph, "Write the transition graph (XML) to a file", "FILE"},
    {"save-dotfile", 'D', 0, G_OPTION_ARG_FILENAME, &o.dot, "Write the transition graph (DOT) to a file", "FILE"},
    {"save-svgfile", 0, 0, G_OPTION_ARG_FILENAME, &o.svg, "Draw the transition graph (SVG, by Graphviz) into a file", "FILE"},
    {"all-actions", 'a', 0, G_OPTION_ARG_NONE, &o.all_actions, "With --save-dotfile or --save-svgfile: also what is not done", NULL},
    {NULL},
};

static const GOptionEntry source_entries[] = {
    {"live-check", 'L', 0, G_OPTION_ARG_NONE, &o.live, "Input: the CIB in use", NULL},
    {"xml-file", 'x', 0, G_OPTION_ARG_FILENAME, &o.file, "Input: a file", "FILE"},
    {"xml-pipe", 'p', 0, G_OPTION_ARG_NONE, &o.pipe, "Input: standard input (as without any)", NULL},
    {NULL},
};

static const char description[] =
    "OPSPEC is RESOURCE_TASK_INTERVALMS@NODE=RC, for instance db_monitor_20000@alpha=7; RC is what the agent returns.\n\n"
    "Examples:\n\n"
    "What happens if a monitor finds db stopped on alpha, and its stop fails then:\n\n"
    "\tcrm_simulate -LS --op-inject db_monitor_20000@alpha=7 --op-fail db_stop_0@alpha=1 --save-output after.xml\n\n"
    "And what the cluster would do about that:\n\n"
    "\tcrm_simulate -S --xml-file after.xml\n";

struct run {
    struct tool tool;
    struct show show;
    xmlNode *cib;
    int64_t clock;
    unsigned scores;
};

static bool
text_shown(const struct run *run)
{
    return !o.quiet;
}

/* Which time the decisions are made for, if it is not the clock's. */
static void
show_time(const struct run *run)
{
    long long date = xml_get_int(run->cib, "execution-date", 0);

    if (o.quiet) {
        return;
    }
    if (o.date != NULL) {
        output_info(run->show.out, "Setting effective cluster time: %s", o.date);
    } else if (date != 0) {
        g_autofree char *text = iso_epoch_text(date, ISO_DATE | ISO_TIME);

        output_info(run->show.out, "Using the original execution date of: %s", text);
    }
}

static struct sched *
new_model(const struct run *run, unsigned flags)
{
    return sched_new(run->cib, simulate_now(run->cib, o.date, run->clock),
                     flags | (o.live ? 0 : SCHED_SANITIZED) | SCHED_QUIET);
}

/* With -V: what the scheduler has to say about the configuration and its decisions. */
static void
tell_messages(const struct run *run, const struct sched *s)
{
    static const struct {
        const char *word;
        unsigned verbosity;
    } levels[] = { [MSG_CRITICAL] = { "crit", 1 }, [MSG_ERROR] = { "error", 1 }, [MSG_WARNING] = { "warning", 2 }, [MSG_NOTICE] = { "notice", 3 },
                   [MSG_INFO] = { "info", 4 } };

    for (unsigned i = 0; i < s->messages.len; i++) {
        const struct sched_message *m = &s->messages.items[i];

        if (run->tool.verbosity >= levels[m->severity].verbosity) {
            fprintf(stderr, "(%s) \t%s: %s\n", m->origin != NULL ? m->origin : "main", levels[m->severity].word, m->text);
        }
    }
}

static void
free_model(struct sched *s)
{
    sched_actions_free(s);
    sched_free(s);
}

static bool
write_file(const char *path, const char *text, size_t len)
{
    g_autoptr(GError) error = NULL;

    if (strcmp(path, "-") == 0) {
        return fwrite(text, 1, len, stdout) == len;
    }
    FILE *f = fopen(path, "w");

    if (f == NULL) {
        return false;
    }
    size_t n = fwrite(text, 1, len, f);

    return fclose(f) == 0 && n == len;
}

static bool
write_xml(const char *path, const xmlNode *xml)
{
    g_autofree char *text = xml_to_text(xml, XML_TEXT_FORMATTED);

    return write_file(path, text, strlen(text));
}

static int
save_cib(const struct run *run, const char *path)
{
    if (path != NULL && !write_xml(path, run->cib)) {
        output_error(run->show.out, "crm_simulate: Could not create '%s': %s", path, strerror(errno));
        return CRM_EX_NOSUCH;
    }
    return CRM_EX_OK;
}

/* --- steps --- */

static void
show_current(const struct run *run)
{
    struct sched *s;

    show_time(run);
    if (o.quiet) {
        return;
    }
    s = new_model(run, SCHED_STATUS_ONLY);
    show_remarks(&run->show, s);
    if (text_shown(run) && !output_is_structured(run->show.out)) {
        show_banner(&run->show, s);
    }
    show_status(&run->show, s, "Current cluster status", true);
    free_model(s);
}

/* What is pretended to happen happens now by the clock, whatever time the decisions are made for. */
static void
inject(struct run *run)
{
    struct output *out = run->show.out;
    struct sim sim = {.cib = run->cib, .now = run->clock, .tell = show_event,
                      .data = out};

    if (!sim_injections_any(&o.inject)) {
        return;
    }
    if (output_is_structured(out)) {
        output_open_plain(out, "modifications");
    } else if (!o.quiet) {
        output_begin_section(out, "Performing Requested Modifications");
    }
    sim_inject(&sim, &o.inject);
    if (output_is_structured(out)) {
        output_close_element(out);
    } else if (!o.quiet) {
        output_end_list(out);
    }
    show_time(run);
}

static int
write_nothing(void *data, const char *text, size_t len)
{
    return 0;
}

static int
write_piece(void *file, const char *text, size_t len)
{
    return fwrite(text, 1, len, file) == len ? 0 : errno;
}

/* Straight from the actions to the file. */
static int
save_graph(struct sched *s, const char *path)
{
    bool to_stdout = strcmp(path, "-") == 0;
    FILE *f = to_stdout ? stdout : fopen(path, "w");
    int rc;

    if (f == NULL) {
        return errno;
    }
    rc = sched_graph_write(s, 0, write_piece, f);
    if (!to_stdout && fclose(f) != 0 && rc == 0) {
        rc = errno;
    }
    return rc;
}

/* The graph as a tree if it will be executed (*graph), else only as text where it was asked for. */
static int
make_graph(const struct run *run, struct sched *s, xmlNode **graph)
{
    int rc = 0;

    if (o.simulate || o.in_place) {
        *graph = sched_graph_new(s, 0);
        if (o.graph != NULL && !write_xml(o.graph, *graph)) {
            rc = errno;
        }
    } else if (o.graph != NULL) {
        rc = save_graph(s, o.graph);
    } else {
        sched_graph_write(s, 0, write_nothing, NULL);
    }
    return rc;
}

/* Graphviz draws: it is asked for a picture, or told to be missing. */
static int
save_svg(const struct run *run, const GString *dot)
{
    g_autofree char *source = NULL, *complaint = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("crm_simulate-XXXXXX.dot", &source, &error), status = 0;
    bool ok = fd >= 0;

    if (ok) {
        char *argv[] = {(char *) "dot", (char *) "-Tsvg", (char *) "-o", o.svg, source, NULL};

        close(fd);
        ok = g_file_set_contents(source, dot->str, (gssize) dot->len, &error)
             && g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, &complaint, &status, &error)
             && g_spawn_check_wait_status(status, NULL);
        unlink(source);
    }
    if (ok) {
        return CRM_EX_OK;
    }
    if (g_error_matches(error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT)) {
        output_error(run->show.out, "crm_simulate: Could not draw '%s': the program 'dot' is missing (install graphviz)", o.svg);
        return CRM_EX_NOT_INSTALLED;
    }
    output_error(run->show.out, "crm_simulate: Could not draw '%s': %s", o.svg,
                 error ? error->message : complaint && complaint[0] ? g_strchomp(complaint) : "dot failed");
    return CRM_EX_IOERR;
}

static int
save_dot(const struct run *run, struct sched *s)
{
    if (o.dot != NULL || o.svg != NULL) {
        g_autoptr(GString) dot = sched_dot_new(s, (o.all_actions ? DOT_ALL : 0)
                                                      | (run->tool.verbosity > 0 ? DOT_IDS : 0));

        if (o.dot != NULL && !write_file(o.dot, dot->str, dot->len)) {
            output_error(run->show.out, "crm_simulate: Could not write DOT graph '%s': %s", o.dot, strerror(errno));
            return CRM_EX_IOERR;
        }
        if (o.svg != NULL) {
            return save_svg(run, dot);
        }
    }
    return CRM_EX_OK;
}

/* Ids and history names of all resources (g_hash_table_unref). */
static GHashTable *
known_names(const struct sched *s)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < s->rscs.len; i++) {
        const struct sched_rsc *rsc = s->rscs.items[i];

        g_hash_table_add(names, (gpointer) rsc->id);
        if (rsc->history_name != NULL) {
            g_hash_table_add(names, (gpointer) rsc->history_name);
        }
    }
    return names;
}

/* Execute the graph and show what comes of it. */
static int
simulate(struct run *run, const struct sched *decided, const xmlNode *graph)
{
    g_autoptr(GHashTable) names = known_names(decided);
    struct output *out = run->show.out;
    struct sim sim = {.cib = run->cib, .now = run->clock, .tell = show_event,
                      .data = out};
    enum sim_outcome outcome;
    struct sched *s;

    if (!o.quiet) {
        output_begin_section(out, "Executing Cluster Transition");
    }
    outcome = sim_execute(&sim, graph, o.fail_ops, names);
    if (!o.quiet) {
        output_end_list(out);
    }
    if (outcome == SIM_TERMINATED) {
        output_error(out, "Transition failed: terminated");
        output_error(out, "An invalid transition was produced");
    }
    show_time(run);
    if (o.quiet && !output_is_empty(out)) {
        output_line(out, "");
    } else if (!o.quiet) {
        s = sched_new(run->cib, simulate_now(run->cib, o.date, run->clock), SCHED_STATUS_ONLY | SCHED_QUIET);
        show_remarks(&run->show, s);
        show_status(&run->show, s, "Revised Cluster Status", false);
        free_model(s);
    }
    return outcome == SIM_TERMINATED ? CRM_EX_ERROR : CRM_EX_OK;
}

static int
explain(const struct run *run, struct sched *s)
{
    for (char **word = o.explain; *word != NULL; word++) {
        g_autofree char *error = NULL;

        if (!explanation_print(run->show.out, s, *word, &error)) {
            output_error(run->show.out, "crm_simulate: Cannot explain '%s': %s", *word, error);
            return CRM_EX_NOSUCH;
        }
    }
    return CRM_EX_OK;
}

static int
process(struct run *run)
{
    unsigned flags = (o.explain ? SCHED_EXPLAIN : 0) | (o.scores ? SCHED_SCORES : 0) | (o.utilization ? SCHED_UTILIZATION : 0);
    struct sched *s = new_model(run, flags);
    xmlNode *graph = NULL;
    int rc, failed;

    sched_run(s);
    tell_messages(run, s);
    show_score_lines(&run->show, s, run->scores);
    failed = make_graph(run, s, &graph);
    if (!o.quiet) {
        show_summary(&run->show, s);
    }
    if (failed != 0) {
        output_error(run->show.out, "crm_simulate: Could not write graph '%s': %s", o.graph, strerror(failed));
        rc = CRM_EX_IOERR;
    } else {
        rc = save_dot(run, s);
    }
    if (rc == CRM_EX_OK && o.explain != NULL) {
        rc = explain(run, s);
    }
    if (rc == CRM_EX_OK && (o.simulate || o.in_place)) {
        rc = simulate(run, s, graph);
    }
    xml_free(graph);
    free_model(s);
    return rc;
}

static int
run_all(struct run *run)
{
    int rc = CRM_EX_OK;

    if (o.profile != NULL) {
        return profile_directory(run->show.out, o.profile, o.repeat > 0 ? o.repeat : 1, run->clock);
    }
    if (o.live || o.file != NULL) {
        run->cib = simulate_load(run->show.out, o.file, o.live, &rc);
    } else {
        run->cib = simulate_load(run->show.out, "-", false, &rc);
    }
    if (run->cib == NULL) {
        return rc;
    }
    if (o.save_output != NULL && (rc = save_cib(run, o.save_output)) != CRM_EX_OK) {
        return rc;
    }
    show_current(run);
    inject(run);
    rc = save_cib(run, o.save_input);
    if (rc == CRM_EX_OK && (o.run || o.simulate || o.in_place || run->scores != 0 || o.graph || o.dot || o.svg || o.explain)) {
        rc = process(run);
    }
    if (o.save_output != NULL || (o.in_place && o.file != NULL && strcmp(o.file, "-") != 0)) {
        int saved = save_cib(run, o.save_output ? o.save_output : o.file);

        rc = rc == CRM_EX_OK ? saved : rc;
    }
    return rc;
}

int
main(int argc, char **argv)
{
    /* Static: the CIB is left to the end of the process, since freeing a large one takes as long as scheduling it. */
    static struct run run;
    unsigned flags = 0;
    int rc;

    run.clock = time(NULL);
    tool_init(&run.tool, argv, TOOL_OUTPUT | TOOL_QUIET, "bdefgiqrtuwxDFGINOP", NULL,
              "crm_simulate - what the cluster would do, without doing it", description);
    tool_add_group(&run.tool, "operations", "Operations:", "Show operations options", operation_entries);
    tool_add_group(&run.tool, "synthetic", "Synthetic Cluster Events:", "Show synthetic cluster event options",
                   synthetic_entries);
    tool_add_group(&run.tool, "artifact", "Artifact Options:", "Show artifact options", artifact_entries);
    tool_add_group(&run.tool, "source", "Data Source:", "Show data source options", source_entries);
    if (!tool_parse(&run.tool)) {
        return tool_exit(&run.tool, NULL, CRM_EX_USAGE);
    }
    log_init("crm_simulate", LOG_KIND_TOOL, run.tool.verbosity);
    o.simulate = o.simulate || o.fail_ops != NULL;
    run.scores = (o.scores ? SHOW_SCORES : 0) | (o.utilization ? SHOW_UTILIZATION : 0);
    if (run.scores == 0) {
        flags |= OUTPUT_FANCY;
    }
    run.show.out = tool_begin(&run.tool, flags | OUTPUT_SIMPLE_LISTS | OUTPUT_SUBSTITUTE, &rc);
    if (run.show.out == NULL) {
        return rc;
    }
    /* Programs that read want everything, or nothing but an explanation. */
    o.quiet = run.tool.quiet && (o.explain != NULL || !output_is_structured(run.show.out));
    run.show.attributes = o.attrs;
    run.show.failures = o.failcounts;
    rc = run_all(&run);
    return tool_exit(&run.tool, run.show.out, rc);
}
