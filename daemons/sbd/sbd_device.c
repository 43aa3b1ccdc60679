/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk I/O of sbd: O_DIRECT, one asynchronous request at a time through the kernel's own interface,
 * waited for no longer than its limit.  Never retries: that is for the task to decide.  (spec 65
 * §3)
 */
#include "daemons/sbd/sbd_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "daemons/sbd/sbd_log.h"

uint64_t
sbd_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
pause_ms(uint64_t ms)
{
    struct timespec left = { .tv_sec = (time_t)(ms / 1000),
                             .tv_nsec = (long)(ms % 1000) * 1000000 };

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

bool
sbd_device_open(struct sbd_device *d, const char *name, unsigned limit_s)
{
    int sector = 0;
    uint64_t bytes = 0;

    memset(d, 0, sizeof(*d));
    d->name = name;
    d->limit_ms = limit_s * 1000;
    d->done_fd = -1;
    d->fd = open(name, O_RDWR | O_DIRECT | O_SYNC | O_CLOEXEC);
    if (d->fd < 0) {
        sbd_log(LOG_ERR, "Opening device %s failed: %s", name, strerror(errno));
        return false;
    }
    if (ioctl(d->fd, BLKSSZGET, &sector) != 0 || sector < SBD_SECTOR_MIN) {
        sbd_log(LOG_ERR, "%s does not tell its sector size: only block devices can be used", name);
        sbd_device_close(d);
        return false;
    }
    d->sector_size = (size_t)sector;
    if (ioctl(d->fd, BLKGETSIZE64, &bytes) == 0) {
        d->sectors = bytes / d->sector_size;
    }
    d->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->done_fd < 0 || syscall(SYS_io_setup, 1, &d->aio) != 0 ||
        posix_memalign((void **)&d->buffer, d->sector_size, d->sector_size) != 0) {
        sbd_log(LOG_ERR, "Cannot prepare to read %s: %s", name, strerror(errno));
        sbd_device_close(d);
        return false;
    }
    memset(d->buffer, 0, d->sector_size);
    return true;
}

void
sbd_device_close(struct sbd_device *d)
{
    if (d->fd >= 0) {
        close(d->fd);
    }
    if (d->done_fd >= 0) {
        close(d->done_fd);
    }
    /* Destroying the context would wait for a request that hangs; without one it is at once done.
     */
    if (d->aio != 0 && d->limit_ms != 0) {
        syscall(SYS_io_destroy, d->aio);
        free(d->buffer);
    }
    d->fd = d->done_fd = -1;
    d->aio = 0;
    d->buffer = NULL;
}

/* Wait for the request under way.  Its result, or -ETIMEDOUT. */
static long
await(struct sbd_device *d, struct iocb *request, uint64_t begin)
{
    struct io_event done;
    struct timespec none = { 0 };
    struct pollfd p = { .fd = d->done_fd, .events = POLLIN };

    for (;;) {
        uint64_t passed = sbd_now_ms() - begin;
        uint64_t count;

        if (syscall(SYS_io_getevents, d->aio, 1, 1, &done, &none) == 1) {
            if (read(d->done_fd, &count, sizeof(count)) < 0 && errno != EAGAIN) {
                return -errno;
            }
            return (long)done.res;
        }
        if (passed >= d->limit_ms) {
            if (syscall(SYS_io_cancel, d->aio, request, &done) != 0) {
                d->limit_ms = 0; /* still under way: the buffer is the kernel's now, nothing more
                                    can be done here */
            }
            return -ETIMEDOUT;
        }
        if (poll(&p, 1, (int)(d->limit_ms - passed)) < 0 && errno != EINTR) {
            return -errno;
        }
    }
}

static bool
transfer(struct sbd_device *d, uint32_t sector, unsigned opcode)
{
    const char *what = opcode == IOCB_CMD_PREAD ? "read" : "write";
    uint64_t begin = sbd_now_ms();
    struct iocb request = {
        .aio_fildes = (uint32_t)d->fd,
        .aio_lio_opcode = (uint16_t)opcode,
        .aio_buf = (uint64_t)(uintptr_t)d->buffer,
        .aio_nbytes = d->sector_size,
        .aio_offset = (int64_t)sector * (int64_t)d->sector_size,
        .aio_flags = IOCB_FLAG_RESFD,
        .aio_resfd = (uint32_t)d->done_fd,
    };
    struct iocb *list = &request;
    unsigned limit_s = d->limit_ms / 1000;
    long got;

    if (d->limit_ms == 0) {
        return false;
    }
    if (syscall(SYS_io_submit, d->aio, 1, &list) != 1) {
        sbd_log(LOG_ERR, "Cannot %s sector %u of %s: %s", what, sector, d->name, strerror(errno));
        return false;
    }
    got = await(d, &request, begin);
    if (got == -ETIMEDOUT) {
        sbd_log(LOG_ERR, "Cancelled the %s of sector %u on %s: no answer within %u s", what, sector,
                d->name, limit_s);
        return false;
    }
    if (got != (long)d->sector_size) {
        sbd_log(LOG_ERR, "The %s of sector %u on %s failed: %s", what, sector, d->name,
                got < 0 ? strerror((int)-got) : "the device ends there");
        return false;
    }
    if (sbd_now_ms() - begin > d->worst_ms) {
        d->worst_ms = (unsigned)(sbd_now_ms() - begin);
    }
    return true;
}

bool
sbd_device_read(struct sbd_device *d, uint32_t sector)
{
    return transfer(d, sector, IOCB_CMD_PREAD);
}

bool
sbd_device_write(struct sbd_device *d, uint32_t sector)
{
    return transfer(d, sector, IOCB_CMD_PWRITE);
}

enum sbd_header_error
sbd_device_header(struct sbd_device *d, struct sbd_header *h, bool *readable)
{
    enum sbd_header_error error;

    *readable = sbd_device_read(d, 0);
    if (!*readable) {
        return SBD_HEADER_MAGIC;
    }
    error = sbd_header_decode(d->buffer, d->sector_size, h);
    if (error != SBD_HEADER_OK) {
        sbd_log(LOG_ERR, "%s cannot be used: %s", d->name, sbd_header_error_text(error));
    }
    return error;
}

enum sbd_result
sbd_device_run(struct sbd_device *d, struct sbd_task *t,
               void (*step)(struct sbd_task *t, void *data), void *data)
{
    bool ok = true;

    for (;;) {
        struct sbd_request r = sbd_task_next(t, ok);

        if (step != NULL) {
            step(t, data);
        }
        switch (r.want) {
        case SBD_WANT_READ:
            ok = sbd_device_read(d, r.sector);
            break;
        case SBD_WANT_WRITE:
            ok = sbd_device_write(d, r.sector);
            break;
        case SBD_WANT_SLEEP:
            pause_ms((uint64_t)r.seconds * 1000);
            ok = true;
            break;
        case SBD_WANT_END:
            return t->result;
        }
    }
}
