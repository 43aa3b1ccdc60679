/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes, directories and environment of the daemons.  Called by the launcher's main.c.
 * Never decides when to start or stop one: that is launcher_core.c.  (spec 10 §6.2, §6.5, §9)
 */
#include "daemons/launcher/children.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/panic.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_client.h"

#define VALGRIND          "/usr/bin/valgrind"
#define DETECT_ROUNDS     4
#define DETECT_PAUSE_US   250000
#define DETECT_TIMEOUT_MS 2000

static const char *const programs[CHILD_COUNT] = {
    [CHILD_BASED] = DAEMON_DIR "/pacemaker-based",
    [CHILD_FENCED] = DAEMON_DIR "/pacemaker-fenced",
    [CHILD_EXECD] = DAEMON_DIR "/pacemaker-execd",
    [CHILD_ATTRD] = DAEMON_DIR "/pacemaker-attrd",
    [CHILD_SCHEDULERD] = DAEMON_DIR "/pacemaker-schedulerd",
    [CHILD_CONTROLD] = DAEMON_DIR "/pacemaker-controld",
};

const char *
children_program(enum launcher_child_id child)
{
    return programs[child];
}

void
children_ids(enum launcher_child_id child, uid_t *uid, gid_t *gid)
{
    *uid = 0;
    *gid = 0;
    if (!launcher_daemons[child].as_root) {
        access_daemon_ids(uid, gid);
    }
}

/* --- the system around them --- */

static void
raise_core_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) != 0) {
        return;
    }
    if (limit.rlim_max == 0 && geteuid() == 0) {
        limit.rlim_max = RLIM_INFINITY;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_CORE, &limit) != 0) {
        log_warn("Core files cannot be had: %s", strerror(errno));
    }
}

void
children_prepare_system(void)
{
    static const char *const directories[] = {
        RUN_DIR "/crm",       STATE_DIR,        STATE_DIR "/cores", STATE_DIR "/blackbox",
        STATE_DIR "/pengine", STATE_DIR "/cib",
    };
    uid_t uid;
    gid_t gid;

    raise_core_limit();
    access_daemon_ids(&uid, &gid);
    for (unsigned i = 0; i < G_N_ELEMENTS(directories); i++) {
        if (g_mkdir_with_parents(directories[i], 0750) != 0) {
            log_warn("Could not create directory %s: %s", directories[i], strerror(errno));
        } else if (chown(directories[i], uid, gid) != 0) {
            log_warn("Could not give directory %s to user " DAEMON_USER ": %s", directories[i],
                     strerror(errno));
        }
    }
}

static void
export_default(const char *name, const char *value)
{
    const char *given = env_option(name);

    env_set_option(name, given != NULL ? given : value);
}

void
children_export_defaults(void)
{
    const char *facility;

    env_set_option("mcp", "true");
    g_setenv("PCMK_service", "pacemakerd", TRUE);
    export_default("logfile", LOG_DIR "/pacemaker.log");
    export_default("logfacility", "daemon");
    facility = env_option("logfacility");
    if (!text_equal(facility, "none")) {
        /* Agents log with this one. */
        g_setenv("HA_LOGFACILITY", facility, TRUE);
    }
    g_setenv("PCMK_watchdog", sbd_is_running() ? "true" : "false", TRUE);
}

/* --- starting --- */

/* What the child needs, looked up before the fork: little is safe to do between fork and exec. */
struct launch {
    const char *path;
    const char *argv[5];
    bool change_user;
    uid_t uid;
    gid_t gid;
    gid_t groups[64];
    int n_groups;
};

static void
execute(const struct launch *l)
{
    sigset_t none;
    int fd;

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    if (l->change_user && (setgid(l->gid) != 0 || setgroups((size_t)l->n_groups, l->groups) != 0 ||
                           setuid(l->uid) != 0)) {
        _exit(CRM_EX_FATAL);
    }
    fd = open("/dev/null", O_RDWR);
    for (int i = 0; i <= 2; i++) {
        dup2(fd, i);
    }
    close_range(3, ~0U, 0);
    execv(l->path, (char *const *)l->argv);
    _exit(CRM_EX_FATAL);
}

