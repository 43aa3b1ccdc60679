/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_ticket: shows and changes the state of tickets, which sites of a geographic cluster hand to one another.  Called
 * by booth and by people.  All changes of one call are one update of the CIB.  (spec 80 §9)
 */
#include "lib/base/iso8601.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/output/status.h"
#include "lib/output/tool.h"
#include "lib/output/tool_cib.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PROGRAM "crm_ticket"

enum command { MODIFY, INFO, DETAILS, RAW, QUERY_XML, CONSTRAINTS, GET_ATTR, CLEANUP };

static struct {
    enum command command;
    char *ticket, *get_attr, *default_value, *xml_file, *ignored;
    gboolean force;
    char *set_name, *set_value; /* one half of a pair that waits for the other */
    GHashTable *set;            /* name -> value */
    GPtrArray *deleted;         /* names */
} options;

/* --- command line --- */

static gboolean
choose_command(const char *option, const char *value, void *data, GError **error)
{
    static const struct tool_choice table[] = {
        { "-l", "--info", INFO },           { "-L", "--details", DETAILS },
        { "-w", "--raw", RAW },             { "-q", "--query-xml", QUERY_XML },
        { "-c", "--constraints", CONSTRAINTS }, { "-G", "--get-attr", GET_ATTR },
        { "-C", "--cleanup", CLEANUP },
    };

    options.command = (enum command)tool_choose(table, G_N_ELEMENTS(table), option, (int)options.command);
    if (options.command == GET_ATTR) {
        g_free(options.get_attr);
        options.get_attr = g_strdup(value);
    }
    return TRUE;
}

static gboolean
set_state(const char *option, const char *value, void *data, GError **error)
{
    static const struct {
        const char *letter, *word, *name, *value;
    } table[] = {
        { "-g", "--grant", "granted", "true" },
        { "-r", "--revoke", "granted", "false" },
        { "-s", "--standby", "standby", "true" },
        { "-a", "--activate", "standby", "false" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        if (text_is_one_of(option, table[i].letter, table[i].word, NULL)) {
            g_hash_table_insert(options.set, g_strdup(table[i].name), g_strdup(table[i].value));
        }
    }
    return TRUE;
}

/* -S and -v come in pairs, in either order. */
static gboolean
set_half(const char *option, const char *value, void *data, GError **error)
{
    char **half = text_is_one_of(option, "-v", "--attr-value", NULL) ? &options.set_value : &options.set_name;

    g_free(*half);
    *half = g_strdup(value);
    if (options.set_name != NULL && options.set_value != NULL) {
        g_hash_table_insert(options.set, options.set_name, options.set_value);
        options.set_name = options.set_value = NULL;
    }
    return TRUE;
}

static gboolean
delete_attr(const char *option, const char *value, void *data, GError **error)
{
    g_ptr_array_add(options.deleted, g_strdup(value));
    return TRUE;
}

static const GOptionEntry queries[] = {
    { "info", 'l', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, choose_command, "Show tickets and whether they are granted", NULL },
    { "details", 'L', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, choose_command, "Show tickets with all that is known of them", NULL },
    { "raw", 'w', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, choose_command, "Show the ids of tickets", NULL },
    { "query-xml", 'q', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, choose_command, "Show the state of tickets as XML", NULL },
    { "constraints", 'c', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, choose_command,
      "Show the rsc_ticket constraints that refer to tickets", NULL },
    { NULL },
};
static const GOptionEntry commands[] = {
    { "grant", 'g', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, set_state, "Give the ticket to this site", NULL },
    { "revoke", 'r', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, set_state, "Take the ticket from this site", NULL },
    { "standby", 's', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, set_state,
      "Stop what depends on the ticket, without its loss policy", NULL },
    { "activate", 'a', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, set_state, "End the standby of the ticket", NULL },
    { NULL },
};
static const GOptionEntry advanced[] = {
    { "get-attr", 'G', 0, G_OPTION_ARG_CALLBACK, choose_command, "Show one attribute of the ticket", "ATTRIBUTE" },
    { "set-attr", 'S', 0, G_OPTION_ARG_CALLBACK, set_half, "Set an attribute of the ticket to the value of -v", "ATTRIBUTE" },
    { "delete-attr", 'D', 0, G_OPTION_ARG_CALLBACK, delete_attr, "Delete an attribute of the ticket", "ATTRIBUTE" },
    { "cleanup", 'C', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, choose_command,
      "Forget everything that this site knows of the ticket", NULL },
    { NULL },
};
static const GOptionEntry additional[] = {
    { "attr-value", 'v', 0, G_OPTION_ARG_CALLBACK, set_half, "Value for -S", "VALUE" },
    { "default", 'd', 0, G_OPTION_ARG_STRING, &options.default_value, "What -G shows if there is no such attribute", "VALUE" },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &options.force, "Do it although it may be dangerous", NULL },
    { "ticket", 't', 0, G_OPTION_ARG_STRING, &options.ticket, "The ticket", "ID" },
    { "xml-file", 'x', G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options.xml_file, NULL, NULL },
    { NULL },
};
static const GOptionEntry deprecated[] = {
    { "set-name", 'n', 0, G_OPTION_ARG_STRING, &options.ignored, "Ignored", "ID" },
    { "nvpair", 'i', 0, G_OPTION_ARG_STRING, &options.ignored, "Ignored", "ID" },
    { NULL },
};

