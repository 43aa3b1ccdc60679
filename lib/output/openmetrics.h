/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The status of a cluster as OpenMetrics text (doc/openmetrics.md).  Used by crm_mon.
 */
#ifndef OUTPUT_OPENMETRICS_H
#define OUTPUT_OPENMETRICS_H

#include "lib/output/status.h"

/* All metrics of the view, up to the line "# EOF". */
void status_openmetrics(struct output *out, const struct status_view *v);
/* The metrics while the cluster cannot be asked. */
void openmetrics_down(struct output *out);

#endif
