/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CIB client on a file (CIB_file, shadow copies): the same engine as the daemon's, in this process.  Used by
 * cib_client.c.  Never consults the daemon.  (spec 20 §14.2)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/bzip2.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_acl.h"
#include "lib/cib/cib_client_impl.h"
#include "lib/cib/cib_ops.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_store.h"
#include "lib/cib/cib_update.h"

int
cib_file_connect(struct cib_client *c)
{
    g_autofree char *error = NULL;
    xmlNode *root;

    if (strcmp(c->path, "-") != 0 && access(c->path, F_OK) != 0) {
        return ENXIO;
    }
    root = xml_parse_file(c->path, XML_PARSE_LENIENT, &error);
    if (root == NULL) {
        log_err("%s cannot be used: %s", c->path, error);
        return RC_SCHEMA_VALIDATION;
    }
    if (xml_first(root, "status") == NULL) {
        xml_new(root, "status");
    }
    c->schemas = cib_schemas_new(NULL);
    cib_schema_complete(c->schemas, root);
    if (!cib_schema_accepts(c->schemas, xml_get(root, CIB_A_VALIDATE_WITH), root, NULL, NULL)) {
        xml_free(root);
        cib_schemas_free(c->schemas);
        c->schemas = NULL;
        return RC_SCHEMA_VALIDATION;
    }
    c->doc = cib_doc_new_take(root);
    c->doc->valid_for = g_strdup(xml_get(root, CIB_A_VALIDATE_WITH));
    c->changed = false;
    return RC_OK;
}

/* --- writing --- */

static int
compress_text(GString *text)
{
    unsigned size = (unsigned)(text->len + text->len / 100 + 600);
    char *out = g_malloc(size);
    int rc = bzip2_compress(out, &size, text->str, (unsigned)text->len, 5, 30);

    if (rc == BZ_OK) {
        g_string_truncate(text, 0);
        g_string_append_len(text, out, size);
    }
    g_free(out);
    return rc == BZ_OK ? RC_OK : EIO;
}

static int
write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? errno : EIO;
        }
        data += n;
        len -= (size_t)n;
    }
    return RC_OK;
}

static int
write_plain(struct cib_client *c)
{
    g_autoptr(GString) text = g_string_sized_new(8192);
    int fd, rc = RC_OK;

    xml_append_text(text, c->doc->root, XML_TEXT_FORMATTED);
    if (g_str_has_suffix(c->path, ".bz2") && (rc = compress_text(text)) != RC_OK) {
        return rc;
    }
    fd = open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return errno;
    }
    rc = write_all(fd, text->str, text->len);
    if (fsync(fd) != 0 && errno != EINVAL && rc == RC_OK) {
        rc = errno;
    }
    if (close(fd) != 0 && rc == RC_OK) {
        rc = errno;
    }
    return rc;
}

int
cib_file_disconnect(struct cib_client *c)
{
    int rc = RC_OK;

    if (c->changed) {
        rc = cib_store_is_live(c->path) ? cib_store_write_live(c->path, c->doc->root) : write_plain(c);
        if (rc != RC_OK) {
            log_err("Could not write %s: %s", c->path, result_text(rc));
        }
    }
    if (c->done_source != 0) {
        g_source_remove(c->done_source);
        c->done_source = 0;
    }
    cib_doc_free(c->doc);
    c->doc = NULL;
    cib_schemas_free(c->schemas);
    c->schemas = NULL;
    return rc;
}

/* --- calls --- */

/* The caller asked to hear what an upgrade does. */
static void
tell_upgrade(void *data, int priority, const char *text)
{
    if (priority <= LOG_INFO) {
        fprintf(stderr, "%s\n", text);
    }
}

int
cib_file_call(struct cib_client *c, const struct cib_request *request, xmlNode **output)
{
    struct cib_update u = {
        .op = request->op,
        .section = request->section,
        .payload = request->input,
        .options = request->options | CIB_OPT_NO_MTIME,
        .user = request->user,
        .check_acl = !cib_acl_user_is_exempt(request->user) && cib_acl_enabled(c->doc),
    };
    struct cib_update_result r;

    *output = NULL;
    if (strcmp(request->op, CIB_OP_QUERY) == 0) {
        if (u.check_acl) {
            return cib_op_query_as(c->doc, request->user, request->section, request->options, output);
        }
        return cib_op_query(c->doc, request->section, request->options, output);
    }
    if (!cib_op_modifies(request->op) || strcmp(request->op, CIB_OP_DELETE_ALT) == 0) {
        return EPROTONOSUPPORT;
    }
    cib_schemas_on_upgrade_message(c->schemas, request->options & CIB_OPT_VERBOSE ? tell_upgrade : NULL, NULL);
    cib_update_run(c->doc, c->schemas, &u, &r);
    /* an upgrade with nothing to do is a success here (spec 20 §11.3) */
    if (r.rc == RC_SCHEMA_UNCHANGED) {
        r.rc = RC_OK;
    }
    if (r.rc == RC_OK && !(request->options & CIB_OPT_DRY_RUN)) {
        c->changed = true;
    }
    *output = r.output;
    r.output = NULL;
    int rc = r.rc;
    cib_update_result_clear(&r);
    return rc;
}
