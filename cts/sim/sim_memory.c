/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The C library's allocator, replaced for the simulation: lists of free blocks by size, never given back.  A run lives for a fraction of
 * a second in a process of its own with one thread and spends a third of it on small blocks otherwise.  Not used with sanitizers.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#define STEP       16u                /* small sizes are multiples of it */
#define SMALL      64u                /* classes 1 .. SMALL: up to SMALL * STEP bytes */
#define CLASSES    (SMALL + 1 + 24)   /* then powers of two, up to 16 GiB */
#define REGION     (16u * 1024 * 1024)
#define NEVER_FREE 0xffu              /* class of a block with special alignment */

struct header {
    uint32_t class;
    uint32_t pad;
    size_t size; /* that the block can hold */
};
_Static_assert(sizeof(struct header) == 16, "blocks are aligned to 16 bytes");

struct block {
    struct block *next;
};

static struct block *lists[CLASSES];
static char *region, *region_end;

static void *
take_fresh(size_t size)
{
    char *p;

    if ((size_t)(region_end - region) < size) {
        size_t want = size > REGION ? (size + 4095) & ~(size_t)4095 : REGION;

        p = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) {
            return NULL;
        }
        if (want > REGION) {
            return p;
        }
        region = p;
        region_end = p + want;
    }
    p = region;
    region += size;
    return p;
}

static void *
take(size_t n)
{
    unsigned class = (unsigned)((n + STEP - 1) / STEP);
    size_t size = (size_t)class * STEP;
    struct header *h;
    struct block *b;

    if (n > (size_t)SMALL * STEP) {
        if (n > (size_t)1 << 33) {
            errno = ENOMEM;
            return NULL;
        }
        class = SMALL + 1;
        for (size = (size_t)SMALL * STEP * 2; size < n; size *= 2) {
            class ++;
        }
    } else if (n == 0) {
        class = 1;
        size = STEP;
    }
    b = lists[class];
    if (b != NULL) {
        lists[class] = b->next;
        return b;
    }
    h = take_fresh(size + sizeof(*h));
    if (h == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    h->class = class;
    h->size = size;
    return h + 1;
}

void *
malloc(size_t n)
{
    return take(n);
}

void
free(void *p)
{
    struct header *h = p;
    struct block *b = p;

    if (p != NULL && h[-1].class != NEVER_FREE) {
        b->next = lists[h[-1].class];
        lists[h[-1].class] = b;
    }
}

void *
calloc(size_t n, size_t size)
{
    size_t total;
    void *p;

    if (__builtin_mul_overflow(n, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    p = take(total);
    return p != NULL ? memset(p, 0, total) : NULL;
}

void *
realloc(void *p, size_t n)
{
    void *bigger;

    if (p == NULL) {
        return take(n);
    }
    if (n <= ((struct header *)p)[-1].size) {
        return p;
    }
    bigger = take(n);
    if (bigger != NULL) {
        memcpy(bigger, p, ((struct header *)p)[-1].size);
        free(p);
    }
    return bigger;
}

size_t
malloc_usable_size(void *p)
{
    return p != NULL ? ((struct header *)p)[-1].size : 0;
}

void *
memalign(size_t alignment, size_t n)
{
    uintptr_t at;
    char *p;

    if (alignment <= STEP) {
        return take(n);
    }
    p = take(n + alignment + sizeof(struct header));
    if (p == NULL) {
        return NULL;
    }
    at = ((uintptr_t)p + sizeof(struct header) + alignment - 1) & ~(uintptr_t)(alignment - 1);
    ((struct header *)at)[-1] = (struct header){ .class = NEVER_FREE, .size = n };
    return (void *)at;
}

void *
aligned_alloc(size_t alignment, size_t n)
{
    return memalign(alignment, n);
}

int
posix_memalign(void **out, size_t alignment, size_t n)
{
    void *p = memalign(alignment, n);

    if (p == NULL) {
        return ENOMEM;
    }
    *out = p;
    return 0;
}

#endif