static bool
find_user(enum launcher_child_id child, struct launch *l)
{
    if (launcher_daemons[child].as_root || geteuid() != 0) {
        return true;
    }
    if (!access_daemon_ids(&l->uid, &l->gid)) {
        return false;
    }
    l->change_user = true;
    l->n_groups = G_N_ELEMENTS(l->groups);
    if (getgrouplist(DAEMON_USER, l->gid, l->groups, &l->n_groups) < 0) {
        l->n_groups = G_N_ELEMENTS(l->groups);
    }
    return true;
}

pid_t
children_spawn(enum launcher_child_id child)
{
    const char *name = launcher_daemons[child].name;
    struct launch l = { .path = programs[child], .argv = { programs[child], NULL } };
    pid_t pid;

    if (env_option_enabled(name, "callgrind_enabled")) {
        l = (struct launch){ .path = VALGRIND,
                             .argv = { VALGRIND, "--tool=callgrind",
                                       "--callgrind-out-file=" RUN_DIR "/crm/callgrind.out.%p",
                                       programs[child] } };
    } else if (env_option_enabled(name, "valgrind_enabled")) {
        l = (struct launch){ .path = VALGRIND, .argv = { VALGRIND, programs[child] } };
    }
    if (!find_user(child, &l)) {
        log_err("Could not start %s: there is no user " DAEMON_USER, name);
        return 0;
    }
    pid = fork();
    if (pid == 0) {
        execute(&l);
    }
    if (pid < 0) {
        log_err("Could not start %s: %s", name, strerror(errno));
        return 0;
    }
    log_info("Started %s" LOG_XT "pid=%ld user=%s", name, (long)pid,
             l.change_user ? DAEMON_USER : "root");
    return pid;
}

bool
children_is_alive(const struct launcher_child *c, enum launcher_child_id child)
{
    if (c->pid <= 0) {
        return false;
    }
    /* A child of ours lives until we are told; another process could have got the PID of one that
     * is not. */
    return !c->adopted || process_runs(c->pid, programs[child]);
}

/* --- finding --- */

/*
 * One look at the endpoints.  0: all is clear; EAGAIN: something is not settled yet; an exit code
 * with a minus: give up.
 */
static int
look_once(pid_t pids[CHILD_COUNT], bool last)
{
    bool unsettled = false;

    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        const struct launcher_daemon *d = &launcher_daemons[i];
        pid_t pid = 0;
        uid_t uid;
        gid_t gid;
        int rc;

        children_ids(i, &uid, &gid);
        rc = ipc_probe(d->endpoint, uid, gid, DETECT_TIMEOUT_MS, &pid);
        switch (rc) {
        case RC_OK:
            if (pids[i] != pid) {
                log_notice("Tracking existing %s process" LOG_XT "pid=%ld", d->name, (long)pid);
            }
            pids[i] = pid;
            break;
        case RC_IPC_UNRESPONSIVE:
            if (pids[i] != 0 && process_runs(pids[i], programs[i])) {
                if (last) {
                    log_crit("%s[%ld] runs but does not serve its endpoint: stop it and start the "
                             "cluster again",
                             d->name, (long)pids[i]);
                    return -CRM_EX_FATAL;
                }
                unsettled = true;
            } else {
                pids[i] = 0;
            }
            break;
        case RC_IPC_UNAUTHORIZED:
            log_crit("Another program holds the IPC endpoint %s of %s: stop it and start the "
                     "cluster again",
                     d->endpoint, d->name);
            return -CRM_EX_CANTCREAT;
        default:
            log_crit("Could not find out whether %s runs already: %s", d->name, result_text(rc));
            return -CRM_EX_FATAL;
        }
    }
    return unsettled ? EAGAIN : 0;
}

int
children_find_existing(pid_t pids[CHILD_COUNT])
{
    int rc = EAGAIN;

    memset(pids, 0, CHILD_COUNT * sizeof(pids[0]));
    for (unsigned round = 1; round <= DETECT_ROUNDS && rc == EAGAIN; round++) {
        if (round > 1) {
            g_usleep(DETECT_PAUSE_US);
        }
        rc = look_once(pids, round == DETECT_ROUNDS);
    }
    return rc < 0 ? -rc : 0;
}
