/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of local IPC messages: round trips, limits, and what a receiver refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_access.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

/* Header and payload as they would travel. */
static GByteArray *
encoded(struct ipc_payload *p, int32_t id, uint32_t flags)
{
    GByteArray *bytes = g_byte_array_new();
    unsigned char header[IPC_HEADER_SIZE];
    size_t len;
    const void *data = ipc_payload_data(p, &len);

    ipc_payload_header(p, id, flags, header);
    g_byte_array_append(bytes, header, sizeof(header));
    g_byte_array_append(bytes, data, (guint)len);
    return bytes;
}

static struct ipc_payload *
payload_of(const char *text, uint32_t limit)
{
    struct ipc_payload *p = NULL;

    assert_int_equal(ipc_payload_take_text(g_string_new(text), limit, &p), RC_OK);
    return p;
}

static GByteArray *
message_of(const char *text, uint32_t limit)
{
    g_autoptr(ipc_payload) p = payload_of(text, limit);

    return encoded(p, 7, IPC_WANTS_RESPONSE);
}

/* A text that bzip2 cannot shrink below its size. */
static GString *
noise(size_t len)
{
    GString *s = g_string_sized_new(len);
    uint32_t x = 2463534242u;

    while (s->len < len) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        g_string_append_c(s, (char)(1 + x % 255));
    }
    return s;
}

static void
the_header_has_the_layout_of_the_specification(void **state)
{
    static const unsigned char expected[] = {
        7,   0,   0,   0,   0, 0, 0, 0, /* id, pad */
        45,  0,   0,   0,   0, 0, 0, 0, /* size, pad */
        0,   0,   0,   0,   0, 0, 0, 0, /* error, pad */
        5,   0,   0,   0,               /* uncompressed, with NUL */
        0,   0,   0,   0,               /* compressed */
        0,   2,   0,   0,               /* flags */
        1,   0,   0,   0,               /* version, pad */
        '<', 'a', '/', '>', 0,
    };
    g_autoptr(GByteArray) m = message_of("<a/>", IPC_BUFFER_DEFAULT);

    assert_int_equal(m->len, sizeof(expected));
    assert_memory_equal(m->data, expected, sizeof(expected));
}

static void
a_plain_message_survives_the_round_trip(void **state)
{
    g_autoptr(GByteArray) m = message_of("<a b=\"c\"/>", IPC_BUFFER_DEFAULT);
    struct ipc_text t;

    assert_int_equal(ipc_text_decode(m->data, m->len, &t), RC_OK);
    assert_string_equal(t.text, "<a b=\"c\"/>");
    assert_int_equal(t.len, 10);
    assert_int_equal(t.header.id, 7);
    assert_int_equal(t.header.flags, IPC_WANTS_RESPONSE);
    assert_null(t.owned);
}

static void
a_message_is_plain_below_the_limit_and_compressed_from_it_on(void **state)
{
    g_autofree char *text = g_strnfill(1000, 'x');
    uint32_t whole = IPC_HEADER_SIZE + 1001;
    g_autoptr(GByteArray) plain = message_of(text, whole + 1);
    g_autoptr(GByteArray) packed = message_of(text, whole);
    struct ipc_text t;

    assert_int_equal(plain->len, whole);
    assert_true(packed->len < whole);
    assert_memory_equal(packed->data + IPC_HEADER_SIZE, "BZh4", 4);
    assert_int_equal(ipc_text_decode(packed->data, packed->len, &t), RC_OK);
    assert_int_equal(t.header.flags, IPC_WANTS_RESPONSE | IPC_COMPRESSED);
    assert_string_equal(t.text, text);
    ipc_text_clear(&t);
}

static void
what_does_not_fit_even_compressed_is_refused(void **state)
{
    struct ipc_payload *p;

    assert_int_equal(ipc_payload_take_text(noise(40000), 20000, &p), EMSGSIZE);
    assert_null(p);
}

static void
a_newer_version_is_refused_and_an_older_one_accepted(void **state)
{
    g_autoptr(GByteArray) m = message_of("<a/>", IPC_BUFFER_DEFAULT);
    struct ipc_text t;

    m->data[36] = 2;
    assert_int_equal(ipc_text_decode(m->data, m->len, &t), EBADMSG);
    m->data[36] = 0;
    assert_int_equal(ipc_text_decode(m->data, m->len, &t), RC_OK);
}

static void
every_shorter_prefix_of_a_message_is_refused(void **state)
{
    g_autofree char *text = g_strnfill(400, 'x');
    g_autoptr(GByteArray) plain = message_of("<a/>", IPC_BUFFER_DEFAULT);
    g_autoptr(GByteArray) packed = message_of(text, 200);
    struct ipc_text t;

    for (guint len = 0; len < plain->len; len++) {
        assert_int_not_equal(ipc_text_decode(plain->data, len, &t), RC_OK);
    }
    for (guint len = 0; len < packed->len; len++) {
        assert_int_not_equal(ipc_text_decode(packed->data, len, &t), RC_OK);
    }
}

static void
a_text_without_its_nul_is_refused(void **state)
{
    g_autoptr(GByteArray) m = message_of("<a/>", IPC_BUFFER_DEFAULT);
    struct ipc_text t;

    m->data[m->len - 1] = 'x';
    assert_int_equal(ipc_text_decode(m->data, m->len, &t), EBADMSG);
}

