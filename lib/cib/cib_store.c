/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB on disk.  Used by the daemon's shell and the file client.  Never runs on the daemon's main loop: its
 * writes block.  (spec 20 §10)
 */
#include "lib/cib/cib_store.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/iso8601.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_proto.h"

enum { BACKUPS = 100 };

/* --- reading --- */

xmlNode *
cib_store_image(const xmlNode *root, const char *written)
{
    xmlNode *image = xml_new(NULL, xml_name(root));

    for (const xmlAttr *a = root->properties; a != NULL; a = a->next) {
        xml_set(image, (const char *)a->name, xml_attr_value(a));
    }
    for (const xmlNode *c = root->children; c != NULL; c = c->next) {
        if ((c->type == XML_ELEMENT_NODE && !xml_is(c, "status")) || c->type == XML_COMMENT_NODE) {
            xml_copy(image, c);
        }
    }
    xml_set(image, CIB_A_NUM_UPDATES, "0");
    if (written != NULL) {
        xml_set(image, CIB_A_LAST_WRITTEN, written);
    }
    return image;
}

static int
read_signature(const char *path, char **out)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;

    *out = NULL;
    if (!g_file_get_contents(path, &text, NULL, &error)) {
        return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? ENOENT : EIO;
    }
    *out = g_strdup(g_strstrip(text));
    return RC_OK;
}

int
cib_store_read(const char *path, const char *sig_path, xmlNode **root, char **digest)
{
    g_autofree char *expected = NULL, *actual = NULL, *error = NULL;
    struct stat st;
    int rc;

    *root = NULL;
    if (stat(path, &st) != 0) {
        return errno;
    }
    *root = st.st_size > 0 ? xml_parse_file(path, XML_PARSE_LENIENT, &error) : NULL;
    if (*root == NULL) {
        log_err("Cluster configuration file %s is damaged: %s", path, error != NULL ? error : "it is empty");
        return RC_CIB_CORRUPT;
    }
    xml_strip_text(*root);
    actual = cib_digest_v1(*root);
    rc = read_signature(sig_path, &expected);
    if (rc == ENOENT) {
        log_warn("No signature file %s for %s: accepting the configuration as it is", sig_path, path);
    } else if (rc != RC_OK || strcasecmp(expected, actual) != 0) {
        log_err("Cluster configuration %s does not match its signature %s: it was modified by hand or damaged", path,
                sig_path);
        xml_free(*root);
        *root = NULL;
        return RC_CIB_MODIFIED;
    }
    if (digest != NULL) {
        *digest = g_steal_pointer(&actual);
    }
    return RC_OK;
}

/* --- recovery --- */

static bool
set_aside(const char *dir, const char *path)
{
    g_autofree char *to = g_strdup_printf("%s/cib.auto.XXXXXX", dir);
    int fd = mkstemp(to);

    if (fd < 0) {
        return false;
    }
    close(fd);
    if (rename(path, to) != 0) {
        int saved = errno;

        unlink(to);
        return saved == ENOENT;
    }
    log_err("Archived unusable file %s as %s", path, to);
    return true;
}

struct candidate {
    char *path;
    struct timespec changed;
};

static void
clear_candidate(gpointer data)
{
    g_free(((struct candidate *)data)->path);
}

static gint
newest_first(gconstpointer a, gconstpointer b)
{
    const struct timespec *x = &((const struct candidate *)a)->changed, *y = &((const struct candidate *)b)->changed;

    if (x->tv_sec != y->tv_sec) {
        return x->tv_sec > y->tv_sec ? -1 : 1;
    }
    return x->tv_nsec > y->tv_nsec ? -1 : x->tv_nsec < y->tv_nsec;
}

static GArray *
list_backups(const char *dir)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(struct candidate));
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    const char *name;

    g_array_set_clear_func(list, clear_candidate);
    while (d != NULL && (name = g_dir_read_name(d)) != NULL) {
        struct candidate c = { NULL };
        struct stat st;

        if (!g_str_has_prefix(name, "cib-") || g_str_has_suffix(name, ".sig")) {
            continue;
        }
        c.path = g_strdup_printf("%s/%s", dir, name);
        if (lstat(c.path, &st) != 0 || !S_ISREG(st.st_mode)) {
            g_free(c.path);
            continue;
        }
        c.changed = st.st_ctim;
        g_array_append_val(list, c);
    }
    g_array_sort(list, newest_first);
    return list;
}

static void
load_backup(const char *dir, struct cib_store_loaded *out)
{
    g_autoptr(GArray) list = list_backups(dir);

    for (guint i = 0; i < list->len && out->root == NULL; i++) {
        const char *path = g_array_index(list, struct candidate, i).path;
        g_autofree char *sig = g_strconcat(path, ".sig", NULL);

        if (cib_store_read(path, sig, &out->root, NULL) == RC_OK) {
            log_notice("Using the newest usable backup of the configuration: %s", path);
            out->source = g_strdup(path);
        }
    }
}

