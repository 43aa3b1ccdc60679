/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the executor side (core_exec*.c) share; for them alone.
 */
#ifndef DAEMONS_CONTROLD_CORE_EXEC_H
#define DAEMONS_CONTROLD_CORE_EXEC_H

#include "daemons/controld/controld_private.h"

/* ---- waiting for the executor's immediate answers ---- */

enum wait_kind { WAIT_REGISTER, WAIT_RUN, WAIT_CANCEL, WAIT_UNREGISTER };

struct exec_wait {
    enum wait_kind kind;
    struct lrm *lrm;
    char *rsc;
    struct delete_request *deletion; /* WAIT_UNREGISTER */
    char *action; /* WAIT_CANCEL */
    guint interval_ms;
    char *ack_sys, *ack_host, *ack_key; /* WAIT_CANCEL by the DC: whom to tell */
};

/* A resource that is to be forgotten, and who wants to know. */
struct delete_request {
    char *rsc, *key, *from_sys, *from_host, *user;
    struct lrm *lrm; /* whose executor; NULL: only the CIB knows it */
    char *node; /* whose history */
    bool by_dc, cib_only;
};

/* The effect, with a new cookie under which the answer is waited for; `wait` may be NULL. */
struct ctl_effect *exec_effect(struct controld *c, struct lrm *lrm, enum ctl_effect_kind kind, enum wait_kind wait, const char *rsc,
                               struct exec_wait **out);
/* The executor's answer, and a result event: ctl_on_exec_reply() and ctl_on_exec_result() from within. */
void exec_reply(struct controld *c, uint64_t cookie, int rc);
void exec_result(struct controld *c, struct lrm *lrm, const struct ctl_exec_result *r);
/* Take over what another controller has started: `resources` is an <lrm_resources> of the CIB. */
void lrm_adopt(struct lrm *lrm, const xmlNode *resources);
/* Everything that runs once or for the first time will have no result: it has failed. */
void lrm_fail_running(struct controld *c, struct lrm *lrm, const char *why);

/* ---- a request ---- */

struct lrm_request {
    const xmlNode *data, *primitive;
    struct lrm *lrm; /* whose executor, NULL: of a node that is unknown here */
    const char *operation, *from_sys, *from_host, *user, *node, *key;
    bool by_dc;
};

void lrm_execute(struct controld *c, const struct lrm_request *r);
void lrm_cancel_request(struct controld *c, const struct lrm_request *r);
void lrm_delete(struct controld *c, const struct lrm_request *r);
void lrm_fail(struct controld *c, const struct lrm_request *r);
void lrm_probe_again(struct controld *c, const struct lrm_request *r);
/* The executor has forgotten the resource: takes `d`. */
void lrm_finish_deletion(struct controld *c, struct delete_request *d);

/* ---- resources and operations ---- */

/* By the id or the long id of a request's definition; NULL if unknown. */
struct lrm_rsc *lrm_rsc_find(const struct lrm *lrm, const xmlNode *primitive);
/* A resource that was never seen, from its definition in a request; NULL if that is unusable. */
struct lrm_rsc *lrm_rsc_new(struct lrm *lrm, const xmlNode *primitive);
/* `userdata` NULL: of any transition. */
struct lrm_op *lrm_op_find(const struct lrm_rsc *rsc, const char *action, guint interval_ms, const char *userdata);
/* Stop it from recurring; the answer comes for `*wait` (may be NULL). */
void lrm_cancel(struct controld *c, const struct lrm_rsc *rsc, struct lrm_op *op, struct exec_wait **wait);
void lrm_cancel_recurring(struct controld *c, struct lrm_rsc *rsc);
/* Operations whose results are history. */
bool lrm_is_recorded(const char *action);
/* The operation ends with this result without having been tried: takes `take_op`. */
void lrm_fabricate(struct controld *c, struct lrm_rsc *rsc, struct lrm_op *take_op, int status, int rc, const char *reason);
/* Tell a result to who asked, beside the history; "made up": of an operation that there is no record of. */
void lrm_ack(struct controld *c, const struct lrm *lrm, const char *rsc_id, const struct op_record *op, const char *to_sys,
             const char *to_host);
void lrm_ack_made_up(struct controld *c, const struct lrm *lrm, const char *rsc_id, const char *action, guint interval_ms, const char *key,
                     int status, int rc, const char *reason, const char *to_sys, const char *to_host);
/* Take an operation's entry out of the CIB. */
void lrm_delete_entry(struct controld *c, const struct lrm *lrm, const struct op_record *op);

#endif
