/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of lib/sched/model share among themselves (and lib/sched/assign for rows).  Nobody else includes it.
 */
#ifndef SCHED_MODEL_INTERNAL_H
#define SCHED_MODEL_INTERNAL_H

#include "lib/sched/model/model.h"

#include <string.h>

struct sched_index {
    GHashTable *nodes_by_uuid;   /* lower case */
    GHashTable *nodes_by_name;   /* lower case */
    GHashTable *rscs_by_id;
    GHashTable *rscs_by_history; /* history name -> GPtrArray of struct sched_rsc */
    GHashTable *tickets;
    GHashTable *tags;
    GHashTable *failed_ops;      /* "node key" */
    GHashTable *clear_planned;   /* "rsc node" */
    GHashTable *once;            /* messages that are given once */
    GHashTable *digests;         /* "node rsc task interval" -> struct sched_digests */
    GHashTable *failcounts;      /* struct sched_node -> struct failcount_index */
    GHashTable *recurring;       /* struct sched_rsc -> struct sched_recurring_list */
    GHashTable *interned;        /* spare */
    GHashTable *state_by_node;   /* struct sched_node -> GHashTable lrm_resource id -> xml */
};

#define CONFIG_ERROR(s, ...)   sched_message((s), MSG_ERROR, MSG_CONFIG, __func__, __VA_ARGS__)
#define CONFIG_ERROR_P(s, ...) sched_message((s), MSG_ERROR, MSG_CONFIG | MSG_PROCESSING, __func__, __VA_ARGS__)
#define CONFIG_WARN(s, ...)    sched_message((s), MSG_WARNING, MSG_CONFIG, __func__, __VA_ARGS__)
#define CONFIG_WARN_P(s, ...)  sched_message((s), MSG_WARNING, MSG_CONFIG | MSG_PROCESSING, __func__, __VA_ARGS__)
#define CONFIG_WARN_P1(s, ...)                                                                     \
    sched_message((s), MSG_WARNING, MSG_CONFIG | MSG_PROCESSING | MSG_ONCE, __func__, __VA_ARGS__)
#define NOTE_WARN(s, ...)      sched_message((s), MSG_WARNING, 0, __func__, __VA_ARGS__)
#define NOTE_ERROR(s, ...)     sched_message((s), MSG_ERROR, 0, __func__, __VA_ARGS__)

/* rule_context.error for configuration errors; data is struct sched. */
void model_rule_error(void *data, const char *text);

/* opconfig.c */
void ops_check(struct sched *s);

/* options.c */
void options_unpack(struct sched *s);

/* nodes.c */
void nodes_unpack(struct sched *s);
struct sched_node *node_create(struct sched *s, const char *uuid, const char *uname, enum sched_node_kind kind,
                               const char *score, const xmlNode *xml);
void node_add_attributes(struct sched *s, struct sched_node *n, const xmlNode *parent, bool overwrite);
void node_never_seen(struct sched *s, struct sched_node *n);
void node_order_sort(struct sched *s);
/* status.c: node states and tickets (first pass) */
void status_unpack_nodes(struct sched *s);
void node_unpack_remote_state(struct sched *s, struct sched_node *n);
void node_check_remote_shutdown(struct sched *s, struct sched_node *n);
void node_fix_score(struct sched_node *n);

/* remote.c: nodes implied by resources */
void remote_nodes_unpack(struct sched *s);
xmlNode *remote_connection_xml(struct sched *s, const char *id, const char *container, const char *migratable,
                               const char *is_managed, const char *start_timeout, const char *server, const char *port);

/* resources.c */
void resources_unpack(struct sched *s);
struct sched_rsc *rsc_unpack(struct sched *s, const xmlNode *xml, struct sched_rsc *parent, int instance);
void rsc_register(struct sched *s, struct sched_rsc *r);
void rsc_set_history_name(struct sched *s, struct sched_rsc *r, const char *name);
struct rule_context rsc_rule_context(struct sched *s, const struct sched_rsc *r);
struct rule_context plain_rule_context(struct sched *s);
void rsc_make_unmanaged(struct sched *s, struct sched_rsc *r);
void rsc_set_next_role(struct sched_rsc *r, enum sched_role role, const char *why);
void rsc_set_flag_deep(struct sched_rsc *r, unsigned flag, bool on);
/* clone.c */
bool clone_unpack(struct sched *s, struct sched_rsc *r);
struct sched_rsc *clone_add_instance(struct sched *s, struct sched_rsc *clone, bool orphan);
/* bundle.c */
bool bundle_unpack(struct sched *s, struct sched_rsc *r);
/* template.c */
const xmlNode *template_expand(struct sched *s, const xmlNode *xml, const xmlNode **ops);
void tags_unpack(struct sched *s);
struct sched_tag *tag_find_or_add(struct sched *s, const char *id);
void tag_add_ref(struct sched *s, struct sched_tag *tag, const char *ref);

/* rows.c */
void row_init(struct sched *s, struct sched_row *row);
void row_default_entries(struct sched *s, struct sched_rsc *r);
/* A node becomes a candidate, with the node's own way of being probed. */
void row_enter(struct sched_row *row, const struct sched_node *n, int score);
void row_set(struct sched_row *row, const struct sched_node *n, int score, enum sched_discovery mode);
void rows_make_room(struct sched *s);
static inline bool
sched_explains(const struct sched *s)
{
    return (s->flags & SCHED_EXPLAIN) != 0;
}
void sched_explain_add(struct sched *s, struct sched_rsc *r, struct sched_node *n, int delta, int result,
                       const char *reason, const char *source);
