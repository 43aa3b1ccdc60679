/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The election.  Called by the cores of the controller and of the attribute manager, and by
 * cts/sim. Never sends, waits or reads a clock: see the effects.  (spec 30 §5, spec 70 §6)
 */
#include "lib/cluster/election.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#define STORM_WINDOW_MS 2000u
#define AGE_CACHE_MS    2000u

struct election {
    char *name, *system, *local_name, *local_uuid, *feature_set;
    uint32_t timeout_ms;
    struct peers *peers;
    void (*cpu_time)(void *data, uint32_t *seconds, uint32_t *microseconds);
    void *data;

    enum election_state state;
    bool eligible;
    int round;         /* election-id of our last vote */
    GHashTable *voted; /* names, ignoring case (kept in lower case) */

    bool dampened; /* lost a comparison at `lost_at` */
    uint64_t lost_at;
    unsigned wins; /* in the window that began at `wins_since`: detects storms */
    uint64_t wins_since;

    bool have_age;
    uint64_t age_used_at;
    uint32_t age_sec, age_usec;

    /* Texts of the last effects. */
    char *no_vote_to, *no_vote_owner;
};

const char *
election_state_text(enum election_state s)
{
    switch (s) {
    case ELECTION_START:
        return "election starting";
    case ELECTION_IN_PROGRESS:
        return "election in progress";
    case ELECTION_LOST:
        return "lost";
    case ELECTION_WON:
        return "won";
    default:
        return "error";
    }
}

struct election *
election_new(const struct election_config *config)
{
    struct election *e = g_new0(struct election, 1);

    g_assert(config->peers != NULL && config->local_uuid != NULL && config->local_name != NULL);
    e->name = g_strdup(config->name != NULL ? config->name : "election");
    e->system = g_strdup(config->system != NULL ? config->system : SYS_CRMD);
    e->local_name = g_strdup(config->local_name);
    e->local_uuid = g_strdup(config->local_uuid);
    e->feature_set = g_strdup(config->feature_set != NULL ? config->feature_set : FEATURE_SET);
    e->timeout_ms = config->timeout_ms;
    e->peers = config->peers;
    e->cpu_time = config->cpu_time;
    e->data = config->data;
    e->eligible = true;
    e->voted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return e;
}

void
election_free(struct election *e)
{
    if (e == NULL) {
        return;
    }
    g_hash_table_unref(e->voted);
    g_free(e->name);
    g_free(e->system);
    g_free(e->local_name);
    g_free(e->local_uuid);
    g_free(e->feature_set);
    g_free(e->no_vote_to);
    g_free(e->no_vote_owner);
    g_free(e);
}

void
election_set_timeout(struct election *e, uint32_t timeout_ms)
{
    e->timeout_ms = timeout_ms;
}

enum election_state
election_state(const struct election *e)
{
    return e->state;
}

void
election_set_eligible(struct election *e, bool eligible)
{
    e->eligible = eligible;
}

void
election_clear_dampening(struct election *e)
{
    e->dampened = false;
}

void
election_reset(struct election *e)
{
    g_hash_table_remove_all(e->voted);
    e->state = ELECTION_START;
}

/* --- messages --- */

/* CPU time as of the last sample; sampled anew when it has not been used for a while (spec 30
 * §5.1). */
static void
sample_age(struct election *e, uint64_t now, uint32_t *sec, uint32_t *usec)
{
    if (e->cpu_time != NULL && (!e->have_age || now > e->age_used_at + AGE_CACHE_MS)) {
        e->cpu_time(e->data, &e->age_sec, &e->age_usec);
        e->have_age = true;
    }
    e->age_used_at = now;
    *sec = e->age_sec;
    *usec = e->age_usec;
}

xmlNode *
election_vote_new(struct election *e, struct ctl_refs *refs, uint64_t now)
{
    struct ctl_request r = { .task = CRM_TASK_VOTE, .sys_to = e->system, .sys_from = e->system };
    xmlNode *msg = ctl_request_new(refs, &r);
    uint32_t sec, usec;

    sample_age(e, now, &sec, &usec);
    xml_set(msg, F_CRM_ELECTION_OWNER, e->local_uuid);
    xml_set_int(msg, F_CRM_ELECTION_ID, e->round);
    xml_set_int(msg, F_CRM_ELECTION_AGE_SEC, sec);
    xml_set_int(msg, F_CRM_ELECTION_AGE_USEC, usec);
    return msg;
}

xmlNode *
election_no_vote_new(struct election *e, struct ctl_refs *refs,
                     const struct election_effects *effects)
{
    struct ctl_request r = {
        .task = CRM_TASK_NO_VOTE,
        .sys_to = e->system,
        .sys_from = e->system,
        .host_to = effects->no_vote_to,
    };
    xmlNode *msg = ctl_request_new(refs, &r);

    xml_set(msg, F_CRM_ELECTION_OWNER, effects->no_vote_owner);
    xml_set_int(msg, F_CRM_ELECTION_ID, effects->no_vote_id);
    return msg;
}

