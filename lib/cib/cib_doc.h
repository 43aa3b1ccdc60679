/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB document in memory: a tree that is changed in place under a journal.  Every edit records its inverse,
 * so that a rejected request is undone, and marks what it touched, so that a patchset and the counters follow
 * from the marks: the cost of an update follows its size.  Used by the operations, the patch code and the
 * schema check.  Never reads files or clocks.  (spec 20 §2, §3, design "The CIB")
 */
#ifndef CIB_CIB_DOC_H
#define CIB_CIB_DOC_H

#include <glib.h>
#include <libxml/tree.h>
#include <stdbool.h>

/* Counters of a document; -1 where the attribute is missing or no number. */
struct cib_version {
    int admin_epoch, epoch, num_updates;
};

/* <0, 0, >0, most significant field first. */
int cib_version_compare(const struct cib_version *a, const struct cib_version *b);
struct cib_version cib_version_of(const xmlNode *root);

/* How an edit counts (spec 20 §3.1). */
enum cib_tracking {
    CIB_TRACK_DIRECT,  /* edits of modify, create, delete, bump */
    CIB_TRACK_COMPARE, /* as if found by comparing two documents: every difference touches its ancestors */
};

/* Marks of a node while a change is open; in node->_private. */
enum cib_mark_flag {
    CIB_MARK_BELOW = 1 << 0,   /* this node or something below is marked: patch writers must look here */
    CIB_MARK_TOUCHED = 1 << 1, /* counts as touched for the configuration-change rule */
    CIB_MARK_CREATED = 1 << 2, /* did not exist before */
    CIB_MARK_ATTRS = 1 << 3,   /* attributes set or removed */
    CIB_MARK_MOVED = 1 << 4,   /* has another place among its siblings */
    CIB_MARK_VALUES = 1 << 5,  /* of the attributes not only the order changed */
    CIB_MARK_EMPTY = 1 << 6,   /* was created empty, not as a copy */
};

struct cib_mark {
    unsigned flags;
    GPtrArray *attrs; /* names of changed attributes, in the order of the changes; NULL if none */
    /* by cib_doc_count_marks(): */
    guint marked_children;
    xmlNode *one_child; /* one of them */
};

/* A node that a change removed: what a patchset says about it. */
struct cib_deletion {
    char *path;
    int position; /* of a comment among its former siblings; -1 for elements */
    const xmlNode *node; /* alive until the change is committed or undone */
};

struct cib_edit;

struct cib_doc {
    xmlNode *root;    /* of a document of its own */
    GHashTable *ids;  /* id -> GSList of elements; NULL: this document has no index */
    bool open;        /* a change is being made: edits are journaled */
    bool dirty;       /* the open change counts */
    bool ignore_attr_order; /* comparisons: another order of attributes alone is no difference (crm_diff --cib) */
    bool swept;       /* no unresolved "++" value was there before the open change */
    GArray *edits;    /* struct cib_edit, oldest first */
    GPtrArray *marks; /* nodes with a mark */
    GArray *deletions; /* struct cib_deletion, in order of removal */
    char *valid_for;  /* schema that the document before the open change is known to satisfy; NULL: unknown */
};

/* Takes the root element (of a document of its own); text nodes are dropped and the index is built. */
struct cib_doc *cib_doc_new_take(xmlNode *root);
void cib_doc_free(struct cib_doc *d);

/*
 * A new empty CIB (xml_free): attributes crm_feature_set, validate-with, epoch, num_updates, admin_epoch, the four
 * required sections and status (spec 20 §2).
 */
xmlNode *cib_empty_new(const char *schema, int epoch);

/* --- one change at a time: begin, edits, then commit or undo --- */

void cib_doc_begin(struct cib_doc *d);
/* Keep the edits and forget the journal. */
void cib_doc_commit(struct cib_doc *d);
/* Take every edit back: the document is byte for byte as at begin. */
void cib_doc_undo(struct cib_doc *d);

/* --- edits (journaled while a change is open; otherwise just done) --- */

