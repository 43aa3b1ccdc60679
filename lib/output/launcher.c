/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of the launcher as tools show it.  Called by crmadmin and crm_mon.
 */
#include "lib/output/launcher.h"
#include "lib/base/iso8601.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_fields.h"

const char *
launcher_state_text(const char *state)
{
    static const struct {
        const char *state, *text;
    } states[] = {
        { "init", "Initializing pacemaker" },
        { "starting_daemons", "Pacemaker daemons are starting" },
        { "wait_for_ping", "Waiting for startup trigger from SBD" },
        { "running", "Pacemaker is running" },
        { "shutting_down", "Pacemaker daemons are shutting down" },
        { "shutdown_complete", "Pacemaker daemons are shut down (reporting to SBD)" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
        if (text_equal(state, states[i].state)) {
            return states[i].text;
        }
    }
    return "Invalid pacemakerd state";
}

void
launcher_show(struct output *out, const xmlNode *response, bool terse)
{
    const char *state = xml_get(response, F_PING_LAUNCHER_STATE);
    const char *system = xml_get(response, F_PING_SUBSYSTEM);
    long long when = xml_get_int(response, F_PING_TIMESTAMP, 0);
    bool ok = text_equal(xml_get(response, F_PING_RESULT), "ok");
    g_autofree char *updated = NULL;

    if (ok && when > 0) {
        struct iso_time time = iso_from_epoch(when);
        struct iso_time local = iso_to_local(&time);

        updated = iso_text(&local, ISO_DATE | ISO_TIME | ISO_WITH_ZONE);
    }
    if (output_is_structured(out)) {
        output_element(out, "pacemakerd", "sys_from", system, "state", ok ? state : "query failed", "last_updated",
                       updated, NULL);
    } else if (terse) {
        output_item(out, NULL, "%s", ok && state != NULL ? state : "query failed");
    } else {
        output_item(out, NULL, "Status of %s: '%s' (last updated %s%s)", system,
                    ok ? launcher_state_text(state) : "query failed", updated != NULL ? "" : "at ",
                    updated != NULL ? updated : "unknown time");
    }
}
