/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_mon's command line: its options, the format and mode they lead to, the sections they choose.
 * Called by main.c.  (spec 80 §5.1, §5.2, §5.4)
 */
#include "tools/mon/mon.h"

#include <string.h>

#define MON_ERROR g_quark_from_static_string("crm_mon")

static void
add_sections(struct mon *m, char sign, const char *words)
{
    g_ptr_array_add(m->section_words, g_strdup_printf("%c%s", sign, words));
}

/* --- callbacks --- */

static gboolean
on_include(const char *option, const char *value, void *data, GError **error)
{
    add_sections(data, '+', value);
    return TRUE;
}

static gboolean
on_exclude(const char *option, const char *value, void *data, GError **error)
{
    add_sections(data, '-', value);
    return TRUE;
}

/* Options that stand for sections. */
static gboolean
on_section_option(const char *option, const char *value, void *data, GError **error)
{
    static const struct {
        const char *brief, *full, *words;
    } table[] = {
        { "-f", "--failcounts", "+failcounts" },
        { "-o", "--operations", "+failcounts,operations" },
        { "-t", "--timing-details", "+operations" },
        { "-c", "--tickets", "+tickets" },
        { "-A", "--show-node-attributes", "+attributes" },
        { "-D", "--hide-headers", "-summary" },
    };
    struct mon *m = data;

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        if (text_is_one_of(option, table[i].brief, table[i].full, NULL)) {
            add_sections(m, table[i].words[0], table[i].words + 1);
        }
    }
    if (text_is_one_of(option, "-t", "--timing-details", NULL)) {
        m->timing = true;
    }
    return TRUE;
}

static gboolean
on_bans(const char *option, const char *value, void *data, GError **error)
{
    g_autofree char *words = value != NULL ? g_strdup_printf("bans:%s", value) : g_strdup("bans");

    add_sections(data, '+', words);
    return TRUE;
}

static gboolean
on_fence_history(const char *option, const char *value, void *data, GError **error)
{
    struct mon *m = data;
    long long level = 2;

    if (value != NULL && value[0] != '\0' && (!text_parse_int(value, &level) || level < 0 || level > 3)) {
        g_set_error(error, MON_ERROR, 0, "Fence history must be 0-3");
        return FALSE;
    }

    int as_int = (int)level;

    g_array_append_val(m->fence_levels, as_int);
    return TRUE;
}

static gboolean
on_interval(const char *option, const char *value, void *data, GError **error)
{
    struct mon *m = data;
    long long ms = text_interval_ms(value);

    if (ms < 0 || ms > G_MAXUINT) {
        g_set_error(error, MON_ERROR, 0, "Invalid value for -i: %s", value);
        return FALSE;
    }
    m->interval_ms = (guint)ms;
    return TRUE;
}

/* The old options for formats: the last one given decides. */
static gboolean
on_old_format(const char *option, const char *value, void *data, GError **error)
{
    struct mon *m = data;

    m->format_by_old_option = true;
    m->simple = m->legacy_xml = m->web_cgi = false;
    if (text_is_one_of(option, "-h", "--as-html", NULL)) {
        g_free(m->html_file);
        m->html_file = g_strdup(value);
        m->old_option_format = OUTPUT_HTML;
    } else if (text_is_one_of(option, "-X", "--as-xml", NULL)) {
        m->legacy_xml = true;
        m->old_option_format = OUTPUT_XML;
    } else if (text_is_one_of(option, "-w", "--web-cgi", NULL)) {
        m->web_cgi = true;
        m->one_shot = TRUE;
        m->old_option_format = OUTPUT_HTML;
    } else if (text_is_one_of(option, "-s", "--simple-status", NULL)) {
        m->simple = true;
        m->one_shot = TRUE;
        m->old_option_format = OUTPUT_TEXT;
    } else {
        m->old_option_format = OUTPUT_TEXT;
    }
    return TRUE;
}

