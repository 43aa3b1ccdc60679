/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writers: what lists, sections and elements become in text and XML, and how options are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/output/output.h"
#include "lib/output/tool.h"

#include <glib/gstdio.h>
#include <string.h>

/* Let `write` print in a format; returns what came out (g_free). */
static char *
printed(enum output_format format, unsigned flags, void (*write)(struct output *out))
{
    g_autofree char *path = NULL;
    char *text = NULL;
    int rc = 0;
    int fd = g_file_open_tmp("test-output-XXXXXX", &path, NULL);
    struct output_config config = { .format = format, .flags = flags, .dest = path, .request = "tool 'a b'" };
    struct output *out = output_open(&config, &rc);

    assert_int_equal(rc, 0);
    write(out);
    output_finish(out, 0);
    output_close(out);
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_unlink(path);
    g_close(fd, NULL);
    return text;
}

static void
two_sections(struct output *out)
{
    output_begin_section(out, "First");
    output_item(out, "Label", "one");
    output_begin_list(out, "Inner");
    output_item(out, NULL, "two");
    output_end_list(out);
    output_end_list_unless_empty(out);
    output_begin_section(out, "Empty");
    output_begin_list(out, "Nothing in here");
    output_end_list_unless_empty(out);
    output_end_list_unless_empty(out);
    output_begin_section(out, "Second");
    output_item(out, NULL, "three");
    output_end_list(out);
}

static void
an_empty_section_leaves_no_trace_not_even_its_blank_line(void **state)
{
    g_autofree char *text = printed(OUTPUT_TEXT, OUTPUT_FANCY, two_sections);

    assert_string_equal(text, "First:\n  * Label: one\n  * Inner:\n    * two\n\nSecond:\n  * three\n");
}

static void
plain_text_has_neither_titles_nor_labels_nor_bullets(void **state)
{
    g_autofree char *text = printed(OUTPUT_TEXT, 0, two_sections);

    assert_string_equal(text, "one\ntwo\n\nthree\n");
}

static void
counted(struct output *out)
{
    output_begin_counted_list(out, "thing", "things", "Things");
    output_item(out, NULL, "a");
    output_end_list(out);
}

static void
a_counted_list_ends_with_its_number_in_text_and_has_it_as_attribute_in_xml(void **state)
{
    g_autofree char *text = printed(OUTPUT_TEXT, OUTPUT_FANCY, counted);
    g_autofree char *xml = printed(OUTPUT_XML, 0, counted);

    assert_string_equal(text, "Things:\n  * a\n1 thing found\n");
    assert_non_null(strstr(xml, "  <list name=\"things\" count=\"1\">\n    <item>a</item>\n  </list>\n"));
}

static void
elements(struct output *out)
{
    output_open_element(out, "outer", "a", "x<\"&>\n", "absent", NULL, NULL);
    output_open_plain(out, "dropped");
    assert_false(output_close_element_unless_empty(out));
    output_close_element(out);
    output_text_element(out, "text", "1 < 2 & \"q\"", NULL);
    output_xml_text(out, "xml", "<a>]]></a>");
    output_element(out, "latin", "v", "\xc3\xa9", NULL);
}

static void
xml_escapes_what_it_must_and_drops_elements_that_stayed_empty(void **state)
{
    g_autofree char *xml = printed(OUTPUT_XML, 0, elements);

    assert_string_equal(xml, "<pacemaker-result api-version=\"2.25\" request=\"tool 'a b'\">\n"
                             "  <outer a=\"x&lt;&quot;&amp;&gt;&#10;\"/>\n"
                             "  <text>1 &lt; 2 &amp; \"q\"</text>\n"
                             "  <xml><![CDATA[<a>]]]]><![CDATA[></a>]]></xml>\n"
                             "  <latin v=\"&#xE9;\"/>\n"
                             "  <status code=\"0\" message=\"OK\"/>\n"
                             "</pacemaker-result>\n");
}

static void
status_of_nodes(struct output *out)
{
    output_open_plain(out, "nodes");
    output_element(out, "node", "name", "12", "online", "true", "resources_running", "3", NULL);
    output_close_element(out);
    output_open_element(out, "ban", "weight", "-INFINITY", "resource", "a\"\\\xc3\xa9", NULL);
    output_close_element(out);
    output_open_element(out, "list", "name", "things", NULL);
    output_text_element(out, "item", "one", NULL);
    output_close_element(out);
    output_xml_text(out, "xml", "<a/>");
    output_error(out, "it broke");
}

