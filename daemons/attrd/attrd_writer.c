/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who copies the table into the CIB: the writer's election, and what each node believes about the writer.
 * Called by the other topic files of the core.  The rules of voting are in lib/cluster/election.  (spec 70 §6)
 */
#include "daemons/attrd/attrd_internal.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

bool
attrd_is_writer(const struct attrd_core *core)
{
    return election_state(core->election) == ELECTION_WON;
}

static void
set_writer(struct attrd_core *core, const char *name)
{
    g_autofree char *old = core->writer;

    core->writer = g_strdup(name);
}

/* Election messages carry nothing of this protocol: they go out as they are. */
static void
send_election_message(struct attrd_core *core, xmlNode *xml, const char *to)
{
    struct attrd_effect *effect = attrd_effect_add(core, ATTRD_SEND);

    effect->xml = xml;
    if (to != NULL) {
        const struct peer *peer = peers_find(core->peers, 0, to);

        effect->target = g_strdup(to);
        effect->target_id = peer != NULL ? peer->id : 0;
    }
}

static void step(struct attrd_core *core, uint64_t now, enum election_event_kind kind, const char *from,
                 const xmlNode *message);

/*
 * The writer announces itself with everything it knows, so that all tables become equal, and copies it all to the CIB: what
 * its predecessor left undone is not known.
 */
static void
take_over(struct attrd_core *core)
{
    log_notice("Recorded local node as attribute writer (was %s)",
               core->writer != NULL ? core->writer : "unset");
    set_writer(core, core->node_name);
    attrd_sync_all(core, NULL);
    attrd_erase_absent(core);
    attrd_write_all(core, ATTRD_RESPECT_DELAY);
}

/* Somebody else will be elected: until it says so, the one that beat us is presumed to be it. */
static void
presume_writer(struct attrd_core *core, enum election_state before, const char *from)
{
    if (from != NULL && (core->writer == NULL || before != ELECTION_LOST)) {
        if (!text_equal_nocase(core->writer, from)) {
            log_info("Presuming %s to be the new attribute writer (was %s)", from,
                     core->writer != NULL ? core->writer : "unset");
        }
        set_writer(core, from);
    }
}

static void
step(struct attrd_core *core, uint64_t now, enum election_event_kind kind, const char *from,
     const xmlNode *message)
{
    struct election_event event = { .kind = kind, .from = from, .message = message };
    struct election_effects out = { 0 };
    enum election_state before = election_state(core->election);

    election_step(core->election, now, &event, &out);
    if (out.stop_timer) {
        core->election_deadline = ATTRD_NEVER;
    }
    if (out.send_vote) {
        send_election_message(core, election_vote_new(core->election, core->config.refs, now), NULL);
    }
    if (out.send_no_vote) {
        send_election_message(core, election_no_vote_new(core->election, core->config.refs, &out),
                              out.no_vote_to);
    }
    if (out.start_timer) {
        core->election_deadline = now + out.timer_ms;
    }
    switch (out.outcome) {
    case ELECTION_MUST_VOTE:
        set_writer(core, NULL);
        step(core, now, ELECTION_EV_START, NULL, NULL);
        break;
    case ELECTION_HAS_LOST:
        presume_writer(core, before, from);
        break;
    case ELECTION_HAS_WON:
        take_over(core);
        break;
    case ELECTION_NOTHING:
        break;
    }
}

/* An election is started only if a write is due, nobody is known to be the writer, and none is under way. */
void
attrd_write_or_elect(struct attrd_core *core, uint64_t now, struct attrd_attribute *a)
{
    if (attrd_is_writer(core)) {
        attrd_write_due(core, a, ATTRD_RESPECT_DELAY);
    } else if (core->writer == NULL && !core->stopping
               && election_state(core->election) != ELECTION_IN_PROGRESS) {
        log_info("Starting an election to determine the writer");
        step(core, now, ELECTION_EV_START, NULL, NULL);
    }
}

void
attrd_election_message(struct attrd_core *core, uint64_t now, const char *from, const xmlNode *xml)
{
    step(core, now, ELECTION_EV_VOTE, from, xml);
}

void
attrd_election_peer_left(struct attrd_core *core, uint64_t now, const char *name)
{
    step(core, now, ELECTION_EV_PEER_LEFT, name, NULL);
    if (!text_equal_nocase(core->writer, name)) {
        return;
    }
    log_notice("Lost attribute writer %s", name);
    set_writer(core, NULL);
    /* Whoever beat us a moment ago may be the very one that is gone. */
    election_clear_dampening(core->election);
    if (!core->stopping) {
        step(core, now, ELECTION_EV_START, NULL, NULL);
    }
}

void
attrd_writer_announced(struct attrd_core *core, uint64_t now, const char *from)
{
    bool own = text_equal_nocase(from, core->node_name);

    if (attrd_is_writer(core) && !own) {
        log_notice("Detected another attribute writer (%s), starting new election", from);
        set_writer(core, NULL);
        step(core, now, ELECTION_EV_START, NULL, NULL);
    } else if (!text_equal_nocase(core->writer, from)) {
        log_notice("Recorded new attribute writer: %s (was %s)", from,
                   core->writer != NULL ? core->writer : "unset");
        set_writer(core, from);
    }
}

void
attrd_election_tick(struct attrd_core *core, uint64_t now)
{
    if (core->election_deadline <= now) {
        core->election_deadline = ATTRD_NEVER;
        step(core, now, ELECTION_EV_TIMEOUT, NULL, NULL);
    }
}