static const char description[] =
    "Examples:\n\n"
    "The tickets of this site:\n\n"
    "\tcrm_ticket --info\n\n"
    "Give ticketA to this site (make sure that no other has it):\n\n"
    "\tcrm_ticket --ticket ticketA --grant --force\n\n"
    "Stop what needs ticketA in good order, then take it away:\n\n"
    "\tcrm_ticket --ticket ticketA --standby\n"
    "\tcrm_ticket --ticket ticketA --revoke --force\n\n"
    "Is it granted?\n\n"
    "\tcrm_ticket --ticket ticketA --get-attr granted\n";

static int
failed(struct output *out, enum crm_exit code, const char *format, ...) G_GNUC_PRINTF(3, 4);

static int
failed(struct output *out, enum crm_exit code, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    output_error(out, PROGRAM ": %s", text);
    return (int)code;
}

/* --- queries --- */

/* How an attribute is shown: moments as dates, anything else as it is (g_free). */
static char *
attribute_text(const char *name, const char *value)
{
    if (text_is_one_of(name, "last-granted", "expires", NULL)) {
        g_autofree char *date = iso_ctime(text_leading_int(value));

        return g_strdup_printf("%s='%s'", name, date);
    }
    return g_strdup_printf("%s=%s", name, value);
}

/* All attributes of a ticket's state, in the order of a hash table as peers list them. */
static void
append_details(GString *line, const struct sched_ticket *t)
{
    g_autoptr(GHashTable) table = g_hash_table_new(text_hash, g_str_equal);
    GHashTableIter iter;
    void *name, *value;
    const char *separator = " (";

    nvtable_for_each (pair, &t->state) {
        g_hash_table_insert(table, (void *)pair->name, (void *)pair->value);
    }
    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!text_equal(name, "id")) {
            g_autofree char *text = attribute_text(name, value);

            g_string_append_printf(line, "%s%s", separator, text);
            separator = ", ";
        }
    }
    if (separator[0] == ',') {
        g_string_append_c(line, ')');
    }
}

static void
show_element(struct output *out, const struct sched_ticket *t)
{
    output_open_element(out, "ticket", "id", t->id, "status", t->granted ? "granted" : "revoked", "standby",
                        t->standby ? "true" : "false", NULL);
    if (t->last_granted > -1) {
        g_autofree char *date = iso_ctime(t->last_granted);

        output_attr(out, "last-granted", date);
    }
    if (options.command == DETAILS) {
        nvtable_for_each (pair, &t->state) {
            if (!text_is_one_of(pair->name, "id", "granted", "standby", "last-granted", NULL)) {
                output_element(out, "attribute", "name", pair->name, "value", pair->value, NULL);
            }
        }
    }
    output_close_element(out);
}

static void
show(struct output *out, const struct sched_ticket *t)
{
    g_autoptr(GString) line = g_string_new(t->id);

    if (output_is_structured(out)) {
        if (options.command == RAW) {
            output_element(out, "ticket", "id", t->id, NULL);
        } else {
            show_element(out, t);
        }
        return;
    }
    if (options.command != RAW) {
        g_string_append_printf(line, "\t%s%-10s", t->granted ? "granted" : "revoked", t->standby ? " [standby]" : "");
    }
    if (options.command == INFO && t->last_granted > -1) {
        g_autofree char *date = iso_ctime(t->last_granted);

        g_string_append_printf(line, " last-granted='%s'", date);
    } else if (options.command == DETAILS) {
        append_details(line, t);
    }
    output_line(out, line->str);
}

