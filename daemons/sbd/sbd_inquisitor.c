/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inquisitor's shell, the one process that keeps the watchdog fed: it hears watchers and
 * signals, lets the core decide, and carries that out.  Runs after `watch` has forked.  It never
 * allocates, and never waits for a disk, the network or the log; the only wait is the poll at the
 * top of its loop.  (spec 65 §7)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemons/sbd/sbd_daemon.h"
#include "daemons/sbd/sbd_device.h"
#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"
#include "daemons/sbd/sbd_watchdog.h"

#define END_LIMIT_MS 5000

static struct {
    const struct sbd_daemon *d;
    struct sbd_inquisitor core;
    int signals;
    sigset_t mask;
    pid_t pids[SBD_MAX_WATCHERS]; /* 0: not running */
    int links[SBD_MAX_WATCHERS];  /* our ends; -1: none */
} self;

static void feed_core(enum sbd_event_kind kind, unsigned watcher, int code);

static const char *
watcher_name(unsigned i)
{
    switch (self.core.watchers[i].kind) {
    case SBD_WATCHER_PACEMAKER:
        return "pcmk";
    case SBD_WATCHER_CLUSTER:
        return "cluster";
    case SBD_WATCHER_DISK:
        break;
    }
    return self.d->o->devices[i];
}

/* --- watchers --- */

/* In the new process: what belongs to the inquisitor is left behind. */
static int
become_watcher(unsigned i, bool first, int link)
{
    unsigned flags =
        (first ? SBD_WATCH_FIRST : 0) | (self.d->o->start_mode > 0 ? SBD_WATCH_CLEAN : 0);

    sbd_watchdog_forget();
    for (unsigned other = 0; other < SBD_MAX_WATCHERS; other++) {
        if (self.links[other] >= 0) {
            close(self.links[other]);
        }
    }
    close(self.signals);
    close(self.d->started_fd);
    sbd_log_prefix(watcher_name(i));
    sbd_process_realtime(self.d->o); /* locks are not inherited */
    sbd_link_init(link);
    sigprocmask(SIG_UNBLOCK, &self.mask, NULL);
    switch (self.core.watchers[i].kind) {
    case SBD_WATCHER_DISK:
        return sbd_watcher_disk(self.d, i, flags);
    case SBD_WATCHER_PACEMAKER:
        return sbd_watcher_pacemaker(self.d);
    case SBD_WATCHER_CLUSTER:
        return sbd_watcher_cluster(self.d);
    }
    return 1;
}

static pid_t own_inquisitor; /* in a watcher */

/* Somebody may send the signal by hand: only a changed parent proves that the inquisitor is gone.
 */
static void
on_orphaned(int signo)
{
    (void)signo;
    if (getppid() != own_inquisitor) {
        sbd_die_timed_out();
    }
}

/*
 * A watcher whose inquisitor dies takes the node down at once: nobody feeds any more, and nobody
 * would hear an order.  The kernel tells it by a signal, so that it need not look; PID 1 as a
 * parent would prove nothing in a container.
 */
static void
bind_to_parent(pid_t parent)
{
    own_inquisitor = parent;
    signal(SIGUSR2, on_orphaned);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
    on_orphaned(0); /* it may have died before that */
}

static void
start_watcher(unsigned i, bool first)
{
    pid_t parent = getpid();
    int pair[2] = { -1, -1 };

    if (self.links[i] >= 0) {
        close(self.links[i]);
        self.links[i] = -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
        self.pids[i] = fork();
    }
    if (pair[0] < 0 || self.pids[i] < 0) {
        sbd_log(LOG_ERR, "Cannot start the watcher of %s: %s", watcher_name(i), strerror(errno));
        self.pids[i] = 0;
        if (pair[0] >= 0) {
            close(pair[0]);
            close(pair[1]);
        }
        feed_core(SBD_EV_ENDED, i, SBD_RESULT_FAILED);
        return;
    }
    if (self.pids[i] == 0) {
        close(pair[0]);
        bind_to_parent(parent);
        _exit(become_watcher(i, first, pair[1]));
    }
    close(pair[1]);
    self.links[i] = pair[0];
    sbd_log(LOG_INFO, "Started the watcher of %s (process %ld)", watcher_name(i),
            (long)self.pids[i]);
}

