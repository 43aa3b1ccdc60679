/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS over GnuTLS, which is loaded when the first connection needs it: almost no installation uses it, and every daemon and tool
 * would carry its pages.  With anonymous Diffie-Hellman for the CIB's remote clients, with a key that both have for Pacemaker Remote.
 * For remote_channel.c alone.  (spec 20 §13, spec 50 §12.2)
 */
#ifndef IPC_REMOTE_TLS_H
#define IPC_REMOTE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct remote_tls;

/* Whom both ends are to each other. */
enum remote_trust { REMOTE_TRUST_NOBODY, REMOTE_TRUST_KEY };

/* A session on a non-blocking socket; NULL if that cannot be (logged). */
struct remote_tls *remote_tls_new(int fd, bool server, enum remote_trust trust);
void remote_tls_free(struct remote_tls *t, bool say_goodbye);

/*
 * All return -EAGAIN when the socket must be waited for, another negative errno at the end (see remote_tls_why()): -ECONNRESET if the
 * connection broke, -EKEYREJECTED if a handshake ended otherwise because the keys differ, -EPROTO.
 */
int remote_tls_handshake(struct remote_tls *t);
ssize_t remote_tls_receive(struct remote_tls *t, void *to, size_t room);
ssize_t remote_tls_send(struct remote_tls *t, const void *data, size_t length);
/* While -EAGAIN: the socket is waited for to become writable, not readable. */
bool remote_tls_wants_write(const struct remote_tls *t);
const char *remote_tls_why(const struct remote_tls *t);

#endif
