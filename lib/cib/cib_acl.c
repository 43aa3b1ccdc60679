/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Evaluation of access control lists: permissions of a user as XPaths, filtering of what is read, judgement of a change from
 * the document's journal.  Called by the pipeline and for queries.  Knows the user database for groups; never changes a document.
 * (spec 20 §12)
 */
#include "lib/cib/cib_acl.h"

#include <grp.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_xpath.h"

enum { MAY_READ = 1 << 0, MAY_WRITE = 1 << 1, DENIED = 1 << 2, ROLE_DEPTH_MAX = 16 };

struct permission {
    unsigned mode;
    char *xpath;
};

struct cib_acl {
    char *user;
    GArray *permissions;  /* struct permission */
    GHashTable *before;   /* element -> modes, of the document before the open change */
};

/* --- who --- */

bool
cib_acl_user_is_exempt(const char *user)
{
    return user == NULL || *user == '\0' || text_is_one_of(user, "root", DAEMON_USER, NULL);
}

bool
cib_acl_enabled(const struct cib_doc *d)
{
    const xmlNode *crm_config = cib_section_find(d, "crm_config", NULL);

    return crm_config != NULL && text_is_true(cib_cluster_option(crm_config, "enable-acl"));
}

static bool
is_listed_in_group(const char *user, const char *group)
{
    const struct group *g = group != NULL ? getgrnam(group) : NULL;

    for (char **member = g != NULL ? g->gr_mem : NULL; member != NULL && *member != NULL; member++) {
        if (strcmp(*member, user) == 0) {
            return true;
        }
    }
    return false;
}

/* --- permissions --- */

/* The XPath of a permission, in the words of either version of the syntax; NULL if it says nothing. */
static char *
xpath_of(const xmlNode *e)
{
    const char *xpath = xml_get(e, "xpath"), *attribute = xml_get(e, "attribute");
    const char *reference = xml_get(e, "reference"), *type = xml_get(e, "object-type");

    if (xpath != NULL) {
        return g_strdup(xpath);
    }
    if (reference == NULL) {
        reference = xml_get(e, "ref");
    }
    if (type == NULL) {
        type = xml_get(e, "tag");
    }
    if (reference != NULL) {
        return attribute != NULL
                   ? g_strdup_printf("//%s[@id='%s' and @%s]", type != NULL ? type : "*", reference, attribute)
                   : g_strdup_printf("//%s[@id='%s']", type != NULL ? type : "*", reference);
    }
    if (type == NULL) {
        return NULL;
    }
    return attribute != NULL ? g_strdup_printf("//%s[@%s]", type, attribute) : g_strdup_printf("//%s", type);
}

static unsigned
mode_of(const char *kind)
{
    static const struct {
        const char *kind;
        unsigned mode;
    } kinds[] = { { "read", MAY_READ }, { "write", MAY_WRITE }, { "deny", DENIED } };

    for (guint i = 0; kind != NULL && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kind, kinds[i].kind) == 0) {
            return kinds[i].mode;
        }
    }
    return 0;
}

static void
add_permission(struct cib_acl *a, const xmlNode *e, const char *kind)
{
    struct permission p = { .mode = mode_of(kind) };

    if (p.mode != 0 && (p.xpath = xpath_of(e)) != NULL) {
        g_array_append_val(a->permissions, p);
    } else {
        log_warn("Ignoring ACL permission '%s': it names neither kind nor object", xml_id(e) != NULL ? xml_id(e) : "");
    }
}

/* Permissions and roles below a target, group or role. */
static void
collect(struct cib_acl *a, const xmlNode *acls, const xmlNode *holder, unsigned depth)
{
    xml_for_each(e, holder, NULL)
    {
        if (xml_is(e, "acl_permission")) {
            add_permission(a, e, xml_get(e, "kind"));
        } else if (xml_is(e, "role") || xml_is(e, "role_ref")) {
            const xmlNode *role = xml_id(e) != NULL ? xml_find(acls, "acl_role", "id", xml_id(e)) : NULL;

            if (role != NULL && depth < ROLE_DEPTH_MAX) {
                collect(a, acls, role, depth + 1);
            }
        } else {
            add_permission(a, e, xml_name(e));
        }
    }
}

static void
clear_permission(gpointer data)
{
    g_free(((struct permission *)data)->xpath);
}

