/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules, date expressions and sets of name/value pairs: the one evaluator for everybody (scheduler, controller
 * alerts, tools).  Never reads the clock: the context carries "now".  (spec 40 §3, §4)
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include "lib/base/iso8601.h"
#include "lib/base/xml.h"
#include "lib/rules/nvtable.h"
#include <regex.h>

struct rule_refs;

/*
 * What a rule may look at.  Anything left NULL is missing, and an expression whose context is missing is false.
 */
struct rule_context {
    const struct iso_time *now; /* local time; NULL: date expressions are false */

    const struct nvtable *node_attrs; /* attributes of the node evaluated for */

    bool has_rsc; /* rsc_expression can be tested */
    const char *rsc_class, *rsc_provider, *rsc_type;

    const char *op_name; /* op_expression can be tested */
    guint op_interval_ms;

    /* rsc_location only (spec 40 §3.2): submatches of the pattern, resource lookups for value-source */
    const char *match_text;
    const regmatch_t *matches;
    unsigned match_count;
    const struct nvtable *params;
    const struct nvtable *meta;

    /* Earliest moment after now at which a result may change (epoch); 0 none yet.  May be NULL. */
    int64_t *next_change;

    struct rule_refs *refs; /* may be NULL: then the document is searched for each id-ref */

    /* Configuration errors (text, already complete) go here; NULL drops them. */
    void (*error)(void *data, const char *text);
    void *error_data;
};

/* Does a rule pass?  `rule` may be an id-ref.  (spec 40 §3.1) */
bool rule_passes(const xmlNode *rule, const struct rule_context *ctx);
/* Do the rules that are children of an element allow it?  One is enough, none is fine.  (spec 40 §3.1) */
bool rules_allow(const xmlNode *parent, const struct rule_context *ctx);

/* Outcome of a date expression, for the crm_rule tool. */
enum date_result { DATE_BEFORE, DATE_WITHIN, DATE_AFTER, DATE_UNSATISFIED, DATE_SATISFIED, DATE_INVALID };
enum date_result rule_date_result(const xmlNode *date_expression, const struct rule_context *ctx);

/* Replace %0..%9 by submatches; NULL if nothing is to be replaced (g_free). */
char *rule_expand_matches(const char *text, const struct rule_context *ctx);

enum nvset_flags {
    NVSET_NORMAL = 0,
    NVSET_OVERWRITE = 1 << 0, /* later (lower) sets replace: spec 40 §4.1 */
};
/*
 * Read all sets `set_name` that are children of `parent` into `into` (names it has already win unless
 * NVSET_OVERWRITE).  `first_id` (may be NULL) is the id of the set that sorts first.  (spec 40 §4.1)
 */
void nvsets_read(const xmlNode *parent, const char *set_name, const struct rule_context *ctx, const char *first_id,
                 unsigned flags, struct nvtable *into);

/*
 * Index of the elements that an id-ref may name, built at the first use.  One per document and run.
 */
struct rule_refs;
struct rule_refs *rule_refs_new(struct arena *a, const xmlNode *root);
/* Free what is not in the arena; before the arena is freed. */
void rule_refs_free(struct rule_refs *refs);
/*
 * The element that `node` stands for: itself, or the target of its id-ref (same element name, anywhere below the
 * root); NULL if that does not exist.  Without an index the document of `node` is searched.  (spec 40 §4.2)
 */
xmlNode *rules_resolve(const xmlNode *node, struct rule_refs *refs);

#endif
