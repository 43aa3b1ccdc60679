/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Meta-data of agents for the core: run the agent once, and again only when its file has changed.  Called by the
 * shell; the answer is an event.
 * Knows nothing of what the meta-data say.  (spec 30 §12.2, §21)
 */
#include "daemons/controld/shell.h"

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/exec/exec.h"

#include <string.h>
#include <sys/stat.h>

/* What tells one state of a file from another. */
struct identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct question {
    uint64_t cookie;
    char *agent; /* path, or class:type where there is no file */
    struct identity id;
    bool known_file;
};

static GHashTable *told; /* agent -> struct identity of the last good answer */

static char *
path_of(const struct ctl_agent *a)
{
    if (text_equal_nocase(a->standard, "ocf")) {
        return g_strdup_printf(OCF_ROOT "/resource.d/%s/%s", a->provider, a->type);
    }
    if (text_equal_nocase(a->standard, "stonith")) {
        return g_strdup_printf("/usr/sbin/%s", a->type);
    }
    return NULL;
}

static bool
identify(const char *path, struct identity *id)
{
    struct stat st;

    if (path == NULL || stat(path, &st) != 0) {
        return false;
    }
    memset(id, 0, sizeof *id);
    id->device = st.st_dev;
    id->inode = st.st_ino;
    id->size = st.st_size;
    id->changed = st.st_mtim;
    return true;
}

static void
answer(struct question *take_q, const char *text)
{
    xmlNode *xml = NULL;
    g_autofree char *error = NULL;

    if (text != NULL) {
        xml = xml_parse(text, strlen(text), XML_PARSE_SKIP_DOCTYPE, &error);
        if (xml == NULL) {
            log_warn("Meta-data of agent %s are not usable: %s", take_q->agent, error);
        }
    }
    if (xml != NULL && take_q->known_file) {
        g_hash_table_replace(told, g_strdup(take_q->agent), g_memdup2(&take_q->id, sizeof take_q->id));
    } else {
        g_hash_table_remove(told, take_q->agent);
    }
    if (!shell.ending) {
        ctl_on_metadata(shell.core, shell_now(), take_q->cookie, xml, false);
        shell_carry_out();
    }
    xml_free(xml);
    g_free(take_q->agent);
    g_free(take_q);
}

static void
on_agent_said(int rc, const char *xml, void *data)
{
    answer(data, rc == 0 ? xml : NULL);
}

static gboolean
say_unchanged(gpointer data)
{
    struct question *q = data;

    if (!shell.ending) {
        ctl_on_metadata(shell.core, shell_now(), q->cookie, NULL, true);
        shell_carry_out();
    }
    g_free(q->agent);
    g_free(q);
    return G_SOURCE_REMOVE;
}

void
agents_metadata(struct ctl_effect *e)
{
    struct question *q = g_new0(struct question, 1);
    const struct identity *before;

    if (told == NULL) {
        told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    q->cookie = e->cookie;
    q->agent = path_of(&e->agent);
    q->known_file = identify(q->agent, &q->id);
    if (q->agent == NULL) {
        q->agent = g_strdup_printf("%s:%s", e->agent.standard, e->agent.type);
    }
    before = g_hash_table_lookup(told, q->agent);
    if (before != NULL && q->known_file && memcmp(before, &q->id, sizeof q->id) == 0) {
        g_idle_add_full(G_PRIORITY_HIGH, say_unchanged, q, NULL);
    } else {
        exec_metadata_async(e->agent.standard, e->agent.provider, e->agent.type, NULL, on_agent_said, q);
    }
}
