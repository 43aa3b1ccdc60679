/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Start, signals and end of a daemon.  Called by the daemons' main.c, once per process.
 * Never talks to anybody: what a signal means is its handler's business.  (spec 10 §8, §10, §11)
 */
#include "lib/base/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"

static char *own_name;
static GMainLoop *loop;
static int exit_code;
static bool quitting;

const char *
daemon_name(void)
{
    return own_name != NULL ? own_name : "";
}

/* --- command line --- */

static unsigned verbosity;
static gboolean show_version;

static gboolean
count_verbose(const gchar *option, const gchar *value, gpointer data, GError **error)
{
    verbosity++;
    return TRUE;
}

static void
print_version(void)
{
    printf("Pacemaker %s\nWritten by the developers of Quorate\n", CRM_VERSION);
}

static void
usage_error(const char *text, GOptionContext *context)
{
    g_autofree char *help = g_option_context_get_help(context, TRUE, NULL);

    fprintf(stderr, "%s: %s\n\n%s", daemon_name(), text, help);
    exit(CRM_EX_USAGE);
}

void
daemon_init(const struct daemon_spec *spec, int *argc, char ***argv)
{
    const GOptionEntry common[] = {
        { "verbose", 'V', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, count_verbose,
          "Increase debug output", NULL },
        { NULL },
    };
    const GOptionEntry version[] = {
        { "version", '$', 0, G_OPTION_ARG_NONE, &show_version,
          "Display version information and exit", NULL },
        { NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    umask(026);
    own_name = g_strdup(spec->name);
    g_set_prgname(spec->name);
    g_option_context_set_summary(context, spec->summary);
    if (spec->options != NULL) {
        g_option_context_add_main_entries(context, spec->options, NULL);
    }
    g_option_context_add_main_entries(context, common, NULL);
    if (!(spec->flags & DAEMON_NO_VERSION)) {
        g_option_context_add_main_entries(context, version, NULL);
    }
    if (!g_option_context_parse(context, argc, argv, &error)) {
        usage_error(error->message, context);
    }
    if (show_version) {
        print_version();
        exit(CRM_EX_OK);
    }
    if (*argc > 1) {
        const char *word = (*argv)[1];

        for (const struct daemon_word *w = spec->words; w != NULL && w->word != NULL; w++) {
            if (*argc == 2 && strcmp(word, w->word) == 0) {
                exit(w->print());
            }
        }
        if (!(spec->flags & DAEMON_IGNORE_ARGUMENTS)) {
            g_autofree char *text = g_strdup_printf("unexpected argument '%s'", word);

            usage_error(text, context);
        }
    }
    if (!(spec->flags & DAEMON_NO_LOG_FILE)) {
        log_init(spec->name, LOG_KIND_DAEMON, verbosity);
    }
}

/* --- signals --- */

struct handler {
    void (*call)(int signo, void *data);
    void *data;
};

static struct handler handlers[NSIG];
static int signal_pipe[2] = { -1, -1 };

static void
note_signal(int signo)
{
    int saved = errno;
    unsigned char byte = (unsigned char)signo;

    /* A full pipe holds enough news already. */
    if (write(signal_pipe[1], &byte, 1) < 0) {
        errno = saved;
    }
    errno = saved;
}

static gboolean
on_signal_pipe(gint fd, GIOCondition condition, gpointer data)
{
    unsigned char bytes[32];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    for (ssize_t i = 0; i < n; i++) {
        int signo = bytes[i];

        if (signo < NSIG && handlers[signo].call != NULL) {
            const char *name = sigabbrev_np(signo);

            log_notice("Caught '%s' signal" LOG_XT "%d (invoking handler)",
                       strsignal(signo) != NULL ? strsignal(signo) : name, signo);
            handlers[signo].call(signo, handlers[signo].data);
        }
    }
    return G_SOURCE_CONTINUE;
}

void
daemon_on_signal(int signo, void (*handler)(int signo, void *data), void *data)
{
    struct sigaction action = { .sa_flags = SA_RESTART };

    g_assert(signo > 0 && signo < NSIG);
    if (signal_pipe[0] < 0) {
        if (!g_unix_open_pipe(signal_pipe, FD_CLOEXEC, NULL)) {
            log_err("No pipe for signals: %s", strerror(errno));
            return;
        }
        g_unix_set_fd_nonblocking(signal_pipe[0], TRUE, NULL);
        g_unix_set_fd_nonblocking(signal_pipe[1], TRUE, NULL);
        g_unix_fd_add_full(G_PRIORITY_HIGH, signal_pipe[0], G_IO_IN, on_signal_pipe, NULL, NULL);
    }
    handlers[signo].call = handler;
    handlers[signo].data = data;
    action.sa_handler = handler != NULL ? note_signal : SIG_DFL;
    sigemptyset(&action.sa_mask);
    sigaction(signo, &action, NULL);
}

static void
on_log_signal(int signo, void *data)
{
    switch (signo) {
    case SIGUSR1:
        log_blackbox_enable();
        break;
    case SIGUSR2:
        log_blackbox_disable();
        break;
    default:
        log_blackbox_enable();
        log_blackbox_dump();
        break;
    }
}

void
daemon_enter(void)
{
    const char *cores = STATE_DIR "/cores";

    if (chdir(cores) != 0) {
        log_info("Core files will not be found in %s: %s", cores, strerror(errno));
    }
    daemon_on_signal(SIGUSR1, on_log_signal, NULL);
    daemon_on_signal(SIGUSR2, on_log_signal, NULL);
    daemon_on_signal(SIGTRAP, on_log_signal, NULL);
}

/* --- time --- */

static gboolean
on_deadline(gpointer data)
{
    struct daemon_deadline *d = data;

    d->source = 0;
    d->expired();
    return G_SOURCE_REMOVE;
}

void
daemon_deadline_set(struct daemon_deadline *d, uint64_t due_ms, void (*expired)(void))
{
    uint64_t now = (uint64_t)(g_get_monotonic_time() / 1000);

    d->expired = expired;
    if (d->source != 0 && d->due_ms == due_ms) {
        return;
    }
    if (d->source != 0) {
        g_source_remove(d->source);
        d->source = 0;
    }
    if (due_ms != UINT64_MAX) {
        d->due_ms = due_ms;
        d->source = g_timeout_add(due_ms > now ? (guint)MIN(due_ms - now, G_MAXUINT) : 0, on_deadline, d);
    }
}

/* --- main loop --- */

int
daemon_run(void)
{
    if (!quitting) {
        loop = g_main_loop_new(NULL, FALSE);
        g_main_loop_run(loop);
        g_clear_pointer(&loop, g_main_loop_unref);
    }
    return exit_code;
}

void
daemon_quit(int code)
{
    if (!quitting || exit_code == 0) {
        exit_code = code;
    }
    quitting = true;
    if (loop != NULL) {
        g_main_loop_quit(loop);
    }
}

bool
daemon_is_quitting(void)
{
    return quitting;
}

void
daemon_exit(int code)
{
    log_fini();
    exit(code >= 0 && code <= 255 ? code : CRM_EX_ERROR);
}
