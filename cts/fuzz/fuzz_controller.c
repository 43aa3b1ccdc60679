/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of clients, messages of members and graphs, as a DC or another controller gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "cts/fuzz/messages.h"
#include "daemons/controld/tests/cluster_fixture.h"
#include "lib/base/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGE(task, to, from) "<m t='crmd' version='3.16.1' subt='request' reference='" task "-" from "-1-2' src='n2' crm_task='" task "' crm_sys_to='" to \
                                "' crm_sys_from='" from "' crm_host_to='n1' crm_user='root' "
#define RSC_OP(operation, more)                                                                                                                   \
    "<crm_xml><rsc_op id='5' operation='" operation "' operation_key='r_" operation "_0' on_node='n1' on_node_uuid='1' transition-key='5:1:0:u-u-u'>"      \
    "<primitive id='r' long-id='g:r' class='ocf' provider='heartbeat' type='Dummy'/><attributes CRM_meta_timeout='20000' " more " crm_feature_set='3.16.1'/>" \
    "</rsc_op></crm_xml></m>"
#define HISTORY                                                                                                                                    \
    "<node_state id='2' uname='n2' crmd='online' in_ccm='true' join='member' expected='member' crm-debug-origin='x'><lrm id='2'><lrm_resources>"         \
    "<lrm_resource id='r' class='ocf' provider='heartbeat' type='Dummy'><lrm_rsc_op id='r_last_0' operation_key='r_start_0' operation='start' rc-code='0'"  \
    " op-status='0' call-id='7' interval='0' transition-key='5:1:0:u-u-u' transition-magic='0:0;5:1:0:u-u-u' crm_feature_set='3.16.1' on_node='n2'/>"       \
    "</lrm_resource></lrm_resources></lrm></node_state>"
