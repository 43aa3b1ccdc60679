/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tables of names and values: a plain array, with a hash index once it has more than a handful of entries.
 * Used by lib/rules and the scheduler.  Never frees anything: the arena does.
 */
#include "lib/rules/nvtable.h"

#include <string.h>

#define INDEX_FROM 12

void
nvtable_init(struct nvtable *t, struct arena *a)
{
    memset(t, 0, sizeof *t);
    t->arena = a;
}

struct nvtable *
nvtable_new(struct arena *a)
{
    struct nvtable *t = arena_new_struct(a, struct nvtable);

    t->arena = a;
    return t;
}

static unsigned
hash_name(const char *name)
{
    unsigned h = 2166136261u;

    for (; *name != '\0'; name++) {
        h = (h ^ (unsigned char)*name) * 16777619u;
    }
    return h;
}

static void
index_put(struct nvtable *t, unsigned item)
{
    unsigned mask = t->index_size - 1;
    unsigned slot = hash_name(t->items[item].name) & mask;

    while (t->index[slot] != 0) {
        slot = (slot + 1) & mask;
    }
    t->index[slot] = item + 1;
}

static void
index_build(struct nvtable *t)
{
    t->index_size = t->index_size == 0 ? 64 : t->index_size * 4;
    t->index = arena_new_array(t->arena, unsigned, t->index_size);
    for (unsigned i = 0; i < t->len; i++) {
        if (t->items[i].name != NULL) {
            index_put(t, i);
        }
    }
}

static struct nvpair *
find(const struct nvtable *t, const char *name)
{
    if (t->index != NULL) {
        unsigned mask = t->index_size - 1;

        for (unsigned slot = hash_name(name) & mask; t->index[slot] != 0; slot = (slot + 1) & mask) {
            struct nvpair *pair = &t->items[t->index[slot] - 1];

            if (pair->name != NULL && strcmp(pair->name, name) == 0) {
                return pair;
            }
        }
        return NULL;
    }
    for (unsigned i = 0; i < t->len; i++) {
        if (t->items[i].name != NULL && strcmp(t->items[i].name, name) == 0) {
            return &t->items[i];
        }
    }
    return NULL;
}

const char *
nvtable_get(const struct nvtable *t, const char *name)
{
    const struct nvpair *pair = find(t, name);

    return pair == NULL ? NULL : pair->value;
}

static void
append(struct nvtable *t, const char *name, const char *value)
{
    struct nvpair pair = { name, value };

    arena_vec_push(t->arena, t, pair);
    if (t->index != NULL && t->len * 2 <= t->index_size) {
        index_put(t, t->len - 1);
    } else if (t->len > INDEX_FROM) {
        index_build(t);
    }
}

void
nvtable_set(struct nvtable *t, const char *name, const char *value)
{
    struct nvpair *pair = find(t, name);

    if (pair != NULL) {
        pair->value = value;
    } else {
        append(t, name, value);
    }
}

void
nvtable_add(struct nvtable *t, const char *name, const char *value)
{
    if (find(t, name) == NULL) {
        append(t, name, value);
    }
}

void
nvtable_remove(struct nvtable *t, const char *name)
{
    struct nvpair *pair = find(t, name);

    if (pair != NULL) {
        pair->name = NULL; /* its slot of the index stays taken, so that others behind it are still found */
    }
}

void
nvtable_add_all(struct nvtable *to, const struct nvtable *from)
{
    nvtable_for_each (pair, from) {
        nvtable_add(to, pair->name, pair->value);
    }
}
