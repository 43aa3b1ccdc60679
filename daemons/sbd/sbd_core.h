/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SBD's core: the format of the shared disk, what is done on it sector by sector, how a node's
 * health is judged, and when the watchdog is fed or the node is killed.  Used by the program `sbd`
 * and by cts/sim.  Pure: opens nothing, reads no clock, allocates nothing, logs nothing (it says by
 * notes and effects what its shell has to say).  (spec 65)
 *
 * Times named _s are whole seconds, `now` is milliseconds of the caller's monotonic clock and
 * greater than 0.
 */
#ifndef SBD_CORE_H
#define SBD_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the disk (spec 65 §2; sbd_core_disk.c) --- */

#define SBD_NAME_MAX     63  /* bytes of a node's name on disk */
#define SBD_SLOTS        255 /* what `create` makes */
#define SBD_SECTORS      511 /* header, and two sectors a slot */
#define SBD_SECTOR_MIN   512
#define SBD_HEADER_BYTES 52
#define SBD_ENTRY_BYTES  65 /* a node slot or a mailbox: one byte and a name */

struct sbd_header {
    uint8_t major, minor;
    uint8_t slots;
    uint32_t sector_size;
    uint32_t watchdog_s, allocate_s, loop_s, msgwait_s;
    uint8_t uuid[16]; /* all zero before minor version 1 */
};

enum sbd_header_error {
    SBD_HEADER_OK,
    SBD_HEADER_MAGIC,       /* no SBD disk, or scribbled over */
    SBD_HEADER_VERSION,     /* major version is not 2 */
    SBD_HEADER_SECTOR_SIZE, /* made for another sector size than the device has */
};

/* Commands of a mailbox: its first byte, signed. */
enum sbd_command {
    SBD_CMD_CLEAR = 0,
    SBD_CMD_TEST = 1,
    SBD_CMD_RESET = 2,
    SBD_CMD_OFF = 3,
    SBD_CMD_EXIT = 4,
    SBD_CMD_CRASHDUMP = 5,
};

/* A node slot (mark: in use) or a mailbox (mark: command). */
struct sbd_entry {
    int8_t mark;
    char name[SBD_NAME_MAX + 2]; /* owner or sender; always terminated; bytes as on disk */
};

uint32_t sbd_slot_sector(unsigned slot);
uint32_t sbd_mailbox_sector(unsigned slot);
/* Fill a whole sector (zeroed behind). `size` >= SBD_SECTOR_MIN. */
void sbd_header_encode(const struct sbd_header *h, uint8_t *sector, size_t size);
/* Any bytes are fine as input.  `size` is the device's sector size. */
enum sbd_header_error sbd_header_decode(const uint8_t *sector, size_t size, struct sbd_header *h);
void sbd_entry_encode(const struct sbd_entry *e, uint8_t *sector, size_t size);
void sbd_entry_decode(const uint8_t *sector, struct sbd_entry *e);
struct sbd_entry sbd_entry_of(int mark, const char *name);
/* Does that slot belong to that node (in use, same name whatever the case)? */
bool sbd_slot_is_of(const struct sbd_entry *slot, const char *node);
/* Does this sector hold exactly that entry and nothing behind it? */
bool sbd_sector_holds(const uint8_t *sector, size_t size, const struct sbd_entry *e);
/* Do the four timeouts agree? */
bool sbd_same_timeouts(const struct sbd_header *a, const struct sbd_header *b);
/* Is a name such that it could stand in a cluster's configuration (printable, not empty)?  Others
 * are shown escaped. */
bool sbd_name_is_sound(const char *name);

/* "reset"; "undefined" for what is none. */
const char *sbd_command_word(int command);
/* Exact word; false if there is none. */
bool sbd_command_parse(const char *word, enum sbd_command *command);
const char *sbd_header_error_text(enum sbd_header_error error);

/* --- what is done on a disk, one sector at a time (spec 65 §4, §5.4, §8; sbd_core_task.c) --- */

