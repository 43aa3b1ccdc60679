/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resources of all kinds: what they have in common (meta-attributes, flags, requirements), primitives and groups.
 * Clones are in clone.c, bundles in bundle.c, questions about a resource in rsc.c.  (spec 40 §5)
 */
#include "lib/base/log.h"
#include "lib/sched/model/internal.h"

#include <stdlib.h>

static bool kind_parse(const char *tag, enum sched_kind *kind);
static void meta_unpack(struct sched *s, struct sched_rsc *r, int instance);
static void flags_unpack(struct sched *s, struct sched_rsc *r);
static void requires_unpack(struct sched *s, struct sched_rsc *r, const char *value, bool warn);
static bool primitive_unpack(struct sched *s, struct sched_rsc *r);
static bool group_unpack(struct sched *s, struct sched_rsc *r, int instance);
static void link_containers(struct sched *s);
static void link_remote_nodes(struct sched *s);
static void sort_by_priority(struct sched *s);

/* --- contexts for rules --- */

struct rule_context
plain_rule_context(struct sched *s)
{
    struct rule_context ctx = { .now = &s->now_local, .next_change = &s->recheck_by, .refs = s->refs,
                                .error = model_rule_error, .error_data = s };

    return ctx;
}

struct rule_context
rsc_rule_context(struct sched *s, const struct sched_rsc *r)
{
    struct rule_context ctx = plain_rule_context(s);

    ctx.has_rsc = true;
    ctx.rsc_class = r->rsc_class;
    ctx.rsc_provider = r->provider;
    ctx.rsc_type = r->type;
    return ctx;
}

/* --- the whole section --- */

static void
top_level_unpack(struct sched *s, const xmlNode *xml)
{
    struct sched_rsc *r;

    if (xml_is(xml, "template")) {
        if (xml_id(xml) != NULL) {
            tag_find_or_add(s, xml_id(xml));
        }
        return;
    }
    r = rsc_unpack(s, xml, NULL, -1);
    if (r == NULL) {
        const char *id = xml_id(xml);

        CONFIG_ERROR(s, "Ignoring <%s> resource '%s' because configuration is invalid", xml_name(xml),
                     id != NULL ? id : "(null)");
        return;
    }
    r->priority_order = s->resources.len;
    arena_vec_push(s->arena, &s->resources, r);
}

void
resources_unpack(struct sched *s)
{
    if (s->resources_xml == NULL) {
        return;
    }
    xml_for_each (xml, s->resources_xml, NULL) {
        if (xml_id(xml) == NULL) {
            CONFIG_ERROR(s, "Ignoring <%s> resource without ID", xml_name(xml));
            continue;
        }
        top_level_unpack(s, xml);
    }
    for (unsigned i = 0; i < s->implicit.len; i++) {
        top_level_unpack(s, s->implicit.items[i]);
    }
    link_containers(s);
    link_remote_nodes(s);
    sort_by_priority(s);

    if (s->opt.stonith_enabled && !s->have_fence_device) {
        CONFIG_ERROR(s, "Resource start-up disabled since no STONITH resources have been defined");
        CONFIG_ERROR(s, "Either configure some or disable STONITH with the stonith-enabled option");
        CONFIG_ERROR(s, "NOTE: Clusters with shared data need STONITH to ensure data integrity");
    }
}

static int
compare_priority(const void *a, const void *b)
{
    const struct sched_rsc *const *left = a, *const *right = b;

    if ((*left)->priority != (*right)->priority) {
        return (*left)->priority > (*right)->priority ? -1 : 1;
    }
    return (int)(*left)->priority_order - (int)(*right)->priority_order;
}

static void
sort_by_priority(struct sched *s)
{
    if (s->resources.len > 1) {
        qsort(s->resources.items, s->resources.len, sizeof *s->resources.items, compare_priority);
    }
}

