/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Credentials and user stamps of local IPC.  Called by the server and client ends and by daemons
 * before they handle a request.  Never refuses anything itself.  (spec 10 §1.3)
 */
#include "lib/ipc/ipc_access.h"

#include <errno.h>
#include <glib.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_fields.h"

bool
access_daemon_ids(uid_t *uid, gid_t *gid)
{
    static int known = -1;
    static uid_t daemon_uid;
    static gid_t daemon_gid;

    if (known < 0) {
        const struct passwd *pw = getpwnam(DAEMON_USER);

        known = pw != NULL;
        if (pw != NULL) {
            daemon_uid = pw->pw_uid;
            daemon_gid = pw->pw_gid;
        } else {
            log_warn("There is no user " DAEMON_USER ": create it, and group " DAEMON_GROUP
                     ", as the installation guide says");
        }
    }
    if (uid != NULL) {
        *uid = known ? daemon_uid : 0;
    }
    if (gid != NULL) {
        *gid = known ? daemon_gid : 0;
    }
    return known;
}

bool
access_is_privileged(uid_t uid)
{
    uid_t daemon_uid;

    return uid == 0 || (access_daemon_ids(&daemon_uid, NULL) && uid == daemon_uid);
}

bool
access_server_is_authentic(uid_t uid, gid_t gid)
{
    uid_t daemon_uid;
    gid_t daemon_gid;
    struct stat state;

    if (uid == 0 || (stat(STATE_DIR, &state) == 0 && uid == state.st_uid)) {
        return true; /* the cluster's state is his, so nobody has to be asked for his name */
    }
    return access_daemon_ids(&daemon_uid, &daemon_gid) && (uid == daemon_uid || gid == daemon_gid);
}

bool
access_process_is_authentic(uid_t uid, gid_t gid, uid_t expected_uid, gid_t expected_gid)
{
    return uid == 0 || uid == expected_uid || gid == expected_gid;
}

char *
access_user_name(uid_t uid)
{
    struct passwd pw, *found = NULL;
    char buffer[4096];

    if (getpwuid_r(uid, &pw, buffer, sizeof(buffer), &found) != 0 || found == NULL) {
        return g_strdup("#unprivileged");
    }
    return g_strdup(pw.pw_name);
}

/*
 * With whose rights does a request run?  (spec 10 §1.3)
 *
 *   1. a server that is neither root nor the daemon user can act only for itself
 *   2. without a known peer user, the one requested; without that, ourselves
 *   3. an ordinary client acts for itself, whatever it asked for
 *   4. root and the daemon user act for whom they say, or for themselves
 */
const char *
access_effective_user(const char *own_user, const char *self, const char *peer_user,
                      const char *requested)
{
    if (own_user != NULL) {
        return own_user;
    }
    if (peer_user == NULL) {
        return requested != NULL ? requested : self;
    }
    if (strcmp(peer_user, "root") != 0 && strcmp(peer_user, DAEMON_USER) != 0) {
        return peer_user;
    }
    return requested != NULL ? requested : peer_user;
}

const char *
access_stamp_user(xmlNode *request, const char *field, const char *peer_user)
{
    static char *self = NULL;
    bool trusted = access_is_privileged(geteuid());
    const char *requested = xml_get(request, F_ACL_TARGET);
    g_autofree char *user = NULL;

    if (self == NULL) {
        self = access_user_name(geteuid());
    }
    if (requested == NULL) {
        requested = xml_get(request, field);
    }
    /* Copied: setting the attribute frees the value it may point into. */
    user = g_strdup(access_effective_user(trusted ? NULL : self, self, peer_user, requested));
    if (!text_equal(xml_get(request, F_ACL_TARGET), user)) {
        xml_set(request, F_ACL_TARGET, user);
    }
    if (!text_equal(xml_get(request, field), user)) {
        xml_set(request, field, user);
    }
    return xml_get(request, F_ACL_TARGET);
}
