/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes to /dev/log as syslog(3) does, but without waiting, allocating or reading the time zone
 * (the system's log puts its own time on a line without one).  Called by every process of sbd.
 */
#include "daemons/sbd/sbd_log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SYSTEM_LOG     "/dev/log"
#define LINE_MAX_BYTES 1024

static struct {
    int fd;
    int level;
    char prefix[128];
} state = { .fd = -1, .level = LOG_NOTICE };

static int
connect_log(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SYSTEM_LOG };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void
sbd_log_init(unsigned verbose)
{
    state.level = verbose == 0 ? LOG_NOTICE : verbose == 1 ? LOG_INFO : LOG_DEBUG;
}

void
sbd_log_prefix(const char *prefix)
{
    snprintf(state.prefix, sizeof(state.prefix), "%s", prefix != NULL ? prefix : "");
}

static const char *
level_word(int priority)
{
    static const char *const words[] = { "emerg",   "alert",  "crit", "error",
                                         "warning", "notice", "info", "debug" };

    return words[priority & 7];
}

void
sbd_log(int priority, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    int n;

    if (priority > state.level) {
        return;
    }
    n = snprintf(line, sizeof(line), "<%d>sbd[%ld]: ", LOG_DAEMON | priority, (long)getpid());
    if (state.prefix[0] != '\0') {
        n += snprintf(line + n, sizeof(line) - (size_t)n, "%10s: ", state.prefix);
    }
    n += snprintf(line + n, sizeof(line) - (size_t)n, "%8s: ", level_word(priority));
    va_start(args, format);
    vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
    va_end(args);
    for (int attempt = 0; attempt < 2; attempt++) {
        if (state.fd < 0) {
            state.fd = connect_log();
        }
        if (state.fd < 0 || send(state.fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
            errno == EAGAIN) {
            return;
        }
        /* The log was restarted: a new connection for the second attempt. */
        close(state.fd);
        state.fd = -1;
    }
}
