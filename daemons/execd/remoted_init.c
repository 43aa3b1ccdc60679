/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The init process of containers that run nothing but pacemaker-remoted: variables from a file, reaping.  Called by remoted.c before all
 * else, so that nothing is open yet.  Never logs: there is no log yet.  (spec 50 §14)
 */
#include "daemons/execd/remoted_init.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/text.h"

#define ENV_FILE    "/etc/pacemaker/pcmk-init.env"
#define DEFAULT_LOG "/var/log/pcmk-init.log"
#define INIT_NAME   "pcmk-init"

/* --- variables --- */

static const char *
skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t') {
        s++;
    }
    return s;
}

/* The end of a value that begins at `s` (behind the opening quote, if any), or NULL if its quote is not closed. */
static const char *
value_end(const char *s, char quote)
{
    for (; *s != '\0'; s++) {
        bool escaped = s[-1] == '\\';

        if (!escaped && (quote != '\0' ? *s == quote : g_ascii_isspace(*s))) {
            return s;
        }
    }
    return quote == '\0' ? s : NULL;
}

bool
remoted_env_parse(const char *line, char **name, char **value)
{
    const char *start = skip_blanks(line), *at = start, *end, *from;
    char quote;

    if (!g_ascii_isalpha(*at) && *at != '_') {
        return false;
    }
    while (g_ascii_isalnum(*at) || *at == '_') {
        at++;
    }
    if (*at != '=') {
        return false;
    }
    quote = at[1] == '"' || at[1] == '\'' ? at[1] : '\0';
    from = at + (quote != '\0' ? 2 : 1);
    end = value_end(from, quote);
    if (end == NULL) {
        return false;
    }
    for (const char *rest = end + (quote != '\0'); *rest != '\0' && *rest != '#'; rest++) {
        if (!g_ascii_isspace(*rest)) {
            return false;
        }
    }
    *name = g_strndup(start, (gsize)(at - start));
    *value = g_strndup(from, (gsize)(end - from));
    return true;
}

static void
read_variables(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (g_file_get_contents(ENV_FILE, &text, NULL, NULL)) {
        lines = g_strsplit(text, "\n", -1);
    }
    for (guint i = 0; lines != NULL && lines[i] != NULL; i++) {
        g_autofree char *name = NULL, *value = NULL;

        if (remoted_env_parse(lines[i], &name, &value)) {
            setenv(name, value, 0);
        }
    }
}

/* --- the init process --- */

static void
retitle(char **argv)
{
    size_t room = strlen(argv[0]) + 1;

    memset(argv[0], 0, room);
    g_strlcpy(argv[0], INIT_NAME, room);
    for (char **arg = argv + 1; *arg != NULL; arg++) {
        memset(*arg, 0, strlen(*arg));
    }
    prctl(PR_SET_NAME, INIT_NAME);
}

/* Reap everybody's orphans until the child ends. */
static void
wait_for(pid_t child, const sigset_t *signals)
{
    for (;;) {
        int signo, status;
        pid_t pid;

        if (sigwait(signals, &signo) != 0) {
            continue;
        }
        if (signo == SIGINT) {
            _exit(0);
        }
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            if (pid == child && (WIFEXITED(status) || WIFSIGNALED(status))) {
                _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
            }
        }
    }
}

void
remoted_init(char **argv)
{
    const char *mode = env_option("remote_pid1");
    bool full = getpid() == 1 || text_equal(mode, "full");
    sigset_t all, before;
    pid_t child;

    if (!full && !text_equal(mode, "vars")) {
        return;
    }
    read_variables();
    if (!full) {
        return;
    }
    if (env_option("logfile") == NULL) {
        setenv("PCMK_logfile", DEFAULT_LOG, 1);
    }
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    child = fork();
    if (child < 0) {
        _exit(1);
    }
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        setsid();
        setenv("PCMK_remote_pid1", "vars", 1); /* what it starts is no init */
        return;
    }
    retitle(argv);
    wait_for(child, &all);
}
