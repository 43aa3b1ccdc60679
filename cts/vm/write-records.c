/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The witness of the machine tests: appends numbered records with its host's name to a shared disk until it dies, past every cache.
 * Run by the agent cts/vm/agents/writer in a machine.  Never writes over a record: it finds its sector empty, or says "overlap" for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512, CHUNK = 128 * SECTOR, PAUSE_US = 50000 };

static char *buffer; /* aligned, CHUNK bytes */

static int
fail(const char *what)
{
    fprintf(stderr, "write-records: %s: %s\n", what, strerror(errno));
    return 1;
}

/* The first sector in which nothing was ever written, or -1. */
static off_t
first_empty(int fd)
{
    off_t at = 0;
    ssize_t got;

    while ((got = pread(fd, buffer, CHUNK, at)) > 0) {
        for (ssize_t i = 0; i < got; i += SECTOR) {
            if (buffer[i] == '\0') {
                return at + i;
            }
        }
        at += got;
    }
    return -1;
}

/* Record n of this run goes right behind record n - 1.  That place was empty when the run began, so it still is if nobody else writes. */
static int
write_until_death(int fd, const char *name)
{
    off_t first = first_empty(fd), at = first;
    const char *kind;

    for (unsigned n = 0; at >= 0; n++, at += SECTOR) {
        if (pread(fd, buffer, SECTOR, at) != SECTOR) {
            return fail("read");
        }
        kind = buffer[0] == '\0' ? "record" : "overlap";
        memset(buffer, 0, SECTOR);
        snprintf(buffer, SECTOR, "%s %s %lld %u\n", kind, name, (long long)(first / SECTOR), n);
        if (pwrite(fd, buffer, SECTOR, at) != SECTOR) {
            return fail("write");
        }
        usleep(PAUSE_US);
    }
    errno = ENOSPC;
    return fail("no empty sector");
}

int
main(int argc, char **argv)
{
    int fd;

    if (argc != 3) {
        fprintf(stderr, "usage: write-records DEVICE NAME\n");
        return 1;
    }
    fd = open(argv[1], O_RDWR | O_DIRECT | O_DSYNC);
    if (fd < 0 || posix_memalign((void **)&buffer, 4096, CHUNK) != 0) {
        return fail(argv[1]);
    }
    return write_until_death(fd, argv[2]);
}