static void
hear(unsigned i)
{
    char byte;

    while (self.links[i] >= 0) {
        ssize_t n = recv(self.links[i], &byte, 1, MSG_DONTWAIT);

        if (n == 1) {
            feed_core(byte == SBD_LINK_ALIVE ? SBD_EV_ALIVE : SBD_EV_UNHEALTHY, i, 0);
        } else if (n == 0 || errno != EINTR) {
            if (n == 0) {
                close(self.links[i]); /* its end follows by SIGCHLD */
                self.links[i] = -1;
            }
            return;
        }
    }
}

static void
bury(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (unsigned i = 0; i < self.core.n_watchers; i++) {
            if (self.pids[i] != pid) {
                continue;
            }
            self.pids[i] = 0;
            hear(i); /* what it said before it ended */
            if (WIFSIGNALED(status)) {
                sbd_log(LOG_WARNING, "The watcher of %s was killed by signal %d", watcher_name(i),
                        WTERMSIG(status));
            } else {
                sbd_log(LOG_INFO, "The watcher of %s ended with status %d", watcher_name(i),
                        WEXITSTATUS(status));
            }
            feed_core(SBD_EV_ENDED, i, WIFEXITED(status) ? WEXITSTATUS(status) : SBD_RESULT_FAILED);
            break;
        }
    }
}

/* Watchers must be gone before we are: they would take the node along. */
static void
kill_watchers(void)
{
    for (unsigned i = 0; i < SBD_MAX_WATCHERS; i++) {
        if (self.pids[i] > 0) {
            kill(self.pids[i], SIGKILL);
        }
    }
}

/* --- ends --- */

static void
end(int code)
{
    const char *pid_file = self.d->o->pid_file;

    kill_watchers();
    sbd_watchdog_disarm();
    /* One that hangs in dead storage gets no longer; it will not run again, its end is only a
     * matter of the kernel. */
    for (int waited = 0; waited < END_LIMIT_MS && waitpid(-1, NULL, WNOHANG) >= 0; waited += 10) {
        poll(NULL, 0, 10);
    }
    if (pid_file[0] != '\0') {
        sbd_pid_file_drop(pid_file);
    }
    if (code == 0) {
        sbd_log(LOG_NOTICE, "sbd ends; the watchdog is disarmed");
    } else {
        sbd_log(LOG_ERR, "sbd could not start");
    }
    _exit(code);
}

static void
kill_node(const struct sbd_effect *e)
{
    uint32_t crash_s = self.d->o->crash_watchdog_s;

    sbd_log(LOG_EMERG, "Rebooting system: %s%s",
            e->kill == SBD_KILL_RESET ? "reboot"
            : e->kill == SBD_KILL_OFF ? "off"
                                      : "crashdump",
            e->timed_out
                ? " (nothing has vouched for this node for longer than the watchdog timeout)"
                : "");
    if (self.d->o->debug >= 3) {
        sbd_watchdog_disarm();
        sync();
        sleep(10);
    }
    if (e->kill != SBD_KILL_CRASH) {
        sbd_watchdog_leave_armed(); /* the last resort */
    } else if (crash_s > 0 && sbd_watchdog_set_timeout(crash_s)) {
        sbd_watchdog_leave_armed();
    } else {
        sbd_watchdog_disarm(); /* writing a dump takes longer than any watchdog waits */
    }
    sbd_die(e->kill, e->flush);
}

static void
detach(void)
{
    ssize_t ignored = write(self.d->started_fd, "", 1);

    (void)ignored;
    close(self.d->started_fd);
    sbd_log(LOG_NOTICE, "sbd runs");
}

/* --- carrying out --- */

