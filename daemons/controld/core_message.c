/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core's way out: the queue of effects, requests to the CIB with their continuations, message envelopes and
 * routing.  Called by all topics.
 * Never decides anything about the cluster.  (spec 30 §2)
 */
#include "daemons/controld/controld_private.h"

#include "lib/base/log.h"

#include <stdarg.h>
#include <string.h>

/* ---- effects ---- */

struct ctl_effect *
effect_new(struct controld *c, enum ctl_effect_kind kind)
{
    struct ctl_effect *e = g_new0(struct ctl_effect, 1);

    e->kind = kind;
    g_queue_push_tail(&c->effects, e);
    return e;
}

struct ctl_effect *
ctl_next_effect(struct controld *c)
{
    return g_queue_pop_head(&c->effects);
}

void
ctl_effect_free(struct ctl_effect *e)
{
    if (e == NULL) {
        return;
    }
    xml_free(e->xml);
    g_free(e->node);
    g_free(e->client);
    g_free(e->op);
    g_free(e->section);
    g_free(e->user);
    g_free(e->rsc);
    g_free(e->action);
    g_free(e->text);
    g_free(e->agent.standard);
    g_free(e->agent.provider);
    g_free(e->agent.type);
    if (e->params != NULL) {
        g_hash_table_unref(e->params);
    }
    g_free(e);
}

const char *
ctl_effect_name(enum ctl_effect_kind kind)
{
    static const char *const names[] = {
        [CTL_CONNECT_CIB] = "connect-cib",
        [CTL_CONNECT_CLUSTER] = "connect-cluster",
        [CTL_CONNECT_EXEC] = "connect-exec",
        [CTL_CONNECT_FENCER] = "connect-fencer",
        [CTL_CONNECT_SCHEDULER] = "connect-scheduler",
        [CTL_DISCONNECT_SCHEDULER] = "disconnect-scheduler",
        [CTL_DISCONNECT_FENCER] = "disconnect-fencer",
        [CTL_DISCONNECT_EXEC] = "disconnect-exec",
        [CTL_DISCONNECT_CLUSTER] = "disconnect-cluster",
        [CTL_ABANDON_CLUSTER] = "abandon-cluster",
        [CTL_DISCONNECT_CIB] = "disconnect-cib",
        [CTL_SERVE_IPC] = "serve-ipc",
        [CTL_STOP_IPC] = "stop-ipc",
        [CTL_SEND_PEER] = "send-peer",
        [CTL_SEND_CLIENT] = "send-client",
        [CTL_DROP_CLIENT] = "drop-client",
        [CTL_REMOTE_CONNECT] = "remote-connect",
        [CTL_REMOTE_DISCONNECT] = "remote-disconnect",
        [CTL_REMOTE_POKE] = "remote-poke",
        [CTL_REMOTE_ANSWER] = "remote-answer",
        [CTL_CIB] = "cib",
        [CTL_SCHEDULE] = "schedule",
        [CTL_SAVE_CORE] = "save-core",
        [CTL_EXEC_REGISTER] = "exec-register",
        [CTL_EXEC_UNREGISTER] = "exec-unregister",
        [CTL_EXEC_RUN] = "exec-run",
        [CTL_EXEC_CANCEL] = "exec-cancel",
        [CTL_EXEC_ALERT] = "exec-alert",
        [CTL_METADATA] = "metadata",
        [CTL_ATTRD] = "attrd",
        [CTL_FENCE] = "fence",
        [CTL_FENCE_SYNC] = "fence-sync",
        [CTL_FENCE_WATCHDOG] = "fence-watchdog",
        [CTL_TIMER_ARM] = "timer-arm",
        [CTL_TIMER_CANCEL] = "timer-cancel",
        [CTL_PANIC] = "panic",
        [CTL_EXIT] = "exit",
    };

    return names[kind];
}

void
timer_arm(struct controld *c, uint64_t id, long long ms)
{
    struct ctl_effect *e = effect_new(c, CTL_TIMER_ARM);

    e->cookie = id;
    e->timeout_ms = MAX(ms, 0);
}

void
timer_cancel(struct controld *c, uint64_t id)
{
    effect_new(c, CTL_TIMER_CANCEL)->cookie = id;
}

int64_t
now_epoch(const struct controld *c)
{
    return c->now.epoch_us / G_USEC_PER_SEC;
}

void
xml_adopt(xmlNode *parent, xmlNode *take_child)
{
    xmlDoc *old = take_child->doc;

    g_assert(old == NULL || old->dict == NULL); /* else names would go with their document */
    xmlUnlinkNode(take_child);
    xmlAddChild(parent, take_child);
    if (old != NULL && old != parent->doc && xmlDocGetRootElement(old) == NULL) {
        xmlFreeDoc(old);
    }
}