/* A primitive with meta-attribute `container` fills that resource.  (spec 40 §5.9) */
static void
link_containers(struct sched *s)
{
    for (unsigned i = 0; i < s->rscs.len; i++) {
        struct sched_rsc *r = s->rscs.items[i], *container;
        const char *id;

        if (r->kind != KIND_PRIMITIVE || (id = rsc_meta(r, "container")) == NULL || strcmp(id, r->id) == 0
            || r->container != NULL) {
            continue;
        }
        container = sched_rsc_by_id(s, id);
        if (container == NULL) {
            CONFIG_ERROR_P(s, "Resource %s: Unknown resource container (%s)", r->id, id);
            continue;
        }
        r->container = container;
        container->flags |= RSC_HAS_CONTAINED_REMOTE * rsc_is(r, RSC_REMOTE_CONNECTION);
        arena_vec_push(s->arena, &container->fillers, r);
    }
}

static void
link_remote_nodes(struct sched *s)
{
    VEC_FOR_EACH (struct sched_rsc, r, s->rscs) {
        struct sched_node *n;

        if (!rsc_is(r, RSC_REMOTE_CONNECTION) || (n = sched_node_by_name(s, r->id)) == NULL || r->remote_node == n) {
            continue;
        }
        if (r->parent != NULL) { /* a member is placed as a connection, but belongs to no node */
            r->is_remote_node = true;
            continue;
        }
        r->is_remote_node = true;
        r->remote_node = n;
        n->remote_rsc = r;
        if (r->container == NULL) {
            node_never_seen(s, n);
        } else {
            nvtable_set(&n->attrs, "#kind", "container");
        }
    }
}

/* --- one resource --- */

static void
answer_to_history(struct sched *s, struct sched_rsc *r, const char *name)
{
    GPtrArray *list = g_hash_table_lookup(s->index->rscs_by_history, name);

    if (list == NULL) {
        list = g_ptr_array_new();
        g_hash_table_insert(s->index->rscs_by_history, (gpointer)name, list);
    }
    g_ptr_array_add(list, r);
}

void
rsc_register(struct sched *s, struct sched_rsc *r)
{
    r->id_num = s->rscs.len;
    arena_vec_push(s->arena, &s->rscs, r);
    if (g_hash_table_contains(s->index->rscs_by_id, r->id)) {
        answer_to_history(s, r, r->id); /* an orphan called as a collective is: only history means it, never a constraint */
    } else {
        g_hash_table_insert(s->index->rscs_by_id, (gpointer)r->id, r);
    }
}

void
rsc_set_history_name(struct sched *s, struct sched_rsc *r, const char *name)
{
    GPtrArray *list;

    if (r->history_name != NULL) {
        list = g_hash_table_lookup(s->index->rscs_by_history, r->history_name);
        if (list != NULL) {
            g_ptr_array_remove(list, r);
        }
    }
    r->history_name = arena_intern(s->arena, name);
    if (name != NULL) {
        answer_to_history(s, r, r->history_name);
    }
}

static bool
kind_parse(const char *tag, enum sched_kind *kind)
{
    static const struct {
        const char *tag;
        enum sched_kind kind;
    } kinds[] = { { "primitive", KIND_PRIMITIVE }, { "group", KIND_GROUP }, { "clone", KIND_CLONE },
                  { "master", KIND_CLONE }, { "bundle", KIND_BUNDLE } };

    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_ascii_strcasecmp(tag, kinds[i].tag) == 0) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

/*
 * Unpack one resource and all below it.  `instance` is the number of a clone instance (or of a member of one), else
 * -1.  Returns NULL if it is invalid; what is wrong has been reported, except that it is ignored.
 */