void
mon_add_options(struct mon *m)
{
#define CALLBACK(function) G_OPTION_ARG_CALLBACK, (void *)(function)
#define SWITCH G_OPTION_FLAG_NO_ARG
    const GOptionEntry display[] = {
        { "include", 'I', 0, CALLBACK(on_include),
          "Sections to show as well (comma-separated).\nWith \"list\" as value: tells what there is.", "SECTION(s)" },
        { "exclude", 'U', 0, CALLBACK(on_exclude), "Sections not to show (comma-separated)", "SECTION(s)" },
        { "node", 0, 0, G_OPTION_ARG_STRING, &m->only_node, "Show only what belongs to this node, or to nodes with this tag",
          "NODE" },
        { "resource", 0, 0, G_OPTION_ARG_STRING, &m->only_rsc,
          "Show only this resource, or those with this tag", "RSC" },
        { "group-by-node", 'n', 0, G_OPTION_ARG_NONE, &m->by_node, "Show resources below the node they run on", NULL },
        { "inactive", 'r', 0, G_OPTION_ARG_NONE, &m->inactive, "Show inactive resources, too", NULL },
        { "failcounts", 'f', SWITCH, CALLBACK(on_section_option), "Show fail counts", NULL },
        { "operations", 'o', SWITCH, CALLBACK(on_section_option), "Show the operation history", NULL },
        { "timing-details", 't', SWITCH, CALLBACK(on_section_option), "Show the operation history with times", NULL },
        { "tickets", 'c', SWITCH, CALLBACK(on_section_option), "Show tickets", NULL },
        { "fence-history", 'm', G_OPTION_FLAG_OPTIONAL_ARG, CALLBACK(on_fence_history),
          "Show the fencing history:\n0=not at all, 1=what failed or is pending (default),\n"
          "2=what succeeded, too (default without LEVEL),\n3=everything, repetitions included",
          "LEVEL" },
        { "neg-locations", 'L', G_OPTION_FLAG_OPTIONAL_ARG, CALLBACK(on_bans),
          "Show negative location constraints, optionally only\nthose whose id begins with PREFIX", "PREFIX" },
        { "show-node-attributes", 'A', SWITCH, CALLBACK(on_section_option), "Show node attributes", NULL },
        { "hide-headers", 'D', SWITCH, CALLBACK(on_section_option), "Do not show the summary", NULL },
        { "show-detail", 'R', 0, G_OPTION_ARG_NONE, &m->detail, "Show more detail (node IDs, instances, parts of bundles)",
          NULL },
        { "brief", 'b', 0, G_OPTION_ARG_NONE, &m->brief, "Count resources instead of listing them", NULL },
        { "simple-status", 's', SWITCH, CALLBACK(on_old_format), "Show the state in one line, once", NULL },
        { "pending", 'j', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &m->pending, NULL, NULL },
        { NULL },
    };
    const GOptionEntry additional[] = {
        { "interval", 'i', 0, CALLBACK(on_interval), "How often to update at least (default 5 seconds)", "TIMESPEC" },
        { "one-shot", '1', 0, G_OPTION_ARG_NONE, &m->one_shot, "Show the status once and exit", NULL },
        { "daemonize", 'd', 0, G_OPTION_ARG_NONE, &m->daemonize,
          "Run in the background; needs --output-to or\n--external-agent", NULL },
        { "pid-file", 'p', 0, G_OPTION_ARG_STRING, &m->pid_file, "File for the process id of -d", "FILE" },
        { "external-agent", 'E', 0, G_OPTION_ARG_STRING, &m->agent, "Program to run for each operation", "FILE" },
        { "external-recipient", 'e', 0, G_OPTION_ARG_STRING, &m->recipient, "What to tell that program as recipient",
          "RCPT" },
        { "watch-fencing", 'W', 0, G_OPTION_ARG_NONE, &m->watch_fencing, "Run the program for fencing events, too", NULL },
        { "xml-file", 'x', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &m->xml_file, NULL, NULL },
        { NULL },
    };
    const GOptionEntry deprecated[] = {
        { "as-html", 'h', 0, CALLBACK(on_old_format), "Same as --output-as=html --output-to=FILE", "FILE" },
        { "as-xml", 'X', SWITCH, CALLBACK(on_old_format), "XML in the frame of old versions", NULL },
        { "disable-ncurses", 'N', SWITCH, CALLBACK(on_old_format), "Same as --output-as=text", NULL },
        { "web-cgi", 'w', SWITCH, CALLBACK(on_old_format), "Same as --output-as=html --html-cgi", NULL },
        { NULL },
    };
#undef CALLBACK
#undef SWITCH

    tool_add_group_data(&m->tool, "display", "Display Options:", "Show display options", display, m);
    tool_add_group_data(&m->tool, "additional", "Additional Options:", "Show additional options", additional, m);
    tool_add_group_data(&m->tool, "deprecated", "Deprecated Options:", "Show deprecated options", deprecated, m);
}