static void
json_is_the_xml_document_with_arrays_where_there_may_be_many_and_numbers_where_there_are_numbers(void **state)
{
    g_autofree char *json = printed(OUTPUT_JSON, 0, status_of_nodes);

    assert_string_equal(json, "{\n"
                              "  \"api-version\": \"2.25\",\n"
                              "  \"request\": \"tool 'a b'\",\n"
                              "  \"nodes\": [\n"
                              "    {\n"
                              "      \"element\": \"node\",\n"
                              "      \"name\": \"12\",\n"
                              "      \"online\": true,\n"
                              "      \"resources_running\": 3\n"
                              "    }\n"
                              "  ],\n"
                              "  \"ban\": [\n"
                              "    {\n"
                              "      \"weight\": \"-INFINITY\",\n"
                              "      \"resource\": \"a\\\"\\\\\xc3\xa9\"\n"
                              "    }\n"
                              "  ],\n"
                              "  \"list\": {\n"
                              "    \"name\": \"things\",\n"
                              "    \"items\": [\n"
                              "      {\n"
                              "        \"element\": \"item\",\n"
                              "        \"text\": \"one\"\n"
                              "      }\n"
                              "    ]\n"
                              "  },\n"
                              "  \"xml\": \"<a/>\",\n"
                              "  \"status\": {\n"
                              "    \"code\": 0,\n"
                              "    \"message\": \"OK\",\n"
                              "    \"errors\": [\n"
                              "      \"it broke\"\n"
                              "    ]\n"
                              "  }\n"
                              "}\n");
}

static void
an_error(struct output *out)
{
    output_error(out, "it broke");
    output_info(out, "not shown");
}

static void
xml_collects_errors_below_the_status_and_drops_messages(void **state)
{
    g_autofree char *xml = printed(OUTPUT_XML, 0, an_error);

    assert_non_null(strstr(xml, "  <status code=\"0\" message=\"OK\">\n    <errors>\n      <error>it broke</error>\n"
                                "    </errors>\n  </status>\n"));
    assert_null(strstr(xml, "not shown"));
}

static void
html_nests_lists_in_items_and_takes_empty_ones_back(void **state)
{
    g_autofree char *html = printed(OUTPUT_HTML, 0, two_sections);

    assert_non_null(strstr(html, "<h2>First</h2>\n<ul>\n<li>Label: one</li>\n<li>\n<h3>Inner</h3>\n<ul><li>two</li></ul>\n"));
    assert_null(strstr(html, "Empty"));
    assert_null(strstr(html, "Nothing"));
}

/* --- options --- */

static struct {
    char *value;
    gboolean flag;
} options;

/* Read a command line of a tool whose option -x takes a value and -f does not. */
static bool
parse(struct tool *t, char **argv)
{
    const GOptionEntry entries[] = {
        { "value", 'x', 0, G_OPTION_ARG_STRING, &options.value, "", "V" },
        { "flag", 'f', 0, G_OPTION_ARG_NONE, &options.flag, "", NULL },
        { NULL },
    };

    memset(&options, 0, sizeof(options));
    tool_init(t, argv, TOOL_OUTPUT, "x", NULL, "A test", NULL);
    tool_add_options(t, entries);
    return tool_parse(t);
}

static void
a_value_may_be_glued_to_its_letter_or_look_like_an_option(void **state)
{
    struct tool t;

    assert_true(parse(&t, (char *[]){ (char *)"tool", (char *)"-fxvalue", NULL }));
    assert_string_equal(options.value, "value");
    assert_true(options.flag);
    tool_exit(&t, NULL, 0);

    assert_true(parse(&t, (char *[]){ (char *)"tool", (char *)"-fx", (char *)"-f9", NULL }));
    assert_string_equal(options.value, "-f9");
    tool_exit(&t, NULL, 0);
}

static void
negative_numbers_and_words_behind_two_dashes_are_no_options(void **state)
{
    struct tool t;

    assert_true(parse(&t, (char *[]){ (char *)"tool", (char *)"word", (char *)"--", (char *)"-f", NULL }));
    assert_false(options.flag);
    assert_int_equal(t.argc, 3); /* the dashes themselves are no word */
    assert_string_equal(t.argv[2], "-f");
    tool_exit(&t, NULL, 0);
}

static void
the_request_is_quoted_where_a_word_has_blanks(void **state)
{
    struct tool t;

    assert_true(parse(&t, (char *[]){ (char *)"/a/tool", (char *)"b c'd", (char *)"e", NULL }));
    assert_string_equal(t.request, "/a/tool 'b c\\'d' e");
    assert_string_equal(t.name, "tool");
    tool_exit(&t, NULL, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_section_leaves_no_trace_not_even_its_blank_line),
        cmocka_unit_test(plain_text_has_neither_titles_nor_labels_nor_bullets),
        cmocka_unit_test(a_counted_list_ends_with_its_number_in_text_and_has_it_as_attribute_in_xml),
        cmocka_unit_test(xml_escapes_what_it_must_and_drops_elements_that_stayed_empty),
        cmocka_unit_test(json_is_the_xml_document_with_arrays_where_there_may_be_many_and_numbers_where_there_are_numbers),
        cmocka_unit_test(xml_collects_errors_below_the_status_and_drops_messages),
        cmocka_unit_test(html_nests_lists_in_items_and_takes_empty_ones_back),
        cmocka_unit_test(a_value_may_be_glued_to_its_letter_or_look_like_an_option),
        cmocka_unit_test(negative_numbers_and_words_behind_two_dashes_are_no_options),
        cmocka_unit_test(the_request_is_quoted_where_a_word_has_blanks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
