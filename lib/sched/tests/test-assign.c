/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Placement: the worked examples of spec 41 §20 as tables.  Three nodes n1 n2 n3; a CIB is put together from resources,
 * constraints and a list of what is active where; scores are read as "n1 n2 n3".
 */
#include "lib/sched/assign/assign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DUMMY(id)   "<primitive id='" id "' class='ocf' provider='pacemaker' type='Dummy'/>"
#define STATE(id)   "<primitive id='" id "' class='ocf' provider='pacemaker' type='Stateful'/>"
#define LOC(id, rsc, node, score) "<rsc_location id='" id "' rsc='" rsc "' node='" node "' score='" score "'/>"
#define COL(id, rsc, with, score) "<rsc_colocation id='" id "' rsc='" rsc "' with-rsc='" with "' score='" score "'/>"

struct active {
    const char *node, *rsc, *task; /* task NULL: start */
};

struct world {
    xmlNode *cib;
    struct sched *s;
};

static void
append_history(GString *text, const char *node, const struct active *active)
{
    for (; active != NULL && active->rsc != NULL; active++) {
        const char *task = active->task != NULL ? active->task : "start";

        if (strcmp(active->node, node) != 0) {
            continue;
        }
        g_string_append_printf(text,
                               "<lrm_resource id='%s' type='Dummy' class='ocf' provider='pacemaker'><lrm_rsc_op id='%s_last_0' "
                               "operation_key='%s_%s_0' operation='%s' call-id='2' rc-code='0' op-status='0' interval='0' "
                               "transition-key='1:1:0:11111111-1111-1111-1111-111111111111'/></lrm_resource>",
                               active->rsc, active->rsc, active->rsc, task, task);
    }
}

/* Attributes are transient: "n1" gets attrs[0] and so on; NULL for none. */
static struct world
place(const char *options, const char *resources, const char *constraints, const struct active *active,
      const char *const attrs[3])
{
    GString *text = g_string_new("<cib crm_feature_set='3.16.1' have-quorum='1' dc-uuid='1'><configuration><crm_config>"
                                 "<cluster_property_set id='p'><nvpair id='p1' name='stonith-enabled' value='false'/>");
    struct world w;
    char *error = NULL;

    g_string_append_printf(text, "%s</cluster_property_set></crm_config><nodes>", options);
    for (int i = 1; i <= 3; i++) {
        g_string_append_printf(text, "<node id='%d' uname='n%d'/>", i, i);
    }
    g_string_append_printf(text, "</nodes><resources>%s</resources><constraints>%s</constraints></configuration><status>",
                           resources, constraints);
    for (int i = 1; i <= 3; i++) {
        char node[3] = { 'n', (char)('0' + i), '\0' };

        g_string_append_printf(text, "<node_state id='%d' uname='%s' in_ccm='true' crmd='online' join='member' "
                                     "expected='member'><transient_attributes id='%d'><instance_attributes id='t%d'>%s"
                                     "</instance_attributes></transient_attributes><lrm id='%d'><lrm_resources>",
                               i, node, i, i, attrs != NULL && attrs[i - 1] != NULL ? attrs[i - 1] : "", i);
        append_history(text, node, active);
        g_string_append(text, "</lrm_resources></lrm></node_state>");
    }
    g_string_append(text, "</status></cib>");
    w.cib = xml_parse(text->str, text->len, XML_PARSE_STRICT, &error);
    if (w.cib == NULL) {
        fail_msg("%s in %s", error, text->str);
    }
    g_string_free(text, TRUE);
    w.s = sched_new(w.cib, 1700000000, SCHED_SCORES | SCHED_QUIET);
    sched_assign(w.s);
    return w;
}

static void
done(struct world *w)
{
    sched_free(w->s);
    xml_free(w->cib);
}

/* The last scores printed with the label: "0 50 -INFINITY". */
static void
assert_scores(const struct world *w, const char *label, const char *rsc, const char *expected)
{
    const char *scores[3] = { "-", "-", "-" };
    char *got;

    for (unsigned i = 0; i < w->s->score_records.len; i++) {
        const struct sched_score_line *r = &w->s->score_records.items[i];

        if (r->kind == SCORE_ALLOCATION && strcmp(r->function, label) == 0 && strcmp(r->rsc->id, rsc) == 0) {
            scores[r->node[1] - '1'] = score_text(r->score);
        }
    }
    got = g_strdup_printf("%s %s %s", scores[0], scores[1], scores[2]);
    if (strcmp(got, expected) != 0) {
        fail_msg("%s: %s instead of %s", rsc, got, expected);
    }
    g_free(got);
}

