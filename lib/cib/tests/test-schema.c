/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Schema checks: the list, the verdicts, and the property that looking at the changed parts gives the verdict of the
 * whole document.  Uses a small grammar of its own with the traits that matter: ids, references, required parts.
 */
#include "lib/cib/tests/fixture.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "lib/cib/cib_schema.h"

#define RNG_HEAD                                                                                                       \
    "<?xml version='1.0'?><grammar xmlns='http://relaxng.org/ns/structure/1.0' "                                      \
    "datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'><start><element name='cib'>"                        \
    "<attribute name='admin_epoch'><data type='nonNegativeInteger'/></attribute><attribute name='epoch'/>"            \
    "<attribute name='num_updates'/><optional><attribute name='validate-with'/></optional>"                           \
    "<optional><attribute name='crm_feature_set'/></optional><optional><attribute name='have-quorum'/></optional>"    \
    "<element name='configuration'><interleave><element name='crm_config'><empty/></element>"                         \
    "<element name='nodes'><zeroOrMore><element name='node'><attribute name='id'/><attribute name='uname'/></element>" \
    "</zeroOrMore></element><element name='resources'><zeroOrMore><choice><ref name='primitive'/>"                    \
    "<element name='group'><attribute name='id'><data type='ID'/></attribute><optional><attribute name='description'/>" \
    "</optional><oneOrMore><ref name='primitive'/></oneOrMore></element></choice></zeroOrMore></element>"             \
    "<element name='constraints'><zeroOrMore><element name='rsc_location'><attribute name='id'><data type='ID'/>"     \
    "</attribute><optional><attribute name='rsc'><data type='IDREF'/></attribute></optional>"                         \
    "<optional><attribute name='node'/></optional><optional><attribute name='score'><data type='integer'/></attribute></optional>" \
    "</element></zeroOrMore></element>"
#define RNG_TAGS                                                                                                       \
    "<optional><element name='tags'><zeroOrMore><element name='tag'><attribute name='id'><data type='ID'/></attribute>" \
    "<oneOrMore><element name='obj_ref'><attribute name='id'><data type='IDREF'/></attribute></element></oneOrMore>"  \
    "</element></zeroOrMore></element></optional>"
#define RNG_TAIL                                                                                                       \
    "</interleave></element><element name='status'><ref name='any'/></element></element></start>"                     \
    "<define name='any'><zeroOrMore><choice><attribute><anyName/></attribute><text/><element><anyName/>"              \
    "<ref name='any'/></element></choice></zeroOrMore></define>"                                                      \
    "<define name='primitive'><element name='primitive'><attribute name='id'><data type='ID'/></attribute>"           \
    "<optional><attribute name='class'/></optional><optional><attribute name='provider'/></optional>"                 \
    "<optional><attribute name='type'/></optional><optional><attribute name='template'><data type='IDREF'/></attribute></optional>" \
    "<zeroOrMore><element name='meta_attributes'><attribute name='id'><data type='ID'/></attribute>"                  \
    "<zeroOrMore><element name='nvpair'><attribute name='id'><data type='ID'/></attribute><optional><attribute name='name'/>" \
    "</optional><optional><attribute name='value'/></optional></element></zeroOrMore></element></zeroOrMore>"         \
    "</element></define></grammar>"

static char *directory;

static void
write_schema(const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int
make_directory(void **state)
{
    directory = g_dir_make_tmp("cib-schema-XXXXXX", NULL);
    assert_non_null(directory);
    write_schema("pacemaker-1.2.rng", RNG_HEAD RNG_TAIL);
    write_schema("pacemaker-1.10.rng", RNG_HEAD RNG_TAGS RNG_TAIL);
    write_schema("pacemaker-1.9.rng", RNG_HEAD RNG_TAIL);
    write_schema("cib-1.0.rng", "<nonsense/>");
    return 0;
}

static int
remove_directory(void **state)
{
    static const char *const files[] = { "pacemaker-1.2.rng", "pacemaker-1.10.rng", "pacemaker-1.9.rng", "cib-1.0.rng" };

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(directory, files[i], NULL);

        g_unlink(path);
    }
    g_rmdir(directory);
    g_free(directory);
    return 0;
}

static void
schemas_are_listed_by_number_not_by_letter(void **state)
{
    static const char *const expected[] = { "pacemaker-1.2", "pacemaker-1.9", "pacemaker-1.10", "pacemaker-next", "none" };
    struct cib_schemas *s = cib_schemas_new(directory);

    assert_int_equal(cib_schemas_count(s), G_N_ELEMENTS(expected));
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++) {
        assert_string_equal(cib_schema_name(s, i), expected[i]);
    }
    assert_string_equal(cib_schema_default(s), "pacemaker-1.10");
    assert_int_equal(cib_schema_index(s, "PACEMAKER-1.9"), 1);
    assert_int_equal(cib_schema_index(s, "pacemaker-7"), -1);
    cib_schemas_free(s);
}

