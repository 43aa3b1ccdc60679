/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of crm_resource share: the command, its options, the CIB and its evaluation.
 * (spec 80 §6)
 */
#ifndef TOOLS_RESOURCE_H
#define TOOLS_RESOURCE_H

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/output/status.h"
#include "lib/output/tool.h"
#include "lib/sched/model/model.h"

enum command {
    CMD_LIST, CMD_LIST_RAW, CMD_LIST_CTS, CMD_OPERATIONS, CMD_ALL_OPERATIONS, CMD_QUERY, CMD_QUERY_RAW, CMD_LOCATE,
    CMD_GET_PARAM, CMD_GET_PROPERTY, CMD_CONSTRAINTS, CMD_WHY, CMD_DIGESTS,
    CMD_STANDARDS, CMD_PROVIDERS, CMD_ALTERNATIVES, CMD_AGENTS, CMD_METADATA,
    CMD_SET_PARAM, CMD_DELETE_PARAM, CMD_SET_PROPERTY, CMD_DELETE,
    CMD_MOVE, CMD_BAN, CMD_CLEAR,
    CMD_CLEANUP, CMD_REFRESH, CMD_FAIL,
    CMD_WAIT, CMD_RESTART,
    CMD_VALIDATE, CMD_FORCE, /* CMD_FORCE: which action is in `force_action` */
};

struct crm_resource {
    struct tool tool;
    struct output *out;
    enum command command;

    /* options */
    char *rsc_id, *node_name;
    char *argument;        /* value of the command itself: name of a parameter, agent specification, ... */
    char *element;         /* -t */
    char *value;           /* -v */
    char *set_name, *nvpair_id;
    char *operation, *interval;
    char *lifetime;
    char *agent_class, *agent_provider, *agent_type;
    char *xml_file;
    const char *force_action; /* "force-start", ... */
    long long check_level;    /* -1: none */
    long long timeout_ms;     /* 0: none given */
    gboolean recursive, explain, meta, utilization, force, promoted, expired;
    GHashTable *overrides;    /* NAME=VALUE words and --option, name -> value */
    GPtrArray *override_names; /* in the order of the command line */
    GPtrArray *option_names;   /* those of --option */

    /* data */
    struct cib_client *cib;
    xmlNode *document;
    struct sched *s;
    struct sched_rsc *rsc;
    struct sched_node *node;

    char *detail; /* what went wrong, for the final error message */
};

/* --- options.c --- */

void resource_add_options(struct crm_resource *t);

/* --- main.c --- */

/* Remember what went wrong (printf); the first text stays. */
void resource_detail(struct crm_resource *t, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Result as exit code after an error that has no text of its own. */
int resource_read_cib(struct crm_resource *t);
/* Evaluate t->document anew. */
void resource_evaluate(struct crm_resource *t);
/* Options for writing: quorum is ignored with --force. */
static inline unsigned
resource_write_options(const struct crm_resource *t)
{
    return t->force ? CIB_OPT_QUORUM_OVERRIDE : CIB_OPT_NONE;
}

/* --- commands: each returns a result (RC_OK, positive errno, RC_...) unless said otherwise --- */

/* list.c */
int resource_list(struct crm_resource *t);
int resource_list_raw(struct crm_resource *t);
int resource_list_cts(struct crm_resource *t);
int resource_list_operations(struct crm_resource *t);
int resource_query(struct crm_resource *t, bool expanded);
int resource_locate(struct crm_resource *t);
int resource_get_param(struct crm_resource *t);
int resource_get_property(struct crm_resource *t);

/* explain.c */
int resource_constraints(struct crm_resource *t);
int resource_why(struct crm_resource *t);
int resource_digests(struct crm_resource *t);
/* The checks of --why for one resource, as lines or as an element. */
void resource_checks(struct crm_resource *t, struct sched_rsc *r, const struct sched_node *n);

/* agents.c: exit codes */
int resource_agents(struct crm_resource *t);
int resource_run_agent(struct crm_resource *t);

/* attributes.c */
int resource_set_param(struct crm_resource *t);
int resource_delete_param(struct crm_resource *t);
int resource_set_property(struct crm_resource *t);
int resource_delete(struct crm_resource *t);
/* One meta attribute of one resource, whatever clone or group it is in (--restart). */
int resource_update_meta(struct crm_resource *t, struct sched_rsc *r, const char *name, const char *value);
int resource_remove_meta(struct crm_resource *t, struct sched_rsc *r, const char *name);

/* move.c */
int resource_move(struct crm_resource *t);
int resource_ban_command(struct crm_resource *t);
int resource_clear(struct crm_resource *t);
/* Ban by name; `quiet`: without the warning. */
int resource_ban(struct crm_resource *t, const char *rsc_id, const char *node, bool quiet);
/* Remove bans and preferences; node NULL: on every node. */
int resource_unban(struct crm_resource *t, const char *rsc_id, const char *node);

/* cleanup.c: exit codes */
int resource_cleanup(struct crm_resource *t);
int resource_fail(struct crm_resource *t);

/* wait.c: results */
int resource_wait(struct crm_resource *t);
int resource_restart(struct crm_resource *t);

#endif
