/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an ocf agent is told through its environment, and the secrets that replace marked parameters.
 * Called by exec_run.c.  Reads the secret store; starts nothing.  (spec 50 §6.2, §9.1)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"

#include <stdio.h>
#include <string.h>

#define SECRETS_DIR   STATE_DIR "/lrm/secrets"
#define SECRET_MARK   "lrm://"
#define SECRET_LIMIT  254
#define VARIABLE_LIMIT 499 /* bytes of a variable's name */

static void
set(GHashTable *env, const char *name, const char *value)
{
    if (value != NULL) {
        g_hash_table_insert(env, g_strdup(name), g_strdup(value));
    }
}

GHashTable *
exec_ocf_environment(const struct exec_request *req)
{
    GHashTable *env = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer name, value;

    if (req->params != NULL) {
        g_hash_table_iter_init(&iter, req->params);
        while (g_hash_table_iter_next(&iter, &name, &value)) {
            if (text_equal(name, "OCF_CHECK_LEVEL")) {
                set(env, name, value);
            } else {
                g_autofree char *variable = g_strconcat("OCF_RESKEY_", (char *) name, NULL);

                if (strlen(variable) > VARIABLE_LIMIT) {
                    variable[VARIABLE_LIMIT] = '\0';
                }
                set(env, variable, value);
            }
        }
    }
    set(env, "OCF_RA_VERSION_MAJOR", "1");
    set(env, "OCF_RA_VERSION_MINOR", "1");
    set(env, "OCF_ROOT", OCF_ROOT);
    set(env, "OCF_EXIT_REASON_PREFIX", "ocf-exit-reason:");
    set(env, "OCF_RESOURCE_INSTANCE", req->rsc_id);
    set(env, "OCF_RESOURCE_TYPE", req->type);
    set(env, "OCF_RESOURCE_PROVIDER", req->provider);
    return env;
}

/* First line of a file, without trailing blanks, at most SECRET_LIMIT bytes; NULL if it cannot be read. */
static char *
read_first_line(const char *path)
{
    char line[SECRET_LIMIT + 1];
    FILE *f = fopen(path, "re");
    char *text;

    if (f == NULL) {
        return NULL;
    }
    text = fgets(line, sizeof(line), f);
    fclose(f);
    return (text == NULL) ? NULL : g_strchomp(g_strdup(text));
}

static char *
load_secret(const char *rsc_id, const char *name)
{
    g_autofree char *path = g_build_filename(SECRETS_DIR, rsc_id, name, NULL);
    g_autofree char *sign_path = g_strconcat(path, ".sign", NULL);
    g_autofree char *value = read_first_line(path);
    g_autofree char *sign = read_first_line(sign_path);
    g_autofree char *digest = NULL;

    if (value == NULL || sign == NULL) {
        log_err("Secret value of parameter %s of %s is not in %s", name, rsc_id, path);
        return NULL;
    }
    digest = md5_hex(value, strlen(value));
    if (!text_equal(digest, sign)) {
        log_err("Secret value of parameter %s of %s does not match its digest in %s", name, rsc_id, sign_path);
        return NULL;
    }
    return g_steal_pointer(&value);
}

/* A name that is one component of a path. */
static bool
is_file_name(const char *name)
{
    return name != NULL && *name != '\0' && strchr(name, '/') == NULL && !text_is_one_of(name, ".", "..", NULL);
}

bool
exec_load_secrets(const char *rsc_id, GHashTable *params)
{
    GHashTableIter iter;
    gpointer name, value;
    bool ok = true;

    if (params == NULL) {
        return true;
    }
    g_hash_table_iter_init(&iter, params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        char *secret;

        if (!text_equal(value, SECRET_MARK)) {
            continue;
        }
        secret = (is_file_name(rsc_id) && is_file_name(name)) ? load_secret(rsc_id, name) : NULL;
        if (secret != NULL) {
            g_hash_table_iter_replace(&iter, secret);
        } else {
            ok = false;
        }
    }
    return ok;
}
