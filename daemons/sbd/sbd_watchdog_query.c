/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * query-watchdog and test-watchdog: which watchdogs there are, who holds them, and whether one
 * really resets the node. Called by main() and check.  (spec 65 §11.2, §11.3)
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemons/sbd/sbd_process.h"
#include "daemons/sbd/sbd_tool.h"
#include "daemons/sbd/sbd_watchdog.h"

#define DEV           "/dev"
#define CLASS         "/sys/class/watchdog"
#define LEGACY_NUMBER makedev(10, 130)

/* --- finding --- */

static bool
read_text(const char *path, char *out, size_t size)
{
    if (!sbd_read_file(path, out, size)) {
        return false;
    }
    out[strcspn(out, "\n")] = '\0';
    return true;
}

/* Is it the number of a watchdog, the old one of /dev/watchdog or one that the kernel lists? */
static bool
is_watchdog_number(dev_t number)
{
    DIR *dir;
    const struct dirent *e;
    bool found = number == LEGACY_NUMBER;

    dir = found ? NULL : opendir(CLASS);
    while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
        char path[PATH_MAX], text[64];
        unsigned major_number, minor_number;

        snprintf(path, sizeof(path), CLASS "/%s/dev", e->d_name);
        found = e->d_name[0] != '.' && read_text(path, text, sizeof(text)) &&
                sscanf(text, "%u:%u", &major_number, &minor_number) == 2 &&
                number == makedev(major_number, minor_number);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

/* A device node in /dev, or a link in /dev to such a node. */
static bool
is_candidate(const char *path, dev_t *number)
{
    char target[PATH_MAX], joined[2 * PATH_MAX];
    struct stat st;
    ssize_t n;

    if (lstat(path, &st) != 0) {
        return false;
    }
    if (S_ISLNK(st.st_mode)) {
        n = readlink(path, target, sizeof(target) - 1);
        if (n <= 0) {
            return false;
        }
        target[n] = '\0';
        if (target[0] != '/') {
            snprintf(joined, sizeof(joined), DEV "/%s", target);
        } else {
            snprintf(joined, sizeof(joined), "%s", target);
        }
        if (strncmp(joined, DEV "/", strlen(DEV "/")) != 0 ||
            strchr(joined + strlen(DEV "/"), '/') != NULL || strstr(target, "..") != NULL ||
            lstat(joined, &st) != 0) {
            return false;
        }
    }
    *number = st.st_rdev;
    return S_ISCHR(st.st_mode) && is_watchdog_number(st.st_rdev);
}

static void
driver_of(dev_t number, char *out, size_t size)
{
    char path[128], target[PATH_MAX];
    const char *name;
    ssize_t n;

    snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device/driver", major(number), minor(number));
    n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0) {
        snprintf(out, size, "<unknown>");
        return;
    }
    target[n] = '\0';
    name = strrchr(target, '/');
    snprintf(out, size, "%.100s", name != NULL ? name + 1 : target);
}

/* Open it, feed it once, ask for its name, and close it in order. */
static void
probe(struct sbd_watchdog_info *w)
{
    struct watchdog_info ident;
    int flags = WDIOS_DISABLECARD;
    int fd = open(w->path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        w->busy = errno == EBUSY;
        snprintf(w->identity, sizeof(w->identity), "Error: %s", strerror(errno));
        return;
    }
    if (write(fd, "", 1) != 1) {
        snprintf(w->identity, sizeof(w->identity), "Error: %s", strerror(errno));
    } else if (ioctl(fd, WDIOC_GETSUPPORT, &ident) == 0) {
        snprintf(w->identity, sizeof(w->identity), "%.*s", (int)sizeof(ident.identity),
                 (const char *)ident.identity);
    } else {
        snprintf(w->identity, sizeof(w->identity), "<unknown>");
    }
    if (ioctl(fd, WDIOC_SETOPTIONS, &flags) != 0 || write(fd, "V", 1) != 1) {
        /* The driver knows but one of the two ways; closing does what is left. */
        ssize_t ignored = write(fd, "V", 1);

        (void)ignored;
    }
    close(fd);
    if (strcmp(w->driver, "<unknown>") == 0 && strcmp(w->identity, "Software Watchdog") == 0) {
        strcpy(w->driver, "softdog");
    }
}

