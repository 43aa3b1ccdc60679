/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading Corosync's cmap.  Called by daemons' shells when they connect and when a peer's name is
 * asked for. Never keeps a connection.  (spec 10 §4.1, §6.1)
 */
#include "lib/cluster/cmap.h"

#include <corosync/cmap.h>
#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"

#define ATTEMPTS 5

int
cluster_result(int cs_error)
{
    switch (cs_error) {
    case CS_OK:
        return RC_OK;
    case CS_ERR_TIMEOUT:
        return ETIME;
    case CS_ERR_TRY_AGAIN:
    case CS_ERR_QUEUE_FULL:
        return EAGAIN;
    case CS_ERR_INVALID_PARAM:
    case CS_ERR_BAD_HANDLE:
    case CS_ERR_BAD_FLAGS:
        return EINVAL;
    case CS_ERR_NO_MEMORY:
        return ENOMEM;
    case CS_ERR_BUSY:
        return EBUSY;
    case CS_ERR_ACCESS:
    case CS_ERR_SECURITY:
        return EACCES;
    case CS_ERR_NOT_EXIST:
    case CS_ERR_NAME_NOT_FOUND:
        return ENOENT;
    case CS_ERR_EXIST:
        return EEXIST;
    case CS_ERR_NO_SPACE:
    case CS_ERR_TOO_BIG:
        return EMSGSIZE;
    case CS_ERR_LIBRARY:
        return ENOTCONN; /* nobody listens */
    case CS_ERR_INTERRUPT:
        return EINTR;
    default:
        return ECOMM;
    }
}

const char *
cluster_error_text(int cs_error)
{
    return cs_strerror((cs_error_t)cs_error);
}

bool
cluster_provider_is_authentic(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        log_err("Could not learn who runs Corosync: %s", strerror(errno));
        return false;
    }
    if (peer.uid != 0 && peer.gid != 0) {
        log_err("The process %ld that offers Corosync's services runs as uid %u and gid %u instead "
                "of root",
                (long)peer.pid, (unsigned)peer.uid, (unsigned)peer.gid);
        return false;
    }
    return true;
}

static int
open_once(cmap_handle_t *handle)
{
    int fd = -1;
    cs_error_t rc = cmap_initialize(handle);

    if (rc == CS_OK) {
        rc = cmap_fd_get(*handle, &fd);
        if (rc == CS_OK && !cluster_provider_is_authentic(fd)) {
            rc = CS_ERR_SECURITY;
        }
        if (rc != CS_OK) {
            cmap_finalize(*handle);
        }
    }
    return rc;
}

/* Open, trying again while Corosync is busy (or, with `patient`, not there yet). */
static int
open_cmap(cmap_handle_t *handle, unsigned attempts, bool patient)
{
    int rc = CS_ERR_LIBRARY;

    for (unsigned i = 1; i <= attempts; i++) {
        rc = open_once(handle);
        if (rc == CS_OK || rc == CS_ERR_SECURITY ||
            (!patient && rc != CS_ERR_TRY_AGAIN && rc != CS_ERR_QUEUE_FULL)) {
            break;
        }
        log_debug("Corosync's configuration is not available (%s), attempt %u of %u",
                  cs_strerror(rc), i, attempts);
        sleep(i);
    }
    return rc;
}

bool
cluster_is_address(const char *name)
{
    unsigned parts = 1;

    if (strchr(name, ':') != NULL) {
        return true;
    }
    /* Four numbers with dots between them, at the beginning. */
    for (const char *c = name; g_ascii_isdigit(*c) && parts <= 4; parts++) {
        while (g_ascii_isdigit(*c)) {
            c++;
        }
        if (parts == 4) {
            return true;
        }
        if (*c++ != '.') {
            return false;
        }
    }
    return false;
}

static char *
get_string(cmap_handle_t handle, const char *key)
{
    char *value = NULL;
    char *copy;

    if (cmap_get_string(handle, key, &value) != CS_OK) {
        return NULL;
    }
    copy = g_strdup(value);
    free(value);
    return copy;
}

/* The n-th entry of the node list; false behind the last.  *name may be NULL. */
static bool
get_node(cmap_handle_t handle, unsigned n, uint32_t *id, char **name)
{
    char key[CMAP_KEYNAME_MAXLEN];

    g_snprintf(key, sizeof(key), "nodelist.node.%u.nodeid", n);
    if (cmap_get_uint32(handle, key, id) != CS_OK) {
        return false;
    }
    g_snprintf(key, sizeof(key), "nodelist.node.%u.name", n);
    *name = get_string(handle, key);
    if (*name == NULL) {
        g_snprintf(key, sizeof(key), "nodelist.node.%u.ring0_addr", n);
        *name = get_string(handle, key);
        if (*name != NULL && cluster_is_address(*name)) {
            g_clear_pointer(name, g_free);
        }
    }
    return true;
}

char *
cluster_node_name(uint32_t id)
{
    cmap_handle_t handle;
    char *name = NULL;
    uint32_t found;

    if (id == 0 || open_cmap(&handle, ATTEMPTS, false) != CS_OK) {
        return NULL;
    }
    for (unsigned n = 0; get_node(handle, n, &found, &name); n++) {
        if (found == id) {
            break;
        }
        g_clear_pointer(&name, g_free);
    }
    cmap_finalize(handle);
    return name;
}

