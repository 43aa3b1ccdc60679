/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wire form of XML and the bounds of parsing, for lib/base/xml.c and xml_parse.c. */
#include "lib/base/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char *
round_trip(const char *text, unsigned flags)
{
    g_autofree char *error = NULL;
    g_autoptr(xmlNode) root = xml_parse(text, strlen(text), XML_PARSE_STRICT, &error);

    return (root == NULL) ? g_strdup(error) : xml_to_text(root, flags);
}

static void
the_wire_form_drops_text_and_keeps_attribute_order(void **state)
{
    static const struct {
        const char *in, *out;
    } TABLE[] = {
        { "<a z='1' b='2'/>", "<a z=\"1\" b=\"2\"/>" },
        { "<a>\n  <b/>\n</a>", "<a><b/></a>" },
        { "<a>text</a>", "<a></a>" },
        { "<a><!-- c --><b/></a>", "<a><!-- c --><b/></a>" },
        { "<a v='&lt;&gt;&amp;&quot;&apos;'/>", "<a v=\"&lt;&gt;&amp;&quot;&apos;\"/>" },
        { "<a v='1&#9;2&#10;3&#13;4'/>", "<a v=\"1    2\\n3\\r4\"/>" },
        { "<a v='\xc3\xa9 &lt;x'/>", "<a v=\"\xc3\xa9 &lt;x\"/>" },
        { "<a v=''/>", "<a v=\"\"/>" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(TABLE); i++) {
        g_autofree char *out = round_trip(TABLE[i].in, XML_TEXT_PLAIN);

        assert_string_equal(out, TABLE[i].out);
    }
}

static void
digests_stop_escaping_at_the_first_multibyte_character(void **state)
{
    g_autofree char *out = round_trip("<a v='&lt;\xc3\xa9 &lt;x'/>", XML_TEXT_DIGEST_QUIRK);

    assert_string_equal(out, "<a v=\"&lt;\xc3\xa9 <x\"/>");
}

static void
a_document_type_is_refused_with_its_line(void **state)
{
    g_autofree char *out = round_trip("<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY e 'x'>]><a v='&e;'/>", 0);

    assert_string_equal(out, "line 2: document type declarations and entities are not allowed");
}

static void
damaged_text_is_an_error_unless_leniency_is_asked_for(void **state)
{
    static const char TEXT[] = "<a><b v='1'/><c";
    g_autofree char *error = NULL;
    g_autoptr(xmlNode) strict = xml_parse(TEXT, strlen(TEXT), XML_PARSE_STRICT, &error);
    g_autoptr(xmlNode) lenient = xml_parse(TEXT, strlen(TEXT), XML_PARSE_LENIENT, NULL);

    assert_null(strict);
    assert_non_null(error);
    assert_non_null(lenient);
    assert_string_equal(xml_get(xml_first(lenient, "b"), "v"), "1");
}

static void
a_repeated_attribute_is_refused_or_the_first_counts(void **state)
{
    static const char TEXT[] = "<a id=\"1\" id=\"2\" v=\"3\"/>";
    g_autofree char *error = NULL, *text = NULL;
    g_autoptr(xmlNode) strict = xml_parse(TEXT, strlen(TEXT), XML_PARSE_STRICT, &error);
    g_autoptr(xmlNode) lenient = xml_parse(TEXT, strlen(TEXT), XML_PARSE_LENIENT, NULL);

    assert_null(strict);
    assert_non_null(lenient);
    text = xml_to_text(lenient, XML_TEXT_PLAIN);
    assert_string_equal(text, "<a id=\"1\" v=\"3\"/>");
}

/* What was taken in must be readable again when it is written out. */
static void
bytes_that_are_no_characters_are_refused_however_lenient(void **state)
{
    static const char *const TEXTS[] = {
        "<a><n\xff\xfe=b id=\"1\"/></a>", "<a n\xff=\"1\"/>", "<a><b v=\"x\xc3\"/></a>", "<a v=\"\x01\"/>", "<a><b v=\"\x1f\" v=\"2\"/></a>",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(TEXTS); i++) {
        g_autofree char *error = NULL;
        g_autoptr(xmlNode) root = xml_parse(TEXTS[i], strlen(TEXTS[i]), XML_PARSE_LENIENT, &error);

        if (root != NULL) {
            g_autofree char *text = xml_to_text(root, XML_TEXT_PLAIN);
            g_autoptr(xmlNode) again = xml_parse(text, strlen(text), XML_PARSE_STRICT, &error);

            assert_non_null(again);
        } else {
            assert_non_null(error);
        }
    }
}

static void
very_deep_nesting_is_an_error_and_no_crash(void **state)
{
    /* Both below and above the size at which libxml2's own limits are lifted. */
    static const int DEPTHS[] = { 100000, 3000000 };

    for (size_t d = 0; d < G_N_ELEMENTS(DEPTHS); d++) {
        GString *text = g_string_new(NULL);
        g_autofree char *error = NULL;
        xmlNode *root;

        for (int i = 0; i < DEPTHS[d]; i++) {
            g_string_append(text, "<a>");
        }
        root = xml_parse(text->str, text->len, XML_PARSE_LENIENT, &error);
        assert_null(root); /* half of a configuration, written back, would be a loss */
        g_clear_pointer(&error, g_free);
        root = xml_parse(text->str, text->len, XML_PARSE_STRICT, &error);
        assert_null(root);
        assert_non_null(error);
        g_string_free(text, TRUE);
    }
}

static void
setting_an_attribute_keeps_its_place(void **state)
{
    g_autoptr(xmlNode) node = xml_new(NULL, "a");
    g_autofree char *text = NULL;

    xml_set(node, "x", "1");
    xml_set(node, "y", "2");
    xml_set(node, "x", "3");
    xml_set(node, "y", NULL);
    xml_set_int(node, "z", -4);
    text = xml_to_text(node, XML_TEXT_PLAIN);
    assert_string_equal(text, "<a x=\"3\" z=\"-4\"/>");
}

static void
a_document_type_is_skipped_where_the_caller_wants_it(void **state)
{
    static const char text[] = "<?xml version='1.0'?>\n<!DOCTYPE a SYSTEM 'ra-api-1.dtd' [<!ENTITY e 'x'>]><a v='1'/>";
    static const char entity[] = "<!DOCTYPE a [<!ENTITY e 'x'>]><a v='&e;'/>";
    g_autofree char *error = NULL;
    xmlNode *xml = xml_parse(text, strlen(text), XML_PARSE_SKIP_DOCTYPE, NULL);

    assert_non_null(xml);
    assert_string_equal(xml_get(xml, "v"), "1");
    xml_free(xml);
    assert_null(xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL));
    assert_null(xml_parse(entity, strlen(entity), XML_PARSE_SKIP_DOCTYPE, &error));
    assert_non_null(error);
}

