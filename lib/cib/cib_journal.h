/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal beside cib.xml: configuration changes as patchsets, appended and synced before they are acknowledged, so that
 * nothing acknowledged is lost while cib.xml is rewritten at leisure.  Used by the daemon's shell.
 *
 * A journal consists of segments cib.journal.N, N counting up.  A new one is begun whenever a rewrite of cib.xml
 * is begun; before the writer renames the new cib.xml into place it notes in cib.journal.N.base the digest of the new
 * document.  So segment N holds the changes since the document with that digest, whatever instant the power fails
 * at: at start, the segments from the one whose base is the loaded cib.xml are replayed in order.
 *
 * Space is reserved in pieces filled with zero bytes, and records are written over them: then a sync is one write to the disk.
 * Where a file grows with every record, each sync also waits for the file system's own journal, behind whatever
 * else is being written there.
 */
#ifndef CIB_CIB_JOURNAL_H
#define CIB_CIB_JOURNAL_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

/*
 * One record: the patchset without changes in status, and with the root's attributes as they are now, stamps
 * included (g_string_free).  NULL if nothing but status changed.
 */
GString *cib_journal_record(const xmlNode *patch, const xmlNode *root);
/*
 * Read records from the content of a segment and apply them to the document until the end or the first damaged one.
 * Returns the number applied.  `*intact` (may be NULL) tells whether the end was reached.  Pure.
 */
unsigned cib_journal_replay_text(xmlNode **root, const char *text, size_t len, bool *intact);

/* Replay what belongs to the document with this digest.  Returns the number of changes. */
unsigned cib_journal_replay(const char *dir, const char *digest, xmlNode **root);
/* The highest segment number in use, 0 if none. */
unsigned cib_journal_last_segment(const char *dir);
/* A segment that is being written. */
struct cib_journal;

/* Begin a segment (cib_journal_close), or NULL (errno). */
struct cib_journal *cib_journal_begin(const char *dir, unsigned segment);
/*
 * Append and sync: on return the records survive power loss.  A result; after a failure the segment takes no more, because
 * what would follow depends on what is missing.
 */
int cib_journal_append(struct cib_journal *j, const char *text, size_t len);
void cib_journal_close(struct cib_journal *j);
/* Note that segment `segment` follows the document with this digest.  A result. */
int cib_journal_note_base(const char *dir, unsigned segment, const char *digest);
/* Remove the segments before `segment`. */
void cib_journal_prune(const char *dir, unsigned segment);

#endif