struct sched_rsc *
rsc_unpack(struct sched *s, const xmlNode *xml, struct sched_rsc *parent, int instance)
{
    struct sched_rsc *r = arena_new_struct(s->arena, struct sched_rsc);
    const char *id = xml_id(xml);
    bool ok = true;

    if (!kind_parse(xml_name(xml), &r->kind)) {
        CONFIG_ERROR_P(s, "Ignoring resource '%s' of unknown type '%s'", id, xml_name(xml));
        return NULL;
    }
    if (id == NULL) {
        return NULL; /* the caller reports it */
    }
    r->orig_xml = xml;
    r->xml = template_expand(s, xml, &r->ops_xml);
    if (r->xml == NULL) {
        return NULL;
    }
    r->parent = parent;
    r->base_id = arena_intern(s->arena, id);
    r->id = instance < 0 ? r->base_id : arena_intern(s->arena, arena_printf(s->arena, "%s:%d", id, instance));
    r->index = instance < 0 ? 0 : (unsigned)instance;
    if (r->kind == KIND_PRIMITIVE) {
        r->rsc_class = xml_get(r->xml, "class");
        r->provider = xml_get(r->xml, "provider");
        r->type = xml_get(r->xml, "type");
    }
    if (g_ascii_strcasecmp(xml_name(xml), "master") == 0) {
        r->flags |= RSC_PROMOTABLE;
    }
    row_init(s, &r->row);
    nvtable_init(&r->meta, s->arena);
    nvtable_init(&r->utilization, s->arena);
    meta_unpack(s, r, instance);
    flags_unpack(s, r);
    rsc_register(s, r);

    switch (r->kind) {
    case KIND_PRIMITIVE:
        ok = primitive_unpack(s, r);
        break;
    case KIND_GROUP:
        ok = group_unpack(s, r, instance);
        break;
    case KIND_CLONE:
        ok = clone_unpack(s, r);
        break;
    case KIND_BUNDLE:
        ok = bundle_unpack(s, r);
        break;
    }
    if (!ok) {
        if (sched_rsc_by_id(s, r->id) == r) {
            g_hash_table_remove(s->index->rscs_by_id, r->id);
        }
        return NULL;
    }
    return r;
}

/*
 * Meta-attributes, first found wins: attributes of the element, own sets, explicit sets of the ancestors, defaults,
 * and whatever else the parent has.  (spec 40 §4.5)
 */
static void
meta_unpack(struct sched *s, struct sched_rsc *r, int instance)
{
    struct rule_context ctx = rsc_rule_context(s, r);

    for (const xmlAttr *a = r->xml->properties; a != NULL; a = a->next) {
        nvtable_add(&r->meta, (const char *)a->name, xml_attr_value(a));
    }
    if (instance >= 0) {
        nvtable_set(&r->meta, "clone", arena_printf(s->arena, "%d", instance));
    }
    nvsets_read(r->xml, "meta_attributes", &ctx, NULL, NVSET_NORMAL, &r->meta);
    if (r->parent != NULL) {
        struct nvtable *inherited = nvtable_new(s->arena); /* "#default" there takes nothing away here */

        for (const struct sched_rsc *p = r->parent; p != NULL; p = p->parent) {
            nvsets_read(p->xml, "meta_attributes", &ctx, NULL, NVSET_NORMAL, inherited);
        }
        nvtable_for_each (pair, inherited) {
            nvtable_add(&r->meta, pair->name, pair->value);
        }
    }
    if (s->rsc_defaults != NULL) {
        nvsets_read(s->rsc_defaults, "meta_attributes", &ctx, NULL, NVSET_NORMAL, &r->meta);
    }
    if (r->parent != NULL) {
        nvtable_for_each (pair, &r->parent->meta) {
            /* What identifies the parent element is not inherited. */
            if (!text_is_one_of(pair->name, "id", "class", "provider", "type", "template", "description", NULL)) {
                nvtable_add(&r->meta, pair->name, pair->value);
            }
        }
    }
}

/* Value of a meta-attribute where "default" means none. */
static const char *
meta_unless_default(const struct sched_rsc *r, const char *name)
{
    const char *value = rsc_meta(r, name);

    return text_equal_nocase(value, "default") ? NULL : value;
}

static bool
meta_true(const struct sched_rsc *r, const char *name)
{
    return text_is_true(rsc_meta(r, name));
}

static void
set_flag(struct sched_rsc *r, unsigned flag, bool on)
{
    r->flags = on ? r->flags | flag : r->flags & ~flag;
}