static void
assert_placed(const struct world *w, const char *rsc, const char *node)
{
    const struct sched_rsc *r = sched_rsc_by_id(w->s, rsc);

    assert_non_null(r);
    assert_string_equal(r->assigned != NULL ? r->assigned->uname : "none", node);
}

#define PRIMITIVE "pcmk__primitive_assign"

static void
a_mandatory_dependent_follows_its_primary(void **state)
{
    struct world w = place("", DUMMY("A") DUMMY("B"), LOC("l", "A", "n2", "50") COL("c", "B", "A", "INFINITY"), NULL, NULL);

    assert_scores(&w, PRIMITIVE, "A", "0 50 0");
    assert_scores(&w, PRIMITIVE, "B", "-INFINITY 0 -INFINITY");
    assert_placed(&w, "B", "n2");
    done(&w);
}

static void
factors_are_not_multiplied_along_a_chain(void **state)
{
    struct world w = place("", DUMMY("A") DUMMY("B") DUMMY("C"),
                           LOC("l1", "C", "n3", "1000") LOC("l2", "B", "n2", "300") COL("c1", "B", "A", "500000")
                               COL("c2", "C", "B", "500000"), NULL, NULL);

    assert_scores(&w, PRIMITIVE, "A", "0 150 500");
    assert_scores(&w, PRIMITIVE, "B", "0 300 500500");
    assert_scores(&w, PRIMITIVE, "C", "0 0 501000");
    done(&w);
}

static void
a_small_dislike_with_a_small_factor_counts_one(void **state)
{
    struct world w = place("", DUMMY("P") DUMMY("A"),
                           LOC("l1", "A", "n2", "-100") LOC("l2", "A", "n3", "100") COL("c", "A", "P", "10"), NULL, NULL);

    assert_scores(&w, PRIMITIVE, "P", "0 1 1");
    assert_scores(&w, PRIMITIVE, "A", "0 -90 100");
    done(&w);
}

static void
a_dislike_of_a_disliked_node_is_no_wish(void **state)
{
    struct world w = place("", DUMMY("P") DUMMY("A"),
                           LOC("l1", "A", "n2", "-5000") LOC("l2", "A", "n3", "100000") COL("c", "A", "P", "-1000"), NULL,
                           NULL);

    assert_scores(&w, PRIMITIVE, "P", "0 0 -100");
    assert_scores(&w, PRIMITIVE, "A", "-1000 -5000 100000");
    done(&w);
}

static void
mutual_colocation_ends(void **state)
{
    struct world w = place("", DUMMY("A") DUMMY("B"),
                           COL("c1", "A", "B", "INFINITY") COL("c2", "B", "A", "INFINITY") LOC("l1", "A", "n2", "10")
                               LOC("l2", "B", "n3", "20"), NULL, NULL);

    assert_scores(&w, PRIMITIVE, "B", "0 10 40");
    assert_scores(&w, PRIMITIVE, "A", "-INFINITY -INFINITY 40");
    done(&w);
}

static void
stickiness_of_a_group_is_the_sum_of_its_members(void **state)
{
    static const struct active active[] = { { "n1", "m1", NULL }, { "n1", "m2", NULL }, { "n1", "m3", NULL }, { 0 } };
    struct world w = place("", "<group id='g'><meta_attributes id='m'><nvpair id='m0' name='resource-stickiness' "
                               "value='100'/></meta_attributes>" DUMMY("m1") DUMMY("m2") DUMMY("m3") "</group>",
                           LOC("l", "g", "n3", "150"), active, NULL);

    assert_scores(&w, "pcmk__group_assign", "g", "0 0 150");
    assert_scores(&w, "pcmk__group_assign", "m1", "100 0 150");
    assert_scores(&w, "pcmk__group_assign", "m2", "100 0 0");
    assert_scores(&w, PRIMITIVE, "m1", "300 0 150");
    assert_scores(&w, PRIMITIVE, "m2", "200 -INFINITY -INFINITY");
    assert_scores(&w, PRIMITIVE, "m3", "100 -INFINITY -INFINITY");
    done(&w);
}

