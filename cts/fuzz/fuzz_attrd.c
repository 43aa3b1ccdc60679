/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of clients and messages of members, as the attribute manager gets them. */
#include <string.h>

#include "cts/fuzz/messages.h"
#include "daemons/attrd/tests/group.h"
#include "lib/base/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUEST "<r t='attrd' src='test' attr_version='1' "
static const char *const MESSAGES[] = {
    REQUEST "task='update' attr_name='a' attr_value='1' attr_host='b1' attr_host_id='1'/>",
    REQUEST "task='update-both' attr_name='a' attr_value='value++' attr_dampening='5s' attr_set='s' attr_uuid='u' attr_set_type='utilization'/>",
    REQUEST "task='update-delay' attr_name='a' attr_dampening='1s'/>",
    REQUEST "task='update' attr_regex='^a.*' attr_value='2'/>",
    REQUEST "task='update'><op attr_name='a' attr_value='1'/><op task='update-both' attr_name='b' attr_value='2' attr_dampening='3' attr_host='b2'/></r>",
    REQUEST "task='query' attr_name='a' attr_host='b1'/>",
    REQUEST "task='clear-failure' attr_resource='rsc' attr_clear_operation='monitor' attr_clear_interval='10s' attr_host='b1' attr_is_private='0'/>",
    REQUEST "task='clear-failure'/>",
    REQUEST "task='peer-remove' attr_host='b3' attr_host_id='3'/>",
    REQUEST "task='refresh'/>",
    REQUEST "task='sync'/>",
    REQUEST "task='sync-response' attr_writer='b2'><attribute attr_name='a' attr_value='9' attr_host='b1' attr_host_id='1' attr_dampening='0' attr_is_private='1'/>"
            "<attribute attr_name='c' attr_value='9' attr_host='n9' attr_is_remote='1'/></r>",
    REQUEST "task='update' attr_name='shutdown' attr_value='1' attr_is_remote='1' attrd_is_force_write='1' attr_host='b1' attr_user='root' attr_key='start'/>",
    "<r t='attrd' crm_task='vote' subt='request' version='3.16.1' src='b2' crm_sys_to='attrd' crm_sys_from='attrd' crm_host_to='b1' election-id='1'"
    " election-owner='2' election-age-sec='10' election-age-nano-sec='5'/>",
    "<r t='attrd' crm_task='no-vote' subt='request' version='3.16.1' src='b2' crm_sys_to='attrd' crm_sys_from='attrd' election-id='1' election-owner='1'/>",
    NULL,
};
static const char *const WORDS[] = {
    "task", "update", "update-both", "query", "sync", "sync-response", "clear-failure", "peer-remove", "refresh", "confirm", "attr_name", "attr_value",
    "attr_host", "attr_host_id", "attr_dampening", "attr_regex", "attr_set", "attr_uuid", "attr_is_remote", "attr_is_private", "attr_writer", "attr_user",
    "attr_version", "attr_resource", "attr_clear_operation", "attr_clear_interval", "b1", "b2", "a", "b", "localhost", "value++", "value+=5", "op", "attribute", "election-id", "src", NULL,
};
static const struct vocabulary vocabulary = { MESSAGES, WORDS };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    struct fixture *f;

    f = group(2);
    while (b.left > 0) {
        xmlNode *message = message_made_up(&b, &vocabulary);

        if (bytes_choose(&b, 2) == 0) {
            request(f, bytes_choose(&b, 2), message, bytes_choose(&b, 2) == 0);
        } else {
            const struct attrd_origin origin = { 2, names[1], bytes_choose(&b, 2) == 0 };

            attrd_core_peer_message(f->node[0].core, f->now, &origin, message);
            collect(&f->node[0]);
            xml_free(message);
            deliver(f);
        }
        pass(f, bytes_choose(&b, 4) * 1000);
    }
    end(f);
    return 0;
}