/* What a task wants of its shell before it is stepped again. */
enum sbd_want {
    SBD_WANT_READ,  /* read `sector` into the task's buffer */
    SBD_WANT_WRITE, /* write the buffer to `sector` */
    SBD_WANT_SLEEP, /* come back after `seconds` */
    SBD_WANT_END,   /* finished: see task.result */
};

struct sbd_request {
    enum sbd_want want;
    uint32_t sector;
    uint32_t seconds;
};

/* What a step found out, for the log or the terminal. At most one a step. */
enum sbd_note {
    SBD_NOTE_NONE,
    SBD_NOTE_BAD_HEADER,       /* task.header_error */
    SBD_NOTE_IO,               /* the last read or write failed */
    SBD_NOTE_TRY_SLOT,         /* task.slot is free, about to be taken */
    SBD_NOTE_OWNED,            /* task.slot is ours now, or was */
    SBD_NOTE_NO_SLOT,          /* the target has no slot */
    SBD_NOTE_FULL,             /* no free slot */
    SBD_NOTE_PENDING_KILL,     /* a `test` would have overwritten task.found */
    SBD_NOTE_REPLACED,         /* the message replaces task.found, which was an order to kill */
    SBD_NOTE_NOT_DELIVERED,    /* written and read back, it was not there */
    SBD_NOTE_DELIVERED,        /* it is there; waiting for msgwait */
    SBD_NOTE_IN_USE,           /* release: the owner reads its mailbox, it is alive */
    SBD_NOTE_TIMEOUTS_DIFFER,  /* watch: other timeouts than the first disk's */
    SBD_NOTE_MONITORING,       /* watch: begins to look, task.slot */
    SBD_NOTE_FENCING_MESSAGE,  /* watch: start mode clean, and task.found lies there */
    SBD_NOTE_HEADER_CHANGED,   /* watch */
    SBD_NOTE_SLOT_CHANGED,     /* watch */
    SBD_NOTE_RECEIVED,         /* watch: task.found is a known command */
    SBD_NOTE_RECEIVED_UNKNOWN, /* watch: task.found is positive and unknown */
};

/* How a task ended; those of a watcher are its exit status. */
enum sbd_result {
    SBD_RESULT_OK = 0,
    SBD_RESULT_FAILED = 1,
    SBD_RESULT_IO = 20, /* watch: the disk cannot be read, or is not what it was */
    SBD_RESULT_RESET = 21,
    SBD_RESULT_OFF = 22,
    SBD_RESULT_CRASHDUMP = 23,
    SBD_RESULT_REFUSE = 24, /* watch: start mode clean and a fencing message: do not start at all */
    SBD_RESULT_STOP = 25,   /* watch: told by its mailbox to end cleanly */
    SBD_RESULT_GRACEFUL = 30, /* the Pacemaker watcher: Pacemaker was stopped in order */
};

enum sbd_task_kind {
    SBD_TASK_CREATE,
    SBD_TASK_ALLOCATE,
    SBD_TASK_SEND,
    SBD_TASK_PING,
    SBD_TASK_RELEASE,
    SBD_TASK_WATCH
};

enum sbd_watch_flags {
    SBD_WATCH_FIRST =
        1 << 0, /* first start within the start of the daemon: the mailbox is emptied */
    SBD_WATCH_CLEAN = 1 << 1, /* start mode clean */
};

struct sbd_task {
    enum sbd_task_kind kind;
    uint8_t *buffer; /* one sector, borrowed: what is written, and where reads go */
    size_t sector_size;
    struct sbd_header header;
    enum sbd_header_error header_error;
    char node[SBD_NAME_MAX + 2]; /* whose slot */
    struct sbd_entry message;    /* what is sent */
    unsigned slot;               /* found or taken */
    struct sbd_entry found;      /* what lay in the mailbox */
    enum sbd_note note;          /* of the last step */
    bool alive;                  /* watch: the last step ended a good round */
    enum sbd_result result;      /* at SBD_WANT_END */

