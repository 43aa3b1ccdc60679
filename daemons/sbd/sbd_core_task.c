/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done on an SBD disk, as programs that ask for one sector at a time: initialise, take a
 * slot, send a message, try a node, free a slot, watch one's own mailbox.  The shell reads, writes
 * and sleeps for them; cts/sim does it on disks that fail.  Never opens, waits or logs.  (spec 65
 * §4, §5.4, §8)
 */
#include <assert.h>
#include <string.h>

#include "daemons/sbd/sbd_core.h"

/* How often a message that did not arrive is written again. */
#define SEND_TRIES 3

enum state {
    ST_BEGIN,
    ST_HEADER,       /* the header has been read */
    ST_SCAN,         /* a slot has been read while searching */
    ST_TAKEN,        /* our name has been written into a free slot */
    ST_SETTLE,       /* the allocation timeout is over: are we still there? */
    ST_INIT_HEADER,  /* create: the header has been written */
    ST_INIT_SLOT,    /* create: an empty node slot has been written */
    ST_INIT_MAILBOX, /* create: an empty mailbox has been written */
    ST_LOOKED,       /* send: the mailbox has been read before */
    ST_SENT,         /* send: the message has been written */
    ST_VERIFY,       /* send: it has been read back */
    ST_RETRY,        /* send: a pause before the next try is over */
    ST_WAITED,       /* send: msgwait is over */
    ST_POLL_PAUSE,   /* ping: a second has passed */
    ST_POLL,         /* ping: the mailbox has been read again */
    ST_FREED,        /* release: the slot has been cleared */
    ST_OWN_SLOT,     /* watch: our slot has been read to remember it */
    ST_INBOX,        /* watch: the mailbox has been read at the start */
    ST_EMPTIED,      /* watch: the mailbox has been emptied at the start */
    ST_ROUND,        /* watch: begin a round */
    ST_ROUND_HEADER,
    ST_ROUND_SLOT,
    ST_ROUND_INBOX,
    ST_ROUND_EMPTIED,
    ST_END,
};

/* --- asking the shell --- */

static struct sbd_request
ask_read(struct sbd_task *t, uint32_t sector, enum state then)
{
    t->state = then;
    return (struct sbd_request){ .want = SBD_WANT_READ, .sector = sector };
}

static struct sbd_request
ask_write(struct sbd_task *t, uint32_t sector, const struct sbd_entry *e, enum state then)
{
    sbd_entry_encode(e, t->buffer, t->sector_size);
    t->state = then;
    return (struct sbd_request){ .want = SBD_WANT_WRITE, .sector = sector };
}

static struct sbd_request
ask_sleep(struct sbd_task *t, uint32_t seconds, enum state then)
{
    t->state = then;
    return (struct sbd_request){ .want = SBD_WANT_SLEEP, .seconds = seconds };
}

static struct sbd_request
finish(struct sbd_task *t, enum sbd_result result)
{
    t->state = ST_END;
    t->result = result;
    return (struct sbd_request){ .want = SBD_WANT_END };
}

/* The end because of a failure: a watcher has an exit status of its own for that. */
static struct sbd_request
give_up(struct sbd_task *t, enum sbd_note note)
{
    t->note = note;
    return finish(t, t->kind == SBD_TASK_WATCH ? SBD_RESULT_IO : SBD_RESULT_FAILED);
}

static const struct sbd_entry empty = { .mark = 0 };

/* --- preparing --- */

static void
prepare(struct sbd_task *t, enum sbd_task_kind kind, uint8_t *buffer, size_t sector_size,
        const char *node)
{
    assert(sector_size >= SBD_SECTOR_MIN && (node == NULL || strlen(node) <= SBD_NAME_MAX));
    memset(t, 0, sizeof(*t));
    t->kind = kind;
    t->buffer = buffer;
    t->sector_size = sector_size;
    t->state = ST_BEGIN;
    if (node != NULL) {
        strcpy(t->node, node);
    }
}

void
sbd_task_create(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const struct sbd_header *h)
{
    prepare(t, SBD_TASK_CREATE, buffer, sector_size, NULL);
    t->header = *h;
}

void
sbd_task_allocate(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node)
{
    prepare(t, SBD_TASK_ALLOCATE, buffer, sector_size, node);
}