static void
an_instance_tried_twice_carries_constraints_twice(void **state)
{
    static const struct active active[] = { { "n1", "c", NULL }, { "n2", "c", NULL }, { 0 } };
    struct world w = place("", DUMMY("P") "<clone id='C'><meta_attributes id='m'><nvpair id='m0' name='clone-max' "
                               "value='2'/></meta_attributes>" DUMMY("c") "</clone>",
                           LOC("l", "P", "n3", "10") COL("k", "C", "P", "100"), active, NULL);

    assert_scores(&w, PRIMITIVE, "c:0", "1 0 200");
    assert_scores(&w, PRIMITIVE, "c:1", "0 1 -INFINITY");
    assert_placed(&w, "c:0", "n3");
    assert_placed(&w, "c:1", "n2");
    done(&w);
}

static void
promotion_scores_decide_who_is_promoted(void **state)
{
    static const struct active active[] = { { "n1", "st", NULL }, { "n2", "st", "promote" }, { "n3", "st", NULL }, { 0 } };
    static const char *const attrs[3] = { "<nvpair id='a1' name='master-st' value='10'/>",
                                          "<nvpair id='a2' name='master-st' value='5'/>",
                                          "<nvpair id='a3' name='master-st' value='5'/>" };
    struct world w = place("", "<clone id='PC'><meta_attributes id='m'><nvpair id='m0' name='promotable' value='true'/>"
                               "</meta_attributes>" STATE("st") "</clone>", "", active, attrs);

    assert_scores(&w, "pcmk__clone_allocate", "st:0", "11 0 0");
    assert_int_equal(sched_rsc_by_id(w.s, "st:0")->next_role, ROLE_PROMOTED);
    assert_int_equal(sched_rsc_by_id(w.s, "st:1")->next_role, ROLE_UNPROMOTED);
    assert_int_equal(sched_rsc_by_id(w.s, "PC")->promoted_count, 1);
    done(&w);
}

static void
interleaved_instances_stay_with_their_partners(void **state)
{
    const char *clones = "<clone id='C1'>" DUMMY("a") "</clone><clone id='C2'><meta_attributes id='m'><nvpair id='m0' "
                         "name='interleave' value='true'/></meta_attributes>" DUMMY("b") "</clone>";
    struct world w = place("", clones, LOC("l", "C1", "n2", "-INFINITY") COL("k", "C2", "C1", "INFINITY"), NULL, NULL);

    assert_scores(&w, PRIMITIVE, "b:0", "0 -INFINITY -INFINITY");
    assert_scores(&w, PRIMITIVE, "b:1", "-INFINITY -INFINITY 0");
    assert_scores(&w, PRIMITIVE, "b:2", "-INFINITY -INFINITY -INFINITY");
    assert_placed(&w, "b:2", "none");
    done(&w);
}

static void
a_rule_for_role_started_is_never_applied(void **state)
{
    struct world w = place("", DUMMY("A"), "<rsc_location id='l' rsc='A'><rule id='r' score='77' role='Started'><expression "
                                           "id='e' attribute='#uname' operation='eq' value='n3'/></rule></rsc_location>",
                           NULL, NULL);

    assert_scores(&w, PRIMITIVE, "A", "0 0 0");
    done(&w);
}

static void
exclusive_discovery_bans_the_other_nodes(void **state)
{
    struct world w = place("", DUMMY("A"),
                           "<rsc_location id='l1' rsc='A' node='n2' score='5' resource-discovery='exclusive'/>"
                           "<rsc_location id='l2' rsc='A' node='n3' score='50' resource-discovery='never'/>", NULL, NULL);

    assert_scores(&w, PRIMITIVE, "A", "-INFINITY 5 -INFINITY");
    done(&w);
}

