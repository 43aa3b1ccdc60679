/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk side of the CIB manager.  The journal is appended by one thread that syncs many waiting records at once;
 * cib.xml is rewritten by a child process of low priority, which has the document as of its fork for free.
 * Called from the main loop.  Never blocks it.  (spec 20 §10.1, lib/cib/cib_journal.h)
 */
#include "daemons/cib/based_disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/iso8601.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/cib/cib_journal.h"
#include "lib/cib/cib_store.h"

/* A rewrite is begun at most once in this time, or in this many times what the last one took. */
enum { WRITE_PAUSE_MS = 1000, WRITE_PAUSE_FACTOR = 20 };
/* How long a record that nobody waits for may stay in memory. */
enum { COMPANY_MS = 50 };

/* After a failed rewrite the next one waits this long, then twice as long, up to the greatest. */
enum { RETRY_FIRST_MS = 2000, RETRY_GREATEST_MS = 60000 };

struct disk {
    char *dir;
    const struct disk_callbacks *callbacks;
    void *data;
    bool enabled;
    /* journal thread */
    GThread *thread;
    GAsyncQueue *queue; /* struct job */
    GString *collected; /* records that wait for company; NULL: none */
    uint64_t collected_sequence;
    guint collect_timer;
    unsigned segment;
    /* writer */
    pid_t child;
    bool dirty;
    guint timer;
    gint64 started, took; /* microseconds */
    struct cib_store_marks marks; /* of what we wrote last */
    bool marked;
    unsigned retry_ms;    /* 0: the last rewrite succeeded */
};

/* Work for the journal thread, in order. */
struct job {
    enum { JOB_RECORD, JOB_SEGMENT, JOB_END } kind;
    GString *record;
    uint64_t sequence;
    unsigned segment;
};

/* --- journal thread --- */

struct news {
    struct disk *disk;
    uint64_t sequence;
};

static gboolean
tell_durable(gpointer data)
{
    struct news *n = data;

    n->disk->callbacks->durable(n->sequence, n->disk->data);
    return G_SOURCE_REMOVE;
}

/* What the thread holds on to. */
struct writer {
    struct disk *disk;
    struct cib_journal *journal; /* NULL: there is none */
    bool failed;
    GString *batch;
    uint64_t sequence; /* of the last record in the batch */
};

static void
flush_batch(struct writer *w)
{
    struct news *n;
    int rc = RC_OK;

    if (w->sequence == 0) {
        return;
    }
    if (w->journal != NULL && w->batch->len > 0) {
        rc = cib_journal_append(w->journal, w->batch->str, w->batch->len);
    }
    if (rc != RC_OK && !w->failed) {
        log_crit("Could not append to the journal of the configuration in %s: %s (changes are kept in memory and by peers)",
                 w->disk->dir, strerror(rc));
        w->failed = true;
    } else if (rc == RC_OK) {
        w->failed = false;
    }
    n = g_new(struct news, 1);
    *n = (struct news){ .disk = w->disk, .sequence = w->sequence };
    g_idle_add_full(G_PRIORITY_HIGH, tell_durable, n, g_free);
    g_string_truncate(w->batch, 0);
    w->sequence = 0;
}

static bool
do_job(struct writer *w, struct job *job)
{
    bool go_on = true;

    switch (job->kind) {
    case JOB_RECORD:
        g_string_append_len(w->batch, job->record->str, (gssize)job->record->len);
        w->sequence = job->sequence;
        g_string_free(job->record, TRUE);
        break;
    case JOB_SEGMENT:
        flush_batch(w);
        cib_journal_close(w->journal);
        w->journal = cib_journal_begin(w->disk->dir, job->segment);
        if (w->journal == NULL) {
            log_crit("Could not begin a journal of the configuration in %s: %s", w->disk->dir, strerror(errno));
        }
        break;
    case JOB_END:
        flush_batch(w);
        go_on = false;
        break;
    }
    g_free(job);
    return go_on;
}

