/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Comparison of two documents: who is the same node, what of it differs.  Used where a fresh subtree takes the
 * place of an old one.  Never changes either tree.  (spec 20 §3.1, §5.2)
 */
#include "lib/cib/cib_compare.h"

#include <string.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_doc.h"

/*
 * One pair of child lists while it is compared.  Arrays are indexed by the position among the siblings that count.
 */
struct pairing {
    GPtrArray *old, *new;  /* the children */
    int *partner_of_new;   /* index into `old`, or -1 */
    bool *old_taken;
    int *old_rank;         /* Fenwick tree of old children that still count for positions */
};

static GPtrArray *
list_children(xmlNode *parent)
{
    GPtrArray *list = g_ptr_array_new();

    for (xmlNode *c = parent->children; c != NULL; c = c->next) {
        if (cib_node_counts(c)) {
            g_ptr_array_add(list, c);
        }
    }
    return list;
}

static void
rank_add(int *tree, guint n, guint i, int delta)
{
    for (i++; i <= n; i += i & -i) {
        tree[i] += delta;
    }
}

/* Number of counted ones before index i. */
static int
rank_before(const int *tree, guint i)
{
    int sum = 0;

    for (; i > 0; i -= i & -i) {
        sum += tree[i];
    }
    return sum;
}

static bool
same_comment(const xmlNode *a, const xmlNode *b)
{
    return text_equal_nocase((const char *)a->content, (const char *)b->content);
}

/* Key under which the children of an element find each other: name and id. */
static char *
key_of(const xmlNode *node)
{
    const char *id = xml_id(node);

    return id != NULL ? g_strconcat(xml_name(node), " ", id, NULL) : g_strdup(xml_name(node));
}

static bool
same_element(const xmlNode *a, const xmlNode *b)
{
    return strcmp(xml_name(a), xml_name(b)) == 0 && text_equal(xml_id(a), xml_id(b));
}

/*
 * Who is who?  Elements by name and id, the first match; in the common case both lists run in step, so that the
 * table is needed only behind the first difference.  Comments by position and text.
 */
static void
pair_up(struct pairing *p)
{
    g_autoptr(GHashTable) table = NULL; /* key -> index + 1 of the first old element not taken yet */

    for (guint i = 0; i < p->new->len; i++) {
        xmlNode *n = g_ptr_array_index(p->new, i);
        xmlNode *o = i < p->old->len ? g_ptr_array_index(p->old, i) : NULL;
        g_autofree char *key = NULL;
        guint found;

        p->partner_of_new[i] = -1;
        if (n->type == XML_COMMENT_NODE) {
            if (o != NULL && o->type == XML_COMMENT_NODE && same_comment(o, n)) {
                p->partner_of_new[i] = (int)i;
                p->old_taken[i] = true;
            }
            continue;
        }
        if (table == NULL && o != NULL && o->type == XML_ELEMENT_NODE && same_element(o, n)) {
            p->partner_of_new[i] = (int)i;
            p->old_taken[i] = true;
            continue;
        }
        if (table == NULL) {
            table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
            for (guint k = p->old->len; k-- > 0;) {
                o = g_ptr_array_index(p->old, k);
                if (o->type == XML_ELEMENT_NODE && !p->old_taken[k]) {
                    g_hash_table_insert(table, key_of(o), GUINT_TO_POINTER(k + 1));
                }
            }
        }
        key = key_of(n);
        found = GPOINTER_TO_UINT(g_hash_table_lookup(table, key));
        if (found != 0) {
            p->partner_of_new[i] = (int)found - 1;
            p->old_taken[found - 1] = true;
            g_hash_table_remove(table, key);
            /* a further one of the same kind behind it may pair with the next of ours */
            for (guint k = found; k < p->old->len; k++) {
                o = g_ptr_array_index(p->old, k);
                if (o->type == XML_ELEMENT_NODE && !p->old_taken[k] && same_element(o, n)) {
                    g_hash_table_insert(table, g_steal_pointer(&key), GUINT_TO_POINTER(k + 1));
                    break;
                }
            }
        }
    }
}

/* Index of an attribute in a list, -1 if it is not there; `skipped` (may be NULL): those that do not count. */
static int
attr_place(const xmlAttr *list, const xmlChar *name, const bool *skipped, const xmlAttr **found)
{
    int place = 0;

    for (int i = 0; list != NULL; list = list->next, i++) {
        if (xmlStrEqual(list->name, name)) {
            *found = list;
            return place;
        }
        place += skipped == NULL || !skipped[i];
    }
    return -1;
}

static guint
attr_count(const xmlAttr *list)
{
    guint n = 0;

    for (; list != NULL; list = list->next) {
        n++;
    }
    return n;
}

static guint
attr_index(const xmlAttr *list, const xmlAttr *attr)
{
    guint i = 0;

    for (; list != attr; list = list->next) {
        i++;
    }
    return i;
}

/*
 * As with children: an attribute of the same value is where it was if as many that count stand before it; of one that moved,
 * the old place counts no more if it moved forward, else the new place.
 */