static void
carry_out(const struct sbd_effect *e)
{
    switch (e->kind) {
    case SBD_DO_START:
        start_watcher(e->watcher, e->first);
        break;
    case SBD_DO_FEED:
        sbd_watchdog_feed();
        break;
    case SBD_DO_ARM:
        feed_core(SBD_EV_ARMED, 0,
                  !sbd_has_watchdog(self.d->o) || sbd_watchdog_arm(self.d->o, self.d->o->watchdog_s)
                      ? 0
                      : 1);
        break;
    case SBD_DO_DETACH:
        detach();
        break;
    case SBD_DO_END:
        end(e->code);
        break;
    case SBD_DO_KILL:
        kill_node(e);
        break;
    case SBD_DO_WARN_LATE:
        sbd_log(LOG_WARNING,
                "Latency: No liveness for %us exceeds watchdog warning timeout of %us (healthy "
                "servants: %u)",
                e->latency_s, self.core.config.warn_s, e->healthy);
        break;
    case SBD_DO_WARN_MAJORITY:
        sbd_log(LOG_WARNING, "Majority of devices lost - surviving on pacemaker");
        break;
    case SBD_DO_WARN_OUTDATED:
        sbd_log(LOG_WARNING, "Servant %s is outdated (it has not reported health in time)",
                watcher_name(e->watcher));
        break;
    case SBD_DO_WARN_HEALTHY:
        sbd_log(LOG_NOTICE, "Servant %s is healthy", watcher_name(e->watcher));
        break;
    case SBD_DO_WARN_VOTES:
        sbd_log(LOG_CRIT, "SBD: Not enough votes to proceed. Aborting start-up.");
        break;
    case SBD_DO_WARN_DEBUG:
        sbd_log(LOG_EMERG, "Debugging: %u s without feeding, this node should be dead",
                e->latency_s);
        break;
    }
}

static void
feed_core(enum sbd_event_kind kind, unsigned watcher, int code)
{
    struct sbd_event ev = { .kind = kind, .watcher = watcher, .code = code };
    struct sbd_effects effects;

    sbd_inquisitor_step(&self.core, sbd_now_ms(), &ev, &effects);
    for (unsigned i = 0; i < effects.count; i++) {
        carry_out(&effects.list[i]);
    }
}

/* --- the loop --- */

static void
take_signals(void)
{
    struct signalfd_siginfo info;

    while (read(self.signals, &info, sizeof(info)) == sizeof(info)) {
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
            sbd_log(LOG_NOTICE, "Told to end by process %u", info.ssi_pid);
            feed_core(SBD_EV_STOP, 0, 0);
            break;
        case SIGUSR1:
            feed_core(SBD_EV_RESTART, 0, 0);
            break;
        case SIGCHLD:
            bury();
            break;
        }
    }
}

static void
prepare_signals(void)
{
    sigemptyset(&self.mask);
    sigaddset(&self.mask, SIGTERM);
    sigaddset(&self.mask, SIGINT);
    sigaddset(&self.mask, SIGUSR1);
    sigaddset(&self.mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &self.mask, NULL);
    self.signals = signalfd(-1, &self.mask, SFD_CLOEXEC | SFD_NONBLOCK);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

static void
configure(struct sbd_inquisitor_config *c, const struct sbd_options *o)
{
    c->n_disks = o->n_devices;
    c->pacemaker = o->pacemaker;
    c->cluster = o->cluster;
    c->veto = o->veto;
    c->watchdog = sbd_has_watchdog(o);
    c->watchdog_s = o->watchdog_s;
    c->loop_s = o->loop_s;
    c->io_s = o->io_s;
    c->warn_s = sbd_warn_threshold(o, o->watchdog_s);
    c->restart_s = o->restart_s;
    c->restart_limit = o->restart_limit;
    c->timeout_action = o->timeout_action;
    c->timeout_flush = o->timeout_flush;
    c->debug = o->debug;
}

void
sbd_inquisitor_run(const struct sbd_daemon *d)
{
    struct sbd_inquisitor_config config = { 0 };
    struct pollfd fds[1 + SBD_MAX_WATCHERS];

    self.d = d;
    for (unsigned i = 0; i < SBD_MAX_WATCHERS; i++) {
        self.links[i] = -1;
    }
    sbd_process_title("sbd: inquisitor");
    prepare_signals();
    configure(&config, d->o);
    sbd_inquisitor_init(&self.core, &config, sbd_now_ms());
    for (;;) {
        uint64_t now, next;

        feed_core(SBD_EV_TICK, 0, 0);
        now = sbd_now_ms();
        next = sbd_inquisitor_next_tick(&self.core, now);
        fds[0] = (struct pollfd){ .fd = self.signals, .events = POLLIN };
        for (unsigned i = 0; i < SBD_MAX_WATCHERS; i++) {
            fds[1 + i] = (struct pollfd){ .fd = self.links[i], .events = POLLIN };
        }
        if (poll(fds, 1 + SBD_MAX_WATCHERS, (int)(next - now)) <= 0) {
            continue;
        }
        for (unsigned i = 0; i < SBD_MAX_WATCHERS; i++) {
            if (fds[1 + i].revents != 0) {
                hear(i);
            }
        }
        if (fds[0].revents != 0) {
            take_signals();
        }
    }
}