static gpointer
journal_thread(gpointer data)
{
    struct writer w = { .disk = data, .batch = g_string_new(NULL) };
    struct job *job;

    do {
        job = g_async_queue_pop(w.disk->queue);
        while (job != NULL && do_job(&w, job)) {
            job = g_async_queue_try_pop(w.disk->queue); /* all that wait go in one sync */
            if (job == NULL) {
                flush_batch(&w);
            }
        }
        /* do_job() said no: the end */
    } while (job == NULL);
    cib_journal_close(w.journal);
    g_string_free(w.batch, TRUE);
    return NULL;
}

static void
push_job(struct disk *d, struct job job)
{
    struct job *j = g_new(struct job, 1);

    *j = job;
    g_async_queue_push(d->queue, j);
}

/* Hand what has been collected to the thread. */
static void
push_collected(struct disk *d)
{
    if (d->collect_timer != 0) {
        g_source_remove(d->collect_timer);
        d->collect_timer = 0;
    }
    if (d->collected != NULL) {
        push_job(d, (struct job){ .kind = JOB_RECORD, .record = d->collected, .sequence = d->collected_sequence });
        d->collected = NULL;
    }
}

static gboolean
company_came(gpointer data)
{
    struct disk *d = data;

    d->collect_timer = 0;
    push_collected(d);
    return G_SOURCE_REMOVE;
}

void
disk_append(struct disk *d, GString *record, uint64_t sequence, bool urgent)
{
    if (!d->enabled) {
        g_string_free(record, TRUE);
        d->callbacks->durable(sequence, d->data);
        return;
    }
    if (d->collected == NULL) {
        d->collected = record;
    } else {
        g_string_append_len(d->collected, record->str, (gssize)record->len);
        g_string_free(record, TRUE);
    }
    d->collected_sequence = sequence;
    if (urgent) {
        push_collected(d);
    } else if (d->collect_timer == 0) {
        d->collect_timer = g_timeout_add(COMPANY_MS, company_came, d);
    }
}

/* --- rewriting cib.xml --- */

struct base {
    const char *dir;
    unsigned segment;
};

static int
note_base(const char *digest, void *data)
{
    const struct base *base = data;

    return cib_journal_note_base(base->dir, base->segment, digest);
}

static int
write_now(const struct disk *d, unsigned segment)
{
    g_autofree char *written = iso_ctime(time(NULL));
    struct base base = { .dir = d->dir, .segment = segment };

    return cib_store_write(d->dir, "cib.xml", d->callbacks->document(d->data), written,
                           d->marked ? &d->marks : NULL, note_base, &base);
}

/* Exit codes of the child (spec 20 §10.1). */
static int
exit_code_of(int rc)
{
    switch (rc) {
    case RC_OK:
        return CRM_EX_OK;
    case RC_CIB_MODIFIED:
        return CRM_EX_DIGEST;
    case RC_CIB_BACKUP:
    case RC_CIB_SAVE:
        return CRM_EX_CANTCREAT;
    default:
        return CRM_EX_ERROR;
    }
}

static void start_writer(struct disk *d);

static void
after_write(struct disk *d, int status)
{
    d->took = g_get_monotonic_time() - d->started;
    d->child = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        d->retry_ms = 0;
        cib_store_take_marks(d->dir, "cib.xml", &d->marks);
        d->marked = true;
        cib_journal_prune(d->dir, d->segment);
        log_debug("Configuration written to %s in %" G_GINT64_FORMAT " ms", d->dir, d->took / 1000);
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == CRM_EX_DIGEST) {
        /* Whoever edited the file by hand must not lose it; only a person can decide. */
        log_err("Disabling disk writes of the configuration: %s/cib.xml was changed by hand; move it away and send "
                "SIGPIPE to this process to write again", d->dir);
        d->enabled = false;
    } else {
        d->dirty = true;
        d->retry_ms = CLAMP(d->retry_ms * 2, RETRY_FIRST_MS, RETRY_GREATEST_MS);
        log_err("Could not write the configuration to %s (%s); it is kept in memory and by peers, trying again in %u s",
                d->dir, WIFEXITED(status) ? crm_exit_text(WEXITSTATUS(status)) : "the writer was killed", d->retry_ms / 1000);
    }
}

