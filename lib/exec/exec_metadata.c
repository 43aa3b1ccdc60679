/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What agents say about themselves: ocf agents are asked, lsb scripts have a comment block, systemd knows its units.
 * Called by tools and the controller in their own process.  Fence agents are asked too; their answer is completed with
 * what a resource of that class can do.  (spec 50 §8, spec 60 §17)
 */
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"
#include "lib/exec/exec_agents.h"
#include "lib/exec/exec_systemd.h"
#include "lib/exec/process.h"

#include <string.h>
#include <sys/stat.h>

/* --- lsb: the comment block of an init script --- */

enum lsb_field {
    LSB_PROVIDES,
    LSB_REQUIRED_START,
    LSB_REQUIRED_STOP,
    LSB_SHOULD_START,
    LSB_SHOULD_STOP,
    LSB_DEFAULT_START,
    LSB_DEFAULT_STOP,
    LSB_SHORT,
    LSB_LONG,
    LSB_FIELDS
};

/* The first seven are shown as elements of that name. */
static const char *const lsb_names[LSB_FIELDS] = {
    "Provides", "Required-Start", "Required-Stop", "Should-Start",      "Should-Stop",
    "Default-Start", "Default-Stop", "Short-Description", "Description",
};

/* A value is everything behind the colon with its newline, blanks included; a later line wins nothing. */
static void
lsb_take_line(GString *fields[LSB_FIELDS], const char *line, bool *in_description)
{
    if (*in_description && (g_str_has_prefix(line, "#\t") || g_str_has_prefix(line, "#  "))) {
        g_string_append_printf(fields[LSB_LONG], "%s\n", line + 1);
        return;
    }
    *in_description = false;
    for (int i = 0; i < LSB_FIELDS; i++) {
        size_t len = strlen(lsb_names[i]);

        if (g_str_has_prefix(line, "# ") && strncmp(line + 2, lsb_names[i], len) == 0 && line[2 + len] == ':'
            && fields[i]->len == 0) {
            g_string_append_printf(fields[i], "%s\n", line + 2 + len + 1);
            *in_description = (i == LSB_LONG);
            return;
        }
    }
}

static void
lsb_parse(GString *fields[LSB_FIELDS], const char *script)
{
    g_auto(GStrv) lines = g_strsplit(script, "\n", -1);
    bool inside = false, in_description = false;

    for (char **line = lines; *line != NULL; line++) {
        if (!inside) {
            inside = g_str_has_prefix(*line, "### BEGIN INIT INFO");
        } else if (**line != '#' || g_str_has_prefix(*line, "### END INIT INFO")) {
            break;
        } else {
            lsb_take_line(fields, *line, &in_description);
        }
    }
}

static void
append_text(GString *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            g_string_append(out, "&lt;");
            break;
        case '>':
            g_string_append(out, "&gt;");
            break;
        case '&':
            g_string_append(out, "&amp;");
            break;
        default:
            g_string_append_c(out, *text);
        }
    }
}

static char *
lsb_print(const char *type, GString *fields[LSB_FIELDS])
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out,
                           "<?xml version='1.0'?>\n"
                           "<!DOCTYPE resource-agent SYSTEM 'ra-api-1.dtd'>\n"
                           "<resource-agent name='%s' version='0.1'>\n"
                           "  <version>1.0</version>\n"
                           "  <longdesc lang='en'>\n",
                           type);
    append_text(out, fields[LSB_LONG]->len ? fields[LSB_LONG]->str : type);
    g_string_append(out, "  </longdesc>\n"
                         "  <shortdesc lang='en'>");
    append_text(out, fields[LSB_SHORT]->len ? fields[LSB_SHORT]->str : type);
    g_string_append(out, "</shortdesc>\n"
                         "  <parameters>\n"
                         "  </parameters>\n"
                         "  <actions>\n"
                         "    <action name='meta-data'    timeout='5' />\n"
                         "    <action name='start'        timeout='15' />\n"
                         "    <action name='stop'         timeout='15' />\n"
                         "    <action name='status'       timeout='15' />\n"
                         "    <action name='restart'      timeout='15' />\n"
                         "    <action name='force-reload' timeout='15' />\n"
                         "    <action name='monitor'      timeout='15' interval='15' />\n"
                         "  </actions>\n"
                         "  <special tag='LSB'>\n");
    for (int i = 0; i <= LSB_DEFAULT_STOP; i++) {
        g_string_append_printf(out, "    <%s>", lsb_names[i]);
        append_text(out, fields[i]->str);
        g_string_append_printf(out, "</%s>\n", lsb_names[i]);
    }
    g_string_append(out, "  </special>\n</resource-agent>\n");
    return g_string_free(out, FALSE);
}

static char *
lsb_metadata(const char *type)
{
    g_autofree char *path = exec_lsb_path(type);
    g_autofree char *script = NULL;
    GString *fields[LSB_FIELDS];
    char *xml;

    if (!g_file_get_contents(path, &script, NULL, NULL)) {
        return NULL;
    }
    for (int i = 0; i < LSB_FIELDS; i++) {
        fields[i] = g_string_new(NULL);
    }
    lsb_parse(fields, script);
    xml = lsb_print(type, fields);
    for (int i = 0; i < LSB_FIELDS; i++) {
        g_string_free(fields[i], TRUE);
    }
    return xml;
}

