/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of an SBD disk, and what is done on it, on a disk in memory that may fail or be written
 * by others in between. (spec 65 §2, §4, §5.4, §8)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons/sbd/sbd_core.h"

#define SECTOR      512
#define STILL_AT_IT ((enum sbd_result)99) /* the task has not ended yet */

/* --- fixture: a disk in memory, and somebody who carries tasks out --- */

struct disk {
    uint8_t bytes[SBD_SECTORS][SECTOR];
    bool dead;         /* every read and write fails */
    bool read_only;    /* every write fails */
    bool loses_writes; /* says yes and writes nothing */
    unsigned seconds;  /* slept by the task */
    enum sbd_note notes[32];
    unsigned n_notes;
    unsigned alive; /* good rounds of a watcher */
    /* Called before each sleep, as what happens on the disk meanwhile. */
    void (*meanwhile)(struct disk *d);
};

static struct disk d;
static uint8_t buffer[SECTOR];

static const struct sbd_header header = {
    .major = 2,
    .minor = 1,
    .slots = SBD_SLOTS,
    .sector_size = SECTOR,
    .watchdog_s = 5,
    .allocate_s = 2,
    .loop_s = 1,
    .msgwait_s = 10,
    .uuid = { 0xe7, 0xbd, 0xb8, 0xff },
};

/* Carry out at most `steps` of a task. */
static enum sbd_result
run(struct sbd_task *t, unsigned steps)
{
    bool ok = true;

    while (steps-- > 0) {
        struct sbd_request r = sbd_task_next(t, ok);

        if (t->note != SBD_NOTE_NONE && d.n_notes < 32) {
            d.notes[d.n_notes++] = t->note;
        }
        d.alive += t->alive;
        ok = !d.dead;
        switch (r.want) {
        case SBD_WANT_READ:
            assert_true(r.sector < SBD_SECTORS);
            if (ok) {
                memcpy(buffer, d.bytes[r.sector], SECTOR);
            }
            break;
        case SBD_WANT_WRITE:
            assert_true(r.sector < SBD_SECTORS);
            ok = ok && !d.read_only;
            if (ok && !d.loses_writes) {
                memcpy(d.bytes[r.sector], buffer, SECTOR);
            }
            break;
        case SBD_WANT_SLEEP:
            d.seconds += r.seconds;
            ok = true;
            if (d.meanwhile != NULL) {
                d.meanwhile(&d);
            }
            break;
        case SBD_WANT_END:
            return t->result;
        }
    }
    return STILL_AT_IT;
}

static bool
noted(enum sbd_note note)
{
    for (unsigned i = 0; i < d.n_notes; i++) {
        if (d.notes[i] == note) {
            return true;
        }
    }
    return false;
}

static void
forget(void)
{
    d.n_notes = d.seconds = d.alive = 0;
}

/* A fresh disk. */
static int
setup(void **state)
{
    struct sbd_task t;

    (void)state;
    memset(&d, 0xee, sizeof(d.bytes));
    memset((char *)&d + sizeof(d.bytes), 0, sizeof(d) - sizeof(d.bytes));
    sbd_task_create(&t, buffer, SECTOR, &header);
    assert_int_equal(run(&t, 10000), SBD_RESULT_OK);
    forget();
    return 0;
}

static enum sbd_result
allocate(const char *node)
{
    struct sbd_task t;

    sbd_task_allocate(&t, buffer, SECTOR, node);
    return run(&t, 10000);
}

static enum sbd_result
message(const char *node, enum sbd_command command, const char *sender)
{
    struct sbd_task t;

    sbd_task_send(&t, buffer, SECTOR, node, command, sender);
    return run(&t, 10000);
}

static struct sbd_entry
entry(uint32_t sector)
{
    struct sbd_entry e;

    sbd_entry_decode(d.bytes[sector], &e);
    return e;
}

static void
put(uint32_t sector, int mark, const char *name)
{
    struct sbd_entry e = sbd_entry_of(mark, name);

    sbd_entry_encode(&e, d.bytes[sector], SECTOR);
}

