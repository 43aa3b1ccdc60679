/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Patchsets and the journal of edits: properties over random changes, and the rules of spec 20 §5. */
#include "lib/cib/tests/fixture.h"

#include "lib/cib/cib_compare.h"

enum { ROUNDS = 300, CHANGES = 12 };

/* Does the index know exactly the elements of the tree? */
static guint
count_ids(const xmlNode *node)
{
    guint n = xml_id(node) != NULL;

    xml_for_each(c, node, NULL)
    {
        n += count_ids(c);
    }
    return n;
}

static void
assert_index_is_right(const struct cib_doc *d)
{
    GHashTableIter iter;
    gpointer id, list;
    guint n = 0;

    g_hash_table_iter_init(&iter, d->ids);
    while (g_hash_table_iter_next(&iter, &id, &list)) {
        for (const GSList *l = list; l != NULL; l = l->next) {
            assert_string_equal(xml_id(l->data), id);
            assert_true(cib_node_is_within(l->data, d->root));
            n++;
        }
    }
    assert_int_equal(n, count_ids(d->root));
}

static void
assert_no_marks(const xmlNode *node)
{
    assert_null(node->_private);
    for (const xmlNode *c = node->children; c != NULL; c = c->next) {
        assert_no_marks(c);
    }
}

/* Undo gives identical bytes, whatever was done. */
static void
undo_takes_every_change_back_to_the_byte(void **state)
{
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint32_t seed = round * 2654435761u | 1;
        struct cib_doc *d = document(BASE);
        g_autofree char *before = text_of(d), *after = NULL;

        cib_doc_begin(d);
        for (int i = 0; i < CHANGES; i++) {
            struct random_change c = random_change(&seed);
            g_autoptr(xmlNode) input = c.has_input ? parsed(c.input) : NULL;
            struct cib_op_args args = { .op = c.op, .section = c.section, .options = c.options, .input = input };
            xmlNode *output = NULL;

            cib_op_modify(d, &args, &output);
            xml_free(output);
        }
        cib_op_sweep(d);
        assert_index_is_right(d);
        cib_doc_undo(d);
        after = text_of(d);
        if (strcmp(before, after) != 0) {
            fail_msg("round %u: %s\nbecame %s", round, before, after);
        }
        assert_index_is_right(d);
        assert_no_marks(d->root);
        cib_doc_free(d);
    }
}

/* What silent changes (new elements without attributes) do is in no patchset: spec 20 §3.1. */
static bool
is_silent(const struct cib_update_result *r)
{
    return r->patch == NULL;
}

/* The patchset of a change applied to a copy of the old document gives the new one. */
static void
a_patchset_brings_a_copy_up_to_date(void **state)
{
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint32_t seed = round * 40503u | 1;
        struct cib_doc *d = document(BASE);
        xmlNode *copy = parsed(BASE);

        for (int i = 0; i < CHANGES; i++) {
            struct random_change c = random_change(&seed);
            struct cib_update_result r;
            g_autofree char *old = text_of(d);

            update(d, c.op, c.section, c.options, c.has_input ? c.input : NULL, &r);
            if (r.rc == RC_OK && r.patch != NULL) {
                int rc = cib_patch_apply_tree(&copy, r.patch, CIB_PATCH_CHECK_VERSION);
                g_autofree char *want = text_of(d), *got = xml_to_text(copy, XML_TEXT_PLAIN), *patch = xml_to_text(r.patch, 0);

                if (rc != RC_OK || strcmp(want, got) != 0) {
                    fail_msg("round %u, %s %s %x %s: rc %d\nold  %s\nwant %s\ngot  %s\npatch %s", round, c.op, c.section,
                             c.options, c.input, rc, old, want, got, patch);
                }
            } else if (is_silent(&r) && r.applied) {
                xml_free(copy);
                copy = xml_copy(NULL, d->root);
            } else if (r.rc != RC_OK && r.applied) {
                xml_free(copy); /* a failed request for status that was not taken back */
                copy = xml_copy(NULL, d->root);
            }
            assert_no_marks(d->root);
            cib_update_result_clear(&r);
        }
        assert_index_is_right(d);
        xml_free(copy);
        cib_doc_free(d);
    }
}

