/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules, dates and sets of name/value pairs: the tables of spec 40 §3 and §4, and the checks of its §13 that concern them.
 */
#include "lib/rules/dates.h"
#include "lib/rules/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct world {
    struct arena *arena;
    struct nvtable attrs;
    struct iso_time now;
    int64_t next_change;
    unsigned errors;
};

static void
count_error(void *data, const char *text)
{
    ((struct world *)data)->errors++;
}

/* 2022-05-05 10:20:30 UTC, a node with a few attributes. */
static int
make_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    int64_t epoch = 1651746030;

    w->arena = arena_new();
    nvtable_init(&w->attrs, w->arena);
    nvtable_set(&w->attrs, "nine", "9");
    nvtable_set(&w->attrs, "site", "Berlin");
    nvtable_set(&w->attrs, "empty", "");
    w->now = iso_from_epoch(epoch);
    *state = w;
    return 0;
}

static int
free_world(void **state)
{
    struct world *w = *state;

    arena_free(w->arena);
    free(w);
    return 0;
}

static bool
passes(struct world *w, const char *text)
{
    struct rule_context ctx = { .now = &w->now, .node_attrs = &w->attrs, .next_change = &w->next_change,
                                .error = count_error, .error_data = w };
    xmlNode *xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    bool result;

    assert_non_null(xml);
    w->next_change = 0;
    result = rule_passes(xml, &ctx);
    xml_free(xml);
    return result;
}

struct row {
    const char *rule;
    bool passes;
};

static void
check_rows(struct world *w, const struct row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (passes(w, rows[i].rule) != rows[i].passes) {
            fail_msg("%s should %s", rows[i].rule, rows[i].passes ? "pass" : "fail");
        }
    }
}

#define E(inside) "<rule id='r'><expression id='e' " inside "/></rule>"
#define D(inside) "<rule id='r'><date_expression id='d' " inside "/></rule>"
#define S(inside) "<rule id='r'><date_expression id='d' operation='date_spec'><date_spec id='s' " inside "/></date_expression></rule>"

static void
node_expressions_compare_as_the_table_says(void **state)
{
    static const struct row rows[] = {
        { E("attribute='site' operation='defined'"), true },
        { E("attribute='none' operation='defined'"), false },
        { E("attribute='none' operation='not_defined'"), true },
        { E("attribute='site' operation='eq' value='berlin'"), true },
        { E("attribute='site' operation='EQ' value='Paris'"), false },
        { E("attribute='none' operation='eq'"), true },
        { E("attribute='none' operation='ne' value='x'"), true },
        { E("attribute='none' operation='ne'"), false },
        { E("attribute='none' operation='eq' value=''"), true },
        { E("attribute='empty' operation='eq' value=''"), false },
        { E("attribute='nine' operation='lt' value='10'"), true },
        { E("attribute='nine' operation='lt' value='10' type='string'"), false },
        { E("attribute='nine' operation='lt' value='9.5'"), true },
        { E("attribute='nine' operation='lte' value='9'"), true },
        { E("attribute='nine' operation='gt' value='9'"), false },
        { E("attribute='nine' operation='gte' value='9'"), true },
        { E("attribute='none' operation='lt' value='9'"), false },
        { E("attribute='nine' operation='like' value='9'"), false },
        { E("attribute='nine' operation='gt' value='1.10' type='version'"), true },
        { E("attribute='#role' operation='eq' value='Promoted'"), false },
    };

    check_rows(*state, rows, G_N_ELEMENTS(rows));
}

static void
a_rule_without_expressions_passes_if_it_is_and_only(void **state)
{
    static const struct row rows[] = {
        { "<rule id='r'/>", true },
        { "<rule id='r' boolean-op='or'/>", false },
    };

    check_rows(*state, rows, G_N_ELEMENTS(rows));
}

static void
or_needs_one_and_needs_all(void **state)
{
    static const struct row rows[] = {
        { "<rule id='r' boolean-op='or'><expression id='a' attribute='none' operation='defined'/>"
          "<expression id='b' attribute='site' operation='defined'/></rule>", true },
        { "<rule id='r'><expression id='a' attribute='none' operation='defined'/>"
          "<expression id='b' attribute='site' operation='defined'/></rule>", false },
        { "<rule id='r' boolean-op='OR'><rule id='q'><expression id='a' attribute='none' operation='defined'/></rule>"
          "<rule id='p'><expression id='b' attribute='site' operation='defined'/></rule></rule>", true },
    };

    check_rows(*state, rows, G_N_ELEMENTS(rows));
}

static void
an_expression_without_attribute_is_an_error_and_fails(void **state)
{
    struct world *w = *state;

    assert_false(passes(w, E("operation='defined'")));
    assert_false(passes(w, E("attribute='site'")));
    assert_int_equal(w->errors, 2);
}

