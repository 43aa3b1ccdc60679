/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets libqb's logging up: detail file, syslog, stderr, blackbox, in the line format that log readers know.
 * Called once by each program.  Never logs secrets: callers leave them out.  (spec 10 §10)
 */
#include "lib/base/log.h"

#include "lib/base/text.h"

#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLACKBOX_SIZE (5 * 1024 * 1024)
#define DEFAULT_FILE  LOG_DIR "/pacemaker.log"

static struct {
    char name[64];
    enum log_kind kind;
    int level;      /* of the file and stderr targets */
    bool to_stderr;
    int file;       /* libqb target, -1 if none */
    bool blackbox;
    int watcher;    /* libqb target that notices errors while the blackbox runs, -1 if none */
    char **dump_at; /* PCMK_trace_blackbox: "function:line" of messages that dump it, NULL if none */
    unsigned dumps;
    time_t last_dump;
} state = { .file = -1, .watcher = -1 };

static int
facility_of(const char *word)
{
    int facility;

    if (word == NULL || strcmp(word, "none") == 0) {
        return -1;
    }
    facility = qb_log_facility2int(word);
    return (facility < 0) ? LOG_DAEMON : facility;
}

static int
priority_of(const char *word)
{
    static const char *const WORDS[]
        = { "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug" };

    for (int i = 0; word != NULL && i < (int)G_N_ELEMENTS(WORDS); i++) {
        if (strcmp(word, WORDS[i]) == 0) {
            return i;
        }
    }
    return LOG_NOTICE;
}

/* The log belongs to the cluster's user, whoever of the daemons came first. */
static void
own_file(const char *path)
{
    const char *text = env_option("logfile_mode");
    unsigned long mode = (text != NULL) ? strtoul(text, NULL, 8) : 0660;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);

    if (fd < 0) {
        return;
    }
    if (geteuid() == 0 && strncmp(path, "/dev/", 5) != 0) {
        struct passwd *pw = getpwnam(DAEMON_USER);

        if (pw != NULL && fchown(fd, pw->pw_uid, pw->pw_gid) != 0) {
            log_debug("log: cannot change the owner of %s", path);
        }
        if (mode != 0 && fchmod(fd, (mode_t)mode) != 0) {
            log_debug("log: cannot change the mode of %s", path);
        }
    }
    close(fd);
}

static void
set_filter(int target, int level)
{
    qb_log_filter_ctl(target, QB_LOG_FILTER_CLEAR_ALL, QB_LOG_FILTER_FILE, "*", LOG_TRACE);
    qb_log_filter_ctl(target, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FILE, "*", (uint8_t)level);
}

/* PCMK_trace_*: messages that are logged whatever the level (spec 10 §8). */
static void
add_trace_filters(int target)
{
    static const struct {
        const char *option;
        enum qb_log_filter_type type;
    } FILTERS[] = {
        { "trace_functions", QB_LOG_FILTER_FUNCTION },
        { "trace_files", QB_LOG_FILTER_FILE },
        { "trace_formats", QB_LOG_FILTER_FORMAT },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(FILTERS); i++) {
        const char *list = env_option(FILTERS[i].option);
        char **words;

        if (list == NULL) {
            continue;
        }
        words = g_strsplit(list, ",", -1);
        for (char **w = words; *w != NULL; w++) {
            qb_log_filter_ctl(target, QB_LOG_FILTER_ADD, FILTERS[i].type, *w, LOG_TRACE);
        }
        g_strfreev(words);
    }
}