/* Two unrelated documents: the patch made by comparing them leads from one to the other. */
static void
comparing_two_documents_gives_a_patch_from_one_to_the_other(void **state)
{
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        uint32_t seed = round * 97u + 13;
        struct cib_doc *a = document(BASE), *b = document(BASE);
        xmlNode *copy;

        for (int i = 0; i < CHANGES; i++) {
            struct random_change c = random_change(&seed);
            struct cib_update_result r;

            update(i % 2 ? a : b, c.op, c.section, c.options, c.has_input ? c.input : NULL, &r);
            cib_update_result_clear(&r);
        }
        copy = xml_copy(NULL, a->root);
        cib_doc_begin(a);
        struct cib_version source = cib_version_of(a->root);
        cib_doc_replace(a, a->root, b->root);
        g_autoptr(xmlNode) patch = cib_patch_new(a, &source, NULL, false);
        g_autofree char *want = text_of(b), *got = NULL;

        if (patch != NULL) {
            assert_int_equal(cib_patch_apply_tree(&copy, patch, 0), RC_OK);
        }
        got = xml_to_text(copy, XML_TEXT_PLAIN);
        if (strcmp(want, got) != 0) {
            g_autofree char *p = patch != NULL ? xml_to_text(patch, XML_TEXT_FORMATTED) : NULL;
            cib_doc_undo(a);
            g_autofree char *from = text_of(a);

            fail_msg("round %u: from %s\nwant %s\ngot  %s\npatch %s", round, from, want, got, p);
        }
        cib_doc_undo(a);
        xml_free(copy);
        cib_doc_free(a);
        cib_doc_free(b);
    }
}

/* --- version check (spec 20 §5.3, §18 no. 15) --- */

static const struct {
    int s[3], t[3];
    int rc;
} version_table[] = {
    { { 0, 5, 3 }, { 0, 6, 0 }, RC_OK },          { { 0, 5, 2 }, { 0, 6, 0 }, RC_OLD_DATA },
    { { 0, 5, 4 }, { 0, 6, 0 }, RC_DIFF_RESYNC }, { { 0, 5, 3 }, { 0, 5, 3 }, RC_OLD_DATA },
    { { 0, 4, 9 }, { 0, 6, 0 }, RC_OLD_DATA },    { { 1, 0, 0 }, { 1, 1, 0 }, RC_DIFF_RESYNC },
};

static void
a_patch_is_applied_only_where_it_starts(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(version_table); i++) {
        g_autofree char *text = g_strdup_printf(
            "<diff format='2'><version><source admin_epoch='%d' epoch='%d' num_updates='%d'/><target admin_epoch='%d' epoch='%d' "
            "num_updates='%d'/></version></diff>",
            version_table[i].s[0], version_table[i].s[1], version_table[i].s[2], version_table[i].t[0], version_table[i].t[1],
            version_table[i].t[2]);
        g_autoptr(xmlNode) patch = parsed(text);
        xmlNode *root = parsed(BASE);

        assert_int_equal(cib_patch_apply_tree(&root, patch, CIB_PATCH_CHECK_VERSION), version_table[i].rc);
        xml_free(root);
    }
}

static void
a_patch_with_a_wrong_digest_fails(void **state)
{
    g_autoptr(xmlNode) patch = parsed("<diff format='2' digest='00000000000000000000000000000000'/>");
    xmlNode *root = parsed(BASE);

    assert_int_equal(cib_patch_apply_tree(&root, patch, CIB_PATCH_CHECK_DIGEST), RC_DIFF_FAILED);
    xml_free(root);
}

static void
a_patch_of_a_later_format_is_refused(void **state)
{
    g_autoptr(xmlNode) patch = parsed("<diff format='3'/>");
    xmlNode *root = parsed(BASE);

    assert_int_equal(cib_patch_apply_tree(&root, patch, 0), EINVAL);
    xml_free(root);
}

static void
the_old_format_is_applied_too(void **state)
{
    g_autoptr(xmlNode) old = parsed(BASE);
    g_autoptr(xmlNode) new = parsed(BASE);
    g_autoptr(xmlNode) patch = NULL;
    g_autofree char *want = NULL, *got = NULL;
    xmlNode *copy = parsed(BASE);
    xmlNode *resources = xml_first(xml_first(new, "configuration"), "resources");

    xml_set(new, "epoch", "6");
    xml_free(xml_find(resources, "primitive", "id", "A"));
    xml_set(xml_new(resources, "primitive"), "id", "Z");
    xml_set(xml_first(resources, "group"), "description", "d");
    patch = cib_patch_v1_new(old, new, true);
    assert_int_equal(cib_patch_apply_tree(&copy, patch, CIB_PATCH_CHECK_DIGEST), RC_OK);
    want = cib_digest_v2(new);
    got = cib_digest_v2(copy);
    assert_string_equal(got, want);
    xml_free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undo_takes_every_change_back_to_the_byte),
        cmocka_unit_test(a_patchset_brings_a_copy_up_to_date),
        cmocka_unit_test(comparing_two_documents_gives_a_patch_from_one_to_the_other),
        cmocka_unit_test(a_patch_is_applied_only_where_it_starts),
        cmocka_unit_test(a_patch_with_a_wrong_digest_fails),
        cmocka_unit_test(a_patch_of_a_later_format_is_refused),
        cmocka_unit_test(the_old_format_is_applied_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
