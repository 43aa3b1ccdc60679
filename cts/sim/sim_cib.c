/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands around the CIB manager's core: its clients' connections, its disk, its timers.  The disk keeps what was synced; what
 * was only written may or may not be there after a loss of power.
 */
#include "cts/sim/sim.h"

#include "daemons/cib/based_core.h"
#include "lib/base/result.h"
#include "lib/base/text.h"
#include "lib/base/xml.h"
#include "lib/cib/cib_client.h"
#include "lib/cib/cib_journal.h"
#include "lib/cib/cib_proto.h"
#include "lib/cib/cib_store.h"
#include "lib/ipc/ipc_fields.h"

/* A disk outlives its host's power. */
struct disk {
    char *base;          /* text of cib.xml; NULL: there is none */
    GString *journal;    /* synced records since base */
    GString *next;       /* synced records since the image that is being written */
    GString *unsynced;   /* of the newest segment */
    char *image;         /* being written; NULL: none */
};

struct pending {
    unsigned client;
    sim_cib_done *done;
    void *data;
    GDestroyNotify free_data;
};

struct sim_cib {
    struct based *core;
    struct peers *peers;
    GHashTable *pending; /* call id -> struct pending */
    int last_call;
    unsigned timer_generation[BASED_N_TIMERS];
    uint64_t newest; /* sequence of the last record handed to the disk */
    bool sync_posted, write_posted;
};

static struct disk disks[SIM_MAX_NODES];

static const char *const client_ids[SIM_CLIENTS] = { "based", "attrd", "stonith-ng", "crmd", "user" };

/* --- disk --- */

static struct disk *
disk_of(const struct sim_node *n)
{
    return &disks[n->index];
}

void
sim_cib_free_disk(struct sim_node *n)
{
    struct disk *d = disk_of(n);

    g_free(d->base);
    g_free(d->image);
    for (unsigned i = 0; i < 3; i++) {
        GString *all[] = { d->journal, d->next, d->unsynced };

        if (all[i] != NULL) {
            g_string_free(all[i], TRUE);
        }
    }
    *d = (struct disk){ 0 };
}

static GString *
newest_segment(struct disk *d)
{
    return d->image != NULL ? d->next : d->journal;
}

/* Power is lost: of what was written and not synced, some of the beginning may be there. */
static void
lose_power(struct sim_node *n)
{
    struct disk *d = disk_of(n);

    if (d->unsynced->len > 0) {
        g_string_append_len(newest_segment(d), d->unsynced->str, (gssize)sim_pick(n->sim, (unsigned)d->unsynced->len + 1));
        g_string_truncate(d->unsynced, 0);
    }
    if (d->image != NULL) {
        /* The new file was not in place: both segments follow the old one. */
        g_string_append_len(d->journal, d->next->str, (gssize)d->next->len);
        g_string_truncate(d->next, 0);
        g_clear_pointer(&d->image, g_free);
    }
}

static xmlNode *
load(struct sim_node *n)
{
    struct disk *d = disk_of(n);
    xmlNode *root;
    bool intact = true;
    unsigned replayed = 0;

    if (d->journal == NULL) {
        d->journal = g_string_new(NULL);
        d->next = g_string_new(NULL);
        d->unsynced = g_string_new(NULL);
    }
    root = d->base != NULL ? xml_parse(d->base, strlen(d->base), XML_PARSE_STRICT, NULL) : sim_config_document(n->sim);
    if (d->journal->len > 0) {
        replayed += cib_journal_replay_text(&root, d->journal->str, d->journal->len, &intact);
    }
    if (intact && d->next->len > 0) {
        replayed += cib_journal_replay_text(&root, d->next->str, d->next->len, &intact);
    }
    sim_trace(n->sim, "%s: based loads %s.%s and replays %u changes%s", n->name, xml_get(root, "admin_epoch"),
              xml_get(root, "epoch"), replayed, intact ? "" : " (the last one is torn)");
    based_prepare_document(root, false);
    return root;
}

static void carry_out(struct sim_node *n);

static void
on_synced(struct sim_node *n, void *arg)
{
    struct disk *d = disk_of(n);
    uint64_t upto = n->cib->newest;

    n->cib->sync_posted = false;
    g_string_append_len(newest_segment(d), d->unsynced->str, (gssize)d->unsynced->len);
    g_string_truncate(d->unsynced, 0);
    based_durable(n->cib->core, upto);
    carry_out(n);
}

