/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command line and environment of sbd.  Called by main().  Opens nothing.  (spec 65 §5.1, §6)
 */
#include "daemons/sbd/sbd_options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/text.h"

#if defined(__s390__) || defined(__s390x__)
#define DEFAULT_WATCHDOG_S 15
#define DEFAULT_MSGWAIT_S  30
#else
#define DEFAULT_WATCHDOG_S 5
#define DEFAULT_MSGWAIT_S  10
#endif

void
sbd_usage(void)
{
    fputs("sbd: fencing through shared disks and the watchdog\n"
          "\n"
          "usage: sbd [OPTIONS] COMMAND [ARGUMENTS]\n"
          "\n"
          "Commands on disks:\n"
          "  create                initialise the disks: everything in their SBD area is LOST\n"
          "  dump                  show the header of each disk\n"
          "  list                  show who owns the slots, and what waits in the mailboxes\n"
          "  allocate NODE         take a slot for NODE (the daemon does that by itself)\n"
          "  message NODE WORD     put a message into NODE's mailbox and wait until it counts as "
          "read;\n"
          "                        WORD is test, reset, off, crashdump, exit or clear; NODE may be "
          "LOCAL\n"
          "  ping NODE             send a test and wait until NODE has taken it\n"
          "  release NODE          free the slot of a NODE that is gone for good\n"
          "Commands for this node:\n"
          "  watch                 run the daemon\n"
          "  check                 judge configuration, disks, watchdog and cluster options\n"
          "  query-watchdog        list watchdog devices (each is opened once)\n"
          "  test-watchdog         arm the watchdog and let it RESET THIS NODE\n"
          "\n"
          "Options:\n"
          "  -d DEVICE   shared disk, up to three times (SBD_DEVICE)\n"
          "  -n NODE     name of this node (uname -n)\n"
          "  -h          this text\n"
          "  -v          log more; twice: still more; three times: the libraries too\n"
          "for create, and for watch without disks:\n"
          "  -1 SECONDS  watchdog timeout (5; SBD_WATCHDOG_TIMEOUT)\n"
          "  -2 SECONDS  slot allocation timeout (2)\n"
          "  -3 SECONDS  loop timeout (1)\n"
          "  -4 SECONDS  msgwait timeout (twice the watchdog timeout)\n"
          "for watch:\n"
          "  -5 SECONDS  warn when nothing vouched for the node that long; 0: never (3/5 of the "
          "watchdog timeout)\n"
          "  -C SECONDS  watchdog timeout to set before a crash dump; 0: disarm (0)\n"
          "  -F COUNT    starts of a watcher before it is held back; 0: never (1)\n"
          "  -I SECONDS  time limit of one read or write (3)\n"
          "  -P          Pacemaker integration; twice: none (on; SBD_PACEMAKER)\n"
          "  -c          watch Corosync; twice: do not (on; SBD_PACEMAKER)\n"
          "  -p FILE     write the process id there (SBD_PIDFILE)\n"
          "  -R          no realtime priority, do not lock memory (debugging)\n"
          "  -r WORDS    what to do when the time is up: flush or noflush, reboot or crashdump or "
          "off,\n"
          "              joined by a comma (flush,reboot; SBD_TIMEOUT_ACTION)\n"
          "  -S 0|1      1: do not start while a fencing message waits (0; SBD_STARTMODE)\n"
          "  -s SECONDS  how long to wait for a disk at start (120)\n"
          "  -T          do not set the watchdog's timeout\n"
          "  -t SECONDS  pause before a failed watcher is started again (5)\n"
          "  -W          use a watchdog; twice: none (on; SBD_WATCHDOG)\n"
          "  -w DEVICE   watchdog device; /dev/null: none (/dev/watchdog; SBD_WATCHDOG_DEV)\n"
          "  -Z          debugging, NOT for production\n"
          "  -z          the cluster's health counts even while the disks are good\n"
          "for create:\n"
          "  -f          initialise even a disk that is in use (mounted, part of a RAID or volume "
          "group)\n",
          stderr);
}

bool
sbd_yes(const char *value)
{
    return text_is_true(value) || text_equal_nocase(value, "y");
}

/* Value of a variable behind leading blanks; NULL if there is nothing. */
static const char *
environment(const char *name)
{
    const char *value = getenv(name);

    if (value == NULL) {
        return NULL;
    }
    value += strspn(value, " \t\r\n\v\f");
    return *value != '\0' ? value : NULL;
}

/* --- single values --- */

