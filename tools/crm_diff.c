/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_diff: the difference of two configurations as a patchset, and patchsets applied.  Used by front ends and scripts, which
 * rely on its exit codes.  Never talks to the cluster.  (spec 20 §5.5)
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_digest.h"
#include "lib/cib/cib_doc.h"
#include "lib/cib/cib_patch.h"
#include "lib/cib/cib_proto.h"
#include "lib/output/tool.h"

static struct {
    char *original, *original_text, *new, *new_text;
    gboolean patch, as_cib, from_stdin, no_version;
} o;

static struct output *out;

static gboolean
take_new(const char *option, const char *value, gpointer data, GError **error)
{
    g_free(o.new);
    o.new = g_strdup(value);
    if (text_equal(option, "-p") || text_equal(option, "--patch")) {
        o.patch = TRUE;
    }
    return TRUE;
}

static const GOptionEntry xml_entries[] = {
    { "original", 'o', 0, G_OPTION_ARG_FILENAME, &o.original, "The configuration in this file", "FILE" },
    { "original-string", 'O', 0, G_OPTION_ARG_STRING, &o.original_text, "The configuration given here", "XML" },
    { NULL },
};

static const GOptionEntry operation_entries[] = {
    { "new", 'n', 0, G_OPTION_ARG_CALLBACK, (gpointer)take_new, "Show what differs in this file", "FILE" },
    { "new-string", 'N', 0, G_OPTION_ARG_STRING, &o.new_text, "Show what differs in this XML", "XML" },
    { "patch", 'p', 0, G_OPTION_ARG_CALLBACK, (gpointer)take_new, "Apply the patchset in this file", "FILE" },
    { NULL },
};

static const GOptionEntry additional_entries[] = {
    { "cib", 'c', 0, G_OPTION_ARG_NONE, &o.as_cib,
      "Treat the inputs as versions of one CIB: attributes have no order, versions are checked", NULL },
    { "stdin", 's', 0, G_OPTION_ARG_NONE, &o.from_stdin, "Read the inputs from standard input", NULL },
    { "no-version", 'u', 0, G_OPTION_ARG_NONE, &o.no_version, "Leave the version numbers out", NULL },
    { NULL },
};

static const char description[] = "Examples:\n\n"
                                  "Keep the difference between two configurations:\n\n"
                                  "\tcrm_diff --original old.xml --new new.xml > patch.xml\n\n"
                                  "Apply it to the older one, or to the running cluster:\n\n"
                                  "\tcrm_diff --original old.xml --patch patch.xml > updated.xml\n\n"
                                  "\tcibadmin --patch --xml-file patch.xml\n";

/* --- input --- */

static xmlNode *
read_xml(const char *text, const char *file, const char *which)
{
    xmlNode *xml = NULL;

    if (text != NULL) {
        xml = xml_parse(text, strlen(text), XML_PARSE_LENIENT, NULL);
    } else if (o.from_stdin) {
        fprintf(stderr, "Input %s XML fragment:", which);
        xml = xml_parse_file("-", XML_PARSE_LENIENT, NULL);
    } else if (file != NULL) {
        xml = xml_parse_file(file, XML_PARSE_LENIENT, NULL);
    }
    return xml;
}

/* --- comparing --- */

/* The counters of the first document in the second one, so that they do not differ. */
static void
level_versions(xmlNode *new, const xmlNode *old)
{
    static const char *const counters[] = { CIB_A_ADMIN_EPOCH, CIB_A_EPOCH, CIB_A_NUM_UPDATES };

    for (guint i = 0; i < G_N_ELEMENTS(counters); i++) {
        xml_copy_attr(new, old, counters[i]);
    }
}

static xmlNode *
compare(xmlNode *take_old, const xmlNode *new)
{
    struct cib_doc *d = cib_doc_new_take(take_old);
    struct cib_version source = cib_version_of(d->root);
    const char *feature_set = xml_get(d->root, CIB_A_FEATURE_SET);
    int format = cib_patch_format_for(feature_set);
    g_autofree char *digest = o.as_cib ? cib_digest_versioned(new, feature_set) : NULL;
    g_autoptr(xmlNode) old = format == 1 ? xml_copy(NULL, d->root) : NULL;
    xmlNode *patch = NULL;

    d->ignore_attr_order = o.as_cib;
    cib_doc_begin(d);
    cib_doc_replace(d, d->root, new);
    if (d->dirty) {
        patch = format == 1 ? cib_patch_v1_new(old, d->root, !o.no_version) : cib_patch_new(d, &source, digest, !o.no_version);
    }
    cib_doc_commit(d);
    cib_doc_free(d);
    return patch;
}

static int
show_difference(xmlNode *take_old, xmlNode *new)
{
    g_autoptr(xmlNode) patch = NULL;

    if (strcasecmp(xml_name(take_old), xml_name(new)) != 0) {
        output_error(out, "Cannot compare <%s> with <%s>", xml_name(take_old), xml_name(new));
        xml_free(take_old);
        return CRM_EX_DATAERR;
    }
    if (o.no_version) {
        level_versions(new, take_old);
    }
    patch = compare(take_old, new);
    if (patch == NULL) {
        return CRM_EX_OK;
    }
    output_document(out, patch);
    return CRM_EX_ERROR;
}

static int
apply(xmlNode *take_old, const xmlNode *patch)
{
    int rc = cib_patch_apply_tree(&take_old, patch, CIB_PATCH_CHECK_DIGEST | (o.as_cib ? CIB_PATCH_CHECK_VERSION : 0));

    if (rc == RC_OK) {
        output_document(out, take_old);
    } else {
        output_error(out, "Could not apply patch: %s", result_text(rc));
    }
    xml_free(take_old);
    return (int)result_to_exit(rc);
}

static int
run(void)
{
    xmlNode *old = NULL;
    g_autoptr(xmlNode) new = NULL;

    if (o.patch && o.no_version) {
        output_error(out, "warning: -u/--no-version ignored with -p/--patch");
        o.no_version = FALSE;
    } else if (o.as_cib && o.no_version) {
        output_error(out, "error: -u/--no-version incompatible with -c/--cib");
        return CRM_EX_USAGE;
    }
    old = read_xml(o.original_text, o.original, "first");
    new = read_xml(o.new_text, o.new, "second");
    if (old == NULL || new == NULL) {
        output_error(out, "Could not parse the %s XML fragment", old == NULL ? "first" : "second");
        xml_free(old);
        return CRM_EX_DATAERR;
    }
    return o.patch ? apply(old, new) : show_difference(old, new);
}

int
main(int argc, char **argv)
{
    struct tool t;
    int code = CRM_EX_OK;

    tool_init(&t, argv, TOOL_OUTPUT, "nopNO", NULL, "crm_diff - compare two configurations, or apply such a difference", description);
    tool_add_group(&t, "xml", "Original XML:", "Show original XML options", xml_entries);
    tool_add_group(&t, "operation", "Operation:", "Show operation options", operation_entries);
    tool_add_group(&t, "additional", "Additional Options:", "Show additional options", additional_entries);
    out = tool_start(&t, 0, &code);
    if (out == NULL) {
        return code;
    }
    log_init("crm_diff", LOG_KIND_TOOL, t.verbosity);
    return tool_exit(&t, out, run());
}
