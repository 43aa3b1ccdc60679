/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which colour a thing has, and whether a stream wants colours.  Called by text.c, output.c and tools.
 */
#include "lib/output/colour.h"
#include "lib/base/text.h"

#include <stdlib.h>
#include <unistd.h>

/* Green is well, yellow wants to be looked at, red is broken; cyan is as somebody has ordered it. */
static const struct {
    const char *css_class, *sequence;
} colours[] = {
    { "bold", COLOUR_BOLD },
    { "online", "\033[32m" },
    { "offline", "\033[31m" },
    { "standby", "\033[36m" },
    { "maint", "\033[36m" },
    { "health_red", "\033[31m" },
    { "health_yellow", "\033[33m" },
    { "rsc-failed", "\033[31m" },
    { "rsc-failure-ignored", "\033[33m" },
    { "rsc-managed", "\033[36m" },
    { "rsc-multiple", "\033[33m" },
    { "rsc-ok", "\033[32m" },
    { "pending", "\033[33m" },
    { "failed-stonith-event", "\033[31m" },
    { "pending-stonith-event", "\033[33m" },
    { "warning", "\033[1;31m" },
};

bool
colour_is_terminal(FILE *stream)
{
    const char *terminal = getenv("TERM");

    return terminal != NULL && terminal[0] != '\0' && !text_equal(terminal, "dumb") && isatty(fileno(stream));
}

bool
colour_wanted(FILE *stream)
{
    const char *no = getenv("NO_COLOR");

    return (no == NULL || no[0] == '\0') && colour_is_terminal(stream);
}

const char *
colour_begin(const char *css_class)
{
    for (unsigned i = 0; css_class != NULL && i < G_N_ELEMENTS(colours); i++) {
        if (text_equal(css_class, colours[i].css_class)) {
            return colours[i].sequence;
        }
    }
    return NULL;
}