static int
process_holding(const char *pid, const char *path)
{
    char dir_name[300], link[700], target[PATH_MAX];
    const struct dirent *e;
    int found = 0;
    DIR *dir;

    snprintf(dir_name, sizeof(dir_name), "/proc/%s/fd", pid);
    dir = opendir(dir_name);
    while (dir != NULL && found == 0 && (e = readdir(dir)) != NULL) {
        ssize_t n;

        snprintf(link, sizeof(link), "%s/%s", dir_name, e->d_name);
        n = readlink(link, target, sizeof(target) - 1);
        if (n > 0) {
            target[n] = '\0';
            found = strcmp(target, path) == 0 ? atoi(pid) : 0;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

int
sbd_watchdog_holder(const char *path, char name[32])
{
    const struct dirent *e;
    int pid = 0;
    DIR *proc = opendir("/proc");

    while (proc != NULL && pid == 0 && (e = readdir(proc)) != NULL) {
        if (isdigit((unsigned char)e->d_name[0])) {
            pid = process_holding(e->d_name, path);
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    if (pid != 0) {
        char comm[64];

        snprintf(comm, sizeof(comm), "/proc/%d/comm", pid);
        if (!read_text(comm, name, 32)) {
            strcpy(name, "<unknown>");
        }
    }
    return pid;
}

/* Who holds a busy device: by this very path, or by another node of the same device. */
static void
explain_busy(struct sbd_watchdog_info *w)
{
    char name[32];
    int pid = sbd_watchdog_holder(w->path, name);

    if (pid != 0) {
        snprintf(w->identity, sizeof(w->identity), "Busy: PID %d (%s)", pid, name);
    } else {
        snprintf(w->identity, sizeof(w->identity), "Error: device hogged via alias major/minor?");
    }
}

unsigned
sbd_watchdog_discover(struct sbd_watchdog_info *list, unsigned max, bool ask)
{
    const struct dirent *e;
    unsigned n = 0;
    DIR *dir = opendir(DEV);

    while (dir != NULL && n < max && (e = readdir(dir)) != NULL) {
        struct sbd_watchdog_info *w = &list[n];
        dev_t number;

        snprintf(w->path, sizeof(w->path), DEV "/%s", e->d_name);
        if (!is_candidate(w->path, &number)) {
            continue;
        }
        w->number = number;
        w->busy = false;
        strcpy(w->identity, "<unknown>");
        driver_of(number, w->driver, sizeof(w->driver));
        if (ask) {
            probe(w);
            if (w->busy) {
                explain_busy(w);
            }
        }
        n++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return n;
}

unsigned
sbd_watchdog_max_timeout(const char *path)
{
    char name[PATH_MAX], text[32];
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISCHR(st.st_mode)) {
        return 0;
    }
    snprintf(name, sizeof(name), "/sys/dev/char/%u:%u/max_timeout", major(st.st_rdev),
             minor(st.st_rdev));
    return read_text(name, text, sizeof(text)) ? (unsigned)atoi(text) : 0;
}

/* --- query-watchdog --- */

static int
by_path(const void *a, const void *b)
{
    return strcmp(((const struct sbd_watchdog_info *)a)->path,
                  ((const struct sbd_watchdog_info *)b)->path);
}

static void
print_watchdogs(const struct sbd_watchdog_info *list, unsigned n)
{
    printf("\nDiscovered %u watchdog devices:\n", n);
    for (unsigned i = 0; i < n; i++) {
        printf("\n[%u] %s\nIdentity: %s\nDriver: %s\n", i + 1, list[i].path, list[i].identity,
               list[i].driver);
        if (strcmp(list[i].driver, "softdog") == 0) {
            puts("CAUTION: Not recommended for use with sbd.");
        }
    }
}

int
sbd_tool_query_watchdog(const struct sbd_options *o)
{
    static struct sbd_watchdog_info list[SBD_MAX_WATCHDOGS];
    unsigned n = sbd_watchdog_discover(list, SBD_MAX_WATCHDOGS, true);

    (void)o;
    qsort(list, n, sizeof(list[0]), by_path);
    print_watchdogs(list, n);
    return 0;
}

/* --- test-watchdog --- */

/* Two nodes of one driver count once: /dev/watchdog and /dev/watchdog0 are the usual pair. */
static unsigned
count_devices(const struct sbd_watchdog_info *list, unsigned n)
{
    unsigned devices = 0;

    for (unsigned i = 0; i < n; i++) {
        bool seen = false;

        for (unsigned j = 0; j < i && !seen; j++) {
            seen = list[j].number == list[i].number;
        }
        devices += !seen && list[i].number != LEGACY_NUMBER;
    }
    return devices;
}

static bool
confirmed(const char *path)
{
    char line[64];

    if (!isatty(STDIN_FILENO)) {
        return true;
    }
    printf("\nWARNING: This arms %s and then does not feed it: if the watchdog works, this node is "
           "RESET.\n"
           "         Nothing is saved first.\nProceed? [NO/Proceed] ",
           path);
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "Proceed\n") == 0) {
        return true;
    }
    puts("\nAborting watchdog test!!!");
    return false;
}

static void
count_down(unsigned seconds)
{
    printf("NOTICE: The watchdog is not fed any more.\n");
    for (unsigned left = seconds; left >= 2; left--) {
        printf("Reset countdown ... %u seconds\n", left);
        fflush(stdout);
        sleep(1);
    }
    for (int i = 0; i < 2; i++) {
        puts("System expected to reset any moment ...");
        fflush(stdout);
        sleep(1);
    }
    for (int i = 0; i < 5; i++) {
        puts("System should have reset ...");
        fflush(stdout);
        sleep(1);
    }
}

int
sbd_tool_test_watchdog(const struct sbd_options *o)
{
    static struct sbd_watchdog_info list[SBD_MAX_WATCHDOGS];
    unsigned n;

    if (!sbd_has_watchdog(o) || !o->set_watchdog_timeout) {
        puts("\nWatchdog is disabled - aborting test!!!");
        return 0;
    }
    n = sbd_watchdog_discover(list, SBD_MAX_WATCHDOGS, false);
    qsort(list, n, sizeof(list[0]), by_path);
    if (!o->watchdog_dev_given && count_devices(list, n) > 1) {
        puts("\nError: Multiple watchdog devices discovered.\n"
             "       Use -w <watchdog> or SBD_WATCHDOG_DEV to specify\n"
             "       which device to reset the system with");
        print_watchdogs(list, n);
        return 1;
    }
    if (!confirmed(o->watchdog)) {
        return 0;
    }
    printf("Initializing %s with a reset countdown of %u seconds ...\n", o->watchdog,
           o->watchdog_s);
    fflush(stdout);
    if (!sbd_watchdog_arm(o, o->watchdog_s)) {
        puts("Failed to initialize watchdog!!!");
        n = sbd_watchdog_discover(list, SBD_MAX_WATCHDOGS, true);
        qsort(list, n, sizeof(list[0]), by_path);
        print_watchdogs(list, n);
        return 1;
    }
    count_down(o->watchdog_s);
    sbd_watchdog_disarm();
    puts("Error: The watchdog device has failed to reboot the system,\n"
         "       and it may not be suitable for usage with sbd.");
    return 1;
}