/* --- bytes --- */

static void
a_header_has_just_these_bytes(void **state)
{
    static const uint8_t expected[SBD_HEADER_BYTES] = {
        'S', 'B', 'D', '_', 'S', 'B', 'D', '_', 2, 255, 0, 0, 0,  0, 2,    0,    0,    0,    0,
        5,   0,   0,   0,   2,   0,   0,   0,   1, 0,   0, 0, 10, 1, 0xe7, 0xbd, 0xb8, 0xff,
    };
    struct sbd_header back;

    (void)state;
    assert_memory_equal(d.bytes[0], expected, sizeof(expected));
    for (unsigned i = SBD_HEADER_BYTES; i < SECTOR; i++) {
        assert_int_equal(d.bytes[0][i], 0);
    }
    assert_int_equal(sbd_header_decode(d.bytes[0], SECTOR, &back), SBD_HEADER_OK);
    assert_memory_equal(&back, &header, sizeof(back));
}

static void
create_empties_all_slots_and_mailboxes(void **state)
{
    (void)state;
    for (unsigned i = 1; i < SBD_SECTORS; i++) {
        for (unsigned j = 0; j < SECTOR; j++) {
            assert_int_equal(d.bytes[i][j], 0);
        }
    }
}

static void
slots_and_mailboxes_lie_where_the_peers_look(void **state)
{
    (void)state;
    assert_int_equal(allocate("alice"), SBD_RESULT_OK);
    assert_int_equal(message("alice", SBD_CMD_EXIT, "bob"), SBD_RESULT_OK);
    assert_memory_equal(d.bytes[1], "\1alice\0", 7);
    assert_memory_equal(d.bytes[2], "\4bob\0", 5);
}

static void
only_magic_version_and_sector_size_make_a_header_invalid(void **state)
{
    struct sbd_header h;
    uint8_t bytes[SECTOR];

    (void)state;
    for (unsigned i = 0; i < SBD_HEADER_BYTES; i++) {
        enum sbd_header_error expected = i < 8               ? SBD_HEADER_MAGIC
                                         : i == 8            ? SBD_HEADER_VERSION
                                         : i >= 12 && i < 16 ? SBD_HEADER_SECTOR_SIZE
                                                             : SBD_HEADER_OK;

        memcpy(bytes, d.bytes[0], SECTOR);
        bytes[i] ^= 0x55;
        assert_int_equal(sbd_header_decode(bytes, SECTOR, &h), expected);
    }
    assert_int_equal(sbd_header_decode(d.bytes[0], 4096, &h), SBD_HEADER_SECTOR_SIZE);
}

static void
commands_have_their_words_and_negative_ones_have_none(void **state)
{
    static const char *const words[] = { "clear", "test", "reset", "off", "exit", "crashdump" };
    enum sbd_command c;

    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_string_equal(sbd_command_word(i), words[i]);
        assert_true(sbd_command_parse(words[i], &c) && c == (enum sbd_command)i);
    }
    assert_string_equal(sbd_command_word(6), "undefined");
    assert_string_equal(sbd_command_word(-1), "undefined");
    assert_false(sbd_command_parse("Reset", &c));
    assert_false(sbd_command_parse("undefined", &c));
    assert_false(sbd_command_parse("", &c));
}

/* --- slots --- */

static void
a_node_finds_its_slot_whatever_the_case(void **state)
{
    (void)state;
    assert_int_equal(allocate("alice"), SBD_RESULT_OK);
    assert_int_equal(allocate("ALICE"), SBD_RESULT_OK);
    assert_int_equal(d.seconds, header.allocate_s); /* the second time nothing was taken */
    assert_int_equal(entry(sbd_slot_sector(1)).mark, 0);
}

