/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal of configuration changes.  Used by the daemon's shell: appended from its disk thread, replayed at
 * start.  Never acknowledges anything itself.
 */
#include "lib/cib/cib_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_store.h"

/* A record is "R LENGTH MD5\n", LENGTH bytes of XML, "\n". */
#define RECORD_HEAD "R %zu %32[0-9a-f]\n"
enum { HEAD_MAX = 64, DIGEST_LEN = 32 };
/* Stands where a record is missing, so that no later one is replayed without it. */
#define DAMAGED "!"
/* Bytes that are reserved at a time. */
enum { RESERVE = 128 * 1024 };

static bool
concerns_status(const xmlNode *change)
{
    const char *path = xml_get(change, "path");

    return path != NULL && g_str_has_prefix(path, "/cib/status") && (path[11] == '\0' || path[11] == '/' || path[11] == '[');
}

/* All attributes of the root as they are now, the stamps among them, which patchsets leave out. */
static void
append_root(GString *text, const xmlNode *root)
{
    g_autoptr(xmlNode) like = xml_new(NULL, "cib");

    xml_copy_attrs(like, root);
    g_string_append(text, "<change operation=\"modify\" path=\"/cib\"><change-result>");
    xml_append_text(text, like, XML_TEXT_PLAIN);
    g_string_append(text, "</change-result></change>");
}

GString *
cib_journal_record(const xmlNode *patch, const xmlNode *root)
{
    GString *record = g_string_sized_new(2048);
    g_autofree char *digest = NULL, *head = NULL;

    g_string_append(record, "<diff format=\"2\">");
    xml_for_each(c, patch, "change")
    {
        if (!concerns_status(c) && !text_equal(xml_get(c, "path"), "/cib")) {
            xml_append_text(record, c, XML_TEXT_PLAIN);
        }
    }
    append_root(record, root);
    g_string_append(record, "</diff>");
    digest = md5_hex(record->str, record->len);
    head = g_strdup_printf("R %zu %s\n", (size_t)record->len, digest);
    g_string_prepend(record, head);
    g_string_append_c(record, '\n');
    return record;
}

/* One record at `text`; its length with head and end, 0 if there is no whole one. */
static size_t
read_record(const char *text, size_t len, xmlNode **patch)
{
    char head[HEAD_MAX] = "", expected[DIGEST_LEN + 1];
    g_autofree char *actual = NULL;
    const char *end = memchr(text, '\n', MIN(len, sizeof(head) - 1));
    size_t size, start;

    *patch = NULL;
    if (end == NULL) {
        return 0;
    }
    start = (size_t)(end - text) + 1;
    memcpy(head, text, start);
    if (sscanf(head, RECORD_HEAD, &size, expected) != 2 || size == 0 || size >= len - start
        || text[start + size] != '\n') {
        return 0;
    }
    actual = md5_hex(text + start, size);
    if (strcmp(actual, expected) != 0) {
        return 0;
    }
    *patch = xml_parse(text + start, size, XML_PARSE_STRICT, NULL);
    return *patch != NULL ? start + size + 1 : 0;
}

/* Reserved space that no record has taken. */
static bool
is_blank(const char *text, size_t len)
{
    while (len > 0 && *text == '\0') {
        text++;
        len--;
    }
    return len == 0;
}

unsigned
cib_journal_replay_text(xmlNode **root, const char *text, size_t len, bool *intact)
{
    unsigned n = 0;
    size_t used;
    xmlNode *patch;

    while (len > 0 && (used = read_record(text, len, &patch)) > 0) {
        int rc = cib_patch_apply_tree(root, patch, 0);

        xml_free(patch);
        if (rc != RC_OK) {
            break;
        }
        n++;
        text += used;
        len -= used;
    }
    if (intact != NULL) {
        *intact = is_blank(text, len);
    }
    return n;
}

/* --- files --- */

static char *
segment_path(const char *dir, unsigned segment, const char *suffix)
{
    return g_strdup_printf("%s/cib.journal.%u%s", dir, segment, suffix);
}

static bool
segment_number(const char *name, unsigned *number)
{
    char rest[8] = "";

    return sscanf(name, "cib.journal.%u%7s", number, rest) >= 1 && (*rest == '\0' || strcmp(rest, ".base") == 0);
}

unsigned
cib_journal_last_segment(const char *dir)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    const char *name;
    unsigned last = 0, n;

    while (d != NULL && (name = g_dir_read_name(d)) != NULL) {
        if (segment_number(name, &n)) {
            last = MAX(last, n);
        }
    }
    return last;
}