static void
text_is_formatted_without_reading_it_exactly_as_if_it_had_been_read(void **state)
{
    static const char *const same[] = {
        "<a/>", "<a b=\"c\"/>", "<a><b/></a>", "<a x=\"/\"><b y=\"1\"><c/><d/></b><e/></a>", "<cib><x n=\"a b  c\"/></cib>",
    };
    static const char *const refused[] = {
        "", "a", "<a", "<a>", "</a>", "<a></a>", "<a/><b/>", "<a>text<b/></a>", "<a><!-- c --></a>", "<?xml version=\"1.0\"?><a/>",
        "<a b='c'/>", "<a b=\"&lt;\"/>", "<a\nb=\"c\"/>", "<a>\n<b/></a>", "<a><![CDATA[x]]></a>", "<a b=\"<\"", "<a/></a>", "<>", "<a x=\"/>\"/>",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autoptr(xmlNode) read = xml_parse(same[i], strlen(same[i]), XML_PARSE_STRICT, NULL);
        g_autofree char *want = xml_to_text(read, XML_TEXT_FORMATTED);
        g_autoptr(GString) got = g_string_new("before ");

        assert_true(xml_reformat(got, same[i], strlen(same[i])));
        assert_string_equal(got->str + strlen("before "), want);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GString) got = g_string_new("before ");

        assert_false(xml_reformat(got, refused[i], strlen(refused[i])));
        assert_string_equal(got->str, "before ");
    }
}