static int
list(struct output *out, const struct sched *s, GHashTable *tickets)
{
    GHashTableIter iter;
    void *ticket;

    if (options.ticket != NULL && g_hash_table_lookup(tickets, options.ticket) == NULL) {
        return failed(out, CRM_EX_NOSUCH, "No such ticket '%s'", options.ticket);
    }
    output_open_plain(out, "tickets");
    g_hash_table_iter_init(&iter, tickets);
    while (g_hash_table_iter_next(&iter, NULL, &ticket)) {
        if (options.ticket == NULL || text_equal(((struct sched_ticket *)ticket)->id, options.ticket)) {
            show(out, ticket);
        }
    }
    output_close_element(out);
    return CRM_EX_OK;
}

/* The quotes that end a string in an XPath would make another question of it. */
static bool
is_plain_name(const char *name)
{
    return strpbrk(name, "'\"") == NULL;
}

static char *
state_xpath(const char *ticket)
{
    return g_strdup_printf("/cib/status/tickets%s%s%s", ticket != NULL ? "/ticket_state[@id='" : "",
                           ticket != NULL ? ticket : "", ticket != NULL ? "']" : "");
}

/* Elements found, each as formatted XML; several come in a frame that nobody asked for. */
static void
show_xml(struct output *out, const char *heading, const xmlNode *found)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (xml_is(found, "xpath-query")) {
        xml_for_each(child, found, NULL) {
            xml_append_text(text, child, XML_TEXT_FORMATTED);
        }
    } else {
        xml_append_text(text, found, XML_TEXT_FORMATTED);
    }
    if (!output_is_structured(out)) {
        output_line(out, heading);
        output_line(out, "");
        if (text->len > 0 && text->str[text->len - 1] == '\n') {
            g_string_truncate(text, text->len - 1);
        }
    }
    output_xml_text(out, "xml", text->str);
}

static int
query_state(struct output *out, struct cib_client *cib, xmlNode **state)
{
    g_autofree char *xpath = NULL;

    if (options.ticket != NULL && !is_plain_name(options.ticket)) {
        return ENXIO;
    }
    xpath = state_xpath(options.ticket);
    return cib_query_xpath(cib, xpath, CIB_OPT_LOCAL, state);
}

static int
show_state(struct output *out, struct cib_client *cib)
{
    g_autoptr(xmlNode) state = NULL;
    int rc = query_state(out, cib, &state);

    if (rc != RC_OK) {
        return failed(out, result_to_exit(rc), "Could not query ticket XML: %s", result_text(rc));
    }
    show_xml(out, "State XML:", state);
    return CRM_EX_OK;
}

static int
show_constraints(struct output *out, struct cib_client *cib)
{
    g_autofree char *xpath = NULL;
    g_autoptr(xmlNode) found = NULL;
    int rc = ENXIO;

    if (options.ticket == NULL || is_plain_name(options.ticket)) {
        xpath = g_strdup_printf("/cib/configuration/constraints//rsc_ticket%s%s%s",
                                options.ticket != NULL ? "[@ticket='" : "",
                                options.ticket != NULL ? options.ticket : "", options.ticket != NULL ? "']" : "");
        rc = cib_query_xpath(cib, xpath, CIB_OPT_LOCAL, &found);
    }
    if (rc != RC_OK) {
        return failed(out, result_to_exit(rc), "Could not show ticket constraints: %s", result_text(rc));
    }
    show_xml(out, "Constraints XML:", found);
    return CRM_EX_OK;
}

static int
show_attribute(struct output *out, GHashTable *tickets)
{
    const struct sched_ticket *t;
    const char *value;

    if (options.ticket == NULL) {
        return failed(out, CRM_EX_NOSUCH, "Must supply ticket ID with -t");
    }
    t = g_hash_table_lookup(tickets, options.ticket);
    value = t != NULL ? nvtable_get(&t->state, options.get_attr) : NULL;
    if (value == NULL) {
        value = options.default_value;
    }
    if (value == NULL) {
        return CRM_EX_NOSUCH;
    }
    output_item(out, options.get_attr, "%s", value);
    return CRM_EX_OK;
}

/* --- changes --- */

static void
warn_of_grant(struct output *out)
{
    output_info(out,
                "This command cannot help you verify whether '%s' has been already granted elsewhere.\n"
                "If you really want to grant '%s' to this site now, and you know what you are doing,\n"
                "please specify --force.",
                options.ticket, options.ticket);
}

