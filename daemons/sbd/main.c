/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sbd: the command and the daemon that guard shared data by disks and the watchdog.  Run by
 * systemd, fence agents and people.  This file chooses the command, nothing else.  (spec 65 §5)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons/sbd/sbd_log.h"
#include "daemons/sbd/sbd_process.h"
#include "daemons/sbd/sbd_tool.h"

static int
watch(const struct sbd_options *o)
{
    static struct sbd_options own; /* the daemon takes the disks' timeouts over */

    own = *o;
    return sbd_watch(&own);
}

static const struct {
    const char *name;
    int (*run)(const struct sbd_options *o);
    bool silent; /* its findings are the output: no line about the logs */
} commands[] = {
    { "create", sbd_tool_create, false },
    { "dump", sbd_tool_dump, false },
    { "list", sbd_tool_list, false },
    { "allocate", sbd_tool_allocate, false },
    { "message", sbd_tool_message, false },
    { "ping", sbd_tool_ping, false },
    { "release", sbd_tool_release, false },
    { "watch", watch, false },
    { "check", sbd_tool_check, true },
    { "query-watchdog", sbd_tool_query_watchdog, false },
    { "test-watchdog", sbd_tool_test_watchdog, false },
};

static int
failed(void)
{
    fflush(stdout);
    fputs("sbd failed; please check the logs.\n", stderr);
    return 1;
}

int
main(int argc, char **argv)
{
    static struct sbd_options o;

    sbd_process_init(argc, argv);
    switch (sbd_options_parse(&o, argc, argv)) {
    case SBD_PARSE_OK:
        break;
    case SBD_PARSE_HELP:
        sbd_usage();
        return 0;
    case SBD_PARSE_USAGE:
        sbd_usage();
        return 1;
    case SBD_PARSE_FAILED:
        return failed();
    }
    sbd_log_init(o.verbose);
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(o.command, commands[i].name) == 0) {
            int rc = commands[i].run(&o);

            return rc != 0 && !commands[i].silent ? failed() : rc;
        }
    }
    sbd_usage();
    return 1;
}
