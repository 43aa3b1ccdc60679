/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running fence agents for the fencer's core.  (spec 60 §8)
 */
#ifndef FENCED_RUN_H
#define FENCED_RUN_H

#include "daemons/fenced/fenced_core.h"

#include "lib/fence/fence_result.h"

/* Carry a FENCED_RUN effect out; `done` is called once, from the main loop. */
void fenced_agent_run(const struct fenced_effect *e, void (*done)(unsigned run_id, const struct fence_result *result));

#endif
