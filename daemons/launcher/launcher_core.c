/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's rules.  Called by its shell with what happened, and by its unit test.
 * Never starts, kills or asks anybody: see the effects.  (spec 10 §6, §7.2)
 */
#include "daemons/launcher/launcher_core.h"

#include <signal.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/ipc/ipc_fields.h"

const struct launcher_daemon launcher_daemons[CHILD_COUNT] = {
    [CHILD_BASED] = { "pacemaker-based", ENDPOINT_CIB_RO, false, true },
    [CHILD_FENCED] = { "pacemaker-fenced", ENDPOINT_FENCER, true, true },
    [CHILD_EXECD] = { "pacemaker-execd", ENDPOINT_EXECUTOR, true, false },
    [CHILD_ATTRD] = { "pacemaker-attrd", ENDPOINT_ATTRD, false, true },
    [CHILD_SCHEDULERD] = { "pacemaker-schedulerd", ENDPOINT_SCHEDULER, false, false },
    [CHILD_CONTROLD] = { "pacemaker-controld", ENDPOINT_CONTROLLER, false, true },
};

static void continue_shutdown(struct launcher *l, uint64_t now);

const char *
launcher_state_word(enum launcher_state state)
{
    static const char *const words[] = {
        [LAUNCHER_INIT] = "init",
        [LAUNCHER_STARTING] = "starting_daemons",
        [LAUNCHER_WAIT_FOR_PING] = "wait_for_ping",
        [LAUNCHER_RUNNING] = "running",
        [LAUNCHER_SHUTTING_DOWN] = "shutting_down",
        [LAUNCHER_SHUTDOWN_COMPLETE] = "shutdown_complete",
    };

    g_assert((unsigned)state < G_N_ELEMENTS(words));
    return words[state];
}

void
launcher_init(struct launcher *l, bool handshake, bool fail_fast, uint64_t epoch)
{
    memset(l, 0, sizeof(*l));
    l->handshake = handshake;
    l->fail_fast = fail_fast;
    l->progress = epoch;
    l->effects = g_array_new(FALSE, TRUE, sizeof(struct launcher_effect));
    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        l->children[i].respawn = true;
    }
}

void
launcher_clear(struct launcher *l)
{
    g_clear_pointer(&l->effects, g_array_unref);
}

bool
launcher_next_effect(struct launcher *l, struct launcher_effect *out)
{
    if (l->effects->len == 0) {
        return false;
    }
    *out = g_array_index(l->effects, struct launcher_effect, 0);
    g_array_remove_index(l->effects, 0);
    return true;
}

enum launcher_child_id
launcher_child_of(const struct launcher *l, pid_t pid)
{
    unsigned i = 0;

    while (i < CHILD_COUNT && (pid == 0 || l->children[i].pid != pid)) {
        i++;
    }
    return i;
}

static void
emit(struct launcher *l, enum launcher_effect_kind kind, unsigned child, pid_t pid, int code)
{
    struct launcher_effect e = { .kind = kind, .child = child, .pid = pid, .code = code };

    g_array_append_val(l->effects, e);
}

static bool
is_stopping(const struct launcher *l)
{
    return l->state == LAUNCHER_SHUTTING_DOWN || l->state == LAUNCHER_SHUTDOWN_COMPLETE;
}

/* --- start --- */

static void
start_daemons(struct launcher *l)
{
    l->state = LAUNCHER_STARTING;
    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        if (l->children[i].pid == 0) {
            emit(l, LAUNCHER_DO_SPAWN, i, 0, 0);
        }
    }
    emit(l, LAUNCHER_DO_MARK_FIRST, 0, 0, 0);
    l->state = LAUNCHER_RUNNING;
}

static void
start(struct launcher *l)
{
    if (l->handshake) {
        log_notice("Waiting for startup trigger from SBD");
        l->state = LAUNCHER_WAIT_FOR_PING;
    } else {
        start_daemons(l);
    }
}

