/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Access control: what permissions let a user change and read.  The first table is the requirement: permissions, a request,
 * and what becomes of it (spec 20 §12).
 */
#include "lib/cib/tests/fixture.h"

#include <errno.h>

#include "lib/cib/cib_acl.h"

#define READ_ALL  "kind='read' xpath='/cib'"
#define WRITE_ALL "kind='write' xpath='/cib'"
#define WRITE_PRIORITY "kind='write' xpath='//nvpair[@name=\"priority\"]'"
#define NEW_PRIORITY "<primitive id='A'><meta_attributes id='m'><nvpair id='n' name='priority' value='1'/></meta_attributes></primitive>"
#define NEW_ROLE "<primitive id='A'><meta_attributes id='m'><nvpair id='n' name='target-role' value='1'/></meta_attributes></primitive>"

static const struct {
    const char *permissions[3];
    const char *op, *section, *input;
    int rc;
} changes[] = {
    { { NULL }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", EACCES },
    { { NULL }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='100'/>", RC_OK }, /* changes nothing */
    { { READ_ALL }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", EACCES },
    { { WRITE_ALL }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", RC_OK },
    { { WRITE_ALL, "kind='deny' reference='l1'" }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", EACCES },
    { { WRITE_ALL, "kind='read' reference='l1'" }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", RC_OK },
    { { "kind='write' object-type='rsc_location'" }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", RC_OK },
    { { "kind='write' object-type='rsc_location' attribute='nosuch'" }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", EACCES },
    { { "kind='write' xpath='//rsc_location/@score'" }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", RC_OK },
    { { "kind='write' xpath='//['" }, CIB_OP_MODIFY, NULL, "<rsc_location id='l1' score='1'/>", EACCES },
    /* new elements: judged by the result; what only holds them comes along */
    { { WRITE_PRIORITY }, CIB_OP_MODIFY, NULL, NEW_PRIORITY, RC_OK },
    { { WRITE_PRIORITY }, CIB_OP_MODIFY, NULL, NEW_ROLE, EACCES },
    { { WRITE_PRIORITY }, CIB_OP_MODIFY, NULL, "<nvpair id='B-meta-pri' name='target-role'/>", RC_OK }, /* judged before */
    { { READ_ALL }, CIB_OP_CREATE, "status", "<node_state id='1'/>", RC_OK },
    { { READ_ALL }, CIB_OP_CREATE, "status", "<node_state id='1' uname='n1'/>", EACCES },
    { { NULL }, CIB_OP_CREATE, "status", "<node_state id='1'/>", EACCES },
    { { READ_ALL }, CIB_OP_CREATE, "acls", "<acl_target id='x'/>", EACCES },
    /* removal: the element decides, what is below it does not protect it */
    { { "kind='write' reference='G'", "kind='deny' reference='B'" }, CIB_OP_DELETE, NULL, "<group id='G'/>", RC_OK },
    { { "kind='write' reference='G'", "kind='deny' reference='B'" }, CIB_OP_DELETE, NULL, "<nvpair id='B-meta-pri'/>", EACCES },
    { { WRITE_PRIORITY }, CIB_OP_DELETE, NULL, "<nvpair id='B-meta-pri'/>", RC_OK },
    { { WRITE_PRIORITY }, CIB_OP_DELETE, NULL, "<primitive id='B'/>", EACCES },
    /* replacing: the difference decides */
    { { WRITE_PRIORITY }, CIB_OP_REPLACE, NULL,
      "<meta_attributes id='B-meta'><nvpair id='B-meta-pri' name='priority' value='7'/></meta_attributes>", RC_OK },
    { { WRITE_PRIORITY }, CIB_OP_REPLACE, NULL, "<meta_attributes id='B-meta' score='1'/>", EACCES },
    { { "kind='write' reference='B'" }, CIB_OP_REPLACE, NULL, "<meta_attributes id='B-meta'/>", RC_OK },
    /* operations on the whole document */
    { { WRITE_ALL }, CIB_OP_BUMP, NULL, NULL, RC_OK },
    { { READ_ALL, WRITE_PRIORITY }, CIB_OP_BUMP, NULL, NULL, EACCES },
    { { READ_ALL, WRITE_PRIORITY }, CIB_OP_ERASE, NULL, NULL, EACCES },
};

static char *
with_acls(const char *const *permissions)
{
    GString *text = g_string_new(BASE);
    GString *acls = g_string_new("<acls><acl_target id=\"u\"><role id=\"r\"/></acl_target><acl_role id=\"r\">");

    for (int i = 0; i < 3 && permissions[i] != NULL; i++) {
        g_string_append_printf(acls, "<acl_permission id=\"p%d\" %s/>", i, permissions[i]);
    }
    g_string_append(acls, "</acl_role></acls></configuration>");
    g_string_replace(text, "</configuration>", acls->str, 1);
    g_string_free(acls, TRUE);
    return g_string_free(text, FALSE);
}

static void
permissions_decide_about_changes(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *text = with_acls(changes[i].permissions), *before = NULL, *after = NULL;
        struct cib_doc *d = document(text);
        g_autoptr(xmlNode) payload = changes[i].input != NULL ? parsed(changes[i].input) : NULL;
        struct cib_update u = { .op = changes[i].op, .section = changes[i].section, .payload = payload, .user = "u", .check_acl = true };
        struct cib_update_result r;

        before = text_of(d);
        cib_update_run(d, NULL, &u, &r);
        if (r.rc != changes[i].rc) {
            fail_msg("row %u: %s %s gives %d", i, changes[i].op, changes[i].input, r.rc);
        }
        after = text_of(d);
        if (r.rc != RC_OK) {
            assert_string_equal(before, after);
        }
        cib_update_result_clear(&r);
        cib_doc_free(d);
    }
}

/* Permissions, and the resources section as the user sees it (NULL: nothing at all). */
static const struct {
    const char *permissions[3];
    const char *resources;
} views[] = {
    { { NULL }, NULL },
    { { "kind='deny' xpath='/cib'" }, NULL },
    { { "kind='read' reference='C'" },
      "<resources><group id=\"G\"><primitive id=\"C\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/></group></resources>" },
    { { WRITE_PRIORITY },
      "<resources><group id=\"G\"><primitive id=\"B\"><meta_attributes id=\"B-meta\">"
      "<nvpair id=\"B-meta-pri\" name=\"priority\" value=\"5\"/></meta_attributes></primitive></group></resources>" },
    { { READ_ALL, "kind='deny' reference='G'", "kind='read' reference='B-meta-pri'" },
      "<resources><primitive id=\"A\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/><group id=\"G\"><primitive id=\"B\">"
      "<meta_attributes id=\"B-meta\"><nvpair id=\"B-meta-pri\" name=\"priority\" value=\"5\"/></meta_attributes></primitive></group></resources>" },
    { { READ_ALL, "kind='deny' reference='G'" },
      "<resources><primitive id=\"A\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/></resources>" },
};

static void
permissions_decide_what_is_seen(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(views); i++) {
        g_autofree char *text = with_acls(views[i].permissions), *seen = NULL;
        struct cib_doc *d = document(text);
        xmlNode *output = NULL;
        int rc = cib_op_query_as(d, "u", "resources", 0, &output);

        if (views[i].resources == NULL) {
            assert_int_equal(rc, EACCES);
            assert_null(output);
        } else {
            assert_int_equal(rc, RC_OK);
            seen = xml_to_text(output, XML_TEXT_PLAIN);
            assert_string_equal(seen, views[i].resources);
        }
        xml_free(output);
        cib_doc_free(d);
    }
}

static void
a_query_cannot_probe_what_is_hidden(void **state)
{
    static const char *const permissions[3] = { "kind='read' reference='A'" };
    g_autofree char *text = with_acls(permissions);
    struct cib_doc *d = document(text);
    xmlNode *output = NULL;

    assert_int_equal(cib_op_query_as(d, "u", "//nvpair[@value='5']", CIB_OPT_XPATH, &output), ENXIO);
    assert_int_equal(cib_op_query_as(d, "stranger", "//primitive", CIB_OPT_XPATH, &output), EACCES);
    assert_null(output);
    cib_doc_free(d);
}

static void
the_old_syntax_means_the_same(void **state)
{
    g_autofree char *text = NULL;
    GString *s = g_string_new(BASE);
    struct cib_doc *d;
    xmlNode *output = NULL;

    g_string_replace(s, "</configuration>",
                     "<acls><acl_user id=\"u\"><role_ref id=\"r\"/><deny id=\"d\" ref=\"B\"/></acl_user>"
                     "<acl_role id=\"r\"><read id=\"x\" tag=\"primitive\"/></acl_role></acls></configuration>", 1);
    text = g_string_free(s, FALSE);
    d = document(text);
    assert_int_equal(cib_op_query_as(d, "u", "//group/primitive", CIB_OPT_XPATH, &output), RC_OK);
    assert_string_equal(xml_id(output), "C");
    xml_free(output);
    cib_doc_free(d);
}

static void
only_root_and_the_daemon_user_are_exempt(void **state)
{
    assert_true(cib_acl_user_is_exempt(NULL));
    assert_true(cib_acl_user_is_exempt("root"));
    assert_true(cib_acl_user_is_exempt(DAEMON_USER));
    assert_false(cib_acl_user_is_exempt("nobody"));
    assert_false(cib_acl_user_is_exempt("Root"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permissions_decide_about_changes),
        cmocka_unit_test(permissions_decide_what_is_seen),
        cmocka_unit_test(a_query_cannot_probe_what_is_hidden),
        cmocka_unit_test(the_old_syntax_means_the_same),
        cmocka_unit_test(only_root_and_the_daemon_user_are_exempt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
