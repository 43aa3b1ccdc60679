/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of clients, as the executor gets them; runs end, time passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "cts/fuzz/messages.h"
#include "daemons/execd/tests/execd_world.h"
#include "lib/base/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUEST(op) "<lrmd_command lrmd_op='" op "' lrmd_clientid='A' lrmd_callid='3' lrmd_callopt='0' lrmd_timeout='0' "
#define RSC         "<lrmd_calldata><lrmd_rsc lrmd_origin='x' lrmd_rsc_id='r' "
#define END         "</lrmd_calldata></lrmd_command>"
static const char *const MESSAGES[] = {
    REQUEST("register") "lrmd_clientname='t' lrmd_protocol_version='1.1'/>",
    REQUEST("lrmd_rsc_register") ">" RSC "lrmd_class='ocf' lrmd_provider='p' lrmd_type='T'/>" END,
    REQUEST("lrmd_rsc_register") ">" RSC "lrmd_class='stonith' lrmd_type='fence_T'/>" END,
    REQUEST("lrmd_rsc_info") ">" RSC "/>" END,
    REQUEST("lrmd_rsc_exec") ">" RSC "lrmd_rsc_action='start' lrmd_rsc_userdata_str='1:2:0:u' lrmd_rsc_interval='0' lrmd_timeout='20000' lrmd_rsc_start_delay='0'>"
                             "<attributes a='b'><param name='9x' value='y'/></attributes></lrmd_rsc>" END,
    REQUEST("lrmd_rsc_exec") ">" RSC "lrmd_rsc_action='monitor' lrmd_rsc_userdata_str='u' lrmd_rsc_interval='1000' lrmd_timeout='500' lrmd_rsc_start_delay='700'>"
                             "<attributes CRM_meta_timeout='1'/></lrmd_rsc>" END,
    REQUEST("lrmd_rsc_cancel") ">" RSC "lrmd_rsc_action='monitor' lrmd_rsc_interval='1000'/>" END,
    REQUEST("lrmd_get_recurring") ">" RSC "/>" END,
    REQUEST("lrmd_rsc_unregister") ">" RSC "/>" END,
    REQUEST("lrmd_alert_exec") "><lrmd_calldata><lrmd_alert lrmd_alert_id='i' lrmd_alert_path='/x' lrmd_timeout='5'><attributes CRM_alert_kind='node'/></lrmd_alert>" END,
    REQUEST("lrmd_rsc_poke") "/>",
    REQUEST("lrmd_check") "><lrmd_calldata><lrmd_check lrmd_watchdog='10'/>" END,
    REQUEST("ipc_fwd") "lrmd_ipc_op='new' lrmd_ipc_session='s'/>",
    NULL,
};
static const char *const WORDS[] = {
    "lrmd_op", "lrmd_rsc_exec", "lrmd_rsc_cancel", "lrmd_rsc_unregister", "lrmd_rsc_register", "lrmd_rsc_id", "r", "q", "lrmd_class", "ocf", "stonith", "systemd", "service", "lsb",
    "lrmd_provider", "lrmd_type", "lrmd_rsc_action", "start", "stop", "monitor", "notify", "meta-data", "lrmd_rsc_interval", "1000", "lrmd_timeout", "lrmd_rsc_start_delay",
    "lrmd_rsc_userdata_str", "lrmd_callopt", "2", "8", "16", "lrmd_protocol_version", "1.1", "0.9", "lrmd_clientname", "attributes", "param", "name", "value", NULL,
};
static const struct vocabulary vocabulary = { MESSAGES, WORDS };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes b = { data, size };
    struct world *w;
    void *state = NULL;

    setup(&state);
    w = state;
    execd_core_client_connected(w->core, "B", 101, false);
    drain(w);
    while (b.left > 0) {
        xmlNode *message = message_made_up(&b, &vocabulary);

        execd_core_request(w->core, w->now, bytes_choose(&b, 4) == 3 ? "B" : "A", message);
        xml_free(message);
        drain(w);
        if (w->runs->len > 0 && bytes_choose(&b, 2) == 0) {
            finish(w, (int)bytes_choose(&b, 10));
        }
        pass(w, bytes_choose(&b, 3) * 600);
    }
    teardown(&state);
    return 0;
}
