/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arena: memory that is freed all at once.  Used by the scheduler, whose whole model lives in one.
 * Allocation never fails (it aborts as GLib does).  Memory is zeroed.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <glib.h>

typedef struct arena arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
#define arena_new_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))
#define arena_new_struct(a, type)   ((type *)arena_alloc((a), sizeof(type)))
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* One copy for equal strings: the pointers of equal strings are equal.  NULL stays NULL. */
const char *arena_intern(struct arena *a, const char *s);
/* Bytes handed out, for measurements. */
size_t arena_bytes(const struct arena *a);

/*
 * New memory from the system that will be used from end to end: may it come in large pages.  Taking it in small ones costs as
 * much as reading what a big CIB puts there.
 */
void memory_will_be_filled(void *memory, size_t size);

/*
 * A growing array in the arena: `items` may move while it grows, indices stay.  The old block is left to the arena.
 */
#define ARENA_VEC(type) struct { type *items; unsigned len, cap; }
#define arena_vec_push(a, v, item)                                                                 \
    do {                                                                                           \
        if ((v)->len == (v)->cap) {                                                                \
            (v)->items = arena_grow((a), (v)->items, sizeof(*(v)->items), &(v)->cap);              \
        }                                                                                          \
        (v)->items[(v)->len++] = (item);                                                           \
    } while (0)
void *arena_grow(struct arena *a, void *items, size_t item_size, unsigned *cap);

#endif