/* ---- requests to the CIB ---- */

/* What happens when an answer arrives. */
struct cib_wait {
    cib_done done;
    gpointer arg;
    GDestroyNotify free_arg;
    bool writes;
};

static void
cib_wait_free(gpointer data)
{
    struct cib_wait *w = data;

    if (w->free_arg != NULL) {
        w->free_arg(w->arg);
    }
    g_free(w);
}

/* Long enough for a busy cluster: 10 s a node, at least 30 s or what PCMK_cib_timeout says (spec 30 §4). */
static long long
cib_timeout_ms(const struct controld *c)
{
    unsigned nodes = peers_active_count(c->peers) + peers_remote_count(c->peers);
    unsigned least = c->cfg.cib_timeout_s != 0 ? c->cfg.cib_timeout_s : 30;

    return 1000LL * MAX(10 * (1 + nodes), least);
}

static GHashTable *
cib_waits(struct controld *c)
{
    if (c->cib_waits == NULL) {
        c->cib_waits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, cib_wait_free);
    }
    return c->cib_waits;
}

uint64_t
cib_request_as(struct controld *c, const char *op, const char *section, xmlNode *take_xml, unsigned options, const char *host,
               const char *user, cib_done done, gpointer arg, GDestroyNotify free_arg)
{
    struct ctl_effect *e = effect_new(c, CTL_CIB);
    struct cib_wait *w = g_new0(struct cib_wait, 1);

    e->op = g_strdup(op);
    e->section = g_strdup(section);
    e->xml = take_xml;
    e->options = options;
    e->node = g_strdup(host);
    e->user = g_strdup(user);
    e->timeout_ms = cib_timeout_ms(c);
    e->cookie = ++c->cookie;
    w->done = done;
    w->arg = arg;
    w->free_arg = free_arg;
    w->writes = !text_equal(op, CIB_OP_QUERY) && !(options & CIB_OPT_DRY_RUN);
    c->cib_writes += w->writes;
    g_hash_table_insert(cib_waits(c), g_memdup2(&e->cookie, sizeof e->cookie), w);
    return e->cookie;
}

uint64_t
cib_request(struct controld *c, const char *op, const char *section, xmlNode *take_xml, unsigned options, cib_done done,
            gpointer arg, GDestroyNotify free_arg)
{
    return cib_request_as(c, op, section, take_xml, options, NULL, NULL, done, arg, free_arg);
}

void
ctl_on_cib_reply(struct controld *c, struct ctl_time t, uint64_t cookie, int rc, const xmlNode *data)
{
    gpointer key, value;
    struct cib_wait *w;

    if (!g_hash_table_steal_extended(cib_waits(c), &cookie, &key, &value)) {
        return;
    }
    event_begin(c, t);
    g_free(key);
    w = value;
    c->cib_writes -= w->writes;
    if (w->done != NULL) {
        w->done(c, rc, data, w->arg);
    }
    cib_wait_free(w);
    pe_continue(c);
    event_end(c);
}

void
cib_log_failure(struct controld *c, int rc, const xmlNode *data, gpointer what)
{
    if (rc != RC_OK && rc != ENXIO) {
        log_warn("Could not %s: %s", (const char *)what, result_text(rc));
    }
}

void
cib_drop_xpath(struct controld *c, unsigned options, const char *format, ...)
{
    va_list names;
    g_autofree char *xpath = NULL;

    va_start(names, format);
    xpath = xml_xpath_valist(format, names);
    va_end(names);
    if (xpath == NULL) {
        return;
    }
    cib_request(c, CIB_OP_DELETE, xpath, NULL, options | CIB_OPT_XPATH | CIB_OPT_MULTIPLE, cib_log_failure,
                g_strdup_printf("delete %s from the CIB", xpath), g_free);
}

/* ---- envelopes ---- */

xmlNode *
msg_new(struct controld *c, const char *task, const char *to, const char *from, const char *host, xmlNode *take_data)
{
    struct ctl_request request = { .task = task, .sys_to = to, .sys_from = from, .host_to = host };
    xmlNode *msg = ctl_request_new(&c->refs, &request);

    if (take_data != NULL) {
        msg_take_data(msg, F_CRM_XML, take_data);
    }
    return msg;
}

xmlNode *
msg_reply_take(const xmlNode *request, xmlNode *take_data)
{
    xmlNode *msg = ctl_reply_new(request, NULL);

    if (take_data != NULL) {
        msg_take_data(msg, F_CRM_XML, take_data);
    }
    return msg;
}

