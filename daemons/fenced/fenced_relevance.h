/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which changes of the CIB can concern fence devices and levels.  Used by fenced_cib.c, so that the cost of a change that has
 * nothing to do with fencing does not grow with the configuration.  Pure.
 */
#ifndef DAEMONS_FENCED_RELEVANCE_H
#define DAEMONS_FENCED_RELEVANCE_H

#include <libxml/tree.h>
#include <stdbool.h>

/* What is known of the configuration that was read last. */
struct fence_relevance;

struct fence_relevance *fence_relevance_new(void);
void fence_relevance_free(struct fence_relevance *r);
/* This configuration is the one that was read last. */
void fence_relevance_note(struct fence_relevance *r, const xmlNode *configuration);
/* The configuration is being read: until it is noted, every change of it is relevant. */
void fence_relevance_forget(struct fence_relevance *r);
/*
 * Rules of interest (lib/cib/cib_interest.h, g_free) in everything that may be relevant after the configuration that was noted, and
 * in little else; NULL: all changes have to be looked at.
 */
char *fence_relevance_rules(const struct fence_relevance *r);
/* Must the configuration be read again after this patchset?  In doubt, yes. */
bool fence_relevance_of(const struct fence_relevance *r, const xmlNode *patch);

#endif
