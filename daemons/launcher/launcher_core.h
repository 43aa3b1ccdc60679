/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The launcher's state machine: when to start, probe, respawn, give up on and stop the other
 * daemons, and when to leave.  Used by the launcher's shell and by its unit test.  Pure: events in,
 * effects out.  (spec 10 §6, §7.2)
 */
#ifndef LAUNCHER_CORE_H
#define LAUNCHER_CORE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* In the order in which they are started. */
enum launcher_child_id {
    CHILD_BASED,
    CHILD_FENCED,
    CHILD_EXECD,
    CHILD_ATTRD,
    CHILD_SCHEDULERD,
    CHILD_CONTROLD,
    CHILD_COUNT
};

/* What does not change about a daemon. */
struct launcher_daemon {
    const char *name;
    const char *endpoint;
    bool as_root;
    bool needs_cluster;
};
extern const struct launcher_daemon launcher_daemons[CHILD_COUNT];

#define LAUNCHER_RESPAWN_MAX     100u
#define LAUNCHER_PROBE_FAILURES  5u
#define LAUNCHER_PROBE_PATIENCE  40u /* the most for a daemon that never got as far as answering */
#define LAUNCHER_STOP_TIMEOUT_MS 180000u
#define LAUNCHER_REMIND_MS       30000u
#define LAUNCHER_SBD_PATIENCE_MS 60000u /* longer than a live sbd is silent */

enum launcher_state {
    LAUNCHER_INIT,
    LAUNCHER_STARTING,
    LAUNCHER_WAIT_FOR_PING,
    LAUNCHER_RUNNING,
    LAUNCHER_SHUTTING_DOWN,
    LAUNCHER_SHUTDOWN_COMPLETE,
};
/* The word in a ping reply. */
const char *launcher_state_word(enum launcher_state state);

enum launcher_event_kind {
    LAUNCHER_EV_START,        /* begin: start the daemons, or wait for sbd */
    LAUNCHER_EV_ADOPT,        /* child, pid: it ran before us */
    LAUNCHER_EV_SPAWNED,      /* child, pid: the answer to DO_SPAWN; pid 0: it failed */
    LAUNCHER_EV_EXITED,       /* child, pid, code: a child exited */
    LAUNCHER_EV_KILLED,       /* child, pid, code: a child died of signal `code` */
    LAUNCHER_EV_TICK,         /* a second has passed */
    LAUNCHER_EV_PROBED,       /* child, probe, pid: the answer to DO_PROBE */
    LAUNCHER_EV_CHECKED,      /* child, active, reachable, pid: the answer to DO_CHECK */
    LAUNCHER_EV_SHUTDOWN,     /* signal or request */
    LAUNCHER_EV_CLUSTER_BACK, /* connected to Corosync again, its configuration has been read */
    LAUNCHER_EV_PING,         /* by_sbd, pid: somebody asks for the state */
    LAUNCHER_EV_CLIENT_GONE,  /* pid: a client's connection closed */
    LAUNCHER_EV_SBD_GONE,     /* no sbd runs here any more */
};

enum launcher_probe {
    PROBE_OK,           /* an authentic process answers; pid */
    PROBE_PID_ONLY,     /* nobody answers, but the process that we track lives */
    PROBE_GONE,         /* nobody answers, and there is no such process */
    PROBE_UNAUTHORIZED, /* somebody else holds the endpoint */
    PROBE_ERROR,
};

struct launcher_event {
    enum launcher_event_kind kind;
    enum launcher_child_id child;
    pid_t pid;
    int code;
    enum launcher_probe probe;
    bool active, reachable, by_sbd;
};

enum launcher_effect_kind {
    LAUNCHER_DO_SPAWN,      /* start `child`; answer with EV_SPAWNED */
    LAUNCHER_DO_MARK_FIRST, /* the first round is over: later incarnations are told (PCMK_respawned)
                             */
    LAUNCHER_DO_KILL,       /* send signal `code` to `pid` */
    LAUNCHER_DO_PROBE,      /* try the endpoint of `child`; answer with EV_PROBED */
    LAUNCHER_DO_CHECK, /* before a respawn of `child`: endpoint served, Corosync there? EV_CHECKED
                        */
    LAUNCHER_DO_PANIC, /* take the node down */
    LAUNCHER_DO_STOP_CLUSTER, /* ask Corosync to shut down at once */
    LAUNCHER_DO_EXIT,         /* leave with `code` */
};
struct launcher_effect {
    enum launcher_effect_kind kind;
    enum launcher_child_id child;
    pid_t pid;
    int code;
};

struct launcher_child {
    pid_t pid;      /* 0: not running */
    bool adopted;   /* not our child: its end is noticed by probing */
    bool respawn;   /* false: never again */
    bool waiting;   /* for Corosync */
    bool checking;  /* DO_CHECK is on its way */
    bool exhausted; /* respawned too often */
    unsigned respawns;
    unsigned failures; /* probes without answer, in a row */
    unsigned patience; /* so many kill it; 0: LAUNCHER_PROBE_FAILURES */
    bool answered;     /* since it was started */
    bool told_to_stop;
    bool escalated;
    uint64_t stop_since; /* ms */
};

struct launcher {
    enum launcher_state state;
    bool handshake;    /* sbd runs and wants to be asked first */
    bool fail_fast;    /* panic rather than respawn */
    bool fatal;        /* a daemon says that this node must stay down */
    bool leaving;      /* DO_EXIT was given */
    uint64_t progress; /* seconds since the epoch: last sign of life of a daemon */
    pid_t sbd_client;  /* sbd has read our final state; its PID */
    uint64_t finished; /* ms: when that was reached */
    unsigned next_probe;
    uint64_t reminded; /* ms */
    struct launcher_child children[CHILD_COUNT];
    GArray *effects; /* struct launcher_effect, appended by steps, taken by the shell */
};

/* Initialise; `epoch` is the time in seconds. */
void launcher_init(struct launcher *l, bool handshake, bool fail_fast, uint64_t epoch);
void launcher_clear(struct launcher *l);

/* Advance by one event.  `now` in milliseconds of a monotonic clock, `epoch` in seconds since 1970.
 */
void launcher_step(struct launcher *l, uint64_t now, uint64_t epoch,
                   const struct launcher_event *ev);
/* Take the next effect; false if there is none. */
bool launcher_next_effect(struct launcher *l, struct launcher_effect *out);

/* Which child has this PID; CHILD_COUNT if none. */
enum launcher_child_id launcher_child_of(const struct launcher *l, pid_t pid);

#endif
