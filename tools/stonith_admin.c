/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stonith_admin: fencing by hand, devices and levels of the running fencer, history.  Called by people, pcs, crmsh, agents.
 * Talks to the local fencer; runs an agent itself only for --validate and --metadata.  (spec 60 §16)
 */
#include "lib/base/iso8601.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/exec/exec.h"
#include "lib/exec/process.h"
#include "lib/fence/fence_client.h"
#include "lib/fence/fence_targets.h"
#include "lib/output/status.h"
#include "lib/output/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CONNECT_ATTEMPTS 10
#define CONNECT_PAUSE_S  2

/* In the order of precedence: of several the last one counts. */
enum command {
    NOTHING, VALIDATE, LIST_INSTALLED, LIST_REGISTERED, REGISTER, QUERY, DEREGISTER, LIST_TARGETS, LIST, METADATA,
    REBOOT, FENCE, UNFENCE, CONFIRM, LAST, HISTORY, REGISTER_LEVEL, DEREGISTER_LEVEL
};

static struct {
    enum command command;
    char *device, *node, *target, *agent, *tag;
    char *register_name, *deregister_name, *query_name, *targets_name, *list_host, *fence_host, *unfence_host, *reboot_host,
        *confirm_host, *last_node, *history_node, *level_add, *level_del;
    gboolean list_registered, list_installed, metadata, validate, cleanup, broadcast, as_node_id, quiet;
    int timeout_s, delay_s, level;
    unsigned tolerance_s;
    GHashTable *params;
    GPtrArray *devices; /* -v */
} options = { .timeout_s = 120 };

static struct output *out;

/* --- options --- */

static gboolean
usage_error(GError **error, const char *text)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s", text);
    return FALSE;
}

static gboolean
add_option(const char *option, const char *value, void *data, GError **error)
{
    const char *equals = strchr(value, '=');

    if (equals == NULL || equals == value || equals[1] == '\0') {
        g_autofree char *text = g_strdup_printf("Invalid option: -o %s: Bad name/value pair given", value);

        return usage_error(error, text);
    }
    g_hash_table_replace(options.params, g_strndup(value, (gsize) (equals - value)), g_strdup(equals + 1));
    return TRUE;
}

static gboolean
add_env_option(const char *option, const char *value, void *data, GError **error)
{
    g_autofree char *name = g_strdup_printf("OCF_RESKEY_%s", value);
    const char *text = getenv(name);

    if (text == NULL) {
        g_autofree char *message = g_strdup_printf("Invalid option: -e %s", value);

        return usage_error(error, message);
    }
    g_hash_table_replace(options.params, g_strdup(value), g_strdup(text));
    return TRUE;
}

static gboolean
add_device(const char *option, const char *value, void *data, GError **error)
{
    g_ptr_array_add(options.devices, g_strdup(value));
    return TRUE;
}

static gboolean
set_tolerance(const char *option, const char *value, void *data, GError **error)
{
    long long ms = text_interval_ms(value);

    if (ms < 0) {
        return usage_error(error, "Invalid tolerance");
    }
    options.tolerance_s = (unsigned) MIN(ms / 1000, G_MAXINT);
    return TRUE;
}

