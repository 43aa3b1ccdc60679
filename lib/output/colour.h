/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Colours on a terminal.  Used by the text writer and by tools that write to standard error themselves.  A stream gets
 * colours only if it is a terminal that knows them and NO_COLOR is not set: what goes into a pipe is never coloured.
 */
#ifndef OUTPUT_COLOUR_H
#define OUTPUT_COLOUR_H

#include <stdbool.h>
#include <stdio.h>

#define COLOUR_BOLD "\033[1m"
#define COLOUR_END "\033[0m"

/* Is this stream a terminal on which control sequences make sense? */
bool colour_is_terminal(FILE *stream);
/* ... and is its reader content with colours? */
bool colour_wanted(FILE *stream);
/* The sequence that begins the colour of a class of things (the classes of the HTML pages); NULL: it has none. */
const char *colour_begin(const char *css_class);

#endif