/* Set an attribute, NULL removes it.  True if that changed anything. */
bool cib_doc_set(struct cib_doc *d, xmlNode *node, const char *name, const char *value);
void cib_doc_set_int(struct cib_doc *d, xmlNode *node, const char *name, int value);
/* Same, but invisible to patchset and counters: stamps that are made after the patchset (spec 20 §5.2). */
void cib_doc_stamp(struct cib_doc *d, const char *name, const char *value);
/* Replace all attributes by those of `like`, in that order (applied patches; compare tracking). */
void cib_doc_set_all(struct cib_doc *d, xmlNode *node, const xmlNode *like);
/* New empty element at the end of `parent`: counts nothing by itself. */
xmlNode *cib_doc_add_element(struct cib_doc *d, xmlNode *parent, const char *name);
/*
 * Deep copy of `src` (element or comment) before `before`, or at the end if that is NULL.  Makes the change dirty;
 * touches the ancestors with CIB_TRACK_COMPARE only.
 */
xmlNode *cib_doc_insert_copy(struct cib_doc *d, xmlNode *parent, xmlNode *before, const xmlNode *src, enum cib_tracking how);
/* Remove an element or comment with all below. */
void cib_doc_remove(struct cib_doc *d, xmlNode *node);
/* Put a child of the same parent before `before` (NULL: at the end).  Compare tracking. */
void cib_doc_move(struct cib_doc *d, xmlNode *node, xmlNode *before);
/*
 * Put a copy of `src` in the place of `old` (which may be the root); what counts is the difference between
 * the two.  Returns the new element.
 */
xmlNode *cib_doc_replace(struct cib_doc *d, xmlNode *old, const xmlNode *src);

/* --- questions about the open change --- */

/* A change inside `configuration` that bumps the epoch (spec 20 §3). */
bool cib_doc_config_changed(const struct cib_doc *d);
/* An attribute that a change gave another value. */
typedef bool (*cib_doc_value_fn)(void *data, const xmlNode *node, const char *name);
/* True if the open change gave other values to attributes that were there, did nothing else, and `all` is true of each. */
bool cib_doc_sets_values_only(const struct cib_doc *d, cib_doc_value_fn all, void *data);
/* The root was replaced as a whole. */
bool cib_doc_root_replaced(const struct cib_doc *d);
/* The node is, or lies in, an element that took another's place: its marks tell the difference between the two. */
bool cib_doc_is_replacement(const struct cib_doc *d, const xmlNode *node);
/* Ids that elements lost in the open change, by removal or by another id: the keys of the set (g_hash_table_destroy). */
GHashTable *cib_doc_lost_ids(const struct cib_doc *d);
/* Marks of a node, or NULL. */
const struct cib_mark *cib_node_mark(const xmlNode *node);
/* The parent of a node; of one that the open change took out, what it was.  NULL for the root. */
const xmlNode *cib_doc_parent_before(const struct cib_doc *d, const xmlNode *node);
/*
 * Fill in marked_children of all marks: so that who looks for changes need not look at every child of a long
 * section.  Marks made later are not counted.
 */
void cib_doc_count_marks(struct cib_doc *d);
/* For cib_compare.c: mark a node of the tree. */
struct cib_mark *cib_doc_mark(struct cib_doc *d, xmlNode *node, unsigned flags);
void cib_mark_attr(struct cib_mark *m, const char *name);
/* `position`: siblings before it that are still there when it goes (comments are found by it). */
void cib_doc_note_deletion(struct cib_doc *d, const xmlNode *node, int position);

/* --- finding --- */

/*
 * First element in document order, `within` itself or below it, with this id; `name` NULL: of any name, else
 * compared without case if `nocase`.  With `index` absent the tree is walked.
 */
xmlNode *cib_doc_find_id(const struct cib_doc *d, const xmlNode *within, const char *name, const char *id, bool nocase);
/* All elements with this id, in no order (borrowed), NULL if none. */
const GSList *cib_doc_elements_with_id(const struct cib_doc *d, const char *id);
bool cib_node_is_within(const xmlNode *node, const xmlNode *ancestor);
/* Path of a node in the syntax of patchsets (g_free), spec 20 §5.2. */
char *cib_node_path(const xmlNode *node);
/* Number of elements and comments before it. */
int cib_node_position(const xmlNode *node);
/* Elements and comments: what the CIB consists of. */
static inline bool
cib_node_counts(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE || node->type == XML_COMMENT_NODE;
}

#endif