static char *
with_schema(const char *text, const char *schema)
{
    g_auto(GStrv) parts = g_strsplit(text, "\"none\"", 2);

    return g_strdup_printf("%s\"%s\"%s", parts[0], schema, parts[1]);
}

static void
a_document_is_upgraded_to_the_last_schema_it_satisfies(void **state)
{
    struct cib_schemas *s = cib_schemas_new(directory);
    g_autofree char *text = with_schema(BASE, "pacemaker-1.2");
    xmlNode *root = parsed(text);
    int best;

    assert_int_equal(cib_schema_upgrade(s, &root, NULL, &best), RC_OK);
    assert_string_equal(xml_get(root, "validate-with"), "pacemaker-1.10");
    assert_int_equal(cib_schema_upgrade(s, &root, NULL, &best), RC_SCHEMA_UNCHANGED);
    xml_set(root, "validate-with", "pacemaker-1.2");
    assert_int_equal(cib_schema_upgrade(s, &root, "pacemaker-1.9", &best), RC_OK);
    assert_string_equal(xml_get(root, "validate-with"), "pacemaker-1.9");
    xml_set(root, "admin_epoch", "-1");
    assert_int_equal(cib_schema_upgrade(s, &root, NULL, &best), RC_SCHEMA_VALIDATION);
    xml_free(root);
    cib_schemas_free(s);
}

