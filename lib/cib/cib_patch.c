/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Patchsets of format 2: made from the marks of a change, applied to a document.  Used by the update pipeline,
 * the client and crm_diff.  Never compares documents.  (spec 20 §5.2, §5.3)
 */
#include "lib/cib/cib_patch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_patch_v1.h"
#include "lib/cib/cib_proto.h"

static const char *const counters[] = { CIB_A_ADMIN_EPOCH, CIB_A_EPOCH, CIB_A_NUM_UPDATES };

int
cib_patch_format_for(const char *feature_set)
{
    return feature_set != NULL && text_compare_versions(feature_set, "3.0.8") > 0 ? 2 : 1;
}

/* --- making --- */

static xmlNode *
add_change(xmlNode *diff, const char *operation, const xmlNode *node)
{
    xmlNode *change = xml_new(diff, "change");
    g_autofree char *path = node != NULL ? cib_node_path(node) : NULL;

    xml_set(change, "operation", operation);
    if (path != NULL) {
        xml_set(change, "path", path);
    }
    return change;
}

static void
add_deletions(xmlNode *diff, const struct cib_doc *d)
{
    for (guint i = 0; i < d->deletions->len; i++) {
        const struct cib_deletion *del = &g_array_index(d->deletions, struct cib_deletion, i);
        xmlNode *change = add_change(diff, "delete", NULL);

        xml_set(change, "path", del->path);
        if (del->position >= 0) {
            xml_set_int(change, "position", del->position);
        }
    }
}

static bool
names_contain(const GPtrArray *names, const char *name)
{
    for (guint i = 0; i < names->len; i++) {
        if (strcmp(g_ptr_array_index(names, i), name) == 0) {
            return true;
        }
    }
    return false;
}

static void
add_attr_change(xmlNode *list, const char *name, const char *value)
{
    xmlNode *attr = xml_new(list, "change-attr");

    xml_set(attr, "name", name);
    xml_set(attr, "operation", value != NULL ? "set" : "unset");
    if (value != NULL) {
        xml_set(attr, "value", value);
    }
}

static void
add_modify(xmlNode *diff, const xmlNode *node, const struct cib_mark *mark)
{
    xmlNode *change = add_change(diff, "modify", node);
    xmlNode *list = xml_new(change, "change-list");

    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (names_contain(mark->attrs, (const char *)a->name)) {
            add_attr_change(list, (const char *)a->name, xml_attr_value(a));
        }
    }
    for (guint i = 0; i < mark->attrs->len; i++) {
        const char *name = g_ptr_array_index(mark->attrs, i);

        if (xml_get(node, name) == NULL) {
            add_attr_change(list, name, NULL);
        }
    }
    xml_copy_attrs(xml_new(xml_new(change, "change-result"), xml_name(node)), node);
}

/* Pre-order walk of the marked part of the tree; `position` of the node, -1: not counted yet. */
static void
add_changes_below(xmlNode *diff, const xmlNode *node, int position)
{
    const struct cib_mark *mark = cib_node_mark(node);
    guint left;
    int n = 0;

    if (mark == NULL) {
        return;
    }
    if (mark->flags & (CIB_MARK_CREATED | CIB_MARK_MOVED) && position < 0) {
        position = cib_node_position(node);
    }
    if (mark->flags & CIB_MARK_CREATED) {
        g_autofree char *path = cib_node_path(node->parent);
        xmlNode *change = add_change(diff, "create", NULL);

        xml_set(change, "path", path);
        xml_set_int(change, "position", position);
        xml_copy(change, node);
        return;
    }
    if (mark->attrs != NULL) {
        add_modify(diff, node, mark);
    }
    left = mark->marked_children;
    if (left == 1) {
        add_changes_below(diff, mark->one_child, -1);
    } else {
        for (const xmlNode *c = node->children; c != NULL && left > 0; c = c->next) {
            if (c->_private != NULL) {
                add_changes_below(diff, c, n);
                left--;
            }
            n += cib_node_counts(c);
        }
    }
    if (mark->flags & CIB_MARK_MOVED) {
        xml_set_int(add_change(diff, "move", node), "position", position);
    }
}

