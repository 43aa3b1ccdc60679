/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting one child process, collecting what it prints, killing it at its time limit.
 * Called by exec_run.c, the fencer and the executor (alerts).  Never looks at the meaning of an exit status.
 */
#include "lib/exec/process.h"

#include "lib/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is kept of each stream; an agent that prints more has run wild, the rest is read and dropped. */
#define OUTPUT_LIMIT (10 * 1024 * 1024)
/* How long after SIGKILL we complain that a process is still there. */
#define UNKILLABLE_MS 5000

struct stream {
    int fd; /* our end, -1 when closed */
    GString *text;
    GSource *source;
};

struct process {
    pid_t pid;
    unsigned flags;
    process_done_fn done;
    void *data;
    char *path;
    enum process_end killed; /* PROCESS_TIMED_OUT or PROCESS_KILLED once we sent SIGKILL, else PROCESS_EXITED */
    struct stream out, err, in;
    size_t in_offset;
    int exec_error_fd; /* the child writes its errno here if exec fails */
    GSource *timer, *child;
    GMainContext *context;
};

static void
drop_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_source_unref(*source);
        *source = NULL;
    }
}

static void
stream_close(struct stream *s)
{
    drop_source(&s->source);
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

static void
process_free(struct process *p)
{
    stream_close(&p->out);
    stream_close(&p->err);
    stream_close(&p->in);
    if (p->exec_error_fd >= 0) {
        close(p->exec_error_fd);
    }
    drop_source(&p->timer);
    drop_source(&p->child);
    g_string_free(p->out.text, TRUE);
    g_string_free(p->err.text, TRUE);
    if (p->in.text != NULL) {
        g_string_free(p->in.text, TRUE);
    }
    g_main_context_unref(p->context);
    g_free(p->path);
    g_free(p);
}

void
process_result_clear(struct process_result *r)
{
    g_clear_pointer(&r->out, g_free);
    g_clear_pointer(&r->err, g_free);
}

static GSource *
attach(struct process *p, GSource *source, GSourceFunc fn)
{
    g_source_set_callback(source, fn, p, NULL);
    g_source_attach(source, p->context);
    return source;
}

/* Take what is there.  False when the stream is at its end.  A NUL byte ends the text of the chunk it is in. */
static bool
stream_read(struct stream *s)
{
    char chunk[8192];

    for (;;) {
        ssize_t n = read(s->fd, chunk, sizeof(chunk));

        if (n > 0) {
            size_t len = strnlen(chunk, (size_t) n);

            if (s->text->len < OUTPUT_LIMIT) {
                g_string_append_len(s->text, chunk,
                                    (gssize) MIN(len, OUTPUT_LIMIT - s->text->len));
            }
        } else if (n == 0) {
            return false;
        } else if (errno != EINTR) {
            return errno == EAGAIN;
        }
    }
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer data)
{
    struct process *p = data;
    struct stream *s = (fd == p->out.fd) ? &p->out : &p->err;

    if (!stream_read(s)) {
        stream_close(s);
    }
    return G_SOURCE_CONTINUE; /* stream_close() destroyed the source if it had to */
}

static gboolean
on_writable(int fd, GIOCondition condition, gpointer data)
{
    struct process *p = data;
    ssize_t n = write(fd, p->in.text->str + p->in_offset, p->in.text->len - p->in_offset);

    if (n > 0) {
        p->in_offset += (size_t) n;
    }
    if (p->in_offset == p->in.text->len || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        stream_close(&p->in); /* all written, or the child does not want it */
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
on_unkillable(gpointer data)
{
    struct process *p = data;

    log_warn("%s process (PID %d) will not die!", p->path, (int) p->pid);
    return G_SOURCE_REMOVE;
}

static void
send_kill(struct process *p, enum process_end why)
{
    pid_t target = (why == PROCESS_TIMED_OUT && (p->flags & PROCESS_KILL_ONLY_LEADER)) ? p->pid
                                                                                       : -p->pid;

    if (p->killed != PROCESS_EXITED) {
        return;
    }
    p->killed = why;
    if (kill(target, SIGKILL) < 0 && errno == ESRCH) {
        kill(p->pid, SIGKILL); /* it has not made its group yet */
    }
    drop_source(&p->timer);
    p->timer = attach(p, g_timeout_source_new(UNKILLABLE_MS), on_unkillable);
}

static gboolean
on_timeout(gpointer data)
{
    send_kill(data, PROCESS_TIMED_OUT);
    return G_SOURCE_REMOVE;
}

void
process_kill(struct process *p)
{
    send_kill(p, PROCESS_KILLED);
}

static void
on_child(GPid pid, gint wait_status, gpointer data)
{
    struct process *p = data;
    struct process_result result = { .pid = pid };
    int exec_error = 0;

    /* What is in the pipes now is all that we wait for, even if a background child keeps them open. */
    if (p->out.fd >= 0) {
        stream_read(&p->out);
    }
    if (p->err.fd >= 0) {
        stream_read(&p->err);
    }
    if (read(p->exec_error_fd, &exec_error, sizeof(exec_error)) == sizeof(exec_error)) {
        result.end = PROCESS_NO_EXEC;
        result.value = exec_error;
    } else if (p->killed != PROCESS_EXITED) {
        result.end = p->killed;
    } else if (WIFSIGNALED(wait_status)) {
        result.end = PROCESS_SIGNALLED;
        result.value = WTERMSIG(wait_status);
    } else {
        result.end = PROCESS_EXITED;
        result.value = WEXITSTATUS(wait_status);
    }
    result.out = p->out.text->str;
    result.err = p->err.text->str;
    p->done(p, &result, p->data);
    process_free(p);
}

static void
on_abandoned_child(GPid pid, gint wait_status, gpointer data)
{
    log_debug("Process %d, which was left alone, ended", (int) pid);
}

void
process_abandon(struct process *p)
{
    /* Somebody still has to reap it as long as we live. */
    g_child_watch_add(p->pid, on_abandoned_child, NULL);
    process_free(p);
}

pid_t
process_pid(const struct process *p)
{
    return p->pid;
}

/* --- the child --- */

static void
close_from(int first)
{
    struct rlimit limit;

#ifdef __linux__
    if (close_range((unsigned) first, ~0U, 0) == 0) {
        return;
    }
#endif
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) {
        limit.rlim_cur = 65536;
    }
    for (int fd = first; fd < (int) limit.rlim_cur; fd++) {
        close(fd);
    }
}

/* In the child our handlers are code that would run on the parent's memory. */
static void
forget_handlers(void)
{
    for (int signo = 1; signo < NSIG; signo++) {
        struct sigaction action;

        if (sigaction(signo, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL) {
            signal(signo, SIG_DFL);
        }
    }
    signal(SIGPIPE, SIG_DFL);
}

/* By system calls alone: the C library's functions would have every thread of the parent change its user, too. */
static bool
drop_privileges(const struct process_spec *spec)
{
#ifdef SYS_setuid32
    return syscall(SYS_setgid32, spec->gid) == 0 && syscall(SYS_setgroups32, 0, NULL) == 0
           && syscall(SYS_setuid32, spec->uid) == 0;
#else
    return syscall(SYS_setgid, spec->gid) == 0 && syscall(SYS_setgroups, 0, NULL) == 0
           && syscall(SYS_setuid, spec->uid) == 0;
#endif
}

/* Between vfork and exec, on the parent's memory: only async-signal-safe calls.  Never returns. */
static void G_GNUC_NORETURN
child_run(const struct process_spec *spec, const char *const *argv, char *const *envp, int in, int out,
          int err, int report)
{
    const struct sched_param param = { 0 };
    sigset_t none;
    int code;

    forget_handlers();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sched_setscheduler(0, SCHED_OTHER, &param);
    setpriority(PRIO_PROCESS, 0, 0);
    setpgid(0, 0);

    if (in >= 0) {
        dup2(in, STDIN_FILENO);
    }
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    dup2(report, 3); /* closed by a successful exec */
    fcntl(3, F_SETFD, FD_CLOEXEC);
    close_from(4);

    if (!(spec->flags & PROCESS_DROP_PRIVILEGES) || drop_privileges(spec)) {
        execve(spec->path, (char *const *) argv, envp);
    }
    code = errno;
    if (write(3, &code, sizeof(code)) < 0) {
        _exit(126);
    }
    _exit(127);
}

/* --- the parent --- */

/* Our environment with `env` laid over it; the array is to be freed, its strings are borrowed or in `owned`. */
static char **
build_environment(GHashTable *env, GPtrArray *owned)
{
    extern char **environ;
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer name, value;

    for (char **e = environ; *e != NULL; e++) {
        const char *equals = strchr(*e, '=');
        bool replaced = false;

        if (env != NULL && equals != NULL) {
            g_autofree char *key = g_strndup(*e, (gsize) (equals - *e));

            replaced = g_hash_table_contains(env, key);
        }
        if (!replaced) {
            g_ptr_array_add(list, *e);
        }
    }
    if (env != NULL) {
        g_hash_table_iter_init(&iter, env);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
            char *entry = g_strdup_printf("%s=%s", (char *) name, (char *) value);

            g_ptr_array_add(owned, entry);
            g_ptr_array_add(list, entry);
        }
    }
    g_ptr_array_add(list, NULL);
    return (char **) g_ptr_array_free(list, FALSE);
}

static void
close_pair(int fds[2])
{
    for (int i = 0; i < 2; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
            fds[i] = -1;
        }
    }
}

/*
 * The child's ends must not be among 0-3, which it overwrites one after the other; a daemon has these open always,
 * so that this is only a matter of tools that were started with closed descriptors.
 */
static bool
make_pipe(int fds[2])
{
    int low[4], n_low = 0;
    bool ok;

    while ((ok = (pipe2(fds, O_CLOEXEC) == 0)) && (fds[0] <= 3 || fds[1] <= 3)) {
        for (int i = 0; i < 2; i++) {
            if (fds[i] > 3) {
                close(fds[i]);
            } else if (n_low < (int) G_N_ELEMENTS(low)) {
                low[n_low++] = fds[i];
            }
        }
    }
    for (int i = 0; i < n_low; i++) {
        int saved = errno;

        close(low[i]);
        errno = saved;
    }
    return ok;
}

static void
stream_watch(struct process *p, struct stream *s, int fd, GIOCondition condition, GUnixFDSourceFunc fn)
{
    s->fd = fd;
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    s->source = attach(p, g_unix_fd_source_new(fd, condition), (GSourceFunc) (void (*)(void)) fn);
}

/*
 * The child borrows our memory until it is another program: to copy the tables of a daemon's memory for that takes as long
 * as a small agent runs.  No signal may come between.  -1 with errno.
 */
static pid_t
start_child(const struct process_spec *spec, const char *const *argv, char *const *envp, int in, int out, int err,
            int report)
{
    sigset_t all, before;
    pid_t pid;
    int saved;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = vfork();
    if (pid == 0) {
        child_run(spec, argv, envp, in, out, err, report);
    }
    saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return pid;
}

struct process *
process_start(const struct process_spec *spec, process_done_fn done, void *data, int *error)
{
    int in[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 }, report[2] = { -1, -1 };
    const char *const default_argv[] = { spec->path, NULL };
    g_autoptr(GPtrArray) owned = g_ptr_array_new_with_free_func(g_free);
    g_autofree char **envp = NULL;
    struct process *p;
    pid_t pid;

    if (!make_pipe(out) || !make_pipe(err) || !make_pipe(report)
        || (spec->input != NULL && !make_pipe(in))) {
        *error = errno;
        pid = -1;
    } else {
        envp = build_environment(spec->env, owned);
        pid = start_child(spec, spec->argv ? spec->argv : default_argv, envp, in[0], out[1], err[1], report[1]);
        *error = errno;
    }
    if (pid < 0) {
        close_pair(in);
        close_pair(out);
        close_pair(err);
        close_pair(report);
        return NULL;
    }
    setpgid(pid, pid); /* the child does the same: whoever is first, kill(-pid) works from now on */

    p = g_new0(struct process, 1);
    p->pid = pid;
    p->flags = spec->flags;
    p->done = done;
    p->data = data;
    p->path = g_strdup(spec->path);
    p->context = g_main_context_ref_thread_default();
    p->out.text = g_string_new(NULL);
    p->err.text = g_string_new(NULL);
    p->in.fd = -1;
    close(out[1]);
    close(err[1]);
    close(report[1]);
    p->exec_error_fd = report[0];
    g_unix_set_fd_nonblocking(report[0], TRUE, NULL);
    stream_watch(p, &p->out, out[0], G_IO_IN | G_IO_HUP, on_readable);
    stream_watch(p, &p->err, err[0], G_IO_IN | G_IO_HUP, on_readable);
    if (spec->input != NULL) {
        close(in[0]);
        p->in.text = g_string_new(spec->input);
        stream_watch(p, &p->in, in[1], G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable);
    }
    if (spec->timeout_ms > 0) {
        p->timer = attach(p, g_timeout_source_new((guint) spec->timeout_ms), on_timeout);
    }
    p->child = attach(p, g_child_watch_source_new(pid), (GSourceFunc) (void (*)(void)) on_child);
    return p;
}

/* --- to the end --- */

struct sync_run {
    bool finished;
    struct process_result *result;
};

static void
sync_done(struct process *p, const struct process_result *result, void *data)
{
    struct sync_run *run = data;

    *run->result = *result;
    run->result->out = g_strdup(result->out);
    run->result->err = g_strdup(result->err);
    run->finished = true;
}

int
process_run_sync(const struct process_spec *spec, struct process_result *result)
{
    GMainContext *context = g_main_context_new();
    struct sync_run run = { .result = result };
    int error = 0;

    g_main_context_push_thread_default(context);
    if (process_start(spec, sync_done, &run, &error) != NULL) {
        while (!run.finished) {
            g_main_context_iteration(context, TRUE);
        }
        error = 0;
    }
    g_main_context_pop_thread_default(context);
    g_main_context_unref(context);
    return error;
}