void
cib_store_load(const char *dir, struct cib_store_loaded *out)
{
    g_autofree char *path = g_strdup_printf("%s/cib.xml", dir);
    g_autofree char *sig = g_strdup_printf("%s/cib.xml.sig", dir);
    int rc;

    memset(out, 0, sizeof(*out));
    rc = cib_store_read(path, sig, &out->root, &out->digest);
    if (rc == RC_OK) {
        out->source = g_steal_pointer(&path);
        return;
    }
    if (rc == RC_CIB_MODIFIED || rc == RC_CIB_CORRUPT) {
        /* out of the way, or the next write would stop at it */
        if (!set_aside(dir, path) || !set_aside(dir, sig)) {
            log_err("Disabling writes of the configuration: %s could not be set aside", path);
            out->disable_writes = true;
        }
    }
    load_backup(dir, out);
}

/* --- writing --- */

int
cib_store_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

    if (fd < 0) {
        return errno;
    }
    if (fsync(fd) != 0 && errno != EINVAL) {
        rc = errno;
    }
    close(fd);
    return rc;
}

static int
write_and_sync(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : EIO;
        }
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) != 0 ? errno : RC_OK;
}

char *
cib_store_write_temp(const char *dir, const char *prefix, const char *text, size_t len)
{
    char *path = g_strdup_printf("%s/%s.XXXXXX", dir, prefix);
    int fd = mkstemp(path), rc;

    if (fd < 0) {
        g_free(path);
        return NULL;
    }
    rc = fchmod(fd, 0600) != 0 ? errno : write_and_sync(fd, text, len);
    if (close(fd) != 0 && rc == RC_OK) {
        rc = errno;
    }
    if (rc != RC_OK) {
        unlink(path);
        g_free(path);
        errno = rc;
        return NULL;
    }
    return path;
}

static int
read_number(const char *path)
{
    g_autofree char *text = NULL;
    long long n;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !text_parse_int(g_strstrip(text), &n) || n < 0 || n >= BACKUPS) {
        return 0;
    }
    return (int)n;
}

static bool
link_backup(const char *from, const char *to)
{
    return (unlink(to) == 0 || errno == ENOENT) && (link(from, to) == 0 || errno == ENOENT);
}

/* Names of a document's files in its directory. */
struct names {
    char *document, *signature, *last, *stem;
};

static struct names
names_of(const char *dir, const char *name)
{
    struct names n = {
        .document = g_strdup_printf("%s/%s", dir, name),
        .signature = g_strdup_printf("%s/%s.sig", dir, name),
        .last = g_strdup_printf("%s/cib.last", dir),
        .stem = g_strdup_printf("%s/cib", dir),
    };
    return n;
}

static void
clear_names(struct names *n)
{
    g_free(n->document);
    g_free(n->signature);
    g_free(n->last);
    g_free(n->stem);
}

static int
make_backup(const char *dir, const struct names *n)
{
    int number = read_number(n->last);
    g_autofree char *raw = g_strdup_printf("%s-%d.raw", n->stem, number);
    g_autofree char *raw_sig = g_strdup_printf("%s-%d.raw.sig", n->stem, number);
    g_autofree char *next = g_strdup_printf("%d", (number + 1) % BACKUPS);
    FILE *f;

    if (!link_backup(n->document, raw) || !link_backup(n->signature, raw_sig)) {
        log_err("Could not keep %s as %s: %s", n->document, raw, strerror(errno));
        return RC_CIB_BACKUP;
    }
    f = fopen(n->last, "we");
    if (f == NULL || fputs(next, f) < 0 || fclose(f) != 0) {
        log_err("Could not write %s: %s", n->last, strerror(errno));
        return RC_CIB_BACKUP;
    }
    cib_store_sync_dir(dir);
    return RC_OK;
}

void
cib_store_take_marks(const char *dir, const char *name, struct cib_store_marks *marks)
{
    struct names n = names_of(dir, name);
    const char *const paths[2] = { n.document, n.signature };

    memset(marks, 0, sizeof(*marks));
    for (int i = 0; i < 2; i++) {
        struct stat st;

        if (stat(paths[i], &st) == 0) {
            marks->files[i].exists = true;
            marks->files[i].inode = st.st_ino;
            marks->files[i].size = st.st_size;
            marks->files[i].mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
            marks->files[i].ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
        }
    }
    clear_names(&n);
}

static int
existing_is_ours(const char *dir, const char *name, const struct names *n, const struct cib_store_marks *known)
{
    xmlNode *root = NULL;
    struct cib_store_marks now;
    int rc;

    if (known != NULL) {
        cib_store_take_marks(dir, name, &now);
        if (memcmp(&now, known, sizeof(now)) == 0) {
            return RC_OK;
        }
    }
    rc = cib_store_read(n->document, n->signature, &root, NULL);

    xml_free(root);
    return rc == RC_OK || rc == ENOENT ? RC_OK : RC_CIB_MODIFIED;
}