static void
add_version(xmlNode *parent, const char *name, const struct cib_version *v)
{
    const int values[] = { v->admin_epoch, v->epoch, v->num_updates };
    xmlNode *e = xml_new(parent, name);

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        xml_set_int(e, counters[i], values[i] < 0 ? 1 : values[i]);
    }
}

xmlNode *
cib_patch_new(struct cib_doc *d, const struct cib_version *source, const char *digest, bool with_version)
{
    xmlNode *diff, *version;
    struct cib_version target = cib_version_of(d->root);

    if (!d->dirty) {
        return NULL;
    }
    /* a counter that the change took away counts as unchanged */
    target.admin_epoch = target.admin_epoch < 0 ? source->admin_epoch : target.admin_epoch;
    target.epoch = target.epoch < 0 ? source->epoch : target.epoch;
    target.num_updates = target.num_updates < 0 ? source->num_updates : target.num_updates;
    diff = xml_new(NULL, "diff");
    xml_set(diff, "format", "2");
    xml_set(diff, CIB_F_DIGEST, digest);
    if (with_version) {
        version = xml_new(diff, "version");
        add_version(version, "source", source);
        add_version(version, "target", &target);
    }
    add_deletions(diff, d);
    cib_doc_count_marks(d);
    add_changes_below(diff, d->root, 0);
    return diff;
}

/* --- reading --- */

static int
field_of(const xmlNode *e, const char *name)
{
    long long value;

    return e != NULL && text_parse_int(xml_get(e, name), &value) && value >= 0 && value <= G_MAXINT ? (int)value : -1;
}

bool
cib_patch_versions(const xmlNode *patch, struct cib_version *source, struct cib_version *target)
{
    const xmlNode *version, *from, *to;

    if (xml_get_int(patch, "format", 1) == 1) {
        return cib_patch_v1_versions(patch, source, target);
    }
    version = xml_first(patch, "version");
    from = version != NULL ? xml_first(version, "source") : NULL;
    to = version != NULL ? xml_first(version, "target") : NULL;
    *source = (struct cib_version){ field_of(from, counters[0]), field_of(from, counters[1]), field_of(from, counters[2]) };
    *target = (struct cib_version){ field_of(to, counters[0]), field_of(to, counters[1]), field_of(to, counters[2]) };
    return from != NULL || to != NULL;
}

/*
 * May this patchset be applied to this version?  (spec 20 §5.3)
 * The first field that differs from the source decides: behind it we miss updates, ahead of it the patch is old.
 */
static int
check_version(const xmlNode *root, const xmlNode *patch)
{
    struct cib_version now = cib_version_of(root), source, target;
    int have[3], from[3], to[3];
    bool forward = false;

    cib_patch_versions(patch, &source, &target);
    memcpy(have, (int[]){ now.admin_epoch, now.epoch, now.num_updates }, sizeof(have));
    memcpy(from, (int[]){ source.admin_epoch, source.epoch, source.num_updates }, sizeof(from));
    memcpy(to, (int[]){ target.admin_epoch, target.epoch, target.num_updates }, sizeof(to));
    for (int i = 0; i < 3; i++) {
        have[i] = MAX(have[i], 0);
        if (from[i] < 0) {
            from[i] = have[i];
        }
        if (to[i] < 0) {
            to[i] = i == 2 ? have[i] + 1 : have[i];
        }
        if (have[i] != from[i]) {
            return have[i] < from[i] ? RC_DIFF_RESYNC : RC_OLD_DATA;
        }
        forward |= to[i] > from[i];
    }
    return forward ? RC_OK : RC_OLD_DATA;
}

/*
 * One component "name", "name[@id='ID']" of a path.  False at its end or if it is malformed.
 */
struct step {
    const char *name;
    size_t name_len;
    const char *id;
    size_t id_len;
    bool last;
};

