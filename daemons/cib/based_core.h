/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CIB manager's core: owns the document, decides where requests are executed, replicates them, answers and notifies.
 * A plain state machine: events in (with the time), effects out.  Used by the shell (main.c) and by cts/sim.
 * Never does I/O, never reads a clock.  (spec 20 §7-§9)
 */
#ifndef DAEMONS_CIB_BASED_CORE_H
#define DAEMONS_CIB_BASED_CORE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_schema.h"

struct based;

struct based_config {
    const char *node_name;       /* own */
    struct cib_schemas *schemas; /* borrowed; NULL: nothing is validated (simulation) */
    bool stand_alone;            /* no cluster: modifications are executed at once */
    bool answers_as_elements;    /* nobody wants an answer as text (simulation) */
    bool journal;                /* replies to configuration changes wait for based_durable() */
};

/* Takes the document as it was loaded (spec 20 §10.4 step 5 has been done: based_prepare_document()). */
struct based *based_new(const struct based_config *config, xmlNode *document);
void based_free(struct based *b);
/* Bring a loaded document into the state that the daemon starts with; `keep_status` in stand-alone mode. */
void based_prepare_document(xmlNode *root, bool keep_status);

/* The document (for the writer, tests and invariants); NULL never. */
const xmlNode *based_document(const struct based *b);
struct cib_version based_version(const struct based *b);
bool based_is_primary(const struct based *b);
/* Journal sequence number of the last change; the writer notes it with its snapshot. */
uint64_t based_sequence(const struct based *b);

/* --- events; `now` is wall-clock seconds --- */

enum based_endpoint { BASED_RO, BASED_RW, BASED_SHM, BASED_REMOTE };

void based_client_connected(struct based *b, const char *client_id, enum based_endpoint endpoint, bool privileged);
void based_client_closed(struct based *b, const char *client_id);

/* An IPC request.  `request_id` and `request_flags` come back with the answer. */
struct based_request {
    const char *client_id;
    uint32_t request_id;
    uint32_t request_flags;
    bool wants_response; /* flag 0x200 */
    xmlNode *message;    /* stamped with cib_user and acl_target by the shell; may be changed; NULL: it was no XML */
};
void based_client_request(struct based *b, const struct based_request *request, int64_t now);
/* A message of the group `cib`, our own included; `from` is the sender's node name.  May be changed. */
void based_cluster_message(struct based *b, xmlNode *message, const char *from, int64_t now);
/* Membership of the group changed: peers that are active now, ourselves included. */
void based_peers_changed(struct based *b, unsigned active);

enum based_timer { BASED_TIMER_DIGEST, BASED_TIMER_SHUTDOWN, BASED_N_TIMERS };
void based_timer_expired(struct based *b, enum based_timer timer, int64_t now);
/* All journal records up to this number are on disk (or never will be: the disk failed). */
void based_durable(struct based *b, uint64_t sequence);
/* SIGTERM. */
void based_shutdown(struct based *b);

/* --- effects --- */

enum based_effect_kind {
    BASED_REPLY,      /* xml to client_id, answering request_id/request_flags */
    BASED_EVENT,      /* xml to client_id, unasked (asynchronous reply) */
    BASED_ACK,        /* element `text` with `value` as status, answering the request */
    BASED_NOTIFY,     /* xml as event to all of `clients` */
    BASED_SEND,       /* xml to the node `to`, to all if that is NULL */
    BASED_TIMER,      /* arm timer `value` for `delay_ms`; 0 stops it */
    BASED_JOURNAL,    /* append `record`; then call based_durable(sequence); `value`: a local client waits for it */
    BASED_WRITE,      /* cib.xml is out of date: rewrite it when convenient */
    BASED_QUEUE_LIMIT, /* cluster-ipc-limit is now `value` */
    BASED_DISCONNECT_CLIENTS, /* refuse new ones too */
    BASED_EXIT,       /* with exit code `value` */
};

struct based_effect {
    enum based_effect_kind kind;
    char *client_id;
    char *to;
    uint32_t request_id, request_flags;
    xmlNode *xml;
    GString *xml_text;  /* instead of xml: the answer to a query, made without a copy of the document */
    GPtrArray *clients; /* of char *, owned */
    GString *record;
    uint64_t sequence;
    const char *text;
    int value;
    unsigned delay_ms;
};

/* Next effect to carry out, in order; NULL if there is none.  based_effect_free() it. */
struct based_effect *based_next_effect(struct based *b);
void based_effect_free(struct based_effect *e);
/* The element of the effect, parsed from xml_text if need be (for simulations); borrowed, NULL if it has none. */
const xmlNode *based_effect_xml(struct based_effect *e);

#endif