/* --- a daemon's end --- */

static void
begin_shutdown(struct launcher *l, uint64_t now)
{
    if (!is_stopping(l)) {
        log_notice("Shutting down Pacemaker");
        l->state = LAUNCHER_SHUTTING_DOWN;
        l->reminded = now;
    }
    continue_shutdown(l, now);
}

/*
 * What to do about a daemon that is gone?  First match wins.  (spec 10 §6.3)
 *
 *   0. it has been respawned too often already: give it up
 *   1. shutting down: go on with that
 *   2. not to be respawned: nothing
 *   3. fail fast: panic
 *   4, 5. whether its endpoint is served already, or Corosync is missing, the shell has to look up
 *   6. respawn (in checked() below)
 */
static void
respawn(struct launcher *l, unsigned i, uint64_t now)
{
    struct launcher_child *c = &l->children[i];

    c->respawns++;
    if (c->respawns > LAUNCHER_RESPAWN_MAX) {
        if (!c->exhausted) {
            log_err("Child respawn count exceeded by %s", launcher_daemons[i].name);
        }
        c->exhausted = true;
        c->respawn = false;
    }
    if (is_stopping(l)) {
        continue_shutdown(l, now);
    } else if (!c->respawn) {
        /* Left for a person to look at. */
    } else if (l->fail_fast) {
        log_err("Rebooting this node because %s ended and PCMK_fail_fast is set",
                launcher_daemons[i].name);
        emit(l, LAUNCHER_DO_PANIC, i, 0, 0);
    } else {
        c->checking = true;
        emit(l, LAUNCHER_DO_CHECK, i, 0, 0);
    }
}

static void
checked(struct launcher *l, const struct launcher_event *ev)
{
    const struct launcher_daemon *d = &launcher_daemons[ev->child];
    struct launcher_child *c = &l->children[ev->child];

    c->checking = false;
    if (is_stopping(l) || c->pid != 0 || !c->respawn) {
        return;
    }
    if (ev->active) {
        log_warn("Not respawning %s subdaemon: process %ld serves its endpoint already", d->name,
                 (long)ev->pid);
        c->pid = ev->pid;
        c->adopted = true;
        c->waiting = false;
    } else if (d->needs_cluster && !ev->reachable) {
        if (!c->waiting) {
            log_notice("Not respawning %s subdaemon until cluster returns", d->name);
        }
        c->waiting = true;
    } else {
        log_notice("Respawning %s subdaemon after unexpected exit", d->name);
        c->waiting = false;
        emit(l, LAUNCHER_DO_SPAWN, ev->child, 0, 0);
    }
}

/* The process is gone, whatever the reason. */
static void
forget_process(struct launcher_child *c)
{
    c->pid = 0;
    c->adopted = false;
    c->failures = 0;
}

static void
exited(struct launcher *l, const struct launcher_event *ev, uint64_t now)
{
    const char *name = launcher_daemons[ev->child].name;
    struct launcher_child *c = &l->children[ev->child];
    long pid = (long)ev->pid;

    if (c->pid != ev->pid) {
        return; /* an incarnation that we have given up already */
    }
    forget_process(c);
    switch (ev->code) {
    case CRM_EX_OK:
        log_info("%s[%ld] exited with status 0 (OK)", name, pid);
        break;
    case CRM_EX_FATAL:
        log_warn("Shutting cluster down because %s[%ld] had fatal failure", name, pid);
        c->respawn = false;
        l->fatal = true;
        begin_shutdown(l, now);
        return;
    case CRM_EX_PANIC:
        log_crit("%s[%ld] instructed the machine to reset", name, pid);
        c->respawn = false;
        l->fatal = true;
        emit(l, LAUNCHER_DO_PANIC, ev->child, 0, 0);
        begin_shutdown(l, now);
        return;
    default:
        log_err("%s[%ld] exited with status %d (%s)", name, pid, ev->code, crm_exit_text(ev->code));
        break;
    }
    respawn(l, ev->child, now);
}

