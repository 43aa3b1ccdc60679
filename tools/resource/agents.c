/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crm_resource and agents: which there are, what they say about themselves, running one on this host.
 * Called by main.c.  (spec 80 §6.3, §6.9)
 */
#include "tools/resource/resource.h"

#include "lib/exec/exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- lists --- */

static void
list_strings(struct crm_resource *t, const GPtrArray *strings, const char *title, const char *element)
{
    bool xml = output_is_structured(t->out);

    if (!xml) {
        output_begin_list(t->out, "%s", title);
    }
    for (guint i = 0; i < strings->len; i++) {
        const char *text = g_ptr_array_index(strings, i);

        if (xml) {
            output_text_element(t->out, element, text, NULL);
        } else {
            output_item(t->out, NULL, "%s", text);
        }
    }
    if (!xml) {
        output_end_list(t->out);
    }
}

static int
list_standards(struct crm_resource *t)
{
    g_autoptr(GPtrArray) found = exec_list_standards();

    if (found->len == 0) {
        resource_detail(t, "No standards found");
        return CRM_EX_NOSUCH;
    }
    output_begin_list(t->out, "Standards");
    for (guint i = 0; i < found->len; i++) {
        output_item(t->out, NULL, "%s", (const char *)g_ptr_array_index(found, i));
    }
    output_end_list(t->out);
    return CRM_EX_OK;
}

static int
list_providers(struct crm_resource *t)
{
    const char *agent = t->command == CMD_ALTERNATIVES ? t->argument : NULL;
    g_autoptr(GPtrArray) found = exec_list_providers(agent);

    if (found->len == 0) {
        resource_detail(t, "No %s found for %s", "OCF providers", agent != NULL ? agent : "ocf");
        return CRM_EX_NOSUCH;
    }
    output_open_element(t->out, "providers", "standard", agent == NULL ? "ocf" : NULL, "for", agent, NULL);
    list_strings(t, found, "Providers", "provider");
    output_close_element(t->out);
    return CRM_EX_OK;
}

static int
list_agents(struct crm_resource *t)
{
    g_auto(GStrv) parts = g_strsplit(t->argument, ":", 2);
    const char *standard = parts[0] != NULL ? parts[0] : "";
    const char *provider = parts[0] != NULL ? parts[1] : NULL;
    g_autoptr(GPtrArray) found = exec_list_agents(standard, provider);
    g_autofree char *title = NULL;

    if (found->len == 0) {
        if (provider != NULL) {
            resource_detail(t, "No agents found for standard '%s' and provider '%s'", standard, provider);
        } else {
            resource_detail(t, "No agents found for standard '%s'", standard);
        }
        return CRM_EX_ERROR;
    }
    title = g_strdup_printf("%s agents", provider != NULL ? provider : standard);
    output_open_element(t->out, "agents", "standard", standard, "provider", provider, NULL);
    list_strings(t, found, title, "agent");
    output_close_element(t->out);
    return CRM_EX_OK;
}

static int
show_metadata(struct crm_resource *t)
{
    g_autofree char *standard = NULL;
    g_autofree char *provider = NULL;
    g_autofree char *type = NULL;
    g_autofree char *xml = NULL;

    if (!exec_parse_agent_spec(t->argument, &standard, &provider, &type)) {
        resource_detail(t, "'%s' is not a valid agent specification", t->argument);
        return CRM_EX_NOSUCH;
    }
    if (exec_metadata_sync(standard, provider, type, NULL, &xml) != 0 || xml == NULL) {
        resource_detail(t, "Metadata query for %s failed: %s", t->argument, result_text(ENXIO));
        return CRM_EX_NOSUCH;
    }
    if (output_is_structured(t->out)) {
        output_xml_text(t->out, "metadata", xml);
    } else {
        output_xml_text(t->out, NULL, xml);
    }
    return CRM_EX_OK;
}

int
resource_agents(struct crm_resource *t)
{
    switch (t->command) {
        case CMD_STANDARDS: return list_standards(t);
        case CMD_PROVIDERS:
        case CMD_ALTERNATIVES: return list_providers(t);
        case CMD_AGENTS: return list_agents(t);
        default: return show_metadata(t);
    }
}

/* --- running one --- */

/* What the command line asks an agent for. */
static const struct {
    const char *option, *task;
} actions[] = {
    { "force-start", "start" },     { "force-stop", "stop" },     { "force-check", "monitor" },
    { "force-promote", "promote" }, { "force-demote", "demote" }, { "validate", "validate-all" },
};

static const char *
task_of(const char *option)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (strcmp(actions[i].option, option) == 0) {
            return actions[i].task;
        }
    }
    return option;
}

struct run {
    const char *option;               /* "force-start", "validate" */
    const char *rsc;                  /* id as asked for, or NULL */
    const char *class_name, *provider, *type;
    const char *agent_name;           /* resource name that the agent sees */
    long long timeout_ms;
};

