/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which changes a subscriber of the CIB's patchsets wants to hear of.  Most daemons have something to do with few of them, and
 * to be woken for each costs more than the change itself.  The text goes with the subscription (CIB_F_NOTIFY_PATHS); a CIB
 * manager that does not know it tells everything, so who subscribes must bear that.  Used by both ends.
 *
 * The text is a list of rules with blanks between them; the first that fits a change decides, and without one it is of no interest:
 *
 *     [+|-][OPERATION:]PATH[//NAME]
 *
 * PATH is the beginning of a patchset's path, whole steps; a change that creates, deletes or moves something at or above it fits
 * whatever the NAME (with `-' it does not).  OPERATION (create, modify, delete, move) and NAME (of the element at the end of the path) narrow it.
 */
#ifndef CIB_CIB_INTEREST_H
#define CIB_CIB_INTEREST_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

struct cib_interest;

/* NULL if the text is no list of rules. */
struct cib_interest *cib_interest_new(const char *text);
void cib_interest_free(struct cib_interest *i);

/* True for what is no patchset of format 2, too: nobody knows what it holds. */
bool cib_interest_in(const struct cib_interest *i, const xmlNode *patch);

#endif
