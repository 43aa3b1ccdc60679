/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One shared disk: whole sectors past all caches, each with a time limit, and the carrying out of
 * the core's tasks.  Used by the commands and the disk watchers.  (spec 65 §3)
 */
#ifndef SBD_DEVICE_H
#define SBD_DEVICE_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemons/sbd/sbd_core.h"

struct sbd_device {
    const char *name; /* borrowed */
    int fd;
    size_t sector_size;
    uint64_t sectors;  /* size of the device */
    uint8_t *buffer;   /* one sector, aligned */
    unsigned limit_ms; /* of one read or write */
    aio_context_t aio;
    int done_fd;
    unsigned worst_ms; /* longest read or write so far */
};

/* Open; logs why not.  True: sbd_device_close() when done. */
bool sbd_device_open(struct sbd_device *d, const char *name, unsigned limit_s);
/* A request that still hangs in the storage is left to the kernel. */
void sbd_device_close(struct sbd_device *d);
/* One sector between the disk and d->buffer; false (logged) if it failed or took too long. */
bool sbd_device_read(struct sbd_device *d, uint32_t sector);
bool sbd_device_write(struct sbd_device *d, uint32_t sector);
/* Read and judge the header. */
enum sbd_header_error sbd_device_header(struct sbd_device *d, struct sbd_header *h, bool *readable);

/* Carry a task out to its end; `step` (may be NULL) is called after each step.  Returns
 * task.result. */
enum sbd_result sbd_device_run(struct sbd_device *d, struct sbd_task *t,
                               void (*step)(struct sbd_task *t, void *data), void *data);

/* Milliseconds of the monotonic clock. */
uint64_t sbd_now_ms(void);

#endif
