/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Titles, priorities, PID file, and taking the node down.  Called by the daemon and its watchers.
 * The part that kills uses system calls only, so that a signal handler may call it.  (spec 65 §7.2,
 * §7.3, §11.4)
 */
#include "daemons/sbd/sbd_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemons/sbd/sbd_log.h"

extern char **environ;

/* --- title --- */

static struct {
    char *room; /* where the kernel looks for the command line */
    size_t size;
} title;

/* Arguments and environment lie in one piece of memory; both are moved away, the piece becomes room
 * for a title. */
void
sbd_process_init(int argc, char **argv)
{
    char *end = argv[0] + strlen(argv[0]) + 1;
    char *begin = argv[0];

    for (int i = 1; i < argc; i++) {
        if (argv[i] == end) {
            end += strlen(argv[i]) + 1;
        }
    }
    for (int i = 0; environ[i] != NULL; i++) {
        if (environ[i] == end) {
            end += strlen(environ[i]) + 1;
        }
    }
    for (int i = 0; i < argc; i++) {
        argv[i] = strdup(argv[i]);
    }
    for (int i = 0; environ[i] != NULL; i++) {
        environ[i] = strdup(environ[i]);
    }
    title.room = begin;
    title.size = (size_t)(end - begin);
}

void
sbd_process_title(const char *format, ...)
{
    va_list args;

    if (title.size == 0) {
        return;
    }
    memset(title.room, 0, title.size);
    va_start(args, format);
    vsnprintf(title.room, title.size, format, args);
    va_end(args);
}

/* --- priority and memory --- */

#define TOUCH_BYTES (256 * 1024)

static void
touch_stack(void)
{
    volatile char room[TOUCH_BYTES];

    for (size_t i = 0; i < sizeof(room); i += 1024) {
        room[i] = 1;
    }
}

static void
lock_memory(void)
{
    char *heap;

    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        sbd_log(LOG_ERR, "Cannot lock memory: %s", strerror(errno));
        return;
    }
    heap = malloc(TOUCH_BYTES);
    if (heap != NULL) {
        memset(heap, 1, TOUCH_BYTES);
        free(heap);
    }
    touch_stack();
}

bool
sbd_read_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;

    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        return false;
    }
    out[n] = '\0';
    return true;
}

/* Does the cgroup that this process lives in (version 1) have realtime to give? */
static bool
slice_has_realtime(void)
{
    char groups[4096], path[5000], value[32];
    const char *at;

    if (!sbd_read_file("/proc/self/cgroup", groups, sizeof(groups))) {
        return false;
    }
    at = strstr(groups, ":cpu,cpuacct:");
    at = at != NULL ? at + strlen(":cpu,cpuacct:") : strstr(groups, ":cpu:");
    if (at == NULL) {
        return false;
    }
    at += strncmp(at, ":cpu:", 5) == 0 ? 5 : 0;
    snprintf(path, sizeof(path), "/sys/fs/cgroup/cpu%.*s/cpu.rt_runtime_us", (int)strcspn(at, "\n"),
             at);
    return sbd_read_file(path, value, sizeof(value)) && atoi(value) > 0;
}

/* Only a cgroup with a realtime budget lets its processes run with realtime priority (cgroup
 * version 1). */