static void
an_unmanaged_primary_draws_its_dependent(void **state)
{
    static const struct active active[] = { { "n1", "A", NULL }, { 0 } };
    struct world w = place("", "<primitive id='A' class='ocf' provider='pacemaker' type='Dummy'><meta_attributes id='m'>"
                               "<nvpair id='m0' name='is-managed' value='false'/></meta_attributes></primitive>" DUMMY("B"),
                           LOC("l", "A", "n3", "100") COL("k", "B", "A", "INFINITY"), active, NULL);

    assert_scores(&w, PRIMITIVE, "A", "INFINITY 0 100");
    assert_scores(&w, PRIMITIVE, "B", "0 -INFINITY -INFINITY");
    assert_placed(&w, "A", "n1");
    done(&w);
}

static void
failures_at_the_threshold_ban_a_node(void **state)
{
    static const struct active active[] = { { "n1", "A", NULL }, { 0 } };
    static const char *const attrs[3] = { "<nvpair id='a1' name='fail-count-A#monitor_10000' value='2'/>", NULL, NULL };
    struct world w = place("", "<primitive id='A' class='ocf' provider='pacemaker' type='Dummy'><meta_attributes id='m'>"
                               "<nvpair id='m0' name='migration-threshold' value='2'/></meta_attributes></primitive>", "",
                           active, attrs);

    assert_scores(&w, PRIMITIVE, "A", "-INFINITY 0 0");
    done(&w);
}

static void
health_words_become_scores(void **state)
{
    static const char *const attrs[3] = { "<nvpair id='a1' name='#health-disk' value='red'/>",
                                          "<nvpair id='a2' name='#health-disk' value='green'/>"
                                          "<nvpair id='a3' name='#health-cpu' value='3'/>", NULL };
    struct world w = place("<nvpair id='o1' name='node-health-strategy' value='custom'/><nvpair id='o2' "
                           "name='node-health-green' value='7'/><nvpair id='o3' name='node-health-red' value='-9'/>",
                           DUMMY("A"), "", NULL, attrs);

    assert_scores(&w, PRIMITIVE, "A", "-9 10 0");
    done(&w);
}

static void
an_invalid_option_is_reported_and_its_default_used(void **state)
{
    struct world w = place("<nvpair id='o1' name='no-quorum-policy' value='dance'/>", "", "", NULL, NULL);
    bool found = false;

    for (unsigned i = 0; i < w.s->messages.len; i++) {
        found = found
            || strcmp(w.s->messages.items[i].text,
                      "Using default value for cluster option 'no-quorum-policy' because 'dance' is invalid") == 0;
    }
    assert_true(found);
    assert_true(w.s->config_error);
    assert_int_equal(w.s->opt.no_quorum_policy, QUORUM_STOP);
    done(&w);
}

static int
compare_first_letter(const void *a, const void *b, void *data)
{
    return ((const char *)a)[0] - ((const char *)b)[0];
}

static void
sorting_keeps_the_order_of_equals(void **state)
{
    /* Of strings by their first letter only. */
    const char *items[] = { "b1", "a1", "b2", "a2", "c1", "a3", "b3" };
    const char *expected[] = { "a1", "a2", "a3", "b1", "b2", "b3", "c1" };

    sched_sort(items, G_N_ELEMENTS(items), compare_first_letter, NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(items); i++) {
        assert_string_equal(items[i], expected[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mandatory_dependent_follows_its_primary),
        cmocka_unit_test(factors_are_not_multiplied_along_a_chain),
        cmocka_unit_test(a_small_dislike_with_a_small_factor_counts_one),
        cmocka_unit_test(a_dislike_of_a_disliked_node_is_no_wish),
        cmocka_unit_test(mutual_colocation_ends),
        cmocka_unit_test(stickiness_of_a_group_is_the_sum_of_its_members),
        cmocka_unit_test(an_instance_tried_twice_carries_constraints_twice),
        cmocka_unit_test(promotion_scores_decide_who_is_promoted),
        cmocka_unit_test(interleaved_instances_stay_with_their_partners),
        cmocka_unit_test(a_rule_for_role_started_is_never_applied),
        cmocka_unit_test(exclusive_discovery_bans_the_other_nodes),
        cmocka_unit_test(an_unmanaged_primary_draws_its_dependent),
        cmocka_unit_test(failures_at_the_threshold_ban_a_node),
        cmocka_unit_test(health_words_become_scores),
        cmocka_unit_test(an_invalid_option_is_reported_and_its_default_used),
        cmocka_unit_test(sorting_keeps_the_order_of_equals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