/* Requests of every outcome; the document below has ids A B C D G T g1 l1 and tag t1 for A. */
static const struct {
    const char *op, *section;
    unsigned options;
    const char *input;
    int rc;
} verdict_table[] = {
    { CIB_OP_MODIFY, NULL, 0, "<primitive id='A' type='x'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<primitive id='A' bogus='x'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, 0, "<primitive id='A'><bogus id='q'/></primitive>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "resources", 0, "<primitive id='N'/>", RC_OK },
    { CIB_OP_CREATE, "resources", 0, "<primitive id='l1'/>", RC_SCHEMA_VALIDATION },          /* an id twice */
    { CIB_OP_CREATE, "resources", 0, "<primitive id='B-meta'/>", RC_SCHEMA_VALIDATION },      /* deep down too */
    { CIB_OP_CREATE, "resources", 0, "<primitive id='N'><meta_attributes id='N'/></primitive>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='B'/>", RC_OK },
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='B-meta'/>", RC_OK },       /* any id will do */
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='nosuch'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='1'/>", RC_SCHEMA_VALIDATION }, /* node ids are none */
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='instatus'/>", RC_SCHEMA_VALIDATION }, /* nor those in status */
    { CIB_OP_CREATE, "constraints", 0, "<rsc_location id='l2' rsc='l2'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<rsc_location id='l1' rsc='C'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<rsc_location id='l1' rsc='nosuch'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, 0, "<rsc_location id='l1' score='x'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_DELETE, NULL, 0, "<primitive id='C'/>", RC_OK },
    { CIB_OP_DELETE, NULL, 0, "<primitive id='A'/>", RC_SCHEMA_VALIDATION },                  /* l1 and t1 refer to it */
    { CIB_OP_DELETE, NULL, 0, "<primitive id='D'/>", RC_SCHEMA_VALIDATION },                  /* its group stays empty */
    { CIB_OP_DELETE, NULL, 0, "<group id='g1'/>", RC_OK },
    { CIB_OP_DELETE, NULL, 0, "<rsc_location id='l1'/>", RC_OK },
    { CIB_OP_DELETE, NULL, 0, "<constraints/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_DELETE, NULL, 0, "<status/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_DELETE, "//primitive", CIB_OPT_XPATH | CIB_OPT_MULTIPLE, NULL, RC_SCHEMA_VALIDATION },
    { CIB_OP_REPLACE, "resources", 0, "<primitive id='A' type='new'/>", RC_OK },
    { CIB_OP_REPLACE, "resources", 0, "<group id='G'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_REPLACE, "constraints", 0, "<constraints/>", RC_OK },
    { CIB_OP_REPLACE, "resources", 0, "<resources/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_REPLACE, "resources", 0, "<resources><primitive id='A'/></resources>", RC_OK },
    { CIB_OP_REPLACE, "resources", 0, "<PRIMITIVE id='C' class='ocf' provider='pacemaker' type='Dummy'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, 0, "<cib have-quorum='1'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<cib bogus='1'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, 0, "<cib><bogus/></cib>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, 0, "<cib validate-with='pacemaker-1.9'/>", RC_SCHEMA_VALIDATION }, /* which knows no tags */
    { CIB_OP_MODIFY, NULL, 0, "<cib validate-with='none'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<cib validate-with='unheard-of'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, "status", 0, "<status><bogus rsc='nosuch'/></status>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<tag id='t1'><obj_ref id='B'/></tag>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<tag id='t1'><obj_ref id='nosuch'/></tag>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "tags", 0, "<tag id='t2'><obj_ref id='A'/></tag>", RC_OK },
    { CIB_OP_CREATE, "tags", 0, "<tag id='t2'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "configuration", 0, "<bogus/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "nodes", 0, "<node id='A' uname='x'/>", RC_OK },                         /* node ids may repeat others */
    { CIB_OP_MODIFY, NULL, 0, "<primitive id='A' class='anything at all'/>", RC_OK },          /* text is free */
    { CIB_OP_MODIFY, NULL, 0, "<cib admin_epoch='none'/>", RC_OLD_DATA },
    { CIB_OP_MODIFY, NULL, 0, "<cib admin_epoch='17'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, 0, "<node id='1' uname='x'/>", RC_OK },
    { CIB_OP_ERASE, NULL, 0, NULL, RC_OK },
};

static struct cib_doc *
valid_document(struct cib_schemas *s)
{
    g_autofree char *text = with_schema(BASE, "pacemaker-1.10");
    struct cib_doc *d = document(text);
    xmlNode *configuration = xml_first(d->root, "configuration");
    g_autoptr(xmlNode) group = parsed("<group id='g1'><primitive id='D'/></group>");
    g_autoptr(xmlNode) tags = parsed("<tags><tag id='t1'><obj_ref id='A'/></tag></tags>");
    g_autoptr(xmlNode) state = parsed("<node_state id='instatus'><lrm_resource id='A'/><lrm_resource id='C'/></node_state>");

    cib_doc_insert_copy(d, xml_first(configuration, "resources"), NULL, group, CIB_TRACK_DIRECT);
    cib_doc_insert_copy(d, configuration, NULL, tags, CIB_TRACK_DIRECT);
    cib_doc_insert_copy(d, xml_first(d->root, "status"), NULL, state, CIB_TRACK_DIRECT);
    assert_true(cib_schema_accepts(s, "pacemaker-1.10", d->root, NULL, NULL));
    return d;
}

static int
run_row(struct cib_schemas *s, struct cib_doc *d, guint i)
{
    g_autoptr(xmlNode) payload = verdict_table[i].input != NULL ? parsed(verdict_table[i].input) : NULL;
    struct cib_update u = {
        .op = verdict_table[i].op,
        .section = verdict_table[i].section,
        .options = verdict_table[i].options,
        .payload = payload,
    };
    struct cib_update_result r;
    int rc;

    cib_update_run(d, s, &u, &r);
    rc = r.rc;
    cib_update_result_clear(&r);
    return rc;
}

/* Each request twice: with nothing known (the whole document is looked at) and with the parts alone. */
static void
the_changed_parts_tell_what_the_whole_document_tells(void **state)
{
    struct cib_schemas *s = cib_schemas_new(directory);

    for (guint i = 0; i < G_N_ELEMENTS(verdict_table); i++) {
        struct cib_doc *whole = valid_document(s), *parts = valid_document(s);
        int by_whole, by_parts;

        parts->valid_for = g_strdup("pacemaker-1.10");
        by_whole = run_row(s, whole, i);
        by_parts = run_row(s, parts, i);
        if (by_whole != verdict_table[i].rc || by_parts != by_whole) {
            fail_msg("row %u (%s %s): whole %d, parts %d, expected %d", i, verdict_table[i].op, verdict_table[i].input, by_whole,
                     by_parts, verdict_table[i].rc);
        }
        cib_doc_free(whole);
        cib_doc_free(parts);
    }
    cib_schemas_free(s);
}

/* The same over sequences: what was learnt about the document must stay true. */
static void
a_long_sequence_of_requests_leaves_a_document_that_is_really_valid(void **state)
{
    struct cib_schemas *s = cib_schemas_new(directory);
    uint32_t seed = 4711;

    for (int round = 0; round < 20; round++) {
        struct cib_doc *d = valid_document(s);

        d->valid_for = g_strdup("pacemaker-1.10");
        for (int i = 0; i < 40; i++) {
            run_row(s, d, next_random(&seed) % G_N_ELEMENTS(verdict_table));
            if (!cib_schema_accepts(s, xml_get(d->root, "validate-with"), d->root, NULL, NULL)) {
                g_autofree char *text = text_of(d);

                fail_msg("round %d: an invalid document was accepted: %s", round, text);
            }
        }
        cib_doc_free(d);
    }
    cib_schemas_free(s);
}

/* --- the real grammars: the changed parts by the tables, the whole document by libxml2 --- */

#define REAL "pacemaker-3.9"
#define AGENT "class='ocf' provider='pacemaker' type='Dummy'"

static const struct {
    const char *op, *section, *input;
    int rc;
} real_table[] = {
    { CIB_OP_MODIFY, NULL, "<primitive id='A' type='x'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<primitive id='A' bogus='x'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<primitive id='A' type='anything at all'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<primitive id='A' class='anything at all'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<primitive id='A' class='lsb'/>", RC_SCHEMA_VALIDATION }, /* has no provider */
    { CIB_OP_MODIFY, NULL, "<nvpair id='B-meta-pri' value='6'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<nvpair id='B-meta-pri' name='isolation'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='-INFINITY'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='much'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<rsc_location id='l1' rsc='B'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<rsc_location id='l1' rsc='nosuch'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<cib admin_epoch='none'/>", RC_OLD_DATA },
    { CIB_OP_MODIFY, NULL, "<cib admin_epoch='17'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<node id='1' uname='x'/>", RC_OK },
    { CIB_OP_CREATE, "resources", "<primitive id='N' " AGENT "/>", RC_OK },
    { CIB_OP_CREATE, "resources", "<primitive id='N' class='ocf' type='Dummy'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "resources", "<primitive id='l1' " AGENT "/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "resources", "<primitive id='B-meta' " AGENT "/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "resources", "<primitive id='N' " AGENT "><meta_attributes id='N'/></primitive>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "resources", "<primitive id='N' " AGENT "><meta_attributes id-ref='B-meta'/></primitive>", RC_OK },
    { CIB_OP_CREATE, "resources", "<primitive id='N' " AGENT "><meta_attributes id-ref='nosuch'/></primitive>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "resources", "<primitive id='\xc3\xa9' " AGENT "/>", RC_OK },
    { CIB_OP_CREATE, "resources", "<primitive id='1' " AGENT "/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "constraints", "<rsc_location id='l2' rsc='B' node='n1' score='+5'/>", RC_OK },
    { CIB_OP_CREATE, "constraints", "<rsc_location id='l2' rsc='B' node='n1' score=' 5 '/>", RC_OK }, /* unusual: by libxml2 */
    { CIB_OP_CREATE, "constraints", "<rsc_location id='l2' rsc='nosuch' node='n1' score='5'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<rsc_location id='l1' rsc='1'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_DELETE, NULL, "<primitive id='A'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_DELETE, NULL, "<rsc_location id='l1'/>", RC_OK },
    { CIB_OP_DELETE, NULL, "<constraints/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_REPLACE, "constraints", "<constraints/>", RC_OK },
    { CIB_OP_REPLACE, "resources", "<group id='G'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_MODIFY, NULL, "<cib validate-with='pacemaker-1.3'/>", RC_OK },
    { CIB_OP_MODIFY, NULL, "<cib bogus='1'/>", RC_SCHEMA_VALIDATION },
    { CIB_OP_CREATE, "nodes", "<node id='A' uname='x'/>", RC_OK },
};

static int
run_real(struct cib_schemas *s, guint i, bool parts)
{
    g_autofree char *text = with_schema(BASE, REAL);
    struct cib_doc *d = document(text);
    g_autoptr(xmlNode) payload = parsed(real_table[i].input);
    struct cib_update u = { .op = real_table[i].op, .section = real_table[i].section, .payload = payload };
    struct cib_update_result r;
    int rc;

    assert_true(cib_schema_accepts(s, REAL, d->root, NULL, NULL));
    d->valid_for = parts ? g_strdup(REAL) : NULL;
    cib_update_run(d, s, &u, &r);
    rc = r.rc;
    cib_update_result_clear(&r);
    cib_doc_free(d);
    return rc;
}

static void
changed_parts_judged_by_tables_get_the_verdict_of_the_grammar(void **state)
{
    struct cib_schemas *files = cib_schemas_new("xml"), *tables = cib_schemas_new("xml");

    cib_schemas_use_tables(tables);
    for (guint i = 0; i < G_N_ELEMENTS(real_table); i++) {
        int by_files = run_real(files, i, false), by_tables = run_real(tables, i, true);

        if (by_files != real_table[i].rc || by_tables != by_files) {
            fail_msg("row %u (%s %s): grammar %d, tables %d, expected %d", i, real_table[i].op, real_table[i].input, by_files,
                     by_tables, real_table[i].rc);
        }
    }
    cib_schemas_free(files);
    cib_schemas_free(tables);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas_are_listed_by_number_not_by_letter),
        cmocka_unit_test(a_document_is_upgraded_to_the_last_schema_it_satisfies),
        cmocka_unit_test(the_changed_parts_tell_what_the_whole_document_tells),
        cmocka_unit_test(changed_parts_judged_by_tables_get_the_verdict_of_the_grammar),
        cmocka_unit_test(a_long_sequence_of_requests_leaves_a_document_that_is_really_valid),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