static void
the_first_free_slot_is_taken_and_gaps_are_filled(void **state)
{
    (void)state;
    allocate("a");
    allocate("b");
    allocate("c");
    put(sbd_slot_sector(1), 0, "");
    assert_int_equal(allocate("c"), SBD_RESULT_OK);
    assert_int_equal(entry(sbd_slot_sector(1)).mark, 0);
    assert_int_equal(allocate("d"), SBD_RESULT_OK);
    assert_string_equal(entry(sbd_slot_sector(1)).name, "d");
}

static void
another_writes_the_same_slot(struct disk *disk)
{
    (void)disk;
    put(sbd_slot_sector(0), 1, "rival");
    d.meanwhile = NULL;
}

static void
who_was_overwritten_takes_the_next_slot(void **state)
{
    (void)state;
    d.meanwhile = another_writes_the_same_slot;
    assert_int_equal(allocate("alice"), SBD_RESULT_OK);
    assert_string_equal(entry(sbd_slot_sector(0)).name, "rival");
    assert_string_equal(entry(sbd_slot_sector(1)).name, "alice");
    assert_int_equal(d.seconds, 2 * header.allocate_s);
}

static void
a_full_disk_says_so_but_knows_its_owners(void **state)
{
    char name[16];

    (void)state;
    for (unsigned i = 0; i < SBD_SLOTS; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        put(sbd_slot_sector(i), 1, name);
    }
    assert_int_equal(allocate("one-more"), SBD_RESULT_FAILED);
    assert_true(noted(SBD_NOTE_FULL));
    assert_int_equal(allocate("n254"), SBD_RESULT_OK);
}

static void
the_header_says_how_many_slots_there_are(void **state)
{
    (void)state;
    d.bytes[0][9] = 1;
    assert_int_equal(allocate("a"), SBD_RESULT_OK);
    assert_int_equal(allocate("b"), SBD_RESULT_FAILED);
    d.bytes[0][9] = 0;
    assert_int_equal(allocate("a"), SBD_RESULT_FAILED);
}

static void
no_slot_is_taken_on_a_disk_that_cannot_be_read(void **state)
{
    (void)state;
    d.dead = true;
    assert_int_equal(allocate("a"), SBD_RESULT_FAILED);
    assert_true(noted(SBD_NOTE_IO));
}

/* --- messages --- */

static void
a_message_waits_for_msgwait_and_exit_does_not(void **state)
{
    (void)state;
    allocate("alice");
    forget();
    assert_int_equal(message("alice", SBD_CMD_RESET, "bob"), SBD_RESULT_OK);
    assert_int_equal(d.seconds, header.msgwait_s);
    forget();
    assert_int_equal(message("alice", SBD_CMD_EXIT, "bob"), SBD_RESULT_OK);
    assert_int_equal(d.seconds, 0);
}

static void
nothing_is_delivered_to_a_node_without_slot(void **state)
{
    (void)state;
    assert_int_equal(message("nobody", SBD_CMD_RESET, "bob"), SBD_RESULT_FAILED);
    assert_true(noted(SBD_NOTE_NO_SLOT));
    assert_int_equal(entry(sbd_slot_sector(0)).mark, 0);
}

static void
a_failed_write_is_never_a_success(void **state)
{
    (void)state;
    allocate("alice");
    d.read_only = true;
    assert_int_equal(message("alice", SBD_CMD_RESET, "bob"), SBD_RESULT_FAILED);
    assert_true(d.seconds < header.msgwait_s);
}

static void
a_write_that_was_lost_is_never_a_success(void **state)
{
    (void)state;
    allocate("alice");
    d.loses_writes = true;
    assert_int_equal(message("alice", SBD_CMD_RESET, "bob"), SBD_RESULT_FAILED);
    assert_true(noted(SBD_NOTE_NOT_DELIVERED));
}

