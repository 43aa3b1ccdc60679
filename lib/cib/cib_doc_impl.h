/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of the CIB document share: the journal's entries, the index, the marks.  For cib_doc*.c alone.  (spec 20 §2, §3.1)
 */
#ifndef CIB_CIB_DOC_IMPL_H
#define CIB_CIB_DOC_IMPL_H

#include "lib/cib/cib_doc.h"

enum edit_kind {
    EDIT_ATTR_VALUE,  /* attribute `name` of node had the value `old` */
    EDIT_ATTR_NEW,    /* attribute `name` of node was not there */
    EDIT_ATTR_GONE,   /* `attr` stood behind `after` */
    EDIT_ATTRS,       /* node had the attribute list starting with `attr` */
    EDIT_NODE_NEW,    /* node was not there */
    EDIT_NODE_GONE,   /* node stood in `parent` before `next` */
    EDIT_NODE_MOVED,  /* the same */
    EDIT_ROOT,        /* node was the root */
};

struct cib_edit {
    enum edit_kind kind;
    xmlNode *node;
    union { /* by kind */
        struct {
            char *name; /* owned */
            char *old;  /* owned */
        };
        struct {
            xmlAttr *attr;
            xmlAttr *after;
        };
        struct {
            xmlNode *parent;
            xmlNode *next;
        };
    };
};

/* Next node in document order within `top`; with `skip` not into the children of `node`. */
static inline xmlNode *
cib_next_in_tree(const xmlNode *top, xmlNode *node, bool skip)
{
    if (!skip && node->type == XML_ELEMENT_NODE && node->children != NULL) {
        return node->children;
    }
    while (node != top) {
        if (node->next != NULL) {
            return node->next;
        }
        node = node->parent;
    }
    return NULL;
}

/* --- cib_doc.c: the id index --- */

void cib_doc_index_node(struct cib_doc *d, xmlNode *node, bool add);
void cib_doc_index_tree(struct cib_doc *d, xmlNode *top, bool add);

/* --- cib_doc_marks.c --- */

/* All of them, and what is noted of deletions.  Marks on a node that is about to be freed must leave the table, too. */
void cib_doc_forget_marks(struct cib_doc *d);
/* Tell all ancestors that there is something below, up to the first that knows. */
void cib_doc_mark_upwards(struct cib_doc *d, xmlNode *node, unsigned flags);
/* An edit of this node counts and shows in the ancestors. */
struct cib_mark *cib_doc_mark_touching(struct cib_doc *d, xmlNode *node, unsigned flags);
/* The node, or what it is in, was not there before this change. */
bool cib_doc_created_now(const xmlNode *node);

#endif
