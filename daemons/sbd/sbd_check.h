/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects the facts for the core's check of the configuration.  Used by `sbd check`, at the
 * daemon's start, and by the Pacemaker watcher once it knows the cluster's options.  (spec 65 §15)
 */
#ifndef SBD_CHECK_H
#define SBD_CHECK_H

#include <libxml/tree.h>

#include "daemons/sbd/sbd_options.h"

/* Log what is wrong on this node: disks, watchdog, configuration file. */
void sbd_check_log(const struct sbd_options *o);
/* Log what is wrong with the cluster's options, as far as they touch sbd. */
void sbd_check_log_cluster(const struct sbd_options *o, const xmlNode *cib);

#endif