static void
a_test_does_not_wipe_out_an_order_to_kill(void **state)
{
    static const enum sbd_command orders[] = { SBD_CMD_RESET, SBD_CMD_OFF, SBD_CMD_CRASHDUMP };

    (void)state;
    allocate("alice");
    for (unsigned i = 0; i < 3; i++) {
        put(sbd_mailbox_sector(0), orders[i], "bob");
        assert_int_equal(message("alice", SBD_CMD_TEST, "carol"), SBD_RESULT_FAILED);
        assert_int_equal(entry(sbd_mailbox_sector(0)).mark, orders[i]);
        assert_int_equal(message("alice", SBD_CMD_CLEAR, "carol"), SBD_RESULT_OK);
        assert_int_equal(entry(sbd_mailbox_sector(0)).mark, SBD_CMD_CLEAR);
    }
}

static void
the_receiver_takes_the_test(struct disk *disk)
{
    (void)disk;
    put(sbd_mailbox_sector(0), SBD_CMD_CLEAR, "");
}

static void
a_ping_succeeds_when_the_test_was_taken_and_only_then(void **state)
{
    struct sbd_task t;

    (void)state;
    allocate("alice");
    forget();
    sbd_task_ping(&t, buffer, SECTOR, "alice", "bob");
    assert_int_equal(run(&t, 10000), SBD_RESULT_FAILED);
    assert_int_equal(d.seconds, header.msgwait_s);
    d.meanwhile = the_receiver_takes_the_test;
    sbd_task_ping(&t, buffer, SECTOR, "alice", "bob");
    assert_int_equal(run(&t, 10000), SBD_RESULT_OK);
}

static void
the_slot_of_a_living_node_is_not_released(void **state)
{
    struct sbd_task t;

    (void)state;
    allocate("alice");
    d.meanwhile = the_receiver_takes_the_test;
    sbd_task_release(&t, buffer, SECTOR, "alice", "bob");
    assert_int_equal(run(&t, 10000), SBD_RESULT_FAILED);
    assert_true(noted(SBD_NOTE_IN_USE));
    assert_string_equal(entry(sbd_slot_sector(0)).name, "alice");
    d.meanwhile = NULL;
    sbd_task_release(&t, buffer, SECTOR, "alice", "bob");
    assert_int_equal(run(&t, 10000), SBD_RESULT_OK);
    assert_int_equal(entry(sbd_slot_sector(0)).mark, 0);
}

static void
more_than_half_of_the_disks_deliver(void **state)
{
    static const struct {
        unsigned disks, succeeded, failed;
        enum sbd_delivery expected;
    } table[] = {
        { 1, 1, 0, SBD_DELIVERY_DONE },   { 1, 0, 1, SBD_DELIVERY_FAILED },
        { 2, 1, 0, SBD_DELIVERY_OPEN },   { 2, 1, 1, SBD_DELIVERY_FAILED },
        { 2, 2, 0, SBD_DELIVERY_DONE },   { 3, 1, 0, SBD_DELIVERY_OPEN },
        { 3, 2, 0, SBD_DELIVERY_DONE },   { 3, 2, 1, SBD_DELIVERY_DONE },
        { 3, 1, 2, SBD_DELIVERY_FAILED }, { 3, 0, 2, SBD_DELIVERY_OPEN },
        { 0, 0, 0, SBD_DELIVERY_FAILED },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(sbd_delivery(table[i].disks, table[i].succeeded, table[i].failed),
                         table[i].expected);
    }
}

/* --- watching --- */

static enum sbd_result
watch(unsigned flags, unsigned steps, const struct sbd_header *first)
{
    struct sbd_task t;

    sbd_task_watch(&t, buffer, SECTOR, "alice", flags, first);
    return run(&t, steps);
}

static void
a_watcher_takes_a_slot_and_reports_each_round(void **state)
{
    (void)state;
    assert_int_equal(watch(SBD_WATCH_FIRST, 2000, &header), STILL_AT_IT);
    assert_string_equal(entry(sbd_slot_sector(0)).name, "alice");
    assert_true(noted(SBD_NOTE_MONITORING));
    assert_true(d.alive > 100);
}

