/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all daemon shells share: command line, logging, signals, working directory, the main loop.
 * Used by daemons/X/main.c.  Holds process-wide state; cores never see it.  (spec 10 §8, §10, §11)
 */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum daemon_flags {
    DAEMON_DEFAULT = 0,
    DAEMON_NO_VERSION = 1 << 0,       /* has no -$/--version */
    DAEMON_IGNORE_ARGUMENTS = 1 << 1, /* extra arguments are ignored instead of refused */
    DAEMON_NO_LOG_FILE = 1 << 2,      /* do not start logging (pacemakerd as a command) */
};

/* A special argument such as "metadata": prints something on stdout; the process then exits with
 * its result. */
struct daemon_word {
    const char *word;
    int (*print)(void); /* exit code */
};

struct daemon_spec {
    const char *name;    /* "pacemaker-based": ident of the log, name in usage */
    const char *summary; /* one line for --help */
    unsigned flags;      /* enum daemon_flags */
    const GOptionEntry
        *options; /* own options, terminated by { NULL }; or NULL.  -V, -$ and help are added */
    const struct daemon_word *words; /* terminated by { NULL }; or NULL */
};

/*
 * Start: umask, options (unknown ones or arguments: usage on stderr, exit 64), words, log_init.
 * Returns only if the daemon shall run.
 */
void daemon_init(const struct daemon_spec *spec, int *argc, char ***argv);
/* The name given to daemon_init(), "" before. */
const char *daemon_name(void);
/* After the privileged part of the start: change to the directory for cores, install the log
 * signals. */
void daemon_enter(void);

/*
 * Call `handler` in the main loop when the signal arrives (logged as "Caught 'NAME' signal").  Any
 * signal can be given; NULL restores the default.
 */
void daemon_on_signal(int signo, void (*handler)(int signo, void *data), void *data);
/*
 * One timer of the main loop for the earliest of a core's deadlines.  Zero to begin with.  `due_ms` is of
 * g_get_monotonic_time() / 1000, UINT64_MAX for none; `expired` is called once.
 */
struct daemon_deadline {
    unsigned source;
    uint64_t due_ms;
    void (*expired)(void);
};
void daemon_deadline_set(struct daemon_deadline *d, uint64_t due_ms, void (*expired)(void));

/* Run the main loop until daemon_quit(); returns its exit code. */
int daemon_run(void);
/* End the main loop.  The first code given stays unless a later one is not 0. */
void daemon_quit(int exit_code);
bool daemon_is_quitting(void);
/* Leave now: flushes the log and exits. */
void daemon_exit(int exit_code) G_GNUC_NORETURN;

#endif
