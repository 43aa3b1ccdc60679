/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The peer caches.  Called with what Corosync and the CIB say about nodes, by shells and by
 * cts/sim. Never asks anybody: names of node ids come from a callback, the time from the caller.
 * (spec 10 §4)
 */
#include "lib/cluster/peers.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"

/* How long a process of a node that should be gone is tolerated before the node counts as a member
 * again. */
#define SUSPECT_SECONDS 60

struct peers {
    unsigned flags;
    const struct peers_callbacks *callbacks;
    void *data;
    uint32_t local_id;
    char *local_name;
    char *local_uuid;
    bool has_nodelist;
    GPtrArray *nodes;    /* struct peer, owned; few, so searched linearly */
    GHashTable *remotes; /* name (ignoring case) -> struct peer, owned */
    GPtrArray *known;    /* struct peer, owned: configured, may be absent */
};

static guint
hash_nocase(gconstpointer key)
{
    guint hash = 5381;

    for (const char *c = key; *c != '\0'; c++) {
        hash = hash * 33 + (guint)g_ascii_tolower(*c);
    }
    return hash;
}

static gboolean
equal_nocase(gconstpointer a, gconstpointer b)
{
    return g_ascii_strcasecmp(a, b) == 0;
}

static void
peer_free(gpointer data)
{
    struct peer *p = data;

    g_free(p->name);
    g_free(p->uuid);
    g_free(p->expected);
    g_free(p);
}

struct peers *
peers_new(unsigned flags, const struct peers_callbacks *callbacks, void *data)
{
    static const struct peers_callbacks none;
    struct peers *ps = g_new0(struct peers, 1);

    ps->flags = flags;
    ps->callbacks = callbacks != NULL ? callbacks : &none;
    ps->data = data;
    ps->nodes = g_ptr_array_new_with_free_func(peer_free);
    ps->remotes = g_hash_table_new_full(hash_nocase, equal_nocase, NULL, peer_free);
    ps->known = g_ptr_array_new_with_free_func(peer_free);
    return ps;
}

void
peers_free(struct peers *ps)
{
    if (ps == NULL) {
        return;
    }
    g_ptr_array_unref(ps->nodes);
    g_hash_table_unref(ps->remotes);
    g_ptr_array_unref(ps->known);
    g_free(ps->local_name);
    g_free(ps->local_uuid);
    g_free(ps);
}

void
peers_set_local(struct peers *ps, uint32_t id, const char *name)
{
    ps->local_id = id;
    g_free(ps->local_name);
    ps->local_name = g_strdup(name);
    g_free(ps->local_uuid);
    ps->local_uuid = g_strdup_printf("%" PRIu32, id);
}

void
peers_set_has_nodelist(struct peers *ps, bool has)
{
    ps->has_nodelist = has;
}

uint32_t
peers_local_id(const struct peers *ps)
{
    return ps->local_id;
}

const char *
peers_local_name(const struct peers *ps)
{
    return ps->local_name;
}

const char *
peers_local_uuid(const struct peers *ps)
{
    return ps->local_uuid;
}

struct peer *
peers_local(struct peers *ps)
{
    return ps->local_id != 0 ? peers_find(ps, ps->local_id, NULL)
                             : peers_find(ps, 0, ps->local_name);
}

/* --- looking up --- */

static struct peer *
entry_by_id(const struct peers *ps, uint32_t id)
{
    for (guint i = 0; id != 0 && i < ps->nodes->len; i++) {
        struct peer *p = ps->nodes->pdata[i];

        if (p->id == id) {
            return p;
        }
    }
    return NULL;
}