static void
append_record(struct sim_node *n, const struct based_effect *e)
{
    struct disk *d = disk_of(n);

    n->cib->newest = e->sequence;
    if (n->sim->config.mutation == SIM_NO_SYNC) {
        /* Broken on purpose: told before it is so, and it never will be. */
        n->cib->sync_posted = true;
        sim_post_to(n, SIM_CIB, NULL, 50, on_synced, NULL, NULL);
        return;
    }
    g_string_append_len(d->unsynced, e->record->str, (gssize)e->record->len);
    if (!n->cib->sync_posted) {
        n->cib->sync_posted = true;
        sim_post_to(n, SIM_CIB, NULL, sim_delay(n->sim, 500, 20 * SIM_MS), on_synced, NULL, NULL);
    }
}

static void
on_written(struct sim_node *n, void *arg)
{
    struct disk *d = disk_of(n);

    n->cib->write_posted = false;
    if (n->sim->config.mutation == SIM_NO_SYNC) {
        g_clear_pointer(&d->image, g_free);
        return;
    }
    g_free(d->base);
    d->base = g_steal_pointer(&d->image);
    g_string_assign(d->journal, d->next->str);
    g_string_truncate(d->next, 0);
}

static void
on_write(struct sim_node *n, void *arg)
{
    struct disk *d = disk_of(n);
    xmlNode *image = cib_store_image(based_document(n->cib->core), "simulated");

    /* What waits for its sync belongs to the old segment. */
    g_string_append_len(d->journal, d->unsynced->str, (gssize)d->unsynced->len);
    g_string_truncate(d->unsynced, 0);
    d->image = xml_to_text(image, XML_TEXT_PLAIN);
    xml_free(image);
    sim_post_to(n, SIM_CIB, NULL, sim_delay(n->sim, 2 * SIM_MS, 300 * SIM_MS), on_written, NULL, NULL);
}

/* --- what several receive, or one receives later, without a copy for each --- */

struct shared {
    unsigned refs;
    xmlNode *xml;
};

static struct shared *
shared_new_take(xmlNode *xml)
{
    struct shared *sh = g_new0(struct shared, 1);

    sh->refs = 1;
    sh->xml = xml;
    return sh;
}

static void
shared_unref(gpointer data)
{
    struct shared *sh = data;

    if (--sh->refs == 0) {
        xml_free(sh->xml);
        g_free(sh);
    }
}

/* --- replies --- */

struct answer {
    int rc;
    xmlNode *reply; /* `output` is in it; NULL: there is none */
    const xmlNode *output;
    struct pending *pending;
};

static void
pending_free(gpointer data)
{
    struct pending *p = data;

    if (p->free_data != NULL) {
        p->free_data(p->data);
    }
    g_free(p);
}

static void
answer_free(gpointer data)
{
    struct answer *a = data;

    xml_free(a->reply);
    pending_free(a->pending);
    g_free(a);
}

static void
on_answer(struct sim_node *n, void *arg)
{
    struct answer *a = arg;

    if (a->pending->done != NULL) {
        a->pending->done(n, a->rc, a->output, a->pending->data);
    }
}

static void
finish_call(struct sim_node *n, int call_id, int rc, xmlNode *take_reply, const xmlNode *output)
{
    gpointer key = GINT_TO_POINTER(call_id);
    struct pending *p = g_hash_table_lookup(n->cib->pending, key);
    struct answer *a;
    unsigned client;

    if (p == NULL) {
        xml_free(take_reply);
        return;
    }
    client = p->client;
    g_hash_table_steal(n->cib->pending, key);
    a = g_new0(struct answer, 1);
    a->rc = rc;
    a->reply = take_reply;
    a->output = output;
    a->pending = p;
    sim_post_to(n, client == SIM_USER ? SIM_CIB : (enum sim_daemon)client, &n->ipc[SIM_CIB][client],
                sim_delay(n->sim, 10, 400), on_answer, a, answer_free);
}

static void
answer_call(struct sim_node *n, xmlNode *reply)
{
    const xmlNode *holder = xml_first(reply, CIB_EL_CALLDATA);
    int legacy = (int)xml_get_int(reply, CIB_F_RC, -EPROTO);

    finish_call(n, (int)xml_get_int(reply, CIB_F_CALL_ID, 0),
                legacy == LEGACY_DIFF_RESYNC ? RC_OK : legacy_to_result(legacy), reply,
                holder != NULL ? xml_first(holder, NULL) : NULL);
}

/* Nobody answers: the client gives up. */
static void
on_call_timeout(struct sim_node *n, void *arg)
{
    finish_call(n, GPOINTER_TO_INT(arg), ETIME, NULL, NULL);
}

static void
on_notify_attrd(struct sim_node *n, void *arg)
{
    sim_attrd_cib_notify(n, ((const struct shared *)arg)->xml);
}

static void
on_notify_fencer(struct sim_node *n, void *arg)
{
    sim_fencer_cib_changed(n);
}

