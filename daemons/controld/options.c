/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `pacemaker-controld metadata` prints: the cluster options the controller reads, for front ends.
 * Called before anything else is started.
 * The values themselves are read in core_options.c.  (spec 30 §20)
 */
#include "daemons/controld/shell.h"

#include "lib/base/text.h"

#include <stdio.h>

static const struct {
    const char *name, *type, *def, *brief, *more;
    const char *choices[6];
} options[] = {
    { "dc-version", "string", "none", "Version that the Designated Controller (DC) runs",
      "Written by the cluster, with a mark of the exact build, so that one can see which node's software decides." },
    { "cluster-infrastructure", "string", "corosync", "Messaging layer beneath the cluster manager", "Written by the cluster, for information." },
    { "cluster-name", "string", NULL, "Name of the cluster",
      "Free text for people; rules can test it as node attribute #cluster-name, and some agents and tools use it." },
    { "dc-deadtime", "time", "20s", "How long a starting node waits for others to answer",
      "A starting node that hears of no DC for this long calls an election. Slow networks and switches need more. If all "
      "nodes that Corosync lists are present, nobody waits." },
    { "cluster-recheck-interval", "time", "15min", "How often to look at an idle cluster again",
      "The cluster reacts to events, and knows when rules and failure timeouts will change something. After this much "
      "quiet it looks again anyway, which catches rules it could not foresee. 0 turns both off; other values are an interval, such as 5min." },
    { "load-threshold", "percentage", "80%", "System load that the cluster tries to stay under",
      "Nodes whose processors are busier than this get fewer actions at a time." },
    { "node-action-limit", "integer", "0", "Most resource actions at a time on one node", "0 means twice the number of processors." },
    { "fence-reaction", "string", "stop", "What a node does that learns it has been fenced but still runs",
      "\"stop\" ends the cluster software on that node and leaves it stopped; \"panic\" resets the host at once, and "
      "where that is not possible behaves as \"stop\"." },
    { "election-timeout", "time", "2min", "*** Advanced Use Only *** Most time that an election may take",
      "A node that has not heard all votes by then declares itself the winner. If you need to change it, something else is wrong." },
    { "shutdown-escalation", "time", "20min", "*** Advanced Use Only *** Leave without permission after this time",
      "A node that wants to shut down and cannot get its resources stopped exits after this time." },
    { "join-integration-timeout", "time", "3min", "*** Advanced Use Only *** How long the DC waits for nodes to answer its offer",
      "If you need to change it, something else is wrong." },
    { "join-finalization-timeout", "time", "30min", "*** Advanced Use Only *** How long the DC waits for nodes to confirm that they joined",
      "If you need to change it, something else is wrong." },
    { "transition-delay", "time", "0s", "*** Advanced Use Only *** Pause before each recalculation, which slows every recovery down",
      "Waits this long for more to happen before the cluster decides what to do." },
    { "stonith-watchdog-timeout", "time", "0", "After which time a lost node has been reset by its own watchdog",
      "With a positive value a node that is lost and cannot be fenced otherwise counts as fenced after this long, which is "
      "safe only where sbd watches over every node with a shorter watchdog timeout. A negative value means twice SBD_WATCHDOG_TIMEOUT." },
    { "stonith-max-attempts", "integer", "10", "How often fencing of a node may fail before the cluster stops trying at once", "It tries again when something changes." },
    { "no-quorum-policy", "select", "stop", "What to do without quorum",
      "\"stop\" stops all resources, \"freeze\" leaves them as they are, \"ignore\" goes on as if there were quorum, "
      "\"demote\" demotes promotable resources and stops the others, \"suicide\" fences the nodes of the partition.",
      { "stop", "freeze", "ignore", "demote", "suicide" } },
    { "shutdown-lock", "boolean", "false", "Keep resources of a node that was shut down cleanly from running elsewhere",
      "They stay stopped until the node is back (or shutdown-lock-limit has passed); resources that may run without their node "
      "are not concerned." },
};

static void
print_text(const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);

    fputs(escaped, stdout);
}

int
options_print_metadata(void)
{
    printf("<?xml version=\"1.0\"?>\n"
           "<resource-agent name=\"pacemaker-controld\" version=\"" CRM_VERSION "\">\n"
           "  <version>1.1</version>\n"
           "  <longdesc lang=\"en\">Options of the whole cluster that the controller reads</longdesc>\n"
           "  <shortdesc lang=\"en\">Options of the controller</shortdesc>\n"
           "  <parameters>\n");
    for (unsigned i = 0; i < G_N_ELEMENTS(options); i++) {
        printf("    <parameter name=\"%s\">\n      <longdesc lang=\"en\">", options[i].name);
        print_text(options[i].more);
        printf("</longdesc>\n      <shortdesc lang=\"en\">");
        print_text(options[i].brief);
        printf("</shortdesc>\n      <content type=\"%s\"", options[i].type);
        if (options[i].def != NULL) {
            printf(" default=\"%s\"", options[i].def);
        }
        if (options[i].choices[0] == NULL) {
            printf("/>\n");
        } else {
            printf(">\n");
            for (unsigned k = 0; k < G_N_ELEMENTS(options[i].choices) && options[i].choices[k] != NULL; k++) {
                printf("        <option value=\"%s\" />\n", options[i].choices[k]);
            }
            printf("      </content>\n");
        }
        printf("    </parameter>\n");
    }
    printf("  </parameters>\n</resource-agent>\n");
    return 0;
}