/* --- format --- */

void
mon_choose_format(struct mon *m)
{
    const char *as = m->tool.output_as;
    g_autofree char *lower = as != NULL ? g_ascii_strdown(as, -1) : NULL;
    bool known = lower != NULL && text_is_one_of(lower, "html", "json", "text", "xml", NULL);

    m->openmetrics = !m->format_by_old_option && text_equal(lower, "openmetrics");

    if (m->format_by_old_option) {
        m->format = m->old_option_format;
    } else if (m->openmetrics) {
        m->format = OUTPUT_TEXT;
        m->one_shot = m->one_shot || !m->daemonize;
    } else if (known) {
        tool_format(&m->tool, lower, &m->format);
    } else if (m->one_shot) {
        m->format = OUTPUT_TEXT;
    } else if (m->tool.output_to != NULL && !m->daemonize) {
        m->format = OUTPUT_TEXT;
        m->one_shot = TRUE;
    } else {
        m->format = OUTPUT_CONSOLE;
    }
    if ((output_format_is_structured(m->format) && !m->daemonize) || m->simple || m->web_cgi || m->xml_file != NULL) {
        m->one_shot = TRUE;
    }
    if (m->one_shot && m->format == OUTPUT_CONSOLE) {
        m->format = OUTPUT_TEXT;
    }
    if (m->html_file != NULL && m->format == OUTPUT_HTML) {
        g_free(m->tool.output_to);
        m->tool.output_to = g_strdup(m->html_file);
    }
}

/* --- sections --- */

static const struct {
    const char *name;
    unsigned bits;
} section_names[] = {
    { "attributes", SECTION_ATTRIBUTES },
    { "bans", SECTION_BANS },
    { "counts", SECTION_COUNTS },
    { "dc", SECTION_DC },
    { "failcounts", SECTION_FAILCOUNTS },
    { "failures", SECTION_FAILURES },
    { "fencing", SECTION_FENCING_ALL },
    { "fencing-failed", SECTION_FENCE_FAILED },
    { "fencing-pending", SECTION_FENCE_PENDING },
    { "fencing-succeeded", SECTION_FENCE_WORKED },
    { "maint-mode", SECTION_MAINT_MODE },
    { "nodes", SECTION_NODES },
    { "operations", SECTION_OPERATIONS },
    { "options", SECTION_OPTIONS },
    { "resources", SECTION_RESOURCES },
    { "stack", SECTION_STACK },
    { "summary", SECTION_SUMMARY },
    { "tickets", SECTION_TICKETS },
    { "times", SECTION_TIMES },
};

static const char include_list[] =
    "--include options: all, attributes, bans[:PREFIX], counts, dc, default, failcounts, failures, fencing, "
    "fencing-failed, fencing-pending, fencing-succeeded, maint-mode, nodes, none, operations, options, resources, "
    "stack, summary, tickets, times";
static const char exclude_list[] =
    "--exclude options: all, attributes, bans, counts, dc, failcounts, failures, fencing, fencing-failed, "
    "fencing-pending, fencing-succeeded, maint-mode, nodes, none, operations, options, resources, stack, summary, "
    "tickets, times";

