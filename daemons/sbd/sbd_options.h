/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What sbd was told: command line, environment (the unit passes its configuration file as such),
 * built-in values.  Read once by main(); everybody else looks.  (spec 65 §5.1, §6)
 */
#ifndef SBD_OPTIONS_H
#define SBD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemons/sbd/sbd_core.h"

#define SBD_PATH_MAX 512

enum sbd_cgroup { SBD_CGROUP_AUTO, SBD_CGROUP_YES, SBD_CGROUP_NO };

struct sbd_options {
    char devices[SBD_MAX_DISKS][SBD_PATH_MAX];
    unsigned n_devices;
    char node[256]; /* local name; checked to be short enough before it is used on a disk */

    /* For `create`, and for a diskless daemon; a disk's header replaces them. */
    uint32_t watchdog_s, allocate_s, loop_s, msgwait_s;
    bool watchdog_given, msgwait_given, action_given; /* by option (not: environment, default) */
    bool warn_given;
    uint32_t warn_s; /* with warn_given; else see sbd_warn_threshold() */

    uint32_t crash_watchdog_s, restart_limit, io_s, start_wait_s, restart_s;
    uint32_t start_mode; /* > 0: clean */
    bool pacemaker, cluster, veto;
    char pid_file[SBD_PATH_MAX]; /* empty: none */
    bool realtime;
    enum sbd_kill timeout_action;
    bool timeout_flush;
    bool use_watchdog, set_watchdog_timeout;
    char watchdog[SBD_PATH_MAX];
    bool watchdog_dev_given; /* named by option or environment */
    bool delay_start;
    bool delay_unclear; /* SBD_DELAY_START is no word and no time */
    uint32_t delay_s; /* 0: what the mode asks for */
    enum sbd_cgroup root_cgroup;
    bool sync_startup, sync_startup_set;
    bool force;
    unsigned verbose, debug;

    const char *command;
    char **arguments; /* NULL-terminated, behind the command */
};

enum sbd_parse { SBD_PARSE_OK, SBD_PARSE_HELP, SBD_PARSE_USAGE, SBD_PARSE_FAILED };
/* Read environment and command line.  Anything but OK: the message is printed, the usage is not. */
enum sbd_parse sbd_options_parse(struct sbd_options *o, int argc, char **argv);
void sbd_usage(void);

/* Threshold for latency warnings with that watchdog timeout: -5, or three fifths of it; 0 none. */
uint32_t sbd_warn_threshold(const struct sbd_options *o, uint32_t watchdog_s);
/* Is a watchdog to be used at all? */
bool sbd_has_watchdog(const struct sbd_options *o);
/* Take the timeouts of a disk's header. */
void sbd_options_adopt(struct sbd_options *o, const struct sbd_header *h);
/* true, on, yes, y, 1 in any case. */
bool sbd_yes(const char *value);

#endif