    /* private */
    int state;
    unsigned at, tries, waited_s;
    int first_free;
    unsigned flags;
    bool compare;
    struct sbd_header first;
    uint8_t seen_header[SBD_HEADER_BYTES], seen_slot[SBD_ENTRY_BYTES];
};

/*
 * Prepare a task.  `buffer` holds one sector of `sector_size` bytes and stays the caller's.  Names
 * are at most SBD_NAME_MAX bytes (the caller has checked that).
 */
void sbd_task_create(struct sbd_task *t, uint8_t *buffer, size_t sector_size,
                     const struct sbd_header *h);
void sbd_task_allocate(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node);
void sbd_task_send(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
                   enum sbd_command command, const char *sender);
/* Send `test` and wait until the receiver has taken it, at most msgwait. */
void sbd_task_ping(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
                   const char *sender);
/* Free a node's slot, unless its owner turns out to be alive: its mailbox is tried with a `test`.
 */
void sbd_task_release(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
                      const char *sender);
/* `first`: the header whose timeouts the daemon runs with, or NULL if there is none to compare
 * with. */
void sbd_task_watch(struct sbd_task *t, uint8_t *buffer, size_t sector_size, const char *node,
                    unsigned flags, const struct sbd_header *first);
/*
 * Take the next step.  `ok`: what the last request wanted was done (ignored the first time).  Sets
 * note and alive.  A failed read or write may be answered by a retry; the task decides.
 */
struct sbd_request sbd_task_next(struct sbd_task *t, bool ok);

/* --- is a message delivered?  (spec 65 §5.4) --- */

enum sbd_delivery { SBD_DELIVERY_OPEN, SBD_DELIVERY_DONE, SBD_DELIVERY_FAILED };
/* More than half of the disks decide. */
enum sbd_delivery sbd_delivery(unsigned disks, unsigned succeeded, unsigned failed);

/* --- is this node healthy, as Pacemaker and Corosync see it?  (spec 65 §9.2, §10;
 * sbd_core_health.c) --- */

enum sbd_health {
    SBD_HEALTH_UNKNOWN,
    SBD_HEALTH_ONLINE,
    SBD_HEALTH_PENDING,
    SBD_HEALTH_TRANSIENT,
    SBD_HEALTH_SHUTDOWN,
    SBD_HEALTH_UNCLEAN,
    SBD_HEALTH_NO_QUORUM,
};

/* What a watcher tells the inquisitor for a health. */
enum sbd_report { SBD_REPORT_ALIVE, SBD_REPORT_NOTHING, SBD_REPORT_UNHEALTHY };
enum sbd_report sbd_health_report(enum sbd_health health);
const char *sbd_health_text(enum sbd_health health);

enum sbd_quorum_policy {
    SBD_POLICY_STOP,
    SBD_POLICY_FREEZE,
    SBD_POLICY_DEMOTE,
    SBD_POLICY_IGNORE,
    SBD_POLICY_SUICIDE
};

/* What the CIB says about this node, and whether Corosync contradicts it. */
struct sbd_node_facts {
    bool has_dc; /* the cluster has a DC whose node is known */
    bool known;  /* there is a node of our name */
    bool online, unclean, pending;
    bool quorate;
    enum sbd_quorum_policy policy; /* anything unknown counts as suicide */
    /* Corosync says that there is no quorum, or is gone: a CIB that says otherwise has not been told
     * yet, and with a controller that has just started nobody may tell it for a minute.  False where
     * Corosync was never there (remote nodes). */
    bool denied;
};
/* `had_quorum` is kept by the caller between calls (false at first). */
enum sbd_health sbd_pacemaker_health(const struct sbd_node_facts *f, bool diskless,
                                     bool *had_quorum);