static bool
parse_number(const char *text, uint32_t *out)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 0 || value >= INT_MAX) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* Fit or fail: a path that does not fit is none that could be opened. */
static bool
copy_path(char out[SBD_PATH_MAX], const char *value)
{
    if (strlen(value) >= SBD_PATH_MAX) {
        return false;
    }
    strcpy(out, value);
    return true;
}

/* Add a device unless it is there already. */
static enum sbd_parse
add_device(struct sbd_options *o, const char *name)
{
    for (unsigned i = 0; i < o->n_devices; i++) {
        if (strcmp(o->devices[i], name) == 0) {
            return SBD_PARSE_OK;
        }
    }
    if (o->n_devices == SBD_MAX_DISKS) {
        fputs("You can specify up to 3 devices via the -d option.\n", stderr);
        return SBD_PARSE_FAILED;
    }
    if (name[0] != '/' || !copy_path(o->devices[o->n_devices], name)) {
        fprintf(stderr, "Invalid device: %s\n", name);
        return SBD_PARSE_FAILED;
    }
    o->n_devices++;
    return SBD_PARSE_OK;
}

static enum sbd_parse
parse_device_line(struct sbd_options *o, const char *line)
{
    g_auto(GStrv) parts = g_strsplit(line, ";", -1);

    for (unsigned i = 0; parts[i] != NULL; i++) {
        enum sbd_parse rc;

        g_strstrip(parts[i]);
        if (parts[i][0] == '\0') {
            continue;
        }
        if (parts[i][0] != '/') {
            fprintf(stderr, "Invalid device line: %s\n", line);
            return SBD_PARSE_FAILED;
        }
        rc = add_device(o, parts[i]);
        if (rc != SBD_PARSE_OK) {
            return rc;
        }
    }
    return SBD_PARSE_OK;
}

/* One or two words joined by a comma; of two that contradict each other the last counts. */
static bool
parse_timeout_action(struct sbd_options *o, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    unsigned n = g_strv_length(parts);
    enum sbd_kill action = o->timeout_action;
    bool flush = o->timeout_flush;

    if (n < 1 || n > 2) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(parts[i], "flush") == 0) {
            flush = true;
        } else if (strcmp(parts[i], "noflush") == 0) {
            flush = false;
        } else if (strcmp(parts[i], "reboot") == 0) {
            action = SBD_KILL_RESET;
        } else if (strcmp(parts[i], "crashdump") == 0) {
            action = SBD_KILL_CRASH;
        } else if (strcmp(parts[i], "off") == 0) {
            action = SBD_KILL_OFF;
        } else {
            return false;
        }
    }
    o->timeout_action = action;
    o->timeout_flush = flush;
    return true;
}

/* Whole seconds of a time; false if it is none. */
static bool
parse_seconds(const char *value, uint32_t *out)
{
    long long ms = text_timeout_ms(value);

    if (ms < 0 || ms / 1000 >= INT_MAX) {
        return false;
    }
    *out = (uint32_t)(ms / 1000);
    return true;
}

/* --- built-in values, environment --- */

/* What the environment has and nobody can read; NULL: it can be read. */
struct mistakes {
    const char *timeout, *action;
};

static void
set_defaults(struct sbd_options *o)
{
    struct utsname uts;

    memset(o, 0, sizeof(*o));
    if (uname(&uts) == 0) {
        for (unsigned i = 0; uts.nodename[i] != '\0' && i < sizeof(o->node) - 1; i++) {
            o->node[i] = (char)tolower((unsigned char)uts.nodename[i]);
        }
    }
    o->watchdog_s = DEFAULT_WATCHDOG_S;
    o->allocate_s = 2;
    o->loop_s = 1;
    o->msgwait_s = DEFAULT_MSGWAIT_S;
    o->restart_limit = 1;
    o->io_s = 3;
    o->start_wait_s = 120;
    o->restart_s = 5;
    o->pacemaker = o->cluster = true;
    o->realtime = true;
    o->timeout_action = SBD_KILL_RESET;
    o->timeout_flush = true;
    o->use_watchdog = o->set_watchdog_timeout = true;
    strcpy(o->watchdog, "/dev/watchdog");
    o->sync_startup = true;
}

