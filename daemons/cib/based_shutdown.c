/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the CIB manager leaves: clients first, with the answers that wait for the disk, then one answer of a peer, so that everything sent before has been
 * seen.  Called by based_core.c.  (spec 20 §9.8)
 */
#include <errno.h>

#include "daemons/cib/based_internal.h"
#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_proto.h"

enum { ANSWER_TIMEOUT_MS = 10000, DISK_TIMEOUT_MS = 10000 };

static void
leave(struct based *b, int code)
{
    struct based_effect *e = based_effect_new(BASED_EXIT);

    e->value = code;
    based_queue(b, e);
}

void
based_shutdown(struct based *b)
{
    if (b->stopping) {
        return;
    }
    b->stopping = true;
    based_arm(b, BASED_TIMER_SHUTDOWN, DISK_TIMEOUT_MS);
    based_shutdown_step(b);
}

static void
send_clients_away(struct based *b)
{
    b->clients_sent_away = true;
    based_queue(b, based_effect_new(BASED_DISCONNECT_CLIENTS));
}

/*
 * All answers may be out: send the clients away.  Who asked for the very change that stops this node wants to know that it was made.  The
 * last client may be gone: say goodbye, or just go if nobody is there to say it to.
 */
void
based_shutdown_step(struct based *b)
{
    xmlNode *message;

    if (!b->stopping) {
        return;
    }
    if (!b->clients_sent_away && g_queue_is_empty(&b->held)) {
        send_clients_away(b);
    }
    if (!b->clients_sent_away || g_hash_table_size(b->clients) > 0) {
        return;
    }
    if (b->stand_alone || b->active_peers < 2) {
        leave(b, CRM_EX_OK);
        return;
    }
    if (b->exit_requested) {
        return;
    }
    b->exit_requested = true;
    message = xml_new(NULL, "exit-notification");
    xml_set(message, CIB_F_TYPE, CIB_T_CIB);
    xml_set(message, CIB_F_OP, CIB_OP_SHUTDOWN);
    based_send(b, NULL, message);
    based_arm(b, BASED_TIMER_SHUTDOWN, ANSWER_TIMEOUT_MS);
}

void
based_shutdown_overdue(struct based *b)
{
    if (b->exit_requested) {
        log_err("No peer answered that we shut down: leaving without");
        leave(b, CRM_EX_ERROR);
    } else if (b->stopping && !b->clients_sent_away) {
        log_warn("The disk does not answer: sending clients away without their answers");
        send_clients_away(b);
    }
}

void
based_shutdown_request(struct based *b, const xmlNode *message)
{
    const char *from = xml_get(message, CIB_F_SRC), *reply_to = xml_get(message, CIB_F_REPLY_TO);
    xmlNode *answer;

    if (reply_to != NULL) {
        if (text_equal_nocase(reply_to, b->node) && b->exit_requested) {
            leave(b, CRM_EX_OK);
        } else if (text_equal_nocase(reply_to, b->node)) {
            log_err("Peer %s agrees to a shutdown that we did not ask for", from);
        }
        return;
    }
    log_info("Peer %s is leaving", from);
    answer = xml_new(NULL, CIB_EL_REPLY);
    xml_set(answer, CIB_F_TYPE, CIB_T_CIB);
    xml_set(answer, CIB_F_OP, CIB_OP_SHUTDOWN);
    xml_set(answer, CIB_F_CALL_OPT, "0");
    xml_set(answer, CIB_F_RC, "0");
    xml_set(answer, CIB_F_REPLY_TO, from);
    based_send(b, from, answer);
}

void
based_peers_changed(struct based *b, unsigned active)
{
    b->active_peers = active;
    based_shutdown_step(b);
}
