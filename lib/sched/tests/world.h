/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small clusters for the tests of actions, graph and simulation: two online nodes n1 and n2, resources and constraints as
 * XML, and a list of what is active where.  Everything else is known not to run, so that there are no probes, unless asked.
 */
#ifndef SCHED_TESTS_WORLD_H
#define SCHED_TESTS_WORLD_H

#include "lib/base/result.h"
#include "lib/sched/actions/internal.h"
#include "lib/sched/graph/graph.h"
#include "lib/sched/simulate/simulate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NOW 1700000000
#define DUMMY(id)           "<primitive id='" id "' class='ocf' provider='pacemaker' type='Dummy'/>"
#define DUMMY_WITH(id, in)  "<primitive id='" id "' class='ocf' provider='pacemaker' type='Dummy'>" in "</primitive>"
#define META(id, name, val) "<meta_attributes id='" id "'><nvpair id='" id "1' name='" name "' value='" val "'/></meta_attributes>"
#define OPTION(name, val)   "<nvpair id='opt-" name "' name='" name "' value='" val "'/>"
#define THEN(a, b)          "<rsc_order id='" a "-" b "' first='" a "' then='" b "'/>"
#define PREFER(rsc, node)   "<rsc_location id='" rsc "-" node "' rsc='" rsc "' node='" node "' score='100'/>"

struct history {
    const char *rsc, *node, *task; /* "start", "monitor" (found stopped), ... */
    int rc;
    unsigned interval_ms;
};

struct world {
    xmlNode *cib;
    struct sched *s;
};

/* A run over a cluster; `history` ends with rsc NULL and may be NULL. */
static inline struct world
world_run(const char *options, const char *resources, const char *constraints, const struct history *history)
{
    GString *t = g_string_new("<cib crm_feature_set='3.16.1' have-quorum='1' dc-uuid='1'><configuration><crm_config>"
                              "<cluster_property_set id='p'>");
    struct world w;

    g_string_append_printf(t, "%s</cluster_property_set></crm_config><nodes><node id='1' uname='n1'/><node id='2' uname='n2'/>"
                              "</nodes><resources>%s</resources><constraints>%s</constraints></configuration><status>",
                           options, resources, constraints);
    for (int i = 1; i <= 2; i++) {
        g_string_append_printf(t, "<node_state id='%d' uname='n%d' in_ccm='true' crmd='online' join='member' "
                                  "expected='member'><lrm id='%d'><lrm_resources>", i, i, i);
        for (const struct history *h = history; h != NULL && h->rsc != NULL; h++) {
            if (h->node[1] == '0' + i) {
                g_string_append_printf(t, "<lrm_resource id='%s' type='Dummy' class='ocf' provider='pacemaker'><lrm_rsc_op "
                                          "id='%s_x' operation_key='%s_%s_%u' operation='%s' call-id='2' rc-code='%d' "
                                          "op-status='0' interval='%u' last-rc-change='%d' crm_feature_set='3.16.1' "
                                          "op-digest='f2317cad3d54cec5d7d7aa7d0bf35cf8' " /* of no parameters */
                                          "transition-key='1:1:%d:11111111-1111-1111-1111-111111111111'/></lrm_resource>",
                                       h->rsc, h->rsc, h->rsc, h->task, h->interval_ms, h->task, h->rc, h->interval_ms,
                                       NOW - 100, strcmp(h->task, "monitor") == 0 ? 7 : 0);
            }
        }
        g_string_append(t, "</lrm_resources></lrm></node_state>");
    }
    g_string_append(t, "</status></cib>");
    w.cib = xml_parse(t->str, t->len, XML_PARSE_STRICT, NULL);
    assert_non_null(w.cib);
    g_string_free(t, TRUE);
    w.s = sched_new(w.cib, NOW, SCHED_QUIET);
    sched_run(w.s);
    return w;
}

static inline void
world_free(struct world *w)
{
    sched_actions_free(w->s);
    sched_free(w->s);
    xml_free(w->cib);
}

/* An action by resource, task and node (NULL: any); NULL if there is none. */
static inline struct sched_action *
act(const struct world *w, const char *rsc, const char *task, const char *node)
{
    struct sched_rsc *r = sched_rsc_by_id(w->s, rsc);

    assert_non_null(r);
    for_each_with_key(a, w->s, r, task, 0) {
        if (node == NULL || (a->node != NULL && strcmp(a->node->uname, node) == 0)) {
            return a;
        }
    }
    return NULL;
}

/* Is the action to be done? */
static inline bool
is_planned(const struct world *w, const char *rsc, const char *task, const char *node)
{
    const struct sched_action *a = act(w, rsc, task, node);

    return a != NULL && action_is_rendered(a);
}

#define NO_FENCING OPTION("stonith-enabled", "false")
#define NO_PROBES  OPTION("enable-startup-probes", "false")

#endif
