/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of hosts that a device can fence.  (spec 60 §9.2)
 */
#ifndef FENCE_FENCE_TARGETS_H
#define FENCE_FENCE_TARGETS_H

#include <glib.h>

/* Names of a host list or of an agent's list output, in their order (g_ptr_array_unref).  NULL is an empty list. */
GPtrArray *fence_parse_targets(const char *text);

#endif