static void
an_element_taken_out_of_its_document_is_all_that_is_left(void **state)
{
    static const char text[] = "<a><b><c d=\"e\"/></b><f/></a>";
    xmlNode *root = xml_parse(text, strlen(text), XML_PARSE_STRICT, NULL);
    g_autoptr(xmlNode) taken = xml_take_out(xml_first(xml_first(root, "b"), NULL));
    g_autofree char *left = xml_to_text(taken, XML_TEXT_PLAIN);

    assert_string_equal(left, "<c d=\"e\"/>");
    assert_ptr_equal(xmlDocGetRootElement(taken->doc), taken);
}

static void
packed_attributes_read_change_and_write_as_plain_ones(void **state)
{
    static const char text[] = "<s><lrm_rsc_op id='i' operation=\"a b\" empty='' x='more than fifteen bytes'/><lrm_rsc_op/>"
                               "<lrm_rsc_op y='1'><in z='2'/></lrm_rsc_op><lrm_rsc_op v='&lt;'/></s>";
    static const char plain[] = "<s><lrm_rsc_op id=\"i\" operation=\"a b\" empty=\"\" x=\"more than fifteen bytes\"/><lrm_rsc_op/>"
                                "<lrm_rsc_op y=\"1\"><in z=\"2\"/></lrm_rsc_op><lrm_rsc_op v=\"&lt;\"/></s>";

    for (int how = 0; how < 5; how++) {
        g_autoptr(xmlNode) root = xml_parse(text, strlen(text), XML_PARSE_PACKED, NULL);
        g_autoptr(xmlNode) copy = NULL;
        xmlNode *op = xml_first(root, NULL);
        const char *kept = xml_get(op, "x");
        g_autofree char *out = NULL;

        assert_null(op->properties);
        assert_string_equal(xml_id(op), "i");
        assert_string_equal(xml_get(op, "operation"), "a b");
        assert_string_equal(xml_get(op, "empty"), "");
        assert_null(xml_get(op, "y"));
        switch (how) {
        case 0: break;
        case 1: copy = xml_copy(NULL, root); break;
        case 2: xml_unpack(root); break;
        case 3:
            xml_set(op, "x", "other");
            assert_string_equal(xml_get(op, "x"), "other");
            xml_set(op, "x", "more than fifteen bytes");
            break;
        default:
            copy = xml_copy(NULL, root);
            xml_copy_attrs(xml_new(copy, "to"), op);
            assert_string_equal(xml_get(xml_first(copy, "to"), "x"), kept);
            xml_free(xml_first(copy, "to"));
            break;
        }
        assert_string_equal(kept, "more than fifteen bytes");
        out = xml_to_text(copy != NULL ? copy : root, XML_TEXT_PLAIN);
        assert_string_equal(out, plain);
    }
}

static void
a_name_with_an_apostrophe_makes_no_expression(void **state)
{
    const char *unknown = NULL;
    g_autofree char *path = xml_xpath("//node[@id='%s' and @uname='%s']", "1", "a\"b");

    assert_string_equal(path, "//node[@id='1' and @uname='a\"b']");
    assert_null(xml_xpath("//node[@id='%s']", "x']|//acls|//*[@id='"));
    assert_null(xml_xpath("//node[@id='%s']", unknown));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_attributes_read_change_and_write_as_plain_ones),
        cmocka_unit_test(a_document_type_is_skipped_where_the_caller_wants_it),
        cmocka_unit_test(the_wire_form_drops_text_and_keeps_attribute_order),
        cmocka_unit_test(digests_stop_escaping_at_the_first_multibyte_character),
        cmocka_unit_test(a_document_type_is_refused_with_its_line),
        cmocka_unit_test(damaged_text_is_an_error_unless_leniency_is_asked_for),
        cmocka_unit_test(a_repeated_attribute_is_refused_or_the_first_counts),
        cmocka_unit_test(bytes_that_are_no_characters_are_refused_however_lenient),
        cmocka_unit_test(very_deep_nesting_is_an_error_and_no_crash),
        cmocka_unit_test(setting_an_attribute_keeps_its_place),
        cmocka_unit_test(text_is_formatted_without_reading_it_exactly_as_if_it_had_been_read),
        cmocka_unit_test(a_name_with_an_apostrophe_makes_no_expression),
        cmocka_unit_test(an_element_taken_out_of_its_document_is_all_that_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