static void
add_file(void)
{
    const char *path = env_option("logfile");
    char format[256];
    char host[256] = "localhost";

    if (path == NULL && state.kind == LOG_KIND_DAEMON) {
        path = DEFAULT_FILE;
    }
    if (path == NULL || strcmp(path, "none") == 0 || strcmp(path, "/dev/null") == 0) {
        return;
    }
    own_file(path);
    state.file = qb_log_file_open(path);
    if (state.file < 0) {
        return; /* a tool of an unprivileged user cannot write there; that is no news */
    }
    gethostname(host, sizeof(host) - 1);
    g_snprintf(format, sizeof(format), "%%T %s %-20s[%d] (%%n%s) %%g\t%%p: %%b", host, state.name,
               (int)getpid(), (state.level >= LOG_DEBUG) ? "@%f:%l" : "");
    qb_log_format_set(state.file, format);
    qb_log_ctl(state.file, QB_LOG_CONF_EXTENDED, QB_TRUE);
    qb_log_ctl(state.file, QB_LOG_CONF_MAX_LINE_LEN, 800);
    qb_log_ctl(state.file, QB_LOG_CONF_ELLIPSIS, QB_TRUE);
    set_filter(state.file, state.level);
    add_trace_filters(state.file);
    qb_log_ctl(state.file, QB_LOG_CONF_ENABLED, QB_TRUE);
}

static void
set_stderr(void)
{
    qb_log_format_set(QB_LOG_STDERR, "(%n) \t%p: %b");
    set_filter(QB_LOG_STDERR, state.level);
    qb_log_ctl(QB_LOG_STDERR, QB_LOG_CONF_ENABLED, state.to_stderr ? QB_TRUE : QB_FALSE);
}

static void
set_syslog(void)
{
    const char *word = env_option("logfacility");
    int facility = facility_of((word != NULL) ? word : (state.kind == LOG_KIND_DAEMON) ? "daemon" : NULL);

    if (facility < 0) {
        qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
        return;
    }
    qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_FACILITY, facility);
    qb_log_format_set(QB_LOG_SYSLOG, "%g %p: %b");
    qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_EXTENDED, QB_FALSE);
    qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_MAX_LINE_LEN, 256);
    set_filter(QB_LOG_SYSLOG, priority_of(env_option("logpriority")));
    qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_TRUE);
}

static void add_dump_filters(void);

void
log_init(const char *name, enum log_kind kind, unsigned verbosity)
{
    g_strlcpy(state.name, name, sizeof(state.name));
    state.kind = kind;
    state.level = (kind == LOG_KIND_DAEMON) ? LOG_INFO : LOG_ERR;
    if (env_option_enabled(name, "debug")) {
        state.level = LOG_DEBUG;
    }
    state.to_stderr = env_option_enabled(name, "stderr");
    qb_log_init(state.name, LOG_DAEMON, LOG_EMERG);
    qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
    set_syslog();
    add_file();
    set_stderr();
    if (verbosity > 0) {
        log_raise(verbosity);
    }
    if (kind == LOG_KIND_DAEMON && env_option_enabled(name, "blackbox")) {
        log_blackbox_enable();
    }
    add_dump_filters();
}

/* The first -V turns stderr on at the current level, each further one raises it (spec 10 §10). */
void
log_raise(unsigned more)
{
    if (more > 0 && !state.to_stderr) {
        state.to_stderr = true;
        more--;
    }
    state.level = MIN(state.level + (int)more, LOG_TRACE);
    set_stderr();
    if (state.file >= 0) {
        set_filter(state.file, state.level);
        add_trace_filters(state.file);
    }
}

void
log_enable_debug(void)
{
    if (state.level < LOG_DEBUG) {
        state.level = LOG_DEBUG;
        set_stderr();
        if (state.file >= 0) {
            set_filter(state.file, state.level);
            add_trace_filters(state.file);
        }
    }
}

/* --- blackbox: the last 5 MiB of messages of all levels, kept in memory until something goes wrong --- */

static const int FATAL_SIGNALS[] = { SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE };

static void
blackbox_path(char *path, size_t size, unsigned number)
{
    int n = g_snprintf(path, size, STATE_DIR "/blackbox/%s-%d", state.name, (int)getpid());

    if (number > 0) {
        g_snprintf(path + n, size - (size_t)n, ".%u", number);
    }
}