void
sbd_task_send(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
              enum sbd_command command, const char *sender)
{
    prepare(t, SBD_TASK_SEND, buffer, sector_size, node);
    t->message = sbd_entry_of(command, sender);
}

void
sbd_task_ping(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
              const char *sender)
{
    prepare(t, SBD_TASK_PING, buffer, sector_size, node);
    t->message = sbd_entry_of(SBD_CMD_TEST, sender);
}

void
sbd_task_release(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
                 const char *sender)
{
    prepare(t, SBD_TASK_RELEASE, buffer, sector_size, node);
    t->message = sbd_entry_of(SBD_CMD_TEST, sender);
}

void
sbd_task_watch(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
               unsigned flags, const struct sbd_header *first)
{
    prepare(t, SBD_TASK_WATCH, buffer, sector_size, node);
    t->flags = flags;
    t->compare = first != NULL;
    if (first != NULL) {
        t->first = *first;
    }
}

/* --- finding and taking a slot --- */

static struct sbd_request
scan_from_start(struct sbd_task *t)
{
    t->at = 0;
    t->first_free = -1;
    return ask_read(t, sbd_slot_sector(0), ST_SCAN);
}

/* Tasks that make a slot for a node that has none. */
static bool
may_allocate(const struct sbd_task *t)
{
    return t->kind == SBD_TASK_ALLOCATE || t->kind == SBD_TASK_WATCH;
}

static struct sbd_request
slot_known(struct sbd_task *t)
{
    switch (t->kind) {
    case SBD_TASK_WATCH:
        t->note = SBD_NOTE_OWNED;
        return ask_read(t, sbd_slot_sector(t->slot), ST_OWN_SLOT);
    case SBD_TASK_SEND:
    case SBD_TASK_PING:
    case SBD_TASK_RELEASE:
        return ask_read(t, sbd_mailbox_sector(t->slot), ST_LOOKED);
    default:
        t->note = SBD_NOTE_OWNED;
        return finish(t, SBD_RESULT_OK);
    }
}

/* The whole disk was searched without finding the node. */
static struct sbd_request
slot_unknown(struct sbd_task *t)
{
    struct sbd_entry own;

    if (!may_allocate(t)) {
        return give_up(t, SBD_NOTE_NO_SLOT);
    }
    if (t->first_free < 0) {
        return give_up(t, SBD_NOTE_FULL);
    }
    t->slot = (unsigned)t->first_free;
    t->note = SBD_NOTE_TRY_SLOT;
    own = sbd_entry_of(1, t->node);
    return ask_write(t, sbd_slot_sector(t->slot), &own, ST_TAKEN);
}

static struct sbd_request
scanned(struct sbd_task *t)
{
    struct sbd_entry e;

    sbd_entry_decode(t->buffer, &e);
    if (sbd_slot_is_of(&e, t->node)) {
        t->slot = t->at;
        return slot_known(t);
    }
    if (e.mark == 0 && t->first_free < 0) {
        t->first_free = (int)t->at;
    }
    if (++t->at < t->header.slots) {
        return ask_read(t, sbd_slot_sector(t->at), ST_SCAN);
    }
    return slot_unknown(t);
}

static struct sbd_request
header_read(struct sbd_task *t)
{
    t->header_error = sbd_header_decode(t->buffer, t->sector_size, &t->header);
    if (t->header_error != SBD_HEADER_OK) {
        return give_up(t, SBD_NOTE_BAD_HEADER);
    }
    if (t->compare && !sbd_same_timeouts(&t->header, &t->first)) {
        return give_up(t, SBD_NOTE_TIMEOUTS_DIFFER);
    }
    memcpy(t->seen_header, t->buffer, SBD_HEADER_BYTES);
    if (t->header.slots == 0) {
        return give_up(t, may_allocate(t) ? SBD_NOTE_FULL : SBD_NOTE_NO_SLOT);
    }
    return scan_from_start(t);
}

/* --- create --- */

static struct sbd_request
init_next_slot(struct sbd_task *t)
{
    if (t->at >= t->header.slots) {
        return finish(t, SBD_RESULT_OK);
    }
    return ask_write(t, sbd_slot_sector(t->at), &empty, ST_INIT_SLOT);
}

/* --- sending --- */

static bool
is_kill(int command)
{
    return command == SBD_CMD_RESET || command == SBD_CMD_OFF || command == SBD_CMD_CRASHDUMP;
}