static struct peer *
entry_by_name(const struct peers *ps, const char *name)
{
    for (guint i = 0; name != NULL && i < ps->nodes->len; i++) {
        struct peer *p = ps->nodes->pdata[i];

        if (p->name != NULL && g_ascii_strcasecmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}

/*
 * Which entry is meant by an id and a name?  A has the id, B has the name.  (spec 10 §4.3)
 *
 *   1. the same, or neither: that, or nothing
 *   2. only B: nothing if B is known to have another id (two nodes share a name), else B
 *   3. only A: A, whatever its name
 *   4. two entries, and A's name is the one asked for: the node changed its id; drop B, use A
 *   5. two entries, A has another name: warn, use A
 *   6. two entries, both ids known: warn, use A
 *   7. two entries of one node, one not complete yet: drop B, use A
 */
struct peer *
peers_find(struct peers *ps, uint32_t id, const char *name)
{
    struct peer *a = entry_by_id(ps, id);
    struct peer *b = entry_by_name(ps, name);

    if (a == b) {
        return a;
    }
    if (a == NULL) {
        if (id != 0 && b->id != 0) {
            log_crit("Nodes %" PRIu32 " and %" PRIu32
                     " share the same name '%s': give one of them another in "
                     "corosync.conf",
                     id, b->id, name);
            return NULL;
        }
        return b;
    }
    if (b == NULL) {
        if (name != NULL && a->name != NULL) {
            log_crit("Node %" PRIu32
                     " is called both '%s' and '%s': give nodes distinct ids in corosync.conf",
                     id, a->name, name);
        }
        return a;
    }
    if (a->name != NULL) {
        if (g_ascii_strcasecmp(a->name, name) == 0) {
            log_notice("Node '%s' has changed its id from %" PRIu32 " to %" PRIu32, name, b->id,
                       a->id);
            g_ptr_array_remove_fast(ps->nodes, b);
        } else {
            log_warn("Node '%s' and node '%s' share the same cluster node id %" PRIu32, a->name,
                     name, id);
        }
    } else if (b->id != 0) {
        log_warn("Node '%s' has id %" PRIu32
                 ", but a message under that name came from id %" PRIu32,
                 name, b->id, id);
    } else {
        g_ptr_array_remove_fast(ps->nodes, b);
    }
    return a;
}

struct peer *
peers_find_uuid(struct peers *ps, const char *uuid)
{
    for (guint i = 0; uuid != NULL && i < ps->nodes->len; i++) {
        struct peer *p = ps->nodes->pdata[i];

        if (text_equal(p->uuid, uuid)) {
            return p;
        }
    }
    return peers_remote_find(ps, uuid);
}

struct peer *
peers_find_any(struct peers *ps, uint32_t id, const char *name)
{
    struct peer *p = name != NULL ? peers_remote_find(ps, name) : NULL;

    return p != NULL ? p : peers_find(ps, id, name);
}

/* Others of the same name that are not there: leftovers of a node that came back under another id.
 */
static void
drop_namesakes(struct peers *ps, const struct peer *p)
{
    for (guint i = ps->nodes->len; i > 0; i--) {
        const struct peer *other = ps->nodes->pdata[i - 1];

        if (other != p && other->id != p->id && text_equal_nocase(other->name, p->name) &&
            !peer_is_active(other)) {
            log_info("Forgetting the inactive node %" PRIu32 " that was called '%s' too", other->id,
                     p->name);
            g_ptr_array_remove_index_fast(ps->nodes, i - 1);
        }
    }
}

static void
set_name(struct peers *ps, struct peer *p, const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (g_ascii_isupper(*c)) {
            log_warn("Node name '%s' has upper-case letters, which some agents do not expect: "
                     "better avoid them",
                     name);
            break;
        }
    }
    p->name = g_strdup(name);
    if (ps->callbacks->name_known != NULL) {
        ps->callbacks->name_known(p, ps->data);
    }
    if (ps->has_nodelist) {
        drop_namesakes(ps, p);
    }
}

struct peer *
peers_get(struct peers *ps, uint32_t id, const char *name)
{
    struct peer *p;
    g_autofree char *resolved = NULL;

    if (id == 0 && name == NULL) {
        return NULL;
    }
    p = peers_find(ps, id, name);
    if (name == NULL && (p == NULL || p->name == NULL) && ps->callbacks->resolve != NULL) {
        name = resolved = ps->callbacks->resolve(id, ps->data);
        if (name != NULL) {
            p = peers_find(ps, id, name);
        }
    }
    if (p == NULL) {
        p = g_new0(struct peer, 1);
        p->processes = PEER_PROC_NONE;
        g_ptr_array_add(ps->nodes, p);
        log_debug("New peer: id %" PRIu32 ", name %s", id, name != NULL ? name : "not known yet");
    }
    if (p->id == 0) {
        p->id = id;
    }
    if (p->uuid == NULL && p->id != 0) {
        p->uuid = g_strdup_printf("%" PRIu32, p->id);
    }
    if (p->name == NULL && name != NULL) {
        set_name(ps, p, name);
    }
    return p;
}

/* --- state --- */

bool
peer_is_active(const struct peer *p)
{
    return p != NULL && !p->remote && p->state == PEER_MEMBER &&
           (p->processes & PEER_PROC_CPG) != 0;
}

const char *
peer_state_text(enum peer_state state)
{
    switch (state) {
    case PEER_MEMBER:
        return "member";
    case PEER_LOST:
        return "lost";
    default:
        return NULL;
    }
}

unsigned
peers_active_count(const struct peers *ps)
{
    unsigned n = 0;

    for (guint i = 0; i < ps->nodes->len; i++) {
        n += peer_is_active(ps->nodes->pdata[i]) ? 1 : 0;
    }
    return n;
}

unsigned
peers_count(const struct peers *ps)
{
    return ps->nodes->len;
}

GPtrArray *
peers_list(struct peers *ps)
{
    GPtrArray *list = g_ptr_array_sized_new(ps->nodes->len);

    for (guint i = 0; i < ps->nodes->len; i++) {
        g_ptr_array_add(list, ps->nodes->pdata[i]);
    }
    return list;
}

/* Is the entry still in one of the caches?  Callbacks may have dropped it. */
static bool
is_cached(const struct peers *ps, const struct peer *p)
{
    return g_ptr_array_find(ps->nodes, p, NULL);
}

struct peer *
peers_set_state(struct peers *ps, struct peer *p, enum peer_state state, uint64_t seen, int64_t now)
{
    enum peer_state old = p->state;
    bool is_cluster_node = !p->remote;

    if (state == PEER_MEMBER) {
        p->when_lost = 0;
        p->when_suspect = 0;
        if (seen != 0) {
            p->last_seen = seen;
        }
    }
    if (old == state) {
        return p;
    }
    if (state == PEER_LOST) {
        p->when_lost = now;
    }
    p->state = state;
    log_notice("Node %s state is now %s" LOG_XT "nodeid=%" PRIu32 " previous=%s",
               p->name != NULL ? p->name : "(unnamed)",
               state == PEER_UNKNOWN ? "unknown" : peer_state_text(state), p->id,
               old == PEER_UNKNOWN ? "unknown" : peer_state_text(old));
    if (ps->callbacks->state_changed != NULL) {
        ps->callbacks->state_changed(p, old, ps->data);
    }
    if (is_cluster_node && !is_cached(ps, p)) {
        return NULL;
    }
    if (state != PEER_MEMBER && is_cluster_node && (ps->flags & PEERS_AUTO_REAP)) {
        g_ptr_array_remove_fast(ps->nodes, p);
        return NULL;
    }
    return p;
}

struct peer *
peers_set_process(struct peers *ps, struct peer *p, uint32_t bits, bool up, int64_t now)
{
    uint32_t old = p->processes;
    uint32_t mask = up ? old | bits : old & ~bits;

    if (mask == old) {
        return p;
    }
    p->processes = mask;
    p->comings += (mask & ~old & PEER_PROC_CPG) != 0;
    log_info("Node %s[%" PRIu32 "] - corosync-cpg is now %s",
             p->name != NULL ? p->name : "(unnamed)", p->id,
             mask & PEER_PROC_CPG ? "online" : "offline");
    if (ps->callbacks->process_changed != NULL) {
        ps->callbacks->process_changed(p, old, ps->data);
        if (!is_cached(ps, p)) {
            return NULL;
        }
    }
    if (ps->flags & PEERS_AUTO_REAP) {
        return peers_set_state(ps, p, mask & PEER_PROC_CPG ? PEER_MEMBER : PEER_LOST, 0, now);
    }
    return p;
}

void
peer_set_expected(struct peer *p, const char *expected)
{
    if (!text_equal(p->expected, expected)) {
        g_free(p->expected);
        p->expected = g_strdup(expected);
    }
}

unsigned
peers_purge(struct peers *ps, uint32_t id, const char *name)
{
    unsigned n = 0;

    for (guint i = ps->nodes->len; i > 0; i--) {
        const struct peer *p = ps->nodes->pdata[i - 1];
        bool matches = id != 0 ? p->id == id : name != NULL && text_equal_nocase(p->name, name);

        if (matches && !peer_is_active(p)) {
            g_ptr_array_remove_index_fast(ps->nodes, i - 1);
            n++;
        }
    }
    if (n > 0) {
        log_notice("Forgot %u inactive %s of node %s" LOG_XT "nodeid=%" PRIu32, n,
                   n == 1 ? "entry" : "entries", name != NULL ? name : "(unnamed)", id);
    }
    return n;
}

/* --- Corosync --- */

static void
member_seen(struct peers *ps, uint32_t own_pid, const struct cpg_member *m, int64_t now)
{
    struct peer *p;

    if (m->id == ps->local_id && m->pid != own_pid) {
        log_warn("Ignoring another process of our kind on this node, with process ID %" PRIu32,
                 m->pid);
        return;
    }
    p = peers_get(ps, m->id, NULL);
    if (p != NULL) {
        p->is_over = false;
        p->pid = m->pid;
        p = peers_set_process(ps, p, PEER_PROC_CPG, true, now);
    }
    if (p == NULL || p->state == PEER_UNKNOWN || p->state == PEER_MEMBER) {
        return;
    }
    /* Quorum says it is gone, CPG says it is there: one of them is late.  Believe CPG in the end.
     */
    if (p->when_suspect == 0) {
        p->when_suspect = now;
    } else if (now > p->when_suspect + SUSPECT_SECONDS) {
        log_warn("Node %s[%" PRIu32
                 "] has sent signs of life for %d s although it left the cluster: taking it as a "
                 "member",
                 p->name != NULL ? p->name : "(unnamed)", p->id, SUSPECT_SECONDS);
        peers_set_state(ps, p, PEER_MEMBER, 0, now);
    }
}

bool
peers_cpg_changed(struct peers *ps, uint32_t own_pid, const struct cpg_member *members,
                  unsigned n_members, const struct cpg_member *left, unsigned n_left, int64_t now)
{
    bool found = false;

    for (unsigned i = 0; i < n_left; i++) {
        bool another = false;
        struct peer *p;

        for (unsigned m = 0; m < n_members; m++) {
            another = another || members[m].id == left[i].id;
        }
        if (another) {
            log_warn("Process %" PRIu32 " of node %" PRIu32
                     " left, but another one of that node is still there",
                     left[i].pid, left[i].id);
            continue;
        }
        p = entry_by_id(ps, left[i].id);
        if (p != NULL) {
            p->is_over = p->is_over || left[i].orderly;
            peers_set_process(ps, p, PEER_PROC_CPG, false, now);
        }
    }
    for (unsigned i = 0; i < n_members; i++) {
        member_seen(ps, own_pid, &members[i], now);
        found = found || members[i].id == ps->local_id;
    }
    return found;
}

void
peers_membership_changed(struct peers *ps, uint64_t ring_id, const uint32_t *ids, unsigned n,
                         int64_t now)
{
    g_autoptr(GPtrArray) all = NULL;

    for (unsigned i = 0; i < n; i++) {
        struct peer *p = peers_get(ps, ids[i], NULL);

        if (p != NULL) {
            peers_set_state(ps, p, PEER_MEMBER, ring_id, now);
        }
    }
    all = peers_list(ps);
    for (guint i = 0; i < all->len; i++) {
        struct peer *p = all->pdata[i];

        if (is_cached(ps, p) && p->state != PEER_UNKNOWN && p->last_seen != ring_id) {
            peers_set_state(ps, p, PEER_LOST, 0, now);
        }
    }
}

/* --- remote nodes --- */

struct peer *
peers_remote_find(struct peers *ps, const char *name)
{
    return name != NULL ? g_hash_table_lookup(ps->remotes, name) : NULL;
}

struct peer *
peers_remote_get(struct peers *ps, const char *name)
{
    struct peer *p = peers_remote_find(ps, name);

    if (p == NULL && name != NULL) {
        p = g_new0(struct peer, 1);
        p->remote = true;
        p->processes = PEER_PROC_NONE;
        p->name = g_strdup(name);
        p->uuid = g_strdup(name);
        g_hash_table_insert(ps->remotes, p->name, p);
        log_debug("New remote node %s", name);
        if (ps->callbacks->name_known != NULL) {
            ps->callbacks->name_known(p, ps->data);
        }
    }
    return p;
}

void
peers_remote_remove(struct peers *ps, const char *name)
{
    if (name != NULL) {
        g_hash_table_remove(ps->remotes, name);
    }
}

unsigned
peers_remote_count(const struct peers *ps)
{
    return g_hash_table_size(ps->remotes);
}

GPtrArray *
peers_remote_list(struct peers *ps)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iter;
    gpointer p;

    g_hash_table_iter_init(&iter, ps->remotes);
    while (g_hash_table_iter_next(&iter, NULL, &p)) {
        g_ptr_array_add(list, p);
    }
    return list;
}

