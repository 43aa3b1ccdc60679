/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See inputs.h.
 */
#include "daemons/schedulerd/inputs.h"
#include "lib/base/bzip2.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

unsigned
inputs_next(const char *dir, const char *series, int max)
{
    g_autofree char *path = g_strdup_printf("%s/%s.last", dir, series);
    g_autofree char *text = NULL;
    long long n = 0;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        n = text_leading_int(text);
    }
    return n < 0 || (max > 0 && n >= max) ? 0 : (unsigned) n;
}

char *
inputs_path(const char *dir, const char *series, unsigned n)
{
    return g_strdup_printf("%s/%s-%u.bz2", dir, series, n);
}

static int
write_bytes(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "w");
    int rc = 0;

    if (f == NULL) {
        return errno;
    }
    if (fwrite(data, 1, len, f) != len) {
        rc = errno ? errno : EIO;
    }
    if (fclose(f) != 0 && rc == 0) {
        rc = errno;
    }
    return rc;
}

static int
write_compressed(const char *path, const xmlNode *cib)
{
    g_autofree char *text = xml_to_text(cib, XML_TEXT_FORMATTED);
    size_t len = strlen(text);
    unsigned room = (unsigned) (len + len / 100 + 600);
    g_autofree char *packed = g_malloc(room);

    if (bzip2_compress(packed, &room, text, (unsigned) len, 5, 30) != BZ_OK) {
        return ENOMEM;
    }
    (void) unlink(path);
    return write_bytes(path, packed, room);
}

int
inputs_write(const char *dir, const char *series, unsigned n, int max, const xmlNode *cib)
{
    g_autofree char *path = inputs_path(dir, series, n);
    g_autofree char *last = g_strdup_printf("%s/%s.last", dir, series);
    g_autofree char *number = NULL;
    int rc = write_compressed(path, cib);

    if (rc != 0) {
        return rc;
    }
    n++;
    number = g_strdup_printf("%u\n", max > 0 && n >= (unsigned) max ? 0 : n);
    return write_bytes(last, number, strlen(number));
}