bool
election_vote_parse(const xmlNode *message, struct election_vote *out)
{
    const char *task = xml_get(message, F_CRM_TASK);
    long long id = xml_get_int(message, F_CRM_ELECTION_ID, -1);
    long long sec = xml_get_int(message, F_CRM_ELECTION_AGE_SEC, -1);
    long long usec = xml_get_int(message, F_CRM_ELECTION_AGE_USEC, -1);

    memset(out, 0, sizeof(*out));
    out->is_vote = text_equal(task, CRM_TASK_VOTE);
    out->version = xml_get(message, F_VERSION);
    out->owner = xml_get(message, F_CRM_ELECTION_OWNER);
    if ((!out->is_vote && !text_equal(task, CRM_TASK_NO_VOTE)) || out->version == NULL ||
        out->owner == NULL || id < 0 || id > G_MAXINT) {
        return false;
    }
    if (out->is_vote && (sec < 0 || sec > UINT32_MAX || usec < 0 || usec > UINT32_MAX)) {
        return false;
    }
    out->id = (int)id;
    out->age_sec = out->is_vote ? (uint32_t)sec : 0;
    out->age_usec = out->is_vote ? (uint32_t)usec : 0;
    return true;
}

/* --- steps --- */

static void
record_vote(struct election *e, const char *name)
{
    g_hash_table_add(e->voted, g_ascii_strdown(name, -1));
}

/* Won when as many voted as there are active members, we included (spec 30 §5.4). */
static void
check_votes(struct election *e, struct election_effects *out)
{
    unsigned votes = g_hash_table_size(e->voted);
    unsigned members = peers_active_count(e->peers);

    if (e->state != ELECTION_IN_PROGRESS) {
        return;
    }
    if (votes < members || votes == 0) {
        log_debug("Waiting on %u of %u peers for votes of %s", members - votes, members, e->name);
        return;
    }
    if (votes > members) {
        log_info("%u votes of %u members for %s: somebody who voted has left", votes, members,
                 e->name);
    }
    g_hash_table_remove_all(e->voted);
    e->state = ELECTION_WON;
    out->stop_timer = true;
    out->start_timer = false;
    out->outcome = ELECTION_HAS_WON;
    log_debug("Won the election of %s", e->name);
}

static void
start_voting(struct election *e, struct election_effects *out)
{
    if (!peer_is_active(peers_local(e->peers))) {
        log_debug("Not voting for %s: this node is not active yet", e->name);
        return;
    }
    g_hash_table_remove_all(e->voted);
    e->state = ELECTION_IN_PROGRESS;
    e->round = e->round == G_MAXINT ? 1 : e->round + 1;
    out->send_vote = true;
    out->start_timer = true;
    out->timer_ms = e->timeout_ms;
    log_debug("Started election %d of %s", e->round, e->name);
}

enum verdict { VERDICT_IGNORE, VERDICT_RECORD, VERDICT_WIN, VERDICT_LOSE };

/*
 * What does a received vote or no-vote mean for us?  First match wins.  (spec 30 §5.3)
 */
static enum verdict
judge(struct election *e, uint64_t now, const struct election_vote *vote, const struct peer *sender,
      const char **why)
{
    const struct peer *self = peers_local(e->peers);
    bool we_own = text_equal(vote->owner, e->local_uuid);
    uint32_t sec, usec;
    int order;

    /* 1, 2: we cannot be elected */
    if (!e->eligible) {
        *why = "not eligible";
        return VERDICT_LOSE;
    }
    if (!peer_is_active(self)) {
        *why = "we are not part of the cluster";
        return VERDICT_LOSE;
    }
    /* 3: a reply to an earlier round of ours */
    if (we_own && vote->id != e->round) {
        *why = "superseded";
        return VERDICT_IGNORE;
    }
    /* 4: from somebody who is not there */
    if (!peer_is_active(sender)) {
        *why = "the sender is not part of the cluster";
        return VERDICT_IGNORE;
    }
    /* 5: the answer to our own vote */
    if (!vote->is_vote || sender == self) {
        if (!we_own) {
            *why = "it answers somebody else's vote";
            return VERDICT_IGNORE;
        }
        *why = "recorded";
        return e->state == ELECTION_IN_PROGRESS ? VERDICT_RECORD : VERDICT_IGNORE;
    }
    /* 6, 7: the oldest software wins, so that the others understand it */
    order = text_compare_versions(vote->version, e->feature_set);
    if (order != 0) {
        *why = "version";
        return order < 0 ? VERDICT_LOSE : VERDICT_WIN;
    }
    /* 8, 9: the longest-running process wins */
    sample_age(e, now, &sec, &usec);
    if (vote->age_sec != sec || vote->age_usec != usec) {
        *why = "uptime";
        return vote->age_sec > sec || (vote->age_sec == sec && vote->age_usec > usec) ? VERDICT_LOSE
                                                                                      : VERDICT_WIN;
    }
    /* 10, 11: the first name wins */
    *why = "host name";
    return g_ascii_strcasecmp(e->local_name, sender->name != NULL ? sender->name : "") > 0
               ? VERDICT_LOSE
               : VERDICT_WIN;
}