struct cib_acl *
cib_acl_new(const struct cib_doc *d, const char *user)
{
    struct cib_acl *a = g_new0(struct cib_acl, 1);
    g_autoptr(GPtrArray) sections = cib_xpath_eval(d->root, d->ids, "//acls");
    const xmlNode *acls = sections->len == 1 ? g_ptr_array_index(sections, 0) : NULL;

    a->user = g_strdup(user);
    a->permissions = g_array_new(FALSE, FALSE, sizeof(struct permission));
    g_array_set_clear_func(a->permissions, clear_permission);
    for (const xmlNode *e = acls != NULL ? xml_first(acls, NULL) : NULL; e != NULL; e = xml_next(e, NULL)) {
        const char *name = xml_get(e, "name") != NULL ? xml_get(e, "name") : xml_id(e);

        if (((xml_is(e, "acl_target") || xml_is(e, "acl_user")) && text_equal(name, user))
            || (xml_is(e, "acl_group") && is_listed_in_group(user, name))) {
            collect(a, acls, e, 0);
        }
    }
    return a;
}

void
cib_acl_free(struct cib_acl *a)
{
    if (a == NULL) {
        return;
    }
    g_array_free(a->permissions, TRUE);
    if (a->before != NULL) {
        g_hash_table_destroy(a->before);
    }
    g_free(a->user);
    g_free(a);
}

bool
cib_acl_is_empty(const struct cib_acl *a)
{
    return a->permissions->len == 0;
}

/* Element -> modes that name it. */
static GHashTable *
evaluate(const struct cib_acl *a, const xmlNode *root, GHashTable *ids)
{
    GHashTable *modes = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < a->permissions->len; i++) {
        const struct permission *p = &g_array_index(a->permissions, struct permission, i);
        g_autoptr(GPtrArray) found = cib_xpath_eval(root, ids, p->xpath);

        for (guint k = 0; k < found->len; k++) {
            gpointer node = g_ptr_array_index(found, k);
            unsigned old = GPOINTER_TO_UINT(g_hash_table_lookup(modes, node));

            g_hash_table_insert(modes, node, GUINT_TO_POINTER(old | p->mode));
        }
    }
    return modes;
}

static unsigned
modes_of(GHashTable *modes, const xmlNode *node)
{
    return GPOINTER_TO_UINT(g_hash_table_lookup(modes, node));
}

/* --- reading --- */

/*
 * Copy of the readable part of an element (spec 20 §12.3): what is readable brings all below it except what is denied;
 * of other elements only the id stays, and that only above something readable.  NULL: nothing.
 */
static xmlNode *
copy_readable(GHashTable *modes, const xmlNode *node, bool readable, xmlNode *parent)
{
    unsigned own = modes_of(modes, node);
    xmlNode *copy = xml_new(parent, xml_name(node));
    bool kept;

    readable = (own & DENIED) ? false : readable || (own & (MAY_READ | MAY_WRITE));
    kept = readable;
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (readable || strcmp((const char *)a->name, "id") == 0) {
            xml_set(copy, (const char *)a->name, xml_attr_value(a));
        }
    }
    for (const xmlNode *c = node->children; c != NULL; c = c->next) {
        if (c->type == XML_ELEMENT_NODE) {
            kept |= copy_readable(modes, c, readable, copy) != NULL;
        } else if (readable && c->type == XML_COMMENT_NODE) {
            xml_copy(copy, c);
        }
    }
    if (kept) {
        return copy;
    }
    xml_free(copy);
    return NULL;
}

xmlNode *
cib_acl_readable(const struct cib_acl *a, const xmlNode *root, GHashTable *ids)
{
    g_autoptr(GHashTable) modes = NULL;

    if (a->permissions->len == 0) {
        return NULL;
    }
    modes = evaluate(a, root, ids);
    return copy_readable(modes, root, false, NULL);
}

static void
show_tree(GHashTable *modes, xmlNode *node, enum cib_access inherited, void (*show)(void *, xmlNode *, enum cib_access),
          void *data)
{
    unsigned own = modes_of(modes, node);
    enum cib_access access = inherited;

    if (own & DENIED) {
        access = CIB_ACCESS_DENIED;
    } else if (own & MAY_WRITE) {
        access = CIB_ACCESS_WRITABLE;
    } else if (own & MAY_READ) {
        access = MAX(access, CIB_ACCESS_READABLE);
    }
    show(data, node, access);
    xml_for_each(c, node, NULL)
    {
        show_tree(modes, c, access, show, data);
    }
}