static const GOptionEntry definition_options[] = {
    { "register", 'R', 0, G_OPTION_ARG_STRING, &options.register_name,
      "Register a fence device with the local fencer; needs\n--agent, takes --option and --env-option", "DEVICE" },
    { "deregister", 'D', 0, G_OPTION_ARG_STRING, &options.deregister_name, "Forget a registered fence device", "DEVICE" },
    { "register-level", 'r', 0, G_OPTION_ARG_STRING, &options.level_add,
      "Add devices to a level of a target (NAME, @PATTERN or\nATTRIBUTE=VALUE); needs --index and --device", "TARGET" },
    { "deregister-level", 'd', 0, G_OPTION_ARG_STRING, &options.level_del, "Remove a level of a target, without --index all",
      "TARGET" },
    { NULL },
};
static const GOptionEntry query_options[] = {
    { "list", 'l', 0, G_OPTION_ARG_STRING, &options.list_host, "List the devices that can fence a host", "HOST" },
    { "list-registered", 'L', 0, G_OPTION_ARG_NONE, &options.list_registered, "List all registered devices", NULL },
    { "list-installed", 'I', 0, G_OPTION_ARG_NONE, &options.list_installed, "List the fence agents of this host", NULL },
    { "list-targets", 's', 0, G_OPTION_ARG_STRING, &options.targets_name, "List the hosts that a device says it can fence",
      "DEVICE" },
    { "metadata", 'M', 0, G_OPTION_ARG_NONE, &options.metadata, "Show the meta-data of --agent", NULL },
    { "query", 'Q', 0, G_OPTION_ARG_STRING, &options.query_name, "Ask a device whether it is well", "DEVICE" },
    { "history", 'H', 0, G_OPTION_ARG_STRING, &options.history_node,
      "Show the last success for a node ('*': any); with -V all\nevents, with --cleanup forget them, with --broadcast "
      "gather them\nfrom all nodes first, with --quiet the time as a number",
      "NODE" },
    { "last", 'h', 0, G_OPTION_ARG_STRING, &options.last_node, "Show when a node was fenced last", "NODE" },
    { "validate", 'K', 0, G_OPTION_ARG_NONE, &options.validate, "Let --agent check a configuration given by --option", NULL },
    { NULL },
};
static const GOptionEntry fence_options[] = {
    { "fence", 'F', 0, G_OPTION_ARG_STRING, &options.fence_host, "Switch a host off", "HOST" },
    { "unfence", 'U', 0, G_OPTION_ARG_STRING, &options.unfence_host, "Let a host in again", "HOST" },
    { "reboot", 'B', 0, G_OPTION_ARG_STRING, &options.reboot_host, "Reboot a host", "HOST" },
    { "confirm", 'C', 0, G_OPTION_ARG_STRING, &options.confirm_host,
      "Tell the cluster that you have made sure that a host is down", "HOST" },
    { NULL },
};
static const GOptionEntry additional_options[] = {
    { "cleanup", 'c', 0, G_OPTION_ARG_NONE, &options.cleanup, "Forget the history (with --history)", NULL },
    { "broadcast", 'b', 0, G_OPTION_ARG_NONE, &options.broadcast, "Involve all nodes (with --history)", NULL },
    { "agent", 'a', 0, G_OPTION_ARG_STRING, &options.agent, "Fence agent, such as fence_ipmilan", "AGENT" },
    { "option", 'o', 0, G_OPTION_ARG_CALLBACK, (void *) add_option, "Parameter of a device (may be repeated)", "NAME=VALUE" },
    { "env-option", 'e', 0, G_OPTION_ARG_CALLBACK, (void *) add_env_option,
      "Parameter of a device, its value taken from the variable\nOCF_RESKEY_NAME (may be repeated)", "NAME" },
    { "tag", 'T', 0, G_OPTION_ARG_STRING, &options.tag, "Who asks, for logs and history", "TAG" },
    { "device", 'v', 0, G_OPTION_ARG_CALLBACK, (void *) add_device, "Device of a level (may be repeated)", "DEVICE" },
    { "index", 'i', 0, G_OPTION_ARG_INT, &options.level, "Level, 1 to 9", "LEVEL" },
    { "timeout", 't', 0, G_OPTION_ARG_INT, &options.timeout_s, "Time limit (default 120)", "SECONDS" },
    { "delay", 'y', 0, G_OPTION_ARG_INT, &options.delay_s, "Wait before fencing; -1: not even the devices' own delays",
      "SECONDS" },
    { "as-node-id", 'n', 0, G_OPTION_ARG_NONE, &options.as_node_id, "The node is given by its id", NULL },
    { "tolerance", 0, 0, G_OPTION_ARG_CALLBACK, (void *) set_tolerance,
      "Do nothing if the same succeeded less than this long ago", "SECONDS" },
    { NULL },
};
static const GOptionEntry main_options[] = {
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show less", NULL },
    { NULL },
};

