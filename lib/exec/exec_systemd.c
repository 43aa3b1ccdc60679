/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units as resources.  Not there yet: this answers as on a host whose systemd cannot be reached, which callers
 * have to handle anyway, so that class systemd fails in the documented way.  (spec 50 §7.3)
 */
#include "lib/exec/exec_systemd.h"

struct systemd_action *
exec_systemd_start(const struct exec_request *req, exec_done_fn done, void *data, struct exec_result *result)
{
    exec_result_set(result, OCF_RC_ERROR, EXEC_ERROR, "No DBus connection");
    return NULL;
}

void
exec_systemd_cancel(struct systemd_action *a)
{
}

void
exec_systemd_abandon(struct systemd_action *a)
{
}

bool
exec_systemd_unit_exists(const char *name)
{
    return false;
}

bool
exec_systemd_list_units(GPtrArray *out)
{
    return false;
}

char *
exec_systemd_metadata(const char *name)
{
    return NULL;
}