/* --- stonith: the agent's own, as the cluster sees it --- */

static void
make_optional(xmlNode *parameters)
{
    xml_for_each(parameter, parameters, "parameter")
    {
        /* the cluster gives these, the administrator need not */
        if (text_is_one_of(xml_get(parameter, "name"), "action", "plug", "port", NULL)) {
            xml_set(parameter, "required", "0");
        }
    }
}

static void
add_resource_actions(xmlNode *actions)
{
    static const char *const names[] = { "stop", "start" };

    if (xml_find(actions, "action", "name", "stop") != NULL) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        xmlNode *action = xml_new(actions, "action");

        xml_set(action, "name", names[i]);
        xml_set(action, "timeout", "20s");
    }
}

/* What the agent printed, completed and formatted (g_free); NULL if it is no XML. */
static char *
complete_fence_metadata(const char *text)
{
    g_autofree char *error = NULL;
    g_autoptr(xmlNode) root = xml_parse(text, strlen(text), XML_PARSE_STRICT, &error);
    xmlBuffer *buffer;
    xmlNode *list;
    char *result;

    if (root == NULL) {
        log_warn("Meta-data of the fence agent cannot be read: %s", error);
        return NULL;
    }
    list = xml_first(root, "parameters");
    if (list != NULL) {
        make_optional(list);
    }
    list = xml_first(root, "actions");
    if (list != NULL) {
        add_resource_actions(list);
    }
    buffer = xmlBufferCreate();
    xmlNodeDump(buffer, root->doc, root, 0, 1);
    result = g_strdup_printf("%s\n", (const char *) xmlBufferContent(buffer));
    xmlBufferFree(buffer);
    return result;
}

/*
 * Linux-HA plug-ins have their meta-data by their own command.  Only the indentation differs from what resource tools
 * show: of the frame around the texts and parameters (spec 60 §17).
 */
static char *
complete_plugin_metadata(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *result = g_string_new(NULL);
    bool is_in_parameters = false;

    for (char **line = lines; *line != NULL; line++) {
        bool is_outer = g_str_has_prefix(*line, "<actions") || g_str_has_prefix(*line, "</actions")
                        || g_str_has_prefix(*line, "<special") || g_str_has_prefix(*line, "</special");
        bool is_text = g_str_has_prefix(*line, "<longdesc") || g_str_has_prefix(*line, "</longdesc")
                       || g_str_has_prefix(*line, "<shortdesc") || g_str_has_prefix(*line, "<version");

        is_in_parameters |= g_str_has_prefix(*line, "<parameters");
        if (!is_in_parameters && (is_outer || is_text)) {
            g_string_append(result, "  ");
        } else if (!is_in_parameters && g_str_has_prefix(*line, "<action ")) {
            g_string_append(result, "    ");
        }
        if (!is_in_parameters && g_str_has_prefix(*line, "<version>2")) { /* below "special" */
            g_string_append(result, "  ");
        }
        if (strstr(*line, "</parameters") != NULL) {
            is_in_parameters = false;
        }
        g_string_append(result, *line);
        if (!is_in_parameters && g_str_has_suffix(*line, "3600\" />")) {
            g_string_truncate(result, result->len - strlen(" />"));
            g_string_append(result, "/>");
        }
        if (line[1] != NULL) {
            g_string_append_c(result, '\n');
        }
    }
    return g_string_free(result, FALSE);
}

/* Who is asked for the meta-data of a fence agent. */
struct fence_source {
    bool is_plugin;
    char *path;
    const char *argv[5]; /* a plug-in's command */
    const char *input;
};

/* 0, or -ENXIO: fence agents are programs of one folder, or plug-ins. */
static int
find_fence_source(const char *type, struct fence_source *source)
{
    *source = (struct fence_source) { 0 };
    if (exec_is_fence_agent(type)) {
        source->path = g_build_filename(SBIN_DIR, type, NULL);
        source->input = "action=metadata\n";
        return 0;
    }
    if (exec_is_fence_plugin(type)) {
        source->is_plugin = true;
        source->path = g_build_filename(SBIN_DIR, "stonith", NULL);
        source->argv[0] = source->path;
        source->argv[1] = "-t";
        source->argv[2] = type;
        source->argv[3] = "-m";
        source->input = "";
        return 0;
    }
    return -ENXIO;
}

static struct process_spec
fence_metadata_spec(const struct fence_source *source)
{
    return (struct process_spec) { .path = source->path,
                                   .argv = source->is_plugin ? source->argv : NULL,
                                   .input = source->input,
                                   .timeout_ms = EXEC_METADATA_TIMEOUT_MS };
}