static void
date_ranges_include_their_ends_as_the_table_says(void **state)
{
    static const struct row rows[] = {
        { D("operation='lt' end='2022-05-05 10:20:30Z'"), false },
        { D("operation='lt' end='2022-05-05 10:20:31Z'"), true },
        { D("operation='gt' start='2022-05-05 10:20:30Z'"), false },
        { D("operation='gt' start='2022-05-05 10:20:29Z'"), true },
        { D("operation='in_range' end='2022-05-05 10:20:30Z'"), true },
        { D("operation='in_range' start='2022-05-05 10:20:30Z'"), true },
        { D("operation='in_range' end='2022-05-05 10:20:29Z'"), false },
        { D("end='2022-05-06'"), true },
        { D("operation='in_range'"), false },
        { D("operation='in_range' start='nonsense'"), false },
        { D("operation='gt' end='2030-01-01'"), false },
        { D("operation='whenever' end='2030-01-01'"), false },
        { "<rule id='r'><date_expression id='d' operation='in_range' start='2022-05-05 10:20:00Z'>"
          "<duration id='u' seconds='30'/></date_expression></rule>", true },
        { "<rule id='r'><date_expression id='d' operation='in_range' start='2022-05-05 10:20:00Z'>"
          "<duration id='u' seconds='29'/></date_expression></rule>", false },
        { "<rule id='r'><date_expression id='d' operation='in_range' start='2022-03-31 00:00:00Z'>"
          "<duration id='u' months='1'/></date_expression></rule>", false },
    };

    check_rows(*state, rows, G_N_ELEMENTS(rows));
}

static void
the_next_change_of_a_range_is_reported(void **state)
{
    struct world *w = *state;
    int64_t now = 1651746030;

    passes(w, D("operation='in_range' start='2022-05-05 10:30:00Z'"));
    assert_int_equal(w->next_change, now + 570);
    passes(w, D("operation='in_range' end='2022-05-05 10:20:40Z'"));
    assert_int_equal(w->next_change, now + 11);
    passes(w, D("operation='gt' start='2022-05-05 10:20:40Z'"));
    assert_int_equal(w->next_change, now + 11);
    passes(w, D("operation='lt' end='2022-05-05 10:20:40Z'"));
    assert_int_equal(w->next_change, now + 10);
    passes(w, S("hours='10'"));
    assert_int_equal(w->next_change, 0);
}

static void
date_specs_match_parts_of_now(void **state)
{
    static const struct row rows[] = {
        { S("hours='10'"), true },        { S("hours='9-11'"), true },     { S("hours='11-'"), false },
        { S("hours='-10'"), true },       { S("hours='22-6'"), false },    { S("hours='abc'"), true },
        { S("years='2022'"), true },      { S("months='5'"), true },       { S("months='6'"), false },
        { S("monthdays='5'"), true },     { S("weekdays='4'"), true },     { S("weekdays='1-3'"), false },
        { S("weeks='18'"), true },        { S("weekyears='2022'"), true }, { S("yeardays='125'"), true },
        { S("minutes='20'"), true },      { S("seconds='30'"), true },     { S("seconds='31'"), false },
        { S("moon='1'"), true },          { S("moon='2'"), false },        { S(""), true },
        { S("hours='10' months='6'"), false },
    };

    check_rows(*state, rows, G_N_ELEMENTS(rows));
}

static void
the_moon_of_a_day_of_may_2022_is_1(void **state)
{
    assert_int_equal(date_moon_phase(2022, 125), 1);
}

/* --- resource and operation expressions --- */

static bool
passes_for(const char *text, const char *cls, const char *provider, const char *type, const char *op, guint interval)
{
    struct rule_context ctx = { .has_rsc = cls != NULL, .rsc_class = cls, .rsc_provider = provider, .rsc_type = type,
                                .op_name = op, .op_interval_ms = interval };
    xmlNode *xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    bool result = rule_passes(xml, &ctx);

    xml_free(xml);
    return result;
}

static void
a_missing_provider_matches_only_agents_without_one(void **state)
{
    const char *cls = "<rule id='r'><rsc_expression id='e' class='ocf'/></rule>";
    const char *both = "<rule id='r'><rsc_expression id='e' class='ocf' provider='pacemaker'/></rule>";

    assert_false(passes_for(cls, "ocf", "pacemaker", "Dummy", NULL, 0));
    assert_true(passes_for(both, "ocf", "pacemaker", "Dummy", NULL, 0));
    assert_true(passes_for(cls, "ocf", NULL, "Dummy", NULL, 0));
    assert_false(passes_for(both, NULL, NULL, NULL, NULL, 0));
}

static void
operation_expressions_match_name_and_interval(void **state)
{
    const char *monitor = "<rule id='r'><op_expression id='e' name='monitor' interval='10'/></rule>";

    assert_true(passes_for(monitor, NULL, NULL, NULL, "monitor", 10000));
    assert_false(passes_for(monitor, NULL, NULL, NULL, "monitor", 20000));
    assert_false(passes_for(monitor, NULL, NULL, NULL, "start", 10000));
    assert_false(passes_for("<rule id='r'><op_expression id='e' interval='10'/></rule>", NULL, NULL, NULL, "monitor", 10000));
    assert_false(passes_for("<rule id='r'><op_expression id='e' name='monitor' interval='x'/></rule>", NULL, NULL, NULL,
                            "monitor", 0));
}