static void
on_notify_ctl(struct sim_node *n, void *arg)
{
    sim_ctl_cib_notify(n, ((const struct shared *)arg)->xml);
}

static void
element_free(gpointer data)
{
    xml_free(data);
}

static void
notify(struct sim_node *n, struct based_effect *e)
{
    struct shared *message = shared_new_take(g_steal_pointer(&e->xml));

    for (guint i = 0; i < e->clients->len; i++) {
        const char *id = g_ptr_array_index(e->clients, i);
        static sim_node_fn *const receivers[] = { [SIM_ATTRD] = on_notify_attrd, [SIM_FENCER] = on_notify_fencer, [SIM_CTL] = on_notify_ctl };
        enum sim_daemon client = SIM_ATTRD;

        while (client < SIM_CTL && !text_equal(id, client_ids[client])) {
            client++;
        }

        message->refs++;
        sim_post_to(n, client, &n->ipc[SIM_CIB][client], sim_delay(n->sim, 10, 400), receivers[client],
                    message, shared_unref);
    }
    shared_unref(message);
}

struct timer {
    enum based_timer timer;
    unsigned generation;
};

static void
on_timer(struct sim_node *n, void *arg)
{
    const struct timer *t = arg;

    if (n->cib->timer_generation[t->timer] == t->generation) {
        based_timer_expired(n->cib->core, t->timer, sim_epoch(n->sim));
        carry_out(n);
    }
}

static void
carry_out_one(struct sim_node *n, struct based_effect *e)
{
    struct timer *t;

    switch (e->kind) {
        case BASED_REPLY:
        case BASED_EVENT:
            based_effect_xml(e);
            answer_call(n, g_steal_pointer(&e->xml));
            break;
        case BASED_NOTIFY:
            notify(n, e);
            break;
        case BASED_SEND:
            sim_net_send(n, SIM_CIB, e->to, g_steal_pointer(&e->xml));
            break;
        case BASED_TIMER:
            n->cib->timer_generation[e->value]++;
            if (e->delay_ms != 0) {
                t = g_new0(struct timer, 1);
                *t = (struct timer){ (enum based_timer)e->value, n->cib->timer_generation[e->value] };
                sim_post_to(n, SIM_CIB, NULL, e->delay_ms * SIM_MS, on_timer, t, g_free);
            }
            break;
        case BASED_JOURNAL:
            append_record(n, e);
            break;
        case BASED_WRITE:
            if (!n->cib->write_posted) {
                n->cib->write_posted = true;
                sim_post_to(n, SIM_CIB, NULL, sim_delay(n->sim, 10 * SIM_MS, 2 * SIM_S), on_write, NULL, NULL);
            }
            break;
        case BASED_EXIT:
            sim_trace(n->sim, "%s: based wants to exit with %d", n->name, e->value);
            break;
        case BASED_ACK:
        case BASED_QUEUE_LIMIT:
        case BASED_DISCONNECT_CLIENTS:
            break;
    }
}

static void
carry_out(struct sim_node *n)
{
    struct based_effect *e;

    while ((e = based_next_effect(n->cib->core)) != NULL) {
        carry_out_one(n, e);
        based_effect_free(e);
    }
}

/* --- life --- */

void
sim_cib_start(struct sim_node *n)
{
    struct based_config config = { .node_name = n->name, .journal = true, .answers_as_elements = true };

    n->cib = g_new0(struct sim_cib, 1);
    n->cib->peers = peers_new(PEERS_AUTO_REAP, NULL, NULL);
    peers_set_local(n->cib->peers, n->id, n->name);
    n->cib->pending = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, pending_free);
    n->cib->core = based_new(&config, load(n));
    sim_net_join(n, SIM_CIB);
    sim_cib_connect(n, SIM_USER);
    carry_out(n);
}

void
sim_cib_stop(struct sim_node *n, bool power_lost)
{
    struct disk *d = disk_of(n);

    if (power_lost) {
        lose_power(n);
    } else {
        /* The kernel still has it. */
        g_string_append_len(newest_segment(d), d->unsynced->str, (gssize)d->unsynced->len);
        g_string_truncate(d->unsynced, 0);
        lose_power(n);
    }
    based_free(n->cib->core);
    peers_free(n->cib->peers);
    g_hash_table_unref(n->cib->pending);
    g_clear_pointer(&n->cib, g_free);
}

void
sim_cib_message(struct sim_node *n, unsigned from, xmlNode *xml)
{
    const char *sender = n->sim->node[from].name;

    xml_set(xml, F_SRC, sender);
    based_cluster_message(n->cib->core, xml, sender, sim_epoch(n->sim));
    carry_out(n);
}

