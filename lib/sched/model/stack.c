/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for recursion.  Placement and propagation follow chains of constraints depth first, in an order that decides
 * answers, so a chain of tens of thousands of resources needs more stack than a process has.  Large models run in a thread
 * with a stack that fits; the caller waits.  Called by the stages themselves.
 */
#include "lib/sched/model/internal.h"

#include <pthread.h>

#define DIRECT_RESOURCES 500                  /* up to so many the usual 8 MiB are plenty, whatever the constraints */
#define BYTES_A_RESOURCE ((size_t) 64 * 1024) /* of a link of a chain; mapped but not used if there is no chain */
#define LEAST_STACK      ((size_t) 64 * 1024 * 1024)

struct stage {
    struct sched *s;
    void (*run)(struct sched *s);
};

static void *
run_stage(void *data)
{
    struct stage *stage = data;

    stage->run(stage->s);
    return NULL;
}

static bool
run_in_thread(struct stage *stage, size_t stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool ok;

    pthread_attr_init(&attributes);
    ok = pthread_attr_setstacksize(&attributes, stack) == 0
         && pthread_create(&thread, &attributes, run_stage, stage) == 0;
    pthread_attr_destroy(&attributes);
    if (ok) {
        pthread_join(thread, NULL);
    }
    return ok;
}

void
sched_run_deep(struct sched *s, void (*run)(struct sched *s))
{
    struct stage stage = {s, run};

    if (s->rscs.len <= DIRECT_RESOURCES || s->deep) {
        run(s);
        return;
    }
    s->deep = true;
    for (size_t stack = LEAST_STACK + s->rscs.len * BYTES_A_RESOURCE; ; stack /= 2) {
        if (stack < LEAST_STACK) { /* no memory to map: as well as it goes */
            run(s);
            break;
        }
        if (run_in_thread(&stage, stack)) {
            break;
        }
    }
    s->deep = false;
}