static void
killed(struct launcher *l, const struct launcher_event *ev, uint64_t now)
{
    const char *name = launcher_daemons[ev->child].name;
    struct launcher_child *c = &l->children[ev->child];

    if (c->pid != ev->pid) {
        return;
    }
    forget_process(c);
    if (ev->code == SIGKILL) {
        log_warn("%s[%ld] terminated with signal %d (%s)", name, (long)ev->pid, ev->code,
                 strsignal(ev->code));
    } else {
        log_err("%s[%ld] terminated with signal %d (%s)", name, (long)ev->pid, ev->code,
                strsignal(ev->code));
    }
    respawn(l, ev->child, now);
}

static void
spawned(struct launcher *l, const struct launcher_event *ev, uint64_t now)
{
    struct launcher_child *c = &l->children[ev->child];

    c->failures = 0;
    c->answered = false;
    c->told_to_stop = false;
    c->escalated = false;
    c->adopted = ev->kind == LAUNCHER_EV_ADOPT;
    c->pid = ev->pid;
    if (ev->pid == 0) {
        log_err("Could not start %s", launcher_daemons[ev->child].name);
        respawn(l, ev->child, now);
    }
}

/* --- probing --- */

/*
 * How many silent probes in a row kill a daemon: five, unless it was killed so before it had answered
 * at all.  Then the machine may just be too busy for it to start in that time, and killing it again and
 * again would see to it that it never does: each time it gets twice as long, until it has answered.
 */
static void
count_silent_probe(struct launcher *l, enum launcher_child_id id)
{
    const char *name = launcher_daemons[id].name;
    struct launcher_child *c = &l->children[id];
    unsigned limit = MAX(c->patience, LAUNCHER_PROBE_FAILURES);

    c->failures++;
    if (c->failures < limit) {
        log_notice("%s[%ld] is unresponsive to ipc after %u of %u tries", name, (long)c->pid,
                   c->failures, limit);
        return;
    }
    log_err("%s[%ld] is unresponsive to ipc after %u tries, killing it", name, (long)c->pid,
            c->failures);
    c->failures = 0;
    c->patience = c->answered ? LAUNCHER_PROBE_FAILURES : MIN(2 * limit, LAUNCHER_PROBE_PATIENCE);
    emit(l, LAUNCHER_DO_KILL, id, c->pid, SIGKILL);
}

static void
probed(struct launcher *l, const struct launcher_event *ev, uint64_t now, uint64_t epoch)
{
    const char *name = launcher_daemons[ev->child].name;
    struct launcher_child *c = &l->children[ev->child];

    if (is_stopping(l)) {
        return;
    }
    switch (ev->probe) {
    case PROBE_OK:
        c->failures = c->patience = 0;
        c->answered = true;
        l->progress = epoch;
        if (c->pid == 0 && !c->checking) {
            log_notice("Tracking existing %s process" LOG_XT "pid=%ld", name, (long)ev->pid);
            c->pid = ev->pid;
            c->adopted = true;
            c->waiting = false;
        }
        break;
    case PROBE_PID_ONLY:
        count_silent_probe(l, ev->child);
        if (c->failures > 0) {
            l->progress = epoch;
        }
        break;
    case PROBE_GONE:
        if (c->pid != 0 && c->adopted) {
            log_err("%s[%ld] terminated", name, (long)c->pid);
            forget_process(c);
            respawn(l, ev->child, now);
        } else if (!c->exhausted) {
            /* Its end is being handled, or it waits for Corosync. */
            l->progress = epoch;
        }
        break;
    case PROBE_UNAUTHORIZED:
    case PROBE_ERROR:
        log_crit("The IPC endpoint of %s is held by another program: stop that and start the "
                 "cluster again",
                 name);
        l->leaving = true;
        emit(l, LAUNCHER_DO_EXIT, 0, 0, CRM_EX_FATAL);
        break;
    }
}

