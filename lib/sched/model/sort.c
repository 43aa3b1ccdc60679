/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stable merge sort that all orders of the scheduler are defined by: some comparisons are not transitive, so the
 * algorithm itself is part of the result.  (spec 41 §19)
 */
#include "lib/sched/model/internal.h"

static void
sort_part(void **items, void **spare, unsigned n, sched_compare compare, void *data)
{
    unsigned half = n / 2, left = 0, right = half, out = 0;

    if (n < 2) {
        return;
    }
    sort_part(items, spare, half, compare, data);
    sort_part(items + half, spare, n - half, compare, data);
    if (compare(items[half - 1], items[half], data) <= 0 && n == 2) {
        return;
    }
    while (left < half && right < n) {
        spare[out++] = compare(items[left], items[right], data) <= 0 ? items[left++] : items[right++];
    }
    while (left < half) {
        spare[out++] = items[left++];
    }
    while (right < n) {
        spare[out++] = items[right++];
    }
    memcpy(items, spare, sizeof *items * n);
}

/* Sort `n` pointers: the first floor(n/2) and the rest apart, then merge, the left one first where they are equal. */
void
sched_sort(void *items, unsigned n, sched_compare compare, void *data)
{
    void *few[64], **spare = n <= G_N_ELEMENTS(few) ? few : g_new(void *, n);

    sort_part(items, spare, n, compare, data);
    if (spare != few) {
        g_free(spare);
    }
}
