/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inputs that the scheduler daemon keeps on disk for later questions: pe-input-N.bz2 and the like, a ring for each
 * series.  Called by main.c.  (spec 30 §8)
 */
#ifndef SCHEDULERD_INPUTS_H
#define SCHEDULERD_INPUTS_H

#include <libxml/tree.h>

/* Number of the next file of a series (0 if it has none yet). */
unsigned inputs_next(const char *dir, const char *series, int max);
/* DIR/SERIES-N.bz2 (g_free) */
char *inputs_path(const char *dir, const char *series, unsigned n);
/* Write a CIB, compressed, and move the series on; 0 or a positive errno. */
int inputs_write(const char *dir, const char *series, unsigned n, int max, const xmlNode *cib);

#endif
