/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One child process on the GLib main loop: its own process group, captured output, a time limit.
 * Used for resource agents, fence agents and alert agents.  Knows nothing about agents' results.  (spec 50 §4.6, §6)
 */
#ifndef EXEC_PROCESS_H
#define EXEC_PROCESS_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct process;

enum process_flags {
    PROCESS_KILL_ONLY_LEADER = 1 << 0, /* at a time-out kill the process alone and leave its children */
    PROCESS_DROP_PRIVILEGES = 1 << 1,  /* setgid, no supplementary groups, setuid */
};

/* Everything is borrowed for the time of the call. */
struct process_spec {
    const char *path;
    const char *const *argv; /* NULL-terminated, argv[0] included; NULL: { path } */
    GHashTable *env;         /* name -> value, added to our own environment; may be NULL */
    const char *input;       /* text for stdin; NULL: ours */
    int timeout_ms;          /* 0 or less: none */
    unsigned flags;          /* enum process_flags */
    uid_t uid;
    gid_t gid;
};

enum process_end {
    PROCESS_EXITED,    /* value = exit status */
    PROCESS_SIGNALLED, /* value = signal, not sent by us */
    PROCESS_TIMED_OUT, /* we killed it at its time limit */
    PROCESS_KILLED,    /* we killed it because process_kill() was called */
    PROCESS_NO_EXEC,   /* the child could not execute the file; value = errno */
};

struct process_result {
    enum process_end end;
    int value;
    pid_t pid;
    char *out; /* never NULL */
    char *err; /* never NULL */
};
void process_result_clear(struct process_result *r);

/* Called once, from the main loop, when the process is gone; the process object is freed after it. */
typedef void (*process_done_fn)(struct process *p, const struct process_result *result, void *data);

/* Start.  NULL if pipes or the process could not be made (*error = errno); then `done` is not called. */
struct process *process_start(const struct process_spec *spec, process_done_fn done, void *data, int *error);
pid_t process_pid(const struct process *p);
/* SIGKILL to the group; `done` follows when it is gone. */
void process_kill(struct process *p);
/* Forget it: the process goes on alone, `done` is never called, the object is freed. */
void process_abandon(struct process *p);

/* Run to the end, with a main loop of its own.  0 or the errno of the start. */
int process_run_sync(const struct process_spec *spec, struct process_result *result);

#endif
