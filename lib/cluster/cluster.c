/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection to Corosync: joins a CPG group, sends through one queue, delivers what is for us,
 * feeds the peer cache.  Called by daemons' shells.  Never interprets a message beyond its frame.
 * (spec 10 §3, §4.2, §4.5)
 */
#include "lib/cluster/cluster.h"

#include <corosync/corotypes.h>
#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <errno.h>
#include <glib-unix.h>
#include <inttypes.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/loop.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/ipc/ipc_fields.h"

#define CONNECT_ATTEMPTS  30
#define SEND_BATCH        200
#define DISPATCH_BATCH    10
#define RETRY_FIRST_MS    5
#define RETRY_MAX_MS      500
#define QUEUE_WARN        200u
#define QUEUE_ERROR_EVERY 1000u

struct cluster {
    unsigned refs; /* the owner's, and one while Corosync's callbacks run */
    char *system;
    unsigned flags;
    struct peers *peers;
    const struct cluster_callbacks *callbacks;
    void *data;
    bool dead;

    cpg_handle_t cpg;
    bool cpg_open;
    guint cpg_source;
    uint32_t id;
    char *name;
    char *uuid;

    quorum_handle_t quorum;
    bool quorum_open;
    guint quorum_source;
    bool quorate;
    bool quorum_seen; /* a notification that listed somebody */

    bool directed; /* the message that is being delivered */
    uint32_t last_message_id;
    GQueue queue; /* GByteArray: encoded messages in order */
    guint retry_timer;
    unsigned retry_ms;
};

static void flush_queue(struct cluster *c);

/* --- the end --- */

static void
cluster_unref(struct cluster *c)
{
    if (--c->refs > 0) {
        return;
    }
    if (c->cpg_open) {
        cpg_finalize(c->cpg);
    }
    if (c->quorum_open) {
        quorum_finalize(c->quorum);
    }
    g_free(c->system);
    g_free(c->name);
    g_free(c->uuid);
    g_free(c);
}

static void
remove_source(guint *source)
{
    if (*source != 0) {
        g_source_remove(*source);
        *source = 0;
    }
}

/* Nothing more is read, sent or told. */
static void
make_dead(struct cluster *c)
{
    c->dead = true;
    remove_source(&c->cpg_source);
    remove_source(&c->quorum_source);
    remove_source(&c->retry_timer);
    g_queue_clear_full(&c->queue, (GDestroyNotify)g_byte_array_unref);
}

void
cluster_disconnect(struct cluster *c)
{
    if (c == NULL) {
        return;
    }
    if (!c->dead && c->cpg_open) {
        struct cpg_name group = { 0 };

        group.length = (uint32_t)strlen(c->system) + 1;
        memcpy(group.value, c->system, group.length);
        cpg_leave(c->cpg, &group);
    }
    cluster_abandon(c);
}

void
cluster_abandon(struct cluster *c)
{
    if (c != NULL) {
        make_dead(c);
        cluster_unref(c);
    }
}

static void
lost(struct cluster *c)
{
    if (!c->dead) {
        make_dead(c);
        log_crit("Lost connection to cluster layer, shutting down");
        if (c->callbacks->lost != NULL) {
            c->callbacks->lost(c, c->data);
        }
    }
}

/* --- receiving --- */

static struct cluster *
cluster_of(cpg_handle_t handle)
{
    void *context = NULL;

    return cpg_context_get(handle, &context) == CS_OK ? context : NULL;
}

/* Who sent it: the frame says so, or we know the node. */
static const char *
sender_name(struct cluster *c, const struct cpg_frame *f, uint32_t node_id)
{
    const struct peer *p;

    if (f->from != NULL) {
        return f->from;
    }
    p = peers_get(c->peers, node_id, NULL);
    return p != NULL ? p->name : NULL;
}

