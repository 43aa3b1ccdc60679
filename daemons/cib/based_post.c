/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Delivery of messages to clients, in order for each of them.  Called by main.c.  The thread only turns text into payloads; it
 * touches no connection.
 */
#include "daemons/cib/based_post.h"

#include <stdbool.h>

#include "lib/base/log.h"
#include "lib/base/result.h"
#include "lib/ipc/ipc_server.h"

/* A message whose payload may still be in the making; shared by the letters that carry it. */
struct content {
    int refs;
    GString *text;               /* until it is packed */
    struct ipc_payload *payload; /* when it is; NULL: it does not fit */
    bool ready;
};

/* One message for one client. */
struct letter {
    struct content *content;
    bool is_reply;
    uint32_t request_id, request_flags;
};

static GHashTable *waiting; /* client id -> GQueue of struct letter: who has a letter in the making */
static GThreadPool *packers;

static void
unref_content(struct content *c)
{
    if (--c->refs == 0) {
        ipc_payload_unref(c->payload);
        g_free(c);
    }
}

static void
free_letter(gpointer data)
{
    struct letter *l = data;

    unref_content(l->content);
    g_free(l);
}

static void
free_queue(gpointer data)
{
    g_queue_free_full(data, free_letter);
}

static void
send_letter(const char *client_id, const struct letter *l)
{
    struct ipc_client *client = ipc_client_find(client_id);

    if (client == NULL) {
        return;
    }
    if (l->content->payload == NULL) {
        log_err("Client %s misses a message that is too big", ipc_client_label(client));
    } else if (l->is_reply) {
        ipc_client_reply_payload(client, l->request_id, l->request_flags, l->content->payload);
    } else {
        ipc_client_event_payload(client, l->content->payload);
    }
}

/* A letter on its way out; sending may make a client disappear, so all are taken out of the table first. */
struct outgoing {
    char *client_id;
    struct letter *letter;
};

/* Everything that has become ready, for every client, up to the first that has not. */
static gboolean
deliver(gpointer data)
{
    struct content *packed = data;
    g_autoptr(GArray) out = g_array_new(FALSE, FALSE, sizeof(struct outgoing));
    GHashTableIter iter;
    gpointer id, value;

    packed->ready = true;
    unref_content(packed);
    g_hash_table_iter_init(&iter, waiting);
    while (g_hash_table_iter_next(&iter, &id, &value)) {
        GQueue *queue = value;
        struct letter *l;

        while ((l = g_queue_peek_head(queue)) != NULL && l->content->ready) {
            struct outgoing o = { .client_id = g_strdup(id), .letter = g_queue_pop_head(queue) };

            g_array_append_val(out, o);
        }
        if (l == NULL) {
            g_hash_table_iter_remove(&iter);
        }
    }
    for (guint i = 0; i < out->len; i++) {
        struct outgoing *o = &g_array_index(out, struct outgoing, i);

        send_letter(o->client_id, o->letter);
        free_letter(o->letter);
        g_free(o->client_id);
    }
    return G_SOURCE_REMOVE;
}

static void
pack(gpointer data, gpointer unused)
{
    struct content *c = data;

    if (ipc_payload_take_text(g_steal_pointer(&c->text), ipc_buffer_size(), &c->payload) != RC_OK) {
        c->payload = NULL;
    }
    g_idle_add_full(G_PRIORITY_HIGH, deliver, c, NULL);
}

/* `limit`: what all its receivers take uncompressed. */
static struct content *
new_content(GString *text, uint32_t limit)
{
    struct content *c = g_new0(struct content, 1);

    c->refs = 1;
    c->text = text;
    if (text->len + IPC_HEADER_SIZE + 1 < limit) {
        if (ipc_payload_take_text(g_steal_pointer(&c->text), limit, &c->payload) != RC_OK) {
            c->payload = NULL;
        }
        c->ready = true;
    } else {
        c->refs++; /* the thread's, given back by deliver() */
    }
    return c;
}

/* After the letters are queued: the thread may start. */
static void
hand_over(struct content *c)
{
    if (!c->ready) {
        g_thread_pool_push(packers, c, NULL);
    }
    unref_content(c);
}

static void
post(const char *client_id, struct content *content, bool is_reply, uint32_t request_id, uint32_t request_flags)
{
    struct letter letter = {
        .content = content,
        .is_reply = is_reply,
        .request_id = request_id,
        .request_flags = request_flags,
    };
    GQueue *queue = g_hash_table_lookup(waiting, client_id);

    if (queue == NULL && content->ready) {
        send_letter(client_id, &letter);
        return;
    }
    if (ipc_client_find(client_id) == NULL) {
        return;
    }
    if (queue == NULL) {
        queue = g_queue_new();
        g_hash_table_insert(waiting, g_strdup(client_id), queue);
    }
    content->refs++;
    g_queue_push_tail(queue, g_memdup2(&letter, sizeof(letter)));
}

static uint32_t
limit_of(const char *client_id)
{
    const struct ipc_client *client = ipc_client_find(client_id);

    return client != NULL ? ipc_client_message_limit(client) : ipc_buffer_size();
}

void
post_reply(const char *client_id, uint32_t request_id, uint32_t request_flags, GString *text)
{
    struct content *c = new_content(text, limit_of(client_id));

    post(client_id, c, true, request_id, request_flags);
    hand_over(c);
}

void
post_event(const char *client_id, GString *text)
{
    struct content *c = new_content(text, limit_of(client_id));

    post(client_id, c, false, 0, 0);
    hand_over(c);
}

void
post_to_all(const GPtrArray *client_ids, GString *text)
{
    struct content *c = new_content(text, ipc_buffer_size());

    for (guint i = 0; i < client_ids->len; i++) {
        post(g_ptr_array_index(client_ids, i), c, false, 0, 0);
    }
    hand_over(c);
}

void
post_forget(const char *client_id)
{
    if (waiting != NULL) {
        g_hash_table_remove(waiting, client_id);
    }
}

void
post_init(void)
{
    waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_queue);
    packers = g_thread_pool_new(pack, NULL, 1, FALSE, NULL);
}

void
post_finish(void)
{
    g_thread_pool_free(packers, TRUE, TRUE);
    g_hash_table_destroy(waiting);
    waiting = NULL;
}
