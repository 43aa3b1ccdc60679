/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which agents are on this host: folders of ocf agents and lsb scripts, units of systemd, fence agents.
 * Called by tools, by exec_run.c to find a program.  Runs nothing.  (spec 50 §7, §8)
 */
#include "lib/exec/exec_agents.h"

#include "lib/base/text.h"
#include "lib/exec/exec_systemd.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#define FENCE_AGENT_DIR    SBIN_DIR
#define PLUGIN_DIR         "/usr/lib/stonith/plugins" /* of cluster-glue */
#define FENCE_AGENT_PREFIX "fence_"

/* Agents of the fencing packages that are no fence devices by themselves are listed like the rest. */

static const char *const plugin_suffix = ".so";

enum entry_kind { ENTRY_PROGRAMS, ENTRY_FOLDERS, ENTRY_ANY_FILES };

static gint
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
new_list(void)
{
    return g_ptr_array_new_with_free_func(g_free);
}

static void
move_all(GPtrArray *to, GPtrArray *from)
{
    g_ptr_array_extend_and_steal(to, from);
}

/* Names in a folder, sorted; dot files are skipped.  A folder that is not there is empty. */
static GPtrArray *
list_folder(const char *folder, enum entry_kind kind, const char *prefix)
{
    GPtrArray *names = new_list();
    DIR *dir = opendir(folder);
    struct dirent *entry;

    if (dir == NULL) {
        return names;
    }
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;

        if (entry->d_name[0] == '.' || (prefix != NULL && !g_str_has_prefix(entry->d_name, prefix))
            || fstatat(dirfd(dir), entry->d_name, &st, 0) < 0) {
            continue;
        }
        if (kind == ENTRY_FOLDERS ? S_ISDIR(st.st_mode)
                                  : (S_ISREG(st.st_mode)
                                     && (kind == ENTRY_ANY_FILES || (st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH))))) {
            g_ptr_array_add(names, g_strdup(entry->d_name));
        }
    }
    closedir(dir);
    g_ptr_array_sort(names, compare_names);
    return names;
}

static bool
contains(GPtrArray *list, const char *name)
{
    return g_ptr_array_find_with_equal_func(list, name, g_str_equal, NULL);
}

/* --- places --- */

/* A name that cannot lead out of its folder. */
static bool
is_plain_name(const char *name)
{
    return name != NULL && *name != '\0' && strchr(name, '/') == NULL && !text_is_one_of(name, ".", "..", NULL);
}

char *
exec_ocf_agent_path(const char *provider, const char *type)
{
    g_auto(GStrv) folders = g_strsplit(OCF_RA_PATH, ":", -1);

    if (!is_plain_name(provider) || !is_plain_name(type)) {
        return NULL;
    }
    for (char **folder = folders; *folder != NULL; folder++) {
        g_autofree char *path = g_build_filename(*folder, provider, type, NULL);
        struct stat st;

        if (**folder != '\0' && stat(path, &st) == 0) {
            return g_steal_pointer(&path);
        }
    }
    return NULL;
}

char *
exec_lsb_path(const char *type)
{
    return (*type == '/') ? g_strdup(type) : g_build_filename(LSB_DIR, type, NULL);
}

static bool
lsb_exists(const char *type)
{
    g_autofree char *path = exec_lsb_path(type);
    struct stat st;

    return stat(path, &st) == 0;
}

enum exec_standard
exec_resolve_standard(const char *standard, const char *type)
{
    enum exec_standard parsed = exec_standard_parse(standard);

    if (parsed != EXEC_STANDARD_SERVICE || type == NULL) {
        return parsed;
    }
    if (!lsb_exists(type) && exec_systemd_unit_exists(type)) {
        return EXEC_STANDARD_SYSTEMD;
    }
    return EXEC_STANDARD_LSB; /* also if there is neither: it then fails as not installed */
}

bool
exec_agent_exists(const char *standard, const char *provider, const char *type)
{
    g_autofree char *path = NULL;

    if (type == NULL) {
        return false;
    }
    switch (exec_resolve_standard(standard, type)) {
    case EXEC_STANDARD_OCF:
        path = exec_ocf_agent_path(provider, type);
        return path != NULL;
    case EXEC_STANDARD_LSB:
        return lsb_exists(type);
    case EXEC_STANDARD_SYSTEMD:
        return exec_systemd_unit_exists(type);
    case EXEC_STANDARD_STONITH: {
        g_autoptr(GPtrArray) agents = exec_list_agents("stonith", NULL);

        return contains(agents, type);
    }
    default:
        return false;
    }
}

/* --- lists --- */

GPtrArray *
exec_list_standards(void)
{
    GPtrArray *list = new_list();
    g_autoptr(GPtrArray) units = new_list();
    g_autoptr(GPtrArray) fence_agents = exec_list_agents("stonith", NULL);

    g_ptr_array_add(list, g_strdup("ocf"));
    g_ptr_array_add(list, g_strdup("lsb"));
    g_ptr_array_add(list, g_strdup("service"));
    if (exec_systemd_list_units(units) && units->len > 0) {
        g_ptr_array_add(list, g_strdup("systemd"));
    }
    if (fence_agents->len > 0) {
        g_ptr_array_add(list, g_strdup("stonith"));
    }
    return list;
}

