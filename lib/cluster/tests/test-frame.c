/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of messages between nodes: layout, round trips, and what a receiver refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/result.h"
#include "lib/cluster/cpg_frame.h"

static uint32_t
field(const GByteArray *m, unsigned at)
{
    uint32_t value;

    memcpy(&value, m->data + at, 4);
    return value;
}

static void
set_field(GByteArray *m, unsigned at, uint32_t value)
{
    memcpy(m->data + at, &value, 4);
}

static GByteArray *
message(const char *text)
{
    struct cpg_frame f = {
        .id = 3,
        .to_id = 2,
        .to = "n2",
        .to_type = CLUSTER_TYPE_CRMD,
        .from_pid = 1234,
        .from_type = CLUSTER_TYPE_CRMD,
        .from = "n1",
        .text = text,
        .text_len = (uint32_t)strlen(text),
    };

    return cpg_frame_encode(&f);
}

static void
assert_refused(const GByteArray *m)
{
    struct cpg_frame f;
    const char *reason = NULL;

    assert_int_equal(cpg_frame_decode(m->data, m->len, &f, &reason), EBADMSG);
    assert_non_null(reason);
    assert_null(f.owned);
}

static void
the_frame_has_the_layout_of_the_specification(void **state)
{
    g_autoptr(GByteArray) m = message("<a/>");

    assert_int_equal(m->len, 592 + 5);
    assert_int_equal(field(m, 0), 0);
    assert_int_equal(field(m, 8), 592 + 5);
    assert_int_equal(field(m, 16), 1);
    assert_int_equal(field(m, 24), 3);
    assert_int_equal(field(m, 28), 0);
    /* host */
    assert_int_equal(field(m, 32), 2);
    assert_int_equal(field(m, 36), 0);
    assert_int_equal(field(m, 44), CLUSTER_TYPE_CRMD);
    assert_int_equal(field(m, 48), 2);
    assert_string_equal((char *)m->data + 52, "n2");
    /* sender */
    assert_int_equal(field(m, 308), 0);
    assert_int_equal(field(m, 312), 1234);
    assert_int_equal(field(m, 320), CLUSTER_TYPE_CRMD);
    assert_int_equal(field(m, 324), 2);
    assert_string_equal((char *)m->data + 328, "n1");
    assert_int_equal(field(m, 584), 5);
    assert_int_equal(field(m, 588), 0);
    assert_string_equal((char *)m->data + 592, "<a/>");
}

static void
a_frame_survives_the_round_trip(void **state)
{
    g_autoptr(GByteArray) m = message("<a b=\"c\"/>");
    struct cpg_frame f;
    const char *reason;

    assert_int_equal(cpg_frame_decode(m->data, m->len, &f, &reason), RC_OK);
    assert_string_equal(f.text, "<a b=\"c\"/>");
    assert_int_equal(f.text_len, 10);
    assert_string_equal(f.to, "n2");
    assert_string_equal(f.from, "n1");
    assert_int_equal(f.from_pid, 1234);
    assert_int_equal(f.to_id, 2);
    assert_false(f.compressed);
    cpg_frame_clear(&f);
}

static void
texts_of_128_kib_with_their_nul_are_compressed_and_shorter_ones_not(void **state)
{
    g_autofree char *text = g_strnfill(131071, 'x');
    g_autofree char *shorter = g_strnfill(131070, 'x');
    g_autoptr(GByteArray) m = message(text);
    g_autoptr(GByteArray) plain = message(shorter);
    struct cpg_frame f;
    const char *reason;

    assert_int_equal(field(plain, 28), 0);
    assert_int_equal(field(m, 28), 1);
    assert_int_equal(field(m, 584), 131072);
    assert_int_equal(field(m, 588), m->len - 592);
    assert_memory_equal(m->data + 592, "BZh4", 4);
    assert_int_equal(cpg_frame_decode(m->data, m->len, &f, &reason), RC_OK);
    assert_true(f.compressed);
    assert_string_equal(f.text, text);
    cpg_frame_clear(&f);
}

static void
a_broadcast_names_nobody(void **state)
{
    struct cpg_frame f = { .to_type = CLUSTER_TYPE_ATTRD, .text = "<a/>", .text_len = 4 };
    g_autoptr(GByteArray) m = cpg_frame_encode(&f);

    for (unsigned at = 32; at < 308; at++) {
        assert_int_equal(m->data[at], at == 44 ? CLUSTER_TYPE_ATTRD : 0);
    }
    assert_int_equal(cpg_frame_decode(m->data, m->len, &f, &(const char *){ NULL }), RC_OK);
    assert_null(f.to);
    assert_null(f.from);
    assert_true(cpg_frame_is_for(&f, 7, "anybody"));
}

