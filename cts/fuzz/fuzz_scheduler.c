/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CIB, however wrong, through the whole scheduler: model, placement, actions, graph (as text and as a tree), picture,
 * explanation, one simulated transition and the status after it; and the run without status that crm_verify makes.
 * Inputs change as trees (names and values of the input itself in other places), since few texts changed at random are XML.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/xml.h"
#include "lib/output/explanation.h"
#include "lib/output/status.h"
#include "lib/sched/actions/actions.h"
#include "lib/sched/graph/graph.h"
#include "lib/sched/model/model.h"
#include "lib/sched/simulate/simulate.h"
#include "lib/sched/simulate/summary.h"

#define NOW       1700000600
#define LARGEST   ((size_t) 64 * 1024)
#define MOST_WORK 4000 /* resources x nodes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* --- one input --- */

static int
drop_text(void *data, const char *text, size_t len)
{
    return text[len] == '\0' ? 0 : 1;
}

static void
keep_quiet(void *data, const struct sim_event *event)
{
}

static void
show(struct sched *s, const xmlNode *cib, enum output_format format)
{
    struct output_config config = {.format = format, .dest = "/dev/null", .flags = OUTPUT_FANCY};
    struct status_view view = {.s = s, .cib = cib, .sections = SECTION_ALL, .show = SHOW_DETAIL | SHOW_INACTIVE, .now = NOW};
    int rc = 0;
    struct output *out = output_open(&config, &rc);

    g_assert(out != NULL);
    status_print(out, &view);
    for (unsigned i = 0; (s->flags & SCHED_EXPLAIN) != 0 && i < s->resources.len; i++) {
        g_autofree char *error = NULL;

        explanation_print(out, s, s->resources.items[i]->id, &error);
    }
    output_finish(out, 0);
    output_close(out);
}

static void
free_model(struct sched *s)
{
    sched_actions_free(s);
    sched_free(s);
}

/* False if it is not worth the time: a number of instances that only multiplies the work. */
static bool
is_small(const xmlNode *cib)
{
    struct sched *s = sched_new(cib, NOW, SCHED_QUIET | SCHED_STATUS_ONLY);
    bool small = s->rscs.len * (s->nodes.len + 1) <= MOST_WORK;

    if (small) {
        sched_status_remarks(s);
        show(s, cib, OUTPUT_TEXT);
        show(s, cib, OUTPUT_JSON);
    }
    sched_free(s);
    return small;
}

static void
run_as_text(const xmlNode *cib, unsigned flags)
{
    struct sched *s = sched_new(cib, NOW, SCHED_QUIET | flags);

    sched_run(s);
    sched_graph_write(s, 0, drop_text, NULL);
    summary_new(s);
    g_string_free(sched_dot_new(s, DOT_ALL | DOT_IDS), TRUE);
    show(s, cib, OUTPUT_XML);
    free_model(s);
}

static void
simulate(xmlNode *cib)
{
    struct sim sim = {.cib = cib, .now = NOW, .create_nodes = true, .tell = keep_quiet};
    struct sched *s = sched_new(cib, NOW, SCHED_QUIET | SCHED_SANITIZED);
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    xmlNode *graph;

    sched_run(s);
    graph = sched_graph_new(s, 1);
    sim_execute(&sim, graph, NULL, names);
    g_hash_table_destroy(names);
    xml_free(graph);
    free_model(s);
    run_as_text(cib, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    xmlNode *cib = size <= LARGEST ? xml_parse((const char *) data, size, XML_PARSE_STRICT, NULL) : NULL;

    if (cib != NULL && xml_is(cib, "cib")) {
        if (xml_first(cib, "status") == NULL) {
            xml_new(cib, "status");
        }
        if (is_small(cib)) {
            run_as_text(cib, SCHED_SCORES | SCHED_UTILIZATION | SCHED_EXPLAIN);
            run_as_text(cib, SCHED_CONFIG_ONLY);
            simulate(cib);
        }
    }
    xml_free(cib);
    return 0;
}

/* --- changing trees --- */

/* A random element below, not the root; NULL if there is none. */
static xmlNode *
any_element(xmlNode *root)
{
    xmlNode *at = root;

    for (unsigned depth = (unsigned) rand() % 12 + 1; depth > 0; depth--) {
        unsigned n = xml_count_children(at, NULL);
        xmlNode *child = xml_first(at, NULL);

        if (n == 0) {
            break;
        }
        for (unsigned i = (unsigned) rand() % n; i > 0; i--) {
            child = xml_next(child, NULL);
        }
        at = child;
    }
    return at == root ? NULL : at;
}

static const xmlAttr *
any_attribute(const xmlNode *node)
{
    unsigned n = 0;

    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        n++;
    }
    for (const xmlAttr *a = node->properties; n > 0 && a != NULL; a = a->next) {
        if ((unsigned) rand() % n-- == 0) {
            return a;
        }
    }
    return NULL;
}

static const char *
any_value(xmlNode *root)
{
    static const char *const values[] = {"0", "1", "-1", "2", "INFINITY", "-INFINITY", "2147483648", "99999999999999999999",
                                         "", "true", "false", "Stopped", "Promoted", "Started", "#uname", "block", "fence",
                                         "standby", "7", "8", "5", "10s", "P1Y", "2023-13-40", "freeze", "demote", "suicide"};
    xmlNode *other = any_element(root);
    const xmlAttr *attr = other != NULL && rand() % 3 != 0 ? any_attribute(other) : NULL;

    return attr != NULL ? xml_attr_value(attr) : values[(unsigned) rand() % G_N_ELEMENTS(values)];
}

static void
change(xmlNode *root)
{
    xmlNode *node = any_element(root), *other = any_element(root);
    const xmlAttr *attr = node != NULL ? any_attribute(node) : NULL;

    if (node == NULL || other == NULL) {
        return;
    }
    switch (rand() % 10) {
    case 0: /* gone */
        xml_free(node);
        break;
    case 1: /* twice, elsewhere */
        if (node->parent != NULL) {
            xml_copy(other, node);
        }
        break;
    case 2: /* an attribute of another element */
        if ((attr = any_attribute(other)) != NULL) {
            g_autofree char *name = g_strdup((const char *) attr->name), *value = g_strdup(xml_attr_value(attr));

            xml_set(node, name, value);
        }
        break;
    case 3:
        if (attr != NULL) {
            g_autofree char *name = g_strdup((const char *) attr->name);

            xml_remove(node, name);
        }
        break;
    case 4: /* another kind of element */
        xmlNodeSetName(node, other->name);
        break;
    default:
        if (attr != NULL) {
            g_autofree char *name = g_strdup((const char *) attr->name), *value = g_strdup(any_value(root));

            xml_set(node, name, value);
        }
        break;
    }
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    xmlNode *root = xml_parse((const char *) data, size, XML_PARSE_STRICT, NULL);
    size_t len;

    srand(seed);
    if (root == NULL || rand() % 16 == 0) {
        xml_free(root);
        return LLVMFuzzerMutate(data, size, max);
    }
    for (int n = rand() % 4 + 1; n > 0; n--) {
        change(root);
    }
    g_autofree char *text = xml_to_text(root, XML_TEXT_PLAIN);

    xml_free(root);
    len = strlen(text);
    if (len > max) {
        return LLVMFuzzerMutate(data, size, max);
    }
    memcpy(data, text, len);
    return len;
}