static void
an_order_ends_the_watcher_with_its_status(void **state)
{
    static const struct {
        int command;
        enum sbd_result result;
    } table[] = {
        { SBD_CMD_RESET, SBD_RESULT_RESET },
        { SBD_CMD_OFF, SBD_RESULT_OFF },
        { SBD_CMD_EXIT, SBD_RESULT_STOP },
        { SBD_CMD_CRASHDUMP, SBD_RESULT_CRASHDUMP },
    };

    (void)state;
    allocate("alice");
    for (unsigned i = 0; i < 4; i++) {
        put(sbd_mailbox_sector(0), table[i].command, "bob");
        assert_int_equal(watch(0, 10000, &header), table[i].result);
        assert_int_equal(entry(sbd_mailbox_sector(0)).mark,
                         table[i].command); /* it stays visible */
    }
}

static void
tests_and_unknown_commands_are_taken_negative_ones_stay(void **state)
{
    (void)state;
    allocate("alice");
    put(sbd_mailbox_sector(0), SBD_CMD_TEST, "bob");
    assert_int_equal(watch(0, 2000, &header), STILL_AT_IT);
    assert_true(noted(SBD_NOTE_RECEIVED));
    assert_int_equal(entry(sbd_mailbox_sector(0)).mark, 0);
    put(sbd_mailbox_sector(0), 9, "bob");
    assert_int_equal(watch(0, 2000, &header), STILL_AT_IT);
    assert_true(noted(SBD_NOTE_RECEIVED_UNKNOWN));
    assert_int_equal(entry(sbd_mailbox_sector(0)).mark, 0);
    put(sbd_mailbox_sector(0), -1, "bob");
    assert_int_equal(watch(0, 2000, &header), STILL_AT_IT);
    assert_int_equal(entry(sbd_mailbox_sector(0)).mark, -1);
}

static void
the_first_start_empties_the_mailbox_a_restart_obeys_it(void **state)
{
    (void)state;
    allocate("alice");
    put(sbd_mailbox_sector(0), SBD_CMD_RESET, "bob");
    assert_int_equal(watch(SBD_WATCH_FIRST, 2000, &header), STILL_AT_IT);
    put(sbd_mailbox_sector(0), SBD_CMD_RESET, "bob");
    assert_int_equal(watch(0, 2000, &header), SBD_RESULT_RESET);
}

static void
start_mode_clean_refuses_everything_but_clear_and_exit(void **state)
{
    (void)state;
    allocate("alice");
    for (int command = 1; command < 128; command++) {
        put(sbd_mailbox_sector(0), command, "bob");
        if (command == SBD_CMD_EXIT) {
            assert_int_equal(watch(SBD_WATCH_FIRST | SBD_WATCH_CLEAN, 2000, &header), STILL_AT_IT);
        } else {
            assert_int_equal(watch(SBD_WATCH_FIRST | SBD_WATCH_CLEAN, 2000, &header),
                             SBD_RESULT_REFUSE);
            assert_int_equal(entry(sbd_mailbox_sector(0)).mark, command);
        }
    }
}

static void
a_disk_with_other_timeouts_is_refused(void **state)
{
    struct sbd_header other = header;

    (void)state;
    other.msgwait_s = 20;
    assert_int_equal(watch(SBD_WATCH_FIRST, 2000, &other), SBD_RESULT_IO);
    assert_true(noted(SBD_NOTE_TIMEOUTS_DIFFER));
}

static void
header_is_wiped(struct disk *disk)
{
    (void)disk;
    if (d.alive == 3) {
        memset(d.bytes[0], 0, SECTOR);
    }
}

static void
slot_is_overwritten(struct disk *disk)
{
    (void)disk;
    if (d.alive == 3) {
        put(sbd_slot_sector(0), 1, "mallory");
    }
}

static void
disk_dies(struct disk *disk)
{
    (void)disk;
    d.dead = d.alive == 3;
}

