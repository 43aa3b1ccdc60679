/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The RELAX NG schemas of the CIB: which there are, does a document satisfy one, how far can it be upgraded.  Parsed
 * grammars are kept.  A change to a document that is known to be valid is judged by the changed parts alone.
 * Used by the daemon, the file client, crm_verify and the tools.  (spec 20 §11, spec 25)
 */
#ifndef CIB_CIB_SCHEMA_H
#define CIB_CIB_SCHEMA_H

#include <glib.h>

#include "lib/cib/cib_doc.h"

#define CIB_SCHEMA_NONE "none"

struct cib_schemas;

/* The list of a directory; NULL: PCMK_schema_directory, else the installed one.  Never NULL; may be just "none". */
struct cib_schemas *cib_schemas_new(const char *directory);
void cib_schemas_free(struct cib_schemas *s);
/*
 * The directory's grammars are those that are part of the program as tables: valid documents are recognized without reading
 * files.  So it is for the installed directory; another one may mean other grammars by the same names.
 */
void cib_schemas_use_tables(struct cib_schemas *s);

/* Schemas are numbered from the oldest: pacemaker-1.0, ..., the latest, pacemaker-next, none. */
guint cib_schemas_count(const struct cib_schemas *s);
/* Index of a name (any case), -1 if it is unknown. */
int cib_schema_index(const struct cib_schemas *s, const char *name);
const char *cib_schema_name(const struct cib_schemas *s, guint index);
/* The newest stable one; -1 if the directory has none. */
int cib_schema_latest(const struct cib_schemas *s);
/* The oldest that scheduler and tools accept: first of the latest major version. */
int cib_schema_minimum(const struct cib_schemas *s);
/* Name of the latest one, for new documents ("none" if there is no other). */
const char *cib_schema_default(const struct cib_schemas *s);

/*
 * Receives one message of the validator: "element primitive: Relax-NG validity error : Element ..." with its line
 * (0: unknown).
 */
typedef void (*cib_schema_message_fn)(void *data, int line, const char *element, const char *text);

/* Does the document satisfy this schema?  `tell` may be NULL. */
bool cib_schema_accepts(struct cib_schemas *s, const char *name, const xmlNode *root, cib_schema_message_fn tell,
                        void *data);
/*
 * Does the result of the open change of `d` satisfy its own validate-with?  If d->valid_for tells that the document before it
 * did, only the changed parts are looked at.
 */
bool cib_schema_accepts_change(struct cib_schemas *s, struct cib_doc *d);

/*
 * A document without validate-with gets one: the last in the list that accepts it (spec 20 §11.2: always "none").
 */
void cib_schema_complete(struct cib_schemas *s, xmlNode *root);

/* What a stylesheet says about an upgrade: `priority` is LOG_ERR ... LOG_DEBUG, `text` begins with the severity. */
typedef void (*cib_upgrade_message_fn)(void *data, int priority, const char *text);
/* Who hears that; without anybody it is logged. */
void cib_schemas_on_upgrade_message(struct cib_schemas *s, cib_upgrade_message_fn tell, void *data);

/*
 * Upgrade procedure (spec 20 §11.3) on a private copy: RC_OK and `*best` = index of the schema reached (`*root` may be
 * another element now and has its validate-with), RC_SCHEMA_UNCHANGED, RC_SCHEMA_VALIDATION, RC_TRANSFORM_FAILED.
 * `max` (may be NULL) limits it.
 */
int cib_schema_upgrade(struct cib_schemas *s, xmlNode **root, const char *max, int *best);

#endif