static void
dump_numbered(void)
{
    char path[256];

    blackbox_path(path, sizeof(path), ++state.dumps);
    if (qb_log_blackbox_write_to_file(path) > 0 && qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_STATE_GET, 0) == QB_LOG_STATE_ENABLED) {
        /* Not by qb_log(): we may be inside of it. */
        syslog(LOG_NOTICE, "notice: Problem detected, see %s (readable with qb-blackbox) for details", path);
    }
}

/* An error was logged while the recorder runs: keep what led to it, but not for each of a burst. */
static void
on_error_logged(int32_t target, struct qb_log_callsite *cs, struct timespec *when, const char *text)
{
    if (cs->priority < LOG_ERR || when->tv_sec > state.last_dump) {
        state.last_dump = when->tv_sec;
        dump_numbered();
    }
}

/* PCMK_trace_blackbox: somebody wants to know what led to this very message. */
static void
on_chosen_message(int32_t target, struct qb_log_callsite *cs, struct timespec *when, const char *text)
{
    g_autofree char *place = g_strdup_printf("%s:%u", cs->function, (unsigned)cs->lineno);

    if (g_strv_contains((const char *const *)state.dump_at, place)) {
        dump_numbered();
    }
}

static void
add_dump_filters(void)
{
    const char *list = env_option("trace_blackbox");
    int target = (list != NULL) ? qb_log_custom_open(on_chosen_message, NULL, NULL, NULL) : -1;

    if (target < 0) {
        return;
    }
    state.dump_at = g_strsplit(list, ",", -1);
    for (char **place = state.dump_at; *place != NULL; place++) {
        g_autofree char *function = g_strndup(*place, strcspn(*place, ":"));

        qb_log_filter_ctl(target, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FUNCTION, function, LOG_TRACE);
    }
    qb_log_ctl(target, QB_LOG_CONF_ENABLED, QB_TRUE);
    log_blackbox_enable(); /* without the recorder there is nothing to dump */
}

static void
on_fatal_signal(int signo)
{
    char path[256];

    blackbox_path(path, sizeof(path), 0);
    signal(signo, SIG_DFL);
    qb_log_blackbox_write_to_file(path);
    raise(signo);
}

static void
watch_for_trouble(bool watch)
{
    if (state.watcher < 0) {
        state.watcher = qb_log_custom_open(on_error_logged, NULL, NULL, NULL);
        if (state.watcher >= 0) {
            set_filter(state.watcher, LOG_ERR);
        }
    }
    if (state.watcher >= 0) {
        qb_log_ctl(state.watcher, QB_LOG_CONF_ENABLED, watch ? QB_TRUE : QB_FALSE);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(FATAL_SIGNALS); i++) {
        signal(FATAL_SIGNALS[i], watch ? on_fatal_signal : SIG_DFL);
    }
}

void
log_blackbox_enable(void)
{
    if (state.blackbox) {
        return;
    }
    qb_log_ctl(QB_LOG_BLACKBOX, QB_LOG_CONF_SIZE, BLACKBOX_SIZE);
    qb_log_filter_ctl(QB_LOG_BLACKBOX, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FILE, "*", LOG_TRACE);
    state.blackbox = qb_log_ctl(QB_LOG_BLACKBOX, QB_LOG_CONF_ENABLED, QB_TRUE) == 0;
    if (state.blackbox) {
        watch_for_trouble(true);
        log_notice("Initiated blackbox recorder: " STATE_DIR "/blackbox/%s-%d", state.name, (int)getpid());
    }
}

void
log_blackbox_disable(void)
{
    if (state.blackbox) {
        watch_for_trouble(false);
        qb_log_ctl(QB_LOG_BLACKBOX, QB_LOG_CONF_ENABLED, QB_FALSE);
        state.blackbox = false;
    }
}

void
log_blackbox_dump(void)
{
    log_blackbox_enable();
    dump_numbered();
}

void
log_fini(void)
{
    qb_log_fini();
    g_clear_pointer(&state.dump_at, g_strfreev);
}
