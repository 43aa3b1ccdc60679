/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remote channels: messages over a pair of sockets, in clear text and under TLS, whole, in pieces and damaged (spec 20 §13, spec 50 §12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/bzip2.h"
#include "lib/base/xml.h"
#include "lib/ipc/remote_channel.h"
#include "lib/ipc/remote_key.h"

struct end {
    struct remote_channel *channel;
    GPtrArray *got; /* texts */
    bool ready, closed, free_at_message;
};

static void
on_ready(struct remote_channel *channel, void *data)
{
    ((struct end *)data)->ready = true;
}

static void
on_message(struct remote_channel *channel, xmlNode **xml, void *data)
{
    struct end *e = data;

    g_ptr_array_add(e->got, xml_to_text(*xml, XML_TEXT_PLAIN));
    if (e->free_at_message) {
        remote_channel_free(e->channel);
        e->channel = NULL;
    }
}

static void
on_closed(struct remote_channel *channel, const char *why, void *data)
{
    assert_non_null(why);
    ((struct end *)data)->closed = true;
}

static const struct remote_callbacks callbacks = { on_ready, on_message, on_closed };

static void
open_end(struct end *e, int fd, enum remote_side side, enum remote_security security)
{
    memset(e, 0, sizeof(*e));
    e->got = g_ptr_array_new_with_free_func(g_free);
    e->channel = remote_channel_new_take(fd, side, security, &callbacks, e);
    assert_non_null(e->channel);
}

static void
close_end(struct end *e)
{
    remote_channel_free(e->channel);
    g_ptr_array_free(e->got, TRUE);
}

static void
open_pair(struct end *client, struct end *server, enum remote_security security)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    open_end(client, fds[0], REMOTE_CLIENT, security);
    open_end(server, fds[1], REMOTE_SERVER, security);
}

/* Until nothing more happens. */
static void
settle(struct end *a, struct end *b)
{
    for (int quiet = 0; quiet < 3;) {
        bool any = false;

        any |= a->channel != NULL && !remote_channel_is_closed(a->channel) && remote_channel_step(a->channel, 5);
        any |= b->channel != NULL && !remote_channel_is_closed(b->channel) && remote_channel_step(b->channel, 5);
        quiet = any ? 0 : quiet + 1;
    }
}

static void
send_text(struct end *e, const char *text)
{
    assert_true(remote_channel_send_text(e->channel, text, strlen(text)));
}

static void
messages_arrive_in_order(enum remote_security security)
{
    struct end client, server;
    g_autofree char *big = g_strnfill(300000, 'x'), *long_text = g_strdup_printf("<a v=\"%s\"/>", big);

    open_pair(&client, &server, security);
    settle(&client, &server);
    assert_true(client.ready && server.ready);
    send_text(&client, "<one/>");
    send_text(&client, long_text);
    send_text(&client, "<three a=\"&lt;\"/>");
    settle(&client, &server);
    assert_int_equal(server.got->len, 3);
    assert_string_equal(g_ptr_array_index(server.got, 0), "<one/>");
    assert_string_equal(g_ptr_array_index(server.got, 1), long_text);
    assert_string_equal(g_ptr_array_index(server.got, 2), "<three a=\"&lt;\"/>");
    send_text(&server, "<back/>");
    settle(&client, &server);
    assert_int_equal(client.got->len, 1);
    assert_int_equal(remote_channel_unsent(server.channel), 0);
    close_end(&client);
    client.got = NULL;
    client.channel = NULL;
    settle(&server, &client);
    assert_true(server.closed);
    assert_false(remote_channel_send_text(server.channel, "<x/>", 4));
    close_end(&server);
}

static void
messages_arrive_in_order_in_clear_text(void **state)
{
    messages_arrive_in_order(REMOTE_CLEAR);
}

static void
messages_arrive_in_order_under_tls(void **state)
{
    messages_arrive_in_order(REMOTE_TLS_ANONYMOUS);
}