static bool
next_step(const char **path, struct step *s)
{
    const char *p = *path;

    if (*p != '/') {
        return false;
    }
    p++;
    s->name = p;
    s->name_len = strcspn(p, "/[");
    s->id = NULL;
    s->id_len = 0;
    p += s->name_len;
    if (s->name_len == 0) {
        return false;
    }
    if (*p == '[') {
        const char *end;

        if (strncmp(p, "[@id='", 6) != 0 || (end = strstr(p + 6, "']")) == NULL) {
            return false;
        }
        s->id = p + 6;
        s->id_len = (size_t)(end - s->id);
        p = end + 2;
    }
    s->last = *p == '\0';
    *path = p;
    return s->last || *p == '/';
}

static bool
step_matches(const xmlNode *n, const struct step *s)
{
    const char *name = (const char *)n->name, *id;

    if (strncmp(name, s->name, s->name_len) != 0 || name[s->name_len] != '\0') {
        return false;
    }
    if (s->id == NULL) {
        return true;
    }
    id = n->type == XML_ELEMENT_NODE ? xml_id(n) : NULL;
    return id != NULL && strncmp(id, s->id, s->id_len) == 0 && id[s->id_len] == '\0';
}

static xmlNode *
child_for_step(xmlNode *parent, const struct step *s, int position)
{
    int n = 0;

    for (xmlNode *c = parent->children; c != NULL; c = c->next) {
        if (!cib_node_counts(c)) {
            continue;
        }
        if (step_matches(c, s)
            && !(s->last && position >= 0 && c->type == XML_COMMENT_NODE && n != position)) {
            return c;
        }
        n++;
    }
    return NULL;
}

xmlNode *
cib_patch_locate(xmlNode *root, const char *path, int position)
{
    struct step s;
    xmlNode *node = root;

    if (path == NULL || !next_step(&path, &s) || !step_matches(root, &s)) {
        return NULL;
    }
    while (!s.last) {
        if (!next_step(&path, &s) || node->type != XML_ELEMENT_NODE
            || (node = child_for_step(node, &s, position)) == NULL) {
            return NULL;
        }
    }
    return node;
}

/* --- applying --- */

/* A create or move that waits for the second pass. */
struct placement {
    xmlNode *node;         /* to move; NULL: create */
    xmlNode *parent;       /* of a create */
    const xmlNode *change;
    int position;
    guint order;           /* of the change in the patchset: keeps the sort stable */
};