static void
multiple_active_unpack(struct sched *s, struct sched_rsc *r)
{
    const char *value = rsc_meta(r, "multiple-active");

    if (text_equal_nocase(value, "stop_only")) {
        r->multiple_active = MULTI_STOP_ONLY;
    } else if (text_equal_nocase(value, "block")) {
        r->multiple_active = MULTI_BLOCK;
    } else if (text_equal_nocase(value, "stop_unexpected")) {
        r->multiple_active = MULTI_STOP_UNEXPECTED;
    } else {
        if (value != NULL && !text_equal_nocase(value, "stop_start")) {
            CONFIG_WARN_P(s, "%s is not a valid value for multiple-active, using default of \"stop_start\"", value);
        }
        r->multiple_active = MULTI_STOP_START;
    }
}

static void
stickiness_unpack(struct sched *s, struct sched_rsc *r)
{
    const char *value = meta_unless_default(r, "resource-stickiness");

    r->stickiness = value == NULL ? 0 : score_parse(value);
    r->migration_threshold = SCORE_INFINITY;
    value = meta_unless_default(r, "migration-threshold");
    if (value != NULL) {
        r->migration_threshold = score_parse(value);
        if (r->migration_threshold < 0) {
            CONFIG_WARN_P1(s, "migration-threshold must be non-negative, using 1 instead");
            r->migration_threshold = 1;
        }
    }
}

static void
remote_settings_unpack(struct sched *s, struct sched_rsc *r)
{
    const char *value = rsc_meta(r, "failure-timeout");

    if (value != NULL) {
        long long ms = text_interval_ms(value);

        r->failure_timeout = ms > 0 ? MIN(ms, G_MAXUINT) / 1000 : 0;
    }
    if (rsc_is(r, RSC_REMOTE_CONNECTION) && rsc_meta(r, "container") == NULL) {
        value = nvtable_get(rsc_params(s, r, NULL), "reconnect_interval");
        if (value != NULL) {
            long long ms = text_interval_ms(value);

            /* How long to leave a failed connection alone: that is when its failure expires. */
            r->reconnect_interval = ms > 0 ? MIN(ms, G_MAXUINT) : 0;
            if (r->reconnect_interval > 0) {
                r->failure_timeout = r->reconnect_interval / 1000;
            }
        }
    }
}