/* --- sets --- */

static const char *
value_of(struct world *w, const char *text, const char *name, unsigned flags)
{
    struct rule_context ctx = { .now = &w->now };
    struct nvtable *t = nvtable_new(w->arena);
    xmlNode *xml = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    const char *value;

    assert_non_null(xml);
    nvsets_read(xml, "set", &ctx, "first", flags, t);
    value = nvtable_get(t, name);
    if (value != NULL) {
        value = arena_strdup(w->arena, value);
    }
    xml_free(xml);
    return value;
}

static void
the_highest_score_wins_then_the_later_set(void **state)
{
    struct world *w = *state;
    const char *sets = "<x><set id='1' score='5'><nvpair id='a' name='foo' value='a'/></set>"
                       "<set id='2' score='1'><nvpair id='b' name='foo' value='b'/></set>"
                       "<set id='3' score='5'><nvpair id='c' name='foo' value='c'/></set></x>";
    const char *plain = "<x><set id='1'><nvpair id='a' name='foo' value='first'/></set>"
                        "<set id='2'><nvpair id='b' name='foo' value='second'/></set></x>";

    assert_string_equal(value_of(w, sets, "foo", NVSET_NORMAL), "c");
    assert_string_equal(value_of(w, sets, "foo", NVSET_OVERWRITE), "b");
    assert_string_equal(value_of(w, plain, "foo", NVSET_NORMAL), "second");
}

static void
the_special_set_beats_any_score(void **state)
{
    assert_string_equal(value_of(*state, "<x><set id='1' score='100'><nvpair id='a' name='foo' value='a'/></set>"
                                         "<set id='first'><nvpair id='b' name='foo' value='b'/></set></x>",
                                 "foo", NVSET_NORMAL), "b");
}

static void
default_takes_back_what_a_set_before_gave(void **state)
{
    assert_null(value_of(*state, "<x><set id='1' score='5'><nvpair id='a' name='foo' value='a'/></set>"
                                 "<set id='2' score='1'><nvpair id='b' name='foo' value='#Default'/></set></x>",
                         "foo", NVSET_NORMAL));
}

static void
sets_whose_rule_fails_are_skipped(void **state)
{
    assert_null(value_of(*state, "<x><set id='1'><rule id='r'><date_expression id='d' operation='lt' end='2000-01-01'/></rule>"
                                 "<nvpair id='a' name='foo' value='a'/></set></x>", "foo", NVSET_NORMAL));
}

static void
a_reference_stands_for_its_target(void **state)
{
    assert_string_equal(value_of(*state, "<x><y><set id='1'><nvpair id='a' name='foo' value='a'/></set></y>"
                                         "<set id-ref='1'/></x>", "foo", NVSET_NORMAL), "a");
    assert_null(value_of(*state, "<x><set id-ref='nothing'/></x>", "foo", NVSET_NORMAL));
}

static void
a_table_finds_its_names_however_many_there_are(void **state)
{
    struct world *w = *state;
    struct nvtable *t = nvtable_new(w->arena);

    for (int i = 0; i < 1000; i++) {
        nvtable_add(t, arena_printf(w->arena, "name%d", i), arena_printf(w->arena, "value%d", i));
    }
    nvtable_remove(t, "name500");
    assert_null(nvtable_get(t, "name500"));
    assert_string_equal(nvtable_get(t, "name501"), "value501");
    nvtable_add(t, "name501", "other");
    assert_string_equal(nvtable_get(t, "name501"), "value501");
    nvtable_set(t, "name500", "again");
    assert_string_equal(nvtable_get(t, "name500"), "again");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_world, free_world)
    const struct CMUnitTest tests[] = {
        T(node_expressions_compare_as_the_table_says),
        T(a_rule_without_expressions_passes_if_it_is_and_only),
        T(or_needs_one_and_needs_all),
        T(an_expression_without_attribute_is_an_error_and_fails),
        T(date_ranges_include_their_ends_as_the_table_says),
        T(the_next_change_of_a_range_is_reported),
        T(date_specs_match_parts_of_now),
        T(the_moon_of_a_day_of_may_2022_is_1),
        T(a_missing_provider_matches_only_agents_without_one),
        T(operation_expressions_match_name_and_interval),
        T(the_highest_score_wins_then_the_later_set),
        T(the_special_set_beats_any_score),
        T(default_takes_back_what_a_set_before_gave),
        T(sets_whose_rule_fails_are_skipped),
        T(a_reference_stands_for_its_target),
        T(a_table_finds_its_names_however_many_there_are),
    };

    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