static int
by_position(const void *a, const void *b)
{
    const struct placement *x = a, *y = b;

    if (x->position != y->position) {
        return x->position < y->position ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

/* The first child that a change carries: of any kind that the CIB consists of. */
static const xmlNode *
first_content(const xmlNode *e)
{
    const xmlNode *c = e->children;

    while (c != NULL && !cib_node_counts(c)) {
        c = c->next;
    }
    return c;
}

static int
apply_modify(struct cib_doc *d, xmlNode *node, const xmlNode *change)
{
    const xmlNode *result = xml_first(change, "change-result");
    const xmlNode *like = result != NULL ? xml_first(result, NULL) : NULL;

    if (like == NULL) {
        return ENOMSG;
    }
    if (node->type != XML_ELEMENT_NODE) {
        return RC_DIFF_FAILED;
    }
    cib_doc_set_all(d, node, like);
    return RC_OK;
}

static int
apply_change(struct cib_doc *d, const xmlNode *change, const char *operation, GArray *later)
{
    int position = (int)xml_get_int(change, "position", -1);
    bool deletes = strcmp(operation, "delete") == 0;
    xmlNode *node = cib_patch_locate(d->root, xml_get(change, "path"), deletes ? position : -1);
    struct placement p = { .change = change, .position = position, .order = later->len };

    if (node == NULL) {
        return deletes ? RC_OK : RC_DIFF_FAILED;
    }
    if (deletes) {
        if (node == d->root) {
            return RC_DIFF_FAILED;
        }
        for (guint i = 0; i < later->len;) {
            /* a waiting change whose place goes away has no place */
            const struct placement *w = &g_array_index(later, struct placement, i);

            if (cib_node_is_within(w->node != NULL ? w->node : w->parent, node)) {
                g_array_remove_index(later, i);
            } else {
                i++;
            }
        }
        cib_doc_remove(d, node);
        return RC_OK;
    }
    if (strcmp(operation, "modify") == 0) {
        return apply_modify(d, node, change);
    }
    if (strcmp(operation, "create") == 0) {
        if (node->type != XML_ELEMENT_NODE) {
            return RC_DIFF_FAILED;
        }
        p.parent = node;
    } else if (strcmp(operation, "move") == 0 && node != d->root) {
        p.node = node;
        cib_doc_move(d, node, NULL);
    } else {
        return RC_DIFF_FAILED;
    }
    g_array_append_val(later, p);
    return RC_OK;
}

/* The child that has `position` siblings before it, not counting `except`. */
static xmlNode *
child_at(const xmlNode *parent, int position, const xmlNode *except)
{
    xmlNode *c = parent->children;

    for (; c != NULL; c = c->next) {
        if (!cib_node_counts(c) || c == except) {
            continue;
        }
        if (position-- <= 0) {
            break;
        }
    }
    return c;
}

static int
apply_placement(struct cib_doc *d, const struct placement *p)
{
    if (p->node == NULL) {
        const xmlNode *src = first_content(p->change);

        if (src == NULL) {
            return RC_DIFF_FAILED;
        }
        cib_doc_insert_copy(d, p->parent, p->position >= 0 ? child_at(p->parent, p->position, NULL) : NULL, src,
                            CIB_TRACK_COMPARE);
        return RC_OK;
    }
    cib_doc_move(d, p->node, child_at(p->node->parent, p->position, p->node));
    return cib_node_position(p->node) == p->position ? RC_OK : RC_DIFF_FAILED;
}

static int
apply_v2(struct cib_doc *d, const xmlNode *patch)
{
    g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(struct placement));
    int rc = RC_OK;

    xml_for_each(change, patch, NULL)
    {
        const char *operation = xml_get(change, "operation");
        int this_rc;

        if (operation != NULL && (this_rc = apply_change(d, change, operation, later)) != RC_OK) {
            rc = this_rc;
        }
    }
    if (later->len > 1) {
        qsort(later->data, later->len, sizeof(struct placement), by_position);
    }
    for (guint i = 0; i < later->len; i++) {
        int this_rc = apply_placement(d, &g_array_index(later, struct placement, i));

        if (this_rc != RC_OK) {
            rc = this_rc;
        }
    }
    return rc;
}

int
cib_patch_apply(struct cib_doc *d, const xmlNode *patch, unsigned flags)
{
    long long format = xml_get_int(patch, "format", 1);
    const char *digest;
    int rc;

    if (format != 1 && format != 2) {
        return EINVAL;
    }
    if ((flags & CIB_PATCH_CHECK_VERSION) && (rc = check_version(d->root, patch)) != RC_OK) {
        return rc;
    }
    rc = format == 2 ? apply_v2(d, patch) : cib_patch_v1_apply(d, patch);
    digest = xml_get(patch, CIB_F_DIGEST);
    if (rc == RC_OK && digest != NULL && (flags & CIB_PATCH_CHECK_DIGEST)) {
        g_autofree char *ours = cib_digest_versioned(d->root, xml_get(d->root, CIB_A_FEATURE_SET));

        if (strcmp(ours, digest) != 0) {
            return RC_DIFF_FAILED;
        }
    }
    return rc;
}

int
cib_patch_apply_tree(xmlNode **root, const xmlNode *patch, unsigned flags)
{
    struct cib_doc plain = { .root = *root };
    int rc = cib_patch_apply(&plain, patch, flags);

    *root = plain.root;
    return rc;
}