static void
warn_of_revocation(struct output *out)
{
    const char *t = options.ticket;

    output_info(out,
                "Revoking '%s' can trigger the specified 'loss-policy'(s) relating to '%s'.\n\n"
                "You can check that with:\n"
                "crm_ticket --ticket %s --constraints\n\n"
                "Otherwise before revoking '%s', you may want to make '%s' standby with:\n"
                "crm_ticket --ticket %s --standby\n\n"
                "If you really want to revoke '%s' from this site now, and you know what you are doing,\n"
                "please specify --force.",
                t, t, t, t, t, t, t);
}

/* Changing whether a ticket is granted needs --force (spec 80 §9). */
static bool
is_allowed(struct output *out)
{
    const char *granted = g_hash_table_lookup(options.set, "granted");

    if (options.force) {
        return true;
    }
    for (guint i = 0; granted == NULL && i < options.deleted->len; i++) {
        if (text_equal(g_ptr_array_index(options.deleted, i), "granted")) {
            warn_of_revocation(out);
            return false;
        }
    }
    if (granted == NULL) {
        return true;
    }
    if (text_is_true(granted)) {
        warn_of_grant(out);
    } else {
        warn_of_revocation(out);
    }
    return false;
}

static int
write_failed(struct output *out, int rc)
{
    if (rc == RC_NO_QUORUM) {
        return failed(out, CRM_EX_QUORUM, "Use --force to ignore quorum");
    }
    return failed(out, result_to_exit(rc), "Could not modify ticket: %s", result_text(rc));
}

/* Deletions before settings; whoever becomes the holder also notes when. */
static void
apply(xmlNode *state, const struct sched_ticket *known)
{
    GHashTableIter iter;
    void *name, *value;

    for (guint i = 0; i < options.deleted->len; i++) {
        const char *deleted = g_ptr_array_index(options.deleted, i);

        if (!text_equal(deleted, "id")) { /* without it nobody would find the ticket again */
            xml_remove(state, deleted);
        }
    }
    g_hash_table_iter_init(&iter, options.set);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        xml_set(state, name, value);
        if (text_equal(name, "granted") && text_is_true(value) && (known == NULL || !known->granted)) {
            xml_set_int(state, "last-granted", (long long)time(NULL));
        }
    }
}

static int
modify(struct output *out, struct cib_client *cib, GHashTable *tickets)
{
    const unsigned call_options = CIB_OPT_SYNC | (options.force ? CIB_OPT_QUORUM_OVERRIDE : 0);
    g_autoptr(xmlNode) state = NULL, frame = NULL;
    bool has_state;
    int rc;

    if (!is_allowed(out)) {
        return failed(out, CRM_EX_INSUFFICIENT_PRIV, "Ticket modification not allowed");
    }
    if (g_hash_table_contains(options.set, "id")) { /* it would make another ticket of it */
        return write_failed(out, ENXIO);
    }
    has_state = query_state(out, cib, &state) == RC_OK;
    if (options.deleted->len > 0 && has_state) {
        apply(state, g_hash_table_lookup(tickets, options.ticket));
        rc = cib_replace(cib, "status", state, call_options);
    } else if (g_hash_table_size(options.set) == 0) {
        return CRM_EX_OK; /* nothing there that could be deleted */
    } else {
        xmlNode *ticket;

        frame = xml_new(NULL, "status");
        ticket = xml_new(xml_new(frame, "tickets"), "ticket_state");
        xml_set(ticket, "id", options.ticket);
        apply(ticket, g_hash_table_lookup(tickets, options.ticket));
        rc = cib_modify(cib, "status", frame, call_options);
    }
    return rc == RC_OK ? CRM_EX_OK : write_failed(out, rc);
}

static int
cleanup(struct output *out, struct cib_client *cib, GHashTable *tickets)
{
    const struct sched_ticket *t;
    g_autoptr(xmlNode) state = NULL;
    int rc;

    if (options.ticket == NULL) {
        return failed(out, CRM_EX_USAGE, "Must supply ticket ID with -t");
    }
    t = g_hash_table_lookup(tickets, options.ticket);
    if (t == NULL) {
        return options.force ? CRM_EX_OK : failed(out, CRM_EX_NOSUCH, "No such ticket '%s'", options.ticket);
    }
    if (t->granted && !options.force) {
        warn_of_revocation(out);
        return CRM_EX_INSUFFICIENT_PRIV;
    }
    if (query_state(out, cib, &state) != RC_OK) {
        return CRM_EX_OK; /* known by its constraints only */
    }
    rc = cib_delete(cib, "status", state, CIB_OPT_SYNC | (options.force ? CIB_OPT_QUORUM_OVERRIDE : 0));
    if (rc != RC_OK) {
        return failed(out, result_to_exit(rc), "Could not clean up ticket: %s", result_text(rc));
    }
    output_info(out, "Cleaned up %s", options.ticket);
    return CRM_EX_OK;
}