static void
on_deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t node_id, uint32_t pid,
           void *message, size_t len)
{
    struct cluster *c = cluster_of(handle);
    g_autoptr(xmlNode) xml = NULL;
    g_autofree char *error = NULL;
    g_autofree char *from = NULL;
    struct cpg_frame f;
    const char *reason = "";
    int rc;

    if (c == NULL || c->dead) {
        return;
    }
    rc = cpg_frame_decode_header(message, len, &f, &reason);
    if (rc == RC_OK && f.from_id != 0 && f.from_id != node_id) {
        reason = "its sender claims to be another node";
        rc = EBADMSG;
    }
    if (rc == RC_OK && !cpg_frame_is_for(&f, c->id, c->name)) {
        return;
    }
    if (rc == RC_OK) {
        rc = cpg_frame_decode(message, len, &f, &reason);
    }
    if (rc != RC_OK) {
        log_err("Ignoring a message of %zu bytes from node %" PRIu32 " (process %" PRIu32 "): %s",
                len, node_id, pid, reason);
        return;
    }
    from = g_strdup(sender_name(c, &f, node_id));
    if (from != NULL) {
        peers_get(c->peers, node_id, from);
    }
    c->directed = f.to_id != 0 || (f.to != NULL && *f.to != '\0');
    xml = xml_parse(f.text, f.text_len, XML_PARSE_LENIENT, &error);
    cpg_frame_clear(&f);
    if (xml == NULL) {
        log_err("Ignoring a message from node %" PRIu32 " that is not XML: %s", node_id, error);
        return;
    }
    if (!(c->flags & CLUSTER_KEEP_SRC)) {
        xml_set(xml, F_SRC, from);
    }
    c->callbacks->message(c, xml, node_id, from, c->data);
}

bool
cluster_message_is_directed(const struct cluster *c)
{
    return c->directed;
}

static struct cpg_member *
members_of(const struct cpg_address *list, size_t n)
{
    struct cpg_member *members = g_new(struct cpg_member, n + 1);

    for (size_t i = 0; i < n; i++) {
        members[i].id = list[i].nodeid;
        members[i].pid = list[i].pid;
        members[i].orderly = list[i].reason == CPG_REASON_LEAVE;
    }
    return members;
}

static void
log_change(const struct cluster *c, const char *what, const struct cpg_address *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        log_info("Group %s: node %" PRIu32 " pid %" PRIu32 " %s" LOG_XT "reason=%" PRIu32,
                 c->system, list[i].nodeid, list[i].pid, what, list[i].reason);
    }
}

static void
on_confchg(cpg_handle_t handle, const struct cpg_name *group, const struct cpg_address *member_list,
           size_t member_list_entries, const struct cpg_address *left_list,
           size_t left_list_entries, const struct cpg_address *joined_list,
           size_t joined_list_entries)
{
    struct cluster *c = cluster_of(handle);
    g_autofree struct cpg_member *members = members_of(member_list, member_list_entries);
    g_autofree struct cpg_member *left = members_of(left_list, left_list_entries);
    g_autofree struct cpg_member *joined = members_of(joined_list, joined_list_entries);
    struct cluster_change change = {
        .members = members,
        .n_members = (unsigned)member_list_entries,
        .left = left,
        .n_left = (unsigned)left_list_entries,
        .joined = joined,
        .n_joined = (unsigned)joined_list_entries,
    };

    if (c == NULL || c->dead) {
        return;
    }
    log_change(c, "left", left_list, left_list_entries);
    log_change(c, "joined", joined_list, joined_list_entries);
    if (c->callbacks->changing != NULL) {
        c->callbacks->changing(c, &change, c->data);
    }
    if (!c->dead && !peers_cpg_changed(c->peers, (uint32_t)getpid(), members, change.n_members,
                                       left, change.n_left, time(NULL))) {
        log_err("Local node was evicted from group %s", c->system);
        lost(c);
        return;
    }
    if (!c->dead && c->callbacks->changed != NULL) {
        c->callbacks->changed(c, &change, c->data);
    }
}

static gboolean
on_cpg_readable(gint fd, GIOCondition condition, gpointer data)
{
    struct cluster *c = data;
    cs_error_t rc = CS_OK;
    gboolean result;

    c->refs++;
    for (unsigned n = 0; n < DISPATCH_BATCH && rc == CS_OK && !c->dead; n++) {
        rc = cpg_dispatch(c->cpg, CS_DISPATCH_ONE_NONBLOCKING);
    }
    if (!c->dead && ((rc != CS_OK && rc != CS_ERR_TRY_AGAIN) ||
                     (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)))) {
        log_err("Connection to Corosync's group service failed: %s", cs_strerror(rc));
        c->cpg_source = 0;
        lost(c);
        result = G_SOURCE_REMOVE;
    } else {
        /* Corosync may have room again. */
        if (!c->dead && !g_queue_is_empty(&c->queue)) {
            flush_queue(c);
        }
        result = c->dead ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
    }
    cluster_unref(c);
    return result;
}

