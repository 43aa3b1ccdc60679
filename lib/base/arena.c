/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bump allocation in growing blocks.  Called by the scheduler; never frees before arena_free().
 */
#include "lib/base/arena.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_BLOCK   ((size_t)64 * 1024)
#define LARGEST_BLOCK ((size_t)8 * 1024 * 1024)
#define ALIGNMENT     ((size_t)16)

struct block {
    struct block *next;
    size_t size, used;
    /* The struct is 24 bytes on 64 bits; data starts at the next multiple of ALIGNMENT. */
};

#define BLOCK_HEADER ((sizeof(struct block) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

struct arena {
    struct block *blocks;
    GHashTable *interned;
    size_t bytes;
};

void
memory_will_be_filled(void *memory, size_t size)
{
    const size_t huge = (size_t)2 * 1024 * 1024;
    uintptr_t begin = ((uintptr_t)memory + huge - 1) / huge * huge, end = ((uintptr_t)memory + size) / huge * huge;

    if (end > begin) {
        madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* where there are none it is no loss */
    }
}

struct arena *
arena_new(void)
{
    struct arena *a = g_new0(struct arena, 1);

    a->interned = g_hash_table_new(g_str_hash, g_str_equal);
    return a;
}

void
arena_free(struct arena *a)
{
    if (a == NULL) {
        return;
    }
    for (struct block *b = a->blocks; b != NULL;) {
        struct block *next = b->next;

        g_free(b);
        b = next;
    }
    g_hash_table_destroy(a->interned);
    g_free(a);
}

/* A large request gets a block of its own behind the current one, whose rest stays in use. */
static void *
alloc_large(struct arena *a, size_t size)
{
    struct block *b = g_malloc0(BLOCK_HEADER + size);

    b->size = b->used = size;
    if (a->blocks == NULL) {
        a->blocks = b;
    } else {
        b->next = a->blocks->next;
        a->blocks->next = b;
    }
    return (char *)b + BLOCK_HEADER;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    struct block *b = a->blocks;
    size_t want;
    void *p;

    g_assert(size <= SIZE_MAX / 2);
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    a->bytes += size;
    if (b == NULL || b->size - b->used < size) {
        if (size > FIRST_BLOCK / 4) {
            return alloc_large(a, size);
        }
        want = (b == NULL) ? FIRST_BLOCK : MIN(MAX(b->size * 2, FIRST_BLOCK), LARGEST_BLOCK);
        b = g_malloc0(BLOCK_HEADER + want);
        memory_will_be_filled(b, want);
        b->size = want;
        b->next = a->blocks;
        a->blocks = b;
    }
    p = (char *)b + BLOCK_HEADER + b->used;
    b->used += size;
    return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
    size_t len;
    char *copy;

    if (s == NULL) {
        return NULL;
    }
    len = strlen(s) + 1;
    copy = arena_alloc(a, len);
    memcpy(copy, s, len);
    return copy;
}

char *
arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap;
    int len;
    char *s;

    va_start(ap, format);
    len = g_vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    s = arena_alloc(a, (size_t)len + 1);
    va_start(ap, format);
    g_vsnprintf(s, (gulong)len + 1, format, ap);
    va_end(ap);
    return s;
}

const char *
arena_intern(struct arena *a, const char *s)
{
    char *copy;

    if (s == NULL) {
        return NULL;
    }
    copy = g_hash_table_lookup(a->interned, s);
    if (copy == NULL) {
        copy = arena_strdup(a, s);
        g_hash_table_add(a->interned, copy);
    }
    return copy;
}

size_t
arena_bytes(const struct arena *a)
{
    return a->bytes;
}

void *
arena_grow(struct arena *a, void *items, size_t item_size, unsigned *cap)
{
    unsigned old = *cap;
    void *moved;

    g_assert(old <= G_MAXUINT / 2);
    *cap = (old == 0) ? 8 : old * 2;
    moved = arena_alloc(a, item_size * *cap);
    if (old > 0) {
        memcpy(moved, items, item_size * old);
    }
    return moved;
}
