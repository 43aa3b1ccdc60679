/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SBD disk that anybody may have scribbled over: header, slots and mailboxes decoded, and every
 * task run on it.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemons/sbd/sbd_core.h"

#define SECTOR 512
#define STEPS  1200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t disk[SBD_SECTORS][SECTOR];

/* Half of the inputs get a valid magic, version and sector size, otherwise nothing behind the
 * header is ever looked at. */
static void
fill(const uint8_t *data, size_t size)
{
    memset(disk, 0, sizeof(disk));
    for (size_t i = 0; i * SBD_ENTRY_BYTES < size && i < SBD_SECTORS; i++) {
        size_t left = size - i * SBD_ENTRY_BYTES;

        memcpy(disk[i], data + i * SBD_ENTRY_BYTES,
               left < SBD_ENTRY_BYTES ? left : SBD_ENTRY_BYTES);
    }
    if (size > 0 && data[0] & 1) {
        memcpy(disk[0], "SBD_SBD_\2", 9);
        memcpy(disk[0] + 12, "\0\0\2\0", 4);
    }
}

static void
run(struct sbd_task *t, uint8_t *buffer)
{
    for (unsigned i = 0; i < STEPS; i++) {
        struct sbd_request r = sbd_task_next(t, true);

        if (r.want == SBD_WANT_END) {
            break;
        }
        if (r.want != SBD_WANT_SLEEP) {
            assert(r.sector < SBD_SECTORS);
            memcpy(r.want == SBD_WANT_READ ? buffer : disk[r.sector],
                   r.want == SBD_WANT_READ ? disk[r.sector] : buffer, SECTOR);
        }
        assert(strlen(t->found.name) <= SBD_NAME_MAX);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t buffer[SECTOR], again[SECTOR];
    struct sbd_header h;
    struct sbd_task t;

    fill(data, size);
    if (sbd_header_decode(disk[0], SECTOR, &h) == SBD_HEADER_OK) {
        struct sbd_header back;

        sbd_header_encode(&h, again, SECTOR);
        assert(sbd_header_decode(again, SECTOR, &back) == SBD_HEADER_OK &&
               memcmp(&h, &back, sizeof(h)) == 0);
    }
    sbd_task_send(&t, buffer, SECTOR, "alice", SBD_CMD_RESET, "bob");
    run(&t, buffer);
    sbd_task_release(&t, buffer, SECTOR, "alice", "bob");
    run(&t, buffer);
    sbd_task_watch(&t, buffer, SECTOR, "alice", SBD_WATCH_FIRST | SBD_WATCH_CLEAN, NULL);
    run(&t, buffer);
    sbd_task_allocate(&t, buffer, SECTOR, "alice");
    run(&t, buffer);
    /* Whatever was there: after a successful allocation the owner is found, and his order arrives.
     */
    if (t.result == SBD_RESULT_OK) {
        sbd_task_send(&t, buffer, SECTOR, "ALICE", SBD_CMD_OFF, "bob");
        run(&t, buffer);
        assert(t.result == SBD_RESULT_OK);
        sbd_task_watch(&t, buffer, SECTOR, "alice", 0, NULL);
        run(&t, buffer);
        assert(t.result == SBD_RESULT_OFF);
    }
    return 0;
}