static unsigned
default_sections(const struct mon *m)
{
    unsigned usual = SECTION_SUMMARY | SECTION_NODES | SECTION_RESOURCES | SECTION_FAILURES;

    return output_format_is_structured(m->format) ? SECTION_ALL : usual;
}

/* "all": people want to see the cluster's options only if they ask for them by name. */
static unsigned
all_sections(const struct mon *m)
{
    return (m->format == OUTPUT_TEXT || m->format == OUTPUT_CONSOLE) ? SECTION_ALL & ~(unsigned)SECTION_OPTIONS
                                                                      : SECTION_ALL;
}

/* Bits of a name; 0 if there is none. */
static unsigned
section_bits(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(section_names); i++) {
        if (g_ascii_strcasecmp(section_names[i].name, name) == 0) {
            return section_names[i].bits;
        }
    }
    return 0;
}

static bool
include(struct mon *m, const char *name)
{
    if (strcmp(name, "all") == 0) {
        m->sections = all_sections(m);
    } else if (g_str_has_prefix(name, "bans")) {
        m->sections |= SECTION_BANS;
        g_clear_pointer(&m->bans_prefix, g_free);
        if (name[4] == ':' && name[5] != '\0') {
            m->bans_prefix = g_strdup(name + 5);
        }
    } else if (text_is_one_of(name, "default", "defaults", NULL)) {
        m->sections |= default_sections(m);
    } else if (strcmp(name, "none") == 0) {
        m->sections = 0;
    } else if (section_bits(name) != 0) {
        m->sections |= section_bits(name);
    } else {
        return false;
    }
    return true;
}

static bool
exclude(struct mon *m, const char *name)
{
    if (strcmp(name, "all") == 0) {
        m->sections = 0;
    } else if (strcmp(name, "none") == 0) {
        m->sections = all_sections(m);
    } else if (section_bits(name) != 0) {
        m->sections &= ~section_bits(name);
    } else {
        return false;
    }
    return true;
}

static void
apply_fence_level(struct mon *m, int level)
{
    m->fencing = level > 0;
    m->full_history = level == 3 || m->openmetrics || output_format_is_structured(m->format);
    switch (level) {
        case 0:
            m->sections &= ~(unsigned)SECTION_FENCING_ALL;
            break;
        case 1:
            m->sections |= SECTION_FENCE_FAILED | SECTION_FENCE_PENDING;
            break;
        default:
            m->sections |= SECTION_FENCING_ALL;
            break;
    }
}

bool
mon_choose_sections(struct mon *m, char **error)
{
    m->sections = default_sections(m);
    apply_fence_level(m, 1);
    for (guint i = 0; i < m->fence_levels->len; i++) {
        apply_fence_level(m, g_array_index(m->fence_levels, int, i));
    }
    if (m->tool.quiet) {
        m->sections &= ~(unsigned)SECTION_TIMES;
    }
    if (m->watch_fencing || !m->local) {
        apply_fence_level(m, 0);
    }
    for (guint i = 0; i < m->section_words->len; i++) {
        const char *words = g_ptr_array_index(m->section_words, i);
        bool add = words[0] == '+';
        g_auto(GStrv) names = g_strsplit(words + 1, ",", -1);

        for (guint k = 0; names[k] != NULL; k++) {
            if (!(add ? include(m, names[k]) : exclude(m, names[k]))) {
                *error = g_strdup_printf("crm_mon: %s", add ? include_list : exclude_list);
                return false;
            }
        }
    }
    m->show = SHOW_PENDING | (m->by_node ? SHOW_BY_NODE : 0) | (m->inactive ? SHOW_INACTIVE : 0) |
              (m->brief ? SHOW_BRIEF : 0) | (m->timing ? SHOW_TIMING : 0) | (m->detail ? SHOW_DETAIL : 0);
    if (output_format_is_structured(m->format)) {
        m->show |= SHOW_INACTIVE | SHOW_TIMING;
    }
    return true;
}