void
sim_cib_members(struct sim_node *n, unsigned before, unsigned members)
{
    based_peers_changed(n->cib->core, (unsigned)__builtin_popcount(members));
    carry_out(n);
}

/* --- clients --- */

static void
subscribe(struct sim_node *n, unsigned client, const char *type)
{
    xmlNode *message = xml_new(NULL, CIB_EL_CALLBACK);
    struct based_request r = { .client_id = client_ids[client], .message = message };

    xml_set(message, CIB_F_OP, CIB_OP_NOTIFY);
    xml_set(message, CIB_F_NOTIFY_TYPE, type);
    xml_set_int(message, CIB_F_NOTIFY_ON, 1);
    based_client_request(n->cib->core, &r, sim_epoch(n->sim));
    xml_free(message);
}

void
sim_cib_connect(struct sim_node *n, unsigned client)
{
    based_client_connected(n->cib->core, client_ids[client], client == SIM_CTL ? BASED_SHM : BASED_RW, true);
    if (client != SIM_USER) {
        subscribe(n, client, CIB_NOTIFY_REFRESH);
    }
    if (client != SIM_USER) {
        subscribe(n, client, CIB_NOTIFY_DIFF);
    }
    carry_out(n);
}

void
sim_cib_disconnect(struct sim_node *n, unsigned client)
{
    if (n->running[SIM_CIB]) {
        based_client_closed(n->cib->core, client_ids[client]);
        carry_out(n);
    }
}

static void
on_request(struct sim_node *n, void *arg)
{
    xmlNode *message = arg;
    struct based_request r = {
        .client_id = xml_get(message, CIB_F_ASYNC_ID), .message = message, .wants_response = false
    };
    g_autofree char *id = g_strdup(r.client_id);

    r.client_id = id;
    based_client_request(n->cib->core, &r, sim_epoch(n->sim));
    carry_out(n);
}

void
sim_cib_interest(struct sim_node *n, unsigned client, const char *rules)
{
    xmlNode *e = xml_new(NULL, CIB_EL_CALLBACK);

    xml_set(e, CIB_F_ASYNC_ID, client_ids[client]);
    xml_set(e, CIB_F_OP, CIB_OP_NOTIFY);
    xml_set(e, CIB_F_NOTIFY_TYPE, CIB_NOTIFY_DIFF);
    xml_set_int(e, CIB_F_NOTIFY_ON, 1);
    xml_set(e, CIB_F_NOTIFY_PATHS, rules);
    sim_post_to(n, SIM_CIB, &n->ipc[client][SIM_CIB], sim_delay(n->sim, 10, 400), on_request, e, element_free);
}

void
sim_cib_request(struct sim_node *n, unsigned client, const struct sim_cib_call *call)
{
    xmlNode *e = xml_new(NULL, CIB_EL_COMMAND);
    struct pending *p = g_new0(struct pending, 1);
    int id = ++n->cib->last_call;

    xml_set(e, CIB_F_NAME, CIB_EL_COMMAND);
    xml_set(e, CIB_F_TYPE, CIB_T_CIB);
    xml_set(e, CIB_F_ASYNC_ID, client_ids[client]);
    xml_set(e, CIB_F_OP, call->op);
    xml_set(e, CIB_F_HOST, call->host);
    xml_set(e, CIB_F_SECTION, call->section);
    xml_set_int(e, CIB_F_CALL_ID, id);
    xml_set(e, CIB_F_USER, call->user != NULL ? call->user : "root");
    xml_set(e, CIB_F_ACL_TARGET, call->user != NULL ? call->user : "root");
    xml_set(e, CIB_F_CLIENT_NAME, client_ids[client]);
    xml_set_int(e, CIB_F_CALL_OPT, call->options);
    if (call->input != NULL) {
        xml_copy(xml_new(e, CIB_EL_CALLDATA), call->input);
    }
    *p = (struct pending){ client, call->done, call->data, call->free_data };
    g_hash_table_insert(n->cib->pending, GINT_TO_POINTER(id), p);
    sim_post_to(n, SIM_CIB, &n->ipc[client][SIM_CIB], sim_delay(n->sim, 10, 400), on_request, e, element_free);
    sim_post_to(n, SIM_CIB, NULL, call->timeout != 0 ? call->timeout : 120 * SIM_S, on_call_timeout, GINT_TO_POINTER(id), NULL);
}

/* --- looking in --- */

const xmlNode *
sim_cib_document(const struct sim_node *n)
{
    return n->running[SIM_CIB] ? based_document(n->cib->core) : NULL;
}

bool
sim_cib_busy(const struct sim_node *n)
{
    return n->running[SIM_CIB] && g_hash_table_size(n->cib->pending) > 0;
}
