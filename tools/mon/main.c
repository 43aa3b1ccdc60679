/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_mon: the status of the cluster, once or again and again, on a terminal, as text, HTML or XML.
 * Reads only.  (spec 80 §5, spec 81)
 */
#include "tools/mon/mon.h"
#include "lib/output/openmetrics.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char description[] =
    "Sections:\n\n"
    "What is shown by default depends on the format: XML holds everything, the others less.  --include and\n"
    "--exclude change that, from left to right; see --include=list for the names of all sections.\n\n"
    "TIMESPEC is a number of seconds, a number with a unit (ms, us, s, m, h), or an ISO 8601 duration.\n\n"
    "Keys:\n\n"
    "On a terminal, '?' shows which key switches what on or off; any other key refreshes the screen.\n\n"
    "Called under a name that ends in .cgi, it makes a web page with a CGI header.\n";

/* A late usage error: the help comes first for those who sit at a terminal. */
static int
usage_error(struct mon *m, const char *message)
{
    if (m->format == OUTPUT_TEXT || m->format == OUTPUT_CONSOLE) {
        g_autofree char *help = tool_help(&m->tool);

        fprintf(stderr, "%s\n%s\n", help, message);
    } else {
        output_error(m->out, "%s", message);
    }
    return CRM_EX_USAGE;
}

static struct output *
open_output(struct mon *m)
{
    static const char *const names[] = { [OUTPUT_TEXT] = "text",       [OUTPUT_XML] = "xml",
                                         [OUTPUT_HTML] = "html",       [OUTPUT_CONSOLE] = "console",
                                         [OUTPUT_NONE] = "none",       [OUTPUT_JSON] = "json" };
    struct output_config config = { .format = m->format };
    int rc = 0;

    config.flags = output_format_is_structured(m->format) ? OUTPUT_SIMPLE_LISTS | OUTPUT_SUBSTITUTE : OUTPUT_FANCY;
    tool_output_config(&m->tool, &config);
    config.flags |= (m->legacy_xml ? OUTPUT_LEGACY : 0) | (m->web_cgi ? OUTPUT_CGI : 0);
    config.flags &= ~(unsigned)OUTPUT_QUIET; /* -Q is about sections here */
    if (config.title == NULL) {
        config.title = "Cluster Status";
    }
    if (m->format == OUTPUT_HTML && !m->web_cgi && (m->html_file != NULL || m->tool.output_to != NULL) &&
        !text_equal(m->tool.output_to, "-")) {
        config.refresh = (m->interval_ms + 999) / 1000;
        umask(S_IWGRP | S_IWOTH);
    }
    if (m->format == OUTPUT_CONSOLE) {
        config.screen = mon_console_write;
        config.screen_data = m;
    }

    struct output *out = output_open(&config, &rc);

    if (out == NULL) {
        fprintf(stderr, "%s: Error creating output format %s: %s\n", m->tool.name, names[m->format], result_text(rc));
        return NULL;
    }
    tool_export_format(m->format);
    return out;
}

/* --- once --- */

/* Nothing to show because the cluster cannot be reached. */
static int
no_cluster(struct mon *m, int rc)
{
    if (m->simple) {
        output_error(m->out, "crm_mon: CLUSTER CRIT: Connection to cluster failed: %s", result_text(rc));
        return CRM_EX_INVALID_PARAM; /* what monitoring systems take for "critical" */
    }
    output_error(m->out, "crm_mon: Connection to cluster failed: %s", result_text(rc));
    return (int)result_to_exit(rc);
}

static int
show_once(struct mon *m)
{
    bool stop = false;
    int rc;

    if (m->local) {
        rc = mon_ping_launcher(m, -1, &stop, NULL);
        if (rc != RC_OK && rc != EREMOTEIO) {
            output_error(m->out, "error: Could not connect to launcher: %s", result_text(rc));
            return no_cluster(m, rc);
        }
        if (stop) {
            return CRM_EX_OK;
        }
    }
    mon_connect_fencer(m, false);
    mon_read_history(m);
    rc = mon_connect_cib(m, false);
    if (rc == RC_OK) {
        rc = mon_read_cib(m);
    }
    if (rc != RC_OK) {
        output_error(m->out, "Could not connect to the CIB: %s", result_text(rc));
        return m->simple ? CRM_EX_INVALID_PARAM : (int)result_to_exit(rc);
    }
    rc = mon_show(m);
    if (m->simple) {
        return rc == RC_OK ? CRM_EX_OK : CRM_EX_ERROR;
    }
    if (rc != RC_OK) {
        output_error(m->out, "Could not connect to the CIB: %s", result_text(rc));
        return (int)result_to_exit(rc);
    }
    return CRM_EX_OK;
}

/* --- in the background --- */

static bool
is_running(const char *pid_file)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(pid_file, &text, NULL, NULL)) {
        return false;
    }

    long long pid = text_leading_int(g_strstrip(text));
    g_autofree char *link = g_strdup_printf("/proc/%lld/exe", pid);
    g_autofree char *theirs = pid > 0 ? g_file_read_link(link, NULL) : NULL;
    g_autofree char *ours = g_file_read_link("/proc/self/exe", NULL);

    return theirs != NULL && text_equal(theirs, ours);
}