static void
flags_unpack(struct sched *s, struct sched_rsc *r)
{
    const char *value;
    bool isolated_primitive = r->kind == KIND_PRIMITIVE;

    r->flags |= RSC_MANAGED;
    if (isolated_primitive && text_equal_nocase(r->rsc_class, "stonith")) {
        r->flags |= RSC_FENCE_DEVICE;
        s->have_fence_device = true;
    }
    set_flag(r, RSC_REMOTE_CONNECTION, isolated_primitive && is_remote_agent(r->rsc_class, r->provider, r->type));
    set_flag(r, RSC_INTERNAL, meta_true(r, "internal_rsc"));
    r->priority = r->configured_priority = score_parse(rsc_meta(r, "priority"));

    value = rsc_meta(r, "critical");
    set_flag(r, RSC_CRITICAL, value == NULL || text_is_true(value));
    set_flag(r, RSC_NOTIFY, meta_true(r, "notify"));
    set_flag(r, RSC_ALLOW_UNHEALTHY, meta_true(r, "allow-unhealthy-nodes"));

    value = rsc_meta(r, "allow-migrate");
    if (value != NULL) {
        set_flag(r, RSC_ALLOW_MIGRATE, text_is_true(value));
    } else {
        /* Connections move without an interruption, except those to guests, which follow their container. */
        set_flag(r, RSC_ALLOW_MIGRATE, rsc_is(r, RSC_REMOTE_CONNECTION) && rsc_meta(r, "container") == NULL);
    }

    value = meta_unless_default(r, "is-managed");
    if (value != NULL) {
        set_flag(r, RSC_MANAGED, text_is_true(value));
    }
    if (meta_true(r, "maintenance")) {
        r->flags = (r->flags & ~RSC_MANAGED) | RSC_MAINTENANCE;
    }
    if (s->opt.maintenance_mode) {
        r->flags = (r->flags & ~RSC_MANAGED) | RSC_MAINTENANCE;
    }

    /* Unique: what is no part of an anonymous clone. */
    if (rsc_clone(r) == NULL) {
        r->flags |= RSC_UNIQUE;
    } else {
        set_flag(r, RSC_UNIQUE, meta_true(r, "globally-unique"));
        if (r->kind != KIND_CLONE) {
            set_flag(r, RSC_PROMOTABLE, rsc_is(rsc_clone(r), RSC_PROMOTABLE));
        }
    }
    for (const struct sched_rsc *p = r->parent; p != NULL; p = p->parent) {
        if (p->kind == KIND_BUNDLE) {
            r->flags |= RSC_IN_BUNDLE;
        }
    }

    value = rsc_meta(r, "restart-type");
    if (text_equal(value, "restart")) {
        r->flags |= RSC_RESTART_TYPE_RESTART;
        CONFIG_WARN_P1(s, "Support for restart-type is deprecated and will be removed in a future release");
    }
    multiple_active_unpack(s, r);
    stickiness_unpack(s, r);
    requires_unpack(s, r, rsc_meta(r, "requires"), true);
    remote_settings_unpack(s, r);
    if (rsc_is(r, RSC_FENCE_DEVICE) && text_equal_nocase(rsc_meta(r, "provides"), "unfencing")) {
        r->is_unfencing_device = true;
    }

    r->role = ROLE_STOPPED;
    r->next_role = ROLE_UNKNOWN;
    if (s->opt.symmetric_cluster) {
        row_default_entries(s, r);
    } else if (rsc_is(r, RSC_REMOTE_CONNECTION) && rsc_meta(r, "container") != NULL) {
        /* Nobody can configure where the connection of a guest may run: anywhere. */
        VEC_FOR_EACH (struct sched_node, n, s->nodes) {
            row_enter(&r->row, n, n->base_score);
        }
    }
}

static const char *
requires_text(enum sched_requires r)
{
    static const char *const names[] = { "nothing", "quorum", "fencing", "unfencing" };

    return names[r];
}

static enum sched_requires
requires_default(const struct sched *s, const struct sched_rsc *r)
{
    if (rsc_is(r, RSC_FENCE_DEVICE)) {
        return REQUIRES_QUORUM;
    }
    if (rsc_is(r, RSC_REMOTE_CONNECTION)) {
        return REQUIRES_QUORUM;
    }
    if (s->unfencing_in_use) {
        return REQUIRES_UNFENCING;
    }
    if (s->opt.stonith_enabled) {
        return REQUIRES_FENCING;
    }
    return s->opt.no_quorum_policy == QUORUM_IGNORE ? REQUIRES_NOTHING : REQUIRES_QUORUM;
}

/* (spec 40 §5.6) */
static void
requires_unpack(struct sched *s, struct sched_rsc *r, const char *value, bool warn)
{
    bool is_default = false;

    if (text_equal_nocase(value, "nothing")) {
        r->requires = REQUIRES_NOTHING;
    } else if (text_equal_nocase(value, "quorum")) {
        r->requires = REQUIRES_QUORUM;
    } else if (text_equal_nocase(value, "fencing")) {
        r->requires = REQUIRES_FENCING;
        if (!s->opt.stonith_enabled) {
            CONFIG_WARN(s, "%s requires fencing but fencing is disabled", r->id);
        }
    } else if (text_equal_nocase(value, "unfencing")) {
        r->requires = REQUIRES_UNFENCING;
    } else {
        r->requires = requires_default(s, r);
        is_default = true;
        if (value != NULL && warn) {
            CONFIG_ERROR(s, "Resetting 'requires' for %s to '%s' because '%s' is not valid", r->id,
                         requires_text(r->requires), value);
        }
    }
    if (r->requires == REQUIRES_UNFENCING) {
        if (rsc_is(r, RSC_FENCE_DEVICE)) {
            if (!is_default) {
                CONFIG_WARN(s, "Resetting \"requires\" for %s to \"quorum\" because fencing devices cannot require "
                               "unfencing", r->id);
            }
            r->requires = REQUIRES_QUORUM;
        } else if (!s->opt.stonith_enabled) {
            CONFIG_WARN(s, "Resetting \"requires\" for %s to \"quorum\" because fencing is disabled", r->id);
            r->requires = REQUIRES_QUORUM;
        }
    }
}

