/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulation's command: runs seeds, each in a process of its own (so that a crash is a failure like any other, and a run
 * cannot depend on the one before), and prints the story of the first failure.  Called by cts/sim/run.
 */
#include "cts/sim/sim.h"

#include "lib/base/xml.h"

#include <qb/qblog.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    gint64 seeds, from;
    int jobs, nodes, lines;
    gboolean no_controller, calm, verify, trace, log, keep_going;
    char *mutation, *fencing;
    double dump_at;
} options = { .seeds = 1, .jobs = 2, .lines = 200 };

static const GOptionEntry entries[] = {
    { "seeds", 0, 0, G_OPTION_ARG_INT64, &options.seeds, "How many runs", "N" },
    { "from", 0, 0, G_OPTION_ARG_INT64, &options.from, "First seed", "SEED" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Runs at the same time", "N" },
    { "nodes", 0, 0, G_OPTION_ARG_INT, &options.nodes, "Nodes of each cluster (default: 3 to 5, by the seed)", "N" },
    { "lines", 0, 0, G_OPTION_ARG_INT, &options.lines, "Lines of the story that are shown", "N" },
    { "no-controller", 0, 0, G_OPTION_ARG_NONE, &options.no_controller, "CIB and attribute managers only", NULL },
    { "calm", 0, 0, G_OPTION_ARG_NONE, &options.calm, "No faults", NULL },
    { "verify", 0, 0, G_OPTION_ARG_NONE, &options.verify, "Run each seed twice and compare", NULL },
    { "trace", 0, 0, G_OPTION_ARG_NONE, &options.trace, "Show the story of each run", NULL },
    { "log", 0, 0, G_OPTION_ARG_NONE, &options.log, "With what the daemons log", NULL },
    { "keep-going", 0, 0, G_OPTION_ARG_NONE, &options.keep_going, "Do not stop at the first failure", NULL },
    { "dump-at", 0, 0, G_OPTION_ARG_DOUBLE, &options.dump_at, "Show everybody's CIB at this time of the run", "SECONDS" },
    { "fencing", 0, 0, G_OPTION_ARG_STRING, &options.fencing, "power or sbd0 to sbd3 (disks), +levels (default: by the seed)", "KIND" },
    { "break", 0, 0, G_OPTION_ARG_STRING, &options.mutation, "Break a rule on purpose; finding nothing is then the failure", "RULE" },
    { NULL },
};

/* --- one run, in the child --- */

static struct sim *logging;

static void
on_log(int32_t target, struct qb_log_callsite *cs, struct timespec *time, const char *message)
{
    if (logging != NULL && cs->priority <= LOG_INFO) {
        sim_trace(logging, "    | %s %s %s: %s", logging->current != NULL ? logging->current : "-",
                  logging->current != NULL ? logging->current_daemon : "", cs->function, message);
    }
}

static void
log_to_trace(struct sim *s)
{
    int32_t target;

    qb_log_init("sim", LOG_USER, LOG_EMERG);
    qb_log_ctl(QB_LOG_SYSLOG, QB_LOG_CONF_ENABLED, QB_FALSE);
    target = qb_log_custom_open(on_log, NULL, NULL, NULL);
    qb_log_filter_ctl(target, QB_LOG_FILTER_ADD, QB_LOG_FILTER_FILE, "*", LOG_INFO);
    qb_log_ctl(target, QB_LOG_CONF_ENABLED, QB_TRUE);
    logging = s;
}

static void
on_dump(struct sim *s, void *arg)
{
    for (unsigned i = 0; i < s->n_nodes; i++) {
        const xmlNode *cib = sim_cib_document(&s->node[i]);
        g_autofree char *text = cib != NULL ? xml_to_text(cib, XML_TEXT_FORMATTED) : NULL;

        printf("--- CIB of %s at %.4f ---\n%s\n", s->node[i].name, (double)s->now / (double)SIM_S, text != NULL ? text : "none");
    }
}

enum result { RESULT_GOOD = 0, RESULT_BAD = 10 };

static int
run_seed(uint64_t seed, enum sim_mutation mutation, bool show, int result_fd)
{
    struct sim_config config = {
        .seed = seed, .nodes = (unsigned)options.nodes, .with_controller = !options.no_controller,
        .calm = options.calm, .trace = show, .mutation = mutation, .fencing = options.fencing,
    };
    struct sim *s = sim_new(&config);
    bool good;

    if (show && options.log) {
        log_to_trace(s);
    }
    if (show && options.dump_at > 0) {
        sim_post(s, (uint64_t)(options.dump_at * (double)SIM_S), on_dump, NULL, NULL);
    }
    good = sim_run(s);
    if (show) {
        guint skip = s->trace.length > (guint)options.lines ? s->trace.length - (guint)options.lines : 0;

        for (const GList *l = g_queue_peek_nth_link(&s->trace, skip); l != NULL; l = l->next) {
            puts(l->data);
        }
        printf("seed %" G_GUINT64_FORMAT ", %u nodes, %.1f s, %" G_GUINT64_FORMAT " events: %s\n", seed, s->n_nodes,
               (double)s->now / (double)SIM_S, s->events_run, good ? "good" : s->failure);
        fflush(stdout);
    } else if (!good && mutation == SIM_SOUND) {
        printf("seed %" G_GUINT64_FORMAT " failed: %s\n", seed, s->failure);
        fflush(stdout);
    }
    logging = NULL;
    if (write(result_fd, &s->hash, sizeof(s->hash)) != sizeof(s->hash)) {
        return 1;
    }
    if (show) {
        sim_free(s); /* the others leave that to the kernel: it is quicker */
    }
    return good ? RESULT_GOOD : RESULT_BAD;
}

/* --- many runs --- */

struct job {
    pid_t pid;
    int fd;
    uint64_t seed;
    bool second; /* of the two runs of --verify */
    uint64_t first_hash;
};

static struct job
start(uint64_t seed, enum sim_mutation mutation, bool show)
{
    struct job j = { .seed = seed };
    int fds[2];

    fflush(stdout);
    if (pipe(fds) != 0) {
        perror("pipe");
        exit(1);
    }
    j.pid = fork();
    if (j.pid == 0) {
        close(fds[0]);
        _exit(run_seed(seed, mutation, show, fds[1]));
    }
    close(fds[1]);
    j.fd = fds[0];
    return j;
}

/* True if the run was good; *hash is what happened in it. */
static bool
finish(const struct job *j, int status, uint64_t *hash)
{
    ssize_t got = read(j->fd, hash, sizeof(*hash));

    close(j->fd);
    return got == sizeof(*hash) && WIFEXITED(status) && WEXITSTATUS(status) == RESULT_GOOD;
}

static void
show_failure(uint64_t seed, enum sim_mutation mutation, int status)
{
    struct job j;
    uint64_t hash;

    printf("--- seed %" G_GUINT64_FORMAT " failed%s ---\n", seed, WIFSIGNALED(status) ? " (crashed)" : "");
    options.log = true;
    j = start(seed, mutation, true);
    waitpid(j.pid, &status, 0);
    finish(&j, status, &hash);
    if (WIFSIGNALED(status)) {
        printf("the process of seed %" G_GUINT64_FORMAT " died of signal %d\n", seed, WTERMSIG(status));
    }
}

static enum sim_mutation
mutation_named(const char *name)
{
    for (unsigned i = 0; name != NULL && i < SIM_MUTATIONS; i++) {
        if (strcmp(name, sim_mutation_names[i]) == 0) {
            return (enum sim_mutation)i;
        }
    }
    if (name != NULL) {
        fprintf(stderr, "There is no rule '%s' to break; there are:", name);
        for (unsigned i = 1; i < SIM_MUTATIONS; i++) {
            fprintf(stderr, " %s", sim_mutation_names[i]);
        }
        fprintf(stderr, "\n");
        exit(64);
    }
    return SIM_SOUND;
}

static int
run_all(enum sim_mutation mutation)
{
    GArray *jobs = g_array_new(FALSE, FALSE, sizeof(struct job));
    uint64_t next = (uint64_t)options.from, end = next + (uint64_t)options.seeds;
    unsigned good = 0, bad = 0;

    while (next < end || jobs->len > 0) {
        int status;
        pid_t pid;

        while (next < end && jobs->len < (guint)MAX(options.jobs, 1) && (bad == 0 || options.keep_going)) {
            struct job j = start(next++, mutation, options.trace);

            g_array_append_val(jobs, j);
        }
        if (jobs->len == 0) {
            break;
        }
        pid = wait(&status);
        for (guint i = 0; i < jobs->len; i++) {
            struct job j = g_array_index(jobs, struct job, i), again;
            uint64_t hash = 0;
            bool ok;

            if (j.pid != pid) {
                continue;
            }
            g_array_remove_index(jobs, i);
            ok = finish(&j, status, &hash);
            if (ok && options.verify && !j.second) {
                again = start(j.seed, mutation, false);
                again.second = true;
                again.first_hash = hash;
                g_array_append_val(jobs, again);
                break;
            }
            if (ok && j.second && hash != j.first_hash) {
                printf("seed %" G_GUINT64_FORMAT ": two runs differ\n", j.seed);
                ok = false;
            }
            good += ok;
            bad += !ok;
            if (!ok && mutation == SIM_SOUND) {
                if (WIFSIGNALED(status)) {
                    printf("seed %" G_GUINT64_FORMAT " died of signal %d\n", j.seed, WTERMSIG(status));
                }
                if (bad == 1) {
                    show_failure(j.seed, mutation, status);
                }
            } else if (!ok) {
                printf("%s: found with seed %" G_GUINT64_FORMAT "\n", sim_mutation_names[mutation], j.seed);
            }
            break;
        }
    }
    g_array_unref(jobs);
    if (mutation != SIM_SOUND) {
        if (bad == 0) {
            printf("%s: not found in %u runs\n", sim_mutation_names[mutation], good);
        }
        return bad > 0 ? 0 : 1;
    }
    printf("%u seeds passed, %u failed\n", good, bad);
    return bad > 0 ? 1 : 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- simulate clusters under faults");
    g_autoptr(GError) error = NULL;

    /* Nothing may depend on where things are in memory, but if something does, it shall at least do so every time. */
    if (personality(0xffffffff) >= 0 && !(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
        personality(ADDR_NO_RANDOMIZE);
        execv("/proc/self/exe", argv);
    }
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "sim: %s\n", error->message);
        return 64;
    }
    return run_all(mutation_named(options.mutation));
}
