/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS sessions for remote connections.  Used by remote_channel.c.  Never blocks.  (spec 20 §13, spec 50 §12.2)
 */
#include "lib/ipc/remote_tls.h"

#include <errno.h>
#include <glib.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/library.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/ipc/remote_key.h"

enum { DH_BITS = 2048 };

/* The functions that are used, by their own names. */
#define TLS_FUNCTIONS(f)                                                                                               \
    f(gnutls_init) f(gnutls_deinit) f(gnutls_priority_set_direct)               \
        f(gnutls_credentials_set) f(gnutls_transport_set_ptr) f(gnutls_handshake) f(gnutls_record_recv)               \
            f(gnutls_record_send) f(gnutls_record_get_direction) f(gnutls_bye) f(gnutls_strerror)                     \
                f(gnutls_error_is_fatal) f(gnutls_anon_allocate_server_credentials)                                   \
                    f(gnutls_anon_allocate_client_credentials) f(gnutls_anon_set_server_known_dh_params)              \
                        f(gnutls_pk_bits_to_sec_param) f(gnutls_dh_set_prime_bits) f(gnutls_alert_send_appropriate)   \
                            f(gnutls_psk_allocate_server_credentials) f(gnutls_psk_set_server_credentials_function)   \
                                f(gnutls_psk_set_server_known_dh_params) f(gnutls_psk_allocate_client_credentials)    \
                                    f(gnutls_psk_free_client_credentials) f(gnutls_psk_set_client_credentials)

static struct {
    TLS_FUNCTIONS(LIBRARY_MEMBER)
} tls;

static const char *const symbols[] = { TLS_FUNCTIONS(LIBRARY_SYMBOL) };
LIBRARY_MATCHES(tls, symbols);

static gnutls_anon_server_credentials_t server_credentials;
static gnutls_anon_client_credentials_t client_credentials;
static gnutls_psk_server_credentials_t key_server_credentials;

struct remote_tls {
    gnutls_session_t session;
    gnutls_psk_client_credentials_t key; /* a client's copy, for the handshake */
    bool handshaking;
    int last_error;
};

/* --- the library --- */

/* Bits of the server's key exchange: 2048 unless the administrator bounds them. */
static unsigned
dh_bits(void)
{
    long long least = 0, most = 0;
    unsigned bits = DH_BITS;

    if (text_parse_int(env_option("dh_min_bits"), &least) && least > (long long)bits) {
        bits = (unsigned)MIN(least, 16384);
    }
    if (text_parse_int(env_option("dh_max_bits"), &most) && most > 0 && most < (long long)bits) {
        bits = (unsigned)MAX(most, 1024);
    }
    return bits;
}

/* A handshake wants the key; the name that the client gave means nothing to the peers either. */
static int
on_key_wanted(gnutls_session_t session, const char *user, gnutls_datum_t *key)
{
    g_autoptr(GBytes) bytes = remote_key_read();
    gsize size;

    if (bytes == NULL) {
        log_err("There is no key for Pacemaker Remote connections: refusing one");
        return -1;
    }
    size = g_bytes_get_size(bytes);
    key->data = malloc(size); /* GnuTLS frees it, whose allocator is the C library's */
    if (key->data == NULL) {
        return -1;
    }
    memcpy(key->data, g_bytes_get_data(bytes, NULL), size);
    key->size = (unsigned)size;
    return 0;
}

static bool
load_gnutls(void)
{
    static bool loaded;
    g_autofree char *error = NULL;

    if (loaded) {
        return true;
    }
    loaded = library_load("libgnutls.so.30", RTLD_NOW | RTLD_LOCAL, symbols, G_N_ELEMENTS(symbols), &tls, &error);
    if (!loaded) {
        log_err("Encrypted connections need GnuTLS: %s", error);
        return false;
    }
    tls.gnutls_anon_allocate_server_credentials(&server_credentials);
    tls.gnutls_anon_set_server_known_dh_params(server_credentials,
                                               tls.gnutls_pk_bits_to_sec_param(GNUTLS_PK_DH, dh_bits()));
    tls.gnutls_anon_allocate_client_credentials(&client_credentials);
    tls.gnutls_psk_allocate_server_credentials(&key_server_credentials);
    tls.gnutls_psk_set_server_credentials_function(key_server_credentials, on_key_wanted);
    tls.gnutls_psk_set_server_known_dh_params(key_server_credentials, tls.gnutls_pk_bits_to_sec_param(GNUTLS_PK_DH, dh_bits()));
    return true;
}

/* --- sessions --- */