static void
choose_command(void)
{
    const struct {
        bool is_given;
        enum command command;
        char *argument;
    } table[] = {
        { options.validate, VALIDATE, NULL },
        { options.list_installed, LIST_INSTALLED, NULL },
        { options.list_registered, LIST_REGISTERED, NULL },
        { options.register_name != NULL, REGISTER, options.register_name },
        { options.query_name != NULL, QUERY, options.query_name },
        { options.deregister_name != NULL, DEREGISTER, options.deregister_name },
        { options.targets_name != NULL, LIST_TARGETS, options.targets_name },
        { options.list_host != NULL, LIST, options.list_host },
        { options.metadata, METADATA, NULL },
        { options.reboot_host != NULL, REBOOT, options.reboot_host },
        { options.fence_host != NULL, FENCE, options.fence_host },
        { options.unfence_host != NULL, UNFENCE, options.unfence_host },
        { options.confirm_host != NULL, CONFIRM, options.confirm_host },
        { options.last_node != NULL, LAST, options.last_node },
        { options.history_node != NULL, HISTORY, options.history_node },
        { options.level_add != NULL, REGISTER_LEVEL, options.level_add },
        { options.level_del != NULL, DEREGISTER_LEVEL, options.level_del },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].is_given) {
            options.command = table[i].command;
            options.target = options.device = options.node = table[i].argument;
        }
    }
}

/* --- results --- */

static enum crm_exit
exit_of(int legacy)
{
    return (legacy == -ENODATA || legacy == LEGACY_GENERIC) ? CRM_EX_ERROR : result_to_exit(legacy_to_result(legacy));
}

/* --- the calls --- */

static void
print_device(const char *id)
{
    if (output_format(out) == OUTPUT_HTML) {
        output_item_class(out, "device", "%s", id);
    } else {
        output_item(out, "device", "%s", id);
    }
}

static enum crm_exit
list_devices(struct fence_client *c, const char *target)
{
    g_autoptr(xmlNode) data = NULL;
    int rc = fence_client_query(c, target, (unsigned) options.timeout_s, &data, NULL);
    const xmlNode *holder = (data != NULL) ? fence_find_with(data, FENCE_F_AVAILABLE) : NULL;

    if (rc < 0) {
        return exit_of(rc);
    }
    output_begin_counted_list(out, "fence device", "fence devices", "%s", "Registered fence devices");
    if (holder != NULL) {
        xml_for_each(device, holder, NULL)
        {
            print_device(xml_id(device) ? xml_id(device) : "");
        }
    }
    output_end_list(out);
    return CRM_EX_OK;
}

static enum crm_exit
list_installed(void)
{
    g_autoptr(GPtrArray) agents = exec_list_agents("stonith", NULL);

    output_begin_counted_list(out, "fence device", "fence devices", "%s", "Installed fence devices");
    for (unsigned i = 0; i < agents->len; i++) {
        print_device(agents->pdata[i]);
    }
    output_end_list(out);
    return CRM_EX_OK;
}

static enum crm_exit
list_targets(struct fence_client *c)
{
    struct fence_result result = { 0 };
    int rc = fence_client_execute_sync(c, options.device, "list", NULL, (unsigned) options.timeout_s, &result);
    g_autoptr(GPtrArray) targets = fence_parse_targets(result.output);

    if (rc < 0) {
        output_error(out, "Couldn't list targets: %s", legacy_text(rc));
        fence_result_clear(&result);
        return exit_of(rc);
    }
    output_begin_counted_list(out, "fence target", "fence targets", "%s", "Fence targets");
    for (unsigned i = 0; i < targets->len; i++) {
        output_item(out, NULL, "%s", (const char *) targets->pdata[i]);
    }
    output_end_list(out);
    fence_result_clear(&result);
    return CRM_EX_OK;
}

static enum crm_exit
query_device(struct fence_client *c)
{
    int rc = fence_client_execute_sync(c, options.device, "monitor", NULL, (unsigned) options.timeout_s, NULL);

    if (rc < 0) {
        rc = fence_client_execute_sync(c, options.device, "list", NULL, (unsigned) options.timeout_s, NULL);
    }
    return exit_of(rc);
}