static struct sbd_request
write_message(struct sbd_task *t)
{
    t->tries++;
    return ask_write(t, sbd_mailbox_sector(t->slot), &t->message, ST_SENT);
}

/* What lies in the mailbox before we write: an order to kill must not get lost by a mere test. */
static struct sbd_request
looked(struct sbd_task *t)
{
    sbd_entry_decode(t->buffer, &t->found);
    if (is_kill(t->found.mark)) {
        if (t->message.mark == SBD_CMD_TEST) {
            return give_up(t, SBD_NOTE_PENDING_KILL);
        }
        if (!is_kill(t->message.mark)) {
            t->note = SBD_NOTE_REPLACED;
        }
    }
    return write_message(t);
}

static struct sbd_request
delivered(struct sbd_task *t)
{
    t->note = SBD_NOTE_DELIVERED;
    if (t->kind != SBD_TASK_SEND) {
        return ask_sleep(t, 1, ST_POLL_PAUSE);
    }
    if (t->message.mark == SBD_CMD_EXIT) {
        return finish(t, SBD_RESULT_OK);
    }
    return ask_sleep(t, t->header.msgwait_s, ST_WAITED);
}

static struct sbd_request
try_again(struct sbd_task *t, enum sbd_note note)
{
    if (t->tries >= SEND_TRIES) {
        return give_up(t, note);
    }
    t->note = note;
    return ask_sleep(t, 1, ST_RETRY);
}

/*
 * Is the message there?  The receiver may have taken a `test` in between; somebody else's order to
 * kill is as good as ours.  Anything else means that it was not written.
 */
static struct sbd_request
verified(struct sbd_task *t)
{
    struct sbd_entry there;

    if (sbd_sector_holds(t->buffer, t->sector_size, &t->message)) {
        return delivered(t);
    }
    sbd_entry_decode(t->buffer, &there);
    if ((t->message.mark == SBD_CMD_TEST && there.mark == SBD_CMD_CLEAR) ||
        (is_kill(t->message.mark) && is_kill(there.mark))) {
        return delivered(t);
    }
    return try_again(t, SBD_NOTE_NOT_DELIVERED);
}

/* Ping and release: has the `test` been taken? */
static struct sbd_request
polled(struct sbd_task *t)
{
    bool taken = !sbd_sector_holds(t->buffer, t->sector_size, &t->message);

    if (taken) {
        if (t->kind == SBD_TASK_PING) {
            return finish(t, SBD_RESULT_OK);
        }
        return give_up(t, SBD_NOTE_IN_USE);
    }
    if (++t->waited_s < t->header.msgwait_s) {
        return ask_sleep(t, 1, ST_POLL_PAUSE);
    }
    if (t->kind == SBD_TASK_PING) {
        return finish(t, SBD_RESULT_FAILED);
    }
    return ask_write(t, sbd_slot_sector(t->slot), &empty, ST_FREED);
}

/* --- watching --- */

static struct sbd_request
begin_watching(struct sbd_task *t)
{
    t->note = SBD_NOTE_MONITORING;
    return ask_sleep(t, 0, ST_ROUND);
}

static struct sbd_request
inbox_at_start(struct sbd_task *t)
{
    sbd_entry_decode(t->buffer, &t->found);
    if ((t->flags & SBD_WATCH_CLEAN) && t->found.mark != SBD_CMD_CLEAR &&
        t->found.mark != SBD_CMD_EXIT) {
        t->note = SBD_NOTE_FENCING_MESSAGE;
        return finish(t, SBD_RESULT_REFUSE);
    }
    return ask_write(t, sbd_mailbox_sector(t->slot), &empty, ST_EMPTIED);
}

static struct sbd_request
round_is_good(struct sbd_task *t)
{
    t->alive = true;
    return ask_sleep(t, t->header.loop_s > 0 ? t->header.loop_s : 1, ST_ROUND);
}

