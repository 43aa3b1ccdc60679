/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for recursion.  Placement and propagation follow chains of constraints depth first, in an order that decides
 * answers, and how long a chain is, the configuration says.  Functions that call themselves along a chain ask
 * stack_is_short() and go on on another stack if it is, so that a chain may be as long as memory lasts.
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <pthread.h>
#include <stdlib.h>

#define OWN_PART ((size_t) 256 * 1024)       /* of the stack that a run begins on: every process has that much */
#define RESERVE  ((size_t) 256 * 1024)       /* left on a stack when the next one is taken: for what does not ask */
#define SEGMENT  ((size_t) 16 * 1024 * 1024) /* mapped, but used only as far as needed */

struct segment {
    struct sched *s;
    void (*run)(void *data);
    void *data;
};

static void *
run_segment(void *data)
{
    struct segment *segment = data;

    segment->s->stack_low = (const char *) __builtin_frame_address(0) - (SEGMENT - RESERVE);
    segment->run(segment->data);
    return NULL;
}

void
sched_on_new_stack(struct sched *s, void (*run)(void *data), void *data)
{
    struct segment segment = {s, run, data};
    const char *low = s->stack_low;
    pthread_attr_t attributes;
    pthread_t thread;
    int rc;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SEGMENT);
    rc = pthread_create(&thread, &attributes, run_segment, &segment);
    pthread_attr_destroy(&attributes);
    if (rc != 0) { /* as when there is no memory: nothing can be taken back here */
        log_err("Cannot get %zu more bytes of stack to follow a chain of constraints: %s", SEGMENT, strerror(rc));
        abort();
    }
    pthread_join(thread, NULL);
    s->stack_low = low;
}

void
sched_run_deep(struct sched *s, void (*run)(struct sched *s))
{
    bool outermost = s->stack_low == NULL;

    if (outermost) {
        s->stack_low = (const char *) __builtin_frame_address(0) - OWN_PART;
    }
    run(s);
    if (outermost) {
        s->stack_low = NULL;
    }
}