/* --- putting it together --- */

static int
read_model(struct cib_client *cib, xmlNode **document, struct sched **s)
{
    g_autofree char *error = NULL;
    int rc;

    if (options.xml_file != NULL) {
        *document = xml_parse_file(options.xml_file, XML_PARSE_LENIENT, &error);
        rc = *document != NULL ? RC_OK : RC_NO_INPUT;
    } else {
        rc = cib_query(cib, NULL, CIB_OPT_LOCAL, document);
    }
    if (rc == RC_OK) {
        rc = tool_prepare_cib(document);
    }
    if (rc == RC_OK) {
        *s = sched_new(*document, time(NULL), SCHED_STATUS_ONLY | SCHED_QUIET);
    }
    return rc;
}

static int
run_command(struct output *out, struct cib_client *cib, const struct sched *s)
{
    g_autoptr(GHashTable) tickets = status_tickets_table(s);

    switch (options.command) {
        case INFO:
        case DETAILS:
        case RAW: return list(out, s, tickets);
        case QUERY_XML: return show_state(out, cib);
        case CONSTRAINTS: return show_constraints(out, cib);
        case GET_ATTR: return show_attribute(out, tickets);
        case CLEANUP: return cleanup(out, cib, tickets);
        case MODIFY: break;
    }
    if (g_hash_table_size(options.set) == 0 && options.deleted->len == 0) {
        if (options.set_name != NULL) {
            return options.ticket == NULL
                       ? failed(out, CRM_EX_USAGE, "Must supply ticket ID with -t")
                       : failed(out, CRM_EX_USAGE, "Must supply value with -v for -S %s", options.set_name);
        }
        return failed(out, CRM_EX_USAGE, "Must supply a command");
    }
    if (options.ticket == NULL) {
        return failed(out, CRM_EX_USAGE, "Must supply ticket ID with -t");
    }
    if (options.set_name != NULL) {
        return failed(out, CRM_EX_USAGE, "Must supply value with -v for -S %s", options.set_name);
    }
    if (options.set_value != NULL) {
        return failed(out, CRM_EX_USAGE, "Must supply attribute name with -S for -v %s", options.set_value);
    }
    return modify(out, cib, tickets);
}

static int
run(struct output *out)
{
    struct cib_client *cib = cib_client_new();
    g_autoptr(xmlNode) document = NULL;
    struct sched *s = NULL;
    int code;
    int rc = cib_client_connect(cib, PROGRAM, CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY);

    if (rc != RC_OK) {
        code = failed(out, result_to_exit(rc), "Could not connect to the CIB: %s", result_text(rc));
    } else {
        rc = read_model(cib, &document, &s);
        code = rc == RC_OK ? run_command(out, cib, s)
                           : failed(out, result_to_exit(rc), "Could not get local CIB: %s", result_text(rc));
        rc = cib_client_disconnect(cib);
        if (rc != RC_OK && code == CRM_EX_OK) {
            code = write_failed(out, rc);
        }
    }
    if (s != NULL) {
        sched_free(s);
    }
    cib_client_free(cib);
    return code;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    struct output *out;
    int code;

    options.set = g_hash_table_new_full(text_hash, g_str_equal, g_free, g_free);
    options.deleted = g_ptr_array_new_with_free_func(g_free);
    tool_init(&tool, argv, TOOL_OUTPUT | TOOL_QUIET, "dintvxCDGS", NULL,
              "Shows and changes the state of tickets at this site", description);
    tool_add_group(&tool, "queries", "Queries:", "Show queries", queries);
    tool_add_group(&tool, "commands", "Commands:", "Show command options", commands);
    tool_add_group(&tool, "advanced", "Advanced Options:", "Show advanced options", advanced);
    tool_add_group(&tool, "additional", "Additional Options:", "Show additional options", additional);
    tool_add_group(&tool, "deprecated", "Deprecated Options:", "Show deprecated options", deprecated);
    if (!tool_parse(&tool)) {
        return tool_exit(&tool, NULL, CRM_EX_USAGE);
    }
    tool.quiet = FALSE; /* what -Q meant once is no more */
    out = tool_begin(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    return tool_exit(&tool, out, run(out));
}