/* Give the session what it proves itself with. */
static int
set_credentials(struct remote_tls *t, bool server, enum remote_trust trust)
{
    g_autoptr(GBytes) key = NULL;
    gnutls_datum_t datum;
    int rc;

    if (trust == REMOTE_TRUST_NOBODY) {
        return tls.gnutls_credentials_set(t->session, GNUTLS_CRD_ANON, server ? (void *)server_credentials : (void *)client_credentials);
    }
    if (server) {
        return tls.gnutls_credentials_set(t->session, GNUTLS_CRD_PSK, key_server_credentials);
    }
    key = remote_key_read();
    if (key == NULL) {
        return GNUTLS_E_INSUFFICIENT_CREDENTIALS;
    }
    datum.data = (unsigned char *)g_bytes_get_data(key, NULL);
    datum.size = (unsigned)g_bytes_get_size(key);
    rc = tls.gnutls_psk_allocate_client_credentials(&t->key);
    if (rc == GNUTLS_E_SUCCESS) {
        rc = tls.gnutls_psk_set_client_credentials(t->key, REMOTE_KEY_USER, &datum, GNUTLS_PSK_KEY_RAW);
    }
    return rc == GNUTLS_E_SUCCESS ? tls.gnutls_credentials_set(t->session, GNUTLS_CRD_PSK, t->key) : rc;
}

struct remote_tls *
remote_tls_new(int fd, bool server, enum remote_trust trust)
{
    const char *wish = env_option("tls_priorities");
    g_autofree char *priorities = g_strdup_printf("%s:%s", wish != NULL ? wish : "NORMAL",
                                                  trust == REMOTE_TRUST_KEY ? "+DHE-PSK:+PSK" : "+ANON-DH");
    const char *where = NULL;
    struct remote_tls *t;
    long long least = 0;
    int rc;

    if (!load_gnutls()) {
        return NULL;
    }
    t = g_new0(struct remote_tls, 1);
    t->handshaking = trust == REMOTE_TRUST_KEY;
    rc = tls.gnutls_init(&t->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
    if (rc == GNUTLS_E_SUCCESS) {
        rc = tls.gnutls_priority_set_direct(t->session, priorities, &where);
        if (rc != GNUTLS_E_SUCCESS) {
            log_err("PCMK_tls_priorities: GnuTLS does not understand '%s' (%s)", where != NULL ? where : priorities,
                    tls.gnutls_strerror(rc));
        }
    }
    if (rc == GNUTLS_E_SUCCESS) {
        rc = set_credentials(t, server, trust);
    }
    if (rc != GNUTLS_E_SUCCESS) {
        log_err("Cannot start an encrypted connection: %s", tls.gnutls_strerror(rc));
        remote_tls_free(t, false);
        return NULL;
    }
    if (!server && text_parse_int(env_option("dh_min_bits"), &least) && least > 0) {
        tls.gnutls_dh_set_prime_bits(t->session, (unsigned)MIN(least, 16384));
    }
    tls.gnutls_transport_set_ptr(t->session, GINT_TO_POINTER(fd));
    return t;
}

void
remote_tls_free(struct remote_tls *t, bool say_goodbye)
{
    if (t == NULL) {
        return;
    }
    if (t->session != NULL) {
        if (say_goodbye) {
            tls.gnutls_bye(t->session, GNUTLS_SHUT_WR);
        }
        tls.gnutls_deinit(t->session);
    }
    if (t->key != NULL) {
        tls.gnutls_psk_free_client_credentials(t->key);
    }
    g_free(t);
}

static ssize_t
result_of(struct remote_tls *t, ssize_t rc)
{
    if (rc >= 0) {
        return rc;
    }
    if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED || !tls.gnutls_error_is_fatal((int)rc)) {
        return -EAGAIN;
    }
    t->last_error = (int)rc;
    if (rc == GNUTLS_E_PREMATURE_TERMINATION || rc == GNUTLS_E_PULL_ERROR || rc == GNUTLS_E_PUSH_ERROR) {
        return -ECONNRESET;
    }
    return t->handshaking ? -EKEYREJECTED : -EPROTO;
}

int
remote_tls_handshake(struct remote_tls *t)
{
    int rc = (int)result_of(t, tls.gnutls_handshake(t->session));

    if (rc == 0) {
        t->handshaking = false;
    } else if (rc != -EAGAIN && rc != -ECONNRESET) {
        tls.gnutls_alert_send_appropriate(t->session, t->last_error); /* the other end must not take it for a broken connection */
    }
    return rc;
}

ssize_t
remote_tls_receive(struct remote_tls *t, void *to, size_t room)
{
    return result_of(t, tls.gnutls_record_recv(t->session, to, room));
}

ssize_t
remote_tls_send(struct remote_tls *t, const void *data, size_t length)
{
    return result_of(t, tls.gnutls_record_send(t->session, data, length));
}

bool
remote_tls_wants_write(const struct remote_tls *t)
{
    return tls.gnutls_record_get_direction(t->session) == 1;
}

const char *
remote_tls_why(const struct remote_tls *t)
{
    return t->last_error != 0 ? tls.gnutls_strerror(t->last_error) : "connection closed";
}