/* Its mistakes are told later: the command line may make them harmless. */
static void
read_environment(struct sbd_options *o, struct mistakes *m)
{
    const char *value;

    if ((value = environment("SBD_PACEMAKER")) != NULL) {
        o->pacemaker = o->cluster = sbd_yes(value);
    }
    if ((value = environment("SBD_WATCHDOG")) != NULL) {
        o->use_watchdog = sbd_yes(value);
    }
    if ((value = environment("SBD_WATCHDOG_DEV")) != NULL && copy_path(o->watchdog, value)) {
        o->watchdog_dev_given = true;
    }
    if ((value = environment("SBD_WATCHDOG_TIMEOUT")) != NULL) {
        uint32_t seconds;

        if (parse_seconds(value, &seconds) && seconds >= 1) {
            o->watchdog_s = seconds;
        } else {
            m->timeout = value;
        }
    }
    if ((value = environment("SBD_STARTMODE")) != NULL) {
        o->start_mode = strcmp(value, "clean") == 0;
    }
    if ((value = environment("SBD_DELAY_START")) != NULL) {
        o->delay_start = sbd_yes(value);
        if (!o->delay_start && text_boolean(value) < 0 && !text_equal_nocase(value, "n")) {
            o->delay_unclear = !parse_seconds(value, &o->delay_s);
            o->delay_start = !o->delay_unclear && o->delay_s > 0;
        }
    }
    if ((value = environment("SBD_TIMEOUT_ACTION")) != NULL && !parse_timeout_action(o, value)) {
        m->action = value;
    }
    if ((value = environment("SBD_MOVE_TO_ROOT_CGROUP")) != NULL &&
        !text_equal_nocase(value, "auto")) {
        o->root_cgroup = sbd_yes(value) ? SBD_CGROUP_YES : SBD_CGROUP_NO;
    }
    if ((value = environment("SBD_SYNC_RESOURCE_STARTUP")) != NULL) {
        o->sync_startup_set = true;
        o->sync_startup = sbd_yes(value);
    }
    if ((value = environment("SBD_PIDFILE")) != NULL) {
        copy_path(o->pid_file, value);
    }
}

/* A fence agent must get its message out even where the daemon would not start. */
static bool
needs_watchdog_timeout(const char *command)
{
    return text_is_one_of(command, "watch", "check", "create", "test-watchdog", NULL);
}

static enum sbd_parse
judge_environment(const struct sbd_options *o, const struct mistakes *m)
{
    if (m->action != NULL && !o->action_given) {
        fprintf(stderr, "Failed to parse timeout-action \"%s\".\n", m->action);
        return SBD_PARSE_FAILED;
    }
    if (m->timeout != NULL && !o->watchdog_given && needs_watchdog_timeout(o->command)) {
        fprintf(stderr,
                "SBD_WATCHDOG_TIMEOUT=\"%s\" is no time of a second or more: set it to whole "
                "seconds, such as 5\n",
                m->timeout);
        return SBD_PARSE_FAILED;
    }
    return SBD_PARSE_OK;
}

/* --- command line --- */

static uint32_t *
number_of(struct sbd_options *o, int option)
{
    switch (option) {
    case '1':
        return &o->watchdog_s;
    case '2':
        return &o->allocate_s;
    case '3':
        return &o->loop_s;
    case '4':
        return &o->msgwait_s;
    case '5':
        return &o->warn_s;
    case 'C':
        return &o->crash_watchdog_s;
    case 'F':
        return &o->restart_limit;
    case 'I':
        return &o->io_s;
    case 'S':
        return &o->start_mode;
    case 's':
        return &o->start_wait_s;
    case 't':
        return &o->restart_s;
    }
    return NULL;
}

struct counts {
    unsigned pacemaker, cluster, watchdog;
};

static enum sbd_parse
take_text(struct sbd_options *o, int option, const char *value)
{
    switch (option) {
    case 'd':
        return add_device(o, value);
    case 'n':
        if (strlen(value) >= sizeof(o->node)) {
            fputs("Node name mustn't be longer than 63 chars.\n", stderr);
            return SBD_PARSE_FAILED;
        }
        strcpy(o->node, value);
        return SBD_PARSE_OK;
    case 'p':
        if (!copy_path(o->pid_file, value)) {
            fputs("The name of the PID file is too long.\n", stderr);
            return SBD_PARSE_FAILED;
        }
        return SBD_PARSE_OK;
    case 'w':
        if (!copy_path(o->watchdog, value)) {
            fputs("The name of the watchdog device is too long.\n", stderr);
            return SBD_PARSE_FAILED;
        }
        o->watchdog_dev_given = true;
        return SBD_PARSE_OK;
    case 'r':
        if (!parse_timeout_action(o, value)) {
            fprintf(stderr, "Failed to parse timeout-action \"%s\".\n", value);
            return SBD_PARSE_FAILED;
        }
        o->action_given = true;
        return SBD_PARSE_OK;
    }
    return SBD_PARSE_USAGE;
}