/* --- with a key --- */

/* A file with that key is where programs are told to look. */
static char *
use_key(const char *key, gssize length)
{
    char *path = NULL;
    int fd = g_file_open_tmp("remote-key-XXXXXX", &path, NULL);

    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, key, length, NULL));
    g_setenv("PCMK_authkey_location", path, TRUE);
    return path;
}

static void
forget_key(char *path)
{
    unlink(path);
    g_free(path);
    g_unsetenv("PCMK_authkey_location");
}

static void
messages_arrive_in_order_with_a_key(void **state)
{
    char key[4096];

    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (char)(i * 7); /* with zero bytes */
    }
    char *path = use_key(key, sizeof(key));

    messages_arrive_in_order(REMOTE_TLS_KEY);
    forget_key(path);
}

static void
a_key_of_one_byte_is_enough(void **state)
{
    char *path = use_key("k", 1);

    messages_arrive_in_order(REMOTE_TLS_KEY);
    forget_key(path);
}

static void
another_key_is_rejected(void **state)
{
    struct end client, server;
    char *path = use_key("the client's", -1);

    open_pair(&client, &server, REMOTE_TLS_KEY); /* the client reads its key here, the server in the handshake */
    assert_true(g_file_set_contents(path, "the server's", -1, NULL));
    settle(&client, &server);
    assert_true(server.closed && !server.ready);
    assert_true(client.closed && !client.ready);
    assert_int_equal(remote_channel_error(client.channel), EKEYREJECTED);
    close_end(&client);
    close_end(&server);
    forget_key(path);
}

static void
a_server_that_goes_away_has_not_rejected_the_key(void **state)
{
    struct end client, nobody = { NULL };
    char *path = use_key("k", 1);
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    open_end(&client, fds[0], REMOTE_CLIENT, REMOTE_TLS_KEY);
    close(fds[1]);
    settle(&client, &nobody);
    assert_true(client.closed);
    assert_int_equal(remote_channel_error(client.channel), ECONNRESET);
    close_end(&client);
    forget_key(path);
}

static void
the_key_is_the_first_file_that_is_not_empty(void **state)
{
    char *path = use_key("abc", 3);
    g_autoptr(GBytes) key = remote_key_read();

    assert_non_null(key);
    assert_int_equal(g_bytes_get_size(key), 3);
    assert_true(g_file_set_contents(path, "", 0, NULL));
    if (access("/etc/pacemaker/authkey", R_OK) != 0 && access("/etc/corosync/authkey", R_OK) != 0) {
        assert_null(remote_key_read());
    }
    forget_key(path);
}

/* --- frames by hand --- */

struct __attribute__((packed)) header {
    uint32_t marker, version;
    uint64_t id, flags;
    uint32_t total, offset, compressed, uncompressed;
};

static struct header
header_for(size_t payload)
{
    return (struct header){ .marker = 0xBADADBBD, .version = 1, .id = 1, .total = (uint32_t)(40 + payload), .offset = 40,
                            .uncompressed = (uint32_t)payload };
}

/* Feed these bytes to a server; its fate is in `server`. */
static void
feed(struct end *server, const void *data, size_t length, size_t piece, size_t limit)
{
    struct end nobody = { NULL };
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    open_end(server, fds[1], REMOTE_SERVER, REMOTE_CLEAR);
    if (limit > 0) {
        remote_channel_limit(server->channel, limit);
    }
    for (size_t at = 0; at < length && !server->closed; at += piece) {
        ssize_t n = MIN(piece, length - at);

        assert_int_equal(write(fds[0], (const char *)data + at, (size_t)n), n);
        settle(server, &nobody);
    }
    close(fds[0]);
}

static void
a_message_may_come_byte_by_byte(void **state)
{
    struct end server;
    char frame[40 + 5];
    struct header h = header_for(5);

    memcpy(frame, &h, 40);
    memcpy(frame + 40, "<a/>", 5);
    feed(&server, frame, sizeof(frame), 9, 0);
    assert_int_equal(server.got->len, 1);
    close_end(&server);
}

