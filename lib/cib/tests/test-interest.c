/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which changes fit which rules of interest: the table is the table of cib_interest.h. */
#include "lib/cib/tests/fixture.h"

#include "lib/cib/cib_interest.h"

#define NVPAIR "/cib/configuration/crm_config/cluster_property_set[@id='s']/nvpair[@id='a b/c']"

static const struct {
    const char *rules, *operation, *path;
    bool fits;
} table[] = {
    { "/cib/configuration/crm_config", "modify", NVPAIR, true },
    { "+/cib/configuration/crm_config", "modify", NVPAIR, true },
    { "/cib/configuration/crm", "modify", NVPAIR, false }, /* whole steps */
    { "/cib/configuration/alerts", "modify", NVPAIR, false },
    { "/cib/configuration/alerts /cib/configuration/crm_config", "delete", NVPAIR, true },
    { "create:/cib/configuration", "modify", NVPAIR, false },
    { "modify:/cib/configuration", "modify", NVPAIR, true },
    { "/cib/configuration//nvpair", "modify", NVPAIR, true },
    { "/cib/configuration//nv", "modify", NVPAIR, false },
    { "/cib/configuration//c'", "modify", NVPAIR, false }, /* a slash in an id begins no step */
    { "/cib/configuration//cluster_property_set", "modify", NVPAIR, false }, /* the last step */
    { "-/cib/configuration/crm_config /cib/configuration", "modify", NVPAIR, false }, /* the first that fits decides */
    { "/cib/configuration -/cib/configuration/crm_config", "modify", NVPAIR, true },
    { NVPAIR " -/cib", "modify", NVPAIR, true }, /* a blank in an id ends no rule */
    { "/cib/configuration/crm_config", "modify", "/cib", false }, /* attributes of something above */
    { "/cib/configuration/crm_config", "create", "/cib/configuration", true },
    { "/cib/configuration/crm_config", "delete", "/cib/configuration", true },
    { "-/cib/configuration/crm_config /cib", "delete", "/cib/configuration", true },
    { "delete:/cib/status//node_state", "delete", "/cib/status/node_state[@id='1']", true },
    { "delete:/cib/status//node_state", "delete", "/cib/status/node_state[@id='1']/lrm[@id='1']", false },
    { "delete:/cib/status//node_state", "delete", "/cib/status", true },
    { "", "delete", "/cib/status", false },
};

static void
the_first_rule_that_fits_a_change_decides(void **state)
{
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        struct cib_interest *interest = cib_interest_new(table[i].rules);
        g_autoptr(xmlNode) patch = parsed("<diff format='2'><version/><change/></diff>");
        xmlNode *change = xml_first(patch, "change");

        assert_non_null(interest);
        xml_set(change, "operation", table[i].operation);
        xml_set(change, "path", table[i].path);
        if (cib_interest_in(interest, patch) != table[i].fits) {
            fail_msg("'%s' and %s of %s: expected %d", table[i].rules, table[i].operation, table[i].path, table[i].fits);
        }
        cib_interest_free(interest);
    }
}

static void
one_change_of_interest_makes_the_patchset_so(void **state)
{
    struct cib_interest *interest = cib_interest_new("/cib/status");
    g_autoptr(xmlNode) patch = parsed("<diff format='2'><change operation='modify' path='/cib'/><change operation='modify' path='/cib/status'/></diff>");
    g_autoptr(xmlNode) counters = parsed("<diff format='2'><change operation='modify' path='/cib'/></diff>");

    assert_true(cib_interest_in(interest, patch));
    assert_false(cib_interest_in(interest, counters));
    cib_interest_free(interest);
}

static void
what_cannot_be_understood_is_of_interest(void **state)
{
    struct cib_interest *interest = cib_interest_new("/cib/status");
    g_autoptr(xmlNode) old = parsed("<diff><diff-added/></diff>"), odd = parsed("<diff format='2'><change path='/cib'/></diff>");

    assert_true(cib_interest_in(interest, old));
    assert_true(cib_interest_in(interest, odd));
    assert_true(cib_interest_in(interest, NULL));
    cib_interest_free(interest);
    assert_null(cib_interest_new("status"));
    assert_null(cib_interest_new("/cib/status often:/cib"));
    assert_null(cib_interest_new("create/cib"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_fits_a_change_decides),
        cmocka_unit_test(one_change_of_interest_makes_the_patchset_so),
        cmocka_unit_test(what_cannot_be_understood_is_of_interest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
