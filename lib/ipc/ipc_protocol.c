/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Controller-style messages: one builder and one reader each.  Called by daemons, cores and tools.
 * Never sends; reads the clock only through ctl_process_refs().  (spec 10 §1.7, §1.8, §2.2, §2.3)
 */
#include "lib/ipc/ipc_protocol.h"

#include <glib.h>
#include <string.h>
#include <time.h>

#include "lib/base/text.h"
#include "lib/base/xml.h"

struct ctl_refs *
ctl_process_refs(void)
{
    static struct ctl_refs refs;

    refs.now = time(NULL);
    return &refs;
}

static const char *
part_or_empty(const char *part)
{
    return part != NULL ? part : "_empty_";
}

char *
ctl_reference_new(struct ctl_refs *refs, const char *task, const char *sys_from)
{
    return g_strdup_printf("%s-%s-%lld-%u", part_or_empty(task), part_or_empty(sys_from),
                           (long long)refs->now, refs->counter++);
}

static void
set_if_given(xmlNode *msg, const char *name, const char *value)
{
    if (value != NULL && *value != '\0') {
        xml_set(msg, name, value);
    }
}

xmlNode *
ctl_request_new(struct ctl_refs *refs, const struct ctl_request *r)
{
    xmlNode *msg = xml_new(NULL, "request");
    g_autofree char *reference = ctl_reference_new(refs, r->task, r->sys_from);

    xml_set(msg, F_ORIGIN, r->origin != NULL ? r->origin : r->task);
    xml_set(msg, F_TYPE, T_CRM);
    xml_set(msg, F_VERSION, FEATURE_SET);
    xml_set(msg, F_SUBTYPE, SUBTYPE_REQUEST);
    xml_set(msg, F_REFERENCE, reference);
    xml_set(msg, F_CRM_TASK, r->task);
    xml_set(msg, F_CRM_SYS_TO, r->sys_to);
    if (r->client_uuid != NULL) {
        xml_setf(msg, F_CRM_SYS_FROM, "%s_%s", r->client_uuid, r->sys_from);
    } else {
        xml_set(msg, F_CRM_SYS_FROM, r->sys_from);
    }
    set_if_given(msg, F_CRM_HOST_TO, r->host_to);
    msg_add_data(msg, F_CRM_XML, r->data);
    return msg;
}

xmlNode *
ctl_reply_new(const xmlNode *request, const xmlNode *data)
{
    xmlNode *msg = xml_new(NULL, "reply");

    xml_set(msg, F_ORIGIN, part_or_empty(xml_get(request, F_CRM_TASK)));
    xml_set(msg, F_TYPE, T_CRM);
    xml_set(msg, F_VERSION, FEATURE_SET);
    xml_set(msg, F_SUBTYPE, SUBTYPE_RESPONSE);
    xml_copy_attr(msg, request, F_REFERENCE);
    xml_copy_attr(msg, request, F_CRM_TASK);
    set_if_given(msg, F_CRM_SYS_TO, xml_get(request, F_CRM_SYS_FROM));
    set_if_given(msg, F_CRM_SYS_FROM, xml_get(request, F_CRM_SYS_TO));
    set_if_given(msg, F_CRM_HOST_TO, xml_get(request, F_SRC));
    msg_add_data(msg, F_CRM_XML, data);
    return msg;
}

xmlNode *
ctl_hello_new(struct ctl_refs *refs, const char *client_name, const char *client_uuid)
{
    g_autoptr(xmlNode) options = xml_new(NULL, "options");
    struct ctl_request r = {
        .task = CRM_TASK_HELLO,
        .sys_from = client_name,
        .client_uuid = client_uuid,
        .data = options,
    };

    xml_set(options, "major_version", "1");
    xml_set(options, "minor_version", "0");
    xml_set(options, "client_name", client_name);
    xml_set(options, "client_uuid", client_uuid);
    return ctl_request_new(refs, &r);
}

static bool
has_text(const xmlNode *msg, const char *name)
{
    const char *value = xml_get(msg, name);

    return value != NULL && *value != '\0';
}

bool
ctl_is_reply(const xmlNode *msg)
{
    return text_is_one_of(xml_get(msg, F_SUBTYPE), SUBTYPE_REQUEST, SUBTYPE_RESPONSE, NULL) &&
           has_text(msg, F_REFERENCE) && has_text(msg, F_CRM_TASK);
}

bool
msg_is_ack(const xmlNode *msg, int *status)
{
    if (!xml_is(msg, "ack")) {
        return false;
    }
    if (status != NULL) {
        *status = (int)xml_get_int(msg, "status", -1);
    }
    return true;
}

xmlNode *
msg_ack_new(const char *element, int status, const char *protocol)
{
    xmlNode *ack = xml_new(NULL, element);

    /* Debug text of the original's; receivers ignore it but some expect it to be there. */
    xml_set(ack, "function", "ipc");
    xml_set(ack, "line", "0");
    xml_set_int(ack, "status", status);
    if (protocol != NULL) {
        xml_set(ack, "ipc-protocol-version", protocol);
    }
    return ack;
}

void
msg_add_data(xmlNode *msg, const char *holder, const xmlNode *data)
{
    if (data != NULL) {
        xml_copy(xml_new(msg, holder), data);
    }
}

void
msg_take_data(xmlNode *msg, const char *holder, xmlNode *data)
{
    xmlDoc *doc;
    xmlNode *parent;

    if (data == NULL) {
        return;
    }
    doc = data->doc;
    parent = xml_new(msg, holder);
    if (doc != NULL && doc->dict != NULL && doc->dict != parent->doc->dict) {
        /* A parsed tree borrows its names from the dictionary of its document: it cannot move
         * without them. */
        xml_copy(parent, data);
        xml_free(data);
        return;
    }
    xmlUnlinkNode(data);
    xmlSetTreeDoc(data, parent->doc);
    xmlAddChild(parent, data);
    if (doc != NULL && doc != parent->doc && xmlDocGetRootElement(doc) == NULL) {
        xmlFreeDoc(doc);
    }
}

xmlNode *
msg_data(const xmlNode *msg, const char *holder)
{
    const xmlNode *found = xml_first(msg, holder);

    return found != NULL ? xml_first(found, NULL) : NULL;
}

const char *
system_name_of_program(const char *program)
{
    static const struct {
        const char *program, *system;
    } table[] = {
        { "pacemaker-based", SYS_CIB },     { "pacemaker-controld", SYS_CRMD },
        { "pacemaker-execd", SYS_LRMD },    { "pacemaker-attrd", SYS_ATTRD },
        { "pacemaker-fenced", SYS_FENCER }, { "pacemaker-schedulerd", SYS_SCHEDULER },
        { "pacemakerd", SYS_LAUNCHER },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        if (text_equal(program, table[i].program)) {
            return table[i].system;
        }
    }
    return program;
}