static void
a_message_is_for_whom_its_id_and_name_say(void **state)
{
    static const struct {
        uint32_t to_id;
        const char *to;
        bool result;
    } table[] = {
        { 0, NULL, true },  { 0, "", true },    { 1, NULL, true },  { 2, NULL, false },
        { 0, "n1", true },  { 0, "N1", true },  { 0, "n2", false }, { 1, "n1", true },
        { 1, "n2", false }, { 2, "n1", false },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        struct cpg_frame f = { .to_id = table[i].to_id, .to = table[i].to };

        assert_int_equal(cpg_frame_is_for(&f, 1, "n1"), table[i].result);
    }
}

static void
a_name_longer_than_its_field_is_cut(void **state)
{
    g_autofree char *name = g_strnfill(300, 'n');
    struct cpg_frame f = { .from = name, .text = "<a/>", .text_len = 4 };
    g_autoptr(GByteArray) m = cpg_frame_encode(&f);
    const char *reason;

    assert_int_equal(cpg_frame_decode(m->data, m->len, &f, &reason), RC_OK);
    assert_int_equal(strlen(f.from), CPG_FRAME_NAME_MAX);
}

static void
a_name_size_that_lies_reads_nothing_beyond_the_block(void **state)
{
    g_autoptr(GByteArray) m = message("<a/>");
    struct cpg_frame f;
    const char *reason;

    set_field(m, 324, 0xffffffff);
    assert_int_equal(cpg_frame_decode(m->data, m->len, &f, &reason), RC_OK);
    assert_string_equal(f.from, "n1");
}

static void
every_shorter_prefix_is_refused(void **state)
{
    g_autofree char *text = g_strnfill(140000, 'x');
    g_autoptr(GByteArray) plain = message("<a/>");
    g_autoptr(GByteArray) packed = message(text);

    while (plain->len > 0) {
        g_byte_array_set_size(plain, plain->len - 1);
        assert_refused(plain);
    }
    while (packed->len > 592) {
        g_byte_array_set_size(packed, packed->len - 1);
        assert_refused(packed);
    }
}

/* Each field of spec 10 §3.5 step 4, broken on its own. */
static void
a_frame_with_a_wrong_field_is_refused(void **state)
{
    static const struct {
        unsigned at;
        uint32_t value;
    } table[] = {
        { 8, 592 },                                                          /* no payload */
        { 8, 0 },   { 8, 0xffffffff }, { 8, 592 + 4 }, { 16, 0 }, { 16, 2 }, /* error */
        { 28, 1 }, /* claims to be compressed */
        { 584, 4 }, { 584, 6 },        { 584, 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GByteArray) m = message("<a/>");

        set_field(m, table[i].at, table[i].value);
        assert_refused(m);
    }
}

static void
a_text_must_end_with_exactly_one_nul(void **state)
{
    g_autoptr(GByteArray) none = message("<a/>");
    g_autoptr(GByteArray) two = message("<a/>");

    none->data[none->len - 1] = 'x';
    assert_refused(none);
    two->data[two->len - 2] = '\0';
    assert_refused(two);
}

static void
a_compressed_size_that_lies_is_refused(void **state)
{
    static const uint32_t lies[] = { 0, 1, 139999, 140002, 0x10000001, 0xffffffff };
    g_autofree char *text = g_strnfill(140000, 'x');

    for (unsigned i = 0; i < G_N_ELEMENTS(lies); i++) {
        g_autoptr(GByteArray) m = message(text);

        set_field(m, 584, lies[i]);
        assert_refused(m);
    }
}

static void
system_names_have_the_types_of_the_specification(void **state)
{
    static const struct {
        const char *name;
        int type;
    } table[] = {
        { "lrmd", 2 },       { "cib", 3 },      { "crmd", 4 },    { "dc", 4 },
        { "attrd", 5 },      { "stonithd", 6 }, { "tengine", 7 }, { "pengine", 8 },
        { "stonith-ng", 9 }, { "crm_node", 0 }, { NULL, 0 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        assert_int_equal(cluster_type_of(table[i].name), table[i].type);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_frame_has_the_layout_of_the_specification),
        cmocka_unit_test(a_frame_survives_the_round_trip),
        cmocka_unit_test(texts_of_128_kib_with_their_nul_are_compressed_and_shorter_ones_not),
        cmocka_unit_test(a_broadcast_names_nobody),
        cmocka_unit_test(a_message_is_for_whom_its_id_and_name_say),
        cmocka_unit_test(a_name_longer_than_its_field_is_cut),
        cmocka_unit_test(a_name_size_that_lies_reads_nothing_beyond_the_block),
        cmocka_unit_test(every_shorter_prefix_is_refused),
        cmocka_unit_test(a_frame_with_a_wrong_field_is_refused),
        cmocka_unit_test(a_text_must_end_with_exactly_one_nul),
        cmocka_unit_test(a_compressed_size_that_lies_is_refused),
        cmocka_unit_test(system_names_have_the_types_of_the_specification),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
