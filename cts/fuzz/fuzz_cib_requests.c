/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of clients and messages of members, as the CIB manager gets them; what it sends to all comes back to it. */
#include <glib.h>
#include <string.h>

#include "cts/fuzz/messages.h"
#include "daemons/cib/based_core.h"
#include "lib/base/xml.h"

#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CIB                                                                                                                                        \
    "<cib admin_epoch='0' epoch='5' num_updates='3' validate-with='pacemaker-3.9' crm_feature_set='3.16.1' cib-last-written='x' have-quorum='1' dc-uuid='1'>"  \
    "<configuration><crm_config><cluster_property_set id='o'><nvpair id='o-a' name='enable-acl' value='true'/></cluster_property_set></crm_config>"        \
    "<nodes><node id='1' uname='n1'/><node id='2' uname='n2'/></nodes><resources><group id='g'><primitive id='r1' class='ocf' provider='p' type='T'/>"      \
    "<primitive id='r2' class='ocf' provider='p' type='T'><operations><op id='r2-m' name='monitor' interval='10s'/></operations></primitive></group></resources>" \
    "<constraints><rsc_location id='l' rsc='r1' node='n1' score='100'/></constraints><acls><acl_target id='joe'><role id='ro'/></acl_target><acl_role id='ro'>"  \
    "<acl_permission id='p1' kind='read' xpath='/cib'/><acl_permission id='p2' kind='write' xpath='//status'/><acl_permission id='p3' kind='deny' reference='r2'/>" \
    "</acl_role></acls></configuration><status><node_state id='1' uname='n1'><lrm id='1'><lrm_resources/></lrm></node_state></status></cib>"
#define REQUEST(op) "<cib_command t='cib' cib_op='" op "' cib_callid='3' cib_clientid='tool' cib_clientname='x' cib_user='root' "
#define DATA(xml)   "><cib_calldata>" xml "</cib_calldata></cib_command>"
static const char *const MESSAGES[] = {
    REQUEST("cib_query") "cib_section='resources'/>",
    REQUEST("cib_query") "cib_section='//primitive[@id=&apos;r1&apos;]' cib_callopt='4354'/>",
    REQUEST("cib_modify") "cib_section='status' cib_callopt='4360'" DATA("<status><node_state id='2' uname='n2' crmd='online'><transient_attributes id='2'/></node_state></status>"),
    REQUEST("cib_modify") "" DATA("<nvpair id='o-a' value='false'/>"),
    REQUEST("cib_modify") "cib_section='nodes'" DATA("<nodes><node id='1'><instance_attributes id='i'><nvpair id='i-n' name='n' value='a++'/></instance_attributes></node></nodes>"),
    REQUEST("cib_create") "cib_section='resources'" DATA("<primitive id='r3' class='ocf' provider='p' type='T'/>"),
    REQUEST("cib_replace") "cib_section='configuration'" DATA("<configuration><crm_config/><nodes/><resources/><constraints/></configuration>"),
    REQUEST("cib_replace") "" DATA("<cib epoch='9' admin_epoch='0' num_updates='0' validate-with='none'><configuration/><status/></cib>"),
    REQUEST("cib_delete") "cib_section='constraints'" DATA("<rsc_location id='l'/>"),
    REQUEST("cib_delete") "cib_section='//lrm_resource' cib_callopt='4358'/>",
    REQUEST("cib_delete_alt") "" DATA("<nvpair name='enable-acl' value='true'/>"),
    REQUEST("cib_erase") "/>", REQUEST("cib_bump") "/>", REQUEST("cib_upgrade") "cib_schema_max='pacemaker-3.9'/>", REQUEST("cib_sync") "/>", REQUEST("cib_sync_one") "cib_host='n2'/>",
    REQUEST("noop") "/>", REQUEST("cib_master") "/>", REQUEST("cib_slave") "/>", REQUEST("cib_ismaster") "/>", REQUEST("cib_shutdown_req") "cib_isreplyto='n2'/>", REQUEST("register") "/>",
    REQUEST("cib_notify") "cib_notify_type='cib_diff_notify' cib_notify_activate='1'/>",
    REQUEST("ping") "cib_ping_id='1'/>",
    REQUEST("cib_apply_diff") "cib_update='true' cib_delegated_from='n2' src='n2'"
        DATA("<diff format='2'><version><source admin_epoch='0' epoch='5' num_updates='3'/><target admin_epoch='0' epoch='5' num_updates='4'/></version>"
             "<change operation='modify' path='/cib'><change-list><change-attr name='num_updates' operation='set' value='4'/></change-list><change-result>"
             "<cib epoch='5' num_updates='4' admin_epoch='0'/></change-result></change><change operation='create' path='/cib/status' position='0'><node_state id='3'/></change>"
             "<change operation='move' path='/cib/configuration/resources/group[@id=&apos;g&apos;]/primitive[@id=&apos;r1&apos;]' position='1'/>"
             "<change operation='delete' path='/cib/configuration/nodes/node[@id=&apos;2&apos;]'/></diff>"),
    REQUEST("cib_apply_diff") "cib_update='true'" DATA("<diff><diff-removed admin_epoch='0' epoch='5' num_updates='3'><cib><configuration/></cib></diff-removed><diff-added epoch='5' num_updates='4'>"
                                                       "<cib><status><node_state id='1' x='y'/></status></cib></diff-added></diff>"),
    REQUEST("cib_modify") "cib_delegated_from='n2' src='n2' cib_isreplyto='n2' cib_rc='0'" DATA("<nvpair id='o-a' value='x'/>"),
    "<cib-callback t='cib' cib_op='cib_modify' cib_callid='3' cib_isreplyto='n1' cib_rc='0' cib_clientid='tool' src='n2'/>",
    NULL,
};
static const char *const WORDS[] = {
    "cib_op", "cib_query", "cib_modify", "cib_replace", "cib_delete", "cib_create", "cib_apply_diff", "cib_section", "configuration", "status", "resources", "all", "//*", "/cib",
    "cib_callopt", "4352", "4098", "4108", "2", "8", "16", "256", "1048576", "cib_user", "joe", "root", "cib_host", "cib_update", "cib_rc", "cib_isreplyto", "cib_delegated_from", "src", "id",
    "o-a", "r1", "g", "name", "value", "x++", "path", "operation", "position", "epoch", "num_updates", "admin_epoch", "5", "cib", "node_state", "node", "primitive", "nvpair", "change",
    "delete", "move", "format", "validate-with", "pacemaker-1.2", "none", "acl_target", "cib_clientid", "tool", "reader", "__delete__", NULL,
};
static const struct vocabulary vocabulary = { MESSAGES, WORDS };