static bool
is_structured_text(const char *text)
{
    while (g_ascii_isspace(*text)) {
        text++;
    }
    return *text == '<';
}

static void
report_overrides(struct crm_resource *t, const struct run *run)
{
    output_open_plain(t->out, "overrides");
    for (guint i = 0; i < t->override_names->len; i++) {
        const char *name = g_ptr_array_index(t->override_names, i);
        const char *value = g_hash_table_lookup(t->overrides, name);

        if (output_is_structured(t->out)) {
            output_element(t->out, "override", "name", name, "value", value, "rsc", run->rsc, NULL);
        } else if (run->rsc != NULL) {
            output_item(t->out, NULL, "Overriding the cluster configuration for '%s' with '%s' = '%s'", run->rsc, name,
                        value);
        } else {
            output_item(t->out, NULL, "Overriding the cluster configuration with '%s' = '%s'", name, value);
        }
    }
    output_close_element(t->out);
}

static void
report(struct crm_resource *t, const struct run *run, const struct exec_result *r)
{
    bool provider = run->provider != NULL;
    const char *out = r->out != NULL && r->out[0] != '\0' ? r->out : NULL;
    const char *err = r->err != NULL && r->err[0] != '\0' ? r->err : NULL;

    if (output_is_structured(t->out)) {
        output_open_element(t->out, "resource-agent-action", "action", run->option, "class", run->class_name, "type",
                            run->type, "rsc", run->rsc, "provider", run->provider, NULL);
        report_overrides(t, run);
        output_open_plain(t->out, "agent-status");
        output_attr_int(t->out, "code", r->rc);
        output_attr(t->out, "message", ocf_rc_text(r->rc));
        output_attr_int(t->out, "execution_code", r->status);
        output_attr(t->out, "execution_message", exec_status_text(r->status));
        output_attr(t->out, "reason", r->reason);
        output_close_element(t->out);
        if (out != NULL && is_structured_text(out)) {
            output_xml_text(t->out, "command", out);
            out = NULL;
        }
        if (out != NULL || err != NULL) {
            output_subprocess(t->out, r->rc, out, err);
        }
        output_close_element(t->out);
        return;
    }
    report_overrides(t, run);

    GString *line = g_string_new(NULL);

    g_string_append_printf(line, "Operation %s%s%s (%s%s%s:%s) ", run->option, run->rsc != NULL ? " for " : "",
                           run->rsc != NULL ? run->rsc : "", run->class_name, provider ? ":" : "",
                           provider ? run->provider : "", run->type);
    if (r->status == EXEC_DONE) {
        g_string_append_printf(line, "returned %d (%s%s%s)", r->rc, ocf_rc_text(r->rc), r->reason != NULL ? ": " : "",
                               r->reason != NULL ? r->reason : "");
    } else {
        g_string_append_printf(line, "could not be executed (%s%s%s)", exec_status_text(r->status),
                               r->reason != NULL ? ": " : "", r->reason != NULL ? r->reason : "");
    }
    output_item(t->out, NULL, "%s", line->str);
    g_string_free(line, TRUE);
    if (out != NULL || err != NULL) {
        output_subprocess(t->out, r->rc, out, err);
    }
}

/* Variables for agents that are run by hand. */
static void
export_debug(const struct crm_resource *t)
{
    setenv("HA_debug", t->tool.verbosity > 0 ? "1" : "0", 1);
    if (t->tool.verbosity > 1) {
        setenv("OCF_TRACE_RA", "1", 1);
        setenv("OCF_TRACE_FILE", "/dev/stderr", 0);
    }
    if (t->check_level >= 0) {
        g_autofree char *level = g_strdup_printf("%lld", t->check_level);

        setenv("OCF_CHECK_LEVEL", level, 1);
    }
}

static int
execute(struct crm_resource *t, const struct run *run, GHashTable *params)
{
    enum exec_standard standard = exec_standard_parse(run->class_name);
    struct exec_result result = { 0 };
    struct exec_request request = {
        .rsc_id = run->agent_name,
        .standard = run->class_name,
        .provider = run->provider,
        .type = run->type,
        .action = task_of(run->option),
        .timeout_ms = (int)run->timeout_ms,
        .params = params,
    };
    int code;

    export_debug(t);
    g_hash_table_insert(params, g_strdup("CRM_meta_timeout"), g_strdup_printf("%lld", run->timeout_ms));
    g_hash_table_insert(params, g_strdup("crm_feature_set"), g_strdup(FEATURE_SET));
    if (standard == EXEC_STANDARD_STONITH || standard == EXEC_STANDARD_SYSTEMD || standard == EXEC_STANDARD_NAGIOS) {
        exec_result_set(&result, OCF_RC_UNIMPLEMENTED, EXEC_ERROR, "Manual execution of the %s standard is unsupported",
                        run->class_name);
    } else {
        exec_run_sync(&request, &result);
    }
    report(t, run, &result);
    code = result.rc;
    exec_result_clear(&result);
    return code;
}