xmlNode *
msg_payload(const xmlNode *msg)
{
    return msg_data(msg, F_CRM_XML);
}

void
send_peer(struct controld *c, const char *node, xmlNode *take_msg)
{
    struct ctl_effect *e;

    if (!c->cluster_connected) {
        xml_free(take_msg);
        return;
    }
    e = effect_new(c, CTL_SEND_PEER);
    e->node = g_strdup(node);
    e->xml = take_msg;
}

void
send_client(struct controld *c, const char *client, xmlNode *take_msg)
{
    struct ctl_effect *e = effect_new(c, CTL_SEND_CLIENT);

    e->client = g_strdup(client);
    e->xml = take_msg;
    if (xml_get(take_msg, F_SRC) == NULL) {
        xml_set(take_msg, F_SRC, c->cfg.node_name);
    }
}

/* ---- routing (spec 30 §2, spec 10 §2.3) ---- */

/* May the message be handled on this node? */
static bool
is_for_here(const struct controld *c, const xmlNode *msg, bool from_cluster)
{
    const char *host = xml_get(msg, F_CRM_HOST_TO), *to = xml_get(msg, F_CRM_SYS_TO), *task = xml_get(msg, F_CRM_TASK);

    if (host != NULL && *host != '\0') {
        if (text_equal_nocase(host, c->cfg.node_name)) {
            return true;
        }
    } else if (text_equal_nocase(to, SYS_DC) || text_equal_nocase(to, SYS_TENGINE)) {
        return false;
    } else if (!text_equal_nocase(to, SYS_CRMD)) {
        return true;
    } else if (from_cluster || text_is_one_of(task, CRM_TASK_NODE_INFO, CRM_TASK_LIST_NODES, NULL)) {
        return true;
    }
    if (text_equal(task, CRM_TASK_LRM_DELETE) && text_equal_nocase(to, SYS_CRMD)) {
        const xmlNode *data = msg_payload(msg);

        return data != NULL && text_equal(xml_get(data, "mode"), "cib");
    }
    return false;
}

static void
to_cluster(struct controld *c, xmlNode *take_msg)
{
    const char *host = xml_get(take_msg, F_CRM_HOST_TO);

    if (host != NULL && *host != '\0' && peers_find(c->peers, 0, host) == NULL) {
        log_warn("Dropping message for unknown node %s (%s)", host, xml_get(take_msg, F_CRM_TASK));
        xml_free(take_msg);
        return;
    }
    send_peer(c, host != NULL && *host != '\0' ? host : NULL, take_msg);
}

void
route_message(struct controld *c, xmlNode *take_msg, bool from_cluster)
{
    const char *to = xml_get(take_msg, F_CRM_SYS_TO), *task = xml_get(take_msg, F_CRM_TASK);
    bool for_dc, here;

    if (text_equal(task, CRM_TASK_HELLO)) {
        xml_free(take_msg);
        return;
    }
    if (!text_equal(xml_get(take_msg, F_TYPE), T_CRM) || to == NULL) {
        log_warn("Dropping message %s without destination", xml_get(take_msg, F_REFERENCE));
        xml_free(take_msg);
        return;
    }
    for_dc = text_equal_nocase(to, SYS_DC) || text_equal_nocase(to, SYS_DC_CIB) || text_equal_nocase(to, SYS_TENGINE);
    here = is_for_here(c, take_msg, from_cluster);

    if (for_dc && c->is_dc) {
        if (text_equal_nocase(to, SYS_TENGINE)) {
            match_ack(c, take_msg);
        } else {
            request_handle(c, take_msg, from_cluster);
        }
        xml_free(take_msg);
    } else if (for_dc) {
        const char *from = xml_get(take_msg, F_CRM_SYS_FROM);

        if (!from_cluster && !text_equal(from, SYS_SCHEDULER) && !text_equal(from, SYS_TENGINE)) {
            to_cluster(c, take_msg);
        } else {
            xml_free(take_msg);
        }
    } else if (here && (text_equal_nocase(to, SYS_CRMD) || text_equal_nocase(to, SYS_CIB))) {
        request_handle(c, take_msg, from_cluster);
        xml_free(take_msg);
    } else if (here && text_equal_nocase(to, SYS_LRMD)) {
        lrm_on_request(c, take_msg);
        xml_free(take_msg);
    } else if (here) {
        /* Anything else is the id of a local client; the shell drops what belongs to nobody. */
        send_client(c, to, take_msg);
    } else {
        to_cluster(c, take_msg);
    }
}
