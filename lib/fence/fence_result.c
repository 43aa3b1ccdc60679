/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Results of fencing on the wire and their legacy codes.  Called by the fencer and its client.  Pure.  (spec 60 §2)
 */
#include "lib/fence/fence_result.h"

#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/fence/fence_protocol.h"

#include <string.h>

void
fence_result_clear(struct fence_result *r)
{
    g_clear_pointer(&r->reason, g_free);
    g_clear_pointer(&r->output, g_free);
    g_clear_pointer(&r->stderr_text, g_free);
}

void
fence_result_set(struct fence_result *r, int rc, int status, const char *reason)
{
    char *copy = g_strdup(reason); /* it may be r's own */

    fence_result_clear(r);
    r->rc = rc;
    r->status = status;
    r->reason = copy;
}

void
fence_result_copy(struct fence_result *to, const struct fence_result *from)
{
    if (to != from) {
        fence_result_set(to, from->rc, from->status, from->reason);
        to->output = g_strdup(from->output);
        to->stderr_text = g_strdup(from->stderr_text);
    }
}

bool
fence_result_is_success(const struct fence_result *r)
{
    return r->status == EXEC_DONE && r->rc == CRM_EX_OK;
}

/* --- legacy codes --- */

/* Statuses that say everything by themselves. */
static const struct {
    int status, error;
} plain_statuses[] = {
    { EXEC_PENDING, EINPROGRESS },
    { EXEC_CANCELLED, ECANCELED },
    { EXEC_TIMEOUT, ETIME },
    { EXEC_NOT_INSTALLED, ENOENT },
    { EXEC_NOT_SUPPORTED, EOPNOTSUPP },
    { EXEC_NOT_CONNECTED, ENOTCONN },
    { EXEC_NO_FENCE_DEVICE, ENODEV },
    { EXEC_NO_SECRETS, EACCES },
};
/* EXEC_INVALID by exit code. */
static const struct {
    int rc, error;
} invalid_codes[] = {
    { CRM_EX_INVALID_PARAM, EINVAL },
    { CRM_EX_INSUFFICIENT_PRIV, EACCES },
    { CRM_EX_PROTOCOL, EPROTO },
    { CRM_EX_EXPIRED, EHOSTUNREACH },
};

static bool
contains_nocase(const char *text, const char *words)
{
    g_autofree char *lower = g_ascii_strdown(text, -1);

    return strstr(lower, words) != NULL;
}

/* What an agent that failed says on stderr is all there is to tell why. */
static int
legacy_of_stderr(const char *text)
{
    if (text == NULL || *text == '\0') {
        return -ENODATA;
    }
    if (contains_nocase(text, "timed out") || contains_nocase(text, "timeout")) {
        return -ETIME;
    }
    if (contains_nocase(text, "unrecognised action") || contains_nocase(text, "unrecognized action")
        || contains_nocase(text, "unsupported action")) {
        return -EOPNOTSUPP;
    }
    return LEGACY_GENERIC;
}

int
fence_result_legacy(const struct fence_result *r)
{
    if (fence_result_is_success(r)) {
        return 0;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(plain_statuses); i++) {
        if (r->status == plain_statuses[i].status) {
            return -plain_statuses[i].error;
        }
    }
    for (size_t i = 0; r->status == EXEC_INVALID && i < G_N_ELEMENTS(invalid_codes); i++) {
        if (r->rc == invalid_codes[i].rc) {
            return -invalid_codes[i].error;
        }
    }
    return legacy_of_stderr(r->stderr_text);
}

void
fence_result_from_legacy(struct fence_result *r, int legacy)
{
    static const struct {
        int error, status;
    } table[] = {
        { EACCES, EXEC_NO_SECRETS },          { ECANCELED, EXEC_CANCELLED },
        { EHOSTUNREACH, EXEC_INVALID },       { EINPROGRESS, EXEC_PENDING },
        { ENODEV, EXEC_NO_FENCE_DEVICE },     { ENOENT, EXEC_NOT_INSTALLED },
        { ENOTCONN, EXEC_NOT_CONNECTED },     { EOPNOTSUPP, EXEC_NOT_SUPPORTED },
        { EPROTONOSUPPORT, EXEC_NOT_SUPPORTED }, { EPROTO, EXEC_INVALID },
        { ETIME, EXEC_TIMEOUT },              { ETIMEDOUT, EXEC_TIMEOUT },
    };
    int status = (legacy >= 0) ? EXEC_DONE : EXEC_ERROR;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (legacy == -table[i].error) {
            status = table[i].status;
        }
    }
    fence_result_set(r, (legacy == 0 || legacy == -EINPROGRESS) ? CRM_EX_OK : CRM_EX_ERROR, status,
                     (legacy == 0) ? NULL : legacy_text(legacy));
}

/* --- XML --- */

void
fence_result_to_xml(xmlNode *element, const struct fence_result *r)
{
    xml_set_int(element, FENCE_F_OP_STATUS, r->status);
    xml_set_int(element, FENCE_F_RC_CODE, r->rc);
    xml_set(element, FENCE_F_EXIT_REASON, r->reason);
    xml_set(element, F_ST_OUTPUT, r->output);
    xml_set_int(element, F_ST_RC, fence_result_legacy(r));
}

const xmlNode *
fence_find_with(const xmlNode *message, const char *attribute)
{
    if (message == NULL || xml_get(message, attribute) != NULL) {
        return message;
    }
    xml_for_each(child, message, NULL)
    {
        const xmlNode *found = fence_find_with(child, attribute);

        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

const char *
fence_find_value(const xmlNode *message, const char *attribute)
{
    const xmlNode *found = fence_find_with(message, attribute);

    return (found != NULL) ? xml_get(found, attribute) : NULL;
}

const xmlNode *
fence_result_find(const xmlNode *message)
{
    const xmlNode *found = fence_find_with(message, FENCE_F_RC_CODE);

    return (found != NULL) ? found : fence_find_with(message, F_ST_RC);
}

void
fence_result_from_xml(struct fence_result *r, const xmlNode *message)
{
    const xmlNode *element = fence_result_find(message);
    long long status, rc, legacy;

    if (element != NULL && text_parse_int(xml_get(element, FENCE_F_OP_STATUS), &status)
        && text_parse_int(xml_get(element, FENCE_F_RC_CODE), &rc)) {
        fence_result_set(r, (int) rc, (int) status, xml_get(element, FENCE_F_EXIT_REASON));
    } else if (element != NULL && text_parse_int(xml_get(element, F_ST_RC), &legacy)) {
        fence_result_from_legacy(r, (int) legacy);
    } else {
        fence_result_set(r, CRM_EX_ERROR, EXEC_ERROR, "Fencer reply contained neither a full result nor a legacy return code");
        return;
    }
    r->output = g_strdup(xml_get(element, F_ST_OUTPUT));
}
