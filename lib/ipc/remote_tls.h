/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * TLS with anonymous Diffie-Hellman over GnuTLS, which is loaded when the first connection needs it: almost no installation uses it,
 * and every daemon and tool would carry its pages.  For remote_channel.c alone.  (spec 20 §13)
 */
#ifndef IPC_REMOTE_TLS_H
#define IPC_REMOTE_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct remote_tls;

/* A session on a non-blocking socket; NULL if that cannot be (logged). */
struct remote_tls *remote_tls_new(int fd, bool server);
void remote_tls_free(struct remote_tls *t, bool say_goodbye);

/* All return -EAGAIN when the socket must be waited for, another negative errno at the end (-EPROTO: see remote_tls_why()). */
int remote_tls_handshake(struct remote_tls *t);
ssize_t remote_tls_receive(struct remote_tls *t, void *to, size_t room);
ssize_t remote_tls_send(struct remote_tls *t, const void *data, size_t length);
/* While -EAGAIN: the socket is waited for to become writable, not readable. */
bool remote_tls_wants_write(const struct remote_tls *t);
const char *remote_tls_why(const struct remote_tls *t);

#endif
