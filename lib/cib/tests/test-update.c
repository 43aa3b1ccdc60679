/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations and the counters: the verified examples of spec 20 §3, §4.3, §6 and §18. */
#include "lib/cib/tests/fixture.h"

#include "lib/cib/cib_xpath.h"

/* --- counters (spec 20 §3.1, verified examples) --- */

static const struct {
    const char *op, *section;
    unsigned options;
    const char *input;
    int rc;
    struct cib_version after;
} counter_table[] = {
    { CIB_OP_MODIFY, NULL, 0, "<rsc_location id='l1' score='score+=5'/>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='A' node='n1' score='1'/>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_MODIFY, "constraints", CIB_OPT_CAN_CREATE, "<rsc_location id='l2' rsc='A' node='n1' score='1'/>", RC_OK, { 0, 5, 4 } },
    { CIB_OP_MODIFY, "constraints", 0, "<constraints><rsc_location id='l2' rsc='A' node='n1' score='1'/></constraints>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_CREATE, "configuration", 0, "<tags/>", RC_OK, { 0, 5, 3 } },
    { CIB_OP_MODIFY, NULL, 0, "<configuration><tags/></configuration>", RC_OK, { 0, 5, 3 } },
    { CIB_OP_MODIFY, NULL, 0, "<primitive id='A'><operations/></primitive>", RC_OK, { 0, 5, 3 } },
    { CIB_OP_MODIFY, "tags", 0, "<tags/>", RC_OK, { 0, 5, 4 } },
    { CIB_OP_MODIFY, "tags", 0, "<tags><tag id='t1'><obj_ref id='A'/></tag></tags>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_BUMP, NULL, 0, NULL, RC_OK, { 0, 6, 4 } },
    { CIB_OP_MODIFY, NULL, 0, "<cib admin_epoch='admin_epoch++'/>", RC_OK, { 1, 5, 4 } },
    { CIB_OP_MODIFY, NULL, 0, "<cib admin_epoch='admin_epoch++' epoch='0' num_updates='0'/>", RC_OK, { 1, 0, 1 } },
    { CIB_OP_MODIFY, NULL, 0, "<cib have-quorum='1'/>", RC_OK, { 0, 5, 4 } },
    { CIB_OP_ERASE, NULL, 0, NULL, RC_OK, { 1, 6, 0 } },
    { CIB_OP_REPLACE, NULL, 0, BASE, RC_OK, { 0, 5, 3 } },
    { CIB_OP_MODIFY, NULL, 0, "<rsc_location id='l1' score='100'/>", RC_OK, { 0, 5, 3 } },
    { CIB_OP_DELETE, NULL, 0, "<primitive id='nosuch'/>", RC_OK, { 0, 5, 3 } },
    { CIB_OP_DELETE, NULL, 0, "<primitive id='C'/>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_MODIFY, NULL, 0, "<cib epoch='4'/>", RC_OLD_DATA, { 0, 5, 3 } },
    { CIB_OP_MODIFY, NULL, 0, "<cib crm_feature_set='3.99'/>", EPROTONOSUPPORT, { 0, 5, 3 } },
    { CIB_OP_MODIFY, NULL, 0, "<primitive id='nosuch'/>", ENXIO, { 0, 5, 3 } },
    { CIB_OP_CREATE, "resources", 0, "<primitive id='A'/>", EEXIST, { 0, 5, 3 } },
    { CIB_OP_DELETE, "/cib", CIB_OPT_XPATH, NULL, EINVAL, { 0, 5, 3 } },
    { CIB_OP_DELETE, "//nosuch", CIB_OPT_XPATH, NULL, RC_OK, { 0, 5, 3 } },
    { CIB_OP_DELETE, NULL, 0, NULL, EINVAL, { 0, 5, 3 } },
    { CIB_OP_MODIFY, NULL, 0, NULL, EINVAL, { 0, 5, 3 } },
    { CIB_OP_REPLACE, "constraints", 0, "<constraints><rsc_location rsc='A' id='l1' node='n1' score='100'/></constraints>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_REPLACE, "//primitive[@id='C']", CIB_OPT_XPATH, "<primitive id='C' class='ocf' provider='pacemaker' type='Dummy'/>", RC_OK, { 0, 6, 0 } },
    { CIB_OP_DELETE_ALT, NULL, 0, "<a/>", EINVAL, { 0, 5, 3 } },
    { CIB_OP_MODIFY, "status", 0, "<status><node_state id='1'/></status>", RC_OK, { 0, 5, 4 } },
};

static void
each_request_moves_the_counters_as_the_table_says(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(counter_table); i++) {
        struct cib_doc *d = document(BASE);
        struct cib_update_result r;
        struct cib_version v;
        int rc = update(d, counter_table[i].op, counter_table[i].section, counter_table[i].options, counter_table[i].input, &r);

        v = cib_version_of(d->root);
        if (rc != counter_table[i].rc || cib_version_compare(&v, &counter_table[i].after) != 0) {
            fail_msg("row %u (%s %s): rc %d, %d.%d.%d", i, counter_table[i].op, counter_table[i].input, rc, v.admin_epoch,
                     v.epoch, v.num_updates);
        }
        cib_update_result_clear(&r);
        cib_doc_free(d);
    }
}

/* --- digests (spec 20 §4.3) --- */

#define EMPTY(fs, rest)                                                                                                \
    "<cib crm_feature_set=\"" fs "\" validate-with=\"pacemaker-3.9\" epoch=\"1\" num_updates=\"0\" admin_epoch=\"0\"" rest \
    "><configuration><crm_config/><nodes/><resources/><constraints/></configuration><status/></cib>"
#define STAMPS                                                                                                         \
    " cib-last-written=\"Mon Jan  1 00:00:00 2024\" update-origin=\"n1\" update-client=\"cibadmin\" update-user=\"root\""

static const struct {
    const char *text, *v1, *v2;
} digest_table[] = {
    { EMPTY("3.16.1", ""), "a072cbbb8cf0bc0a4c9214043d46f53d", "2322e0c31d4a16bd152401aef7db04d8" },
    { EMPTY("3.16.1", STAMPS), "d982c8b0a96a4cfd8939a9f8f147070b", "2322e0c31d4a16bd152401aef7db04d8" },
    { EMPTY("3.0.4", ""), "6e28c8d8a5661a775076000218b71e29", NULL },
    { "<cib crm_feature_set=\"3.16.1\" a=\"x &lt; y &amp; 'q' &quot;z&quot; &gt;\" b=\"tab&#9;nl&#10;\"/>", NULL,
      "6c8d91d5c2b2449fa9757b7c71255163" },
    { "<cib crm_feature_set=\"3.16.1\" a=\"café &amp; bar &lt;\"/>", NULL, "67154ce14d2a2c4fa43357ce94ac9a4e" },
    { "<cib crm_feature_set=\"3.16.1\"><!-- hi --><status>text<a/></status><x>only text</x></cib>", NULL,
      "257f960a74ea68b3d01ff92458a5207c" },
    { "<cib crm_feature_set=\"3.16.1\"><node_state id=\"1\" crm-debug-origin=\"foo\" uname=\"n1\"/></cib>", NULL,
      "fb7a8a76c1b9afe96856401b6942bfd3" },
};

static void
digests_are_those_that_peers_compute(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(digest_table); i++) {
        g_autoptr(xmlNode) root = parsed(digest_table[i].text);
        g_autofree char *v1 = cib_digest_v1(root), *v2 = cib_digest_v2(root);
        g_autofree char *versioned = cib_digest_versioned(root, xml_get(root, "crm_feature_set"));

        if (digest_table[i].v1 != NULL) {
            assert_string_equal(v1, digest_table[i].v1);
        }
        if (digest_table[i].v2 != NULL) {
            assert_string_equal(v2, digest_table[i].v2);
        }
        assert_string_equal(versioned, digest_table[i].v2 != NULL ? digest_table[i].v2 : digest_table[i].v1);
    }
}

/* --- values that count up --- */

static const struct {
    const char *old, *given, *result;
} score_table[] = {
    { "100", "score++", "101" },          { "100", "score+=5", "105" },        { "100", "score+=-7", "93" },
    { "100", "score+=INFINITY", "1000000" }, { "100", "score+=x", "100" },      { "100", "score+", "score+" },
    { "nonsense", "score++", "1" },       { "100", "score", "score" },
};

static void
an_attribute_counts_up_from_its_old_value(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(score_table); i++) {
        g_autofree char *base = g_strdup_printf("<cib epoch='1' num_updates='1' admin_epoch='0'><configuration><constraints><l id='l1' "
                                                "score='%s'/></constraints></configuration><status/></cib>",
                                                score_table[i].old);
        g_autofree char *input = g_strdup_printf("<l id='l1' score='%s'/>", score_table[i].given);
        struct cib_doc *d = document(base);
        struct cib_update_result r;

        assert_int_equal(update(d, CIB_OP_MODIFY, NULL, 0, input, &r), RC_OK);
        assert_string_equal(xml_get(cib_doc_find_id(d, d->root, "l", "l1", false), "score"), score_table[i].result);
        cib_update_result_clear(&r);
        cib_doc_free(d);
    }
}

static void
a_counting_value_on_a_new_element_starts_from_nothing(void **state)
{
    struct cib_doc *d = document(BASE);
    struct cib_update_result r;

    assert_int_equal(update(d, CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l9' score='score++'/>", &r), RC_OK);
    assert_string_equal(xml_get(cib_doc_find_id(d, d->root, NULL, "l9", false), "score"), "1");
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

/* --- what stays when a request fails --- */

static void
a_refused_request_leaves_the_document_as_it_was(void **state)
{
    struct cib_doc *d = document(BASE);
    struct cib_update_result r;
    g_autofree char *before = text_of(d), *after = NULL;

    /* the first child is created before the second is found to exist */
    assert_int_equal(update(d, CIB_OP_CREATE, "resources", 0, "<resources><primitive id='N'/><primitive id='A'/></resources>", &r),
                     EEXIST);
    after = text_of(d);
    assert_string_equal(after, before);
    assert_null(r.patch);
    assert_non_null(r.output);
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

static void
a_failed_request_for_status_keeps_what_it_had_done_like_peers_do(void **state)
{
    struct cib_doc *d = document(BASE);
    struct cib_update_result r;

    update(d, CIB_OP_CREATE, "status", 0, "<status><node_state id='1'/></status>", &r);
    cib_update_result_clear(&r);
    assert_int_equal(update(d, CIB_OP_CREATE, "status", 0, "<status><node_state id='2'/><node_state id='1'/></status>", &r), EEXIST);
    assert_non_null(cib_doc_find_id(d, d->root, "node_state", "2", false));
    assert_int_equal(cib_version_of(d->root).num_updates, 4);
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

static void
a_dry_run_answers_and_changes_nothing(void **state)
{
    struct cib_doc *d = document(BASE);
    struct cib_update_result r;
    g_autofree char *before = text_of(d), *after = NULL;

    assert_int_equal(update(d, CIB_OP_DELETE, NULL, CIB_OPT_DRY_RUN, "<primitive id='A'/>", &r), RC_OK);
    assert_false(r.applied);
    after = text_of(d);
    assert_string_equal(after, before);
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

static void
a_full_sync_is_taken_as_it_is(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(xmlNode) other = parsed(BASE);
    g_autofree char *digest = NULL, *expected = NULL, *got = NULL;
    struct cib_update u = { .op = CIB_OP_REPLACE, .payload = other, .full_sync = true, .feature_set = FEATURE_SET };
    struct cib_update_result r;

    xml_set(other, "num_updates", "9");
    xml_set(xml_first(other, "status"), "note", "new");
    digest = cib_digest_v2(other);
    u.digest = digest;
    cib_update_run(d, NULL, &u, &r);
    assert_int_equal(r.rc, RC_OK);
    assert_int_equal(r.changed_sections, CIB_CHANGED_STATUS);
    expected = xml_to_text(other, XML_TEXT_PLAIN);
    got = text_of(d);
    assert_string_equal(got, expected);
    cib_update_result_clear(&r);

    u.digest = "00000000000000000000000000000000";
    cib_update_run(d, NULL, &u, &r);
    assert_int_equal(r.rc, RC_OLD_DATA);
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

static void
a_configuration_change_is_stamped(void **state)
{
    struct cib_doc *d = document(BASE);
    g_autoptr(xmlNode) payload = parsed("<primitive id='A' description='x'/>");
    struct cib_update u = { .op = CIB_OP_MODIFY, .payload = payload, .written = "Mon Jan  1 00:00:00 2024", .origin = "n1", .client = "c" };
    struct cib_update_result r;

    cib_update_run(d, NULL, &u, &r);
    assert_string_equal(xml_get(d->root, "cib-last-written"), "Mon Jan  1 00:00:00 2024");
    assert_string_equal(xml_get(d->root, "update-origin"), "n1");
    assert_null(xml_get(d->root, "update-user"));
    assert_true(r.config_changed);
    assert_true(r.persist);
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

static void
a_status_change_is_nothing_for_the_disk(void **state)
{
    struct cib_doc *d = document(BASE);
    struct cib_update_result r;

    update(d, CIB_OP_MODIFY, "status", 0, "<status><node_state id='1' crmd='online'/></status>", &r);
    assert_true(r.applied);
    assert_false(r.persist);
    assert_non_null(r.patch);
    cib_update_result_clear(&r);
    cib_doc_free(d);
}

/* --- xpath: the quick way gives what libxml2 gives --- */

static const char *const expressions[] = {
    "//primitive", "//primitive[@id='A']", "//*[@id='B']", "/cib/configuration/resources//primitive[@id='B']/meta_attributes",
    "//group//nvpair", "//group/primitive", "/cib", "//cib", "/cib/configuration/*", "//nvpair[@name='priority'][@value='5']",
    "//nvpair[@name='priority' and @value='5']", "//nosuch", "/cib/nosuch//x", "//configuration//primitive", "//resources//*",
    "//*[@id='G']/primitive[@id='C']", "//*//*[@id='B-meta']//*", "/configuration", "//*", "//group[@id=\"G\"]/*[@class='ocf']",
    "//primitive[2]", "//*[@id]", "count(//primitive)", "//[", "", "//primitive/@id", "cib/configuration", "//primitive[@id = 'A' ]",
    "//primitive[@id='A']|//group", "//group//*//*", "/cib//configuration/resources/group//nvpair[@id='B-meta-pri']",
};

static void
quick_xpath_answers_like_the_full_one(void **state)
{
    struct cib_doc *d = document(BASE);

    for (guint i = 0; i < G_N_ELEMENTS(expressions); i++) {
        g_autoptr(GPtrArray) quick = cib_xpath_eval(d->root, d->ids, expressions[i]);
        g_autoptr(GPtrArray) unindexed = cib_xpath_eval(d->root, NULL, expressions[i]);
        g_autoptr(GPtrArray) full = cib_xpath_eval_full(d->root, expressions[i]);

        if (quick->len != full->len || unindexed->len != full->len) {
            fail_msg("%s: %u and %u matches, libxml2 has %u", expressions[i], quick->len, unindexed->len, full->len);
        }
        for (guint k = 0; k < full->len; k++) {
            assert_ptr_equal(g_ptr_array_index(quick, k), g_ptr_array_index(full, k));
            assert_ptr_equal(g_ptr_array_index(unindexed, k), g_ptr_array_index(full, k));
        }
    }
    cib_doc_free(d);
}

/* --- queries --- */

static void
a_query_of_several_matches_wraps_them_or_lists_their_paths(void **state)
{
    struct cib_doc *d = document(BASE);
    xmlNode *out = NULL;

    assert_int_equal(cib_op_query(d, "//primitive", CIB_OPT_XPATH, &out), RC_OK);
    assert_string_equal(xml_name(out), "xpath-query");
    assert_int_equal(xml_count_children(out, "primitive"), 3);
    xml_free(out);
    assert_int_equal(cib_op_query(d, "//primitive[@id='B']", CIB_OPT_XPATH | CIB_OPT_XPATH_ADDRESS, &out), RC_OK);
    assert_string_equal(xml_get(xml_first(out, NULL), "id"), "/cib/configuration/resources/group[@id='G']/primitive[@id='B']");
    xml_free(out);
    assert_int_equal(cib_op_query(d, "tags", 0, &out), ENXIO);
    assert_int_equal(cib_op_query(d, "bogus", CIB_OPT_NO_CHILDREN, &out), RC_OK);
    assert_string_equal(xml_name(out), "cib");
    assert_null(out->children);
    xml_free(out);
    cib_doc_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_moves_the_counters_as_the_table_says),
        cmocka_unit_test(digests_are_those_that_peers_compute),
        cmocka_unit_test(an_attribute_counts_up_from_its_old_value),
        cmocka_unit_test(a_counting_value_on_a_new_element_starts_from_nothing),
        cmocka_unit_test(a_refused_request_leaves_the_document_as_it_was),
        cmocka_unit_test(a_failed_request_for_status_keeps_what_it_had_done_like_peers_do),
        cmocka_unit_test(a_dry_run_answers_and_changes_nothing),
        cmocka_unit_test(a_full_sync_is_taken_as_it_is),
        cmocka_unit_test(a_configuration_change_is_stamped),
        cmocka_unit_test(a_status_change_is_nothing_for_the_disk),
        cmocka_unit_test(quick_xpath_answers_like_the_full_one),
        cmocka_unit_test(a_query_of_several_matches_wraps_them_or_lists_their_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