/* The same for what a constraint with another resource (NULL: the constraint's other end) does. */
void sched_explain_with(struct sched *s, struct sched_rsc *r, struct sched_node *n, int delta, const char *reason,
                        const struct sched_coloc *c, const struct sched_rsc *other);

/* The resource that comes first of those with this id or history name, or NULL. */
struct sched_rsc *rsc_named_first(const struct sched *s, const char *name);

/* history.c and friends */
void history_unpack(struct sched *s);
void history_finish(struct sched *s);
struct sched_rsc *history_find_resource(struct sched *s, struct sched_node *n, const xmlNode *lrm_resource);
struct sched_rsc *history_new_orphan(struct sched *s, struct sched_node *n, const xmlNode *lrm_resource);
struct history_state {
    struct sched_rsc *rsc;
    struct sched_node *node;
    struct sched_history *history;
    struct sched_hist_op *last_failure;
    enum sched_on_fail on_fail;
};
void history_apply_op(struct sched *s, struct history_state *st, struct sched_hist_op *op);
void history_migrate_to_success(struct sched *s, struct history_state *st, struct sched_hist_op *op);
void history_migrate_to_failure(struct sched *s, struct history_state *st, struct sched_hist_op *op);
void history_migrate_from_failure(struct sched *s, struct history_state *st, struct sched_hist_op *op);
bool history_op_expired(struct sched *s, struct history_state *st, struct sched_hist_op *op);
void failcount_effective_for(struct sched *s, struct sched_rsc *r, struct sched_node *n, const struct sched_hist_op *op,
                             int *raw, int *effective, int64_t *last_failure);
void history_parse_op(struct sched *s, const xmlNode *xml, struct sched_hist_op *op);
int history_compare(struct sched *s, const struct sched_hist_op *a, const struct sched_hist_op *b,
                    bool same_node);
void history_set_active_role(struct sched_rsc *r);
void rsc_add_running(struct sched *s, struct sched_rsc *r, struct sched_node *n, bool failed);
const xmlNode *history_lrm_resource(struct sched *s, const struct sched_node *n, const char *id);
void failed_op_add(struct sched *s, struct sched_rsc *r, struct sched_node *n, const xmlNode *op);
void plan_clear_failcount(struct sched *s, struct sched_rsc *r, struct sched_node *n, const char *reason);
bool clear_failcount_planned(const struct sched *s, const struct sched_rsc *r, const struct sched_node *n);
void intent_add(struct sched *s, struct sched_intent intent);
void plan_stop(struct sched *s, struct sched_rsc *r, struct sched_node *n);

/* constraints */
void constraints_unpack(struct sched *s);
void health_unpack(struct sched *s);
int score_parse_health(const struct sched *s, const char *text);
void location_unpack(struct sched *s, const xmlNode *xml);
void colocation_unpack(struct sched *s, const xmlNode *xml);
void order_unpack(struct sched *s, const xmlNode *xml);
void ticket_unpack(struct sched *s, const xmlNode *xml);
struct sched_ticket *ticket_find_or_add(struct sched *s, const char *id);
struct sched_location *location_new(struct sched *s, const char *id, struct sched_rsc *r, int score,
                                    enum sched_discovery discovery, struct sched_node *n);
void coloc_new(struct sched *s, const char *id, const char *node_attr, int score, struct sched_rsc *dependent,
               struct sched_rsc *primary, const char *dependent_role, const char *primary_role, bool influence,
               const xmlNode *xml);
void coloc_file_dependent(struct sched *s, struct sched_rsc *r, struct sched_coloc *c);
void coloc_file_primary(struct sched *s, struct sched_rsc *r, struct sched_coloc *c);
void order_new(struct sched *s, const char *id, struct sched_rsc *first, const char *first_task,
               struct sched_rsc *then, const char *then_task, unsigned kinds);
/* A constraint's reference: the resource it means, or NULL with *tag set if it is a tag or template. */
struct sched_rsc *constraint_rsc(struct sched *s, const char *ref);
bool constraint_ref(struct sched *s, const char *ref, struct sched_rsc **rsc, struct sched_tag **tag);
/* Counts what a constraint's sets stand for; false, with an error, if that is more than a model may have. */
bool constraint_pairs_fit(struct sched *s, const char *id, unsigned long long pairs);
/* Sets with templates and tags replaced (a copy in the scratch document), or NULL if nothing is to be replaced. */
const xmlNode *constraint_expand_sets(struct sched *s, const xmlNode *xml, bool *bad);
/* Element that a plain reference (attribute) to a template or tag becomes a set in; NULL if it is a resource. */
xmlNode *constraint_attr_to_set(struct sched *s, xmlNode *copy, const char *attr, bool always);

typedef int (*sched_compare)(const void *a, const void *b, void *data);
void sched_sort(void *items, unsigned n, sched_compare compare, void *data);

bool is_remote_agent(const char *cls, const char *provider, const char *type);
struct sched_rsc *find_contained_remote(const struct sched *s, const struct sched_rsc *r);

#endif