/* The newest segment that follows the document with this digest, 0 if none. */
static unsigned
segment_based_on(const char *dir, const char *digest, unsigned last)
{
    for (unsigned n = last; n > 0; n--) {
        g_autofree char *path = segment_path(dir, n, ".base");
        g_autofree char *base = NULL;

        if (g_file_get_contents(path, &base, NULL, NULL) && text_equal(g_strstrip(base), digest)) {
            return n;
        }
        if (n + 1000 < last) {
            break; /* segments are pruned: what is that far back is none of ours */
        }
    }
    return 0;
}

unsigned
cib_journal_replay(const char *dir, const char *digest, xmlNode **root)
{
    unsigned last = cib_journal_last_segment(dir), first = segment_based_on(dir, digest, last), changes = 0;

    for (unsigned n = first; n > 0 && n <= last; n++) {
        g_autofree char *path = segment_path(dir, n, "");
        g_autofree char *text = NULL;
        gsize len = 0;
        bool intact;

        if (!g_file_get_contents(path, &text, &len, NULL)) {
            continue; /* begun, but nothing was written before the end */
        }
        changes += cib_journal_replay_text(root, text, len, &intact);
        if (!intact) {
            log_warn("The end of %s is damaged: a change that was being written when the node failed is dropped", path);
            break;
        }
    }
    return changes;
}

struct cib_journal {
    int fd;
    off_t end;      /* of the records */
    off_t reserved; /* end of the zero bytes behind them; below `end`: nothing is reserved */
    int failed;     /* result of the append that failed, else RC_OK */
};

/* Write all of it; `*written` also after an error.  A result. */
static int
write_at(int fd, const char *text, size_t len, off_t at, size_t *written)
{
    *written = 0;
    while (*written < len) {
        ssize_t n = pwrite(fd, text + *written, len - *written, at + (off_t)*written);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : EIO;
        }
        *written += (size_t)n;
    }
    return RC_OK;
}

/* The records, and zero bytes behind them up to the next piece.  It is no failure if only these find no room. */
static int
write_and_reserve(struct cib_journal *j, const char *text, size_t len)
{
    size_t end = (size_t)j->end + len, room = (end / RESERVE + 1) * RESERVE - end, written;
    g_autofree char *piece = g_malloc0(len + room);
    int rc;

    if (len > 0) {
        memcpy(piece, text, len);
    }
    rc = write_at(j->fd, piece, len + room, j->end, &written);
    if (written >= len) {
        j->reserved = j->end + (off_t)written;
        rc = RC_OK;
    }
    return rc;
}

struct cib_journal *
cib_journal_begin(const char *dir, unsigned segment)
{
    g_autofree char *path = segment_path(dir, segment, "");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct cib_journal *j;

    if (fd < 0) {
        return NULL;
    }
    j = g_new0(struct cib_journal, 1);
    j->fd = fd;
    write_and_reserve(j, NULL, 0);
    fdatasync(fd);
    cib_store_sync_dir(dir);
    return j;
}

int
cib_journal_append(struct cib_journal *j, const char *text, size_t len)
{
    size_t written;
    int rc = j->failed;

    if (rc == RC_OK) {
        rc = j->end + (off_t)len <= j->reserved ? write_at(j->fd, text, len, j->end, &written)
                                                : write_and_reserve(j, text, len);
    }
    if (rc == RC_OK && fdatasync(j->fd) != 0) {
        rc = errno;
    }
    if (rc == RC_OK) {
        j->end += (off_t)len;
    } else if (j->failed == RC_OK) {
        j->failed = rc;
        write_at(j->fd, DAMAGED, strlen(DAMAGED), j->end, &written);
    }
    return rc;
}

void
cib_journal_close(struct cib_journal *j)
{
    if (j != NULL) {
        close(j->fd);
        g_free(j);
    }
}

int
cib_journal_note_base(const char *dir, unsigned segment, const char *digest)
{
    g_autofree char *path = segment_path(dir, segment, ".base");
    g_autofree char *temp = cib_store_write_temp(dir, "cib", digest, strlen(digest));

    if (temp == NULL) {
        return errno;
    }
    if (rename(temp, path) != 0) {
        int rc = errno;

        unlink(temp);
        return rc;
    }
    return cib_store_sync_dir(dir);
}

void
cib_journal_prune(const char *dir, unsigned segment)
{
    g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
    g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
    const char *name;
    unsigned n;

    while (d != NULL && (name = g_dir_read_name(d)) != NULL) {
        if (segment_number(name, &n) && n < segment) {
            g_ptr_array_add(gone, g_strdup_printf("%s/%s", dir, name));
        }
    }
    for (guint i = 0; i < gone->len; i++) {
        unlink(g_ptr_array_index(gone, i));
    }
}
