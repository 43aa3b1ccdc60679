/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which changes of the CIB make the fencer read the configuration again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemons/fenced/fenced_relevance.h"
#include "lib/cib/cib_interest.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

#define CONFIGURATION                                                                                                       \
    "<configuration><resources><primitive id='web' class='ocf' provider='heartbeat' type='nginx'/>"                         \
    "<primitive id='f1' class='stonith' type='fence_a'/><group id='g'><primitive id='f2' class='stonith' type='fence_b'/></group>" \
    "<template id='t' class='stonith' type='fence_c'/><primitive id='f3' template='t'/>%s</resources></configuration>"

static struct fence_relevance *
reading(const char *more)
{
    g_autofree char *text = g_strdup_printf(CONFIGURATION, more);
    g_autoptr(xmlNode) configuration = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    struct fence_relevance *r = fence_relevance_new();

    assert_non_null(configuration);
    fence_relevance_note(r, configuration);
    return r;
}

static bool
relevant(const struct fence_relevance *r, const char *changes)
{
    g_autofree char *text = g_strdup_printf("<diff format='2'>%s</diff>", changes);
    g_autoptr(xmlNode) patch = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    assert_non_null(patch);
    return fence_relevance_of(r, patch);
}

#define ROOT "<change operation='modify' path='/cib'><change-list/><change-result><cib epoch='2'/></change-result></change>"
#define MODIFY(path, result) \
    "<change operation='modify' path=\"/cib/configuration/" path "\"><change-list/><change-result>" result "</change-result></change>"
#define CREATE(path, what) "<change operation='create' path=\"/cib/configuration/" path "\" position='0'>" what "</change>"
#define DELETE(path) "<change operation='delete' path=\"/cib/configuration/" path "\"/>"

static const struct {
    const char *changes;
    bool relevant;
} table[] = {
    { ROOT, false },
    { "<change operation='modify' path=\"/cib/status/node_state[@id='1']\"/>", false },
    { ROOT MODIFY("resources/primitive[@id='web']/meta_attributes[@id='m']/nvpair[@id='n']", "<nvpair id='n' value='1'/>"), false },
    { DELETE("resources/primitive[@id='web']"), false },
    { CREATE("resources", "<primitive id='x' class='ocf' type='Dummy'/>"), false },
    { MODIFY("resources/primitive[@id='web']", "<primitive id='web' class='stonith'/>"), true },
    { MODIFY("resources/primitive[@id='f1']/instance_attributes[@id='i']/nvpair[@id='n']", "<nvpair id='n' value='1'/>"), true },
    { MODIFY("resources/group[@id='g']/primitive[@id='f2']", "<primitive id='f2'/>"), true },
    { MODIFY("resources/template[@id='t']", "<template id='t'/>"), true },
    { MODIFY("resources/primitive[@id='f3']", "<primitive id='f3'/>"), true },
    { DELETE("resources/primitive[@id='f1']"), true },
    { CREATE("resources", "<group id='h'><primitive id='x' class='stonith' type='fence_a'/></group>"), true },
    { CREATE("resources", "<primitive id='x' template='t'/>"), true },
    { MODIFY("resources/primitive/meta_attributes[@id='web']", "<meta_attributes id='web'/>"), true },
    { CREATE("constraints", "<rsc_location id='l' rsc='web' node='a' score='1'/>"), true },
    { MODIFY("crm_config/cluster_property_set[@id='s']/nvpair[@id='n']", "<nvpair id='n' value='1'/>"), true },
    { CREATE("", "<fencing-topology/>"), true },
    { DELETE("resources"), true },
    { DELETE("fencing-topology"), true },
};

static bool
is_told(const struct cib_interest *interest, const char *changes)
{
    g_autofree char *text = g_strdup_printf("<diff format='2'>%s</diff>", changes);
    g_autoptr(xmlNode) patch = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);

    return cib_interest_in(interest, patch);
}

/* It may tell more, but what most changes are it must not tell. */
static void
the_rules_for_the_cib_manager_let_nothing_relevant_be_missed(void **state)
{
    struct fence_relevance *r = reading("");
    g_autofree char *rules = fence_relevance_rules(r);
    struct cib_interest *interest;

    assert_non_null(rules);
    interest = cib_interest_new(rules);
    assert_non_null(interest);
    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strstr(table[i].changes, "primitive/meta") == NULL && table[i].relevant && !is_told(interest, table[i].changes)) {
            fail_msg("%s would not be told", table[i].changes);
        }
    }
    for (guint i = 0; i < 4; i++) {
        if (is_told(interest, table[i].changes)) {
            fail_msg("%s should not be told", table[i].changes);
        }
    }
    cib_interest_free(interest);
    fence_relevance_free(r);
}

static void
without_a_name_for_where_devices_are_every_change_is_told(void **state)
{
    struct fence_relevance *nameless = reading("<group><primitive id='f5' class='stonith' type='fence_a'/></group>");
    struct fence_relevance *referring
        = reading("<primitive id='f4' class='stonith' type='fence_a'><instance_attributes id-ref='i'/></primitive>");

    assert_null(fence_relevance_rules(nameless));
    assert_null(fence_relevance_rules(referring));
    fence_relevance_forget(nameless);
    assert_null(fence_relevance_rules(nameless));
    fence_relevance_free(nameless);
    fence_relevance_free(referring);
}

static void
only_changes_that_can_concern_devices_and_levels_are_relevant(void **state)
{
    struct fence_relevance *r = reading("");

    for (guint i = 0; i < G_N_ELEMENTS(table); i++) {
        if (relevant(r, table[i].changes) != table[i].relevant) {
            fail_msg("%s should%s be relevant", table[i].changes, table[i].relevant ? "" : " not");
        }
    }
    fence_relevance_free(r);
}

static void
where_devices_take_attributes_from_elsewhere_every_resource_is_relevant(void **state)
{
    struct fence_relevance *r = reading("<primitive id='f4' class='stonith' type='fence_a'><instance_attributes id-ref='i'/></primitive>");

    assert_true(relevant(r, MODIFY("resources/primitive[@id='web']", "<primitive id='web'/>")));
    fence_relevance_free(r);
}

static void
while_the_configuration_is_being_read_every_change_of_it_is_relevant(void **state)
{
    struct fence_relevance *r = reading("");

    assert_false(relevant(r, DELETE("resources/primitive[@id='web']")));
    fence_relevance_forget(r);
    assert_true(relevant(r, DELETE("resources/primitive[@id='web']")));
    assert_false(relevant(r, ROOT));
    fence_relevance_free(r);
}

static void
before_the_first_reading_and_in_the_old_format_everything_is_relevant(void **state)
{
    struct fence_relevance *r = fence_relevance_new();
    g_autoptr(xmlNode) old = xml_new(NULL, "diff");

    assert_true(relevant(r, DELETE("resources/primitive[@id='web']")));
    assert_true(fence_relevance_of(r, old));
    assert_true(fence_relevance_of(r, NULL));
    fence_relevance_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_changes_that_can_concern_devices_and_levels_are_relevant),
        cmocka_unit_test(the_rules_for_the_cib_manager_let_nothing_relevant_be_missed),
        cmocka_unit_test(without_a_name_for_where_devices_are_every_change_is_told),
        cmocka_unit_test(where_devices_take_attributes_from_elsewhere_every_resource_is_relevant),
        cmocka_unit_test(while_the_configuration_is_being_read_every_change_of_it_is_relevant),
        cmocka_unit_test(before_the_first_reading_and_in_the_old_format_everything_is_relevant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
