/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the shared key of Pacemaker Remote.  Called by remote_tls.c and the controller.  (spec 50 §12.2)
 */
#include "lib/ipc/remote_key.h"

#include "lib/base/log.h"
#include "lib/base/text.h"

#define DEFAULT_FILE "/etc/pacemaker/authkey"
#define OTHER_FILE   "/etc/corosync/authkey"

static GBytes *
read_file(const char *path, char **why)
{
    g_autoptr(GError) error = NULL;
    char *data = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &data, &length, &error)) {
        *why = g_strdup(error->message);
        return NULL;
    }
    if (length == 0) {
        g_free(data);
        *why = g_strdup("it is empty");
        return NULL;
    }
    return g_bytes_new_take(data, length);
}

GBytes *
remote_key_read(void)
{
    const char *files[] = { env_option("authkey_location"), DEFAULT_FILE, OTHER_FILE };

    for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *why = NULL;
        GBytes *key = files[i] != NULL ? read_file(files[i], &why) : NULL;

        if (key != NULL) {
            return key;
        }
        if (files[i] != NULL && i == 0) {
            log_warn("PCMK_authkey_location: cannot use the key in %s: %s", files[i], why);
        }
    }
    return NULL;
}
