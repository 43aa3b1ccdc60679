/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sbd detection and panic.  Called by the launcher, the controller and the fencer.
 * Never asks twice: a node that has to go, goes.  (spec 10 §7)
 */
#include "lib/base/panic.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"

#define SBD_PROGRAM   SBIN_DIR "/sbd"
#define SBD_PID_FILE  RUN_DIR "/sbd.pid"
#define PID_FILE_SIZE 11 /* ten columns and a newline, as sbd writes it */

bool
process_runs(pid_t pid, const char *program)
{
    g_autofree char *link = g_strdup_printf("/proc/%ld/exe", (long)pid);
    g_autofree char *real = NULL;
    char path[4096];
    ssize_t n = readlink(link, path, sizeof(path) - 1);

    if (n < 0) {
        return false;
    }
    path[n] = '\0';
    /* A program that was replaced while it runs, by an upgrade, is still that program. */
    if (g_str_has_suffix(path, " (deleted)")) {
        path[n - (ssize_t)strlen(" (deleted)")] = '\0';
    }
    real = realpath(program, NULL); /* an installation may link it */
    return strcmp(path, program) == 0 || text_equal(path, real);
}

/* Does /proc/PID/stat give this name?  The kernel keeps 15 characters. */
static bool
process_is_called(const char *pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%s/comm", pid);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    g_strchomp(text);
    return strncmp(text, name, 15) == 0;
}

pid_t
process_find(const char *name)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    pid_t found = 0;

    while (proc != NULL && found == 0 && (entry = readdir(proc)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]) && process_is_called(entry->d_name, name)) {
            found = (pid_t)atol(entry->d_name);
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    return found;
}

/* PID in sbd's file; a file that no sbd stands behind is removed. */
static pid_t
pid_from_file(void)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        g_autofree char *text = NULL;
        gsize len = 0;
        long pid;

        if (!g_file_get_contents(SBD_PID_FILE, &text, &len, NULL)) {
            return 0;
        }
        if (len < PID_FILE_SIZE && attempt == 0) {
            sleep(2); /* it is being written */
            continue;
        }
        pid = atol(text);
        if (pid > 0 && process_runs((pid_t)pid, SBD_PROGRAM)) {
            return (pid_t)pid;
        }
        if (pid > 0) {
            unlink(SBD_PID_FILE);
        }
        return 0;
    }
    return 0;
}

pid_t
sbd_pid(void)
{
    static pid_t known = 0;

    if (known <= 1) {
        known = pid_from_file();
        if (known == 0) {
            known = process_find("sbd");
        }
    }
    return known;
}

bool
sbd_is_running(void)
{
    return sbd_pid() > 1;
}

bool
sbd_wants_handshake(void)
{
    return text_is_true(getenv("SBD_SYNC_RESOURCE_STARTUP"));
}

long long
sbd_watchdog_timeout_ms(void)
{
    const char *value = getenv("SBD_WATCHDOG_TIMEOUT");
    long long ms = value != NULL ? text_timeout_ms(value) : 0;

    return ms > 0 ? ms : 0;
}

static void
write_sysrq(char command)
{
    int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, &command, 1) != 1) {
        log_err("Could not write to /proc/sysrq-trigger: %s", strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void
leave(int code)
{
    log_fini();
    _exit(code);
}

/*
 * How does this process take its node down?  (spec 10 §7.3)
 *
 *   1. sbd runs and can be killed: its watchdog resets the node
 *   2. not root, with a parent: the parent does it, told by the exit code
 *   3. not root, an orphan: the launcher does it, told by a signal
 *   4. root: sysrq as PCMK_panic_action says, then reboot
 */
void
panic_node(const char *why)
{
    const char *action = env_option("panic_action");
    pid_t parent = getppid();
    pid_t sbd = sbd_pid();
    union sigval value = { .sival_int = 0 };

    log_crit("Panicking this node: %s", why);
    if (sbd > 1) {
        if (sigqueue(sbd, SIGKILL, value) == 0) {
            leave(parent > 1 ? CRM_EX_PANIC : CRM_EX_FATAL);
        }
        log_err("Could not kill sbd (process %ld): %s", (long)sbd, strerror(errno));
    }
    if (geteuid() != 0) {
        if (parent <= 1) {
            pid_t launcher = process_find("pacemakerd");

            if (launcher <= 1 || sigqueue(launcher, SIGQUIT, value) != 0) {
                log_crit("Could not ask pacemakerd to panic: %s",
                         launcher > 1 ? strerror(errno) : "it does not run");
            }
        }
        leave(CRM_EX_PANIC);
    }
    if (text_equal_nocase(action, "crash")) {
        write_sysrq('c');
    } else if (text_equal_nocase(action, "sync-crash")) {
        sync();
        write_sysrq('c');
    } else {
        if (text_equal_nocase(action, "sync-reboot")) {
            sync();
        }
        write_sysrq('b');
    }
    reboot(RB_AUTOBOOT);
    log_crit("This node could neither be crashed nor rebooted: %s", strerror(errno));
    leave(parent > 1 ? CRM_EX_PANIC : CRM_EX_FATAL);
    abort();
}