/* An agent of the command line, with its parameters. */
static int
run_described(struct crm_resource *t, struct run *run)
{
    bool stonith = text_equal_nocase(t->agent_class, "stonith");
    GHashTable *params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    void *name, *value;
    int code;

    if (stonith && t->agent_provider != NULL) {
        resource_detail(t, "stonith does not support providers");
        g_hash_table_unref(params);
        return CRM_EX_USAGE;
    }
    if (t->agent_type == NULL || t->agent_class == NULL ||
        !exec_agent_exists(t->agent_class, t->agent_provider, t->agent_type)) {
        if (stonith) {
            resource_detail(t, "%s is not a known stonith agent", t->agent_type != NULL ? t->agent_type : "");
        } else {
            resource_detail(t, "%s:%s:%s is not a known resource", t->agent_class != NULL ? t->agent_class : "",
                            t->agent_provider != NULL ? t->agent_provider : "",
                            t->agent_type != NULL ? t->agent_type : "");
        }
        g_hash_table_unref(params);
        return CRM_EX_USAGE;
    }
    g_hash_table_iter_init(&iter, t->overrides);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        g_hash_table_insert(params, g_strdup(name), g_strdup(value));
    }
    run->class_name = t->agent_class;
    run->provider = t->agent_provider;
    run->type = t->agent_type;
    run->agent_name = "test";
    code = execute(t, run, params);
    g_hash_table_unref(params);
    return code;
}

/* Is it a part of a bundle, or one? */
static bool
is_bundled(const struct sched_rsc *r)
{
    return r->kind == KIND_BUNDLE || rsc_is(r, RSC_IN_BUNDLE);
}

static int
run_resource(struct crm_resource *t, struct run *run)
{
    struct sched_rsc *r = t->rsc;
    GHashTable *params;
    int code;

    if (is_bundled(r)) {
        output_error(t->out, "Sorry, the %s option doesn't support bundled resources", run->option);
        return CRM_EX_UNIMPLEMENT_FEATURE;
    }
    if (r->kind == KIND_CLONE &&
        text_is_one_of(run->option, "force-start", "force-promote", "force-demote", NULL) && !t->force &&
        rsc_active(r, false)) {
        output_error(t->out, "It is not safe to %s %s here: the cluster claims it is already active", run->option, r->id);
        output_error(t->out, "Try setting target-role=Stopped first or specifying the force option");
        return CRM_EX_UNSAFE;
    }
    if (r->kind == KIND_CLONE && r->children.len > 0) {
        r = r->children.items[0];
    }
    if (r->kind == KIND_GROUP) {
        output_error(t->out, "Sorry, the %s option doesn't support group resources", run->option);
        return CRM_EX_UNIMPLEMENT_FEATURE;
    }

    params = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    nvtable_for_each(pair, rsc_params(t->s, r, NULL)) {
        if (pair->value != NULL) {
            g_hash_table_insert(params, g_strdup(pair->name), g_strdup(pair->value));
        }
    }
    nvtable_for_each(pair, &r->meta) {
        if (pair->value != NULL) {
            g_autofree char *name = g_strdup_printf("CRM_meta_%s", pair->name);

            g_strdelimit(name, "-", '_');
            g_hash_table_insert(params, g_steal_pointer(&name), g_strdup(pair->value));
        }
    }
    for (guint i = 0; i < t->override_names->len; i++) {
        const char *name = g_ptr_array_index(t->override_names, i);

        g_hash_table_insert(params, g_strdup(name), g_strdup(g_hash_table_lookup(t->overrides, name)));
    }
    run->class_name = r->rsc_class;
    run->provider = r->provider;
    run->type = r->type;
    run->rsc = t->rsc_id;
    run->agent_name = rsc_is(r, RSC_UNIQUE) ? r->id : r->base_id;
    if (t->timeout_ms == 0) {
        g_autofree char *key = op_key_new(r->id, task_of(run->option), 0);
        const struct sched_op_config *config = op_config(t->s, r, key, task_of(run->option), 0);

        run->timeout_ms = config != NULL && config->xml != NULL && config->timeout_ms > 0 ? config->timeout_ms
                                                                                          : run->timeout_ms;
    }
    code = execute(t, run, params);
    g_hash_table_unref(params);
    return code;
}

int
resource_run_agent(struct crm_resource *t)
{
    struct run run = {
        .option = t->command == CMD_VALIDATE ? "validate" : t->force_action,
        .timeout_ms = t->timeout_ms > 0 ? t->timeout_ms : 20000,
    };

    return t->rsc == NULL ? run_described(t, &run) : run_resource(t, &run);
}
