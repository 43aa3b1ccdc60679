/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `pacemaker-fenced metadata` prints: the options of fence devices that the fencer itself handles.
 * crmsh and pcs add them to the parameters of each fence agent; pcs hides those whose short text begins with
 * "Advanced use only: ".  (spec 60 §7)
 */
#include "lib/base/xml.h"

#include "daemons/fenced/fenced_core.h"

#define ADVANCED "Advanced use only: "

static const struct {
    const char *name, *type, *fallback, *short_text, *long_text;
} parameters[] = {
    { "pcmk_host_argument", "string", "port",
      ADVANCED "name of the agent parameter that is told which host to fence",
      "Most agents take the host to act on as \"port\", others as \"plug\"; the cluster finds out which by their "
      "meta-data. Give another name here for an agent that wants it, or \"none\" if the agent is not to be told at all." },
    { "pcmk_host_map", "string", "", "What the device calls each host, where that differs from the node name",
      "For example node1:1;node2:2,3 makes the cluster use port 1 for node1, and ports 2 and 3 for node2." },
    { "pcmk_host_list", "string", "", "Hosts that this device can fence",
      "Names separated by blanks or commas. Needed where pcmk_host_check is static-list and pcmk_host_map is not set." },
    { "pcmk_host_check", "string", "dynamic-list", "How to find out which hosts this device can fence",
      "dynamic-list asks the device for its list, static-list believes pcmk_host_list and pcmk_host_map, status asks the "
      "device about each host, none takes for granted that it can fence every host. Left out, the best of them that "
      "the agent and the configuration allow is used." },
    { "pcmk_delay_max", "time", "0s", "Upper limit of a random wait before this device fences",
      "A random time is added to pcmk_delay_base so that the sum stays below this. It keeps two nodes that have lost "
      "sight of each other from switching each other off at the same moment." },
    { "pcmk_delay_base", "string", "0s", "Wait before this device fences",
      "A time such as 5s, or different ones for different hosts: node1:0s;node2:5s. It gives one node a lead when "
      "nodes try to fence each other." },
    { "pcmk_action_limit", "integer", "1", "How many actions this device may carry out at once",
      "Counted on each node. -1 means no limit." },
};

static const char *const actions[] = { "reboot", "off", "on", "list", "monitor", "status" };

static void
add_text(xmlNode *parent, const char *element, const char *text)
{
    xmlNode *node = xmlNewTextChild(parent, NULL, (const xmlChar *) element, (const xmlChar *) text);

    xml_set(node, "lang", "en");
}

static void
add_parameter(xmlNode *list, const char *name, const char *type, const char *fallback, const char *short_text,
              const char *long_text)
{
    xmlNode *parameter = xml_new(list, "parameter");
    xmlNode *content;

    xml_set(parameter, "name", name);
    add_text(parameter, "longdesc", long_text);
    add_text(parameter, "shortdesc", short_text);
    content = xml_new(parameter, "content");
    xml_set(content, "type", type);
    xml_set(content, "default", fallback);
}

static void
add_action(xmlNode *list, const char *action)
{
    const struct {
        const char *suffix, *type, *fallback;
        char *short_text, *long_text;
    } rows[] = {
        { "action", "string", action,
          g_strdup_printf(ADVANCED "action to send to the agent instead of '%s'", action),
          g_strdup_printf("For a device that does not know '%s', or knows it under another name.", action) },
        { "timeout", "time", "60s",
          g_strdup_printf(ADVANCED "time limit for '%s' instead of the one in the request", action),
          g_strdup_printf("Some devices need much more or much less time than others for '%s'.", action) },
        { "retries", "integer", "2",
          g_strdup_printf(ADVANCED "how often '%s' is tried at most within its time limit", action),
          g_strdup_printf("Some devices fail while they are busy with another task. While time is left, '%s' is tried "
                          "again up to this number of attempts.",
                          action) },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("pcmk_%s_%s", action, rows[i].suffix);

        add_parameter(list, name, rows[i].type, rows[i].fallback, rows[i].short_text, rows[i].long_text);
        g_free(rows[i].short_text);
        g_free(rows[i].long_text);
    }
}

char *
fenced_metadata(void)
{
    g_autoptr(xmlNode) root = xml_new(NULL, "resource-agent");
    xmlNode *version, *list;
    xmlChar *text = NULL;
    int size = 0;
    char *result;

    xml_set(root, "name", "pacemaker-fenced");
    xml_set(root, "version", "2.1.5");
    version = xml_new(root, "version");
    xmlNodeAddContent(version, (const xmlChar *) "1.1");
    add_text(root, "longdesc",
             "Options that every fence device understands, whatever its agent: they are read by the cluster's fencer "
             "and not handed to the agent.");
    add_text(root, "shortdesc", "Options of the cluster for all fence devices");
    list = xml_new(root, "parameters");
    for (size_t i = 0; i < G_N_ELEMENTS(parameters); i++) {
        add_parameter(list, parameters[i].name, parameters[i].type, parameters[i].fallback, parameters[i].short_text,
                      parameters[i].long_text);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        add_action(list, actions[i]);
    }
    xmlDocDumpFormatMemory(root->doc, &text, &size, 1);
    result = g_strdup((const char *) text);
    xmlFree(text);
    return result;
}
