/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Schema upgrades by stylesheet.  Called by the upgrade loop.  libxslt is loaded when the first document needs it: almost none does,
 * and the daemon and all tools that link this would pay for it at each start.  Stylesheets may read files, nothing else.
 * (spec 20 §11.1, §11.3)
 */
#include "lib/cib/cib_transform.h"

#include <libxslt/security.h>
#include <libxslt/transform.h>
#include <libxslt/xslt.h>
#include <libxslt/xsltInternals.h>
#include <libxslt/xsltutils.h>
#include <stdarg.h>
#include <string.h>

#include "lib/base/library.h"
#include "lib/base/log.h"
#include "lib/base/xml.h"

/* --- libxslt --- */

/* The functions that are used, by their own names. */
#define XSLT_FUNCTIONS(f)                                                                                           \
    f(xsltParseStylesheetFile) f(xsltFreeStylesheet) f(xsltNewTransformContext) f(xsltFreeTransformContext)         \
        f(xsltSetTransformErrorFunc) f(xsltApplyStylesheetUser) f(xsltNewSecurityPrefs) f(xsltFreeSecurityPrefs)    \
            f(xsltSetSecurityPrefs) f(xsltSetCtxtSecurityPrefs) f(xsltSecurityForbid) f(xsltSetGenericErrorFunc)

static struct {
    XSLT_FUNCTIONS(LIBRARY_MEMBER)
} xslt;

static const char *const symbols[] = { XSLT_FUNCTIONS(LIBRARY_SYMBOL) };
LIBRARY_MATCHES(xslt, symbols);

static bool
load_libxslt(void)
{
    static bool loaded;
    g_autofree char *error = NULL;

    if (loaded) {
        return true;
    }
    loaded = library_load("libxslt.so.1", RTLD_NOW | RTLD_LOCAL, symbols, G_N_ELEMENTS(symbols), &xslt, &error);
    if (!loaded) {
        log_err("Upgrading the configuration needs libxslt: %s", error);
    }
    return loaded;
}

/* --- messages --- */

/* Collects what libxslt prints piece by piece and passes on whole lines. */
struct speaker {
    cib_upgrade_message_fn tell;
    void *data;
    GString *line;
};

static const struct {
    const char *prefix;
    int priority;
} severities[] = { { "ERROR: ", LOG_ERR }, { "WARNING: ", LOG_WARNING }, { "INFO: ", LOG_INFO }, { "DEBUG: ", LOG_DEBUG } };

static void
say_line(const struct speaker *s, const char *line)
{
    int priority = LOG_ERR; /* libxslt's own complaints have no prefix */

    for (size_t i = 0; i < G_N_ELEMENTS(severities); i++) {
        if (g_str_has_prefix(line, severities[i].prefix)) {
            priority = severities[i].priority;
        }
    }
    if (s->tell != NULL) {
        s->tell(s->data, priority, line);
    } else {
        qb_log((uint8_t)priority, "%s", line);
    }
}

static void G_GNUC_PRINTF(2, 3)
on_message(void *context, const char *format, ...)
{
    struct speaker *s = context;
    va_list args;
    char *end;

    va_start(args, format);
    g_string_append_vprintf(s->line, format, args);
    va_end(args);
    while ((end = strchr(s->line->str, '\n')) != NULL) {
        *end = '\0';
        if (*g_strstrip(s->line->str) != '\0') {
            say_line(s, s->line->str);
        }
        g_string_erase(s->line, 0, end + 1 - s->line->str);
    }
}

/* --- one stylesheet --- */

/* A new document, NULL if the stylesheet failed or ended itself. */
static xmlDoc *
run_stylesheet(const char *path, xmlDoc *in, struct speaker *s)
{
    static const xsltSecurityOption forbidden[] = { XSLT_SECPREF_WRITE_FILE, XSLT_SECPREF_CREATE_DIRECTORY,
                                                    XSLT_SECPREF_READ_NETWORK, XSLT_SECPREF_WRITE_NETWORK };
    xsltSecurityPrefs *limits = xslt.xsltNewSecurityPrefs();
    xsltTransformContext *context;
    xsltStylesheet *sheet;
    xmlDoc *out = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++) {
        xslt.xsltSetSecurityPrefs(limits, forbidden[i], xslt.xsltSecurityForbid);
    }
    xslt.xsltSetGenericErrorFunc(s, on_message);
    sheet = xslt.xsltParseStylesheetFile((const xmlChar *)path);
    if (sheet != NULL) {
        context = xslt.xsltNewTransformContext(sheet, in);
        xslt.xsltSetTransformErrorFunc(context, s, on_message);
        xslt.xsltSetCtxtSecurityPrefs(limits, context);
        out = xslt.xsltApplyStylesheetUser(sheet, in, NULL, NULL, NULL, context);
        if (out != NULL && (context->state != XSLT_STATE_OK || xmlDocGetRootElement(out) == NULL)) {
            xmlFreeDoc(out);
            out = NULL;
        }
        xslt.xsltFreeTransformContext(context);
        xslt.xsltFreeStylesheet(sheet);
    }
    xslt.xsltSetGenericErrorFunc(NULL, NULL);
    xslt.xsltFreeSecurityPrefs(limits);
    return out;
}

/* As above; a stylesheet that fails is named. */
static xmlNode *
transform(const char *path, const xmlNode *root, struct speaker *s)
{
    xmlDoc *out = run_stylesheet(path, root->doc, s);
    xmlNode *result;

    if (out == NULL) {
        log_warn("The schema upgrade %s failed", path);
        return NULL;
    }
    result = xml_copy(NULL, xmlDocGetRootElement(out));
    xmlFreeDoc(out);
    return result;
}

/* The step's own stylesheet of that kind or the one for all steps; NULL if there is none. */
static char *
find_helper(const char *directory, int major, int minor, const char *kind)
{
    char *path = g_strdup_printf("%s/upgrade-%d.%d-%s.xsl", directory, major, minor, kind);

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_free(path);
        path = g_strdup_printf("%s/upgrade-%s.xsl", directory, kind);
    }
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

xmlNode *
cib_transform(const char *directory, int major, int minor, const xmlNode *root, cib_upgrade_message_fn tell, void *data)
{
    g_autofree char *enter = find_helper(directory, major, minor, "enter");
    g_autofree char *main = g_strdup_printf("%s/upgrade-%d.%d.xsl", directory, major, minor);
    g_autofree char *leave = find_helper(directory, major, minor, "leave");
    g_autoptr(GString) line = g_string_new(NULL);
    struct speaker s = { .tell = tell, .data = data, .line = line };
    g_autoptr(xmlNode) entered = NULL;
    xmlNode *result, *left;

    if (!load_libxslt()) {
        return NULL;
    }
    /* a helper that fails is done without, and without the first there is nothing for the last to do */
    if (enter != NULL) {
        entered = transform(enter, root, &s);
    }
    result = transform(main, entered != NULL ? entered : root, &s);
    if (result != NULL && entered != NULL && leave != NULL && (left = transform(leave, result, &s)) != NULL) {
        xml_free(result);
        result = left;
    }
    return result;
}