/* An answer of the launcher. */
struct sbd_launcher_answer {
    bool ok;           /* result="ok" */
    int64_t timestamp; /* when it last checked its daemons, epoch; 0: unknown */
    bool running;      /* state running or shutting_down */
    bool shut_down;    /* state shutdown_complete */
};
/* Newest good time stamp after this answer. */
int64_t sbd_launcher_stamp(int64_t stamp, const struct sbd_launcher_answer *a);
/* Is the launcher known to have made progress lately enough (epoch seconds)? */
bool sbd_launcher_is_fresh(int64_t stamp, int64_t now_epoch, unsigned watchdog_s);

struct sbd_cluster_facts {
    unsigned members;      /* of the group sbd:cluster */
    unsigned most_members; /* ever seen */
    bool two_node;
    bool qdevice;
    unsigned sync_timeout_s; /* of the qdevice */
};
enum sbd_health sbd_cluster_health(const struct sbd_cluster_facts *f, unsigned watchdog_s);

/* --- the inquisitor (spec 65 §7.5-7.7; sbd_core_inquisitor.c) --- */

#define SBD_MAX_DISKS    3
#define SBD_MAX_WATCHERS (SBD_MAX_DISKS + 2)

enum sbd_watcher_kind { SBD_WATCHER_DISK, SBD_WATCHER_PACEMAKER, SBD_WATCHER_CLUSTER };

/* How a node is taken down: the letter of sysrq. */
enum sbd_kill { SBD_KILL_RESET = 'b', SBD_KILL_OFF = 'o', SBD_KILL_CRASH = 'c' };

struct sbd_inquisitor_config {
    unsigned n_disks;        /* 0: diskless */
    bool pacemaker, cluster; /* which of the two other watchers there are */
    bool veto;               /* -z: the cluster's health counts even while the disks are good */
    bool watchdog;           /* a watchdog is in use */
    unsigned watchdog_s;     /* 0: never kill for lack of feeding */
    unsigned loop_s, io_s;
    unsigned warn_s;        /* 0: no warnings */
    unsigned restart_s;     /* -t */
    unsigned restart_limit; /* -F; 0: never held back */
    enum sbd_kill timeout_action;
    bool timeout_flush;
    unsigned debug; /* -Z */
};

struct sbd_watcher {
    enum sbd_watcher_kind kind;
    bool running;
    uint64_t started; /* last start; 0 never */
    uint64_t alive;   /* last sign of life; 0 never seen */
    bool outdated;
    bool was_alive;  /* any incarnation ever reported */
    unsigned starts; /* since the last reset of the count */
};

enum sbd_event_kind {
    SBD_EV_TICK,      /* time has passed */
    SBD_EV_ALIVE,     /* watcher */
    SBD_EV_UNHEALTHY, /* watcher; counts from the Pacemaker and the cluster watcher only */
    SBD_EV_ENDED,     /* watcher, code: its exit status (enum sbd_result), or anything else */
    SBD_EV_ARMED,     /* answer to SBD_DO_ARM: code 0, or it could not be armed */
    SBD_EV_STOP,      /* asked to end cleanly */
    SBD_EV_RESTART,   /* restart dead watchers at once */
};

struct sbd_event {
    enum sbd_event_kind kind;
    unsigned watcher;
    int code;
};

enum sbd_effect_kind {
    SBD_DO_START,     /* watcher; first: with first-start semantics */
    SBD_DO_FEED,      /* the watchdog, if armed */
    SBD_DO_ARM,       /* the watchdog, and answer with SBD_EV_ARMED at once */
    SBD_DO_DETACH,    /* tell whoever waits that the daemon runs */
    SBD_DO_END,       /* end cleanly: watchers killed, watchdog disarmed; code is the exit status */
    SBD_DO_KILL,      /* take the node down: kill, flush */
    SBD_DO_WARN_LATE, /* latency_s */
    SBD_DO_WARN_MAJORITY,
    SBD_DO_WARN_OUTDATED, /* watcher has become outdated */
    SBD_DO_WARN_HEALTHY,  /* watcher is back (or there for the first time) */
    SBD_DO_WARN_VOTES,    /* not enough votes at start (SBD_DO_END follows) */
    SBD_DO_WARN_DEBUG,    /* the time is up, but the debug level only says so */
};