/* Names seen in the document, with the state it gives them. */
static void
saw_remote(struct peers *ps, GHashTable *seen, const char *name, enum peer_state state,
           bool has_state, int64_t now)
{
    struct peer *p;

    if (name == NULL) {
        return;
    }
    p = peers_remote_get(ps, name);
    g_hash_table_add(seen, p);
    if (has_state) {
        peers_set_state(ps, p, state, 0, now);
    }
}

static void
scan_status(struct peers *ps, GHashTable *seen, const xmlNode *status, int64_t now)
{
    xml_for_each(node, status, "node_state")
    {
        if (xml_get_bool(node, "remote_node", false)) {
            saw_remote(ps, seen, xml_id(node),
                       xml_get_bool(node, "in_ccm", true) ? PEER_MEMBER : PEER_LOST, true, now);
        }
    }
}

/* Guest nodes (meta attribute remote-node) and ocf:pacemaker:remote connections, at any depth. */
static void
scan_resources(struct peers *ps, GHashTable *seen, const xmlNode *parent, int64_t now)
{
    xml_for_each(node, parent, NULL)
    {
        if (!xml_is(node, "primitive")) {
            if (xml_is(node, "group") || xml_is(node, "clone") || xml_is(node, "master") ||
                xml_is(node, "bundle")) {
                scan_resources(ps, seen, node, now);
            }
            continue;
        }
        if (text_equal(xml_get(node, "type"), "remote") &&
            text_equal(xml_get(node, "provider"), "pacemaker")) {
            saw_remote(ps, seen, xml_id(node), PEER_UNKNOWN, false, now);
        }
        xml_for_each(meta, node, "meta_attributes")
        {
            const xmlNode *nvpair = xml_find(meta, "nvpair", "name", "remote-node");

            if (nvpair != NULL) {
                saw_remote(ps, seen, xml_get(nvpair, "value"), PEER_UNKNOWN, false, now);
            }
        }
    }
}

