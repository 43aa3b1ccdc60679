/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Login of remote users: group membership here, the password by PAM in a thread.  Called by based_remote.c.  libpam is loaded when somebody
 * logs in.  (spec 20 §13)
 */
#include "daemons/cib/based_login.h"

#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/library.h"
#include "lib/base/log.h"
#include "lib/base/text.h"

enum { LOGINS_AT_ONCE = 4 };

struct login {
    char *client_id, *user, *password;
    login_fn done;
    bool accepted;
    char *why; /* it was refused */
};

#define PAM_FUNCTIONS(f) \
    f(pam_start) f(pam_end) f(pam_authenticate) f(pam_acct_mgmt) f(pam_get_item) f(pam_strerror)
static struct {
    PAM_FUNCTIONS(LIBRARY_MEMBER)
} pam;

static const char *const symbols[] = { PAM_FUNCTIONS(LIBRARY_SYMBOL) };
LIBRARY_MATCHES(pam, symbols);

static bool
load_pam(void)
{
    static bool loaded;
    g_autofree char *error = NULL;

    if (loaded) {
        return true;
    }
    /* Globally: its modules look for its functions. */
    loaded = library_load("libpam.so.0", RTLD_NOW | RTLD_GLOBAL, symbols, G_N_ELEMENTS(symbols), &pam, &error);
    if (!loaded) {
        log_err("Remote users cannot log in without PAM: %s", error);
    }
    return loaded;
}

/* Only a password is ever asked for. */
static int
converse(int n, const struct pam_message **messages, struct pam_response **responses, void *data)
{
    const struct login *l = data;
    struct pam_response *r;

    if (n <= 0 || n > PAM_MAX_NUM_MSG) {
        return PAM_CONV_ERR;
    }
    r = calloc((size_t)n, sizeof(*r)); /* PAM frees it */
    for (int i = 0; i < n && r != NULL; i++) {
        if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF) {
            r[i].resp = strdup(l->password);
        } else if (messages[i]->msg_style == PAM_PROMPT_ECHO_ON) {
            for (int k = 0; k < i; k++) {
                free(r[k].resp);
            }
            free(r);
            return PAM_CONV_ERR;
        }
    }
    *responses = r;
    return r != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* In the thread. */
static void
ask_pam(struct login *l)
{
    const char *service = getenv("CIB_pam_service");
    struct pam_conv conversation = { converse, l };
    pam_handle_t *handle = NULL;
    const void *user = NULL;
    int rc = pam.pam_start(service != NULL ? service : "login", l->user, &conversation, &handle);

    if (rc == PAM_SUCCESS) {
        rc = pam.pam_authenticate(handle, 0);
    }
    if (rc == PAM_SUCCESS) {
        rc = pam.pam_get_item(handle, PAM_USER, &user);
    }
    if (rc == PAM_SUCCESS && !text_equal(user, l->user)) {
        rc = PAM_USER_UNKNOWN;
    }
    if (rc == PAM_SUCCESS) {
        rc = pam.pam_acct_mgmt(handle, 0);
    }
    l->accepted = rc == PAM_SUCCESS;
    if (!l->accepted) {
        l->why = g_strdup(handle != NULL ? pam.pam_strerror(handle, rc) : "PAM could not be started");
    }
    if (handle != NULL) {
        pam.pam_end(handle, rc);
    }
}

static gboolean
report(gpointer data)
{
    struct login *l = data;

    if (!l->accepted) {
        log_warn("Remote login of user %s is refused: %s", l->user, l->why);
    }
    l->done(l->client_id, l->accepted);
    explicit_bzero(l->password, strlen(l->password));
    g_free(l->client_id);
    g_free(l->user);
    g_free(l->password);
    g_free(l->why);
    g_free(l);
    return G_SOURCE_REMOVE;
}

static void
work(gpointer data, gpointer unused)
{
    ask_pam(data);
    g_idle_add_full(G_PRIORITY_DEFAULT, report, data, NULL);
}

static bool
is_in_group(const char *user)
{
    const struct passwd *pw = getpwnam(user);
    gid_t primary = pw != NULL ? pw->pw_gid : (gid_t)-1;
    const struct group *group = getgrnam(DAEMON_GROUP);

    if (group == NULL) {
        return false;
    }
    if (pw != NULL && primary == group->gr_gid) {
        return true;
    }
    for (char **member = group->gr_mem; *member != NULL; member++) {
        if (strcmp(*member, user) == 0) {
            return true;
        }
    }
    return false;
}

void
login_start(const char *client_id, const char *user, const char *password, login_fn done)
{
    static GThreadPool *threads;
    struct login *l = g_new0(struct login, 1);

    l->client_id = g_strdup(client_id);
    l->user = g_strdup(user);
    l->password = g_strdup(password);
    l->done = done;
    if (!is_in_group(user)) {
        l->why = g_strdup("not a member of group " DAEMON_GROUP);
    } else if (!load_pam()) {
        l->why = g_strdup("no PAM");
    }
    if (l->why != NULL) {
        g_idle_add_full(G_PRIORITY_DEFAULT, report, l, NULL);
        return;
    }
    if (threads == NULL) {
        threads = g_thread_pool_new(work, NULL, LOGINS_AT_ONCE, FALSE, NULL);
    }
    g_thread_pool_push(threads, l, NULL);
}
