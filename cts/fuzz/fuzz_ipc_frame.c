/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Local IPC messages as a server receives them: frame, decompression, XML, controller-style answer.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/result.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_message.h"
#include "lib/ipc/ipc_protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipc_text t;
    struct ipc_header h;
    unsigned char again[IPC_HEADER_SIZE];

    if (ipc_header_decode(data, size, &h) == RC_OK) {
        struct ipc_header h2;

        /* What was read can be written, and read again as the same. */
        ipc_header_encode(&h, again);
        g_assert(h.size > IPC_HEADER_SIZE || ipc_header_decode(again, sizeof(again), &h2) == RC_OK);
    }
    /* Expanding megabytes of zeros over and over finds nothing. */
    if (size >= 28 && h.size_uncompressed > 1u << 20) {
        return 0;
    }
    if (ipc_text_decode(data, size, &t) == RC_OK) {
        g_autoptr(xmlNode) xml = NULL;

        g_assert(t.text[t.len] == '\0');
        xml = xml_parse(t.text, t.len, XML_PARSE_LENIENT, NULL);
        if (xml != NULL) {
            g_autoptr(xmlNode) reply = ctl_reply_new(xml, msg_data(xml, F_CRM_XML));
            struct ipc_payload *p;

            msg_is_ack(xml, NULL);
            if (ipc_payload_new(reply, IPC_BUFFER_DEFAULT, &p) == RC_OK) {
                ipc_payload_unref(p);
            }
        }
        ipc_text_clear(&t);
    }
    return 0;
}