/* A message for us: the table of spec 65 §2. */
static struct sbd_request
round_inbox(struct sbd_task *t)
{
    sbd_entry_decode(t->buffer, &t->found);
    if (t->found.mark <= 0) {
        return round_is_good(t);
    }
    t->note = SBD_NOTE_RECEIVED;
    switch (t->found.mark) {
    case SBD_CMD_RESET:
        return finish(t, SBD_RESULT_RESET);
    case SBD_CMD_OFF:
        return finish(t, SBD_RESULT_OFF);
    case SBD_CMD_CRASHDUMP:
        return finish(t, SBD_RESULT_CRASHDUMP);
    case SBD_CMD_EXIT:
        return finish(t, SBD_RESULT_STOP);
    case SBD_CMD_TEST:
        break;
    default:
        t->note = SBD_NOTE_RECEIVED_UNKNOWN;
        break;
    }
    return ask_write(t, sbd_mailbox_sector(t->slot), &empty, ST_ROUND_EMPTIED);
}

static struct sbd_request
round_header(struct sbd_task *t)
{
    if (memcmp(t->buffer, t->seen_header, SBD_HEADER_BYTES) != 0) {
        return give_up(t, SBD_NOTE_HEADER_CHANGED);
    }
    return ask_read(t, sbd_slot_sector(t->slot), ST_ROUND_SLOT);
}

static struct sbd_request
round_slot(struct sbd_task *t)
{
    if (memcmp(t->buffer, t->seen_slot, SBD_ENTRY_BYTES) != 0) {
        return give_up(t, SBD_NOTE_SLOT_CHANGED);
    }
    return ask_read(t, sbd_mailbox_sector(t->slot), ST_ROUND_INBOX);
}

/* --- the machine --- */

/* A message that cannot be written is tried again; every other failing sector ends the task. */
static struct sbd_request
failed(struct sbd_task *t)
{
    if (t->state == ST_SENT || t->state == ST_VERIFY) {
        return try_again(t, SBD_NOTE_IO);
    }
    return give_up(t, SBD_NOTE_IO);
}

struct sbd_request
sbd_task_next(struct sbd_task *t, bool ok)
{
    enum state state = (enum state)t->state;

    t->note = SBD_NOTE_NONE;
    t->alive = false;
    if (!ok && state != ST_BEGIN && state != ST_END) {
        return failed(t);
    }
    switch (state) {
    case ST_BEGIN:
        if (t->kind == SBD_TASK_CREATE) {
            sbd_header_encode(&t->header, t->buffer, t->sector_size);
            t->state = ST_INIT_HEADER;
            return (struct sbd_request){ .want = SBD_WANT_WRITE, .sector = 0 };
        }
        return ask_read(t, 0, ST_HEADER);
    case ST_HEADER:
        return header_read(t);
    case ST_SCAN:
        return scanned(t);
    case ST_TAKEN:
        /* Somebody may have written the same slot: after this pause one of us does not find himself
         * any more. */
        return ask_sleep(t, t->header.allocate_s, ST_SETTLE);
    case ST_SETTLE:
        return scan_from_start(t);
    case ST_INIT_HEADER:
        return init_next_slot(t);
    case ST_INIT_SLOT:
        return ask_write(t, sbd_mailbox_sector(t->at), &empty, ST_INIT_MAILBOX);
    case ST_INIT_MAILBOX:
        t->at++;
        return init_next_slot(t);
    case ST_LOOKED:
        return looked(t);
    case ST_SENT:
        return ask_read(t, sbd_mailbox_sector(t->slot), ST_VERIFY);
    case ST_VERIFY:
        return verified(t);
    case ST_RETRY:
        return write_message(t);
    case ST_WAITED:
    case ST_FREED:
        return finish(t, SBD_RESULT_OK);
    case ST_POLL_PAUSE:
        return ask_read(t, sbd_mailbox_sector(t->slot), ST_POLL);
    case ST_POLL:
        return polled(t);
    case ST_OWN_SLOT:
        memcpy(t->seen_slot, t->buffer, SBD_ENTRY_BYTES);
        if (t->flags & SBD_WATCH_FIRST) {
            return ask_read(t, sbd_mailbox_sector(t->slot), ST_INBOX);
        }
        return begin_watching(t);
    case ST_INBOX:
        return inbox_at_start(t);
    case ST_EMPTIED:
        return begin_watching(t);
    case ST_ROUND:
        return ask_read(t, 0, ST_ROUND_HEADER);
    case ST_ROUND_HEADER:
        return round_header(t);
    case ST_ROUND_SLOT:
        return round_slot(t);
    case ST_ROUND_INBOX:
        return round_inbox(t);
    case ST_ROUND_EMPTIED:
        return round_is_good(t);
    case ST_END:
        break;
    }
    return finish(t, t->result);
}
