/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes on an SBD disk: header, node slots, mailboxes, and the words for commands.  Pure
 * functions over sectors; every sequence of bytes is fine as input.  (spec 65 §2)
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "daemons/sbd/sbd_core.h"

static const char magic[8] = { 'S', 'B', 'D', '_', 'S', 'B', 'D', '_' };

/* Where the fields of a header lie. */
enum {
    AT_MAGIC = 0,
    AT_MAJOR = 8,
    AT_SLOTS = 9,
    AT_SECTOR_SIZE = 12,
    AT_WATCHDOG = 16,
    AT_ALLOCATE = 20,
    AT_LOOP = 24,
    AT_MSGWAIT = 28,
    AT_MINOR = 32,
    AT_UUID = 33,
};

static const char *const words[] = { "clear", "test", "reset", "off", "exit", "crashdump" };
#define N_WORDS ((int)(sizeof(words) / sizeof(words[0])))

uint32_t
sbd_slot_sector(unsigned slot)
{
    return 1 + 2 * slot;
}

uint32_t
sbd_mailbox_sector(unsigned slot)
{
    return 2 + 2 * slot;
}

static void
put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

static uint32_t
get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void
sbd_header_encode(const struct sbd_header *h, uint8_t *sector, size_t size)
{
    memset(sector, 0, size);
    memcpy(sector + AT_MAGIC, magic, sizeof(magic));
    sector[AT_MAJOR] = h->major;
    sector[AT_SLOTS] = h->slots;
    put32(sector + AT_SECTOR_SIZE, h->sector_size);
    put32(sector + AT_WATCHDOG, h->watchdog_s);
    put32(sector + AT_ALLOCATE, h->allocate_s);
    put32(sector + AT_LOOP, h->loop_s);
    put32(sector + AT_MSGWAIT, h->msgwait_s);
    sector[AT_MINOR] = h->minor;
    memcpy(sector + AT_UUID, h->uuid, sizeof(h->uuid));
}

/*
 * Is this a header that we can work with?  Magic, version and sector size decide; timeouts may be
 * anything, and the number of slots is what the header says.
 */
enum sbd_header_error
sbd_header_decode(const uint8_t *sector, size_t size, struct sbd_header *h)
{
    memset(h, 0, sizeof(*h));
    if (memcmp(sector + AT_MAGIC, magic, sizeof(magic)) != 0) {
        return SBD_HEADER_MAGIC;
    }
    h->major = sector[AT_MAJOR];
    h->minor = sector[AT_MINOR];
    if (h->major != 2) {
        return SBD_HEADER_VERSION;
    }
    h->slots = sector[AT_SLOTS];
    h->sector_size = get32(sector + AT_SECTOR_SIZE);
    if (h->sector_size != size) {
        return SBD_HEADER_SECTOR_SIZE;
    }
    h->watchdog_s = get32(sector + AT_WATCHDOG);
    h->allocate_s = get32(sector + AT_ALLOCATE);
    h->loop_s = get32(sector + AT_LOOP);
    h->msgwait_s = get32(sector + AT_MSGWAIT);
    if (h->minor > 0) {
        memcpy(h->uuid, sector + AT_UUID, sizeof(h->uuid));
    }
    return SBD_HEADER_OK;
}

void
sbd_entry_encode(const struct sbd_entry *e, uint8_t *sector, size_t size)
{
    memset(sector, 0, size);
    sector[0] = (uint8_t)e->mark;
    memcpy(sector + 1, e->name, strnlen(e->name, SBD_NAME_MAX));
}

/* The last byte of a name on disk should be zero; if it is not, it is cut off here. */
void
sbd_entry_decode(const uint8_t *sector, struct sbd_entry *e)
{
    memset(e, 0, sizeof(*e));
    e->mark = (int8_t)sector[0];
    memcpy(e->name, sector + 1, strnlen((const char *)sector + 1, SBD_NAME_MAX));
}

struct sbd_entry
sbd_entry_of(int mark, const char *name)
{
    struct sbd_entry e = { .mark = (int8_t)mark };

    memcpy(e.name, name, strnlen(name, SBD_NAME_MAX));
    return e;
}

bool
sbd_slot_is_of(const struct sbd_entry *slot, const char *node)
{
    return slot->mark != 0 && strncasecmp(slot->name, node, SBD_NAME_MAX) == 0;
}

bool
sbd_sector_holds(const uint8_t *sector, size_t size, const struct sbd_entry *e)
{
    struct sbd_entry there;

    sbd_entry_decode(sector, &there);
    if (there.mark != e->mark || memcmp(there.name, e->name, sizeof(there.name)) != 0) {
        return false;
    }
    for (size_t i = 1 + strlen(there.name); i < size; i++) {
        if (sector[i] != 0) {
            return false;
        }
    }
    return true;
}

bool
sbd_same_timeouts(const struct sbd_header *a, const struct sbd_header *b)
{
    return a->watchdog_s == b->watchdog_s && a->allocate_s == b->allocate_s &&
           a->loop_s == b->loop_s && a->msgwait_s == b->msgwait_s;
}

bool
sbd_name_is_sound(const char *name)
{
    if (*name == '\0') {
        return false;
    }
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f) {
            return false;
        }
    }
    return true;
}

const char *
sbd_command_word(int command)
{
    return command >= 0 && command < N_WORDS ? words[command] : "undefined";
}

bool
sbd_command_parse(const char *word, enum sbd_command *command)
{
    for (int i = 0; i < N_WORDS; i++) {
        if (strcmp(word, words[i]) == 0) {
            *command = (enum sbd_command)i;
            return true;
        }
    }
    return false;
}

const char *
sbd_header_error_text(enum sbd_header_error error)
{
    switch (error) {
    case SBD_HEADER_OK:
        return "the header is valid";
    case SBD_HEADER_MAGIC:
        return "there is no SBD header on it (initialise it with `create`)";
    case SBD_HEADER_VERSION:
        return "its header has a major version that is not 2";
    case SBD_HEADER_SECTOR_SIZE:
        return "its header was made for another sector size than the device has";
    }
    return "its header is unusable";
}