/* --- the end --- */

static void
finish(struct launcher *l, uint64_t now)
{
    log_notice("Shutdown complete");
    l->state = LAUNCHER_SHUTDOWN_COMPLETE;
    l->finished = now;
    if (l->fatal) {
        log_notice("Shutting down and staying down after fatal error");
        emit(l, LAUNCHER_DO_STOP_CLUSTER, 0, 0, 0);
        emit(l, LAUNCHER_DO_EXIT, 0, 0, CRM_EX_FATAL);
        l->leaving = true;
    } else if (l->handshake) {
        log_notice("Waiting for SBD to pick up shutdown-complete-state.");
    } else {
        emit(l, LAUNCHER_DO_EXIT, 0, 0, CRM_EX_OK);
        l->leaving = true;
    }
}

/* Time is over for a daemon that was told to stop: leave a core to look at.  The controller may
 * take any time. */
static bool
is_overdue(unsigned i, const struct launcher_child *c, uint64_t now)
{
    return i != CHILD_CONTROLD && !c->escalated && now >= c->stop_since + LAUNCHER_STOP_TIMEOUT_MS;
}

/* Stop the daemons in the reverse order of their start, one at a time.  (spec 10 §6.4) */
static void
continue_shutdown(struct launcher *l, uint64_t now)
{
    if (l->state == LAUNCHER_SHUTDOWN_COMPLETE) {
        return;
    }
    for (unsigned i = CHILD_COUNT; i-- > 0;) {
        struct launcher_child *c = &l->children[i];

        c->waiting = false;
        if (c->pid == 0) {
            continue;
        }
        if (!c->told_to_stop) {
            log_notice("Stopping %s" LOG_XT "sent signal 15 to process %ld",
                       launcher_daemons[i].name, (long)c->pid);
            c->told_to_stop = true;
            c->stop_since = now;
            l->reminded = now;
            emit(l, LAUNCHER_DO_KILL, i, c->pid, SIGTERM);
        } else if (is_overdue(i, c, now)) {
            log_crit("%s[%ld] did not stop within %u s: making it leave a core",
                     launcher_daemons[i].name, (long)c->pid, LAUNCHER_STOP_TIMEOUT_MS / 1000);
            c->escalated = true;
            emit(l, LAUNCHER_DO_KILL, i, c->pid, SIGSEGV);
        } else if (now >= l->reminded + LAUNCHER_REMIND_MS) {
            log_notice("Still waiting for %s to terminate" LOG_XT "pid=%ld",
                       launcher_daemons[i].name, (long)c->pid);
            l->reminded = now;
        }
        return;
    }
    finish(l, now);
}

/* --- steps --- */

static void
tick(struct launcher *l, uint64_t now)
{
    if (l->state == LAUNCHER_SHUTTING_DOWN) {
        /* An adopted daemon's end has no signal: look for it. */
        for (unsigned i = CHILD_COUNT; i-- > 0;) {
            if (l->children[i].pid != 0) {
                if (l->children[i].adopted && l->children[i].told_to_stop) {
                    emit(l, LAUNCHER_DO_PROBE, i, l->children[i].pid, 0);
                }
                break;
            }
        }
        continue_shutdown(l, now);
    } else if (l->state == LAUNCHER_SHUTDOWN_COMPLETE) {
        /*
         * SBD 1.5 that has not reached the CIB manager before that was stopped tries for ever, and never asks us again.  Whom it has not
         * seen it does not miss; one that did and is silent for so long feeds no watchdog any more.
         */
        if (now >= l->finished + LAUNCHER_SBD_PATIENCE_MS) {
            log_warn("SBD does not ask whether Pacemaker was stopped: leaving");
            l->leaving = true;
            emit(l, LAUNCHER_DO_EXIT, 0, 0, CRM_EX_OK);
        }
    } else if (l->state == LAUNCHER_RUNNING) {
        emit(l, LAUNCHER_DO_PROBE, l->next_probe, l->children[l->next_probe].pid, 0);
        l->next_probe = (l->next_probe + 1) % CHILD_COUNT;
        /* Corosync may have been missing for a moment only, without our connection to it breaking.
         */
        for (unsigned i = 0; i < CHILD_COUNT; i++) {
            struct launcher_child *c = &l->children[i];

            if (c->waiting && !c->checking && c->pid == 0) {
                c->checking = true;
                emit(l, LAUNCHER_DO_CHECK, i, 0, 0);
            }
        }
    }
}