static enum crm_exit
register_device(struct fence_client *c)
{
    int rc = fence_client_register_device(c, options.device, NULL, options.agent, options.params, NULL);

    if (rc < 0) {
        output_error(out, "Can't register device %s using agent %s: %s", options.device, options.agent, legacy_text(rc));
    }
    return exit_of(rc);
}

static enum crm_exit
deregister_device(struct fence_client *c)
{
    int rc = fence_client_remove_device(c, options.device, NULL);

    if (rc < 0) {
        output_error(out, "Can't unregister device %s: %s", options.device, legacy_text(rc));
    }
    return exit_of(rc);
}

static enum crm_exit
change_level(struct fence_client *c, bool add)
{
    g_autoptr(xmlNode) level = xml_new(NULL, FENCE_TAG_LEVEL);
    g_autofree char *devices = NULL;
    char *equals = strchr(options.target, '=');
    int rc;

    if (equals != NULL) {
        g_autofree char *attribute = g_strndup(options.target, (gsize) (equals - options.target));

        xml_set(level, FENCE_F_TARGET_ATTRIBUTE, attribute);
        xml_set(level, FENCE_F_TARGET_VALUE, equals + 1);
    } else if (options.target[0] == '@') {
        xml_set(level, FENCE_F_TARGET_PATTERN, options.target + 1);
    } else {
        xml_set(level, FENCE_F_TARGET, options.target);
    }
    xml_set_int(level, "id", options.level);
    xml_set_int(level, FENCE_F_INDEX, options.level);
    if (add) {
        g_ptr_array_add(options.devices, NULL);
        devices = g_strjoinv(",", (char **) options.devices->pdata);
        xml_set(level, FENCE_F_DEVICES, devices);
    }
    rc = add ? fence_client_add_level(c, level, NULL) : fence_client_remove_level(c, level, NULL);
    if (rc < 0) {
        output_error(out, "Can't %s topology level %d for %s: %s", add ? "register" : "unregister", options.level,
                     options.target, legacy_text(rc));
    }
    return exit_of(rc);
}

static enum crm_exit
confirm(struct fence_client *c)
{
    const struct fence_request request = { .target = options.target, .action = "off",
                                           .options = FENCE_OPT_ALLOW_SELF | FENCE_OPT_MANUAL_ACK };

    return exit_of(fence_client_fence_sync(c, &request, NULL));
}

/* --- history --- */

static gint
newest_first(gconstpointer a, gconstpointer b)
{
    const struct status_fencing *x = a, *y = b;
    bool x_is_over = (x->state == FENCE_STATE_DONE || x->state == FENCE_STATE_FAILED);
    bool y_is_over = (y->state == FENCE_STATE_DONE || y->state == FENCE_STATE_FAILED);

    if (x_is_over != y_is_over) {
        return x_is_over ? 1 : -1;
    }
    if (x->completed != y->completed) {
        return (x->completed > y->completed) ? -1 : 1;
    }
    return (x->completed_ns < y->completed_ns) - (x->completed_ns > y->completed_ns);
}

/* Events of a history answer; the strings stay the answer's. */
static GArray *
read_history(const xmlNode *history)
{
    GArray *events = g_array_new(FALSE, TRUE, sizeof(struct status_fencing));

    if (history == NULL) {
        return events;
    }
    xml_for_each(entry, history, NULL)
    {
        const struct status_fencing e = {
            .action = xml_get(entry, F_ST_DEVICE_ACTION),
            .target = xml_get(entry, F_ST_TARGET),
            .delegate = xml_get(entry, F_ST_DELEGATE),
            .client = xml_get(entry, F_ST_CLIENTNAME),
            .origin = xml_get(entry, F_ST_ORIGIN),
            .exit_reason = xml_get(entry, FENCE_F_EXIT_REASON),
            .state = (int) xml_get_int(entry, F_ST_STATE, 0),
            .completed = xml_get_int(entry, F_ST_DATE, 0),
            .completed_ns = (long) xml_get_int(entry, F_ST_DATE_NSEC, 0),
        };

        g_array_append_val(events, e);
    }
    g_array_sort(events, newest_first);
    return events;
}

