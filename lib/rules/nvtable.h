/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Table of names and values in an arena: keeps the order of insertion, finds a name quickly however many there
 * are.  Strings are borrowed (they belong to a document or to the arena).  Used for attributes, parameters, metas.
 */
#ifndef RULES_NVTABLE_H
#define RULES_NVTABLE_H

#include "lib/base/arena.h"
#include <stdbool.h>

struct nvpair {
    const char *name; /* NULL: deleted, skip it when iterating */
    const char *value;
};

struct nvtable {
    struct arena *arena;
    struct nvpair *items;
    unsigned len, cap;
    unsigned *index; /* open addressing, items' number + 1; built once there are more than a few */
    unsigned index_size;
};

void nvtable_init(struct nvtable *t, struct arena *a);
struct nvtable *nvtable_new(struct arena *a);
/* Value of a name, or NULL. */
const char *nvtable_get(const struct nvtable *t, const char *name);
static inline bool
nvtable_has(const struct nvtable *t, const char *name)
{
    return nvtable_get(t, name) != NULL;
}
/* Set or replace. */
void nvtable_set(struct nvtable *t, const char *name, const char *value);
/* Set unless the name is there already. */
void nvtable_add(struct nvtable *t, const char *name, const char *value);
void nvtable_remove(struct nvtable *t, const char *name);
/* Copy what `from` has and `to` lacks. */
void nvtable_add_all(struct nvtable *to, const struct nvtable *from);

#define nvtable_for_each(pair, t)                                                                  \
    for (const struct nvpair *pair = (t)->items;                                                   \
         pair != NULL && pair < (t)->items + (t)->len; pair++)                                     \
        if (pair->name != NULL)

#endif