static int
fence_metadata_result(const struct process_result *end, bool is_plugin, char **xml)
{
    *xml = NULL;
    if (end->end == PROCESS_EXITED && end->value == 0) {
        *xml = is_plugin ? complete_plugin_metadata(end->out) : complete_fence_metadata(end->out);
    }
    return (*xml != NULL) ? 0 : -EIO;
}

static int
fence_metadata_sync(const char *type, char **xml)
{
    struct process_result end = { 0 };
    struct fence_source source;
    int rc = find_fence_source(type, &source);

    if (rc == 0) {
        const struct process_spec spec = fence_metadata_spec(&source);

        rc = -process_run_sync(&spec, &end);
    }
    if (rc == 0) {
        rc = fence_metadata_result(&end, source.is_plugin, xml);
        process_result_clear(&end);
    }
    g_free(source.path);
    return rc;
}

/* --- all standards --- */

enum { ASK_OCF_AGENT = 1, ASK_FENCE_AGENT = 2 };

/* What can be said without running anything: 0 and *xml, a negative errno, or which agent has to be asked. */
static int
metadata_at_once(const char *standard, const char *type, char **xml)
{
    *xml = NULL;
    if (standard == NULL || type == NULL) {
        return -EINVAL;
    }
    switch (exec_resolve_standard(standard, type)) {
    case EXEC_STANDARD_OCF:
        return ASK_OCF_AGENT;
    case EXEC_STANDARD_STONITH:
        return ASK_FENCE_AGENT;
    case EXEC_STANDARD_LSB:
        *xml = lsb_metadata(type);
        break;
    case EXEC_STANDARD_SYSTEMD:
        *xml = exec_systemd_metadata(type);
        break;
    default:
        break;
    }
    return (*xml != NULL) ? 0 : -ENXIO;
}

static struct exec_request
metadata_request(const char *standard, const char *provider, const char *type, GHashTable *params)
{
    return (struct exec_request) {
        .rsc_id = type,
        .standard = standard,
        .provider = provider,
        .type = type,
        .action = "meta-data",
        .timeout_ms = EXEC_METADATA_TIMEOUT_MS,
        .params = params,
    };
}

static int
metadata_rc(const struct exec_result *r)
{
    if (r->status == EXEC_DONE && r->rc == OCF_RC_OK && r->out != NULL && *r->out != '\0') {
        return 0;
    }
    return (r->status == EXEC_NOT_INSTALLED) ? -ENXIO : -EIO;
}

int
exec_metadata_sync(const char *standard, const char *provider, const char *type, GHashTable *params, char **xml)
{
    struct exec_request request = metadata_request(standard, provider, type, params);
    struct exec_result result = { 0 };
    int rc = metadata_at_once(standard, type, xml);

    if (rc == ASK_FENCE_AGENT) {
        return fence_metadata_sync(type, xml);
    }
    if (rc != ASK_OCF_AGENT) {
        return rc;
    }
    exec_run_sync(&request, &result);
    rc = metadata_rc(&result);
    if (rc == 0) {
        *xml = g_steal_pointer(&result.out);
    }
    exec_result_clear(&result);
    return rc;
}

struct metadata_call {
    exec_metadata_fn fn;
    void *data;
    bool is_plugin;
    int rc;
    char *xml;
};

static gboolean
tell(gpointer data)
{
    struct metadata_call *call = data;

    call->fn(call->rc, call->xml, call->data);
    g_free(call->xml);
    g_free(call);
    return G_SOURCE_REMOVE;
}

static void
on_agent_done(const struct exec_result *result, void *data)
{
    struct metadata_call *call = data;

    call->rc = metadata_rc(result);
    call->xml = (call->rc == 0) ? g_strdup(result->out) : NULL;
    tell(call);
}

static void
on_fence_agent_done(struct process *p, const struct process_result *end, void *data)
{
    struct metadata_call *call = data;

    call->rc = fence_metadata_result(end, call->is_plugin, &call->xml);
    tell(call);
}

static void
ask_fence_agent(struct metadata_call *call, const char *type)
{
    struct fence_source source;
    bool is_started = false;
    int error = 0;

    call->rc = find_fence_source(type, &source);
    call->is_plugin = source.is_plugin;
    if (call->rc == 0) {
        const struct process_spec spec = fence_metadata_spec(&source);

        is_started = process_start(&spec, on_fence_agent_done, call, &error) != NULL;
    }
    g_free(source.path);
    if (!is_started) {
        call->rc = (error != 0) ? -error : -ENXIO;
        g_idle_add(tell, call);
    }
}

void
exec_metadata_async(const char *standard, const char *provider, const char *type, GHashTable *params,
                    exec_metadata_fn fn, void *data)
{
    struct exec_request request = metadata_request(standard, provider, type, params);
    struct metadata_call *call = g_new0(struct metadata_call, 1);

    call->fn = fn;
    call->data = data;
    call->rc = metadata_at_once(standard, type, &call->xml);
    if (call->rc == ASK_OCF_AGENT) {
        exec_start(&request, on_agent_done, call);
    } else if (call->rc == ASK_FENCE_AGENT) {
        ask_fence_agent(call, type);
    } else {
        g_idle_add(tell, call);
    }
}