char *
cluster_resolve(uint32_t id, void *data)
{
    return cluster_node_name(id);
}

uint32_t
cluster_node_id(const char *name)
{
    cmap_handle_t handle;
    uint32_t id = 0, found;
    char *node;

    if (name == NULL || open_cmap(&handle, ATTEMPTS, false) != CS_OK) {
        return 0;
    }
    for (unsigned n = 0; id == 0 && get_node(handle, n, &found, &node); n++) {
        if (text_equal_nocase(name, node)) {
            id = found;
        }
        g_free(node);
    }
    cmap_finalize(handle);
    return id;
}

static void
clear_node(gpointer data)
{
    g_free(((struct cluster_node *)data)->name);
}

GArray *
cluster_nodelist(void)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct cluster_node));
    struct cluster_node node;
    cmap_handle_t handle;

    g_array_set_clear_func(list, clear_node);
    if (open_cmap(&handle, ATTEMPTS, false) != CS_OK) {
        return list;
    }
    for (unsigned n = 0; get_node(handle, n, &node.id, &node.name); n++) {
        g_array_append_val(list, node);
    }
    cmap_finalize(handle);
    return list;
}

int
cluster_find_self(uint32_t *id, char **name)
{
    static cpg_model_v1_data_t model = { .model = CPG_MODEL_V1 };
    cpg_handle_t handle;
    cs_error_t rc = CS_ERR_LIBRARY;
    int fd = -1;

    *id = 0;
    *name = NULL;
    for (unsigned i = 1; i <= ATTEMPTS; i++) {
        rc = cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL);
        if (rc != CS_ERR_TRY_AGAIN && rc != CS_ERR_QUEUE_FULL) {
            break;
        }
        sleep(i);
    }
    if (rc == CS_OK) {
        rc = cpg_fd_get(handle, &fd);
        if (rc == CS_OK && !cluster_provider_is_authentic(fd)) {
            rc = CS_ERR_SECURITY;
        }
        if (rc == CS_OK) {
            rc = cpg_local_get(handle, id);
        }
        cpg_finalize(handle);
    }
    if (rc != CS_OK || *id == 0) {
        log_err("Could not learn this node's id from Corosync: %s", cs_strerror(rc));
        return rc != CS_OK ? cluster_result(rc) : ENOENT;
    }
    *name = cluster_node_name(*id);
    if (*name == NULL) {
        struct utsname uts;

        uname(&uts);
        *name = g_strdup(uts.nodename);
    }
    return RC_OK;
}

char *
cluster_get_name(void)
{
    cmap_handle_t handle;
    char *name;

    if (open_cmap(&handle, ATTEMPTS, false) != CS_OK) {
        return NULL;
    }
    name = get_string(handle, "totem.cluster_name");
    cmap_finalize(handle);
    return name;
}

bool
cluster_has_nodelist(void)
{
    cmap_handle_t handle;
    uint32_t id;
    g_autofree char *name = NULL;
    bool has;

    if (open_cmap(&handle, ATTEMPTS, false) != CS_OK) {
        return false;
    }
    has = get_node(handle, 0, &id, &name);
    cmap_finalize(handle);
    return has;
}

char *
cluster_duplicate_name(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    cmap_handle_t handle;
    char *name, *duplicate = NULL;
    uint32_t id;

    if (open_cmap(&handle, ATTEMPTS, false) != CS_OK) {
        return NULL;
    }
    for (unsigned n = 0; duplicate == NULL && get_node(handle, n, &id, &name); n++) {
        if (name != NULL) {
            char *key = g_ascii_strdown(name, -1);

            if (!g_hash_table_insert(names, key, GUINT_TO_POINTER(id))) {
                duplicate = g_strdup(name);
            }
        }
        g_free(name);
    }
    cmap_finalize(handle);
    return duplicate;
}

int
cluster_prepare(gid_t group, unsigned attempts, bool *debug)
{
    cmap_handle_t handle;
    char key[CMAP_KEYNAME_MAXLEN];
    g_autofree char *value = NULL;
    int rc = open_cmap(&handle, attempts, true);

    if (rc != CS_OK) {
        log_crit("Could not read Corosync's configuration: %s.  Is corosync running?",
                 cs_strerror(rc));
        return cluster_result(rc);
    }
    value = get_string(handle, "logging.debug");
    *debug = text_is_true(value);
    g_snprintf(key, sizeof(key), "uidgid.gid.%u", (unsigned)group);
    rc = cmap_set_uint8(handle, key, 1);
    if (rc != CS_OK) {
        log_warn("Could not allow group %u to connect to Corosync: %s", (unsigned)group,
                 cs_strerror(rc));
    }
    cmap_finalize(handle);
    return RC_OK;
}

bool
cluster_is_reachable(void)
{
    static cpg_model_v1_data_t model = { .model = CPG_MODEL_V1 };
    cpg_handle_t handle;

    if (cpg_model_initialize(&handle, CPG_MODEL_V1, (cpg_model_data_t *)&model, NULL) != CS_OK) {
        return false;
    }
    cpg_finalize(handle);
    return true;
}
