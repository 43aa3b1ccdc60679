/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many configuration changes a second the local CIB manager takes over one IPC connection, one after the other.  Run by
 * cts/bench/cluster on a node of a lab, against ours and Debian's: a program in C, since on the processors that all nodes of a lab share
 * the time that the client takes is missing to those that are measured.
 *
 * It grows the CIB to about the size asked for with resource templates, which cost the scheduler next to nothing, changes an
 * attribute of one of them again and again, each time waiting for the answer, and takes the templates away again.
 *
 * usage: cib-updates [-k KILOBYTES] [-t SECONDS]
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"

/* Templates in one call, so that it fits a message of usual size; the time that such a call and an update may take. */
enum { AT_ONCE = 100, LONG_S = 120, SHORT_S = 30 };

static int
change(struct cib_client *cib, const char *op, xmlNode *input, int timeout_s)
{
    const struct cib_request request = { .op = op, .section = "resources", .input = input };
    int rc = cib_call(cib, &request, timeout_s, NULL);

    xml_free(input);
    return rc;
}

static void
must(int rc, const char *what)
{
    if (rc != RC_OK) {
        fprintf(stderr, "cib-updates: %s failed: %s\n", what, result_text(rc));
        exit(CRM_EX_ERROR);
    }
}

static void
append_template(GString *text, unsigned number)
{
    g_string_append_printf(text,
                           "<template id=\"bench-%u\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\">"
                           "<meta_attributes id=\"bench-%u-meta\"><nvpair id=\"bench-%u-role\" name=\"target-role\" value=\"Stopped\"/>"
                           "<nvpair id=\"bench-%u-p\" name=\"priority\" value=\"0\"/></meta_attributes>"
                           "<operations><op id=\"bench-%u-monitor\" name=\"monitor\" interval=\"10s\" timeout=\"20s\"/></operations>"
                           "</template>", number, number, number, number, number);
}

/* Returns the number of templates that make about `size` bytes. */
static unsigned
grow(struct cib_client *cib, size_t size)
{
    size_t total = 0;
    unsigned count = 0;

    while (total < size) {
        g_autoptr(GString) text = g_string_new("<resources>");

        do {
            append_template(text, count++);
        } while (count % AT_ONCE != 0 && total + text->len < size);
        total += text->len;
        g_string_append(text, "</resources>");
        must(change(cib, CIB_OP_CREATE, xml_parse(text->str, text->len, XML_PARSE_STRICT, NULL), LONG_S), "growing the CIB");
    }
    return count;
}

static void
shrink(struct cib_client *cib, unsigned count)
{
    while (count > 0) {
        xmlNode *gone = xml_new(NULL, "resources");

        do {
            g_autofree char *id = g_strdup_printf("bench-%u", --count);

            xml_set(xml_new(gone, "template"), "id", id);
        } while (count % AT_ONCE != 0);
        must(change(cib, CIB_OP_DELETE, gone, LONG_S), "shrinking the CIB");
    }
}

static int
update(struct cib_client *cib, const char *id, unsigned value)
{
    xmlNode *pair = xml_new(NULL, "nvpair");

    xml_set(pair, "id", id);
    xml_set_int(pair, "value", value);
    return change(cib, CIB_OP_MODIFY, pair, SHORT_S);
}

static double
now(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

int
main(int argc, char **argv)
{
    struct cib_client *cib = cib_client_new_native();
    g_autofree char *id = NULL;
    unsigned kilobytes = 8, count, done = 0, failed = 0;
    double seconds = 10, grown, begin, last, slowest = 0;

    for (int option; (option = getopt(argc, argv, "k:t:")) != -1;) {
        switch (option) {
        case 'k': kilobytes = (unsigned)strtoul(optarg, NULL, 10); break;
        case 't': seconds = strtod(optarg, NULL); break;
        default: return CRM_EX_USAGE;
        }
    }
    must(cib_client_connect(cib, "cib-updates", CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY), "connecting to the CIB manager");
    begin = now();
    count = grow(cib, MAX(kilobytes, 4) * 1024 - 3 * 1024); /* an empty CIB of three nodes has 3 KB */
    grown = now() - begin;
    id = g_strdup_printf("bench-%u-p", count / 2);
    begin = last = now();
    while (last - begin < seconds) {
        double before = last;

        if (update(cib, id, done + failed + 1) == RC_OK) {
            done++;
        } else {
            failed++;
        }
        last = now();
        slowest = MAX(slowest, last - before);
    }
    shrink(cib, count);
    printf("%.1f updates/s, %u failed, slowest %.0f ms, %u KB (grown in %.1f s)\n", done / (last - begin), failed, slowest * 1000,
           kilobytes, grown);
    cib_client_free(cib);
    return CRM_EX_OK;
}