static void
cluster_is_back(struct launcher *l)
{
    if (is_stopping(l)) {
        return;
    }
    for (unsigned i = 0; i < CHILD_COUNT; i++) {
        struct launcher_child *c = &l->children[i];

        if (c->waiting && c->pid == 0) {
            c->waiting = false;
            log_notice("Respawning %s subdaemon after cluster has returned",
                       launcher_daemons[i].name);
            emit(l, LAUNCHER_DO_SPAWN, i, 0, 0);
        }
    }
}

static void
pinged(struct launcher *l, const struct launcher_event *ev)
{
    if (!ev->by_sbd) {
        return;
    }
    if (l->state == LAUNCHER_WAIT_FOR_PING) {
        log_notice("SBD is there: starting the daemons");
        start_daemons(l);
    } else if (l->state == LAUNCHER_SHUTDOWN_COMPLETE) {
        log_notice("SBD has picked up shutdown-complete-state.");
        l->sbd_client = ev->pid;
    }
}

void
launcher_step(struct launcher *l, uint64_t now, uint64_t epoch, const struct launcher_event *ev)
{
    if (l->leaving) {
        return;
    }
    switch (ev->kind) {
    case LAUNCHER_EV_START:
        start(l);
        break;
    case LAUNCHER_EV_ADOPT:
    case LAUNCHER_EV_SPAWNED:
        spawned(l, ev, now);
        break;
    case LAUNCHER_EV_EXITED:
        exited(l, ev, now);
        break;
    case LAUNCHER_EV_KILLED:
        killed(l, ev, now);
        break;
    case LAUNCHER_EV_TICK:
        tick(l, now);
        break;
    case LAUNCHER_EV_PROBED:
        if (l->state == LAUNCHER_SHUTTING_DOWN) {
            if (ev->probe == PROBE_GONE && l->children[ev->child].adopted) {
                forget_process(&l->children[ev->child]);
                continue_shutdown(l, now);
            }
        } else {
            probed(l, ev, now, epoch);
        }
        break;
    case LAUNCHER_EV_CHECKED:
        checked(l, ev);
        break;
    case LAUNCHER_EV_SHUTDOWN:
        begin_shutdown(l, now);
        break;
    case LAUNCHER_EV_CLUSTER_BACK:
        cluster_is_back(l);
        break;
    case LAUNCHER_EV_PING:
        pinged(l, ev);
        break;
    case LAUNCHER_EV_CLIENT_GONE:
        if (l->state == LAUNCHER_SHUTDOWN_COMPLETE && l->sbd_client != 0 &&
            ev->pid == l->sbd_client) {
            l->leaving = true;
            emit(l, LAUNCHER_DO_EXIT, 0, 0, CRM_EX_OK);
        }
        break;
    case LAUNCHER_EV_SBD_GONE:
        /* Nobody is left who could pick our final state up. */
        if (l->state == LAUNCHER_SHUTDOWN_COMPLETE) {
            log_warn("SBD has gone without picking up that Pacemaker was stopped: leaving");
            l->leaving = true;
            emit(l, LAUNCHER_DO_EXIT, 0, 0, CRM_EX_OK);
        }
        break;
    }
}
