/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Election of one node among the active members: the DC among controllers, the writer among
 * attribute managers. Used by both cores and by cts/sim.  Pure: events with the time in, effects
 * out.  (spec 30 §5, spec 70 §6)
 */
#ifndef CLUSTER_ELECTION_H
#define CLUSTER_ELECTION_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cluster/peers.h"
#include "lib/ipc/ipc_protocol.h"

/* The numbers are on the wire (attr_writer). */
enum election_state {
    ELECTION_START = 0,
    ELECTION_IN_PROGRESS = 1,
    ELECTION_LOST = 2,
    ELECTION_WON = 3,
    ELECTION_ERROR = 4,
};
const char *election_state_text(enum election_state s);

#define ELECTION_DAMPEN_MS 2000u

struct election;

struct election_config {
    const char *name;       /* for log lines: "DC", "writer" */
    const char *system;     /* SYS_CRMD (both protocols use it in the message) */
    const char *local_name; /* node name */
    const char *local_uuid;
    const char *feature_set; /* NULL: ours */
    uint32_t timeout_ms;     /* how long to wait for votes */
    struct peers *peers;     /* who is active; borrowed */
    /* CPU time used by this process, for the age; NULL: always 0. */
    void (*cpu_time)(void *data, uint32_t *seconds, uint32_t *microseconds);
    void *data;
};
/* Copies the texts of the configuration. */
struct election *election_new(const struct election_config *config);
void election_free(struct election *e);
void election_set_timeout(struct election *e, uint32_t timeout_ms);
enum election_state election_state(const struct election *e);
/* Set by the caller: a controller that is starting, an attribute manager that is stopping, always
 * loses. */
void election_set_eligible(struct election *e, bool eligible);
/* The present DC (writer) is gone: a loss suffered a moment ago no longer counts. */
void election_clear_dampening(struct election *e);
/* Back to START without votes and timer (the caller stops its timer). */
void election_reset(struct election *e);

enum election_event_kind {
    ELECTION_EV_START,     /* vote now */
    ELECTION_EV_VOTE,      /* a vote or no-vote arrived: `message`, `from` */
    ELECTION_EV_PEER_LEFT, /* `from` is no longer active */
    ELECTION_EV_TIMEOUT,   /* the timer fired */
    ELECTION_EV_CHECK,     /* membership changed: count again */
};
struct election_event {
    enum election_event_kind kind;
    const char *from;       /* node name */
    const xmlNode *message; /* for ELECTION_EV_VOTE */
};

enum election_outcome {
    ELECTION_NOTHING,   /* go on */
    ELECTION_MUST_VOTE, /* we beat the sender: start an election (controller: I_ELECTION) */
    ELECTION_HAS_LOST,  /* somebody else will be elected */
    ELECTION_HAS_WON,   /* we are elected */
};
/* What to do, in the order of the fields.  The texts belong to the election, valid until its next
 * step. */
struct election_effects {
    bool stop_timer;
    bool send_vote;    /* broadcast election_vote_new() */
    bool send_no_vote; /* to `no_vote_to`: election_no_vote_new() */
    const char *no_vote_to;
    const char *no_vote_owner;
    int no_vote_id;
    bool start_timer; /* (re)start with timer_ms */
    uint32_t timer_ms;
    enum election_outcome outcome;
};

/* Advance by one event at `now` (milliseconds of a monotonic clock).  Fills *out; returns the new
 * state. */
enum election_state election_step(struct election *e, uint64_t now, const struct election_event *ev,
                                  struct election_effects *out);
/* The messages of the effects (xml_free). */
xmlNode *election_vote_new(struct election *e, struct ctl_refs *refs, uint64_t now);
xmlNode *election_no_vote_new(struct election *e, struct ctl_refs *refs,
                              const struct election_effects *effects);

/* What a message says; false if it lacks something. */
struct election_vote {
    bool is_vote; /* else no-vote */
    const char *version;
    const char *owner;
    int id;
    uint32_t age_sec, age_usec;
};
bool election_vote_parse(const xmlNode *message, struct election_vote *out);

/* cpu_time for real processes: getrusage (shell only). */
void election_process_cpu_time(void *data, uint32_t *seconds, uint32_t *microseconds);

#endif