static void
leave_slice(enum sbd_cgroup mode)
{
    char text[32];
    int fd;

    if (access("/sys/fs/cgroup/cpu/cpu.rt_runtime_us", F_OK) != 0 || mode == SBD_CGROUP_NO ||
        (mode == SBD_CGROUP_AUTO && slice_has_realtime())) {
        return;
    }
    fd = open("/sys/fs/cgroup/cpu/tasks", O_WRONLY | O_APPEND | O_CLOEXEC);
    snprintf(text, sizeof(text), "%ld", (long)getpid());
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        sbd_log(LOG_WARNING, "Cannot move to the root cgroup: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

void
sbd_process_realtime(const struct sbd_options *o)
{
    struct sched_param p = { .sched_priority = sched_get_priority_max(SCHED_RR) };
    /* I/O priority: class realtime (1), level 1, of this process. */
    const int io_realtime = (1 << 13) | 1;

    if (!o->realtime) {
        return;
    }
    leave_slice(o->root_cgroup);
    if (sched_setscheduler(0, SCHED_RR, &p) != 0) {
        sbd_log(LOG_WARNING, "No realtime priority: %s; using the best nice level",
                strerror(errno));
        setpriority(PRIO_PGRP, 0, -20);
    }
    lock_memory();
    if (syscall(SYS_ioprio_set, 1, getpid(), io_realtime) != 0) {
        sbd_log(LOG_INFO, "No realtime I/O priority: %s", strerror(errno));
    }
}

/* --- PID file --- */

#define PID_BYTES 11 /* ten columns and a newline: the cluster's daemons expect just that */

static bool
same_program(pid_t pid)
{
    char own[512], theirs[512], link[64];
    ssize_t n = readlink("/proc/self/exe", own, sizeof(own));
    ssize_t m;

    snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
    m = readlink(link, theirs, sizeof(theirs));
    return n > 0 && n == m && memcmp(own, theirs, (size_t)n) == 0;
}

static bool
is_held(const char *path)
{
    char text[64];
    pid_t pid;

    if (!sbd_read_file(path, text, sizeof(text))) {
        return false;
    }
    if (strlen(text) < PID_BYTES) {
        sleep(1); /* it is being written */
        if (!sbd_read_file(path, text, sizeof(text))) {
            return false;
        }
    }
    pid = (pid_t)atol(text);
    return pid > 1 && pid != getpid() && same_program(pid);
}

bool
sbd_pid_file_take(const char *path)
{
    char own[SBD_PATH_MAX + 32], text[PID_BYTES + 1];
    struct stat st;
    bool ok;
    int fd;

    if (is_held(path)) {
        sbd_log(LOG_ERR, "Another sbd runs already: see %s", path);
        return false;
    }
    unlink(path);
    /* Written under a name of its own and then linked: nobody ever sees half a file, and only one
     * can win. */
    snprintf(own, sizeof(own), "%s.%ld", path, (long)getpid());
    snprintf(text, sizeof(text), "%10d\n", (int)getpid());
    fd = open(own, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ok = fd >= 0 && write(fd, text, PID_BYTES) == PID_BYTES && link(own, path) == 0 &&
         fstat(fd, &st) == 0 && st.st_nlink == 2;
    if (!ok) {
        sbd_log(LOG_ERR, "Cannot write the PID file %s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
        unlink(own);
    }
    return ok;
}

void
sbd_pid_file_drop(const char *path)
{
    unlink(path);
}

/* --- the end --- */

#define SYSRQ_ENABLE  "/proc/sys/kernel/sysrq"
#define SYSRQ_TRIGGER "/proc/sysrq-trigger"
#define SYSRQ_NEEDED  136 /* dumps and signals (8), reboot and power off (128) */
#define SYNC_LIMIT_MS 2000

static struct {
    enum sbd_kill timeout_action;
    bool timeout_flush;
} die = { .timeout_action = SBD_KILL_RESET, .timeout_flush = true };

void
sbd_sysrq_prepare(void)
{
    char text[32];
    long value;
    int fd;

    if (!sbd_read_file(SYSRQ_ENABLE, text, sizeof(text))) {
        return;
    }
    value = atol(text);
    if (value == 1 || (value & SYSRQ_NEEDED) == SYSRQ_NEEDED) {
        return;
    }
    snprintf(text, sizeof(text), "%ld\n", value | SYSRQ_NEEDED);
    fd = open(SYSRQ_ENABLE, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) {
        sbd_log(LOG_ERR, "Cannot enable the sysrq functions that reset a node: %s",
                strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

void
sbd_die_prepare(enum sbd_kill timeout_action, bool timeout_flush)
{
    die.timeout_action = timeout_action;
    die.timeout_flush = timeout_flush;
}

static void
wait_ms(long ms)
{
    struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

/* sync() never returns on dead storage: a child does it, and gets a moment. */
static void
flush_for_a_moment(void)
{
    pid_t child = _Fork(); /* unlike fork() fine in a signal handler */

    if (child == 0) {
        sync();
        _exit(0);
    }
    for (int waited = 0; child > 0 && waited < SYNC_LIMIT_MS; waited += 10) {
        if (waitpid(child, NULL, WNOHANG) != 0) {
            return;
        }
        wait_ms(10);
    }
}

void
sbd_die(enum sbd_kill kill, bool flush)
{
    const char letter = (char)kill;
    int fd;

    if (flush) {
        flush_for_a_moment();
    }
    fd = open(SYSRQ_TRIGGER, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t ignored = write(fd, &letter, 1);

        (void)ignored;
        close(fd);
        if (kill == SBD_KILL_CRASH) {
            wait_ms(1000);
        }
    }
    /* Still here: the kernel's own call.  A crash that did not happen must not leave the node alive
     * either. */
    reboot(kill == SBD_KILL_OFF ? RB_POWER_OFF : RB_AUTOBOOT);
    _exit(1);
}

void
sbd_die_timed_out(void)
{
    sbd_die(die.timeout_action, die.timeout_flush);
}
