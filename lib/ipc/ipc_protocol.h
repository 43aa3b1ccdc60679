/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building and reading messages in the controller's style: requests, replies, hello,
 * acknowledgements, data holders.  Used by daemons, their cores and tools.  Pure: the clock and the
 * counter come from the caller. (spec 10 §1.7, §1.8, §2.2, §2.3)
 */
#ifndef IPC_PROTOCOL_H
#define IPC_PROTOCOL_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/ipc/ipc_fields.h"

/* Where references come from: one of these per process (or per simulated daemon). */
struct ctl_refs {
    int64_t now;      /* seconds since the epoch, kept by the shell */
    unsigned counter; /* next number, from 0 */
};
/* A counter for tools and shells that reads the clock itself. */
struct ctl_refs *ctl_process_refs(void);

/* "<task>-<sys_from>-<time>-<counter>", counter incremented (g_free). */
char *ctl_reference_new(struct ctl_refs *refs, const char *task, const char *sys_from);

struct ctl_request {
    const char *task;
    const char *sys_to; /* NULL: absent (hello) */
    const char *sys_from;
    const char
        *client_uuid;    /* prefixes sys_from with "<uuid>_"; tools give their PID; NULL: none */
    const char *host_to; /* NULL or empty: none */
    const xmlNode *data; /* copied into crm_xml; NULL: none */
    const char *origin;  /* debug text; NULL: the task */
};
/* New request (xml_free).  Attributes in the order of spec 10 §2.3. */
xmlNode *ctl_request_new(struct ctl_refs *refs, const struct ctl_request *r);
/* New reply to `request` with a copy of `data` (NULL: none). */
xmlNode *ctl_reply_new(const xmlNode *request, const xmlNode *data);
/* The hello of a controller client. */
xmlNode *ctl_hello_new(struct ctl_refs *refs, const char *client_name, const char *client_uuid);

/* Is it a usable reply: subt request or response, reference and crm_task not empty? */
bool ctl_is_reply(const xmlNode *msg);
/* Is it an `ack` (status in *status; -1 if it has none)?  `nack` is none. */
bool msg_is_ack(const xmlNode *msg, int *status);
/* New acknowledgement; protocol may be NULL (xml_free). */
xmlNode *msg_ack_new(const char *element, int status, const char *protocol);

/* Put a copy of `data` into a holder element of that name (NULL data: nothing). */
void msg_add_data(xmlNode *msg, const char *holder, const xmlNode *data);
/* Move a detached tree into the holder without copying (takes it). */
void msg_take_data(xmlNode *msg, const char *holder, xmlNode *data);
/* First element in the first holder of that name, or NULL. */
xmlNode *msg_data(const xmlNode *msg, const char *holder);

/* "pacemaker-controld" -> "crmd" and so on; any other name is returned as it is (spec 10, Terms).
 */
const char *system_name_of_program(const char *program);

#endif