struct sbd_effect {
    enum sbd_effect_kind kind;
    unsigned watcher;
    bool first;
    int code;
    enum sbd_kill kill;
    bool flush;
    bool timed_out; /* SBD_DO_KILL: nobody asked, the node was not fed in time */
    unsigned latency_s, healthy;
};

#define SBD_MAX_EFFECTS 24

struct sbd_inquisitor {
    struct sbd_inquisitor_config config;
    struct sbd_watcher watchers[SBD_MAX_WATCHERS]; /* disks, then Pacemaker, then cluster */
    unsigned n_watchers;
    uint64_t fed; /* last time that feeding was allowed; at first the start */
    bool detached;
    bool appeared; /* the cluster has been seen healthy */
    bool ending;   /* SBD_DO_END or SBD_DO_KILL was given: nothing more will come */
    bool warned_majority;
    uint64_t warned_late;
    uint64_t unvouched; /* end of the last time that the cluster did not vouch, as far as it has ended; 0: there was none */
};

struct sbd_effects {
    struct sbd_effect list[SBD_MAX_EFFECTS];
    unsigned count;
};

/* Begin: the first SBD_EV_TICK starts the watchers. */
void sbd_inquisitor_init(struct sbd_inquisitor *q, const struct sbd_inquisitor_config *config,
                         uint64_t now);
/* Advance by one event.  Fills `out` anew. */
void sbd_inquisitor_step(struct sbd_inquisitor *q, uint64_t now, const struct sbd_event *ev,
                         struct sbd_effects *out);
/* When the next SBD_EV_TICK is due at the latest, if nothing else happens. */
uint64_t sbd_inquisitor_next_tick(const struct sbd_inquisitor *q, uint64_t now);

/* What the table of spec 65 §7.5 says, for the present state of the watchers. */
struct sbd_verdict {
    bool feed, may_detach;
    bool on_pacemaker; /* the disks are not good, the cluster vouches */
    unsigned healthy;  /* watchers */
};
struct sbd_verdict sbd_judge(struct sbd_inquisitor *q);

/* --- is the configuration sound?  (spec 65 §15; sbd_core_check.c) --- */

struct sbd_check_disk {
    const char *name;
    bool readable;
    enum sbd_header_error error;
    struct sbd_header header;
};

/* What `check` knows; what it could not learn is said so and not judged. */
struct sbd_check_facts {
    unsigned n_disks;
    struct sbd_check_disk disks[SBD_MAX_DISKS];
    unsigned watchdog_s; /* by options and environment: what Pacemaker's daemons go by */
    unsigned io_s;
    bool sync_set; /* SBD_SYNC_RESOURCE_STARTUP is set */

    bool watchdog_used;
    const char *watchdog;
    bool watchdog_exists, watchdog_is_soft;
    unsigned watchdog_max_s; /* of its driver; 0 unknown */
    int holder;              /* process that has it open and is no sbd; 0 none */
    const char *holder_name;

    bool knows_cluster; /* the CIB's options */
    bool stonith_enabled;
    unsigned stonith_timeout_s;
    long long stonith_watchdog_timeout_ms; /* negative: twice the watchdog timeout; 0 none */
    bool has_sbd_device;                   /* a fence device that uses the disks */

    bool knows_corosync;
    unsigned nodes;
    bool qdevice;
    unsigned sync_timeout_s;
};

enum sbd_finding_level { SBD_FINDING_WARNING, SBD_FINDING_ERROR };

struct sbd_finding {
    enum sbd_finding_level level;
    char text[400]; /* what is wrong, and what to set to what */
};

#define SBD_MAX_FINDINGS 24

/* Returns how many findings there are. */
unsigned sbd_check(const struct sbd_check_facts *f, struct sbd_finding findings[SBD_MAX_FINDINGS]);
/* How long a node may live after a message was written, in the worst case. */
unsigned sbd_needed_msgwait(unsigned watchdog_s, unsigned io_s, unsigned loop_s);

#endif