static void
what_changes_under_a_watcher_ends_it(void **state)
{
    (void)state;
    allocate("alice");
    d.meanwhile = header_is_wiped;
    assert_int_equal(watch(0, 2000, &header), SBD_RESULT_IO);
    assert_true(noted(SBD_NOTE_HEADER_CHANGED));
    assert_int_equal(d.alive, 3);
    setup(state);
    allocate("alice");
    d.meanwhile = slot_is_overwritten;
    assert_int_equal(watch(0, 2000, &header), SBD_RESULT_IO);
    assert_true(noted(SBD_NOTE_SLOT_CHANGED));
    setup(state);
    allocate("alice");
    d.meanwhile = disk_dies;
    assert_int_equal(watch(0, 2000, &header), SBD_RESULT_IO);
    assert_true(noted(SBD_NOTE_IO));
}

/* --- hostile disks --- */

static void
random_sectors_crash_nothing_and_deliver_nothing(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 300; round++) {
        for (unsigned i = 0; i < SBD_SECTORS; i++) {
            for (unsigned j = 0; j < 70; j++) {
                d.bytes[i][j] = (uint8_t)rand();
            }
        }
        if (round % 3 != 0) { /* a good header over rubbish */
            sbd_header_encode(&header, d.bytes[0], SECTOR);
            d.bytes[0][9] = (uint8_t)rand();
        }
        forget();
        assert_int_not_equal(message("alice", SBD_CMD_RESET, "bob"), SBD_RESULT_OK);
        watch(SBD_WATCH_FIRST, 1000, NULL);
        watch(0, 1000, &header);
        allocate("alice");
    }
}

static void
a_name_without_end_is_cut_and_never_read_past(void **state)
{
    struct sbd_entry e;
    uint8_t bytes[SECTOR];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    sbd_entry_decode(bytes, &e);
    assert_int_equal(strlen(e.name), SBD_NAME_MAX);
    sbd_entry_encode(&e, bytes, SECTOR);
    assert_int_equal(bytes[SBD_NAME_MAX + 1], 0);
    assert_false(sbd_name_is_sound(""));
    assert_false(sbd_name_is_sound("a\033[31mb"));
    assert_true(sbd_name_is_sound("node-1.example"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
    const struct CMUnitTest tests[] = {
        T(a_header_has_just_these_bytes),
        T(create_empties_all_slots_and_mailboxes),
        T(slots_and_mailboxes_lie_where_the_peers_look),
        T(only_magic_version_and_sector_size_make_a_header_invalid),
        T(commands_have_their_words_and_negative_ones_have_none),
        T(a_node_finds_its_slot_whatever_the_case),
        T(the_first_free_slot_is_taken_and_gaps_are_filled),
        T(who_was_overwritten_takes_the_next_slot),
        T(a_full_disk_says_so_but_knows_its_owners),
        T(the_header_says_how_many_slots_there_are),
        T(no_slot_is_taken_on_a_disk_that_cannot_be_read),
        T(a_message_waits_for_msgwait_and_exit_does_not),
        T(nothing_is_delivered_to_a_node_without_slot),
        T(a_failed_write_is_never_a_success),
        T(a_write_that_was_lost_is_never_a_success),
        T(a_test_does_not_wipe_out_an_order_to_kill),
        T(a_ping_succeeds_when_the_test_was_taken_and_only_then),
        T(the_slot_of_a_living_node_is_not_released),
        T(more_than_half_of_the_disks_deliver),
        T(a_watcher_takes_a_slot_and_reports_each_round),
        T(an_order_ends_the_watcher_with_its_status),
        T(tests_and_unknown_commands_are_taken_negative_ones_stay),
        T(the_first_start_empties_the_mailbox_a_restart_obeys_it),
        T(start_mode_clean_refuses_everything_but_clear_and_exit),
        T(a_disk_with_other_timeouts_is_refused),
        T(what_changes_under_a_watcher_ends_it),
        T(random_sectors_crash_nothing_and_deliver_nothing),
        T(a_name_without_end_is_cut_and_never_read_past),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
