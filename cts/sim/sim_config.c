/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is configured in a simulated cluster: four services, and one of many kinds of fencing, chosen by the seed: a power switch, or two
 * outlets a host; SBD with one to three disks, or with the watchdogs alone; each with or without a first level that mostly fails.
 * Called at the start of a run and by hosts without a CIB.  Changes nothing later.
 */
#include "cts/sim/sim.h"

#include "lib/base/text.h"
#include "lib/base/xml.h"

#include <string.h>

/* What the watchdogs need (spec 65 §15): W + I + L is 5, and some seconds until the loss of quorum is noticed. */
#define WATCHDOG_WAIT "10s"

const char *const sim_services[] = { "r1", "r2", "g1", "g2", NULL };

static const char head[] =
    "<cib crm_feature_set='3.16.1' validate-with='pacemaker-3.9' epoch='1' num_updates='0' admin_epoch='0'><configuration>"
    "<crm_config><cluster_property_set id='cib-bootstrap-options'>"
    "<nvpair id='cib-bootstrap-options-stonith-enabled' name='stonith-enabled' value='true'/>"
    "<nvpair id='cib-bootstrap-options-no-quorum-policy' name='no-quorum-policy' value='stop'/>"
    "</cluster_property_set><cluster_property_set id='user'/></crm_config><nodes/><resources>"
    "<primitive id='r1' class='ocf' provider='sim' type='thing'><operations><op id='r1-m' name='monitor' interval='10s'/></operations></primitive>"
    "<primitive id='r2' class='ocf' provider='sim' type='thing'><operations><op id='r2-m' name='monitor' interval='5s'/></operations></primitive>"
    "<group id='g'><primitive id='g1' class='ocf' provider='sim' type='thing'><operations><op id='g1-m' name='monitor' interval='10s'/></operations></primitive>"
    "<primitive id='g2' class='ocf' provider='sim' type='thing'><operations><op id='g2-m' name='monitor' interval='10s'/></operations></primitive></group></resources>"
    "<constraints/></configuration><status/></cib>";

void
sim_config_choose(struct sim *s)
{
    unsigned kind = sim_pick(s, 8);

    s->has_sbd = s->config.with_controller && kind < 5;
    s->n_disks = kind == 4 ? 1 : kind % 4; /* none, 1, 2, 3, 1 */
    s->has_levels = sim_once_in(s, 3);
    s->levels_by_pattern = sim_once_in(s, 2);
    if (s->config.fencing != NULL) {
        s->has_sbd = g_str_has_prefix(s->config.fencing, "sbd");
        s->n_disks = s->has_sbd ? (unsigned)CLAMP(text_leading_int(s->config.fencing + 3), 0, SIM_MAX_DISKS) : 0;
        s->has_levels = strstr(s->config.fencing, "+levels") != NULL;
    }
    /* What is to be broken has to be there. */
    switch (s->config.mutation) {
        case SIM_TRUST_AGAIN:
        case SIM_SKIP_MSGWAIT:
            s->has_sbd = true;
            s->n_disks = MAX(s->n_disks, 1);
            break;
        case SIM_FEED_ALWAYS:
            s->has_sbd = true;
            break;
        case SIM_FENCE_NOTHING:
            s->has_sbd = false;
            break;
        case SIM_ONE_DISK_TELLS:
        case SIM_ONE_DISK_FEEDS:
            s->has_sbd = true;
            s->n_disks = 3;
            break;
        case SIM_SHORT_WAIT:
            s->has_sbd = true;
            s->n_disks = 0;
            s->has_levels = false;
            break;
        case SIM_ONE_OUTLET:
            s->has_sbd = false;
            s->has_levels = true;
            break;
        case SIM_TRUST_FAILURE:
            s->has_levels = true;
            break;
        default:
            break;
    }
    sim_trace(s, "fencing by %s, %u shared disks%s", s->has_sbd ? "SBD" : "power switches", s->has_sbd ? s->n_disks : 0,
              s->has_levels ? ", after a level that mostly fails" : "");
}

/* `detail`: a parameter that tells the simulated agent what it is, or NULL. */
static void
add_device(xmlNode *resources, const char *id, const char *type, const char *detail, const char *value)
{
    xmlNode *device = xml_new(resources, "primitive");
    xmlNode *set;

    xml_set(device, "id", id);
    xml_set(device, "class", "stonith");
    xml_set(device, "type", type);
    set = xml_new(device, "instance_attributes");
    xml_setf(set, "id", "%s-a", id);
    xml_new_nvpair(set, "pcmk_host_list", "n1 n2 n3 n4 n5");
    if (detail != NULL) {
        xml_new_nvpair(set, detail, value);
    }
}

static void
add_level(xmlNode *topology, const char *by, const char *target, unsigned index, const char *devices)
{
    xmlNode *level = xml_new(topology, "fencing-level");

    xml_setf(level, "id", "level-%u-%u", index, (unsigned)xmlChildElementCount(topology));
    xml_set(level, by, target);
    xml_set_int(level, "index", index);
    xml_set(level, "devices", devices);
}

static void
add_levels(const struct sim *s, xmlNode *configuration, const char *second)
{
    xmlNode *topology = xml_new(configuration, "fencing-topology");

    for (unsigned i = 0; i < (s->levels_by_pattern ? 1 : s->n_nodes); i++) {
        const char *by = s->levels_by_pattern ? "target-pattern" : "target";
        const char *target = s->levels_by_pattern ? "^n[1-5]$" : s->node[i].name;

        add_level(topology, by, target, 1, "first");
        add_level(topology, by, target, 2, second);
    }
}

static void
add_fencing(const struct sim *s, xmlNode *configuration, xmlNode *options)
{
    xmlNode *resources = xml_first(configuration, "resources");
    const char *second = "fence";

    if (s->has_levels) {
        add_device(resources, "first", "fence_power", "unreliable", "1");
    }
    if (!s->has_sbd && !s->has_levels) {
        add_device(resources, "fence", "fence_power", NULL, NULL);
    } else if (!s->has_sbd) {
        add_device(resources, "fence-a", "fence_power", "outlet", "1");
        add_device(resources, "fence-b", "fence_power", "outlet", "2");
        second = "fence-a,fence-b";
    } else if (s->n_disks > 0) {
        add_device(resources, "fence", "fence_sbd", NULL, NULL);
    } else {
        xml_new_nvpair(options, "stonith-watchdog-timeout", s->config.mutation == SIM_SHORT_WAIT ? "3s" : WATCHDOG_WAIT);
        second = "watchdog";
    }
    if (s->has_levels) {
        add_levels(s, configuration, second);
    }
}

xmlNode *
sim_config_document(const struct sim *s)
{
    xmlNode *root = xml_parse(head, strlen(head), XML_PARSE_STRICT, NULL);
    xmlNode *configuration = xml_first(root, "configuration");
    xmlNode *nodes = xml_first(configuration, "nodes");

    add_fencing(s, configuration, xml_first(xml_first(configuration, "crm_config"), "cluster_property_set"));
    for (unsigned i = 0; i < s->n_nodes; i++) {
        xmlNode *node = xml_new(nodes, "node");

        xml_setf(node, "id", "%u", s->node[i].id);
        xml_set(node, "uname", s->node[i].name);
    }
    return root;
}