void
cib_compare_attrs(const xmlAttr *old, const xmlAttr *new, bool order_counts, struct cib_mark *m)
{
    g_autofree bool *skip_old = g_new0(bool, attr_count(old) + 1), *skip_new = g_new0(bool, attr_count(new) + 1);
    const xmlAttr *now, *was;
    guint i = 0;
    int place = 0;

    for (was = old; was != NULL; place += !skip_old[i], was = was->next, i++) {
        int new_place = attr_place(new, was->name, skip_new, &now);

        if (new_place < 0 || strcmp(xml_attr_value(was), xml_attr_value(now)) != 0) {
            cib_mark_attr(m, (const char *)was->name);
            m->flags |= CIB_MARK_VALUES;
        } else if (order_counts && place != new_place) {
            cib_mark_attr(m, (const char *)was->name);
            if (place > new_place) {
                skip_old[i] = true;
            } else {
                skip_new[attr_index(new, now)] = true;
            }
        }
    }
    for (now = new; now != NULL; now = now->next) {
        if (attr_place(old, now->name, NULL, &was) < 0) {
            cib_mark_attr(m, (const char *)now->name);
            m->flags |= CIB_MARK_VALUES;
        }
    }
}

/* The same attributes in any order? */
static bool
values_differ(const xmlNode *a, const xmlNode *b)
{
    int left = 0;

    for (const xmlAttr *x = a->properties; x != NULL; x = x->next) {
        if (!text_equal(xml_get(b, (const char *)x->name), xml_attr_value(x))) {
            return true;
        }
        left++;
    }
    for (const xmlAttr *y = b->properties; y != NULL; y = y->next) {
        left--;
    }
    return left != 0;
}

static bool
attrs_differ(const xmlNode *a, const xmlNode *b)
{
    const xmlAttr *x = a->properties, *y = b->properties;

    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        if (!xmlStrEqual(x->name, y->name) || strcmp(xml_attr_value(x), xml_attr_value(y)) != 0) {
            return true;
        }
    }
    return x != NULL || y != NULL;
}

static bool compare_elements(struct cib_doc *d, xmlNode *old, xmlNode *new);

/*
 * Places: a child is where it was if as many of the siblings that count stand before it.  New ones do not count, nor
 * do those that were removed; of a pair that moved, the old place counts no more if it moved forward, else
 * the new place.
 */
static bool
note_new_and_moved(struct cib_doc *d, struct pairing *p)
{
    bool differs = false;
    int place = 0;

    for (guint i = 0; i < p->new->len; i++) {
        xmlNode *n = g_ptr_array_index(p->new, i);
        int partner = p->partner_of_new[i], old_place;

        if (partner < 0) {
            cib_doc_mark(d, n, CIB_MARK_CREATED | CIB_MARK_TOUCHED);
            differs = true;
            continue;
        }
        old_place = rank_before(p->old_rank, (guint)partner);
        if (old_place == place) {
            place++;
            continue;
        }
        cib_doc_mark(d, n, CIB_MARK_MOVED | CIB_MARK_TOUCHED);
        differs = true;
        if (old_place > place) {
            rank_add(p->old_rank, p->old->len, (guint)partner, -1);
            place++;
        }
    }
    return differs;
}

static bool
compare_children(struct cib_doc *d, xmlNode *old, xmlNode *new)
{
    struct pairing p = { .old = list_children(old), .new = list_children(new) };
    int *partner_of_old = g_new(int, p.old->len + 1);
    bool differs = false;
    int kept = 0;

    p.partner_of_new = g_new(int, p.new->len + 1);
    p.old_taken = g_new0(bool, p.old->len + 1);
    p.old_rank = g_new0(int, p.old->len + 2);
    pair_up(&p);
    for (guint i = 0; i < p.old->len; i++) {
        partner_of_old[i] = -1;
    }
    for (guint i = 0; i < p.new->len; i++) {
        if (p.partner_of_new[i] >= 0) {
            partner_of_old[p.partner_of_new[i]] = (int)i;
        }
    }
    for (guint i = 0; i < p.old->len; i++) {
        xmlNode *o = g_ptr_array_index(p.old, i);

        if (partner_of_old[i] < 0) {
            cib_doc_note_deletion(d, o, kept);
            differs = true;
            continue;
        }
        kept++;
        rank_add(p.old_rank, p.old->len, i, 1);
        if (o->type == XML_ELEMENT_NODE) {
            differs |= compare_elements(d, o, g_ptr_array_index(p.new, partner_of_old[i]));
        }
    }
    differs |= note_new_and_moved(d, &p);
    g_free(partner_of_old);
    g_free(p.partner_of_new);
    g_free(p.old_taken);
    g_free(p.old_rank);
    g_ptr_array_free(p.old, TRUE);
    g_ptr_array_free(p.new, TRUE);
    return differs;
}

/* Both are the same element; marks `new` and all above what differs. */
static bool
compare_elements(struct cib_doc *d, xmlNode *old, xmlNode *new)
{
    bool attrs = attrs_differ(old, new) && (!d->ignore_attr_order || values_differ(old, new));
    bool below = (old->children != NULL || new->children != NULL) && compare_children(d, old, new);

    if (attrs) {
        cib_compare_attrs(old->properties, new->properties, !d->ignore_attr_order,
                          cib_doc_mark(d, new, CIB_MARK_TOUCHED));
    } else if (below) {
        cib_doc_mark(d, new, CIB_MARK_TOUCHED);
    }
    return attrs || below;
}

bool
cib_compare_trees(struct cib_doc *d, xmlNode *old, xmlNode *new)
{
    bool differs = compare_elements(d, old, new);

    if (differs) {
        d->dirty = true;
    }
    return differs;
}