static void
show_events(const GArray *events, bool all)
{
    struct status_view view = {
        .fencing = (const struct status_fencing *) (const void *) events->data,
        .fencing_count = events->len,
        .show = SHOW_FAILED_DETAIL,
        .sections = all ? SECTION_FENCING_ALL : 0,
    };

    output_begin_counted_list(out, "event", "events", "%s", "Fencing history");
    for (unsigned i = 0; i < events->len; i++) {
        const struct status_fencing *e = &view.fencing[i];

        if (!all && e->state != FENCE_STATE_DONE) {
            continue;
        }
        if (options.quiet) {
            g_autofree char *epoch = g_strdup_printf("%lld\n", (long long) e->completed);

            output_line(out, epoch);
        } else {
            status_fencing_event(out, &view, e);
        }
        if (!all) {
            break;
        }
    }
    output_end_list(out);
}

static enum crm_exit
history(struct fence_client *c, bool verbose)
{
    g_autoptr(xmlNode) data = NULL;
    g_autoptr(GArray) events = NULL;
    const char *target = text_equal(options.node, "*") ? NULL : options.node;
    unsigned call = (options.as_node_id ? FENCE_OPT_NODE_ID : 0);
    int rc;

    if (options.cleanup) {
        output_info(out, "cleaning up fencing-history%s%s", options.node ? " for node " : "", options.node);
        return exit_of(fence_client_history(c, target, call | FENCE_OPT_CLEANUP, (unsigned) options.timeout_s, NULL, NULL));
    }
    if (options.broadcast) {
        output_info(out, "gather fencing-history from all nodes");
        call |= FENCE_OPT_BROADCAST;
    }
    rc = fence_client_history(c, target, call, (unsigned) options.timeout_s, &data, NULL);
    if (rc < 0) {
        return exit_of(rc);
    }
    events = read_history(data);
    show_events(events, verbose);
    return CRM_EX_OK;
}

static enum crm_exit
last_fenced(struct fence_client *c)
{
    g_autoptr(xmlNode) data = NULL;
    g_autoptr(GArray) events = NULL;
    int rc = fence_client_history(c, options.node, options.as_node_id ? FENCE_OPT_NODE_ID : 0, (unsigned) options.timeout_s,
                                  &data, NULL);
    int64_t when = 0;

    if (rc < 0) {
        return exit_of(rc);
    }
    events = read_history(data);
    for (unsigned i = 0; i < events->len && when == 0; i++) {
        const struct status_fencing *e = &g_array_index(events, struct status_fencing, i);

        when = (e->state == FENCE_STATE_DONE) ? e->completed : 0;
    }
    if (when == 0 && output_format(out) != OUTPUT_TEXT) {
        return CRM_EX_IOERR; /* as the peers have it */
    }
    if (output_is_structured(out)) {
        g_autofree char *text = iso_epoch_text(when, ISO_DATE | ISO_TIME);

        output_element(out, "last-fenced", "target", options.node, "when", text, NULL);
    } else if (when != 0) {
        g_autofree char *text = iso_ctime(when);

        output_info(out, "Node %s last fenced at: %s", options.node, text);
    } else {
        output_info(out, "Node %s has never been fenced", options.node);
    }
    return CRM_EX_OK;
}

/* --- agents --- */

static enum crm_exit
show_metadata(void)
{
    g_autofree char *xml = NULL;
    int rc = exec_metadata_sync("stonith", NULL, options.agent, NULL, &xml);

    if (rc < 0) {
        rc = (rc == -ENXIO) ? -ENODEV : rc;
        output_error(out, "Can't get fence agent meta-data: %s", legacy_text(rc));
        return exit_of(rc);
    }
    output_xml_text(out, output_is_structured(out) ? "metadata" : NULL, xml);
    return CRM_EX_OK;
}

/* The parameter that names the target: the option, else what the agent's meta-data have. */
static char *
target_parameter(void)
{
    const char *option = g_hash_table_lookup(options.params, "pcmk_host_argument");
    g_autofree char *xml = NULL;

    if (option != NULL) {
        return text_equal_nocase(option, "none") ? NULL : g_strdup(option);
    }
    if (exec_metadata_sync("stonith", NULL, options.agent, NULL, &xml) == 0 && strstr(xml, "name=\"port\"") == NULL
        && strstr(xml, "name=\"plug\"") != NULL) {
        return g_strdup("plug");
    }
    return g_strdup("port");
}