/* --- connecting --- */

static bool
is_worth_retrying(cs_error_t rc)
{
    return rc == CS_ERR_TRY_AGAIN || rc == CS_ERR_QUEUE_FULL;
}

static cs_error_t
open_group(struct cluster *c, int *fd)
{
    cpg_model_v1_data_t model = {
        .model = CPG_MODEL_V1,
        .cpg_deliver_fn = on_deliver,
        .cpg_confchg_fn = on_confchg,
    };
    struct cpg_name group = { 0 };
    cs_error_t rc;

    for (unsigned i = 1;; i++) {
        rc = cpg_model_initialize(&c->cpg, CPG_MODEL_V1, (cpg_model_data_t *)&model, c);
        if (!is_worth_retrying(rc) || i == CONNECT_ATTEMPTS) {
            break;
        }
        sleep(i);
    }
    if (rc != CS_OK) {
        return rc;
    }
    c->cpg_open = true;
    rc = cpg_fd_get(c->cpg, fd);
    if (rc == CS_OK && !cluster_provider_is_authentic(*fd)) {
        rc = CS_ERR_SECURITY;
    }
    if (rc == CS_OK) {
        rc = cpg_local_get(c->cpg, &c->id);
    }
    if (rc == CS_OK && c->id == 0) {
        rc = CS_ERR_NOT_EXIST;
    }
    if (rc != CS_OK) {
        return rc;
    }
    group.length =
        (uint32_t)strlen(c->system) + 1; /* the NUL belongs to the name, for all who join */
    memcpy(group.value, c->system, group.length);
    for (unsigned i = 1;; i++) {
        rc = cpg_join(c->cpg, &group);
        if (!is_worth_retrying(rc) || i == CONNECT_ATTEMPTS) {
            return rc;
        }
        sleep(i);
    }
}

static void
learn_own_name(struct cluster *c)
{
    c->name = cluster_node_name(c->id);
    if (c->name == NULL) {
        struct utsname uts;

        uname(&uts);
        c->name = g_strdup(uts.nodename);
        log_notice("Corosync's node list has no name for this node: using the host name %s",
                   c->name);
    }
    c->uuid = g_strdup_printf("%" PRIu32, c->id);
    peers_set_local(c->peers, c->id, c->name);
    peers_set_has_nodelist(c->peers, cluster_has_nodelist());
}

int
cluster_connect(const char *system, unsigned flags, struct peers *peers,
                const struct cluster_callbacks *callbacks, void *data, struct cluster **out)
{
    const char *type = env_option("cluster_type");
    struct cluster *c;
    cs_error_t rc;
    int fd = -1;

    g_assert(callbacks->message != NULL && strlen(system) < CPG_MAX_NAME_LENGTH);
    *out = NULL;
    if (type != NULL && !text_equal_nocase(type, "corosync")) {
        log_crit("PCMK_cluster_type is '%s', but corosync is the only one there is: unset it",
                 type);
        return EPROTONOSUPPORT;
    }
    c = g_new0(struct cluster, 1);
    c->refs = 1;
    c->system = g_strdup(system);
    c->flags = flags;
    c->peers = peers;
    c->callbacks = callbacks;
    c->data = data;
    c->retry_ms = RETRY_FIRST_MS;
    g_queue_init(&c->queue);
    rc = open_group(c, &fd);
    if (rc != CS_OK) {
        log_err("Could not join Corosync's process group %s: %s", system, cs_strerror(rc));
        cluster_unref(c);
        return cluster_result(rc);
    }
    learn_own_name(c);
    peers_get(c->peers, c->id, c->name);
    c->cpg_source =
        loop_watch_fd(G_PRIORITY_DEFAULT, fd, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL,
                           on_cpg_readable, c, NULL);
    log_info("Connected to the cluster as node %s[%" PRIu32 "], group %s", c->name, c->id, system);
    *out = c;
    return RC_OK;
}

