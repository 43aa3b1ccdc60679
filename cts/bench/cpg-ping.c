/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many messages a second Corosync's group service delivers, one after the other or several at a time: what bounds
 * every update of a cluster that orders its updates by it.  Run by cts/bench/cluster on the nodes of a lab, without any stack.
 * Never touches a group of the stack.
 *
 * usage: cpg-ping [-s BYTES] [-w WINDOW] [-t SECONDS] [-d FILE]     send, wait for the own delivery, again; with -d each
 *                 delivered message is written over the beginning of the file and synced first, as one does who may not lose it
 *        cpg-ping -l [-t SECONDS]                         only take part (what a daemon on another node does)
 */
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned own, waiting, done;
static int journal = -1;

static void
on_deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t node, uint32_t pid, void *message, size_t len)
{
    if (node == own && pid == (uint32_t)getpid()) {
        if (journal >= 0 && (pwrite(journal, message, len, 0) != (ssize_t)len || fdatasync(journal) != 0)) {
            perror("cpg-ping: cannot write");
            exit(1);
        }
        waiting--;
        done++;
    }
}

static void
on_change(cpg_handle_t handle, const struct cpg_name *group, const struct cpg_address *members, size_t n_members,
          const struct cpg_address *left, size_t n_left, const struct cpg_address *joined, size_t n_joined)
{
}

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what, cs_error_t rc)
{
    fprintf(stderr, "cpg-ping: %s: error %d\n", what, (int)rc);
    exit(1);
}

int
main(int argc, char **argv)
{
    static char message[64 * 1024];
    cpg_callbacks_t callbacks = { .cpg_deliver_fn = on_deliver, .cpg_confchg_fn = on_change };
    struct cpg_name group = { .length = 8, .value = "cpgping" };
    struct iovec iov = { .iov_base = message, .iov_len = 700 };
    unsigned window = 1, listen = 0;
    double seconds = 5, begin, took;
    struct pollfd fd = { .events = POLLIN };
    cpg_handle_t cpg;
    cs_error_t rc;

    for (int option; (option = getopt(argc, argv, "ls:w:t:d:")) != -1;) {
        switch (option) {
        case 'l': listen = 1; break;
        case 's': iov.iov_len = (size_t)atoi(optarg); break;
        case 'w': window = (unsigned)atoi(optarg); break;
        case 't': seconds = atof(optarg); break;
        case 'd':
            if ((journal = open(optarg, O_WRONLY | O_CREAT, 0600)) < 0) {
                perror(optarg);
                return 1;
            }
            break;
        default: return 64;
        }
    }
    if (iov.iov_len < 1 || iov.iov_len > sizeof message || window < 1) {
        fprintf(stderr, "cpg-ping: a message has 1 to %zu bytes, a window 1 message or more\n", sizeof message);
        return 64;
    }
    if ((rc = cpg_initialize(&cpg, &callbacks)) != CS_OK || (rc = cpg_fd_get(cpg, &fd.fd)) != CS_OK
        || (rc = cpg_local_get(cpg, &own)) != CS_OK || (rc = cpg_join(cpg, &group)) != CS_OK) {
        die("cannot join a group", rc);
    }
    begin = now();
    while ((took = now() - begin) < seconds) {
        while (!listen && waiting < window && (rc = cpg_mcast_joined(cpg, CPG_TYPE_AGREED, &iov, 1)) == CS_OK) {
            waiting++;
        }
        if (rc != CS_OK && rc != CS_ERR_TRY_AGAIN) {
            die("cannot send", rc);
        }
        poll(&fd, 1, rc == CS_ERR_TRY_AGAIN ? 1 : 100);
        if ((rc = cpg_dispatch(cpg, CS_DISPATCH_ALL)) != CS_OK) {
            die("cannot receive", rc);
        }
    }
    if (!listen) {
        printf("%.1f messages/s of %zu bytes, %u at a time\n", done / took, iov.iov_len, window);
    }
    cpg_finalize(cpg);
    return 0;
}