static char *
validation_input(void)
{
    g_autofree char *parameter = target_parameter();
    GString *text = g_string_new("action=validate-all\nnodename=node1\n");
    GHashTableIter iter;
    gpointer name, value;

    if (parameter != NULL && !g_hash_table_contains(options.params, parameter)) {
        g_string_append_printf(text, "%s=node1\n", parameter);
    }
    g_hash_table_iter_init(&iter, options.params);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!g_str_has_prefix(name, "pcmk_")) {
            g_string_append_printf(text, "%s=%s\n", (char *) name, (char *) value);
        }
    }
    return g_string_free(text, FALSE);
}

static void
show_validation(bool valid, int code, const char *std_out, const char *std_err)
{
    output_open_element(out, "validate", "agent", options.agent, "valid", valid ? "true" : "false", NULL);
    output_info(out, "Validation of %s %s", options.agent, valid ? "succeeded" : "failed");
    output_subprocess(out, code, std_out, std_err);
    output_close_element(out);
}

static enum crm_exit
validate(void)
{
    g_autofree char *path = g_build_filename(SBIN_DIR, options.agent, NULL);
    g_autofree char *missing = g_strdup_printf("Agent %s not found", options.agent);
    g_autofree char *input = NULL;
    struct process_spec spec = { .path = path, .timeout_ms = options.timeout_s * 1000 };
    struct process_result end = { 0 };
    struct stat st;
    bool valid;

    if (strchr(options.agent, '/') != NULL || stat(path, &st) < 0) {
        show_validation(false, -ENOENT, NULL, missing);
        return CRM_EX_NOSUCH;
    }
    spec.input = input = validation_input();
    if (process_run_sync(&spec, &end) != 0) {
        show_validation(false, -EIO, NULL, NULL);
        return CRM_EX_OSERR;
    }
    valid = (end.end == PROCESS_EXITED && end.value == 0);
    show_validation(valid, end.value, end.out, end.err);
    process_result_clear(&end);
    return valid ? CRM_EX_OK : (end.end == PROCESS_TIMED_OUT) ? CRM_EX_TIMEOUT : CRM_EX_ERROR;
}

/* --- fencing: it ends with the reply or with the event, whichever comes first --- */

static struct {
    GMainLoop *loop;
    const char *action;
    struct fence_result result;
    bool is_over;
} fencing;

static void
end_fencing(const struct fence_result *result)
{
    if (!fencing.is_over) {
        fencing.is_over = true;
        fence_result_copy(&fencing.result, result);
        g_main_loop_quit(fencing.loop);
    }
}

static void
on_reply(const struct fence_reply *reply, void *data)
{
    end_fencing(reply->result);
}

static void
on_event(const struct fence_event *event, void *data)
{
    if (text_equal(event->type, FENCE_NOTIFY_FENCE) && text_equal_nocase(event->target, options.target)
        && text_equal(event->action, fencing.action)) {
        end_fencing(event->result);
    }
}

static enum crm_exit
fence(struct fence_client *c, const char *name, const char *action)
{
    const struct fence_request request = {
        .target = options.target,
        .action = action,
        .timeout_s = (unsigned) options.timeout_s,
        .delay_s = options.delay_s,
        .tolerance_s = options.tolerance_s,
        .options = FENCE_OPT_ALLOW_SELF | FENCE_OPT_TIMEOUT_UPDATES,
    };
    int rc = fence_client_connect(c, name, true);

    for (int i = 1; rc < 0 && i < CONNECT_ATTEMPTS; i++) {
        g_usleep(CONNECT_PAUSE_S * G_USEC_PER_SEC);
        rc = fence_client_connect(c, name, true);
    }
    if (rc < 0) {
        rc = -ENOTCONN;
    } else {
        fencing.action = action;
        fencing.loop = g_main_loop_new(NULL, FALSE);
        fence_client_subscribe(c, FENCE_NOTIFY_FENCE);
        rc = fence_client_fence(c, &request, on_reply, NULL);
        if (rc > 0) {
            g_main_loop_run(fencing.loop);
            rc = fence_result_legacy(&fencing.result);
        }
        g_main_loop_unref(fencing.loop);
    }
    if (rc < 0) {
        const char *reason = fencing.result.reason;
        bool has_reason = (reason != NULL && !text_equal(reason, legacy_text(rc)));

        output_error(out, "stonith_admin: Couldn't %sfence %s: %s%s%s%s", text_equal(action, "on") ? "un" : "", options.target,
                     legacy_text(rc), has_reason ? " (" : "", has_reason ? reason : "", has_reason ? ")" : "");
    }
    fence_result_clear(&fencing.result);
    return exit_of(rc);
}

