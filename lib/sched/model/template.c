/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Templates and tags: what a primitive inherits from its template, and which resources a template or tag names.
 * Expanded elements live in the scratch document; the CIB is not changed.  (spec 40 §5.1, §9.1)
 */
#include "lib/sched/model/internal.h"

/* A pair takes about 500 bytes with what follows from it.  Two sets of 1,000 members side by side are a million pairs. */
#define MOST_PAIRS (1ULL << 21)

/* Role of an op as far as templates tell them apart: absent, Started and Unpromoted are one. */
static const char *
op_role_key(const xmlNode *op)
{
    const char *role = xml_get(op, "role");

    if (role == NULL || text_is_one_of(role, "Started", "Unpromoted", "Slave", NULL)) {
        return "";
    }
    return role;
}

static bool
has_op(const xmlNode *ops, const xmlNode *op)
{
    xml_for_each (have, ops, "op") {
        if (text_equal(xml_get(have, "name"), xml_get(op, "name")) && strcmp(op_role_key(have), op_role_key(op)) == 0) {
            return true;
        }
    }
    return false;
}

/* The primitive's operations, then those of the template whose (name, role) it lacks; the interval does not count. */
static void
merge_operations(struct sched *s, const xmlNode *own, const xmlNode *inherited, xmlNode *into)
{
    own = rules_resolve(own, s->refs);
    inherited = rules_resolve(inherited, s->refs);
    if (own != NULL) {
        xml_for_each (op, own, NULL) {
            xml_copy(into, op);
        }
    }
    if (inherited != NULL) {
        xml_for_each (op, inherited, "op") {
            if (own == NULL || !has_op(own, op)) {
                xml_copy(into, op);
            }
        }
    }
}

/*
 * The element that a primitive with a template becomes: the template's attributes and children, the primitive's id
 * and element name, and the primitive's children behind.  NULL if the template is bad (already reported).  A
 * primitive without template is returned as it is.
 */
const xmlNode *
template_expand(struct sched *s, const xmlNode *xml, const xmlNode **ops)
{
    const char *ref = xml_get(xml, "template");
    const xmlNode *template = NULL, *own_ops, *template_ops;
    struct sched_tag *tag;
    xmlNode *made;

    *ops = xml_first(xml, "operations");
    if (*ops != NULL) {
        *ops = rules_resolve(*ops, s->refs);
    }
    if (ref == NULL) {
        return xml;
    }
    if (text_equal(ref, xml_id(xml))) {
        CONFIG_ERROR_P(s, "The resource object '%s' should not reference itself", xml_id(xml));
        return NULL;
    }
    if (s->resources_xml != NULL) {
        template = xml_find(s->resources_xml, "template", "id", ref);
    }
    if (template == NULL) {
        CONFIG_ERROR_P(s, "No template named '%s'", ref);
        return NULL;
    }

    made = xml_new(s->scratch, xml_name(xml));
    for (const xmlAttr *a = template->properties; a != NULL; a = a->next) {
        xml_set(made, (const char *)a->name, xml_attr_value(a));
    }
    xml_set(made, "id", xml_id(xml));
    own_ops = xml_first(xml, "operations");
    template_ops = xml_first(template, "operations");
    xml_for_each (child, template, NULL) {
        if (child != template_ops) {
            xml_copy(made, child);
        }
    }
    xml_for_each (child, xml, NULL) {
        if (child != own_ops) {
            xml_copy(made, child);
        }
    }
    if (own_ops != NULL || template_ops != NULL) {
        xmlNode *both = xml_new(made, "operations");

        if (own_ops != NULL) {
            merge_operations(s, own_ops, template_ops != NULL ? template_ops : own_ops, both);
        } else {
            merge_operations(s, template_ops, template_ops, both);
        }
        *ops = both;
    }

    tag = tag_find_or_add(s, ref);
    tag_add_ref(s, tag, xml_id(xml));
    return made;
}

struct sched_tag *
tag_find_or_add(struct sched *s, const char *id)
{
    struct sched_tag *tag = g_hash_table_lookup(s->index->tags, id);

    if (tag == NULL) {
        tag = arena_new_struct(s->arena, struct sched_tag);
        tag->id = arena_intern(s->arena, id);
        g_hash_table_insert(s->index->tags, (gpointer)tag->id, tag);
        arena_vec_push(s->arena, &s->tags, tag);
    }
    return tag;
}

void
tag_add_ref(struct sched *s, struct sched_tag *tag, const char *ref)
{
    const char *copy = arena_intern(s->arena, ref);

    for (unsigned i = 0; i < tag->refs.len; i++) {
        if (tag->refs.items[i] == copy) {
            return;
        }
    }
    arena_vec_push(s->arena, &tag->refs, copy);
}

void
tags_unpack(struct sched *s)
{
    xml_for_each (config, s->cib, "configuration") {
        xml_for_each (section, config, "tags") {
            xml_for_each (xml, section, "tag") {
                struct sched_tag *tag;

                if (xml_id(xml) == NULL) {
                    continue;
                }
                tag = tag_find_or_add(s, xml_id(xml));
                xml_for_each (ref, xml, "obj_ref") {
                    if (xml_id(ref) != NULL) {
                        tag_add_ref(s, tag, xml_id(ref));
                    }
                }
            }
        }
    }
}

bool
constraint_pairs_fit(struct sched *s, const char *id, unsigned long long pairs)
{
    if (pairs > MOST_PAIRS - s->set_pairs) {
        CONFIG_ERROR(s, "%s: Ignoring sets that stand for %llu pairs of resources: that is more than %llu in all constraints",
                     id, pairs, MOST_PAIRS);
        return false;
    }
    s->set_pairs += pairs;
    return true;
}