void
peers_set_configured(struct peers *ps, const xmlNode *nodes)
{
    g_ptr_array_set_size(ps->known, 0);
    xml_for_each(node, nodes, "node")
    {
        const char *type = xml_get(node, "type");
        struct peer *p;

        if (type != NULL && strcmp(type, "member") != 0) {
            continue;
        }
        p = g_new0(struct peer, 1);
        p->id = (uint32_t)CLAMP(xml_get_int(node, "id", 0), 0, (long long)UINT32_MAX);
        p->uuid = g_strdup(xml_id(node));
        p->name = g_strdup(xml_get(node, "uname"));
        p->processes = PEER_PROC_NONE;
        g_ptr_array_add(ps->known, p);
    }
}

static gboolean
is_unseen(gpointer key, gpointer value, gpointer seen)
{
    return !g_hash_table_contains(seen, value);
}

void
peers_refresh_from_cib(struct peers *ps, const xmlNode *cib, int64_t now)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    const xmlNode *configuration = xml_first(cib, "configuration");

    scan_status(ps, seen, xml_first(cib, "status"), now);
    if (configuration != NULL) {
        scan_resources(ps, seen, xml_first(configuration, "resources"), now);
        peers_set_configured(ps, xml_first(configuration, "nodes"));
    } else {
        g_ptr_array_set_size(ps->known, 0);
    }
    g_hash_table_foreach_remove(ps->remotes, is_unseen, seen);
}

struct peer *
peers_find_known(struct peers *ps, uint32_t id, const char *name)
{
    struct peer *p = peers_find_any(ps, id, name);

    for (guint i = 0; p == NULL && i < ps->known->len; i++) {
        struct peer *k = ps->known->pdata[i];

        if (id != 0 ? k->id == id : name != NULL && text_equal_nocase(k->name, name)) {
            p = k;
        }
    }
    return p;
}