/* Carry out what the core wants. */
static void
take_effects(struct based *core, GQueue *wire)
{
    struct based_effect *e;

    while ((e = based_next_effect(core)) != NULL) {
        if (e->kind == BASED_SEND && wire != NULL && (e->to == NULL || strcmp(e->to, "n1") == 0)) {
            g_queue_push_tail(wire, xml_copy(NULL, e->xml));
        } else if (e->kind == BASED_JOURNAL) {
            based_durable(core, e->sequence);
        }
        based_effect_free(e);
    }
}

static void
settle(struct based *core)
{
    GQueue wire = G_QUEUE_INIT;
    xmlNode *message;

    take_effects(core, &wire);
    for (unsigned i = 0; (message = g_queue_pop_head(&wire)) != NULL; i++) {
        based_cluster_message(core, message, "n1", NOW);
        xml_free(message);
        take_effects(core, i < 100 ? &wire : NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const CLIENTS[] = { "tool", "reader", "shm", "remote" };
    struct based_config config = { .node_name = "n1", .journal = true };
    struct bytes b = { data, size };
    struct based *core = based_new(&config, xml_parse(CIB, strlen(CIB), XML_PARSE_STRICT, NULL));

    based_peers_changed(core, 2);
    based_client_connected(core, "tool", BASED_RW, true);
    based_client_connected(core, "reader", BASED_RO, false);
    based_client_connected(core, "shm", BASED_SHM, false);
    based_client_connected(core, "remote", BASED_REMOTE, false);
    settle(core);
    while (b.left > 0) {
        g_autoptr(xmlNode) message = message_made_up(&b, &vocabulary);
        unsigned from = bytes_choose(&b, 6);

        if (from < G_N_ELEMENTS(CLIENTS)) {
            const struct based_request request = { CLIENTS[from], 1, 0, bytes_choose(&b, 2) == 0, message };

            based_client_request(core, &request, NOW);
        } else {
            based_cluster_message(core, message, from == 4 ? "n2" : "n1", NOW);
        }
        settle(core);
    }
    based_free(core);
    return 0;
}
