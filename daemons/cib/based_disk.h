/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The CIB manager's disk: loads at start, appends to the journal from a thread, rewrites cib.xml from a child process.
 * Used by main.c; needs the GLib main loop.  Never looks into the document.  (spec 20 §10)
 */
#ifndef DAEMONS_CIB_BASED_DISK_H
#define DAEMONS_CIB_BASED_DISK_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

struct disk;

struct disk_callbacks {
    /* All journal records up to this number are on disk, or never will be. */
    void (*durable)(uint64_t sequence, void *data);
    /* The document to write now (borrowed for the call). */
    const xmlNode *(*document)(void *data);
};

/* Load what the directory has, journal included; NULL: there is nothing usable. */
xmlNode *disk_load(const char *dir, bool *disable_writes);

struct disk *disk_new(const char *dir, bool enabled, const struct disk_callbacks *callbacks, void *data);
/* Waits for the writer, writes once more if something is new, and ends the journal. */
void disk_finish(struct disk *d);

/*
 * Append a record (taken); durable() follows.  `urgent`: somebody waits for it; other records may wait a few
 * milliseconds for company.
 */
void disk_append(struct disk *d, GString *record, uint64_t sequence, bool urgent);
/* cib.xml is out of date. */
void disk_request_write(struct disk *d);
/* SIGPIPE: try again after writes had been disabled. */
void disk_enable(struct disk *d);

#endif