static void
writer_ended(GPid pid, gint status, gpointer data)
{
    struct disk *d = data;

    g_spawn_close_pid(pid);
    if (d->child != pid) {
        return;
    }
    after_write(d, status);
    if (d->dirty) {
        disk_request_write(d);
    }
}

static void
start_writer(struct disk *d)
{
    d->dirty = false;
    d->started = g_get_monotonic_time();
    d->segment++;
    push_collected(d);
    push_job(d, (struct job){ .kind = JOB_SEGMENT, .segment = d->segment });
    d->child = fork();
    if (d->child == 0) {
        if (nice(10) == -1) {
            errno = 0; /* slower for the others, no harm done */
        }
        _exit(exit_code_of(write_now(d, d->segment)));
    }
    if (d->child < 0) {
        d->child = 0;
        after_write(d, W_EXITCODE(CRM_EX_OSERR, 0));
        disk_request_write(d);
        return;
    }
    g_child_watch_add(d->child, writer_ended, d);
}

static gboolean
pause_over(gpointer data)
{
    struct disk *d = data;

    d->timer = 0;
    if (d->dirty && d->child == 0 && d->enabled) {
        start_writer(d);
    }
    return G_SOURCE_REMOVE;
}

void
disk_request_write(struct disk *d)
{
    gint64 pause = MAX(MAX(WRITE_PAUSE_MS, d->retry_ms) * 1000, d->took * WRITE_PAUSE_FACTOR);
    gint64 wait = d->started + pause - g_get_monotonic_time();

    d->dirty = true;
    if (!d->enabled || d->child != 0 || d->timer != 0) {
        return;
    }
    /* the first one of a burst goes soon, but behind what is waiting in the main loop */
    d->timer = g_timeout_add(d->started == 0 || wait <= 0 ? 10 : (guint)(wait / 1000) + 1, pause_over, d);
}

void
disk_enable(struct disk *d)
{
    if (!d->enabled) {
        log_notice("Enabling disk writes of the configuration");
        d->enabled = true;
        disk_request_write(d);
    }
}

/* --- start and end --- */

xmlNode *
disk_load(const char *dir, bool *disable_writes)
{
    struct cib_store_loaded loaded;

    cib_store_load(dir, &loaded);
    *disable_writes = loaded.disable_writes;
    if (loaded.root != NULL && loaded.digest != NULL) {
        unsigned n = cib_journal_replay(dir, loaded.digest, &loaded.root);

        if (n > 0) {
            log_notice("Replayed %u configuration changes that were acknowledged after cib.xml was written", n);
        }
    }
    g_free(loaded.digest);
    g_free(loaded.source);
    return loaded.root;
}

struct disk *
disk_new(const char *dir, bool enabled, const struct disk_callbacks *callbacks, void *data)
{
    struct disk *d = g_new0(struct disk, 1);

    d->dir = g_strdup(dir);
    d->callbacks = callbacks;
    d->data = data;
    d->enabled = enabled;
    d->segment = cib_journal_last_segment(dir);
    d->queue = g_async_queue_new();
    d->thread = g_thread_new("journal", journal_thread, d);
    return d;
}

void
disk_finish(struct disk *d)
{
    int status;

    if (d->child != 0 && waitpid(d->child, &status, 0) == d->child) {
        after_write(d, status);
    }
    if (d->timer != 0) {
        g_source_remove(d->timer);
    }
    push_collected(d);
    push_job(d, (struct job){ .kind = JOB_END });
    g_thread_join(d->thread);
    if (d->enabled && d->dirty) {
        if (write_now(d, d->segment + 1) == RC_OK) {
            cib_journal_prune(d->dir, d->segment + 2);
        }
    } else if (d->enabled) {
        cib_journal_prune(d->dir, d->segment + 1);
    }
    g_async_queue_unref(d->queue);
    g_free(d->dir);
    g_free(d);
}
