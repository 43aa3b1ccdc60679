/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lines that crm_simulate -s and -U print, collected in the order of events as text and as records.  Texts are
 * part of the interface: tools and tests read them.  (spec 41 §3)
 */
#include "lib/sched/assign/assign.h"
#include "lib/base/text.h"

static void
add_line(struct sched *s, const char *text, const struct sched_score_line *record)
{
    struct sched_score_line copy = *record;

    arena_vec_push(s->arena, &s->score_lines, text);
    arena_vec_push(s->arena, &s->score_records, copy);
}

static void
line_one_row(struct sched *s, const char *label, struct sched_rsc *r)
{
    for (unsigned i = 0; i < s->nodes.len; i++) {
        struct sched_node *n = s->node_order[i];
        struct sched_score_line record = { SCORE_ALLOCATION, label, r, n->uname, 0, { 0 } };

        if (!row_has(&r->row, n)) {
            continue;
        }
        record.score = r->row.score[n->id];
        add_line(s, arena_printf(s->arena, "%s: %s allocation score on %s: %s", label, r->id, n->uname,
                                 score_text(record.score)), &record);
    }
}

void
line_scores(struct sched *s, const char *label, struct sched_rsc *r, bool deep)
{
    if ((s->flags & SCHED_SCORES) == 0 || rsc_is(r, RSC_ORPHAN)) {
        return;
    }
    line_one_row(s, label, r);
    if (deep) {
        VEC_FOR_EACH (struct sched_rsc, child, r->children) {
            line_scores(s, label, child, deep);
        }
    }
}

void
line_promotion(struct sched *s, struct sched_rsc *r, const char *node, int score)
{
    struct sched_score_line record = { SCORE_PROMOTION, NULL, r, node, score, { 0 } };

    if ((s->flags & SCHED_SCORES) != 0) {
        add_line(s, arena_printf(s->arena, "%s promotion score on %s: %s", r->id, node != NULL ? node : "none",
                                 score_text(score)), &record);
    }
}

void
line_remark(struct sched *s, const char *text)
{
    struct sched_score_line record = { SCORE_REMARK, NULL, NULL, NULL, 0, { 0 } };

    if ((s->flags & (SCHED_SCORES | SCHED_UTILIZATION)) != 0) {
        add_line(s, text, &record);
    }
}

/* --- utilization: attributes in the order of a hash table (spec 41 §19) --- */

static void
append_values(struct sched *s, GHashTable *table, GString *text, struct sched_score_line *record)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        struct nvpair pair = { name, value };

        g_string_append_printf(text, " %s=%s", (const char *)name, (const char *)value);
        arena_vec_push(s->arena, &record->values, pair);
    }
}

void
line_capacity(struct sched *s, const char *label, struct sched_node *n)
{
    struct sched_score_line record = { SCORE_CAPACITY, label, NULL, n->uname, 0, { 0 } };
    GHashTable *table;
    GString *text;

    if ((s->flags & SCHED_UTILIZATION) == 0) {
        return;
    }
    table = g_hash_table_new(text_hash, g_str_equal);
    text = g_string_new(NULL);
    g_string_printf(text, "%s: %s capacity:", label, n->uname);
    for (unsigned i = 0; i < n->remaining.len; i++) {
        g_hash_table_insert(table, (gpointer)n->remaining.items[i].name,
                            arena_printf(s->arena, "%d", n->remaining.items[i].value));
    }
    append_values(s, table, text, &record);
    add_line(s, arena_strdup(s->arena, text->str), &record);
    g_string_free(text, TRUE);
    g_hash_table_destroy(table);
}

void
line_utilization(struct sched *s, struct sched_rsc *r, struct sched_node *n)
{
    struct sched_score_line record = { SCORE_UTILIZATION, "pcmk__finalize_assignment", r, n->uname, 0, { 0 } };
    GHashTable *table;
    GString *text;

    if ((s->flags & SCHED_UTILIZATION) == 0) {
        return;
    }
    table = g_hash_table_new(text_hash, g_str_equal);
    text = g_string_new(NULL);
    g_string_printf(text, "%s: %s utilization on %s:", record.function, r->id, n->uname);
    nvtable_for_each (pair, &r->utilization) {
        g_hash_table_insert(table, (gpointer)pair->name, (gpointer)pair->value);
    }
    append_values(s, table, text, &record);
    add_line(s, arena_strdup(s->arena, text->str), &record);
    g_string_free(text, TRUE);
    g_hash_table_destroy(table);
}