static void
a_peer_of_the_other_byte_order_is_understood(void **state)
{
    struct end server;
    char frame[40 + 5];
    struct header h = { .marker = GUINT32_SWAP_LE_BE(0xBADADBBDu), .version = GUINT32_SWAP_LE_BE(1), .total = GUINT32_SWAP_LE_BE(45),
                        .offset = GUINT32_SWAP_LE_BE(40), .uncompressed = GUINT32_SWAP_LE_BE(5) };

    memcpy(frame, &h, 40);
    memcpy(frame + 40, "<a/>", 5);
    feed(&server, frame, sizeof(frame), sizeof(frame), 0);
    assert_int_equal(server.got->len, 1);
    close_end(&server);
}

static void
a_compressed_message_is_expanded(void **state)
{
    struct end server;
    char plain[] = "<compressed/>", frame[40 + 700];
    unsigned packed = 700;
    struct header h;

    assert_int_equal(bzip2_compress(frame + 40, &packed, plain, sizeof(plain), 5, 30), BZ_OK);
    h = header_for(packed);
    h.compressed = packed;
    h.uncompressed = sizeof(plain);
    memcpy(frame, &h, 40);
    feed(&server, frame, 40 + packed, 40 + packed, 0);
    assert_int_equal(server.got->len, 1);
    assert_string_equal(g_ptr_array_index(server.got, 0), "<compressed/>");
    close_end(&server);
}

static void
what_is_no_message_ends_the_connection(void **state)
{
    struct header bad[] = { header_for(5), header_for(5), header_for(5), header_for(5), header_for(5) };

    bad[0].marker = 0x12345678;
    bad[1].total = 0xFFFFFFFF;
    bad[2].offset = 4;
    bad[3].total = 39;
    bad[4].compressed = 0x7FFFFFFF;
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        struct end server;
        char frame[40 + 5];

        memcpy(frame, &bad[i], 40);
        memcpy(frame + 40, "<a/>", 5);
        feed(&server, frame, sizeof(frame), sizeof(frame), 0);
        assert_true(server.closed);
        assert_int_equal(server.got->len, 0);
        close_end(&server);
    }
}

static void
a_message_over_the_limit_is_not_waited_for(void **state)
{
    struct end server;
    struct header h = header_for(5000);

    feed(&server, &h, sizeof(h), sizeof(h), 4096);
    assert_true(server.closed);
    close_end(&server);
}

static void
the_owner_may_free_it_from_a_callback(void **state)
{
    struct end client, server;

    open_pair(&client, &server, REMOTE_CLEAR);
    server.free_at_message = true;
    settle(&client, &server);
    send_text(&client, "<one/>");
    send_text(&client, "<two/>");
    settle(&client, &server);
    assert_int_equal(server.got->len, 1);
    assert_true(client.closed);
    close_end(&client);
    close_end(&server);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_arrive_in_order_in_clear_text),
        cmocka_unit_test(messages_arrive_in_order_under_tls),
        cmocka_unit_test(messages_arrive_in_order_with_a_key),
        cmocka_unit_test(a_key_of_one_byte_is_enough),
        cmocka_unit_test(another_key_is_rejected),
        cmocka_unit_test(a_server_that_goes_away_has_not_rejected_the_key),
        cmocka_unit_test(the_key_is_the_first_file_that_is_not_empty),
        cmocka_unit_test(a_message_may_come_byte_by_byte),
        cmocka_unit_test(a_peer_of_the_other_byte_order_is_understood),
        cmocka_unit_test(a_compressed_message_is_expanded),
        cmocka_unit_test(what_is_no_message_ends_the_connection),
        cmocka_unit_test(a_message_over_the_limit_is_not_waited_for),
        cmocka_unit_test(the_owner_may_free_it_from_a_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