/* Is this what the file holds now? */
static bool
holds(const char *path, const char *text, size_t len)
{
    g_autofree char *got = NULL;
    gsize got_len = 0;

    return g_file_get_contents(path, &got, &got_len, NULL) && got_len == len && memcmp(got, text, len) == 0;
}

static int
put_in_place(const char *dir, const struct names *n, char *const temp[2], const GString *text, const char *digest,
             int (*before_rename)(const char *digest, void *data), void *data)
{
    if (!holds(temp[0], text->str, text->len) || !holds(temp[1], digest, strlen(digest))
        || (before_rename != NULL && before_rename(digest, data) != 0)) {
        log_err("The new configuration could not be verified on disk: keeping %s", n->document);
        return RC_CIB_SAVE;
    }
    if (rename(temp[0], n->document) != 0 || rename(temp[1], n->signature) != 0) {
        log_err("Could not put %s in place: %s", n->document, strerror(errno));
        return RC_CIB_SAVE;
    }
    cib_store_sync_dir(dir);
    return RC_OK;
}

/*
 * The digest of what a reader of this text will have.  (Not of the document it was made from: tabs and line ends in values do
 * not come back from text as they were, spec 20 §4.1.)
 */
static char *
digest_of_text(const GString *text)
{
    g_autoptr(xmlNode) read_back = xml_parse(text->str, text->len, XML_PARSE_LENIENT, NULL);

    return read_back != NULL ? cib_digest_v1(read_back) : NULL;
}

int
cib_store_write(const char *dir, const char *name, const xmlNode *root, const char *written,
                const struct cib_store_marks *known, int (*before_rename)(const char *digest, void *data), void *data)
{
    g_autoptr(xmlNode) image = cib_store_image(root, written);
    g_autoptr(GString) text = g_string_sized_new(8192);
    g_autofree char *digest = NULL;
    struct names n = names_of(dir, name);
    char *temp[2] = { NULL, NULL };
    int rc = existing_is_ours(dir, name, &n, known);

    xml_append_text(text, image, XML_TEXT_FORMATTED);
    digest = digest_of_text(text);
    if (rc == RC_OK && digest == NULL) {
        rc = RC_CIB_SAVE;
    }
    if (rc == RC_OK) {
        rc = make_backup(dir, &n);
    }
    if (rc == RC_OK) {
        temp[0] = cib_store_write_temp(dir, "cib", text->str, text->len);
        temp[1] = temp[0] != NULL ? cib_store_write_temp(dir, "cib", digest, strlen(digest)) : NULL;
        if (temp[1] == NULL) {
            log_err("Could not write the configuration to %s: %s", dir, strerror(errno));
            rc = RC_CIB_SAVE;
        } else {
            rc = put_in_place(dir, &n, temp, text, digest, before_rename, data);
        }
    }
    for (int i = 0; i < 2; i++) {
        if (rc != RC_OK && temp[i] != NULL) {
            unlink(temp[i]);
        }
        g_free(temp[i]);
    }
    clear_names(&n);
    return rc;
}

/* --- the live file, from outside the daemon --- */

bool
cib_store_is_live(const char *path)
{
    g_autofree char *live_dir = realpath(STATE_DIR "/cib", NULL), *real = realpath(path, NULL);
    g_autofree char *live = live_dir != NULL ? g_strdup_printf("%s/cib.xml", live_dir) : NULL;

    return live != NULL && text_equal(real, live);
}

int
cib_store_write_live(const char *path, const xmlNode *root)
{
    const struct passwd *owner = getpwnam(DAEMON_USER);
    g_autofree char *real = realpath(path, NULL);
    g_autofree char *dir = NULL, *written = iso_ctime(time(NULL));
    int rc;

    if (real == NULL) {
        return errno;
    }
    if (owner == NULL || (geteuid() != 0 && geteuid() != owner->pw_uid)) {
        log_err("Only root and %s may write %s", DAEMON_USER, real);
        return EACCES;
    }
    dir = g_path_get_dirname(real);
    rc = cib_store_write(dir, "cib.xml", root, written, NULL, NULL, NULL);
    if (rc == RC_OK && geteuid() == 0) {
        g_autofree char *sig = g_strconcat(real, ".sig", NULL), *last = g_strconcat(dir, "/cib.last", NULL);
        const char *const mine[] = { real, sig, last };

        for (guint i = 0; i < G_N_ELEMENTS(mine); i++) {
            if (chown(mine[i], owner->pw_uid, owner->pw_gid) != 0) {
                log_warn("Could not give %s to %s: %s", mine[i], DAEMON_USER, strerror(errno));
            }
        }
    }
    return rc;
}
