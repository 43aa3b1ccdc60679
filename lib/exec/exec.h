/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running one action of a resource agent, what its exit means, which agents there are and what they say about
 * themselves.  Used by the executor (asynchronously) and by tools (synchronously).
 * It keeps no queue and repeats nothing: that is the executor's core.  (spec 50 §5-§9)
 */
#ifndef EXEC_EXEC_H
#define EXEC_EXEC_H

#include "lib/base/result.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* --- standards (pure: exec_map.c) --- */

enum exec_standard {
    EXEC_STANDARD_UNKNOWN,
    EXEC_STANDARD_OCF,
    EXEC_STANDARD_LSB,
    EXEC_STANDARD_SERVICE, /* resolved to lsb or systemd at each action */
    EXEC_STANDARD_SYSTEMD,
    EXEC_STANDARD_NAGIOS,
    EXEC_STANDARD_STONITH, /* goes to the fencer, never run here */
};
/* Capabilities of a standard (spec 50 §7). */
enum exec_capability {
    EXEC_CAP_PROVIDER = 1 << 0,
    EXEC_CAP_PARAMS = 1 << 1,      /* instance attributes reach the agent */
    EXEC_CAP_UNIQUE = 1 << 2,      /* clones may be globally unique */
    EXEC_CAP_PROMOTABLE = 1 << 3,
    EXEC_CAP_STATUS = 1 << 4,      /* monitor is called "status" */
    EXEC_CAP_FENCE_PARAMS = 1 << 5,
};
/* Case-insensitive. */
enum exec_standard exec_standard_parse(const char *name);
const char *exec_standard_name(enum exec_standard standard);
unsigned exec_standard_capabilities(enum exec_standard standard);
/* Name that the agent is called with: "monitor" becomes "status" where the standard wants it. */
const char *exec_agent_action(enum exec_standard standard, const char *action);

/*
 * Split "CLASS[:PROVIDER]:TYPE" (g_free each; provider NULL unless the class has providers).  False if it is none.
 * (spec 50 §8)
 */
bool exec_parse_agent_spec(const char *spec, char **standard, char **provider, char **type);

/* --- results (pure: exec_map.c) --- */

struct exec_result {
    int rc;         /* enum ocf_rc */
    int status;     /* enum exec_status */
    char *reason;   /* exit reason, or NULL */
    char *out;      /* what the agent printed, or NULL */
    char *err;
    pid_t pid;      /* 0 if no process was started */
    int raw;        /* exit status before mapping; rc where there was none */
    bool unprepared; /* there is no such agent or class: repeating is pointless */
};
void exec_result_clear(struct exec_result *r);
void exec_result_set(struct exec_result *r, int rc, int status, const char *format, ...) G_GNUC_PRINTF(4, 5);
/* The text that a result's `output` field carries: stderr if there is any, else stdout, else NULL. */
const char *exec_result_output(const struct exec_result *r);

/* Meaning of an agent's exit status for an action (spec 50 §5, §7.2). */
int exec_map_exit(enum exec_standard standard, const char *action, int exit_status);
/* rc, status and reason of a failure before there was a process (spec 50 §5). */
void exec_map_errno(struct exec_result *r, int error, const char *name);
/* Text behind the last "ocf-exit-reason:" of stderr, at most 128 bytes (g_free), or NULL. */
char *exec_find_reason(const char *err);

/* --- running (shell: exec_run.c) --- */

/* All borrowed for the time of the call. */
struct exec_request {
    const char *rsc_id;
    const char *standard, *provider, *type;
    const char *action; /* as requested; translated for the agent here */
    guint interval_ms;  /* for log lines only */
    int timeout_ms;     /* 0: none */
    GHashTable *params; /* name -> value; may be NULL */
};

struct exec_action;
/* Called once, from the main loop, never from inside exec_start(). */
typedef void (*exec_done_fn)(const struct exec_result *result, void *data);

/*
 * Start an action.  Never fails: what goes wrong is a result.  The handle is valid until `done` was called.
 * Not for class stonith (result: status error).
 */
struct exec_action *exec_start(const struct exec_request *req, exec_done_fn done, void *data);
pid_t exec_action_pid(const struct exec_action *a);
/* Kill what runs; `done` follows with status EXEC_CANCELLED. */
void exec_cancel(struct exec_action *a);
/* Let it run on and forget it; `done` is not called. */
void exec_abandon(struct exec_action *a);
/* Run to the end.  Used by tools (crm_resource --force-*). */
void exec_run_sync(const struct exec_request *req, struct exec_result *result);

/* The variables that an ocf agent gets on top of our own (name -> value, owned). (spec 50 §9.1) */
GHashTable *exec_ocf_environment(const struct exec_request *req);

/* Replace "lrm://" values of `params` from the secret store; false if one could not be had. (spec 50 §6.2) */
bool exec_load_secrets(const char *rsc_id, GHashTable *params);

/* --- agents (exec_agents.c, exec_metadata.c) --- */

/* Lists of strings (g_ptr_array_unref), sorted as the tools show them; never NULL. */
GPtrArray *exec_list_standards(void);
/* Providers that have an ocf agent `type`, or all if type is NULL. */
GPtrArray *exec_list_providers(const char *type);
/* Agents of a standard (NULL: all), for ocf of one provider or of all (NULL). */
GPtrArray *exec_list_agents(const char *standard, const char *provider);
/* Fence agents: a program of the system folder, or a plug-in of Linux-HA (spec 60 §8.1). */
bool exec_is_fence_agent(const char *type);
bool exec_is_fence_plugin(const char *type);
/* Is there such an agent on this machine? */
bool exec_agent_exists(const char *standard, const char *provider, const char *type);

#define EXEC_METADATA_TIMEOUT_MS 30000

/*
 * What an agent says about itself (g_free): ocf and fence agents are run, lsb headers are read.
 * Returns 0 and *xml, or a negative errno: -EINVAL bad standard, -ENXIO/-EIO agent failed or said nothing.
 * `params` (may be NULL) are added to the environment.
 */
int exec_metadata_sync(const char *standard, const char *provider, const char *type, GHashTable *params, char **xml);
/* rc as above; xml borrowed, NULL on failure. */
typedef void (*exec_metadata_fn)(int rc, const char *xml, void *data);
/* Same on the main loop; `fn` is never called from inside. */
void exec_metadata_async(const char *standard, const char *provider, const char *type, GHashTable *params,
                         exec_metadata_fn fn, void *data);

#endif
