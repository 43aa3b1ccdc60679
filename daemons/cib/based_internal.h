/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside of the CIB manager's core.  For daemons/cib/based_*.c alone.
 */
#ifndef DAEMONS_CIB_BASED_INTERNAL_H
#define DAEMONS_CIB_BASED_INTERNAL_H

#include "daemons/cib/based_core.h"
#include "lib/cib/cib_interest.h"
#include "lib/cib/cib_update.h"

enum { BASED_NOTIFY_TYPES = 5 };

/* A connected client as the core knows it. */
struct based_client {
    char *id;
    char *name; /* first cib_clientname seen; NULL before */
    enum based_endpoint endpoint;
    bool privileged;
    char *user;      /* who subscribed; NULL before */
    unsigned subscribed; /* bit n: type n of the table in based_notify.c */
    struct cib_interest *interest; /* in changes; NULL: in all */
    /* the last synchronous request */
    uint32_t request_id, request_flags;
};

/* A reply that waits until what it acknowledges is on disk. */
struct based_held {
    uint64_t sequence;
    struct based_effect *effect;
};

struct based {
    char *node;
    struct cib_schemas *schemas;
    bool stand_alone, journal, answers_as_elements;
    struct cib_doc *doc;
    int error_rc;          /* start-up error state (spec 20 §10.5): a legacy code, 0 if none */
    GHashTable *clients;   /* id -> struct based_client */
    GQueue effects;        /* struct based_effect */
    GQueue held;           /* struct based_held, by sequence */
    uint64_t sequence, durable;
    bool primary;
    bool acls_enabled;
    int64_t last_patch_digest; /* when a patchset last had one */
    bool gave_patch_digest;
    /* digest ping */
    unsigned ping_id;
    bool modified_since_ping;
    char *ping_digest;     /* own, once an answer needed it */
    /* diffs we could not apply */
    bool resyncing;
    unsigned ignored_diffs;
    /* shutdown */
    bool stopping, clients_sent_away, exit_requested;
    unsigned active_peers;
};

/* based_core.c */
struct based_client *based_find_client(struct based *b, const char *id);
struct based_effect *based_effect_new(enum based_effect_kind kind);
void based_queue(struct based *b, struct based_effect *e);
void based_send(struct based *b, const char *to, xmlNode *take);
void based_arm(struct based *b, enum based_timer timer, unsigned delay_ms);
/* Answer a local client; the effect waits for `sequence` to be durable.  Takes the element. */
void based_answer(struct based *b, struct based_client *c, unsigned options, xmlNode *take, uint64_t sequence);
/* The same with the text of the element. */
void based_answer_text(struct based *b, struct based_client *c, unsigned options, GString *take);

/* based_execute.c */
/* Where a message came from. */
struct based_origin {
    bool from_peer;
    bool notify_client; /* the local client cib_clientid waits for the result */
    bool reply_to_peer; /* send a cib-reply to src */
};
void based_execute(struct based *b, xmlNode *message, const struct based_origin *origin, int64_t now);
bool based_op_is_known(const char *op);
void based_read_options(struct based *b);

/* based_sync.c */
int based_send_document(struct based *b, const xmlNode *request, bool to_all);
xmlNode *based_ping_data(struct based *b, const xmlNode *request);
void based_ping_answered(struct based *b, const xmlNode *reply);
void based_start_ping(struct based *b);
void based_upgrade_as_primary(struct based *b, const xmlNode *request);
void based_request_resync(struct based *b);

/* based_notify.c */
void based_notify_diff(struct based *b, const char *op, int legacy_rc, const xmlNode *input, xmlNode *take_patch);
void based_notify_refresh(struct based *b, const char *op, int legacy_rc, unsigned sections);
/* Subscribe or unsubscribe; `paths` (may be NULL) narrows what is told of changes.  An exit code for the ack. */
int based_subscribe(struct based_client *c, const char *type, bool on, const char *paths);

/* based_shutdown.c */
void based_shutdown_step(struct based *b);
void based_shutdown_request(struct based *b, const xmlNode *message);
/* It was given time to leave in, and that is over. */
void based_shutdown_overdue(struct based *b);

#endif
