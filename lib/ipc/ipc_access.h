/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may do what over local IPC: the daemon user, privileged clients, authentic servers, user
 * stamps. Used by servers and clients.  Looks users up in the system's databases; decides nothing
 * about requests. (spec 10 §1.3)
 */
#ifndef IPC_ACCESS_H
#define IPC_ACCESS_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <sys/types.h>

/* uid of the daemon user and its primary group; false if there is no such user.  Cached. */
bool access_daemon_ids(uid_t *uid, gid_t *gid);
/* uid 0 or the daemon user. */
bool access_is_privileged(uid_t uid);
/* A server a client may talk to: root, the daemon user, or the daemon user's primary group. */
bool access_server_is_authentic(uid_t uid, gid_t gid);
/* The stricter rule of the launcher: uid 0, the expected uid, or the expected gid. */
bool access_process_is_authentic(uid_t uid, gid_t gid, uid_t expected_uid, gid_t expected_gid);
/* Name of a user, "#unprivileged" if it has none (g_free). */
char *access_user_name(uid_t uid);

/*
 * Stamp the request with the user whose rights it runs with: sets `acl_target` and the second field
 * (cib_user, attr_user, crm_user).  `peer_user` is the client's user, NULL for a message without a
 * known one. Returns the user (borrowed from the message).
 */
const char *access_stamp_user(xmlNode *request, const char *field, const char *peer_user);
/* The rule itself, pure: `own_user` is NULL when the server runs as root or the daemon user. */
const char *access_effective_user(const char *own_user, const char *self, const char *peer_user,
                                  const char *requested);

#endif