/* The default lies where everybody may write: what a link there points to must not be overwritten by root. */
static void
note_pid(const char *pid_file)
{
    char text[32];
    int length = g_snprintf(text, sizeof(text), "%10lld\n", (long long)getpid());
    int fd = open(pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (fd < 0 || write(fd, text, (size_t)length) != length) {
        fprintf(stderr, "crm_mon: Could not write pid file %s: %s\n", pid_file, g_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* Fork; only the child returns (with CRM_EX_OK). */
static int
go_to_background(struct mon *m)
{
    const char *pid_file = m->pid_file != NULL ? m->pid_file : "/tmp/ClusterMon.pid";

    if (is_running(pid_file)) {
        fprintf(stderr, "crm_mon: already running [pid file %s]\n", pid_file);
        return CRM_EX_OK;
    }

    pid_t pid = fork();

    if (pid < 0) {
        fprintf(stderr, "crm_mon: Could not start daemon: %s\n", g_strerror(errno));
        return CRM_EX_OSERR;
    }
    if (pid > 0) {
        _exit(CRM_EX_OK);
    }

    note_pid(pid_file);
    setsid();
    if (chdir("/") != 0 || freopen("/dev/null", "r", stdin) == NULL || freopen("/dev/null", "w", stdout) == NULL ||
        freopen("/dev/null", "w", stderr) == NULL) {
        return CRM_EX_OSERR;
    }
    return -1; /* go on */
}

/* Combinations that make no sense; NULL if all is well. */
static const char *
find_conflict(const struct mon *m)
{
    bool to_file = m->tool.output_to != NULL && strcmp(m->tool.output_to, "-") != 0;

    if (m->daemonize && !m->one_shot) {
        if (!to_file && m->agent == NULL) {
            return "crm_mon: --daemonize requires at least one of --output-to and --external-agent";
        }
        if (m->format == OUTPUT_CONSOLE && m->agent == NULL) {
            return "crm_mon: --daemonize requires --output-as=[html|text|xml]";
        }
    }
    if (m->web_cgi) {
        if (!m->local) {
            return "crm_mon: CGI mode used with CIB file";
        }
        if (m->agent != NULL) {
            return "crm_mon: CGI mode cannot be used with --external-agent";
        }
        if (m->daemonize) {
            return "crm_mon: CGI mode cannot be used with -d";
        }
    }
    return NULL;
}

static int
once(struct mon *m)
{
    int code = show_once(m);

    if (m->openmetrics && output_is_empty(m->out)) { /* whoever collects metrics wants to know that, too */
        openmetrics_down(m->out);
    }
    return code;
}

static int
run(struct mon *m)
{
    g_autofree char *error = NULL;
    const char *conflict;

    if (m->tool.version) {
        tool_print_version(m->out);
        return CRM_EX_OK;
    }
    if (!mon_choose_sections(m, &error)) {
        return usage_error(m, error);
    }
    conflict = find_conflict(m);
    if (conflict != NULL) {
        return usage_error(m, conflict);
    }
    if (m->one_shot) {
        return once(m);
    }
    if (m->daemonize) {
        int code = go_to_background(m);

        if (code >= 0) {
            return code;
        }
    }
    return mon_run(m);
}

int
main(int argc, char **argv)
{
    struct mon mon = { .interval_ms = 5000 };
    struct mon *m = &mon;
    int code;

    tool_init(&m->tool, argv, TOOL_OUTPUT | TOOL_HTML | TOOL_CONSOLE | TOOL_QUIET, "ehimpxEILU", NULL,
              "Shows the status of the cluster", description);
    m->fence_levels = g_array_new(FALSE, FALSE, sizeof(int));
    m->section_words = g_ptr_array_new_with_free_func(g_free);
    mon_add_options(m);
    if (g_str_has_suffix(m->tool.name, ".cgi")) {
        m->format_by_old_option = m->web_cgi = true;
        m->old_option_format = OUTPUT_HTML;
        m->one_shot = TRUE;
    }
    if (!tool_parse(&m->tool)) {
        return tool_exit(&m->tool, NULL, CRM_EX_USAGE);
    }
    if (m->tool.version) {
        m->one_shot = TRUE; /* an answer, not a screen */
    }
    if (m->xml_file != NULL) {
        setenv("CIB_file", m->xml_file, 1);
    }
    m->cib = cib_client_new();
    m->local = cib_client_variant(m->cib) == CIB_VARIANT_NATIVE;
    if (cib_client_variant(m->cib) == CIB_VARIANT_FILE) {
        m->one_shot = TRUE;
    }
    mon_choose_format(m);
    m->out = open_output(m);
    if (m->out == NULL) {
        cib_client_free(m->cib);
        return tool_exit(&m->tool, NULL, CRM_EX_ERROR);
    }
    code = run(m);
    mon_disconnect(m);
    return tool_exit(&m->tool, m->out, code);
}