static enum sbd_parse
take_flag(struct sbd_options *o, int option, struct counts *counts)
{
    switch (option) {
    case 'c':
        counts->cluster++;
        break;
    case 'D':
        break;
    case 'f':
        o->force = true;
        break;
    case 'P':
        counts->pacemaker++;
        break;
    case 'R':
        o->realtime = false;
        break;
    case 'T':
        o->set_watchdog_timeout = false;
        break;
    case 'v':
        o->verbose++;
        break;
    case 'W':
        counts->watchdog++;
        break;
    case 'Z':
        o->debug++;
        break;
    case 'z':
        o->veto = true;
        break;
    case 'h':
        return SBD_PARSE_HELP;
    default:
        return SBD_PARSE_USAGE;
    }
    return SBD_PARSE_OK;
}

/* An argument must say something, and a number must be one. */
static enum sbd_parse
take_value(struct sbd_options *o, int option, const char *value)
{
    uint32_t *number = number_of(o, option);

    if (value[strspn(value, " \t\r\n\v\f")] == '\0' ||
        (number != NULL && !parse_number(value, number))) {
        fprintf(stderr, "Invalid value \"%s\" for option -%c\n", value, option);
        return SBD_PARSE_USAGE;
    }
    if (number == NULL) {
        return take_text(o, option, value + strspn(value, " \t\r\n\v\f"));
    }
    o->watchdog_given |= option == '1';
    o->msgwait_given |= option == '4';
    o->warn_given |= option == '5';
    return SBD_PARSE_OK;
}

static void
apply_counts(struct sbd_options *o, const struct counts *counts)
{
    if (counts->pacemaker > 0) {
        o->pacemaker = counts->pacemaker % 2 == 1;
    }
    if (counts->cluster > 0) {
        o->cluster = counts->cluster % 2 == 1;
    }
    if (counts->watchdog > 0) {
        o->use_watchdog = counts->watchdog % 2 == 1;
    }
}

enum sbd_parse
sbd_options_parse(struct sbd_options *o, int argc, char **argv)
{
    struct counts counts = { 0 };
    struct mistakes mistakes = { 0 };
    enum sbd_parse rc;
    int option;

    set_defaults(o);
    read_environment(o, &mistakes);
    while ((option = getopt(argc, argv, "1:2:3:4:5:C:cDd:F:fhI:n:Pp:Rr:S:s:Tt:vWw:Zz")) != -1) {
        if (option == '?') {
            return SBD_PARSE_USAGE;
        }
        rc = optarg != NULL ? take_value(o, option, optarg) : take_flag(o, option, &counts);
        if (rc != SBD_PARSE_OK) {
            return rc;
        }
    }
    apply_counts(o, &counts);
    if (o->n_devices == 0 && environment("SBD_DEVICE") != NULL) {
        rc = parse_device_line(o, environment("SBD_DEVICE"));
        if (rc != SBD_PARSE_OK) {
            return rc;
        }
    }
    if (o->n_devices > 0 && strlen(o->node) > SBD_NAME_MAX) {
        fputs("Node name mustn't be longer than 63 chars.\nIf uname is longer define a name to be "
              "used by sbd.\n",
              stderr);
        return SBD_PARSE_FAILED;
    }
    if (optind == argc) {
        fputs("Not enough arguments.\n", stderr);
        return SBD_PARSE_USAGE;
    }
    o->command = argv[optind];
    o->arguments = argv + optind + 1;
    return judge_environment(o, &mistakes);
}

/* --- what follows from them --- */

uint32_t
sbd_warn_threshold(const struct sbd_options *o, uint32_t watchdog_s)
{
    if (o->warn_given) {
        return o->warn_s;
    }
    return watchdog_s < 5 ? 2 : (uint32_t)((uint64_t)watchdog_s * 3 / 5);
}

bool
sbd_has_watchdog(const struct sbd_options *o)
{
    return o->use_watchdog && strcmp(o->watchdog, "/dev/null") != 0;
}

void
sbd_options_adopt(struct sbd_options *o, const struct sbd_header *h)
{
    o->watchdog_s = h->watchdog_s;
    o->allocate_s = h->allocate_s;
    o->loop_s = h->loop_s > 0 ? h->loop_s : 1;
    o->msgwait_s = h->msgwait_s;
}