static void
sizes_that_lie_are_refused(void **state)
{
    g_autofree char *text = g_strnfill(400, 'x');
    uint32_t lie;
    struct ipc_text t;

    static const uint32_t lies[] = { 0, 6, 1000, 0x7fffffff, 0xffffffff };
    for (unsigned i = 0; i < G_N_ELEMENTS(lies); i++) {
        g_autoptr(GByteArray) plain = message_of("<a/>", IPC_BUFFER_DEFAULT);
        g_autoptr(GByteArray) packed = message_of(text, 200);

        lie = lies[i];
        memcpy(plain->data + 24, &lie, 4);
        assert_int_not_equal(ipc_text_decode(plain->data, plain->len, &t), RC_OK);
        memcpy(packed->data + 24, &lie, 4);
        assert_int_not_equal(ipc_text_decode(packed->data, packed->len, &t), RC_OK);
    }
}

static void
buffer_sizes_follow_the_environment(void **state)
{
    static const struct {
        const char *value;
        uint32_t size;
    } table[] = {
        { NULL, 131072 }, { "", 131072 }, { "junk", 131072 }, { "0", 131072 },
        { "-5", 131072 }, { "1", 12336 }, { "12336", 12336 }, { "300000", 300000 },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        assert_int_equal(ipc_buffer_size_from(table[i].value), table[i].size);
    }
}

static void
a_request_runs_with_the_rights_of_its_user(void **state)
{
    static const struct {
        const char *own_user, *peer, *requested, *result;
    } table[] = {
        { "bob", "root", "alice", "bob" },
        { NULL, NULL, "alice", "alice" },
        { NULL, NULL, NULL, "self" },
        { NULL, "eve", "root", "eve" },
        { NULL, "eve", NULL, "eve" },
        { NULL, "root", "alice", "alice" },
        { NULL, DAEMON_USER, "alice", "alice" },
        { NULL, "root", NULL, "root" },
        { NULL, DAEMON_USER, NULL, DAEMON_USER },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        assert_string_equal(
            access_effective_user(table[i].own_user, "self", table[i].peer, table[i].requested),
            table[i].result);
    }
}

static void
a_request_has_its_attributes_in_the_order_of_the_specification(void **state)
{
    struct ctl_refs refs = { .now = 1795316112, .counter = 1 };
    struct ctl_request r = {
        .task = CRM_TASK_PING,
        .sys_to = SYS_CRMD,
        .sys_from = "crmadmin",
        .client_uuid = "1877",
        .host_to = "n2",
    };
    g_autoptr(xmlNode) request = ctl_request_new(&refs, &r);
    g_autofree char *text = xml_to_text(request, XML_TEXT_PLAIN);

    assert_string_equal(
        text, "<request origin=\"ping\" t=\"crmd\" version=\"3.16.1\" subt=\"request\" "
              "reference=\"ping-crmadmin-1795316112-1\" crm_task=\"ping\" crm_sys_to=\"crmd\" "
              "crm_sys_from=\"1877_crmadmin\" crm_host_to=\"n2\"/>");
    assert_int_equal(refs.counter, 2);
}

static void
a_reply_goes_back_where_the_request_came_from(void **state)
{
    static const char text[] =
        "<r crm_task=\"ping\" subt=\"request\" reference=\"r1\" crm_sys_to=\"crmd\" "
        "crm_sys_from=\"me\" src=\"n1\"/>";
    g_autoptr(xmlNode) request = xml_parse(text, sizeof(text) - 1, XML_PARSE_LENIENT, NULL);
    g_autoptr(xmlNode) data = xml_new(NULL, XML_PING_RESPONSE);
    g_autoptr(xmlNode) reply = ctl_reply_new(request, data);

    assert_string_equal(xml_get(reply, F_SUBTYPE), SUBTYPE_RESPONSE);
    assert_string_equal(xml_get(reply, F_REFERENCE), "r1");
    assert_string_equal(xml_get(reply, F_CRM_SYS_TO), "me");
    assert_string_equal(xml_get(reply, F_CRM_SYS_FROM), "crmd");
    assert_string_equal(xml_get(reply, F_CRM_HOST_TO), "n1");
    assert_true(xml_is(msg_data(reply, F_CRM_XML), XML_PING_RESPONSE));
    assert_true(ctl_is_reply(reply));
}

static void
data_can_be_moved_into_a_message_instead_of_copied(void **state)
{
    g_autoptr(xmlNode) msg = xml_new(NULL, "request");
    xmlNode *data = xml_new(NULL, "data");

    xml_set(data, "a", "b");
    msg_take_data(msg, F_CRM_XML, data);
    assert_ptr_equal(msg_data(msg, F_CRM_XML), data);
    assert_string_equal(xml_get(data, "a"), "b");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_has_the_layout_of_the_specification),
        cmocka_unit_test(a_plain_message_survives_the_round_trip),
        cmocka_unit_test(a_message_is_plain_below_the_limit_and_compressed_from_it_on),
        cmocka_unit_test(what_does_not_fit_even_compressed_is_refused),
        cmocka_unit_test(a_newer_version_is_refused_and_an_older_one_accepted),
        cmocka_unit_test(every_shorter_prefix_of_a_message_is_refused),
        cmocka_unit_test(a_text_without_its_nul_is_refused),
        cmocka_unit_test(sizes_that_lie_are_refused),
        cmocka_unit_test(buffer_sizes_follow_the_environment),
        cmocka_unit_test(a_request_runs_with_the_rights_of_its_user),
        cmocka_unit_test(a_request_has_its_attributes_in_the_order_of_the_specification),
        cmocka_unit_test(a_reply_goes_back_where_the_request_came_from),
        cmocka_unit_test(data_can_be_moved_into_a_message_instead_of_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