uint32_t
cluster_local_id(const struct cluster *c)
{
    return c->id;
}

const char *
cluster_local_name(const struct cluster *c)
{
    return c->name;
}

const char *
cluster_local_uuid(const struct cluster *c)
{
    return c->uuid;
}

/* --- sending --- */

static gboolean
on_retry(gpointer data)
{
    struct cluster *c = data;

    c->retry_timer = 0;
    flush_queue(c);
    return G_SOURCE_REMOVE;
}

/*
 * Send what is queued, in order, up to a batch; try again soon if something is left.  A message
 * that Corosync will never take is dropped rather than left to block all others.
 */
static void
flush_queue(struct cluster *c)
{
    cs_error_t rc = CS_OK;

    for (unsigned sent = 0; sent < SEND_BATCH && !g_queue_is_empty(&c->queue); sent++) {
        GByteArray *message = g_queue_peek_head(&c->queue);
        struct iovec iov = { .iov_base = message->data, .iov_len = message->len };

        rc = cpg_mcast_joined(c->cpg, CPG_TYPE_AGREED, &iov, 1);
        if (rc == CS_ERR_TOO_BIG || rc == CS_ERR_INVALID_PARAM) {
            log_err("Dropping a message of %u bytes, which Corosync refuses: %s", message->len,
                    cs_strerror(rc));
        } else if (rc != CS_OK) {
            break;
        } else {
            c->retry_ms = RETRY_FIRST_MS;
        }
        g_byte_array_unref(g_queue_pop_head(&c->queue));
    }
    if (g_queue_is_empty(&c->queue)) {
        remove_source(&c->retry_timer);
        return;
    }
    if (rc != CS_OK) {
        log_debug("Corosync takes no messages now (%s), %u are waiting", cs_strerror(rc),
                  g_queue_get_length(&c->queue));
    }
    if (c->retry_timer == 0) {
        c->retry_timer = g_timeout_add(c->retry_ms, on_retry, c);
        c->retry_ms = MIN(c->retry_ms * 2, RETRY_MAX_MS);
    }
}

bool
cluster_send_take(struct cluster *c, const struct peer *to, enum cluster_type type, GString *text)
{
    struct cpg_frame f = {
        .to_id = to != NULL ? to->id : 0,
        .to = to != NULL ? to->name : NULL,
        .to_type = type,
        .from_pid = (uint32_t)getpid(),
        .from_type = cluster_type_of(c->system),
        .from = c->name,
        .text = text->str,
        .text_len = (uint32_t)text->len,
    };
    unsigned length;

    if (c->dead || text->len >= CPG_FRAME_TEXT_MAX) {
        g_string_free(text, TRUE);
        return false;
    }
    if (f.from_type == CLUSTER_TYPE_NONE) {
        f.from_type = f.from_pid;
    }
    f.id = ++c->last_message_id;
    g_queue_push_tail(&c->queue, cpg_frame_encode(&f));
    g_string_free(text, TRUE);
    length = g_queue_get_length(&c->queue);
    if (length == QUEUE_WARN) {
        log_warn("Corosync does not keep up: %u messages are waiting to be sent", length);
    } else if (length % QUEUE_ERROR_EVERY == 0) {
        log_err("Corosync does not keep up: %u messages are waiting to be sent", length);
    }
    /* Behind waiting messages it waits too; the timer or Corosync's next word moves the queue. */
    if (c->retry_timer == 0) {
        flush_queue(c);
    }
    return true;
}

bool
cluster_send(struct cluster *c, const struct peer *to, enum cluster_type type, const xmlNode *xml)
{
    GString *text = g_string_sized_new(1024);

    xml_append_text(text, xml, XML_TEXT_PLAIN);
    return cluster_send_take(c, to, type, text);
}

unsigned
cluster_queue_length(const struct cluster *c)
{
    return g_queue_get_length((GQueue *)&c->queue);
}

void
cluster_flush(struct cluster *c, unsigned timeout_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)timeout_ms * 1000;

    while (!c->dead && !g_queue_is_empty(&c->queue)) {
        flush_queue(c);
        if (g_queue_is_empty(&c->queue) || g_get_monotonic_time() >= deadline) {
            break;
        }
        g_usleep(RETRY_FIRST_MS * 1000);
    }
}

