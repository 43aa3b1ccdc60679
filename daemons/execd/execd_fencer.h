/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The executor's connection to the local fencer, for resources of class stonith.  (spec 50 §7.5)
 */
#ifndef EXECD_FENCER_H
#define EXECD_FENCER_H

#include "daemons/execd/execd_core.h"

typedef void (*execd_fencer_done_fn)(unsigned run_id, const struct exec_result *result);

/* `done` is told of the end of every run, never from inside execd_fencer_run(); `lost` that the fencer went away. */
void execd_fencer_init(execd_fencer_done_fn done, void (*lost)(void));
/* Start, stop or monitor the device of an EXECD_RUN_FENCE effect; connects if necessary. */
void execd_fencer_run(const struct execd_effect *e);
void execd_fencer_disconnect(void);

#endif