/* --- main --- */

static enum crm_exit
run_with_fencer(struct fence_client *c, bool verbose)
{
    switch (options.command) {
        case LIST_REGISTERED: return list_devices(c, NULL);
        case LIST: return list_devices(c, options.target);
        case REGISTER: return register_device(c);
        case QUERY: return query_device(c);
        case DEREGISTER: return deregister_device(c);
        case LIST_TARGETS: return list_targets(c);
        case CONFIRM: return confirm(c);
        case LAST: return last_fenced(c);
        case HISTORY: return history(c, verbose);
        case REGISTER_LEVEL: return change_level(c, true);
        default: return change_level(c, false);
    }
}

static enum crm_exit
run_command(bool verbose)
{
    static const struct fence_client_callbacks callbacks = { .event = on_event };
    g_autofree char *name = (options.tag != NULL) ? g_strdup_printf("stonith_admin.%s", options.tag)
                                                  : g_strdup("stonith_admin");
    struct fence_client *c;
    enum crm_exit code;

    switch (options.command) {
        case LIST_INSTALLED: return list_installed();
        case METADATA: return show_metadata();
        case VALIDATE: return validate();
        default: break;
    }
    c = fence_client_new(&callbacks, NULL);
    if (options.command == FENCE || options.command == UNFENCE || options.command == REBOOT) {
        code = fence(c, name, options.command == FENCE ? "off" : options.command == UNFENCE ? "on" : "reboot");
    } else if (fence_client_connect(c, name, false) < 0) {
        output_error(out, "Could not connect to fencer: %s", legacy_text(-ENOTCONN));
        code = CRM_EX_DISCONNECT;
    } else {
        code = run_with_fencer(c, verbose);
    }
    fence_client_free(c);
    return code;
}

int
main(int argc, char **argv)
{
    struct tool tool;
    int code;
    bool needs_agent;

    options.params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    options.devices = g_ptr_array_new_with_free_func(g_free);
    tool_init(&tool, argv, TOOL_OUTPUT | TOOL_HTML, "adefilorstvyBCDFHQRTUh", NULL, "Fences nodes by hand and asks the fencer",
              NULL);
    tool_add_group(&tool, "definition", "Device Definition Commands:", "Show device definition help", definition_options);
    tool_add_group(&tool, "queries", "Queries:", "Show query help", query_options);
    tool_add_group(&tool, "fence", "Fencing Commands:", "Show fence help", fence_options);
    tool_add_group(&tool, "additional", "Additional Options:", "Show additional options", additional_options);
    tool_add_options(&tool, main_options);
    out = tool_start(&tool, 0, &code);
    if (out == NULL) {
        return code;
    }
    choose_command();
    needs_agent = options.validate || options.metadata || options.register_name != NULL; /* whatever comes after them */
    if (options.command == NOTHING || (needs_agent && options.agent == NULL)) {
        g_autofree char *help = tool_help(&tool);

        if (needs_agent) {
            output_error(out, "Please specify an agent to query using -a,--agent [value]");
        }
        output_error(out, "%s", help);
        return tool_exit(&tool, out, CRM_EX_USAGE);
    }
    output_set_quiet(out, options.quiet);
    return tool_exit(&tool, out, (int) run_command(tool.verbosity > 0));
}
