/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB on disk: cib.xml with its signature, numbered backups, recovery.  Used by the daemon (the writer runs in a
 * child process) and by the file client on the live file.  Never changes the document it is given.  (spec 20 §10)
 */
#ifndef CIB_CIB_STORE_H
#define CIB_CIB_STORE_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * What is written: a copy without status, num_updates 0 and stamped with `written` (xml_free).
 */
xmlNode *cib_store_image(const xmlNode *root, const char *written);

/*
 * Verify a file against its signature file and parse it (spec 20 §10.3).  RC_OK and `*root`; ENOENT and other errno,
 * RC_CIB_CORRUPT, RC_CIB_MODIFIED.  `*digest` (may be NULL; g_free) is the v1 digest of what was read.
 */
int cib_store_read(const char *path, const char *sig_path, xmlNode **root, char **digest);

struct cib_store_loaded {
    xmlNode *root;       /* NULL: nothing usable (xml_free) */
    char *digest;        /* of the file cib.xml it came from; NULL if from a backup */
    char *source;        /* path it was read from; NULL for nothing */
    bool disable_writes; /* the damaged files could not be set aside: they must not be overwritten */
};

/*
 * Load from a directory: cib.xml, else the newest good backup; damaged files are set aside (spec 20 §10.4, steps 2-3).
 * `logs` what happened.
 */
void cib_store_load(const char *dir, struct cib_store_loaded *out);

/*
 * What the files of a document looked like on disk: to see without reading them whether anybody else touched them.
 */
struct cib_store_marks {
    struct {
        bool exists;
        uint64_t inode;
        int64_t size, mtime_ns, ctime_ns;
    } files[2]; /* document, signature */
};

void cib_store_take_marks(const char *dir, const char *name, struct cib_store_marks *marks);

/*
 * The write sequence of spec 20 §10.2 with the image of `root`.  If the present files still have the marks `known` (NULL:
 * nothing is known) they are not verified again.  `before_rename` (may be NULL) is called with the digest
 * of the new file when everything is on disk but the renames; non-zero aborts.  RC_OK, RC_CIB_MODIFIED,
 * RC_CIB_BACKUP, RC_CIB_SAVE.
 */
int cib_store_write(const char *dir, const char *name, const xmlNode *root, const char *written,
                    const struct cib_store_marks *known, int (*before_rename)(const char *digest, void *data), void *data);

/* Does this path lead to the daemon's cib.xml? */
bool cib_store_is_live(const char *path);
/* Write it as the daemon does, owned by the daemon user; EACCES for other users than root and that one. */
int cib_store_write_live(const char *path, const xmlNode *root);

/* --- small helpers shared with the journal --- */

/* Write to a new temporary file `dir`/PREFIX.XXXXXX and fsync; the name (g_free), or NULL (errno). */
char *cib_store_write_temp(const char *dir, const char *prefix, const char *text, size_t len);
int cib_store_sync_dir(const char *dir);

#endif