static const char *const MESSAGES[] = {
    MESSAGE("hello", "crmd", "7_x") "><crm_xml><options major_version='1' minor_version='0' client_name='x' client_uuid='7'/></crm_xml></m>",
    MESSAGE("ping", "dc", "7_x") "/>",
    MESSAGE("node-info", "crmd", "7_x") "id='1' uname='n1'/>",
    MESSAGE("list-nodes", "crmd", "7_x") "/>",
    MESSAGE("rm_node_cache", "crmd", "7_x") "id='3' uname='n3'/>",
    MESSAGE("join_announce", "dc", "crmd") "/>",
    MESSAGE("join_offer", "crmd", "dc") "join_id='1'/>",
    MESSAGE("join_request", "dc", "crmd") "join_id='1' dc-leaving='false'><crm_xml><generation_tuple admin_epoch='0' epoch='5' num_updates='3' validate-with='pacemaker-3.9'/></crm_xml></m>",
    MESSAGE("join_ack_nack", "crmd", "dc") "join_id='1' join_ack_nack='true'/>",
    MESSAGE("join_confirm", "dc", "crmd") "join_id='1'><crm_xml>" HISTORY "</crm_xml></m>",
    MESSAGE("vote", "crmd", "crmd") "election-id='3' election-owner='2' election-age-sec='5' election-age-nano-sec='1'/>",
    MESSAGE("no-vote", "crmd", "crmd") "election-id='3' election-owner='1'/>",
    MESSAGE("throttle", "crmd", "crmd") "crm-limit-mode='4' crm-limit-max='8'/>",
    MESSAGE("req_shutdown", "dc", "crmd") "/>",
    MESSAGE("do_shutdown", "crmd", "tengine") "/>",
    MESSAGE("lrm_invoke", "lrmd", "tengine") ">" RSC_OP("start", "CRM_meta_on_node='n1'"),
    MESSAGE("lrm_invoke", "lrmd", "tengine") ">" RSC_OP("monitor", "CRM_meta_interval='10000' CRM_meta_start_delay='0'"),
    MESSAGE("lrm_invoke", "lrmd", "tengine") ">" RSC_OP("cancel", "CRM_meta_operation='monitor'"),
    MESSAGE("lrm_invoke", "lrmd", "tengine") ">" RSC_OP("delete", ""),
    MESSAGE("lrm_invoke", "lrmd", "tengine") ">" RSC_OP("notify", "CRM_meta_notify_type='pre'"),
    MESSAGE("lrm_invoke", "tengine", "lrmd") "><crm_xml>" HISTORY "</crm_xml></m>",
    MESSAGE("lrm_delete", "crmd", "7_x") "mode='cib'>" RSC_OP("delete", ""),
    MESSAGE("lrm_fail", "crmd", "7_x") ">" RSC_OP("asyncmon", ""),
    MESSAGE("probe_again", "crmd", "7_x") "/>",
    MESSAGE("clear_failcount", "crmd", "tengine") ">" RSC_OP("clear_failcount", "CRM_meta_clear_failure_op='monitor' CRM_meta_clear_failure_interval='10000'"),
    MESSAGE("remote_state", "dc", "crmd") "id='remote1' in_ccm='true'/>",
    MESSAGE("maintenance_nodes", "crmd", "dc") "><crm_xml><maintenance_nodes><node id='r' maintenance='true'/></maintenance_nodes></crm_xml></m>",
    NULL,
};
static const char *const GRAPHS[] = {
    "<transition_graph cluster-delay='60s' stonith-timeout='60s' failed-stop-offset='INFINITY' failed-start-offset='INFINITY' transition_id='3' batch-limit='0'>"
    "<synapse id='0'><action_set><rsc_op id='5' operation='start' operation_key='r_start_0' on_node='n1' on_node_uuid='1'><primitive id='r' class='ocf'"
    " provider='heartbeat' type='Dummy'/><attributes CRM_meta_timeout='20000' crm_feature_set='3.16.1'/></rsc_op></action_set><inputs/></synapse>"
    "<synapse id='1' priority='5'><action_set><rsc_op id='6' operation='monitor' operation_key='r_monitor_10000' on_node='n2' on_node_uuid='2'><primitive id='r'"
    " class='ocf' provider='heartbeat' type='Dummy'/><attributes CRM_meta_interval='10000' CRM_meta_timeout='20000'/></rsc_op></action_set><inputs>"
    "<trigger><rsc_op id='5' operation='start' operation_key='r_start_0' on_node='n1' on_node_uuid='1'/></trigger></inputs></synapse></transition_graph>",
    "<transition_graph cluster-delay='60s' transition_id='4'><synapse id='0'><action_set><crm_event id='7' operation='stonith' operation_key='stonith-n2-off' on_node='n2'"
    " on_node_uuid='2'><attributes CRM_meta_on_node='n2' CRM_meta_on_node_uuid='2' CRM_meta_stonith_action='off'/><downed><node id='2'/></downed></crm_event></action_set><inputs/></synapse>"
    "<synapse id='1'><action_set><crm_event id='8' operation='do_shutdown' operation_key='do_shutdown-n1' on_node='n1' on_node_uuid='1'><attributes/></crm_event></action_set><inputs/></synapse>"
    "<synapse id='2'><action_set><pseudo_event id='9' operation='all_stopped' operation_key='all_stopped'><attributes/></pseudo_event></action_set><inputs/></synapse></transition_graph>",
    NULL,
};
static const char *const WORDS[] = {
    "crm_task", "crm_sys_to", "crm_sys_from", "crm_host_to", "subt", "request", "response", "lrm_invoke", "lrm_delete", "lrm_fail", "join_offer", "join_request", "join_ack_nack",
    "join_confirm", "vote", "no-vote", "ping", "dc", "crmd", "lrmd", "tengine", "pengine", "join_id", "2", "src", "id", "uname", "operation", "start", "stop", "monitor", "promote",
    "migrate_to", "notify", "delete", "cancel", "operation_key", "on_node", "on_node_uuid", "transition-key", "transition-magic", "5:1:0:u-u-u", "0:0;5:1:0:u-u-u", "rc-code", "op-status",
    "call-id", "interval", "rsc_op", "pseudo_event", "crm_event", "synapse", "inputs", "trigger", "action_set", "attributes", "primitive", "class", "stonith", "provider", "type", "mode", "cib",
    "CRM_meta_timeout", "CRM_meta_interval", "batch-limit", "cluster-delay", "priority", "node_state", "lrm", "router_node", "election-owner", "long-id", "reference", "crm_user", NULL,
};
static const struct vocabulary messages = { MESSAGES, WORDS }, graphs = { GRAPHS, WORDS };

static void
one_event(struct fixture *f, struct bytes *b, unsigned i)
{
    static const struct ctl_client clients[] = { { .id = "c1", .name = "root", .privileged = true }, { .id = "c2", .name = "somebody" } };
    g_autoptr(xmlNode) message = NULL;
    g_autoptr(GString) graph = g_string_new(NULL);
    struct node *n = &f->node[i];

    switch (bytes_choose(b, 4)) {
        case 0:
            message = message_made_up(b, &messages);
            ctl_on_client_message(n->c, at(f, n), &clients[bytes_choose(b, 2)], message);
            break;
        case 1:
        case 2:
            message = message_made_up(b, &messages);
            ctl_on_peer_message(n->c, at(f, n), 3 - i, i == 1 ? "n2" : "n1", message);
            break;
        default:
            message = message_made_up(b, &graphs);
            xml_for_each (child, message, NULL) {
                xml_append_text(graph, child, XML_TEXT_PLAIN);
            }
            f->graph = graph->str;
            schedule_anew(f, "for a try");
            advance(f, 1000);
            f->graph = NULL;
            break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    struct fixture *f = running_cluster(2);

    while (b.left > 0) {
        unsigned i = 1 + bytes_choose(&b, 2);

        if (f->node[i].exit_code >= 0 || !f->node[i].up) {
            break; /* it may have been told to end */
        }
        one_event(f, &b, i);
        advance(f, bytes_choose(&b, 3) * 1000);
    }
    end(f);
    return 0;
}
