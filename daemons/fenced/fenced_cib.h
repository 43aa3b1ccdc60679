/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fencer's view of the configuration: fetched when it changed.  (spec 60 §1, §6.3)
 */
#ifndef FENCED_CIB_H
#define FENCED_CIB_H

#include <libxml/tree.h>

/*
 * Connect to the CIB manager as soon as it is there; `changed` gets the configuration section (borrowed) at first and
 * after every change of it; `lost` is called when the connection breaks.
 */
void fenced_cib_start(void (*changed)(const xmlNode *configuration), void (*lost)(void));
void fenced_cib_stop(void);

#endif
