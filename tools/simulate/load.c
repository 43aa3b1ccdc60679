/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input of crm_simulate: a file, standard input or the live CIB, brought to the newest schema and checked; and the
 * time to decide for.  Profiling of many files.  (spec 42 §13.1)
 */
#include "tools/simulate/simulate.h"
#include "lib/base/iso8601.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_schema.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/graph/graph.h"
#include <dirent.h>
#include <string.h>
#include <time.h>

static xmlNode *
read_live(struct output *out, int *exit_code)
{
    struct cib_client *c = cib_client_new();
    xmlNode *cib = NULL;
    int rc = cib_client_connect(c, "crm_simulate", CIB_ENDPOINT_COMMAND, CIB_CONNECT_SYNC_ONLY);

    if (rc == RC_OK) {
        rc = cib_query(c, NULL, CIB_OPT_NONE, &cib);
    }
    cib_client_free(c);
    if (rc != RC_OK || cib == NULL) {
        output_error(out, "crm_simulate: Could not read the live CIB: %s", result_text(rc));
        *exit_code = CRM_EX_NOINPUT;
    }
    return cib;
}

struct complaint {
    struct output *out;
    const char *origin;
};

static void
complain(void *data, int line, const char *element, const char *text)
{
    const struct complaint *c = data;

    output_error(c->out, "%s:%d: %s", c->origin, line, text);
}

/* Brought to a schema that the scheduler reads, and valid in it. */
static bool
upgrade(struct output *out, xmlNode **cib, const char *origin)
{
    /* Kept for the process: a profile reads many files, and freeing a grammar takes a good part of a short run. */
    static struct cib_schemas *schemas;
    struct complaint c = {out, origin};
    int best = 0, rc;
    const char *name;
    bool ok = true;

    if (schemas == NULL) {
        schemas = cib_schemas_new(NULL);
    }
    if (cib_schema_latest(schemas) < 0) {
        return true; /* no schemas installed: take it as it is */
    }
    name = xml_get(*cib, "validate-with");
    if (name != NULL && strcmp(name, CIB_SCHEMA_NONE) == 0) {
        fputs("Schema validation of configuration is disabled"
              " (enabling is encouraged and prevents common misconfigurations)\n", stderr);
        return true;
    }
    if (name != NULL && cib_schema_index(schemas, name) >= cib_schema_minimum(schemas)) {
        rc = RC_OK; /* new enough: only to be checked */
    } else {
        xml_unpack(*cib); /* for stylesheets */
        rc = cib_schema_upgrade(schemas, cib, NULL, &best);
        name = xml_get(*cib, "validate-with");
    }
    if (rc != RC_OK && rc != RC_SCHEMA_UNCHANGED) {
        cib_schema_accepts(schemas, name ? name : cib_schema_default(schemas), *cib, complain, &c);
        ok = false;
    } else {
        ok = cib_schema_accepts(schemas, name ? name : cib_schema_default(schemas), *cib, complain, &c);
    }
    return ok;
}

xmlNode *
simulate_load(struct output *out, const char *file, bool live, int *exit_code)
{
    g_autofree char *why = NULL;
    xmlNode *cib;

    if (live) {
        cib = read_live(out, exit_code);
        if (cib == NULL) {
            return NULL;
        }
    } else {
        cib = xml_parse_file(file, XML_PARSE_STRICT | XML_PARSE_PACKED, &why);
        if (cib == NULL) {
            output_error(out, "crm_simulate: Could not read %s: %s", strcmp(file, "-") ? file : "standard input",
                         why ? why : "no XML found");
            *exit_code = CRM_EX_SOFTWARE;
            return NULL;
        }
    }
    if (!xml_is(cib, "cib")) {
        output_error(out, "crm_simulate: The input is no CIB: its root element is <%s>", xml_name(cib));
        *exit_code = CRM_EX_NOINPUT;
    } else if (!upgrade(out, &cib, file ? file : "live CIB")) {
        output_error(out, "crm_simulate: The input does not satisfy its schema %s", xml_get(cib, "validate-with"));
        *exit_code = CRM_EX_NOINPUT;
    } else {
        if (xml_first(cib, "status") == NULL) {
            xml_new(cib, "status");
        }
        return cib;
    }
    xml_free(cib);
    return NULL;
}

int64_t
simulate_now(const xmlNode *cib, const char *use_date, int64_t clock)
{
    long long date = xml_get_int(cib, "execution-date", 0);

    if (use_date != NULL) {
        struct iso_time utc = iso_from_epoch(clock), now = iso_to_local(&utc), t;

        return iso_parse(use_date, &now, &t) ? iso_to_epoch(&t) : clock;
    }
    return date != 0 ? date : clock;
}

/* --- profile --- */

static double
profile_file(struct output *out, const char *path, int repeat, int64_t clock)
{
    int exit_code = 0;
    xmlNode *cib = simulate_load(out, path, false, &exit_code);
    clock_t start;

    if (cib == NULL) {
        return -1;
    }
    start = clock ? 0 : 0;
    start = (clock_t) g_get_monotonic_time();
    for (int i = 0; i < repeat; i++) {
        struct sched *s = sched_new(cib, simulate_now(cib, NULL, clock), SCHED_SANITIZED | SCHED_QUIET);

        sched_run(s);
        xml_free(sched_graph_new(s, 0));
        sched_actions_free(s);
        sched_free(s);
    }
    xml_free(cib);
    return ((double) g_get_monotonic_time() - (double) start) / 1e6;
}

static int
reversed(const struct dirent **a, const struct dirent **b)
{
    return alphasort(b, a);
}

int
profile_directory(struct output *out, const char *directory, int repeat, int64_t now)
{
    struct dirent **names = NULL;
    int n = scandir(directory, &names, NULL, reversed);

    if (n < 0) { /* as 2.1.5 does it: nothing to measure */
        return CRM_EX_OK;
    }
    output_begin_section(out, "Timings");
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.' && g_str_has_suffix(names[i]->d_name, ".xml")) {
            g_autofree char *path = g_build_filename(directory, names[i]->d_name, NULL);
            double seconds = profile_file(out, path, repeat, now);

            if (seconds >= 0 && output_is_structured(out)) {
                output_open_element(out, "timing", "file", path, NULL);
                output_attrf(out, "duration", "%f", seconds);
                output_close_element(out);
            } else if (seconds >= 0) {
                output_item(out, NULL, "Testing %s ... %.2f secs", path, seconds);
            }
        }
        free(names[i]);
    }
    free(names);
    output_end_list(out);
    return CRM_EX_OK;
}