GPtrArray *
exec_list_providers(const char *type)
{
    g_auto(GStrv) folders = g_strsplit(OCF_RA_PATH, ":", -1);
    GPtrArray *list = new_list();

    for (char **folder = folders; *folder != NULL; folder++) {
        g_autoptr(GPtrArray) names = list_folder(*folder, ENTRY_FOLDERS, NULL);

        for (guint i = 0; i < names->len; i++) {
            const char *name = names->pdata[i];
            g_autofree char *path = (type != NULL) ? exec_ocf_agent_path(name, type) : NULL;

            if (!contains(list, name) && (type == NULL || path != NULL)) {
                g_ptr_array_add(list, g_strdup(name));
            }
        }
    }
    return list;
}

static void
add_ocf_agents(GPtrArray *list, const char *provider)
{
    g_auto(GStrv) folders = g_strsplit(OCF_RA_PATH, ":", -1);
    g_autoptr(GPtrArray) found = new_list();

    for (char **folder = folders; *folder != NULL; folder++) {
        g_autofree char *path = g_build_filename(*folder, provider, NULL);
        g_autoptr(GPtrArray) names = list_folder(path, ENTRY_PROGRAMS, NULL);

        for (guint i = 0; i < names->len; i++) {
            if (!contains(found, names->pdata[i])) {
                g_ptr_array_add(found, g_strdup(names->pdata[i]));
            }
        }
    }
    g_ptr_array_sort(found, compare_names);
    move_all(list, g_steal_pointer(&found));
}

bool
exec_is_fence_plugin(const char *type)
{
    g_autofree char *library = NULL, *script = NULL;
    struct stat st;

    if (g_str_has_prefix(type, "external/")) {
        script = g_build_filename(PLUGIN_DIR, type, NULL);
        return is_plain_name(type + strlen("external/")) && stat(script, &st) == 0 && S_ISREG(st.st_mode);
    }
    if (!is_plain_name(type) || text_is_one_of(type, "external", "rhcs", NULL)) { /* these two need a second name */
        return false;
    }
    library = g_strdup_printf(PLUGIN_DIR "/stonith2/%s%s", type, plugin_suffix);
    return stat(library, &st) == 0 && S_ISREG(st.st_mode);
}

bool
exec_is_fence_agent(const char *type)
{
    g_autofree char *path = g_build_filename(FENCE_AGENT_DIR, type, NULL);
    struct stat st;

    return is_plain_name(type) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Linux-HA plug-ins: libraries, and the scripts that one of them ("external") runs; that one alone is none. */
static void
add_plugins(GPtrArray *list)
{
    g_autoptr(GPtrArray) files = list_folder(PLUGIN_DIR "/stonith2", ENTRY_ANY_FILES, NULL);
    g_autoptr(GPtrArray) scripts = list_folder(PLUGIN_DIR "/external", ENTRY_PROGRAMS, NULL);
    GPtrArray *names = new_list();

    for (guint i = 0; i < files->len; i++) {
        g_autofree char *type = g_strdup(files->pdata[i]);

        if (g_str_has_suffix(type, plugin_suffix)) {
            type[strlen(type) - strlen(plugin_suffix)] = '\0';
            if (exec_is_fence_plugin(type)) {
                g_ptr_array_add(names, g_steal_pointer(&type));
            }
        }
    }
    for (guint i = 0; i < scripts->len; i++) {
        g_ptr_array_add(names, g_strdup_printf("external/%s", (char *) scripts->pdata[i]));
    }
    g_ptr_array_sort(names, compare_names);
    move_all(list, names);
}

static void
add_agents(GPtrArray *list, enum exec_standard standard, const char *provider)
{
    switch (standard) {
    case EXEC_STANDARD_OCF:
        if (provider != NULL) {
            add_ocf_agents(list, provider);
        } else {
            g_autoptr(GPtrArray) providers = exec_list_providers(NULL);

            for (guint i = 0; i < providers->len; i++) {
                add_ocf_agents(list, providers->pdata[i]);
            }
        }
        break;
    case EXEC_STANDARD_LSB:
        move_all(list, list_folder(LSB_DIR, ENTRY_PROGRAMS, NULL));
        break;
    case EXEC_STANDARD_SYSTEMD:
        exec_systemd_list_units(list);
        break;
    case EXEC_STANDARD_SERVICE:
        add_agents(list, EXEC_STANDARD_LSB, NULL);
        add_agents(list, EXEC_STANDARD_SYSTEMD, NULL);
        break;
    case EXEC_STANDARD_STONITH:
        add_plugins(list);
        move_all(list, list_folder(FENCE_AGENT_DIR, ENTRY_PROGRAMS, FENCE_AGENT_PREFIX));
        break;
    default:
        break;
    }
}

GPtrArray *
exec_list_agents(const char *standard, const char *provider)
{
    GPtrArray *list = new_list();

    if (standard != NULL) {
        add_agents(list, exec_standard_parse(standard), provider);
    } else {
        add_agents(list, EXEC_STANDARD_LSB, NULL);
        add_agents(list, EXEC_STANDARD_OCF, NULL);
        add_agents(list, EXEC_STANDARD_SYSTEMD, NULL);
        add_agents(list, EXEC_STANDARD_STONITH, NULL);
    }
    return list;
}
