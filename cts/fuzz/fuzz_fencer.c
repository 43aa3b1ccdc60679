/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of clients and messages of members, as the fencer gets them; with devices and a level to fence with. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "cts/fuzz/messages.h"
#include "daemons/fenced/tests/fenced_world.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUEST(op) "<stonith_command t='stonith-ng' st_op='" op "' st_clientid='n1' st_clientname='t' st_clientnode='n2' st_callid='2' "
#define HISTORY_ENTRY                                                                                                                               \
    "<st_execute st_remote_op='op-9' st_target='n3' st_device_action='off' st_origin='n2' st_delegate='n2' st_clientname='t' st_date='1700000000'" \
    " st_date_nsec='5' st_state='2' st_clientid='c' st_callid='4' op-status='0' rc-code='0'/>"
static const char *const MESSAGES[] = {
    REQUEST("register") "/>",
    REQUEST("st_fence") "st_timeout='5'><st_calldata><x st_target='n3' st_device_action='reboot' st_timeout='5' st_tolerance='10' st_delay='2'/></st_calldata></stonith_command>",
    REQUEST("st_fence") "st_callopt='4'><st_calldata><x st_target='n3' st_device_action='off'/></st_calldata></stonith_command>",
    REQUEST("st_fence") "st_remote_op='op-1' st_target='n3' st_device_action='off' st_device_id='a' st_timeout='10' st_mode='smart' st_op_merged='op-2'/>",
    REQUEST("st_relay") "st_remote_op='op-1' st_remote_op_relay='op-2'><st_calldata><x st_target='n2' st_device_action='off' st_timeout='5'/></st_calldata></stonith_command>",
    REQUEST("st_query") "st_remote_op='op-3' st_target='n3' st_device_action='off' st_timeout='5' st_origin='n2'><st_calldata><x st_target='n3' st_device_action='off'/></st_calldata></stonith_command>",
    REQUEST("st_query") "><st_calldata><x st_target='n3' st_device_action='off'/></st_calldata></stonith_command>",
    REQUEST("st_execute") "><st_calldata><st_device_id id='a' st_device_id='a' st_device_action='monitor' st_target='n3' st_timeout='5'/></st_calldata></stonith_command>",
    REQUEST("st_device_register") "><st_calldata><st_device_id id='d' agent='fence_T' namespace='stonith-ng' rsc_provides='unfencing'>"
                                  "<attributes pcmk_host_map='n3:1,2;n2:4' pcmk_host_check='static-list' pcmk_delay_max='5' pcmk_action_limit='-1' pcmk_reboot_action='off'/>"
                                  "</st_device_id></st_calldata></stonith_command>",
    REQUEST("st_device_remove") "><st_calldata><st_device_id id='a'/></st_calldata></stonith_command>",
    REQUEST("st_level_add") "><st_calldata><fencing-level id='l' target='n3' index='2' devices='a,b'/></st_calldata></stonith_command>",
    REQUEST("st_level_add") "><st_calldata><fencing-level id='l' target-pattern='n.*' index='1' devices='b'/></st_calldata></stonith_command>",
    REQUEST("st_level_remove") "><st_calldata><fencing-level id='l' target-attribute='rack' target-value='1' index='1'/></st_calldata></stonith_command>",
    REQUEST("st_fence_history") "><st_calldata><x st_target='n3'/></st_calldata></stonith_command>",
    REQUEST("st_fence_history") "subt='broadcast' st_differential='true'><st_calldata><st_history>" HISTORY_ENTRY HISTORY_ENTRY "</st_history></st_calldata></stonith_command>",
    REQUEST("st_notify") "st_notify_activate='st_notify_fence'/>",
    REQUEST("st_timeout_update") "st_timeout='20'/>",
    REQUEST("poke") "/>",
    "<st-reply t='stonith-ng' subt='reply' st_op='st_query' st_remote_op='op-1' st_target='n3'><st_calldata><x st_target='n3' st-available-devices='2'>"
    "<st_device_id id='a' namespace='stonith-ng' agent='fence_T' st_required='1' st_action_timeout='5' st_delay_max='3' st_delay_base='1' st_monitor_verified='1'"
    " st_device_support_flags='7' st_action_disallowed='0'><st_device_action id='on' st_action_timeout='9'/></st_device_id>"
    "<st_device_id id='b' namespace='stonith-ng' agent='fence_T'/></x></st_calldata></st-reply>",
    "<st-reply t='stonith-ng' subt='reply' st_op='st_fence' st_remote_op='op-1' op-status='0' rc-code='0' exit-reason='because' st_output='x'/>",
    "<st-reply t='stonith-ng' subt='broadcast' st_op='st_notify' count='1'><st_calldata><st_notify_fence state='2' st_rc='0' st_target='n3' st_device_action='off'"
    " st_delegate='n2' st_remote_op='op-1' st_origin='n2' st_clientid='c' st_clientname='t' op-status='0' rc-code='0'/></st_calldata></st-reply>",
    NULL,
};
static const char *const WORDS[] = {
    "st_op", "st_fence", "st_query", "st_execute", "st_relay", "st_notify", "st_fence_history", "st_remote_op", "op-1", "op-2", "op-9", "u-1", "st_target", "st_device_action",
    "off", "on", "reboot", "list", "status", "monitor", "metadata", "st_device_id", "a", "b", "watchdog", "st_timeout", "st_tolerance", "st_delay", "st_origin", "n3", "st_clientnode",
    "st_callopt", "st_clientid", "st_callid", "subt", "broadcast", "reply", "st_state", "st_delegate", "a human", "st-available-devices", "op-status", "rc-code", "index", "target",
    "target-pattern", "devices", "manual_ack", "4096", "512", "1048576", "524288", "4", "n*", "stonith_admin", NULL,
};
static const struct vocabulary vocabulary = { MESSAGES, WORDS };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    struct world *w = world_new(2);

    device(w, 0, "a", "fence_T", N3 FAIL);
    device(w, 1, "b", "fence_T", "pcmk_host_list='n3,n2' takes='2'");
    level(w, TARGET, 1, "a,b");
    while (b.left > 0) {
        xmlNode *message = message_made_up(&b, &vocabulary);

        if (bytes_choose(&b, 2) == 0) {
            fenced_core_request(w->cores[0], w->now, "n1", 1, bytes_choose(&b, 2) == 0 ? IPC_WANTS_RESPONSE : 0, message);
        } else {
            fenced_core_message(w->cores[0], w->now, bytes_choose(&b, 2) == 0 ? "n2" : "n1", message);
        }
        xml_free(message);
        world_settle(w);
        pass(w, bytes_choose(&b, 4) * 1000);
    }
    world_free(w);
    return 0;
}