void
cib_acl_show(const struct cib_acl *a, const xmlNode *root, void (*show)(void *, xmlNode *, enum cib_access), void *data)
{
    g_autoptr(GHashTable) modes = evaluate(a, root, NULL);

    show_tree(modes, (xmlNode *)root, CIB_ACCESS_DENIED, show, data);
}

/* --- changes --- */

void
cib_acl_before_change(struct cib_acl *a, const struct cib_doc *d)
{
    a->before = evaluate(a, d->root, d->ids);
}

/* The element itself or the nearest above it that is named for writing or denied decides. */
static bool
may_write(const struct cib_doc *d, GHashTable *modes, const xmlNode *node)
{
    for (; node != NULL; node = cib_doc_parent_before(d, node)) {
        unsigned own = modes_of(modes, node);

        if (own & (DENIED | MAY_WRITE)) {
            return !(own & DENIED);
        }
    }
    return false;
}

/* Elements that only hold others come with what they hold; in the ACLs nothing does. */
static bool
is_scaffolding(const xmlNode *node)
{
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (strcmp((const char *)a->name, "id") != 0) {
            return false;
        }
    }
    for (const xmlNode *p = node; p != NULL && p->type == XML_ELEMENT_NODE; p = p->parent) {
        if (xml_is(p, "acls")) {
            return false;
        }
    }
    return true;
}

static bool
may_create(const struct cib_doc *d, GHashTable *modes, const xmlNode *node)
{
    if (node->type != XML_ELEMENT_NODE) {
        return true;
    }
    if (!is_scaffolding(node) && !may_write(d, modes, node)) {
        return false;
    }
    xml_for_each(c, node, NULL)
    {
        if (!may_create(d, modes, c)) {
            return false;
        }
    }
    return true;
}

/* Something above it is new, too: looked at with that. */
static bool
is_below_new(const xmlNode *node)
{
    for (node = node->parent; node != NULL && node->type == XML_ELEMENT_NODE; node = node->parent) {
        const struct cib_mark *m = cib_node_mark(node);

        if (m != NULL && (m->flags & CIB_MARK_CREATED)) {
            return true;
        }
    }
    return false;
}

static bool
refuse(const struct cib_acl *a, const char *what, const xmlNode *node)
{
    g_autofree char *path = cib_node_path(node);

    log_notice("ACLs do not allow user %s to %s %s", a->user, what, path);
    return false;
}

bool
cib_acl_allows_change(const struct cib_acl *a, const struct cib_doc *d)
{
    g_autoptr(GHashTable) after = NULL;

    for (guint i = 0; i < d->deletions->len; i++) {
        const struct cib_deletion *del = &g_array_index(d->deletions, struct cib_deletion, i);

        if (!may_write(d, a->before, del->node)) {
            log_notice("ACLs do not allow user %s to delete %s", a->user, del->path);
            return false;
        }
    }
    /* what is only moved, or has its attributes in another order, needs no permission: all members must judge alike */
    for (guint i = 0; i < d->marks->len; i++) {
        const xmlNode *node = g_ptr_array_index(d->marks, i);
        const struct cib_mark *m = cib_node_mark(node);

        if (!cib_node_is_within(node, d->root) || is_below_new(node)) {
            continue; /* gone again; or part of something new */
        }
        if ((m->flags & CIB_MARK_CREATED) || cib_doc_is_replacement(d, node)) {
            if (after == NULL) {
                after = evaluate(a, d->root, d->ids);
            }
            if ((m->flags & CIB_MARK_CREATED)
                && (!may_create(d, after, node)
                    /* without any permission not even scaffolding with ids is made piece by piece */
                    || ((m->flags & CIB_MARK_EMPTY) && node->properties != NULL && cib_acl_is_empty(a)))) {
                return refuse(a, "create", node);
            }
            if (!(m->flags & CIB_MARK_CREATED) && (m->flags & CIB_MARK_VALUES) && !may_write(d, after, node)) {
                return refuse(a, "change", node);
            }
        } else if ((m->flags & CIB_MARK_VALUES) && !may_write(d, a->before, node)) {
            return refuse(a, "change", node);
        }
    }
    return true;
}