/* --- primitives and groups --- */

static bool
class_can_be_promoted(const char *cls)
{
    return text_equal_nocase(cls, "ocf");
}

static bool
class_can_be_unique(const char *cls)
{
    return text_equal_nocase(cls, "ocf") || text_equal_nocase(cls, "stonith");
}

static void
clear_unique_below(struct sched_rsc *r)
{
    r->flags &= ~RSC_UNIQUE;
    VEC_FOR_EACH (struct sched_rsc, child, r->children) {
        clear_unique_below(child);
    }
}

/*
 * Whether a member may be unique is asked for each member alone, by its own meta-attribute, while its instance is being unpacked:
 * the instances that are complete lose it in the whole, what else is in the last instance keeps it.
 */
static void
clone_make_anonymous(const struct sched *s, struct sched_rsc *clone)
{
    clear_unique_below(clone);
    clone->clone_node_max = 1;
    clone->clone_max = MIN(clone->clone_max, (int)s->nodes.len);
}

static bool
primitive_unpack(struct sched *s, struct sched_rsc *r)
{
    struct sched_rsc *clone = rsc_clone(r);
    struct rule_context ctx = plain_rule_context(s);

    nvsets_read(r->xml, "utilization", &ctx, NULL, NVSET_NORMAL, &r->utilization);
    if (clone != NULL && rsc_is(r, RSC_UNIQUE) && !class_can_be_unique(r->rsc_class)) {
        CONFIG_WARN_P(s, "Ignoring globally-unique for %s because %s resources such as %s can be used only as anonymous "
                         "clones", clone->id, r->rsc_class, r->id);
        r->flags &= ~RSC_UNIQUE;
        clone_make_anonymous(s, clone);
    }
    if (clone != NULL && rsc_is(clone, RSC_PROMOTABLE) && !class_can_be_promoted(r->rsc_class)) {
        CONFIG_ERROR_P(s, "Resource %s is of type %s and therefore cannot be used as a promotable clone resource", r->id,
                       r->rsc_class);
        return false;
    }
    r->next_role = rsc_target_role(s, r);
    return true;
}

/* Deprecated group metas: only a valid false switches off, and only then a word is said. */
static bool
group_switch(struct sched *s, const struct sched_rsc *r, const char *name)
{
    if (text_boolean(rsc_meta(r, name)) != 0) {
        return true;
    }
    CONFIG_WARN_P1(s, "Support for the '%s' group meta-attribute is deprecated and will be removed in a future release "
                      "(use a resource set instead)", name);
    return false;
}

static bool
group_unpack(struct sched *s, struct sched_rsc *r, int instance)
{
    set_flag(r, RSC_ORDERED, group_switch(s, r, "ordered"));
    set_flag(r, RSC_COLLOCATED, group_switch(s, r, "collocated"));
    xml_for_each (xml, r->xml, NULL) {
        struct sched_rsc *member;

        if (!xml_is(xml, "primitive")) {
            continue;
        }
        member = rsc_unpack(s, xml, r, instance);
        if (member == NULL) {
            const char *id = xml_id(xml);

            CONFIG_ERROR(s, "Ignoring <%s> resource '%s' because configuration is invalid", xml_name(xml),
                         id != NULL ? id : "(null)");
            continue;
        }
        if (instance < 0) {
            member->index = r->children.len;
        }
        arena_vec_push(s->arena, &r->children, member);
    }
    if (r->children.len == 0) {
        CONFIG_WARN(s, "Group %s will be ignored because it does not have any members", r->id);
    }
    r->next_role = rsc_target_role(s, r);
    return true;
}
