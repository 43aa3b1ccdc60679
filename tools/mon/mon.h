/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of crm_mon share: options, sources of data, the present state of the display.
 * (spec 80 §5)
 */
#ifndef TOOLS_MON_H
#define TOOLS_MON_H

#include "lib/cib/cib_client.h"
#include "lib/fence/fence_client.h"
#include "lib/output/status.h"
#include "lib/output/tool.h"

struct mon {
    struct tool tool;

    /* options */
    char *only_node, *only_rsc;
    char *pid_file, *agent, *recipient, *html_file;
    char *xml_file;
    guint interval_ms;
    gboolean by_node, inactive, detail, brief, one_shot, daemonize, watch_fencing, pending;
    bool simple, legacy_xml, no_curses, web_cgi, timing;
    bool format_by_old_option;
    enum output_format old_option_format;
    GArray *fence_levels;      /* of -m, as given */
    GPtrArray *section_words;  /* "+LIST" or "-LIST", in the order of the command line */

    /* decided from them */
    enum output_format format;
    bool openmetrics;          /* metrics instead of the status (the format is text) */
    bool local;                /* the CIB is the local daemon's: launcher and fencer are asked, too */
    bool fencing;              /* the fencer is asked for its history */
    bool full_history;         /* nothing is dropped from it */
    unsigned sections, show;
    char *bans_prefix;

    /* state */
    struct output *out;
    struct cib_client *cib;
    struct fence_client *fencer;
    xmlNode *document;         /* the CIB as shown */
    xmlNode *history;          /* the fencer's answer, or NULL */
    int history_rc;
    bool console_open;
    const char *problem;       /* continuous: why nothing is shown, or NULL */
};

/* --- options.c --- */

void mon_add_options(struct mon *m);
/* Format and mode from the options (spec 80 §5.2). */
void mon_choose_format(struct mon *m);
/*
 * Which sections are shown.  False: a name is unknown, *error is the message.  Must be called when format and source
 * are known.
 */
bool mon_choose_sections(struct mon *m, char **error);
/* All options that belong to `sections` bit by bit, for the keys of the console. */

/* --- data.c --- */

/*
 * Ask the launcher and print what it says.  RC_OK: go on; EREMOTEIO: this is a remote node, go on;
 * *stop is set if the cluster is not up yet and there is nothing to show.
 */
int mon_ping_launcher(struct mon *m, int timeout_ms, bool *stop, char **state);
/* Connect to the CIB; the error has been printed (one shot) by the caller. */
int mon_connect_cib(struct mon *m, bool events);
/* Connect to the fencer if its history is wanted; failing is not fatal. */
void mon_connect_fencer(struct mon *m, bool events);
/* Read the whole CIB into m->document. */
int mon_read_cib(struct mon *m);
void mon_read_history(struct mon *m);
/* Evaluate m->document and print it; RC_OK or why it cannot be used. */
int mon_show(struct mon *m);
void mon_disconnect(struct mon *m);

/* --- agent.c --- */

/* Report the operations that a CIB notification tells of. */
void mon_agent_cib(const struct mon *m, const xmlNode *patch);
void mon_agent_fencing(const struct mon *m, const struct fence_event *event);

/* --- live.c --- */

int mon_run(struct mon *m);
/* Leave the main loop. */
void mon_quit(struct mon *m);
/* Show again now (keys). */
void mon_redraw(struct mon *m);

/* --- console.c --- */

void mon_console_start(struct mon *m);
void mon_console_stop(struct mon *m);
void mon_console_clear(struct mon *m);
/* Sink of the output. */
void mon_console_write(const char *text, void *data);

#endif