/* Many wins within two seconds: somebody keeps voting. */
static void
note_win(struct election *e, uint64_t now)
{
    unsigned peers = peers_count(e->peers) + 1;

    if (e->wins == 0 || now > e->wins_since + STORM_WINDOW_MS) {
        e->wins = 0;
        e->wins_since = now;
    }
    e->wins++;
    if (e->wins > peers * peers) {
        log_warn("Election storm detected: %u wins of %s within %u s", e->wins, e->name,
                 STORM_WINDOW_MS / 1000);
        e->wins = 0;
    }
}

static void
lose(struct election *e, uint64_t now, const char *from, const struct election_vote *vote,
     struct election_effects *out)
{
    e->dampened = true;
    e->lost_at = now;
    g_hash_table_remove_all(e->voted);
    e->state = ELECTION_LOST;
    g_free(e->no_vote_to);
    e->no_vote_to = g_strdup(from);
    g_free(e->no_vote_owner);
    e->no_vote_owner = g_strdup(vote->owner);
    out->stop_timer = true;
    out->send_no_vote = true;
    out->no_vote_to = e->no_vote_to;
    out->no_vote_owner = e->no_vote_owner;
    out->no_vote_id = vote->id;
    out->outcome = ELECTION_HAS_LOST;
}

static void
count_vote(struct election *e, uint64_t now, const struct election_event *ev,
           struct election_effects *out)
{
    struct election_vote vote;
    const struct peer *sender;
    const char *why = "";
    enum verdict verdict;

    if (ev->from == NULL || !election_vote_parse(ev->message, &vote)) {
        log_warn("Ignoring an incomplete vote for %s from %s", e->name,
                 ev->from != NULL ? ev->from : "an unknown node");
        return;
    }
    sender = peers_find(e->peers, 0, ev->from);
    verdict = judge(e, now, &vote, sender, &why);
    if (verdict == VERDICT_WIN) {
        /* Dampening: the node that beat us a moment ago will beat this one too (spec 30 §5.3). */
        if (e->dampened && now <= e->lost_at + ELECTION_DAMPEN_MS) {
            why = "a loss just before";
            verdict = VERDICT_LOSE;
        } else {
            e->dampened = false;
            note_win(e, now);
        }
    }
    log_debug("Election %d of %s (owner %s): %s from %s %s by %s", vote.id, e->name, vote.owner,
              vote.is_vote ? "vote" : "no-vote", ev->from,
              verdict == VERDICT_WIN      ? "lost against us"
              : verdict == VERDICT_LOSE   ? "beat us"
              : verdict == VERDICT_RECORD ? "accepted"
                                          : "ignored",
              why);
    switch (verdict) {
    case VERDICT_RECORD:
        record_vote(e, ev->from);
        check_votes(e, out);
        break;
    case VERDICT_WIN:
        e->state = ELECTION_START;
        out->stop_timer = true;
        out->outcome = ELECTION_MUST_VOTE;
        break;
    case VERDICT_LOSE:
        lose(e, now, ev->from, &vote, out);
        break;
    default:
        break;
    }
}

static void
forget_voter(struct election *e, const char *name)
{
    g_autofree char *key = name != NULL ? g_ascii_strdown(name, -1) : NULL;

    if (key != NULL) {
        g_hash_table_remove(e->voted, key);
    }
}

enum election_state
election_step(struct election *e, uint64_t now, const struct election_event *ev,
              struct election_effects *out)
{
    memset(out, 0, sizeof(*out));
    switch (ev->kind) {
    case ELECTION_EV_START:
        start_voting(e, out);
        break;
    case ELECTION_EV_VOTE:
        count_vote(e, now, ev, out);
        break;
    case ELECTION_EV_PEER_LEFT:
        forget_voter(e, ev->from);
        check_votes(e, out);
        break;
    case ELECTION_EV_CHECK:
        check_votes(e, out);
        break;
    case ELECTION_EV_TIMEOUT:
        if (e->state == ELECTION_IN_PROGRESS) {
            log_warn("Not everybody voted for %s within %" PRIu32
                     " ms: declaring ourselves the winner",
                     e->name, e->timeout_ms);
            g_hash_table_remove_all(e->voted);
            e->state = ELECTION_WON;
            out->outcome = ELECTION_HAS_WON;
        }
        break;
    }
    g_assert(!(out->send_vote && out->send_no_vote));
    return e->state;
}
