/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one thing that a real process adds to the election: its CPU time.  Called through
 * election_config. Never part of a simulation.  (spec 30 §5.1)
 */
#include <sys/resource.h>

#include "lib/cluster/election.h"

void
election_process_cpu_time(void *data, uint32_t *seconds, uint32_t *microseconds)
{
    struct rusage usage;

    *seconds = 0;
    *microseconds = 0;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        *seconds = (uint32_t)usage.ru_utime.tv_sec;
        *microseconds = (uint32_t)usage.ru_utime.tv_usec;
    }
}