/* --- quorum --- */

static void
set_quorate(struct cluster *c, bool quorate, uint64_t ring_id, unsigned members)
{
    if (quorate != c->quorate) {
        c->quorate = quorate;
        if (quorate) {
            log_notice("Quorum acquired" LOG_XT "membership=%" PRIu64 " members=%u", ring_id,
                       members);
        } else {
            log_warn("Quorum lost" LOG_XT "membership=%" PRIu64 " members=%u", ring_id, members);
        }
    }
}

static void
on_quorum(quorum_handle_t handle, uint32_t quorate, uint64_t ring_seq, uint32_t entries,
          uint32_t *list)
{
    const void *context = NULL;
    struct cluster *c;

    if (quorum_context_get(handle, &context) != CS_OK || context == NULL) {
        return;
    }
    c = (struct cluster *)context;
    if (c->dead) {
        return;
    }
    if (entries == 0 && !c->quorum_seen) {
        log_info("Ignoring a quorum notification without members: Corosync is still forming its "
                 "membership");
        return;
    }
    c->quorum_seen = true;
    set_quorate(c, quorate != 0, ring_seq, entries);
    peers_membership_changed(c->peers, ring_seq, list, entries, time(NULL));
    if (!c->dead && c->callbacks->quorum != NULL) {
        c->callbacks->quorum(c, quorate != 0, ring_seq, c->data);
    }
}

static gboolean
on_quorum_readable(gint fd, GIOCondition condition, gpointer data)
{
    struct cluster *c = data;
    cs_error_t rc;
    gboolean result = G_SOURCE_CONTINUE;

    c->refs++;
    rc = quorum_dispatch(c->quorum, CS_DISPATCH_ALL);
    if (!c->dead && ((rc != CS_OK && rc != CS_ERR_TRY_AGAIN) ||
                     (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)))) {
        log_err("Connection to Corosync's quorum service failed: %s", cs_strerror(rc));
        c->quorum_source = 0;
        lost(c);
        result = G_SOURCE_REMOVE;
    } else if (c->dead) {
        result = G_SOURCE_REMOVE;
    }
    cluster_unref(c);
    return result;
}

static cs_error_t
open_quorum(struct cluster *c, int *fd, int *quorate)
{
    quorum_callbacks_t callbacks = { .quorum_notify_fn = on_quorum };
    uint32_t type = 0;
    cs_error_t rc;

    for (unsigned i = 1;; i++) {
        rc = quorum_initialize(&c->quorum, &callbacks, &type);
        if (!is_worth_retrying(rc) || i == CONNECT_ATTEMPTS) {
            break;
        }
        sleep(i);
    }
    if (rc != CS_OK) {
        return rc;
    }
    c->quorum_open = true;
    if (type != QUORUM_SET) {
        log_err(
            "Corosync has no quorum provider: configure one in section quorum of corosync.conf");
        return CS_ERR_NOT_SUPPORTED;
    }
    rc = quorum_context_set(c->quorum, c);
    if (rc == CS_OK) {
        rc = quorum_fd_get(c->quorum, fd);
    }
    if (rc == CS_OK && !cluster_provider_is_authentic(*fd)) {
        rc = CS_ERR_SECURITY;
    }
    if (rc == CS_OK) {
        rc = quorum_getquorate(c->quorum, quorate);
    }
    return rc == CS_OK ? quorum_trackstart(c->quorum, CS_TRACK_CHANGES | CS_TRACK_CURRENT) : rc;
}

int
cluster_quorum_start(struct cluster *c, bool *quorate)
{
    int fd = -1, now = 0;
    cs_error_t rc = open_quorum(c, &fd, &now);

    *quorate = false;
    if (rc != CS_OK) {
        log_err("Could not connect to Corosync's quorum service: %s", cs_strerror(rc));
        return cluster_result(rc);
    }
    set_quorate(c, now != 0, 0, 0);
    *quorate = c->quorate;
    c->quorum_source =
        loop_watch_fd(G_PRIORITY_HIGH, fd, G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL,
                           on_quorum_readable, c, NULL);
    return RC_OK;
}
